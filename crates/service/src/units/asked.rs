//! The area of a unit that a caller means.

use gradus_domain::Refusal;
use gradus_model::unit::AreaRef;
use gradus_model::{AreaId, ModelId, Timestamp, UnitId};

use crate::error::ServiceError;
use crate::service::Service;
use crate::writer::Writer;

/// An area as a caller names it: without a model, the unit's own is meant.
#[derive(Clone, Debug)]
pub struct AskedArea {
    /// The model, if it was named.
    pub model: Option<ModelId>,
    /// The area.
    pub area: AreaId,
}

impl std::fmt::Display for AskedArea {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.model.iter().try_for_each(|model| write!(f, "{model}/"))?;
        write!(f, "{}", self.area)
    }
}

impl Service {
    /// The area that a caller means in a unit at a moment.
    pub(crate) fn area_in(
        &self,
        writer: &Writer,
        unit: UnitId,
        asked: &AskedArea,
        at: Timestamp,
    ) -> Result<AreaRef, ServiceError> {
        let model = self.model_meant(writer, unit, asked.model.as_ref(), at)?;
        Ok(AreaRef { model, area: asked.area })
    }

    /// The model that a caller named, or else the unit's own at that moment.
    pub(crate) fn model_meant(
        &self,
        writer: &Writer,
        unit: UnitId,
        named: Option<&ModelId>,
        at: Timestamp,
    ) -> Result<ModelId, ServiceError> {
        if let Some(model) = named {
            return Ok(model.clone());
        }
        let model = writer.model(&self.library(), unit, at);
        let model = model.ok_or(Refusal::NoModel(at))?;
        Ok(model.id().clone())
    }
}
