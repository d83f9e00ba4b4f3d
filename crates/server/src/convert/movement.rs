//! Movements of levels and what they are due to, out.

use gradus_domain::cause::{Cause, EndsBy};
use gradus_domain::compare::Comparable;
use gradus_domain::difference::{Movement, Stage};
use gradus_domain::forecast::Change;
use gradus_model::unit::AreaRef;
use gradus_service::Service;
use gradus_wire::v1 as wire;

use super::{level, timestamp, unit_ref};

/// A change that lies ahead, as known with `size` records.
pub(crate) fn ahead(service: &Service, size: u64, from: &Change) -> wire::Movement {
    let state = |state: &Option<_>| state.as_ref().map(|state| level::state(service, state));
    wire::Movement {
        stage: wire::Stage::Happened.into(),
        valid_at: Some(timestamp(from.instant)),
        log_size: size,
        before: state(&from.before),
        after: state(&from.after),
        causes: from.causes.iter().map(|one| cause(service, one)).collect(),
        backwards: false,
    }
}

/// A movement between two coordinates.
pub(crate) fn movement(service: &Service, from: &Movement) -> wire::Movement {
    let state = |state: &Option<_>| state.as_ref().map(|state| level::state(service, state));
    wire::Movement {
        stage: stage(from.stage).into(),
        valid_at: Some(timestamp(from.valid_at)),
        log_size: from.size,
        before: state(&from.before),
        after: state(&from.after),
        causes: from.causes.iter().map(|one| cause(service, one)).collect(),
        backwards: from.backwards,
    }
}

const fn stage(from: Stage) -> wire::Stage {
    match from {
        Stage::Learnt => wire::Stage::Learnt,
        Stage::Rules => wire::Stage::Rules,
        Stage::Happened => wire::Stage::Happened,
        Stage::OtherUnit => wire::Stage::OtherUnit,
    }
}

/// What a movement is due to.
pub(crate) fn cause(service: &Service, from: &Cause) -> wire::Cause {
    wire::Cause {
        class: from.class.name().to_owned(),
        late: from.late,
        position: from.position,
        practice: from.practice.as_ref().map(ToString::to_string).unwrap_or_default(),
        unit: Some(unit_ref(service, from.unit)),
        evidence: from.evidence.map(|id| id.to_string()).unwrap_or_default(),
        rating: from.rating.map(|id| id.to_string()).unwrap_or_default(),
        ends_by: from.ends_by.as_ref().map(|by| ends_by(by).to_owned()).unwrap_or_default(),
        window: from.ends_by.as_ref().map(window).unwrap_or_default(),
    }
}

/// Why an item no longer speaks, in a word.
pub(crate) const fn ends_by(from: &EndsBy) -> &'static str {
    match from {
        EndsBy::Window(_) => "window",
        EndsBy::Given => "given",
        EndsBy::Ended => "ended",
        EndsBy::Superseded(_) => "superseded",
    }
}

/// The window of the rules that passes, if one does.
pub(crate) fn window(from: &EndsBy) -> String {
    match from {
        EndsBy::Window(period) => period.to_string(),
        EndsBy::Given | EndsBy::Ended | EndsBy::Superseded(_) => String::new(),
    }
}

/// Whether results may be compared.
pub(crate) fn comparability(from: &Comparable) -> wire::Comparability {
    wire::Comparability {
        comparable: from.is_so(),
        reasons: from.reasons.iter().map(ToString::to_string).collect(),
    }
}

/// An area with its model: `iso-21827-2008/PA11`.
pub(crate) fn area(from: &AreaRef) -> String {
    format!("{}/{}", from.model, from.area)
}
