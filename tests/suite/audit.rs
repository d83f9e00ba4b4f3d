//! What auditors ask of the log, over gRPC.

mod gaps;
mod late;
mod replay;
