//! Tokens on the wire: what is shown of them, and how long they are asked to be good for.

use std::time::Duration;

use gradus_domain::registry::TokenState;
use gradus_model::{Timestamp, TokenId};
use gradus_service::ServiceError;
use gradus_service::tokens::{Lifetime, TokenView};
use gradus_wire::v1 as wire;

use crate::convert::{event, timestamp};

/// A token as its principal and the operators see it.
pub(crate) fn token(from: &TokenView) -> wire::Token {
    let TokenView { token, state, last_used } = from;
    wire::Token {
        id: token.id.to_string(),
        issued_at: Some(timestamp(token.issued_at)),
        expires_at: token.expires_at.map(timestamp),
        revoked_at: token.revoked_at.map(timestamp),
        rotated_to: token.rotated.map(|rotation| rotation.by.to_string()).unwrap_or_default(),
        rotated_until: token.rotated.map(|rotation| timestamp(rotation.until)),
        state: told(*state).into(),
        last_used_at: last_used.map(|used| timestamp(used.at)),
        last_used_grade: last_used.map_or(0, |used| event::grade(used.grade).into()),
        recovered: token.recovered,
    }
}

/// A token that was issued just now.
pub(crate) fn fresh(id: TokenId, issued_at: Timestamp, ends: Option<Timestamp>) -> wire::Token {
    wire::Token {
        id: id.to_string(),
        issued_at: Some(timestamp(issued_at)),
        expires_at: ends.map(timestamp),
        state: wire::TokenState::InForce.into(),
        ..wire::Token::default()
    }
}

const fn told(state: TokenState) -> wire::TokenState {
    match state {
        TokenState::InForce => wire::TokenState::InForce,
        TokenState::Rotated => wire::TokenState::Rotated,
        TokenState::Ended => wire::TokenState::Ended,
        TokenState::Revoked => wire::TokenState::Revoked,
    }
}

/// How long a token is to be good for; one of the ways to say it, at most.
pub(crate) fn lifetime(
    ends: Option<Timestamp>,
    span: Option<&prost_types::Duration>,
    endless: bool,
) -> Result<Lifetime, ServiceError> {
    match (ends, duration("lifetime", span)?, endless) {
        (None, None, false) => Ok(Lifetime::Usual),
        (Some(end), None, false) => Ok(Lifetime::Until(end)),
        (None, Some(span), false) => Ok(Lifetime::For(span)),
        (None, None, true) => Ok(Lifetime::Endless),
        _ => {
            let reason = "give one of `expires_at`, `lifetime` and `no_expiry`, or none of them";
            Err(ServiceError::invalid("lifetime", reason))
        }
    }
}

/// How long the old token is to be good for after a rotation, if it is said.
pub(crate) fn grace(
    given: Option<&prost_types::Duration>,
) -> Result<Option<Duration>, ServiceError> {
    duration("grace", given)
}

fn duration(
    field: &str,
    given: Option<&prost_types::Duration>,
) -> Result<Option<Duration>, ServiceError> {
    let Some(given) = given else { return Ok(None) };
    let wrong = |_| {
        let reason = format!(
            "{} s and {} ns are no span of time: give 0 or more of each",
            given.seconds, given.nanos
        );
        ServiceError::invalid(field, reason)
    };
    // Finer than a microsecond nothing is recorded.
    Duration::try_from(*given).map(Some).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(seconds: i64) -> prost_types::Duration {
        prost_types::Duration { seconds, nanos: 0 }
    }

    #[test]
    fn the_end_of_a_token_is_said_in_one_way_at_most() {
        let end = Timestamp::MAX;
        assert_eq!(lifetime(None, None, false).unwrap(), Lifetime::Usual);
        assert_eq!(lifetime(Some(end), None, false).unwrap(), Lifetime::Until(end));
        let hour = Duration::from_hours(1);
        assert_eq!(lifetime(None, Some(&span(3_600)), false).unwrap(), Lifetime::For(hour));
        assert_eq!(lifetime(None, None, true).unwrap(), Lifetime::Endless);
        for (ends, given, endless) in [
            (Some(end), None, true),
            (Some(end), Some(span(1)), false),
            (None, Some(span(1)), true),
        ] {
            let error = lifetime(ends, given.as_ref(), endless).unwrap_err().to_string();
            assert_eq!(
                error,
                "`lifetime`: give one of `expires_at`, `lifetime` and `no_expiry`, or none of them"
            );
        }
    }

    #[test]
    fn a_negative_span_is_refused_and_none_is_none() {
        assert_eq!(grace(None).unwrap(), None);
        assert_eq!(grace(Some(&span(0))).unwrap(), Some(Duration::ZERO));
        assert_eq!(
            grace(Some(&span(-1))).unwrap_err().to_string(),
            "`grace`: -1 s and 0 ns are no span of time: give 0 or more of each"
        );
    }
}
