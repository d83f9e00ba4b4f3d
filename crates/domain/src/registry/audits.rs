//! Engagements of auditors: what was recorded of their questions, and whether it may be known.
//!
//! An auditor's engagements are numbered from 1. One begins with the first question that no engagement
//! before took in, and is over when its auditor ends it, or when no role makes them an auditor any more
//! and every end that such a role was granted with has passed: whoever revokes the role learns nothing
//! sooner.

use std::collections::BTreeMap;

use gradus_model::event::{EngagementEnded, QueriesOpened, QueriesRecorded};
use gradus_model::unit::Role;
use gradus_model::{Digest, Event, PrincipalId, Timestamp};

use super::Registry;
use super::roles::Term;
use crate::proposal::Verdict;
use crate::timeline::At;
use crate::unit::record_unless;

/// Commitments that were recorded together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Where.
    pub position: u64,
    /// When, by the writer's clock.
    pub at: Timestamp,
    /// The number of the first row.
    pub first: u64,
    /// How many rows there are.
    pub count: u64,
    /// The root over them.
    pub root: Digest,
}

/// A piece of what was asked, as it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenedPiece {
    /// Where.
    pub position: u64,
    /// The number of the first row.
    pub first: u64,
    /// How many rows it has.
    pub count: u64,
}

/// An engagement, as the log tells of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Engagement {
    /// What was committed to, in order.
    pub recorded: Vec<Recorded>,
    /// Where its end was recorded, if it was.
    pub ended: Option<u64>,
    /// What was opened, in order.
    pub opened: Vec<OpenedPiece>,
}

impl Engagement {
    /// How many rows were committed to.
    #[must_use]
    pub fn committed(&self) -> u64 {
        self.recorded.last().map_or(0, |last| last.first.saturating_add(last.count))
    }

    /// How many rows were opened.
    #[must_use]
    pub fn opened_rows(&self) -> u64 {
        self.opened.iter().map(|piece| piece.count).sum()
    }

    /// Whether a piece that begins with this row was opened.
    #[must_use]
    pub fn has_opened(&self, first: u64) -> bool {
        self.opened.iter().any(|piece| piece.first == first)
    }
}

/// The engagements of all auditors, by number.
#[derive(Clone, Debug, Default)]
pub(super) struct Audits(BTreeMap<PrincipalId, BTreeMap<u32, Engagement>>);

impl Audits {
    fn engagement(&mut self, auditor: PrincipalId, number: u32) -> &mut Engagement {
        self.0.entry(auditor).or_default().entry(number).or_default()
    }

    /// Takes in an event, if it is one of these.
    pub(super) fn evolve(&mut self, position: u64, at: Timestamp, event: &Event) {
        match event {
            Event::QueriesRecorded(of) => {
                let QueriesRecorded { first, count, root, .. } = *of;
                let recorded = Recorded { position, at, first, count, root };
                self.engagement(of.auditor, of.engagement).recorded.push(recorded);
            }
            Event::EngagementEnded(of) => {
                self.engagement(of.auditor, of.engagement).ended.get_or_insert(position);
            }
            Event::QueriesOpened(of) => {
                let piece = OpenedPiece { position, first: of.first, count: of.count };
                self.engagement(of.auditor, of.engagement).opened.push(piece);
            }
            _ => (),
        }
    }
}

impl Registry {
    /// The engagements of which something was recorded, by auditor and number.
    pub fn engagements(&self) -> impl Iterator<Item = (PrincipalId, u32, &Engagement)> {
        let of = |(auditor, all): (&PrincipalId, _)| {
            let all: &BTreeMap<u32, Engagement> = all;
            let auditor = *auditor;
            all.iter().map(move |(number, engagement)| (auditor, *number, engagement))
        };
        self.audits.0.iter().flat_map(of)
    }

    /// An engagement, if something was recorded of it.
    #[must_use]
    pub fn engagement(&self, auditor: PrincipalId, number: u32) -> Option<&Engagement> {
        self.audits.0.get(&auditor).and_then(|of| of.get(&number))
    }

    /// The number of the engagement that takes in what an auditor asks now.
    #[must_use]
    pub fn current_engagement(&self, auditor: PrincipalId) -> u32 {
        let last = self.audits.0.get(&auditor).and_then(|of| of.last_key_value());
        match last {
            Some((number, engagement)) if engagement.ended.is_some() => number.saturating_add(1),
            Some((number, _)) => *number,
            None => 1,
        }
    }

    /// Whether a principal is auditor of any unit at a point.
    #[must_use]
    pub fn audits(&self, principal: PrincipalId, at: At) -> bool {
        self.roles_of(principal, at).any(|grant| grant.role == Role::Auditor)
    }

    /// The last end that a role as auditor was ever granted with to a principal.
    #[must_use]
    pub fn audit_until(&self, principal: PrincipalId) -> Option<Timestamp> {
        let stated = self.roles.0.get(&principal).into_iter().flatten();
        let as_auditor = stated.filter(|((_, role), _)| *role == Role::Auditor);
        let ends =
            as_auditor.flat_map(|(_, terms)| terms.iter()).filter_map(|term| match term.value {
                Term::Until(until) => until,
                Term::Revoked => None,
            });
        ends.max()
    }

    /// Whether what a principal asked as auditor is over at a point, whatever they say themselves.
    #[must_use]
    pub fn audit_is_over(&self, principal: PrincipalId, at: At) -> bool {
        !self.audits(principal, at)
            && self.audit_until(principal).is_none_or(|end| end <= at.valid_at)
    }
}

/// Decides on an event of engagements: each row is committed to, and opened, once.
pub(super) fn decide_on(registry: &Registry, event: &Event) -> Verdict {
    match event {
        Event::QueriesRecorded(QueriesRecorded { auditor, engagement, first, .. }) => {
            let known = registry.engagement(*auditor, *engagement);
            let so = |of: &Engagement| of.committed() > *first || of.ended.is_some();
            record_unless(known.is_some_and(so))
        }
        Event::EngagementEnded(EngagementEnded { auditor, engagement, .. }) => {
            let known = registry.engagement(*auditor, *engagement);
            record_unless(known.is_some_and(|of| of.ended.is_some()))
        }
        Event::QueriesOpened(QueriesOpened { auditor, engagement, first, .. }) => {
            let known = registry.engagement(*auditor, *engagement);
            record_unless(known.is_some_and(|of| of.has_opened(*first)))
        }
        _ => Verdict::AlreadySo,
    }
}
