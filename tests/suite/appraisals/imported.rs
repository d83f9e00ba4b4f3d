//! Appraisals of before, brought in with their ratings.

use expect_test::expect;
use gradus_wire::v1 as wire;
use tonic::Status;

use super::{Cast, PRACTICES, cast, input, pinned, refused, subject};
use crate::running::{Principal, area, levels_of, on};

fn rating(practice: &str) -> wire::ImportedRatingInput {
    wire::ImportedRatingInput {
        subject: subject(practice),
        value: wire::Value::Satisfied.into(),
        rationale: "from the report".to_owned(),
        ..Default::default()
    }
}

/// Conducted in the first half of February, in force from March on.
pub(super) fn of_before() -> wire::ImportAppraisalRequest {
    wire::ImportAppraisalRequest {
        append: None,
        input: Some(input()),
        conducted_from: on("2026-02-01"),
        conducted_until: on("2026-02-16"),
        effective_at: on("2026-03-01"),
        ratings: PRACTICES.into_iter().map(rating).collect(),
        statement: "after the report of the certifier".to_owned(),
    }
}

pub(super) async fn import(
    by: &Principal,
    asked: wire::ImportAppraisalRequest,
) -> Result<wire::ImportAppraisalResponse, Status> {
    by.appraisals.clone().import_appraisal(asked).await.map(tonic::Response::into_inner)
}

