//! How each of the published rules reads each value, by the words of their documents.

use gradus_domain::Rules;
use gradus_domain::rules::Scheme;
use gradus_model::rating::Value::{self, *};

/// The value on the scale of the rules; none if they do not read it.
pub(super) fn read(rules: &Rules, value: Value) -> Option<Value> {
    match (rules.scheme, rules.id.as_str(), value) {
        (Scheme::SseCmm, _, Satisfied | NotSatisfied) => Some(value),
        (Scheme::SseCmm, "lenient", LargelyLow | Largely | LargelyHigh | Fully) => Some(Satisfied),
        (Scheme::SseCmm, "lenient", _) => Some(NotSatisfied),
        (Scheme::SseCmm, ..) => None,
        (_, "nplf-33020", Satisfied) => Some(Fully),
        (_, "nplf-33020", NotSatisfied) => Some(Not),
        (_, "overall", Satisfied) => Some(LargelyHigh),
        (_, "overall", NotSatisfied) => Some(Partially),
        (_, _, Satisfied | NotSatisfied) => None,
        _ => Some(value),
    }
}
