//! Units, in and out.

use gradus_domain::At;
use gradus_domain::registry::Unit;
use gradus_domain::timeline::{Stated, Timeline};
use gradus_model::event::Document;
use gradus_model::unit::{Activity, AreaRef, AssuranceNeed, Context, Floor};
use gradus_model::{Label, UnitId};
use gradus_projection::Views;
use gradus_service::ServiceError;
use gradus_service::baseline::AskedFloor;
use gradus_wire::v1 as wire;

use super::{Checked, area, bounded, digest, optional, optional_word, text, timestamp};

const MOST_DISCIPLINES: usize = 32;

pub(crate) fn context(given: &wire::Context) -> Checked<Context> {
    if given.disciplines.len() > MOST_DISCIPLINES {
        let seen = given.disciplines.len();
        let reason = format!("{seen} are given, at most {MOST_DISCIPLINES} are allowed");
        return Err(ServiceError::invalid("context.disciplines", reason));
    }
    let discipline =
        |(at, given): (usize, &String)| text(format_args!("context.disciplines[{at}]"), given);
    let need = "context.assurance_need";
    Ok(Context {
        customer_base: optional("context.customer_base", &given.customer_base)?,
        assurance_need: optional_word(need, given.assurance_need, AssuranceNeed::from_number)?,
        activity: optional_word("context.activity", given.activity, Activity::from_number)?,
        disciplines: given
            .disciplines
            .iter()
            .enumerate()
            .map(discipline)
            .collect::<Checked<_>>()?,
    })
}

/// Labels of a unit; how many it may have, the rules say.
pub(crate) fn labels(given: &[String]) -> Checked<Vec<Label>> {
    let label = |(at, given): (usize, &String)| text(format_args!("labels[{at}]"), given);
    given.iter().enumerate().map(label).collect()
}

pub(crate) fn floors(given: &[wire::FloorInput]) -> Checked<Vec<AskedFloor>> {
    let floor = |(at, given): (usize, &wire::FloorInput)| {
        let place = format!("floors[{at}].level");
        let level = u8::try_from(given.level).ok().filter(|level| Floor::LEVELS.contains(level));
        let level = level.ok_or_else(|| {
            ServiceError::invalid(place, format!("{} cannot be a floor: use 1 to 5", given.level))
        })?;
        Ok(AskedFloor { area: area(&format!("floors[{at}].area"), &given.area)?, level })
    };
    bounded("floors", given)?.iter().enumerate().map(floor).collect()
}

/// Whether a unit bears a label at a point.
pub(crate) fn has_label(views: &Views, id: UnitId, label: &Label, at: At) -> bool {
    views.history(id).is_some_and(|history| history.settings.labels_at(at).contains(label))
}

/// The units in which the work of one goes on at a point, in order of ids.
fn successors(views: &Views, from: &Unit, at: At) -> Vec<wire::Succession> {
    let Some(stated) = from.successors.stated_at(at) else { return Vec::new() };
    let known = stated.value.iter().filter_map(|id| views.registry.unit(*id));
    known.map(|unit| succession(unit, stated.effective_at)).collect()
}

/// The units whose work goes on in one at a point, in order of ids.
fn predecessors(views: &Views, of: &Unit, at: At) -> Vec<wire::Succession> {
    let before = views.registry.predecessors(of.id, at);
    let stated = before.filter_map(|unit| Some((unit, unit.successors.stated_at(at)?)));
    stated.map(|(unit, stated)| succession(unit, stated.effective_at)).collect()
}

fn succession(unit: &Unit, since: gradus_model::Timestamp) -> wire::Succession {
    let name = unit.name().map(ToString::to_string).unwrap_or_default();
    let unit = Some(wire::UnitRef { id: unit.id.to_string(), name });
    wire::Succession { unit, since: Some(timestamp(since)) }
}

fn named(area: &AreaRef) -> String {
    format!("{}/{}", area.model, area.area)
}

