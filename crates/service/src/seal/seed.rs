//! The one random seed of a record, and what is derived from it.

use std::fmt;

use gradus_proof::payload::SALT;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

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

    /// The salts of the first `fields` fields.
    pub(super) fn salts(&self, fields: usize) -> Vec<[u8; SALT]> {
        let mac = self.mac().chain_update(b"gradus/v1/salt");
        (0_u32..)
            .take(fields)
            .map(|at| *derived(mac.clone().chain_update(at.to_be_bytes())))
            .collect()
    }

    pub(super) fn nonce(&self) -> [u8; NONCE] {
        first(&derived(self.mac().chain_update(b"gradus/v1/nonce")))
    }

    pub(super) fn blind(&self) -> [u8; BLIND] {
        first(&derived(self.mac().chain_update(b"gradus/v1/blind")))
    }

    fn mac(&self) -> Hmac<Sha256> {
        // HMAC fills a key up to the block of 64 bytes with zeros, so this is the seed as key.
        let mut block = Zeroizing::new([0_u8; 64]);
        let (key, _) = block.split_at_mut(SEED);
        key.copy_from_slice(self.bytes());
        Hmac::new((&*block).into())
    }
}

fn derived(mac: Hmac<Sha256>) -> Zeroizing<[u8; 32]> {
    let mut bytes = mac.finalize().into_bytes();
    let derived = Zeroizing::new(bytes.into());
    bytes.as_mut_slice().zeroize();
    derived
}

fn first<const N: usize>(bytes: &[u8; 32]) -> [u8; N] {
    const { assert!(N <= 32) };
    let mut cut = [0; N];
    cut.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    cut
}
