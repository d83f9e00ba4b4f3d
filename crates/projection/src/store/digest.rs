//! The digest of what the index tells, kept as it grows and computed again from its rows.

use std::collections::BTreeMap;

use gradus_domain::fold::AreaCourse;
use gradus_model::unit::AreaRef;
use gradus_model::{Digest, UnitId};
use sha2::{Digest as _, Sha256};

use super::{IndexError, IndexStore, at_key};
use crate::index::{Chain, Fault, Leaf, Named, Row, changed, leaf, prefix_of, read_key};
use crate::projector::Parked;

/// The digest over the units that anything was told of, in the order of ids.
pub(super) fn of_units(chains: &BTreeMap<UnitId, Chain>) -> Digest {
    let mut hash = Sha256::new();
    for (unit, chain) in chains {
        hash.update(unit.0);
        hash.update(chain.0);
    }
    Digest(hash.finalize().into())
}

/// The revisions of one unit while its rows are read.
struct OfUnit {
    unit: UnitId,
    area: AreaRef,
    /// The parts after the last revision of the area.
    parts: Named,
    leaves: Vec<(u64, AreaRef, Leaf)>,
}

impl OfUnit {
    /// Adds the chain of all its revisions.
    fn end(mut self, chains: &mut BTreeMap<UnitId, Chain>) {
        self.leaves.sort_unstable();
        let mut chain = Chain::default();
        for (_, _, leaf) in &self.leaves {
            chain.add(leaf);
        }
        if !self.leaves.is_empty() {
            chains.insert(self.unit, chain);
        }
    }

    fn read(&mut self, mut row: Row<'_>, size: u64, store: &IndexStore) -> Result<(), Fault> {
        let mut is_first = true;
        while let Some((position, stamp)) = row.next(size)? {
            // Every block is read, so that damage is found.
            row.course(&self.area, store)?;
            let leaf = if is_first {
                let changed = changed(&self.parts, &row.named());
                leaf(&self.area, position, stamp, &changed)
            } else {
                leaf(&self.area, position, stamp, row.told())
            };
            self.leaves.push((position, self.area.clone(), leaf));
            is_first = false;
        }
        self.parts = row.named();
        Ok(())
    }
}

impl IndexStore {
    /// The digest of everything that was told before `size`, computed from every row.
    ///
    /// At the cursor it is [`IndexStore::digest`], unless a row is not as it was written.
    ///
    /// # Errors
    ///
    /// [`IndexError::Damaged`] names the first row that cannot be read; [`IndexError::Storage`].
    pub fn recomputed(&self, size: u64) -> Result<Digest, IndexError> {
        Ok(of_units(&self.chains(size)?))
    }

    /// For each unit the digest of what was told of it up to the cursor; none where nothing was, or
    /// where it was parked.
    #[must_use]
    pub fn unit_digests(&self) -> BTreeMap<UnitId, Digest> {
        let written = self.written();
        digests(&written.chains, &written.parked, u64::MAX)
    }

    /// The same of what was told before `size`, computed from every row: the whole index is read.
    ///
    /// # Errors
    ///
    /// As [`Self::recomputed`].
    pub fn unit_digests_at(&self, size: u64) -> Result<BTreeMap<UnitId, Digest>, IndexError> {
        let chains = self.chains(size)?;
        Ok(digests(&chains, &self.written().parked, size))
    }

    /// Tells the course of each area of which something was told before `size`, of one unit or of all
    /// that were not parked; one row of an area is read, however long its past is.
    ///
    /// # Errors
    ///
    /// As [`Self::recomputed`].
    pub fn courses(
        &self,
        of: Option<UnitId>,
        size: u64,
        mut tell: impl FnMut(UnitId, &AreaRef, &AreaCourse),
    ) -> Result<(), IndexError> {
        let parked = self.written().parked.clone();
        let mut from = vec![b'l'];
        from.extend(of.iter().flat_map(|unit| unit.0));
        let prefix = from.clone();
        loop {
            let Some(next) = self.rows.range(from..).next().transpose()? else { return Ok(()) };
            let key = next.0;
            if !key.starts_with(&prefix) {
                return Ok(());
            }
            let read = read_key(&key).ok_or(Fault::Damaged("a key cannot be read"));
            let (unit, area, _) = read.map_err(|fault| at_key(&key, fault))?;
            let course = self.course_unkept(unit, &area, size)?;
            let told = parked.get(&unit).is_none_or(|parked| parked.position >= size);
            if let Some(course) = course.filter(|_| told) {
                tell(unit, &area, &course);
            }
            // Behind the last row that the area can have.
            from = prefix_of(unit, &area);
            from.extend([0xff; 9]);
        }
    }

    fn chains(&self, size: u64) -> Result<BTreeMap<UnitId, Chain>, IndexError> {
        let mut chains = BTreeMap::new();
        let mut of_unit: Option<OfUnit> = None;
        for row in self.rows.scan_prefix([b'l']) {
            let (key, bytes) = row?;
            let read = read_key(&key).ok_or(Fault::Damaged("a key cannot be read"));
            let (unit, area, position) = read.map_err(|fault| at_key(&key, fault))?;
            let mut current = match of_unit.take() {
                Some(current) if current.unit == unit => current,
                before => {
                    if let Some(before) = before {
                        before.end(&mut chains);
                    }
                    let (area, parts) = (area.clone(), Named::new());
                    OfUnit { unit, area, parts, leaves: Vec::new() }
                }
            };
            if current.area != area {
                (current.area, current.parts) = (area, Named::new());
            }
            let row = Row::new(position, &bytes);
            current.read(row, size, self).map_err(|fault| at_key(&key, fault))?;
            of_unit = Some(current);
        }
        if let Some(last) = of_unit {
            last.end(&mut chains);
        }
        Ok(chains)
    }
}

/// The digests of units that were not parked before `size`.
fn digests(
    chains: &BTreeMap<UnitId, Chain>,
    parked: &BTreeMap<UnitId, Parked>,
    size: u64,
) -> BTreeMap<UnitId, Digest> {
    let told = |unit: &UnitId| parked.get(unit).is_none_or(|parked| parked.position >= size);
    let told = chains.iter().filter(|(unit, _)| told(unit));
    told.map(|(unit, chain)| (*unit, Digest(chain.0))).collect()
}
