//! Every fact that can be recorded, in the past tense.
//!
//! An event's type number, and the number of each field in its body, are part of the stored
//! format: a released event is never renamed, removed or given a new meaning; a new fact is a new
//! variant. Bodies are deterministic CBOR (RFC 8949 section 4.2.1): maps with ascending small
//! integer keys, shortest lengths, no floats, no tags.

use minicbor::{Decode, Encode};

use crate::evidence::Item;
use crate::rating::Rating;
use crate::suspect::Suspect;
use crate::unit::{AreaRef, Context, Floor, Inheritance, MarkerKind, Phase, UnitKind};
use crate::{
    Digest, EvidenceId, Label, LogId, Name, PrincipalId, RatingId, Target, Timestamp, UnitId,
};

/// A body that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// An event type or schema that this version does not know.
    #[error("event type {event_type} with schema {schema} is unknown here: use a newer version")]
    Unknown {
        /// The type's number.
        event_type: u16,
        /// The schema's version.
        schema: u16,
    },
    /// The body is not what the type asks for.
    #[error("the body of event type {event_type} is damaged: {reason}")]
    Damaged {
        /// The type's number.
        event_type: u16,
        /// What is wrong with it.
        reason: String,
    },
}

macro_rules! bodies {
    ($(
        $(#[$meta:meta])*
        $name:ident { $( $(#[$fmeta:meta])* $number:literal $field:ident: $type:ty, )* }
    )+) => { $(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
        #[cbor(map)]
        pub struct $name { $( $(#[$fmeta])* #[n($number)] pub $field: $type, )* }
    )+ };
}

mod access;
mod appraisal;
mod audit;
mod erasure;

pub use access::{
    CertificateRegistered, CertificateRevoked, ClaimRuleRemoved, ClaimRuleSet, PrincipalAdded,
    PrincipalDisabled, RoleGranted, RoleRevoked, TokenIssued, TokenRevoked, TokenRotated,
};
pub use appraisal::{
    AppraisalClosed, AppraisalImported, AppraisalInput, ConsensusReached, FindingRecorded,
    IndividualRatingSealed, IndividualRatingsRevealed, OfAppraisal,
};
pub use audit::{EngagementEnded, QueriesOpened, QueriesRecorded};
pub use erasure::{
    AttachmentsErased, LegalHoldLifted, LegalHoldPlaced, PayloadErased, PayloadsErased,
    RetentionRemoved, RetentionSet, Run,
};

bodies! {
    /// The body of [`Event::LogCreated`].
    LogCreated {
        /// The log's random id.
        0 log: LogId,
        /// The root unit, whose stream this event opens.
        1 organization: UnitId,
        /// The origin line of the log's checkpoints.
        2 origin: Label,
    }
    /// The body of [`Event::LogForked`]: up to `size`, the records are those of the log it came from.
    LogForked {
        /// The size at which this log went its own way, which is this event's position.
        0 size: u64,
        /// The root that both logs have at that size.
        1 root: Digest,
        /// The size that the other log is known to have had; its records past `size` are not here.
        2 known_size: Option<u64>,
        /// The origin line of this log's checkpoints from here on.
        3 origin: Label,
    }
    /// The body of [`Event::ClockAccepted`]; why is in the payload.
    ClockAccepted {
        /// What the wall clock said, which is the time from here on.
        0 wall: Timestamp,
        /// What was expected; after a pause of unknown length the earliest that could be.
        1 expected: Timestamp,
    }
    /// The body of [`Event::StateDigestRecorded`]: what was known of all streams at one size.
    StateDigestRecorded {
        /// The log size that it describes; the event itself lies past it.
        0 size: u64,
        /// The RFC 6962 root over the rows, one for each stream, in their order.
        1 root: Digest,
        /// How many rows there are.
        2 rows: u64,
        /// The version of the projector whose digests the rows hold.
        3 projector: u32,
    }
    /// The body of [`Event::LogKeyRotated`]; why is payload. The signature is that of a handover
    /// (`proof/src/handover.rs`) by the old key, so that it vouches for the new one by itself.
    LogKeyRotated {
        /// The Ed25519 public key that signed checkpoints until then.
        0 from: Digest,
        /// The one that signs them from then on.
        1 to: Digest,
        /// The signature of the old key, 64 bytes.
        #[cbor(with = "minicbor::bytes")]
        2 signature: Vec<u8>,
    }
    /// The body of events that publish or adopt a held document.
    Document {
        /// The id the document gives itself.
        0 id: Name,
        /// The SHA-256 of its bytes.
        1 digest: Digest,
    }
    /// The body of [`Event::UnitRegistered`].
    UnitRegistered {
        /// The new unit.
        0 unit: UnitId,
        /// Its sort.
        1 kind: UnitKind,
        /// The unit above it; none for the organization.
        2 parent: Option<UnitId>,
        /// Its name, unique among all units.
        3 name: Name,
    }
    /// The body of [`Event::UnitRenamed`].
    UnitRenamed {
        /// The unit.
        0 unit: UnitId,
        /// Its new name.
        1 name: Name,
    }
    /// The body of [`Event::UnitMoved`].
    UnitMoved {
        /// The unit.
        0 unit: UnitId,
        /// The unit now above it.
        1 parent: UnitId,
    }
    /// The body of [`Event::UnitArchived`].
    UnitArchived {
        /// The unit.
        0 unit: UnitId,
    }
    /// The body of [`Event::UnitSucceeded`].
    UnitSucceeded {
        /// The unit.
        0 unit: UnitId,
        /// The units that carry its work on, 1 to 100, each once, in order.
        1 successors: Vec<UnitId>,
    }
    /// The body of [`Event::SourceDistrusted`]; why is payload.
    SourceDistrusted {
        /// What is distrusted.
        0 suspect: Suspect,
        /// The first stamp of the records in question; all before `until` without it.
        1 from: Option<Timestamp>,
        /// The first stamp after them; open, so that later ones are meant too, without it.
        2 until: Option<Timestamp>,
    }
    /// The body of [`Event::SourceRestored`]; why is payload.
    SourceRestored {
        /// Where the distrust was recorded that is taken back.
        0 distrust: u64,
    }
    /// The body of events that tailor an area; the reason is payload.
    Tailoring {
        /// The area.
        0 area: AreaRef,
    }
    /// The body of [`Event::AreaInheritanceSet`].
    AreaInheritanceSet {
        /// The area.
        0 area: AreaRef,
        /// From where it is answered.
        1 inheritance: Inheritance,
    }
    /// The body of events on life-cycle phases.
    PhaseChange {
        /// The phase.
        0 phase: Phase,
    }
    /// The body of [`Event::MarkerPlaced`].
    MarkerPlaced {
        /// What it stands for.
        0 kind: MarkerKind,
        /// Its name.
        1 label: Label,
    }
    /// The body of [`Event::UnitLabelled`].
    UnitLabelled {
        /// All its labels, at most 64, each once, in order.
        0 labels: Vec<Label>,
    }
    /// The body of [`Event::BaselineRaised`].
    BaselineRaised {
        /// The floors that are new, each area once.
        0 floors: Vec<Floor>,
    }
    /// The body of [`Event::ConflictDeclared`]; the reason is payload.
    ConflictDeclared {
        /// Whose interest it is.
        0 principal: PrincipalId,
        /// The first instant at which it is over; open if there is none.
        1 until: Option<Timestamp>,
    }
    /// The body of [`Event::ConflictWithdrawn`]; why is payload.
    ConflictWithdrawn {
        /// Whose interest it was.
        0 principal: PrincipalId,
    }
    /// The body of events on one item of evidence; reasons and notes are payload.
    OfEvidence {
        /// The item.
        0 evidence: EvidenceId,
    }
    /// The body of [`Event::EvidenceSuperseded`].
    EvidenceSuperseded {
        /// The item that is replaced.
        0 evidence: EvidenceId,
        /// The item that replaces it.
        1 by: EvidenceId,
    }
    /// The body of events on an item's links.
    Links {
        /// The item.
        0 evidence: EvidenceId,
        /// The practices, each once, in order.
        1 practices: Vec<Target>,
    }
    /// The body of events on the process instances that an item belongs to.
    InstanceLinks {
        /// The item.
        0 evidence: EvidenceId,
        /// The instances, each once, in order.
        1 instances: Vec<Label>,
    }
    /// The body of events on one rating; the reason is payload.
    OfRating {
        /// The rating.
        0 rating: RatingId,
    }
}

macro_rules! events {
    ($( $(#[$meta:meta])* $number:literal $word:literal $variant:ident($body:ty), )+) => {
        /// A recorded fact.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Event { $( $(#[$meta])* $variant($body), )+ }

        impl Event {
            /// Every event type: its number and name.
            pub const TYPES: &'static [(u16, &'static str)] = &[ $( ($number, $word), )+ ];

            /// The number stored in the leaf's header.
            #[must_use]
            pub const fn event_type(&self) -> u16 {
                match self { $( Self::$variant(_) => $number, )+ }
            }

            /// The name that people read.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self { $( Self::$variant(_) => $word, )+ }
            }

            /// The version of the body's schema that is written.
            #[must_use]
            pub const fn schema(&self) -> u16 {
                match self {
                    Self::PrincipalAdded(PrincipalAdded { by: Some(_), .. }) => 2,
                    _ => 1,
                }
            }

            /// The body in deterministic CBOR.
            #[must_use]
            pub fn body(&self) -> Vec<u8> {
                // Room for most bodies, so that few grow.
                let mut bytes = Vec::with_capacity(256);
                // Writing to a Vec cannot fail, and no encoder here refuses a value.
                let _ = match self { $( Self::$variant(body) => minicbor::encode(body, &mut bytes), )+ };
                bytes
            }

            /// Reads a body; only the deterministic encoding is accepted.
            pub fn read(event_type: u16, schema: u16, body: &[u8]) -> Result<Self, EventError> {
                let damaged = |reason: String| EventError::Damaged { event_type, reason };
                let event = match (event_type, schema) {
                    $( ($number, 1) => minicbor::decode(body).map(Self::$variant), )+
                    (30, 2) => minicbor::decode(body).map(Self::PrincipalAdded),
                    _ => return Err(EventError::Unknown { event_type, schema }),
                };
                let event = event.map_err(|error| damaged(error.to_string()))?;
                if event.body() != body {
                    return Err(damaged("it is not in the deterministic encoding".to_owned()));
                }
                if event.schema() != schema {
                    return Err(damaged(format!("it is of schema {}", event.schema())));
                }
                Ok(event)
            }
        }
    };
}

events! {
    /// The first event of a log, at position 0.
    1 "log-created" LogCreated(LogCreated),
    /// The log was restored to an earlier size and goes its own way from here.
    2 "log-forked" LogForked(LogForked),
    /// A person took a suspect clock for right: stamps follow it from here on, where they can.
    3 "clock-accepted" ClockAccepted(ClockAccepted),
    /// A reference model was published as a held document.
    10 "model-published" ModelPublished(Document),
    /// A target profile was published as a held document.
    11 "profile-published" ProfilePublished(Document),
    /// Rules were published as a held document.
    12 "rules-published" RulesPublished(Document),
    /// A unit was registered; effective when it came to be.
    20 "unit-registered" UnitRegistered(UnitRegistered),
    /// A unit got another name.
    21 "unit-renamed" UnitRenamed(UnitRenamed),
    /// A unit came under another unit.
    22 "unit-moved" UnitMoved(UnitMoved),
    /// A unit ended; its history stays.
    23 "unit-archived" UnitArchived(UnitArchived),
    /// From the effective time the unit's work goes on in others; its own history stays.
    24 "unit-succeeded" UnitSucceeded(UnitSucceeded),
    /// A person or service account was added.
    30 "principal-added" PrincipalAdded(PrincipalAdded),
    /// A principal may no longer act.
    31 "principal-disabled" PrincipalDisabled(PrincipalDisabled),
    /// A bearer token was issued.
    34 "token-issued" TokenIssued(TokenIssued),
    /// A bearer token was revoked.
    35 "token-revoked" TokenRevoked(TokenRevoked),
    /// Client certificates with this key stand for a principal.
    36 "certificate-registered" CertificateRegistered(CertificateRegistered),
    /// Client certificates with this key stand for nobody, for good.
    37 "certificate-revoked" CertificateRevoked(CertificateRevoked),
    /// A principal may act in a role on a unit and all below it, from the effective time.
    40 "role-granted" RoleGranted(RoleGranted),
    /// A role ended at the effective time.
    41 "role-revoked" RoleRevoked(RoleRevoked),
    /// Another bearer token took the place of one, which is good for a while yet.
    44 "token-rotated" TokenRotated(TokenRotated),
    /// Tokens of an issuer that say so stand for principals with a role, from the effective time.
    46 "claim-rule-set" ClaimRuleSet(ClaimRuleSet),
    /// A claim rule ended at the effective time.
    47 "claim-rule-removed" ClaimRuleRemoved(ClaimRuleRemoved),
    /// Evidence that a source wrote over an interval does not count, from this position on.
    50 "source-distrusted" SourceDistrusted(SourceDistrusted),
    /// A distrust was taken back: what it was about counts again, from this position on.
    51 "source-restored" SourceRestored(SourceRestored),
    /// What was known at one size, as a root over all streams; changes nothing.
    60 "state-digest-recorded" StateDigestRecorded(StateDigestRecorded),
    /// Nothing that it is about is erased until it is lifted.
    70 "legal-hold-placed" LegalHoldPlaced(LegalHoldPlaced),
    /// A legal hold is over.
    71 "legal-hold-lifted" LegalHoldLifted(LegalHoldLifted),
    /// Texts are to be erased so many days after they were recorded; that is done by an event of its
    /// own.
    72 "retention-set" RetentionSet(RetentionSet),
    /// Texts are kept again as long as nobody erases them.
    73 "retention-removed" RetentionRemoved(RetentionRemoved),
    /// Another key signs the log's checkpoints from here on.
    80 "log-key-rotated" LogKeyRotated(LogKeyRotated),
    /// An auditor asked something: what it was is committed to, and told once the engagement is over.
    90 "queries-recorded" QueriesRecorded(QueriesRecorded),
    /// An auditor's engagement is over: what was asked in it may be known.
    91 "engagement-ended" EngagementEnded(EngagementEnded),
    /// What an auditor asked, as it was committed to.
    92 "queries-opened" QueriesOpened(QueriesOpened),
    /// The unit is measured by this model from the effective time.
    100 "model-adopted" ModelAdopted(Document),
    /// The unit's levels are computed by these rules from the effective time.
    101 "rules-adopted" RulesAdopted(Document),
    /// The unit strives for this profile from the effective time.
    102 "profile-adopted" ProfileAdopted(Document),
    /// An area does not apply to the unit from the effective time.
    110 "area-tailored-out" AreaTailoredOut(Tailoring),
    /// An area applies again from the effective time.
    111 "area-tailored-in" AreaTailoredIn(Tailoring),
    /// Where an area is answered from, from the effective time.
    112 "area-inheritance-set" AreaInheritanceSet(AreaInheritanceSet),
    /// The unit's circumstances from the effective time.
    113 "context-recorded" ContextRecorded(Context),
    /// The whole set of the unit's labels from the effective time.
    114 "unit-labelled" UnitLabelled(UnitLabelled),
    /// Levels below which areas must not fall from the effective time on.
    115 "baseline-raised" BaselineRaised(BaselineRaised),
    /// A life-cycle phase began.
    120 "phase-entered" PhaseEntered(PhaseChange),
    /// A life-cycle phase ended.
    121 "phase-left" PhaseLeft(PhaseChange),
    /// A named instant.
    122 "marker-placed" MarkerPlaced(MarkerPlaced),
    /// A principal has an interest of their own in the unit and in all below it, from the effective
    /// time.
    130 "conflict-declared" ConflictDeclared(ConflictDeclared),
    /// From the effective time the principal has no such interest any more.
    131 "conflict-withdrawn" ConflictWithdrawn(ConflictWithdrawn),
    /// Evidence was put forward; effective when the work ended.
    200 "evidence-submitted" EvidenceSubmitted(Item),
    /// A person accepted it: it counts over its whole validity.
    201 "evidence-accepted" EvidenceAccepted(OfEvidence),
    /// A person rejected it: it does not count.
    202 "evidence-rejected" EvidenceRejected(OfEvidence),
    /// It never counted.
    203 "evidence-withdrawn" EvidenceWithdrawn(OfEvidence),
    /// It counted until the effective time.
    204 "evidence-ended" EvidenceEnded(OfEvidence),
    /// Another item took its place from the effective time.
    205 "evidence-superseded" EvidenceSuperseded(EvidenceSuperseded),
    /// A second person vouched for it.
    206 "evidence-confirmed" EvidenceConfirmed(OfEvidence),
    /// It speaks for further practices.
    207 "evidence-linked" EvidenceLinked(Links),
    /// It no longer speaks for these practices.
    208 "evidence-unlinked" EvidenceUnlinked(Links),
    /// A record's payload key was destroyed; its leaf stays.
    209 "payload-erased" PayloadErased(PayloadErased),
    /// It belongs to further process instances.
    210 "evidence-instance-linked" EvidenceInstanceLinked(InstanceLinks),
    /// It no longer belongs to these process instances.
    211 "evidence-instance-unlinked" EvidenceInstanceUnlinked(InstanceLinks),
    /// The payload keys of several records were destroyed; their leaves stay.
    212 "payloads-erased" PayloadsErased(PayloadsErased),
    /// The keys and the bytes of attachments were destroyed; their digests stay.
    213 "attachments-erased" AttachmentsErased(AttachmentsErased),
    /// A practice was rated, in force from the effective time.
    300 "practice-rated" PracticeRated(Rating),
    /// A rating never counted; the one before it is in force again.
    301 "rating-withdrawn" RatingWithdrawn(OfRating),
    /// A rating was in force until the effective time.
    302 "rating-ended" RatingEnded(OfRating),
    /// An appraisal was opened, with its evidence frozen.
    400 "appraisal-opened" AppraisalOpened(AppraisalInput),
    /// Its whole input was changed, with the sponsor's consent.
    401 "appraisal-changed" AppraisalChanged(AppraisalInput),
    /// One of the team rated; nobody else may know the value before all have.
    402 "individual-rating-sealed" IndividualRatingSealed(IndividualRatingSealed),
    /// All of the team had rated, and their values may be known from here on.
    403 "individual-ratings-revealed" IndividualRatingsRevealed(IndividualRatingsRevealed),
    /// The team agreed on a rating, or on leaving one out; dissent is kept.
    404 "consensus-reached" ConsensusReached(ConsensusReached),
    /// Something was found that is no rating.
    405 "finding-recorded" FindingRecorded(FindingRecorded),
    /// The sponsor approved: the ratings of one unit take effect, from the effective time.
    406 "appraisal-closed" AppraisalClosed(AppraisalClosed),
    /// It was given up; none of its ratings ever takes effect.
    407 "appraisal-cancelled" AppraisalCancelled(OfAppraisal),
    /// The lead signed off: what was agreed is to take effect from the effective time.
    408 "appraisal-signed-off" AppraisalSignedOff(OfAppraisal),
    /// An appraisal that was conducted elsewhere and earlier was brought in: its ratings take effect
    /// from the effective time, and are known from here on.
    409 "appraisal-imported" AppraisalImported(AppraisalImported),
}
