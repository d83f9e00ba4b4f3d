//! Erasing: the texts of one record are gone for ever, and nothing else is.

mod canary;
mod kept;
pub(crate) mod many;

use std::collections::BTreeMap;

use gradus_service::keys::{KeyTree, decode};
use gradus_wire::v1 as wire;
use wire::erase_payload_request::Record;

use crate::running::{System, by_id, files, item, levels_of, rating, submit};

/// A text that is nowhere else.
const CANARY: &str = "canary-7f3a9c51e2";

/// An item with the canary in each of its texts.
fn personal(id: &str) -> wire::EvidenceItem {
    wire::EvidenceItem {
        title: format!("Interview with {CANARY}"),
        note: format!("said by {CANARY}"),
        uri: format!("https://example.org/{CANARY}"),
        attributes: BTreeMap::from([(format!("name-{CANARY}"), CANARY.to_owned())]),
        ..item(id)
    }
}

fn erase(record: Record) -> wire::ErasePayloadRequest {
    wire::ErasePayloadRequest {
        unit: "alpha".to_owned(),
        append: None,
        record: Some(record),
        reason: "asked for".to_owned(),
    }
}

async fn erased(system: &System, asked: wire::ErasePayloadRequest) -> wire::Receipt {
    let answer = system.operator.evidence.clone().erase_payload(asked).await.unwrap();
    answer.into_inner().receipt.unwrap()
}

async fn shown(system: &System, id: &str) -> wire::Evidence {
    let asked = wire::GetEvidenceRequest {
        unit: "alpha".to_owned(),
        evidence: Some(by_id(id)),
        ..Default::default()
    };
    let answer = system.operator.evidence.clone().get_evidence(asked).await.unwrap();
    answer.into_inner().evidence.unwrap()
}

async fn event(system: &System, position: u64) -> wire::Event {
    let asked = wire::GetEventRequest { position };
    system.operator.events.clone().get_event(asked).await.unwrap().into_inner().event.unwrap()
}

/// The files below the data directory that hold the canary in the clear.
fn leaks(system: &System) -> Vec<String> {
    let holds =
        |bytes: &[u8]| bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
    let found = files(&system.data()).into_iter().filter(|(_, bytes)| holds(bytes));
    found.map(|(path, _)| path.display().to_string()).collect()
}

/// Asserts that the item at `id` shows no texts, in any way to read it, and all the rest.
async fn check_erased(system: &System, id: &str, before: &wire::Event) {
    let item = shown(system, id).await;
    assert_eq!(item.payload_state(), wire::PayloadState::Erased);
    let given = item.item.unwrap();
    assert_eq!((given.title.as_str(), given.note.as_str(), given.uri.as_str()), ("", "", ""));
    assert!(given.attributes.is_empty());
    assert_eq!(given.practices, ["iso-21827-2008/BP.10.01"], "what is in the leaf stays");
    let now = event(system, before.position).await;
    assert_eq!(now.payload_state(), wire::PayloadState::Erased);
    assert!(now.payload.is_empty());
    assert_eq!((&now.leaf, &now.leaf_hash), (&before.leaf, &before.leaf_hash));
    let listed = wire::ListEvidenceRequest { unit: "alpha".to_owned(), ..Default::default() };
    let listed = system.operator.evidence.clone().list_evidence(listed).await.unwrap();
    let all = wire::ListEventsRequest { page_size: 1_000, ..Default::default() };
    let all = system.operator.events.clone().list_events(all).await.unwrap();
    assert!(!format!("{listed:?} {all:?}").contains(CANARY));
}

