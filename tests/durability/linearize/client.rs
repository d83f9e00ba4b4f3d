//! One client of many: what it asks for, and what it takes from the answers.

use std::sync::Arc;

use gradus_wire::v1 as wire;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::history::{Asked, Call, Receipt, Seen, Told};
use super::{World, held};
use crate::client::Client;
use crate::load;
use crate::random::Random;

/// Where items come from; their ids are their titles.
const SOURCE: &str = "harness";
/// How many of the newest items of a unit are rejected, looked at and put forward again.
const NEWEST: usize = 3;

/// A client over all rounds.
pub(super) struct Worker {
    world: Arc<World>,
    random: Random,
    /// What it knows of each unit: the version, and a size of the log that holds it.
    seen: Vec<(u64, u64)>,
    /// Calls without an answer: their unit and what was asked.
    open: Vec<(usize, Asked)>,
}

/// The fact that an item was rejected.
fn rejection(item: &str) -> String {
    format!("rejected {item}")
}

pub(super) fn is_rejection(fact: &str) -> bool {
    fact.starts_with("rejected ")
}

/// The item that a fact is about.
pub(super) fn item_of(fact: &str) -> &str {
    fact.strip_prefix("rejected ").unwrap_or(fact)
}

impl Worker {
    pub(super) fn new(world: Arc<World>, random: Random) -> Self {
        let seen = vec![(0, 0); world.units.len()];
        Self { world, random, seen, open: Vec::new() }
    }

    /// Makes so many calls; ends early when the server is gone.
    pub(super) async fn work(&mut self, client: &Client, calls: u64) {
        for (unit, asked) in std::mem::take(&mut self.open) {
            // Some are never sent again.
            if self.random.percent(70) && !self.send(client, unit, asked).await {
                return;
            }
        }
        for _ in 0..calls {
            if !self.once(client).await {
                return;
            }
        }
    }

    /// Makes one call, and now and then the same once more; whether the server is there.
    async fn once(&mut self, client: &Client) -> bool {
        let unit = usize::try_from(self.random.below(self.seen.len() as u64)).unwrap_or_default();
        let asked = match self.random.below(100) {
            0..50 => self.new_items(unit),
            50..75 => self.something_known(unit),
            _ => self.read(unit),
        };
        let Asked::Append { .. } = &asked else {
            return self.send(client, unit, asked).await;
        };
        match self.random.below(100) {
            0..20 => self.at_once(client, unit, [asked.clone(), asked]).await,
            20..35 => {
                self.send(client, unit, asked.clone()).await && self.send(client, unit, asked).await
            }
            35..50 => {
                // The same facts under another id: one of the two is so already.
                let (other, expected) = (self.random.uuid(), None);
                let Asked::Append { facts, .. } = &asked else { return true };
                let other = Asked::Append { request: other, facts: facts.clone(), expected };
                self.at_once(client, unit, [asked, other]).await
            }
            _ => self.send(client, unit, asked).await,
        }
    }

    fn new_items(&mut self, unit: usize) -> Asked {
        let request = self.random.uuid();
        let items = 1 + self.random.below(3);
        let facts = (0..items).map(|number| format!("{request}/{number}")).collect();
        let (version, _) = self.seen[unit];
        let expected = match self.random.below(100) {
            0..55 => Some(version),
            55..65 => Some(version.saturating_sub(1 + self.random.below(3))),
            65..75 => Some(version + 1 + self.random.below(3)),
            _ => None,
        };
        Asked::Append { request, facts, expected }
    }

    /// Rejects an item that everybody knows of, or puts it forward again.
    fn something_known(&mut self, unit: usize) -> Asked {
        let Some((item, _)) = self.known(unit) else { return self.new_items(unit) };
        let fact = if self.random.percent(80) { rejection(&item) } else { item };
        Asked::Append { request: self.random.uuid(), facts: vec![fact], expected: None }
    }

    /// One of the newest items that anybody was told of.
    fn known(&mut self, unit: usize) -> Option<(String, u64)> {
        let known = &held(&self.world.known)[unit];
        let newest = known.get(known.len().saturating_sub(NEWEST)..).unwrap_or_default();
        (!newest.is_empty()).then(|| self.random.of(newest).clone())
    }

    fn read(&mut self, unit: usize) -> Asked {
        let (_, own) = self.seen[unit];
        let min_size = match self.random.below(3) {
            0 => 0,
            1 => own,
            _ => self.known(unit).map_or(own, |(_, size)| size),
        };
        Asked::Read { min_size }
    }

    /// Sends two calls at the same time.
    async fn at_once(&mut self, client: &Client, unit: usize, asked: [Asked; 2]) -> bool {
        let [one, other] = asked;
        let name = self.world.units[unit].clone();
        let (first, second) = tokio::join!(
            told(&self.world, client, &name, one),
            told(&self.world, client, &name, other)
        );
        let there = [self.take(unit, first), self.take(unit, second)];
        there.into_iter().all(|there| there)
    }

    async fn send(&mut self, client: &Client, unit: usize, asked: Asked) -> bool {
        let name = self.world.units[unit].clone();
        let call = match asked {
            Asked::Read { min_size } if self.random.percent(50) => {
                let item = self.known(unit).map(|(item, _)| item);
                looked(&self.world, client, &name, min_size, item).await
            }
            asked => told(&self.world, client, &name, asked).await,
        };
        self.take(unit, call)
    }

