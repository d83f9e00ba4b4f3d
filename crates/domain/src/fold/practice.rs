//! What a fold keeps of one practice.

use std::sync::LazyLock;

use gradus_model::{Target, Timestamp};
use smallvec::SmallVec;

use super::Given;
use crate::coverage::{Covered, SupportKind, testimonies};
use crate::in_force::{self, Rated};
use crate::scheme::Reading;
use crate::steps::Steps;

/// What is kept of one target of the area of which anything is known.
#[derive(Clone, Debug)]
pub(super) struct Practice {
    /// The target's number in the outline.
    pub(super) number: usize,
    pub(super) covered: Covered,
    pub(super) support: Steps<SupportKind>,
    /// As the rules read its ratings; none if nothing that they read was rated.
    pub(super) rated: Option<Box<Steps<Rated>>>,
}

/// A practice of which nothing is known.
pub(super) static UNREAD: Reading = Reading { values: SmallVec::new_const(), supported: false };
pub(super) static UNRATED: LazyLock<Steps<Rated>> = LazyLock::new(Steps::default);
pub(super) static UNSUPPORTED: Steps<SupportKind> = Steps::always(SupportKind::Unsupported);

impl Practice {
    pub(super) fn unknown(number: usize) -> Self {
        Self { number, covered: Covered::default(), support: Steps::default(), rated: None }
    }

    pub(super) fn bytes(&self) -> usize {
        let rated = self.rated.as_deref().map_or(0, |rated| 1 + rated.changes().len());
        // A support has about as many spans as changes, and a reading a value of its own.
        let supports = self.support.changes().len() * size_of::<(Timestamp, Timestamp)>() * 2;
        size_of::<Self>() + supports + rated * 2 * size_of::<(Timestamp, Rated)>()
    }

    /// What is known of a target; none if nothing is.
    pub(super) fn of(given: &Given<'_>, number: usize, target: &Target) -> Option<Self> {
        let covered = testimonies(given.history, target, given.size, given.rules, given.providers)
            .collect::<Covered>();
        let rated = Self::rated(given, target);
        if covered.is_nothing() && rated.is_none() {
            return None;
        }
        let support = covered.steps();
        Some(Self { number, covered, support, rated })
    }

    pub(super) fn rated(given: &Given<'_>, target: &Target) -> Option<Box<Steps<Rated>>> {
        let rated = in_force::rated(given.history, target, given.rules, given.size);
        (rated != *UNRATED).then(|| Box::new(rated))
    }

    /// Tells how its ratings are read from an instant on, and at each instant of change after it
    /// and before another.
    pub(super) fn readings<'a>(
        &self,
        rated: &'a Steps<Rated>,
        from: Timestamp,
        before: Option<Timestamp>,
        mut tell: impl FnMut(Option<Timestamp>, &'a Reading),
    ) {
        let (mut value, values) = rated.from(from);
        let (support, supports) = self.support.from(from);
        let mut is_supported = *support == SupportKind::Supported;
        tell(None, value.reading(is_supported));
        let is_within = |instant: Timestamp| before.is_none_or(|before| instant < before);
        let mut values = values.iter().take_while(|(at, _)| is_within(*at)).peekable();
        let mut supports = supports.iter().take_while(|(at, _)| is_within(*at)).peekable();
        loop {
            let next = [values.peek().map(|one| one.0), supports.peek().map(|one| one.0)];
            let Some(instant) = next.into_iter().flatten().min() else { return };
            let before = value.reading(is_supported);
            if let Some((_, changed)) = values.next_if(|(at, _)| *at == instant) {
                value = changed;
            }
            if let Some((_, kind)) = supports.next_if(|(at, _)| *at == instant) {
                is_supported = *kind == SupportKind::Supported;
            }
            let after = value.reading(is_supported);
            if !std::ptr::eq(before, after) {
                tell(Some(instant), after);
            }
        }
    }
}

pub(super) fn support_of(practice: Option<&Practice>) -> &Steps<SupportKind> {
    practice.map_or(&UNSUPPORTED, |practice| &practice.support)
}

pub(super) fn ratings_of(practice: Option<&Practice>) -> &Steps<Rated> {
    practice.and_then(|practice| practice.rated.as_deref()).unwrap_or(&UNRATED)
}
