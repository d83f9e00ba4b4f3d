//! What a state digest says of the areas of a unit: the levels of each over all of its life, as the
//! projector told them at the digest's size.
//!
//! From projector [`BY_AREA`] on, the projection in a row is the root of an RFC 6962 tree over
//! [`Entry`]s, one for each area of which something is told, in the order of models and areas. An
//! entry names its course by hash, so that one area is opened without telling those of others.

use gradus_model::unit::AreaRef;
use gradus_model::{Digest, Timestamp};
use minicbor::{Decoder, Encoder};

use super::{Row, StateError};
use crate::digest::sha256;
use crate::tree::{leaf_hash, root};

/// The first version of the projector whose rows open area by area.
pub const BY_AREA: u32 = 2;
/// Entries of a unit at most: every area of some editions of a model.
pub const MOST_ENTRIES: usize = 4_096;

/// An area of which something is told, and the hash of its course.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The area, with its model.
    pub area: AreaRef,
    /// The SHA-256 of the [`Course`].
    pub course: Digest,
}

/// A level as the projector told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// At least and at most so much.
    Range {
        /// Were every open practice not satisfied.
        at_least: u8,
        /// Were every open practice satisfied.
        at_most: u8,
        /// Practices that are not rated.
        open: u16,
    },
    /// Nothing is rated.
    NotRated,
    /// The area does not apply.
    NotApplicable,
    /// The model does not list the practices.
    NotDeterminable,
}

/// The own levels of an area from an instant on, without what is inherited or tailored out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Levels {
    /// The level that was judged.
    pub rated: Level,
    /// The level that valid evidence still supports.
    pub ongoing: Level,
}

/// The own levels of an area at every moment of its unit's life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    /// Before every change.
    pub first: Levels,
    /// From each instant on, in ascending order.
    pub changes: Vec<(Timestamp, Levels)>,
    /// A hash of which practices had valid evidence when.
    pub coverage: Digest,
}

type Encoded = Result<(), minicbor::encode::Error<std::convert::Infallible>>;
type Decoded<T> = Result<T, minicbor::decode::Error>;

fn written(write: impl FnOnce(&mut Encoder<&mut Vec<u8>>) -> Encoded) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(96);
    // Writing to a Vec cannot fail.
    let _ = write(&mut Encoder::new(&mut bytes));
    bytes
}

/// Reads what is written in one form only.
fn read<T>(
    bytes: &[u8],
    what: &'static str,
    decode: impl FnOnce(&mut Decoder<'_>) -> Decoded<T>,
    again: impl FnOnce(&T) -> Vec<u8>,
) -> Result<T, StateError> {
    let read = decode(&mut Decoder::new(bytes)).map_err(|_| StateError::Areas(what))?;
    if again(&read) == bytes { Ok(read) } else { Err(StateError::Areas(what)) }
}

fn other(what: &'static str) -> minicbor::decode::Error {
    minicbor::decode::Error::message(what)
}

fn hash(d: &mut Decoder<'_>) -> Decoded<Digest> {
    let bytes = d.bytes()?.try_into().map_err(|_| other("a hash has 32 bytes"))?;
    Ok(Digest(bytes))
}

impl Entry {
    /// The entry in deterministic CBOR: an array of model, number of the area, and hash.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let AreaRef { model, area } = &self.area;
        written(|e| {
            e.array(3)?.str(model.as_str())?.u8(area.number())?.bytes(&self.course.0)?;
            Ok(())
        })
    }

    /// Reads an entry; what was written is read back as it was, and nothing else is read.
    ///
    /// # Errors
    ///
    /// [`StateError::Areas`] for other bytes.
    pub fn read(bytes: &[u8]) -> Result<Self, StateError> {
        let decode = |d: &mut Decoder<'_>| {
            d.array()?;
            let model = d.str()?.parse().map_err(|_| other("no model has this id"))?;
            let area = gradus_model::AreaId::new(d.u8()?).ok_or_else(|| other("no area"))?;
            Ok(Self { area: AreaRef { model, area }, course: hash(d)? })
        };
        read(bytes, "an entry is the array [model, area, hash]", decode, Self::to_bytes)
    }
}

impl Level {
    fn write(self, e: &mut Encoder<&mut Vec<u8>>) -> Encoded {
        match self {
            Self::Range { at_least, at_most, open } => {
                e.array(3)?.u8(at_least)?.u8(at_most)?.u16(open)?
            }
            Self::NotRated => e.u8(1)?,
            Self::NotApplicable => e.u8(2)?,
            Self::NotDeterminable => e.u8(3)?,
        };
        Ok(())
    }

    fn read(d: &mut Decoder<'_>) -> Decoded<Self> {
        if d.datatype()? == minicbor::data::Type::Array {
            d.array()?;
            return Ok(Self::Range { at_least: d.u8()?, at_most: d.u8()?, open: d.u16()? });
        }
        match d.u8()? {
            1 => Ok(Self::NotRated),
            2 => Ok(Self::NotApplicable),
            3 => Ok(Self::NotDeterminable),
            _ => Err(other("no level has this number")),
        }
    }
}

