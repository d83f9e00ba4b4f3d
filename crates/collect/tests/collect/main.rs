//! How git histories become evidence.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes snapshots so")]

#[cfg(test)]
mod facts;
#[cfg(test)]
mod histories;
#[cfg(test)]
mod made_up;
#[cfg(test)]
mod mapping;
#[cfg(test)]
mod steps;
