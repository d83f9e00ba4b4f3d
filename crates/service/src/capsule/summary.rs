//! Summaries: made of the rows of a state digest, and verified without a log.

use std::sync::Arc;

use gradus_capsule::file::CHECKPOINT;
use gradus_capsule::heads::{LEAF, Line, PROOF, ROWS};
use gradus_capsule::shown::{Moment, Text};
use gradus_capsule::state::course;
use gradus_capsule::summary::{
    self, BEGINNING, BEGINNING_PROOF, SUMMARY, Summary, Summed, UnitSummary, areas_at,
    levels_member, write_levels,
};
use gradus_capsule::{Trust, Unread, heads};
use gradus_model::{Digest, UnitId};
use gradus_proof::Row;
use gradus_proof::state::areas::{BY_AREA, Course, Entry};
use gradus_proof::state::prove_row;

use super::MOST_BYTES;
use super::create::{AskedCapsule, aside, origin, proof_file};
use super::verify::Finding;
use crate::access::Caller;
use crate::checkpoints::Included;
use crate::coordinate::Coordinate;
use crate::error::ServiceError;
use crate::service::Service;

/// A summary that holds.
#[derive(Clone, Debug)]
pub struct VerifiedSummary {
    /// What it says of itself.
    pub summary: Summary,
    /// What was proved.
    pub proved: Vec<Finding>,
    /// What it does not prove.
    pub not_proved: Vec<Finding>,
}

/// Verifies a summary: signatures, digest, rows, and what they open to.
///
/// # Errors
///
/// [`Unread`]: nothing to verify, or the first thing that is not as it must be.
pub fn verify_summary(bytes: &[u8], trust: &Trust<'_>) -> Result<VerifiedSummary, Unread> {
    let Summed { summary, checkpoint, signed_by, witnesses, position } =
        summary::check(bytes, trust)?;
    let (mut proved, mut not_proved) = (Vec::new(), Vec::new());
    match signed_by {
        Some(key) => proved.push(Finding::Signed { size: checkpoint.size, by: key.to_string() }),
        None => not_proved.push(Finding::Unsigned),
    }
    if witnesses.is_empty() {
        not_proved.push(Finding::Unwitnessed);
    } else {
        let by = witnesses.into_iter().map(|witness| witness.name).collect();
        proved.push(Finding::Witnessed { by });
    }
    let (units, size) = (summary.units.len() as u64, summary.log_size);
    proved.push(Finding::Told { units, size, position });
    not_proved.extend([
        Finding::NotComputed,
        Finding::OwnOnly,
        Finding::NamesOnly,
        Finding::Since { size, until: checkpoint.size },
    ]);
    Ok(VerifiedSummary { summary, proved, not_proved })
}

impl Service {
    /// A summary of some units, or of all, by the last state digest of no more records than are to be
    /// known; for those who may prove these units.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotDescribed`] while no digest tells of them, [`ServiceError::TooMuch`] past
    /// [`MOST_BYTES`], and what a question for levels is refused with.
    pub(super) async fn create_summary(
        self: &Arc<Self>,
        by: &Caller,
        asked: &AskedCapsule,
    ) -> Result<Vec<u8>, ServiceError> {
        let coordinate =
            Coordinate { valid_at: asked.valid_at, known: asked.known, ..Coordinate::default() };
        let resolved = self.resolve(&coordinate).await?;
        let size = resolved.log_size;
        let digest = {
            let digests = &self.views().state_digests;
            let mut below = digests.range(..=size).rev().map(|(_, digest)| digest);
            below.find(|digest| digest.said.projector >= BY_AREA).cloned()
        };
        let digest = digest.ok_or(ServiceError::NotDescribed { size })?;
        let units = self.units_of_capsule(by, asked, digest.said.size)?;
        let rows = self.rows_of(&digest).await?;
        let mut of: Vec<(u64, Row)> = Vec::new();
        for unit in units {
            let mut numbered = (0..).zip(rows.iter().copied());
            let row = numbered.find(|(_, row)| row.stream == unit);
            of.push(row.ok_or(ServiceError::NotDescribed { size })?);
        }
        of.sort_unstable_by_key(|(index, _)| *index);
        let checkpoint = self.kept_checkpoint(digest.position + 1).await?;
        let mut records = Vec::new();
        let members = [(0, BEGINNING, BEGINNING_PROOF), (digest.position, LEAF, PROOF)];
        for (position, of_leaf, of_proof) in members {
            let Included { leaf, proof, .. } = self.leaf_at(position, &checkpoint).await?;
            records.push((of_leaf.to_owned(), leaf));
            records.push((of_proof.to_owned(), proof_file(position, proof, &checkpoint)?));
        }
        let valid_at = Moment(resolved.valid_at);
        let (mut claims, mut levels, mut bytes) = (Vec::new(), Vec::new(), 0);
        for (_, row) in &of {
            let (unit, described) = (row.stream, digest.said.size);
            self.index_reached(described).await?;
            let areas = self.apart(move |service| service.opening(unit, described)).await?;
            let member = write_levels(&areas);
            bytes += member.len();
            if bytes > MOST_BYTES {
                let (field, what, limit) = ("units", "bytes of levels", MOST_BYTES);
                return Err(ServiceError::TooMuch { field, what, seen: bytes, limit });
            }
            let name = self.views().registry.unit(unit).and_then(|unit| unit.name()).cloned();
            let name = name.map(|name| name.to_string()).unwrap_or_default();
            claims.push(UnitSummary { unit: Text(unit), name, areas: areas_at(&areas, valid_at) });
            levels.push((levels_member(unit), member));
        }
        let lines = aside(move || {
            let line = |(index, row): &(u64, Row)| {
                let proof = prove_row(&rows, *index);
                let proof =
                    proof.map_err(|_| ServiceError::Fault("a row is not among its rows"))?;
                Ok(Line::of(*index, &row.to_bytes(), &proof))
            };
            of.iter().map(line).collect::<Result<Vec<Line>, ServiceError>>()
        });
        let lines = lines.await??;
        let mut members = vec![(CHECKPOINT.to_owned(), checkpoint.note.as_bytes().to_vec())];
        members.extend(records);
        members.push((ROWS.to_owned(), heads::write(&lines)));
        members.extend(levels);
        let summary = Summary {
            format: SUMMARY,
            origin: origin(&checkpoint)?,
            valid_at,
            log_size: digest.said.size,
            checkpoint_size: checkpoint.head.size,
            units: claims,
            members: Vec::new(),
            digest: Text(Digest::ZERO),
        };
        Ok(summary::write(summary, &members))
    }

    /// What opens the row of a unit: its entries and the course of each.
    fn opening(&self, unit: UnitId, size: u64) -> Result<Vec<(Entry, Course)>, ServiceError> {
        let areas = self.index.areas_at(Some(unit), size)?;
        let mut opening = Vec::new();
        for entry in areas.entries(unit) {
            let told = self.index.course_at(unit, &entry.area, size)?;
            let course = told.and_then(|told| course(&told.levels, &told.supports));
            let course = course.ok_or(ServiceError::Fault("an area's course is gone"))?;
            opening.push((entry, course));
        }
        Ok(opening)
    }
}
