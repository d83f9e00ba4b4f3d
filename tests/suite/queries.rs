//! What auditors ask: committed to while the engagement goes on, opened at its end, and never told before.

use std::collections::BTreeMap;
use std::fs;

use gradus_model::{Event, Leaf, Recorded, Timestamp};
use gradus_proof::queries::{QueryRow, VerifiedQueries, verify_queries};
use gradus_server::Settings;
use gradus_server::operate::{self, Severity};
use gradus_wire::v1 as wire;
use prost::Message as _;
use tempfile::TempDir;
use wire::subscribe_events_response::Update;

use crate::machine::Clocks;
use crate::running::{Principal, System, item, levels_of, on, refusal};

const NOON: &str = "2026-06-01T12:00:00Z";
const AUDITOR: wire::Role = wire::Role::Auditor;

/// A server that commits to questions each second of its clock.
async fn started(directory: TempDir, now: &str) -> System {
    let change = |settings: &mut Settings| {
        settings.audit_queries_every_seconds = 1.try_into().unwrap();
    };
    let started = System::start_as(directory, Clocks::at(now), change).await;
    started.unwrap_or_else(|error| panic!("{error}"))
}

/// The same with a project that has an item, and an auditor of all until July.
async fn given() -> (System, Principal) {
    let system = started(tempfile::tempdir().unwrap(), NOON).await;
    system.adopt_rules("organization", "solo").await;
    system.project("alpha").await;
    system.submitted("alpha", vec![item("one")]).await;
    let ada = hired(&system, "2026-07-01").await;
    (system, ada)
}

async fn hired(system: &System, until: &str) -> Principal {
    let kind = wire::PrincipalKind::Person.into();
    let added = wire::AddPrincipalRequest { append: None, name: "ada".to_owned(), kind };
    system.operator.principals.clone().add_principal(added).await.unwrap();
    let asked = wire::GrantRoleRequest {
        principal: "ada".to_owned(),
        role: AUDITOR.into(),
        unit: "organization".to_owned(),
        until: on(until),
        ..Default::default()
    };
    system.operator.roles.clone().grant_role(asked).await.unwrap();
    Principal::new(&system.channel, &system.issue("ada").await)
}

fn question(day: &str) -> wire::QueryLevelsRequest {
    levels_of("alpha", day)
}

async fn asks(by: &Principal, day: &str) {
    by.levels.clone().query_levels(question(day)).await.unwrap();
}

async fn listed(by: &Principal) -> Vec<wire::Engagement> {
    let asked = wire::ListEngagementsRequest {};
    by.audit.clone().list_engagements(asked).await.unwrap().into_inner().engagements
}

async fn read(
    by: &Principal,
    auditor: &str,
    engagement: u32,
) -> Result<wire::ReadQueriesResponse, tonic::Status> {
    let auditor = auditor.to_owned();
    let asked = wire::ReadQueriesRequest { auditor, engagement, ..Default::default() };
    by.audit.clone().read_queries(asked).await.map(tonic::Response::into_inner)
}

async fn ended(by: &Principal, engagement: u32) -> wire::Receipt {
    let asked = wire::EndEngagementRequest { append: None, engagement };
    by.audit.clone().end_engagement(asked).await.unwrap().into_inner().receipt.unwrap()
}

/// Waits until so many records of a type are in the log; their events.
async fn waited(system: &System, of: &str, count: usize) -> Vec<wire::Event> {
    let types = vec![of.to_owned()];
    let asked = wire::SubscribeEventsRequest { types, ..Default::default() };
    let mut stream =
        system.operator.events.clone().subscribe_events(asked).await.unwrap().into_inner();
    let mut found = Vec::new();
    while found.len() < count {
        let message = stream.message().await.unwrap().unwrap();
        let Some(Update::Events(batch)) = message.update else { continue };
        found.extend(batch.events);
    }
    found
}

/// Waits until all that was asked in an engagement is opened.
async fn opened(system: &System, engagement: u32) {
    let asked = async {
        loop {
            let all = listed(&system.operator).await;
            let found = all.iter().find(|one| one.number == engagement);
            if found.is_some_and(|one| one.ended && one.opened_rows == one.committed_rows) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), asked).await.unwrap();
}

fn row(from: wire::RecordedQuery) -> QueryRow {
    let micros = from.asked_at.unwrap().seconds * 1_000_000;
    QueryRow {
        number: from.number,
        asked_at: Timestamp::from_micros(micros).unwrap(),
        log_size: from.log_size,
        method: from.method,
        request: from.request,
        more: from.more,
        salt: from.salt.try_into().unwrap(),
    }
}

