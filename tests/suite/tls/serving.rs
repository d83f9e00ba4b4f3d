//! What is served with, and what those get who do not speak TLS or say nothing.

use std::sync::Arc;
use std::time::Duration;

use expect_test::expect;
use gradus_server::Settings;
use gradus_wire::v1 as wire;
use gradus_wire::v1::subscribe_events_response::Update;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{Secure, start, who, write};
use crate::authority::Authority;
use crate::machine::Clocks;

impl Secure {
    /// The certificate that a new connection is shown.
    async fn shown(&self) -> Vec<u8> {
        let mut roots = RootCertStore::empty();
        let pem = self.authority.pem();
        roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider);
        let config = config.with_safe_default_protocol_versions().unwrap();
        let config = config.with_root_certificates(roots).with_no_client_auth();
        let stream = TcpStream::connect(self.running.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
    }

    /// What is answered at a path of the tiles, over HTTP/1.1.
    async fn tile(&self, path: &str) -> String {
        let mut roots = RootCertStore::empty();
        let pem = self.authority.pem();
        roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider);
        let config = config.with_safe_default_protocol_versions().unwrap();
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let stream = TcpStream::connect(self.running.tiles_address.unwrap()).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        let bearer = self.bearer();
        let asked = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Authorization: {bearer}\r\n\r\n"
        );
        stream.write_all(asked.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A server that closes need not say so first.
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token())
    }
}

