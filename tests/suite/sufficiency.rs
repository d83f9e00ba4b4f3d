//! The sufficiency matrix: evidence by practice and process instance, at any date.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use gradus_wire::v1 as wire;

use crate::running::{Principal, System, area, by_id, item, levels_of, on, refusal, submit};

/// An item for a practice of PA05, with what its id says: kind, instance, day of the work.
fn made(
    id: &str,
    practice: &str,
    kind: wire::Kind,
    instance: &str,
    day: &str,
) -> wire::EvidenceItem {
    wire::EvidenceItem {
        kind: kind.into(),
        practices: vec![practice.to_owned()],
        instance: instance.to_owned(),
        work_to: on(day),
        ..item(id)
    }
}

async fn verdict(who: &Principal, ids: &[String], accepted: bool) {
    let (unit, evidence) = ("app".to_owned(), ids.iter().map(|id| by_id(id)).collect());
    let mut client = who.evidence.clone();
    if accepted {
        let asked = wire::AcceptEvidenceRequest { unit, evidence, ..Default::default() };
        client.accept_evidence(asked).await.unwrap();
    } else {
        let reason = "of another product".to_owned();
        let asked = wire::RejectEvidenceRequest { unit, evidence, reason, ..Default::default() };
        client.reject_evidence(asked).await.unwrap();
    }
}

/// A project under strict rules whose PA05 has evidence of every sort.
async fn given() -> System {
    let system = System::new().await;
    system.project_since("app", on("2025-01-01")).await;
    let against = wire::Outcome::Contradicts.into();
    let indirect = wire::Strength::Indirect.into();
    let scan = wire::Kind::ScanReport;
    let policy = wire::Kind::Policy;
    let reviewed = vec![
        // Valid from 2 February on, for 90 days.
        made("1", "BP.05.01", scan, "web", "2026-02-02"),
        made("2", "BP.05.01", scan, "web", "2026-05-20"),
        made("3", "BP.05.01", wire::Kind::Interview, "", "2026-05-01"),
        wire::EvidenceItem {
            strength: indirect,
            ..made("4", "BP.05.01", policy, "api", "2026-01-01")
        },
        made("5", "BP.05.02", scan, "web", "2026-02-02"),
        made("6", "BP.05.03", policy, "api", "2026-01-01"),
        wire::EvidenceItem { outcome: against, ..made("7", "BP.05.03", scan, "web", "2026-05-01") },
    ];
    let reviewed = system.submitted("app", reviewed).await;
    let waiting = vec![
        made("8", "BP.05.02", scan, "api", "2026-05-20"),
        made("9", "BP.05.04", policy, "", "2026-05-20"),
    ];
    system.submitted("app", waiting).await;
    let rejected =
        system.submitted("app", vec![made("10", "BP.05.05", policy, "", "2026-05-20")]).await;
    let chief = system.principal("chief", wire::PrincipalKind::Person).await;
    verdict(&chief, &reviewed, true).await;
    verdict(&chief, &rejected, false).await;
    system
}

fn asked(at: &str, areas: &[&str]) -> wire::GetSufficiencyMatrixRequest {
    wire::GetSufficiencyMatrixRequest {
        unit: "app".to_owned(),
        coordinate: levels_of("app", at).coordinate,
        min_size: 0,
        areas: areas.iter().map(|area| (*area).to_owned()).collect(),
    }
}

async fn matrix(
    who: &Principal,
    asked: wire::GetSufficiencyMatrixRequest,
) -> wire::GetSufficiencyMatrixResponse {
    who.evidence.clone().get_sufficiency_matrix(asked).await.unwrap().into_inner()
}

fn cell(cell: &wire::SufficiencyCell) -> String {
    let mut told = format!("[{}:", if cell.instance.is_empty() { "-" } else { &cell.instance });
    for (what, count) in [
        ("direct", cell.direct),
        ("indirect", cell.indirect),
        ("weak", cell.weak),
        ("spoken", cell.spoken),
    ] {
        let wire::FreshCount { fresh, stale } = count.unwrap();
        if fresh + stale > 0 {
            let _ = write!(told, " {what} {fresh}+{stale}");
        }
    }
    for (what, count) in
        [("against", cell.contradicting), ("waiting", cell.waiting), ("silent", cell.silent)]
    {
        if count > 0 {
            let _ = write!(told, " {what} {count}");
        }
    }
    told + "]"
}

