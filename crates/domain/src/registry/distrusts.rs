//! Sources that are distrusted: since which position, over which interval, until taken back.
//!
//! A distrust acts from its position on, on the whole validity of what it is about, and so does
//! taking it back: the items themselves stay as they are.

use gradus_model::event::{SourceDistrusted, SourceRestored};
use gradus_model::suspect::Suspect;
use gradus_model::unit::PrincipalKind;
use gradus_model::{PrincipalId, Timestamp};

use super::Registry;
use crate::coverage::Providers;
use crate::evidence::bounded;
use crate::history::EvidenceHistory;
use crate::proposal::{Proposal, Verdict};
use crate::refusal::Refusal;

/// Distrusts that may be in force at once: each item is held against all of them.
pub const MOST_DISTRUSTS: usize = 1_000;

/// A source that was distrusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distrust {
    /// Where it was recorded, which names it.
    pub position: u64,
    /// What is distrusted.
    pub suspect: Suspect,
    /// The first stamp of the records in question; none for all before `until`.
    pub from: Option<Timestamp>,
    /// The first stamp after them, if there is one.
    pub until: Option<Timestamp>,
    /// Where it was taken back, if it was.
    pub restored: Option<u64>,
}

impl Distrust {
    /// Whether it is in force, as known with `size` records.
    #[must_use]
    pub fn holds(&self, size: u64) -> bool {
        self.position < size && self.restored.is_none_or(|restored| size <= restored)
    }

    /// Whether it is about an item.
    #[must_use]
    pub fn is_about(&self, item: &EvidenceHistory) -> bool {
        self.from.is_none_or(|from| from <= item.recorded_at)
            && self.until.is_none_or(|until| item.recorded_at < until)
            && self.suspect.made(item.provider, &item.source, item.tool.as_deref())
    }
}

/// All distrusts, in the order of recording.
#[derive(Clone, Debug, Default)]
pub(super) struct Distrusts(Vec<Distrust>);

impl Distrusts {
    pub(super) fn distrust(&mut self, position: u64, stated: &SourceDistrusted) {
        let SourceDistrusted { suspect, from, until } = stated.clone();
        // One that is only supposed may come before others that were recorded meanwhile.
        let place = self.0.partition_point(|known| known.position < position);
        self.0.insert(place, Distrust { position, suspect, from, until, restored: None });
    }

    pub(super) fn restore(&mut self, position: u64, stated: &SourceRestored) {
        let of = self.0.binary_search_by_key(&stated.distrust, |distrust| distrust.position);
        if let Some(distrust) = of.ok().and_then(|number| self.0.get_mut(number)) {
            distrust.restored.get_or_insert(position);
        }
    }
}

impl Registry {
    /// Every distrust, in the order of recording, those taken back too.
    #[must_use]
    pub fn distrusts(&self) -> impl DoubleEndedIterator<Item = &Distrust> {
        self.distrusts.0.iter()
    }

    /// The distrust that was recorded at a position.
    #[must_use]
    pub fn distrust_at(&self, position: u64) -> Option<&Distrust> {
        let all = &self.distrusts.0;
        let found = all.binary_search_by_key(&position, |distrust| distrust.position);
        found.ok().and_then(|number| all.get(number))
    }
}

impl Providers for Registry {
    fn kind(&self, principal: PrincipalId) -> Option<PrincipalKind> {
        self.principal(principal).map(|found| found.kind)
    }

    fn distrust(&self, item: &EvidenceHistory, size: u64) -> Option<u64> {
        let holds = |distrust: &&Distrust| distrust.holds(size) && distrust.is_about(item);
        self.distrusts().find(holds).map(|distrust| distrust.position)
    }
}

/// What the rules say to distrusting a source.
pub(super) fn distrust(
    registry: &Registry,
    stated: &SourceDistrusted,
    proposal: &Proposal,
) -> Result<Verdict, Refusal> {
    reason_given(proposal)?;
    if let Suspect::Principal(principal) = &stated.suspect
        && registry.principal(*principal).is_none()
    {
        return Err(Refusal::PrincipalUnknown(principal.to_string()));
    }
    if let Some((from, seen)) = stated.from.zip(stated.until)
        && seen <= from
    {
        return Err(Refusal::EndBeforeStart { field: "until", seen, from });
    }
    let in_force = || registry.distrusts().filter(|known| known.holds(u64::MAX));
    let same = |known: &Distrust| {
        (&known.suspect, known.from, known.until) == (&stated.suspect, stated.from, stated.until)
    };
    if in_force().any(same) {
        return Ok(Verdict::AlreadySo);
    }
    bounded("distrusts", in_force().count() + 1, MOST_DISTRUSTS)?;
    Ok(Verdict::Record)
}

/// What the rules say to taking a distrust back.
pub(super) fn restore(
    registry: &Registry,
    stated: &SourceRestored,
    proposal: &Proposal,
) -> Result<Verdict, Refusal> {
    reason_given(proposal)?;
    let known = registry.distrust_at(stated.distrust);
    let known = known.ok_or(Refusal::DistrustUnknown(stated.distrust))?;
    Ok(if known.restored.is_some() { Verdict::AlreadySo } else { Verdict::Record })
}

fn reason_given(proposal: &Proposal) -> Result<(), Refusal> {
    if proposal.payload.is_empty() { Err(Refusal::ReasonMissing) } else { Ok(()) }
}
