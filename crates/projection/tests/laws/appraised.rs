//! Appraisals as the views know them are what a naive reading of their streams says, however the
//! views came to be.

use std::collections::{BTreeMap, BTreeSet};

use gradus_domain::appraisal::{State, stream_of};
use gradus_model::appraisal::Subject;
use gradus_model::rating::Value;
use gradus_model::{AppraisalId, Event, Recorded, UnitId};
use gradus_projection::Views;

use crate::as_of::forgotten;
use crate::law::{seeds, told};
use crate::made_up::made_up;

/// What is known of an appraisal.
#[derive(Debug, PartialEq, Eq)]
struct Facts {
    state: State,
    is_imported: bool,
    /// What is agreed on, or was brought in for each unit.
    agreed: BTreeMap<Subject, Value>,
    closed: BTreeMap<UnitId, u64>,
    rated: usize,
    findings: usize,
}

fn of_views(views: &Views) -> BTreeMap<AppraisalId, Facts> {
    let facts = |known: &gradus_domain::Appraisal| Facts {
        state: known.state(),
        is_imported: known.imported.is_some(),
        agreed: known
            .input
            .units
            .iter()
            .flat_map(|unit| known.yields(*unit))
            .map(|(subject, value, _)| (subject.clone(), value))
            .collect(),
        closed: known.closed.iter().map(|(unit, (_, ratings))| (*unit, *ratings)).collect(),
        rated: known.ratings.len(),
        findings: known.findings.len(),
    };
    views.appraisals.all().map(|known| (known.id, facts(known))).collect()
}

/// Every question reads the whole log again.
fn naive(events: &[Recorded]) -> BTreeMap<AppraisalId, Facts> {
    let mut ids = Vec::new();
    for recorded in events {
        match &recorded.event {
            Event::AppraisalOpened(of) => ids.push(of.appraisal),
            Event::AppraisalImported(of) => ids.push(of.appraisal),
            _ => (),
        }
    }
    ids.into_iter().map(|id| (id, naive_of(id, events))).collect()
}

fn naive_of(id: AppraisalId, events: &[Recorded]) -> Facts {
    let own: Vec<&Event> = events
        .iter()
        .filter(|recorded| recorded.place.stream == stream_of(id))
        .map(|recorded| &recorded.event)
        .collect();
    let mut units = Vec::new();
    let (mut agreed, mut closed) = (BTreeMap::new(), BTreeMap::new());
    for event in &own {
        match event {
            Event::AppraisalOpened(of) | Event::AppraisalChanged(of) => {
                units.clone_from(&of.input.units);
            }
            Event::AppraisalImported(of) => {
                units.clone_from(&of.input.units);
                closed.extend(units.iter().map(|unit| (*unit, of.ratings)));
            }
            Event::ConsensusReached(of) => {
                agreed.remove(&of.subject);
                agreed.extend(of.value.map(|value| (of.subject.clone(), value)));
            }
            Event::AppraisalClosed(of) => {
                closed.insert(of.unit, of.ratings);
            }
            _ => (),
        }
    }
    let is = |kind: fn(&Event) -> bool| own.iter().filter(|event| kind(event)).count();
    let is_imported = is(|event| matches!(event, Event::AppraisalImported(_))) > 0;
    // It is signed for if nothing was said after the sign-off but approvals.
    let said = own.iter().rev().find(|event| !matches!(event, Event::AppraisalClosed(_)));
    let state = if is(|event| matches!(event, Event::AppraisalCancelled(_))) > 0 {
        State::Cancelled
    } else if units.iter().all(|unit| closed.contains_key(unit)) {
        State::Closed
    } else if matches!(said, Some(Event::AppraisalSignedOff(_))) {
        State::SignedOff
    } else {
        State::Open
    };
    let subjects: BTreeSet<&Subject> = own
        .iter()
        .filter_map(|event| match event {
            Event::IndividualRatingSealed(of) => Some(&of.subject),
            _ => None,
        })
        .collect();
    let findings = is(|event| matches!(event, Event::FindingRecorded(_)));
    Facts { state, is_imported, agreed, closed, rated: subjects.len(), findings }
}

#[test]
fn appraisals_are_what_a_naive_reading_of_their_streams_says() {
    let mut seen: BTreeMap<&'static str, usize> = BTreeMap::new();
    for seed in seeds(1) {
        let history = made_up(seed);
        let mut views = Views::default();
        for (read, recorded) in (1_usize..).zip(&history.events) {
            views.apply(recorded);
            if read % 16 == 0 {
                assert_eq!(of_views(&views), naive(&history.events[..read]), "{}", told(&history));
            }
        }
        let right = naive(&history.events);
        assert_eq!(of_views(&views), right, "{}", told(&history));
        assert_eq!(of_views(&forgotten(&history.events)), right, "{}", told(&history));
        for facts in right.values() {
            let state = if facts.is_imported { "imported" } else { facts.state.name() };
            *seen.entry(state).or_default() += 1;
        }
        follow_from_appraisals(&history.events, &views);
    }
    // Few of some hundred are signed off or closed; which, the seeds say.
    let common = ["imported", "open"];
    assert!(common.iter().all(|state| seen.contains_key(state)), "{seen:?}");
}

/// As many ratings name an appraisal in a unit as its closing there says, in force from then on.
fn follow_from_appraisals(events: &[Recorded], views: &Views) {
    for known in views.appraisals.all() {
        for (unit, (said, ratings)) in &known.closed {
            let own = events.iter().filter(|recorded| recorded.place.stream == *unit);
            let own = own.filter(|recorded| match &recorded.event {
                Event::PracticeRated(rating) => rating.appraisal == Some(known.id),
                _ => false,
            });
            let own: Vec<&Recorded> = own.collect();
            assert_eq!(own.len() as u64, *ratings);
            let follows = |one: &&Recorded| {
                one.effective_at == said.effective_at && one.place.position > said.position
            };
            assert!(own.iter().all(follows));
        }
    }
}
