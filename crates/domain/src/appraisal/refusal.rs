//! Why something was refused for an appraisal, with the values it speaks of.

use gradus_model::rating::Value;
use gradus_model::{EvidenceId, Name, PrincipalId, Target, Timestamp};

use super::State;

/// A typed refusal. Nothing was recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppraisalRefusal {
    /// A list that must name something names nothing.
    #[error("`{0}` is empty: name at least one")]
    Nothing(&'static str),
    /// A list names something twice.
    #[error("`{field}` names `{what}` twice: name it once")]
    Twice {
        /// The field's name.
        field: &'static str,
        /// What is there twice.
        what: String,
    },
    /// No level that can be looked at.
    #[error("`highest` is {0}: use a level from 1 to 5")]
    NoLevel(u8),
    /// A team has exactly one lead.
    #[error("the team has {0} leads: name exactly one")]
    Leads(usize),
    /// Who approves is not who rates.
    #[error("the sponsor approves what the team rates, and cannot rate: name another one")]
    SponsorRates,
    /// Somebody in the team, or the sponsor, is no person.
    #[error("principal `{0}` is no person: an appraisal is done by people")]
    NotAPerson(PrincipalId),
    /// The evidence would be frozen at a size that the log does not have.
    #[error("`log_size` is {seen}, and the log has {size} records")]
    BaseAhead {
        /// What was asked for.
        seen: u64,
        /// What there is.
        size: u64,
    },
    /// An appraisal of before is of one unit.
    #[error("an appraisal of before is brought in unit by unit: name one, not {0}")]
    ImportedUnits(usize),
    /// The unit's rules take no ratings of appraisals of before.
    #[error(
        "the rules `{rules}` refuse appraisals of before ({reason}): conduct it here, or adopt rules \
         without `imports_refused`"
    )]
    ImportsRefused {
        /// The rules.
        rules: Name,
        /// Why, as they say.
        reason: String,
    },
    /// No time is left in which an appraisal of before could have been conducted.
    #[error("it was conducted from {from} until {until}: the end has to come after the start")]
    NeverConducted {
        /// The start that was given.
        from: Timestamp,
        /// The end that was given.
        until: Timestamp,
    },
    /// Ratings would take effect before anybody looked.
    #[error("`effective_at` is {seen}, before it was conducted: use {from} or later")]
    BeforeConduct {
        /// What was asked for.
        seen: Timestamp,
        /// When the conduct began.
        from: Timestamp,
    },
    /// Somebody else's part.
    #[error("only {who} may {what}")]
    NotTheirs {
        /// Whose part it is.
        who: &'static str,
        /// What they may do.
        what: &'static str,
    },
    /// It has come to its end.
    #[error("the appraisal is {}: it takes no more of this", .0.name())]
    Over(State),
    /// A part of it took effect.
    #[error("ratings of the appraisal took effect in a unit: only the others can be closed now")]
    PartlyClosed,
    /// Not in the scope.
    #[error("`{0}` is not in the scope of the appraisal")]
    OutOfScope(String),
    /// The rules of the unit do not let features be rated as a whole.
    #[error("`{0}` is a common feature, which the unit's rules do not read: rate its practices")]
    FeatureNotRead(Target),
    /// The rules of the unit do not read the scale.
    #[error("`{0}` is on a scale that the unit's rules do not read")]
    NotRead(Value),
    /// The evidence was recorded after the base was frozen.
    #[error("evidence `{evidence}` is not among the {log_size} records of the frozen base")]
    OutsideBase {
        /// The item.
        evidence: EvidenceId,
        /// The size of the base.
        log_size: u64,
    },
    /// What was revealed is not rated any more.
    #[error("the ratings of `{0}` were revealed: what counts now is the consensus")]
    Revealed(Target),
    /// What is confirmed is not what an earlier appraisal said.
    #[error(
        "`carried` is {position}: no rating of `{target}` with this value by an earlier appraisal \
         stands there in the frozen base"
    )]
    NotCarried {
        /// The position that was given.
        position: String,
        /// What is rated.
        target: Target,
    },
    /// Ratings are missing.
    #[error("`{target}` waits for the ratings of {missing} of the team")]
    NotAllIn {
        /// What is rated.
        target: Target,
        /// How many.
        missing: usize,
    },
    /// Nothing can be revealed yet, whatever was rated.
    #[error("nothing is in from everybody yet: {}", in_words(*rated, waits_for))]
    NothingAllIn {
        /// How many subjects are rated by some.
        rated: usize,
        /// Of how many of them the ratings of each of the team are missing.
        waits_for: Vec<(String, usize)>,
    },
    /// The ratings of the team are not known yet.
    #[error("the ratings of `{0}` were not revealed: reveal them first")]
    NotRevealed(Target),
    /// Somebody's dissent says nothing.
    #[error("`{0}` dissents without a text: say what they hold instead")]
    DissentUnexplained(PrincipalId),
    /// Practices in scope were not dealt with.
    #[error(
        "{unsettled} of the practices in scope are neither agreed on nor left out with a reason; \
         the first is `{first}`"
    )]
    Unsettled {
        /// How many.
        unsettled: usize,
        /// One of them.
        first: Target,
    },
    /// The lead has not signed off what there is now.
    #[error("the lead has not signed off: what was said last is not signed for")]
    NotSignedOff,
    /// The ratings would take effect from another moment than was signed for.
    #[error("the ratings take effect from {signed}, as was signed for, not from {seen}")]
    OtherDate {
        /// What was asked for.
        seen: Timestamp,
        /// What was signed for.
        signed: Timestamp,
    },
    /// The closing would record another number of ratings than were agreed on.
    #[error("{agreed} ratings were agreed on for the unit, not {seen}")]
    OtherRatings {
        /// What was asked for.
        seen: u64,
        /// What was agreed on.
        agreed: u64,
    },
}

/// Who is waited for: `of 4 rated by some, 2 wait for mia and 4 for leo`.
fn in_words(rated: usize, waits_for: &[(String, usize)]) -> String {
    if rated == 0 {
        return "nobody has rated anything".to_owned();
    }
    let told: Vec<String> =
        waits_for.iter().map(|(who, count)| format!("{count} for {who}")).collect();
    format!("of {rated} rated by some, {}", told.join(", ").replacen(" for", " wait for", 1))
}
