//! Gaps: what is aimed at in each area, from where, and how far the levels are from it.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use gradus_domain::gap::{
    AreaGap, Bounds, Distance, GapQuestion, Goal, Part, Way, distance, gap, warnings,
};
use gradus_domain::sse_cmm::LevelAnswer;
use gradus_model::catalog::{Basis, Origin};
use gradus_model::unit::Phase;
use gradus_model::{AreaId, Catalog, Digest, Profile};

use crate::given::{DRAFT_OF_1997, DRAFT_TEXT, ISO, of_1997};

const BUREAU: &str = include_str!("../../../../config/profiles/service-bureau.toml");
const USERS: &str = include_str!("../../../../config/profiles/user-organization.toml");
const SHIPPED: [&str; 5] = [
    include_str!("../../../../config/profiles/security-product-developer.toml"),
    include_str!("../../../../config/profiles/systems-integrator.toml"),
    BUREAU,
    include_str!("../../../../config/profiles/certification-authority.toml"),
    USERS,
];

/// An own profile on the service bureau's, with more in operation.
const OWN: &str = r#"
[profile]
id = "our-bureau"
title = "Our service bureau"
model = "sse-cmm-1997"
base = "service-bureau"
base_digest = "0000000000000000000000000000000000000000000000000000000000000000"

[[target]]
area = "PA10"
level = 1
phases = { operation = 4 }
rationale = "Only what runs is ours to search for weaknesses."
"#;

fn shipped(text: &str) -> Profile {
    Profile::parse("profile.toml", text, &DRAFT_OF_1997, None).unwrap()
}

fn own() -> Profile {
    let base = shipped(BUREAU);
    Profile::parse("own.toml", OWN, &DRAFT_OF_1997, Some((&base, Digest::ZERO))).unwrap()
}

/// A profile of the 2008 edition that aims at the number of each area, modulo four.
fn of_2008() -> Profile {
    let mut text =
        "[profile]\nid = 'numbers'\ntitle = 'Numbers'\nmodel = 'iso-21827-2008'\n".to_owned();
    for area in ISO.areas() {
        let level = area.id.number() % 4;
        let target = format!("level = {level}\nrationale = 'A number.'");
        writeln!(text, "[[target]]\narea = '{}'\n{target}", area.id).unwrap();
    }
    Profile::parse("numbers.toml", &text, &ISO, None).unwrap()
}

fn area(text: &str) -> AreaId {
    text.parse().unwrap()
}

fn question<'a>(profile: &'a Profile, model: &'a Catalog, open: &'a [Phase]) -> GapQuestion<'a> {
    let about_1997 = profile.model == *DRAFT_OF_1997.id();
    let profile_model: &Catalog = if about_1997 { &DRAFT_OF_1997 } else { &ISO };
    GapQuestion { profile, profile_model, model, open }
}

fn range(at_least: u8, at_most: u8) -> LevelAnswer {
    LevelAnswer::Range { at_least, at_most, open: u16::from(at_most - at_least) }
}

fn goal(gap: &AreaGap) -> String {
    let goal = match gap.goal {
        Goal::Level(level) => level.to_string(),
        Goal::NotApplicable => "-".to_owned(),
        Goal::Unsaid => "?".to_owned(),
    };
    goal + if gap.basis == Some(Basis::Stated) { "!" } else { "" }
}

/// A distance in words, such as `short by 1 to 3`.
fn far(Distance { status, gap }: Distance) -> String {
    let gap = gap.filter(|gap| gap.at_most > 0);
    let by = gap.map(|Bounds { at_least, at_most }| format!(" by {at_least} to {at_most}"));
    format!("{status:?}{}", by.unwrap_or_default())
}

fn goals(gaps: &[AreaGap]) -> String {
    gaps.iter().map(goal).collect::<Vec<_>>().join(" ")
}

fn of<'g>(gaps: &'g [AreaGap], id: &str) -> &'g AreaGap {
    gaps.iter().find(|gap| gap.area == area(id)).unwrap()
}

