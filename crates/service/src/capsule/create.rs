//! Makes a capsule of the log.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gradus_capsule::check::write_consistency;
use gradus_capsule::file::{CHECKPOINT, CONSISTENCY, write};
use gradus_capsule::manifest::{FORMAT, Manifest, UnitClaim, WITH_HEADS};
use gradus_capsule::shown::{Moment, Text};
use gradus_capsule::stream::bundle;
use gradus_capsule::texts::{self, Line};
use gradus_capsule::{fault::stream_member, known_at};
use gradus_domain::appraisal::stream_of;
use gradus_model::{Digest, Event, Recorded, Timestamp, UnitId};
use gradus_proof::{Note, TlogProof, sha256};

use super::fold::Folded;
use crate::access::Caller;
use crate::checkpoints::{Included, Signed};
use crate::coordinate::{Coordinate, Known, Resolved};
use crate::error::ServiceError;
use crate::levels::AskedLevels;
use crate::records::ReadRecord;
use crate::service::Service;

/// The most bytes of a capsule's records, texts and documents together: it is made in memory.
pub const MOST_BYTES: usize = 256 << 20;
/// The most units that a capsule claims levels of.
const MOST_UNITS: usize = 1_000;
/// Records that are read at a time.
const AT_ONCE: usize = 4_096;
/// Records whose texts are opened before others have their turn.
const OPENED_AT_ONCE: usize = 64;

/// What a capsule is to hold.
#[derive(Clone, Debug, Default)]
pub struct AskedCapsule {
    /// The units whose levels are claimed, in this order.
    pub units: Vec<String>,
    /// Every unit and every stream of the log, in place of some units.
    pub all: bool,
    /// The moment of the units' life; now if none is given.
    pub valid_at: Option<Timestamp>,
    /// How much of the log is known.
    pub known: Known,
    /// Names of payload fields that are withheld everywhere.
    pub withhold: Vec<String>,
    /// Whether all texts are left out.
    pub without_texts: bool,
    /// Whether only what a state digest says is told, without a record.
    pub summary: bool,
}

/// A stream up to the capsule's size; its last record is proved.
struct Stream {
    id: UnitId,
    records: Vec<ReadRecord>,
    proof: Vec<u8>,
}

impl Service {
    /// A capsule of some units, or of the whole log; for those who may prove all of it, since the
    /// organization's stream, which tells who and what the units are, tells of every unit.
    ///
    /// The same question has the same bytes, until a text is erased, the caller may read other texts
    /// than before, witnesses sign the checkpoint, or the first state digest of its size is recorded.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotSettled`] while no record bounds what was known,
    /// [`ServiceError::TooMuch`] past [`MOST_BYTES`], and what a question for levels is refused with.
    pub async fn create_capsule(
        self: &Arc<Self>,
        by: &Caller,
        asked: &AskedCapsule,
    ) -> Result<Vec<u8>, ServiceError> {
        if asked.summary {
            if asked.all {
                self.whole(by)?;
            }
            let _alone = self.capsule.lock().await;
            return Box::pin(self.create_summary(by, asked)).await;
        }
        self.whole(by)?;
        let _alone = self.capsule.lock().await;
        let coordinate =
            Coordinate { valid_at: asked.valid_at, known: asked.known, ..Coordinate::default() };
        let resolved = self.resolve(&coordinate).await?;
        let size = resolved.log_size;
        if size == 0 {
            let reason = "nothing was recorded yet: there is nothing to prove";
            return Err(ServiceError::invalid("coordinate", reason));
        }
        let units = self.units_of_capsule(by, asked, size)?;
        let covered = size + u64::from(resolved.known_at.is_some());
        if covered > resolved.head {
            let at = resolved.known_at.unwrap_or(resolved.valid_at);
            return Err(ServiceError::NotSettled { at, size });
        }
        let described = self.described_for(size).await;
        let covered = described.as_ref().map_or(covered, |digest| covered.max(digest.covered()));
        let checkpoint = self.kept_checkpoint(covered).await?;
        let mut bytes = 0;
        let mut streams = Vec::new();
        let ids = self.streams_of_capsule(&units, asked.all, size);
        for id in ids.iter().copied() {
            if let Some(stream) = self.stream_of_capsule(id, size, &checkpoint).await? {
                let of = |record: &ReadRecord| record.leaf.len() + record.sealed_len();
                bytes += stream.records.iter().map(of).sum::<usize>();
                if bytes > MOST_BYTES {
                    let (field, what, limit) = ("units", "bytes of records", MOST_BYTES);
                    return Err(ServiceError::TooMuch { field, what, seen: bytes, limit });
                }
                streams.push(stream);
            }
        }
        streams.sort_by_key(|stream| {
            stream.records.first().map(|record| record.recorded.place.position)
        });
        let documents: BTreeMap<Digest, Vec<u8>> = self
            .exported_documents(size)
            .map(|read| read.map(|bytes| (sha256(&bytes), bytes)))
            .collect::<Result<_, _>>()?;
        let fold = move || fold(&streams, &documents).map(|folded| (streams, documents, folded));
        let (streams, documents, folded) = aside(fold).await??;
        let mut claims = Vec::with_capacity(units.len());
        for unit in units {
            claims.push(self.claim_of(by, &folded, unit, &resolved).await?);
        }
        let mut members = self.proofs_of_capsule(&resolved, &checkpoint).await?;
        let format = if described.is_some() { WITH_HEADS } else { FORMAT };
        if let Some(digest) = &described {
            members.extend(self.heads_of_capsule(digest, &ids, size, &checkpoint).await?);
        }
        self.add_streams(by, asked, &folded, streams, &mut members).await?;
        let held = documents.into_iter();
        members.extend(held.map(|(digest, bytes)| (format!("documents/{digest}"), bytes)));
        let manifest = Manifest {
            format,
            log: Text(self.log_id),
            origin: origin(&checkpoint)?,
            valid_at: Moment(resolved.valid_at),
            log_size: size,
            root: Text(resolved.root),
            known_at: resolved.known_at.map(Moment),
            checkpoint_size: checkpoint.head.size,
            units: claims,
            members: Vec::new(),
            digest: Text(Digest::ZERO),
        };
        aside(move || write(manifest, &members)).await
    }

