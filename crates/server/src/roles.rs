//! The handlers of `RoleService`.

use gradus_domain::registry::Grant;
use gradus_model::unit::Role;
use gradus_service::roles::AskedRole;
use gradus_service::{Service, ServiceError};
use gradus_wire::v1 as wire;
use gradus_wire::v1::role_service_server::RoleService;
use tonic::Request;

use crate::api::{Api, Reply, reply};
use crate::auth::open;
use crate::convert::{self, instant, principal_ref, timestamp, unit_ref};
use crate::page::Page;
use crate::principals::MOST_REASON;

fn role<'a>(principal: &'a str, role: i32, unit: &'a str) -> Result<AskedRole<'a>, ServiceError> {
    Ok(AskedRole { principal, role: convert::word("role", role, Role::from_number)?, unit })
}

fn told(service: &Service, from: &Grant) -> wire::RoleGrant {
    wire::RoleGrant {
        principal: Some(principal_ref(service, from.principal)),
        role: i32::from(from.role.number()),
        unit: Some(unit_ref(service, from.unit)),
        from: Some(timestamp(from.from)),
        until: from.until.map(timestamp),
        position: from.position,
    }
}

#[tonic::async_trait]
impl RoleService for Api {
    async fn grant_role(
        &self,
        request: Request<wire::GrantRoleRequest>,
    ) -> Reply<wire::GrantRoleResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let granted = role(&asked.principal, asked.role, &asked.unit)?;
            let from = instant("from", asked.from.as_ref())?;
            let until = instant("until", asked.until.as_ref())?;
            convert::bounded_text("reason", &asked.reason, MOST_REASON)?;
            let period = (from, until);
            let receipt = self.service.grant_role(&call, granted, period, &asked.reason).await?;
            Ok(wire::GrantRoleResponse { receipt: self.told(&receipt) })
        })
        .await
    }

    async fn revoke_role(
        &self,
        request: Request<wire::RevokeRoleRequest>,
    ) -> Reply<wire::RevokeRoleResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let revoked = role(&asked.principal, asked.role, &asked.unit)?;
            let at = instant("effective_at", asked.effective_at.as_ref())?;
            convert::bounded_text("reason", &asked.reason, MOST_REASON)?;
            let receipt = self.service.revoke_role(&call, revoked, at, &asked.reason).await?;
            Ok(wire::RevokeRoleResponse { receipt: self.told(&receipt) })
        })
        .await
    }

    async fn list_roles(
        &self,
        request: Request<wire::ListRolesRequest>,
    ) -> Reply<wire::ListRolesResponse> {
        let (by, mut asked) = open(request)?;
        reply(async {
            let (size, token) = (asked.page_size, std::mem::take(&mut asked.page_token));
            asked.page_size = 0;
            let page = Page::read("roles", size, &token, &asked)?;
            let coordinate = convert::coordinate(asked.coordinate.as_ref(), asked.min_size)?;
            let resolved = self.service.resolve(&page.pin(coordinate)).await?;
            let unit = Some(asked.unit.as_str()).filter(|unit| !unit.is_empty());
            let unit = unit.map(|unit| self.service.unit(&by, unit)).transpose()?;
            let of = Some(asked.principal.as_str()).filter(|of| !of.is_empty());
            let of = of.map(|of| self.service.principal_seen(&by, of)).transpose()?;
            let found = self.service.roles(&by, (resolved.at(), asked.with_later), unit, of);
            let from = usize::try_from(page.from).unwrap_or(usize::MAX);
            let shown = found.iter().skip(from).take(page.size);
            let end = from.saturating_add(shown.len());
            let next = (end < found.len()).then_some(end as u64);
            let entry = |grant: &Grant| {
                let until = grant.until.map_or(0, gradus_model::Timestamp::micros);
                let role = i64::from(grant.role.number());
                (grant.unit.0, vec![role, grant.position.cast_signed(), until])
            };
            let entries: Vec<_> = shown.clone().map(entry).collect();
            let digest = self.service.list_digest("roles", unit, &resolved, &entries);
            Ok(wire::ListRolesResponse {
                roles: shown.map(|grant| told(&self.service, grant)).collect(),
                next_page_token: page.next(next, &resolved),
                coordinate: Some(convert::resolved(&resolved)),
                digest: digest.0.to_vec(),
            })
        })
        .await
    }
}
