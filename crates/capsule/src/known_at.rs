//! That a size is what was known at a moment: the last record stamped up to it, and the first one
//! stamped after it, each with its proof.

use gradus_model::{Leaf, Timestamp};
use gradus_proof::{Checkpoint, Note, TlogProof, leaf_hash, verify_inclusion};

use crate::fault::Fault;
use crate::file::{Capsule, Kind};

/// The members, in order; the first two are not there where nothing was known.
pub const MEMBERS: [&str; 4] = [
    "known-at/last.leaf",
    "known-at/last.tlog-proof",
    "known-at/next.leaf",
    "known-at/next.tlog-proof",
];

/// Checks that the capsule's size is what was known at the moment that it names.
///
/// # Errors
///
/// [`Fault`]: the record that says otherwise.
pub fn check(capsule: &Capsule<'_>, note: &Note, of: &Checkpoint) -> Result<bool, Fault> {
    let Some(at) = capsule.manifest.known_at.map(|at| at.0) else {
        let unasked = capsule.members().iter().find(|member| member.kind == Kind::KnownAt);
        return match unasked {
            Some(member) => Err(Fault::new(&member.name, "no moment of knowledge was asked for")),
            None => Ok(false),
        };
    };
    let size = capsule.manifest.log_size;
    let [last, last_proof, next, next_proof] = MEMBERS;
    if let Some(position) = size.checked_sub(1) {
        let stamped = stamp(capsule, (last, last_proof), position, note, of)?;
        if stamped > at {
            let what = format!("it was recorded at {stamped}, after {at}");
            return Err(Fault::new(last, what).at_position(position));
        }
    }
    let stamped = stamp(capsule, (next, next_proof), size, note, of)?;
    if stamped > at {
        return Ok(true);
    }
    let what = format!("it was recorded at {stamped}, so that it was known at {at}");
    Err(Fault::new(next, what).at_position(size))
}

/// When the record at a position was recorded, which its proof has to lead to.
fn stamp(
    capsule: &Capsule<'_>,
    (leaf, proof): (&str, &str),
    position: u64,
    note: &Note,
    of: &Checkpoint,
) -> Result<Timestamp, Fault> {
    let leaf_of = capsule.member(Kind::KnownAt, leaf)?;
    let read = proof_of(proof, capsule.member(Kind::KnownAt, proof)?.bytes, note)?;
    let wrong = |what: &dyn ToString| Fault::new(leaf, what.to_string()).at_position(position);
    if read.index != position {
        let what = format!("it is of position {}, not {position}", read.index);
        return Err(Fault::new(proof, what));
    }
    let hash = leaf_hash(leaf_of.bytes);
    verify_inclusion(&hash, position, of.size, &read.hashes, &of.root)
        .map_err(|error| wrong(&error))?;
    let place = Leaf::read(leaf_of.bytes).map_err(|error| wrong(&error))?.place;
    if place.position == position {
        return Ok(place.recorded_at);
    }
    Err(wrong(&format!("the record says that it stands elsewhere: at {}", place.position)))
}

/// A proof file, whose checkpoint has to be the capsule's.
pub(crate) fn proof_of(name: &str, bytes: &[u8], note: &Note) -> Result<TlogProof, Fault> {
    let proof = TlogProof::parse(bytes).map_err(|error| Fault::new(name, error))?;
    if proof.checkpoint == *note {
        return Ok(proof);
    }
    Err(Fault::new(name, "its checkpoint is another one than the capsule's"))
}
