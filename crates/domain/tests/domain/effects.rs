//! What each event changes of what can be read, alone and over all: every type is here.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use expect_test::expect;
use gradus_domain::registry::DocumentKind;
use gradus_domain::{At, Registry, UnitHistory};
use gradus_model::Event;
use gradus_model::event::{EngagementEnded, QueriesOpened, QueriesRecorded, StateDigestRecorded};
use gradus_model::payload::Class;
use gradus_model::rating::Value;
use gradus_model::unit::{AssuranceNeed, Context, Inheritance, Phase, Role, UnitKind};

use crate::appraisals::{
    agreed, appraisals, cancelled, changed, closed, found, opened, revealed, sealed, signed_off,
};
use crate::certificates::{certified, uncertified};
use crate::claims::{added_by, rule_removed, rule_set};
use crate::clocks::clock_accepted;
use crate::distrusts::{distrusted, of_principal, restored};
use crate::erasures::{all_erased, detached, held, kept, lifted, run, unkept};
use crate::given::{
    Fact, NOW, accepted, area, confirmed, conflicted, day, digest, document, ended, entered,
    erased, fact, history, inheritance, instance_linked, instance_unlinked, labelled, left, linked,
    marked, name_of, organization, raised, rated, rating_ended, rating_withdrawn, rejected, shown,
    submitted, superseded, tailored_in, tailored_out, unconflicted, unlinked, who, withdrawn,
};
use crate::imports::imported;
use crate::log_keys::key_rotated;
use crate::registry::{
    added, archived, created, disabled, forked, granted, issued, moved, published, registered,
    renamed, revoked, role_revoked, succeeded,
};
use crate::tokens::rotated;

fn now() -> At {
    At::with_everything(day(NOW))
}

fn of_organization(registry: &Registry) -> Vec<String> {
    let mut lines = Vec::new();
    if let (Some(log), Some(organization)) = (registry.log, registry.organization) {
        lines.push(format!("log {log} of {}", name_of(organization.0)));
    }
    let forks = registry.forks.iter();
    lines.extend(forks.map(|fork| format!("forked at size {}", fork.size)));
    let clocks = registry.clocks.iter();
    lines.extend(
        clocks
            .map(|of| format!("clock accepted at {}, not {}", shown(of.wall), shown(of.expected))),
    );
    let rotated = registry.log_keys.iter();
    lines.extend(rotated.map(|(position, _)| format!("another key of the log from {position} on")));
    let engagements = registry.engagements();
    lines.extend(engagements.map(|(auditor, number, of)| {
        let ended = if of.ended.is_some() { ", over" } else { "" };
        let (committed, opened) = (of.committed(), of.opened_rows());
        let auditor = name_of(auditor.0);
        format!("engagement {number} of {auditor}: rows {committed}, opened {opened}{ended}")
    }));
    for kind in [DocumentKind::Model, DocumentKind::Profile, DocumentKind::Rules] {
        let published = registry.documents(kind, u64::MAX);
        lines.extend(published.map(|held| format!("{} {} published", kind.name(), held.id)));
    }
    for unit in registry.units() {
        let names = unit.names.at(now()).map_or("nothing", |name| name.as_str());
        let parent = unit.parent(now()).map_or("nobody".to_owned(), |parent| name_of(parent.0));
        let archived = if unit.archived.at(now()).is_some() { ", archived" } else { "" };
        let id = name_of(unit.id.0);
        lines.push(format!("{} {id} called {names} below {parent}{archived}", unit.kind));
        let successors = unit.successors(now()).iter();
        lines.extend(
            successors.map(|successor| format!("{id} goes on in {}", name_of(successor.0))),
        );
    }
    for principal in registry.principals() {
        let disabled = if principal.disabled_at.is_some() { ", disabled" } else { "" };
        lines.push(format!("{} {}{disabled}", principal.kind, name_of(principal.id.0)));
    }
    let roles = registry.all_roles(now());
    lines.extend(roles.map(|of| {
        let until = of.until.map_or_else(String::new, |until| format!(" until {}", shown(until)));
        format!("{} is {} of {}{until}", name_of(of.principal.0), of.role, name_of(of.unit.0))
    }));
    lines.extend(registry.holds().map(|of| {
        let lifted = of.lifted.map_or("", |_| ", lifted");
        format!("hold {} on {}{lifted}", of.placed.hold, name_of(of.placed.unit.0))
    }));
    lines.extend(
        registry
            .retentions()
            .map(|of| format!("texts of {} kept for {} days", name_of(of.set.unit.0), of.set.days)),
    );
    for name in ["T1", "T2"] {
        if let Some(token) = registry.token(&digest(name), day(NOW)) {
            let until = token.ends_at().map(|end| format!(" until {}", shown(end)));
            let until = until.unwrap_or_default();
            lines.push(format!("token {name} of {}{until}", name_of(token.principal.0)));
        }
    }
    if let Some(known) = registry.certificate(&digest("K1"), day(NOW)) {
        lines.push(format!("certificate K1 of {}", name_of(known.principal.0)));
    }
    let of_claims = registry.claim_rules(now());
    lines.extend(
        of_claims
            .map(|rule| format!("claim rule {} on {}", rule.set.rule, name_of(rule.set.unit.0))),
    );
    lines.extend(registry.distrusts().map(|of| {
        let restored = if of.restored.is_some() { ", restored" } else { "" };
        format!("{} at {} distrusted{restored}", of.suspect.sort(), of.position)
    }));
    lines
}

