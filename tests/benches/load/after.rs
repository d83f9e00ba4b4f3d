//! What a loaded log costs: replay, disk, start and memory.

use std::path::Path;
use std::time::Instant;

use gradus_wire::v1 as wire;
use tokio::task::JoinSet;
use wire::subscribe_events_response::Update;

use crate::drive::{Lines, next};
use crate::items::submission;
use crate::machine::{bytes_below, resident_mib};
use crate::ours::Clients;
use crate::process::Server;
use crate::settings::Settings;
use crate::table::{Figures, middle};

const A_CALL: u64 = 200;
const AT_ONCE: u64 = 8;

/// Loads a log and measures what it then costs.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52 of anything")]
pub(crate) async fn measured(settings: &Settings, folder: &Path) -> Figures {
    let mut figures = Figures::titled("A loaded log");
    let mut lines = Lines::open("gradus", folder).await.expect("our server");
    let begun = Instant::now();
    load(lines.server(), settings.events).await;
    figures.add("events loaded", settings.events as f64, "");
    figures.add("loaded in", begun.elapsed().as_secs_f64(), "s");
    let lag = lines.settle().await;
    figures.add("projections behind at the end of the load", lag.events as f64, "events");
    figures.add("projections caught up in", lag.took.as_secs_f64(), "s");
    figures.add("memory once loaded", lines.resident_mib() as f64, "MiB");

    let server = lines.server();
    let operator = Clients::connect(server, &server.secret).await;
    for (name, view) in [("leaf", wire::EventView::Leaf), ("full", wire::EventView::Full)] {
        let mut rates = Vec::new();
        let mut read = Replayed::default();
        for _ in 0..settings.rounds {
            let begun = Instant::now();
            read = replay(&operator, view).await;
            rates.push(read.events as f64 / begun.elapsed().as_secs_f64());
        }
        figures.add(format!("replay on one stream, {name} view"), middle(rates), "events/s");
        if view == wire::EventView::Leaf {
            let leaf = read.leaves as f64 / read.events as f64;
            figures.add("bytes of a leaf", leaf, "B/event");
        }
    }
    figures.add("memory after replay", lines.resident_mib() as f64, "MiB");
    lines.stop();
    disk(&mut figures, &folder.join("gradus").join("data")).await;
    start(&mut figures, settings, &folder.join("gradus"));
    figures
}

/// Pushes items in batches, each number once.
pub(crate) async fn load(server: &Server, events: u64) {
    let operator = Clients::connect(server, &server.secret).await;
    let mut running = JoinSet::new();
    for lane in 0..AT_ONCE {
        let mut line = operator.evidence();
        running.spawn(async move {
            for _ in 0..(events / A_CALL).saturating_sub(lane).div_ceil(AT_ONCE) {
                let asked = submission(next(), A_CALL);
                line.submit_evidence(asked).await.expect("evidence is taken in");
            }
        });
    }
    running.join_all().await;
}

/// What a replay brought.
#[derive(Default)]
struct Replayed {
    events: u64,
    leaves: u64,
}

/// Reads everything on one stream.
async fn replay(operator: &Clients, view: wire::EventView) -> Replayed {
    let told = operator.projections().list_projections(wire::ListProjectionsRequest {}).await;
    let told = told.expect("projections").into_inner().projections;
    let size = told.first().map_or(0, |one| one.head_size);
    let asked = wire::SubscribeEventsRequest { view: view.into(), ..Default::default() };
    let stream = operator.events().subscribe_events(asked).await;
    let mut stream = stream.expect("a stream").into_inner();
    let mut read = Replayed::default();
    while let Some(message) = stream.message().await.expect("events") {
        let Some(Update::Events(batch)) = message.update else { continue };
        read.events += batch.events.len() as u64;
        read.leaves += batch.events.iter().map(|event| event.leaf.len() as u64).sum::<u64>();
        if batch.log_size >= size {
            break;
        }
    }
    read
}

/// The bytes of a closed directory, against what was encoded.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52 of anything")]
async fn disk(figures: &mut Figures, data: &Path) {
    let options = gradus_log::Options::default();
    let log = gradus_log::SledLog::open(data, options).expect("our log");
    let encoded = encoded(&log).await;
    drop(log);
    let (events, bytes) = (encoded.0 as f64, encoded.1 as f64);
    figures.add("encoded, leaf and sealed payload", bytes / events, "B/event");
    let of_log = bytes_below(&data.join("log")) as f64;
    let all = bytes_below(data) as f64;
    figures.add("disk, log", of_log / events, "B/event");
    figures.add("disk, log to encoded", of_log / bytes, "x");
    for part in ["index", "projections", "keys"] {
        let bytes = bytes_below(&data.join(part)) as f64;
        figures.add(format!("disk, {part}"), bytes / events, "B/event");
    }
    figures.add("disk, everything", all / events, "B/event");
    figures.add("disk, everything to encoded", all / bytes, "x");
}

/// Records and their bytes.
async fn encoded(log: &gradus_log::SledLog) -> (u64, u64) {
    use gradus_log::{Log as _, ReadLimit};
    let (mut records, mut bytes) = (0, 0);
    loop {
        let read = log.read(records, ReadLimit::records(4_096)).await.expect("records");
        if read.is_empty() {
            return (records, bytes);
        }
        records += read.len() as u64;
        bytes += read.iter().map(|record| record.bytes() as u64).sum::<u64>();
    }
}

/// How long a start takes, by its steps.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52 of anything")]
fn start(figures: &mut Figures, settings: &Settings, folder: &Path) {
    let (mut opened, mut verified, mut ready, mut memory) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..settings.rounds.min(3) {
        let begun = Instant::now();
        let first = std::sync::Arc::new(std::sync::OnceLock::new());
        let noted = std::sync::Arc::clone(&first);
        let options = gradus_log::Options {
            on_progress: std::sync::Arc::new(move |progress| {
                if matches!(progress, gradus_log::Progress::Verifying { .. }) {
                    noted.get_or_init(Instant::now);
                }
            }),
            ..gradus_log::Options::default()
        };
        let log = gradus_log::SledLog::open(&folder.join("data"), options).expect("our log");
        let first = first.get().copied().unwrap_or_else(Instant::now);
        opened.push((first - begun).as_secs_f64());
        verified.push(begun.elapsed().as_secs_f64());
        drop(log);
        let begun = Instant::now();
        let server = crate::ours::serve(folder).expect("our server");
        ready.push(begun.elapsed().as_secs_f64());
        memory.push(resident_mib(server.id()) as f64);
        server.stop();
    }
    figures.add("start: database open", middle(opened), "s");
    figures.add("start: log verified", middle(verified), "s");
    figures.add("start: ready, views and write side folded", middle(ready), "s");
    figures.add("memory after a start", middle(memory), "MiB");
}
