//! Pushing steps over one stream, with a few messages in flight.
//!
//! Each message keeps its request id until it is acknowledged. When the stream breaks, all that
//! was not acknowledged is sent again on a new one: what the log has already, it answers again.

use std::collections::VecDeque;

use gradus_collect::Step;
use gradus_wire::v1;
use gradus_wire::v1::push_evidence_response::Result as Answer;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::steps::Batches;
use crate::client::{Client, RETRIES, come_back, may_be_repeated, wait_before};
use crate::error::CliError;
use crate::request_id;

/// Messages that wait for their acknowledgement at the same time.
const WINDOW: usize = 8;

/// What a bulk load came to, so far or in the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pushed {
    /// Steps that were acknowledged.
    pub steps: u64,
    /// Items that were new.
    pub submitted: u64,
    /// Items that were there already.
    pub known: u64,
    /// Items that were ended.
    pub ended: u64,
    /// Items that had ended before.
    pub ended_before: u64,
    /// A size of the log that holds all of it.
    pub log_size: u64,
    /// The newest checkpoint that the server told.
    pub checkpoint: String,
}

/// Pushes steps to a unit in messages of at most `most`, and waits for each acknowledgement.
///
/// `progress` hears of each acknowledgement. Running it again with the same steps adds nothing.
///
/// # Errors
///
/// [`CliError::Rejected`] with the first message that the server refuses: what came before it is
/// recorded, nothing of it is, and what comes after it may or may not be.
pub async fn push(
    client: &Client,
    unit: &str,
    steps: &[Step],
    most: usize,
    mut progress: impl FnMut(&Pushed),
) -> Result<Pushed, CliError> {
    let mut load = Load {
        unit,
        batches: Batches::new(steps, most),
        unanswered: VecDeque::new(),
        pushed: Pushed::default(),
    };
    let mut retry = 0;
    loop {
        let before = load.pushed.steps;
        let status = match load.run(client, &mut progress).await? {
            Ended::Done => return Ok(load.pushed),
            Ended::Broken(status) => status,
        };
        // A stream that brought something was a good one: only fruitless tries count.
        retry = if load.pushed.steps > before { 1 } else { retry + 1 };
        if retry > RETRIES {
            return Err(client.error(status));
        }
        tokio::time::sleep(come_back(&status).unwrap_or_default()).await;
        wait_before(retry).await?;
    }
}

/// A message of steps for a unit.
#[must_use]
pub fn request(
    unit: &str,
    request_id: String,
    steps: Vec<v1::EvidenceStep>,
) -> v1::PushEvidenceRequest {
    let append = v1::AppendOptions { request_id, ..v1::AppendOptions::default() };
    v1::PushEvidenceRequest { unit: unit.to_owned(), append: Some(append), steps }
}

/// How a stream ended.
enum Ended {
    /// All was acknowledged.
    Done,
    /// Before that, and another stream may do better.
    Broken(Status),
}

struct Load<'s> {
    unit: &'s str,
    batches: Batches<'s>,
    /// What was drawn up and not acknowledged, oldest first.
    unanswered: VecDeque<v1::PushEvidenceRequest>,
    pushed: Pushed,
}

