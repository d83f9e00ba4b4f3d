//! Keys: one key tree per unit, from which every record's key is derived and can be erased.
//!
//! # The tree
//!
//! The tree is a puncturable pseudo-random function after Goldreich, Goldwasser and Micali. It is
//! binary and 40 levels deep, and every node is a seed of 32 bytes. Its root is drawn at random
//! when the unit is registered. The record at version i of the unit's stream (1 ≤ i < 2^40) has
//! for its key the node reached from the root along the 40 bits of i, the most significant first:
//!
//! ```text
//! child(seed, bit) = SHA-256( "gradus/v1/key" in ASCII, 13 bytes
//!                          || bit, one byte: 0x00 or 0x01
//!                          || seed, 32 bytes )
//! ```
//!
//! From 2^39 on the numbers are of the unit's attachments ([`crate::attachments`]), counted up from there:
//! no stream gets that far, and an attachment is erased as a record is.
//!
//! To *erase* record i, the node above it that is kept is replaced by the siblings along the rest
//! of the path. No kept node is above i then, and no seed leads upwards or sideways, so the key of
//! i is gone, and every other key is still derived as before.
//!
//! # The key file
//!
//! One file for each unit, `<unit id>.keys`, mode 0600. All numbers are big-endian:
//!
//! | at | bytes | content |
//! |---|---|---|
//! | 0 | 12 | `gradus-keys` and a line feed, in ASCII |
//! | 12 | 2 | format, 1 |
//! | 14 | 16 | log id |
//! | 30 | 16 | unit id |
//! | 46 | 4 | n, the number of nodes |
//! | 50 | 41 n | the nodes |
//! | 50 + 41 n | 32 | SHA-256 of all bytes before |
//!
//! | at | bytes | content of a node |
//! |---|---|---|
//! | 0 | 1 | depth, from 0 (the root) to 40 (one record's key) |
//! | 1 | 8 | prefix: the first *depth* bits of the versions below it, as a number |
//! | 9 | 32 | seed |
//!
//! Nodes are in ascending order of the versions below them; no two have a version in common.
//! A tree without erased keys is one node of depth 0; one erased key makes it 40 nodes, and each
//! further key adds at most 38.
//!
//! # What erasing does not do
//!
//! The new file is synced and in place before an erasure is acknowledged, then the bytes of the
//! old one are overwritten with zeros. That is all a program can do, and it does not reach:
//! *copies* (backups, snapshots of the file system or the machine, hard links: the old file is
//! left alone while it has another name), *the medium* (flash and copy-on-write or journaling file
//! systems write zeros elsewhere and may keep the old blocks for a while), and *memory* (swap,
//! core dumps, registers; seeds are wiped where they are dropped). A crash between the two steps
//! leaves the old blocks unwritten. Whoever needs more keeps the folder on an encrypted volume,
//! lets backups of keys expire, and never restores an older key file over a newer one.

mod tree;

mod file;

mod store;

use std::fmt;

use zeroize::Zeroizing;

pub use file::{KeyFileError, decode, encode};
pub(crate) use store::file_name;
pub use store::{KeyError, KeyStore};
pub use tree::{DEPTH, KeyTree, MOST_VERSION};

/// The bytes of a seed and of a key.
pub const SEED: usize = 32;

macro_rules! secret {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        pub struct $name(Zeroizing<[u8; SEED]>);

        impl $name {
            /// Takes over these bytes.
            #[must_use]
            pub fn new(bytes: [u8; SEED]) -> Self {
                Self(Zeroizing::new(bytes))
            }

            pub(crate) fn bytes(&self) -> &[u8; SEED] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

secret!(
    /// The root of a unit's key tree, drawn at random by the caller; wiped when dropped.
    RootSeed
);
secret!(
    /// The key of one record; wiped when dropped.
    RecordKey
);
