//! Gives records their places: position, stream version, previous hash and stamp.
//!
//! Invariants: positions are gapless, versions too in each stream, and stamps strictly increase.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use gradus_model::leaf::{Leaf, Place};
use gradus_model::{Digest, PrincipalId, RequestId, Timestamp, UnitId};
use gradus_proof::tree::leaf_hashes;

use crate::{Append, LogError, NewRecord, Placed};

/// The end of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sequencer {
    size: u64,
    last: Option<Timestamp>,
    heads: HashMap<UnitId, StreamHead>,
}

impl Sequencer {
    /// At the end of a log of `size`, of which `streams` are the versions and last leaf hashes.
    pub(crate) fn at(
        size: u64,
        last: Timestamp,
        streams: impl IntoIterator<Item = (UnitId, u64, Digest)>,
    ) -> Self {
        let head = |(stream, version, leaf)| (stream, StreamHead { version, leaf });
        Self { size, last: Some(last), heads: streams.into_iter().map(head).collect() }
    }

    /// The streams, their versions and the hashes of their last leaves.
    pub(crate) fn streams(&self) -> impl Iterator<Item = (UnitId, u64, Digest)> + '_ {
        self.heads.iter().map(|(stream, head)| (*stream, head.version, head.leaf))
    }

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
        let placed = self.place_all([append], now, out).into_iter().next();
        placed.unwrap_or(Err(LogError::Empty))
    }

    /// As [`Sequencer::place`] for appends one after the other; leaves of different streams are
    /// hashed side by side.
    pub(crate) fn place_all(
        &mut self,
        appends: impl IntoIterator<Item = Append>,
        now: Timestamp,
        out: &mut Vec<Sequenced>,
    ) -> Vec<Result<Vec<Placed>, LogError>> {
        let mut drafts = Vec::new();
        let ranges: Vec<Result<Range<usize>, LogError>> = appends
            .into_iter()
            .map(|append| {
                let from = drafts.len();
                self.reserve(append, now, &mut drafts).map(|()| from..drafts.len())
            })
            .collect();
        let leaves = self.linked(&drafts);
        let placed: Vec<Placed> = drafts
            .iter()
            .zip(&leaves)
            .map(|((place, _), (_, leaf_hash))| Placed {
                position: place.position,
                version: place.version,
                leaf_hash: *leaf_hash,
                recorded_at: place.recorded_at,
            })
            .collect();
        let records = drafts.into_iter().zip(leaves).zip(&placed);
        out.extend(records.map(|(((place, record), (leaf, _)), placed)| {
            let NewRecord { draft, payload } = record;
            let origin =
                Origin { stream: place.stream, actor: draft.actor, request: draft.request };
            Sequenced { placed: *placed, origin, leaf, payload }
        }));
        let of = |range: Range<usize>| placed.get(range).unwrap_or_default().to_vec();
        ranges.into_iter().map(|range| range.map(of)).collect()
    }

    /// Gives an append its places, all but the links to the leaves before.
    fn reserve(
        &mut self,
        append: Append,
        now: Timestamp,
        out: &mut Vec<(Place, NewRecord)>,
    ) -> Result<(), LogError> {
        self.check(&append)?;
        let records = append.parts.into_iter().flat_map(|part| {
            let stream = part.stream;
            part.records.into_iter().map(move |record| (stream, record))
        });
        for (stream, record) in records {
            let head = self.heads.entry(stream).or_insert(EMPTY_STREAM);
            head.version += 1;
            let recorded_at = self.last.map_or(now, |last| now.max(last.plus_micros(1)));
            let place = Place {
                position: self.size,
                recorded_at,
                stream,
                version: head.version,
                previous: Digest::ZERO,
            };
            self.size += 1;
            self.last = Some(recorded_at);
            out.push((place, record));
        }
        Ok(())
    }

    /// The leaves of records that have their places, linked, and their hashes.
    ///
    /// A leaf needs the hash of the one before it in its stream: in each round every stream has one.
    fn linked(&mut self, drafts: &[(Place, NewRecord)]) -> Vec<(Vec<u8>, Digest)> {
        let mut streams: HashMap<UnitId, VecDeque<usize>> = HashMap::new();
        for (at, (place, _)) in drafts.iter().enumerate() {
            streams.entry(place.stream).or_default().push_back(at);
        }
        let mut streams: Vec<VecDeque<usize>> = streams.into_values().collect();
        let mut leaves = vec![(Vec::new(), Digest::ZERO); drafts.len()];
        while !streams.is_empty() {
            let round: Vec<usize> = streams.iter_mut().filter_map(VecDeque::pop_front).collect();
            let written: Vec<Vec<u8>> = round
                .iter()
                .filter_map(|at| drafts.get(*at))
                .map(|(place, record)| {
                    let previous =
                        self.heads.get(&place.stream).map_or(Digest::ZERO, |head| head.leaf);
                    let mut leaf = Vec::with_capacity(record.draft.length());
                    record.draft.write(&Place { previous, ..*place }, &mut leaf);
                    leaf
                })
                .collect();
            let hashes = leaf_hashes(&written.iter().map(Vec::as_slice).collect::<Vec<_>>());
            for ((at, leaf), hash) in round.into_iter().zip(written).zip(hashes) {
                if let Some(((place, _), linked)) = drafts.get(at).zip(leaves.get_mut(at)) {
                    self.heads.entry(place.stream).or_insert(EMPTY_STREAM).leaf = hash;
                    *linked = (leaf, hash);
                }
            }
            streams.retain(|stream| !stream.is_empty());
        }
        leaves
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
