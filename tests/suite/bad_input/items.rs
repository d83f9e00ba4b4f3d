//! Items of evidence that cannot be put forward.

use std::collections::BTreeMap;

use expect_test::expect;
use gradus_wire::v1 as wire;
use prost_types::Timestamp;

use super::check;
use crate::running::{System, item, on, submit};

type Item = wire::EvidenceItem;

fn practices(practices: &[&str]) -> Item {
    let practices = practices.iter().map(|practice| (*practice).to_owned()).collect();
    Item { practices, ..item("x") }
}

fn ended(seconds: i64, nanos: i32) -> Item {
    Item { work_to: Some(Timestamp { seconds, nanos }), ..item("x") }
}

fn from(name: &str, id: &str) -> Item {
    let source = wire::Source { name: name.to_owned(), id: id.to_owned() };
    Item { source: Some(source), ..item("x") }
}

/// A table of items, each submitted alone to `alpha`.
macro_rules! items {
    ($system:expr, $($name:literal => $item:expr),+ $(,)?) => {
        vec![$(row!(
            $name, $system.operator.evidence, submit_evidence, submit("alpha", vec![$item])
        )),+]
    };
}

#[tokio::test]
async fn practices_are_those_of_the_units_model() {
    let system = System::new().await;
    system.project("alpha").await;
    let many: Vec<String> = (1..=13)
        .flat_map(|area| (1..=5).map(move |number| format!("BP.{area:02}.{number:02}")))
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(many.len(), 65);
    let rows = items![system,
        "unknown practice" => practices(&["BP.10.99"]),
        "unknown area" => practices(&["BP.23.01"]),
        "practice of no form" => practices(&["10.1"]),
        "empty" => practices(&[""]),
        "generic practice without an area" => practices(&["GP 2.1.1"]),
        "generic practice that is unknown" => practices(&["PA10/GP 2.9.9"]),
        "of the other edition" => practices(&["sse-cmm-1997/BP.10.01"]),
        "of a model that is unknown" => practices(&["nist/BP.10.01"]),
        "of a model without a name" => practices(&["/BP.10.01"]),
        "of a model with a bad name" => practices(&["ISO 21827/BP.10.01"]),
        "one of two is unknown" => practices(&["BP.10.01", "BP.10.99"]),
        "65 of them" => practices(&many),
    ];
    check(&system, rows, &expect![[r#"
        unknown practice | NotFound PRACTICE_UNKNOWN: practice `iso-21827-2008/BP.10.99` is unknown in model `iso-21827-2008`, which the unit has adopted
        unknown area | NotFound PRACTICE_UNKNOWN: practice `iso-21827-2008/BP.23.01` is unknown in model `iso-21827-2008`, which the unit has adopted
        practice of no form | InvalidArgument INVALID_FIELD [items[0].practices[0]]: `items[0].practices[0]`: `10.1` is no practice: write it like BP.01.02, PA01/GP 2.1.1 or PA01/2.1
        empty | InvalidArgument INVALID_FIELD [items[0].practices[0]]: `items[0].practices[0]`: `` is no practice: write it like BP.01.02, PA01/GP 2.1.1 or PA01/2.1
        generic practice without an area | InvalidArgument INVALID_FIELD [items[0].practices[0]]: `items[0].practices[0]`: `GP 2.1.1` is no practice: write it like BP.01.02, PA01/GP 2.1.1 or PA01/2.1
        generic practice that is unknown | NotFound PRACTICE_UNKNOWN: practice `iso-21827-2008/PA10/GP 2.9.9` is unknown in model `iso-21827-2008`, which the unit has adopted
        of the other edition | NotFound PRACTICE_UNKNOWN: practice `sse-cmm-1997/BP.10.01` is unknown in model `iso-21827-2008`, which the unit has adopted
        of a model that is unknown | NotFound PRACTICE_UNKNOWN: practice `nist/BP.10.01` is unknown in model `iso-21827-2008`, which the unit has adopted
        of a model without a name | InvalidArgument INVALID_FIELD [items[0].practices[0]]: `items[0].practices[0]`: `` is no name: use 1 to 63 of a-z, 0-9 and `-`, beginning with a letter or digit
        of a model with a bad name | InvalidArgument INVALID_FIELD [items[0].practices[0]]: `items[0].practices[0]`: `ISO 21827` is no name: use 1 to 63 of a-z, 0-9 and `-`, beginning with a letter or digit
        one of two is unknown | NotFound PRACTICE_UNKNOWN: practice `iso-21827-2008/BP.10.99` is unknown in model `iso-21827-2008`, which the unit has adopted
        65 of them | InvalidArgument TOO_MANY [items[0].practices]: `practices` has 65 entries, at most 64 are allowed
    "#]]).await;
}

#[tokio::test]
async fn kind_outcome_and_strength_must_be_said() {
    let system = System::new().await;
    system.project("alpha").await;
    let rows = items![system,
        "no kind" => Item { kind: 0, ..item("x") },
        "unknown kind" => Item { kind: 25, ..item("x") },
        "kind past a byte" => Item { kind: 257, ..item("x") },
        "no outcome" => Item { outcome: 0, ..item("x") },
        "unknown outcome" => Item { outcome: 99, ..item("x") },
        "no strength" => Item { strength: 0, ..item("x") },
        "negative strength" => Item { strength: -1, ..item("x") },
        "nothing at all" => Item::default(),
    ];
    check(&system, rows, &expect![[r#"
        no kind | InvalidArgument INVALID_FIELD [items[0].kind]: `items[0].kind`: it is missing and must be given
        unknown kind | InvalidArgument INVALID_FIELD [items[0].kind]: `items[0].kind`: 25 is no value of this enumeration
        kind past a byte | InvalidArgument INVALID_FIELD [items[0].kind]: `items[0].kind`: 257 is no value of this enumeration
        no outcome | InvalidArgument INVALID_FIELD [items[0].outcome]: `items[0].outcome`: it is missing and must be given
        unknown outcome | InvalidArgument INVALID_FIELD [items[0].outcome]: `items[0].outcome`: 99 is no value of this enumeration
        no strength | InvalidArgument INVALID_FIELD [items[0].strength]: `items[0].strength`: it is missing and must be given
        negative strength | InvalidArgument INVALID_FIELD [items[0].strength]: `items[0].strength`: -1 is no value of this enumeration
        nothing at all | InvalidArgument INVALID_FIELD [items[0].kind]: `items[0].kind`: it is missing and must be given
    "#]]).await;
}

#[tokio::test]
async fn times_are_possible_ones() {
    let system = System::new().await;
    system.project("alpha").await;
    let begun = |from: &str| Item { work_from: on(from), ..item("x") };
    let until = |until: &str| Item { valid_until: on(until), ..item("x") };
    let rows = items![system,
        "six minutes ahead" => Item { work_to: on("2026-06-01T12:06:00Z"), ..item("x") },
        "a year ahead" => Item { work_to: on("2027-06-01"), ..item("x") },
        "ended before it began" => begun("2026-05-02"),
        "valid until before its start" => until("2026-04-30"),
        "valid until its start" => until("2026-05-01"),
        "finer than a microsecond" => ended(1_777_593_600, 1),
        "negative nanoseconds" => ended(1_777_593_600, -1_000),
        "a second of nanoseconds" => ended(1_777_593_600, 1_000_000_000),
        "year 0" => ended(-62_167_219_200, 0),
        "year 1899" => ended(-2_208_988_801, 999_999_000),
        "year 9999" => ended(253_370_764_800, 0),
        "before all years" => ended(i64::MIN, 0),
        "after all years" => ended(i64::MAX, 999_999_000),
        "validity in year 9999" => Item {
            valid_until: Some(Timestamp { seconds: 253_370_764_800, nanos: 0 }),
            ..item("x")
        },
    ];
    check(&system, rows, &expect![[r#"
        six minutes ahead | InvalidArgument IN_THE_FUTURE [items[0].work_to]: `work_to` is 2026-06-01T12:06:00Z, more than 5 minutes after the server's clock, 2026-06-01T12:00:00Z
        a year ahead | InvalidArgument IN_THE_FUTURE [items[0].work_to]: `work_to` is 2027-06-01T00:00:00Z, more than 5 minutes after the server's clock, 2026-06-01T12:00:00Z
        ended before it began | InvalidArgument END_BEFORE_START [items[0].work_to]: `work_to` is 2026-05-01T00:00:00Z, which is not after 2026-05-02T00:00:00Z
        valid until before its start | InvalidArgument END_BEFORE_START [items[0].valid_until]: `valid_until` is 2026-04-30T00:00:00Z, which is not after 2026-05-01T00:00:00Z
        valid until its start | InvalidArgument END_BEFORE_START [items[0].valid_until]: `valid_until` is 2026-05-01T00:00:00Z, which is not after 2026-05-01T00:00:00Z
        finer than a microsecond | InvalidArgument INVALID_FIELD [items[0].work_to]: `items[0].work_to`: 1777593600 s and 1 ns since 1970: finer than a microsecond, which is the finest that is kept
        negative nanoseconds | InvalidArgument INVALID_FIELD [items[0].work_to]: `items[0].work_to`: 1777593600 s and -1000 ns since 1970: the nanoseconds must be from 0 to 999,999,999
        a second of nanoseconds | InvalidArgument INVALID_FIELD [items[0].work_to]: `items[0].work_to`: 1777593600 s and 1000000000 ns since 1970: the nanoseconds must be from 0 to 999,999,999
        year 0 | InvalidArgument INVALID_FIELD [items[0].work_to]: `items[0].work_to`: -62167219200 s and 0 ns since 1970: outside the years 1900 to 9998
        year 1899 | InvalidArgument INVALID_FIELD [items[0].work_to]: `items[0].work_to`: -2208988801 s and 999999000 ns since 1970: outside the years 1900 to 9998
        year 9999 | InvalidArgument INVALID_FIELD [items[0].work_to]: `items[0].work_to`: 253370764800 s and 0 ns since 1970: outside the years 1900 to 9998
        before all years | InvalidArgument INVALID_FIELD [items[0].work_to]: `items[0].work_to`: -9223372036854775808 s and 0 ns since 1970: outside the years 1900 to 9998
        after all years | InvalidArgument INVALID_FIELD [items[0].work_to]: `items[0].work_to`: 9223372036854775807 s and 999999000 ns since 1970: outside the years 1900 to 9998
        validity in year 9999 | InvalidArgument INVALID_FIELD [items[0].valid_until]: `items[0].valid_until`: 253370764800 s and 0 ns since 1970: outside the years 1900 to 9998
    "#]]).await;
}

#[tokio::test]
async fn five_minutes_ahead_is_a_clock_that_differs() {
    let system = System::new().await;
    system.project("alpha").await;
    let ahead = Item { work_to: on("2026-06-01T12:05:00Z"), ..item("ahead") };
    assert_eq!(system.submitted("alpha", vec![ahead]).await.len(), 1);
}

#[tokio::test]
async fn what_is_in_the_leaf_is_bounded() {
    let system = System::new().await;
    system.project("alpha").await;
    let measure = |name: &str, decimals: u32, unit: &str| wire::Measure {
        name: name.to_owned(),
        value: 1,
        decimals,
        unit: unit.to_owned(),
    };
    let measures = |measures: Vec<wire::Measure>| Item { measures, ..item("x") };
    let subject = |kind: &str, id: &str| wire::Subject { kind: kind.to_owned(), id: id.to_owned() };
    let subjects = |subjects: Vec<wire::Subject>| Item { subjects, ..item("x") };
    let attached = |attachments: Vec<String>| Item { attachments, ..item("x") };
    let tool = |name: &str| wire::Tool { name: name.to_owned(), ..Default::default() };
    let digest = "ab".repeat(32);
    let long = "x".repeat(512);
    let rows = items![system,
        "no source name" => from("", "1"),
        "no source id" => from("test", ""),
        "source name too long" => from(&"x".repeat(513), "1"),
        "source id too long" => from("test", &"x".repeat(513)),
        "source id of two lines" => from("test", "a\nb"),
        "about nobody" => Item { about: "nobody".to_owned(), ..item("x") },
        "instance too long" => Item { instance: "x".repeat(129), ..item("x") },
        "measure without a name" => measures(vec![measure("", 0, "1")]),
        "measure without a unit" => measures(vec![measure("loc", 0, "")]),
        "19 decimals" => measures(vec![measure("loc", 19, "1")]),
        "33 measures" => measures(vec![measure("loc", 0, "1"); 33]),
        "subject without a kind" => subjects(vec![subject("", "1")]),
        "33 subjects" => subjects(vec![subject("commit", "1"); 33]),
        "attachment that is no digest" => attached(vec!["report.pdf".to_owned()]),
        "17 attachments" => attached(vec![digest.clone(); 17]),
        "tool without a name" => Item { tool: Some(tool("")), ..item("x") },
        "a leaf above 4 KiB" => subjects(vec![subject("commit", &long); 8]),
    ];
    check(&system, rows, &expect![[r#"
        no source name | InvalidArgument INVALID_FIELD [items[0].source.name]: `items[0].source.name`: the text is empty
        no source id | InvalidArgument INVALID_FIELD [items[0].source.id]: `items[0].source.id`: the text is empty
        source name too long | InvalidArgument INVALID_FIELD [items[0].source.name]: `items[0].source.name`: the text has 513 bytes, at most 512 are allowed
        source id too long | InvalidArgument INVALID_FIELD [items[0].source.id]: `items[0].source.id`: the text has 513 bytes, at most 512 are allowed
        source id of two lines | InvalidArgument INVALID_FIELD [items[0].source.id]: `items[0].source.id`: the text holds the control character U+000A
        about nobody | NotFound PRINCIPAL_UNKNOWN: principal `nobody` is unknown
        instance too long | InvalidArgument INVALID_FIELD [items[0].instance]: `items[0].instance`: the text has 129 bytes, at most 128 are allowed
        measure without a name | InvalidArgument INVALID_FIELD [items[0].measures[0].name]: `items[0].measures[0].name`: the text is empty
        measure without a unit | InvalidArgument INVALID_FIELD [items[0].measures[0].unit]: `items[0].measures[0].unit`: the text is empty
        19 decimals | InvalidArgument INVALID_FIELD [items[0].measures[0].decimals]: `items[0].measures[0].decimals`: 19 is given, 0 to 18 are allowed
        33 measures | InvalidArgument TOO_MANY [items[0].measures]: `measures` has 33 entries, at most 32 are allowed
        subject without a kind | InvalidArgument INVALID_FIELD [items[0].subjects[0].kind]: `items[0].subjects[0].kind`: the text is empty
        33 subjects | InvalidArgument TOO_MANY [items[0].subjects]: `subjects` has 33 entries, at most 32 are allowed
        attachment that is no digest | InvalidArgument INVALID_FIELD [items[0].attachments[0]]: `items[0].attachments[0]`: `report.pdf` is no digest: 64 hexadecimal digits are needed
        17 attachments | InvalidArgument TOO_MANY [items[0].attachments]: `attachments` has 17 entries, at most 16 are allowed
        tool without a name | InvalidArgument INVALID_FIELD [items[0].tool.name]: `items[0].tool.name`: the text is empty
        a leaf above 4 KiB | InvalidArgument RECORD_TOO_LARGE [items[0]]: item 0: it takes 4438 bytes in the log, 4531 with its texts; at most 4096 and 6000 are allowed: put long text into an attachment and name its digest
    "#]]).await;
}

#[tokio::test]
async fn texts_have_a_most() {
    let system = System::new().await;
    system.project("alpha").await;
    let attribute = |name: &str, length: usize| Item {
        attributes: BTreeMap::from([(name.to_owned(), "x".repeat(length))]),
        ..item("x")
    };
    let both = Item { note: "x".repeat(4_096), uri: "x".repeat(2_048), ..item("x") };
    let rows = items![system,
        "title too long" => Item { title: "x".repeat(513), ..item("x") },
        "title of 1 MiB" => Item { title: "x".repeat(1 << 20), ..item("x") },
        "note too long" => Item { note: "x".repeat(4_097), ..item("x") },
        "uri too long" => Item { uri: "x".repeat(2_049), ..item("x") },
        "attribute of 7,000 bytes" => attribute("log", 7_000),
        "attribute of 1 MiB" => attribute("log", 1 << 20),
        "name of 1 MiB" => attribute(&"x".repeat(1 << 20), 1),
        "all texts together" => both,
    ];
    check(&system, rows, &expect![[r#"
        title too long | InvalidArgument INVALID_FIELD [items[0].title]: `items[0].title`: it has 513 bytes, at most 512 are allowed
        title of 1 MiB | InvalidArgument INVALID_FIELD [items[0].title]: `items[0].title`: it has 1048576 bytes, at most 512 are allowed
        note too long | InvalidArgument INVALID_FIELD [items[0].note]: `items[0].note`: it has 4097 bytes, at most 4096 are allowed
        uri too long | InvalidArgument INVALID_FIELD [items[0].uri]: `items[0].uri`: it has 2049 bytes, at most 2048 are allowed
        attribute of 7,000 bytes | InvalidArgument RECORD_TOO_LARGE [items[0]]: item 0: it takes 238 bytes in the log, 7349 with its texts; at most 4096 and 6000 are allowed: put long text into an attachment and name its digest
        attribute of 1 MiB | InvalidArgument RECORD_TOO_LARGE [items[0]]: item 0: it takes 238 bytes in the log, 1048927 with its texts; at most 4096 and 6000 are allowed: put long text into an attachment and name its digest
        name of 1 MiB | InvalidArgument RECORD_TOO_LARGE [items[0]]: item 0: it takes 238 bytes in the log, 1048925 with its texts; at most 4096 and 6000 are allowed: put long text into an attachment and name its digest
        all texts together | InvalidArgument RECORD_TOO_LARGE [items[0]]: item 0: it takes 238 bytes in the log, 6492 with its texts; at most 4096 and 6000 are allowed: put long text into an attachment and name its digest
    "#]]).await;
}

#[tokio::test]
async fn a_verdict_refuses_what_the_call_would_refuse() {
    let system = System::new().await;
    system.project("alpha").await;
    let asked = |item: Item| wire::SubmitEvidenceRequest {
        append: Some(wire::AppendOptions { validate_only: true, ..Default::default() }),
        ..submit("alpha", vec![item])
    };
    let subject = wire::Subject { kind: "commit".to_owned(), id: "x".repeat(512) };
    let texts = Item { note: "x".repeat(4_096), uri: "x".repeat(2_048), ..item("x") };
    let evidence = &system.operator.evidence;
    let rows = vec![
        row!("unknown practice", evidence, submit_evidence, asked(practices(&["BP.10.99"]))),
        row!(
            "a leaf above 4 KiB",
            evidence,
            submit_evidence,
            asked(Item { subjects: vec![subject; 8], ..item("x") })
        ),
        row!("all texts together", evidence, submit_evidence, asked(texts)),
    ];
    check(&system, rows, &expect![[r#"
        unknown practice | NotFound PRACTICE_UNKNOWN: practice `iso-21827-2008/BP.10.99` is unknown in model `iso-21827-2008`, which the unit has adopted
        a leaf above 4 KiB | InvalidArgument RECORD_TOO_LARGE [items[0]]: item 0: it takes 4438 bytes in the log, 4531 with its texts; at most 4096 and 6000 are allowed: put long text into an attachment and name its digest
        all texts together | InvalidArgument RECORD_TOO_LARGE [items[0]]: item 0: it takes 238 bytes in the log, 6492 with its texts; at most 4096 and 6000 are allowed: put long text into an attachment and name its digest
    "#]]).await;
}

#[tokio::test]
async fn the_longest_texts_come_back_as_they_were() {
    let system = System::new().await;
    system.project("alpha").await;
    let given = Item { title: "ü".repeat(256), note: "n".repeat(4_096), ..item("long") };
    let ids = system.submitted("alpha", vec![given.clone()]).await;
    let asked = wire::GetEvidenceRequest {
        unit: "alpha".to_owned(),
        evidence: Some(crate::running::by_id(&ids[0])),
        ..Default::default()
    };
    let answer = system.operator.evidence.clone().get_evidence(asked).await.unwrap().into_inner();
    let item = answer.evidence.unwrap().item.unwrap();
    assert_eq!((item.title, item.note), (given.title, given.note));
}

#[tokio::test]
async fn a_call_has_1_to_1_000_items_and_they_agree() {
    let system = System::new().await;
    system.project("alpha").await;
    let evidence = &system.operator.evidence;
    let many: Vec<Item> = (0..1_001).map(|number| item(&number.to_string())).collect();
    let contrary = Item { outcome: wire::Outcome::Contradicts.into(), ..item("a") };
    let last_is_bad = [many[..999].to_vec(), vec![Item { kind: 0, ..item("last") }]].concat();
    let rows = vec![
        row!("unknown unit", evidence, submit_evidence, submit("nobody", vec![item("a")])),
        row!("no unit", evidence, submit_evidence, submit("", vec![item("a")])),
        row!("no items", evidence, submit_evidence, submit("alpha", vec![])),
        row!("1,001 items", evidence, submit_evidence, submit("alpha", many)),
        row!("the last of 1,000 is bad", evidence, submit_evidence, submit("alpha", last_is_bad)),
        row!(
            "one source, two contents",
            evidence,
            submit_evidence,
            submit("alpha", vec![item("a"), contrary])
        ),
    ];
    check(&system, rows, &expect![[r#"
        unknown unit | NotFound UNIT_UNKNOWN: unit `nobody` is unknown
        no unit | NotFound UNIT_UNKNOWN: unit `` is unknown
        no items | InvalidArgument INVALID_FIELD [items]: `items`: it is empty, at least one entry must be given
        1,001 items | InvalidArgument TOO_MANY [items]: `items` has 1001 entries, at most 1000 are allowed
        the last of 1,000 is bad | InvalidArgument INVALID_FIELD [items[999].kind]: `items[999].kind`: it is missing and must be given
        one source, two contents | AlreadyExists SOURCE_ID_REUSED: item 1: source id `a` of source `test` was used before with other content, as evidence `ID`
    "#]]).await;
}
