//! Many times the load that the server sustains, beside clients that misbehave.
//!
//! The load is open: calls are sent when they are due, whatever became of those before. Meanwhile
//! two readers never read their streams, many subscribers wait for events that do not come, and
//! clients vanish in the middle of a stream. The server may refuse calls, if it says when to come
//! back; it may not lose what it acknowledged, nor record what it refused, nor let those whom it
//! accepts wait for more calls than it has places for, nor grow beyond what it keeps.

mod offer;
mod others;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use self::offer::{Offer, Offered};
use self::others::Others;
use crate::client::Client;
use crate::life::Life;
use crate::load;
use crate::process::{Process, STARTS};
use crate::random::Random;
use crate::{Common, Outcome};

/// Connections that the load comes over.
const CONNECTIONS: usize = 32;
/// Calls under way of one connection: a little below the 200 streams that the server allows.
/// Together they are far more than it has places for.
const OF_A_CONNECTION: usize = 180;
/// Calls that the sustained load keeps under way.
const SUSTAINED: usize = 64;
/// The units that the load is about.
const UNITS: u64 = 16;
/// Calls that may stand before one that is accepted: 1,024 that wait for their turn, and 4,096 in
/// the log's queue.
const PLACES: u64 = 1_024 + 4_096;
/// What a call takes besides waiting for those before it, on a machine that is busy with the load.
const ALONE: Duration = Duration::from_secs(2);
/// What the server may grow by, whatever is offered: its caches (three of at most 32 MiB), its
/// queue (32 MiB), the calls that wait, and the buffers of the streams.
const MOST_GROWTH: u64 = 256 << 20;
/// What it may grow by for each record, since it holds the histories of units in memory.
const MOST_PER_RECORD: u64 = 4 << 10;

/// How much is tried.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Extent {
    /// How long too much is offered.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// How many times the sustained load is offered.
    #[arg(long, default_value_t = 10)]
    times: u64,
    /// How many subscribers wait for events that do not come.
    #[arg(long, default_value_t = 1_000)]
    subscribers: usize,
    /// How long the sustained load is measured.
    #[arg(long, default_value_t = 5)]
    measured: u64,
}

/// Offers too much.
pub(crate) fn run(common: &Common, extent: Extent) -> Outcome {
    let mut threads = tokio::runtime::Builder::new_multi_thread();
    let runtime = threads.worker_threads(2).enable_all().build().expect("a runtime");
    Outcome::of(runtime.block_on(live(common, extent)).unwrap_or_else(|reason| vec![reason]))
}

/// The promises that were broken.
async fn live(common: &Common, extent: Extent) -> Result<Vec<String>, String> {
    let mut life = Life::new(&common.gradus, &common.folder("overload"));
    let mut random = Random::new(common.seed);
    let server = Arc::new(life.launch.start());
    let Some(address) = server.address(STARTS).await else {
        return Err(format!("the server does not start: {}", server.said()));
    };
    let connect = || Client::connect(address, &life.launch.data);
    let first = connect().await?;
    for _ in 0..=UNITS {
        if !life.load.send(&first, load::register(&mut random)).await {
            return Err("no unit is registered".to_owned());
        }
    }
    let mut units = life.load.ledger().units.clone();
    let quiet = units.pop().unwrap_or_default();
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        clients.push(connect().await?);
    }
    let data: &Path = &life.launch.data;
    let mut others = Others::begin(address, data, quiet, extent.subscribers).await?;

    let offer = Offer::new(life.load.clone(), clients, units);
    let sustained = offer.sustained(&mut random, SUSTAINED, extent.measured).await;
    let before = server.resident();
    let records_before = life.load.ledger().records();
    let peak = watched(&server, before);
    others.vanish(life.load.clone(), offer.units(), random.next());
    let rate = sustained.per_second() * extent.times;
    let offered = offer.open(&mut random, rate, Duration::from_secs(extent.seconds)).await;
    others.end().await;
    peak.over.store(true, Ordering::Relaxed);
    let peak = peak.bytes.load(Ordering::Relaxed);

    println!("sustained by {SUSTAINED} clients: {sustained}");
    println!("offered {rate} calls a second for {} s: {offered}", extent.seconds);
    println!("clients that vanished: {}", others.vanished());
    let mut broken = offered.wrong();
    let records = life.load.ledger().records() - records_before;
    let most = MOST_GROWTH + MOST_PER_RECORD * records as u64;
    let grown = peak.saturating_sub(before);
    println!(
        "memory: {} MiB before, {} MiB at most, {} MiB in the end; {} MiB more are allowed \
         for {records} records",
        before >> 20,
        peak >> 20,
        server.resident() >> 20,
        most >> 20
    );
    if grown > most {
        broken.push(format!("it grew by {grown} bytes, and {most} are allowed"));
    }
    broken.extend(late(&offered));
    let alone = offer.sustained(&mut random, 1, 1).await;
    println!("afterwards, one client: {alone}");
    broken.extend(takes_nothing(&alone));
    drop(server);
    broken.extend(kept(&mut life, &offered).await.err());
    Ok(broken)
}

/// What is known of the server's memory.
struct Peak {
    bytes: AtomicU64,
    over: AtomicBool,
}

/// Watches the memory from now on.
fn watched(server: &Arc<Process>, before: u64) -> Arc<Peak> {
    let peak = Arc::new(Peak { bytes: AtomicU64::new(before), over: AtomicBool::new(false) });
    let (watches, server) = (Arc::clone(&peak), Arc::downgrade(server));
    tokio::spawn(async move {
        while !watches.over.load(Ordering::Relaxed) {
            let Some(resident) = server.upgrade().map(|server| server.resident()) else { return };
            watches.bytes.fetch_max(resident, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    peak
}

/// Whether an accepted call had to wait for more calls than can stand before it: all that are under
/// way are answered first, one way or the other, and then as many accepted as there are places.
fn late(offered: &Offered) -> Option<String> {
    let under_way = (CONNECTIONS * OF_A_CONNECTION) as u64;
    let answers = under_way * 1_000 / offered.answers_per_second().max(1);
    let places = PLACES * 1_000 / offered.per_second().max(1);
    let bound = Duration::from_millis(answers + places) + ALONE;
    let slowest = offered.slowest();
    println!("the slowest accepted call took {slowest:?}; {bound:?} are allowed");
    (slowest > bound).then(|| format!("an accepted call took {slowest:?}, more than {bound:?}"))
}

fn takes_nothing(alone: &Offered) -> Option<String> {
    (alone.per_second() == 0).then(|| "afterwards the server takes no calls".to_owned())
}

/// Starts the server again: all that was acknowledged is there, and nothing that was refused.
async fn kept(life: &mut Life, offered: &Offered) -> Result<(), String> {
    let (server, _client) = life.recovered().await?;
    drop(server);
    if let Some(id) = offered.refused().find(|id| life.holds(id)) {
        return Err(format!("{id} was refused, and is recorded"));
    }
    life.last_check().await?;
    println!("after a kill: {:?}", life.kept);
    Ok(())
}
