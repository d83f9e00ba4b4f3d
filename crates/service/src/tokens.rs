//! The life of bearer tokens: how long they are good for, what takes their place, what is shown.

use std::fmt;
use std::time::Duration;

use gradus_domain::access::Right;
use gradus_domain::registry::{Token, TokenState};
use gradus_domain::{Proposal, Refusal};
use gradus_model::event::TokenRotated;
use gradus_model::{Digest, Event, Timestamp, TokenId};
use gradus_proof::digest::sha256;
use zeroize::Zeroizing;

use crate::append::organization;
use crate::call::{Call, Receipt};
use crate::error::ServiceError;
use crate::identity::{IssuedToken, PREFIX, Secret, secret};
use crate::service::Service;
use crate::uses::Use;

/// What a token is good for where nothing else is said: 90 days.
pub const LIFETIME: Duration = Duration::from_hours(24 * 90);

/// What a token is good for after it was rotated, where nothing else is said: a day.
pub const GRACE: Duration = Duration::from_hours(24);

/// No token is longer: what is need not be looked up.
const MOST_TOKEN_BYTES: usize = 128;

/// How long a new token is to be good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// As is usual: of a new token [`LIFETIME`], of a rotated one what the old one had.
    Usual,
    /// Until then.
    Until(Timestamp),
    /// So long.
    For(Duration),
    /// It has no end.
    Endless,
}

impl Lifetime {
    /// When a token that is issued now ends, if it does.
    #[must_use]
    pub fn end(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Usual => Some(later(now, LIFETIME)),
            Self::Until(end) => Some(end),
            Self::For(span) => Some(later(now, span)),
            Self::Endless => None,
        }
    }

    /// When a token that takes the place of `old` now ends, if it does.
    fn end_after(self, old: &Token, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Usual => old.expires_at.map(|end| {
                let whole = end.micros().saturating_sub(old.issued_at.micros());
                // Tokens from before may be longer than one may be now.
                now.plus_micros(whole.min(gradus_domain::registry::MOST_LIFETIME_MICROS))
            }),
            other => other.end(now),
        }
    }
}

fn later(now: Timestamp, span: Duration) -> Timestamp {
    now.plus_micros(i64::try_from(span.as_micros()).unwrap_or(i64::MAX))
}

/// The hash of a text that may be a token.
pub(crate) fn hash_of(text: &str) -> Option<Digest> {
    let may_be = text.starts_with(PREFIX) && text.len() <= MOST_TOKEN_BYTES;
    may_be.then(|| sha256(text.as_bytes()))
}

impl fmt::Debug for IssuedToken {
    /// Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedToken").field("token", &self.token).finish_non_exhaustive()
    }
}

/// A token as people see it.
#[derive(Clone, Copy, Debug)]
pub struct TokenView {
    /// The token.
    pub token: Token,
    /// What it is good for now.
    pub state: TokenState,
    /// When it was last used, as far as that is known.
    pub last_used: Option<Use>,
}

/// A token that took the place of another one; the secret is shown here and never again.
pub struct RotatedToken {
    /// What was recorded.
    pub receipt: Receipt,
    /// The new token.
    pub token: Token,
    /// When the old token ends.
    pub old_until: Timestamp,
    /// The secret of the new token.
    pub secret: Zeroizing<String>,
}

impl fmt::Debug for RotatedToken {
    /// Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RotatedToken").field("token", &self.token).finish_non_exhaustive()
    }
}

impl Service {
    /// A token as it is now, of a principal that was disabled then.
    pub(crate) fn token_view(
        &self,
        token: Token,
        disabled_at: Option<Timestamp>,
        now: Timestamp,
    ) -> TokenView {
        let state = match token.state(now) {
            TokenState::InForce | TokenState::Rotated if disabled_at.is_some() => TokenState::Ended,
            state => state,
        };
        TokenView { token, state, last_used: self.uses.of(token.id) }
    }

    /// A token that was used just now, as people see it.
    #[must_use]
    pub fn used_token(&self, token: Token) -> TokenView {
        self.token_view(token, None, self.now())
    }

