//! When tokens were last used, to the minute: kept beside the log, since a use changes nothing.
//!
//! The file, `last-used`, is written once a minute at most, and at a stop. It may be lost, and one
//! that is not whole is ignored:
//!
//! | bytes | content |
//! |---|---|
//! | 19 | `gradus/v1/last-used` |
//! | 25 each | token (16), minute in microseconds since 1970 (8), grade (1), by token |
//! | 32 | SHA-256 over all before |
//!
//! Numbers are big-endian.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use gradus_model::unit::Grade;
use gradus_model::{Timestamp, TokenId};
use gradus_proof::sha256;

use crate::directory::folder::replace;
use crate::service::Service;

const LABEL: &[u8] = b"gradus/v1/last-used";
const ROW: usize = 25;
const MINUTE_MICROS: i64 = 60 * 1_000_000;

/// How often the file is written, at most.
const EVERY: Duration = Duration::from_mins(1);

/// The last use of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// In which minute.
    pub at: Timestamp,
    /// How its principal proved who they are.
    pub grade: Grade,
}

/// The last uses of all tokens that were ever used.
#[derive(Default)]
pub(crate) struct Uses {
    known: RwLock<BTreeMap<TokenId, Use>>,
    /// Whether the file does not say all of it.
    unwritten: AtomicBool,
}

impl Uses {
    /// What the file at `path` says; nothing if there is none, or it is not whole.
    pub(crate) fn read(path: &Path) -> Self {
        let known = fs::read(path).ok().and_then(|bytes| decode(&bytes)).unwrap_or_default();
        Self { known: RwLock::new(known), unwritten: AtomicBool::new(false) }
    }

    /// Takes in a use; a lock for writing is taken once a minute and token, at most.
    pub(crate) fn note(&self, token: TokenId, grade: Grade, now: Timestamp) {
        let at = now.plus_micros(-now.micros().rem_euclid(MINUTE_MICROS));
        let used = Use { at, grade };
        if self.of(token) == Some(used) {
            return;
        }
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(token, used);
        self.unwritten.store(true, Ordering::Release);
    }

    /// The last use of a token, if it is known.
    pub(crate) fn of(&self, token: TokenId) -> Option<Use> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(&token).copied()
    }

    /// The file's bytes, if it does not say all of it.
    fn unwritten(&self) -> Option<Vec<u8>> {
        if !self.unwritten.swap(false, Ordering::AcqRel) {
            return None;
        }
        Some(encode(&self.known.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn encode(known: &BTreeMap<TokenId, Use>) -> Vec<u8> {
    let mut bytes = LABEL.to_vec();
    for (token, used) in known {
        bytes.extend_from_slice(&token.0);
        bytes.extend_from_slice(&used.at.micros().to_be_bytes());
        bytes.push(used.grade.number());
    }
    let digest = sha256(&bytes);
    bytes.extend_from_slice(&digest.0);
    bytes
}

fn decode(bytes: &[u8]) -> Option<BTreeMap<TokenId, Use>> {
    let (said, digest) = bytes.split_last_chunk::<32>()?;
    if sha256(said).0 != *digest {
        return None;
    }
    let rows = said.strip_prefix(LABEL)?.chunks(ROW);
    rows.map(|row| {
        let (token, rest) = row.split_first_chunk()?;
        let (at, grade) = rest.split_first_chunk()?;
        let at = Timestamp::from_micros(i64::from_be_bytes(*at)).ok()?;
        let [grade] = grade else { return None };
        Some((TokenId(*token), Use { at, grade: Grade::from_number(*grade)? }))
    })
    .collect()
}

/// Whether the file at `path` is as it was written, or not there.
pub(crate) fn is_whole(path: &Path) -> bool {
    match fs::read(path) {
        Ok(bytes) => decode(&bytes).is_some(),
        Err(error) => error.kind() == ErrorKind::NotFound,
    }
}

impl Service {
    /// Writes when tokens were last used, if that changed; that it fails loses no more than that.
    pub(crate) async fn keep_uses(&self) {
        let Some(bytes) = self.uses.unwritten() else { return };
        let path = self.directory.last_used();
        let written = tokio::task::spawn_blocking(move || replace(&path, &bytes)).await;
        if let Ok(Err(error)) = written {
            tracing::warn!(%error, "when tokens were last used is not kept");
        }
    }

    /// Writes when tokens were last used, once a minute, for as long as the service lives.
    pub(crate) fn keep_uses_now_and_then(self: &Arc<Self>) {
        let (service, gone) = (Arc::downgrade(self), self.gone());
        tokio::spawn(async move {
            tokio::pin!(gone);
            // Nothing of the service is held while waiting, so that it can end.
            while tokio::time::timeout(EVERY, &mut gone).await.is_err() {
                let Some(service) = service.upgrade() else { return };
                service.keep_uses().await;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradus_model::Edge;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text, Edge::Start).unwrap()
    }

    fn noted() -> Uses {
        let uses = Uses::default();
        uses.note(TokenId([1; 16]), Grade::Token, at("2026-06-01T12:00:59.999999Z"));
        uses.note(TokenId([2; 16]), Grade::Mtls, at("2026-06-01T12:01:00Z"));
        uses
    }

    #[test]
    fn a_use_is_known_to_the_minute() {
        let uses = noted();
        let first = Use { at: at("2026-06-01T12:00:00Z"), grade: Grade::Token };
        assert_eq!(uses.of(TokenId([1; 16])), Some(first));
        assert_eq!(uses.of(TokenId([3; 16])), None);
        uses.note(TokenId([1; 16]), Grade::Mtls, at("2026-06-01T12:00:01Z"));
        assert_eq!(uses.of(TokenId([1; 16])), Some(Use { grade: Grade::Mtls, ..first }));
    }

    #[test]
    fn a_file_says_what_was_written_and_what_is_not_whole_says_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("last-used");
        assert!(is_whole(&path), "one that is not there is no damage");
        let bytes = noted().unwritten().unwrap();
        fs::write(&path, &bytes).unwrap();
        let read = Uses::read(&path);
        assert_eq!(*read.known.read().unwrap(), *noted().known.read().unwrap());
        assert!(read.unwritten().is_none(), "nothing is new");
        for broken in [&bytes[..bytes.len() - 1], &bytes[1..], b""] {
            fs::write(&path, broken).unwrap();
            assert!(!is_whole(&path));
            assert!(Uses::read(&path).known.read().unwrap().is_empty());
        }
    }

    #[test]
    fn only_what_changed_is_written() {
        let uses = noted();
        assert!(uses.unwritten().is_some());
        assert!(uses.unwritten().is_none());
        uses.note(TokenId([1; 16]), Grade::Token, at("2026-06-01T12:00:30Z"));
        assert!(uses.unwritten().is_none(), "it was known to the minute");
        uses.note(TokenId([1; 16]), Grade::Token, at("2026-06-01T12:02:00Z"));
        assert!(uses.unwritten().is_some());
    }
}
