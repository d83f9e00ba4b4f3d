//! Rows: some revisions of one area of a unit, in the order of recording.
//!
//! A row is a list of revisions: how far its position lies after the one before (the key has the
//! first), how far its stamp does, and its parts. The first revision has every part of its course,
//! each later one those that it changed; a part without bytes is one that is gone.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use gradus_domain::coverage::SupportKind;
use gradus_domain::fold::AreaCourse;
use gradus_domain::scheme::Levels;
use gradus_model::unit::AreaRef;
use gradus_model::{AreaId, Target, Timestamp, UnitId};

use super::blocks::Blocks;
use super::bytes::{Rest, put};
use super::part::{LEVELS, Lies, name_length, put_target, read_steps, read_target, value_at};
use super::{Fault, OrDamaged};

/// Begins the key of every row.
const ROWS: u8 = b'l';

/// What the keys of an area's rows begin with.
pub(crate) fn prefix_of(unit: UnitId, area: &AreaRef) -> Vec<u8> {
    let model = area.model.as_str().as_bytes();
    let mut key = Vec::with_capacity(27 + model.len());
    key.push(ROWS);
    key.extend_from_slice(&unit.0);
    // A name has at most 63 bytes.
    key.push(u8::try_from(model.len()).unwrap_or(u8::MAX));
    key.extend_from_slice(model);
    key.push(area.area.number());
    key
}

/// The key of a row by its first position.
pub(crate) fn key_of(prefix: &[u8], position: u64) -> Vec<u8> {
    [prefix, &position.to_be_bytes()].concat()
}

/// The area and first position in a key.
pub(crate) fn read_key(key: &[u8]) -> Option<(UnitId, AreaRef, u64)> {
    let mut rest = Rest(key);
    if rest.byte()? != ROWS {
        return None;
    }
    let unit = UnitId(rest.array()?);
    let length = rest.byte()?;
    let model = std::str::from_utf8(rest.take(length.into())?).ok()?.parse().ok()?;
    let area = AreaRef { model, area: AreaId::new(rest.byte()?)? };
    let position = u64::from_be_bytes(rest.array()?);
    rest.is_empty().then_some((unit, area, position))
}

/// Writes the head of a revision and its parts.
pub(super) fn put_revision(
    bytes: &mut Vec<u8>,
    before: Option<(u64, Timestamp)>,
    (position, stamp): (u64, Timestamp),
    parts: &[u8],
) {
    let (position_before, stamp_before) = before.unwrap_or((position, Timestamp::MIN));
    put(bytes, position.saturating_sub(position_before));
    put(bytes, stamp.micros().abs_diff(stamp_before.micros()));
    put(bytes, parts.len() as u64);
    bytes.extend_from_slice(parts);
}

/// Writes a part; without bytes it is gone.
pub(super) fn put_part(bytes: &mut Vec<u8>, name: &[u8], lies: Lies, steps: &[u8]) {
    bytes.extend_from_slice(name);
    put(bytes, (steps.len() as u64) << 1 | u64::from(lies == Lies::InBlocks));
    bytes.extend_from_slice(steps);
}

/// A part of a course, not yet read.
#[derive(Clone, Copy)]
struct RawPart<'a> {
    /// What it is about.
    name: &'a [u8],
    lies: Lies,
    steps: &'a [u8],
    /// All of it.
    whole: &'a [u8],
}

/// Where some bytes lie in a row.
type Place = Range<usize>;

/// The state after the last revision of a row, by where its parts lie.
#[derive(Debug)]
pub(crate) struct End {
    last: (u64, Timestamp),
    /// The name, the steps and the whole of each part, and how the steps lie.
    parts: Vec<(Place, Place, Place, Lies)>,
}

impl End {
    /// Reads a row to its end.
    pub(crate) fn of(first_position: u64, bytes: &[u8]) -> Result<Self, Fault> {
        let mut row = Row::new(first_position, bytes);
        let last = row.read_to(u64::MAX)?;
        let place = |part: &[u8]| {
            let from = part.as_ptr().addr() - bytes.as_ptr().addr();
            from..from + part.len()
        };
        let places = |part: &RawPart<'_>| {
            (place(part.name), place(part.steps), place(part.whole), part.lies)
        };
        Ok(Self { last, parts: row.parts.iter().map(places).collect() })
    }

    /// The position of the last revision.
    pub(crate) const fn position(&self) -> u64 {
        self.last.0
    }
}

