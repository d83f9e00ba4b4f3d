//! Mixed load: single items, batches, bulk streams, reviews, ratings, new units, erasures.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gradus_wire::v1 as wire;
use tonic::Code;

use crate::client::{Call, Client};
use crate::held::title;
use crate::ledger::{Ledger, Sealed};
use crate::random::Random;

/// How far the world has come, in whatever the harness counts.
pub(crate) type Gauge = Arc<dyn Fn() -> u64 + Send + Sync>;

/// How big the calls are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mix {
    /// How many calls of a hundred are batches.
    pub(crate) batches: u64,
    /// The most items of a batch.
    pub(crate) most_items: u64,
    /// The bytes of an item's note.
    pub(crate) note_bytes: usize,
}

/// Many small calls: commit groups stay far below one segment of 512 KiB.
pub(crate) const SMALL: Mix = Mix { batches: 15, most_items: 12, note_bytes: 40 };

/// Calls of 0.4 to 0.8 MiB: a group of one may be below a segment of 512 KiB, a group of two is above.
pub(crate) const LARGE: Mix = Mix { batches: 100, most_items: 200, note_bytes: 4_000 };

/// What a call ends with when the server is gone or gives up.
const GONE: [Code; 5] =
    [Code::Unavailable, Code::Unknown, Code::Cancelled, Code::Internal, Code::DeadlineExceeded];

/// A load, and what came of it.
#[derive(Clone)]
pub(crate) struct Load {
    pub(crate) ledger: Arc<Mutex<Ledger>>,
    pub(crate) gauge: Gauge,
}

impl Load {
    pub(crate) fn new(gauge: Gauge) -> Self {
        Self { ledger: Arc::default(), gauge }
    }

    /// Whoever writes the ledger never panics in between; a poisoned one is as good.
    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many calls were acknowledged before the world had come so far.
    pub(crate) fn due(&self, before: u64) -> usize {
        self.ledger().acks.iter().filter(|ack| ack.seen_at < before).count()
    }

    /// Sends calls one after another, at most so many; ends early when the server is gone.
    pub(crate) async fn work(self, client: Client, mut random: Random, mix: Mix, most: u64) {
        for _ in 0..most {
            let call = self.next(&mut random, mix);
            if !self.send(&client, call).await {
                break;
            }
        }
    }

    /// Sends one call and notes what came of it; whether it was answered.
    pub(crate) async fn send(&self, client: &Client, call: Call) -> bool {
        self.ledger().asks(&call);
        match call.send(client).await {
            Ok(receipt) => {
                let seen_at = (self.gauge)();
                self.ledger().acknowledged(call, receipt, seen_at);
                true
            }
            Err(status) => {
                let mut ledger = self.ledger();
                ledger.refused(format!("{:?}: {}", status.code(), status.message()));
                ledger.open.push(call);
                // Whatever the server refuses for good reasons of its own, it is there.
                !GONE.contains(&status.code())
            }
        }
    }

    fn next(&self, random: &mut Random, mix: Mix) -> Call {
        let mut ledger = self.ledger();
        let few = ledger.units.len() < 3;
        if few || (ledger.units.len() < 40 && random.percent(3)) {
            return register(random);
        }
        let unit = random.of(&ledger.units).clone();
        if random.percent(mix.batches) {
            let half = mix.most_items / 2;
            let items = 1 + half + random.below(mix.most_items - half);
            return submit(random, unit, items, mix.note_bytes);
        }
        match random.below(100) {
            0..55 => submit(random, unit, 1, mix.note_bytes),
            55..70 => push(random, unit, mix.note_bytes),
            70..80 => rate(random, unit),
            80..95 => reject(random, &ledger).unwrap_or_else(|| rate(random, unit)),
            _ => erase(random, &mut ledger).unwrap_or_else(|| rate(random, unit)),
        }
    }
}

fn named(id: String) -> Option<wire::AppendOptions> {
    Some(wire::AppendOptions { request_id: id, ..Default::default() })
}

