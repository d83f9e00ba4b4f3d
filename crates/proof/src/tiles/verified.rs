//! Reading tiles that nobody vouches for, under a root that somebody does.
//!
//! Every hash that is given out was hashed up to the root: the partial tiles together give the
//! root, and each full tile gives a hash of the tile above it.

use gradus_model::Digest;

use super::{Edge, Kind, Tile, TileError, WIDTH};
use crate::inclusion::same;
use crate::plan::{Hashes, Subtree};
use crate::tree::{empty_root, leaf_hashes, root, roots};

/// Who has the bytes of tiles.
pub trait Tiles {
    /// What can go wrong in reading.
    type Error: From<TileError>;

    /// The bytes of a tile. A log that grew may have a partial tile in its full form alone: then
    /// the first 32 bytes for each of [`Tile::width`] are meant.
    ///
    /// # Errors
    ///
    /// Where it is not there or cannot be read.
    fn read(&self, tile: Tile) -> Result<Vec<u8>, Self::Error>;
}

/// The tiles of a tree of known size and root, each verified as it is read.
#[derive(Clone, Debug)]
pub struct VerifiedTiles<R> {
    edge: Edge,
    reader: R,
}

impl<R: Tiles> VerifiedTiles<R> {
    /// Reads the partial tiles, and checks that they lead to the root.
    ///
    /// # Errors
    ///
    /// [`TileError`] for a tile that is not whole or another root, and what the reader returns.
    pub fn open(size: u64, claimed: &Digest, reader: R) -> Result<Self, R::Error> {
        let (mut levels, mut rest) = (Vec::new(), size);
        for level in 0_u8.. {
            if rest == 0 {
                break;
            }
            let width = u16::try_from(rest % u64::from(WIDTH)).unwrap_or(0);
            rest /= u64::from(WIDTH);
            levels.push(match Tile::new(Kind::Hashes(level), rest, width) {
                Some(tile) => tile.read_hashes(&reader.read(tile)?)?,
                None => Vec::new(),
            });
        }
        // The widths are those of the size, so the fallback is never used.
        let edge = Edge::of(size, levels).unwrap_or_default();
        same(size, edge.root(), claimed).map_err(TileError::from)?;
        Ok(Self { edge, reader })
    }

    /// The number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.edge.size()
    }

    /// The hashes of a tile, of leaves for a bundle.
    ///
    /// # Errors
    ///
    /// [`TileError`] for a tile that this tree does not have, or that is not what was hashed, and
    /// what the reader returns.
    pub fn hashes(&self, tile: Tile) -> Result<Vec<Digest>, R::Error> {
        let outside = TileError::Outside { tile, size: self.size() };
        let level = tile.kind.level();
        if Tile::at(tile.kind, tile.number, self.size()) != Some(tile) {
            return Err(outside.into());
        }
        // Up to the partial tile that names what lies below it, and down again.
        let (mut way, mut number) = (Vec::new(), tile.number);
        for level in level.. {
            let hashes = Tile::at(Kind::Hashes(level), number, self.size());
            let here = hashes.ok_or_else(|| outside.clone())?;
            if here.width < WIDTH {
                break;
            }
            way.push(here);
            number /= u64::from(WIDTH);
        }
        let top = usize::from(level) + way.len();
        let mut hashes = self.edge.levels().get(top).cloned().ok_or_else(|| outside.clone())?;
        for here in way.into_iter().rev() {
            let place = usize::try_from(here.number % u64::from(WIDTH)).unwrap_or(usize::MAX);
            let named = hashes.get(place).copied().ok_or_else(|| outside.clone())?;
            hashes = here.read_hashes(&self.reader.read(here)?)?;
            if root_of(&hashes) != named {
                return Err(here.differs(0).into());
            }
        }
        Ok(hashes)
    }

    /// The leaves of a bundle, each of which is the one that was hashed.
    ///
    /// # Errors
    ///
    /// As [`VerifiedTiles::hashes`], and [`TileError::Differs`] for another leaf.
    pub fn entries(&self, bundle: Tile) -> Result<Vec<Vec<u8>>, R::Error> {
        let mut leaves = Vec::new();
        self.visit(bundle, |leaf, _| {
            leaves.push(leaf.to_vec());
            Ok(())
        })?;
        Ok(leaves)
    }

    /// Hands out the leaves of a bundle with their hashes, once all of them were checked.
    ///
    /// # Errors
    ///
    /// As [`VerifiedTiles::entries`], and what `visit` returns.
    pub fn visit(
        &self,
        bundle: Tile,
        mut visit: impl FnMut(&[u8], &Digest) -> Result<(), R::Error>,
    ) -> Result<(), R::Error> {
        let hashes = self.hashes(bundle)?;
        let bytes = self.reader.read(Tile { kind: Kind::Entries, ..bundle })?;
        let entries = bundle.read_entries(&bytes)?;
        for (place, (found, hash)) in (0..).zip(leaf_hashes(&entries).iter().zip(&hashes)) {
            if found != hash {
                return Err(bundle.differs(place).into());
            }
        }
        entries.iter().zip(&hashes).try_for_each(|(entry, hash)| visit(entry, hash))
    }
}

/// The root of a tile, of which the nodes of a level are hashed side by side.
fn root_of(hashes: &[Digest]) -> Digest {
    roots(vec![hashes.to_vec()]).pop().unwrap_or_else(empty_root)
}

impl<R: Tiles> Hashes for VerifiedTiles<R> {
    type Error = R::Error;

    fn subtree(&self, level: u32, index: u64) -> Result<Digest, R::Error> {
        let leaves = Subtree { level, index }.leaves();
        if leaves.is_empty() || leaves.end > self.size() {
            return Err(TileError::Leaves { given: self.size(), needed: leaves.end }.into());
        }
        // The tile that holds the subtree's lowest hashes, and where in it they are.
        let kind = Kind::Hashes(u8::try_from(level / 8).unwrap_or(u8::MAX));
        let first = index << (level % 8);
        let number = first / u64::from(WIDTH);
        let missing = TileError::Leaves { given: self.size(), needed: leaves.end };
        let tile = Tile::at(kind, number, self.size()).ok_or_else(|| missing.clone())?;
        let hashes = self.hashes(tile)?;
        let start = usize::try_from(first % u64::from(WIDTH)).unwrap_or(usize::MAX);
        let within = hashes.get(start..start.saturating_add(1 << (level % 8)));
        Ok(root(within.ok_or(missing)?))
    }
}
