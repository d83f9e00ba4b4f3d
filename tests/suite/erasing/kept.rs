//! What is kept from erasure, and for how long: legal holds and retention rules.

use expect_test::expect;
use gradus_wire::v1 as wire;

use super::many::{counted, erased, naming, of_person};
use super::{CANARY, erase, event, leaks, personal, shown};
use crate::running::{Principal, System, by_id, item, refusal};

const A_DAY: i64 = 86_400;

fn held(hold: &str, unit: &str, (first, last): (u64, u64)) -> wire::PlaceHoldRequest {
    wire::PlaceHoldRequest {
        append: None,
        hold: hold.to_owned(),
        unit: unit.to_owned(),
        first,
        last,
        reason: "litigation".to_owned(),
    }
}

async fn place(system: &System, hold: wire::PlaceHoldRequest) -> u64 {
    let answer = system.operator.erasure.clone().place_hold(hold).await.unwrap();
    answer.into_inner().receipt.unwrap().events[0].position
}

async fn lift(system: &System, hold: &str) {
    let (hold, reason) = (hold.to_owned(), "settled".to_owned());
    let asked = wire::LiftHoldRequest { append: None, hold, reason };
    system.operator.erasure.clone().lift_hold(asked).await.unwrap();
}

async fn keep(system: &System, unit: &str, class: wire::PayloadClass, days: u32) -> u64 {
    let (unit, class, reason) = (unit.to_owned(), class.into(), "our schedule".to_owned());
    let asked = wire::SetRetentionRequest { append: None, unit, class, days, reason };
    let answer = system.operator.erasure.clone().set_retention(asked).await.unwrap();
    answer.into_inner().receipt.unwrap().events[0].position
}

/// The days of each rule in force.
async fn rules(system: &System) -> Vec<u32> {
    let mut erasure = system.operator.erasure.clone();
    let listed = erasure.list_retention(wire::ListRetentionRequest {}).await.unwrap();
    listed.into_inner().rules.iter().map(|rule| rule.days).collect()
}

async fn swept(by: &Principal, validate_only: bool) -> wire::Erasure {
    let asked = wire::RunRetentionRequest { unit: String::new(), validate_only };
    let mut answers = by.erasure.clone().run_retention(asked).await.unwrap().into_inner();
    let mut last = None;
    while let Some(answer) = answers.message().await.unwrap() {
        last = answer.erasure;
    }
    last.unwrap()
}

#[tokio::test]
async fn while_a_legal_hold_is_in_force_nothing_that_it_is_about_is_erased_by_anybody() {
    let system = System::alone().await;
    for unit in ["alpha", "beta"] {
        system.project(unit).await;
    }
    let ids = system.submitted("alpha", vec![personal("a")]).await;
    system.submitted("beta", vec![personal("a")]).await;
    let position = place(&system, held("case-7", "alpha", (0, 0))).await;
    let refused = format!(
        "FailedPrecondition UNDER_LEGAL_HOLD: record 1 is under the legal hold `case-7`, which was \
         placed at position {position}: nothing that it is about is erased until it is lifted"
    );
    let one = erase(wire::erase_payload_request::Record::Evidence(by_id(&ids[0])));
    let by_one = system.operator.evidence.clone().erase_payload(one.clone()).await.unwrap_err();
    assert_eq!(refusal(&by_one), refused);
    let many = erased(&system.operator, naming(CANARY)).await.unwrap_err();
    assert_eq!(refusal(&many), refused);
    let fields = vec!["note".to_owned()];
    let field = wire::WithholdTextsRequest {
        unit: "alpha".to_owned(),
        evidence: Some(by_id(&ids[0])),
        fields,
        reason: "asked for".to_owned(),
        append: None,
    };
    let field = system.operator.erasure.clone().withhold_texts(field).await.unwrap_err();
    assert_eq!(refusal(&field), refused.replace("record", "item 2: record"));
    let plan = wire::EraseTextsRequest { validate_only: true, ..naming(CANARY) };
    let plan = erased(&system.operator, plan).await.unwrap();
    assert_eq!(counted(&plan), "alpha 0, 1 held; beta 1");
    assert_eq!(plan.holds, ["case-7"]);
    let elsewhere = wire::EraseTextsRequest { unit: "beta".to_owned(), ..naming(CANARY) };
    assert_eq!(counted(&erased(&system.operator, elsewhere).await.unwrap()), "beta 1");

    let system = system.restarted().await;
    let many = erased(&system.operator, naming(CANARY)).await.unwrap_err();
    assert_eq!(refusal(&many), refused, "a restart forgets no hold");
    let list = wire::ListHoldsRequest { include_lifted: false };
    let holds = system.operator.erasure.clone().list_holds(list).await.unwrap().into_inner().holds;
    assert_eq!(holds[0].placed.as_ref().unwrap().reason, "litigation");
    lift(&system, "case-7").await;
    system.operator.evidence.clone().erase_payload(one).await.unwrap();
    assert_eq!(shown(&system, &ids[0]).await.payload_state(), wire::PayloadState::Erased);
    let list = wire::ListHoldsRequest { include_lifted: true };
    let holds = system.operator.erasure.clone().list_holds(list).await.unwrap().into_inner().holds;
    assert_eq!(holds[0].lifted.as_ref().unwrap().reason, "settled");
}

