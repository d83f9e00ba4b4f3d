//! Makes a data directory of an archive: all of it, or its beginning.
//!
//! Everything is written into a folder beside the target and gets its name last, so there is no
//! half restored directory. It is opened as a server would open it before it is called done. A log
//! that is restored to an earlier size goes its own way: it says so in its next event, since
//! somebody may hold a checkpoint of what is not there any more.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gradus_archive::keys::KeyFile;
use gradus_archive::{Archive, keys};
use gradus_domain::{Actor, Proposal};
use gradus_log::{Import, Options};
use gradus_model::event::LogForked;
use gradus_model::unit::{Grade, PrincipalKind};
use gradus_model::{Digest, Event, Leaf, LogId, PrincipalId, RequestId, Timestamp, UnitId};

use crate::ahead::Ahead;
use crate::attachments::adopt;
use crate::call::{Call, Numbered, random, random_id};
use crate::directory::{
    CHECKPOINT_KEY, Directory, DirectoryError, FileError, Step as FileStep, folder,
};
use crate::error::ServiceError;
use crate::keys::{KeyTree, decode, encode, file_name};
use crate::offline::{Named, OnStep, Step};
use crate::service::{Clock, Service};
use crate::start::{Beginning, Memory, Started};
use crate::writer::PlannedPart;

/// Why no new directory can be made.
#[derive(Debug, thiserror::Error)]
pub enum RemakeError {
    /// Something is there already.
    #[error("`{}` holds files: nothing is overwritten, name a new or an empty directory", .0.display())]
    Occupied(PathBuf),
    /// An earlier try was interrupted.
    #[error("`{}` was left by a try that was interrupted: remove it, then try again", .0.display())]
    Interrupted(PathBuf),
    /// The file of keys is not there.
    #[error("`{}` is missing: name the file of keys with --keys", .0.display())]
    NoKeys(PathBuf),
    /// The file of keys has none of a unit.
    #[error("`{}` has no usable keys of unit {unit}, {what}: name a newer file with --keys", .path.display())]
    UnitWithoutKeys {
        /// The file.
        path: PathBuf,
        /// The unit.
        unit: UnitId,
        /// What is wrong.
        what: String,
    },
    /// More is asked for than there is.
    #[error("size {asked} is past the archive's {size}: ask for that at most")]
    Past {
        /// The size asked for.
        asked: u64,
        /// The archive's size.
        size: u64,
    },
    /// Less is asked for than a log begins with.
    #[error("nothing of the log would be left: its first call has more records than that")]
    BeforeBeginning,
    /// No record can be recovered.
    #[error("no record verifies from the beginning on: restore a backup")]
    NothingVerifies,
    /// What was written is not what was read.
    #[error("the new directory has root {seen}, what it was made of has {said}: it is not kept")]
    OtherRoot {
        /// The new directory's root.
        seen: Digest,
        /// The root that it should have.
        said: Digest,
    },
}

/// How much of an archive to restore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// All of it.
    All,
    /// At most so many records.
    Size(u64),
    /// What was recorded up to and including that moment.
    Time(Timestamp),
}

/// What a directory is made with.
pub struct Making<'a> {
    /// The documents that ship with the program.
    pub beginning: &'a Beginning,
    /// The clock.
    pub clock: Clock,
    /// How the log is opened.
    pub options: Options,
}

/// What was restored.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The records of the archive that were restored.
    pub size: u64,
    /// The root over them, verified.
    pub root: Digest,
    /// The archive's size.
    pub of: u64,
    /// The size of the new log, with the event that it was forked, if it was.
    pub head: u64,
}

/// Restores the archive in `archive` to the new directory `to`.
///
/// A call that was appended as a whole is restored as a whole or not at all.
///
/// # Errors
///
/// [`RemakeError`], and whatever is damaged; `to` is not made then.
pub async fn restore(
    archive: &Path,
    key_file: Option<&Path>,
    to: &Path,
    until: Until,
    making: Making<'_>,
    on_step: OnStep<'_>,
) -> Result<Restored, ServiceError> {
    let archive = Archive::open(archive)?;
    let of = archive.manifest().head;
    if let Until::Size(asked) = until
        && asked > of.size
    {
        return Err(RemakeError::Past { asked, size: of.size }.into());
    }
    let place = Place::new(to)?;
    let key_path = key_file.map_or_else(|| archive.keys(), Path::to_owned);
    let files = keys::read(&key_path)?.ok_or(RemakeError::NoKeys(key_path.clone()))?;

    let new = New::begin(&place, &making.options)?;
    let mut taking = Taking { until, new, call: None, waiting: Vec::new(), full: false };
    archive.visit(|record| {
        if record.position.is_multiple_of(1_024) {
            on_step(Step::Writing, record.position, of.size);
        }
        taking.take(record.leaf, record.payload)
    })?;
    let new = taking.finish()?;
    for digest in &new.named.documents {
        new.document(*digest, &archive.document(*digest)?)?;
    }
    let is_held = |of: &&gradus_archive::Attachment| new.holds(of.unit, of.digest);
    for attachment in archive.manifest().attachments.iter().filter(is_held) {
        let (unit, digest) = (attachment.unit, attachment.digest);
        new.attachment(unit, digest, &archive.attachment(attachment)?)?;
    }
    new.keys(&key_path, files)?;
    let restored = new.finish()?;
    if restored.size == of.size && restored.root != of.root {
        return Err(RemakeError::OtherRoot { seen: restored.root, said: of.root }.into());
    }
    let forked = (restored.size < of.size).then_some(Fork { known_size: Some(of.size) });
    let head = open_once(&place.beside, restored, forked, making).await?;
    place.name()?;
    Ok(Restored { size: restored.size, root: restored.root, of: of.size, head })
}

