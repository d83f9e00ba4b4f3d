//! Coverage: whether valid evidence stands behind a practice at a point.
//!
//! Windows are rules, applied here and never stored with the evidence: under other rules the same
//! log answers otherwise.

use gradus_model::evidence::Outcome;
use gradus_model::unit::PrincipalKind;
use gradus_model::{PrincipalId, Target, Timestamp};

use crate::evidence::Standing;
use crate::history::{EvidenceHistory, UnitHistory};
use crate::rules::Rules;
use crate::timeline::At;

/// Tells the kind of a principal, for the rules' lists of whom they trust.
pub type KindOf<'a> = &'a dyn Fn(PrincipalId) -> Option<PrincipalKind>;

/// Whether valid evidence stands behind a practice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// Valid evidence supports it, and none contradicts it; until when, if nothing is renewed.
    Supported {
        /// The first instant at which nothing supports it any more.
        until: Timestamp,
    },
    /// Valid evidence contradicts it.
    Contradicted,
    /// Evidence supported it once, and none does now; since when.
    Lapsed {
        /// The first instant at which nothing supported it any more.
        since: Timestamp,
    },
    /// No evidence that counts ever supported it.
    Unsupported,
}

impl Support {
    /// The support in a word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Supported { .. } => "supported",
            Self::Contradicted => "contradicted",
            Self::Lapsed { .. } => "lapsed",
            Self::Unsupported => "unsupported",
        }
    }
}

/// Whether an item counts: accepted by a person, or trusted by the rules and not decided on.
#[must_use]
pub fn counts(item: &EvidenceHistory, at: At, rules: &Rules, kind_of: KindOf<'_>) -> bool {
    match item.standing(at.size) {
        Standing::Accepted => true,
        Standing::Rejected | Standing::Withdrawn => false,
        Standing::Submitted => {
            kind_of(item.provider).is_some_and(|sort| rules.trusts(item.provider, sort, item.kind))
        }
    }
}

/// The first instant at which an item no longer speaks for a practice.
#[must_use]
pub fn valid_until(item: &EvidenceHistory, target: &Target, at: At, rules: &Rules) -> Timestamp {
    let window = rules.window(item.kind, target).after(item.work_to);
    [Some(window), item.valid_until, item.ended_at(at.size)]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(window)
}

/// The support of one practice at a point.
#[must_use]
pub fn support(
    history: &UnitHistory,
    target: &Target,
    at: At,
    rules: &Rules,
    kind_of: KindOf<'_>,
) -> Support {
    support_and_items(history, target, at, rules, kind_of).0
}

/// The support of one practice at a point, and how many valid items speak for or against it.
#[must_use]
pub fn support_and_items(
    history: &UnitHistory,
    target: &Target,
    at: At,
    rules: &Rules,
    kind_of: KindOf<'_>,
) -> (Support, u32) {
    let (support, items) = support_and_valid(history, target, at, rules, kind_of);
    (support, u32::try_from(items.len()).unwrap_or(u32::MAX))
}

/// The support of one practice at a point, and the positions of the valid items that speak for or
/// against it.
pub(crate) fn support_and_valid(
    history: &UnitHistory,
    target: &Target,
    at: At,
    rules: &Rules,
    kind_of: KindOf<'_>,
) -> (Support, Vec<u64>) {
    let mut items = Vec::new();
    let mut supported_until = None;
    let mut lapsed_since = None;
    let mut contradicted = false;
    for item in history.evidence_for(target, at.size) {
        let begun = item.work_from <= at.valid_at;
        if !begun || item.strength < rules.minimum_strength || !counts(item, at, rules, kind_of) {
            continue;
        }
        let until = valid_until(item, target, at, rules);
        let valid = at.valid_at < until;
        if valid && item.outcome != Outcome::Inconclusive {
            items.push(item.position);
        }
        match item.outcome {
            Outcome::Supports if valid => supported_until = supported_until.max(Some(until)),
            // An item that ended where it began never supported anything.
            Outcome::Supports if item.work_from < until => {
                lapsed_since = lapsed_since.max(Some(until));
            }
            Outcome::Contradicts if valid => contradicted = true,
            Outcome::Supports | Outcome::Contradicts | Outcome::Inconclusive => (),
        }
    }
    let support = match (contradicted, supported_until, lapsed_since) {
        (true, _, _) => Support::Contradicted,
        (false, Some(until), _) => Support::Supported { until },
        (false, None, Some(since)) => Support::Lapsed { since },
        (false, None, None) => Support::Unsupported,
    };
    (support, items)
}
