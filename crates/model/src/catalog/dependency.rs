//! Dependencies between process areas: whose results an area needs to be done well.
//!
//! They are facts about the model, with their source, and never change a level: they warn when an
//! area aims higher than what it rests on.

use std::fmt;

use super::document::{DependencyTable, Document};
use super::source::Source;
use super::{Area, Basis, Catalog, CatalogError, Reason};
use crate::AreaId;
use crate::unit::Phase;

/// That a process area needs the results of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// The area that needs.
    pub area: AreaId,
    /// The area that is needed.
    pub needs: AreaId,
    /// Whether a source says so, or we concluded it.
    pub basis: Basis,
    /// The place in the source; what is stated always has one.
    pub source: Option<String>,
    /// Why, in a sentence.
    pub reason: String,
}

/// What is asked of a process area, as far as dependencies are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    /// A capability level, 0 to 5.
    Level(u8),
    /// The profile says that the area is not applicable.
    NotApplicable,
    /// The unit tailored the area out.
    TailoredOut,
    /// Nobody said anything.
    Unsaid,
}

impl fmt::Display for Aim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Level(level) => write!(f, "aims at {level}"),
            Self::NotApplicable => f.write_str("is not applicable"),
            Self::TailoredOut => f.write_str("is tailored out"),
            Self::Unsaid => f.write_str("has no target"),
        }
    }
}

/// An area that is asked for more than the area that it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DependencyWarning {
    /// The area that needs.
    pub area: AreaId,
    /// What is asked of it: a level above 0, or nothing said.
    pub aim: Aim,
    /// The area that it needs.
    pub needs: AreaId,
    /// What is asked of that one.
    pub needs_aim: Aim,
    /// The phase in which it is so, where targets depend on the phase.
    pub phase: Option<Phase>,
    /// Whether the dependency is stated or inferred.
    pub basis: Basis,
    /// Why the one needs the other.
    pub reason: String,
}

impl fmt::Display for DependencyWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.aim, self.phase) {
            (Aim::Unsaid, None) => write!(f, "{} needs", self.area)?,
            (aim, None) => write!(f, "{} {aim}, but needs", self.area)?,
            (aim, Some(phase)) => write!(f, "in {phase} {} {aim}, but needs", self.area)?,
        }
        write!(f, " {}, which {}", self.needs, self.needs_aim)
    }
}

/// Where areas are asked for more than the areas that they need, in the order of
/// [`Catalog::dependencies`].
///
/// `aim` says what is asked of each area. What is asked for nothing (level 0, not applicable,
/// tailored out) needs nothing; where nothing is said of an area, only the lack of what it needs
/// warns, not its level.
#[must_use]
pub fn dependency_warnings(model: &Catalog, aim: impl Fn(AreaId) -> Aim) -> Vec<DependencyWarning> {
    let pairs = model.dependencies().iter();
    let aims = pairs.map(|dependency| (dependency, aim(dependency.area), aim(dependency.needs)));
    aims.filter(|(_, asked, given)| falls_short(*asked, *given))
        .map(|(dependency, asked, given)| dependency.warning(asked, given, None))
        .collect()
}

/// Whether `given` is too little for an area of which `asked` is asked.
pub(super) fn falls_short(asked: Aim, given: Aim) -> bool {
    match (asked, given) {
        (Aim::Level(0) | Aim::NotApplicable | Aim::TailoredOut, _)
        | (_, Aim::Unsaid)
        | (Aim::Unsaid, Aim::Level(_)) => false,
        (Aim::Level(wanted), Aim::Level(level)) => level < wanted,
        (Aim::Level(_) | Aim::Unsaid, Aim::NotApplicable | Aim::TailoredOut) => true,
    }
}

impl Dependency {
    pub(super) fn warning(
        &self,
        aim: Aim,
        needs_aim: Aim,
        phase: Option<Phase>,
    ) -> DependencyWarning {
        DependencyWarning {
            area: self.area,
            aim,
            needs: self.needs,
            needs_aim,
            phase,
            basis: self.basis,
            reason: self.reason.clone(),
        }
    }
}

/// The dependencies of the file, ordered by area and by what it needs.
pub(super) fn dependencies(
    source: Source<'_>,
    document: &Document,
    areas: &[Area],
) -> Result<Vec<Dependency>, CatalogError> {
    let mut dependencies: Vec<Dependency> = Vec::with_capacity(document.dependency.len());
    for table in &document.dependency {
        let (area, needs) = (*table.area.get_ref(), *table.needs.get_ref());
        for place in [&table.area, &table.needs] {
            let area = *place.get_ref();
            if areas.iter().all(|listed| listed.id != area) {
                let model = document.model.id.get_ref().clone();
                return Err(source.at(place, Reason::UnknownArea { area, model }));
            }
        }
        if area == needs {
            return Err(source.at(&table.needs, Reason::NeedsItself(area)));
        }
        if dependencies.iter().any(|known| known.area == area && known.needs == needs) {
            return Err(source.at(&table.needs, Reason::NeededTwice { area, needs }));
        }
        if *table.basis.get_ref() == Basis::Stated && table.source.is_none() {
            return Err(source.at(&table.basis, Reason::StatedNowhere { area, needs }));
        }
        dependencies.push(dependency(table));
    }
    dependencies.sort_by_key(|dependency| (dependency.area, dependency.needs));
    Ok(dependencies)
}

fn dependency(table: &DependencyTable) -> Dependency {
    Dependency {
        area: *table.area.get_ref(),
        needs: *table.needs.get_ref(),
        basis: *table.basis.get_ref(),
        source: table.source.as_ref().map(ToString::to_string),
        reason: table.reason.to_string(),
    }
}
