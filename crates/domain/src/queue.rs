//! The queue of a review: items that were put forward, that nobody has decided on, and that the
//! rules do not trust.

use gradus_model::PrincipalId;
use gradus_model::evidence::Kind;

use crate::coverage::{Providers, is_trusted};
use crate::history::{EvidenceHistory, UnitHistory};
use crate::rules::Rules;

/// The items that wait for a review, as known with `size` records: from the position `from` on,
/// oldest first.
///
/// Without `rules` nothing is trusted. An item that ended where its work began waits no more, nor
/// one of a distrusted source, since no decision on it would change anything. The cost depends on how many items wait and, for a size
/// before the head, on how many were decided on since; not on how many there are.
#[must_use]
pub fn waiting<'a>(
    history: &'a UnitHistory,
    size: u64,
    from: u64,
    rules: Option<&Rules>,
    providers: &dyn Providers,
) -> Vec<&'a EvidenceHistory> {
    let needs_review = |provider: PrincipalId, kind: Kind| {
        rules.is_none_or(|rules| !is_trusted(provider, kind, rules, providers))
    };
    let mut waiting = history.undecided(size, from, needs_review);
    waiting.retain(|item| {
        item.ended_at(size).is_none_or(|end| item.work_from < end)
            && providers.distrust(item, size).is_none()
    });
    waiting
}
