//! Separation of duties and conflicts of interest, over gRPC.

mod beside;

use expect_test::{Expect, expect};
use gradus_wire::v1 as wire;
use tonic_types::StatusExt as _;

use crate::running::{
    Principal, System, by_id, item, levels_of, on, rating, refusal, submit, without_ids,
};

/// Three assessors of a project that follows the strict rules.
struct Trio {
    system: System,
    ann: Principal,
    ben: Principal,
    cat: Principal,
}

async fn trio() -> Trio {
    let system = System::new().await;
    system.project_since("alpha", on("2026-01-01")).await;
    let assessor = async |name| {
        let role = (wire::Role::Assessor, "team");
        system.with_role(name, wire::PrincipalKind::Person, role).await
    };
    let (ann, ben, cat) = (assessor("ann").await, assessor("ben").await, assessor("cat").await);
    Trio { system, ann, ben, cat }
}

async fn submits(who: &Principal, id: &str) -> String {
    let asked = submit("alpha", vec![item(id)]);
    let mut answer = who.evidence.clone().submit_evidence(asked).await.unwrap().into_inner();
    answer.items.remove(0).evidence
}

fn checked(validate_only: bool) -> Option<wire::AppendOptions> {
    validate_only.then(|| wire::AppendOptions { validate_only, ..Default::default() })
}

/// What accepting says: the same whether it is only checked or done.
async fn accepts(who: &Principal, ids: &[&str]) -> Result<(), tonic::Status> {
    let asked = |validate_only| wire::AcceptEvidenceRequest {
        unit: "alpha".to_owned(),
        append: checked(validate_only),
        evidence: ids.iter().map(|id| by_id(id)).collect(),
        ..Default::default()
    };
    let checked = who.evidence.clone().accept_evidence(asked(true)).await.map(drop);
    let done = who.evidence.clone().accept_evidence(asked(false)).await.map(drop);
    assert_eq!(checked.as_ref().err().map(refusal), done.as_ref().err().map(refusal));
    done
}

/// What rating BP.10.01 from 2 May 2026 says: the same whether it is only checked or done.
async fn rates(who: &Principal, cited: &[&str]) -> Result<(), tonic::Status> {
    rates_from(who, cited, "2026-05-02").await
}

async fn rates_from(who: &Principal, cited: &[&str], from: &str) -> Result<(), tonic::Status> {
    let given = || wire::RatingInput {
        evidence: cited.iter().map(|id| by_id(id)).collect(),
        ..rating("BP.10.01", wire::Value::Satisfied, from)
    };
    let asked = |validate_only| wire::RatePracticesRequest {
        unit: "alpha".to_owned(),
        append: checked(validate_only),
        ratings: vec![given()],
    };
    let checked = who.ratings.clone().rate_practices(asked(true)).await.map(drop);
    let done = who.ratings.clone().rate_practices(asked(false)).await.map(drop);
    assert_eq!(checked.as_ref().err().map(refusal), done.as_ref().err().map(refusal));
    done
}

async fn declares(
    who: &Principal,
    principal: &str,
    (from, until): (&str, Option<&str>),
) -> Result<(), tonic::Status> {
    let asked = wire::DeclareConflictRequest {
        unit: "team".to_owned(),
        principal: principal.to_owned(),
        from: on(from),
        until: until.and_then(on),
        reason: "wrote it".to_owned(),
        ..Default::default()
    };
    who.duties.clone().declare_conflict(asked).await.map(drop)
}

/// The ratings of BP.10.01 with what they stand under, and what the levels warn of.
async fn told(system: &System) -> String {
    let asked = wire::ExplainLevelRequest {
        unit: "alpha".to_owned(),
        area: "PA10".to_owned(),
        ..Default::default()
    };
    let answer = system.operator.levels.clone().explain_level(asked).await.unwrap().into_inner();
    let mut lines = Vec::new();
    for rating in answer.practices.iter().flat_map(|practice| &practice.ratings) {
        let by = rating.rating.as_ref().unwrap().rated_by.as_ref().unwrap().name.clone();
        let counts = if rating.counts { "" } else { ", passed over" };
        lines.push(format!("rated by {by}{counts}"));
        let relaxed = rating.relaxed.iter();
        lines.extend(relaxed.map(|one| format!("  {} by {}: {}", one.pair, one.rules, one.reason)));
        lines.extend(rating.conflict.iter().map(|one| {
            let (who, unit) = (one.principal.as_ref().unwrap(), one.unit.as_ref().unwrap());
            format!("  conflict of {} on {}", who.name, unit.name)
        }));
    }
    let levels = system.levels(levels_of("alpha", "2026-06-01")).await;
    let (relaxed, conflicted) = (levels.ratings_relaxed, levels.ratings_conflicted);
    lines.push(format!("{relaxed} relaxed, {conflicted} conflicted"));
    lines.join("\n")
}

