//! The organization: units and their tree, published documents, principals, tokens, certificates,
//! roles and claim rules.
//!
//! A fold of the organization's stream, readable at any point of both times. Invariant: events
//! are applied in the order of their positions.

mod audits;
mod certificates;
mod claims;
mod decide;
mod distrusts;
mod holds;
mod lineage;
mod roles;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};

use gradus_model::event::{
    ClockAccepted, Document, LogForked, LogKeyRotated, TokenIssued, UnitRegistered, UnitSucceeded,
};
use gradus_model::unit::{PrincipalKind, UnitKind};
use gradus_model::{Digest, Event, LogId, Name, PrincipalId, Timestamp, TokenId, UnitId};

pub use audits::{Engagement, OpenedPiece, Recorded};
pub use certificates::Certificate;
pub use claims::{ClaimRule, ClaimRuleError, Claims, MOST_CONDITIONS, Met, WHOSE, project_name};
pub use decide::{MOST_SUCCESSORS, decide, living};
pub use distrusts::{Distrust, MOST_DISTRUSTS};
pub use holds::{Hold, MOST_DAYS, MOST_HOLDS, Retention};
pub use roles::{Grant, Sight, roles_in_words};
pub use tokens::{MOST_GRACE_MICROS, MOST_LIFETIME_MICROS, Rotation, TokenState};

use crate::timeline::{At, Timeline};

/// The kinds of held documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DocumentKind {
    /// A reference model.
    Model,
    /// Rules.
    Rules,
    /// A target profile.
    Profile,
}

impl DocumentKind {
    /// The kind in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Rules => "rules",
            Self::Profile => "profile",
        }
    }
}

/// A document that was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Where it was recorded.
    pub position: u64,
    /// What sort of document it is.
    pub kind: DocumentKind,
    /// The id it gives itself.
    pub id: Name,
    /// The SHA-256 of its bytes.
    pub digest: Digest,
}

/// A unit as the organization's stream knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// The unit.
    pub id: UnitId,
    /// Its sort.
    pub kind: UnitKind,
    /// Where its registration was recorded.
    pub position: u64,
    /// When it came to be.
    pub registered_at: Timestamp,
    /// Its names.
    pub names: Timeline<Name>,
    /// The units above it.
    pub parents: Timeline<Option<UnitId>>,
    /// When it was archived, if it was.
    pub archived: Timeline<()>,
    /// The units in which its work goes on.
    pub successors: Timeline<Vec<UnitId>>,
}

impl Unit {
    /// Its name at the head.
    #[must_use]
    pub fn name(&self) -> Option<&Name> {
        self.names.iter().max_by_key(|name| name.position).map(|name| &name.value)
    }

    /// Whether it lived at a point: from its registration until it was archived.
    #[must_use]
    pub fn lives(&self, at: At) -> bool {
        let registered = self.position < at.size && self.registered_at <= at.valid_at;
        registered && self.archived.at(at).is_none()
    }

    /// The unit above it at a point; before its registration took effect, the first one.
    #[must_use]
    pub fn parent(&self, at: At) -> Option<UnitId> {
        let first = || self.parents.iter().next().filter(|stated| stated.position < at.size);
        self.parents.stated_at(at).or_else(first).and_then(|stated| stated.value)
    }

    /// The units in which its work goes on at a point, in the order of ids.
    #[must_use]
    pub fn successors(&self, at: At) -> &[UnitId] {
        self.successors.at(at).map_or(&[], Vec::as_slice)
    }
}

/// A principal as the organization's stream knows it; names are payload and stay outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The principal.
    pub id: PrincipalId,
    /// Person, service or Gradus itself.
    pub kind: PrincipalKind,
    /// Where that was recorded.
    pub position: u64,
    /// When they were added.
    pub added_at: Timestamp,
    /// Since when they may no longer act.
    pub disabled_at: Option<Timestamp>,
}

