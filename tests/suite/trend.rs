//! Trends over gRPC: change points, samples, what was reported at the time.

use expect_test::{Expect, expect};
use gradus_wire::v1 as wire;
use tonic::Code;

use crate::running::{System, item, on, rating, refusal, submit, told};

/// Base practices of PA10 in the 2008 model.
const BASE: [&str; 7] =
    ["BP.10.01", "BP.10.02", "BP.10.03", "BP.10.04", "BP.10.05", "BP.10.06", "BP.10.07"];

/// The base practices of PA10, put forward by a tool that the rules trust.
async fn put_forward(system: &System, unit: &str, id: &str, work_to: &str) {
    let every = wire::EvidenceItem {
        practices: BASE.iter().map(|practice| (*practice).to_owned()).collect(),
        work_to: on(work_to),
        ..item(id)
    };
    let tool = system.principal(&format!("tool-{id}"), wire::PrincipalKind::Service).await;
    tool.evidence.clone().submit_evidence(submit(unit, vec![every])).await.unwrap();
}

async fn rate_all(system: &System, unit: &str, value: wire::Value, from: &str) {
    let ratings = BASE.map(|practice| rating(practice, value, from));
    system.rated(unit, ratings.to_vec()).await;
}

/// A project whose practices of PA10 a tool covered and a person rated.
async fn rated_project(system: &System, unit: &str) {
    system.project(unit).await;
    system.trust_tools(unit).await;
    put_forward(system, unit, &format!("{unit}-1"), "2025-01-01").await;
    rate_all(system, unit, wire::Value::Satisfied, "2025-02-01").await;
}

fn of(unit: &str) -> wire::QueryTrendRequest {
    wire::QueryTrendRequest {
        units: vec![unit.to_owned()],
        areas: vec!["PA10".to_owned()],
        from: on("2024-01-01"),
        to: on("2029-01-01"),
        ..Default::default()
    }
}

async fn asked(system: &System, question: wire::QueryTrendRequest) -> wire::QueryTrendResponse {
    system.operator.levels.clone().query_trend(question).await.unwrap().into_inner()
}

fn moment(at: Option<&prost_types::Timestamp>) -> String {
    let at = at.unwrap();
    let micros = at.seconds * 1_000_000 + i64::from(at.nanos) / 1_000;
    gradus_model::Timestamp::from_micros(micros).unwrap().to_string()
}

fn state(state: Option<&wire::AreaState>) -> String {
    let Some(state) = state else { return "nothing".to_owned() };
    let coverage = state.coverage.unwrap();
    let levels = (told(state.rated.as_ref()), told(state.ongoing.as_ref()));
    format!("{}; {}; {}/{}", levels.0, levels.1, coverage.covered, coverage.practices_total)
}

fn in_words(answer: &wire::QueryTrendResponse) -> String {
    let mut lines = Vec::new();
    for unit in &answer.units {
        for area in &unit.areas {
            lines.push(format!("{} {}", unit.unit.as_ref().unwrap().name, area.area));
            let points = area.points.iter();
            lines.extend(points.map(|point| {
                format!("  {} {}", moment(point.valid_at.as_ref()), state(point.state.as_ref()))
            }));
        }
        for phase in &unit.phases {
            let to = phase.to.as_ref().map_or_else(|| "on".to_owned(), |to| moment(Some(to)));
            lines.push(format!("{} from {} to {to}", phase.phase, moment(phase.from.as_ref())));
        }
        for marker in &unit.markers {
            let Some(at) = marker.at else { continue };
            lines.push(format!("{} {} at {}", marker.kind, marker.label, moment(Some(&at))));
        }
    }
    lines.join("\n")
}

fn check(answer: &wire::QueryTrendResponse, expected: Expect) {
    expected.assert_eq(&in_words(answer));
}

