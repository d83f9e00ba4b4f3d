//! Every reason for a refusal, once: what leads to it, and what it says.

use std::collections::BTreeSet;

use expect_test::expect;
use gradus_domain::access::Right;
use gradus_domain::{AppraisalRefusal, Draft, NeededOn, Refusal, Under, UnitState};
use gradus_model::rating::Value;
use gradus_model::unit::{Phase, Role, UnitKind};
use gradus_model::{AppraisalId, Payload};

use crate::certificates::{certified, uncertified};
use crate::claims::{added_by, rule_removed};
use crate::distrusts::restored;
use crate::erasures::{all_erased, held, kept, lifted, run};
use crate::given::{
    Fact, accepted, confirmed, conflicted, decide, decide_in_organization, ended, erased, evidence,
    in_words, inheritance, labelled, left, linked, occasion, raised, rated, rating_ended,
    rating_withdrawn, state, submitted, superseded, tailored_out, unconflicted, unit, withdrawn,
};
use crate::log_keys::key_rotated;
use crate::registry::{
    added, and, archived, disabled, granted, issued, moved, registered, renamed, revoked,
    role_revoked, succeeded, tree,
};
use crate::tokens::rotated;

/// The variant's name; a new one does not compile until it is here, and then fails the table.
fn name(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::UnitUnknown(_) => "unit unknown",
        Refusal::UnitArchived(_) => "unit archived",
        Refusal::NameTaken(_) => "name taken",
        Refusal::NameIsId(_) => "name is id",
        Refusal::ArchivedSince { .. } => "archived since",
        Refusal::LivingBelow { .. } => "living below",
        Refusal::SuccessionCircle(_) => "succession circle",
        Refusal::WrongParent { .. } => "wrong parent",
        Refusal::Cycle(_) => "cycle",
        Refusal::OrganizationStays => "organization stays",
        Refusal::SuccessorMissing => "successor missing",
        Refusal::SucceedsItself(_) => "succeeds itself",
        Refusal::DocumentUnknown { .. } => "document unknown",
        Refusal::NoModel(_) => "no model",
        Refusal::AreaUnknown { .. } => "area unknown",
        Refusal::AreaTwice(_) => "area twice",
        Refusal::LevelUnknown(_) => "level unknown",
        Refusal::BaselineLower { .. } => "baseline lower",
        Refusal::PracticeUnknown { .. } => "practice unknown",
        Refusal::PhaseNotOpen(_) => "phase not open",
        Refusal::ReasonMissing => "reason missing",
        Refusal::PrincipalUnknown(_) => "principal unknown",
        Refusal::PrincipalDisabled(_) => "principal disabled",
        Refusal::PrincipalNameTaken(_) => "principal name taken",
        Refusal::RightMissing { .. } => "right missing",
        Refusal::EndMissing { .. } => "end missing",
        Refusal::RoleNotGranted { .. } => "role not granted",
        Refusal::RoleOfSystem => "role of system",
        Refusal::LastAdmin => "last admin",
        Refusal::TokenUnknown(_) => "token unknown",
        Refusal::CertificateUnknown(_) => "certificate unknown",
        Refusal::CertificateRevoked(_) => "certificate revoked",
        Refusal::CertificateTaken(_) => "certificate taken",
        Refusal::TokenEnded(_) => "token ended",
        Refusal::TokenRotated { .. } => "token rotated",
        Refusal::TooLate { .. } => "too late",
        Refusal::InThePast { .. } => "in the past",
        Refusal::InTheFuture { .. } => "in the future",
        Refusal::EndBeforeStart { .. } => "end before start",
        Refusal::TooMany { .. } => "too many",
        Refusal::EvidenceUnknown(_) => "evidence unknown",
        Refusal::EvidenceWithdrawn(_) => "evidence withdrawn",
        Refusal::SourceIdReused { .. } => "source id reused",
        Refusal::SupersedesItself(_) => "supersedes itself",
        Refusal::OwnEvidence(_) => "own evidence",
        Refusal::NotAPerson(_) => "not a person",
        Refusal::Derived(_) => "derived",
        Refusal::RatingUnknown(_) => "rating unknown",
        Refusal::RatingWithdrawn(_) => "rating withdrawn",
        Refusal::AppraisalUnknown => "appraisal unknown",
        Refusal::VersionUnknown(_) => "version unknown",
        Refusal::ClaimRule(_) => "claim rule",
        Refusal::CallsByRule { .. } => "calls by rule",
        Refusal::DutiesNotSeparate { .. } => "duties not separate",
        Refusal::RatedBefore { .. } => "rated before",
        Refusal::NotASecondPerson { .. } => "not a second person",
        Refusal::ConflictOfInterest { .. } => "conflict of interest",
        Refusal::ConflictNotDeclared(_) => "conflict not declared",
        Refusal::DistrustUnknown(_) => "distrust unknown",
        Refusal::UnderLegalHold { .. } => "under legal hold",
        Refusal::HoldUnknown(_) => "hold unknown",
        Refusal::HoldTaken(_) => "hold taken",
        Refusal::RetentionDays(_) => "retention days",
        Refusal::RunsUnordered(_) => "runs unordered",
        Refusal::LogKeyRotatedSince(_) => "log key rotated since",
        Refusal::Appraisal(_) => "appraisal",
    }
}

