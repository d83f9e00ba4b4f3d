//! Policies: their text, and which signatures are enough.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use gradus_proof::{Policy, Signer};

use crate::made_up::{NOON, ORIGIN, checkpoint, cosigned, policy, policy_file, signer, witness};

fn key(number: u8) -> String {
    witness(number).verifier().to_string()
}

/// A policy with six witnesses: two of the first three, and one of the others.
fn two_levels() -> String {
    let mut file = format!("# whom we trust\n\nlog\t{}\n", signer().verifier());
    for number in 1..=6 {
        writeln!(file, "  witness w{number} {} https://w{number}.example/ ", key(number)).unwrap();
    }
    file + "group X 2 w1 w2 w3\ngroup Y any w4 w5 w6\n\t# both\ngroup X-and-Y all X Y\nquorum X-and-Y\n"
}

#[test]
fn a_policy_is_read_back_as_it_was_written() {
    for file in [policy_file(), two_levels(), "quorum none\n".to_owned()] {
        let read = Policy::parse(file.as_bytes()).unwrap();
        assert_eq!(Policy::parse(read.to_string().as_bytes()), Ok(read));
    }
    assert_eq!(policy().to_string(), policy_file());
    let read = Policy::parse(two_levels().as_bytes()).unwrap();
    assert_eq!(read.quorum(), Some("X-and-Y"));
    assert_eq!(read.witnesses().nth(2).unwrap().url.as_deref(), Some("https://w3.example/"));
    assert_eq!(read.logs()[0].key, *signer().verifier());
}

#[test]
fn a_quorum_of_groups_is_met_by_enough_of_each() {
    let policy = Policy::parse(two_levels().as_bytes()).unwrap();
    for (signed, enough) in [
        (vec![], false),
        (vec![1, 2, 3], false),
        (vec![1, 4, 5, 6], false),
        (vec![1, 3, 5], true),
        (vec![6, 2, 1], true),
        (vec![1, 2, 3, 4, 5, 6], true),
        (vec![1, 7, 8, 9, 4], false),
    ] {
        let verdict = policy.evaluate(&cosigned(40, &signed)).unwrap();
        assert_eq!(verdict.quorum, enough, "{signed:?}");
        assert_eq!(policy.require(&cosigned(40, &signed)).is_ok(), enough);
        assert_eq!(verdict.checkpoint, checkpoint(40));
        assert_eq!(verdict.log.as_ref(), Some(signer().verifier()));
        assert_eq!(verdict.witnesses.len() + verdict.missing.len(), 6);
    }
    let verdict = policy.evaluate(&cosigned(40, &[5, 1])).unwrap();
    let signed: Vec<(&str, u64)> =
        verdict.witnesses.iter().map(|seen| (seen.name.as_str(), seen.time)).collect();
    assert_eq!(signed, [("w1", NOON + 60), ("w5", NOON + 300)]);
    assert_eq!(verdict.missing, ["w2", "w3", "w4", "w6"]);
    expect!["the quorum `X-and-Y` did not sign the checkpoint: signed by `w1`, `w5`, not by `w2`, `w3`, `w4`, `w6`"]
        .assert_eq(&policy.require(&cosigned(40, &[5, 1])).unwrap_err().to_string());
}

#[test]
fn without_a_quorum_the_log_alone_signs() {
    let policy = Policy::parse(format!("log {}\nquorum none\n", signer().verifier()).as_bytes());
    let verdict = policy.unwrap().require(&cosigned(40, &[])).unwrap();
    assert_eq!((verdict.log.as_ref(), verdict.quorum), (Some(signer().verifier()), true));
    // A policy may know no log: then it judges the witnesses alone.
    let policy = Policy::parse(format!("witness w {}\nquorum w\n", key(1)).as_bytes()).unwrap();
    let verdict = policy.require(&cosigned(40, &[1])).unwrap();
    assert_eq!((verdict.log, verdict.witnesses.len()), (None, 1));
}

#[test]
fn a_checkpoint_of_no_log_of_the_policy_is_refused() {
    let refused = |policy: &Policy, then: Expect| {
        then.assert_eq(&policy.evaluate(&cosigned(40, &[1, 2])).unwrap_err().to_string());
    };
    let other = Signer::from_seed("other.example", &[1; 32]).unwrap();
    let file = format!("log {}\nquorum none\n", other.verifier());
    let unknown = Policy::parse(file.as_bytes()).unwrap();
    refused(&unknown, expect!["the log `log.example/gradus` is not one of the policy"]);
    let other = Signer::from_seed(ORIGIN, &[2; 32]).unwrap();
    let file = format!("log {}\nquorum none\n", other.verifier());
    let rotated = Policy::parse(file.as_bytes()).unwrap();
    refused(
        &rotated,
        expect!["the note is not signed by `log.example/gradus` with the key 933d764c"],
    );
    let both = Policy::parse(format!("log {}\n{file}", signer().verifier()).as_bytes()).unwrap();
    assert_eq!(both.evaluate(&cosigned(40, &[])).unwrap().log.as_ref(), Some(signer().verifier()));
}

