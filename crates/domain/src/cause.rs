//! Why the levels of an area move from one point to another: the facts behind it, each classed.
//!
//! A movement is a step of one of two clocks. Where the log grows by a record, that record is the
//! cause. Where time passes an instant, the causes are the facts that begin or end there. In both
//! cases only those facts count that matter to what is said of the area.

mod happened;
mod learnt;
mod matter;
mod settled;
mod sight;

use gradus_model::{EvidenceId, Period, RatingId, Target, Timestamp, UnitId};

use crate::coverage::valid_until;
use crate::history::{EvidenceHistory, RatingHistory, Told};
use crate::rules::Rules;

use matter::Turned;

pub use sight::Asked;
pub(crate) use sight::{Own, Seen, Sight};

/// What sort of fact moved a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Evidence speaks for a practice that none spoke for before.
    NewEvidence,
    /// Evidence speaks for a practice that other evidence spoke for before.
    Renewed,
    /// Evidence speaks against a practice.
    Contradicted,
    /// The window of the rules passed, or the end that the submitter gave.
    Expired,
    /// An item was ended.
    Ended,
    /// Another item took its place.
    Superseded,
    /// An item was accepted.
    Accepted,
    /// An item was rejected.
    Rejected,
    /// An item was withdrawn.
    Withdrawn,
    /// An item was linked to the practice.
    Linked,
    /// An item was taken off the practice.
    Unlinked,
    /// A source was distrusted.
    Distrusted,
    /// A distrust of a source was taken back.
    Restored,
    /// A practice was rated that was not.
    Rated,
    /// A practice was rated anew.
    ReRated,
    /// A rating ended.
    RatingEnded,
    /// A rating was withdrawn.
    RatingWithdrawn,
    /// The area was tailored out.
    TailoredOut,
    /// The area was tailored in again.
    TailoredIn,
    /// The unit set from where the area is answered.
    Inherited,
    /// A unit came under another one.
    Moved,
    /// The unit came to be: before, nothing was known of it, and nobody answered for it.
    Registered,
    /// The unit was archived: from then on nobody answers for it.
    Archived,
    /// Other rules compute the levels.
    RulesChanged,
    /// Another model is in force.
    ModelChanged,
    /// Two units are compared.
    OtherUnit,
}

impl Class {
    /// The class in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NewEvidence => "new evidence",
            Self::Renewed => "renewed",
            Self::Contradicted => "contradicted",
            Self::Expired => "expired",
            Self::Ended => "ended",
            Self::Superseded => "superseded",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
            Self::Linked => "linked",
            Self::Unlinked => "unlinked",
            Self::Distrusted => "distrusted",
            Self::Restored => "restored",
            Self::Rated => "rated",
            Self::ReRated => "re-rated",
            Self::RatingEnded => "rating ended",
            Self::RatingWithdrawn => "rating withdrawn",
            Self::TailoredOut => "tailored out",
            Self::TailoredIn => "tailored in",
            Self::Inherited => "inherited",
            Self::Moved => "moved",
            Self::Registered => "registered",
            Self::Archived => "archived",
            Self::RulesChanged => "rules changed",
            Self::ModelChanged => "model changed",
            Self::OtherUnit => "other unit",
        }
    }
}

/// Why evidence, or the rating of an appraisal, no longer speaks from its end on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndsBy {
    /// The window of the rules passes.
    Window(Period),
    /// The submitter gave this end.
    Given,
    /// It was ended.
    Ended,
    /// Another item took its place.
    Superseded(EvidenceId),
}

impl EndsBy {
    /// What ends an item's validity for a practice, as known with `size` records.
    ///
    /// Of several on one instant, what people said of the item comes before the window.
    #[must_use]
    pub fn of(item: &EvidenceHistory, target: &Target, size: u64, rules: &Rules) -> Self {
        let until = valid_until(item, target, size, rules);
        match item.superseded_by(size) {
            Some((by, at)) if at == until => Self::Superseded(by),
            _ if item.ended_at(size) == Some(until) => Self::Ended,
            _ if item.valid_until == Some(until) => Self::Given,
            _ => Self::Window(rules.window(item.kind, target).clone()),
        }
    }

    /// The class of a movement that this end causes.
    #[must_use]
    pub const fn class(&self) -> Class {
        match self {
            Self::Window(_) | Self::Given => Class::Expired,
            Self::Ended => Class::Ended,
            Self::Superseded(_) => Class::Superseded,
        }
    }
}

/// A fact that moved a level, or the coverage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// What sort of fact it is.
    pub class: Class,
    /// Whether it came late: it had taken effect by the time of the last record known to the side
    /// that knows less, and was recorded after it. What acts from its position on, such as a
    /// review, never does.
    pub late: bool,
    /// Where it was recorded; of what begins or expires, where the item or rating was. None where
    /// no record is behind it: rules that were asked with, or two units compared.
    pub position: Option<u64>,
    /// The item, if it is about one.
    pub evidence: Option<EvidenceId>,
    /// The rating, if it is about one.
    pub rating: Option<RatingId>,
    /// The practice that it moved.
    pub practice: Option<Target>,
    /// Whose fact it is. If not of the unit asked about, it got there by inheritance.
    pub unit: UnitId,
    /// Of evidence that ends: by what.
    pub ends_by: Option<EndsBy>,
}

