//! What becomes of facts, on small made-up histories.

use expect_test::{Expect, expect};
use gradus_collect::{Mapping, Step, collect};
use proptest::prelude::*;

use crate::made_up::{line, lines, top};

/// A mapping with one rule for each way of treating a fact.
fn mapping() -> Mapping {
    let rule = |id: &str, kind: &str, facts: &str, subject: &str, more: &str| {
        format!(
            "[[rule]]\nid = \"{id}\"\nkind = \"{kind}\"\nfacts = [{facts}]\n\
             subjects = [\"{subject}\"]\npractices = [\"BP.05.02\", \"BP.01.01\"]\n\
             strength = \"direct\"\nrationale = \"Because.\"\n{more}\n"
        )
    };
    let files = r#""file.added", "file.changed", "file.removed""#;
    let rules = [
        rule("policy", "policy", files, "security*", ""),
        rule("binary", "change-record", files, "*.tar.gz", "inverts = true"),
        rule("check", "configuration", r#""check.enabled", "check.disabled""#, "*", ""),
        rule("count", "measurement", r#""tests.count""#, "*", ""),
        rule("tag", "release", r#""tag.signed""#, "**", ""),
        rule("fix", "advisory", r#""fix.advisory""#, "*", ""),
        rule("revert", "change-record", r#""change.reverted""#, "*", ""),
        rule("arrival", "document", r#""file.added""#, "only-added", ""),
    ];
    Mapping::parse("made-up.toml", &(top() + &rules.concat())).unwrap()
}

/// Facts as (day of March, kind, subject, letter of the commit).
type Row<'r> = (u32, &'r str, &'r str, char);

fn history(rows: &[Row<'_>]) -> String {
    let written = |(day, kind, subject, commit): &Row<'_>| {
        line(&format!("2026-03-{day:02}T12:00:00Z"), kind, subject, *commit) + "\n"
    };
    rows.iter().map(written).collect()
}

fn check(rows: &[Row<'_>], expected: &Expect) {
    let told = match collect(history(rows).as_bytes(), &mapping()) {
        Ok(collected) => {
            let summary = collected.summary;
            let counts = format!(
                "read {}, mapped {}, unmapped {:?}, submitted {}, ended {}",
                summary.read, summary.mapped, summary.unmapped, summary.submitted, summary.ended
            );
            lines(collected.steps.iter().map(told).chain([counts]))
        }
        Err(error) => format!("{error}\n"),
    };
    expected.assert_eq(&told);
}

/// A step on one line; hashes are cut to two digits.
fn told(step: &Step) -> String {
    let short = |text: &str| {
        "0123456789abcdef".chars().fold(text.to_owned(), |text, digit| {
            text.replace(&digit.to_string().repeat(40), &format!("{digit}{digit}"))
        })
    };
    match step {
        Step::Submit(item) => short(&format!(
            "submit {} {} {} by {}",
            item.source.id,
            item.kind,
            item.outcome,
            item.tool.mapping.as_ref().unwrap()
        )),
        Step::End { source, at, reason } => short(&format!("end {} {at}: {reason}", source.id)),
    }
}

#[test]
fn a_submission_carries_all_that_is_sent() {
    let collected =
        collect(history(&[(1, "file.added", "SECURITY.md", 'a')]).as_bytes(), &mapping()).unwrap();
    expect![[r#"
        [
            Submit(
                Submission {
                    kind: Policy,
                    outcome: Supports,
                    strength: Direct,
                    practices: [
                        Target {
                            model: "iso-21827-2008",
                            practice: Base(
                                BP.01.01,
                            ),
                        },
                        Target {
                            model: "iso-21827-2008",
                            practice: Base(
                                BP.05.02,
                            ),
                        },
                    ],
                    work: Work {
                        from: None,
                        to: 2026-03-01T12:00:00Z,
                    },
                    source: Source {
                        name: "git:made-up",
                        id: "file.added:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:SECURITY.md",
                    },
                    subjects: [
                        Subject {
                            kind: "commit",
                            id: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                        },
                        Subject {
                            kind: "sha1",
                            id: "0000000000000000000000000000000000000000",
                        },
                        Subject {
                            kind: "path",
                            id: "SECURITY.md",
                        },
                    ],
                    measures: [],
                    tool: Tool {
                        name: "git-facts",
                        version: Some(
                            "1",
                        ),
                        mapping: Some(
                            "git/policy",
                        ),
                    },
                    title: "It happened",
                    uri: "https://example.org/made/up/commit/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                    line: 1,
                },
            ),
        ]
    "#]].assert_debug_eq(&collected.steps);
}

#[test]
fn a_removal_ends_all_that_stands_on_the_subject_at_its_own_date() {
    check(
        &[
            (1, "file.added", "SECURITY.md", 'a'),
            (2, "file.added", "security.txt", 'b'),
            (3, "file.changed", "SECURITY.md", 'c'),
            (4, "file.removed", "SECURITY.md", 'd'),
            (5, "file.removed", "SECURITY.md", 'e'),
        ],
        &expect![[r#"
            submit file.added:aa:SECURITY.md policy supports by git/policy
            submit file.added:bb:security.txt policy supports by git/policy
            submit file.changed:cc:SECURITY.md policy supports by git/policy
            end file.added:aa:SECURITY.md 2026-03-04T12:00:00Z: It happened (commit dddddddddddd)
            end file.changed:cc:SECURITY.md 2026-03-04T12:00:00Z: It happened (commit dddddddddddd)
            read 5, mapped 5, unmapped {}, submitted 3, ended 2
        "#]],
    );
}

#[test]
fn what_comes_again_is_another_item_that_can_end_again() {
    check(
        &[
            (1, "check.enabled", "codeql", 'a'),
            (2, "check.disabled", "codeql", 'b'),
            (3, "check.enabled", "codeql", 'c'),
            (4, "check.disabled", "codeql", 'd'),
        ],
        &expect![[r#"
            submit check.enabled:aa:codeql configuration supports by git/check
            end check.enabled:aa:codeql 2026-03-02T12:00:00Z: It happened (commit bbbbbbbbbbbb)
            submit check.enabled:cc:codeql configuration supports by git/check
            end check.enabled:cc:codeql 2026-03-04T12:00:00Z: It happened (commit dddddddddddd)
            read 4, mapped 4, unmapped {}, submitted 2, ended 2
        "#]],
    );
}

#[test]
fn a_rule_that_inverts_contradicts_until_the_removal_and_adds_nothing_then() {
    check(
        &[
            (1, "file.added", "a.tar.gz", 'a'),
            (2, "file.changed", "a.tar.gz", 'b'),
            (3, "file.removed", "a.tar.gz", 'c'),
        ],
        &expect![[r#"
            submit file.added:aa:a.tar.gz change-record contradicts by git/binary
            submit file.changed:bb:a.tar.gz change-record contradicts by git/binary
            end file.added:aa:a.tar.gz 2026-03-03T12:00:00Z: It happened (commit cccccccccccc)
            end file.changed:bb:a.tar.gz 2026-03-03T12:00:00Z: It happened (commit cccccccccccc)
            read 3, mapped 3, unmapped {}, submitted 2, ended 2
        "#]],
    );
}

#[test]
fn what_was_done_once_is_never_ended() {
    check(
        &[
            (1, "tag.signed", "security", 'a'),
            (1, "fix.advisory", "security", 'a'),
            (1, "tests.count", "10", 'a'),
            (2, "file.removed", "security", 'b'),
            (2, "file.removed", "10", 'b'),
        ],
        &expect![[r#"
            submit tag.signed:aa:security release supports by git/tag
            submit fix.advisory:aa:security advisory supports by git/fix
            submit tests.count:aa:10 measurement supports by git/count
            read 5, mapped 4, unmapped {FileRemoved: 1}, submitted 3, ended 0
        "#]],
    );
}

#[test]
fn a_check_and_a_file_of_one_name_are_not_mixed_up() {
    check(
        &[
            (1, "file.added", "security", 'a'),
            (2, "check.enabled", "security", 'b'),
            (3, "check.disabled", "security", 'c'),
        ],
        &expect![[r#"
            submit file.added:aa:security policy supports by git/policy
            submit check.enabled:bb:security configuration supports by git/check
            end check.enabled:bb:security 2026-03-03T12:00:00Z: It happened (commit cccccccccccc)
            read 3, mapped 3, unmapped {}, submitted 2, ended 1
        "#]],
    );
}

#[test]
fn facts_that_no_rule_fits_are_counted_by_kind_and_send_nothing() {
    check(
        &[
            (1, "file.added", "Makefile", 'a'),
            (2, "file.changed", "Makefile", 'b'),
            (3, "file.changed", "Makefile", 'c'),
            (4, "dependency.bumped", "left-pad", 'd'),
            (5, "file.removed", "Makefile", 'e'),
        ],
        &expect![[r#"
            read 5, mapped 0, unmapped {FileAdded: 1, FileChanged: 2, FileRemoved: 1, DependencyBumped: 1}, submitted 0, ended 0
        "#]],
    );
}

#[test]
fn a_removal_that_no_rule_fits_still_ends_what_stands() {
    check(
        &[(1, "file.added", "only-added", 'a'), (2, "file.removed", "only-added", 'b')],
        &expect![[r#"
            submit file.added:aa:only-added document supports by git/arrival
            end file.added:aa:only-added 2026-03-02T12:00:00Z: It happened (commit bbbbbbbbbbbb)
            read 2, mapped 1, unmapped {FileRemoved: 1}, submitted 1, ended 1
        "#]],
    );
}

#[test]
fn facts_of_one_commit_on_one_subject_are_numbered_in_their_order() {
    let twice = (1, "file.changed", "security", 'a');
    check(
        &[twice, twice, twice, (2, "file.removed", "security", 'b')],
        &expect![[r#"
        submit file.changed:aa:security policy supports by git/policy
        submit file.changed+2:aa:security policy supports by git/policy
        submit file.changed+3:aa:security policy supports by git/policy
        end file.changed:aa:security 2026-03-02T12:00:00Z: It happened (commit bbbbbbbbbbbb)
        end file.changed+2:aa:security 2026-03-02T12:00:00Z: It happened (commit bbbbbbbbbbbb)
        end file.changed+3:aa:security 2026-03-02T12:00:00Z: It happened (commit bbbbbbbbbbbb)
        read 4, mapped 4, unmapped {}, submitted 3, ended 3
    "#]],
    );
}

#[test]
fn a_fact_older_than_the_one_before_is_refused() {
    check(
        &[(2, "file.added", "security", 'a'), (1, "file.added", "security", 'b')],
        &expect![[r#"
            line 2: `occurred_at` is 2026-03-01T12:00:00Z, earlier than 2026-03-02T12:00:00Z on the line before: oldest first
        "#]],
    );
}

#[test]
fn a_fact_of_another_project_is_refused() {
    let first = history(&[(1, "file.added", "security", 'a')]);
    let both = first.clone() + &first.replace("made-up", "other");
    let error = collect(both.as_bytes(), &mapping()).unwrap_err();
    expect![
        "line 2: `project` is `other`, but the history began with `made-up`: one project a file"
    ]
    .assert_eq(&error.to_string());
}

#[test]
fn a_wrong_line_stops_the_run() {
    let history = history(&[(1, "file.added", "security", 'a')]) + "{\n";
    let error = collect(history.as_bytes(), &mapping()).unwrap_err();
    expect!["line 2: the JSON ends too early, at column 1: the line was cut short"]
        .assert_eq(&error.to_string());
}

#[test]
fn an_id_that_is_too_long_or_holds_control_characters_is_shortened_with_a_hash() {
    let long = format!("security-{}", "ä".repeat(300));
    let ids = |subject: &str| {
        let history = history(&[(1, "file.added", subject, 'a')]);
        let steps = collect(history.as_bytes(), &mapping()).unwrap().steps;
        let Some(Step::Submit(item)) = steps.into_iter().next() else { panic!("not submitted") };
        (item.source.id.as_str().to_owned(), item.subjects[2].id.as_str().to_owned())
    };
    for (id, subject) in [ids(&long), ids(&format!("{long}b"))] {
        assert!((500..=512).contains(&id.len()) && (500..=512).contains(&subject.len()));
        assert!(id.contains("…sha256:") && subject.contains("…sha256:"));
    }
    assert_ne!(ids(&long), ids(&format!("{long}b")));
    expect!["security�a…sha256:5afe42d3f9940175bb761f2a3ae476307d43196aabcd0b99d874323b2e0a59b9"]
        .assert_eq(&ids("security\ta").1);
}

proptest! {
    #[test]
    fn a_second_run_and_a_longer_history_repeat_every_step(
        picks in prop::collection::vec((0_usize..6, 0_usize..3), 0..40),
        cut in 0_usize..40,
    ) {
        let kinds = ["file.added", "file.changed", "file.removed", "check.enabled",
            "check.disabled", "tag.signed"];
        let subjects = ["security", "a.tar.gz", "other"];
        let rows: Vec<Row<'_>> =
            picks.iter().map(|(kind, subject)| (1, kinds[*kind], subjects[*subject], 'a')).collect();
        let whole = collect(history(&rows).as_bytes(), &mapping()).unwrap();
        let part = collect(history(&rows[..cut.min(rows.len())]).as_bytes(), &mapping()).unwrap();
        prop_assert!(whole.steps.starts_with(&part.steps));
        let mut standing = std::collections::HashSet::new();
        for step in &whole.steps {
            match step {
                Step::Submit(item) => prop_assert!(standing.insert(item.source.clone())),
                Step::End { source, .. } => prop_assert!(standing.remove(source)),
            }
        }
        let summary = &whole.summary;
        prop_assert_eq!(summary.read, summary.mapped + summary.unmapped.values().sum::<u64>());
        prop_assert_eq!(summary.submitted + summary.ended, whole.steps.len() as u64);
    }
}
