//! Rows that open area by area: what is told of one is believed only if it is all there.

use expect_test::{Expect, expect};
use gradus_model::unit::AreaRef;
use gradus_model::{AreaId, Digest, Timestamp, UnitId};
use gradus_proof::Row;
use gradus_proof::state::areas::{Course, Entry, Level, Levels, open_area, projection_of};
use proptest::prelude::*;

fn area(model: &str, number: u8) -> AreaRef {
    AreaRef { model: model.parse().unwrap(), area: AreaId::new(number).unwrap() }
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros).unwrap()
}

fn levels(rated: u8) -> Levels {
    let range = |level| Level::Range { at_least: level, at_most: level, open: 0 };
    Levels { rated: range(rated), ongoing: range(0) }
}

fn course(rated: u8) -> Course {
    let changes = vec![(at(-5), levels(rated)), (at(7_000_000), Levels::NOTHING)];
    Course { first: Levels::NOTHING, changes, coverage: Digest([rated; 32]) }
}

/// The entries of a unit with two areas of a model, and one of another; and its row.
fn given() -> (Row, Vec<Vec<u8>>) {
    let areas = [("one", 1, 1), ("one", 13, 2), ("other", 1, 3)];
    let entry = |(model, number, rated): (&str, u8, u8)| Entry {
        area: area(model, number),
        course: course(rated).hash(),
    };
    let entries: Vec<Entry> = areas.into_iter().map(entry).collect();
    let projection = projection_of(&entries);
    let row = Row { stream: UnitId([7; 16]), version: 3, head: Digest([1; 32]), projection };
    (row, entries.iter().map(Entry::to_bytes).collect())
}

fn check(entries: &[Vec<u8>], of: &AreaRef, course: Option<&[u8]>, expected: &Expect) {
    let told = match open_area(&given().0, entries, of, course) {
        Ok(Some(course)) => format!("{} then", course.at(at(0)).rated),
        Ok(None) => "nothing is told of it".to_owned(),
        Err(error) => error.to_string(),
    };
    expected.assert_eq(&told);
}

#[test]
fn an_area_is_opened_by_all_entries_of_its_unit_and_its_own_course() {
    let (_, entries) = given();
    let (one, other) = (course(1).to_bytes(), course(2).to_bytes());
    check(&entries, &area("one", 1), Some(&one), &expect!["1 then"]);
    check(&entries, &area("one", 13), Some(&other), &expect!["2 then"]);
    check(&entries, &area("one", 2), None, &expect!["nothing is told of it"]);
    check(
        &entries,
        &area("one", 1),
        Some(&other),
        &expect![
            "the areas of the row are not opened: the course is not the one that the row says of the area"
        ],
    );
    check(
        &entries,
        &area("one", 1),
        None,
        &expect!["the areas of the row are not opened: the course of the area is missing"],
    );
    check(
        &entries,
        &area("one", 2),
        Some(&one),
        &expect!["the areas of the row are not opened: the row has no entry of the area"],
    );
    // Were an entry left out, nothing would be told of its area.
    check(
        &entries[1..],
        &area("one", 1),
        None,
        &expect![
            "the areas of the row are not opened: the entries are not all those that the row says"
        ],
    );
    let twice = [entries.clone(), entries[2..].to_vec()].concat();
    check(
        &twice,
        &area("one", 1),
        Some(&one),
        &expect![
            "the areas of the row are not opened: entries stand in the order of models and areas, each once"
        ],
    );
}

#[test]
fn a_row_of_which_nothing_is_told_opens_to_nothing() {
    let (row, _) = given();
    let row = Row { projection: Digest::ZERO, ..row };
    let none: [&[u8]; 0] = [];
    assert_eq!(open_area(&row, &none, &area("one", 1), None), Ok(None));
    assert!(open_area(&row, &given().1, &area("one", 2), None).is_err());
}

#[test]
fn a_level_is_told_for_every_moment() {
    let course = course(2);
    let told = [at(-6), at(-5), at(6_999_999), at(7_000_000)].map(|at| course.at(at).rated);
    let two = levels(2).rated;
    assert_eq!(told, [Level::NotRated, two, two, Level::NotRated]);
}

#[test]
fn no_byte_of_what_opens_a_row_changes_unseen() {
    let (row, entries) = given();
    let (of, course) = (area("one", 13), course(2).to_bytes());
    for (number, entry) in entries.iter().enumerate() {
        for byte in 0..entry.len() {
            for bit in 0..8 {
                let mut changed = entries.clone();
                changed[number][byte] ^= 1 << bit;
                assert!(open_area(&row, &changed, &of, Some(&course)).is_err(), "{number} {byte}");
            }
        }
    }
    for byte in 0..course.len() {
        let mut changed = course.clone();
        changed[byte] ^= 1 << (byte % 8);
        assert!(open_area(&row, &entries, &of, Some(&changed)).is_err(), "{byte}");
    }
}

fn any_level() -> impl Strategy<Value = Level> {
    prop_oneof![
        (any::<u8>(), any::<u8>(), any::<u16>())
            .prop_map(|(at_least, at_most, open)| Level::Range { at_least, at_most, open }),
        Just(Level::NotRated),
        Just(Level::NotApplicable),
        Just(Level::NotDeterminable),
    ]
}

fn any_course() -> impl Strategy<Value = Course> {
    let levels =
        || (any_level(), any_level()).prop_map(|(rated, ongoing)| Levels { rated, ongoing });
    let instants = prop::collection::btree_map(-1_000_000_000..1_000_000_000_i64, levels(), 0..9);
    (levels(), instants, any::<[u8; 32]>()).prop_map(|(first, changes, coverage)| {
        let mut kept: Vec<(Timestamp, Levels)> = Vec::new();
        for (micros, levels) in changes {
            if kept.last().map_or(first, |(_, last)| *last) != levels {
                kept.push((at(micros), levels));
            }
        }
        Course { first, changes: kept, coverage: Digest(coverage) }
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(course in any_course(), number in 1_u8..=99) {
        let bytes = course.to_bytes();
        prop_assert_eq!(Course::read(&bytes).unwrap(), course.clone());
        if let Some(of) = AreaId::new(number) {
            let of = AreaRef { model: "some-model".parse().unwrap(), area: of };
            let entry = Entry { area: of, course: course.hash() };
            prop_assert_eq!(Entry::read(&entry.to_bytes()).unwrap(), entry);
        }
    }

    #[test]
    fn what_nobody_wrote_is_read_as_it_is_or_refused(bytes: Vec<u8>) {
        if let Ok(course) = Course::read(&bytes) {
            prop_assert_eq!(course.to_bytes(), bytes.clone());
        }
        if let Ok(entry) = Entry::read(&bytes) {
            prop_assert_eq!(entry.to_bytes(), bytes);
        }
    }

    #[test]
    fn a_course_of_which_some_bytes_are_others_is_read_as_it_is_or_refused(
        course in any_course(), at in any::<prop::sample::Index>(), with in prop::collection::vec(any::<u8>(), 0..9),
    ) {
        let mut bytes = course.to_bytes();
        let at = at.index(bytes.len());
        let end = (at + with.len()).min(bytes.len());
        bytes.splice(at..end, with);
        if let Ok(course) = Course::read(&bytes) {
            prop_assert_eq!(course.to_bytes(), bytes);
        }
    }
}
