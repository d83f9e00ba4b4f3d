//! Many clients on few units, and whether there is an order of their calls that explains every
//! answer.
//!
//! Appends expect the right version, a stale one, a later one or none; they are sent again under
//! the same request id at once, after the answer, and after a kill that left them without one; the
//! same fact is told by several calls. Reads ask for a size that was told to this client or another
//! one. In the end the log is read whole, and each unit's history is checked.

mod check;
mod client;
mod history;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gradus_wire::v1 as wire;

use self::client::Worker;
use self::history::{Asked, Call, History, Record, Told};
use crate::client::Client;
use crate::load;
use crate::process::{Launch, Process, STARTS};
use crate::random::Random;
use crate::{Common, Outcome};

/// How much is tried.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Extent {
    /// How often the server is started; it is killed in the middle of two rounds of three.
    #[arg(long, default_value_t = 6)]
    rounds: u64,
    /// How many clients there are, each with a connection of its own.
    #[arg(long, default_value_t = 12)]
    clients: u64,
    /// How many calls each client makes in a round, besides those that it sends again.
    #[arg(long, default_value_t = 60)]
    calls: u64,
    /// How many units they share.
    #[arg(long, default_value_t = 3)]
    units: u64,
}

/// What all clients share.
struct World {
    units: Vec<String>,
    /// The history of each unit.
    histories: Mutex<Vec<Vec<Call>>>,
    /// What each unit is known to hold: items with the size of a log that holds them.
    known: Mutex<Vec<Vec<(String, u64)>>>,
    clock: Instant,
    /// How many calls this round has taken.
    taken: AtomicU64,
}

