//! Appraisals: dated judgments by a team, each in a stream of its own.
//!
//! Ratings are given one by one and sealed, revealed when all are in, and agreed on. Nothing of it
//! touches a level: only when the lead has signed off and the sponsor approves a unit, its ratings
//! are recorded in that unit's stream, in the same call as the closing.
//!
//! A fold of the streams of appraisals. Invariant: events of one appraisal are applied in the order
//! of their positions.

mod against;
mod agreement;
mod carried;
mod decide;
mod import;
mod refusal;
mod scope;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gradus_model::appraisal::{EvidenceBase, Input, Subject};
use gradus_model::event::{AppraisalImported, AppraisalInput, ConsensusReached, FindingRecorded};
use gradus_model::rating::{Rating, Value};
use gradus_model::{
    AppraisalId, Event, EvidenceId, PrincipalId, RatingId, Recorded, Target, Timestamp, UnitId,
};

pub use against::{Against, against};
pub use agreement::{Agreement, agreement};
pub use carried::{CARRIED, Carried, carried, carried_at};
pub use decide::{MOST_RATINGS, MOST_REVEALED, Scene, decide};
pub use import::follows_from_import;
pub use refusal::AppraisalRefusal;
pub use scope::{also_rated, level_of, unsettled};

/// The text of a sealed rating in which its author gives no value.
pub const ABSTAINED: &str = "abstained";

/// The payload field with the text of somebody who does not agree.
#[must_use]
pub fn dissent_field(of: PrincipalId) -> String {
    format!("dissent/{of}")
}

/// The stream of an appraisal: streams are named by 128 bits, and these are the appraisal's own.
#[must_use]
pub const fn stream_of(appraisal: AppraisalId) -> UnitId {
    UnitId(appraisal.0)
}

/// Where and by whom something was said of an appraisal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// Its position in the log.
    pub position: u64,
    /// Its version in the appraisal's stream.
    pub version: u64,
    /// Who said it.
    pub actor: PrincipalId,
    /// Its effective time.
    pub effective_at: Timestamp,
}

impl Said {
    /// Where and by whom a record was made.
    #[must_use]
    pub const fn by(recorded: &Recorded) -> Self {
        let Recorded { place, effective_at, actor, .. } = recorded;
        let (position, version) = (place.position, place.version);
        Self { position, version, actor: *actor, effective_at: *effective_at }
    }
}

/// A rating of one of the team; its value is payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Where it was recorded.
    pub said: Said,
    /// The evidence it cites.
    pub evidence: Vec<EvidenceId>,
}

/// What the team agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// Where it was recorded.
    pub said: Said,
    /// The value; none if the subject is left unrated.
    pub value: Option<Value>,
    /// The evidence it rests on.
    pub evidence: Vec<EvidenceId>,
    /// Who does not agree.
    pub dissent: Vec<PrincipalId>,
}

/// What an appraisal has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// The team works.
    Open,
    /// The lead signed off, and the sponsor has not approved every unit.
    SignedOff,
    /// The ratings of every unit took effect.
    Closed,
    /// It was given up.
    Cancelled,
}

impl State {
    /// Every state.
    pub const ALL: &'static [Self] = &[Self::Open, Self::SignedOff, Self::Closed, Self::Cancelled];

    /// The state in a word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::SignedOff => "signed-off",
            Self::Closed => "closed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// The time over which an appraisal was conducted that was brought in later: `[from, until)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conducted {
    /// Its first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub until: Timestamp,
}

