//! The real server, and what an operator does before evidence comes.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use gradus_server::settings::Limits;
use gradus_server::{Running, Settings};
use gradus_wire::v1 as wire;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Status};
use wire::event_service_client::EventServiceClient;
use wire::evidence_service_client::EvidenceServiceClient;
use wire::level_service_client::LevelServiceClient;
use wire::principal_service_client::PrincipalServiceClient;
use wire::projection_service_client::ProjectionServiceClient;
use wire::proof_service_client::ProofServiceClient;
use wire::rating_service_client::RatingServiceClient;
use wire::role_service_client::RoleServiceClient;
use wire::unit_service_client::UnitServiceClient;

use crate::items::units;
use crate::process::{Server, free_address};

/// The most bytes of an answer.
const MOST_ANSWER: usize = 64 << 20;
/// A year and more before any evidence.
const SINCE: prost_types::Timestamp = prost_types::Timestamp { seconds: 1_400_000_000, nanos: 0 };

/// Sends a token with every call; none where it is empty.
#[derive(Clone)]
pub(crate) struct Bearer(Option<MetadataValue<Ascii>>);

impl Bearer {
    pub(crate) fn new(token: &str) -> Self {
        let sent = format!("Bearer {token}").parse().expect("a token");
        Self(Some(sent).filter(|_| !token.is_empty()))
    }
}

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(bearer) = &self.0 {
            request.metadata_mut().insert("authorization", bearer.clone());
        }
        Ok(request)
    }
}

/// A connection that sends a token.
pub(crate) type Line = InterceptedService<Channel, Bearer>;

pub(crate) async fn connected(address: SocketAddr) -> Channel {
    let endpoint = Channel::from_shared(format!("http://{address}")).expect("an address");
    endpoint.connect().await.expect("a connection")
}

/// Starts a server on a directory, with the machine's clock.
pub(crate) async fn start(folder: &Path, limits: Limits) -> Running {
    let settings = Settings {
        data: folder.join("data"),
        listen: ([127, 0, 0, 1], 0).into(),
        limits,
        ..Settings::default()
    };
    gradus_server::start(&settings, gradus_server::Machine::real()).await.expect("a server")
}

/// Starts our server in a process of its own: this program again, or the one in `GRADUS_PROGRAM`.
pub(crate) fn serve(folder: &Path) -> Result<Server, String> {
    let Some(program) = std::env::var_os("GRADUS_PROGRAM") else {
        return Server::start("gradus", folder);
    };
    let (address, data) = (free_address(), folder.join("data"));
    let mut command = Command::new(program);
    command.arg("serve").arg("--listen").arg(address.to_string()).arg("--data").arg(&data);
    // Programs from before the limits do not know this, and need not.
    command.env("GRADUS_NO_LIMITS", "true");
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().map_err(|error| error.to_string())?;
    let mut server = Server::other(child, address)?;
    let token = data.join("admin.token");
    let until = Instant::now() + Duration::from_mins(1);
    while !answers(address) && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(10));
    }
    let token = std::fs::read_to_string(token).map_err(|error| error.to_string())?;
    token.trim().clone_into(&mut server.secret);
    Ok(server)
}

/// Whether calls are answered: the port is taken before the log is read.
fn answers(address: SocketAddr) -> bool {
    use std::io::{Read as _, Write as _};
    let Ok(mut stream) = std::net::TcpStream::connect(address) else { return false };
    let _ = stream.set_read_timeout(Some(Duration::from_millis(100)));
    // The preface of HTTP/2 and empty settings; a server that serves answers with its own.
    let hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    stream.write_all(hello).is_ok() && stream.read(&mut [0; 9]).is_ok_and(|read| read > 0)
}

/// The clients of one principal, on one connection.
pub(crate) struct Clients {
    channel: Channel,
    bearer: Bearer,
}

impl Clients {
    pub(crate) async fn connect(server: &Server, token: &str) -> Self {
        Self { channel: connected(server.address).await, bearer: Bearer::new(token) }
    }

