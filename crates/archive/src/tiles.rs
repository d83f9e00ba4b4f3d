//! Tiles: where they lie, what they hold, and the root over them.

use std::path::{Path, PathBuf};

use gradus_model::Digest;
use gradus_proof::{empty_root, node_hash, root, sha256};

/// The hashes or records of a whole tile.
pub(crate) const WIDTH: usize = 256;

/// What a tile holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Hashes of subtrees of 256^level leaves.
    Hashes(usize),
    /// Leaves.
    Entries,
    /// Sealed payloads.
    Payloads,
}

/// The file of a tile; `width` is less than 256 for a partial one.
pub(crate) fn path(folder: &Path, kind: Kind, number: u64, width: usize) -> PathBuf {
    let kind = match kind {
        Kind::Hashes(level) => level.to_string(),
        Kind::Entries => "entries".to_owned(),
        Kind::Payloads => "payloads".to_owned(),
    };
    let mut name = format!("{:03}", number % 1_000);
    let mut rest = number / 1_000;
    while rest > 0 {
        name = format!("x{:03}/{name}", rest % 1_000);
        rest /= 1_000;
    }
    if width < WIDTH {
        name = format!("{name}.p/{width}");
    }
    folder.join("tile").join(kind).join(name)
}

/// For each level from 0 on, the number of whole tiles and the width of the partial one.
pub(crate) fn shape(size: u64) -> Vec<(u64, usize)> {
    let mut levels = Vec::new();
    let mut hashes = size;
    loop {
        let whole = hashes / WIDTH as u64;
        levels.push((whole, usize::try_from(hashes % WIDTH as u64).unwrap_or(0)));
        if whole == 0 {
            return levels;
        }
        hashes = whole;
    }
}

/// The right edge of a tree in tiles: the hashes of the partial tile at each level.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edge {
    pub(crate) levels: Vec<Vec<Digest>>,
}

impl Edge {
    /// Adds a leaf's hash; `full` is told of each tile that it completes: level and hashes.
    pub(crate) fn push<E>(
        &mut self,
        leaf: Digest,
        mut full: impl FnMut(usize, &[Digest]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut hash = leaf;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::with_capacity(WIDTH));
            }
            let Some(hashes) = self.levels.get_mut(level) else { break };
            hashes.push(hash);
            if hashes.len() < WIDTH {
                break;
            }
            full(level, hashes)?;
            hash = root(hashes);
            hashes.clear();
        }
        Ok(())
    }

    /// The root over all leaves.
    pub(crate) fn root(&self) -> Digest {
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
}

/// The bytes of a tile of hashes.
pub(crate) fn bytes(hashes: &[Digest]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// The hashes of a tile's bytes, if they are so many.
pub(crate) fn hashes(bytes: &[u8], width: usize) -> Option<Vec<Digest>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    (hashes.len() == width && rest.is_empty())
        .then(|| hashes.iter().map(|hash| Digest(*hash)).collect())
}

/// The bytes of a bundle of payloads: no hash of the tree covers them, so they carry one.
pub(crate) fn summed(bundle: &[u8]) -> Vec<u8> {
    let mut bytes = bundle.to_vec();
    bytes.extend_from_slice(&sha256(bundle).0);
    bytes
}

/// What was [`summed`], if it is as it was.
pub(crate) fn unsummed(bytes: &[u8]) -> Option<&[u8]> {
    let (bundle, sum) = bytes.split_last_chunk::<32>()?;
    (sha256(bundle).0 == *sum).then_some(bundle)
}

/// The records of a bundle's bytes, if they are so many.
pub(crate) fn records(bytes: &[u8], width: usize) -> Option<Vec<&[u8]>> {
    let mut rest = bytes;
    let mut records = Vec::with_capacity(width);
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk::<2>()?;
        let (record, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        records.push(record);
        rest = after;
    }
    (records.len() == width).then_some(records)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradus_proof::leaf_hash;

    #[test]
    fn tiles_lie_where_the_specification_says() {
        let shown =
            |kind, number, width| path(Path::new("a"), kind, number, width).display().to_string();
        assert_eq!(shown(Kind::Hashes(0), 0, 256), "a/tile/0/000");
        assert_eq!(shown(Kind::Hashes(1), 1_234_067, 256), "a/tile/1/x001/x234/067");
        assert_eq!(shown(Kind::Entries, 273, 112), "a/tile/entries/273.p/112");
        // The example of the specification: a tree of 70,000.
        assert_eq!(shape(70_000), [(273, 112), (1, 17), (0, 1)]);
    }

    #[test]
    fn the_edge_has_the_root_of_its_leaves_at_every_size() {
        let leaves: Vec<_> = (0..1_000_u32).map(|n| leaf_hash(&n.to_be_bytes())).collect();
        let mut edge = Edge::default();
        assert_eq!(edge.root(), empty_root());
        for (at, leaf) in leaves.iter().enumerate() {
            edge.push(*leaf, |_, _| Ok::<_, ()>(())).unwrap();
            if at % 7 == 0 || at > 500 {
                assert_eq!(edge.root(), root(&leaves[..=at]), "size {}", at + 1);
            }
        }
    }

    #[test]
    fn a_bundle_is_read_back_or_refused() {
        assert_eq!(records(&[0, 1, 7, 0, 0], 2).unwrap(), [&[7][..], &[]]);
        assert_eq!(records(&[0, 1, 7], 2), None);
        assert_eq!(records(&[0, 2, 7], 1), None);
        assert_eq!(hashes(&[0; 64], 2).unwrap().len(), 2);
        assert_eq!(hashes(&[0; 65], 2), None);
    }
}
