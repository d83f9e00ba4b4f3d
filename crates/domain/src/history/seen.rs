//! From which sources a unit's items come, as far as a few bits of each tell.
//!
//! Most items that are pushed are new. Whoever asks whether one is need not recall the others: what
//! was not seen is not there. What seems to be is looked for among them.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use gradus_model::evidence::Source;
use hashbrown::HashTable;

/// Of a million sources, a new one is taken for one of them once in a million times.
const BYTES: usize = 5;

/// Sources that were seen, in 40 bits each.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen(HashTable<[u8; BYTES]>);

impl Seen {
    pub(super) fn add(&mut self, source: &Source) {
        let (hash, print) = print_of(source);
        let of = |print: &[u8; BYTES]| spread(*print);
        self.0.entry(hash, |one| *one == print, of).or_insert(print);
    }

    /// Whether a source may have been seen; one that was not, was not.
    pub(super) fn may_have(&self, source: &Source) -> bool {
        let (hash, print) = print_of(source);
        self.0.find(hash, |one| *one == print).is_some()
    }
}

impl<'a> FromIterator<&'a Source> for Seen {
    fn from_iter<I: IntoIterator<Item = &'a Source>>(sources: I) -> Self {
        let mut seen = Self::default();
        sources.into_iter().for_each(|source| seen.add(source));
        seen
    }
}

/// A number that differs from that of any other source, most likely.
pub(super) fn hash_of(source: &Source) -> u64 {
    let mut hasher = DefaultHasher::new();
    source.hash(&mut hasher);
    hasher.finish()
}

fn print_of(source: &Source) -> (u64, [u8; BYTES]) {
    let [print @ .., _, _, _] = hash_of(source).to_be_bytes();
    (spread(print), print)
}

/// Where a table keeps it: its bits reach both ends, which the table reads.
fn spread([one, two, three, four, five]: [u8; BYTES]) -> u64 {
    u64::from_be_bytes([0, 0, 0, one, two, three, four, five]).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(number: usize) -> Source {
        Source { name: "scanner".parse().unwrap(), id: number.to_string().parse().unwrap() }
    }

    #[test]
    fn what_was_seen_is_told_and_of_ten_thousand_others_none() {
        let seen: Seen = (0..10_000).map(source).collect::<Vec<_>>().iter().collect();
        assert!((0..10_000).all(|number| seen.may_have(&source(number))));
        assert!((10_000..20_000).all(|number| !seen.may_have(&source(number))));
    }

    #[test]
    fn what_is_seen_again_takes_no_more_room() {
        let mut seen = Seen::default();
        (0..100).for_each(|_| seen.add(&source(1)));
        assert_eq!(seen.0.len(), 1);
    }
}