#[tokio::test]
async fn a_hold_on_the_team_keeps_its_projects_and_one_on_records_only_those() {
    let system = System::alone().await;
    system.project("alpha").await;
    system.submitted("alpha", vec![personal("a"), personal("b"), personal("c")]).await;
    place(&system, held("case-7", "team", (0, 0))).await;
    let refused = erased(&system.operator, naming(CANARY)).await.unwrap_err();
    assert!(refusal(&refused).contains("`case-7`"));
    lift(&system, "case-7").await;
    place(&system, held("case-8", "alpha", (2, 2))).await;
    let record = wire::erase_payload_request::Record::Version;
    let evidence = || system.operator.evidence.clone();
    evidence().erase_payload(erase(record(1))).await.unwrap();
    let refused = evidence().erase_payload(erase(record(2))).await.unwrap_err();
    assert!(refusal(&refused).contains("record 2 is under the legal hold `case-8`"));
    let person =
        wire::EraseTextsRequest { unit: "alpha".to_owned(), ..of_person("operator", false, true) };
    let refused = erased(&system.operator, person).await.unwrap_err();
    assert!(refusal(&refused).contains("record 2 is under"), "not even what is not held");
}

#[tokio::test]
async fn what_is_older_than_the_rule_keeps_is_erased_by_a_sweep_and_what_is_held_stays() {
    let system = System::alone().await;
    for unit in ["alpha", "beta"] {
        system.project(unit).await;
    }
    let old = system.submitted("alpha", vec![personal("a"), personal("b")]).await;
    system.submitted("beta", vec![personal("a")]).await;
    system.advance(10 * A_DAY);
    let new = system.submitted("alpha", vec![item("new")]).await;
    assert_eq!(swept(&system.operator, false).await.records, 0, "nothing is erased without a rule");
    let position = keep(&system, "team", wire::PayloadClass::Unspecified, 7).await;
    keep(&system, "beta", wire::PayloadClass::Unspecified, 3_650).await;
    place(&system, held("case-7", "alpha", (2, 2))).await;

    let plan = swept(&system.operator, true).await;
    assert_eq!(counted(&plan), "alpha 1, 1 held");
    assert!(shown(&system, &old[0]).await.item.unwrap().title.contains(CANARY));
    let done = swept(&system.operator, false).await;
    assert_eq!(
        (counted(&done).as_str(), done.holds),
        ("alpha 1, 1 held", vec!["case-7".to_owned()])
    );
    let state = async |id: &str| shown(&system, id).await.payload_state();
    assert_eq!(state(&old[0]).await, wire::PayloadState::Erased);
    assert_eq!(state(&old[1]).await, wire::PayloadState::Readable);
    assert_eq!(state(&new[0]).await, wire::PayloadState::Readable);
    let said = event(&system, done.streams[0].receipts[0].events[0].position).await;
    assert_eq!(said.body_json, format!(r#"{{"rule":{position},"runs":[{{"first":1,"last":1}}]}}"#));
    let reason = format!("kept as long as the retention rule at position {position} says");
    assert_eq!(said.payload["reason"], reason);

    lift(&system, "case-7").await;
    system.advance(8 * A_DAY);
    assert_eq!(counted(&swept(&system.operator, false).await), "alpha 2");
    assert_eq!(swept(&system.operator, false).await.records, 0, "why it was erased is kept");
    assert_eq!(leaks(&system), [""; 0]);
}

#[tokio::test]
async fn a_class_has_a_time_of_its_own_and_names_and_roles_stay() {
    let system = System::alone().await;
    system.project("alpha").await;
    let confidential = wire::AppendOptions {
        payload_class: wire::PayloadClass::Confidential.into(),
        ..Default::default()
    };
    let secret = wire::SubmitEvidenceRequest {
        append: Some(confidential),
        ..crate::running::submit("alpha", vec![personal("secret")])
    };
    system.operator.evidence.clone().submit_evidence(secret).await.unwrap();
    system.submitted("alpha", vec![item("open")]).await;
    system.advance(30 * A_DAY);
    keep(&system, "organization", wire::PayloadClass::Unspecified, 365).await;
    keep(&system, "organization", wire::PayloadClass::Confidential, 7).await;
    assert_eq!(counted(&swept(&system.operator, false).await), "alpha 1");
    keep(&system, "organization", wire::PayloadClass::Unspecified, 1).await;
    assert_eq!(counted(&swept(&system.operator, false).await), "alpha 1");
    let listed = wire::ListPrincipalsRequest::default();
    let listed = system.operator.principals.clone().list_principals(listed).await.unwrap();
    let names: Vec<String> =
        listed.into_inner().principals.into_iter().map(|known| known.name).collect();
    assert_eq!(names, ["system", "operator"]);
    assert_eq!(rules(&system).await, [1, 7]);
    let remove = wire::RemoveRetentionRequest {
        unit: "organization".to_owned(),
        reason: "no more".to_owned(),
        ..Default::default()
    };
    system.operator.erasure.clone().remove_retention(remove).await.unwrap();
    assert_eq!(rules(&system).await, [7]);
}

#[tokio::test]
async fn wrong_holds_and_rules_are_told_what_would_be_right() {
    let system = System::new().await;
    let erasure = || system.operator.erasure.clone();
    let mut told = String::new();
    let mut tell = |status: tonic::Status| told = format!("{told}{}\n", refusal(&status));
    for hold in [
        held("Case 7", "organization", (0, 0)),
        held("case-7", "gone", (0, 0)),
        held("case-7", "organization", (5, 3)),
        wire::PlaceHoldRequest { reason: String::new(), ..held("case-7", "organization", (0, 0)) },
    ] {
        tell(erasure().place_hold(hold).await.unwrap_err());
    }
    let lift = wire::LiftHoldRequest {
        hold: "case-7".to_owned(),
        reason: "settled".to_owned(),
        append: None,
    };
    tell(erasure().lift_hold(lift).await.unwrap_err());
    for (days, class) in [(0, 0), (36_526, 0), (7, 9)] {
        let set = wire::SetRetentionRequest {
            unit: "organization".to_owned(),
            reason: "our schedule".to_owned(),
            days,
            class,
            append: None,
        };
        tell(erasure().set_retention(set).await.unwrap_err());
    }
    expect![[r#"
        InvalidArgument INVALID_FIELD [hold]: `hold`: `Case 7` is no name: use 1 to 63 of a-z, 0-9 and `-`, beginning with a letter or digit
        NotFound UNIT_UNKNOWN: unit `gone` is unknown
        InvalidArgument RUNS_UNORDERED [records]: the run of records from 5 is not after the one before, or ends before it begins
        InvalidArgument REASON_MISSING [reason]: a reason is needed
        NotFound HOLD_UNKNOWN: no legal hold is called `case-7`: name one that is listed
        InvalidArgument RETENTION_DAYS [days]: texts cannot be kept for 0 days: give 1 to 36525
        InvalidArgument RETENTION_DAYS [days]: texts cannot be kept for 36526 days: give 1 to 36525
        InvalidArgument INVALID_FIELD [class]: `class`: 9 is no value of it
    "#]].assert_eq(&told);
}
