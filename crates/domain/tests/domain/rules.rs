//! Rules documents, right and wrong.

use expect_test::expect;
use gradus_domain::Rules;
use gradus_model::catalog::Category;
use gradus_model::evidence::{Kind, Strength};
use gradus_model::rating::Value;

use crate::given::{NPLF_TEXT, SOLO, STRICT, STRICT_TEXT, TRUSTING, TRUSTING_TEXT, target, who};
use crate::judged;

fn window(rules: &Rules, kind: Kind) -> String {
    rules.window(kind, &target("BP.01.01")).to_string()
}

#[test]
fn the_rules_that_ship_say_what_they_promise() {
    let direct = Some(Strength::Direct);
    for (rules, id, scheme, rater) in [
        (&*STRICT, "strict", "sse-cmm", None),
        (&*TRUSTING, "trusted-tools", "sse-cmm", direct),
        (&*SOLO, "solo", "sse-cmm", None),
        (&judged::rules("R1"), "nplf-33020", "nplf-33020", None),
    ] {
        assert_eq!(rules.id.as_str(), id);
        assert_eq!(rules.scheme.name(), scheme);
        assert_eq!(rules.scheme.rates_features(), scheme == "nplf-33020");
        assert_eq!(rules.minimum_strength, Strength::Indirect);
        assert_eq!(rules.inherited, [Category::Organizational]);
        assert_eq!(rules.rater_strength, rater);
        assert_eq!(window(rules, Kind::Plan), "P1Y");
        assert_eq!(window(rules, Kind::Policy), "P2Y");
        assert_eq!(window(rules, Kind::ScanReport), "P90D");
        assert_eq!(window(rules, Kind::Incident), "P180D");
        assert_eq!(rules.appraisal_window().unwrap().to_string(), "P1Y");
    }
}

/// What each value is read as, with `-` for those that are not read.
fn reads(rules: &Rules) -> String {
    let read = Value::ALL.iter().map(|value| rules.read(*value).map_or("-", Value::name));
    read.collect::<Vec<_>>().join(" ")
}

