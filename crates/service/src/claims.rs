//! Claim rules: setting and removing them, and whom the claims of a checked token stand for.
//!
//! That a token is real, and its issuer's, was checked before. What it may do is judged by the rules at
//! the head each time; the first call by a rule adds its principal, and its project where the rule
//! gives one, under ids that follow from issuer and stable id alone: they are added once, however many
//! jobs begin at a time.

use gradus_domain::access::Right;
use gradus_domain::registry::{ClaimRule, ClaimRuleError, Claims, Met, project_name};
use gradus_domain::{Actor, At, Proposal, Refusal, Registry};
use gradus_model::claims::{ByRule, Condition};
use gradus_model::event::{ClaimRuleRemoved, ClaimRuleSet, PrincipalAdded, UnitRegistered};
use gradus_model::unit::{Grade, PrincipalKind, Role, UnitKind};
use gradus_model::{Event, ForeignId, Label, Name, Payload, PrincipalId, Timestamp, UnitId};
use gradus_proof::digest::sha256_of;

use crate::access::{Caller, rights_on};
use crate::append::organization;
use crate::call::{Batch, Call, Receipt, as_id};
use crate::error::ServiceError;
use crate::service::Service;
use crate::units::reason_payload;

/// Claims that tell people who was meant, where they are there.
const NOTED: &[&str] = &[
    "repository",
    "project_path",
    "ref",
    "sha",
    "event_name",
    "run_id",
    "run_attempt",
    "pipeline_id",
    "job_id",
    "sub",
];

/// Claims that are noted of one call, and the bytes of each.
const MOST_NOTED: usize = 12;
const MOST_NOTED_BYTES: usize = 160;

/// A claim rule, as a caller states it.
#[derive(Clone, Debug)]
pub struct AskedRule<'a> {
    /// Its name.
    pub rule: Name,
    /// Who issues the tokens.
    pub issuer: ForeignId,
    /// What a token must say, in any order.
    pub conditions: Vec<Condition>,
    /// The claim by which those who call are told apart.
    pub subject: Label,
    /// What they may do.
    pub role: Role,
    /// The unit, by name or id.
    pub unit: &'a str,
    /// The claim that projects of their own are named after, if they get one below the unit.
    pub named_after: Option<Label>,
    /// From when on, and up to when, if that is said.
    pub period: (Option<Timestamp>, Option<Timestamp>),
}

/// Whom the claims of a token stand for.
#[derive(Clone, Debug)]
pub struct ByClaims {
    /// Who acts.
    pub actor: Actor,
    /// The rule that they act by.
    pub rule: Name,
    /// Where the rule was recorded.
    pub position: u64,
}

/// What the claims of a token would open.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The rule that they meet.
    pub rule: ClaimRule,
    /// The stable id of who calls.
    pub subject: ForeignId,
    /// The principal, whether or not it was added yet.
    pub principal: PrincipalId,
    /// Whether it was added.
    pub added: bool,
    /// The unit, whether or not it was registered yet.
    pub unit: UnitId,
    /// Its name, or the one that it would get.
    pub name: Option<Name>,
    /// Whether it is registered.
    pub registered: bool,
    /// The project of their own, wherever the rule gives one.
    own: UnitId,
}

/// The ids of who calls by a rule.
struct Ids {
    principal: PrincipalId,
    unit: UnitId,
}

impl Service {
    /// Sets a claim rule, in place of one of this name.
    pub async fn set_claim_rule(
        &self,
        call: &Call,
        asked: AskedRule<'_>,
        reason: &str,
    ) -> Result<Receipt, ServiceError> {
        let by = Caller { right: Right::Administer, ..call.caller() };
        let unit = self.unit(&by, asked.unit)?;
        let mut conditions = asked.conditions;
        conditions.sort();
        let (from, until) = asked.period;
        let set = ClaimRuleSet {
            rule: asked.rule,
            issuer: asked.issuer,
            conditions,
            subject: asked.subject,
            role: asked.role,
            unit,
            named_after: asked.named_after,
            until,
        };
        let proposal = Proposal::at(Event::ClaimRuleSet(set), from, self.now());
        self.append_to_organization(call, proposal.with(reason_payload(reason))).await
    }

