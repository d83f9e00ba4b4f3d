//! Backs up a data directory into an archive, or hands out what an archive is made of.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gradus_archive::keys::{self, KeyFile, OF_CHECKPOINTS};
use gradus_archive::write::About;
use gradus_archive::{Archive, Attachment, Found, Manifest, Writer};
use gradus_domain::appraisal::stream_of;
use gradus_domain::registry::DocumentKind;
use gradus_log::{Head, ReadLimit, StoredRecord};
use gradus_model::{Digest, UnitId};
use gradus_proof::{RightEdge, leaf_hash};

use crate::attachments::{AttachmentError, all_in, examine, path_in};
use crate::directory::{DirectoryError, FileError, Step as FileStep};
use crate::error::ServiceError;
use crate::keys::{decode, file_name};
use crate::offline::{Named, Offline, OnStep, Step, key_tree, read_secret};
use crate::service::Service;

/// The bytes of an attachment that are read at a time.
const PIECE: usize = 1 << 16;

/// The program's name and version, for manifests.
pub const MADE_BY: &str = concat!("gradus ", env!("CARGO_PKG_VERSION"));

/// What a backup came to.
#[derive(Clone, Debug)]
pub struct BackedUp {
    /// What the archive holds now.
    pub manifest: Manifest,
    /// What it held before.
    pub before: u64,
    /// Where the keys are.
    pub keys: PathBuf,
    /// How many key files there are.
    pub key_files: usize,
    /// What became of its attachments.
    pub attachments: Attached,
}

/// The attachments of an archive that was added to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attached {
    /// How many were written.
    pub written: u64,
    /// How many it had already, and were compared.
    pub kept: u64,
    /// How many of these are missing or damaged where they come from, and were not erased.
    pub lost: u64,
}

/// What is left of an attachment that an archive has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// It is held.
    Whole,
    /// It was erased, or no item names it.
    Gone,
    /// Its file is missing or damaged, and nobody erased it.
    Lost,
}

/// A directory that is damaged is not backed up.
#[derive(Debug, thiserror::Error)]
#[error(
    "{size} of {anchored} acknowledged records verify: `gradus doctor` tells more; \
     nothing was added to the archive"
)]
pub struct Short {
    /// The records that verify.
    pub size: u64,
    /// The records that were acknowledged at least.
    pub anchored: u64,
}

/// Backs up the directory `from`, which no server has open, into the archive `to`, and reads all
/// of the archive again.
///
/// # Errors
///
/// When anything in the directory or the archive does not verify; the archive is what it was then.
pub fn back_up(
    from: &Path,
    to: &Path,
    key_file: Option<&Path>,
    on_step: OnStep<'_>,
) -> Result<BackedUp, ServiceError> {
    let offline = Offline::open(from, on_step)?;
    let mut writer = Writer::open(to)?;
    let held = writer.head();
    let anchored = offline.log.anchored();
    let expected = anchored.map_or(0, |(head, _)| head.size);
    let mut named = Named::default();
    let mut edge = RightEdge::new();
    let mut compared = held.size == 0;
    let verified = offline.log.visit(|record| {
        if !compared && edge.size() == held.size {
            writer.refuse_other(edge.size(), Some(edge.root()))?;
            compared = true;
        }
        let position = edge.size();
        edge.push(leaf_hash(record.bytes));
        named.take(record.leaf).map_err(|what| gradus_log::LogError::Damaged { position, what })?;
        if position >= held.size {
            writer.push(record.bytes, record.payload)?;
        }
        if position.is_multiple_of(1_024) {
            on_step(Step::Writing, position, expected.max(position));
        }
        Ok::<_, ServiceError>(true)
    })?;
    let size = verified.head.size;
    if let Some((head, _)) = anchored
        && verified.at_anchor != Some(head)
    {
        return Err(Short { size, anchored: head.size }.into());
    }
    if !compared {
        writer.refuse_other(size, (size == held.size).then(|| edge.root()))?;
    }
    for digest in &named.documents {
        writer.document(&read_document(&offline.document(*digest), *digest)?)?;
    }
    let attachments = attach(&mut writer, &offline, &named)?;
    let mut files = key_files(&offline, &named)?;
    let keys_at = key_file.map_or_else(|| to.join("keys"), Path::to_owned);
    keys::write(&keys_at, &mut files)?;
    let log = named.log.map(|log| log.to_string()).unwrap_or_default();
    let about = About { log, origin: named.origin, made_by: MADE_BY.to_owned() };
    let manifest = writer.finish(about)?;
    verify(to, on_step)?;
    let key_files = files.len();
    Ok(BackedUp { manifest, before: held.size, keys: keys_at, key_files, attachments })
}

