//! The parts of a course as bytes: what a part is about, and its function over valid time.

use gradus_domain::coverage::SupportKind;
use gradus_domain::scheme::Levels;
use gradus_domain::sse_cmm::LevelAnswer;
use gradus_domain::steps::Steps;
use gradus_model::unit::AreaRef;
use gradus_model::{
    AreaId, BasePracticeId, FeatureId, GenericPracticeId, Practice, Target, Timestamp,
};

use super::blocks::{
    BlockId, Blocks, at_in_blocks, at_in_place, in_blocks, in_place, put_in_blocks, put_in_place,
};
use super::bytes::{Rest, put};
use super::{Fault, OrDamaged};

/// A value that a course can have.
pub(super) trait Value: Copy + PartialEq {
    /// The bits of the small number that it lays beside its instant.
    const BITS: u32;
    /// A function with more bytes than this lies in blocks.
    const MOST_IN_PLACE: usize;

    fn beside(self) -> u64;
    fn put_rest(self, bytes: &mut Vec<u8>);
    fn read(beside: u64, rest: &mut Rest<'_>) -> Option<Self>;
}

impl Value for SupportKind {
    const BITS: u32 = 2;
    const MOST_IN_PLACE: usize = 128;

    fn beside(self) -> u64 {
        match self {
            Self::Unsupported => 0,
            Self::Supported => 1,
            Self::Lapsed => 2,
            Self::Contradicted => 3,
        }
    }

    fn put_rest(self, _: &mut Vec<u8>) {}

    fn read(beside: u64, _: &mut Rest<'_>) -> Option<Self> {
        match beside {
            0 => Some(Self::Unsupported),
            1 => Some(Self::Supported),
            2 => Some(Self::Lapsed),
            3 => Some(Self::Contradicted),
            _ => None,
        }
    }
}

impl Value for Levels {
    const BITS: u32 = 0;
    const MOST_IN_PLACE: usize = 512;

    fn beside(self) -> u64 {
        0
    }

    fn put_rest(self, bytes: &mut Vec<u8>) {
        put_answer(bytes, self.rated, 0);
        if self.ongoing == self.rated {
            put(bytes, 0);
        } else {
            put_answer(bytes, self.ongoing, 1);
        }
    }

