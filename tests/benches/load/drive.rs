//! Drives a shape of load against one server, and counts what was acknowledged.

use std::collections::VecDeque;
use std::future::Future;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gradus_wire::v1 as wire;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_stream::wrappers::ReceiverStream;
use wire::evidence_service_client::EvidenceServiceClient;
use wire::projection_service_client::ProjectionServiceClient;

use crate::items::{message, mixed_message, submission};
use crate::machine::resident_mib;
use crate::ours::{Clients, Line};
use crate::process::Server;
use crate::shape::Shape;
use crate::{ours, postgres, umadb};

/// Connections of every client program.
const CONNECTIONS: usize = 4;
/// Before a cell is measured.
const WARM_UP: Duration = Duration::from_millis(250);

/// The number of the next call, so that no two say the same.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// Events acknowledged so far, by whatever server.
static ACKNOWLEDGED: AtomicU64 = AtomicU64::new(0);

/// Events that were acknowledged by now.
pub(crate) fn acknowledged() -> u64 {
    ACKNOWLEDGED.load(Ordering::Relaxed)
}

/// The next number.
pub(crate) fn next() -> u64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// What one cell came to.
pub(crate) struct Cell {
    /// Events acknowledged.
    pub(crate) events: u64,
    /// In this time.
    pub(crate) took: Duration,
    /// How long each call or message took.
    pub(crate) calls: Vec<Duration>,
}

/// How far the projections were behind when a cell ended, and how long they took.
#[derive(Clone, Copy, Default)]
pub(crate) struct Lag {
    pub(crate) events: u64,
    pub(crate) took: Duration,
}

/// What is counted while a cell is measured.
#[derive(Clone)]
struct Count {
    from: Instant,
    until: Instant,
}

impl Count {
    fn start(seconds: f64) -> Self {
        let from = Instant::now() + WARM_UP;
        Self { from, until: from + Duration::from_secs_f64(seconds) }
    }

    fn holds(&self, at: Instant) -> bool {
        (self.from..self.until).contains(&at)
    }

    fn cell(&self, events: u64, calls: Vec<Duration>) -> Cell {
        Cell { events, took: self.until - self.from, calls }
    }
}

/// A server that is being measured, with open connections.
pub(crate) struct Lines {
    name: String,
    server: Server,
    to: To,
}

enum To {
    Evidence {
        lines: Vec<EvidenceServiceClient<Line>>,
        projections: Option<Box<ProjectionServiceClient<Line>>>,
    },
    Postgres(Vec<Arc<postgres::Lane>>),
    Umadb(Vec<umadb::Client>),
}

