//! Laws of trees, and the classic leaves.

use super::*;
use proptest::prelude::*;

/// The inputs and roots of the certificate-transparency tests, sizes 1 to 8.
const CLASSIC: [(&str, &str); 8] = [
    ("", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
    ("00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
    ("10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
    ("2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
    ("3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
    ("40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
    ("5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
    (
        "606162636465666768696a6b6c6d6e6f",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ),
];

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| hex[at..at + 2].parse::<Octet>().unwrap().0).collect()
}

struct Octet(u8);

impl std::str::FromStr for Octet {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u8::from_str_radix(text, 16).map(Self)
    }
}

fn leaves(count: usize) -> Vec<Digest> {
    (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
}

fn grown(leaves: &[Digest]) -> Tree {
    let mut tree = Tree::new();
    for leaf in leaves {
        tree.push(*leaf);
    }
    tree
}

fn root_at(tree: &Tree, size: usize, all: &[Digest]) -> Result<Digest, TreeError> {
    tree.root_at(size as u64, |range| {
        assert!(range.end - range.start < WIDTH);
        let at = |position: u64| usize::try_from(position).unwrap();
        Ok(all[at(range.start)..at(range.end)].to_vec())
    })
}

#[test]
fn the_empty_root_is_the_hash_of_nothing() {
    let expected = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(empty_root().to_string(), expected);
    assert_eq!(RightEdge::new().root(), empty_root());
}

#[test]
fn the_classic_leaves_have_the_classic_roots() {
    let mut edge = RightEdge::new();
    let mut hashes = Vec::new();
    for (leaf, expected) in CLASSIC {
        let hash = leaf_hash(&bytes(leaf));
        hashes.push(hash);
        edge.push(hash);
        assert_eq!(root(&hashes).to_string(), expected);
        assert_eq!(edge.root().to_string(), expected);
    }
}

#[test]
fn every_root_of_a_tree_is_the_root_of_its_prefix() {
    let all = leaves(532);
    let tree = grown(&all);
    for size in 0..=all.len() {
        assert_eq!(root_at(&tree, size, &all), Ok(root(&all[..size])), "size {size}");
    }
}

#[test]
fn a_size_past_the_tree_is_refused() {
    let all = leaves(3);
    let refused = root_at(&grown(&all), 4, &all).unwrap_err();
    assert_eq!(refused.to_string(), "size 4 is past the tree's 3");
}

#[test]
fn too_few_leaf_hashes_are_refused() {
    let tree = grown(&leaves(9));
    let refused = tree.root_at(5, |_| Ok::<_, TreeError>(leaves(4))).unwrap_err();
    assert_eq!(refused.to_string(), "4 leaf hashes were given where 5 are needed");
}

proptest! {
    #[test]
    fn the_right_edge_has_the_root_of_its_leaves(count in 0_usize..200) {
        let all = leaves(count);
        let mut edge = RightEdge::new();
        for leaf in &all {
            edge.push(*leaf);
        }
        prop_assert_eq!(edge.root(), root(&all));
        prop_assert_eq!(edge.size(), count as u64);
    }

    #[test]
    fn a_tree_that_grows_by_many_is_the_one_that_grows_leaf_by_leaf(
        steps in prop::collection::vec(0_usize..90, 0..12),
    ) {
        let all = leaves(steps.iter().sum());
        let (mut tree, mut one_by_one, mut from) = (Tree::new(), Tree::new(), 0);
        for more in steps {
            let leaves = &all[from..from + more];
            from += more;
            tree.extend(leaves.to_vec());
            for leaf in leaves {
                one_by_one.push(*leaf);
            }
            prop_assert_eq!(&tree, &one_by_one);
        }
    }

    #[test]
    fn trees_side_by_side_have_the_roots_that_they_have_alone(
        sizes in prop::collection::vec(0_usize..40, 0..12),
    ) {
        let trees: Vec<Vec<Digest>> = sizes.iter().map(|size| leaves(*size)).collect();
        let alone: Vec<Digest> = trees.iter().map(|tree| root(tree)).collect();
        prop_assert_eq!(roots(trees), alone);
    }

    #[test]
    fn a_tree_knows_any_earlier_root(count in 0_usize..1_200, share in 0_usize..=100) {
        let all = leaves(count);
        let size = count * share / 100;
        prop_assert_eq!(root_at(&grown(&all), size, &all), Ok(root(&all[..size])));
    }
}

#[test]
fn a_tree_goes_on_from_what_it_told_of_itself() {
    let all = leaves(300);
    for size in 0..all.len() {
        let tree = grown(&all[..size]);
        let (subtrees, rest) = (tree.subtrees().to_vec(), tree.rest().to_vec());
        let restored = Tree::restored(size as u64, subtrees.clone(), &rest).unwrap();
        assert_eq!(restored, tree, "size {size}");
        assert_eq!(Tree::restored(size as u64 + WIDTH, subtrees, &rest), None);
    }
}
