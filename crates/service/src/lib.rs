//! Use cases: load, decide, seal, append; and queries.
//!
//! The way of a call is `append`: its proposals are decided on the `writer`'s state, sealed, queued
//! and acknowledged after the sync; views read what is durable, and queries read the views.

// The house: what a service is made of, and how it starts.
pub mod attachments;
pub mod checkpoints;
mod cipher;
pub mod directory;
pub mod documents;
pub mod error;
pub mod index;
pub mod keys;
pub mod queries;
pub mod seal;
pub mod service;
pub mod start;
pub mod states;
pub mod witnesses;

// The way of a call.
pub mod access;
mod ahead;
mod answers;
mod append;
pub mod call;
mod fresh;
mod reached;
mod reading;
mod recall;
mod replay;
mod room;
mod standing;
pub mod turns;
mod writer;

// What operators do to a directory that no server has open.
pub mod backup;
pub mod doctor;
mod offline;
pub mod recover;
pub mod rescue;
pub mod restore;

// Use cases that append.
pub mod appraisals;
pub mod attaching;
pub mod baseline;
pub mod certificates;
pub mod claims;
pub mod clock;
pub mod duties;
pub mod erasure;
pub mod evidence;
pub mod identity;
pub mod publish;
pub mod ratings;
pub mod roles;
pub mod sources;
pub mod tokens;
pub mod units;

// Use cases that read.
pub mod aims;
pub mod capsule;
pub mod check;
pub mod compare;
pub mod coordinate;
mod courses;
pub mod explain;
pub mod forecast;
pub mod gap;
pub mod gaps;
mod in_span;
mod known_sources;
pub mod late;
pub mod levels;
pub mod queue;
pub mod records;
pub mod roll_up;
pub mod story;
pub mod sufficiency;
pub mod tiles;
pub mod trend;
pub mod uses;
pub mod watch;

pub use access::Caller;
pub use ahead::Ahead;
pub use append::{Gathering, Queued};
pub use call::{Call, Receipt};
pub use coordinate::Coordinate;
pub use error::ServiceError;
pub use offline::{OnStep, Step};
pub use service::{Clock, Service};
pub use start::{Beginning, Shipped, Started};
