//! The handlers of `LevelService`: each call's own file reads the request, asks, and tells the answer.

mod check;
mod compare;
mod explain;
mod forecast;
mod gap;
mod query;
mod roll_up;
mod trend;
mod watch;

pub(crate) use trend::few_areas;

use gradus_service::ServiceError;
use gradus_service::units::AskedArea;
use gradus_wire::v1 as wire;
use gradus_wire::v1::level_service_server::LevelService;
use tonic::Request;

use crate::api::{Api, Reply, reply};
use crate::auth::open;
use crate::convert;

/// The most areas that a request names; no model has so many.
const MOST_AREAS: usize = 100;

#[tonic::async_trait]
impl LevelService for Api {
    type WatchLevelsStream = watch::Changes;

    async fn query_levels(
        &self,
        request: Request<wire::QueryLevelsRequest>,
    ) -> Reply<wire::QueryLevelsResponse> {
        let (by, asked) = open(request)?;
        reply(query::levels(&by, &self.service, asked)).await
    }

    async fn explain_level(
        &self,
        request: Request<wire::ExplainLevelRequest>,
    ) -> Reply<wire::ExplainLevelResponse> {
        let (by, asked) = open(request)?;
        reply(explain::explained(&by, &self.service, asked)).await
    }

    async fn compare_levels(
        &self,
        request: Request<wire::CompareLevelsRequest>,
    ) -> Reply<wire::CompareLevelsResponse> {
        let (by, asked) = open(request)?;
        reply(compare::compared(&by, &self.service, asked)).await
    }

    async fn query_trend(
        &self,
        request: Request<wire::QueryTrendRequest>,
    ) -> Reply<wire::QueryTrendResponse> {
        let (by, asked) = open(request)?;
        reply(trend::trend(&by, &self.service, asked)).await
    }

    async fn forecast_levels(
        &self,
        request: Request<wire::ForecastLevelsRequest>,
    ) -> Reply<wire::ForecastLevelsResponse> {
        let (by, asked) = open(request)?;
        reply(forecast::forecast(&by, &self.service, asked)).await
    }

    async fn query_gap(
        &self,
        request: Request<wire::QueryGapRequest>,
    ) -> Reply<wire::QueryGapResponse> {
        let (by, asked) = open(request)?;
        reply(gap::gap(&by, &self.service, asked)).await
    }

    async fn roll_up_levels(
        &self,
        request: Request<wire::RollUpLevelsRequest>,
    ) -> Reply<wire::RollUpLevelsResponse> {
        let (by, asked) = open(request)?;
        reply(roll_up::rolled_up(&by, &self.service, asked)).await
    }

    async fn check_levels(
        &self,
        request: Request<wire::CheckLevelsRequest>,
    ) -> Reply<wire::CheckLevelsResponse> {
        let (by, asked) = open(request)?;
        reply(check::checked(&by, &self.service, asked)).await
    }

    async fn watch_levels(
        &self,
        request: Request<wire::WatchLevelsRequest>,
    ) -> Reply<Self::WatchLevelsStream> {
        let (by, asked) = open(request)?;
        reply(watch::watched(&by, self, asked)).await
    }
}

/// The areas that a request's field `areas` names.
pub(crate) fn areas(given: &[String]) -> Result<Vec<AskedArea>, ServiceError> {
    if given.len() > MOST_AREAS {
        let (field, seen, limit) = ("areas", given.len(), MOST_AREAS);
        return Err(gradus_domain::Refusal::TooMany { field, seen, limit }.into());
    }
    let one = |(at, given): (usize, &String)| convert::area(&format!("areas[{at}]"), given);
    given.iter().enumerate().map(one).collect()
}
