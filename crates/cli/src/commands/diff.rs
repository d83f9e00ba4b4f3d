//! `gradus diff`: how levels came from one side to another.

use gradus_wire::v1;

use crate::args::diff::DiffArgs;
use crate::error::CliError;
use crate::output::duties::{self, Extent, name_of};
use crate::output::{Format, diff};
use crate::select::Selector;
use crate::session::Session;

/// Shows every movement between two sides, with its causes.
pub async fn run(session: &Session, args: DiffArgs) -> Result<(), CliError> {
    let (first, second) = args.pair()?;
    let side = |of: &Selector| -> Result<v1::Side, CliError> {
        let coordinate = Some(args.coordinate.with(of)?);
        Ok(v1::Side { unit: of.unit.clone(), coordinate })
    };
    let (from, mut to) = (side(&first)?, side(&second)?);
    if let (Some(rules), Some(coordinate)) = (&args.to_rules, &mut to.coordinate) {
        coordinate.rules.clone_from(rules);
    }
    let request = v1::CompareLevelsRequest {
        from: Some(from),
        to: Some(to),
        min_size: args.coordinate.min_size,
        areas: args.area,
        with_coverage: args.coverage,
    };
    let send = async |request| session.client.levels().compare_levels(request).await;
    let response = session.client.call(request, send).await?;
    if let Some(note) = diff::incomparable(&response) {
        session.output.note(&note)?;
    }
    if let Some(note) = diff::untold(&response, args.coverage) {
        session.output.note(note)?;
    }
    let is_drawn = session.output.terminal && session.output.format == Format::Table;
    session.output.show(&diff::view(&response, is_drawn)?)?;
    let sides = [
        ("before", &response.from_unit, &response.from_duties),
        ("after", &response.to_unit, &response.to_duties),
    ];
    for (side, unit, told) in sides {
        let warning = duties::warning_of(name_of(unit.as_ref()), told.as_ref(), Extent::Moment);
        let told = warning.map(|told| told.replacen("warning:", &format!("warning: {side}:"), 1));
        told.map_or(Ok(()), |warning| session.output.note(&warning))?;
    }
    Ok(())
}
