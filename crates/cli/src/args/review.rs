//! `gradus review`.

pub mod queue;

use clap::{Args, Subcommand};
use gradus_model::evidence::Kind;
use gradus_wire::v1;
use gradus_wire::v1::evidence_ref::Ref;

use super::append::{AppendArgs, ConfirmArgs};
use super::coordinate::CoordinateArgs;
use super::words::{STANDINGS, standing, words};
use crate::error::CliError;
use crate::select::{Moment, Selector};
use queue::{MatrixArgs, QueueArgs};

/// What to do with evidence.
#[derive(Debug, Subcommand)]
pub enum ReviewCommand {
    /// List a unit's evidence
    #[command(after_help = "Example: gradus review list --project rustls --standing submitted")]
    List(ListArgs),
    /// List what waits for a review, oldest first
    #[command(after_help = "Examples:
  gradus review queue                            in all units that you may review
  gradus review queue --project rustls --older-than P7D
  gradus review queue --project crypto --below --area PA05
What the rules trust on arrival does not wait.")]
    Queue(QueueArgs),
    /// Count the evidence for each practice, and say whether it suffices
    #[command(after_help = "Examples:
  gradus review matrix --project rustls --area PA05
  gradus review matrix --project 'rustls@{2026-03-01}' --output csv")]
    Matrix(MatrixArgs),
    /// Show an item
    #[command(after_help = "Example: gradus review show --project rustls source=scanner id=42")]
    Show(ShowArgs),
    /// Accept items: they count over their whole validity
    #[command(after_help = "Examples:
  gradus review accept --project rustls 7b0c58d2-5a43-4a2e-9a55-0d8f5a3c9d10
  gradus review accept --project rustls --all-from git:rustls")]
    Accept(AcceptArgs),
    /// Reject items: they do not count
    #[command(after_help = "Example: gradus review reject --project rustls ID --reason outdated")]
    Reject(ReasonArgs),
    /// Withdraw items: they never counted, and that is final
    #[command(after_help = "Example: gradus review withdraw --project rustls ID --reason forged")]
    Withdraw(WithdrawArgs),
    /// Vouch for items as a second person
    #[command(after_help = "Example: gradus review confirm --project rustls ID")]
    Confirm(NoteArgs),
    /// End items: they counted until then
    #[command(after_help = "Example: gradus review end --project rustls ID --at 2026-03-01")]
    End(EndArgs),
    /// Put another item in the place of one
    #[command(after_help = "Example: gradus review supersede --project rustls OLD --by NEW")]
    Supersede(SupersedeArgs),
    /// Say that an item speaks for further practices, or belongs to further process instances
    #[command(after_help = "Examples: gradus review link --project rustls ID --practice BP.06.03
          gradus review link --project rustls ID --instance 'release 0.24'
It holds over the item's whole validity. The matrix counts an item in each of its instances, and no level
depends on them.")]
    Link(LinkArgs),
    /// Say that an item no longer speaks for practices, or belongs to process instances
    #[command(after_help = "Examples: gradus review unlink --project rustls ID --practice BP.06.03
          gradus review unlink --project rustls ID --instance 'release 0.23'")]
    Unlink(LinkArgs),
    /// Destroy an item's texts for ever; levels and proofs stay
    #[command(
        after_help = "Example: gradus review erase --project rustls ID --reason 'names a person'"
    )]
    Erase(EraseArgs),
}

/// Items to name: ids, or `source=NAME id=ID`.
#[derive(Clone, Debug, Args)]
pub struct ItemsArgs {
    /// The unit
    #[arg(long, value_name = "UNIT")]
    pub project: String,
    /// Ids of items, or source=NAME id=ID
    #[arg(value_name = "ITEM", required = true)]
    pub items: Vec<String>,
}

/// Evidence to list.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The unit, UNIT@{DATE}, UNIT@known{DATE} or UNIT#SIZE
    #[arg(long, value_name = "UNIT")]
    pub project: Selector,
    /// Only items of this standing; may be repeated
    #[arg(long, value_parser = words(STANDINGS, standing))]
    pub standing: Vec<v1::Standing>,
    /// Only items of this kind; may be repeated
    #[arg(long, value_parser = words(Kind::ALL, Kind::name))]
    pub kind: Vec<Kind>,
    /// Only items that speak for this practice
    #[arg(long, default_value = "")]
    pub practice: String,
    /// Only items of this source
    #[arg(long, default_value = "", value_name = "NAME")]
    pub source: String,
    /// Only items that are valid then
    #[arg(long)]
    pub valid_only: bool,
    /// Most entries to list
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// As of when.
    #[command(flatten)]
    pub coordinate: CoordinateArgs,
}

/// An item to show.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The unit, UNIT@{DATE}, UNIT@known{DATE} or UNIT#SIZE
    #[arg(long, value_name = "UNIT")]
    pub project: Selector,
    /// Id of the item, or source=NAME id=ID
    #[arg(value_name = "ITEM", required = true)]
    pub item: Vec<String>,
    /// As of when.
    #[command(flatten)]
    pub coordinate: CoordinateArgs,
}

