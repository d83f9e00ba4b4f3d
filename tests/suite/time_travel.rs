//! Travel in time over gRPC: what each of the three clocks may change of an answer, and what not.

mod ahead;
mod everything;
mod head;
mod known;
mod pinned;
mod valid;

use gradus_wire::v1 as wire;
use wire::coordinate::Known;

use crate::running::{Principal, System, area, by_id, item, on, rating, submit};

/// Base practices of PA10 in the 2008 model.
const BASE: [&str; 7] =
    ["BP.10.01", "BP.10.02", "BP.10.03", "BP.10.04", "BP.10.05", "BP.10.06", "BP.10.07"];

/// The level of PA10 while its base practices are satisfied, with valid evidence and without, and
/// while nothing is known.
const COVERED: &str = "rated 1 to 5, 28 open; ongoing 1 to 5, 28 open; 7/7 covered";
const LAPSED: &str = "rated 1 to 5, 28 open; ongoing 0; 0/7 covered";
const NOTHING: &str = "rated not rated; ongoing not rated; 0/7 covered";

/// A moment, with all that is known.
fn on_day(valid_at: &str) -> wire::Coordinate {
    wire::Coordinate { valid_at: on(valid_at), ..Default::default() }
}

/// A moment, as known with so many records.
fn with_size(valid_at: &str, size: u64) -> wire::Coordinate {
    wire::Coordinate { known: Some(Known::LogSize(size)), ..on_day(valid_at) }
}

/// A moment, as known at a moment.
fn known_at(valid_at: &str, known: prost_types::Timestamp) -> wire::Coordinate {
    wire::Coordinate { known: Some(Known::KnownAt(known)), ..on_day(valid_at) }
}

/// What the clock shows.
fn now(system: &System) -> prost_types::Timestamp {
    on(&system.now().to_string()).unwrap()
}

/// The same server, days later.
async fn days_later(system: System, days: i64) -> System {
    system.advance(days * 86_400);
    system.restarted().await
}

fn levels_at(unit: &str, coordinate: wire::Coordinate) -> wire::QueryLevelsRequest {
    wire::QueryLevelsRequest {
        unit: unit.to_owned(),
        coordinate: Some(coordinate),
        ..Default::default()
    }
}

/// PA10 of `alpha` at a coordinate.
async fn pa10(system: &System, coordinate: wire::Coordinate) -> String {
    area(&system.levels(levels_at("alpha", coordinate)).await, "PA10")
}

/// `alpha` at a coordinate.
async fn alpha(system: &System, coordinate: wire::Coordinate) -> wire::Unit {
    let asked = wire::GetUnitRequest {
        unit: "alpha".to_owned(),
        coordinate: Some(coordinate),
        min_size: 0,
    };
    system.operator.units.clone().get_unit(asked).await.unwrap().into_inner().unit.unwrap()
}

/// The evidence of `alpha` at a coordinate.
async fn evidence(system: &System, coordinate: wire::Coordinate) -> Vec<wire::Evidence> {
    let asked = wire::ListEvidenceRequest {
        unit: "alpha".to_owned(),
        coordinate: Some(coordinate),
        ..Default::default()
    };
    let listed = system.operator.evidence.clone().list_evidence(asked).await.unwrap();
    listed.into_inner().evidence
}

/// PA10 of `alpha`, explained at a coordinate.
async fn explained(system: &System, coordinate: wire::Coordinate) -> wire::ExplainLevelResponse {
    let asked = wire::ExplainLevelRequest {
        unit: "alpha".to_owned(),
        area: "PA10".to_owned(),
        coordinate: Some(coordinate),
        min_size: 0,
    };
    system.operator.levels.clone().explain_level(asked).await.unwrap().into_inner()
}

/// One policy for all base practices of PA10, of work that ended on a day.
fn policy(id: &str, work_to: &str) -> wire::EvidenceItem {
    let practices = BASE.iter().map(|practice| (*practice).to_owned()).collect();
    wire::EvidenceItem { practices, work_to: on(work_to), ..item(id) }
}

