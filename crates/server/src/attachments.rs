//! The handlers of `AttachmentService`.

use std::sync::Arc;

use gradus_model::Digest;
use gradus_service::ServiceError;
use gradus_service::attaching::{Attaching, Declared, ListedAttachment, Whereabouts};
use gradus_service::coordinate::Coordinate;
use gradus_service::sources::Statement;
use gradus_wire::v1 as wire;
use gradus_wire::v1::attachment_service_server::AttachmentService;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};
use wire::get_attachment_response::Part as Told;
use wire::put_attachment_request::Part;

use crate::api::{Api, Reply, reply, stopped};
use crate::auth::{account, open};
use crate::convert::{self, principal_ref, timestamp, unit_ref};
use crate::lasting;
use crate::limits::Account;
use crate::page::{Page, fitting};
use crate::principals::MOST_REASON;
use crate::status::limits::silent;
use crate::status::status;

/// Parts that wait for the caller to read them.
const WAITING: usize = 4;

/// The next message of an upload, if there is one.
async fn next(
    api: &Api,
    account: &Account,
    messages: &mut Streaming<wire::PutAttachmentRequest>,
) -> Result<Option<Part>, Status> {
    let mut stopping = api.stopping.clone();
    let silence = async {
        match account.silence() {
            Some(most) => {
                tokio::time::sleep(most).await;
                most
            }
            None => std::future::pending().await,
        }
    };
    let message = tokio::select! {
        message = messages.message() => message?,
        () = stopped(&mut stopping) => return Err(status(&gradus_log::LogError::Closed.into())),
        most = silence => return Err(silent(most)),
    };
    let none = || status(&ServiceError::invalid("part", "it is missing: send content"));
    message.map(|message| message.part.ok_or_else(none)).transpose()
}

fn declared(of: &wire::AttachmentBeginning) -> Result<Declared, ServiceError> {
    let digest = Some(of.sha256.as_str()).filter(|digest| !digest.is_empty());
    let digest = digest.map(|digest| convert::text("sha256", digest)).transpose()?;
    Ok(Declared { digest, bytes: of.size })
}

/// Takes in what comes up to the end of the stream.
async fn taken(
    api: &Api,
    account: &Account,
    messages: &mut Streaming<wire::PutAttachmentRequest>,
    mut attaching: Attaching,
) -> Result<Attaching, Status> {
    while let Some(part) = next(api, account, messages).await? {
        let Part::Content(bytes) = part else {
            let reason =
                "it was said before: send content, and each attachment by a call of its own";
            return Err(status(&ServiceError::invalid("beginning", reason)));
        };
        account.paced(0, bytes.len()).await;
        let took = api.service.attach(attaching, bytes).await;
        attaching = took.map_err(|error| status(&error))?;
    }
    Ok(attaching)
}

fn listed(api: &Api, unit: gradus_model::UnitId, of: &ListedAttachment) -> wire::Attachment {
    let (state, size, erased) = match &of.whereabouts {
        Whereabouts::Held { bytes } => (wire::AttachmentState::Held, *bytes, None),
        Whereabouts::Elsewhere => (wire::AttachmentState::Elsewhere, 0, None),
        Whereabouts::Erased(said) => (wire::AttachmentState::Erased, 0, Some(erasure(api, said))),
        Whereabouts::Withheld => (wire::AttachmentState::Withheld, 0, None),
    };
    wire::Attachment {
        unit: Some(unit_ref(&api.service, unit)),
        sha256: of.digest.to_string(),
        state: state.into(),
        size,
        evidence: of.items.iter().map(ToString::to_string).collect(),
        erased,
    }
}

fn erasure(api: &Api, said: &Statement) -> wire::AttachmentErasure {
    wire::AttachmentErasure {
        position: said.position,
        recorded_at: Some(timestamp(said.recorded_at)),
        by: Some(principal_ref(&api.service, said.by)),
        reason: said.reason.clone().unwrap_or_default(),
    }
}

#[tonic::async_trait]
impl AttachmentService for Api {
    type GetAttachmentStream = ReceiverStream<Result<wire::GetAttachmentResponse, Status>>;

