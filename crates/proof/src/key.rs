//! Keys of signed notes: the verifier key as text, and Ed25519 signatures (C2SP signed-note).

use std::fmt;
use std::str::FromStr;

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use crate::digest::sha256_of;
use crate::note::{Note, Signature, is_name};
use crate::text::{FormatError, base64, unbase64};

mod private;

/// Why a note does not prove what it says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// A text that is no note.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// More signatures than a note may carry.
    #[error("the note has more than 100 signatures")]
    TooMany,
    /// A name that a key cannot have.
    #[error("`{0}` is no name of a key: it takes characters other than spaces and plus")]
    Name(String),
    /// A text that is no verifier key.
    #[error("`{0}` is no verifier key: a name, +, 8 hexadecimal digits, + and base64 are needed")]
    Key(String),
    /// A text that is no secret key; it is not shown.
    #[error(
        "it is no secret key of a note: `PRIVATE+KEY`, a name, an id and base64, joined by + signs"
    )]
    Secret,
    /// A key of a type that is not known here.
    #[error("key `{name}` is of type {kind:#04x}: 0x01 or 0x04, both Ed25519, is needed")]
    KeyType {
        /// The key's name.
        name: String,
        /// The type, as signed-note assigns it.
        kind: u8,
    },
    /// A key id that is not that of the key.
    #[error("key `{name}` is said to have the id {given:08x}, and has {computed:08x}")]
    KeyId {
        /// The key's name.
        name: String,
        /// The id in the text.
        given: u32,
        /// The id of the key.
        computed: u32,
    },
    /// A seed that the library of signatures refuses.
    #[error("the seed makes no Ed25519 key")]
    Seed,
    /// A note without a signature of the key.
    #[error("the note is not signed by `{name}` with the key {key_id:08x}")]
    Unsigned {
        /// The key's name.
        name: String,
        /// The key's id.
        key_id: u32,
    },
    /// A signature that names the key, and is not of it.
    #[error("the signature of `{name}` with the key {key_id:08x} is not on this text")]
    Forged {
        /// The key's name.
        name: String,
        /// The key's id.
        key_id: u32,
    },
}

/// What a key signs; the numbers are those that signed-note assigns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyType {
    /// 0x01: the text of a note, with Ed25519.
    Note,
    /// 0x04: the text of a checkpoint and a time, with Ed25519 (C2SP tlog-cosignature).
    Cosignature,
}

impl KeyType {
    /// The byte that stands for it.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Note => 0x01,
            Self::Cosignature => 0x04,
        }
    }

    const fn of(byte: u8) -> Option<Self> {
        match byte {
            0x01 => Some(Self::Note),
            0x04 => Some(Self::Cosignature),
            _ => None,
        }
    }
}

/// The id of a key: the first four bytes of a hash over name, type and public key.
#[must_use]
pub fn key_id(name: &str, kind: KeyType, public: &[u8; 32]) -> u32 {
    let digest = sha256_of(&[name.as_bytes(), b"\n", &[kind.byte()], public]);
    digest.0.first_chunk().map_or(0, |first| u32::from_be_bytes(*first))
}

/// A public key and the name it signs with: written `name+id+base64`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VerifierKey {
    name: String,
    kind: KeyType,
    public: [u8; 32],
}

impl VerifierKey {
    /// The key of a name.
    ///
    /// # Errors
    ///
    /// [`NoteError::Name`] for a name that is empty or has spaces or a plus.
    pub fn new(name: &str, kind: KeyType, public: [u8; 32]) -> Result<Self, NoteError> {
        if !is_name(name) {
            return Err(NoteError::Name(name.to_owned()));
        }
        Ok(Self { name: name.to_owned(), kind, public })
    }

