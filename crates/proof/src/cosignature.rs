//! Cosignatures: that a witness saw a checkpoint at a time (C2SP tlog-cosignature, Ed25519).

use crate::key::{KeyType, NoteError, Signer, VerifierKey};
use crate::note::{Note, Signature};

/// The message of a cosignature: a header, the time in seconds since 1970, and the checkpoint's
/// text with its newline.
#[must_use]
pub fn signed_text(time: u64, checkpoint: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{checkpoint}")
}

impl VerifierKey {
    /// When this witness saw the checkpoint, in seconds since 1970: the earliest time if it signed
    /// more than once.
    ///
    /// The time is the word of the witness. Whoever needs it to lie in the past compares it with a
    /// clock of its own.
    ///
    /// # Errors
    ///
    /// [`NoteError::Unsigned`] without a cosignature of this key, or for a key that signs notes
    /// without times; [`NoteError::Forged`] if one that names this key is not on the text.
    pub fn cosigned_at(&self, note: &Note) -> Result<u64, NoteError> {
        if self.kind() != KeyType::Cosignature {
            let (name, key_id) = (self.name().to_owned(), self.key_id());
            return Err(NoteError::Unsigned { name, key_id });
        }
        self.each(note, |bytes| {
            let (time, signature) = bytes.split_first_chunk::<8>()?;
            let time = u64::from_be_bytes(*time);
            // A time is at most 2^63 - 1.
            i64::try_from(time).ok()?;
            self.signed(signed_text(time, &note.text).as_bytes(), signature).then_some(time)
        })
    }
}

/// A witness's secret key, which signs checkpoints with the time it saw them.
#[derive(Debug)]
pub struct Cosigner(Signer);

impl Cosigner {
    /// The witness of a name whose secret key is this seed (RFC 8032, section 5.1.5).
    ///
    /// # Errors
    ///
    /// As [`Signer::from_seed`].
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        Signer::of(name, KeyType::Cosignature, seed).map(Self)
    }

    /// The key that verifies what this one signs.
    #[must_use]
    pub const fn verifier(&self) -> &VerifierKey {
        self.0.verifier()
    }

    /// The cosignature on a checkpoint's text, seen at `time` in seconds since 1970; a time past
    /// 2^63 - 1 is none, and nobody takes its signature.
    ///
    /// Whether the log only grew up to this checkpoint is for the caller to check first.
    #[must_use]
    pub fn cosign(&self, checkpoint: &str, time: u64) -> Signature {
        let signature = self.0.signature(signed_text(time, checkpoint).as_bytes());
        self.0.line([time.to_be_bytes().as_slice(), &signature].concat())
    }
}