/// Goal and sources of the areas, a line for each source.
fn check(gaps: &[AreaGap], areas: &[&str], expected: &Expect) {
    let mut lines = String::new();
    for gap in areas.iter().map(|id| of(gaps, id)) {
        writeln!(lines, "{} {}", gap.area, goal(gap)).unwrap();
        for source in &gap.sources {
            let level = source.level.map_or("-".to_owned(), |level| level.to_string());
            write!(lines, "  {} {level} {:?} {}", source.area, source.part, source.basis).unwrap();
            if let Some(phase) = source.phase {
                write!(lines, ", in {phase}").unwrap();
            }
            if let Some(link) = &source.link {
                write!(lines, ", {} by {}", link.relation, link.ground).unwrap();
            }
            if let Origin::Base(base) = &source.origin {
                write!(lines, ", from {base}").unwrap();
            }
            writeln!(lines).unwrap();
        }
    }
    expected.assert_eq(&lines);
}

#[test]
fn the_five_profiles_serve_units_of_both_editions() {
    let mut lines = String::new();
    for profile in SHIPPED.map(shipped) {
        let here = gap(&question(&profile, &DRAFT_OF_1997, &[]), &[]);
        let carried = gap(&question(&profile, &ISO, &[]), &[]);
        writeln!(lines, "{}\n  1997: {}\n  2008: {}", profile.id, goals(&here), goals(&carried))
            .unwrap();
    }
    expect![[r#"
        security-product-developer
          1997: 2 3 3 2 2 3 2 2 2 3 3 3 3 3 3 2 2 3 3 2 2
          2008: 2 2 2 2 3 3 2 2 3 2 3 3 3 3 3 3 2 2 3 3 2 2
        systems-integrator
          1997: 2 2 3 - 2 3 2 2 2 2 2 2 2 2 2 3 3 2 2 2 2
          2008: 2 2 2 2 2 3 2 2 2 2 3 2 2 2 2 2 3 3 2 2 2 2
        service-bureau
          1997: 1 2 2 2 2 3 3 3 2 3 2 3 2 2 2 2 2 -! 2 2 1
          2008: 3 2 2 2 3 3 2 3 2 1 2 2 3 2 2 2 2 2 -! 2 2 1
        certification-authority
          1997: 3! 2 2 2 3! 2 3! 3! 1 3! 2 2 2 1 1 2 1 1 1 2 1
          2008: 3! 3 3 3 3 2 1 3! 2 3! 2 2 2 2 1 1 2 1 1 1 2 1
        user-organization
          1997: 2 1 1 -! 3 1 2 2 3 2 1 1 1 1 1 1 1 -! 1 2 -!
          2008: 2 3 3 3 2 1 3 2 1 2 1 1 1 1 1 1 1 1 -! 1 2 -!
    "#]]
    .assert_eq(&lines);
}

#[test]
fn a_profile_of_the_units_own_model_needs_no_link() {
    let profile = shipped(BUREAU);
    let question = question(&profile, &DRAFT_OF_1997, &[]);
    assert_eq!(question.way(), Way::Direct);
    let gaps = gap(&question, &[]);
    check(
        &gaps,
        &["PA01", "PA18"],
        &expect![[r#"
        PA01 1
          PA01 1 Decides inferred
        PA18 -!
          PA18 - NotApplicable stated
    "#]],
    );
    let rationale = &of(&gaps, "PA01").sources[0].rationale;
    assert_eq!(*rationale, profile.target(area("PA01")).unwrap().rationale);
}

#[test]
fn where_areas_meet_the_highest_applies_and_what_is_left_out_is_shown() {
    let profile = shipped(USERS);
    let question = question(&profile, &ISO, &[]);
    assert_eq!(question.way(), Way::Forward);
    let gaps = gap(&question, &[]);
    let areas = ["PA02", "PA03", "PA04", "PA05", "PA11", "PA19"];
    check(
        &gaps,
        &areas,
        &expect![[r#"
        PA02 3
          PA05 3 Decides inferred, split by reading
          PA10 2 Partial inferred, partial by reading
        PA03 3
          PA05 3 Decides inferred, split by reading
        PA04 3
          PA05 3 Decides inferred, split by reading
          PA10 2 Partial inferred, partial by reading
        PA05 2
          PA04 - NotApplicable stated, merged by reading
          PA10 2 Decides inferred, merged by reading
        PA11 1
          PA03 1 Decides inferred, renumbered by titles
          PA04 - Partial stated, partial by reading
        PA19 -!
          PA18 - NotApplicable stated, renamed by titles
    "#]],
    );
}

#[test]
fn a_lower_target_is_kept_beside_the_one_that_decides() {
    let profile = shipped(BUREAU);
    check(
        &gap(&question(&profile, &ISO, &[]), &[]),
        &["PA05"],
        &expect![[r#"
        PA05 3
          PA04 2 Lower inferred, merged by reading
          PA10 3 Decides inferred, merged by reading
    "#]],
    );
}

#[test]
fn an_area_that_nothing_but_partial_links_lead_to_has_no_target() {
    let text = DRAFT_TEXT.replace("\nrelation = \"split\"", "\nrelation = \"partial\"");
    let draft = of_1997(&text);
    let profile = shipped(BUREAU);
    let question = GapQuestion { profile: &profile, profile_model: &draft, model: &ISO, open: &[] };
    let gaps = gap(&question, &[(area("PA03"), range(3, 3), range(3, 3))]);
    check(
        &gaps,
        &["PA03"],
        &expect![[r#"
        PA03 ?
          PA05 2 Partial inferred, partial by reading
    "#]],
    );
    expect!["NoTarget"].assert_eq(&far(of(&gaps, "PA03").rated));
}

#[test]
fn a_target_follows_the_open_phases_and_says_which() {
    let profile = own();
    for (open, expected) in [
        (
            &[][..],
            expect![[r#"
            PA05 2
              PA04 2 Decides inferred, merged by reading, from service-bureau
              PA10 1 Lower stated, merged by reading
            PA06 3
              PA06 3 Decides inferred, kept by titles, from service-bureau
        "#]],
        ),
        (
            &[Phase::Maintenance, Phase::Operation][..],
            expect![[r#"
            PA05 4
              PA04 2 Lower inferred, merged by reading, from service-bureau
              PA10 4 Decides stated, in operation, merged by reading
            PA06 3
              PA06 3 Decides inferred, kept by titles, from service-bureau
        "#]],
        ),
        (
            &[Phase::Maintenance][..],
            expect![[r#"
            PA05 2
              PA04 2 Decides inferred, merged by reading, from service-bureau
              PA10 1 Lower stated, merged by reading
            PA06 3
              PA06 3 Decides inferred, kept by titles, from service-bureau
        "#]],
        ),
    ] {
        let gaps = gap(&question(&profile, &ISO, open), &[]);
        check(&gaps, &["PA05", "PA06"], &expected);
    }
}

#[test]
fn a_profile_of_the_successor_leads_back_only_one_to_one() {
    let profile = of_2008();
    let question = question(&profile, &DRAFT_OF_1997, &[]);
    assert_eq!(question.way(), Way::Back);
    let gaps = gap(&question, &[]);
    expect!["2! 1! 3! ? ? 2! 0! 1! 3! ? 0! 1! 2! 3! 0! 1! 2! 3! 0! 1! 2!"].assert_eq(&goals(&gaps));
    check(
        &gaps,
        &["PA01", "PA04", "PA05"],
        &expect![[r#"
        PA01 2!
          PA10 2 Decides stated, renumbered by titles
        PA04 ?
          PA05 1 NoWayBack stated, merged by reading
          PA11 3 NoWayBack stated, partial by reading
        PA05 ?
          PA02 2 NoWayBack stated, split by reading
          PA03 3 NoWayBack stated, split by reading
          PA04 0 NoWayBack stated, split by reading
    "#]],
    );
}

#[test]
fn a_profile_of_an_unrelated_model_has_no_targets() {
    let mut profile = of_2008();
    profile.model = "cobit".parse().unwrap();
    let question = question(&profile, &ISO, &[]);
    assert_eq!(question.way(), Way::Nowhere);
    let gaps = gap(&question, &[]);
    assert_eq!(gaps.len(), 22);
    assert!(gaps.iter().all(|gap| gap.goal == Goal::Unsaid && gap.sources.is_empty()));
}

#[test]
fn a_known_level_meets_the_goal_or_is_short_of_it_and_one_known_in_part_may() {
    use LevelAnswer::{NotApplicable, NotDeterminable, NotRated};
    let rows = [
        (Goal::Level(3), range(3, 3)),
        (Goal::Level(3), range(4, 5)),
        (Goal::Level(3), range(1, 1)),
        (Goal::Level(3), range(0, 2)),
        (Goal::Level(3), range(0, 3)),
        (Goal::Level(3), range(2, 5)),
        (Goal::Level(3), NotRated),
        (Goal::Level(3), NotDeterminable),
        (Goal::Level(3), NotApplicable),
        (Goal::Level(0), range(0, 5)),
        (Goal::Level(0), NotRated),
        (Goal::Level(0), NotDeterminable),
        (Goal::Level(0), NotApplicable),
        (Goal::NotApplicable, range(2, 2)),
        (Goal::NotApplicable, NotApplicable),
        (Goal::Unsaid, range(2, 2)),
        (Goal::Unsaid, NotRated),
        (Goal::Unsaid, NotApplicable),
    ];
    let mut lines = String::new();
    for (goal, level) in rows {
        writeln!(lines, "{goal:?} {level:?}: {}", far(distance(goal, level))).unwrap();
    }
    expect![[r#"
        Level(3) Range { at_least: 3, at_most: 3, open: 0 }: Met
        Level(3) Range { at_least: 4, at_most: 5, open: 1 }: Met
        Level(3) Range { at_least: 1, at_most: 1, open: 0 }: Short by 2 to 2
        Level(3) Range { at_least: 0, at_most: 2, open: 2 }: Short by 1 to 3
        Level(3) Range { at_least: 0, at_most: 3, open: 3 }: Maybe by 0 to 3
        Level(3) Range { at_least: 2, at_most: 5, open: 3 }: Maybe by 0 to 1
        Level(3) NotRated: NotRated
        Level(3) NotDeterminable: NotDeterminable
        Level(3) NotApplicable: TailoredOut
        Level(0) Range { at_least: 0, at_most: 5, open: 5 }: Met
        Level(0) NotRated: Met
        Level(0) NotDeterminable: Met
        Level(0) NotApplicable: TailoredOut
        NotApplicable Range { at_least: 2, at_most: 2, open: 0 }: NotApplicable
        NotApplicable NotApplicable: TailoredOut
        Unsaid Range { at_least: 2, at_most: 2, open: 0 }: NoTarget
        Unsaid NotRated: NoTarget
        Unsaid NotApplicable: TailoredOut
    "#]]
    .assert_eq(&lines);
}

#[test]
fn rated_and_ongoing_levels_are_measured_apart_and_missing_areas_are_not_rated() {
    let profile = shipped(BUREAU);
    let question = question(&profile, &ISO, &[]);
    let elsewhere = (area("PA99"), range(5, 5), range(5, 5));
    let gaps = gap(&question, &[elsewhere, (area("PA08"), range(3, 3), range(1, 1))]);
    let shown = |id| {
        let gap = of(&gaps, id);
        format!("{}: rated {}, ongoing {}", goal(gap), far(gap.rated), far(gap.ongoing))
    };
    expect!["3: rated Met, ongoing Short by 2 to 2"].assert_eq(&shown("PA08"));
    expect!["2: rated NotRated, ongoing NotRated"].assert_eq(&shown("PA09"));
    let areas: Vec<AreaId> = gaps.iter().map(|gap| gap.area).collect();
    assert_eq!(areas, ISO.areas().iter().map(|area| area.id).collect::<Vec<_>>());
}

#[test]
fn a_unit_is_warned_in_the_words_of_its_own_model() {
    let profile = shipped(USERS);
    let question = question(&profile, &ISO, &[]);
    let out = (area("PA02"), LevelAnswer::NotApplicable, LevelAnswer::NotApplicable);
    let found = warnings(&ISO, &gap(&question, &[out]));
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    expect![[r#"
        PA01 aims at 2, but needs PA09, which aims at 1
        PA03 aims at 3, but needs PA02, which is tailored out
        PA03 aims at 3, but needs PA05, which aims at 2
        PA03 aims at 3, but needs PA08, which aims at 2
        PA09 aims at 1, but needs PA02, which is tailored out"#]]
    .assert_eq(&lines.join("\n"));
}

#[test]
fn a_target_is_one_that_decides_just_when_it_is_the_goal() {
    for profile in SHIPPED.map(shipped) {
        for gap in gap(&question(&profile, &ISO, &[]), &[]) {
            for source in &gap.sources {
                let is_goal = source.level.map(Goal::Level) == Some(gap.goal);
                let counts = matches!(source.part, Part::Decides | Part::Lower);
                assert_eq!(source.part == Part::Decides, counts && is_goal, "{}", gap.area);
            }
        }
    }
}
