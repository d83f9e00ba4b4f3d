//! Every question that takes a coordinate, asked at one.

use gradus_wire::v1 as wire;

use crate::running::{System, by_id};

/// A unit, the unit above it and an item of evidence, by their ids.
#[derive(Clone)]
pub(super) struct Subjects {
    pub(super) unit: String,
    pub(super) team: String,
    pub(super) evidence: String,
}

/// The call and the digest of its answer.
pub(super) type Digests = Vec<(&'static str, Vec<u8>)>;

/// The digests of the answers to every question on levels, at one coordinate.
pub(super) async fn levels(
    system: &System,
    of: &Subjects,
    coordinate: &wire::Coordinate,
) -> Digests {
    let mut client = system.operator.levels.clone();
    let (unit, here) = (of.unit.clone(), Some(coordinate.clone()));
    let mut all: Digests = Vec::new();
    for with_practices in [false, true] {
        let asked = wire::QueryLevelsRequest {
            unit: unit.clone(),
            coordinate: here.clone(),
            with_practices,
            ..Default::default()
        };
        all.push(("levels", client.query_levels(asked).await.unwrap().into_inner().digest));
    }
    let asked = wire::ExplainLevelRequest {
        unit: unit.clone(),
        coordinate: here.clone(),
        min_size: 0,
        area: "PA10".to_owned(),
    };
    all.push(("explain", client.explain_level(asked).await.unwrap().into_inner().digest));
    let asked = wire::ForecastLevelsRequest {
        unit: unit.clone(),
        coordinate: here.clone(),
        with_coverage: true,
        ..Default::default()
    };
    all.push(("forecast", client.forecast_levels(asked).await.unwrap().into_inner().digest));
    let asked = wire::QueryGapRequest {
        unit: unit.clone(),
        coordinate: here.clone(),
        profile: "certification-authority".to_owned(),
        with_blockers: true,
        ..Default::default()
    };
    all.push(("gap", client.query_gap(asked).await.unwrap().into_inner().digest));
    for (asked_of, call) in [(of.team.clone(), "roll-up of the team"), (String::new(), "roll-up")] {
        let asked = wire::RollUpLevelsRequest {
            unit: asked_of,
            coordinate: here.clone(),
            profile: "certification-authority".to_owned(),
            rule: wire::RollUpRule::Median.into(),
            ..Default::default()
        };
        all.push((call, client.roll_up_levels(asked).await.unwrap().into_inner().digest));
    }
    let asked = wire::CheckLevelsRequest {
        unit: unit.clone(),
        coordinate: here.clone(),
        minimums: vec![wire::MinimumLevel { area: "PA10".to_owned(), level: 1 }],
        ..Default::default()
    };
    all.push(("check", client.check_levels(asked).await.unwrap().into_inner().digest));
    for as_reported in [false, true] {
        let asked = wire::QueryTrendRequest {
            units: vec![unit.clone()],
            coordinate: here.clone(),
            with_coverage: true,
            as_reported,
            ..Default::default()
        };
        all.push(("trend", client.query_trend(asked).await.unwrap().into_inner().digest));
    }
    let earlier = crate::running::on("2026-01-15");
    let earlier = wire::Coordinate { valid_at: earlier, ..coordinate.clone() };
    let asked = wire::CompareLevelsRequest {
        from: Some(wire::Side { unit, coordinate: Some(earlier) }),
        to: Some(wire::Side { unit: String::new(), coordinate: here }),
        with_coverage: true,
        ..Default::default()
    };
    all.push(("compare", client.compare_levels(asked).await.unwrap().into_inner().digest));
    all
}

/// The digests of what was recorded of units, evidence and ratings, at one coordinate.
pub(super) async fn records(
    system: &System,
    of: &Subjects,
    coordinate: &wire::Coordinate,
) -> Digests {
    let (unit, here) = (of.unit.clone(), Some(coordinate.clone()));
    let operator = &system.operator;
    let mut all: Digests = Vec::new();
    let asked = wire::GetUnitRequest { unit: unit.clone(), coordinate: here.clone(), min_size: 0 };
    all.push(("unit", operator.units.clone().get_unit(asked).await.unwrap().into_inner().digest));
    let asked = wire::ListUnitsRequest {
        coordinate: here.clone(),
        include_archived: true,
        ..Default::default()
    };
    let listed = operator.units.clone().list_units(asked).await.unwrap();
    all.push(("units", listed.into_inner().digest));
    let asked = wire::GetEvidenceRequest {
        unit: unit.clone(),
        evidence: Some(by_id(&of.evidence)),
        coordinate: here.clone(),
        min_size: 0,
    };
    let shown = operator.evidence.clone().get_evidence(asked).await.unwrap();
    all.push(("item of evidence", shown.into_inner().digest));
    let asked = wire::ListEvidenceRequest {
        unit: unit.clone(),
        coordinate: here.clone(),
        ..Default::default()
    };
    let listed = operator.evidence.clone().list_evidence(asked).await.unwrap();
    all.push(("evidence", listed.into_inner().digest));
    let asked = wire::ListRatingsRequest { unit, coordinate: here, ..Default::default() };
    let listed = operator.ratings.clone().list_ratings(asked).await.unwrap();
    all.push(("ratings", listed.into_inner().digest));
    all
}

/// Both.
pub(super) async fn asked(
    system: &System,
    of: &Subjects,
    coordinate: &wire::Coordinate,
) -> Digests {
    let mut all = levels(system, of, coordinate).await;
    all.extend(records(system, of, coordinate).await);
    all
}
