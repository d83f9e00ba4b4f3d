//! Whole-system tests: a real server on a real socket over a real sled directory.

#![cfg(test)]

mod raw;
mod running;

mod access;
mod architecture;
mod bad_input;
mod directory;
mod erasing;
mod formats;
mod history;
mod levels;
mod requests;
mod streams;
