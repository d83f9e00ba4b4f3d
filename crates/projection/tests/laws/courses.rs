//! The law holds for the courses of areas: read at a moment they say what is said of that moment.

use std::sync::Arc;

use gradus_domain::course::{AreaState, course, own_course, state_at};
use gradus_model::unit::AreaRef;
use gradus_model::{AreaId, Recorded, UnitId};
use gradus_projection::{Library, Views};

use crate::law::{Answers, AreaFacts, Question, holds, holds_for, seeds};
use crate::world::PUBLISHED;

/// Asks for one state, or for a whole course and reads it at the moment.
#[derive(Clone, Copy)]
enum Way {
    State,
    Course,
}

struct Coursed {
    views: Views,
    library: Library,
    way: Way,
}

fn coursed(events: &[Recorded], way: Way) -> Coursed {
    let mut views = Views::default();
    for recorded in events {
        views.apply(recorded);
    }
    Coursed { views, library: PUBLISHED.library(), way }
}

impl Answers for Coursed {
    fn levels(&self, question: &Question) -> Option<Vec<AreaFacts>> {
        let Question { unit, at, rules, areas } = question;
        if !self.views.knows(*unit, at.size) {
            return None;
        }
        let world = self.views.with(&self.library);
        let basis = self.views.basis(&self.library, *unit, *at, rules.clone()).ok()?;
        let rules = rules.as_ref();
        let own = |unit: UnitId, area: &AreaRef| {
            Some(Arc::new(own_course(&world, unit, area, at.size, rules)))
        };
        let state = |area: &AreaId| {
            let reference = AreaRef { model: basis.catalog.id().clone(), area: *area };
            let state = match self.way {
                Way::State => state_at(&world, *unit, &reference, *at, rules, &own),
                Way::Course => {
                    *course(&world, *unit, &reference, at.size, rules, &own).at(at.valid_at)
                }
            };
            state.map(|state| facts(*area, &state))
        };
        Some(areas.iter().filter_map(state).collect())
    }
}

fn facts(area: AreaId, state: &AreaState) -> AreaFacts {
    AreaFacts {
        area,
        rated: state.rated,
        ongoing: state.ongoing,
        covered: state.coverage.supported.into(),
        contradicted: state.coverage.contradicted.into(),
        lapsed: state.coverage.lapsed.into(),
        inherited_from: state.inherited_from,
    }
}

#[test]
fn a_state_says_what_a_naive_fold_says() {
    holds(|events| coursed(events, Way::State));
}

#[test]
fn a_course_says_at_each_moment_what_a_naive_fold_says() {
    holds_for(seeds(2), |events| coursed(events, Way::Course));
}
