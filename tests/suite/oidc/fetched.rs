//! Keys at an address: fetched over TLS, again when an unknown one shows up, and kept when that fails.

use std::sync::{Arc, Mutex};

use gradus_server::ServeError;
use gradus_server::oidc::Issuer as Trusted;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::issuer::{AUDIENCE, ISSUER, Issuer, job};
use super::{NO_RULE, who};
use crate::authority::Authority;
use crate::machine::Clocks;
use crate::running::System;

const WRONG: &str = "Unauthenticated TOKEN_REFUSED: the token is refused: its signature is wrong";

/// What a server of keys answers with, and how often it was asked.
struct Published {
    answer: Mutex<String>,
    asked: Mutex<u32>,
}

impl Published {
    fn say(&self, status: &str, body: &str) {
        let length = body.len();
        let head =
            format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
        *self.answer.lock().unwrap() = format!("{head}{body}");
    }

    fn asked(&self) -> u32 {
        *self.asked.lock().unwrap()
    }
}

/// Serves keys at `https://localhost:PORT/keys`.
async fn publish(authority: &Authority) -> (Arc<Published>, String) {
    let leaf = authority.signs("localhost");
    let key = PrivateKeyDer::try_from(leaf.key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(leaf.der)], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("localhost:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let published = Arc::new(Published { answer: Mutex::default(), asked: Mutex::default() });
    let told = Arc::clone(&published);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = [0; 4_096];
            let length = stream.read(&mut request).await.unwrap();
            assert!(request[..length].starts_with(b"GET /keys HTTP/1.1\r\n"));
            *told.asked.lock().unwrap() += 1;
            let answer = told.answer.lock().unwrap().clone();
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    (published, format!("https://localhost:{port}/keys"))
}

async fn trusting(url: &str, authority: &Authority) -> Result<System, ServeError> {
    let directory = tempfile::tempdir().unwrap();
    let authorities = directory.path().join("ca.pem");
    std::fs::write(&authorities, authority.pem()).unwrap();
    let clocks = Clocks::at("2026-06-01T12:00:00Z");
    Box::pin(System::start_as(directory, clocks, |settings| {
        settings.oidc = vec![Trusted {
            issuer: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            jwks_file: None,
            jwks_url: Some(url.to_owned()),
            jwks_authorities: Some(authorities),
        }];
    }))
    .await
}

#[tokio::test]
async fn keys_are_fetched_and_fetched_again_for_one_that_is_new() {
    let authority = Authority::new("keys");
    let (published, url) = publish(&authority).await;
    let (first, second) = (Issuer::new(), Issuer::new());
    published.say("200 OK", &first.jwks());
    let system = trusting(&url, &authority).await.unwrap();
    let token = |issuer: &Issuer, system: &System| {
        let header = r#"{"alg":"ES256","kid":"next"}"#;
        issuer.raw(super::issuer::By::Es256, header, &job(system.now()).to_string())
    };
    // No rule is set: who gets as far as that has a token that is right.
    assert_eq!(who(&system, &first.token(&job(system.now()))).await, NO_RULE);
    let asked = published.asked();
    assert!(asked >= 1);

    published.say("200 OK", &second.jwks().replace("\"ec\"", "\"next\""));
    for _ in 0..3 {
        assert_eq!(who(&system, &token(&second, &system)).await, WRONG, "asked a moment ago");
    }
    assert_eq!(published.asked(), asked, "an unknown key is asked for once a minute");
    system.advance(61);
    assert_eq!(who(&system, &token(&second, &system)).await, NO_RULE);
    assert_eq!(published.asked(), asked + 1);

    for (status, body) in [
        ("503 Service Unavailable", "{}".to_owned()),
        ("302 Found", second.jwks()),
        ("200 OK", "{\"keys\":[]}".to_owned()),
        ("200 OK", "x".repeat(300 << 10)),
    ] {
        published.say(status, &body);
        system.advance(901);
        system.look_at_keys().await;
        assert_eq!(who(&system, &token(&second, &system)).await, NO_RULE, "{status}");
    }
    assert_eq!(published.asked(), asked + 5);
}

#[tokio::test]
async fn who_cannot_prove_to_be_the_address_gives_no_keys() {
    let (authority, other) = (Authority::new("keys"), Authority::new("other"));
    let (published, url) = publish(&other).await;
    let issuer = Issuer::new();
    published.say("200 OK", &issuer.jwks());
    let system = trusting(&url, &authority).await.unwrap();
    assert_eq!(who(&system, &issuer.token(&job(system.now()))).await, WRONG);
    assert_eq!(published.asked(), 0);
    let plain = trusting(&url.replace("https:", "http:"), &authority).await;
    assert_eq!(
        plain.err().unwrap().to_string(),
        "`oidc` of `https://ci.example`: `jwks-url` has to begin with https://: who could change the \
         keys could sign tokens"
    );
}
