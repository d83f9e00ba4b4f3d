//! Instants, intervals and calendar periods.
//!
//! Instants are microseconds UTC in the years 1900 to 9998; intervals are half-open `[from, to)`;
//! periods are ISO 8601 (`P1M` is a month). Nothing here reads a clock.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use jiff::{Span, Zoned};

const SECONDS_A_DAY: i64 = 86_400;
const MICROS_A_DAY: i64 = SECONDS_A_DAY * 1_000_000;

/// A text or number that is no instant or period here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not a date or date-time.
    #[error("`{0}` is no date: write 2026-03-01 or 2026-03-01T12:00:00Z")]
    NotADate(String),
    /// A date-time that does not say its offset from UTC.
    #[error("`{0}` has no offset: end it with Z or an offset such as +01:00")]
    NoOffset(String),
    /// Finer than a microsecond.
    #[error("`{0}` is finer than a microsecond: give at most six digits after the second")]
    TooFine(String),
    /// Outside the years that can be recorded.
    #[error("`{0}` is outside the years 1900 to 9998")]
    OutOfRange(String),
    /// Not an ISO 8601 period of calendar units.
    #[error("`{0}` is no period: write ISO 8601, for example P90D, P6M or P1Y")]
    NotAPeriod(String),
}

/// Which instant of a day a bare date stands for, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// A start: the first instant of the day.
    Start,
    /// An end, exclusive: the first instant of the next day.
    End,
    /// A question: the last instant of the day.
    Question,
}

/// An instant, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, minicbor::Encode)]
#[cbor(transparent)]
pub struct Timestamp(#[n(0)] i64);

impl Timestamp {
    /// 1900-01-01T00:00:00Z, the first instant there is; an adoption "since ever" starts here.
    pub const MIN: Self = Self(-2_208_988_800_000_000);
    /// The last microsecond of the year 9998.
    pub const MAX: Self = Self(253_370_764_799_999_999);

    /// The instant `micros` after (before, if negative) 1970-01-01T00:00:00Z.
    pub fn from_micros(micros: i64) -> Result<Self, TimeError> {
        let at = Self(micros);
        if at < Self::MIN || at > Self::MAX {
            return Err(TimeError::OutOfRange(format!("{micros} µs")));
        }
        Ok(at)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// This instant moved by `micros`, kept within the bounds.
    #[must_use]
    pub fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros).clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Reads a date-time with offset, or a bare date as the `edge` of that day in UTC.
    pub fn parse(text: &str, edge: Edge) -> Result<Self, TimeError> {
        if let Some(date) = bare_date(text) {
            let date = date.map_err(|()| TimeError::NotADate(shown(text)))?;
            return Self::of_day(date, edge, text);
        }
        if !looks_like_date_time(text) {
            return Err(TimeError::NotADate(shown(text)));
        }
        if !has_offset(text) {
            return Err(TimeError::NoOffset(shown(text)));
        }
        let year = text.get(..4).and_then(|year| year.parse::<u16>().ok());
        if year.is_none_or(|year| !(1900..=9998).contains(&year)) {
            return Err(out_of(text));
        }
        let at: jiff::Timestamp = text.parse().map_err(|_| TimeError::NotADate(shown(text)))?;
        if at.as_nanosecond() % 1_000 != 0 {
            return Err(TimeError::TooFine(shown(text)));
        }
        Self::from_micros(at.as_microsecond()).map_err(|_| out_of(text))
    }

    fn of_day(date: Date, edge: Edge, text: &str) -> Result<Self, TimeError> {
        if !(1900..=9998).contains(&date.year()) {
            return Err(out_of(text));
        }
        let midnight = |date: Date| {
            let at = date.to_zoned(TimeZone::UTC).map_err(|_| out_of(text))?;
            Ok(at.timestamp().as_microsecond())
        };
        let next = |date: Date| date.tomorrow().map_err(|_| out_of(text));
        match edge {
            Edge::Start => Self::from_micros(midnight(date)?),
            Edge::End => Self::from_micros(midnight(next(date)?)?.min(Self::MAX.0)),
            Edge::Question => Self::from_micros(midnight(next(date)?)? - 1),
        }
    }

    /// The year, month and day of this instant in UTC.
    #[must_use]
    pub fn date(self) -> (i16, i8, i8) {
        let date = self.zoned().date();
        (date.year(), date.month(), date.day())
    }

    fn zoned(self) -> Zoned {
        // The bounds of this type lie within jiff's, so the fallback is never used.
        jiff::Timestamp::from_microsecond(self.0)
            .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
            .to_zoned(TimeZone::UTC)
    }
}

fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

fn out_of(text: &str) -> TimeError {
    TimeError::OutOfRange(shown(text))
}

/// `Some` when the text has the shape of a bare date.
fn bare_date(text: &str) -> Option<Result<Date, ()>> {
    let shape = text.len() == 10
        && text.char_indices().all(|(at, c)| match at {
            4 | 7 => c == '-',
            _ => c.is_ascii_digit(),
        });
    shape.then(|| text.parse::<Date>().map_err(|_| ()))
}

fn looks_like_date_time(text: &str) -> bool {
    text.len() > 11
        && text.get(..10).and_then(bare_date).is_some()
        && text.get(10..11).is_some_and(|c| matches!(c, "T" | "t" | " "))
}

fn has_offset(text: &str) -> bool {
    let time = text.get(11..).unwrap_or_default();
    time.ends_with(['Z', 'z']) || time.contains(['+', '-'])
}

impl<'b, C> minicbor::Decode<'b, C> for Timestamp {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        Self::from_micros(d.i64()?).map_err(minicbor::decode::Error::message)
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC, with as many digits after the second as are needed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.zoned().timestamp().to_string())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A half-open span of time, `[from, to)`; without `to` it has no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interval {
    /// The first instant inside.
    pub from: Timestamp,
    /// The first instant after, if there is an end.
    pub to: Option<Timestamp>,
}

impl Interval {
    /// Whether `at` lies inside.
    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        self.from <= at && self.to.is_none_or(|to| at < to)
    }
}

