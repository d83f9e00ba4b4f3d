//! From which sources a unit's items come, as far as a few bits of each tell.
//!
//! Most items that are pushed are new. Whoever asks whether one is need not recall the others: what
//! was not seen is not there. What seems to be is looked for among them.

use std::hash::Hasher as _;

use gradus_model::evidence::Source;
use gradus_model::{Event, Recorded};
use siphasher::sip::SipHasher13;

/// Of a million sources, a new one is taken for one of them once in a million times.
const BYTES: usize = 5;

/// A few bits of a source, spread evenly: the first of SipHash-1-3, under the key zero, of the name of
/// the system, a byte that no text has (0xff), and the id there. They are written down, and stay so.
type Print = [u8; BYTES];

/// So many of late are kept apart, however few there are.
const FEWEST_RECENT: usize = 32;
/// And so many, however many there are.
const MOST_RECENT: usize = 4_096;
/// The part that those of late are, before they are merged with the others.
const PART_RECENT: usize = 16;

/// As far as a print may lie from where it would if all lay evenly, before it is looked for among all.
const AROUND: usize = 128;

/// Sources that were seen, in 40 bits each and no more: of units that are pushed to, all are held.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// In their order.
    prints: Vec<Print>,
    /// Those of late, in their order.
    recent: Vec<Print>,
}

impl Seen {
    pub(super) fn add(&mut self, source: &Source) {
        let print = print_of(source);
        if has(&self.prints, print) {
            return;
        }
        if let Err(at) = self.recent.binary_search(&print) {
            self.recent.insert(at, print);
        }
        let most = (self.prints.len() / PART_RECENT).clamp(FEWEST_RECENT, MOST_RECENT);
        if self.recent.len() >= most {
            self.prints = merged(&self.prints, &self.recent);
            self.recent.clear();
        }
    }

    /// Takes in a recorded event: a submitted item's source; any other changes nothing.
    pub fn take_in(&mut self, recorded: &Recorded) {
        if let Event::EvidenceSubmitted(item) = &recorded.event {
            self.add(&item.source);
        }
    }

    /// All of it as bytes, 5 for each source, ascending.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        merged(&self.prints, &self.recent).concat()
    }

    /// What was written as bytes; none if they cannot be that.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (prints, rest) = bytes.as_chunks();
        let is_ordered = prints.is_sorted_by(|one, next| one < next);
        let read = || Self { prints: prints.to_vec(), recent: Vec::new() };
        (rest.is_empty() && is_ordered).then(read)
    }

    /// Whether a source may have been seen; one that was not, was not.
    pub(super) fn may_have(&self, source: &Source) -> bool {
        let print = print_of(source);
        has(&self.prints, print) || self.recent.binary_search(&print).is_ok()
    }
}

impl<'a> FromIterator<&'a Source> for Seen {
    fn from_iter<I: IntoIterator<Item = &'a Source>>(sources: I) -> Self {
        let mut prints: Vec<Print> = sources.into_iter().map(print_of).collect();
        prints.sort_unstable();
        prints.dedup();
        prints.shrink_to_fit();
        Self { prints, recent: Vec::new() }
    }
}

/// Whether a print is among those that lie in their order.
fn has(prints: &[Print], print: Print) -> bool {
    let near = around(prints.len(), print).and_then(|near| prints.get(near));
    let lies_in = |near: &&[Print]| {
        let ends = near.first().zip(near.last());
        ends.is_some_and(|(first, last)| (first..=last).contains(&&print))
    };
    near.filter(lies_in).unwrap_or(prints).binary_search(&print).is_ok()
}

/// Where a print most likely lies among so many that lie evenly.
fn around(many: usize, print: Print) -> Option<std::ops::Range<usize>> {
    let [one, two, three, four, five] = print;
    let share = u128::from(u64::from_be_bytes([0, 0, 0, one, two, three, four, five]));
    let at = usize::try_from((share * u128::try_from(many).ok()?) >> (8 * BYTES)).ok()?;
    Some(at.saturating_sub(AROUND)..at.saturating_add(AROUND).min(many))
}

