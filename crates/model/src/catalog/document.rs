//! The shape of a model's file: its tables and keys, each with its place in the text.

use serde::Deserialize;
use toml::Spanned;

use super::{Basis, Category, Check, Discipline, Ground, Relation};
use crate::name::Line;
use crate::{AreaId, BasePracticeId, FeatureId, GenericPracticeId, ModelId};

/// A title: one line.
pub(super) type Title = Line<256>;
/// A sentence or a few, on one line.
pub(super) type Prose = Line<1024>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) model: ModelTable,
    pub(super) borrows: Option<BorrowsTable>,
    pub(super) counts: CountsTable,
    #[serde(default)]
    pub(super) level: Vec<LevelTable>,
    #[serde(default)]
    pub(super) common_feature: Vec<FeatureTable>,
    #[serde(default)]
    pub(super) generic_practice: Vec<GenericPracticeTable>,
    #[serde(default)]
    pub(super) process_area: Vec<AreaTable>,
    #[serde(default)]
    pub(super) crosswalk: Vec<LinkTable>,
    #[serde(default)]
    pub(super) crosswalk_practice: Vec<PracticeLinkTable>,
    #[serde(default)]
    pub(super) dependency: Vec<DependencyTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelTable {
    pub(super) id: Spanned<ModelId>,
    pub(super) standard: Option<Title>,
    pub(super) title: Title,
    pub(super) edition: Title,
    pub(super) aligned_with: Option<Title>,
    pub(super) successor: Option<Spanned<ModelId>>,
    pub(super) note: Option<Prose>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BorrowsTable {
    pub(super) model: Spanned<ModelId>,
    pub(super) digest: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CountsTable {
    pub(super) declared_process_areas: Option<Spanned<usize>>,
    pub(super) declared_base_practices: Option<Spanned<usize>>,
    pub(super) declared_security_base_practices: Option<Spanned<usize>>,
    pub(super) declared_project_organizational_base_practices: Option<Spanned<usize>>,
    pub(super) listed_process_areas: Spanned<usize>,
    pub(super) listed_base_practices: Spanned<usize>,
    pub(super) listed_security_base_practices: Option<Spanned<usize>>,
    pub(super) listed_project_organizational_base_practices: Option<Spanned<usize>>,
    pub(super) listed_common_features: Spanned<usize>,
    pub(super) listed_generic_practices: Option<Spanned<usize>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LevelTable {
    pub(super) number: Spanned<u8>,
    pub(super) title: Title,
    pub(super) clause: Option<Title>,
    pub(super) summary: Option<Prose>,
    pub(super) check: Check,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FeatureTable {
    pub(super) id: Spanned<FeatureId>,
    pub(super) level: Spanned<u8>,
    pub(super) title: Title,
    pub(super) check: Check,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GenericPracticeTable {
    pub(super) id: Spanned<GenericPracticeId>,
    pub(super) level: Spanned<u8>,
    pub(super) common_feature: Spanned<FeatureId>,
    pub(super) title: Title,
    pub(super) check: Check,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AreaTable {
    pub(super) id: Spanned<AreaId>,
    pub(super) number: Spanned<u8>,
    pub(super) title: Title,
    pub(super) also: Option<Title>,
    pub(super) category: Category,
    pub(super) discipline: Option<Discipline>,
    pub(super) clause: Option<Title>,
    pub(super) summary: Option<Prose>,
    pub(super) bp_count: Option<Spanned<usize>>,
    #[serde(default = "yes")]
    pub(super) bp_complete: bool,
    pub(super) bp_check: Option<Check>,
    #[serde(default)]
    pub(super) base_practice: Vec<BasePracticeTable>,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BasePracticeTable {
    pub(super) id: Spanned<BasePracticeId>,
    pub(super) title: Title,
    pub(super) also: Option<Title>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkTable {
    pub(super) from: Spanned<AreaId>,
    pub(super) to: Spanned<AreaId>,
    pub(super) relation: Relation,
    pub(super) basis: Ground,
    pub(super) reason: Prose,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PracticeLinkTable {
    pub(super) from: Spanned<BasePracticeId>,
    pub(super) to: Spanned<BasePracticeId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DependencyTable {
    pub(super) area: Spanned<AreaId>,
    pub(super) needs: Spanned<AreaId>,
    pub(super) basis: Spanned<Basis>,
    pub(super) source: Option<Title>,
    pub(super) reason: Prose,
}
