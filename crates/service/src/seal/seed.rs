//! The one random seed of a record, and what is derived from it.

use std::fmt;

use gradus_proof::payload::SALT;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use crate::call::fill_random;
use crate::error::ServiceError;

/// The bytes of a seed.
pub const SEED: usize = 32;
/// The bytes of a nonce.
pub const NONCE: usize = 24;
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

    /// What is derived from the seed: its key is set up once for all of it.
    pub(super) fn derive(&self) -> Derived {
        // HMAC fills a key up to the block of 64 bytes with zeros, so this is the seed as key.
        let mut block = Zeroizing::new([0_u8; 64]);
        let (key, _) = block.split_at_mut(SEED);
        key.copy_from_slice(self.bytes());
        Derived(Hmac::new((&*block).into()))
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

/// Everything that has to look random, each value by its label.
pub(super) struct Derived(Hmac<Sha256>);

impl Derived {
    /// The salts of the first `fields` fields.
    pub(super) fn salts(&self, fields: usize) -> Vec<[u8; SALT]> {
        let salt = |at: u32| *self.of(&[b"gradus/v1/salt", &at.to_be_bytes()]);
        (0..).take(fields).map(salt).collect()
    }

    pub(super) fn nonce(&self) -> [u8; NONCE] {
        first(&self.of(&[b"gradus/v1/nonce"]))
    }

    pub(super) fn blind(&self) -> [u8; BLIND] {
        first(&self.of(&[b"gradus/v1/blind"]))
    }

    fn of(&self, message: &[&[u8]]) -> Zeroizing<[u8; 32]> {
        let mut mac = self.0.clone();
        for part in message {
            mac.update(part);
        }
        let mut bytes = mac.finalize().into_bytes();
        let derived = Zeroizing::new(bytes.into());
        bytes.as_mut_slice().zeroize();
        derived
    }
}

fn first<const N: usize>(bytes: &[u8; 32]) -> [u8; N] {
    const { assert!(N <= 32) };
    let mut cut = [0; N];
    cut.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    cut
}
