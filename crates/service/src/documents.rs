//! Held documents: files by their SHA-256, written and synced before the event that names them.
//!
//! A document is `documents/<digest in hexadecimal>`. Invariant: what is read hashes to its name.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use gradus_model::Digest;
use sha2::{Digest as _, Sha256};

use crate::directory::folder::{FileError, Folder, Step};

/// The longest document, in bytes.
pub const MOST_BYTES: usize = 1 << 20;

/// A document that cannot be kept or had.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// More than a document may have.
    #[error("the document has {seen} bytes, at most {MOST_BYTES} are allowed")]
    TooLong {
        /// Bytes it has.
        seen: usize,
    },
    /// Never kept here, or lost.
    #[error("`{}` is missing: restore it from a backup", .path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// Not what was kept.
    #[error("`{}` is damaged, its bytes hash to {seen}: restore it from a backup", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What its bytes hash to; of a longer file, its first bytes.
        seen: Digest,
    },
    /// The system refused.
    #[error(transparent)]
    File(#[from] FileError),
}

/// The folder of held documents.
///
/// Calls block on the disk; one at a time writes, any number read.
#[derive(Debug)]
pub struct Documents {
    path: PathBuf,
    folder: Mutex<Folder>,
}

impl Documents {
    /// Opens the folder `dir`, made with mode 0700 when it is absent.
    pub fn open(dir: &Path) -> Result<Self, DocumentError> {
        Ok(Self { path: dir.to_owned(), folder: Mutex::new(Folder::open(dir)?) })
    }

    /// Keeps a document; returns its digest when it is durable. Keeping it again changes nothing,
    /// unless it was damaged: then it is whole again.
    ///
    /// # Errors
    ///
    /// [`DocumentError::TooLong`] past [`MOST_BYTES`]. After [`Step::Sync`] every call is refused.
    pub fn put(&self, bytes: &[u8]) -> Result<Digest, DocumentError> {
        if bytes.len() > MOST_BYTES {
            return Err(DocumentError::TooLong { seen: bytes.len() });
        }
        let digest = digest_of(bytes);
        let mut folder = self.folder.lock().unwrap_or_else(PoisonError::into_inner);
        folder.check()?;
        match self.get(digest) {
            Ok(_) => (),
            Err(DocumentError::Missing { .. } | DocumentError::Damaged { .. }) => {
                folder.replace(&digest.to_string(), bytes)?;
            }
            Err(error) => return Err(error),
        }
        Ok(digest)
    }

    /// The document of this digest, verified.
    pub fn get(&self, digest: Digest) -> Result<Vec<u8>, DocumentError> {
        let path = self.path.join(digest.to_string());
        let bytes = match read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(DocumentError::Missing { path });
            }
            Err(source) => return Err(FileError::new(Step::Read, &path, source).into()),
        };
        let seen = digest_of(&bytes);
        if seen == digest { Ok(bytes) } else { Err(DocumentError::Damaged { path, seen }) }
    }
}

fn digest_of(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

/// The bytes of a file, and no more of a longer one than shows that it is too long.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;

    fn documents() -> (tempfile::TempDir, Documents) {
        let dir = tempfile::tempdir().unwrap();
        let documents = Documents::open(&dir.path().join("documents")).unwrap();
        (dir, documents)
    }

    /// What is said of a document after its file was changed, with the folder's name taken out.
    fn check(change: impl Fn(&Path), then: &Expect) {
        let (dir, documents) = documents();
        let digest = documents.put(b"rules").unwrap();
        change(&documents.path.join(digest.to_string()));
        let error = documents.get(digest).unwrap_err().to_string();
        then.assert_eq(&error.replace(&dir.path().display().to_string(), "DIR"));
        assert_eq!(documents.put(b"rules").unwrap(), digest);
        assert_eq!(documents.get(digest).unwrap(), b"rules", "kept again, it is whole again");
    }

    #[test]
    fn a_document_is_had_after_a_restart_by_its_digest() {
        let (dir, documents) = documents();
        let digest = documents.put(b"rules").unwrap();
        expect!["6c621d1a05138a7888d37d9269a9da8e2e11e4aced2f6cfd24b05ab1b9e61bb0"]
            .assert_eq(&digest.to_string());
        let reopened = Documents::open(&dir.path().join("documents")).unwrap();
        assert_eq!(reopened.get(digest).unwrap(), b"rules");
    }

    #[test]
    fn a_missing_document_is_named() {
        check(
            |path| fs::remove_file(path).unwrap(),
            &expect![
                "`DIR/documents/6c621d1a05138a7888d37d9269a9da8e2e11e4aced2f6cfd24b05ab1b9e61bb0` is missing: restore it from a backup"
            ],
        );
    }

    #[test]
    fn a_damaged_document_is_named_with_what_it_hashes_to() {
        check(
            |path| fs::write(path, b"rules!").unwrap(),
            &expect![
                "`DIR/documents/6c621d1a05138a7888d37d9269a9da8e2e11e4aced2f6cfd24b05ab1b9e61bb0` is damaged, its bytes hash to 55e90411144180cd9575bd7220123ba9597818e91fa3cabc535c3d4715ef7098: restore it from a backup"
            ],
        );
        check(
            |path| fs::write(path, vec![0; MOST_BYTES * 2]).unwrap(),
            &expect![
                "`DIR/documents/6c621d1a05138a7888d37d9269a9da8e2e11e4aced2f6cfd24b05ab1b9e61bb0` is damaged, its bytes hash to 2cb74edba754a81d121c9db6833704a8e7d417e5b13d1a19f4a52f007d644264: restore it from a backup"
            ],
        );
    }

    #[test]
    fn the_longest_document_is_kept_and_a_longer_one_refused() {
        let (_dir, documents) = documents();
        let longest = vec![7; MOST_BYTES];
        assert_eq!(documents.get(documents.put(&longest).unwrap()).unwrap(), longest);
        let error = documents.put(&vec![7; MOST_BYTES + 1]).unwrap_err().to_string();
        assert_eq!(error, "the document has 1048577 bytes, at most 1048576 are allowed");
    }

    #[test]
    fn what_a_crash_left_half_written_is_removed_at_the_start() {
        let (dir, documents) = documents();
        let path = dir.path().join("documents");
        let digest = documents.put(b"rules").unwrap();
        fs::write(path.join("half.new"), "ru").unwrap();
        let reopened = Documents::open(&path).unwrap();
        assert_eq!(fs::read_dir(&path).unwrap().count(), 1);
        assert_eq!(reopened.get(digest).unwrap(), b"rules");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn keeping_a_document_twice_keeps_one(bytes: Vec<u8>) {
            let (_dir, documents) = documents();
            let digest = documents.put(&bytes).unwrap();
            prop_assert_eq!(documents.put(&bytes).unwrap(), digest);
            prop_assert_eq!(documents.get(digest).unwrap(), bytes);
            prop_assert_eq!(fs::read_dir(&documents.path).unwrap().count(), 1);
        }
    }
}
