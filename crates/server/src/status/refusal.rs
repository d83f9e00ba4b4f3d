//! What each refusal of a business rule becomes.

use gradus_domain::Refusal;
use gradus_domain::registry::{ClaimRuleError, roles_in_words};
use tonic::Code;

use super::{Verdict, verdict};

/// The code and reason of a refusal, with what it speaks of.
#[expect(clippy::too_many_lines, reason = "a table: one row for each refusal")]
pub(super) fn refused(refusal: &Refusal) -> Verdict {
    use Code::{AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied};
    match refusal {
        Refusal::UnitUnknown(name) => verdict(NotFound, "UNIT_UNKNOWN").with("unit", name),
        Refusal::UnitArchived(name) => {
            verdict(FailedPrecondition, "UNIT_ARCHIVED").with("unit", name)
        }
        Refusal::NameTaken(name) => verdict(AlreadyExists, "NAME_TAKEN").with("name", name),
        Refusal::NameIsId(name) => verdict(InvalidArgument, "NAME_IS_ID").with("name", name),
        Refusal::ArchivedSince { unit, since } => {
            verdict(FailedPrecondition, "ARCHIVED_SINCE").with("unit", unit).with("since", since)
        }
        Refusal::LivingBelow { unit, units } => {
            verdict(FailedPrecondition, "LIVING_BELOW").with("unit", unit).with("units", units)
        }
        Refusal::SuccessionCircle(unit) => {
            verdict(FailedPrecondition, "SUCCESSION_CIRCLE").with("unit", unit)
        }
        Refusal::WrongParent { child, parent } => {
            verdict(FailedPrecondition, "WRONG_PARENT").with("child", child).with("parent", parent)
        }
        Refusal::Cycle(unit) => verdict(FailedPrecondition, "CYCLE").with("unit", unit),
        Refusal::OrganizationStays => verdict(FailedPrecondition, "ORGANIZATION_STAYS"),
        Refusal::SuccessorMissing => verdict(InvalidArgument, "SUCCESSOR_MISSING"),
        Refusal::SucceedsItself(unit) => {
            verdict(InvalidArgument, "SUCCEEDS_ITSELF").with("unit", unit)
        }
        Refusal::DocumentUnknown { kind, document } => {
            verdict(NotFound, "DOCUMENT_UNKNOWN").with("kind", kind).with("document", document)
        }
        Refusal::NoModel(at) => verdict(FailedPrecondition, "NO_MODEL").with("at", at),
        Refusal::AreaUnknown { area, model } => {
            verdict(NotFound, "AREA_UNKNOWN").with("area", area).with("model", model)
        }
        Refusal::AreaTwice(area) => verdict(InvalidArgument, "AREA_TWICE").with("area", area),
        Refusal::LevelUnknown(level) => {
            verdict(InvalidArgument, "LEVEL_UNKNOWN").with("level", level)
        }
        Refusal::BaselineLower { area, seen, floor, from } => {
            let lower = verdict(FailedPrecondition, "BASELINE_LOWER").with("area", area);
            lower.with("seen", seen).with("floor", floor).with("from", from)
        }
        Refusal::PracticeUnknown { target, model } => {
            verdict(NotFound, "PRACTICE_UNKNOWN").with("practice", target).with("model", model)
        }
        Refusal::PhaseNotOpen(phase) => {
            verdict(FailedPrecondition, "PHASE_NOT_OPEN").with("phase", phase)
        }
        Refusal::ReasonMissing => verdict(InvalidArgument, "REASON_MISSING"),
        Refusal::PrincipalUnknown(_)
        | Refusal::PrincipalDisabled(_)
        | Refusal::PrincipalNameTaken(_)
        | Refusal::RightMissing { .. }
        | Refusal::RoleNotGranted { .. }
        | Refusal::RoleOfSystem
        | Refusal::EndMissing { .. }
        | Refusal::LastAdmin
        | Refusal::CertificateUnknown(_)
        | Refusal::CertificateRevoked(_)
        | Refusal::CertificateTaken(_)
        | Refusal::CallsByRule { .. } => of_access(refusal),
        Refusal::TokenUnknown(_)
        | Refusal::TokenEnded(_)
        | Refusal::TokenRotated { .. }
        | Refusal::TooLate { .. }
        | Refusal::InThePast { .. } => of_token(refusal),
        Refusal::InTheFuture { field, seen, now } => {
            let ahead = verdict(InvalidArgument, "IN_THE_FUTURE").with("field", field);
            ahead.with("seen", seen).with("now", now)
        }
        Refusal::EndBeforeStart { field, seen, from } => {
            let before = verdict(InvalidArgument, "END_BEFORE_START").with("field", field);
            before.with("seen", seen).with("from", from)
        }
        Refusal::TooMany { field, seen, limit } => {
            let many = verdict(InvalidArgument, "TOO_MANY").with("field", field);
            many.with("seen", seen).with("limit", limit)
        }
        Refusal::EvidenceUnknown(_)
        | Refusal::EvidenceWithdrawn(_)
        | Refusal::SourceIdReused { .. }
        | Refusal::SupersedesItself(_)
        | Refusal::NotASecondPerson { .. }
        | Refusal::OwnEvidence(_) => of_evidence(refusal),
        Refusal::NotAPerson(what) => verdict(PermissionDenied, "NOT_A_PERSON").with("what", what),
        Refusal::Derived(target) => verdict(InvalidArgument, "DERIVED").with("practice", target),
        Refusal::RatingUnknown(id) => verdict(NotFound, "RATING_UNKNOWN").with("rating", id),
        Refusal::RatingWithdrawn(id) => {
            verdict(FailedPrecondition, "RATING_WITHDRAWN").with("rating", id)
        }
        Refusal::AppraisalUnknown => verdict(NotFound, "APPRAISAL_UNKNOWN"),
        Refusal::VersionUnknown(_)
        | Refusal::DistrustUnknown(_)
        | Refusal::LogKeyRotatedSince(_) => of_place(refusal),
        Refusal::UnderLegalHold { .. }
        | Refusal::HoldUnknown(_)
        | Refusal::HoldTaken(_)
        | Refusal::RetentionDays(_)
        | Refusal::RunsUnordered(_) => of_erasure(refusal),
        Refusal::ClaimRule(error) => of_claim_rule(error),
        Refusal::DutiesNotSeparate { .. }
        | Refusal::RatedBefore { .. }
        | Refusal::ConflictOfInterest { .. }
        | Refusal::ConflictNotDeclared(_) => of_duties(refusal),
        Refusal::Appraisal(refusal) => super::appraisal::refused(refusal),
    }
}

