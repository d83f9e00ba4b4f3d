//! `gradus baseline`.

use std::str::FromStr;

use clap::{Args, Subcommand};

use gradus_model::unit::Floor;
use gradus_wire::v1;

use super::append::AppendArgs;
use super::area_level::area_level;
use super::unit::ShowArgs;
use crate::select::Moment;

/// What to do with baselines.
#[derive(Debug, Subcommand)]
pub enum BaselineCommand {
    /// Say below which levels areas must not fall; a baseline only rises
    #[command(after_help = "Example: gradus baseline raise rustls PA11=2 PA05=1")]
    Raise(RaiseArgs),
    /// Show below which levels a unit's areas must not fall
    #[command(after_help = "Example: gradus baseline show 'rustls@{2026-03-01}'")]
    Show(ShowArgs),
}

/// Floors to state.
#[derive(Debug, Args)]
pub struct RaiseArgs {
    /// The unit
    pub unit: String,
    /// Process area and the level below which it must not fall, such as PA11=2
    #[arg(value_name = "AREA=LEVEL", required = true)]
    pub floors: Vec<AskedFloor>,
    /// From when on [default: now]
    #[arg(long, value_name = "DATE", value_parser = Moment::start)]
    pub since: Option<Moment>,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// An area, with or without its model, and a level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedFloor {
    area: String,
    level: u8,
}

impl AskedFloor {
    /// As the API has it.
    #[must_use]
    pub fn wire(self) -> v1::FloorInput {
        v1::FloorInput { area: self.area, level: self.level.into() }
    }
}

impl FromStr for AskedFloor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (area, level) = area_level(text, &Floor::LEVELS)?;
        Ok(Self { area, level })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_floor_is_an_area_and_a_level() {
        let floor = |text: &str| text.parse::<AskedFloor>().map(AskedFloor::wire);
        let read = |area: &str, level| Ok(v1::FloorInput { area: area.to_owned(), level });
        assert_eq!(floor("PA11=2"), read("PA11", 2));
        assert_eq!(floor("iso-21827-2008/PA05=5"), read("iso-21827-2008/PA05", 5));
        for wrong in ["PA11", "PA11=", "PA11=0", "PA11=6", "PA11=two", "=2", "BP.01.01=2", ""] {
            let expected =
                format!("`{wrong}` is no area with a level from 1 to 5: write it like PA11=2");
            assert_eq!(floor(wrong), Err(expected));
        }
    }
}
