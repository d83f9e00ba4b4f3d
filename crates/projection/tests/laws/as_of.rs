//! The law holds for the views.

use std::sync::Arc;

use gradus_domain::history::Recall;
use gradus_domain::level::AreaAnswer;
use gradus_model::{Recorded, UnitId};
use gradus_projection::views::stands;
use gradus_projection::{Library, Views};

use crate::law::{Answers, AreaFacts, Question, holds};
use crate::world::PUBLISHED;

struct Viewed {
    views: Views,
    library: Library,
}

fn viewed(events: &[Recorded]) -> Viewed {
    let mut views = Views::default();
    for recorded in events {
        views.apply(recorded);
    }
    Viewed { views, library: PUBLISHED.library() }
}

impl Answers for Viewed {
    fn levels(&self, question: &Question) -> Option<Vec<AreaFacts>> {
        let Question { unit, at, rules, areas } = question;
        if !self.views.knows(*unit, at.size) {
            return None;
        }
        let basis = self.views.basis(&self.library, *unit, *at, rules.clone()).ok()?;
        let answers = self.views.levels(&basis, *unit, *at).ok()?;
        let of = |asked| answers.iter().find(|answer| answer.area == asked);
        Some(areas.iter().filter_map(|area| of(*area)).map(facts).collect())
    }
}

fn facts(answer: &AreaAnswer) -> AreaFacts {
    let coverage = answer.coverage;
    AreaFacts {
        area: answer.area,
        rated: answer.rated,
        ongoing: answer.ongoing,
        covered: coverage.supported.into(),
        contradicted: coverage.contradicted.into(),
        lapsed: coverage.lapsed.into(),
        inherited_from: answer.inherited_from,
    }
}

/// Streams that are read again from memory.
#[derive(Debug)]
struct Kept(Vec<Recorded>);

impl Recall for Kept {
    fn recall(&self, unit: UnitId, version: u64, take: &mut dyn FnMut(&Recorded)) {
        let of_unit = self.0.iter().filter(|recorded| recorded.place.stream == unit);
        of_unit.filter(|recorded| recorded.place.version <= version).for_each(take);
    }
}

fn forgetful(events: &[Recorded]) -> Viewed {
    Viewed { views: forgotten(events), library: PUBLISHED.library() }
}

/// Views that forget all they can after every few events, and begin anew from what stands.
pub(crate) fn forgotten(events: &[Recorded]) -> Views {
    let kept = Arc::new(Kept(events.to_vec()));
    let mut views = Views::recalling(Arc::clone(&kept) as Arc<dyn Recall>);
    for (position, recorded) in (0_usize..).zip(events) {
        views.apply(recorded);
        if position % 7 == 0 {
            views.make_room(0);
        }
        if position == events.len() / 2 {
            let standing: Vec<Recorded> =
                events[..=position].iter().filter(|one| stands(&one.event)).cloned().collect();
            let reached: Vec<_> = views.reached().collect();
            let size = views.cursor;
            let kept = Arc::clone(&kept) as Arc<dyn Recall>;
            views = Views::standing(kept, size, &standing, &reached);
        }
    }
    views
}

#[test]
fn views_that_forget_and_begin_anew_answer_what_a_naive_fold_answers() {
    holds(forgetful);
}

#[test]
fn the_views_answer_what_a_naive_fold_answers() {
    holds(viewed);
}
