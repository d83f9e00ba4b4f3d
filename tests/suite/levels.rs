//! From a tool's push to a level.

use expect_test::expect;
use gradus_wire::v1 as wire;

use crate::running::{System, area, by_id, item, levels_of, on, rating, submit};

/// Base practices of PA10 in the 2008 model.
const BASE: [&str; 7] =
    ["BP.10.01", "BP.10.02", "BP.10.03", "BP.10.04", "BP.10.05", "BP.10.06", "BP.10.07"];

#[tokio::test]
async fn evidence_that_a_person_accepted_and_rated_becomes_a_level_and_lapses() {
    let system = System::alone().await;
    system.project("alpha").await;
    let tool = system.principal("scanner", wire::PrincipalKind::Service).await;
    let every = wire::EvidenceItem {
        practices: BASE.iter().map(|practice| (*practice).to_owned()).collect(),
        ..item("p1")
    };
    let submitted = tool.evidence.clone().submit_evidence(submit("alpha", vec![every])).await;
    let submitted = submitted.unwrap().into_inner();
    let mut levels = system.operator.levels.clone();
    let answer = levels.query_levels(levels_of("alpha", "2026-06-01")).await.unwrap().into_inner();
    expect!["rated not rated; ongoing not rated; 0/7 covered"].assert_eq(&area(&answer, "PA10"));

    let accept = wire::AcceptEvidenceRequest {
        unit: "alpha".to_owned(),
        evidence: vec![by_id(&submitted.items[0].evidence)],
        ..Default::default()
    };
    system.operator.evidence.clone().accept_evidence(accept).await.unwrap();
    let ratings =
        BASE.map(|practice| rating(practice, wire::Value::Satisfied, "2026-05-02T00:00:00Z"));
    let rate = wire::RatePracticesRequest {
        unit: "alpha".to_owned(),
        append: None,
        ratings: ratings.to_vec(),
    };
    system.operator.ratings.clone().rate_practices(rate).await.unwrap();
    for (moment, expected) in [
        ("2026-04-01", expect!["rated not rated; ongoing not rated; 0/7 covered"]),
        ("2026-06-01", expect!["rated 1 to 5, 28 open; ongoing 1 to 5, 28 open; 7/7 covered"]),
        ("2028-05-01", expect!["rated 1 to 5, 28 open; ongoing 0; 0/7 covered"]),
    ] {
        let answer = levels.query_levels(levels_of("alpha", moment)).await.unwrap().into_inner();
        expected.assert_eq(&area(&answer, "PA10"));
    }
}

#[tokio::test]
async fn a_pinned_question_has_one_answer_across_restarts() {
    let system = System::new().await;
    system.project("alpha").await;
    system.trust_tools("alpha").await;
    let tool = system.principal("scanner", wire::PrincipalKind::Service).await;
    tool.evidence.clone().submit_evidence(submit("alpha", vec![item("a")])).await.unwrap();
    let question = levels_of("alpha", "2026-06-01T00:00:00Z");
    let first = system.operator.levels.clone().query_levels(question.clone()).await.unwrap();
    let first = first.into_inner();
    let size = first.coordinate.as_ref().unwrap().log_size;
    tool.evidence.clone().submit_evidence(submit("alpha", vec![item("b")])).await.unwrap();

    let system = system.restarted().await;
    let mut pinned = question;
    pinned.coordinate.as_mut().unwrap().known = Some(wire::coordinate::Known::LogSize(size));
    let again = system.operator.levels.clone().query_levels(pinned).await.unwrap().into_inner();
    assert_eq!(again.digest, first.digest);
    assert_eq!(again.areas, first.areas);
    let (again, first) = (again.coordinate.unwrap(), first.coordinate.unwrap());
    assert_eq!((again.log_size, again.root), (first.log_size, first.root));
    assert!(again.head_size > first.head_size);
}

#[tokio::test]
async fn a_rule_rates_what_trusted_evidence_covers_and_a_person_wins_over_it() {
    let system = System::new().await;
    system.project("alpha").await;
    system.trust_tools("alpha").await;
    let tool = system.principal("scanner", wire::PrincipalKind::Service).await;
    tool.evidence.clone().submit_evidence(submit("alpha", vec![item("a")])).await.unwrap();
    let run = wire::RunRuleRaterRequest {
        unit: "alpha".to_owned(),
        valid_at: vec![on("2026-05-31T00:00:00Z").unwrap()],
        ..Default::default()
    };
    let rule = system.principal("rule", wire::PrincipalKind::Service).await;
    let rated = rule.ratings.clone().run_rule_rater(run.clone()).await.unwrap().into_inner();
    assert_eq!(rated.ratings.len(), 1);
    let basis = rated.ratings[0].basis.as_ref().unwrap();
    assert_eq!(basis.valid_at, on("2026-05-31T00:00:00Z"));
    let again = rule.ratings.clone().run_rule_rater(run).await.unwrap().into_inner();
    assert_eq!(again.ratings.len(), 0, "what stands and is covered is not rated again");

    let mut levels = system.operator.levels.clone();
    let question = levels_of("alpha", "2026-06-01T00:00:00Z");
    let answer = levels.query_levels(question.clone()).await.unwrap().into_inner();
    expect!["rated 0 to 5, 34 open; ongoing 0 to 5, 34 open; 1/7 covered"]
        .assert_eq(&area(&answer, "PA10"));
    let rate = wire::RatePracticesRequest {
        unit: "alpha".to_owned(),
        append: None,
        ratings: vec![rating("BP.10.01", wire::Value::NotSatisfied, "2026-05-01T00:00:00Z")],
    };
    system.operator.ratings.clone().rate_practices(rate).await.unwrap();
    let answer = levels.query_levels(question).await.unwrap().into_inner();
    expect!["rated 0; ongoing 0; 1/7 covered"].assert_eq(&area(&answer, "PA10"));
}

