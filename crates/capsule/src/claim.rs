//! Claims: an answer's question and facts in canonical CBOR, and the digest that pins them.
//!
//! The digest covers ids, levels, dates and positions. Words (names, texts, which may be renamed
//! or erased) and freshness (head, lag) travel beside an answer, outside its digest; so a pinned
//! question has one digest for ever, on any machine.

use gradus_domain::At;
use gradus_domain::coverage::Support;
use gradus_domain::level::{AreaAnswer, PracticeAnswer};
use gradus_domain::sse_cmm::LevelAnswer;
use gradus_model::{Digest, LogId, UnitId};
use gradus_proof::digest::sha256;
use minicbor::Encoder;

/// The question that an answer on levels belongs to, with every clock resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelsQuestion {
    /// The log that was asked.
    pub log: LogId,
    /// The unit.
    pub unit: UnitId,
    /// The point asked about; `size` is a number of records.
    pub at: At,
    /// The document of the unit's model at that point.
    pub model: Digest,
    /// The document of the rules that answered.
    pub rules: Digest,
}

/// The version of the encoding, its first element.
const VERSION: u8 = 1;

/// The digest of an answer on levels.
#[must_use]
pub fn levels_digest(question: &LevelsQuestion, answer: &[AreaAnswer]) -> Digest {
    let mut bytes = Vec::with_capacity(answer.len() * 1_024);
    // Writing to a Vec cannot fail.
    let _ = write_levels(&mut Encoder::new(&mut bytes), question, answer);
    sha256(&bytes)
}

type Written = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

fn write_levels(
    e: &mut Encoder<&mut Vec<u8>>,
    question: &LevelsQuestion,
    answer: &[AreaAnswer],
) -> Written {
    e.array(8)?.u8(VERSION)?.str("levels")?;
    e.bytes(&question.log.0)?.bytes(&question.unit.0)?;
    e.i64(question.at.valid_at.micros())?.u64(question.at.size)?;
    e.array(2)?.bytes(&question.model.0)?.bytes(&question.rules.0)?;
    e.array(answer.len() as u64)?;
    answer.iter().try_for_each(|area| write_area(e, area))
}

fn write_area(e: &mut Encoder<&mut Vec<u8>>, area: &AreaAnswer) -> Written {
    e.array(6)?.u8(area.area.number())?;
    write_level(e, area.rated)?;
    write_level(e, area.ongoing)?;
    let coverage = area.coverage;
    e.array(5)?.u16(coverage.practices)?.u16(coverage.supported)?;
    e.u16(coverage.contradicted)?.u16(coverage.lapsed)?.u32(coverage.items)?;
    match area.inherited_from {
        Some(unit) => e.bytes(&unit.0)?,
        None => e.null()?,
    };
    e.array(area.practices.len() as u64)?;
    area.practices.iter().try_for_each(|practice| write_practice(e, practice))
}

/// A level is `[at_least, at_most, open]`; where there is none, a number says why.
fn write_level(e: &mut Encoder<&mut Vec<u8>>, answer: LevelAnswer) -> Written {
    match answer {
        LevelAnswer::Range { at_least, at_most, open } => {
            e.array(3)?.u8(at_least)?.u8(at_most)?.u16(open)?
        }
        LevelAnswer::NotRated => e.u8(1)?,
        LevelAnswer::NotApplicable => e.u8(2)?,
        LevelAnswer::NotDeterminable => e.u8(3)?,
    };
    Ok(())
}

fn write_practice(e: &mut Encoder<&mut Vec<u8>>, practice: &PracticeAnswer) -> Written {
    e.array(3)?.encode(&practice.target)?;
    match practice.rating {
        Some(rating) => {
            e.array(4)?.u8(rating.value.number())?.bool(rating.by_rule)?;
            e.i64(rating.effective_at.micros())?.u64(rating.position)?
        }
        None => e.null()?,
    };
    match practice.support {
        Support::Supported { until } => e.array(2)?.u8(1)?.i64(until.micros())?,
        Support::Contradicted => e.array(1)?.u8(2)?,
        Support::Lapsed { since } => e.array(2)?.u8(3)?.i64(since.micros())?,
        Support::Unsupported => e.array(1)?.u8(4)?,
    };
    Ok(())
}

/// One entry of a list: its id and the numbers that are stated of it.
pub type Entry = ([u8; 16], Vec<i64>);

/// The digest of a page of a list, asked of a log at a point, of one unit or of all.
#[must_use]
pub fn list_digest(
    log: LogId,
    list: &str,
    unit: Option<UnitId>,
    at: At,
    entries: &[Entry],
) -> Digest {
    let mut bytes = Vec::with_capacity(64 + entries.len() * 48);
    // Writing to a Vec cannot fail.
    let _ = write_list(&mut Encoder::new(&mut bytes), log, list, unit, at, entries);
    sha256(&bytes)
}

fn write_list(
    e: &mut Encoder<&mut Vec<u8>>,
    log: LogId,
    list: &str,
    unit: Option<UnitId>,
    at: At,
    entries: &[Entry],
) -> Written {
    e.array(7)?.u8(VERSION)?.str(list)?.bytes(&log.0)?;
    match unit {
        Some(unit) => e.bytes(&unit.0)?,
        None => e.null()?,
    };
    e.i64(at.valid_at.micros())?.u64(at.size)?;
    e.array(entries.len() as u64)?;
    for (id, numbers) in entries {
        e.array(2)?.bytes(id)?.array(numbers.len() as u64)?;
        numbers.iter().try_for_each(|number| e.i64(*number).map(|_| ()))?;
    }
    Ok(())
}
