//! Inclusion and consistency: every proof of small trees, and nothing that resembles one.

use expect_test::{Expect, expect};
use gradus_model::Digest;
use gradus_proof::{
    Hashes, LeafHashes, Plan, ProofError, Subtree, TreeError, consistency, empty_root, inclusion,
    root, verify_consistency, verify_inclusion,
};
use proptest::prelude::*;

use crate::made_up::{leaf_hashes, prove, root_at, tree};

/// All leaf hashes of a log, from which every subtree is hashed anew.
struct Plain(Vec<Digest>);

impl Hashes for Plain {
    type Error = ProofError;

    fn subtree(&self, level: u32, index: u64) -> Result<Digest, ProofError> {
        let leaves = Subtree { level, index }.leaves();
        Ok(root(&self.0[to(leaves.start)..to(leaves.end)]))
    }
}

fn to(position: u64) -> usize {
    usize::try_from(position).unwrap()
}

#[test]
fn every_leaf_of_every_small_tree_is_proved() {
    let (all, tree) = (leaf_hashes(70), tree(70));
    let plain = Plain(all.clone());
    for size in 1..=70 {
        let whole = root(&all[..to(size)]);
        assert_eq!(root_at(&tree, size), whole);
        for index in 0..size {
            let proof = inclusion(index, size, &plain).unwrap();
            assert_eq!(prove(&tree, &Plan::inclusion(index, size).unwrap()), Ok(proof.clone()));
            for (at, leaf) in (0..).zip(&all[..to(size)]) {
                let verified = verify_inclusion(leaf, index, size, &proof, &whole);
                assert_eq!(verified.is_ok(), at == index, "leaf {at} as {index} of {size}");
            }
        }
    }
}

#[test]
fn every_pair_of_small_trees_is_consistent() {
    let (all, tree) = (leaf_hashes(70), tree(70));
    let plain = Plain(all.clone());
    for new in 0..=70 {
        for old in 0..=new {
            let proof = consistency(old, new, &plain).unwrap();
            assert_eq!(prove(&tree, &Plan::consistency(old, new).unwrap()), Ok(proof.clone()));
            let (before, after) = (root(&all[..to(old)]), root(&all[..to(new)]));
            assert_eq!(verify_consistency(old, &before, new, &after, &proof), Ok(()));
            let other = Digest([7; 32]);
            assert!(verify_consistency(old, &other, new, &after, &proof).is_err());
            // From nothing on, any tree will do: there is nothing that it could contradict.
            assert_eq!(
                verify_consistency(old, &before, new, &other, &proof).is_ok(),
                old == 0 && new > 0
            );
        }
    }
}

/// The subtrees of a plan, a line for each hash.
fn shape(plan: Result<Plan, ProofError>, then: &Expect) {
    let needed: Vec<String> =
        plan.unwrap().needed().map(|Subtree { level, index }| format!("{level}.{index}")).collect();
    then.assert_eq(&needed.join(" "));
}

#[test]
fn the_tree_of_seven_has_the_proofs_of_the_rfc() {
    // RFC 6962, section 2.1.3: a to f and j are 0.0 to 0.6, g h i are 1.0 to 1.2, k is 2.0, and l
    // is joined from i and j.
    shape(Plan::inclusion(0, 7), &expect!["0.1 1.1 1.2 0.6"]);
    shape(Plan::inclusion(3, 7), &expect!["0.2 1.0 1.2 0.6"]);
    shape(Plan::inclusion(4, 7), &expect!["0.5 0.6 2.0"]);
    shape(Plan::inclusion(6, 7), &expect!["1.2 2.0"]);
    shape(Plan::consistency(3, 7), &expect!["0.2 0.3 1.0 1.2 0.6"]);
    shape(Plan::consistency(4, 7), &expect!["1.2 0.6"]);
    shape(Plan::consistency(6, 7), &expect!["1.2 0.6 2.0"]);
}

#[test]
fn a_plan_asks_for_few_leaves() {
    let plan = Plan::inclusion(1_000_003, 10_000_009).unwrap();
    assert_eq!(plan.leaves(), [1_000_000..1_000_003, 1_000_004..1_000_016, 10_000_000..10_000_009]);
    assert_eq!(plan.needed().count(), 32);
    let plan = Plan::consistency(1_000_003, 10_000_009).unwrap();
    assert_eq!(plan.leaves(), [1_000_000..1_000_016, 10_000_000..10_000_009]);
    assert_eq!(Plan::inclusion(16, 65).unwrap().leaves(), [17..32, 64..65]);
    assert_eq!(Plan::consistency(32, 64).unwrap().leaves(), []);
}

