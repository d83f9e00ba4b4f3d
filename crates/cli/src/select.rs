//! Points in time and in the log, as they are written on the command line.

use std::str::FromStr;
use std::time::SystemTime;

use gradus_model::time::TimeError;
use gradus_model::{Edge, Timestamp};

/// An instant, or the moment of the call as the server's clock has it.
///
/// `now` is left out of the request, so that the same call sent again stays the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// When the server takes the call.
    Now,
    /// An instant.
    At(Timestamp),
}

impl Moment {
    fn parse(text: &str, edge: Edge) -> Result<Self, TimeError> {
        match text {
            "now" => Ok(Self::Now),
            _ => Timestamp::parse(text, edge).map(Self::At),
        }
    }

    /// The moment as a question: a bare date is the last instant of its day.
    pub fn question(text: &str) -> Result<Self, TimeError> {
        Self::parse(text, Edge::Question)
    }

    /// The moment as a start: a bare date is the first instant of its day.
    pub fn start(text: &str) -> Result<Self, TimeError> {
        Self::parse(text, Edge::Start)
    }

    /// The moment as an end: a bare date is the first instant of the next day.
    pub fn end(text: &str) -> Result<Self, TimeError> {
        Self::parse(text, Edge::End)
    }

    /// The moment in a request that has no word for now.
    #[must_use]
    pub fn instant(self) -> prost_types::Timestamp {
        self.wire().unwrap_or_else(clock)
    }

    /// The moment as an instant.
    #[must_use]
    pub fn timestamp(self) -> Option<Timestamp> {
        match self {
            Self::At(at) => Some(at),
            Self::Now => {
                let now = clock();
                let micros = now.seconds.checked_mul(1_000_000)?;
                Timestamp::from_micros(micros.checked_add(i64::from(now.nanos / 1_000))?).ok()
            }
        }
    }

    /// The moment in a request.
    #[must_use]
    pub fn wire(self) -> Option<prost_types::Timestamp> {
        match self {
            Self::Now => None,
            Self::At(at) => Some(wire(at)),
        }
    }
}

/// An instant as a start: a bare date is the first instant of its day.
pub fn start(text: &str) -> Result<Timestamp, TimeError> {
    Timestamp::parse(text, Edge::Start)
}

/// An instant as an end: a bare date is the first instant of the next day.
pub fn end(text: &str) -> Result<Timestamp, TimeError> {
    Timestamp::parse(text, Edge::End)
}

/// An instant in a request.
#[must_use]
pub fn wire(at: Timestamp) -> prost_types::Timestamp {
    let (second, micros) = (at.micros().div_euclid(1_000_000), at.micros().rem_euclid(1_000_000));
    let nanos = i32::try_from(micros * 1_000).unwrap_or_default();
    prost_types::Timestamp { seconds: second, nanos }
}

/// The instant that this machine's clock shows, for a request that has no word for now.
#[must_use]
pub fn clock() -> prost_types::Timestamp {
    let mut now = prost_types::Timestamp::from(SystemTime::now());
    // Finer instants than microseconds are refused.
    now.nanos -= now.nanos % 1_000;
    now
}

/// An instant of an answer; `None` when it is none that Gradus can record.
#[must_use]
pub fn unwire(at: &prost_types::Timestamp) -> Option<Timestamp> {
    let micros = at.seconds.checked_mul(1_000_000)?.checked_add(i64::from(at.nanos) / 1_000)?;
    Timestamp::from_micros(micros).ok()
}

/// A unit, perhaps at a point of its life or of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// The unit's name or id.
    pub unit: String,
    /// The point, if one was written.
    pub point: Option<Point>,
}

/// The point that a selector names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// `unit@{D}`: the unit's life at D, as known today.
    ValidAt(Moment),
    /// `unit@known{K}`: as it was reported at K, which is also the moment of the unit's life.
    Reported(Moment),
    /// `unit#n`: as a log of size n holds it.
    Size(u64),
}

/// A text that is no selector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSelector {
    /// No unit before the point.
    #[error("`{0}` names no unit: write UNIT, UNIT@{{DATE}}, UNIT@known{{DATE}} or UNIT#SIZE")]
    NoUnit(String),
    /// Something after the unit that is no point.
    #[error("`{0}` is no point: write UNIT@{{DATE}}, UNIT@known{{DATE}} or UNIT#SIZE")]
    NoPoint(String),
    /// A point at no instant.
    #[error(transparent)]
    Time(#[from] TimeError),
}

