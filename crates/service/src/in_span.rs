//! What answers for a unit over a span of time: models and rules, their areas, and own courses.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use gradus_domain::course::{AreaState, course};
use gradus_domain::fold::AreaCourse;
use gradus_domain::steps::Steps;
use gradus_domain::trend::Span;
use gradus_domain::world::{Basis, World, bases};
use gradus_model::UnitId;
use gradus_model::event::Document;
use gradus_model::unit::AreaRef;
use gradus_projection::walk::Ground;

use crate::error::ServiceError;
use crate::service::Service;
use crate::units::AskedArea;

/// An area of a model that is in force for a unit at some instant of a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AreaInSpan {
    /// The area.
    pub area: AreaRef,
    /// Its title.
    pub title: String,
}

/// What is in force for a unit over a span, as known with `size` records: each model with its rules
/// once, in the order of time.
pub(crate) fn bases_in(
    world: &dyn World,
    unit: UnitId,
    size: u64,
    rules: Option<&Document>,
    span: Span,
) -> Vec<Basis> {
    let all = bases(world, unit, size, rules);
    let later = all.after(span.from()).iter().take_while(|(from, _)| *from < span.to());
    let all = [all.at(span.from())].into_iter().chain(later.map(|(_, basis)| basis));
    let mut seen: Vec<Basis> = Vec::new();
    for basis in all.flatten() {
        if !seen.contains(basis) {
            seen.push(basis.clone());
        }
    }
    seen
}

/// The areas of these models that were asked for, all if none were: model by model, in the order of
/// each. Of several versions of one model the last tells the titles.
pub(crate) fn areas_in(bases: &[Basis], asked: &[AskedArea]) -> Vec<AreaInSpan> {
    let mut found: Vec<AreaInSpan> = Vec::new();
    for basis in bases {
        let model = basis.catalog.id();
        for of_model in basis.catalog.areas() {
            let area = AreaRef { model: model.clone(), area: of_model.id };
            if !is_wanted(asked, &area) {
                continue;
            }
            let title = of_model.title.clone();
            match found.iter_mut().find(|known| known.area == area) {
                Some(known) => known.title = title,
                None => found.push(AreaInSpan { area, title }),
            }
        }
    }
    found
}

fn is_wanted(asked: &[AskedArea], area: &AreaRef) -> bool {
    let meant = |one: &AskedArea| {
        one.area == area.area && one.model.as_ref().is_none_or(|model| *model == area.model)
    };
    asked.is_empty() || asked.iter().any(meant)
}

/// Own courses, each read once: the course of an area asks for them again at each of its instants.
#[derive(Debug, Default)]
pub(crate) struct Courses(RefCell<BTreeMap<Asked, Option<Arc<AreaCourse>>>>);

/// An area of a unit, and how many records are known.
type Asked = (UnitId, AreaRef, u64);

impl Courses {
    /// The own course of an area of a unit, as known with `size` records.
    pub(crate) fn own(
        &self,
        ground: &Ground<'_>,
        unit: UnitId,
        area: &AreaRef,
        size: u64,
    ) -> Option<Arc<AreaCourse>> {
        let key = (unit, area.clone(), size);
        if let Some(known) = self.0.borrow().get(&key) {
            return known.clone();
        }
        let own = (ground.own)(unit, area, size);
        self.0.borrow_mut().insert(key, own.clone());
        own
    }

    /// The state of an area of a unit at every moment, as known with `size` records; none before
    /// the unit was registered.
    pub(crate) fn course(
        &self,
        ground: &Ground<'_>,
        unit: UnitId,
        area: &AreaRef,
        size: u64,
        rules: Option<&Document>,
    ) -> Steps<Option<AreaState>> {
        if !is_known(ground.world, unit, size) {
            return Steps::default();
        }
        let own = |unit: UnitId, area: &AreaRef| self.own(ground, unit, area, size);
        course(ground.world, unit, area, size, rules, &own)
    }

    /// Lets go of what was read of a unit.
    pub(crate) fn forget_of(&self, unit: UnitId) {
        self.0.borrow_mut().retain(|(of, ..), _| *of != unit);
    }

    /// Lets go of what was read.
    pub(crate) fn forget(&self) {
        self.0.borrow_mut().clear();
    }
}

/// Whether a unit was registered within the first `size` records.
pub(crate) fn is_known(world: &dyn World, unit: UnitId, size: u64) -> bool {
    world.registry().unit(unit).is_some_and(|unit| unit.position < size)
}

impl Service {
    /// Works on a thread that may block.
    pub(crate) async fn apart<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, ServiceError> + Send + 'static,
    ) -> Result<T, ServiceError> {
        let service = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || work(&service)).await;
        done.map_err(|_| ServiceError::Fault("a question was given up"))?
    }
}
