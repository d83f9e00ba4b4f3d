//! A file's name and text, so that every fault can say its line.

use std::fmt::Display;
use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;

use super::{CatalogError, Reason};

/// The text of one file, as the caller read it.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
}

impl Source<'_> {
    /// Reads the whole text as `T`.
    pub(super) fn read<T: DeserializeOwned>(self) -> Result<T, CatalogError> {
        toml::from_str(self.text).map_err(|error| {
            let span = error.span().unwrap_or_default();
            self.error(span, Reason::Shape(error.message().to_owned()))
        })
    }

    /// The fault `reason` at `place`.
    pub(super) fn at<T>(self, place: &Spanned<T>, reason: Reason) -> CatalogError {
        self.error(place.span(), reason)
    }

    fn error(self, span: Range<usize>, reason: Reason) -> CatalogError {
        let before = self.text.bytes().take(span.start);
        let line = 1 + before.filter(|byte| *byte == b'\n').count();
        CatalogError { file: self.file.to_owned(), line, reason }
    }

    /// Refuses ids that repeat or descend.
    pub(super) fn ascending<'t, T: Ord + Display + 't>(
        self,
        ids: impl IntoIterator<Item = &'t Spanned<T>>,
    ) -> Result<(), CatalogError> {
        let mut before: Option<&T> = None;
        for id in ids {
            let seen = id.get_ref();
            if let Some(after) = before.filter(|before| *before >= seen) {
                let (seen, after) = (seen.to_string(), after.to_string());
                return Err(self.at(id, Reason::OutOfOrder { seen, after }));
            }
            before = Some(seen);
        }
        Ok(())
    }

    /// Refuses a key that repeats a `part` of `id` and says something else.
    pub(super) fn agrees<T: PartialEq + Display>(
        self,
        id: impl Display,
        key: &'static str,
        part: &T,
        seen: &Spanned<T>,
    ) -> Result<(), CatalogError> {
        if part == seen.get_ref() {
            return Ok(());
        }
        let (id, part, shown) = (id.to_string(), part.to_string(), seen.get_ref().to_string());
        Err(self.at(seen, Reason::Contradiction { id, key, part, seen: shown }))
    }
}