/// Keeps the attachments that the archive has, and writes those that it has not.
fn attach(writer: &mut Writer, offline: &Offline, named: &Named) -> Result<Attached, ServiceError> {
    let mut done = Attached::default();
    for of in named.attachments.difference(&named.erased_attachments) {
        let (unit, digest) = *of;
        let path = offline.attachment(unit, digest);
        let sealed = unless_gone(&path, gradus_archive::sealed(&path))?;
        let found =
            sealed.map(|(sealed, bytes)| writer.keep(Attachment { unit, digest, sealed }, bytes));
        let is_lost = match found {
            Some(Found::Whole) => {
                done.kept += 1;
                continue;
            }
            Some(Found::New | Found::Damaged(_)) => false,
            Some(Found::Earlier) => is_damaged(offline, named, *of),
            None => true,
        };
        if is_lost && writer.keep_earlier(unit, digest) {
            done.kept += 1;
            done.lost += 1;
        } else if found.is_some() {
            let mut incoming = writer.attachment(unit, digest)?;
            pieces_of(&path, |piece| Ok(incoming.push(piece)?))?;
            writer.attached(incoming)?;
            done.written += 1;
        }
    }
    Ok(done)
}

/// Whether the file of an attachment does not open to what its name says.
fn is_damaged(offline: &Offline, named: &Named, (unit, digest): (UnitId, Digest)) -> bool {
    let Some(log) = named.log else { return false };
    let Ok(mut tree) = key_tree(&offline.key_file(unit), log, unit) else { return false };
    let path = offline.attachment(unit, digest);
    let read = examine(&path, (log, unit, digest), |number| Ok(tree.key(number)));
    matches!(read, Err(AttachmentError::Damaged { .. }))
}

/// Reads everything in an archive again.
pub fn verify(archive: &Path, on_step: OnStep<'_>) -> Result<Manifest, ServiceError> {
    let archive = Archive::open(archive)?;
    let size = archive.manifest().head.size;
    archive.visit(|record| {
        if record.position.is_multiple_of(1_024) {
            on_step(Step::Verifying, record.position, size);
        }
        Ok::<_, ServiceError>(())
    })?;
    for digest in &archive.manifest().documents {
        archive.document(*digest)?;
    }
    for attachment in &archive.manifest().attachments {
        archive.attachment(attachment)?;
    }
    Ok(archive.manifest().clone())
}

/// The attachments that records name, and whose bytes are here.
pub(crate) fn held_attachments(offline: &Offline, named: &Named) -> Vec<(UnitId, Digest)> {
    let held = |(unit, digest): &(UnitId, Digest)| offline.attachment(*unit, *digest).is_file();
    let named = named.attachments.difference(&named.erased_attachments);
    named.copied().filter(held).collect()
}

/// Reads a file piece by piece.
fn pieces_of(
    path: &Path,
    mut take: impl FnMut(&[u8]) -> Result<(), ServiceError>,
) -> Result<(), ServiceError> {
    let failed = |source| read_failed(path, source);
    let mut file = File::open(path).map_err(failed)?;
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece).map_err(failed)? {
            0 => return Ok(()),
            read => take(piece.get(..read).unwrap_or_default())?,
        }
    }
}

