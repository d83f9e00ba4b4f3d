//! A model small enough for chance to reach its levels, and stories of units that use it.

use std::sync::LazyLock;

use gradus_domain::{Draft, UnitState, Verdict};
use gradus_model::evidence::{Kind, Outcome, Strength};
use gradus_model::rating::Value;
use gradus_model::unit::{Inheritance, Phase};
use gradus_model::{Catalog, Event, Timestamp};
use proptest::prelude::*;

use crate::given::{
    Fact, accepted, confirmed, day, document, ended, entered, erased, fact, inheritance,
    instance_linked, instance_unlinked, labelled, left, linked, marked, occasion, raised, rated,
    rating_ended, rating_withdrawn, rejected, submitted, superseded, tailored_in, tailored_out,
    under, unlinked, withdrawn,
};

/// `tiny`: PA01 with two base practices; PA02, an organizational area, with one; PA03 with none.
pub(crate) static TINY: LazyLock<Catalog> = LazyLock::new(tiny);

fn tiny() -> Catalog {
    let levels = (0..=5).map(|level| {
        format!("[[level]]\nnumber = {level}\ntitle = \"Level {level}\"\ncheck = \"recalled\"\n")
    });
    let features = (1..=5).map(|level| {
        format!(
            "[[common_feature]]\nid = \"{level}.1\"\nlevel = {level}\ntitle = \"Feature {level}\"\n\
             check = \"recalled\"\n[[generic_practice]]\nid = \"GP {level}.1.1\"\nlevel = {level}\n\
             common_feature = \"{level}.1\"\ntitle = \"Practice {level}\"\ncheck = \"recalled\"\n"
        )
    });
    let dimension: String = levels.chain(features).collect();
    let text = format!("{TOP}{dimension}{AREAS}");
    Catalog::parse("tiny.toml", &text, None).unwrap()
}

const TOP: &str = r#"
[model]
id = "tiny"
title = "A made-up model"
edition = "made up"

[counts]
listed_process_areas = 3
listed_base_practices = 3
listed_common_features = 5
"#;

const AREAS: &str = r#"
[[process_area]]
id = "PA01"
number = 1
title = "Two practices"
category = "security-engineering"
bp_check = "recalled"
[[process_area.base_practice]]
id = "BP.01.01"
title = "One"
[[process_area.base_practice]]
id = "BP.01.02"
title = "Two"

[[process_area]]
id = "PA02"
number = 2
title = "One practice"
category = "organizational"
bp_check = "recalled"
[[process_area.base_practice]]
id = "BP.02.01"
title = "One"

[[process_area]]
id = "PA03"
number = 3
title = "Nobody knows"
category = "project"
bp_complete = false
"#;

pub(crate) const PRACTICES: [&str; 7] = [
    "tiny:BP.01.01",
    "tiny:BP.01.02",
    "tiny:BP.02.01",
    "tiny:PA01/GP 2.1.1",
    "tiny:PA01/GP 3.1.1",
    "tiny:PA01/GP 4.1.1",
    "tiny:PA01/GP 5.1.1",
];

pub(crate) const DAY_MICROS: i64 = 86_400_000_000;

/// One of 500 days from 2025-01-01 on, before the server's clock.
pub(crate) fn moment() -> impl Strategy<Value = Timestamp> {
    (0_i64..500).prop_map(|days| day("2025-01-01").plus_micros(days * DAY_MICROS))
}

fn item() -> impl Strategy<Value = String> {
    (0..5).prop_map(|number| format!("E{number}"))
}

fn judged() -> impl Strategy<Value = String> {
    (0..12).prop_map(|number| format!("R{number}"))
}

fn practices() -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::subsequence(&PRACTICES[..], 1..=PRACTICES.len())
}

fn instance() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&["api", "web"][..])
}

fn practice() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&PRACTICES[..])
}

fn submission() -> impl Strategy<Value = Fact> {
    let kind = prop::sample::select(&[Kind::Document, Kind::ScanReport, Kind::Policy][..]);
    let strength = prop::sample::select(Strength::ALL);
    let outcome = prop_oneof![
        8 => Just(Outcome::Supports),
        1 => Just(Outcome::Contradicts),
        1 => Just(Outcome::Inconclusive),
    ];
    let begun = prop::option::of(0_i64..100);
    let until = prop::option::weighted(0.2, moment());
    let who = prop::sample::select(&["bot", "bot", "bob"][..]);
    (item(), practices(), kind, strength, outcome, begun, until, who).prop_map(
        |(name, practices, kind, strength, outcome, begun, until, who)| {
            let submitted = submitted(&name).by(who).for_practices(&practices);
            submitted.of_kind(kind).strength(strength).outcome(outcome).with(|item| {
                item.valid_until = until;
                // Days before the work ended; the end is not known yet.
                item.producer_sequence = begun.map(i64::unsigned_abs);
            })
        },
    )
}

