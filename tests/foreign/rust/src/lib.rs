//! Our proofs, notes and tiles before the verifiers of others, and theirs before ours.
//!
//! Four packages, three ways of writing the arithmetic: `tlog_tiles` and `signed_note` follow Go's
//! `x/mod/sumdb`, `sigstore-merkle` follows Trillian, `ct-merkle` has its own.
//!
//! `GRADUS_PROOFS` says how many proofs of each kind, `GRADUS_SEED` which ones.

#![cfg(test)]

mod judges;
mod log;
mod notes;
mod proofs;
mod tiles;
mod written;
