//! `gradus assert`.

use std::str::FromStr;

use clap::{ArgGroup, Args};

use gradus_wire::v1;

use super::area_level::area_level;
use super::coordinate::CoordinateArgs;
use crate::select::{BadSelector, Point, Selector};

/// Conditions to check.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("conditions").required(true).multiple(true)
    .args(["minimums", "profile", "no_worse_than", "baseline"]))]
#[command(after_help = "Examples:
  gradus assert rustls --min PA11=2 --min PA05=1
  gradus assert rustls --profile                        the targets of the profile in force
  gradus assert rustls --profile service-bureau --rated by what was judged
  gradus assert rustls --no-worse-than '@{2026-01-01}'  than at that date; also '@known{DATE}', '#SIZE'
  gradus assert rustls --baseline --output json
Only what is known for certain holds. Exits with 0 if all does, with 10 if something falls short.")]
pub struct AssertArgs {
    /// The unit, UNIT@{DATE}, UNIT@known{DATE} or UNIT#SIZE
    pub unit: Selector,
    /// Process area and its least level, such as PA11=2; may be repeated
    #[arg(long = "min", value_name = "AREA=LEVEL")]
    pub minimums: Vec<Minimum>,
    /// Targets of this profile, an id or digest; without a value, of the one in force
    #[arg(long, num_args = 0..=1, default_missing_value = "")]
    pub profile: Option<String>,
    /// Point of the same unit that no area may be worse than
    #[arg(long, value_name = "POINT", value_parser = point)]
    pub no_worse_than: Option<Point>,
    /// Floors that the unit has raised
    #[arg(long)]
    pub baseline: bool,
    /// Check what was judged, not what valid evidence still supports
    #[arg(long)]
    pub rated: bool,
    /// Show what holds, too
    #[arg(long)]
    pub all: bool,
    /// As of when.
    #[command(flatten)]
    pub coordinate: CoordinateArgs,
}

/// An area, with or without its model, and a least level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minimum {
    area: String,
    level: u8,
}

impl Minimum {
    /// As the API has it.
    #[must_use]
    pub fn wire(self) -> v1::MinimumLevel {
        v1::MinimumLevel { area: self.area, level: self.level.into() }
    }
}

impl FromStr for Minimum {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (area, level) = area_level(text, &(0..=5))?;
        Ok(Self { area, level })
    }
}

/// A point without a unit.
fn point(text: &str) -> Result<Point, String> {
    text.parse().map_err(|error| match error {
        BadSelector::NoPoint(text) => {
            format!("`{text}` is no point: write @{{DATE}}, @known{{DATE}} or #SIZE")
        }
        other => other.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minimum_is_an_area_and_a_level() {
        let minimum = |text: &str| text.parse::<Minimum>().map(Minimum::wire);
        let read = |area: &str, level| Ok(v1::MinimumLevel { area: area.to_owned(), level });
        assert_eq!(minimum("PA11=0"), read("PA11", 0));
        assert_eq!(minimum("iso-21827-2008/PA05=5"), read("iso-21827-2008/PA05", 5));
        for wrong in ["PA11", "PA11=", "PA11=6", "PA11=-1", "=2", "BP.01.01=2", ""] {
            let expected =
                format!("`{wrong}` is no area with a level from 0 to 5: write it like PA11=2");
            assert_eq!(minimum(wrong), Err(expected));
        }
    }

    #[test]
    fn a_gate_without_any_condition_is_a_usage_error() {
        for (args, right) in [
            ("gradus assert rustls", false),
            ("gradus assert rustls --rated --all", false),
            ("gradus assert --baseline", false),
            ("gradus assert rustls --min PA11=2 --min PA05=1", true),
            ("gradus assert rustls --min PA11", false),
            ("gradus assert rustls --profile", true),
            ("gradus assert rustls --profile --baseline", true),
            ("gradus assert rustls@{2026-03-01} --profile service-bureau --rated", true),
            ("gradus assert rustls --no-worse-than @{2026-01-01} --baseline", true),
            ("gradus assert rustls --no-worse-than #1200", true),
            ("gradus assert rustls --no-worse-than 2026-01-01", false),
        ] {
            let read = crate::args::command().try_get_matches_from(args.split(' '));
            assert_eq!(read.is_ok(), right, "{args}");
        }
    }
}
