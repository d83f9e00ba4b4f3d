//! Tokens of identity providers: whose are taken, their keys, and who calls by them.
//!
//! Invariant: keys that cannot be read or fetched never replace those that could.

mod admit;
mod crypto;
mod fetch;
mod keys;
mod settings;
mod token;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use gradus_log::clock::MonotonicClock;
use gradus_model::{Digest, Timestamp};
use gradus_proof::digest::sha256;
use tokio::sync::watch;

pub(crate) use admit::{Admission, Admitted, Used, admission};
pub use fetch::Fetcher;
pub use settings::{Issuer, OidcError};
pub(crate) use token::{Checked, Problem};

use keys::Keys;
use settings::Place;
use token::Unchecked;

/// How often it is looked whether keys have to be read or fetched.
const LOOK: Duration = Duration::from_secs(3);
/// How often keys are fetched: each quarter of an hour.
const FETCH_MICROS: i64 = 15 * 60 * 1_000_000;
/// How soon they are fetched again for a token whose key is unknown: after a minute.
const FETCH_AGAIN_MICROS: i64 = 60 * 1_000_000;

/// The issuers whose tokens are taken.
pub(crate) struct Oidc {
    issuers: Vec<Trusted>,
    clock: MonotonicClock,
}

/// An issuer, with its keys as they were read last.
struct Trusted {
    issuer: Issuer,
    place: Place,
    keys: RwLock<Arc<Keys>>,
    /// The contents that were looked at last, whether or not they could be used.
    seen: Mutex<Option<Digest>>,
    /// When keys were last fetched, or that was tried; held while they are.
    fetched: tokio::sync::Mutex<Option<i64>>,
}

impl Oidc {
    /// Reads the keys that are in files; those at addresses are fetched by [`Self::follow`].
    pub(crate) fn new(issuers: &[Issuer], clock: MonotonicClock) -> Result<Arc<Self>, OidcError> {
        crypto::install();
        let mut known: Vec<Trusted> = Vec::new();
        for issuer in issuers {
            let place = issuer.place()?;
            if known.iter().any(|other| other.issuer.issuer == issuer.issuer) {
                let reason = "it is there twice: give each issuer once".to_owned();
                return Err(OidcError::Wrong { issuer: issuer.issuer.clone(), reason });
            }
            let (keys, fetched) = (RwLock::default(), tokio::sync::Mutex::default());
            let trusted =
                Trusted { issuer: issuer.clone(), place, keys, seen: Mutex::default(), fetched };
            if let Place::File(path) = &trusted.place {
                trusted.read(path)?;
            }
            known.push(trusted);
        }
        Ok(Arc::new(Self { issuers: known, clock }))
    }

    /// Whether tokens of any issuer are taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.issuers.is_empty()
    }

    /// A token, checked by the keys of its issuer as they are known at `now`.
    pub(crate) async fn check(&self, token: &str, now: Timestamp) -> Result<Checked, Problem> {
        let unchecked = Unchecked::read(token)?;
        let is_of = |one: &&Trusted| one.issuer.issuer == unchecked.issuer();
        let of = self.issuers.iter().find(is_of).ok_or(Problem::Issuer)?;
        let (keys, audience) = (of.keys(), &of.issuer.audience);
        let checked = unchecked.check(&keys, audience, now);
        if !matches!(checked, Err(Problem::Key)) {
            return checked;
        }
        // The issuer may have begun to sign with another key.
        of.fetch((self.clock)(), FETCH_AGAIN_MICROS).await;
        let fresh = of.keys();
        if Arc::ptr_eq(&keys, &fresh) { checked } else { unchecked.check(&fresh, audience, now) }
    }

    /// Follows files and addresses until the server stops.
    pub(crate) async fn follow(self: Arc<Self>, mut stopping: watch::Receiver<bool>) {
        loop {
            for one in &self.issuers {
                tokio::select! {
                    () = crate::api::stopped(&mut stopping) => return,
                    () = one.look((self.clock)()) => (),
                }
            }
            tokio::select! {
                () = crate::api::stopped(&mut stopping) => return,
                () = tokio::time::sleep(LOOK) => (),
            }
        }
    }

    /// Looks at all files of keys now.
    pub(crate) async fn look_now(&self) {
        for one in &self.issuers {
            one.look((self.clock)()).await;
        }
    }
}

impl Trusted {
    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the keys, wherever they are, if it is time for that.
    async fn look(&self, now: i64) {
        match &self.place {
            Place::File(path) => {
                // A file of keys is some kilobytes.
                if let Err(error) = self.read(path) {
                    tracing::error!(%error, "the new keys cannot be used: those before stay in use");
                }
            }
            Place::Url(_) => self.fetch(now, FETCH_MICROS).await,
        }
    }

    /// Reads the keys from their file; an error is told once for the same contents.
    fn read(&self, path: &Path) -> Result<(), OidcError> {
        let issuer = || self.issuer.issuer.clone();
        let read = std::fs::read(path);
        let mark = match &read {
            Ok(bytes) => sha256(bytes),
            Err(error) => sha256(error.to_string().as_bytes()),
        };
        if !self.is_new(mark) {
            return Ok(());
        }
        let unreadable =
            |source| OidcError::Unreadable { issuer: issuer(), path: path.to_owned(), source };
        let bytes = read.map_err(unreadable)?;
        let unusable = |reason| {
            let place = path.display().to_string();
            OidcError::Unusable { issuer: issuer(), place, reason }
        };
        self.keep(&bytes).map_err(unusable)
    }

    /// Fetches the keys, unless that was tried within `micros`.
    async fn fetch(&self, now: i64, micros: i64) {
        let Place::Url(fetcher) = &self.place else { return };
        // Those who wait here find it done.
        let mut last = self.fetched.lock().await;
        if last.is_some_and(|at| now.saturating_sub(at) < micros) {
            return;
        }
        *last = Some(now);
        let answer = fetcher.get(keys::MOST_BYTES).await;
        let kept = answer
            .and_then(|bytes| if self.is_new(sha256(&bytes)) { self.keep(&bytes) } else { Ok(()) });
        if let Err(error) = kept {
            let issuer = &self.issuer.issuer;
            tracing::warn!(%issuer, %fetcher, %error, "the keys cannot be fetched: those before stay in use");
        }
    }

    fn is_new(&self, mark: Digest) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.replace(mark) != Some(mark)
    }

    fn keep(&self, bytes: &[u8]) -> Result<(), String> {
        let keys = Keys::read(bytes)?;
        let (issuer, count) = (&self.issuer.issuer, keys.count());
        tracing::info!(%issuer, keys = count, "tokens are checked by these keys");
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        Ok(())
    }
}
