//! Requests to witnesses: their text, and what a witness checks.

use expect_test::{Expect, expect};
use gradus_model::Digest;
use gradus_proof::{
    AddCheckpoint, Checkpoint, LeafHashes, Plan, Signature, Tree, VerifierKey, leaf_hash,
};

use crate::made_up::{NOON, checkpoint, cosigned, leaf, prove, signer, tree, witness};

fn request(old: u64, new: u64) -> AddCheckpoint {
    let proof = prove(&tree(new), &Plan::consistency(old, new).unwrap()).unwrap();
    AddCheckpoint { old, proof, checkpoint: cosigned(new, &[]) }
}

fn key() -> VerifierKey {
    signer().verifier().clone()
}

#[test]
fn a_request_is_read_back_as_it_was_written() {
    for (old, new) in [(0, 5), (5, 5), (5, 33), (32, 33)] {
        let request = request(old, new);
        assert_eq!(AddCheckpoint::parse(&request.to_bytes()), Ok(request));
    }
    expect![[r#"
        old 3
        qze6NNHf4pAV3nF6bVdkqPsCnDp6D1tkuTtUNRiFv3w=
        WL0UluFoSqySAcLmh+565PUclqiw2B7zWDYouT0800U=
        /F9riP+FVPdbsvnm85wxsZNtRLaSdu33sSBalVuXYeM=

    "#]]
    .assert_eq(&request(3, 4).to_string());
}

#[test]
fn a_witness_signs_what_only_grew_and_its_answer_is_taken() {
    let mut last = None;
    for (old, new) in [(0, 5), (5, 5), (5, 33), (33, 64)] {
        let seen = request(old, new).check(&key(), last.as_ref()).unwrap();
        assert_eq!(seen, checkpoint(new));
        last = Some(seen);
    }
    let mut note = cosigned(64, &[]);
    let answered = witness(1).cosign(&note.text, NOON);
    let line = gradus_proof::signature_line(&answered.name, answered.key_id, &answered.bytes);
    note.signatures.extend(Signature::parse_lines(&line).unwrap());
    assert_eq!(witness(1).verifier().cosigned_at(&note), Ok(NOON));
    assert!(Signature::parse_lines("").is_err());
    assert!(Signature::parse_lines(&line[..line.len() - 1]).is_err());
}

fn refused(request: &AddCheckpoint, last: u64, status: u16, then: &Expect) {
    let last = Some(last).filter(|size| *size > 0).map(checkpoint);
    let error = request.check(&key(), last.as_ref()).unwrap_err();
    then.assert_eq(&error.to_string());
    assert_eq!(error.status(), status);
}

#[test]
fn a_witness_refuses_all_else_with_the_status_of_the_protocol() {
    refused(
        &request(5, 33),
        6,
        409,
        &expect!["the request goes on from size 5, and size 6 was signed last"],
    );
    refused(
        &request(5, 33),
        0,
        409,
        &expect!["the request goes on from size 5, and size 0 was signed last"],
    );
    let mut smaller = request(5, 33);
    smaller.old = 34;
    refused(&smaller, 34, 400, &expect!["a tree of 34 leaves cannot grow to 33"]);
    let mut short = request(5, 33);
    short.proof.pop();
    refused(&short, 5, 422, &expect!["the proof has 6 hashes, and 7 are needed"]);
    let mut from_nothing = request(0, 33);
    from_nothing.proof.push(Digest::ZERO);
    refused(&from_nothing, 0, 422, &expect!["the proof has 1 hashes, and 0 are needed"]);
    let mut unsigned = request(5, 33);
    unsigned.checkpoint.signatures[0].key_id ^= 1;
    refused(
        &unsigned,
        5,
        403,
        &expect!["the note is not signed by `log.example/gradus` with the key 5d392230"],
    );
    let mut other_log = request(5, 33);
    other_log.checkpoint.text = other_log.checkpoint.text.replace("gradus", "sudarg");
    other_log.checkpoint.signatures = vec![signer().sign(&other_log.checkpoint.text)];
    refused(
        &other_log,
        5,
        404,
        &expect!["the checkpoint is of the log `log.example/sudarg`, not of `log.example/gradus`"],
    );
}

#[test]
fn a_log_that_shows_another_past_is_refused() {
    let mut fork = checkpoint(5);
    fork.root = Digest([7; 32]);
    for (old, new) in [(5, 33), (5, 5)] {
        let error = request(old, new).check(&key(), Some(&fork)).unwrap_err();
        assert_eq!(error.status(), 422, "{error}");
    }
}

/// A request for a log whose leaf `changed` was rewritten, all later hashes with it, signed by the
/// log's own key.
fn rewritten(changed: u64, old: u64, new: u64) -> AddCheckpoint {
    let hash = |position: u64| {
        let text = if position == changed { b"another".to_vec() } else { leaf(position) };
        leaf_hash(&text)
    };
    let mut tree = Tree::new();
    tree.extend((0..new).map(hash).collect());
    let proof = |plan: &Plan| {
        let mut leaves = LeafHashes::new();
        plan.leaves().into_iter().for_each(|range| leaves.add(range.start, range.map(hash)));
        tree.prove(plan, &leaves).unwrap()
    };
    let root = proof(&Plan::root(new))[0];
    let checkpoint = Checkpoint { root, ..checkpoint(new) };
    let proof = proof(&Plan::consistency(old, new).unwrap());
    AddCheckpoint { old, proof, checkpoint: checkpoint.sign(&signer()).unwrap() }
}

#[test]
fn a_log_rewritten_with_its_own_key_is_refused_in_each_of_hundreds_of_trials() {
    for old in [1, 2, 3, 31, 32, 33, 64, 100] {
        for new in [old, old + 1, old + 7, 2 * old, 128] {
            for changed in (0..old).step_by(if old < 32 { 1 } else { 7 }) {
                let request = rewritten(changed, old, new);
                let error = request.check(&key(), Some(&checkpoint(old))).unwrap_err();
                assert_eq!(error.status(), 422, "leaf {changed}, {old} to {new}: {error}");
            }
            let honest = rewritten(new, old, new);
            honest.check(&key(), Some(&checkpoint(old))).unwrap();
        }
    }
}

#[test]
fn what_is_no_request_is_refused_by_the_line() {
    let check = |text: &str, then: Expect| {
        then.assert_eq(&AddCheckpoint::parse(text.as_bytes()).unwrap_err().to_string());
    };
    check(
        "",
        expect![
            "the add-checkpoint request ends before line 1: it takes `old ` and a size in decimal"
        ],
    );
    check(
        "old 01\n",
        expect![
            "line 1 of the add-checkpoint request is `old 01`: it takes `old ` and a size in decimal"
        ],
    );
    check(
        "old 1\nAAAA\n",
        expect![
            "line 2 of the add-checkpoint request is `AAAA`: it takes a hash in base64 or an empty line"
        ],
    );
    let hash = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
    check(
        &format!("old 1\n{}", hash.repeat(64)),
        expect![
            "line 65 of the add-checkpoint request is `47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=`: it takes an empty line: there are as many hashes as can be"
        ],
    );
    check("old 1\n\n", expect!["the note ends before line 1: it takes a newline at its end"]);
}
