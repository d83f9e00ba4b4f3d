//! What the last appraisal proposes to the next one.

use gradus_domain::appraisal::{Appraisal, carried, carried_at};
use gradus_model::appraisal::{EvidenceBase, Subject};
use gradus_model::rating::Value;
use gradus_model::{AppraisalId, Event};

use crate::appraisals::{A1, agreed, appraisals, opened};
use crate::given::{Fact, ISO, STRICT, day, history, rated, rating_withdrawn, target, unit};

const EARLIER: AppraisalId = AppraisalId(*b"earlier\0\0\0\0\0\0\0\0\0");
const LAST: AppraisalId = AppraisalId(*b"last\0\0\0\0\0\0\0\0\0\0\0\0");

fn of(appraisal: AppraisalId, name: &str, practice: &str, value: Value) -> Fact {
    rated(name, practice, value).rated_as(|rating| rating.appraisal = Some(appraisal))
}

/// Two appraisals that were closed, and a rating of everyday work that came later.
fn closed() -> Vec<Fact> {
    vec![
        of(EARLIER, "R1", "BP.01.01", Value::Satisfied).on("2024-05-01"),
        of(EARLIER, "R2", "BP.01.04", Value::Satisfied).on("2024-05-01"),
        of(LAST, "R3", "BP.01.01", Value::NotSatisfied).on("2025-05-01"),
        of(LAST, "R4", "BP.01.02", Value::Satisfied).on("2025-05-01"),
        of(LAST, "R5", "BP.01.03", Value::Satisfied).on("2025-05-01"),
        of(LAST, "R6", "BP.02.01", Value::Satisfied).on("2025-05-01"),
        of(LAST, "R7", "BP.01.04", Value::Fully).on("2025-05-01"),
        of(LAST, "R8", "BP.01.04", Value::Satisfied).of_instance("line-9").on("2025-05-01"),
        rated("R9", "BP.01.01", Value::Satisfied).on("2025-09-01"),
        rating_withdrawn("R5"),
    ]
}

fn open(facts: &[Fact]) -> Appraisal {
    appraisals(facts).get(A1).unwrap().clone()
}

fn proposed(of: &Appraisal, from: Option<AppraisalId>) -> Vec<String> {
    let basis = (&*ISO, &*STRICT);
    let found = carried(of, unit("app"), &history(&closed()), basis, from);
    let line = |one: &gradus_domain::appraisal::Carried| {
        format!("{} {} of {}", one.subject.target.practice, one.value, one.position)
    };
    found.iter().map(line).collect()
}

#[test]
fn the_last_appraisal_proposes_what_is_in_scope_and_stands() {
    let known = open(&[opened()]);
    assert_eq!(proposed(&known, None), ["BP.01.01 not-satisfied of 2", "BP.01.02 satisfied of 3"]);
    assert_eq!(
        proposed(&known, Some(EARLIER)),
        ["BP.01.01 satisfied of 0", "BP.01.04 satisfied of 1"]
    );
    assert!(proposed(&known, Some(A1)).is_empty());
    // What the team agreed on needs no proposal.
    let known = open(&[opened(), agreed("BP.01.01")]);
    assert_eq!(proposed(&known, None), ["BP.01.02 satisfied of 3"]);
}

#[test]
fn proposals_are_those_of_the_frozen_base() {
    let base = |valid_at: &str, log_size: u64| {
        let mut first = opened();
        if let Event::AppraisalOpened(of) = &mut first.proposal.event {
            of.input.base = Some(EvidenceBase { valid_at: day(valid_at), log_size });
        }
        open(&[first])
    };
    // Before it was in force, and before it was recorded, the one before was the last.
    let expected = ["BP.01.01 satisfied of 0", "BP.01.04 satisfied of 1"];
    assert_eq!(proposed(&base("2025-04-30", 100), None), expected);
    assert_eq!(proposed(&base("2026-01-01", 2), None), expected);
    assert!(proposed(&base("2024-01-01", 100), None).is_empty());
    // What is withdrawn later stood then.
    let then = proposed(&base("2026-01-01", 9), None);
    assert_eq!(then.last().map(String::as_str), Some("BP.01.03 satisfied of 4"));
}

#[test]
fn a_position_proposes_to_its_own_subject_alone() {
    let (known, past) = (open(&[opened()]), history(&closed()));
    let of =
        |practice: &str| Subject { unit: unit("app"), target: target(practice), instance: None };
    let value = |practice: &str, position: u64| {
        carried_at(&known, &of(practice), &past, position).map(|one| one.value)
    };
    assert_eq!(value("BP.01.01", 2), Some(Value::NotSatisfied));
    assert_eq!(value("BP.01.01", 0), Some(Value::Satisfied));
    for (practice, position) in [("BP.01.01", 3), ("BP.01.03", 4), ("BP.01.04", 7), ("BP.01.01", 8)]
    {
        assert_eq!(value(practice, position), None, "{practice} at {position}");
    }
}
