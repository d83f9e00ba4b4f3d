//! Where streams had come to, by a state digest of the log: that no stream ends too soon.
//!
//! A stream of a capsule is whole from its first record on; that nothing comes after its last one is
//! said by the row of the stream in a digest of as much of the log, or more. Where a stream went on
//! before the digest was made, its later leaves lead to the row, as in
//! [`verify_whole`].

use std::collections::BTreeMap;

use gradus_model::{Digest, UnitId};
use gradus_proof::state::{Reached, read_digest, verify_row, verify_whole};
use gradus_proof::{Checkpoint, Note, leaf_hash, verify_inclusion};
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::file::{Capsule, Kind, MANIFEST};
use crate::known_at::proof_of;
use crate::shown::Text;
use crate::stream::{Stream, leaves};

/// The record of the digest.
pub const LEAF: &str = "heads/digest.leaf";
/// That it is in the log of the checkpoint.
pub const PROOF: &str = "heads/digest.tlog-proof";
/// The rows of streams in it.
pub const ROWS: &str = "heads/rows";

/// The member with the leaves of a stream that come after those of the capsule.
#[must_use]
pub fn later_member(stream: UnitId) -> String {
    format!("heads/later/{stream}")
}

/// The row of a stream in the digest, and its proof: a line of JSON in [`ROWS`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Its number among the rows, from 0.
    pub index: u64,
    /// The row as it is hashed, in hexadecimal.
    pub row: String,
    /// The hashes that lead to the root.
    pub proof: Vec<Text<Digest>>,
}

impl Line {
    /// A row with its proof.
    #[must_use]
    pub fn of(index: u64, row: &[u8], proof: &[Digest]) -> Self {
        Self { index, row: hexadecimal(row), proof: proof.iter().copied().map(Text).collect() }
    }

    pub(crate) fn bytes(&self) -> Option<Vec<u8>> {
        of_hexadecimal(&self.row)
    }
}

/// The bytes of which a text is the hexadecimal form.
pub(crate) fn of_hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digit = |nibble: u8| char::from(nibble).to_digit(16);
    let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(digit(*high)? << 4 | digit(*low)?).ok(),
        _ => None,
    });
    let bytes: Option<Vec<u8>> = pairs.collect();
    bytes.filter(|bytes| hexadecimal(bytes) == text)
}

/// Bytes in hexadecimal, in lower case.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    nibbles.filter_map(|nibble| char::from_digit(nibble.into(), 16)).collect()
}

/// The bytes of [`ROWS`].
#[must_use]
pub fn write(lines: &[Line]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in lines {
        // Neither fails: keys are texts, and the writer is memory.
        bytes.extend(serde_json::to_vec(line).unwrap_or_default());
        bytes.push(b'\n');
    }
    bytes
}

/// What a state digest says of the streams of a capsule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heads {
    /// The size of the log that the digest describes.
    pub size: u64,
    /// Where the digest was recorded.
    pub position: u64,
    /// The streams that are proved to have no other record than those here: up to the capsule's size,
    /// or to the digest's where that is less. Those without a record are among them.
    pub whole: Vec<UnitId>,
}

