//! Bulk push: messages in, one acknowledgement a message out, in their order.
//!
//! A message is decided and queued as it comes, and answered once it is durable: all that are in
//! flight wait for one sync together. The next message is looked at only after the one before has
//! its place, so that they are recorded in their order.

use std::collections::BTreeMap;
use std::sync::Arc;

use gradus_domain::Actor;
use gradus_service::{Queued, Receipt, ServiceError};
use gradus_wire::v1 as wire;
use prost::Message as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};
use tonic_types::StatusExt;

use crate::api::{Api, stopped};
use crate::convert::{self, evidence as items};
use crate::status::{code_name, status, status_of_items};

/// Messages that wait for their answers; then no more are read.
const MOST_MESSAGES: usize = 1_000;
/// Bytes of messages that wait for their answers; then no more are read. The longest message has
/// room.
const MOST_BYTES: u32 = 8 << 20;
/// Answers that wait for a client to read them.
const WAITING: usize = 64;

/// A message that has its place, or was refused.
struct Message {
    number: u64,
    kinds: Kinds,
    queued: Result<Queued, wire::PushError>,
    /// Its bytes, until it is answered.
    room: OwnedSemaphorePermit,
}

type Next = Result<Message, Status>;

/// Reads messages and answers each after its events are durable.
pub(crate) fn answers(
    api: Api,
    actor: Actor,
    messages: Streaming<wire::PushEvidenceRequest>,
) -> ReceiverStream<Result<wire::PushEvidenceResponse, Status>> {
    let (queued, mut under_way) = mpsc::channel::<Next>(MOST_MESSAGES);
    tokio::spawn(queue_all(api.clone(), actor, messages, queued));
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        while let Some(message) = under_way.recv().await {
            let answer = match message {
                Ok(message) => Ok(answer(&api, message).await),
                Err(status) => Err(status),
            };
            let over = answer.is_err();
            if sender.send(answer).await.is_err() || over {
                return;
            }
        }
    });
    ReceiverStream::new(receiver)
}

/// Gives each message its place, one after the other, until the client or the server ends.
async fn queue_all(
    api: Api,
    actor: Actor,
    mut messages: Streaming<wire::PushEvidenceRequest>,
    queued: mpsc::Sender<Next>,
) {
    let room = Arc::new(Semaphore::new(MOST_BYTES as usize));
    let mut stopping = api.stopping.clone();
    for number in 0.. {
        // Whoever answers may have given up, and then there is nothing to read for.
        let Ok(place) = queued.reserve().await else { return };
        let message = tokio::select! {
            message = messages.next() => message,
            () = stopped(&mut stopping) => {
                let error = ServiceError::Log(gradus_log::LogError::Closed);
                Some(Err(status(&error)))
            }
        };
        match message {
            None => return,
            Some(Err(status)) => {
                place.send(Err(status));
                return;
            }
            Some(Ok(message)) => {
                let bytes = u32::try_from(message.encoded_len()).unwrap_or(MOST_BYTES);
                let room = Arc::clone(&room).acquire_many_owned(bytes.min(MOST_BYTES)).await;
                let Ok(room) = room else { return };
                let queued = queue(&api, actor, &message).await;
                let queued = queued.map_err(|error| told(&error, &Kinds::of(&message)));
                place.send(Ok(Message { number, kinds: Kinds::of(&message), queued, room }));
            }
        }
    }
}

async fn queue(
    api: &Api,
    actor: Actor,
    message: &wire::PushEvidenceRequest,
) -> Result<Queued, ServiceError> {
    let call = convert::call(actor, message.append.as_ref())?;
    let steps = items::steps(&message.steps)?;
    api.service.queue_evidence(&call, &message.unit, &steps).await
}

async fn answer(api: &Api, message: Message) -> wire::PushEvidenceResponse {
    let Message { number, kinds, queued, room } = message;
    let receipt = match queued {
        Ok(queued) => queued.durable().await.map_err(|error| told(&error, &kinds)),
        Err(error) => Err(error),
    };
    drop(room);
    match receipt {
        Ok(receipt) => counted(api, number, &kinds, &receipt),
        Err(error) => wire::PushEvidenceResponse {
            message: number,
            result: Some(wire::push_evidence_response::Result::Error(error)),
            ..wire::PushEvidenceResponse::default()
        },
    }
}

/// What the steps of a message are, when the message itself is gone.
struct Kinds(Vec<Kind>);

#[derive(Clone, Copy)]
enum Kind {
    Submit,
    End,
    None,
}

impl Kinds {
    fn of(message: &wire::PushEvidenceRequest) -> Self {
        let kind = |step: &wire::EvidenceStep| match step.step {
            Some(wire::evidence_step::Step::Submit(_)) => Kind::Submit,
            Some(wire::evidence_step::Step::End(_)) => Kind::End,
            None => Kind::None,
        };
        Self(message.steps.iter().map(kind).collect())
    }

    /// The field of a step, as the message spells it.
    fn place(&self, item: u32) -> String {
        let at = usize::try_from(item).unwrap_or(usize::MAX);
        let kind = match self.0.get(at) {
            Some(Kind::Submit) => ".submit",
            Some(Kind::End) => ".end",
            Some(Kind::None) | None => "",
        };
        format!("steps[{item}]{kind}")
    }
}

fn counted(api: &Api, number: u64, kinds: &Kinds, receipt: &Receipt) -> wire::PushEvidenceResponse {
    let mut out = wire::PushEvidenceResponse {
        message: number,
        result: api.told(receipt).map(wire::push_evidence_response::Result::Receipt),
        ..wire::PushEvidenceResponse::default()
    };
    for (kind, outcome) in kinds.0.iter().zip(&receipt.items) {
        match (kind, outcome.placed.is_some()) {
            (Kind::Submit, true) => out.submitted += 1,
            (Kind::Submit, false) => out.duplicates += 1,
            (Kind::End, true) => out.ended += 1,
            (Kind::End, false) | (Kind::None, _) => (),
        }
    }
    out
}

/// An error of one message, with the code and reason that a call of its own would have had.
fn told(error: &ServiceError, kinds: &Kinds) -> wire::PushError {
    let place = |item: u32| kinds.place(item);
    let status = status_of_items(error, &place);
    let info = status.get_details_error_info();
    let reason = info.as_ref().map(|info| info.reason.clone()).unwrap_or_default();
    let mut metadata: BTreeMap<String, String> =
        info.map(|info| info.metadata.into_iter().collect()).unwrap_or_default();
    let violations = status.get_details_bad_request().map(|bad| bad.field_violations);
    let named = violations.into_iter().flatten().next().map(|violation| violation.field);
    let refused = || match error {
        ServiceError::Refused { item, .. } => Some(place(item.unwrap_or_default())),
        _ => None,
    };
    if let Some(field) = named.or_else(refused) {
        metadata.insert("field".to_owned(), field);
    }
    wire::PushError {
        code: code_name(status.code()).to_owned(),
        reason,
        message: status.message().to_owned(),
        metadata,
    }
}
