//! Fetches the keys of an issuer: one GET over TLS, bounded in time and size, without redirects.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, HOST, USER_AGENT};
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// How long an answer may take, all in all: 10 s.
const DEADLINE: Duration = Duration::from_secs(10);

/// Fetches from one address.
#[derive(Clone)]
pub(super) struct Fetcher {
    uri: Uri,
    config: Arc<ClientConfig>,
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fetcher({})", self.uri)
    }
}

impl fmt::Display for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uri.fmt(f)
    }
}

impl Fetcher {
    /// One that trusts the authorities in a PEM file, or else those of the machine.
    ///
    /// # Errors
    ///
    /// What is wrong with the address or the file, in words.
    pub(super) fn new(url: &str, authorities: Option<&Path>) -> Result<Self, String> {
        let uri: Uri = url.parse().map_err(|error| format!("`{url}` is no address: {error}"))?;
        let mut roots = RootCertStore::empty();
        match authorities {
            None => {
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
            Some(path) => {
                let unreadable = |error| format!("{}: {error}", path.display());
                let found = CertificateDer::pem_file_iter(path).map_err(unreadable)?;
                let found: Result<Vec<_>, _> = found.collect();
                roots.add_parsable_certificates(found.map_err(unreadable)?);
            }
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config =
            config.with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
        let config = config.with_root_certificates(roots).with_no_client_auth();
        Ok(Self { uri, config: Arc::new(config) })
    }

    /// What is there, at most `most` bytes.
    ///
    /// # Errors
    ///
    /// What went wrong, in words.
    pub(super) async fn get(&self, most: usize) -> Result<Vec<u8>, String> {
        let answer = tokio::time::timeout(DEADLINE, self.get_whole(most)).await;
        answer.unwrap_or_else(|_| Err(format!("no answer came within {} s", DEADLINE.as_secs())))
    }

    async fn get_whole(&self, most: usize) -> Result<Vec<u8>, String> {
        let host = self.uri.host().ok_or("the address names no host")?;
        let port = self.uri.port_u16().unwrap_or(443);
        let name = ServerName::try_from(host.to_owned()).map_err(in_words)?;
        let stream = TcpStream::connect((host, port)).await.map_err(in_words)?;
        let connector = TlsConnector::from(Arc::clone(&self.config));
        let stream = connector.connect(name, stream).await.map_err(in_words)?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(in_words)?;
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let authority = self.uri.authority().map_or(host, |authority| authority.as_str());
        let request = Request::get(path)
            .header(HOST, authority)
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, concat!("gradus/", env!("CARGO_PKG_VERSION")))
            .body(Empty::<Bytes>::new())
            .map_err(in_words)?;
        let answered = async {
            let response = sender.send_request(request).await.map_err(in_words)?;
            if response.status() != StatusCode::OK {
                return Err(format!("the answer was {}", response.status()));
            }
            let body = Limited::new(response.into_body(), most).collect().await;
            Ok(body.map_err(in_words)?.to_bytes().to_vec())
        };
        tokio::pin!(connection, answered);
        tokio::select! {
            // The connection moves the bytes; it may end before the answer was looked at.
            _ = &mut connection => answered.await,
            answer = &mut answered => answer,
        }
    }
}

fn in_words(error: impl fmt::Display) -> String {
    error.to_string()
}
