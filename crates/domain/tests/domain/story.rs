//! What each fact says in a story.

use std::fmt::Write as _;

use expect_test::expect;
use gradus_domain::story::{Names, said};
use gradus_model::event::UnitLabelled;
use gradus_model::evidence::Outcome;
use gradus_model::rating::Value;
use gradus_model::{Event, EvidenceId, PrincipalId, RatingId, UnitId};

use crate::effects::life;
use crate::given::{fact, name_of, rated, submitted};

/// Ids by the names that they were made of.
struct Given;

impl Names for Given {
    fn unit(&self, id: UnitId) -> String {
        name_of(id.0)
    }

    fn principal(&self, id: PrincipalId) -> String {
        name_of(id.0)
    }

    fn item(&self, id: EvidenceId) -> String {
        format!("item {}", name_of(id.0))
    }

    fn rated(&self, id: RatingId) -> String {
        format!("rating {}", name_of(id.0))
    }
}

#[test]
fn every_event_says_what_happened_in_a_sentence() {
    let mut told = String::new();
    for one in life() {
        let event = &one.proposal.event;
        writeln!(told, "{}: {}", event.name(), said(event, &Given)).unwrap();
    }
    expect![[r#"
        log-created: the log was begun
        log-forked: the log was restored to size 1 and goes its own way
        clock-accepted: a suspect clock was taken for right at 2026-03-02T00:00:00Z
        model-published: the model iso was published
        profile-published: the profile bureau was published
        rules-published: the rules strict was published
        unit-registered: the organization org came to be
        unit-registered: the team red came to be under org
        unit-registered: the team blue came to be under org
        unit-renamed: it was renamed crimson
        unit-moved: it came under red
        unit-archived: it was archived
        unit-succeeded: its work went on in red
        principal-added: bob was added
        token-issued: bob got a token
        token-rotated: a token was rotated
        token-revoked: a token was revoked
        certificate-registered: bob got a client certificate
        certificate-revoked: a client certificate was revoked
        source-distrusted: what bob submitted was distrusted
        source-restored: the distrust 19 was taken back
        role-granted: bob became lead of red
        role-revoked: bob is no longer lead of red
        principal-disabled: bob may no longer act
        model-adopted: it is measured by the model iso
        rules-adopted: its levels follow the rules strict
        profile-adopted: it strives for the profile bureau
        area-tailored-out: PA22 does not apply to it
        area-tailored-in: PA22 applies to it again
        area-inheritance-set: where PA17 is answered from was set to own
        context-recorded: its circumstances were described
        unit-labelled: it was labelled critical, internal
        unit-labelled: it was labelled critical
        baseline-raised: from here on no level may fall: PA01 below 2, PA05 below 1
        baseline-raised: from here on no level may fall: PA01 below 3
        phase-entered: the phase design began
        phase-left: the phase design ended
        marker-placed: release 1.0
        conflict-declared: a conflict of interest of bob was declared
        conflict-withdrawn: the conflict of interest of bob ended
        evidence-submitted: document E1 of git speaks for BP.01.01, direct
        evidence-submitted: document E2 of git speaks for BP.01.02, direct
        evidence-accepted: item E1 was accepted
        evidence-rejected: item E1 was rejected: it does not count
        evidence-confirmed: a second person vouched for item E1
        evidence-linked: item E1 was linked to BP.01.01, BP.01.02
        evidence-unlinked: item E1 was taken off BP.01.01
        evidence-instance-linked: evidence instance linked
        evidence-instance-unlinked: evidence instance unlinked
        evidence-superseded: item E2 took the place of item E1
        evidence-ended: item E1 counts no longer
        evidence-withdrawn: item E1 was withdrawn: it never counted
        payload-erased: the texts of its record 27 were erased
        practice-rated: BP.01.01 was rated satisfied
        rating-ended: the rating of rating R1 ended
        rating-withdrawn: the rating of rating R1 was withdrawn: it never counted
        claim-rule-set: the claim rule ci was set
        principal-added: bot was added
        claim-rule-removed: the claim rule ci was removed
        appraisal-opened: an appraisal was opened
        appraisal-changed: the input of an appraisal was changed
        individual-rating-sealed: one of the team rated BP.01.01, sealed
        individual-ratings-revealed: the team's ratings were revealed, subjects: 1
        consensus-reached: the team agreed on BP.01.01: satisfied
        finding-recorded: an appraisal found a strength
        appraisal-signed-off: the lead signed an appraisal off
        appraisal-closed: an appraisal of app took effect, ratings: 1
        appraisal-cancelled: an appraisal was given up
        appraisal-imported: appraisal imported
        legal-hold-placed: the legal hold case-7 was placed on app
        legal-hold-lifted: the legal hold case-7 was lifted
        retention-set: texts of red are kept for 365 days
        retention-removed: a retention rule of red was removed
        payloads-erased: the texts of 3 of its records were erased by a retention rule
        attachments-erased: attachments were erased: 1
        log-key-rotated: another key signs the log's checkpoints
        state-digest-recorded: state digest recorded
        queries-recorded: bob asked something as auditor (3 rows)
        engagement-ended: engagement 1 of bob is over
        queries-opened: what bob asked as auditor was opened
    "#]]
    .assert_eq(&told);
}

#[test]
fn a_sentence_tells_the_way_of_an_item_and_how_a_rating_came_about() {
    let practices = ["BP.01.01", "BP.01.02", "BP.01.03", "BP.01.04", "BP.02.01", "BP.02.02"];
    let told: Vec<String> = [
        submitted("E1").outcome(Outcome::Contradicts),
        submitted("E2").outcome(Outcome::Inconclusive).for_practices(&practices),
        rated("R1", "BP.01.01", Value::NotSatisfied).of_instance("v1.2"),
        rated("R2", "BP.01.01", Value::Satisfied).by_rule(),
        fact(Event::UnitLabelled(UnitLabelled { labels: Vec::new() })),
    ]
    .iter()
    .map(|one| said(&one.proposal.event, &Given))
    .collect();
    expect![[r#"
        document E1 of git speaks against BP.01.01, direct
        document E2 of git settles nothing of BP.01.01, BP.01.02, BP.01.03, BP.01.04 and 2 more, direct
        BP.01.01 was rated not-satisfied in v1.2
        BP.01.01 was rated satisfied by rule
        its labels were taken off"#]].assert_eq(&told.join("\n"));
}
