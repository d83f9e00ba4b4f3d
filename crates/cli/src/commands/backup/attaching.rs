//! The attachments of a backup: compared with the server's list, and fetched where they are missing.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use gradus_archive::{Attachment, Found, Incoming, Writer};
use gradus_model::{Digest, UnitId};
use gradus_server::operate::{Attached, Step};
use gradus_wire::v1;
use gradus_wire::v1::export_attachments_response::Part;
use tonic::Request;

use crate::commands::progress::Progress;
use crate::error::CliError;
use crate::output::Output;
use crate::session::Session;

/// The most attachments that are asked for in one call.
const ASKED: usize = 1_000;

/// What becomes of the attachments.
#[derive(Default)]
pub(super) struct Attaching {
    done: Attached,
    /// Those that the server listed.
    listed: BTreeSet<(UnitId, Digest)>,
    /// Those that are to be asked for.
    missing: Vec<Missing>,
    /// The one that is coming in.
    incoming: Option<Incoming>,
    /// What people are to be told.
    notes: Vec<String>,
}

/// An attachment to ask for.
#[derive(Clone, Copy, Debug)]
struct Missing {
    unit: UnitId,
    digest: Digest,
    /// The SHA-256 and the bytes of its file, where it was listed.
    sealed: Option<(Digest, u64)>,
    /// Whether the archive has another file of it, which it keeps if the server lost its own.
    had: bool,
}

impl Missing {
    fn bytes(&self) -> u64 {
        self.sealed.map_or(0, |(_, bytes)| bytes)
    }
}

impl Attaching {
    /// How many were written and kept.
    pub(super) const fn done(&self) -> Attached {
        self.done
    }

    /// Tells what is to be told so far.
    pub(super) fn tell(&mut self, progress: &Progress, output: Output) -> Result<(), CliError> {
        self.notes.drain(..).try_for_each(|note| progress.note(output, &note))
    }

    /// Keeps what the archive has of a list.
    pub(super) fn compare(
        &mut self,
        writer: &mut Writer,
        listed: &v1::ListedAttachments,
    ) -> Result<(), CliError> {
        for sent in &listed.attachments {
            let (unit, digest) = name(&sent.unit, &sent.sha256)?;
            let sealed = super::digest(&sent.sealed_sha256)?;
            let of = Attachment { unit, digest, sealed };
            let found = writer.keep(of, sent.sealed_size);
            self.listed.insert((unit, digest));
            match &found {
                Found::Whole => {
                    self.done.kept += 1;
                    continue;
                }
                Found::New | Found::Earlier => (),
                Found::Damaged(what) => self.notes.push(format!(
                    "attachment {digest} of unit {unit} is damaged in the archive, {what}: it is \
                     fetched again"
                )),
            }
            let (sealed, had) = (Some((sealed, sent.sealed_size)), found == Found::Earlier);
            self.missing.push(Missing { unit, digest, sealed, had });
        }
        Ok(())
    }

    /// Refuses a list of which a part is missing, and has those asked for that the archive has and that
    /// are not listed: they were erased, or are lost.
    pub(super) fn listed_whole(
        &mut self,
        writer: &Writer,
        end: &v1::ExportEnd,
    ) -> Result<(), CliError> {
        let (came, announced) = (self.listed.len() as u64, end.listed_attachments);
        if came != u64::from(announced) {
            let problem = format!("{came} attachments were listed, and {announced} announced");
            return Err(CliError::Answer(problem));
        }
        let had = writer.attachments_before().iter().map(|of| (of.unit, of.digest));
        let unlisted = had.filter(|of| !self.listed.contains(of));
        let ask = |(unit, digest)| Missing { unit, digest, sealed: None, had: true };
        self.missing.extend(unlisted.map(ask));
        Ok(())
    }

    /// Fetches what is missing.
    pub(super) async fn fetch(
        &mut self,
        session: &Session,
        writer: &mut Writer,
        progress: &Progress,
    ) -> Result<(), CliError> {
        let missing = std::mem::take(&mut self.missing);
        let total = missing.iter().map(Missing::bytes).sum();
        let mut before = 0;
        for asked in missing.chunks(ASKED) {
            let told = |done| progress.tell(Step::Attaching, before + done, total);
            self.fetch_some(session, writer, asked, told).await?;
            self.tell(progress, session.output)?;
            before += asked.iter().map(Missing::bytes).sum::<u64>();
        }
        Ok(())
    }