/// The practices of an answer of which something is known.
fn told(answer: &wire::GetSufficiencyMatrixResponse) -> String {
    let mut told = format!("instances: {:?}\n", answer.instances);
    for area in &answer.areas {
        for practice in area.practices.iter().filter(|practice| !practice.cells.is_empty()) {
            let missing: Vec<_> = practice.missing().map(|missing| missing.as_str_name()).collect();
            let cells: Vec<_> = practice.cells.iter().map(cell).collect();
            let _ = writeln!(
                told,
                "{} {} [{}] {}",
                practice.practice.trim_start_matches("iso-21827-2008/"),
                practice.support().as_str_name().trim_start_matches("SUPPORT_"),
                missing.join(" "),
                cells.join(" ")
            );
        }
    }
    told
}

async fn check(system: &System, at: &str, expected: Expect) {
    expected.assert_eq(&told(&matrix(&system.operator, asked(at, &["PA05"])).await));
}

#[tokio::test]
async fn evidence_is_counted_by_instance_fresh_or_not_at_two_dates() {
    let system = given().await;
    check(
        &system,
        "2026-03-01",
        expect![[r#"
        instances: ["api", "web"]
        BP.05.01 SUPPORTED [] [api: indirect 1+0] [web: direct 1+0]
        BP.05.02 SUPPORTED [] [web: direct 1+0]
        BP.05.03 SUPPORTED [] [api: direct 1+0]
    "#]],
    )
    .await;
    check(
        &system,
        "2026-06-01",
        expect![[r#"
        instances: ["", "api", "web"]
        BP.05.01 SUPPORTED [] [-: spoken 1+0] [api: indirect 1+0] [web: direct 1+1]
        BP.05.02 LAPSED [MISSING_REVIEW] [api: waiting 1] [web: direct 0+1]
        BP.05.03 CONTRADICTED [MISSING_RESOLUTION] [api: direct 1+0] [web: against 1]
        BP.05.04 UNSUPPORTED [MISSING_REVIEW] [-: waiting 1]
    "#]],
    )
    .await;
}

#[tokio::test]
async fn the_matrix_says_of_practices_what_levels_say() {
    let system = given().await;
    for at in ["2025-06-01", "2026-03-01", "2026-06-01", "2030-01-01"] {
        let answer = matrix(&system.operator, asked(at, &[])).await;
        let levels = wire::QueryLevelsRequest { with_practices: true, ..levels_of("app", at) };
        let levels = system.levels(levels).await;
        assert_eq!(answer.areas.len(), levels.areas.len());
        for (area, of_levels) in answer.areas.iter().zip(&levels.areas) {
            for (practice, state) in area.practices.iter().zip(&of_levels.practices) {
                assert_eq!(
                    (
                        &practice.practice,
                        practice.support,
                        practice.valid_until,
                        practice.lapsed_at
                    ),
                    (&state.practice, state.support, state.valid_until, state.lapsed_at),
                    "at {at}"
                );
                let suffices = practice.support() == wire::Support::Supported;
                assert_eq!(suffices, practice.missing.is_empty());
            }
            assert_eq!(area.practices.len(), of_levels.practices.len());
        }
        let covered = area(&levels, "PA05");
        let enough = answer.areas.iter().find(|area| area.area.ends_with("/PA05")).unwrap();
        let is_enough = |practice: &&wire::PracticeSufficiency| {
            practice.practice.contains("/BP.") && practice.missing.is_empty()
        };
        let count = enough.practices.iter().filter(is_enough).count();
        assert!(covered.contains(&format!("; {count}/")), "{count} at {at}: {covered}");
    }
}

#[tokio::test]
async fn a_pinned_matrix_stays_as_it_was() {
    let system = given().await;
    let first = matrix(&system.operator, asked("2026-06-01", &["PA05"])).await;
    let coordinate = first.coordinate.clone().unwrap();
    let pinned = wire::GetSufficiencyMatrixRequest {
        coordinate: Some(wire::Coordinate {
            valid_at: coordinate.valid_at,
            known: Some(wire::coordinate::Known::LogSize(coordinate.log_size)),
            rules: coordinate.rules.clone(),
        }),
        ..asked("2026-06-01", &["PA05"])
    };
    let more = vec![made("11", "BP.05.01", wire::Kind::Policy, "new", "2026-05-20")];
    let more = system.submitted("app", more).await;
    let other = system.principal("other", wire::PrincipalKind::Person).await;
    verdict(&other, &more, true).await;
    let now = matrix(&system.operator, asked("2026-06-01", &["PA05"])).await;
    assert_eq!(now.instances, ["", "api", "new", "web"]);
    assert_ne!(now.digest, first.digest);
    let again = matrix(&system.operator, pinned.clone()).await;
    assert_eq!((&again.digest, told(&again)), (&first.digest, told(&first)));
    // The question is part of what is pinned: fewer areas, another digest.
    let all = wire::GetSufficiencyMatrixRequest { areas: Vec::new(), ..pinned.clone() };
    assert_ne!(matrix(&system.operator, all).await.digest, first.digest);
    let system = system.restarted().await;
    assert_eq!(matrix(&system.operator, pinned).await.digest, first.digest);
}

fn instances(which: &str, id: &str, names: &[&str]) -> wire::LinkEvidenceRequest {
    wire::LinkEvidenceRequest {
        unit: "app".to_owned(),
        evidence: Some(by_id(id)),
        note: which.to_owned(),
        instances: names.iter().map(|name| (*name).to_owned()).collect(),
        ..Default::default()
    }
}

/// The cells of BP.05.05 as known with `size` records, 0 for all.
async fn cells(system: &System, size: u64) -> String {
    let known = (size > 0).then_some(wire::coordinate::Known::LogSize(size));
    let mut question = asked("2026-06-01", &["PA05"]);
    question.coordinate.as_mut().unwrap().known = known;
    let answer = matrix(&system.operator, question).await;
    let row = answer.areas[0].practices.iter().find(|row| row.practice.ends_with("BP.05.05"));
    row.unwrap().cells.iter().map(cell).collect()
}

#[tokio::test]
async fn an_item_is_linked_to_further_instances_and_from_then_on_counted_there() {
    let system = given().await;
    let scan = made("i", "BP.05.05", wire::Kind::Policy, "web", "2026-05-20");
    let ids = system.submitted("app", vec![scan]).await;
    let other = system.principal("other", wire::PrincipalKind::Person).await;
    verdict(&other, &ids, true).await;
    let before = system.size().await;
    let mut client = other.evidence.clone();
    let link = instances("the same artifact", &ids[0], &["line 2", "line 1", "line 2"]);
    let linked = client.link_evidence(link.clone()).await.unwrap().into_inner();
    assert_eq!(linked.receipt.unwrap().events.len(), 1);
    let again = client.link_evidence(link).await.unwrap().into_inner();
    assert!(again.receipt.unwrap().events.is_empty(), "it is so already");
    let after = system.size().await;
    let unlink = wire::UnlinkEvidenceRequest {
        unit: "app".to_owned(),
        evidence: Some(by_id(&ids[0])),
        practices: vec!["BP.05.01".to_owned()],
        instances: vec!["web".to_owned(), "line 1".to_owned()],
        ..Default::default()
    };
    let unlinked = client.unlink_evidence(unlink).await.unwrap().into_inner();
    // It did not speak for that practice, which is no reason to leave out the rest.
    assert_eq!(unlinked.receipt.unwrap().events.len(), 1);

    let told = [cells(&system, before).await, cells(&system, after).await, cells(&system, 0).await];
    expect![[r#"
        [web: direct 1+0]
        [line 1: direct 1+0][line 2: direct 1+0][web: direct 1+0]
        [line 2: direct 1+0]"#]]
    .assert_eq(&told.join("\n"));
    let system = system.restarted().await;
    assert_eq!(cells(&system, 0).await, told[2]);
    let asked = wire::GetEvidenceRequest {
        unit: "app".to_owned(),
        evidence: Some(by_id(&ids[0])),
        ..Default::default()
    };
    let item = system.operator.evidence.clone().get_evidence(asked).await.unwrap().into_inner();
    let item = item.evidence.unwrap();
    assert_eq!(
        (item.instances, item.item.unwrap().instance),
        (vec!["line 2".into()], "web".into())
    );
    let explained = wire::ExplainLevelRequest {
        unit: "app".to_owned(),
        coordinate: levels_of("app", "2026-06-01").coordinate,
        area: "PA05".to_owned(),
        ..Default::default()
    };
    let levels = system.operator.levels.clone();
    let explained = levels.clone().explain_level(explained).await.unwrap().into_inner();
    let practices = explained.practices.iter();
    let items = practices.flat_map(|practice| &practice.evidence);
    let of: Vec<_> = items.filter(|item| item.evidence == ids[0]).collect();
    assert_eq!(of[0].instances, ["line 2"]);
}

#[tokio::test]
async fn instances_that_make_no_sense_are_refused() {
    let system = given().await;
    let ids = system.submitted("app", vec![item("i")]).await;
    let long = "x".repeat(129);
    let many: Vec<String> = (0..17).map(|number| format!("line {number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let mut told = String::new();
    for names in [&[][..], &[""], &["web", &long], &many] {
        let asked = instances("", &ids[0], names);
        let refused = system.operator.evidence.clone().link_evidence(asked).await.unwrap_err();
        let _ = writeln!(told, "{}", refusal(&refused).replace(&long, "x…"));
    }
    expect![[r#"
        InvalidArgument INVALID_FIELD [practices]: `practices`: it is empty, at least one entry must be given
        InvalidArgument INVALID_FIELD [instances[0]]: `instances[0]`: the text is empty
        InvalidArgument INVALID_FIELD [instances[1]]: `instances[1]`: the text has 129 bytes, at most 128 are allowed
        InvalidArgument TOO_MANY [instances]: `instances` has 17 entries, at most 16 are allowed
    "#]].assert_eq(&told);
}

#[tokio::test]
async fn other_rules_count_otherwise_and_a_time_before_all_has_no_areas() {
    let system = given().await;
    let mut trusting = asked("2026-06-01", &["PA05"]);
    trusting.coordinate.as_mut().unwrap().rules = "trusted-tools".to_owned();
    let answer = matrix(&system.operator, trusting).await;
    assert_eq!(answer.coordinate.unwrap().rules_name, "trusted-tools");
    let before = wire::GetSufficiencyMatrixRequest {
        coordinate: Some(wire::Coordinate {
            known: Some(wire::coordinate::Known::LogSize(1)),
            ..Default::default()
        }),
        ..asked("2026-06-01", &[])
    };
    let before = matrix(&system.operator, before).await;
    assert!(before.areas.is_empty() && before.instances.is_empty());
    let unknown = asked("2026-06-01", &["PA99"]);
    let refused = system.operator.evidence.clone().get_sufficiency_matrix(unknown).await;
    expect!["NotFound AREA_UNKNOWN: area `PA99` is unknown"]
        .assert_eq(&refusal(&refused.unwrap_err()));
}

#[tokio::test]
async fn areas_that_were_tailored_out_or_are_inherited_say_so() {
    let system = given().await;
    let tailored = wire::TailorAreaRequest {
        unit: "app".to_owned(),
        area: "PA05".to_owned(),
        applicable: Some(false),
        reason: "nothing runs".to_owned(),
        effective_at: on("2026-05-01"),
        ..Default::default()
    };
    system.operator.units.clone().tailor_area(tailored).await.unwrap();
    let rated = crate::running::rating("BP.18.01", wire::Value::Satisfied, "2026-05-01");
    system.rated("organization", vec![rated]).await;
    let answer = matrix(&system.operator, asked("2026-06-01", &["PA05", "PA18"])).await;
    let told: Vec<_> = answer
        .areas
        .iter()
        .map(|area| {
            let from = area.inherited_from.as_ref().map(|unit| unit.name.as_str());
            (area.area.as_str(), area.tailored_out, from)
        })
        .collect();
    assert_eq!(
        told,
        [("iso-21827-2008/PA05", true, None), ("iso-21827-2008/PA18", false, Some("organization"))]
    );
}

#[tokio::test]
async fn a_viewer_reads_it_and_a_collector_does_not() {
    let system = given().await;
    let person = wire::PrincipalKind::Person;
    let viewer = system.with_role("vic", person, (wire::Role::Viewer, "app")).await;
    assert_eq!(matrix(&viewer, asked("2026-06-01", &["PA05"])).await.areas.len(), 1);
    let collector = system.with_role("col", person, (wire::Role::Collector, "app")).await;
    system.submitted("app", vec![item("12")]).await;
    let own = submit("app", vec![item("13")]);
    collector.evidence.clone().submit_evidence(own).await.unwrap();
    let asked = asked("2026-06-01", &["PA05"]);
    let refused = collector.evidence.clone().get_sufficiency_matrix(asked).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::PermissionDenied);
}
