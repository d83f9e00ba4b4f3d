//! Held attachments: files of a unit by their SHA-256, sealed, and erased as files.
//!
//! An attachment is `attachments/<unit id>/<digest in hexadecimal>`, its bytes as [`file`] says. Its key
//! is one of the unit's key tree ([`crate::keys`]), under a number of its own from 2^39 on, which is far
//! past every version; so backups of the keys carry it, and to erase it is to puncture the tree, as for
//! texts. Each unit has files of its own: nobody learns that another team has the same one.
//!
//! An upload that no item names yet lies there as `<digest>.unnamed`, and is removed after a day. While it
//! comes in it is `<random>.new`, sealed from its first byte, and removed by the next start if it was
//! left. Invariants: what is handed out was authenticated piece by piece, and hashes to its name; what
//! an event calls erased is never held again.

mod error;
mod file;
mod passing;
mod places;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use gradus_model::ids::hex;
use gradus_model::{Digest, LogId, UnitId};

use crate::directory::folder::{self, FileError, Folder, Step};
use crate::keys::{KeyStore, RecordKey};
pub use error::AttachmentError;
pub use file::{Broken, FIRST};
use file::{RANDOM, Sealer};
pub(crate) use passing::{Reading, Upload};
pub(crate) use places::{all_in, examine, found_in, path_in};
use places::{content_of, entries, number_of, read};

/// The longest attachment unless the settings say otherwise, in bytes.
pub const MOST_BYTES: u64 = 16 << 20;
/// How long an upload is kept that no item names.
pub const UNNAMED_FOR: Duration = Duration::from_hours(24);
/// How many times the longest attachment the uploads of a unit may take that no item names.
const MOST_UNNAMED: u64 = 64;
const UNNAMED: &str = "unnamed";

/// The folder of held attachments.
///
/// Calls block on the disk.
#[derive(Debug)]
pub(crate) struct Attachments {
    path: PathBuf,
    log: LogId,
    most: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    folders: BTreeMap<UnitId, Folder>,
    /// The number of the key that a unit's next upload gets, where it is known.
    next: BTreeMap<UnitId, u64>,
    /// Uploads that no item is known to name, with their bytes.
    unnamed: BTreeMap<(UnitId, Digest), u64>,
    erased: BTreeSet<(UnitId, Digest)>,
}

impl Attachments {
    /// Opens the folder `dir`, made with mode 0700 when it is absent, and clears what a crash left.
    pub(crate) fn open(dir: &Path, log: LogId) -> Result<Self, AttachmentError> {
        folder::create_folder(dir)?;
        let failed = |source| FileError::new(Step::Read, dir, source);
        let mut state = State::default();
        for unit in entries(dir).map_err(failed)? {
            for left in entries(&unit.path()).map_err(failed)? {
                if left.path().extension().is_some_and(|extension| extension == "new") {
                    folder::discard(&left.path())?;
                }
            }
        }
        for (unit, digest, named) in all_in(dir).map_err(failed)? {
            if !named {
                let path = path_in(dir, unit, digest).with_added_extension(UNNAMED);
                state.unnamed.insert((unit, digest), content_of(&path).unwrap_or_default());
            }
        }
        let most = AtomicU64::new(MOST_BYTES);
        Ok(Self { path: dir.to_owned(), log, most, state: Mutex::new(state) })
    }

    /// The most bytes that an attachment may have.
    pub(crate) fn most(&self) -> u64 {
        self.most.load(Ordering::Relaxed)
    }

