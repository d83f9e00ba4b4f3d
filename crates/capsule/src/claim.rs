//! Claims: an answer's question and facts in canonical CBOR, and the digest that pins them.
//!
//! The digest covers ids, levels, dates and positions. Words (names, texts, which may be renamed
//! or erased) and freshness (head, lag) travel beside an answer, outside its digest; so a pinned
//! question has one digest for ever, on any machine.

use gradus_domain::At;
use gradus_domain::course::AreaState;
use gradus_domain::coverage::Support;
use gradus_domain::level::{AreaAnswer, Coverage, PracticeAnswer};
use gradus_domain::sse_cmm::LevelAnswer;
use gradus_model::{AreaId, Digest, LogId, Target, Timestamp, UnitId};
use gradus_proof::digest::sha256;
use minicbor::Encoder;

/// The version of the encoding, its first element.
const VERSION: u8 = 1;

/// A claim in the making: a sequence of canonical CBOR items (RFC 8742), the question first, then
/// the facts of the answer in its order.
#[derive(Clone, Debug)]
pub struct Claim(Vec<u8>);

impl Claim {
    /// A claim of this name, on what a log says at a point; `size` is a number of records.
    #[must_use]
    pub fn new(log: LogId, name: &str, at: At) -> Self {
        let mut claim = Self(Vec::with_capacity(1_024));
        claim.write(|e| {
            e.u8(VERSION)?.str(name)?.bytes(&log.0)?;
            e.i64(at.valid_at.micros())?.u64(at.size)?;
            Ok(())
        });
        claim
    }

    fn write(&mut self, item: impl FnOnce(&mut Encoder<&mut Vec<u8>>) -> Written) {
        // Writing to a Vec cannot fail.
        let _ = item(&mut Encoder::new(&mut self.0));
    }

    /// A unit, or none.
    pub fn unit(&mut self, unit: Option<UnitId>) -> &mut Self {
        self.write(|e| {
            match unit {
                Some(unit) => e.bytes(&unit.0)?,
                None => e.null()?,
            };
            Ok(())
        });
        self
    }

    /// The documents of the model and the rules that answered; none where nothing was in force.
    pub fn documents(&mut self, model: Option<Digest>, rules: Option<Digest>) -> &mut Self {
        self.write(|e| {
            let zero = Digest::ZERO;
            e.array(2)?.bytes(&model.unwrap_or(zero).0)?.bytes(&rules.unwrap_or(zero).0)?;
            Ok(())
        });
        self
    }

    /// A document, or none.
    pub fn document(&mut self, document: Option<Digest>) -> &mut Self {
        self.write(|e| {
            match document {
                Some(document) => e.bytes(&document.0)?,
                None => e.null()?,
            };
            Ok(())
        });
        self
    }

    /// How many of something follow.
    pub fn count(&mut self, count: usize) -> &mut Self {
        self.number(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// A number.
    pub fn number(&mut self, number: i64) -> &mut Self {
        self.write(|e| e.i64(number).map(|_| ()));
        self
    }

    /// A position or size, or none.
    pub fn position(&mut self, position: Option<u64>) -> &mut Self {
        self.write(|e| {
            match position {
                Some(position) => e.u64(position)?,
                None => e.null()?,
            };
            Ok(())
        });
        self
    }

    /// A word of the question or of a vocabulary; never a name that may change.
    pub fn word(&mut self, word: &str) -> &mut Self {
        self.write(|e| e.str(word).map(|_| ()));
        self
    }

    /// A moment.
    pub fn moment(&mut self, moment: Timestamp) -> &mut Self {
        self.number(moment.micros())
    }

    /// A process area of the model that answered.
    pub fn area(&mut self, area: AreaId) -> &mut Self {
        self.number(i64::from(area.number()))
    }

    /// A practice.
    pub fn practice(&mut self, practice: &Target) -> &mut Self {
        self.write(|e| e.encode(practice).map(|_| ()));
        self
    }

    /// A level.
    pub fn level(&mut self, level: LevelAnswer) -> &mut Self {
        self.write(|e| write_level(e, level));
        self
    }

    /// The state of an area, or none.
    pub fn state(&mut self, state: Option<&AreaState>) -> &mut Self {
        self.write(|e| {
            let Some(state) = state else { return e.null().map(|_| ()) };
            e.array(4)?;
            write_level(e, state.rated)?;
            write_level(e, state.ongoing)?;
            write_coverage(e, state.coverage)?;
            write_inherited(e, state.inherited_from)
        });
        self
    }

    /// An area with every practice.
    pub fn answer(&mut self, area: &AreaAnswer) -> &mut Self {
        self.write(|e| write_area(e, area));
        self
    }

    /// The digest of the claim.
    #[must_use]
    pub fn digest(&self) -> Digest {
        sha256(&self.0)
    }
}

type Written = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

fn write_area(e: &mut Encoder<&mut Vec<u8>>, area: &AreaAnswer) -> Written {
    e.array(7)?.u8(area.area.number())?;
    write_level(e, area.rated)?;
    write_level(e, area.ongoing)?;
    write_coverage(e, area.coverage)?;
    write_inherited(e, area.inherited_from)?;
    e.u32(area.items)?;
    e.array(area.practices.len() as u64)?;
    area.practices.iter().try_for_each(|practice| write_practice(e, practice))
}

fn write_coverage(e: &mut Encoder<&mut Vec<u8>>, coverage: Coverage) -> Written {
    e.array(4)?.u16(coverage.practices)?.u16(coverage.supported)?;
    e.u16(coverage.contradicted)?.u16(coverage.lapsed)?;
    Ok(())
}

fn write_inherited(e: &mut Encoder<&mut Vec<u8>>, from: Option<UnitId>) -> Written {
    match from {
        Some(unit) => e.bytes(&unit.0)?,
        None => e.null()?,
    };
    Ok(())
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
