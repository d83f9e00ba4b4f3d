//! A unit's history as a story: what each recorded fact says in the words of the field.
//!
//! The sentences come from leaves alone. Texts of payloads are for whoever may read them, and stand
//! beside the story.

use gradus_model::event::{AppraisalClosed, Document};
use gradus_model::evidence::{Item, Outcome};
use gradus_model::suspect::{Suspect, Versioned};
use gradus_model::unit::Floor;
use gradus_model::{Event, EvidenceId, PrincipalId, RatingId, Recorded, Target, UnitId};

use crate::difference::Movement;
use crate::scheme::Levels;
use crate::sse_cmm::LevelAnswer;

/// A fact is late when it was recorded more than this long after it was true: a day, in
/// microseconds. Work of a day is commonly recorded at its end or overnight.
pub const LATE_MICROS: i64 = 86_400_000_000;

/// Practices that a sentence names before it counts the others.
const NAMED: usize = 4;

/// What ids are called by whoever listens.
pub trait Names {
    /// A unit.
    fn unit(&self, id: UnitId) -> String;
    /// A person or service account.
    fn principal(&self, id: PrincipalId) -> String;
    /// An item of evidence, such as `policy 7 of wiki`.
    fn item(&self, id: EvidenceId) -> String;
    /// What a rating is of.
    fn rated(&self, id: RatingId) -> String;
}

/// How long after it was true a fact was recorded, in microseconds; 0 for what was said ahead.
#[must_use]
pub fn delay(recorded: &Recorded) -> i64 {
    recorded.place.recorded_at.micros().saturating_sub(recorded.effective_at.micros()).max(0)
}

/// Whether a fact was recorded late, by [`LATE_MICROS`].
#[must_use]
pub fn is_late(recorded: &Recorded) -> bool {
    delay(recorded) > LATE_MICROS
}

/// Whether a movement is worth a line: not where nothing is known before and after it, as when a
/// unit comes to be or gets its first model.
#[must_use]
pub fn is_told(movement: &Movement) -> bool {
    let told = |levels: Option<Levels>| {
        levels.filter(|of| {
            !matches!(of.rated, LevelAnswer::NotRated | LevelAnswer::NotDeterminable)
                || !matches!(of.ongoing, LevelAnswer::NotRated | LevelAnswer::NotDeterminable)
        })
    };
    told(crate::difference::levels(movement.before))
        != told(crate::difference::levels(movement.after))
}

/// An item of evidence in a few words: its kind, its id and where it has that.
#[must_use]
pub fn called(item: &Item) -> String {
    format!("{} {} of {}", item.kind, item.source.id, item.source.name)
}

/// What a fact says, as a sentence without an end; `it` is the unit.
#[must_use]
pub fn said(event: &Event, names: &dyn Names) -> String {
    match event {
        Event::UnitRegistered(of) => {
            let under = of.parent.map(|parent| format!(" under {}", names.unit(parent)));
            format!("the {} {} came to be{}", of.kind, of.name, under.unwrap_or_default())
        }
        Event::UnitRenamed(of) => format!("it was renamed {}", of.name),
        Event::UnitMoved(of) => format!("it came under {}", names.unit(of.parent)),
        Event::UnitArchived(_) => "it was archived".to_owned(),
        Event::UnitSucceeded(of) => {
            let successors: Vec<String> = of.successors.iter().map(|id| names.unit(*id)).collect();
            format!("its work went on in {}", successors.join(", "))
        }
        Event::ModelAdopted(of) => format!("it is measured by the model {}", of.id),
        Event::RulesAdopted(of) => format!("its levels follow the rules {}", of.id),
        Event::ProfileAdopted(of) => format!("it strives for the profile {}", of.id),
        Event::AreaTailoredOut(of) => format!("{} does not apply to it", of.area.area),
        Event::AreaTailoredIn(of) => format!("{} applies to it again", of.area.area),
        Event::AreaInheritanceSet(of) => {
            format!("where {} is answered from was set to {}", of.area.area, of.inheritance)
        }
        Event::ContextRecorded(_) => "its circumstances were described".to_owned(),
        Event::UnitLabelled(of) if of.labels.is_empty() => "its labels were taken off".to_owned(),
        Event::UnitLabelled(of) => format!("it was labelled {}", joined(&of.labels)),
        Event::BaselineRaised(of) => {
            let floor = |floor: &Floor| format!("{} below {}", floor.area.area, floor.level);
            let floors: Vec<String> = of.floors.iter().map(floor).collect();
            format!("from here on no level may fall: {}", floors.join(", "))
        }
        Event::PhaseEntered(of) => format!("the phase {} began", of.phase),
        Event::PhaseLeft(of) => format!("the phase {} ended", of.phase),
        Event::MarkerPlaced(of) => format!("{} {}", of.kind, of.label),
        Event::ConflictDeclared(of) => {
            format!("a conflict of interest of {} was declared", names.principal(of.principal))
        }
        Event::ConflictWithdrawn(of) => {
            format!("the conflict of interest of {} ended", names.principal(of.principal))
        }
        Event::PayloadErased(of) => format!("the texts of its record {} were erased", of.version),
        Event::PayloadsErased(of) => {
            let by = if of.rule.is_some() { " by a retention rule" } else { "" };
            format!("the texts of {} of its records were erased{by}", of.records())
        }
        Event::AttachmentsErased(of) => {
            let by = if of.rule.is_some() { " by a retention rule" } else { "" };
            format!("attachments were erased{by}: {}", of.digests.len())
        }
        event => of_evidence(event, names)
            .or_else(|| of_appraisal(event, names))
            .unwrap_or_else(|| of_organization(event, names)),
    }
}

