//! Frames: runs of consecutive records, packed into values that sled keeps in its log.
//!
//! A frame is stored under its first position (u64 big-endian), and is, big-endian too:
//!
//! | bytes | field |
//! |---|---|
//! | 2 | format, 1 |
//! | 2 | number of records |
//! | for each record: 2, 2, … | length of the leaf, of the payload, then both |
//! | 4 | CRC-32 (ISO-HDLC) of the first position and all of the above |
//!
//! Invariant: a frame has at most 6,144 bytes. sled packs up to 16 values into one page, and pages
//! past 128 KiB go to files that it never syncs.

use crate::LogError;

/// The format that is written.
pub(crate) const FORMAT: u16 = 1;
/// The longest frame, in bytes.
pub(crate) const MOST_BYTES: usize = 6_144;

const HEADER: usize = 4;
const LENGTHS: usize = 4;
const CHECKSUM: usize = 4;

/// The key of the frame that starts at `first`.
pub(crate) const fn key(first: u64) -> [u8; 8] {
    first.to_be_bytes()
}

/// The first position of the frame with this key.
pub(crate) fn first_of(key: &[u8]) -> Result<u64, LogError> {
    key.try_into()
        .map(u64::from_be_bytes)
        .map_err(|_| LogError::Storage(format!("a frame has a key of {} bytes", key.len())))
}

/// A frame that is being filled.
struct Packer {
    first: u64,
    count: u16,
    bytes: Vec<u8>,
}

impl Packer {
    /// An empty frame whose first record will be `first`.
    fn new(first: u64) -> Self {
        let mut bytes = Vec::with_capacity(MOST_BYTES);
        bytes.extend_from_slice(&FORMAT.to_be_bytes());
        bytes.extend_from_slice(&[0; 2]);
        Self { first, count: 0, bytes }
    }

    /// Adds a record; `false` says that the frame has no room for it.
    fn add(&mut self, leaf: &[u8], payload: &[u8]) -> bool {
        let (Ok(leaf_length), Ok(payload_length)) =
            (u16::try_from(leaf.len()), u16::try_from(payload.len()))
        else {
            return false;
        };
        let length = self.bytes.len() + LENGTHS + leaf.len() + payload.len() + CHECKSUM;
        if length > MOST_BYTES {
            return false;
        }
        self.bytes.extend_from_slice(&leaf_length.to_be_bytes());
        self.bytes.extend_from_slice(&payload_length.to_be_bytes());
        self.bytes.extend_from_slice(leaf);
        self.bytes.extend_from_slice(payload);
        self.count += 1;
        true
    }

    /// The key and value of the frame, and the position that follows it.
    fn finish(mut self) -> ([u8; 8], Vec<u8>, u64) {
        if let Some(count) = self.bytes.get_mut(2..HEADER) {
            count.copy_from_slice(&self.count.to_be_bytes());
        }
        let checksum = checksum(self.first, &self.bytes);
        self.bytes.extend_from_slice(&checksum.to_be_bytes());
        (key(self.first), self.bytes, self.first + u64::from(self.count))
    }
}

/// Packs consecutive records, the first at `first`, into frames and hands out key and value of each.
pub(crate) fn pack<'a>(
    first: u64,
    records: impl Iterator<Item = (&'a [u8], &'a [u8])>,
    mut frame: impl FnMut([u8; 8], Vec<u8>),
) -> Result<(), LogError> {
    let mut packer = Packer::new(first);
    for (leaf, payload) in records {
        if packer.add(leaf, payload) {
            continue;
        }
        let (key, value, next) = packer.finish();
        frame(key, value);
        packer = Packer::new(next);
        if !packer.add(leaf, payload) {
            let (what, seen) = ("bytes of a record", leaf.len() + payload.len());
            return Err(LogError::TooLarge { what, seen, most: MOST_BYTES });
        }
    }
    if packer.count > 0 {
        let (key, value, _) = packer.finish();
        frame(key, value);
    }
    Ok(())
}

fn checksum(first: u64, bytes: &[u8]) -> u32 {
    let mut hash = crc32fast::Hasher::new();
    hash.update(&key(first));
    hash.update(bytes);
    hash.finalize()
}

