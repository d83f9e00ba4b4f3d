//! What seems to be missing from the log, as the API tells it.

use std::cmp::Reverse;

use gradus_domain::missing::{Hole, Numbers, Run, Silence};
use gradus_model::{ForeignId, Timestamp, UnitId};
use gradus_service::Service;
use gradus_service::gaps::Gaps;
use gradus_wire::v1 as wire;

use crate::convert::{resolved, timestamp, unit_ref};

/// The most silences that an answer tells one by one.
const MOST_SILENCES: usize = 1_000;
/// The most runs that an answer tells one by one.
const MOST_RUNS: usize = 1_000;
/// The most holes of one producer that an answer tells one by one.
const MOST_HOLES: usize = 100;
const MICROS_A_DAY: i64 = 86_400_000_000;

/// What seems to be missing, as the API tells it.
pub(super) fn told(service: &Service, mut from: Gaps) -> wire::FindGapsResponse {
    let silences_total = from.silences.len() as u64;
    if from.silences.len() > MOST_SILENCES {
        from.silences.sort_by_key(|(_, _, silence)| Reverse(silence.days()));
        from.silences.truncate(MOST_SILENCES);
        let order = |(unit, source, silence): &(UnitId, ForeignId, Silence)| {
            (*unit, source.clone(), silence.from)
        };
        from.silences.sort_by_key(order);
    }
    let mut short: Vec<wire::ShortRun> = from.runs.short().map(short_run).collect();
    let short_runs_total = short.len() as u64;
    if short.len() > MOST_RUNS {
        short.sort_by_key(|run| Reverse(run.announced - run.seen));
        short.truncate(MOST_RUNS);
        short.sort_by(|one, other| (&one.source, &one.run).cmp(&(&other.source, &other.run)));
    }
    wire::FindGapsResponse {
        coordinate: Some(resolved(&from.coordinate)),
        numbered: from.numbered.iter().map(numbered).collect(),
        silences: from.silences.iter().map(|silent| silence(service, silent)).collect(),
        silences_total,
        sources_with_cadence: from.with_cadence,
        short_runs: short,
        short_runs_total,
        runs_announced: from.runs.announced() as u64,
    }
}

fn numbered((source, numbers): &(ForeignId, Numbers)) -> wire::NumberedSource {
    let (first, last) = numbers.range().unwrap_or_default();
    let holes = numbers.holes();
    let hole = |hole: &Hole| wire::MissingNumbers {
        first: hole.first,
        last: hole.last,
        after_position: hole.after,
        before_position: hole.before,
    };
    wire::NumberedSource {
        source: source.to_string(),
        first,
        last,
        seen: numbers.len() as u64,
        missing: holes.iter().map(Hole::count).sum(),
        holes: holes.iter().take(MOST_HOLES).map(hole).collect(),
        holes_total: holes.len() as u64,
    }
}

fn short_run((source, name, run): (&ForeignId, &ForeignId, &Run)) -> wire::ShortRun {
    wire::ShortRun {
        source: source.to_string(),
        run: name.to_string(),
        announced: run.announced.unwrap_or_default(),
        seen: run.seen,
        last_position: run.last,
    }
}

fn silence(
    service: &Service,
    (unit, source, of): &(UnitId, ForeignId, Silence),
) -> wire::SourceSilence {
    let day = |day: i64| Timestamp::from_micros(day.saturating_mul(MICROS_A_DAY)).ok();
    let days = |days: i64| u32::try_from(days).unwrap_or(u32::MAX);
    wire::SourceSilence {
        unit: Some(unit_ref(service, *unit)),
        source: source.to_string(),
        from: day(of.from).map(timestamp),
        to: day(of.to).map(timestamp),
        days: days(of.days()),
        usual_days: days(of.usual),
        lasts: of.lasts,
    }
}