/// What is said of evidence and ratings; none for other facts.
fn of_evidence(event: &Event, names: &dyn Names) -> Option<String> {
    let said = match event {
        Event::EvidenceSubmitted(item) => {
            let way = match item.outcome {
                Outcome::Supports => "speaks for",
                Outcome::Contradicts => "speaks against",
                Outcome::Inconclusive => "settles nothing of",
            };
            let practices = practices(&item.practices);
            format!("{} {way} {practices}, {}", called(item), item.strength)
        }
        Event::EvidenceAccepted(of) => format!("{} was accepted", names.item(of.evidence)),
        Event::EvidenceRejected(of) => {
            format!("{} was rejected: it does not count", names.item(of.evidence))
        }
        Event::EvidenceWithdrawn(of) => {
            format!("{} was withdrawn: it never counted", names.item(of.evidence))
        }
        Event::EvidenceEnded(of) => format!("{} counts no longer", names.item(of.evidence)),
        Event::EvidenceSuperseded(of) => {
            format!("{} took the place of {}", names.item(of.by), names.item(of.evidence))
        }
        Event::EvidenceConfirmed(of) => {
            format!("a second person vouched for {}", names.item(of.evidence))
        }
        Event::EvidenceLinked(of) => {
            format!("{} was linked to {}", names.item(of.evidence), practices(&of.practices))
        }
        Event::EvidenceUnlinked(of) => {
            format!("{} was taken off {}", names.item(of.evidence), practices(&of.practices))
        }
        Event::PracticeRated(of) => {
            let instance = of.instance.as_ref().map(|instance| format!(" in {instance}"));
            let by = match (of.basis, of.appraisal) {
                (Some(_), _) => " by rule",
                (None, Some(_)) => " by an appraisal",
                (None, None) => "",
            };
            let practice = of.target.practice;
            format!("{practice} was rated {}{}{by}", of.value, instance.unwrap_or_default())
        }
        Event::RatingWithdrawn(of) => {
            format!("the rating of {} was withdrawn: it never counted", names.rated(of.rating))
        }
        Event::RatingEnded(of) => format!("the rating of {} ended", names.rated(of.rating)),
        _ => return None,
    };
    Some(said)
}

/// What is said of appraisals; none for other facts.
fn of_appraisal(event: &Event, names: &dyn Names) -> Option<String> {
    let said = match event {
        Event::AppraisalOpened(_) => "an appraisal was opened".to_owned(),
        Event::AppraisalChanged(_) => "the input of an appraisal was changed".to_owned(),
        Event::IndividualRatingSealed(of) => {
            format!("one of the team rated {}, sealed", of.subject.target.practice)
        }
        Event::IndividualRatingsRevealed(of) => {
            format!("the team's ratings were revealed, subjects: {}", of.subjects.len())
        }
        Event::ConsensusReached(of) => {
            let value = of.value.map_or_else(|| "to leave it out".to_owned(), |of| of.to_string());
            format!("the team agreed on {}: {value}", of.subject.target.practice)
        }
        Event::FindingRecorded(of) => format!("an appraisal found a {}", of.kind),
        Event::AppraisalClosed(AppraisalClosed { unit, ratings, .. }) => {
            format!("an appraisal of {} took effect, ratings: {ratings}", names.unit(*unit))
        }
        Event::AppraisalCancelled(_) => "an appraisal was given up".to_owned(),
        Event::AppraisalSignedOff(_) => "the lead signed an appraisal off".to_owned(),
        _ => return None,
    };
    Some(said)
}

