//! Levels and the list of units by state digests, as a client checks them.

use expect_test::expect;
use gradus_model::unit::AreaRef;
use gradus_model::{Recorded, Timestamp};
use gradus_proof::state::areas::{Course, open_area};
use gradus_proof::state::{StateError, read_digest, rows_root, verify_row};
use gradus_proof::{Row, VerifierKey};
use gradus_wire::v1 as wire;
use tonic::Status;

use super::{described_on, describing, digests, given, in_log, leaves, waited};
use crate::running::{Principal, System, area, item, levels_of, on, rating, refusal};

/// A server that passed size 32 with a rated project that inherits from its team.
async fn rated() -> (System, u64) {
    let system = describing(32).await;
    system.project("alpha").await;
    for practice in ["BP.10.01", "BP.10.02", "BP.10.03"] {
        system.rated("alpha", vec![rating(practice, wire::Value::Satisfied, "2026-05-02")]).await;
    }
    for id in 0..30 {
        system.submitted("alpha", vec![item(&id.to_string())]).await;
    }
    let (size, _) = waited(&system, 32).await;
    (system, size)
}

async fn asked(
    by: &Principal,
    of: (&str, &str),
    known: u64,
    valid_at: &str,
) -> Result<wire::ProveLevelResponse, Status> {
    let coordinate = wire::Coordinate {
        valid_at: on(valid_at),
        known: Some(wire::coordinate::Known::LogSize(known)),
        ..Default::default()
    };
    let (unit, area) = (of.0.to_owned(), of.1.to_owned());
    let asked = wire::ProveLevelRequest { unit, area, coordinate: Some(coordinate) };
    by.proofs.clone().prove_level(asked).await.map(tonic::Response::into_inner)
}

