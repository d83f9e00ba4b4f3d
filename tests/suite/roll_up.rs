//! Levels of many projects rolled up, over gRPC.

use expect_test::{Expect, expect};
use gradus_wire::v1 as wire;
use wire::RollUpRule::{Distribution, Median, Minimum, OnTarget};

use crate::gap::{adopted, rated_project, registered};
use crate::running::{System, on, refusal, told};

fn asked(unit: &str, rule: wire::RollUpRule) -> wire::RollUpLevelsRequest {
    wire::RollUpLevelsRequest {
        unit: unit.to_owned(),
        areas: vec!["PA10".to_owned()],
        rule: rule.into(),
        ..Default::default()
    }
}

fn at(valid_at: &str) -> Option<wire::Coordinate> {
    Some(wire::Coordinate { valid_at: on(valid_at), ..Default::default() })
}

async fn rolled(system: &System, asked: wire::RollUpLevelsRequest) -> wire::RollUpLevelsResponse {
    system.operator.levels.clone().roll_up_levels(asked).await.unwrap().into_inner()
}

fn summary(of: &wire::RolledUp) -> String {
    let spread = of.lowest.zip(of.highest).map(|(low, high)| format!("{low}..{high}"));
    format!(
        "{} in {} at {:?}, {} between, {} not rated, {} absent, on target {} to {} of {}",
        told(of.value.as_ref()),
        spread.unwrap_or_default(),
        of.at_level,
        of.open,
        of.not_rated,
        of.absent,
        of.on_target,
        of.on_target + of.maybe_on_target,
        of.with_target
    )
}

fn in_words(answer: &wire::RollUpLevelsResponse) -> String {
    let unit = answer.unit.as_ref().map(|unit| unit.name.as_str()).unwrap_or_default();
    let mut words = vec![format!("{unit}, {} members", answer.members)];
    for area in &answer.areas {
        let coverage = area.coverage.unwrap();
        words.push(format!(
            "{} {} counted, {} inherited, {}/{} covered",
            area.area, area.counted, area.inherited, coverage.covered, coverage.practices_total
        ));
        words.push(format!("  rated {}", summary(area.rated.as_ref().unwrap())));
        words.push(format!("  ongoing {}", summary(area.ongoing.as_ref().unwrap())));
    }
    let comparability = answer.comparability.clone().unwrap_or_default();
    words.extend(comparability.reasons.iter().map(|reason| format!("not comparable: {reason}")));
    words.join("\n")
}

async fn check(system: &System, asked: wire::RollUpLevelsRequest, expected: &Expect) {
    let words = match system.operator.levels.clone().roll_up_levels(asked).await {
        Ok(answer) => in_words(&answer.into_inner()),
        Err(status) => refusal(&status),
    };
    expected.assert_eq(&words);
}

/// Three projects of one team: at level 1 at least, at 0, and not rated.
async fn three(system: &System) {
    rated_project(system, "alpha", wire::Value::Satisfied).await;
    rated_project(system, "beta", wire::Value::NotSatisfied).await;
    registered(system, "gamma").await;
    system.trust_tools("gamma").await;
}

