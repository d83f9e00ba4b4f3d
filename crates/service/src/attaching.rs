//! Attachments that are uploaded, read, listed and erased.
//!
//! Whoever may submit evidence to a unit uploads for it; whoever may read the texts of an item that names
//! an attachment reads it, in the unit of that item alone. What may not be read is told as far as the
//! items that name it tell it anyway.

mod listed;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use gradus_domain::access::Right;
use gradus_domain::registry::living;
use gradus_domain::{NeededOn, Proposal, Refusal};
use gradus_model::event::AttachmentsErased;
use gradus_model::{Digest, Event, UnitId};

use crate::access::Caller;
use crate::attachments::{AttachmentError, Reading, Upload};
use crate::call::{Call, Receipt};
use crate::error::ServiceError;
use crate::records::Texts;
use crate::service::Service;
use crate::units::reason_payload;

pub use listed::{AttachmentPage, ListedAttachment, Whereabouts};

/// How often uploads are looked at that no item names.
const LOOKED_AT: Duration = Duration::from_hours(1);

/// What is said of an attachment before its bytes come.
#[derive(Clone, Copy, Debug, Default)]
pub struct Declared {
    /// Its SHA-256; none to be told.
    pub digest: Option<Digest>,
    /// Its bytes.
    pub bytes: Option<u64>,
}

/// An attachment that is coming in. Dropped before its end, nothing of it is left.
pub struct Attaching {
    unit: UnitId,
    declared: Declared,
    upload: Upload,
}

/// An attachment that was kept.
#[derive(Clone, Copy, Debug)]
pub struct Attached {
    /// Its SHA-256.
    pub digest: Digest,
    /// Its bytes.
    pub bytes: u64,
}

/// An attachment that is being read.
pub struct Attachment(Reading);

impl Attachment {
    /// Its bytes.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.0.bytes()
    }
}

impl Service {
    /// Bounds attachments from here on, in bytes.
    pub fn bound_attachments(&self, most: u64) {
        self.attachments.bound(most);
    }

