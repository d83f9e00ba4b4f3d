//! Random proofs: the true ones are accepted by everybody, the changed ones by nobody.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use gradus_model::Digest;
use gradus_proof::Plan;
use sha2::Sha256;
use tlog_tiles::tlog;

use crate::judges::{Consistency, Inclusion, all, theirs};
use crate::log::{Dice, Ours, Stored, change, from_environment, leaf};

pub(crate) const PROOFS: u64 = 1_000;

/// A root with one bit that is another.
pub(crate) fn another(root: &Digest) -> Digest {
    let mut another = *root;
    another.0[31] ^= 1;
    another
}

#[test]
fn everybody_accepts_our_inclusion_proofs_and_nobody_a_changed_one() {
    let (mut dice, ours, stored) = (Dice::new(), Ours::new(), Stored::new());
    for _ in 0..from_environment("GRADUS_PROOFS", PROOFS) {
        let size = dice.size();
        let index = dice.below(size);
        let (leaf, root) = (leaf(index), ours.root(size));
        let proof = ours.prove(&Plan::inclusion(index, size).unwrap());
        // What they prove is what we prove.
        assert_eq!(tlog::tree_hash(size, &stored).unwrap().0, root.0);
        assert_eq!(tlog::prove_record(size, index, &stored).unwrap(), theirs(&proof));
        let mut changed = proof.clone();
        change(&mut changed, &mut dice);
        let claim = |proof| Inclusion { leaf: &leaf, index, size, root, proof };
        for judge in all() {
            let of = format!("{}: {index} of {size}", judge.name());
            assert!(judge.includes(&claim(&proof)), "{of}");
            assert!(!judge.includes(&claim(&changed)), "{of}");
            assert!(!judge.includes(&Inclusion { root: another(&root), ..claim(&proof) }), "{of}");
            assert!(!judge.includes(&Inclusion { leaf: b"other", ..claim(&proof) }), "{of}");
            let elsewhere = Inclusion { index: (index + 1) % (size + 1), ..claim(&proof) };
            assert!(!judge.includes(&elsewhere), "{of}");
        }
    }
}

#[test]
fn everybody_accepts_our_consistency_proofs_and_nobody_a_changed_one() {
    let (mut dice, ours, stored) = (Dice::new(), Ours::new(), Stored::new());
    for _ in 0..from_environment("GRADUS_PROOFS", PROOFS) {
        let new = dice.size();
        let old = match dice.below(10) {
            0 => new,
            // The largest power of two: its tree is a subtree of the new one.
            1 => 1 << new.ilog2(),
            _ => 1 + dice.below(new),
        };
        let (old_root, new_root) = (ours.root(old), ours.root(new));
        let proof = ours.prove(&Plan::consistency(old, new).unwrap());
        assert_eq!(tlog::prove_tree(new, old, &stored).unwrap(), theirs(&proof));
        let mut changed = proof.clone();
        change(&mut changed, &mut dice);
        let claim = |proof| Consistency { old, old_root, new, new_root, proof };
        for judge in all() {
            let of = format!("{}: {old} to {new}", judge.name());
            assert!(judge.grew(&claim(&proof)), "{of}");
            assert!(!judge.grew(&claim(&changed)), "{of}");
            let other = Consistency { old_root: another(&old_root), ..claim(&proof) };
            assert!(!judge.grew(&other), "{of}");
            let other = Consistency { new_root: another(&new_root), ..claim(&proof) };
            assert!(!judge.grew(&other), "{of}");
        }
    }
}

#[test]
fn the_proofs_of_ct_merkle_are_ours() {
    let (mut dice, ours) = (Dice::new(), Ours::new());
    let mut theirs = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    let each = from_environment("GRADUS_PROOFS", PROOFS).div_ceil(100);
    for size in 1..=700_u64 {
        theirs.push(leaf(size - 1));
        if size % 7 != 0 {
            continue;
        }
        let root = ours.root(size);
        assert_eq!(theirs.root().as_bytes().as_slice(), root.0);
        for _ in 0..each {
            let index = dice.below(size);
            let proof = theirs.prove_inclusion(usize::try_from(index).unwrap());
            let hashes = ours.prove(&Plan::inclusion(index, size).unwrap());
            assert_eq!(proof.as_bytes(), gradus_proof::tiles::hash_bytes(&hashes));
            let old = 1 + dice.below(size);
            let proof = theirs.prove_consistency(usize::try_from(size - old).unwrap());
            let hashes = ours.prove(&Plan::consistency(old, size).unwrap());
            assert_eq!(proof.as_bytes(), gradus_proof::tiles::hash_bytes(&hashes));
        }
    }
}
