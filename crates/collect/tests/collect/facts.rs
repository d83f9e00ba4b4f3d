//! Lines of a history, right and wrong.

use expect_test::{Expect, expect};
use gradus_collect::facts::{self, LONGEST_LINE};
use gradus_collect::{Fact, FactKind};
use proptest::prelude::*;

use crate::made_up::{line, lines};

fn right() -> String {
    line("2026-03-01T12:00:00+01:00", "file.added", "SECURITY.md", 'a')
}

fn refusals(rows: &[(&str, Vec<u8>)], expected: &Expect) {
    let told = |(name, bytes): &(&str, Vec<u8>)| match facts::read(bytes).find_map(Result::err) {
        Some(error) => format!("{name}: {error}"),
        None => format!("{name}: accepted"),
    };
    expected.assert_eq(&lines(rows.iter().map(told)));
}

#[test]
fn a_right_line_is_read_as_it_is_written() {
    let fact = Fact::parse(7, right().as_bytes()).unwrap();
    assert_eq!(fact.line, 7);
    assert_eq!(fact.project.as_str(), "made-up");
    assert_eq!(fact.occurred_at.to_string(), "2026-03-01T11:00:00Z");
    assert_eq!(fact.kind, FactKind::FileAdded);
    assert_eq!(fact.subject, "SECURITY.md");
    assert_eq!(fact.commit.hex(), "a".repeat(40));
    assert_eq!((fact.digest.algorithm(), fact.digest.hex()), ("sha1", "0".repeat(40).as_str()));
    assert_eq!(fact.title, "It happened");
}

#[test]
fn a_line_end_at_the_end_may_be_there_or_not() {
    let two = format!("{}\n{}", right(), right());
    assert_eq!(facts::read(b"").count(), 0);
    assert_eq!(facts::read(two.as_bytes()).flatten().count(), 2);
    assert_eq!(facts::read(format!("{two}\r\n").as_bytes()).flatten().count(), 2);
}