/// A unit at a point, without its version there; its name is the one at the head.
pub(crate) fn unit(views: &Views, from: &Unit, at: At) -> wire::Unit {
    let name = |unit: &Unit| unit.name().map(ToString::to_string).unwrap_or_default();
    let parent = from.parent(at).and_then(|parent| views.registry.unit(parent));
    let mut out = wire::Unit {
        id: from.id.to_string(),
        name: name(from),
        kind: i32::from(from.kind.number()),
        parent: parent.map(|unit| wire::UnitRef { id: unit.id.to_string(), name: name(unit) }),
        registered_at: Some(timestamp(from.registered_at)),
        archived_at: from.archived.stated_at(at).map(|stated| timestamp(stated.effective_at)),
        successors: successors(views, from, at),
        predecessors: predecessors(views, from, at),
        ..wire::Unit::default()
    };
    let Some(history) = views.history(from.id) else { return out };
    let settings = &history.settings;
    out.model = adopted(&settings.models, at);
    out.rules = adopted(&settings.rules, at);
    out.profile = adopted(&settings.profiles, at);
    let since = |timeline: &Timeline<bool>| {
        let stated = timeline.stated_at(at).filter(|stated| stated.value);
        stated.map(|stated| timestamp(stated.effective_at))
    };
    out.phases = settings
        .phases
        .iter()
        .filter_map(|(phase, timeline)| {
            Some(wire::OpenPhase {
                phase: i32::from(phase.number()),
                since: Some(since(timeline)?),
            })
        })
        .collect();
    let known = settings.markers.iter().filter(|marker| marker.position < at.size);
    out.markers = known
        .filter(|marker| marker.effective_at <= at.valid_at)
        .map(|marker| wire::Marker {
            kind: i32::from(marker.value.kind.number()),
            label: marker.value.label.to_string(),
            at: Some(timestamp(marker.effective_at)),
        })
        .collect();
    out.tailored_areas = settings
        .tailored_out
        .iter()
        .filter_map(|(area, timeline)| {
            Some(wire::TailoredArea {
                area: named(area),
                since: Some(since(timeline)?),
                reason: String::new(),
            })
        })
        .collect();
    out.inheritances = settings
        .inheritance
        .iter()
        .filter_map(|(area, timeline)| {
            let stated = timeline.stated_at(at)?;
            Some(wire::AreaInheritance {
                area: named(area),
                inheritance: i32::from(stated.value.number()),
                since: Some(timestamp(stated.effective_at)),
            })
        })
        .collect();
    out.context = settings.context.at(at).map(wire_context);
    out.labels = settings.labels_at(at).iter().map(ToString::to_string).collect();
    out.floors = settings
        .floors
        .keys()
        .filter_map(|area| {
            let stated = settings.floor_stated_at(area, at)?;
            Some(wire::Floor {
                area: named(area),
                level: u32::from(stated.value),
                since: Some(timestamp(stated.effective_at)),
            })
        })
        .collect();
    out
}

/// Where each tailored-out area was recorded, in the order in which [`unit`] shows them.
pub(crate) fn tailored_at(views: &Views, id: UnitId, at: At) -> Vec<u64> {
    let settings = views.history(id).map(|history| &history.settings);
    let timelines = settings.into_iter().flat_map(|settings| settings.tailored_out.values());
    let stated = timelines.filter_map(|timeline| timeline.stated_at(at));
    stated.filter(|stated| stated.value).map(|stated| stated.position).collect()
}

fn wire_context(from: &Context) -> wire::Context {
    wire::Context {
        customer_base: from.customer_base.as_ref().map(ToString::to_string).unwrap_or_default(),
        assurance_need: from.assurance_need.map_or(0, |need| i32::from(need.number())),
        activity: from.activity.map_or(0, |activity| i32::from(activity.number())),
        disciplines: from.disciplines.iter().map(ToString::to_string).collect(),
    }
}

fn adopted(timeline: &Timeline<Document>, at: At) -> Option<wire::Adopted> {
    let Stated { effective_at, value, .. } = timeline.stated_at(at)?;
    Some(adopted_since(value, *effective_at))
}

pub(crate) fn adopted_since(held: &Document, since: gradus_model::Timestamp) -> wire::Adopted {
    wire::Adopted {
        id: held.id.to_string(),
        digest: digest(&held.digest),
        since: Some(timestamp(since)),
    }
}
