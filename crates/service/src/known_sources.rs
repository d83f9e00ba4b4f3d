//! From which sources the items of each unit come, written down: whoever pushes to a unit after a start
//! is answered without all of its stream being read for that.
//!
//! The file, `projections/sources`, is derived, and ignored unless it is of this log. What it holds of a
//! unit is ignored unless it is whole; what came since is read from the log.
//!
//! | bytes | content |
//! |---|---|
//! | 17 | `gradus/v1/sources` |
//! | 5 each | the prints of sources, unit by unit, those of one ascending ([`Seen`]) |
//! | 64 each | unit (16), version of its stream (8), where its prints end (8), SHA-256 over them (32) |
//! | 8 | where the prints end |
//! | 8 | size of the log that was read |
//! | 32 | root of the log at that size |
//! | 32 | SHA-256 over all after the prints |
//!
//! Numbers are big-endian.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use gradus_domain::history::Seen;
use gradus_log::Log;
use gradus_model::{Digest, UnitId};
use gradus_projection::Views;
use gradus_proof::sha256;
use tokio::runtime::Handle;

use crate::directory::DirectoryError;
use crate::directory::folder::replace_by;
use crate::error::ServiceError;
use crate::recall;
use crate::service::Service;

const LABEL: &[u8] = b"gradus/v1/sources";
const FILE: &str = "sources";
/// The bytes that tell of one unit where its prints lie.
const ROW: usize = 64;
/// The bytes behind those.
const END: usize = 80;
/// How many records are read between two writes, at least.
const EVERY: u64 = 100_000;
/// And which part of all that was read: what is written anew is a few bytes for each record, then.
const PART: u64 = 8;
/// How often what came meanwhile is read, which is less each time.
const TRIES: usize = 8;

/// What is written down of the units' sources.
#[derive(Debug, Default)]
pub(crate) struct KnownSources {
    kept: Mutex<Option<Arc<Kept>>>,
    /// Held while it is written.
    writing: Mutex<()>,
    /// How far the views had read when that was last tried.
    tried: AtomicU64,
}

/// The file, open, and where everything lies in it.
#[derive(Debug)]
struct Kept {
    file: File,
    size: u64,
    root: Digest,
    units: BTreeMap<UnitId, Place>,
}

/// Where a unit's prints lie.
#[derive(Clone, Debug)]
struct Place {
    /// The version of the stream up to which they tell.
    version: u64,
    bytes: Range<u64>,
    digest: Digest,
}

impl KnownSources {
    fn kept(&self) -> Option<Arc<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, kept: Option<Kept>) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = kept.map(Arc::new);
    }

    /// Whether it is to be written anew once the views have read so much. What failed is not tried again
    /// before there is more to write.
    fn is_due(&self, size: u64) -> bool {
        let last = self.tried.load(Ordering::Relaxed);
        size >= last + EVERY.max(last / PART)
    }

    /// Writes down what the views know, and what was written before of units of which they do not.
    fn write(&self, views: &RwLock<Views>, log: &dyn Log, path: &Path) -> Result<(), ServiceError> {
        let views = || views.read().unwrap_or_else(PoisonError::into_inner);
        let before = self.kept();
        if before.as_ref().is_some_and(|before| before.size == views().cursor) {
            return Ok(());
        }
        self.tried.store(views().cursor, Ordering::Relaxed);
        let units: Vec<UnitId> = views().histories().map(|(unit, _)| unit).collect();
        let known = |unit| {
            let views = views();
            let history = views.history(unit)?;
            Some((history.sources_seen()?.bytes(), history.version))
        };
        let written = replace_by(path, |file| {
            let mut writer = Writer::to(file)?;
            for unit in units {
                let known = known(unit).or_else(|| before.as_ref()?.read(unit));
                if let Some((prints, version)) = known {
                    writer.add(unit, &prints, version)?;
                }
            }
            // Whatever was written of a unit had been read by now.
            let size = views().cursor;
            let root = Handle::current().block_on(log.root_at(size));
            writer.end(size, root.map_err(io::Error::other)?)
        });
        written.map_err(DirectoryError::from)?;
        self.keep(Kept::open(path));
        Ok(())
    }
}

impl Kept {
    /// Opens a file; none if there is none, or it is not whole but for the prints.
    fn open(path: &Path) -> Option<Self> {
        let file = File::open(path).ok()?;
        let mut label = [0; LABEL.len()];
        file.read_exact_at(&mut label, 0).ok()?;
        if label != LABEL {
            return None;
        }
        let length = file.metadata().ok()?.len();
        let mut end = [0; END];
        file.read_exact_at(&mut end, length.checked_sub(END as u64)?).ok()?;
        let prints_end = u64::from_be_bytes(*end.first_chunk()?);
        let mut told = vec![0; usize::try_from(length.checked_sub(prints_end)?).ok()?];
        file.read_exact_at(&mut told, prints_end).ok()?;
        let (said, digest) = told.split_last_chunk::<32>()?;
        let rows = said.len().checked_sub(END - 32)?;
        if sha256(said).0 != *digest || rows % ROW != 0 {
            return None;
        }
        let (rows, end) = said.split_at_checked(rows)?;
        let (size, root) = end.get(8..)?.split_first_chunk()?;
        let (mut units, mut from) = (BTreeMap::new(), LABEL.len() as u64);
        for row in rows.chunks_exact(ROW) {
            let (unit, rest) = row.split_first_chunk()?;
            let (version, rest) = rest.split_first_chunk()?;
            let (to, digest) = rest.split_first_chunk()?;
            let (version, to) = (u64::from_be_bytes(*version), u64::from_be_bytes(*to));
            let digest = Digest(digest.try_into().ok()?);
            units.insert(UnitId(*unit), Place { version, bytes: from..to, digest });
            from = to;
        }
        let (size, root) = (u64::from_be_bytes(*size), Digest(root.try_into().ok()?));
        Some(Self { file, size, root, units })
    }