impl Cause {
    pub(crate) const fn new(class: Class, unit: UnitId, position: Option<u64>) -> Self {
        Self {
            class,
            late: false,
            position,
            evidence: None,
            rating: None,
            practice: None,
            unit,
            ends_by: None,
        }
    }

    fn of_item(class: Class, unit: UnitId, target: &Target, item: &EvidenceHistory) -> Self {
        Self {
            evidence: Some(item.id),
            practice: Some(target.clone()),
            ..Self::new(class, unit, Some(item.position))
        }
    }

    fn of_rating(class: Class, unit: UnitId, target: &Target, rating: &RatingHistory) -> Self {
        Self {
            rating: Some(rating.rating.rating),
            practice: Some(target.clone()),
            ..Self::new(class, unit, Some(rating.position))
        }
    }

    fn recorded_at(self, position: u64) -> Self {
        Self { position: Some(position), ..self }
    }

    fn late_if(self, late: bool) -> Self {
        Self { late, ..self }
    }
}

/// What was known at an earlier point, for telling what came late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Earlier {
    /// How many records were known.
    pub(crate) size: u64,
    /// When the last of them was recorded; without it nothing is called late.
    pub(crate) known_at: Option<Timestamp>,
}

impl Earlier {
    fn missed(self, position: u64, effective_at: Timestamp) -> bool {
        position >= self.size && self.known_at.is_some_and(|known| effective_at < known)
    }
}

/// The step between two points that next follow each other on one clock.
#[derive(Clone, Copy)]
pub(crate) enum Step<'a> {
    /// Time passed the later point's instant.
    Happened,
    /// The later point knows one more record.
    Learnt(Bearing<'a>),
}

/// How a record can bear on an area.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bearing<'a> {
    /// It settled something.
    Settled,
    /// It distrusted a source, or took a distrust back.
    Source,
    /// It told something of an item or a rating of this unit.
    Told(UnitId, Told<'a>),
}

/// Two points that next follow each other on one clock, and what is behind the step.
#[derive(Clone, Copy)]
pub(crate) struct Between<'a, 'b> {
    pub(crate) asked: &'b Asked<'a>,
    pub(crate) before: &'b Sight<'a>,
    pub(crate) after: &'b Sight<'a>,
    pub(crate) step: Step<'a>,
    pub(crate) earlier: Earlier,
    /// Whether what moves the coverage alone matters too.
    pub(crate) with_coverage: bool,
}

impl<'a> Between<'a, '_> {
    /// The causes of what changed between the two; at least one if anything that matters did.
    ///
    /// Where model or rules change too, the facts move first, by the former ones; then those change.
    pub(crate) fn causes(&self) -> Vec<Cause> {
        if self.before.basis == self.after.basis {
            return self.by_one_basis();
        }
        let by_former = self.asked.under(self.after.at, self.before.basis.clone());
        let mut causes = Vec::new();
        if self.moves(self.before, &by_former) {
            causes = Between { after: &by_former, ..*self }.by_one_basis();
        }
        if self.moves(&by_former, self.after) {
            let other_basis = self.other_basis();
            // A move may bring both another unit that answers and other rules.
            causes.retain(|cause| !other_basis.contains(cause));
            causes.extend(other_basis);
        }
        causes
    }

    fn moves(&self, before: &Sight<'_>, after: &Sight<'_>) -> bool {
        if self.with_coverage {
            before.state() != after.state()
        } else {
            before.levels() != after.levels()
        }
    }

    /// The causes while model and rules stay the same.
    fn by_one_basis(&self) -> Vec<Cause> {
        if let Some(tailored) = self.tailored(self.asked.unit) {
            // What does not apply has no other cause.
            return vec![tailored];
        }
        let mut causes = self.other_answers();
        causes.extend(self.facts(&self.matters()));
        if causes.is_empty() {
            // Several facts at once, none of which alone makes a difference: then all of them do.
            causes = self.facts(&self.turned());
        }
        causes
    }

    fn facts(&self, turned: &[Turned<'a>]) -> Vec<Cause> {
        let facts = turned.iter().flat_map(|turned| match self.step {
            Step::Happened => self.happened(turned),
            Step::Learnt(Bearing::Told(unit, told)) if unit == turned.unit => {
                vec![self.learnt(turned, &told)]
            }
            Step::Learnt(Bearing::Source) => vec![self.distrusted(turned)],
            Step::Learnt(Bearing::Told(..) | Bearing::Settled) => Vec::new(),
        });
        facts.collect()
    }
}
