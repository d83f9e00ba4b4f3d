//! An evidence service that keeps what it is sent, and whose streams break when they are told to.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gradus_cli::client::Client;
use gradus_wire::v1;
use gradus_wire::v1::evidence_service_server::{EvidenceService, EvidenceServiceServer};
use gradus_wire::v1::evidence_step::Step;
use gradus_wire::v1::push_evidence_response::Result as Answer;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tonic::transport::Server;
use tonic::{Request, Response, Status, Streaming};

/// What to do with the message of a number, counted over all streams from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Break the stream before it is taken.
    BreakBefore,
    /// Take it, and break the stream before it is answered.
    BreakAfter,
    /// Answer that the queue is full.
    Busy,
    /// Refuse it.
    Refuse,
    /// Never answer it.
    Silence,
}

/// What the server holds.
#[derive(Default)]
pub(crate) struct Log {
    /// Answers by request id.
    answers: HashMap<String, v1::PushEvidenceResponse>,
    /// Source ids of items, and of those that were ended.
    items: HashSet<String>,
    ended: HashSet<String>,
    /// Messages that came, over all streams.
    pub(crate) messages: usize,
    /// Streams that were opened.
    pub(crate) streams: usize,
}

#[derive(Clone, Default)]
pub(crate) struct Flaky {
    pub(crate) log: Arc<Mutex<Log>>,
    faults: Arc<HashMap<usize, Fault>>,
}

impl Flaky {
    /// Starts a server with these faults, and gives a client of it.
    pub(crate) async fn start(faults: &[(usize, Fault)], timeout: Duration) -> (Self, Client) {
        let flaky = Self { faults: Arc::new(faults.iter().copied().collect()), ..Self::default() };
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = EvidenceServiceServer::new(flaky.clone());
        let incoming = TcpListenerStream::new(listener);
        tokio::spawn(Server::builder().add_service(service).serve_with_incoming(incoming));
        (flaky, Client::new(&format!("http://{address}"), None, timeout).unwrap())
    }

    pub(crate) fn counts(&self) -> (usize, usize) {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        (log.items.len(), log.ended.len())
    }
}

impl Log {
    /// Takes a message once, however often it comes.
    fn take(&mut self, request: v1::PushEvidenceRequest) -> v1::PushEvidenceResponse {
        let id = request.append.unwrap_or_default().request_id;
        assert!(!id.is_empty(), "a message without a request id cannot be sent again");
        if let Some(first) = self.answers.get(&id) {
            return first.clone();
        }
        let mut answer = v1::PushEvidenceResponse {
            result: Some(Answer::Receipt(v1::Receipt {
                request_id: id.clone(),
                ..v1::Receipt::default()
            })),
            ..v1::PushEvidenceResponse::default()
        };
        let (mut items, mut ended) = (self.items.clone(), self.ended.clone());
        for step in request.steps {
            match step.step.unwrap() {
                Step::Submit(item) => {
                    let new = items.insert(item.source.unwrap().id);
                    *if new { &mut answer.submitted } else { &mut answer.duplicates } += 1;
                }
                Step::End(end) => {
                    let item = end.evidence.unwrap().r#ref.unwrap();
                    let v1::evidence_ref::Ref::Source(source) = item else {
                        panic!("steps name items by their source");
                    };
                    if !items.contains(&source.id) {
                        // What an earlier message was to submit, which was not taken.
                        let result = Some(refusal("NOT_FOUND", "EVIDENCE_UNKNOWN"));
                        return v1::PushEvidenceResponse { result, ..Default::default() };
                    }
                    answer.ended += u32::from(ended.insert(source.id));
                }
            }
        }
        (self.items, self.ended) = (items, ended);
        self.answers.insert(id, answer.clone());
        answer
    }
}

fn refusal(code: &str, reason: &str) -> Answer {
    let (code, reason) = (code.to_owned(), reason.to_owned());
    let message = "the server says no".to_owned();
    Answer::Error(v1::PushError { code, reason, message, ..v1::PushError::default() })
}

impl Flaky {
    async fn answer(
        self,
        mut requests: Streaming<v1::PushEvidenceRequest>,
        answers: mpsc::Sender<Result<v1::PushEvidenceResponse, Status>>,
    ) {
        let mut number = 0;
        while let Ok(Some(request)) = requests.message().await {
            let (fault, taken) = {
                let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
                let fault = self.faults.get(&log.messages).copied();
                log.messages += 1;
                let taken = match fault {
                    None | Some(Fault::BreakAfter) => Some(log.take(request)),
                    Some(_) => None,
                };
                (fault, taken)
            };
            let mut answer = taken.unwrap_or_default();
            answer.message = number;
            number += 1;
            match fault {
                None => (),
                Some(Fault::BreakBefore | Fault::BreakAfter) => {
                    let _ = answers.send(Err(Status::unavailable("stopping"))).await;
                    return;
                }
                Some(Fault::Busy) => {
                    answer.result = Some(refusal("RESOURCE_EXHAUSTED", "QUEUE_FULL"));
                }
                Some(Fault::Refuse) => {
                    answer.result = Some(refusal("FAILED_PRECONDITION", "NO_MODEL"));
                }
                Some(Fault::Silence) => std::future::pending().await,
            }
            if answers.send(Ok(answer)).await.is_err() {
                return;
            }
        }
    }
}

macro_rules! without {
    ($( $call:ident $request:ident $response:ident, )+) => {
        #[tonic::async_trait]
        impl EvidenceService for Flaky {
            type PushEvidenceStream = ReceiverStream<Result<v1::PushEvidenceResponse, Status>>;

            async fn push_evidence(
                &self,
                request: Request<Streaming<v1::PushEvidenceRequest>>,
            ) -> Result<Response<Self::PushEvidenceStream>, Status> {
                self.log.lock().unwrap_or_else(PoisonError::into_inner).streams += 1;
                let (sender, receiver) = mpsc::channel(4);
                tokio::spawn(self.clone().answer(request.into_inner(), sender));
                Ok(Response::new(ReceiverStream::new(receiver)))
            }

            $( async fn $call(
                &self,
                _: Request<v1::$request>,
            ) -> Result<Response<v1::$response>, Status> {
                Err(Status::unimplemented("not what is tested here"))
            } )+
        }
    };
}

without! {
    submit_evidence SubmitEvidenceRequest SubmitEvidenceResponse,
    get_evidence GetEvidenceRequest GetEvidenceResponse,
    list_evidence ListEvidenceRequest ListEvidenceResponse,
    list_review_queue ListReviewQueueRequest ListReviewQueueResponse,
    get_sufficiency_matrix GetSufficiencyMatrixRequest GetSufficiencyMatrixResponse,
    accept_evidence AcceptEvidenceRequest AcceptEvidenceResponse,
    reject_evidence RejectEvidenceRequest RejectEvidenceResponse,
    withdraw_evidence WithdrawEvidenceRequest WithdrawEvidenceResponse,
    end_evidence EndEvidenceRequest EndEvidenceResponse,
    supersede_evidence SupersedeEvidenceRequest SupersedeEvidenceResponse,
    confirm_evidence ConfirmEvidenceRequest ConfirmEvidenceResponse,
    link_evidence LinkEvidenceRequest LinkEvidenceResponse,
    unlink_evidence UnlinkEvidenceRequest UnlinkEvidenceResponse,
    erase_payload ErasePayloadRequest ErasePayloadResponse,
}
