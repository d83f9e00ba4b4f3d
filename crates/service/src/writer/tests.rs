//! What the write side decides.

use gradus_domain::Proposal;
use gradus_model::Digest;
use gradus_model::evidence::{Kind, Measure, Outcome, Strength, Subject, Tool};

use super::*;

fn measure(value: i64) -> Measure {
    let (name, unit) = ("coverage".parse().unwrap(), "%".parse().unwrap());
    Measure { name, value, decimals: 0, unit }
}

fn subject(id: &str) -> Subject {
    Subject { kind: "commit".parse().unwrap(), id: id.parse().unwrap() }
}

fn tool(version: &str) -> Option<Tool> {
    let (name, version) = ("gradus-collect".parse().unwrap(), version.parse().unwrap());
    Some(Tool { name, version: Some(version), mapping: None })
}

fn item() -> Item {
    Item {
        evidence: EvidenceId([1; 16]),
        kind: Kind::ScanReport,
        outcome: Outcome::Supports,
        strength: Strength::Direct,
        practices: Vec::new(),
        work_from: None,
        valid_until: None,
        source: Source { name: "scanner".parse().unwrap(), id: "41".parse().unwrap() },
        producer_sequence: None,
        instance: None,
        about: None,
        measures: vec![measure(1), measure(2)],
        subjects: vec![subject("a"), subject("b")],
        tool: tool("0.1.0"),
        attachments: vec![Digest([1; 32]), Digest([2; 32])],
    }
}

/// Whether an item that is put forward again, changed so, is the same item.
fn same(change: impl FnOnce(&mut Item)) -> bool {
    let mut again = item();
    change(&mut again);
    let proposal = |item| Proposal::new(Event::EvidenceSubmitted(item), Timestamp::MIN);
    let there_and_back = [(item(), again.clone()), (again, item())]
        .map(|(one, other)| same_content(&proposal(one), &proposal(other)));
    assert_eq!(there_and_back[0], there_and_back[1]);
    there_and_back[0]
}

#[test]
fn an_item_put_forward_again_with_another_id_or_tool_is_the_same_item() {
    assert!(same(|_| ()));
    assert!(same(|item| item.evidence = EvidenceId([9; 16])));
    assert!(same(|item| item.tool = tool("0.2.0")));
    assert!(same(|item| item.tool = None));
}

#[test]
fn the_order_of_measures_subjects_and_attachments_does_not_matter() {
    assert!(same(|item| {
        item.measures.reverse();
        item.subjects.reverse();
        item.attachments.reverse();
    }));
    assert!(same(|item| item.subjects.push(subject("a"))));
}

#[test]
fn an_item_that_says_something_else_is_not_the_same() {
    assert!(!same(|item| item.strength = Strength::Weak));
    assert!(!same(|item| item.producer_sequence = Some(1)));
    assert!(!same(|item| item.measures[0] = measure(3)));
    assert!(!same(|item| item.measures[0] = measure(2)));
    assert!(!same(|item| item.subjects.push(subject("c"))));
    assert!(!same(|item| item.attachments.clear()));
}