fn of_settings(unit: &UnitHistory) -> Vec<String> {
    let settings = &unit.settings;
    let mut lines = Vec::new();
    for (what, adopted) in
        [("model", &settings.models), ("rules", &settings.rules), ("profile", &settings.profiles)]
    {
        lines.extend(adopted.at(now()).map(|held| format!("{what} {}", held.id)));
    }
    if settings.is_tailored_out(&area("PA22"), now()) {
        lines.push("PA22 does not apply".to_owned());
    }
    lines.push(format!("PA17 answered {}", settings.inheritance_of(&area("PA17"), now())));
    lines.extend(
        settings
            .context
            .at(now())
            .and_then(|context| context.assurance_need)
            .map(|need| format!("assurance need {need}")),
    );
    lines.extend(settings.labels_at(now()).iter().map(|label| format!("labelled {label}")));
    let floors = settings.floors.keys().filter_map(|area| {
        Some(format!("{} not below {}", area.area, settings.floor_of(area, now())?))
    });
    lines.extend(floors);
    lines.extend(settings.open_phases(now()).map(|phase| format!("in phase {phase}")));
    lines.extend(settings.markers.iter().map(|marker| {
        let at = shown(marker.effective_at);
        format!("{} {} on {at}", marker.value.kind, marker.value.label)
    }));
    lines.extend(settings.interests.keys().filter_map(|principal| {
        let conflict = settings.conflict_of(*principal, now())?;
        Some(format!("{} has an interest since {}", name_of(principal.0), shown(conflict.since)))
    }));
    lines.extend(unit.erased.iter().map(|erased| format!("payload {} erased", erased.value)));
    let gone = unit.erased_attachments.values();
    lines.extend(gone.map(|position| format!("an attachment erased at {position}")));
    lines
}

fn of_evidence_and_ratings(unit: &UnitHistory) -> Vec<String> {
    let mut lines = Vec::new();
    for item in unit.evidence(u64::MAX) {
        let mut line = format!("{} {}", name_of(item.id.0), item.standing(u64::MAX).name());
        if let Some(end) = item.ended_at(u64::MAX) {
            let _ = write!(line, " until {}", shown(end));
        }
        if let Some((by, _)) = item.superseded_by(u64::MAX) {
            let _ = write!(line, ", replaced by {}", name_of(by.0));
        }
        for by in item.confirmed_by(u64::MAX) {
            let _ = write!(line, ", confirmed by {}", name_of(by.0));
        }
        let practices = unit.practices_of(item.id, u64::MAX);
        let practices: Vec<String> =
            practices.iter().map(|target| target.practice.to_string()).collect();
        for instance in item.instances(u64::MAX) {
            let _ = write!(line, ", of {instance}");
        }
        lines.push(format!("{line}, for {}", practices.join(" and ")));
    }
    for rating in unit.ratings(u64::MAX) {
        let id = name_of(rating.rating.rating.0);
        let mut line = format!("{id} {} {}", rating.rating.target.practice, rating.rating.value);
        if let Some(end) = rating.ended_at(u64::MAX) {
            let _ = write!(line, " until {}", shown(end));
        }
        if rating.is_withdrawn(u64::MAX) {
            line.push_str(", withdrawn");
        }
        lines.push(line);
    }
    lines
}

