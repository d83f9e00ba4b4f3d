//! Ratings that cannot be given, ended or run.

use expect_test::expect;
use gradus_wire::v1 as wire;

use super::{NOBODY, check, expecting};
use crate::running::{System, by_id, item, on, rating};

fn rate(ratings: Vec<wire::RatingInput>) -> wire::RatePracticesRequest {
    wire::RatePracticesRequest { unit: "alpha".to_owned(), append: None, ratings }
}

fn satisfied(practice: &str) -> wire::RatingInput {
    rating(practice, wire::Value::Satisfied, "2026-05-01")
}

fn valued(scale: i32, value: i32) -> wire::RatingInput {
    wire::RatingInput { scale, value, ..satisfied("BP.10.01") }
}

fn citing(ids: &[&str]) -> wire::RatingInput {
    let evidence = ids.iter().map(|id| by_id(id)).collect();
    wire::RatingInput { evidence, ..satisfied("BP.10.01") }
}

/// A table of ratings, each given alone to `alpha`.
macro_rules! ratings {
    ($system:expr, $($name:literal => $rating:expr),+ $(,)?) => {
        vec![$(row!(
            $name, $system.operator.ratings, rate_practices, rate(vec![$rating])
        )),+]
    };
}

#[tokio::test]
async fn a_rating_lies_on_its_scale_and_rates_what_can_be_rated() {
    let system = System::new().await;
    system.project("alpha").await;
    system.project("beta").await;
    let ids = system.submitted("alpha", vec![item("a")]).await;
    let elsewhere = system.submitted("beta", vec![item("b")]).await;
    let rows = ratings![system,
        "no value" => valued(0, 0),
        "value 99" => valued(0, 99),
        "value 3" => valued(0, 3),
        "value past a byte" => valued(0, 258),
        "negative value" => valued(0, -2),
        "unknown scale" => valued(9, 2),
        "satisfied on NPLF" => valued(2, 2),
        "fully on satisfaction" => valued(1, 17),
        "unknown practice" => satisfied("BP.10.99"),
        "practice of no form" => satisfied("PA10"),
        "of the other edition" => satisfied("sse-cmm-1997/BP.10.01"),
        "of an unknown model" => satisfied("nist/BP.10.01"),
        "GP 1.1.1 follows" => satisfied("PA10/GP 1.1.1"),
        "feature 1.1 follows" => satisfied("PA10/1.1"),
        "GP of an unknown area" => satisfied("PA23/GP 2.1.1"),
        "in the future" => rating("BP.10.01", wire::Value::Satisfied, "2026-06-02"),
        "cites nobody" => citing(&[NOBODY]),
        "cites another unit's" => citing(&[&ids[0], &elsewhere[0]]),
        "cites 65" => citing(&[ids[0].as_str(); 65]),
        "instance too long" => wire::RatingInput { instance: "x".repeat(129), ..satisfied("BP.10.01") },
        "rationale too long" => wire::RatingInput { rationale: "x".repeat(4_097), ..satisfied("BP.10.01") },
    ];
    check(&system, rows, &expect![[r#"
        no value | InvalidArgument INVALID_FIELD [ratings[0].value]: `ratings[0].value`: it is missing and must be given
        value 99 | InvalidArgument INVALID_FIELD [ratings[0].value]: `ratings[0].value`: 99 is no value of this enumeration
        value 3 | InvalidArgument INVALID_FIELD [ratings[0].value]: `ratings[0].value`: 3 is no value of this enumeration
        value past a byte | InvalidArgument INVALID_FIELD [ratings[0].value]: `ratings[0].value`: 258 is no value of this enumeration
        negative value | InvalidArgument INVALID_FIELD [ratings[0].value]: `ratings[0].value`: -2 is no value of this enumeration
        unknown scale | InvalidArgument INVALID_FIELD [ratings[0].scale]: `ratings[0].scale`: 9 is no value of this enumeration
        satisfied on NPLF | InvalidArgument INVALID_FIELD [ratings[0].value]: `ratings[0].value`: `satisfied` is no value of the scale `nplf`: use one of N, P-, P, P+, L-, L, L+, F
        fully on satisfaction | InvalidArgument INVALID_FIELD [ratings[0].value]: `ratings[0].value`: `F` is no value of the scale `satisfaction`: use one of not-satisfied, satisfied
        unknown practice | NotFound PRACTICE_UNKNOWN: practice `iso-21827-2008/BP.10.99` is unknown in model `iso-21827-2008`, which the unit has adopted
        practice of no form | InvalidArgument INVALID_FIELD [ratings[0].practice]: `ratings[0].practice`: `PA10` is no practice: write it like BP.01.02, PA01/GP 2.1.1 or PA01/2.1
        of the other edition | NotFound PRACTICE_UNKNOWN: practice `sse-cmm-1997/BP.10.01` is unknown in model `iso-21827-2008`, which the unit has adopted
        of an unknown model | NotFound PRACTICE_UNKNOWN: practice `nist/BP.10.01` is unknown in model `iso-21827-2008`, which the unit has adopted
        GP 1.1.1 follows | InvalidArgument DERIVED [ratings[0].practice]: `iso-21827-2008/PA10/GP 1.1.1` follows from the base practices and cannot be rated
        feature 1.1 follows | InvalidArgument DERIVED [ratings[0].practice]: `iso-21827-2008/PA10/1.1` follows from the base practices and cannot be rated
        GP of an unknown area | NotFound PRACTICE_UNKNOWN: practice `iso-21827-2008/PA23/GP 2.1.1` is unknown in model `iso-21827-2008`, which the unit has adopted
        in the future | InvalidArgument IN_THE_FUTURE [ratings[0].effective_at]: `effective_at` is 2026-06-02T00:00:00Z, more than 5 minutes after the server's clock, 2026-06-01T12:00:00Z
        cites nobody | NotFound EVIDENCE_UNKNOWN: evidence `00000000-0000-4000-8000-000000000000` is unknown in this unit
        cites another unit's | NotFound EVIDENCE_UNKNOWN: evidence `ID` is unknown in this unit
        cites 65 | InvalidArgument TOO_MANY [ratings[0].evidence]: `evidence` has 65 entries, at most 64 are allowed
        instance too long | InvalidArgument INVALID_FIELD [ratings[0].instance]: `ratings[0].instance`: the text has 129 bytes, at most 128 are allowed
        rationale too long | InvalidArgument INVALID_FIELD [ratings[0].rationale]: `ratings[0].rationale`: it has 4097 bytes, at most 4096 are allowed
    "#]]).await;

    let many = vec![satisfied("BP.10.01"); 1_001];
    let second_is_ahead =
        rate(vec![satisfied("BP.10.03"), rating("BP.10.02", wire::Value::Satisfied, "2026-06-02")]);
    let client = &system.operator.ratings;
    let rows = vec![
        row!("no ratings", client, rate_practices, rate(vec![])),
        row!("1,001 ratings", client, rate_practices, rate(many)),
        row!("the second is ahead", client, rate_practices, second_is_ahead),
        row!(
            "unknown unit",
            client,
            rate_practices,
            wire::RatePracticesRequest {
                unit: "nobody".to_owned(),
                ..rate(vec![satisfied("BP.10.01")])
            }
        ),
        row!(
            "stale version",
            client,
            rate_practices,
            wire::RatePracticesRequest {
                append: expecting(7),
                ..rate(vec![satisfied("BP.10.01")])
            }
        ),
    ];
    check(&system, rows, &expect![[r#"
        no ratings | InvalidArgument INVALID_FIELD [ratings]: `ratings`: it is empty, at least one entry must be given
        1,001 ratings | InvalidArgument TOO_MANY [ratings]: `ratings` has 1001 entries, at most 1000 are allowed
        the second is ahead | InvalidArgument IN_THE_FUTURE [ratings[1].effective_at]: item 1: `effective_at` is 2026-06-02T00:00:00Z, more than 5 minutes after the server's clock, 2026-06-01T12:00:00Z
        unknown unit | NotFound UNIT_UNKNOWN: unit `nobody` is unknown
        stale version | Aborted STALE_VERSION: unit alpha is at version 1, not at 7
    "#]]).await;
}

#[tokio::test]
async fn ends_and_withdrawals_name_ratings_that_stand() {
    let system = System::new().await;
    system.project("alpha").await;
    let ids = system.rated("alpha", vec![satisfied("BP.10.01"), satisfied("BP.10.02")]).await;
    let withdraw = |id: &str, reason: &str| wire::WithdrawRatingRequest {
        unit: "alpha".to_owned(),
        ratings: vec![id.to_owned()],
        reason: reason.to_owned(),
        ..Default::default()
    };
    let end = |id: &str, at: &str| wire::EndRatingRequest {
        unit: "alpha".to_owned(),
        ratings: vec![id.to_owned()],
        at: on(at),
        ..Default::default()
    };
    let mut client = system.operator.ratings.clone();
    client.withdraw_rating(withdraw(&ids[1], "by mistake")).await.unwrap();
    let rows = vec![
        row!("withdraw without a reason", client, withdraw_rating, withdraw(&ids[0], "")),
        row!("withdraw an unknown one", client, withdraw_rating, withdraw(NOBODY, "x")),
        row!("withdraw what has no id", client, withdraw_rating, withdraw("BP.10.01", "x")),
        row!(
            "withdraw none",
            client,
            withdraw_rating,
            wire::WithdrawRatingRequest { ratings: vec![], ..withdraw(NOBODY, "x") }
        ),
        row!("end a withdrawn one", client, end_rating, end(&ids[1], "2026-05-20")),
        row!("end before the start", client, end_rating, end(&ids[0], "2026-04-30")),
        row!("end an unknown one", client, end_rating, end(NOBODY, "2026-05-20")),
    ];
    check(&system, rows, &expect![[r#"
        withdraw without a reason | InvalidArgument REASON_MISSING [reason]: a reason is needed
        withdraw an unknown one | NotFound RATING_UNKNOWN: rating `00000000-0000-4000-8000-000000000000` is unknown in this unit
        withdraw what has no id | InvalidArgument INVALID_FIELD [ratings[0]]: `ratings[0]`: `BP.10.01` is no rating id: 32 hexadecimal digits, as in a UUID, are needed
        withdraw none | InvalidArgument INVALID_FIELD [ratings]: `ratings`: it is empty, at least one entry must be given
        end a withdrawn one | FailedPrecondition RATING_WITHDRAWN: rating `ID` was withdrawn
        end before the start | InvalidArgument END_BEFORE_START [at]: `at` is 2026-04-30T00:00:00Z, which is not after 2026-05-01T00:00:00Z
        end an unknown one | NotFound RATING_UNKNOWN: rating `00000000-0000-4000-8000-000000000000` is unknown in this unit
    "#]]).await;
}

#[tokio::test]
async fn the_rule_rater_rates_moments_that_were() {
    let system = System::new().await;
    system.project("alpha").await;
    let client = &system.operator.ratings;
    let run = |moments: &[&str], rules: &str| wire::RunRuleRaterRequest {
        unit: "alpha".to_owned(),
        valid_at: moments.iter().map(|moment| on(moment).unwrap()).collect(),
        rules: rules.to_owned(),
        ..Default::default()
    };
    let moments = ["2026-05-01"; 101];
    let too_fine = prost_types::Timestamp { seconds: 0, nanos: 1 };
    let rows = vec![
        row!("101 moments", client, run_rule_rater, run(&moments, "")),
        row!("a moment ahead", client, run_rule_rater, run(&["2026-06-02"], "trusted-tools")),
        row!(
            "moments out of order",
            client,
            run_rule_rater,
            run(&["2026-05-02", "2026-05-01"], "")
        ),
        row!("unknown rules", client, run_rule_rater, run(&["2026-05-01"], "nobody")),
        row!("rules that are a model", client, run_rule_rater, run(&[], "iso-21827-2008")),
        row!(
            "a moment too fine",
            client,
            run_rule_rater,
            wire::RunRuleRaterRequest { valid_at: vec![too_fine], ..run(&[], "") }
        ),
        row!(
            "unknown unit",
            client,
            run_rule_rater,
            wire::RunRuleRaterRequest { unit: "nobody".to_owned(), ..run(&[], "") }
        ),
    ];
    check(&system, rows, &expect![[r#"
        101 moments | InvalidArgument INVALID_FIELD [valid_at]: `valid_at`: 101 are given, at most 100 are allowed
        a moment ahead | InvalidArgument IN_THE_FUTURE [valid_at]: `valid_at` is 2026-06-02T00:00:00Z, more than 5 minutes after the server's clock, 2026-06-01T12:00:00Z
        moments out of order | InvalidArgument INVALID_FIELD [valid_at]: `valid_at`: the moments are not in order: give the earliest first
        unknown rules | NotFound DOCUMENT_UNKNOWN: rules `nobody` is unknown
        rules that are a model | NotFound DOCUMENT_UNKNOWN: rules `iso-21827-2008` is unknown
        a moment too fine | InvalidArgument INVALID_FIELD [valid_at[0]]: `valid_at[0]`: 0 s and 1 ns since 1970: finer than a microsecond, which is the finest that is kept
        unknown unit | NotFound UNIT_UNKNOWN: unit `nobody` is unknown
    "#]]).await;
}