#[tokio::test]
async fn erased_texts_are_gone_and_leaves_levels_and_other_texts_stay() {
    let system = System::new().await;
    system.project("alpha").await;
    let ids = system.submitted("alpha", vec![item("a"), personal("b"), item("c")]).await;
    system.rated("alpha", vec![rating("BP.10.02", wire::Value::Satisfied, "2026-05-02")]).await;
    assert_eq!(leaks(&system), [""; 0], "texts are sealed from the first");
    let submitted = shown(&system, &ids[1]).await;
    assert!(submitted.item.as_ref().unwrap().title.contains(CANARY));
    let before = event(&system, submitted.submitted.unwrap().position).await;
    assert_eq!(before.payload_state(), wire::PayloadState::Readable);

    let mut question = levels_of("alpha", "2026-06-01T00:00:00Z");
    question.with_practices = true;
    let first = system.levels(question.clone()).await;
    let pinned = first.coordinate.clone().unwrap();
    question.coordinate.as_mut().unwrap().known =
        Some(wire::coordinate::Known::LogSize(pinned.log_size));

    let receipt = erased(&system, erase(Record::Evidence(by_id(&ids[1])))).await;
    assert_eq!(receipt.events.len(), 1);
    check_erased(&system, &ids[1], &before).await;
    let again = erased(&system, erase(Record::Evidence(by_id(&ids[1])))).await;
    assert!(again.events.is_empty(), "it is so already");

    let system = system.restarted().await;
    check_erased(&system, &ids[1], &before).await;
    for (id, title) in [(&ids[0], "Policy a"), (&ids[2], "Policy c")] {
        let other = shown(&system, id).await;
        assert_eq!(other.payload_state(), wire::PayloadState::Readable);
        assert_eq!(other.item.unwrap().title, title);
    }
    let erasure = event(&system, receipt.events[0].position).await;
    assert_eq!(erasure.r#type, "payload-erased");
    assert_eq!(erasure.payload["reason"], "asked for");

    let later = system.levels(question).await;
    assert_eq!((later.digest, &later.areas), (first.digest, &first.areas));
    assert_eq!(later.coordinate.unwrap().root, pinned.root);
    assert_eq!(leaks(&system), [""; 0]);
}

#[tokio::test]
async fn the_key_file_no_longer_leads_to_an_erased_key_and_leads_to_all_others() {
    let system = System::new().await;
    system.project("alpha").await;
    let ids = system.submitted("alpha", vec![item("a"), personal("b"), item("c")]).await;
    let unit = shown(&system, &ids[0]).await.unit.unwrap().id;
    let created = event(&system, 0).await;
    let body: serde_json::Value = serde_json::from_str(&created.body_json).unwrap();
    let log = body["log"].as_str().unwrap().parse().unwrap();
    let file = system.data().join("keys").join(format!("{unit}.keys"));
    let unit = unit.parse().unwrap();
    let read = || -> KeyTree { decode(&std::fs::read(&file).unwrap(), log, unit).unwrap() };
    let keys = |mut tree: KeyTree| (1..=4).map(move |version| tree.key(version).is_some());
    assert!(keys(read()).all(|there| there));
    erased(&system, erase(Record::Version(2))).await;
    assert_eq!(keys(read()).collect::<Vec<_>>(), [true, false, true, true]);
    let system = system.restarted().await;
    assert_eq!(keys(read()).collect::<Vec<_>>(), [true, false, true, true]);
    drop(system);
}

#[tokio::test]
async fn the_log_says_what_is_erased_even_when_an_older_key_file_is_put_back() {
    let system = System::new().await;
    system.project("alpha").await;
    let ids = system.submitted("alpha", vec![personal("b")]).await;
    let submitted = shown(&system, &ids[0]).await;
    let before = event(&system, submitted.submitted.unwrap().position).await;
    let file = system.data().join("keys").join(format!("{}.keys", submitted.unit.unwrap().id));
    let older = std::fs::read(&file).unwrap();
    erased(&system, erase(Record::Evidence(by_id(&ids[0])))).await;
    let directory = system.stopped().await;
    std::fs::write(&file, older).unwrap();
    let system = System::in_directory(directory, "2026-06-01T12:00:00Z").await;
    check_erased(&system, &ids[0], &before).await;
}

#[tokio::test]
async fn a_verdict_on_an_erasure_erases_nothing() {
    let system = System::new().await;
    system.project("alpha").await;
    let ids = system.submitted("alpha", vec![personal("b")]).await;
    let asked = wire::ErasePayloadRequest {
        append: Some(wire::AppendOptions { validate_only: true, ..Default::default() }),
        ..erase(Record::Version(1))
    };
    assert!(erased(&system, asked).await.validated_only);
    let system = system.restarted().await;
    assert!(shown(&system, &ids[0]).await.item.unwrap().title.contains(CANARY));
}

#[tokio::test]
async fn an_erased_item_that_is_pushed_again_is_known_and_its_texts_do_not_come_back() {
    let system = System::new().await;
    system.project("alpha").await;
    let ids = system.submitted("alpha", vec![personal("b")]).await;
    erased(&system, erase(Record::Evidence(by_id(&ids[0])))).await;
    let size = system.size().await;
    let asked = submit("alpha", vec![personal("b")]);
    let answer = system.operator.evidence.clone().submit_evidence(asked).await.unwrap();
    let answer = answer.into_inner();
    assert!(answer.items[0].duplicate);
    assert_eq!(answer.items[0].evidence, ids[0]);
    assert_eq!(system.size().await, size);
    assert_eq!(shown(&system, &ids[0]).await.payload_state(), wire::PayloadState::Erased);
}

#[tokio::test]
async fn reviews_and_ratings_lose_their_words_and_keep_what_they_say() {
    let system = System::alone().await;
    system.project("alpha").await;
    let ids = system.submitted("alpha", vec![item("a")]).await;
    let accept = wire::AcceptEvidenceRequest {
        unit: "alpha".to_owned(),
        append: None,
        evidence: vec![by_id(&ids[0])],
        note: format!("seen with {CANARY}"),
    };
    system.operator.evidence.clone().accept_evidence(accept).await.unwrap();
    let given = wire::RatingInput {
        rationale: format!("as {CANARY} said"),
        ..rating("BP.10.01", wire::Value::Satisfied, "2026-05-02")
    };
    system.rated("alpha", vec![given]).await;
    let answer = system.levels(levels_of("alpha", "2026-06-01")).await.areas;
    for version in [2, 3] {
        erased(&system, erase(Record::Version(version))).await;
    }
    let asked = wire::ListRatingsRequest { unit: "alpha".to_owned(), ..Default::default() };
    let listed = system.operator.ratings.clone().list_ratings(asked).await.unwrap().into_inner();
    let [rated] = listed.ratings.as_slice() else { panic!("one rating") };
    assert_eq!((rated.payload_state(), rated.rationale.as_str()), (wire::PayloadState::Erased, ""));
    assert_eq!(rated.value(), wire::Value::Satisfied);
    assert_eq!(shown(&system, &ids[0]).await.standing(), wire::Standing::Accepted);
    assert_eq!(system.levels(levels_of("alpha", "2026-06-01")).await.areas, answer);
}

#[tokio::test]
async fn an_erased_principal_has_no_name_any_more_and_can_still_call() {
    let system = System::new().await;
    let ann = system.principal("ann", wire::PrincipalKind::Person).await;
    let asked =
        wire::ListEventsRequest { types: vec!["principal-added".to_owned()], ..Default::default() };
    let added = system.operator.events.clone().list_events(asked).await.unwrap().into_inner();
    let added = added.events.last().unwrap();
    assert_eq!(added.payload["name"], "ann");
    let older = files(&system.data().join("keys"));
    let version = Record::Version(added.version);
    let asked = wire::ErasePayloadRequest { unit: "organization".to_owned(), ..erase(version) };
    erased(&system, asked).await;

    let names = async |system: &System| {
        let asked = wire::ListPrincipalsRequest::default();
        let listed = system.operator.principals.clone().list_principals(asked).await.unwrap();
        let names = listed.into_inner().principals.into_iter().map(|known| known.name);
        names.collect::<Vec<_>>()
    };
    assert_eq!(names(&system).await, ["system", "operator", ""]);
    let me = ann.principals.clone().who_am_i(wire::WhoAmIRequest {}).await.unwrap().into_inner();
    assert_eq!(me.principal.unwrap().name, "", "known by id alone");
    let directory = system.stopped().await;
    // Even a backup of the keys from before does not bring the name back.
    for (file, bytes) in older {
        std::fs::write(file, bytes).unwrap();
    }
    let system = System::in_directory(directory, "2026-06-01T12:00:00Z").await;
    assert_eq!(names(&system).await, ["system", "operator", ""]);
}
