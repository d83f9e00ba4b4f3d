//! Bodies of the events on who may act: principals, their credentials, roles and claim rules.

use minicbor::{Decode, Encode};

#[cfg(doc)]
use crate::Event;
use crate::claims::{ByRule, Condition};
use crate::unit::{PrincipalKind, Role};
use crate::{Digest, ForeignId, Label, Name, PrincipalId, Timestamp, TokenId, UnitId};

bodies! {
    /// The body of [`Event::PrincipalAdded`]; the name is payload.
    PrincipalAdded {
        /// The principal.
        0 principal: PrincipalId,
        /// Person or service.
        1 kind: PrincipalKind,
        /// The claim rule that it was added by; schema 2 if there is one.
        2 by: Option<ByRule>,
    }
    /// The body of [`Event::ClaimRuleSet`]; why is payload.
    ClaimRuleSet {
        /// Its name, unique among all claim rules.
        0 rule: Name,
        /// Who issues the tokens: their `iss`, byte for byte.
        1 issuer: ForeignId,
        /// What a token must say, all of it; each claim once, in order.
        2 conditions: Vec<Condition>,
        /// The claim by whose value those who call are told apart, for good.
        3 subject: Label,
        /// What they may do.
        4 role: Role,
        /// On this unit, or on a project of their own below it.
        5 unit: UnitId,
        /// The claim that their own project is named after; none if the role is on the unit itself.
        6 named_after: Option<Label>,
        /// The first instant at which it no longer holds; open if there is none.
        7 until: Option<Timestamp>,
    }
    /// The body of [`Event::ClaimRuleRemoved`]; why is payload.
    ClaimRuleRemoved {
        /// The rule.
        0 rule: Name,
        /// The unit that it was set on.
        1 unit: UnitId,
    }
    /// The body of [`Event::PrincipalDisabled`].
    PrincipalDisabled {
        /// The principal.
        0 principal: PrincipalId,
    }
    /// The body of [`Event::TokenIssued`].
    TokenIssued {
        /// The token's id.
        0 token: TokenId,
        /// Whom it stands for.
        1 principal: PrincipalId,
        /// The SHA-256 of the secret; the secret itself is never stored.
        2 hash: Digest,
        /// When it ends, if it does.
        3 expires_at: Option<Timestamp>,
    }
    /// The body of [`Event::TokenRevoked`].
    TokenRevoked {
        /// The token.
        0 token: TokenId,
    }
    /// The body of [`Event::CertificateRegistered`].
    CertificateRegistered {
        /// The SHA-256 of its public key, the DER of the `SubjectPublicKeyInfo`.
        0 key: Digest,
        /// Whom it stands for.
        1 principal: PrincipalId,
        /// When it ends, if it does.
        2 expires_at: Option<Timestamp>,
    }
    /// The body of [`Event::CertificateRevoked`].
    CertificateRevoked {
        /// The SHA-256 of its public key.
        0 key: Digest,
    }
    /// The body of [`Event::RoleGranted`]; why is payload.
    RoleGranted {
        /// Who may act.
        0 principal: PrincipalId,
        /// What they may do.
        1 role: Role,
        /// On this unit and on all below it.
        2 unit: UnitId,
        /// The first instant at which they may no longer; open if there is none.
        3 until: Option<Timestamp>,
    }
    /// The body of [`Event::RoleRevoked`]; why is payload.
    RoleRevoked {
        /// Whose role it was.
        0 principal: PrincipalId,
        /// The role.
        1 role: Role,
        /// The unit that it was granted on.
        2 unit: UnitId,
    }
    /// The body of [`Event::TokenRotated`]: another token of the same principal takes its place.
    TokenRotated {
        /// The token whose place is taken.
        0 token: TokenId,
        /// The new token.
        1 by: TokenId,
        /// The SHA-256 of the new secret; the secret itself is never stored.
        2 hash: Digest,
        /// When the new token ends, if it does.
        3 expires_at: Option<Timestamp>,
        /// When the old token ends, unless that is sooner anyway.
        4 old_until: Timestamp,
    }
}
