//! A reference model, read from its file, checked, and with what it borrows put in.
//!
//! Invariant: ids are unique, ascend and belong to where they stand, and every target that
//! [`Catalog::contains`] has one area of this model and one title.

mod area;
mod capability;
mod counts;
mod crosswalk;
mod dependency;
mod document;
mod error;
mod profile;
mod source;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::{AreaId, Digest, ModelId, Practice, Target};

pub use area::{Area, BasePractice, Category, Discipline};
pub use capability::{Check, Feature, GenericPractice, Level};
pub use crosswalk::{Crosswalk, Ground, Relation};
pub use dependency::{Aim, Dependency, DependencyWarning, dependency_warnings};
pub use error::{CatalogError, Reason};
pub use profile::{
    AreaTarget, Base, Basis, Confidence, Erratum, Needs, Origin, Profile, Rule, Tier,
};

use document::{BorrowsTable, Document};
use source::Source;

/// A reference model: its capability levels, process areas and practices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalog {
    id: ModelId,
    title: String,
    edition: String,
    standard: Option<String>,
    aligned_with: Option<String>,
    note: Option<String>,
    successor: Option<ModelId>,
    declared_base_practices: Option<usize>,
    levels: Vec<Level>,
    features: Vec<Feature>,
    generic_practices: Vec<GenericPractice>,
    areas: Vec<Area>,
    crosswalk: Vec<Crosswalk>,
    dependencies: Vec<Dependency>,
    /// The area of this model in which each base practice stands.
    homes: BTreeMap<Target, AreaId>,
}

/// The model that a model borrows from, pinned by content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Borrows {
    /// The lender.
    pub model: ModelId,
    /// The SHA-256 digest of the lender's file.
    pub digest: Digest,
}

impl Catalog {
    /// Parses and checks the model in `text`; `file` is its name in errors.
    ///
    /// A model that borrows needs its `lender`, with the digest of the lender's file: it takes over
    /// what it does not list itself, which are common features, generic practices, and the base
    /// practices of areas that its crosswalk leads to one to one. A model that borrows nothing may
    /// be given its successor in this place, so that its crosswalk is checked on both sides.
    pub fn parse(
        file: &str,
        text: &str,
        lender: Option<(&Self, Digest)>,
    ) -> Result<Self, CatalogError> {
        let source = Source { file, text };
        let document: Document = source.read()?;
        let successor = lender.map(|(given, _)| given).filter(|given| leads_to(&document, given));
        let lender = match &document.borrows {
            Some(borrows) => Some(check_lender(source, &document, borrows, lender)?),
            None => None,
        };
        let levels = capability::levels(source, &document)?;
        let features = capability::features(source, &document, lender)?;
        let generic_practices =
            capability::generic_practices(source, &document, &features, lender)?;
        let mut areas = area::areas(source, &document)?;
        counts::check(source, &document, &areas)?;
        let crosswalk = crosswalk::crosswalk(source, &document, &areas, successor)?;
        let dependencies = dependency::dependencies(source, &document, &areas)?;
        if let Some(lender) = lender {
            area::borrow(&mut areas, &crosswalk, lender);
        }
        let model = document.model;
        Ok(Self {
            id: model.id.into_inner(),
            title: model.title.to_string(),
            edition: model.edition.to_string(),
            standard: model.standard.map(|text| text.to_string()),
            aligned_with: model.aligned_with.map(|text| text.to_string()),
            note: model.note.map(|text| text.to_string()),
            successor: model.successor.map(toml::Spanned::into_inner),
            declared_base_practices: document
                .counts
                .declared_base_practices
                .map(toml::Spanned::into_inner),
            levels,
            features,
            generic_practices,
            homes: homes(&areas),
            areas,
            crosswalk,
            dependencies,
        })
    }

    /// The model that the one in `text` borrows from, if it borrows.
    pub fn borrows(file: &str, text: &str) -> Result<Option<Borrows>, CatalogError> {
        let source = Source { file, text };
        let document: Document = source.read()?;
        let borrows = document.borrows.map(|table| {
            let digest = digest(source, &table)?;
            Ok(Borrows { model: table.model.into_inner(), digest })
        });
        borrows.transpose()
    }

    /// The model's id.
    #[must_use]
    pub fn id(&self) -> &ModelId {
        &self.id
    }

    /// Its full title.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Its edition, in words.
    #[must_use]
    pub fn edition(&self) -> &str {
        &self.edition
    }

    /// The standard's number, if it is a standard.
    #[must_use]
    pub fn standard(&self) -> Option<&str> {
        self.standard.as_deref()
    }

    /// The public text that it agrees with.
    #[must_use]
    pub fn aligned_with(&self) -> Option<&str> {
        self.aligned_with.as_deref()
    }

    /// What its readers should know.
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// The model that its crosswalk leads to.
    #[must_use]
    pub fn successor(&self) -> Option<&ModelId> {
        self.successor.as_ref()
    }

