//! The handlers of `ClaimService`.

use gradus_domain::access::Right;
use gradus_model::unit::Role;
use gradus_service::claims::{AskedRule, Opened};
use gradus_service::{Caller, ServiceError};
use gradus_wire::v1 as wire;
use gradus_wire::v1::claim_service_server::ClaimService;
use tonic::Request;

use crate::api::{Api, Reply, reply};
use crate::auth::open;
use crate::convert::{self, claims, instant, timestamp};
use crate::oidc::Checked;
use crate::page::Page;
use crate::principals::MOST_REASON;

#[tonic::async_trait]
impl ClaimService for Api {
    async fn set_claim_rule(
        &self,
        request: Request<wire::SetClaimRuleRequest>,
    ) -> Reply<wire::SetClaimRuleResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let named_after = Some(asked.named_after.as_str()).filter(|claim| !claim.is_empty());
            let rule = AskedRule {
                rule: convert::text("name", &asked.name)?,
                issuer: convert::text("issuer", &asked.issuer)?,
                conditions: claims::conditions(&asked.conditions)?,
                subject: convert::text("subject", &asked.subject)?,
                role: convert::word("role", asked.role, Role::from_number)?,
                unit: &asked.unit,
                named_after: named_after
                    .map(|claim| convert::text("named_after", claim))
                    .transpose()?,
                period: (
                    instant("from", asked.from.as_ref())?,
                    instant("until", asked.until.as_ref())?,
                ),
            };
            convert::bounded_text("reason", &asked.reason, MOST_REASON)?;
            let receipt = self.service.set_claim_rule(&call, rule, &asked.reason).await?;
            Ok(wire::SetClaimRuleResponse { receipt: self.told(&receipt) })
        })
        .await
    }

    async fn remove_claim_rule(
        &self,
        request: Request<wire::RemoveClaimRuleRequest>,
    ) -> Reply<wire::RemoveClaimRuleResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let rule = convert::text("name", &asked.name)?;
            let at = instant("effective_at", asked.effective_at.as_ref())?;
            convert::bounded_text("reason", &asked.reason, MOST_REASON)?;
            let receipt = self.service.remove_claim_rule(&call, &rule, at, &asked.reason).await?;
            Ok(wire::RemoveClaimRuleResponse { receipt: self.told(&receipt) })
        })
        .await
    }

    async fn list_claim_rules(
        &self,
        request: Request<wire::ListClaimRulesRequest>,
    ) -> Reply<wire::ListClaimRulesResponse> {
        let (by, mut asked) = open(request)?;
        reply(async {
            let (size, token) = (asked.page_size, std::mem::take(&mut asked.page_token));
            asked.page_size = 0;
            let page = Page::read("claim-rules", size, &token, &asked)?;
            let coordinate = convert::coordinate(asked.coordinate.as_ref(), asked.min_size)?;
            let resolved = self.service.resolve(&page.pin(coordinate)).await?;
            let found = self.service.claim_rules(&by, resolved.at());
            let from = usize::try_from(page.from).unwrap_or(usize::MAX);
            let shown = found.iter().skip(from).take(page.size);
            let end = from.saturating_add(shown.len());
            let next = (end < found.len()).then_some(end as u64);
            Ok(wire::ListClaimRulesResponse {
                rules: shown.map(|rule| claims::rule(&self.service, rule)).collect(),
                next_page_token: page.next(next, &resolved),
                coordinate: Some(convert::resolved(&resolved)),
            })
        })
        .await
    }

    async fn test_claims(
        &self,
        request: Request<wire::TestClaimsRequest>,
    ) -> Reply<wire::TestClaimsResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let checked = self.oidc.check(asked.token.trim(), self.service.now()).await;
            let checked =
                checked.map_err(|problem| ServiceError::invalid("token", problem.told()))?;
            let opened = self.service.opened(&checked.issuer, &checked.claims);
            let opened = opened.filter(|opened| {
                let may = |right| self.service.may(&Caller { right, ..by }, opened.rule.set.unit);
                may(Right::Administer) || may(Right::Prove)
            });
            Ok(self.tested(checked, opened.as_ref()))
        })
        .await
    }
}

impl Api {
    /// What a token says and would open.
    fn tested(&self, checked: Checked, opened: Option<&Opened>) -> wire::TestClaimsResponse {
        let said = wire::TestClaimsResponse {
            issuer: checked.issuer,
            expires_at: Some(timestamp(checked.expires_at)),
            claims: checked.claims,
            ..wire::TestClaimsResponse::default()
        };
        let Some(opened) = opened else { return said };
        let name = opened.name.as_ref().map(ToString::to_string).unwrap_or_default();
        let called = self.service.principal_name(opened.principal);
        let called =
            called.unwrap_or_else(|| format!("{}:{}", opened.rule.set.rule, opened.subject));
        wire::TestClaimsResponse {
            rule: Some(claims::rule(&self.service, &opened.rule)),
            subject: opened.subject.to_string(),
            principal: Some(wire::PrincipalRef { id: opened.principal.to_string(), name: called }),
            principal_added: opened.added,
            unit: Some(wire::UnitRef { id: opened.unit.to_string(), name }),
            unit_registered: opened.registered,
            ..said
        }
    }
}
