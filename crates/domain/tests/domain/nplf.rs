//! The scheme `nplf-33020`: features, their aggregates, and the levels between honest bounds.

use expect_test::{Expect, expect};
use gradus_domain::Rules;
use gradus_domain::level::{Question, levels};
use gradus_domain::nplf::{self, Aggregate, Method, Nplf, Ties};
use gradus_domain::scheme::{Levels, Reading, Role};
use gradus_model::FeatureId;
use gradus_model::rating::{Scale, Value};
use proptest::prelude::*;

use crate::given::{Everyone, Fact, accepted, at, history, rated, submitted, unit};
use crate::judged::{EVERY, Judged, SMALL, bounds, judged, parameters, rules, small, told, value};
use crate::made_up::TINY;

/// Given PA01 rated step by step, when its levels are asked for after each, then `expected`.
fn check(rules: &Rules, steps: &[(&str, &str)], expected: Expect) {
    let mut area = Judged::pa01(rules);
    let mut lines = Vec::new();
    for (practices, values) in steps {
        area = match *values {
            "without evidence" => area.unsupported(practices),
            values => area.rated(practices, values),
        };
        lines.push(format!("{practices} {values}: {}", told(area.levels(rules))));
    }
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn each_level_needs_its_features_largely_and_those_below_fully() {
    let steps = [
        ("BP", "P"),
        ("BP", "L"),
        ("GP 2", "F"),
        ("BP", "F"),
        ("GP 2.4", "L"),
        ("GP 2.4", "P"),
        ("GP 2", "F"),
        ("GP 3", "F"),
        ("GP 4", "L"),
        ("GP 5", "F"),
        ("GP 4", "F"),
        ("GP 5", "L"),
        ("GP 5", "F"),
    ];
    check(
        &rules("R1"),
        &steps,
        expect![[r#"
        BP P: 0; ongoing 0
        BP L: 1; ongoing 1
        GP 2 F: 1; ongoing 1
        BP F: 2 to 5, 16 open; ongoing 2 to 5, 16 open
        GP 2.4 L: 2; ongoing 2
        GP 2.4 P: 1; ongoing 1
        GP 2 F: 2 to 5, 16 open; ongoing 2 to 5, 16 open
        GP 3 F: 3 to 5, 8 open; ongoing 3 to 5, 8 open
        GP 4 L: 4; ongoing 4
        GP 5 F: 4; ongoing 4
        GP 4 F: 5; ongoing 5
        GP 5 L: 5; ongoing 5
        GP 5 F: 5; ongoing 5"#]],
    );
}

#[test]
fn nothing_rated_is_not_rated_and_an_incomplete_area_not_determinable() {
    for rules in &*EVERY {
        let mut area = Judged::pa01(rules);
        assert_eq!(told(area.levels(rules)), "not rated; ongoing not rated");
        area = area.rated("BP", "F");
        area.outline.complete = false;
        assert_eq!(told(area.levels(rules)), "not determinable; ongoing not determinable");
    }
    let rules = rules("R1");
    for without in [Role::Base, Role::Generic(FeatureId { level: 5, number: 1 })] {
        let mut area = Judged::pa01(&rules).rated("", "F");
        let level = without.feature().level;
        area.outline.targets.retain(|(_, role)| role.feature().level != level);
        assert_eq!(told(area.levels(&rules)), "not determinable; ongoing not determinable");
    }
}

#[test]
fn a_feature_rated_as_a_whole_wins_over_its_practices() {
    let steps = [
        ("BP", "F"),
        ("GP", "F"),
        ("3.2", "L"),
        ("3.2", "N"),
        ("3.2", "F"),
        ("GP 3.2", "N"),
        ("3.2", "without evidence"),
        ("GP 3.2", "without evidence"),
    ];
    check(
        &rules("R1"),
        &steps,
        expect![[r#"
        BP F: 1 to 5, 28 open; ongoing 1 to 5, 28 open
        GP F: 5; ongoing 5
        3.2 L: 3; ongoing 3
        3.2 N: 2; ongoing 2
        3.2 F: 5; ongoing 5
        GP 3.2 N: 5; ongoing 5
        3.2 without evidence: 5; ongoing 2
        GP 3.2 without evidence: 5; ongoing 2"#]],
    );
}

#[test]
fn feature_1_1_cannot_be_rated_and_follows_from_the_base_practices_by_every_method() {
    for rules in &*EVERY {
        let area = Judged::pa01(rules);
        let rateable = area
            .outline
            .targets
            .iter()
            .filter(|(_, role)| matches!(role, Role::Feature(feature) if feature.level == 1));
        assert_eq!(rateable.count(), 0);
        let area = area.rated("BP", "F").rated("GP", "F").rated("2", "L");
        assert_eq!(told(area.levels(rules)), "2; ongoing 2");
        assert_eq!(told(area.rated("BP", "N").levels(rules)), "0; ongoing 0");
    }
}

/// Under R2 the features are what is rated; under R3 over all instances at once.
#[test]
fn the_method_says_what_counts() {
    let mut lines = Vec::new();
    for method in ["R1", "R2", "R3"] {
        let rules = rules(method);
        let full = Judged::pa01(&rules).rated("BP", "F").rated("GP", "F");
        let practices = full.levels(&rules);
        let wholes = ["2", "3", "4", "5"];
        let wholes =
            wholes.iter().fold(full.clone().rated("GP", "N"), |area, level| area.rated(level, "F"));
        let both = wholes.levels(&rules);
        let of_an_instance = full.clone().rated("2.1", "a:F");
        let elsewhere = of_an_instance.clone().rated("BP", "a:F b:F");
        lines.push(format!("{method} practices: {}", told(practices)));
        lines.push(format!("{method} features: {}", told(both)));
        lines.push(format!("{method} 2.1 of a: {}", told(of_an_instance.levels(&rules))));
        lines.push(format!("{method} and b known: {}", told(elsewhere.levels(&rules))));
    }
    expect![[r#"
        R1 practices: 5; ongoing 5
        R1 features: 5; ongoing 5
        R1 2.1 of a: 5; ongoing 5
        R1 and b known: 5; ongoing 5
        R2 practices: 5; ongoing 5
        R2 features: 5; ongoing 5
        R2 2.1 of a: 5; ongoing 5
        R2 and b known: 1 to 5, 1 open; ongoing 1 to 5, 1 open
        R3 practices: 1 to 5, 11 open; ongoing 1 to 5, 11 open
        R3 features: 5; ongoing 5
        R3 2.1 of a: 1 to 5, 11 open; ongoing 1 to 5, 11 open
        R3 and b known: not rated; ongoing not rated"#]]
    .assert_eq(&lines.join("\n"));
}

#[test]
fn practices_are_aggregated_for_each_instance_and_then_over_the_instances() {
    // Over all cells at once the mean would be (3 + 3 + 3 + 0 + 0 + 0 + 0 + 3) / 8, a P.
    let steps = [("BP", "a:F b:N"), ("BP.01.04", "a:N b:F")];
    let answers = |parameters: &str| {
        let rules = rules(parameters);
        let area = Judged::pa01(&rules).rated("GP", "F");
        let area =
            steps.iter().fold(area, |area, (practices, values)| area.rated(practices, values));
        told(area.levels(&rules))
    };
    // 9/4 rounds to L and 3/4 to P: between them lies the tie.
    assert_eq!(answers("R1 mean lower"), "0; ongoing 0");
    assert_eq!(answers("R1 mean higher"), "1; ongoing 1");
    assert_eq!(answers("R1 median lower"), "0; ongoing 0");
    assert_eq!(answers("R1 median higher"), "5; ongoing 5");
}

#[test]
fn a_rating_of_the_unit_as_a_whole_stands_for_every_instance_that_was_not_rated() {
    let rules = rules("R1");
    let area = Judged::pa01(&rules).rated("BP", "F").rated("GP", "F");
    assert_eq!(told(area.clone().rated("BP", "a:F b:L").levels(&rules)), "1; ongoing 1");
    assert_eq!(told(area.clone().rated("BP", "F b:L").levels(&rules)), "1; ongoing 1");
    assert_eq!(told(area.clone().rated("BP.01.01", "F b:N").levels(&rules)), "1; ongoing 1");
    // An instance that one practice was rated for is one that the others lack.
    let lacking = Judged::pa01(&rules).rated("BP", "a:F").rated("GP", "F");
    assert_eq!(told(lacking.clone().levels(&rules)), "5; ongoing 5");
    let lacking = lacking.rated("BP.01.02", "a:F b:F");
    assert_eq!(told(lacking.levels(&rules)), "1 to 5, 3 open; ongoing 1 to 5, 3 open");
}

#[test]
fn what_valid_evidence_does_not_support_is_not_achieved_any_more() {
    let steps = [
        ("BP", "F"),
        ("GP", "F"),
        ("GP 4.1", "without evidence"),
        ("GP 2.1", "without evidence"),
        ("BP.01.03", "without evidence"),
        ("BP", "without evidence"),
    ];
    check(
        &rules("R1"),
        &steps,
        expect![[r#"
        BP F: 1 to 5, 28 open; ongoing 1 to 5, 28 open
        GP F: 5; ongoing 5
        GP 4.1 without evidence: 5; ongoing 3
        GP 2.1 without evidence: 5; ongoing 1
        BP.01.03 without evidence: 5; ongoing 1
        BP without evidence: 5; ongoing 0"#]],
    );
}

#[test]
fn values_become_one_as_the_parameters_say() {
    let mut lines = Vec::new();
    for values in ["F", "N F", "P L", "N N F", "N F F", "N P L F", "P+ L-", "P L F F", "N N N F"] {
        let one = |aggregate, ties, fine| {
            let nplf = Nplf { method: Method::R1, aggregate, ties, fine };
            let values = values.split(' ').map(|text| Scale::Nplf.value(text).unwrap());
            nplf.aggregated(values).unwrap().name()
        };
        let both = |aggregate, fine| {
            [one(aggregate, Ties::Lower, fine), one(aggregate, Ties::Higher, fine)].join(" ")
        };
        let of = |aggregate| [both(aggregate, false), both(aggregate, true)].join(", fine ");
        let (mean, median) = (of(Aggregate::Mean), of(Aggregate::Median));
        lines.push(format!("{values}: mean {mean}; median {median}"));
    }
    expect![[r#"
        F: mean F F, fine F F; median F F, fine F F
        N F: mean P L, fine P+ L-; median N F, fine N F
        P L: mean P L, fine P+ P+; median P L, fine P- L-
        N N F: mean P P, fine P+ P+; median N N, fine N N
        N F F: mean L L, fine L- L-; median F F, fine F F
        N P L F: mean P L, fine P+ P+; median P L, fine P- L-
        P+ L-: mean P L, fine P+ L-; median P L, fine P+ L-
        P L F F: mean L L, fine L- L+; median L F, fine L- F
        N N N F: mean P P, fine P- P-; median N N, fine N N"#]]
    .assert_eq(&lines.join("\n"));
}

fn both(levels: Levels) -> [(u8, u8, u16); 2] {
    [bounds(levels.rated), bounds(levels.ongoing)]
}

/// PA01 of the made-up model has one generic practice on each of the levels 2 to 5.
#[test]
fn a_level_follows_from_what_was_recorded_whatever_the_scale() {
    let rules = rules("R1");
    let mut facts = vec![
        rated("R1", "tiny:BP.01.01", Value::Satisfied),
        rated("R2", "tiny:BP.01.02", Value::Fully),
        submitted("E1").for_practices(&["tiny:BP.01.01", "tiny:BP.01.02"]),
        accepted("E1"),
    ];
    let answer = |facts: &[Fact], day: &str| {
        let history = history(facts);
        let question = Question { at: at(day), rules: &rules, model: &TINY, providers: &Everyone };
        let answers = levels(&question, &[(unit("app"), &history)]);
        let answer = &answers[0];
        told(Levels { rated: answer.rated, ongoing: answer.ongoing })
    };
    assert_eq!(answer(&facts, "2026-03-01"), "1 to 5, 4 open; ongoing 1 to 5, 4 open");
    facts.push(rated("R3", "tiny:PA01/2.1", Value::LargelyHigh).on("2026-04-01"));
    assert_eq!(answer(&facts, "2026-03-31"), "1 to 5, 4 open; ongoing 1 to 5, 4 open");
    assert_eq!(answer(&facts, "2026-04-01"), "2; ongoing 1");
    // Evidence for a practice of the feature does not speak for the feature as a whole.
    facts.extend([submitted("E2").for_practices(&["tiny:PA01/GP 2.1.1"]), accepted("E2")]);
    assert_eq!(answer(&facts, "2026-04-01"), "2; ongoing 1");
    facts.extend([submitted("E3").for_practices(&["tiny:PA01/2.1"]), accepted("E3")]);
    assert_eq!(answer(&facts, "2026-04-01"), "2; ongoing 2");
    assert_eq!(answer(&facts, "2027-03-01"), "2; ongoing 0");
}

proptest! {
    #[test]
    fn raising_a_value_or_supporting_it_never_lowers_a_level(
        (rules, area) in judged(),
        at in any::<prop::sample::Index>(),
        to in value(),
        support: bool,
    ) {
        let mut raised = area.clone();
        let reading = &mut raised.readings[at.index(SMALL.len())];
        if support && !reading.values.is_empty() {
            reading.supported = true;
        } else if let Some((_, value)) = reading.values.first_mut() {
            *value = rules.read(to).unwrap().max(*value);
        }
        for (before, after) in both(area.levels(rules)).into_iter().zip(both(raised.levels(rules))) {
            prop_assert!(before.0 <= after.0 && before.1 <= after.1);
        }
    }

    #[test]
    fn bounds_are_in_order_and_meet_where_nothing_is_open((rules, area) in judged()) {
        let [rated, ongoing] = both(area.levels(rules));
        for (at_least, at_most, open) in [rated, ongoing] {
            prop_assert!(at_least <= at_most);
            prop_assert_eq!(at_least == at_most, open == 0);
        }
        prop_assert!(ongoing.0 <= rated.0 && ongoing.1 <= rated.1);
    }

    #[test]
    fn rating_what_nobody_rated_only_narrows_the_bounds(
        (rules, area) in judged(),
        at in any::<prop::sample::Index>(),
        learnt in value(),
    ) {
        // Of the unit as a whole: an instance that was never heard of brings questions with it.
        let at = at.index(11);
        let mut known = area.clone();
        if known.readings[at].values.is_empty() {
            let values = vec![(None, rules.read(learnt).unwrap())];
            known.readings[at] = Reading { values: values.into(), supported: true };
        }
        for (before, after) in both(area.levels(rules)).into_iter().zip(both(known.levels(rules))) {
            prop_assert!(before.0 <= after.0 && after.1 <= before.1);
        }
    }

    #[test]
    fn with_everything_rated_the_level_is_one_of_those_that_were_possible(
        (rules, area) in judged(),
        unknown in prop::collection::vec(value(), 16),
    ) {
        let before = both(area.levels(rules));
        let mut known = area;
        for (number, (reading, value)) in known.readings.iter_mut().zip(unknown).enumerate() {
            let is_whole = reading.values.iter().any(|(instance, _)| instance.is_none());
            // Features only where their practices do not say it already.
            let counts = number < 11 || parameters(rules).method == Method::R3;
            let as_rated = parameters(rules).method == Method::R2 && !reading.values.is_empty();
            if !is_whole && (counts || as_rated) {
                let unsupported = !reading.values.is_empty() && !reading.supported;
                reading.values.insert(0, (None, rules.read(value).unwrap()));
                reading.supported = !unsupported;
            }
        }
        for (before, after) in before.into_iter().zip(both(known.levels(rules))) {
            prop_assert_eq!((after.0 == after.1, after.2), (true, 0));
            prop_assert!(before.0 <= after.0 && after.0 <= before.1);
        }
    }

    #[test]
    fn fully_achieved_throughout_is_level_5(rules in 0..EVERY.len(), wholes: bool) {
        let rules = &EVERY[rules];
        let mut area = Judged { outline: small(), readings: vec![Reading::default(); SMALL.len()] };
        let wholes = wholes || parameters(rules).method == Method::R3;
        let rated = if wholes { SMALL.len() } else { 11 };
        for reading in area.readings.iter_mut().take(rated) {
            *reading = Reading { values: vec![(None, Value::Fully)].into(), supported: true };
        }
        prop_assert_eq!(told(area.levels(rules)), "5; ongoing 5");
    }

    #[test]
    fn largely_is_enough_on_the_top_level_only(values in prop::collection::vec(value(), 5)) {
        let features = (1..).zip(&values);
        let features = features.map(|(level, value)| (FeatureId { level, number: 1 }, *value));
        let level = usize::from(nplf::level(features));
        if let Some((top, below)) = values[..level].split_last() {
            prop_assert!(below.iter().all(|value| *value == Value::Fully));
            prop_assert!(*top >= Value::LargelyLow);
        }
        // And no higher level would do.
        if level < 5 {
            let below = values[..level].iter().all(|value| *value == Value::Fully);
            prop_assert!(!below || values[level] < Value::LargelyLow);
        }
    }
}
