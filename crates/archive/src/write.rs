//! Adds to an archive, or begins one.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use gradus_model::{Digest, UnitId};
use gradus_proof::{Checkpoint, leaf_hash, sha256};

use crate::attachments::{self, Found, Incoming};
use crate::error::Doing as _;
use crate::manifest::{Attachment, Head, Manifest};
use crate::tiles::{self, Edge, Kind, WIDTH};
use crate::{ArchiveError, file, read};

/// An archive that is being written.
pub struct Writer {
    folder: PathBuf,
    before: Option<Manifest>,
    size: u64,
    edge: Edge,
    /// The bundles of the records past the last whole tile.
    entries: Vec<u8>,
    payloads: Vec<u8>,
    documents: BTreeSet<Digest>,
    attachments: BTreeSet<Attachment>,
}

/// What stays the same of a log, for its manifest.
#[derive(Clone, Debug)]
pub struct About {
    /// The log's id, as text.
    pub log: String,
    /// The origin line of its checkpoints.
    pub origin: String,
    /// The program that writes.
    pub made_by: String,
}

impl Writer {
    /// Opens the archive in `folder` to add to it, or begins one in a new or empty folder.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::NotOurs`] when other files are there; [`ArchiveError::Damaged`] when what is
    /// to be added to cannot be read.
    pub fn open(folder: &Path) -> Result<Self, ArchiveError> {
        let before = Manifest::read(folder)?;
        if before.is_none() && folder.exists() {
            refuse_other_files(folder)?;
        }
        file::create_folder(folder)?;
        let mut writer = Self {
            folder: folder.to_owned(),
            size: 0,
            edge: Edge::new(),
            entries: Vec::new(),
            payloads: Vec::new(),
            documents: BTreeSet::new(),
            attachments: BTreeSet::new(),
            before,
        };
        if let Some(manifest) = writer.before.clone() {
            writer.go_on(&manifest)?;
        }
        Ok(writer)
    }

    /// Reads the partial tiles that are to be continued.
    fn go_on(&mut self, manifest: &Manifest) -> Result<(), ArchiveError> {
        self.size = manifest.head.size;
        let mut levels = Vec::new();
        for (level, (number, width)) in tiles::shape(self.size).into_iter().enumerate() {
            levels.push(if width == 0 {
                Vec::new()
            } else {
                read::hashes(&self.folder, level, number, width)?
            });
        }
        // The levels are those of the size, so the fallback is never used.
        self.edge = Edge::of(self.size, levels).unwrap_or_default();
        let seen = self.edge.root();
        if seen != manifest.head.root {
            return Err(ArchiveError::OtherRoot { seen, said: manifest.head.root });
        }
        let (number, width) = (self.size / WIDTH as u64, self.loose());
        if width > 0 {
            let path = tiles::path(&self.folder, Kind::Entries, number, width);
            self.entries = file::read_whole(&path)?;
            let path = tiles::path(&self.folder, Kind::Payloads, number, width);
            let bytes = file::read_whole(&path)?;
            let bundle = tiles::unsummed(&bytes);
            let damaged = || ArchiveError::damaged(&path, "its checksum is wrong");
            self.payloads = bundle.ok_or_else(damaged)?.to_vec();
        }
        self.documents.extend(&manifest.documents);
        Ok(())
    }

    fn loose(&self) -> usize {
        usize::try_from(self.size % WIDTH as u64).unwrap_or(0)
    }

    /// The number of records, with those that were added.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// How much the archive holds, with what was added.
    #[must_use]
    pub fn head(&self) -> Head {
        Head { size: self.size, root: self.edge.root() }
    }

    /// Refuses a log that is not the one in the archive: `size` is the log's size, `root` the root
    /// that it had at the archive's size.
    pub fn refuse_other(&self, size: u64, root: Option<Digest>) -> Result<(), ArchiveError> {
        let held = self.head();
        match root {
            Some(offered) if offered != held.root => {
                Err(ArchiveError::OtherLog { size: held.size, held: held.root, offered })
            }
            Some(_) => Ok(()),
            None => Err(ArchiveError::Ahead { held: held.size, offered: size }),
        }
    }

    /// Adds the next record.
    pub fn push(&mut self, leaf: &[u8], payload: &[u8]) -> Result<(), ArchiveError> {
        bundle(self.size, leaf, &mut self.entries)?;
        bundle(self.size, payload, &mut self.payloads)?;
        let number = self.size / WIDTH as u64;
        let folder = &self.folder;
        self.edge.push(leaf_hash(leaf), |tile, hashes| {
            file::replace(&folder.join(tile.to_string()), &tiles::bytes(hashes))
        })?;
        self.size += 1;
        if self.loose() == 0 {
            self.write_bundles(number, WIDTH)?;
            self.entries.clear();
            self.payloads.clear();
        }
        Ok(())
    }

    fn write_bundles(&self, number: u64, width: usize) -> Result<(), ArchiveError> {
        let path = |kind| tiles::path(&self.folder, kind, number, width);
        file::replace(&path(Kind::Entries), &self.entries)?;
        file::replace(&path(Kind::Payloads), &tiles::summed(&self.payloads))
    }

