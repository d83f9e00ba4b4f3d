//! Calls with several proposals: decided in order, all or nothing.

use gradus_domain::{Draft, UnitState, Verdict};
use gradus_model::rating::Value;

use crate::given::{
    Fact, ISO, accepted, ended, evidence, in_words, linked, occasion, rated, rating_ended, state,
    submitted, superseded, under, withdrawn,
};

/// What each proposal of a call is answered with, up to the first refusal.
fn answers(state: &UnitState, proposals: &[Fact]) -> Vec<String> {
    let mut draft = Draft::of(state);
    let mut answers = Vec::new();
    for proposed in proposals {
        let answer = draft.propose(&occasion(proposed), &under(&ISO), &proposed.proposal);
        answers.push(in_words(&answer));
        if answer.is_err() {
            break;
        }
    }
    answers
}

#[test]
fn later_items_see_the_effect_of_earlier_ones() {
    let call = [
        submitted("E1"),
        accepted("E1"),
        accepted("E1"),
        submitted("E2"),
        superseded("E1", "E2"),
        linked("E2", &["BP.01.02"]),
        ended("E2").on("2026-05-01"),
        rated("R1", "BP.01.01", Value::Satisfied)
            .rated_as(|rating| rating.evidence = vec![evidence("E2")]),
        rating_ended("R1"),
        withdrawn("E1"),
        accepted("E1"),
    ];
    let expected = [
        "recorded",
        "recorded",
        "already so",
        "recorded",
        "recorded",
        "recorded",
        "recorded",
        "recorded",
        "recorded",
        "recorded",
        "refused: evidence `E1` was withdrawn",
    ];
    assert_eq!(answers(&UnitState::default(), &call), expected);
}

#[test]
fn a_call_with_one_bad_item_changes_nothing() {
    let state = state(&[submitted("E1")]);
    let before = format!("{state:?}");
    let call = [accepted("E1"), submitted("E2"), accepted("E3")];
    assert_eq!(
        answers(&state, &call),
        ["recorded", "recorded", "refused: evidence `E3` is unknown in this unit"]
    );
    assert_eq!(format!("{state:?}"), before);
}

#[test]
fn the_same_source_twice_in_one_call_is_seen() {
    let again = submitted("E1").with(|item| item.evidence = evidence("E2"));
    assert_eq!(
        answers(&UnitState::default(), &[submitted("E1"), again]),
        [
            "recorded",
            "refused: source id `E1` of source `git` was used before with other content, as evidence `E1`"
        ]
    );
}

#[test]
fn only_what_is_recorded_gets_a_version() {
    let mut state = state(&[submitted("E1")]);
    let mut draft = Draft::of(&state);
    for (proposed, verdict, version) in [
        (accepted("E1"), Verdict::Record, 2),
        (accepted("E1"), Verdict::AlreadySo, 2),
        (submitted("E2"), Verdict::Record, 3),
    ] {
        let answer = draft.propose(&occasion(&proposed), &under(&ISO), &proposed.proposal);
        assert_eq!(answer, Ok(verdict));
        assert_eq!(draft.version(), version);
    }
    assert_eq!(draft.submitted_as(evidence("E2")), Some(3));
    let change = draft.finish();
    assert_eq!((state.version, Draft::of(&state).submitted_as(evidence("E2"))), (1, None));
    state.absorb(change);
    assert_eq!((state.version, Draft::of(&state).submitted_as(evidence("E2"))), (3, Some(3)));
}

#[test]
fn an_event_of_the_organization_is_counted_in_its_stream_and_changes_no_unit() {
    let empty = UnitState::default();
    let mut draft = Draft::of(&empty);
    draft.count();
    assert_eq!(draft.version(), 1);

    let (mut by_draft, mut by_event) = (UnitState::default(), UnitState::default());
    by_draft.absorb(draft.finish());
    let moved = crate::registry::moved("team", "org");
    by_event.evolve(moved.actor.principal, moved.proposal.effective_at, &moved.proposal.event);
    assert_eq!(format!("{by_draft:?}"), format!("{by_event:?}"));
}
