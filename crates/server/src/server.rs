//! Starting and stopping: a real socket, the handlers behind the gate, and an end in order.

mod shipped;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gradus_log::{LogError, Machine, Options, Progress};
use gradus_service::start::Started;
use gradus_service::{Service, ServiceError};
use gradus_wire::v1 as wire;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Server;

use crate::api::Api;
use crate::auth::Gate;
use crate::connections::{Door, Speaks, plain};
use crate::limits::{Gauge, Limited};
use crate::oidc::{Admitted, Oidc, OidcError};
use crate::settings::{Settings, WitnessesError};
use crate::throttle::Throttle;
use crate::tiles::Tiles;
use crate::tls::{self, Tls, TlsError, connections};
use crate::witnesses::Rounds;

pub(crate) use shipped::beginning;

/// The most bytes of a message, in and out: 4 MiB.
pub const MOST_MESSAGE_BYTES: usize = 4 << 20;

/// The most bytes of a call's metadata: 16 KiB.
const MOST_METADATA_BYTES: u32 = 16 << 10;
/// The most streams of HTTP/2 on one connection; more are refused by the protocol.
const MOST_STREAMS_OF_CONNECTION: u32 = 200;
/// Bytes of one stream that may come before they are read: an eighth of what a connection may send,
/// so that a stream that is slowed, or stuck, does not hold up the others beside it.
const STREAM_WINDOW: u32 = 256 << 10;
/// The same of all streams of a connection. The transport ends a connection that has more small
/// frames unread than half of this would make up for (of less than 256 bytes each), and a stream of
/// messages of 60 bytes that is not read may not come to that.
const CONNECTION_WINDOW: u32 = 2 << 20;
/// How often a client is asked whether it is there, and how long it may take to say so.
const KEEP_ALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(20));

