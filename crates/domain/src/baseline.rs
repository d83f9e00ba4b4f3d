//! Baselines: levels below which a unit's areas must not fall. They only ever rise.

use std::collections::BTreeSet;

use gradus_model::Timestamp;
use gradus_model::catalog::Catalog;
use gradus_model::event::BaselineRaised;
use gradus_model::unit::Floor;

use crate::proposal::Verdict;
use crate::refusal::Refusal;
use crate::settings::Settings;
use crate::timeline::At;
use crate::unit::{known_area, record_unless};

/// What the rules say to floors for some of a unit's areas.
pub(crate) fn decide(
    settings: &Settings,
    model: Option<&Catalog>,
    raised: &BaselineRaised,
    effective_at: Timestamp,
) -> Result<Verdict, Refusal> {
    let mut areas = BTreeSet::new();
    for floor in &raised.floors {
        known_area(model, &floor.area, effective_at)?;
        if !areas.insert(&floor.area) {
            return Err(Refusal::AreaTwice(floor.area.area));
        }
        if !Floor::LEVELS.contains(&floor.level) {
            return Err(Refusal::LevelUnknown(floor.level));
        }
        never_lower(settings, floor)?;
    }
    let at = At::with_everything(effective_at);
    let is_so = |floor: &Floor| settings.floor_of(&floor.area, at) == Some(floor.level);
    Ok(record_unless(raised.floors.iter().all(is_so)))
}

/// A floor is at least as high as each one stated before, whenever that takes effect.
fn never_lower(settings: &Settings, floor: &Floor) -> Result<(), Refusal> {
    let ever = At::with_everything(Timestamp::MAX);
    match settings.floor_stated_at(&floor.area, ever) {
        Some(highest) if floor.level < highest.value => Err(Refusal::BaselineLower {
            area: floor.area.area,
            seen: floor.level,
            floor: highest.value,
            from: highest.effective_at,
        }),
        Some(_) | None => Ok(()),
    }
}
