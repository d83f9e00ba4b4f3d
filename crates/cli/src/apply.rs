//! Declared states: what a file says, what a server has, and the steps from one to the other.

pub mod declared;
pub mod plan;
pub mod server;
pub mod step;
