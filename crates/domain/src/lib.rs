//! The rules: decide, evolve, level schemes and timelines.
