//! Who is at the other end of a connection, by the client certificate that was shown.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gradus_model::Digest;
use gradus_proof::digest::sha256;
use gradus_service::ServiceError;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::ParsedCertificate;

use super::{Current, Tls};
use crate::connections::{Busy, Course};

/// How long a judgment of a certificate holds on an open connection.
const JUDGED: Duration = Duration::from_mins(1);

/// The longest certificate, in bytes: 64 KiB.
const MOST_CERTIFICATE: usize = 64 << 10;

/// What a connection tells each of its calls.
#[derive(Clone)]
pub(crate) struct Caller {
    address: SocketAddr,
    course: Arc<Course>,
    shown: Option<Arc<Shown>>,
}

impl Caller {
    /// `course` is what the connection was used for.
    pub(crate) fn new(address: SocketAddr, shown: Option<Shown>, course: Arc<Course>) -> Self {
        Self { address, course, shown: shown.map(Arc::new) }
    }

    /// What the connection was used for so far.
    pub(crate) fn course(&self) -> &Course {
        &self.course
    }

    /// A call is under way on the connection, until what is returned is dropped.
    pub(crate) fn busy(&self) -> Busy {
        self.course.busy()
    }

    /// Where the client is.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate that the client showed, if it did.
    pub(crate) fn certificate(&self) -> Option<Arc<Shown>> {
        self.shown.clone()
    }
}

/// A client certificate, as it was shown in the handshake.
pub(crate) struct Shown {
    tls: Arc<Tls>,
    chain: Vec<CertificateDer<'static>>,
    key: Option<Digest>,
    judged: Mutex<Judged>,
}

/// When a certificate was found right, and by which authorities.
struct Judged {
    by: Arc<Current>,
    at: UnixTime,
}

impl Shown {
    /// A certificate that a handshake found right just now.
    pub(super) fn new(
        tls: Arc<Tls>,
        chain: Vec<CertificateDer<'static>>,
        by: Arc<Current>,
    ) -> Self {
        let key = chain.first().and_then(|leaf| public_key(leaf).ok());
        let judged = Mutex::new(Judged { by, at: tls.now() });
        Self { tls, chain, key, judged }
    }

    /// The SHA-256 of its public key, while the certificate is right.
    ///
    /// A connection may stay open for longer than its certificate lasts or its authority is taken,
    /// so it is judged again: each minute, and when the files of TLS have changed.
    pub(crate) fn key(&self) -> Option<Digest> {
        let (current, now) = (self.tls.current(), self.tls.now());
        let mut judged = self.judged.lock().unwrap_or_else(PoisonError::into_inner);
        let age = now.as_secs().checked_sub(judged.at.as_secs());
        let holds =
            Arc::ptr_eq(&judged.by, &current) && age.is_some_and(|age| age < JUDGED.as_secs());
        if !holds {
            let (leaf, rest) = self.chain.split_first()?;
            current.judge.as_ref()?.verify_client_cert(leaf, rest, now).ok()?;
            *judged = Judged { by: current, at: now };
        }
        self.key
    }
}

fn public_key(certificate: &CertificateDer<'_>) -> Result<Digest, rustls::Error> {
    let parsed = ParsedCertificate::try_from(certificate)?;
    Ok(sha256(&parsed.subject_public_key_info()))
}

/// The SHA-256 of the public key of the certificate in a field.
pub(crate) fn key_of(field: &str, certificate: &[u8]) -> Result<Digest, ServiceError> {
    if certificate.len() > MOST_CERTIFICATE {
        let reason =
            format!("it has {} bytes, at most {MOST_CERTIFICATE} are allowed", certificate.len());
        return Err(ServiceError::invalid(field, reason));
    }
    public_key(&CertificateDer::from(certificate))
        .map_err(|_| ServiceError::invalid(field, "it is no X.509 certificate, version 3, in DER"))
}
