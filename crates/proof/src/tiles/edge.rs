//! The right edge of a tree in tiles: what a log is replayed with.

use gradus_model::Digest;

use super::{Kind, Tile, TileError, WIDTH};
use crate::inclusion::same;
use crate::tree::{empty_root, leaf_hash, node_hash, root};

/// The partial tiles of a growing tree: enough to know each tile as it fills, and the root.
///
/// A replay of a whole log takes no more memory than this: 256 hashes a level, and a tree of 10
/// million leaves has 3.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    levels: Vec<Vec<Digest>>,
}

impl Edge {
    /// The edge of the tree without leaves.
    #[must_use]
    pub const fn new() -> Self {
        Self { size: 0, levels: Vec::new() }
    }

    /// The edge of a tree of `size` leaves whose partial tiles these are, from level 0 on, with an
    /// empty one where a level has none. None if their widths are not those of the size.
    ///
    /// Whether they are right shows in [`Edge::root`].
    #[must_use]
    pub fn of(size: u64, levels: Vec<Vec<Digest>>) -> Option<Self> {
        let mut rest = size;
        for level in &levels {
            if level.len() as u64 != rest % u64::from(WIDTH) {
                return None;
            }
            rest /= u64::from(WIDTH);
        }
        (rest == 0).then_some(Self { size, levels })
    }

    /// The number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The hashes of the partial tile at each level, from 0 on; empty where there is none.
    #[must_use]
    pub fn levels(&self) -> &[Vec<Digest>] {
        &self.levels
    }

    /// The partial tiles with their hashes, from level 0 on.
    pub fn partial(&self) -> impl Iterator<Item = (Tile, &[Digest])> {
        (0..).zip(&self.levels).filter_map(|(level, hashes)| {
            let size = self.size.checked_shr(8 * u32::from(level)).unwrap_or(0);
            let width = u16::try_from(hashes.len()).ok()?;
            let tile = Tile::new(Kind::Hashes(level), size / u64::from(WIDTH), width)?;
            Some((tile, hashes.as_slice()))
        })
    }

    /// Adds a leaf's hash; `full` is told of each tile that it fills, with the hashes of it.
    ///
    /// # Errors
    ///
    /// What `full` returns; the edge is of no use afterwards.
    pub fn push<E>(
        &mut self,
        leaf: Digest,
        mut full: impl FnMut(Tile, &[Digest]) -> Result<(), E>,
    ) -> Result<(), E> {
        let (mut hash, mut number) = (leaf, self.size);
        self.size += 1;
        for level in 0_u8.. {
            number /= u64::from(WIDTH);
            if self.levels.len() == usize::from(level) {
                self.levels.push(Vec::with_capacity(WIDTH.into()));
            }
            let Some(hashes) = self.levels.get_mut(usize::from(level)) else { break };
            hashes.push(hash);
            if hashes.len() < usize::from(WIDTH) {
                break;
            }
            full(Tile { kind: Kind::Hashes(level), number, width: WIDTH }, hashes)?;
            hash = root(hashes);
            hashes.clear();
        }
        Ok(())
    }

    /// Adds the leaves of a bundle that follows what was added so far; `full` as in [`Edge::push`].
    ///
    /// # Errors
    ///
    /// [`TileError`] for a bundle that is not whole or not the next one, and what `full` returns.
    pub fn push_entries<E: From<TileError>>(
        &mut self,
        bundle: Tile,
        bytes: &[u8],
        mut full: impl FnMut(Tile, &[Digest]) -> Result<(), E>,
    ) -> Result<(), E> {
        if bundle.kind != Kind::Entries || bundle.leaves().start != self.size {
            return Err(TileError::Outside { tile: bundle, size: self.size }.into());
        }
        for entry in bundle.read_entries(bytes)? {
            self.push(leaf_hash(entry), &mut full)?;
        }
        Ok(())
    }

    /// The root over all leaves.
    #[must_use]
    pub fn root(&self) -> Digest {
        let mut right: Option<Digest> = None;
        for hashes in &self.levels {
            // Complete subtrees from left to right, one for each bit of the width.
            let mut peaks = Vec::new();
            let mut rest = hashes.as_slice();
            while let Some(bit) = rest.len().checked_ilog2() {
                let (peak, after) = rest.split_at(1 << bit);
                peaks.push(root(peak));
                rest = after;
            }
            for left in peaks.into_iter().rev() {
                right = Some(right.map_or(left, |right| node_hash(&left, &right)));
            }
        }
        right.unwrap_or_else(empty_root)
    }

    /// Checks that the leaves so far are those of a checkpoint.
    ///
    /// # Errors
    ///
    /// [`TileError::Root`] for another root, or another number of leaves.
    pub fn check(&self, size: u64, root: &Digest) -> Result<(), TileError> {
        if self.size != size {
            let (given, needed) = (self.size, size);
            return Err(TileError::Leaves { given, needed });
        }
        Ok(same(size, self.root(), root)?)
    }
}