fn judgment() -> impl Strategy<Value = Fact> {
    let value = prop_oneof![
        8 => Just(Value::Satisfied),
        1 => Just(Value::NotSatisfied),
        1 => Just(Value::Largely),
    ];
    let instance = prop::option::weighted(0.1, prop::sample::select(&["a", "b"][..]));
    (judged(), practice(), value, instance, prop::bool::weighted(0.2)).prop_map(
        |(name, practice, value, instance, by_rule)| {
            let rated = rated(&name, practice, value);
            let rated = match instance {
                Some(instance) => rated.of_instance(instance),
                None => rated,
            };
            if by_rule { rated.by_rule() } else { rated }
        },
    )
}

fn floors() -> impl Strategy<Value = Vec<(&'static str, u8)>> {
    let areas = prop::sample::subsequence(&["PA01", "PA02"][..], 1..=2);
    (areas, prop::array::uniform2(1_u8..=5))
        .prop_map(|(areas, levels)| areas.into_iter().zip(levels).collect())
}

fn setting() -> impl Strategy<Value = Fact> {
    let of_tiny = |mut fact: Fact| {
        match &mut fact.proposal.event {
            Event::AreaTailoredOut(of) | Event::AreaTailoredIn(of) => {
                of.area.model = TINY.id().clone();
            }
            Event::AreaInheritanceSet(of) => of.area.model = TINY.id().clone(),
            Event::BaselineRaised(of) => {
                of.floors.iter_mut().for_each(|floor| floor.area.model = TINY.id().clone());
            }
            _ => (),
        }
        fact
    };
    let id = prop::sample::select(&["strict", "loose"][..]);
    let how = prop::sample::select(Inheritance::ALL);
    let phase = prop::sample::select(&[Phase::Design, Phase::Operation][..]);
    prop_oneof![
        id.clone().prop_map(|id| fact(Event::RulesAdopted(document(id)))),
        id.prop_map(|id| fact(Event::ModelAdopted(document(id)))),
        Just(tailored_out("PA01")),
        Just(tailored_in("PA01")),
        how.prop_map(|how| inheritance("PA01", how)),
        prop::sample::subsequence(&["critical", "internal"][..], 0..=2)
            .prop_map(|labels| labelled(&labels)),
        floors().prop_map(|floors| raised(&floors)),
        phase.clone().prop_map(entered),
        phase.prop_map(left),
        prop::sample::select(&["1.0", "1.1"][..]).prop_map(marked),
    ]
    .prop_map(of_tiny)
}

pub(crate) fn proposal() -> impl Strategy<Value = Fact> {
    let any = prop_oneof![
        5 => submission(),
        8 => judgment(),
        2 => item().prop_map(|name| accepted(&name)),
        1 => item().prop_map(|name| rejected(&name)),
        1 => item().prop_map(|name| withdrawn(&name)),
        1 => item().prop_map(|name| ended(&name)),
        1 => (item(), item()).prop_map(|(name, by)| superseded(&name, &by)),
        1 => item().prop_map(|name| confirmed(&name)),
        1 => (item(), practices()).prop_map(|(name, practices)| linked(&name, &practices)),
        1 => (item(), practices()).prop_map(|(name, practices)| unlinked(&name, &practices)),
        1 => (item(), instance()).prop_map(|(name, instance)| instance_linked(&name, &[instance])),
        1 => (item(), instance()).prop_map(|(name, instance)| instance_unlinked(&name, &[instance])),
        1 => (0_u64..40).prop_map(erased),
        1 => judged().prop_map(|name| rating_withdrawn(&name)),
        1 => judged().prop_map(|name| rating_ended(&name)),
        2 => setting(),
    ];
    (any, moment()).prop_map(|(mut fact, moment)| {
        fact.proposal.effective_at = moment;
        if let Event::EvidenceSubmitted(item) = &mut fact.proposal.event {
            let begun = item.producer_sequence.take().and_then(|days| i64::try_from(days).ok());
            item.work_from = begun.map(|days| moment.plus_micros(-days * DAY_MICROS));
        }
        fact
    })
}

/// What of some proposals is recorded, in their order.
pub(crate) fn story() -> impl Strategy<Value = Vec<Fact>> {
    prop::collection::vec(proposal(), 0..50).prop_map(|proposals| {
        let mut state = UnitState::default();
        let mut story = Vec::new();
        for proposed in proposals {
            if has_new_id(&story, &proposed) && propose(&mut state, &proposed) {
                story.push(proposed);
            }
        }
        story
    })
}

/// Each call draws ids of its own: no two ratings share one.
pub(crate) fn has_new_id(story: &[Fact], proposed: &Fact) -> bool {
    let Event::PracticeRated(new) = &proposed.proposal.event else { return true };
    story.iter().all(|fact| match &fact.proposal.event {
        Event::PracticeRated(known) => known.rating != new.rating,
        _ => true,
    })
}

/// Whether a proposal is recorded; then the state has it.
pub(crate) fn propose(state: &mut UnitState, proposed: &Fact) -> bool {
    let mut draft = Draft::of(state);
    let answer = draft.propose(&occasion(proposed), &under(&TINY), &proposed.proposal);
    let change = draft.finish();
    let recorded = answer == Ok(Verdict::Record);
    if recorded {
        state.absorb(change);
    }
    recorded
}

pub(crate) fn state(story: &[Fact]) -> UnitState {
    let mut state = UnitState::default();
    for fact in story {
        assert!(propose(&mut state, fact));
    }
    state
}
