//! Erasing the texts of many records: about a person, by somebody, by their words, one of an item.

use expect_test::expect;
use gradus_wire::v1 as wire;
use tonic::Status;
use wire::erase_texts_request::Texts;

use super::{CANARY, event, leaks, personal, shown};
use crate::running::{Principal, System, by_id, item, levels_of, rating, refusal};

pub(super) fn of_person(principal: &str, about: bool, written: bool) -> wire::EraseTextsRequest {
    let principal = principal.to_owned();
    asked(Texts::Person(wire::TextsOf { principal, about, written }))
}

pub(super) fn naming(words: &str) -> wire::EraseTextsRequest {
    asked(Texts::Naming(words.to_owned()))
}

fn asked(texts: Texts) -> wire::EraseTextsRequest {
    let reason = "asked for".to_owned();
    wire::EraseTextsRequest { texts: Some(texts), reason, ..Default::default() }
}

fn planned(asked: wire::EraseTextsRequest) -> wire::EraseTextsRequest {
    wire::EraseTextsRequest { validate_only: true, ..asked }
}

/// What a call that erases comes to.
pub(crate) async fn erased(
    by: &Principal,
    asked: wire::EraseTextsRequest,
) -> Result<wire::Erasure, Status> {
    let mut answers = by.erasure.clone().erase_texts(asked).await?.into_inner();
    let mut last = None;
    while let Some(answer) = answers.message().await? {
        assert!(answer.done <= answer.total);
        last = answer.erasure;
    }
    Ok(last.unwrap())
}

/// Each stream with how many records it is: `alpha 2, organization 1`.
pub(super) fn counted(erasure: &wire::Erasure) -> String {
    let one = |of: &wire::ErasedStream| {
        let unit = of.unit.as_ref().map_or("an appraisal", |unit| unit.name.as_str());
        let held = if of.held > 0 { format!(", {} held", of.held) } else { String::new() };
        format!("{unit} {}{held}", of.records)
    };
    let mut all: Vec<String> = erasure.streams.iter().map(one).collect();
    all.sort();
    all.join("; ")
}

fn about(id: &str, person: &str) -> wire::EvidenceItem {
    wire::EvidenceItem { about: person.to_owned(), ..personal(id) }
}

async fn accept(system: &System, unit: &str, id: &str) {
    let accept = wire::AcceptEvidenceRequest {
        unit: unit.to_owned(),
        append: None,
        evidence: vec![by_id(id)],
        note: format!("{CANARY} is well known"),
    };
    system.operator.evidence.clone().accept_evidence(accept).await.unwrap();
}

