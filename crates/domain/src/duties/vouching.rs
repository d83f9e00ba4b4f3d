//! The same duties in the other order: who rated does not afterwards let evidence stand behind the
//! rating.
//!
//! It is judged like any duty: when the deed is recorded, by the rules in force then, and by what is
//! known then. Of a principal's ratings those matter that are their own judgment and in force at that
//! moment or later; an item matters to them where they cite it or, where they cite none, where it
//! would speak for or against their practice while they are in force.

use std::fmt;

use gradus_model::{EvidenceId, Target};

use super::{Pair, Under};
use crate::evidence::Held;
use crate::proposal::Occasion;
use crate::refusal::Refusal;
use crate::unit::Draft;

/// What somebody does to an item, so that it stands behind practices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Puts it forward.
    Provide,
    /// Says that it counts.
    Accept,
    /// Vouches for it as a second person.
    Confirm,
    /// Says that it speaks for further practices.
    Link,
    /// Gives it a later end.
    Prolong,
}

impl Deed {
    /// The deed as it was done.
    #[must_use]
    pub const fn had(self) -> &'static str {
        match self {
            Self::Provide => "provided",
            Self::Accept => "accepted",
            Self::Confirm => "confirmed",
            Self::Link => "linked",
            Self::Prolong => "prolonged",
        }
    }

    /// The deed as it would be done.
    #[must_use]
    pub const fn tried(self) -> &'static str {
        match self {
            Self::Provide => "provide",
            Self::Accept => "accept",
            Self::Confirm => "confirm",
            Self::Link => "link",
            Self::Prolong => "prolong",
        }
    }
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.tried())
    }
}

/// Refuses a deed on an item, as it is or would be with it, by who rated one of the practices that it
/// is about, unless the rules relax that.
pub(crate) fn vouch(
    draft: &Draft<'_>,
    on: &Occasion,
    under: &Under<'_>,
    deed: Deed,
    (evidence, held): (EvidenceId, &Held),
    practices: &[Target],
) -> Result<(), Refusal> {
    let actor = on.actor.principal;
    let hands = held.hands(evidence);
    let provides = hands.provider == actor;
    let reviews = match deed {
        Deed::Provide => false,
        Deed::Accept | Deed::Confirm | Deed::Link => true,
        Deed::Prolong => hands.reviewer == Some(actor) || hands.confirmed_by.contains(&actor),
    };
    let pairs = [(Pair::ProviderRates, provides), (Pair::ReviewerRates, reviews)];
    let kept = pairs.into_iter().find(|(pair, in_hand)| *in_hand && under.keeps_apart(*pair));
    let Some((pair, _)) = kept else { return Ok(()) };
    // A rating may cite what is linked to other practices.
    let citing = draft.cited_for(evidence);
    let mut looked_at = practices.iter().chain(&citing);
    let rested = looked_at.find(|target| rests_on(draft, on, under, (evidence, held), target));
    let Some(practice) = rested.cloned() else { return Ok(()) };
    let rules = under.rules.map(|rules| rules.id.clone());
    Err(Refusal::RatedBefore { pair, practice, tried: deed, evidence, rules })
}

/// Whether a rating of the actor's own would rest on an item.
fn rests_on(
    draft: &Draft<'_>,
    on: &Occasion,
    under: &Under<'_>,
    (evidence, held): (EvidenceId, &Held),
    target: &Target,
) -> bool {
    let all = draft.ratings_of(target);
    let own = all.iter().filter(|rated| rated.is_judgment_of(on.actor.principal));
    let in_force = own.filter_map(|rated| Some((rated, rated.tenure(&all)?)));
    let mut in_force = in_force.filter(|(_, (_, to))| to.is_none_or(|to| on.now < to));
    let span = under.rules.and_then(|rules| held.span(target, rules));
    in_force.any(|(rated, (from, to))| {
        if rated.rating.evidence.is_empty() {
            span.is_some_and(|(begin, end)| from < end && to.is_none_or(|to| begin < to))
        } else {
            rated.rating.evidence.contains(&evidence)
        }
    })
}