fn refused(answer: Result<(), tonic::Status>, expected: &Expect) {
    expected.assert_eq(&without_ids(&refusal(&answer.unwrap_err())));
}

#[tokio::test]
async fn who_provided_evidence_neither_accepts_it_nor_rates_what_rests_on_it() {
    let Trio { system, ann, ben, cat } = trio().await;
    let id = submits(&ann, "a").await;
    let before = system.size().await;
    let own = accepts(&ann, &[&id]).await;
    let details = own.clone().unwrap_err().get_details_error_info().unwrap();
    let mut metadata: Vec<String> =
        details.metadata.iter().map(|(key, value)| format!("{key}={value}")).collect();
    metadata.sort();
    let expected = ["had=provided", "pair=provider-reviews", "rules=strict", "tried=accept it"];
    assert_eq!(metadata.len(), 5);
    assert!(metadata.contains(&format!("evidence={id}")), "{metadata:?}");
    assert!(expected.iter().all(|one| metadata.iter().any(|seen| seen == one)), "{metadata:?}");
    refused(
        own,
        &expect![
            "FailedPrecondition DUTIES_NOT_SEPARATE: evidence `ID` was provided by the same principal, who cannot accept it under the rules `strict`: ask another person, or adopt rules that relax `provider-reviews`"
        ],
    );
    refused(
        rates(&ann, &[&id]).await,
        &expect![
            "FailedPrecondition DUTIES_NOT_SEPARATE: evidence `ID` was provided by the same principal, who cannot rate what rests on it under the rules `strict`: ask another person, or adopt rules that relax `provider-rates`"
        ],
    );
    assert_eq!(system.size().await, before, "nothing was recorded");

    accepts(&ben, &[&id]).await.unwrap();
    refused(
        rates(&ann, &[]).await,
        &expect![
            "FailedPrecondition DUTIES_NOT_SEPARATE: evidence `ID` was provided by the same principal, who cannot rate what rests on it under the rules `strict`: ask another person, or adopt rules that relax `provider-rates`"
        ],
    );
    refused(
        rates(&ben, &[]).await,
        &expect![
            "FailedPrecondition DUTIES_NOT_SEPARATE: evidence `ID` was accepted by the same principal, who cannot rate what rests on it under the rules `strict`: ask another person, or adopt rules that relax `reviewer-rates`"
        ],
    );
    rates(&cat, &[]).await.unwrap();
    expect![[r"
        rated by cat
        0 relaxed, 0 conflicted"]]
    .assert_eq(&told(&system).await);
}

#[tokio::test]
async fn two_assessors_cross_review_what_the_other_provided() {
    let Trio { system, ann, ben, cat } = trio().await;
    let (of_ann, of_ben) = (submits(&ann, "a").await, submits(&ben, "b").await);
    refused(
        accepts(&ann, &[&of_ben, &of_ann]).await,
        &expect![
            "FailedPrecondition DUTIES_NOT_SEPARATE: item 1: evidence `ID` was provided by the same principal, who cannot accept it under the rules `strict`: ask another person, or adopt rules that relax `provider-reviews`"
        ],
    );
    accepts(&ann, &[&of_ben]).await.unwrap();
    accepts(&ben, &[&of_ann]).await.unwrap();
    for one in [&ann, &ben] {
        assert!(rates(one, &[]).await.is_err());
    }
    rates(&cat, &[]).await.unwrap();
    // Dated to before the work of either began, it would stand for what came after all the same.
    refused(
        rates_from(&ann, &[], "2026-04-30").await,
        &expect![
            "FailedPrecondition DUTIES_NOT_SEPARATE: evidence `ID` was provided by the same principal, who cannot rate what rests on it under the rules `strict`: ask another person, or adopt rules that relax `provider-rates`"
        ],
    );
    expect![[r"
        rated by cat
        0 relaxed, 0 conflicted"]]
    .assert_eq(&told(&system).await);
}

#[tokio::test]
async fn who_rated_first_does_not_vouch_afterwards() {
    let Trio { system, ann, ben, cat } = trio().await;
    let id = submits(&ann, "a").await;
    rates(&ben, &[]).await.unwrap();
    let confirms = async |who: &Principal| {
        let asked = wire::ConfirmEvidenceRequest {
            unit: "alpha".to_owned(),
            evidence: vec![by_id(&id)],
            ..Default::default()
        };
        who.evidence.clone().confirm_evidence(asked).await.map(drop)
    };
    let late = accepts(&ben, &[&id]).await;
    let details = late.clone().unwrap_err().get_details_error_info().unwrap();
    for (key, value) in [("had", "rated"), ("tried", "accept"), ("pair", "reviewer-rates")] {
        assert_eq!(details.metadata.get(key).map(String::as_str), Some(value), "{details:?}");
    }
    refused(
        late,
        &expect![
            "FailedPrecondition DUTIES_NOT_SEPARATE: `iso-21827-2008/BP.10.01` was rated by the same principal, who cannot accept evidence `ID`, on which that rating would rest, under the rules `strict`: ask another person, or adopt rules that relax `reviewer-rates`"
        ],
    );
    refused(
        confirms(&ben).await,
        &expect![
            "FailedPrecondition DUTIES_NOT_SEPARATE: `iso-21827-2008/BP.10.01` was rated by the same principal, who cannot confirm evidence `ID`, on which that rating would rest, under the rules `strict`: ask another person, or adopt rules that relax `reviewer-rates`"
        ],
    );
    accepts(&cat, &[&id]).await.unwrap();
    // Who accepted it is no second person, and what readers have taken in is held the same way.
    refused(
        confirms(&cat).await,
        &expect![
            "FailedPrecondition NOT_A_SECOND_PERSON: evidence `ID` was accepted by the same principal, who cannot confirm it besides: a confirmation is the word of a second person, so ask another one"
        ],
    );
    refused(
        confirms(&ben).await,
        &expect![
            "FailedPrecondition DUTIES_NOT_SEPARATE: `iso-21827-2008/BP.10.01` was rated by the same principal, who cannot confirm evidence `ID`, on which that rating would rest, under the rules `strict`: ask another person, or adopt rules that relax `reviewer-rates`"
        ],
    );
    let system = system.restarted().await;
    system.adopt_rules("alpha", "solo").await;
    let more = submits(&system.operator, "b").await;
    rates_from(&system.operator, &[], "2026-05-03").await.unwrap();
    accepts(&system.operator, &[&more]).await.unwrap();
}

#[tokio::test]
async fn what_rules_relax_is_recorded_and_stays_visible() {
    let Trio { system, ann, ben, .. } = trio().await;
    system.adopt_rules("alpha", "solo").await;
    let id = submits(&ann, "a").await;
    accepts(&ann, &[&id]).await.unwrap();
    rates(&ann, &[]).await.unwrap();
    let by_solo = told(&system).await;
    expect![[r"
        rated by ann
          provider-reviews by solo: one person alone: nobody else could review it
          provider-rates by solo: one person alone: nobody else could rate it
          reviewer-rates by solo: one person alone: nobody else could rate it
        1 relaxed, 0 conflicted"]]
    .assert_eq(&by_solo);
    // Other rules relax nothing of what comes, and what was recorded stays as it was.
    system.adopt_rules("alpha", "strict").await;
    let more = submits(&ann, "b").await;
    assert!(accepts(&ann, &[&more]).await.is_err());
    assert!(rates(&ann, &[]).await.is_err());
    assert_eq!(told(&system).await, by_solo);
    rates(&ben, &[]).await.unwrap();
    expect![[r"
        rated by ben
          provider-reviews by solo: one person alone: nobody else could review it
        rated by ann, passed over
          provider-reviews by solo: one person alone: nobody else could review it
          provider-rates by solo: one person alone: nobody else could rate it
          reviewer-rates by solo: one person alone: nobody else could rate it
        1 relaxed, 0 conflicted"]]
    .assert_eq(&told(&system).await);
    let system = system.restarted().await;
    assert!(told(&system).await.starts_with("rated by ben\n  provider-reviews by solo"));
}

#[tokio::test]
async fn what_tools_push_is_rated_by_whoever_provided_nothing_of_it() {
    let Trio { system, ann, .. } = trio().await;
    system.trust_tools("alpha").await;
    let role = (wire::Role::Collector, "alpha");
    let tool = system.with_role("scanner", wire::PrincipalKind::Service, role).await;
    submits(&tool, "a").await;
    rates(&ann, &[]).await.unwrap();
    expect![[r"
        rated by ann
        0 relaxed, 0 conflicted"]]
    .assert_eq(&told(&system).await);
}

#[tokio::test]
async fn who_has_a_conflict_of_interest_does_not_rate_while_it_is_in_force() {
    let Trio { system, ann, ben, .. } = trio().await;
    declares(&ann, "", ("2026-05-01", Some("2026-05-20"))).await.unwrap();
    refused(
        rates(&ann, &[]).await,
        &expect![
            "FailedPrecondition CONFLICT_OF_INTEREST: a conflict of interest of the same principal is declared since 2026-05-01T00:00:00Z until 2026-05-20T00:00:00Z, who cannot rate under the rules `strict`: ask another person, or adopt rules that relax `conflicted-rates`"
        ],
    );
    refused(
        rates_from(&ann, &[], "2026-04-30").await,
        &expect![
            "FailedPrecondition CONFLICT_OF_INTEREST: a conflict of interest of the same principal is declared since 2026-05-01T00:00:00Z until 2026-05-20T00:00:00Z, who cannot rate under the rules `strict`: ask another person, or adopt rules that relax `conflicted-rates`"
        ],
    );
    rates_from(&ann, &[], "2026-05-20").await.unwrap();
    rates(&ben, &[]).await.unwrap();
    assert!(told(&system).await.ends_with("0 relaxed, 0 conflicted"));
    // Declared late, it shows with what stands.
    declares(&system.operator, "ann", ("2026-05-19", None)).await.unwrap();
    expect![[r"
        rated by ann
          conflict of ann on team
        rated by ben, passed over
        0 relaxed, 1 conflicted"]]
    .assert_eq(&told(&system).await);
    let withdrawn = wire::WithdrawConflictRequest {
        unit: "team".to_owned(),
        principal: "ann".to_owned(),
        effective_at: on("2026-05-20"),
        ..Default::default()
    };
    system.operator.duties.clone().withdraw_conflict(withdrawn).await.unwrap();
    assert!(told(&system).await.ends_with("0 relaxed, 0 conflicted"));
}

#[tokio::test]
async fn everybody_declares_their_own_conflicts_and_who_settles_the_unit_those_of_others() {
    let Trio { system, ann, .. } = trio().await;
    let lead = (wire::Role::Lead, "team");
    let lea = system.with_role("lea", wire::PrincipalKind::Person, lead).await;
    let always = ("2026-05-01", None);
    declares(&ann, "ann", always).await.unwrap();
    for nobody in ["ben", "nobody"] {
        let other = declares(&ann, nobody, always).await;
        refused(
            other,
            &expect![
                "PermissionDenied RIGHT_MISSING: this needs the right to settle on `team`, which the role lead or admin gives: ask an admin for it"
            ],
        );
    }
    refused(
        declares(&lea, "nobody", always).await,
        &expect!["NotFound PRINCIPAL_UNKNOWN: principal `nobody` is unknown"],
    );
    declares(&lea, "ben", ("2026-05-10", None)).await.unwrap();
    let over = |principal: &str| wire::WithdrawConflictRequest {
        unit: "team".to_owned(),
        principal: principal.to_owned(),
        ..Default::default()
    };
    let own = ann.duties.clone().withdraw_conflict(over("")).await.map(drop);
    refused(
        own,
        &expect![
            "PermissionDenied RIGHT_MISSING: this needs the right to settle, which the role lead or admin gives: ask an admin for it"
        ],
    );
    let never = lea.duties.clone().withdraw_conflict(over("cat")).await.map(drop);
    refused(
        never,
        &expect![
            "NotFound CONFLICT_NOT_DECLARED: no conflict of interest of principal `ID` was declared on this unit"
        ],
    );

    let listed = async |valid_at: &str, unit: &str| {
        let coordinate = Some(wire::Coordinate { valid_at: on(valid_at), ..Default::default() });
        let asked =
            wire::ListConflictsRequest { unit: unit.to_owned(), coordinate, ..Default::default() };
        let found = ann.duties.clone().list_conflicts(asked).await.unwrap().into_inner();
        let mut names: Vec<String> =
            found.conflicts.into_iter().map(|one| one.principal.unwrap().name).collect();
        names.sort();
        names.join(" ")
    };
    assert_eq!(listed("2026-04-30", "alpha").await, "");
    assert_eq!(listed("2026-05-01", "alpha").await, "ann");
    assert_eq!(listed("2026-05-10", "alpha").await, "ann ben");
    lea.duties.clone().withdraw_conflict(over("ann")).await.unwrap();
    assert_eq!(listed("2026-06-02", "team").await, "ben");
}