    /// Takes in what came of a call; whether the server is there.
    fn take(&mut self, unit: usize, call: Call) -> bool {
        let (version, size) = &mut self.seen[unit];
        match (&call.told, &call.asked) {
            (Told::Appended(receipt), Asked::Append { facts, .. }) => {
                (*version, *size) = (receipt.version, (*size).max(receipt.log_size));
                let items = facts.iter().filter(|fact| !is_rejection(fact));
                let mut known = held(&self.world.known);
                known[unit].extend(items.map(|item| (item.clone(), receipt.log_size)));
            }
            (Told::Stale { actual }, _) => *version = *actual,
            (Told::Read(seen), _) => {
                *version = seen.version.unwrap_or(*version);
                *size = (*size).max(seen.log_size);
            }
            (Told::Unknown, asked) => self.open.push((unit, asked.clone())),
            _ => (),
        }
        let there = call.told != Told::Unknown;
        self.world.happened(unit, call);
        there
    }
}

/// Makes a call, and notes when.
async fn told(world: &World, client: &Client, unit: &str, asked: Asked) -> Call {
    let begun = world.now();
    let told = match &asked {
        Asked::Append { request, facts, expected } => {
            append(client, unit, request, facts, *expected).await
        }
        Asked::Read { min_size } => version(client, unit, *min_size).await,
    };
    let told = told.unwrap_or_else(|status| refusal(&status));
    Call { asked, begun, ended: world.now(), told }
}

async fn append(
    client: &Client,
    unit: &str,
    request: &str,
    facts: &[String],
    expected_version: Option<u64>,
) -> Result<Told, Status> {
    let options = wire::AppendOptions {
        request_id: request.to_owned(),
        expected_version,
        ..Default::default()
    };
    let (unit, append) = (unit.to_owned(), Some(options));
    let rejections = facts.iter().any(|fact| is_rejection(fact));
    let receipt = if rejections {
        let source = |fact: &String| wire::EvidenceRef {
            r#ref: Some(wire::evidence_ref::Ref::Source(wire::Source {
                name: SOURCE.to_owned(),
                id: item_of(fact).to_owned(),
            })),
        };
        let evidence = facts.iter().map(source).collect();
        let asked = wire::RejectEvidenceRequest { unit, append, evidence, reason: "no".to_owned() };
        client.evidence.clone().reject_evidence(asked).await?.into_inner().receipt
    } else {
        let items = facts.iter().map(|title| load::item(title, 40)).collect();
        let asked = wire::SubmitEvidenceRequest { unit, append, items };
        client.evidence.clone().submit_evidence(asked).await?.into_inner().receipt
    };
    let receipt = receipt.ok_or_else(|| Status::data_loss("an answer without a receipt"))?;
    let records = receipt.events.iter().map(|placed| (placed.version, placed.position));
    Ok(Told::Appended(Receipt {
        records: records.collect(),
        version: receipt.unit_version,
        log_size: receipt.log_size,
        replayed: receipt.replayed,
    }))
}

async fn version(client: &Client, unit: &str, min_size: u64) -> Result<Told, Status> {
    let asked = wire::GetUnitRequest { unit: unit.to_owned(), min_size, ..Default::default() };
    let answer = client.units.clone().get_unit(asked).await?.into_inner();
    let log_size = answer.coordinate.map_or(0, |coordinate| coordinate.log_size);
    let version = answer.unit.map(|unit| unit.version);
    Ok(Told::Read(Seen { log_size, version, fact: None }))
}

/// Looks whether an item that is known was rejected, at a size of at least `min_size`.
async fn looked(
    world: &World,
    client: &Client,
    unit: &str,
    min_size: u64,
    item: Option<String>,
) -> Call {
    let asked = Asked::Read { min_size };
    let Some(item) = item else { return told(world, client, unit, asked).await };
    let begun = world.now();
    let told = standing(client, unit, min_size, &item).await;
    let told = told.unwrap_or_else(|status| refusal(&status));
    Call { asked, begun, ended: world.now(), told }
}

async fn standing(client: &Client, unit: &str, min_size: u64, item: &str) -> Result<Told, Status> {
    let source = wire::Source { name: SOURCE.to_owned(), id: item.to_owned() };
    let evidence = wire::EvidenceRef { r#ref: Some(wire::evidence_ref::Ref::Source(source)) };
    let unit = unit.to_owned();
    let (evidence, coordinate) = (Some(evidence), None);
    let asked = wire::GetEvidenceRequest { unit, evidence, coordinate, min_size };
    let answer = client.evidence.clone().get_evidence(asked).await?.into_inner();
    let log_size = answer.coordinate.map_or(0, |coordinate| coordinate.log_size);
    let rejected = answer.evidence.map(|found| found.standing() == wire::Standing::Rejected);
    let fact = rejected.map(|rejected| (rejection(item), rejected));
    Ok(Told::Read(Seen { log_size, version: None, fact }))
}

/// What a status says of the unit.
fn refusal(status: &Status) -> Told {
    let details = status.get_error_details();
    let info = details.error_info();
    let told = |key: &str| info.and_then(|info| info.metadata.get(key)?.parse().ok());
    let wrong = || Told::Wrong(format!("{:?}: {}", status.code(), status.message()));
    match (status.code(), info.map(|info| info.reason.as_str())) {
        (Code::Aborted, Some("STALE_VERSION")) => {
            told("actual_version").map_or_else(wrong, |actual| Told::Stale { actual })
        }
        (Code::ResourceExhausted, Some("QUEUE_FULL")) => Told::Refused,
        (_, Some("STOPPING" | "RECOVERING") | None) => Told::Unknown,
        _ => wrong(),
    }
}
