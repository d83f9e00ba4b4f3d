//! The one random seed of a record, and what is derived from it.

use std::fmt;

use gradus_model::Digest;
use gradus_proof::lanes::{BLOCK, Lanes, Start};
use gradus_proof::payload::SALT;
use zeroize::{Zeroize as _, Zeroizing};

use crate::call::fill_random;
use crate::cipher::NONCE;
use crate::error::ServiceError;

/// The bytes of a seed.
pub const SEED: usize = 32;
/// The bytes of a blind.
pub const BLIND: usize = 16;

/// Thirty-two random bytes, drawn for one record and wiped when dropped.
pub struct Seed(Zeroizing<[u8; SEED]>);

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}

impl Seed {
    /// The seed of these bytes, drawn at random by the caller.
    #[must_use]
    pub fn new(bytes: [u8; SEED]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(super) fn bytes(&self) -> &[u8; SEED] {
        &self.0
    }
}

/// Seeds for the records of one call, drawn from the system many at a time: a draw costs as much as
/// a hash.
pub(crate) struct Seeds {
    drawn: Zeroizing<[u8; SEED * AT_A_TIME]>,
    /// Seeds drawn and not given out; those in front.
    left: usize,
    /// Records that still want one.
    wanted: usize,
}

/// Seeds that are drawn at once.
const AT_A_TIME: usize = 64;

impl Seeds {
    /// Seeds for so many records.
    pub(crate) fn for_records(records: usize) -> Result<Self, ServiceError> {
        let mut seeds =
            Self { drawn: Zeroizing::new([0; SEED * AT_A_TIME]), left: 0, wanted: records };
        seeds.draw()?;
        Ok(seeds)
    }

    /// A seed that was never given out before.
    pub(crate) fn next(&mut self) -> Result<Seed, ServiceError> {
        if self.left == 0 {
            self.draw()?;
        }
        let missing = ServiceError::Fault("no seed was drawn");
        self.left = self.left.checked_sub(1).ok_or(missing)?;
        let seeds = self.drawn.as_chunks_mut::<SEED>().0;
        let missing = ServiceError::Fault("no seed was drawn");
        let seed = seeds.get_mut(self.left).ok_or(missing)?;
        Ok(Seed::new(std::mem::replace(seed, [0; SEED])))
    }

    /// Draws as many as are wanted and have room.
    fn draw(&mut self) -> Result<(), ServiceError> {
        let many = self.wanted.clamp(1, AT_A_TIME);
        let room = self.drawn.get_mut(..many * SEED).unwrap_or_default();
        fill_random(room)?;
        self.left = many;
        self.wanted -= many.min(self.wanted);
        Ok(())
    }
}

/// Everything of a record that has to look random, each value by its label.
#[derive(Default)]
pub(super) struct Derived {
    /// The salt of each field.
    pub(super) salts: Vec<[u8; SALT]>,
    pub(super) nonce: [u8; NONCE],
    pub(super) blind: [u8; BLIND],
}

impl Derived {
    /// What is derived from a seed for so many fields.
    pub(super) fn of(seed: &Seed, fields: usize) -> Self {
        Self::of_all(&[(seed, fields)]).pop().unwrap_or_default()
    }

    /// What is derived from each seed for so many fields; all of it is hashed side by side.
    pub(super) fn of_all(seeds: &[(&Seed, usize)]) -> Vec<Self> {
        let (keys, values) = (keys(seeds), seeds.iter().map(|(_, fields)| 2 + fields).sum());
        let mut inner = Lanes::with_room(values, LONGEST_LABEL);
        for ([key, _], (_, fields)) in keys.as_chunks::<2>().0.iter().zip(seeds) {
            inner.add(key, &[b"gradus/v1/nonce"]);
            inner.add(key, &[b"gradus/v1/blind"]);
            for at in (0_u32..).take(*fields) {
                inner.add(key, &[b"gradus/v1/salt", &at.to_be_bytes()]);
            }
        }
        let inner = wiped(inner.digests());
        let mut outer = Lanes::with_room(values, 32);
        let mut digests = inner.iter();
        for ([_, key], (_, fields)) in keys.as_chunks::<2>().0.iter().zip(seeds) {
            digests.by_ref().take(2 + fields).for_each(|digest| outer.add(key, &[digest]));
        }
        let outer = wiped(outer.digests());
        let mut values = outer.iter();
        let derived = |(_, fields): &(&Seed, usize)| {
            let mut value = || values.next().map_or([0; 32], |value| *value);
            let (nonce, blind) = (first(&value()), first(&value()));
            let salts = (0..*fields).map(|_| value()).collect();
            Self { salts, nonce, blind }
        };
        seeds.iter().map(derived).collect()
    }
}

const LONGEST_LABEL: usize = 14 + 4;

/// For each seed the two states behind the key block of HMAC (RFC 2104): inner and outer.
fn keys(seeds: &[(&Seed, usize)]) -> Zeroizing<Vec<Start>> {
    let mut keys = Lanes::with_room(seeds.len() * 2, BLOCK);
    for (seed, _) in seeds {
        for pad in [0x36, 0x5c] {
            // A key is filled up to the block with zeros.
            let mut block = Zeroizing::new([pad; BLOCK]);
            block.iter_mut().zip(seed.bytes()).for_each(|(byte, of_seed)| *byte ^= of_seed);
            keys.add_block(&block);
        }
    }
    Zeroizing::new(keys.starts())
}

/// Digests that are wiped when they are dropped.
fn wiped(digests: Vec<Digest>) -> Zeroizing<Vec<[u8; 32]>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(digests.len()));
    for mut digest in digests {
        bytes.push(digest.0);
        digest.0.zeroize();
    }
    bytes
}

fn first<const N: usize>(bytes: &[u8; 32]) -> [u8; N] {
    const { assert!(N <= 32) };
    let mut cut = [0; N];
    cut.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    cut
}

#[cfg(test)]
mod tests {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    use proptest::prelude::*;
    use sha2::Sha256;

    use super::*;

    proptest! {
        #[test]
        fn every_value_is_the_hmac_of_its_label_under_the_seed(
            seeds in prop::collection::vec((any::<[u8; SEED]>(), 0_usize..9), 0..20),
        ) {
            let asked: Vec<(Seed, usize)> =
                seeds.iter().map(|(seed, fields)| (Seed::new(*seed), *fields)).collect();
            let asked: Vec<(&Seed, usize)> =
                asked.iter().map(|(seed, fields)| (seed, *fields)).collect();
            for ((seed, fields), derived) in seeds.iter().zip(Derived::of_all(&asked)) {
                let value = |label: &[u8]| -> [u8; 32] {
                    let mut mac = Hmac::<Sha256>::new_from_slice(seed).unwrap();
                    mac.update(label);
                    mac.finalize().into_bytes().into()
                };
                prop_assert_eq!(&derived.nonce, &value(b"gradus/v1/nonce")[..NONCE]);
                prop_assert_eq!(&derived.blind, &value(b"gradus/v1/blind")[..BLIND]);
                prop_assert_eq!(derived.salts.len(), *fields);
                for (at, salt) in (0_u32..).zip(&derived.salts) {
                    let label = [b"gradus/v1/salt".as_slice(), &at.to_be_bytes()].concat();
                    prop_assert_eq!(salt, &value(&label));
                }
            }
        }
    }
}
