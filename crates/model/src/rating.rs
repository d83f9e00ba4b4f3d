//! What a rating carries.

use minicbor::{Decode, Encode};

use crate::words::{UnknownWord, vocabulary};
use crate::{AppraisalId, Digest, EvidenceId, Label, RatingId, Target, Timestamp};

vocabulary! {
    /// The scale of a rating. Nothing is converted between scales.
    "scale" Scale {
        /// Satisfied or not.
        1 "satisfaction" Satisfaction,
        /// Not, partially, largely, fully achieved, after ISO/IEC 33020.
        2 "nplf" Nplf,
    }
}

vocabulary! {
    /// A value on one of the scales.
    "rating value" Value {
        /// The practice is not satisfied.
        1 "not-satisfied" NotSatisfied,
        /// The practice is satisfied.
        2 "satisfied" Satisfied,
        /// Not achieved: 0 to 15 %.
        10 "N" Not,
        /// Partially achieved, low half: above 15 to 32.5 %.
        11 "P-" PartiallyLow,
        /// Partially achieved: above 15 to 50 %.
        12 "P" Partially,
        /// Partially achieved, high half: above 32.5 to 50 %.
        13 "P+" PartiallyHigh,
        /// Largely achieved, low half: above 50 to 67.5 %.
        14 "L-" LargelyLow,
        /// Largely achieved: above 50 to 85 %.
        15 "L" Largely,
        /// Largely achieved, high half: above 67.5 to 85 %.
        16 "L+" LargelyHigh,
        /// Fully achieved: above 85 to 100 %.
        17 "F" Fully,
    }
}

impl Value {
    /// The scale this value belongs to.
    #[must_use]
    pub const fn scale(self) -> Scale {
        match self {
            Self::NotSatisfied | Self::Satisfied => Scale::Satisfaction,
            _ => Scale::Nplf,
        }
    }

    /// Whether it is the lowest of its scale: nothing of the practice was found.
    #[must_use]
    pub const fn is_lowest(self) -> bool {
        matches!(self, Self::NotSatisfied | Self::Not)
    }
}

impl Scale {
    /// Reads a value of this scale.
    ///
    /// # Errors
    ///
    /// [`UnknownWord`] naming this scale's values when the text is none of them.
    pub fn value(self, text: &str) -> Result<Value, UnknownWord> {
        let of_scale = || Value::ALL.iter().filter(|value| value.scale() == self);
        of_scale().find(|value| value.name() == text).copied().ok_or_else(|| UnknownWord {
            seen: text.to_owned(),
            vocabulary: match self {
                Self::Satisfaction => "value of the scale `satisfaction`",
                Self::Nplf => "value of the scale `nplf`",
            },
            known: of_scale().map(|value| value.name()).collect::<Vec<_>>().join(", "),
        })
    }
}

/// What a rule rater looked at: with it, the rating can be computed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(map)]
pub struct Basis {
    /// The moment of the unit's life it rated.
    #[n(0)]
    pub valid_at: Timestamp,
    /// How much of the log it knew.
    #[n(1)]
    pub log_size: u64,
    /// The rules it followed.
    #[n(2)]
    pub rules: Digest,
}

/// The stored facts of a rating, in force from the event's effective time.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Rating {
    /// The rating's id.
    #[n(0)]
    pub rating: RatingId,
    /// What is rated.
    #[n(1)]
    pub target: Target,
    /// The value; its scale follows from it.
    #[n(2)]
    pub value: Value,
    /// The process instance that was looked at; none means the unit as a whole.
    #[n(3)]
    pub instance: Option<Label>,
    /// The appraisal it belongs to.
    #[n(4)]
    pub appraisal: Option<AppraisalId>,
    /// Present if, and only if, a rule rated.
    #[n(5)]
    pub basis: Option<Basis>,
    /// The evidence it cites, at most 64.
    #[n(6)]
    pub evidence: Vec<EvidenceId>,
}
