//! The rule rater: what it would record, and what it leaves to people.

use gradus_domain::{At, Draft, Rules, rater};
use gradus_model::evidence::{Outcome, Strength};
use gradus_model::rating::Value;
use gradus_model::{Digest, Event};

use crate::given::{
    Fact, ISO, STRICT, TRUSTING, at, digest, ended, history, name_of, occasion, question, rated,
    rating, rating_ended, shown, state, submitted, under, who, withdrawn,
};

const RULES: Digest = Digest([3; 32]);

fn run_under(rules: &Rules, facts: &[Fact], at: At) -> Vec<Fact> {
    let question = question(at, rules);
    let id = |number: u32| rating(&format!("rule {} {number}", facts.len()));
    let proposals = rater::rate(&question, 42, RULES, &history(facts), id);
    proposals.into_iter().map(|proposal| Fact { proposal, actor: who("bot") }).collect()
}

fn told(facts: &[Fact]) -> Vec<String> {
    let told = |fact: &Fact| {
        let on = shown(fact.proposal.effective_at);
        match &fact.proposal.event {
            Event::PracticeRated(rating) => {
                format!("{} {} from {on}", rating.target.practice, rating.value)
            }
            Event::RatingEnded(of) => format!("{} ended on {on}", name_of(of.rating.0)),
            other => panic!("the rater proposes {}", other.name()),
        }
    };
    facts.iter().map(told).collect()
}

/// What the rater would record on a day, given facts.
fn run(facts: &[Fact], on: &str) -> Vec<String> {
    told(&run_under(&TRUSTING, facts, at(on)))
}

fn by_rule(name: &str) -> Fact {
    rated(name, "BP.01.01", Value::Satisfied).by_rule().on("2026-03-01")
}

#[test]
fn covered_base_practices_are_satisfied_and_nothing_is_ever_unsatisfied() {
    let facts = [
        submitted("E1").for_practices(&["BP.01.01", "PA01/GP 2.1.1", "PA01/2.1"]),
        submitted("E2").for_practices(&["BP.01.02"]).outcome(Outcome::Contradicts),
        submitted("E3").for_practices(&["BP.22.05"]),
    ];
    assert_eq!(
        run(&facts, "2026-03-01"),
        ["BP.01.01 satisfied from 2026-03-01", "BP.22.05 satisfied from 2026-03-01"]
    );
    assert!(run(&facts, "2026-02-28").is_empty());
    assert!(run(&facts, "2028-01-01").is_empty());
}

#[test]
fn rules_without_a_rater_rate_nothing() {
    assert!(run_under(&STRICT, &[submitted("E1")], at("2026-03-01")).is_empty());
}

#[test]
fn a_rating_of_a_rule_names_its_basis() {
    let rated = run_under(&TRUSTING, &[submitted("E1")], at("2026-03-01"));
    let Event::PracticeRated(rating) = &rated[0].proposal.event else { panic!() };
    let basis = rating.basis.unwrap();
    assert_eq!((shown(basis.valid_at), basis.log_size), ("2026-03-01".to_owned(), 42));
    assert_eq!((basis.rules, name_of(rating.rating.0)), (RULES, "rule 1 0".to_owned()));
    assert_ne!(basis.rules, digest("trusted-tools"));
}

#[test]
fn evidence_too_weak_for_the_rater_rates_nothing_and_still_speaks_against() {
    let indirect = |name: &str| submitted(name).strength(Strength::Indirect);
    assert!(run(&[indirect("E1")], "2026-03-01").is_empty());
    let against = [submitted("E1"), indirect("E2").outcome(Outcome::Contradicts)];
    assert!(run(&against, "2026-03-01").is_empty());
    let mut rated_before = vec![by_rule("R1")];
    rated_before.extend(against);
    assert_eq!(run(&rated_before, "2026-04-01"), ["R1 ended on 2026-04-01"]);
}

#[test]
fn what_stands_and_is_covered_stays() {
    assert!(run(&[submitted("E1"), by_rule("R1")], "2026-04-01").is_empty());
}

#[test]
fn its_own_rating_ends_when_coverage_is_gone_and_is_given_anew_when_it_is_back() {
    let mut facts = vec![submitted("E1"), by_rule("R1"), ended("E1").on("2026-04-01")];
    assert_eq!(run(&facts, "2026-05-01"), ["R1 ended on 2026-05-01"]);
    facts.extend([rating_ended("R1").on("2026-05-01"), submitted("E2").on("2026-05-15")]);
    assert!(run(&facts, "2026-05-14").is_empty());
    assert_eq!(run(&facts, "2026-06-01"), ["BP.01.01 satisfied from 2026-06-01"]);
}

#[test]
fn its_own_rating_may_end_where_it_began() {
    let facts = [submitted("E1"), by_rule("R1"), withdrawn("E1")];
    assert_eq!(run(&facts, "2026-03-01"), ["R1 ended on 2026-03-01"]);
}

#[test]
fn what_a_person_rated_is_neither_replaced_nor_ended() {
    let by_a_person = rated("R1", "BP.01.01", Value::NotSatisfied);
    assert!(run(&[submitted("E1"), by_a_person.clone()], "2026-04-01").is_empty());
    assert!(run(std::slice::from_ref(&by_a_person), "2026-04-01").is_empty());
    let ended = [submitted("E1"), by_a_person, rating_ended("R1").on("2026-04-01")];
    assert_eq!(run(&ended, "2026-04-01"), ["BP.01.01 satisfied from 2026-04-01"]);
}

#[test]
fn its_own_rating_ends_even_while_a_persons_stands_before_it() {
    let facts = [
        submitted("E1"),
        by_rule("R1"),
        rated("R2", "BP.01.01", Value::NotSatisfied),
        withdrawn("E1"),
    ];
    assert_eq!(run(&facts, "2026-04-01"), ["R1 ended on 2026-04-01"]);
}

#[test]
fn all_it_proposes_is_recorded_on_behalf_of_a_service_and_then_it_has_no_more_to_say() {
    let mut facts = vec![
        submitted("E1"),
        submitted("E2").for_practices(&["BP.01.02", "BP.05.01"]),
        rated("R1", "BP.01.03", Value::Satisfied).by_rule(),
    ];
    let proposed = run_under(&TRUSTING, &facts, at("2026-04-01"));
    assert_eq!(proposed.len(), 4);
    let state = state(&facts);
    let mut draft = Draft::of(&state);
    for fact in &proposed {
        let verdict = draft.propose(&occasion(fact), &under(&ISO), &fact.proposal);
        assert_eq!(verdict, Ok(gradus_domain::Verdict::Record));
    }
    facts.extend(proposed);
    assert!(run(&facts, "2026-04-01").is_empty());
}
