//! Claim rules: which tokens of an identity provider stand for somebody, and what these may do.
//!
//! A principal is added by a rule, and has what that rule gives for as long as the rule holds:
//! nothing is granted that could stand on its own. Invariant: what a rule gives is judged where
//! roles are, at the point asked about.

use std::collections::BTreeMap;
use std::sync::Arc;

use gradus_model::claims::{ByRule, Condition};
use gradus_model::event::{ClaimRuleRemoved, ClaimRuleSet, PrincipalAdded};
use gradus_model::unit::{Role, UnitKind};
use gradus_model::{ForeignId, Label, Name, PrincipalId, Timestamp, UnitId};

use super::{Grant, Registry, decide};
use crate::evidence::bounded;
use crate::proposal::{Occasion, Proposal, Verdict};
use crate::refusal::Refusal;
use crate::timeline::{At, Stated, Timeline};
use crate::unit::record_unless;

/// Conditions of one rule.
pub const MOST_CONDITIONS: usize = 16;

/// Claims by which build systems and identity providers say whose work a token is for.
pub const WHOSE: &[&str] = &[
    "sub",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "enterprise_id",
    "organization_id",
    "namespace_id",
    "namespace_path",
    "project_id",
    "project_path",
    "client_id",
    "azp",
];

/// Why a claim rule is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimRuleError {
    /// No rule has this name.
    #[error("claim rule `{0}` is unknown")]
    Unknown(Name),
    /// The rule was set on another unit, where others may administer it.
    #[error("claim rule `{0}` is set on another unit: remove it there, or choose another name")]
    Elsewhere(Name),
    /// What only people should do.
    #[error("a claim rule cannot give the role {0}: it is for machines, use collector or viewer")]
    Role(Role),
    /// A claim is named more than once.
    #[error("claim `{0}` has two conditions: give it one")]
    Twice(Label),
    /// Others choose parts of the claim.
    #[error(
        "`{claim}` is put together from parts, some of which others choose, so that `{value}` may be met \
         by what it does not mean: give the whole value, or a condition for each part by its own claim"
    )]
    Loose {
        /// The claim.
        claim: Label,
        /// The value asked for.
        value: ForeignId,
    },
    /// Everybody whom the issuer serves would meet the rule.
    #[error(
        "nothing here says whose work it is, so that everybody whom this issuer serves could meet the \
         rule: add a condition such as repository_owner_id=4711 or repository=acme/*"
    )]
    Anybody,
}

/// What was stated of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Term {
    Set(Arc<ClaimRuleSet>),
    Removed(UnitId),
}

impl Term {
    fn unit(&self) -> UnitId {
        match self {
            Self::Set(set) => set.unit,
            Self::Removed(unit) => *unit,
        }
    }
}

/// Whom a rule added, and when.
#[derive(Clone, Debug)]
struct Claimed {
    position: u64,
    added_at: Timestamp,
    by: ByRule,
}

/// All claim rules, and the principals that were added by them.
#[derive(Clone, Debug, Default)]
pub(super) struct ClaimRules {
    rules: BTreeMap<Name, Timeline<Term>>,
    claimed: BTreeMap<PrincipalId, Claimed>,
}

/// A claim rule that holds at a point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRule {
    /// What it says.
    pub set: Arc<ClaimRuleSet>,
    /// Since when it holds.
    pub from: Timestamp,
    /// Where it was recorded.
    pub position: u64,
}

/// What a token says, claim by claim; numbers and truth values as JSON writes them.
pub type Claims = BTreeMap<String, String>;

/// A rule that a token meets, and who calls by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Met {
    /// The rule.
    pub rule: ClaimRule,
    /// The value of the claim by which those who call are told apart.
    pub subject: ForeignId,
}

impl ClaimRule {
    /// Whom the claims stand for by this rule, if they meet it.
    fn met_by(self, claims: &Claims) -> Option<Met> {
        let says = |one: &Condition| {
            claims.get(one.claim.as_str()).is_some_and(|value| one.is_met_by(value))
        };
        let subject = claims.get(self.set.subject.as_str())?.parse().ok()?;
        self.set.conditions.iter().all(says).then_some(Met { rule: self, subject })
    }

    /// The unit on which it gives a role to one of its principals.
    #[must_use]
    pub fn opens(&self, own: UnitId) -> UnitId {
        if self.set.named_after.is_some() { own } else { self.set.unit }
    }
}

