//! Handovers: the key of a log vouches for the key that signs its checkpoints from then on.
//!
//! The old key signs this text, as the text of a C2SP signed note, three lines with a newline each:
//!
//! ```text
//! gradus/v1/key-handover
//! the old key as signed-note writes verifier keys
//! the new key
//! ```
//!
//! Whoever trusts the old key so trusts the new one, without asking anybody; that it was recorded in
//! the log is for others to see. The two have one name, the log's origin.

use crate::key::{KeyType, NoteError, Signer, VerifierKey};
use crate::note::{Note, Signature};

const HEADER: &str = "gradus/v1/key-handover";

/// A statement of a log's key on the one that comes after it. Invariant: the old key signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover {
    from: VerifierKey,
    to: VerifierKey,
    signature: Vec<u8>,
}

impl Handover {
    /// The statement that `to`, by its public key, signs after this key.
    ///
    /// # Errors
    ///
    /// [`NoteError::Name`], which a signer's own name never is.
    pub fn sign(from: &Signer, to: [u8; 32]) -> Result<Self, NoteError> {
        let to = VerifierKey::new(from.verifier().name(), KeyType::Note, to)?;
        let signature = from.sign(&text(from.verifier(), &to)).bytes;
        Ok(Self { from: from.verifier().clone(), to, signature })
    }

    /// The statement of a log of this origin, by both public keys and the signature, 64 bytes.
    ///
    /// # Errors
    ///
    /// [`NoteError`]: a name that no key has, or a signature that is not of the old key.
    pub fn read(
        origin: &str,
        (from, to): ([u8; 32], [u8; 32]),
        signature: &[u8],
    ) -> Result<Self, NoteError> {
        let from = VerifierKey::new(origin, KeyType::Note, from)?;
        let to = VerifierKey::new(origin, KeyType::Note, to)?;
        let mut note = Note::new(text(&from, &to))?;
        let (name, key_id, bytes) = (from.name().to_owned(), from.key_id(), signature.to_vec());
        note.signatures.push(Signature { name, key_id, bytes });
        from.verify(&note)?;
        Ok(Self { from, to, signature: signature.to_vec() })
    }

    /// The key that signed.
    #[must_use]
    pub const fn from(&self) -> &VerifierKey {
        &self.from
    }

    /// The key that signs from then on.
    #[must_use]
    pub const fn to(&self) -> &VerifierKey {
        &self.to
    }

    /// The signature of the old key, 64 bytes.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }
}

/// The keys that are trusted, and those that they handed over to, in order.
#[must_use]
pub fn followed(trusted: &[VerifierKey], handovers: &[Handover]) -> Vec<VerifierKey> {
    let mut keys = trusted.to_vec();
    for handover in handovers {
        if keys.contains(&handover.from) && !keys.contains(&handover.to) {
            keys.push(handover.to.clone());
        }
    }
    keys
}

fn text(from: &VerifierKey, to: &VerifierKey) -> String {
    format!("{HEADER}\n{from}\n{to}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(seed: u8) -> Signer {
        Signer::from_seed("gradus/test", &[seed; 32]).unwrap()
    }

    fn public(seed: u8) -> [u8; 32] {
        *signer(seed).verifier().public()
    }

    fn handover(from: u8, to: u8) -> Handover {
        Handover::sign(&signer(from), public(to)).unwrap()
    }

    #[test]
    fn a_handover_is_read_as_it_was_signed_and_in_no_other_way() {
        let given = handover(1, 2);
        let read = |origin: &str, keys, signature: &[u8]| Handover::read(origin, keys, signature);
        let keys = (public(1), public(2));
        assert_eq!(read("gradus/test", keys, given.signature()), Ok(given.clone()));
        let mut bent = given.signature().to_vec();
        bent[7] ^= 1;
        for (origin, keys, signature) in [
            ("gradus/other", keys, given.signature()),
            ("gradus/test", (public(1), public(3)), given.signature()),
            ("gradus/test", (public(3), public(2)), given.signature()),
            ("gradus/test", (public(2), public(1)), given.signature()),
            ("gradus/test", keys, bent.as_slice()),
            ("gradus/test", keys, &[]),
        ] {
            assert!(matches!(read(origin, keys, signature), Err(NoteError::Forged { .. })));
        }
    }

    #[test]
    fn trust_goes_on_from_key_to_key_in_order_and_from_none_that_is_not_trusted() {
        let key = |seed| signer(seed).verifier().clone();
        let chain = [handover(1, 2), handover(2, 3), handover(8, 9)];
        assert_eq!(followed(&[key(1)], &chain), [key(1), key(2), key(3)]);
        assert_eq!(followed(&[key(2)], &chain), [key(2), key(3)]);
        assert_eq!(followed(&[key(5)], &chain), [key(5)]);
        assert_eq!(followed(&[key(1)], &[handover(2, 3), handover(1, 2)]), [key(1), key(2)]);
    }
}