/// Checks what a capsule holds of a state digest; none where it holds nothing. `organization` is the
/// stream that opens the log, which digests are recorded in.
///
/// # Errors
///
/// [`Fault`]: the first thing that is not as it must be.
pub fn check(
    capsule: &Capsule<'_>,
    note: &Note,
    of: &Checkpoint,
    streams: &[Stream<'_>],
    organization: UnitId,
) -> Result<Option<Heads>, Fault> {
    let is_heads = |kind| matches!(kind, Kind::Heads | Kind::Later(_));
    if !capsule.members().iter().any(|member| is_heads(member.kind)) {
        return match capsule.manifest.format {
            1 => Ok(None),
            format => {
                let what = format!("it has format {format}, which has `{LEAF}`");
                Err(Fault::new(MANIFEST, what))
            }
        };
    }
    let digest_leaf = capsule.member(Kind::Heads, LEAF)?.bytes;
    let proof = proof_of(PROOF, capsule.member(Kind::Heads, PROOF)?.bytes, note)?;
    let (hash, position) = (leaf_hash(digest_leaf), proof.index);
    let wrong = |what: &dyn ToString| Fault::new(LEAF, what.to_string()).at_position(position);
    verify_inclusion(&hash, position, of.size, &proof.hashes, &of.root)
        .map_err(|error| wrong(&error))?;
    let (place, digest) = read_digest(digest_leaf).map_err(|error| wrong(&error))?;
    if place.position != position {
        let seen = place.position;
        return Err(wrong(&format!("the record says that it stands elsewhere: at {seen}")));
    }
    // Whoever writes to another stream could describe the log otherwise than the log does.
    if place.stream != organization {
        let seen = place.stream;
        return Err(wrong(&format!(
            "it is of stream {seen}, and the organization's is {organization}"
        )));
    }
    let known = digest.size.min(capsule.manifest.log_size);
    let lines = read(capsule.member(Kind::Heads, ROWS)?.bytes)?;
    let mut later = later(capsule)?;
    let mut members = capsule.members().iter().filter_map(|member| match member.kind {
        Kind::Later(stream) => Some(stream),
        _ => None,
    });
    let mut whole: BTreeMap<UnitId, u64> = BTreeMap::new();
    let mut last = None;
    for (number, line) in (1_u64..).zip(&lines) {
        let wrong =
            |what: &dyn ToString| Fault::new(ROWS, format!("line {number}: {}", what.to_string()));
        if last.is_some_and(|last| line.index <= last) {
            return Err(wrong(&"rows stand in the order of their numbers, each once"));
        }
        last = Some(line.index);
        let bytes = line.bytes().ok_or_else(|| wrong(&"its row is not in hexadecimal"))?;
        let row = gradus_proof::Row::read(&bytes).map_err(|error| wrong(&error))?;
        let proof: Vec<Digest> = line.proof.iter().map(|hash| hash.0).collect();
        verify_row(&digest, row.stream, &bytes, line.index, &proof)
            .map_err(|error| wrong(&error))?;
        let after = later.remove(&row.stream).unwrap_or_default();
        if !after.is_empty() && members.next() != Some(row.stream) {
            let what = format!("members `heads/later/…` stand in the order of `{ROWS}`");
            return Err(Fault::new(&later_member(row.stream), what));
        }
        let here = streams.iter().find(|stream| stream.id == row.stream);
        let here = here.map_or(&[][..], |stream| stream.records.as_slice());
        let all = here.iter().map(|record| record.bytes).chain(after.iter().copied());
        let proved = (&bytes[..], line.index, &proof[..]);
        let reached = verify_whole(row.stream, known, digest_leaf, proved, all);
        let reached = reached.map_err(|error| wrong(&error))?;
        ends(row, (here.len() as u64, after.len() as u64), reached, capsule)?;
        whole.insert(row.stream, row.version);
    }
    if let Some(stream) = later.keys().next() {
        let what = format!("`{ROWS}` has no row of its stream");
        return Err(Fault::new(&later_member(*stream), what));
    }
    Ok(Some(Heads { size: digest.size, position, whole: whole.into_keys().collect() }))
}

/// That later leaves are needed, and lie behind the capsule's size.
fn ends(
    row: gradus_proof::Row,
    (here, after): (u64, u64),
    reached: Reached,
    capsule: &Capsule<'_>,
) -> Result<(), Fault> {
    let member = later_member(row.stream);
    if after > 0 && here > row.version {
        return Err(Fault::new(&member, "the state digest is of less than the capsule's size"));
    }
    let size = capsule.manifest.log_size;
    if after > 0 && reached.version != here {
        let what = format!("it lies below {size}, and the stream ends before it");
        return Err(Fault::new(&member, what).at(here + 1, None));
    }
    if after > 0 && here + after != row.version {
        let what = format!("it ends at version {}, and the row at {}", here + after, row.version);
        return Err(Fault::new(&member, what));
    }
    Ok(())
}

/// The leaves after those of the capsule, by stream.
fn later<'a>(capsule: &Capsule<'a>) -> Result<BTreeMap<UnitId, Vec<&'a [u8]>>, Fault> {
    let mut all = BTreeMap::new();
    for member in capsule.members() {
        let Kind::Later(stream) = member.kind else { continue };
        let read: Vec<&[u8]> = leaves(member.bytes).collect::<Option<_>>().ok_or_else(|| {
            Fault::new(&member.name, "it is no list of leaves with their lengths")
        })?;
        if read.is_empty() {
            return Err(Fault::new(&member.name, "it holds no record"));
        }
        all.insert(stream, read);
    }
    Ok(all)
}

pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Line>, Fault> {
    let wrong = |what: &dyn ToString| Fault::new(ROWS, what.to_string());
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let lines: Vec<Line> = lines
        .map(|line| serde_json::from_slice(line).map_err(|error| wrong(&error)))
        .collect::<Result<_, _>>()?;
    if write(&lines) == bytes { Ok(lines) } else { Err(wrong(&"it is not written as it must be")) }
}
