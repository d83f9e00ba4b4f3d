//! Laws of the bytes: what was written is read back, and nothing else is read.

use std::cell::RefCell;
use std::collections::BTreeMap;

use gradus_domain::coverage::SupportKind;
use gradus_domain::fold::AreaCourse;
use gradus_domain::scheme::Levels;
use gradus_domain::sse_cmm::LevelAnswer;
use gradus_domain::steps::Steps;
use gradus_model::unit::AreaRef;
use gradus_model::{Target, Timestamp, UnitId};
use proptest::prelude::*;

use super::blocks::{BlockId, Blocks, is_named};
use super::part::{Lies, put_steps, put_target, read_steps, read_target, value_at};
use super::{Batch, Fault, Row, read_key};
use crate::projector::{Course, Part, Revision};

#[derive(Default)]
struct Kept(RefCell<BTreeMap<BlockId, Vec<u8>>>);

impl Blocks for Kept {
    fn block(&self, id: BlockId) -> Result<Vec<u8>, Fault> {
        self.0.borrow().get(&id).cloned().ok_or(Fault::Missing(id))
    }
}

fn on(micros: i64) -> Timestamp {
    Timestamp::MIN.plus_micros(micros)
}

const SUPPORTS: [SupportKind; 4] = [
    SupportKind::Unsupported,
    SupportKind::Supported,
    SupportKind::Lapsed,
    SupportKind::Contradicted,
];

fn any_answer() -> impl Strategy<Value = LevelAnswer> {
    prop_oneof![
        Just(LevelAnswer::NotRated),
        Just(LevelAnswer::NotApplicable),
        Just(LevelAnswer::NotDeterminable),
        (0_u8..6, 0_u8..6, 0_u16..40).prop_map(|(at_least, at_most, open)| LevelAnswer::Range {
            at_least,
            at_most,
            open
        }),
    ]
}

fn any_levels() -> impl Strategy<Value = Levels> {
    let two = (any_answer(), any_answer()).prop_map(|(rated, ongoing)| Levels { rated, ongoing });
    prop_oneof![any_answer().prop_map(Levels::both), two]
}

/// Instants on days, on seconds and in between.
fn any_instant() -> impl Strategy<Value = Timestamp> {
    let (second, day) = (1_000_000_i64, 86_400_000_000_i64);
    prop_oneof![
        (1_i64..90_000).prop_map(move |days| on(days * day)),
        (1_i64..9_000_000_000).prop_map(move |seconds| on(seconds * second)),
        (1_i64..9_000_000_000_000_000).prop_map(on),
        Just(Timestamp::MAX),
    ]
}

fn steps<T: PartialEq>(first: T, changes: BTreeMap<Timestamp, T>) -> Steps<T> {
    let mut steps = Steps::always(first);
    for (instant, value) in changes {
        steps.then(instant, value);
    }
    steps
}

fn written<V: super::part::Value>(steps: &Steps<V>, kept: &Kept) -> (Lies, Vec<u8>) {
    let mut bytes = Vec::new();
    let lies = put_steps(&mut bytes, steps, &mut |id, block| {
        assert!(is_named(id, &block));
        kept.0.borrow_mut().insert(id, block);
    });
    (lies, bytes)
}

fn many(points: i64) -> Steps<SupportKind> {
    let mut steps = Steps::always(SupportKind::Unsupported);
    for number in 1..=points {
        let kind = [SupportKind::Supported, SupportKind::Lapsed][usize::from(number % 2 == 0)];
        steps.then(on(number * 90_061_000_000), kind);
    }
    steps
}

proptest! {
    #[test]
    fn a_function_is_read_back_as_it_was_written_whole_and_at_every_instant(
        first in 0_usize..4,
        changes in prop::collection::btree_map(any_instant(), 0_usize..4, 0..200),
        levels in any_levels(),
        leveled in prop::collection::btree_map(any_instant(), any_levels(), 0..200),
        asked in prop::collection::vec(any_instant(), 20),
    ) {
        let changes = changes.into_iter().map(|(at, kind)| (at, SUPPORTS[kind])).collect();
        let (support, levels) = (steps(SUPPORTS[first], changes), steps(levels, leveled));
        let kept = Kept::default();
        let (lies, bytes) = written(&support, &kept);
        prop_assert_eq!(&read_steps::<SupportKind>(lies, &bytes, &kept).unwrap(), &support);
        for at in asked.iter().copied().chain(support.instants()) {
            prop_assert_eq!(value_at::<SupportKind>(lies, &bytes, at, &kept).unwrap(), *support.at(at));
        }
        let (lies, bytes) = written(&levels, &kept);
        prop_assert_eq!(&read_steps::<Levels>(lies, &bytes, &kept).unwrap(), &levels);
        for at in asked.iter().copied().chain(levels.instants()) {
            prop_assert_eq!(value_at::<Levels>(lies, &bytes, at, &kept).unwrap(), *levels.at(at));
        }
    }

    #[test]
    fn bytes_by_chance_are_refused_or_read_and_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..120),
        at in any_instant(),
    ) {
        let kept = Kept::default();
        let area = area();
        for lies in [Lies::InPlace, Lies::InBlocks] {
            let _ = read_steps::<Levels>(lies, &bytes, &kept);
            let _ = read_steps::<SupportKind>(lies, &bytes, &kept);
            let _ = value_at::<Levels>(lies, &bytes, at, &kept);
        }
        let _ = read_target(&area, &bytes);
        let _ = read_key(&bytes);
        let mut row = Row::new(3, &bytes);
        if row.read_to(u64::MAX).is_ok() {
            let _ = row.course(&area, &kept);
            let _ = row.levels_at(at, &kept);
            let practices = [target("iso-21827-2008", "BP.05.01")];
            let _ = row.supports_of(&area, practices.iter(), at, &kept);
        }
    }
}

