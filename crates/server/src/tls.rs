//! TLS: what is served with, read again while serving, and who connects with a certificate.
//!
//! Invariant: there is always a certificate that can be used; files that cannot be do not replace
//! it.

mod accept;
mod caller;
mod files;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gradus_model::Digest;
use gradus_proof::digest::sha256;
use gradus_service::Clock;
use rustls::ServerConfig;
use rustls::pki_types::UnixTime;
use rustls::server::danger::ClientCertVerifier;
use rustls::time_provider::TimeProvider;
use tokio::sync::watch;

pub(crate) use accept::connections;
pub(crate) use caller::{Caller, key_of};
pub(crate) use files::Files;
pub use files::{ClientCertificates, TlsError};

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(3);

/// What new connections are served with.
pub(crate) struct Current {
    config: Arc<ServerConfig>,
    /// The same for a listener of files, which speaks HTTP/1.1.
    files: Arc<ServerConfig>,
    /// Who judges client certificates, if they are taken.
    judge: Option<Arc<dyn ClientCertVerifier>>,
}

/// TLS that follows its files.
pub(crate) struct Tls {
    files: Files,
    time: Arc<Time>,
    current: watch::Sender<Arc<Current>>,
    seen: Mutex<Seen>,
}

/// Which contents of the files are in use, and which could not be used.
struct Seen {
    used: Digest,
    broken: Option<Broken>,
}

#[derive(Clone, Copy)]
struct Broken {
    mark: Digest,
    told: bool,
}

impl Tls {
    /// Reads the files for the first time.
    pub(crate) fn new(files: Files, clock: Clock) -> Result<Arc<Self>, TlsError> {
        let time = Arc::new(Time(clock));
        let contents = files.read()?;
        let current = watch::Sender::new(Arc::new(files.build(&contents, &time)?));
        let seen = Mutex::new(Seen { used: contents.mark(), broken: None });
        Ok(Arc::new(Self { files, time, current, seen }))
    }

    pub(crate) fn current(&self) -> Arc<Current> {
        Arc::clone(&self.current.borrow())
    }

    pub(crate) fn now(&self) -> UnixTime {
        self.time.now()
    }

    /// Looks at the files: if they changed and can be used, new connections use them.
    ///
    /// Certificate and key are seldom written at one moment, so an error is logged once it was
    /// seen twice, or when somebody asked to look. Blocks on the files.
    fn look(&self, asked: bool) -> Result<(), TlsError> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let read = self.files.read();
        let mark = match &read {
            Ok(contents) => contents.mark(),
            Err(error) => sha256(error.to_string().as_bytes()),
        };
        if mark == seen.used {
            seen.broken = None;
            return Ok(());
        }
        let before = seen.broken.filter(|broken| broken.mark == mark);
        if !asked && before.is_some_and(|broken| broken.told) {
            return Ok(());
        }
        match read.and_then(|contents| self.files.build(&contents, &self.time)) {
            Ok(current) => {
                self.current.send_replace(Arc::new(current));
                *seen = Seen { used: mark, broken: None };
                tracing::info!(files = %self.files, "new connections use the new TLS files");
                Ok(())
            }
            Err(error) => {
                let told = asked || before.is_some();
                if told {
                    tracing::error!(
                        %error,
                        "the new TLS files cannot be used: those before stay in use"
                    );
                }
                seen.broken = Some(Broken { mark, told });
                Err(error)
            }
        }
    }

    /// Looks at the files now.
    pub(crate) async fn look_now(self: &Arc<Self>) -> Result<(), TlsError> {
        self.looked(true).await
    }

    async fn looked(self: &Arc<Self>, asked: bool) -> Result<(), TlsError> {
        let tls = Arc::clone(self);
        let looked = tokio::task::spawn_blocking(move || tls.look(asked)).await;
        // A look that was cut off is one of a server that stops.
        looked.unwrap_or(Ok(()))
    }

    /// Looks at the files until the server stops.
    pub(crate) async fn follow(self: Arc<Self>, mut stopping: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = crate::api::stopped(&mut stopping) => return,
                // What is wrong with them was logged.
                () = tokio::time::sleep(LOOK) => drop(self.looked(false).await),
            }
        }
    }
}

/// The server's clock, by which certificates are judged as everything else is.
pub(crate) struct Time(Clock);

impl Time {
    fn now(&self) -> UnixTime {
        let micros = u64::try_from((self.0)().micros()).unwrap_or(0);
        UnixTime::since_unix_epoch(Duration::from_micros(micros))
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the server's clock")
    }
}

impl TimeProvider for Time {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.now())
    }
}

#[cfg(test)]
mod tests;