fn of_key(code: Code, reason: &'static str, key: impl ToString) -> Verdict {
    verdict(code, reason).with("certificate", key)
}

/// What is said of a place at which nothing of the kind was recorded, or something since.
fn of_place(refusal: &Refusal) -> Verdict {
    match refusal {
        Refusal::VersionUnknown(version) => {
            verdict(Code::NotFound, "VERSION_UNKNOWN").with("version", version)
        }
        Refusal::DistrustUnknown(position) => {
            verdict(Code::NotFound, "DISTRUST_UNKNOWN").with("position", position)
        }
        Refusal::LogKeyRotatedSince(position) => {
            verdict(Code::Aborted, "LOG_KEY_ROTATED").with("position", position)
        }
        // Told apart above.
        _ => verdict(Code::Internal, "FAULT"),
    }
}

/// What is said of erasing texts, and of keeping them.
fn of_erasure(refusal: &Refusal) -> Verdict {
    use Code::{AlreadyExists, FailedPrecondition, InvalidArgument, NotFound};
    match refusal {
        Refusal::UnderLegalHold { hold, position, version } => {
            let held = verdict(FailedPrecondition, "UNDER_LEGAL_HOLD").with("hold", hold);
            held.with("position", position).with("version", version)
        }
        Refusal::HoldUnknown(hold) => verdict(NotFound, "HOLD_UNKNOWN").with("hold", hold),
        Refusal::HoldTaken(hold) => verdict(AlreadyExists, "HOLD_TAKEN").with("hold", hold),
        Refusal::RetentionDays(days) => {
            verdict(InvalidArgument, "RETENTION_DAYS").with("days", days)
        }
        Refusal::RunsUnordered(first) => {
            verdict(InvalidArgument, "RUNS_UNORDERED").with("first", first)
        }
        // Told apart above.
        _ => verdict(Code::Internal, "FAULT"),
    }
}

