//! Roles over the API: what each may call, what is seen of the rest, and how they come and go.

mod hidden;
mod matrix;
mod rows;

use expect_test::expect;
use gradus_wire::v1 as wire;
use tokio_stream::StreamExt as _;
use tonic::Code;

use crate::running::{Principal, System, item, levels_of, on, refusal, submit};

const PERSON: wire::PrincipalKind = wire::PrincipalKind::Person;
const SERVICE: wire::PrincipalKind = wire::PrincipalKind::Service;

async fn names(who: &Principal) -> Vec<String> {
    let answer = who.units.clone().list_units(wire::ListUnitsRequest::default()).await.unwrap();
    answer.into_inner().units.into_iter().map(|unit| unit.name).collect()
}

/// Two projects, each in a team of its own.
async fn two_teams() -> System {
    let system = System::new().await;
    for (team, name) in [("red", "alfa"), ("blue", "beta")] {
        let asked = wire::RegisterUnitRequest {
            kind: wire::UnitKind::Project.into(),
            name: name.to_owned(),
            team: team.to_owned(),
            effective_at: on("2025-01-01"),
            ..Default::default()
        };
        system.operator.units.clone().register_unit(asked).await.unwrap();
    }
    system
}

async fn roll_up(who: &Principal) -> (u32, u32) {
    let asked = wire::RollUpLevelsRequest {
        rule: wire::RollUpRule::Minimum.into(),
        with_members: true,
        ..Default::default()
    };
    let answer = who.levels.clone().roll_up_levels(asked).await.unwrap().into_inner();
    (answer.members, u32::try_from(answer.units.len()).unwrap())
}