const VARIANTS: usize = 66;

fn silent(mut fact: Fact) -> Fact {
    fact.proposal.payload = Payload::empty();
    fact
}

fn of_unit() -> Vec<(Vec<Fact>, Fact)> {
    let one = || vec![submitted("E1")];
    let satisfied = |practice| rated("R1", practice, Value::Satisfied);
    vec![
        (vec![], inheritance("PA23", gradus_model::unit::Inheritance::Own)),
        (vec![], submitted("E1").for_practices(&["BP.23.01"])),
        (vec![], submitted("E1").for_practices(&["sse-cmm-1997:BP.01.01"])),
        (vec![], satisfied("PA23/GP 2.1.1")),
        (one(), linked("E1", &["BP.01.99"])),
        (vec![], left(Phase::Maintenance)),
        (vec![], labelled(&["a"; 65])),
        (vec![], raised(&[("PA23", 1)])),
        (vec![], raised(&[("PA01", 1), ("PA02", 1), ("PA01", 2)])),
        (vec![], raised(&[("PA01", 6)])),
        (vec![raised(&[("PA01", 3)])], raised(&[("PA01", 2)])),
        (vec![], silent(tailored_out("PA22"))),
        (one(), silent(withdrawn("E1"))),
        (one(), silent(erased(1))),
        (vec![satisfied("BP.01.01")], silent(rating_withdrawn("R1"))),
        (vec![], submitted("E1").on("2026-06-02")),
        (vec![], satisfied("BP.01.01").on("2026-06-02")),
        (vec![], submitted("E1").worked_from("2026-03-02")),
        (vec![], submitted("E1").valid_until("2026-03-01")),
        (one(), ended("E1").on("2026-02-28")),
        (
            vec![],
            submitted("E1").with(|item| item.attachments = vec![crate::given::digest("a"); 17]),
        ),
        (
            vec![],
            satisfied("BP.01.01").rated_as(|rating| rating.evidence = vec![evidence("E1"); 65]),
        ),
        (vec![], accepted("E1")),
        (one(), superseded("E1", "E2")),
        (vec![submitted("E1"), withdrawn("E1")], accepted("E1")),
        (one(), submitted("E1")),
        (one(), superseded("E1", "E1")),
        (vec![submitted("E1").by("alice")], confirmed("E1")),
        (vec![submitted("E1"), accepted("E1")], confirmed("E1")),
        (one(), accepted("E1").by("bot")),
        (vec![], satisfied("BP.01.01").by("gradus")),
        (vec![], satisfied("PA01/GP 1.1.1")),
        (vec![], rating_ended("R1")),
        (vec![satisfied("BP.01.01"), rating_withdrawn("R1")], rating_ended("R1")),
        (
            vec![],
            satisfied("BP.01.01").rated_as(|rating| rating.appraisal = Some(AppraisalId([1; 16]))),
        ),
        (one(), erased(0)),
        (one(), erased(3)),
        (one(), all_erased(&[run(1, 0)], None)),
        (vec![conflicted("alice", Some("2026-05-01"))], satisfied("BP.01.01")),
        (vec![], unconflicted("alice")),
    ]
}

