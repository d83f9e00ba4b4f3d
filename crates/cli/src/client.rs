//! The connection to a server, and how calls are made.
//!
//! A call that gets no answer is sent again, at most four times, as it was: appends carry a
//! request id, so that the log takes them once. So is one that the server was too busy for, or that
//! was over a limit, after the time that it says. All tries together have one deadline.

use std::net::IpAddr;
use std::time::Duration;

use gradus_wire::v1;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Response, Status};
use tonic_types::StatusExt as _;
use v1::appraisal_service_client::AppraisalServiceClient;
use v1::attachment_service_client::AttachmentServiceClient;
use v1::audit_service_client::AuditServiceClient;
use v1::backup_service_client::BackupServiceClient;
use v1::claim_service_client::ClaimServiceClient;
use v1::clock_service_client::ClockServiceClient;
use v1::duty_service_client::DutyServiceClient;
use v1::erasure_service_client::ErasureServiceClient;
use v1::event_service_client::EventServiceClient;
use v1::evidence_service_client::EvidenceServiceClient;
use v1::level_service_client::LevelServiceClient;
use v1::model_service_client::ModelServiceClient;
use v1::principal_service_client::PrincipalServiceClient;
use v1::projection_service_client::ProjectionServiceClient;
use v1::proof_service_client::ProofServiceClient;
use v1::rating_service_client::RatingServiceClient;
use v1::role_service_client::RoleServiceClient;
use v1::source_service_client::SourceServiceClient;
use v1::unit_service_client::UnitServiceClient;

use crate::error::{CliError, is_unreachable};
use crate::tls::TlsFiles;

/// How often a call is sent again.
pub const RETRIES: u32 = 4;

/// A channel that puts the token on each call.
pub type Wire = InterceptedService<Channel, Credentials>;

/// The bearer token of each call.
#[derive(Clone)]
pub struct Credentials(Option<MetadataValue<Ascii>>);

impl Interceptor for Credentials {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(bearer) = &self.0 {
            request.metadata_mut().insert("authorization", bearer.clone());
        }
        Ok(request)
    }
}

/// A server, as one principal sees it.
#[derive(Clone)]
pub struct Client {
    server: String,
    tls: TlsFiles,
    wire: Wire,
    timeout: Duration,
    /// Whether neither a token nor a certificate says who asks.
    anonymous: bool,
}

