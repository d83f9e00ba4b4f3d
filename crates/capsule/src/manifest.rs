//! `capsule.json`, the first member: of which log and coordinate the capsule is, what it claims, and
//! the SHA-256 of every other member.

use gradus_domain::level::AreaAnswer;
use gradus_domain::sse_cmm::LevelAnswer;
use gradus_model::{Digest, LogId, UnitId};
use gradus_proof::sha256;
use serde::{Deserialize, Serialize};

use crate::shown::{Moment, Text};
use crate::summary::SUMMARY;

/// The format of a capsule without a state digest.
pub const FORMAT: u32 = 1;
/// The format of one with a state digest, which has the members `heads/…` besides.
pub const WITH_HEADS: u32 = 2;

/// What a capsule says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`] or [`WITH_HEADS`].
    pub format: u32,
    /// The log's id.
    pub log: Text<LogId>,
    /// The first line of the log's checkpoints.
    pub origin: String,
    /// The moment of the units' life that the levels are of.
    pub valid_at: Moment,
    /// How much of the log is known: the records at positions below.
    pub log_size: u64,
    /// The root of the log at that size.
    pub root: Text<Digest>,
    /// The moment that the size was asked for by: it is what was recorded up to then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_at: Option<Moment>,
    /// The size of the checkpoint that everything is proved against.
    pub checkpoint_size: u64,
    /// What is claimed, in the order of asking.
    pub units: Vec<UnitClaim>,
    /// Every member after this one, in order.
    pub members: Vec<MemberClaim>,
    /// The SHA-256 of this document with 64 zeros in place of this digest.
    pub digest: Text<Digest>,
}

/// The levels of a unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitClaim {
    /// The unit.
    pub unit: Text<UnitId>,
    /// Its name at the log size; none where it was not registered yet.
    pub name: Option<String>,
    /// The SHA-256 of the model that answered; none where none was in force.
    pub model: Option<Text<Digest>>,
    /// The SHA-256 of the rules that answered.
    pub rules: Option<Text<Digest>>,
    /// The digest that `QueryLevels` answers with.
    pub digest: Text<Digest>,
    /// The digest that it answers with when it is asked for every practice.
    pub digest_with_practices: Text<Digest>,
    /// Ratings in force that stand under relaxed duties.
    pub ratings_relaxed: u32,
    /// Ratings in force of people with a conflict of interest.
    pub ratings_conflicted: u32,
    /// Every area of the model, in its order.
    pub areas: Vec<AreaClaim>,
}

/// The levels of an area.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AreaClaim {
    /// The area.
    pub area: String,
    /// The level that was judged.
    pub rated: LevelClaim,
    /// The level that valid evidence still supports.
    pub ongoing: LevelClaim,
    /// The unit above that answered, if the unit did not itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inherited_from: Option<Text<UnitId>>,
}

/// A level, as the API tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum LevelClaim {
    /// At least and at most so much.
    Range {
        /// Were every open practice not satisfied.
        at_least: u8,
        /// Were every open practice satisfied.
        at_most: u8,
        /// Practices that are not rated.
        open: u16,
    },
    /// There is no level, and why.
    None(NoLevel),
}

/// Why there is no level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoLevel {
    /// Nothing is rated.
    NotRated,
    /// The area is tailored out.
    NotApplicable,
    /// The model does not list the practices.
    NotDeterminable,
}

/// A member after the first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberClaim {
    /// Its name.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: Text<Digest>,
}

impl From<&AreaAnswer> for AreaClaim {
    fn from(answer: &AreaAnswer) -> Self {
        Self {
            area: answer.area.to_string(),
            rated: answer.rated.into(),
            ongoing: answer.ongoing.into(),
            inherited_from: answer.inherited_from.map(Text),
        }
    }
}

impl From<LevelAnswer> for LevelClaim {
    fn from(answer: LevelAnswer) -> Self {
        match answer {
            LevelAnswer::Range { at_least, at_most, open } => {
                Self::Range { at_least, at_most, open }
            }
            LevelAnswer::NotRated => Self::None(NoLevel::NotRated),
            LevelAnswer::NotApplicable => Self::None(NoLevel::NotApplicable),
            LevelAnswer::NotDeterminable => Self::None(NoLevel::NotDeterminable),
        }
    }
}

/// In the words of the tables: `2`, `1 to 5, 7 open`, `not rated`.
impl std::fmt::Display for LevelClaim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Range { at_least, at_most, .. } if at_least == at_most => {
                write!(f, "{at_least}")
            }
            Self::Range { at_least, at_most, open } => {
                write!(f, "{at_least} to {at_most}, {open} open")
            }
            Self::None(NoLevel::NotRated) => f.write_str("not rated"),
            Self::None(NoLevel::NotApplicable) => f.write_str("not applicable"),
            Self::None(NoLevel::NotDeterminable) => f.write_str("not determinable"),
        }
    }
}

impl Manifest {
    /// Reads `capsule.json`.
    ///
    /// # Errors
    ///
    /// What is not as it must be, in words.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        /// What every format has.
        #[derive(Deserialize)]
        struct Of {
            format: u32,
        }
        let of: Of = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if of.format == SUMMARY {
            return Err(format!("it is a summary (format {SUMMARY}), which holds no records"));
        }
        if ![FORMAT, WITH_HEADS].contains(&of.format) {
            let seen = of.format;
            let read = format!("{FORMAT} and {WITH_HEADS}");
            return Err(format!("it has format {seen}, this version reads formats {read}"));
        }
        let read: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if read.bytes() != bytes {
            return Err("it is not written as it must be".to_owned());
        }
        let digest = read.computed();
        if digest != read.digest.0 {
            return Err(format!("its digest is {digest}, and it says {}", read.digest.0));
        }
        Ok(read)
    }

    /// The bytes of `capsule.json`, with the digest that they have.
    #[must_use]
    pub fn written(mut self) -> Vec<u8> {
        self.digest = Text(self.computed());
        self.bytes()
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
}
