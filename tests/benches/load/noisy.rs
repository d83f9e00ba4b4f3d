//! One team beside a noisy one: how much slower its appends become, with limits and without.
//!
//! The calm team makes one call after the other, of one event. The noisy one keeps 200 calls of 20
//! events in flight over eight connections, or pushes over eight streams as fast as they take it; or
//! eight noisy ones keep 25 calls each in flight. Told to come back later, they do.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gradus_wire::v1 as wire;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_stream::wrappers::ReceiverStream;
use tonic_types::StatusExt as _;
use wire::evidence_service_client::EvidenceServiceClient;

use crate::drive::next;
use crate::items::{message, submission};
use crate::ours::{Clients, Line};
use crate::process::Server;
use crate::settings::Settings;
use crate::table::{Figures, middle};

/// Connections of the noisy team.
const CONNECTIONS: usize = 8;
/// Calls that it keeps in flight, and the events of each.
const CALLS: usize = 200;
const EVENTS: u64 = 20;
/// Where its calls begin to be numbered, so that none of its items is one of others.
const APART: u64 = 1 << 40;
/// Messages in flight of each of its streams.
const WINDOW: usize = 1_000;

/// What the noisy team does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Noise {
    None,
    Calls,
    Streams,
    Teams,
}

const NOISES: [(Noise, &str); 4] = [
    (Noise::None, "alone"),
    (Noise::Calls, "beside 200 calls in flight"),
    (Noise::Streams, "beside 8 streams"),
    (Noise::Teams, "beside 8 noisy teams"),
];

/// A server with two teams.
struct Teams {
    name: &'static str,
    // Killed when it is dropped.
    _server: Server,
    calm: EvidenceServiceClient<Line>,
    noisy: Vec<EvidenceServiceClient<Line>>,
    /// Each of a team of its own.
    crowd: Vec<EvidenceServiceClient<Line>>,
}

/// What the noisy team came to.
#[derive(Default)]
struct Noisy {
    over: AtomicBool,
    taken: AtomicU64,
    put_off: AtomicU64,
}

/// Figures of one cell, round by round.
#[derive(Default)]
struct Cell {
    p50: Vec<f64>,
    p99: Vec<f64>,
    calls: Vec<f64>,
    taken: Vec<f64>,
    put_off: Vec<f64>,
}

