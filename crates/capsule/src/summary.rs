//! Summaries: files that prove levels by what the log says itself in a state digest, without a record.
//!
//! A summary holds, of some units, the rows of one state digest of the log, the entries and courses
//! that open them, and the levels that these say at one moment. It is small, tells nothing of evidence,
//! and proves less than a capsule: that the levels follow from records nobody can compute from it.
//!
//! Invariant: a summary has one form only, so that each of its bytes is checked.

use gradus_model::{Digest, UnitId};
use gradus_proof::policy::Cosigned;
use gradus_proof::state::areas::{BY_AREA, Course, Entry, Level, open_area};
use gradus_proof::state::{StateError, read_digest, verify_own, verify_row};
use gradus_proof::{Checkpoint, Note, TlogProof, VerifierKey, leaf_hash, sha256, verify_inclusion};
use serde::{Deserialize, Serialize};

use crate::check::{Trust, signed_by};
use crate::fault::Fault;
use crate::file::{CHECKPOINT, MANIFEST, Unread};
use crate::heads::{self, LEAF, PROOF, ROWS, hexadecimal, of_hexadecimal};
use crate::known_at::proof_of;
use crate::manifest::{LevelClaim, MemberClaim, NoLevel};
use crate::shown::{Moment, Text};
use crate::ustar::{self, Reader};

/// The format of a summary.
pub const SUMMARY: u32 = 3;

/// The member with the record that the log begins with: it names the organization, whose stream holds
/// the log's digests.
pub const BEGINNING: &str = "beginning.leaf";
/// The member with the proof of that record.
pub const BEGINNING_PROOF: &str = "beginning.tlog-proof";

/// What a summary says of itself: `capsule.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// [`SUMMARY`].
    pub format: u32,
    /// The first line of the log's checkpoints.
    pub origin: String,
    /// The moment of the units' life that the levels are of.
    pub valid_at: Moment,
    /// How much of the log is known: the size that the state digest describes.
    pub log_size: u64,
    /// The size of the checkpoint that everything is proved against.
    pub checkpoint_size: u64,
    /// What is claimed, in the order of the digest's rows.
    pub units: Vec<UnitSummary>,
    /// Every member after this one, in order.
    pub members: Vec<MemberClaim>,
    /// The SHA-256 of this document with 64 zeros in place of this digest.
    pub digest: Text<Digest>,
}

/// The own levels of a unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitSummary {
    /// The unit.
    pub unit: Text<UnitId>,
    /// What it was called as the summary was made; nothing in it proves that.
    pub name: String,
    /// Every area of which the digest tells something, in the order of models and areas.
    pub areas: Vec<AreaSummary>,
}

/// The own levels of an area.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AreaSummary {
    /// The model's id.
    pub model: String,
    /// The area.
    pub area: String,
    /// The level that was judged.
    pub rated: LevelClaim,
    /// The level that valid evidence still supports.
    pub ongoing: LevelClaim,
}

/// An area of a unit: a line of JSON in the member of the unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    /// The entry as it is hashed, in hexadecimal.
    entry: String,
    /// The course that the entry names, in hexadecimal.
    course: String,
}

/// What was found to be true of a summary.
#[derive(Clone, Debug)]
pub struct Summed {
    /// What it says of itself.
    pub summary: Summary,
    /// The checkpoint that everything is proved against.
    pub checkpoint: Checkpoint,
    /// The key of the log that signed it; none if none was given.
    pub signed_by: Option<VerifierKey>,
    /// The witnesses of the policy that signed it.
    pub witnesses: Vec<Cosigned>,
    /// Where the state digest was recorded.
    pub position: u64,
}

/// The member with what opens the row of a unit.
#[must_use]
pub fn levels_member(unit: UnitId) -> String {
    format!("levels/{unit}")
}

/// The bytes of that member.
#[must_use]
pub fn write_levels(areas: &[(Entry, Course)]) -> Vec<u8> {
    let line = |(entry, course): &(Entry, Course)| Line {
        entry: hexadecimal(&entry.to_bytes()),
        course: hexadecimal(&course.to_bytes()),
    };
    written(&areas.iter().map(line).collect::<Vec<_>>())
}

fn written(lines: &[Line]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in lines {
        // Neither fails: keys are texts, and the writer is memory.
        bytes.extend(serde_json::to_vec(line).unwrap_or_default());
        bytes.push(b'\n');
    }
    bytes
}

/// The levels that areas have at a moment, as a summary claims them.
#[must_use]
pub fn areas_at(areas: &[(Entry, Course)], valid_at: Moment) -> Vec<AreaSummary> {
    let one = |(entry, course): &(Entry, Course)| {
        let levels = course.at(valid_at.0);
        AreaSummary {
            model: entry.area.model.to_string(),
            area: entry.area.area.to_string(),
            rated: levels.rated.into(),
            ongoing: levels.ongoing.into(),
        }
    };
    areas.iter().map(one).collect()
}