/// Items to accept.
#[derive(Debug, Args)]
pub struct AcceptArgs {
    /// The unit
    #[arg(long, value_name = "UNIT")]
    pub project: String,
    /// Ids of items, or source=NAME id=ID
    #[arg(value_name = "ITEM", required_unless_present_any = ["all", "all_from"])]
    pub items: Vec<String>,
    /// All items that were not reviewed
    #[arg(long, conflicts_with_all = ["items", "all_from"])]
    pub all: bool,
    /// All items of a source that were not reviewed
    #[arg(long, value_name = "SOURCE", conflicts_with = "items")]
    pub all_from: Option<String>,
    /// A word on it; erasable
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub note: String,
    /// Whether to ask.
    #[command(flatten)]
    pub confirm: ConfirmArgs,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// Items, with a reason.
#[derive(Debug, Args)]
pub struct ReasonArgs {
    /// The items.
    #[command(flatten)]
    pub items: ItemsArgs,
    /// Why; erasable
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// Items to withdraw.
#[derive(Debug, Args)]
pub struct WithdrawArgs {
    /// The items.
    #[command(flatten)]
    pub items: ItemsArgs,
    /// Why; erasable
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Whether to ask.
    #[command(flatten)]
    pub confirm: ConfirmArgs,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// Items, with a word on them.
#[derive(Debug, Args)]
pub struct NoteArgs {
    /// The items.
    #[command(flatten)]
    pub items: ItemsArgs,
    /// A word on it; erasable
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub note: String,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// Items to end.
#[derive(Debug, Args)]
pub struct EndArgs {
    /// The items.
    #[command(flatten)]
    pub items: ItemsArgs,
    /// First instant at which they no longer count; a bare date is the end of that day
    /// [default: now]
    #[arg(long, value_name = "DATE", value_parser = Moment::end)]
    pub at: Option<Moment>,
    /// Why; erasable
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub reason: String,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// An item to replace.
#[derive(Debug, Args)]
pub struct SupersedeArgs {
    /// The item.
    #[command(flatten)]
    pub items: ItemsArgs,
    /// Item that takes its place: an id, or source=NAME id=ID
    #[arg(long, num_args = 1..=2, required = true, value_name = "ITEM")]
    pub by: Vec<String>,
    /// From when on [default: now]
    #[arg(long, value_name = "DATE", value_parser = Moment::start)]
    pub since: Option<Moment>,
    /// Why; erasable
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub reason: String,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// Practices and process instances to link or unlink.
#[derive(Debug, Args)]
pub struct LinkArgs {
    /// The item.
    #[command(flatten)]
    pub items: ItemsArgs,
    /// Practice, such as BP.06.03; may be repeated
    #[arg(long, required_unless_present = "instance")]
    pub practice: Vec<String>,
    /// Process instance; may be repeated
    #[arg(long, value_name = "NAME")]
    pub instance: Vec<String>,
    /// A word on it; erasable
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub note: String,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// A payload to erase.
#[derive(Debug, Args)]
pub struct EraseArgs {
    /// The unit
    #[arg(long, value_name = "UNIT")]
    pub project: String,
    /// Id of the item, or source=NAME id=ID
    #[arg(value_name = "ITEM", required_unless_present = "stream_version")]
    pub item: Vec<String>,
    /// Number of a record in the unit's stream, in place of an item
    #[arg(long, value_name = "N", conflicts_with = "item")]
    pub stream_version: Option<u64>,
    /// Why, without repeating what is erased
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Whether to ask.
    #[command(flatten)]
    pub confirm: ConfirmArgs,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// Reads items: each an id, or a pair of `source=NAME` and `id=ID`.
pub fn items(texts: &[String]) -> Result<Vec<v1::EvidenceRef>, CliError> {
    let mut refs = Vec::new();
    let mut rest = texts.iter();
    while let Some(text) = rest.next() {
        let item = match text.strip_prefix("source=") {
            None if text.starts_with("id=") => return Err(lonely(text)),
            None => Ref::Evidence(text.clone()),
            Some(name) => {
                let id = rest.next().and_then(|next| next.strip_prefix("id="));
                let id = id.ok_or_else(|| lonely(text))?.to_owned();
                Ref::Source(v1::Source { name: name.to_owned(), id })
            }
        };
        refs.push(v1::EvidenceRef { r#ref: Some(item) });
    }
    Ok(refs)
}

/// Reads exactly one item.
pub fn item(texts: &[String]) -> Result<v1::EvidenceRef, CliError> {
    let mut refs = items(texts)?;
    match (refs.pop(), refs.is_empty()) {
        (Some(one), true) => Ok(one),
        _ => Err(CliError::usage(
            format!("`{}` is not one item", texts.join(" ")),
            "give one id, or one source=NAME id=ID",
        )),
    }
}

fn lonely(text: &str) -> CliError {
    let hint = "write both, one after the other: source=NAME id=ID";
    CliError::usage(format!("`{text}` alone names no item"), hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::message;

    fn read(text: &str) -> String {
        let texts: Vec<String> = text.split(' ').map(str::to_owned).collect();
        match items(&texts) {
            Ok(items) => {
                let texts = items.iter().map(|item| message::json(item).unwrap().compact());
                texts.collect::<Vec<_>>().join(" ")
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn items_are_named_by_id_or_by_source() {
        for (text, expected) in [
            ("1 2", r#"{"evidence":"1"} {"evidence":"2"}"#),
            ("1 source=a id=b", r#"{"evidence":"1"} {"source":{"name":"a","id":"b"}}"#),
            ("source=a", "`source=a` alone names no item"),
            ("source=a 1", "`source=a` alone names no item"),
            ("id=b", "`id=b` alone names no item"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
