//! Gives records their places: position, stream version, previous hash and stamp.
//!
//! Invariants: positions are gapless, versions too in each stream, and stamps strictly increase.

use std::collections::HashMap;

use gradus_model::leaf::{Leaf, Place};
use gradus_model::{Digest, PrincipalId, RequestId, Timestamp, UnitId};
use gradus_proof::leaf_hash;

use crate::{Append, LogError, Placed};

/// The end of a stream.
#[derive(Clone, Copy, Debug)]
struct StreamHead {
    version: u64,
    leaf: Digest,
}

const EMPTY_STREAM: StreamHead = StreamHead { version: 0, leaf: Digest::ZERO };

/// A record with its place, as it goes to the storage.
#[derive(Debug)]
pub(crate) struct Sequenced {
    pub(crate) placed: Placed,
    pub(crate) origin: Origin,
    pub(crate) leaf: Vec<u8>,
    pub(crate) payload: Vec<u8>,
}

/// What a record is looked up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) stream: UnitId,
    pub(crate) actor: PrincipalId,
    pub(crate) request: RequestId,
}

/// The end of the log, as the writer sees it: what is queued before counts.
#[derive(Debug, Default)]
pub(crate) struct Sequencer {
    size: u64,
    last: Option<Timestamp>,
    heads: HashMap<UnitId, StreamHead>,
}

impl Sequencer {
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// The last record's stamp.
    pub(crate) const fn last(&self) -> Option<Timestamp> {
        self.last
    }

    /// Gives an append its places and adds its records to `out`; all of it or nothing.
    pub(crate) fn place(
        &mut self,
        append: Append,
        now: Timestamp,
        out: &mut Vec<Sequenced>,
    ) -> Result<Vec<Placed>, LogError> {
        self.check(&append)?;
        let records = append.parts.into_iter().flat_map(|part| {
            let stream = part.stream;
            part.records.into_iter().map(move |record| (stream, record))
        });
        let mut all_placed = Vec::new();
        for (stream, record) in records {
            let head = self.heads.entry(stream).or_insert(EMPTY_STREAM);
            let recorded_at = self.last.map_or(now, |last| now.max(last.plus_micros(1)));
            let place = Place {
                position: self.size,
                recorded_at,
                stream,
                version: head.version + 1,
                previous: head.leaf,
            };
            let mut leaf = Vec::new();
            record.draft.write(&place, &mut leaf);
            let hash = leaf_hash(&leaf);
            *head = StreamHead { version: place.version, leaf: hash };
            self.size += 1;
            self.last = Some(recorded_at);
            let placed = Placed {
                position: place.position,
                version: place.version,
                leaf_hash: hash,
                recorded_at,
            };
            let origin =
                Origin { stream, actor: record.draft.actor, request: record.draft.request };
            all_placed.push(placed);
            out.push(Sequenced { placed, origin, leaf, payload: record.payload });
        }
        Ok(all_placed)
    }

    /// Whether every part expects the version that its stream will have then.
    fn check(&self, append: &Append) -> Result<(), LogError> {
        let mut before: Option<(UnitId, u64)> = None;
        for part in &append.parts {
            let mut actual = self.version(part.stream);
            match before {
                Some((stream, added)) if stream == part.stream => actual += added,
                _ => (),
            }
            if part.expected != actual {
                let (stream, expected) = (part.stream, part.expected);
                return Err(LogError::StaleVersion { stream, expected, actual });
            }
            before = Some((part.stream, part.records.len() as u64));
        }
        Ok(())
    }

    fn version(&self, stream: UnitId) -> u64 {
        self.heads.get(&stream).map_or(0, |head| head.version)
    }

    /// Takes a stored leaf as the next one, or says why it cannot be.
    pub(crate) fn follow(&mut self, leaf: &Leaf, hash: Digest) -> Result<(), String> {
        let place = &leaf.place;
        if place.position != self.size {
            return Err(format!("the leaf there says position {}", place.position));
        }
        if let Some(last) = self.last.filter(|last| place.recorded_at <= *last) {
            return Err(format!("its stamp {} is not after {last}", place.recorded_at));
        }
        let head = self.heads.entry(place.stream).or_insert(EMPTY_STREAM);
        if place.version != head.version + 1 {
            let (stream, seen, last) = (place.stream, place.version, head.version);
            return Err(format!("version {seen} of stream {stream} follows version {last}"));
        }
        if place.previous != head.leaf {
            let stream = place.stream;
            return Err(format!("its link to the previous leaf of stream {stream} is wrong"));
        }
        *head = StreamHead { version: place.version, leaf: hash };
        self.size += 1;
        self.last = Some(place.recorded_at);
        Ok(())
    }
}
