//! What an item no longer says is taken back, without asking every other item.

use gradus_domain::coverage::testimony;
use gradus_domain::fold::{AreaFold, Given};
use gradus_domain::{Rules, UnitHistory};
use gradus_model::evidence::{Kind, Outcome, Strength};
use gradus_model::{Event, EvidenceId, Target};
use proptest::prelude::*;

use crate::given::{
    Everyone, Fact, TRUSTING, accepted, day, ended, evidence, recorded, rejected, submitted,
    superseded, target, withdrawn,
};
use crate::made_up::{DAY_MICROS, TINY};

const PRACTICE: &str = "tiny:BP.01.01";

fn target_of_all() -> Target {
    target(PRACTICE)
}

fn on_day(mut fact: Fact, number: i64) -> Fact {
    fact.proposal.effective_at = day("2015-01-01").plus_micros(number * DAY_MICROS);
    fact
}

fn name(number: usize) -> String {
    format!("E{number}")
}

/// Items whose work goes on day by day, in about the order in which it is recorded; now and then
/// there is a gap, an item of long ago, or one that speaks against the practice.
fn items() -> impl Strategy<Value = Vec<Fact>> {
    let kind = prop::sample::select(
        &[Kind::ScanReport, Kind::ScanReport, Kind::Document, Kind::Policy, Kind::Incident][..],
    );
    let outcome = prop_oneof![
        12 => Just(Outcome::Supports),
        2 => Just(Outcome::Contradicts),
        1 => Just(Outcome::Inconclusive),
    ];
    let step = prop_oneof![30 => 0_i64..4, 1 => 100_i64..900];
    let lag = prop_oneof![12 => 0_i64..5, 1 => 100_i64..2_000];
    let item = (kind, outcome, step, lag, 0_i64..30, any::<bool>());
    prop::collection::vec(item, 1..260).prop_map(|made| {
        let (mut now, mut items) = (0, Vec::new());
        for (number, (kind, outcome, step, lag, lasted, is_trusted)) in (0..).zip(made) {
            now += step;
            let item = submitted(&name(number)).of_kind(kind).outcome(outcome);
            let item = item.for_practices(&[PRACTICE]).strength(Strength::Direct);
            let item = on_day(item, now - lag);
            let from = item.proposal.effective_at.plus_micros(-lasted * DAY_MICROS);
            let item = item.with(|item| item.work_from = Some(from));
            items.push(if is_trusted { item } else { item.by("carol") });
        }
        items
    })
}

/// What may happen to one of so many items.
fn change() -> impl Strategy<Value = (prop::sample::Index, u8, i64)> {
    (any::<prop::sample::Index>(), 0_u8..10, -40_i64..400)
}

fn changed(items: &[Fact], (which, how, later): &(prop::sample::Index, u8, i64)) -> Fact {
    let number = which.index(items.len());
    let name = name(number);
    let mut fact = match how {
        0..5 => ended(&name),
        5 => superseded(&name, "E0"),
        6 => rejected(&name),
        7 => withdrawn(&name),
        _ => accepted(&name),
    };
    let worked = items[number].proposal.effective_at;
    fact.proposal.effective_at = worked.plus_micros(later * DAY_MICROS);
    fact
}

fn given<'a>(history: &'a UnitHistory, size: u64, rules: &'a Rules) -> Given<'a> {
    Given { history, size, model: &TINY, rules, providers: &Everyone }
}

fn about(fact: &Fact) -> EvidenceId {
    match &fact.proposal.event {
        Event::EvidenceSubmitted(item) => item.evidence,
        Event::EvidenceSuperseded(of) => of.evidence,
        Event::EvidenceEnded(of)
        | Event::EvidenceRejected(of)
        | Event::EvidenceWithdrawn(of)
        | Event::EvidenceAccepted(of) => of.evidence,
        other => panic!("{} is about no item", other.name()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_fold_that_takes_back_is_as_one_that_hears_all_that_is_left(
        items in items(), changes in prop::collection::vec(change(), 1..40)
    ) {
        let area = TINY.areas().first().unwrap();
        let practice = target_of_all();
        let mut history = UnitHistory::default();
        for (position, item) in (0..).zip(&items) {
            history.apply(&recorded(position, item));
        }
        let mut size = items.len() as u64;
        let mut fold = AreaFold::of(&given(&history, size, &TRUSTING), area);
        let number = fold.number(&practice).unwrap();
        for change in &changes {
            let fact = changed(&items, change);
            history.apply(&recorded(size, &fact));
            size += 1;
            let item = history.item(about(&fact)).unwrap();
            let says = |size| testimony(item, &practice, size, &TRUSTING, &Everyone);
            let given = given(&history, size, &TRUSTING);
            let before = fold.course();
            let took = match (says(size - 1), says(size)) {
                (Some(before), after) => {
                    fold.take_back_of(&given, number, &before, after.as_ref())
                }
                (None, Some(after)) => fold.hear_of(&given, number, &after),
                (None, None) => continue,
            };
            let anew = AreaFold::of(&given, area);
            prop_assert_eq!(fold.course(), anew.course());
            prop_assert_eq!(took.any(), before != fold.course());
            prop_assert_eq!(fold.bytes(), anew.bytes());
        }
    }
}

#[test]
fn the_only_item_that_is_taken_back_leaves_nothing() {
    let area = TINY.areas().first().unwrap();
    let mut history = UnitHistory::default();
    history.apply(&recorded(0, &submitted("E0").for_practices(&[PRACTICE])));
    let mut fold = AreaFold::of(&given(&history, 1, &TRUSTING), area);
    let of_nothing = AreaFold::of(&given(&history, 0, &TRUSTING), area);
    history.apply(&recorded(1, &rejected("E0")));
    let item = history.item(evidence("E0")).unwrap();
    let before = testimony(item, &target_of_all(), 1, &TRUSTING, &Everyone).unwrap();
    let number = fold.number(&target_of_all()).unwrap();
    let changed = fold.take_back_of(&given(&history, 2, &TRUSTING), number, &before, None);
    assert!(changed.support && !changed.levels, "nothing is rated: {changed:?}");
    assert_eq!(fold.course(), of_nothing.course());
    assert_eq!(fold.supports().count(), 0);
}
