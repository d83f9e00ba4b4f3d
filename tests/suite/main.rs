//! Whole-system tests: a real server on a real socket over a real sled directory.

#![cfg(test)]

mod running;






mod levels;
mod requests;

