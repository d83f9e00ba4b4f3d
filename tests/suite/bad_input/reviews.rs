//! Reviews, ends, links and erasures that cannot be.

use expect_test::expect;
use gradus_wire::v1 as wire;

use super::{NOBODY, check, expecting};
use crate::running::{System, by_id, item, on};

fn named(ids: &[&str]) -> Vec<wire::EvidenceRef> {
    ids.iter().map(|id| by_id(id)).collect()
}

fn accept(ids: &[&str]) -> wire::AcceptEvidenceRequest {
    wire::AcceptEvidenceRequest {
        unit: "alpha".to_owned(),
        evidence: named(ids),
        ..Default::default()
    }
}

fn reject(id: &str, reason: &str) -> wire::RejectEvidenceRequest {
    wire::RejectEvidenceRequest {
        unit: "alpha".to_owned(),
        evidence: named(&[id]),
        reason: reason.to_owned(),
        ..Default::default()
    }
}

fn withdraw(id: &str, reason: &str) -> wire::WithdrawEvidenceRequest {
    wire::WithdrawEvidenceRequest {
        unit: "alpha".to_owned(),
        evidence: named(&[id]),
        reason: reason.to_owned(),
        ..Default::default()
    }
}

fn confirm(id: &str) -> wire::ConfirmEvidenceRequest {
    wire::ConfirmEvidenceRequest {
        unit: "alpha".to_owned(),
        evidence: named(&[id]),
        ..Default::default()
    }
}

fn end(id: &str, at: &str) -> wire::EndEvidenceRequest {
    wire::EndEvidenceRequest {
        unit: "alpha".to_owned(),
        evidence: named(&[id]),
        at: on(at),
        ..Default::default()
    }
}

fn supersede(id: &str, by: &str) -> wire::SupersedeEvidenceRequest {
    wire::SupersedeEvidenceRequest {
        unit: "alpha".to_owned(),
        evidence: Some(by_id(id)),
        by: Some(by_id(by)),
        ..Default::default()
    }
}

fn link(id: &str, practices: &[&str]) -> wire::LinkEvidenceRequest {
    wire::LinkEvidenceRequest {
        unit: "alpha".to_owned(),
        evidence: Some(by_id(id)),
        practices: practices.iter().map(|practice| (*practice).to_owned()).collect(),
        ..Default::default()
    }
}

fn erase(record: Option<wire::erase_payload_request::Record>) -> wire::ErasePayloadRequest {
    wire::ErasePayloadRequest {
        unit: "alpha".to_owned(),
        record,
        reason: "asked for".to_owned(),
        ..Default::default()
    }
}

