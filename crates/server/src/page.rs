//! Pages of a list: bounds, and the opaque token that pins what the first page saw.

use gradus_model::Timestamp;
use gradus_model::ids::hex;
use gradus_proof::digest::sha256;
use gradus_service::ServiceError;
use gradus_service::coordinate::{Coordinate, Known, Resolved};
use prost::Message;

/// Entries of a page unless another size is asked for.
const USUAL: u32 = 100;
/// The most entries of a page.
const MOST: u32 = 1_000;

/// The most bytes of a page's entries, so that they fit into a message with what surrounds them.
pub(crate) const MOST_BYTES: usize = 3 << 20;

/// How many of these entries fit into one message; the first always does.
pub(crate) fn fitting(entries: &[impl Message]) -> usize {
    let mut bytes = 0;
    let longer = entries.iter().position(|entry| {
        bytes += entry.encoded_len();
        bytes > MOST_BYTES
    });
    longer.map_or(entries.len(), |longer| longer.max(1))
}

/// Where a page begins and how long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// The number of the first candidate, before filters.
    pub(crate) from: u64,
    /// The most entries.
    pub(crate) size: usize,
    /// The log size and moment that the first page saw, if this is a later one.
    pinned: Option<(u64, i64)>,
    arguments: [u8; 8],
}

impl Page {
    /// Reads the paging fields; `arguments` is the request without them, which must stay the same.
    ///
    /// `list` keeps the tokens of lists apart whose requests look alike.
    pub(crate) fn read(
        list: &str,
        size: u32,
        token: &str,
        arguments: &impl Message,
    ) -> Result<Self, ServiceError> {
        let wanted = if size == 0 { USUAL } else { size.min(MOST) };
        let digest = sha256(&[list.as_bytes(), b"/", &arguments.encode_to_vec()].concat()).0;
        let mut arguments = [0; 8];
        for (byte, first) in arguments.iter_mut().zip(digest) {
            *byte = first;
        }
        let size = usize::try_from(wanted).unwrap_or_default();
        let first = Self { from: 0, size, pinned: None, arguments };
        if token.is_empty() {
            return Ok(first);
        }
        let refused = || ServiceError::PageTokenRefused;
        let mut numbers = [0_u64; 4];
        if token.len() != 64 || !token.is_ascii() {
            return Err(refused());
        }
        for (number, digits) in numbers.iter_mut().zip(token.as_bytes().chunks_exact(16)) {
            let digits = std::str::from_utf8(digits).map_err(|_| refused())?;
            *number = u64::from_str_radix(digits, 16).map_err(|_| refused())?;
        }
        let [log_size, valid_at, from, check] = numbers;
        if check.to_be_bytes() != arguments {
            return Err(refused());
        }
        Ok(Self { from, pinned: Some((log_size, valid_at.cast_signed())), ..first })
    }

    /// The coordinate of this page: the one asked for, or the first page's.
    pub(crate) fn pin(&self, asked: Coordinate) -> Coordinate {
        let Some((size, valid_at)) = self.pinned else { return asked };
        let valid_at = Timestamp::from_micros(valid_at).ok().or(asked.valid_at);
        Coordinate { valid_at, known: Known::Size(size), ..asked }
    }

    /// The token of the page that begins at `from`; empty if there is none.
    pub(crate) fn next(&self, from: Option<u64>, seen: &Resolved) -> String {
        from.map(|from| self.token(from, seen.log_size, seen.valid_at)).unwrap_or_default()
    }

    /// The token of the page that begins at `from` of a log of `log_size`.
    pub(crate) fn token(&self, from: u64, log_size: u64, valid_at: Timestamp) -> String {
        let parts = [
            log_size.to_be_bytes(),
            valid_at.micros().to_be_bytes(),
            from.to_be_bytes(),
            self.arguments,
        ];
        hex(&parts.concat())
    }

    /// The log size that the first page saw, if this is a later one.
    pub(crate) fn log_size(&self) -> Option<u64> {
        self.pinned.map(|(size, _)| size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradus_wire::v1::Source;

    fn arguments(name: &str) -> Source {
        Source { name: name.to_owned(), id: String::new() }
    }

    #[test]
    fn a_token_is_read_back_with_what_it_pins() {
        let page = Page::read("list", 0, "", &arguments("a")).unwrap();
        let token = page.token(200, 77, Timestamp::MIN);
        let next = Page::read("list", 0, &token, &arguments("a")).unwrap();
        assert_eq!((next.from, next.size, next.log_size()), (200, 100, Some(77)));
        assert_eq!(next.pin(Coordinate::default()).valid_at, Some(Timestamp::MIN));
    }

    #[test]
    fn a_token_of_other_arguments_or_none_is_refused() {
        let page = Page::read("list", 9_999, "", &arguments("a")).unwrap();
        assert_eq!(page.size, 1_000);
        let token = page.token(200, 77, Timestamp::MIN);
        for wrong in [&token[1..], "x", &"ä".repeat(32)] {
            assert!(Page::read("list", 0, wrong, &arguments("a")).is_err(), "{wrong}");
        }
        assert!(Page::read("list", 0, &token, &arguments("b")).is_err());
        assert!(Page::read("other list", 0, &token, &arguments("a")).is_err());
    }
}
