//! The three clocks of a read, asked and resolved.

use std::sync::Arc;

use gradus_domain::registry::DocumentKind;
use gradus_domain::{At, Refusal};
use gradus_model::{Catalog, Digest, ModelId, Target, Timestamp, UnitId};
use gradus_projection::Views;
use gradus_projection::views::Basis;

use crate::courses::document_if_named;
use crate::error::ServiceError;
use crate::evidence::AskedPractice;
use crate::service::Service;
use crate::units::AskedArea;

/// How much of the log a question knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Known {
    /// Everything up to the head.
    #[default]
    Head,
    /// What was recorded up to and including this moment.
    At(Timestamp),
    /// Positions 0 to `size` - 1.
    Size(u64),
}

/// The clocks of a question; what is left out is now, the head, the rules in force.
#[derive(Clone, Debug, Default)]
pub struct Coordinate {
    /// The moment of the unit's life.
    pub valid_at: Option<Timestamp>,
    /// How much of the log is known.
    pub known: Known,
    /// Rules other than those in force: an id or the hexadecimal of a digest.
    pub rules: Option<String>,
    /// The reader must have read this much.
    pub min_size: Option<u64>,
}

/// A coordinate with every clock resolved.
#[derive(Clone, Copy, Debug)]
pub struct Resolved {
    /// The moment of the unit's life.
    pub valid_at: Timestamp,
    /// The moment of recording that was asked for, if one was.
    pub known_at: Option<Timestamp>,
    /// How much of the log is known.
    pub log_size: u64,
    /// The root of the log at that size.
    pub root: Digest,
    /// Whether the same question can get no other answer any more.
    pub settled: bool,
    /// The durable size of the log.
    pub head: u64,
    /// How many records the views had not read yet.
    pub lag: u64,
}

impl Resolved {
    /// The point in both times.
    #[must_use]
    pub const fn at(&self) -> At {
        At { valid_at: self.valid_at, size: self.log_size }
    }
}

impl Service {
    /// Resolves a coordinate's times; its rules belong to a unit and are resolved with it.
    pub async fn resolve(&self, asked: &Coordinate) -> Result<Resolved, ServiceError> {
        let unrooted = self.clocks(asked).await?;
        let root = self.log.root_at(unrooted.log_size).await?;
        Ok(Resolved { root, ..unrooted })
    }

    /// As [`Self::resolve`], without the root, which may be read while the answer is computed.
    pub(crate) async fn clocks(&self, asked: &Coordinate) -> Result<Resolved, ServiceError> {
        self.caught_up(asked.min_size).await?;
        let read = self.read_size();
        let (known_at, log_size, settled) = match asked.known {
            Known::Head => (None, read, true),
            Known::Size(size) if size > read => {
                return Err(gradus_log::LogError::Past { asked: size, size: read }.into());
            }
            Known::Size(size) => (None, size, true),
            Known::At(at) => {
                let known = self.log.known_at(at).await?;
                (Some(at), known.size.min(read), known.settled)
            }
        };
        let head = self.log.head().size;
        let valid_at = asked.valid_at.unwrap_or_else(|| self.now());
        let lag = head.saturating_sub(read);
        let root = Digest::ZERO;
        Ok(Resolved { valid_at, known_at, log_size, root, settled, head, lag })
    }

    /// The model and rules that answer for a unit at a resolved coordinate.
    pub fn basis(
        &self,
        unit: UnitId,
        resolved: &Resolved,
        rules: Option<&str>,
    ) -> Result<Basis, ServiceError> {
        self.basis_at(&self.views(), unit, resolved.at(), rules)
    }

    /// Refuses to list by a practice that neither the model it names nor the unit's own has.
    pub fn check_practice(
        &self,
        unit: UnitId,
        at: At,
        asked: &AskedPractice,
    ) -> Result<(), ServiceError> {
        let models = self.models_meant(unit, at, asked.model.as_ref());
        let target = |model: &ModelId| Target { model: model.clone(), practice: asked.practice };
        let known = |model: &Arc<Catalog>| model.contains(&target(model.id()));
        let named = asked.model.clone().or_else(|| Some(models.first()?.id().clone()));
        match named {
            Some(model) if !models.iter().any(known) => {
                Err(Refusal::PracticeUnknown { target: target(&model), model }.into())
            }
            // Where no model is in force nothing can be listed, which is no error.
            _ => Ok(()),
        }
    }

    /// Refuses to list by an area that neither the model it names nor the unit's own has.
    pub fn check_area(&self, unit: UnitId, at: At, asked: &AskedArea) -> Result<(), ServiceError> {
        let models = self.models_meant(unit, at, asked.model.as_ref());
        let nothing = asked.model.is_none() && models.is_empty();
        if nothing || models.iter().any(|model| model.area(asked.area).is_some()) {
            return Ok(());
        }
        Err(ServiceError::not_found("area", asked))
    }

    /// The published models of this id, or the unit's own, if one is in force.
    fn models_meant(&self, unit: UnitId, at: At, named: Option<&ModelId>) -> Vec<Arc<Catalog>> {
        let Some(named) = named else {
            let basis = self.basis_at(&self.views(), unit, at, None);
            return basis.into_iter().map(|basis| basis.catalog).collect();
        };
        let digests: Vec<Digest> = {
            let views = self.views();
            let models = views.registry.documents(DocumentKind::Model, u64::MAX);
            models.filter(|held| held.id == *named).map(|held| held.digest).collect()
        };
        let library = self.library();
        digests.iter().filter_map(|digest| library.model(digest)).collect()
    }

    pub(crate) fn basis_at(
        &self,
        views: &Views,
        unit: UnitId,
        at: At,
        rules: Option<&str>,
    ) -> Result<Basis, ServiceError> {
        let asked = document_if_named(views, DocumentKind::Rules, rules)?;
        Ok(views.basis(&self.library(), unit, at, asked)?)
    }
}