#[tokio::test]
async fn organizational_areas_are_inherited_and_tailored_areas_are_not_applicable() {
    let system = System::new().await;
    system.project_since("alpha", on("2026-04-01")).await;
    let rate = wire::RatePracticesRequest {
        unit: "organization".to_owned(),
        append: None,
        ratings: vec![rating("BP.17.01", wire::Value::NotSatisfied, "2026-05-01T00:00:00Z")],
    };
    system.operator.ratings.clone().rate_practices(rate).await.unwrap();
    let tailor = wire::TailorAreaRequest {
        unit: "alpha".to_owned(),
        area: "PA04".to_owned(),
        applicable: Some(false),
        reason: "no threats are assessed here".to_owned(),
        effective_at: on("2026-05-10T00:00:00Z"),
        ..Default::default()
    };
    system.operator.units.clone().tailor_area(tailor).await.unwrap();
    let asked = wire::GetUnitRequest { unit: "alpha".to_owned(), ..Default::default() };
    let unit = system.operator.units.clone().get_unit(asked).await.unwrap().into_inner().unit;
    let tailored = unit.unwrap().tailored_areas;
    assert_eq!(tailored[0].area, "iso-21827-2008/PA04");
    assert_eq!(tailored[0].reason, "no threats are assessed here");
    let mut levels = system.operator.levels.clone();
    let answer = levels.query_levels(levels_of("alpha", "2026-06-01")).await.unwrap().into_inner();
    expect!["rated not applicable; ongoing not applicable; 0/6 covered"]
        .assert_eq(&area(&answer, "PA04"));
    let inherited = answer.areas.iter().find(|area| area.area == "PA17").unwrap();
    assert_eq!(inherited.inherited_from.as_ref().unwrap().name, "organization");
    let before = levels.query_levels(levels_of("alpha", "2026-05-09")).await.unwrap().into_inner();
    expect!["rated not rated; ongoing not rated; 0/6 covered"].assert_eq(&area(&before, "PA04"));

    // Nobody inherits before they came to be or after their end, whatever is rated above.
    let early = rating("BP.17.01", wire::Value::NotSatisfied, "2026-01-01T00:00:00Z");
    system.rated("organization", vec![early]).await;
    let archive = wire::ArchiveUnitRequest {
        unit: "alpha".to_owned(),
        effective_at: on("2026-05-15T00:00:00Z"),
        ..Default::default()
    };
    system.operator.units.clone().archive_unit(archive).await.unwrap();
    for (date, is_inherited) in [
        ("2026-03-31T23:59:59Z", false),
        ("2026-04-01", true),
        ("2026-05-14T23:59:59Z", true),
        ("2026-05-15", false),
    ] {
        let answer = levels.query_levels(levels_of("alpha", date)).await.unwrap().into_inner();
        let pa17 = answer.areas.iter().find(|area| area.area == "PA17").unwrap();
        assert_eq!(pa17.inherited_from.is_some(), is_inherited, "{date}");
    }
}

#[tokio::test]
async fn a_unit_of_the_1997_edition_borrows_practices_from_2008() {
    let system = System::new().await;
    system.project("alpha").await;
    let adopt = wire::AdoptModelRequest {
        unit: "alpha".to_owned(),
        document: "sse-cmm-1997".to_owned(),
        effective_at: on("2026-01-01"),
        ..Default::default()
    };
    system.operator.units.clone().adopt_model(adopt).await.unwrap();
    let borrowed = "iso-21827-2008/BP.12.01";
    let rate = wire::RatePracticesRequest {
        unit: "alpha".to_owned(),
        append: None,
        ratings: vec![rating(borrowed, wire::Value::NotSatisfied, "2026-05-01T00:00:00Z")],
    };
    system.operator.ratings.clone().rate_practices(rate).await.unwrap();
    let mut levels = system.operator.levels.clone();
    let mut question = levels_of("alpha", "2026-06-01");
    question.with_practices = true;
    let answer = levels.query_levels(question).await.unwrap().into_inner();
    assert_eq!(answer.areas.len(), 21);
    let ensure_quality = answer.areas.iter().find(|area| area.area == "PA11").unwrap();
    assert!(
        ensure_quality.practices.iter().any(|state| {
            state.practice == borrowed && state.borrowed && state.rating.is_some()
        })
    );
}
