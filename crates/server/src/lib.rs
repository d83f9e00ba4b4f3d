//! gRPC: conversions, authentication, status mapping, settings, and the server itself.
//!
//! A handler converts, calls and converts; what passes `convert` is valid, and `status` alone
//! turns errors into gRPC statuses.

mod api;
mod auth;
mod convert;
pub mod methods;
mod page;
mod status;

mod appraisals;
mod attachments;
mod audit;
mod backup;
mod claims;
mod clock;
mod connections;
mod duties;
mod erasure;
mod events;
mod evidence;
mod items;
mod lasting;
mod levels;
mod limits;
mod models;
mod noted;
mod principals;
mod priority;
mod projections;
mod proofs;
mod push;
mod queue;
mod ratings;
mod roles;
mod sources;
mod sufficiency;
mod throttle;
mod tiles;
mod tokens;
mod units;
mod witnesses;

pub mod oidc;
pub mod operate;
pub mod server;
pub mod settings;
pub mod telemetry;
pub mod tls;

pub use gradus_log::clock::{Machine, system_clock};
pub use priority::runtime;
pub use server::{Running, ServeError, start};
pub use settings::Settings;
pub use status::code_name;
