//! The domain dimension: process areas and their base practices.

use super::document::{AreaTable, Document};
use super::source::Source;
use super::{Catalog, CatalogError, Check, Crosswalk, Reason};
use crate::words::vocabulary;
use crate::{AreaId, ModelId, Practice, Target};

vocabulary! {
    /// The three groups of process areas.
    "category of process areas" Category {
        /// Security engineering.
        1 "security-engineering" SecurityEngineering,
        /// Management of a project.
        2 "project" Project,
        /// What an organization does for all its projects.
        3 "organizational" Organizational,
    }
}

vocabulary! {
    /// The three disciplines of security engineering; the standard calls them areas, too.
    "discipline" Discipline {
        /// Risk: threats, vulnerabilities, impacts.
        1 "risk" Risk,
        /// Engineering: from needs to operation.
        2 "engineering" Engineering,
        /// Assurance: evidence and argument.
        3 "assurance" Assurance,
    }
}

/// A process area.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Area {
    /// Its id in this model.
    pub id: AreaId,
    /// Its title.
    pub title: String,
    /// The title that another source prints.
    pub also: Option<String>,
    /// Its category.
    pub category: Category,
    /// Its discipline, in security engineering.
    pub discipline: Option<Discipline>,
    /// The clause of the standard that describes it.
    pub clause: Option<String>,
    /// What it is for, in words of this project.
    pub summary: Option<String>,
    /// Its base practices, listed here or borrowed.
    pub base_practices: Vec<BasePractice>,
    /// Whether these are all; where not, no level can be determined.
    pub complete: bool,
}

/// A base practice, listed by the model or borrowed by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasePractice {
    /// The practice, with the model that lists it.
    pub target: Target,
    /// Its title.
    pub title: String,
    /// The title that another source prints.
    pub also: Option<String>,
    /// Whether another edition lends it.
    pub borrowed: bool,
    /// How sure the practice is.
    pub check: Check,
}

/// The areas with the base practices that the file itself lists.
pub(super) fn areas(source: Source<'_>, document: &Document) -> Result<Vec<Area>, CatalogError> {
    source.ascending(document.process_area.iter().map(|table| &table.id))?;
    let model = document.model.id.get_ref();
    document.process_area.iter().map(|table| area(source, model, table)).collect()
}

fn area(source: Source<'_>, model: &ModelId, table: &AreaTable) -> Result<Area, CatalogError> {
    let id = *table.id.get_ref();
    source.agrees(id, "number", &id.number(), &table.number)?;
    let base_practices = base_practices(source, model, table)?;
    if table.bp_complete && base_practices.is_empty() {
        return Err(source.at(&table.id, Reason::NothingListed(id)));
    }
    if let Some(count) = &table.bp_count
        && *count.get_ref() != base_practices.len()
    {
        let (key, stated) = ("bp_count".to_owned(), *count.get_ref());
        let seen = base_practices.len();
        return Err(source.at(count, Reason::WrongCount { key, stated, seen }));
    }
    Ok(Area {
        id,
        title: table.title.to_string(),
        also: table.also.as_ref().map(ToString::to_string),
        category: table.category,
        discipline: table.discipline,
        clause: table.clause.as_ref().map(ToString::to_string),
        summary: table.summary.as_ref().map(ToString::to_string),
        base_practices,
        complete: table.bp_complete,
    })
}

fn base_practices(
    source: Source<'_>,
    model: &ModelId,
    table: &AreaTable,
) -> Result<Vec<BasePractice>, CatalogError> {
    let area = *table.id.get_ref();
    source.ascending(table.base_practice.iter().map(|practice| &practice.id))?;
    let mut practices = Vec::with_capacity(table.base_practice.len());
    for practice in &table.base_practice {
        let id = *practice.id.get_ref();
        if id.area != area {
            let (part, seen) = (id.area.to_string(), area.to_string());
            let reason = Reason::Contradiction { id: id.to_string(), key: "area", part, seen };
            return Err(source.at(&practice.id, reason));
        }
        let check = table.bp_check.ok_or_else(|| source.at(&table.id, Reason::NoCheck(area)))?;
        practices.push(BasePractice {
            target: Target { model: model.clone(), practice: Practice::Base(id) },
            title: practice.title.to_string(),
            also: practice.also.as_ref().map(ToString::to_string),
            borrowed: false,
            check,
        });
    }
    Ok(practices)
}

/// Fills each area that lists no base practices from the area that corresponds to it one to one.
pub(super) fn borrow(areas: &mut [Area], crosswalk: &[Crosswalk], lender: &Catalog) {
    let empty = |area: &&mut Area| !area.complete && area.base_practices.is_empty();
    for area in areas.iter_mut().filter(empty) {
        let link = crosswalk.iter().find(|link| link.from == area.id && link.relation.one_to_one());
        let Some(lent) = link.and_then(|link| lender.area(link.to)) else { continue };
        let borrowed = |lent: &BasePractice| BasePractice { borrowed: true, ..lent.clone() };
        area.base_practices = lent.base_practices.iter().map(borrowed).collect();
        area.complete = lent.complete;
    }
}