    /// Begins to take an attachment for a unit.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Attachment`] when it is too long, was erased in the unit, or too much waits to be
    /// named there.
    pub async fn begin_attachment(
        self: &Arc<Self>,
        by: &Caller,
        unit: &str,
        declared: Declared,
    ) -> Result<Attaching, ServiceError> {
        let unit = self.unit(by, unit)?;
        self.caught_up(None).await?;
        let empty = {
            let views = self.views();
            living(&views.registry, unit)?;
            views.history(unit).is_none_or(|history| history.version == 0)
        };
        let most = self.attachments.most();
        if declared.bytes.is_some_and(|bytes| bytes > most) {
            return Err(AttachmentError::TooLong { most }.into());
        }
        if let Some(digest) = declared.digest {
            self.attachments.refuse_erased(unit, digest)?;
        }
        if empty {
            self.make_keys(unit)?;
        }
        self.on_disk(move |service| {
            let upload = service.attachments.begin(&service.keys, unit)?;
            Ok(Attaching { unit, declared, upload })
        })
        .await
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    ///
    /// As of [`Self::begin_attachment`]; nothing is left of it then.
    pub async fn attach(
        self: &Arc<Self>,
        mut attaching: Attaching,
        bytes: Vec<u8>,
    ) -> Result<Attaching, ServiceError> {
        self.on_disk(move |_| {
            attaching.upload.push(&bytes)?;
            Ok(attaching)
        })
        .await
    }

    /// Keeps an attachment that has come in whole; it is durable at the answer.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Invalid`] when it is not what was declared, and as of
    /// [`Self::begin_attachment`]; nothing is left of it then.
    pub async fn keep_attachment(
        self: &Arc<Self>,
        mut attaching: Attaching,
    ) -> Result<Attached, ServiceError> {
        let unit = attaching.unit;
        let attached = self
            .on_disk(move |service| {
                let (digest, bytes) = attaching.upload.seal()?;
                let Declared { digest: said, bytes: most } = attaching.declared;
                if let Some(said) = said.filter(|said| *said != digest) {
                    let reason = format!("`{said}` was declared, the content hashes to {digest}");
                    return Err(ServiceError::invalid("sha256", reason));
                }
                if let Some(said) = most.filter(|said| *said != bytes) {
                    let reason = format!("{said} bytes were declared, {bytes} came");
                    return Err(ServiceError::invalid("size", reason));
                }
                let (files, keys) = (&service.attachments, &service.keys);
                files.keep(keys, &attaching.upload, (digest, bytes))?;
                Ok(Attached { digest, bytes })
            })
            .await?;
        // An item may have named it before.
        self.caught_up(None).await?;
        if self.is_named(unit, attached.digest).await? {
            self.attachments.settle(unit, &[attached.digest])?;
        }
        Ok(attached)
    }

    /// Opens an attachment that an item of the unit names whose texts the caller may read.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] when no item of the unit names it, a refusal when the caller may read
    /// none of these, [`ServiceError::AttachmentErased`] when it was erased.
    pub async fn read_attachment(
        self: &Arc<Self>,
        by: &Caller,
        unit: &str,
        digest: Digest,
    ) -> Result<Attachment, ServiceError> {
        let unit = self.unit(by, unit)?;
        self.caught_up(None).await?;
        self.recalled(unit).await?;
        let (naming, erased) = {
            let views = self.views();
            let history = views.history(unit);
            let naming = history.map(|history| history.naming(&digest).map(|item| item.version));
            let naming: Vec<u64> = naming.map(Iterator::collect).unwrap_or_default();
            (naming, history.and_then(|history| history.attachment_erased(&digest)))
        };
        if naming.is_empty() {
            return Err(ServiceError::not_found("attachment", digest));
        }
        if let Some(position) = erased {
            return Err(self.attachment_erased(digest, position).await?);
        }
        if let Some(right) = self.right_to(by, unit, &naming).await? {
            return Err(Refusal::RightMissing { right, on: NeededOn::Any }.into());
        }
        let opened = self
            .on_disk(move |service| Ok(service.attachments.read(&service.keys, unit, digest)?))
            .await?;
        Ok(Attachment(opened))
    }

    /// The next piece of an attachment, none after the last: only then is all of it known to be whole.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Attachment`] when it is damaged.
    pub async fn next_piece(
        self: &Arc<Self>,
        mut attachment: Attachment,
    ) -> Result<Option<(Vec<u8>, Attachment)>, ServiceError> {
        self.on_disk(move |_| Ok(attachment.0.next()?.map(|piece| (piece, attachment)))).await
    }

    /// The right that the caller lacks to read what these records name; none if they may read any of them.
    async fn right_to(
        &self,
        by: &Caller,
        unit: UnitId,
        naming: &[u64],
    ) -> Result<Option<Right>, ServiceError> {
        let mut lacking = Right::ReadInterviews;
        for version in naming {
            let record = self.record_of(unit, *version).await?;
            match self.texts(by, &record)? {
                Texts::Readable(_) => return Ok(None),
                Texts::Withheld => {
                    let class = self.open_payload(&record)?.and_then(|texts| texts.class());
                    lacking = class.map_or(lacking, Right::to_texts);
                }
                Texts::Erased => (),
            }
        }
        Ok(Some(lacking))
    }

    /// Erases attachments of a unit for ever, whatever items of it name them.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for one that no item of the unit names; a refusal without the right to
    /// administer the unit, without a reason, or under a legal hold.
    pub async fn erase_attachments(
        &self,
        call: &Call,
        unit: &str,
        digests: &[Digest],
        reason: &str,
    ) -> Result<Receipt, ServiceError> {
        let digests: BTreeSet<Digest> = digests.iter().copied().collect();
        if digests.is_empty() {
            return Err(ServiceError::invalid("digests", "it is empty: name at least one"));
        }
        if let Ok(unit) = self.seen(call, unit) {
            self.caught_up(None).await?;
            for digest in &digests {
                if !self.is_named(unit, *digest).await? {
                    return Err(ServiceError::not_found("attachment", digest));
                }
            }
        }
        let (now, digests) = (self.now(), digests.into_iter().collect::<Vec<_>>());
        let event = Event::AttachmentsErased(AttachmentsErased { digests, rule: None });
        let proposal = Proposal::at(event, None, now).with(reason_payload(reason));
        let receipt = self.append_to_unit(call, unit, |_, _, _| Ok(vec![proposal.clone()])).await?;
        // The views destroy them as they read the event.
        self.caught_up(None).await?;
        Ok(receipt)
    }

    /// The events that erase the attachments which go with the texts of a record.
    pub(crate) fn with_attachments(&self, unit: UnitId, version: u64) -> Option<Event> {
        let views = self.views();
        let digests = views.history(unit)?.attachments_with(&[version].into());
        // An item names no more than an event does.
        let erased = AttachmentsErased { digests, rule: None };
        (!erased.digests.is_empty()).then_some(Event::AttachmentsErased(erased))
    }

    async fn attachment_erased(
        &self,
        digest: Digest,
        position: u64,
    ) -> Result<ServiceError, ServiceError> {
        let said = self.source_statement(position).await?;
        let by = self.principal_name(said.by).unwrap_or_else(|| said.by.to_string());
        Ok(ServiceError::AttachmentErased { digest, position, at: said.recorded_at, by })
    }

    /// Whether an item of the unit names an attachment, as far as the views have read.
    async fn is_named(&self, unit: UnitId, digest: Digest) -> Result<bool, ServiceError> {
        self.recalled(unit).await?;
        let views = self.views();
        let history = views.history(unit);
        Ok(history.is_some_and(|history| history.naming(&digest).next().is_some()))
    }

    /// Takes what items name for named, and removes uploads that none named within a day.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Attachment`] when the disk fails.
    pub async fn tidy_attachments(self: &Arc<Self>) -> Result<(), ServiceError> {
        let unnamed = self.attachments.unnamed(SystemTime::now());
        if unnamed.is_empty() {
            return Ok(());
        }
        self.caught_up(None).await?;
        for (unit, digest, is_old) in unnamed {
            if self.is_named(unit, digest).await? {
                self.attachments.settle(unit, &[digest])?;
            } else if is_old {
                self.on_disk(move |service| {
                    Ok(service.attachments.drop_unnamed(&service.keys, unit, &[digest])?)
                })
                .await?;
                tracing::info!(%unit, %digest, "removed: uploaded, and named by no item");
            }
        }
        Ok(())
    }

    /// Tidies now and then, the first time at once.
    pub(crate) fn keep_attachments_tidy(self: &Arc<Self>) {
        let service = Arc::downgrade(self);
        let mut stopped = self.alive.subscribe();
        tokio::spawn(async move {
            loop {
                let Some(here) = service.upgrade() else { return };
                if let Err(error) = here.tidy_attachments().await {
                    tracing::warn!(%error, "uploads were not tidied up");
                }
                drop(here);
                let ended = async { while stopped.changed().await.is_ok() {} };
                if tokio::time::timeout(LOOKED_AT, ended).await.is_ok() {
                    return;
                }
            }
        });
    }

    /// Works on the disk, on a thread where nobody waits.
    pub(crate) async fn on_disk<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, ServiceError> + Send + 'static,
    ) -> Result<T, ServiceError> {
        let service = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || work(&service)).await;
        done.map_err(|_| ServiceError::Fault("work on an attachment was given up"))?
    }
}
