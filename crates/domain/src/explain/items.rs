//! An item of evidence as it was known at a point, and whether it counts.

use gradus_model::evidence::{Kind, Outcome, Strength};
use gradus_model::{EvidenceId, Label, PrincipalId, Target, Timestamp};

use crate::cause::EndsBy;
use crate::coverage::{Providers, counts, valid_until};
use crate::evidence::Standing;
use crate::history::EvidenceHistory;
use crate::rules::Rules;
use crate::timeline::At;

const DAY_MICROS: i64 = 86_400_000_000;

/// An item of evidence behind a practice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemBehind {
    /// The item.
    pub evidence: EvidenceId,
    /// Where its submission was recorded.
    pub position: u64,
    /// Who submitted it.
    pub provider: PrincipalId,
    /// What sort of evidence it is.
    pub kind: Kind,
    /// Which way it speaks.
    pub outcome: Outcome,
    /// How closely it is tied to its practices.
    pub strength: Strength,
    /// The process instances that it belongs to, in order.
    pub instances: Vec<Label>,
    /// When the work began.
    pub work_from: Timestamp,
    /// When the work ended.
    pub work_to: Timestamp,
    /// The first instant at which it no longer speaks for the practice.
    pub valid_until: Timestamp,
    /// Why it ends then.
    pub ends_by: EndsBy,
    /// What was last decided on it.
    pub standing: Standing,
    /// Where that was recorded, if anything was decided.
    pub decided_at: Option<u64>,
    /// Whether it counts at the point asked about.
    pub counts: Counts,
    /// Whole days from the end of the work to the moment asked about; none if it ends after it.
    pub age_in_days: Option<u64>,
}

/// Whether an item counts at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counts {
    /// It speaks for the practice.
    For,
    /// It speaks against the practice.
    Against,
    /// It does not count.
    Not(WhyNot),
}

/// Why an item does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyNot {
    /// Its source is distrusted.
    Distrusted {
        /// Where that was recorded.
        by: u64,
    },
    /// It was withdrawn.
    Withdrawn,
    /// It was rejected.
    Rejected,
    /// Nobody accepted it, and the rules do not trust its provider with it.
    NotAccepted,
    /// The rules ask for stronger evidence.
    TooWeak,
    /// It speaks neither for nor against.
    Inconclusive,
    /// The work had not begun.
    NotBegun,
    /// It spoke until then.
    Over {
        /// The first instant at which it no longer did.
        since: Timestamp,
    },
}

pub(crate) fn behind(
    item: &EvidenceHistory,
    target: &Target,
    at: At,
    rules: &Rules,
    providers: &dyn Providers,
) -> ItemBehind {
    let valid_until = valid_until(item, target, at.size, rules);
    let age = at.valid_at.micros().checked_sub(item.work_to.micros());
    ItemBehind {
        evidence: item.id,
        position: item.position,
        provider: item.provider,
        kind: item.kind,
        outcome: item.outcome,
        strength: item.strength,
        instances: item.instances(at.size).into_iter().cloned().collect(),
        work_from: item.work_from,
        work_to: item.work_to,
        valid_until,
        ends_by: EndsBy::of(item, target, at.size, rules),
        standing: item.standing(at.size),
        decided_at: item.decided_at(at.size),
        counts: counting(item, valid_until, at, rules, providers),
        age_in_days: age.and_then(|micros| u64::try_from(micros.div_euclid(DAY_MICROS)).ok()),
    }
}

fn counting(
    item: &EvidenceHistory,
    until: Timestamp,
    at: At,
    rules: &Rules,
    providers: &dyn Providers,
) -> Counts {
    let distrust = providers.distrust(item, at.size);
    let not = match item.standing(at.size) {
        Standing::Withdrawn => Some(WhyNot::Withdrawn),
        Standing::Rejected => Some(WhyNot::Rejected),
        Standing::Submitted | Standing::Accepted if distrust.is_some() => {
            distrust.map(|by| WhyNot::Distrusted { by })
        }
        Standing::Submitted if !counts(item, at.size, rules, providers) => {
            Some(WhyNot::NotAccepted)
        }
        Standing::Submitted | Standing::Accepted if at.valid_at < item.work_from => {
            Some(WhyNot::NotBegun)
        }
        Standing::Submitted | Standing::Accepted if item.strength < rules.minimum_strength => {
            Some(WhyNot::TooWeak)
        }
        Standing::Submitted | Standing::Accepted if until <= at.valid_at => {
            Some(WhyNot::Over { since: until })
        }
        Standing::Submitted | Standing::Accepted => None,
    };
    match (not, item.outcome) {
        (Some(why), _) => Counts::Not(why),
        (None, Outcome::Supports) => Counts::For,
        (None, Outcome::Contradicts) => Counts::Against,
        (None, Outcome::Inconclusive) => Counts::Not(WhyNot::Inconclusive),
    }
}