    /// What is written of a unit, with the version of its stream, if it is whole.
    fn read(&self, unit: UnitId) -> Option<(Vec<u8>, u64)> {
        let Place { version, bytes, digest } = self.units.get(&unit)?;
        let length = bytes.end.checked_sub(bytes.start)?;
        let mut prints = vec![0; usize::try_from(length).ok()?];
        self.file.read_exact_at(&mut prints, bytes.start).ok()?;
        (sha256(&prints) == *digest).then_some((prints, *version))
    }

    /// Whether it tells of the larger part of a unit's stream.
    fn tells_most(&self, unit: UnitId, version: u64) -> bool {
        let told = self.units.get(&unit).map_or(0, |place| place.version);
        (version / 2 + 1..=version).contains(&told)
    }
}

/// Writes such a file.
struct Writer<'a> {
    out: BufWriter<&'a mut File>,
    at: u64,
    rows: Vec<u8>,
}

impl Writer<'_> {
    fn to(file: &mut File) -> io::Result<Writer<'_>> {
        let mut out = BufWriter::new(file);
        out.write_all(LABEL)?;
        Ok(Writer { out, at: LABEL.len() as u64, rows: Vec::new() })
    }

    fn add(&mut self, unit: UnitId, prints: &[u8], version: u64) -> io::Result<()> {
        self.out.write_all(prints)?;
        self.at += prints.len() as u64;
        self.rows.extend_from_slice(&unit.0);
        self.rows.extend_from_slice(&version.to_be_bytes());
        self.rows.extend_from_slice(&self.at.to_be_bytes());
        self.rows.extend_from_slice(&sha256(prints).0);
        Ok(())
    }

    fn end(self, size: u64, root: Digest) -> io::Result<()> {
        let Self { mut out, at, mut rows } = self;
        rows.extend_from_slice(&at.to_be_bytes());
        rows.extend_from_slice(&size.to_be_bytes());
        rows.extend_from_slice(&root.0);
        out.write_all(&rows)?;
        out.write_all(&sha256(&rows).0)?;
        out.flush()
    }
}

impl Service {
    fn sources_path(&self) -> PathBuf {
        self.directory.projections().join(FILE)
    }

    /// Opens what an earlier process wrote of this log.
    pub(crate) async fn open_known_sources(&self) -> Result<(), ServiceError> {
        let Some(kept) = Kept::open(&self.sources_path()) else { return Ok(()) };
        if kept.size <= self.log.head().size && self.log.root_at(kept.size).await? == kept.root {
            self.known_sources.tried.store(kept.size, Ordering::Relaxed);
            self.known_sources.keep(Some(kept));
        }
        Ok(())
    }

    /// Reads from which sources the items of a unit come, unless that is known, or most of its stream
    /// would have to be read.
    pub(crate) async fn recollect(&self, unit: UnitId) -> Result<(), ServiceError> {
        let version = |service: &Self| {
            let views = service.views();
            let history = views.history(unit).filter(|history| !history.knows_sources());
            history.map(|history| history.version)
        };
        let Some(kept) = self.known_sources.kept() else { return Ok(()) };
        if !version(self).is_some_and(|version| kept.tells_most(unit, version)) {
            return Ok(());
        }
        let given_up = |_| ServiceError::Fault("a unit's sources cannot be read");
        let read = tokio::task::spawn_blocking(move || {
            let (prints, version) = kept.read(unit)?;
            Some((Seen::read(&prints)?, version))
        });
        let mut known = read.await.map_err(given_up)?;
        for _ in 0..TRIES {
            let Some(((mut seen, from), to)) = known.take().zip(version(self)) else { break };
            let log = Arc::clone(&self.log);
            let read = tokio::task::spawn_blocking(move || {
                recall::read(log.as_ref(), unit, &(from + 1..=to), &mut |one| seen.take_in(one))
                    .map(|()| seen)
            });
            let seen = read.await.map_err(given_up)??;
            let views = self.views();
            let left = views.history(unit).and_then(|history| history.recollect(seen, to));
            known = left.map(|left| (left, to));
        }
        // If the stream goes on faster than it is read, all of it is recalled.
        Ok(())
    }

    /// Writes down the sources of all units beside everything else, after enough was read since the
    /// last time.
    pub(crate) fn renew_known_sources(self: &Arc<Self>) {
        if !self.known_sources.is_due(self.views().cursor) {
            return;
        }
        let service = Arc::clone(self);
        // It takes its time, and nobody waits for it.
        tokio::task::spawn_blocking(move || {
            if let Ok(_alone) = service.known_sources.writing.try_lock() {
                let (views, log) = (&service.views, service.log.as_ref());
                tell(service.known_sources.write(views, log, &service.sources_path()));
            }
        });
    }

    /// Writes down the sources of all units for the next start. That it fails costs those who push then
    /// some time, no more.
    pub(crate) async fn keep_known_sources(&self) {
        let (known, path) = (Arc::clone(&self.known_sources), self.sources_path());
        let (views, log) = (Arc::clone(&self.views), Arc::clone(&self.log));
        let written = tokio::task::spawn_blocking(move || {
            let _alone = known.writing.lock().unwrap_or_else(PoisonError::into_inner);
            tell(known.write(&views, log.as_ref(), &path));
        });
        // A panic was told of.
        let _ = written.await;
    }
}

fn tell(written: Result<(), ServiceError>) {
    if let Err(error) = written {
        tracing::warn!(%error, "after the next start, units that are pushed to are read anew");
    }
}

#[cfg(test)]
mod tests;