    /// How many base practices its sources declare, which may be more than are listed.
    #[must_use]
    pub fn declared_base_practices(&self) -> Option<usize> {
        self.declared_base_practices
    }

    /// The capability levels 0 to 5, in order.
    #[must_use]
    pub fn levels(&self) -> &[Level] {
        &self.levels
    }

    /// The common features, ordered by id.
    #[must_use]
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// The generic practices of all levels, ordered by id.
    #[must_use]
    pub fn generic_practices(&self) -> &[GenericPractice] {
        &self.generic_practices
    }

    /// The process areas, ordered by id.
    #[must_use]
    pub fn areas(&self) -> &[Area] {
        &self.areas
    }

    /// The process area with this id.
    #[must_use]
    pub fn area(&self, id: AreaId) -> Option<&Area> {
        let at = self.areas.binary_search_by_key(&id, |area| area.id).ok()?;
        self.areas.get(at)
    }

    /// The links to the successor, in the order of the file.
    #[must_use]
    pub fn crosswalk(&self) -> &[Crosswalk] {
        &self.crosswalk
    }

    /// Which areas need the results of which others, ordered by area and by what it needs.
    #[must_use]
    pub fn dependencies(&self) -> &[Dependency] {
        &self.dependencies
    }

    /// Whether `target` is a practice or feature here.
    ///
    /// A borrowed base practice is here under the model that lists it; a generic practice or common
    /// feature, borrowed or not, under this model, since it says how an area of this model is done.
    #[must_use]
    pub fn contains(&self, target: &Target) -> bool {
        self.title_of(target).is_some()
    }

    /// The area of this model that `target` belongs to: for a borrowed practice, the borrowing one.
    #[must_use]
    pub fn area_of(&self, target: &Target) -> Option<AreaId> {
        match target.practice {
            Practice::Base(_) => self.homes.get(target).copied(),
            Practice::Generic(area, _) | Practice::Feature(area, _) => {
                self.contains(target).then_some(area)
            }
        }
    }

    /// The title of the practice or feature, if it is here.
    #[must_use]
    pub fn title_of(&self, target: &Target) -> Option<&str> {
        let area = match target.practice {
            Practice::Base(_) => *self.homes.get(target)?,
            Practice::Generic(area, _) | Practice::Feature(area, _) => {
                if target.model != self.id {
                    return None;
                }
                area
            }
        };
        let area = self.area(area)?;
        let title = match target.practice {
            Practice::Base(_) => {
                &area.base_practices.iter().find(|base| base.target == *target)?.title
            }
            Practice::Generic(_, id) => {
                &self.generic_practices.iter().find(|practice| practice.id == id)?.title
            }
            Practice::Feature(_, id) => {
                &self.features.iter().find(|feature| feature.id == id)?.title
            }
        };
        Some(title)
    }
}

fn leads_to(document: &Document, given: &Catalog) -> bool {
    document.model.successor.as_ref().is_some_and(|successor| successor.get_ref() == given.id())
}

fn homes(areas: &[Area]) -> BTreeMap<Target, AreaId> {
    let home = |area: &Area| {
        let id = area.id;
        area.base_practices.iter().map(move |base| (base.target.clone(), id)).collect::<Vec<_>>()
    };
    areas.iter().flat_map(home).collect()
}

/// The lender, once it is known to be the one that the file pins.
fn check_lender<'a>(
    source: Source<'_>,
    document: &Document,
    borrows: &BorrowsTable,
    given: Option<(&'a Catalog, Digest)>,
) -> Result<&'a Catalog, CatalogError> {
    let wanted = borrows.model.get_ref();
    let pinned = digest(source, borrows)?;
    if wanted == document.model.id.get_ref() {
        return Err(source.at(&borrows.model, Reason::OwnLender(wanted.clone())));
    }
    if let Some(successor) = &document.model.successor
        && successor.get_ref() != wanted
    {
        let (lender, successor) = (wanted.clone(), successor.get_ref().clone());
        return Err(source.at(&borrows.model, Reason::LenderIsNotSuccessor { lender, successor }));
    }
    let Some((lender, seen)) = given else {
        return Err(source.at(&borrows.model, Reason::NoLender(wanted.clone())));
    };
    if lender.id() != wanted {
        let (wanted, seen) = (wanted.clone(), lender.id().clone());
        return Err(source.at(&borrows.model, Reason::WrongLender { wanted, seen }));
    }
    if seen != pinned {
        return Err(source.at(&borrows.digest, Reason::WrongDigest { seen }));
    }
    Ok(lender)
}

fn digest(source: Source<'_>, borrows: &BorrowsTable) -> Result<Digest, CatalogError> {
    let read = borrows.digest.get_ref().parse::<Digest>();
    read.map_err(|error| source.at(&borrows.digest, Reason::Shape(error.to_string())))
}
