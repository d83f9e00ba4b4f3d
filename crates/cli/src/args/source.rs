//! `gradus source`.

use clap::{Args, Subcommand};
use gradus_model::Timestamp;
use gradus_wire::v1;
use gradus_wire::v1::suspect::Suspect;

use super::append::{AppendArgs, ConfirmArgs, DryRun};
use crate::select;

/// What to do with sources of evidence.
#[derive(Debug, Subcommand)]
pub enum SourceCommand {
    /// Let what a source wrote not count, from now on, in any unit
    #[command(after_help = "Examples:
  gradus source distrust --principal ci-theta --from 2026-05-01T08:00:00Z --until 2026-05-03 \\
      --reason \"its token was in a public log\" --preview
  gradus source distrust --tool gradus-collect@0.1.0 --reason \"counts tests twice\"
  gradus source distrust --mapping git/signed-tag --reason \"names another practice\"

The interval is told by when the log recorded the items. Nothing is deleted: the items stay, what was
known before stays as it was, and `gradus source restore` takes it back. Ratings of people stay, too:
the ongoing level falls. --preview tells what would. A source that nothing comes from is most often
misspelt, and refused without --in-advance.")]
    Distrust(DistrustArgs),
    /// Take a distrust back: its items count again
    #[command(after_help = "Example: gradus source restore 4711 --reason \"it was another token\"")]
    Restore(RestoreArgs),
    /// List the sources that are distrusted, the newest first
    #[command(after_help = "Example: gradus source list --include-restored")]
    List(ListArgs),
}

/// What to distrust.
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
pub struct SuspectArgs {
    /// Name or id of the principal that submitted
    #[arg(long, value_name = "NAME")]
    pub principal: Option<String>,
    /// Tool that made the items, with an exact version or without
    #[arg(long, value_name = "NAME[@VERSION]")]
    pub tool: Option<String>,
    /// Mapping, or one rule of it as MAPPING/RULE, with the version of its tool or without
    #[arg(long, value_name = "NAME[@VERSION]")]
    pub mapping: Option<String>,
    /// System that the items came from
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
}

impl SuspectArgs {
    /// The suspect in a request.
    #[must_use]
    pub fn wire(&self) -> v1::Suspect {
        let principal = self.principal.clone().map(Suspect::Principal);
        let tool = || self.tool.as_deref().map(|text| Suspect::Tool(versioned(text)));
        let mapping = || self.mapping.as_deref().map(|text| Suspect::Mapping(versioned(text)));
        let source = || self.source.clone().map(Suspect::Source);
        v1::Suspect { suspect: principal.or_else(tool).or_else(mapping).or_else(source) }
    }
}

/// `name@version`; a name that has an `@` of its own ends with one.
fn versioned(text: &str) -> v1::VersionedName {
    match text.rsplit_once('@') {
        Some((name, version)) if !name.is_empty() => {
            v1::VersionedName { name: name.to_owned(), version: version.to_owned() }
        }
        _ => v1::VersionedName { name: text.to_owned(), version: String::new() },
    }
}

/// Which of what a source wrote: told by when the log recorded it.
#[derive(Clone, Copy, Debug, Args)]
pub struct IntervalArgs {
    /// First moment at which it recorded what is in question [default: since ever]
    #[arg(long, value_name = "DATE", value_parser = select::start)]
    pub from: Option<Timestamp>,
    /// First moment after it; a bare date is the end of that day [default: open, also for what comes]
    #[arg(long, value_name = "DATE", value_parser = select::end)]
    pub until: Option<Timestamp>,
}

impl IntervalArgs {
    /// The fields `from` and `until` of a request.
    #[must_use]
    pub fn wire(self) -> (Option<prost_types::Timestamp>, Option<prost_types::Timestamp>) {
        (self.from.map(select::wire), self.until.map(select::wire))
    }
}

/// A source to distrust.
#[derive(Debug, Args)]
pub struct DistrustArgs {
    /// What to distrust.
    #[command(flatten)]
    pub suspect: SuspectArgs,
    /// Which of it.
    #[command(flatten)]
    pub interval: IntervalArgs,
    /// Why; erasable
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Record it although nothing comes from it yet: it holds for what will
    #[arg(long)]
    pub in_advance: bool,
    /// Whether to look first.
    #[command(flatten)]
    pub preview: PreviewArgs,
}

/// A distrust to take back.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// Position of the distrust, as `gradus source list` shows it
    #[arg(value_name = "ID")]
    pub distrust: u64,
    /// Why; erasable
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Whether to look first.
    #[command(flatten)]
    pub preview: PreviewArgs,
}

/// Whether to look first, to ask, and how to append.
#[derive(Clone, Debug, Args)]
pub struct PreviewArgs {
    /// Record nothing: tell which items it is about, and which levels would move
    #[arg(long, conflicts_with = "dry_run")]
    pub preview: bool,
    /// Whether to ask.
    #[command(flatten)]
    pub confirm: ConfirmArgs,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

impl PreviewArgs {
    /// How to append: a preview is a check by the server.
    #[must_use]
    pub fn append(&self) -> AppendArgs {
        let dry_run = if self.preview { Some(DryRun::Server) } else { self.append.dry_run };
        AppendArgs { dry_run, ..self.append.clone() }
    }
}

/// Which distrusts to list.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Those that were taken back, too
    #[arg(long)]
    pub include_restored: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_stands_after_the_last_at_sign() {
        for (text, name, version) in [
            ("lint", "lint", ""),
            ("lint@1.2", "lint", "1.2"),
            ("@scope/lint", "@scope/lint", ""),
            ("@scope/lint@1", "@scope/lint", "1"),
            ("a@b@", "a@b", ""),
        ] {
            let read = versioned(text);
            assert_eq!((read.name.as_str(), read.version.as_str()), (name, version), "{text}");
        }
    }

    #[test]
    fn one_suspect_is_named_and_no_more() {
        for (args, right) in [
            ("--principal ci --reason leaked", true),
            ("--tool lint@2 --from 2026-05-01 --until 2026-05-03 --reason wrong --preview", true),
            ("--mapping git/tag --reason wrong --yes", true),
            ("--source git:theta --reason wrong --dry-run server", true),
            ("--reason leaked", false),
            ("--principal ci", false),
            ("--principal ci --tool lint --reason leaked", false),
            ("--principal ci --reason leaked --preview --dry-run client", false),
        ] {
            let args = format!("gradus source distrust {args}");
            let read = crate::args::command().try_get_matches_from(args.split(' '));
            assert_eq!(read.is_ok(), right, "{args}");
        }
    }
}
