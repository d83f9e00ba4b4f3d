//! The laws of differences, for random tales.

use std::collections::BTreeMap;

use gradus_domain::course::{AreaState, state_at};
use gradus_domain::difference::{Movement, Side, Stage};
use gradus_domain::explain::courses;
use gradus_domain::sse_cmm::LevelAnswer;
use gradus_domain::world::World as _;
use gradus_domain::{At, UnitState};
use gradus_model::rating::Value;
use gradus_model::{AppraisalId, Event};
use proptest::prelude::*;

use super::between;
use crate::distrusts::{distrusted, of_principal, of_source, restored};
use crate::given::{Fact, day, document, rated, submitted, unit};
use crate::made_up::{DAY_MICROS, has_new_id, moment, proposal, propose};
use crate::tale::{BEGUN, Tale, moved, stamp, tiny_area};

fn told() -> impl Strategy<Value = (&'static str, Fact)> {
    let who = prop_oneof![3 => Just("app"), 2 => Just("team"), 1 => Just("org")];
    let moves =
        (prop::sample::select(&["team", "org"][..]), moment()).prop_map(|(parent, moment)| {
            let mut fact = moved("app", parent);
            fact.proposal.effective_at = moment;
            ("org", fact)
        });
    prop_oneof![30 => (who, proposal()), 1 => moves, 2 => source()]
}

/// That a source is distrusted for an interval, or the latest distrust taken back.
fn source() -> impl Strategy<Value = (&'static str, Fact)> {
    let suspects = [of_principal("bot"), of_principal("bob"), of_source("git")];
    let from = prop::option::of((BEGUN..BEGUN + 80).prop_map(stamp));
    let until = prop::option::of((BEGUN..BEGUN + 80).prop_map(stamp));
    let distrusts = (prop::sample::select(suspects.to_vec()), from, until)
        .prop_map(|(suspect, from, until)| distrusted(suspect, from, until));
    prop_oneof![2 => distrusts, 1 => Just(restored(0))].prop_map(|fact| ("org", fact))
}

/// A good begin: all of PA01 up to level 2 and PA02 rated, with evidence for it. What is made up
/// later acts on these too.
fn good_begin() -> Vec<Fact> {
    let practices = ["BP.01.01", "BP.01.02", "PA01/GP 2.1.1", "BP.02.01"];
    let targets = practices.map(|practice| format!("tiny:{practice}"));
    let targets = targets.each_ref().map(String::as_str);
    let rated = (0..).zip(targets).map(|(number, target)| {
        rated(&format!("R{number}"), target, Value::Satisfied).on("2025-02-01")
    });
    rated.chain([submitted("E0").for_practices(&targets).on("2025-03-01")]).collect()
}

/// A tale in which each unit's facts are recorded as far as its stream lets them be; mostly the
/// app, the team or both begin well.
pub(crate) fn tale() -> impl Strategy<Value = Tale> {
    let begins = prop::sample::subsequence(vec!["app", "app", "team", "team"], 0..=3);
    (begins, prop::collection::vec(told(), 0..80)).prop_map(|(begins, proposed)| {
        let mut tale = Tale::begun();
        let mut streams: BTreeMap<&str, (UnitState, Vec<Fact>)> = BTreeMap::new();
        let good = |name: &'static str| good_begin().into_iter().map(move |fact| (name, fact));
        for (name, fact) in begins.into_iter().flat_map(good).chain(proposed) {
            let Some(fact) = with_latest(&tale, fact) else { continue };
            // What is for the organization to decide is told in any case.
            let is_told = fact.proposal.event.event_type() < 100;
            let (state, facts) = streams.entry(name).or_default();
            if is_told || (has_new_id(facts, &fact) && propose(state, &fact)) {
                tale.tell(name, &of_an_appraisal(fact.clone(), tale.size()));
                facts.push(fact);
            }
        }
        tale
    })
}

/// A restoration names the latest distrust; none without one.
fn with_latest(tale: &Tale, mut fact: Fact) -> Option<Fact> {
    if let Event::SourceRestored(of) = &mut fact.proposal.event {
        let latest = tale.registry().distrusts().rfind(|of| of.restored.is_none());
        of.distrust = latest?.position;
    }
    Some(fact)
}

/// Every third rating of a person as if a closed appraisal had given it: streams take none yet.
fn of_an_appraisal(mut fact: Fact, position: u64) -> Fact {
    if let Event::PracticeRated(rating) = &mut fact.proposal.event
        && rating.basis.is_none()
        && position.is_multiple_of(3)
    {
        rating.appraisal = Some(AppraisalId([7; 16]));
    }
    fact
}

/// An area of the made-up model, mostly that with two practices.
pub(crate) fn any_area() -> impl Strategy<Value = &'static str> {
    prop_oneof![5 => Just("PA01"), 3 => Just("PA02"), 1 => Just("PA03")]
}

/// Rules to ask with, mostly those in force.
pub(crate) fn any_rules() -> impl Strategy<Value = Option<&'static str>> {
    prop::option::weighted(0.3, prop::sample::select(&["strict", "loose", "hasty", "nplf"][..]))
}

