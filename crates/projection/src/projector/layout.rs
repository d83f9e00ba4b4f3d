//! Which areas of a model read which practices, computed once for each model and scheme.

use std::collections::BTreeMap;
use std::sync::Arc;

use gradus_domain::rules::Scheme;
use gradus_domain::scheme::Outline;
use gradus_model::{AreaId, Catalog, ModelId, Target};

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
                    layout.readers.entry(target.practice.packed()).or_default()
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
            self.readers.get(&target.practice.packed())
        } else {
            self.borrowers.get(target)
        };
        readers.map_or(&[], Vec::as_slice)
    }
}