/// What is said of a token, and of when it ends.
fn of_token(refusal: &Refusal) -> Verdict {
    use Code::{FailedPrecondition, InvalidArgument, NotFound};
    match refusal {
        Refusal::TokenUnknown(id) => verdict(NotFound, "TOKEN_UNKNOWN").with("token", id),
        Refusal::TokenEnded(id) => verdict(FailedPrecondition, "TOKEN_ENDED").with("token", id),
        Refusal::TokenRotated { token, by, until } => {
            let rotated = verdict(FailedPrecondition, "TOKEN_ROTATED").with("token", token);
            rotated.with("by", by).with("until", until)
        }
        Refusal::TooLate { field, seen, latest } => {
            let late = verdict(InvalidArgument, "TOO_LATE").with("field", field);
            late.with("seen", seen).with("latest", latest)
        }
        Refusal::InThePast { field, seen } => {
            verdict(InvalidArgument, "IN_THE_PAST").with("field", field).with("seen", seen)
        }
        // The caller gives no other.
        _ => verdict(Code::Internal, "FAULT"),
    }
}

/// What is said of an item.
fn of_evidence(refusal: &Refusal) -> Verdict {
    use Code::{AlreadyExists, FailedPrecondition, InvalidArgument, NotFound};
    match refusal {
        Refusal::EvidenceUnknown(id) => verdict(NotFound, "EVIDENCE_UNKNOWN").with("evidence", id),
        Refusal::EvidenceWithdrawn(id) => {
            verdict(FailedPrecondition, "EVIDENCE_WITHDRAWN").with("evidence", id)
        }
        Refusal::SourceIdReused { source_name, id, evidence } => {
            let reused = verdict(AlreadyExists, "SOURCE_ID_REUSED").with("source", source_name);
            reused.with("source_id", id).with("evidence", evidence)
        }
        Refusal::SupersedesItself(id) => {
            verdict(InvalidArgument, "SUPERSEDES_ITSELF").with("evidence", id)
        }
        Refusal::OwnEvidence(id) => {
            verdict(FailedPrecondition, "OWN_EVIDENCE").with("evidence", id)
        }
        Refusal::NotASecondPerson { evidence, had, tried } => {
            let second = verdict(FailedPrecondition, "NOT_A_SECOND_PERSON");
            second.with("evidence", evidence).with("had", had.had()).with("tried", tried)
        }
        // The caller gives no other.
        _ => verdict(Code::Internal, "FAULT"),
    }
}

/// What is said of duties in one hand, and of conflicts of interest.
fn of_duties(refusal: &Refusal) -> Verdict {
    let with_rules = |verdict: Verdict, rules: &Option<gradus_model::Name>| match rules {
        Some(rules) => verdict.with("rules", rules),
        None => verdict,
    };
    match refusal {
        Refusal::DutiesNotSeparate { pair, had, evidence, rules } => {
            let apart = verdict(Code::FailedPrecondition, "DUTIES_NOT_SEPARATE");
            let apart = apart.with("evidence", evidence).with("pair", pair);
            with_rules(apart.with("had", had.had()).with("tried", pair.tried()), rules)
        }
        Refusal::RatedBefore { pair, practice, tried, evidence, rules } => {
            let apart = verdict(Code::FailedPrecondition, "DUTIES_NOT_SEPARATE");
            let apart = apart.with("evidence", evidence).with("pair", pair);
            let apart = apart.with("practice", practice).with("had", "rated");
            with_rules(apart.with("tried", tried), rules)
        }
        Refusal::ConflictOfInterest { since, until, rules } => {
            let conflict = verdict(Code::FailedPrecondition, "CONFLICT_OF_INTEREST");
            let conflict = with_rules(conflict.with("since", since), rules);
            match until {
                Some(until) => conflict.with("until", until),
                None => conflict,
            }
        }
        Refusal::ConflictNotDeclared(principal) => {
            verdict(Code::NotFound, "CONFLICT_NOT_DECLARED").with("principal", principal)
        }
        // The caller gives no other.
        _ => verdict(Code::Internal, "FAULT"),
    }
}

/// Whether what a refusal speaks of is said for each item, where a call has a list of them.
pub(super) fn is_of_an_item(refusal: &Refusal) -> bool {
    let of_the_list = ["items", "ratings", "steps", "consensus"];
    !matches!(refusal, Refusal::TooMany { field, .. } if of_the_list.contains(field))
}

