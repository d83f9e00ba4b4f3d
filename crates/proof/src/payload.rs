//! The payload root: the commitment of a leaf to the fields of its payload.
//!
//! The payload root is the SHA-256 of these bytes:
//!
//! | bytes | content |
//! |---|---|
//! | 24 | `gradus/v1/payload-fields` |
//! | 4 | the number of fields, big-endian |
//! | 32 | the RFC 6962 root over one leaf for each field, in the order of the payload |
//!
//! The leaf of field i hashes these bytes (SHA-256 over `0x00` and them, as RFC 6962 2.1 says):
//!
//! | bytes | content |
//! |---|---|
//! | 32 | the field's salt |
//! | 1 | `0x82`, an array of two |
//! | 1 to 9, and the length | the name, as CBOR text |
//! | 1 to 9, and the length | the text, as CBOR text |
//!
//! The CBOR is deterministic (RFC 8949 4.2.1): lengths are definite and as short as they can be.
//! An empty payload has 32 zero bytes for a root.
//!
//! Whoever is shown a field gets its salt with it; a field that is withheld is shown as its leaf
//! hash, which tells nothing of a guessable text without the salt. The number of fields is bound
//! too, so that the hash of an inner node cannot pass for one withheld field.

use gradus_model::payload::Field;
use gradus_model::{Digest, Payload};
use zeroize::Zeroizing;

use crate::digest::sha256;
use crate::lanes::{Lanes, Start};
use crate::tree::{leaf_hash, root, roots};

/// The bytes of a salt.
pub const SALT: usize = 32;

const LABEL: &[u8] = b"gradus/v1/payload-fields";

/// The leaf hash of one field.
#[must_use]
pub fn field_leaf(salt: &[u8; SALT], field: &Field) -> Digest {
    // Twice the longest CBOR head, and the array's.
    let mut bytes = Vec::with_capacity(SALT + 19 + field.name.len() + field.text.len());
    bytes.extend_from_slice(salt);
    // Writing to a Vec cannot fail.
    let _ = minicbor::encode(field, &mut bytes);
    leaf_hash(&bytes)
}

/// The root over the leaf hashes of a payload's fields; zeros when there is none.
#[must_use]
pub fn payload_root(leaves: &[Digest]) -> Digest {
    if leaves.is_empty() {
        return Digest::ZERO;
    }
    // A record has at most 6,000 bytes, and so far fewer fields.
    let count = u32::try_from(leaves.len()).unwrap_or(u32::MAX);
    let root = root(leaves);
    sha256(&[LABEL, &count.to_be_bytes(), &root.0].concat())
}

/// The payload roots of many payloads, side by side, each with the salts of its fields.
#[must_use]
pub fn payload_roots(payloads: &[(&[[u8; SALT]], &Payload)]) -> Vec<Digest> {
    let many: usize = payloads.iter().map(|(_, payload)| payload.0.len()).sum();
    let bytes: usize = payloads.iter().map(|(_, payload)| payload.bytes()).sum();
    let mut lanes = Lanes::with_room(many, 1 + SALT + 19 + bytes.div_ceil(many.max(1)));
    let mut encoded = Zeroizing::new(Vec::with_capacity(bytes + many * 19));
    for (salts, payload) in payloads {
        for (salt, field) in salts.iter().zip(&payload.0) {
            encoded.clear();
            // Writing to a Vec cannot fail.
            let _ = minicbor::encode(field, &mut *encoded);
            lanes.add(&Start::ANEW, &[&[0x00], salt, &encoded]);
        }
    }
    let mut leaves = lanes.digests().into_iter();
    let counts: Vec<usize> =
        payloads.iter().map(|(salts, payload)| salts.len().min(payload.0.len())).collect();
    let trees = counts.iter().map(|count| leaves.by_ref().take(*count).collect()).collect();
    let mut lanes = Lanes::with_room(payloads.len(), LABEL.len() + 4 + 32);
    for (count, root) in counts.iter().zip(roots(trees)) {
        // A record has at most 6,000 bytes, and so far fewer fields.
        let count = u32::try_from(*count).unwrap_or(u32::MAX);
        lanes.add(&Start::ANEW, &[LABEL, &count.to_be_bytes(), &root.0]);
    }
    let mut committed = lanes.digests();
    for (root, count) in committed.iter_mut().zip(counts) {
        if count == 0 {
            *root = Digest::ZERO;
        }
    }
    committed
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    fn field(name: &str, text: &str) -> Field {
        Field { name: name.to_owned(), text: text.to_owned() }
    }

    fn check(fields: &[Field], then: &Expect) {
        let leaves: Vec<Digest> =
            (0_u8..).zip(fields).map(|(at, field)| field_leaf(&[at; SALT], field)).collect();
        then.assert_eq(&payload_root(&leaves).to_string());
    }

    #[test]
    fn the_root_of_no_field_is_zeros() {
        check(&[], &expect!["0000000000000000000000000000000000000000000000000000000000000000"]);
    }

    #[test]
    fn the_root_of_one_field_is_frozen() {
        check(
            &[field("title", "Penetration test")],
            &expect!["daca87b956fc60f3d9e8e2cb3a95001f2c75f65c4bdb33e4f9d0c993b9632759"],
        );
    }

    #[test]
    fn the_root_of_three_fields_is_frozen() {
        let long = "é".repeat(200);
        check(
            &[field("title", "T"), field("note", &long), field("uri", "")],
            &expect!["e942dfa35b0ea970b4df7d3e7d51cb6c3e5f2f6b52ae165a0c06574d8c382265"],
        );
    }

    proptest! {
        #[test]
        fn payloads_side_by_side_have_the_roots_that_they_have_alone(
            payloads in prop::collection::vec(
                prop::collection::vec((any::<[u8; SALT]>(), ".{0,90}", ".{0,90}"), 0..9), 0..20,
            ),
        ) {
            let given: Vec<(Vec<[u8; SALT]>, Payload)> = payloads
                .iter()
                .map(|fields| {
                    let salts = fields.iter().map(|(salt, ..)| *salt).collect();
                    (salts, Payload(fields.iter().map(|(_, name, text)| field(name, text)).collect()))
                })
                .collect();
            let alone: Vec<Digest> = given
                .iter()
                .map(|(salts, payload)| {
                    let leaves = salts.iter().zip(&payload.0).map(|(salt, one)| field_leaf(salt, one));
                    payload_root(&leaves.collect::<Vec<_>>())
                })
                .collect();
            let given: Vec<(&[[u8; SALT]], &Payload)> =
                given.iter().map(|(salts, payload)| (salts.as_slice(), payload)).collect();
            prop_assert_eq!(payload_roots(&given), alone);
        }

        #[test]
        fn another_salt_name_text_or_order_gives_another_root(
            salt: [u8; SALT], other: [u8; SALT], name: String, text: String,
        ) {
            prop_assume!(salt != other && name != text);
            let one = field_leaf(&salt, &field(&name, &text));
            let two = field_leaf(&other, &field(&name, &text));
            prop_assert_ne!(one, two);
            prop_assert_ne!(one, field_leaf(&salt, &field(&text, &name)));
            prop_assert_ne!(payload_root(&[one, two]), payload_root(&[two, one]));
            // The root binds the number of fields, so it is never a field leaf itself.
            prop_assert_ne!(payload_root(&[one]), one);
        }
    }
}
