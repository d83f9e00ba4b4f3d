//! The times during which a practice is supported and contradicted, kept as testimonies come and go.

use gradus_model::evidence::Outcome;
use gradus_model::{Target, Timestamp};

use super::{SupportKind, Testimony, of_appraisals, testimony};
use crate::fold::Given;
use crate::history::{Kinds, Work};
use crate::rules::Rules;
use crate::spans::Spans;
use crate::steps::Steps;

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
    let mut longest = Longest { rules, target, of: None };
    for (work, items) in history.evidence_backwards(target, size) {
        let Some(hull) = time.hull() else { return };
        if !longest.reaches(&work, hull) {
            continue;
        }
        for item in items {
            // Whether it counts takes longer to find out.
            let Some(hull) = time.hull() else { return };
            if longest.reaches(&Work::of(item), hull)
                && let Some(other) = testimony(item, target, size, rules, providers)
            {
                take_out(time, &other);
            }
        }
    }
}

/// A bound on how long evidence of some kinds speaks for a target, found once for the same kinds.
struct Longest<'a> {
    rules: &'a Rules,
    target: &'a Target,
    of: Option<(Kinds, i64)>,
}

impl Longest<'_> {
    /// Whether what tells of some work may speak within a time.
    fn reaches(&mut self, work: &Work, (from, until): (Timestamp, Timestamp)) -> bool {
        work.from < until && from < work.to.plus_micros(self.micros(work.kinds))
    }

    fn micros(&mut self, kinds: Kinds) -> i64 {
        if let Some((of, micros)) = self.of
            && of == kinds
        {
            return micros;
        }
        let windows = kinds.iter().map(|kind| self.rules.window(kind, self.target).most_micros());
        let micros = windows.max().unwrap_or_default();
        self.of = Some((kinds, micros));
        micros
    }
}
