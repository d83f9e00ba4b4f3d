//! The crosswalk: which process areas and base practices of the successor took over which of ours.

use super::document::{Document, LinkTable};
use super::source::Source;
use super::{Area, Catalog, CatalogError, Reason};
use crate::words::vocabulary;
use crate::{AreaId, BasePracticeId, ModelId, Practice, Target};

vocabulary! {
    /// How a process area became one of the successor.
    "relation" Relation {
        /// One to one, with number and title.
        1 "kept" Kept,
        /// One to one, under another number.
        2 "renumbered" Renumbered,
        /// One to one, under another title.
        3 "renamed" Renamed,
        /// A part of it became an area of its own.
        4 "split" Split,
        /// It went into an area together with others.
        5 "merged" Merged,
        /// A lesser part of it went there.
        6 "partial" Partial,
    }
}

impl Relation {
    /// Whether both areas are the same in substance, practice by practice.
    #[must_use]
    pub const fn one_to_one(self) -> bool {
        match self {
            Self::Kept | Self::Renumbered | Self::Renamed => true,
            Self::Split | Self::Merged | Self::Partial => false,
        }
    }
}

vocabulary! {
    /// What a link rests on.
    "ground of a link" Ground {
        /// Both sides carry the same or nearly the same titles.
        1 "titles" Titles,
        /// Our judgment.
        2 "reading" Reading,
    }
}

/// A link from a process area to one of the successor; several may start or end at one area.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crosswalk {
    /// The area of this model.
    pub from: AreaId,
    /// The area of the successor.
    pub to: AreaId,
    /// How the one became the other.
    pub relation: Relation,
    /// What the link rests on.
    pub ground: Ground,
    /// Why, in a sentence.
    pub reason: String,
    /// Base practices listed here, each with one that took it over, both of their own model.
    ///
    /// Areas that are one to one are paired in order, once the successor is known.
    pub practices: Vec<(BasePracticeId, BasePracticeId)>,
}

/// The links of the file, checked on our side and, if it is known, on the successor's.
pub(super) fn crosswalk(
    source: Source<'_>,
    document: &Document,
    areas: &[Area],
    successor: Option<&Catalog>,
) -> Result<Vec<Crosswalk>, CatalogError> {
    let mut links: Vec<Crosswalk> = Vec::with_capacity(document.crosswalk.len());
    for table in &document.crosswalk {
        let Some(leads_to) = &document.model.successor else {
            return Err(source.at(&table.from, Reason::NoSuccessor));
        };
        let (from, to) = (*table.from.get_ref(), *table.to.get_ref());
        if areas.iter().all(|area| area.id != from) {
            let model = document.model.id.get_ref().clone();
            return Err(source.at(&table.from, Reason::UnknownArea { area: from, model }));
        }
        if successor.is_some_and(|successor| successor.area(to).is_none()) {
            let model = leads_to.get_ref().clone();
            return Err(source.at(&table.to, Reason::UnknownArea { area: to, model }));
        }
        no_rival(source, table, &links)?;
        let (relation, ground) = (table.relation, table.basis);
        let reason = table.reason.to_string();
        links.push(Crosswalk { from, to, relation, ground, reason, practices: Vec::new() });
    }
    let model = document.model.id.get_ref();
    listed_pairs(source, document, &mut links, &|id| lists(areas, model, id), successor)?;
    if let Some(successor) = successor {
        pairs_in_order(source, document, &mut links, areas, successor)?;
    }
    Ok(links)
}

fn no_rival(
    source: Source<'_>,
    table: &LinkTable,
    links: &[Crosswalk],
) -> Result<(), CatalogError> {
    let (from, to) = (*table.from.get_ref(), *table.to.get_ref());
    if links.iter().any(|link| link.from == from && link.to == to) {
        let (from, to) = (from.to_string(), to.to_string());
        return Err(source.at(&table.to, Reason::LinkedTwice { from, to }));
    }
    let rival =
        |link: &Crosswalk| link.relation.one_to_one() && (link.from == from || link.to == to);
    if table.relation.one_to_one() && links.iter().any(rival) {
        return Err(source.at(&table.from, Reason::NotOneToOne { from, to }));
    }
    Ok(())
}

fn lists(areas: &[Area], model: &ModelId, id: BasePracticeId) -> bool {
    let target = Target { model: model.clone(), practice: Practice::Base(id) };
    areas.iter().any(|area| area.base_practices.iter().any(|base| base.target == target))
}

/// Hangs each pair of practices that the file lists under the link of their areas.
fn listed_pairs(
    source: Source<'_>,
    document: &Document,
    links: &mut [Crosswalk],
    listed_here: &dyn Fn(BasePracticeId) -> bool,
    successor: Option<&Catalog>,
) -> Result<(), CatalogError> {
    for table in &document.crosswalk_practice {
        let (from, to) = (*table.from.get_ref(), *table.to.get_ref());
        if !listed_here(from) {
            let model = document.model.id.get_ref().clone();
            return Err(source.at(&table.from, Reason::UnknownPractice { practice: from, model }));
        }
        let link = links.iter_mut().find(|link| link.from == from.area && link.to == to.area);
        let Some(link) = link else {
            return Err(source.at(&table.to, Reason::AreasNotLinked { from, to }));
        };
        if let Some(there) = successor
            && !lists(there.areas(), there.id(), to)
        {
            let model = there.id().clone();
            return Err(source.at(&table.to, Reason::UnknownPractice { practice: to, model }));
        }
        if link.practices.contains(&(from, to)) {
            let (from, to) = (from.to_string(), to.to_string());
            return Err(source.at(&table.to, Reason::LinkedTwice { from, to }));
        }
        link.practices.push((from, to));
    }
    Ok(())
}

/// Pairs the practices of areas that are one to one and whose pairs are not listed.
fn pairs_in_order(
    source: Source<'_>,
    document: &Document,
    links: &mut [Crosswalk],
    areas: &[Area],
    successor: &Catalog,
) -> Result<(), CatalogError> {
    for (link, table) in links.iter_mut().zip(&document.crosswalk) {
        let here = areas.iter().find(|area| area.id == link.from).map(own_ids).unwrap_or_default();
        let there = successor.area(link.to).map(own_ids).unwrap_or_default();
        let paired = !link.practices.is_empty() || here.is_empty();
        if !link.relation.one_to_one() || paired {
            continue;
        }
        if here.len() != there.len() {
            let (from, here) = (link.from, here.len());
            let (to, there) = (link.to, there.len());
            return Err(source.at(&table.from, Reason::UnequalPractices { from, here, to, there }));
        }
        link.practices = here.into_iter().zip(there).collect();
    }
    Ok(())
}

fn own_ids(area: &Area) -> Vec<BasePracticeId> {
    let own = area.base_practices.iter().filter(|base| !base.borrowed);
    own.filter_map(|base| match base.target.practice {
        Practice::Base(id) => Some(id),
        Practice::Generic(..) | Practice::Feature(..) => None,
    })
    .collect()
}
