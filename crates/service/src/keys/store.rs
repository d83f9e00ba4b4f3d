//! The folder of key files, one for each unit.
//!
//! Invariants: a key is handed out only when its file is durable; an erasure is acknowledged only
//! when the file without the key is durable; a file that is missing or damaged is an error, never
//! replaced by new keys.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use gradus_model::{LogId, UnitId};
use zeroize::Zeroizing;

use super::file::{KeyFileError, decode, encode};
use super::tree::{KeyTree, MOST_VERSION};
use super::{RecordKey, RootSeed};
use crate::directory::folder::{FileError, Folder, Step, overwrite};

/// Keys that cannot be had, written or erased.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The unit has no key file.
    #[error(
        "`{}` is missing: restore it from the backup of the keys, \
         without it nothing sealed of unit {unit} can be read",
        .path.display()
    )]
    Missing {
        /// Where it should be.
        path: PathBuf,
        /// Whose keys they are.
        unit: UnitId,
    },
    /// The key file is not as it was written.
    #[error(
        "`{}` cannot be used: {source}; restore it from the backup of the keys",
        .path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: KeyFileError,
    },
    /// The unit has keys already.
    #[error("`{}` is there already: keys are never replaced", .path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// No record has this version.
    #[error("version {0} has no key, versions are from 1 to {MOST_VERSION}")]
    Version(u64),
    /// The system refused.
    #[error(transparent)]
    File(#[from] FileError),
}

/// The keys of all units of one log.
///
/// Calls block on the disk; one at a time is served.
#[derive(Debug)]
pub struct KeyStore {
    log: LogId,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    folder: Folder,
    /// The trees read so far, each as its file is.
    trees: BTreeMap<UnitId, KeyTree>,
}

impl KeyStore {
    /// Opens the folder `dir`, made with mode 0700 when it is absent, for the keys of `log`.
    pub fn open(dir: &Path, log: LogId) -> Result<Self, KeyError> {
        let state = State { folder: Folder::open(dir)?, trees: BTreeMap::new() };
        Ok(Self { log, state: Mutex::new(state) })
    }

    /// Makes the key file of a new unit; returns when it is durable.
    ///
    /// To be called before the unit's first record is sealed.
    ///
    /// # Errors
    ///
    /// [`KeyError::Exists`] when the unit has one; nothing is changed then.
    pub fn create(&self, unit: UnitId, root: &RootSeed) -> Result<(), KeyError> {
        let mut state = self.lock()?;
        let path = state.path(unit);
        if path.try_exists().map_err(|source| FileError::new(Step::Read, &path, source))? {
            return Err(KeyError::Exists { path });
        }
        let tree = KeyTree::new(root);
        state.folder.replace(&file_name(unit), &encode(self.log, unit, &tree))?;
        state.trees.insert(unit, tree);
        Ok(())
    }

    /// The key of the record at `version` of the unit's stream, or `None` when it is erased.
    pub fn key(&self, unit: UnitId, version: u64) -> Result<Option<RecordKey>, KeyError> {
        check(version)?;
        let mut state = self.lock()?;
        Ok(state.tree(self.log, unit)?.key(version))
    }

    /// Erases the key of one record for good; whether it was there. Returns when that is durable.
    ///
    /// # Errors
    ///
    /// After any error the key may or may not be gone, and asking again is right. After one with
    /// [`Step::Sync`] the store refuses every call: only a new process knows what is on disk.
    pub fn erase(&self, unit: UnitId, version: u64) -> Result<bool, KeyError> {
        Ok(self.erase_all(unit, [version])? > 0)
    }

    /// Erases the keys of several records for good, all with one file; how many of them were there.
    /// Returns when that is durable.
    ///
    /// # Errors
    ///
    /// As of [`Self::erase`].
    pub fn erase_all(
        &self,
        unit: UnitId,
        versions: impl IntoIterator<Item = u64>,
    ) -> Result<u64, KeyError> {
        let versions: Vec<u64> = versions.into_iter().collect();
        versions.iter().try_for_each(|version| check(*version))?;
        let mut state = self.lock()?;
        let tree = state.tree(self.log, unit)?;
        let mut erased = 0;
        for version in versions {
            erased += u64::from(tree.puncture(version));
        }
        if erased == 0 {
            return Ok(0);
        }
        let bytes = encode(self.log, unit, tree);
        let path = state.path(unit);
        // Opened before the new file takes the name, to reach the old bytes after.
        let old = OpenOptions::new().write(true).open(&path);
        if let Err(error) = state.folder.replace(&file_name(unit), &bytes) {
            // The file is the truth: what is in memory may be ahead of it.
            state.trees.remove(&unit);
            return Err(error.into());
        }
        if let Err(error) = old.and_then(|old| wipe(&old)) {
            tracing::warn!(path = %path.display(), %error, "old key file not overwritten");
        }
        Ok(erased)
    }

    fn lock(&self) -> Result<MutexGuard<'_, State>, KeyError> {
        // No step between two consistent states can panic.
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.folder.check()?;
        Ok(state)
    }
}

impl State {
    fn path(&self, unit: UnitId) -> PathBuf {
        self.folder.path(&file_name(unit))
    }

    fn tree(&mut self, log: LogId, unit: UnitId) -> Result<&mut KeyTree, KeyError> {
        match self.trees.entry(unit) {
            Entry::Occupied(tree) => Ok(tree.into_mut()),
            Entry::Vacant(place) => {
                let path = self.folder.path(&file_name(unit));
                Ok(place.insert(load(path, log, unit)?))
            }
        }
    }
}

/// The name of a unit's key file.
pub(crate) fn file_name(unit: UnitId) -> String {
    format!("{unit}.keys")
}

fn check(version: u64) -> Result<(), KeyError> {
    if (1..=MOST_VERSION).contains(&version) { Ok(()) } else { Err(KeyError::Version(version)) }
}

fn load(path: PathBuf, log: LogId, unit: UnitId) -> Result<KeyTree, KeyError> {
    let bytes = match read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(KeyError::Missing { path, unit });
        }
        Err(source) => return Err(FileError::new(Step::Read, &path, source).into()),
    };
    decode(&bytes, log, unit).map_err(|source| KeyError::Damaged { path, source })
}

fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut file = File::open(path)?;
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(0);
    // Room for all of it: a vector that grew would leave seeds behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(length + 1));
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Overwrites a file that has lost its name, unless it has another: a backup by hard links would
/// lose every key of the unit.
fn wipe(old: &File) -> io::Result<()> {
    if old.metadata()?.nlink() == 0 {
        overwrite(old)
    } else {
        Err(io::Error::other("the file has another name, a hard link"))
    }
}

#[cfg(test)]
mod tests;
