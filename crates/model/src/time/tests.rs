//! Instants, spans and periods: what is read, what is refused, and how they count.

use super::*;
use proptest::prelude::*;

fn question(text: &str) -> String {
    match Timestamp::parse(text, Edge::Question) {
        Ok(at) => at.to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_bare_date_is_the_last_instant_of_its_day_in_a_question() {
    assert_eq!(question("2026-03-01"), "2026-03-01T23:59:59.999999Z");
    let start = Timestamp::parse("2026-03-01", Edge::Start).unwrap();
    assert_eq!(start.to_string(), "2026-03-01T00:00:00Z");
    let end = Timestamp::parse("2026-03-01", Edge::End).unwrap();
    assert_eq!(end.to_string(), "2026-03-02T00:00:00Z");
}

#[test]
fn wrong_times_are_refused_with_the_right_form() {
    for (text, expected) in [
        (
            "2026-03-01T12:00:00",
            "`2026-03-01T12:00:00` has no offset: end it with Z or an offset such as +01:00",
        ),
        ("0000-01-01", "`0000-01-01` is outside the years 1900 to 9998"),
        ("0000-01-01T00:00:00Z", "`0000-01-01T00:00:00Z` is outside the years 1900 to 9998"),
        ("9999-01-01", "`9999-01-01` is outside the years 1900 to 9998"),
        ("9999-12-31T00:00:00Z", "`9999-12-31T00:00:00Z` is outside the years 1900 to 9998"),
        ("1899-12-31T23:59:59Z", "`1899-12-31T23:59:59Z` is outside the years 1900 to 9998"),
        (
            "2026-03-01T12:00:00.0000001Z",
            "`2026-03-01T12:00:00.0000001Z` is finer than a microsecond: give at most six digits after the second",
        ),
        ("2026-02-30", "`2026-02-30` is no date: write 2026-03-01 or 2026-03-01T12:00:00Z"),
        ("yesterday", "`yesterday` is no date: write 2026-03-01 or 2026-03-01T12:00:00Z"),
    ] {
        assert_eq!(question(text), expected);
    }
}

#[test]
fn a_month_after_the_last_of_january_is_the_last_of_february() {
    let at = Timestamp::parse("2026-01-31T10:00:00Z", Edge::Start).unwrap();
    let month: Period = "P1M".parse().unwrap();
    assert_eq!(month.after(at).to_string(), "2026-02-28T10:00:00Z");
}

#[test]
fn month_ends_do_not_creep_when_periods_are_counted() {
    let at = Timestamp::parse("2026-01-31", Edge::Start).unwrap();
    let days = |period: &str| -> Vec<String> {
        let period: Period = period.parse().unwrap();
        let after = (0..5).map(|times| period.after_times(at, times).date());
        after.map(|(year, month, day)| format!("{year}-{month:02}-{day:02}")).collect()
    };
    let months = ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"];
    assert_eq!(days("P1M"), months);
    let weeks = ["2026-01-31", "2026-02-14", "2026-02-28", "2026-03-14", "2026-03-28"];
    assert_eq!(days("P2W"), weeks);
}

#[test]
fn what_lies_past_the_years_is_the_last_instant() {
    let at = Timestamp::parse("2026-01-31", Edge::Start).unwrap();
    for (period, times) in [("P1000Y", 8), ("P1D", u32::MAX), ("P1000Y", u32::MAX)] {
        let period: Period = period.parse().unwrap();
        assert_eq!(period.after_times(at, times), Timestamp::MAX, "{period} {times} times");
    }
}

#[test]
fn a_period_is_multiplied_part_by_part() {
    for (period, times, expected) in [
        ("P1M", 12, Some("P12M")),
        ("P1Y6M", 2, Some("P2Y12M")),
        ("P2W", 3, Some("P6W")),
        ("P30D", 1, Some("P30D")),
        ("P30D", 0, None),
        ("P600Y", 2, None),
        ("P1M", u32::MAX, None),
    ] {
        let period: Period = period.parse().unwrap();
        let product = period.times(times);
        assert_eq!(product.as_ref().map(Period::to_string).as_deref(), expected, "{period}");
    }
}

#[test]
fn encoded_instants_outside_the_years_are_refused() {
    for (micros, right) in [
        (Timestamp::MIN.0, true),
        (Timestamp::MIN.0 - 1, false),
        (Timestamp::MAX.0, true),
        (Timestamp::MAX.0 + 1, false),
        (i64::MIN, false),
        (i64::MAX, false),
    ] {
        let mut bytes = Vec::new();
        minicbor::encode(micros, &mut bytes).unwrap();
        let read = minicbor::decode::<Timestamp>(&bytes);
        assert_eq!(read.ok(), right.then_some(Timestamp(micros)), "{micros}");
    }
}

#[test]
fn minutes_are_no_period() {
    for text in ["1m", "PT1M", "P0D", "-P1D", "P", ""] {
        assert!(text.parse::<Period>().is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn a_timestamp_is_read_back_as_it_was_written(micros in Timestamp::MIN.0..=Timestamp::MAX.0) {
        let at = Timestamp::from_micros(micros).unwrap();
        prop_assert_eq!(Timestamp::parse(&at.to_string(), Edge::Start), Ok(at));
    }

    #[test]
    fn a_period_that_was_multiplied_counts_like_its_parts(
        micros in Timestamp::MIN.0..=Timestamp::MAX.0,
        (months, days) in (0..30, 1..40),
        (times, more) in (1_u32..50, 0_u32..50),
    ) {
        let at = Timestamp::from_micros(micros).unwrap();
        let period: Period = format!("P{months}M{days}D").parse().unwrap();
        let product = period.times(times).unwrap();
        prop_assert_eq!(
            product.after_times(at, more),
            period.after_times(at, times * more)
        );
        prop_assert_eq!(product.to_string().parse::<Period>(), Ok(product));
    }

    #[test]
    fn any_text_is_a_time_or_an_error(text: String) {
        let _ = Timestamp::parse(&text, Edge::End);
        let _ = text.parse::<Period>();
    }
}

proptest! {
    #[test]
    fn a_period_ends_where_the_calendar_says(
        micros in Timestamp::MIN.micros()..=Timestamp::MAX.micros(),
        years in 0_i32..30, months in 0_i32..40, weeks in 0_i32..9, days in 1_i32..500,
        times in 1_u32..20,
    ) {
        let period: Period = format!("P{years}Y{months}M{weeks}W{days}D").parse().unwrap();
        let at = Timestamp::from_micros(micros).unwrap();
        let span = Span::new().years(years).months(months).weeks(weeks).days(days);
        let then = at.zoned().checked_add(span.checked_mul(i64::from(times)).unwrap()).ok();
        let then = then.and_then(|then| Timestamp::from_micros(then.timestamp().as_microsecond()).ok());
        prop_assert_eq!(period.after_times(at, times), then.unwrap_or(Timestamp::MAX));
        prop_assert!(period.after(at) <= at.plus_micros(period.most_micros()));
    }
}
