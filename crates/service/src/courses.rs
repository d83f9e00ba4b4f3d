//! Questions on what was known at a size, asked of everything that was recorded.
//!
//! The courses of areas come from the index, so that an answer costs the same at any date and any
//! size of the log. Where other rules are asked for than those in force, they are folded.

use std::sync::Arc;

use gradus_domain::course::{OwnCourse, own_course};
use gradus_domain::registry::DocumentKind;
use gradus_domain::world::World;
use gradus_model::UnitId;
use gradus_model::event::Document;
use gradus_model::unit::AreaRef;
use gradus_projection::Views;
use gradus_projection::walk::Ground;

use crate::error::ServiceError;
use crate::index::NotTold;
use crate::service::Service;

impl Service {
    /// Asks a pure question of everything that the first `size` records say.
    pub(crate) fn asked<T>(
        &self,
        size: u64,
        rules: Option<&Document>,
        question: impl FnOnce(&dyn World, OwnCourse<'_>) -> T,
    ) -> Result<T, ServiceError> {
        self.grounded(rules, |ground| {
            let own = |unit: UnitId, area: &AreaRef| (ground.own)(unit, area, size);
            question(ground.world, &own)
        })
    }

    /// Asks a pure question of everything that was read, at any size.
    pub(crate) fn grounded<T>(
        &self,
        rules: Option<&Document>,
        question: impl FnOnce(&Ground<'_>) -> T,
    ) -> Result<T, ServiceError> {
        let (views, library) = (self.views(), self.library());
        let world = views.with(&library);
        let own = |unit: UnitId, area: &AreaRef, size: u64| {
            let folded = || Some(Arc::new(own_course(&world, unit, area, size, rules)));
            let indexed = rules.is_none() && self.index.tells(unit, size);
            if !indexed {
                return folded();
            }
            self.index.course(unit, area, size).unwrap_or_else(|NotTold| folded())
        };
        Ok(question(&Ground { world: &world, own: &own }))
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
