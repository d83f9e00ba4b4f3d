//! Laws that hold for every history.

use gradus_domain::coverage::{Support, support};
use gradus_domain::level::{AreaAnswer, Question, levels, rating_in_force};
use gradus_domain::sse_cmm::LevelAnswer;
use gradus_domain::{At, Draft, UnitHistory, UnitState, Verdict, rater};
use gradus_model::rating::Value;
use gradus_model::{Digest, Event, EvidenceId, Target, Timestamp};
use proptest::prelude::*;

use crate::given::{
    Everyone, Fact, TRUSTING, history, occasion, rating, recorded, target, under, unit, who,
};
use crate::made_up::{
    DAY_MICROS, PRACTICES, TINY, has_new_id, moment, proposal, propose, state, story,
};

fn everything(valid_at: Timestamp) -> At {
    At::with_everything(valid_at)
}

fn question(at: At) -> Question<'static> {
    Question { at, rules: &TRUSTING, model: &TINY, providers: &Everyone }
}

fn answers(history: &UnitHistory, at: At) -> Vec<AreaAnswer> {
    levels(&question(at), &[(unit("app"), history)])
}

fn support_of(history: &UnitHistory, target: &Target, at: At) -> Support {
    support(history, target, at, &TRUSTING, &Everyone)
}

fn bounds(answer: LevelAnswer) -> Option<(u8, u8)> {
    match answer {
        LevelAnswer::Range { at_least, at_most, .. } => Some((at_least, at_most)),
        LevelAnswer::NotRated | LevelAnswer::NotApplicable | LevelAnswer::NotDeterminable => None,
    }
}

/// Whether a fact can change what holds at `moment`: it takes effect by then, or acts on the whole
/// validity of an item or rating, or corrects an end.
fn acts_by(moment: Timestamp, before: &UnitHistory, fact: &Fact) -> bool {
    let begun = fact.proposal.effective_at <= moment;
    let has_end =
        |item: EvidenceId| before.item(item).is_some_and(|item| item.ended_at(u64::MAX).is_some());
    match &fact.proposal.event {
        Event::EvidenceSubmitted(item) => {
            begun || item.work_from.is_some_and(|from| from <= moment)
        }
        Event::EvidenceEnded(of) => begun || has_end(of.evidence),
        Event::EvidenceSuperseded(of) => begun || has_end(of.evidence),
        Event::RatingEnded(of) => {
            let known = before.rating(of.rating);
            begun || known.is_some_and(|rating| rating.ended_at(u64::MAX).is_some())
        }
        Event::EvidenceAccepted(_)
        | Event::EvidenceRejected(_)
        | Event::EvidenceWithdrawn(_)
        | Event::EvidenceLinked(_)
        | Event::EvidenceUnlinked(_)
        | Event::EvidenceInstanceLinked(_)
        | Event::EvidenceInstanceUnlinked(_)
        | Event::RatingWithdrawn(_) => true,
        _ => begun,
    }
}

