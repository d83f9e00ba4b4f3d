//! The handlers of `DutyService`.

use gradus_domain::duties::Conflict;
use gradus_model::{Timestamp, UnitId};
use gradus_service::Service;
use gradus_wire::v1 as wire;
use gradus_wire::v1::duty_service_server::DutyService;
use tonic::Request;

use crate::api::{Api, Reply, reply};
use crate::auth::open;
use crate::convert::{self, instant, principal_ref, timestamp, unit_ref};
use crate::page::Page;
use crate::principals::MOST_REASON;

/// The principal that a request names; none for the caller.
fn named(principal: &str) -> Option<&str> {
    Some(principal).filter(|principal| !principal.is_empty())
}

pub(crate) fn told(service: &Service, (of, on): &(Conflict, UnitId)) -> wire::Conflict {
    wire::Conflict {
        principal: Some(principal_ref(service, of.principal)),
        unit: Some(unit_ref(service, *on)),
        since: Some(timestamp(of.since)),
        until: of.until.map(timestamp),
        position: of.position,
    }
}

#[tonic::async_trait]
impl DutyService for Api {
    async fn declare_conflict(
        &self,
        request: Request<wire::DeclareConflictRequest>,
    ) -> Reply<wire::DeclareConflictResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let from = instant("from", asked.from.as_ref())?;
            let until = instant("until", asked.until.as_ref())?;
            convert::bounded_text("reason", &asked.reason, MOST_REASON)?;
            let of = (asked.unit.as_str(), named(&asked.principal));
            let declared =
                self.service.declare_conflict(&call, of, (from, until), &asked.reason).await?;
            Ok(wire::DeclareConflictResponse { receipt: self.told(&declared) })
        })
        .await
    }

    async fn withdraw_conflict(
        &self,
        request: Request<wire::WithdrawConflictRequest>,
    ) -> Reply<wire::WithdrawConflictResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let at = instant("effective_at", asked.effective_at.as_ref())?;
            convert::bounded_text("reason", &asked.reason, MOST_REASON)?;
            let of = (asked.unit.as_str(), named(&asked.principal));
            let withdrawn = self.service.withdraw_conflict(&call, of, at, &asked.reason).await?;
            Ok(wire::WithdrawConflictResponse { receipt: self.told(&withdrawn) })
        })
        .await
    }

    async fn list_conflicts(
        &self,
        request: Request<wire::ListConflictsRequest>,
    ) -> Reply<wire::ListConflictsResponse> {
        let (by, mut asked) = open(request)?;
        reply(async {
            let (size, token) = (asked.page_size, std::mem::take(&mut asked.page_token));
            asked.page_size = 0;
            let page = Page::read("conflicts", size, &token, &asked)?;
            let coordinate = convert::coordinate(asked.coordinate.as_ref(), asked.min_size)?;
            let resolved = self.service.resolve(&page.pin(coordinate)).await?;
            let unit = Some(asked.unit.as_str()).filter(|unit| !unit.is_empty());
            let unit = unit.map(|unit| self.service.unit(&by, unit)).transpose()?;
            let found = match unit {
                Some(unit) => self.service.conflicts(unit, resolved.at()),
                None => self.service.all_conflicts(&by, resolved.at()),
            };
            let from = usize::try_from(page.from).unwrap_or(usize::MAX);
            let shown = found.iter().skip(from).take(page.size);
            let end = from.saturating_add(shown.len());
            let next = (end < found.len()).then_some(end as u64);
            let entry = |(of, _): &(Conflict, UnitId)| {
                let until = of.until.map_or(0, Timestamp::micros);
                (of.principal.0, vec![of.position.cast_signed(), of.since.micros(), until])
            };
            let entries: Vec<_> = shown.clone().map(entry).collect();
            let digest = self.service.list_digest("conflicts", unit, &resolved, &entries);
            Ok(wire::ListConflictsResponse {
                conflicts: shown.map(|one| told(&self.service, one)).collect(),
                next_page_token: page.next(next, &resolved),
                coordinate: Some(convert::resolved(&resolved)),
                digest: digest.0.to_vec(),
            })
        })
        .await
    }
}
