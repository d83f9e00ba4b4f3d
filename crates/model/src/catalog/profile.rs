//! A profile: the capability level that a kind of organization aims at, for each process area.
//!
//! A profile may build on another, its base, and list only the targets in which it differs, each
//! with its reason.
//!
//! Invariant: each area of the model has one target, with a level just when it is applicable, and
//! every inferred value names the rule it was inferred by.

mod base;
mod document;
mod target;
mod warnings;

use std::collections::BTreeMap;

use super::source::Source;
use super::{Aim, Catalog, CatalogError, DependencyWarning, Reason};
use crate::unit::Phase;
use crate::words::vocabulary;
use crate::{AreaId, Digest, Label, ModelId, Name};

use document::{Document, ErratumTable, RuleTable};
use target::Known;

vocabulary! {
    /// Whether a source says a value, or we chose it.
    "basis" Basis {
        /// A source says it.
        1 "stated" Stated,
        /// Inferred by a rule of the profile: a default, to be overridden.
        2 "inferred" Inferred,
    }
}

vocabulary! {
    /// How likely a level is the one that the profile's author meant.
    "confidence" Confidence {
        /// Hardly more than a guess.
        1 "low" Low,
        /// Likely.
        2 "medium" Medium,
        /// Next to certain.
        3 "high" High,
    }
}

/// Target levels of a kind of organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its id.
    pub id: Name,
    /// The kind of organization.
    pub title: String,
    /// The model whose areas it is about.
    pub model: ModelId,
    /// The profile that it builds on, if any.
    pub base: Option<Base>,
    /// The number of its figure in the paper.
    pub figure: Option<u8>,
    /// What its readers should know.
    pub note: Option<String>,
    /// The tiers of the paper, highest first; those of the base, if it has one.
    pub tiers: Vec<Name>,
    /// How levels were inferred; those of the base first.
    pub rules: Vec<Rule>,
    /// Slips in the paper, and how they were read; those of the base first.
    pub errata: Vec<Erratum>,
    /// One target for each area of the model, ordered by area.
    pub targets: Vec<AreaTarget>,
    /// Where it asks more of an area than of one that this area needs; no reason to refuse it.
    pub warnings: Vec<DependencyWarning>,
}

/// The profile that another builds on, pinned by content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// The base.
    pub profile: Name,
    /// The SHA-256 digest of the base's file.
    pub digest: Digest,
}

/// What must be there before a profile can be parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needs {
    /// The model that it is about.
    pub model: ModelId,
    /// The profile that it builds on, if any.
    pub base: Option<Base>,
}

/// A rule by which values of a profile were inferred.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its id in the profile.
    pub id: Label,
    /// What it says.
    pub text: String,
}

/// A slip in the paper that touches a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erratum {
    /// What stands there.
    pub text: String,
    /// How it was read.
    pub reading: String,
}

/// The place that the paper gives an area in its own order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier {
    /// Its name in [`Profile::tiers`].
    pub name: Name,
    /// Whether the place is stated or inferred.
    pub basis: Basis,
}

/// Which profile a target was written in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The profile itself.
    Own,
    /// This base of it, or a base of its base.
    Base(Name),
}

/// What a profile aims at in one process area.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AreaTarget {
    /// The process area.
    pub area: AreaId,
    /// Whether the area concerns this kind of organization.
    pub applicable: bool,
    /// The capability level aimed at, 0 to 5, if it is applicable.
    pub level: Option<u8>,
    /// The level aimed at in phases where it is another, 0 to 5.
    pub phases: BTreeMap<Phase, u8>,
    /// Whether level or not applicable is stated or inferred.
    pub basis: Basis,
    /// The place that the paper gives the area, in a profile of the paper.
    pub tier: Option<Tier>,
    /// The rule by which what is inferred was.
    pub rule: Option<Label>,
    /// The level under the other plausible reading.
    pub alternative: Option<u8>,
    /// How likely the level is the one meant, where that is in doubt.
    pub confidence: Option<Confidence>,
    /// Why, in a sentence.
    pub rationale: String,
    /// What its readers should know.
    pub note: Option<String>,
    /// Whether the profile itself says so, or its base.
    pub origin: Origin,
}

