//! Signed notes after C2SP signed-note: a text, and lines that sign it.
//!
//! Invariant: [`Note::parse`] accepts one form only, so that [`Note::to_bytes`] gives back what was
//! parsed, byte for byte.

use std::fmt::Write as _;

use crate::key::NoteError;
use crate::text::{FormatError, base64, unbase64, utf8};

/// The most signatures that a note carries.
pub const MOST_SIGNATURES: usize = 100;

const FORMAT: &str = "note";

/// What a signature line begins with: an em dash and a space.
const DASH: &str = "\u{2014} ";

/// A text with the signatures on it, which may be of anybody.
///
/// The text means nothing before [`VerifierKey::verify`](crate::VerifierKey::verify) has found a
/// signature on it by a key that is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The text, with the newline at its end.
    pub text: String,
    /// The signatures, in the order of their lines.
    pub signatures: Vec<Signature>,
}

/// One signature line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The name of the key.
    pub name: String,
    /// The first bytes of a hash over name, type and key: tells keys of one name apart.
    pub key_id: u32,
    /// The signature, in a form that its type defines.
    pub bytes: Vec<u8>,
}

impl Note {
    /// A text without signatures.
    ///
    /// # Errors
    ///
    /// [`NoteError::Format`] for a text that does not end in a newline or has control characters.
    pub fn new(text: String) -> Result<Self, NoteError> {
        check(&text)?;
        Ok(Self { text, signatures: Vec::new() })
    }

    /// Reads a note of at most 1 MiB with 1 to [`MOST_SIGNATURES`] signatures.
    ///
    /// Signatures of unknown keys and types are kept as they are.
    ///
    /// # Errors
    ///
    /// [`NoteError`]: the line that is not as signed-note says, or too many signatures.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        let whole = utf8(FORMAT, bytes)?;
        check(whole)?;
        // The last empty line is what parts text and signatures: texts may have empty lines, too.
        let Some(at) = whole.rfind("\n\n") else {
            let line = whole.lines().count() as u64 + 1;
            let needed = "an empty line and signatures";
            return Err(FormatError::new(FORMAT, line, None, needed).into());
        };
        let (text, signed) = whole.split_at_checked(at + 1).unwrap_or((whole, ""));
        let signed = signed.strip_prefix('\n').unwrap_or(signed);
        let first = text.lines().count() as u64 + 2;
        let signatures = Signature::lines(signed, first)?;
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// The note as it is kept and sent.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut whole = format!("{}\n", self.text);
        for Signature { name, key_id, bytes } in &self.signatures {
            whole.push_str(&signature_line(name, *key_id, bytes));
        }
        whole.into_bytes()
    }
}

impl Signature {
    /// Reads signature lines, as a witness answers with: 1 to [`MOST_SIGNATURES`].
    ///
    /// # Errors
    ///
    /// [`NoteError`]: the line that is not as signed-note says, or too many signatures.
    pub fn parse_lines(text: &str) -> Result<Vec<Self>, NoteError> {
        Self::lines(text, 1)
    }

    /// Reads signature lines, the first of which is line `first`.
    fn lines(text: &str, first: u64) -> Result<Vec<Self>, NoteError> {
        let needed = "a signature: a dash (U+2014), the key's name, and base64";
        let mut signatures = Vec::new();
        for (at, line) in (first..).zip(text.split_inclusive('\n')) {
            if signatures.len() == MOST_SIGNATURES {
                return Err(NoteError::TooMany);
            }
            let wrong = |needed| FormatError::new(FORMAT, at, Some(line.trim_end()), needed);
            let line = line.strip_suffix('\n').ok_or_else(|| wrong("a newline at its end"))?;
            signatures.push(Self::line(line).ok_or_else(|| wrong(needed))?);
        }
        if signatures.is_empty() {
            return Err(FormatError::new(FORMAT, first, None, needed).into());
        }
        Ok(signatures)
    }

    fn line(line: &str) -> Option<Self> {
        let (name, encoded) = line.strip_prefix(DASH)?.split_once(' ')?;
        let decoded = unbase64(encoded)?;
        let (key_id, bytes) = decoded.split_first_chunk::<4>()?;
        (is_name(name) && !bytes.is_empty()).then(|| Self {
            name: name.to_owned(),
            key_id: u32::from_be_bytes(*key_id),
            bytes: bytes.to_vec(),
        })
    }
}

/// The line of a signature, with its newline.
#[must_use]
pub fn signature_line(name: &str, key_id: u32, signature: &[u8]) -> String {
    let encoded = base64(&[&key_id.to_be_bytes(), signature].concat());
    let mut line = String::with_capacity(DASH.len() + name.len() + encoded.len() + 2);
    // Writing to a String cannot fail.
    let _ = writeln!(line, "{DASH}{name} {encoded}");
    line
}

/// Whether a text can name a key: not empty, and without spaces, plus and control characters.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let wrong = |c: char| c.is_whitespace() || c == '+' || c < ' ';
    !text.is_empty() && !text.contains(wrong)
}

/// That a text ends in a newline and has no other control character.
fn check(text: &str) -> Result<(), FormatError> {
    for (line, content) in (1..).zip(text.split('\n')) {
        if content.contains(|c: char| c < ' ') {
            let shown: String = content.escape_default().collect();
            let needed = "no control characters";
            return Err(FormatError::new(FORMAT, line, Some(&shown), needed));
        }
    }
    let line = text.lines().count() as u64;
    if text.ends_with('\n') {
        return Ok(());
    }
    Err(FormatError::new(FORMAT, line.max(1), text.lines().last(), "a newline at its end"))
}
