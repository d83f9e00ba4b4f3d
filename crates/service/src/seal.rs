//! Sealing: how a payload becomes bytes that only its record's key can open.
//!
//! **One seed per record**, 32 random bytes that the caller draws, gives everything else that has
//! to look random, as HMAC-SHA256 with the seed as key over an ASCII label:
//!
//! | value | message | taken of the 32 bytes |
//! |---|---|---|
//! | salt of field i, from 0 | `gradus/v1/salt`, then i as 4 bytes big-endian | all |
//! | nonce | `gradus/v1/nonce` | the first 24 |
//! | blind of the leaf | `gradus/v1/blind` | the first 16 |
//!
//! **The plaintext** is deterministic CBOR (RFC 8949 4.2.1): an array of two, the seed as a byte
//! string of 32 bytes and the fields as an array of arrays of two texts, name and text.
//!
//! **The sealed bytes** are stored as they are:
//!
//! | at | bytes | content |
//! |---|---|---|
//! | 0 | 1 | format, 1 |
//! | 1 | 24 | nonce |
//! | 25 | n | the plaintext, encrypted |
//! | 25 + n | 16 | Poly1305 tag |
//!
//! The cipher is XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) under the key of the record
//! ([`crate::keys`]). Its associated data, 97 bytes, ties the bytes to their place:
//!
//! | at | bytes | content |
//! |---|---|---|
//! | 0 | 17 | `gradus/v1/payload` in ASCII |
//! | 17 | 16 | log id |
//! | 33 | 16 | stream id |
//! | 49 | 8 | stream version, big-endian |
//! | 57 | 32 | payload root ([`gradus_proof::payload`]) |
//!
//! An empty payload is sealed as no bytes at all, with 32 zero bytes as its payload root; its leaf
//! still gets the blind of its seed.
//!
//! What opens is exactly what was sealed: the nonce is the seed's, the plaintext is the only
//! encoding of its content, and the fields hash to the payload root. Sealed or opened, every field
//! has a name, and no two have the same.

mod seed;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use gradus_model::leaf::{HEADER, MOST_RECORD_BYTES};
use gradus_model::{Digest, LogId, Payload, UnitId};
use gradus_proof::payload::{SALT, payload_roots};
use minicbor::Decoder;
use zeroize::Zeroizing;

pub use crate::cipher::NONCE;
use crate::cipher::{TAG, decrypt, encrypt};
use crate::keys::RecordKey;
use seed::Derived;
pub(crate) use seed::Seeds;
pub use seed::{BLIND, SEED, Seed};

/// The format that is written.
pub const FORMAT: u8 = 1;
/// The longest sealed payload, in bytes: what the shortest leaf leaves of a record.
pub const MOST_BYTES: usize = MOST_RECORD_BYTES - HEADER;

const LABEL: &[u8] = b"gradus/v1/payload";

/// A payload that cannot be sealed, or bytes that do not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// More than a record can hold.
    #[error(
        "the payload has {seen} bytes when sealed, at most {MOST_BYTES} are allowed: \
         put long text into an attachment"
    )]
    TooLong {
        /// Bytes it would have.
        seen: usize,
    },
    /// Too short to be sealed bytes.
    #[error("the sealed payload has {seen} bytes where more than {} are needed", 1 + NONCE + TAG)]
    Short {
        /// Bytes there.
        seen: usize,
    },
    /// Written by a newer version.
    #[error(
        "the sealed payload has format {seen}, this version reads format {FORMAT}: use a newer one"
    )]
    Format {
        /// The format it says.
        seen: u8,
    },
    /// The leaf commits to no payload, and bytes are there.
    #[error("{seen} bytes are stored for a leaf without payload")]
    Unexpected {
        /// Bytes there.
        seen: usize,
    },
    /// Damaged, of another place, or sealed under another key.
    #[error(
        "the sealed payload of version {version} of stream {stream} does not open: \
         its bytes, its leaf or the key is another one"
    )]
    Refused {
        /// The stream it was opened for.
        stream: UnitId,
        /// The version it was opened for.
        version: u64,
    },
    /// A field without a name, or two fields of one name.
    #[error("the payload has a field without a name, or two fields of one name")]
    Names,
    /// Opened, but not what this format writes.
    #[error("the opened payload breaks format {FORMAT}: its {0} is not as it must be")]
    Content(&'static str),
    /// The fields are not those that the leaf commits to.
    #[error("the payload's fields hash to {seen}, the leaf says {root}")]
    Root {
        /// The root of the fields.
        seen: Digest,
        /// The root in the leaf.
        root: Digest,
    },
}