fn read_document(path: &Path, digest: Digest) -> Result<Vec<u8>, ServiceError> {
    let bytes = std::fs::read(path).map_err(|source| read_failed(path, source))?;
    let seen = gradus_proof::sha256(&bytes);
    if seen == digest {
        return Ok(bytes);
    }
    Err(crate::documents::DocumentError::Damaged { path: path.to_owned(), seen }.into())
}

fn read_failed(path: &Path, source: std::io::Error) -> DirectoryError {
    FileError::new(FileStep::Read, path, source).into()
}

/// What was read of a file, or none where there is none.
fn unless_gone<T>(path: &Path, read: std::io::Result<T>) -> Result<Option<T>, DirectoryError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(read_failed(path, error)),
    }
}

/// The key files of every unit that has records, each read as keys.
fn key_files(offline: &Offline, named: &Named) -> Result<Vec<KeyFile>, ServiceError> {
    let Some(log) = named.log else { return Ok(Vec::new()) };
    let mut files = Vec::new();
    for unit in named.units.keys() {
        let path = offline.key_file(*unit);
        let bytes = read_secret(&path).map_err(|source| read_failed(&path, source))?;
        let missing = || crate::keys::KeyError::Missing { path: path.clone(), unit: *unit };
        let bytes = bytes.ok_or_else(missing)?;
        decode(&bytes, log, *unit)
            .map_err(|source| crate::keys::KeyError::Damaged { path: path.clone(), source })?;
        files.push(KeyFile { unit: *unit, bytes });
    }
    let path = offline.checkpoint_key();
    let signer = read_secret(&path).map_err(|source| read_failed(&path, source))?;
    files.extend(signer.map(|bytes| KeyFile { unit: OF_CHECKPOINTS, bytes }));
    Ok(files)
}

impl Service {
    /// The head to export to, and the root that the log had at `from`.
    pub async fn export_from(&self, from: u64) -> Result<(Head, Digest), ServiceError> {
        let head = self.log.head();
        let root = self.log.root_at(from).await?;
        Ok((head, root))
    }

    /// Sealed records from a position on, as they are stored: at most 1 MiB of them.
    pub async fn sealed_records(&self, from: u64) -> Result<Vec<StoredRecord>, ServiceError> {
        let most = ReadLimit { records: 1_000, bytes: 1 << 20 };
        Ok(self.log.read(from, most).await?)
    }

