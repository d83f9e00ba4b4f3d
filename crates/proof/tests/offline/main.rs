//! What anyone can check offline: proofs, notes, checkpoints and files, good ones and bad ones.

#![cfg(test)]

mod made_up;

mod areas;
mod checkpoints;
mod drill;
mod fuzz;
mod merkle;
mod notes;
mod policies;
mod states;
mod tamper;
mod tiles;
mod tlog_proofs;
mod vectors;
mod witnesses;
