//! The rounds of SHA-256 (FIPS 180-4, 6.2.2), on a word of every lane at a time.

#![expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the vectors of the processor"
)]
#![expect(clippy::indexing_slicing, reason = "rounds are counted, and lanes bounded by arrays")]
#![expect(clippy::many_single_char_names, reason = "the words have these names in the standard")]

use std::array::from_fn;

use fearless_simd::{Simd, SimdBase};

use super::{Block, Lane, Words};

/// The most lanes of any processor.
const MOST: usize = 16;

const K: [u32; 64] = [
    0x428a_2f98,
    0x7137_4491,
    0xb5c0_fbcf,
    0xe9b5_dba5,
    0x3956_c25b,
    0x59f1_11f1,
    0x923f_82a4,
    0xab1c_5ed5,
    0xd807_aa98,
    0x1283_5b01,
    0x2431_85be,
    0x550c_7dc3,
    0x72be_5d74,
    0x80de_b1fe,
    0x9bdc_06a7,
    0xc19b_f174,
    0xe49b_69c1,
    0xefbe_4786,
    0x0fc1_9dc6,
    0x240c_a1cc,
    0x2de9_2c6f,
    0x4a74_84aa,
    0x5cb0_a9dc,
    0x76f9_88da,
    0x983e_5152,
    0xa831_c66d,
    0xb003_27c8,
    0xbf59_7fc7,
    0xc6e0_0bf3,
    0xd5a7_9147,
    0x06ca_6351,
    0x1429_2967,
    0x27b7_0a85,
    0x2e1b_2138,
    0x4d2c_6dfc,
    0x5338_0d13,
    0x650a_7354,
    0x766a_0abb,
    0x81c2_c92e,
    0x9272_2c85,
    0xa2bf_e8a1,
    0xa81a_664b,
    0xc24b_8b70,
    0xc76c_51a3,
    0xd192_e819,
    0xd699_0624,
    0xf40e_3585,
    0x106a_a070,
    0x19a4_c116,
    0x1e37_6c08,
    0x2748_774c,
    0x34b0_bcb5,
    0x391c_0cb3,
    0x4ed8_aa4a,
    0x5b9c_ca4f,
    0x682e_6ff3,
    0x748f_82ee,
    0x78a5_636f,
    0x84c8_7814,
    0x8cc7_0208,
    0x90be_fffa,
    0xa450_6ceb,
    0xbef9_a3f7,
    0xc671_78f2,
];

/// Hashes every lane to its end.
#[inline(always)]
pub(super) fn in_lanes<S: Simd>(simd: S, lanes: &mut [Lane], blocks: &[Block]) {
    for lanes in lanes.chunks_mut(S::u32s::LEN.min(MOST)) {
        if let [lane] = lanes {
            lane.alone(blocks);
            continue;
        }
        let mut state: [S::u32s; 8] = gathered(simd, lanes, |lane| lane.words);
        let longest = lanes.iter().map(|lane| lane.count).max().unwrap_or_default();
        for at in 0..longest {
            let words = |lane: &Lane| match lane.blocks(blocks).get(at) {
                Some(block) => from_fn(|word| {
                    let bytes: [u8; 4] = from_fn(|byte| block[word * 4 + byte]);
                    u32::from_be_bytes(bytes)
                }),
                // A lane that is through goes on with nothing; its words were taken out before.
                None => [0; 16],
            };
            let mut words: [S::u32s; 16] = gathered(simd, lanes, words);
            compress(simd, &mut state, &mut words);
            if lanes.iter().any(|lane| lane.count == at + 1) {
                let mut out = [[0; MOST]; 8];
                for (out, word) in out.iter_mut().zip(&state) {
                    word.store_slice(&mut out[..S::u32s::LEN]);
                }
                let through = lanes.iter_mut().enumerate().filter(|(_, lane)| lane.count == at + 1);
                for (number, lane) in through {
                    lane.words = from_fn::<_, 8, _>(|word| out[word][number]) as Words;
                }
            }
        }
    }
}

/// The words of each lane, turned so that a vector holds the same word of all lanes.
#[inline(always)]
fn gathered<S: Simd, const N: usize>(
    simd: S,
    lanes: &[Lane],
    words: impl Fn(&Lane) -> [u32; N],
) -> [S::u32s; N] {
    let mut turned = [[0; MOST]; N];
    for (number, lane) in lanes.iter().enumerate() {
        for (turned, word) in turned.iter_mut().zip(words(lane)) {
            turned[number] = word;
        }
    }
    from_fn(|word| S::u32s::from_slice(simd, &turned[word][..S::u32s::LEN]))
}

#[inline(always)]
fn rotated<S: Simd>(word: S::u32s, by: u32) -> S::u32s {
    (word >> by) | (word << (32 - by))
}

#[inline(always)]
fn compress<S: Simd>(simd: S, state: &mut [S::u32s; 8], w: &mut [S::u32s; 16]) {
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    for sixteen in (0..64).step_by(16) {
        for at in 0..16 {
            if sixteen > 0 {
                let (near, far) = (w[(at + 1) & 15], w[(at + 14) & 15]);
                let one = rotated::<S>(near, 7) ^ rotated::<S>(near, 18) ^ (near >> 3);
                let two = rotated::<S>(far, 17) ^ rotated::<S>(far, 19) ^ (far >> 10);
                w[at] = w[at] + one + w[(at + 9) & 15] + two;
            }
            let sum = rotated::<S>(e, 6) ^ rotated::<S>(e, 11) ^ rotated::<S>(e, 25);
            let choice = g ^ (e & (f ^ g));
            let constant = S::u32s::splat(simd, K[sixteen + at]);
            let first = h + sum + choice + (w[at] + constant);
            let sum = rotated::<S>(a, 2) ^ rotated::<S>(a, 13) ^ rotated::<S>(a, 22);
            let majority = (a & b) | (c & (a | b));
            (h, g, f, e) = (g, f, e, d + first);
            (d, c, b, a) = (c, b, a, first + sum + majority);
        }
    }
    for (word, more) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
        *word += more;
    }
}
