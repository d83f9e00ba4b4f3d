//! The floor: a server that answers with what it was given, and computes nothing.

use std::net::SocketAddr;
use std::sync::Arc;

use gradus_wire::v1 as wire;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Server};
use tonic::{Request, Response, Status};
use wire::level_service_client::LevelServiceClient;
use wire::level_service_server::{LevelService, LevelServiceServer};

/// Answers of the real server: for one area, and for all.
#[derive(Clone)]
pub(crate) struct Canned {
    pub(crate) one: wire::QueryLevelsResponse,
    pub(crate) all: wire::QueryLevelsResponse,
}

/// A server that only answers, without any authentication.
pub(crate) struct Echo {
    address: SocketAddr,
}

impl Echo {
    /// Starts it on the runtime entered, with the settings of the transport that the real server
    /// has.
    pub(crate) fn start(canned: Canned) -> Self {
        // Sent at once: the floor never waits for a packet to fill.
        let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into()).expect("a port");
        let incoming = incoming.with_nodelay(Some(true));
        let address = incoming.local_addr().expect("an address");
        let server = LevelServiceServer::new(Answers(Arc::new(canned)));
        let serving = Server::builder()
            .concurrency_limit_per_connection(256)
            .http2_keepalive_interval(Some(std::time::Duration::from_secs(30)))
            .add_service(server)
            .serve_with_incoming(incoming);
        tokio::spawn(serving);
        Self { address }
    }

    pub(crate) async fn client(&self) -> LevelServiceClient<Channel> {
        LevelServiceClient::new(crate::system::connected(self.address).await)
    }
}

struct Answers(Arc<Canned>);

type Reply<T> = Result<Response<T>, Status>;

macro_rules! not_answered {
    ($($call:ident: $asked:ident -> $answer:ident,)*) => {
        #[tonic::async_trait]
        impl LevelService for Answers {
            type WatchLevelsStream = tokio_stream::Pending<Result<wire::WatchLevelsResponse, Status>>;

            async fn query_levels(
                &self,
                request: Request<wire::QueryLevelsRequest>,
            ) -> Reply<wire::QueryLevelsResponse> {
                let all = request.into_inner().areas.is_empty();
                Ok(Response::new(if all { self.0.all.clone() } else { self.0.one.clone() }))
            }

            async fn watch_levels(
                &self,
                _: Request<wire::WatchLevelsRequest>,
            ) -> Reply<Self::WatchLevelsStream> {
                Err(Status::unimplemented("an echo of levels only"))
            }

            $(async fn $call(&self, _: Request<wire::$asked>) -> Reply<wire::$answer> {
                Err(Status::unimplemented("an echo of levels only"))
            })*
        }
    };
}

not_answered! {
    explain_level: ExplainLevelRequest -> ExplainLevelResponse,
    compare_levels: CompareLevelsRequest -> CompareLevelsResponse,
    query_trend: QueryTrendRequest -> QueryTrendResponse,
    forecast_levels: ForecastLevelsRequest -> ForecastLevelsResponse,
    query_gap: QueryGapRequest -> QueryGapResponse,
    roll_up_levels: RollUpLevelsRequest -> RollUpLevelsResponse,
    check_levels: CheckLevelsRequest -> CheckLevelsResponse,
}