    async fn put_attachment(
        &self,
        request: Request<Streaming<wire::PutAttachmentRequest>>,
    ) -> Reply<wire::PutAttachmentResponse> {
        let account: Arc<Account> = account(&request)?;
        let (by, mut messages) = open(request)?;
        let Some(Part::Beginning(beginning)) = next(self, &account, &mut messages).await? else {
            let reason = "the first message does not bring it: say for which unit the content is";
            return Err(status(&ServiceError::invalid("beginning", reason)));
        };
        let declared = declared(&beginning).map_err(|error| status(&error))?;
        let begun = self.service.begin_attachment(&by, &beginning.unit, declared).await;
        let attaching = begun.map_err(|error| status(&error))?;
        let attaching = tokio::select! {
            taken = taken(self, &account, &mut messages, attaching) => taken?,
            denied = lasting::denied(&self.service, &by, &[]) => return Err(denied),
        };
        reply(async {
            let kept = self.service.keep_attachment(attaching).await?;
            let (sha256, size) = (kept.digest.to_string(), kept.bytes);
            Ok(wire::PutAttachmentResponse { sha256, size })
        })
        .await
    }

    async fn get_attachment(
        &self,
        request: Request<wire::GetAttachmentRequest>,
    ) -> Reply<Self::GetAttachmentStream> {
        let (by, asked) = open(request)?;
        let digest = convert::text("sha256", &asked.sha256);
        let digest: Digest = digest.map_err(|error| status(&error))?;
        let unit = self.service.unit(&by, &asked.unit).map_err(|error| status(&error))?;
        let read = self.service.read_attachment(&by, &asked.unit, digest).await;
        let mut attachment = read.map_err(|error| status(&error))?;
        let (sender, receiver) = mpsc::channel(WAITING);
        let api = self.clone();
        tokio::spawn(async move {
            let telling = async {
                let told = |part| Ok(wire::GetAttachmentResponse { part: Some(part) });
                // Whoever left gets no further pieces.
                if sender.send(told(Told::Size(attachment.bytes()))).await.is_err() {
                    return Ok(());
                }
                while let Some((piece, rest)) = api.service.next_piece(attachment).await? {
                    attachment = rest;
                    if sender.send(told(Told::Content(piece))).await.is_err() {
                        break;
                    }
                }
                Ok::<(), ServiceError>(())
            };
            lasting::tell(&api, (&by, &[unit]), &sender, telling).await;
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn list_attachments(
        &self,
        request: Request<wire::ListAttachmentsRequest>,
    ) -> Reply<wire::ListAttachmentsResponse> {
        let (by, mut asked) = open(request)?;
        reply(async {
            let (size, token) = (asked.page_size, std::mem::take(&mut asked.page_token));
            asked.page_size = 0;
            let page = Page::read("attachments", size, &token, &asked)?;
            let resolved = self.service.resolve(&page.pin(Coordinate::default())).await?;
            let from = usize::try_from(page.from).unwrap_or(usize::MAX);
            let bounds = (resolved.log_size, from, page.size);
            let found = self.service.attachments(&by, &asked.unit, bounds).await?;
            let all = found.attachments.iter().map(|of| listed(self, found.unit, of));
            let mut attachments: Vec<_> = all.collect();
            let fit = fitting(&attachments);
            let more = found.more || fit < attachments.len();
            attachments.truncate(fit);
            let next = more.then_some(page.from + attachments.len() as u64);
            let next_page_token = page.next(next, &resolved);
            Ok(wire::ListAttachmentsResponse { attachments, next_page_token })
        })
        .await
    }

    async fn erase_attachments(
        &self,
        request: Request<wire::EraseAttachmentsRequest>,
    ) -> Reply<wire::EraseAttachmentsResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let digest = |(at, given): (usize, &String)| {
                convert::text::<Digest>(&format!("sha256[{at}]"), given)
            };
            let digests: Vec<Digest> =
                asked.sha256.iter().enumerate().map(digest).collect::<Result<_, _>>()?;
            convert::bounded_text("reason", &asked.reason, MOST_REASON)?;
            let of = (asked.unit.as_str(), digests.as_slice());
            let receipt = self.service.erase_attachments(&call, of.0, of.1, &asked.reason).await?;
            Ok(wire::EraseAttachmentsResponse { receipt: self.told(&receipt) })
        })
        .await
    }
}