#[tokio::test]
async fn lists_roll_ups_and_records_show_what_is_in_sight_and_nothing_of_the_rest() {
    let system = two_teams().await;
    system.submitted("alfa", vec![item("1")]).await;
    system.submitted("beta", vec![item("2")]).await;
    let viewer = system.with_role("vic", PERSON, (wire::Role::Viewer, "red")).await;
    assert_eq!(names(&viewer).await, ["red", "alfa"]);
    assert_eq!(names(&system.operator).await, ["organization", "red", "alfa", "blue", "beta"]);
    assert_eq!(roll_up(&viewer).await, (1, 1));
    assert_eq!(roll_up(&system.operator).await, (2, 2));
    let all = wire::ListEventsRequest { page_size: 1_000, ..Default::default() };
    let events = viewer.events.clone().list_events(all).await.unwrap().into_inner();
    let types: Vec<&str> = events.events.iter().map(|event| event.r#type.as_str()).collect();
    assert_eq!(types, ["evidence-submitted"]);
    assert_eq!(events.log_size, system.size().await, "the size of the log is no secret");
    for (position, shown) in [(events.events[0].position, true), (0, false), (1 << 40, false)] {
        let asked = wire::GetEventRequest { position };
        let answer = viewer.events.clone().get_event(asked).await;
        let told = answer.map_or_else(|status| refusal(&status), |_| "shown".to_owned());
        let unknown = format!("NotFound POSITION_UNKNOWN: position `{position}` is unknown");
        assert_eq!(told, if shown { "shown" } else { &unknown });
    }
}

#[tokio::test]
async fn a_unit_that_moves_is_seen_by_its_new_team_with_all_its_past_and_no_longer_by_the_old() {
    let system = two_teams().await;
    let of_red = system.with_role("rita", PERSON, (wire::Role::Viewer, "red")).await;
    let of_blue = system.with_role("bill", PERSON, (wire::Role::Viewer, "blue")).await;
    let then = levels_of("alfa", "2026-01-01");
    assert!(of_red.levels.clone().query_levels(then.clone()).await.is_ok());
    assert!(of_blue.levels.clone().query_levels(then.clone()).await.is_err());
    let moved = wire::MoveUnitRequest {
        unit: "alfa".to_owned(),
        parent: "blue".to_owned(),
        ..Default::default()
    };
    system.operator.units.clone().move_unit(moved).await.unwrap();
    let lost = of_red.levels.clone().query_levels(then.clone()).await.unwrap_err();
    assert_eq!(refusal(&lost), "NotFound UNIT_UNKNOWN: unit `alfa` is unknown");
    assert!(of_blue.levels.clone().query_levels(then).await.is_ok(), "the past, too");
    assert_eq!(names(&of_blue).await, ["alfa", "blue", "beta"]);
}

#[tokio::test]
async fn a_role_ends_by_itself_and_who_had_it_then_is_still_told() {
    let system = two_teams().await;
    let until = system.now().plus_micros(3_600_000_000);
    let eve = system.with_role("eve", PERSON, (wire::Role::Viewer, "alfa")).await;
    let endless = wire::GrantRoleRequest {
        principal: "eve".to_owned(),
        role: wire::Role::Auditor.into(),
        unit: "beta".to_owned(),
        ..Default::default()
    };
    let refused = system.operator.roles.clone().grant_role(endless).await.unwrap_err();
    expect!["InvalidArgument END_MISSING [until]: `until` is missing: the role auditor is granted for a time, so say when it ends"]
        .assert_eq(&refusal(&refused));
    let asked = wire::GrantRoleRequest {
        principal: "eve".to_owned(),
        role: wire::Role::Auditor.into(),
        unit: "beta".to_owned(),
        until: Some(prost_types::Timestamp {
            seconds: until.micros().div_euclid(1_000_000),
            nanos: i32::try_from(until.micros().rem_euclid(1_000_000) * 1_000).unwrap(),
        }),
        reason: "the audit of this year".to_owned(),
        ..Default::default()
    };
    system.operator.roles.clone().grant_role(asked).await.unwrap();
    assert!(eve.levels.clone().query_levels(levels_of("beta", "2026-01-01")).await.is_ok());
    let during = system.now();
    system.advance(3_600);
    let over = eve.levels.clone().query_levels(levels_of("beta", "2026-01-01")).await.unwrap_err();
    assert_eq!(refusal(&over), "NotFound UNIT_UNKNOWN: unit `beta` is unknown");
    let held = async |valid_at: Option<prost_types::Timestamp>| {
        let asked = wire::ListRolesRequest {
            principal: "eve".to_owned(),
            coordinate: Some(wire::Coordinate { valid_at, ..Default::default() }),
            ..Default::default()
        };
        let answer = system.operator.roles.clone().list_roles(asked).await.unwrap().into_inner();
        let roles = answer.roles.iter().map(|grant| {
            format!("{} of {}", grant.role().as_str_name(), grant.unit.as_ref().unwrap().name)
        });
        roles.collect::<Vec<_>>().join(", ")
    };
    let during = prost_types::Timestamp {
        seconds: during.micros().div_euclid(1_000_000),
        nanos: i32::try_from(during.micros().rem_euclid(1_000_000) * 1_000).unwrap(),
    };
    let then = held(Some(during)).await;
    assert!(
        then.contains("ROLE_AUDITOR of beta") && then.contains("ROLE_VIEWER of alfa"),
        "{then}"
    );
    assert_eq!(held(None).await, "ROLE_VIEWER of alfa");
}

#[tokio::test]
async fn a_collector_submits_to_its_project_and_can_neither_read_review_nor_reach_another() {
    let system = two_teams().await;
    let tool = system.with_role("ci", SERVICE, (wire::Role::Collector, "alfa")).await;
    let push = async |unit: &str| {
        let answer = tool.evidence.clone().submit_evidence(submit(unit, vec![item("1")])).await;
        answer.map_or_else(|status| refusal(&status), |_| "recorded".to_owned())
    };
    assert_eq!(push("alfa").await, "recorded");
    assert_eq!(push("beta").await, "NotFound UNIT_UNKNOWN: unit `beta` is unknown");
    assert_eq!(push("zeta").await, "NotFound UNIT_UNKNOWN: unit `zeta` is unknown");
    let list = wire::ListEvidenceRequest { unit: "alfa".to_owned(), ..Default::default() };
    let told = tool.evidence.clone().list_evidence(list).await.unwrap_err();
    expect!["PermissionDenied RIGHT_MISSING: this needs the right to read, which the role viewer, assessor, lead, sponsor, auditor or admin gives: ask an admin for it"].assert_eq(&refusal(&told));
    assert!(tool.levels.clone().query_levels(levels_of("alfa", "2026-01-01")).await.is_ok());
}

#[tokio::test]
async fn a_right_on_one_unit_is_none_on_another_that_is_only_seen() {
    let system = two_teams().await;
    let ann = system.with_role("ann", PERSON, (wire::Role::Assessor, "alfa")).await;
    system.grant("ann", wire::Role::Viewer, "beta").await;
    let rate = async |unit: &str| {
        let asked = wire::RatePracticesRequest {
            unit: unit.to_owned(),
            ratings: vec![crate::running::rating("BP.10.01", wire::Value::Satisfied, "2026-05-01")],
            ..Default::default()
        };
        let answer = ann.ratings.clone().rate_practices(asked).await;
        answer.map_or_else(|status| refusal(&status), |_| "recorded".to_owned())
    };
    assert_eq!(rate("alfa").await, "recorded");
    expect!["PermissionDenied RIGHT_MISSING: this needs the right to rate on `beta`, which the role assessor or admin gives: ask an admin for it"].assert_eq(&rate("beta").await);
}

#[tokio::test]
async fn a_lead_registers_projects_below_the_own_team_and_a_hidden_team_looks_like_none() {
    let system = two_teams().await;
    let lead = system.with_role("lea", PERSON, (wire::Role::Lead, "red")).await;
    let register = async |name: &str, parent: &str, team: &str| {
        let asked = wire::RegisterUnitRequest {
            kind: wire::UnitKind::Project.into(),
            name: name.to_owned(),
            parent: parent.to_owned(),
            team: team.to_owned(),
            ..Default::default()
        };
        let answer = lead.units.clone().register_unit(asked).await;
        answer.map_or_else(|status| refusal(&status), |_| "recorded".to_owned())
    };
    assert_eq!(register("gamma", "red", "").await, "recorded");
    assert_eq!(register("delta", "", "red").await, "recorded");
    assert_eq!(
        register("omega", "blue", "").await,
        "NotFound UNIT_UNKNOWN: unit `blue` is unknown"
    );
    let hidden = register("omega", "", "blue").await;
    assert_eq!(hidden, register("omega", "", "none").await);
    expect!["PermissionDenied RIGHT_MISSING: item 0: this needs the right to settle on the whole organization, which the role lead or admin gives there: ask an admin for it"].assert_eq(&hidden);
    assert_eq!(names(&lead).await, ["red", "alfa", "gamma", "delta"]);
}

#[tokio::test]
async fn open_streams_end_when_the_role_or_the_token_does() {
    let system = two_teams().await;
    let vic = system.with_role("vic", PERSON, (wire::Role::Viewer, "red")).await;
    let watch = wire::WatchLevelsRequest { units: vec!["alfa".to_owned()], ..Default::default() };
    let mut watch = vic.levels.clone().watch_levels(watch).await.unwrap().into_inner();
    let named = wire::SubscribeEventsRequest { unit: "alfa".to_owned(), ..Default::default() };
    let mut named = vic.events.clone().subscribe_events(named).await.unwrap().into_inner();
    let all = wire::SubscribeEventsRequest::default();
    let mut all = vic.events.clone().subscribe_events(all).await.unwrap().into_inner();
    assert!(watch.next().await.unwrap().is_ok());
    assert!(named.next().await.unwrap().is_ok());
    assert!(all.next().await.unwrap().is_ok());
    system.end_role("vic", wire::Role::Viewer, "red").await;
    for told in [ended(&mut watch).await, ended(&mut named).await] {
        assert_eq!(told, "NotFound UNIT_UNKNOWN: unit `alfa` is unknown");
    }
    let told = ended(&mut all).await;
    assert!(told.starts_with("PermissionDenied RIGHT_MISSING"), "{told}");

    let bot = system.with_role("bot", SERVICE, (wire::Role::Collector, "alfa")).await;
    let (sender, receiver) = tokio::sync::mpsc::channel(4);
    let message = wire::PushEvidenceRequest {
        unit: "alfa".to_owned(),
        steps: vec![wire::EvidenceStep {
            step: Some(wire::evidence_step::Step::Submit(item("1"))),
        }],
        ..Default::default()
    };
    sender.send(message).await.unwrap();
    let messages = tokio_stream::wrappers::ReceiverStream::new(receiver);
    let mut push = bot.evidence.clone().push_evidence(messages).await.unwrap().into_inner();
    assert!(push.next().await.unwrap().is_ok());
    let disabled =
        wire::DisablePrincipalRequest { principal: "bot".to_owned(), ..Default::default() };
    system.operator.principals.clone().disable_principal(disabled).await.unwrap();
    let told = ended(&mut push).await;
    assert_eq!(told, "Unauthenticated TOKEN_REFUSED: the bearer token is refused");
}

/// Why a stream ended.
async fn ended<T>(stream: &mut tonic::Streaming<T>) -> String {
    loop {
        match stream.next().await {
            Some(Ok(_)) => (),
            Some(Err(status)) => return refusal(&status),
            None => return "without a word".to_owned(),
        }
    }
}

#[tokio::test]
async fn a_watch_of_everything_tells_only_of_what_is_in_sight() {
    let system = two_teams().await;
    let vic = system.with_role("vic", PERSON, (wire::Role::Viewer, "red")).await;
    let mut watch = vic
        .levels
        .clone()
        .watch_levels(wire::WatchLevelsRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert!(watch.next().await.unwrap().unwrap().moved.is_none());
    for unit in ["beta", "alfa"] {
        let practices = (1..=7).map(|number| format!("BP.10.{number:02}"));
        let rated = practices
            .map(|id| crate::running::rating(&id, wire::Value::Satisfied, "2026-05-01"))
            .collect();
        system.rated(unit, rated).await;
    }
    let moved = loop {
        if let Some(moved) = watch.next().await.unwrap().unwrap().moved {
            break moved;
        }
    };
    assert_eq!(moved.unit.unwrap().name, "alfa");
}

#[tokio::test]
async fn the_last_admin_stays_and_an_outsider_grants_nothing() {
    let system = two_teams().await;
    let asked = wire::RevokeRoleRequest {
        principal: "operator".to_owned(),
        role: wire::Role::Admin.into(),
        unit: "organization".to_owned(),
        ..Default::default()
    };
    let status = system.operator.roles.clone().revoke_role(asked).await.unwrap_err();
    expect!["FailedPrecondition LAST_ADMIN: nobody else is admin of the organization without an end: grant that to another principal first"].assert_eq(&refusal(&status));
    let of_team = system.with_role("ada", PERSON, (wire::Role::Admin, "red")).await;
    let grant = async |unit: &str, role: wire::Role| {
        let asked = wire::GrantRoleRequest {
            principal: "ada".to_owned(),
            role: role.into(),
            unit: unit.to_owned(),
            ..Default::default()
        };
        let answer = of_team.roles.clone().grant_role(asked).await;
        answer.map_or_else(|status| status.code(), |_| Code::Ok)
    };
    assert_eq!(grant("alfa", wire::Role::Assessor).await, Code::Ok);
    assert_eq!(grant("beta", wire::Role::Viewer).await, Code::NotFound);
    assert_eq!(grant("organization", wire::Role::Viewer).await, Code::NotFound);
}

#[tokio::test]
async fn a_token_is_rotated_by_its_holder_and_by_nobody_else_but_an_admin() {
    let system = two_teams().await;
    let vic = system.with_role("vic", PERSON, (wire::Role::Viewer, "red")).await;
    let who = system.operator.principals.clone().who_am_i(wire::WhoAmIRequest {}).await.unwrap();
    let of_operator = who.into_inner().token.unwrap().id;
    let rotate = async |who: &Principal, token: &str| {
        let asked = wire::RotateTokenRequest { token: token.to_owned(), ..Default::default() };
        let answer = who.principals.clone().rotate_token(asked).await;
        answer
            .map_or_else(|status| refusal(&status), |answer| answer.into_inner().token.unwrap().id)
    };
    let refused = rotate(&vic, &of_operator).await;
    expect!["PermissionDenied RIGHT_MISSING: this needs the right to administer on the whole organization, which the role admin gives there: ask an admin for it"].assert_eq(&refused);
    assert_eq!(rotate(&vic, "00000000-0000-4000-8000-000000000000").await, refused);
    let new = rotate(&vic, "").await;
    assert!(!new.starts_with("Permission"), "{new}");
    let newer = rotate(&system.operator, &new).await;
    assert!(!newer.contains(' '), "{newer}");
}
