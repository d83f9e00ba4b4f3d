//! What levels are computed from: units, their histories, and the documents that were published.

use std::sync::Arc;

use gradus_model::event::Document;
use gradus_model::{Catalog, Digest, Timestamp, UnitId};

use crate::history::UnitHistory;
use crate::registry::Registry;
use crate::rules::Rules;
use crate::steps::Steps;
use crate::timeline::{At, Timeline};

/// Everything that a level can depend on.
pub trait World {
    /// The organization.
    fn registry(&self) -> &Registry;
    /// A unit's history; none while nothing is recorded of it.
    fn history(&self, unit: UnitId) -> Option<&UnitHistory>;
    /// A model by the digest of its document.
    fn model(&self, digest: &Digest) -> Option<Arc<Catalog>>;
    /// Rules by the digest of their document.
    fn rules(&self, digest: &Digest) -> Option<Arc<Rules>>;
}

/// Why there is no answer for a unit at a point.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// No unit has this id.
    #[error("the unit is unknown")]
    UnitUnknown,
    /// No model was adopted by the unit or those above it.
    #[error("no model is in force")]
    NoModel,
    /// No rules were adopted by the unit or those above it.
    #[error("no rules are in force")]
    NoRules,
}

/// What a unit's levels are computed with at a point.
#[derive(Clone, Debug)]
pub struct Basis {
    /// The model's document.
    pub model: Document,
    /// The rules' document.
    pub rules: Document,
    /// The model.
    pub catalog: Arc<Catalog>,
    /// The rules.
    pub read_rules: Arc<Rules>,
}

impl PartialEq for Basis {
    fn eq(&self, other: &Self) -> bool {
        (&self.model, &self.rules) == (&other.model, &other.rules)
    }
}

impl Eq for Basis {}

fn adopted(
    world: &dyn World,
    lineage: &[UnitId],
    at: At,
    which: fn(&UnitHistory) -> &Timeline<Document>,
) -> Option<Document> {
    lineage.iter().find_map(|unit| which(world.history(*unit)?).at(at).cloned())
}

/// The rules in force for a unit at a point, if there are any.
#[must_use]
pub fn rules_in_force(world: &dyn World, unit: UnitId, at: At) -> Option<Arc<Rules>> {
    let lineage = world.registry().lineage(unit, at);
    world.rules(&adopted(world, &lineage, at, |history| &history.settings.rules)?.digest)
}

/// The model and rules in force for a unit at a point, or with `rules` in place of those: what the
/// unit adopted, or else the nearest unit above it.
///
/// # Errors
///
/// [`NoAnswer`] where nothing was adopted.
pub fn basis(
    world: &dyn World,
    unit: UnitId,
    at: At,
    rules: Option<&Document>,
) -> Result<Basis, NoAnswer> {
    let lineage = world.registry().lineage(unit, at);
    let adopted = |which| adopted(world, &lineage, at, which);
    let model = adopted(|history| &history.settings.models).ok_or(NoAnswer::NoModel)?;
    let in_force = || adopted(|history| &history.settings.rules);
    let rules = rules.cloned().or_else(in_force).ok_or(NoAnswer::NoRules)?;
    let catalog = world.model(&model.digest).ok_or(NoAnswer::NoModel)?;
    let read_rules = world.rules(&rules.digest).ok_or(NoAnswer::NoRules)?;
    Ok(Basis { model, rules, catalog, read_rules })
}

/// What a unit's levels are computed with at every moment, as known with `size` records; none
/// where nothing was adopted.
#[must_use]
pub fn bases(
    world: &dyn World,
    unit: UnitId,
    size: u64,
    rules: Option<&Document>,
) -> Steps<Option<Basis>> {
    let mut instants = world.registry().lineage_changes(unit, size);
    for above in world.registry().ever_above(unit, size) {
        if let Some(history) = world.history(above) {
            instants.extend(history.settings.models.instants(size));
            instants.extend(history.settings.rules.instants(size));
        }
    }
    Steps::over(instants, |valid_at| basis(world, unit, At { valid_at, size }, rules).ok())
}

/// Every moment at which something that a unit settled changes, of the unit and of those that were
/// ever above it: where its areas are answered from, and with what.
#[must_use]
pub fn settled_changes(world: &dyn World, unit: UnitId, size: u64) -> Vec<Timestamp> {
    let mut instants = world.registry().lineage_changes(unit, size);
    for above in world.registry().ever_above(unit, size) {
        if let Some(history) = world.history(above) {
            instants.extend(history.settings.instants(size));
        }
    }
    instants
}
