//! The evidence for practices by process instance, counted as coverage counts it.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use gradus_domain::coverage::support;
use gradus_domain::level::{Question, levels};
use gradus_domain::scheme::Outline;
use gradus_domain::sufficiency::{Cell, Class, Fresh, PracticeRow, sufficiency};
use gradus_domain::{At, Rules};
use gradus_model::evidence::{Kind, Outcome, Strength};
use gradus_model::{Label, Target};
use proptest::prelude::*;

use crate::given::{
    Everyone, Fact, ISO, STRICT, TRUSTING, accepted, at, ended, history, instance_linked,
    instance_unlinked, known, question, rejected, submitted, unit, withdrawn,
};
use crate::made_up::{TINY, moment, story};

fn rows(facts: &[Fact], at: At, rules: &Rules) -> Vec<PracticeRow> {
    let area = ISO.area("PA01".parse().unwrap()).unwrap();
    let outline = Outline::of(&ISO, area, rules.scheme);
    sufficiency(&question(at, rules), &history(facts), &outline)
}

fn cell(cell: &Cell) -> String {
    let name = cell.instance.as_ref().map_or("-", Label::as_str);
    let mut told = format!("[{name}:");
    for (class, sign) in Class::ALL.into_iter().zip(["direct", "indirect", "weak", "spoken"]) {
        let Fresh { fresh, stale } = cell.of(class);
        if fresh + stale > 0 {
            let _ = write!(told, " {sign} {fresh}+{stale}");
        }
    }
    let rest =
        [("against", cell.contradicting), ("waiting", cell.waiting), ("silent", cell.silent)];
    for (what, count) in rest.into_iter().filter(|(_, count)| *count > 0) {
        let _ = write!(told, " {what} {count}");
    }
    told + "]"
}

/// The practices of PA01 of which something is known, a line each, below each point.
fn check(rules: &Rules, facts: &[Fact], points: &[At], expected: Expect) {
    let mut lines = String::new();
    for point in points {
        let _ = writeln!(lines, "{}", &point.valid_at.to_string()[..10]);
        for row in rows(facts, *point, rules).iter().filter(|row| !row.cells.is_empty()) {
            let missing: Vec<_> = row.missing.iter().map(|missing| missing.name()).collect();
            let missing = if missing.is_empty() { "enough".into() } else { missing.join(" ") };
            let cells: Vec<_> = row.cells.iter().map(cell).collect();
            let (practice, cells) = (row.target.practice, cells.join(" "));
            let _ = writeln!(lines, "  {practice} {} {missing} {cells}", row.support.name());
        }
    }
    expected.assert_eq(&lines);
}

fn of(instance: &str, fact: Fact) -> Fact {
    fact.with(|item| item.instance = Some(instance.parse().unwrap()))
}