/// The statement that holds at a point: the latest that was not removed since, as with roles.
fn in_force(terms: &Timeline<Term>, at: At) -> Option<ClaimRule> {
    let begun =
        || terms.iter().filter(|term| term.position < at.size && term.effective_at <= at.valid_at);
    let is_removal = |term: &Stated<Term>| matches!(term.value, Term::Removed(_));
    let removed = |set: &Stated<Term>| {
        begun().any(|later| is_removal(later) && later.position > set.position)
    };
    let standing = begun().filter(|term| is_removal(term) || !removed(term));
    let latest = standing.max_by_key(|term| (term.effective_at, term.position))?;
    match &latest.value {
        Term::Set(set) if set.until.is_none_or(|until| at.valid_at < until) => {
            let (from, position) = (latest.effective_at, latest.position);
            Some(ClaimRule { set: Arc::clone(set), from, position })
        }
        Term::Set(_) | Term::Removed(_) => None,
    }
}

/// Whether a rule holds at a moment or will hold later.
fn holds_from(terms: &Timeline<Term>, from: Timestamp) -> bool {
    let at = At::with_everything(from);
    let mut moments = terms.iter().map(|term| term.effective_at.max(from));
    moments.any(|valid_at| in_force(terms, At { valid_at, ..at }).is_some())
}

impl ClaimRules {
    pub(super) fn set(&mut self, position: u64, from: Timestamp, set: &ClaimRuleSet) {
        let terms = self.rules.entry(set.rule.clone()).or_default();
        terms.state(position, from, Term::Set(Arc::new(set.clone())));
    }

    pub(super) fn remove(&mut self, position: u64, from: Timestamp, removed: &ClaimRuleRemoved) {
        let terms = self.rules.entry(removed.rule.clone()).or_default();
        terms.state(position, from, Term::Removed(removed.unit));
    }

    pub(super) fn add(&mut self, position: u64, added_at: Timestamp, added: &PrincipalAdded) {
        if let Some(by) = added.by.clone() {
            self.claimed.insert(added.principal, Claimed { position, added_at, by });
        }
    }

    pub(super) fn principals(&self) -> impl Iterator<Item = PrincipalId> {
        self.claimed.keys().copied()
    }

    /// What a principal has by the rule that it was added by.
    pub(super) fn of(&self, principal: PrincipalId, at: At) -> Option<Grant> {
        let known = self.claimed.get(&principal)?;
        if known.position >= at.size || known.added_at > at.valid_at {
            return None;
        }
        let rule = in_force(self.rules.get(&known.by.rule)?, at)?;
        // A rule that now trusts another issuer gives nothing to those of the one before.
        if rule.set.issuer != known.by.issuer {
            return None;
        }
        Some(Grant {
            principal,
            role: rule.set.role,
            unit: rule.opens(known.by.unit),
            from: rule.from.max(known.added_at),
            until: rule.set.until,
            position: rule.position,
        })
    }
}

impl Registry {
    /// The claim rules that hold at a point, by name.
    pub fn claim_rules(&self, at: At) -> impl Iterator<Item = ClaimRule> {
        self.claims.rules.values().filter_map(move |terms| in_force(terms, at))
    }

    /// A claim rule that holds at a point.
    #[must_use]
    pub fn claim_rule(&self, name: &Name, at: At) -> Option<ClaimRule> {
        in_force(self.claims.rules.get(name)?, at)
    }

    /// The unit that a rule was set on last, whether or not it still holds.
    #[must_use]
    pub fn claim_rule_unit(&self, name: &Name) -> Option<UnitId> {
        let last = self.claims.rules.get(name)?.iter().max_by_key(|term| term.position)?;
        Some(last.value.unit())
    }

    /// By which rule a principal was added, if one did it.
    #[must_use]
    pub fn added_by(&self, principal: PrincipalId) -> Option<&ByRule> {
        self.claims.claimed.get(&principal).map(|known| &known.by)
    }

    /// That a principal may have a credential that is stored: a token or certificate, which would let it
    /// in from where the rule does not, and when the rule is gone.
    pub(super) fn may_have_stored(&self, principal: PrincipalId) -> Result<(), Refusal> {
        match self.added_by(principal) {
            Some(by) => Err(Refusal::CallsByRule { principal, rule: by.rule.clone() }),
            None => Ok(()),
        }
    }

    /// The rule that claims of an issuer meet at a point: of several one that lets evidence be
    /// submitted rather than one that does not, then the first by name.
    #[must_use]
    pub fn claims_met(&self, issuer: &str, claims: &Claims, at: At) -> Option<Met> {
        let of_issuer = self.claim_rules(at).filter(|rule| rule.set.issuer.as_str() == issuer);
        let met = of_issuer.filter_map(|rule| rule.met_by(claims));
        met.min_by_key(|met| met.rule.set.role != Role::Collector)
    }
}

