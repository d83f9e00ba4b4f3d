//! Separation of duties where the rating came first: who rated does not vouch for what it rests on.

use expect_test::expect;
use gradus_domain::duties::Pair;
use gradus_domain::{Draft, Rules, Under, UnitState};
use gradus_model::rating::Value;

use crate::duties::{answer, relaxing};
use crate::given::{
    Fact, ISO, STRICT, STRICT_TEXT, accepted, confirmed, ended, evidence, in_words, linked,
    occasion, rated, rating_ended, rating_withdrawn, rejected, submitted, superseded,
};

fn satisfied(name: &str) -> Fact {
    rated(name, "BP.01.01", Value::Satisfied).on("2026-04-01")
}

fn citing(name: &str, cited: &[&str]) -> Fact {
    let cited = cited.iter().map(|name| evidence(name)).collect();
    satisfied(name).rated_as(|rating| rating.evidence = cited)
}

/// The first word of each answer.
fn first(said: &str) -> &str {
    said.split(':').next().unwrap_or_default()
}

#[test]
fn who_rated_does_not_accept_confirm_or_link_what_the_rating_would_rest_on() {
    let before = [submitted("E1").by("carol"), satisfied("R1").by("alice")];
    let counting = [
        submitted("E1").by("carol").for_practices(&["BP.01.02"]),
        accepted("E1").by("bob"),
        satisfied("R1").by("alice"),
    ];
    let told = [
        answer(&before, &accepted("E1").by("alice"), &STRICT),
        answer(&before, &confirmed("E1").by("alice"), &STRICT),
        answer(&counting, &linked("E1", &["BP.01.01"]).by("alice"), &STRICT),
    ];
    expect![[r"
        refused: `iso-21827-2008/BP.01.01` was rated by the same principal, who cannot accept evidence `E1`, on which that rating would rest, under the rules `strict`: ask another person, or adopt rules that relax `reviewer-rates`
        refused: `iso-21827-2008/BP.01.01` was rated by the same principal, who cannot confirm evidence `E1`, on which that rating would rest, under the rules `strict`: ask another person, or adopt rules that relax `reviewer-rates`
        refused: `iso-21827-2008/BP.01.01` was rated by the same principal, who cannot link evidence `E1`, on which that rating would rest, under the rules `strict`: ask another person, or adopt rules that relax `reviewer-rates`"]]
    .assert_eq(&told.join("\n"));
    let relaxing = relaxing(&[Pair::ReviewerRates]);
    for (facts, proposed) in [
        (&before[..], accepted("E1")),
        (&before[..], confirmed("E1")),
        (&counting[..], linked("E1", &["BP.01.01"])),
    ] {
        assert_eq!(answer(facts, &proposed.clone().by("dan"), &STRICT), "recorded");
        assert_eq!(answer(facts, &proposed.by("alice"), &relaxing), "recorded");
    }
    // What is linked while it waits is in the hands of whoever accepts it.
    let waits = submitted("E1").by("carol").for_practices(&["BP.01.02"]);
    let facts = [waits, satisfied("R1").by("alice")];
    assert_eq!(answer(&facts, &linked("E1", &["BP.01.01"]).by("alice"), &STRICT), "recorded");
}

#[test]
fn a_rating_is_in_the_way_while_it_is_in_force_and_rests_on_the_item() {
    let item = || submitted("E1").by("carol");
    let own = |fact: Fact| fact.by("alice");
    for (why, facts, expected) in [
        ("it is in force", vec![item(), own(satisfied("R1"))], "refused"),
        (
            "it begins before the work",
            vec![item(), own(satisfied("R1").on("2025-01-01"))],
            "refused",
        ),
        ("another rated", vec![item(), satisfied("R1").by("bob")], "recorded"),
        ("a rule rated", vec![item(), own(satisfied("R1").by_rule())], "recorded"),
        (
            "it was withdrawn",
            vec![item(), own(satisfied("R1")), rating_withdrawn("R1").by("bob")],
            "recorded",
        ),
        (
            "it was ended",
            vec![item(), own(satisfied("R1")), rating_ended("R1").on("2026-05-01")],
            "recorded",
        ),
        (
            "another took its place",
            vec![item(), own(satisfied("R1")), satisfied("R2").by("bob")],
            "recorded",
        ),
        (
            "it took the place of another",
            vec![item(), satisfied("R2").by("bob"), own(satisfied("R1"))],
            "refused",
        ),
        (
            "the other is of one process instance",
            vec![item(), own(satisfied("R1")), satisfied("R2").of_instance("web").by("bob")],
            "refused",
        ),
        (
            "the other was withdrawn",
            vec![
                item(),
                own(satisfied("R1")),
                satisfied("R2").by("bob"),
                rating_withdrawn("R2").by("bob"),
            ],
            "refused",
        ),
        (
            "it is of another practice",
            vec![item(), own(rated("R1", "BP.01.02", Value::Satisfied).on("2026-04-01"))],
            "recorded",
        ),
        (
            "the item was over before",
            vec![item().valid_until("2026-04-01"), own(satisfied("R1"))],
            "recorded",
        ),
        (
            "the item says nothing",
            vec![
                item().outcome(gradus_model::evidence::Outcome::Inconclusive),
                own(satisfied("R1")),
            ],
            "recorded",
        ),
        ("it cites the item", vec![item(), own(citing("R1", &["E1"]))], "refused"),
        (
            "it cites another",
            vec![item(), submitted("E2").by("bob"), own(citing("R1", &["E2"]))],
            "recorded",
        ),
        (
            "it cites what is linked elsewhere",
            vec![item().for_practices(&["BP.01.02"]), own(citing("R1", &["E1"]))],
            "refused",
        ),
    ] {
        let said = answer(&facts, &accepted("E1").by("alice"), &STRICT);
        assert_eq!(first(&said), expected, "{why}: {said}");
    }
}

#[test]
fn who_rated_does_not_provide_what_counts_at_once() {
    let listed = format!(
        "{STRICT_TEXT}\n[[trusted]]\nprincipals = [\"{}\"]\n",
        crate::given::who("alice").principal
    );
    let listed = Rules::parse("listed.toml", &listed).unwrap();
    let facts = [satisfied("R1").by("alice"), satisfied("R2").on("2026-05-01").by("bot").by_rule()];
    let own = submitted("E1").by("alice");
    expect![[r"refused: `iso-21827-2008/BP.01.01` was rated by the same principal, who cannot provide evidence `E1`, on which that rating would rest, under the rules `MADE_UP`: ask another person, or adopt rules that relax `provider-rates`"]]
        .assert_eq(&answer(&facts, &own, &listed).replace(listed.id.as_str(), "MADE_UP"));
    // What waits is in the hands of whoever accepts it.
    assert_eq!(answer(&facts, &own, &STRICT), "recorded");
    assert_eq!(answer(&facts, &own.for_practices(&["BP.01.02"]), &listed), "recorded");
}

#[test]
fn nobody_goes_around_it_by_ending_and_prolonging() {
    let accepted_by_alice = || vec![submitted("E1").by("carol"), accepted("E1").by("alice")];
    let and = |mut facts: Vec<Fact>, more: Vec<Fact>| {
        facts.extend(more);
        facts
    };
    // The item is over while she rates.
    let over = and(
        accepted_by_alice(),
        vec![ended("E1").on("2026-03-31").by("alice"), satisfied("R1").by("alice")],
    );
    let longer = ended("E1").on("2026-05-01");
    assert_eq!(
        answer(&over, &longer.clone().by("alice"), &STRICT),
        "refused: `iso-21827-2008/BP.01.01` was rated by the same principal, who cannot prolong evidence `E1`, on which that rating would rest, under the rules `strict`: ask another person, or adopt rules that relax `reviewer-rates`"
    );
    assert_eq!(answer(&over, &longer.by("bob"), &STRICT), "recorded");
    assert_eq!(answer(&over, &ended("E1").on("2026-03-30").by("alice"), &STRICT), "recorded");
    let superseded_first = and(
        accepted_by_alice(),
        vec![
            submitted("E2").by("carol"),
            superseded("E1", "E2").on("2026-03-31").by("alice"),
            submitted("E3").by("carol"),
            rejected("E2").by("bob"),
            satisfied("R1").by("alice"),
        ],
    );
    let later = superseded("E1", "E2").on("2026-05-01").by("alice");
    assert!(answer(&superseded_first, &later, &STRICT).contains("who cannot prolong"));
    // The rating is over while she accepts.
    let rating_over = [
        submitted("E1").by("carol"),
        satisfied("R1").by("alice"),
        rating_ended("R1").on("2026-05-01").by("alice"),
        accepted("E1").by("alice"),
    ];
    let longer = rating_ended("R1").on("2026-05-20");
    assert!(
        answer(&rating_over, &longer.clone().by("alice"), &STRICT)
            .starts_with("refused: evidence `E1` was accepted by the same principal")
    );
    assert_eq!(answer(&rating_over, &longer.by("bob"), &STRICT), "recorded");
}

#[test]
fn nobody_goes_around_it_by_withdrawing_the_rating_of_another() {
    let facts = [
        submitted("E1").by("carol"),
        satisfied("R1").by("alice"),
        satisfied("R2").by("bob"),
        accepted("E1").by("alice"),
    ];
    let withdraw = |by| rating_withdrawn("R2").by(by);
    assert!(
        answer(&facts, &withdraw("alice"), &STRICT).starts_with(
            "refused: evidence `E1` was accepted by the same principal, who cannot rate"
        )
    );
    assert_eq!(answer(&facts, &withdraw("carol"), &STRICT), "recorded");
    assert_eq!(answer(&facts[..3], &withdraw("alice"), &STRICT), "recorded");
    let relaxing = relaxing(&[Pair::ReviewerRates]);
    assert_eq!(answer(&facts, &withdraw("alice"), &relaxing), "recorded");
    // Taking back one's own is always allowed, whatever it uncovers.
    let own = [
        satisfied("R1").by("alice"),
        satisfied("R2").by("alice"),
        submitted("E1").by("alice"),
        accepted("E1").by("bob"),
    ];
    assert_eq!(answer(&own, &withdraw("alice"), &STRICT), "recorded");
}

#[test]
fn a_confirmation_is_the_word_of_a_second_person() {
    let waits = || submitted("E1").by("carol");
    let by_bob = [waits(), accepted("E1").by("bob")];
    let first_confirmed = [waits(), confirmed("E1").by("bob")];
    let told = [
        answer(&by_bob, &confirmed("E1").by("bob"), &STRICT),
        answer(&first_confirmed, &accepted("E1").by("bob"), &STRICT),
    ];
    expect![[r"
        refused: evidence `E1` was accepted by the same principal, who cannot confirm it besides: a confirmation is the word of a second person, so ask another one
        refused: evidence `E1` was confirmed by the same principal, who cannot accept it besides: a confirmation is the word of a second person, so ask another one"]]
    .assert_eq(&told.join("\n"));
    assert_eq!(answer(&by_bob, &confirmed("E1").by("alice"), &STRICT), "recorded");
    assert_eq!(answer(&first_confirmed, &accepted("E1").by("alice"), &STRICT), "recorded");
    assert_eq!(answer(&first_confirmed, &confirmed("E1").by("bob"), &STRICT), "already so");
    // Whoever rejected it since has accepted nothing.
    let rejected = [waits(), accepted("E1").by("bob"), rejected("E1").by("dan")];
    assert_eq!(answer(&rejected, &confirmed("E1").by("bob"), &STRICT), "recorded");
    // And who confirmed does not rate what rests on it.
    let facts = [waits(), accepted("E1").by("bob"), confirmed("E1").by("alice")];
    assert!(answer(&facts, &satisfied("R1").by("alice"), &STRICT).starts_with(
        "refused: evidence `E1` was confirmed by the same principal, who cannot rate"
    ));
}

#[test]
fn a_batch_that_rates_and_accepts_is_refused() {
    let empty = UnitState::default();
    let under = Under { model: Some(&ISO), rules: Some(&STRICT), ..Under::default() };
    let mut draft = Draft::of(&empty);
    let mut propose =
        |fact: Fact| in_words(&draft.propose(&occasion(&fact), &under, &fact.proposal));
    assert_eq!(propose(submitted("E1").by("carol")), "recorded");
    assert_eq!(propose(satisfied("R1").by("alice")), "recorded");
    assert!(propose(accepted("E1").by("alice")).contains("was rated by the same principal"));
}
