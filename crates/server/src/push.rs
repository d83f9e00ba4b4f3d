//! Bulk push: messages in, one acknowledgement a message out, in their order.

use std::collections::BTreeMap;

use gradus_domain::Actor;
use gradus_service::{Receipt, ServiceError};
use gradus_wire::v1 as wire;
use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};
use tonic_types::StatusExt;

use crate::api::{Api, stopped};
use crate::convert::{self, evidence as items};
use crate::status::{code_name, status, status_of_items};

/// Answers that wait for a client to read them; then no more messages are read.
const WAITING: usize = 16;

/// Reads messages and answers each after its events are durable.
pub(crate) fn answers(
    api: Api,
    actor: Actor,
    mut messages: Streaming<wire::PushEvidenceRequest>,
) -> ReceiverStream<Result<wire::PushEvidenceResponse, Status>> {
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        let mut number = 0_u64;
        let mut stopping = api.stopping.clone();
        loop {
            let message = tokio::select! {
                message = messages.next() => message,
                () = stopped(&mut stopping) => {
                    let error = ServiceError::Log(gradus_log::LogError::Closed);
                    // The client may be gone, and so may nobody be told.
                    let _ = sender.send(Err(status(&error))).await;
                    return;
                }
            };
            let answer = match message {
                None => return,
                Some(Err(status)) => Err(status),
                Some(Ok(message)) => Ok(answer(&api, actor, number, &message).await),
            };
            let over = answer.is_err();
            if sender.send(answer).await.is_err() || over {
                return;
            }
            number += 1;
        }
    });
    ReceiverStream::new(receiver)
}

async fn answer(
    api: &Api,
    actor: Actor,
    number: u64,
    message: &wire::PushEvidenceRequest,
) -> wire::PushEvidenceResponse {
    match record(api, actor, message).await {
        Ok(receipt) => counted(api, number, message, &receipt),
        Err(error) => wire::PushEvidenceResponse {
            message: number,
            result: Some(wire::push_evidence_response::Result::Error(told(&error, message))),
            ..wire::PushEvidenceResponse::default()
        },
    }
}

async fn record(
    api: &Api,
    actor: Actor,
    message: &wire::PushEvidenceRequest,
) -> Result<Receipt, ServiceError> {
    let call = convert::call(actor, message.append.as_ref())?;
    let steps = items::steps(&message.steps)?;
    api.service.push_evidence(&call, &message.unit, &steps).await
}

fn counted(
    api: &Api,
    number: u64,
    message: &wire::PushEvidenceRequest,
    receipt: &Receipt,
) -> wire::PushEvidenceResponse {
    let mut out = wire::PushEvidenceResponse {
        message: number,
        result: api.told(receipt).map(wire::push_evidence_response::Result::Receipt),
        ..wire::PushEvidenceResponse::default()
    };
    for (step, outcome) in message.steps.iter().zip(&receipt.items) {
        let recorded = outcome.placed.is_some();
        match (&step.step, recorded) {
            (Some(wire::evidence_step::Step::Submit(_)), true) => out.submitted += 1,
            (Some(wire::evidence_step::Step::Submit(_)), false) => out.duplicates += 1,
            (Some(wire::evidence_step::Step::End(_)), true) => out.ended += 1,
            (Some(wire::evidence_step::Step::End(_)) | None, _) => (),
        }
    }
    out
}

/// An error of one message, with the code and reason that a call of its own would have had.
fn told(error: &ServiceError, message: &wire::PushEvidenceRequest) -> wire::PushError {
    let place = |item: u32| {
        let at = usize::try_from(item).unwrap_or(usize::MAX);
        let kind = match message.steps.get(at).and_then(|step| step.step.as_ref()) {
            Some(wire::evidence_step::Step::Submit(_)) => ".submit",
            Some(wire::evidence_step::Step::End(_)) => ".end",
            None => "",
        };
        format!("steps[{item}]{kind}")
    };
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