/// A bearer token, never its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// The token.
    pub id: TokenId,
    /// Whom it stands for.
    pub principal: PrincipalId,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
    /// What took its place, if something did.
    pub rotated: Option<Rotation>,
    /// Whether it was made on the machine, by Gradus itself, for who had lost the last one.
    pub recovered: bool,
}

/// The fold of the organization's stream.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    /// The log's id, once it was created.
    pub log: Option<LogId>,
    /// The root unit, once the log was created.
    pub organization: Option<UnitId>,
    /// Where the log went its own way after a restore to an earlier size, in order.
    pub forks: Vec<LogForked>,
    /// The clocks that were accepted, in order.
    pub clocks: Vec<ClockAccepted>,
    /// The keys of the log that others took the place of, in order, each with its position.
    pub log_keys: Vec<(u64, LogKeyRotated)>,
    units: BTreeMap<UnitId, Unit>,
    names: BTreeMap<Name, UnitId>,
    /// For each unit, those whose work was ever said to go on in it.
    predecessors: BTreeMap<UnitId, BTreeSet<UnitId>>,
    documents: Vec<Published>,
    principals: BTreeMap<PrincipalId, Principal>,
    tokens: BTreeMap<TokenId, Token>,
    token_hashes: BTreeMap<Digest, TokenId>,
    certificates: BTreeMap<Digest, Certificate>,
    roles: roles::Roles,
    claims: claims::ClaimRules,
    distrusts: distrusts::Distrusts,
    kept: holds::Kept,
    audits: audits::Audits,
}

impl Registry {
    /// A unit by its id.
    #[must_use]
    pub fn unit(&self, id: UnitId) -> Option<&Unit> {
        self.units.get(&id)
    }

    /// A unit by its name at the head.
    #[must_use]
    pub fn unit_named(&self, name: &Name) -> Option<&Unit> {
        self.names.get(name).and_then(|id| self.units.get(id))
    }

    /// The unit that had this name last, if no unit has it now.
    #[must_use]
    pub fn unit_once_named(&self, name: &Name) -> Option<&Unit> {
        let last = |unit: &&Unit| {
            let with = unit.names.iter().filter(|stated| stated.value == *name);
            with.map(|stated| stated.position).max()
        };
        self.units.values().filter(|unit| last(unit).is_some()).max_by_key(last)
    }

    /// Every unit, in the order of ids.
    pub fn units(&self) -> impl Iterator<Item = &Unit> {
        self.units.values()
    }

    /// The units whose work goes on in this one at a point, in the order of ids.
    pub fn predecessors(&self, unit: UnitId, at: At) -> impl Iterator<Item = &Unit> {
        let ever = self.predecessors.get(&unit).into_iter().flatten();
        let known = ever.filter_map(|id| self.units.get(id));
        known.filter(move |before| before.successors(at).contains(&unit))
    }

    /// The documents published up to `size`, in the order of recording.
    pub fn documents(&self, kind: DocumentKind, size: u64) -> impl Iterator<Item = &Published> {
        self.documents.iter().filter(move |held| held.kind == kind && held.position < size)
    }

    /// A published document by its id (the newest with it) or the hexadecimal of its digest.
    #[must_use]
    pub fn document(&self, kind: DocumentKind, text: &str, size: u64) -> Option<&Published> {
        self.documents(kind, size)
            .filter(|held| held.id.as_str() == text || held.digest.to_string() == text)
            .max_by_key(|held| held.position)
    }

    /// A principal by id.
    #[must_use]
    pub fn principal(&self, id: PrincipalId) -> Option<&Principal> {
        self.principals.get(&id)
    }

    /// Every principal, in the order of ids.
    pub fn principals(&self) -> impl Iterator<Item = &Principal> {
        self.principals.values()
    }

    /// The token with this hash, if it may be used at `now`.
    #[must_use]
    pub fn token(&self, hash: &Digest, now: Timestamp) -> Option<&Token> {
        let token = self.tokens.get(self.token_hashes.get(hash)?)?;
        token.is_in_force(now).then_some(token)
    }