impl Lines {
    /// Starts a server of a sort and connects to it; the error says why it cannot be measured.
    pub(crate) async fn open(name: &str, folder: &Path) -> Result<Self, String> {
        let folder = folder.join(name);
        std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let (server, to) = match name {
            "postgres" => {
                let server = postgres::start(&folder)?;
                let lanes = postgres::lanes(&server).await?;
                (server, To::Postgres(lanes))
            }
            "umadb" => {
                let server = umadb::start(&folder)?;
                let mut clients = Vec::new();
                for _ in 0..CONNECTIONS {
                    clients.push(umadb::Client::connect(&server).await);
                }
                (server, To::Umadb(clients))
            }
            "echo" | "raw" | "gradus" => {
                let server = match name {
                    "gradus" => ours::serve(&folder)?,
                    floor => Server::start(floor, &folder)?,
                };
                let to = evidence_lines(&server).await;
                (server, to)
            }
            other => return Err(format!("`{other}` is no server that is known here")),
        };
        Ok(Self { name: name.to_owned(), server, to })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn resident_mib(&self) -> u64 {
        resident_mib(self.server.id())
    }

    /// The processor time that the server has taken so far.
    pub(crate) fn processor_time(&self) -> Duration {
        self.server.processor_time()
    }

    /// Ends the server in order.
    pub(crate) fn stop(self) {
        self.server.stop();
    }

    /// The process that serves.
    pub(crate) const fn server(&self) -> &Server {
        &self.server
    }

    /// Measures one cell; none where the server has no such call.
    pub(crate) async fn drive(&self, shape: Shape, seconds: f64) -> Option<Cell> {
        let (lanes, events) = shape.calls();
        let count = Count::start(seconds);
        match &self.to {
            To::Evidence { lines, .. } if shape.is_stream() => {
                Some(stream(lines[0].clone(), shape, count).await)
            }
            _ if shape.is_stream() => None,
            To::Evidence { lines, .. } => {
                let clients = lines.clone();
                let call = move |lane: usize| {
                    let mut line = clients[lane % clients.len()].clone();
                    async move {
                        let asked = submission(next(), events);
                        line.submit_evidence(asked).await.expect("evidence is taken in");
                    }
                };
                Some(in_flight(lanes, events, count, call).await)
            }
            To::Postgres(clients) => {
                let clients = clients.clone();
                let call = move |lane: usize| {
                    let client = Arc::clone(&clients[lane % clients.len()]);
                    async move { client.append(next(), events).await }
                };
                Some(in_flight(lanes, events, count, call).await)
            }
            To::Umadb(clients) => {
                let clients = clients.clone();
                let call = move |lane: usize| {
                    let mut client = clients[lane % clients.len()].clone();
                    async move { client.append(next(), events).await }
                };
                Some(in_flight(lanes, events, count, call).await)
            }
        }
    }

    /// Waits until the projections have read everything, where there are any.
    pub(crate) async fn settle(&mut self) -> Lag {
        let To::Evidence { projections: Some(projections), .. } = &mut self.to else {
            // Others clean up after themselves, too.
            tokio::time::sleep(Duration::from_millis(100)).await;
            return Lag::default();
        };
        let begun = Instant::now();
        let mut lag = None;
        loop {
            let told = projections.list_projections(wire::ListProjectionsRequest {}).await;
            let told = told.expect("projections").into_inner();
            let left = told.projections.iter().map(|one| one.head_size - one.cursor).max();
            let left = left.unwrap_or_default();
            let at_first = *lag.get_or_insert(left);
            if left == 0 {
                return Lag { events: at_first, took: begun.elapsed() };
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn evidence_lines(server: &Server) -> To {
    let operator = Clients::connect(server, &server.secret).await;
    let ours = !server.secret.is_empty();
    let token = if ours { operator.prepare().await } else { String::new() };
    let mut lines = Vec::new();
    for _ in 0..CONNECTIONS {
        lines.push(Clients::connect(server, &token).await.evidence());
    }
    To::Evidence { lines, projections: ours.then(|| Box::new(operator.projections())) }
}

/// Keeps so many calls of so many events in flight.
async fn in_flight<F: Future<Output = ()> + Send + 'static>(
    lanes: usize,
    events: u64,
    count: Count,
    call: impl Fn(usize) -> F + Clone + Send + 'static,
) -> Cell {
    let mut running = JoinSet::new();
    for lane in 0..lanes {
        let (call, count) = (call.clone(), count.clone());
        running.spawn(lane_of(count, events, move || call(lane)));
    }
    let calls: Vec<Duration> = running.join_all().await.into_iter().flatten().collect();
    count.cell(calls.len() as u64 * events, calls)
}

/// One call after the other; how long those took that ended while they count.
async fn lane_of<F: Future<Output = ()> + Send>(
    count: Count,
    events: u64,
    call: impl Fn() -> F,
) -> Vec<Duration> {
    let mut taken = Vec::new();
    loop {
        let begun = Instant::now();
        if begun >= count.until {
            return taken;
        }
        call().await;
        ACKNOWLEDGED.fetch_add(events, Ordering::Relaxed);
        if count.holds(Instant::now()) {
            taken.push(begun.elapsed());
        }
    }
}

/// Messages that are in flight: when each was sent, and its events.
type Sent = Arc<Mutex<VecDeque<(Instant, u64)>>>;

/// Keeps a window of messages in flight on one stream.
async fn stream(mut line: EvidenceServiceClient<Line>, shape: Shape, count: Count) -> Cell {
    let (most, _) = shape.calls();
    let window = Arc::new(Semaphore::new(most));
    let sent = Sent::default();
    let (messages, outgoing) = mpsc::channel(64);
    let sender = tokio::spawn({
        let (window, sent, until) = (Arc::clone(&window), Arc::clone(&sent), count.until);
        async move {
            while Instant::now() < until {
                window.acquire().await.expect("a window").forget();
                let number = next();
                let message =
                    if shape == Shape::Mixed { mixed_message(number) } else { message(number) };
                let noted = (Instant::now(), message.steps.len() as u64);
                sent.lock().expect("a lock").push_back(noted);
                if messages.send(message).await.is_err() {
                    return;
                }
            }
        }
    });
    let answers = line.push_evidence(ReceiverStream::new(outgoing)).await;
    let mut answers = answers.expect("a stream").into_inner();
    let (mut events, mut calls) = (0, Vec::new());
    while let Some(answer) = answers.message().await.expect("an answer") {
        if let Some(wire::push_evidence_response::Result::Error(error)) = answer.result {
            panic!("a message was refused: {}", error.message);
        }
        window.add_permits(1);
        let first = sent.lock().expect("a lock").pop_front();
        let (begun, of_message) = first.expect("a message");
        ACKNOWLEDGED.fetch_add(of_message, Ordering::Relaxed);
        if count.holds(Instant::now()) {
            events += of_message;
            calls.push(begun.elapsed());
        }
    }
    sender.await.expect("a sender");
    count.cell(events, calls)
}
