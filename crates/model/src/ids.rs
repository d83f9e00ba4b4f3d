//! Identifiers: 128 bits, never reused, opaque to everyone but the code that drew them.

use std::fmt;
use std::str::FromStr;

/// A text that is not an identifier or digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{seen}` is no {what}: {form} are needed")]
pub struct BadId {
    /// What was asked for, cut to 80 characters.
    pub seen: String,
    /// What it should have been.
    pub what: &'static str,
    /// The form that is right.
    pub form: &'static str,
}

fn bad(seen: &str, what: &'static str, form: &'static str) -> BadId {
    BadId { seen: seen.chars().take(80).collect(), what, form }
}

/// Half a byte, below 16, as a digit.
const fn digit(half: u8) -> u8 {
    if half < 10 { b'0' + half } else { b'a' + half - 10 }
}

/// Lower-case hexadecimal of `bytes`.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(digit(byte >> 4)));
        text.push(char::from(digit(byte & 0x0f)));
    }
    text
}

/// Half a byte from its digit, of either case.
const fn half(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != N * 2 {
        return None;
    }
    read(text.bytes())
}

/// As many bytes as there are, from twice as many digits at least.
fn read<const N: usize>(mut digits: impl Iterator<Item = u8>) -> Option<[u8; N]> {
    let mut bytes = [0_u8; N];
    for byte in &mut bytes {
        *byte = half(digits.next()?)? << 4 | half(digits.next()?)?;
    }
    Some(bytes)
}

macro_rules! cbor_bytes {
    ($name:ident) => {
        impl<C> minicbor::Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                e: &mut minicbor::Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                e.bytes(&self.0)?.ok()
            }
        }

        impl<'b, C> minicbor::Decode<'b, C> for $name {
            fn decode(
                d: &mut minicbor::Decoder<'b>,
                _: &mut C,
            ) -> Result<Self, minicbor::decode::Error> {
                let bytes = d.bytes()?;
                bytes.try_into().map($name).map_err(|_| {
                    minicbor::decode::Error::message(concat!(
                        stringify!($name),
                        " has a wrong length"
                    ))
                })
            }
        }
    };
}

macro_rules! id {
    ($(#[$meta:meta])* $what:literal $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 16]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let text = grouped(&self.0);
                // Digits and hyphens are ASCII.
                f.pad(std::str::from_utf8(&text).unwrap_or_default())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            /// Reads 32 hexadecimal digits, with or without the hyphens of a UUID.
            fn from_str(text: &str) -> Result<Self, BadId> {
                ungrouped(text).map(Self).ok_or_else(|| {
                    bad(text, $what, "32 hexadecimal digits, as in a UUID,")
                })
            }
        }

        cbor_bytes!($name);
    };
}

/// Whether a UUID has a hyphen there.
const fn is_hyphen(at: usize) -> bool {
    matches!(at, 8 | 13 | 18 | 23)
}

fn grouped(bytes: &[u8; 16]) -> [u8; 36] {
    let mut text = [b'-'; 36];
    let digits = bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0f)]);
    let places = text.iter_mut().enumerate().filter(|(at, _)| !is_hyphen(*at));
    places.zip(digits).for_each(|((_, place), digit)| *place = digit);
    text
}

fn ungrouped(text: &str) -> Option<[u8; 16]> {
    if text.len() == 36 {
        let mut bytes = text.bytes().enumerate();
        let hyphens_right = bytes.all(|(at, byte)| (byte == b'-') == is_hyphen(at));
        let digits = text.bytes().filter(|byte| *byte != b'-');
        return if hyphens_right { read(digits) } else { None };
    }
    unhex(text)
}

id!(
    /// One log, drawn at random when it is created.
    "log id" LogId
);
id!(
    /// What is assessed: the organization, a team or a project. Also names the unit's stream.
    "unit id" UnitId
);
id!(
    /// A person or a service account.
    "principal id" PrincipalId
);
id!(
    /// A bearer token, never the secret itself.
    "token id" TokenId
);
id!(
    /// An artifact put forward for practices.
    "evidence id" EvidenceId
);
id!(
    /// One rating of one practice.
    "rating id" RatingId
);
id!(
    /// A dated judgment of levels by a team.
    "appraisal id" AppraisalId
);
id!(
    /// Names one append call of one principal for ever.
    "request id" RequestId
);

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Thirty-two zero bytes: "nothing here".
    pub const ZERO: Self = Self([0; 32]);
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&hex(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl FromStr for Digest {
    type Err = BadId;

    /// Reads 64 hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, BadId> {
        unhex(text).map(Self).ok_or_else(|| bad(text, "digest", "64 hexadecimal digits"))
    }
}

cbor_bytes!(Digest);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_id_is_read_back_as_it_was_written(bytes: [u8; 16]) {
            let id = EvidenceId(bytes);
            prop_assert_eq!(id.to_string().parse::<EvidenceId>(), Ok(id));
            prop_assert_eq!(hex(&bytes).parse::<EvidenceId>(), Ok(id));
        }

        #[test]
        fn any_text_is_an_id_or_an_error(text: String) {
            let _ = text.parse::<EvidenceId>();
            let _ = text.parse::<Digest>();
        }
    }

    #[test]
    fn an_error_shows_the_text_and_the_right_form() {
        let error = "12-34".parse::<UnitId>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`12-34` is no unit id: 32 hexadecimal digits, as in a UUID, are needed"
        );
    }
}
