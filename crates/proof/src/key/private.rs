//! The text form of secret keys: `PRIVATE+KEY+name+id+base64`, as other tools for notes keep them.

use zeroize::Zeroizing;

use super::{KeyType, NoteError, Signer};
use crate::text::{base64, unbase64};

const BEGINS: &str = "PRIVATE+KEY+";

impl Signer {
    /// The text of the secret key of [`Signer::from_seed`]: to be kept, and shown to nobody.
    ///
    /// # Errors
    ///
    /// [`NoteError::Name`] for a name that a key cannot have.
    pub fn private_text(name: &str, seed: &[u8; 32]) -> Result<Zeroizing<String>, NoteError> {
        let id = Self::from_seed(name, seed)?.verifier().key_id();
        let bytes = Zeroizing::new([&[KeyType::Note.byte()], seed.as_slice()].concat());
        let encoded = Zeroizing::new(base64(&bytes));
        Ok(Zeroizing::new(format!("{BEGINS}{name}+{id:08x}+{}", encoded.as_str())))
    }

    /// Reads a secret key that signs notes.
    ///
    /// # Errors
    ///
    /// [`NoteError::Secret`], which shows nothing of it.
    pub fn parse_private(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.strip_prefix(BEGINS).ok_or(NoteError::Secret)?.splitn(3, '+');
        let mut part = || parts.next().ok_or(NoteError::Secret);
        let (name, id, encoded) = (part()?, part()?, part()?);
        let bytes = Zeroizing::new(unbase64(encoded).ok_or(NoteError::Secret)?);
        let (kind, seed) = bytes.split_first().ok_or(NoteError::Secret)?;
        let seed: Zeroizing<[u8; 32]> =
            Zeroizing::new(seed.try_into().map_err(|_| NoteError::Secret)?);
        let signer = Self::from_seed(name, &seed)?;
        let same = format!("{:08x}", signer.verifier().key_id()) == id;
        if *kind == KeyType::Note.byte() && same { Ok(signer) } else { Err(NoteError::Secret) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_key_is_read_back_as_it_was_written() {
        let signer = Signer::from_seed("gradus/log", &[7; 32]).unwrap();
        let text = Signer::private_text("gradus/log", &[7; 32]).unwrap();
        assert!(text.starts_with("PRIVATE+KEY+gradus/log+"), "{}", text.as_str());
        let again = Signer::parse_private(&text).unwrap();
        assert_eq!(again.verifier(), signer.verifier());
        assert_eq!(again.sign("a\n"), signer.sign("a\n"));
    }

    #[test]
    fn what_is_no_secret_key_is_refused_without_a_word_of_it() {
        let text = Signer::private_text("log", &[7; 32]).unwrap();
        let other = Signer::private_text("log", &[8; 32]).unwrap();
        let id = &text[16..24];
        let mixed = other.replacen(&other[16..24], id, 1);
        let public = Signer::from_seed("log", &[7; 32]).unwrap().verifier().to_string();
        for wrong in ["", "PRIVATE+KEY+", "PRIVATE+KEY+log+0+AA==", &text[..60], &mixed, &public] {
            let error = Signer::parse_private(wrong).unwrap_err();
            assert_eq!(error, NoteError::Secret, "{wrong}");
            assert!(!error.to_string().contains(id));
        }
    }
}
