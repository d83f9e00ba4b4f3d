//! The real server on a real socket, and clients of it.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use gradus_server::{Running, Settings};
use gradus_wire::v1 as wire;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Status};
use wire::evidence_service_client::EvidenceServiceClient;
use wire::level_service_client::LevelServiceClient;
use wire::principal_service_client::PrincipalServiceClient;
use wire::rating_service_client::RatingServiceClient;
use wire::role_service_client::RoleServiceClient;
use wire::unit_service_client::UnitServiceClient;

/// Sends a token with every call.
#[derive(Clone)]
pub(crate) struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

pub(crate) type Line = InterceptedService<Channel, Bearer>;
pub(crate) type Levels = LevelServiceClient<Line>;

/// The clients of one principal.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) units: UnitServiceClient<Line>,
    pub(crate) evidence: EvidenceServiceClient<Line>,
    pub(crate) ratings: RatingServiceClient<Line>,
    pub(crate) levels: Levels,
    pub(crate) principals: PrincipalServiceClient<Line>,
    pub(crate) roles: RoleServiceClient<Line>,
}

/// A server that runs, and the token of its operator.
pub(crate) struct System {
    running: Running,
    token: String,
}

/// Microseconds since 1970, now.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    i64::try_from(since.as_micros()).expect("a clock that shows this age")
}

pub(crate) async fn connected(address: std::net::SocketAddr) -> Channel {
    let endpoint = Channel::from_shared(format!("http://{address}")).expect("an address");
    endpoint.connect().await.expect("a connection")
}

impl System {
    /// Starts a server on a directory, with the machine's clock.
    pub(crate) async fn start(directory: &Path) -> Self {
        let settings = Settings {
            data: directory.join("data"),
            listen: ([127, 0, 0, 1], 0).into(),
            limits: gradus_server::settings::Limits::none(),
            ..Settings::default()
        };
        let running = gradus_server::start(&settings, gradus_server::Machine::real());
        let running = running.await.expect("a server");
        let token = std::fs::read_to_string(running.admin_token()).expect("the first token");
        Self { running, token: token.trim().to_owned() }
    }

    /// Clients of the operator on a connection of their own.
    pub(crate) async fn client(&self) -> Client {
        self.client_with(&self.token).await
    }

    /// Clients with a token, on a connection of their own.
    pub(crate) async fn client_with(&self, token: &str) -> Client {
        let channel = connected(self.running.address).await;
        let bearer = Bearer(format!("Bearer {token}").parse().expect("a token"));
        let line = || (channel.clone(), bearer.clone());
        macro_rules! client {
            ($client:ident) => {{
                let (channel, bearer) = line();
                $client::with_interceptor(channel, bearer).max_decoding_message_size(64 << 20)
            }};
        }
        Client {
            units: client!(UnitServiceClient),
            evidence: client!(EvidenceServiceClient),
            ratings: client!(RatingServiceClient),
            levels: client!(LevelServiceClient),
            principals: client!(PrincipalServiceClient),
            roles: client!(RoleServiceClient),
        }
    }

    pub(crate) async fn stop(self) {
        self.running.stop().await.expect("an end in order");
    }
}
