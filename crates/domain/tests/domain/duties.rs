//! Separation of duties: who may accept what, who may rate what, and what is told of what stands.

use expect_test::expect;
use gradus_domain::duties::Pair;
use gradus_domain::duties::behind::Onlooker;
use gradus_domain::world::World as _;
use gradus_domain::{Draft, Rules, Under, UnitState};
use gradus_model::rating::Value;

use crate::given::{
    Everyone, Fact, ISO, STRICT, STRICT_TEXT, TRUSTING_TEXT, accepted, confirmed, conflicted, day,
    ended, evidence, history, in_words, linked, name_of, occasion, rated, rating, rejected, shown,
    state, submitted, superseded, unconflicted, unit, unlinked, withdrawn,
};
use crate::tale::{BEGUN, Tale, rules_adopted};

/// The strict rules, relaxing some pairs.
pub(crate) fn relaxing(pairs: &[Pair]) -> Rules {
    Rules::parse("made-up.toml", &(STRICT_TEXT.to_owned() + &relaxed(pairs))).unwrap()
}

fn relaxed(pairs: &[Pair]) -> String {
    let entry = |pair: &Pair| {
        format!("\n[[duties.relaxed]]\npair = \"{pair}\"\nreason = \"{pair} in a team of two\"\n")
    };
    pairs.iter().map(entry).collect()
}

/// The answer under some rules, where readers have taken in nothing of the history, all of it, or
/// its first half: always the same.
pub(crate) fn answer(facts: &[Fact], proposed: &Fact, rules: &Rules) -> String {
    let under =
        Under { model: Some(&ISO), rules: Some(rules), providers: &Everyone, ..Under::default() };
    let told = |read: usize| {
        let past = history(&facts[..read]);
        let mut base = UnitState::after(&past);
        for (position, fact) in (0..).zip(facts).skip(read) {
            let mut draft = Draft::after(Some(&past), &base, position);
            let _ = draft.propose(&occasion(fact), &everything(), &fact.proposal).unwrap();
            let change = draft.finish();
            base.absorb(change);
        }
        let mut draft = Draft::after(Some(&past), &base, facts.len() as u64);
        in_words(&draft.propose(&occasion(proposed), &under, &proposed.proposal))
    };
    let alone = in_words(&Draft::of(&state(facts)).propose(
        &occasion(proposed),
        &under,
        &proposed.proposal,
    ));
    for read in [0, facts.len() / 2, facts.len()] {
        assert_eq!(told(read), alone, "with {read} of {} read", facts.len());
    }
    alone
}

/// Under what the past was recorded: nothing is kept apart.
fn everything() -> Under<'static> {
    static ALL: std::sync::LazyLock<Rules> = std::sync::LazyLock::new(|| relaxing(&Pair::ALL));
    Under { model: Some(&ISO), rules: Some(&ALL), providers: &Everyone, conflict_above: None }
}

fn satisfied() -> Fact {
    rated("R1", "BP.01.01", Value::Satisfied).on("2026-04-01")
}

fn citing(names: &[&str]) -> Fact {
    let cited = names.iter().map(|name| evidence(name)).collect();
    satisfied().rated_as(|rating| rating.evidence = cited)
}

#[test]
fn every_hand_under_every_relaxation() {
    let pairs = [Pair::ProviderReviews, Pair::ProviderRates, Pair::ReviewerRates];
    for chosen in 0..8 {
        let chosen: Vec<Pair> = pairs
            .iter()
            .enumerate()
            .filter(|(at, _)| chosen >> at & 1 == 1)
            .map(|(_, p)| *p)
            .collect();
        let rules = relaxing(&chosen);
        let may = |pair| chosen.contains(&pair);
        for reviewer in ["alice", "bob"] {
            let one = [submitted("E1").by("alice")];
            let said = answer(&one, &accepted("E1").by(reviewer), &rules);
            let free = reviewer != "alice" || may(Pair::ProviderReviews);
            assert_eq!(said == "recorded", free, "{reviewer} accepts by {chosen:?}: {said}");

            let two = [submitted("E1").by("alice"), accepted("E1").by(reviewer)];
            for rater in ["alice", "bob", "carol"] {
                let free = (rater != "alice" || may(Pair::ProviderRates))
                    && (rater != reviewer || may(Pair::ReviewerRates));
                for rating in [satisfied(), citing(&["E1"])] {
                    let said = answer(&two, &rating.by(rater), &rules);
                    assert_eq!(said == "recorded", free, "{rater} after {reviewer}: {said}");
                }
            }
        }
    }
}

