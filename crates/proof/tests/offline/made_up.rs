//! A log with two witnesses, made up from fixed seeds.

use gradus_model::Digest;
use gradus_proof::{
    Checkpoint, Cosigner, LeafHashes, Note, Plan, Policy, Signer, TlogProof, Tree, TreeError,
    leaf_hash,
};

pub(crate) const ORIGIN: &str = "log.example/gradus";

/// 2026-11-22 12:00 UTC.
pub(crate) const NOON: u64 = 1_795_348_800;

pub(crate) fn leaf(position: u64) -> Vec<u8> {
    format!("leaf {position}").into_bytes()
}

pub(crate) fn leaf_hashes(count: u64) -> Vec<Digest> {
    (0..count).map(|position| leaf_hash(&leaf(position))).collect()
}

pub(crate) fn tree(count: u64) -> Tree {
    let mut tree = Tree::new();
    tree.extend(leaf_hashes(count));
    tree
}

/// The proof of a plan, with exactly the leaf hashes that it asks for.
pub(crate) fn prove(tree: &Tree, plan: &Plan) -> Result<Vec<Digest>, TreeError> {
    let mut leaves = LeafHashes::new();
    for range in plan.leaves() {
        leaves.add(range.start, range.map(|position| leaf_hash(&leaf(position))));
    }
    tree.prove(plan, &leaves)
}

/// The root of the first `size` leaves.
pub(crate) fn root_at(tree: &Tree, size: u64) -> Digest {
    prove(tree, &Plan::root(size)).unwrap()[0]
}

pub(crate) fn signer() -> Signer {
    Signer::from_seed(ORIGIN, &[1; 32]).unwrap()
}

pub(crate) fn witness(number: u8) -> Cosigner {
    Cosigner::from_seed(&format!("witness.example/w{number}"), &[10 + number; 32]).unwrap()
}

pub(crate) fn checkpoint(size: u64) -> Checkpoint {
    Checkpoint { origin: ORIGIN.to_owned(), size, root: root_at(&tree(size), size) }
}

/// A checkpoint that the log and witnesses of these numbers signed, one a minute.
pub(crate) fn cosigned(size: u64, witnesses: &[u8]) -> Note {
    let mut note = checkpoint(size).sign(&signer()).unwrap();
    for number in witnesses {
        let time = NOON + 60 * u64::from(*number);
        note.signatures.push(witness(*number).cosign(&note.text, time));
    }
    note
}

pub(crate) fn tlog_proof(index: u64, size: u64) -> TlogProof {
    let hashes = prove(&tree(size), &Plan::inclusion(index, size).unwrap()).unwrap();
    TlogProof { extra: None, index, hashes, checkpoint: cosigned(size, &[1, 2]) }
}

/// A policy that asks for both witnesses.
pub(crate) fn policy() -> Policy {
    Policy::parse(policy_file().as_bytes()).unwrap()
}

pub(crate) fn policy_file() -> String {
    format!(
        "log {} https://log.example/gradus\n\
         witness one {}\n\
         witness two {}\n\
         group both 2 one two\n\
         quorum both\n",
        signer().verifier(),
        witness(1).verifier(),
        witness(2).verifier(),
    )
}
