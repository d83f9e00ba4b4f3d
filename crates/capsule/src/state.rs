//! The rows of a state digest: the one computation that a server, a rebuild and an auditor's own
//! machine share.
//!
//! It depends on the log alone: on who was registered and opened below the size, how far each stream
//! had come, and what the projector told of it.

use std::collections::BTreeMap;

use gradus_domain::coverage::SupportKind;
use gradus_domain::scheme;
use gradus_domain::sse_cmm::LevelAnswer;
use gradus_domain::steps::Steps;
use gradus_domain::{Appraisals, Registry};
use gradus_model::unit::AreaRef;
use gradus_model::{Digest, Target, UnitId};
use gradus_proof::state::Reached;
use gradus_proof::state::areas::{Course, Entry, Level, Levels, projection_of};
use gradus_proof::{Row, sha256};
use minicbor::Encoder;

/// The streams that a digest of `size` describes, in the order of its rows: units as they were
/// registered, the organization first, and then appraisals as they were opened.
///
/// A unit without a record of its own is among them, so that it can be proved to have none.
#[must_use]
pub fn streams(registry: &Registry, appraisals: &Appraisals, size: u64) -> Vec<UnitId> {
    // Its stream opens the log, before its unit is registered in it.
    let first = registry.organization.filter(|_| size > 0);
    let others = registry.units().filter(|unit| Some(unit.id) != registry.organization);
    let units = others.filter(|unit| unit.position < size);
    let mut units: Vec<_> = units.map(|unit| (unit.position, unit.id)).collect();
    units.sort_unstable();
    let opened = appraisals.all().filter(|known| known.opened.position < size);
    let mut opened: Vec<_> =
        opened.map(|known| (known.opened.position, UnitId(known.id.0))).collect();
    opened.sort_unstable();
    let later = units.into_iter().chain(opened).map(|(_, stream)| stream);
    first.into_iter().chain(later).collect()
}

/// The rows of a digest: `heads` says how far each stream had come below its size, and `projected`
/// what the projector told of each unit until then.
#[must_use]
pub fn rows(
    streams: &[UnitId],
    heads: &BTreeMap<UnitId, Reached>,
    projected: &BTreeMap<UnitId, Digest>,
) -> Vec<Row> {
    let row = |stream: &UnitId| {
        let Reached { version, head } = heads.get(stream).copied().unwrap_or_default();
        let projection = projected.get(stream).copied().unwrap_or(Digest::ZERO);
        Row { stream: *stream, version, head, projection }
    };
    streams.iter().map(row).collect()
}

/// What is told of the areas of units, by which their rows open.
#[derive(Clone, Debug, Default)]
pub struct Areas(BTreeMap<UnitId, BTreeMap<AreaRef, Digest>>);

impl Areas {
    /// Takes in what is told of an area in place of what was told of it before.
    pub fn tell<'a>(
        &mut self,
        unit: UnitId,
        area: &AreaRef,
        levels: &Steps<scheme::Levels>,
        supports: impl IntoIterator<Item = (&'a Target, &'a Steps<SupportKind>)>,
    ) {
        let of_unit = self.0.entry(unit).or_default();
        match course(levels, supports) {
            Some(course) => of_unit.insert(area.clone(), course.hash()),
            None => of_unit.remove(area),
        };
    }

    /// Leaves a unit out.
    pub fn forget(&mut self, unit: UnitId) {
        self.0.remove(&unit);
    }

    /// The entries of a unit, in their order.
    pub fn entries(&self, unit: UnitId) -> impl Iterator<Item = Entry> {
        let all = self.0.get(&unit).into_iter().flatten();
        all.map(|(area, course)| Entry { area: area.clone(), course: *course })
    }

    /// The projection of each unit of which something is told.
    #[must_use]
    pub fn projections(&self) -> BTreeMap<UnitId, Digest> {
        let all = self.0.keys().map(|unit| {
            let entries: Vec<Entry> = self.entries(*unit).collect();
            (*unit, projection_of(&entries))
        });
        all.filter(|(_, projection)| *projection != Digest::ZERO).collect()
    }
}

/// The course of an area as rows say it; none where nothing is told of the area.
#[must_use]
pub fn course<'a>(
    levels: &Steps<scheme::Levels>,
    supports: impl IntoIterator<Item = (&'a Target, &'a Steps<SupportKind>)>,
) -> Option<Course> {
    // Evidence that never counted is told in one way: not at all.
    let never = Steps::default();
    let told: BTreeMap<&Target, &Steps<SupportKind>> =
        supports.into_iter().filter(|(_, steps)| **steps != never).collect();
    let first = levels_of(*levels.first());
    if told.is_empty() && levels.changes().is_empty() && first == Levels::NOTHING {
        return None;
    }
    let changes = levels.changes().iter().map(|(from, levels)| (*from, levels_of(*levels)));
    Some(Course { first, changes: changes.collect(), coverage: coverage(&told) })
}

fn levels_of(levels: scheme::Levels) -> Levels {
    Levels { rated: level_of(levels.rated), ongoing: level_of(levels.ongoing) }
}

/// A level as rows say it.
#[must_use]
pub const fn level_of(answer: LevelAnswer) -> Level {
    match answer {
        LevelAnswer::Range { at_least, at_most, open } => Level::Range { at_least, at_most, open },
        LevelAnswer::NotRated => Level::NotRated,
        LevelAnswer::NotApplicable => Level::NotApplicable,
        LevelAnswer::NotDeterminable => Level::NotDeterminable,
    }
}

/// The SHA-256 over the support of practices, in their order: a sequence of arrays in CBOR, of the
/// practice, its first support, and for each change its instant and the support from then on.
fn coverage(supports: &BTreeMap<&Target, &Steps<SupportKind>>) -> Digest {
    let mut bytes = Vec::with_capacity(supports.len() * 64);
    let mut e = Encoder::new(&mut bytes);
    for (target, steps) in supports {
        // Writing to a Vec cannot fail.
        let _ = write_support(&mut e, target, steps);
    }
    sha256(&bytes)
}

fn write_support(
    e: &mut Encoder<&mut Vec<u8>>,
    target: &Target,
    steps: &Steps<SupportKind>,
) -> Result<(), minicbor::encode::Error<std::convert::Infallible>> {
    let number = |kind: SupportKind| match kind {
        SupportKind::Unsupported => 0,
        SupportKind::Supported => 1,
        SupportKind::Lapsed => 2,
        SupportKind::Contradicted => 3,
    };
    e.array(steps.changes().len() as u64 * 2 + 2)?.encode(target)?.u8(number(*steps.first()))?;
    for (from, kind) in steps.changes() {
        e.i64(from.micros())?.u8(number(*kind))?;
    }
    Ok(())
}
