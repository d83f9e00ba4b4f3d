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

/// Lower-case hexadecimal of `bytes`.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digit =
        |number: u8| char::from(if number < 10 { b'0' + number } else { b'a' + number - 10 });
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 0x0f));
    }
    text
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0_u8; N];
    if text.len() != N * 2 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        if pair.starts_with('+') {
            return None;
        }
        *byte = u8::from_str_radix(pair, 16).ok()?;
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
                f.pad(&grouped(&self.0))
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

fn grouped(bytes: &[u8; 16]) -> String {
    let digits = hex(bytes);
    let mut text = String::with_capacity(36);
    for (at, digit) in digits.chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

fn ungrouped(text: &str) -> Option<[u8; 16]> {
    if text.len() == 36 {
        let hyphens_right =
            text.char_indices().all(|(at, c)| (c == '-') == matches!(at, 8 | 13 | 18 | 23));
        return if hyphens_right { unhex(&text.replace('-', "")) } else { None };
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