impl World {
    /// Microseconds since the beginning.
    fn now(&self) -> u64 {
        u64::try_from(self.clock.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Takes a call into its unit's history.
    fn happened(&self, unit: usize, call: Call) {
        held(&self.histories)[unit].push(call);
        self.taken.fetch_add(1, Ordering::Relaxed);
    }
}

/// Whoever holds one of these never panics in between.
fn held<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Records histories and checks them.
pub(crate) fn run(common: &Common, extent: Extent) -> Outcome {
    let mut threads = tokio::runtime::Builder::new_multi_thread();
    let runtime = threads.worker_threads(2).enable_all().build().expect("a runtime");
    Outcome::of(runtime.block_on(live(common, extent)).unwrap_or_else(|reason| vec![reason]))
}

/// The promises that were broken.
async fn live(common: &Common, extent: Extent) -> Result<Vec<String>, String> {
    let launch = Launch::new(&common.gradus, &common.folder("linearize").join("data"));
    let mut random = Random::new(common.seed);
    let world = Arc::new(begin(&launch, extent, &mut random).await?);
    let mut workers: Vec<Worker> = (0..extent.clients)
        .map(|number| Worker::new(Arc::clone(&world), Random::branch(common.seed, number)))
        .collect();
    let mut kills = 0;
    for round in 0..extent.rounds {
        let (mut server, address) = started(&launch).await?;
        let all = extent.clients * extent.calls;
        let dies = round % 3 != 2;
        world.taken.store(0, Ordering::Relaxed);
        let most = if dies { 1 + all / 10 + random.below(all) } else { u64::MAX };
        let mut running = Vec::new();
        for mut worker in workers.drain(..) {
            let client = Client::connect(address, &launch.data).await?;
            running.push(tokio::spawn(async move {
                worker.work(&client, extent.calls).await;
                worker
            }));
        }
        let finished = async {
            for worker in running {
                workers.push(worker.await.expect("a client"));
            }
        };
        let killed = async {
            while world.taken.load(Ordering::Relaxed) < most {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            server.kill();
            kills += 1;
            // The clients find their calls without answers, and end.
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = finished => (),
            () = killed => (),
        }
        server.kill();
    }
    let (_server, address) = started(&launch).await?;
    let client = Client::connect(address, &launch.data).await?;
    let histories = in_the_end(&world, &client).await?;
    tell(&histories, &world, kills);
    let unexplained = histories.iter().filter_map(|(unit, history)| {
        let reason = check::explained(history).err()?;
        Some(format!("{unit}: {reason}"))
    });
    let broken: Vec<String> = unexplained.collect();
    if broken.is_empty() {
        check::in_log_order(histories.values())?;
    }
    Ok(broken)
}

async fn started(launch: &Launch) -> Result<(Process, std::net::SocketAddr), String> {
    let server = launch.start();
    match server.address(STARTS).await {
        Some(address) => Ok((server, address)),
        None => Err(format!("the server does not start: {}", server.said())),
    }
}

/// Registers the units.
async fn begin(launch: &Launch, extent: Extent, random: &mut Random) -> Result<World, String> {
    let (_server, address) = started(launch).await?;
    let client = Client::connect(address, &launch.data).await?;
    let mut units = Vec::new();
    for _ in 0..extent.units.max(1) {
        let call = load::register(random);
        call.send(&client).await.map_err(|status| format!("no unit is registered: {status:?}"))?;
        if let crate::client::Call::Register(asked) = call {
            units.push(asked.name);
        }
    }
    Ok(World {
        histories: Mutex::new(vec![Vec::new(); units.len()]),
        known: Mutex::new(vec![Vec::new(); units.len()]),
        units,
        clock: Instant::now(),
        taken: AtomicU64::new(0),
    })
}

/// Every history with the stream that the log holds in the end.
async fn in_the_end(world: &World, client: &Client) -> Result<BTreeMap<String, History>, String> {
    let mut histories = BTreeMap::new();
    let calls = std::mem::take(&mut *held(&world.histories));
    for (unit, calls) in world.units.iter().zip(calls) {
        let mut history = History { calls, stream: Vec::new() };
        let mut page_token = String::new();
        loop {
            let asked = wire::ListEventsRequest {
                page_size: 1_000,
                page_token,
                unit: unit.clone(),
                ..Default::default()
            };
            let page = client.events.clone().list_events(asked).await;
            let page = page.map_err(|status| format!("{unit} cannot be read: {status:?}"))?;
            let page = page.into_inner();
            for event in &page.events {
                let next = history.stream.len() as u64 + 1;
                if event.version != next {
                    return Err(format!("{unit} has version {} where {next} comes", event.version));
                }
                let record = recorded(event, &history.calls)?;
                history.stream.push(record);
            }
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        histories.insert(unit.clone(), history);
    }
    Ok(histories)
}

/// The fact that an event is of: that of its item in the call that brought it.
fn recorded(event: &wire::Event, calls: &[Call]) -> Result<Record, String> {
    let asked = calls.iter().find_map(|call| match &call.asked {
        Asked::Append { request, facts, .. } if *request == event.request_id => Some(facts),
        _ => None,
    });
    let fact = asked.and_then(|facts| facts.get(usize::try_from(event.item).ok()?));
    let Some(fact) = fact else {
        return Err(format!("an event is there that nobody asked for: {event:?}"));
    };
    let title = event.payload.get("title").map(String::as_str);
    let says_so = match event.r#type.as_str() {
        "evidence-submitted" => title == Some(client::item_of(fact)),
        "evidence-rejected" => client::is_rejection(fact),
        _ => false,
    };
    if !says_so {
        return Err(format!("an event is not what was asked for, {fact}: {event:?}"));
    }
    let (position, request) = (event.position, event.request_id.clone());
    Ok(Record { position, request, fact: fact.clone() })
}

/// Says what was tried.
fn tell(histories: &BTreeMap<String, History>, world: &World, kills: u64) {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let calls = || histories.values().flat_map(|history| &history.calls);
    for call in calls() {
        let kind = match &call.told {
            Told::Appended(receipt) if receipt.replayed => "replayed",
            Told::Appended(receipt) if receipt.records.is_empty() => "so already",
            Told::Appended(_) => "appended",
            Told::Stale { .. } => "stale",
            Told::Read(_) => "reads",
            Told::Refused | Told::Wrong(_) => "refused",
            Told::Unknown => "without an answer",
        };
        *counts.entry(kind).or_default() += 1;
    }
    let records: usize = histories.values().map(|history| history.stream.len()).sum();
    println!(
        "{} calls in {} s, {kills} kills, {records} records: {counts:?}",
        calls().count(),
        world.clock.elapsed().as_secs()
    );
}
