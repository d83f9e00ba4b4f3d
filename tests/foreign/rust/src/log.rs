//! One log as each of them keeps it, and the dice that choose from it.

use gradus_model::Digest;
use gradus_proof::{LeafHashes, Plan, Tree, leaf_hash};
use tlog_tiles::tlog::{self, Hash};

pub(crate) const LEAVES: u64 = 70_000;

/// A number from the environment.
pub(crate) fn from_environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

/// `SplitMix64`: the same seed, the same proofs.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new() -> Self {
        let seed = from_environment("GRADUS_SEED", 1);
        println!("GRADUS_SEED={seed}");
        Self(seed)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    /// A size of at most [`LEAVES`], small ones and powers of two as often as large ones.
    pub(crate) fn size(&mut self) -> u64 {
        self.size_up_to(LEAVES)
    }

    /// The same, of a log with other leaves.
    pub(crate) fn size_up_to(&mut self, most: u64) -> u64 {
        let size = match self.below(4) {
            0 => 1 + self.below(40),
            1 => (1 << self.below(u64::from(most.ilog2()) + 1)) + self.below(3),
            _ => 1 + self.below(most),
        };
        size.min(most)
    }
}

pub(crate) fn leaf(position: u64) -> Vec<u8> {
    format!("leaf {position}").into_bytes()
}

/// Our tree.
pub(crate) struct Ours(Tree);

impl Ours {
    pub(crate) fn new() -> Self {
        Self::of(LEAVES)
    }

    pub(crate) fn of(leaves: u64) -> Self {
        let mut tree = Tree::new();
        tree.extend((0..leaves).map(|position| leaf_hash(&leaf(position))).collect());
        Self(tree)
    }

    pub(crate) fn prove(&self, plan: &Plan) -> Vec<Digest> {
        let mut leaves = LeafHashes::new();
        for range in plan.leaves() {
            leaves.add(range.start, range.map(|position| leaf_hash(&leaf(position))));
        }
        self.0.prove(plan, &leaves).unwrap()
    }

    pub(crate) fn root(&self, size: u64) -> Digest {
        self.prove(&Plan::root(size))[0]
    }
}

/// The tree of `tlog_tiles`: its hashes in the order it stores them.
pub(crate) struct Stored(Vec<Hash>);

impl tlog::HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog::Error> {
        Ok(indexes.iter().map(|index| self.0[usize::try_from(*index).unwrap()]).collect())
    }
}

impl Stored {
    pub(crate) fn new() -> Self {
        let mut stored = Self(Vec::new());
        for position in 0..LEAVES {
            let hashes = tlog::stored_hashes(position, &leaf(position), &stored).unwrap();
            stored.0.extend(hashes);
        }
        stored
    }
}

/// A change to a proof: another bit, or a hash less, more or elsewhere.
pub(crate) fn change(proof: &mut Vec<Digest>, dice: &mut Dice) {
    let at = usize::try_from(dice.below(proof.len().max(1) as u64)).unwrap();
    let bit = dice.below(256);
    match dice.below(4) {
        1 if !proof.is_empty() => drop(proof.remove(at)),
        2 if proof.len() > 1 => proof.rotate_left(1),
        3 => proof.insert(at, Digest([7; 32])),
        _ => match proof.get_mut(at) {
            Some(hash) => hash.0[usize::try_from(bit / 8).unwrap()] ^= 1 << (bit % 8),
            None => proof.push(Digest::ZERO),
        },
    }
}