#[test]
fn one_forged_signature_spoils_a_checkpoint() {
    for at in 0..3 {
        let mut note = cosigned(40, &[1, 2]);
        note.signatures[at].bytes[20] ^= 1;
        let error = policy().evaluate(&note).unwrap_err().to_string();
        assert!(error.ends_with("is not on this text"), "{error}");
    }
}

#[test]
fn what_is_no_policy_is_refused_by_the_line() {
    let check = |text: &str, then: Expect| {
        let text = text.replace("K1", &key(1)).replace("K2", &key(2));
        let text = text.replace("KL", &signer().verifier().to_string());
        then.assert_eq(&Policy::parse(text.as_bytes()).unwrap_err().to_string());
    };
    check("", expect!["the policy ends before line 1: it takes a line `quorum` and a name"]);
    check(
        "# quorum none\n",
        expect!["the policy ends before line 2: it takes a line `quorum` and a name"],
    );
    check(
        "quorum none",
        expect!["line 1 of the policy is `quorum none`: it takes a newline at its end"],
    );
    check(
        "quorum none\r\n",
        expect![
            "line 1 of the policy is `quorum none\r`: it takes tabs and no other control characters"
        ],
    );
    check(
        "quorum none\nquorum none\n",
        expect!["line 2 of the policy: a quorum besides `none` is there already"],
    );
    check("quorum w\n", expect!["line 1 of the policy names `w`, which no line before it defines"]);
    check(
        "quorum\n",
        expect![
            "line 1 of the policy is `quorum`: it takes `log KEY [URL]`, `witness NAME KEY [URL]`, `group NAME all|any|K NAME...` or `quorum NAME`"
        ],
    );
    check(
        "log KL a b\n",
        expect![
            "line 1 of the policy is `log log.example/gradus+5d392230+AYqI4910CfGV/VLbLTy6XXLKZwm/`: it takes `log KEY [URL]`, `witness NAME KEY [URL]`, `group NAME all|any|K NAME...` or `quorum NAME`"
        ],
    );
    check(
        "log KL\nlog KL\n",
        expect!["line 2 of the policy: the key of log `log.example/gradus` is there already"],
    );
    check(
        "log x\n",
        expect![
            "line 1 of the policy: `x` is no verifier key: a name, +, 8 hexadecimal digits, + and base64 are needed"
        ],
    );
    check(
        "witness a K1\nwitness a K2\n",
        expect!["line 2 of the policy: the name `a` is there already"],
    );
    check(
        "witness a K1\nwitness b K1\n",
        expect!["line 2 of the policy: the key of witness `b` is there already"],
    );
    check("witness none K1\n", expect!["line 1 of the policy: the name `none` is there already"]);
    check(
        "witness a KL\n",
        expect![
            "line 1 of the policy is `witness a log.example/gradus+5d392230+AYqI4910CfGV/VLbLTy6XX`: it takes a witness's key of type 0x04, which signs times"
        ],
    );
    check(
        "group g any\n",
        expect![
            "line 1 of the policy is `group g any`: it takes `log KEY [URL]`, `witness NAME KEY [URL]`, `group NAME all|any|K NAME...` or `quorum NAME`"
        ],
    );
    for threshold in ["0", "2", "01", "some", "-1"] {
        let text = format!("witness a {}\ngroup g {threshold} a\n", key(1));
        let error = Policy::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(error.ends_with("from 1 to that of the members"), "{error}");
    }
    check(
        "group g any a\n",
        expect!["line 1 of the policy names `a`, which no line before it defines"],
    );
    check(
        "group g any g\n",
        expect!["line 1 of the policy names `g`, which no line before it defines"],
    );
    check(
        "witness a K1\ngroup g any none\n",
        expect!["line 2 of the policy names `none`, which no line before it defines"],
    );
    check(
        "witness a K1\ngroup g any a a\n",
        expect!["line 2 of the policy: a group with the member `a` is there already"],
    );
    check(
        "witness a K1\ngroup g any a\ngroup h any a\n",
        expect!["line 3 of the policy: a group with the member `a` is there already"],
    );
    check(
        "witness a K1\ngroup a any a\n",
        expect!["line 2 of the policy: the name `a` is there already"],
    );
}

#[test]
fn a_policy_has_at_most_256_of_each() {
    let mut file = String::new();
    for number in 0..257_u32 {
        let mut seed = [0; 32];
        seed[..4].copy_from_slice(&number.to_be_bytes());
        let signer = Signer::from_seed("l", &seed).unwrap();
        writeln!(file, "log {}", signer.verifier()).unwrap();
    }
    let error = Policy::parse((file + "quorum none\n").as_bytes()).unwrap_err().to_string();
    expect![
        "line 257 of the policy is `257`: it takes at most 256 logs, witnesses and groups of each"
    ]
    .assert_eq(&error);
}
