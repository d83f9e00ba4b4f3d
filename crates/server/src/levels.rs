//! The handlers of `LevelService`.

use gradus_model::{AreaId, Catalog};
use gradus_service::ServiceError;
use gradus_service::units::AskedArea;
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
            let one = |(at, given): (usize, &String)| convert::area(&format!("areas[{at}]"), given);
            let areas: Vec<AskedArea> =
                asked.areas.iter().enumerate().map(one).collect::<Result<_, _>>()?;
            let answer = self.service.levels(&asked.unit, &coordinate).await?;
            let catalog = answer.basis.as_ref().map(|basis| &basis.catalog);
            let unknown = areas.iter().find(|asked| {
                let of_another = |catalog: &Catalog| {
                    asked.model.as_ref().is_some_and(|model| model != catalog.id())
                };
                catalog.is_some_and(|model| of_another(model) || model.area(asked.area).is_none())
            });
            if let Some(unknown) = unknown {
                return Err(ServiceError::not_found("area", unknown));
            }
            let areas: Vec<AreaId> = areas.iter().map(|asked| asked.area).collect();
            Ok(level::levels(&self.service, &answer, &areas, asked.with_practices))
        })
        .await
    }
}
