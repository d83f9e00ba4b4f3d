//! A recorded fact: its place in the log, who said it, and the event.

use crate::event::{Event, EventError};
use crate::leaf::{Leaf, LeafError, Place};
use crate::unit::Grade;
use crate::{PrincipalId, RequestId, Timestamp};

/// A leaf that cannot be read as an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableLeaf {
    /// The bytes are no leaf.
    #[error(transparent)]
    Leaf(#[from] LeafError),
    /// The body is no event.
    #[error("at position {position}: {error}")]
    Event {
        /// Where it stands.
        position: u64,
        /// What is wrong.
        error: EventError,
    },
}

/// A fact as the rules see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Where and when it was recorded.
    pub place: Place,
    /// When it is true, in the unit's life.
    pub effective_at: Timestamp,
    /// Who said so.
    pub actor: PrincipalId,
    /// How the actor proved who they are.
    pub grade: Grade,
    /// The call that brought it.
    pub request: RequestId,
    /// Its number in that call, from 0.
    pub item: u32,
    /// The fact.
    pub event: Event,
}

impl Recorded {
    /// Reads the bytes of a leaf.
    pub fn read(leaf: &[u8]) -> Result<Self, UnreadableLeaf> {
        Self::from_leaf(&Leaf::read(leaf)?)
    }

    /// Reads a leaf's body.
    pub fn from_leaf(leaf: &Leaf) -> Result<Self, UnreadableLeaf> {
        let Leaf { place, draft } = leaf;
        let event = Event::read(draft.event_type, draft.schema, &draft.body)
            .map_err(|error| UnreadableLeaf::Event { position: place.position, error })?;
        Ok(Self {
            place: *place,
            effective_at: draft.effective_at,
            actor: draft.actor,
            grade: draft.grade,
            request: draft.request,
            item: draft.item,
            event,
        })
    }
}
