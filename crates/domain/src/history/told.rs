//! What single records said, for those who go through them one by one.

use std::collections::BTreeMap;

use gradus_model::{Target, Timestamp};

use super::links::OfTarget;
use super::{EvidenceHistory, Happening, RatingHistory, UnitHistory};

/// What one record said of an item or a rating.
#[derive(Clone, Copy, Debug)]
pub enum Told<'a> {
    /// The item was submitted.
    Submitted(&'a EvidenceHistory),
    /// Something happened to the item.
    Happened(&'a EvidenceHistory, &'a Happening),
    /// The item was linked to further practices.
    Linked(&'a EvidenceHistory),
    /// The item was taken off practices.
    Unlinked(&'a EvidenceHistory),
    /// The practice was rated.
    Rated(&'a RatingHistory),
    /// The rating was withdrawn.
    RatingWithdrawn(&'a RatingHistory),
    /// The rating ends then.
    RatingEnded(&'a RatingHistory, Timestamp),
}

impl EvidenceHistory {
    /// Where it was recorded that it ceased to count, by the end that holds as known with `size`
    /// records; of an end and another item's begin on one instant, the other item's.
    #[must_use]
    pub fn end_recorded_at(&self, size: u64) -> Option<u64> {
        let end = self.ended_at(size)?;
        let known = self.happenings.iter().rev().filter(|(position, _)| *position < size);
        let mut by_end = None;
        for (position, happening) in known {
            match happening {
                Happening::Superseded(_, at) if *at == end => return Some(*position),
                Happening::Ended(at) if *at == end => by_end = by_end.or(Some(*position)),
                _ => (),
            }
        }
        by_end
    }
}

impl RatingHistory {
    /// Where the end that holds as known with `size` records was recorded.
    #[must_use]
    pub fn end_recorded_at(&self, size: u64) -> Option<u64> {
        let known = |(position, _): &&(u64, Timestamp)| *position < size;
        self.ends.iter().rev().find(known).map(|(position, _)| *position)
    }
}

impl UnitHistory {
    /// What records at the positions `from` to `to - 1` said of items and ratings of the targets
    /// that `concerns` names, by position.
    #[must_use]
    pub fn told(
        &self,
        concerns: impl Fn(&Target) -> bool,
        from: u64,
        to: u64,
    ) -> BTreeMap<u64, Told<'_>> {
        let mut told = BTreeMap::new();
        let items = self.items();
        for OfTarget { target, links, .. } in items.targets().filter(|of| concerns(&of.target)) {
            for link in links.iter() {
                let Some(item) = items.numbered(link.evidence) else { continue };
                // The submission that made the link says more, and has its position.
                told.insert(link.from, Told::Linked(item));
                told.extend(link.ended().map(|position| (position, Told::Unlinked(item))));
                told.insert(item.position, Told::Submitted(item));
                let happenings = item.happenings.iter();
                told.extend(happenings.map(|(at, what)| (*at, Told::Happened(item, what))));
            }
            for rating in items.ratings_of(target) {
                told.insert(rating.position, Told::Rated(rating));
                let withdrawn = rating.withdrawn.into_iter();
                told.extend(withdrawn.map(|position| (position, Told::RatingWithdrawn(rating))));
                let ends = rating.ends.iter();
                told.extend(ends.map(|(position, at)| (*position, Told::RatingEnded(rating, *at))));
            }
        }
        told.retain(|position, _| (from..to).contains(position));
        told
    }
}