    /// Reads `name+id+base64`, the id in 8 lower-case hexadecimal digits.
    ///
    /// # Errors
    ///
    /// [`NoteError`]: another form, a type that is not known here, or an id that is not the key's.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let wrong = || NoteError::Key(text.chars().take(200).collect());
        let (name, rest) = text.split_once('+').ok_or_else(wrong)?;
        // Base64 has plus signs of its own.
        let (id, encoded) = rest.split_once('+').ok_or_else(wrong)?;
        let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if id.len() != 8 || !id.bytes().all(hexadecimal) {
            return Err(wrong());
        }
        let given = u32::from_str_radix(id, 16).map_err(|_| wrong())?;
        let decoded = unbase64(encoded).ok_or_else(wrong)?;
        let (kind, public) = decoded.split_first().ok_or_else(wrong)?;
        let Some(known) = KeyType::of(*kind) else {
            return Err(NoteError::KeyType { name: name.to_owned(), kind: *kind });
        };
        let key = Self::new(name, known, public.try_into().map_err(|_| wrong())?)?;
        let computed = key.key_id();
        if given != computed {
            return Err(NoteError::KeyId { name: key.name, given, computed });
        }
        Ok(key)
    }

    /// The name that its signature lines carry.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it signs.
    #[must_use]
    pub const fn kind(&self) -> KeyType {
        self.kind
    }

    /// The key itself (RFC 8032).
    #[must_use]
    pub const fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// The id that its signature lines carry.
    #[must_use]
    pub fn key_id(&self) -> u32 {
        key_id(&self.name, self.kind, &self.public)
    }

    /// Checks that this key signed the note; a [`KeyType::Cosignature`] key, at whatever time.
    ///
    /// # Errors
    ///
    /// [`NoteError::Unsigned`] without a signature of this name and id, [`NoteError::Forged`] if
    /// one of those is not on the text; signatures of other keys are passed over.
    pub fn verify(&self, note: &Note) -> Result<(), NoteError> {
        match self.kind {
            KeyType::Note => {
                self.each(note, |bytes| self.signed(note.text.as_bytes(), bytes).then_some(()))
            }
            KeyType::Cosignature => self.cosigned_at(note).map(|_| ()),
        }
    }

    /// What each signature of this key says, or the first that is not good.
    pub(crate) fn each<T: Ord>(
        &self,
        note: &Note,
        check: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<T, NoteError> {
        let (name, key_id) = (self.name.clone(), self.key_id());
        let mut least: Option<T> = None;
        for Signature { bytes, .. } in
            note.signatures.iter().filter(|line| line.name == name && line.key_id == key_id)
        {
            let Some(said) = check(bytes) else { return Err(NoteError::Forged { name, key_id }) };
            least = Some(match least {
                Some(least) => least.min(said),
                None => said,
            });
        }
        least.ok_or(NoteError::Unsigned { name, key_id })
    }

    /// Whether this key made the Ed25519 signature over a message.
    pub(crate) fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.public).verify(message, signature).is_ok()
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        Self::parse(text)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoded = base64(&[&[self.kind.byte()], self.public.as_slice()].concat());
        write!(f, "{}+{:08x}+{encoded}", self.name, self.key_id())
    }
}

/// A secret key that signs notes under a name. Signing is deterministic (RFC 8032).
///
/// Keeps no copy of the seed it was made from; the library keeps the key that follows from it, and
/// does not wipe it.
pub struct Signer {
    pair: Ed25519KeyPair,
    key: VerifierKey,
}

impl Signer {
    /// The signer of notes whose secret key is this seed (RFC 8032, section 5.1.5).
    ///
    /// # Errors
    ///
    /// [`NoteError::Name`] for a name that a key cannot have, [`NoteError::Seed`] for a seed that
    /// the library refuses.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        Self::of(name, KeyType::Note, seed)
    }

    pub(crate) fn of(name: &str, kind: KeyType, seed: &[u8; 32]) -> Result<Self, NoteError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NoteError::Seed)?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| NoteError::Seed)?;
        Ok(Self { key: VerifierKey::new(name, kind, public)?, pair })
    }

    /// The key that verifies what this one signs.
    #[must_use]
    pub const fn verifier(&self) -> &VerifierKey {
        &self.key
    }

    /// The signature on a text that ends in a newline.
    #[must_use]
    pub fn sign(&self, text: &str) -> Signature {
        self.line(self.signature(text.as_bytes()))
    }

    /// The Ed25519 signature over a message.
    pub(crate) fn signature(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }

    /// Signature bytes under this key's name and id.
    pub(crate) fn line(&self, bytes: Vec<u8>) -> Signature {
        Signature { name: self.key.name.clone(), key_id: self.key.key_id(), bytes }
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("key", &self.key).finish_non_exhaustive()
    }
}
