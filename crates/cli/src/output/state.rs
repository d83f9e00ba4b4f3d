//! The state of an area in words.

use gradus_wire::v1;

use super::levels::answer;

/// What was judged.
pub(super) fn rated(state: &v1::AreaState) -> String {
    answer(state.rated.as_ref())
}

/// What valid evidence still supports.
pub(super) fn ongoing(state: &v1::AreaState) -> String {
    answer(state.ongoing.as_ref())
}

/// How many base practices have valid evidence, of how many.
pub(super) fn covered(state: &v1::AreaState) -> String {
    let coverage = state.coverage.unwrap_or_default();
    format!("{}/{}", coverage.covered, coverage.practices_total)
}
