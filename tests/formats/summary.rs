//! The golden summary: the log of the golden capsule with a state digest whose rows open by areas.

use gradus_capsule::file::CHECKPOINT;
use gradus_capsule::heads;
use gradus_capsule::shown::{Moment, Text};
use gradus_capsule::summary::{
    BEGINNING, BEGINNING_PROOF, SUMMARY, Summary, UnitSummary, areas_at, levels_member, write,
    write_levels,
};
use gradus_model::event::StateDigestRecorded;
use gradus_model::unit::AreaRef;
use gradus_model::{Digest, Event, Payload, UnitId};
use gradus_proof::state::areas::{BY_AREA, Course, Entry, Level, Levels, projection_of};
use gradus_proof::{leaf_hash, sha256, state};

use super::golden::{Golden, LOG, ORGANIZATION, placed};
use super::golden_capsule::{OTHER, PROJECT, Tree, at, described, proof, rows, signed};

/// The records that the digest describes.
const DESCRIBED: u64 = 18;

fn entry(area: &str, course: &Course) -> Entry {
    let area = AreaRef { model: "small".parse().unwrap(), area: area.parse().unwrap() };
    Entry { area, course: course.hash() }
}

/// What the digest says of the project: an area that rose and lost its evidence, and one that does not
/// apply any more.
fn areas() -> Vec<(Entry, Course)> {
    let none = Levels { rated: Level::NotRated, ongoing: Level::NotRated };
    let range = |at_least, at_most, open| Level::Range { at_least, at_most, open };
    let (one, three) = (range(1, 5, 4), range(3, 3, 0));
    let first = Course {
        first: none,
        changes: vec![
            (at("2026-02-02"), Levels { rated: one, ongoing: one }),
            (at("2026-03-01"), Levels { rated: three, ongoing: one }),
        ],
        coverage: sha256(b"which practices of PA01 had evidence when"),
    };
    let second = Course {
        first: Levels { rated: range(0, 0, 300), ongoing: Level::NotDeterminable },
        changes: vec![(
            at("1969-07-20"),
            Levels { rated: Level::NotApplicable, ongoing: Level::NotApplicable },
        )],
        coverage: Digest::ZERO,
    };
    vec![(entry("PA01", &first), first), (entry("PA02", &second), second)]
}

/// The rows: those of the capsule, with what opens the project's; of the other unit nothing is told.
fn told(log: &[Golden]) -> Vec<state::Row> {
    let mut rows = described(log);
    let areas = areas();
    for row in &mut rows {
        if row.stream == PROJECT {
            row.projection = projection_of(areas.iter().map(|(entry, _)| entry));
        } else if row.stream == OTHER {
            row.projection = Digest::ZERO;
        }
    }
    rows
}

/// The golden summary: the levels of both projects on 1 June 2026.
pub(crate) fn summary() -> Vec<u8> {
    by_digest_in(ORGANIZATION)
}

/// The same by a digest in the stream of a project, which is none of the log's.
pub(crate) fn summary_by_a_project() -> Vec<u8> {
    by_digest_in(PROJECT)
}

fn by_digest_in(stream: UnitId) -> Vec<u8> {
    let described = told(&placed(rows()));
    let root = state::rows_root(&described);
    let digest = StateDigestRecorded { size: DESCRIBED, root, rows: 3, projector: BY_AREA };
    let mut events = rows();
    let event = Event::StateDigestRecorded(digest);
    events.push((91, 0, stream, "2026-03-01", event, Payload::empty()));
    let log = placed(events);
    let tree = Tree(log.iter().map(|record| leaf_hash(&record.bytes)).collect());
    let (whole, note) = signed(&tree);
    let leaf = log.last().unwrap();
    let valid_at = Moment(at("2026-06-01T12:00:00Z"));
    let line = |index: usize| {
        let proof = state::prove_row(&described, index as u64).unwrap();
        heads::Line::of(index as u64, &described[index].to_bytes(), &proof)
    };
    let unit = |unit: UnitId, name: &str, areas: &[(Entry, Course)]| UnitSummary {
        unit: Text(unit),
        name: name.to_owned(),
        areas: areas_at(areas, valid_at),
    };
    let areas = areas();
    let members = [
        (CHECKPOINT.to_owned(), note.to_bytes()),
        (BEGINNING.to_owned(), log[0].bytes.clone()),
        (BEGINNING_PROOF.to_owned(), proof(0, &tree, &note)),
        (heads::LEAF.to_owned(), leaf.bytes.clone()),
        (heads::PROOF.to_owned(), proof(leaf.leaf.place.position, &tree, &note)),
        (heads::ROWS.to_owned(), heads::write(&[line(1), line(2)])),
        (levels_member(PROJECT), write_levels(&areas)),
        (levels_member(OTHER), write_levels(&[])),
    ];
    let summary = Summary {
        format: SUMMARY,
        origin: format!("gradus/{LOG}"),
        valid_at,
        log_size: DESCRIBED,
        checkpoint_size: whole.size,
        units: vec![unit(PROJECT, "tls", &areas), unit(OTHER, "dns", &[])],
        members: Vec::new(),
        digest: Text(Digest::ZERO),
    };
    write(summary, &members)
}
