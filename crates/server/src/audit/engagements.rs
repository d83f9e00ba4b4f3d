//! Engagements of auditors, as the API tells them.

use gradus_service::queries::{EngagementTold, QueryTold, ToldQueries};
use gradus_service::{Caller, Service, ServiceError};
use gradus_wire::v1 as wire;

use crate::api::Api;
use crate::convert::{self, principal_ref, timestamp};

/// Rows of a page, unless the call says, and at most.
const PAGE: (usize, usize) = (1_000, 10_000);

impl Api {
    pub(super) fn engagements(&self, by: &Caller) -> wire::ListEngagementsResponse {
        let told = self.service.engagements(by);
        let engagements = told.iter().map(|one| engagement(&self.service, one)).collect();
        wire::ListEngagementsResponse { engagements }
    }

    pub(super) async fn queries_asked(
        &self,
        by: &Caller,
        asked: &wire::ReadQueriesRequest,
    ) -> Result<wire::ReadQueriesResponse, ServiceError> {
        let auditor = match asked.auditor.as_str() {
            "" => by.actor.principal,
            named => self.service.principal_seen(by, named)?,
        };
        let most = match usize::try_from(asked.page_size) {
            Ok(0) => PAGE.0,
            Ok(size) if size <= PAGE.1 => size,
            _ => {
                let reason = format!("{} are more than {}, the most", asked.page_size, PAGE.1);
                return Err(ServiceError::invalid("page_size", reason));
            }
        };
        let whose = (auditor, numbered(asked.engagement)?);
        let ToldQueries { rows, withheld, next } =
            self.service.queries(by, whose, asked.first_row, most).await?;
        let rows = rows.into_iter().map(row).collect();
        Ok(wire::ReadQueriesResponse { rows, withheld, next_row: next })
    }

    pub(super) async fn engagement_ended(
        &self,
        by: Caller,
        asked: &wire::EndEngagementRequest,
    ) -> Result<wire::EndEngagementResponse, ServiceError> {
        let call = convert::call(by, asked.append.as_ref())?;
        let receipt = self.service.end_engagement(&call, numbered(asked.engagement)?).await?;
        Ok(wire::EndEngagementResponse { receipt: self.told(&receipt) })
    }
}

fn numbered(engagement: u32) -> Result<u32, ServiceError> {
    match engagement {
        0 => Err(ServiceError::invalid("engagement", "0 is none: they are numbered from 1")),
        number => Ok(number),
    }
}

fn engagement(service: &Service, from: &EngagementTold) -> wire::Engagement {
    let of = &from.engagement;
    let recorded = of.recorded.iter().map(|recorded| recorded.position);
    let opened = of.opened.iter().map(|piece| piece.position);
    let mut positions: Vec<u64> = recorded.chain(of.ended).chain(opened).collect();
    positions.sort_unstable();
    wire::Engagement {
        auditor: Some(principal_ref(service, from.auditor)),
        number: from.number,
        until: from.until.map(timestamp),
        committed_rows: of.committed(),
        asked_rows: from.kept,
        ended: of.ended.is_some(),
        opened_rows: of.opened_rows(),
        openable: from.openable,
        positions,
    }
}

fn row(QueryTold { row, position }: QueryTold) -> wire::RecordedQuery {
    wire::RecordedQuery {
        number: row.number,
        asked_at: Some(timestamp(row.asked_at)),
        log_size: row.log_size,
        method: row.method,
        request: row.request,
        more: row.more,
        salt: row.salt.to_vec(),
        position,
    }
}
