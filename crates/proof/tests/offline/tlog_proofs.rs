//! Proof files: their text, and what they prove.

use expect_test::{Expect, expect};
use gradus_proof::{Signer, TlogProof};

use crate::made_up::{ORIGIN, checkpoint, cosigned, leaf, policy, signer, tlog_proof};

#[test]
fn a_file_proves_its_leaf_to_whoever_has_the_key_or_a_policy() {
    for (index, size) in [(0, 1), (0, 40), (17, 40), (39, 40), (32, 33)] {
        let proof = TlogProof::parse(&tlog_proof(index, size).to_bytes()).unwrap();
        assert_eq!(proof, tlog_proof(index, size));
        let keys = [signer().verifier().clone()];
        assert_eq!(proof.verify(&leaf(index), &keys), Ok(checkpoint(size)));
        let verdict = proof.verify_by(&leaf(index), &policy()).unwrap();
        assert_eq!((verdict.checkpoint, verdict.witnesses.len()), (checkpoint(size), 2));
        assert!(proof.verify(&leaf(index + 1), &keys).is_err());
        assert!(proof.verify_by(&leaf(index + 1), &policy()).is_err());
    }
}

#[test]
fn a_file_looks_as_the_specification_says() {
    let mut proof = tlog_proof(2, 3);
    proof.extra = Some(b"a unit".to_vec());
    proof.checkpoint.signatures.truncate(1);
    let text = String::from_utf8(proof.to_bytes()).unwrap();
    expect![[r#"
        c2sp.org/tlog-proof@v1
        extra YSB1bml0
        index 2
        /F9riP+FVPdbsvnm85wxsZNtRLaSdu33sSBalVuXYeM=

        log.example/gradus
        3
        1Pksj7uJcg6ztVZ3x9fvrd/rENEaGoSguo8aIzN/qpU=

        — log.example/gradus XTkiMLLXiIU6F6uVfIU0kUZKuTOTV/nWDvbejvt0xMO9N3CMDkvF6nfsDuV5XjiqFKGlgCSjkI98bCn8oVxQQkUT4Qc=
    "#]]
    .assert_eq(&text);
    assert_eq!(TlogProof::parse(text.as_bytes()), Ok(proof));
}

fn refused(proof: &TlogProof, index: u64, then: &Expect) {
    let keys = [signer().verifier().clone()];
    then.assert_eq(&proof.verify(&leaf(index), &keys).unwrap_err().to_string());
}

#[test]
fn a_file_that_proves_another_thing_is_refused_with_the_reason() {
    let mut elsewhere = tlog_proof(3, 40);
    elsewhere.index = 40;
    refused(&elsewhere, 3, &expect!["leaf 40 is not in a tree of 40 leaves"]);
    let mut longer = tlog_proof(3, 40);
    longer.hashes.push(checkpoint(1).root);
    refused(&longer, 3, &expect!["the proof has 7 hashes, and 6 are needed"]);
    let mut older = tlog_proof(3, 40);
    older.checkpoint = cosigned(41, &[]);
    assert!(older.verify(&leaf(3), &[signer().verifier().clone()]).is_err());
    let other = Signer::from_seed(ORIGIN, &[2; 32]).unwrap();
    let by_another = tlog_proof(3, 40).verify(&leaf(3), &[other.verifier().clone()]);
    expect!["the note is not signed by `log.example/gradus` with the key 933d764c"]
        .assert_eq(&by_another.unwrap_err().to_string());
    let mut unwitnessed = tlog_proof(3, 40);
    unwitnessed.checkpoint.signatures.truncate(2);
    expect!["the quorum `both` did not sign the checkpoint: signed by `one`, not by `two`"]
        .assert_eq(&unwitnessed.verify_by(&leaf(3), &policy()).unwrap_err().to_string());
}

#[test]
fn what_is_no_proof_file_is_refused_by_the_line() {
    let check = |text: &str, then: Expect| {
        then.assert_eq(&TlogProof::parse(text.as_bytes()).unwrap_err().to_string());
    };
    check("", expect!["the tlog-proof ends before line 1: it takes `c2sp.org/tlog-proof@v1`"]);
    check(
        "c2sp.org/tlog-proof@v2\n",
        expect![
            "line 1 of the tlog-proof is `c2sp.org/tlog-proof@v2`: it takes `c2sp.org/tlog-proof@v1`"
        ],
    );
    let head = "c2sp.org/tlog-proof@v1\n";
    check(
        head,
        expect!["the tlog-proof ends before line 2: it takes `index ` and a position in decimal"],
    );
    check(
        &format!("{head}extra A\n"),
        expect!["line 2 of the tlog-proof is `extra A`: it takes `extra ` and base64"],
    );
    check(
        &format!("{head}extra \nindex 07\n"),
        expect![
            "line 3 of the tlog-proof is `index 07`: it takes `index ` and a position in decimal"
        ],
    );
    check(
        &format!("{head}index 7\nx\n"),
        expect!["line 3 of the tlog-proof is `x`: it takes a hash in base64 or an empty line"],
    );
    check(
        &format!("{head}index 7\n"),
        expect!["the tlog-proof ends before line 3: it takes a hash in base64 or an empty line"],
    );
    check(
        &format!("{head}index 7\n\nlog\n"),
        expect!["the note ends before line 2: it takes an empty line and signatures"],
    );
}
