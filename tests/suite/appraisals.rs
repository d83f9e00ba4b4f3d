//! Appraisals over gRPC: from the opening to the approval, and what nobody learns before.

mod behind;
mod carried;
mod imported;
mod in_capsules;
mod texts;

use expect_test::expect;
use gradus_wire::v1 as wire;
use tonic::Status;

use crate::running::{
    Principal, System, area, by_id, item, levels_of, on, refusal, submit, without_ids,
};

const PRACTICES: [&str; 4] = ["BP.01.01", "BP.01.02", "BP.01.03", "BP.01.04"];
const SECRET: &str = "only Leo knows why";

/// An organization with a project, its sponsor Sue, the assessors Leo and Mia, and a stranger.
struct Cast {
    system: System,
    sue: Principal,
    leo: Principal,
    mia: Principal,
    stranger: Principal,
    appraisal: String,
}

fn input() -> wire::AppraisalInput {
    let member = |name: &str, part: wire::TeamPart| wire::TeamMemberInput {
        principal: name.to_owned(),
        part: part.into(),
    };
    wire::AppraisalInput {
        units: vec!["app".to_owned()],
        areas: vec![wire::ScopedArea { area: "PA01".to_owned(), highest: 1 }],
        team: vec![member("leo", wire::TeamPart::Lead), member("mia", wire::TeamPart::Member)],
        method: Some(wire::AppraisalMethod {
            process: "SSAM 2.0".to_owned(),
            class: wire::AppraisalClass::Three.into(),
            body: wire::Independence::C.into(),
            lead: wire::Independence::B.into(),
            team: wire::Independence::C.into(),
            ..Default::default()
        }),
        texts: Some(wire::AppraisalTexts {
            title: "of 2026".to_owned(),
            purpose: "to see where we stand".to_owned(),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn subject(practice: &str) -> Option<wire::SubjectInput> {
    Some(wire::SubjectInput { practice: practice.to_owned(), ..Default::default() })
}

async fn cast() -> Cast {
    let system = System::new().await;
    system.project_since("app", on("2026-01-01")).await;
    system.project_since("other", on("2026-01-01")).await;
    let person = wire::PrincipalKind::Person;
    let sue = system.with_role("sue", person, (wire::Role::Sponsor, "app")).await;
    let leo = system.with_role("leo", person, (wire::Role::Assessor, "app")).await;
    let mia = system.with_role("mia", person, (wire::Role::Assessor, "app")).await;
    let stranger = system.with_role("stranger", person, (wire::Role::Assessor, "other")).await;
    let asked = wire::OpenAppraisalRequest { append: None, input: Some(input()) };
    let answer = sue.appraisals.clone().open_appraisal(asked).await.unwrap().into_inner();
    Cast { system, sue, leo, mia, stranger, appraisal: answer.appraisal }
}

impl Cast {
    async fn rate(&self, by: &Principal, values: [wire::Value; 4]) -> Result<(), Status> {
        let rating = |(practice, value): (&str, wire::Value)| wire::AppraisalRatingInput {
            subject: subject(practice),
            value: value.into(),
            rationale: SECRET.to_owned(),
            ..Default::default()
        };
        let asked = wire::RateInAppraisalRequest {
            append: None,
            appraisal: self.appraisal.clone(),
            ratings: PRACTICES.into_iter().zip(values).map(rating).collect(),
        };
        by.appraisals.clone().rate_in_appraisal(asked).await.map(|_| ())
    }

    async fn reveal(&self) -> Result<u32, Status> {
        let asked = wire::RevealRatingsRequest {
            append: None,
            appraisal: self.appraisal.clone(),
            subjects: PRACTICES.into_iter().filter_map(subject).collect(),
        };
        let answer = self.leo.appraisals.clone().reveal_ratings(asked).await?;
        Ok(answer.into_inner().revealed)
    }

    async fn agree(&self, by: &Principal) -> Result<(), Status> {
        let agreed = |practice: &str| wire::ConsensusInput {
            subject: subject(practice),
            value: wire::Value::Satisfied.into(),
            rationale: "after a talk".to_owned(),
            dissent: if practice == "BP.01.02" {
                vec![wire::DissentInput {
                    principal: "mia".to_owned(),
                    text: "only at times".to_owned(),
                }]
            } else {
                Vec::new()
            },
            ..Default::default()
        };
        let asked = wire::ReachConsensusRequest {
            append: None,
            appraisal: self.appraisal.clone(),
            consensus: PRACTICES.into_iter().map(agreed).collect(),
        };
        by.appraisals.clone().reach_consensus(asked).await.map(|_| ())
    }

    async fn sign_off(&self) -> Result<(), Status> {
        let asked = wire::SignOffAppraisalRequest {
            appraisal: self.appraisal.clone(),
            effective_at: on("2026-05-01"),
            ..Default::default()
        };
        self.leo.appraisals.clone().sign_off_appraisal(asked).await.map(|_| ())
    }

    fn closing(&self, append: wire::AppendOptions) -> wire::CloseAppraisalRequest {
        wire::CloseAppraisalRequest {
            append: Some(append),
            appraisal: self.appraisal.clone(),
            unit: "app".to_owned(),
            statement: "seen and approved".to_owned(),
        }
    }

    async fn close(
        &self,
        append: wire::AppendOptions,
    ) -> Result<wire::CloseAppraisalResponse, Status> {
        let asked = self.closing(append);
        self.sue.appraisals.clone().close_appraisal(asked).await.map(tonic::Response::into_inner)
    }

    async fn told(&self, by: &Principal) -> Result<wire::GetAppraisalResponse, Status> {
        let asked =
            wire::GetAppraisalRequest { appraisal: self.appraisal.clone(), ..Default::default() };
        by.appraisals.clone().get_appraisal(asked).await.map(tonic::Response::into_inner)
    }

    /// Up to the consensus.
    async fn agreed() -> Self {
        use wire::Value::{NotSatisfied, Satisfied};
        let cast = Box::pin(cast()).await;
        cast.rate(&cast.leo, [Satisfied; 4]).await.unwrap();
        cast.rate(&cast.mia, [Satisfied, NotSatisfied, Satisfied, Satisfied]).await.unwrap();
        assert_eq!(cast.reveal().await.unwrap(), 4);
        cast.agree(&cast.leo).await.unwrap();
        cast
    }
}

fn refused<T>(answer: Result<T, Status>) -> String {
    without_ids(&refusal(&answer.map(|_| ()).unwrap_err()))
}

/// The levels of `app`, pinned to a size of the log.
fn pinned(size: u64) -> wire::QueryLevelsRequest {
    let known = Some(wire::coordinate::Known::LogSize(size));
    let mut asked = levels_of("app", "2026-05-20");
    asked.coordinate.as_mut().unwrap().known = known;
    asked
}

#[tokio::test]
async fn nothing_touches_a_level_before_the_approval_and_then_it_does_from_the_stated_date() {
    let cast = Box::pin(Cast::agreed()).await;
    let levels =
        async |valid_at| area(&cast.system.levels(levels_of("app", valid_at)).await, "PA01");
    cast.sign_off().await.unwrap();
    let before = cast.system.size().await;
    let pin = cast.system.levels(pinned(before)).await;
    assert_eq!(levels("2026-05-20").await, "rated not rated; ongoing not rated; 0/4 covered");

    let checked = cast
        .close(wire::AppendOptions { validate_only: true, ..Default::default() })
        .await
        .unwrap();
    let changes = checked.receipt.unwrap().level_changes;
    assert_eq!(changes.iter().map(|one| one.area.as_str()).collect::<Vec<_>>(), ["PA01"]);
    assert_eq!(cast.system.size().await, before);

    let id = "11111111-1111-4111-8111-111111111111".to_owned();
    let append = || wire::AppendOptions { request_id: id.clone(), ..Default::default() };
    let closed = cast.close(append()).await.unwrap();
    assert_eq!((closed.ratings, cast.system.size().await), (4, before + 5));
    assert_eq!(levels("2026-04-30").await, "rated not rated; ongoing not rated; 0/4 covered");
    expect!["rated 1 to 5, 28 open; ongoing 1 to 5, 28 open; 4/4 covered"]
        .assert_eq(&levels("2026-05-20").await);
    // What was pinned is answered as it was.
    assert_eq!(cast.system.levels(pinned(before)).await.digest, pin.digest);

    // The same call again is the same call, and another one changes nothing.
    let again = cast.close(append()).await.unwrap();
    assert!(again.receipt.unwrap().replayed);
    let another = cast.close(wire::AppendOptions::default()).await.unwrap();
    assert!(another.receipt.unwrap().events.is_empty());
    assert_eq!(cast.system.size().await, before + 5);
}

#[tokio::test]
async fn a_level_that_rests_on_an_appraisal_says_so_and_falls_when_its_window_has_passed() {
    let cast = Box::pin(Cast::agreed()).await;
    cast.sign_off().await.unwrap();
    cast.close(wire::AppendOptions::default()).await.unwrap();
    let asked = wire::ExplainLevelRequest {
        unit: "app".to_owned(),
        area: "PA01".to_owned(),
        ..Default::default()
    };
    let told = cast.system.operator.levels.clone().explain_level(asked).await.unwrap().into_inner();
    let of_appraisal: Vec<bool> = told
        .practices
        .iter()
        .flat_map(|practice| &practice.ratings)
        .map(|rating| rating.appraisal == cast.appraisal)
        .collect();
    assert_eq!(of_appraisal, [true; 4]);
    // The index, which took it in as it came, is what a fold of the whole log is.
    let asked = wire::VerifyProjectionRequest { name: "levels".to_owned() };
    let verified = cast.system.operator.projections.clone().verify_projection(asked).await;
    let (mut told, mut last) = (verified.unwrap().into_inner(), None);
    while let Some(message) = told.message().await.unwrap() {
        last = Some(message);
    }
    assert!(last.unwrap().equal);
    let later = cast.system.levels(levels_of("app", "2027-06-01")).await;
    expect!["rated 1 to 5, 28 open; ongoing 0; 0/4 covered"].assert_eq(&area(&later, "PA01"));
}

#[tokio::test]
async fn a_sealed_value_is_not_to_be_had_by_anybody_but_its_author() {
    let cast = Box::pin(cast()).await;
    cast.rate(&cast.leo, [wire::Value::NotSatisfied; 4]).await.unwrap();
    let is_withheld = |told: &wire::GetAppraisalResponse| {
        told.ratings.iter().all(|rating| {
            rating.value == 0
                && rating.rationale.is_empty()
                && rating.payload_state() == wire::PayloadState::Withheld
        })
    };
    for (who, by) in
        [("sponsor", &cast.sue), ("member", &cast.mia), ("admin", &cast.system.operator)]
    {
        let told = cast.told(by).await.unwrap();
        assert_eq!(told.ratings.len(), 4, "{who}");
        assert!(is_withheld(&told), "{who}");
        let asked = wire::ListEventsRequest {
            types: vec!["individual-rating-sealed".to_owned()],
            ..Default::default()
        };
        let page = by.events.clone().list_events(asked).await.unwrap().into_inner();
        assert_eq!(page.events.len(), 4, "{who}");
        for listed in page.events {
            let asked = wire::GetEventRequest { position: listed.position };
            let event = by.events.clone().get_event(asked).await.unwrap().into_inner();
            for event in [listed, event.event.unwrap()] {
                assert_eq!(event.payload_state(), wire::PayloadState::Withheld, "{who}");
                let all = format!("{event:?}");
                assert!(!all.contains(SECRET) && !all.contains("not-satisfied"), "{who}: {all}");
                assert!(event.payload.is_empty(), "{who}");
            }
        }
    }
    let own = cast.told(&cast.leo).await.unwrap();
    assert!(own.ratings.iter().all(|rating| rating.value() == wire::Value::NotSatisfied));
    expect!["FailedPrecondition NOT_ALL_IN: `iso-21827-2008/BP.01.01` waits for the ratings of 1 of the team"]
        .assert_eq(&refused(cast.reveal().await));

    cast.rate(&cast.mia, [wire::Value::Satisfied; 4]).await.unwrap();
    assert_eq!(cast.reveal().await.unwrap(), 4);
    let told = cast.told(&cast.sue).await.unwrap();
    assert!(told.ratings.iter().all(|rating| rating.rationale == SECRET && rating.value != 0));
    expect!["FailedPrecondition REVEALED: item 0: the ratings of `iso-21827-2008/BP.01.01` were revealed: what counts now is the consensus"]
        .assert_eq(&refused(cast.rate(&cast.mia, [wire::Value::Satisfied; 4]).await));
}

#[tokio::test]
async fn an_appraisal_tells_its_dissent_agreement_findings_and_contradictions() {
    let cast = Box::pin(Cast::agreed()).await;
    let asked = wire::RecordFindingRequest {
        append: None,
        appraisal: cast.appraisal.clone(),
        finding: Some(wire::FindingInput {
            kind: wire::FindingKind::Weakness.into(),
            area: "PA01".to_owned(),
            text: "the plan is old".to_owned(),
            ..Default::default()
        }),
    };
    cast.mia.appraisals.clone().record_finding(asked).await.unwrap();
    let told = cast.told(&cast.sue).await.unwrap();
    let appraisal = told.appraisal.as_ref().unwrap();
    assert_eq!(appraisal.state(), wire::AppraisalState::Open);
    assert_eq!(appraisal.texts.as_ref().unwrap().purpose, "to see where we stand");
    let dissent: Vec<_> = told.consensus.iter().flat_map(|one| &one.dissent).collect();
    assert_eq!(dissent.len(), 1);
    assert_eq!(dissent[0].text, "only at times");
    let agreement = told.agreement[0];
    assert_eq!((agreement.subjects, agreement.exact), (4, 3));
    assert_eq!(agreement.alpha_thousandths, Some(0));
    assert_eq!(told.findings[0].text, "the plan is old");
    assert!(
        told.consensus
            .iter()
            .all(|one| { one.contradictions == ["the frozen base leaves it unsupported"] })
    );
    assert!(told.unsettled.is_empty());
    let asked = wire::ListAppraisalsRequest { unit: "app".to_owned(), ..Default::default() };
    let listed = cast.mia.appraisals.clone().list_appraisals(asked).await.unwrap().into_inner();
    assert_eq!(listed.appraisals.len(), 1);
    assert_eq!(listed.appraisals[0].texts.as_ref().unwrap().title, "of 2026");
}

#[tokio::test]
async fn each_has_their_own_part() {
    let cast = Box::pin(cast()).await;
    cast.rate(&cast.leo, [wire::Value::Satisfied; 4]).await.unwrap();
    let by_sponsor = cast.rate(&cast.sue, [wire::Value::Satisfied; 4]).await;
    let by_admin = cast.rate(&cast.system.operator, [wire::Value::Satisfied; 4]).await;
    let mut told = vec![refused(by_sponsor), refused(by_admin)];
    told.push(refused(cast.agree(&cast.mia).await));
    told.push(refused(cast.agree(&cast.leo).await));
    told.push(refused(cast.sign_off().await));
    told.push(refused(cast.close(wire::AppendOptions::default()).await));
    let closing = cast.closing(wire::AppendOptions::default());
    told.push(refused(cast.system.operator.appraisals.clone().close_appraisal(closing).await));
    let opening = wire::OpenAppraisalRequest { append: None, input: Some(input()) };
    told.push(refused(cast.leo.appraisals.clone().open_appraisal(opening).await));
    expect![[r#"
        PermissionDenied RIGHT_MISSING: this needs the right to rate, which the role assessor or admin gives: ask an admin for it
        PermissionDenied NOT_YOUR_PART: item 0: only lead and members of the team may rate in it
        PermissionDenied NOT_YOUR_PART: item 0: only the lead may record a consensus
        FailedPrecondition NOT_REVEALED: item 0: the ratings of `iso-21827-2008/BP.01.01` were not revealed: reveal them first
        FailedPrecondition NOT_REVEALED: the ratings of `iso-21827-2008/BP.01.01` were not revealed: reveal them first
        FailedPrecondition NOT_SIGNED_OFF: the lead has not signed off: what was said last is not signed for
        PermissionDenied NOT_YOUR_PART: only the sponsor may approve it
        PermissionDenied RIGHT_MISSING: this needs the right to appraise, which the role sponsor or admin gives: ask an admin for it"#]].assert_eq(&told.join("\n"));
}

#[tokio::test]
async fn an_appraisal_out_of_sight_looks_like_none() {
    let cast = Box::pin(cast()).await;
    let hidden = cast.told(&cast.stranger).await;
    let none = "22222222-2222-4222-8222-222222222222".to_owned();
    let asked = wire::GetAppraisalRequest { appraisal: none, ..Default::default() };
    let unknown = cast.stranger.appraisals.clone().get_appraisal(asked).await;
    assert_eq!(refused(hidden), refused(unknown));
    let rated = cast.rate(&cast.stranger, [wire::Value::Satisfied; 4]).await;
    expect!["NotFound APPRAISAL_UNKNOWN: appraisal `ID` is unknown"].assert_eq(&refused(rated));
    let asked = wire::ListAppraisalsRequest::default();
    let listed = cast.stranger.appraisals.clone().list_appraisals(asked).await.unwrap();
    assert!(listed.into_inner().appraisals.is_empty());
    let asked = wire::ListEventsRequest::default();
    let events = cast.stranger.events.clone().list_events(asked).await.unwrap().into_inner();
    assert!(events.events.iter().all(|event| !event.r#type.starts_with("appraisal")));
}

#[tokio::test]
async fn evidence_of_after_the_opening_cannot_be_cited() {
    let cast = Box::pin(cast()).await;
    let new = cast.system.submitted("app", vec![item("late")]).await;
    let rating = wire::AppraisalRatingInput {
        subject: subject("BP.01.01"),
        value: wire::Value::Satisfied.into(),
        evidence: vec![by_id(&new[0])],
        ..Default::default()
    };
    let asked = wire::RateInAppraisalRequest {
        append: None,
        appraisal: cast.appraisal.clone(),
        ratings: vec![rating],
    };
    let answer = cast.leo.appraisals.clone().rate_in_appraisal(asked).await;
    let told = refused(answer);
    assert!(told.starts_with("FailedPrecondition OUTSIDE_BASE: "), "{told}");
}

#[tokio::test]
async fn an_appraisal_is_the_same_after_a_restart() {
    let cast = Box::pin(Cast::agreed()).await;
    let before = cast.told(&cast.system.operator).await.unwrap();
    let size = cast.system.size().await;
    let Cast { system, mia, stranger, appraisal, .. } = cast;
    let system = Box::pin(system.restarted()).await;
    let asked = wire::GetAppraisalRequest {
        appraisal: appraisal.clone(),
        coordinate: Some(wire::Coordinate {
            valid_at: before.coordinate.as_ref().unwrap().valid_at,
            known: Some(wire::coordinate::Known::LogSize(size)),
            ..Default::default()
        }),
        ..Default::default()
    };
    let after = system.operator.appraisals.clone().get_appraisal(asked).await.unwrap().into_inner();
    assert_eq!(after.digest, before.digest);
    assert_eq!(after.ratings, before.ratings);
    // It goes on where it was.
    let (sue, leo) = (system.issue("sue").await, system.issue("leo").await);
    let sue = Principal::new(&system.channel, &sue);
    let leo = Principal::new(&system.channel, &leo);
    let cast = Cast { system, sue, leo, mia, stranger, appraisal };
    cast.sign_off().await.unwrap();
    assert_eq!(cast.close(wire::AppendOptions::default()).await.unwrap().ratings, 4);
}

#[tokio::test]
async fn a_cancelled_appraisal_takes_no_more() {
    let cast = Box::pin(Cast::agreed()).await;
    let asked = wire::CancelAppraisalRequest {
        append: None,
        appraisal: cast.appraisal.clone(),
        reason: "the project ended".to_owned(),
    };
    cast.sue.appraisals.clone().cancel_appraisal(asked).await.unwrap();
    expect![
        "FailedPrecondition APPRAISAL_OVER: the appraisal is cancelled: it takes no more of this"
    ]
    .assert_eq(&refused(cast.sign_off().await));
    let told = cast.told(&cast.sue).await.unwrap();
    assert_eq!(told.appraisal.unwrap().state(), wire::AppraisalState::Cancelled);
}

#[tokio::test]
async fn who_provided_or_accepted_the_evidence_does_not_rate_by_it_in_an_appraisal_either() {
    let cast = Box::pin(cast()).await;
    let items = vec![wire::EvidenceItem { practices: vec!["BP.01.01".to_owned()], ..item("1") }];
    let answer = cast.leo.evidence.clone().submit_evidence(submit("app", items)).await.unwrap();
    let accepted = wire::AcceptEvidenceRequest {
        unit: "app".to_owned(),
        evidence: vec![by_id(&answer.into_inner().items[0].evidence)],
        ..Default::default()
    };
    cast.mia.evidence.clone().accept_evidence(accepted).await.unwrap();
    let mut told = String::new();
    for by in [&cast.leo, &cast.mia] {
        let status = cast.rate(by, [wire::Value::Satisfied; 4]).await.unwrap_err();
        told.push_str(&without_ids(&refusal(&status)));
        told.push('\n');
    }
    expect![[r#"
        FailedPrecondition DUTIES_NOT_SEPARATE: item 0: evidence `ID` was provided by the same principal, who cannot rate what rests on it under the rules `strict`: ask another person, or adopt rules that relax `provider-rates`
        FailedPrecondition DUTIES_NOT_SEPARATE: item 0: evidence `ID` was accepted by the same principal, who cannot rate what rests on it under the rules `strict`: ask another person, or adopt rules that relax `reviewer-rates`
    "#]].assert_eq(&told);
    // Who cannot rate says so, and then nobody waits for them.
    for by in [&cast.leo, &cast.mia] {
        cast.rate(by, [wire::Value::Unspecified; 4]).await.unwrap();
    }
    assert_eq!(cast.reveal().await.unwrap(), 4);
}
