//! Use cases: load, decide, seal, append; and queries.