#[tokio::test]
async fn the_levels_of_a_team_become_one_by_the_rule_asked_for() {
    let system = System::new().await;
    three(&system).await;
    adopted(&system, "alpha", "service-bureau", "2026-01-01").await;
    check(&system, asked("team", Minimum), &expect![[r#"
        team, 3 members
        iso-21827-2008/PA10 3 counted, 0 inherited, 14/21 covered
          rated 0 in 0..5 at [1, 0, 0, 0, 0, 0], 1 between, 1 not rated, 0 absent, on target 1 to 1 of 1
          ongoing 0 in 0..5 at [1, 0, 0, 0, 0, 0], 1 between, 1 not rated, 0 absent, on target 1 to 1 of 1"#]]).await;
    check(&system, asked("team", Median), &expect![[r#"
        team, 3 members
        iso-21827-2008/PA10 3 counted, 0 inherited, 14/21 covered
          rated 0 in 0..5 at [1, 0, 0, 0, 0, 0], 1 between, 1 not rated, 0 absent, on target 1 to 1 of 1
          ongoing 0 in 0..5 at [1, 0, 0, 0, 0, 0], 1 between, 1 not rated, 0 absent, on target 1 to 1 of 1"#]]).await;
    for rule in [Distribution, OnTarget] {
        let answer = rolled(&system, asked("", rule)).await;
        assert_eq!(answer.unit.as_ref().unwrap().name, "organization");
        assert_eq!((answer.rule(), answer.members), (rule, 3));
        assert_eq!(answer.areas[0].ongoing.as_ref().unwrap().value, None);
    }
    let named = wire::RollUpLevelsRequest {
        profile: "certification-authority".to_owned(),
        ..asked("team", OnTarget)
    };
    check(&system, named, &expect![[r#"
        team, 3 members
        iso-21827-2008/PA10 3 counted, 0 inherited, 14/21 covered
          rated nothing in 0..5 at [1, 0, 0, 0, 0, 0], 1 between, 1 not rated, 0 absent, on target 0 to 1 of 3
          ongoing nothing in 0..5 at [1, 0, 0, 0, 0, 0], 1 between, 1 not rated, 0 absent, on target 0 to 1 of 3"#]]).await;
}

#[tokio::test]
async fn members_are_those_of_the_date_with_the_labels_of_the_date() {
    let system = System::new().await;
    three(&system).await;
    let mut units = system.operator.units.clone();
    let label = wire::LabelUnitRequest {
        unit: "beta".to_owned(),
        append: None,
        labels: vec!["critical".to_owned()],
        effective_at: on("2026-05-20"),
    };
    units.label_unit(label).await.unwrap();
    let archive = wire::ArchiveUnitRequest {
        unit: "gamma".to_owned(),
        effective_at: on("2026-05-25"),
        ..Default::default()
    };
    units.archive_unit(archive).await.unwrap();
    let labelled = |valid_at| wire::RollUpLevelsRequest {
        label: "critical".to_owned(),
        coordinate: at(valid_at),
        ..asked("team", Minimum)
    };
    check(&system, labelled("2026-06-02"), &expect![[r#"
        team, 1 members
        iso-21827-2008/PA10 1 counted, 0 inherited, 7/7 covered
          rated 0 in 0..0 at [1, 0, 0, 0, 0, 0], 0 between, 0 not rated, 0 absent, on target 0 to 0 of 0
          ongoing 0 in 0..0 at [1, 0, 0, 0, 0, 0], 0 between, 0 not rated, 0 absent, on target 0 to 0 of 0"#]]).await;
    check(&system, labelled("2026-05-19"), &expect!["team, 0 members"]).await;
    for (valid_at, members) in [("1950-01-01", 0), ("2026-05-24", 3), ("2026-05-25", 2)] {
        let then = wire::RollUpLevelsRequest { coordinate: at(valid_at), ..asked("team", Minimum) };
        assert_eq!(rolled(&system, then).await.members, members, "{valid_at}");
    }
}

#[tokio::test]
async fn members_by_different_rules_may_not_be_compared_and_are_told_one_by_one() {
    let system = System::new().await;
    three(&system).await;
    let other = wire::AdoptRulesRequest {
        unit: "beta".to_owned(),
        document: "strict".to_owned(),
        effective_at: on("2026-01-01"),
        ..Default::default()
    };
    system.operator.units.clone().adopt_rules(other).await.unwrap();
    let asked = wire::RollUpLevelsRequest { with_members: true, ..asked("team", Minimum) };
    check(&system, asked.clone(), &expect![[r#"
        team, 3 members
        iso-21827-2008/PA10 3 counted, 0 inherited, 7/21 covered
          rated 0 in 0..5 at [1, 0, 0, 0, 0, 0], 1 between, 1 not rated, 0 absent, on target 0 to 0 of 0
          ongoing 0 in 0..5 at [1, 0, 0, 0, 0, 0], 1 between, 1 not rated, 0 absent, on target 0 to 0 of 0
        not comparable: different rules: strict, trusted-tools"#]]).await;
    let answer = rolled(&system, asked.clone()).await;
    assert_eq!(answer.coordinate.unwrap().rules, "", "no rules answer for all");
    let mut seen: Vec<String> = answer
        .units
        .iter()
        .map(|member| {
            let area = &member.areas[0];
            let name = &member.unit.as_ref().unwrap().name;
            format!("{name} {} {}", area.area, told(area.ongoing.as_ref()))
        })
        .collect();
    seen.sort();
    expect![[r#"
        alpha iso-21827-2008/PA10 1 to 5, 28 open
        beta iso-21827-2008/PA10 0
        gamma iso-21827-2008/PA10 not rated"#]]
    .assert_eq(&seen.join("\n"));
    let by_one = wire::RollUpLevelsRequest {
        coordinate: Some(wire::Coordinate { rules: "strict".to_owned(), ..Default::default() }),
        ..asked
    };
    let by_one = rolled(&system, by_one).await;
    assert!(by_one.comparability.unwrap().comparable);
    assert_eq!(by_one.coordinate.unwrap().rules_name, "strict");
}

#[tokio::test]
async fn a_pinned_roll_up_has_one_answer() {
    let system = System::new().await;
    three(&system).await;
    let first = rolled(&system, asked("team", Median)).await;
    let here = first.coordinate.unwrap();
    system.project("delta").await;
    let known = Some(wire::coordinate::Known::LogSize(here.log_size));
    let pinned = wire::Coordinate { valid_at: here.valid_at, known, ..Default::default() };
    let again = wire::RollUpLevelsRequest { coordinate: Some(pinned), ..asked("team", Median) };
    let system = system.restarted().await;
    let again = rolled(&system, again).await;
    assert_eq!((again.members, again.digest), (3, first.digest));
}

#[tokio::test]
async fn a_roll_up_that_makes_no_sense_is_refused() {
    let system = System::new().await;
    system.project("alpha").await;
    check(
        &system,
        asked("nobody", Minimum),
        &expect!["NotFound UNIT_UNKNOWN: unit `nobody` is unknown"],
    )
    .await;
    let unknown =
        wire::RollUpLevelsRequest { areas: vec!["PA97".to_owned()], ..Default::default() };
    check(&system, unknown, &expect!["NotFound AREA_UNKNOWN: area `PA97` is unknown"]).await;
    let rule = wire::RollUpLevelsRequest { rule: 9, ..Default::default() };
    check(
        &system,
        rule,
        &expect!["InvalidArgument INVALID_FIELD [rule]: `rule`: 9 is no value of this enumeration"],
    )
    .await;
    let profile =
        wire::RollUpLevelsRequest { profile: "nothing".to_owned(), ..asked("team", OnTarget) };
    check(&system, profile, &expect!["NotFound DOCUMENT_UNKNOWN: profile `nothing` is unknown"])
        .await;
}
