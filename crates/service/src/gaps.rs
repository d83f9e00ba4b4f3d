//! What seems to be missing from the log: numbers of producers, items that runs announced, and
//! sources that fell silent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gradus_domain::missing::{LEAST_INTERVALS, Numbers, Runs, Silence, silences};
use gradus_domain::registry::{Distrust, Registry};
use gradus_model::suspect::Suspect;
use gradus_model::{Event, ForeignId, Recorded, Timestamp, UnitId};

use crate::access::{Caller, sees};
use crate::coordinate::{Coordinate, Resolved};
use crate::error::ServiceError;
use crate::service::Service;

/// Records that are read at a time.
const CHUNK: usize = 1_000;
const MICROS_A_DAY: i64 = 86_400_000_000;

/// What seems to be missing.
#[derive(Clone, Debug)]
pub struct Gaps {
    /// The clocks, resolved.
    pub coordinate: Resolved,
    /// The numbers of each producer that gives any, by name.
    pub numbered: Vec<(ForeignId, Numbers)>,
    /// The runs of each producer that names any.
    pub runs: Runs,
    /// The silences of each source of each unit, in order of time.
    pub silences: Vec<(UnitId, ForeignId, Silence)>,
    /// How many sources of units have a cadence.
    pub with_cadence: u64,
}

/// What was read so far.
#[derive(Debug, Default)]
struct Read {
    numbers: BTreeMap<ForeignId, Numbers>,
    runs: Runs,
    days: BTreeMap<(UnitId, ForeignId), BTreeSet<i64>>,
}

impl Read {
    fn take(&mut self, recorded: &Recorded) {
        let Event::EvidenceSubmitted(item) = &recorded.event else { return };
        let source = &item.source.name;
        self.number(source, item.producer_sequence, recorded.place.position);
        self.runs.take(item, recorded.place.position);
        let day = day_of(recorded.effective_at);
        self.days.entry((recorded.place.stream, source.clone())).or_default().insert(day);
    }

    fn number(&mut self, source: &ForeignId, number: Option<u64>, position: u64) {
        if let Some(number) = number {
            self.numbers.entry(source.clone()).or_default().take(number, position);
        }
    }
}

fn day_of(at: Timestamp) -> i64 {
    at.micros().div_euclid(MICROS_A_DAY)
}

impl Service {
    /// What seems to be missing of a unit and all below it, or of all that the caller may read.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for an unknown unit.
    pub async fn gaps(
        self: &Arc<Self>,
        by: &Caller,
        unit: Option<&str>,
        asked: &Coordinate,
    ) -> Result<Gaps, ServiceError> {
        let coordinate = self.resolve(asked).await?;
        let size = coordinate.log_size;
        let in_sight = self.units_in_sight(by);
        let within = self.units_within(by, unit)?;
        let mut read = Read::default();
        for unit in &within {
            self.each_of(*unit, size, |recorded| read.take(recorded)).await?;
        }
        // Those who number, or run, over several units may have gone on elsewhere.
        let holed = read.numbers.iter().filter(|(_, numbers)| !numbers.holes().is_empty());
        let holed = holed.map(|(source, _)| source);
        let short = read.runs.short().map(|(source, ..)| source);
        let holed: BTreeSet<ForeignId> = holed.chain(short).cloned().collect();
        let mut elsewhere = BTreeSet::new();
        for source in holed.iter().filter(|_| within.len() < in_sight.len()) {
            let suspect = Suspect::Source(source.clone());
            let items = Distrust { position: 0, suspect, from: None, until: None, restored: None };
            elsewhere.extend(self.suspected(items).await?);
        }
        for unit in
            elsewhere.iter().filter(|unit| in_sight.contains(unit) && !within.contains(unit))
        {
            self.each_of(*unit, size, |recorded| {
                if let Event::EvidenceSubmitted(item) = &recorded.event
                    && holed.contains(&item.source.name)
                {
                    let position = recorded.place.position;
                    read.number(&item.source.name, item.producer_sequence, position);
                    read.runs.take(item, position);
                }
            })
            .await?;
        }
        let today = day_of(coordinate.valid_at);
        let has_cadence = |days: &&BTreeSet<i64>| days.range(..=today).count() > LEAST_INTERVALS;
        let with_cadence = read.days.values().filter(has_cadence).count() as u64;
        let silences = read.days.iter().flat_map(|((unit, source), days)| {
            let told = silences(days, today).into_iter();
            told.map(|silence| (*unit, source.clone(), silence))
        });
        let silences = silences.collect();
        Ok(Gaps {
            coordinate,
            numbered: read.numbers.into_iter().collect(),
            runs: read.runs,
            silences,
            with_cadence,
        })
    }

    /// The units in sight that are a unit or below it, or all of them.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for an unknown unit.
    pub(crate) fn units_within(
        &self,
        by: &Caller,
        unit: Option<&str>,
    ) -> Result<BTreeSet<UnitId>, ServiceError> {
        let unit = unit.map(|unit| self.unit(by, unit)).transpose()?;
        let mut units = self.units_in_sight(by);
        let views = self.views();
        units.retain(|one| unit.is_none_or(|unit| is_below(&views.registry, *one, unit)));
        Ok(units)
    }

    /// The units that the caller may read.
    pub(crate) fn units_in_sight(&self, by: &Caller) -> BTreeSet<UnitId> {
        let (sight, now) = (self.sight(by), self.now());
        let views = self.views();
        let units = views.registry.units().map(|unit| unit.id);
        units.filter(|unit| sees(&views, &sight, *unit, now)).collect()
    }

    /// Hands out each record of a unit's stream within the first `size` of the log, in order.
    pub(crate) async fn each_of(
        &self,
        unit: UnitId,
        size: u64,
        mut take: impl FnMut(&Recorded),
    ) -> Result<(), ServiceError> {
        let mut version = 1;
        loop {
            let records = self.stream_from(unit, version, CHUNK).await?;
            if records.is_empty() {
                return Ok(());
            }
            for record in &records {
                if record.recorded.place.position >= size {
                    return Ok(());
                }
                version = record.recorded.place.version + 1;
                take(&record.recorded);
            }
        }
    }
}

/// Whether a unit is another one, or below it as the tree is now.
fn is_below(registry: &Registry, unit: UnitId, above: UnitId) -> bool {
    let now = gradus_domain::At::with_everything(Timestamp::MAX);
    let mut next = Some(unit);
    while let Some(one) = next {
        if one == above {
            return true;
        }
        next = registry.unit(one).and_then(|unit| unit.parent(now));
    }
    false
}