/// The field that a refusal of a value speaks of.
pub(super) fn field_of(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::InThePast { field, .. }
        | Refusal::TooLate { field, .. }
        | Refusal::InTheFuture { field, .. }
        | Refusal::EndBeforeStart { field, .. }
        | Refusal::EndMissing { field, .. }
        | Refusal::TooMany { field, .. } => field,
        Refusal::WrongParent { .. } => "parent",
        Refusal::ReasonMissing => "reason",
        Refusal::SupersedesItself(_) => "by",
        Refusal::SuccessorMissing | Refusal::SucceedsItself(_) => "successors",
        Refusal::AreaTwice(_) => "area",
        Refusal::LevelUnknown(_) => "level",
        Refusal::Derived(_) => "practice",
        Refusal::ClaimRule(ClaimRuleError::Role(_)) => "role",
        Refusal::ClaimRule(_) => "conditions",
        Refusal::RetentionDays(_) => "days",
        Refusal::RunsUnordered(_) => "records",
        _ => "request",
    }
}

/// The same of those about principals, their tokens and roles.
fn of_access(refusal: &Refusal) -> Verdict {
    use Code::{AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied};
    match refusal {
        Refusal::PrincipalUnknown(name) => {
            verdict(NotFound, "PRINCIPAL_UNKNOWN").with("principal", name)
        }
        Refusal::PrincipalDisabled(id) => {
            verdict(FailedPrecondition, "PRINCIPAL_DISABLED").with("principal", id)
        }
        Refusal::PrincipalNameTaken(name) => {
            verdict(AlreadyExists, "PRINCIPAL_NAME_TAKEN").with("name", name)
        }
        Refusal::RightMissing { right, on } => {
            let missing = verdict(PermissionDenied, "RIGHT_MISSING").with("right", right);
            let missing = missing.with("roles", roles_in_words(*right));
            match on.unit() {
                Some(unit) => missing.with("unit", unit),
                None => missing,
            }
        }
        Refusal::RoleNotGranted { role, unit } => {
            verdict(NotFound, "ROLE_NOT_GRANTED").with("role", role).with("unit", unit)
        }
        Refusal::RoleOfSystem => verdict(InvalidArgument, "ROLE_OF_SYSTEM"),
        Refusal::EndMissing { field, role } => {
            verdict(InvalidArgument, "END_MISSING").with("field", field).with("role", role)
        }
        Refusal::LastAdmin => verdict(FailedPrecondition, "LAST_ADMIN"),
        Refusal::CertificateUnknown(key) => of_key(NotFound, "CERTIFICATE_UNKNOWN", key),
        Refusal::CertificateRevoked(key) => of_key(FailedPrecondition, "CERTIFICATE_REVOKED", key),
        Refusal::CallsByRule { principal, rule } => {
            let by_rule = verdict(FailedPrecondition, "CALLS_BY_RULE").with("principal", principal);
            by_rule.with("rule", rule)
        }
        Refusal::CertificateTaken(key) => of_key(AlreadyExists, "CERTIFICATE_TAKEN", key),
        // Told apart above.
        _ => verdict(PermissionDenied, "DENIED"),
    }
}

/// The same of claim rules.
fn of_claim_rule(error: &ClaimRuleError) -> Verdict {
    use Code::{FailedPrecondition, InvalidArgument, NotFound};
    match error {
        ClaimRuleError::Unknown(rule) => verdict(NotFound, "CLAIM_RULE_UNKNOWN").with("rule", rule),
        ClaimRuleError::Elsewhere(rule) => {
            verdict(FailedPrecondition, "CLAIM_RULE_ELSEWHERE").with("rule", rule)
        }
        ClaimRuleError::Role(role) => {
            verdict(InvalidArgument, "CLAIM_RULE_ROLE").with("role", role)
        }
        ClaimRuleError::Twice(claim) => {
            verdict(InvalidArgument, "CLAIM_TWICE").with("claim", claim)
        }
        ClaimRuleError::Loose { claim, value } => {
            verdict(InvalidArgument, "CLAIM_LOOSE").with("claim", claim).with("value", value)
        }
        ClaimRuleError::Anybody => verdict(InvalidArgument, "CLAIM_RULE_FOR_ANYBODY"),
    }
}