/// A server that cannot start or serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is taken or not ours.
    #[error(
        "cannot listen on {address}: {source}; stop what listens there, or choose another address with --listen"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// TLS cannot be served with.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Tokens of identity providers cannot be checked.
    #[error(transparent)]
    Oidc(#[from] OidcError),
    /// Witnesses cannot be asked.
    #[error(transparent)]
    Witnesses(#[from] WitnessesError),
    /// The data directory or the log in it cannot be used.
    #[error(transparent)]
    Start(#[from] ServiceError),
    /// The transport failed.
    #[error("the transport failed: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// Our own descriptor set is damaged.
    #[error("the reflection service cannot be built: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The description of the API that is built in is damaged.
    #[error("the description of the API cannot be read: {0}")]
    Description(#[from] prost::DecodeError),
    /// The serving task ended without a word.
    #[error("the serving task failed")]
    Task,
}

/// A server that runs.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where it serves the log's tiles, if it does.
    pub tiles_address: Option<SocketAddr>,
    /// Whether the log was made just now.
    pub created: bool,
    service: Arc<Service>,
    tls: Option<Arc<Tls>>,
    oidc: Arc<Oidc>,
    stop: watch::Sender<bool>,
    serving: JoinHandle<Result<(), ServeError>>,
    tiles: Option<JoinHandle<()>>,
    drain: Duration,
}

/// Opens the data directory, listens, and serves in the background.
///
/// Returns when calls are answered. The port is taken before the directory is touched, so that a
/// start on a taken port changes nothing.
///
/// The machine is a wall clock in this boot, or all of it.
pub async fn start(
    settings: &Settings,
    machine: impl Into<Machine>,
) -> Result<Running, ServeError> {
    let Machine { wall: clock, monotonic, boot } = machine.into();
    let tls = settings.tls()?.map(|files| Tls::new(files, Arc::clone(&clock))).transpose()?;
    let oidc = Oidc::new(&settings.oidc, Arc::clone(&monotonic))?;
    let (listener, address) = listen(settings.listen).await?;
    let tiles_listener = match settings.tiles_address {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    let beginning = beginning(settings.organization.clone())?;
    let throttle = Arc::new(Throttle::new(Arc::clone(&monotonic)));
    let gauge = Arc::new(Gauge::new(settings.limits.clone(), Arc::clone(&monotonic))?);
    let door = Door::new(&settings.limits);
    let options = Options {
        clock: Arc::clone(&clock),
        monotonic,
        boot,
        most_pause: settings.most_pause(),
        whole_below: settings.verify_whole_below,
        mark_every: settings.verify_whole_below.saturating_mul(2),
        accept_missing_anchor: settings.accept_missing_anchor,
        on_fatal: Arc::new(ended),
        on_progress: Arc::new(told),
        ..Options::default()
    };
    let Started { service, created } =
        Service::start(&settings.data, &beginning, clock, settings.memory(), options).await?;
    service.describe_states(settings.state_digest_every);
    service.record_queries(settings.audit_queries_every());
    service.bound_attachments(u64::from(settings.attachment_mebibytes.get()) << 20);
    let (stop, stopping) = watch::channel(false);
    let gate = Gate::new(Arc::clone(&service), throttle);
    let tiles_address = tiles_listener.as_ref().map(|(_, address)| *address);
    let tiles = tiles_listener.map(|(listener, address)| {
        let (service, gate, gauge) = (Arc::clone(&service), gate.clone(), Arc::clone(&gauge));
        let tiles = Tiles { service, gate, gauge, oidc: Arc::clone(&oidc) };
        serve_tiles(tiles, (listener, address), tls.clone(), door.clone(), &stopping)
    });
    let router = router(settings, &service, (gate, gauge, &oidc), &stopping).await?;
    if let Some(rounds) = Rounds::new(&settings.witnesses, &service).await? {
        tokio::spawn(rounds.follow(stopping.clone()));
    }
    tokio::spawn(Arc::clone(&oidc).follow(stopping.clone()));
    let secured = tls.clone();
    if let Some(tls) = tls.clone() {
        tokio::spawn(tls.follow(stopping.clone()));
    } else if !address.ip().is_loopback() {
        tracing::warn!(
            %address,
            "NO TLS: tokens and evidence cross the network for everybody to read; set tls-certificate \
             and tls-key, or listen on loopback behind a proxy that ends TLS"
        );
    }
    let mut stopped = stopping;
    let serving = tokio::spawn(async move {
        let signal = async move {
            // An error says that nobody can stop the server any more.
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        let served = match secured {
            Some(tls) => {
                let incoming = connections(listener, tls, door);
                router.serve_with_incoming_shutdown(incoming, signal).await
            }
            None => router.serve_with_incoming_shutdown(plain(listener, door), signal).await,
        };
        Ok(served?)
    });
    let secure = tls.is_some();
    tracing::info!(%address, data = %settings.data.display(), created, tls = secure, "serving");
    let drain = settings.drain();
    Ok(Running { address, tiles_address, created, service, tls, oidc, stop, serving, tiles, drain })
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let refused = |source| ServeError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    Ok((listener, address))
}

/// Serves tiles in the background, with TLS if calls are.
fn serve_tiles(
    tiles: Tiles,
    (listener, address): (TcpListener, SocketAddr),
    tls: Option<Arc<Tls>>,
    door: Door,
    stopping: &watch::Receiver<bool>,
) -> JoinHandle<()> {
    let (stopping, secure) = (stopping.clone(), tls.is_some());
    if !secure && !address.ip().is_loopback() {
        tracing::warn!(%address, "NO TLS: tokens and tiles cross the network for everybody to read");
    }
    tracing::info!(%address, tls = secure, "serving tiles");
    match tls {
        Some(tls) => {
            let door = Door { speaks: Speaks::Http1, ..door };
            tokio::spawn(tiles.serve(connections(listener, tls, door), stopping))
        }
        None => tokio::spawn(tiles.serve(plain(listener, door), stopping)),
    }
}

async fn router(
    settings: &Settings,
    service: &Arc<Service>,
    (gate, gauge, oidc): (Gate, Arc<Gauge>, &Arc<Oidc>),
    stopping: &watch::Receiver<bool>,
) -> Result<tonic::transport::server::Router, ServeError> {
    let (oidc, stop) = (Arc::clone(oidc), stopping.clone());
    let api = Api { service: Arc::clone(service), oidc: Arc::clone(&oidc), stopping: stop };
    // Behind the gate, so that limits are those of a principal who is known.
    macro_rules! guarded {
        ($server:expr) => {{
            let limited = Limited::new($server, Arc::clone(&gauge));
            let gated = InterceptedService::new(limited, gate.clone());
            Admitted::new(gated, Arc::clone(&oidc), Arc::clone(service))
        }};
    }
    macro_rules! gated {
        ($server:path) => {{
            let server = <$server>::new(api.clone())
                .max_decoding_message_size(MOST_MESSAGE_BYTES)
                .max_encoding_message_size(MOST_MESSAGE_BYTES);
            guarded!(server)
        }};
    }
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_service_status("", tonic_health::ServingStatus::Serving).await;
    let mut not_serving = stopping.clone();
    tokio::spawn(async move {
        if not_serving.wait_for(|stop| *stop).await.is_ok() {
            health.set_service_status("", tonic_health::ServingStatus::NotServing).await;
        }
    });
    let mut router = Server::builder()
        .concurrency_limit_per_connection(settings.calls_per_connection as usize)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .http2_keepalive_interval(Some(KEEP_ALIVE.0))
        .http2_keepalive_timeout(Some(KEEP_ALIVE.1))
        .http2_max_header_list_size(MOST_METADATA_BYTES)
        .max_concurrent_streams(MOST_STREAMS_OF_CONNECTION)
        .trace_fn(|request| {
            if let Some(caller) = request.extensions().get::<tls::Caller>() {
                caller.course().asked();
            }
            tracing::info_span!("call", method = request.uri().path())
        })
        .add_service(health_service)
        .add_service(gated!(wire::unit_service_server::UnitServiceServer<_>))
        .add_service(gated!(wire::evidence_service_server::EvidenceServiceServer<_>))
        .add_service(gated!(wire::rating_service_server::RatingServiceServer<_>))
        .add_service(gated!(wire::level_service_server::LevelServiceServer<_>))
        .add_service(gated!(wire::model_service_server::ModelServiceServer<_>))
        .add_service(gated!(wire::event_service_server::EventServiceServer<_>))
        .add_service(gated!(wire::principal_service_server::PrincipalServiceServer<_>))
        .add_service(gated!(wire::role_service_server::RoleServiceServer<_>))
        .add_service(gated!(wire::duty_service_server::DutyServiceServer<_>))
        .add_service(gated!(wire::source_service_server::SourceServiceServer<_>))
        .add_service(gated!(wire::attachment_service_server::AttachmentServiceServer<_>))
        .add_service(gated!(wire::erasure_service_server::ErasureServiceServer<_>))
        .add_service(gated!(wire::appraisal_service_server::AppraisalServiceServer<_>))
        .add_service(gated!(wire::projection_service_server::ProjectionServiceServer<_>))
        .add_service(gated!(wire::backup_service_server::BackupServiceServer<_>))
        .add_service(gated!(wire::clock_service_server::ClockServiceServer<_>))
        .add_service(gated!(wire::claim_service_server::ClaimServiceServer<_>))
        .add_service(gated!(wire::proof_service_server::ProofServiceServer<_>))
        .add_service(gated!(wire::audit_service_server::AuditServiceServer<_>));
    if settings.reflection {
        let sets = || {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(wire::FILE_DESCRIPTOR_SET)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        };
        router = router
            .add_service(guarded!(sets().build_v1()?))
            .add_service(guarded!(sets().build_v1alpha()?));
    }
    Ok(router)
}

impl Running {
    /// The file of the first admin token.
    #[must_use]
    pub fn admin_token(&self) -> std::path::PathBuf {
        self.service.directory().admin_token()
    }

    /// The key that verifies the log's checkpoints.
    #[must_use]
    pub fn checkpoint_key(&self) -> Option<String> {
        self.service.checkpoint_key().ok().map(|key| key.to_string())
    }

    /// Whether it speaks TLS.
    #[must_use]
    pub const fn is_secure(&self) -> bool {
        self.tls.is_some()
    }

    /// Looks at the files of TLS now; if they changed and can be used, new connections use them.
    ///
    /// # Errors
    ///
    /// [`TlsError`] when they cannot be used: those before stay in use then.
    pub async fn look_at_tls(&self) -> Result<(), TlsError> {
        match &self.tls {
            Some(tls) => tls.look_now().await,
            None => Ok(()),
        }
    }

    /// Looks at the files of identity providers' keys now; those that cannot be used are logged, and
    /// those before stay in use.
    pub async fn look_at_keys(&self) {
        self.oidc.look_now().await;
    }

    /// Takes no more calls, finishes those in flight within the deadline, and closes the log.
    pub async fn stop(self) -> Result<(), ServeError> {
        self.stop.send_replace(true);
        let mut serving = self.serving;
        match tokio::time::timeout(self.drain, &mut serving).await {
            Ok(ended) => ended.map_err(|_| ServeError::Task)??,
            Err(_) => {
                tracing::warn!("calls in flight passed the deadline and are dropped");
                serving.abort();
            }
        }
        if let Some(tiles) = self.tiles {
            let abort = tiles.abort_handle();
            if tokio::time::timeout(self.drain, tiles).await.is_err() {
                abort.abort();
            }
        }
        self.service.close().await?;
        // Streams that ended may still hold the service for a moment: then the directory is free.
        let gone = self.service.gone();
        drop(self.service);
        if tokio::time::timeout(self.drain, gone).await.is_err() {
            tracing::warn!("a call still holds the data directory past the deadline");
        }
        tracing::info!("stopped");
        Ok(())
    }

    /// Resolves if serving ends by itself, which it should not.
    pub async fn ended(&mut self) -> Result<(), ServeError> {
        (&mut self.serving).await.map_err(|_| ServeError::Task)?
    }
}

/// A failed write or sync ends the process: what was not acknowledged may not be there.
fn ended(error: &LogError) {
    tracing::error!(%error, "the log can no longer keep its promises: the process ends");
    std::process::abort();
}

fn told(progress: Progress) {
    match progress {
        Progress::Copying { done, total } => {
            tracing::info!(done, total, "copying the log aside before recovery");
        }
        Progress::Reading { done, total } => {
            tracing::debug!(done, total, "reading the log's files");
        }
        Progress::Opening => tracing::info!("opening the log"),
        Progress::Verifying { records, expected } => {
            tracing::debug!(records, expected, "verifying the log");
        }
        Progress::VerifyingBehind { records, expected } => {
            tracing::debug!(records, expected, "verifying what was verified before");
        }
    }
}
