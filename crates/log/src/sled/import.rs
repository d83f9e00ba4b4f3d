//! Writes a log that was recorded elsewhere into a new directory, verbatim.
//!
//! Every leaf must follow the one before it, so what comes out has the roots it always had. The
//! anchor is written last: without it, a directory that was left half written is refused.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use gradus_model::leaf::Leaf;
use gradus_model::{Digest, Timestamp};
use gradus_proof::{Tree, leaf_hash};

use super::{Options, database};
use crate::anchor::{Anchor, AnchorFile};
use crate::error::Doing as _;
use crate::sequence::Sequencer;
use crate::{Head, LogError, frame};

/// The records that are written together.
const MOST_GROUP_BYTES: usize = 256 << 10;

/// A log that is being written.
pub struct Import {
    directory: PathBuf,
    frames: ::sled::Db,
    boot: String,
    sequencer: Sequencer,
    tree: Tree,
    first_leaf: Option<Digest>,
    waiting: Vec<(Vec<u8>, Vec<u8>)>,
    bytes: usize,
}

impl Import {
    /// Begins a log in `directory`, which exists and holds none.
    ///
    /// # Errors
    ///
    /// [`LogError::Io`] when a log or an anchor is there already.
    pub fn create(directory: &Path, options: &Options) -> Result<Self, LogError> {
        let log = directory.join("log");
        fs::create_dir(&log).doing("create", &log)?;
        let anchor = directory.join("anchor");
        File::create_new(&anchor).doing("create", &anchor)?;
        Ok(Self {
            directory: directory.to_owned(),
            frames: database::open(&log, options.log_cache_bytes)?,
            boot: options.boot.clone(),
            sequencer: Sequencer::default(),
            tree: Tree::new(),
            first_leaf: None,
            waiting: Vec::new(),
            bytes: 0,
        })
    }

    /// How many records it has taken, and their root.
    #[must_use]
    pub fn head(&self) -> Head {
        Head { size: self.tree.size(), root: self.tree.root() }
    }

    /// The stamp of the last record.
    #[must_use]
    pub fn last(&self) -> Option<Timestamp> {
        self.sequencer.last()
    }

    /// Takes the next record.
    ///
    /// # Errors
    ///
    /// [`LogError::Damaged`] when it does not follow the one before.
    pub fn push(&mut self, leaf: &[u8], payload: &[u8]) -> Result<(), LogError> {
        let position = self.sequencer.size();
        let read = Leaf::read(leaf).map_err(|error| LogError::of_leaf(position, &error))?;
        let hash = leaf_hash(leaf);
        let follows = self.sequencer.follow(&read, hash);
        follows.map_err(|what| LogError::damaged(position, what))?;
        self.tree.push(hash);
        self.first_leaf.get_or_insert(hash);
        self.bytes += leaf.len() + payload.len();
        self.waiting.push((leaf.to_vec(), payload.to_vec()));
        if self.bytes >= MOST_GROUP_BYTES { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), LogError> {
        let first = self.tree.size() - self.waiting.len() as u64;
        let mut batch = ::sled::Batch::default();
        let contents = self.waiting.iter().map(|(leaf, payload)| (&**leaf, &**payload));
        frame::pack(first, contents, |key, value| batch.insert(&key, value))?;
        self.frames.apply_batch(batch)?;
        self.frames.flush()?;
        self.waiting.clear();
        self.bytes = 0;
        Ok(())
    }

    /// Makes all of it durable, and the directory a log's.
    pub fn finish(mut self) -> Result<Head, LogError> {
        if !self.waiting.is_empty() {
            self.write()?;
        }
        let head = self.head();
        let log = self.directory.join("log");
        drop(self.frames);
        for path in [log.join("db"), log.join("conf"), log, self.directory.clone()] {
            database::sync(&path)?;
        }
        let (mut file, _) = AnchorFile::open(&self.directory.join("anchor"))?;
        let first = self.first_leaf.unwrap_or(Digest::ZERO);
        file.write(&Anchor { head, log: first, boot: self.boot, clean: true })?;
        database::sync(&self.directory)?;
        Ok(head)
    }
}