/// The fold of one appraisal's stream.
#[derive(Clone, Debug)]
pub struct Appraisal {
    /// The appraisal.
    pub id: AppraisalId,
    /// The version of its stream.
    pub version: u64,
    /// Its opening.
    pub opened: Said,
    /// Where its input was last said: the opening, or the last change.
    pub stated: Said,
    /// Its input.
    pub input: Input,
    /// Where its evidence is frozen.
    pub base: EvidenceBase,
    /// The last rating of each of the team, sealed or revealed.
    pub ratings: BTreeMap<Subject, BTreeMap<PrincipalId, Sealed>>,
    /// What was revealed, and where.
    pub revealed: BTreeMap<Subject, Said>,
    /// What was agreed on last.
    pub consensus: BTreeMap<Subject, Agreed>,
    /// What else was found.
    pub findings: Vec<(Said, FindingRecorded)>,
    /// The lead's word that this is what is to take effect, and from when on.
    pub signed_off: Option<Said>,
    /// The units whose ratings took effect, and how many those are.
    pub closed: BTreeMap<UnitId, (Said, u64)>,
    /// That it was given up.
    pub cancelled: Option<Said>,
    /// That it was conducted elsewhere and brought in, and when that was. Nobody can show of such a
    /// one that ratings were sealed, duties kept apart or the evidence frozen.
    pub imported: Option<Conducted>,
}

impl Appraisal {
    /// The appraisal that its first event opens or brings in; none if that does neither.
    #[must_use]
    pub fn opened(said: Said, event: &Event) -> Option<Self> {
        match event {
            Event::AppraisalOpened(AppraisalInput { appraisal, input }) => {
                Some(Self::begun(said, *appraisal, input))
            }
            Event::AppraisalImported(of) => {
                let AppraisalImported { appraisal, input, ratings, .. } = of;
                let conducted = Conducted { from: of.conducted_from, until: of.conducted_until };
                let closed = input.units.iter().map(|unit| (*unit, (said, *ratings))).collect();
                let begun = Self::begun(said, *appraisal, input);
                Some(Self { closed, imported: Some(conducted), ..begun })
            }
            _ => None,
        }
    }

    fn begun(said: Said, id: AppraisalId, input: &Input) -> Self {
        let valid_at = said.effective_at;
        let base = input.base.unwrap_or(EvidenceBase { valid_at, log_size: said.position });
        Self {
            id,
            version: said.version,
            opened: said,
            stated: said,
            input: input.clone(),
            base,
            ratings: BTreeMap::new(),
            revealed: BTreeMap::new(),
            consensus: BTreeMap::new(),
            findings: Vec::new(),
            signed_off: None,
            closed: BTreeMap::new(),
            cancelled: None,
            imported: None,
        }
    }

    /// What it has come to.
    #[must_use]
    pub fn state(&self) -> State {
        if self.cancelled.is_some() {
            State::Cancelled
        } else if self.input.units.iter().all(|unit| self.closed.contains_key(unit)) {
            State::Closed
        } else if self.signed_off.is_some() {
            State::SignedOff
        } else {
            State::Open
        }
    }

    /// Those of the team whose rating of a subject is not in yet.
    pub fn waits_for(&self, subject: &Subject) -> impl Iterator<Item = PrincipalId> {
        let given = self.ratings.get(subject);
        self.input
            .raters()
            .filter(move |rater| given.is_none_or(|given| !given.contains_key(rater)))
    }

    /// What was rated and not revealed, in order.
    pub fn unrevealed(&self) -> impl Iterator<Item = &Subject> {
        self.ratings.keys().filter(|subject| !self.revealed.contains_key(subject))
    }

    /// What was agreed on for a unit's target, whatever the process instance.
    pub fn agreed_on(&self, unit: UnitId, target: &Target) -> impl Iterator<Item = &Agreed> {
        let first = Subject { unit, target: target.clone(), instance: None };
        let of = (first.unit, first.target.clone());
        let from = self.consensus.range(first..);
        let same = move |(subject, _): &(&Subject, &Agreed)| {
            (subject.unit, &subject.target) == (of.0, &of.1)
        };
        from.take_while(same).map(|(_, agreed)| agreed)
    }

    /// What takes effect in a unit when it is closed: subjects with a value, in order.
    pub fn yields(&self, unit: UnitId) -> impl Iterator<Item = (&Subject, Value, &Agreed)> {
        let of_unit = self.consensus.iter().filter(move |(subject, _)| subject.unit == unit);
        of_unit.filter_map(|(subject, agreed)| Some((subject, agreed.value?, agreed)))
    }