#[test]
fn the_largest_sizes_have_plans() {
    for index in [0, 1, u64::MAX / 2, u64::MAX - 2, u64::MAX - 1] {
        let plan = Plan::inclusion(index, u64::MAX).unwrap();
        let refused = verify_inclusion(&empty_root(), index, u64::MAX, &[], &empty_root());
        let Err(ProofError::Length { needed, .. }) = refused else { panic!("{refused:?}") };
        assert!(needed <= 64 && plan.needed().count() >= needed);
        let proof = vec![Digest::ZERO; needed];
        let wrong = verify_inclusion(&empty_root(), index, u64::MAX, &proof, &empty_root());
        assert!(matches!(wrong, Err(ProofError::Root { .. })));
        if index > 0 {
            assert!(Plan::consistency(index, u64::MAX).unwrap().needed().count() > 0);
            let refused = verify_consistency(index, &empty_root(), u64::MAX, &empty_root(), &[]);
            let Err(ProofError::Length { needed, .. }) = refused else { panic!("{refused:?}") };
            let proof = vec![Digest::ZERO; needed];
            assert!(
                verify_consistency(index, &empty_root(), u64::MAX, &empty_root(), &proof).is_err()
            );
        }
    }
    assert!(Subtree { level: 64, index: 1 }.leaves().is_empty());
    assert!(Subtree { level: 200, index: 0 }.leaves().is_empty());
}

fn refused<T: std::fmt::Debug, E: std::fmt::Display>(outcome: Result<T, E>, then: &Expect) {
    let error = match outcome {
        Ok(accepted) => panic!("accepted: {accepted:?}"),
        Err(error) => error.to_string(),
    };
    then.assert_eq(&error);
}

#[test]
fn what_is_no_proof_is_refused_with_the_reason() {
    let (zero, one, empty) = (Digest::ZERO, Digest([1; 32]), empty_root());
    refused(Plan::inclusion(5, 5), &expect!["leaf 5 is not in a tree of 5 leaves"]);
    refused(Plan::inclusion(0, 0), &expect!["leaf 0 is not in a tree of 0 leaves"]);
    refused(Plan::consistency(6, 5), &expect!["a tree of 6 leaves cannot grow to 5"]);
    refused(
        verify_inclusion(&zero, 0, 0, &[], &empty),
        &expect!["leaf 0 is not in a tree of 0 leaves"],
    );
    refused(
        verify_inclusion(&zero, 4, 5, &[zero, zero], &zero),
        &expect!["the proof has 2 hashes, and 1 are needed"],
    );
    refused(
        verify_inclusion(&zero, 0, 5, &[], &zero),
        &expect!["the proof has 0 hashes, and 3 are needed"],
    );
    refused(
        verify_inclusion(&zero, 0, 1, &[], &one),
        &expect![
            "the proof leads to root 0000000000000000000000000000000000000000000000000000000000000000 of 1 leaves, not to 0101010101010101010101010101010101010101010101010101010101010101"
        ],
    );
    refused(
        verify_consistency(3, &zero, 2, &zero, &[]),
        &expect!["a tree of 3 leaves cannot grow to 2"],
    );
    refused(
        verify_consistency(2, &zero, 2, &zero, &[zero]),
        &expect!["the proof has 1 hashes, and 0 are needed"],
    );
    refused(
        verify_consistency(2, &zero, 2, &one, &[]),
        &expect![
            "the proof leads to root 0000000000000000000000000000000000000000000000000000000000000000 of 2 leaves, not to 0101010101010101010101010101010101010101010101010101010101010101"
        ],
    );
    refused(
        verify_consistency(0, &empty, 2, &one, &[zero]),
        &expect!["the proof has 1 hashes, and 0 are needed"],
    );
    refused(
        verify_consistency(0, &zero, 2, &one, &[]),
        &expect![
            "the proof leads to root e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 of 0 leaves, not to 0000000000000000000000000000000000000000000000000000000000000000"
        ],
    );
    refused(
        verify_consistency(4, &zero, 7, &one, &[]),
        &expect!["the proof has 0 hashes, and 1 are needed"],
    );
}

