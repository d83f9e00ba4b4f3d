//! Attachments on their way: files that are hashed, sent, and written as they come.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use gradus_model::Digest;
use gradus_wire::v1;
use gradus_wire::v1::put_attachment_request::Part;
use sha2::{Digest as _, Sha256};
use tonic::{Request, Status};

use crate::error::CliError;
use crate::session::Session;

/// The bytes that are read and sent at a time.
const PIECE: usize = 256 << 10;

fn failed(path: &Path) -> impl Fn(io::Error) -> CliError {
    move |error| CliError::File { file: path.display().to_string(), error }
}

/// The SHA-256 of a file, and its bytes.
pub fn hashed(path: &Path) -> Result<(Digest, u64), CliError> {
    let mut file = File::open(path).map_err(failed(path))?;
    if file.metadata().map_err(failed(path))?.is_dir() {
        let folder = io::Error::new(io::ErrorKind::IsADirectory, "it is a folder, name a file");
        return Err(failed(path)(folder));
    }
    let (mut hash, mut size, mut piece) = (Sha256::new(), 0, vec![0; PIECE]);
    loop {
        let read = file.read(&mut piece).map_err(failed(path))?;
        if read == 0 {
            return Ok((Digest(hash.finalize().into()), size));
        }
        hash.update(piece.get(..read).unwrap_or_default());
        size += read as u64;
    }
}

/// Uploads a file for a unit; what came is held against what was read before.
pub async fn put(
    session: &Session,
    unit: &str,
    path: &Path,
) -> Result<v1::PutAttachmentResponse, CliError> {
    let (digest, size) = hashed(path)?;
    let beginning = v1::AttachmentBeginning {
        unit: unit.to_owned(),
        sha256: digest.to_string(),
        size: Some(size),
    };
    let mut file = File::open(path).map_err(failed(path))?;
    let mut first = Some(Part::Beginning(beginning));
    let parts = std::iter::from_fn(move || {
        let part = first.take().or_else(|| {
            let mut piece = vec![0; PIECE];
            // A file that cannot be read any more is shorter than was said, and refused as that.
            let read = file.read(&mut piece).ok().filter(|read| *read > 0)?;
            piece.truncate(read);
            Some(Part::Content(piece))
        });
        part.map(|part| v1::PutAttachmentRequest { part: Some(part) })
    });
    let sent = Request::new(tokio_stream::iter(parts));
    let sent = session.client.attachments().put_attachment(sent).await;
    sent.map(tonic::Response::into_inner).map_err(|status| session.client.error(status))
}

/// Gets an attachment and writes it to a file, or to stdout as it comes; its bytes.
pub async fn get(
    session: &Session,
    (unit, digest): (&str, Digest),
    save: &Path,
) -> Result<u64, CliError> {
    let error = |status| session.client.error(status);
    let sha256 = digest.to_string();
    let asked = v1::GetAttachmentRequest { unit: unit.to_owned(), sha256 };
    let sent = session.client.attachments().get_attachment(Request::new(asked)).await;
    let mut sent = sent.map_err(error)?.into_inner();
    let mut to = Saving::begin(save)?;
    let (mut hash, mut size) = (Sha256::new(), 0);
    while let Some(piece) = sent.message().await.map_err(error)? {
        if let Some(v1::get_attachment_response::Part::Content(content)) = piece.part {
            hash.update(&content);
            size += content.len() as u64;
            to.write(&content)?;
        }
    }
    if Digest(hash.finalize().into()) != digest {
        return Err(error(Status::data_loss("what came does not hash to the digest")));
    }
    to.end()?;
    Ok(size)
}

/// A file that gets its name last; what is dropped before is removed.
enum Saving {
    Stdout,
    File { file: File, beside: PathBuf, to: PathBuf },
}

impl Saving {
    fn begin(to: &Path) -> Result<Self, CliError> {
        if to == Path::new("-") {
            return Ok(Self::Stdout);
        }
        let beside = to.with_added_extension("part");
        let file = File::create(&beside).map_err(failed(&beside))?;
        Ok(Self::File { file, beside, to: to.to_owned() })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), CliError> {
        match self {
            Self::Stdout => io::stdout().lock().write_all(bytes).map_err(failed(Path::new("-"))),
            Self::File { file, beside, .. } => file.write_all(bytes).map_err(failed(beside)),
        }
    }

    fn end(self) -> Result<(), CliError> {
        match &self {
            Self::Stdout => io::stdout().lock().flush().map_err(failed(Path::new("-"))),
            Self::File { beside, to, .. } => std::fs::rename(beside, to).map_err(failed(to)),
        }
    }
}

impl Drop for Saving {
    fn drop(&mut self) {
        if let Self::File { beside, .. } = self {
            // It is not there any more if it got its name.
            let _ = std::fs::remove_file(beside);
        }
    }
}
