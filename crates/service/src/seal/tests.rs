//! Laws of sealing, and bytes that must never change.

use expect_test::{Expect, expect};
use gradus_model::ids::hex;
use gradus_model::payload::Field;
use proptest::prelude::*;

use super::*;

const LOG: LogId = LogId([1; 16]);
const STREAM: UnitId = UnitId([2; 16]);

fn seed() -> Seed {
    Seed::new(std::array::from_fn(|at| u8::try_from(at).unwrap()))
}

fn key() -> RecordKey {
    RecordKey::new([0x42; 32])
}

fn sealed(payload: &Payload) -> Sealed {
    seal(payload, &seed(), &key(), LOG, STREAM, 7).unwrap()
}

fn opened(sealed: &Sealed) -> Result<Opened, SealError> {
    open(&sealed.bytes, &key(), LOG, STREAM, 7, sealed.payload_root)
}

fn payload() -> Payload {
    Payload::empty()
        .with("title", "Penetration test")
        .with("note", "Zwei Befunde, beide behoben – é")
}

/// Bytes that were sealed right, but over another plaintext than [`seal`] would write.
fn forged(text: &[u8], nonce: [u8; NONCE], root: Digest) -> Sealed {
    let mut text = text.to_vec();
    let associated = associated_data(LOG, STREAM, 7, root);
    let tag = encrypt(key().bytes(), &nonce, &associated, &mut text).unwrap();
    let bytes = [[FORMAT].as_slice(), &nonce, &text, &tag].concat();
    Sealed { payload_root: root, blind: Derived::of(&seed(), 0).blind, bytes }
}

fn payloads() -> impl Strategy<Value = Payload> {
    let texts = prop::collection::vec((any::<String>(), "\\PC{0,300}"), 0..20);
    texts.prop_map(|texts| {
        let field = |(at, (name, text))| Field { name: format!("{at} {name}"), text };
        Payload(texts.into_iter().enumerate().map(field).collect())
    })
}

fn check(payload: &Payload, then: &Expect) {
    let Sealed { payload_root, blind, bytes } = sealed(payload);
    then.assert_eq(&format!(
        "root {payload_root}\nblind {}\nbytes `{}`\n",
        hex(&blind),
        hex(&bytes)
    ));
}

