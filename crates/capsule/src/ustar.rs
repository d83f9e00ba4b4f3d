//! The container: a POSIX tar archive (ustar) of which everything but names and contents is fixed.
//!
//! Each member is a header of 512 bytes and its content, filled up with zeros to a multiple of 512;
//! two blocks of zeros end the file. Mode 0644, owner and group 0, time 0, a regular file.
//!
//! Invariant: what [`Reader`] accepts is exactly what [`member`] and [`end`] write.

/// The bytes of a block.
const BLOCK: usize = 512;
/// The most bytes of a name.
const NAME: usize = 100;
/// Where the size stands in a header, in octal.
const SIZE: std::ops::Range<usize> = 124..135;
/// What stands at byte 257 of every header.
const MAGIC: &[u8] = b"ustar\x0000";

/// Adds a member. Its name has at most 100 bytes and it has less than 8 GiB, or it cannot be read
/// back.
pub fn member(out: &mut Vec<u8>, name: &str, content: &[u8]) {
    out.extend_from_slice(&header(name.as_bytes(), content.len()));
    out.extend_from_slice(content);
    out.resize(out.len().next_multiple_of(BLOCK), 0);
}

/// Ends the file.
pub fn end(out: &mut Vec<u8>) {
    out.resize(out.len() + 2 * BLOCK, 0);
}

/// Whether a file begins as one of this format does.
#[must_use]
pub fn begins(bytes: &[u8]) -> bool {
    bytes.get(257..257 + MAGIC.len()) == Some(MAGIC)
}

fn header(name: &[u8], size: usize) -> Vec<u8> {
    let mut header = Vec::with_capacity(BLOCK);
    header.extend_from_slice(name.get(..NAME).unwrap_or(name));
    header.resize(NAME, 0);
    header.extend_from_slice(b"0000644\x000000000\x000000000\x00");
    header.extend_from_slice(format!("{size:011o}\x00{:011o}\x00", 0).as_bytes());
    let mut rest = vec![b'0'];
    rest.resize(1 + NAME, 0);
    rest.extend_from_slice(MAGIC);
    rest.resize(rest.len() + 64, 0);
    rest.extend_from_slice(b"0000000\x000000000\x00");
    rest.resize(BLOCK - header.len() - 8, 0);
    // The sum is taken with spaces in its own place.
    let sum: u32 = header.iter().chain(&rest).map(|byte| u32::from(*byte)).sum::<u32>() + 8 * 32;
    header.extend_from_slice(format!("{sum:06o}\x00 ").as_bytes());
    header.extend_from_slice(&rest);
    header
}

/// A member as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its content.
    pub content: &'a [u8],
}

/// A file that is not of the format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {at} of the file: {what}")]
pub struct UstarError {
    /// Where it goes wrong.
    pub at: usize,
    /// What would be right.
    pub what: &'static str,
}

/// Reads member by member.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// A reader from the beginning.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next member; none at the end.
    ///
    /// # Errors
    ///
    /// [`UstarError`]: where the file is not what [`member`] and [`end`] would have written.
    pub fn entry(&mut self) -> Result<Option<Entry<'a>>, UstarError> {
        let start = self.at;
        let wrong = |at, what| UstarError { at, what };
        let rest = self.bytes.get(start..).unwrap_or_default();
        let Some((head, after)) = rest.split_at_checked(BLOCK) else {
            return Err(wrong(start, "the file ends where a header or two blocks of zeros follow"));
        };
        if head.iter().all(|byte| *byte == 0) {
            let zeros = after.len() == BLOCK && after.iter().all(|byte| *byte == 0);
            let what = "two blocks of zeros end the file, and nothing follows";
            return if zeros { Ok(None) } else { Err(wrong(start, what)) };
        }
        let not_ours = || wrong(start, "the header is not one that a capsule has");
        let name = head.get(..NAME).unwrap_or_default();
        let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
        let size = head.get(SIZE).and_then(octal).ok_or_else(not_ours)?;
        if *head != *header(name, size) {
            return Err(not_ours());
        }
        let name = std::str::from_utf8(name).ok().filter(|name| !name.is_empty());
        let name = name.ok_or_else(not_ours)?;
        let cut = || wrong(start, "the file ends before the member does");
        let content = after.get(..size).ok_or_else(cut)?;
        let filled = after.get(size..size.next_multiple_of(BLOCK)).ok_or_else(cut)?;
        if filled.iter().any(|byte| *byte != 0) {
            let at = start + BLOCK + size;
            return Err(wrong(at, "a member is filled up with zeros"));
        }
        self.at = start + BLOCK + size + filled.len();
        Ok(Some(Entry { name, content }))
    }
}

/// A number of octal digits.
fn octal(digits: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(digits).ok()?;
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { usize::from_str_radix(text, 8).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(members: &[(String, Vec<u8>)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (name, content) in members {
            member(&mut bytes, name, content);
        }
        end(&mut bytes);
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, UstarError> {
        let (mut reader, mut members) = (Reader::new(bytes), Vec::new());
        while let Some(entry) = reader.entry()? {
            members.push((entry.name.to_owned(), entry.content.to_vec()));
        }
        Ok(members)
    }

    fn members() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
        let content = prop::collection::vec(any::<u8>(), 0..1_100);
        prop::collection::vec(("[a-z0-9/.-]{1,100}", content), 0..4)
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_back(members in members()) {
            prop_assert_eq!(read(&written(&members)), Ok(members));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = read(&bytes);
        }

        #[test]
        fn no_byte_can_change_without_being_seen(
            members in members(), at: prop::sample::Index, by in 1_u8..,
        ) {
            let mut bytes = written(&members);
            let at = at.index(bytes.len());
            bytes[at] ^= by;
            prop_assert_ne!(read(&bytes), Ok(members));
        }
    }

    #[test]
    fn a_header_is_that_of_posix() {
        let bytes = written(&[("a/b".to_owned(), b"hello\n".to_vec())]);
        assert_eq!(bytes.len(), 4 * BLOCK);
        assert!(begins(&bytes));
        assert_eq!(&bytes[..4], b"a/b\0");
        let fixed = b"0000644\x000000000\x000000000\x0000000000006\x0000000000000\x00";
        assert_eq!(&bytes[100..148], fixed);
        assert_eq!(&bytes[148..157], b"007565\x00 0");
        assert_eq!(&bytes[257..265], b"ustar\x0000");
    }
}
