//! Which areas of a model read which practices, computed once for each model and scheme.

use std::collections::BTreeMap;
use std::sync::Arc;

use gradus_domain::rules::Scheme;
use gradus_domain::scheme::Outline;
use gradus_model::{AreaId, Catalog, ModelId, Practice, Target};

/// A part of an outline: the area, and the number of a practice in its outline.
pub(super) type Reader = (AreaId, usize);

/// The areas of a model as a scheme reads them.
#[derive(Debug)]
pub(super) struct Layout {
    model: ModelId,
    outlines: BTreeMap<AreaId, Arc<Outline>>,
    /// Who reads each practice of the model.
    readers: BTreeMap<u64, Vec<Reader>>,
    /// Who reads each practice that the model borrows.
    borrowers: BTreeMap<Target, Vec<Reader>>,
}

impl Layout {
    pub(super) fn of(model: &Catalog, scheme: Scheme) -> Self {
        let mut layout = Self {
            model: model.id().clone(),
            outlines: BTreeMap::new(),
            readers: BTreeMap::new(),
            borrowers: BTreeMap::new(),
        };
        for area in model.areas() {
            let outline = Outline::of(model, area, scheme);
            for (number, (target, _)) in outline.targets.iter().enumerate() {
                let readers = if target.model == layout.model {
                    layout.readers.entry(packed(target.practice)).or_default()
                } else {
                    layout.borrowers.entry(target.clone()).or_default()
                };
                readers.push((area.id, number));
            }
            layout.outlines.insert(area.id, Arc::new(outline));
        }
        layout
    }

    pub(super) const fn model(&self) -> &ModelId {
        &self.model
    }

    pub(super) fn outline(&self, area: AreaId) -> Option<&Arc<Outline>> {
        self.outlines.get(&area)
    }

    /// Who reads a practice.
    pub(super) fn readers(&self, target: &Target) -> &[Reader] {
        let readers = if target.model == self.model {
            self.readers.get(&packed(target.practice))
        } else {
            self.borrowers.get(target)
        };
        readers.map_or(&[], Vec::as_slice)
    }
}

/// A practice as a number, which compares fast: every event looks one up.
const fn packed(practice: Practice) -> u64 {
    let (sort, area, feature, number) = match practice {
        Practice::Base(base) => (1, base.area, None, base.number),
        Practice::Generic(area, generic) => (2, area, Some(generic.feature), generic.number),
        Practice::Feature(area, feature) => (3, area, Some(feature), 0),
    };
    let (level, of_level) = match feature {
        Some(feature) => (feature.level, feature.number),
        None => (0, 0),
    };
    u64::from_be_bytes([0, 0, 0, sort, area.number(), level, of_level, number])
}
