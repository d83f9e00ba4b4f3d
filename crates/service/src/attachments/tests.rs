//! Tests of held attachments: what is written is read, nothing half written is left, and what was erased
//! is in no file.

use std::io::Write as _;

use expect_test::expect;
use gradus_model::ids::hex;
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::file::PIECE;
use super::*;
use crate::keys::RootSeed;

const LOG: LogId = LogId([1; 16]);
const UNIT: UnitId = UnitId([2; 16]);
const OTHER: UnitId = UnitId([3; 16]);

struct Given {
    dir: tempfile::TempDir,
    keys: KeyStore,
    files: Attachments,
}

fn given() -> Given {
    let dir = tempfile::tempdir().unwrap();
    let keys = KeyStore::open(&dir.path().join("keys"), LOG).unwrap();
    for unit in [UNIT, OTHER] {
        keys.create(unit, &RootSeed::new([7; 32])).unwrap();
    }
    let files = Attachments::open(&dir.path().join("attachments"), LOG).unwrap();
    Given { dir, keys, files }
}

impl Given {
    fn put(&self, bytes: &[u8]) -> Result<Digest, AttachmentError> {
        let mut upload = self.files.begin(&self.keys, UNIT)?;
        // As it comes over the wire: in parts that are no pieces.
        bytes.chunks(50_000).try_for_each(|part| upload.push(part))?;
        let (digest, size) = upload.seal()?;
        assert_eq!(size, bytes.len() as u64);
        self.files.keep(&self.keys, &upload, (digest, size))?;
        Ok(digest)
    }

    fn get(&self, digest: Digest) -> Result<Vec<u8>, AttachmentError> {
        let mut reading = self.files.read(&self.keys, UNIT, digest)?;
        let (mut all, size) = (Vec::new(), reading.bytes());
        while let Some(piece) = reading.next()? {
            all.extend(piece);
        }
        assert_eq!(all.len() as u64, size);
        Ok(all)
    }

    fn reopened(self) -> Self {
        let files = Attachments::open(self.files.path(), LOG).unwrap();
        let keys = KeyStore::open(&self.dir.path().join("keys"), LOG).unwrap();
        Self { keys, files, ..self }
    }

    fn folder(&self) -> PathBuf {
        self.files.path().join(UNIT.to_string())
    }

    fn names(&self) -> Vec<String> {
        let name = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
        let mut names: Vec<String> = entries(&self.folder()).unwrap().iter().map(name).collect();
        names.sort();
        names
    }

    fn said(&self, error: &AttachmentError) -> String {
        error.to_string().replace(&self.folder().display().to_string(), "DIR")
    }
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

#[test]
fn an_attachment_of_every_length_around_a_piece_is_read_as_it_was_written() {
    let given = given();
    for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 3 * PIECE + 7] {
        let bytes = pattern(length);
        let digest = given.put(&bytes).unwrap();
        assert_eq!(digest.0[..], Sha256::digest(&bytes)[..]);
        assert_eq!(given.files.held(UNIT, digest), Some(length as u64));
        assert!(given.get(digest).unwrap() == bytes, "{length}");
    }
}

#[test]
fn it_is_there_after_a_restart_and_by_its_name_once_an_item_names_it() {
    let given = given();
    let digest = given.put(b"report").unwrap();
    assert_eq!(given.names(), [format!("{digest}.unnamed")]);
    let given = given.reopened();
    assert_eq!(given.get(digest).unwrap(), b"report");
    given.files.settle(UNIT, &[digest, Digest([9; 32])]).unwrap();
    assert_eq!(given.names(), [digest.to_string()]);
    assert_eq!(given.put(b"report").unwrap(), digest);
    assert_eq!(given.names(), [digest.to_string()], "uploaded again, it is there once");
    assert_eq!(given.reopened().get(digest).unwrap(), b"report");
}

#[test]
fn nothing_of_it_is_in_clear_in_any_file_and_another_unit_has_none_of_it() {
    let given = given();
    let digest = given.put(&b"canary".repeat(20_000)).unwrap();
    for entry in entries(&given.folder()).unwrap() {
        let bytes = fs::read(entry.path()).unwrap();
        assert!(!bytes.windows(6).any(|window| window == b"canary"));
    }
    assert_eq!(given.files.held(OTHER, digest), None);
    // Not even whoever moves the file to another unit with the same keys reads it there.
    let from = found_in(given.files.path(), UNIT, digest).unwrap();
    adopt(given.files.path(), (OTHER, digest), &from).unwrap();
    let moved = given.files.read(&given.keys, OTHER, digest).unwrap().next();
    assert!(matches!(moved, Err(AttachmentError::Damaged { .. })));
}

#[test]
fn what_is_dropped_or_left_by_a_crash_is_gone_and_so_is_what_is_too_long() {
    let given = given();
    let mut upload = given.files.begin(&given.keys, UNIT).unwrap();
    upload.push(&pattern(200_000)).unwrap();
    assert_eq!(given.names().len(), 1);
    drop(upload);
    assert_eq!(given.names(), [""; 0]);

    given.files.bound(100);
    assert_eq!(
        given.put(&pattern(101)).unwrap_err().to_string(),
        "the attachment has more than 100 bytes, which is the most that is taken here: name its \
         digest alone and keep it elsewhere, or have `attachment-mebibytes` raised"
    );
    assert_eq!(given.names(), [""; 0]);

    let mut left = File::create(given.folder().join("0123.new")).unwrap();
    left.write_all(b"half").unwrap();
    assert_eq!(given.reopened().names(), [""; 0]);
}