fn register(name: &str) -> wire::RegisterUnitRequest {
    wire::RegisterUnitRequest {
        kind: wire::UnitKind::Project.into(),
        name: name.to_owned(),
        team: "team".to_owned(),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_certificate_is_replaced_while_serving_and_open_connections_go_on() {
    let secure = Secure::new().await;
    assert_eq!(secure.shown().await, secure.server.der);
    let before = secure.operator().await;
    let asked = wire::SubscribeEventsRequest {
        types: vec!["unit-registered".to_owned()],
        view: wire::EventView::Full.into(),
        ..Default::default()
    };
    let mut stream = before.events.clone().subscribe_events(asked).await.unwrap().into_inner();

    let renewed = secure.authority.signs("localhost");
    write(&secure.directory, &renewed, &secure.clients);
    secure.running.look_at_tls().await.unwrap();
    assert_eq!(secure.shown().await, renewed.der);

    let after = secure.operator().await;
    after.units.clone().register_unit(register("alpha")).await.unwrap();
    let mut bodies = String::new();
    while !bodies.contains("\"alpha\"") {
        let update = stream.message().await.unwrap().expect("the stream goes on").update;
        if let Some(Update::Events(batch)) = update {
            bodies.extend(batch.events.into_iter().map(|event| event.body_json));
        }
    }
    before.units.clone().register_unit(register("beta")).await.unwrap();
}

#[tokio::test]
async fn files_that_cannot_be_used_change_nothing_and_are_named() {
    let secure = Secure::new().await;
    let other = secure.authority.signs("localhost");
    let mut told = Vec::new();
    for (file, text) in [
        ("server.pem", String::new()),
        ("server.pem", "-----BEGIN CERTIFICATE-----\n%%\n-----END CERTIFICATE-----\n".to_owned()),
        ("server.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned()),
        ("server.key", "no key".to_owned()),
        ("server.key", other.key.serialize_pem()),
        ("clients.pem", secure.server.key.serialize_pem()),
    ] {
        std::fs::write(secure.path(file), text).unwrap();
        let error = secure.running.look_at_tls().await.unwrap_err().to_string();
        let folder = secure.directory.path().display().to_string();
        told.push(error.replace(&folder, ""));
        assert_eq!(secure.shown().await, secure.server.der, "{error}");
        write(&secure.directory, &secure.server, &secure.clients);
        secure.running.look_at_tls().await.unwrap();
    }
    std::fs::remove_file(secure.path("server.key")).unwrap();
    let error = secure.running.look_at_tls().await.unwrap_err().to_string();
    assert!(error.starts_with("`tls-key`: cannot read "), "{error}");
    assert_eq!(secure.shown().await, secure.server.der);
    expect![[r#"
        `tls-certificate`: /server.pem: it has no certificate in PEM (BEGIN CERTIFICATE)
        `tls-certificate`: /server.pem: it is no PEM: base64 decode error: InvalidCharacter(37)
        `tls-certificate`: /server.pem: its certificate cannot be used: BadEncoding
        `tls-key`: /server.key: it has no private key in PEM (BEGIN PRIVATE KEY, not encrypted)
        `tls-key`: /server.key: it is not the key of the certificate in /server.pem
        `tls-client-authorities`: /clients.pem: it has no certificate in PEM (BEGIN CERTIFICATE)
    "#]]
    .assert_eq(&(told.join("\n") + "\n"));

    write(&secure.directory, &other, &secure.clients);
    secure.running.look_at_tls().await.unwrap();
    assert_eq!(secure.shown().await, other.der, "once they are whole, they are used");
}

#[tokio::test]
async fn a_server_does_not_start_without_files_that_can_be_used() {
    let directory = tempfile::tempdir().unwrap();
    let clocks = Clocks::at("2026-06-01T12:00:00Z");
    let authority = Authority::new("servers");
    write(&directory, &authority.signs("localhost"), &authority);
    std::fs::write(directory.path().join("server.key"), "no key").unwrap();
    let error = start(&directory, &clocks, |_| ()).await.err().unwrap().to_string();
    assert!(error.starts_with("`tls-key`: ") && error.contains("has no private key"), "{error}");
    let half = start(&directory, &clocks, |settings| settings.tls_key = None).await;
    let error = half.err().unwrap().to_string();
    assert_eq!(error, "`tls-certificate` is set, but `tls-key` is not: TLS needs both");
    assert!(!directory.path().join("data").exists(), "nothing was made");
}

#[tokio::test]
async fn who_speaks_no_tls_learns_nothing() {
    let secure = Secure::new().await;
    let mut stream = TcpStream::connect(secure.running.address).await.unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let alert = [21, 3, 3, 0, 2, 2];
    assert!(answer.len() == 7 && answer.starts_with(&alert), "an alert and the end: {answer:?}");
    let plain =
        tonic::transport::Endpoint::from_shared(format!("http://{}", secure.running.address));
    let mut health =
        tonic_health::pb::health_client::HealthClient::new(plain.unwrap().connect_lazy());
    let asked = tonic_health::pb::HealthCheckRequest::default();
    assert!(health.check(asked).await.is_err(), "not even health");
}

#[tokio::test]
async fn silent_clients_keep_nobody_out() {
    let secure = Secure::new().await;
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(TcpStream::connect(secure.running.address).await.unwrap());
    }
    assert_eq!(who(&secure.channel(None).await, Some(&secure.bearer())).await, "operator by token");
    // They are connected still: nobody had to give way.
    for mut stream in silent {
        let mut byte = [0];
        let end = tokio::time::timeout(Duration::ZERO, stream.read(&mut byte)).await;
        assert!(end.is_err(), "{end:?}");
    }
}

#[tokio::test]
async fn tiles_are_served_over_tls_where_calls_are() {
    let change = |all: &mut Settings| all.tiles_address = Some("127.0.0.1:0".parse().unwrap());
    let secure = Secure::with(change).await;
    let checkpoint = secure.tile("/checkpoint").await;
    assert!(checkpoint.starts_with("HTTP/1.1 200 OK\r\n"), "{checkpoint}");
    assert!(checkpoint.contains("\r\n\r\ngradus/"), "{checkpoint}");
    let nothing = secure.tile("/tile/5/000").await;
    assert!(nothing.starts_with("HTTP/1.1 404 Not Found\r\n"), "{nothing}");
}