/// A calendar period such as `P1Y` or `P90D`, not negative; months and years follow the calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    text: String,
    years: i16,
    months: i32,
    weeks: i32,
    days: i32,
}

impl Period {
    /// The instant one period after `at`: days past a month's end become its last day.
    #[must_use]
    pub fn after(&self, at: Timestamp) -> Timestamp {
        self.after_times(at, 1)
    }

    /// The instant `times` periods after `at`, the last instant there is at most.
    ///
    /// Counted from `at` at once and not from period to period, so that month ends do not creep:
    /// two months after the last of January is the last of March.
    #[must_use]
    pub fn after_times(&self, at: Timestamp, times: u32) -> Timestamp {
        let days = (i64::from(self.weeks) * 7 + i64::from(self.days)) * i64::from(times);
        let months = (i64::from(self.years) * 12 + i64::from(self.months)) * i64::from(times);
        let day = at.0.div_euclid(MICROS_A_DAY);
        let Some(day) = months_later(day, months) else { return Timestamp::MAX };
        let micros = day.saturating_add(days).saturating_mul(MICROS_A_DAY);
        let then = micros.saturating_add(at.0.rem_euclid(MICROS_A_DAY));
        Timestamp::from_micros(then).unwrap_or(Timestamp::MAX)
    }

    /// A bound on how many microseconds it has, whenever it begins: a month has 31 days at most.
    #[must_use]
    pub fn most_micros(&self) -> i64 {
        let days = i64::from(self.years) * 366 + i64::from(self.months) * 31;
        let days = days + i64::from(self.weeks) * 7 + i64::from(self.days);
        days.saturating_mul(MICROS_A_DAY)
    }

    /// The period that is as long as `times` of this one; none if that is no period, because
    /// `times` is 0 or the years do not reach so far.
    #[must_use]
    pub fn times(&self, times: u32) -> Option<Self> {
        let span = self.span().checked_mul(i64::from(times)).ok()?;
        Self::of(span, span.to_string())
    }

    fn of(span: Span, text: String) -> Option<Self> {
        if span.is_negative() || span.is_zero() || span.get_years() > 1_000 {
            return None;
        }
        let (years, months) = (span.get_years(), span.get_months());
        Some(Self { text, years, months, weeks: span.get_weeks(), days: span.get_days() })
    }

    fn span(&self) -> Span {
        Span::new().years(self.years).months(self.months).weeks(self.weeks).days(self.days)
    }
}

/// The day that many months after a day, both counted from 1970-01-01; days past a month's end
/// become its last day. None beyond the calendar.
///
/// Every fold counts validity so, for every item: without months nothing is looked up.
fn months_later(day: i64, months: i64) -> Option<i64> {
    if months == 0 {
        return Some(day);
    }
    let midnight = jiff::Timestamp::from_second(day * SECONDS_A_DAY).ok()?;
    let date = Offset::UTC.to_datetime(midnight).date();
    let months = i64::from(date.year()) * 12 + i64::from(date.month()) - 1 + months;
    let year = i16::try_from(months.div_euclid(12)).ok()?;
    let month = i8::try_from(months.rem_euclid(12) + 1).ok()?;
    let last = Date::new(year, month, 1).ok()?.days_in_month();
    let then = Date::new(year, month, date.day().min(last)).ok()?;
    let midnight = Offset::UTC.to_timestamp(then.at(0, 0, 0, 0)).ok()?;
    Some(midnight.as_second().div_euclid(SECONDS_A_DAY))
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl FromStr for Period {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let wrong = || TimeError::NotAPeriod(shown(text));
        if !text.starts_with('P') || text.contains('T') {
            return Err(wrong());
        }
        let span: Span = text.parse().map_err(|_| wrong())?;
        Self::of(span, text.to_owned()).ok_or_else(wrong)
    }
}

impl<'de> serde::Deserialize<'de> for Period {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
