//! The files of TLS: which there are, and what is wrong with them.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gradus_model::Digest;
use gradus_proof::digest::sha256;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{Error, RootCertStore, ServerConfig};
use serde::Deserialize;

use super::{Current, Time};
use crate::settings::Settings;

/// Whether clients show a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientCertificates {
    /// They are not asked.
    Off,
    /// They may, in place of a token.
    Optional,
    /// Without one no connection is taken.
    Required,
}

impl ClientCertificates {
    const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Optional => "optional",
            Self::Required => "required",
        }
    }
}

/// TLS that cannot be served with.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A setting that needs another one.
    #[error("`{set}` is set, but `{missing}` is not: TLS needs both")]
    Half {
        /// What is set.
        set: &'static str,
        /// What is not.
        missing: &'static str,
    },
    /// Client certificates are asked for, but nobody could have made one.
    #[error(
        "`tls-client-certificates` is `{asked}`, but `tls-client-authorities` is not set: name the file of the authorities that are taken"
    )]
    NoAuthorities {
        /// What is asked for.
        asked: &'static str,
    },
    /// A file cannot be read.
    #[error("`{field}`: cannot read {}: {source}", .path.display())]
    Unreadable {
        /// The setting that names it.
        field: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file cannot be used.
    #[error("`{field}`: {}: {reason}", .path.display())]
    Unusable {
        /// The setting that names it.
        field: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// A file, by the setting that names it.
#[derive(Clone, Debug)]
struct File {
    field: &'static str,
    path: PathBuf,
}

impl File {
    fn read(&self) -> Result<Vec<u8>, TlsError> {
        let (field, path) = (self.field, self.path.clone());
        std::fs::read(&path).map_err(|source| TlsError::Unreadable { field, path, source })
    }

    fn unusable(&self, reason: impl fmt::Display) -> TlsError {
        let reason = reason.to_string();
        TlsError::Unusable { field: self.field, path: self.path.clone(), reason }
    }

    fn certificates(&self, text: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
        let found = found.map_err(|error| self.unusable(format!("it is no PEM: {error}")))?;
        if found.is_empty() {
            return Err(self.unusable("it has no certificate in PEM (BEGIN CERTIFICATE)"));
        }
        Ok(found)
    }
}

/// The files to serve TLS with.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    certificate: File,
    key: File,
    clients: Option<Clients>,
}

#[derive(Clone, Debug)]
struct Clients {
    authorities: File,
    required: bool,
}

/// What the files hold.
pub(super) struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
    authorities: Vec<u8>,
}

impl Contents {
    /// Tells contents apart.
    pub(super) fn mark(&self) -> Digest {
        let parts = [&self.certificate, &self.key, &self.authorities];
        sha256(&parts.map(|part| sha256(part).0).concat())
    }
}

impl Files {
    /// The files that the settings name; none where there is to be no TLS.
    pub(crate) fn of(settings: &Settings) -> Result<Option<Self>, TlsError> {
        let file = |field, path: &Option<PathBuf>| path.clone().map(|path| File { field, path });
        let certificate = file("tls-certificate", &settings.tls_certificate);
        let key = file("tls-key", &settings.tls_key);
        let authorities = file("tls-client-authorities", &settings.tls_client_authorities);
        let asked = settings.tls_client_certificates;
        let (certificate, key) = match (certificate, key) {
            (Some(certificate), Some(key)) => (certificate, key),
            (Some(set), None) => return Err(half(&set, "tls-key")),
            (None, Some(set)) => return Err(half(&set, "tls-certificate")),
            (None, None) => {
                return match authorities {
                    Some(set) => Err(half(&set, "tls-certificate")),
                    None => demand(asked).map_or(Ok(None), Err),
                };
            }
        };
        let clients = match (authorities, asked) {
            (_, Some(ClientCertificates::Off)) => None,
            (Some(authorities), asked) => {
                let required = asked == Some(ClientCertificates::Required);
                Some(Clients { authorities, required })
            }
            (None, asked) => match demand(asked) {
                Some(error) => return Err(error),
                None => None,
            },
        };
        Ok(Some(Self { certificate, key, clients }))
    }

