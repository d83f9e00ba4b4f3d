//! TLS of the client: whom it trusts, what it shows, and what a failure means.

mod probe;

use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use gradus_model::Timestamp;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::{AlertDescription, CertificateError, InvalidMessage};
use tonic::Status;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};

use crate::error::CliError;

/// The files of TLS, if there are any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// The authorities that the server's certificate must be of; none for those of this machine.
    pub ca: Option<PathBuf>,
    /// The client's certificate.
    pub certificate: Option<PathBuf>,
    /// Its private key.
    pub certificate_key: Option<PathBuf>,
}

impl TlsFiles {
    /// Lets an endpoint speak TLS.
    pub fn secure(&self, endpoint: Endpoint) -> Result<Endpoint, CliError> {
        // An address of IPv6 stands in brackets, and its certificate has none.
        let host = endpoint.uri().host().unwrap_or_default().trim_matches(['[', ']']);
        let config = ClientTlsConfig::new().domain_name(host);
        let config = match &self.ca {
            Some(path) => config.ca_certificate(Certificate::from_pem(certificates(path)?)),
            None => config.with_native_roots(),
        };
        let config = match (&self.certificate, &self.certificate_key) {
            (Some(certificate), Some(key)) => {
                config.identity(Identity::from_pem(certificates(certificate)?, private_key(key)?))
            }
            (Some(_), None) => return Err(half("--certificate", "--certificate-key")),
            (None, Some(_)) => return Err(half("--certificate-key", "--certificate")),
            (None, None) => config,
        };
        endpoint.tls_config(config).map_err(|error| {
            let cause = deepest(&error);
            let hint = match (&self.ca, &self.certificate) {
                (_, Some(_)) => {
                    "--certificate must be of X.509 version 3, and --certificate-key its key"
                }
                (None, None) => "this machine trusts no authority: name one with --ca",
                (Some(_), None) => "look at the file of --ca",
            };
            CliError::usage(format!("TLS cannot be set up: {cause}"), hint)
        })
    }

    /// Whether none is named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn half(given: &str, missing: &str) -> CliError {
    let message = format!("{given} is given, but {missing} is not");
    CliError::usage(message, "a client certificate needs both")
}

fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    fs::read(path).map_err(|error| CliError::File { file: path.display().to_string(), error })
}

fn no_pem(path: &Path, error: &pem::Error, wanted: &str) -> CliError {
    let message = match error {
        pem::Error::NoItemsFound => format!("{} has no {wanted} in PEM", path.display()),
        // Other texts of the error might show what the file holds.
        _ => format!("{} is no PEM", path.display()),
    };
    CliError::usage(message, format!("name a file with BEGIN {}", wanted.to_uppercase()))
}

/// The text of a file that holds certificates.
fn certificates(path: &Path) -> Result<Vec<u8>, CliError> {
    let text = read(path)?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match all {
        Ok(all) if all.is_empty() => Err(no_pem(path, &pem::Error::NoItemsFound, "certificate")),
        Ok(_) => Ok(text),
        Err(error) => Err(no_pem(path, &error, "certificate")),
    }
}

fn private_key(path: &Path) -> Result<Vec<u8>, CliError> {
    let text = read(path)?;
    let key = PrivateKeyDer::from_pem_slice(&text);
    key.map_err(|error| no_pem(path, &error, "private key"))?;
    Ok(text)
}

/// The first certificate of a file, in DER: nothing else of the file is told anybody.
pub fn first_certificate(path: &Path) -> Result<Vec<u8>, CliError> {
    let certificate = CertificateDer::from_pem_slice(&read(path)?);
    let certificate = certificate.map_err(|error| no_pem(path, &error, "certificate"))?;
    Ok(certificate.to_vec())
}

/// Why there is no secure connection, and what helps.
#[derive(Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What was seen.
    pub cause: String,
    /// What would be right.
    pub hint: String,
}

fn trouble_of(cause: impl Into<String>, hint: impl Into<String>) -> Trouble {
    Trouble { cause: cause.into(), hint: hint.into() }
}

/// What is wrong with the connection, if it is TLS that failed: trying again would not help.
#[must_use]
pub fn trouble(status: &Status) -> Option<Trouble> {
    let mut error: Option<&(dyn Error + 'static)> = status.source();
    while let Some(seen) = error {
        let found = seen.downcast_ref::<io::Error>().and_then(of_io);
        if let Some(found) = found.or_else(|| seen.downcast_ref().and_then(of_tls)) {
            return Some(found);
        }
        // Once a connection stands, HTTP/2 hands on nothing but the text.
        if let Some(found) = of_text(&seen.to_string()) {
            return Some(found);
        }
        error = seen.source();
    }
    None
}

fn of_io(error: &io::Error) -> Option<Trouble> {
    error.get_ref().and_then(|inner| inner.downcast_ref()).and_then(of_tls)
}

fn of_tls(error: &rustls::Error) -> Option<Trouble> {
    match error {
        rustls::Error::InvalidCertificate(error) => Some(of_certificate(error)),
        rustls::Error::AlertReceived(alert) => Some(of_alert(*alert)),
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            Some(trouble_of("it speaks no TLS there", "write http:// in place of https://"))
        }
        rustls::Error::PeerIncompatible(why) => {
            let hint = "TLS 1.2 or 1.3 is needed on both sides";
            Some(trouble_of(format!("there is no way to speak TLS that both know: {why:?}"), hint))
        }
        _ => None,
    }
}

