//! What would lift a level, and how a level came about.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use gradus_domain::Rules;
use gradus_domain::lift::{Bounds, Met, Need, derivation, lift, next_level};
use gradus_domain::nplf::Method;
use gradus_domain::scheme::{Levels, Reading, Role};
use gradus_domain::sse_cmm::LevelAnswer;
use gradus_model::rating::Value;
use proptest::prelude::*;

use crate::given::STRICT;
use crate::judged::{EVERY, Judged, bounds, judged, parameters, rules};

fn needs(rules: &Rules, area: &Judged, wanted: u8, ongoing: bool) -> Vec<Need> {
    lift(rules, &area.outline, &area.seen(), wanted, ongoing).unwrap()
}

fn in_words(need: &Need) -> String {
    let mut words = need.target.practice.to_string();
    if let Some(rate) = &need.rate {
        let _ = write!(words, ", rated {}", rate.to);
        for instance in &rate.instances {
            let _ = write!(words, " of {}", instance.as_ref().map_or("all", |one| one.as_str()));
        }
    }
    if need.support {
        words.push_str(", with evidence");
    }
    words
}

/// Given an area, when it is to be lifted to `wanted`, then `expected`.
fn check(rules: &Rules, area: &Judged, wanted: u8, ongoing: bool, expected: Expect) {
    let needs = needs(rules, area, wanted, ongoing);
    expected.assert_eq(&needs.iter().map(in_words).collect::<Vec<_>>().join("\n"));
}

/// The area after a need was met.
fn met(area: &Judged, needs: &[Need]) -> Judged {
    let mut area = area.clone();
    for need in needs {
        let place = area.outline.targets.iter().position(|(target, _)| *target == need.target);
        let reading = &mut area.readings[place.unwrap()];
        for instance in need.rate.iter().flat_map(|rate| &rate.instances) {
            reading.values.retain(|(rated, _)| rated != instance);
            reading.values.push((instance.clone(), need.rate.as_ref().unwrap().to));
        }
        reading.values.sort();
        reading.supported |= need.support;
    }
    area
}

fn at_least(levels: Levels, ongoing: bool) -> u8 {
    bounds(if ongoing { levels.ongoing } else { levels.rated }).0
}

