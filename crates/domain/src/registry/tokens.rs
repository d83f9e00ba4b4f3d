//! The life of a bearer token: in force, then ended by its time, a revocation or a rotation.
//!
//! Invariant: a token never gets longer. A rotation gives its principal another one.

use gradus_model::event::TokenRotated;
use gradus_model::{Timestamp, TokenId};

use super::{Registry, Token};
use crate::proposal::{Occasion, Verdict};
use crate::refusal::Refusal;

const DAY_MICROS: i64 = 86_400 * 1_000_000;

/// The longest that a token with an end is good for: 366 days.
pub const MOST_LIFETIME_MICROS: i64 = 366 * DAY_MICROS;

/// The longest that a token is good for after it was rotated: 30 days.
pub const MOST_GRACE_MICROS: i64 = 30 * DAY_MICROS;

/// What took a token's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The new token.
    pub by: TokenId,
    /// When the old one ends.
    pub until: Timestamp,
}

/// What a token is good for at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// It may be used.
    InForce,
    /// It may be used until its grace period ends; another one took its place.
    Rotated,
    /// Its time, or its grace period, has passed.
    Ended,
    /// It was revoked.
    Revoked,
}

impl Token {
    /// When it ends by itself, if it does.
    #[must_use]
    pub fn ends_at(&self) -> Option<Timestamp> {
        let ends = [self.expires_at, self.rotated.map(|rotation| rotation.until)];
        ends.into_iter().flatten().min()
    }

    /// What it is good for at `now`, while its principal may act.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> TokenState {
        if self.revoked_at.is_some() {
            TokenState::Revoked
        } else if self.ends_at().is_some_and(|end| end <= now) {
            TokenState::Ended
        } else if self.rotated.is_some() {
            TokenState::Rotated
        } else {
            TokenState::InForce
        }
    }

    /// Whether it may be used at `now`, while its principal may act.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        matches!(self.state(now), TokenState::InForce | TokenState::Rotated)
    }
}

impl Registry {
    /// A token by its id, whatever became of it.
    #[must_use]
    pub fn token_of_id(&self, id: TokenId) -> Option<&Token> {
        self.tokens.get(&id)
    }

    /// The token with this hash, whatever became of it.
    #[must_use]
    pub fn token_of_hash(&self, hash: &gradus_model::Digest) -> Option<&Token> {
        self.tokens.get(self.token_hashes.get(hash)?)
    }

    /// Takes in that Gradus itself issued a token: all but the first one of the log, which its first start
    /// writes, were recovered.
    pub fn issued_by_itself(&mut self, id: TokenId) {
        let first = self.tokens.len() == 1;
        if let Some(token) = self.tokens.get_mut(&id) {
            token.recovered = !first;
        }
    }

    pub(super) fn rotate(&mut self, at: Timestamp, rotated: &TokenRotated) {
        let Some(old) = self.tokens.get_mut(&rotated.token) else { return };
        old.rotated = Some(Rotation { by: rotated.by, until: rotated.old_until });
        let token = Token {
            id: rotated.by,
            principal: old.principal,
            issued_at: at,
            expires_at: rotated.expires_at,
            revoked_at: None,
            rotated: None,
            recovered: false,
        };
        self.tokens.insert(rotated.by, token);
        self.token_hashes.insert(rotated.hash, rotated.by);
    }

    /// A token is rotated once, so that who stole the old one cannot go on with it; if the new one
    /// never arrived, it is revoked first.
    pub(super) fn decide_rotation(
        &self,
        on: &Occasion,
        rotated: &TokenRotated,
    ) -> Result<Verdict, Refusal> {
        let old = self.tokens.get(&rotated.token);
        let old = old.ok_or_else(|| Refusal::TokenUnknown(rotated.token.to_string()))?;
        let principal = self.principal(old.principal);
        if principal.is_none_or(|principal| principal.disabled_at.is_some()) {
            return Err(Refusal::PrincipalDisabled(old.principal));
        }
        let same = self.token_hashes.get(&rotated.hash) == Some(&rotated.by);
        if same && old.rotated.is_some_and(|known| known.by == rotated.by) {
            return Ok(Verdict::AlreadySo);
        }
        if !old.is_in_force(on.now) {
            return Err(Refusal::TokenEnded(old.id));
        }
        let longest = on.now.plus_micros(MOST_GRACE_MICROS);
        let latest = match old.rotated {
            Some(Rotation { by, until }) => {
                let revoked = self.token_of_id(by).is_none_or(|new| new.revoked_at.is_some());
                if !revoked {
                    return Err(Refusal::TokenRotated { token: old.id, by, until });
                }
                longest.min(until)
            }
            None => longest,
        };
        if rotated.old_until > latest {
            return Err(Refusal::TooLate { field: "grace", seen: rotated.old_until, latest });
        }
        ends_in_time(on, rotated.expires_at)?;
        Ok(Verdict::Record)
    }
}

/// A token's end lies ahead, and not too far.
pub(super) fn ends_in_time(on: &Occasion, ends: Option<Timestamp>) -> Result<(), Refusal> {
    let field = "expires_at";
    let latest = on.now.plus_micros(MOST_LIFETIME_MICROS);
    match ends {
        Some(seen) if seen <= on.now => Err(Refusal::InThePast { field, seen }),
        Some(seen) if seen > latest => Err(Refusal::TooLate { field, seen, latest }),
        Some(_) | None => Ok(()),
    }
}