/// What anybody who may prove all finds of an engagement, by the leaves in the log.
async fn verified(system: &System, by: &Principal, engagement: u32) -> VerifiedQueries {
    let all = listed(by).await;
    let found = all.iter().find(|one| one.number == engagement).unwrap();
    let mut records = Vec::new();
    for position in &found.positions {
        let asked = wire::ProveInclusionRequest { position: *position };
        let proved = system.operator.proofs.clone().prove_inclusion(asked).await.unwrap();
        let leaf = Leaf::read(&proved.into_inner().leaf).unwrap();
        let event: Event = Recorded::from_leaf(&leaf).unwrap().event;
        records.push((*position, event));
    }
    let mut rows: BTreeMap<u64, Vec<QueryRow>> = BTreeMap::new();
    for one in read(by, "ada", engagement).await.unwrap().rows {
        rows.entry(one.position.unwrap()).or_default().push(row(one));
    }
    verify_queries(&records, &rows).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_auditor_asks_is_told_to_nobody_before_the_end_and_to_the_last_row_afterwards() {
    let (system, ada) = given().await;
    asks(&ada, "2026-05-02").await;
    let late = wire::FindLateRequest { unit: "alpha".to_owned(), ..Default::default() };
    ada.audit.clone().find_late(late.clone()).await.unwrap();
    let missing = wire::GetUnitRequest { unit: "beta".to_owned(), ..Default::default() };
    let missing = ada.units.clone().get_unit(missing).await;
    assert!(missing.is_err(), "what is not there was asked for, too");
    system.advance(2);
    let recorded = waited(&system, "queries-recorded", 1).await;
    let said = &recorded[0];
    assert_eq!(said.actor.as_ref().unwrap().name, "system");
    assert!(said.body_json.contains("\"count\":3"), "{}", said.body_json);
    assert!(!format!("{said:?}").contains("QueryLevels"), "{said:?}");

    let told = refusal(&read(&system.operator, "ada", 1).await.unwrap_err());
    assert_eq!(
        told,
        "FailedPrecondition QUERIES_SEALED: what was asked is not told before the engagement is over: \
         ask again after 2026-07-01T00:00:00Z, or once its auditor has ended it"
    );
    let seen = &listed(&system.operator).await[0];
    assert_eq!((seen.committed_rows, seen.asked_rows, seen.ended), (3, None, false));

    let own = read(&ada, "", 1).await.unwrap().rows;
    let methods: Vec<&str> = own.iter().map(|row| row.method.as_str()).collect();
    assert_eq!(
        methods[..3],
        ["LevelService/QueryLevels", "AuditService/FindLate", "UnitService/GetUnit"]
    );
    assert_eq!(own[0].request, question("2026-05-02").encode_to_vec());
    assert_eq!(own[1].request, late.encode_to_vec());

    ended(&ada, 1).await;
    opened(&system, 1).await;
    let told = read(&system.operator, "ada", 1).await.unwrap();
    let rows: Vec<_> = told.rows.iter().map(|row| &row.request).collect();
    assert_eq!(rows[..3], own[..3].iter().map(|row| &row.request).collect::<Vec<_>>());
    let whole = verified(&system, &system.operator, 1).await;
    assert_eq!((whole.withheld, whole.rows.len() as u64), (0, whole.committed));
    assert!(whole.ended.is_some());

    asks(&ada, "2026-05-03").await;
    let next = read(&ada, "", 2).await.unwrap().rows;
    assert_eq!(next[0].request, question("2026-05-03").encode_to_vec(), "another one begins");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_is_still_there_after_a_restart_and_goes_on_with_the_next_number() {
    let (system, ada) = given().await;
    asks(&ada, "2026-05-02").await;
    asks(&ada, "2026-05-03").await;
    let before = read(&ada, "", 1).await.unwrap().rows;
    let directory = system.stopped().await;
    let system = started(directory, "2026-06-01T12:00:00Z").await;
    let ada = Principal::new(&system.channel, &system.issue("ada").await);
    asks(&ada, "2026-05-04").await;
    let after = read(&ada, "", 1).await.unwrap().rows;
    assert_eq!(after[..2], before[..2]);
    assert_eq!(after[3].number, 3, "reading one's own is a question, too");
    system.advance(2);
    waited(&system, "queries-recorded", 1).await;
    ended(&ada, 1).await;
    opened(&system, 1).await;
    let whole = verified(&system, &system.operator, 1).await;
    assert_eq!((whole.withheld, whole.committed), (0, whole.rows.len() as u64));
    assert!(whole.committed >= 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn revoking_the_role_opens_nothing_before_the_end_that_it_was_granted_with() {
    let (system, ada) = given().await;
    asks(&ada, "2026-05-02").await;
    system.end_role("ada", AUDITOR, "organization").await;
    system.advance(2);
    waited(&system, "queries-recorded", 1).await;
    let told = refusal(&read(&system.operator, "ada", 1).await.unwrap_err());
    assert!(told.starts_with("FailedPrecondition QUERIES_SEALED"), "{told}");
    system.advance(31 * 86_400);
    opened(&system, 1).await;
    let rows = read(&system.operator, "ada", 1).await.unwrap().rows;
    assert_eq!(rows.len(), 1);
    let actors = waited(&system, "engagement-ended", 1).await;
    assert_eq!(actors[0].actor.as_ref().unwrap().name, "system");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_cannot_be_recorded_is_not_answered_and_nobody_else_is_hindered() {
    let system = started(tempfile::tempdir().unwrap(), NOON).await;
    system.project("alpha").await;
    fs::write(system.data().join("queries"), "in the way").unwrap();
    let ada = hired(&system, "2026-07-01").await;
    let refused = ada.levels.clone().query_levels(question("2026-05-02")).await.unwrap_err();
    let told = refusal(&refused);
    let begins = "Unavailable QUERY_NOT_RECORDED: what auditors ask is recorded, and this could not be, so \
                  that it is not answered: ";
    assert!(told.starts_with(begins), "{told}");
    asks(&system.operator, "2026-05-02").await;
    let me = ada.principals.clone().who_am_i(wire::WhoAmIRequest {}).await;
    assert!(me.is_ok(), "what takes no right is no question");
    fs::remove_file(system.data().join("queries")).unwrap();
    asks(&ada, "2026-05-02").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_ask_and_what_is_appended_is_not_recorded() {
    let (system, ada) = given().await;
    asks(&system.operator, "2026-05-02").await;
    let viewer =
        system.with_role("vera", wire::PrincipalKind::Person, (wire::Role::Viewer, "alpha")).await;
    asks(&viewer, "2026-05-02").await;
    assert!(!system.data().join("queries").exists());
    system.grant("ada", wire::Role::Assessor, "alpha").await;
    let asked = crate::running::submit("alpha", vec![item("two")]);
    ada.evidence.clone().submit_evidence(asked).await.unwrap();
    assert!(!system.data().join("queries").exists(), "the log tells it");
    asks(&ada, "2026-05-02").await;
    assert!(system.data().join("queries").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_question_takes_several_rows_and_is_opened_whole() {
    let (system, ada) = given().await;
    let units: Vec<String> = (0..400).map(|number| format!("unit-{number:020}")).collect();
    let asked = wire::CreateCapsuleRequest { units, ..Default::default() };
    assert!(ada.proofs.clone().create_capsule(asked.clone()).await.is_err());
    ended(&ada, 1).await;
    opened(&system, 1).await;
    let rows = read(&system.operator, "ada", 1).await.unwrap().rows;
    let parts: Vec<bool> = rows.iter().map(|row| row.more).collect();
    assert_eq!(parts.last(), Some(&false));
    assert!(parts.len() > 3 && parts[..parts.len() - 1].iter().all(|more| *more));
    let whole: Vec<u8> = rows.into_iter().flat_map(|row| row.request).collect();
    assert_eq!(whole, asked.encode_to_vec());
    assert_eq!(verified(&system, &system.operator, 1).await.withheld, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_opened_can_be_erased_and_its_number_stays_proved() {
    let (system, ada) = given().await;
    for _ in 0..60 {
        asks(&ada, "2026-05-02").await;
    }
    ended(&ada, 1).await;
    opened(&system, 1).await;
    let pieces = waited(&system, "queries-opened", 2).await;
    let asked = wire::ErasePayloadRequest {
        unit: "organization".to_owned(),
        record: Some(wire::erase_payload_request::Record::Version(pieces[0].version)),
        reason: "asked for".to_owned(),
        ..Default::default()
    };
    system.operator.evidence.clone().erase_payload(asked).await.unwrap();
    let told = read(&system.operator, "ada", 1).await.unwrap();
    assert_eq!(told.withheld, [pieces[0].position]);
    let whole = verified(&system, &system.operator, 1).await;
    assert_eq!(whole.committed, 60);
    assert!(whole.withheld > 0 && whole.withheld + whole.rows.len() as u64 == 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_or_damaged_file_is_named_and_the_engagement_is_ended_without_it() {
    let (system, ada) = given().await;
    asks(&ada, "2026-05-02").await;
    system.advance(2);
    waited(&system, "queries-recorded", 1).await;
    let directory = system.stopped().await;
    let data = directory.path().join("data");
    let file = fs::read_dir(data.join("queries")).unwrap().next().unwrap().unwrap().path();
    let whole = fs::read(&file).unwrap();
    assert_eq!(operate::examine(&data, &|_, _, _| ()).unwrap().worst(), None);
    let mut damaged = whole.clone();
    damaged[30] ^= 1;
    fs::write(&file, damaged).unwrap();
    let diagnosis = operate::examine(&data, &|_, _, _| ()).unwrap();
    assert_eq!(diagnosis.worst(), Some(Severity::Lost), "{:?}", diagnosis.findings);
    fs::remove_file(&file).unwrap();
    let diagnosis = operate::examine(&data, &|_, _, _| ()).unwrap();
    let [finding] = diagnosis.findings.as_slice() else { panic!("{:?}", diagnosis.findings) };
    assert_eq!(finding.what, "it is missing: 1 rows that an auditor asked cannot be opened");

    let system = started(directory, "2026-06-01T12:01:00Z").await;
    waited(&system, "engagement-ended", 1).await;
    let ada = Principal::new(&system.channel, &system.issue("ada").await);
    asks(&ada, "2026-05-02").await;
    let own: Vec<(u32, bool, bool)> =
        listed(&ada).await.iter().map(|one| (one.number, one.ended, one.openable)).collect();
    assert_eq!(own, [(1, true, false), (2, false, true)]);
}
