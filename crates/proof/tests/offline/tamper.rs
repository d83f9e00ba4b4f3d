//! One byte changed in a file that was good: nothing panics, and nothing that is signed survives.

use gradus_proof::{AddCheckpoint, Checkpoint, Note, Plan, Policy, TlogProof};

use crate::made_up::{
    checkpoint, cosigned, leaf, policy, policy_file, prove, signer, tlog_proof, tree,
};

/// Every file that differs in one byte, is a byte longer, or ends early; `verified` has to be
/// false for all of them but those whose change lies where `free` says.
fn check(file: &[u8], verified: impl Fn(&[u8]) -> bool, free: impl Fn(usize) -> bool) {
    assert!(verified(file));
    let mut changed = file.to_vec();
    for (at, byte) in file.iter().enumerate() {
        for other in [byte ^ 1, byte ^ 0x80, b'\n', b' ', b'A'] {
            if other != *byte {
                changed[at] = other;
                assert!(!verified(&changed) || free(at), "byte {at} as {other:#04x}");
            }
        }
        changed[at] = *byte;
        assert!(!verified(&file[..at]) || free(at), "the first {at} bytes");
        for more in [b'\n', b'0'] {
            let longer = [&file[..at], &[more], &file[at..]].concat();
            assert!(!verified(&longer) || longer == file || free(at), "{more:#04x} at {at}");
        }
        let shorter = [&file[..at], &file[at + 1..]].concat();
        assert!(!verified(&shorter) || free(at), "without byte {at}");
    }
}

#[test]
fn a_checkpoint_with_all_signatures_of_a_quorum() {
    let policy = policy();
    let verified = |file: &[u8]| {
        let verdict = Note::parse(file).ok().and_then(|note| policy.require(&note).ok());
        verdict.is_some_and(|verdict| verdict.checkpoint == checkpoint(40))
    };
    check(&cosigned(40, &[1, 2]).to_bytes(), verified, |_| false);
}

#[test]
fn a_checkpoint_with_a_signature_of_nobody() {
    let file = cosigned(40, &[9]).to_bytes();
    let key = signer().verifier().clone();
    let verified = |file: &[u8]| {
        let opened = Note::parse(file).ok().and_then(|note| Checkpoint::open(&note, &key).ok());
        opened == Some(checkpoint(40))
    };
    // The last line is that of a witness nobody knows; its dash is where it begins.
    let dash = "\u{2014}".as_bytes();
    let last = file.windows(3).rposition(|three| three == dash).unwrap();
    check(&file, verified, |at| at >= last);
}

#[test]
fn a_proof_file() {
    let mut proof = tlog_proof(17, 40);
    proof.extra = Some(vec![1, 2, 3]);
    let file = proof.to_bytes();
    let (leaf, policy) = (leaf(17), policy());
    let verified = |file: &[u8]| {
        TlogProof::parse(file).is_ok_and(|proof| proof.verify_by(&leaf, &policy).is_ok())
    };
    // No signature covers the extra line.
    let line = file.windows(6).position(|six| six == b"extra ").unwrap();
    check(&file, verified, |at| (line..=line + 11).contains(&at));
}

#[test]
fn a_request_to_a_witness() {
    let proof = prove(&tree(40), &Plan::consistency(17, 40).unwrap()).unwrap();
    let request = AddCheckpoint { old: 17, proof, checkpoint: cosigned(40, &[]) };
    let (key, last) = (signer().verifier().clone(), checkpoint(17));
    let verified = |file: &[u8]| {
        AddCheckpoint::parse(file).is_ok_and(|read| read.check(&key, Some(&last)).is_ok())
    };
    check(&request.to_bytes(), verified, |_| false);
}

#[test]
fn a_policy_is_read_or_refused_and_never_another_one_by_chance() {
    let file = policy_file();
    let read = policy();
    for (at, byte) in file.bytes().enumerate() {
        for other in [byte ^ 1, byte ^ 0x80, b'\n', b' ', b'#', 0] {
            let mut changed = file.clone().into_bytes();
            changed[at] = other;
            if let Ok(other) = Policy::parse(&changed) {
                // What is left to change are names and URLs, and how words are parted.
                let keys = |policy: &Policy| -> Vec<String> {
                    policy.witnesses().map(|witness| witness.key.to_string()).collect()
                };
                assert_eq!(keys(&other), keys(&read), "byte {at}");
            }
        }
    }
}
