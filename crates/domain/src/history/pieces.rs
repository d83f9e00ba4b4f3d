//! Lists that grow a piece at a time.
//!
//! What is in such a list stays where it is: a list that grows as a whole copies all of it again and
//! again, and has a third of its room empty on average.

/// The entries of a piece.
const PIECE: usize = 64;

/// A list in pieces, all but the last one full. The first one grows from nothing: most lists are short.
#[derive(Clone, Debug)]
pub(super) struct Pieces<T>(Vec<Vec<T>>);

impl<T> Default for Pieces<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Pieces<T> {
    pub(super) fn push(&mut self, entry: T) {
        match self.0.last_mut() {
            Some(last) if last.len() < PIECE => last.push(entry),
            None => self.0.push(vec![entry]),
            Some(_) => {
                let mut piece = Vec::with_capacity(PIECE);
                piece.push(entry);
                self.0.push(piece);
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        let full = self.0.len().saturating_sub(1) * PIECE;
        full + self.0.last().map_or(0, Vec::len)
    }

    pub(super) fn get(&self, at: u32) -> Option<&T> {
        let at = at as usize;
        self.0.get(at / PIECE)?.get(at % PIECE)
    }

    pub(super) fn get_mut(&mut self, at: u32) -> Option<&mut T> {
        let at = at as usize;
        self.0.get_mut(at / PIECE)?.get_mut(at % PIECE)
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.0.iter().flatten()
    }

    /// How many entries come before the first that is none of `before`, which those in front are.
    pub(super) fn partition_point(&self, before: impl Fn(&T) -> bool) -> usize {
        let pieces = self.0.partition_point(|piece| piece.last().is_some_and(&before));
        let of_next = self.0.get(pieces).map_or(0, |piece| piece.partition_point(&before));
        (pieces * PIECE + of_next).min(self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_in_pieces_is_as_one_in_one_piece() {
        let mut pieces = Pieces::default();
        for many in 0..4 * PIECE {
            let whole: Vec<usize> = (0..many).collect();
            assert_eq!(pieces.len(), whole.len());
            assert!(pieces.iter().eq(&whole) && pieces.iter().rev().eq(whole.iter().rev()));
            let ats = 0..u32::try_from(many).unwrap() + 70;
            assert!(ats.clone().all(|at| pieces.get(at) == whole.get(at as usize)));
            assert!(
                ats.clone()
                    .all(|at| pieces.get_mut(at).copied() == whole.get(at as usize).copied())
            );
            for before in 0..many + 2 {
                let point = pieces.partition_point(|entry| *entry < before);
                assert_eq!(point, whole.partition_point(|entry| *entry < before));
            }
            pieces.push(many);
        }
    }

    #[test]
    fn what_is_in_a_full_piece_stays_where_it_is() {
        let mut pieces: Pieces<usize> = Pieces::default();
        (0..PIECE).for_each(|entry| pieces.push(entry));
        let first: *const usize = pieces.get(0).unwrap();
        (0..100 * PIECE).for_each(|entry| pieces.push(entry));
        assert!(std::ptr::eq(first, pieces.get(0).unwrap()));
        let room: usize = pieces.0.iter().map(Vec::capacity).sum();
        assert_eq!(room, pieces.len());
    }
}