fn of_certificate(error: &CertificateError) -> Trouble {
    let clock = "have it renewed, unless the clock of this machine is wrong";
    match error {
        CertificateError::UnknownIssuer => trouble_of(
            "its certificate is of an authority that is not trusted here",
            "name the PEM file of that authority with --ca",
        ),
        CertificateError::NotValidForNameContext { expected, presented } => trouble_of(
            format!(
                "its certificate is not for `{}`, but for {}",
                expected.to_str(),
                presented.iter().map(|name| bare(name)).collect::<Vec<_>>().join(", ")
            ),
            "give --server a name of the certificate, or have it made for this name",
        ),
        CertificateError::ExpiredContext { not_after, .. } => {
            trouble_of(format!("its certificate ended on {}", moment(*not_after)), clock)
        }
        CertificateError::NotValidYetContext { not_before, .. } => {
            trouble_of(format!("its certificate begins only on {}", moment(*not_before)), clock)
        }
        other if format!("{other:?}").contains("CaUsedAsEndEntity") => trouble_of(
            "its certificate is that of an authority itself",
            "have the server show one that the authority signed, with CA:FALSE",
        ),
        other => trouble_of(
            format!("its certificate is refused: {other}"),
            "have the server get another one",
        ),
    }
}

/// A name without its sort: `DnsName("localhost")` is `localhost`.
fn bare(name: &str) -> &str {
    let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inner.unwrap_or(name).trim_matches('"')
}

fn moment(at: UnixTime) -> String {
    let micros = i64::try_from(at.as_secs()).ok().and_then(|secs| secs.checked_mul(1_000_000));
    let at = micros.and_then(|micros| Timestamp::from_micros(micros).ok());
    at.map_or_else(|| "a day out of reach".to_owned(), |at| at.to_string())
}

fn of_alert(alert: AlertDescription) -> Trouble {
    match alert {
        AlertDescription::CertificateRequired => trouble_of(
            "it takes no connection without a client certificate",
            "name yours with --certificate and --certificate-key",
        ),
        AlertDescription::UnknownCA => trouble_of(
            "the client certificate is of an authority that it does not take",
            "name one of another authority with --certificate, or have the authority added there",
        ),
        AlertDescription::CertificateExpired => trouble_of(
            "the client certificate is not valid now",
            "have it renewed, unless the clock of one of the two machines is wrong",
        ),
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateUnknown
        | AlertDescription::AccessDenied
        | AlertDescription::DecryptError => trouble_of(
            format!("it refuses the client certificate: {alert:?}"),
            "the server's log, at the level debug, says why",
        ),
        AlertDescription::NoApplicationProtocol => {
            trouble_of("it speaks no HTTP/2 there, as gRPC needs", "is --server its address?")
        }
        other => trouble_of(
            format!("it ended the handshake: {other:?}"),
            "the server's log, at the level debug, says why",
        ),
    }
}

/// The alert that a text tells of.
fn of_text(text: &str) -> Option<Trouble> {
    let (_, told) = text.split_once("received fatal alert: ")?;
    let name: String = told.chars().take_while(char::is_ascii_alphanumeric).collect();
    let alert = (0..=u8::MAX).map(AlertDescription::from);
    alert.into_iter().find(|alert| format!("{alert:?}") == name).map(of_alert)
}

fn deepest(error: &(dyn Error + 'static)) -> String {
    let mut error = error;
    while let Some(deeper) = error.source() {
        error = deeper;
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn every_sort_of_address_can_be_secured() {
        let folder = tempfile::tempdir().unwrap();
        let ca = folder.path().join("ca.pem");
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(&ca, made.cert.pem()).unwrap();
        let files = TlsFiles { ca: Some(ca), ..TlsFiles::default() };
        for address in ["https://localhost:1", "https://127.0.0.1:1", "https://[::1]:1"] {
            assert!(files.secure(Endpoint::from_static(address)).is_ok(), "{address}");
        }
    }

    #[test]
    fn an_alert_is_known_by_its_text() {
        for (text, cause) in [
            (
                "received fatal alert: CertificateRequired",
                "it takes no connection without a client certificate",
            ),
            (
                "connection error: received fatal alert: UnknownCA.",
                "the client certificate is of an authority that it does not take",
            ),
            (
                "received fatal alert: AccessDenied",
                "it refuses the client certificate: AccessDenied",
            ),
        ] {
            assert_eq!(
                of_text(text).map(|trouble| trouble.cause).as_deref(),
                Some(cause),
                "{text}"
            );
        }
        assert_eq!(of_text("received fatal alert: Nonsense"), None);
        assert_eq!(of_text("connection reset by peer"), None);
    }

    #[test]
    fn each_fault_of_a_certificate_says_what_to_do() {
        use CertificateError::{ExpiredContext, UnknownIssuer};
        let at = |days: u64| UnixTime::since_unix_epoch(Duration::from_hours(24 * days));
        for (error, cause, hint) in [
            (UnknownIssuer, "an authority that is not trusted here", "with --ca"),
            (
                ExpiredContext { time: at(20_001), not_after: at(20_000) },
                "ended on 2024-10-04T00:00:00Z",
                "renewed",
            ),
            (CertificateError::BadSignature, "refused", "another one"),
        ] {
            let told = of_certificate(&error);
            assert!(told.cause.contains(cause) && told.hint.contains(hint), "{told:?}");
        }
    }
}
