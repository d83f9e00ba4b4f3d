//! What a unit may settle for itself.

use expect_test::expect;
use gradus_domain::{Draft, Under, UnitState};
use gradus_model::Event;
use gradus_model::unit::{AssuranceNeed, Context, Inheritance, Phase};

use crate::given::{
    Fact, area, at, check, day, decide, document, entered, fact, in_words, inheritance, known,
    labelled, left, marked, occasion, raised, state, tailored_in, tailored_out,
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
    for proposed in [
        tailored_out("PA01"),
        tailored_in("PA01"),
        inheritance("PA01", Inheritance::Own),
        raised(&[("PA01", 1)]),
    ] {
        let answer =
            Draft::of(&state).propose(&occasion(&proposed), &Under::default(), &proposed.proposal);
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
fn labels_are_recorded_as_a_whole_when_they_change() {
    check(&[], labelled(&[]), expect!["already so"]);
    check(&[], labelled(&["critical"]), expect!["recorded"]);
    let history = [labelled(&["critical", "internal"]).on("2026-01-01")];
    check(&history, labelled(&["critical", "internal"]), expect!["already so"]);
    check(&history, labelled(&["critical"]), expect!["recorded"]);
    check(&history, labelled(&[]), expect!["recorded"]);
    check(&history, labelled(&["critical", "internal"]).on("2025-12-31"), expect!["recorded"]);
    check(
        &[],
        labelled(&["label"; 65]),
        expect!["refused: `labels` has 65 entries, at most 64 are allowed"],
    );
}

#[test]
fn a_unit_has_the_labels_of_the_moment_asked_about() {
    let history = [
        labelled(&["critical", "internal"]).on("2026-02-01"),
        labelled(&["critical"]).on("2026-04-01"),
        labelled(&[]).on("2026-05-01"),
    ];
    let settings = state(&history).settings;
    let labels = |on: &str| {
        let labels = settings.labels_at(at(on));
        labels.iter().map(gradus_model::Label::as_str).collect::<Vec<_>>().join(" and ")
    };
    assert_eq!(
        [labels("2026-01-31"), labels("2026-02-01"), labels("2026-04-30"), labels("2026-05-01")],
        ["", "critical and internal", "critical", ""]
    );
}

#[test]
fn a_baseline_only_rises() {
    let history = [
        raised(&[("PA01", 2), ("PA05", 1)]).on("2026-02-01"),
        raised(&[("PA01", 3)]).on("2026-07-01"),
    ];
    check(&history, raised(&[("PA05", 1)]), expect!["already so"]);
    check(&history, raised(&[("PA05", 1)]).on("2026-01-31"), expect!["recorded"]);
    check(&history, raised(&[("PA05", 1), ("PA11", 1)]), expect!["recorded"]);
    check(&history, raised(&[("PA05", 2)]), expect!["recorded"]);
    check(&history, raised(&[("PA01", 3)]), expect!["recorded"]);
    check(&history, raised(&[]), expect!["already so"]);
    // Whether the higher one has taken effect or is planned.
    for on in ["2026-01-31", "2026-03-01", "2026-07-01", "2030-01-01"] {
        check(
            &history,
            raised(&[("PA05", 2), ("PA01", 2)]).on(on),
            expect![
                "refused: the floor of `PA01` is 3 from 2026-07-01T00:00:00Z on, and 2 is lower: it only rises"
            ],
        );
    }
}

#[test]
fn a_floor_holds_from_its_moment_on_even_if_a_lower_one_begins_later() {
    let history = [
        raised(&[("PA01", 2)]).on("2026-07-01"),
        raised(&[("PA01", 4)]).on("2026-03-01"),
        raised(&[("PA01", 4)]).on("2026-05-01"),
    ];
    let settings = state(&history).settings;
    let floor = |on: &str, size: u64| settings.floor_of(&area("PA01"), known(on, size));
    assert_eq!([floor("2026-02-28", 9), floor("2026-03-01", 9)], [None, Some(4)]);
    assert_eq!([floor("2026-07-01", 9), floor("2026-07-01", 2)], [Some(4), Some(2)]);
    assert_eq!(settings.floor_of(&area("PA02"), at("2026-07-01")), None);
    let stated = settings.floor_stated_at(&area("PA01"), at("2026-07-01")).unwrap();
    assert_eq!(stated.effective_at, day("2026-03-01"), "since when it is so high");
}

#[test]
fn a_floor_is_a_level_of_an_area_of_the_units_model_named_once() {
    check(
        &[],
        raised(&[("PA01", 1), ("PA23", 1)]),
        expect!["refused: process area `PA23` is unknown in model `iso-21827-2008`"],
    );
    check(
        &[],
        raised(&[("PA01", 1), ("PA01", 1)]),
        expect!["refused: process area `PA01` is named twice: name it once"],
    );
    for level in [0, 6, u8::MAX] {
        let expected = format!("refused: level {level} cannot be a floor: use 1 to 5");
        assert_eq!(in_words(&decide(&[], &raised(&[("PA01", level)]))), expected);
    }
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
