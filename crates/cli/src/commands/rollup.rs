//! `gradus rollup`: the levels of many projects as one.

use gradus_wire::v1;

use crate::args::rollup::RollupArgs;
use crate::error::CliError;
use crate::output::duties::{self, Extent};
use crate::output::rollup;
use crate::select::Selector;
use crate::session::Session;

/// Shows the levels of the projects below a unit as one, and says if they may not be compared.
pub async fn run(session: &Session, args: RollupArgs) -> Result<(), CliError> {
    let organization = Selector { unit: String::new(), point: None };
    let selector = args.unit.unwrap_or(organization);
    let request = v1::RollUpLevelsRequest {
        coordinate: Some(args.coordinate.with(&selector)?),
        unit: selector.unit,
        min_size: args.coordinate.min_size,
        areas: args.area,
        label: args.label.unwrap_or_default(),
        rule: args.rule.into(),
        profile: args.profile.unwrap_or_default(),
        with_members: args.members,
    };
    let send = async |request| session.client.levels().roll_up_levels(request).await;
    let response = session.client.call(request, send).await?;
    session.output.show(&rollup::view(&response, args.members)?)?;
    let comparability = response.comparability.unwrap_or_default();
    if !comparability.comparable {
        let reasons = comparability.reasons.join("; ");
        session.output.note(&format!("the projects may not be compared: {reasons}"))?;
    }
    let warning = duties::warning_of("PROJECT", response.duties.as_ref(), Extent::Moment);
    warning.map_or(Ok(()), |warning| session.output.note(&warning))
}
