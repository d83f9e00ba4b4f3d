//! Coverage: whether valid evidence stands behind a practice at a point.
//!
//! Windows are rules, applied here and never stored with the evidence: under other rules the same
//! log answers otherwise.

mod covered;

use gradus_model::evidence::{Kind, Outcome};
use gradus_model::unit::PrincipalKind;
use gradus_model::{PrincipalId, Target, Timestamp};

use crate::evidence::Standing;
use crate::history::{EvidenceHistory, UnitHistory};
use crate::rules::Rules;
use crate::timeline::At;

pub use covered::Covered;

/// What is known of those who provide evidence.
pub trait Providers {
    /// The kind of a principal, for the rules' lists of whom they trust.
    fn kind(&self, principal: PrincipalId) -> Option<PrincipalKind>;

    /// Where it was recorded that an item's source is distrusted, as known with `size` records;
    /// none if it is not.
    fn distrust(&self, item: &EvidenceHistory, size: u64) -> Option<u64>;
}

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

/// Whether valid evidence stands behind a practice, without since or until when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SupportKind {
    /// No evidence that counts ever supported it.
    #[default]
    Unsupported,
    /// Valid evidence supports it, and none contradicts it.
    Supported,
    /// Evidence supported it once, and none does now.
    Lapsed,
    /// Valid evidence contradicts it.
    Contradicted,
}

impl SupportKind {
    /// The support in a word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unsupported => "unsupported",
            Self::Supported => "supported",
            Self::Lapsed => "lapsed",
            Self::Contradicted => "contradicted",
        }
    }
}

impl Support {
    /// Which of the four it is.
    #[must_use]
    pub const fn kind(self) -> SupportKind {
        match self {
            Self::Supported { .. } => SupportKind::Supported,
            Self::Contradicted => SupportKind::Contradicted,
            Self::Lapsed { .. } => SupportKind::Lapsed,
            Self::Unsupported => SupportKind::Unsupported,
        }
    }

    /// The support in a word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.kind().name()
    }
}

/// Whether an item counts, as known with `size` records: accepted by a person, or trusted by the rules and not decided on.
///
/// What comes from a distrusted source never does, whoever accepted it.
#[must_use]
pub fn counts(item: &EvidenceHistory, size: u64, rules: &Rules, providers: &dyn Providers) -> bool {
    let trusted = || providers.distrust(item, size).is_none();
    match item.standing(size) {
        Standing::Accepted => trusted(),
        Standing::Rejected | Standing::Withdrawn => false,
        Standing::Submitted => is_trusted(item.provider, item.kind, rules, providers) && trusted(),
    }
}

/// Whether evidence of this kind from this principal counts without a review.
pub(crate) fn is_trusted(
    provider: PrincipalId,
    kind: Kind,
    rules: &Rules,
    providers: &dyn Providers,
) -> bool {
    providers.kind(provider).is_some_and(|sort| rules.trusts(provider, sort, kind))
}

/// The first instant at which an item no longer speaks for a practice, as known with `size` records.
#[must_use]
pub fn valid_until(item: &EvidenceHistory, target: &Target, size: u64, rules: &Rules) -> Timestamp {
    let window = rules.window(item.kind, target).after(item.work_to);
    [Some(window), item.valid_until, item.ended_at(size)]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(window)
}

/// A time during which something that counts speaks for or against a practice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Testimony {
    /// Which way it speaks.
    pub outcome: Outcome,
    /// From when on.
    pub from: Timestamp,
    /// The first instant at which it no longer does; not after `from` if it never did.
    pub until: Timestamp,
    /// Where the item, or the rating of an appraisal, was recorded.
    pub position: u64,
}

impl Testimony {
    /// Whether it ever speaks for or against the practice.
    #[must_use]
    pub fn says_anything(&self) -> bool {
        self.outcome != Outcome::Inconclusive && self.from < self.until
    }
}

