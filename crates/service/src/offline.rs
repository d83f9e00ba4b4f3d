//! A data directory that no server has open, read and not changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use gradus_log::{OfflineLog, OfflineRecord};
use gradus_model::event::LogKeyRotated;
use gradus_model::{Digest, Event, Leaf, LogId, PrincipalId, Recorded, UnitId};
use zeroize::Zeroizing;

use crate::attachments::{found_in, path_in};
use crate::directory::{
    ATTACHMENTS, CHECKPOINT_KEY, DirectoryError, FileError, Held, Step as FileStep, hold_unchanged,
};
use crate::error::ServiceError;
use crate::keys::{self, KeyTree};
use crate::seal;

/// Told how far something is: done and to do, in bytes or records.
pub type OnStep<'a> = &'a (dyn Fn(Step, u64, u64) + Sync);

/// What is being done to a directory or an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The files of the log are read; bytes.
    Reading,
    /// Records are verified; records.
    Verifying,
    /// Records are written; records.
    Writing,
    /// Attachments are had; their sealed bytes.
    Attaching,
}

/// A data directory, its log read as it lies there.
pub(crate) struct Offline {
    pub(crate) path: PathBuf,
    pub(crate) log: OfflineLog,
    _held: Option<Held>,
}

impl Offline {
    /// Opens a directory that exists; nothing in it is changed.
    pub(crate) fn open(path: &Path, on_step: OnStep<'_>) -> Result<Self, ServiceError> {
        let held = hold_unchanged(path)?;
        let log = OfflineLog::open(path, &|done, total| on_step(Step::Reading, done, total))?;
        Ok(Self { path: path.to_owned(), log, _held: held })
    }

    pub(crate) fn document(&self, digest: Digest) -> PathBuf {
        self.path.join("documents").join(digest.to_string())
    }

    pub(crate) fn attachments(&self) -> PathBuf {
        self.path.join(ATTACHMENTS)
    }

    /// Where an attachment lies, or would.
    pub(crate) fn attachment(&self, unit: UnitId, digest: Digest) -> PathBuf {
        let folder = self.attachments();
        found_in(&folder, unit, digest).unwrap_or_else(|| path_in(&folder, unit, digest))
    }

    pub(crate) fn checkpoint_key(&self) -> PathBuf {
        self.path.join(CHECKPOINT_KEY)
    }

    pub(crate) fn key_file(&self, unit: UnitId) -> PathBuf {
        self.path.join("keys").join(keys::file_name(unit))
    }
}

/// How many rows of an auditor's questions the log tells of.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AskedRows {
    pub(crate) committed: u64,
    pub(crate) opened: u64,
    pub(crate) ended: bool,
}

/// What the records of a log name besides themselves.
#[derive(Default)]
pub(crate) struct Named {
    pub(crate) log: Option<LogId>,
    pub(crate) origin: String,
    /// The units, each with the version of its last record.
    pub(crate) units: BTreeMap<UnitId, u64>,
    pub(crate) documents: BTreeSet<Digest>,
    /// The log's keys that others took the place of, each with its position.
    pub(crate) rotated: Vec<(u64, LogKeyRotated)>,
    /// Engagements of auditors, by number.
    pub(crate) asked: BTreeMap<(PrincipalId, u32), AskedRows>,
    /// Records whose keys were destroyed.
    pub(crate) erased: BTreeSet<(UnitId, u64)>,
    /// Attachments that items of a unit name.
    pub(crate) attachments: BTreeSet<(UnitId, Digest)>,
    /// Attachments that were erased.
    pub(crate) erased_attachments: BTreeSet<(UnitId, Digest)>,
}

