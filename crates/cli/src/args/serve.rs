//! `gradus serve` and `gradus demo`.

use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use gradus_model::Name;

use super::limits::LimitArgs;

/// How the server writes its log of what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Whether clients show a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ClientCertificates {
    /// They are not asked.
    Off,
    /// They may, in place of a token.
    Optional,
    /// Without one no connection is taken.
    Required,
}

/// A server to run.
#[derive(Debug, Args)]
#[command(after_help = "Example: gradus serve --data /var/lib/gradus --listen 127.0.0.1:7350
The first start writes the operator's token to a file of the directory, and names it.")]
pub struct ServeArgs {
    /// Directory of everything: log, keys, documents; made if it is new [default: gradus-data]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Address to listen on [default: 127.0.0.1:7350]
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Address to serve the log's tiles on over HTTP [default: none]
    #[arg(long, value_name = "ADDRESS")]
    pub tiles_address: Option<SocketAddr>,
    /// Name of the organization, when a new log is made [default: organization]
    #[arg(long, value_name = "NAME")]
    pub organization: Option<Name>,
    /// Settings of the server, TOML
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// How to write what the server does
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
    /// How much of it: error, warn, info, debug, trace, or a filter of tracing
    #[arg(long, value_name = "LEVEL")]
    pub log_level: Option<String>,
    /// Record a state digest at each multiple of so many records [default: 4096]
    #[arg(long, value_name = "RECORDS")]
    pub state_digest_every: Option<NonZeroU64>,
    /// Verify logs of fewer records whole before serving [default: 250000]
    #[arg(long, value_name = "RECORDS")]
    pub verify_whole_below: Option<u64>,
    /// Open a log that has records but lost its anchor; only after you know where that went
    #[arg(long)]
    pub accept_missing_anchor: bool,
    /// PEM file of the certificate, with those it rests on; with --tls-key, it serves TLS
    #[arg(long, value_name = "FILE")]
    pub tls_certificate: Option<PathBuf>,
    /// PEM file of its private key
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// PEM file of the authorities whose client certificates are taken
    #[arg(long, value_name = "FILE")]
    pub tls_client_authorities: Option<PathBuf>,
    /// Whether clients show a certificate [default: optional, where there are authorities]
    #[arg(long, value_enum, value_name = "WHETHER")]
    pub tls_client_certificates: Option<ClientCertificates>,
    /// What callers may have.
    #[command(flatten)]
    pub limits: LimitArgs,
    /// Identity provider whose tokens are taken where claim rules say so: their `iss`, as it is there
    #[arg(long, value_name = "URL", requires_all = ["oidc_audience", "oidc_jwks"])]
    pub oidc_issuer: Option<String>,
    /// What its tokens are for, their `aud`: this deployment and no other
    #[arg(long, value_name = "TEXT", requires = "oidc_issuer")]
    pub oidc_audience: Option<String>,
    /// Its keys, a JWK set: a file, or an address with https
    #[arg(long, value_name = "FILE|URL", requires = "oidc_issuer")]
    pub oidc_jwks: Option<String>,
}

/// A demonstration to run.
#[derive(Debug, Args)]
#[command(after_help = "Example: gradus demo --exit")]
pub struct DemoArgs {
    /// Stop when everything was shown
    #[arg(long)]
    pub exit: bool,
    /// Address to listen on; port 0 is a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Keep the log in this directory
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
}
