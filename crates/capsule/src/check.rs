//! What anyone can check of a capsule without the rules: signatures, proofs, chains and commitments.

use std::collections::BTreeMap;

use gradus_model::{Digest, Event, Recorded, UnitId};
use gradus_proof::handover::followed;
use gradus_proof::policy::Cosigned;
use gradus_proof::text::{base64, hash};
use gradus_proof::{
    Checkpoint, Handover, Note, Policy, RightEdge, VerifierKey, leaf_hash, sha256,
    verify_consistency,
};

use crate::fault::{Fault, stream_member};
use crate::file::{CHECKPOINT, CONSISTENCY, Capsule, Kind, MANIFEST};
use crate::heads::{self, Heads};
use crate::known_at::{self, proof_of};
use crate::stream::{Stream, leaves};
use crate::texts::{self, Counted};

/// Whose signatures count.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trust<'a> {
    /// Keys of the log; one of them has to have signed.
    pub keys: &'a [VerifierKey],
    /// A policy that has to take the checkpoint.
    pub policy: Option<&'a Policy>,
}

/// What was found to be true of a capsule.
#[derive(Clone, Debug)]
pub struct Checked<'a> {
    /// The checkpoint that everything is proved against.
    pub checkpoint: Checkpoint,
    /// The key of the log that signed it; none if none was given.
    pub signed_by: Option<VerifierKey>,
    /// The witnesses of the policy that signed it.
    pub witnesses: Vec<Cosigned>,
    /// Whether the size is proved to be what was known at the moment that was asked for.
    pub known_at: bool,
    /// The streams, in the order of the file.
    pub streams: Vec<Stream<'a>>,
    /// Their records, in the order of the log.
    pub records: Vec<Recorded>,
    /// Whether those are all records of the log at its size.
    pub complete: bool,
    /// What a state digest says of where the streams end; none where there is none.
    pub heads: Option<Heads>,
    /// The texts; none where all were left out.
    pub texts: Option<Counted>,
    /// The held documents by digest.
    pub documents: BTreeMap<Digest, &'a [u8]>,
}

/// Checks a capsule.
///
/// # Errors
///
/// [`Fault`]: the first thing that is not as it must be.
pub fn check<'a>(capsule: &Capsule<'a>, trust: &Trust<'_>) -> Result<Checked<'a>, Fault> {
    // Streams and texts name the record that was changed, which their hash cannot.
    let by_record = |kind| matches!(kind, Kind::Stream(_) | Kind::Texts(_));
    for member in capsule.members().iter().filter(|member| !by_record(member.kind)) {
        member.unchanged()?;
    }
    let note = capsule.member(Kind::Checkpoint, CHECKPOINT)?;
    let note = Note::parse(note.bytes).map_err(|error| Fault::new(CHECKPOINT, error))?;
    let (checkpoint, signed_by, witnesses) = signed(capsule, &note, trust)?;
    consistency(capsule, &checkpoint)?;
    let known_at = known_at::check(capsule, &note, &checkpoint)?;
    let streams = streams(capsule, &note, &checkpoint)?;
    let records = in_order(capsule, &streams)?;
    let complete = complete(capsule, &streams, &records)?;
    let organization = records.first().map_or(UnitId([0; 16]), |record| record.place.stream);
    let heads = heads::check(capsule, &note, &checkpoint, &streams, organization)?;
    let texts = all_texts(capsule, &streams)?;
    let documents = documents(capsule)?;
    Ok(Checked {
        checkpoint,
        signed_by,
        witnesses,
        known_at,
        streams,
        records,
        complete,
        heads,
        texts,
        documents,
    })
}

/// The checkpoint, the key of the log that signed it, and the witnesses that did.
pub(crate) type SignedBy = (Checkpoint, Option<VerifierKey>, Vec<Cosigned>);

fn signed(capsule: &Capsule<'_>, note: &Note, trust: &Trust<'_>) -> Result<SignedBy, Fault> {
    let manifest = &capsule.manifest;
    let handovers = handovers(capsule, &manifest.origin);
    signed_by((&manifest.origin, manifest.checkpoint_size), note, trust, &handovers)
}

