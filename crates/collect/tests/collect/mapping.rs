//! Mappings, right and wrong.

use expect_test::expect;
use gradus_collect::{Fact, FactKind, Mapping};
use gradus_model::evidence::Kind;
use proptest::prelude::*;

use crate::made_up::{self, git, lines, top};

fn mapping(text: &str) -> Result<Mapping, String> {
    Mapping::parse("made-up.toml", text).map_err(|error| error.to_string())
}

fn rule(id: &str, facts: &str, subjects: &str) -> String {
    format!(
        "\n[[rule]]\nid = \"{id}\"\nkind = \"policy\"\nfacts = [{facts}]\nsubjects = [{subjects}]\n\
         practices = [\"BP.01.02\"]\nstrength = \"direct\"\nrationale = \"Because.\"\n"
    )
}

fn which(mapping: &Mapping, kind: &str, subject: &str) -> Option<String> {
    let line = made_up::line("2026-03-01T12:00:00Z", kind, subject, 'a');
    let fact = Fact::parse(1, line.as_bytes()).unwrap();
    mapping.rule_for(&fact).map(|rule| rule.id.to_string())
}

#[test]
fn the_first_rule_that_fits_counts() {
    let rules = [
        rule("notes", r#""file.added""#, r#""docs/notes/**""#),
        rule("docs", r#""file.added", "file.changed""#, r#""docs/**", "**/*.md""#),
        rule("rest", r#""file.added""#, r#""**""#),
    ];
    let mapping = mapping(&(top() + &rules.concat())).unwrap();
    let which = |kind, subject| which(&mapping, kind, subject).unwrap_or_else(|| "none".to_owned());
    assert_eq!(which("file.added", "docs/notes/a.md"), "notes");
    assert_eq!(which("file.changed", "docs/notes/a.md"), "docs");
    assert_eq!(which("file.added", "README.MD"), "docs");
    assert_eq!(which("file.added", "src/lib.rs"), "rest");
    assert_eq!(which("file.changed", "src/lib.rs"), "none");
    assert_eq!(which("tag.signed", "docs/x"), "none");
}

#[test]
fn a_rule_may_make_another_kind_of_evidence_of_some_facts() {
    let one = rule("one", r#""file.added", "check.enabled""#, r#""**""#);
    let text = top() + &one + "kind_for = { \"check.enabled\" = \"configuration\" }\n";
    let mapping = mapping(&text).unwrap();
    let rule = &mapping.rules()[0];
    assert_eq!(rule.kind_of(FactKind::FileAdded), Kind::Policy);
    assert_eq!(rule.kind_of(FactKind::CheckEnabled), Kind::Configuration);
}

#[test]
fn a_wrong_mapping_is_refused_with_file_line_and_reason() {
    let one = rule("one", r#""file.added""#, r#""**""#);
    let with = |old: &str, new: &str| {
        let text = top() + &one;
        assert!(text.contains(old), "{old}");
        text.replacen(old, new, 1)
    };
    let rows = [
        ("no TOML", with("[[rule]]", "[[rule]")),
        ("empty", String::new()),
        ("schema", with("schema = 1", "schema = 2")),
        ("id", with("id = \"git\"", "id = \"Git!\"")),
        ("key at the top", with("schema = 1", "schema = 1\nlicense = \"MIT\"")),
        ("no version", with("version = \"1\"\n", "")),
        ("unknown effect", with("\"establishes\"", "\"creates\"")),
        ("effect of no fact", with("\"file.added\" =", "\"file.moved\" =")),
        ("fact without effect", with("\"tag.signed\" = \"performs\"\n", "")),
        ("no rule", top()),
        ("no practices key", with("practices = [\"BP.01.02\"]\n", "")),
        ("key of a rule", with("rationale = ", "reason = ")),
        ("kind", with("\"policy\"", "\"polcy\"")),
        ("strength", with("strength = \"direct\"", "strength = \"strong\"")),
        ("fact", with("facts = [\"file.added\"]", "facts = [\"file.moved\"]")),
        ("no facts", with("facts = [\"file.added\"]", "facts = []")),
        ("fact twice", with("[\"file.added\"]", "[\"file.added\", \"file.added\"]")),
        ("no practices", with("[\"BP.01.02\"]", "[]")),
        ("practice", with("BP.01.02", "BP.1.2")),
        ("area", with("BP.01.02", "PA01")),
        ("generic practice", with("BP.01.02", "PA01/GP 2.1.1")),
        ("practice twice", with("[\"BP.01.02\"]", "[\"BP.01.02\", \"BP.01.02\"]")),
        ("no rationale", with("Because.", " ")),
        ("no subjects", with("subjects = [\"**\"]", "subjects = []")),
        ("glob", with("subjects = [\"**\"]", "subjects = [\n  \"a\",\n  \"{a,b\",\n]")),
        ("range", with("subjects = [\"**\"]", "subjects = [\"[z-a]\"]")),
        ("rule twice", top() + &one + &one),
        ("kind for another fact", top() + &one + "kind_for = { \"tag.signed\" = \"release\" }\n"),
        ("inverts", top() + &one + "inverts = \"yes\"\n"),
    ];
    let told = rows.iter().map(|(name, text)| match mapping(text) {
        Ok(_) => format!("{name}: accepted"),
        Err(error) => format!("{name}: {error}"),
    });
    expect![[r#"
        no TOML: made-up.toml:64: unclosed array table, expected `]`
        empty: made-up.toml:1: missing field `schema`
        schema: made-up.toml:36: schema 2 is unknown: this version reads schema 1
        id: made-up.toml:37: `Git!` is no name: use 1 to 63 of a-z, 0-9 and `-`, beginning with a letter or digit
        key at the top: made-up.toml:37: unknown field `license`, expected one of `schema`, `id`, `model`, `version`, `effects`, `rule`
        no version: made-up.toml:1: missing field `version`
        unknown effect: made-up.toml:45: unknown variant `creates`, expected one of `establishes`, `maintains`, `withdraws`, `performs`
        effect of no fact: made-up.toml:45: `file.moved` is no kind of fact: use one of file.added, file.changed, file.removed, check.enabled, check.disabled, tests.count, tag.signed, tag.annotated, tag.lightweight, fix.advisory, advisory.mentioned, dependency.bumped, submodule.changed, vendored.changed, change.reverted
        fact without effect: made-up.toml:44: [effects] lacks "tag.signed": say establishes, maintains, withdraws or performs
        no rule: made-up.toml:63: there is no [[rule]]
        no practices key: made-up.toml:64: missing field `practices`
        key of a rule: made-up.toml:71: unknown field `reason`, expected one of `id`, `kind`, `kind_for`, `facts`, `subjects`, `practices`, `strength`, `rationale`, `inverts`
        kind: made-up.toml:66: `polcy` is no kind of evidence: use one of policy, plan, process-definition, design, analysis, review-record, test-result, test-definition, scan-report, sbom, provenance, configuration, change-record, release, advisory, incident, measurement, training-record, interview, questionnaire, agreement, audit-report, guidance, document
        strength: made-up.toml:70: `strong` is no strength: use one of weak, indirect, direct
        fact: made-up.toml:67: `file.moved` is no kind of fact: use one of file.added, file.changed, file.removed, check.enabled, check.disabled, tests.count, tag.signed, tag.annotated, tag.lightweight, fix.advisory, advisory.mentioned, dependency.bumped, submodule.changed, vendored.changed, change.reverted
        no facts: made-up.toml:67: `facts` of a rule must not be empty
        fact twice: made-up.toml:67: `file.added` is given twice
        no practices: made-up.toml:69: `practices` of a rule must not be empty
        practice: made-up.toml:69: `BP.1.2` is no base practice: write it like BP.01.02
        area: made-up.toml:69: `PA01` is no base practice: write it like BP.01.02
        generic practice: made-up.toml:69: `PA01/GP 2.1.1` is no base practice: write it like BP.01.02
        practice twice: made-up.toml:69: `BP.01.02` is given twice
        no rationale: made-up.toml:71: `rationale` of a rule must not be empty
        no subjects: made-up.toml:68: `subjects` of a rule must not be empty
        glob: made-up.toml:70: `{a,b` is no glob: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)
        range: made-up.toml:68: `[z-a]` is no glob: invalid range; 'z' > 'a'
        rule twice: made-up.toml:74: the rule `one` is there already, on line 65
        kind for another fact: made-up.toml:65: `kind_for` names "tag.signed", which is not among the rule's facts
        inverts: made-up.toml:72: invalid type: string "yes", expected a boolean
    "#]].assert_eq(&lines(told));
}

#[test]
fn the_shipped_mapping_names_practices_of_its_model_only() {
    let mapping = git();
    let model = include_str!("../../../../config/models/iso-21827-2008.toml");
    assert_eq!(mapping.model().as_str(), "iso-21827-2008");
    for rule in mapping.rules() {
        for target in &rule.practices {
            let listed = format!("id = \"{}\"", target.practice);
            assert!(model.contains(&listed), "{} names {target}", rule.id);
            assert_eq!(target.model, *mapping.model());
        }
    }
}

#[test]
fn the_shipped_mapping_takes_the_removal_of_all_that_it_takes_the_arrival_of() {
    use FactKind::{CheckDisabled, CheckEnabled, FileAdded, FileRemoved};
    for rule in git().rules() {
        for (comes, goes) in [(FileAdded, FileRemoved), (CheckEnabled, CheckDisabled)] {
            assert_eq!(rule.facts.contains(&comes), rule.facts.contains(&goes), "{}", rule.id);
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_a_mapping_or_an_error(text: String, at in 0_usize..6_000) {
        let _ = mapping(&text);
        let right = top() + &rule("one", r#""file.added""#, r#""{a,b}/**""#);
        let at = right.char_indices().map(|(at, _)| at).nth(at).unwrap_or(right.len());
        let (before, after) = right.split_at(at);
        let _ = mapping(&format!("{before}{text}{after}"));
    }
}
