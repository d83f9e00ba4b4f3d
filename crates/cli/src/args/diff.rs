//! `gradus diff`.

use std::str::FromStr;

use clap::Args;

use super::coordinate::CoordinateArgs;
use crate::error::CliError;
use crate::select::{BadSelector, Selector};

/// Two sides to compare.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  gradus diff 'rustls@{2026-01-01}..{2026-07-01}'       what happened in between, as known today
  gradus diff 'rustls@{2026-01-01}'                     what happened since
  gradus diff 'rustls#100..#120' --valid-at 2026-03-01  what was learnt about that date
  gradus diff 'rustls@known{2026-01-01}..known{2026-07-01}'  both, as it was reported
  gradus diff rustls --to-rules trusted-tools           by the rules in force, and by others
  gradus diff rustls..openssl --area PA11               two units
The way leads from the first side to the second: first what was learnt, then other rules, then what
happened. Each movement begins where the one before ended.")]
pub struct DiffArgs {
    /// A range SIDE..SIDE, or one or two sides: UNIT, UNIT@{DATE}, UNIT@known{DATE} or UNIT#SIZE
    #[arg(required = true, num_args = 1..=2, value_name = "SIDE")]
    pub sides: Vec<Given>,
    /// Only this process area, such as PA01; may be repeated
    #[arg(long)]
    pub area: Vec<String>,
    /// Movements of coverage, too
    #[arg(long)]
    pub coverage: bool,
    /// Rules of the second side, an id or digest [default: those of the first]
    #[arg(long, value_name = "RULES")]
    pub to_rules: Option<String>,
    /// As of when, for both sides.
    #[command(flatten)]
    pub coordinate: CoordinateArgs,
}

/// What is written for the sides: one of them, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// One side.
    One(Selector),
    /// Both sides.
    Range(Selector, Selector),
}

impl FromStr for Given {
    type Err = BadSelector;

    /// Reads `A..B`, where the second side may leave out the unit: `@{D}`, `{D}`, `known{D}`, `#n`,
    /// or nothing at all for now.
    fn from_str(text: &str) -> Result<Self, BadSelector> {
        let Some((first, second)) = text.split_once("..") else {
            return text.parse().map(Self::One);
        };
        let first: Selector = first.parse()?;
        let unit = first.unit.clone();
        let point = |text: &str| text.parse().map(Some);
        let second = if second.is_empty() {
            Selector { unit, point: None }
        } else if second.starts_with(['@', '#']) {
            Selector { unit, point: point(second)? }
        } else if second.starts_with('{') || second.starts_with("known{") {
            Selector { unit, point: point(&format!("@{second}"))? }
        } else {
            second.parse()?
        };
        Ok(Self::Range(first, second))
    }
}

impl DiffArgs {
    /// The two sides.
    ///
    /// # Errors
    ///
    /// A usage error for more than two, or for one side alone that is not in the past.
    pub fn pair(&self) -> Result<(Selector, Selector), CliError> {
        let now = |of: &Selector| Selector { unit: of.unit.clone(), point: None };
        match self.sides.as_slice() {
            [Given::Range(first, second)] | [Given::One(first), Given::One(second)] => {
                Ok((first.clone(), second.clone()))
            }
            [Given::One(one)] if self.to_rules.is_some() => Ok((one.clone(), one.clone())),
            [Given::One(one)] if one.point.is_some() => Ok((one.clone(), now(one))),
            [Given::One(one)] => {
                let unit = &one.unit;
                Err(CliError::usage(
                    format!("`{unit}` is one side alone"),
                    format!(
                        "write '{unit}@{{DATE}}', '{unit}@{{DATE}}..{{DATE}}' or {unit}..OTHER"
                    ),
                ))
            }
            _ => Err(CliError::usage(
                "a range already has two sides",
                "write one range, or two sides with a space between them",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(sides: &[&str], to_rules: Option<&str>) -> String {
        let given: Result<Vec<Given>, BadSelector> = sides.iter().map(|one| one.parse()).collect();
        let sides = match given {
            Ok(sides) => sides,
            Err(error) => return error.to_string(),
        };
        let args = DiffArgs {
            sides,
            area: Vec::new(),
            coverage: false,
            to_rules: to_rules.map(str::to_owned),
            coordinate: CoordinateArgs::default(),
        };
        let side = |Selector { unit, point }: Selector| match point {
            None => unit,
            Some(point) => format!("{unit} {point:?}"),
        };
        match args.pair() {
            Ok((first, second)) => format!("{} | {}", side(first), side(second)),
            Err(error) => format!("{error}; {}", error.hint().unwrap_or_default()),
        }
    }

    #[test]
    fn sides_are_written_as_a_range_or_one_after_the_other() {
        let day = |day: &str| format!("a ValidAt(At(2026-0{day}T23:59:59.999999Z))");
        let (january, july) = (day("1-01"), day("7-01"));
        for (sides, seen) in [
            (&["a@{2026-01-01}..{2026-07-01}"][..], format!("{january} | {july}")),
            (&["a@{2026-01-01}..@{2026-07-01}"], format!("{january} | {july}")),
            (&["a@{2026-01-01}..a@{2026-07-01}"], format!("{january} | {july}")),
            (&["a@{2026-01-01}", "a@{2026-07-01}"], format!("{january} | {july}")),
            (&["a@{2026-01-01}.."], format!("{january} | a")),
            (&["a@{2026-01-01}"], format!("{january} | a")),
            (&["a#3..#9"], "a Size(3) | a Size(9)".to_owned()),
            (&["a..b"], "a | b".to_owned()),
            (&["a", "b#4"], "a | b Size(4)".to_owned()),
            (
                &["a@known{2026-01-01}..known{2026-07-01}"],
                format!("{january} | {july}").replace("ValidAt", "Reported"),
            ),
        ] {
            assert_eq!(read(sides, None), seen, "{sides:?}");
        }
        assert_eq!(read(&["a"], Some("strict")), "a | a");
    }

    #[test]
    fn what_is_no_pair_of_sides_is_refused_with_the_right_form() {
        for (sides, seen) in [
            (&["a"][..], "`a` is one side alone; write 'a@{DATE}', 'a@{DATE}..{DATE}' or a..OTHER"),
            (
                &["a..b", "c"],
                "a range already has two sides; write one range, or two sides with a space \
                 between them",
            ),
            (&["..b"], "`` names no unit: write UNIT, UNIT@{DATE}, UNIT@known{DATE} or UNIT#SIZE"),
            (
                &["a@2026-01-01..b"],
                "`@2026-01-01` is no point: write UNIT@{DATE}, UNIT@known{DATE} or UNIT#SIZE",
            ),
            (&["a#3..{tuesday}"], "`tuesday` is no date: write 2026-03-01 or 2026-03-01T12:00:00Z"),
        ] {
            assert_eq!(read(sides, None), seen, "{sides:?}");
        }
    }
}