#[test]
fn a_sealed_payload_is_these_bytes_for_ever() {
    check(
        &payload(),
        &expect![[r"
        root 49aba9cc2f0eeb695a0a1dfaa07a063d966c04cd86e0ebcc5dcc5e09ef682d2f
        blind adfc1cbbe90042f1283b96c8ff499fe6
        bytes `01e837b8e1cab458ec9c85e5296929d31e2c6cdddfb20a4d2d240b4d387aad650d18a85d486c9cd1dbbe476bf82f2716921e0b56ed533e51acf00cbd00319f919ee1128053bbb0e518fbbb22a90cc7772fb2b9ba908207a71a8ac7e79bb8f23a2553df032a55b34d29e391909f7b440010871301a4d613e2a3d54096133668f6cd4c7a308f1c7985aac7ab77166697`
    "]],
    );
}

#[test]
fn an_empty_payload_is_no_bytes_and_still_has_a_blind() {
    check(
        &Payload::empty(),
        &expect![[r"
        root 0000000000000000000000000000000000000000000000000000000000000000
        blind adfc1cbbe90042f1283b96c8ff499fe6
        bytes ``
    "]],
    );
}

#[test]
fn what_a_seed_derives_is_frozen() {
    let salts: Vec<String> = Derived::of(&seed(), 3).salts.iter().map(|salt| hex(salt)).collect();
    expect![[r"
        ba0ed9138cd85316ecaa730fdb83f7f5d3e485b81ebef1c6743812407e296241
        3be4517777181e35b28db652b5c5441bfb3e9f1e0b79edb1f11ecd49ab2e4b65
        3369185dcdb1390dc8fcb0d786fabee3e5f3da330fc3b47245ab4bae4da7d870"]]
    .assert_eq(&salts.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_was_sealed_opens_as_it_was(payload in payloads()) {
        let length = sealed_len(&payload);
        match seal(&payload, &seed(), &key(), LOG, STREAM, 7) {
            Ok(sealed) => {
                prop_assert_eq!(sealed.bytes.len(), length);
                let opened = opened(&sealed).unwrap();
                prop_assert_eq!(opened.salts.len(), payload.0.len());
                prop_assert_eq!(root_of(&payload, &opened.salts), sealed.payload_root);
                prop_assert_eq!(opened.payload, payload);
            }
            Err(error) => {
                prop_assert!(length > MOST_BYTES);
                prop_assert_eq!(error, SealError::TooLong { seen: length });
            }
        }
    }

    #[test]
    fn a_changed_bit_does_not_open(bit in 0_usize..8 * 143) {
        let mut sealed = sealed(&payload());
        prop_assert_eq!(sealed.bytes.len(), 143);
        sealed.bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(opened(&sealed).is_err());
    }

    #[test]
    fn any_bytes_open_or_are_refused(bytes: Vec<u8>, root: [u8; 32]) {
        prop_assert!(open(&bytes, &key(), LOG, STREAM, 7, Digest(root)).is_err());
        let _ = read(&bytes);
    }
}

#[test]
fn the_length_is_known_at_every_size_of_a_head() {
    for length in [1, 23, 24, 255, 256, 4_000] {
        let fields = Payload::empty().with("t", "x".repeat(length));
        assert_eq!(sealed(&fields).bytes.len(), sealed_len(&fields), "a text of {length}");
    }
    for fields in [1, 23, 24, 200] {
        let field = |at| Field { name: format!("n{at}"), text: String::new() };
        let payload = Payload((0..fields).map(field).collect());
        assert_eq!(sealed(&payload).bytes.len(), sealed_len(&payload), "{fields} fields");
    }
    for (length, head) in [(0xffff, 3), (0x1_0000, 5), (0xffff_ffff, 5), (0x1_0000_0000, 9)] {
        assert_eq!(head_len(length), head, "a head for {length}");
    }
}

#[test]
fn the_bytes_open_at_their_own_place_only() {
    let Sealed { payload_root: root, bytes, .. } = sealed(&payload());
    let other = RecordKey::new([0x43; 32]);
    let rows = [
        ("key", open(&bytes, &other, LOG, STREAM, 7, root)),
        ("log", open(&bytes, &key(), LogId([9; 16]), STREAM, 7, root)),
        ("stream", open(&bytes, &key(), LOG, UnitId([9; 16]), 7, root)),
        ("version", open(&bytes, &key(), LOG, STREAM, 8, root)),
        ("root", open(&bytes, &key(), LOG, STREAM, 7, Digest([9; 32]))),
    ];
    for (row, result) in rows {
        assert!(matches!(result, Err(SealError::Refused { .. })), "another {row}: {result:?}");
    }
}

#[test]
fn what_seal_would_not_have_written_is_refused() {
    let payload = payload();
    let (text, nonce) = (plaintext(&payload, &seed()), Derived::of(&seed(), 0).nonce);
    let root = root_of(&payload, &Derived::of(&seed(), 2).salts);
    assert!(opened(&forged(&text, nonce, root)).is_ok());
    let mut longer = text.to_vec();
    longer.push(0);
    let mut indefinite = text.to_vec();
    indefinite[35] = 0x9f;
    indefinite.push(0xff);
    let other = Digest([9; 32]);
    let rows = [
        ("longer", forged(&longer, nonce, root), "encoding"),
        ("indefinite", forged(&indefinite, nonce, root), "encoding"),
        ("cut", forged(&text[..40], nonce, root), "plaintext"),
        ("short seed", forged(&[0x82, 0x40, 0x80], nonce, root), "seed"),
        ("own nonce", forged(&text, [5; NONCE], root), "nonce"),
    ];
    for (row, forged, part) in rows {
        assert_eq!(opened(&forged), Err(SealError::Content(part)), "{row}");
    }
    let seen = Err(SealError::Root { seen: root, root: other });
    assert_eq!(opened(&forged(&text, nonce, other)), seen);
}

#[test]
fn fields_of_one_name_or_without_a_name_are_neither_sealed_nor_opened() {
    let field = |name: &str, text: &str| Field { name: name.to_owned(), text: text.to_owned() };
    let rows = [
        ("two of one name", vec![field("note", "a"), field("title", "T"), field("note", "b")]),
        ("the same field twice", vec![field("note", "a"), field("note", "a")]),
        ("no name", vec![field("title", "T"), field("", "a")]),
        ("nothing but a text", vec![field("", "a")]),
    ];
    for (row, fields) in rows {
        let payload = Payload(fields);
        let refused = seal(&payload, &seed(), &key(), LOG, STREAM, 7);
        assert_eq!(refused, Err(SealError::Names), "{row}");
        let root = root_of(&payload, &Derived::of(&seed(), payload.0.len()).salts);
        let forged = forged(&plaintext(&payload, &seed()), Derived::of(&seed(), 0).nonce, root);
        assert_eq!(opened(&forged), Err(SealError::Names), "{row}");
    }
    let other_case = Payload(vec![field("note", "a"), field("Note", "a"), field("note ", "a")]);
    assert_eq!(opened(&sealed(&other_case)).unwrap().payload, other_case);
}

#[test]
fn a_refusal_says_what_was_seen() {
    let full = sealed(&payload());
    let mut newer = full.clone();
    newer.bytes[0] = 2;
    let gone = Sealed { bytes: Vec::new(), ..full.clone() };
    let extra = Sealed { payload_root: Digest::ZERO, ..full.clone() };
    let bare = Sealed { bytes: full.bytes[..41].to_vec(), ..full };
    let mut said: Vec<String> = [newer, gone, extra, bare]
        .iter()
        .map(|sealed| opened(sealed).unwrap_err().to_string())
        .collect();
    let long = Payload::empty().with("note", "x".repeat(6_000));
    said.push(seal(&long, &seed(), &key(), LOG, STREAM, 7).unwrap_err().to_string());
    said.push(SealError::Names.to_string());
    let then = expect![[r"
        the sealed payload has format 2, this version reads format 1: use a newer one
        the sealed payload has 0 bytes where more than 41 are needed
        143 bytes are stored for a leaf without payload
        the sealed payload has 41 bytes where more than 41 are needed
        the payload has 6086 bytes when sealed, at most 5824 are allowed: put long text into an attachment
        the payload has a field without a name, or two fields of one name"]];
    then.assert_eq(&said.join("\n"));
}

#[test]
fn no_debug_output_shows_a_secret() {
    let opened = opened(&sealed(&payload())).unwrap();
    expect!["Opened { fields: 2, .. } Seed(..) RecordKey(..)"].assert_eq(&format!(
        "{opened:?} {:?} {:?}",
        seed(),
        key()
    ));
}