    /// Bounds attachments from here on.
    pub(crate) fn bound(&self, most: u64) {
        self.most.store(most, Ordering::Relaxed);
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    // No step between two consistent states can panic.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an upload for a unit.
    ///
    /// # Errors
    ///
    /// [`AttachmentError::Unnamed`] when too much waits to be named.
    pub(crate) fn begin(&self, keys: &KeyStore, unit: UnitId) -> Result<Upload, AttachmentError> {
        let most = self.most();
        let (number, key) = {
            let mut state = self.lock();
            let waiting =
                |((of, _), bytes): (&(UnitId, Digest), &u64)| (*of == unit).then_some(*bytes);
            let seen = state.unnamed.iter().filter_map(waiting).sum();
            let allowed = most.saturating_mul(MOST_UNNAMED);
            if seen > allowed {
                return Err(AttachmentError::Unnamed { seen, most: allowed });
            }
            state.folder(&self.path, unit)?.check()?;
            state.number(&self.path, keys, unit)?
        };
        let name: [u8; RANDOM] = drawn()?;
        let path = self.path.join(unit.to_string()).join(format!("{}.new", hex(&name)));
        let failed = |step, source| FileError::new(step, &path, source);
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(&path);
        let file = file.map_err(|source| failed(Step::Create, source))?;
        let sealer = Sealer::begin(file, &key, (self.log, unit, number), drawn()?);
        let sealer = Some(sealer.map_err(|source| failed(Step::Write, source))?);
        Ok(Upload { unit, path, sealer, most })
    }

    /// Gives a sealed upload its name, durably; one that is held and whole already stays as it is.
    ///
    /// # Errors
    ///
    /// [`AttachmentError::Erased`] for what was erased in the unit.
    pub(crate) fn keep(
        &self,
        keys: &KeyStore,
        upload: &Upload,
        (digest, bytes): (Digest, u64),
    ) -> Result<(), AttachmentError> {
        let unit = upload.unit;
        let key = |number| keys.key(unit, number);
        let found = found_in(&self.path, unit, digest);
        let whole = |path: &PathBuf| examine(path, (self.log, unit, digest), key).is_ok();
        let is_whole = found.as_ref().is_some_and(whole);
        let mut state = self.lock();
        if state.erased.contains(&(unit, digest)) {
            return Err(AttachmentError::Erased(digest));
        }
        let name = digest.to_string();
        let is_named = found.is_some() && !state.unnamed.contains_key(&(unit, digest));
        match found {
            Some(path) if is_whole => {
                if !is_named {
                    // Its day begins anew.
                    let file = File::options().write(true).open(&path);
                    let renewed = file.and_then(|file| file.set_modified(SystemTime::now()));
                    renewed.map_err(|source| FileError::new(Step::Write, &path, source))?;
                }
                return Ok(());
            }
            Some(_) => self.destroy(&mut state, keys, unit, &[digest])?,
            None => (),
        }
        let name = if is_named { name } else { format!("{name}.{UNNAMED}") };
        state.folder(&self.path, unit)?.place(&upload.path, &name)?;
        if !is_named {
            state.unnamed.insert((unit, digest), bytes);
        }
        Ok(())
    }

    /// Refuses what was erased in a unit.
    pub(crate) fn refuse_erased(
        &self,
        unit: UnitId,
        digest: Digest,
    ) -> Result<(), AttachmentError> {
        let erased = self.lock().erased.contains(&(unit, digest));
        if erased { Err(AttachmentError::Erased(digest)) } else { Ok(()) }
    }

    /// Takes uploads for named, if they are held: an item names them.
    pub(crate) fn settle(&self, unit: UnitId, digests: &[Digest]) -> Result<(), AttachmentError> {
        let mut state = self.lock();
        for digest in digests {
            if state.unnamed.remove(&(unit, *digest)).is_some() {
                let named = path_in(&self.path, unit, *digest);
                let unnamed = named.with_added_extension(UNNAMED);
                state.folder(&self.path, unit)?.place(&unnamed, &digest.to_string())?;
            }
        }
        Ok(())
    }

    /// Opens an attachment.
    pub(crate) fn read(
        &self,
        keys: &KeyStore,
        unit: UnitId,
        digest: Digest,
    ) -> Result<Reading, AttachmentError> {
        self.refuse_erased(unit, digest)?;
        let path = found_in(&self.path, unit, digest);
        let path = path.ok_or(AttachmentError::Missing(digest))?;
        read(&path, (self.log, unit, digest), |number| keys.key(unit, number))
    }

    /// Reads an attachment to its end.
    pub(crate) fn verify(
        &self,
        keys: &KeyStore,
        unit: UnitId,
        digest: Digest,
    ) -> Result<(), AttachmentError> {
        let mut reading = self.read(keys, unit, digest)?;
        while reading.next()?.is_some() {}
        Ok(())
    }

    /// The bytes of an attachment, if it is held.
    pub(crate) fn held(&self, unit: UnitId, digest: Digest) -> Option<u64> {
        content_of(&found_in(&self.path, unit, digest)?)
    }

    /// Destroys what is held of these attachments, file and key, for good: it is not taken again.
    pub(crate) fn erase(
        &self,
        keys: &KeyStore,
        unit: UnitId,
        digests: &[Digest],
    ) -> Result<(), AttachmentError> {
        let mut state = self.lock();
        state.erased.extend(digests.iter().map(|digest| (unit, *digest)));
        self.destroy(&mut state, keys, unit, digests)
    }

    /// Destroys uploads that no item names.
    pub(crate) fn drop_unnamed(
        &self,
        keys: &KeyStore,
        unit: UnitId,
        digests: &[Digest],
    ) -> Result<(), AttachmentError> {
        let mut state = self.lock();
        let unnamed: Vec<Digest> = digests
            .iter()
            .filter(|digest| state.unnamed.contains_key(&(unit, **digest)))
            .copied()
            .collect();
        self.destroy(&mut state, keys, unit, &unnamed)
    }

    fn destroy(
        &self,
        state: &mut State,
        keys: &KeyStore,
        unit: UnitId,
        digests: &[Digest],
    ) -> Result<(), AttachmentError> {
        let found = |digest: &Digest| found_in(&self.path, unit, *digest);
        let files: Vec<PathBuf> = digests.iter().filter_map(found).collect();
        state.unnamed.retain(|(of, digest), _| *of != unit || !digests.contains(digest));
        if files.is_empty() {
            return Ok(());
        }
        // The key goes first: a file that a crash leaves is found again by whoever reads the event.
        let numbers: Vec<u64> = files.iter().filter_map(|path| number_of(path)).collect();
        keys.erase_all(unit, numbers)?;
        for path in &files {
            folder::discard(path)?;
        }
        Ok(folder::sync_folder(&self.path.join(unit.to_string()))?)
    }

    /// Uploads that no item is known to name, with whether they have been there for long.
    pub(crate) fn unnamed(&self, now: SystemTime) -> Vec<(UnitId, Digest, bool)> {
        let state = self.lock();
        let old = |(unit, digest): &(UnitId, Digest)| {
            let path = path_in(&self.path, *unit, *digest).with_added_extension(UNNAMED);
            let written = fs::metadata(path).and_then(|about| about.modified());
            let age = written.ok().and_then(|at| now.duration_since(at).ok());
            (*unit, *digest, age.is_some_and(|age| age >= UNNAMED_FOR))
        };
        state.unnamed.keys().map(old).collect()
    }
}

impl State {
    fn folder(&mut self, path: &Path, unit: UnitId) -> Result<&mut Folder, FileError> {
        use std::collections::btree_map::Entry;
        match self.folders.entry(unit) {
            Entry::Occupied(folder) => Ok(folder.into_mut()),
            Entry::Vacant(place) => Ok(place.insert(Folder::open(&path.join(unit.to_string()))?)),
        }
    }