impl From<Level> for LevelClaim {
    fn from(level: Level) -> Self {
        match level {
            Level::Range { at_least, at_most, open } => Self::Range { at_least, at_most, open },
            Level::NotRated => Self::None(NoLevel::NotRated),
            Level::NotApplicable => Self::None(NoLevel::NotApplicable),
            Level::NotDeterminable => Self::None(NoLevel::NotDeterminable),
        }
    }
}

impl Summary {
    /// Whether a file says that it is a summary.
    #[must_use]
    pub fn is_one(file: &[u8]) -> bool {
        #[derive(Deserialize)]
        struct Of {
            format: u32,
        }
        let first = Reader::new(file).entry().ok().flatten();
        let first = first.filter(|first| first.name == MANIFEST);
        let of = first.and_then(|first| serde_json::from_slice::<Of>(first.content).ok());
        of.is_some_and(|of| of.format == SUMMARY)
    }

    fn read(bytes: &[u8]) -> Result<Self, String> {
        let read: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if read.format != SUMMARY {
            return Err(format!("it has format {}, a summary has {SUMMARY}", read.format));
        }
        if read.bytes() != bytes {
            return Err("it is not written as it must be".to_owned());
        }
        let digest = read.computed();
        if digest != read.digest.0 {
            return Err(format!("its digest is {digest}, and it says {}", read.digest.0));
        }
        Ok(read)
    }

    fn computed(&self) -> Digest {
        sha256(&Self { digest: Text(Digest::ZERO), ..self.clone() }.bytes())
    }

