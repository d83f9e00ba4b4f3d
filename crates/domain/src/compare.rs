//! Whether results may be compared: an answer that holds several says so.
//!
//! After the caution of the paper of 1997 on organization profiles: an ongoing capability and a
//! judgment of one day are different kinds of result, and organizations of different types aim at
//! different levels. Models, schemes and rules must be the same besides, and so the kind of unit.

use std::collections::BTreeSet;
use std::fmt;

use gradus_model::event::Document;
use gradus_model::unit::UnitKind;

use crate::gate::Which;
use crate::world::Basis;

/// How a result came about.
#[derive(Clone, Copy, Debug)]
pub struct Measured<'a> {
    /// What it was computed with; none where no model or rules were in force.
    pub basis: Option<&'a Basis>,
    /// The kind of the unit.
    pub kind: UnitKind,
    /// Which of the levels it is.
    pub which: Which,
    /// The profile the unit had adopted, which tells the type of its organization.
    pub profile: Option<&'a Document>,
}

/// Why results may not be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// So many were computed with nothing in force.
    NothingInForce(u32),
    /// They follow different models, or editions of one; ordered by id.
    Models(Vec<Document>),
    /// They follow different schemes, ordered by name; one scheme's parameters differ as rules do.
    Schemes(Vec<&'static str>),
    /// They follow different rules, or versions of them; ordered by id.
    Rules(Vec<Document>),
    /// They are about different kinds of units.
    Kinds(Vec<UnitKind>),
    /// Some are judgments of one day, others ongoing.
    RatedAndOngoing,
    /// Their units aim at different profiles, or versions of them; ordered by id.
    ///
    /// A unit without a profile does not say what type it is of, and speaks against nothing.
    Profiles(Vec<Document>),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingInForce(results) => {
                write!(f, "{results} of them have no model or rules in force")
            }
            Self::Models(seen) => write!(f, "different models: {}", documents(seen)),
            Self::Schemes(seen) => write!(f, "different schemes: {}", seen.join(", ")),
            Self::Rules(seen) => write!(f, "different rules: {}", documents(seen)),
            Self::Kinds(seen) => {
                write!(f, "different kinds of unit: {}", kinds(seen))
            }
            Self::RatedAndOngoing => f.write_str("rated levels beside ongoing ones"),
            Self::Profiles(seen) => write!(f, "different target profiles: {}", documents(seen)),
        }
    }
}

/// Names of documents, each with the begin of its digest where two share one.
fn documents(seen: &[Document]) -> String {
    let shared = |held: &Document| seen.iter().filter(|other| other.id == held.id).count() > 1;
    let name = |held: &Document| {
        let digest = shared(held).then(|| format!(" ({:.12})", held.digest.to_string()));
        format!("{}{}", held.id, digest.unwrap_or_default())
    };
    seen.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn kinds(seen: &[UnitKind]) -> String {
    seen.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
}

/// Whether several results may be compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparable {
    /// Why not; empty if they may.
    pub reasons: Vec<Reason>,
}

impl Comparable {
    /// Whether they may.
    #[must_use]
    pub const fn is_so(&self) -> bool {
        self.reasons.is_empty()
    }
}

impl fmt::Display for Comparable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_so() {
            return f.write_str("may be compared");
        }
        let reasons: Vec<String> = self.reasons.iter().map(Reason::to_string).collect();
        write!(f, "may not be compared: {}", reasons.join("; "))
    }
}

/// Whether these results may be compared; fewer than two may.
///
/// Documents are the same when their digests are, whatever their names.
pub fn comparability<'a>(of: impl IntoIterator<Item = Measured<'a>>) -> Comparable {
    let mut seen = Seen::default();
    for measured in of {
        seen.take(&measured);
    }
    Comparable { reasons: seen.reasons() }
}

/// Everything different that was seen, in order.
#[derive(Default)]
struct Seen<'a> {
    results: u32,
    without_basis: u32,
    models: Vec<&'a Document>,
    rules: Vec<&'a Document>,
    profiles: Vec<&'a Document>,
    schemes: BTreeSet<&'static str>,
    kinds: BTreeSet<UnitKind>,
    levels: BTreeSet<Which>,
}

impl<'a> Seen<'a> {
    fn take(&mut self, measured: &Measured<'a>) {
        self.results += 1;
        match measured.basis {
            None => self.without_basis += 1,
            Some(basis) => {
                note_document(&mut self.models, &basis.model);
                note_document(&mut self.rules, &basis.rules);
                self.schemes.insert(basis.read_rules.scheme.name());
            }
        }
        if let Some(profile) = measured.profile {
            note_document(&mut self.profiles, profile);
        }
        self.kinds.insert(measured.kind);
        self.levels.insert(measured.which);
    }

