//! Appraisals: who may say what of one, when it takes effect, and how far its team agrees.

use std::collections::BTreeSet;
use std::sync::Arc;

use expect_test::{Expect, expect};
use gradus_domain::appraisal::{
    ABSTAINED, CARRIED, Scene, State, agreement, decide, dissent_field, stream_of,
};
use gradus_domain::{
    AppraisalRefusal, Appraisals, Draft, Refusal, Rules, UnitState, Verdict, appraisal::Said,
};
use gradus_model::appraisal::{
    Class, EvidenceBase, FindingKind, Independence, Input, Member, Method, Part, ScopedArea,
    Subject,
};
use gradus_model::event::{
    AppraisalClosed, AppraisalInput, ConsensusReached, FindingRecorded, IndividualRatingSealed,
    IndividualRatingsRevealed, OfAppraisal,
};
use gradus_model::rating::Value;
use gradus_model::unit::UnitKind;
use gradus_model::{AppraisalId, Event, Payload, PrincipalId, Timestamp};

use crate::given::{
    Fact, ISO, STRICT, area, day, decide as decide_in_unit, evidence, fact, in_words, occasion,
    organization, rated, state, target, under, unit, who,
};
use crate::imports::of_imports;
use crate::registry::{added, and, disabled, registered, tree};

mod refusals;

pub(crate) const A1: AppraisalId = AppraisalId(*b"A1\0\0\0\0\0\0\0\0\0\0\0\0\0\0");

pub(crate) fn id(name: &str) -> PrincipalId {
    who(name).principal
}

fn team(members: &[(&str, Part)]) -> Vec<Member> {
    members.iter().map(|(name, part)| Member { principal: id(name), part: *part }).collect()
}

/// Sue wants PA01 of `app` looked at, by Leo who leads, Mia, and Oz who looks on.
pub(crate) fn input() -> Input {
    Input {
        units: vec![unit("app")],
        areas: vec![ScopedArea { area: area("PA01"), highest: 1 }],
        instances: vec!["line-1".parse().unwrap()],
        sponsor: id("sue"),
        team: team(&[("leo", Part::Lead), ("mia", Part::Member), ("oz", Part::Observer)]),
        method: Method {
            process: "SSAM 2.0".parse().unwrap(),
            class: Class::Three,
            body: Independence::C,
            lead: Independence::B,
            team: Independence::C,
            rating: None,
            aggregation: None,
        },
        base: None,
    }
}

fn with(change: impl FnOnce(&mut Input)) -> Input {
    let mut input = input();
    change(&mut input);
    input
}

fn opened_with(input: Input) -> Fact {
    fact(Event::AppraisalOpened(AppraisalInput { appraisal: A1, input })).by("sue")
}

pub(crate) fn opened() -> Fact {
    opened_with(input())
}

pub(crate) fn changed() -> Fact {
    let input = with(|input| input.areas[0].highest = 2);
    fact(Event::AppraisalChanged(AppraisalInput { appraisal: A1, input })).by("sue")
}

fn of(practice: &str) -> Subject {
    Subject { unit: unit("app"), target: target(practice), instance: None }
}

fn sealed_as(by: &str, subject: Subject, cites: &[&str], value: &str) -> Fact {
    let evidence = cites.iter().map(|name| evidence(name)).collect();
    let sealed = IndividualRatingSealed { appraisal: A1, subject, evidence };
    let mut fact = fact(Event::IndividualRatingSealed(sealed)).by(by);
    fact.proposal.payload = Payload::empty().with("value", value);
    fact
}

pub(crate) fn sealed(by: &str, practice: &str) -> Fact {
    sealed_as(by, of(practice), &[], "satisfied")
}

fn confirmed(practice: &str, position: &str) -> Fact {
    let mut fact = sealed("leo", practice);
    let value = Payload::empty().with("value", "satisfied");
    fact.proposal.payload = value.with(CARRIED, position);
    fact
}