/// Where a directory will be, and where it is made.
pub(crate) struct Place {
    to: PathBuf,
    pub(crate) beside: PathBuf,
}

impl Place {
    pub(crate) fn new(to: &Path) -> Result<Self, ServiceError> {
        let beside = to.with_added_extension("making");
        if fs::read_dir(to).is_ok_and(|mut entries| entries.next().is_some()) || to.is_file() {
            return Err(RemakeError::Occupied(to.to_owned()).into());
        }
        if beside.exists() {
            return Err(RemakeError::Interrupted(beside).into());
        }
        Ok(Self { to: to.to_owned(), beside })
    }

    /// Gives what was made its name.
    pub(crate) fn name(&self) -> Result<(), ServiceError> {
        let failed = |source| FileError::new(FileStep::Rename, &self.to, source);
        fs::rename(&self.beside, &self.to).map_err(failed).map_err(DirectoryError::from)?;
        folder::sync_folder(folder::parent(&self.to)).map_err(DirectoryError::from)?;
        Ok(())
    }
}

impl Drop for Place {
    /// Takes away what did not get its name.
    fn drop(&mut self) {
        if self.beside.join("FORMAT").exists() {
            let _ = fs::remove_dir_all(&self.beside);
        }
    }
}

/// A directory that is being made.
pub(crate) struct New {
    directory: Directory,
    import: Import,
    pub(crate) named: Named,
}

/// That a log goes its own way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fork {
    /// The size that the log it came from is known to have had.
    pub(crate) known_size: Option<u64>,
}

/// What a new directory holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Made {
    pub(crate) size: u64,
    pub(crate) root: Digest,
}

impl New {
    pub(crate) fn begin(place: &Place, options: &Options) -> Result<Self, ServiceError> {
        let directory = Directory::open(&place.beside)?;
        let import = Import::create(&place.beside, options)?;
        for path in [directory.keys(), directory.documents()] {
            folder::create_folder(&path).map_err(DirectoryError::from)?;
        }
        Ok(Self { directory, import, named: Named::default() })
    }

    pub(crate) fn push(&mut self, leaf: &[u8], payload: &[u8]) -> Result<(), ServiceError> {
        self.import.push(leaf, payload)?;
        if let Ok(read) = Leaf::read(leaf) {
            // An event of a newer version is told when the directory is opened.
            let _ = self.named.take(&read);
        }
        Ok(())
    }

    pub(crate) fn document(&self, digest: Digest, bytes: &[u8]) -> Result<(), ServiceError> {
        let path = self.directory.documents().join(digest.to_string());
        Ok(folder::replace(&path, bytes).map_err(DirectoryError::from)?)
    }

    /// Whether a record names an attachment, and none says that it was erased.
    fn holds(&self, unit: UnitId, digest: Digest) -> bool {
        let of = (unit, digest);
        self.named.attachments.contains(&of) && !self.named.erased_attachments.contains(&of)
    }

    /// Takes over the sealed file of an attachment.
    pub(crate) fn attachment(
        &self,
        unit: UnitId,
        digest: Digest,
        from: &Path,
    ) -> Result<(), ServiceError> {
        let folder = self.directory.attachments();
        Ok(adopt(&folder, (unit, digest), from).map_err(DirectoryError::from)?)
    }

    pub(crate) fn secret(&self, name: &str, bytes: &[u8]) -> Result<(), ServiceError> {
        let path = self.directory.path().join(name);
        Ok(folder::replace(&path, bytes).map_err(DirectoryError::from)?)
    }

    /// Writes a unit's keys; a version that its stream does not have here yet gets a new key where
    /// the old one was destroyed.
    pub(crate) fn key_tree(
        &self,
        log: LogId,
        unit: UnitId,
        mut tree: KeyTree,
    ) -> Result<(), ServiceError> {
        let last = self.named.units.get(&unit).copied().unwrap_or_default();
        for version in tree.erased_after(last) {
            tree.renew(version, random()?);
        }
        let path = self.directory.keys().join(file_name(unit));
        Ok(folder::replace(&path, &encode(log, unit, &tree)).map_err(DirectoryError::from)?)
    }

