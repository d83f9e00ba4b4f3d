//! Claim rules, in and out.

use gradus_domain::registry::ClaimRule;
use gradus_model::claims::Condition;
use gradus_model::event::{ClaimRuleSet, PrincipalAdded};
use gradus_service::Service;
use gradus_wire::v1 as wire;
use serde_json::{Value, json};

use super::{Checked, text, timestamp, unit_ref};

/// The body of `principal-added`, as people read it.
pub(super) fn added(of: &PrincipalAdded) -> Value {
    let (principal, kind) = (of.principal.to_string(), of.kind);
    match &of.by {
        None => json!({ "principal": principal, "kind": kind }),
        Some(by) => {
            let (rule, issuer) = (by.rule.as_str(), by.issuer.as_str());
            let by = json!({ "rule": rule, "issuer": issuer, "unit": by.unit.to_string() });
            json!({ "principal": principal, "kind": kind, "by": by })
        }
    }
}

/// The body of `claim-rule-set`, as people read it.
pub(super) fn rule_set(of: &ClaimRuleSet) -> Value {
    let says =
        |one: &Condition| json!({ "claim": one.claim.as_str(), "value": one.value.as_str() });
    json!({
        "rule": of.rule.as_str(), "issuer": of.issuer.as_str(),
        "conditions": of.conditions.iter().map(says).collect::<Vec<_>>(),
        "subject": of.subject.as_str(), "role": of.role, "unit": of.unit.to_string(),
        "named_after": of.named_after.as_ref().map(ToString::to_string),
        "until": of.until.map(|until| until.to_string()),
    })
}

pub(crate) fn conditions(given: &[wire::ClaimCondition]) -> Checked<Vec<Condition>> {
    let one = |(at, given): (usize, &wire::ClaimCondition)| {
        Ok(Condition {
            claim: text(format_args!("conditions[{at}].claim"), &given.claim)?,
            value: text(format_args!("conditions[{at}].value"), &given.value)?,
        })
    };
    given.iter().enumerate().map(one).collect()
}

pub(crate) fn rule(service: &Service, from: &ClaimRule) -> wire::ClaimRule {
    let set = &from.set;
    let condition = |one: &Condition| wire::ClaimCondition {
        claim: one.claim.to_string(),
        value: one.value.to_string(),
    };
    wire::ClaimRule {
        name: set.rule.to_string(),
        issuer: set.issuer.to_string(),
        conditions: set.conditions.iter().map(condition).collect(),
        subject: set.subject.to_string(),
        role: i32::from(set.role.number()),
        unit: Some(unit_ref(service, set.unit)),
        named_after: set.named_after.as_ref().map(ToString::to_string).unwrap_or_default(),
        from: Some(timestamp(from.from)),
        until: set.until.map(timestamp),
        position: from.position,
    }
}