pub(crate) fn revealed(practices: &[&str]) -> Fact {
    let subjects = practices.iter().map(|practice| of(practice)).collect();
    let revealed = IndividualRatingsRevealed { appraisal: A1, subjects };
    fact(Event::IndividualRatingsRevealed(revealed)).by("leo")
}

fn agreed_as(practice: &str, value: Option<Value>, dissent: &[&str], texts: Payload) -> Fact {
    let dissent = dissent.iter().map(|name| id(name)).collect();
    let (subject, evidence) = (of(practice), Vec::new());
    let reached = ConsensusReached { appraisal: A1, subject, value, evidence, dissent };
    let mut fact = fact(Event::ConsensusReached(reached)).by("leo");
    fact.proposal.payload = texts;
    fact
}

pub(crate) fn agreed(practice: &str) -> Fact {
    agreed_as(practice, Some(Value::Satisfied), &[], Payload::empty())
}

fn left_out(practice: &str) -> Fact {
    let why = Payload::empty().with("rationale", "nobody could be asked");
    agreed_as(practice, None, &[], why)
}

pub(crate) fn found() -> Fact {
    let (kind, practice) = (FindingKind::Strength, Some(target("BP.01.01")));
    let (unit, area) = (None, None);
    let finding =
        FindingRecorded { appraisal: A1, kind, unit, area, practice, evidence: Vec::new() };
    let mut fact = fact(Event::FindingRecorded(finding)).by("mia");
    fact.proposal.payload = Payload::empty().with("text", "well done");
    fact
}

pub(crate) fn signed_off() -> Fact {
    fact(Event::AppraisalSignedOff(OfAppraisal { appraisal: A1 })).by("leo").on("2026-05-31")
}

pub(crate) fn closed(ratings: u64) -> Fact {
    let closed = AppraisalClosed { appraisal: A1, unit: unit("app"), ratings };
    fact(Event::AppraisalClosed(closed)).by("sue").on("2026-05-31")
}

pub(crate) fn cancelled() -> Fact {
    let of = OfAppraisal { appraisal: A1 };
    fact(Event::AppraisalCancelled(of)).by("sue").because("it is not needed")
}

/// The appraisals after `history`, whose first fact has position 100.
pub(crate) fn appraisals(history: &[Fact]) -> Appraisals {
    let mut appraisals = Appraisals::default();
    for (version, fact) in (1..).zip(history) {
        let (actor, effective_at) = (fact.actor.principal, fact.proposal.effective_at);
        let said = Said { position: 99 + version, version, actor, effective_at };
        let of = match &fact.proposal.event {
            Event::AppraisalImported(of) => of.appraisal,
            _ => A1,
        };
        appraisals.evolve(stream_of(of), said, &fact.proposal.event);
    }
    appraisals
}

/// What an appraisal's stream says to a proposal, in an organization whose units have the 2008
/// edition and strict rules; `E1` is an item of before, `E2` one of after the opening.
pub(crate) fn answer(history: &[Fact], proposed: &Fact) -> Result<Verdict, Refusal> {
    let rules = Arc::new(STRICT.clone());
    answer_by(&|_| Arc::clone(&rules), history, proposed)
}

/// The same by the rules in force at each moment.
pub(crate) fn answer_by(
    rules: &dyn Fn(Timestamp) -> Arc<Rules>,
    history: &[Fact],
    proposed: &Fact,
) -> Result<Verdict, Refusal> {
    let people = ["sue", "leo", "mia", "oz", "max"].map(added);
    let units = [registered("other", UnitKind::Project, Some("red"))];
    let gone = [added("gone"), disabled("gone"), added("bot")];
    let registry = organization(&and(and(and(tree(), people), units), gone));
    let model = Arc::new(ISO.clone());
    let scene = Scene {
        registry: &registry,
        appraisals: &appraisals(history),
        size: 100 + history.len() as u64,
        basis: &|_, at| Some((Arc::clone(&model), rules(at))),
        evidence: &|_, id| match id {
            _ if id == evidence("E1") => Some(7),
            _ if id == evidence("E2") => Some(101),
            _ => None,
        },
        carried: &|_, subject, position| {
            (*subject == of("BP.01.01") && position == 7).then_some(Value::Satisfied)
        },
    };
    decide(&scene, &occasion(proposed), &proposed.proposal)
}