fn summary(facts: &[Fact]) -> Vec<String> {
    let unit = history(facts);
    let mut lines = of_organization(&organization(facts));
    lines.extend(of_settings(&unit));
    lines.extend(of_evidence_and_ratings(&unit));
    lines.extend(of_appraisals(facts));
    lines
}

fn of_appraisals(facts: &[Fact]) -> Vec<String> {
    let mut lines = Vec::new();
    for known in appraisals(facts).all() {
        let highest = known.input.areas.iter().map(|scoped| scoped.highest).max().unwrap();
        let state = known.state().name();
        lines.push(format!("appraisal {} {state}, up to level {highest}", name_of(known.id.0)));
        for (subject, given) in &known.ratings {
            let by: Vec<String> = given.keys().map(|who| name_of(who.0)).collect();
            lines.push(format!("{} rated by {}", subject.target.practice, by.join(" and ")));
        }
        let revealed = known.revealed.keys();
        lines.extend(revealed.map(|subject| format!("{} revealed", subject.target.practice)));
        let agreed = known.consensus.iter().map(|(subject, agreed)| {
            format!("{} agreed to be {}", subject.target.practice, agreed.value.unwrap())
        });
        lines.extend(agreed);
        lines.extend(known.findings.iter().map(|(_, finding)| format!("found a {}", finding.kind)));
        let closed = known.closed.iter();
        lines.extend(closed.map(|(unit, (said, _))| {
            format!("{} closed from {}", name_of(unit.0), shown(said.effective_at))
        }));
    }
    lines
}

pub(crate) fn life() -> Vec<Fact> {
    let context = Context {
        customer_base: None,
        assurance_need: Some(AssuranceNeed::High),
        activity: None,
        disciplines: Vec::new(),
    };
    vec![
        created(),
        forked(1),
        clock_accepted("2026-03-02"),
        published("iso"),
        fact(Event::ProfilePublished(document("bureau"))),
        fact(Event::RulesPublished(document("strict"))),
        registered("org", UnitKind::Organization, None),
        registered("red", UnitKind::Team, Some("org")),
        registered("blue", UnitKind::Team, Some("org")),
        renamed("red", "crimson"),
        moved("blue", "red"),
        archived("blue"),
        succeeded("blue", &["red"]),
        added("bob"),
        issued("T1", "bob", None),
        rotated("T1", "T2", "2026-06-02", None),
        revoked("T1"),
        certified("K1", "bob", None),
        uncertified("K1"),
        distrusted(of_principal("bob"), None, None),
        restored(19),
        granted("bob", Role::Lead, "red", Some("2027-01-01")),
        role_revoked("bob", Role::Lead, "red"),
        disabled("bob"),
        fact(Event::ModelAdopted(document("iso"))),
        fact(Event::RulesAdopted(document("strict"))),
        fact(Event::ProfileAdopted(document("bureau"))),
        tailored_out("PA22"),
        tailored_in("PA22"),
        inheritance("PA17", Inheritance::Own),
        fact(Event::ContextRecorded(context)),
        labelled(&["critical", "internal"]),
        labelled(&["critical"]),
        raised(&[("PA01", 2), ("PA05", 1)]),
        raised(&[("PA01", 3)]),
        entered(Phase::Design),
        left(Phase::Design),
        marked("1.0"),
        conflicted("bob", Some("2026-07-01")),
        unconflicted("bob").on("2026-04-01"),
        submitted("E1"),
        submitted("E2").for_practices(&["BP.01.02"]),
        accepted("E1"),
        rejected("E1"),
        confirmed("E1"),
        linked("E1", &["BP.01.01", "BP.01.02"]),
        unlinked("E1", &["BP.01.01"]),
        instance_linked("E1", &["api", "web"]),
        instance_unlinked("E1", &["api"]),
        superseded("E1", "E2").on("2026-05-01"),
        ended("E1").on("2026-04-01"),
        withdrawn("E1"),
        erased(27),
        rated("R1", "BP.01.01", Value::Satisfied),
        rating_ended("R1").on("2026-05-01"),
        rating_withdrawn("R1"),
        rule_set("ci", "repository_id=1", Role::Collector, "red"),
        added_by("ci", "bot", "app"),
        rule_removed("ci", "red"),
        opened(),
        changed(),
        sealed("leo", "BP.01.01"),
        revealed(&["BP.01.01"]),
        agreed("BP.01.01"),
        found(),
        signed_off(),
        closed(1),
        cancelled(),
        imported(),
        held("case-7", "app", Some(run(3, 5))),
        lifted("case-7"),
        kept("red", Some(Class::Confidential), 365),
        unkept("red", Some(Class::Confidential)),
        all_erased(&[run(1, 2), run(30, 30)], Some(7)),
        detached(&["a"]),
        key_rotated("K1", "K2"),
        state_digest(),
        asked(),
        no_more_asked(),
        rows_opened(),
    ]
}

