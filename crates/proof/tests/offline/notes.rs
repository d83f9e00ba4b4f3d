//! Signed notes and their keys.

use expect_test::{Expect, expect};
use gradus_proof::note::MOST_SIGNATURES;
use gradus_proof::{KeyType, Note, NoteError, Signature, Signer, VerifierKey, signature_line};

use crate::made_up::{NOON, cosigned, signer, witness};

/// The example of signed-note.
const EXAMPLE: (&str, &str) = (
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    "This is an example message.\n\n\
     — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n",
);

fn example() -> (VerifierKey, Note) {
    (EXAMPLE.0.parse().unwrap(), Note::parse(EXAMPLE.1.as_bytes()).unwrap())
}

#[test]
fn the_example_of_the_specification_is_verified_and_given_back() {
    let (key, note) = example();
    assert_eq!(note.text, "This is an example message.\n");
    assert_eq!(key.verify(&note), Ok(()));
    assert_eq!(key.to_string(), EXAMPLE.0);
    assert_eq!(note.to_bytes(), EXAMPLE.1.as_bytes());
}

#[test]
fn ed25519_is_that_of_the_rfc() {
    // RFC 8032, section 7.1, test 1.
    let hex = |text: &str| -> Vec<u8> {
        let octet = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        (0..text.len()).step_by(2).map(octet).collect()
    };
    let seed = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    let public = hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    let signature =
        hex("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bac\
         c61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b");
    let signer = Signer::from_seed("rfc8032", &seed.try_into().unwrap()).unwrap();
    assert_eq!(signer.verifier().public().as_slice(), public);
    assert_eq!(signer.sign("").bytes, signature);
}

#[test]
fn what_is_signed_is_verified_by_the_key_of_the_signer_alone() {
    let mut note = Note::new("a\n\nb\n".to_owned()).unwrap();
    note.signatures.push(signer().sign(&note.text));
    let read = Note::parse(&note.to_bytes()).unwrap();
    assert_eq!(read, note);
    assert_eq!(signer().verifier().verify(&read), Ok(()));
    let other = Signer::from_seed("log.example/gradus", &[2; 32]).unwrap();
    refused(
        other.verifier().verify(&read),
        &expect!["the note is not signed by `log.example/gradus` with the key 933d764c"],
    );
}

#[test]
fn signatures_of_others_are_kept_and_passed_over() {
    let (key, mut note) = example();
    let mut same_name = note.signatures[0].clone();
    same_name.key_id += 1;
    let mut same_id = note.signatures[0].clone();
    same_id.name.push('2');
    let unknown = Signature { name: "ü/∞".to_owned(), key_id: 0, bytes: vec![0; 5_000] };
    for other in [same_name, same_id, unknown] {
        note.signatures.insert(0, other);
    }
    let read = Note::parse(&note.to_bytes()).unwrap();
    assert_eq!(read, note);
    assert_eq!(key.verify(&read), Ok(()));
}

#[test]
fn a_false_signature_spoils_the_good_one_beside_it() {
    let (key, mut note) = example();
    let mut wrong = note.signatures[0].clone();
    wrong.bytes[0] ^= 1;
    note.signatures.push(wrong);
    refused(
        key.verify(&note),
        &expect!["the signature of `example.com/foo` with the key 530d903a is not on this text"],
    );
    note.signatures.remove(1);
    note.signatures[0].bytes.truncate(63);
    assert!(matches!(key.verify(&note), Err(NoteError::Forged { .. })));
}

fn refused<T: std::fmt::Debug>(outcome: Result<T, NoteError>, then: &Expect) {
    then.assert_eq(&outcome.unwrap_err().to_string());
}

#[test]
fn what_is_no_note_is_refused_by_the_line() {
    let check = |note: &str, then: Expect| refused(Note::parse(note.as_bytes()), &then);
    check("", expect!["the note ends before line 1: it takes a newline at its end"]);
    check("a", expect!["line 1 of the note is `a`: it takes a newline at its end"]);
    check("a\n", expect!["the note ends before line 2: it takes an empty line and signatures"]);
    check(
        "a\n\n",
        expect![
            "the note ends before line 3: it takes a signature: a dash (U+2014), the key's name, and base64"
        ],
    );
    check(
        "a\n\n— k AAAAAAA=",
        expect!["line 3 of the note is `— k AAAAAAA=`: it takes a newline at its end"],
    );
    check(
        "a\r\n\n— k AAAAAAA=\n",
        expect![[r"line 1 of the note is `a\r`: it takes no control characters"]],
    );
    for line in [
        "- k AAAAAAA=",
        "—k AAAAAAA=",
        "— AAAAAAA=",
        "—  AAAAAAA=",
        "— k  AAAAAAA=",
        "— k+l AAAAAAA=",
        "— k AAAAAAA= ",
        "— k AAAAAAA",
        "— k AAAAAAB=",
        "— k AAAA",
        "— k ",
        "— k AAAAAA==",
        "b",
        "— k\u{a0}l AAAAAAA=",
        "— k\u{2003} AAAAAAA=",
    ] {
        let text = format!("a\n\n{line}\n");
        let error = Note::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with("line 3 of the note is `"), "{line}: {error}");
    }
    let invalid = Note::parse(b"a\n\n\xe2\x80 k AAAAAAA=\n");
    refused(invalid, &expect!["line 3 of the note is `the byte 0xe2`: it takes UTF-8"]);
    let text = |many| format!("a\n\n{}", signature_line("k", 0, &[0]).repeat(many));
    assert_eq!(Note::parse(text(MOST_SIGNATURES).as_bytes()).unwrap().signatures.len(), 100);
    check(&text(MOST_SIGNATURES + 1), expect!["the note has more than 100 signatures"]);
    let long = "a".repeat(1 << 20) + &text(1);
    assert!(Note::parse(long.as_bytes()).unwrap_err().to_string().ends_with("at most 1 MiB"));
    assert!(Note::new("a\tb\n".to_owned()).is_err());
    assert!(Note::new("a".to_owned()).is_err());
}

