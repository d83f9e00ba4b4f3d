//! The law holds for the views.

use gradus_domain::level::AreaAnswer;
use gradus_model::Recorded;
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

#[test]
fn the_views_answer_what_a_naive_fold_answers() {
    holds(viewed);
}
