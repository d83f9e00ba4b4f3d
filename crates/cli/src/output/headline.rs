//! The line above an answer on levels: of what it is, and as of when.

use gradus_wire::v1;

use super::message::time;

/// The parts of the line: the unit and the moment, what was known, and what was computed with.
#[must_use]
pub fn parts(unit: Option<&v1::UnitRef>, at: Option<&v1::ResolvedCoordinate>) -> Vec<String> {
    let unit = unit.map(|unit| unit.name.as_str()).unwrap_or_default();
    let Some(at) = at else { return vec![unit.to_owned()] };
    let mut parts = vec![format!("{unit} at {}", time(at.valid_at.as_ref()))];
    if let Some(known_at) = &at.known_at {
        let settled = if at.settled { "" } else { ", not settled yet" };
        parts.push(format!("as known at {}{settled}", time(Some(known_at))));
    }
    parts.push(format!("log size {} of {}", at.log_size, at.head_size));
    let named = [("rules", &at.rules_name), ("model", &at.model)];
    let named = named.into_iter().filter(|(_, name)| !name.is_empty());
    parts.extend(named.map(|(what, name)| format!("{what} {name}")));
    parts
}
