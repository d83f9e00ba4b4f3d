//! A look at what a server speaks, after a call came to nothing.
//!
//! HTTP/2 tells little of why a connection ended: not that the other side speaks TLS, nor with
//! which alert it refused a client certificate, which in TLS 1.3 it does once the client takes the
//! connection for made.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::codegen::http::Uri;

use super::{TlsFiles, Trouble, of_io, trouble_of};

/// How long a server may take to show what it speaks.
const SHOWN_WITHIN: Duration = Duration::from_secs(2);

/// What every client begins with: the preface of HTTP/2, and settings that say nothing.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

impl TlsFiles {
    /// Why calls to a server come to nothing, if TLS is the reason.
    pub async fn looked_into(&self, server: &str) -> Option<Trouble> {
        let looked = async {
            match server.strip_prefix("http://") {
                Some(rest) => {
                    let found = trouble_of("it speaks TLS there", format!("write https://{rest}"));
                    matches!(speaks_tls(server).await, Ok(true)).then_some(found)
                }
                None => self.shake_hands(server).await.err().as_ref().and_then(of_io),
            }
        };
        tokio::time::timeout(SHOWN_WITHIN, looked).await.ok().flatten()
    }

    /// Connects as a call would, and waits for the first word of the server.
    async fn shake_hands(&self, server: &str) -> io::Result<()> {
        let connector = TlsConnector::from(Arc::new(self.config()?));
        let (host, stream) = connect(server, 443).await?;
        let name = ServerName::try_from(host).map_err(io::Error::other)?;
        let mut stream = connector.connect(name, stream).await?;
        stream.write_all(PREFACE).await?;
        stream.flush().await?;
        stream.read_u8().await.map(drop)
    }

    /// What tonic makes of the same files, and keeps to itself.
    fn config(&self) -> io::Result<ClientConfig> {
        let mut roots = RootCertStore::empty();
        match &self.ca {
            Some(path) => roots.add_parsable_certificates(of_file(path)?),
            None => roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs),
        };
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().map_err(io::Error::other)?;
        let config = config.with_root_certificates(roots);
        let mut config = match (&self.certificate, &self.certificate_key) {
            (Some(certificate), Some(key)) => {
                let key = PrivateKeyDer::from_pem_file(key).map_err(io::Error::other)?;
                let config = config.with_client_auth_cert(of_file(certificate)?, key);
                config.map_err(io::Error::other)?
            }
            _ => config.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(config)
    }
}

fn of_file(path: &std::path::Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let all = CertificateDer::pem_file_iter(path).map_err(io::Error::other)?;
    all.collect::<Result<_, _>>().map_err(io::Error::other)
}

/// The host of an address, and a connection to it.
async fn connect(server: &str, port: u16) -> io::Result<(String, TcpStream)> {
    let uri: Uri = server.parse().map_err(io::Error::other)?;
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let stream = TcpStream::connect((host.as_str(), uri.port_u16().unwrap_or(port))).await?;
    Ok((host, stream))
}

/// Whether a server answers what is no TLS with an alert of TLS.
async fn speaks_tls(server: &str) -> io::Result<bool> {
    let (_, mut stream) = connect(server, 80).await?;
    stream.write_all(PREFACE).await?;
    let mut first = [0; 2];
    stream.read_exact(&mut first).await?;
    // The content type `alert`, and the major version of every TLS.
    Ok(first == [21, 3])
}