    pub(super) fn units_of_capsule(
        &self,
        by: &Caller,
        asked: &AskedCapsule,
        size: u64,
    ) -> Result<Vec<UnitId>, ServiceError> {
        let units: Vec<UnitId> = if asked.all {
            let views = self.views();
            let known = views.registry.units().filter(|unit| unit.position < size);
            let mut known: Vec<_> = known.map(|unit| (unit.position, unit.id)).collect();
            known.sort_unstable();
            known.into_iter().map(|(_, unit)| unit).collect()
        } else {
            let mut seen = BTreeSet::new();
            let units = asked.units.iter().map(|unit| self.unit(by, unit));
            let units: Vec<UnitId> = units.collect::<Result<_, _>>()?;
            units.into_iter().filter(|unit| seen.insert(*unit)).collect()
        };
        let seen = units.len();
        if seen == 0 {
            return Err(ServiceError::invalid("units", "none is named: name some, or ask for all"));
        }
        if seen > MOST_UNITS {
            let (field, what, limit) = ("units", "units", MOST_UNITS);
            return Err(ServiceError::TooMuch { field, what, seen, limit });
        }
        Ok(units)
    }

    /// The streams that the levels of units are folded from, and those of the appraisals of them; or
    /// all that there are.
    fn streams_of_capsule(&self, units: &[UnitId], all: bool, size: u64) -> BTreeSet<UnitId> {
        let views = self.views();
        let mut streams: BTreeSet<UnitId> = views.registry.organization.into_iter().collect();
        if all {
            streams.extend(views.registry.units().map(|unit| unit.id));
        }
        for unit in units {
            streams.extend(views.registry.ever_above(*unit, size));
        }
        let over = |units: &[UnitId]| all || units.iter().any(|unit| streams.contains(unit));
        let known = views.appraisals.all().filter(|known| over(&known.input.units));
        let appraisals: Vec<UnitId> = known.map(|known| stream_of(known.id)).collect();
        streams.extend(appraisals);
        streams
    }

    /// A stream up to a size, with the proof of its last record; none where nothing was recorded.
    async fn stream_of_capsule(
        &self,
        id: UnitId,
        size: u64,
        checkpoint: &Signed,
    ) -> Result<Option<Stream>, ServiceError> {
        let mut records: Vec<ReadRecord> = Vec::new();
        let mut bytes = 0;
        loop {
            let some = self.stream_from(id, records.len() as u64 + 1, AT_ONCE).await?;
            let read = some.len();
            let some = some.into_iter().filter(|record| record.position() < size);
            let before = records.len();
            records.extend(some.inspect(|record| bytes += record.leaf.len()));
            if read == 0 || records.len() < before + read || bytes > MOST_BYTES {
                break;
            }
        }
        let Some(last) = records.last().map(ReadRecord::position) else { return Ok(None) };
        let hashes = self.inclusion(last, checkpoint.head.size).await?;
        let proof = proof_file(last, hashes, checkpoint)?;
        Ok(Some(Stream { id, records, proof }))
    }

    /// What the records say of a unit's levels, which has to be what the server answers.
    async fn claim_of(
        &self,
        by: &Caller,
        folded: &Folded,
        unit: UnitId,
        resolved: &Resolved,
    ) -> Result<UnitClaim, ServiceError> {
        let differs = ServiceError::Fault("a capsule's records give other levels than the index");
        let claim = folded.claim(self.log_id, unit, resolved.at());
        let claim = claim.map_err(|_| ServiceError::Fault("a capsule's records do not fold"))?;
        let known = Known::Size(resolved.log_size);
        let valid_at = Some(resolved.valid_at);
        let coordinate = Coordinate { valid_at, known, ..Coordinate::default() };
        let unit = unit.to_string();
        for (with_practices, digest) in
            [(false, claim.digest.0), (true, claim.digest_with_practices.0)]
        {
            let wanted = AskedLevels { areas: Vec::new(), with_practices };
            if self.levels(by, &unit, &coordinate, &wanted).await?.digest != digest {
                return Err(differs);
            }
        }
        Ok(claim)
    }