/// Fewer cases than usual, since each is a story of up to 50 facts.
fn cases() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: usual.cases.div_ceil(4), ..usual }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn a_state_is_the_same_however_its_events_were_put_into_calls(
        story in story(),
        sizes in prop::collection::vec(1_usize..9, 50),
    ) {
        let mut by_event = UnitState::default();
        for fact in &story {
            let proposal = &fact.proposal;
            by_event.evolve(fact.actor.principal, proposal.effective_at, &proposal.event);
        }
        let mut by_call = UnitState::default();
        let mut rest = story.as_slice();
        for size in sizes {
            let (call, later) = rest.split_at(size.min(rest.len()));
            let mut draft = Draft::of(&by_call);
            for fact in call {
                let answer = draft.propose(&occasion(fact), &under(&TINY), &fact.proposal);
                prop_assert_eq!(answer, Ok(Verdict::Record));
            }
            let change = draft.finish();
            by_call.absorb(change);
            rest = later;
        }
        prop_assert_eq!(format!("{by_call:?}"), format!("{by_event:?}"));
        prop_assert_eq!(by_call.version, story.len() as u64);
    }

    #[test]
    fn a_call_is_decided_alike_however_much_of_the_stream_a_history_tells(
        story in story(),
        read in any::<prop::sample::Index>(),
        settled in any::<prop::sample::Index>(),
        call in prop::collection::vec(proposal(), 1..6),
    ) {
        // The state began anew after `settled`, and the history has read further since.
        let read = read.index(story.len() + 1);
        let settled = settled.index(read + 1);
        let whole = state(&story);
        let mut newer = UnitState::after(&history(&story[..settled]));
        for (position, fact) in (0_u64..).zip(&story).skip(settled) {
            let past = history(&story[..settled]);
            let mut draft = Draft::after(Some(&past), &newer, position);
            let verdict = draft.propose(&occasion(fact), &under(&TINY), &fact.proposal);
            prop_assert_eq!(verdict, Ok(Verdict::Record));
            let change = draft.finish();
            newer.absorb(change);
        }
        let past = history(&story[..read]);
        newer.settle(past.version);
        let next = story.len() as u64;
        let (mut one, mut other) = (Draft::of(&whole), Draft::after(Some(&past), &newer, next));
        for fact in &call {
            let (occasion, proposal) = (occasion(fact), &fact.proposal);
            let verdict = one.propose(&occasion, &under(&TINY), proposal);
            prop_assert_eq!(&verdict, &other.propose(&occasion, &under(&TINY), proposal));
            if verdict.is_err() {
                return Ok(());
            }
            prop_assert_eq!(one.version(), other.version());
        }
    }

    #[test]
    fn an_event_that_is_delivered_again_changes_nothing(
        story in story(),
        again in prop::collection::vec(any::<prop::sample::Index>(), 20),
    ) {
        let once = history(&story);
        let mut twice = UnitHistory::default();
        for (position, fact) in (0..).zip(&story) {
            twice.apply(&recorded(position, fact));
            for index in &again {
                let earlier = index.index(usize::try_from(position).unwrap() + 1);
                twice.apply(&recorded(earlier as u64, &story[earlier]));
            }
        }
        prop_assert_eq!(format!("{twice:?}"), format!("{once:?}"));
    }

    #[test]
    fn a_proposal_that_is_repeated_right_away_is_never_recorded_again(story in story()) {
        let mut state = UnitState::default();
        for fact in &story {
            prop_assert!(propose(&mut state, fact));
            prop_assert!(!propose(&mut state, fact), "{}", fact.proposal.event.name());
        }
    }

    #[test]
    fn a_call_that_names_no_moment_may_be_repeated_by_a_later_clock(
        story in story(),
        last in proposal(),
    ) {
        prop_assume!(has_new_id(&story, &last));
        let mut state = state(&story);
        let mut last = last;
        last.proposal.by_clock = true;
        propose(&mut state, &last);
        last.proposal.effective_at = last.proposal.effective_at.plus_micros(DAY_MICROS / 2);
        // Each marker names its own instant: two by two clocks are two.
        if !matches!(last.proposal.event, Event::MarkerPlaced(_)) {
            prop_assert!(!propose(&mut state, &last), "{}", last.proposal.event.name());
        }
    }

    #[test]
    fn what_is_recorded_later_does_not_show_at_a_smaller_size(
        story in story(),
        size in any::<prop::sample::Index>(),
        on in moment(),
    ) {
        let size = size.index(story.len() + 1);
        let (whole, then) = (history(&story), history(&story[..size]));
        let as_known = At { valid_at: on, size: size as u64 };
        prop_assert_eq!(answers(&whole, as_known), answers(&then, everything(on)));
        for item in whole.evidence(as_known.size) {
            prop_assert_eq!(
                whole.practices_of(item.id, as_known.size),
                then.practices_of(item.id, u64::MAX)
            );
        }
    }

    #[test]
    fn what_takes_effect_later_does_not_show_at_an_earlier_date(
        story in story(),
        more in prop::collection::vec(proposal(), 0..20),
        on in moment(),
    ) {
        let before = history(&story);
        let (mut after, mut longer, mut state) = (before.clone(), story.clone(), state(&story));
        for proposed in more {
            let fits = has_new_id(&longer, &proposed) && !acts_by(on, &after, &proposed);
            if fits && propose(&mut state, &proposed) {
                after.apply(&recorded(longer.len() as u64, &proposed));
                longer.push(proposed);
            }
        }
        for practice in PRACTICES.map(target) {
            let (was, is) = (
                support_of(&before, &practice, everything(on)),
                support_of(&after, &practice, everything(on)),
            );
            // How long it holds may change: an end that lies ahead is known now.
            prop_assert_eq!(was.name(), is.name());
            prop_assert_eq!(
                rating_in_force(&before, &practice, &TRUSTING, everything(on)),
                rating_in_force(&after, &practice, &TRUSTING, everything(on))
            );
        }
    }

    #[test]
    fn what_is_supported_stays_so_until_the_instant_told_unless_it_is_contradicted(
        story in story(),
        on in moment(),
        days in 0_i64..800,
    ) {
        let history = history(&story);
        let later = on.plus_micros(days * DAY_MICROS);
        for practice in PRACTICES.map(target) {
            if let Support::Supported { until } = support_of(&history, &practice, everything(on)) {
                prop_assert!(on < until);
                if later < until {
                    let then = support_of(&history, &practice, everything(later));
                    prop_assert!(["supported", "contradicted"].contains(&then.name()));
                }
            }
        }
    }

    #[test]
    fn a_floor_never_sinks_with_time_nor_with_what_is_recorded(
        story in story(),
        moments in prop::array::uniform2(moment()),
        sizes in prop::array::uniform2(0_u64..50),
    ) {
        let settings = history(&story).settings;
        let (early, late) = (moments[0].min(moments[1]), moments[0].max(moments[1]));
        let (fewer, more) = (sizes[0].min(sizes[1]), sizes[0].max(sizes[1]));
        for area in settings.floors.keys() {
            let floor = |valid_at, size| settings.floor_of(area, At { valid_at, size });
            prop_assert!(floor(early, more) <= floor(late, more));
            prop_assert!(floor(late, fewer) <= floor(late, more));
        }
    }

    #[test]
    fn no_level_above_0_without_every_base_practice_judged_satisfied(
        story in story(),
        on in moment(),
    ) {
        for area in answers(&history(&story), everything(on)) {
            let base = area.practices.iter().take(usize::from(area.coverage.practices));
            let satisfied = base.clone().all(|practice| {
                practice.rating.is_some_and(|rating| rating.value == Value::Satisfied)
            });
            let supported =
                base.clone().all(|practice| matches!(practice.support, Support::Supported { .. }));
            let rated = bounds(area.rated).unwrap_or_default();
            let ongoing = bounds(area.ongoing).unwrap_or_default();
            prop_assert!(rated.0 == 0 || satisfied);
            prop_assert!(ongoing.0 == 0 || (satisfied && supported));
            // Evidence takes away and never adds.
            prop_assert!(ongoing.0 <= rated.0 && ongoing.1 <= rated.1);
            prop_assert_eq!(bounds(area.rated).is_some(), bounds(area.ongoing).is_some());
        }
    }

    #[test]
    fn what_the_rule_rater_proposes_is_recorded_and_leaves_it_nothing_more_to_say(
        story in story(),
        on in moment(),
    ) {
        let run = |story: &[Fact]| -> Vec<Fact> {
            let id = |number: u32| rating(&format!("rule {number}"));
            let question = question(everything(on));
            let proposed = rater::rate(&question, 9, Digest([3; 32]), &history(story), id);
            let by_a_service = |proposal| Fact { proposal, actor: who("bot") };
            proposed.into_iter().map(by_a_service).collect()
        };
        let mut state = state(&story);
        let mut longer = story.clone();
        for fact in run(&story) {
            prop_assert!(propose(&mut state, &fact), "{:?}", fact.proposal.event);
            longer.push(fact);
        }
        let more = run(&longer);
        prop_assert!(more.is_empty(), "{more:?}");
    }
}
