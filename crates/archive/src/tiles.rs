//! Tiles: where they lie, what they hold, and the root over them.

use std::path::{Path, PathBuf};

use gradus_model::Digest;
use gradus_proof::sha256;
use gradus_proof::tiles::{self, Tile};

pub(crate) use gradus_proof::tiles::{Edge, hash_bytes as bytes};

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
    // A width is at most 256, so the fallback is never used.
    let name = tiles::name(number, u16::try_from(width).unwrap_or(tiles::WIDTH));
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

/// A whole or partial tile, whatever its number.
fn tile(kind: tiles::Kind, width: usize) -> Option<Tile> {
    Tile::new(kind, 0, u16::try_from(width).ok()?)
}

/// The hashes of a tile's bytes, if they are so many.
pub(crate) fn hashes(bytes: &[u8], width: usize) -> Option<Vec<Digest>> {
    tile(tiles::Kind::Hashes(0), width)?.read_hashes(bytes).ok()
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
    tile(tiles::Kind::Entries, width)?.read_entries(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_bundle_is_read_back_or_refused() {
        assert_eq!(records(&[0, 1, 7, 0, 0], 2).unwrap(), [&[7][..], &[]]);
        assert_eq!(records(&[0, 1, 7], 2), None);
        assert_eq!(records(&[0, 2, 7], 1), None);
        assert_eq!(hashes(&[0; 64], 2).unwrap().len(), 2);
        assert_eq!(hashes(&[0; 65], 2), None);
    }
}