fn check(history: &[Fact], proposed: Fact, expected: Expect) {
    expected.assert_eq(&in_words(&answer(history, &proposed)));
}

/// All four practices of the area, rated by both, revealed and agreed on.
fn done() -> Vec<Fact> {
    let practices = ["BP.01.01", "BP.01.02", "BP.01.03", "BP.01.04"];
    let mut facts = vec![opened()];
    for practice in practices {
        facts.extend([sealed("leo", practice), sealed("mia", practice)]);
    }
    facts.push(revealed(&practices));
    facts.extend(practices[..3].iter().map(|practice| agreed(practice)));
    facts.push(left_out("BP.01.04"));
    facts
}

#[test]
fn an_appraisal_goes_from_its_opening_to_the_approval() {
    let life = [done(), vec![found(), signed_off(), closed(3)]].concat();
    for (size, fact) in life.iter().enumerate() {
        assert_eq!(answer(&life[..size], fact), Ok(Verdict::Record), "{size}: {fact:?}");
        let known = appraisals(&life[..=size]);
        let state = known.get(A1).unwrap().state();
        let expected = match &fact.proposal.event {
            Event::AppraisalClosed(_) => State::Closed,
            Event::AppraisalSignedOff(_) => State::SignedOff,
            _ => State::Open,
        };
        assert_eq!(state, expected, "{size}");
    }
    let known = appraisals(&life);
    let known = known.get(A1).unwrap();
    let yields: Vec<String> = known
        .yields(unit("app"))
        .map(|(subject, ..)| subject.target.practice.to_string())
        .collect();
    assert_eq!(yields, ["BP.01.01", "BP.01.02", "BP.01.03"]);
}

#[test]
fn the_same_approval_changes_nothing() {
    let life = [done(), vec![signed_off(), closed(3)]].concat();
    check(&life, closed(3), expect!["already so"]);
}

#[test]
fn whatever_is_said_after_the_sign_off_takes_it_back() {
    for later in [agreed("BP.01.04"), found(), sealed_as("mia", of("BP.01.04"), &[], ABSTAINED)] {
        let life = [done(), vec![signed_off(), later]].concat();
        check(
            &life,
            closed(3),
            expect!["refused: the lead has not signed off: what was said last is not signed for"],
        );
    }
}

#[test]
fn the_evidence_is_frozen_where_it_was_opened_unless_another_point_is_given() {
    let known = appraisals(&[opened()]);
    let base = known.get(A1).unwrap().base;
    assert_eq!((base.valid_at, base.log_size), (day("2026-03-01"), 100));
    let base = EvidenceBase { valid_at: day("2026-02-01"), log_size: 50 };
    let known = appraisals(&[opened_with(with(|input| input.base = Some(base)))]);
    assert_eq!(known.get(A1).unwrap().base, base);
    // A change that says nothing of it leaves it where it was.
    let known = appraisals(&[opened_with(with(|input| input.base = Some(base))), changed()]);
    assert_eq!(known.get(A1).unwrap().base, base);
}

#[test]
fn a_rating_given_again_before_it_is_revealed_replaces_the_one_before() {
    let again = sealed_as("mia", of("BP.01.01"), &["E1"], "not-satisfied");
    let life = [opened(), sealed("mia", "BP.01.01"), again];
    assert_eq!(answer(&life[..2], &life[2]), Ok(Verdict::Record));
    let known = appraisals(&life);
    let given = &known.get(A1).unwrap().ratings[&of("BP.01.01")][&id("mia")];
    assert_eq!((given.said.version, given.evidence.clone()), (3, vec![evidence("E1")]));
}

