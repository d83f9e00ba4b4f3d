//! The level of an area by a state digest: what the log itself says was told, without a fold.

use std::sync::Arc;

use gradus_capsule::state::course;
use gradus_domain::level::AreaAnswer;
use gradus_model::unit::AreaRef;
use gradus_model::{Timestamp, UnitId};
use gradus_proof::Row;
use gradus_proof::state::areas::{BY_AREA, projection_of};

use super::Whole;
use crate::access::Caller;
use crate::checkpoints::Signed;
use crate::coordinate::{Coordinate, Known};
use crate::error::ServiceError;
use crate::levels::AskedLevels;
use crate::service::Service;
use crate::units::AskedArea;

/// Bytes of the course of one area at most: some hundred thousand changes.
const MOST_COURSE_BYTES: usize = 2 << 20;

/// What a state digest says of an area of a unit, and what opens it.
#[derive(Clone, Debug)]
pub struct OfLevel {
    /// The unit.
    pub unit: UnitId,
    /// The area, of the model in force for the unit at that moment.
    pub area: AreaRef,
    /// The moment of the unit's life.
    pub valid_at: Timestamp,
    /// How much of the log was to be known; the digest describes as much, or less.
    pub size: u64,
    /// What is answered for that moment, as known with the records that the digest describes.
    pub answer: AreaAnswer,
    /// The row of the unit.
    pub whole: Whole,
    /// The entries of all of the unit's areas, whose root the row has.
    pub entries: Vec<Vec<u8>>,
    /// The course that the area's entry names; none where the unit has no such entry.
    pub course: Option<Vec<u8>>,
    /// The checkpoint that everything is proved against.
    pub checkpoint: Signed,
}

impl Service {
    /// The level of an area by the last state digest of no more records than are to be known.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for a unit or area that is unknown or out of sight,
    /// [`ServiceError::NotDescribed`] while no digest tells of it, and what a question for levels is
    /// refused with.
    pub async fn prove_level(
        self: &Arc<Self>,
        by: &Caller,
        unit: &str,
        area: &AskedArea,
        asked: &Coordinate,
    ) -> Result<OfLevel, ServiceError> {
        if asked.rules.is_some() {
            let reason = "a state digest is by the rules in force: leave them out";
            return Err(ServiceError::invalid("coordinate.rules", reason));
        }
        let of = self.unit(by, unit)?;
        let resolved = self.resolve(asked).await?;
        let (valid_at, size) = (resolved.valid_at, resolved.log_size);
        let digest = {
            let digests = &self.views().state_digests;
            let mut below = digests.range(..=size).rev().map(|(_, digest)| digest);
            below.find(|digest| digest.said.projector >= BY_AREA).cloned()
        };
        let digest = digest.ok_or(ServiceError::NotDescribed { size })?;
        let (described, root) = (digest.said.size, digest.said.root);
        let checkpoint = self.checkpoint_to_prove_by(digest.position + 1).await?;
        let whole = self.whole_of(of, digest, &checkpoint).await?;
        let whole = whole.ok_or(ServiceError::NotDescribed { size })?;
        let coordinate = Coordinate {
            valid_at: Some(valid_at),
            known: Known::Size(described),
            ..Coordinate::default()
        };
        let wanted = AskedLevels { areas: vec![area.clone()], with_practices: false };
        let answered = self.levels(by, unit, &coordinate, &wanted).await?;
        let missing = || ServiceError::not_found("area", area.to_string());
        let model = answered.basis.as_ref().map(|basis| basis.catalog.id().clone());
        let answer = answered.areas.into_iter().next().ok_or_else(missing)?;
        let area = AreaRef { model: model.ok_or_else(missing)?, area: answer.area };
        let own = area.clone();
        self.index_reached(described).await?;
        let opened = self.apart(move |service| {
            let areas = service.index.areas_at(Some(of), described)?;
            let told = service.index.course_at(of, &own, described)?;
            Ok((areas.entries(of).collect::<Vec<_>>(), told))
        });
        let (entries, told) = opened.await?;
        let row =
            Row::read(&whole.row).ok().filter(|row| row.projection == projection_of(&entries));
        if row.is_none() {
            tracing::error!(size = described, %root, unit = %of, "a row is not what the index tells");
            return Err(ServiceError::Fault("a row of a state digest is not what the index tells"));
        }
        let course = told.and_then(|told| course(&told.levels, &told.supports));
        let course = course.map(|course| course.to_bytes());
        let seen = course.as_ref().map_or(0, Vec::len);
        if seen > MOST_COURSE_BYTES {
            let (field, what, limit) = ("area", "bytes of its course", MOST_COURSE_BYTES);
            return Err(ServiceError::TooMuch { field, what, seen, limit });
        }
        let entries = entries.iter().map(gradus_proof::state::areas::Entry::to_bytes).collect();
        Ok(OfLevel { unit: of, area, valid_at, size, answer, whole, entries, course, checkpoint })
    }
}
