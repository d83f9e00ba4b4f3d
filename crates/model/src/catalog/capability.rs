//! The capability dimension: levels, their common features, the generic practices of these.
//!
//! Invariant: levels 0 to 5 are there, each from 1 on has a feature, and if the model has generic
//! practices at all, each of its own features has one: no level is reached by nothing.

use super::document::{Document, LevelTable};
use super::source::Source;
use super::{Catalog, CatalogError, Reason};
use crate::words::vocabulary;
use crate::{FeatureId, GenericPracticeId};

vocabulary! {
    /// How sure it is that an id and title are those of the edition.
    "check mark" Check {
        /// Seen in a source that the file names.
        1 "verified" Verified,
        /// Written from general knowledge, and not seen in a source.
        2 "recalled" Recalled,
    }
}

/// A capability level, 0 to 5.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    /// Its number, 0 to 5.
    pub number: u8,
    /// Its title.
    pub title: String,
    /// The clause of the standard that describes it.
    pub clause: Option<String>,
    /// What it means, in words of this project.
    pub summary: Option<String>,
    /// How sure the title is.
    pub check: Check,
}

/// A common feature of a capability level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature {
    /// Its id, which holds its level.
    pub id: FeatureId,
    /// Its title.
    pub title: String,
    /// How sure the title is.
    pub check: Check,
    /// Whether another edition lends it.
    pub borrowed: bool,
}

/// A generic practice of a common feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenericPractice {
    /// Its id, which holds its common feature.
    pub id: GenericPracticeId,
    /// Its title.
    pub title: String,
    /// How sure id and title are.
    pub check: Check,
    /// Whether another edition lends it.
    pub borrowed: bool,
}

/// The levels, which are 0 to 5.
pub(super) fn levels(source: Source<'_>, document: &Document) -> Result<Vec<Level>, CatalogError> {
    let tables = &document.level;
    if let Some(table) = tables.iter().find(|table| *table.number.get_ref() > 5) {
        let reason = Reason::NoSuchLevel(*table.number.get_ref());
        return Err(source.at(&table.number, reason));
    }
    source.ascending(tables.iter().map(|table| &table.number))?;
    let listed = |level: &u8| tables.iter().any(|table| table.number.get_ref() == level);
    if let Some(level) = (0..=5).find(|level| !listed(level)) {
        return Err(source.at(&document.model.id, Reason::MissingLevel(level)));
    }
    let level = |table: &LevelTable| Level {
        number: *table.number.get_ref(),
        title: table.title.to_string(),
        clause: table.clause.as_ref().map(ToString::to_string),
        summary: table.summary.as_ref().map(ToString::to_string),
        check: table.check,
    };
    Ok(tables.iter().map(level).collect())
}

/// The common features: the model's own, or the lender's if it lists none.
pub(super) fn features(
    source: Source<'_>,
    document: &Document,
    lender: Option<&Catalog>,
) -> Result<Vec<Feature>, CatalogError> {
    let tables = &document.common_feature;
    source.ascending(tables.iter().map(|table| &table.id))?;
    let mut features = Vec::with_capacity(tables.len());
    for table in tables {
        let id = *table.id.get_ref();
        source.agrees(id, "level", &id.level, &table.level)?;
        let title = table.title.to_string();
        features.push(Feature { id, title, check: table.check, borrowed: false });
    }
    if features.is_empty() {
        let lent = lender.map(Catalog::features).unwrap_or_default();
        features.extend(lent.iter().map(|feature| Feature { borrowed: true, ..feature.clone() }));
    }
    let has = |level: &u8| features.iter().any(|feature| feature.id.level == *level);
    if let Some(level) = (1..=5).find(|level| !has(level)) {
        return Err(source.at(&document.model.id, Reason::EmptyLevel(level)));
    }
    Ok(features)
}

/// The generic practices: the model's own, or the lender's if it lists none.
pub(super) fn generic_practices(
    source: Source<'_>,
    document: &Document,
    features: &[Feature],
    lender: Option<&Catalog>,
) -> Result<Vec<GenericPractice>, CatalogError> {
    let tables = &document.generic_practice;
    source.ascending(tables.iter().map(|table| &table.id))?;
    let known = |id: FeatureId| features.iter().any(|feature| feature.id == id);
    let mut practices = Vec::with_capacity(tables.len());
    for table in tables {
        let id = *table.id.get_ref();
        source.agrees(id, "level", &id.feature.level, &table.level)?;
        source.agrees(id, "common feature", &id.feature, &table.common_feature)?;
        if !known(id.feature) {
            return Err(source.at(&table.common_feature, Reason::UnknownFeature(id.feature)));
        }
        let title = table.title.to_string();
        practices.push(GenericPractice { id, title, check: table.check, borrowed: false });
    }
    if practices.is_empty() {
        let lent = lender.map(Catalog::generic_practices).unwrap_or_default();
        if let Some(odd) = lent.iter().find(|practice| !known(practice.id.feature)) {
            return Err(source.at(&document.model.id, Reason::UnknownFeature(odd.id.feature)));
        }
        let borrowed = |lent: &GenericPractice| GenericPractice { borrowed: true, ..lent.clone() };
        practices.extend(lent.iter().map(borrowed));
    }
    let has = |id: FeatureId| practices.iter().any(|practice| practice.id.feature == id);
    let empty = document.common_feature.iter().find(|table| !has(*table.id.get_ref()));
    match empty {
        Some(table) if !practices.is_empty() => {
            Err(source.at(&table.id, Reason::EmptyFeature(*table.id.get_ref())))
        }
        Some(_) | None => Ok(practices),
    }
}
