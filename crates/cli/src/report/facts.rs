//! What the figures of a report rest on, so that anybody can ask for them again.

use gradus_model::ids::hex;
use gradus_wire::v1;

use crate::output::message::time;

/// A named fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is.
    pub name: &'static str,
    /// What it says.
    pub text: String,
    /// Whether it is to be compared letter by letter.
    pub exact: bool,
}

/// As of when, in which log, and computed with what.
#[must_use]
pub fn of(levels: &v1::QueryLevelsResponse) -> Vec<Fact> {
    let unit = levels.unit.clone().unwrap_or_default();
    let at = levels.coordinate.clone().unwrap_or_default();
    let named =
        |id: &str, name: &str| if name.is_empty() { id.to_owned() } else { name.to_owned() };
    let rules = match at.rules_name.as_str() {
        "" => "none in force".to_owned(),
        name => format!("{} ({})", named(&at.rules, name), levels.scheme),
    };
    let model = if at.model.is_empty() { "none in force".to_owned() } else { at.model.clone() };
    let text = |name, text| Fact { name, text, exact: false };
    let exact = |name, text| Fact { name, text, exact: true };
    let facts = [
        text("true at", time(at.valid_at.as_ref())),
        text("as known at", time(at.known_at.as_ref())),
        text("log size", at.log_size.to_string()),
        text("rules", rules),
        text("model", model),
        exact("unit", unit.id),
        exact("root of the log", hex(&at.root)),
        exact("rules digest", at.rules.clone()),
        exact("model digest", at.model_digest.clone()),
        exact("levels digest", hex(&levels.digest)),
    ];
    facts.into_iter().filter(|fact| !fact.text.is_empty()).collect()
}