    fn line(&self) -> (Channel, Bearer) {
        (self.channel.clone(), self.bearer.clone())
    }

    pub(crate) fn evidence(&self) -> EvidenceServiceClient<Line> {
        let (channel, bearer) = self.line();
        let client = EvidenceServiceClient::with_interceptor(channel, bearer);
        client.max_decoding_message_size(MOST_ANSWER)
    }

    pub(crate) fn levels(&self) -> LevelServiceClient<Line> {
        let (channel, bearer) = self.line();
        LevelServiceClient::with_interceptor(channel, bearer)
    }

    pub(crate) fn events(&self) -> EventServiceClient<Line> {
        let (channel, bearer) = self.line();
        let client = EventServiceClient::with_interceptor(channel, bearer);
        client.max_decoding_message_size(MOST_ANSWER)
    }

    pub(crate) fn proofs(&self) -> ProofServiceClient<Line> {
        let (channel, bearer) = self.line();
        ProofServiceClient::with_interceptor(channel, bearer)
    }

    pub(crate) fn projections(&self) -> ProjectionServiceClient<Line> {
        let (channel, bearer) = self.line();
        ProjectionServiceClient::with_interceptor(channel, bearer)
    }

    /// Registers the projects, rates some practices of each, and returns the token of a service
    /// whose evidence counts on arrival.
    pub(crate) async fn prepare(&self) -> String {
        self.prepare_units(units()).await
    }

    /// As [`Clients::prepare`], with so many projects.
    pub(crate) async fn prepare_units(&self, many: u64) -> String {
        let token = self.collector("scanner", "organization").await;
        let (channel, bearer) = self.line();
        let mut units = UnitServiceClient::with_interceptor(channel, bearer);
        let asked = wire::AdoptRulesRequest {
            unit: "organization".to_owned(),
            document: "trusted-tools".to_owned(),
            effective_at: Some(SINCE),
            ..Default::default()
        };
        units.adopt_rules(asked).await.expect("rules");
        for number in 0..many {
            let name = format!("project-{number}");
            let asked = wire::RegisterUnitRequest {
                kind: wire::UnitKind::Project.into(),
                name: name.clone(),
                team: format!("team-{}", number % 8),
                effective_at: Some(SINCE),
                ..Default::default()
            };
            units.register_unit(asked).await.expect("a project");
            self.rate(&name).await;
        }
        token
    }

    /// The token of a new service that submits evidence to a unit.
    pub(crate) async fn collector(&self, name: &str, unit: &str) -> String {
        let (channel, bearer) = self.line();
        let mut principals = PrincipalServiceClient::with_interceptor(channel, bearer);
        let kind = wire::PrincipalKind::Service.into();
        let added = wire::AddPrincipalRequest { append: None, name: name.to_owned(), kind };
        principals.add_principal(added).await.expect("a principal");
        let (channel, bearer) = self.line();
        let granted = wire::GrantRoleRequest {
            principal: name.to_owned(),
            role: wire::Role::Collector.into(),
            unit: unit.to_owned(),
            ..Default::default()
        };
        let mut roles = RoleServiceClient::with_interceptor(channel, bearer);
        roles.grant_role(granted).await.expect("a role");
        let asked = wire::IssueTokenRequest { principal: name.to_owned(), ..Default::default() };
        principals.issue_token(asked).await.expect("a token").into_inner().secret
    }

    async fn rate(&self, unit: &str) {
        let (channel, bearer) = self.line();
        let mut ratings = RatingServiceClient::with_interceptor(channel, bearer);
        let rating = |number| wire::RatingInput {
            practice: format!("BP.11.{number:02}"),
            value: wire::Value::Satisfied.into(),
            effective_at: Some(SINCE),
            rationale: "seen in the review".to_owned(),
            ..Default::default()
        };
        let ratings_of_area = (1..=5).map(rating).collect();
        let asked = wire::RatePracticesRequest {
            unit: unit.to_owned(),
            append: None,
            ratings: ratings_of_area,
        };
        ratings.rate_practices(asked).await.expect("ratings");
    }
}
