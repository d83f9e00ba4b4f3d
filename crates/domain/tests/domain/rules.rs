//! Rules documents, right and wrong.

use expect_test::expect;
use gradus_domain::Rules;
use gradus_model::catalog::Category;
use gradus_model::evidence::{Kind, Strength};

use crate::given::{STRICT, STRICT_TEXT, TRUSTING, TRUSTING_TEXT, target, who};

fn window(rules: &Rules, kind: Kind) -> String {
    rules.window(kind, &target("BP.01.01")).to_string()
}

#[test]
fn the_rules_that_ship_say_what_they_promise() {
    for (rules, id, rater) in
        [(&STRICT, "strict", None), (&TRUSTING, "trusted-tools", Some(Strength::Direct))]
    {
        assert_eq!(rules.id.as_str(), id);
        assert_eq!(rules.scheme.name(), "sse-cmm");
        assert_eq!(rules.minimum_strength, Strength::Indirect);
        assert_eq!(rules.inherited, [Category::Organizational]);
        assert_eq!(rules.rater_strength, rater);
        assert_eq!(window(rules, Kind::Plan), "P1Y");
        assert_eq!(window(rules, Kind::Policy), "P2Y");
        assert_eq!(window(rules, Kind::ScanReport), "P90D");
        assert_eq!(window(rules, Kind::Incident), "P180D");
    }
}

#[test]
fn strict_rules_trust_nobody_and_the_others_every_service() {
    let trusts = |rules: &Rules, name: &str| {
        let who = who(name);
        rules.trusts(who.principal, who.kind, Kind::ScanReport)
    };
    assert_eq!(["alice", "bot", "gradus"].map(|name| trusts(&STRICT, name)), [false; 3]);
    assert_eq!(
        ["alice", "bot", "gradus"].map(|name| trusts(&TRUSTING, name)),
        [false, true, false]
    );
}

#[test]
fn rules_may_trust_some_principals_with_some_kinds() {
    let text = format!(
        "{STRICT_TEXT}\n[[trusted]]\nprincipals = [\"{}\"]\nkinds = [\"sbom\"]\n",
        who("alice").principal
    );
    let rules = Rules::parse("made-up.toml", &text).unwrap();
    let trusts = |name: &str, kind| rules.trusts(who(name).principal, who(name).kind, kind);
    assert!(trusts("alice", Kind::Sbom));
    assert!(!trusts("alice", Kind::Plan));
    assert!(!trusts("bot", Kind::Sbom));
}

#[test]
fn a_practice_has_its_own_window_however_it_is_written() {
    let text = format!(
        "{STRICT_TEXT}\n[coverage.practices]\n\"iso-21827-2008/BP.01.01\" = \"P1W\"\n\
         \"iso-21827-2008/PA01/GP.2.1.1\" = \"P2W\"\n"
    );
    let rules = Rules::parse("made-up.toml", &text).unwrap();
    for kind in [Kind::Policy, Kind::Plan] {
        assert_eq!(rules.window(kind, &target("BP.01.01")).to_string(), "P1W");
        assert_eq!(rules.window(kind, &target("PA01/GP 2.1.1")).to_string(), "P2W");
    }
    assert_eq!(rules.window(Kind::Plan, &target("sse-cmm-1997:BP.01.01")).to_string(), "P1Y");
}