impl Load<'_> {
    /// Pushes over one stream until it ends.
    async fn run(
        &mut self,
        client: &Client,
        progress: &mut impl FnMut(&Pushed),
    ) -> Result<Ended, CliError> {
        let (sender, receiver) = mpsc::channel(WINDOW);
        let mut sender = Some(sender);
        let mut sent = 0;
        self.fill(&mut sender, &mut sent).await?;
        if self.unanswered.is_empty() {
            return Ok(Ended::Done);
        }
        let mut service = client.evidence();
        let opened = service.push_evidence(ReceiverStream::new(receiver));
        let mut answers = match tokio::time::timeout(client.timeout(), opened).await {
            Ok(Ok(response)) => response.into_inner(),
            Ok(Err(status)) => return broken(client, status),
            Err(_) => return Ok(Ended::Broken(late())),
        };
        let mut expected = 0;
        while !self.unanswered.is_empty() {
            let answer = match next(client, &mut answers).await {
                Ok(answer) => answer,
                Err(status) => return broken(client, status),
            };
            if answer.message != expected {
                let seen = answer.message;
                return Err(CliError::Answer(format!("message {seen} is out of order")));
            }
            expected += 1;
            if let Some(status) = self.take(answer)? {
                return Ok(Ended::Broken(status));
            }
            sent -= 1;
            progress(&self.pushed);
            self.fill(&mut sender, &mut sent).await?;
        }
        Ok(Ended::Done)
    }

    /// Sends until the window is full, and closes the stream when there is no more.
    async fn fill(
        &mut self,
        sender: &mut Option<mpsc::Sender<v1::PushEvidenceRequest>>,
        sent: &mut usize,
    ) -> Result<(), CliError> {
        while let Some(open) = sender {
            if *sent == WINDOW {
                break;
            }
            let message = match self.unanswered.get(*sent) {
                Some(message) => Some(message.clone()),
                None => self.draw_up()?,
            };
            let Some(message) = message else {
                *sender = None;
                break;
            };
            // A receiver that is gone shows as an error of the answers, which says more.
            if open.send(message).await.is_err() {
                break;
            }
            *sent += 1;
        }
        Ok(())
    }

    /// The next message, which keeps its request id from now on.
    fn draw_up(&mut self) -> Result<Option<v1::PushEvidenceRequest>, CliError> {
        let Some(steps) = self.batches.next() else { return Ok(None) };
        let message = request(self.unit, request_id::draw()?, steps);
        self.unanswered.push_back(message.clone());
        Ok(Some(message))
    }

    /// Takes the answer to the oldest message; a status means to send it again.
    fn take(&mut self, answer: v1::PushEvidenceResponse) -> Result<Option<Status>, CliError> {
        let receipt = match answer.result {
            Some(Answer::Receipt(receipt)) => receipt,
            Some(Answer::Error(error)) => match error.code.as_str() {
                "UNAVAILABLE" | "RESOURCE_EXHAUSTED" => {
                    return Ok(Some(Status::unavailable(error.message)));
                }
                _ => return Err(CliError::Rejected(Box::new(error))),
            },
            None => return Err(CliError::Answer("a message has no result".to_owned())),
        };
        let Some(message) = self.unanswered.pop_front() else { return Ok(None) };
        let is_end =
            |step: &&v1::EvidenceStep| matches!(step.step, Some(v1::evidence_step::Step::End(_)));
        let ends = message.steps.iter().filter(is_end).count() as u64;
        let ended = u64::from(answer.ended);
        self.pushed.steps += message.steps.len() as u64;
        self.pushed.submitted += u64::from(answer.submitted);
        self.pushed.known += u64::from(answer.duplicates);
        self.pushed.ended += ended;
        self.pushed.ended_before += ends.saturating_sub(ended);
        self.pushed.log_size = self.pushed.log_size.max(receipt.log_size);
        self.pushed.checkpoint = receipt.checkpoint;
        Ok(None)
    }
}

/// The next answer, within the time that a call may take.
async fn next(
    client: &Client,
    answers: &mut Streaming<v1::PushEvidenceResponse>,
) -> Result<v1::PushEvidenceResponse, Status> {
    match tokio::time::timeout(client.timeout(), answers.message()).await {
        Ok(Ok(Some(answer))) => Ok(answer),
        Ok(Ok(None)) => Err(Status::unavailable("the stream ended before all was acknowledged")),
        Ok(Err(status)) => Err(status),
        Err(_) => Err(late()),
    }
}

fn broken(client: &Client, status: Status) -> Result<Ended, CliError> {
    if may_be_repeated(&status) { Ok(Ended::Broken(status)) } else { Err(client.error(status)) }
}

fn late() -> Status {
    Status::unavailable("no acknowledgement in time")
}