#[test]
fn a_tree_proves_nothing_past_its_end_or_without_the_leaves() {
    let tree = tree(40);
    let plan = Plan::inclusion(3, 41).unwrap();
    refused(prove(&tree, &plan), &expect!["size 41 is past the tree's 40"]);
    let plan = Plan::inclusion(3, 33).unwrap();
    refused(
        tree.prove(&plan, &LeafHashes::new()),
        &expect!["the hash of leaf 2 is needed and was not read"],
    );
    refused(
        inclusion(3, 3, &tree.with(&LeafHashes::new())),
        &expect!["leaf 3 is not in a tree of 3 leaves"],
    );
    assert!(matches!(
        tree.with(&LeafHashes::new()).subtree(63, u64::MAX),
        Err(TreeError::Past { .. })
    ));
}

/// A change to a proof: another bit, or a hash less, more or elsewhere.
fn change(proof: &mut Vec<Digest>, what: u8, at: usize, bit: u8) {
    let at = at % (proof.len() + 1);
    match what % 4 {
        0 if at < proof.len() => proof[at].0[usize::from(bit / 8)] ^= 1 << (bit % 8),
        1 if at < proof.len() => {
            proof.remove(at);
        }
        2 if proof.len() > 1 => proof.rotate_left(1),
        _ => proof.insert(at, Digest([bit; 32])),
    }
}

proptest! {
    #[test]
    fn a_changed_inclusion_proof_proves_nothing(
        size in 1_u64..1_500, share in 0_u64..1_000, what: u8, at: usize, bit: u8, other: u64,
    ) {
        let (tree, index) = (tree(size), size * share / 1_000);
        let (leaf, whole) = (leaf_hashes(size)[to(index)], tree.root());
        let proof = prove(&tree, &Plan::inclusion(index, size).unwrap()).unwrap();
        prop_assert_eq!(verify_inclusion(&leaf, index, size, &proof, &whole), Ok(()));
        let mut changed = proof.clone();
        change(&mut changed, what, at, bit);
        prop_assert!(verify_inclusion(&leaf, index, size, &changed, &whole).is_err());
        let other = other % (size + 3);
        let elsewhere = verify_inclusion(&leaf, other, size, &proof, &whole);
        prop_assert_eq!(elsewhere.is_ok(), other == index);
        let mut wrong = whole;
        wrong.0[usize::from(bit / 8)] ^= 1 << (bit % 8);
        prop_assert!(verify_inclusion(&leaf, index, size, &proof, &wrong).is_err());
        prop_assert!(verify_inclusion(&wrong, index, size, &proof, &whole).is_err());
    }

    #[test]
    fn a_changed_consistency_proof_proves_nothing(
        new in 2_u64..1_500, share in 0_u64..1_000, what: u8, at: usize, bit: u8,
    ) {
        let (tree, old) = (tree(new), 1 + (new - 1) * share / 1_000);
        let (before, after) = (root_at(&tree, old), tree.root());
        let proof = prove(&tree, &Plan::consistency(old, new).unwrap()).unwrap();
        prop_assert_eq!(verify_consistency(old, &before, new, &after, &proof), Ok(()));
        let mut changed = proof.clone();
        change(&mut changed, what, at, bit);
        prop_assert!(verify_consistency(old, &before, new, &after, &changed).is_err());
        let mut wrong = before;
        wrong.0[usize::from(bit / 8)] ^= 1 << (bit % 8);
        prop_assert!(verify_consistency(old, &wrong, new, &after, &proof).is_err());
        let mut wrong = after;
        wrong.0[usize::from(bit / 8)] ^= 1 << (bit % 8);
        prop_assert!(verify_consistency(old, &before, new, &wrong, &proof).is_err());
    }

    #[test]
    fn no_numbers_and_hashes_are_too_odd_to_be_refused(
        index: u64, size: u64, hashes in prop::collection::vec(any::<[u8; 32]>(), 0..70),
    ) {
        let proof: Vec<Digest> = hashes.into_iter().map(Digest).collect();
        prop_assert!(verify_inclusion(&Digest::ZERO, index, size, &proof, &Digest::ZERO).is_err());
        let grown = verify_consistency(index, &Digest::ZERO, size, &Digest::ZERO, &proof);
        prop_assert!(grown.is_err() || index == size);
        let _ = Plan::inclusion(index, size).map(|plan| plan.leaves());
        let _ = Plan::consistency(index, size).map(|plan| plan.leaves());
    }
}