/// Registers a project under the organization.
pub(crate) fn register(random: &mut Random) -> Call {
    let id = random.uuid();
    Call::Register(wire::RegisterUnitRequest {
        append: named(id.clone()),
        kind: wire::UnitKind::Project.into(),
        name: format!("unit-{id}"),
        ..Default::default()
    })
}

/// An item whose id at its source is its title.
pub(crate) fn item(title: &str, note_bytes: usize) -> wire::EvidenceItem {
    wire::EvidenceItem {
        kind: wire::Kind::ScanReport.into(),
        outcome: wire::Outcome::Supports.into(),
        strength: wire::Strength::Direct.into(),
        practices: vec!["BP.10.01".to_owned()],
        work_to: Some(prost_types::Timestamp { seconds: 1_767_225_600, nanos: 0 }),
        source: Some(wire::Source { name: "harness".to_owned(), id: title.to_owned() }),
        title: title.to_owned(),
        note: "n".repeat(note_bytes),
        ..Default::default()
    }
}

/// Puts forward so many items in one call.
pub(crate) fn submit(random: &mut Random, unit: String, items: u64, note_bytes: usize) -> Call {
    let id = random.uuid();
    let items =
        (0..u32::try_from(items).unwrap_or(1)).map(|n| item(&title(&id, n), note_bytes)).collect();
    Call::Submit(wire::SubmitEvidenceRequest { unit, append: named(id), items })
}

/// Pushes some items in one message.
pub(crate) fn push(random: &mut Random, unit: String, note_bytes: usize) -> Call {
    use wire::evidence_step::Step;
    let id = random.uuid();
    let steps = (0..=u32::try_from(random.below(4)).unwrap_or_default())
        .map(|n| wire::EvidenceStep { step: Some(Step::Submit(item(&title(&id, n), note_bytes))) })
        .collect();
    Call::Push(wire::PushEvidenceRequest { unit, append: named(id), steps })
}

fn rate(random: &mut Random, unit: String) -> Call {
    let id = random.uuid();
    let practice = format!("BP.{:02}.01", 1 + random.below(9));
    let rating = wire::RatingInput {
        practice,
        value: wire::Value::Satisfied.into(),
        rationale: title(&id, 0),
        ..Default::default()
    };
    Call::Rate(wire::RatePracticesRequest { unit, append: named(id), ratings: vec![rating] })
}

/// Rejects the first item of a call that was acknowledged, which who provided it may; `None` while
/// there is none.
fn reject(random: &mut Random, ledger: &Ledger) -> Option<Call> {
    let acks = &ledger.acks;
    let from = random.below(acks.len() as u64);
    let from = usize::try_from(from).unwrap_or_default();
    let (unit, item) = acks.iter().skip(from).find_map(|ack| match &ack.call {
        Call::Submit(asked) => Some((asked.unit.clone(), title(ack.call.id(), 0))),
        _ => None,
    })?;
    let source = wire::Source { name: "harness".to_owned(), id: item };
    let evidence = wire::EvidenceRef { r#ref: Some(wire::evidence_ref::Ref::Source(source)) };
    let reason = format!("looked at it {}", random.next());
    let append = named(random.uuid());
    let evidence = vec![evidence];
    Some(Call::Reject(wire::RejectEvidenceRequest { unit, append, evidence, reason }))
}

/// Erases a payload that was acknowledged and not erased yet; `None` while there is none.
fn erase(random: &mut Random, ledger: &mut Ledger) -> Option<Call> {
    let among = random.below(ledger.sealed.len() as u64);
    let among = usize::try_from(among).unwrap_or_default();
    if ledger.sealed.is_empty() {
        return None;
    }
    let Sealed { unit, version, position } = ledger.sealed.swap_remove(among);
    let call = Call::Erase(wire::ErasePayloadRequest {
        unit,
        append: named(random.uuid()),
        reason: "asked for".to_owned(),
        record: Some(wire::erase_payload_request::Record::Version(version)),
    });
    ledger.erases(&call, position);
    Some(call)
}
