//! What an archive says of itself, written last.

use std::path::Path;

use gradus_model::{Digest, UnitId};
use serde::{Deserialize, Serialize};

use crate::ArchiveError;
use crate::file;

/// The newest format that is read; it is written where attachments are held, else the first one.
pub const FORMAT: u32 = 2;
/// The format of an archive without attachments, which every version reads.
const FIRST_FORMAT: u32 = 1;
/// The file's name.
pub const FILE: &str = "manifest.json";

/// A size and the root over so many leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of records.
    pub size: u64,
    /// The RFC 6962 root.
    pub root: Digest,
}

/// What an archive says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The log's id, as text.
    pub log: String,
    /// The origin line of the log's checkpoints.
    pub origin: String,
    /// How much it holds.
    pub head: Head,
    /// The held documents, by digest, in ascending order.
    pub documents: Vec<Digest>,
    /// The held attachments, by unit and digest, in ascending order.
    pub attachments: Vec<Attachment>,
    /// The program that wrote it.
    pub made_by: String,
}

/// A held attachment, sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attachment {
    /// The unit that it belongs to.
    pub unit: UnitId,
    /// Its SHA-256.
    pub digest: Digest,
    /// The SHA-256 of its file, sealed as it is.
    pub sealed: Digest,
}

#[derive(Serialize, Deserialize)]
struct StoredAttachment {
    unit: String,
    digest: String,
    sealed: String,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    format: u32,
    #[serde(default)]
    log: String,
    #[serde(default)]
    origin: String,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    root: String,
    #[serde(default)]
    documents: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<StoredAttachment>,
    #[serde(default)]
    made_by: String,
}

impl Manifest {
    /// Reads the manifest of the archive in `folder`; `None` when there is none.
    pub fn read(folder: &Path) -> Result<Option<Self>, ArchiveError> {
        let path = folder.join(FILE);
        let Some(bytes) = file::read(&path)? else { return Ok(None) };
        let damaged = |what: String| ArchiveError::damaged(&path, what);
        let stored: Stored =
            serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        if stored.format > FORMAT {
            let seen = stored.format;
            return Err(ArchiveError::TooNew { path, seen, known: FORMAT });
        }
        let digest = |text: &String| {
            digest(text).ok_or_else(|| damaged(format!("`{text}` is no SHA-256 in hexadecimal")))
        };
        let attachment = |of: &StoredAttachment| -> Result<Attachment, ArchiveError> {
            let unit = of.unit.parse().map_err(|_| damaged(format!("`{}` is no unit", of.unit)));
            Ok(Attachment { unit: unit?, digest: digest(&of.digest)?, sealed: digest(&of.sealed)? })
        };
        Ok(Some(Self {
            attachments: stored.attachments.iter().map(attachment).collect::<Result<_, _>>()?,
            head: Head { size: stored.size, root: digest(&stored.root)? },
            documents: stored.documents.iter().map(digest).collect::<Result<_, _>>()?,
            log: stored.log,
            origin: stored.origin,
            made_by: stored.made_by,
        }))
    }

    pub(crate) fn write(&self, folder: &Path) -> Result<(), ArchiveError> {
        let stored = Stored {
            format: if self.attachments.is_empty() { FIRST_FORMAT } else { FORMAT },
            log: self.log.clone(),
            origin: self.origin.clone(),
            size: self.head.size,
            root: self.head.root.to_string(),
            documents: self.documents.iter().map(ToString::to_string).collect(),
            attachments: self
                .attachments
                .iter()
                .map(|of| StoredAttachment {
                    unit: of.unit.to_string(),
                    digest: of.digest.to_string(),
                    sealed: of.sealed.to_string(),
                })
                .collect(),
            made_by: self.made_by.clone(),
        };
        let path = folder.join(FILE);
        let mut bytes = serde_json::to_vec_pretty(&stored)
            .map_err(|error| ArchiveError::damaged(&path, error.to_string()))?;
        bytes.push(b'\n');
        file::replace(&path, &bytes)
    }
}

/// 64 hexadecimal digits.
fn digest(text: &str) -> Option<Digest> {
    let mut bytes = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(Digest(bytes))
}
