//! The words of the field as types: ids, time, the practice catalog, events and leaves.
//!
//! Everything here is a value: no input or output, no clock, no randomness.

pub mod words;

pub mod ids;
pub mod name;
pub mod time;

pub mod practice;

pub mod catalog;

pub mod appraisal;
pub mod claims;
pub mod evidence;
pub mod rating;
pub mod suspect;
pub mod unit;

pub mod event;
pub mod leaf;
pub mod payload;
pub mod recorded;

pub use catalog::{Catalog, Profile};
pub use event::Event;
pub use ids::{
    AppraisalId, Digest, EvidenceId, LogId, PrincipalId, RatingId, RequestId, TokenId, UnitId,
};
pub use leaf::Leaf;
pub use name::{ForeignId, Label, Name};
pub use payload::Payload;
pub use practice::{
    AreaId, BasePracticeId, FeatureId, GenericPracticeId, ModelId, Practice, Target,
};
pub use recorded::Recorded;
pub use time::{Edge, Interval, Period, Timestamp};