fn area() -> AreaRef {
    AreaRef { model: "iso-21827-2008".parse().unwrap(), area: "PA05".parse().unwrap() }
}

fn target(model: &str, practice: &str) -> Target {
    Target { model: model.parse().unwrap(), practice: practice.parse().unwrap() }
}

#[test]
fn a_practice_of_the_rows_own_area_has_a_short_name_and_any_other_a_whole_one() {
    let names = [
        ("iso-21827-2008", "BP.05.02", 1),
        ("iso-21827-2008", "BP.05.99", 1),
        ("iso-21827-2008", "PA05/GP 2.1.1", 2),
        ("iso-21827-2008", "PA05/GP 5.9.9", 2),
        ("iso-21827-2008", "PA05/5.9", 2),
        ("iso-21827-2008", "BP.06.02", 20),
        ("sse-cmm-1997", "BP.05.02", 18),
        ("sse-cmm-1997", "PA05/GP 2.1.1", 20),
    ];
    for (model, practice, length) in names {
        let target = target(model, practice);
        let mut name = Vec::new();
        put_target(&mut name, &area(), &target);
        assert_eq!(name.len(), length, "{practice}");
        assert_eq!(read_target(&area(), &name), Some(target));
        name.push(0);
        assert_eq!(read_target(&area(), &name), None);
    }
}

#[test]
fn few_change_points_lie_in_place_and_many_in_blocks() {
    let kept = Kept::default();
    for (points, lies) in [(4, Lies::InPlace), (129, Lies::InBlocks), (10_000, Lies::InBlocks)] {
        let steps = many(points);
        let (seen, bytes) = written(&steps, &kept);
        assert_eq!(seen, lies, "{points}");
        assert!(bytes.len() <= 200, "{} bytes for {points}", bytes.len());
        assert_eq!(read_steps::<SupportKind>(seen, &bytes, &kept).unwrap(), steps);
    }
}

#[test]
fn a_late_point_among_ten_thousand_adds_few_blocks() {
    let kept = Kept::default();
    let mut steps = many(10_000);
    written(&steps, &kept);
    for day in [1, 1_000, 5_000, 9_999] {
        let before = kept.0.borrow().len();
        let (from, to) = (on(day * 90_061_000_000 + 7), on(day * 90_061_000_000 + 9));
        steps.replace(from, Some(to), Steps::always(SupportKind::Contradicted));
        let (lies, bytes) = written(&steps, &kept);
        let added = kept.0.borrow().len() - before;
        assert!(added <= 6, "{added} blocks");
        assert_eq!(read_steps::<SupportKind>(lies, &bytes, &kept).unwrap(), steps);
    }
}

#[test]
fn a_block_that_is_missing_is_named() {
    let kept = Kept::default();
    let (lies, bytes) = written(&many(10_000), &kept);
    kept.0.borrow_mut().clear();
    let fault = read_steps::<SupportKind>(lies, &bytes, &kept).unwrap_err();
    assert!(matches!(fault, Fault::Missing(_)), "{fault}");
}

/// A course with these many change points of one practice.
fn course(points: i64) -> AreaCourse {
    let mut course = AreaCourse::default();
    course.supports.insert(target("iso-21827-2008", "BP.05.02"), many(points));
    course
}

#[test]
fn a_batch_lays_revisions_of_one_area_into_rows_that_stay_small() {
    let (unit, area) = (UnitId([7; 16]), area());
    let mut batch = Batch::default();
    let courses: Vec<AreaCourse> = (1..600).map(course).collect();
    for (position, course) in (10..).zip(&courses) {
        let changed = [Part::Support(course.supports.keys().next().unwrap())];
        let recorded_at = on(i64::try_from(position).unwrap());
        let (area, changed) = (&area, &changed[..]);
        let course = Course::Joined(course);
        batch.add(&Revision { unit, area, position, recorded_at, course, changed });
    }
    batch.close();
    let kept = Kept(RefCell::new(std::mem::take(&mut batch.blocks)));
    assert!(batch.rows.len() > 20, "{} rows", batch.rows.len());
    batch.rows.sort();
    let mut right = (10..).zip(&courses);
    for (key, bytes) in &batch.rows {
        assert!(bytes.len() <= 1_200, "{} bytes", bytes.len());
        let (of_unit, of_area, first) = read_key(key).unwrap();
        assert_eq!((of_unit, &of_area), (unit, &area));
        let mut row = Row::new(first, bytes);
        while let Some((position, recorded_at)) = row.next(u64::MAX).unwrap() {
            let (at, course) = right.next().unwrap();
            assert_eq!((position, recorded_at), (at, on(i64::try_from(at).unwrap())));
            assert_eq!(row.course(&area, &kept).unwrap(), *course);
        }
    }
    assert!(right.next().is_none());
}
