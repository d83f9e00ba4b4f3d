//! Names that people choose, and bounded texts.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A text that does not fit where it was put.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadText {
    /// Not a name of the form that units and documents have.
    #[error("`{0}` is no name: use 1 to 63 of a-z, 0-9 and `-`, beginning with a letter or digit")]
    NotAName(String),
    /// Empty where something must be said.
    #[error("the text is empty")]
    Empty,
    /// Longer than its place allows.
    #[error("the text has {seen} bytes, at most {limit} are allowed")]
    TooLong {
        /// Bytes given.
        seen: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Holds a control character.
    #[error("the text holds the control character U+{0:04X}")]
    Control(u32),
}

/// A name: `[a-z0-9][a-z0-9-]{0,62}`; a copy shares the text.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name(Arc<str>);

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    /// By bytes; most names that meet are copies of one, and need no look at them.
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.0, &other.0) { Ordering::Equal } else { self.0.cmp(&other.0) }
    }
}

impl Name {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = BadText;

    fn from_str(text: &str) -> Result<Self, BadText> {
        let letters = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        let right =
            (1..=63).contains(&text.len()) && text.bytes().all(letters) && !text.starts_with('-');
        if right {
            Ok(Self(text.into()))
        } else {
            Err(BadText::NotAName(text.chars().take(80).collect()))
        }
    }
}

/// One line of text of at most `MAX` bytes, not empty, without control characters.
///
/// Labels live in leaves and are never erased: nothing personal belongs in them. A copy shares the
/// text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line<const MAX: usize>(Arc<str>);

/// A short label: a tool's name, a unit of measure, a marker.
pub type Label = Line<128>;
/// A longer identifier made elsewhere: a source, the id an item has there, a subject.
pub type ForeignId = Line<512>;

impl<const MAX: usize> Line<MAX> {
    /// The label as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> FromStr for Line<MAX> {
    type Err = BadText;

    fn from_str(text: &str) -> Result<Self, BadText> {
        if text.is_empty() {
            return Err(BadText::Empty);
        }
        if text.len() > MAX {
            return Err(BadText::TooLong { seen: text.len(), limit: MAX });
        }
        if let Some(control) = text.chars().find(|c| c.is_control()) {
            return Err(BadText::Control(u32::from(control)));
        }
        Ok(Self(text.into()))
    }
}

/// Displays, debugs and encodes a checked text as the text it holds.
macro_rules! as_text {
    ($({$($generics:tt)*})? $name:ty) => {
        impl $(<$($generics)*>)? fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl $(<$($generics)*>)? fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }

        impl<Ctx $(, $($generics)*)?> minicbor::Encode<Ctx> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                e: &mut minicbor::Encoder<W>,
                _: &mut Ctx,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                e.str(&self.0)?.ok()
            }
        }

        impl<'b, Ctx $(, $($generics)*)?> minicbor::Decode<'b, Ctx> for $name {
            fn decode(
                d: &mut minicbor::Decoder<'b>,
                _: &mut Ctx,
            ) -> Result<Self, minicbor::decode::Error> {
                d.str()?.parse().map_err(minicbor::decode::Error::message)
            }
        }

        impl<'de $(, $($generics)*)?> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

as_text!(Name);
as_text!({const MAX: usize} Line<MAX>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_outside_the_pattern_are_refused() {
        let long = "a".repeat(64);
        for text in ["", "-a", "A", "a_b", "a b", "ä", long.as_str()] {
            assert!(text.parse::<Name>().is_err(), "{text}");
        }
        for text in ["a", "0", "rustls", "a-b-", &long[..63]] {
            assert!(text.parse::<Name>().is_ok(), "{text}");
        }
    }

    #[test]
    fn a_label_says_how_long_it_may_be() {
        let error = "x".repeat(129).parse::<Label>().unwrap_err();
        assert_eq!(error.to_string(), "the text has 129 bytes, at most 128 are allowed");
        assert_eq!("a\nb".parse::<Label>(), Err(BadText::Control(10)));
    }
}
