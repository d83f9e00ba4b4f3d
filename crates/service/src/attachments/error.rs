//! Why an attachment cannot be kept, had or erased.

use std::path::PathBuf;

use gradus_model::Digest;

use super::file::Broken;
use crate::directory::folder::FileError;
use crate::keys::KeyError;

/// An attachment that cannot be kept, had or erased.
#[derive(Debug, thiserror::Error)]
pub enum AttachmentError {
    /// Its bytes are not here.
    #[error("attachment {0} is not held here: its bytes are elsewhere, or were never uploaded")]
    Missing(Digest),
    /// It was erased, and does not come back.
    #[error("attachment {0} was erased in this unit, and is not taken again")]
    Erased(Digest),
    /// More than an attachment may have.
    #[error(
        "the attachment has more than {most} bytes, which is the most that is taken here: name its \
         digest alone and keep it elsewhere, or have `attachment-mebibytes` raised"
    )]
    TooLong {
        /// Bytes it may have.
        most: u64,
    },
    /// Too much was uploaded that no item names.
    #[error(
        "uploads that no item names take {seen} bytes in this unit, at most {most} are kept: name \
         them in items, or wait a day"
    )]
    Unnamed {
        /// Bytes they would take.
        seen: u64,
        /// Bytes they may take.
        most: u64,
    },
    /// Not as it was written.
    #[error("`{}` is damaged, {what}: restore it from a backup", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: Broken,
    },
    /// Its key is not there.
    #[error("the key of `{}` is gone, and no event erased it: restore the backup of the keys", .0.display())]
    NoKey(PathBuf),
    /// The keys of the unit cannot be had.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// The system gave no randomness.
    #[error("the system gave no randomness")]
    Randomness,
}
