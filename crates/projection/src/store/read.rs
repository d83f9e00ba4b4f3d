//! Reading the index: one row answers, found among those read lately or by one reverse seek.

use std::ops::Range;
use std::sync::Arc;

use gradus_domain::At;
use gradus_domain::course::OwnState;
use gradus_domain::fold::{AreaCourse, NOTHING};
use gradus_domain::level::Coverage;
use gradus_model::UnitId;
use gradus_model::catalog::Area;
use gradus_model::unit::AreaRef;

use super::recent::{KeptRow, Known, LastRows, MOST_ROWS, StoredRow};
use super::{IndexError, IndexStore, StoredRevision, at_key, first_position};
use crate::index::{Fault, Row, key_of, prefix_of};

impl IndexStore {
    /// The own course of an area as known with `size` records; none if nothing is known of it.
    ///
    /// # Errors
    ///
    /// [`IndexError::Damaged`] and [`IndexError::Storage`].
    pub fn course(
        &self,
        unit: UnitId,
        area: &AreaRef,
        size: u64,
    ) -> Result<Option<Arc<AreaCourse>>, IndexError> {
        let read = |row: &Row<'_>| row.course(area, self);
        Ok(self.read(unit, area, size, read)?.map(Arc::new))
    }

    /// The same, of an area that nobody asks about: what was read lately stays kept.
    pub(super) fn course_unkept(
        &self,
        unit: UnitId,
        area: &AreaRef,
        size: u64,
    ) -> Result<Option<AreaCourse>, IndexError> {
        let Some((first, bytes)) = self.rows_before(unit, area, size).next().transpose()? else {
            return Ok(None);
        };
        let row = Row::up_to(first, &bytes, size);
        let course =
            row.and_then(|row| (!row.is_nothing()).then(|| row.course(area, self)).transpose());
        course.map_err(|fault| at_key(&key_of(&prefix_of(unit, area), first), fault))
    }

    /// The own state of an area of a model at a point; none if nothing is known of it.
    ///
    /// # Errors
    ///
    /// [`IndexError::Damaged`] and [`IndexError::Storage`].
    pub fn state(
        &self,
        unit: UnitId,
        area: &AreaRef,
        of_model: &Area,
        at: At,
    ) -> Result<Option<OwnState>, IndexError> {
        self.read(unit, area, at.size, |row| {
            let levels = row.levels_at(at.valid_at, self)?;
            let targets = of_model.base_practices.iter().map(|base| &base.target);
            let supports = row.supports_of(area, targets, at.valid_at, self)?;
            let coverage = Coverage::of(supports.into_iter());
            let levels = levels.unwrap_or(NOTHING);
            Ok(OwnState { levels, coverage })
        })
    }

    /// Reads the last revision recorded before `size`, if it tells anything.
    fn read<T>(
        &self,
        unit: UnitId,
        area: &AreaRef,
        size: u64,
        read: impl FnOnce(&Row<'_>) -> Result<T, Fault>,
    ) -> Result<Option<T>, IndexError> {
        if size == 0 {
            return Ok(None);
        }
        let Some(stored) = self.row_before(unit, area, size)? else { return Ok(None) };
        let (first, bytes) = (stored.first, &stored.bytes);
        let row = match stored.end().filter(|end| end.position() < size) {
            Some(end) => Ok(Row::at_end(first, bytes, end)),
            None => Row::up_to(first, bytes, size),
        };
        let answer =
            row.and_then(|row| if row.is_nothing() { Ok(None) } else { read(&row).map(Some) });
        answer.map_err(|fault| at_key(&key_of(&prefix_of(unit, area), first), fault))
    }

    /// The last row that begins before `size`.
    fn row_before(
        &self,
        unit: UnitId,
        area: &AreaRef,
        size: u64,
    ) -> Result<Option<Arc<KeptRow>>, IndexError> {
        let known = match self.recent.before(unit, area, size) {
            Known::Unread(writes) => {
                let rows = self.rows_before(unit, area, u64::MAX).take(MOST_ROWS + 1);
                let mut rows: Vec<StoredRow> = rows.collect::<Result<_, _>>()?;
                let all = rows.len() <= MOST_ROWS;
                rows.truncate(MOST_ROWS);
                let rows = rows.into_iter().map(|row| Arc::new(KeptRow::new(row))).collect();
                let last = LastRows { rows, all };
                let known = last.before(size);
                self.recent.keep(unit, area, last, writes);
                known
            }
            known => known,
        };
        match known {
            Known::Row(row) => Ok(Some(row)),
            Known::Nothing => Ok(None),
            Known::Older | Known::Unread(_) => {
                let row = self.rows_before(unit, area, size).next().transpose()?;
                Ok(row.map(|row| Arc::new(KeptRow::once(row))))
            }
        }
    }

    /// The rows that begin before `size`, the last one first.
    fn rows_before(
        &self,
        unit: UnitId,
        area: &AreaRef,
        size: u64,
    ) -> impl Iterator<Item = Result<StoredRow, IndexError>> + use<> {
        let prefix = prefix_of(unit, area);
        let rows = self.rows.range(key_of(&prefix, 0)..key_of(&prefix, size)).rev();
        rows.map(|row| {
            row.map(|(key, bytes)| (first_position(&key), bytes)).map_err(IndexError::from)
        })
    }

    /// Every revision of an area that was recorded at these positions, in their order.
    ///
    /// # Errors
    ///
    /// [`IndexError::Damaged`] and [`IndexError::Storage`].
    pub fn revisions(
        &self,
        unit: UnitId,
        area: &AreaRef,
        positions: Range<u64>,
    ) -> impl Iterator<Item = Result<StoredRevision, IndexError>> {
        let (area, prefix) = (area.clone(), prefix_of(unit, area));
        let (first, last) = (key_of(&prefix, 0), key_of(&prefix, positions.start));
        // The row that begins before may reach into the positions.
        let begins = self.rows.range(first..=last.clone()).next_back();
        let begins = match begins {
            Some(Ok((key, _))) => key.to_vec(),
            // The same fault is met below.
            Some(Err(_)) | None => last,
        };
        let end = key_of(&prefix, positions.end.max(positions.start)).max(begins.clone());
        self.rows.range(begins..end).flat_map(move |row| {
            let all = row.map_err(IndexError::from).and_then(|(key, bytes)| {
                let row = self.revisions_in(&area, first_position(&key), &bytes, &positions);
                row.map_err(|fault| at_key(&key, fault))
            });
            let (revisions, error) = match all {
                Ok(revisions) => (revisions, None),
                Err(error) => (Vec::new(), Some(Err(error))),
            };
            revisions.into_iter().map(Ok).chain(error)
        })
    }

    fn revisions_in(
        &self,
        area: &AreaRef,
        first_position: u64,
        bytes: &[u8],
        positions: &Range<u64>,
    ) -> Result<Vec<StoredRevision>, Fault> {
        let mut row = Row::new(first_position, bytes);
        let mut revisions = Vec::new();
        while let Some((position, recorded_at)) = row.next(positions.end)? {
            if position >= positions.start {
                let course = row.course(area, self)?;
                revisions.push(StoredRevision { position, recorded_at, course });
            }
        }
        Ok(revisions)
    }
}
