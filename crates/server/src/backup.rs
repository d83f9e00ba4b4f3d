//! The handler of `BackupService`.

use std::sync::Arc;

use gradus_model::unit::PrincipalKind;
use gradus_model::{Digest, UnitId};
use gradus_service::backup::Left;
use gradus_service::{Caller, Service, ServiceError};
use gradus_wire::v1 as wire;
use gradus_wire::v1::backup_service_server::BackupService;
use gradus_wire::v1::export_attachments_response::Part as Asked;
use gradus_wire::v1::export_log_response::Part;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::api::{Api, Reply, stopped};
use crate::auth::open;
use crate::convert;
use crate::status::status;

/// Parts that wait for the caller to read them.
const WAITING: usize = 4;
/// The most bytes of a piece of a file.
const PIECE: usize = 1 << 20;
/// The most attachments of a part that lists them.
const LISTED: usize = 1_000;

type Answers<T> = mpsc::Sender<Result<T, Status>>;
type Parts = Answers<wire::ExportLogResponse>;

#[tonic::async_trait]
impl BackupService for Api {
    type ExportLogStream = ReceiverStream<Result<wire::ExportLogResponse, Status>>;

    async fn export_log(
        &self,
        request: Request<wire::ExportLogRequest>,
    ) -> Reply<Self::ExportLogStream> {
        let (by, asked) = open(request)?;
        may_export(self, &by)?;
        let export = Export::begin(Arc::clone(&self.service), &asked).await;
        let (beginning, export) = export.map_err(|error| status(&error))?;
        let (sender, receiver) = mpsc::channel(WAITING);
        sending(self, sender.clone(), async move { export.send(beginning, &sender).await });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    type ExportAttachmentsStream = ReceiverStream<Result<wire::ExportAttachmentsResponse, Status>>;

    async fn export_attachments(
        &self,
        request: Request<wire::ExportAttachmentsRequest>,
    ) -> Reply<Self::ExportAttachmentsStream> {
        let (by, asked) = open(request)?;
        may_export(self, &by)?;
        let names = named(&asked.attachments).map_err(|error| status(&error))?;
        let (sender, receiver) = mpsc::channel(WAITING);
        let service = Arc::clone(&self.service);
        sending(self, sender.clone(), async move {
            for (unit, digest, only_whole) in names {
                let left =
                    if only_whole { service.left_of(unit, digest).await? } else { Left::Whole };
                let part = |piece| answer(Asked::Attachment(piece));
                let name = wire::AttachmentName {
                    unit: unit.to_string(),
                    sha256: digest.to_string(),
                    only_whole,
                };
                if left == Left::Lost {
                    put(&sender, answer(Asked::Lost(name))).await?;
                } else if left == Left::Gone
                    || !pieces(&service, (unit, digest), &sender, part).await?
                {
                    put(&sender, answer(Asked::Gone(name))).await?;
                }
            }
            Ok(())
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }
}

/// Refuses whoever may not have all of the log.
fn may_export(api: &Api, by: &Caller) -> Result<(), Status> {
    if by.actor.kind != PrincipalKind::Person {
        return Err(status(&ServiceError::Personal("export the log")));
    }
    api.service.whole(by).map(|_| ()).map_err(|error| status(&error))
}

const fn answer(part: Asked) -> wire::ExportAttachmentsResponse {
    wire::ExportAttachmentsResponse { part: Some(part) }
}

/// The attachments that are asked for, and whether only if they are whole.
fn named(asked: &[wire::AttachmentName]) -> Result<Vec<(UnitId, Digest, bool)>, ServiceError> {
    let one = |(at, name): (usize, &wire::AttachmentName)| {
        let unit = convert::text(format!("attachments[{at}].unit"), &name.unit)?;
        let digest = convert::text(format!("attachments[{at}].sha256"), &name.sha256)?;
        Ok((unit, digest, name.only_whole))
    };
    convert::bounded("attachments", asked)?.iter().enumerate().map(one).collect()
}

/// Sends beside the call, and tells why it ended early unless the caller left.
fn sending<T: Send + 'static>(
    api: &Api,
    to: Answers<T>,
    sent: impl Future<Output = Result<(), Ended>> + Send + 'static,
) {
    let mut stopping: watch::Receiver<bool> = api.stopping.clone();
    tokio::spawn(async move {
        let sent = tokio::select! {
            sent = sent => sent,
            () = stopped(&mut stopping) => Err(Ended::Failed(gradus_log::LogError::Closed.into())),
        };
        if let Err(Ended::Failed(error)) = sent {
            // The caller may be gone; then nobody is told.
            let _ = to.send(Err(status(&error))).await;
        }
    });
}

/// One export.
struct Export {
    service: Arc<Service>,
    from: u64,
    size: u64,
    with_keys: bool,
    lists_attachments: bool,
}

impl Export {
    async fn begin(
        service: Arc<Service>,
        asked: &wire::ExportLogRequest,
    ) -> Result<(wire::ExportBeginning, Self), ServiceError> {
        // Documents and units are read from the views.
        service.caught_up(Some(asked.from_size)).await?;
        let (head, before) = service.export_from(asked.from_size).await?;
        let beginning = wire::ExportBeginning {
            log: service.log_id().to_string(),
            origin: service.origin(),
            root_before: before.0.to_vec(),
            log_size: head.size,
            root: head.root.0.to_vec(),
            lists_attachments: asked.list_attachments,
        };
        let export = Self {
            service,
            from: asked.from_size,
            size: head.size,
            with_keys: asked.with_keys,
            lists_attachments: asked.list_attachments,
        };
        Ok((beginning, export))
    }

    /// Sends every part; whoever leaves gets no further parts, and the rest is not read.
    async fn send(&self, beginning: wire::ExportBeginning, to: &Parts) -> Result<(), Ended> {
        tell(to, Part::Beginning(beginning)).await?;
        self.records(to).await?;
        let mut end = wire::ExportEnd { records: self.size - self.from, ..Default::default() };
        let documents: Vec<_> = self.service.exported_documents(self.size).collect();
        for document in documents {
            let content = document?;
            tell(to, Part::Document(wire::ExportedDocument { content })).await?;
            end.documents += 1;
        }
        if self.lists_attachments {
            end.listed_attachments = self.list(to).await?;
        } else {
            end.attachments = self.attachments(to).await?;
        }
        if self.with_keys {
            end.key_files = self.keys(to).await?;
        }
        tell(to, Part::End(end)).await
    }

    async fn records(&self, to: &Parts) -> Result<(), Ended> {
        let mut position = self.from;
        while position < self.size {
            let mut records = self.service.sealed_records(position).await?;
            let left = usize::try_from(self.size - position).unwrap_or(usize::MAX);
            records.truncate(left);
            if records.is_empty() {
                return Err(ServiceError::Fault("the log ended before its size").into());
            }
            let next = position + records.len() as u64;
            let records = records.into_iter();
            let records = records
                .map(|record| wire::SealedRecord { leaf: record.leaf, payload: record.payload })
                .collect();
            tell(to, Part::Records(wire::ExportedRecords { position, records })).await?;
            position = next;
        }
        Ok(())
    }

    /// Lists the attachments that are held now.
    async fn list(&self, to: &Parts) -> Result<u32, Ended> {
        let (mut listed, mut attachments) = (0, Vec::new());
        for (unit, digest) in self.service.exported_attachments().await? {
            let Some((sealed, bytes)) = self.service.exported_seal(unit, digest).await? else {
                continue;
            };
            attachments.push(wire::SealedAttachment {
                unit: unit.to_string(),
                sha256: digest.to_string(),
                sealed_sha256: sealed.0.to_vec(),
                sealed_size: bytes,
            });
            listed += 1;
            if attachments.len() == LISTED {
                let attachments = std::mem::take(&mut attachments);
                tell(to, Part::Listed(wire::ListedAttachments { attachments })).await?;
            }
        }
        if !attachments.is_empty() {
            tell(to, Part::Listed(wire::ListedAttachments { attachments })).await?;
        }
        Ok(listed)
    }

    /// Sends the attachments that are held now; one that was erased meanwhile is not sent.
    async fn attachments(&self, to: &Parts) -> Result<u32, Ended> {
        let mut sent = 0;
        for name in self.service.exported_attachments().await? {
            let part = |piece| wire::ExportLogResponse { part: Some(Part::Attachment(piece)) };
            sent += u32::from(pieces(&self.service, name, to, part).await?);
        }
        Ok(sent)
    }

    /// Sends the key files as they are now: a key that was erased meanwhile is not sent.
    async fn keys(&self, to: &Parts) -> Result<u32, Ended> {
        let mut files = 0;
        for unit in self.service.keyed_units() {
            let Some(file) = self.service.exported_keys(unit)? else { continue };
            let mut pieces = file.bytes.chunks(PIECE).peekable();
            while let Some(piece) = pieces.next() {
                let (content, last) = (piece.to_vec(), pieces.peek().is_none());
                let unit = unit.to_string();
                tell(to, Part::Keys(wire::ExportedKeys { unit, content, last })).await?;
            }
            files += 1;
        }
        Ok(files)
    }
}

/// Why an export ended.
enum Ended {
    /// The caller left.
    Gone,
    Failed(ServiceError),
}

impl From<ServiceError> for Ended {
    fn from(error: ServiceError) -> Self {
        Self::Failed(error)
    }
}

/// Sends an attachment piece by piece; whether it was there to its end.
async fn pieces<T>(
    service: &Arc<Service>,
    (unit, digest): (UnitId, Digest),
    to: &Answers<T>,
    part: impl Fn(wire::ExportedAttachment) -> T,
) -> Result<bool, Ended> {
    let mut from = 0;
    loop {
        let read = service.exported_attachment(unit, digest, from, PIECE).await?;
        let Some((content, last)) = read else { return Ok(false) };
        from += content.len() as u64;
        let (unit, sha256) = (unit.to_string(), digest.to_string());
        put(to, part(wire::ExportedAttachment { unit, sha256, content, last })).await?;
        if last {
            return Ok(true);
        }
    }
}

async fn tell(to: &Parts, part: Part) -> Result<(), Ended> {
    put(to, wire::ExportLogResponse { part: Some(part) }).await
}

async fn put<T>(to: &Answers<T>, answer: T) -> Result<(), Ended> {
    to.send(Ok(answer)).await.map_err(|_| Ended::Gone)
}
