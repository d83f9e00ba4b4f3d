//! Vectors of payloads and keys, from fixed inputs.

use gradus_model::ids::hex;
use gradus_model::{LogId, Payload, UnitId};
use gradus_proof::payload::field_leaf;
use gradus_service::keys::{self, KeyTree, RecordKey, RootSeed};
use gradus_service::seal::{self, Seed};
use serde_json::{Value, json};

use super::Line;
use super::golden::{LOG, ORGANIZATION};

pub(crate) fn fields(payload: &Payload) -> Value {
    payload.0.iter().map(|field| json!([field.name, field.text])).collect()
}

pub(crate) fn payload_line(case: &str, payload: &Payload) -> Line {
    let (seed, key): ([u8; 32], _) =
        (std::array::from_fn(|at| u8::try_from(at).unwrap()), [0x42; 32]);
    let (stream, version) = (UnitId([2; 16]), 7);
    let log = LogId([1; 16]);
    let sealed =
        seal::seal(payload, &Seed::new(seed), &RecordKey::new(key), log, stream, version).unwrap();
    let opened =
        seal::open(&sealed.bytes, &RecordKey::new(key), log, stream, version, sealed.payload_root)
            .unwrap();
    assert_eq!(opened.payload, *payload);
    let leaves: Vec<String> = opened
        .salts
        .iter()
        .zip(&payload.0)
        .map(|(salt, field)| field_leaf(salt, field).to_string())
        .collect();
    let mut plaintext = Vec::new();
    if !payload.is_empty() {
        minicbor::encode((minicbor::bytes::ByteArray::from(seed), payload), &mut plaintext)
            .unwrap();
    }
    Line::new(
        "case",
        case,
        vec![
            ("log", json!(hex(&log.0))),
            ("stream", json!(hex(&stream.0))),
            ("version", json!(version)),
            ("seed", json!(hex(&seed))),
            ("key", json!(hex(&key))),
            ("fields", fields(payload)),
            ("salts", opened.salts.iter().map(|salt| hex(salt)).collect()),
            ("nonce", json!(nonce(&seed))),
            ("blind", json!(hex(&sealed.blind))),
            ("field_leaves", json!(leaves)),
            ("payload_root", json!(sealed.payload_root.to_string())),
            ("plaintext", json!(hex(&plaintext))),
            ("sealed", json!(hex(&sealed.bytes))),
        ],
    )
}

/// The nonce that a seed gives, taken from bytes that were sealed with it.
fn nonce(seed: &[u8; 32]) -> String {
    let payload = Payload::empty().with("n", "n");
    let (key, log, stream) = (RecordKey::new([0; 32]), LOG, ORGANIZATION);
    let sealed = seal::seal(&payload, &Seed::new(*seed), &key, log, stream, 1).unwrap();
    hex(&sealed.bytes[1..25])
}

/// The key of a record: where its neighbour is erased, a key file names it.
pub(crate) fn key_of(root: [u8; 32], version: u64) -> String {
    let mut tree = KeyTree::new(&RootSeed::new(root));
    assert!(tree.puncture(version ^ 1));
    let file = keys::encode(LOG, ORGANIZATION, &tree);
    let (nodes, _) = file[50..file.len() - 32].as_chunks::<41>();
    let wanted = [&[40], version.to_be_bytes().as_slice()].concat();
    hex(&nodes.iter().find(|node| node[..9] == wanted[..]).unwrap()[9..])
}
