//! Finds frames in raw bytes: each has a checksum of its own, and its first leaf says where it
//! belongs.

use std::ops::Range;

use gradus_model::leaf;

use crate::frame::{self, Frame};

/// The shortest frame: format, count, one pair of lengths, one leaf, checksum.
const SHORTEST: usize = 2 + 2 + 4 + leaf::HEADER + 4;

/// A frame that verifies, where it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Carved {
    /// Its first position.
    pub(super) first: u64,
    /// The position that follows it.
    pub(super) end: u64,
    /// Where it begins in the file.
    pub(super) at: u64,
    pub(super) length: usize,
    /// Whether what is around it verifies, too.
    pub(super) whole: bool,
}

/// Every frame in `bytes`, which lie at `base`; those within `whole` are marked so.
pub(super) fn carve(bytes: &[u8], base: u64, whole: Range<usize>) -> Vec<Carved> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| rest.len() >= SHORTEST) {
        let Some((first, end, length)) = frame_at(rest) else {
            at += 1;
            continue;
        };
        let whole = whole.contains(&at) && at + length <= whole.end;
        found.push(Carved { first, end, at: base + at as u64, length, whole });
        at += length;
    }
    found
}

/// First position, following position and length of the frame at the start of `bytes`.
fn frame_at(bytes: &[u8]) -> Option<(u64, u64, usize)> {
    // By far most bytes end here.
    let (format, rest) = bytes.split_first_chunk::<2>()?;
    if u16::from_be_bytes(*format) != frame::FORMAT {
        return None;
    }
    let (count, rest) = rest.split_first_chunk::<2>()?;
    let count = u16::from_be_bytes(*count);
    let (first_format, after) = rest.get(4..)?.split_first_chunk::<2>()?;
    let (first, _) = after.split_first_chunk::<8>()?;
    if count == 0 || u16::from_be_bytes(*first_format) != leaf::FORMAT {
        return None;
    }
    let mut length = 4;
    for _ in 0..count {
        let [a, b, c, d] = *bytes.get(length..)?.first_chunk::<4>()?;
        length +=
            4 + usize::from(u16::from_be_bytes([a, b])) + usize::from(u16::from_be_bytes([c, d]));
        if length > frame::MOST_BYTES {
            return None;
        }
    }
    length += 4;
    let first = u64::from_be_bytes(*first);
    let frame = Frame::read(first, bytes.get(..length)?).ok()?;
    Some((first, frame.end(), length))
}
