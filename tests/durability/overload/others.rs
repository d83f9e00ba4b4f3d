//! Clients beside the load: readers who never read, subscribers without events, clients who vanish.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use gradus_wire::v1 as wire;
use tokio::task::JoinHandle;
use tonic::Streaming;

use crate::client::{Call, Client};
use crate::load::{self, Load};
use crate::random::Random;

/// Subscribers of one connection.
const OF_A_CONNECTION: usize = 100;
/// The longest time between two clients that vanish.
const VANISHES_WITHIN: u64 = 200;

/// Who else has the server.
pub(super) struct Others {
    address: SocketAddr,
    data: PathBuf,
    /// Streams that are held and never read.
    _events: Vec<Streaming<wire::SubscribeEventsResponse>>,
    _levels: Streaming<wire::WatchLevelsResponse>,
    over: Arc<AtomicBool>,
    vanished: Arc<AtomicU64>,
    vanishing: Option<JoinHandle<()>>,
}

impl Others {
    /// Opens the streams; nothing happens to `quiet`, which the idle subscribers ask for.
    pub(super) async fn begin(
        address: SocketAddr,
        data: &Path,
        quiet: String,
        subscribers: usize,
    ) -> Result<Self, String> {
        let refused = |status: tonic::Status| format!("a stream is refused: {status:?}");
        let reader = Client::connect(address, data).await?;
        let all = wire::SubscribeEventsRequest::default();
        let unread = reader.events.clone().subscribe_events(all).await.map_err(refused)?;
        let watch = wire::WatchLevelsRequest::default();
        let levels = reader.levels.clone().watch_levels(watch).await.map_err(refused)?;
        let mut events = vec![unread.into_inner()];
        let mut client = reader;
        for number in 0..subscribers {
            if number.is_multiple_of(OF_A_CONNECTION) {
                client = Client::connect(address, data).await?;
            }
            let asked = wire::SubscribeEventsRequest { unit: quiet.clone(), ..Default::default() };
            let stream = client.events.clone().subscribe_events(asked).await.map_err(refused)?;
            events.push(stream.into_inner());
        }
        Ok(Self {
            address,
            data: data.to_owned(),
            _events: events,
            _levels: levels.into_inner(),
            over: Arc::default(),
            vanished: Arc::default(),
            vanishing: None,
        })
    }

    /// From now on clients come and vanish.
    pub(super) fn vanish(&mut self, load: Load, units: Vec<String>, seed: u64) {
        let (address, data) = (self.address, self.data.clone());
        let (over, vanished) = (Arc::clone(&self.over), Arc::clone(&self.vanished));
        self.vanishing = Some(tokio::spawn(async move {
            let mut random = Random::new(seed);
            while !over.load(Ordering::Relaxed) {
                let pause = Duration::from_millis(random.below(VANISHES_WITHIN));
                tokio::time::sleep(pause).await;
                // A server that has no time for a new connection is asked again.
                let Ok(client) = Client::connect(address, &data).await else { continue };
                if random.percent(50) {
                    pushes(client, &load, &units, &mut random).await;
                } else {
                    subscribes(client).await;
                }
                vanished.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }

    /// Nobody vanishes any more.
    pub(super) async fn end(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(vanishing) = self.vanishing.take() {
            vanishing.await.expect("the clients that vanish");
        }
    }

    pub(super) fn vanished(&self) -> u64 {
        self.vanished.load(Ordering::Relaxed)
    }
}

/// Sends some messages of a bulk load, and is gone before it reads an answer.
async fn pushes(client: Client, load: &Load, units: &[String], random: &mut Random) {
    let mut messages = Vec::new();
    for _ in 0..=random.below(20) {
        let unit = random.of(units).clone();
        let message = load::push(random, unit, 40);
        let mut ledger = load.ledger();
        ledger.asks(&message);
        if let Call::Push(asked) = &message {
            messages.push(asked.clone());
        }
        ledger.open.push(message);
    }
    let patience = Duration::from_millis(random.below(100));
    let stays = async {
        // The stream stays open behind the messages, as of a client that has more to say.
        let open =
            tokio_stream::StreamExt::chain(tokio_stream::iter(messages), tokio_stream::pending());
        let answers = client.evidence.clone().push_evidence(open).await;
        tokio::time::sleep(patience).await;
        drop(answers);
    };
    // Some vanish while the server takes the call.
    let _ = tokio::time::timeout(patience * 2, stays).await;
}

/// Subscribes from the beginning, and is gone after the first message.
async fn subscribes(client: Client) {
    let all = wire::SubscribeEventsRequest::default();
    if let Ok(stream) = client.events.clone().subscribe_events(all).await {
        let first = stream.into_inner().message().await;
        drop(first);
    }
}