/// A revision in a row.
#[derive(Clone, Copy)]
struct RawRevision<'a> {
    position: u64,
    stamp: Timestamp,
    parts: &'a [u8],
}

/// A row while it is read: the state after the last revision that was read.
pub(crate) struct Row<'a> {
    rest: Rest<'a>,
    last: Option<(u64, Timestamp)>,
    first_position: u64,
    parts: Vec<RawPart<'a>>,
    told: &'a [u8],
}

/// The parts of a course by their names, as bytes.
pub(crate) type Named = BTreeMap<Vec<u8>, Vec<u8>>;

/// What a revision changed, as bytes: the parts that differ, in the order of their names.
pub(crate) fn changed(before: &Named, after: &Named) -> Vec<u8> {
    let mut bytes = Vec::new();
    let names: BTreeSet<&Vec<u8>> = before.keys().chain(after.keys()).collect();
    for name in names {
        match (before.get(name), after.get(name)) {
            (Some(_), None) => put_part(&mut bytes, name, Lies::InPlace, &[]),
            (before, Some(part)) if before != Some(part) => bytes.extend_from_slice(part),
            _ => (),
        }
    }
    bytes
}

impl<'a> Row<'a> {
    pub(crate) const fn new(first_position: u64, bytes: &'a [u8]) -> Self {
        Self { rest: Rest(bytes), last: None, first_position, parts: Vec::new(), told: &[] }
    }

    /// A row that was read to its end.
    pub(crate) fn at_end(first_position: u64, bytes: &'a [u8], end: &End) -> Self {
        let part = |(name, steps, whole, lies): &(Place, Place, Place, Lies)| {
            let lies = *lies;
            let part = |place: &Place| bytes.get(place.clone());
            Some(RawPart { name: part(name)?, lies, steps: part(steps)?, whole: part(whole)? })
        };
        Self {
            rest: Rest(&[]),
            last: Some(end.last),
            parts: end.parts.iter().filter_map(part).collect(),
            ..Self::new(first_position, bytes)
        }
    }

