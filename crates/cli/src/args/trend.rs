//! `gradus trend`.

use clap::Args;
use gradus_model::Period;
use gradus_wire::v1;

use super::coordinate::CoordinateArgs;
use crate::error::CliError;
use crate::select::{Moment, Selector};

/// A trend to show.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  gradus trend rustls                                   every change of the last ten years
  gradus trend rustls curl --area PA11 --from 2025-01-01
  gradus trend rustls --step P1M --from 2026-01-01      at the beginning of each month
  gradus trend rustls --as-reported --from 2026-01-01   what was said at each moment
  gradus trend 'rustls@known{2026-03-01}'               as known at that date, up to it
In the line of an area, ▁ stands for level 0 and █ for level 5, · for none.")]
pub struct TrendArgs {
    /// The units; UNIT@{DATE}, UNIT@known{DATE} or UNIT#SIZE holds for all of them
    #[arg(value_name = "UNIT", required = true)]
    pub units: Vec<Selector>,
    /// Only this process area, such as PA01; may be repeated
    #[arg(long)]
    pub area: Vec<String>,
    /// Where the span begins [default: ten years before its end]
    #[arg(long, value_name = "DATE", value_parser = Moment::start)]
    pub from: Option<Moment>,
    /// Where the span ends; a bare date is inside [default: the moment of --valid-at]
    #[arg(long, value_name = "DATE", value_parser = Moment::end)]
    #[arg(conflicts_with = "valid_at")]
    pub to: Option<Moment>,
    /// Calendar step of samples, such as P1M, P7D or P1Y [default: every change]
    #[arg(long, value_name = "PERIOD")]
    pub step: Option<Period>,
    /// Each moment as it was reported then, with what was known at that moment
    #[arg(long)]
    pub as_reported: bool,
    /// Changes of coverage, too
    #[arg(long)]
    pub coverage: bool,
    /// As of when.
    #[command(flatten)]
    pub coordinate: CoordinateArgs,
}

impl TrendArgs {
    /// The question.
    pub fn request(self) -> Result<v1::QueryTrendRequest, CliError> {
        let coordinate = self.coordinate.with(&self.point()?)?;
        Ok(v1::QueryTrendRequest {
            coordinate: Some(coordinate),
            units: self.units.into_iter().map(|selector| selector.unit).collect(),
            areas: self.area,
            from: self.from.and_then(Moment::wire),
            to: self.to.and_then(Moment::wire),
            step: self.step.map(|step| step.to_string()).unwrap_or_default(),
            as_reported: self.as_reported,
            with_coverage: self.coverage,
            min_size: self.coordinate.min_size,
        })
    }

    /// The selector whose point holds for all units.
    fn point(&self) -> Result<Selector, CliError> {
        let mut pointed = self.units.iter().filter(|selector| selector.point.is_some());
        let Some(first) = pointed.next() else {
            return Ok(Selector { unit: String::new(), point: None });
        };
        match pointed.find(|other| other.point != first.point) {
            None => Ok(first.clone()),
            Some(other) => Err(CliError::usage(
                format!("`{}` and `{}` are asked at different points", first.unit, other.unit),
                "write the same point, or the units alone with --known-at or --log-size",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Cli, Command};
    use clap::Parser as _;

    fn asked(args: &str) -> Result<v1::QueryTrendRequest, String> {
        let cli = Cli::try_parse_from(args.split(' ')).map_err(|error| error.to_string())?;
        let Command::Trend(args) = cli.command else { return Err("no trend".to_owned()) };
        args.request().map_err(|error| error.to_string())
    }

    #[test]
    fn a_point_written_once_holds_for_every_unit() {
        let one = asked("gradus trend alpha#7 beta").unwrap();
        assert_eq!(one.units, ["alpha", "beta"]);
        assert_eq!(one, asked("gradus trend alpha#7 beta#7").unwrap());
        assert_eq!(one, asked("gradus trend alpha beta --log-size 7").unwrap());
        let seen = asked("gradus trend alpha#7 beta#8").unwrap_err();
        assert_eq!(seen, "`alpha` and `beta` are asked at different points");
    }

    #[test]
    fn the_last_day_of_a_span_is_inside() {
        let seen = asked("gradus trend alpha --from 2026-01-01 --to 2026-01-31").unwrap();
        let day = |at: Option<prost_types::Timestamp>| at.unwrap().seconds / 86_400;
        assert_eq!(day(seen.to) - day(seen.from), 31);
    }

    #[test]
    fn what_cannot_be_asked_is_refused() {
        for (args, reason) in [
            ("gradus trend", "required"),
            ("gradus trend alpha --step P1H", "no period"),
            ("gradus trend alpha --step PT1H", "no period"),
            ("gradus trend alpha --from tomorrow", "no date"),
            ("gradus trend alpha --to 2026-01-01 --valid-at 2026-01-01", "cannot be used with"),
        ] {
            let seen = asked(args).unwrap_err();
            assert!(seen.contains(reason), "{args}: {seen}");
        }
    }
}
