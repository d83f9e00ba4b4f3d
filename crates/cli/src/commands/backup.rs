//! `gradus backup`: an archive of a running server's log, or of a directory.

mod attaching;

use std::path::Path;

use gradus_archive::keys::{self, KeyFile};
use gradus_archive::write::About;
use gradus_archive::{Manifest, Writer};
use gradus_model::Digest;
use gradus_server::operate::{self, Attached, BackedUp, MADE_BY, Step};
use gradus_wire::v1;
use gradus_wire::v1::export_log_response::Part;
use tonic::{Request, Status};

use self::attaching::Attaching;
use crate::args::operate::BackupArgs;
use crate::commands::progress::Progress;
use crate::error::CliError;
use crate::output::json::object;
use crate::output::sheet::Sheet;
use crate::output::{Output, View};
use crate::session::Session;

/// Backs up a directory that no server has open.
pub fn offline(data: &Path, args: &BackupArgs, output: Output) -> Result<(), CliError> {
    let progress = Progress::new(output);
    let done = operate::back_up(data, &args.archive, args.keys.as_deref(), &|step, done, total| {
        progress.tell(step, done, total);
    });
    progress.end();
    show(args, &done?, output)
}

/// Backs up the log of the server.
pub async fn online(session: &Session, args: &BackupArgs) -> Result<(), CliError> {
    let progress = Progress::new(session.output);
    let done = export(session, args, &progress).await;
    progress.end();
    show(args, &done?, session.output)
}

async fn export(
    session: &Session,
    args: &BackupArgs,
    progress: &Progress,
) -> Result<BackedUp, CliError> {
    let writer = Writer::open(&args.archive)?;
    let before = writer.head();
    let asked =
        v1::ExportLogRequest { from_size: before.size, with_keys: true, list_attachments: true };
    let error = |status| session.client.error(status);
    let sent = session.client.backup().export_log(Request::new(asked)).await;
    let mut parts = sent.map_err(error)?.into_inner();
    let mut taking = Taking::new(writer);
    let mut whole = false;
    while let Some(response) = parts.message().await.map_err(error)? {
        if let Some(part) = response.part {
            whole = matches!(part, Part::End(_));
            taking.take(part)?;
        }
        taking.attaching.tell(progress, session.output)?;
        let (done, total) = taking.far();
        progress.tell(Step::Writing, done, total);
    }
    if !whole {
        return Err(error(Status::unavailable("the server ended the stream")));
    }
    taking.attaching.fetch(session, &mut taking.writer, progress).await?;
    let attachments = taking.attaching.done();
    let keys_at = args.keys.clone().unwrap_or_else(|| args.archive.join("keys"));
    let (manifest, key_files) = taking.finish(&keys_at)?;
    operate::verify(&args.archive, &|step, done, total| progress.tell(step, done, total))?;
    Ok(BackedUp { manifest, before: before.size, keys: keys_at, key_files, attachments })
}

/// An export as it comes in.
struct Taking {
    writer: Writer,
    beginning: Option<v1::ExportBeginning>,
    keys: Vec<KeyFile>,
    attaching: Attaching,
    /// The pieces of the key file that is coming in.
    piece: Vec<u8>,
}

impl Taking {
    fn new(writer: Writer) -> Self {
        let (keys, piece) = (Vec::new(), Vec::new());
        Self { writer, beginning: None, keys, attaching: Attaching::default(), piece }
    }

