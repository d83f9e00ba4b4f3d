//! How fast the bitemporal index is filled and read, and how much room it takes.
//!
//! `cargo bench -p gradus-projection`; `GRADUS_EVENTS=10000,1000000` gives the sizes. Histories are
//! made up: 10 % of the events are backdated, 5 % withdraw something, and a pair of unit and area
//! has 100 events, but one pair in a hundred ten times as many. All figures of a size come from one
//! run on one core.

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a benchmark takes the time"
)]
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "it is run by hand"
)]

use std::time::{Duration, Instant};

use gradus_domain::At;
use gradus_domain::course::UnitAt;
use gradus_domain::world::basis;
use gradus_model::catalog::Area;
use gradus_model::unit::AreaRef;
use gradus_model::{Digest, Recorded, UnitId};
use gradus_projection::rebuild::EVENTS_AT_ONCE;
use gradus_projection::store::OfLog;
use gradus_projection::{Batch, IndexStore, Library, Projector, Views};

#[path = "index/made.rs"]
mod made;

use made::{Dice, Made};

const QUESTIONS: u64 = 10_000;
const ROUNDS: u32 = 5;
const FIRST_LEAF: Digest = Digest([1; 32]);

/// As in the server's own binary.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() {
    let sizes = std::env::var("GRADUS_EVENTS").unwrap_or_else(|_| "10000,1000000".to_owned());
    let mut first_as_of = None;
    for size in sizes.split(',') {
        let events: u64 = size.trim().parse().expect("GRADUS_EVENTS is a list of numbers");
        let as_of = measured(events);
        let first = *first_as_of.get_or_insert(as_of);
        println!("  as-of p99 against that at the first size: {}", ratio(as_of, first));
    }
}

/// Measures everything at one size; returns the 99th percentile of as-of.
fn measured(events: u64) -> Duration {
    println!("{events} events, {} pairs of unit and area", Made::pairs(events));
    let views_alone = filled(events, |views, _, recorded| {
        for recorded in recorded {
            views.apply(recorded);
        }
    });
    let alone = views_alone.1;
    println!("  histories: {} MiB resident", resident_mib());
    drop(views_alone);
    let mut projector = Projector::new();
    let mut revisions = 0_u64;
    let folded = filled(events, |views, library, recorded| {
        projector.fold(views, library, recorded, &mut |_| revisions += 1);
    });
    let folding = folded.1;
    println!("  histories and folds: {} MiB resident", resident_mib());
    drop(folded);
    drop(projector);
    println!("  histories alone: {} events/s", rate(events, alone));
    println!("  fold without writes: {} events/s; {revisions} revisions", rate(events, folding));
    println!("  of it the index: {} events/s", rate(events, folding.saturating_sub(alone)));

    let directory = tempfile::tempdir().expect("a temporary directory");
    let log = OfLog { first_leaf: FIRST_LEAF, size: events };
    let (store, _) = IndexStore::open(&directory.path().join("index"), log).expect("an index");
    let (mut projector, mut batch) = (Projector::new(), Batch::default());
    let ((views, library), rebuilding) = filled(events, |views, library, recorded| {
        projector.fold(views, library, recorded, &mut |revision| batch.add(revision));
        store.write_unread(&mut batch, views.cursor, FIRST_LEAF).expect("a write");
    });
    let begun = Instant::now();
    batch.close();
    store.write_unread(&mut batch, events, FIRST_LEAF).expect("a write");
    store.flush().expect("a flush");
    let rebuilding = rebuilding + begun.elapsed();
    drop(projector);
    println!("  rebuild with writes: {} events/s", rate(events, rebuilding));
    let bytes = store.bytes_on_disk().expect("the size on disk");
    println!("  index: {} bytes an event, {} MiB", bytes / events, bytes >> 20);
    println!("  memory: {} MiB resident", resident_mib());

    let catalog = made::model();
    let of_model = |area: &AreaRef| catalog.area(area.area).expect("an area of the model");
    let point = |at: At, unit: UnitId, area: &AreaRef| {
        store.state(unit, area, of_model(area), at).expect("a row")
    };
    let answer = |at: At, unit: UnitId, area: &AreaRef| {
        let world = views.with(&library);
        let basis = basis(&world, unit, at, None).ok()?;
        let own = |unit: UnitId, area: &AreaRef, of_model: &Area| {
            store.state(unit, area, of_model, at).expect("a row")
        };
        let unit = UnitAt::new(&world, unit, &basis, at, None);
        Some(unit.state(basis.catalog.area(area.area)?, &own))
    };
    let (as_of_point, _) = asked("as-of, from the index", events, false, point);
    let (newest_point, _) = asked("newest, from the index", events, true, point);
    println!("  as-of against newest, from the index: {}", ratio(as_of_point, newest_point));
    let (as_of, as_of_p99) = asked("as-of, the whole answer", events, false, answer);
    let (newest, _) = asked("newest, the whole answer", events, true, answer);
    println!("  as-of against newest, the whole answer: {}", ratio(as_of, newest));
    as_of_p99
}

/// Takes in all events, as many at once as a rebuild does; tells how long that took. Making the events up is not measured.
fn filled(
    events: u64,
    mut take_in: impl FnMut(&mut Views, &Library, &[Recorded]),
) -> ((Views, Library), Duration) {
    let (mut made, library) = Made::of(events);
    let mut views = Views::default();
    let mut taken = Duration::ZERO;
    while views.cursor < events {
        let left = usize::try_from(events - views.cursor).unwrap_or(EVENTS_AT_ONCE);
        let some: Vec<_> = made.by_ref().take(left.min(EVENTS_AT_ONCE)).collect();
        let begun = Instant::now();
        take_in(&mut views, &library, &some);
        taken += begun.elapsed();
    }
    ((views, library), taken)
}

/// Asks at random and tells how long an answer takes: the 50th and 99th percentile, each the least
/// of some rounds, since others use the machine.
fn asked<T>(
    what: &str,
    events: u64,
    newest: bool,
    answer: impl Fn(At, UnitId, &AreaRef) -> T,
) -> (Duration, Duration) {
    let mut dice = Dice(events);
    let (mut p50, mut p99) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        let mut taken = Vec::new();
        for _ in 0..QUESTIONS {
            let (unit, area) = Made::any_pair(&mut dice, events);
            let size = if newest { events } else { dice.below(events) + 1 };
            let at = At { valid_at: Made::any_instant(&mut dice), size };
            let begun = Instant::now();
            std::hint::black_box(answer(at, unit, &area));
            taken.push(begun.elapsed());
        }
        taken.sort_unstable();
        p50 = p50.min(taken[taken.len() / 2]);
        p99 = p99.min(taken[taken.len() * 99 / 100]);
    }
    println!("  {what}: p50 {p50:?}, p99 {p99:?}");
    (p50, p99)
}

fn rate(events: u64, taken: Duration) -> u128 {
    u128::from(events) * 1_000_000 / taken.as_micros().max(1)
}

fn ratio(one: Duration, other: Duration) -> String {
    let hundredths = one.as_nanos() * 100 / other.as_nanos().max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// The memory of this process, where the system tells it.
fn resident_mib() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let resident = pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    resident.unwrap_or_default() * 4 / 1_024
}
