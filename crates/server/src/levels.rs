//! The handlers of `LevelService`.

use gradus_model::AreaId;
use gradus_service::ServiceError;
use gradus_wire::v1 as wire;
use gradus_wire::v1::level_service_server::LevelService;
use tonic::Request;

use crate::api::{Api, Reply, reply};
use crate::auth::open;
use crate::convert::{self, level};

#[tonic::async_trait]
impl LevelService for Api {
    async fn query_levels(
        &self,
        request: Request<wire::QueryLevelsRequest>,
    ) -> Reply<wire::QueryLevelsResponse> {
        let (_, asked) = open(request)?;
        reply(async {
            let coordinate = convert::coordinate(asked.coordinate.as_ref(), asked.min_size)?;
            let mut areas: Vec<AreaId> = Vec::new();
            for (at, given) in asked.areas.iter().enumerate() {
                areas.push(convert::area(&format!("areas[{at}]"), given)?.area);
            }
            let answer = self.service.levels(&asked.unit, &coordinate).await?;
            let catalog = &answer.basis.catalog;
            if let Some(unknown) = areas.iter().find(|area| catalog.area(**area).is_none()) {
                let model = catalog.id().clone();
                let refusal = gradus_domain::Refusal::AreaUnknown { area: *unknown, model };
                return Err(ServiceError::from(refusal));
            }
            Ok(level::levels(&self.service, &answer, &areas, asked.with_practices))
        })
        .await
    }
}
