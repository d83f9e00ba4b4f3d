//! Keys are the same after a restart, gone after an erasure, and never made twice.

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