#[test]
fn all_or_nothing_needs_every_practice_that_is_not_met() {
    let area = Judged::pa01(&STRICT).rated("BP", "satisfied").rated("GP 2", "satisfied");
    let area = area.rated("BP.01.02", "a:satisfied b:not-satisfied").unsupported("BP.01.03");
    let area = area.rated("GP 2.1.1", "not-satisfied").unsupported("GP 2.1.1");
    check(&STRICT, &area, 1, false, expect!["BP.01.02, rated satisfied of b"]);
    check(
        &STRICT,
        &area,
        2,
        true,
        expect![[r#"
        BP.01.02, rated satisfied of b
        BP.01.03, with evidence
        PA01/GP 2.1.1, rated satisfied of all, with evidence"#]],
    );
    assert_eq!(needs(&STRICT, &area, 3, false).len(), 2 + 8);
}

#[test]
fn the_lowest_practices_are_raised_first_and_no_further_than_needed() {
    let rules = rules("R1");
    let area = Judged::pa01(&rules).rated("BP", "F").rated("GP 2", "F").rated("GP 2.1", "P");
    check(
        &rules,
        &area,
        2,
        false,
        expect![[r#"
        PA01/GP 2.1.1, rated F of all
        PA01/GP 2.1.2, rated F of all"#]],
    );
    let area = area.rated("GP 2.1.5", "N").rated("GP 2.1.6", "L").rated("BP.01.04", "L");
    check(
        &rules,
        &area,
        2,
        false,
        expect![[r#"
        PA01/GP 2.1.1, rated F of all
        PA01/GP 2.1.5, rated F of all"#]],
    );
    let area = area.rated("BP", "N").rated("BP.01.01", "F").rated("BP.01.02", "L");
    check(&rules, &area, 1, true, expect!["BP.01.03, rated L of all"]);
    let area = area.rated("BP.01.02", "F");
    check(&rules, &area, 1, true, expect!["BP.01.03, rated P of all"]);
}

#[test]
fn a_feature_that_was_rated_as_a_whole_is_lifted_as_a_whole() {
    let rules = rules("R1");
    let area = Judged::pa01(&rules).rated("BP", "F").rated("GP 2", "F").rated("2.2", "P");
    check(&rules, &area, 2, false, expect!["PA01/2.2, rated L of all"]);
    let area = area.rated("2.2", "F").unsupported("2.2");
    check(&rules, &area, 2, false, expect![""]);
    check(&rules, &area, 2, true, expect!["PA01/2.2, with evidence"]);
}

#[test]
fn by_the_methods_that_rate_features_these_are_what_is_needed() {
    for method in ["R2", "R3"] {
        let rules = rules(method);
        let area = Judged::pa01(&rules).rated("BP", "F").rated("BP.01.01", "L");
        let area = area.rated("BP.01.02", "L").rated("2.1", "L").rated("2.2", "F");
        check(
            &rules,
            &area,
            2,
            true,
            expect![[r#"
            BP.01.01, rated F of all
            PA01/2.3, rated L of all, with evidence
            PA01/2.4, rated L of all, with evidence"#]],
        );
    }
}

#[test]
fn only_the_instances_that_are_too_low_are_rated_anew() {
    let rules = rules("R1");
    let area = Judged::pa01(&rules).rated("BP", "a:F b:P").rated("BP.01.01", "F b:N");
    check(&rules, &area, 1, false, expect![""]);
    check(
        &rules,
        &area.clone().rated("GP 2", "F"),
        2,
        false,
        expect![[r#"
            BP.01.01, rated F of b
            BP.01.02, rated F of b
            BP.01.03, rated F of b
            BP.01.04, rated F of b"#]],
    );
}

#[test]
fn what_cannot_be_reached_is_told_apart_from_what_is() {
    let rules = rules("R1");
    let full = Judged::pa01(&rules).rated("BP", "F").rated("GP", "F");
    assert_eq!(needs(&rules, &full, 5, true), []);
    assert_eq!(lift(&rules, &full.outline, &full.seen(), 6, false), None);
    let mut incomplete = full;
    incomplete.outline.complete = false;
    assert_eq!(lift(&rules, &incomplete.outline, &incomplete.seen(), 1, false), None);
    assert_eq!(derivation(&rules, &incomplete.outline, &incomplete.seen()), []);
    let range = |at_least| LevelAnswer::Range { at_least, at_most: 5, open: 0 };
    assert_eq!([range(0), range(4), range(5)].map(next_level), [Some(1), Some(5), None]);
    assert_eq!(next_level(LevelAnswer::NotRated), Some(1));
    assert_eq!(next_level(LevelAnswer::NotDeterminable), None);
}

/// The way to an area's levels, a line for each level and feature.
fn way(rules: &Rules, area: &Judged) -> String {
    let between = |bounds: Bounds| match bounds {
        Bounds { at_least, at_most } if at_least == at_most => at_least.to_string(),
        Bounds { at_least, at_most } => format!("{at_least} to {at_most}"),
    };
    let mut lines = String::new();
    for step in derivation(rules, &area.outline, &area.seen()) {
        let _ = writeln!(lines, "{} {:?}, ongoing {:?}", step.level, step.rated, step.ongoing);
        for step in step.features {
            let (rated, ongoing) = (between(step.rated), between(step.ongoing));
            let how = if step.as_a_whole { " as a whole" } else { "" };
            let _ = writeln!(
                lines,
                "  {} {rated}{how}, ongoing {ongoing}, {} open",
                step.feature, step.open
            );
        }
    }
    lines
}

#[test]
fn a_level_tells_how_it_came_about() {
    let nplf = rules("R1");
    let area = Judged::pa01(&nplf).rated("BP", "F").rated("GP 2", "F").rated("2.4", "L");
    let area = area.rated("GP 3", "P").unsupported("GP 2.2").rated("GP 4.2.1", "L");
    expect![[r#"
        1 Yes, ongoing Yes
          1.1 F, ongoing F, 0 open
        2 Yes, ongoing No
          2.1 F, ongoing F, 0 open
          2.2 F, ongoing N, 0 open
          2.3 F, ongoing F, 0 open
          2.4 L as a whole, ongoing L, 0 open
        3 No, ongoing No
          3.1 P, ongoing P, 0 open
          3.2 P, ongoing P, 0 open
          3.3 P, ongoing P, 0 open
        4 No, ongoing No
          4.1 N to F, ongoing N to F, 1 open
          4.2 P to L, ongoing P to L, 1 open
        5 No, ongoing No
          5.1 N to F, ongoing N to F, 2 open
          5.2 N to F, ongoing N to F, 3 open
    "#]]
    .assert_eq(&way(&nplf, &area));
    let area = Judged::pa01(&STRICT).rated("BP", "satisfied").rated("GP 2", "satisfied");
    let area = area.unsupported("GP 2.2.1").rated("GP 4.2.1", "not-satisfied");
    expect![[r#"
        1 Yes, ongoing Yes
          1.1 satisfied, ongoing satisfied, 0 open
        2 Yes, ongoing No
          2.1 satisfied, ongoing satisfied, 0 open
          2.2 satisfied, ongoing not-satisfied, 0 open
          2.3 satisfied, ongoing satisfied, 0 open
          2.4 satisfied, ongoing satisfied, 0 open
        3 Open, ongoing No
          3.1 not-satisfied to satisfied, ongoing not-satisfied to satisfied, 2 open
          3.2 not-satisfied to satisfied, ongoing not-satisfied to satisfied, 3 open
          3.3 not-satisfied to satisfied, ongoing not-satisfied to satisfied, 3 open
        4 No, ongoing No
          4.1 not-satisfied to satisfied, ongoing not-satisfied to satisfied, 1 open
          4.2 not-satisfied, ongoing not-satisfied, 1 open
        5 No, ongoing No
          5.1 not-satisfied to satisfied, ongoing not-satisfied to satisfied, 2 open
          5.2 not-satisfied to satisfied, ongoing not-satisfied to satisfied, 3 open
    "#]]
    .assert_eq(&way(&STRICT, &area));
}

/// The same area, all or nothing.
fn by_strict(mut area: Judged) -> Judged {
    for (_, value) in area.readings.iter_mut().flat_map(|reading| &mut reading.values) {
        let met = *value == Value::Fully;
        *value = if met { Value::Satisfied } else { Value::NotSatisfied };
    }
    area
}

proptest! {
    #[test]
    fn what_is_needed_lifts_the_level_and_nothing_of_it_can_be_left_out(
        (nplf, area) in judged(),
        wanted in 0_u8..=5,
        ongoing: bool,
        strict: bool,
    ) {
        let (rules, area) = if strict { (&*STRICT, by_strict(area)) } else { (nplf, area) };
        let needs = needs(rules, &area, wanted, ongoing);
        prop_assert!(at_least(met(&area, &needs).levels(rules), ongoing) >= wanted);
        for left_out in 0..needs.len() {
            let mut rest = needs.clone();
            let without = rest.remove(left_out);
            let level = at_least(met(&area, &rest).levels(rules), ongoing);
            prop_assert!(level < wanted, "{} can be left out", in_words(&without));
        }
        let places = needs.iter().map(|need| {
            area.outline.targets.iter().position(|(target, _)| *target == need.target)
        });
        prop_assert!(places.is_sorted());
    }

    #[test]
    fn no_smaller_choice_of_practices_would_lift_level_1(
        (rules, area) in judged(),
        ongoing: bool,
    ) {
        let fewest = needs(rules, &area, 1, ongoing).len();
        prop_assert!(area.outline.targets[..3].iter().all(|(_, role)| *role == Role::Base));
        for chosen in 0_u8..8 {
            let mut raised = area.clone();
            for place in (0..3).filter(|place| chosen & (1 << place) != 0) {
                let instances = [None, Some("a"), Some("b")];
                let known = |name: Option<&str>| name.is_none() || names(&area, name.unwrap());
                let values = instances.into_iter().filter(|name| known(*name));
                let values = values.map(|name| (name.map(|name| name.parse().unwrap()), Value::Fully));
                raised.readings[place] = Reading { values: values.collect(), supported: true };
            }
            if at_least(raised.levels(rules), ongoing) >= 1 {
                prop_assert!(fewest <= chosen.count_ones() as usize);
            }
        }
    }

    #[test]
    fn the_way_agrees_with_the_levels((rules, area) in judged()) {
        let levels = area.levels(rules);
        let steps = derivation(rules, &area.outline, &area.seen());
        for (level, step) in (1..).zip(&steps) {
            prop_assert_eq!(level, step.level);
            prop_assert_eq!(step.rated == Met::Yes, bounds(levels.rated).0 >= level);
            prop_assert_eq!(step.rated == Met::No, bounds(levels.rated).1 < level);
            for feature in &step.features {
                prop_assert!(feature.rated.at_least <= feature.rated.at_most);
                prop_assert!(feature.ongoing.at_least <= feature.rated.at_least);
                let known = feature.open == 0;
                prop_assert!(!known || feature.rated.at_least == feature.rated.at_most);
            }
        }
        prop_assert_eq!(steps.len(), 5);
    }
}

fn names(area: &Judged, name: &str) -> bool {
    let mut values = area.readings.iter().flat_map(|reading| &reading.values);
    values.any(|(instance, _)| instance.as_ref().is_some_and(|one| one.as_str() == name))
}

#[test]
fn every_method_is_among_the_made_up_rules() {
    for method in [Method::R1, Method::R2, Method::R3] {
        assert_eq!(EVERY.iter().filter(|rules| parameters(rules).method == method).count(), 8);
    }
}