    fn reasons(self) -> Vec<Reason> {
        let without = (self.results > 1 && self.without_basis > 0).then_some(self.without_basis);
        [
            without.map(Reason::NothingInForce),
            several(sorted(self.models)).map(Reason::Models),
            several(self.schemes.into_iter().collect()).map(Reason::Schemes),
            several(sorted(self.rules)).map(Reason::Rules),
            several(self.kinds.into_iter().collect()).map(Reason::Kinds),
            (self.levels.len() > 1).then_some(Reason::RatedAndOngoing),
            several(sorted(self.profiles)).map(Reason::Profiles),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

fn note_document<'a>(seen: &mut Vec<&'a Document>, held: &'a Document) {
    if !seen.iter().any(|known| known.digest == held.digest) {
        seen.push(held);
    }
}

fn sorted(seen: Vec<&Document>) -> Vec<Document> {
    let mut seen: Vec<Document> = seen.into_iter().cloned().collect();
    seen.sort_unstable_by(|one, other| (&one.id, one.digest).cmp(&(&other.id, other.digest)));
    seen
}

fn several<T>(seen: Vec<T>) -> Option<Vec<T>> {
    (seen.len() > 1).then_some(seen)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use expect_test::{Expect, expect};
    use gradus_model::{Catalog, Digest};

    use super::*;
    use crate::rules::Rules;

    fn document(id: &str, version: u8) -> Document {
        Document { id: id.parse().unwrap(), digest: Digest([version; 32]) }
    }

    fn basis(model: (&str, u8), rules: (&str, u8)) -> Basis {
        let catalog = include_str!("../../../config/models/iso-21827-2008.toml");
        let strict = include_str!("../../../config/rules/strict.toml");
        Basis {
            model: document(model.0, model.1),
            rules: document(rules.0, rules.1),
            catalog: Arc::new(Catalog::parse("iso-21827-2008.toml", catalog, None).unwrap()),
            read_rules: Arc::new(Rules::parse("strict.toml", strict).unwrap()),
        }
    }

    fn ongoing(basis: &Basis) -> Measured<'_> {
        let (kind, which) = (UnitKind::Project, Which::Ongoing);
        Measured { basis: Some(basis), kind, which, profile: None }
    }

    fn check(of: &[Measured<'_>], expected: Expect) {
        expected.assert_eq(&comparability(of.iter().copied()).to_string());
    }

    #[test]
    fn results_that_came_about_alike_may_be_compared() {
        let basis = basis(("iso", 1), ("strict", 1));
        check(&[], expect!["may be compared"]);
        check(&[ongoing(&basis)], expect!["may be compared"]);
        check(&[ongoing(&basis); 3], expect!["may be compared"]);
    }

    #[test]
    fn different_models_and_rules_are_named_once_each() {
        let one = basis(("iso", 1), ("strict", 1));
        let other = basis(("draft", 2), ("strict", 2));
        check(
            &[ongoing(&one), ongoing(&other), ongoing(&one)],
            expect![
                "may not be compared: different models: draft, iso; different rules: strict (010101010101), strict (020202020202)"
            ],
        );
    }

    #[test]
    fn different_schemes_do_not_compare() {
        let text = include_str!("../../../config/rules/nplf-33020.toml");
        let other = Basis {
            read_rules: Arc::new(Rules::parse("nplf-33020.toml", text).unwrap()),
            ..basis(("iso", 1), ("nplf-33020", 2))
        };
        check(
            &[ongoing(&basis(("iso", 1), ("strict", 1))), ongoing(&other)],
            expect![
                "may not be compared: different schemes: nplf-33020, sse-cmm; different rules: nplf-33020, strict"
            ],
        );
    }

    #[test]
    fn a_document_is_the_same_whatever_it_is_called() {
        let (one, other) = (basis(("iso", 1), ("strict", 1)), basis(("iso-2", 1), ("strict", 1)));
        check(&[ongoing(&one), ongoing(&other)], expect!["may be compared"]);
    }

    #[test]
    fn kinds_of_units_and_of_levels_do_not_mix() {
        let basis = basis(("iso", 1), ("strict", 1));
        let team = Measured { kind: UnitKind::Team, which: Which::Rated, ..ongoing(&basis) };
        check(
            &[ongoing(&basis), team],
            expect![
                "may not be compared: different kinds of unit: team, project; rated levels beside ongoing ones"
            ],
        );
    }

    #[test]
    fn organizations_of_different_types_do_not_compare() {
        let basis = basis(("iso", 1), ("strict", 1));
        let (bureau, integrator) = (document("service-bureau", 1), document("integrator", 2));
        let aiming = |profile| Measured { profile: Some(profile), ..ongoing(&basis) };
        check(&[aiming(&bureau), aiming(&bureau), ongoing(&basis)], expect!["may be compared"]);
        check(
            &[aiming(&bureau), aiming(&integrator)],
            expect!["may not be compared: different target profiles: integrator, service-bureau"],
        );
    }

    #[test]
    fn where_nothing_was_in_force_nothing_compares() {
        let basis = basis(("iso", 1), ("strict", 1));
        let without = Measured { basis: None, ..ongoing(&basis) };
        check(
            &[ongoing(&basis), without],
            expect!["may not be compared: 1 of them have no model or rules in force"],
        );
    }
}
