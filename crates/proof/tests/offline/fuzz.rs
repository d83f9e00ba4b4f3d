//! Every parser on bytes that nobody wrote for it: nothing panics, and what is read is written back.
//!
//! `GRADUS_FUZZ` says how many files each parser is given; the seeds of failures are printed.

use gradus_proof::{AddCheckpoint, Checkpoint, Note, Policy, Signature, TlogProof, VerifierKey};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::made_up::{cosigned, leaf, policy, policy_file, signer, tlog_proof};

fn cases() -> ProptestConfig {
    let cases = std::env::var("GRADUS_FUZZ").map_or(256, |cases| cases.parse().unwrap());
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// A good file of each format.
fn good() -> Vec<Vec<u8>> {
    let mut proof = tlog_proof(17, 40);
    proof.extra = Some(vec![0; 9]);
    let request =
        AddCheckpoint { old: 17, proof: proof.hashes.clone(), checkpoint: cosigned(40, &[1]) };
    vec![
        proof.to_bytes(),
        request.to_bytes(),
        cosigned(40, &[1, 2]).to_bytes(),
        cosigned(40, &[]).text.into_bytes(),
        policy_file().into_bytes(),
        signer().verifier().to_string().into_bytes(),
    ]
}

/// What the formats are made of, in any order.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let words: Vec<Vec<u8>> = [
        "\n",
        "\n\n",
        " ",
        "\u{2014} ",
        "k",
        "+",
        "0",
        "1",
        "18446744073709551615",
        "AAAAAAA=",
        "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "c2sp.org/tlog-proof@v1\n",
        "index ",
        "extra ",
        "old ",
        "log ",
        "witness ",
        "group ",
        "quorum ",
        "none\n",
        "all ",
        "any ",
        "#",
        "\t",
        "log.example/gradus\n",
    ]
    .iter()
    .map(|word| word.as_bytes().to_vec())
    .collect();
    let word = prop_oneof![
        8 => prop::sample::select(words),
        1 => prop::collection::vec(any::<u8>(), 0..9),
    ];
    prop::collection::vec(word, 0..40).prop_map(|words| words.concat())
}

/// A good file with some bytes changed, taken out, doubled or from another good file.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let files = good();
    let edit = (any::<Index>(), any::<Index>(), 0_u8..5, any::<u8>());
    (any::<Index>(), any::<Index>(), prop::collection::vec(edit, 1..6)).prop_map(
        move |(one, other, edits)| {
            let (mut file, other) = (one.get(&files).clone(), other.get(&files));
            for (at, to, what, byte) in edits {
                let (at, to) = (at.index(file.len() + 1), to.index(file.len() + 1));
                let (from, to) = (at.min(to), at.max(to));
                match what {
                    0 if from < file.len() => file[from] = byte,
                    1 => drop(file.drain(from..to)),
                    2 => {
                        let again = file[from..to].to_vec();
                        file.splice(from..from, again);
                    }
                    3 => drop(file.splice(
                        from..to,
                        other[from.min(other.len())..to.min(other.len())].to_vec(),
                    )),
                    _ => file.insert(from, byte),
                }
            }
            file
        },
    )
}

fn files() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![prop::collection::vec(any::<u8>(), 0..300), pieces(), damaged()]
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn what_is_read_is_written_back_and_nothing_panics(file in files()) {
        if let Ok(note) = Note::parse(&file) {
            prop_assert_eq!(note.to_bytes(), file.clone());
            let _ = policy().evaluate(&note);
        }
        if let Ok(proof) = TlogProof::parse(&file) {
            prop_assert_eq!(proof.to_bytes(), file.clone());
            let _ = proof.verify_by(&leaf(17), &policy());
        }
        if let Ok(request) = AddCheckpoint::parse(&file) {
            prop_assert_eq!(request.to_bytes(), file.clone());
            let _ = request.check(signer().verifier(), None);
        }
        if let Ok(policy) = Policy::parse(&file) {
            prop_assert_eq!(Policy::parse(policy.to_string().as_bytes()), Ok(policy));
        }
        let text = String::from_utf8_lossy(&file);
        if let Ok(checkpoint) = Checkpoint::parse(&text) {
            prop_assert!(text.starts_with(&checkpoint.to_text()));
        }
        if let Ok(key) = VerifierKey::parse(&text) {
            prop_assert_eq!(key.to_string(), text.clone());
        }
        if let Ok(signatures) = Signature::parse_lines(&text) {
            prop_assert!(!signatures.is_empty());
        }
    }
}
