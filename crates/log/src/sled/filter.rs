//! Says of most keys that they were never added, without a look at the disk.
//!
//! A Bloom filter in layers, each twice as large as the one before: about 10 bits per key, and
//! about one wrong "perhaps" in a hundred.

use std::hash::{BuildHasher as _, RandomState};

use crate::runs::RequestKey;

const FIRST_CAPACITY: usize = 65_536;
const BITS_PER_KEY: usize = 10;
const PROBES: u64 = 6;

#[derive(Debug, Default)]
pub(super) struct Filter {
    /// Keyed, so that nobody can choose requests that collide.
    hasher: RandomState,
    layers: Vec<Layer>,
}

#[derive(Debug)]
struct Layer {
    words: Vec<u64>,
    keys: usize,
    capacity: usize,
}

impl Filter {
    /// Adds a key.
    pub(super) fn add(&mut self, key: &RequestKey) {
        if self.may_hold(key) {
            return;
        }
        let hash = self.hash(key);
        if self.layers.last().is_none_or(|layer| layer.keys >= layer.capacity) {
            let capacity = self.layers.last().map_or(FIRST_CAPACITY, |layer| layer.capacity * 2);
            let words = vec![0; capacity * BITS_PER_KEY / 64];
            self.layers.push(Layer { words, keys: 0, capacity });
        }
        if let Some(layer) = self.layers.last_mut() {
            layer.keys += 1;
            for (word, bit) in layer.probes(hash) {
                if let Some(word) = layer.words.get_mut(word) {
                    *word |= bit;
                }
            }
        }
    }

    /// Whether a key may have been added; `false` is certain.
    pub(super) fn may_hold(&self, key: &RequestKey) -> bool {
        let hash = self.hash(key);
        self.layers.iter().any(|layer| {
            layer
                .probes(hash)
                .all(|(word, bit)| layer.words.get(word).is_some_and(|word| word & bit != 0))
        })
    }

    fn hash(&self, (actor, request): &RequestKey) -> u64 {
        self.hasher.hash_one((actor.0, request.0))
    }
}

impl Layer {
    /// The words and bits of a key.
    fn probes(&self, hash: u64) -> impl Iterator<Item = (usize, u64)> + use<> {
        let bits = self.words.len() as u64 * 64;
        let step = (hash >> 32) | 1;
        (0..PROBES).map(move |probe| {
            let bit = hash.wrapping_add(probe.wrapping_mul(step)) % bits;
            (usize::try_from(bit / 64).unwrap_or(usize::MAX), 1 << (bit % 64))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradus_model::{PrincipalId, RequestId};

    fn key(number: u128) -> RequestKey {
        (PrincipalId([1; 16]), RequestId(number.to_be_bytes()))
    }

    #[test]
    fn every_key_added_is_found_and_few_others() {
        let mut filter = Filter::default();
        assert!(!filter.may_hold(&key(0)));
        let many = 3 * FIRST_CAPACITY as u128;
        (0..many).for_each(|number| filter.add(&key(number)));
        assert!((0..many).all(|number| filter.may_hold(&key(number))));
        let wrong = (many..2 * many).filter(|number| filter.may_hold(&key(*number))).count();
        assert!(wrong < many as usize / 20, "{wrong} of {many}");
    }
}
