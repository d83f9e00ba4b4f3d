//! What a record keeps apart from its leaf: free text and anything personal, as named fields.
//!
//! The fields are committed one by one under the leaf's payload root and stored sealed, so that
//! one of them can be withheld or the whole erased while every proof stays valid.

use minicbor::{Decode, Encode};

/// The field that says the class.
const CLASS: &str = "class";

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

/// Who may read the texts of a record, besides whoever wrote them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Class {
    /// Whoever may read the record.
    #[default]
    #[n(1)]
    Ordinary,
    /// Those with the right to read confidential texts.
    #[n(2)]
    Confidential,
    /// Those with the right to read interviews: what was said stands for nobody in particular.
    #[n(3)]
    Unattributed,
}

impl Class {
    /// Every class.
    pub const ALL: &'static [Self] = &[Self::Ordinary, Self::Confidential, Self::Unattributed];

    /// Its name, which is also what a payload's field says.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ordinary => "ordinary",
            Self::Confidential => "confidential",
            Self::Unattributed => "unattributed",
        }
    }
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

    /// This payload as one of a class. What says nothing has none, and ordinary is not said.
    #[must_use]
    pub fn of_class(mut self, class: Class) -> Self {
        if class != Class::Ordinary && !self.is_empty() && self.get(CLASS).is_none() {
            let (name, text) = (CLASS.to_owned(), class.name().to_owned());
            self.0.insert(0, Field { name, text });
        }
        self
    }

    /// Its class; none where it names one that this version does not know.
    #[must_use]
    pub fn class(&self) -> Option<Class> {
        let Some(said) = self.get(CLASS) else { return Some(Class::Ordinary) };
        Class::ALL.iter().copied().find(|class| class.name() == said)
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
