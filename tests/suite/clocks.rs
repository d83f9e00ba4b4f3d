//! Wall clocks that jump back, jump ahead or stand still, while the server runs and across a restart.

use expect_test::expect;
use gradus_wire::v1 as wire;
use tonic::Status;

use crate::running::{Principal, System, item, refusal, submit};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const TEN_YEARS: i64 = 3_652 * DAY;

async fn with_alpha() -> System {
    let system = System::new().await;
    system.project("alpha").await;
    system.submitted("alpha", vec![item("first")]).await;
    system
}

async fn submit_one(system: &System, id: &str) -> Result<(), Status> {
    let asked = submit("alpha", vec![item(id)]);
    system.operator.evidence.clone().submit_evidence(asked).await.map(|_| ())
}

/// Checks that nothing is recorded and that reads go on; what the clock said, and what was expected.
async fn refuses(system: &System) -> (String, String) {
    let size = system.size().await;
    let status = submit_one(system, "refused").await.unwrap_err();
    assert!(refusal(&status).starts_with("FailedPrecondition CLOCK_SUSPECT: "), "{status:?}");
    assert_eq!(system.size().await, size);
    let clock = clock(system).await;
    assert!(clock.suspect);
    let told = |at: Option<prost_types::Timestamp>| {
        let at = at.unwrap();
        let micros = at.seconds * 1_000_000 + i64::from(at.nanos) / 1_000;
        let text = gradus_model::Timestamp::from_micros(micros).unwrap().to_string();
        text.split('.').next().unwrap().trim_end_matches('Z').to_owned()
    };
    (told(clock.wall), told(clock.expected))
}

async fn clock(system: &System) -> wire::GetClockResponse {
    let mut clock = system.operator.clock.clone();
    clock.get_clock(wire::GetClockRequest {}).await.unwrap().into_inner()
}

fn accepting(reason: &str) -> wire::AcceptClockRequest {
    wire::AcceptClockRequest { append: None, reason: reason.to_owned() }
}

async fn accept(by: &Principal) -> Result<wire::Receipt, Status> {
    let answer = by.clock.clone().accept_clock(accepting("it was looked at")).await;
    answer.map(|answer| answer.into_inner().receipt.unwrap())
}

/// The events of these types, of the whole log if there are none.
async fn events(system: &System, types: &[&str]) -> Vec<wire::Event> {
    let asked = wire::ListEventsRequest {
        types: types.iter().map(|name| (*name).to_owned()).collect(),
        page_size: 1_000,
        ..Default::default()
    };
    system.operator.events.clone().list_events(asked).await.unwrap().into_inner().events
}

/// Checks that stamps strictly increase over the whole log, and gives the year of the last.
async fn year_of_the_last_stamp(system: &System) -> i16 {
    let events = events(system, &[]).await;
    let stamps: Vec<_> = events.iter().map(|event| event.recorded_at.unwrap()).collect();
    let pairs = |one: &prost_types::Timestamp, next: &prost_types::Timestamp| {
        (one.seconds, one.nanos) < (next.seconds, next.nanos)
    };
    assert!(stamps.is_sorted_by(pairs), "{stamps:?}");
    let last = stamps.last().unwrap();
    gradus_model::Timestamp::from_micros(last.seconds * 1_000_000).unwrap().date().0
}

#[tokio::test]
async fn a_clock_that_jumps_or_stops_at_run_time_refuses_appends_until_it_is_mended() {
    let system = with_alpha().await;
    for (jump, said) in [(-HOUR, "11:00:00"), (HOUR, "13:00:00"), (-61, "11:58:59")] {
        system.clocks.jump(jump);
        let (wall, expected) = refuses(&system).await;
        assert_eq!(wall, format!("2026-06-01T{said}"));
        assert_eq!(expected, "2026-06-01T12:00:00");
        system.clocks.jump(-jump);
        submit_one(&system, said).await.unwrap();
    }
    system.clocks.stand_still(61);
    assert_eq!(
        refuses(&system).await,
        ("2026-06-01T12:00:00".to_owned(), "2026-06-01T12:01:01".to_owned())
    );
    system.clocks.jump(61);
    submit_one(&system, "mended").await.unwrap();
    assert_eq!(events(&system, &["clock-accepted"]).await, []);
    assert_eq!(year_of_the_last_stamp(&system).await, 2026);
}