/// A payload as its leaf and the log store it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The commitment for the leaf.
    pub payload_root: Digest,
    /// The blind for the leaf.
    pub blind: [u8; BLIND],
    /// The sealed bytes; none for an empty payload.
    pub bytes: Vec<u8>,
}

/// A payload, opened, with what proves its fields one by one.
#[derive(Clone, PartialEq, Eq)]
pub struct Opened {
    /// The fields.
    pub payload: Payload,
    /// The salt of each field; to be shown with its field only.
    pub salts: Vec<[u8; SALT]>,
}

impl fmt::Debug for Opened {
    /// Says how much there is, and nothing of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("fields", &self.salts.len()).finish_non_exhaustive()
    }
}

/// The bytes that `payload` has when it is sealed.
#[must_use]
pub fn sealed_len(payload: &Payload) -> usize {
    if payload.is_empty() { 0 } else { 1 + NONCE + plaintext_len(payload) + TAG }
}

/// A payload with all that is hashed for it, which needs no place of its record.
pub struct Hashed<'a> {
    payload: Cow<'a, Payload>,
    seed: Seed,
    derived: Derived,
    payload_root: Digest,
}

impl Hashed<'_> {
    /// The payload.
    #[must_use]
    pub fn payload(&self) -> &Payload {
        &self.payload
    }

    /// Seals it as [`seal`] does.
    ///
    /// # Errors
    ///
    /// As [`seal`].
    pub fn seal(
        &self,
        key: &RecordKey,
        log: LogId,
        stream: UnitId,
        version: u64,
    ) -> Result<Sealed, SealError> {
        let place = (log, stream, version);
        encrypted(&self.payload, &self.seed, key, place, (&self.derived, self.payload_root))
    }
}

/// Hashes payloads, each with the seed of its record, side by side: many cost a fifth of the time.
#[must_use]
pub fn hash_all(given: Vec<(Cow<'_, Payload>, Seed)>) -> Vec<Hashed<'_>> {
    let hashed =
        hashed(&given.iter().map(|(payload, seed)| (&**payload, seed)).collect::<Vec<_>>());
    let all = given.into_iter().zip(hashed);
    all.map(|((payload, seed), (derived, payload_root))| Hashed {
        payload,
        seed,
        derived,
        payload_root,
    })
    .collect()
}

/// Seals `payload` for `version` of `stream`.
///
/// The same arguments give the same bytes. A seed must never serve twice.
///
/// # Errors
///
/// [`SealError::TooLong`] when more than [`MOST_BYTES`] would be stored, [`SealError::Names`] when
/// a field has no name or that of another one.
pub fn seal(
    payload: &Payload,
    seed: &Seed,
    key: &RecordKey,
    log: LogId,
    stream: UnitId,
    version: u64,
) -> Result<Sealed, SealError> {
    let (derived, root) =
        hashed(&[(payload, seed)]).pop().unwrap_or((Derived::default(), Digest::ZERO));
    encrypted(payload, seed, key, (log, stream, version), (&derived, root))
}

fn hashed(given: &[(&Payload, &Seed)]) -> Vec<(Derived, Digest)> {
    let seeds: Vec<(&Seed, usize)> =
        given.iter().map(|(payload, seed)| (*seed, payload.0.len())).collect();
    let derived = Derived::of_all(&seeds);
    let payloads: Vec<(&[[u8; SALT]], &Payload)> = given
        .iter()
        .zip(&derived)
        .map(|((payload, _), derived)| (derived.salts.as_slice(), *payload))
        .collect();
    let roots = payload_roots(&payloads);
    derived.into_iter().zip(roots).collect()
}

fn encrypted(
    payload: &Payload,
    seed: &Seed,
    key: &RecordKey,
    (log, stream, version): (LogId, UnitId, u64),
    (derived, payload_root): (&Derived, Digest),
) -> Result<Sealed, SealError> {
    let Derived { nonce, blind, .. } = *derived;
    if payload.is_empty() {
        return Ok(Sealed { payload_root: Digest::ZERO, blind, bytes: Vec::new() });
    }
    let length = sealed_len(payload);
    if length > MOST_BYTES {
        return Err(SealError::TooLong { seen: length });
    }
    names(payload)?;
    let associated = associated_data(log, stream, version, payload_root);
    // Encrypted where it is stored; all of it has room, so that no copy of the text is left behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(length));
    bytes.push(FORMAT);
    bytes.extend_from_slice(&nonce);
    write_plaintext(payload, seed, &mut bytes);
    let text = bytes.get_mut(1 + NONCE..).unwrap_or_default();
    let tag = encrypt(key.bytes(), &nonce, &associated, text)
        .map_err(|_| SealError::TooLong { seen: length })?;
    bytes.extend_from_slice(&tag);
    Ok(Sealed { payload_root, blind, bytes: std::mem::take(&mut bytes) })
}

/// Opens what [`seal`] made for the leaf of `version` of `stream` with this `payload_root`.
///
/// A leaf without payload opens as no fields, with any key.
///
/// # Errors
///
/// [`SealError`] when the bytes are not exactly those sealed under `key` for that leaf.
pub fn open(
    bytes: &[u8],
    key: &RecordKey,
    log: LogId,
    stream: UnitId,
    version: u64,
    payload_root: Digest,
) -> Result<Opened, SealError> {
    if payload_root == Digest::ZERO {
        return if bytes.is_empty() {
            Ok(Opened { payload: Payload::empty(), salts: Vec::new() })
        } else {
            Err(SealError::Unexpected { seen: bytes.len() })
        };
    }
    let (nonce, text, tag) = split(bytes)?;
    let mut text = Zeroizing::new(text.to_vec());
    let associated = associated_data(log, stream, version, payload_root);
    decrypt(key.bytes(), &nonce, &associated, &mut text, tag)
        .map_err(|_| SealError::Refused { stream, version })?;
    let (payload, seed) = read(&text)?;
    names(&payload)?;
    let derived = Derived::of(&seed, payload.0.len());
    if derived.nonce != nonce {
        return Err(SealError::Content("nonce"));
    }
    let salts = derived.salts;
    let committed = root_of(&payload, &salts);
    if committed != payload_root {
        return Err(SealError::Root { seen: committed, root: payload_root });
    }
    Ok(Opened { payload, salts })
}

fn names(payload: &Payload) -> Result<(), SealError> {
    let mut seen = BTreeSet::new();
    if payload.0.iter().all(|field| !field.name.is_empty() && seen.insert(&field.name)) {
        return Ok(());
    }
    Err(SealError::Names)
}

fn root_of(payload: &Payload, salts: &[[u8; SALT]]) -> Digest {
    payload_roots(&[(salts, payload)]).first().copied().unwrap_or(Digest::ZERO)
}

fn associated_data(log: LogId, stream: UnitId, version: u64, root: Digest) -> Vec<u8> {
    [LABEL, &log.0, &stream.0, &version.to_be_bytes(), &root.0].concat()
}

type Parts<'a> = ([u8; NONCE], &'a [u8], [u8; TAG]);

fn split(bytes: &[u8]) -> Result<Parts<'_>, SealError> {
    let short = SealError::Short { seen: bytes.len() };
    let Some((&format, rest)) = bytes.split_first() else {
        return Err(short);
    };
    if format != FORMAT {
        return Err(SealError::Format { seen: format });
    }
    let parts = rest.split_first_chunk::<NONCE>().and_then(|(nonce, rest)| {
        let (text, tag) = rest.split_last_chunk::<TAG>()?;
        Some((*nonce, text, *tag))
    });
    parts.filter(|(_, text, _)| !text.is_empty()).ok_or(short)
}

