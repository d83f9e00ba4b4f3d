//! Settings of the server: a file, overridden by the environment and by flags.

mod limits;
mod witnesses;

use std::net::SocketAddr;
use std::num::{NonZeroU16, NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::time::Duration;

use gradus_model::Name;
use gradus_service::start::Memory;
use serde::Deserialize;

use crate::oidc::Issuer;
use crate::tls::{ClientCertificates, Files, TlsError};
pub use limits::Limits;
pub use witnesses::{Witness, Witnesses, WitnessesError};

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read the settings in {}: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file says something wrong, or something unknown.
    #[error("{}:{line}: {reason}", .path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
}

/// How logs are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// What a server runs with. Each is explained, by its consequence, in `config/gradus.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Settings {
    /// The data directory.
    pub data: PathBuf,
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The address to serve the log's tiles on over HTTP; left out, they are not.
    pub tiles_address: Option<SocketAddr>,
    /// The organization's name, used when a new log is made.
    pub organization: Name,
    /// Seconds that calls in flight may take when the server stops.
    pub drain_seconds: u64,
    /// Whether clients may ask which services and messages there are.
    pub reflection: bool,
    /// The most calls of one connection that run at once.
    pub calls_per_connection: u32,
    /// What is logged, as a filter of tracing-subscriber.
    pub log_level: String,
    /// How logs are written.
    pub log_format: LogFormat,
    /// Mebibytes of the items and ratings of units that are held in memory, about.
    pub history_mebibytes: u32,
    /// Logs of fewer records are verified whole before a start serves.
    pub verify_whole_below: u64,
    /// The longest attachment that is taken, in mebibytes.
    pub attachment_mebibytes: NonZeroU16,
    /// Days up to which a pause is believed, after a restart of the machine; 0 believes any.
    pub clock_pause_days: u32,
    /// After how many records a state digest is recorded, at each multiple of it.
    pub state_digest_every: NonZeroU64,
    /// After how many seconds, at full ones of that length, it is recorded that auditors asked something.
    pub audit_queries_every_seconds: NonZeroU32,
    /// Opens a log that has records but no anchor, once.
    pub accept_missing_anchor: bool,
    /// PEM file of the server's certificate and those it rests on; with the key, TLS is on.
    pub tls_certificate: Option<PathBuf>,
    /// PEM file of its private key.
    pub tls_key: Option<PathBuf>,
    /// PEM file of the authorities whose client certificates are taken.
    pub tls_client_authorities: Option<PathBuf>,
    /// Whether clients show a certificate; left out, they may if there are authorities.
    pub tls_client_certificates: Option<ClientCertificates>,
    /// What one principal, one address and one connection may have.
    pub limits: Limits,
    /// Who signs that the log only grew.
    pub witnesses: Witnesses,
    /// Identity providers whose tokens are taken, where claim rules say so.
    pub oidc: Vec<Issuer>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data: PathBuf::from("gradus-data"),
            listen: SocketAddr::from(([127, 0, 0, 1], 7350)),
            tiles_address: None,
            organization: organization(),
            drain_seconds: 10,
            reflection: true,
            calls_per_connection: 256,
            log_level: "info".to_owned(),
            log_format: LogFormat::Text,
            history_mebibytes: 64,
            verify_whole_below: gradus_log::WHOLE_BELOW,
            attachment_mebibytes: LONGEST_ATTACHMENT,
            clock_pause_days: 90,
            state_digest_every: gradus_service::states::EVERY,
            audit_queries_every_seconds: NonZeroU32::MIN.saturating_add(3_599),
            accept_missing_anchor: false,
            tls_certificate: None,
            tls_key: None,
            tls_client_authorities: None,
            tls_client_certificates: None,
            limits: Limits::default(),
            witnesses: Witnesses::default(),
            oidc: Vec::new(),
        }
    }
}

/// The longest attachment by default, in mebibytes.
const LONGEST_ATTACHMENT: NonZeroU16 = NonZeroU16::MIN.saturating_add(15);

#[expect(clippy::expect_used, reason = "a fixed text, proved right by a test")]
fn organization() -> Name {
    "organization".parse().expect("a name")
}

impl Settings {
    /// Reads a settings file; what it leaves out is as by default.
    pub fn read(path: &std::path::Path) -> Result<Self, SettingsError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| SettingsError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// Reads the text of a settings file; `path` is shown in errors.
    pub fn parse(text: &str, path: &std::path::Path) -> Result<Self, SettingsError> {
        toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let before = text.get(..at).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            SettingsError::Wrong { path: path.to_owned(), line, reason: error.message().to_owned() }
        })
    }

    /// The longest pause that is believed; none believes any.
    #[must_use]
    pub const fn most_pause(&self) -> Option<Duration> {
        match self.clock_pause_days {
            0 => None,
            days => Some(Duration::from_hours(24 * days as u64)),
        }
    }

    /// How much memory is taken for what can be read again.
    #[must_use]
    pub fn memory(&self) -> Memory {
        let history_bytes = usize::try_from(self.history_mebibytes).unwrap_or(usize::MAX);
        Memory { history_bytes: history_bytes.saturating_mul(1 << 20), ..Memory::default() }
    }

    /// The files to serve TLS with; none without TLS.
    pub(crate) fn tls(&self) -> Result<Option<Files>, TlsError> {
        Files::of(self)
    }

    /// How long it may take until it is recorded that auditors asked something.
    #[must_use]
    pub const fn audit_queries_every(&self) -> Duration {
        Duration::from_secs(self.audit_queries_every_seconds.get() as u64)
    }

    /// How long calls in flight may take when the server stops.
    #[must_use]
    pub const fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_shipped_file_says_the_defaults() {
        let shipped = include_str!("../../../config/gradus.toml");
        let read = Settings::parse(shipped, Path::new("config/gradus.toml")).unwrap();
        assert_eq!(format!("{read:?}"), format!("{:?}", Settings::default()));
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let error =
            Settings::parse("listen = \"127.0.0.1:1\"\nlisten-on = 3\n", Path::new("g.toml"));
        let error = error.unwrap_err().to_string();
        assert!(error.starts_with("g.toml:2: unknown field `listen-on`"), "{error}");
    }
}
