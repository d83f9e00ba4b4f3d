//! What each step of an event's way costs, one after the other in one thread of this process.
//!
//! The server does the same steps, in batches of 100 and on two databases; what is left of the time
//! of a call is the transport, the queue, and waiting.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gradus_domain::registry::DocumentKind;
use gradus_domain::{Actor, Draft, Occasion, Proposal, Under, UnitState};
use gradus_log::{Append, Log as _, NewRecord, Options, ReadLimit, SledLog};
use gradus_model::evidence::{Item, Kind, Outcome, Source, Strength, Subject, Tool};
use gradus_model::leaf::{self, Signature};
use gradus_model::unit::{Grade, PrincipalKind};
use gradus_model::{
    Catalog, Digest, Event, EvidenceId, LogId, Payload, PrincipalId, Recorded, RequestId, Target,
    Timestamp, UnitId,
};
use gradus_projection::{Batch, Library, Projector, Views};
use gradus_service::keys::{KeyTree, RootSeed};
use gradus_service::seal::{Seed, hash_all};
use gradus_wire::v1 as wire;
use prost::Message as _;

use crate::items::{item, mixed};
use crate::table::Figures;

const EVENTS: u64 = 20_000;
const A_CALL: usize = 100;
/// The same, as items are numbered.
const ITEMS: u32 = 100;
const LOG: LogId = LogId([1; 16]);
const UNIT: UnitId = UnitId([2; 16]);
const ACTOR: Actor =
    Actor { principal: PrincipalId([3; 16]), kind: PrincipalKind::Service, grade: Grade::Token };
const MODEL: &str = include_str!("../../../config/models/iso-21827-2008.toml");

/// A stopwatch that adds a line for each step.
struct Steps {
    figures: Figures,
}

impl Steps {
    /// Does a step and notes what it took an event.
    fn step<T>(&mut self, name: &str, work: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let done = work();
        self.note(name, begun.elapsed());
        done
    }

    #[expect(clippy::cast_precision_loss, reason = "far below 2^52 bytes")]
    fn bytes(&mut self, name: &str, bytes: usize) {
        self.figures.add(name, bytes as f64 / EVENTS as f64, "B/event");
    }

    #[expect(clippy::cast_precision_loss, reason = "far below 2^52 events")]
    fn note(&mut self, name: &str, took: Duration) {
        let each = took.as_secs_f64() * 1e6 / EVENTS as f64;
        self.figures.add(name, each, "us/event");
    }
}

/// Takes made-up evidence through every step.
pub(crate) fn measured() -> Figures {
    let figures = Figures::titled("What each step costs, batches of 100, one thread");
    let mut steps = Steps { figures };
    let now = Timestamp::from_micros(1_790_000_000_000_000).expect("a time");
    let (library, model) = model();
    let messages: Vec<Vec<u8>> = (0..EVENTS).map(|number| item(number).encode_to_vec()).collect();

    let items: Vec<wire::EvidenceItem> = steps.step("parse: the message", || {
        let read = |bytes: &Vec<u8>| wire::EvidenceItem::decode(bytes.as_slice());
        messages.iter().map(read).collect::<Result<_, _>>().expect("items")
    });
    let proposals: Vec<Proposal> =
        steps.step("parse: types that are checked", || items.iter().map(proposal).collect());
    steps.step("decide", || decide(&proposals, &model, now));
    let bodies: Vec<Vec<u8>> =
        steps.step("encode: the body", || proposals.iter().map(|one| one.event.body()).collect());
    let mut keys = KeyTree::new(&RootSeed::new([4; 32]));
    let keys: Vec<_> = steps
        .step("seal: the key", || (1..=EVENTS).map(|at| keys.key(at).expect("a key")).collect());
    let seed =
        |number| Seed::new(std::array::from_fn(|at| mixed(number + at as u64).to_le_bytes()[0]));
    let texts: Vec<_> = steps.step("seal: salts and root", || {
        let given = (1..).zip(&proposals);
        let mut given = given.map(|(at, one)| (Cow::Borrowed(&one.payload), seed(at)));
        let mut done = Vec::new();
        while done.len() < proposals.len() {
            done.extend(hash_all(given.by_ref().take(A_CALL).collect()));
        }
        done
    });
    let sealed: Vec<_> = steps.step("seal: cipher", || {
        let given = (1..).zip(&texts).zip(&keys);
        given.map(|((at, one), key)| one.seal(key, LOG, UNIT, at).expect("a seal")).collect()
    });
    let drafts =
        (0..).zip(&proposals).zip(bodies).zip(sealed).map(|(((item, proposal), body), sealed)| {
            let draft = leaf::Draft {
                event_type: proposal.event.event_type(),
                schema: proposal.event.schema(),
                effective_at: proposal.effective_at,
                actor: ACTOR.principal,
                grade: ACTOR.grade,
                request: RequestId(u128::from(item / ITEMS).to_be_bytes()),
                item: item % ITEMS,
                payload_root: sealed.payload_root,
                blind: sealed.blind,
                body,
                signature: Signature::NONE,
            };
            NewRecord { draft, payload: sealed.bytes }
        });
    let records: Vec<NewRecord> = drafts.collect();
    let stored = records.iter().map(NewRecord::bytes).sum();
    steps.bytes("bytes on the wire", messages.iter().map(Vec::len).sum());
    steps.bytes("bytes encoded, leaf and sealed payload", stored);
    let synced = appended(records.clone(), true);
    let unsynced = appended(records, false);
    let leaves = unsynced.1;
    steps.note("log: places, leaf hash, frames, sled's batch and flush", unsynced.0);
    steps.note("log: sync", synced.0.saturating_sub(unsynced.0));
    let of_leaves: Vec<Digest> = steps.step("  of it the leaf hash", || {
        leaves.iter().map(|leaf| gradus_proof::leaf_hash(leaf)).collect()
    });
    steps.step("  of it the tree", || {
        let mut tree = gradus_proof::Tree::default();
        for group in of_leaves.chunks(A_CALL) {
            tree.extend(group.to_vec());
        }
        tree.root()
    });
    let recorded: Vec<Recorded> = steps.step("projection: reading the leaf", || {
        leaves.iter().map(|leaf| Recorded::read(leaf).expect("a record")).collect()
    });
    projected(&mut steps, &library, &recorded);
    steps.figures
}

