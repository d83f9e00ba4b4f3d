//! The file of the log's key: one line, `PRIVATE+KEY+<origin>+<id>+<base64>`, mode 0600.

use std::io;
use std::path::PathBuf;

use gradus_proof::Signer;
use zeroize::Zeroizing;

use crate::directory::{Directory, DirectoryError, FileError, Step};
use crate::error::ServiceError;

/// The file of the log's key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It holds no key.
    #[error("`{}` holds no key of checkpoints: restore it from the backup of the keys", .0.display())]
    NotAKey(PathBuf),
    /// It holds the key of another log.
    #[error(
        "`{}` holds the key of `{seen}`, and this log is `{origin}`: restore the right one from the \
         backup of the keys", .path.display()
    )]
    OfAnother {
        /// The file.
        path: PathBuf,
        /// The name the key has.
        seen: String,
        /// The log's origin.
        origin: String,
    },
}

/// The log's key, drawn and written if there is none yet, or only that of the log it was forked from.
pub(super) fn read_or_make(
    directory: &Directory,
    origin: &str,
    earlier: &[String],
) -> Result<Signer, ServiceError> {
    let path = directory.checkpoint_key();
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return make(directory, origin),
        Err(source) => {
            return Err(DirectoryError::from(FileError::new(Step::Read, &path, source)).into());
        }
    };
    let signer = Signer::parse_private(text.trim_end())
        .map_err(|_| ServiceError::from(KeyError::NotAKey(path.clone())))?;
    let seen = signer.verifier().name();
    if seen == origin {
        return Ok(signer);
    }
    if earlier.iter().any(|before| before == seen) {
        return make(directory, origin);
    }
    Err(KeyError::OfAnother { path, seen: seen.to_owned(), origin: origin.to_owned() }.into())
}

fn make(directory: &Directory, origin: &str) -> Result<Signer, ServiceError> {
    let (signer, text) = draw(origin)?;
    directory.write_secret(&directory.checkpoint_key(), &text).map_err(DirectoryError::from)?;
    Ok(signer)
}

/// A new key, and the line of its file.
pub(super) fn draw(origin: &str) -> Result<(Signer, Zeroizing<String>), ServiceError> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *seed).map_err(|error| ServiceError::Randomness(error.to_string()))?;
    let wrong = |_| ServiceError::Fault("the log's origin is no name of a key");
    let text = Signer::private_text(origin, &seed).map_err(wrong)?;
    let text = Zeroizing::new(format!("{}\n", text.as_str()));
    Ok((Signer::from_seed(origin, &seed).map_err(wrong)?, text))
}