#[test]
fn each_scale_is_read_as_the_rules_say_and_otherwise_not_at_all() {
    let all_or_nothing = |line: &str| {
        let text = STRICT_TEXT.replace("satisfaction = true", line);
        let line = line.replace('\n', ", ");
        format!("{line}: {}", reads(&Rules::parse("made-up.toml", &text).unwrap()))
    };
    let nplf = |parameters: &str, without: &str| {
        let line = NPLF_TEXT.lines().find(|line| line.starts_with(without)).unwrap();
        let text = NPLF_TEXT.replace(line, "").replace("fine = false", parameters);
        format!("{parameters}, no {line}: {}", reads(&Rules::parse("made-up.toml", &text).unwrap()))
    };
    let values = Value::ALL.iter().map(|value| value.name()).collect::<Vec<_>>().join(" ");
    let told = [
        values,
        all_or_nothing("satisfaction = true"),
        all_or_nothing("satisfaction = true\nnplf = \"F\""),
        all_or_nothing("satisfaction = true\nnplf = [\"F\", \"L\"]"),
        all_or_nothing("satisfaction = false\nnplf = [\"L+\", \"F\"]"),
        all_or_nothing("nplf = [\"P\", \"L\", \"F\"]"),
        nplf("fine = false", "ties"),
        nplf("fine = true", "ties"),
        nplf("fine = true", "satisfaction"),
        nplf("", "nplf = true"),
    ];
    expect![[r#"
        not-satisfied satisfied N P- P P+ L- L L+ F
        satisfaction = true: not-satisfied satisfied - - - - - - - -
        satisfaction = true, nplf = "F": not-satisfied satisfied not-satisfied not-satisfied not-satisfied not-satisfied not-satisfied not-satisfied not-satisfied satisfied
        satisfaction = true, nplf = ["F", "L"]: not-satisfied satisfied not-satisfied not-satisfied not-satisfied not-satisfied satisfied satisfied satisfied satisfied
        satisfaction = false, nplf = ["L+", "F"]: - - not-satisfied not-satisfied not-satisfied not-satisfied not-satisfied not-satisfied satisfied satisfied
        nplf = ["P", "L", "F"]: - - not-satisfied satisfied satisfied satisfied satisfied satisfied satisfied satisfied
        fine = false, no ties = "lower": N F N P P P L L L F
        fine = true, no ties = "lower": N F N P- P- P+ L- L- L+ F
        fine = true, no satisfaction = { satisfied = "F", not-satisfied = "N" }: - - N P- P- P+ L- L- L+ F
        , no nplf = true: N F - - - - - - - -"#]].assert_eq(&told.join("\n"));
}

#[test]
fn wrong_readings_of_scales_are_refused_with_file_line_and_reason() {
    let strict = |line: &str| STRICT_TEXT.replace("satisfaction = true", line);
    let nplf = |old: &str, new: &str| {
        assert_eq!(NPLF_TEXT.matches(old).count(), 1, "{old}");
        NPLF_TEXT.replace(old, new)
    };
    let pair = "{ satisfied = \"F\", not-satisfied = \"N\" }";
    let reads = NPLF_TEXT.find("[reads]").unwrap()..NPLF_TEXT.find("[coverage]").unwrap();
    let wrong = [
        strict(""),
        strict("satisfaction = false"),
        strict("satisfaction = \"F\""),
        strict(&format!("satisfaction = {pair}")),
        strict("satisfaction = true\nnplf = true"),
        strict("satisfaction = true\nnplf = []"),
        strict("satisfaction = true\nnplf = \"X\""),
        strict("satisfaction = true\nnplf = \"satisfied\""),
        strict("satisfaction = true\nnplf = [\"L\"]"),
        strict("satisfaction = true\nnplf = [\"F\", \"L-\"]"),
        strict("satisfaction = true\nnplf = [\"F\", 1]"),
        format!("{STRICT_TEXT}\n[nplf]\nmethod = \"R1\"\naggregate = \"mean\"\n"),
        nplf("nplf = true", "nplf = \"F\""),
        nplf(pair, "true"),
        nplf(pair, "{ satisfied = \"F\" }"),
        nplf(pair, "{ satisfied = \"F\", not-satisfied = \"N\", unknown = \"N\" }"),
        nplf(pair, "{ satisfied = \"F\", not-satisfied = \"no\" }"),
        nplf(pair, "{ satisfied = \"L+\", not-satisfied = \"L-\" }"),
        nplf("method = \"R1\"", "method = \"R4\""),
        nplf("method = \"R1\"\n", "\n"),
        nplf("aggregate = \"mean\"", "aggregate = \"maximum\""),
        nplf("ties = \"lower\"", "ties = \"even\""),
        nplf("fine = false", "fine = \"yes\""),
        nplf("fine = false", "finer = true"),
        format!(
            "{}[reads]\nnplf = true\n{}\n[rater]\nminimum_strength = \"direct\"\n",
            &NPLF_TEXT[..reads.start],
            &NPLF_TEXT[reads.end..]
        ),
    ];
    let told: Vec<String> = wrong.iter().map(|text| refused(text)).collect();
    expect![[r#"
        made-up.toml:17: no scale is read, so that nothing would ever count as rated
        made-up.toml:17: no scale is read, so that nothing would ever count as rated
        made-up.toml:20: `satisfaction` is the scheme's own scale: write true, or false if it is not read
        made-up.toml:20: `satisfaction` is the scheme's own scale: write true, or false if it is not read
        made-up.toml:21: name the values that count as satisfied: "F", or ["F", "L"]
        made-up.toml:21: name the values that count as satisfied: "F", or ["F", "L"]
        made-up.toml:21: `X` is no value of the scale `nplf`: use one of N, P-, P, P+, L-, L, L+, F
        made-up.toml:21: `satisfied` is no value of the scale `nplf`: use one of N, P-, P, P+, L-, L, L+, F
        made-up.toml:21: `L-` counts as satisfied, so that `F` must too
        made-up.toml:21: `L-` counts as satisfied, so that `L` must too
        made-up.toml:21: name the values that count as satisfied: "F", or ["F", "L"]
        made-up.toml:51: the scheme sse-cmm has no table [nplf]
        made-up.toml:40: `nplf` is the scheme's own scale: write true, or false if it is not read
        made-up.toml:43: say what both values are read as: { satisfied = "F", not-satisfied = "N" }
        made-up.toml:43: say what both values are read as: { satisfied = "F", not-satisfied = "N" }
        made-up.toml:43: say what both values are read as: { satisfied = "F", not-satisfied = "N" }
        made-up.toml:43: `no` is no value of the scale `nplf`: use one of N, P-, P, P+, L-, L, L+, F
        made-up.toml:43: `satisfied` is read as L, which is not above L
        made-up.toml:27: unknown variant `R4`, expected one of `R1`, `R2`, `R3`
        made-up.toml:19: missing field `method`
        made-up.toml:31: unknown variant `maximum`, expected `mean` or `median`
        made-up.toml:33: unknown variant `even`, expected `lower` or `higher`
        made-up.toml:36: invalid type: string "yes", expected a boolean
        made-up.toml:36: unknown field `finer`, expected one of `method`, `aggregate`, `ties`, `fine`
        made-up.toml:69: the rule rater says `satisfied`, which [reads] does not read"#]].assert_eq(&told.join("\n"));
}

fn refused(text: &str) -> String {
    match Rules::parse("made-up.toml", text) {
        Ok(rules) => format!("{} was read", rules.id),
        Err(error) => error.to_string(),
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
    let relaxed = |pair: &str, reason: &str| {
        format!("\n[[duties.relaxed]]\npair = \"{pair}\"\nreason = \"{reason}\"\n")
    };
    let id = who("alice").principal;
    let wrong = [
        with("scheme = \"sse-cmm\"", "schema = \"sse-cmm\""),
        with("scheme = \"sse-cmm\"", "scheme = \"nplf-33020\""),
        with("scheme = \"sse-cmm\"", "scheme = \"cmmi\""),
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
        and("\n[duties]\nprovider-reviews = \"allowed\"\n"),
        and(&relaxed("provider-reads", "alone")),
        and(&relaxed("provider-rates", " ")),
        and(&relaxed("provider-rates", "alone").repeat(2)),
        and("\n[[duties.relaxed]]\npair = \"provider-rates\"\n"),
        and("\n[duties]\nimports_refused = \" \"\n"),
        String::new(),
    ];
    let told: Vec<String> = wrong.iter().map(|text| refused(text)).collect();
    expect![[r#"
        made-up.toml:15: unknown field `schema`, expected one of `id`, `title`, `evaluator`, `scheme`, `nplf`, `reads`, `coverage`, `trusted`, `inheritance`, `rater`, `duties`
        made-up.toml:15: the scheme nplf-33020 needs a table [nplf] with `method` and `aggregate`
        made-up.toml:15: unknown variant `cmmi`, expected `sse-cmm` or `nplf-33020`
        made-up.toml:1: missing field `scheme`
        made-up.toml:12: evaluator 2 is unknown: this version has evaluator 1
        made-up.toml:12: invalid type: string "1", expected u32
        made-up.toml:1: missing field `evaluator`
        made-up.toml:17: no scale is read, so that nothing would ever count as rated
        made-up.toml:21: name the values that count as satisfied: "F", or ["F", "L"]
        made-up.toml:25: `1m` is no period: write ISO 8601, for example P90D, P6M or P1Y
        made-up.toml:42: `PT1M` is no period: write ISO 8601, for example P90D, P6M or P1Y
        made-up.toml:42: `scan` is no kind of evidence: use one of policy, plan, process-definition, design, analysis, review-record, test-result, test-definition, scan-report, sbom, provenance, configuration, change-record, release, advisory, incident, measurement, training-record, interview, questionnaire, agreement, audit-report, guidance, document
        made-up.toml:29: `strong` is no strength: use one of weak, indirect, direct
        made-up.toml:49: `security` is no category of process areas: use one of security-engineering, project, organizational
        made-up.toml:54: `service` is no set of principals: write "services", or a list of principal ids
        made-up.toml:54: invalid type: integer `3`, expected "services" or a list of principal ids
        made-up.toml:62: `alice` is no principal id: 32 hexadecimal digits, as in a UUID, are needed
        made-up.toml:63: unknown field `kind`, expected `principals` or `kinds`
        made-up.toml:63: `sboms` is no kind of evidence: use one of policy, plan, process-definition, design, analysis, review-record, test-result, test-definition, scan-report, sbom, provenance, configuration, change-record, release, advisory, incident, measurement, training-record, interview, questionnaire, agreement, audit-report, guidance, document
        made-up.toml:63: `BP.01.01` is no practice: write it like iso-21827-2008/BP.01.02
        made-up.toml:63: `iso-21827-2008/BP.1.1` is no practice: write it like iso-21827-2008/BP.01.02
        made-up.toml:63: `ISO/BP.01.01` is no practice: write it like iso-21827-2008/BP.01.02
        made-up.toml:63: `iso-21827-2008/PA01/GP.2.1.1` has a window already
        made-up.toml:7: `Trusted tools` is no name: use 1 to 63 of a-z, 0-9 and `-`, beginning with a letter or digit
        made-up.toml:7: string values must be quoted, expected literal string
        made-up.toml:56: missing field `minimum_strength`
        made-up.toml:22: missing field `window`
        made-up.toml:61: duplicate key
        made-up.toml:61: unclosed table, expected `]`
        made-up.toml:62: unknown field `provider-reviews`, expected `relaxed` or `imports_refused`
        made-up.toml:62: `provider-reads` is no pair of duties: write one of provider-reviews, provider-rates, reviewer-rates, conflicted-rates
        made-up.toml:63: `provider-rates` is relaxed without a reason: say why
        made-up.toml:66: `provider-rates` is relaxed already: name it once
        made-up.toml:61: missing field `reason`
        made-up.toml:62: imports are refused without a reason: say why
        made-up.toml:1: missing field `evaluator`"#]].assert_eq(&told.join("\n"));
}
