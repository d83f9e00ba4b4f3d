//! The shape of a profile's file: its tables and keys, each with its place in the text.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::{Basis, Confidence};
use crate::catalog::document::{Prose, Title};
use crate::unit::Phase;
use crate::{AreaId, Label, ModelId, Name};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) profile: ProfileTable,
    #[serde(default)]
    pub(super) rule: Vec<RuleTable>,
    #[serde(default)]
    pub(super) erratum: Vec<ErratumTable>,
    #[serde(default)]
    pub(super) target: Vec<TargetTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileTable {
    pub(super) id: Spanned<Name>,
    pub(super) title: Title,
    pub(super) model: Spanned<ModelId>,
    pub(super) base: Option<Spanned<Name>>,
    pub(super) base_digest: Option<Spanned<String>>,
    pub(super) figure: Option<u8>,
    pub(super) tier_order: Option<Spanned<Vec<Name>>>,
    pub(super) note: Option<Prose>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleTable {
    pub(super) id: Spanned<Label>,
    pub(super) text: Prose,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ErratumTable {
    pub(super) text: Prose,
    pub(super) reading: Prose,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TargetTable {
    pub(super) area: Spanned<AreaId>,
    pub(super) tier: Option<Spanned<Name>>,
    pub(super) tier_basis: Option<Basis>,
    #[serde(default = "yes")]
    pub(super) applicable: bool,
    pub(super) level: Option<Spanned<u8>>,
    #[serde(default)]
    pub(super) phases: BTreeMap<Phase, Spanned<u8>>,
    #[serde(default = "stated")]
    pub(super) basis: Basis,
    pub(super) rule: Option<Spanned<Label>>,
    pub(super) alt_level: Option<Spanned<u8>>,
    pub(super) confidence: Option<Confidence>,
    pub(super) rationale: Prose,
    pub(super) note: Option<Prose>,
}

fn yes() -> bool {
    true
}

/// Whoever writes a profile of their own is the source of what it says.
fn stated() -> Basis {
    Basis::Stated
}