    /// Ends a claim rule, from now on unless a moment is given.
    pub async fn remove_claim_rule(
        &self,
        call: &Call,
        rule: &Name,
        at: Option<Timestamp>,
        reason: &str,
    ) -> Result<Receipt, ServiceError> {
        let unit = {
            let (views, judged) = self.judged();
            let unknown = || Refusal::from(ClaimRuleError::Unknown(rule.clone()));
            let unit = views.registry.claim_rule_unit(rule);
            let rights = rights_on(&views.registry, call.actor.principal, unit, judged);
            // A rule on a hidden unit looks like none.
            unit.filter(|_| rights.have(Right::See)).ok_or_else(unknown)?
        };
        let event = Event::ClaimRuleRemoved(ClaimRuleRemoved { rule: rule.clone(), unit });
        let proposal = Proposal::at(event, at, self.now()).with(reason_payload(reason));
        self.append_to_organization(call, proposal).await
    }

    /// The claim rules that held at a point, on units that the caller administers or audits now.
    #[must_use]
    pub fn claim_rules(&self, by: &Caller, at: At) -> Vec<ClaimRule> {
        let (views, now) = self.judged();
        let registry = &views.registry;
        let shown = |rule: &ClaimRule| {
            let rights = registry.rights(by.actor.principal, rule.set.unit, now);
            rights.have(Right::Administer) || rights.have(Right::Prove)
        };
        registry.claim_rules(at).filter(shown).collect()
    }

    /// What the claims of a token would open now; nothing is recorded.
    #[must_use]
    pub fn opened(&self, issuer: &str, claims: &Claims) -> Option<Opened> {
        let (views, at) = self.judged();
        let registry = &views.registry;
        let Met { rule, subject } = registry.claims_met(issuer, claims, at)?;
        let ids = self.ids(&rule, &subject);
        let unit = rule.opens(ids.unit);
        let known = registry.unit(unit);
        let name = match known {
            Some(known) => known.name().cloned(),
            None => name_of(registry, &rule, &subject, claims, unit),
        };
        let (principal, registered) = (ids.principal, known.is_some());
        let added = registry.principal(principal).is_some();
        Some(Opened { rule, subject, principal, added, unit, name, registered, own: ids.unit })
    }

    /// Whom the claims of a token stand for, by the rules at the head; none if they meet no rule, or
    /// only for somebody who was disabled. The first call adds who calls, and is answered once that
    /// is durable.
    ///
    /// # Errors
    ///
    /// Why nothing could be added: a parent that was archived, a clock that is suspect.
    pub async fn authenticate_claims(
        &self,
        issuer: &str,
        claims: &Claims,
    ) -> Result<Option<ByClaims>, ServiceError> {
        let Some(opened) = self.opened(issuer, claims) else { return Ok(None) };
        if !(opened.added && opened.registered) {
            self.add_by_rule(&opened, claims).await?;
        }
        let views = self.views();
        let principal = views.registry.principal(opened.principal);
        let enabled = principal.filter(|found| found.disabled_at.is_none());
        Ok(enabled.map(|found| ByClaims {
            actor: Actor { principal: found.id, kind: found.kind, grade: Grade::Oidc },
            rule: opened.rule.set.rule.clone(),
            position: opened.rule.position,
        }))
    }

    /// Adds who calls by a rule for the first time.
    async fn add_by_rule(&self, opened: &Opened, claims: &Claims) -> Result<(), ServiceError> {
        let system = {
            let views = self.views();
            let mut all = views.registry.principals();
            let system = all.find(|one| one.kind == PrincipalKind::System).map(|one| one.id);
            system.ok_or(ServiceError::Fault("the log has no system principal"))?
        };
        let (kind, grade) = (PrincipalKind::System, Grade::Internal);
        let call = Call::by(Actor { principal: system, kind, grade });
        let now = self.now();
        let stream = |registry: &Registry| organization(registry);
        self.append(
            &call,
            |writer, _| stream(&writer.registry),
            |writer, _| {
                // Judged under the lock: of many first calls one records.
                let proposals = beginning(&writer.registry, opened, claims, now)?;
                Ok(vec![Batch::new(stream(&writer.registry)?, proposals)])
            },
        )
        .await?;
        self.caught_up(None).await
    }

