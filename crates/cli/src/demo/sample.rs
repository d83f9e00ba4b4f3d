//! `sample`: a made-up project whose areas rise from 0 to 4 and fall again.
//!
//! Seeded, so that every run tells the same story, and without persons. Its evidence is pushed by a
//! tool, accepted by the reviewer and rated by the assessor, as the strict rules want it.

use gradus_model::{Edge, Timestamp};
use gradus_wire::v1;

use super::staff::Staff;
use crate::client::Client;
use crate::error::CliError;
use crate::select::wire;

/// The project.
pub(crate) const NAME: &str = "sample";
/// The areas whose story is told.
pub(crate) const AREAS: [&str; 3] = ["PA05", "PA11", "PA13"];
/// The moments at which the story is told.
pub(crate) const MOMENTS: [&str; 7] = [
    "2021-06-30",
    "2021-12-31",
    "2022-12-31",
    "2023-12-31",
    "2024-12-31",
    "2025-05-31",
    "2026-09-30",
];

const TEAM: &str = "made-up";
const SEED: u64 = 21_827;

/// A round of work: evidence for all practices up to a level, in some areas.
struct Wave {
    on: &'static str,
    level: u32,
    areas: &'static [&'static str],
}

const fn wave(on: &'static str, level: u32, areas: &'static [&'static str]) -> Wave {
    Wave { on, level, areas }
}

/// After May 2024 nothing is renewed for a year, and PA05 never again after June 2025.
const WAVES: [Wave; 9] = [
    wave("2021-08-15", 1, &AREAS),
    wave("2022-03-01", 2, &AREAS),
    wave("2023-01-10", 3, &AREAS),
    wave("2023-09-01", 3, &AREAS),
    wave("2024-01-10", 4, &AREAS),
    wave("2024-05-05", 4, &AREAS),
    wave("2025-06-10", 4, &AREAS),
    wave("2026-03-01", 4, &["PA11", "PA13"]),
    wave("2026-08-20", 4, &["PA11", "PA13"]),
];

/// When the assessor called the practices of a level satisfied.
const RATED: [(&str, u32); 4] =
    [("2021-10-01", 1), ("2022-04-15", 2), ("2023-02-20", 3), ("2024-02-20", 4)];

const PHASES: [(&str, v1::Phase, Option<&str>); 8] = [
    ("2021-01-11", v1::Phase::ConceptDefinition, Some("2021-03-01")),
    ("2021-03-01", v1::Phase::RequirementsAnalysis, Some("2021-06-01")),
    ("2021-05-01", v1::Phase::Design, Some("2021-10-01")),
    ("2021-08-01", v1::Phase::Development, Some("2022-11-01")),
    ("2022-06-01", v1::Phase::Integration, Some("2022-12-15")),
    ("2022-12-15", v1::Phase::Installation, Some("2023-02-01")),
    ("2023-02-01", v1::Phase::Operation, None),
    ("2023-06-01", v1::Phase::Maintenance, None),
];

const MARKERS: [(&str, v1::MarkerKind, &str); 3] = [
    ("2023-02-01", v1::MarkerKind::Release, "1.0"),
    ("2024-02-20", v1::MarkerKind::Audit, "first audit"),
    ("2025-06-30", v1::MarkerKind::Milestone, "evidence renewed"),
];

/// A practice of the model: its name, its area, and the level it belongs to.
struct Practice {
    name: String,
    area: String,
    level: u32,
}

/// Plays the whole life cycle through the API.
pub(crate) async fn play(staff: &Staff) -> Result<(), CliError> {
    settle(&staff.operator).await?;
    let practices = practices(&staff.operator).await?;
    let mut days = Days(SEED);
    let mut items = Vec::new();
    for wave in &WAVES {
        for area in wave.areas {
            let of_wave =
                |practice: &&Practice| practice.area == *area && practice.level <= wave.level;
            for practice in practices.iter().filter(of_wave) {
                items.push(item(practice, wave.on, days.next())?);
            }
        }
    }
    submit_and_accept(staff, items).await?;
    let withdrawn = rate(&staff.assessor, &practices).await?;
    withdraw(&staff.assessor, withdrawn).await
}

/// Small differences between dates, the same in every run.
struct Days(u64);

impl Days {
    /// The next number of days, 0 to 9.
    fn next(&mut self) -> i64 {
        // Knuth's MMIX constants.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((self.0 >> 33) % 10).unwrap_or_default()
    }
}

fn day(text: &str, plus: i64) -> Result<prost_types::Timestamp, CliError> {
    let at = Timestamp::parse(text, Edge::Start)?;
    Ok(wire(at.plus_micros(plus * 86_400_000_000)))
}

async fn settle(operator: &Client) -> Result<(), CliError> {
    let units = operator.units();
    let project = v1::RegisterUnitRequest {
        kind: v1::UnitKind::Project.into(),
        name: NAME.to_owned(),
        team: TEAM.to_owned(),
        effective_at: Some(day("2021-01-11", 0)?),
        ..Default::default()
    };
    operator.call(project, async |request| units.clone().register_unit(request).await).await?;
    for (from, phase, to) in PHASES {
        let (unit, phase) = (NAME.to_owned(), phase.into());
        let entered = v1::EnterPhaseRequest {
            unit: unit.clone(),
            phase,
            effective_at: Some(day(from, 0)?),
            ..Default::default()
        };
        operator.call(entered, async |request| units.clone().enter_phase(request).await).await?;
        let Some(to) = to else { continue };
        let left = v1::LeavePhaseRequest {
            unit,
            phase,
            effective_at: Some(day(to, 0)?),
            ..Default::default()
        };
        operator.call(left, async |request| units.clone().leave_phase(request).await).await?;
    }
    for (on, kind, label) in MARKERS {
        let placed = v1::PlaceMarkerRequest {
            unit: NAME.to_owned(),
            kind: kind.into(),
            label: label.to_owned(),
            effective_at: Some(day(on, 0)?),
            ..Default::default()
        };
        operator.call(placed, async |request| units.clone().place_marker(request).await).await?;
    }
    let tailored = v1::TailorAreaRequest {
        unit: NAME.to_owned(),
        area: "PA22".to_owned(),
        applicable: Some(false),
        reason: "made up: this project has no suppliers".to_owned(),
        effective_at: Some(day("2021-01-11", 0)?),
        ..Default::default()
    };
    operator.call(tailored, async |request| units.clone().tailor_area(request).await).await?;
    let profile = v1::AdoptProfileRequest {
        unit: NAME.to_owned(),
        document: "security-product-developer".to_owned(),
        effective_at: Some(day("2021-01-11", 0)?),
        ..Default::default()
    };
    operator.call(profile, async |request| units.clone().adopt_profile(request).await).await?;
    Ok(())
}

/// The base practices of the story's areas, and the generic practices of levels 2 to 5 of each.
async fn practices(operator: &Client) -> Result<Vec<Practice>, CliError> {
    let models = operator.models();
    let asked = v1::GetModelRequest { model: "iso-21827-2008".to_owned() };
    let model =
        operator.call(asked, async |request| models.clone().get_model(request).await).await?;
    let model = model.model.unwrap_or_default();
    let mut practices = Vec::new();
    for area in model.areas.iter().filter(|area| AREAS.contains(&area.id.as_str())) {
        practices.extend(area.base_practices.iter().map(|practice| Practice {
            name: practice.practice.clone(),
            area: area.id.clone(),
            level: 1,
        }));
        for feature in model.features.iter().filter(|feature| feature.level > 1) {
            practices.extend(feature.generic_practices.iter().map(|practice| Practice {
                name: format!("{}/{}/{}", model.id, area.id, practice.id),
                area: area.id.clone(),
                level: feature.level,
            }));
        }
    }
    Ok(practices)
}

fn item(practice: &Practice, on: &str, later: i64) -> Result<v1::EvidenceItem, CliError> {
    let kind = match practice.level {
        1 => v1::Kind::ReviewRecord,
        2 => v1::Kind::Plan,
        3 => v1::Kind::AuditReport,
        _ => v1::Kind::Measurement,
    };
    Ok(v1::EvidenceItem {
        kind: kind.into(),
        outcome: v1::Outcome::Supports.into(),
        strength: v1::Strength::Direct.into(),
        practices: vec![practice.name.clone()],
        work_to: Some(day(on, later)?),
        source: Some(v1::Source {
            name: "made-up".to_owned(),
            id: format!("{on}:{}", practice.name),
        }),
        title: format!("Made up: work on {}", practice.name),
        ..Default::default()
    })
}

async fn submit_and_accept(staff: &Staff, items: Vec<v1::EvidenceItem>) -> Result<(), CliError> {
    for items in items.chunks(200) {
        let evidence = staff.tool.evidence();
        let submitted = v1::SubmitEvidenceRequest {
            unit: NAME.to_owned(),
            append: None,
            items: items.to_vec(),
        };
        let answer = staff
            .tool
            .call(submitted, async |request| evidence.clone().submit_evidence(request).await)
            .await?;
        let by_id = |item: &v1::SubmittedEvidence| v1::EvidenceRef {
            r#ref: Some(v1::evidence_ref::Ref::Evidence(item.evidence.clone())),
        };
        let accepted = v1::AcceptEvidenceRequest {
            unit: NAME.to_owned(),
            append: None,
            evidence: answer.items.iter().map(by_id).collect(),
            note: "made up: looked at, and found to show what it says".to_owned(),
        };
        let evidence = staff.reviewer.evidence();
        staff
            .reviewer
            .call(accepted, async |request| evidence.clone().accept_evidence(request).await)
            .await?;
    }
    Ok(())
}

/// Rates everything; returns the rating that is withdrawn later.
async fn rate(assessor: &Client, practices: &[Practice]) -> Result<Option<String>, CliError> {
    let rated = |practice: &Practice, value: v1::Value, on: &str| {
        Ok::<_, CliError>(v1::RatingInput {
            practice: practice.name.clone(),
            value: value.into(),
            effective_at: Some(day(on, 0)?),
            rationale: "made up".to_owned(),
            ..Default::default()
        })
    };
    // At first nothing above level 1 is done, and of the base practices only the first two.
    let mut started = std::collections::BTreeMap::new();
    let mut first = Vec::new();
    for practice in practices {
        let count: &mut u32 = started.entry(practice.area.as_str()).or_default();
        *count += 1;
        let satisfied = practice.level == 1 && *count <= 2;
        let value = if satisfied { v1::Value::Satisfied } else { v1::Value::NotSatisfied };
        first.push(rated(practice, value, "2021-03-01")?);
    }
    send(assessor, first).await?;
    let mut withdrawn = None;
    for (on, level) in RATED {
        let of_level = || practices.iter().filter(|practice| practice.level == level);
        let ratings = of_level().map(|practice| rated(practice, v1::Value::Satisfied, on));
        let ids = send(assessor, ratings.collect::<Result<_, _>>()?).await?;
        let wrong = of_level().position(|practice| {
            level == 4 && practice.area == "PA13" && practice.name.ends_with("GP 4.2.2")
        });
        withdrawn = wrong.and_then(|at| ids.get(at).cloned()).or(withdrawn);
    }
    Ok(withdrawn)
}

async fn send(client: &Client, ratings: Vec<v1::RatingInput>) -> Result<Vec<String>, CliError> {
    let request = v1::RatePracticesRequest { unit: NAME.to_owned(), append: None, ratings };
    let service = client.ratings();
    let answer =
        client.call(request, async |request| service.clone().rate_practices(request).await).await?;
    Ok(answer.ratings)
}

async fn withdraw(assessor: &Client, rating: Option<String>) -> Result<(), CliError> {
    let request = v1::WithdrawRatingRequest {
        unit: NAME.to_owned(),
        append: None,
        ratings: rating.into_iter().collect(),
        reason: "made up: the measurements that it rested on were of another project".to_owned(),
    };
    let service = assessor.ratings();
    assessor.call(request, async |request| service.clone().withdraw_rating(request).await).await?;
    Ok(())
}
