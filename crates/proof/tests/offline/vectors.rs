//! The test vectors of transparency-dev/merkle.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gradus_model::Digest;
use gradus_proof::{sha256, verify_consistency, verify_inclusion};

const VECTORS: &str = include_str!("transparency-dev/vectors.tsv");

/// A hash; what is shorter and not empty stands for some other hash, as its text says there.
fn hash(text: &str) -> Option<Digest> {
    let bytes = STANDARD.decode(text.trim_matches('-')).unwrap();
    match bytes.len() {
        0 => None,
        32 => Some(Digest(bytes.try_into().unwrap())),
        _ => Some(sha256(&bytes)),
    }
}

/// Whether a line's proof is accepted; what cannot even be written as hashes is not.
fn accepted(line: &str) -> Option<bool> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [name, _, first, second, third, fourth, proof] = fields[..] else { panic!("{line}") };
    let (first, second): (u64, u64) = (first.parse().unwrap(), second.parse().unwrap());
    let (third, fourth) = (hash(third)?, hash(fourth)?);
    let hashes = proof.split(',').filter(|hash| !hash.is_empty());
    let proof: Vec<Digest> = hashes.map(hash).collect::<Option<_>>()?;
    Some(match name.split('/').next().unwrap() {
        "inclusion" => verify_inclusion(&third, first, second, &proof, &fourth).is_ok(),
        "consistency" => verify_consistency(first, &third, second, &fourth, &proof).is_ok(),
        other => panic!("{other}"),
    })
}

#[test]
fn all_195_vectors_are_judged_as_their_authors_say() {
    let (mut good, mut bad) = (0, 0);
    for line in VECTORS.lines() {
        let wanted = line.split('\t').nth(1).unwrap() == "accepted";
        assert_eq!(accepted(line).unwrap_or(false), wanted, "{line}");
        if wanted { good += 1 } else { bad += 1 }
    }
    assert_eq!((good, bad), (13, 182));
}
