//! The append-only log: the trait, its contract tests and the sled engine.
