//! Bulk push: messages in, one acknowledgement a message out, in their order.
//!
//! A message is decided and queued as it comes, and answered once it is durable: all that are in
//! flight wait for one sync together. The next message is looked at only after the one before has
//! its place, so that they are recorded in their order.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use gradus_service::evidence::Step;
use gradus_service::{Call, Caller, Queued, Receipt, Service, ServiceError};
use gradus_wire::v1 as wire;
use prost::Message as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tonic::{Status, Streaming};
use tonic_types::StatusExt;

use crate::api::{Api, stopped};
use crate::convert::{self, evidence as items};
use crate::lasting;
use crate::limits::{Account, LEAST_SHARE};
use crate::server::MOST_MESSAGE_BYTES;
use crate::status::limits::silent;
use crate::status::{code_name, status, status_of_items};

/// Messages that wait for their answers; then no more are read.
const MOST_MESSAGES: usize = MOST_BYTES as usize / LEAST_SHARE;
/// Bytes of messages that wait for their answers; then no more are read. The longest message has
/// room.
const MOST_BYTES: u32 = 8 << 20;
/// Messages that are hashed, and written, together: each group has a price of its own.
const MOST_TOGETHER: usize = 256;
/// Steps that are decided before the log writes what there is.
const MOST_STEPS: usize = 256;

/// A message that has its place, or was refused.
struct Message {
    number: u64,
    kinds: Kinds,
    /// Whether its answer waits for a checkpoint that covers it.
    awaits: bool,
    queued: Result<Queued, wire::PushError>,
    /// Its bytes, until its answer is read.
    room: OwnedSemaphorePermit,
    /// Its part of what its principal has under way, until it is durable.
    share: Option<OwnedSemaphorePermit>,
}

type Next = Result<Message, Status>;

/// The answers of a stream.
pub(crate) type Answers =
    Pin<Box<dyn Stream<Item = Result<wire::PushEvidenceResponse, Status>> + Send>>;

/// Reads messages and answers each after its events are durable.
pub(crate) fn answers(
    api: Api,
    by: Caller,
    account: Arc<Account>,
    messages: Streaming<wire::PushEvidenceRequest>,
) -> Answers {
    let (queued, mut under_way) = mpsc::channel::<Next>(MOST_MESSAGES);
    let work = Arc::clone(&account);
    tokio::spawn(work.working(queue_all(api.clone(), (by, account), messages, queued)));
    // As many answers have room as messages may be under way: a client that reads none holds nothing
    // of its principal's share.
    let (sender, receiver) = mpsc::channel(MOST_MESSAGES + 1);
    tokio::spawn(async move {
        let mut left = false;
        loop {
            let message = tokio::select! {
                message = under_way.recv() => message,
                () = sender.closed(), if !left => {
                    left = true;
                    under_way.close();
                    continue;
                }
            };
            let Some(message) = message else { return };
            let answered = match message {
                Ok(message) => Ok(answer(&api, message).await),
                Err(status) => Err(status),
            };
            let over = answered.is_err();
            // Whoever left hears nothing; what was queued is waited for all the same.
            let _ = sender.send(answered).await;
            if over {
                return;
            }
        }
    });
    // Room is given back as an answer is taken.
    Box::pin(ReceiverStream::new(receiver).map(|answered| answered.map(|(answer, _room)| answer)))
}

/// Gives each message its place, one after the other, until the client or the server ends.
async fn queue_all(
    api: Api,
    (by, account): (Caller, Arc<Account>),
    mut messages: Streaming<wire::PushEvidenceRequest>,
    queued: mpsc::Sender<Next>,
) {
    let room = Arc::new(Semaphore::new(MOST_BYTES as usize));
    let mut stopping = api.stopping.clone();
    let mut number = 0;
    // What each message may say is decided with it; a credential that ends, ends the stream.
    let mut denied = pin!(lasting::denied(&api.service, &by, &[]));
    loop {
        // Whoever answers may have given up, and then there is nothing to read for.
        let Ok(place) = queued.reserve().await else { return };
        let first = tokio::select! {
            message = messages.next() => message,
            () = stopped(&mut stopping) => Some(Err(closed())),
            denied = &mut denied => Some(Err(denied)),
            silence = silence(account.silence()) => Some(Err(silent(silence))),
        };
        let mut together = Vec::new();
        let (mut end, mut over) = (None, first.is_none());
        let mut next = first.map(|message| (message, place));
        while let Some((message, place)) = next.take() {
            match message {
                Ok(message) => {
                    // Of those after the first, each has room at once.
                    let taken = tokio::select! {
                        biased;
                        taken = room_for(&room, &message) => taken.ok_or_else(closed),
                        () = queued.closed() => return,
                        () = stopped(&mut stopping) => Err(closed()),
                        denied = &mut denied => Err(denied),
                    };
                    match taken {
                        Ok(room) => together.push(Taken { message, place, room }),
                        Err(status) => {
                            end = Some((status, place));
                            break;
                        }
                    }
                }
                Err(status) => {
                    end = Some((status, place));
                    break;
                }
            }
            // What has come already is hashed together, as far as there is room without waiting.
            let fits =
                together.len() < MOST_TOGETHER && room.available_permits() >= MOST_MESSAGE_BYTES;
            if fits && let Ok(place) = queued.try_reserve() {
                match at_once(&mut messages).await {
                    Some(Some(message)) => next = Some((message, place)),
                    Some(None) => over = true,
                    None => (),
                }
            }
        }
        let queue_together = queue_together(&api, (by, &account), together, &mut number);
        // Who is slowed may wait for long, and ends as one does who waits for a message.
        let ended = tokio::select! {
            // Without messages this is done at once, and nothing that has resolved is asked again.
            biased;
            () = queue_together => None,
            () = queued.closed() => return,
            () = stopped(&mut stopping) => Some(closed()),
            denied = &mut denied => Some(denied),
        };
        if let Some(status) = ended {
            // Nobody may be left to hear it.
            let _ = queued.send(Err(status)).await;
            return;
        }
        if let Some((status, place)) = end {
            place.send(Err(status));
            return;
        }
        if over {
            return;
        }
    }
}

