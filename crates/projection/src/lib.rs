//! Read models folded from the log, and how far each has read.
