//! `CheckLevels`.

use std::collections::BTreeSet;

use gradus_domain::Refusal;
use gradus_domain::gate::{Checked, Wanted, Which};
use gradus_domain::sse_cmm::{HIGHEST, LevelAnswer};
use gradus_service::Caller;
use gradus_service::check::{AskedCheck, CheckAnswer, name};
use gradus_service::units::AskedArea;
use gradus_service::{Coordinate, Service, ServiceError};
use gradus_wire::v1 as wire;

use super::gap::profile;
use crate::convert::{self, digest, level, level_answer, unit_ref};

const MOST_MINIMUMS: usize = 100;

pub(super) async fn checked(
    by: &Caller,
    service: &Service,
    asked: wire::CheckLevelsRequest,
) -> Result<wire::CheckLevelsResponse, ServiceError> {
    let coordinate = convert::coordinate(asked.coordinate.as_ref(), asked.min_size)?;
    if !asked.profile_targets && !asked.profile.is_empty() {
        let reason =
            format!("`{}` is named without `profile_targets`: set that, too", asked.profile);
        return Err(ServiceError::invalid("profile", reason));
    }
    let wanted = AskedCheck {
        minimums: minimums(&asked.minimums)?,
        targets: asked.profile_targets.then(|| profile(asked.profile)),
        no_worse_than: asked.no_worse_than.as_ref().map(than).transpose()?,
        baseline: asked.baseline,
        which: if asked.rated { Which::Rated } else { Which::Ongoing },
    };
    let answer = service.check(by, &asked.unit, &coordinate, &wanted).await?;
    let at = (None, answer.coordinate.at());
    let areas: BTreeSet<_> = answer.checked.iter().map(|one| &one.condition.area).collect();
    let areas: Vec<_> = areas.into_iter().cloned().collect();
    let beside = service.told_beside(answer.unit, at, &coordinate, &areas).await?;
    Ok(wire::CheckLevelsResponse { duties: level::beside(beside), ..told(service, &answer) })
}

fn minimums(given: &[wire::MinimumLevel]) -> Result<Vec<(AskedArea, u8)>, ServiceError> {
    if given.len() > MOST_MINIMUMS {
        let (field, seen, limit) = ("minimums", given.len(), MOST_MINIMUMS);
        return Err(Refusal::TooMany { field, seen, limit }.into());
    }
    let minimum = |(at, given): (usize, &wire::MinimumLevel)| {
        let level = u8::try_from(given.level).ok().filter(|level| *level <= HIGHEST);
        let level = level.ok_or_else(|| {
            let reason = format!("{} is no capability level: use 0 to {HIGHEST}", given.level);
            ServiceError::invalid(format!("minimums[{at}].level"), reason)
        })?;
        Ok((convert::area(&format!("minimums[{at}].area"), &given.area)?, level))
    };
    given.iter().enumerate().map(minimum).collect()
}

/// The other coordinate; its fields are named as those of the request.
fn than(given: &wire::Coordinate) -> Result<Coordinate, ServiceError> {
    convert::coordinate(Some(given), 0).map_err(|error| match error {
        ServiceError::Invalid { field, reason } => {
            let field = field.replacen("coordinate", "no_worse_than", 1);
            ServiceError::Invalid { field, reason }
        }
        other => other,
    })
}

fn told(service: &Service, from: &CheckAnswer) -> wire::CheckLevelsResponse {
    let profile = from.profile.as_ref();
    wire::CheckLevelsResponse {
        unit: Some(unit_ref(service, from.unit)),
        coordinate: Some(level::resolved_for(&from.coordinate, &from.basis)),
        digest: from.digest.0.to_vec(),
        passed: from.passed(),
        areas: from.checked.iter().map(|checked| area(from, checked)).collect(),
        no_worse_than: from
            .no_worse_than
            .as_ref()
            .map(|(there, basis)| level::resolved_for(there, basis)),
        profile: profile.map(|profile| profile.id.to_string()).unwrap_or_default(),
        profile_digest: profile.map(|profile| digest(&profile.digest)).unwrap_or_default(),
        duties: None,
    }
}

fn area(answer: &CheckAnswer, from: &Checked) -> wire::CheckedArea {
    let area = &from.condition.area;
    let catalog = &answer.basis.catalog;
    let wanted = match from.condition.wanted {
        Wanted::NoWorseThan(there) => there,
        other => other.level().map(exactly),
    };
    wire::CheckedArea {
        area: format!("{}/{}", area.model, area.area),
        title: if *catalog.id() == area.model {
            level::title(catalog, area.area)
        } else {
            String::new()
        },
        condition: name(from.condition.wanted).to_owned(),
        wanted: wanted.map(level_answer),
        seen: from.seen.map(level_answer),
        passed: from.passed,
        reason: from.reason.to_string(),
    }
}

const fn exactly(level: u8) -> LevelAnswer {
    LevelAnswer::Range { at_least: level, at_most: level, open: 0 }
}