#[test]
fn a_refusal_says_whose_hand_it_was_and_what_would_be_right() {
    let facts = [submitted("E1").by("alice"), accepted("E1").by("bob")];
    let told = [
        answer(&facts[..1], &accepted("E1").by("alice"), &STRICT),
        answer(&facts, &satisfied().by("alice"), &STRICT),
        answer(&facts, &satisfied().by("bob"), &STRICT),
        answer(&[conflicted("carol", None)], &satisfied().by("carol"), &STRICT),
    ];
    expect![[r"
        refused: evidence `E1` was provided by the same principal, who cannot accept it under the rules `strict`: ask another person, or adopt rules that relax `provider-reviews`
        refused: evidence `E1` was provided by the same principal, who cannot rate what rests on it under the rules `strict`: ask another person, or adopt rules that relax `provider-rates`
        refused: evidence `E1` was accepted by the same principal, who cannot rate what rests on it under the rules `strict`: ask another person, or adopt rules that relax `reviewer-rates`
        refused: a conflict of interest of the same principal is declared since 2026-03-01T00:00:00Z, who cannot rate under the rules `strict`: ask another person, or adopt rules that relax `conflicted-rates`"]]
    .assert_eq(&told.join("\n"));
}

#[test]
fn ones_own_item_may_be_taken_back_but_never_vouched_for() {
    let own = [submitted("E1").by("alice"), submitted("E2").by("alice")];
    for (proposed, expected) in [
        (rejected("E1"), "recorded"),
        (withdrawn("E1"), "recorded"),
        (ended("E1").on("2026-04-01"), "recorded"),
        (superseded("E1", "E2"), "recorded"),
        (
            confirmed("E1"),
            "refused: evidence `E1` was provided by the same principal, who cannot confirm it",
        ),
    ] {
        assert_eq!(answer(&own, &proposed.by("alice"), &STRICT), expected);
    }
    // What somebody else accepted is accepted: to say so again records nothing.
    let by_bob = [submitted("E1").by("alice"), accepted("E1").by("bob")];
    assert_eq!(answer(&by_bob, &accepted("E1").by("alice"), &STRICT), "already so");
}

#[test]
fn who_provided_an_accepted_item_does_not_let_it_speak_for_more() {
    let (waits, accepted) = (submitted("E1").by("alice"), accepted("E1").by("bob"));
    let link = |by| linked("E1", &["BP.01.02"]).by(by);
    let facts = [waits, accepted];
    assert_eq!(answer(&facts[..1], &link("alice"), &STRICT), "recorded");
    assert_eq!(answer(&facts, &link("carol"), &STRICT), "recorded");
    assert_eq!(
        answer(&facts, &link("alice"), &STRICT),
        "refused: evidence `E1` was provided by the same principal, who cannot accept it under the rules `strict`: ask another person, or adopt rules that relax `provider-reviews`"
    );
    let relaxing = relaxing(&[Pair::ProviderReviews]);
    assert_eq!(answer(&facts, &link("alice"), &relaxing), "recorded");
}

#[test]
fn a_rating_rests_on_what_it_cites_or_else_on_what_counts_for_its_practice_then() {
    let own = || submitted("E1").by("alice");
    let counting = || vec![own(), accepted("E1").by("bob")];
    let and = |mut facts: Vec<Fact>, more: Vec<Fact>| {
        facts.extend(more);
        facts
    };
    let others = || vec![submitted("E2").by("carol"), accepted("E2").by("bob")];
    let inconclusive = own().outcome(gradus_model::evidence::Outcome::Inconclusive);
    let against = own().outcome(gradus_model::evidence::Outcome::Contradicts);
    let weak = own().strength(gradus_model::evidence::Strength::Weak);
    let free = "recorded";
    for (why, facts, rating, expected) in [
        ("it counts", counting(), satisfied(), "refused"),
        ("it speaks against", vec![against, accepted("E1").by("bob")], satisfied(), "refused"),
        ("it waits for a review, and may get it", vec![own()], satisfied(), "refused"),
        ("it is cited", vec![own()], citing(&["E1"]), "refused"),
        ("another is cited", and(counting(), others()), citing(&["E2"]), free),
        ("it was rejected", and(counting(), vec![rejected("E1").by("bob")]), satisfied(), free),
        ("it was withdrawn", and(counting(), vec![withdrawn("E1").by("bob")]), satisfied(), free),
        ("it says nothing", vec![inconclusive, accepted("E1").by("bob")], satisfied(), free),
        ("it is too weak", vec![weak, accepted("E1").by("bob")], satisfied(), free),
        (
            "it had not begun, and the rating stays",
            counting(),
            satisfied().on("2026-02-28"),
            "refused",
        ),
        ("and it waits", vec![own()], satisfied().on("2020-01-01"), "refused"),
        ("it had begun", counting(), satisfied().on("2026-03-01"), "refused"),
        ("it had ended", and(counting(), vec![ended("E1").on("2026-04-01")]), satisfied(), free),
        ("not yet", and(counting(), vec![ended("E1").on("2026-04-02")]), satisfied(), "refused"),
        (
            "another took its place",
            and(and(counting(), others()), vec![superseded("E1", "E2").on("2026-03-31")]),
            satisfied(),
            free,
        ),
        (
            "its end was given",
            vec![own().valid_until("2026-04-01"), accepted("E1").by("bob")],
            satisfied(),
            free,
        ),
        ("its window is not over", counting(), satisfied().on("2026-06-01"), "refused"),
        (
            "its window is over",
            vec![own().on("2025-01-01"), accepted("E1").by("bob")],
            satisfied(),
            free,
        ),
        (
            "it speaks for another practice",
            vec![own().for_practices(&["BP.01.02"]), accepted("E1").by("bob")],
            satisfied(),
            free,
        ),
        (
            "it is linked to this one, too",
            vec![
                own().for_practices(&["BP.01.02"]),
                accepted("E1").by("bob"),
                linked("E1", &["BP.01.01"]),
            ],
            satisfied(),
            "refused",
        ),
        (
            "it is no longer",
            and(counting(), vec![unlinked("E1", &["BP.01.01"])]),
            satisfied(),
            free,
        ),
    ] {
        let said = answer(&facts, &rating.by("alice"), &STRICT);
        assert_eq!(said.split(':').next(), Some(expected), "{why}: {said}");
    }
}

#[test]
fn what_counts_on_arrival_has_a_provider_and_no_reviewer() {
    let trusting = Rules::parse("trusted-tools.toml", TRUSTING_TEXT).unwrap();
    let pushed = [submitted("E1").by("bot")];
    assert_eq!(answer(&pushed, &satisfied().by("alice"), &trusting), "recorded");
    // A person whose evidence the rules trust provides it all the same.
    let listed = format!(
        "{STRICT_TEXT}\n[[trusted]]\nprincipals = [\"{}\"]\n",
        crate::given::who("alice").principal
    );
    let listed = Rules::parse("listed.toml", &listed).unwrap();
    let own = [submitted("E1").by("alice")];
    assert!(answer(&own, &satisfied().by("alice"), &listed).starts_with("refused: evidence `E1`"));
    assert_eq!(answer(&own, &satisfied().by("bob"), &listed), "recorded");
    // Where it waits, it is hers all the same.
    assert!(answer(&own, &satisfied().by("alice"), &STRICT).starts_with("refused: evidence `E1`"));
}

#[test]
fn the_rule_rater_is_in_nobodys_hand() {
    let facts = [conflicted("alice", None), submitted("E1").by("alice"), accepted("E1").by("bob")];
    let basis = gradus_model::rating::Basis {
        valid_at: day("2026-04-01"),
        log_size: 3,
        rules: crate::given::digest("strict"),
    };
    for name in ["alice", "bob", "bot"] {
        let by_rule = satisfied().rated_as(|rating| rating.basis = Some(basis)).by(name);
        assert_eq!(answer(&facts, &by_rule, &STRICT), "recorded", "{name}");
    }
}

#[test]
fn a_batch_is_judged_by_what_it_says_itself() {
    let empty = UnitState::default();
    let under = Under { model: Some(&ISO), rules: Some(&STRICT), ..Under::default() };
    let mut draft = Draft::of(&empty);
    let mut propose =
        |fact: Fact| in_words(&draft.propose(&occasion(&fact), &under, &fact.proposal));
    assert_eq!(propose(submitted("E1").by("alice")), "recorded");
    assert!(propose(accepted("E1").by("alice")).starts_with("refused: evidence `E1` was provided"));
    assert_eq!(propose(accepted("E1").by("bob")), "recorded");
    assert!(propose(satisfied().by("alice")).starts_with("refused: evidence `E1` was provided"));
    assert!(propose(citing(&["E1"]).by("bob")).starts_with("refused: evidence `E1` was accepted"));
    assert_eq!(propose(satisfied().by("carol")), "recorded");
}

#[test]
fn a_conflict_is_in_force_from_when_it_is_declared_until_it_is_over() {
    let declared = || conflicted("alice", Some("2026-05-01")).on("2026-04-01");
    let over = unconflicted("alice").on("2026-04-20");
    let ahead = conflicted("alice", None).on("2026-06-02");
    let never = vec![declared(), unconflicted("alice").on("2026-04-01")];
    for (facts, on, expected) in [
        // A rating that is dated to before it stands while it is in force, too.
        (vec![declared()], "2026-03-31", "refused"),
        (vec![declared()], "2020-01-01", "refused"),
        (vec![declared()], "2026-04-01", "refused"),
        (vec![declared()], "2026-04-30", "refused"),
        (vec![declared()], "2026-05-01", "recorded"),
        (vec![declared(), over.clone()], "2026-04-19", "refused"),
        (vec![declared(), over], "2026-04-20", "recorded"),
        (never, "2026-03-31", "recorded"),
        // One of tomorrow is not in force while she rates.
        (vec![ahead], "2026-05-01", "recorded"),
        (vec![conflicted("alice", None).on("2026-06-01")], "2026-05-01", "refused"),
    ] {
        let said = answer(&facts, &satisfied().on(on).by("alice"), &STRICT);
        assert_eq!(said.split(':').next(), Some(expected), "{on}: {said}");
        assert_eq!(answer(&facts, &satisfied().on(on).by("bob"), &STRICT), "recorded");
        let allowing = relaxing(&[Pair::ConflictedRates]);
        assert_eq!(answer(&facts, &satisfied().on(on).by("alice"), &allowing), "recorded");
    }
}

#[test]
fn a_conflict_is_declared_with_a_reason_and_once() {
    let declared = || conflicted("alice", Some("2026-05-01"));
    let mut silent = declared();
    silent.proposal.payload = gradus_model::Payload::empty();
    for (facts, proposed, expected) in [
        (vec![], declared(), "recorded"),
        (vec![], silent, "refused: a reason is needed"),
        (
            vec![],
            declared().on("2026-05-01"),
            "refused: `until` is 2026-05-01T00:00:00Z, which is not after 2026-05-01T00:00:00Z",
        ),
        (vec![declared()], declared(), "already so"),
        (vec![declared()], declared().by_clock("2026-04-01"), "already so"),
        (vec![declared()], conflicted("alice", None), "recorded"),
        (vec![declared()], conflicted("bob", None), "recorded"),
        (vec![declared()], unconflicted("alice"), "recorded"),
        (vec![declared(), unconflicted("alice")], unconflicted("alice"), "already so"),
        (
            vec![declared()],
            unconflicted("bob"),
            "refused: no conflict of interest of principal `bob` was declared on this unit",
        ),
    ] {
        assert_eq!(answer(&facts, &proposed, &STRICT), expected);
    }
}

/// What the rating `R1` of the app stands under, as known with so many records of the tale.
fn standing(tale: &Tale, told: u64) -> String {
    let size = BEGUN + told;
    let history = tale.history(unit("app")).unwrap();
    let of = history.rating(rating("R1")).unwrap();
    let onlooker = Onlooker::new(tale, unit("app"), size);
    let standing = onlooker.of(history, of);
    assert!(!onlooker.sees_nothing() || standing.is_plain());
    let relaxed = standing.relaxed.iter().map(|one| {
        let (id, position) = one.evidence.unwrap();
        format!("{} by {} for {} #{}", one.pair, one.rules, name_of(id.0), position - BEGUN)
    });
    let conflict = standing.conflict.map(|(one, on)| {
        let since = shown(one.since);
        format!(
            "{} since {since} #{} on {}",
            name_of(one.principal.0),
            one.position - BEGUN,
            name_of(on.0)
        )
    });
    relaxed.chain(conflict).collect::<Vec<_>>().join("; ")
}

#[test]
fn a_rating_tells_which_duties_lay_in_one_hand_by_the_rules_of_that_time() {
    let solo = || rules_adopted("solo").on("2026-02-01");
    let strict = |on| rules_adopted("strict").on(on);
    let alone = || [submitted("E1").by("alice"), accepted("E1"), satisfied()];
    let story = |facts: Vec<Fact>| {
        let tale = Tale::of_app(&facts);
        standing(&tale, facts.len() as u64)
    };
    let after = |first: Vec<Fact>| [first, alone().to_vec()].concat();
    let by_two =
        vec![solo(), submitted("E1").by("alice"), accepted("E1").by("bob"), satisfied().by("bob")];
    let told = [
        story(after(vec![])),
        story(after(vec![solo()])),
        story(by_two),
        // Adopted when all was recorded, it relaxes nothing of before, whatever it says of then.
        story([alone().to_vec(), vec![solo()]].concat()),
        // Accepted by the ones, rated by the others.
        story(after(vec![solo(), strict("2026-03-31")])),
        story(after(vec![solo(), strict("2026-04-02")])),
        story(vec![solo(), submitted("E1").by("alice"), satisfied(), accepted("E1")]),
    ];
    expect![[r#"

        provider-reviews by solo for E1 #1; provider-rates by solo for E1 #1; reviewer-rates by solo for E1 #1
        reviewer-rates by solo for E1 #1

        provider-reviews by solo for E1 #2
        provider-reviews by solo for E1 #2; provider-rates by solo for E1 #2; reviewer-rates by solo for E1 #2

    "#]]
    .assert_eq(&(told.join("\n") + "\n"));
}

#[test]
fn a_conflict_shows_on_ratings_from_before_it_was_declared_and_not_before_it_is_known() {
    let tale = Tale::of_app(&[satisfied().by("alice")])
        .with("team", conflicted("alice", Some("2026-05-01")))
        .with("app", unconflicted("alice").on("2026-04-15"))
        .with("app", conflicted("bob", None));
    assert_eq!(standing(&tale, 1), "");
    assert_eq!(standing(&tale, 2), "alice since 2026-03-01 #1 on team");
    assert_eq!(standing(&tale, 4), "alice since 2026-03-01 #1 on team");
    let before = Tale::of_app(&[satisfied().on("2026-02-01").by("alice")])
        .with("app", conflicted("alice", None));
    assert_eq!(standing(&before, 2), "");
}
