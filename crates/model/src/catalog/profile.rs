//! A profile: the capability level that a kind of organization aims at, for each process area.
//!
//! Invariant: each area of the model has one target, with a level just when it is applicable, and
//! every inferred value names the rule it was inferred by.

use serde::Deserialize;
use toml::Spanned;

use super::document::{Prose, Title};
use super::source::Source;
use super::{Catalog, CatalogError, Reason};
use crate::words::vocabulary;
use crate::{AreaId, Label, ModelId, Name};

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
    /// The number of its figure in the paper.
    pub figure: Option<u8>,
    /// What its readers should know.
    pub note: Option<String>,
    /// The tiers of the paper, highest first.
    pub tiers: Vec<Name>,
    /// How levels were inferred.
    pub rules: Vec<Rule>,
    /// Slips in the paper, and how they were read.
    pub errata: Vec<Erratum>,
    /// One target for each area of the model, ordered by area.
    pub targets: Vec<AreaTarget>,
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

/// What a profile aims at in one process area.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AreaTarget {
    /// The process area.
    pub area: AreaId,
    /// Whether the area concerns this kind of organization.
    pub applicable: bool,
    /// The capability level aimed at, 0 to 5, if it is applicable.
    pub level: Option<u8>,
    /// Whether level or not applicable is stated or inferred.
    pub basis: Basis,
    /// The place that the paper gives the area.
    pub tier: Name,
    /// Whether that place is stated or inferred.
    pub tier_basis: Basis,
    /// The rule by which what is inferred was.
    pub rule: Option<Label>,
    /// The level under the other plausible reading.
    pub alternative: Option<u8>,
    /// How likely the level is the one meant.
    pub confidence: Confidence,
    /// Why, in a sentence.
    pub rationale: String,
    /// What its readers should know.
    pub note: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    profile: ProfileTable,
    #[serde(default)]
    rule: Vec<RuleTable>,
    #[serde(default)]
    erratum: Vec<ErratumTable>,
    #[serde(default)]
    target: Vec<TargetTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileTable {
    id: Spanned<Name>,
    title: Title,
    model: Spanned<ModelId>,
    figure: Option<u8>,
    tier_order: Vec<Name>,
    note: Option<Prose>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleTable {
    id: Spanned<Label>,
    text: Prose,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ErratumTable {
    text: Prose,
    reading: Prose,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetTable {
    area: Spanned<AreaId>,
    tier: Spanned<Name>,
    tier_basis: Basis,
    applicable: bool,
    level: Option<Spanned<u8>>,
    basis: Basis,
    rule: Option<Spanned<Label>>,
    alt_level: Option<Spanned<u8>>,
    confidence: Confidence,
    rationale: Prose,
    note: Option<Prose>,
}

impl Profile {
    /// Parses the profile in `text` and checks it against its model; `file` is its name in errors.
    pub fn parse(file: &str, text: &str, model: &Catalog) -> Result<Self, CatalogError> {
        let source = Source { file, text };
        let document: Document = source.read()?;
        let wanted = &document.profile.model;
        if wanted.get_ref() != model.id() {
            let (named, seen) = (wanted.get_ref().clone(), model.id().clone());
            return Err(source.at(wanted, Reason::WrongModel { wanted: named, seen }));
        }
        let rules = rules(source, &document.rule)?;
        let targets = targets(source, &document, &rules, model)?;
        let profile = document.profile;
        Ok(Self {
            id: profile.id.into_inner(),
            title: profile.title.to_string(),
            model: profile.model.into_inner(),
            figure: profile.figure,
            note: profile.note.map(|text| text.to_string()),
            tiers: profile.tier_order,
            rules,
            errata: document.erratum.iter().map(erratum).collect(),
            targets,
        })
    }

    /// The model that the profile in `text` is about, which [`Profile::parse`] needs.
    pub fn model_of(file: &str, text: &str) -> Result<ModelId, CatalogError> {
        let document: Document = Source { file, text }.read()?;
        Ok(document.profile.model.into_inner())
    }

    /// What the profile aims at in `area`.
    #[must_use]
    pub fn target(&self, area: AreaId) -> Option<&AreaTarget> {
        self.targets.iter().find(|target| target.area == area)
    }
}

fn erratum(table: &ErratumTable) -> Erratum {
    Erratum { text: table.text.to_string(), reading: table.reading.to_string() }
}

fn rules(source: Source<'_>, tables: &[RuleTable]) -> Result<Vec<Rule>, CatalogError> {
    let mut rules: Vec<Rule> = Vec::with_capacity(tables.len());
    for table in tables {
        let id = table.id.get_ref();
        if rules.iter().any(|rule| rule.id == *id) {
            return Err(source.at(&table.id, Reason::RuleTwice(id.to_string())));
        }
        rules.push(Rule { id: id.clone(), text: table.text.to_string() });
    }
    Ok(rules)
}

fn targets(
    source: Source<'_>,
    document: &Document,
    rules: &[Rule],
    model: &Catalog,
) -> Result<Vec<AreaTarget>, CatalogError> {
    let tables = &document.target;
    source.ascending(tables.iter().map(|table| &table.area))?;
    let odd = tables.iter().find(|table| model.area(*table.area.get_ref()).is_none());
    if let Some(table) = odd {
        let (area, model) = (*table.area.get_ref(), model.id().clone());
        return Err(source.at(&table.area, Reason::UnknownArea { area, model }));
    }
    let listed = |id: AreaId| tables.iter().any(|table| *table.area.get_ref() == id);
    if let Some(area) = model.areas().iter().find(|area| !listed(area.id)) {
        return Err(source.at(&document.profile.id, Reason::NoTarget(area.id)));
    }
    let tiers = &document.profile.tier_order;
    tables.iter().map(|table| target(source, table, rules, tiers)).collect()
}

fn target(
    source: Source<'_>,
    table: &TargetTable,
    rules: &[Rule],
    tiers: &[Name],
) -> Result<AreaTarget, CatalogError> {
    let area = *table.area.get_ref();
    match (&table.level, table.applicable) {
        (None, true) => return Err(source.at(&table.area, Reason::LevelMissing(area))),
        (Some(level), false) => {
            return Err(source.at(level, Reason::LevelNotApplicable(area)));
        }
        (Some(_), true) | (None, false) => (),
    }
    let high = |level: &&Spanned<u8>| *level.get_ref() > 5;
    if let Some(level) = [&table.level, &table.alt_level].into_iter().flatten().find(high) {
        return Err(source.at(level, Reason::NoSuchLevel(*level.get_ref())));
    }
    if !tiers.contains(table.tier.get_ref()) {
        return Err(source.at(&table.tier, Reason::UnknownTier(table.tier.get_ref().clone())));
    }
    let known = |id: &Label| rules.iter().any(|rule| rule.id == *id);
    match &table.rule {
        Some(rule) if !known(rule.get_ref()) => {
            return Err(source.at(rule, Reason::UnknownRule(rule.get_ref().to_string())));
        }
        None if [table.basis, table.tier_basis].contains(&Basis::Inferred) => {
            return Err(source.at(&table.area, Reason::RuleMissing(area)));
        }
        Some(_) | None => (),
    }
    Ok(AreaTarget {
        area,
        applicable: table.applicable,
        level: table.level.as_ref().map(|level| *level.get_ref()),
        basis: table.basis,
        tier: table.tier.get_ref().clone(),
        tier_basis: table.tier_basis,
        rule: table.rule.as_ref().map(|rule| rule.get_ref().clone()),
        alternative: table.alt_level.as_ref().map(|level| *level.get_ref()),
        confidence: table.confidence,
        rationale: table.rationale.to_string(),
        note: table.note.as_ref().map(ToString::to_string),
    })
}