#[test]
fn a_rating_confirms_what_an_earlier_appraisal_said_with_the_same_value_alone() {
    assert_eq!(answer(&[opened()], &confirmed("BP.01.01", "7")), Ok(Verdict::Record));
    let other = |proposed: Fact, value: &str| {
        let mut fact = proposed;
        fact.proposal.payload = Payload::empty().with("value", value).with(CARRIED, "7");
        in_words(&answer(&[opened()], &fact))
    };
    for value in ["not-satisfied", ABSTAINED] {
        let told = other(sealed("leo", "BP.01.01"), value);
        assert!(told.starts_with("refused: `carried` is 7: no rating of"), "{told}");
    }
    let told = in_words(&answer(&[opened()], &confirmed("BP.01.02", "7")));
    assert!(told.contains("no rating of `iso-21827-2008/BP.01.02`"), "{told}");
}

#[test]
fn dissent_is_kept_with_what_it_holds_instead() {
    let text = Payload::empty().with(&dissent_field(id("mia")), "only at times");
    let reached = agreed_as("BP.01.01", Some(Value::Satisfied), &["mia"], text);
    let life =
        [opened(), sealed("leo", "BP.01.01"), sealed("mia", "BP.01.01"), revealed(&["BP.01.01"])];
    assert_eq!(answer(&life, &reached), Ok(Verdict::Record));
    let known = appraisals(&[&life[..], &[reached]].concat());
    let known = &known.get(A1).unwrap().consensus[&of("BP.01.01")];
    assert_eq!((known.value, known.dissent.clone()), (Some(Value::Satisfied), vec![id("mia")]));
}

#[test]
fn a_rating_of_an_appraisal_is_recorded_by_its_closing_alone() {
    let rating =
        || rated("R1", "BP.01.01", Value::Satisfied).rated_as(|rating| rating.appraisal = Some(A1));
    let words = in_words(&decide_in_unit(&[], &rating()));
    expect!["refused: appraisal is unknown"].assert_eq(&words);
    let state = state(&[]);
    let mut draft = Draft::of(&state);
    draft.closing = Some(A1);
    let proposed = rating();
    let answer = draft.propose(&occasion(&proposed), &under(&ISO), &proposed.proposal);
    assert_eq!(answer, Ok(Verdict::Record));
    assert_eq!(UnitState::default().version, 0);
}

#[test]
fn agreement_is_that_of_the_published_example() {
    // K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section C: four
    // observers, twelve units, missing data; for ordinal data alpha is 0.815.
    let value = |digit: char| match digit {
        '1' => Value::Not,
        '2' => Value::PartiallyLow,
        '3' => Value::Partially,
        '4' => Value::PartiallyHigh,
        _ => Value::LargelyLow,
    };
    let units =
        ["111", "2232", "3333", "3333", "2222", "1234", "4444", "1121", "2222", "555", "11", "3"];
    let rated: Vec<Vec<Value>> =
        units.iter().map(|unit| unit.chars().map(value).collect()).collect();
    let found = agreement(&rated);
    assert_eq!((found.subjects, found.exact, found.alpha), (11, 8, Some(815)));
}

#[test]
fn agreement_that_nothing_can_tell_from_chance_has_no_alpha() {
    let same = vec![vec![Value::Satisfied; 2]; 3];
    assert_eq!(agreement(&same).alpha, None);
    assert_eq!((agreement(&same).subjects, agreement(&same).exact), (3, 3));
    assert_eq!(agreement(&[]).subjects, 0);
    let opposite = vec![vec![Value::Satisfied, Value::NotSatisfied]; 2];
    assert_eq!((agreement(&opposite).exact, agreement(&opposite).alpha), (0, Some(-500)));
}
