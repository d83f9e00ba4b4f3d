//! Reading records back: leaves as events, payloads opened where their key still is.

use gradus_domain::access::Right;
use gradus_log::{ReadLimit, StoredRecord};
use gradus_model::payload::Class;
use gradus_model::{Leaf, Payload, Recorded, UnitId};

use crate::access::Caller;
use crate::error::ServiceError;
use crate::seal::{self, Opened};
use crate::service::Service;

/// A record, read.
#[derive(Clone, Debug)]
pub struct ReadRecord {
    /// The leaf's bytes, as they were hashed.
    pub leaf: Vec<u8>,
    /// What they say.
    pub recorded: Recorded,
    /// The sealed payload.
    sealed: Vec<u8>,
    /// What the leaf commits to.
    payload_root: gradus_model::Digest,
}

impl ReadRecord {
    pub(crate) fn read(stored: StoredRecord) -> Result<Self, ServiceError> {
        let leaf =
            Leaf::read(&stored.leaf).map_err(gradus_model::recorded::UnreadableLeaf::from)?;
        let recorded = Recorded::from_leaf(&leaf)?;
        let payload_root = leaf.draft.payload_root;
        Ok(Self { leaf: stored.leaf, recorded, sealed: stored.payload, payload_root })
    }

    /// Where it stands in the log.
    pub(crate) const fn position(&self) -> u64 {
        self.recorded.place.position
    }

    /// The bytes of its sealed payload.
    pub(crate) const fn sealed_len(&self) -> usize {
        self.sealed.len()
    }
}

/// What of a record's texts somebody may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Texts {
    /// All of them; there may be none.
    Readable(Payload),
    /// Their key was destroyed.
    Erased,
    /// They are of a class that needs a right of its own, or sealed until all ratings are in.
    Withheld,
}

impl Texts {
    /// A text, if it may be read.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        match self {
            Self::Readable(payload) => payload.get(name),
            Self::Withheld | Self::Erased => None,
        }
    }

    /// What can be read.
    #[must_use]
    pub fn payload(self) -> Payload {
        match self {
            Self::Readable(payload) => payload,
            Self::Erased | Self::Withheld => Payload::empty(),
        }
    }
}

impl Service {
    /// What of a record's texts the caller may read; the record itself is theirs to read.
    pub fn texts(&self, by: &Caller, record: &ReadRecord) -> Result<Texts, ServiceError> {
        if self.is_sealed(record) {
            return Ok(Texts::Withheld);
        }
        let Some(payload) = self.open_payload(record)? else { return Ok(Texts::Erased) };
        let readable = self.may_read(by, &record.recorded, &payload);
        Ok(if readable { Texts::Readable(payload) } else { Texts::Withheld })
    }

    /// The texts of a record, whoever asks; `None` when they were erased.
    pub(crate) fn open_payload(
        &self,
        record: &ReadRecord,
    ) -> Result<Option<Payload>, ServiceError> {
        Ok(self.opened_record(record)?.map(|opened| opened.payload))
    }

    /// The texts of a record with their salts, whoever asks; `None` when they were erased.
    pub(crate) fn opened_record(
        &self,
        record: &ReadRecord,
    ) -> Result<Option<Opened>, ServiceError> {
        let place = record.recorded.place;
        if record.sealed.is_empty() && record.payload_root == gradus_model::Digest::ZERO {
            return Ok(Some(Opened { payload: Payload::empty(), salts: Vec::new() }));
        }
        let Some(key) = self.keys.key(place.stream, place.version)? else { return Ok(None) };
        let (stream, version, root) = (place.stream, place.version, record.payload_root);
        Ok(Some(seal::open(&record.sealed, &key, self.log_id, stream, version, root)?))
    }

    /// Whether the caller may read these texts of a record that is theirs to read.
    pub(crate) fn may_read(&self, by: &Caller, record: &Recorded, texts: &Payload) -> bool {
        let class = texts.class();
        let may = |class| {
            let asked = Caller { right: Right::to_texts(class), ..*by };
            self.may(&asked, record.place.stream)
        };
        let own = record.actor == by.actor.principal;
        own || class == Some(Class::Ordinary) || class.is_some_and(may)
    }

    /// Records from a position on, at most `records` of them and 2 MiB.
    pub async fn records_from(
        &self,
        from: u64,
        records: usize,
    ) -> Result<Vec<ReadRecord>, ServiceError> {
        let most = ReadLimit { records, bytes: 2 << 20 };
        self.log.read(from, most).await?.into_iter().map(ReadRecord::read).collect()
    }

    /// As [`Self::records_from`], as they are stored: nothing of them is read.
    pub async fn stored_from(
        &self,
        from: u64,
        records: usize,
    ) -> Result<Vec<StoredRecord>, ServiceError> {
        Ok(self.log.read(from, ReadLimit { records, bytes: 2 << 20 }).await?)
    }

    /// Records of one unit's stream from a version on, at most `records` of them and 2 MiB.
    pub async fn stream_from(
        &self,
        unit: UnitId,
        from: u64,
        records: usize,
    ) -> Result<Vec<ReadRecord>, ServiceError> {
        let most = ReadLimit { records, bytes: 2 << 20 };
        self.log.read_stream(unit, from, most).await?.into_iter().map(ReadRecord::read).collect()
    }

    /// The record at a position.
    pub async fn record_at(&self, position: u64) -> Result<ReadRecord, ServiceError> {
        let found = self.records_from(position, 1).await?.into_iter().next();
        found.ok_or_else(|| ServiceError::not_found("position", position))
    }

    /// The record at a version of a stream; waits if it is queued and not durable yet.
    pub(crate) async fn record_of(
        &self,
        stream: UnitId,
        version: u64,
    ) -> Result<ReadRecord, ServiceError> {
        let mut head = self.log.watch();
        loop {
            if let Some(found) = self.stream_from(stream, version, 1).await?.into_iter().next() {
                return Ok(found);
            }
            head.changed().await.map_err(|_| gradus_log::LogError::Closed)?;
        }
    }
}
