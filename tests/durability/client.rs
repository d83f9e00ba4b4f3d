//! A client of our own: the calls of the mixed load, each with its request id.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use gradus_wire::v1 as wire;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Status};
use wire::event_service_client::EventServiceClient;
use wire::evidence_service_client::EvidenceServiceClient;
use wire::level_service_client::LevelServiceClient;
use wire::rating_service_client::RatingServiceClient;
use wire::unit_service_client::UnitServiceClient;

/// How long a call may take; a server that answers later is taken for hung.
const CALL_TAKES: Duration = Duration::from_mins(1);

/// Sends a token with every call.
#[derive(Clone)]
pub(crate) struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

type Line = InterceptedService<Channel, Bearer>;

/// The operator, connected.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) units: UnitServiceClient<Line>,
    pub(crate) evidence: EvidenceServiceClient<Line>,
    pub(crate) ratings: RatingServiceClient<Line>,
    pub(crate) levels: LevelServiceClient<Line>,
    pub(crate) events: EventServiceClient<Line>,
}

impl Client {
    /// Connects as the operator whose token lies in the data directory.
    pub(crate) async fn connect(address: SocketAddr, data: &Path) -> Result<Self, String> {
        let token = std::fs::read_to_string(data.join("admin.token"))
            .map_err(|error| format!("the operator's token cannot be read: {error}"))?;
        let bearer = format!("Bearer {}", token.trim()).parse();
        let bearer = Bearer(bearer.map_err(|error| format!("the token is no token: {error}"))?);
        let channel = Channel::from_shared(format!("http://{address}"))
            .map_err(|error| error.to_string())?
            .timeout(CALL_TAKES)
            .connect_timeout(CALL_TAKES);
        let channel = channel.connect().await.map_err(|error| format!("no connection: {error}"))?;
        Ok(Self {
            units: UnitServiceClient::with_interceptor(channel.clone(), bearer.clone()),
            evidence: EvidenceServiceClient::with_interceptor(channel.clone(), bearer.clone()),
            ratings: RatingServiceClient::with_interceptor(channel.clone(), bearer.clone()),
            levels: LevelServiceClient::with_interceptor(channel.clone(), bearer.clone()),
            events: EventServiceClient::with_interceptor(channel, bearer),
        })
    }
}

/// One call of the load, which can be sent again as it was.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    Register(wire::RegisterUnitRequest),
    Submit(wire::SubmitEvidenceRequest),
    Push(wire::PushEvidenceRequest),
    Reject(wire::RejectEvidenceRequest),
    Rate(wire::RatePracticesRequest),
    Erase(wire::ErasePayloadRequest),
}

impl Call {
    fn append(&self) -> Option<&wire::AppendOptions> {
        match self {
            Self::Register(asked) => asked.append.as_ref(),
            Self::Submit(asked) => asked.append.as_ref(),
            Self::Push(asked) => asked.append.as_ref(),
            Self::Reject(asked) => asked.append.as_ref(),
            Self::Rate(asked) => asked.append.as_ref(),
            Self::Erase(asked) => asked.append.as_ref(),
        }
    }

    /// The id that names the call for ever.
    pub(crate) fn id(&self) -> &str {
        self.append().map_or("", |append| &append.request_id)
    }

    /// How many records the call writes, all or none.
    pub(crate) fn records(&self) -> usize {
        match self {
            Self::Register(asked) => {
                if asked.team.is_empty() {
                    1
                } else {
                    2
                }
            }
            Self::Submit(asked) => asked.items.len(),
            Self::Push(asked) => asked.steps.len(),
            Self::Reject(asked) => asked.evidence.len(),
            Self::Rate(asked) => asked.ratings.len(),
            Self::Erase(_) => 1,
        }
    }

    /// Sends the call; the receipt says what is promised from now on.
    pub(crate) async fn send(&self, client: &Client) -> Result<wire::Receipt, Status> {
        let receipt = match self.clone() {
            Self::Register(asked) => {
                client.units.clone().register_unit(asked).await?.into_inner().receipt
            }
            Self::Submit(asked) => {
                client.evidence.clone().submit_evidence(asked).await?.into_inner().receipt
            }
            Self::Push(asked) => Some(pushed(client, asked).await?),
            Self::Reject(asked) => {
                client.evidence.clone().reject_evidence(asked).await?.into_inner().receipt
            }
            Self::Rate(asked) => {
                client.ratings.clone().rate_practices(asked).await?.into_inner().receipt
            }
            Self::Erase(asked) => {
                client.evidence.clone().erase_payload(asked).await?.into_inner().receipt
            }
        };
        receipt.ok_or_else(|| Status::data_loss("an answer without a receipt"))
    }
}

/// Sends one message of a bulk load on a stream of its own.
async fn pushed(
    client: &Client,
    asked: wire::PushEvidenceRequest,
) -> Result<wire::Receipt, Status> {
    use wire::push_evidence_response::Result as Pushed;
    let messages = tokio_stream::iter([asked]);
    let mut answers = client.evidence.clone().push_evidence(messages).await?.into_inner();
    let answer = answers.message().await?.and_then(|answer| answer.result);
    match answer {
        Some(Pushed::Receipt(receipt)) => Ok(receipt),
        Some(Pushed::Error(error)) => {
            let code = code_named(&error.code);
            Err(Status::new(code, format!("{}: {}", error.reason, error.message)))
        }
        None => Err(Status::unavailable("the stream ended without an answer")),
    }
}

fn code_named(name: &str) -> tonic::Code {
    let named = (0..17).map(tonic::Code::from_i32);
    let spelled = |code: &tonic::Code| format!("{code:?}").to_uppercase();
    let wanted = name.replace('_', "");
    named.into_iter().find(|code| spelled(code) == wanted).unwrap_or(tonic::Code::Unknown)
}
