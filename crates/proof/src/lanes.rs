//! SHA-256 of many messages side by side, one in each lane of the processor's vectors.
//!
//! A processor without instructions for SHA-256 takes eight blocks of eight messages in about the
//! time of one and a half alone. Where it has such instructions, or messages are few, they are
//! hashed one after the other.
//!
//! Invariant: every digest is the SHA-256 of its message, however it was computed.

mod rounds;

use std::sync::LazyLock;

use fearless_simd::{Level, dispatch};
use gradus_model::Digest;
use sha2::block_api::compress256;
use zeroize::{Zeroize, Zeroizing};

/// The bytes of a block.
pub const BLOCK: usize = 64;

pub(crate) type Words = [u32; 8];
type Block = [u8; BLOCK];

/// How vectors are used here; none where messages are hashed one after the other.
static LEVEL: LazyLock<Option<Level>> = LazyLock::new(|| {
    let level = Level::new();
    (!hashes_itself() && !level.is_fallback()).then_some(level)
});

/// Whether the processor has instructions for SHA-256, which `sha2` uses.
fn hashes_itself() -> bool {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    return std::arch::is_x86_feature_detected!("sha");
    #[cfg(target_arch = "aarch64")]
    return std::arch::is_aarch64_feature_detected!("sha2");
    #[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
    false
}

/// Where a hash begins: anew, or behind whole blocks that were hashed before.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    words: Words,
    bytes: u64,
}

impl Start {
    /// The begin of every SHA-256 (FIPS 180-4, 5.3.3).
    pub const ANEW: Self = Self {
        words: [
            0x6a09_e667,
            0xbb67_ae85,
            0x3c6e_f372,
            0xa54f_f53a,
            0x510e_527f,
            0x9b05_688c,
            0x1f83_d9ab,
            0x5be0_cd19,
        ],
        bytes: 0,
    };
}

impl Zeroize for Start {
    fn zeroize(&mut self) {
        self.words.zeroize();
    }
}

/// Messages that are hashed together; their bytes are wiped when it is dropped.
pub struct Lanes {
    blocks: Zeroizing<Vec<u8>>,
    lanes: Vec<Lane>,
}

/// One message: where its blocks begin, how many they are, and the state so far.
#[derive(Clone, Copy)]
pub(crate) struct Lane {
    first: usize,
    count: usize,
    words: Words,
    bytes: u64,
}

impl Lanes {
    /// Room for so many messages of so many bytes each; more of either only costs time.
    #[must_use]
    pub fn with_room(messages: usize, bytes: usize) -> Self {
        let blocks = Zeroizing::new(Vec::with_capacity(messages * (bytes + BLOCK + 9)));
        Self { blocks, lanes: Vec::with_capacity(messages) }
    }

    /// Adds a message, given in parts, that goes on at `start`.
    pub fn add(&mut self, start: &Start, parts: &[&[u8]]) {
        let first = self.blocks.len();
        self.write(parts);
        let bytes = start.bytes + (self.blocks.len() - first) as u64;
        // The padding of FIPS 180-4, 5.1.1.
        self.blocks.push(0x80);
        let filled = (self.blocks.len() + 8).next_multiple_of(BLOCK) - 8;
        self.blocks.resize(filled, 0);
        self.write(&[&(bytes * 8).to_be_bytes()]);
        self.take(first, start.words, bytes);
    }

    /// Adds one whole block to begin with, for [`Lanes::starts`].
    pub fn add_block(&mut self, block: &Block) {
        let first = self.blocks.len();
        self.write(&[block]);
        self.take(first, Start::ANEW.words, BLOCK as u64);
    }

    fn write(&mut self, parts: &[&[u8]]) {
        let more: usize = parts.iter().map(|part| part.len()).sum();
        if self.blocks.capacity() - self.blocks.len() < more + BLOCK + 9 {
            // A vector that grew by itself would leave its bytes behind.
            let mut larger = Vec::with_capacity((self.blocks.len() + more + BLOCK + 9) * 2);
            larger.extend_from_slice(&self.blocks);
            self.blocks = Zeroizing::new(larger);
        }
        for part in parts {
            self.blocks.extend_from_slice(part);
        }
    }

    fn take(&mut self, first: usize, words: Words, bytes: u64) {
        let count = (self.blocks.len() - first) / BLOCK;
        self.lanes.push(Lane { first: first / BLOCK, count, words, bytes });
    }

