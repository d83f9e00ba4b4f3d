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
mod tests {
    use std::fs;
    use std::io::Seek as _;
    use std::os::unix::fs::PermissionsExt as _;

    use gradus_model::ids::hex;

    use super::*;

    const LOG: LogId = LogId([1; 16]);
    const UNIT: UnitId = UnitId([2; 16]);
    const FILE: &str = "02020202-0202-0202-0202-020202020202.keys";

    struct Given {
        dir: tempfile::TempDir,
        store: KeyStore,
    }

    fn given() -> Given {
        let dir = tempfile::tempdir().unwrap();
        let store = KeyStore::open(&dir.path().join("keys"), LOG).unwrap();
        store.create(UNIT, &RootSeed::new([7; 32])).unwrap();
        Given { dir, store }
    }

    impl Given {
        fn file(&self) -> PathBuf {
            self.dir.path().join("keys").join(FILE)
        }

        fn reopened(&self) -> KeyStore {
            KeyStore::open(&self.dir.path().join("keys"), LOG).unwrap()
        }
    }

    fn key(store: &KeyStore, version: u64) -> Option<String> {
        store.key(UNIT, version).unwrap().map(|key| hex(key.bytes()))
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn a_key_is_the_same_after_a_restart() {
        let given = given();
        let before = key(&given.store, 3);
        assert!(before.is_some());
        assert_eq!(key(&given.reopened(), 3), before);
    }

    #[test]
    fn an_erased_key_stays_gone_and_no_other_is() {
        let given = given();
        let others = [key(&given.store, 2), key(&given.store, 4)];
        assert!(given.store.erase(UNIT, 3).unwrap());
        assert!(!given.store.erase(UNIT, 3).unwrap());
        for store in [&given.store, &given.reopened()] {
            assert_eq!(key(store, 3), None);
            assert_eq!([key(store, 2), key(store, 4)], others);
        }
        assert!(!given.reopened().erase(UNIT, 3).unwrap());
    }

    #[test]
    fn many_keys_are_erased_with_one_file_and_those_beside_them_stay() {
        let given = given();
        let others = [key(&given.store, 1), key(&given.store, 9)];
        assert_eq!(given.store.erase_all(UNIT, 2..=8).unwrap(), 7);
        assert_eq!(given.store.erase_all(UNIT, [8, 10]).unwrap(), 1, "one was gone");
        assert_eq!(given.store.erase_all(UNIT, []).unwrap(), 0);
        assert!(matches!(given.store.erase_all(UNIT, [11, 0]), Err(KeyError::Version(0))));
        for store in [&given.store, &given.reopened()] {
            assert!((2..=8).all(|version| key(store, version).is_none()));
            assert_eq!([key(store, 1), key(store, 9)], others);
            assert!(key(store, 11).is_some(), "all or nothing");
        }
    }

    #[test]
    fn only_the_owner_reads_keys_and_nothing_else_lies_beside_them() {
        let given = given();
        given.store.erase(UNIT, 3).unwrap();
        assert_eq!(mode(&given.file()), 0o600);
        assert_eq!(mode(given.file().parent().unwrap()), 0o700);
        assert_eq!(fs::read_dir(given.file().parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn the_bytes_of_the_old_file_are_zeros_after_an_erasure() {
        let given = given();
        let mut old = File::open(given.file()).unwrap();
        given.store.erase(UNIT, 3).unwrap();
        let mut bytes = Vec::new();
        old.rewind().unwrap();
        old.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, [0; 123]);
    }

    #[test]
    fn an_old_file_with_another_name_is_left_alone() {
        let given = given();
        let link = given.dir.path().join("backup");
        fs::hard_link(given.file(), &link).unwrap();
        assert!(given.store.erase(UNIT, 3).unwrap());
        assert!(decode(&fs::read(&link).unwrap(), LOG, UNIT).is_ok());
    }

    #[test]
    fn keys_are_never_made_twice() {
        let given = given();
        let before = key(&given.store, 1);
        let other = RootSeed::new([8; 32]);
        for store in [&given.store, &given.reopened()] {
            assert!(matches!(store.create(UNIT, &other), Err(KeyError::Exists { .. })));
            assert_eq!(key(store, 1), before);
        }
        fs::write(given.file(), "").unwrap();
        let error = given.reopened().create(UNIT, &other);
        assert!(matches!(error, Err(KeyError::Exists { .. })), "a damaged file counts as well");
    }

    #[test]
    fn a_missing_or_damaged_file_is_named_with_what_to_do() {
        let given = given();
        let path = given.file();
        let said = |store: &KeyStore| {
            let text = store.key(UNIT, 1).unwrap_err().to_string();
            assert_eq!(store.erase(UNIT, 1).unwrap_err().to_string(), text);
            text.replace(&path.display().to_string(), "FILE")
        };
        fs::write(&path, "gradus-keys\n\0\u{1}").unwrap();
        assert_eq!(
            said(&given.reopened()),
            "`FILE` cannot be used: it has 14 bytes where 82 are needed; \
             restore it from the backup of the keys"
        );
        fs::remove_file(&path).unwrap();
        assert_eq!(
            said(&given.reopened()),
            "`FILE` is missing: restore it from the backup of the keys, without it nothing sealed \
             of unit 02020202-0202-0202-0202-020202020202 can be read"
        );
        assert!(!path.exists());
    }

    #[test]
    fn a_failed_rewrite_erases_nothing() {
        let given = given();
        let before = key(&given.store, 3);
        // A folder in the place of the temporary file, which cannot be replaced by it.
        let blocked = given.file().with_added_extension("new");
        fs::create_dir(&blocked).unwrap();
        assert!(matches!(given.store.erase(UNIT, 3), Err(KeyError::File(_))));
        assert_eq!(key(&given.store, 3), before);
        fs::remove_dir(&blocked).unwrap();
        assert!(given.store.erase(UNIT, 3).unwrap());
        assert_eq!(key(&given.reopened(), 3), None);
    }

    #[test]
    fn what_a_crash_left_half_written_is_wiped_at_the_start() {
        let given = given();
        let left = given.file().with_added_extension("new");
        fs::write(&left, "seeds").unwrap();
        let mut open = File::open(&left).unwrap();
        assert!(key(&given.reopened(), 1).is_some());
        let mut bytes = Vec::new();
        open.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, [0; 5]);
        assert!(!left.exists());
    }

    #[test]
    fn versions_without_a_record_have_no_key() {
        let given = given();
        for version in [0, MOST_VERSION + 1, u64::MAX] {
            assert!(matches!(given.store.key(UNIT, version), Err(KeyError::Version(_))));
            assert!(matches!(given.store.erase(UNIT, version), Err(KeyError::Version(_))));
        }
        assert!(key(&given.store, MOST_VERSION).is_some());
    }

    #[test]
    fn threads_share_one_store() {
        let given = given();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let store = &given.store;
                scope.spawn(move || {
                    for step in 0..5 {
                        assert!(store.erase(UNIT, 1 + thread + 4 * step).unwrap());
                        assert!(store.key(UNIT, 100 + step).unwrap().is_some());
                    }
                });
            }
        });
        let reopened = given.reopened();
        for version in 1..=20 {
            assert_eq!(key(&reopened, version), None);
        }
        assert!(key(&reopened, 21).is_some());
    }
}