    fn read(_: u64, rest: &mut Rest<'_>) -> Option<Self> {
        let rated = answer(rest.number()?, rest)?;
        let ongoing = match rest.number()? {
            0 => rated,
            word => answer(word - 1, rest).filter(|ongoing| *ongoing != rated)?,
        };
        Some(Self { rated, ongoing })
    }
}

/// Writes an answer; `words` numbers mean something else before it.
fn put_answer(bytes: &mut Vec<u8>, answer: LevelAnswer, words: u64) {
    match answer {
        LevelAnswer::NotRated => put(bytes, words),
        LevelAnswer::NotApplicable => put(bytes, words + 1),
        LevelAnswer::NotDeterminable => put(bytes, words + 2),
        LevelAnswer::Range { at_least, at_most, open } => {
            put(bytes, words + 3 + (u64::from(at_least) << 8 | u64::from(at_most)));
            put(bytes, open.into());
        }
    }
}

fn answer(word: u64, rest: &mut Rest<'_>) -> Option<LevelAnswer> {
    Some(match word {
        0 => LevelAnswer::NotRated,
        1 => LevelAnswer::NotApplicable,
        2 => LevelAnswer::NotDeterminable,
        range => {
            let bounds = range - 3;
            let (at_least, at_most) = (u8::try_from(bounds >> 8).ok()?, bounds.to_le_bytes()[0]);
            LevelAnswer::Range { at_least, at_most, open: u16::try_from(rest.number()?).ok()? }
        }
    })
}

/// The name of the levels among the parts of a course.
pub(super) const LEVELS: &[u8] = &[0];
/// Numbers of the practices of the row's own model and area.
const OWN_GENERIC: u64 = 128;
const OWN_FEATURE: u64 = 600;
/// Says that a practice of another model or area follows.
const OTHER: u64 = 16_383;

/// The name of a practice among the parts of an area's course: short where it is the area's own.
pub(super) fn put_target(bytes: &mut Vec<u8>, area: &AreaRef, target: &Target) {
    match short_number(area, target) {
        Some(short) => put(bytes, short),
        None => {
            put(bytes, OTHER);
            let model = target.model.as_str().as_bytes();
            put(bytes, model.len() as u64);
            bytes.extend_from_slice(model);
            match target.practice {
                Practice::Base(id) => bytes.extend([0, id.area.number(), id.number]),
                Practice::Generic(area, GenericPracticeId { feature, number }) => {
                    bytes.extend([1, area.number(), feature.level, feature.number, number]);
                }
                Practice::Feature(area, id) => {
                    bytes.extend([2, area.number(), id.level, id.number]);
                }
            }
        }
    }
}

/// The number of a practice of the area's own.
fn short_number(area: &AreaRef, target: &Target) -> Option<u64> {
    if target.practice.area() != area.area || target.model != area.model {
        return None;
    }
    match target.practice {
        Practice::Base(id) => Some(u64::from(id.number)).filter(|id| (1..=99).contains(id)),
        Practice::Generic(_, id) => feature_number(id.feature)
            .zip(digit(id.number))
            .map(|(feature, last)| OWN_GENERIC + feature * 9 + last),
        Practice::Feature(_, id) => feature_number(id).map(|feature| OWN_FEATURE + feature),
    }
}

/// A digit from 1, counted from 0.
fn digit(digit: u8) -> Option<u64> {
    (1..=9).contains(&digit).then(|| u64::from(digit) - 1)
}

/// A feature as a number from 0 to 44.
fn feature_number(id: FeatureId) -> Option<u64> {
    let level = digit(id.level).filter(|level| *level < 5)?;
    Some(level * 9 + digit(id.number)?)
}

fn feature(number: u64) -> Option<FeatureId> {
    let digit = |number: u64| u8::try_from(number + 1).ok();
    (number < 45).then_some(FeatureId { level: digit(number / 9)?, number: digit(number % 9)? })
}

/// Reads the name of a practice, all of it.
pub(super) fn read_target(area: &AreaRef, name: &[u8]) -> Option<Target> {
    let mut rest = Rest(name);
    let number = rest.number()?;
    let target = if number == OTHER {
        other(&mut rest)?
    } else {
        let of_area = area.area;
        let practice = match number {
            1..=99 => {
                Practice::Base(BasePracticeId { area: of_area, number: u8::try_from(number).ok()? })
            }
            OWN_GENERIC..OWN_FEATURE => {
                let number = number - OWN_GENERIC;
                let last = u8::try_from(number % 9 + 1).ok()?;
                let id = GenericPracticeId { feature: feature(number / 9)?, number: last };
                Practice::Generic(of_area, id)
            }
            number => Practice::Feature(of_area, feature(number.checked_sub(OWN_FEATURE)?)?),
        };
        Target { model: area.model.clone(), practice }
    };
    // Each practice has one name.
    let is_own = number != OTHER;
    (rest.is_empty() && is_own != short_number(area, &target).is_none()).then_some(target)
}

fn other(rest: &mut Rest<'_>) -> Option<Target> {
    let length = rest.number()?;
    let model = std::str::from_utf8(rest.take(length)?).ok()?.parse().ok()?;
    let (sort, area) = (rest.byte()?, AreaId::new(rest.byte()?)?);
    let practice = match sort {
        0 => Practice::Base(BasePracticeId { area, number: rest.byte()? }),
        1 => {
            let feature = FeatureId { level: rest.byte()?, number: rest.byte()? };
            Practice::Generic(area, GenericPracticeId { feature, number: rest.byte()? })
        }
        2 => Practice::Feature(area, FeatureId { level: rest.byte()?, number: rest.byte()? }),
        _ => return None,
    };
    Some(Target { model, practice })
}

/// How a function lies in its part: in place, or in blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lies {
    InPlace,
    InBlocks,
}

/// Writes a function, and says how it lies.
pub(super) fn put_steps<V: Value>(
    bytes: &mut Vec<u8>,
    steps: &Steps<V>,
    keep: &mut dyn FnMut(BlockId, Vec<u8>),
) -> Lies {
    let begin = bytes.len();
    put_in_place(bytes, steps);
    if bytes.len() - begin <= V::MOST_IN_PLACE {
        return Lies::InPlace;
    }
    bytes.truncate(begin);
    put_in_blocks(bytes, steps, keep);
    Lies::InBlocks
}

pub(super) fn value_at<V: Value>(
    lies: Lies,
    bytes: &[u8],
    at: Timestamp,
    blocks: &dyn Blocks,
) -> Result<V, Fault> {
    match lies {
        Lies::InPlace => at_in_place(bytes, at),
        Lies::InBlocks => at_in_blocks(bytes, at, blocks),
    }
}

pub(super) fn read_steps<V: Value>(
    lies: Lies,
    bytes: &[u8],
    blocks: &dyn Blocks,
) -> Result<Steps<V>, Fault> {
    match lies {
        Lies::InPlace => in_place(bytes),
        Lies::InBlocks => in_blocks(bytes, blocks),
    }
}

/// The length of the name that a part begins with.
pub(super) fn name_length(bytes: &[u8]) -> Result<usize, Fault> {
    let mut rest = Rest(bytes);
    let mut length = || {
        if rest.number()? == OTHER {
            other(&mut rest)?;
        }
        Some(bytes.len() - rest.0.len())
    };
    length().or_damaged("the name of a part cannot be read")
}
