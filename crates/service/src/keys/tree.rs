//! The key tree: a puncturable pseudo-random function, as values.
//!
//! Invariant: the kept nodes have no version in common, and an erased version is below none.

use std::collections::BTreeMap;
use std::fmt;

use gradus_proof::digest::sha256_of;
use zeroize::{Zeroize, Zeroizing};

use super::{RecordKey, RootSeed, SEED};
use crate::attachments::FIRST;

/// The levels below the root.
pub const DEPTH: u8 = 40;
/// The last version that has a key.
pub const MOST_VERSION: u64 = (1 << DEPTH) - 1;

/// Versions at the very end of a tree that are renewed together; nobody gets that far.
const MOST_RENEWED: u64 = 64;

/// The keys of one unit that are not erased.
pub struct KeyTree {
    /// By the first version below the node.
    nodes: BTreeMap<u64, Node>,
    path: Path,
}

/// Boxed, so that moving a node leaves no copy of its seed behind.
struct Node {
    depth: u8,
    seed: Box<Zeroizing<[u8; SEED]>>,
}

/// The seeds from a kept node down to the last key asked for: the next version shares most.
struct Path {
    version: u64,
    /// Of the kept node and of each depth below it; empty when nothing is cached.
    seeds: Zeroizing<Vec<[u8; SEED]>>,
}

impl KeyTree {
    /// A tree with every key.
    #[must_use]
    pub fn new(root: &RootSeed) -> Self {
        let mut tree = Self::bare();
        tree.nodes.insert(0, Node::new(0, Zeroizing::new(*root.bytes())));
        tree
    }

    /// A tree without any key.
    pub(super) fn bare() -> Self {
        // The capacity of a whole path: a vector that grew would leave its seeds behind.
        let seeds = Zeroizing::new(Vec::with_capacity(usize::from(DEPTH) + 1));
        Self { nodes: BTreeMap::new(), path: Path { version: 0, seeds } }
    }

    /// The key of the record at `version`, or `None` when it is erased or past [`MOST_VERSION`].
    ///
    /// About two hashes for consecutive versions, at most 40.
    pub fn key(&mut self, version: u64) -> Option<RecordKey> {
        let (first, node) = above(&self.nodes, version)?;
        let Path { version: last, seeds } = &mut self.path;
        let (top, reached) = if !seeds.is_empty() && node.is_above(first, *last) {
            let parting = (node.depth..DEPTH).find(|at| bit(version, *at) != bit(*last, *at));
            (node.depth, parting.unwrap_or(DEPTH))
        } else {
            seeds.zeroize();
            seeds.push(**node.seed);
            (node.depth, node.depth)
        };
        *last = version;
        seeds.truncate(usize::from(reached - top) + 1);
        for depth in reached..DEPTH {
            let below = child(seeds.last()?, bit(version, depth));
            seeds.push(*below);
        }
        seeds.last().map(|seed| RecordKey::new(*seed))
    }

    /// Erases the key of `version` for good; whether it was there.
    pub fn puncture(&mut self, version: u64) -> bool {
        self.path.seeds.zeroize();
        let first = above(&self.nodes, version).map(|(first, _)| first);
        let Some(node) = first.and_then(|first| self.nodes.remove(&first)) else {
            return false;
        };
        let mut seed = *node.seed;
        for depth in node.depth..DEPTH {
            let below = DEPTH - 1 - depth;
            let sibling = ((version >> below) ^ 1) << below;
            let bit = bit(version, depth);
            self.nodes.insert(sibling, Node::new(depth + 1, child(&seed, bit ^ 1)));
            seed = child(&seed, bit);
        }
        true
    }

    /// The versions past `version` that are erased; numbers of attachments are no versions.
    pub(crate) fn erased_after(&self, version: u64) -> Vec<u64> {
        let mut next = version + 1;
        let mut erased = Vec::new();
        for (first, node) in &self.nodes {
            erased.extend(next..*first);
            next = next.max(first + node.versions());
        }
        erased.extend(next..=MOST_VERSION.min(next.saturating_add(MOST_RENEWED)));
        erased.retain(|version| *version < FIRST);
        erased
    }

    /// Gives an erased version a key of its own again: in a log that was restored to an earlier
    /// size, another record will have that version.
    pub(crate) fn renew(&mut self, version: u64, seed: [u8; SEED]) {
        self.path.seeds.zeroize();
        if above(&self.nodes, version).is_none() {
            self.nodes.insert(version, Node::new(DEPTH, Zeroizing::new(seed)));
        }
    }

    /// Depth, prefix and seed of the kept nodes, in ascending order of the versions below them.
    pub(super) fn nodes(&self) -> impl ExactSizeIterator<Item = (u8, u64, &[u8; SEED])> {
        self.nodes
            .iter()
            .map(|(first, node)| (node.depth, first >> (DEPTH - node.depth), &**node.seed))
    }

    /// Adds a node after all others; `false` when it is none or does not come after them.
    pub(super) fn push(&mut self, depth: u8, prefix: u64, seed: [u8; SEED]) -> bool {
        let seed = Zeroizing::new(seed);
        if depth > DEPTH || prefix >> depth != 0 {
            return false;
        }
        let first = prefix << (DEPTH - depth);
        let end = self.nodes.last_key_value().map_or(0, |(last, node)| last + node.versions());
        if first < end {
            return false;
        }
        self.nodes.insert(first, Node::new(depth, seed));
        true
    }
}

impl fmt::Debug for KeyTree {
    /// Says how many nodes there are, and nothing of them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyTree").field("nodes", &self.nodes.len()).finish_non_exhaustive()
    }
}

