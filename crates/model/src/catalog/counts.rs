//! The figures that a model's file states about itself.
//!
//! Listed figures equal what the file lists. Declared ones are what sources say: they may be
//! higher, and are shown, never corrected.

use toml::Spanned;

use super::document::Document;
use super::source::Source;
use super::{Area, CatalogError, Category, Reason};

/// Refuses figures that the file's own lists contradict.
pub(super) fn check(
    source: Source<'_>,
    document: &Document,
    areas: &[Area],
) -> Result<(), CatalogError> {
    let counts = &document.counts;
    let security = practices(areas, |category| category == Category::SecurityEngineering);
    let others = practices(areas, |category| category != Category::SecurityEngineering);
    let rows = [
        (
            "process_areas",
            counts.declared_process_areas.as_ref(),
            Some(&counts.listed_process_areas),
            areas.len(),
        ),
        (
            "base_practices",
            counts.declared_base_practices.as_ref(),
            Some(&counts.listed_base_practices),
            security + others,
        ),
        (
            "security_base_practices",
            counts.declared_security_base_practices.as_ref(),
            counts.listed_security_base_practices.as_ref(),
            security,
        ),
        (
            "project_organizational_base_practices",
            counts.declared_project_organizational_base_practices.as_ref(),
            counts.listed_project_organizational_base_practices.as_ref(),
            others,
        ),
        (
            "common_features",
            None,
            Some(&counts.listed_common_features),
            document.common_feature.len(),
        ),
        (
            "generic_practices",
            None,
            counts.listed_generic_practices.as_ref(),
            document.generic_practice.len(),
        ),
    ];
    for (what, declared, listed, seen) in rows {
        agrees(source, &format!("listed_{what}"), listed, seen, |stated| stated == seen)?;
        agrees(source, &format!("declared_{what}"), declared, seen, |stated| stated >= seen)?;
    }
    declared_sum(source, document)
}

fn practices(areas: &[Area], of: impl Fn(Category) -> bool) -> usize {
    areas.iter().filter(|area| of(area.category)).map(|area| area.base_practices.len()).sum()
}

fn agrees(
    source: Source<'_>,
    key: &str,
    stated: Option<&Spanned<usize>>,
    seen: usize,
    right: impl Fn(usize) -> bool,
) -> Result<(), CatalogError> {
    match stated {
        Some(place) if !right(*place.get_ref()) => {
            let (key, stated) = (key.to_owned(), *place.get_ref());
            Err(source.at(place, Reason::WrongCount { key, stated, seen }))
        }
        Some(_) | None => Ok(()),
    }
}

fn declared_sum(source: Source<'_>, document: &Document) -> Result<(), CatalogError> {
    let counts = &document.counts;
    let (Some(all), Some(security), Some(others)) = (
        &counts.declared_base_practices,
        &counts.declared_security_base_practices,
        &counts.declared_project_organizational_base_practices,
    ) else {
        return Ok(());
    };
    let (stated, sum) = (*all.get_ref(), security.get_ref().saturating_add(*others.get_ref()));
    if stated == sum {
        return Ok(());
    }
    Err(source.at(all, Reason::WrongSum { stated, sum }))
}