/// What Gradus itself says of the log; it changes nothing.
fn state_digest() -> Fact {
    let root = digest("rows");
    fact(Event::StateDigestRecorded(StateDigestRecorded { size: 9, root, rows: 3, projector: 1 }))
}

fn asked() -> Fact {
    let (auditor, root) = (who("bob").principal, digest("rows"));
    let recorded = QueriesRecorded { auditor, engagement: 1, first: 0, count: 3, root };
    fact(Event::QueriesRecorded(recorded))
}

fn no_more_asked() -> Fact {
    let auditor = who("bob").principal;
    fact(Event::EngagementEnded(EngagementEnded { auditor, engagement: 1, count: 3 }))
}

fn rows_opened() -> Fact {
    let (auditor, root) = (who("bob").principal, digest("rows"));
    let of = QueriesOpened { auditor, engagement: 1, recorded: 76, first: 0, count: 3, root };
    fact(Event::QueriesOpened(of)).because("rows")
}

/// For each fact the lines of the summary that it took away and added.
fn effects(life: &[Fact]) -> String {
    let mut told = String::new();
    for (size, fact) in (0..).zip(life) {
        let (before, after) = (summary(&life[..size]), summary(&life[..=size]));
        let _ = writeln!(told, "{}", fact.proposal.event.name());
        for gone in before.iter().filter(|line| !after.contains(line)) {
            let _ = writeln!(told, "  - {gone}");
        }
        for new in after.iter().filter(|line| !before.contains(line)) {
            let _ = writeln!(told, "  + {new}");
        }
    }
    told
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story, read from top to bottom")]
fn every_event_has_its_effect() {
    let life = life();
    let types: BTreeSet<&str> = life.iter().map(|fact| fact.proposal.event.name()).collect();
    let all: BTreeSet<&str> = Event::TYPES.iter().map(|(_, name)| *name).collect();
    assert_eq!(types, all);

    expect![[r#"
        log-created
          + log 07070707-0707-0707-0707-070707070707 of org
        log-forked
          + forked at size 1
        clock-accepted
          + clock accepted at 2026-03-02, not 2026-03-01
        model-published
          + model iso published
        profile-published
          + profile bureau published
        rules-published
          + rules strict published
        unit-registered
          + organization org called org below nobody
        unit-registered
          + team red called red below org
        unit-registered
          + team blue called blue below org
        unit-renamed
          - team red called red below org
          + team red called crimson below org
        unit-moved
          - team blue called blue below org
          + team blue called blue below red
        unit-archived
          - team blue called blue below red
          + team blue called blue below red, archived
        unit-succeeded
          + blue goes on in red
        principal-added
          + person bob
        token-issued
          + token T1 of bob
        token-rotated
          - token T1 of bob
          + token T1 of bob until 2026-06-02
          + token T2 of bob
        token-revoked
          - token T1 of bob until 2026-06-02
        certificate-registered
          + certificate K1 of bob
        certificate-revoked
          - certificate K1 of bob
        source-distrusted
          + principal at 19 distrusted
        source-restored
          - principal at 19 distrusted
          + principal at 19 distrusted, restored
        role-granted
          + bob is lead of red until 2027-01-01
        role-revoked
          - bob is lead of red until 2027-01-01
        principal-disabled
          - person bob
          + person bob, disabled
        model-adopted
          + model iso
        rules-adopted
          + rules strict
        profile-adopted
          + profile bureau
        area-tailored-out
          + PA22 does not apply
        area-tailored-in
          - PA22 does not apply
        area-inheritance-set
          - PA17 answered by-rules
          + PA17 answered own
        context-recorded
          + assurance need high
        unit-labelled
          + labelled critical
          + labelled internal
        unit-labelled
          - labelled internal
        baseline-raised
          + PA01 not below 2
          + PA05 not below 1
        baseline-raised
          - PA01 not below 2
          + PA01 not below 3
        phase-entered
          + in phase design
        phase-left
          - in phase design
        marker-placed
          + release 1.0 on 2026-03-01
        conflict-declared
          + bob has an interest since 2026-03-01
        conflict-withdrawn
          - bob has an interest since 2026-03-01
        evidence-submitted
          + E1 submitted, for BP.01.01
        evidence-submitted
          + E2 submitted, for BP.01.02
        evidence-accepted
          - E1 submitted, for BP.01.01
          + E1 accepted, for BP.01.01
        evidence-rejected
          - E1 accepted, for BP.01.01
          + E1 rejected, for BP.01.01
        evidence-confirmed
          - E1 rejected, for BP.01.01
          + E1 rejected, confirmed by alice, for BP.01.01
        evidence-linked
          - E1 rejected, confirmed by alice, for BP.01.01
          + E1 rejected, confirmed by alice, for BP.01.01 and BP.01.02
        evidence-unlinked
          - E1 rejected, confirmed by alice, for BP.01.01 and BP.01.02
          + E1 rejected, confirmed by alice, for BP.01.02
        evidence-instance-linked
          - E1 rejected, confirmed by alice, for BP.01.02
          + E1 rejected, confirmed by alice, of api, of web, for BP.01.02
        evidence-instance-unlinked
          - E1 rejected, confirmed by alice, of api, of web, for BP.01.02
          + E1 rejected, confirmed by alice, of web, for BP.01.02
        evidence-superseded
          - E1 rejected, confirmed by alice, of web, for BP.01.02
          + E1 rejected until 2026-05-01, replaced by E2, confirmed by alice, of web, for BP.01.02
        evidence-ended
          - E1 rejected until 2026-05-01, replaced by E2, confirmed by alice, of web, for BP.01.02
          + E1 rejected until 2026-04-01, replaced by E2, confirmed by alice, of web, for BP.01.02
        evidence-withdrawn
          - E1 rejected until 2026-04-01, replaced by E2, confirmed by alice, of web, for BP.01.02
          + E1 withdrawn until 2026-04-01, replaced by E2, confirmed by alice, of web, for BP.01.02
        payload-erased
          + payload 27 erased
        practice-rated
          + R1 BP.01.01 satisfied
        rating-ended
          - R1 BP.01.01 satisfied
          + R1 BP.01.01 satisfied until 2026-05-01
        rating-withdrawn
          - R1 BP.01.01 satisfied until 2026-05-01
          + R1 BP.01.01 satisfied until 2026-05-01, withdrawn
        claim-rule-set
          + claim rule ci on red
        principal-added
          + service bot
          + bot is collector of red
        claim-rule-removed
          - bot is collector of red
          - claim rule ci on red
        appraisal-opened
          + appraisal A1 open, up to level 1
        appraisal-changed
          - appraisal A1 open, up to level 1
          + appraisal A1 open, up to level 2
        individual-rating-sealed
          + BP.01.01 rated by leo
        individual-ratings-revealed
          + BP.01.01 revealed
        consensus-reached
          + BP.01.01 agreed to be satisfied
        finding-recorded
          + found a strength
        appraisal-signed-off
          - appraisal A1 open, up to level 2
          + appraisal A1 signed-off, up to level 2
        appraisal-closed
          - appraisal A1 signed-off, up to level 2
          + appraisal A1 closed, up to level 2
          + app closed from 2026-05-31
        appraisal-cancelled
          - appraisal A1 closed, up to level 2
          + appraisal A1 cancelled, up to level 2
        appraisal-imported
          + appraisal A2 closed, up to level 1
          + app closed from 2024-04-01
        legal-hold-placed
          + hold case-7 on app
        legal-hold-lifted
          - hold case-7 on app
          + hold case-7 on app, lifted
        retention-set
          + texts of red kept for 365 days
        retention-removed
          - texts of red kept for 365 days
        payloads-erased
          + payload 1 erased
          + payload 2 erased
          + payload 30 erased
        attachments-erased
          + an attachment erased at 74
        log-key-rotated
          + another key of the log from 75 on
        state-digest-recorded
        queries-recorded
          + engagement 1 of bob: rows 3, opened 0
        engagement-ended
          - engagement 1 of bob: rows 3, opened 0
          + engagement 1 of bob: rows 3, opened 0, over
        queries-opened
          - engagement 1 of bob: rows 3, opened 0, over
          + engagement 1 of bob: rows 3, opened 3, over
    "#]]
    .assert_eq(&effects(&life));
}
