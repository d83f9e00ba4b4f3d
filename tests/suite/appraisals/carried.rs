//! Last time's ratings as proposals, until somebody of the team confirms them.

use expect_test::expect;
use gradus_wire::v1 as wire;
use tonic::Status;

use super::{Cast, input, refused, subject};
use crate::running::{Principal, area, levels_of};

/// An organization in which one appraisal was closed, and a second one is open.
async fn again() -> (Cast, String) {
    let mut cast = Box::pin(Cast::agreed()).await;
    cast.sign_off().await.unwrap();
    cast.close(wire::AppendOptions::default()).await.unwrap();
    let asked = wire::OpenAppraisalRequest { append: None, input: Some(input()) };
    let answer = cast.sue.appraisals.clone().open_appraisal(asked).await.unwrap().into_inner();
    let first = std::mem::replace(&mut cast.appraisal, answer.appraisal);
    (cast, first)
}

async fn rate(
    cast: &Cast,
    by: &Principal,
    practice: &str,
    value: wire::Value,
    carried: Option<u64>,
) -> Result<(), Status> {
    let rating = wire::AppraisalRatingInput {
        subject: subject(practice),
        value: value.into(),
        carried,
        ..Default::default()
    };
    let (appraisal, ratings) = (cast.appraisal.clone(), vec![rating]);
    let asked = wire::RateInAppraisalRequest { append: None, appraisal, ratings };
    by.appraisals.clone().rate_in_appraisal(asked).await.map(|_| ())
}

fn in_words(carried: &[wire::CarriedRating], first: &str) -> Vec<String> {
    let one = |one: &wire::CarriedRating| {
        let from = one.from.as_ref().unwrap();
        assert_eq!(from.appraisal, first);
        let since = from.effective_at.unwrap().seconds;
        let practice = &one.subject.as_ref().unwrap().practice;
        format!("{practice} {:?} since {since}", one.value())
    };
    carried.iter().map(one).collect()
}

#[tokio::test]
async fn ratings_of_the_last_appraisal_are_proposals_until_they_are_confirmed() {
    let (cast, first) = Box::pin(again()).await;
    let told = cast.told(&cast.mia).await.unwrap();
    expect![[r#"
        iso-21827-2008/BP.01.01 Satisfied since 1777593600
        iso-21827-2008/BP.01.02 Satisfied since 1777593600
        iso-21827-2008/BP.01.03 Satisfied since 1777593600
        iso-21827-2008/BP.01.04 Satisfied since 1777593600"#]]
    .assert_eq(&in_words(&told.carried, &first).join("\n"));
    // They are nobody's ratings: nothing can be revealed or agreed on.
    assert!(told.ratings.is_empty() && told.unsettled.len() == 4);
    assert!(refused(cast.reveal().await).contains("NOT_ALL_IN"));

    let at = |number: usize| told.carried[number].from.as_ref().map(|from| from.position);
    let wrong = [
        rate(&cast, &cast.leo, "BP.01.01", wire::Value::NotSatisfied, at(0)).await,
        rate(&cast, &cast.leo, "BP.01.01", wire::Value::Satisfied, at(1)).await,
        rate(&cast, &cast.leo, "BP.01.01", wire::Value::Satisfied, Some(0)).await,
    ];
    for answer in wrong {
        let told = refused(answer);
        assert!(told.starts_with("FailedPrecondition NOT_CARRIED: `carried` is"), "{told}");
    }
    for by in [&cast.leo, &cast.mia] {
        rate(&cast, by, "BP.01.01", wire::Value::Satisfied, at(0)).await.unwrap();
    }
    // That somebody confirmed would tell the value: it is sealed with it.
    let sealed = cast.told(&cast.mia).await.unwrap();
    let confirms: Vec<bool> = sealed.ratings.iter().map(|one| one.carried.is_some()).collect();
    assert_eq!(confirms.iter().filter(|so| **so).count(), 1, "{:?}", sealed.ratings);
    let asked = wire::RevealRatingsRequest {
        appraisal: cast.appraisal.clone(),
        subjects: vec![subject("BP.01.01").unwrap()],
        ..Default::default()
    };
    cast.leo.appraisals.clone().reveal_ratings(asked).await.unwrap();
    let shown = cast.told(&cast.sue).await.unwrap();
    for rating in &shown.ratings {
        let from = rating.carried.as_ref().unwrap();
        assert_eq!((Some(from.position), &from.appraisal), (at(0), &first));
    }

    // What is agreed on is proposed no more.
    let consensus = vec![wire::ConsensusInput {
        subject: subject("BP.01.01"),
        value: wire::Value::Satisfied.into(),
        ..Default::default()
    }];
    let appraisal = cast.appraisal.clone();
    let asked = wire::ReachConsensusRequest { append: None, appraisal, consensus };
    cast.leo.appraisals.clone().reach_consensus(asked).await.unwrap();
    assert_eq!(cast.told(&cast.mia).await.unwrap().carried.len(), 3);
}

#[tokio::test]
async fn what_is_carried_is_that_of_the_frozen_base_and_touches_no_level() {
    let (cast, first) = Box::pin(again()).await;
    let asked = wire::ListRatingsRequest { unit: "app".to_owned(), ..Default::default() };
    let listed = cast.mia.ratings.clone().list_ratings(asked).await.unwrap().into_inner();
    let asked = wire::WithdrawRatingRequest {
        unit: "app".to_owned(),
        ratings: vec![listed.ratings[0].id.clone()],
        reason: "a slip".to_owned(),
        append: None,
    };
    cast.leo.ratings.clone().withdraw_rating(asked).await.unwrap();
    // What was withdrawn after the opening still stands in the frozen base.
    let told = cast.told(&cast.mia).await.unwrap();
    assert_eq!(told.carried.len(), 4);
    let before = area(&cast.system.levels(levels_of("app", "2026-05-20")).await, "PA01");
    let asked = wire::GetAppraisalRequest {
        appraisal: cast.appraisal.clone(),
        carry_from: first.clone(),
        ..Default::default()
    };
    let named = cast.mia.appraisals.clone().get_appraisal(asked).await.unwrap().into_inner();
    assert_eq!(named.carried, told.carried);
    for wrong in ["nothing", "22222222-2222-4222-8222-222222222222", &cast.appraisal] {
        let asked = wire::GetAppraisalRequest {
            appraisal: cast.appraisal.clone(),
            carry_from: wrong.to_owned(),
            ..Default::default()
        };
        let status = cast.mia.appraisals.clone().get_appraisal(asked).await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::InvalidArgument, "{status}");
        assert!(status.message().contains("is no appraisal of which ratings in scope stand"));
    }
    assert_eq!(area(&cast.system.levels(levels_of("app", "2026-05-20")).await, "PA01"), before);
    assert!(cast.told(&cast.stranger).await.is_err());
}
