//! The times during which a practice is supported and contradicted, kept as testimonies come and go.

use gradus_model::evidence::Outcome;
use gradus_model::{Target, Timestamp};

use super::{SupportKind, Testimony, of_appraisals, testimony};
use crate::fold::Given;
use crate::spans::Spans;
use crate::steps::Steps;

const MICROS_A_DAY: i64 = 86_400_000_000;

/// The times during which a practice is supported and contradicted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Covered {
    supported: Spans,
    contradicted: Spans,
}

impl Covered {
    /// Takes in one more testimony; returns whether it changed anything.
    pub fn take(&mut self, testimony: &Testimony) -> bool {
        match testimony.outcome {
            Outcome::Supports => self.supported.add(testimony.from, testimony.until),
            Outcome::Contradicts => self.contradicted.add(testimony.from, testimony.until),
            Outcome::Inconclusive => false,
        }
    }

    /// Takes in that what an item says of a target is `after` now, nothing where it does not count,
    /// and was `before`; the given history knows it, and everything else that is said.
    ///
    /// What others say of the time that it said more of is looked up, the newest first, until
    /// nothing of that is left: few are asked where evidence comes again and again.
    pub fn take_back(
        &mut self,
        given: &Given<'_>,
        target: &Target,
        before: &Testimony,
        after: Option<&Testimony>,
    ) {
        let mut lost = Spans::default();
        lost.add(before.from, before.until);
        if let Some(after) = after {
            lost.remove(after.from, after.until);
        }
        keep_unsaid(&mut lost, given, target, before);
        let spoken = match before.outcome {
            Outcome::Supports => Some(&mut self.supported),
            Outcome::Contradicts => Some(&mut self.contradicted),
            Outcome::Inconclusive => None,
        };
        if let Some(spoken) = spoken {
            lost.iter().for_each(|(from, until)| spoken.remove(from, until));
        }
        if let Some(after) = after {
            self.take(after);
        }
    }

    /// Whether nothing speaks for or against it at any moment.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.supported.is_empty() && self.contradicted.is_empty()
    }

    /// The support at every moment.
    #[must_use]
    pub fn steps(&self) -> Steps<SupportKind> {
        let mut steps = Steps::default();
        let mut supported = self.supported.edges().peekable();
        let mut contradicted = self.contradicted.edges().peekable();
        let (mut is_supported, mut is_contradicted) = (false, false);
        let mut alone = SupportKind::Unsupported;
        loop {
            let next = [supported.peek(), contradicted.peek()].into_iter().flatten().min();
            let Some(instant) = next.copied() else { return steps };
            if supported.next_if_eq(&instant).is_some() {
                is_supported = !is_supported;
                alone = if is_supported { SupportKind::Supported } else { SupportKind::Lapsed };
            }
            if contradicted.next_if_eq(&instant).is_some() {
                is_contradicted = !is_contradicted;
            }
            let kind = if is_contradicted { SupportKind::Contradicted } else { alone };
            if instant > Timestamp::MIN {
                steps.then(instant, kind);
            } else {
                steps = Steps::always(kind);
            }
        }
    }
}

impl FromIterator<Testimony> for Covered {
    fn from_iter<T: IntoIterator<Item = Testimony>>(testimonies: T) -> Self {
        let mut covered = Self::default();
        for testimony in testimonies {
            covered.take(&testimony);
        }
        covered
    }
}

/// Takes out of some time what anybody else says the same of as a testimony did.
fn keep_unsaid(time: &mut Spans, given: &Given<'_>, target: &Target, but: &Testimony) {
    let Given { history, size, rules, providers, .. } = *given;
    let take_out = |time: &mut Spans, other: &Testimony| {
        if other.outcome == but.outcome && other.position != but.position {
            time.remove(other.from, other.until);
        }
    };
    if time.is_empty() {
        return;
    }
    of_appraisals(history, target, size, rules).for_each(|other| take_out(time, &other));
    let reach = rules.most_days(target).saturating_mul(MICROS_A_DAY);
    for (work, items) in history.evidence_backwards(target, size) {
        let Some((from, until)) = time.hull() else { return };
        if until <= work.from || work.to.plus_micros(reach) <= from {
            continue;
        }
        for item in items {
            // Whether it counts takes longer to find out than when its work was done.
            let Some((from, until)) = time.hull() else { return };
            if until <= item.work_from || item.work_to.plus_micros(reach) <= from {
                continue;
            }
            if let Some(other) = testimony(item, target, size, rules, providers) {
                take_out(time, &other);
            }
        }
    }
}
