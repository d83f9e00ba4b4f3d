//! The handler of `BackupService`.

use std::sync::Arc;

use gradus_model::unit::PrincipalKind;
use gradus_service::{Service, ServiceError};
use gradus_wire::v1 as wire;
use gradus_wire::v1::backup_service_server::BackupService;
use gradus_wire::v1::export_log_response::Part;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::api::{Api, Reply, stopped};
use crate::auth::open;
use crate::status::status;

/// Parts that wait for the caller to read them.
const WAITING: usize = 4;
/// The most bytes of a piece of a key file.
const PIECE: usize = 1 << 20;

type Parts = mpsc::Sender<Result<wire::ExportLogResponse, Status>>;

#[tonic::async_trait]
impl BackupService for Api {
    type ExportLogStream = ReceiverStream<Result<wire::ExportLogResponse, Status>>;

    async fn export_log(
        &self,
        request: Request<wire::ExportLogRequest>,
    ) -> Reply<Self::ExportLogStream> {
        let (by, asked) = open(request)?;
        if by.actor.kind != PrincipalKind::Person {
            return Err(status(&ServiceError::Personal("export the log")));
        }
        self.service.whole(&by).map_err(|error| status(&error))?;
        let export = Export::begin(Arc::clone(&self.service), &asked).await;
        let (beginning, export) = export.map_err(|error| status(&error))?;
        let (sender, receiver) = mpsc::channel(WAITING);
        let mut stopping: watch::Receiver<bool> = self.stopping.clone();
        tokio::spawn(async move {
            let sent = tokio::select! {
                sent = export.send(beginning, &sender) => sent,
                () = stopped(&mut stopping) => Err(gradus_log::LogError::Closed.into()),
            };
            if let Err(error) = sent {
                // The caller may be gone; then nobody is told.
                let _ = sender.send(Err(status(&error))).await;
            }
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }
}

/// One export.
struct Export {
    service: Arc<Service>,
    from: u64,
    size: u64,
    with_keys: bool,
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
        };
        let (from, with_keys) = (asked.from_size, asked.with_keys);
        Ok((beginning, Self { service, from, size: head.size, with_keys }))
    }

    /// Sends every part; ends early when the caller leaves.
    async fn send(&self, beginning: wire::ExportBeginning, to: &Parts) -> Result<(), ServiceError> {
        // Whoever leaves gets no further parts, and the rest is not read.
        let sent = async {
            put(to, Part::Beginning(beginning)).await?;
            self.records(to).await?;
            let mut end = wire::ExportEnd { records: self.size - self.from, ..Default::default() };
            let documents: Vec<_> = self.service.exported_documents(self.size).collect();
            for document in documents {
                let content = document.map_err(Ended::Failed)?;
                put(to, Part::Document(wire::ExportedDocument { content })).await?;
                end.documents += 1;
            }
            end.attachments = self.attachments(to).await?;
            if self.with_keys {
                end.key_files = self.keys(to).await?;
            }
            put(to, Part::End(end)).await
        };
        match sent.await {
            Err(Ended::Failed(error)) => Err(error),
            Ok(()) | Err(Ended::Gone) => Ok(()),
        }
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
            put(to, Part::Records(wire::ExportedRecords { position, records })).await?;
            position = next;
        }
        Ok(())
    }

    /// Sends the attachments that are held now; one that was erased meanwhile is not sent.
    async fn attachments(&self, to: &Parts) -> Result<u32, Ended> {
        let mut sent = 0;
        for (unit, digest) in self.service.exported_attachments().await? {
            let mut from = 0;
            loop {
                let read = self.service.exported_attachment(unit, digest, from, PIECE).await?;
                let Some((content, last)) = read else { break };
                from += content.len() as u64;
                let (unit, sha256) = (unit.to_string(), digest.to_string());
                let piece = wire::ExportedAttachment { unit, sha256, content, last };
                put(to, Part::Attachment(piece)).await?;
                if last {
                    sent += 1;
                    break;
                }
            }
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
                put(to, Part::Keys(wire::ExportedKeys { unit, content, last })).await?;
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

async fn put(to: &Parts, part: Part) -> Result<(), Ended> {
    let response = wire::ExportLogResponse { part: Some(part) };
    to.send(Ok(response)).await.map_err(|_| Ended::Gone)
}