/// The reference model that ships.
fn model() -> (Library, Arc<Catalog>) {
    let mut library = Library::default();
    let held = library.read(DocumentKind::Model, "iso-21827-2008.toml", MODEL.as_bytes());
    let digest = Digest([9; 32]);
    library.keep(digest, held.expect("a model"));
    let model = library.model(&digest).expect("a model");
    (library, model)
}

/// An item as the service proposes it.
fn proposal(given: &wire::EvidenceItem) -> Proposal {
    let source = given.source.as_ref().expect("a source");
    let tool = given.tool.as_ref().expect("a tool");
    let model = "iso-21827-2008".parse().expect("a model");
    let target = |practice: &String| {
        let practice = practice.parse().expect("a practice");
        Target { model: gradus_model::ModelId::clone(&model), practice }
    };
    let subject = |given: &wire::Subject| Subject {
        kind: given.kind.parse().expect("a kind"),
        id: given.id.parse().expect("an id"),
    };
    let mut evidence = [0; 16];
    evidence.copy_from_slice(&source.id.as_bytes()[16..32]);
    let event = Event::EvidenceSubmitted(Item {
        evidence: EvidenceId(evidence),
        kind: Kind::ChangeRecord,
        outcome: Outcome::Supports,
        strength: Strength::Direct,
        practices: given.practices.iter().map(target).collect(),
        work_from: None,
        valid_until: None,
        source: Source {
            name: source.name.parse().expect("a name"),
            id: source.id.parse().expect("an id"),
        },
        producer_sequence: None,
        instance: None,
        about: None,
        measures: Vec::new(),
        subjects: given.subjects.iter().map(subject).collect(),
        tool: Some(Tool {
            name: tool.name.parse().expect("a name"),
            version: tool.version.parse().ok(),
            mapping: tool.mapping.parse().ok(),
        }),
        attachments: Vec::new(),
    });
    let at = given.work_to.as_ref().expect("a time").seconds * 1_000_000;
    let texts =
        Payload::empty().with("title", given.title.as_str()).with("uri", given.uri.as_str());
    Proposal::new(event, Timestamp::from_micros(at).expect("a time")).with(texts)
}

/// Decides in calls of 100 on one unit that grows.
fn decide(proposals: &[Proposal], model: &Catalog, now: Timestamp) {
    let occasion = Occasion { actor: ACTOR, now };
    let under = Under { model: Some(model), ..Under::default() };
    let mut state = UnitState::default();
    for call in proposals.chunks(A_CALL) {
        let mut draft = Draft::of(&state);
        for proposal in call {
            draft.propose(&occasion, &under, proposal).expect("a verdict");
        }
        let change = draft.finish();
        state.absorb(change);
    }
}

/// Appends in calls of 100, eight in flight; returns the time and the leaves.
fn appended(records: Vec<NewRecord>, synced: bool) -> (Duration, Vec<Vec<u8>>) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut options = Options::default();
    if !synced {
        options.sync = Arc::new(|_| Ok(()));
    }
    let log = SledLog::open(folder.path(), options).expect("a log");
    let runtime = tokio::runtime::Builder::new_multi_thread().build().expect("a runtime");
    let mut calls: Vec<Append> = Vec::new();
    let mut records = records.into_iter();
    loop {
        let call: Vec<NewRecord> = records.by_ref().take(A_CALL).collect();
        if call.is_empty() {
            break;
        }
        calls.push(Append::to(UNIT, (calls.len() * A_CALL) as u64, call));
    }
    runtime.block_on(async {
        let begun = Instant::now();
        let mut waiting = std::collections::VecDeque::new();
        for call in calls {
            if waiting.len() == 8 {
                let first: gradus_log::Acknowledgement = waiting.pop_front().expect("one");
                first.await.expect("it is durable");
            }
            waiting.push_back(log.append(call).expect("room"));
        }
        for last in waiting {
            last.await.expect("it is durable");
        }
        let took = begun.elapsed();
        let mut leaves = Vec::new();
        while (leaves.len() as u64) < EVENTS {
            let read = log.read(leaves.len() as u64, ReadLimit::records(4_096)).await;
            leaves.extend(read.expect("records").into_iter().map(|record| record.leaf));
        }
        (took, leaves)
    })
}

/// The views, the courses of areas, and the index.
fn projected(steps: &mut Steps, library: &Library, recorded: &[Recorded]) {
    let mut views = Views::default();
    steps.step("projection: views", || recorded.iter().for_each(|one| views.apply(one)));
    let (mut projector, mut batch) = (Projector::new(), Batch::default());
    let mut views = Views::default();
    let begun = Instant::now();
    let mut alone = Duration::ZERO;
    for one in recorded {
        let at = Instant::now();
        views.apply(one);
        alone += at.elapsed();
        let world = views.with(library);
        projector.apply(&world, one, &mut |revision| batch.add(revision));
    }
    steps.note(
        "projection: courses, of a unit without ratings",
        begun.elapsed().saturating_sub(alone),
    );
}
