//! The table `[duties]`: which duties may lie in one hand, each with its reason, and whether ratings
//! are taken of which nobody can show that duties were kept apart.
//!
//! What is not named is kept apart, so that rules without the table relax nothing.

use serde::Deserialize;
use toml::Spanned;

use super::{RulesError, Source};
use crate::duties::{Duties, Pair};

/// The table as it is written.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    #[serde(default)]
    relaxed: Vec<Relaxed>,
    imports_refused: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Relaxed {
    pair: Spanned<String>,
    reason: Spanned<String>,
}

pub(super) fn read(source: Source<'_>, table: Table) -> Result<Duties, RulesError> {
    let mut duties = Duties::default();
    if let Some(reason) = table.imports_refused {
        if reason.get_ref().trim().is_empty() {
            let wrong = "imports are refused without a reason: say why".to_owned();
            return Err(source.at(&reason, wrong));
        }
        duties.refuse_imports(reason.into_inner());
    }
    for Relaxed { pair, reason } in table.relaxed {
        let word = pair.get_ref();
        let Some(named) = Pair::named(word) else {
            let known = Pair::ALL.map(Pair::name).join(", ");
            let wrong = format!("`{word}` is no pair of duties: write one of {known}");
            return Err(source.at(&pair, wrong));
        };
        if reason.get_ref().trim().is_empty() {
            let wrong = format!("`{word}` is relaxed without a reason: say why");
            return Err(source.at(&reason, wrong));
        }
        if duties.relaxed(named).is_some() {
            return Err(source.at(&pair, format!("`{word}` is relaxed already: name it once")));
        }
        duties.relax(named, reason.into_inner());
    }
    Ok(duties)
}
