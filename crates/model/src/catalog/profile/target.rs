//! Targets: those that the file lists, checked, and those that it takes over from its base.

use std::collections::BTreeMap;

use toml::Spanned;

use super::document::{Document, TargetTable};
use super::{AreaTarget, Basis, Origin, Profile, Rule, Tier};
use crate::catalog::source::Source;
use crate::catalog::{Catalog, CatalogError, Reason};
use crate::{AreaId, Label, Name};

/// What a target may refer to.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) model: &'a Catalog,
    pub(super) rules: &'a [Rule],
    pub(super) tiers: &'a [Name],
}

/// One target for each area of the model: the file's own, else that of the base.
pub(super) fn targets(
    source: Source<'_>,
    document: &Document,
    known: Known<'_>,
    base: Option<&Profile>,
) -> Result<Vec<AreaTarget>, CatalogError> {
    let tables = &document.target;
    source.ascending(tables.iter().map(|table| &table.area))?;
    let unknown = |area: AreaId| {
        let model = known.model.id().clone();
        known.model.area(area).is_none().then_some(Reason::UnknownArea { area, model })
    };
    let mut targets = BTreeMap::new();
    for theirs in base.into_iter().flat_map(|base| base.targets.iter()) {
        if let Some(reason) = unknown(theirs.area) {
            return Err(source.at(&document.profile.id, reason));
        }
        let origin = match (&theirs.origin, base) {
            (Origin::Own, Some(base)) => Origin::Base(base.id.clone()),
            (origin, _) => origin.clone(),
        };
        targets.insert(theirs.area, AreaTarget { origin, ..theirs.clone() });
    }
    for table in tables {
        let area = *table.area.get_ref();
        if let Some(reason) = unknown(area) {
            return Err(source.at(&table.area, reason));
        }
        targets.insert(area, target(source, table, known)?);
    }
    if let Some(area) = known.model.areas().iter().find(|area| !targets.contains_key(&area.id)) {
        return Err(source.at(&document.profile.id, Reason::NoTarget(area.id)));
    }
    Ok(targets.into_values().collect())
}

fn target(
    source: Source<'_>,
    table: &TargetTable,
    known: Known<'_>,
) -> Result<AreaTarget, CatalogError> {
    levels(source, table)?;
    let tier = tier(source, table, known.tiers)?;
    rule(source, table, known.rules)?;
    Ok(AreaTarget {
        area: *table.area.get_ref(),
        applicable: table.applicable,
        level: table.level.as_ref().map(|level| *level.get_ref()),
        phases: table.phases.iter().map(|(phase, level)| (*phase, *level.get_ref())).collect(),
        basis: table.basis,
        tier,
        rule: table.rule.as_ref().map(|rule| rule.get_ref().clone()),
        alternative: table.alt_level.as_ref().map(|level| *level.get_ref()),
        confidence: table.confidence,
        rationale: table.rationale.to_string(),
        note: table.note.as_ref().map(ToString::to_string),
        origin: Origin::Own,
    })
}

fn levels(source: Source<'_>, table: &TargetTable) -> Result<(), CatalogError> {
    let area = *table.area.get_ref();
    match (&table.level, table.phases.values().next(), table.applicable) {
        (None, _, true) => return Err(source.at(&table.area, Reason::LevelMissing(area))),
        (Some(level), _, false) => {
            return Err(source.at(level, Reason::LevelNotApplicable(area)));
        }
        (None, Some(level), false) => {
            return Err(source.at(level, Reason::PhasesNotApplicable(area)));
        }
        (Some(_), _, true) | (None, None, false) => (),
    }
    let high = |level: &&Spanned<u8>| *level.get_ref() > 5;
    let levels = [&table.level, &table.alt_level].into_iter().flatten();
    match levels.chain(table.phases.values()).find(high) {
        Some(level) => Err(source.at(level, Reason::NoSuchLevel(*level.get_ref()))),
        None => Ok(()),
    }
}

fn tier(
    source: Source<'_>,
    table: &TargetTable,
    tiers: &[Name],
) -> Result<Option<Tier>, CatalogError> {
    match (&table.tier, table.tier_basis) {
        (None, None) => Ok(None),
        (Some(tier), _) if !tiers.contains(tier.get_ref()) => {
            Err(source.at(tier, Reason::UnknownTier(tier.get_ref().clone())))
        }
        (Some(tier), Some(basis)) => Ok(Some(Tier { name: tier.get_ref().clone(), basis })),
        (Some(_), None) | (None, Some(_)) => {
            Err(source.at(&table.area, Reason::TierInPart(*table.area.get_ref())))
        }
    }
}

fn rule(source: Source<'_>, table: &TargetTable, rules: &[Rule]) -> Result<(), CatalogError> {
    let known = |id: &Label| rules.iter().any(|rule| rule.id == *id);
    let inferred = [Some(table.basis), table.tier_basis].contains(&Some(Basis::Inferred));
    match &table.rule {
        Some(rule) if !known(rule.get_ref()) => {
            Err(source.at(rule, Reason::UnknownRule(rule.get_ref().to_string())))
        }
        None if inferred => Err(source.at(&table.area, Reason::RuleMissing(*table.area.get_ref()))),
        Some(_) | None => Ok(()),
    }
}