#[tokio::test]
async fn everything_about_a_person_goes_with_one_call_and_leaves_levels_and_proofs_stay() {
    let system = System::alone().await;
    system.principal("ann", wire::PrincipalKind::Person).await;
    for unit in ["alpha", "beta"] {
        system.project(unit).await;
    }
    let ids =
        system.submitted("alpha", vec![about("a", "ann"), item("b"), about("c", "ann")]).await;
    accept(&system, "alpha", &ids[0]).await;
    system.submitted("beta", vec![about("a", "ann"), about("b", "operator")]).await;
    system.rated("alpha", vec![rating("BP.10.01", wire::Value::Satisfied, "2026-05-02")]).await;
    let before = event(&system, shown(&system, &ids[0]).await.submitted.unwrap().position).await;
    let (size, root) = system.head().await;
    let mut question = levels_of("alpha", "2026-06-01T00:00:00Z");
    question.coordinate.as_mut().unwrap().known = Some(wire::coordinate::Known::LogSize(size));
    let levels = system.levels(question.clone()).await;

    let plan = erased(&system.operator, planned(of_person("ann", true, false))).await.unwrap();
    assert!(plan.validated_only);
    // Their name lies in the organization's stream; roles and tokens were given without a reason.
    assert_eq!((counted(&plan).as_str(), plan.records), ("alpha 3; beta 1; organization 1", 5));
    assert_eq!(system.size().await, size, "a plan records nothing");
    assert!(shown(&system, &ids[0]).await.item.unwrap().title.contains(CANARY));

    let done = erased(&system.operator, of_person("ann", true, false)).await.unwrap();
    assert_eq!((counted(&done), done.records), (counted(&plan), 5));
    assert_eq!(system.size().await, size + 3, "one event in each stream");
    for id in [&ids[0], &ids[2]] {
        assert_eq!(shown(&system, id).await.payload_state(), wire::PayloadState::Erased);
    }
    assert_eq!(shown(&system, &ids[1]).await.payload_state(), wire::PayloadState::Readable);
    let now = event(&system, before.position).await;
    assert_eq!((&now.leaf, &now.leaf_hash), (&before.leaf, &before.leaf_hash));
    let again = system.levels(question).await;
    assert_eq!((again.digest, again.areas), (levels.digest, levels.areas));
    assert_eq!(again.coordinate.unwrap().root, root);
    let placed = &done.streams.iter().find(|of| of.records == 3).unwrap().receipts[0].events[0];
    let said = event(&system, placed.position).await;
    assert_eq!(said.r#type, "payloads-erased");
    assert_eq!(said.body_json, r#"{"runs":[{"first":1,"last":1},{"first":3,"last":4}]}"#);
    assert_eq!(said.payload["reason"], "asked for");

    let more = erased(&system.operator, of_person("ann", true, false)).await;
    // Known by id alone from here on.
    assert_eq!(
        refusal(&more.unwrap_err()),
        "NotFound PRINCIPAL_UNKNOWN: principal `ann` is unknown"
    );
    let system = system.restarted().await;
    assert_eq!(shown(&system, &ids[0]).await.payload_state(), wire::PayloadState::Erased);
    assert_eq!(leaks(&system), [""; 0]);
    let other =
        erased(&system.operator, planned(of_person("operator", true, false))).await.unwrap();
    assert_eq!(counted(&other), "beta 1; organization 1", "of the operator there is all left");
}

#[tokio::test]
async fn what_somebody_wrote_goes_wherever_the_caller_administers_and_nowhere_else() {
    let system = System::alone().await;
    for unit in ["alpha", "beta"] {
        system.project(unit).await;
    }
    let writer = system.principal("writer", wire::PrincipalKind::Person).await;
    for unit in ["alpha", "beta"] {
        let submit = crate::running::submit(unit, vec![personal("w")]);
        writer.evidence.clone().submit_evidence(submit).await.unwrap();
        system.submitted(unit, vec![item("o")]).await;
    }
    let of_alpha = (wire::Role::Admin, "alpha");
    let admin = system.with_role("boss", wire::PrincipalKind::Person, of_alpha).await;
    let done = erased(&admin, of_person("writer", false, true)).await.unwrap();
    assert_eq!(counted(&done), "alpha 1");
    let rest = erased(&system.operator, planned(of_person("writer", false, true))).await.unwrap();
    assert_eq!(counted(&rest), "beta 1");
    let elsewhere =
        wire::EraseTextsRequest { unit: "beta".to_owned(), ..of_person("writer", false, true) };
    let refused = erased(&admin, elsewhere).await.unwrap_err();
    assert_eq!(refusal(&refused), "NotFound UNIT_UNKNOWN: unit `beta` is unknown");
    let viewer = (wire::Role::Viewer, "alpha");
    let viewer = system.with_role("viewer", wire::PrincipalKind::Person, viewer).await;
    let refused = erased(&viewer, of_person("writer", false, true)).await.unwrap_err();
    assert!(refusal(&refused).starts_with("PermissionDenied RIGHT_MISSING"), "{refused}");
}

#[tokio::test]
async fn texts_are_found_by_their_words_as_far_as_the_caller_may_read_them() {
    let system = System::alone().await;
    system.project("alpha").await;
    system.submitted("alpha", vec![personal("a"), item("b")]).await;
    let append = wire::AppendOptions {
        payload_class: wire::PayloadClass::Unattributed.into(),
        ..Default::default()
    };
    let interviewer = (wire::Role::Assessor, "alpha");
    let asks = system.with_role("asks", wire::PrincipalKind::Person, interviewer).await;
    let interview = wire::SubmitEvidenceRequest {
        append: Some(append),
        ..crate::running::submit("alpha", vec![personal("i")])
    };
    asks.evidence.clone().submit_evidence(interview).await.unwrap();
    let words = CANARY.to_uppercase();
    let plan = erased(&system.operator, planned(naming(&words))).await.unwrap();
    assert_eq!((counted(&plan).as_str(), plan.unread), ("alpha 1", 1), "admins read no interviews");
    let done = erased(&system.operator, naming(&words)).await.unwrap();
    assert_eq!(counted(&done), "alpha 1");
    let again = erased(&system.operator, naming(&words)).await.unwrap();
    assert_eq!((again.records, again.unread), (0, 1));
}

#[tokio::test]
async fn texts_of_a_unit_that_was_archived_can_be_erased() {
    let system = System::alone().await;
    system.project("alpha").await;
    system.submitted("alpha", vec![personal("a")]).await;
    let archive = wire::ArchiveUnitRequest { unit: "alpha".to_owned(), ..Default::default() };
    system.operator.units.clone().archive_unit(archive).await.unwrap();
    let done = erased(&system.operator, naming(CANARY)).await.unwrap();
    assert_eq!(counted(&done), "alpha 1");
}

#[tokio::test]
async fn thousands_of_records_are_erased_by_few_events_and_one_is_left() {
    let system = System::alone().await;
    system.project("alpha").await;
    for call in 0..5 {
        let items = (0..500).map(|at| personal(&format!("{call}-{at}"))).collect();
        system.submitted("alpha", items).await;
    }
    let left = system.submitted("alpha", vec![item("left")]).await;
    let size = system.size().await;
    let done = erased(&system.operator, naming(CANARY)).await.unwrap();
    assert_eq!((done.records, system.size().await), (2_500, size + 1));
    let system = system.restarted().await;
    assert_eq!(shown(&system, &left[0]).await.item.unwrap().title, "Policy left");
    let file = std::fs::read_dir(system.data().join("keys")).unwrap();
    let most = file.map(|file| file.unwrap().metadata().unwrap().len()).max().unwrap();
    assert!(most < 4_096, "a run that is erased as a whole leaves few keys: {most} bytes");
}

#[tokio::test]
async fn wrong_questions_are_told_what_would_be_right() {
    let system = System::new().await;
    let silent = wire::EraseTextsRequest { reason: String::new(), ..naming("x") };
    let nothing = wire::EraseTextsRequest { texts: None, ..naming("x") };
    let nowhere = wire::EraseTextsRequest { unit: "gone".to_owned(), ..naming("x") };
    let mut told = String::new();
    for asked in [
        of_person("nobody", true, true),
        of_person("operator", false, false),
        naming(" "),
        naming(&"x".repeat(257)),
        silent,
        nothing,
        nowhere,
    ] {
        let refused = erased(&system.operator, asked).await.unwrap_err();
        told = format!("{told}{}\n", refusal(&refused));
    }
    expect![[r#"
        NotFound PRINCIPAL_UNKNOWN: principal `nobody` is unknown
        InvalidArgument INVALID_FIELD [person]: `person`: neither `about` nor `written` is asked for: ask for one of them
        InvalidArgument INVALID_FIELD [naming]: `naming`: it is empty: say the words
        InvalidArgument INVALID_FIELD [naming]: `naming`: it has 257 bytes, at most 256 are allowed
        InvalidArgument REASON_MISSING [reason]: a reason is needed
        InvalidArgument INVALID_FIELD [texts]: `texts`: it is missing and must be given
        NotFound UNIT_UNKNOWN: unit `gone` is unknown
    "#]].assert_eq(&told);
}

fn withheld(id: &str, fields: &[&str]) -> wire::WithholdTextsRequest {
    wire::WithholdTextsRequest {
        append: None,
        unit: "alpha".to_owned(),
        evidence: Some(by_id(id)),
        fields: fields.iter().map(ToString::to_string).collect(),
        reason: "names a person".to_owned(),
    }
}

#[tokio::test]
async fn one_text_is_withheld_by_an_item_in_the_place_of_the_old_one() {
    let system = System::alone().await;
    system.project("alpha").await;
    let ids = system.submitted("alpha", vec![personal("a"), item("b")]).await;
    let asked = wire::WithholdTextsRequest {
        append: Some(wire::AppendOptions { validate_only: true, ..Default::default() }),
        ..withheld(&ids[0], &["note"])
    };
    let checked = system.operator.erasure.clone().withhold_texts(asked).await.unwrap();
    assert!(checked.into_inner().receipt.unwrap().validated_only);
    let attribute = format!("attribute.name-{CANARY}");
    let fields = ["title", "note", attribute.as_str()];
    let asked = withheld(&ids[0], &fields);
    let answer = system.operator.erasure.clone().withhold_texts(asked).await.unwrap().into_inner();
    assert_eq!(answer.receipt.unwrap().events.len(), 3, "all or nothing");
    let old = shown(&system, &ids[0]).await;
    assert_eq!(old.payload_state(), wire::PayloadState::Erased);
    let new = shown(&system, &answer.evidence).await;
    let given = new.item.unwrap();
    assert_eq!((given.title.as_str(), given.note.as_str()), ("", ""));
    assert_eq!(given.uri, format!("https://example.org/{CANARY}"), "what stays is as it was");
    assert!(given.attributes.is_empty());
    assert_eq!(
        (given.practices, given.work_to),
        (old.item.clone().unwrap().practices, old.item.unwrap().work_to)
    );

    let mut told = String::new();
    for asked in [
        withheld(&ids[0], &["note"]),
        withheld(&ids[1], &["note"]),
        withheld(&ids[1], &[]),
        wire::WithholdTextsRequest { reason: String::new(), ..withheld(&ids[1], &["title"]) },
    ] {
        let refused = system.operator.erasure.clone().withhold_texts(asked).await.unwrap_err();
        told = format!("{told}{}\n", refusal(&refused));
    }
    expect![[r#"
        InvalidArgument INVALID_FIELD [evidence]: `evidence`: its texts were erased: there is nothing left to withhold
        InvalidArgument INVALID_FIELD [fields[0]]: `fields[0]`: the item has no text `note`: it has title
        InvalidArgument INVALID_FIELD [fields]: `fields`: it is empty: name the texts to withhold
        InvalidArgument REASON_MISSING [reason]: item 2: a reason is needed
    "#]].assert_eq(&told);
}