/// What an item says of a practice, as known with `size` records; nothing if it does not count.
#[must_use]
pub fn testimony(
    item: &EvidenceHistory,
    target: &Target,
    size: u64,
    rules: &Rules,
    providers: &dyn Providers,
) -> Option<Testimony> {
    if item.strength < rules.minimum_strength || !counts(item, size, rules, providers) {
        return None;
    }
    let until = valid_until(item, target, size, rules);
    let (outcome, from, position) = (item.outcome, item.work_from, item.position);
    Some(Testimony { outcome, from, until, position })
}

/// What the ratings of closed appraisals say of a practice: each speaks for itself, for the window
/// that the rules give appraisals.
fn of_appraisals<'a>(
    history: &'a UnitHistory,
    target: &'a Target,
    size: u64,
    rules: &'a Rules,
) -> impl Iterator<Item = Testimony> + 'a {
    let window = rules.appraisal_window();
    let ratings = window.into_iter().flat_map(move |window| {
        let of_target = history.ratings_of(target);
        of_target.map(move |rating| (window, rating))
    });
    ratings.filter_map(move |(window, rating)| {
        // What the rules do not read is not rated, and speaks for nothing.
        let found = rules.read(rating.rating.value).is_some_and(|value| !value.is_lowest());
        let appraised = rating.rating.appraisal.is_some() && found;
        if !appraised || rating.position >= size || rating.is_withdrawn(size) {
            return None;
        }
        let window = window.after(rating.effective_at);
        let until = rating.ended_at(size).map_or(window, |end| end.min(window));
        let (outcome, from, position) = (Outcome::Supports, rating.effective_at, rating.position);
        Some(Testimony { outcome, from, until, position })
    })
}

/// Everything that ever speaks for or against a practice, as known with `size` records.
pub fn testimonies<'a>(
    history: &'a UnitHistory,
    target: &'a Target,
    size: u64,
    rules: &'a Rules,
    providers: &'a dyn Providers,
) -> impl Iterator<Item = Testimony> + 'a {
    let items = history.evidence_for(target, size);
    let spoken = items.filter_map(move |item| testimony(item, target, size, rules, providers));
    spoken.chain(of_appraisals(history, target, size, rules))
}

/// The support of one practice at a point.
#[must_use]
pub fn support(
    history: &UnitHistory,
    target: &Target,
    at: At,
    rules: &Rules,
    providers: &dyn Providers,
) -> Support {
    support_and_valid(history, target, at, rules, providers).0
}

/// The support of one practice at a point, and how many valid items speak for or against it.
#[must_use]
pub fn support_and_items(
    history: &UnitHistory,
    target: &Target,
    at: At,
    rules: &Rules,
    providers: &dyn Providers,
) -> (Support, u32) {
    let (support, items) = support_and_valid(history, target, at, rules, providers);
    (support, u32::try_from(items.len()).unwrap_or(u32::MAX))
}

/// The support of one practice at a point, and the positions of what is valid and speaks for or
/// against it.
pub(crate) fn support_and_valid(
    history: &UnitHistory,
    target: &Target,
    at: At,
    rules: &Rules,
    providers: &dyn Providers,
) -> (Support, Vec<u64>) {
    let mut valid = Vec::new();
    let mut supported_until = None;
    let mut lapsed_since = None;
    let mut contradicted = false;
    let spoken = testimonies(history, target, at.size, rules, providers);
    for testimony in spoken.filter(|spoken| spoken.from <= at.valid_at) {
        let until = testimony.until;
        let is_valid = at.valid_at < until;
        if is_valid && testimony.outcome != Outcome::Inconclusive {
            valid.push(testimony.position);
        }
        match testimony.outcome {
            Outcome::Supports if is_valid => supported_until = supported_until.max(Some(until)),
            // An item that ended where it began never supported anything.
            Outcome::Supports if testimony.from < until => {
                lapsed_since = lapsed_since.max(Some(until));
            }
            Outcome::Contradicts if is_valid => contradicted = true,
            Outcome::Supports | Outcome::Contradicts | Outcome::Inconclusive => (),
        }
    }
    let support = match (contradicted, supported_until, lapsed_since) {
        (true, _, _) => Support::Contradicted,
        (false, Some(until), _) => Support::Supported { until },
        (false, None, Some(since)) => Support::Lapsed { since },
        (false, None, None) => Support::Unsupported,
    };
    (support, valid)
}