    /// The documents that the log of this size names, one at a time.
    pub fn exported_documents(
        &self,
        size: u64,
    ) -> impl Iterator<Item = Result<Vec<u8>, ServiceError>> + '_ {
        let views = self.views();
        let kinds = [DocumentKind::Model, DocumentKind::Rules, DocumentKind::Profile];
        let digests: std::collections::BTreeSet<Digest> = kinds
            .into_iter()
            .flat_map(|kind| views.registry.documents(kind, size))
            .map(|held| held.digest)
            .collect();
        drop(views);
        digests.into_iter().map(|digest| Ok(self.documents.get(digest)?))
    }

    /// The attachments that items name and whose bytes are held now.
    pub async fn exported_attachments(
        self: &Arc<Self>,
    ) -> Result<Vec<(UnitId, Digest)>, ServiceError> {
        // What an item names has its own name from here on.
        self.tidy_attachments().await?;
        self.on_disk(|service| {
            let path = service.attachments.path();
            let all = all_in(path).map_err(|source| read_failed(path, source))?;
            let named = all.into_iter().filter(|(.., named)| *named);
            Ok(named.map(|(unit, digest, _)| (unit, digest)).collect())
        })
        .await
    }

    /// The SHA-256 of the sealed file of an attachment, and its bytes; none when it is not held any more.
    pub async fn exported_seal(
        self: &Arc<Self>,
        unit: UnitId,
        digest: Digest,
    ) -> Result<Option<(Digest, u64)>, ServiceError> {
        self.on_disk(move |service| {
            let path = path_in(service.attachments.path(), unit, digest);
            Ok(unless_gone(&path, gradus_archive::sealed(&path))?)
        })
        .await
    }

    /// What is left of an attachment that an archive has: its file is opened, and read to its end.
    pub async fn left_of(
        self: &Arc<Self>,
        unit: UnitId,
        digest: Digest,
    ) -> Result<Left, ServiceError> {
        self.caught_up(None).await?;
        self.recalled(unit).await?;
        let is_kept = self.views().history(unit).is_some_and(|history| {
            let is_named = history.naming(&digest).next().is_some();
            is_named && history.attachment_erased(&digest).is_none()
        });
        if !is_kept {
            return Ok(Left::Gone);
        }
        self.on_disk(move |service| match service.attachments.verify(&service.keys, unit, digest) {
            Err(AttachmentError::Erased(_)) => Ok(Left::Gone),
            Err(AttachmentError::Missing(_) | AttachmentError::Damaged { .. }) => Ok(Left::Lost),
            Err(AttachmentError::File(error)) => Err(DirectoryError::from(error).into()),
            // What cannot be opened is as good as it gets.
            Ok(()) | Err(_) => Ok(Left::Whole),
        })
        .await
    }

    /// Bytes of the sealed file of an attachment from one on, and whether they are the last; none when it
    /// is not held any more, or no item is known to name it.
    pub async fn exported_attachment(
        self: &Arc<Self>,
        unit: UnitId,
        digest: Digest,
        from: u64,
        most: usize,
    ) -> Result<Option<(Vec<u8>, bool)>, ServiceError> {
        self.on_disk(move |service| {
            let path = path_in(service.attachments.path(), unit, digest);
            let failed = |source| read_failed(&path, source);
            let Some(mut file) = unless_gone(&path, File::open(&path))? else { return Ok(None) };
            let length = file.metadata().map_err(failed)?.len();
            file.seek(SeekFrom::Start(from)).map_err(failed)?;
            let mut bytes = Vec::new();
            file.take(most as u64).read_to_end(&mut bytes).map_err(failed)?;
            let last = from + bytes.len() as u64 >= length;
            Ok(Some((bytes, last)))
        })
        .await
    }

    /// The units and appraisals that may have keys, by the ids of their streams, and the log itself.
    #[must_use]
    pub fn keyed_units(&self) -> Vec<UnitId> {
        let views = self.views();
        let units = views.registry.units().map(|unit| unit.id);
        let appraisals = views.appraisals.all().map(|known| stream_of(known.id));
        units.chain(appraisals).chain([OF_CHECKPOINTS]).collect()
    }

    /// The key file of a unit as it is now; `None` while nothing of it was sealed.
    pub fn exported_keys(&self, unit: UnitId) -> Result<Option<KeyFile>, ServiceError> {
        let path = match unit {
            OF_CHECKPOINTS => self.directory.checkpoint_key(),
            unit => self.directory.keys().join(file_name(unit)),
        };
        let bytes = read_secret(&path).map_err(|source| read_failed(&path, source))?;
        Ok(bytes.map(|bytes| KeyFile { unit, bytes }))
    }

    /// The origins that the log had before it was forked.
    pub(crate) fn earlier_origins(&self) -> Vec<String> {
        let views = self.views();
        let forks = views.registry.forks.iter().map(|fork| fork.origin.to_string());
        let mut origins: Vec<String> =
            std::iter::once(format!("gradus/{}", self.log_id)).chain(forks).collect();
        origins.pop();
        origins
    }

    /// The origin line of the log's checkpoints.
    #[must_use]
    pub fn origin(&self) -> String {
        let forked = self.views().registry.forks.last().map(|fork| fork.origin.to_string());
        forked.unwrap_or_else(|| format!("gradus/{}", self.log_id))
    }
}
