//! The bytes of a key file: see [`crate::keys`] for every one of them.

use gradus_model::{Digest, LogId, UnitId};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::SEED;
use super::tree::KeyTree;

const MAGIC: &[u8; 12] = b"gradus-keys\n";
const FORMAT: u16 = 1;
/// Magic, format, log id, unit id, number of nodes.
const HEADER: usize = 12 + 2 + 16 + 16 + 4;
const NODE: usize = 1 + 8 + SEED;
const CHECKSUM: usize = 32;

/// Bytes that are not the key file of the unit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileError {
    /// Something else altogether.
    #[error("it does not begin with `gradus-keys`")]
    Magic,
    /// Written by a newer version.
    #[error("it has format {seen}, this version reads format {FORMAT}: use a newer one")]
    Format {
        /// The format it says.
        seen: u16,
    },
    /// Cut, or longer than its number of nodes says.
    #[error("it has {seen} bytes where {needed} are needed")]
    Length {
        /// Bytes there.
        seen: usize,
        /// Bytes that its number of nodes asks for.
        needed: usize,
    },
    /// Changed since it was written.
    #[error("its checksum is {seen}, its bytes hash to {right}")]
    Checksum {
        /// The checksum there.
        seen: Digest,
        /// The hash of the bytes before.
        right: Digest,
    },
    /// Of another log.
    #[error("it belongs to log {seen}, not to {asked}")]
    Log {
        /// The log it says.
        seen: LogId,
        /// The log that is open.
        asked: LogId,
    },
    /// Of another unit.
    #[error("it belongs to unit {seen}, not to {asked}")]
    Unit {
        /// The unit it says.
        seen: UnitId,
        /// The unit whose key was asked for.
        asked: UnitId,
    },
    /// No node of a key tree, or not after the one before.
    #[error("its node {number} is not one, or is out of order")]
    Node {
        /// The node's number, from 0.
        number: usize,
    },
}

/// The bytes of the key file of `unit`.
#[must_use]
pub fn encode(log: LogId, unit: UnitId, tree: &KeyTree) -> Zeroizing<Vec<u8>> {
    let nodes = tree.nodes();
    let mut bytes = Zeroizing::new(Vec::with_capacity(HEADER + NODE * nodes.len() + CHECKSUM));
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&FORMAT.to_be_bytes());
    bytes.extend_from_slice(&log.0);
    bytes.extend_from_slice(&unit.0);
    // A tree past 32 bits of nodes would be a file of 176 GB.
    bytes.extend_from_slice(&u32::try_from(nodes.len()).unwrap_or(u32::MAX).to_be_bytes());
    for (depth, prefix, seed) in nodes {
        bytes.push(depth);
        bytes.extend_from_slice(&prefix.to_be_bytes());
        bytes.extend_from_slice(seed);
    }
    let checksum = Sha256::digest(&*bytes);
    bytes.extend_from_slice(&checksum);
    bytes
}

/// Reads the key file of `unit`; what was written is read back as it was.
///
/// # Errors
///
/// [`KeyFileError`] when the bytes are not exactly a key file of that log and unit.
pub fn decode(bytes: &[u8], log: LogId, unit: UnitId) -> Result<KeyTree, KeyFileError> {
    let rest = bytes.strip_prefix(MAGIC).ok_or(KeyFileError::Magic)?;
    let short = || KeyFileError::Length { seen: bytes.len(), needed: HEADER + CHECKSUM };
    let (format, rest) = rest.split_first_chunk().ok_or_else(short)?;
    let format = u16::from_be_bytes(*format);
    if format != FORMAT {
        return Err(KeyFileError::Format { seen: format });
    }
    let (seen_log, rest) = rest.split_first_chunk().ok_or_else(short)?;
    let (seen_unit, rest) = rest.split_first_chunk().ok_or_else(short)?;
    let (count, rest) = rest.split_first_chunk().ok_or_else(short)?;
    let (nodes, checksum) = rest.split_last_chunk().ok_or_else(short)?;
    let count = u32::from_be_bytes(*count) as usize;
    if nodes.len() != count.saturating_mul(NODE) {
        let needed = count.saturating_mul(NODE).saturating_add(HEADER + CHECKSUM);
        return Err(KeyFileError::Length { seen: bytes.len(), needed });
    }
    let (content, _) = bytes.split_at(bytes.len() - CHECKSUM);
    let (seen, right) = (Digest(*checksum), Digest(Sha256::digest(content).into()));
    if seen != right {
        return Err(KeyFileError::Checksum { seen, right });
    }
    let (seen_log, seen_unit) = (LogId(*seen_log), UnitId(*seen_unit));
    if seen_log != log {
        return Err(KeyFileError::Log { seen: seen_log, asked: log });
    }
    if seen_unit != unit {
        return Err(KeyFileError::Unit { seen: seen_unit, asked: unit });
    }
    tree_of(nodes)
}