/// What a client finds of an answer: the course of the area, none where nothing is told of it.
fn opened(answer: &wire::ProveLevelResponse) -> Result<Option<Course>, StateError> {
    let key: VerifierKey = answer.key.parse().unwrap();
    let row = answer.row.as_ref().unwrap();
    let record = row.record.as_ref().unwrap();
    in_log(record, &key);
    let (_, digest) = read_digest(&record.leaf)?;
    let unit = answer.unit.as_ref().unwrap().id.parse().unwrap();
    let row = verify_row(&digest, unit, &row.row, row.index, &digests(&row.hashes))?;
    let area = AreaRef { model: answer.model.parse().unwrap(), area: answer.area.parse().unwrap() };
    let course = Some(answer.course.as_slice()).filter(|course| !course.is_empty());
    open_area(&row, &answer.entries, &area, course)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_level_of_an_area_is_what_the_log_itself_says_at_any_moment() {
    let (system, described) = rated().await;
    let head = system.size().await;
    for (date, of) in [("2026-05-01", "PA10"), ("2026-05-20", "PA10"), ("2026-05-20", "PA02")] {
        let answer = asked(&system.operator, ("alpha", of), head, date).await.unwrap();
        let digest = answer.row.as_ref().unwrap().digest.clone().unwrap();
        assert_eq!((digest.log_size, digest.projector), (described, 2));
        let course = opened(&answer).unwrap();
        let mut question = levels_of("alpha", date);
        question.coordinate.as_mut().unwrap().known =
            Some(wire::coordinate::Known::LogSize(described));
        let told = system.levels(question).await;
        let told = told.areas.iter().find(|area| area.area.ends_with(of)).unwrap().clone();
        assert_eq!((answer.rated, answer.ongoing), (told.rated, told.ongoing), "{of} {date}");
        let at = answer.valid_at.unwrap();
        let at = Timestamp::from_micros(at.seconds * 1_000_000 + i64::from(at.nanos / 1_000));
        let own = course.map(|course| course.at(at.unwrap()).rated.to_string());
        let judged = told.rated.and_then(|rated| rated.answer);
        let expected = match judged.unwrap() {
            wire::level_answer::Answer::Range(range) => {
                format!("{} to {}, {} open", range.at_least, range.at_most, range.open)
            }
            wire::level_answer::Answer::None(_) => "not rated".to_owned(),
        };
        assert_eq!(own.unwrap_or_else(|| "not rated".to_owned()), expected, "{of} {date}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_opens_a_row_cannot_be_changed_or_left_out() {
    let (system, described) = rated().await;
    let answer = asked(&system.operator, ("alpha", "PA10"), described, "2026-05-20").await.unwrap();
    assert!(opened(&answer).unwrap().is_some());
    let changed = |change: &dyn Fn(&mut wire::ProveLevelResponse)| {
        let mut other = answer.clone();
        change(&mut other);
        opened(&other).unwrap_err()
    };
    let last = answer.course.len() - 40;
    changed(&|other| other.course[last] ^= 1);
    changed(&|other| other.course.clear());
    changed(&|other| drop(other.entries.remove(0)));
    changed(&|other| other.entries[0][30] ^= 1);
    changed(&|other| other.row.as_mut().unwrap().row[60] ^= 1);
    changed(&|other| other.area = "PA02".to_owned());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_digest_tells_is_refused_with_what_to_do() {
    let (system, described) = rated().await;
    let by = &system.operator;
    system.project("gamma").await;
    let head = system.size().await;
    let told = [
        asked(by, ("alpha", "PA10"), described - 1, "2026-05-20").await,
        asked(by, ("gamma", "PA10"), head, "2026-05-20").await,
        asked(by, ("alpha", "PA99"), head, "2026-05-20").await,
        asked(by, ("alpha", "PA10"), head + 100, "2026-05-20").await,
        asked(by, ("nobody", "PA10"), head, "2026-05-20").await,
    ]
    .map(|answer| {
        refusal(&answer.unwrap_err())
            .replace(&(head + 100).to_string(), "MORE")
            .replace(&head.to_string(), "HEAD")
    });
    expect![[r#"
        FailedPrecondition NOT_DESCRIBED: no state digest of at most 31 records tells it: one is recorded every few thousand records; ask again after the next one, or for a later point
        FailedPrecondition NOT_DESCRIBED: no state digest of at most HEAD records tells it: one is recorded every few thousand records; ask again after the next one, or for a later point
        NotFound AREA_UNKNOWN: area `PA99` is unknown
        OutOfRange BEYOND_HEAD: size MORE is past the log's HEAD
        NotFound UNIT_UNKNOWN: unit `nobody` is unknown"#]]
    .assert_eq(&told.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn levels_are_opened_after_a_restart_and_a_rebuild_as_before() {
    let (system, described) = rated().await;
    let first = asked(&system.operator, ("alpha", "PA10"), described, "2026-05-20").await.unwrap();
    let data = system.data();
    let directory = system.stopped().await;
    std::fs::remove_dir_all(data.join("projections")).unwrap();
    let system = described_on(directory, "2026-06-03T12:00:00Z", 32).await;
    let then = asked(&system.operator, ("alpha", "PA10"), described, "2026-05-20").await.unwrap();
    assert_eq!((&first.entries, &first.course), (&then.entries, &then.course));
    assert_eq!(first.row.unwrap().row, then.row.unwrap().row);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_inherited_is_said_and_the_row_says_what_is_the_units_own() {
    let system = describing(32).await;
    system.project("alpha").await;
    // An organizational area, which the rules let units inherit once they live.
    system
        .rated("organization", vec![rating("BP.17.01", wire::Value::Satisfied, "2026-05-02")])
        .await;
    for id in 0..30 {
        system.submitted("alpha", vec![item(&id.to_string())]).await;
    }
    let (size, _) = waited(&system, 32).await;
    let levels = system.levels(levels_of("alpha", "2026-07-01")).await;
    let Some(inherited) = levels.areas.iter().find(|area| area.inherited_from.is_some()) else {
        panic!("nothing is inherited: {}", area(&levels, "PA17"));
    };
    let of = ("alpha", inherited.area.rsplit('/').next().unwrap());
    let answer = asked(&system.operator, of, size, "2026-07-01").await.unwrap();
    assert_eq!(answer.inherited_from, inherited.inherited_from);
    assert_eq!(answer.rated, inherited.rated);
    assert_eq!(opened(&answer).unwrap(), None, "nothing is told of the unit's own area");
    let above = answer.inherited_from.clone().unwrap().name;
    let proved = asked(&system.operator, (&above, of.1), size, "2026-07-01").await.unwrap();
    assert_eq!(proved.rated, answer.rated);
    assert!(opened(&proved).unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_units_is_whole_by_the_registrations_of_the_organization() {
    let (system, described) = given().await;
    let asked = |first_row| wire::ProveScopeRequest { first_row, ..Default::default() };
    let scope = async |first_row| {
        let mut proofs = system.operator.proofs.clone();
        proofs.prove_scope(asked(first_row)).await.unwrap().into_inner()
    };
    let answer = scope(0).await;
    let key: VerifierKey = answer.key.parse().unwrap();
    let record = answer.record.as_ref().unwrap();
    in_log(record, &key);
    let (place, digest) = read_digest(&record.leaf).unwrap();
    assert_eq!(digest.size, described);
    let rows: Vec<Row> = answer.rows.iter().map(|row| Row::read(row).unwrap()).collect();
    assert_eq!((rows.len() as u64, rows_root(&rows)), (digest.rows, digest.root));
    assert_eq!(place.stream, rows[0].stream, "the organization's");
    let leaves = leaves(&system.operator, "organization").await;
    let mut units = Vec::new();
    for leaf in &leaves {
        let leaf = gradus_model::Leaf::read(leaf).unwrap();
        let recorded = Recorded::from_leaf(&leaf).unwrap();
        if let gradus_model::Event::UnitRegistered(of) = recorded.event {
            units.push(of.unit);
        }
    }
    assert_eq!(rows.iter().map(|row| row.stream).collect::<Vec<_>>(), units);
    // The rows are told page by page.
    assert_eq!(scope(1).await.rows, answer.rows[1..]);
    assert_eq!(scope(9).await.rows, Vec::<Vec<u8>>::new());
    let auditor = wire::PrincipalKind::Person;
    let auditor = system.with_role("olga", auditor, (wire::Role::Auditor, "beta")).await;
    let denied = auditor.proofs.clone().prove_scope(asked(0)).await.unwrap_err();
    assert!(refusal(&denied).starts_with("PermissionDenied RIGHT_MISSING"), "{denied:?}");
}