    /// The parts that the last revision was written with.
    pub(crate) const fn told(&self) -> &'a [u8] {
        self.told
    }

    /// Reads the next revision recorded before `size`: its position and stamp; none at the end.
    pub(crate) fn next(&mut self, size: u64) -> Result<Option<(u64, Timestamp)>, Fault> {
        let Some((revision, rest)) = self.peek()? else { return Ok(None) };
        if revision.position >= size {
            return Ok(None);
        }
        self.rest = rest;
        let is_first = self.last.is_none();
        self.last = Some((revision.position, revision.stamp));
        self.told = revision.parts;
        let mut parts = Rest(revision.parts);
        let mut name_before: &[u8] = &[];
        while !parts.is_empty() {
            let part = raw_part(&mut parts)?;
            // Names are too short for a call that compares them.
            let ascends = name_before.iter().lt(part.name);
            ascends.then_some(()).or_damaged("the parts of a revision are out of order")?;
            name_before = part.name;
            let known =
                |parts: &[RawPart<'_>]| parts.iter().position(|one| one.is_named(part.name));
            match if is_first { None } else { known(&self.parts) } {
                Some(known) if part.steps.is_empty() => {
                    self.parts.swap_remove(known);
                }
                Some(known) => {
                    if let Some(slot) = self.parts.get_mut(known) {
                        *slot = part;
                    }
                }
                None if part.steps.is_empty() => {
                    return Err(Fault::Damaged("a part is gone that was not there"));
                }
                None => self.parts.push(part),
            }
        }
        Ok(self.last)
    }

    fn peek(&self) -> Result<Option<(RawRevision<'a>, Rest<'a>)>, Fault> {
        let mut rest = self.rest;
        if rest.is_empty() {
            return Ok(None);
        }
        let mut read = || {
            let (position, stamp) = (rest.number()?, rest.number()?);
            let (position_before, stamp_before) =
                self.last.unwrap_or((self.first_position, Timestamp::MIN));
            if (position == 0) != self.last.is_none() {
                return None;
            }
            let micros = stamp_before.micros().checked_add(i64::try_from(stamp).ok()?)?;
            let length = rest.number()?;
            Some(RawRevision {
                position: position_before.checked_add(position)?,
                stamp: Timestamp::from_micros(micros).ok()?,
                parts: rest.take(length)?,
            })
        };
        let revision = read().or_damaged("a revision cannot be read")?;
        Ok(Some((revision, rest)))
    }

    /// A row read to the last revision recorded before `size`.
    pub(crate) fn up_to(first_position: u64, bytes: &'a [u8], size: u64) -> Result<Self, Fault> {
        let mut row = Self::new(first_position, bytes);
        row.read_to(size)?;
        Ok(row)
    }

    /// Reads every revision recorded before `size`; the position and stamp of the last.
    pub(crate) fn read_to(&mut self, size: u64) -> Result<(u64, Timestamp), Fault> {
        while self.next(size)?.is_some() {}
        self.last.or_damaged("a row has no revision at its key")
    }

    /// Whether nothing is known.
    pub(crate) const fn is_nothing(&self) -> bool {
        self.parts.is_empty()
    }

    /// The parts of the course by their names.
    pub(crate) fn named(&self) -> Named {
        self.parts.iter().map(|part| (part.name.to_vec(), part.whole.to_vec())).collect()
    }

    /// The whole course; the default one where all is gone.
    pub(crate) fn course(&self, area: &AreaRef, blocks: &dyn Blocks) -> Result<AreaCourse, Fault> {
        let mut course = AreaCourse::default();
        let mut supports = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            if part.name == LEVELS {
                course.levels = read_steps(part.lies, part.steps, blocks)?;
            } else {
                let steps = read_steps(part.lies, part.steps, blocks)?;
                supports.push((part.target(area)?, steps));
            }
        }
        course.supports = supports.into_iter().collect();
        Ok(course)
    }

    /// The levels at an instant.
    pub(crate) fn levels_at(
        &self,
        at: Timestamp,
        blocks: &dyn Blocks,
    ) -> Result<Option<Levels>, Fault> {
        let part = self.parts.iter().find(|part| part.name == LEVELS);
        part.map(|part| value_at(part.lies, part.steps, at, blocks)).transpose()
    }

    /// The support of each of these practices at an instant.
    pub(crate) fn supports_of<'t>(
        &self,
        area: &AreaRef,
        targets: impl Iterator<Item = &'t Target>,
        at: Timestamp,
        blocks: &dyn Blocks,
    ) -> Result<Vec<SupportKind>, Fault> {
        let mut name = Vec::new();
        let support = |target| {
            name.clear();
            put_target(&mut name, area, target);
            match self.parts.iter().find(|part| part.is_named(&name)) {
                Some(part) => value_at(part.lies, part.steps, at, blocks),
                None => Ok(SupportKind::default()),
            }
        };
        targets.map(support).collect()
    }
}

impl RawPart<'_> {
    fn is_named(&self, name: &[u8]) -> bool {
        self.name.len() == name.len() && self.name.iter().eq(name)
    }

    fn target(&self, area: &AreaRef) -> Result<Target, Fault> {
        read_target(area, self.name).or_damaged("the name of a practice cannot be read")
    }
}

fn raw_part<'a>(rest: &mut Rest<'a>) -> Result<RawPart<'a>, Fault> {
    let all = rest.0;
    let mut read = |name: usize| {
        let name = rest.take(name as u64)?;
        let length = rest.number()?;
        let lies = if length & 1 == 1 { Lies::InBlocks } else { Lies::InPlace };
        let steps = rest.take(length >> 1)?;
        let whole = all.get(..all.len() - rest.0.len())?;
        Some(RawPart { name, lies, steps, whole })
    };
    read(name_length(all)?).or_damaged("a part cannot be read")
}
