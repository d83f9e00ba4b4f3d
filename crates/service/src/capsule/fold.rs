//! The levels that follow from the records of a capsule.

use std::collections::BTreeMap;

use gradus_capsule::Fault;
use gradus_capsule::fault::stream_member;
use gradus_capsule::manifest::UnitClaim;
use gradus_capsule::shown::Text;
use gradus_domain::At;
use gradus_domain::duties::behind::{Told, told};
use gradus_domain::level::AreaAnswer;
use gradus_domain::registry::DocumentKind;
use gradus_model::{Digest, Event, LogId, Recorded, UnitId};
use gradus_projection::{Library, Views};

use crate::levels::levels_digest;

/// What follows from records in the order of the log, with the documents that they name, of the
/// levels of units at a point.
///
/// # Errors
///
/// [`Fault`]: a document that is missing, cannot be read, or that no record names.
pub fn claims<B: AsRef<[u8]>>(
    records: &[Recorded],
    documents: &BTreeMap<Digest, B>,
    (log, at): (LogId, At),
    units: &[UnitId],
) -> Result<Vec<UnitClaim>, Fault> {
    let folded = Folded::of(records, documents)?;
    units.iter().map(|unit| folded.claim(log, *unit, at)).collect()
}

/// Records and documents, folded.
pub(super) struct Folded {
    pub(super) views: Views,
    pub(super) library: Library,
}

impl Folded {
    /// Folds records in the order of the log, with the documents that they name.
    pub(super) fn of<B: AsRef<[u8]>>(
        records: &[Recorded],
        documents: &BTreeMap<Digest, B>,
    ) -> Result<Self, Fault> {
        let (mut views, mut library) = (Views::default(), Library::default());
        for recorded in records {
            views.apply(recorded);
            let (kind, held) = match &recorded.event {
                Event::ModelPublished(held) => (DocumentKind::Model, held),
                Event::RulesPublished(held) => (DocumentKind::Rules, held),
                Event::ProfilePublished(held) => (DocumentKind::Profile, held),
                _ => continue,
            };
            if library.holds(&held.digest) {
                continue;
            }
            let member = format!("documents/{}", held.digest);
            let position = recorded.place.position;
            let wrong =
                |what: &dyn ToString| Fault::new(&member, what.to_string()).at_position(position);
            let bytes = documents
                .get(&held.digest)
                .ok_or_else(|| wrong(&"the record names it, and the capsule does not have it"))?;
            let read = library.read(kind, held.id.as_str(), bytes.as_ref());
            library.keep(held.digest, read.map_err(|error| wrong(&error))?);
        }
        match documents.keys().find(|digest| !library.holds(digest)) {
            Some(digest) => {
                Err(Fault::new(&format!("documents/{digest}"), "no record of the capsule names it"))
            }
            None => Ok(Self { views, library }),
        }
    }

    /// What is claimed of a unit at a point.
    pub(super) fn claim(&self, log: LogId, unit: UnitId, at: At) -> Result<UnitClaim, Fault> {
        let wrong = |error: &dyn ToString| Fault::new(&stream_member(unit), error.to_string());
        let known = self.views.knows(unit, at.size);
        let basis = self.views.basis(&self.library, unit, at, None).ok().filter(|_| known);
        let areas = match &basis {
            Some(basis) => self.views.levels(basis, unit, at).map_err(|error| wrong(&error))?,
            None => Vec::new(),
        };
        let bare: Vec<AreaAnswer> = areas
            .iter()
            .map(|area| AreaAnswer { items: 0, practices: Vec::new(), ..area.clone() })
            .collect();
        let told = match &basis {
            Some(basis) => {
                let imported = self.views.appraisals.imported(at.size);
                let by = (&*basis.catalog, &*basis.read_rules, &imported);
                told(&self.views.with(&self.library), unit, (None, at), by, areas.iter())
            }
            None => Told::default(),
        };
        let digest = |areas, with_practices| {
            Text(levels_digest(log, unit, at, basis.as_ref(), (areas, with_practices), told))
        };
        let registered = self.views.registry.unit(unit);
        Ok(UnitClaim {
            unit: Text(unit),
            name: registered.and_then(|unit| unit.name()).map(ToString::to_string),
            model: basis.as_ref().map(|basis| Text(basis.model.digest)),
            rules: basis.as_ref().map(|basis| Text(basis.rules.digest)),
            digest: digest(&bare, false),
            digest_with_practices: digest(&areas, true),
            ratings_relaxed: told.relaxed,
            ratings_conflicted: told.conflicted,
            areas: areas.iter().map(Into::into).collect(),
        })
    }
}