    /// Why a token does not stand for anybody, in a word: for the log alone, never for the caller.
    #[must_use]
    pub fn why_refused(&self, token: &str) -> &'static str {
        let Some(hash) = hash_of(token) else { return "malformed" };
        let views = self.views();
        let Some(known) = views.registry.token_of_hash(&hash) else { return "unknown" };
        match known.state(self.now()) {
            TokenState::Revoked => "revoked",
            TokenState::Ended if known.rotated.is_some() => "rotated",
            TokenState::Ended => "ended",
            TokenState::InForce | TokenState::Rotated => "disabled",
        }
    }

    /// Gives the principal of a token another one in its place; the old one is good for a while yet.
    ///
    /// # Errors
    ///
    /// [`ServiceError::SecretShown`] when the request id was used before.
    pub async fn rotate_token(
        &self,
        call: &Call,
        token: TokenId,
        grace: Duration,
        lifetime: Lifetime,
    ) -> Result<RotatedToken, ServiceError> {
        let now = self.now();
        let (old, kind) = {
            let (views, at) = self.judged();
            let old = views.registry.token_of_id(token).copied();
            if old.is_none_or(|old| old.principal != call.actor.principal) {
                // Only admins learn which tokens there are.
                let by = call.actor.principal;
                let organization = organization(&views.registry)?;
                views.registry.need(by, Right::Administer, organization, at.valid_at)?;
            }
            let old = old.ok_or_else(|| Refusal::TokenUnknown(token.to_string()))?;
            let principal = views.registry.principal(old.principal);
            (old, principal.ok_or(ServiceError::Fault("a token is nobody's"))?.kind)
        };
        let expires_at = lifetime.end_after(&old, now);
        // A rotation never makes the old one longer, nor the grace that it has already.
        let old_until = later(now, grace);
        let old_until = old.ends_at().map_or(old_until, |end| end.min(old_until));
        let Secret { text: secret, hash } = secret(kind)?;
        let rotated = |by| {
            let rotated = TokenRotated { token, by, hash, expires_at, old_until };
            Proposal::at(Event::TokenRotated(rotated), None, now)
        };
        let (receipt, id) = self.record_token(call, rotated).await?;
        let token =
            Token { id, issued_at: now, expires_at, rotated: None, recovered: false, ..old };
        Ok(RotatedToken { receipt, token, old_until, secret })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradus_model::{Edge, PrincipalId};

    fn day(text: &str) -> Timestamp {
        Timestamp::parse(text, Edge::Start).unwrap()
    }

    #[test]
    fn a_rotated_token_is_good_for_as_long_as_the_old_one_was() {
        let token = |expires_at: Option<&str>| Token {
            id: TokenId([1; 16]),
            principal: PrincipalId([2; 16]),
            issued_at: day("2026-01-01"),
            expires_at: expires_at.map(day),
            revoked_at: None,
            rotated: None,
            recovered: false,
        };
        let now = day("2026-03-01");
        let end = |lifetime: Lifetime, old: Option<&str>| lifetime.end_after(&token(old), now);
        assert_eq!(end(Lifetime::Usual, None), None);
        assert_eq!(end(Lifetime::Usual, Some("2026-01-31")), Some(day("2026-03-31")));
        assert_eq!(end(Lifetime::Usual, Some("2036-01-31")), Some(day("2027-03-02")));
        assert_eq!(end(Lifetime::Endless, Some("2026-01-31")), None);
        assert_eq!(end(Lifetime::For(Duration::from_hours(24)), None), Some(day("2026-03-02")));
        assert_eq!(Lifetime::Usual.end(now), Some(day("2026-05-30")));
        assert_eq!(Lifetime::For(Duration::MAX).end(now), Some(Timestamp::MAX));
    }

    #[test]
    fn what_cannot_be_a_token_is_not_hashed() {
        assert!(hash_of("gradus_x").is_some());
        assert!(hash_of("github_x").is_none());
        assert!(hash_of(&format!("gradus_{}", "0".repeat(200))).is_none());
    }
}
