//! What each refusal of an appraisal becomes.

use gradus_domain::AppraisalRefusal as Refused;
use tonic::Code;

use super::{Verdict, verdict};

/// The code and reason of a refusal, with what it speaks of.
pub(super) fn refused(refusal: &Refused) -> Verdict {
    use Code::{FailedPrecondition, InvalidArgument, PermissionDenied};
    match refusal {
        Refused::Nothing(field) => verdict(InvalidArgument, "APPRAISAL_INPUT").with("field", field),
        Refused::Twice { field, what } => {
            verdict(InvalidArgument, "APPRAISAL_INPUT").with("field", field).with("twice", what)
        }
        Refused::NoLevel(level) => {
            verdict(InvalidArgument, "APPRAISAL_INPUT").with("highest", level)
        }
        Refused::Leads(leads) => verdict(InvalidArgument, "APPRAISAL_INPUT").with("leads", leads),
        Refused::SponsorRates => verdict(InvalidArgument, "APPRAISAL_INPUT"),
        Refused::NotAPerson(who) => {
            verdict(InvalidArgument, "APPRAISAL_INPUT").with("principal", who)
        }
        Refused::BaseAhead { seen, size } => {
            verdict(InvalidArgument, "APPRAISAL_INPUT").with("seen", seen).with("log_size", size)
        }
        Refused::ImportedUnits(units) => {
            verdict(InvalidArgument, "APPRAISAL_INPUT").with("units", units)
        }
        Refused::ImportsRefused { rules, reason } => {
            let refused = verdict(FailedPrecondition, "IMPORTS_REFUSED").with("rules", rules);
            refused.with("reason", reason)
        }
        Refused::NeverConducted { from, until } => {
            let never = verdict(InvalidArgument, "APPRAISAL_INPUT").with("conducted_from", from);
            never.with("conducted_until", until)
        }
        Refused::BeforeConduct { seen, from } => {
            let before = verdict(InvalidArgument, "APPRAISAL_INPUT").with("effective_at", seen);
            before.with("conducted_from", from)
        }
        Refused::NotTheirs { who, what } => {
            verdict(PermissionDenied, "NOT_YOUR_PART").with("who", who).with("what", what)
        }
        Refused::Over(state) => {
            verdict(FailedPrecondition, "APPRAISAL_OVER").with("state", state.name())
        }
        Refused::PartlyClosed => verdict(FailedPrecondition, "APPRAISAL_OVER"),
        Refused::OutOfScope(what) => verdict(FailedPrecondition, "OUT_OF_SCOPE").with("what", what),
        Refused::FeatureNotRead(target) => {
            verdict(FailedPrecondition, "NOT_READ").with("practice", target)
        }
        Refused::NotRead(value) => verdict(FailedPrecondition, "NOT_READ").with("value", value),
        Refused::OutsideBase { evidence, log_size } => {
            let outside = verdict(FailedPrecondition, "OUTSIDE_BASE").with("evidence", evidence);
            outside.with("log_size", log_size)
        }
        Refused::Revealed(target) => {
            verdict(FailedPrecondition, "REVEALED").with("practice", target)
        }
        Refused::NotCarried { position, target } => {
            let not = verdict(FailedPrecondition, "NOT_CARRIED").with("practice", target);
            not.with("carried", position)
        }
        Refused::NotAllIn { target, missing } => {
            let waits = verdict(FailedPrecondition, "NOT_ALL_IN").with("practice", target);
            waits.with("missing", missing)
        }
        Refused::NothingAllIn { rated, waits_for } => {
            let waits = verdict(FailedPrecondition, "NOT_ALL_IN").with("rated", rated);
            waits.with("missing", waits_for.iter().map(|(_, count)| count).sum::<usize>())
        }
        Refused::NotRevealed(target) => {
            verdict(FailedPrecondition, "NOT_REVEALED").with("practice", target)
        }
        Refused::DissentUnexplained(who) => {
            verdict(InvalidArgument, "DISSENT_UNEXPLAINED").with("principal", who)
        }
        Refused::Unsettled { unsettled, first } => {
            let open = verdict(FailedPrecondition, "UNSETTLED").with("unsettled", unsettled);
            open.with("first", first)
        }
        Refused::NotSignedOff => verdict(FailedPrecondition, "NOT_SIGNED_OFF"),
        // The writer's own; a caller gives neither.
        Refused::OtherDate { .. } | Refused::OtherRatings { .. } => {
            verdict(FailedPrecondition, "NOT_SIGNED_OFF")
        }
    }
}