#[test]
fn what_is_no_key_is_refused_with_the_reason() {
    let check = |key: &str, then: Expect| refused(VerifierKey::parse(key), &then);
    check(
        "",
        expect!["`` is no verifier key: a name, +, 8 hexadecimal digits, + and base64 are needed"],
    );
    let key = "AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    for wrong in [
        format!("example.com/foo+{key}"),
        format!("example.com/foo+530d903A+{key}"),
        format!("example.com/foo+30d903a+{key}"),
        format!("example.com/foo++30d903a+{key}"),
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2kAA==".to_owned(),
        "example.com/foo+530d903a+".to_owned(),
        "example.com/foo+530d903a+AQ==".to_owned(),
    ] {
        let error = VerifierKey::parse(&wrong).unwrap_err();
        assert_eq!(error, NoteError::Key(wrong));
    }
    check(
        &format!("example.com/bar+530d903a+{key}"),
        expect!["key `example.com/bar` is said to have the id 530d903a, and has c6fb2e3e"],
    );
    check(
        &format!("example.com /foo+530d903a+{key}"),
        expect![
            "`example.com /foo` is no name of a key: it takes characters other than spaces and plus"
        ],
    );
    check(
        "example.com/foo+530d903a+BukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        expect!["key `example.com/foo` is of type 0x06: 0x01 or 0x04, both Ed25519, is needed"],
    );
    assert!(Signer::from_seed("two words", &[1; 32]).is_err());
    assert!(VerifierKey::new("", KeyType::Note, [1; 32]).is_err());
}

#[test]
fn a_signer_shows_its_name_and_not_its_secret() {
    let shown = format!("{:?}", signer());
    assert!(shown.contains("log.example/gradus"), "{shown}");
    assert!(!shown.contains("seed") && !shown.contains("1, 1, 1, 1"), "{shown}");
}

#[test]
fn a_cosignature_tells_when_the_witness_saw_the_text() {
    let note = cosigned(40, &[1, 2]);
    let [one, two, three] = [1, 2, 3].map(|number| witness(number).verifier().clone());
    assert_eq!(one.cosigned_at(&note), Ok(NOON + 60));
    assert_eq!(two.cosigned_at(&note), Ok(NOON + 120));
    assert_eq!(two.verify(&note), Ok(()));
    assert!(matches!(three.cosigned_at(&note), Err(NoteError::Unsigned { .. })));
    assert!(matches!(signer().verifier().cosigned_at(&note), Err(NoteError::Unsigned { .. })));
    let again = VerifierKey::parse(&one.to_string()).unwrap();
    assert_eq!((again.kind(), &again), (KeyType::Cosignature, &one));
}

#[test]
fn of_two_cosignatures_the_earlier_time_counts() {
    let mut note = cosigned(40, &[1]);
    note.signatures.push(witness(1).cosign(&note.text, NOON));
    note.signatures.push(witness(1).cosign(&note.text, NOON + 1));
    assert_eq!(witness(1).verifier().cosigned_at(&note), Ok(NOON));
}

#[test]
fn a_cosignature_of_another_time_or_another_text_is_none() {
    let key = witness(1).verifier().clone();
    let forged = |note: &Note| matches!(key.cosigned_at(note), Err(NoteError::Forged { .. }));
    let mut note = cosigned(40, &[1]);
    note.signatures[1].bytes[7] ^= 1;
    assert!(forged(&note));
    let mut note = cosigned(40, &[1]);
    note.text = cosigned(41, &[]).text;
    assert!(forged(&note));
    let mut note = cosigned(40, &[]);
    note.signatures.push(witness(1).cosign(&note.text, 1 << 63));
    assert!(forged(&note));
    note.signatures[1].bytes.truncate(7);
    assert!(forged(&note));
}