    /// Whether a token may be used at `now`.
    #[must_use]
    pub fn is_usable(&self, token: TokenId, now: Timestamp) -> bool {
        self.tokens.get(&token).is_some_and(|token| token.is_in_force(now))
    }

    /// The tokens of a principal, in the order of ids.
    pub fn tokens_of(&self, principal: PrincipalId) -> impl Iterator<Item = &Token> {
        self.tokens.values().filter(move |token| token.principal == principal)
    }

    /// Takes in one event of the organization's stream.
    #[expect(clippy::too_many_lines, reason = "a table: one row for each event")]
    pub fn evolve(&mut self, position: u64, effective_at: Timestamp, event: &Event) {
        match event {
            Event::LogCreated(created) => {
                self.log = Some(created.log);
                self.organization = Some(created.organization);
            }
            Event::LogForked(forked) => self.forks.push(forked.clone()),
            Event::ClockAccepted(accepted) => self.clocks.push(accepted.clone()),
            Event::LogKeyRotated(rotated) => self.log_keys.push((position, rotated.clone())),
            Event::ModelPublished(held) => self.hold(position, DocumentKind::Model, held),
            Event::ProfilePublished(held) => self.hold(position, DocumentKind::Profile, held),
            Event::RulesPublished(held) => self.hold(position, DocumentKind::Rules, held),
            Event::UnitRegistered(unit) => self.register(position, effective_at, unit),
            Event::UnitRenamed(renamed) => {
                if let Some(unit) = self.units.get_mut(&renamed.unit) {
                    let old = unit.name().cloned();
                    unit.names.state(position, effective_at, renamed.name.clone());
                    old.map(|old| self.names.remove(&old));
                    self.names.insert(renamed.name.clone(), renamed.unit);
                }
            }
            Event::UnitMoved(moved) => {
                if let Some(unit) = self.units.get_mut(&moved.unit) {
                    unit.parents.state(position, effective_at, Some(moved.parent));
                }
            }
            Event::UnitArchived(archived) => {
                if let Some(unit) = self.units.get_mut(&archived.unit) {
                    unit.archived.state(position, effective_at, ());
                }
            }
            Event::UnitSucceeded(succeeded) => self.succeed(position, effective_at, succeeded),
            Event::PrincipalAdded(added) => {
                self.claims.add(position, effective_at, added);
                let (id, kind) = (added.principal, added.kind);
                let principal =
                    Principal { id, kind, position, added_at: effective_at, disabled_at: None };
                self.principals.insert(added.principal, principal);
            }
            Event::PrincipalDisabled(disabled) => {
                if let Some(principal) = self.principals.get_mut(&disabled.principal) {
                    principal.disabled_at.get_or_insert(effective_at);
                }
            }
            Event::TokenIssued(issued) => self.issue(effective_at, issued),
            Event::TokenRevoked(revoked) => {
                if let Some(token) = self.tokens.get_mut(&revoked.token) {
                    token.revoked_at.get_or_insert(effective_at);
                }
            }
            Event::CertificateRegistered(registered) => self.certify(effective_at, registered),
            Event::CertificateRevoked(revoked) => self.revoke_key(effective_at, revoked.key),
            Event::RoleGranted(granted) => self.roles.grant(position, effective_at, granted),
            Event::RoleRevoked(revoked) => self.roles.revoke(position, effective_at, revoked),
            Event::TokenRotated(rotated) => self.rotate(effective_at, rotated),
            Event::ClaimRuleSet(set) => self.claims.set(position, effective_at, set),
            Event::ClaimRuleRemoved(removed) => self.claims.remove(position, effective_at, removed),
            Event::SourceDistrusted(stated) => self.distrusts.distrust(position, stated),
            Event::SourceRestored(stated) => self.distrusts.restore(position, stated),
            Event::LegalHoldPlaced(_)
            | Event::LegalHoldLifted(_)
            | Event::RetentionSet(_)
            | Event::RetentionRemoved(_) => self.kept.evolve(position, event),
            Event::QueriesRecorded(_) | Event::EngagementEnded(_) | Event::QueriesOpened(_) => {
                self.audits.evolve(position, effective_at, event);
            }
            // A state digest tells of what is known, and adds nothing to it. The others are facts of
            // one unit's life: `settings`, `evidence` and `rating` fold them.
            Event::StateDigestRecorded(_)
            | Event::ModelAdopted(_)
            | Event::RulesAdopted(_)
            | Event::ProfileAdopted(_)
            | Event::AreaTailoredOut(_)
            | Event::AreaTailoredIn(_)
            | Event::AreaInheritanceSet(_)
            | Event::ContextRecorded(_)
            | Event::UnitLabelled(_)
            | Event::BaselineRaised(_)
            | Event::PhaseEntered(_)
            | Event::PhaseLeft(_)
            | Event::MarkerPlaced(_)
            | Event::ConflictDeclared(_)
            | Event::ConflictWithdrawn(_)
            | Event::EvidenceSubmitted(_)
            | Event::EvidenceAccepted(_)
            | Event::EvidenceRejected(_)
            | Event::EvidenceWithdrawn(_)
            | Event::EvidenceEnded(_)
            | Event::EvidenceSuperseded(_)
            | Event::EvidenceConfirmed(_)
            | Event::EvidenceLinked(_)
            | Event::EvidenceUnlinked(_)
            | Event::EvidenceInstanceLinked(_)
            | Event::EvidenceInstanceUnlinked(_)
            | Event::PayloadErased(_)
            | Event::PayloadsErased(_)
            | Event::AttachmentsErased(_)
            | Event::PracticeRated(_)
            | Event::RatingWithdrawn(_)
            | Event::RatingEnded(_)
            | Event::AppraisalOpened(_)
            | Event::AppraisalImported(_)
            | Event::AppraisalChanged(_)
            | Event::IndividualRatingSealed(_)
            | Event::IndividualRatingsRevealed(_)
            | Event::ConsensusReached(_)
            | Event::FindingRecorded(_)
            | Event::AppraisalClosed(_)
            | Event::AppraisalCancelled(_)
            | Event::AppraisalSignedOff(_) => (),
        }
    }