    /// The digests of the messages, in their order.
    #[must_use]
    pub fn digests(self) -> Vec<Digest> {
        let mut digests = Vec::with_capacity(self.lanes.len());
        for lane in self.hashed(*LEVEL) {
            let mut digest = [0; 32];
            for (bytes, word) in digest.as_chunks_mut::<4>().0.iter_mut().zip(lane.words) {
                *bytes = word.to_be_bytes();
            }
            digests.push(Digest(digest));
        }
        digests
    }

    /// Where hashes go on behind the blocks that were added, in their order.
    #[must_use]
    pub fn starts(self) -> Vec<Start> {
        let start = |lane: Lane| Start { words: lane.words, bytes: lane.bytes };
        self.hashed(*LEVEL).into_iter().map(start).collect()
    }

    fn hashed(mut self, level: Option<Level>) -> Vec<Lane> {
        let mut lanes = std::mem::take(&mut self.lanes);
        let blocks = self.blocks.as_chunks::<BLOCK>().0;
        let counts = lanes.first().map(|lane| lane.count);
        match level {
            Some(level) if lanes.len() > 1 => {
                let even = lanes.iter().all(|lane| Some(lane.count) == counts);
                // Messages of a length are together, so that few lanes wait for longer ones.
                if !even {
                    lanes.sort_unstable_by_key(|lane| lane.count);
                }
                dispatch!(level, simd => rounds::in_lanes(simd, &mut lanes, blocks));
                if !even {
                    lanes.sort_unstable_by_key(|lane| lane.first);
                }
            }
            _ => lanes.iter_mut().for_each(|lane| lane.alone(blocks)),
        }
        lanes
    }
}

impl Lane {
    fn blocks<'a>(&self, blocks: &'a [Block]) -> &'a [Block] {
        blocks.get(self.first..self.first + self.count).unwrap_or_default()
    }

    fn alone(&mut self, blocks: &[Block]) {
        let blocks = self.blocks(blocks);
        compress256(&mut self.words, blocks);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sha256;
    use proptest::prelude::*;

    /// Every way in which this machine can hash.
    fn levels() -> Vec<Option<Level>> {
        let mut levels = vec![None, Some(Level::baseline()), Some(Level::new())];
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        levels.push(Level::new().as_avx2().map(Level::Avx2));
        levels
    }

    fn bytes(lane: &Lane) -> Digest {
        let bytes: Vec<u8> = lane.words.iter().flat_map(|word| word.to_be_bytes()).collect();
        Digest(bytes.try_into().unwrap())
    }

    proptest! {
        #[test]
        fn every_message_has_the_digest_that_it_has_alone(
            messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..40),
            room in 0_usize..100,
        ) {
            let expected: Vec<Digest> = messages.iter().map(|message| sha256(message)).collect();
            for level in levels() {
                let mut lanes = Lanes::with_room(messages.len(), room);
                for message in &messages {
                    let (front, back) = message.split_at(message.len() / 3);
                    lanes.add(&Start::ANEW, &[front, &[], back]);
                }
                let hashed: Vec<Digest> = lanes.hashed(level).iter().map(bytes).collect();
                prop_assert_eq!(&hashed, &expected);
            }
        }

        #[test]
        fn a_hash_goes_on_behind_the_block_it_began_with(
            blocks in prop::collection::vec(any::<[u8; 32]>(), 1..20),
            rest in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let whole: Vec<[u8; BLOCK]> =
                blocks.iter().map(|half| [*half, *half].concat().try_into().unwrap()).collect();
            let mut begun = Lanes::with_room(whole.len(), BLOCK);
            for block in &whole {
                begun.add_block(block);
            }
            let mut lanes = Lanes::with_room(whole.len(), rest.len());
            for start in begun.starts() {
                lanes.add(&start, &[&rest]);
            }
            let expected: Vec<Digest> =
                whole.iter().map(|block| sha256(&[block, rest.as_slice()].concat())).collect();
            prop_assert_eq!(lanes.digests(), expected);
        }
    }

    #[test]
    fn the_digests_around_the_ends_of_blocks_are_those_of_sha2() {
        let message = [7; 300];
        let mut lanes = Lanes::with_room(300, 0);
        for length in 0..300 {
            lanes.add(&Start::ANEW, &[&message[..length]]);
        }
        for (length, digest) in lanes.digests().into_iter().enumerate() {
            assert_eq!(digest, sha256(&message[..length]), "{length} bytes");
        }
    }

    #[test]
    fn no_messages_have_no_digests() {
        assert!(Lanes::with_room(0, 0).digests().is_empty());
    }
}
