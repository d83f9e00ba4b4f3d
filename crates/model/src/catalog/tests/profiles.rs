//! Profiles: the five that ship, and those that build on them.

use std::fmt::Write as _;

use expect_test::{Expect, expect};

use super::{BUREAU, check, draft, edit, iso};
use crate::catalog::{AreaTarget, Base, Basis, Catalog, Needs, Origin, Profile};
use crate::unit::Phase;
use crate::{AreaId, Digest};

const PROFILES: [&str; 5] = [
    include_str!("../../../../../config/profiles/security-product-developer.toml"),
    include_str!("../../../../../config/profiles/systems-integrator.toml"),
    BUREAU,
    include_str!("../../../../../config/profiles/certification-authority.toml"),
    include_str!("../../../../../config/profiles/user-organization.toml"),
];

/// A profile of one's own, as short as it can be.
const OWN: &str = r#"
[profile]
id = "our-bureau"
title = "Our service bureau"
model = "sse-cmm-1997"
base = "service-bureau"
base_digest = "0000000000000000000000000000000000000000000000000000000000000000"

[[target]]
area = "PA07"
level = 2
phases = { operation = 4, maintenance = 3, development = 1 }
rationale = "We answer for incidents at night once a system runs."

[[target]]
area = "PA12"
applicable = false
rationale = "The client manages configurations."

[[target]]
area = "PA18"
level = 1
basis = "inferred"
rule = "A2"
rationale = "We sell two products."
"#;

fn bureau(model: &Catalog) -> Profile {
    Profile::parse("bureau.toml", BUREAU, model, None).unwrap()
}

fn own() -> Profile {
    let model = draft();
    Profile::parse("own.toml", OWN, &model, Some((&bureau(&model), Digest::ZERO))).unwrap()
}

fn target<'p>(profile: &'p Profile, area: &str) -> &'p AreaTarget {
    profile.target(area.parse::<AreaId>().unwrap()).unwrap()
}

