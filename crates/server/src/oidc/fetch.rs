//! Fetches the keys of an issuer, or the token of a job, or asks a witness: one GET or POST over TLS,
//! bounded in time and size, without redirects. On loopback, where nobody listens in, it may do without TLS.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, AUTHORIZATION, HOST, HeaderValue, USER_AGENT};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// How long an answer may take, all in all: 10 s.
const DEADLINE: Duration = Duration::from_secs(10);

/// Fetches from one address.
#[derive(Clone)]
pub struct Fetcher {
    uri: Uri,
    /// `None` on loopback without TLS.
    config: Option<Arc<ClientConfig>>,
    bearer: Option<HeaderValue>,
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
    /// What is wrong with the address or the file, in words; an address without https is one, unless it
    /// is of loopback.
    pub fn new(url: &str, authorities: Option<&Path>) -> Result<Self, String> {
        let uri: Uri = url.parse().map_err(|error| format!("`{url}` is no address: {error}"))?;
        let config = match uri.scheme_str() {
            Some("https") => Some(Arc::new(config(authorities)?)),
            Some("http") if is_loopback(&uri) => None,
            _ => return Err("the address has to begin with https://".to_owned()),
        };
        Ok(Self { uri, config, bearer: None })
    }

    /// The same, with a bearer token, which is told to that address alone.
    ///
    /// # Errors
    ///
    /// That it has characters that no token has; never the token.
    pub fn with_bearer(self, token: &str) -> Result<Self, String> {
        let bearer = HeaderValue::try_from(format!("Bearer {token}"));
        let mut bearer = bearer.map_err(|_| "it has characters that no token has".to_owned())?;
        bearer.set_sensitive(true);
        Ok(Self { bearer: Some(bearer), ..self })
    }

    /// What is there, at most `most` bytes.
    ///
    /// # Errors
    ///
    /// What went wrong, in words.
    pub async fn get(&self, most: usize) -> Result<Vec<u8>, String> {
        self.within(None, most).await.map(|(_, body)| body)
    }

    /// The status and at most `most` bytes that are answered to a body, whatever the status is.
    ///
    /// # Errors
    ///
    /// What went wrong, in words.
    pub async fn post(&self, body: Vec<u8>, most: usize) -> Result<(u16, Vec<u8>), String> {
        self.within(Some(body), most).await
    }

    async fn within(&self, sent: Option<Vec<u8>>, most: usize) -> Result<(u16, Vec<u8>), String> {
        let answer = tokio::time::timeout(DEADLINE, self.whole(sent, most)).await;
        answer.unwrap_or_else(|_| Err(format!("no answer came within {} s", DEADLINE.as_secs())))
    }

    async fn whole(&self, sent: Option<Vec<u8>>, most: usize) -> Result<(u16, Vec<u8>), String> {
        let host = self.uri.host().ok_or("the address names no host")?.trim_matches(['[', ']']);
        let usual = if self.config.is_some() { 443 } else { 80 };
        let port = self.uri.port_u16().unwrap_or(usual);
        let stream = TcpStream::connect((host, port)).await.map_err(in_words)?;
        let Some(config) = &self.config else {
            return self.exchange(stream, host, sent, most).await;
        };
        let name = ServerName::try_from(host.to_owned()).map_err(in_words)?;
        let connector = TlsConnector::from(Arc::clone(config));
        let stream = connector.connect(name, stream).await.map_err(in_words)?;
        self.exchange(stream, host, sent, most).await
    }

    async fn exchange(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        host: &str,
        sent: Option<Vec<u8>>,
        most: usize,
    ) -> Result<(u16, Vec<u8>), String> {
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(in_words)?;
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let authority = self.uri.authority().map_or(host, |authority| authority.as_str());
        let (method, wanted) = match &sent {
            Some(_) => (Method::POST, "text/plain"),
            None => (Method::GET, "application/json"),
        };
        let is_get = sent.is_none();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, authority)
            .header(ACCEPT, wanted)
            .header(USER_AGENT, concat!("gradus/", env!("CARGO_PKG_VERSION")))
            .body(Full::<Bytes>::from(sent.unwrap_or_default()))
            .map_err(in_words)?;
        if let Some(bearer) = &self.bearer {
            request.headers_mut().insert(AUTHORIZATION, bearer.clone());
        }
        let answered = async {
            let response = sender.send_request(request).await.map_err(in_words)?;
            let status = response.status();
            if is_get && status != StatusCode::OK {
                return Err(format!("the answer was {status}"));
            }
            let body = Limited::new(response.into_body(), most).collect().await;
            Ok((status.as_u16(), body.map_err(in_words)?.to_bytes().to_vec()))
        };
        tokio::pin!(connection, answered);
        tokio::select! {
            // The connection moves the bytes; it may end before the answer was looked at.
            _ = &mut connection => answered.await,
            answer = &mut answered => answer,
        }
    }
}

/// How TLS is spoken, with the authorities that are trusted.
fn config(authorities: Option<&Path>) -> Result<ClientConfig, String> {
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
    let config = config.with_safe_default_protocol_versions().map_err(in_words)?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// Whether an address is of this machine alone. A name but `localhost` may be of any.
fn is_loopback(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn in_words(error: impl fmt::Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_tls_is_of_loopback() {
        for (url, taken) in [
            ("https://ci.example/token?a=b", true),
            ("http://127.0.0.1:80/token", true),
            ("http://[::1]:80/token", true),
            ("http://localhost/token", true),
            ("http://ci.example/token", false),
            ("http://localhost.example/token", false),
            ("http://10.0.0.1/token", false),
            ("ftp://localhost/token", false),
            ("/token", false),
            ("", false),
        ] {
            assert_eq!(Fetcher::new(url, None).is_ok(), taken, "{url}");
        }
    }

    #[test]
    fn a_bearer_token_is_not_shown() {
        let fetcher = || Fetcher::new("http://localhost/token", None).unwrap();
        let told = fetcher().with_bearer("se\ncret").unwrap_err();
        assert_eq!(told, "it has characters that no token has");
        let told = fetcher().with_bearer("secret").unwrap();
        assert_eq!(
            format!("{told} {told:?}"),
            "http://localhost/token Fetcher(http://localhost/token)"
        );
    }
}
