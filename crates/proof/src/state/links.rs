//! The links of a whole log: each record follows the one before it, and each of a stream names the
//! last one of that stream.
//!
//! It holds 56 bytes a stream, however long the log is.

use std::collections::BTreeMap;

use gradus_model::leaf::{Leaf, Place};
use gradus_model::{Digest, Timestamp, UnitId};

use super::{Reached, StateError, gap};

/// The leaves of a log from position 0 on.
#[derive(Clone, Debug, Default)]
pub struct Links {
    size: u64,
    last: Option<Timestamp>,
    streams: BTreeMap<UnitId, Reached>,
}

impl Links {
    /// Of a log of which nothing was read.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many leaves were taken.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Takes the next leaf, whose hash is known.
    ///
    /// # Errors
    ///
    /// [`StateError::Gap`] for a leaf that is not the next one of the log, or of its stream: then
    /// nothing is taken. [`StateError::Leaf`].
    pub fn push(&mut self, bytes: &[u8], hash: &Digest) -> Result<(), StateError> {
        let place = Leaf::read(bytes)?.place;
        let Place { position, recorded_at, stream, version, .. } = place;
        let before = self.streams.get(&stream).copied().unwrap_or_default();
        let next = before.next();
        if position != self.size {
            return Err(gap(next, "position", &position, &self.size));
        }
        before.goes_on_with(&place)?;
        if let Some(last) = self.last.filter(|last| recorded_at <= *last) {
            return Err(gap(next, "stamp", &recorded_at, &format!("one after {last}")));
        }
        self.size += 1;
        self.last = Some(recorded_at);
        self.streams.insert(stream, Reached { version, head: *hash });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradus_model::leaf::{Draft, Signature};
    use gradus_model::unit::Grade;
    use gradus_model::{PrincipalId, RequestId};

    fn place(position: u64, stream: u8, version: u64, previous: Digest) -> Place {
        let recorded_at = Timestamp::MIN.plus_micros(i64::try_from(position).unwrap());
        Place { position, recorded_at, stream: UnitId([stream; 16]), version, previous }
    }

    /// A leaf of 100 bytes or so, and its hash.
    fn leaf(place: &Place) -> (Vec<u8>, Digest) {
        let draft = Draft {
            event_type: 1,
            schema: 1,
            effective_at: Timestamp::MIN,
            actor: PrincipalId([3; 16]),
            grade: Grade::Token,
            request: RequestId([4; 16]),
            item: 0,
            payload_root: Digest::ZERO,
            blind: [5; 16],
            body: Vec::new(),
            signature: Signature::NONE,
        };
        let mut bytes = Vec::new();
        draft.write(place, &mut bytes);
        let hash = crate::leaf_hash(&bytes);
        (bytes, hash)
    }

    #[test]
    fn a_leaf_that_does_not_follow_is_named_by_what_does_not_fit() {
        let mut links = Links::new();
        let (bytes, first) = leaf(&place(0, 1, 1, Digest::ZERO));
        links.push(&bytes, &first).unwrap();
        let (bytes, hash) = leaf(&place(1, 2, 1, Digest::ZERO));
        links.push(&bytes, &hash).unwrap();
        let right = place(2, 1, 2, first);
        for (wrong, field) in [
            (Place { position: 3, ..right }, "position"),
            (Place { version: 3, ..right }, "version"),
            (Place { stream: UnitId([2; 16]), ..right }, "previous leaf"),
            (Place { stream: UnitId([3; 16]), ..right }, "version"),
            (Place { previous: hash, ..right }, "previous leaf"),
            (Place { recorded_at: Timestamp::MIN, ..right }, "stamp"),
        ] {
            let (bytes, hash) = leaf(&wrong);
            match links.push(&bytes, &hash) {
                Err(StateError::Gap { field: seen, .. }) => assert_eq!(seen, field, "{wrong:?}"),
                other => panic!("{wrong:?}: {other:?}"),
            }
        }
        let (bytes, hash) = leaf(&right);
        links.push(&bytes, &hash).unwrap();
        assert_eq!(links.size(), 3);
    }
}