    fn keys(&self, path: &Path, files: Vec<KeyFile>) -> Result<(), ServiceError> {
        let Some(log) = self.named.log else { return Ok(()) };
        for unit in self.named.units.keys() {
            let without = |what: String| RemakeError::UnitWithoutKeys {
                path: path.to_owned(),
                unit: *unit,
                what,
            };
            let file = files.iter().find(|file| file.unit == *unit);
            let file = file.ok_or_else(|| without("there is none".to_owned()))?;
            let tree = decode(&file.bytes, log, *unit);
            self.key_tree(log, *unit, tree.map_err(|error| without(error.to_string()))?)?;
        }
        match files.iter().find(|file| file.unit == keys::OF_CHECKPOINTS) {
            Some(signer) => self.secret(CHECKPOINT_KEY, &signer.bytes),
            // Of before there was one: the next start makes it.
            None => Ok(()),
        }
    }

    /// Makes it durable.
    pub(crate) fn finish(self) -> Result<Made, ServiceError> {
        let head = self.import.finish()?;
        Ok(Made { size: head.size, root: head.root })
    }
}

/// Takes records up to a limit, whole calls only.
struct Taking {
    until: Until,
    new: New,
    call: Option<(PrincipalId, RequestId)>,
    waiting: Vec<(Vec<u8>, Vec<u8>)>,
    full: bool,
}

impl Taking {
    fn take(&mut self, leaf: &[u8], payload: &[u8]) -> Result<(), ServiceError> {
        if self.full {
            return Ok(());
        }
        let read = Leaf::read(leaf).map_err(gradus_model::recorded::UnreadableLeaf::from)?;
        let call = (read.draft.actor, read.draft.request);
        let same = self.call == Some(call);
        let within = match self.until {
            Until::All => true,
            Until::Size(size) => read.place.position < size,
            Until::Time(at) => read.place.recorded_at <= at,
        };
        if !within {
            if same {
                self.waiting.clear();
            }
            self.full = true;
            return Ok(());
        }
        if !same {
            self.write()?;
            self.call = Some(call);
        }
        self.waiting.push((leaf.to_vec(), payload.to_vec()));
        Ok(())
    }

    fn write(&mut self) -> Result<(), ServiceError> {
        for (leaf, payload) in std::mem::take(&mut self.waiting) {
            self.new.push(&leaf, &payload)?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<New, ServiceError> {
        self.write()?;
        if self.new.named.units.is_empty() {
            return Err(RemakeError::BeforeBeginning.into());
        }
        Ok(self.new)
    }
}

/// Opens a directory as a server would, says in its log that it was forked, if it was, and closes
/// it; the size it has then.
pub(crate) async fn open_once(
    path: &Path,
    made: Made,
    forked: Option<Fork>,
    making: Making<'_>,
) -> Result<u64, ServiceError> {
    let Making { beginning, clock, options } = making;
    let Started { service, .. } =
        Service::start(path, beginning, clock, Memory::default(), options).await?;
    let head = service.log().head();
    if (head.size, head.root) != (made.size, made.root) {
        return Err(RemakeError::OtherRoot { seen: head.root, said: made.root }.into());
    }
    if let Some(Fork { known_size }) = forked {
        service.fork(known_size).await?;
    }
    let size = service.log().head().size;
    service.close().await?;
    let gone = service.gone();
    drop(service);
    gone.await;
    Ok(size)
}

impl Service {
    /// Records that the log goes its own way from here.
    async fn fork(self: &Arc<Self>, known_size: Option<u64>) -> Result<(), ServiceError> {
        let head = self.log.head();
        let (organization, system, version) = {
            let writer = self.writer()?;
            let missing = ServiceError::Fault("the log has no organization");
            let organization = writer.registry.organization.ok_or(missing)?;
            let mut principals = writer.registry.principals();
            let system = principals.find(|one| one.kind == PrincipalKind::System);
            let system = system.ok_or(ServiceError::Fault("the log has no system principal"))?;
            (organization, system.id, writer.version(organization))
        };
        let origin = format!("gradus/{}/{}", self.log_id, head.size);
        let forked = LogForked {
            size: head.size,
            root: head.root,
            known_size,
            origin: origin.parse().map_err(|error| ServiceError::invalid("origin", error))?,
        };
        let proposal = Proposal::new(Event::LogForked(forked), self.now());
        let actor =
            Actor { principal: system, kind: PrincipalKind::System, grade: Grade::Internal };
        let records = vec![Numbered { item: 0, proposal: proposal.into() }];
        let part = PlannedPart { stream: organization, version, records };
        let request = RequestId(random_id()?);
        let parts = self.sealed(&Call::by(actor), request, &[part], &mut Ahead::default())?;
        self.log.append(gradus_log::Append { parts })?.await?;
        self.caught_up(None).await
    }
}