    /// The members that are not of one stream.
    async fn proofs_of_capsule(
        &self,
        resolved: &Resolved,
        checkpoint: &Signed,
    ) -> Result<Vec<(String, Vec<u8>)>, ServiceError> {
        let size = resolved.log_size;
        let consistency = self.prove_consistency(size, checkpoint.head.size).await?;
        let mut members = vec![
            (CHECKPOINT.to_owned(), checkpoint.note.as_bytes().to_vec()),
            (CONSISTENCY.to_owned(), write_consistency(&consistency)),
        ];
        if resolved.known_at.is_none() {
            return Ok(members);
        }
        let [last, last_proof, next, next_proof] = known_at::MEMBERS;
        for (position, leaf, proof) in [(size - 1, last, last_proof), (size, next, next_proof)] {
            let Included { leaf: bytes, proof: hashes, .. } =
                self.leaf_at(position, checkpoint).await?;
            members.push((leaf.to_owned(), bytes));
            members.push((proof.to_owned(), proof_file(position, hashes, checkpoint)?));
        }
        Ok(members)
    }

    async fn add_streams(
        &self,
        by: &Caller,
        asked: &AskedCapsule,
        folded: &Folded,
        streams: Vec<Stream>,
        members: &mut Vec<(String, Vec<u8>)>,
    ) -> Result<(), ServiceError> {
        for stream in &streams {
            let leaves = stream.records.iter().map(|record| record.leaf.as_slice());
            members.push((stream_member(stream.id), bundle(leaves)));
        }
        for stream in &streams {
            members.push((format!("proofs/{}.tlog-proof", stream.id), stream.proof.clone()));
        }
        if asked.without_texts {
            return Ok(());
        }
        for stream in &streams {
            let mut lines = Vec::new();
            for records in stream.records.chunks(OPENED_AT_ONCE) {
                for record in records {
                    lines.extend(self.line_of(by, asked, folded, record)?);
                }
                // Opening takes its time, and others wait for this thread.
                tokio::task::yield_now().await;
            }
            members.push((format!("texts/{}", stream.id), texts::write(&lines)));
        }
        Ok(())
    }

    /// The texts of a record as the caller may read them; none where there are none.
    fn line_of(
        &self,
        by: &Caller,
        asked: &AskedCapsule,
        folded: &Folded,
        record: &ReadRecord,
    ) -> Result<Option<Line>, ServiceError> {
        let version = record.recorded.place.version;
        let Some(opened) = self.opened_record(record)? else {
            return Ok(Some(Line::erased(version)));
        };
        if opened.payload.is_empty() {
            return Ok(None);
        }
        let sealed = is_sealed(folded, &record.recorded);
        let readable = !sealed && self.may_read(by, &record.recorded, &opened.payload);
        let line = Line::of(version, &opened.payload, &opened.salts, |field| {
            !readable || asked.withhold.contains(&field.name)
        });
        Ok(Some(line))
    }
}

/// Whether a rating was sealed until all are in, as known at the capsule's size: what was revealed
/// later stays withheld, so that the bytes stay the same.
fn is_sealed(folded: &Folded, recorded: &Recorded) -> bool {
    let Event::IndividualRatingSealed(of) = &recorded.event else { return false };
    let known = folded.views.appraisals.of_stream(recorded.place.stream);
    known.is_none_or(|known| !known.revealed.contains_key(&of.subject))
}

/// Does what takes its time on a thread of its own.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ServiceError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| ServiceError::Fault("a capsule could not be made"))
}

fn fold(streams: &[Stream], documents: &BTreeMap<Digest, Vec<u8>>) -> Result<Folded, ServiceError> {
    let all = streams.iter().flat_map(|stream| &stream.records);
    let mut records: Vec<Recorded> = all.map(|record| record.recorded.clone()).collect();
    records.sort_by_key(|record| record.place.position);
    Folded::of(&records, documents)
        .map_err(|_| ServiceError::Fault("a capsule's records do not fold"))
}

fn note(checkpoint: &Signed) -> Result<Note, ServiceError> {
    Note::parse(checkpoint.note.as_bytes())
        .map_err(|_| ServiceError::Fault("our own checkpoint cannot be read"))
}

pub(super) fn origin(checkpoint: &Signed) -> Result<String, ServiceError> {
    let read = gradus_proof::Checkpoint::parse(&note(checkpoint)?.text);
    let read = read.map_err(|_| ServiceError::Fault("our own checkpoint cannot be read"))?;
    Ok(read.origin)
}

pub(super) fn proof_file(
    index: u64,
    hashes: Vec<Digest>,
    checkpoint: &Signed,
) -> Result<Vec<u8>, ServiceError> {
    let checkpoint = note(checkpoint)?;
    Ok(TlogProof { extra: None, index, hashes, checkpoint }.to_bytes())
}
