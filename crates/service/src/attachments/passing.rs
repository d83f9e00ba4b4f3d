//! Attachments on their way in and out.

use std::path::PathBuf;

use gradus_model::{Digest, UnitId};

use super::error::AttachmentError;
use super::file::{Opener, Sealer};
use crate::directory::folder::{self, FileError, Step};

/// An attachment that is coming in; what is dropped unfinished is removed.
pub(crate) struct Upload {
    pub(super) unit: UnitId,
    pub(super) path: PathBuf,
    pub(super) sealer: Option<Sealer>,
    pub(super) most: u64,
}

impl Drop for Upload {
    fn drop(&mut self) {
        if self.path.exists() {
            // The next start does what cannot be done here.
            let _ = folder::discard(&self.path);
        }
    }
}

impl Upload {
    /// Takes in the next bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), AttachmentError> {
        let Some(sealer) = &mut self.sealer else { return Ok(()) };
        if sealer.bytes() + bytes.len() as u64 > self.most {
            return Err(AttachmentError::TooLong { most: self.most });
        }
        let pushed = sealer.push(bytes);
        Ok(pushed.map_err(|source| FileError::new(Step::Write, &self.path, source))?)
    }

    /// Seals what is left, and makes it durable under its temporary name.
    pub(crate) fn seal(&mut self) -> Result<(Digest, u64), AttachmentError> {
        let missing = || AttachmentError::Missing(Digest::ZERO);
        let sealer = self.sealer.take().ok_or_else(missing)?;
        let failed = |step, source| FileError::new(step, &self.path, source);
        let finished = sealer.finish();
        let (file, digest, bytes) = finished.map_err(|source| failed(Step::Write, source))?;
        file.sync_all().map_err(|source| failed(Step::Sync, source))?;
        Ok((digest, bytes))
    }
}

/// An attachment that is being read.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(super) path: PathBuf,
    pub(super) digest: Digest,
    pub(super) opener: Opener,
}

impl Reading {
    /// Its bytes.
    pub(crate) const fn bytes(&self) -> u64 {
        self.opener.bytes()
    }

    /// The next piece, at most 64 KiB; none after the last one, which is when all of it is known to be
    /// what its name says.
    pub(crate) fn next(&mut self) -> Result<Option<Vec<u8>>, AttachmentError> {
        let next = self.opener.next().and_then(|piece| match piece {
            None => self.opener.check(self.digest).map(|()| None),
            some => Ok(some),
        });
        next.map_err(|what| AttachmentError::Damaged { path: self.path.clone(), what })
    }
}