/// The checkpoint of a note, which has to be of this origin and size, and who signed it: a key that is
/// trusted, or one that it handed over to.
pub(crate) fn signed_by(
    of: (&str, u64),
    note: &Note,
    trust: &Trust<'_>,
    handovers: &[Handover],
) -> Result<SignedBy, Fault> {
    let wrong = |error: &dyn ToString| Fault::new(CHECKPOINT, error.to_string());
    let mut checkpoint = Checkpoint::parse(&note.text).map_err(|error| wrong(&error))?;
    let (mut signed_by, mut witnesses) = (None, Vec::new());
    if let Some(policy) = trust.policy {
        let policy = policy.following(handovers);
        let verdict = policy.require(note).map_err(|error| wrong(&error))?;
        (checkpoint, signed_by, witnesses) = (verdict.checkpoint, verdict.log, verdict.witnesses);
    }
    if !trust.keys.is_empty() {
        let keys = followed(trust.keys, handovers);
        checkpoint = Checkpoint::open_by(note, &keys).map_err(|error| wrong(&error))?;
        signed_by = keys.into_iter().find(|key| key.verify(note).is_ok());
    }
    if (checkpoint.origin.as_str(), checkpoint.size) != of {
        let Checkpoint { origin, size, .. } = &checkpoint;
        let what = format!("it is of {size} records of `{origin}`, and `{MANIFEST}` says another");
        return Err(wrong(&what));
    }
    Ok((checkpoint, signed_by, witnesses))
}

/// What each key of the log said of the one after it. That these records are in the log is found out
/// later, as of all others; until then the signature of the old key is what vouches for the new one.
fn handovers(capsule: &Capsule<'_>, origin: &str) -> Vec<Handover> {
    let streams = capsule.members().iter().filter(|of| matches!(of.kind, Kind::Stream(_)));
    let all = streams.flat_map(|member| leaves(member.bytes).map_while(|leaf| leaf));
    let rotated = all.filter_map(|leaf| {
        let recorded = Recorded::read(leaf).ok()?;
        let Event::LogKeyRotated(of) = recorded.event else { return None };
        let handover = Handover::read(origin, (of.from.0, of.to.0), &of.signature).ok()?;
        Some((recorded.place.position, handover))
    });
    let mut rotated: Vec<(u64, Handover)> = rotated.collect();
    rotated.sort_by_key(|(position, _)| *position);
    rotated.into_iter().map(|(_, handover)| handover).collect()
}

/// The bytes of [`CONSISTENCY`].
#[must_use]
pub fn write_consistency(hashes: &[Digest]) -> Vec<u8> {
    let lines = hashes.iter().map(|hash| base64(&hash.0) + "\n");
    lines.collect::<String>().into_bytes()
}

fn consistency(capsule: &Capsule<'_>, checkpoint: &Checkpoint) -> Result<(), Fault> {
    let member = capsule.member(Kind::Consistency, CONSISTENCY)?;
    let wrong = |what: &dyn ToString| Fault::new(CONSISTENCY, what.to_string());
    let text = std::str::from_utf8(member.bytes).map_err(|error| wrong(&error))?;
    let hashes: Option<Vec<Digest>> = text.lines().map(hash).collect();
    let hashes = hashes.filter(|hashes| write_consistency(hashes) == member.bytes);
    let hashes = hashes.ok_or_else(|| wrong(&"it is no list of hashes, one in base64 a line"))?;
    let (size, root) = (capsule.manifest.log_size, &capsule.manifest.root.0);
    verify_consistency(size, root, checkpoint.size, &checkpoint.root, &hashes)
        .map_err(|error| wrong(&error))
}

fn streams<'a>(
    capsule: &Capsule<'a>,
    note: &Note,
    checkpoint: &Checkpoint,
) -> Result<Vec<Stream<'a>>, Fault> {
    let mut streams = Vec::new();
    for member in capsule.members() {
        let Kind::Stream(id) = member.kind else { continue };
        let name = format!("proofs/{id}.tlog-proof");
        let proof = proof_of(&name, capsule.member(Kind::Proof(id), &name)?.bytes, note)?;
        let stream = Stream::read(&member.name, id, member.bytes)?;
        stream.check(&member.name, capsule.manifest.log_size, &proof, checkpoint)?;
        member.unchanged()?;
        streams.push(stream);
    }
    let is_here = |id: &UnitId| streams.iter().any(|stream| stream.id == *id);
    for member in capsule.members() {
        let (Kind::Proof(of) | Kind::Texts(of)) = member.kind else { continue };
        if !is_here(&of) {
            return Err(Fault::new(&member.name, "the capsule does not have its stream"));
        }
    }
    Ok(streams)
}