macro_rules! services {
    ($( $(#[$meta:meta])* $name:ident $client:ident, )+) => {
        impl Client {
            $( $(#[$meta])*
            #[must_use]
            pub fn $name(&self) -> $client<Wire> {
                $client::new(self.wire.clone())
            } )+
        }
    };
}

services! {
    /// The units.
    units UnitServiceClient,
    /// The evidence.
    evidence EvidenceServiceClient,
    /// The ratings.
    ratings RatingServiceClient,
    /// The levels.
    levels LevelServiceClient,
    /// The log.
    events EventServiceClient,
    /// The held documents.
    models ModelServiceClient,
    /// The principals.
    principals PrincipalServiceClient,
    /// The roles.
    roles RoleServiceClient,
    /// Conflicts of interest.
    duties DutyServiceClient,
    /// The sources that are distrusted.
    sources SourceServiceClient,
    /// The attachments.
    attachments AttachmentServiceClient,
    /// Erasure, retention and legal holds.
    erasure ErasureServiceClient,
    /// The appraisals.
    appraisals AppraisalServiceClient,
    /// The projections.
    projections ProjectionServiceClient,
    /// Backups.
    backup BackupServiceClient,
    /// The clock.
    clock ClockServiceClient,
    /// The claim rules.
    claims ClaimServiceClient,
    /// Checkpoints and proofs.
    proofs ProofServiceClient,
    /// What auditors ask.
    audit AuditServiceClient,
}

impl Client {
    /// A client of the server at `server`, which is connected to at the first call.
    pub fn new(server: &str, token: Option<&str>, timeout: Duration) -> Result<Self, CliError> {
        Self::secured(server, token, timeout, &TlsFiles::default())
    }

    /// The same, with the files of TLS that an address with https is to be spoken to with.
    pub fn secured(
        server: &str,
        token: Option<&str>,
        timeout: Duration,
        tls: &TlsFiles,
    ) -> Result<Self, CliError> {
        let endpoint = Endpoint::from_shared(server.to_owned())
            .and_then(|endpoint| endpoint.user_agent(concat!("gradus/", env!("CARGO_PKG_VERSION"))))
            .map_err(|_| {
                let hint = "write it with scheme and port, such as http://127.0.0.1:7350";
                CliError::usage(format!("`{server}` is no address of a server"), hint)
            })?;
        let endpoint = if server.starts_with("https:") { tls.secure(endpoint)? } else { endpoint };
        let bearer = token.map(|token| MetadataValue::try_from(format!("Bearer {token}")));
        let mut bearer = bearer.transpose().map_err(|_| {
            CliError::usage("the token has characters that no token has", "look at --token-file")
        })?;
        if let Some(bearer) = &mut bearer {
            bearer.set_sensitive(true);
        }
        let anonymous = bearer.is_none() && tls.certificate.is_none();
        let channel = endpoint.connect_timeout(timeout).tcp_nodelay(true).connect_lazy();
        let wire = InterceptedService::new(channel, Credentials(bearer));
        Ok(Self { server: server.to_owned(), tls: tls.clone(), wire, timeout, anonymous })
    }

    /// The server's address.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Whether the server is on this machine, where nobody listens in.
    #[must_use]
    pub fn is_local(&self) -> bool {
        is_local(&self.server)
    }

    /// How long a call may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// What a status of this server means.
    #[must_use]
    pub fn error(&self, status: Status) -> CliError {
        if self.anonymous && status.code() == Code::Unauthenticated {
            return CliError::anonymous(&self.server);
        }
        CliError::from_status(status, &self.server, self.timeout)
    }

    /// The same, after a look at what the server speaks where all there was is a broken connection.
    async fn explained(&self, status: Status) -> CliError {
        let error = self.error(status);
        match error {
            CliError::Unreachable { .. } => match self.tls.looked_into(&self.server).await {
                Some(trouble) => CliError::insecure(&self.server, trouble),
                None => error,
            },
            other => other,
        }
    }

    /// Sends a request until there is an answer, the retries are used up, or the time is.
    pub async fn call<Q: Clone, R>(
        &self,
        request: Q,
        send: impl AsyncFn(Request<Q>) -> Result<Response<R>, Status>,
    ) -> Result<R, CliError> {
        let tries = async {
            let mut retry = 0;
            loop {
                let mut once = Request::new(request.clone());
                once.set_timeout(self.timeout);
                match send(once).await {
                    Ok(response) => return Ok(response.into_inner()),
                    Err(status) if retry < RETRIES && may_be_repeated(&status) => {
                        retry += 1;
                        tokio::time::sleep(come_back(&status).unwrap_or_default()).await;
                        wait_before(retry).await?;
                    }
                    Err(status) => return Err(self.explained(status).await),
                }
            }
        };
        match tokio::time::timeout(self.timeout, tries).await {
            Ok(result) => result,
            Err(_) => Err(self.error(Status::deadline_exceeded("no answer"))),
        }
    }
}

/// When to come back, if the server did nothing because it or the caller was too busy.
#[must_use]
pub fn come_back(status: &Status) -> Option<Duration> {
    let reason = status.get_details_error_info()?.reason;
    let busy = matches!(reason.as_str(), "RATE_LIMITED" | "QUEUE_FULL");
    status.get_details_retry_info().filter(|_| busy)?.retry_delay
}

/// Whether the same call may do better in a moment.
#[must_use]
pub fn may_be_repeated(status: &Status) -> bool {
    is_unreachable(status) || come_back(status).is_some()
}

/// Waits before the given retry, from 1: between half and all of 100, 200, 400, 800 ms.
pub async fn wait_before(retry: u32) -> Result<(), CliError> {
    let longest = 100_u64 << retry.saturating_sub(1).min(3);
    let half = longest / 2;
    let jitter = getrandom::u64()? % (half + 1);
    tokio::time::sleep(Duration::from_millis(half + jitter)).await;
    Ok(())
}

/// Whether an address is on this machine, where nobody listens in.
pub(crate) fn is_local(server: &str) -> bool {
    let Ok(uri) = server.parse::<tonic::codegen::http::Uri>() else { return false };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_loopback_address_is_local() {
        for server in ["http://127.0.0.1:7350", "http://[::1]:7350", "http://localhost:1"] {
            assert!(is_local(server), "{server}");
        }
        for server in ["http://10.0.0.1:7350", "http://localhost.example:1", "127", ""] {
            assert!(!is_local(server), "{server}");
        }
    }
    use std::sync::atomic::{AtomicU32, Ordering};

    fn client(timeout: Duration) -> Client {
        Client::new("http://127.0.0.1:1", None, timeout).unwrap()
    }

    /// What a server says that is too busy for a call for 3 s.
    fn busy(reason: &str) -> Status {
        let mut details = tonic_types::ErrorDetails::with_error_info(reason, "gradus.v1", []);
        details.set_retry_info(Some(Duration::from_secs(3)));
        Status::with_error_details(tonic::Code::ResourceExhausted, "busy", details)
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_over_a_limit_is_sent_again_after_the_time_that_the_server_says() {
        let sent = std::sync::Mutex::new(Vec::new());
        let begun = tokio::time::Instant::now();
        let client = client(Duration::from_secs(30));
        let answer = client.call((), async |_| {
            let mut sent = sent.lock().unwrap();
            sent.push(begun.elapsed());
            if sent.len() < 3 { Err(busy("RATE_LIMITED")) } else { Ok(Response::new(7)) }
        });
        assert_eq!(answer.await.unwrap(), 7);
        let sent = sent.into_inner().unwrap();
        assert!(sent.windows(2).all(|pair| pair[1] >= pair[0] + Duration::from_secs(3)));
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_got_no_answer_or_came_too_soon_is_sent_again_and_four_times_at_most() {
        for (status, tries) in [
            (Status::unavailable("stopping"), 5),
            (Status::aborted("stale"), 1),
            (Status::not_found("no"), 1),
            (Status::resource_exhausted("full"), 1),
            (busy("QUEUE_FULL"), 5),
            (busy("RATE_LIMITED"), 5),
            (busy("TOO_MANY_FAILURES"), 1),
        ] {
            let sent = AtomicU32::new(0);
            let client = client(Duration::from_secs(30));
            let result = client.call((), async |_| {
                sent.fetch_add(1, Ordering::Relaxed);
                Err::<Response<()>, _>(status.clone())
            });
            assert!(result.await.is_err());
            assert_eq!(sent.load(Ordering::Relaxed), tries, "{status}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_ends_at_its_deadline() {
        let client = client(Duration::from_secs(2));
        let result =
            client.call((), async |_| std::future::pending::<Result<Response<()>, Status>>().await);
        let error = result.await.unwrap_err().to_string();
        assert_eq!(error, "no answer from http://127.0.0.1:1: none within 2 s");
    }

    #[tokio::test]
    async fn an_address_without_scheme_is_refused() {
        let error = Client::new("127 0", None, Duration::from_secs(1)).err().unwrap();
        assert_eq!(error.to_string(), "`127 0` is no address of a server");
    }
}