#[tokio::test]
async fn a_trend_tells_every_change_into_the_future_with_phases_and_markers() {
    let system = System::new().await;
    rated_project(&system, "alpha").await;
    let enter = wire::EnterPhaseRequest {
        unit: "alpha".to_owned(),
        phase: wire::Phase::Development.into(),
        effective_at: on("2023-01-01"),
        ..Default::default()
    };
    system.operator.units.clone().enter_phase(enter).await.unwrap();
    for (label, placed) in [("v1", "2025-03-01"), ("v0", "2023-03-01")] {
        let mark = wire::PlaceMarkerRequest {
            unit: "alpha".to_owned(),
            kind: wire::MarkerKind::Release.into(),
            label: label.to_owned(),
            effective_at: on(placed),
            ..Default::default()
        };
        system.operator.units.clone().place_marker(mark).await.unwrap();
    }
    check(
        &asked(&system, of("alpha")).await,
        expect![[r#"
        alpha iso-21827-2008/PA10
          2024-01-01T00:00:00Z not rated; not rated; 0/7
          2025-02-01T00:00:00Z 1 to 5, 28 open; 1 to 5, 28 open; 7/7
          2027-01-01T00:00:00Z 1 to 5, 28 open; 0; 0/7
        development from 2024-01-01T00:00:00Z to on
        release v1 at 2025-03-01T00:00:00Z"#]],
    );
    let with_coverage = wire::QueryTrendRequest { with_coverage: true, ..of("alpha") };
    check(
        &asked(&system, with_coverage).await,
        expect![[r#"
        alpha iso-21827-2008/PA10
          2024-01-01T00:00:00Z not rated; not rated; 0/7
          2025-01-01T00:00:00Z not rated; not rated; 7/7
          2025-02-01T00:00:00Z 1 to 5, 28 open; 1 to 5, 28 open; 7/7
          2027-01-01T00:00:00Z 1 to 5, 28 open; 0; 0/7
        development from 2024-01-01T00:00:00Z to on
        release v1 at 2025-03-01T00:00:00Z"#]],
    );
    let yearly = wire::QueryTrendRequest { step: "P1Y".to_owned(), ..of("alpha") };
    check(
        &asked(&system, yearly).await,
        expect![[r#"
        alpha iso-21827-2008/PA10
          2024-01-01T00:00:00Z not rated; not rated; 0/7
          2025-01-01T00:00:00Z not rated; not rated; 7/7
          2026-01-01T00:00:00Z 1 to 5, 28 open; 1 to 5, 28 open; 7/7
          2027-01-01T00:00:00Z 1 to 5, 28 open; 0; 0/7
          2028-01-01T00:00:00Z 1 to 5, 28 open; 0; 0/7
        development from 2024-01-01T00:00:00Z to on
        release v1 at 2025-03-01T00:00:00Z"#]],
    );
}

#[tokio::test]
async fn a_trend_without_a_span_is_of_the_ten_years_before_the_moment_asked() {
    let system = System::new().await;
    rated_project(&system, "alpha").await;
    let coordinate = wire::Coordinate { valid_at: on("2026-03-01"), ..Default::default() };
    let question = wire::QueryTrendRequest {
        from: None,
        to: None,
        coordinate: Some(coordinate),
        ..of("alpha")
    };
    let answer = asked(&system, question).await;
    assert_eq!((answer.from, answer.to), (on("2016-03-01"), on("2026-03-01")));
    let all = wire::QueryTrendRequest { areas: Vec::new(), ..of("alpha") };
    assert_eq!(asked(&system, all).await.units[0].areas.len(), 22);
}

/// Two recorded fixes and a renewal, some days apart, each told of the past.
async fn lived_in() -> System {
    let system = System::new().await;
    rated_project(&system, "alpha").await;
    system.advance(10 * 86_400);
    let system = system.restarted().await;
    rate_all(&system, "alpha", wire::Value::NotSatisfied, "2026-05-01").await;
    system.advance(20 * 86_400);
    let system = system.restarted().await;
    rate_all(&system, "alpha", wire::Value::Satisfied, "2026-06-05").await;
    put_forward(&system, "alpha", "late", "2026-05-20").await;
    system.advance(5 * 86_400);
    system.restarted().await
}

#[tokio::test]
async fn what_was_reported_is_what_was_known_at_each_moment() {
    let system = lived_in().await;
    let question = wire::QueryTrendRequest {
        from: on("2026-05-30"),
        to: on("2027-06-01"),
        as_reported: true,
        with_coverage: true,
        ..of("alpha")
    };
    let changes = asked(&system, question.clone()).await;
    let points = &changes.units[0].areas[0].points;
    assert!(points.len() > 8, "{}", in_words(&changes));
    // At each change, just before it, and at each sample, it is what `levels` says is known then.
    let every = wire::QueryTrendRequest { step: "P19D".to_owned(), ..question };
    let sampled = asked(&system, every).await;
    let beside = sampled.units[0].areas[0].points.iter();
    for point in beside.chain(points) {
        let at = point.valid_at.unwrap();
        assert_eq!(state(point.state.as_ref()), reported(&system, at).await, "{at:?}");
        let last = points.iter().rev().find(|point| before(point.valid_at.unwrap(), at));
        if let Some(last) = last {
            let just = earlier(at);
            assert_eq!(state(last.state.as_ref()), reported(&system, just).await, "{just:?}");
        }
    }
}

fn before(one: prost_types::Timestamp, other: prost_types::Timestamp) -> bool {
    (one.seconds, one.nanos) < (other.seconds, other.nanos)
}

/// A microsecond earlier.
fn earlier(at: prost_types::Timestamp) -> prost_types::Timestamp {
    match at.nanos {
        0 => prost_types::Timestamp { seconds: at.seconds - 1, nanos: 999_999_000 },
        nanos => prost_types::Timestamp { seconds: at.seconds, nanos: nanos - 1_000 },
    }
}

/// What `levels` says of PA10 at a moment, as known at that moment.
async fn reported(system: &System, moment: prost_types::Timestamp) -> String {
    let question = wire::QueryLevelsRequest {
        unit: "alpha".to_owned(),
        coordinate: Some(wire::Coordinate {
            valid_at: Some(moment),
            known: Some(wire::coordinate::Known::KnownAt(moment)),
            ..Default::default()
        }),
        areas: vec!["PA10".to_owned()],
        ..Default::default()
    };
    let answer = system.levels(question).await;
    let Some(area) = answer.areas.first() else { return "nothing".to_owned() };
    let of = wire::AreaState {
        rated: area.rated,
        ongoing: area.ongoing,
        coverage: area.coverage,
        inherited_from: None,
    };
    state(Some(&of))
}

#[tokio::test]
async fn what_was_reported_shows_no_fact_before_it_was_recorded() {
    let system = lived_in().await;
    let known = wire::QueryTrendRequest {
        from: on("2026-05-26"),
        to: on("2026-07-10"),
        step: "P9D".to_owned(),
        ..of("alpha")
    };
    check(
        &asked(&system, known.clone()).await,
        expect![[r#"
        alpha iso-21827-2008/PA10
          2026-05-26T00:00:00Z 0; 0; 7/7
          2026-06-04T00:00:00Z 0; 0; 7/7
          2026-06-13T00:00:00Z 1 to 5, 28 open; 1 to 5, 28 open; 7/7
          2026-06-22T00:00:00Z 1 to 5, 28 open; 1 to 5, 28 open; 7/7
          2026-07-01T00:00:00Z 1 to 5, 28 open; 1 to 5, 28 open; 7/7"#]],
    );
    let reported = wire::QueryTrendRequest { as_reported: true, ..known };
    check(
        &asked(&system, reported).await,
        expect![[r#"
        alpha iso-21827-2008/PA10
          2026-05-26T00:00:00Z nothing
          2026-06-04T00:00:00Z 1 to 5, 28 open; 1 to 5, 28 open; 7/7
          2026-06-13T00:00:00Z 0; 0; 7/7
          2026-06-22T00:00:00Z 0; 0; 7/7
          2026-07-01T00:00:00Z 0; 0; 7/7"#]],
    );
}

#[tokio::test]
async fn a_pinned_trend_has_one_digest_whatever_is_recorded_after_it() {
    let system = lived_in().await;
    let size = system.size().await;
    let pinned = |as_reported| wire::QueryTrendRequest {
        coordinate: Some(wire::Coordinate {
            known: Some(wire::coordinate::Known::LogSize(size)),
            ..Default::default()
        }),
        as_reported,
        ..of("alpha")
    };
    let (known, reported) =
        (asked(&system, pinned(false)).await, asked(&system, pinned(true)).await);
    assert_ne!(known.digest, reported.digest);
    rate_all(&system, "alpha", wire::Value::NotSatisfied, "2026-06-20").await;
    let rename = wire::RenameUnitRequest {
        unit: "alpha".to_owned(),
        name: "omega".to_owned(),
        ..Default::default()
    };
    system.operator.units.clone().rename_unit(rename).await.unwrap();
    system.advance(86_400);
    let system = system.restarted().await;
    for (question, first) in [(pinned(false), known), (pinned(true), reported)] {
        let question = wire::QueryTrendRequest { units: vec!["omega".to_owned()], ..question };
        assert_eq!(asked(&system, question).await.digest, first.digest);
    }
}

#[tokio::test]
async fn a_trend_of_several_units_says_whether_they_may_be_compared() {
    let system = System::new().await;
    rated_project(&system, "alpha").await;
    system.project("beta").await;
    let both = wire::QueryTrendRequest {
        units: vec!["alpha".to_owned(), "beta".to_owned()],
        ..of("alpha")
    };
    let answer = asked(&system, both).await;
    let names: Vec<String> =
        answer.units.iter().map(|unit| unit.unit.clone().unwrap().name).collect();
    assert_eq!(names, ["alpha", "beta"]);
    let told = answer.comparability.unwrap();
    assert!(!told.comparable);
    assert_eq!(told.reasons, ["different rules: strict, trusted-tools"]);
    assert!(asked(&system, of("beta")).await.comparability.unwrap().comparable);
}

#[tokio::test]
async fn before_a_unit_was_known_its_trend_is_empty_and_no_error() {
    let system = System::new().await;
    let size = system.size().await;
    rated_project(&system, "alpha").await;
    let early = wire::QueryTrendRequest {
        coordinate: Some(wire::Coordinate {
            known: Some(wire::coordinate::Known::LogSize(size)),
            ..Default::default()
        }),
        ..of("alpha")
    };
    let answer = asked(&system, early).await;
    assert_eq!((answer.units.len(), answer.units[0].areas.len()), (1, 0));
    let long_ago =
        wire::QueryTrendRequest { from: on("1950-01-01"), to: on("1960-01-01"), ..of("alpha") };
    check(
        &asked(&system, long_ago).await,
        expect![[r#"
        alpha iso-21827-2008/PA10
          1950-01-01T00:00:00Z not rated; not rated; 0/7"#]],
    );
}

#[tokio::test]
async fn a_trend_that_cannot_be_told_is_refused_with_what_would_do() {
    let system = System::new().await;
    system.project("alpha").await;
    let all = || wire::QueryTrendRequest { areas: Vec::new(), ..of("alpha") };
    let step = |step: &str| wire::QueryTrendRequest { step: step.to_owned(), ..all() };
    let many = vec!["PA10".to_owned(); 101];
    let questions = [
        wire::QueryTrendRequest { units: Vec::new(), ..all() },
        wire::QueryTrendRequest { units: vec!["alpha".to_owned(); 1_000], ..all() },
        wire::QueryTrendRequest { units: vec!["alpha".to_owned(); 1_001], ..all() },
        wire::QueryTrendRequest { units: vec!["gamma".to_owned()], ..all() },
        wire::QueryTrendRequest { areas: vec!["PA77".to_owned()], ..all() },
        wire::QueryTrendRequest { areas: many, ..all() },
        wire::QueryTrendRequest { from: on("2029-01-01"), ..all() },
        step("P1D"),
        step("PT1H"),
        step("P0D"),
    ];
    let mut seen = Vec::new();
    for question in questions {
        let status = system.operator.levels.clone().query_trend(question).await.unwrap_err();
        assert_ne!(status.code(), Code::Internal);
        seen.push(refusal(&status));
    }
    expect![[r#"
        InvalidArgument INVALID_FIELD [units]: `units`: it is empty, at least one entry must be given
        InvalidArgument TOO_MANY [units]: `units`: 22000 points would be told, at most 20000 are: ask for fewer
        InvalidArgument TOO_MANY [units]: `units` has 1001 entries, at most 1000 are allowed
        NotFound UNIT_UNKNOWN: unit `gamma` is unknown
        NotFound AREA_UNKNOWN: area `PA77` is unknown
        InvalidArgument TOO_MANY [areas]: `areas` has 101 entries, at most 100 are allowed
        InvalidArgument INVALID_FIELD [from]: `from`: the span from 2029-01-01T00:00:00Z to 2029-01-01T00:00:00Z is empty: let it end after it begins
        InvalidArgument INVALID_FIELD [step]: `step`: 1827 samples at steps of P1D are more than 909: use steps of P3D, or end the span by 2026-06-28T00:00:00Z
        InvalidArgument INVALID_FIELD [step]: `step`: `PT1H` is no period: write ISO 8601, for example P90D, P6M or P1Y
        InvalidArgument INVALID_FIELD [step]: `step`: `P0D` is no period: write ISO 8601, for example P90D, P6M or P1Y"#]].assert_eq(&seen.join("\n"));
}