/// The records of all streams in the order of the log; their stamps have to increase.
fn in_order(capsule: &Capsule<'_>, streams: &[Stream<'_>]) -> Result<Vec<Recorded>, Fault> {
    let all = streams.iter().flat_map(|stream| &stream.records);
    let mut records: Vec<Recorded> = all.map(|record| record.recorded.clone()).collect();
    records.sort_by_key(|record| record.place.position);
    for (before, after) in records.iter().zip(records.iter().skip(1)) {
        let (before, place) = (before.place, after.place);
        let fault = |what: String| {
            let member = stream_member(place.stream);
            Err(Fault::new(&member, what).at(place.version, Some(place.position)))
        };
        if before.position == place.position {
            return fault(format!("stream {} has that position, too", before.stream));
        }
        if before.recorded_at >= place.recorded_at {
            let (stamp, position) = (before.recorded_at, before.position);
            let seen = place.recorded_at;
            return fault(format!(
                "it was recorded at {seen}, and the one at position {position} at {stamp}"
            ));
        }
    }
    let first = records.first().map(|record| (record.place.position, &record.event));
    match first {
        Some((0, Event::LogCreated(created))) if created.log == capsule.manifest.log.0 => {
            Ok(records)
        }
        Some((0, Event::LogCreated(created))) => {
            let what = format!("the log is {}, as its first record says", created.log);
            Err(Fault::new(MANIFEST, what).at_position(0))
        }
        _ => {
            let what = "it does not hold the log's first record, which tells what log it is";
            Err(Fault::new(MANIFEST, what).at_position(0))
        }
    }
}

/// Whether every record up to the size is here; their root then has to be that of the size.
fn complete(
    capsule: &Capsule<'_>,
    streams: &[Stream<'_>],
    records: &[Recorded],
) -> Result<bool, Fault> {
    let (size, claimed) = (capsule.manifest.log_size, capsule.manifest.root.0);
    if records.len() as u64 != size {
        return Ok(false);
    }
    let all = streams.iter().flat_map(|stream| &stream.records);
    let mut leaves: Vec<(u64, Digest)> =
        all.map(|record| (record.leaf.place.position, leaf_hash(record.bytes))).collect();
    leaves.sort_by_key(|(position, _)| *position);
    let mut edge = RightEdge::new();
    for (_, leaf) in leaves {
        edge.push(leaf);
    }
    let root = edge.root();
    if root == claimed {
        return Ok(true);
    }
    let what = format!("all {size} records have the root {root}, and it says {claimed}");
    Err(Fault::new(MANIFEST, what))
}

fn all_texts(capsule: &Capsule<'_>, streams: &[Stream<'_>]) -> Result<Option<Counted>, Fault> {
    let is_text = |kind| matches!(kind, Kind::Texts(_));
    if !capsule.members().iter().any(|member| is_text(member.kind)) {
        return Ok(None);
    }
    let mut counted = Counted::default();
    for stream in streams {
        let name = format!("texts/{}", stream.id);
        let member = capsule.member(Kind::Texts(stream.id), &name)?;
        counted.add(texts::check(&name, member.bytes, stream)?);
        member.unchanged()?;
    }
    Ok(Some(counted))
}

fn documents<'a>(capsule: &Capsule<'a>) -> Result<BTreeMap<Digest, &'a [u8]>, Fault> {
    let mut documents = BTreeMap::new();
    for member in capsule.members() {
        let Kind::Document(digest) = member.kind else { continue };
        let seen = sha256(member.bytes);
        if seen != digest {
            return Err(Fault::new(&member.name, format!("its bytes hash to {seen}")));
        }
        documents.insert(digest, member.bytes);
    }
    Ok(documents)
}
