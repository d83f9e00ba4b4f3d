//! The handlers of `ProjectionService`.

use std::sync::Arc;
use std::time::Duration;

use gradus_log::VerifiedAgain;
use gradus_service::ServiceError;
use gradus_service::index::Outcome;
use gradus_wire::v1 as wire;
use gradus_wire::v1::projection_service_server::ProjectionService;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::api::{Api, Reply, reply};
use crate::auth::open;
use crate::status::{digests_differ, status};

/// How often the caller is told how far it is.
const TELL: Duration = Duration::from_millis(200);

pub(crate) type Progress<T> = ReceiverStream<Result<T, Status>>;

#[tonic::async_trait]
impl ProjectionService for Api {
    type RebuildProjectionStream = Progress<wire::RebuildProjectionResponse>;
    type VerifyProjectionStream = Progress<wire::VerifyProjectionResponse>;

    async fn list_projections(
        &self,
        request: Request<wire::ListProjectionsRequest>,
    ) -> Reply<wire::ListProjectionsResponse> {
        let (by, _) = open(request)?;
        reply(async {
            self.service.whole(&by)?;
            let head_size = self.service.log().head().size;
            let one = |standing: gradus_service::index::Standing| wire::Projection {
                name: standing.name.to_owned(),
                version: standing.version,
                cursor: standing.cursor,
                head_size,
                digest: standing.digest.0.to_vec(),
                bytes: standing.bytes,
                parked: standing.parked.into_iter().map(parked).collect(),
            };
            let projections = self.service.projections()?.into_iter().map(one).collect();
            let log = Some(verification(self.service.log().verified_again()));
            Ok(wire::ListProjectionsResponse { projections, log })
        })
        .await
    }

    async fn rebuild_projection(
        &self,
        request: Request<wire::RebuildProjectionRequest>,
    ) -> Reply<Self::RebuildProjectionStream> {
        let (by, asked) = open(request)?;
        self.service.whole(&by).map_err(|error| status(&error))?;
        let (progress, seen) = watch::channel((0, 0));
        let service = Arc::clone(&self.service);
        let rebuild = async move { service.rebuild(&asked.name, progress).await };
        let far = |(done, total)| wire::RebuildProjectionResponse {
            done,
            total,
            ..wire::RebuildProjectionResponse::default()
        };
        let ended = |outcome: Outcome| {
            agreed(&outcome)?;
            Ok(wire::RebuildProjectionResponse {
                done: outcome.size,
                total: outcome.size,
                digest: outcome.other.0.to_vec(),
                switched: outcome.switched,
            })
        };
        Ok(Response::new(followed(rebuild, seen, far, ended)))
    }

    async fn verify_projection(
        &self,
        request: Request<wire::VerifyProjectionRequest>,
    ) -> Reply<Self::VerifyProjectionStream> {
        let (by, asked) = open(request)?;
        self.service.whole(&by).map_err(|error| status(&error))?;
        let (progress, seen) = watch::channel((0, 0));
        let service = Arc::clone(&self.service);
        let verify = async move { service.verify(&asked.name, progress).await };
        let far = |(done, total)| wire::VerifyProjectionResponse {
            done,
            total,
            ..wire::VerifyProjectionResponse::default()
        };
        let ended = |outcome: Outcome| {
            agreed(&outcome)?;
            Ok(wire::VerifyProjectionResponse {
                done: outcome.size,
                total: outcome.size,
                digest: outcome.other.0.to_vec(),
                equal: true,
            })
        };
        Ok(Response::new(followed(verify, seen, far, ended)))
    }
}

fn verification(of: VerifiedAgain) -> wire::LogVerification {
    use wire::LogVerificationState::{Done, Off, Running};
    let (state, verified, expected) = match of {
        VerifiedAgain::Off => (Off, 0, 0),
        VerifiedAgain::Running { records, expected } => (Running, records, expected),
        VerifiedAgain::Done { records } => (Done, records, records),
    };
    wire::LogVerification { state: state.into(), verified, expected }
}

fn parked(from: gradus_projection::projector::Parked) -> wire::ParkedUnit {
    wire::ParkedUnit { unit: from.unit.to_string(), position: from.position, reason: from.reason }
}

/// Refuses an outcome in which the live projection and the other one differ.
fn agreed(outcome: &Outcome) -> Result<(), Status> {
    let agree = outcome.live.as_ref() == Ok(&outcome.other);
    agree.then_some(()).ok_or_else(|| digests_differ(outcome))
}

/// Tells how far a task is until it has ended, and then what came of it.
///
/// The task goes on when the caller leaves: what is half built would be in nobody's way, but what is
/// built is of use.
pub(crate) fn followed<T: Send + 'static, O: Send + 'static>(
    task: impl Future<Output = Result<O, ServiceError>> + Send + 'static,
    mut seen: watch::Receiver<(u64, u64)>,
    far: impl Fn((u64, u64)) -> T + Send + 'static,
    ended: impl Fn(O) -> Result<T, Status> + Send + 'static,
) -> Progress<T> {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut task = tokio::spawn(task);
        let mut tick = tokio::time::interval(TELL);
        let outcome = loop {
            tokio::select! {
                outcome = &mut task => break outcome,
                _ = tick.tick() => {
                    // A caller that is gone or slow misses what is of no use later.
                    let _ = sender.try_send(Ok(far(*seen.borrow_and_update())));
                }
            }
        };
        let last = match outcome {
            Ok(Ok(outcome)) => ended(outcome),
            Ok(Err(error)) => Err(status(&error)),
            Err(_) => Err(status(&ServiceError::Fault("a long task was given up"))),
        };
        // The caller may have left.
        let _ = sender.send(last).await;
    });
    ReceiverStream::new(receiver)
}
