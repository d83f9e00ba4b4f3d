//! What a record keeps apart from its leaf: free text and anything personal, as named fields.
//!
//! The fields are committed one by one under the leaf's payload root and stored sealed, so that
//! one of them can be withheld or the whole erased while every proof stays valid.

use minicbor::{Decode, Encode};

/// One named text of a payload.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Field {
    /// Its name, for example `title`.
    #[n(0)]
    pub name: String,
    /// Its text, kept as given.
    #[n(1)]
    pub text: String,
}

/// The fields of one record, in the order they were given; names are unique.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Payload(#[n(0)] pub Vec<Field>);

impl Payload {
    /// No fields.
    #[must_use]
    pub const fn empty() -> Self {
        Self(Vec::new())
    }

    /// This payload with one more field, unless `text` is empty.
    #[must_use]
    pub fn with(mut self, name: &str, text: impl Into<String>) -> Self {
        let text = text.into();
        if !text.is_empty() {
            self.0.push(Field { name: name.to_owned(), text });
        }
        self
    }

    /// The text of a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|field| field.name == name).map(|field| field.text.as_str())
    }

    /// Whether there is no field.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes of all names and texts.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.iter().map(|field| field.name.len() + field.text.len()).sum()
    }
}