/// What the messages of a server that stops are told.
fn closed() -> Status {
    status(&gradus_log::LogError::Closed.into())
}

/// A message with its place among those that are answered, and room for its bytes.
struct Taken<'a> {
    message: wire::PushEvidenceRequest,
    place: mpsc::Permit<'a, Next>,
    room: OwnedSemaphorePermit,
}

/// Waits until there is room for a message; none when nobody is left to answer.
async fn room_for(
    room: &Arc<Semaphore>,
    message: &wire::PushEvidenceRequest,
) -> Option<OwnedSemaphorePermit> {
    let bytes = u32::try_from(message.encoded_len().max(LEAST_SHARE)).unwrap_or(MOST_BYTES);
    let bytes = bytes.min(MOST_BYTES);
    Arc::clone(room).acquire_many_owned(bytes).await.ok()
}

/// The next message if it is there: none within where the stream ended, none where it is to come.
async fn at_once<S: Stream + Unpin>(messages: &mut S) -> Option<Option<S::Item>> {
    poll_fn(|context| match Pin::new(&mut *messages).poll_next(context) {
        Poll::Ready(next) => Poll::Ready(Some(next)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// Resolves when a stream has said nothing for so long; never without a bound.
async fn silence(most: Option<Duration>) -> Duration {
    match most {
        Some(most) => {
            tokio::time::sleep(most).await;
            most
        }
        None => std::future::pending().await,
    }
}

/// Gives messages their places one after the other, as fast as their principal may; their texts are
/// hashed together before.
async fn queue_together(
    api: &Api,
    (by, account): (Caller, &Account),
    taken: Vec<Taken<'_>>,
    number: &mut u64,
) {
    let asked = |taken: &Taken<'_>| {
        let call = convert::call(by, taken.message.append.as_ref())?;
        Ok((call, items::steps(&taken.message.steps)?))
    };
    let asked: Vec<Result<(Call, Vec<Step>), wire::PushError>> = taken
        .iter()
        .map(|taken| asked(taken).map_err(|error| told(&error, &Kinds::of(&taken.message))))
        .collect();
    let steps: Vec<&[Step]> =
        asked.iter().map(|asked| asked.as_ref().map_or(&[][..], |(_, steps)| steps)).collect();
    // What cannot be hashed together is hashed, or refused, message by message.
    let mut hashed = Service::hash_evidence(&steps).unwrap_or_default().into_iter();
    let gathering = api.service.gather();
    let mut gathered = 0;
    for (Taken { message, place, room }, asked) in taken.into_iter().zip(&asked) {
        let (ahead, kinds) = (hashed.next().unwrap_or_default(), Kinds::of(&message));
        let bytes = message.encoded_len();
        let queueing = async {
            account.paced(message.steps.len(), bytes).await;
            // Each message has its share at once, so that streams never wait for each other in a ring.
            let share = account.share(bytes).await;
            let turn = account.turn().await;
            let queued = match asked {
                Ok((call, steps)) => {
                    let (unit, said) = (&message.unit, (steps.as_slice(), ahead));
                    let queued = api.service.queue_evidence(&gathering, call, unit, said).await;
                    queued.map_err(|error| told(&error, &kinds))
                }
                Err(error) => Err(error.clone()),
            };
            drop(turn);
            (share, queued)
        };
        let (share, queued) = gathering.beside(queueing).await;
        let awaits = asked.as_ref().is_ok_and(|(call, _)| call.await_checkpoint);
        place.send(Ok(Message { number: *number, kinds, awaits, queued, room, share }));
        *number += 1;
        gathered += message.steps.len();
        if gathered >= MOST_STEPS {
            gathering.write();
            gathered = 0;
        }
    }
}

async fn answer(api: &Api, message: Message) -> (wire::PushEvidenceResponse, OwnedSemaphorePermit) {
    let Message { number, kinds, awaits, queued, room, share } = message;
    let receipt = match queued {
        Ok(queued) => queued.durable().await.map_err(|error| told(&error, &kinds)),
        Err(error) => Err(error),
    };
    drop(share);
    let receipt = match receipt {
        Ok(receipt) => {
            api.service.awaited(awaits, receipt).await.map_err(|error| told(&error, &kinds))
        }
        Err(error) => Err(error),
    };
    let answer = match receipt {
        Ok(receipt) => counted(api, number, &kinds, &receipt),
        Err(error) => wire::PushEvidenceResponse {
            message: number,
            result: Some(wire::push_evidence_response::Result::Error(error)),
            ..wire::PushEvidenceResponse::default()
        },
    };
    (answer, room)
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
    let retry = status.get_details_retry_info().and_then(|info| info.retry_delay);
    if let Some(field) = named.or_else(refused) {
        metadata.insert("field".to_owned(), field);
    }
    wire::PushError {
        code: code_name(status.code()).to_owned(),
        reason,
        message: status.message().to_owned(),
        metadata,
        retry_after: retry.and_then(|retry| retry.try_into().ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_told_when_to_come_again_where_waiting_helps() {
        let told = |error: &ServiceError| told(error, &Kinds(Vec::new())).retry_after;
        let busy = told(&ServiceError::Crowded { waiting: 1_024 }).expect("a time");
        assert!(busy.seconds > 0 || busy.nanos > 0);
        assert_eq!(told(&ServiceError::invalid("unit", "it is missing")), None);
    }
}