async fn get(
    by: &Principal,
    appraisal: &str,
    size: Option<u64>,
) -> Result<wire::GetAppraisalResponse, Status> {
    let known = size.map(wire::coordinate::Known::LogSize);
    let asked = wire::GetAppraisalRequest {
        appraisal: appraisal.to_owned(),
        coordinate: Some(wire::Coordinate { known, ..Default::default() }),
        ..Default::default()
    };
    by.appraisals.clone().get_appraisal(asked).await.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn an_appraisal_of_before_takes_effect_from_its_date_and_is_known_from_its_position() {
    let cast = Box::pin(cast()).await;
    let size = cast.system.size().await;
    let before = cast.system.levels(pinned(size)).await;
    let levels = async |at| {
        let told = cast.system.levels(levels_of("app", at)).await;
        format!("{}; {} imported", area(&told, "PA01"), told.ratings_imported)
    };
    let append = Some(wire::AppendOptions { validate_only: true, ..Default::default() });
    let asked = wire::ImportAppraisalRequest { append, ..of_before() };
    let checked = import(&cast.sue, asked).await.unwrap().receipt.unwrap();
    let areas: Vec<&str> = checked.level_changes.iter().map(|one| one.area.as_str()).collect();
    assert_eq!((areas, cast.system.size().await), (vec!["PA01"], size));

    let request_id = "33333333-3333-4333-8333-333333333333".to_owned();
    let append = Some(wire::AppendOptions { request_id, ..Default::default() });
    let asked = wire::ImportAppraisalRequest { append, ..of_before() };
    let first = import(&cast.sue, asked.clone()).await.unwrap();
    assert_eq!((first.ratings, cast.system.size().await), (4, size + 5));
    let again = import(&cast.sue, asked).await.unwrap();
    assert!(again.receipt.unwrap().replayed && again.appraisal == first.appraisal);

    let told = [levels("2026-02-28").await, levels("2026-05-20").await];
    expect![[r#"
        rated not rated; ongoing not rated; 0/4 covered; 0 imported
        rated 1 to 5, 28 open; ongoing 1 to 5, 28 open; 4/4 covered; 4 imported"#]]
    .assert_eq(&told.join("\n"));
    // What was known before is answered as it was, and nothing is known of the appraisal.
    assert_eq!(cast.system.levels(pinned(size)).await.digest, before.digest);
    let unknown = get(&cast.sue, &first.appraisal, Some(size)).await;
    expect!["NotFound APPRAISAL_UNKNOWN: appraisal `ID` is unknown"].assert_eq(&refused(unknown));
    let asked = wire::VerifyProjectionRequest { name: "levels".to_owned() };
    let verified = cast.system.operator.projections.clone().verify_projection(asked).await;
    let (mut told, mut last) = (verified.unwrap().into_inner(), None);
    while let Some(message) = told.message().await.unwrap() {
        last = Some(message);
    }
    assert!(last.unwrap().equal);
}

#[tokio::test]
async fn what_was_imported_is_marked_wherever_it_is_shown() {
    let cast = Box::pin(cast()).await;
    let appraisal = import(&cast.sue, of_before()).await.unwrap().appraisal;
    let told = get(&cast.mia, &appraisal, None).await.unwrap();
    let of = told.appraisal.unwrap();
    let imported = of.imported.clone().unwrap();
    assert_eq!(of.state(), wire::AppraisalState::Closed);
    assert_eq!((imported.conducted_from, of.stated_from), (on("2026-02-01"), on("2026-03-01")));
    assert_eq!(imported.by.unwrap().name, "sue");
    assert_eq!(imported.unshown, ["sealed-ratings", "separated-duties", "frozen-evidence"]);
    assert!(told.ratings.is_empty() && told.consensus.len() == 4 && told.unsettled.is_empty());
    assert!(told.consensus.iter().all(|one| one.rationale == "from the report"));
    let asked = wire::ListAppraisalsRequest::default();
    let listed = cast.mia.appraisals.clone().list_appraisals(asked).await.unwrap().into_inner();
    let marked: Vec<bool> = listed.appraisals.iter().map(|one| one.imported.is_some()).collect();
    assert_eq!(marked, [true, false]);

    let (unit, area) = ("app".to_owned(), "PA01".to_owned());
    let asked = wire::ExplainLevelRequest { unit, area, ..Default::default() };
    let told = cast.mia.levels.clone().explain_level(asked).await.unwrap().into_inner();
    let mut ratings = told.practices.iter().flat_map(|practice| &practice.ratings);
    assert!(ratings.by_ref().take(4).all(|one| one.imported && one.appraisal == appraisal));
    let asked = wire::ListRatingsRequest { unit: "app".to_owned(), ..Default::default() };
    let listed = cast.mia.ratings.clone().list_ratings(asked).await.unwrap().into_inner();
    assert!(listed.ratings.len() == 4 && listed.ratings.iter().all(|one| one.imported));

    // Nothing can be done to it, and the next one carries it forward.
    let mut over = cast;
    over.appraisal = appraisal;
    expect!["FailedPrecondition APPRAISAL_OVER: the appraisal is closed: it takes no more of this"]
        .assert_eq(&refused(over.sign_off().await));
    let asked = wire::OpenAppraisalRequest { append: None, input: Some(input()) };
    let next = over.sue.appraisals.clone().open_appraisal(asked).await.unwrap().into_inner();
    assert_eq!(get(&over.mia, &next.appraisal, None).await.unwrap().carried.len(), 4);
    // It is all there after a restart.
    let Cast { system, appraisal, .. } = over;
    let system = Box::pin(system.restarted()).await;
    let told = get(&system.operator, &appraisal, None).await.unwrap();
    assert!(told.appraisal.unwrap().imported.is_some() && told.consensus.len() == 4);
    let levels = system.levels(levels_of("app", "2026-05-20")).await;
    assert_eq!(levels.ratings_imported, 4);
}

#[tokio::test]
async fn an_appraisal_of_before_is_refused_by_field_and_row() {
    let cast = Box::pin(cast()).await;
    let size = cast.system.size().await;
    let with = |change: fn(&mut wire::ImportAppraisalRequest)| {
        let mut asked = of_before();
        change(&mut asked);
        asked
    };
    let wrong = [
        with(|asked| asked.effective_at = on("2026-01-31")),
        with(|asked| asked.conducted_until = asked.conducted_from),
        with(|asked| asked.conducted_until = None),
        with(|asked| asked.effective_at = on("2099-01-01")),
        with(|asked| asked.ratings.clear()),
        with(|asked| asked.ratings[1].value = 0),
        with(|asked| asked.ratings[1] = rating("BP.02.01")),
        with(|asked| asked.ratings[3] = rating("BP.01.01")),
        with(|asked| asked.ratings[2].value = wire::Value::Fully.into()),
        with(|asked| asked.ratings[2] = rating("BP.01.99")),
        with(|asked| asked.input.as_mut().unwrap().units.push("other".to_owned())),
        with(|asked| {
            asked.input.as_mut().unwrap().base =
                Some(wire::EvidenceBase { valid_at: on("2026-02-01"), log_size: 1 });
        }),
        with(|asked| asked.input.as_mut().unwrap().team.clear()),
    ];
    let mut told = Vec::new();
    for asked in wrong {
        told.push(refused(import(&cast.system.operator, asked).await));
    }
    told.push(refused(import(&cast.leo, of_before()).await));
    let stranger = cast.stranger.appraisals.clone().import_appraisal(of_before()).await;
    told.push(refused(stranger));
    let sponsor = wire::PrincipalKind::Person;
    let other = cast.system.with_role("una", sponsor, (wire::Role::Sponsor, "other")).await;
    told.push(refused(import(&other, of_before()).await));
    assert_eq!(cast.system.size().await, size + 3);
    expect![[r#"
        InvalidArgument APPRAISAL_INPUT [request]: `effective_at` is 2026-01-31T00:00:00Z, before it was conducted: use 2026-02-01T00:00:00Z or later
        InvalidArgument APPRAISAL_INPUT [request]: it was conducted from 2026-02-01T00:00:00Z until 2026-02-01T00:00:00Z: the end has to come after the start
        InvalidArgument INVALID_FIELD [conducted_until]: `conducted_until`: it is missing and must be given
        InvalidArgument IN_THE_FUTURE [effective_at]: `effective_at` is 2099-01-01T00:00:00Z, more than 5 minutes after the server's clock, 2026-06-01T12:00:00Z
        InvalidArgument INVALID_FIELD [ratings]: `ratings`: it is empty, at least one entry must be given
        InvalidArgument INVALID_FIELD [ratings[1].value]: `ratings[1].value`: it is missing and must be given
        FailedPrecondition OUT_OF_SCOPE: item 1: `iso-21827-2008/BP.02.01` is not in the scope of the appraisal
        InvalidArgument APPRAISAL_INPUT [ratings[3].request]: item 3: `ratings` names `iso-21827-2008/BP.01.01` twice: name it once
        FailedPrecondition NOT_READ: item 2: `F` is on a scale that the unit's rules do not read
        NotFound PRACTICE_UNKNOWN: item 2: practice `iso-21827-2008/BP.01.99` is unknown in model `iso-21827-2008`, which the unit has adopted
        InvalidArgument APPRAISAL_INPUT [request]: an appraisal of before is brought in unit by unit: name one, not 2
        InvalidArgument INVALID_FIELD [input.base]: `input.base`: nothing was frozen for an appraisal of before: leave it out
        InvalidArgument APPRAISAL_INPUT [request]: `team` is empty: name at least one
        PermissionDenied RIGHT_MISSING: this needs the right to appraise, which the role sponsor or admin gives: ask an admin for it
        PermissionDenied RIGHT_MISSING: this needs the right to appraise, which the role sponsor or admin gives: ask an admin for it
        NotFound UNIT_UNKNOWN: unit `app` is unknown"#]].assert_eq(&told.join("\n"));
}
