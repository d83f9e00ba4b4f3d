//! Leaf format 1: the bytes that are stored and hashed, never encoded again.
//!
//! A fixed big-endian header of 176 bytes, then the body in deterministic CBOR, then room for a
//! signature of the producer:
//!
//! | at | bytes | field |
//! |---|---|---|
//! | 0 | 2 | format, 1 |
//! | 2 | 8 | position |
//! | 10 | 8 | recorded at, µs since 1970, signed |
//! | 18 | 16 | stream |
//! | 34 | 8 | stream version, from 1 |
//! | 42 | 32 | leaf hash of the stream's previous leaf, or zeros |
//! | 74 | 2 | event type |
//! | 76 | 2 | schema version of the body |
//! | 78 | 8 | effective at, µs since 1970, signed |
//! | 86 | 16 | actor |
//! | 102 | 1 | origin grade |
//! | 103 | 1 | kind of the signature, 0 for none |
//! | 104 | 16 | request id |
//! | 120 | 4 | item number in the request, from 0 |
//! | 124 | 32 | payload root, or zeros without payload |
//! | 156 | 16 | blind |
//! | 172 | 4 | length of the body |
//!
//! Kind 0 has no bytes after the body; of any other kind, the rest of the leaf after the body, at
//! least one byte, is the signature. It is reserved for a producer's own signature: what the kinds
//! mean is settled by the version that first writes one, and a reader keeps what it does not know.

use crate::unit::Grade;
use crate::{Digest, PrincipalId, RequestId, Timestamp, UnitId};

/// The format that is written.
pub const FORMAT: u16 = 1;
/// The bytes before the body.
pub const HEADER: usize = 176;
/// The longest leaf, in bytes.
pub const MOST_BYTES: usize = 4_096;
/// The longest leaf and sealed payload together, in bytes.
pub const MOST_RECORD_BYTES: usize = 6_000;

/// Bytes that are not a leaf.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeafError {
    /// Shorter than its header or its own lengths say.
    #[error("the leaf has {seen} bytes where {needed} are needed")]
    Length {
        /// Bytes there.
        seen: usize,
        /// Bytes that the header asks for.
        needed: usize,
    },
    /// Longer than a leaf may be.
    #[error("the leaf has {0} bytes, at most {MOST_BYTES} are allowed")]
    TooLong(usize),
    /// Written by a newer version.
    #[error("the leaf has format {0}, this version reads format {FORMAT}: use a newer one")]
    Format(u16),
    /// A field holds what it cannot hold.
    #[error("the leaf's {field} is {value}, which is none")]
    Field {
        /// The field's name.
        field: &'static str,
        /// What it holds.
        value: i64,
    },
}

/// Reserved for a producer's own signature, kept as given.
///
/// What the kinds mean is settled by the version that first writes one; a reader keeps what it
/// does not know. Invariant of a leaf that can be read: there are bytes if, and only if, the kind
/// is not 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Which sort of signature it is; 0 for none.
    pub kind: u8,
    /// The signature; empty for kind 0.
    pub bytes: Vec<u8>,
}

impl Signature {
    /// No signature.
    pub const NONE: Self = Self { kind: 0, bytes: Vec::new() };
}

/// A leaf before the log has given it a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The number of the body's event type.
    pub event_type: u16,
    /// The version of the body's schema.
    pub schema: u16,
    /// When the fact is true, in the unit's life.
    pub effective_at: Timestamp,
    /// Who says so.
    pub actor: PrincipalId,
    /// How the actor proved who they are.
    pub grade: Grade,
    /// The call that brought it.
    pub request: RequestId,
    /// Its number in that call, from 0.
    pub item: u32,
    /// The commitment to the payload's fields.
    pub payload_root: Digest,
    /// Random bytes, so that a leaf hash tells nothing of a guessable body.
    pub blind: [u8; 16],
    /// The body in deterministic CBOR.
    pub body: Vec<u8>,
    /// The producer's own signature.
    pub signature: Signature,
}