/// How many records are known, days from the first moment of a tale on, and the rules.
type Coordinate = (prop::sample::Index, i64, Option<&'static str>);

pub(crate) fn coordinate() -> impl Strategy<Value = Coordinate> {
    (any::<prop::sample::Index>(), -10_i64..1200, any_rules())
}

pub(crate) fn side(tale: &Tale, (size, days, rules): Coordinate) -> Side {
    let known = size.index(usize::try_from(tale.size() - BEGUN).unwrap() + 1) as u64;
    let first = day("2025-01-01");
    let valid_at = first.plus_micros(days * DAY_MICROS);
    Side {
        unit: unit("app"),
        at: At { valid_at, size: BEGUN + known },
        known_at: Some(first.plus_micros(200 * DAY_MICROS)),
        rules: rules.map(document),
    }
}

/// The state as a course answers it, which knows nothing of differences.
fn answered(tale: &Tale, area: &str, side: &Side) -> Option<AreaState> {
    let rules = side.rules.as_ref();
    let own = courses(tale, side.at.size, rules);
    state_at(tale, side.unit, &tiny_area(area), side.at, rules, &own)
}

type Bounds = Option<(Option<(u8, u8)>, Option<(u8, u8)>)>;

fn bounds(state: Option<AreaState>) -> Bounds {
    let of = |answer| match answer {
        LevelAnswer::Range { at_least, at_most, .. } => Some((at_least, at_most)),
        _ => None,
    };
    state.map(|state| (of(state.rated), of(state.ongoing)))
}

/// How far all movements together lift the lower bound of a level, where all have one.
fn sum(movements: &[Movement], of: fn(&AreaState) -> LevelAnswer) -> Option<i32> {
    let at_least = |state: Option<AreaState>| match of(&state?) {
        LevelAnswer::Range { at_least, .. } => Some(i32::from(at_least)),
        _ => None,
    };
    movements.iter().map(|one| Some(at_least(one.after)? - at_least(one.before)?)).sum()
}

fn levels(state: Option<AreaState>) -> Option<(LevelAnswer, LevelAnswer)> {
    state.map(|state| (state.rated, state.ongoing))
}

/// Fewer cases than usual, since each is a tale of up to 80 facts.
pub(crate) fn cases() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: usual.cases.div_ceil(4), ..usual }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn the_movements_join_the_two_sides_without_a_gap_and_each_has_a_cause(
        tale in tale(),
        area in any_area(),
        from in coordinate(),
        to in coordinate(),
        with_coverage: bool,
    ) {
        let (from, to) = (side(&tale, from), side(&tale, to));
        let difference = between(&tale, area, &from, &to, with_coverage);
        prop_assert_eq!(difference.from, answered(&tale, area, &from));
        prop_assert_eq!(difference.to, answered(&tale, area, &to));
        let mut state = difference.from;
        for movement in &difference.movements {
            if with_coverage {
                prop_assert_eq!(movement.before, state);
                prop_assert_ne!(movement.before, movement.after);
            } else {
                prop_assert_eq!(levels(movement.before), levels(state));
                prop_assert!(!movement.is_of_coverage_only());
            }
            prop_assert!(!movement.causes.is_empty(), "{movement:?}");
            state = movement.after;
        }
        if with_coverage {
            prop_assert_eq!(state, difference.to);
        }
        prop_assert_eq!(levels(state), levels(difference.to));
        for of in [|state: &AreaState| state.rated, |state: &AreaState| state.ongoing] {
            if let Some(moved) = sum(&difference.movements, of) {
                let at_least = |state: Option<AreaState>| {
                    state.map(|state| match of(&state) {
                        LevelAnswer::Range { at_least, .. } => i32::from(at_least),
                        _ => 0,
                    })
                };
                let whole = at_least(difference.to).zip(at_least(difference.from));
                prop_assert_eq!(moved, whole.map_or(0, |(to, from)| to - from));
            }
        }
        if bounds(difference.from) != bounds(difference.to) {
            prop_assert!(!difference.movements.is_empty());
        }
    }

    #[test]
    fn the_way_back_within_a_stage_is_the_way_there_undone(
        tale in tale(),
        area in any_area(),
        from in coordinate(),
        days in -10_i64..1200,
    ) {
        let from = side(&tale, from);
        let first = day("2025-01-01");
        let at = At { valid_at: first.plus_micros(days * DAY_MICROS), ..from.at };
        let to = Side { at, ..from.clone() };
        let there = between(&tale, area, &from, &to, true);
        let back = between(&tale, area, &to, &from, true);
        let undone: Vec<Movement> = back.movements.into_iter().rev().map(|one| Movement {
            backwards: !one.backwards,
            before: one.after,
            after: one.before,
            ..one
        }).collect();
        prop_assert_eq!(there.movements, undone);
    }

    #[test]
    fn every_cause_is_a_fact_of_the_point_at_which_it_moves_something(
        tale in tale(),
        area in any_area(),
        from in coordinate(),
        to in coordinate(),
    ) {
        let (from, to) = (side(&tale, from), side(&tale, to));
        for movement in between(&tale, area, &from, &to, true).movements {
            for cause in &movement.causes {
                match (movement.stage, cause.position) {
                    // The record that is new is the only one that can be behind it.
                    (Stage::Learnt, position) => {
                        prop_assert_eq!(position, Some(movement.size - 1));
                    }
                    (Stage::Happened, position) => {
                        prop_assert!(position.is_some_and(|position| position < movement.size));
                    }
                    (Stage::Rules | Stage::OtherUnit, position) => prop_assert_eq!(position, None),
                }
            }
        }
    }
}
