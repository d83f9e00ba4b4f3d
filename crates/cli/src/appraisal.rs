//! Files of appraisals: the input that one is opened with, and sheets to rate by.

pub mod input;
pub mod past;
pub mod sheet;
pub mod worksheet;