/// The place that the log gives a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Number within the whole log, from 0.
    pub position: u64,
    /// When the writer took it; strictly increasing with the position.
    pub recorded_at: Timestamp,
    /// The stream it belongs to.
    pub stream: UnitId,
    /// Number within the stream, from 1.
    pub version: u64,
    /// The leaf hash of the stream's previous leaf, or zeros.
    pub previous: Digest,
}

/// A leaf, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Its place in the log.
    pub place: Place,
    /// What it says.
    pub draft: Draft,
}

impl Draft {
    /// The bytes the leaf will have.
    #[must_use]
    pub fn length(&self) -> usize {
        HEADER + self.body.len() + self.signature.bytes.len()
    }

    /// Appends the leaf's bytes at `place` to `out`.
    pub fn write(&self, place: &Place, out: &mut Vec<u8>) {
        out.reserve(self.length());
        out.extend_from_slice(&FORMAT.to_be_bytes());
        out.extend_from_slice(&place.position.to_be_bytes());
        out.extend_from_slice(&place.recorded_at.micros().to_be_bytes());
        out.extend_from_slice(&place.stream.0);
        out.extend_from_slice(&place.version.to_be_bytes());
        out.extend_from_slice(&place.previous.0);
        out.extend_from_slice(&self.event_type.to_be_bytes());
        out.extend_from_slice(&self.schema.to_be_bytes());
        out.extend_from_slice(&self.effective_at.micros().to_be_bytes());
        out.extend_from_slice(&self.actor.0);
        out.push(self.grade.number());
        out.push(self.signature.kind);
        out.extend_from_slice(&self.request.0);
        out.extend_from_slice(&self.item.to_be_bytes());
        out.extend_from_slice(&self.payload_root.0);
        out.extend_from_slice(&self.blind);
        // A body past the bound is refused long before its length could leave 32 bits.
        out.extend_from_slice(&u32::try_from(self.body.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(&self.body);
        out.extend_from_slice(&self.signature.bytes);
    }
}

impl Leaf {
    /// Reads a leaf's bytes; what was written is read back as it was.
    ///
    /// # Errors
    ///
    /// [`LeafError`] when the bytes are not exactly one leaf of a format this version reads.
    pub fn read(bytes: &[u8]) -> Result<Self, LeafError> {
        if bytes.len() > MOST_BYTES {
            return Err(LeafError::TooLong(bytes.len()));
        }
        let mut rest = Rest { bytes, at: 0 };
        let format = rest.u16()?;
        if format != FORMAT {
            return Err(LeafError::Format(format));
        }
        let position = rest.u64()?;
        let recorded_at = rest.timestamp("recorded_at")?;
        let stream = UnitId(rest.take()?);
        let version = rest.u64()?;
        let previous = Digest(rest.take()?);
        let place = Place { position, recorded_at, stream, version, previous };
        let event_type = rest.u16()?;
        let schema = rest.u16()?;
        let effective_at = rest.timestamp("effective_at")?;
        let actor = PrincipalId(rest.take()?);
        let [grade] = rest.take()?;
        let grade = Grade::from_number(grade).ok_or_else(|| none("origin grade", grade))?;
        let [kind] = rest.take()?;
        let request = RequestId(rest.take()?);
        let item = u32::from_be_bytes(rest.take()?);
        let payload_root = Digest(rest.take()?);
        let blind = rest.take()?;
        let length = u32::from_be_bytes(rest.take()?) as usize;
        let body = rest.slice(length)?.to_vec();
        let signature = Signature { kind, bytes: rest.all().to_vec() };
        if (kind == 0) != signature.bytes.is_empty() {
            let needed = rest.at + usize::from(kind != 0);
            return Err(LeafError::Length { seen: bytes.len(), needed });
        }
        let draft = Draft {
            event_type,
            schema,
            effective_at,
            actor,
            grade,
            request,
            item,
            payload_root,
            blind,
            body,
            signature,
        };
        Ok(Self { place, draft })
    }
}

fn none(field: &'static str, value: u8) -> LeafError {
    LeafError::Field { field, value: i64::from(value) }
}

struct Rest<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Rest<'a> {
    fn slice(&mut self, length: usize) -> Result<&'a [u8], LeafError> {
        let end = self.at.saturating_add(length);
        let slice = self.bytes.get(self.at..end);
        self.at = end;
        slice.ok_or(LeafError::Length { seen: self.bytes.len(), needed: end })
    }

