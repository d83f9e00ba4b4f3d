//! The handlers of `PrincipalService`.

use gradus_domain::registry::{Certificate, Token};
use gradus_model::TokenId;
use gradus_model::unit::PrincipalKind;
use gradus_service::ServiceError;
use gradus_service::identity::PrincipalView;
use gradus_service::tokens::{GRACE, RotatedToken};
use gradus_wire::v1 as wire;
use gradus_wire::v1::principal_service_server::PrincipalService;
use tonic::Request;

use crate::api::{Api, Reply, reply};
use crate::auth::open;
use crate::convert::{self, event, instant, timestamp};
use crate::oidc::Used;
use crate::page::Page;
use crate::tls::key_of;
use crate::tokens::{fresh, grace, lifetime, token};

/// The longest reason, in bytes.
pub(crate) const MOST_REASON: usize = 4_096;

fn principal(from: &PrincipalView) -> wire::Principal {
    wire::Principal {
        id: from.id.to_string(),
        name: from.name.clone().unwrap_or_default(),
        kind: i32::from(from.kind.number()),
        added_at: Some(timestamp(from.added_at)),
        disabled_at: from.disabled_at.map(timestamp),
        tokens: from.tokens.iter().map(token).collect(),
        certificates: from.certificates.iter().map(certificate).collect(),
    }
}

/// Who gives the secret in place of the id does not find it in an error and its logs.
fn token_id(text: &str) -> Result<TokenId, ServiceError> {
    text.parse().map_err(|_| {
        let reason = "it is no token id: 32 hexadecimal digits, as in a UUID, are needed";
        ServiceError::invalid("token", reason)
    })
}

fn certificate(from: &Certificate) -> wire::Certificate {
    wire::Certificate {
        key: from.key.to_string(),
        registered_at: Some(timestamp(from.registered_at)),
        expires_at: from.expires_at.map(timestamp),
        revoked_at: from.revoked_at.map(timestamp),
    }
}

fn used_claims(from: &Used) -> wire::UsedClaims {
    let (issuer, rule) = (from.issuer.clone(), from.rule.clone());
    wire::UsedClaims { issuer, rule, expires_at: Some(timestamp(from.expires_at)) }
}

#[tonic::async_trait]
impl PrincipalService for Api {
    async fn who_am_i(&self, request: Request<wire::WhoAmIRequest>) -> Reply<wire::WhoAmIResponse> {
        let used = request.extensions().get::<Token>();
        let used = used.map(|used| token(&self.service.used_token(*used)));
        let shown = request.extensions().get::<Certificate>().map(certificate);
        let claims = request.extensions().get::<Used>().map(used_claims);
        let (by, _) = open(request)?;
        reply(async {
            let me = self.service.principal(&by.actor.principal.to_string())?;
            Ok(wire::WhoAmIResponse {
                principal: Some(wire::Principal {
                    tokens: Vec::new(),
                    certificates: Vec::new(),
                    ..principal(&me)
                }),
                grade: event::grade(by.actor.grade).into(),
                token: used,
                certificate: shown,
                claims,
            })
        })
        .await
    }

