//! How long tokens are good for, and the commands that follow from it.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use gradus_model::Timestamp;
use gradus_server::operate::{Lifetime, OPERATOR};

use super::append::AppendArgs;
use crate::select;

/// When a token ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// At an instant.
    At(Timestamp),
    /// So long after the server takes the call.
    After(Duration),
}

/// How long a new token is good for.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct ExpiryArgs {
    /// When it ends: a date (the end of that day), an instant, or so long from now, such as 30d or
    /// PT12H; at most 366 days
    #[arg(long, value_name = "DATE|DURATION", value_parser = expiry)]
    pub expires: Option<Expiry>,
    /// It never ends: for what nobody could renew in time
    #[arg(long, conflicts_with = "expires")]
    pub no_expiry: bool,
}

impl ExpiryArgs {
    /// The same, as it is asked for.
    #[must_use]
    pub const fn lifetime(&self) -> Lifetime {
        match (self.expires, self.no_expiry) {
            (Some(Expiry::At(end)), _) => Lifetime::Until(end),
            (Some(Expiry::After(span)), _) => Lifetime::For(span),
            (None, true) => Lifetime::Endless,
            (None, false) => Lifetime::Usual,
        }
    }

    /// The fields `expires_at` and `lifetime` of a request.
    #[must_use]
    pub fn wire(&self) -> (Option<prost_types::Timestamp>, Option<prost_types::Duration>) {
        match self.expires {
            Some(Expiry::At(end)) => (Some(select::wire(end)), None),
            Some(Expiry::After(span)) => (None, Some(wire(span))),
            None => (None, None),
        }
    }
}

/// A span of time in a request.
#[must_use]
pub fn wire(span: Duration) -> prost_types::Duration {
    // Spans that are read from a command line are shorter than what a message can hold.
    let seconds = i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
    prost_types::Duration { seconds, nanos: 0 }
}

/// A token to rotate.
#[derive(Debug, Args)]
pub struct RotateArgs {
    /// Id of the token [default: the one that you ask with]
    pub token_id: Option<String>,
    /// How long the old one is good for yet, such as 24h or PT24H, at most 30d; 0 ends it at once
    #[arg(long, value_name = "DURATION", value_parser = span, default_value = "24h")]
    pub grace: Duration,
    /// How long the new one is good for.
    #[command(flatten)]
    pub expiry: ExpiryArgs,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// A token to recover.
#[derive(Debug, Args)]
pub struct RecoverArgs {
    /// Name or id of the principal that it stands for
    #[arg(value_name = "PRINCIPAL", default_value = OPERATOR)]
    pub name: String,
    /// Directory of the server [default: gradus-data]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// How long it is good for.
    #[command(flatten)]
    pub expiry: ExpiryArgs,
}

/// The end of a token: a date, an instant or a span.
pub fn expiry(text: &str) -> Result<Expiry, String> {
    if let Ok(span) = span(text) {
        return Ok(Expiry::After(span));
    }
    let form = "write 2026-12-31, 2026-12-31T12:00:00Z, 30d or PT12H";
    let date = select::end(text).map(Expiry::At);
    date.map_err(|_| format!("`{text}` is neither a date nor a span of time: {form}"))
}

/// A span of time: `36h`, `1d12h`, `P1DT12H`, `0`; months and years are no spans.
pub fn span(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no span of time: write 24h, 30d, PT24H or P30D");
    let (rest, iso) = match text.strip_prefix('P') {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    if rest == "0" && !iso {
        return Ok(Duration::ZERO);
    }
    let (mut seconds, mut digits, mut in_day, mut parts) = (0_u64, String::new(), !iso, 0);
    for c in rest.chars() {
        let unit = match (c, iso) {
            ('0'..='9', _) => {
                digits.push(c);
                continue;
            }
            ('T', true) if !in_day && digits.is_empty() => {
                in_day = true;
                continue;
            }
            ('W', true) | ('w', false) if !(iso && in_day) => 7 * 86_400,
            ('D', true) | ('d', false) if !(iso && in_day) => 86_400,
            ('H', true) | ('h', false) if in_day => 3_600,
            ('M', true) | ('m', false) if in_day => 60,
            ('S', true) | ('s', false) if in_day => 1,
            _ => return Err(wrong()),
        };
        let number: u64 = digits.parse().map_err(|_| wrong())?;
        let more = number.checked_mul(unit).and_then(|more| seconds.checked_add(more));
        // No span that is asked for is longer than a century.
        seconds = more.filter(|all| *all <= 100 * 366 * 86_400).ok_or_else(wrong)?;
        digits.clear();
        parts += 1;
    }
    if parts == 0 || !digits.is_empty() || rest.ends_with('T') {
        return Err(wrong());
    }
    Ok(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_written_short_or_after_iso_8601() {
        for (text, seconds) in [
            ("0", 0),
            ("0h", 0),
            ("90s", 90),
            ("15m", 900),
            ("24h", 86_400),
            ("30d", 30 * 86_400),
            ("2w", 14 * 86_400),
            ("1d12h", 36 * 3_600),
            ("PT24H", 86_400),
            ("P30D", 30 * 86_400),
            ("P1W", 7 * 86_400),
            ("P1DT12H30M1S", 36 * 3_600 + 1_801),
        ] {
            assert_eq!(span(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn what_is_no_span_is_refused_with_the_right_form() {
        for text in [
            "",
            "P",
            "PT",
            "24",
            "h",
            "-1h",
            "1.5h",
            "24H",
            "P1M",
            "P1Y",
            "PT1D",
            "P24H",
            "1y",
            "P1DT",
            "99999999999999999999d",
            "40000d",
            "1h30",
        ] {
            let form = format!("`{text}` is no span of time: write 24h, 30d, PT24H or P30D");
            assert_eq!(span(text), Err(form));
        }
    }

    #[test]
    fn an_end_is_a_date_an_instant_or_a_span() {
        let at = |text: &str| Timestamp::parse(text, gradus_model::Edge::Start).unwrap();
        assert_eq!(expiry("2026-12-31"), Ok(Expiry::At(at("2027-01-01"))));
        let noon = "2026-12-31T12:00:00Z";
        assert_eq!(expiry(noon), Ok(Expiry::At(at(noon))));
        assert_eq!(expiry("30d"), Ok(Expiry::After(Duration::from_hours(720))));
        assert_eq!(
            expiry("tomorrow"),
            Err("`tomorrow` is neither a date nor a span of time: write 2026-12-31, \
                 2026-12-31T12:00:00Z, 30d or PT12H"
                .to_owned())
        );
    }
}
