//! Whole-system tests: a real server on a real socket over a real sled directory.

#![cfg(test)]

mod authority;
mod machine;
mod raw;
mod running;
mod witness;

mod access;
mod appraisals;
mod architecture;
mod at_once;
mod attachments;
mod attacks;
mod audit;
mod backup;
mod bad_input;
mod capsules;
mod checkpoints;
mod classes;
mod clocks;
mod diff;
mod directory;
mod doctor;
mod duties;
mod erasing;
mod explain;
mod forecast;
mod formats;
mod gap;
mod gate;
mod golden_levels;
mod history;
mod levels;
mod limits;
mod log_keys;
mod oidc;
mod projections;
mod queries;
mod requests;
mod review_queue;
mod roles;
mod roll_up;
mod sources;
mod standing;
mod state_digests;
mod streams;
mod sufficiency;
mod tiles;
mod time_travel;
mod tls;
mod tokens;
mod trend;
mod units_in_time;
mod watch;
mod witnesses;