#[test]
fn uploads_that_no_item_names_have_a_bound_and_an_end() {
    let given = given();
    given.files.bound(10);
    for number in 0..=MOST_UNNAMED {
        given.put(format!("{number:010}").as_bytes()).unwrap();
    }
    let error = given.put(b"more").unwrap_err().to_string();
    expect![
        "uploads that no item names take 650 bytes in this unit, at most 640 are kept: name them in items, or wait a day"
    ]
    .assert_eq(&error);
    let all = given.files.unnamed(SystemTime::now());
    assert!(all.iter().all(|(unit, _, old)| *unit == UNIT && !old));
    let later = SystemTime::now() + UNNAMED_FOR;
    let old = given.files.unnamed(later);
    assert!(old.len() == all.len() && old.iter().all(|(.., old)| *old));
    let digests: Vec<Digest> = old.iter().map(|(_, digest, _)| *digest).collect();
    given.files.settle(UNIT, &digests[..1]).unwrap();
    given.files.drop_unnamed(&given.keys, UNIT, &digests).unwrap();
    assert_eq!(given.names(), [digests[0].to_string()], "what an item names stays");
    given.put(b"more").unwrap();
}

#[test]
fn what_was_erased_is_in_no_file_has_no_key_and_is_not_taken_again() {
    let given = given();
    let (kept, erased) = (given.put(b"kept").unwrap(), given.put(b"erased").unwrap());
    given.files.settle(UNIT, &[kept, erased]).unwrap();
    let path = found_in(given.files.path(), UNIT, erased).unwrap();
    let (number, copy) = (number_of(&path).unwrap(), fs::read(&path).unwrap());
    let mut open = File::open(&path).unwrap();
    given.files.erase(&given.keys, UNIT, &[erased, Digest([9; 32])]).unwrap();
    assert!(given.keys.key(UNIT, number).unwrap().is_none());
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut open, &mut bytes).unwrap();
    assert_eq!(bytes, vec![0; copy.len()], "its bytes were overwritten");
    assert_eq!(given.names(), [kept.to_string()]);
    for error in [given.get(erased).unwrap_err(), given.put(b"erased").unwrap_err()] {
        let said = format!("attachment {erased} was erased in this unit, and is not taken again");
        assert_eq!(error.to_string(), said);
    }
    // A copy of the file from before is of no use.
    let given = given.reopened();
    fs::write(&path, copy).unwrap();
    assert!(matches!(given.get(erased), Err(AttachmentError::NoKey(_))));
    // Whoever reads the event again, after a crash, removes it.
    given.files.erase(&given.keys, UNIT, &[erased]).unwrap();
    assert_eq!(given.names(), [kept.to_string()]);
    assert_eq!(given.get(kept).unwrap(), b"kept");
    let next = given.put(b"next").unwrap();
    let next = number_of(&found_in(given.files.path(), UNIT, next).unwrap()).unwrap();
    assert!(next > number, "no key serves twice");
}

#[test]
fn damage_is_named_by_file_and_made_whole_by_an_upload() {
    let given = given();
    let bytes = pattern(PIECE + 100);
    let digest = given.put(&bytes).unwrap();
    given.files.settle(UNIT, &[digest]).unwrap();
    let path = given.folder().join(digest.to_string());
    let whole = fs::read(&path).unwrap();
    let mut other = given.files.begin(&given.keys, UNIT).unwrap();
    other.push(b"other").unwrap();
    other.seal().unwrap();
    let other_bytes = fs::read(&other.path).unwrap();
    let mut flipped = whole.clone();
    flipped[50] ^= 1;
    for (bytes, what) in [
        (flipped, "a piece does not open: its bytes or the key are others"),
        (whole[..PIECE].to_vec(), "a piece does not open: its bytes or the key are others"),
        (whole[..20].to_vec(), "it is cut short"),
        (b"report".repeat(20), "it does not begin with `gradus-attachment`"),
        (
            other_bytes,
            &format!("its content hashes to {}", Digest(Sha256::digest(b"other").into())),
        ),
    ] {
        fs::write(&path, bytes).unwrap();
        let error = given.said(&given.get(digest).unwrap_err());
        assert_eq!(error, format!("`DIR/{digest}` is damaged, {what}: restore it from a backup"));
    }
    assert_eq!(given.put(&bytes).unwrap(), digest);
    assert!(given.get(digest).unwrap() == bytes);
    assert!(given.names().contains(&digest.to_string()));
}

#[test]
fn a_sealed_attachment_is_these_bytes_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sealed");
    let key = RecordKey::new([5; 32]);
    let mut sealer =
        Sealer::begin(File::create(&path).unwrap(), &key, (LOG, UNIT, FIRST), [6; 16]).unwrap();
    sealer.push(b"attachment").unwrap();
    sealer.finish().unwrap();
    expect!["6772616475732d6174746163686d656e740a0001000000800000000006060606060606060606060606060606aa98e8dd61294361684a38061beb878619b90559936168d173cc"].assert_eq(&hex(&fs::read(&path).unwrap()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_changed_or_cut_file_is_told(at in 0_usize..70, bit in 0..8) {
        let given = given();
        let digest = given.put(b"attachment").unwrap();
        let path = found_in(given.files.path(), UNIT, digest).unwrap();
        let whole = fs::read(&path).unwrap();
        prop_assert_eq!(whole.len(), 70);
        fs::write(&path, &whole[..at]).unwrap();
        prop_assert!(given.get(digest).is_err());
        let mut changed = whole;
        changed[at] ^= 1_u8 << bit;
        fs::write(&path, changed).unwrap();
        prop_assert!(given.get(digest).is_err());
    }
}
