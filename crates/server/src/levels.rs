//! The handlers of `LevelService`.

use gradus_model::AreaId;
use gradus_projection::views::NoAnswer;
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
            let answer = match self.service.levels(&asked.unit, &coordinate).await {
                // Where no model or no rules are in force there are no areas, which is no error.
                Err(ServiceError::NoAnswer(NoAnswer::NoModel | NoAnswer::NoRules)) => {
                    let resolved = self.service.resolve(&coordinate).await?;
                    let unit = self.service.unit(&asked.unit)?;
                    let digest = self.service.list_digest("levels", Some(unit), &resolved, &[]);
                    return Ok(wire::QueryLevelsResponse {
                        unit: Some(convert::unit_ref(&self.service, unit)),
                        coordinate: Some(convert::resolved(&resolved)),
                        digest: digest.0.to_vec(),
                        ..wire::QueryLevelsResponse::default()
                    });
                }
                answer => answer?,
            };
            let catalog = &answer.basis.catalog;
            let unknown = areas.iter().find(|asked| {
                let of_another = asked.model.as_ref().is_some_and(|model| model != catalog.id());
                of_another || catalog.area(asked.area).is_none()
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
