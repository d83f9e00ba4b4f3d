//! Where items come from, as the page says it.

use expect_test::expect;
use gradus_wire::v1 as wire;

use crate::running::{System, item, refusal, submit};

/// The evidence ids that were answered, and which of them were there already.
async fn answered(system: &System, items: Vec<wire::EvidenceItem>) -> Vec<(String, bool)> {
    let answer = system.operator.evidence.clone().submit_evidence(submit("alpha", items)).await;
    let items = answer.unwrap().into_inner().items;
    items.into_iter().map(|item| (item.evidence, item.duplicate)).collect()
}

#[tokio::test]
async fn an_item_without_a_source_is_its_own_source_and_can_be_named_by_it() {
    let system = System::alone().await;
    system.project("alpha").await;
    let nameless = || wire::EvidenceItem { source: None, ..item("a") };
    let made = answered(&system, vec![nameless(), nameless()]).await;
    assert!(made[0].0 != made[1].0 && !made[0].1 && !made[1].1, "{made:?}");
    let source = wire::Source { name: "gradus:api".to_owned(), id: made[1].0.clone() };
    let by_source = wire::evidence_ref::Ref::Source(source);
    let asked = wire::AcceptEvidenceRequest {
        unit: "alpha".to_owned(),
        evidence: vec![wire::EvidenceRef { r#ref: Some(by_source) }],
        ..Default::default()
    };
    system.operator.evidence.clone().accept_evidence(asked).await.unwrap();
}

#[tokio::test]
async fn a_caller_cannot_claim_a_source_of_gradus_itself() {
    let system = System::new().await;
    system.project("alpha").await;
    let from = |name: &str| wire::EvidenceItem {
        source: Some(wire::Source { name: name.to_owned(), id: "1".to_owned() }),
        ..item("a")
    };
    for name in ["gradus:api", "gradus:", "gradus:anything"] {
        let mut evidence = system.operator.evidence.clone();
        let asked = submit("alpha", vec![item("b"), from(name)]);
        let told = refusal(&evidence.submit_evidence(asked).await.unwrap_err());
        let expected = format!(
            "InvalidArgument INVALID_FIELD [items[1].source.name]: `items[1].source.name`: \
             `{name}` is a name of Gradus itself: use another one"
        );
        assert_eq!(told, expected);
    }
    for name in ["gradus", "git:gradus:api", "Gradus:api"] {
        assert!(!answered(&system, vec![from(name)]).await[0].1, "{name}");
    }
}

#[tokio::test]
async fn an_item_of_a_newer_tool_with_its_lists_in_another_order_is_the_same_item() {
    let system = System::new().await;
    system.project("alpha").await;
    let by = |version: &str| {
        let version = version.to_owned();
        Some(wire::Tool { name: "collector".to_owned(), version, mapping: String::new() })
    };
    let subject = |id: &str| wire::Subject { kind: "commit".to_owned(), id: id.to_owned() };
    let first = wire::EvidenceItem {
        tool: by("1"),
        subjects: vec![subject("a"), subject("b")],
        ..item("a")
    };
    let mut again = wire::EvidenceItem { tool: by("2"), ..first.clone() };
    again.subjects.reverse();
    let made = answered(&system, vec![first]).await;
    let known = answered(&system, vec![again.clone()]).await;
    assert_eq!((&known[0].0, known[0].1), (&made[0].0, true));
    again.subjects.pop();
    let mut evidence = system.operator.evidence.clone();
    let told = refusal(&evidence.submit_evidence(submit("alpha", vec![again])).await.unwrap_err());
    expect!["AlreadyExists SOURCE_ID_REUSED"].assert_eq(told.split(':').next().unwrap());
}
