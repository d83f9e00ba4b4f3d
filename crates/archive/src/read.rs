//! Reads an archive, and believes nothing that does not verify.

use std::path::{Path, PathBuf};

use gradus_model::Digest;
use gradus_proof::{Tile, leaf_hash, sha256};

use crate::attachments;
use crate::manifest::{Attachment, Manifest};
use crate::tiles::{self, Edge, Kind, WIDTH};
use crate::{ArchiveError, file};

/// An archive that is there.
pub struct Archive {
    folder: PathBuf,
    manifest: Manifest,
}

/// A record of an archive whose hash is that of its tile.
#[derive(Clone, Copy, Debug)]
pub struct ArchivedRecord<'a> {
    /// Its number within the log, from 0.
    pub position: u64,
    /// The leaf's bytes.
    pub leaf: &'a [u8],
    /// The sealed payload.
    pub payload: &'a [u8],
}

impl Archive {
    /// Opens the archive in `folder`.
    pub fn open(folder: &Path) -> Result<Self, ArchiveError> {
        let manifest = Manifest::read(folder)?;
        let manifest = manifest.ok_or_else(|| ArchiveError::NoManifest(folder.to_owned()))?;
        Ok(Self { folder: folder.to_owned(), manifest })
    }

    /// What it says of itself.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Reads every record in order, and every tile; `visit` may already have seen records when a
    /// later one turns out damaged, so what it does holds only if this ends well.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::Damaged`] with the file and what is wrong; [`ArchiveError::OtherRoot`].
    pub fn visit<E: From<ArchiveError>>(
        &self,
        mut visit: impl FnMut(ArchivedRecord<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let size = self.manifest.head.size;
        let mut edge = Edge::new();
        let mut position = 0;
        while position < size {
            let number = position / WIDTH as u64;
            let width = usize::try_from(size - position).unwrap_or(WIDTH).min(WIDTH);
            let hashes = hashes(&self.folder, 0, number, width)?;
            let entries_path = tiles::path(&self.folder, Kind::Entries, number, width);
            let payloads_path = tiles::path(&self.folder, Kind::Payloads, number, width);
            let entries = file::read_whole(&entries_path)?;
            let payloads = file::read_whole(&payloads_path)?;
            let leaves = bundle(&entries_path, &entries, width)?;
            let payloads = tiles::unsummed(&payloads);
            let wrong = || ArchiveError::damaged(&payloads_path, "its checksum is wrong");
            let payloads = bundle(&payloads_path, payloads.ok_or_else(wrong)?, width)?;
            for ((leaf, payload), said) in leaves.into_iter().zip(payloads).zip(hashes) {
                let hash = leaf_hash(leaf);
                if hash != said {
                    let what = format!("position {position} does not match its hash tile");
                    return Err(ArchiveError::damaged(&entries_path, what).into());
                }
                edge.push(hash, |tile, hashes| self.compare(tile, hashes))?;
                visit(ArchivedRecord { position, leaf, payload })?;
                position += 1;
            }
        }
        Ok(self.compare_edge(&edge)?)
    }

    /// Compares a tile with the one that the records give.
    fn compare(&self, tile: Tile, expected: &[Digest]) -> Result<(), ArchiveError> {
        let (level, width) = (tile.kind().level().into(), tile.width().into());
        if hashes(&self.folder, level, tile.number(), width)? == expected {
            return Ok(());
        }
        let path = tiles::path(&self.folder, Kind::Hashes(level), tile.number(), width);
        Err(ArchiveError::damaged(&path, "it is not the tile of the records"))
    }

    /// Compares the partial tiles, and the root.
    fn compare_edge(&self, edge: &Edge) -> Result<(), ArchiveError> {
        let head = self.manifest.head;
        for (tile, expected) in edge.partial() {
            self.compare(tile, expected)?;
        }
        let seen = edge.root();
        if seen == head.root {
            Ok(())
        } else {
            Err(ArchiveError::OtherRoot { seen, said: head.root })
        }
    }

    /// A held document, verified.
    pub fn document(&self, digest: Digest) -> Result<Vec<u8>, ArchiveError> {
        let path = self.folder.join("documents").join(digest.to_string());
        let bytes = file::read_whole(&path)?;
        let seen = sha256(&bytes);
        if seen == digest {
            Ok(bytes)
        } else {
            Err(ArchiveError::damaged(&path, format!("its bytes hash to {seen}")))
        }
    }

    /// The sealed file of an attachment, verified.
    pub fn attachment(&self, of: &Attachment) -> Result<PathBuf, ArchiveError> {
        attachments::verify(&self.folder, of)
    }

    /// Where the keys lie unless they are kept elsewhere.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.folder.join("keys")
    }
}

/// The hashes of a tile.
pub(crate) fn hashes(
    folder: &Path,
    level: usize,
    number: u64,
    width: usize,
) -> Result<Vec<Digest>, ArchiveError> {
    let path = tiles::path(folder, Kind::Hashes(level), number, width);
    let bytes = file::read_whole(&path)?;
    let hashes = tiles::hashes(&bytes, width);
    hashes.ok_or_else(|| {
        ArchiveError::damaged(&path, format!("it has {} bytes, not {}", bytes.len(), 32 * width))
    })
}

fn bundle<'a>(path: &Path, bytes: &'a [u8], width: usize) -> Result<Vec<&'a [u8]>, ArchiveError> {
    let records = tiles::records(bytes, width);
    records.ok_or_else(|| ArchiveError::damaged(path, format!("it does not hold {width} records")))
}
