//! Texts that are hashed before their call has its turn: only the cipher needs a record's place.
//!
//! Invariant: a seed serves once, since whoever takes it owns it.

use std::borrow::Cow;

use gradus_model::Payload;

use crate::error::ServiceError;
use crate::seal::{Hashed, Seeds, hash_all, sealed_len};

/// What a leaf takes, about: some hundred bytes, and what its event says.
const LEAF: usize = 384;

/// The texts of the items that a call will propose, by their numbers.
pub(crate) enum Texts<'a> {
    /// Nothing is known before the call has its turn.
    Unknown,
    /// To be hashed by the call, right before its turn.
    Plain(Vec<Cow<'a, Payload>>),
    /// Hashed with those of other calls.
    Hashed(Ahead<'a>),
}

/// Texts that are hashed, by the numbers of their items.
#[derive(Default)]
pub struct Ahead<'a>(Vec<Option<Hashed<'a>>>);

impl<'a> Texts<'a> {
    /// Hashes what is known.
    pub(crate) fn ahead(self) -> Result<Ahead<'a>, ServiceError> {
        match self {
            Self::Unknown => Ok(Ahead::default()),
            Self::Plain(texts) => Ok(all([texts])?.pop().unwrap_or_default()),
            Self::Hashed(ahead) => Ok(ahead),
        }
    }
}

/// How large a call is, before it is decided, as far as its texts tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Weight {
    pub(crate) items: usize,
    /// In the log, about.
    pub(crate) bytes: usize,
}

impl Ahead<'_> {
    pub(crate) fn weight(&self) -> Weight {
        let text = |hashed: &Hashed<'_>| sealed_len(hashed.payload());
        let texts: usize = self.0.iter().flatten().map(text).sum();
        let items = self.0.len().max(1);
        Weight { items, bytes: texts + items * LEAF }
    }
}

impl<'a> Ahead<'a> {
    /// Takes what was hashed for an item, if it is what the item says.
    pub(crate) fn take(&mut self, item: u32, payload: &Payload) -> Option<Hashed<'a>> {
        let hashed = self.0.get_mut(usize::try_from(item).ok()?)?;
        hashed.take_if(|hashed| hashed.payload() == payload)
    }
}

impl<'a> IntoIterator for Ahead<'a> {
    type Item = Hashed<'a>;
    type IntoIter = std::iter::Flatten<std::vec::IntoIter<Option<Hashed<'a>>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().flatten()
    }
}

/// Hashes the texts of many calls side by side.
pub(crate) fn all<'a>(
    calls: impl IntoIterator<Item = Vec<Cow<'a, Payload>>>,
) -> Result<Vec<Ahead<'a>>, ServiceError> {
    let calls: Vec<Vec<Cow<'a, Payload>>> = calls.into_iter().collect();
    let counts: Vec<usize> = calls.iter().map(Vec::len).collect();
    let mut seeds = Seeds::for_records(counts.iter().sum())?;
    let given = calls.into_iter().flatten().map(|payload| Ok((payload, seeds.next()?)));
    let mut hashed = hash_all(given.collect::<Result<_, ServiceError>>()?).into_iter();
    let of_call = |count: &usize| Ahead(hashed.by_ref().take(*count).map(Some).collect());
    Ok(counts.iter().map(of_call).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(title: &str) -> Payload {
        Payload::empty().with("title", title)
    }

    #[test]
    fn what_was_hashed_is_taken_once_and_only_for_what_it_was_hashed_for() {
        let calls = [vec!["a", "b"], vec![], vec!["c"]];
        let texts = calls.map(|call| call.into_iter().map(|one| Cow::Owned(text(one))).collect());
        let [mut first, mut second, mut third] =
            <[_; 3]>::try_from(all(texts).unwrap()).ok().unwrap();
        assert!(first.take(0, &text("b")).is_none());
        assert!(first.take(1, &text("b")).is_some());
        assert!(first.take(1, &text("b")).is_none(), "its seed served already");
        assert!(first.take(0, &text("a")).is_some());
        assert!(first.take(2, &text("c")).is_none());
        assert!(second.take(0, &text("c")).is_none());
        assert!(third.take(0, &text("c")).is_some());
    }
}