    /// The rating of a subject that was agreed on, as it is recorded in the unit's stream.
    #[must_use]
    pub fn rating(&self, id: RatingId, subject: &Subject, value: Value, agreed: &Agreed) -> Rating {
        Rating {
            rating: id,
            target: subject.target.clone(),
            value,
            instance: subject.instance.clone(),
            appraisal: Some(self.id),
            basis: None,
            evidence: agreed.evidence.clone(),
        }
    }

    /// Takes in one recorded event of its stream.
    pub fn evolve(&mut self, said: Said, event: &Event) {
        self.version = said.version;
        match event {
            Event::AppraisalChanged(AppraisalInput { input, .. }) => {
                self.input = input.clone();
                self.base = input.base.unwrap_or(self.base);
                self.stated = said;
            }
            Event::IndividualRatingSealed(of) => {
                let sealed = Sealed { said, evidence: of.evidence.clone() };
                let of_subject = self.ratings.entry(of.subject.clone()).or_default();
                of_subject.insert(said.actor, sealed);
            }
            Event::IndividualRatingsRevealed(of) => {
                for subject in &of.subjects {
                    self.revealed.entry(subject.clone()).or_insert(said);
                }
            }
            Event::ConsensusReached(of) => {
                let ConsensusReached { subject, value, evidence, dissent, .. } = of.clone();
                self.consensus.insert(subject, Agreed { said, value, evidence, dissent });
            }
            Event::FindingRecorded(of) => self.findings.push((said, of.clone())),
            Event::AppraisalSignedOff(_) => {
                self.signed_off = Some(said);
                return;
            }
            Event::AppraisalClosed(of) => {
                self.closed.insert(of.unit, (said, of.ratings));
                return;
            }
            Event::AppraisalCancelled(_) => self.cancelled = Some(said),
            _ => return,
        }
        // Whatever is said after it was not signed for.
        self.signed_off = None;
    }
}

/// All appraisals; a copy shares those that are not changed.
#[derive(Clone, Debug, Default)]
pub struct Appraisals(BTreeMap<AppraisalId, Arc<Appraisal>>);

impl Appraisals {
    /// An appraisal by its id.
    #[must_use]
    pub fn get(&self, id: AppraisalId) -> Option<&Appraisal> {
        self.0.get(&id).map(Arc::as_ref)
    }

    /// The appraisal whose stream this is, if it is one's.
    #[must_use]
    pub fn of_stream(&self, stream: UnitId) -> Option<&Appraisal> {
        self.get(AppraisalId(stream.0))
    }

    /// Every appraisal, in the order of ids.
    pub fn all(&self) -> impl Iterator<Item = &Appraisal> {
        self.0.values().map(Arc::as_ref)
    }

    /// Those that were brought in, as known with `size` records.
    #[must_use]
    pub fn imported(&self, size: u64) -> BTreeSet<AppraisalId> {
        let known = |of: &&Appraisal| of.imported.is_some() && of.opened.position < size;
        self.all().filter(known).map(|of| of.id).collect()
    }

    /// Takes in one recorded event; those of other streams change nothing.
    pub fn evolve(&mut self, stream: UnitId, said: Said, event: &Event) {
        if !is_of_appraisal(event) {
            return;
        }
        let id = AppraisalId(stream.0);
        match self.0.get_mut(&id) {
            Some(known) => Arc::make_mut(known).evolve(said, event),
            None => {
                let opened = Appraisal::opened(said, event);
                self.0.extend(opened.map(|opened| (id, Arc::new(opened))));
            }
        }
    }
}

/// Whether an event belongs to the stream of an appraisal.
#[must_use]
pub const fn is_of_appraisal(event: &Event) -> bool {
    let number = event.event_type();
    400 <= number && number < 420
}