    /// What is left, without taking it.
    fn all(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], LeafError> {
        let needed = self.at + N;
        let wrong = LeafError::Length { seen: self.bytes.len(), needed };
        self.slice(N)?.try_into().map_err(|_| wrong)
    }

    fn u16(&mut self) -> Result<u16, LeafError> {
        self.take().map(u16::from_be_bytes)
    }

    fn u64(&mut self) -> Result<u64, LeafError> {
        self.take().map(u64::from_be_bytes)
    }

    fn timestamp(&mut self, field: &'static str) -> Result<Timestamp, LeafError> {
        let value = i64::from_be_bytes(self.take()?);
        Timestamp::from_micros(value).map_err(|_| LeafError::Field { field, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn leaf(body: Vec<u8>, signature: Signature) -> Leaf {
        Leaf {
            place: Place {
                position: 7,
                recorded_at: Timestamp::from_micros(1_770_000_000_000_001).unwrap(),
                stream: UnitId([1; 16]),
                version: 3,
                previous: Digest([2; 32]),
            },
            draft: Draft {
                event_type: 200,
                schema: 1,
                effective_at: Timestamp::MIN,
                actor: PrincipalId([3; 16]),
                grade: Grade::Token,
                request: RequestId([4; 16]),
                item: 5,
                payload_root: Digest([6; 32]),
                blind: [7; 16],
                body,
                signature,
            },
        }
    }

    fn written(leaf: &Leaf) -> Vec<u8> {
        let mut bytes = Vec::new();
        leaf.draft.write(&leaf.place, &mut bytes);
        bytes
    }

    proptest! {
        #[test]
        fn a_leaf_is_read_back_as_it_was_written(body: Vec<u8>, kind: u8, bytes: Vec<u8>) {
            let signed = kind != 0 && !bytes.is_empty();
            let signature = if signed { Signature { kind, bytes } } else { Signature::NONE };
            let leaf = leaf(body, signature);
            let bytes = written(&leaf);
            prop_assert_eq!(bytes.len(), leaf.draft.length());
            prop_assert_eq!(Leaf::read(&bytes), Ok(leaf));
        }

        #[test]
        fn any_bytes_are_a_leaf_or_an_error(bytes: Vec<u8>) {
            let _ = Leaf::read(&bytes);
        }

        #[test]
        fn a_cut_or_longer_leaf_is_refused(cut in 0_usize..200) {
            let mut bytes = written(&leaf(vec![0xa0; 24], Signature::NONE));
            prop_assert_eq!(bytes.len(), 200);
            prop_assert!(Leaf::read(&bytes[..cut]).is_err());
            bytes.push(0);
            prop_assert!(Leaf::read(&bytes).is_err());
        }
    }

    #[test]
    fn bytes_of_a_signature_are_there_if_and_only_if_it_has_a_kind() {
        for (kind, bytes, needed) in [(0, vec![1], 176), (1, vec![], 177), (255, vec![], 177)] {
            let leaf = leaf(Vec::new(), Signature { kind, bytes });
            let wrong = LeafError::Length { seen: leaf.draft.length(), needed };
            assert_eq!(Leaf::read(&written(&leaf)), Err(wrong), "{kind}");
        }
    }

    #[test]
    fn a_newer_format_is_refused_with_both_numbers() {
        let mut bytes = written(&leaf(Vec::new(), Signature::NONE));
        bytes[1] = 2;
        let error = Leaf::read(&bytes).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the leaf has format 2, this version reads format 1: use a newer one"
        );
    }
}