#[test]
fn items_are_counted_by_instance_class_and_freshness() {
    let scan = submitted("E2").of_kind(Kind::ScanReport).strength(Strength::Indirect);
    let facts = [
        submitted("E1").on("2026-03-01"),
        of("web", scan.on("2026-03-01")),
        of("web", submitted("E3").of_kind(Kind::Interview).on("2026-03-01")),
        of("api", submitted("E4").on("2026-04-01")),
    ];
    // A scan speaks for 90 days, the others for a year.
    let points = [at("2026-02-28"), at("2026-03-01"), at("2026-06-01"), at("2027-03-15")];
    check(
        &TRUSTING,
        &facts,
        &points,
        expect![[r#"
        2026-02-28
        2026-03-01
          BP.01.01 supported enough [-: direct 1+0] [web: indirect 1+0 spoken 1+0]
        2026-06-01
          BP.01.01 supported enough [-: direct 1+0] [api: direct 1+0] [web: indirect 0+1 spoken 1+0]
        2027-03-15
          BP.01.01 supported enough [-: direct 0+1] [api: direct 1+0] [web: indirect 0+1 spoken 0+1]
    "#]],
    );
}

#[test]
fn an_item_is_counted_once_in_each_instance_that_it_belongs_to_and_backs_its_practice_once() {
    let facts = [
        of("web", submitted("E1")),
        submitted("E2"),
        instance_linked("E1", &["api", "web"]),
        instance_linked("E2", &["api"]),
        instance_unlinked("E1", &["web"]),
        instance_unlinked("E2", &["api"]),
    ];
    let day = "2026-03-01";
    let points: Vec<At> = (2..=6).map(|size| known(day, size)).collect();
    check(
        &TRUSTING,
        &facts,
        &points,
        expect![[r#"
        2026-03-01
          BP.01.01 supported enough [-: direct 1+0] [web: direct 1+0]
        2026-03-01
          BP.01.01 supported enough [-: direct 1+0] [api: direct 1+0] [web: direct 1+0]
        2026-03-01
          BP.01.01 supported enough [api: direct 2+0] [web: direct 1+0]
        2026-03-01
          BP.01.01 supported enough [api: direct 2+0]
        2026-03-01
          BP.01.01 supported enough [-: direct 1+0] [api: direct 1+0]
    "#]],
    );
    for point in points {
        let row = &rows(&facts, point, &TRUSTING)[0];
        assert_eq!(row.appraised, 0, "the items are two, however many cells they are in");
    }
}

#[test]
fn what_is_missing_is_the_least_that_would_do() {
    let one = |fact: Fact| vec![fact.by("bob")];
    let old = submitted("E1").on("2024-01-01");
    let against = submitted("E2").outcome(Outcome::Contradicts);
    let mut lines = String::new();
    for (what, facts) in [
        ("nothing", vec![]),
        ("rejected", vec![submitted("E1"), rejected("E1")]),
        ("withdrawn", vec![submitted("E1"), withdrawn("E1")]),
        ("waiting", one(submitted("E1"))),
        ("waiting and old", one(old.clone())),
        ("waiting and ended where it began", vec![submitted("E1").by("bob"), ended("E1")]),
        ("accepted", vec![submitted("E1").by("bob"), accepted("E1")]),
        ("old", vec![old.clone()]),
        ("old, and one waits", vec![old, submitted("E2").by("bob")]),
        ("weak", vec![submitted("E1").strength(Strength::Weak)]),
        ("weak and waiting", one(submitted("E1").strength(Strength::Weak))),
        ("inconclusive", vec![submitted("E1").outcome(Outcome::Inconclusive)]),
        ("against only", vec![against.clone()]),
        ("against, and one waits", vec![against.clone(), submitted("E1").by("bob")]),
        ("for and against", vec![submitted("E1"), against.clone()]),
        ("against once", vec![against.valid_until("2026-04-01")]),
    ] {
        let row = rows(&facts, at("2026-05-01"), &TRUSTING).swap_remove(0);
        let missing: Vec<_> = row.missing.iter().map(|missing| missing.name()).collect();
        let cells: String = row.cells.iter().map(cell).collect();
        let (support, missing) = (row.support.name(), missing.join(" "));
        let _ = writeln!(lines, "{what}: {support}, lacks <{missing}> {cells}");
    }
    expect![[r#"
        nothing: unsupported, lacks <evidence> 
        rejected: unsupported, lacks <evidence> 
        withdrawn: unsupported, lacks <evidence> 
        waiting: unsupported, lacks <review> [-: waiting 1]
        waiting and old: unsupported, lacks <evidence> [-: silent 1]
        waiting and ended where it began: unsupported, lacks <evidence> [-: silent 1]
        accepted: supported, lacks <> [-: direct 1+0]
        old: lapsed, lacks <renewal> [-: direct 0+1]
        old, and one waits: lapsed, lacks <review> [-: direct 0+1 waiting 1]
        weak: unsupported, lacks <strength> [-: silent 1]
        weak and waiting: unsupported, lacks <strength> [-: silent 1]
        inconclusive: unsupported, lacks <evidence> [-: silent 1]
        against only: contradicted, lacks <resolution evidence> [-: against 1]
        against, and one waits: contradicted, lacks <resolution review> [-: against 1 waiting 1]
        for and against: contradicted, lacks <resolution> [-: direct 1+0 against 1]
        against once: unsupported, lacks <evidence> [-: silent 1]
    "#]]
    .assert_eq(&lines);
}

#[test]
fn a_review_counts_from_where_it_was_recorded() {
    let facts = [submitted("E1"), submitted("E2"), accepted("E1"), rejected("E2")];
    let sizes: Vec<At> = (0..=4).map(|size| known("2026-03-01", size)).collect();
    check(
        &STRICT,
        &facts,
        &sizes,
        expect![[r#"
        2026-03-01
        2026-03-01
          BP.01.01 unsupported review [-: waiting 1]
        2026-03-01
          BP.01.01 unsupported review [-: waiting 2]
        2026-03-01
          BP.01.01 supported enough [-: direct 1+0 waiting 1]
        2026-03-01
          BP.01.01 supported enough [-: direct 1+0]
    "#]],
    );
}

/// Everything that a cell counts.
fn all(cell: &Cell) -> u32 {
    let supporting = cell.supporting.iter().map(|count| count.fresh + count.stale);
    supporting.sum::<u32>() + cell.contradicting + cell.waiting + cell.silent
}

proptest! {
    #[test]
    fn the_matrix_says_what_levels_say_and_counts_every_item_once_in_each_of_its_instances(
        story in story(),
        valid_at in moment(),
        size in any::<prop::sample::Index>(),
    ) {
        let history = history(&story);
        let at = At { valid_at, size: size.index(story.len() + 1) as u64 };
        let question = Question { at, rules: &TRUSTING, model: &TINY, providers: &Everyone };
        let answers = levels(&question, &[(unit("app"), &history)]);
        for (area, answer) in TINY.areas().iter().zip(answers) {
            let rows = sufficiency(&question, &history, &Outline::of(&TINY, area, TRUSTING.scheme));
            prop_assert_eq!(rows.len(), answer.practices.len());
            for (row, told) in rows.iter().zip(&answer.practices) {
                prop_assert_eq!(&row.target, &told.target);
                prop_assert_eq!(row.support, told.support);
                prop_assert_eq!(row.support, support(&history, &row.target, at, &TRUSTING, &Everyone));
                let fresh = |cell: &Cell| cell.supporting.iter().map(|count| count.fresh).sum::<u32>();
                let valid: u32 =
                    row.cells.iter().map(|cell| fresh(cell) + cell.contradicting).sum();
                let counted: u32 = row.cells.iter().map(all).sum();
                let (items, cells) = standing(&history, &row.target, at);
                prop_assert_eq!(counted as usize, cells);
                // Levels count an item once, however many instances it belongs to.
                prop_assert!(valid + row.appraised >= told.items);
                if items == cells {
                    prop_assert_eq!(valid + row.appraised, told.items);
                }
            }
        }
    }
}

/// The items that were put forward for a practice, whose work had begun, and that nobody took out;
/// and the cells that they are in, an item without an instance in one.
fn standing(history: &gradus_domain::UnitHistory, target: &Target, at: At) -> (usize, usize) {
    use gradus_domain::evidence::Standing::{Rejected, Withdrawn};
    let linked = history.evidence_for(target, at.size);
    let stands = linked.filter(|item| {
        item.work_from <= at.valid_at && !matches!(item.standing(at.size), Rejected | Withdrawn)
    });
    stands.fold((0, 0), |(items, cells), item| {
        (items + 1, cells + item.instances(at.size).len().max(1))
    })
}
