//! Classes of texts: who may read what of a record that all of them see.

use std::fmt::Write as _;

use expect_test::expect;
use gradus_wire::v1 as wire;

use crate::running::{Principal, System, by_id, item, on, rating, refusal, submit};

const PERSON: wire::PrincipalKind = wire::PrincipalKind::Person;

fn of_class(class: wire::PayloadClass) -> Option<wire::AppendOptions> {
    Some(wire::AppendOptions { payload_class: class.into(), ..Default::default() })
}

/// Submits an item with texts of a class; its id.
async fn submitted(by: &Principal, source_id: &str, class: wire::PayloadClass) -> String {
    let words = || format!("words of {source_id}");
    let texts = wire::EvidenceItem { title: words(), note: words(), ..item(source_id) };
    let asked =
        wire::SubmitEvidenceRequest { append: of_class(class), ..submit("alpha", vec![texts]) };
    let answer = by.evidence.clone().submit_evidence(asked).await.unwrap().into_inner();
    answer.items[0].evidence.clone()
}

/// Every way in which somebody comes to the texts of a unit: what each shows.
async fn seen(by: &Principal) -> String {
    let mut told = String::new();
    let asked = wire::ListEvidenceRequest { unit: "alpha".to_owned(), ..Default::default() };
    let listed = by.evidence.clone().list_evidence(asked).await.unwrap().into_inner();
    for shown in listed.evidence {
        let asked = wire::GetEvidenceRequest {
            unit: "alpha".to_owned(),
            evidence: Some(by_id(&shown.id)),
            ..Default::default()
        };
        let one = by.evidence.clone().get_evidence(asked).await.unwrap().into_inner();
        assert_eq!(one.evidence.as_ref(), Some(&shown), "alone as in the list");
        let position = shown.submitted.as_ref().unwrap().position;
        let asked = wire::GetEventRequest { position };
        let event = by.events.clone().get_event(asked).await.unwrap().into_inner().event.unwrap();
        assert_eq!(event.payload_state, shown.payload_state);
        let given = shown.item.clone().unwrap();
        assert_eq!(event.payload.get("title").cloned().unwrap_or_default(), given.title);
        let state = shown.payload_state().as_str_name().trim_start_matches("PAYLOAD_STATE_");
        let _ =
            writeln!(told, "{state} {:?} {:?} {:?}", given.title, given.note, shown.review_note);
    }
    let asked = wire::ListRatingsRequest { unit: "alpha".to_owned(), ..Default::default() };
    for rated in by.ratings.clone().list_ratings(asked).await.unwrap().into_inner().ratings {
        let state = rated.payload_state().as_str_name().trim_start_matches("PAYLOAD_STATE_");
        let _ = writeln!(told, "{state} {:?}", rated.rationale);
    }
    told
}

#[tokio::test]
async fn each_class_of_texts_has_its_readers_and_whoever_wrote_a_text_reads_it() {
    use wire::PayloadClass::{Confidential, Ordinary, Unattributed};
    let system = System::new().await;
    system.project("alpha").await;
    let ann = system.with_role("ann", PERSON, (wire::Role::Assessor, "alpha")).await;
    let tom = system.with_role("tom", PERSON, (wire::Role::Collector, "alpha")).await;
    for (id, class) in [("1", Ordinary), ("2", Confidential), ("3", Unattributed)] {
        submitted(&tom, id, class).await;
    }
    let asked = wire::AcceptEvidenceRequest {
        unit: "alpha".to_owned(),
        append: of_class(Confidential),
        evidence: vec![wire::EvidenceRef {
            r#ref: Some(wire::evidence_ref::Ref::Source(item("2").source.unwrap())),
        }],
        note: "seen in the vault".to_owned(),
    };
    ann.evidence.clone().accept_evidence(asked).await.unwrap();
    let said = wire::RatingInput {
        rationale: "as the contract says".to_owned(),
        ..rating("BP.01.01", wire::Value::Satisfied, "2026-01-01")
    };
    let asked = wire::RatePracticesRequest {
        unit: "alpha".to_owned(),
        append: of_class(Confidential),
        ratings: vec![said],
    };
    ann.ratings.clone().rate_practices(asked).await.unwrap();

    expect![[r#"
        READABLE "words of 1" "words of 1" ""
        READABLE "words of 2" "words of 2" "seen in the vault"
        READABLE "words of 3" "words of 3" ""
        READABLE "as the contract says"
    "#]]
    .assert_eq(&seen(&ann).await);
    let viewer = system.with_role("vic", PERSON, (wire::Role::Viewer, "alpha")).await;
    expect![[r#"
        READABLE "words of 1" "words of 1" ""
        WITHHELD "" "" ""
        WITHHELD "" "" ""
        WITHHELD ""
    "#]]
    .assert_eq(&seen(&viewer).await);
    let auditor = system.with_role("olga", PERSON, (wire::Role::Auditor, "alpha")).await;
    expect![[r#"
        READABLE "words of 1" "words of 1" ""
        READABLE "words of 2" "words of 2" "seen in the vault"
        WITHHELD "" "" ""
        READABLE "as the contract says"
    "#]]
    .assert_eq(&seen(&auditor).await);
    assert_eq!(seen(&system.operator).await, seen(&auditor).await, "an admin is no interviewer");
    system.grant("tom", wire::Role::Viewer, "alpha").await;
    expect![[r#"
        READABLE "words of 1" "words of 1" ""
        READABLE "words of 2" "words of 2" ""
        READABLE "words of 3" "words of 3" ""
        WITHHELD ""
    "#]]
    .assert_eq(&seen(&tom).await);
}

#[tokio::test]
async fn nothing_unattributed_says_whom_it_is_about_and_a_class_is_part_of_the_call() {
    let system = System::new().await;
    system.project("alpha").await;
    let about = wire::EvidenceItem {
        about: "operator".to_owned(),
        work_to: on("2026-01-01"),
        title: "what was said".to_owned(),
        ..item("1")
    };
    let asked = wire::SubmitEvidenceRequest {
        append: of_class(wire::PayloadClass::Unattributed),
        ..submit("alpha", vec![item("0"), about])
    };
    let refused = system.operator.evidence.clone().submit_evidence(asked).await.unwrap_err();
    expect!["InvalidArgument INVALID_FIELD [items[1].about]: `items[1].about`: what is unattributed names nobody: leave it out"].assert_eq(&refusal(&refused));

    let mut asked =
        submit("alpha", vec![wire::EvidenceItem { title: "t".to_owned(), ..item("2") }]);
    let request_id = "5b7ad1d5-6a0e-4e8e-8a52-6f6d1f0f7a11".to_owned();
    let options = wire::AppendOptions { request_id, ..Default::default() };
    asked.append = Some(options.clone());
    let evidence = &system.operator.evidence;
    evidence.clone().submit_evidence(asked.clone()).await.unwrap();
    let other =
        wire::AppendOptions { payload_class: wire::PayloadClass::Confidential.into(), ..options };
    asked.append = Some(other);
    let refused = evidence.clone().submit_evidence(asked.clone()).await.unwrap_err();
    expect!["AlreadyExists REQUEST_ID_REUSED: request id 5b7ad1d5-6a0e-4e8e-8a52-6f6d1f0f7a11 was used before with other content"].assert_eq(&refusal(&refused));

    asked.append = Some(wire::AppendOptions { payload_class: 9, ..Default::default() });
    let refused = evidence.clone().submit_evidence(asked).await.unwrap_err();
    expect!["InvalidArgument INVALID_FIELD [append.payload_class]: `append.payload_class`: 9 is no value of it"].assert_eq(&refusal(&refused));
}
