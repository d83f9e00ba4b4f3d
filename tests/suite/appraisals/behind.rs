//! Who stands behind the ratings of an appraisal, who is waited for, and what rules say of it.

use expect_test::expect;
use gradus_wire::v1 as wire;

use super::{Cast, PRACTICES, cast, input, refused, subject};
use crate::running::{Principal, on};

async fn reveal_all(cast: &Cast, by: &Principal) -> Result<u32, tonic::Status> {
    let asked =
        wire::RevealRatingsRequest { appraisal: cast.appraisal.clone(), ..Default::default() };
    Ok(by.appraisals.clone().reveal_ratings(asked).await?.into_inner().revealed)
}

#[tokio::test]
async fn while_nothing_is_in_from_everybody_it_is_said_who_is_waited_for() {
    use wire::Value::Satisfied;
    let cast = Box::pin(cast()).await;
    let mut told = vec![refused(reveal_all(&cast, &cast.leo).await)];
    cast.rate(&cast.leo, [Satisfied; 4]).await.unwrap();
    let size = cast.system.size().await;
    told.push(refused(reveal_all(&cast, &cast.leo).await));
    told.push(refused(reveal_all(&cast, &cast.mia).await));
    told.push(refused(reveal_all(&cast, &cast.system.operator).await));
    expect![[r#"
        FailedPrecondition NOT_ALL_IN: nothing is in from everybody yet: nobody has rated anything
        FailedPrecondition NOT_ALL_IN: nothing is in from everybody yet: of 4 rated by some, 4 wait for mia
        FailedPrecondition NOT_ALL_IN: nothing is in from everybody yet: of 4 rated by some, 4 wait for mia
        PermissionDenied NOT_YOUR_PART: only lead and members of the team may reveal ratings"#]].assert_eq(&told.join("\n"));
    assert_eq!(cast.system.size().await, size, "nothing was recorded");
    cast.rate(&cast.mia, [Satisfied; 4]).await.unwrap();
    assert_eq!(reveal_all(&cast, &cast.mia).await.unwrap(), 4);
    // Now it is so already.
    assert_eq!(reveal_all(&cast, &cast.leo).await.unwrap(), 0);
}

#[tokio::test]
async fn an_explanation_names_lead_and_dissent_to_those_who_see_the_appraisal() {
    let cast = Box::pin(Cast::agreed()).await;
    cast.sign_off().await.unwrap();
    cast.close(wire::AppendOptions::default()).await.unwrap();
    let role = (wire::Role::Collector, "app");
    let tool = cast.system.with_role("scanner", wire::PrincipalKind::Service, role).await;
    let explained = async |by: &Principal| {
        let asked = wire::ExplainLevelRequest {
            unit: "app".to_owned(),
            area: "PA01".to_owned(),
            ..Default::default()
        };
        let told = by.levels.clone().explain_level(asked).await.unwrap().into_inner();
        let ratings = told.practices.iter().flat_map(|practice| &practice.ratings);
        let lines = ratings.map(|rating| {
            let of = rating.rating.as_ref().unwrap();
            let name = |of: &wire::PrincipalRef| of.name.clone();
            let by = of.rated_by.as_ref().map(name).unwrap();
            let behind = rating.behind_appraisal.as_ref().map(|behind| {
                let dissent: Vec<String> = behind.dissent.iter().map(name).collect();
                format!(
                    "lead {}, dissent [{}]",
                    name(behind.lead.as_ref().unwrap()),
                    dissent.join(" ")
                )
            });
            format!("approved by {by}: {}", behind.unwrap_or_else(|| "not told".to_owned()))
        });
        (lines.collect::<Vec<_>>().join("\n"), told.digest)
    };
    let (told, digest) = explained(&cast.mia).await;
    expect![[r"
        approved by sue: lead leo, dissent []
        approved by sue: lead leo, dissent [mia]
        approved by sue: lead leo, dissent []
        approved by sue: lead leo, dissent []"]]
    .assert_eq(&told);
    // A collector sees levels, and may not read of appraisals; the answer is the same one.
    let (told, of_tool) = explained(&tool).await;
    assert!(told.lines().all(|line| line == "approved by sue: not told"), "{told}");
    assert_eq!(of_tool, digest);
}

#[tokio::test]
async fn rules_may_refuse_appraisals_of_before() {
    let cast = Box::pin(cast()).await;
    let strict = include_str!("../../../config/rules/strict.toml");
    let content = strict.replace("id = \"strict\"", "id = \"no-imports\"")
        + "\n[duties]\nimports_refused = \"nobody can show how they were rated\"\n";
    let publish = wire::PublishRulesRequest { append: None, content: content.into_bytes() };
    cast.system.operator.models.clone().publish_rules(publish).await.unwrap();
    let adopt = wire::AdoptRulesRequest {
        unit: "app".to_owned(),
        document: "no-imports".to_owned(),
        effective_at: on("2026-05-01"),
        ..Default::default()
    };
    cast.system.operator.units.clone().adopt_rules(adopt).await.unwrap();
    let rating = |practice| wire::ImportedRatingInput {
        subject: subject(practice),
        value: wire::Value::Satisfied.into(),
        ..Default::default()
    };
    let asked = wire::ImportAppraisalRequest {
        input: Some(input()),
        conducted_from: on("2026-02-01"),
        conducted_until: on("2026-02-16"),
        effective_at: on("2026-03-01"),
        ratings: PRACTICES.into_iter().map(rating).collect(),
        ..Default::default()
    };
    let import = async || cast.sue.appraisals.clone().import_appraisal(asked.clone()).await;
    expect!["FailedPrecondition IMPORTS_REFUSED: the rules `no-imports` refuse appraisals of before (nobody can show how they were rated): conduct it here, or adopt rules without `imports_refused`"].assert_eq(&refused(import().await));
    let again = wire::AdoptRulesRequest {
        unit: "app".to_owned(),
        document: "strict".to_owned(),
        effective_at: on("2026-05-02"),
        ..Default::default()
    };
    cast.system.operator.units.clone().adopt_rules(again).await.unwrap();
    import().await.unwrap();
}

#[tokio::test]
async fn features_and_chosen_instances_may_be_rated_where_the_rules_rate_them() {
    let cast = Box::pin(cast()).await;
    let also = async || {
        let mut chosen = input();
        chosen.areas[0].highest = 2;
        chosen.instances = vec!["web".to_owned()];
        let asked = wire::OpenAppraisalRequest { append: None, input: Some(chosen) };
        let opened = cast.sue.appraisals.clone().open_appraisal(asked).await.unwrap().into_inner();
        let asked = wire::GetAppraisalRequest { appraisal: opened.appraisal, ..Default::default() };
        let told = cast.leo.appraisals.clone().get_appraisal(asked).await.unwrap().into_inner();
        let rows = told.also.iter().map(|one| format!("{} [{}]", one.practice, one.instance));
        rows.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(also().await, "", "strict rules rate practices alone");
    cast.system.adopt_rules("app", "nplf-33020").await;
    expect![[r#"
        iso-21827-2008/PA01/2.1 []
        iso-21827-2008/PA01/2.2 []
        iso-21827-2008/PA01/2.3 []
        iso-21827-2008/PA01/2.4 []
        iso-21827-2008/BP.01.01 [web]
        iso-21827-2008/BP.01.02 [web]
        iso-21827-2008/BP.01.03 [web]
        iso-21827-2008/BP.01.04 [web]
        iso-21827-2008/PA01/GP 2.1.1 [web]
        iso-21827-2008/PA01/GP 2.1.2 [web]
        iso-21827-2008/PA01/GP 2.1.3 [web]
        iso-21827-2008/PA01/GP 2.1.4 [web]
        iso-21827-2008/PA01/GP 2.1.5 [web]
        iso-21827-2008/PA01/GP 2.1.6 [web]
        iso-21827-2008/PA01/GP 2.2.1 [web]
        iso-21827-2008/PA01/GP 2.2.2 [web]
        iso-21827-2008/PA01/GP 2.3.1 [web]
        iso-21827-2008/PA01/GP 2.3.2 [web]
        iso-21827-2008/PA01/GP 2.4.1 [web]
        iso-21827-2008/PA01/GP 2.4.2 [web]
        iso-21827-2008/PA01/2.1 [web]
        iso-21827-2008/PA01/2.2 [web]
        iso-21827-2008/PA01/2.3 [web]
        iso-21827-2008/PA01/2.4 [web]"#]]
    .assert_eq(&also().await);
}