/// A stored frame whose checksum holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    first: u64,
    count: u16,
    records: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Checks format and checksum of the frame stored under `first`.
    pub(crate) fn read(first: u64, bytes: &'a [u8]) -> Result<Self, LogError> {
        let short = || LogError::damaged(first, "a frame is too short");
        let (body, stored) = bytes.split_last_chunk::<CHECKSUM>().ok_or_else(short)?;
        if checksum(first, body) != u32::from_be_bytes(*stored) {
            return Err(LogError::damaged(first, "a frame's checksum is wrong"));
        }
        Self::read_again(first, bytes)
    }

    /// As [`Frame::read`], for bytes whose checksum was found right before.
    pub(crate) fn read_again(first: u64, bytes: &'a [u8]) -> Result<Self, LogError> {
        let short = || LogError::damaged(first, "a frame is too short");
        let (body, _) = bytes.split_last_chunk::<CHECKSUM>().ok_or_else(short)?;
        let (format, rest) = body.split_first_chunk::<2>().ok_or_else(short)?;
        let format = u16::from_be_bytes(*format);
        if format != FORMAT {
            return Err(LogError::NewerFormat { what: "frame", seen: format, known: FORMAT });
        }
        let (count, records) = rest.split_first_chunk::<2>().ok_or_else(short)?;
        Ok(Self { first, count: u16::from_be_bytes(*count), records })
    }

    /// The position that follows the frame.
    pub(crate) fn end(&self) -> u64 {
        self.first + u64::from(self.count)
    }

    /// Its records with their positions; the last item is an error if they do not fill the frame.
    pub(crate) fn records(&self) -> Records<'a> {
        Records { next: self.first, left: self.count, rest: self.records }
    }
}

/// A record in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    pub(crate) position: u64,
    pub(crate) leaf: &'a [u8],
    pub(crate) payload: &'a [u8],
}

pub(crate) struct Records<'a> {
    next: u64,
    left: u16,
    rest: &'a [u8],
}

impl<'a> Records<'a> {
    fn record(&mut self) -> Option<Record<'a>> {
        let (leaf, rest) = self.rest.split_first_chunk::<2>()?;
        let (payload, rest) = rest.split_first_chunk::<2>()?;
        let (leaf, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*leaf)))?;
        let (payload, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*payload)))?;
        self.rest = rest;
        Some(Record { position: self.next, leaf, payload })
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        let Some(record) = self.record() else {
            self.left = 0;
            return Some(Err(LogError::damaged(self.next, "a frame ends within a record")));
        };
        self.next += 1;
        self.left -= 1;
        if self.left == 0 && !self.rest.is_empty() {
            return Some(Err(LogError::damaged(self.next, "a frame holds more than its records")));
        }
        Some(Ok(record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradus_model::leaf::MOST_RECORD_BYTES;
    use proptest::prelude::*;

    fn packed(first: u64, records: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
        let mut packer = Packer::new(first);
        for (leaf, payload) in records {
            assert!(packer.add(leaf, payload));
        }
        packer.finish().1
    }

    #[test]
    fn the_largest_record_has_room_in_a_frame() {
        let frame = packed(0, &[(vec![1; 4_096], vec![2; MOST_RECORD_BYTES - 4_096])]);
        assert!(frame.len() <= MOST_BYTES);
    }

    #[test]
    fn a_full_frame_takes_no_more() {
        let mut packer = Packer::new(0);
        while packer.add(&[0; 300], &[0; 100]) {}
        let (_, bytes, next) = packer.finish();
        assert!(bytes.len() <= MOST_BYTES);
        assert_eq!(next, 15);
    }

    #[test]
    fn a_newer_format_is_refused_with_both_numbers() {
        let mut bytes = packed(0, &[(vec![1], vec![])]);
        bytes[1] = 2;
        let body = bytes.len() - CHECKSUM;
        let checksum = checksum(0, &bytes[..body]);
        bytes[body..].copy_from_slice(&checksum.to_be_bytes());
        assert_eq!(
            Frame::read(0, &bytes).unwrap_err().to_string(),
            "the frame has format 2, this version reads format 1: use a newer one"
        );
    }

    proptest! {
        #[test]
        fn a_frame_is_read_back_as_it_was_packed(
            first in 0..u64::MAX / 2,
            records in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..200), prop::collection::vec(any::<u8>(), 0..200)), 0..14),
        ) {
            let bytes = packed(first, &records);
            let frame = Frame::read(first, &bytes).unwrap();
            prop_assert_eq!(frame.end(), first + records.len() as u64);
            for (at, record) in frame.records().enumerate() {
                let record = record.unwrap();
                prop_assert_eq!(record.position, first + at as u64);
                prop_assert_eq!(record.leaf, &records[at].0);
                prop_assert_eq!(record.payload, &records[at].1);
            }
        }

        #[test]
        fn a_changed_byte_or_another_key_is_found(at in 0_usize..30, change in 1..=255_u8) {
            let mut bytes = packed(7, &[(vec![1; 10], vec![2; 8])]);
            prop_assert_eq!(bytes.len(), 30);
            prop_assert!(Frame::read(8, &bytes).is_err());
            bytes[at] ^= change;
            prop_assert!(Frame::read(7, &bytes).is_err());
        }

        #[test]
        fn any_bytes_are_a_frame_or_an_error(bytes: Vec<u8>) {
            if let Ok(frame) = Frame::read(0, &bytes) {
                frame.records().for_each(drop);
            }
        }
    }
}
