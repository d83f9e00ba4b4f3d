//! Numbers of things by their ids.

use hashbrown::HashTable;

/// Things that lie in a list, found by their ids of 16 bytes.
///
/// It is only ever asked for one id, never gone through: its order shows nowhere. Beside each number
/// lies a part of the id, so that the things themselves are looked at when they are asked for, and not
/// when the table grows.
#[derive(Clone, Debug, Default)]
pub(super) struct ById(HashTable<(u32, u32)>);

impl ById {
    /// The number of a thing, if `has` tells which numbers have the id.
    pub(super) fn number(&self, id: [u8; 16], has: impl Fn(u32) -> bool) -> Option<u32> {
        let part = part(id);
        let is_it = |(of, number): &(u32, u32)| *of == part && has(*number);
        self.0.find(spread(part), is_it).map(|(_, number)| *number)
    }

    /// Adds a thing.
    pub(super) fn add(&mut self, id: [u8; 16], number: u32) {
        let part = part(id);
        self.0.insert_unique(spread(part), (part, number), |(part, _)| spread(*part));
    }
}

/// A part of an id, of which each bit has its say.
fn part(id: [u8; 16]) -> u32 {
    let id = u128::from_be_bytes(id);
    let folded = (id ^ (id >> 64)) & u128::from(u64::MAX);
    // Few bits may differ.
    let mixed = u64::try_from(folded).unwrap_or_default().wrapping_mul(0x9e37_79b9_7f4a_7c15);
    u32::try_from(mixed >> 32).unwrap_or_default()
}

/// The bits of a part, at both ends, which the table reads.
const fn spread(part: u32) -> u64 {
    (part as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32)
}
