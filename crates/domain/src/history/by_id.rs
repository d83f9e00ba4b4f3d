//! Numbers of things by their ids.

use hashbrown::HashTable;

/// Things that lie in a list, found by their ids of 16 bytes.
///
/// It is only ever asked for one id, never gone through: its order shows nowhere.
#[derive(Clone, Debug, Default)]
pub(super) struct ById(HashTable<u32>);

impl ById {
    /// The number of a thing, if `has` tells which numbers have the id.
    pub(super) fn number(&self, id: [u8; 16], has: impl Fn(u32) -> bool) -> Option<u32> {
        self.0.find(spread(id), |number| has(*number)).copied()
    }

    /// Adds a thing; `id_of` tells the ids of those that are there.
    pub(super) fn add(&mut self, id: [u8; 16], number: u32, id_of: impl Fn(u32) -> [u8; 16]) {
        self.0.insert_unique(spread(id), number, |number| spread(id_of(*number)));
    }
}

fn spread(id: [u8; 16]) -> u64 {
    let id = u128::from_be_bytes(id);
    let folded = (id ^ (id >> 64)) & u128::from(u64::MAX);
    // Few bits may differ: each must reach both ends, which the table reads.
    u64::try_from(folded).unwrap_or_default().wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32)
}