#[test]
fn wrong_rules_are_refused_with_file_line_and_reason() {
    let with = |old: &str, new: &str| {
        assert_eq!(TRUSTING_TEXT.matches(old).count(), 1, "{old}");
        TRUSTING_TEXT.replace(old, new)
    };
    let and = |more: &str| format!("{TRUSTING_TEXT}{more}");
    let practices =
        |key: &str| and(&format!("\n[coverage.practices]\n# {key}\n\"{key}\" = \"P1D\"\n"));
    let trusted = |principals: &str| and(&format!("\n[[trusted]]\nprincipals = {principals}\n"));
    let id = who("alice").principal;
    let wrong = [
        with("scheme = \"sse-cmm\"", "schema = \"sse-cmm\""),
        with("scheme = \"sse-cmm\"", "scheme = \"nplf-33020\""),
        with("scheme = \"sse-cmm\"\n", ""),
        with("evaluator = 1", "evaluator = 2\nanything = \"new\""),
        with("evaluator = 1", "evaluator = \"1\""),
        with("evaluator = 1", ""),
        with("satisfaction = true", "satisfaction = false"),
        with("satisfaction = true", "satisfaction = true\nnplf = true"),
        with("window = \"P1Y\"", "window = \"1m\""),
        with("scan-report = \"P90D\"", "scan-report = \"PT1M\""),
        with("scan-report = \"P90D\"", "scan = \"P90D\""),
        with("minimum_strength = \"indirect\"", "minimum_strength = \"strong\""),
        with("categories = [\"organizational\"]", "categories = [\"security\"]"),
        with("principals = \"services\"", "principals = \"service\""),
        with("principals = \"services\"", "principals = 3"),
        trusted(&format!("[\n  \"{id}\",\n  \"alice\",\n]")),
        trusted("[]\nkind = [\"sbom\"]"),
        trusted("[]\nkinds = [\"sboms\"]"),
        practices("BP.01.01"),
        practices("iso-21827-2008/BP.1.1"),
        practices("ISO/BP.01.01"),
        and("\n[coverage.practices]\n\"iso-21827-2008/PA01/GP 2.1.1\" = \"P1D\"\n\
             \"iso-21827-2008/PA01/GP.2.1.1\" = \"P2D\"\n"),
        with("id = \"trusted-tools\"", "id = \"Trusted tools\""),
        with("id = \"trusted-tools\"", "id = é"),
        with("minimum_strength = \"direct\"", ""),
        with("window = \"P1Y\"", ""),
        and("\n[rater]\n"),
        and("\n[coverage"),
        String::new(),
    ];
    let told: Vec<String> = wrong
        .iter()
        .map(|text| match Rules::parse("made-up.toml", text) {
            Ok(rules) => format!("{} was read", rules.id),
            Err(error) => error.to_string(),
        })
        .collect();
    expect![[r#"
        made-up.toml:15: unknown field `schema`, expected one of `id`, `title`, `evaluator`, `scheme`, `reads`, `coverage`, `trusted`, `inheritance`, `rater`
        made-up.toml:15: unknown variant `nplf-33020`, expected `sse-cmm`
        made-up.toml:1: missing field `scheme`
        made-up.toml:12: evaluator 2 is unknown: this version has evaluator 1
        made-up.toml:12: invalid type: string "1", expected u32
        made-up.toml:1: missing field `evaluator`
        made-up.toml:19: the scheme sse-cmm must read the scale `satisfaction`
        made-up.toml:20: unknown field `nplf`, expected `satisfaction`
        made-up.toml:24: `1m` is no period: write ISO 8601, for example P90D, P6M or P1Y
        made-up.toml:39: `PT1M` is no period: write ISO 8601, for example P90D, P6M or P1Y
        made-up.toml:39: `scan` is no kind of evidence: use one of policy, plan, process-definition, design, analysis, review-record, test-result, test-definition, scan-report, sbom, provenance, configuration, change-record, release, advisory, incident, measurement, training-record, interview, questionnaire, agreement, audit-report, guidance, document
        made-up.toml:26: `strong` is no strength: use one of weak, indirect, direct
        made-up.toml:46: `security` is no category of process areas: use one of security-engineering, project, organizational
        made-up.toml:51: `service` is no set of principals: write "services", or a list of principal ids
        made-up.toml:51: invalid type: integer `3`, expected "services" or a list of principal ids
        made-up.toml:59: `alice` is no principal id: 32 hexadecimal digits, as in a UUID, are needed
        made-up.toml:60: unknown field `kind`, expected `principals` or `kinds`
        made-up.toml:60: `sboms` is no kind of evidence: use one of policy, plan, process-definition, design, analysis, review-record, test-result, test-definition, scan-report, sbom, provenance, configuration, change-record, release, advisory, incident, measurement, training-record, interview, questionnaire, agreement, audit-report, guidance, document
        made-up.toml:60: `BP.01.01` is no practice: write it like iso-21827-2008/BP.01.02
        made-up.toml:60: `iso-21827-2008/BP.1.1` is no practice: write it like iso-21827-2008/BP.01.02
        made-up.toml:60: `ISO/BP.01.01` is no practice: write it like iso-21827-2008/BP.01.02
        made-up.toml:60: `iso-21827-2008/PA01/GP.2.1.1` has a window already
        made-up.toml:7: `Trusted tools` is no name: use 1 to 63 of a-z, 0-9 and `-`, beginning with a letter or digit
        made-up.toml:7: string values must be quoted, expected literal string
        made-up.toml:53: missing field `minimum_strength`
        made-up.toml:21: missing field `window`
        made-up.toml:58: duplicate key
        made-up.toml:58: unclosed table, expected `]`
        made-up.toml:1: missing field `evaluator`"#]].assert_eq(&told.join("\n"));
}
