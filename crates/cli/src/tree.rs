//! A log as a folder of static files (C2SP tlog-tiles): added to, and read to be verified.
//!
//! Invariant: the file `checkpoint` is written last, when everything that it covers lies there and was
//! read back; until then the folder is what it was before.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use gradus_model::Digest;
use gradus_proof::tiles::{Edge, Kind, Tiles, VerifiedTiles, WIDTH, hash_bytes};
use gradus_proof::tree::leaf_hashes;
use gradus_proof::{Checkpoint, Note, Tile, TileError};

use crate::error::CliError;
use crate::login::{replace, replace_unsynced};

/// The name of the signed checkpoint.
const CHECKPOINT: &str = "checkpoint";

impl From<TileError> for CliError {
    fn from(error: TileError) -> Self {
        Self::proof(&error)
    }
}

/// A folder of tiles.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

/// A log in a folder, to be added to.
pub struct Tree {
    folder: Folder,
    edge: Edge,
    /// Whether leaves are kept, and not their hashes alone.
    entries: bool,
    before: u64,
}

impl Folder {
    /// The folder at a path, which may not be there yet.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// The note that the folder's tiles are of; none where there is none.
    ///
    /// # Errors
    ///
    /// [`CliError::Proof`] for a file that is no note.
    pub fn note(&self) -> Result<Option<Note>, CliError> {
        let path = self.path.join(CHECKPOINT);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(&path, error)),
        };
        let wrong = |error| CliError::Proof(format!("{}: {error}", path.display()));
        Note::parse(&bytes).map(Some).map_err(wrong)
    }

    /// Whether the leaves are here, and not their hashes alone.
    #[must_use]
    pub fn has_entries(&self) -> bool {
        self.path.join("tile").join("entries").is_dir()
    }

    /// Refuses a folder that holds something else.
    fn refuse_other_files(&self) -> Result<(), CliError> {
        let listed = match fs::read_dir(&self.path) {
            Ok(listed) => listed,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(&self.path, error)),
        };
        for entry in listed {
            let named = entry.map_err(|error| failed(&self.path, error))?.file_name();
            let named = named.to_string_lossy();
            if !["tile", CHECKPOINT].contains(&named.trim_end_matches(".new")) {
                let what = format!("{} holds `{named}`: it is no export", self.path.display());
                return Err(CliError::usage(what, "name a new or an empty directory"));
            }
        }
        Ok(())
    }

    fn write(&self, tile: Tile, bytes: &[u8]) -> Result<(), CliError> {
        let path = self.path.join(tile.to_string());
        replace_unsynced(&path, bytes).map_err(|error| failed(&path, error))
    }

    /// Makes what was written from leaf `from` on durable: all of it at once, since a sync for each
    /// tile as it came took most of the time of an export.
    fn sync(&self, from: u64, size: u64) -> Result<(), CliError> {
        let entries = self.has_entries().then(|| Tile::grown_at(Kind::Entries, from, size));
        for tile in Tile::grown(from, size).chain(entries.into_iter().flatten()) {
            let path = self.path.join(tile.to_string());
            let synced = File::open(&path).and_then(|file| file.sync_all());
            synced.map_err(|error| failed(&path, error))?;
        }
        Ok(())
    }

    fn remove(&self, tile: Tile) -> Result<(), CliError> {
        let path = self.path.join(tile.to_string());
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(&path, error)),
            _ => {
                // Its folder may hold the next partial form.
                let _ = path.parent().map(fs::remove_dir);
                Ok(())
            }
        }
    }

    /// Checks each tile from leaf `from` on under a checkpoint, and each leaf if they are here; `tell`
    /// hears how many leaves were checked, and `visit` sees each with its hash.
    ///
    /// # Errors
    ///
    /// [`CliError::Proof`]: the first tile that is missing or not what was hashed; what `visit`
    /// returns.
    pub fn verify(
        &self,
        from: u64,
        checkpoint: &Checkpoint,
        tell: impl Fn(u64),
        mut visit: impl FnMut(&[u8], &Digest) -> Result<(), CliError>,
    ) -> Result<(), CliError> {
        let tiles = VerifiedTiles::open(checkpoint.size, &checkpoint.root, self)?;
        let entries = self.has_entries();
        for tile in Tile::grown(from, checkpoint.size) {
            if !(entries && tile.kind() == Kind::Hashes(0)) {
                tiles.hashes(tile)?;
            }
        }
        if entries {
            for bundle in Tile::grown_at(Kind::Entries, from, checkpoint.size) {
                tiles.visit(bundle, &mut visit)?;
                tell(bundle.leaves().end);
            }
        }
        Ok(())
    }
}

impl Tiles for &Folder {
    type Error = CliError;

    fn read(&self, tile: Tile) -> Result<Vec<u8>, CliError> {
        let path = self.path.join(tile.to_string());
        fs::read(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => CliError::Proof(format!("`{tile}` is missing")),
            _ => failed(&path, error),
        })
    }
}

