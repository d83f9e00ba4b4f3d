//! Sufficiency: how much evidence there is for each practice of an area, by process instance.
//!
//! Whether an item counts, and whether its support is fresh, is what coverage and explanations say
//! of it; here it is only counted. Rules decide on a practice, not on each instance of it, so that an
//! item of several instances is in a cell of each, and behind its practice once.

use std::collections::BTreeMap;

use gradus_model::evidence::{Outcome, Strength};
use gradus_model::{Label, Target};

use crate::coverage::{Support, SupportKind, support_and_valid};
use crate::explain::{Counts, ItemBehind, WhyNot, item_behind};
use crate::history::{EvidenceHistory, UnitHistory};
use crate::level::Question;
use crate::scheme::Outline;

/// How evidence speaks: what people said is told apart, and the rest by its strength.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// A work product of the practice itself.
    Direct,
    /// A trace of it.
    Indirect,
    /// Circumstantial.
    Weak,
    /// What somebody said ([`gradus_model::evidence::Kind::is_spoken`]), however strong.
    Spoken,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 4] = [Self::Direct, Self::Indirect, Self::Weak, Self::Spoken];

    fn of(item: &ItemBehind) -> Self {
        match item.strength {
            _ if item.kind.is_spoken() => Self::Spoken,
            Strength::Direct => Self::Direct,
            Strength::Indirect => Self::Indirect,
            Strength::Weak => Self::Weak,
        }
    }
}

/// How many items support a practice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fresh {
    /// Valid at the moment asked about.
    pub fresh: u32,
    /// Valid once.
    pub stale: u32,
}

/// The items of one practice and one process instance: each that was put forward and neither
/// rejected nor withdrawn, and whose work had begun, in one of the counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// The process instance; none for items that name none.
    pub instance: Option<Label>,
    /// Items that count and support, by class, in the order of [`Class::ALL`].
    pub supporting: [Fresh; 4],
    /// Valid items that count and contradict.
    pub contradicting: u32,
    /// Items that wait for a review and would say something at that moment if they were accepted.
    pub waiting: u32,
    /// Items that say nothing then: inconclusive, too weak for the rules, waiting without any use,
    /// contradicting no longer, or of a distrusted source.
    pub silent: u32,
}

impl Cell {
    /// The counts of a class.
    #[must_use]
    pub fn of(&self, class: Class) -> Fresh {
        let at = Class::ALL.iter().position(|one| *one == class);
        at.and_then(|at| self.supporting.get(at)).copied().unwrap_or_default()
    }

    fn take(&mut self, class: Class, place: Place) {
        let at = Class::ALL.iter().position(|one| *one == class);
        let supporting = at.and_then(|at| self.supporting.get_mut(at));
        let count = match (place, supporting) {
            (Place::Fresh, Some(of_class)) => &mut of_class.fresh,
            (Place::Stale, Some(of_class)) => &mut of_class.stale,
            (Place::Contradicting, _) => &mut self.contradicting,
            (Place::Waiting(_), _) => &mut self.waiting,
            (Place::Fresh | Place::Stale | Place::TooWeak | Place::Silent, _) => &mut self.silent,
        };
        *count = count.saturating_add(1);
    }
}

/// What a practice lacks to be supported; the least that would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Missing {
    /// Valid evidence contradicts it: that has to be resolved first.
    Resolution,
    /// A review: evidence for it waits.
    Review,
    /// Evidence anew: what supported it is no longer valid.
    Renewal,
    /// Stronger evidence than there is: the rules do not count it.
    Strength,
    /// Evidence at all.
    Evidence,
}

impl Missing {
    /// What is missing, in a word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Resolution => "resolution",
            Self::Review => "review",
            Self::Renewal => "renewal",
            Self::Strength => "strength",
            Self::Evidence => "evidence",
        }
    }
}

/// A practice of an area, with the evidence that there is for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PracticeRow {
    /// The practice.
    pub target: Target,
    /// Whether it suffices by the rules: it does where it is supported.
    pub support: Support,
    /// What it lacks, most urgent first; nothing where it suffices.
    pub missing: Vec<Missing>,
    /// Ratings of closed appraisals that support it at the moment, where rules give them a window.
    pub appraised: u32,
    /// The instances with items: those without an instance first, then by name.
    pub cells: Vec<Cell>,
}