impl Node {
    fn new(depth: u8, seed: Zeroizing<[u8; SEED]>) -> Self {
        Self { depth, seed: Box::new(seed) }
    }

    /// How many versions are below it.
    const fn versions(&self) -> u64 {
        1 << (DEPTH - self.depth)
    }

    const fn is_above(&self, first: u64, version: u64) -> bool {
        first <= version && version - first < self.versions()
    }
}

fn above(nodes: &BTreeMap<u64, Node>, version: u64) -> Option<(u64, &Node)> {
    let (&first, node) = nodes.range(..=version).next_back()?;
    node.is_above(first, version).then_some((first, node))
}

/// The bit of `version` that leads down from `depth`, 0 or 1.
const fn bit(version: u64, depth: u8) -> u8 {
    ((version >> (DEPTH - 1 - depth)) & 1) as u8
}

fn child(seed: &[u8; SEED], bit: u8) -> Zeroizing<[u8; SEED]> {
    Zeroizing::new(sha256_of(&[b"gradus/v1/key", &[bit], seed]).0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use expect_test::{Expect, expect};
    use gradus_model::ids::hex;
    use proptest::prelude::*;

    use super::*;

    fn tree() -> KeyTree {
        KeyTree::new(&RootSeed::new(std::array::from_fn(|at| u8::try_from(at).unwrap())))
    }

    fn key(tree: &mut KeyTree, version: u64) -> Option<String> {
        tree.key(version).map(|key| hex(key.bytes()))
    }

    /// The key from the definition alone: forty hashes, nothing kept.
    fn derived(version: u64) -> String {
        let mut seed = Zeroizing::new(std::array::from_fn(|at| u8::try_from(at).unwrap()));
        for depth in 0..DEPTH {
            seed = child(&seed, bit(version, depth));
        }
        hex(seed.as_slice())
    }

    /// Versions close together and far apart, so that paths share much and little.
    fn versions() -> impl Strategy<Value = u64> {
        prop_oneof![0..40_u64, 0..=MOST_VERSION, (MOST_VERSION - 3)..=MOST_VERSION]
    }

    fn check(version: u64, then: &Expect) {
        then.assert_eq(&key(&mut tree(), version).unwrap_or_default());
    }

    #[test]
    fn the_keys_of_a_root_are_frozen() {
        check(1, &expect!["f6651927b2114c78b7b6279b8997299057916882650bd3f531c2dca15d48f085"]);
        check(2, &expect!["483063f90e5009d726cdcbb53b2e712a217e7df14ab37080e0f2bfe48c9fbc86"]);
        check(
            1_000_000,
            &expect!["b47b6cda60a364d9eef9b6ac5f4df24e4d26e962cf667d711a012f594e41b270"],
        );
        check(
            MOST_VERSION,
            &expect!["1a4cfff57927ded1ed4797e28f2316c42ee95d36022a1513c95256cb7a1c9611"],
        );
        check(MOST_VERSION + 1, &expect![""]);
        check(u64::MAX, &expect![""]);
    }

    #[test]
    fn erasing_keeps_the_siblings_of_the_path() {
        let mut tree = tree();
        assert!(tree.puncture(5));
        let nodes: Vec<String> =
            tree.nodes().map(|(depth, prefix, _)| format!("{depth}:{prefix}")).collect();
        assert_eq!(nodes.len(), usize::from(DEPTH));
        expect!["38:0 40:4 39:3 37:1 36:1 35:1"].assert_eq(&nodes[..6].join(" "));
        assert!(!tree.puncture(5));
        assert!(!tree.puncture(MOST_VERSION + 1));
        assert!(tree.puncture(4));
        assert_eq!(tree.nodes().len(), usize::from(DEPTH) - 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn keys_are_those_of_the_definition_in_any_order(
            asked in prop::collection::vec(versions(), 1..30),
        ) {
            let mut tree = tree();
            for version in asked {
                prop_assert_eq!(key(&mut tree, version), Some(derived(version)));
            }
        }

        #[test]
        fn exactly_the_erased_keys_are_gone(
            steps in prop::collection::vec((any::<bool>(), versions()), 0..30),
            asked in prop::collection::vec(versions(), 0..30),
        ) {
            let mut tree = tree();
            let mut erased = BTreeSet::new();
            for (erase, version) in steps {
                if erase {
                    prop_assert_eq!(tree.puncture(version), erased.insert(version));
                } else {
                    let expected = (!erased.contains(&version)).then(|| derived(version));
                    prop_assert_eq!(key(&mut tree, version), expected);
                }
            }
            for version in asked.into_iter().chain(erased.iter().copied()).chain(0..20) {
                let expected = (!erased.contains(&version)).then(|| derived(version));
                prop_assert_eq!(key(&mut tree, version), expected);
            }
        }

        #[test]
        fn no_kept_node_is_above_an_erased_version(
            erased in prop::collection::btree_set(versions(), 0..20),
        ) {
            let mut tree = tree();
            for version in &erased {
                tree.puncture(*version);
            }
            let mut covered = 0;
            for (depth, prefix, _) in tree.nodes() {
                for version in &erased {
                    prop_assert_ne!(version >> (DEPTH - depth), prefix);
                }
                covered += 1_u64 << (DEPTH - depth);
            }
            prop_assert_eq!(covered + erased.len() as u64, MOST_VERSION + 1);
        }

        #[test]
        fn erasing_wipes_the_cached_path(version in versions()) {
            let mut tree = tree();
            prop_assert!(tree.key(version).is_some());
            prop_assert!(tree.puncture(version));
            prop_assert!(tree.path.seeds.is_empty());
        }
    }
}