fn tree_of(nodes: &[u8]) -> Result<KeyTree, KeyFileError> {
    let mut tree = KeyTree::bare();
    let (nodes, _) = nodes.as_chunks::<NODE>();
    for (number, [depth, node @ ..]) in nodes.iter().enumerate() {
        let pushed = node.split_first_chunk().is_some_and(|(prefix, seed)| {
            let prefix = u64::from_be_bytes(*prefix);
            seed.try_into().is_ok_and(|seed| tree.push(*depth, prefix, seed))
        });
        if !pushed {
            return Err(KeyFileError::Node { number });
        }
    }
    Ok(tree)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use gradus_model::ids::hex;
    use proptest::prelude::*;

    use super::*;
    use crate::keys::{DEPTH, MOST_VERSION, RootSeed};

    const LOG: LogId = LogId([1; 16]);
    const UNIT: UnitId = UnitId([2; 16]);

    fn tree(erased: &[u64]) -> KeyTree {
        let mut tree = KeyTree::new(&RootSeed::new([7; SEED]));
        for version in erased {
            tree.puncture(*version);
        }
        tree
    }

    fn written(erased: &[u64]) -> Vec<u8> {
        encode(LOG, UNIT, &tree(erased)).to_vec()
    }

    /// A file with these nodes and a right checksum.
    fn file(nodes: &[(u8, u64)]) -> Vec<u8> {
        let mut bytes = written(&[])[..HEADER].to_vec();
        bytes[HEADER - 1] = u8::try_from(nodes.len()).unwrap();
        for (depth, prefix) in nodes {
            bytes.push(*depth);
            bytes.extend_from_slice(&prefix.to_be_bytes());
            bytes.extend_from_slice(&[9; SEED]);
        }
        summed(bytes)
    }

    fn summed(mut bytes: Vec<u8>) -> Vec<u8> {
        bytes.extend_from_slice(&Sha256::digest(&bytes));
        bytes
    }

    fn check(bytes: &[u8], then: &str) {
        let read = decode(bytes, LOG, UNIT);
        let said = read.map_or_else(|error| error.to_string(), |tree| format!("{tree:?}"));
        assert_eq!(said, then);
    }

    #[test]
    fn a_key_file_is_these_bytes_for_ever() {
        expect!["6772616475732d6b6579730a000101010101010101010101010101010101020202020202020202020202020202020000000100000000000000000007070707070707070707070707070707070707070707070707070707070707070e823247add152795b1a957b7d1c17051372ab9556c11422bf3c232a8466d0cc"].assert_eq(&hex(&written(&[])));
        let erased = written(&[1, 2, 1_000_000]);
        expect!["2460 f1cb7a8514e70e376877637d41a97c8b80799048d4793f86762a35c053e30552"]
            .assert_eq(&format!("{} {}", erased.len(), hex(&erased[erased.len() - 32..])));
    }

    proptest! {
        #[test]
        fn a_tree_is_read_back_as_it_was_written(
            erased in prop::collection::vec(0..=MOST_VERSION, 0..9), near in 0..9_u64,
        ) {
            let erased: Vec<u64> = erased.into_iter().chain(0..near).collect();
            let bytes = written(&erased);
            let mut read = decode(&bytes, LOG, UNIT).unwrap();
            prop_assert_eq!(&encode(LOG, UNIT, &read).to_vec(), &bytes);
            for version in erased {
                prop_assert!(read.key(version).is_none());
            }
        }

        #[test]
        fn any_bytes_are_a_key_file_or_an_error(bytes: Vec<u8>, whole: bool) {
            let mut file = MAGIC.to_vec();
            file.extend_from_slice(&[0, 1]);
            file.extend_from_slice(&bytes);
            let _ = decode(if whole { &file } else { &bytes }, LOG, UNIT);
        }

        #[test]
        fn any_nodes_are_a_tree_or_an_error(
            nodes in prop::collection::vec((0..50_u8, prop_oneof![0..9_u64, any::<u64>()]), 0..5),
        ) {
            if let Ok(mut tree) = decode(&file(&nodes), LOG, UNIT) {
                tree.key(0);
                tree.puncture(1);
                let ordered = nodes.is_sorted_by_key(|(depth, prefix)| prefix << (DEPTH - depth));
                prop_assert!(ordered);
            }
        }

        #[test]
        fn a_changed_or_cut_file_is_refused(at in 0_usize..123, bit in 0..8) {
            let mut bytes = written(&[]);
            prop_assert_eq!(bytes.len(), 123);
            prop_assert!(decode(&bytes[..at], LOG, UNIT).is_err());
            bytes[at] ^= 1_u8 << bit;
            prop_assert!(decode(&bytes, LOG, UNIT).is_err());
        }
    }

    #[test]
    fn a_refusal_says_what_was_seen() {
        check(b"[keys]", "it does not begin with `gradus-keys`");
        let mut newer = written(&[]);
        newer[13] = 2;
        check(&newer, "it has format 2, this version reads format 1: use a newer one");
        check(&written(&[])[..122], "it has 122 bytes where 123 are needed");
        check(&written(&[])[..20], "it has 20 bytes where 82 are needed");
        let other = encode(LogId([3; 16]), UNIT, &tree(&[]));
        check(
            &other,
            "it belongs to log 03030303-0303-0303-0303-030303030303, \
             not to 01010101-0101-0101-0101-010101010101",
        );
        let other = encode(LOG, UnitId([3; 16]), &tree(&[]));
        check(
            &other,
            "it belongs to unit 03030303-0303-0303-0303-030303030303, \
             not to 02020202-0202-0202-0202-020202020202",
        );
    }

    #[test]
    fn nodes_that_share_versions_are_refused() {
        check(&file(&[]), "KeyTree { nodes: 0, .. }");
        check(&file(&[(1, 0), (1, 1)]), "KeyTree { nodes: 2, .. }");
        for (row, nodes) in [
            ("twice", [(0, 0), (0, 0)]),
            ("below another", [(1, 0), (2, 1)]),
            ("out of order", [(1, 1), (1, 0)]),
            ("prefix too long", [(1, 0), (1, 2)]),
            ("too deep", [(1, 0), (DEPTH + 1, u64::MAX >> 23)]),
        ] {
            let error = decode(&file(&nodes), LOG, UNIT).unwrap_err();
            assert_eq!(error, KeyFileError::Node { number: 1 }, "{row}");
        }
    }
}