    /// Whether the very token was issued before, with this secret.
    fn has_issued(&self, issued: &TokenIssued) -> bool {
        let same = |token: &Token| {
            token.principal == issued.principal && token.expires_at == issued.expires_at
        };
        self.tokens.get(&issued.token).is_some_and(same)
            && self.token_hashes.get(&issued.hash) == Some(&issued.token)
    }

    fn hold(&mut self, position: u64, kind: DocumentKind, held: &Document) {
        let id = held.id.clone();
        self.documents.push(Published { position, kind, id, digest: held.digest });
    }

    fn register(&mut self, position: u64, effective_at: Timestamp, registered: &UnitRegistered) {
        let mut unit = Unit {
            id: registered.unit,
            kind: registered.kind,
            position,
            registered_at: effective_at,
            names: Timeline::default(),
            parents: Timeline::default(),
            archived: Timeline::default(),
            successors: Timeline::default(),
        };
        unit.names.state(position, effective_at, registered.name.clone());
        unit.parents.state(position, effective_at, registered.parent);
        self.names.insert(registered.name.clone(), registered.unit);
        self.units.insert(registered.unit, unit);
    }

    fn succeed(&mut self, position: u64, effective_at: Timestamp, succeeded: &UnitSucceeded) {
        if let Some(unit) = self.units.get_mut(&succeeded.unit) {
            for successor in &succeeded.successors {
                self.predecessors.entry(*successor).or_default().insert(succeeded.unit);
            }
            unit.successors.state(position, effective_at, succeeded.successors.clone());
        }
    }

    fn issue(&mut self, issued_at: Timestamp, issued: &TokenIssued) {
        let token = Token {
            id: issued.token,
            principal: issued.principal,
            issued_at,
            expires_at: issued.expires_at,
            revoked_at: None,
            rotated: None,
            recovered: false,
        };
        self.tokens.insert(issued.token, token);
        self.token_hashes.insert(issued.hash, issued.token);
    }
}
