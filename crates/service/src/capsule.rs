//! Capsules: made of the log for an auditor, and verified without it.
//!
//! Both fold the same records by the same code, which is what the server answers questions with.
//! What is made is held against the server's own answers before it is handed out.

mod compare;
mod create;
mod fold;
mod heads;
mod summary;
mod verify;

pub use gradus_domain::gap::{Bounds, Distance, Goal, Status};

pub use gradus_capsule::manifest::{AreaClaim, LevelClaim, UnitClaim};
pub use gradus_capsule::{
    Capsule, Fault, Manifest, Summary, Trust, Unread, summary::read as read_summary,
};

pub use compare::{
    AskedComparison, Attained, Caution, Compared, ComparedArea, ComparedUnit, NotCompared, compare,
};
pub use create::{AskedCapsule, MOST_BYTES};
pub use fold::claims;
pub use summary::{VerifiedSummary, verify_summary};
pub use verify::{Finding, Verified, verify};
