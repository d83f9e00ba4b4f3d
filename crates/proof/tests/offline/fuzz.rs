//! Every parser on bytes that nobody wrote for it: nothing panics, and what is read is written back.
//!
//! `GRADUS_FUZZ` says how many files each parser is given; the seeds of failures are printed.

use gradus_model::unit::AreaRef;
use gradus_model::{AreaId, Digest, Timestamp, UnitId};
use gradus_proof::state::areas::{Course, Entry, Level, Levels, open_area};
use gradus_proof::state::{Chain, read_digest};
use gradus_proof::tiles::{add_entry, hash_bytes};
use gradus_proof::{
    AddCheckpoint, Checkpoint, Note, Policy, Row, Signature, Signer, Tile, TlogProof, VerifierKey,
};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::made_up::{cosigned, leaf, policy, policy_file, signer, tlog_proof, witness};
use crate::states;

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
        Signer::private_text("log.example/gradus", &[7; 32]).unwrap().as_bytes().to_vec(),
        b"tile/entries/x001/234.p/5".to_vec(),
        hash_bytes(&[Digest([1; 32]), Digest([2; 32])]),
        entries(),
        row().to_bytes(),
        course().to_bytes(),
        Entry { area: area(), course: course().hash() }.to_bytes(),
        states::digest_leaf(),
    ]
}

/// An entry bundle of two leaves.
fn entries() -> Vec<u8> {
    let mut bundle = Vec::new();
    for number in [1, 2] {
        add_entry(&mut bundle, &leaf(number)).unwrap();
    }
    bundle
}

fn row() -> Row {
    let (head, projection) = (Digest([1; 32]), Digest([2; 32]));
    Row { stream: UnitId([7; 16]), version: 300, head, projection }
}

fn area() -> AreaRef {
    AreaRef { model: "some-model".parse().unwrap(), area: AreaId::new(13).unwrap() }
}

fn course() -> Course {
    let rated = Level::Range { at_least: 1, at_most: 5, open: 300 };
    let levels = Levels { rated, ongoing: Level::NotDeterminable };
    let changes = vec![(Timestamp::from_micros(1 << 50).unwrap(), levels)];
    Course { first: Levels::NOTHING, changes, coverage: Digest([3; 32]) }
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
        "PRIVATE+KEY+",
        "tile/",
        "entries/",
        "x000/",
        "255.p/",
        "\u{84}\u{50}",
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
            let _ = witness(1).verifier().cosigned_at(&note);
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
        reads_what_lies_in_tiles_and_digests(&file)?;
        let text = String::from_utf8_lossy(&file);
        if let Ok(tile) = text.parse::<Tile>() {
            prop_assert_eq!(tile.to_string(), text.clone());
        }
        let _ = Signer::parse_private(&text);
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

fn reads_what_lies_in_tiles_and_digests(file: &[u8]) -> Result<(), TestCaseError> {
    let tile = |path: &str| path.parse::<Tile>().unwrap();
    for width in [1_usize, 2, 5] {
        let path = |kind: &str| tile(&format!("tile/{kind}/000.p/{width}"));
        if let Ok(hashes) = path("0").read_hashes(file) {
            prop_assert_eq!((hashes.len(), hash_bytes(&hashes)), (width, file.to_vec()));
        }
        if let Ok(entries) = path("entries").read_entries(file) {
            let mut again = Vec::new();
            for entry in &entries {
                add_entry(&mut again, entry).unwrap();
            }
            prop_assert_eq!((entries.len(), again), (width, file.to_vec()));
        }
    }
    if let Ok((row, rest)) = Row::read_first(file) {
        prop_assert_eq!([&row.to_bytes(), rest].concat(), file.to_vec());
        prop_assert_eq!(Row::read(file).is_ok(), rest.is_empty());
    }
    if let Ok(entry) = Entry::read(file) {
        prop_assert_eq!(entry.to_bytes(), file.to_vec());
    }
    if let Ok(course) = Course::read(file) {
        prop_assert_eq!(course.to_bytes(), file.to_vec());
    }
    let _ = open_area(&row(), &[file], &area(), Some(file));
    if let Ok((place, digest)) = read_digest(file) {
        prop_assert!(digest.size <= place.position);
    }
    let _ = Chain::of(UnitId([7; 16]), [1, u64::MAX]).push(file);
    Ok(())
}
