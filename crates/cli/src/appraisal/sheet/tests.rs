//! Sheets that are written, filled in, merged and read again.

use super::*;
use expect_test::expect;

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
