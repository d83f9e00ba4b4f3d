//! Checkpoints: their text, and whose they are.

use expect_test::{Expect, expect};
use gradus_model::Digest;
use gradus_proof::{Checkpoint, CheckpointError, Note, Signer, empty_root};

use crate::made_up::{ORIGIN, checkpoint, cosigned, signer, witness};

#[test]
fn a_checkpoint_is_read_back_as_it_was_written() {
    let text = expect![[r#"
        log.example/gradus
        1234
        vfe8KK8MXCV6zOzr0ZWl3okf8ISDg9ujcA6bu4dU6QU=
    "#]];
    let written = checkpoint(1_234);
    text.assert_eq(&written.to_text());
    assert_eq!(Checkpoint::parse(&written.to_text()), Ok(written));
}

#[test]
fn extension_lines_are_passed_over() {
    let text = checkpoint(5).to_text() + "one\ntwo\n";
    assert_eq!(Checkpoint::parse(&text), Ok(checkpoint(5)));
}

fn refused(text: &str, then: &Expect) {
    then.assert_eq(&Checkpoint::parse(text).unwrap_err().to_string());
}

#[test]
fn what_is_no_checkpoint_is_refused_by_the_line() {
    let root = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    refused(
        "",
        &expect!["the checkpoint ends before line 1: it takes the origin, which is not empty"],
    );
    refused(
        "\n0\n",
        &expect!["line 1 of the checkpoint is ``: it takes the origin, which is not empty"],
    );
    refused(
        &format!("a\n00\n{root}\n"),
        &expect![
            "line 2 of the checkpoint is `00`: it takes the size in decimal, without leading zeros"
        ],
    );
    refused(
        &format!("a\n18446744073709551616\n{root}\n"),
        &expect![
            "line 2 of the checkpoint is `18446744073709551616`: it takes the size in decimal, without leading zeros"
        ],
    );
    refused(
        "a\n1\nAAAA\n",
        &expect!["line 3 of the checkpoint is `AAAA`: it takes the root of the leaves, in base64"],
    );
    refused(
        &format!("a\n1\n{root}"),
        &expect![
            "line 3 of the checkpoint is `47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=`: it takes a newline at its end"
        ],
    );
    refused(
        &format!("a\n1\n{root}\n\nb\n"),
        &expect!["line 4 of the checkpoint is ``: it takes an extension, which is not empty"],
    );
}

#[test]
fn a_checkpoint_counts_by_its_logs_key_and_for_its_log() {
    let note = cosigned(1_234, &[]);
    let key = signer().verifier().clone();
    assert_eq!(Checkpoint::open(&note, &key), Ok(checkpoint(1_234)));
    let unsigned = Checkpoint::open(&note, witness(1).verifier()).unwrap_err();
    expect!["the note is not signed by `witness.example/w1` with the key efcd800c"]
        .assert_eq(&unsigned.to_string());
    let mut other =
        Note::new("other\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n".to_owned()).unwrap();
    other.signatures.push(signer().sign(&other.text));
    expect!["the checkpoint is of the log `other`, not of `log.example/gradus`"]
        .assert_eq(&Checkpoint::open(&other, &key).unwrap_err().to_string());
    let foreign = Checkpoint { origin: "other".to_owned(), size: 0, root: empty_root() };
    assert!(matches!(foreign.sign(&signer()), Err(CheckpointError::Origin { .. })));
}

#[test]
fn a_log_may_have_several_keys_in_its_life() {
    let note = cosigned(9, &[]);
    let (new, old) = (Signer::from_seed(ORIGIN, &[9; 32]).unwrap(), signer());
    let keys = [new.verifier().clone(), old.verifier().clone()];
    assert_eq!(Checkpoint::open_by(&note, &keys), Ok(checkpoint(9)));
    assert!(matches!(Checkpoint::open_by(&note, &keys[..1]), Err(CheckpointError::Note(_))));
    assert_eq!(Checkpoint::open_by(&note, &[]), Err(CheckpointError::NoKey));
    let mut forged = note;
    forged.signatures[0].bytes[9] ^= 1;
    assert!(Checkpoint::open_by(&forged, &keys).is_err());
}

#[test]
fn without_leaves_there_is_one_root() {
    let key = signer().verifier().clone();
    let empty = Checkpoint { origin: ORIGIN.to_owned(), size: 0, root: empty_root() };
    assert_eq!(Checkpoint::open(&empty.sign(&signer()).unwrap(), &key), Ok(empty.clone()));
    let wrong = Checkpoint { root: Digest::ZERO, ..empty };
    let refused = Checkpoint::open(&wrong.sign(&signer()).unwrap(), &key);
    assert_eq!(refused, Err(CheckpointError::Empty(Digest::ZERO)));
}
