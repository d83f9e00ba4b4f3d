//! Which settings go together, and that silent clients do not keep others out.

use std::path::Path;
use std::sync::Arc;

use gradus_model::{Edge, Timestamp};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_stream::StreamExt as _;

use super::accept::connections_with;
use super::*;
use crate::connections::Door;
use crate::settings::{Limits, Settings};

fn told(text: &str) -> String {
    let settings = Settings::parse(text, Path::new("g.toml")).unwrap();
    match settings.tls() {
        Ok(None) => "no TLS".to_owned(),
        Ok(Some(files)) => format!("TLS with {files}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn settings_of_tls_go_together_or_say_what_is_missing() {
    let (certificate, key) = ("tls-certificate = \"c.pem\"\n", "tls-key = \"c.key\"\n");
    let authorities = "tls-client-authorities = \"a.pem\"\n";
    let asked = |word: &str| format!("tls-client-certificates = \"{word}\"\n");
    let both = format!("{certificate}{key}");
    for (text, expected) in [
        (String::new(), "no TLS"),
        (asked("off"), "no TLS"),
        (both.clone(), "TLS with c.pem c.key"),
        (format!("{both}{authorities}"), "TLS with c.pem c.key a.pem"),
        (format!("{both}{authorities}{}", asked("required")), "TLS with c.pem c.key a.pem"),
        (format!("{both}{authorities}{}", asked("off")), "TLS with c.pem c.key"),
        (certificate.to_owned(), "`tls-certificate` is set, but `tls-key` is not: TLS needs both"),
        (key.to_owned(), "`tls-key` is set, but `tls-certificate` is not: TLS needs both"),
        (
            authorities.to_owned(),
            "`tls-client-authorities` is set, but `tls-certificate` is not: TLS needs both",
        ),
        (
            format!("{both}{}", asked("required")),
            "`tls-client-certificates` is `required`, but `tls-client-authorities` is not set: name the file of the authorities that are taken",
        ),
        (
            asked("optional"),
            "`tls-client-certificates` is `optional`, but `tls-client-authorities` is not set: name the file of the authorities that are taken",
        ),
    ] {
        assert_eq!(told(&text), expected, "{text}");
    }
    let error = Settings::parse(&asked("maybe"), Path::new("g.toml")).unwrap_err().to_string();
    assert!(error.contains("unknown variant `maybe`, expected one of `off`"), "{error}");
}

/// A folder with a certificate for `localhost` and its key.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    renew(&folder);
    folder
}

/// Writes another certificate, and tells it.
fn renew(folder: &TempDir) -> CertificateDer<'static> {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(folder.path().join("c.pem"), cert.pem()).unwrap();
    std::fs::write(folder.path().join("c.key"), signing_key.serialize_pem()).unwrap();
    cert.der().clone()
}

fn tls(folder: &TempDir) -> Arc<Tls> {
    let settings = Settings {
        tls_certificate: Some(folder.path().join("c.pem")),
        tls_key: Some(folder.path().join("c.key")),
        ..Settings::default()
    };
    let now = Timestamp::parse("2026-06-01", Edge::Start).unwrap();
    Tls::new(settings.tls().unwrap().unwrap(), Arc::new(move || now)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn changed_files_are_seen_without_being_told_until_the_server_stops() {
    let folder = folder();
    let tls = tls(&folder);
    let mut current = tls.current.subscribe();
    let (stop, stopping) = watch::channel(false);
    let following = tokio::spawn(Arc::clone(&tls).follow(stopping));
    for _ in 0..2 {
        renew(&folder);
        current.changed().await.unwrap();
    }
    stop.send_replace(true);
    following.await.unwrap();
}

#[test]
fn files_that_are_being_written_are_no_error_until_they_stay_so() {
    let folder = folder();
    let tls = tls(&folder);
    let told = || tls.seen.lock().unwrap().broken.map(|broken| broken.told);
    let half = || std::fs::write(folder.path().join("c.key"), "no key").unwrap();
    half();
    assert!(tls.look(false).is_err());
    assert_eq!(told(), Some(false), "the other file may come in a moment");
    assert!(tls.look(false).is_err());
    assert_eq!(told(), Some(true));
    assert!(tls.look(false).is_ok(), "it was said once");
    assert!(tls.look(true).is_err(), "whoever asks is told again");

    renew(&folder);
    let before = tls.current();
    assert!(tls.look(false).is_ok());
    assert_eq!(told(), None);
    assert!(!Arc::ptr_eq(&before, &tls.current()));
    assert!(tls.look(true).is_ok(), "nothing changed");
    half();
    assert!(tls.look(true).is_err());
    assert_eq!(told(), Some(true), "who asks is told at once");
}

#[tokio::test]
async fn clients_that_say_nothing_give_way_to_those_that_do() {
    let folder = folder();
    let certificate = renew(&folder);
    let tls = tls(&folder);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut connections = connections_with(listener, tls, Door::new(&Limits::none()), 2);

    let mut silent = Vec::new();
    for _ in 0..5 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider);
    let config = config.with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let connected = TlsConnector::from(Arc::new(config)).connect(name, stream);
    let (client, served) = tokio::join!(connected, connections.next());
    assert!(client.is_ok() && served.unwrap().is_ok());

    drop(connections);
    while TcpStream::connect(address).await.is_ok() {
        // The port is free once the task has seen that nobody takes connections any more.
        tokio::task::yield_now().await;
    }
}
