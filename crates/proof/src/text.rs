//! Lines of the C2SP text formats: each ends in a newline, numbers and base64 have one form.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gradus_model::Digest;

/// The most bytes of a text.
const MOST_BYTES: usize = 1 << 20;

/// The most characters of a line that an error shows.
const SHOWN: usize = 60;

/// A text that is not of its format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatError {
    /// The format, such as `checkpoint`.
    pub format: &'static str,
    /// The line, from 1, counted from where the format begins.
    pub line: u64,
    /// What stands there, at most 60 characters of it; nothing where the text ends.
    pub seen: Option<String>,
    /// What would be right.
    pub needed: &'static str,
}

impl FormatError {
    pub(crate) fn new(
        format: &'static str,
        line: u64,
        seen: Option<&str>,
        needed: &'static str,
    ) -> Self {
        let seen = seen.map(|seen| seen.chars().take(SHOWN).collect());
        Self { format, line, seen, needed }
    }
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { format, line, seen, needed } = self;
        match seen {
            Some(seen) => write!(f, "line {line} of the {format} is `{seen}`: it takes {needed}"),
            None => write!(f, "the {format} ends before line {line}: it takes {needed}"),
        }
    }
}

impl std::error::Error for FormatError {}

/// A text that is read line by line.
pub(crate) struct Lines<'a> {
    format: &'static str,
    rest: &'a str,
    line: u64,
}

impl<'a> Lines<'a> {
    pub(crate) const fn new(format: &'static str, text: &'a str) -> Self {
        Self { format, rest: text, line: 0 }
    }

    /// A text of at most 1 MiB, in UTF-8.
    pub(crate) fn read(format: &'static str, bytes: &'a [u8]) -> Result<Self, FormatError> {
        Ok(Self::new(format, utf8(format, bytes)?))
    }

    /// The next line without its newline; `needed` says what it has to be.
    pub(crate) fn next(&mut self, needed: &'static str) -> Result<&'a str, FormatError> {
        self.line += 1;
        let Some((line, rest)) = self.rest.split_once('\n') else {
            let seen = Some(self.rest).filter(|rest| !rest.is_empty());
            let needed = if seen.is_some() { "a newline at its end" } else { needed };
            return Err(FormatError::new(self.format, self.line, seen, needed));
        };
        self.rest = rest;
        Ok(line)
    }

    /// What the next line holds, by a reading of it.
    pub(crate) fn read_next<T>(
        &mut self,
        needed: &'static str,
        read: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<T, FormatError> {
        let line = self.next(needed)?;
        read(line).ok_or_else(|| self.wrong(line, needed))
    }

    /// The lines of hashes up to an empty line, at most `most`.
    pub(crate) fn hashes(&mut self, most: usize) -> Result<Vec<Digest>, FormatError> {
        let needed = "a hash in base64 or an empty line";
        let mut hashes = Vec::new();
        loop {
            let line = self.next(needed)?;
            if line.is_empty() {
                return Ok(hashes);
            }
            if hashes.len() == most {
                return Err(self.wrong(line, "an empty line: there are as many hashes as can be"));
            }
            hashes.push(hash(line).ok_or_else(|| self.wrong(line, needed))?);
        }
    }

    /// An error about the line that was read last.
    pub(crate) fn wrong(&self, seen: &str, needed: &'static str) -> FormatError {
        FormatError::new(self.format, self.line, Some(seen), needed)
    }

    /// What follows the lines that were read.
    pub(crate) const fn rest(&self) -> &'a str {
        self.rest
    }
}

/// A text of at most 1 MiB, in UTF-8.
pub(crate) fn utf8<'a>(format: &'static str, bytes: &'a [u8]) -> Result<&'a str, FormatError> {
    if bytes.len() > MOST_BYTES {
        let seen = bytes.len().to_string() + " bytes";
        return Err(FormatError::new(format, 1, Some(&seen), "at most 1 MiB"));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let (valid, wrong) = bytes.split_at_checked(error.valid_up_to()).unwrap_or((bytes, &[]));
        let line = valid.split(|byte| *byte == b'\n').count() as u64;
        let seen = wrong.first().map(|byte| format!("the byte {byte:#04x}"));
        FormatError::new(format, line, seen.as_deref(), "UTF-8")
    })
}

/// A number in decimal, without leading zeros.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let leading = text.len() > 1 && text.starts_with('0');
    if digits && !leading { text.parse().ok() } else { None }
}

/// Bytes in base64 (RFC 4648, section 4).
#[must_use]
pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes of a base64 text; padding is needed, and bits left over are zero.
pub(crate) fn unbase64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// The hash of a base64 text.
#[must_use]
pub fn hash(text: &str) -> Option<Digest> {
    unbase64(text)?.try_into().ok().map(Digest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(bytes: &[u8], then: &Expect) {
        let read = Lines::read("list", bytes).and_then(|mut lines| {
            lines.read_next("a size", decimal)?;
            lines.hashes(1)
        });
        let read = match read {
            Ok(hashes) => format!("{hashes:?}"),
            Err(error) => error.to_string(),
        };
        then.assert_eq(&read);
    }

    #[test]
    fn a_list_is_read_or_the_line_is_named() {
        let hash = base64(&[7; 32]);
        check(b"12\n\n", &expect!["[]"]);
        check(b"", &expect!["the list ends before line 1: it takes a size"]);
        check(b"012\n\n", &expect!["line 1 of the list is `012`: it takes a size"]);
        check(b"+12\n\n", &expect!["line 1 of the list is `+12`: it takes a size"]);
        check(b"12", &expect!["line 1 of the list is `12`: it takes a newline at its end"]);
        check(
            b"12\n",
            &expect!["the list ends before line 2: it takes a hash in base64 or an empty line"],
        );
        check(
            b"12\nAAA=\n\n",
            &expect!["line 2 of the list is `AAA=`: it takes a hash in base64 or an empty line"],
        );
        check(b"12\n\xff\n\n", &expect!["line 2 of the list is `the byte 0xff`: it takes UTF-8"]);
        check(
            &vec![b'1'; MOST_BYTES + 1],
            &expect!["line 1 of the list is `1048577 bytes`: it takes at most 1 MiB"],
        );
        let two = format!("1\n{hash}\n{hash}\n");
        let seen =
            expect![["line 3 of the list is `BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=`: \
            it takes an empty line: there are as many hashes as can be"]];
        let read = Lines::read("list", two.as_bytes()).and_then(|mut lines| {
            lines.read_next("a size", decimal)?;
            lines.hashes(1)
        });
        seen.assert_eq(&read.unwrap_err().to_string());
    }

    #[test]
    fn numbers_and_base64_have_one_form() {
        assert_eq!(decimal("0"), Some(0));
        assert_eq!(decimal("18446744073709551615"), Some(u64::MAX));
        for wrong in ["", "00", "-1", "+1", " 1", "1 ", "1e3", "18446744073709551616", "١"] {
            assert_eq!(decimal(wrong), None, "{wrong:?}");
        }
        assert_eq!(unbase64("AA=="), Some(vec![0]));
        for wrong in ["AA", "AA=", "AB==", "AA==\n", "A A=", "__8="] {
            assert_eq!(unbase64(wrong), None, "{wrong:?}");
        }
    }
}