pub(super) fn set(
    registry: &Registry,
    on: &Occasion,
    new: &ClaimRuleSet,
    proposal: &Proposal,
) -> Result<Verdict, Refusal> {
    let unit = decide::living(registry, new.unit)?;
    if new.named_after.is_some() {
        decide::stands_below(UnitKind::Project, unit.kind)?;
    }
    bounded("conditions", new.conditions.len(), MOST_CONDITIONS)?;
    sound(new)?;
    let from = proposal.effective_at;
    match new.until {
        Some(seen) if seen <= from => {
            return Err(Refusal::EndBeforeStart { field: "until", seen, from });
        }
        Some(seen) if seen <= on.now => return Err(Refusal::InThePast { field: "until", seen }),
        Some(_) | None => (),
    }
    let Some(terms) = registry.claims.rules.get(&new.rule) else { return Ok(Verdict::Record) };
    let elsewhere = registry.claim_rule_unit(&new.rule) != Some(new.unit);
    if elsewhere && holds_from(terms, on.now) {
        return Err(ClaimRuleError::Elsewhere(new.rule.clone()).into());
    }
    let known = in_force(terms, At::with_everything(from));
    let same = |known: ClaimRule| *known.set == *new && proposal.repeats(known.from);
    Ok(record_unless(known.is_some_and(same)))
}

/// Whether a rule can be met by those alone whom it means.
fn sound(new: &ClaimRuleSet) -> Result<(), ClaimRuleError> {
    if !matches!(new.role, Role::Collector | Role::Viewer) {
        return Err(ClaimRuleError::Role(new.role));
    }
    for (condition, next) in new.conditions.iter().zip(new.conditions.iter().skip(1)) {
        if condition.claim >= next.claim {
            return Err(ClaimRuleError::Twice(next.claim.clone()));
        }
    }
    let glued = |one: &&Condition| one.claim.as_str() == "sub" && !one.is_exact();
    if let Some(Condition { claim, value }) = new.conditions.iter().find(glued) {
        return Err(ClaimRuleError::Loose { claim: claim.clone(), value: value.clone() });
    }
    let says_whose = |one: &Condition| {
        let claim = one.claim.as_str();
        // `acme*` would be met by the repositories of `acme-impostor`, too.
        let whole = |value: &str| value.split_once('*').is_none_or(|(before, _)| is_a_path(before));
        (one.claim == new.subject || WHOSE.contains(&claim)) && whole(one.value.as_str())
    };
    if new.conditions.iter().any(says_whose) { Ok(()) } else { Err(ClaimRuleError::Anybody) }
}

/// Whether a text is one or more whole parts of a path, each with its `/`.
fn is_a_path(text: &str) -> bool {
    text.len() > 1 && text.ends_with('/')
}

pub(super) fn remove(
    registry: &Registry,
    removed: &ClaimRuleRemoved,
    from: Timestamp,
) -> Result<Verdict, Refusal> {
    let terms = registry.claims.rules.get(&removed.rule);
    let terms = terms.ok_or_else(|| ClaimRuleError::Unknown(removed.rule.clone()))?;
    if registry.claim_rule_unit(&removed.rule) != Some(removed.unit) {
        return Err(ClaimRuleError::Elsewhere(removed.rule.clone()).into());
    }
    Ok(record_unless(!holds_from(terms, from)))
}

/// The longest name of a unit.
const MOST_NAME: usize = 63;

/// The name of a project that a rule registers: the last part of the claim's value in the letters that
/// names have. One that is taken, or reads as an id, gets the stable id after it, and at last `unique`.
#[must_use]
pub fn project_name(
    value: &str,
    subject: &str,
    unique: UnitId,
    taken: impl Fn(&Name) -> bool,
) -> Option<Name> {
    let last = value.rsplit('/').find(|part| !part.is_empty()).unwrap_or_default();
    let own = in_letters(last, MOST_NAME);
    let own = if own.is_empty() { "project".to_owned() } else { own };
    let with = |suffix: &str| {
        let room = MOST_NAME.saturating_sub(suffix.len() + 1);
        format!("{}-{suffix}", in_letters(&own, room))
    };
    let short = in_letters(subject, 20);
    let texts = [own.clone(), with(&short), with(&unique.to_string())];
    let names = texts.iter().filter_map(|text| text.parse::<Name>().ok());
    let free = |name: &Name| !taken(name) && name.as_str().parse::<UnitId>().is_err();
    names.into_iter().find(free)
}

/// A text in the letters of names: others become hyphens, of which none are doubled or at an end.
fn in_letters(text: &str, most: usize) -> String {
    let mut name = String::with_capacity(most);
    for letter in text.chars().flat_map(char::to_lowercase) {
        if name.len() >= most {
            break;
        }
        if letter.is_ascii_alphanumeric() {
            name.push(letter);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    name.trim_end_matches('-').to_owned()
}
