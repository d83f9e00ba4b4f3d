//! Sources that are distrusted: what may be said of them, and what it does to coverage and levels.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use gradus_domain::At;
use gradus_domain::course::{AreaState, course};
use gradus_domain::coverage::support;
use gradus_domain::explain::{Counts, WhyNot, courses, explain};
use gradus_domain::impact::impact;
use gradus_domain::registry::MOST_DISTRUSTS;
use gradus_domain::scheme::Levels;
use gradus_domain::world::{World, basis};
use gradus_model::event::{SourceDistrusted, SourceRestored};
use gradus_model::evidence::{Outcome, Tool};
use gradus_model::suspect::{Suspect, Versioned};
use gradus_model::unit::AreaRef;
use gradus_model::{Event, Payload, Timestamp};
use proptest::prelude::*;

use crate::difference::laws::{cases, tale as any_tale};
use crate::difference::{between, rated_and, side, told};
use crate::given::{
    Fact, accepted, day, decide_in_organization, fact, in_words, rejected, submitted, target, unit,
    who,
};
use crate::registry::{added, and, tree};
use crate::tale::{BEGUN, Tale, stamp, tiny_area};

pub(crate) fn of_principal(name: &str) -> Suspect {
    Suspect::Principal(who(name).principal)
}

pub(crate) fn of_source(name: &str) -> Suspect {
    Suspect::Source(name.parse().unwrap())
}

fn versioned(name: &str, version: Option<&str>) -> Versioned {
    let version = version.map(|version| version.parse().unwrap());
    Versioned { name: name.parse().unwrap(), version }
}

fn of_tool(name: &str, version: Option<&str>) -> Suspect {
    Suspect::Tool(versioned(name, version))
}

fn of_mapping(name: &str, version: Option<&str>) -> Suspect {
    Suspect::Mapping(versioned(name, version))
}

