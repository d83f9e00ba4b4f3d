//! `QueryLevels`.

use gradus_service::levels::AskedLevels;
use gradus_service::{Caller, Service, ServiceError};
use gradus_wire::v1 as wire;

use crate::convert::{self, level};

pub(super) async fn levels(
    by: &Caller,
    service: &Service,
    asked: wire::QueryLevelsRequest,
) -> Result<wire::QueryLevelsResponse, ServiceError> {
    let coordinate = convert::coordinate(asked.coordinate.as_ref(), asked.min_size)?;
    let areas = super::areas(&asked.areas)?;
    let wanted = AskedLevels { areas, with_practices: asked.with_practices };
    let answer = service.levels(by, &asked.unit, &coordinate, &wanted).await?;
    Ok(level::levels(service, &answer))
}