impl Tree {
    /// What lies in a folder, which is `before` if there is something: its partial tiles have to lead
    /// to that root.
    ///
    /// # Errors
    ///
    /// [`CliError::Proof`] for tiles that do not, [`CliError::Usage`] for a folder of something else,
    /// or one that holds leaves where none are wanted, or none where they are.
    pub fn open(
        folder: Folder,
        before: Option<&Checkpoint>,
        entries: bool,
    ) -> Result<Self, CliError> {
        folder.refuse_other_files()?;
        let Some(before) = before.filter(|before| before.size > 0) else {
            return Ok(Self { folder, edge: Edge::new(), entries, before: 0 });
        };
        let path = folder.path.display();
        match (folder.has_entries(), entries) {
            (true, false) => {
                let what = format!("{path} holds entries, and would miss those that come");
                return Err(CliError::usage(what, "leave out --hashes, or name another directory"));
            }
            (false, true) => {
                let what = format!("{path} holds hashes alone");
                return Err(CliError::usage(what, "give --hashes, or name another directory"));
            }
            _ => (),
        }
        let (mut levels, mut rest) = (Vec::new(), before.size);
        for level in 0_u8.. {
            if rest == 0 {
                break;
            }
            let width = u16::try_from(rest % u64::from(WIDTH)).unwrap_or(0);
            rest /= u64::from(WIDTH);
            levels.push(match Tile::new(Kind::Hashes(level), rest, width) {
                Some(tile) => tile.read_hashes(&(&folder).read(tile)?)?,
                None => Vec::new(),
            });
        }
        // The widths are those of the size, so the fallback is never used.
        let edge = Edge::of(before.size, levels).unwrap_or_default();
        edge.check(before.size, &before.root)?;
        Ok(Self { folder, edge, entries, before: before.size })
    }

    /// The leaves so far.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.edge.size()
    }

    /// The tile to ask for next, on the way to a size; none once it is reached.
    #[must_use]
    pub fn next(&self, size: u64) -> Option<Tile> {
        let kind = if self.entries { Kind::Entries } else { Kind::Hashes(0) };
        Tile::at(kind, self.size() / u64::from(WIDTH), size).filter(|_| self.size() < size)
    }

    /// Adds what was asked for, past the leaves that are here.
    ///
    /// # Errors
    ///
    /// [`CliError::Proof`] for bytes that are not of that tile, [`CliError::File`].
    pub fn add(&mut self, tile: Tile, bytes: &[u8]) -> Result<(), CliError> {
        let leaves: Vec<Digest> = if self.entries {
            leaf_hashes(&tile.read_entries(bytes)?)
        } else {
            tile.read_hashes(bytes)?
        };
        let known = self.size().saturating_sub(tile.leaves().start);
        let known = usize::try_from(known).unwrap_or(usize::MAX);
        for leaf in leaves.into_iter().skip(known) {
            let folder = &self.folder;
            self.edge.push(leaf, |full, hashes| folder.write(full, &hash_bytes(hashes)))?;
        }
        if self.entries { self.folder.write(tile, bytes) } else { Ok(()) }
    }

    /// Checks that what was added leads to a checkpoint, writes the rest, reads all that is new from
    /// the disk again, and puts the checkpoint in its place.
    ///
    /// # Errors
    ///
    /// [`CliError::Proof`] for another root, [`CliError::File`].
    pub fn finish(
        self,
        checkpoint: &Checkpoint,
        note: &str,
        tell: impl Fn(u64),
    ) -> Result<(), CliError> {
        self.edge.check(checkpoint.size, &checkpoint.root)?;
        for (tile, hashes) in self.edge.partial() {
            self.folder.write(tile, &hash_bytes(hashes))?;
        }
        self.folder.sync(self.before, checkpoint.size)?;
        self.folder.verify(self.before, checkpoint, tell, |_, _| Ok(()))?;
        let path = self.folder.path.join(CHECKPOINT);
        replace(&path, note.as_bytes()).map_err(|error| failed(&path, error))?;
        let mut kinds: Vec<Kind> = (0..8).map(Kind::Hashes).collect();
        kinds.push(Kind::Entries);
        for kind in kinds {
            let last = (self.before >> (8 * u32::from(kind.level()))) / u64::from(WIDTH);
            let before = Tile::at(kind, last, self.before).filter(|tile| tile.width() < WIDTH);
            let now = Tile::at(kind, last, checkpoint.size);
            if let Some(before) = before.filter(|before| Some(*before) != now) {
                self.folder.remove(before)?;
            }
        }
        Ok(())
    }
}

fn failed(path: &Path, error: io::Error) -> CliError {
    CliError::File { file: path.display().to_string(), error }
}

#[cfg(test)]
mod tests;
