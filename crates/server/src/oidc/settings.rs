//! Which issuers' tokens are taken, and where their keys are.

use std::io;
use std::path::PathBuf;

use serde::Deserialize;

use super::fetch::Fetcher;

/// An issuer whose tokens are taken.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Issuer {
    /// The `iss` of its tokens, byte for byte.
    pub issuer: String,
    /// The `aud` that its tokens have for this deployment, and for no other.
    pub audience: String,
    /// File of its keys, a JWK set; read again when it changes.
    #[serde(default)]
    pub jwks_file: Option<PathBuf>,
    /// Address of its keys, with https; fetched each quarter of an hour.
    #[serde(default)]
    pub jwks_url: Option<String>,
    /// PEM file of the authorities that vouch for that address; left out, those of the machine.
    #[serde(default)]
    pub jwks_authorities: Option<PathBuf>,
}

/// Issuers that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// A setting is missing or wrong.
    #[error("`oidc` of `{issuer}`: {reason}")]
    Wrong {
        /// The issuer.
        issuer: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// The file of the keys cannot be read.
    #[error("`oidc` of `{issuer}`: cannot read {}: {source}", .path.display())]
    Unreadable {
        /// The issuer.
        issuer: String,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The keys cannot be used.
    #[error("`oidc` of `{issuer}`: {place}: {reason}")]
    Unusable {
        /// The issuer.
        issuer: String,
        /// The file or address.
        place: String,
        /// What is wrong with them.
        reason: String,
    },
}

/// Where keys are.
#[derive(Clone, Debug)]
pub(super) enum Place {
    File(PathBuf),
    Url(Fetcher),
}

impl Issuer {
    /// Where its keys are, if it is said once and right.
    pub(super) fn place(&self) -> Result<Place, OidcError> {
        let wrong = |reason: &str| {
            Err(OidcError::Wrong { issuer: self.issuer.clone(), reason: reason.to_owned() })
        };
        if self.issuer.is_empty() || self.issuer.len() > 512 {
            return wrong("`issuer` has 1 to 512 bytes: the `iss` of its tokens, byte for byte");
        }
        if self.audience.is_empty() {
            return wrong(
                "`audience` is empty: say what its tokens are for, such as the address of this server",
            );
        }
        match (&self.jwks_file, &self.jwks_url) {
            (Some(file), None) => Ok(Place::File(file.clone())),
            (None, Some(url)) if url.starts_with("https://") => {
                let fetcher = Fetcher::new(url, self.jwks_authorities.as_deref());
                fetcher.map(Place::Url).or_else(|reason| wrong(&reason))
            }
            (None, Some(_)) => wrong(
                "`jwks-url` has to begin with https://: who could change the keys could sign tokens",
            ),
            (Some(_), Some(_)) => {
                wrong("`jwks-file` and `jwks-url` are both set: give one of them")
            }
            (None, None) => wrong("its keys are missing: set `jwks-file` or `jwks-url`"),
        }
    }
}