#[test]
fn five_profiles_aim_at_every_area_and_keep_stated_and_inferred_apart() {
    let model = draft();
    let mut lines = String::new();
    for text in PROFILES {
        let needs = Profile::needs("profile.toml", text);
        assert_eq!(needs, Ok(Needs { model: model.id().clone(), base: None }));
        let profile = Profile::parse("profile.toml", text, &model, None).unwrap();
        let shown = |target: &AreaTarget| {
            let level = target.level.map_or("-".to_owned(), |level| level.to_string());
            level + if target.basis == Basis::Stated { "!" } else { "" }
        };
        let levels: Vec<String> = profile.targets.iter().map(shown).collect();
        writeln!(lines, "{}: {}", profile.id, levels.join(" ")).unwrap();
    }
    expect![[r#"
        security-product-developer: 2 3 3 2 2 3 2 2 2 3 3 3 3 3 3 2 2 3 3 2 2
        systems-integrator: 2 2 3 - 2 3 2 2 2 2 2 2 2 2 2 3 3 2 2 2 2
        service-bureau: 1 2 2 2 2 3 3 3 2 3 2 3 2 2 2 2 2 -! 2 2 1
        certification-authority: 3! 2 2 2 3! 2 3! 3! 1 3! 2 2 2 1 1 2 1 1 1 2 1
        user-organization: 2 1 1 -! 3 1 2 2 3 2 1 1 1 1 1 1 1 -! 1 2 -!
    "#]]
    .assert_eq(&lines);
}

#[test]
fn a_wrong_profile_is_refused_with_its_line_and_reason() {
    let rows = [
        ("model = 'sse-cmm-1997'", "model = 'iso-21827-2008'"),
        ("title = 'Service bureau'\n", ""),
        ("area = 'PA02'", "area = 'PA01'"),
        ("area = 'PA21'", "area = 'PA22'"),
        ("area = 'PA02'", "area = 'pa02'"),
        (
            "[[target]]\narea = 'PA01'\ntier = 'low'\ntier_basis = 'stated'\napplicable = true\nlevel = 1\nbasis = 'inferred'\nrule = 'A2'\nconfidence = 'medium'\nrationale = 'Clients should work out their own security needs and tell them to the bureau.'\n",
            "",
        ),
        ("level = 1\n", "level = 6\n"),
        ("level = 1\n", ""),
        ("level = 1\n", "level = 1\nalt_level = 9\n"),
        ("applicable = true\n", "applicable = false\n"),
        ("applicable = false\n", "applicable = true\n"),
        ("basis = 'inferred'", "basis = 'guessed'"),
        ("rule = 'A2'", "rule = 'A3'"),
        ("rule = 'A2'\n", ""),
        ("tier = 'low'", "tier = 'lowest'"),
        ("tier = 'low'\n", ""),
        ("tier_order = ['highest', 'moderate', 'low', 'not-applicable']\n", ""),
        ("confidence = 'medium'", "confidence = 'sure'"),
        ("rationale = ", "reason = "),
        ("id = 'A2'", "id = 'A1'"),
    ];
    let model = draft();
    let parse = |text: &str| Profile::parse("bureau.toml", text, &model, None).map(drop);
    check(
        BUREAU,
        &rows,
        parse,
        &expect![[r#"
            bureau.toml:31: this profile is for iso-21827-2008, not sse-cmm-1997
            bureau.toml:28: missing field `title`
            bureau.toml:71: PA01 stands after PA01: each stands once, in order
            bureau.toml:299: there is no PA22 in sse-cmm-1997
            bureau.toml:71: `pa02` is no process area: write it like PA01
            bureau.toml:29: PA01 has no target: every area has one, if only applicable = false
            bureau.toml:63: there is no capability level 6: use 0 to 5
            bureau.toml:59: PA01 is applicable and has no level
            bureau.toml:64: there is no capability level 9: use 0 to 5
            bureau.toml:63: PA01 is not applicable and has a level
            bureau.toml:264: PA18 is applicable and has no level
            bureau.toml:64: `guessed` is no basis: use one of stated, inferred
            bureau.toml:65: there is no rule A3 in this profile
            bureau.toml:59: PA01 is inferred and names no rule
            bureau.toml:60: tier_order has no lowest
            bureau.toml:59: PA01 needs tier and tier_basis together, or neither
            bureau.toml:59: tier_order has no low
            bureau.toml:66: `sure` is no confidence: use one of low, medium, high
            bureau.toml:67: unknown field `reason`, expected one of `area`, `tier`, `tier_basis`, `applicable`, `level`, `phases`, `basis`, `rule`, `alt_level`, `confidence`, `rationale`, `note`
            bureau.toml:40: rule A1 is there already
        "#]],
    );
}

#[test]
fn an_own_profile_says_which_model_and_base_it_needs() {
    let base = Base { profile: "service-bureau".parse().unwrap(), digest: Digest::ZERO };
    let needs = Profile::needs("own.toml", OWN).unwrap();
    assert_eq!(needs, Needs { model: "sse-cmm-1997".parse().unwrap(), base: Some(base.clone()) });
    assert_eq!(own().base, Some(base));
}

#[test]
fn an_own_profile_keeps_what_it_does_not_override_and_tells_which_is_which() {
    let (own, base) = (own(), bureau(&draft()));
    let mut lines = String::new();
    for (own, base) in own.targets.iter().zip(&base.targets) {
        assert_eq!(own.area, base.area);
        match &own.origin {
            Origin::Own => {
                let level = |target: &AreaTarget| target.level.map_or(-1, i32::from);
                writeln!(lines, "{}: {} not {}", own.area, level(own), level(base)).unwrap();
            }
            Origin::Base(id) => {
                assert_eq!(id.as_str(), "service-bureau");
                assert_eq!(AreaTarget { origin: Origin::Own, ..own.clone() }, *base);
            }
        }
    }
    expect![[r#"
        PA07: 2 not 3
        PA12: -1 not 3
        PA18: 1 not -1
    "#]]
    .assert_eq(&lines);
    assert_eq!((&own.rules, &own.tiers), (&base.rules, &base.tiers));
    assert_eq!(own.errata, base.errata);
}

#[test]
fn what_an_own_profile_says_is_stated_unless_it_names_a_rule() {
    let own = own();
    assert_eq!(target(&own, "PA07").basis, Basis::Stated);
    assert_eq!(target(&own, "PA18").basis, Basis::Inferred);
    assert_eq!(target(&own, "PA18").tier, None);
    assert_eq!(target(&own, "PA18").confidence, None);
}

#[test]
fn a_target_of_a_base_of_the_base_says_where_it_was_written() {
    let model = draft();
    let text = edit(OWN, "base = 'service-bureau'", "base = 'our-bureau'");
    let text = edit(&text, "id = 'our-bureau'", "id = 'night-shift'");
    let text = edit(&text, "area = 'PA12'", "area = 'PA13'");
    let third = Profile::parse("third.toml", &text, &model, Some((&own(), Digest::ZERO))).unwrap();
    let origin = |area| match &target(&third, area).origin {
        Origin::Own => "itself",
        Origin::Base(id) => id.as_str(),
    };
    assert_eq!(
        [origin("PA07"), origin("PA12"), origin("PA13"), origin("PA14")],
        ["itself", "our-bureau", "itself", "service-bureau"]
    );
}

#[test]
fn of_several_open_phases_the_highest_target_applies() {
    use Phase::{Design, Development, Integration, Maintenance, Operation};
    let own = own();
    let rows: [(&[Phase], Option<u8>); 7] = [
        (&[], Some(2)),
        (&[Operation], Some(4)),
        (&[Maintenance, Operation], Some(4)),
        (&[Maintenance], Some(3)),
        (&[Development], Some(1)),
        (&[Development, Design], Some(2)),
        (&[Integration], Some(2)),
    ];
    for (open, level) in rows {
        assert_eq!(target(&own, "PA07").level_in(open), level, "{open:?}");
        assert_eq!(target(&own, "PA12").level_in(open), None, "{open:?}");
    }
}

#[test]
fn a_wrong_own_profile_is_refused_with_its_line_and_reason() {
    let digest =
        "base_digest = '0000000000000000000000000000000000000000000000000000000000000000'\n";
    let rows = [
        (digest, ""),
        (digest, "base_digest = 'affe'\n"),
        (
            digest,
            "base_digest = '1000000000000000000000000000000000000000000000000000000000000000'\n",
        ),
        ("base = 'service-bureau'\n", ""),
        ("base = 'service-bureau'", "base = 'our-bureau'"),
        ("base = 'service-bureau'", "base = 'systems-integrator'"),
        ("base = 'service-bureau'", "base = 'service-bureau'\ntier_order = ['high']"),
        ("model = 'sse-cmm-1997'\n", ""),
        ("area = 'PA18'", "area = 'PA22'"),
        ("area = 'PA18'", "area = 'PA12'"),
        ("level = 2\n", ""),
        ("applicable = false\n", "applicable = false\nlevel = 1\n"),
        ("applicable = false\n", "applicable = false\nphases = { operation = 1 }\n"),
        ("operation = 4", "operation = 6"),
        ("operation = 4", "operations = 4"),
        ("operation = 4", "operation = -4"),
        ("maintenance = 3", "operation = 3"),
        ("rationale = 'The client manages configurations.'\n", ""),
        ("rationale = 'The client manages configurations.'", "rationale = ''"),
        ("rule = 'A2'\n", ""),
        ("rule = 'A2'", "rule = 'B1'"),
        ("rule = 'A2'", "rule = 'A2'\ntier = 'low'"),
        ("rule = 'A2'", "rule = 'A2'\ntier = 'night'\ntier_basis = 'stated'"),
        ("[[target]]", "[[rule]]\nid = 'A1'\ntext = 'Another.'\n\n[[target]]"),
        ("[[target]]", "[[targets]]"),
    ];
    let model = draft();
    let base = bureau(&model);
    let parse = |text: &str| {
        Profile::parse("own.toml", text, &model, Some((&base, Digest::ZERO))).map(drop)
    };
    check(
        OWN,
        &rows,
        parse,
        &expect![[r#"
        own.toml:6: base and base_digest stand together, or neither does
        own.toml:7: `affe` is no digest: 64 hexadecimal digits are needed
        own.toml:7: the base's digest is 0000000000000000000000000000000000000000000000000000000000000000: take over what changed there, then update this one
        own.toml:6: base and base_digest stand together, or neither does
        own.toml:6: our-bureau cannot be its own base
        own.toml:6: this profile builds on systems-integrator, but was given service-bureau
        own.toml:7: tier_order stands in service-bureau, the base of this profile
        own.toml:2: missing field `model`
        own.toml:21: there is no PA22 in sse-cmm-1997
        own.toml:21: PA12 stands after PA12: each stands once, in order
        own.toml:10: PA07 is applicable and has no level
        own.toml:18: PA12 is not applicable and has a level
        own.toml:18: PA12 is not applicable and has levels for phases
        own.toml:12: there is no capability level 6: use 0 to 5
        own.toml:12: `operations` is no life-cycle phase: use one of concept-definition, requirements-analysis, design, development, integration, installation, operation, maintenance, decommissioning
        own.toml:12: invalid value: integer `-4`, expected u8
        own.toml:12: duplicate key
        own.toml:15: missing field `rationale`
        own.toml:18: the text is empty
        own.toml:21: PA18 is inferred and names no rule
        own.toml:24: there is no rule B1 in this profile
        own.toml:21: PA18 needs tier and tier_basis together, or neither
        own.toml:25: tier_order has no night
        own.toml:10: rule A1 is there already
        own.toml:9: unknown field `targets`, expected one of `profile`, `rule`, `erratum`, `target`
    "#]],
    );
}

#[test]
fn a_base_must_be_there_and_be_for_the_same_model() {
    let (model, other) = (draft(), iso());
    let alone = Profile::parse("own.toml", OWN, &model, None).unwrap_err();
    let mut foreign = bureau(&model);
    foreign.model = other.id().clone();
    let apart =
        Profile::parse("own.toml", OWN, &model, Some((&foreign, Digest::ZERO))).unwrap_err();
    expect![[r#"
        own.toml:6: this profile builds on service-bureau, which was not loaded before it
        own.toml:6: service-bureau is for iso-21827-2008: a profile and its base are for one model
    "#]]
    .assert_eq(&format!("{alone}\n{apart}\n"));
}

/// The warnings of a profile, a line each.
fn warned(profile: &Profile, expected: &Expect) {
    let lines: Vec<String> = profile.warnings.iter().map(ToString::to_string).collect();
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn a_profile_warns_where_it_asks_more_of_an_area_than_of_one_that_this_needs() {
    warned(
        &own(),
        &expect![[r#"
        PA02 aims at 2, but needs PA01, which aims at 1
        PA03 aims at 2, but needs PA01, which aims at 1
        PA06 aims at 3, but needs PA01, which aims at 1
        PA06 aims at 3, but needs PA03, which aims at 2
        in operation PA07 aims at 4, but needs PA08, which aims at 3
        PA08 aims at 3, but needs PA02, which aims at 2"#]],
    );
}

#[test]
fn the_shipped_profiles_follow_the_paper_and_not_every_dependency() {
    let model = draft();
    let mut lines = String::new();
    for text in PROFILES {
        let profile = Profile::parse("profile.toml", text, &model, None).unwrap();
        writeln!(lines, "{}", profile.id).unwrap();
        for warning in &profile.warnings {
            writeln!(lines, "  {warning} ({})", warning.basis).unwrap();
        }
    }
    expect![[r#"
        security-product-developer
          PA02 aims at 3, but needs PA01, which aims at 2 (stated)
          PA02 aims at 3, but needs PA09, which aims at 2 (inferred)
          PA03 aims at 3, but needs PA01, which aims at 2 (inferred)
          PA06 aims at 3, but needs PA01, which aims at 2 (inferred)
          PA11 aims at 3, but needs PA16, which aims at 2 (inferred)
          PA19 aims at 3, but needs PA16, which aims at 2 (inferred)
        systems-integrator
          PA03 aims at 3, but needs PA01, which aims at 2 (inferred)
          PA03 aims at 3, but needs PA02, which aims at 2 (inferred)
          PA06 aims at 3, but needs PA01, which aims at 2 (inferred)
        service-bureau
          PA02 aims at 2, but needs PA01, which aims at 1 (stated)
          PA03 aims at 2, but needs PA01, which aims at 1 (inferred)
          PA06 aims at 3, but needs PA01, which aims at 1 (inferred)
          PA06 aims at 3, but needs PA03, which aims at 2 (inferred)
          PA08 aims at 3, but needs PA02, which aims at 2 (inferred)
        certification-authority
          PA02 aims at 2, but needs PA09, which aims at 1 (inferred)
          PA08 aims at 3, but needs PA02, which aims at 2 (inferred)
        user-organization
          PA05 aims at 3, but needs PA10, which aims at 2 (inferred)
          PA08 aims at 2, but needs PA02, which aims at 1 (inferred)
    "#]]
    .assert_eq(&lines);
}