impl AreaTarget {
    /// The level aimed at while these phases are open, 0 to 5; none if it is not applicable.
    ///
    /// Each open phase asks for its own level, or for [`AreaTarget::level`] where it has none of
    /// its own; the highest applies. With no phase open it is [`AreaTarget::level`].
    #[must_use]
    pub fn level_in(&self, open: &[Phase]) -> Option<u8> {
        let usual = self.level?;
        let asked = open.iter().map(|phase| self.phases.get(phase).copied().unwrap_or(usual));
        Some(asked.max().unwrap_or(usual))
    }

    /// What is asked of the area while these phases are open.
    #[must_use]
    pub fn aim(&self, open: &[Phase]) -> Aim {
        self.level_in(open).map_or(Aim::NotApplicable, Aim::Level)
    }
}

impl Profile {
    /// Parses the profile in `text` and checks it against its model; `file` is its name in errors.
    ///
    /// A profile that builds on another needs its `base`, with the digest of the base's file: it
    /// takes over every target that it does not list itself, with rules, tiers and errata. What
    /// it lists replaces the target of the base as a whole.
    pub fn parse(
        file: &str,
        text: &str,
        model: &Catalog,
        base: Option<(&Self, Digest)>,
    ) -> Result<Self, CatalogError> {
        let source = Source { file, text };
        let document: Document = source.read()?;
        let wanted = &document.profile.model;
        if wanted.get_ref() != model.id() {
            let (named, seen) = (wanted.get_ref().clone(), model.id().clone());
            return Err(source.at(wanted, Reason::WrongModel { wanted: named, seen }));
        }
        let pinned = base::pin(source, &document.profile)?.map(|pin| pin.pinned());
        let base = base::check(source, &document.profile, base)?;
        let rules = rules(source, &document.rule, base)?;
        let own_tiers = document.profile.tier_order.as_ref().map(|tiers| tiers.get_ref().clone());
        let tiers = own_tiers.or(base.map(|base| base.tiers.clone())).unwrap_or_default();
        let known = Known { model, rules: &rules, tiers: &tiers };
        let targets = target::targets(source, &document, known, base)?;
        let errata = base.into_iter().flat_map(|base| base.errata.iter().cloned());
        let profile = document.profile;
        Ok(Self {
            id: profile.id.into_inner(),
            title: profile.title.to_string(),
            model: profile.model.into_inner(),
            base: pinned,
            figure: profile.figure,
            note: profile.note.map(|text| text.to_string()),
            tiers,
            rules,
            errata: errata.chain(document.erratum.iter().map(erratum)).collect(),
            warnings: warnings::warnings(model, &targets),
            targets,
        })
    }

    /// What [`Profile::parse`] needs for the profile in `text`.
    pub fn needs(file: &str, text: &str) -> Result<Needs, CatalogError> {
        let source = Source { file, text };
        let document: Document = source.read()?;
        let base = base::pin(source, &document.profile)?.map(|pin| pin.pinned());
        Ok(Needs { model: document.profile.model.into_inner(), base })
    }

    /// What the profile aims at in `area`.
    #[must_use]
    pub fn target(&self, area: AreaId) -> Option<&AreaTarget> {
        let at = self.targets.binary_search_by_key(&area, |target| target.area).ok()?;
        self.targets.get(at)
    }
}

fn erratum(table: &ErratumTable) -> Erratum {
    Erratum { text: table.text.to_string(), reading: table.reading.to_string() }
}

/// The rules of the base and those of the file; a target may name either, so no id repeats.
fn rules(
    source: Source<'_>,
    tables: &[RuleTable],
    base: Option<&Profile>,
) -> Result<Vec<Rule>, CatalogError> {
    let mut rules = base.map(|base| base.rules.clone()).unwrap_or_default();
    for table in tables {
        let id = table.id.get_ref();
        if rules.iter().any(|rule| rule.id == *id) {
            return Err(source.at(&table.id, Reason::RuleTwice(id.to_string())));
        }
        rules.push(Rule { id: id.clone(), text: table.text.to_string() });
    }
    Ok(rules)
}
