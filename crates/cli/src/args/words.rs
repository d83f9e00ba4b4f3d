//! Closed vocabularies as values of flags: listed in the help, and completed by the shell.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use gradus_model::words::UnknownWord;
use gradus_wire::v1;

/// Reads one of the words that `name` gives to the values in `all`.
pub fn words<T: Copy + Send + Sync + 'static>(
    all: &'static [T],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    let words = all.iter().map(move |word| name(*word));
    PossibleValuesParser::new(words).try_map(move |text: String| {
        let found = all.iter().copied().find(|word| name(*word) == text);
        // The parser before let only known words through.
        found.ok_or(UnknownWord { seen: text, vocabulary: "word", known: String::new() })
    })
}

/// What reviews made of an item.
pub const STANDINGS: &[v1::Standing] = &[
    v1::Standing::Submitted,
    v1::Standing::Accepted,
    v1::Standing::Rejected,
    v1::Standing::Withdrawn,
];

/// The word of a standing.
#[must_use]
pub fn standing(standing: v1::Standing) -> &'static str {
    match standing {
        v1::Standing::Unspecified => "unspecified",
        v1::Standing::Submitted => "submitted",
        v1::Standing::Accepted => "accepted",
        v1::Standing::Rejected => "rejected",
        v1::Standing::Withdrawn => "withdrawn",
    }
}

/// The sorts of held documents.
pub const DOCUMENTS: &[v1::DocumentKind] =
    &[v1::DocumentKind::Model, v1::DocumentKind::Rules, v1::DocumentKind::Profile];

/// The word of a sort of held document.
#[must_use]
pub fn document(kind: v1::DocumentKind) -> &'static str {
    match kind {
        v1::DocumentKind::Unspecified => "unspecified",
        v1::DocumentKind::Model => "model",
        v1::DocumentKind::Rules => "rules",
        v1::DocumentKind::Profile => "profile",
    }
}
