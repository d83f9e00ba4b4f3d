//! The coordinate of a read, from flags and the selector.

use clap::Args;
use gradus_wire::v1;
use gradus_wire::v1::coordinate::Known;

use crate::error::CliError;
use crate::select::{Moment, Point, Selector};

/// As of when to read.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "As of when")]
pub struct CoordinateArgs {
    /// The point.
    #[command(flatten)]
    pub point: PointArgs,
    /// Rules to compute by, an id or digest [default: those in force]
    #[arg(long, value_name = "RULES")]
    pub rules: Option<String>,
    /// Answer only after reading at least this much of the log, which must be there
    #[arg(long, value_name = "SIZE", default_value_t = 0)]
    pub min_size: u64,
}

/// As of when to read, by the rules in force.
#[derive(Clone, Copy, Debug, Default, Args)]
#[command(next_help_heading = "As of when")]
pub struct PointArgs {
    /// Moment of the unit's life; a bare date is its last instant [default: now]
    #[arg(long, value_name = "DATE", value_parser = Moment::question)]
    pub valid_at: Option<Moment>,
    /// Only what was recorded up to then
    #[arg(long, value_name = "DATE", value_parser = Moment::question)]
    #[arg(conflicts_with = "log_size")]
    pub known_at: Option<Moment>,
    /// Only what a log of this size holds
    #[arg(long, value_name = "SIZE")]
    pub log_size: Option<u64>,
}

impl PointArgs {
    /// The coordinate that flags and selector ask for together.
    pub fn with(self, selector: &Selector) -> Result<v1::Coordinate, CliError> {
        CoordinateArgs { point: self, ..CoordinateArgs::default() }.with(selector)
    }
}

/// As of when what is listed holds.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct HoldsArgs {
    /// Moment at which they hold; a bare date is its last instant [default: now]
    #[arg(long, value_name = "DATE", value_parser = Moment::question)]
    pub valid_at: Option<Moment>,
    /// Only what was recorded up to then
    #[arg(long, value_name = "DATE", value_parser = Moment::question)]
    pub known_at: Option<Moment>,
}

impl HoldsArgs {
    /// The coordinate that the flags ask for.
    #[must_use]
    pub fn wire(self) -> v1::Coordinate {
        v1::Coordinate {
            valid_at: self.valid_at.and_then(Moment::wire),
            known: self.known_at.and_then(Moment::wire).map(Known::KnownAt),
            ..v1::Coordinate::default()
        }
    }
}

impl CoordinateArgs {
    /// The coordinate that flags and selector ask for together.
    pub fn with(&self, selector: &Selector) -> Result<v1::Coordinate, CliError> {
        let PointArgs { mut valid_at, mut known_at, mut log_size } = self.point;
        let known = known_at.is_some() || log_size.is_some();
        let twice = match selector.point {
            None => false,
            Some(Point::ValidAt(at)) => valid_at.replace(at).is_some(),
            Some(Point::Size(size)) => {
                log_size = Some(size);
                known
            }
            Some(Point::Reported(at)) => {
                known_at = Some(at);
                known || valid_at.replace(at).is_some()
            }
        };
        if twice {
            let unit = &selector.unit;
            return Err(CliError::usage(
                format!("the point of `{unit}` is given twice, by the selector and by a flag"),
                format!("write `{unit}` alone, or leave the flag out"),
            ));
        }
        let at = known_at.and_then(Moment::wire).map(Known::KnownAt);
        Ok(v1::Coordinate {
            valid_at: valid_at.and_then(Moment::wire),
            known: at.or(log_size.map(Known::LogSize)),
            rules: self.rules.clone().unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::message;

    fn coordinate(args: &CoordinateArgs, selector: &str) -> String {
        match args.with(&selector.parse().unwrap()) {
            Ok(coordinate) => message::json(&coordinate).unwrap().compact(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_selector_and_a_flag_say_the_point_once() {
        let given = |point| CoordinateArgs { point, ..CoordinateArgs::default() };
        let none = CoordinateArgs::default();
        let at = Moment::question("2026-01-01").unwrap();
        let valid = given(PointArgs { valid_at: Some(at), ..PointArgs::default() });
        let size = given(PointArgs { log_size: Some(9), ..PointArgs::default() });
        for (args, selector, expected) in [
            (&none, "a", "{}"),
            (&none, "a@{2026-03-01}", r#"{"valid_at":"2026-03-01T23:59:59.999999Z"}"#),
            (
                &none,
                "a@known{2026-03-01T00:00:00Z}",
                r#"{"valid_at":"2026-03-01T00:00:00Z","known_at":"2026-03-01T00:00:00Z"}"#,
            ),
            (&none, "a#0", r#"{"log_size":0}"#),
            (&valid, "a#7", r#"{"valid_at":"2026-01-01T23:59:59.999999Z","log_size":7}"#),
            (
                &valid,
                "a@{2026-03-01}",
                "the point of `a` is given twice, by the selector and by a flag",
            ),
            (&size, "a#7", "the point of `a` is given twice, by the selector and by a flag"),
            (
                &size,
                "a@known{2026-03-01}",
                "the point of `a` is given twice, by the selector and by a flag",
            ),
        ] {
            assert_eq!(coordinate(args, selector), expected, "{selector}");
        }
    }
}
