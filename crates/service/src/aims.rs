//! What units aim at: the profile that was named, or the one that is in force for them.

use std::sync::Arc;

use gradus_domain::At;
use gradus_domain::gap::GapQuestion;
use gradus_domain::registry::{DocumentKind, Published};
use gradus_domain::world::World;
use gradus_model::catalog::{Aim, dependency_warnings};
use gradus_model::event::Document;
use gradus_model::unit::{AreaRef, Phase};
use gradus_model::{AreaId, Catalog, Digest, Profile, Timestamp, UnitId};

use crate::access::Caller;
use crate::courses::document_if_named;
use crate::error::ServiceError;
use crate::service::Service;

/// Which profile is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AskedProfile {
    /// The one that the unit adopted, or the nearest unit above it that did.
    #[default]
    InForce,
    /// The one with this digest, or the newest with this id.
    Named(String),
}

/// A profile, and the model that it is about.
#[derive(Clone, Debug)]
pub struct Aims {
    /// Its document.
    pub document: Document,
    /// The profile.
    pub profile: Arc<Profile>,
    /// The model that it is about.
    pub model: Arc<Catalog>,
}

impl Aims {
    /// The question for the gap of a unit with this model and these open phases.
    #[must_use]
    pub fn question<'a>(&'a self, model: &'a Catalog, open: &'a [Phase]) -> GapQuestion<'a> {
        GapQuestion { profile: &self.profile, profile_model: &self.model, model, open }
    }
}

/// The profile in force for a unit at a point, and who adopted it: the unit, or the nearest unit
/// above it that did.
pub(crate) fn in_force(world: &dyn World, unit: UnitId, at: At) -> Option<(UnitId, &Document)> {
    let mut lineage = world.registry().lineage(unit, at).into_iter();
    let adopted = |unit| Some((unit, world.history(unit)?.settings.profiles.at(at)?));
    lineage.find_map(adopted)
}

/// A unit's own phases that are open at a point, in order.
pub(crate) fn open_phases(world: &dyn World, unit: UnitId, at: At) -> Vec<Phase> {
    let history = world.history(unit);
    history.into_iter().flat_map(|history| history.settings.open_phases(at)).collect()
}

impl Service {
    /// The profile that was named, if one was.
    pub(crate) fn profile_if_named(
        &self,
        asked: &AskedProfile,
    ) -> Result<Option<Document>, ServiceError> {
        match asked {
            AskedProfile::InForce => Ok(None),
            AskedProfile::Named(name) => {
                document_if_named(&self.views(), DocumentKind::Profile, Some(name))
            }
        }
    }

    /// What a unit aims at, and who adopted that, if it was not named.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NoProfile`] where none was named and none is in force.
    pub(crate) fn aims_of(
        &self,
        unit: UnitId,
        at: At,
        asked: &AskedProfile,
    ) -> Result<(Aims, Option<UnitId>), ServiceError> {
        if let Some(named) = self.profile_if_named(asked)? {
            return Ok((self.aims(&named, at.size)?, None));
        }
        let found = self.asked(at, None, |world, _| {
            in_force(world, unit, at).map(|(by, document)| (by, document.clone()))
        });
        let (by, document) = found.ok_or(ServiceError::NoProfile)?;
        Ok((self.aims(&document, at.size)?, Some(by)))
    }

    /// A published profile with its model, of which the newest known version counts.
    pub(crate) fn aims(&self, document: &Document, size: u64) -> Result<Aims, ServiceError> {
        let missing = || ServiceError::not_found(DocumentKind::Profile.name(), &document.id);
        let profile = self.library().profile(&document.digest).ok_or_else(missing)?;
        let digest = {
            let views = self.views();
            let of_profile = |held: &&Published| held.id == profile.model;
            let models = |size| views.registry.documents(DocumentKind::Model, size);
            let known = models(size).filter(of_profile).last();
            // A profile that was named may be newer than what is known, and so its model.
            let held = known.or_else(|| models(u64::MAX).find(of_profile));
            held.map(|held| held.digest)
        };
        let model = digest.and_then(|digest| self.library().model(&digest));
        let model = model.ok_or(ServiceError::Fault("the model of a profile is missing"))?;
        Ok(Aims { document: document.clone(), profile, model })
    }
}

impl Service {
    /// Where a profile asks for more in an area than in those that the area needs.
    #[must_use]
    pub fn profile_warnings(&self, profile: &Digest) -> Vec<String> {
        let profile = self.library().profile(profile);
        let warnings = profile.iter().flat_map(|profile| &profile.warnings);
        warnings.map(ToString::to_string).collect()
    }

    /// The areas of the unit's model that need results of an area, if it is tailored out of the unit
    /// at a moment.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for an unknown unit.
    pub async fn tailoring_warnings(
        &self,
        by: &Caller,
        unit: &str,
        area: AreaId,
        at: Option<Timestamp>,
    ) -> Result<Vec<String>, ServiceError> {
        self.caught_up(None).await?;
        let unit = self.unit(by, unit)?;
        let at = At::with_everything(at.unwrap_or_else(|| self.now()));
        let Some(basis) = self.basis_if_any(unit, at, None)? else { return Ok(Vec::new()) };
        let views = self.views();
        let is_out = |area: AreaId| {
            let reference = AreaRef { model: basis.catalog.id().clone(), area };
            let settings = views.history(unit).map(|history| &history.settings);
            settings.is_some_and(|settings| settings.is_tailored_out(&reference, at))
        };
        let aim = |area| if is_out(area) { Aim::TailoredOut } else { Aim::Unsaid };
        let warnings = dependency_warnings(&basis.catalog, aim);
        let of_area = warnings.iter().filter(|warning| warning.needs == area);
        Ok(of_area.map(ToString::to_string).collect())
    }
}