/// Every noise on both servers, in turns.
pub(crate) async fn measured(settings: &Settings, folder: &Path) -> Figures {
    let mut figures = Figures::titled("A calm team beside a noisy one: one append after the other");
    let mut all = Vec::new();
    for (sort, name) in [("limited", "with limits"), ("gradus", "without")] {
        all.push(Teams::on(sort, name, &folder.join(sort)).await);
    }
    let mut cells: Vec<Cell> = Vec::new();
    cells.resize_with(all.len() * NOISES.len(), Cell::default);
    for round in 0..=settings.rounds {
        for (at, cell) in cells.iter_mut().enumerate() {
            let (teams, (noise, _)) = (&all[at / NOISES.len()], NOISES[at % NOISES.len()]);
            let measured = teams.beside(noise, settings.seconds).await;
            // The first round only warms up.
            if round > 0 {
                cell.take(measured, settings.seconds);
            }
            // Views and index catch up, and what was queued is gone.
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
    for (at, cell) in cells.iter().enumerate() {
        let (teams, (noise, told)) = (&all[at / NOISES.len()], NOISES[at % NOISES.len()]);
        let name = format!("{}, {told}", teams.name);
        let alone = &cells[at / NOISES.len() * NOISES.len()];
        let (p50, p99) = (middle(cell.p50.clone()), middle(cell.p99.clone()));
        figures.add(format!("p50 {name}"), p50 * 1e3, "ms");
        figures.add(format!("p99 {name}"), p99 * 1e3, "ms");
        if noise != Noise::None {
            figures.add(format!("p50 {name}, to alone"), p50 / middle(alone.p50.clone()), "x");
            figures.add(format!("p99 {name}, to alone"), p99 / middle(alone.p99.clone()), "x");
            figures.add(format!("noise taken in {name}"), middle(cell.taken.clone()), "events/s");
            figures.add(format!("noise put off {name}"), middle(cell.put_off.clone()), "calls/s");
        }
        figures.add(format!("calls {name}"), middle(cell.calls.clone()), "calls/s");
    }
    figures
}

impl Cell {
    fn take(&mut self, (mut taken, noisy): (Vec<f64>, Arc<Noisy>), seconds: f64) {
        taken.sort_by(f64::total_cmp);
        self.p50.push(taken[taken.len() / 2]);
        self.p99.push(taken[taken.len() * 99 / 100]);
        self.calls.push(count(taken.len() as u64) / seconds);
        self.taken.push(count(noisy.taken.load(Ordering::Relaxed)) / seconds);
        self.put_off.push(count(noisy.put_off.load(Ordering::Relaxed)) / seconds);
    }
}

/// A number of calls or events, far below where it would be rounded.
fn count(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

impl Teams {
    async fn on(sort: &str, name: &'static str, folder: &Path) -> Self {
        std::fs::create_dir_all(folder).expect("a folder");
        let server = Server::start(sort, folder).expect("our server");
        let operator = Clients::connect(&server, &server.secret).await;
        let noisy_token = operator.prepare().await;
        let calm_token = operator.collector("calm", "organization").await;
        let calm = Clients::connect(&server, &calm_token).await.evidence();
        let (mut noisy, mut crowd) = (Vec::new(), Vec::new());
        for number in 0..CONNECTIONS {
            noisy.push(Clients::connect(&server, &noisy_token).await.evidence());
            let token = operator.collector(&format!("noisy{number}"), "organization").await;
            crowd.push(Clients::connect(&server, &token).await.evidence());
        }
        Self { name, _server: server, calm, noisy, crowd }
    }

    /// How long each call of the calm team took beside a noise.
    async fn beside(&self, noise: Noise, seconds: f64) -> (Vec<f64>, Arc<Noisy>) {
        let count = Arc::new(Noisy::default());
        let mut running = JoinSet::new();
        match noise {
            Noise::None => (),
            Noise::Calls | Noise::Teams => {
                let lines = if noise == Noise::Calls { &self.noisy } else { &self.crowd };
                for lane in 0..CALLS {
                    let line = lines[lane % CONNECTIONS].clone();
                    running.spawn(calls(line, Arc::clone(&count)));
                }
            }
            Noise::Streams => {
                for line in &self.noisy {
                    running.spawn(stream(line.clone(), Arc::clone(&count)));
                }
            }
        }
        // What is at rest is taken at once: the noise is measured when that is used up.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        count.taken.store(0, Ordering::Relaxed);
        count.put_off.store(0, Ordering::Relaxed);
        let until = Instant::now() + Duration::from_secs_f64(seconds);
        let mut taken = Vec::new();
        let mut calm = self.calm.clone();
        loop {
            let begun = Instant::now();
            if begun >= until {
                break;
            }
            calm.submit_evidence(submission(next(), 1)).await.expect("the calm team is served");
            taken.push(begun.elapsed().as_secs_f64());
        }
        count.over.store(true, Ordering::Relaxed);
        let figures = Arc::new(Noisy {
            taken: count.taken.load(Ordering::Relaxed).into(),
            put_off: count.put_off.load(Ordering::Relaxed).into(),
            ..Noisy::default()
        });
        running.join_all().await;
        (taken, figures)
    }
}

/// One call after the other; who is put off comes back when it is told to.
async fn calls(mut line: EvidenceServiceClient<Line>, noisy: Arc<Noisy>) {
    while !noisy.over.load(Ordering::Relaxed) {
        match line.submit_evidence(submission(next() + APART, EVENTS)).await {
            Ok(_) => drop(noisy.taken.fetch_add(EVENTS, Ordering::Relaxed)),
            Err(status) => {
                noisy.put_off.fetch_add(1, Ordering::Relaxed);
                let retry = status.get_details_retry_info().and_then(|retry| retry.retry_delay);
                tokio::time::sleep(retry.expect("a time to come back")).await;
            }
        }
    }
}

/// One stream, with as many messages in flight as it takes.
async fn stream(mut line: EvidenceServiceClient<Line>, noisy: Arc<Noisy>) {
    let window = Arc::new(Semaphore::new(WINDOW));
    let (messages, outgoing) = mpsc::channel(64);
    let sender = tokio::spawn({
        let (window, noisy) = (Arc::clone(&window), Arc::clone(&noisy));
        async move {
            while !noisy.over.load(Ordering::Relaxed) {
                window.acquire().await.expect("a window").forget();
                if messages.send(message(next())).await.is_err() {
                    return;
                }
            }
        }
    });
    let answers = line.push_evidence(ReceiverStream::new(outgoing)).await;
    let mut answers = answers.expect("a stream").into_inner();
    while let Some(answer) = answers.message().await.expect("an answer") {
        window.add_permits(1);
        match answer.result {
            Some(wire::push_evidence_response::Result::Receipt(_)) => {
                noisy.taken.fetch_add(u64::from(answer.submitted), Ordering::Relaxed);
            }
            _ => drop(noisy.put_off.fetch_add(1, Ordering::Relaxed)),
        }
    }
    sender.await.expect("a sender");
}
