//! `gradus certificate`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use gradus_model::Timestamp;

use super::access::ListArgs;
use super::append::{AppendArgs, FinalArgs};
use crate::select;

/// What to do with client certificates.
#[derive(Debug, Subcommand)]
pub enum CertificateCommand {
    /// Let a client certificate stand for a principal, by its public key
    #[command(after_help = "Example: gradus certificate register ci-rustls ci.pem
The server must take its authority (--tls-client-authorities). A certificate that is renewed under
the same key need not be registered again.")]
    Register(RegisterArgs),
    /// Revoke the key of client certificates from now on, for good
    #[command(after_help = "Example: gradus certificate revoke 9f86…0a08 --reason \"laptop lost\"")]
    Revoke(RevokeArgs),
    /// List client certificates
    #[command(after_help = "Example: gradus certificate list --include-disabled")]
    List(ListArgs),
}

/// A client certificate to register.
#[derive(Debug, Args)]
pub struct RegisterArgs {
    /// Name or id of the principal that it stands for
    pub name: String,
    /// PEM file of the certificate; of several the first
    pub file: PathBuf,
    /// First instant at which it is refused; a bare date is the end of that day
    #[arg(long, value_name = "DATE", value_parser = select::end)]
    pub expires: Option<Timestamp>,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// A key to revoke.
#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// SHA-256 of its public key, as `gradus certificate list` shows it
    pub key: String,
    /// Why, and how.
    #[command(flatten)]
    pub how: FinalArgs,
}
