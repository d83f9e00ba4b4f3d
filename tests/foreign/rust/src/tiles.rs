//! Tiles: the same files under the same names.

use gradus_proof::tiles::Tile;
use gradus_proof::{Hashes, ProofError, Subtree, leaf_hash, root};
use tlog_tiles::tile;

use crate::log::{Dice, LEAVES, Stored, leaf};

/// The hashes of the leaves of a log, and every subtree hashed anew.
struct Plain;

impl Hashes for Plain {
    type Error = ProofError;

    fn subtree(&self, level: u32, index: u64) -> Result<gradus_model::Digest, ProofError> {
        let leaves = Subtree { level, index }.leaves();
        Ok(root(&leaves.map(|position| leaf_hash(&leaf(position))).collect::<Vec<_>>()))
    }
}

#[test]
fn a_log_that_grows_has_the_tiles_of_tlog_tiles() {
    let (mut dice, stored) = (Dice::new(), Stored::new());
    for _ in 0..50 {
        let new = dice.size();
        let old = dice.below(new + 1);
        let theirs: Vec<String> =
            tile::Tile::new_tiles(8, old, new).iter().map(tile::Tile::path).collect();
        // Theirs names the height of its tiles; the specification has one.
        let ours: Vec<String> = Tile::grown(old, new)
            .map(|tile| tile.to_string().replacen("tile/", "tile/8/", 1))
            .collect();
        assert_eq!(ours, theirs, "{old} to {new}");
    }
    for their in tile::Tile::new_tiles(8, 0, LEAVES).iter().rev().take(40) {
        let our: Tile = their.path().replacen("tile/8/", "tile/", 1).parse().unwrap();
        let bytes = gradus_proof::tiles::hash_bytes(&our.hashes(&Plain).unwrap());
        assert_eq!(their.read_data(&stored).unwrap(), bytes, "{our}");
    }
}