pub(crate) fn distrusted(
    suspect: Suspect,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Fact {
    let event = SourceDistrusted { suspect, from, until };
    fact(Event::SourceDistrusted(event)).because("the token leaked")
}

pub(crate) fn restored(distrust: u64) -> Fact {
    fact(Event::SourceRestored(SourceRestored { distrust })).because("it was another token")
}

fn silent(mut fact: Fact) -> Fact {
    fact.proposal.payload = Payload::empty();
    fact
}

fn check(history: &[Fact], proposed: Fact, expected: Expect) {
    expected.assert_eq(&in_words(&decide_in_organization(history, &proposed)));
}

fn people() -> Vec<Fact> {
    and(tree(), [added("bob")])
}

fn bob() -> Fact {
    distrusted(of_principal("bob"), Some(day("2026-03-01")), Some(day("2026-04-01")))
}

#[test]
fn whoever_is_known_can_be_distrusted_for_a_reason() {
    check(&people(), bob(), expect!["recorded"]);
    check(&people(), silent(bob()), expect!["refused: a reason is needed"]);
    let carol = distrusted(of_principal("carol"), None, None);
    check(&people(), carol, expect!["refused: principal `carol` is unknown"]);
    check(&people(), distrusted(of_tool("never seen", None), None, None), expect!["recorded"]);
}

#[test]
fn an_interval_ends_after_it_begins() {
    let of = |from, until| distrusted(of_principal("bob"), Some(day(from)), Some(day(until)));
    let expected = expect![
        "refused: `until` is 2026-03-01T00:00:00Z, which is not after 2026-03-01T00:00:00Z"
    ];
    check(&people(), of("2026-03-01", "2026-03-01"), expected);
    check(&people(), of("2026-03-01", "2036-03-01"), expect!["recorded"]);
}

#[test]
fn the_same_distrust_is_recorded_once_and_again_after_it_was_taken_back() {
    let position = people().len() as u64;
    let distrusted = and(people(), [bob()]);
    check(&distrusted, bob(), expect!["already so"]);
    check(&distrusted, silent(restored(position)), expect!["refused: a reason is needed"]);
    check(&distrusted, restored(position), expect!["recorded"]);
    let restored_once = and(distrusted, [restored(position)]);
    check(&restored_once, restored(position), expect!["already so"]);
    check(&restored_once, bob(), expect!["recorded"]);
}

#[test]
fn a_thousand_distrusts_may_be_in_force_at_once() {
    let tool = |number: usize| distrusted(of_tool(&format!("tool {number}"), None), None, None);
    let most: Vec<Fact> = (0..MOST_DISTRUSTS).map(tool).collect();
    let expected = expect!["refused: `distrusts` has 1001 entries, at most 1000 are allowed"];
    check(&most, bob_of_nobody(), expected);
    check(&and(most, [restored(7)]), bob_of_nobody(), expect!["recorded"]);
}

fn bob_of_nobody() -> Fact {
    distrusted(of_source("mirror"), None, None)
}

/// An item that a collector made by a rule of the mapping `git`.
fn collected(name: &str) -> Fact {
    submitted(name).on("2026-03-01").with(|item| {
        item.practices = vec![target("tiny:BP.01.01")];
        item.tool = Some(Tool {
            name: "git-facts".parse().unwrap(),
            version: Some("2".parse().unwrap()),
            mapping: Some("git/signed-tag".parse().unwrap()),
        });
    })
}

/// What stands behind `BP.01.01` of the app in March, at each size from the first fact on.
fn supports(tale: &Tale) -> String {
    let mut lines = String::new();
    for size in BEGUN + 1..=tale.size() {
        let at = At { valid_at: day("2026-03-15"), size };
        let rules = basis(tale, unit("app"), at, None).unwrap().read_rules;
        let history = tale.history(unit("app")).unwrap();
        let practice = target("tiny:BP.01.01");
        let found = support(history, &practice, at, &rules, tale.registry());
        writeln!(lines, "#{} {}", size - BEGUN, found.name()).unwrap();
    }
    lines
}

/// One item, and then that this suspect is distrusted since ever.
fn one_and(suspect: Suspect) -> String {
    let tale = Tale::of_app(&[collected("E1")]);
    let told = supports(&tale.with("org", distrusted(suspect, None, None)));
    told.lines().last().unwrap().to_owned()
}

#[test]
fn an_item_does_not_count_while_its_source_is_distrusted() {
    let distrust = BEGUN + 1;
    let tale = Tale::of_app(&[collected("E1")])
        .with("org", distrusted(of_principal("bot"), None, None))
        .with("org", restored(distrust))
        .with("org", distrusted(of_principal("bot"), None, None));
    expect![[r"
        #1 supported
        #2 unsupported
        #3 supported
        #4 unsupported
    "]]
    .assert_eq(&supports(&tale));
}

#[test]
fn a_suspect_is_a_principal_a_tool_a_mapping_a_rule_of_one_or_a_source() {
    let (gone, stays) = ("#2 unsupported", "#2 supported");
    let cases = [
        (of_principal("bot"), gone),
        (of_principal("bob"), stays),
        (of_tool("git-facts", None), gone),
        (of_tool("git-facts", Some("2")), gone),
        (of_tool("git-facts", Some("1")), stays),
        (of_tool("git", None), stays),
        (of_mapping("git", None), gone),
        (of_mapping("git", Some("2")), gone),
        (of_mapping("git", Some("3")), stays),
        (of_mapping("git/signed-tag", None), gone),
        (of_mapping("git/tag", None), stays),
        (of_mapping("gi", None), stays),
        (of_source("git"), gone),
        (of_source("E1"), stays),
    ];
    for (suspect, expected) in cases {
        assert_eq!(one_and(suspect.clone()), expected, "{suspect:?}");
    }
}

#[test]
fn what_was_recorded_outside_the_interval_counts() {
    let items = [collected("E1"), collected("E2")];
    let at = |number: u64| Some(stamp(BEGUN + number));
    // The items are stamped at 0 and 1.
    let cases = [
        (None, None, "#3 unsupported"),
        (at(0), at(2), "#3 unsupported"),
        (at(0), None, "#3 unsupported"),
        (None, at(2), "#3 unsupported"),
        (at(1), None, "#3 supported"),
        (None, at(1), "#3 supported"),
        (at(0), at(1), "#3 supported"),
        (at(2), None, "#3 supported"),
    ];
    for (from, until, expected) in cases {
        let distrust = distrusted(of_principal("bot"), from, until);
        let told = supports(&Tale::of_app(&items).with("org", distrust));
        assert_eq!(told.lines().last(), Some(expected), "{from:?} {until:?}");
    }
}

#[test]
fn an_open_interval_holds_for_what_is_recorded_later_too() {
    let tale = Tale::begun()
        .with("org", distrusted(of_principal("bot"), None, None))
        .with("app", collected("E1"))
        .with("app", collected("E2").by("bob").with(|item| item.source.id = "2".parse().unwrap()))
        .with("app", accepted("E2"));
    expect![[r"
        #2 unsupported
        #3 unsupported
        #4 supported
    "]]
    .assert_eq(&supports(&tale).lines().skip(1).fold(String::new(), |all, line| all + line + "\n"));
}

#[test]
fn whoever_accepted_it_an_item_of_a_distrusted_source_does_not_count() {
    let tale = Tale::of_app(&[collected("E1"), accepted("E1")])
        .with("org", distrusted(of_source("git"), None, None))
        .with("app", rejected("E1"))
        .with("app", accepted("E1"))
        .with("org", restored(BEGUN + 2));
    expect![[r"
        #1 supported
        #2 supported
        #3 unsupported
        #4 unsupported
        #5 unsupported
        #6 supported
    "]]
    .assert_eq(&supports(&tale));
}

#[test]
fn evidence_against_a_practice_goes_as_well() {
    let against = collected("E2").outcome(Outcome::Contradicts).by("bot2").with(|item| {
        item.source.name = "scanner".parse().unwrap();
    });
    let tale = Tale::begun()
        .with("org", added("bot2"))
        .with("app", collected("E1"))
        .with("app", against)
        .with("org", distrusted(of_principal("bot2"), None, None));
    expect![[r"
        #2 supported
        #3 contradicted
        #4 supported
    "]]
    .assert_eq(&supports(&tale).lines().skip(1).fold(String::new(), |all, line| all + line + "\n"));
}

/// Both practices of PA01 rated, covered by a collector; then its mapping is distrusted and restored.
fn leak() -> Tale {
    let both = collected("E1").with(|item| {
        item.practices = vec![target("tiny:BP.01.01"), target("tiny:BP.01.02")];
    });
    let tale = rated_and(&[both]);
    let distrust = tale.size();
    tale.with("org", distrusted(of_mapping("git", None), None, None))
        .with("org", restored(distrust))
}

#[test]
fn a_difference_names_the_distrust_on_the_known_axis_only() {
    let tale = leak();
    let check = |from: &str, to: &str, expected: Expect| {
        let difference = between(&tale, "PA01", &side(&tale, from), &side(&tale, to), false);
        expected.assert_eq(&told(&difference));
    };
    check(
        "app 2026-03-15 #3",
        "app 2026-03-15 #4",
        expect![[r"
            learnt 2026-03-15 1-5 -> 1-5/0
                distrusted for BP.01.01 #3
                distrusted for BP.01.02 #3
        "]],
    );
    check(
        "app 2026-03-15 #4",
        "app 2026-03-15 #5",
        expect![[r"
            learnt 2026-03-15 1-5/0 -> 1-5
                restored for BP.01.01 #4
                restored for BP.01.02 #4
        "]],
    );
    // Before and after, both moments look as they did.
    check(
        "app 2026-03-15 #3",
        "app 2026-03-15 #2",
        expect![[r"
        learnt back 2026-03-15 1-5 -> 1-5/0
            new evidence E1 for BP.01.01 #2
            new evidence E1 for BP.01.02 #2
    "]],
    );
    check("app 2026-03-15 #3", "app 2026-04-15 #3", expect![[""]]);
    check("app 2026-03-15 #4", "app 2026-04-15 #4", expect![[""]]);
}

#[test]
fn an_explanation_names_the_record_that_distrusts_an_item() {
    let tale = leak();
    let counts = |size: u64| {
        let at = At { valid_at: day("2026-03-15"), size: BEGUN + size };
        let area = "PA01".parse().unwrap();
        let explained = explain(&tale, unit("app"), area, at, None).unwrap().unwrap();
        explained.practices[0].evidence[0].counts
    };
    assert_eq!(counts(3), Counts::For);
    assert_eq!(counts(4), Counts::Not(WhyNot::Distrusted { by: BEGUN + 3 }));
    assert_eq!(counts(5), Counts::For);
}

/// What a fact on a source is said to do, and what then is so, of every area of each unit.
fn agrees(tale: &Tale, fact: &Fact) -> Result<(), TestCaseError> {
    let now = day("2026-03-15");
    let size = tale.size();
    let own = |unit, area: &AreaRef, size| courses(tale, size, None)(unit, area);
    let names = ["org", "team", "app"];
    let units = names.map(unit);
    let said = impact(tale, size, now, &fact.proposal.event, &units, &own);
    let then = tale.clone().with("org", fact.clone());
    for name in names {
        for area in ["PA01", "PA02", "PA03"].map(tiny_area) {
            let course = |tale: &Tale, size: u64| {
                course(tale, unit(name), &area, size, None, &courses(tale, size, None))
            };
            let (before, after) = (course(tale, size), course(&then, size + 1));
            let levels = |state: &Option<AreaState>| state.map(|of| (of.rated, of.ongoing));
            let mut instants: Vec<Timestamp> = before.instants().chain(after.instants()).collect();
            instants.extend([Timestamp::MIN, now]);
            instants.sort_unstable();
            let differs = |at: &&Timestamp| levels(before.at(**at)) != levels(after.at(**at));
            let since = instants.iter().find(differs).copied();
            let moved = said.moves.iter().find(|of| (of.unit, &of.area) == (unit(name), &area));
            prop_assert_eq!(moved.map(|of| of.since), since, "{} {:?}", name, area);
            if let Some(moved) = moved {
                let told = |of: Option<Levels>| of.map(|of| (of.rated, of.ongoing));
                prop_assert_eq!(told(moved.before), levels(before.at(now)));
                prop_assert_eq!(told(moved.after), levels(after.at(now)));
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn the_impact_of_a_fact_on_a_source_is_what_then_is_so(
        tale in any_tale(),
        suspect in prop::sample::select(vec![of_principal("bot"), of_source("git")]),
        from in prop::option::of(BEGUN..BEGUN + 40),
    ) {
        let distrust = distrusted(suspect, from.map(stamp), None);
        agrees(&tale, &distrust)?;
        let position = tale.size();
        agrees(&tale.with("org", distrust), &restored(position))?;
    }
}
