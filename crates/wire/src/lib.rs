//! The gradus.v1 API, generated from proto/.
