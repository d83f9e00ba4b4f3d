//! Bodies of the events of appraisals.

use minicbor::{Decode, Encode};

#[cfg(doc)]
use crate::Event;
use crate::appraisal::{FindingKind, Input, Subject};
use crate::rating::Value;
use crate::unit::AreaRef;
use crate::{AppraisalId, EvidenceId, PrincipalId, Target, Timestamp, UnitId};

bodies! {
    /// The body of events that say an appraisal's whole input; purpose, plan and all other texts are
    /// payload.
    AppraisalInput {
        /// The appraisal.
        0 appraisal: AppraisalId,
        /// Its input.
        1 input: Input,
    }
    /// The body of [`Event::IndividualRatingSealed`]; the value and why are payload.
    IndividualRatingSealed {
        /// The appraisal.
        0 appraisal: AppraisalId,
        /// What was rated.
        1 subject: Subject,
        /// The evidence it cites, at most 64.
        2 evidence: Vec<EvidenceId>,
    }
    /// The body of [`Event::IndividualRatingsRevealed`].
    IndividualRatingsRevealed {
        /// The appraisal.
        0 appraisal: AppraisalId,
        /// What was rated by all, each once, in order; at most 16.
        1 subjects: Vec<Subject>,
    }
    /// The body of [`Event::ConsensusReached`]; why, and what each dissenter says, is payload.
    ConsensusReached {
        /// The appraisal.
        0 appraisal: AppraisalId,
        /// What was agreed on.
        1 subject: Subject,
        /// The value; none if it is left unrated.
        2 value: Option<Value>,
        /// The evidence it rests on, at most 64.
        3 evidence: Vec<EvidenceId>,
        /// Who does not agree, each once, in order.
        4 dissent: Vec<PrincipalId>,
    }
    /// The body of [`Event::FindingRecorded`]; its text is payload.
    FindingRecorded {
        /// The appraisal.
        0 appraisal: AppraisalId,
        /// Its kind.
        1 kind: FindingKind,
        /// The unit it is about; none means all of them.
        2 unit: Option<UnitId>,
        /// The area it is about.
        3 area: Option<AreaRef>,
        /// The practice it is about.
        4 practice: Option<Target>,
        /// The evidence it rests on, at most 64.
        5 evidence: Vec<EvidenceId>,
    }
    /// The body of [`Event::AppraisalClosed`].
    AppraisalClosed {
        /// The appraisal.
        0 appraisal: AppraisalId,
        /// The unit whose ratings take effect.
        1 unit: UnitId,
        /// How many ratings are recorded in its stream with this fact.
        2 ratings: u64,
    }
    /// The body of [`Event::AppraisalImported`]; purpose, statement and all other texts are payload.
    AppraisalImported {
        /// The appraisal.
        0 appraisal: AppraisalId,
        /// Its input, as it was then; one unit, and no base.
        1 input: Input,
        /// The first instant of the time over which it was conducted.
        2 conducted_from: Timestamp,
        /// The first instant after that time.
        3 conducted_until: Timestamp,
        /// How many ratings are recorded in the unit's stream with this fact.
        4 ratings: u64,
    }
    /// The body of events on a whole appraisal; reasons are payload.
    OfAppraisal {
        /// The appraisal.
        0 appraisal: AppraisalId,
    }
}