/// Where an item is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Fresh,
    Stale,
    Contradicting,
    /// With what it would be if it were accepted.
    Waiting(Outcome),
    /// For the practice and in time, but weaker than the rules ask for, reviewed or not.
    TooWeak,
    Silent,
}

/// The evidence for each practice that an outline has, in its order; of the unit's own stream, not
/// of those that it inherits from.
#[must_use]
pub fn sufficiency(
    question: &Question<'_>,
    history: &UnitHistory,
    outline: &Outline,
) -> Vec<PracticeRow> {
    outline.targets.iter().map(|(target, _)| row(question, history, target)).collect()
}

fn row(question: &Question<'_>, history: &UnitHistory, target: &Target) -> PracticeRow {
    let Question { at, rules, providers, .. } = *question;
    let (support, valid) = support_and_valid(history, target, at, rules, providers);
    let mut cells: BTreeMap<Option<&Label>, Cell> = BTreeMap::new();
    let mut places = Vec::new();
    let (mut of_items, mut fresh) = (0, 0);
    for item in history.evidence_for(target, at.size) {
        let behind = item_behind(item, target, at, rules, providers);
        let Some(place) = place(question, item, &behind) else { continue };
        of_items += usize::from(matches!(place, Place::Fresh | Place::Contradicting));
        fresh += usize::from(place == Place::Fresh);
        for instance in belongs_to(item, at.size) {
            let cell = cells.entry(instance).or_default();
            cell.instance = instance.cloned();
            cell.take(Class::of(&behind), place);
        }
        places.push(place);
    }
    // What is valid and no item is a rating of an appraisal.
    let appraised = valid.len().saturating_sub(of_items);
    PracticeRow {
        target: target.clone(),
        support,
        missing: missing(support, &places, fresh + appraised > 0),
        appraised: u32::try_from(appraised).unwrap_or(u32::MAX),
        cells: cells.into_values().collect(),
    }
}

/// The process instances in whose cells an item is counted: once in each that it belongs to.
fn belongs_to(item: &EvidenceHistory, size: u64) -> Vec<Option<&Label>> {
    let instances = item.instances(size);
    if instances.is_empty() { vec![None] } else { instances.into_iter().map(Some).collect() }
}

fn place(question: &Question<'_>, item: &EvidenceHistory, behind: &ItemBehind) -> Option<Place> {
    let (at, rules) = (question.at, question.rules);
    if at.valid_at < item.work_from {
        return None;
    }
    let spoke = item.work_from < behind.valid_until;
    let in_time = at.valid_at < behind.valid_until;
    let strong = item.strength >= rules.minimum_strength;
    Some(match behind.counts {
        Counts::For => Place::Fresh,
        Counts::Against => Place::Contradicting,
        Counts::Not(why) => match why {
            WhyNot::Withdrawn | WhyNot::Rejected | WhyNot::NotBegun => return None,
            WhyNot::NotAccepted if in_time && strong && item.outcome != Outcome::Inconclusive => {
                Place::Waiting(item.outcome)
            }
            WhyNot::NotAccepted | WhyNot::TooWeak
                if in_time && !strong && item.outcome == Outcome::Supports =>
            {
                Place::TooWeak
            }
            WhyNot::Over { .. } if spoke && item.outcome == Outcome::Supports => Place::Stale,
            WhyNot::NotAccepted
            | WhyNot::TooWeak
            | WhyNot::Inconclusive
            | WhyNot::Distrusted { .. }
            | WhyNot::Over { .. } => Place::Silent,
        },
    })
}

fn missing(support: Support, places: &[Place], is_backed: bool) -> Vec<Missing> {
    let kind = support.kind();
    if kind == SupportKind::Supported {
        return Vec::new();
    }
    let mut missing = Vec::new();
    if kind == SupportKind::Contradicted {
        missing.push(Missing::Resolution);
    }
    // With the contradiction gone, what else speaks for it would do.
    if !is_backed {
        let has = |place| places.contains(&place);
        missing.push(if has(Place::Waiting(Outcome::Supports)) {
            Missing::Review
        } else if has(Place::Stale) || kind == SupportKind::Lapsed {
            Missing::Renewal
        } else if has(Place::TooWeak) {
            Missing::Strength
        } else {
            Missing::Evidence
        });
    }
    missing
}