/// Two lists, each in its order and without what the other holds, as one.
fn merged(left: &[Print], right: &[Print]) -> Vec<Print> {
    let mut all = Vec::with_capacity(left.len() + right.len());
    let mut left = left.iter().copied().peekable();
    for print in right {
        while let Some(before) = left.next_if(|one| one < print) {
            all.push(before);
        }
        all.push(*print);
    }
    all.extend(left);
    all
}

/// A number that differs from that of any other source, most likely.
pub(super) fn hash_of(source: &Source) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(source.name.as_str().as_bytes());
    hasher.write(&[0xff]);
    hasher.write(source.id.as_str().as_bytes());
    hasher.finish()
}

fn print_of(source: &Source) -> Print {
    let [print @ .., _, _, _] = hash_of(source).to_be_bytes();
    print
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(number: usize) -> Source {
        Source { name: "scanner".parse().unwrap(), id: number.to_string().parse().unwrap() }
    }

    #[test]
    fn what_was_seen_is_told_and_of_ten_thousand_others_none() {
        let sources: Vec<_> = (0..10_000).map(source).collect();
        let together: Seen = sources.iter().collect();
        let mut one_by_one = Seen::default();
        for source in &sources {
            one_by_one.add(source);
        }
        for seen in [together, one_by_one] {
            assert!((0..10_000).all(|number| seen.may_have(&source(number))));
            assert!((10_000..20_000).all(|number| !seen.may_have(&source(number))));
        }
    }

    #[test]
    fn what_is_written_down_is_read_back() {
        let mut seen = Seen::default();
        for number in 0..10_000 {
            seen.add(&source(number));
            if number % 1_777 == 0 {
                let bytes = seen.bytes();
                assert_eq!(bytes.len(), (number + 1) * BYTES);
                let read = Seen::read(&bytes).unwrap();
                assert!((0..=number).all(|number| read.may_have(&source(number))));
                assert!((number + 1..number + 1_000).all(|other| !read.may_have(&source(other))));
            }
        }
        let mut bytes = seen.bytes();
        assert!(Seen::read(&bytes[1..]).is_none() && Seen::read(&[]).is_some());
        bytes.rotate_left(BYTES);
        assert!(Seen::read(&bytes).is_none(), "out of order");
    }

    #[test]
    fn prints_stay_what_they_are_since_they_are_written_down() {
        let of = |name: &str, id: &str| {
            print_of(&Source { name: name.parse().unwrap(), id: id.parse().unwrap() })
        };
        assert_eq!(of("git", "4c2f"), [86, 22, 112, 131, 25]);
        assert_eq!(of("scanner", "1"), [254, 151, 87, 32, 68]);
        assert_ne!(of("a", "bc"), of("ab", "c"));
    }

    #[test]
    fn ten_thousand_sources_take_little_more_than_five_bytes_each() {
        let mut seen = Seen::default();
        for number in 0..10_000 {
            seen.add(&source(number));
        }
        let held = seen.prints.capacity() + seen.recent.capacity();
        assert!(held * BYTES < 56_000, "{} bytes", held * BYTES);
    }

    #[test]
    fn what_is_seen_again_takes_no_more_room() {
        let mut seen = Seen::default();
        for number in (0..100).chain(0..100) {
            seen.add(&source(number));
        }
        assert_eq!(seen.prints.len() + seen.recent.len(), 100);
    }

    #[test]
    fn prints_that_lie_anyhow_are_found_all_the_same() {
        // All begin alike: none lies where it would if they lay evenly.
        let prints: Vec<Print> = (0..100_000_u32)
            .map(|number| [&[7][..], &number.to_be_bytes()].concat().try_into().unwrap())
            .collect();
        assert!(prints.iter().step_by(97).all(|print| has(&prints, *print)));
        assert!(!has(&prints, [6, 255, 255, 255, 255]) && !has(&prints, [8, 0, 0, 0, 0]));
        assert!(!has(&[], [0; BYTES]) && has(&[[0; BYTES]], [0; BYTES]));
    }
}