    async fn fetch_some(
        &mut self,
        session: &Session,
        writer: &mut Writer,
        asked: &[Missing],
        told: impl Fn(u64),
    ) -> Result<(), CliError> {
        let error = |status| session.client.error(status);
        let attachments = asked.iter().map(|of| v1::AttachmentName {
            unit: of.unit.to_string(),
            sha256: of.digest.to_string(),
            only_whole: of.had,
        });
        let request = v1::ExportAttachmentsRequest { attachments: attachments.collect() };
        let sent = session.client.backup().export_attachments(Request::new(request)).await;
        let mut parts = sent.map_err(error)?.into_inner();
        let (mut open, mut done) = (asked.iter(), 0);
        let mut next = open.next();
        while let Some(response) = parts.message().await.map_err(error)? {
            let Some(part) = response.part else { continue };
            let unasked = || CliError::Answer("more came than was asked for".to_owned());
            let of = next.ok_or_else(unasked)?;
            if let Part::Attachment(piece) = &part {
                done += piece.content.len() as u64;
                told(done);
            }
            if self.answered(writer, part, of)? {
                next = open.next();
            }
        }
        let Some(of) = next else { return Ok(()) };
        Err(CliError::Answer(format!("it ended before attachment {}", of.digest)))
    }

    /// Takes a part of an attachment that was asked for; whether it was the last one.
    fn answered(
        &mut self,
        writer: &mut Writer,
        part: Part,
        of: &Missing,
    ) -> Result<bool, CliError> {
        let Missing { unit, digest, sealed, had } = of;
        let piece = match part {
            Part::Attachment(piece) => piece,
            Part::Gone(gone) => {
                in_turn(&gone.unit, &gone.sha256, of)?;
                self.incoming = None;
                return Ok(true);
            }
            Part::Lost(lost) => {
                in_turn(&lost.unit, &lost.sha256, of)?;
                self.lost(writer, of);
                return Ok(true);
            }
        };
        in_turn(&piece.unit, &piece.sha256, of)?;
        let Some(incoming) = self.more(writer, &piece)? else { return Ok(false) };
        let seen = incoming.sealed();
        if let Some((sealed, _)) = sealed
            && seen != *sealed
        {
            return Err(CliError::Answer(format!(
                "the file of attachment {digest} of unit {unit} hashes to {seen}, and {sealed} was \
                 announced: if it was uploaded again meanwhile, run the backup again"
            )));
        }
        writer.attached(incoming)?;
        self.done.written += 1;
        if *had {
            self.notes.push(format!(
                "attachment {digest} of unit {unit} was sealed anew at the server: it was fetched again"
            ));
        }
        Ok(true)
    }

    /// Keeps what the archive has of an attachment that the server lost.
    fn lost(&mut self, writer: &mut Writer, of: &Missing) {
        let Missing { unit, digest, .. } = of;
        let of = format!("attachment {digest} of unit {unit} is missing or damaged at the server");
        self.notes.push(if writer.keep_earlier(*unit, *digest) {
            self.done.kept += 1;
            self.done.lost += 1;
            format!("{of}: the archive keeps the one that it has")
        } else {
            format!("{of}, and in the archive: neither has it")
        });
    }

    /// Takes a piece of what a server sends that knows no lists.
    pub(super) fn take(
        &mut self,
        writer: &mut Writer,
        piece: &v1::ExportedAttachment,
    ) -> Result<(), CliError> {
        if let Some(incoming) = self.more(writer, piece)? {
            writer.attached(incoming)?;
            self.done.written += 1;
        }
        Ok(())
    }

    /// Takes a piece; the attachment, if it was the last one.
    fn more(
        &mut self,
        writer: &Writer,
        piece: &v1::ExportedAttachment,
    ) -> Result<Option<Incoming>, CliError> {
        let (unit, digest) = name(&piece.unit, &piece.sha256)?;
        // One that was erased while it was sent has no end.
        let mut incoming = match self.incoming.take().filter(|open| open.is(unit, digest)) {
            Some(incoming) => incoming,
            None => writer.attachment(unit, digest)?,
        };
        incoming.push(&piece.content)?;
        if piece.last {
            return Ok(Some(incoming));
        }
        self.incoming = Some(incoming);
        Ok(None)
    }
}

fn name(unit: &str, sha256: &str) -> Result<(UnitId, Digest), CliError> {
    let wrong = |_| CliError::Answer(format!("`{sha256}` of unit `{unit}` is no attachment"));
    Ok((unit.parse().map_err(wrong)?, sha256.parse().map_err(wrong)?))
}

/// Refuses an attachment that is not the one whose turn it is.
fn in_turn(unit: &str, sha256: &str, of: &Missing) -> Result<(), CliError> {
    if name(unit, sha256)? == (of.unit, of.digest) {
        return Ok(());
    }
    Err(CliError::Answer(format!("attachment {sha256} came in the place of {}", of.digest)))
}