fn plaintext(payload: &Payload, seed: &Seed) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(Vec::with_capacity(plaintext_len(payload)));
    write_plaintext(payload, seed, &mut text);
    text
}

fn write_plaintext(payload: &Payload, seed: &Seed, out: &mut Vec<u8>) {
    let seed: &minicbor::bytes::ByteSlice = seed.bytes().as_slice().into();
    // Writing to a Vec cannot fail.
    let _ = minicbor::encode((seed, payload), out);
}

fn plaintext_len(payload: &Payload) -> usize {
    let fields: usize =
        payload.0.iter().map(|field| 1 + string_len(&field.name) + string_len(&field.text)).sum();
    1 + 2 + SEED + head_len(payload.0.len()) + fields
}

const fn string_len(text: &str) -> usize {
    head_len(text.len()) + text.len()
}

/// The bytes of a CBOR head for a length (RFC 8949 3).
const fn head_len(length: usize) -> usize {
    match length {
        0..=0x17 => 1,
        0x18..=0xff => 2,
        0x100..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}

fn read(text: &[u8]) -> Result<(Payload, Seed), SealError> {
    let mut decoder = Decoder::new(text);
    let wrong = |_| SealError::Content("plaintext");
    decoder.array().map_err(wrong)?;
    let seed = decoder.bytes().map_err(wrong)?;
    let seed = <[u8; SEED]>::try_from(seed).map_err(|_| SealError::Content("seed"))?;
    let seed = Seed::new(seed);
    let payload: Payload = decoder.decode().map_err(wrong)?;
    if *plaintext(&payload, &seed) != text {
        return Err(SealError::Content("encoding"));
    }
    Ok((payload, seed))
}