fn with_admin() -> Vec<Fact> {
    and(tree(), [added("alice"), granted("alice", Role::Admin, "org", None)])
}

fn of_organization() -> Vec<(Vec<Fact>, Fact)> {
    let mut without_blue = tree();
    without_blue.push(archived("blue"));
    vec![
        (tree(), renamed("green", "lime")),
        (without_blue, moved("app", "blue")),
        (tree(), renamed("red", "blue")),
        (tree(), renamed("red", &unit("blue").to_string())),
        (and(tree(), [archived("blue").on("2026-02-01")]), archived("blue")),
        (tree(), archived("red")),
        (and(tree(), [succeeded("app", &["red"])]), succeeded("red", &["blue", "app"])),
        (tree(), registered("new", UnitKind::Team, Some("app"))),
        (tree(), moved("red", "red")),
        (tree(), archived("org")),
        (tree(), succeeded("red", &[])),
        (tree(), succeeded("red", &["red"])),
        (vec![], disabled("carol")),
        (vec![added("bob"), disabled("bob")], issued("T1", "bob", None)),
        (vec![], revoked("T1")),
        (vec![added("bob")], issued("T1", "bob", Some("2026-05-31"))),
        (vec![], uncertified("K1")),
        (
            vec![certified("K1", "bob", None), uncertified("K1"), added("bob")],
            certified("K1", "bob", None),
        ),
        (vec![certified("K1", "bob", None), added("amy")], certified("K1", "amy", None)),
        (and(tree(), [added("bob")]), role_revoked("bob", Role::Lead, "red")),
        (and(tree(), [added("gradus")]), granted("gradus", Role::Admin, "org", None)),
        (and(with_admin(), [added("olga")]), granted("olga", Role::Auditor, "red", None)),
        (with_admin(), role_revoked("alice", Role::Admin, "org")),
        (with_admin(), disabled("alice")),
        (vec![added("bob")], issued("T1", "bob", Some("2027-06-03"))),
        (
            vec![added("bob"), issued("T1", "bob", None), revoked("T1")],
            rotated("T1", "T2", "2026-06-02", None),
        ),
        (
            vec![added("bob"), issued("T1", "bob", None), rotated("T1", "T2", "2026-06-02", None)],
            rotated("T1", "T3", "2026-06-02", None),
        ),
        (tree(), rule_removed("ci", "red")),
        (and(tree(), [added_by("ci", "job", "red")]), issued("T1", "job", None)),
        (tree(), restored(3)),
        (tree(), lifted("case-7")),
        (vec![key_rotated("K1", "K2")], key_rotated("K1", "K3")),
        (and(tree(), [held("case-7", "red", None)]), held("case-7", "blue", None)),
        (tree(), kept("red", None, 0)),
    ]
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table: one row for each refusal")]
fn every_refusal_says_what_was_seen_and_what_to_do() {
    let without_model = submitted("E1");
    let no_model = Draft::of(&UnitState::default()).propose(
        &occasion(&without_model),
        &Under::default(),
        &without_model.proposal,
    );
    // Without rules nothing is relaxed.
    let own = state(&[submitted("E1").by("alice")]);
    let by_nobody = accepted("E1");
    let apart =
        Draft::of(&own).propose(&occasion(&by_nobody), &Under::default(), &by_nobody.proposal);
    let citing = rated("R1", "BP.01.01", Value::Satisfied);
    let citing = citing.rated_as(|rating| rating.evidence = vec![evidence("E1")]);
    let rated = state(&[submitted("E1"), citing]);
    let rated_before =
        Draft::of(&rated).propose(&occasion(&by_nobody), &Under::default(), &by_nobody.proposal);
    // What is looked up by name before anything is proposed is refused where names are known.
    let looked_up = [
        Err(Refusal::DocumentUnknown { kind: "rules", document: "lax".to_owned() }),
        Err(Refusal::PrincipalNameTaken("bob".to_owned())),
        // Asked before anything is decided.
        Err(Refusal::RightMissing { right: Right::Rate, on: NeededOn::Unit("red".to_owned()) }),
        // Asked where it is known which units the stream is about.
        Err(Refusal::UnderLegalHold { hold: "case-7".parse().unwrap(), position: 9, version: 3 }),
        // All of them are in `appraisals`.
        Err(Refusal::Appraisal(AppraisalRefusal::NotSignedOff)),
    ];
    let of_unit = of_unit();
    let of_organization = of_organization();
    let answers = of_unit.iter().map(|(history, proposed)| decide(history, proposed));
    let answers = answers.chain(
        of_organization.iter().map(|(history, proposed)| decide_in_organization(history, proposed)),
    );
    let answers: Vec<_> = answers.chain([no_model, apart, rated_before]).chain(looked_up).collect();

    let seen: BTreeSet<&str> =
        answers.iter().map(|answer| name(answer.as_ref().unwrap_err())).collect();
    assert_eq!(seen.len(), VARIANTS, "{seen:#?}");
    let key = crate::given::digest("K1").to_string();
    let told: Vec<String> =
        answers.iter().map(in_words).map(|told| told.replace(&key, "K1")).collect();
    expect![[r#"
        refused: process area `PA23` is unknown in model `iso-21827-2008`
        refused: practice `iso-21827-2008/BP.23.01` is unknown in model `iso-21827-2008`, which the unit has adopted
        refused: practice `sse-cmm-1997/BP.01.01` is unknown in model `iso-21827-2008`, which the unit has adopted
        refused: practice `iso-21827-2008/PA23/GP 2.1.1` is unknown in model `iso-21827-2008`, which the unit has adopted
        refused: practice `iso-21827-2008/BP.01.99` is unknown in model `iso-21827-2008`, which the unit has adopted
        refused: phase `maintenance` was not entered
        refused: `labels` has 65 entries, at most 64 are allowed
        refused: process area `PA23` is unknown in model `iso-21827-2008`
        refused: process area `PA01` is named twice: name it once
        refused: level 6 cannot be a floor: use 1 to 5
        refused: the floor of `PA01` is 3 from 2026-03-01T00:00:00Z on, and 2 is lower: it only rises
        refused: a reason is needed
        refused: a reason is needed
        refused: a reason is needed
        refused: a reason is needed
        refused: `work_to` is 2026-06-02T00:00:00Z, more than 5 minutes after the server's clock, 2026-06-01T00:00:00Z
        refused: `effective_at` is 2026-06-02T00:00:00Z, more than 5 minutes after the server's clock, 2026-06-01T00:00:00Z
        refused: `work_to` is 2026-03-01T00:00:00Z, which is not after 2026-03-02T00:00:00Z
        refused: `valid_until` is 2026-03-01T00:00:00Z, which is not after 2026-03-01T00:00:00Z
        refused: `at` is 2026-02-28T00:00:00Z, which is not after 2026-03-01T00:00:00Z
        refused: `attachments` has 17 entries, at most 16 are allowed
        refused: `evidence` has 65 entries, at most 64 are allowed
        refused: evidence `E1` is unknown in this unit
        refused: evidence `E2` is unknown in this unit
        refused: evidence `E1` was withdrawn
        refused: source id `E1` of source `git` was used before with other content, as evidence `E1`
        refused: evidence `E1` cannot supersede itself
        refused: evidence `E1` was provided by the same principal, who cannot confirm it
        refused: evidence `E1` was accepted by the same principal, who cannot confirm it besides: a confirmation is the word of a second person, so ask another one
        refused: only a person may accept evidence: a machine's claim is a candidate
        refused: only a person may rate: a machine's claim is a candidate
        refused: `iso-21827-2008/PA01/GP 1.1.1` follows from the base practices and cannot be rated
        refused: rating `R1` is unknown in this unit
        refused: rating `R1` was withdrawn
        refused: appraisal is unknown
        refused: the unit's stream has no version 0
        refused: the unit's stream has no version 3
        refused: the run of records from 1 is not after the one before, or ends before it begins
        refused: a conflict of interest of the same principal is declared since 2026-03-01T00:00:00Z until 2026-05-01T00:00:00Z, who cannot rate under the rules `solo`: ask another person, or adopt rules that relax `conflicted-rates`
        refused: no conflict of interest of principal `alice` was declared on this unit
        refused: unit `green` is unknown
        refused: unit `blue` was archived: it takes no more events
        refused: the name `blue` belongs to another unit: choose another one
        refused: the name `blue` is written like a unit's id: choose another one
        refused: unit `blue` is archived since 2026-02-01T00:00:00Z, which cannot be changed
        refused: 1 below `red` still live: archive or move them first
        refused: the work of `red` would come back to it: it succeeds one of these units already
        refused: a unit of kind `team` cannot stand below one of kind `project`
        refused: unit `red` cannot stand below itself
        refused: the organization cannot be moved or archived, succeed a unit or be succeeded
        refused: no successor is named: name at least one unit in which the work goes on
        refused: unit `red` cannot succeed itself
        refused: principal `carol` is unknown
        refused: principal `bob` was disabled
        refused: token `T1` is unknown
        refused: `expires_at` is 2026-05-31T00:00:00Z, which is past: give a later time
        refused: certificate `K1` is unknown
        refused: certificate `K1` was revoked, for good: register one with another key
        refused: certificate `K1` stands for another principal: use one with another key
        refused: the role `lead` on `red` was never granted to this principal
        refused: `system` is Gradus itself, which needs no role: name another principal
        refused: `until` is missing: the role auditor is granted for a time, so say when it ends
        refused: nobody else is admin of the organization without an end: grant that to another principal first
        refused: nobody else is admin of the organization without an end: grant that to another principal first
        refused: `expires_at` ends at 2027-06-03T00:00:00Z: 2027-06-02T00:00:00Z is the latest that is allowed
        refused: token `T1` has ended: issue another one
        refused: token `T1` was rotated, and is good until 2026-06-02T00:00:00Z: use the new one, `T2`; if that never arrived, revoke it and rotate again
        refused: claim rule `ci` is unknown
        refused: principal `job` calls by the claim rule `ci`, with tokens of its issuer alone, and gets no stored token or certificate: use one of a service account
        refused: no source was distrusted at position 3: name one that is listed
        refused: no legal hold is called `case-7`: name one that is listed
        refused: the log's key was rotated at position 0 by another call: look, and ask again if need be
        refused: the name `case-7` belongs to another legal hold: choose another one
        refused: texts cannot be kept for 0 days: give 1 to 36525
        refused: the unit has no model on 2026-03-01T00:00:00Z: adopt one first
        refused: evidence `E1` was provided by the same principal, who cannot accept it while no rules are in force: ask another person, or adopt rules that relax `provider-reviews`
        refused: `iso-21827-2008/BP.01.01` was rated by the same principal, who cannot accept evidence `E1`, on which that rating would rest, while no rules are in force: ask another person, or adopt rules that relax `reviewer-rates`
        refused: rules `lax` was never published
        refused: the name `bob` belongs to another principal: choose another one
        refused: this needs the right to rate on `red`, which the role assessor or admin gives: ask an admin for it
        refused: record 3 is under the legal hold `case-7`, which was placed at position 9: nothing that it is about is erased until it is lifted
        refused: the lead has not signed off: what was said last is not signed for"#]].assert_eq(&told.join("\n"));
}
