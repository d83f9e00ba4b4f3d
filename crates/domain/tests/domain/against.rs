//! What was agreed on in one appraisal and speaks against itself.

use expect_test::expect;
use gradus_domain::appraisal::against;
use gradus_model::Event;
use gradus_model::appraisal::Subject;
use gradus_model::rating::Value;

use crate::appraisals::{A1, agreed, appraisals, opened};
use crate::given::{Fact, target, unit};

fn rated(practice: &str, instance: Option<&str>, value: Value) -> Fact {
    let mut fact = agreed(practice);
    if let Event::ConsensusReached(of) = &mut fact.proposal.event {
        of.value = Some(value);
        of.subject.instance = instance.map(|name| name.parse().unwrap());
    }
    fact
}

fn told(facts: &[Fact], practice: &str, value: Value) -> Vec<String> {
    let known = appraisals(&[&[opened()], facts].concat());
    let subject = Subject { unit: unit("app"), target: target(practice), instance: None };
    against(known.get(A1).unwrap(), &subject, value).iter().map(ToString::to_string).collect()
}

#[test]
fn a_feature_rated_as_a_whole_is_held_against_its_practices() {
    let of = |first, second| {
        vec![rated("PA01/GP 2.1.1", None, first), rated("PA01/GP 2.1.2", None, second)]
    };
    let nothing = of(Value::Not, Value::Not);
    expect!["its practices say otherwise: PA01/GP 2.1.1 was rated N"]
        .assert_eq(&told(&nothing, "PA01/2.1", Value::Largely).join("; "));
    expect!["its practices say otherwise: PA01/GP 2.1.1 was rated F"]
        .assert_eq(&told(&of(Value::Fully, Value::Partially), "PA01/2.1", Value::Not).join("; "));
    // Some of it was found, and some was not.
    let mixed = of(Value::Fully, Value::Not);
    assert!(told(&mixed, "PA01/2.1", Value::Largely).is_empty());
    assert!(told(&mixed, "PA01/2.1", Value::Not).is_empty());
    // Other features, areas and instances say nothing of it.
    assert!(told(&nothing, "PA01/2.2", Value::Fully).is_empty());
    assert!(told(&nothing, "PA02/2.1", Value::Fully).is_empty());
    let of_line = vec![rated("PA01/GP 2.1.1", Some("line-1"), Value::Not)];
    assert!(told(&of_line, "PA01/2.1", Value::Fully).is_empty());
}

#[test]
fn what_is_not_performed_is_not_managed() {
    let none = vec![
        rated("BP.01.01", None, Value::NotSatisfied),
        rated("BP.01.02", None, Value::NotSatisfied),
    ];
    expect!["no base practice of the area is performed: BP.01.01 was rated not-satisfied"]
        .assert_eq(&told(&none, "PA01/GP 2.1.1", Value::Satisfied).join("; "));
    assert!(told(&none, "PA01/GP 2.1.1", Value::NotSatisfied).is_empty());
    assert!(told(&none, "PA02/GP 2.1.1", Value::Satisfied).is_empty());
    assert!(told(&none, "BP.01.03", Value::Satisfied).is_empty());
    let some = [none, vec![rated("BP.01.03", None, Value::Satisfied)]].concat();
    assert!(told(&some, "PA01/GP 2.1.1", Value::Satisfied).is_empty());
}

#[test]
fn a_sibling_instance_with_nothing_of_it_speaks_against_one_with_some() {
    let sibling = vec![rated("BP.01.01", Some("line-1"), Value::NotSatisfied)];
    expect!["line-1 was rated not-satisfied"]
        .assert_eq(&told(&sibling, "BP.01.01", Value::Satisfied).join("; "));
    assert!(told(&sibling, "BP.01.01", Value::NotSatisfied).is_empty());
    assert!(told(&sibling, "BP.01.02", Value::Satisfied).is_empty());
    // Values on two scales are not compared.
    assert!(told(&sibling, "BP.01.01", Value::Fully).is_empty());
}
