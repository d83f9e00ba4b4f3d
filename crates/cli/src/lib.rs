//! The command line gradus: a client of the API, and serve.
//!
//! Nothing is printed but through [`output`], and every way to end is in [`exit`].

pub mod args;
pub mod config;
pub mod credentials;
pub mod error;
pub mod exit;
pub mod helper;
pub mod keyring;
pub mod login;
pub mod oidc;
pub mod seen;
pub mod select;
pub mod token;
pub mod variables;

pub mod client;
pub mod output;
pub mod queries;
pub mod report;
pub mod request_id;
pub mod session;
pub mod tls;
pub mod tree;

pub mod apply;
pub mod appraisal;
pub mod attachment;
pub mod collect;
pub mod commands;
pub mod items;

pub mod demo;
pub mod serve;

mod run;

pub use exit::Exit;
pub use run::run;
