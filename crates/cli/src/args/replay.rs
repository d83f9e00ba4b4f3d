//! `gradus replay`.

use clap::{Args, ValueEnum};

use super::coordinate::CoordinateArgs;
use crate::error::CliError;
use crate::select::{Moment, Selector};

/// A story to tell.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  gradus replay rustls --until 2026-06-30            all that happened until then, as known today
  gradus replay rustls --from 2026-01-01 --until 2026-06-30 --known-at 2026-07-31
  gradus replay 'rustls@known{2026-06-30}' --area PA11   what was told of it that day
  gradus replay rustls --format markdown > rustls.md
  gradus replay rustls --output jsonl                one fact or movement a line, then the digest
Facts stand in the order in which they were true. A fact is late if it was recorded more than a day
after it was true; the levels that moved follow the facts of their instant.")]
pub struct ReplayArgs {
    /// The unit, UNIT@{DATE}, UNIT@known{DATE} or UNIT#SIZE
    pub project: Selector,
    /// First moment of the story [default: the beginning]
    #[arg(long, value_name = "DATE", value_parser = Moment::start)]
    pub from: Option<Moment>,
    /// Where the story ends, the same as --valid-at; a bare date is its last instant [default: now]
    #[arg(long, value_name = "DATE", value_parser = Moment::question)]
    #[arg(conflicts_with = "valid_at")]
    pub until: Option<Moment>,
    /// Only movements of this process area, such as PA01; may be repeated
    #[arg(long)]
    pub area: Vec<String>,
    /// Write a text to be read or sent on, in place of what --output says
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<Written>,
    /// As of when.
    #[command(flatten)]
    pub coordinate: CoordinateArgs,
}

/// What a story is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Written {
    /// Markdown, day by day.
    Markdown,
}

impl ReplayArgs {
    /// The coordinate at which the story ends.
    ///
    /// # Errors
    ///
    /// A usage error where selector and flags say a point twice.
    pub fn end(&self) -> Result<gradus_wire::v1::Coordinate, CliError> {
        let mut coordinate: CoordinateArgs = self.coordinate.clone();
        coordinate.point.valid_at = self.until.or(coordinate.point.valid_at);
        coordinate.with(&self.project)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_story_ends_once() {
        for (args, right) in [
            ("gradus replay rustls --until 2026-06-30 --known-at 2026-07-31", true),
            ("gradus replay rustls@known{2026-06-30} --from 2026-01-01 --area PA11", true),
            ("gradus replay rustls --format markdown", true),
            ("gradus replay rustls --format html", false),
            ("gradus replay rustls --until 2026-06-30 --valid-at 2026-06-30", false),
            ("gradus replay --until 2026-06-30", false),
        ] {
            let read = crate::args::command().try_get_matches_from(args.split(' '));
            assert_eq!(read.is_ok(), right, "{args}");
        }
    }
}
