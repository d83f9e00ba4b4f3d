//! Calendars after iCalendar (RFC 5545): events at instants, and nothing else of it.
//!
//! The format is a few lines of text, whereas the crates for it bring another library of dates with
//! them and stamp events by the clock; here the same events are the same bytes.

use std::fmt::Write as _;

use gradus_model::Timestamp;

/// The most octets of a line, without its end (section 3.1).
const LINE: usize = 75;

/// An event without a duration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What makes it the same event in another calendar.
    pub uid: String,
    /// When what it says was known.
    pub stamp: Timestamp,
    /// When it happens.
    pub at: Timestamp,
    /// What happens.
    pub summary: String,
    /// Everything else, in lines.
    pub description: String,
}

/// The text of a calendar with these events.
#[must_use]
pub fn text(events: &[Event]) -> String {
    let mut text = String::new();
    let product = concat!("-//Gradus//gradus ", env!("CARGO_PKG_VERSION"), "//EN");
    let mut line = |name: &str, value: &str| fold(&mut text, &format!("{name}:{value}"));
    line("BEGIN", "VCALENDAR");
    line("VERSION", "2.0");
    line("PRODID", product);
    for event in events {
        line("BEGIN", "VEVENT");
        line("UID", &escaped(&event.uid));
        line("DTSTAMP", &instant(event.stamp));
        line("DTSTART", &instant(event.at));
        line("SUMMARY", &escaped(&event.summary));
        line("DESCRIPTION", &escaped(&event.description));
        // It takes no time of anybody's day.
        line("TRANSP", "TRANSPARENT");
        line("END", "VEVENT");
    }
    if events.is_empty() {
        // A calendar has at least one component (section 3.6); this one is shown nowhere.
        line("BEGIN", "VTIMEZONE");
        line("TZID", "UTC");
        line("BEGIN", "STANDARD");
        line("DTSTART", "19700101T000000");
        line("TZOFFSETFROM", "+0000");
        line("TZOFFSETTO", "+0000");
        line("END", "STANDARD");
        line("END", "VTIMEZONE");
    }
    line("END", "VCALENDAR");
    text
}

/// An instant in UTC to the second: `20270301T000000Z` (section 3.3.5).
#[must_use]
pub fn instant(at: Timestamp) -> String {
    let (year, month, day) = at.date();
    let second = at.micros().div_euclid(1_000_000).rem_euclid(86_400);
    let (hour, minute) = (second / 3_600, second / 60 % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{:02}Z", second % 60)
}

/// A text as a value (section 3.3.11); other control characters have no place in one.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Writes a line; what is longer goes on in the next one after a space.
fn fold(out: &mut String, line: &str) {
    let mut room = LINE;
    for c in line.chars() {
        if c.len_utf8() > room {
            out.push_str("\r\n ");
            room = LINE - 1;
        }
        room -= c.len_utf8();
        out.push(c);
    }
    // Writing to a String cannot fail.
    let _ = out.write_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text, gradus_model::Edge::Start).unwrap()
    }

    fn event(summary: &str, description: &str) -> Event {
        Event {
            uid: "u1-PA11-20270301T000000Z@gradus".to_owned(),
            stamp: at("2026-06-01T12:00:00Z"),
            at: at("2027-03-01T07:08:09.5Z"),
            summary: summary.to_owned(),
            description: description.to_owned(),
        }
    }

    /// What a reader of the format gets: lines unfolded, names parted from values, values unescaped.
    fn read(text: &str) -> Vec<(String, String)> {
        let whole = text.replace("\r\n ", "");
        let line = |line: &str| {
            let (name, value) = line.split_once(':').unwrap();
            let mut seen = String::new();
            let mut chars = value.chars();
            while let Some(c) = chars.next() {
                match c {
                    '\\' => seen.push(match chars.next().unwrap() {
                        'n' => '\n',
                        other => other,
                    }),
                    c => seen.push(c),
                }
            }
            (name.to_owned(), seen)
        };
        whole.strip_suffix("\r\n").unwrap().split("\r\n").map(line).collect()
    }

    #[test]
    fn an_event_is_written_as_the_format_wants_it() {
        let seen =
            text(&[event("PA11 falls from 3 to 2 (alpha)", "expired: BP.11.01, BP.11.02\nx")]);
        let version = env!("CARGO_PKG_VERSION");
        let seen = seen.replace('\r', "").replace(version, "VERSION");
        expect![[r"
            BEGIN:VCALENDAR
            VERSION:2.0
            PRODID:-//Gradus//gradus VERSION//EN
            BEGIN:VEVENT
            UID:u1-PA11-20270301T000000Z@gradus
            DTSTAMP:20260601T120000Z
            DTSTART:20270301T070809Z
            SUMMARY:PA11 falls from 3 to 2 (alpha)
            DESCRIPTION:expired: BP.11.01\, BP.11.02\nx
            TRANSP:TRANSPARENT
            END:VEVENT
            END:VCALENDAR
        "]]
        .assert_eq(&seen);
    }

    #[test]
    fn instants_before_1970_are_written_too() {
        assert_eq!(instant(at("1969-12-31T23:59:58Z")), "19691231T235958Z");
    }

    proptest! {
        #[test]
        fn any_text_comes_back_and_no_line_is_too_long(
            summary in "\\PC*", description in "[\\PC\n]*",
        ) {
            let text = text(&[event(&summary, &description)]);
            for line in text.split("\r\n") {
                prop_assert!(line.len() <= LINE, "{line}");
                prop_assert!(!line.contains(['\r', '\n']), "{line}");
            }
            let lines = read(&text);
            let value = |name: &str| {
                lines.iter().find(|(of, _)| of == name).map(|(_, value)| value.clone()).unwrap()
            };
            prop_assert_eq!(value("SUMMARY"), summary);
            prop_assert_eq!(value("DESCRIPTION"), description);
        }
    }
}
