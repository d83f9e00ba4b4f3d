//! TLS: files that change while serving, and client certificates as credentials.

mod certificates;
mod serving;

use std::path::PathBuf;

use gradus_server::{Running, ServeError, Settings};
use gradus_wire::v1 as wire;
use prost::Message as _;
use tempfile::TempDir;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

use crate::authority::{Authority, Leaf};
use crate::machine::Clocks;
use crate::raw;
use crate::running::{Principal, refusal, settings};

/// A server that speaks TLS as `localhost`, with those who sign for it and for its clients.
struct Secure {
    directory: TempDir,
    running: Running,
    clocks: Clocks,
    authority: Authority,
    clients: Authority,
    server: Leaf,
}

impl Secure {
    async fn new() -> Self {
        Self::with(|_| ()).await
    }

    /// A server with other settings.
    async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let authority = Authority::new("servers");
        let clients = Authority::new("clients");
        let server = authority.signs("localhost");
        write(&directory, &server, &clients);
        let clocks = Clocks::at("2026-06-01T12:00:00Z");
        let running = start(&directory, &clocks, change).await.unwrap();
        Self { directory, running, clocks, authority, clients, server }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The server on the same directory, as it comes back after a stop.
    async fn restarted(self) -> Self {
        self.running.stop().await.unwrap();
        let clocks = self.clocks.rebooted();
        let running = start(&self.directory, &clocks, |_| ()).await.unwrap();
        Self { running, clocks, ..self }
    }

    /// A connection that trusts the server's authority, with a client certificate or without.
    async fn connect(&self, leaf: Option<&Leaf>) -> Result<Channel, tonic::transport::Error> {
        let config = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(self.authority.pem()))
            .domain_name("localhost");
        let config = match leaf {
            Some(leaf) => config.identity(Identity::from_pem(&leaf.pem, leaf.key.serialize_pem())),
            None => config,
        };
        let endpoint = Endpoint::from_shared(format!("https://{}", self.running.address)).unwrap();
        endpoint.tls_config(config).unwrap().connect().await
    }

    async fn channel(&self, leaf: Option<&Leaf>) -> Channel {
        self.connect(leaf).await.unwrap()
    }

    fn token(&self) -> String {
        std::fs::read_to_string(self.running.admin_token()).unwrap().trim().to_owned()
    }

    async fn operator(&self) -> Principal {
        Principal::new(&self.channel(None).await, &self.token())
    }
}

/// Puts what a server needs where its settings look for it.
fn write(directory: &TempDir, server: &Leaf, clients: &Authority) {
    let put = |name: &str, text: String| std::fs::write(directory.path().join(name), text).unwrap();
    put("server.pem", server.pem.clone());
    put("server.key", server.key.serialize_pem());
    put("clients.pem", clients.pem());
}

async fn start(
    directory: &TempDir,
    clocks: &Clocks,
    change: impl FnOnce(&mut Settings),
) -> Result<Running, ServeError> {
    let path = |name: &str| Some(directory.path().join(name));
    let mut settings = Settings {
        tls_certificate: path("server.pem"),
        tls_key: path("server.key"),
        tls_client_authorities: path("clients.pem"),
        ..settings(directory.path())
    };
    change(&mut settings);
    Box::pin(gradus_server::start(&settings, clocks.machine())).await
}

/// Who calls, and how that was proved: `operator by token`.
async fn who(channel: &Channel, authorization: Option<&str>) -> String {
    let path = "/gradus.v1.PrincipalService/WhoAmI";
    match raw::call(channel, authorization, path, Vec::new()).await {
        Ok(answer) => {
            let answer = wire::WhoAmIResponse::decode(answer.as_slice()).unwrap();
            let (token, certificate) = (answer.token.is_some(), answer.certificate.is_some());
            let by = match (answer.grade(), token, certificate) {
                (wire::Grade::Token, true, false) => "token",
                (wire::Grade::Mtls, false, true) => "certificate",
                other => panic!("{other:?}"),
            };
            format!("{} by {by}", answer.principal.unwrap().name)
        }
        Err(status) => refusal(&status),
    }
}
