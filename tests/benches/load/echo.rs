//! The floor of the transport: a server that answers every call as ours would, and keeps nothing.

use std::net::SocketAddr;

use gradus_wire::v1 as wire;
use tokio_stream::StreamExt as _;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};
use wire::evidence_service_server::{EvidenceService, EvidenceServiceServer};

/// A stream of answers.
pub(crate) type Answers = std::pin::Pin<
    Box<dyn tokio_stream::Stream<Item = Result<wire::PushEvidenceResponse, Status>> + Send>,
>;

/// A server of evidence that takes in only what the load sends.
pub(crate) trait Floor: Send + Sync + 'static {
    /// Takes in items.
    fn submit(
        &self,
        asked: wire::SubmitEvidenceRequest,
    ) -> impl Future<Output = Result<wire::SubmitEvidenceResponse, Status>> + Send;

    /// Takes in messages.
    fn push(&self, messages: Streaming<wire::PushEvidenceRequest>) -> Answers;
}

/// A floor as a service.
pub(crate) struct Served<F>(F);

macro_rules! served {
    ($($call:ident: $asked:ident -> $answer:ident,)*) => {
        #[tonic::async_trait]
        impl<F: Floor> EvidenceService for Served<F> {
            type PushEvidenceStream = Answers;

            async fn submit_evidence(
                &self,
                request: Request<wire::SubmitEvidenceRequest>,
            ) -> Result<Response<wire::SubmitEvidenceResponse>, Status> {
                self.0.submit(request.into_inner()).await.map(Response::new)
            }

            async fn push_evidence(
                &self,
                request: Request<Streaming<wire::PushEvidenceRequest>>,
            ) -> Result<Response<Answers>, Status> {
                Ok(Response::new(self.0.push(request.into_inner())))
            }

            $(async fn $call(
                &self,
                _: Request<wire::$asked>,
            ) -> Result<Response<wire::$answer>, Status> {
                Err(Status::unimplemented("a floor for appends only"))
            })*
        }
    };
}

served! {
    get_evidence: GetEvidenceRequest -> GetEvidenceResponse,
    list_evidence: ListEvidenceRequest -> ListEvidenceResponse,
    list_review_queue: ListReviewQueueRequest -> ListReviewQueueResponse,
    get_sufficiency_matrix: GetSufficiencyMatrixRequest -> GetSufficiencyMatrixResponse,
    accept_evidence: AcceptEvidenceRequest -> AcceptEvidenceResponse,
    reject_evidence: RejectEvidenceRequest -> RejectEvidenceResponse,
    withdraw_evidence: WithdrawEvidenceRequest -> WithdrawEvidenceResponse,
    end_evidence: EndEvidenceRequest -> EndEvidenceResponse,
    supersede_evidence: SupersedeEvidenceRequest -> SupersedeEvidenceResponse,
    confirm_evidence: ConfirmEvidenceRequest -> ConfirmEvidenceResponse,
    link_evidence: LinkEvidenceRequest -> LinkEvidenceResponse,
    unlink_evidence: UnlinkEvidenceRequest -> UnlinkEvidenceResponse,
    erase_payload: ErasePayloadRequest -> ErasePayloadResponse,
}

struct Echo;

impl Floor for Echo {
    async fn submit(
        &self,
        asked: wire::SubmitEvidenceRequest,
    ) -> Result<wire::SubmitEvidenceResponse, Status> {
        Ok(submitted(&asked))
    }

    fn push(&self, messages: Streaming<wire::PushEvidenceRequest>) -> Answers {
        Box::pin(messages.map(|message| message.map(|message| pushed(&message))))
    }
}

/// Serves on the runtime entered, with the settings of the transport that the real server has.
pub(crate) fn start() -> SocketAddr {
    serving(Echo)
}

/// Serves calls of evidence.
pub(crate) fn serving(floor: impl Floor) -> SocketAddr {
    let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into()).expect("a port");
    let incoming = incoming.with_nodelay(Some(true));
    let address = incoming.local_addr().expect("an address");
    let service = EvidenceServiceServer::new(Served(floor)).max_decoding_message_size(8 << 20);
    let serving = Server::builder()
        .concurrency_limit_per_connection(256)
        .http2_keepalive_interval(Some(std::time::Duration::from_secs(30)))
        .add_service(service)
        .serve_with_incoming(incoming);
    tokio::spawn(serving);
    address
}

fn receipt(request: Option<&wire::AppendOptions>, events: usize) -> wire::Receipt {
    let placed = |item| wire::Placed {
        position: 1_000_000,
        version: 10_000,
        leaf_hash: vec![7; 32],
        recorded_at: Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 123_456_000 }),
        item,
        inclusion: Vec::new(),
    };
    wire::Receipt {
        // As long as a note with one signature.
        checkpoint: "c".repeat(300),
        request_id: request.map(|request| request.request_id.clone()).unwrap_or_default(),
        unit: Some(wire::UnitRef {
            id: "00000000-0000-4000-8000-000000000000".to_owned(),
            name: "project-00".to_owned(),
        }),
        unit_version: 10_000,
        events: (0..).take(events).map(placed).collect(),
        log_size: 1_000_000,
        root: vec![7; 32],
        ..Default::default()
    }
}

/// An answer in the form and size of ours.
pub(crate) fn submitted(request: &wire::SubmitEvidenceRequest) -> wire::SubmitEvidenceResponse {
    let evidence = || "00000000-0000-4000-8000-000000000000".to_owned();
    let item = |_| wire::SubmittedEvidence { evidence: evidence(), duplicate: false };
    wire::SubmitEvidenceResponse {
        receipt: Some(receipt(request.append.as_ref(), request.items.len())),
        items: request.items.iter().map(item).collect(),
    }
}

/// An answer to a message, in the form and size of ours.
pub(crate) fn pushed(message: &wire::PushEvidenceRequest) -> wire::PushEvidenceResponse {
    let receipt = receipt(message.append.as_ref(), message.steps.len());
    wire::PushEvidenceResponse {
        message: 0,
        result: Some(wire::push_evidence_response::Result::Receipt(receipt)),
        submitted: 1,
        ..Default::default()
    }
}
