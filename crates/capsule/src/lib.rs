//! What an auditor holds offline. So far: claims, the answers that a capsule will have to reach
//! again by re-running the fold.

pub mod claim;