#[tokio::test]
async fn a_refusal_says_what_the_clock_says_and_what_to_do() {
    let system = with_alpha().await;
    system.clocks.jump(HOUR);
    let status = submit_one(&system, "a").await.unwrap_err();
    expect![[r#"FailedPrecondition CLOCK_SUSPECT: the clock says 2026-06-01T13:00:00Z where 2026-06-01T12:00:00Z is expected: set the clock right, or accept it"#]]
    .assert_eq(&refusal(&status));
    let mut verdict = submit("alpha", vec![item("b")]);
    verdict.append = Some(wire::AppendOptions { validate_only: true, ..Default::default() });
    let status = system.operator.evidence.clone().submit_evidence(verdict).await.unwrap_err();
    assert!(refusal(&status).contains("CLOCK_SUSPECT"), "a verdict says what the call would");
    // What is so already needs no stamp.
    submit_one(&system, "first").await.unwrap();
}

#[tokio::test]
async fn a_clock_is_accepted_by_an_event_and_stamps_go_on_from_the_last_one() {
    let system = with_alpha().await;
    for (jump, reason) in [(HOUR, "ahead"), (-3 * HOUR, "behind")] {
        system.clocks.jump(jump);
        refuses(&system).await;
        accept(&system.operator).await.unwrap();
        assert!(!clock(&system).await.suspect);
        submit_one(&system, reason).await.unwrap();
    }
    let accepted = events(&system, &["clock-accepted"]).await;
    let said: Vec<_> = accepted
        .iter()
        .map(|event| {
            let body: serde_json::Value = serde_json::from_str(&event.body_json).unwrap();
            let by = event.actor.as_ref().unwrap().name.clone();
            let expected = body["expected"].as_str().unwrap().to_owned();
            format!(
                "{by} {} {} {}",
                body["wall"].as_str().unwrap(),
                expected,
                event.payload["reason"]
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            "operator 2026-06-01T13:00:00Z 2026-06-01T12:00:00Z it was looked at",
            "operator 2026-06-01T10:00:00Z 2026-06-01T13:00:00Z it was looked at",
        ]
    );
    let organization = accepted[1].unit.as_ref().unwrap().name.clone();
    assert_eq!(organization, "organization");
    assert_eq!(year_of_the_last_stamp(&system).await, 2026);
    // The record is the first that is stamped by the clock it accepts.
    let stamp = accepted[0].recorded_at.unwrap();
    assert_eq!((stamp.seconds % 86_400 / HOUR, stamp.nanos), (13, 0));
}

#[tokio::test]
async fn nothing_is_accepted_where_nothing_is_suspect() {
    let system = with_alpha().await;
    let size = system.size().await;
    let refused = accept(&system.operator).await.unwrap_err();
    expect!["FailedPrecondition CLOCK_BELIEVED: the clock says 2026-06-01T12:00:00Z where 2026-06-01T12:00:00Z is expected: there is nothing to accept"]
        .assert_eq(&refusal(&refused));
    assert_eq!(system.size().await, size);
    submit_one(&system, "a").await.unwrap();
}

#[tokio::test]
async fn only_a_person_who_says_why_accepts_a_clock() {
    let system = with_alpha().await;
    let scanner = system.principal("scanner", wire::PrincipalKind::Service).await;
    system.clocks.jump(HOUR);
    let refused = accept(&scanner).await.unwrap_err();
    expect![
        "PermissionDenied NOT_A_PERSON: only a person may accept a clock: use the token of one"
    ]
    .assert_eq(&refusal(&refused));
    assert!(scanner.clock.clone().get_clock(wire::GetClockRequest {}).await.is_ok());
    let silent = system.operator.clock.clone().accept_clock(accepting("")).await.unwrap_err();
    assert!(refusal(&silent).contains("REASON_MISSING"), "{silent:?}");
    let long = accepting(&"x".repeat(4_097));
    let long = system.operator.clock.clone().accept_clock(long).await.unwrap_err();
    assert!(refusal(&long).contains("INVALID_FIELD [reason]"), "{long:?}");
    refuses(&system).await;
}

#[tokio::test]
async fn an_acceptance_is_conditional_previewed_and_replayed_as_every_append() {
    let system = with_alpha().await;
    system.clocks.jump(HOUR);
    let with = |append| wire::AcceptClockRequest { append: Some(append), ..accepting("checked") };
    let mut client = system.operator.clock.clone();
    let stale = wire::AppendOptions { expected_version: Some(1), ..Default::default() };
    let stale = client.accept_clock(with(stale)).await.unwrap_err();
    assert!(refusal(&stale).starts_with("Aborted STALE_VERSION"), "{stale:?}");
    refuses(&system).await;
    let verdict = wire::AppendOptions { validate_only: true, ..Default::default() };
    let verdict = client.accept_clock(with(verdict)).await.unwrap().into_inner();
    assert!(verdict.receipt.unwrap().validated_only);
    refuses(&system).await;

    let named = wire::AppendOptions {
        request_id: "0d6a7d5c-64d1-4dc6-8a0c-2f8a3a1c7b11".to_owned(),
        ..Default::default()
    };
    let first = client.accept_clock(with(named.clone())).await.unwrap().into_inner();
    system.clocks.pass(30);
    let again = client.accept_clock(with(named.clone())).await.unwrap().into_inner();
    let (first, again) = (first.receipt.unwrap(), again.receipt.unwrap());
    assert!(!first.replayed && again.replayed);
    assert_eq!(first.events[0].position, again.events[0].position);
    let other = wire::AcceptClockRequest { append: Some(named), ..accepting("for fun") };
    let other = client.accept_clock(other).await.unwrap_err();
    assert!(refusal(&other).starts_with("AlreadyExists REQUEST_ID_REUSED"), "{other:?}");
    assert_eq!(events(&system, &["clock-accepted"]).await.len(), 1);
}

#[tokio::test]
async fn a_restart_does_not_lose_a_suspicion_and_reads_go_on() {
    for jump in [-HOUR, HOUR] {
        let system = with_alpha().await;
        system.clocks.jump(jump);
        refuses(&system).await;
        // The server alone, then the whole machine, which takes its time.
        let clocks = system.clocks.after_a_stop();
        let system = system.restarted_on(clocks).await;
        refuses(&system).await;
        let clocks = system.clocks.rebooted();
        clocks.pass(5 * HOUR);
        let system = system.restarted_on(clocks).await;
        refuses(&system).await;
        accept(&system.operator).await.unwrap();
        submit_one(&system, "accepted").await.unwrap();
        let system = system.restarted().await;
        submit_one(&system, "still accepted").await.unwrap();
        assert_eq!(year_of_the_last_stamp(&system).await, 2026);
    }
}

#[tokio::test]
async fn a_clock_that_is_set_or_stands_still_between_stop_and_start_is_suspect() {
    for (jump, passed, said) in
        [(-HOUR, 0, "11:00:00"), (HOUR, 0, "13:00:00"), (0, HOUR, "12:00:00")]
    {
        let system = with_alpha().await;
        let clocks = system.clocks.after_a_stop();
        clocks.jump(jump);
        clocks.stand_still(passed);
        let system = system.restarted_on(clocks).await;
        assert_eq!(refuses(&system).await.0, format!("2026-06-01T{said}"));
    }
    let system = with_alpha().await;
    let clocks = system.clocks.rebooted();
    clocks.jump(-HOUR);
    let system = system.restarted_on(clocks).await;
    assert_eq!(refuses(&system).await.1, "2026-06-01T12:00:00", "behind the last stamp");
    system.clocks.jump(2 * HOUR);
    submit_one(&system, "mended").await.unwrap();
}

#[tokio::test]
async fn one_boot_in_2036_does_not_poison_the_log() {
    let system = with_alpha().await;
    system.clocks.pass(5 * DAY);
    let clocks = system.clocks.rebooted();
    clocks.jump(TEN_YEARS);
    let system = system.restarted_on(clocks).await;
    let (wall, expected) = refuses(&system).await;
    assert!(wall.starts_with("2036-") && expected.starts_with("2026-06-06"), "{wall} {expected}");
    assert_eq!(year_of_the_last_stamp(&system).await, 2026);
    let asked = crate::running::levels_of("alpha", "2026-06-02");
    assert_eq!(system.levels(asked).await.coordinate.unwrap().log_size, system.size().await);

    // Another start does not make it right; a mended clock does.
    let clocks = system.clocks.rebooted();
    let system = system.restarted_on(clocks).await;
    refuses(&system).await;
    system.clocks.jump(-TEN_YEARS);
    submit_one(&system, "mended").await.unwrap();
    assert_eq!(year_of_the_last_stamp(&system).await, 2026);

    // Also when it jumps while the server runs, and is mended while the machine is off.
    system.clocks.jump(TEN_YEARS);
    refuses(&system).await;
    let clocks = system.clocks.rebooted();
    clocks.jump(HOUR - TEN_YEARS);
    let system = system.restarted_on(clocks).await;
    submit_one(&system, "mended while off").await.unwrap();
    let clocks = system.clocks.rebooted();
    clocks.jump(TEN_YEARS);
    let system = system.restarted_on(clocks).await;
    refuses(&system).await;
    let clocks = system.clocks.rebooted();
    clocks.jump(HOUR - TEN_YEARS);
    let system = system.restarted_on(clocks).await;
    submit_one(&system, "mended again").await.unwrap();
    assert_eq!(year_of_the_last_stamp(&system).await, 2026);
    assert_eq!(events(&system, &["clock-accepted"]).await, []);
}

#[tokio::test]
async fn a_pause_of_years_is_accepted_by_an_operator() {
    let system = with_alpha().await;
    let clocks = system.clocks.rebooted();
    clocks.jump(89 * DAY);
    let system = system.restarted_on(clocks).await;
    submit_one(&system, "after three months").await.unwrap();
    system.clocks.pass(91 * DAY);
    submit_one(&system, "the server ran").await.unwrap();
    let clocks = system.clocks.rebooted();
    clocks.jump(91 * DAY);
    let system = system.restarted_on(clocks).await;
    refuses(&system).await;
    accept(&system.operator).await.unwrap();
    submit_one(&system, "after the pause").await.unwrap();
    let system = system.restarted().await;
    submit_one(&system, "and later").await.unwrap();
    assert_eq!(year_of_the_last_stamp(&system).await, 2027);
}