/// What is said of the organization as a whole, and of who may do what.
fn of_organization(event: &Event, names: &dyn Names) -> String {
    let published = |kind: &str, of: &Document| format!("the {kind} {} was published", of.id);
    match event {
        Event::LogCreated(_) => "the log was begun".to_owned(),
        Event::LogForked(of) => {
            format!("the log was restored to size {} and goes its own way", of.size)
        }
        Event::ClockAccepted(of) => format!("a suspect clock was taken for right at {}", of.wall),
        Event::LogKeyRotated(_) => "another key signs the log's checkpoints".to_owned(),
        Event::QueriesRecorded(of) => {
            format!(
                "{} asked something as auditor ({} rows)",
                names.principal(of.auditor),
                of.count
            )
        }
        Event::EngagementEnded(of) => {
            format!("engagement {} of {} is over", of.engagement, names.principal(of.auditor))
        }
        Event::QueriesOpened(of) => {
            format!("what {} asked as auditor was opened", names.principal(of.auditor))
        }
        Event::ModelPublished(of) => published("model", of),
        Event::ProfilePublished(of) => published("profile", of),
        Event::RulesPublished(of) => published("rules", of),
        Event::PrincipalAdded(of) => format!("{} was added", names.principal(of.principal)),
        Event::PrincipalDisabled(of) => {
            format!("{} may no longer act", names.principal(of.principal))
        }
        Event::RoleGranted(of) => {
            format!(
                "{} became {} of {}",
                names.principal(of.principal),
                of.role,
                names.unit(of.unit)
            )
        }
        Event::RoleRevoked(of) => {
            let (principal, unit) = (names.principal(of.principal), names.unit(of.unit));
            format!("{principal} is no longer {} of {unit}", of.role)
        }
        Event::ClaimRuleSet(of) => format!("the claim rule {} was set", of.rule),
        Event::ClaimRuleRemoved(of) => format!("the claim rule {} was removed", of.rule),
        Event::SourceDistrusted(of) => format!("{} was distrusted", suspect(&of.suspect, names)),
        Event::SourceRestored(of) => format!("the distrust {} was taken back", of.distrust),
        Event::LegalHoldPlaced(of) => {
            format!("the legal hold {} was placed on {}", of.hold, names.unit(of.unit))
        }
        Event::LegalHoldLifted(of) => format!("the legal hold {} was lifted", of.hold),
        Event::RetentionSet(of) => {
            format!("texts of {} are kept for {} days", names.unit(of.unit), of.days)
        }
        Event::RetentionRemoved(of) => {
            format!("a retention rule of {} was removed", names.unit(of.unit))
        }
        Event::TokenIssued(of) => format!("{} got a token", names.principal(of.principal)),
        Event::TokenRevoked(_) => "a token was revoked".to_owned(),
        Event::TokenRotated(_) => "a token was rotated".to_owned(),
        Event::CertificateRegistered(of) => {
            format!("{} got a client certificate", names.principal(of.principal))
        }
        Event::CertificateRevoked(_) => "a client certificate was revoked".to_owned(),
        // All others were told before.
        other => other.name().replace('-', " "),
    }
}

/// A suspect in words: `the tool lint 2`.
fn suspect(of: &Suspect, names: &dyn Names) -> String {
    let versioned = |of: &Versioned| match &of.version {
        Some(version) => format!("{} {version}", of.name),
        None => of.name.to_string(),
    };
    match of {
        Suspect::Principal(id) => format!("what {} submitted", names.principal(*id)),
        Suspect::Tool(of) => format!("the tool {}", versioned(of)),
        Suspect::Mapping(of) => format!("the mapping {}", versioned(of)),
        Suspect::Source(name) => format!("the source {name}"),
    }
}

/// Practices without their model, of which the first few are named.
fn practices(of: &[Target]) -> String {
    let named: Vec<String> =
        of.iter().take(NAMED).map(|target| target.practice.to_string()).collect();
    match of.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        rest => format!("{} and {rest} more", named.join(", ")),
    }
}

fn joined(all: &[impl ToString]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