impl FromStr for Selector {
    type Err = BadSelector;

    fn from_str(text: &str) -> Result<Self, BadSelector> {
        let (unit, point) = match text.find(['@', '#', '~']) {
            Some(at) => text.split_at(at),
            None => (text, ""),
        };
        if unit.is_empty() {
            return Err(BadSelector::NoUnit(text.to_owned()));
        }
        let point = if point.is_empty() { None } else { Some(point.parse()?) };
        Ok(Self { unit: unit.to_owned(), point })
    }
}

impl FromStr for Point {
    type Err = BadSelector;

    fn from_str(text: &str) -> Result<Self, BadSelector> {
        let inside = |before| text.strip_prefix(before).and_then(|rest| rest.strip_suffix('}'));
        if let Some(date) = inside("@{") {
            return Ok(Self::ValidAt(Moment::question(date)?));
        }
        if let Some(date) = inside("@known{") {
            return Ok(Self::Reported(Moment::question(date)?));
        }
        // Nothing but digits: a number in Rust may have a sign.
        let size = text.strip_prefix('#').filter(|n| n.bytes().all(|c| c.is_ascii_digit()));
        let size = size.and_then(|size| size.parse().ok());
        size.map(Self::Size).ok_or_else(|| BadSelector::NoPoint(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> String {
        match text.parse::<Selector>() {
            Ok(Selector { unit, point: None }) => unit,
            Ok(Selector { unit, point: Some(point) }) => format!("{unit} {point:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_selector_names_a_unit_and_perhaps_a_point() {
        for (text, seen) in [
            ("rustls", "rustls"),
            ("units/rustls", "units/rustls"),
            ("rustls@{2026-03-01}", "rustls ValidAt(At(2026-03-01T23:59:59.999999Z))"),
            ("rustls@{2026-03-01T12:00:00+01:00}", "rustls ValidAt(At(2026-03-01T11:00:00Z))"),
            ("rustls@{now}", "rustls ValidAt(Now)"),
            ("rustls@known{2026-03-01}", "rustls Reported(At(2026-03-01T23:59:59.999999Z))"),
            ("rustls#120", "rustls Size(120)"),
        ] {
            assert_eq!(read(text), seen);
        }
    }

    #[test]
    fn what_is_no_selector_is_refused_with_the_right_form() {
        let forms = "write UNIT@{DATE}, UNIT@known{DATE} or UNIT#SIZE";
        for (text, seen) in [
            ("rustls@2026-03-01", format!("`@2026-03-01` is no point: {forms}")),
            ("rustls#", format!("`#` is no point: {forms}")),
            ("rustls#+1", format!("`#+1` is no point: {forms}")),
            ("rustls#-1", format!("`#-1` is no point: {forms}")),
            ("rustls~3", format!("`~3` is no point: {forms}")),
            ("rustls@{}", "`` is no date: write 2026-03-01 or 2026-03-01T12:00:00Z".to_owned()),
            (
                "rustls@{2026-03-01T12:00:00}",
                "`2026-03-01T12:00:00` has no offset: end it with Z or an offset such as +01:00"
                    .to_owned(),
            ),
            (
                "#5",
                "`#5` names no unit: write UNIT, UNIT@{DATE}, UNIT@known{DATE} or UNIT#SIZE"
                    .to_owned(),
            ),
        ] {
            assert_eq!(read(text), seen);
        }
    }

    #[test]
    fn a_bare_date_is_a_start_or_an_end_where_one_is_asked() {
        assert_eq!(start("2026-03-01").unwrap().to_string(), "2026-03-01T00:00:00Z");
        assert_eq!(end("2026-03-01").unwrap().to_string(), "2026-03-02T00:00:00Z");
        assert_eq!(Moment::end("now"), Ok(Moment::Now));
    }

    proptest! {
        #[test]
        fn an_instant_comes_back_from_the_wire_as_it_went(
            micros in Timestamp::MIN.micros()..=Timestamp::MAX.micros(),
        ) {
            let at = Timestamp::from_micros(micros).unwrap();
            prop_assert_eq!(unwire(&wire(at)), Some(at));
        }

        #[test]
        fn any_text_is_a_selector_or_an_error(text: String) {
            let _ = text.parse::<Selector>();
        }
    }
}
