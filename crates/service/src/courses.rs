//! Questions on what was known at a size, asked of everything that was recorded.
//!
//! The courses of areas come from the index, so that an answer costs the same at any date and any
//! size of the log. Where other rules are asked for than those in force, they are folded.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use gradus_domain::At;
use gradus_domain::course::{OwnState, OwnStates, own_course};
use gradus_domain::registry::DocumentKind;
use gradus_domain::world::World;
use gradus_model::UnitId;
use gradus_model::catalog::Area;
use gradus_model::event::Document;
use gradus_model::unit::AreaRef;
use gradus_projection::Views;
use gradus_projection::walk::Ground;

use crate::error::ServiceError;
use crate::index::NotTold;
use crate::service::Service;

impl Service {
    /// Asks a pure question of everything that was recorded, of the states of areas at one point.
    ///
    /// Each state is looked up once, however many units inherit it.
    pub(crate) fn asked<T>(
        &self,
        at: At,
        rules: Option<&Document>,
        question: impl FnOnce(&dyn World, OwnStates<'_>) -> T,
    ) -> T {
        let (views, library) = (self.views(), self.library());
        let world = views.with(&library);
        let told = RefCell::<BTreeMap<(UnitId, AreaRef), Option<OwnState>>>::default();
        let own = |unit: UnitId, reference: &AreaRef, area: &Area| {
            let key = (unit, reference.clone());
            if let Some(known) = told.borrow().get(&key) {
                return *known;
            }
            let indexed = if rules.is_none() {
                self.index.state(&views, unit, reference, area, at)
            } else {
                Err(NotTold)
            };
            let state = indexed.unwrap_or_else(|NotTold| {
                let course = own_course(&world, unit, reference, at.size, rules);
                Some(OwnState::of(&course, area, at.valid_at))
            });
            told.borrow_mut().insert(key, state);
            state
        };
        question(&world, &own)
    }

    /// Asks a pure question of everything that was read, at any size.
    pub(crate) fn grounded<T>(
        &self,
        rules: Option<&Document>,
        question: impl FnOnce(&Ground<'_>) -> T,
    ) -> T {
        let (views, library) = (self.views(), self.library());
        let world = views.with(&library);
        let own = |unit: UnitId, area: &AreaRef, size: u64| {
            let folded = || Some(Arc::new(own_course(&world, unit, area, size, rules)));
            if rules.is_some() {
                return folded();
            }
            self.index.course(&views, unit, area, size).unwrap_or_else(|NotTold| folded())
        };
        question(&Ground { world: &world, own: &own })
    }

    /// Rules by digest or id, if any were named: of one id the newest.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for rules that were never published.
    pub fn rules_named(&self, named: Option<&str>) -> Result<Option<Document>, ServiceError> {
        document_if_named(&self.views(), DocumentKind::Rules, named)
    }
}

/// A published document by digest or id, if one was named: of one id the newest.
///
/// It may be newer than what a question knows: "1 March under today's rules".
pub(crate) fn document_if_named(
    views: &Views,
    kind: DocumentKind,
    named: Option<&str>,
) -> Result<Option<Document>, ServiceError> {
    let Some(named) = named.filter(|text| !text.is_empty()) else { return Ok(None) };
    let found = views.registry.document(kind, named, u64::MAX);
    let found = found.ok_or_else(|| ServiceError::not_found(kind.name(), named))?;
    Ok(Some(Document { id: found.id.clone(), digest: found.digest }))
}