#[tokio::test]
async fn reviews_name_items_of_the_unit() {
    let system = System::new().await;
    system.project("alpha").await;
    system.project("beta").await;
    let ids = system.submitted("alpha", vec![item("a")]).await;
    let elsewhere = system.submitted("beta", vec![item("b")]).await;
    let (mine, theirs) = (ids[0].as_str(), elsewhere[0].as_str());
    let evidence = &system.operator.evidence;
    let by_source = wire::Source { name: "test".to_owned(), id: "b".to_owned() };
    let by_source = wire::EvidenceRef { r#ref: Some(wire::evidence_ref::Ref::Source(by_source)) };
    let many = vec![mine; 1_001];
    let rows = vec![
        row!("no items", evidence, accept_evidence, accept(&[])),
        row!("1,001 items", evidence, accept_evidence, accept(&many)),
        row!(
            "an item without a name",
            evidence,
            accept_evidence,
            wire::AcceptEvidenceRequest {
                evidence: vec![wire::EvidenceRef::default()],
                ..accept(&[])
            }
        ),
        row!("an id that is none", evidence, accept_evidence, accept(&["a"])),
        row!("an unknown id", evidence, accept_evidence, accept(&[NOBODY])),
        row!("an item of another unit", evidence, accept_evidence, accept(&[theirs, mine])),
        row!(
            "a source of another unit",
            evidence,
            accept_evidence,
            wire::AcceptEvidenceRequest { evidence: vec![by_source], ..accept(&[]) }
        ),
        row!(
            "an unknown unit",
            evidence,
            accept_evidence,
            wire::AcceptEvidenceRequest { unit: "nobody".to_owned(), ..accept(&[mine]) }
        ),
        row!(
            "a note too long",
            evidence,
            accept_evidence,
            wire::AcceptEvidenceRequest { note: "x".repeat(4_097), ..accept(&[mine]) }
        ),
        row!(
            "a stale version",
            evidence,
            accept_evidence,
            wire::AcceptEvidenceRequest { append: expecting(0), ..accept(&[mine]) }
        ),
        row!("rejected without a reason", evidence, reject_evidence, reject(mine, "")),
        row!("withdrawn without a reason", evidence, withdraw_evidence, withdraw(mine, "")),
        row!("a reason of 1 MiB", evidence, reject_evidence, reject(mine, &"x".repeat(1 << 20))),
        row!("confirmed by its provider", evidence, confirm_evidence, confirm(mine)),
        row!("superseded by itself", evidence, supersede_evidence, supersede(mine, mine)),
        row!(
            "superseded by nothing",
            evidence,
            supersede_evidence,
            wire::SupersedeEvidenceRequest { by: None, ..supersede(mine, mine) }
        ),
        row!("superseded by another unit's", evidence, supersede_evidence, supersede(mine, theirs)),
        row!("ended before it began", evidence, end_evidence, end(mine, "2026-04-30")),
        row!("linked to nothing", evidence, link_evidence, link(mine, &[])),
        row!("linked to an unknown practice", evidence, link_evidence, link(mine, &["BP.10.99"])),
        row!(
            "linked to the other edition",
            evidence,
            link_evidence,
            link(mine, &["sse-cmm-1997/BP.10.02"])
        ),
    ];
    check(&system, rows, &expect![[r#"
        no items | InvalidArgument INVALID_FIELD [evidence]: `evidence`: it is empty, at least one entry must be given
        1,001 items | InvalidArgument TOO_MANY [evidence]: `evidence` has 1001 entries, at most 1000 are allowed
        an item without a name | InvalidArgument INVALID_FIELD [evidence[0]]: `evidence[0]`: it is missing and must be given
        an id that is none | InvalidArgument INVALID_FIELD [evidence[0]]: `evidence[0]`: `a` is no evidence id: 32 hexadecimal digits, as in a UUID, are needed
        an unknown id | NotFound EVIDENCE_UNKNOWN: evidence `00000000-0000-4000-8000-000000000000` is unknown in this unit
        an item of another unit | NotFound EVIDENCE_UNKNOWN: item 0: evidence `ID` is unknown in this unit
        a source of another unit | NotFound EVIDENCE_UNKNOWN: evidence `b of source test` is unknown in this unit
        an unknown unit | NotFound UNIT_UNKNOWN: unit `nobody` is unknown
        a note too long | InvalidArgument INVALID_FIELD [note]: `note`: it has 4097 bytes, at most 4096 are allowed
        a stale version | Aborted STALE_VERSION: unit alpha is at version 1, not at 0
        rejected without a reason | InvalidArgument REASON_MISSING [reason]: a reason is needed
        withdrawn without a reason | InvalidArgument REASON_MISSING [reason]: a reason is needed
        a reason of 1 MiB | InvalidArgument INVALID_FIELD [reason]: `reason`: it has 1048576 bytes, at most 4096 are allowed
        confirmed by its provider | FailedPrecondition OWN_EVIDENCE: evidence `ID` was provided by the same principal, who cannot confirm it
        superseded by itself | InvalidArgument SUPERSEDES_ITSELF [by]: evidence `ID` cannot supersede itself
        superseded by nothing | InvalidArgument INVALID_FIELD [by]: `by`: it is missing and must be given
        superseded by another unit's | NotFound EVIDENCE_UNKNOWN: evidence `ID` is unknown in this unit
        ended before it began | InvalidArgument END_BEFORE_START [at]: `at` is 2026-04-30T00:00:00Z, which is not after 2026-05-01T00:00:00Z
        linked to nothing | InvalidArgument INVALID_FIELD [practices]: `practices`: it is empty, at least one entry must be given
        linked to an unknown practice | NotFound PRACTICE_UNKNOWN: practice `iso-21827-2008/BP.10.99` is unknown in model `iso-21827-2008`, which the unit has adopted
        linked to the other edition | NotFound PRACTICE_UNKNOWN: practice `sse-cmm-1997/BP.10.02` is unknown in model `iso-21827-2008`, which the unit has adopted
    "#]]).await;
}

#[tokio::test]
async fn withdrawn_evidence_takes_nothing_more() {
    let system = System::new().await;
    system.project("alpha").await;
    let ids = system.submitted("alpha", vec![item("a"), item("b")]).await;
    let (gone, there) = (ids[0].as_str(), ids[1].as_str());
    let mut evidence = system.operator.evidence.clone();
    evidence.withdraw_evidence(withdraw(gone, "by mistake")).await.unwrap();
    let again = evidence.withdraw_evidence(withdraw(gone, "once more")).await.unwrap().into_inner();
    assert!(again.receipt.unwrap().events.is_empty(), "it is so already");
    let second = system.principal("second", wire::PrincipalKind::Person).await;
    let unlink = wire::UnlinkEvidenceRequest {
        unit: "alpha".to_owned(),
        evidence: Some(by_id(gone)),
        practices: vec!["BP.10.01".to_owned()],
        ..Default::default()
    };
    let rows = vec![
        row!("accept", second.evidence, accept_evidence, accept(&[gone])),
        row!("accept with others", second.evidence, accept_evidence, accept(&[there, gone])),
        row!("reject", evidence, reject_evidence, reject(gone, "no")),
        row!("confirm", second.evidence, confirm_evidence, confirm(gone)),
        row!("end", evidence, end_evidence, end(gone, "2026-05-20")),
        row!("supersede", evidence, supersede_evidence, supersede(gone, there)),
        row!("supersede by it", evidence, supersede_evidence, supersede(there, gone)),
        row!("link", evidence, link_evidence, link(gone, &["BP.10.02"])),
        row!("unlink", evidence, unlink_evidence, unlink),
    ];
    check(&system, rows, &expect![[r#"
        accept | FailedPrecondition EVIDENCE_WITHDRAWN: evidence `ID` was withdrawn
        accept with others | FailedPrecondition EVIDENCE_WITHDRAWN: item 1: evidence `ID` was withdrawn
        reject | FailedPrecondition EVIDENCE_WITHDRAWN: evidence `ID` was withdrawn
        confirm | FailedPrecondition EVIDENCE_WITHDRAWN: evidence `ID` was withdrawn
        end | FailedPrecondition EVIDENCE_WITHDRAWN: evidence `ID` was withdrawn
        supersede | FailedPrecondition EVIDENCE_WITHDRAWN: evidence `ID` was withdrawn
        supersede by it | FailedPrecondition EVIDENCE_WITHDRAWN: evidence `ID` was withdrawn
        link | FailedPrecondition EVIDENCE_WITHDRAWN: evidence `ID` was withdrawn
        unlink | FailedPrecondition EVIDENCE_WITHDRAWN: evidence `ID` was withdrawn
    "#]]).await;
}

#[tokio::test]
async fn an_erasure_names_a_record_and_a_reason() {
    use wire::erase_payload_request::Record;
    let system = System::new().await;
    system.project("alpha").await;
    let ids = system.submitted("alpha", vec![item("a")]).await;
    let evidence = &system.operator.evidence;
    let without_a_reason =
        wire::ErasePayloadRequest { reason: String::new(), ..erase(Some(Record::Version(1))) };
    let twin = erase(Some(Record::Evidence(by_id(NOBODY))));
    let rows = vec![
        row!("no record", evidence, erase_payload, erase(None)),
        row!("no reason", evidence, erase_payload, without_a_reason),
        row!("version 0", evidence, erase_payload, erase(Some(Record::Version(0)))),
        row!("version 2 of 1", evidence, erase_payload, erase(Some(Record::Version(2)))),
        row!("the last version", evidence, erase_payload, erase(Some(Record::Version(u64::MAX)))),
        row!("unknown evidence", evidence, erase_payload, twin),
    ];
    check(&system, rows, &expect![[r#"
        no record | InvalidArgument INVALID_FIELD [record]: `record`: it is missing and must be given
        no reason | InvalidArgument REASON_MISSING [reason]: a reason is needed
        version 0 | NotFound VERSION_UNKNOWN: the unit's stream has no version 0
        version 2 of 1 | NotFound VERSION_UNKNOWN: the unit's stream has no version 2
        the last version | NotFound VERSION_UNKNOWN: the unit's stream has no version 18446744073709551615
        unknown evidence | NotFound EVIDENCE_UNKNOWN: evidence `00000000-0000-4000-8000-000000000000` is unknown
    "#]]).await;
    let asked = wire::GetEvidenceRequest {
        unit: "alpha".to_owned(),
        evidence: Some(by_id(&ids[0])),
        ..Default::default()
    };
    let answer = system.operator.evidence.clone().get_evidence(asked).await.unwrap().into_inner();
    assert_eq!(answer.evidence.unwrap().item.unwrap().title, "Policy a", "nothing was erased");
}
