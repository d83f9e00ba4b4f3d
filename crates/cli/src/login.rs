//! The login: a server and a token for it, kept in the user's configuration directory.
//!
//! The file `gradus/login.json` is its owner's alone, and holds the token, or says that the keyring of
//! the session does. The token goes to its server and to no other.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config;
use crate::credentials::Secret;
use crate::error::CliError;

/// A server and the token for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// The server's address.
    pub server: String,
    /// The token, or where it is.
    pub token: Held,
}

/// Where the token of a login is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// In the file of the login.
    InFile(Secret),
    /// In the keyring, under the server's address.
    InKeyring,
}

/// As it is in the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    server: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keyring: Option<bool>,
}

/// Where the login is kept.
#[must_use]
pub fn path() -> Option<PathBuf> {
    config::user_path().map(|path| path.with_file_name("login.json"))
}

impl Login {
    /// The user's login, if there is one.
    pub fn of_user() -> Result<Option<Self>, CliError> {
        path().map_or(Ok(None), |path| Self::read(&path))
    }

    /// The login in the file at `path`, if it is there.
    pub fn read(path: &Path) -> Result<Option<Self>, CliError> {
        let refused = |problem: String| CliError::Config { path: path.to_owned(), problem };
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(refused(error.to_string())),
        };
        // What the parser saw may be the token: its words are not told.
        let (server, token) = match serde_json::from_str(&text) {
            Ok(Kept { server, token: Some(token), keyring: None }) => {
                (server, Held::InFile(token.into()))
            }
            Ok(Kept { server, token: None, keyring: Some(true) }) => (server, Held::InKeyring),
            _ => {
                let problem = "it is no login: run gradus logout, then gradus login";
                return Err(refused(problem.to_owned()));
            }
        };
        Ok(Some(Self { server, token }))
    }

    /// Whether its token is for this server.
    #[must_use]
    pub fn is_for(&self, server: &str) -> bool {
        self.server.trim_end_matches('/') == server.trim_end_matches('/')
    }

    /// Keeps it in the file at `path`, in the place of the one that is there.
    pub fn write(&self, path: &Path) -> Result<(), CliError> {
        let (token, keyring) = match &self.token {
            Held::InFile(token) => (Some(token.expose().to_owned()), None),
            Held::InKeyring => (None, Some(true)),
        };
        let kept = Kept { server: self.server.clone(), token, keyring };
        let text = serde_json::to_string_pretty(&kept).map_err(io::Error::other)?;
        let failed = |error| CliError::File { file: path.display().to_string(), error };
        replace(path, text.as_bytes()).map_err(failed)
    }
}

/// Removes the login at `path`; whether there was one.
pub fn remove(path: &Path) -> Result<bool, CliError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(CliError::File { file: path.display().to_string(), error }),
    }
}

/// Writes a file of its owner's, as a whole or not at all.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    put(path, bytes, File::sync_all)
}

/// As [`replace`], of a file that nobody believes before it was synced later.
pub fn replace_unsynced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    put(path, bytes, |_| Ok(()))
}

fn put(path: &Path, bytes: &[u8], sync: impl FnOnce(&File) -> io::Result<()>) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let new = path.with_added_extension("new");
    // One that is there may have another mode.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => (),
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    file.write_all(bytes)?;
    sync(&file)?;
    fs::rename(&new, path)
}