    async fn add_principal(
        &self,
        request: Request<wire::AddPrincipalRequest>,
    ) -> Reply<wire::AddPrincipalResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let name = convert::text("name", &asked.name)?;
            let kind = convert::word("kind", asked.kind, PrincipalKind::from_number)?;
            let (receipt, id) = self.service.add_principal(&call, &name, kind).await?;
            self.service.caught_up(None).await?;
            let added = self.service.principal(&id.to_string()).ok();
            Ok(wire::AddPrincipalResponse {
                receipt: self.told(&receipt),
                principal: added.as_ref().map(principal),
            })
        })
        .await
    }

    async fn list_principals(
        &self,
        request: Request<wire::ListPrincipalsRequest>,
    ) -> Reply<wire::ListPrincipalsResponse> {
        let (by, mut asked) = open(request)?;
        reply(async {
            let (size, token) = (asked.page_size, std::mem::take(&mut asked.page_token));
            asked.page_size = 0;
            let page = Page::read("principals", size, &token, &asked)?;
            self.service.whole(&by)?;
            let resolved = self.service.resolve(&gradus_service::Coordinate::default()).await?;
            let mut found = self.service.principals();
            found.retain(|view| asked.include_disabled || view.disabled_at.is_none());
            let from = usize::try_from(page.from).unwrap_or(usize::MAX);
            let end = from.saturating_add(page.size).min(found.len());
            let next = (end < found.len()).then_some(end as u64);
            let shown = found.iter().skip(from).take(page.size);
            Ok(wire::ListPrincipalsResponse {
                principals: shown.map(principal).collect(),
                next_page_token: page.next(next, &resolved),
            })
        })
        .await
    }

    async fn disable_principal(
        &self,
        request: Request<wire::DisablePrincipalRequest>,
    ) -> Reply<wire::DisablePrincipalResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            convert::bounded_text("reason", &asked.reason, MOST_REASON)?;
            let (who, reason) = (&asked.principal, &asked.reason);
            let receipt = self.service.disable_principal(&call, who, reason).await?;
            Ok(wire::DisablePrincipalResponse { receipt: self.told(&receipt) })
        })
        .await
    }

    async fn issue_token(
        &self,
        request: Request<wire::IssueTokenRequest>,
    ) -> Reply<wire::IssueTokenResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let ends = instant("expires_at", asked.expires_at.as_ref())?;
            let now = self.service.now();
            let expires_at = lifetime(ends, asked.lifetime.as_ref(), asked.no_expiry)?.end(now);
            let issued = self.service.issue_token(&call, &asked.principal, expires_at).await?;
            let shown = fresh(issued.token, now, expires_at);
            // A verdict issues nothing, so there is no secret to show.
            let only_checked = issued.receipt.validated_only;
            let secret =
                if only_checked { String::new() } else { issued.secret.as_str().to_owned() };
            Ok(wire::IssueTokenResponse {
                receipt: self.told(&issued.receipt),
                token: Some(shown),
                secret,
            })
        })
        .await
    }

    async fn rotate_token(
        &self,
        request: Request<wire::RotateTokenRequest>,
    ) -> Reply<wire::RotateTokenResponse> {
        let used = request.extensions().get::<Token>().map(|token| token.id);
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let old = match (asked.token.as_str(), used) {
                ("", Some(used)) => used,
                (id, _) => token_id(id)?,
            };
            let ends = instant("expires_at", asked.expires_at.as_ref())?;
            let lifetime = lifetime(ends, asked.lifetime.as_ref(), asked.no_expiry)?;
            let grace = grace(asked.grace.as_ref())?.unwrap_or(GRACE);
            let rotated = self.service.rotate_token(&call, old, grace, lifetime).await?;
            let RotatedToken { receipt, token, old_until, secret } = rotated;
            let only_checked = receipt.validated_only;
            Ok(wire::RotateTokenResponse {
                receipt: self.told(&receipt),
                token: Some(fresh(token.id, token.issued_at, token.expires_at)),
                secret: if only_checked { String::new() } else { secret.as_str().to_owned() },
                old_until: Some(timestamp(old_until)),
            })
        })
        .await
    }

    async fn revoke_token(
        &self,
        request: Request<wire::RevokeTokenRequest>,
    ) -> Reply<wire::RevokeTokenResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let id = token_id(&asked.token)?;
            convert::bounded_text("reason", &asked.reason, MOST_REASON)?;
            let receipt = self.service.revoke_token(&call, id, &asked.reason).await?;
            Ok(wire::RevokeTokenResponse { receipt: self.told(&receipt) })
        })
        .await
    }

    async fn register_certificate(
        &self,
        request: Request<wire::RegisterCertificateRequest>,
    ) -> Reply<wire::RegisterCertificateResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let key = key_of("certificate", &asked.certificate)?;
            let expires_at = instant("expires_at", asked.expires_at.as_ref())?;
            let who = &asked.principal;
            let receipt = self.service.register_certificate(&call, who, key, expires_at).await?;
            let known = self.service.principal(who)?.certificates;
            let new = known.iter().find(|known| known.key == key).map_or_else(
                // A verdict registers nothing, so there is nothing yet to show.
                || wire::Certificate {
                    key: key.to_string(),
                    expires_at: expires_at.map(timestamp),
                    ..wire::Certificate::default()
                },
                certificate,
            );
            Ok(wire::RegisterCertificateResponse {
                receipt: self.told(&receipt),
                certificate: Some(new),
            })
        })
        .await
    }

    async fn revoke_certificate(
        &self,
        request: Request<wire::RevokeCertificateRequest>,
    ) -> Reply<wire::RevokeCertificateResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let key = asked.key.parse().map_err(|error| ServiceError::invalid("key", error))?;
            convert::bounded_text("reason", &asked.reason, MOST_REASON)?;
            let receipt = self.service.revoke_certificate(&call, key, &asked.reason).await?;
            Ok(wire::RevokeCertificateResponse { receipt: self.told(&receipt) })
        })
        .await
    }
}