    /// Ids that follow from who calls: the same in every call, and in no other log.
    fn ids(&self, rule: &ClaimRule, subject: &ForeignId) -> Ids {
        let set = &rule.set;
        let draw = |sort: &str, rule: &str| {
            let texts = [sort, set.issuer.as_str(), set.subject.as_str(), rule, subject.as_str()];
            let mut parts: Vec<Vec<u8>> =
                vec![b"gradus/v1/claims/".to_vec(), self.log_id.0.to_vec()];
            for text in texts {
                parts.push((text.len() as u64).to_be_bytes().to_vec());
                parts.push(text.as_bytes().to_vec());
            }
            let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            let mut id = [0; 16];
            for (byte, digest) in id.iter_mut().zip(sha256_of(&parts).0) {
                *byte = digest;
            }
            as_id(id)
        };
        // Rights follow principals, so each rule has its own; a project is the same by every rule.
        let principal = PrincipalId(draw("principal", set.rule.as_str()));
        Ids { principal, unit: UnitId(draw("unit", "")) }
    }
}

/// The name of the project that a rule would register.
fn name_of(
    registry: &Registry,
    rule: &ClaimRule,
    subject: &ForeignId,
    claims: &Claims,
    unit: UnitId,
) -> Option<Name> {
    let named_after = rule.set.named_after.as_ref()?;
    let value = claims.get(named_after.as_str()).map_or("", String::as_str);
    project_name(value, subject.as_str(), unit, |name| registry.unit_named(name).is_some())
}

/// What is still to be recorded of who calls.
fn beginning(
    registry: &Registry,
    opened: &Opened,
    claims: &Claims,
    now: Timestamp,
) -> Result<Vec<Proposal>, ServiceError> {
    let Opened { rule, subject, principal, unit, .. } = opened;
    let set = &rule.set;
    let said = noted(set, claims);
    let mut proposals = Vec::new();
    if set.named_after.is_some() && registry.unit(*unit).is_none() {
        let name = name_of(registry, rule, subject, claims, *unit);
        let name = name.ok_or(ServiceError::Fault("no name is left for a project"))?;
        let (kind, parent) = (UnitKind::Project, Some(set.unit));
        let registered = UnitRegistered { unit: *unit, kind, parent, name };
        let proposal = Proposal::at(Event::UnitRegistered(registered), None, now);
        proposals.push(proposal.with(said.clone()));
    }
    if registry.principal(*principal).is_none() {
        let (rule, issuer) = (set.rule.clone(), set.issuer.clone());
        // A colon is in no name that people choose.
        let name = format!("{rule}:{subject}");
        let by = Some(ByRule { rule, issuer, unit: opened.own });
        let (principal, kind) = (*principal, PrincipalKind::Service);
        let event = Event::PrincipalAdded(PrincipalAdded { principal, kind, by });
        let mut payload = Payload::empty().with("name", name);
        payload.0.extend(said.0);
        proposals.push(Proposal::at(event, None, now).with(payload));
    }
    Ok(proposals)
}

/// What a token said that tells people who was meant, as fields of a payload; never the token.
fn noted(set: &ClaimRuleSet, claims: &Claims) -> Payload {
    let asked = set.conditions.iter().map(|one| one.claim.as_str());
    let mut names: Vec<&str> = NOTED.to_vec();
    for name in [set.subject.as_str()].into_iter().chain(asked) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let said = names.iter().filter_map(|claim| Some((claim, claims.get(*claim)?)));
    said.take(MOST_NOTED).fold(Payload::empty(), |payload, (claim, value)| {
        let end = value.floor_char_boundary(MOST_NOTED_BYTES);
        payload.with(&format!("claim:{claim}"), value.get(..end).unwrap_or_default())
    })
}
