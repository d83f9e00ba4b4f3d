//! `gradus assert`: a gate for pipelines.

use gradus_wire::v1;

use crate::args::assert::{AssertArgs, Minimum};
use crate::args::coordinate::CoordinateArgs;
use crate::error::CliError;
use crate::output::duties::{self, Extent, name_of};
use crate::output::{Format, check};
use crate::select::{Point, Selector};
use crate::session::Session;

/// Checks a unit's levels; what falls short is shown, and ends the run with its own code.
pub async fn run(session: &Session, args: AssertArgs) -> Result<(), CliError> {
    let unit = &args.unit.unit;
    let elsewhere = |point: Point| {
        let selector = Selector { unit: unit.clone(), point: Some(point) };
        CoordinateArgs::default().with(&selector)
    };
    let request = v1::CheckLevelsRequest {
        unit: unit.clone(),
        coordinate: Some(args.coordinate.with(&args.unit)?),
        min_size: args.coordinate.min_size,
        minimums: args.minimums.into_iter().map(Minimum::wire).collect(),
        profile_targets: args.profile.is_some(),
        profile: args.profile.unwrap_or_default(),
        no_worse_than: args.no_worse_than.map(elsewhere).transpose()?,
        baseline: args.baseline,
        rated: args.rated,
    };
    let send = async |request| session.client.levels().check_levels(request).await;
    let response = session.client.call(request, send).await?;
    if response.passed && !args.all && session.output.format == Format::Table {
        session.output.text(&format!("{}\n", check::verdict(&response)))?;
    } else {
        session.output.show(&check::view(&response, args.all)?)?;
    }
    let name = name_of(response.unit.as_ref());
    if let Some(warning) = duties::warning_of(name, response.duties.as_ref(), Extent::Moment) {
        session.output.note(&warning)?;
    }
    let failed = response.areas.iter().filter(|area| !area.passed).count();
    if response.passed { Ok(()) } else { Err(CliError::Gate { failed, of: response.areas.len() }) }
}
