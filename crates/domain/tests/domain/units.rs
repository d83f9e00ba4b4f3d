//! What a unit may settle for itself.

use expect_test::expect;
use gradus_domain::{Draft, UnitState};
use gradus_model::Event;
use gradus_model::unit::{AssuranceNeed, Context, Inheritance, Phase};

use crate::given::{
    Fact, check, day, document, entered, fact, in_words, inheritance, left, marked, occasion,
    tailored_in, tailored_out,
};

fn context(disciplines: usize) -> Fact {
    fact(Event::ContextRecorded(Context {
        customer_base: None,
        assurance_need: Some(AssuranceNeed::High),
        activity: None,
        disciplines: (0..disciplines).map(|at| at.to_string().parse().unwrap()).collect(),
    }))
}

fn adopted(id: &str) -> Fact {
    fact(Event::RulesAdopted(document(id)))
}

#[test]
fn adopting_what_is_in_force_is_already_so() {
    let history = [adopted("strict").on("2026-01-01"), adopted("loose").on("2026-07-01")];
    check(&history, adopted("strict").on("2026-03-01"), expect!["already so"]);
    check(&history, adopted("strict").on("2026-08-01"), expect!["recorded"]);
    check(&history, adopted("strict").on("2025-12-31"), expect!["recorded"]);
    check(&history, fact(Event::ModelAdopted(document("strict"))), expect!["recorded"]);
    check(&history, fact(Event::ProfileAdopted(document("strict"))), expect!["recorded"]);
}

#[test]
fn tailoring_needs_a_reason_both_ways() {
    let silent = |mut fact: Fact| {
        fact.proposal.payload = gradus_model::Payload::empty();
        fact
    };
    let history = [tailored_out("PA22").on("2026-01-01")];
    check(&[], silent(tailored_out("PA22")), expect!["refused: a reason is needed"]);
    check(&history, silent(tailored_in("PA22")), expect!["refused: a reason is needed"]);
    check(&history, tailored_in("PA22"), expect!["recorded"]);
}

#[test]
fn an_area_that_does_not_apply_need_not_be_tailored_out_again() {
    let history = [tailored_out("PA22").on("2026-01-01")];
    check(&history, tailored_out("PA22").on("2026-03-01"), expect!["already so"]);
    check(&history, tailored_out("PA22").on("2025-12-31"), expect!["recorded"]);
    check(&[], tailored_in("PA22"), expect!["already so"]);
}

#[test]
fn an_area_of_another_model_cannot_be_settled() {
    let other = |mut fact: Fact| {
        if let Event::AreaTailoredOut(tailoring) = &mut fact.proposal.event {
            tailoring.area.model = "sse-cmm-1997".parse().unwrap();
        }
        fact
    };
    check(
        &[],
        other(tailored_out("PA01")),
        expect!["refused: process area `PA01` is unknown in model `iso-21827-2008`"],
    );
    check(
        &[],
        inheritance("PA23", Inheritance::Own),
        expect!["refused: process area `PA23` is unknown in model `iso-21827-2008`"],
    );
}

#[test]
fn nothing_of_the_model_can_be_settled_without_one() {
    let state = UnitState::default();
    for proposed in
        [tailored_out("PA01"), tailored_in("PA01"), inheritance("PA01", Inheritance::Own)]
    {
        let answer = Draft::of(&state).propose(&occasion(&proposed), None, &proposed.proposal);
        let expected = "refused: the unit has no model on 2026-03-01T00:00:00Z: adopt one first";
        assert_eq!(in_words(&answer), expected);
    }
}

#[test]
fn inheritance_that_nobody_set_is_by_the_rules() {
    check(&[], inheritance("PA17", Inheritance::ByRules), expect!["already so"]);
    check(&[], inheritance("PA17", Inheritance::Own), expect!["recorded"]);
    let history = [inheritance("PA17", Inheritance::Own)];
    check(&history, inheritance("PA17", Inheritance::Own), expect!["already so"]);
}

#[test]
fn circumstances_are_recorded_when_they_change() {
    check(&[], context(1), expect!["recorded"]);
    check(&[context(1)], context(1), expect!["already so"]);
    check(&[context(1)], context(2), expect!["recorded"]);
    check(
        &[],
        context(33),
        expect!["refused: `disciplines` has 33 entries, at most 32 are allowed"],
    );
}

#[test]
fn a_phase_is_left_while_it_is_open() {
    let history = [entered(Phase::Design).on("2026-02-01"), left(Phase::Design).on("2026-04-01")];
    check(&history, left(Phase::Design).on("2026-03-01"), expect!["recorded"]);
    check(&history, left(Phase::Design).on("2026-05-01"), expect!["already so"]);
    check(
        &history,
        left(Phase::Design).on("2026-01-31"),
        expect!["refused: phase `design` was not entered"],
    );
    check(&history, left(Phase::Operation), expect!["refused: phase `operation` was not entered"]);
}

#[test]
fn a_phase_is_entered_while_it_is_not_open() {
    let history = [entered(Phase::Design).on("2026-02-01"), left(Phase::Design).on("2026-04-01")];
    check(&history, entered(Phase::Design).on("2026-03-01"), expect!["already so"]);
    check(&history, entered(Phase::Design).on("2026-01-01"), expect!["recorded"]);
    check(&history, entered(Phase::Design).on("2026-04-01"), expect!["recorded"]);
    check(&history, entered(Phase::Development).on("2026-03-01"), expect!["recorded"]);
    check(&history, entered(Phase::Operation).on("2030-01-01"), expect!["recorded"]);
}

#[test]
fn a_marker_is_placed_once_on_an_instant() {
    let history = [marked("1.0")];
    check(&history, marked("1.0"), expect!["already so"]);
    check(&history, marked("1.1"), expect!["recorded"]);
    check(&history, marked("1.0").on("2026-04-01"), expect!["recorded"]);
}

#[test]
fn settings_are_those_of_the_moment_asked_about() {
    let mut state = UnitState::default();
    for fact in [adopted("strict").on("2026-01-01"), adopted("loose").on("2026-07-01")] {
        let proposal = &fact.proposal;
        state.evolve(fact.actor.principal, proposal.effective_at, &proposal.event);
    }
    let rules = |on: &str| {
        let adopted = state.settings.rules.at(gradus_domain::At::with_everything(day(on)));
        adopted.map_or("none", |held| held.id.as_str()).to_owned()
    };
    assert_eq!(
        [rules("2025-12-31"), rules("2026-01-01"), rules("2026-06-30"), rules("2026-07-01")],
        ["none", "strict", "strict", "loose"]
    );
}
