//! The engine-neutral archive of a log: backup, migration and exit at once.
//!
//! A folder of plain files after the layout of [C2SP tlog-tiles](https://c2sp.org/tlog-tiles), which
//! any tool for transparency logs reads, with three things beside it:
//!
//! | path | content |
//! |---|---|
//! | `tile/0/000`, `tile/1/000`, … | hashes of the tree, 256 a tile; `tile/0/000.p/39` holds the first 39 |
//! | `tile/entries/000` | the leaves: 2 bytes of length, big-endian, and the leaf, 256 times |
//! | `tile/payloads/000` | the sealed payloads, in the same form, and the SHA-256 of all before |
//! | `documents/<sha-256>` | the models, rules and profiles that the log names |
//! | `attachments/<unit>/<sha-256>` | the held attachments, sealed as they lie in the data directory |
//! | `keys` | the keys of the payloads, mode 0600; can be kept elsewhere ([`keys`]) |
//! | `checkpoint` | origin, size and root, the text of a C2SP checkpoint; unsigned |
//! | `manifest.json` | format, log, size, root, documents, attachments; written last |
//!
//! The number of a tile is written in groups of three digits, all but the last with an `x` before:
//! 1234067 is `x001/x234/067`. Whole tiles are written once; a backup adds to them and replaces
//! those that were partial, and keeps the attachments whose files are those that it is to hold. Until the
//! manifest is replaced, the archive is what it was before, but for attachments that were erased since:
//! those are removed. With attachments it is of format 2, which says that a program which knows none must
//! not restore it.

mod attachments;
mod error;
mod file;
mod tiles;

pub mod keys;
pub mod manifest;
pub mod read;
pub mod write;

pub use attachments::{Found, Incoming, sealed};
pub use error::ArchiveError;
pub use manifest::{Attachment, Head, Manifest};
pub use read::Archive;
pub use write::Writer;