    /// The number of the next key of a unit: past those that are in use, and not erased.
    fn number(
        &mut self,
        path: &Path,
        keys: &KeyStore,
        unit: UnitId,
    ) -> Result<(u64, RecordKey), AttachmentError> {
        let mut number = match self.next.get(&unit) {
            Some(next) => *next,
            None => entries(&path.join(unit.to_string()))
                .unwrap_or_default()
                .iter()
                .filter_map(|entry| number_of(&entry.path()))
                .max()
                .map_or(FIRST, |last| last + 1),
        };
        let key = loop {
            if let Some(key) = keys.key(unit, number)? {
                break key;
            }
            number += 1;
        };
        self.next.insert(unit, number + 1);
        Ok((number, key))
    }
}

fn drawn<const N: usize>() -> Result<[u8; N], AttachmentError> {
    crate::call::random().map_err(|_| AttachmentError::Randomness)
}

/// Writes the file of an attachment into the folder of a directory that is being made.
pub(crate) fn adopt(
    folder: &Path,
    (unit, digest): (UnitId, Digest),
    from: &Path,
) -> Result<(), FileError> {
    let path = path_in(folder, unit, digest);
    folder::create_folder(folder)?;
    folder::create_folder(folder::parent(&path))?;
    folder::copy(from, &path)
}
