//! Sheets that are written, filled in, merged and read again.

use super::*;
use expect_test::expect;
use proptest::prelude::*;

fn merged(sheets: &[(&str, &str)]) -> Sheets {
    let mut merged = Merged::default();
    for (file, text) in sheets {
        merged.take(file, text.as_bytes());
    }
    merged.read
}

#[test]
fn a_sheet_that_was_written_is_read_back() {
    let row = Row {
        unit: "app".to_owned(),
        practice: "BP.01.01".to_owned(),
        interview: "said, \"yes\"\nand more".to_owned(),
        rating: "satisfied".to_owned(),
        ..Row::default()
    };
    let mut bytes = Vec::new();
    write(&[row.clone(), Row { rating: String::new(), ..row }], &mut bytes).unwrap();
    let read = merged(&[("a.csv", std::str::from_utf8(&bytes).unwrap())]);
    assert!(read.problems.is_empty(), "{:?}", read.problems);
    let [only] = &read.ratings[..] else { panic!("{:?}", read.ratings) };
    assert_eq!(only.rating.value, 2);
    assert_eq!(only.rating.interview, "said, \"yes\"\nand more");
}

#[test]
fn a_carried_row_is_a_rating_once_it_is_confirmed() {
    let subject = v1::RatedSubject { practice: "BP.01.01".to_owned(), ..Default::default() };
    let from = v1::CarriedFrom { appraisal: "A".to_owned(), position: 7, effective_at: None };
    let proposed = v1::CarriedRating { subject: Some(subject), value: 2, from: Some(from) };
    let told = v1::GetAppraisalResponse { carried: vec![proposed], ..Default::default() };
    let leo = v1::PrincipalRef { id: "L".to_owned(), name: "leo".to_owned() };
    let [row] = &rows(&told, &leo)[..] else { panic!("one row is expected") };
    assert_eq!((row.carried.as_str(), row.rating.as_str()), ("satisfied", ""));
    assert_eq!(row.rater, "leo");
    let confirmed = Row { rating: CONFIRMED.to_owned(), ..row.clone() };
    let tampered = Row { carried_position: "seven".to_owned(), ..confirmed.clone() };
    let empty = Row { carried: String::new(), ..confirmed.clone() };
    let read = |row: &Row| {
        let mut bytes = Vec::new();
        write(std::slice::from_ref(row), &mut bytes).unwrap();
        merged(&[("a.csv", std::str::from_utf8(&bytes).unwrap())])
    };
    assert!(read(row).ratings.is_empty());
    let given = read(&confirmed).ratings.pop().unwrap().rating;
    assert_eq!((given.value, given.carried), (2, Some(7)));
    let told = [read(&tampered).problems, read(&empty).problems].concat();
    expect![[r#"
        a.csv: line 2: carried_position: `seven` is no position in the log: leave it as exported
        a.csv: line 2: rating: `confirmed` takes what the columns `carried` and `carried_position` of an exported sheet say: write a value instead"#]].assert_eq(&told.join("\n"));
}

#[test]
fn every_wrong_row_is_told_with_its_file_and_line() {
    let one =
        "unit,practice,rating\napp,BP.01.01,good\napp,BP.01.02,satisfied\napp,,F\napp,BP.01.03\n";
    let two = "unit,practice,rating\napp,BP.01.02,not-satisfied\napp,BP.01.04,abstained\n";
    let other = "unit,practise\napp,BP.01.05\n";
    let read = merged(&[("a.csv", one), ("b.csv", two), ("c.csv", other)]);
    assert_eq!(read.ratings.len(), 2);
    // What else is wrong with an unreadable row can still be asked for.
    let [unread] = &read.unread[..] else { panic!("{:?}", read.unread) };
    assert_eq!((unread.place.line, unread.rating.value), (2, 0));
    expect![[r#"
        a.csv: line 2: rating: `good` is no rating value: use one of not-satisfied, satisfied, N, P-, P, P+, L-, L, L+, F, or `abstained` or `confirmed`
        a.csv: line 4: practice: it is empty, and a rating is of one: name it
        a.csv: line 5: CSV error: record 4 (line: 5, byte: 69): found record with 2 fields, but the previous record has 3 fields
        b.csv: line 2: it says something else than a.csv: line 3: leave one out
        c.csv: line 2: CSV deserialize error: record 1 (line: 2, byte: 14): unknown field `practise`, expected one of `rater`, `unit`, `practice`, `instance`, `questionnaire`, `interview`, `evidence`, `question`, `carried`, `carried_position`, `carried_from`, `rating`, `rationale`"#]].assert_eq(&read.problems.join("\n"));
}

#[test]
fn a_sheet_of_a_spreadsheet_has_its_lines_counted_as_any_other() {
    let sheet = "unit,practice,rating\r\napp,BP.01.01,satisfied\r\napp,BP.01.02,good\r\n";
    let read = merged(&[("a.csv", sheet)]);
    assert_eq!(read.ratings.len(), 1);
    let [problem] = &read.problems[..] else { panic!("{:?}", read.problems) };
    assert!(problem.starts_with("a.csv: line 3: rating: `good`"), "{problem}");
}

#[test]
fn a_sheet_with_other_separators_is_told_once() {
    let read = merged(&[("a.csv", "unit;practice;rating\napp;BP.01.01;satisfied\n")]);
    assert_eq!(read.problems, ["a.csv: columns are separated by ';': use commas"]);
}

#[test]
fn sheets_of_several_areas_are_merged_and_what_says_the_same_is_one() {
    let one = "unit,practice,rating\napp,BP.01.01,satisfied\napp,BP.02.01,\n";
    let two = "unit,practice,rating\napp,BP.01.01,satisfied\napp,BP.02.01,F\n";
    let read = merged(&[("a.csv", one), ("b.csv", two)]);
    assert!(read.problems.is_empty(), "{:?}", read.problems);
    let values: Vec<i32> = read.ratings.iter().map(|given| given.rating.value).collect();
    assert_eq!(values, [2, 17]);
}

#[test]
fn what_is_wrong_with_a_row_is_told_together() {
    let sheet = "unit,practice,rating\napp,BP.01.99,good\napp,BP.01.02,satisfied\napp,,good\n";
    let mut read = merged(&[("a.csv", sheet)]);
    let place = |line| Place { file: "a.csv".to_owned(), line };
    let more = vec![
        (place(2), "practice `BP.01.99` is unknown".to_owned()),
        (place(3), "it is not in the scope".to_owned()),
    ];
    together(&mut read.problems, more);
    expect![[r#"
        a.csv: line 2: rating: `good` is no rating value: use one of not-satisfied, satisfied, N, P-, P, P+, L-, L, L+, F, or `abstained` or `confirmed`; practice `BP.01.99` is unknown
        a.csv: line 4: rating: `good` is no rating value: use one of not-satisfied, satisfied, N, P-, P, P+, L-, L, L+, F, or `abstained` or `confirmed`; practice: it is empty, and a rating is of one: name it
        a.csv: line 3: it is not in the scope"#]].assert_eq(&read.problems.join("\n"));
}

#[test]
fn a_sheet_has_rows_for_features_and_instances_that_may_be_rated() {
    let subject = |practice: &str, instance: &str| v1::RatedSubject {
        practice: practice.to_owned(),
        instance: instance.to_owned(),
        ..v1::RatedSubject::default()
    };
    let unsettled = v1::Unsettled { practice: "BP.01.01".to_owned(), ..Default::default() };
    let told = v1::GetAppraisalResponse {
        unsettled: vec![unsettled],
        also: vec![subject("PA01/2.1", ""), subject("BP.01.01", "web"), subject("PA01/2.1", "web")],
        ..v1::GetAppraisalResponse::default()
    };
    let leo = v1::PrincipalRef { id: "L".to_owned(), name: "leo".to_owned() };
    let rows = rows(&told, &leo);
    let shown: Vec<String> =
        rows.iter().map(|row| format!("{} {}", row.practice, row.instance)).collect();
    assert_eq!(shown, ["BP.01.01 ", "BP.01.01 web", "PA01/2.1 ", "PA01/2.1 web"]);
}

/// What sheets are made of, in any order, beside what a spreadsheet may write.
fn any_sheet() -> impl Strategy<Value = String> {
    let words = [
        "unit,practice,",
        "rater,",
        "rating",
        "carried,carried_position",
        "app",
        "BP.01.01",
        "PA01/GP 2.1.1",
        "satisfied",
        "confirmed",
        "abstained",
        "seven",
        "7",
        ",",
        ",,",
        "\n",
        "\r\n",
        "\"",
        "\"\"",
        ";",
        "\t",
        " ",
        "\u{feff}",
        "ä",
        "\0",
        "-1",
        "18446744073709551616",
    ];
    let word = prop_oneof![
        8 => prop::sample::select(words.to_vec()).prop_map(ToOwned::to_owned),
        1 => any::<String>(),
    ];
    prop::collection::vec(word, 0..60).prop_map(|words| words.concat())
}

/// A sheet with three filled rows.
fn filled() -> String {
    let row = |practice: &str| Row {
        unit: "app".to_owned(),
        practice: practice.to_owned(),
        rater: "leo".to_owned(),
        interview: "said, \"yes\"\nand more".to_owned(),
        rating: "satisfied".to_owned(),
        ..Row::default()
    };
    let mut bytes = Vec::new();
    write(&["BP.01.01", "BP.01.02", "BP.01.03"].map(row), &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

proptest! {
    #[test]
    fn a_sheet_of_any_text_is_read_or_told_with_its_file(
        noise in any_sheet(), bytes: Vec<u8>, at in any::<prop::sample::Index>(), taken in 0_usize..40,
    ) {
        let good = filled().into_bytes();
        let (at, mut damaged) = (at.index(good.len()), good.clone());
        damaged.splice(at..(at + taken).min(good.len()), noise.bytes().take(40));
        for sheet in [damaged, noise.into_bytes(), bytes] {
            let mut merged = Merged::default();
            merged.take("a.csv", sheet.as_slice());
            let Sheets { ratings, problems, .. } = merged.read;
            for problem in &problems {
                prop_assert!(problem.starts_with("a.csv: "), "{}", problem);
            }
            let lines = 1 + String::from_utf8_lossy(&sheet).matches('\n').count();
            prop_assert!(ratings.len() < lines.max(1), "{} of {lines}", ratings.len());
        }
    }
}
