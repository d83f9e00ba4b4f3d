//! What an operator does to a directory: the server's side of `doctor`, `backup`, `restore` and
//! `upgrade`, with what ships in this program.

use std::io::ErrorKind;
use std::path::Path;

use gradus_log::{LogError, Options};
use gradus_service::Clock;
pub use gradus_service::OnStep;
use gradus_service::directory::{Directory, DirectoryError, FORMAT};
use gradus_service::rescue::Rescued;
use gradus_service::restore::{Making, Restored};
use gradus_service::start::Beginning;

pub use gradus_service::ServiceError;
pub use gradus_service::Step;
pub use gradus_service::backup::{Attached, BackedUp, MADE_BY, back_up, verify};
pub use gradus_service::capsule;
pub use gradus_service::doctor::{Diagnosis, Finding, Severity, examine};
pub use gradus_service::recover::{OPERATOR, Recovered};
pub use gradus_service::restore::Until;
pub use gradus_service::tokens::Lifetime;

use crate::server::{ServeError, beginning};

/// What stands in the way, so that a script can tell the cases apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// What is there is damaged, missing, or in doubt.
    Damaged,
    /// Another process holds the directory.
    Held,
    /// A newer version wrote it.
    Newer,
    /// No room on the disk.
    NoRoom,
    /// Files are where none may be, or nothing is where something must be.
    Refused,
    /// Something else.
    Other,
}

impl Trouble {
    /// What stands in the way of a start.
    #[must_use]
    pub fn of_start(error: &ServeError) -> Self {
        match error {
            ServeError::Start(error) => Self::of(error),
            _ => Self::Other,
        }
    }

    /// What stands in the way.
    #[must_use]
    pub fn of(error: &ServiceError) -> Self {
        use gradus_archive::ArchiveError as Archive;
        use gradus_service::documents::DocumentError as Document;
        use gradus_service::keys::KeyError as Key;
        match error {
            ServiceError::Log(error) => of_log(error),
            ServiceError::Directory(error) => of_directory(error),
            ServiceError::Documents(Document::File(file)) | ServiceError::Key(Key::File(file)) => {
                of_io(&file.source)
            }
            ServiceError::Archive(Archive::File { source, .. }) => of_io(source),
            ServiceError::Archive(Archive::TooNew { .. }) => Self::Newer,
            ServiceError::Archive(Archive::NotOurs { .. } | Archive::NoManifest(_))
            | ServiceError::Remake(_)
            | ServiceError::Recover(_) => Self::Refused,
            ServiceError::Documents(_)
            | ServiceError::Key(_)
            | ServiceError::Archive(_)
            | ServiceError::Short(_)
            | ServiceError::Seal(_)
            | ServiceError::Unreadable(_) => Self::Damaged,
            _ => Self::Other,
        }
    }
}

fn of_log(error: &LogError) -> Trouble {
    match error {
        LogError::Held { .. } => Trouble::Held,
        LogError::NewerFormat { .. } => Trouble::Newer,
        LogError::NoSpace { .. } => Trouble::NoRoom,
        LogError::Io { source, .. } => of_io(source),
        LogError::BehindAnchor { .. }
        | LogError::OtherLog { .. }
        | LogError::NoAnchor { .. }
        | LogError::Damaged { .. }
        | LogError::DamagedFile { .. }
        | LogError::Unopenable { .. }
        | LogError::Blobs(_) => Trouble::Damaged,
        _ => Trouble::Other,
    }
}

fn of_directory(error: &DirectoryError) -> Trouble {
    match error {
        DirectoryError::Held { .. } => Trouble::Held,
        DirectoryError::TooNew { .. } => Trouble::Newer,
        DirectoryError::BadFormat { .. } | DirectoryError::LogLost { .. } => Trouble::Damaged,
        DirectoryError::NotOurs { .. } | DirectoryError::ReadOnly { .. } => Trouble::Refused,
        DirectoryError::File(file) => of_io(&file.source),
    }
}

fn of_io(error: &std::io::Error) -> Trouble {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Trouble::NoRoom,
        _ => Trouble::Other,
    }
}

/// Recovers what verifies in `from` into the new directory `to`.
pub async fn rescue(
    from: &Path,
    to: &Path,
    clock: Clock,
    on_step: OnStep<'_>,
) -> Result<Rescued, ServiceError> {
    let beginning = beginning("organization".parse().map_err(wrong)?)?;
    gradus_service::rescue::rescue(from, to, making(&beginning, clock), on_step).await
}

/// Restores an archive, or its beginning, to the new directory `to`.
pub async fn restore(
    archive: &Path,
    keys: Option<&Path>,
    to: &Path,
    until: Until,
    clock: Clock,
    on_step: OnStep<'_>,
) -> Result<Restored, ServiceError> {
    let beginning = beginning("organization".parse().map_err(wrong)?)?;
    let making = making(&beginning, clock);
    gradus_service::restore::restore(archive, keys, to, until, making, on_step).await
}

/// The format of a directory, and the newest that this program knows; with `finalize`, the first
/// becomes the second, for good.
pub fn upgrade(path: &Path, finalize: bool) -> Result<(u32, u32), ServiceError> {
    if !path.join("FORMAT").exists() {
        let seen = "no file `FORMAT`".to_owned();
        return Err(DirectoryError::NotOurs { path: path.to_owned(), seen }.into());
    }
    let mut directory = Directory::open(path)?;
    let before = if finalize { directory.finalize()? } else { directory.format() };
    Ok((before, FORMAT))
}

/// Issues a token for a principal in a directory that no server has open.
pub async fn recover(
    path: &Path,
    principal: &str,
    lifetime: Lifetime,
    clock: Clock,
) -> Result<Recovered, ServiceError> {
    let beginning = beginning("organization".parse().map_err(wrong)?)?;
    let Making { beginning, clock, options } = making(&beginning, clock);
    gradus_service::recover::recover(path, principal, lifetime, beginning, clock, options).await
}

fn making(beginning: &Beginning, clock: Clock) -> Making<'_> {
    let options = Options { clock: std::sync::Arc::clone(&clock), ..Options::default() };
    Making { beginning, clock, options }
}

fn wrong(error: impl ToString) -> ServiceError {
    ServiceError::invalid("beginning", error)
}