/// In the words of the tables: `2`, `1 to 5, 7 open`, `not rated`.
impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Range { at_least, at_most, .. } if at_least == at_most => {
                write!(f, "{at_least}")
            }
            Self::Range { at_least, at_most, open } => {
                write!(f, "{at_least} to {at_most}, {open} open")
            }
            Self::NotRated => f.write_str("not rated"),
            Self::NotApplicable => f.write_str("not applicable"),
            Self::NotDeterminable => f.write_str("not determinable"),
        }
    }
}

impl Levels {
    /// What is told of an area without an entry.
    pub const NOTHING: Self = Self { rated: Level::NotRated, ongoing: Level::NotRated };

    fn read(d: &mut Decoder<'_>) -> Decoded<Self> {
        Ok(Self { rated: Level::read(d)?, ongoing: Level::read(d)? })
    }
}

impl Course {
    /// The course in deterministic CBOR: an array of the levels and the hash of the coverage. The
    /// levels are an array of arrays: first rated and ongoing, then for each change its instant in
    /// microseconds, rated and ongoing.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        written(|e| {
            e.array(2)?.array(self.changes.len() as u64 + 1)?.array(2)?;
            self.first.rated.write(e)?;
            self.first.ongoing.write(e)?;
            for (from, levels) in &self.changes {
                e.array(3)?.i64(from.micros())?;
                levels.rated.write(e)?;
                levels.ongoing.write(e)?;
            }
            e.bytes(&self.coverage.0)?;
            Ok(())
        })
    }

    /// Reads a course; what was written is read back as it was, and nothing else is read.
    ///
    /// # Errors
    ///
    /// [`StateError::Areas`] for other bytes, and for changes that do not ascend or change nothing.
    pub fn read(bytes: &[u8]) -> Result<Self, StateError> {
        let decode = |d: &mut Decoder<'_>| {
            d.array()?;
            let steps = d.array()?.ok_or_else(|| other("its length is not said"))?;
            d.array()?;
            let first = Levels::read(d)?;
            let mut changes: Vec<(Timestamp, Levels)> = Vec::new();
            for _ in 1..steps {
                d.array()?;
                let from = Timestamp::from_micros(d.i64()?).map_err(|_| other("no instant"))?;
                let levels = Levels::read(d)?;
                let before = changes.last().map_or(first, |(_, levels)| *levels);
                let ascends = changes.last().is_none_or(|(last, _)| *last < from);
                if !ascends || before == levels {
                    return Err(other("a change changes nothing"));
                }
                changes.push((from, levels));
            }
            Ok(Self { first, changes, coverage: hash(d)? })
        };
        read(bytes, "a course is the array [levels, hash of the coverage]", decode, Self::to_bytes)
    }

    /// The SHA-256 that an entry names it by.
    #[must_use]
    pub fn hash(&self) -> Digest {
        sha256(&self.to_bytes())
    }

    /// The levels at an instant.
    #[must_use]
    pub fn at(&self, instant: Timestamp) -> Levels {
        let begun = self.changes.iter().take_while(|(from, _)| *from <= instant);
        begun.last().map_or(self.first, |(_, levels)| *levels)
    }
}

/// The projection of a unit with these entries, in their order; zeros where nothing is told of it.
#[must_use]
pub fn projection_of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Digest {
    let hashes: Vec<Digest> =
        entries.into_iter().map(|entry| leaf_hash(&entry.to_bytes())).collect();
    if hashes.is_empty() { Digest::ZERO } else { root(&hashes) }
}

/// What a row of projector [`BY_AREA`] or a later one says of an area: `entries` are all of the unit's,
/// `course` is that of the area. That the row is in a digest, and that in the log, is proved apart.
///
/// None where the row says that nothing is told of the area.
///
/// # Errors
///
/// [`StateError::Areas`] where the entries are not all those of the row, or not in their order, and
/// where the course is not the one that its entry names.
pub fn open_area(
    row: &Row,
    entries: &[impl AsRef<[u8]>],
    area: &AreaRef,
    course: Option<&[u8]>,
) -> Result<Option<Course>, StateError> {
    if entries.len() > MOST_ENTRIES {
        return Err(StateError::Areas("a unit has no more than 4,096 entries"));
    }
    let read: Vec<Entry> =
        entries.iter().map(|entry| Entry::read(entry.as_ref())).collect::<Result<_, _>>()?;
    if !read.iter().zip(read.iter().skip(1)).all(|(one, next)| one.area < next.area) {
        return Err(StateError::Areas("entries stand in the order of models and areas, each once"));
    }
    if projection_of(&read) != row.projection {
        return Err(StateError::Areas("the entries are not all those that the row says"));
    }
    match (read.iter().find(|entry| entry.area == *area), course) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(StateError::Areas("the row has no entry of the area")),
        (Some(_), None) => Err(StateError::Areas("the course of the area is missing")),
        (Some(entry), Some(course)) if entry.course == sha256(course) => {
            Course::read(course).map(Some)
        }
        (Some(_), Some(_)) => {
            Err(StateError::Areas("the course is not the one that the row says of the area"))
        }
    }
}
