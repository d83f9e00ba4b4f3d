//! What tokens of an identity provider must say: conditions on their claims.

use minicbor::{Decode, Encode};

use crate::{ForeignId, Label, Name, UnitId};

/// What a token must say in one claim.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(map)]
pub struct Condition {
    /// The claim.
    #[n(0)]
    pub claim: Label,
    /// Its value; `*` stands for any text, also none.
    #[n(1)]
    pub value: ForeignId,
}

impl Condition {
    /// Whether it asks for one value and no other.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        !self.value.as_str().contains('*')
    }

    /// Whether a claim with this value, as a whole, meets it. Takes a time that grows with the
    /// product of the two lengths at most.
    #[must_use]
    pub fn is_met_by(&self, value: &str) -> bool {
        let mut parts = self.value.as_str().split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = value.strip_prefix(first) else { return false };
        let Some(last) = parts.next_back() else { return rest.is_empty() };
        // The earliest place is the best one: what is left is the longest.
        for part in parts {
            let Some((_, after)) = rest.split_once(part) else { return false };
            rest = after;
        }
        rest.ends_with(last)
    }
}

/// By which claim rule a principal was added.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ByRule {
    /// The rule.
    #[n(0)]
    pub rule: Name,
    /// Who issued the token.
    #[n(1)]
    pub issuer: ForeignId,
    /// The project of its own, wherever the rule gives one; registered or not.
    #[n(2)]
    pub unit: UnitId,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn meets(pattern: &str, value: &str) -> bool {
        let (claim, value_of) = ("c".parse().unwrap(), pattern.parse().unwrap());
        Condition { claim, value: value_of }.is_met_by(value)
    }

    #[test]
    fn a_condition_is_met_by_the_whole_value_alone() {
        for (pattern, value, met) in [
            ("acme/web", "acme/web", true),
            ("acme/web", "acme/web2", false),
            ("acme/web", "xacme/web", false),
            ("acme/web", "ACME/web", false),
            ("acme/*", "acme/web", true),
            ("acme/*", "acme/", true),
            ("acme/*", "acme", false),
            ("acme/*", "evil/acme/web", false),
            ("refs/heads/release-*", "refs/heads/release-1/2", true),
            ("*a*b", "xaxxb", true),
            ("*a*b", "ab", true),
            ("*a*b", "ba", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("a**b", "ab", true),
            ("*", "", true),
            ("a", "", false),
        ] {
            assert_eq!(meets(pattern, value), met, "{pattern} {value}");
        }
    }

    /// The meaning of a pattern, letter by letter.
    fn naive(pattern: &[u8], value: &[u8]) -> bool {
        match (pattern.split_first(), value.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), _) => (0..=value.len()).any(|from| naive(rest, &value[from..])),
            (Some((one, rest)), Some((other, after))) => one == other && naive(rest, after),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn a_pattern_means_what_it_says(pattern in "[ab*]{1,7}", value in "[ab]{0,7}") {
            prop_assert_eq!(
                meets(&pattern, &value),
                naive(pattern.as_bytes(), value.as_bytes())
            );
        }
    }
}