impl Named {
    /// Takes in the next record; says why when its event cannot be read.
    pub(crate) fn take(&mut self, leaf: &Leaf) -> Result<(), String> {
        let (stream, version) = (leaf.place.stream, leaf.place.version);
        self.units.insert(stream, version);
        let recorded = Recorded::from_leaf(leaf).map_err(|error| error.to_string())?;
        match recorded.event {
            Event::LogCreated(created) => {
                self.log = Some(created.log);
                self.origin = created.origin.to_string();
            }
            Event::LogForked(forked) => self.origin = forked.origin.to_string(),
            Event::ModelPublished(held)
            | Event::ProfilePublished(held)
            | Event::RulesPublished(held) => {
                self.documents.insert(held.digest);
            }
            Event::LogKeyRotated(rotated) => self.rotated.push((leaf.place.position, rotated)),
            Event::QueriesRecorded(of) => {
                let asked = self.asked.entry((of.auditor, of.engagement)).or_default();
                asked.committed = of.first.saturating_add(of.count);
            }
            Event::EngagementEnded(of) => {
                self.asked.entry((of.auditor, of.engagement)).or_default().ended = true;
            }
            Event::QueriesOpened(of) => {
                self.asked.entry((of.auditor, of.engagement)).or_default().opened += of.count;
            }
            Event::EvidenceSubmitted(item) => {
                self.attachments.extend(item.attachments.iter().map(|digest| (stream, *digest)));
            }
            Event::AttachmentsErased(erased) => {
                let digests = erased.digests.iter().map(|digest| (stream, *digest));
                self.erased_attachments.extend(digests);
            }
            Event::PayloadErased(erased) => {
                self.erased.insert((stream, erased.version));
            }
            Event::PayloadsErased(erased) => {
                self.erased.extend(erased.versions().map(|version| (stream, version)));
            }
            _ => (),
        }
        Ok(())
    }
}

/// The key files of a directory or an archive, each read once.
pub(crate) struct Keys<F> {
    read: F,
    trees: BTreeMap<UnitId, Option<KeyTree>>,
}

impl<F: FnMut(LogId, UnitId) -> Option<KeyTree>> Keys<F> {
    pub(crate) fn new(read: F) -> Self {
        Self { read, trees: BTreeMap::new() }
    }

    /// Opens a record's payload: whether its key is there, or why it does not open.
    pub(crate) fn opens(&mut self, log: LogId, record: &OfflineRecord<'_>) -> Result<bool, String> {
        let Leaf { place, draft } = record.leaf;
        if draft.payload_root == Digest::ZERO && record.payload.is_empty() {
            return Ok(true);
        }
        let read = &mut self.read;
        let tree = self.trees.entry(place.stream).or_insert_with(|| read(log, place.stream));
        let Some(tree) = tree else { return Ok(true) };
        let Some(key) = tree.key(place.version) else { return Ok(false) };
        let (stream, version, root) = (place.stream, place.version, draft.payload_root);
        seal::open(record.payload, &key, log, stream, version, root)
            .map(|_| true)
            .map_err(|error| error.to_string())
    }
}

/// Removes the databases in `folder` that show damage: they are made again from the log.
pub(crate) fn discard_damaged(folder: &Path) -> Result<(), ServiceError> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for path in entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()) {
        let Some(spot) = gradus_log::damage_of(&path)?.into_iter().next() else { continue };
        let (file, at, what) = (spot.path.display(), spot.at, &spot.what);
        tracing::warn!(%file, at, what, "damaged, and made again from the log");
        fs::remove_dir_all(&path)
            .map_err(|source| FileError::new(FileStep::Remove, &path, source))
            .map_err(DirectoryError::from)?;
    }
    Ok(())
}

/// The bytes of a file that may hold keys; `None` when it is not there.
pub(crate) fn read_secret(path: &Path) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The key tree in a file, or why there is none.
pub(crate) fn key_tree(path: &Path, log: LogId, unit: UnitId) -> Result<KeyTree, String> {
    let bytes = read_secret(path).map_err(|error| error.to_string())?;
    let bytes = bytes.ok_or_else(|| "it is missing".to_owned())?;
    keys::decode(&bytes, log, unit).map_err(|error| error.to_string())
}