#[test]
fn a_line_that_is_no_json_object_is_refused_with_its_number() {
    let after = |line: &[u8]| [right().as_bytes(), b"\n", line, b"\n"].concat();
    let cut = &right()[..120];
    let rows = [
        ("empty", after(b"")),
        ("blank", after(b" \t")),
        ("cut short", after(cut.as_bytes())),
        ("cut in a text", after(br#"{"project": "rus"#)),
        ("not UTF-8", after(b"{\"project\": \"caf\xe9\"}")),
        ("too long", after(&vec![b' '; LONGEST_LINE + 1])),
        ("no JSON", after(b"project,kind")),
        ("two objects", after(b"{} {}")),
        ("list", after(b"[1, [2]]")),
        ("number", after(b"12")),
        ("text", after(b"\"x\"")),
        ("deep", after("[".repeat(9_000).as_bytes())),
        ("deep objects", after(r#"{"a":"#.repeat(9_000).as_bytes())),
        ("byte order mark", after(b"\xef\xbb\xbf{}")),
    ];
    refusals(
        &rows,
        &expect![[r#"
        empty: line 2: the line is empty: each line holds one JSON object
        blank: line 2: the line is empty: each line holds one JSON object
        cut short: line 2: the JSON ends too early, at column 120: the line was cut short
        cut in a text: line 2: the JSON ends too early, at column 16: the line was cut short
        not UTF-8: line 2: byte 17 of the line is not UTF-8
        too long: line 2: the line has 65537 bytes, at most 65536 are allowed
        no JSON: line 2: column 1 is not JSON: expected value
        two objects: line 2: column 4 is not JSON: trailing characters
        list: line 2: the line is a list: write a JSON object with the keys project, occurred_at, kind, subject, uri, digest, title
        number: line 2: the line is a number: write a JSON object with the keys project, occurred_at, kind, subject, uri, digest, title
        text: line 2: the line is a text: write a JSON object with the keys project, occurred_at, kind, subject, uri, digest, title
        deep: line 2: the JSON ends too early, at column 9000: the line was cut short
        deep objects: line 2: column 636 is not JSON: recursion limit exceeded
        byte order mark: line 2: column 1 is not JSON: expected value
    "#]],
    );
}

#[test]
fn a_wrong_field_is_refused_with_its_value_and_what_is_right() {
    let with = |old: &str, new: &str| {
        let line = right();
        assert!(line.contains(old), "{old}");
        line.replacen(old, new, 1).into_bytes()
    };
    let date = "2026-03-01T12:00:00+01:00";
    let object = r#"{"sha1": "0000000000000000000000000000000000000000"}"#;
    let rows = [
        ("unknown key", with("\"title\"", "\"titel\"")),
        ("key twice", with("\"title\"", "\"subject\": \"x\", \"title\"")),
        ("missing key", with("\"project\": \"made-up\", ", "")),
        ("no object", b"{}".to_vec()),
        ("number", with("\"made-up\"", "12")),
        ("null", with("\"It happened\"", "null")),
        ("list", with("\"SECURITY.md\"", "[\"SECURITY.md\"]")),
        ("object", with("\"SECURITY.md\"", "{}")),
        ("empty", with("\"SECURITY.md\"", "\"\"")),
        ("project with a line end", with("made-up", "made\\nup")),
        ("kind", with("file.added", "file.moved")),
        ("kind in capitals", with("file.added", "File.Added")),
        ("count", with("file.added", "tests.count")),
        ("date without offset", with(date, "2026-03-01T12:00:00")),
        ("bare date", with(date, "2026-03-01")),
        ("no such day", with(date, "2026-02-30T12:00:00Z")),
        ("too fine", with(date, "2026-03-01T12:00:00.1234567Z")),
        ("year 1", with(date, "0001-03-01T12:00:00Z")),
        ("no date", with(date, "yesterday")),
        ("uri without commit", with("/commit/", "/tree/")),
        ("uri with a short hash", with("/commit/aaaa", "/commit/")),
        ("uri with more after it", with("/commit/", "/commit/x/")),
        ("uri of a script", with("https://", "javascript://")),
        ("digest as text", with(object, "\"00\"")),
        ("digest empty", with(object, "{}")),
        ("digest of two", with("{\"sha1\"", "{\"sha256\": \"00\", \"sha1\"")),
        ("digest too short", with(object, r#"{"sha1": "00"}"#)),
        ("digest of another length", with("\"sha1\"", "\"sha256\"")),
        ("digest of another sort", with("\"sha1\"", "\"md5\"")),
        ("digest as number", with(object, r#"{"sha1": 0}"#)),
    ];
    refusals(
        &rows,
        &expect![[r#"
            unknown key: line 1: unknown key `titel`: the keys are project, occurred_at, kind, subject, uri, digest, title
            key twice: line 1: the key `subject` is given twice
            missing key: line 1: the key `project` is missing
            no object: line 1: the key `project` is missing
            number: line 1: `project` is a number: write a text
            null: line 1: `title` is null: write a text
            list: line 1: `subject` is a list: write a text
            object: line 1: `subject` is an object: write a text
            empty: line 1: `subject` is empty: write a text
            project with a line end: line 1: `project`: the text holds the control character U+000A
            kind: line 1: `kind`: `file.moved` is no kind of fact: use one of file.added, file.changed, file.removed, check.enabled, check.disabled, tests.count, tag.signed, tag.annotated, tag.lightweight, fix.advisory, advisory.mentioned, dependency.bumped, submodule.changed, vendored.changed, change.reverted
            kind in capitals: line 1: `kind`: `File.Added` is no kind of fact: use one of file.added, file.changed, file.removed, check.enabled, check.disabled, tests.count, tag.signed, tag.annotated, tag.lightweight, fix.advisory, advisory.mentioned, dependency.bumped, submodule.changed, vendored.changed, change.reverted
            count: line 1: `subject` is `SECURITY.md`: of tests.count it is a whole number
            date without offset: line 1: `occurred_at`: `2026-03-01T12:00:00` has no offset: end it with Z or an offset such as +01:00
            bare date: line 1: `occurred_at` is `2026-03-01`: write a date-time with offset, such as 2026-03-01T12:00:00Z
            no such day: line 1: `occurred_at` is `2026-02-30T12:00:00Z`: write a date-time with offset, such as 2026-03-01T12:00:00Z
            too fine: line 1: `occurred_at`: `2026-03-01T12:00:00.1234567Z` is finer than a microsecond: give at most six digits after the second
            year 1: line 1: `occurred_at`: `0001-03-01T12:00:00Z` is outside the years 1900 to 9998
            no date: line 1: `occurred_at` is `yesterday`: write a date-time with offset, such as 2026-03-01T12:00:00Z
            uri without commit: line 1: `uri` is `https://example.org/made/up/tree/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`: write https://…/commit/ and 40 or 64 lower-case hexadecimal digits
            uri with a short hash: line 1: `uri` is `https://example.org/made/up/commit/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`: write https://…/commit/ and 40 or 64 lower-case hexadecimal digits
            uri with more after it: line 1: `uri` is `https://example.org/made/up/commit/x/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`: write https://…/commit/ and 40 or 64 lower-case hexadecimal digits
            uri of a script: line 1: `uri` is `javascript://example.org/made/up/commit/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`: write https://…/commit/ and 40 or 64 lower-case hexadecimal digits
            digest as text: line 1: `digest` is a text: write {"sha1": 40 lower-case hexadecimal digits} or {"sha256": 64 of them}
            digest empty: line 1: `digest` is an object with 0 keys: write {"sha1": 40 lower-case hexadecimal digits} or {"sha256": 64 of them}
            digest of two: line 1: `digest` is an object with 2 keys: write {"sha1": 40 lower-case hexadecimal digits} or {"sha256": 64 of them}
            digest too short: line 1: `digest` is `sha1: 00`: write {"sha1": 40 lower-case hexadecimal digits} or {"sha256": 64 of them}
            digest of another length: line 1: `digest` is `sha256: 0000000000000000000000000000000000000000`: write {"sha1": 40 lower-case hexadecimal digits} or {"sha256": 64 of them}
            digest of another sort: line 1: `digest` is `md5: 0000000000000000000000000000000000000000`: write {"sha1": 40 lower-case hexadecimal digits} or {"sha256": 64 of them}
            digest as number: line 1: `digest` is no text under `sha1`: write {"sha1": 40 lower-case hexadecimal digits} or {"sha256": 64 of them}
        "#]],
    );
}

#[test]
fn every_kind_of_fact_is_read_by_its_name() {
    for kind in FactKind::ALL {
        assert_eq!(kind.name().parse(), Ok(*kind));
        assert!(kind.name().starts_with(&format!("{}.", kind.family())), "{kind}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_facts_or_errors(bytes: Vec<u8>) {
        for fact in facts::read(&bytes) {
            prop_assert!(fact.is_err());
        }
    }

    #[test]
    fn a_damaged_line_is_a_fact_or_an_error(at in 0_usize..400, byte: u8, cut: bool) {
        let mut bytes = right().into_bytes();
        let at = at % bytes.len();
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        for fact in facts::read(&bytes) {
            prop_assert!(!cut || fact.is_err());
        }
    }

    #[test]
    fn any_subject_is_read_back_as_it_was_written(subject in ".{1,200}") {
        let line = line("2026-03-01T12:00:00Z", "file.added", &subject, 'a');
        prop_assert_eq!(Fact::parse(1, line.as_bytes()).unwrap().subject, subject);
    }
}
