//! A log of millions of records over many units, kept in a folder: starts after a kill, memory, and
//! what proofs take.
//!
//! ```text
//! cargo bench -p gradus-tests --bench load -- --parts large --events 10000000 --folder PATH
//! ```
//!
//! The first run writes the log, and a run that was stopped goes on where it was; a next one
//! measures what is there. Ten million records take some 12 GB. `GRADUS_PROGRAM` names a built
//! `gradus` to serve it, so that its log of the start is seen.

use std::num::NonZeroU64;
use std::path::Path;
use std::time::{Duration, Instant};

use gradus_wire::v1 as wire;
use tokio::task::JoinSet;

use crate::items::{append, mixed, varied};
use crate::machine::{bytes_below, resident_mib};
use crate::ours::Clients;
use crate::process::Server;
use crate::settings::Settings;
use crate::table::{Figures, middle};

/// Units, unless it is said how many.
const UNITS: u64 = 1_000;
const A_CALL: u64 = 200;
const AT_ONCE: u64 = 8;
/// The file beside the log that holds the token of whoever pushes.
const TOKEN: &str = "collector.token";
/// Proofs of each sort.
const PROOFS: u64 = 2_000;

/// Writes the log as far as it is not there, kills the server, and measures.
pub(crate) async fn measured(settings: &Settings) -> Figures {
    let folder = settings.folder.clone().expect("--folder, where the log is kept");
    std::fs::create_dir_all(&folder).expect("the folder");
    let mut figures = Figures::titled("A large log");
    fill(&mut figures, settings, &folder).await;
    start(&mut figures, settings, &folder);
    let server = crate::ours::serve(&folder).expect("our server");
    figures.add("busy behind the start for", behind(&server).await, "s");
    figures.add("memory then", whole(resident_mib(server.id())), "MiB");
    proofs(&mut figures, &server).await;
    figures.add("memory after proofs", whole(resident_mib(server.id())), "MiB");
    loaded(&mut figures, settings, &folder, &server).await;
    server.stop();
    figures
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52 of anything")]
const fn whole(number: u64) -> f64 {
    number as f64
}

/// Writes what is missing, and kills the server at the end.
async fn fill(figures: &mut Figures, settings: &Settings, folder: &Path) {
    let is_new = !folder.join("data").exists();
    let server = crate::ours::serve(folder).expect("our server");
    let operator = Clients::connect(&server, &server.secret).await;
    if is_new {
        let token = operator.prepare_units(units(settings)).await;
        std::fs::write(folder.join(TOKEN), token).expect("the collector's token is kept");
    }
    let there = size(&operator).await;
    if there < settings.events {
        let begun = Instant::now();
        // Past every number of the runs before: a call writes as many records as it takes numbers.
        let collector = collector(&server, folder).await;
        push(&collector, units(settings), there / A_CALL, settings.events / A_CALL + 1).await;
        let (written, took) = (size(&operator).await - there, begun.elapsed().as_secs_f64());
        figures.add("records written", whole(written), "");
        figures.add("written in", took, "s");
        figures.add("memory once written", whole(resident_mib(server.id())), "MiB");
    }
    figures.add("records", whole(size(&operator).await), "");
    drop(server);
    figures.add("disk, log", whole(bytes_below(&folder.join("data").join("log"))) / 1e6, "MB");
    figures.add("disk, everything", whole(bytes_below(&folder.join("data"))) / 1e6, "MB");
}

/// The service that pushes; people's items are judged by what they rated, besides.
async fn collector(server: &Server, folder: &Path) -> Clients {
    let token = std::fs::read_to_string(folder.join(TOKEN)).expect("the collector's token");
    Clients::connect(server, &token).await
}

fn units(settings: &Settings) -> u64 {
    settings.units.map_or(UNITS, NonZeroU64::get)
}

/// Pushes mixed items in batches, from several clients at once.
async fn push(collector: &Clients, units: u64, from: u64, to: u64) {
    let mut running = JoinSet::new();
    for lane in 0..AT_ONCE {
        let mut line = collector.evidence();
        running.spawn(async move {
            for number in (from + lane..to).step_by(usize::try_from(AT_ONCE).unwrap_or(1)) {
                line.submit_evidence(submission(number, units)).await.expect("evidence");
            }
        });
    }
    running.join_all().await;
}

fn submission(number: u64, units: u64) -> wire::SubmitEvidenceRequest {
    let numbers = number * A_CALL..(number + 1) * A_CALL;
    let items = numbers.map(|number| varied(number, mixed(number))).collect();
    let unit = format!("project-{}", number % units);
    wire::SubmitEvidenceRequest { unit, append: append(number), items }
}

/// The records of the log.
async fn size(operator: &Clients) -> u64 {
    let told = operator.proofs().get_checkpoint(wire::GetCheckpointRequest::default()).await;
    told.expect("a checkpoint").into_inner().log_size
}

/// Starts after a kill: until calls are answered, and the processor's time up to then.
fn start(figures: &mut Figures, settings: &Settings, folder: &Path) {
    let (mut ready, mut processor, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..settings.rounds {
        let begun = Instant::now();
        let server = crate::ours::serve(folder).expect("our server");
        ready.push(begun.elapsed().as_secs_f64());
        processor.push(processor_seconds(server.id()));
        memory.push(whole(resident_mib(server.id())));
        drop(server);
    }
    figures.add("start after a kill: ready", middle(ready), "s");
    figures.add("start after a kill: time of the processors", middle(processor), "s");
    figures.add("memory after a start", middle(memory), "MiB");
}

/// Waits until a server that nobody calls does nothing any more, and tells for how long it did.
async fn behind(server: &Server) -> f64 {
    let begun = Instant::now();
    let mut before = processor_seconds(server.id());
    loop {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let now = processor_seconds(server.id());
        if now - before < 0.1 || begun.elapsed() > Duration::from_mins(10) {
            return begun.elapsed().as_secs_f64();
        }
        before = now;
    }
}

/// What a process took of the processors, user and system.
fn processor_seconds(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name, in brackets, may hold spaces.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    whole(ticks) / 100.0
}

/// What proofs at random places take over gRPC, one client.
async fn proofs(figures: &mut Figures, server: &Server) {
    let operator = Clients::connect(server, &server.secret).await;
    let size = size(&operator).await;
    let mut line = operator.proofs();
    let (mut inclusion, mut consistency, mut known) = (Vec::new(), Vec::new(), Vec::new());
    let (mut hashes, before) = (0, processor_seconds(server.id()));
    for number in 0..PROOFS {
        let position = mixed(number) % (size - 1);
        let begun = Instant::now();
        let asked = wire::ProveInclusionRequest { position };
        let told = line.prove_inclusion(asked).await.expect("a proof").into_inner();
        inclusion.push(begun.elapsed());
        hashes = hashes.max(told.proof.unwrap_or_default().hashes.len() as u64);
        let begun = Instant::now();
        let asked = wire::ProveConsistencyRequest { old_size: position + 1, new_size: None };
        line.prove_consistency(asked).await.expect("a proof");
        consistency.push(begun.elapsed());
        // When that record was recorded, as anybody may read in its leaf.
        let leaf = gradus_model::Leaf::read(&told.leaf).expect("a leaf");
        let micros = leaf.place.recorded_at.micros();
        let known_at = Some(prost_types::Timestamp {
            seconds: micros.div_euclid(1_000_000),
            nanos: i32::try_from(micros.rem_euclid(1_000_000) * 1_000).unwrap_or(0),
        });
        let begun = Instant::now();
        line.prove_known_at(wire::ProveKnownAtRequest { known_at }).await.expect("a proof");
        known.push(begun.elapsed());
    }
    for (name, times) in
        [("inclusion", inclusion), ("consistency", consistency), ("known at", known)]
    {
        percentiles(figures, name, times);
    }
    let processor = processor_seconds(server.id()) - before;
    figures.add("the server's processors, a proof", processor * 1e6 / whole(3 * PROOFS), "us");
    figures.add("hashes of an inclusion proof, at most", whole(hashes), "");
}

fn percentiles(figures: &mut Figures, name: &str, mut times: Vec<Duration>) {
    times.sort();
    for (said, part) in [("p50", 500), ("p99", 990)] {
        let at = times.get(times.len() * part / 1_000).copied().unwrap_or_default();
        figures.add(format!("proof, {name}, {said}"), at.as_secs_f64() * 1e6, "us");
    }
}

/// Memory under load for as long as is asked, over all units.
async fn loaded(figures: &mut Figures, settings: &Settings, folder: &Path, server: &Server) {
    let collector = collector(server, folder).await;
    let operator = Clients::connect(server, &server.secret).await;
    let until = Instant::now() + Duration::from_secs_f64(settings.seconds);
    let (first, mut most) = (size(&operator).await / A_CALL, 0);
    let mut next = first;
    while Instant::now() < until {
        push(&collector, units(settings), next, next + 4 * AT_ONCE).await;
        next += 4 * AT_ONCE;
        most = most.max(resident_mib(server.id()));
    }
    // The last checkpoint covers less where the views are behind.
    figures.add("load: records", whole((next - first) * A_CALL), "");
    figures.add("load: for", settings.seconds, "s");
    figures.add("load: memory, at most", whole(most), "MiB");
    tokio::time::sleep(Duration::from_secs(30)).await;
    figures.add("memory 30 s later", whole(resident_mib(server.id())), "MiB");
}