/// Puts a policy forward for `alpha` as the operator, and accepts it; its id.
async fn accepted(system: &System, id: &str, work_to: &str) -> String {
    let mut ids = system.submitted("alpha", vec![policy(id, work_to)]).await;
    accept(system, &ids[0]).await;
    ids.remove(0)
}

async fn accept(system: &System, id: &str) {
    accept_as(&system.operator, id).await;
}

async fn accept_as(who: &Principal, id: &str) {
    let accept = wire::AcceptEvidenceRequest {
        unit: "alpha".to_owned(),
        evidence: vec![by_id(id)],
        ..Default::default()
    };
    who.evidence.clone().accept_evidence(accept).await.unwrap();
}

/// Rates every base practice of PA10 for `alpha`; the ids of the ratings.
async fn rate(system: &System, value: wire::Value, from: &str) -> Vec<String> {
    system.rated("alpha", BASE.map(|practice| rating(practice, value, from)).to_vec()).await
}

async fn adopt_rules(system: &System, unit: &str, document: &str, from: &str) {
    let asked = wire::AdoptRulesRequest {
        unit: unit.to_owned(),
        document: document.to_owned(),
        effective_at: on(from),
        ..Default::default()
    };
    system.operator.units.clone().adopt_rules(asked).await.unwrap();
}

async fn adopt_model(system: &System, unit: &str, document: &str, from: &str) {
    let asked = wire::AdoptModelRequest {
        unit: unit.to_owned(),
        document: document.to_owned(),
        effective_at: on(from),
        ..Default::default()
    };
    system.operator.units.clone().adopt_model(asked).await.unwrap();
}

async fn tailor_out(system: &System, area: &str, from: &str) {
    let asked = wire::TailorAreaRequest {
        unit: "alpha".to_owned(),
        area: area.to_owned(),
        applicable: Some(false),
        reason: "it does not apply here".to_owned(),
        effective_at: on(from),
        ..Default::default()
    };
    system.operator.units.clone().tailor_area(asked).await.unwrap();
}

async fn label(system: &System, labels: &[&str], from: &str) {
    let asked = wire::LabelUnitRequest {
        unit: "alpha".to_owned(),
        append: None,
        labels: labels.iter().map(ToString::to_string).collect(),
        effective_at: on(from),
    };
    system.operator.units.clone().label_unit(asked).await.unwrap();
}

async fn rename(system: &System, unit: &str, name: &str) {
    let asked = wire::RenameUnitRequest {
        unit: unit.to_owned(),
        name: name.to_owned(),
        ..Default::default()
    };
    system.operator.units.clone().rename_unit(asked).await.unwrap();
}

async fn move_to(system: &System, unit: &str, parent: &str, from: &str) {
    let asked = wire::MoveUnitRequest {
        unit: unit.to_owned(),
        append: None,
        parent: parent.to_owned(),
        effective_at: on(from),
    };
    system.operator.units.clone().move_unit(asked).await.unwrap();
}

async fn register(system: &System, kind: wire::UnitKind, name: &str, team: &str) {
    let asked = wire::RegisterUnitRequest {
        kind: kind.into(),
        name: name.to_owned(),
        team: team.to_owned(),
        effective_at: on("2026-01-01"),
        ..Default::default()
    };
    system.operator.units.clone().register_unit(asked).await.unwrap();
}

/// The project `alpha` of the team `team`, since the beginning of 2026.
async fn with_alpha() -> System {
    let system = System::alone().await;
    register(&system, wire::UnitKind::Project, "alpha", "team").await;
    system
}

/// The same, with a policy that was accepted and practices of PA10 that were judged satisfied.
async fn rated_alpha() -> System {
    let system = with_alpha().await;
    accepted(&system, "p1", "2026-05-01").await;
    rate(&system, wire::Value::Satisfied, "2026-05-02").await;
    system
}

/// A tool's push of items, which only rules that trust tools count.
async fn pushed(system: &System, tool: &str, items: Vec<wire::EvidenceItem>) {
    let tool = system.principal(tool, wire::PrincipalKind::Service).await;
    tool.evidence.clone().submit_evidence(submit("alpha", items)).await.unwrap();
}