    pub(super) fn read(&self) -> Result<Contents, TlsError> {
        let authorities = self.clients.as_ref().map(|clients| clients.authorities.read());
        Ok(Contents {
            certificate: self.certificate.read()?,
            key: self.key.read()?,
            authorities: authorities.transpose()?.unwrap_or_default(),
        })
    }

    /// What connections are served with by these contents.
    pub(super) fn build(&self, from: &Contents, time: &Arc<Time>) -> Result<Current, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let chain = self.certificate.certificates(&from.certificate)?;
        let key = PrivateKeyDer::from_pem_slice(&from.key).map_err(|error| match error {
            pem::Error::NoItemsFound => {
                self.key.unusable("it has no private key in PEM (BEGIN PRIVATE KEY, not encrypted)")
            }
            // Other texts of the error might show what the file holds.
            _ => self.key.unusable("it is no PEM"),
        })?;
        let judge = self.judge(&from.authorities, &provider)?;
        let builder = ServerConfig::builder_with_details(provider, Arc::clone(time) as Arc<_>);
        let builder = builder
            .with_safe_default_protocol_versions()
            .map_err(|error| self.certificate.unusable(error))?;
        let builder = match &judge {
            Some(judge) => builder.with_client_cert_verifier(Arc::clone(judge)),
            None => builder.with_no_client_auth(),
        };
        let config = builder.with_single_cert(chain, key);
        let mut config = config.map_err(|error| self.mismatch(&error))?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        // A resumed session would bring back a client certificate that nobody judged again.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        let mut files = config.clone();
        files.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Current { config: Arc::new(config), files: Arc::new(files), judge })
    }

    fn judge(
        &self,
        authorities: &[u8],
        provider: &Arc<CryptoProvider>,
    ) -> Result<Option<Arc<dyn ClientCertVerifier>>, TlsError> {
        let Some(Clients { authorities: file, required }) = &self.clients else { return Ok(None) };
        let mut roots = RootCertStore::empty();
        for authority in file.certificates(authorities)? {
            roots.add(authority).map_err(|error| file.unusable(in_words(&error)))?;
        }
        let roots = Arc::new(roots);
        let judge = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(provider));
        let judge = if *required { judge } else { judge.allow_unauthenticated() };
        Ok(Some(judge.build().map_err(|error| file.unusable(error))?))
    }

    fn mismatch(&self, error: &Error) -> TlsError {
        match error {
            Error::InconsistentKeys(_) => {
                let certificate = self.certificate.path.display();
                self.key.unusable(format!("it is not the key of the certificate in {certificate}"))
            }
            Error::InvalidCertificate(_) => self.certificate.unusable(in_words(error)),
            _ => self.key.unusable(in_words(error)),
        }
    }
}

impl fmt::Display for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |path: &Path| path.display().to_string();
        write!(f, "{} {}", show(&self.certificate.path), show(&self.key.path))?;
        let clients = self.clients.iter();
        clients.into_iter().try_for_each(|of| write!(f, " {}", show(&of.authorities.path)))
    }
}

/// An error of a file of ours, which is no peer's.
fn in_words(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(why) => format!("its certificate cannot be used: {why}"),
        other => other.to_string(),
    }
}

fn half(set: &File, missing: &'static str) -> TlsError {
    TlsError::Half { set: set.field, missing }
}

/// Why certificates cannot be asked for without authorities, if they are.
fn demand(asked: Option<ClientCertificates>) -> Option<TlsError> {
    let asked = asked.filter(|asked| *asked != ClientCertificates::Off)?;
    Some(TlsError::NoAuthorities { asked: asked.name() })
}