    fn bytes(&self) -> Vec<u8> {
        // Neither fails: every key is a text, and the writer is memory.
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// The names of the members after the first, in their order.
    fn names(&self) -> Vec<String> {
        let heads = [CHECKPOINT, BEGINNING, BEGINNING_PROOF, LEAF, PROOF, ROWS]
            .into_iter()
            .map(ToOwned::to_owned);
        heads.chain(self.units.iter().map(|unit| levels_member(unit.unit.0))).collect()
    }
}

/// Writes a summary: `summary` without its members and digest, which are found here, and the members
/// in their order.
#[must_use]
pub fn write(mut summary: Summary, members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let claim = |(name, bytes): &(String, Vec<u8>)| MemberClaim {
        name: name.clone(),
        bytes: bytes.len() as u64,
        sha256: Text(sha256(bytes)),
    };
    summary.members = members.iter().map(claim).collect();
    summary.digest = Text(summary.computed());
    let mut out = Vec::new();
    ustar::member(&mut out, MANIFEST, &summary.bytes());
    for (name, bytes) in members {
        ustar::member(&mut out, name, bytes);
    }
    ustar::end(&mut out);
    out
}

/// A summary whose members are there and have the hashes that it says; what they say is not checked.
///
/// # Errors
///
/// [`Unread`]: no summary, or the member that is not as it must be.
pub fn read(bytes: &[u8]) -> Result<(Summary, Vec<&[u8]>), Unread> {
    let mut reader = Reader::new(bytes);
    let first = match reader.entry() {
        Ok(Some(first)) if first.name == MANIFEST => first,
        _ => return Err(Unread::Nothing("the file does not begin with `capsule.json`")),
    };
    let summary = Summary::read(first.content).map_err(|what| Fault::new(MANIFEST, what))?;
    if summary.units.is_empty() {
        return Err(Unread::Nothing("the summary is of no unit"));
    }
    let names = summary.names();
    if !summary.members.iter().map(|member| &member.name).eq(&names) {
        let what = format!("its members are not {}", names.join(", "));
        return Err(Fault::new(MANIFEST, what).into());
    }
    let mut members = Vec::new();
    for claim in &summary.members {
        let wrong = |what: &dyn ToString| Fault::new(&claim.name, what.to_string());
        let entry = reader.entry().map_err(|error| wrong(&error))?;
        let entry = entry.ok_or_else(|| wrong(&"the file ends before it"))?;
        if entry.name != claim.name {
            return Err(wrong(&format!("`{}` stands in its place", entry.name)).into());
        }
        let seen = sha256(entry.content);
        if seen != claim.sha256.0 || entry.content.len() as u64 != claim.bytes {
            let what = format!("its SHA-256 is {seen}, which is not what `{MANIFEST}` says");
            return Err(wrong(&what).into());
        }
        members.push(entry.content);
    }
    let last = names.last().map_or(MANIFEST, String::as_str);
    match reader.entry() {
        Ok(None) => Ok((summary, members)),
        Ok(Some(more)) => {
            let what = format!("`{}` follows it, which `{MANIFEST}` does not name", more.name);
            Err(Fault::new(last, what).into())
        }
        Err(error) => Err(Fault::new(last, error).into()),
    }
}

/// Checks a summary: signatures, digest, rows, and what they open to.
///
/// # Errors
///
/// [`Unread`]: nothing to verify, or the first thing that is not as it must be.
pub fn check(bytes: &[u8], trust: &Trust<'_>) -> Result<Summed, Unread> {
    let (summary, members) = read(bytes)?;
    let [note, first, first_proof, leaf, proof, rows, levels @ ..] = members.as_slice() else {
        return Err(Unread::Nothing("the summary holds nothing"));
    };
    let note = Note::parse(note).map_err(|error| Fault::new(CHECKPOINT, error))?;
    let of = (summary.origin.as_str(), summary.checkpoint_size);
    // No records are here that would tell of one key handing over to another.
    let (checkpoint, signed_by, witnesses) = signed_by(of, &note, trust, &[])?;
    let included = |(member, leaf): (&str, &[u8]), proof: &TlogProof| {
        let Checkpoint { size, root, .. } = &checkpoint;
        verify_inclusion(&leaf_hash(leaf), proof.index, *size, &proof.hashes, root)
            .map_err(|error| Fault::new(member, error).at_position(proof.index))
    };
    let of_first = proof_of(BEGINNING_PROOF, first_proof, &note)?;
    included((BEGINNING, first), &of_first)?;
    let proof = proof_of(PROOF, proof, &note)?;
    included((LEAF, leaf), &proof)?;
    let position = proof.index;
    let wrong = |what: &dyn ToString| Fault::new(LEAF, what.to_string()).at_position(position);
    let (place, digest) = read_digest(leaf).map_err(|error| wrong(&error))?;
    if place.position != position {
        let seen = place.position;
        return Err(wrong(&format!("the record says that it stands elsewhere: at {seen}")).into());
    }
    verify_own(first, &place).map_err(|error| match error {
        StateError::NoBeginning(_) => Fault::new(BEGINNING, error).at_position(of_first.index),
        error => wrong(&error),
    })?;
    if digest.size != summary.log_size || digest.projector < BY_AREA {
        let (seen, by) = (digest.size, digest.projector);
        let what = format!(
            "it is of {seen} records by projector {by}, and one of {} by {BY_AREA} or a later one is \
             needed",
            summary.log_size
        );
        return Err(wrong(&what).into());
    }
    let lines = heads::read(rows)?;
    let ascend = lines.iter().zip(lines.iter().skip(1)).all(|(one, next)| one.index < next.index);
    if lines.len() != summary.units.len() || !ascend {
        let what = "it has not one line for each unit, in the order of rows";
        return Err(Fault::new(ROWS, what).into());
    }
    for ((claim, line), levels) in summary.units.iter().zip(&lines).zip(levels) {
        let unit = claim.unit.0;
        let wrong = |what: &dyn ToString| Fault::new(ROWS, format!("{unit}: {}", what.to_string()));
        let row = line.bytes().ok_or_else(|| wrong(&"its row is not in hexadecimal"))?;
        let path: Vec<Digest> = line.proof.iter().map(|hash| hash.0).collect();
        let row = verify_row(&digest, unit, &row, line.index, &path);
        let row = row.map_err(|error| wrong(&error))?;
        let member = levels_member(unit);
        let areas = opened(&member, levels, &row)?;
        if areas_at(&areas, summary.valid_at) != claim.areas {
            let what = format!("unit {unit} is claimed otherwise than `{member}` says");
            return Err(Fault::new(MANIFEST, what).into());
        }
    }
    Ok(Summed { summary, checkpoint, signed_by, witnesses, position })
}

/// The areas of a unit, which have to be all that its row has.
fn opened(
    member: &str,
    bytes: &[u8],
    row: &gradus_proof::Row,
) -> Result<Vec<(Entry, Course)>, Fault> {
    let wrong = |what: &dyn ToString| Fault::new(member, what.to_string());
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let lines: Vec<Line> = lines
        .map(|line| serde_json::from_slice(line).map_err(|error| wrong(&error)))
        .collect::<Result<_, _>>()?;
    if written(&lines) != bytes {
        return Err(wrong(&"it is not written as it must be"));
    }
    let decoded = |text: &str| of_hexadecimal(text).ok_or_else(|| wrong(&"it is not hexadecimal"));
    let entries: Vec<Vec<u8>> =
        lines.iter().map(|line| decoded(&line.entry)).collect::<Result<_, _>>()?;
    let mut areas = Vec::new();
    for (line, bytes) in lines.iter().zip(&entries) {
        let entry = Entry::read(bytes).map_err(|error| wrong(&error))?;
        let course = decoded(&line.course)?;
        let course = open_area(row, &entries, &entry.area, Some(&course));
        let course = course.map_err(|error| wrong(&error))?;
        areas.extend(course.map(|course| (entry, course)));
    }
    // Of a unit without an entry there is nothing to open, and its row has to say so.
    if areas.is_empty() && row.projection != Digest::ZERO {
        return Err(wrong(&"the row says more of the unit"));
    }
    Ok(areas)
}