    /// Keeps a document; one that is there already is read and compared.
    pub fn document(&mut self, bytes: &[u8]) -> Result<Digest, ArchiveError> {
        let digest = sha256(bytes);
        let path = self.folder.join("documents").join(digest.to_string());
        if file::read(&path)?.is_none_or(|there| there != bytes) {
            file::replace(&path, bytes)?;
        }
        self.documents.insert(digest);
        Ok(digest)
    }

    /// Keeps an attachment of this many sealed bytes that is there already, if its file is the one that is
    /// told of; it is read to its end.
    pub fn keep(&mut self, of: Attachment, bytes: u64) -> Found {
        let what = match attachments::wrong(&self.folder, &of, Some(bytes)) {
            Ok(None) => {
                self.attachments.insert(of);
                return Found::Whole;
            }
            Ok(Some(what)) => what,
            Err(error) => format!("it cannot be read, {error}"),
        };
        match self.earlier(of.unit, of.digest) {
            None => Found::New,
            Some(before) if before.sealed == of.sealed => Found::Damaged(what),
            Some(_) => Found::Earlier,
        }
    }

    /// Keeps an attachment as the archive has it; whether it has it, whole.
    pub fn keep_earlier(&mut self, unit: UnitId, digest: Digest) -> bool {
        let earlier = self.earlier(unit, digest).copied();
        let is_whole =
            |of: &Attachment| matches!(attachments::wrong(&self.folder, of, None), Ok(None));
        let whole = earlier.filter(is_whole);
        self.attachments.extend(whole);
        whole.is_some()
    }

    /// The attachments that the archive had before it is added to, by unit and digest.
    #[must_use]
    pub fn attachments_before(&self) -> &[Attachment] {
        self.before.as_ref().map_or(&[], |before| &before.attachments)
    }

    fn earlier(&self, unit: UnitId, digest: Digest) -> Option<&Attachment> {
        let before = self.attachments_before();
        let at = before.binary_search_by_key(&(unit, digest), |of| (of.unit, of.digest));
        at.ok().and_then(|at| before.get(at))
    }

    /// Begins to keep an attachment, in the place of what is there of it.
    pub fn attachment(&self, unit: UnitId, digest: Digest) -> Result<Incoming, ArchiveError> {
        Incoming::begin(&self.folder, unit, digest)
    }

    /// Keeps an attachment whose file has come whole; those that are not kept are removed.
    pub fn attached(&mut self, incoming: Incoming) -> Result<(), ArchiveError> {
        self.attachments.insert(incoming.finish()?);
        Ok(())
    }

    /// Writes what is partial, then the checkpoint and the manifest; the archive is the new one
    /// from then on.
    pub fn finish(self, about: About) -> Result<Manifest, ArchiveError> {
        for (tile, hashes) in self.edge.partial() {
            file::replace(&self.folder.join(tile.to_string()), &tiles::bytes(hashes))?;
        }
        let (number, width) = (self.size / WIDTH as u64, self.loose());
        if width > 0 {
            self.write_bundles(number, width)?;
        }
        let head = self.head();
        let origin = about.origin.clone();
        let checkpoint = Checkpoint { origin, size: head.size, root: head.root };
        file::replace(&self.folder.join("checkpoint"), checkpoint.to_text().as_bytes())?;
        let manifest = Manifest {
            log: about.log,
            origin: about.origin,
            head,
            documents: self.documents.iter().copied().collect(),
            attachments: self.attachments.iter().copied().collect(),
            made_by: about.made_by,
        };
        manifest.write(&self.folder)?;
        attachments::retain(&self.folder, &self.attachments)?;
        if let Some(before) = self.before.filter(|before| before.head.size != head.size) {
            remove_partial(&self.folder, before.head.size, head.size)?;
        }
        Ok(manifest)
    }
}

/// Removes the partial tiles of an earlier size.
fn remove_partial(folder: &Path, before: u64, now: u64) -> Result<(), ArchiveError> {
    let now = tiles::shape(now);
    for (level, (number, width)) in tiles::shape(before).into_iter().enumerate() {
        if width == 0 || now.get(level) == Some(&(number, width)) {
            continue;
        }
        let mut kinds = vec![Kind::Hashes(level)];
        if level == 0 {
            kinds.extend([Kind::Entries, Kind::Payloads]);
        }
        for kind in kinds {
            let path = tiles::path(folder, kind, number, width);
            file::remove(&path)?;
            if let Some(parent) = path.parent() {
                // It may hold the tile's next partial form.
                let _ = fs::remove_dir(parent);
            }
        }
    }
    Ok(())
}

fn refuse_other_files(folder: &Path) -> Result<(), ArchiveError> {
    // What an interrupted first backup leaves is ours.
    const OURS: [&str; 6] =
        ["tile", "documents", "attachments", "checkpoint", "keys", "lost+found"];
    for entry in fs::read_dir(folder).doing("read", folder)? {
        let seen = entry.doing("read", folder)?.file_name().to_string_lossy().into_owned();
        if !OURS.contains(&seen.trim_end_matches(".new")) && seen != "manifest.json.new" {
            return Err(ArchiveError::NotOurs { path: folder.to_owned(), seen });
        }
    }
    Ok(())
}

fn bundle(position: u64, record: &[u8], into: &mut Vec<u8>) -> Result<(), ArchiveError> {
    let seen = record.len();
    let length = u16::try_from(seen).map_err(|_| ArchiveError::TooLong { position, seen })?;
    into.extend_from_slice(&length.to_be_bytes());
    into.extend_from_slice(record);
    Ok(())
}