    fn take(&mut self, part: Part) -> Result<(), CliError> {
        match part {
            Part::Beginning(beginning) => {
                let root = digest(&beginning.root_before)?;
                self.writer.refuse_other(beginning.log_size, Some(root))?;
                self.beginning = Some(beginning);
            }
            Part::Records(sent) => {
                let size = self.writer.head().size;
                if sent.position != size {
                    let problem = format!("records from {} come after {size}", sent.position);
                    return Err(CliError::Answer(problem));
                }
                for record in sent.records {
                    self.writer.push(&record.leaf, &record.payload)?;
                }
            }
            Part::Document(document) => {
                self.writer.document(&document.content)?;
            }
            // A server that knows no lists sends them all.
            Part::Attachment(sent) => self.attaching.take(&mut self.writer, &sent)?,
            Part::Listed(listed) => self.attaching.compare(&mut self.writer, &listed)?,
            Part::Keys(keys) => {
                self.piece.extend_from_slice(&keys.content);
                if keys.last {
                    let unit = keys.unit.parse();
                    let unit = unit.map_err(|_| CliError::Answer("no unit's keys".to_owned()))?;
                    let bytes = std::mem::take(&mut self.piece).into();
                    self.keys.push(KeyFile { unit, bytes });
                }
            }
            Part::End(end) => {
                let lists = self.beginning.as_ref().is_some_and(|begun| begun.lists_attachments);
                if lists {
                    self.attaching.listed_whole(&self.writer, &end)?;
                }
            }
        }
        Ok(())
    }

    fn far(&self) -> (u64, u64) {
        let total = self.beginning.as_ref().map_or(0, |beginning| beginning.log_size);
        (self.writer.size(), total)
    }

    /// Writes the keys and what is partial; refuses records that have another root than was said.
    fn finish(mut self, keys_at: &Path) -> Result<(Manifest, usize), CliError> {
        let beginning = self.beginning.take();
        let beginning = beginning.ok_or_else(|| CliError::Answer("no beginning".to_owned()))?;
        let (head, root) = (self.writer.head(), digest(&beginning.root)?);
        if (head.size, head.root) != (beginning.log_size, root) {
            let problem = format!(
                "{} records with root {} came, {} with root {root} were announced",
                head.size, head.root, beginning.log_size
            );
            return Err(CliError::Answer(problem));
        }
        keys::write(keys_at, &mut self.keys)?;
        let made_by = MADE_BY.to_owned();
        let about = About { log: beginning.log, origin: beginning.origin, made_by };
        Ok((self.writer.finish(about)?, self.keys.len()))
    }
}

fn digest(bytes: &[u8]) -> Result<Digest, CliError> {
    let digest = bytes.try_into().map(Digest);
    digest.map_err(|_| CliError::Answer(format!("a root of {} bytes", bytes.len())))
}

fn told(all: usize, Attached { written, kept, lost }: Attached) -> String {
    let told = format!("{all}, sealed: {written} written, {kept} there already");
    if lost == 0 { told } else { format!("{told}, of which {lost} are lost at their source") }
}

fn show(args: &BackupArgs, done: &BackedUp, output: Output) -> Result<(), CliError> {
    let BackedUp { manifest, before, keys, key_files, attachments } = done;
    let (size, added) = (manifest.head.size, manifest.head.size - before);
    let (archive, keys) = (args.archive.display().to_string(), keys.display().to_string());
    output.show(&View {
        document: object([
            ("archive", archive.as_str().into()),
            ("log", manifest.log.as_str().into()),
            ("size", size.into()),
            ("added", added.into()),
            ("root", manifest.head.root.to_string().into()),
            ("documents", (manifest.documents.len() as u64).into()),
            ("attachments", (manifest.attachments.len() as u64).into()),
            ("attachments_written", attachments.written.into()),
            ("attachments_kept", attachments.kept.into()),
            ("attachments_lost", attachments.lost.into()),
            ("keys", keys.as_str().into()),
            ("key_files", (*key_files as u64).into()),
        ]),
        entries: None,
        sheets: vec![Sheet::record(vec![
            ("archive", archive.into()),
            ("log", manifest.log.clone().into()),
            ("records", format!("{size}, {added} of them new, all verified").into()),
            ("root", manifest.head.root.to_string().into()),
            ("documents", manifest.documents.len().to_string().into()),
            ("attachments", told(manifest.attachments.len(), *attachments).into()),
            ("keys", format!("{keys}, of {key_files} units").into()),
        ])],
    })
}
