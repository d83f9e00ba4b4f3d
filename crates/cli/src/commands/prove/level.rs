//! `gradus prove level`: the level of an area, by what the log says itself in a state digest.

use gradus_model::unit::AreaRef;
use gradus_model::{Timestamp, UnitId};
use gradus_proof::state::areas::{BY_AREA, Level, Levels, open_area};
use gradus_proof::state::verify_row;
use gradus_wire::v1;
use gradus_wire::v1::level_answer::Answer;

use super::digest::{Described, of_row};
use super::{of_checkpoint, wrong};
use crate::args::prove::LevelArgs;
use crate::error::CliError;
use crate::output::View;
use crate::output::json::object;
use crate::output::message;
use crate::output::sheet::{Cell, Sheet};
use crate::seen::{self, Seen};
use crate::session::Session;

/// What was found to hold.
struct Proved {
    area: AreaRef,
    valid_at: Timestamp,
    digest: Described,
    /// What the digest says of the unit's own area at that moment.
    own: Levels,
    /// What the server answers, which may be taken from elsewhere.
    answered: Levels,
}

/// Proves what the log says of an area, and says what that rests on.
pub(super) async fn level(session: &Session, args: LevelArgs) -> Result<(), CliError> {
    let coordinate = args.coordinate.with(&args.unit)?;
    let asked = v1::ProveLevelRequest {
        unit: args.unit.unit.clone(),
        area: args.area.clone(),
        coordinate: Some(coordinate),
    };
    let send = async |request| session.client.proofs().prove_level(request).await;
    let answer = session.client.call(asked, send).await?;
    let key = session.log_key().await?;
    let note = answer.checkpoint.as_ref().map(|checkpoint| checkpoint.note.as_str());
    let checkpoint = Seen::open(key.clone(), note.unwrap_or_default())?;
    session.heed(&checkpoint.note).await?;
    let proved = check(&answer, &key)?;
    let (holds, not) = in_words(&proved, &answer);
    let of_unit = answer.unit.clone().unwrap_or_default();
    let digest = &proved.digest.said;
    let told = format!("of {} records, recorded at {}", digest.size, proved.digest.place.position);
    let mut parts: Vec<(&'static str, Cell)> = vec![
        ("unit", of_unit.name.into()),
        ("area", format!("{} of {}", proved.area.area, proved.area.model).into()),
        ("valid_at", proved.valid_at.to_string().into()),
        ("rated", proved.own.rated.to_string().into()),
        ("ongoing", proved.own.ongoing.to_string().into()),
        ("state digest", told.into()),
        ("proved", holds.clone().into()),
        ("not proved", not.clone().into()),
    ];
    parts.extend(of_checkpoint(&checkpoint));
    let document = object([
        ("rated", proved.own.rated.to_string().into()),
        ("ongoing", proved.own.ongoing.to_string().into()),
        ("proved", holds.into()),
        ("not_proved", not.into()),
        ("proof", message::json(&answer)?),
    ]);
    session.output.show(&View { document, entries: None, sheets: vec![Sheet::record(parts)] })
}

/// Checks all that was answered: course, entries, row, digest, and checkpoint.
fn check(
    answer: &v1::ProveLevelResponse,
    key: &gradus_proof::VerifierKey,
) -> Result<Proved, CliError> {
    let named = answer.unit.clone().unwrap_or_default();
    let unit: UnitId = named.id.parse().map_err(|_| wrong("the unit's id is none"))?;
    let row = answer.row.as_ref().ok_or_else(|| wrong("the unit has no row"))?;
    let digest = of_row(row, key)?;
    if digest.said.projector < BY_AREA {
        return Err(wrong("the state digest is of a version that does not tell levels by area"));
    }
    if digest.said.size > answer.log_size {
        return Err(wrong("the state digest is of more records than were asked about"));
    }
    let hashes = seen::digests(&row.hashes)?;
    let found = verify_row(&digest.said, unit, &row.row, row.index, &hashes)
        .map_err(|error| CliError::proof(&error))?;
    let area = AreaRef {
        model: answer.model.parse().map_err(|_| wrong("the model's id is none"))?,
        area: answer.area.parse().map_err(|_| wrong("the area is none"))?,
    };
    let course = Some(answer.course.as_slice()).filter(|course| !course.is_empty());
    let course = open_area(&found, &answer.entries, &area, course)
        .map_err(|error| CliError::proof(&error))?;
    let at = answer.valid_at.ok_or_else(|| wrong("no moment was told"))?;
    let micros = at.seconds.saturating_mul(1_000_000) + i64::from(at.nanos / 1_000);
    let valid_at = Timestamp::from_micros(micros).map_err(CliError::Time)?;
    let own = course.map_or(Levels::NOTHING, |course| course.at(valid_at));
    let answered = Levels {
        rated: of_wire(answer.rated.as_ref())?,
        ongoing: of_wire(answer.ongoing.as_ref())?,
    };
    let is_own = answer.inherited_from.is_none();
    let of_settings = |level| matches!(level, Level::NotApplicable | Level::NotDeterminable);
    if is_own && answered != own && !of_settings(answered.rated) {
        return Err(CliError::Proof(format!(
            "the server answers {} and {}, and the log's state digest says {} and {}",
            answered.rated, answered.ongoing, own.rated, own.ongoing
        )));
    }
    Ok(Proved { area, valid_at, digest, own, answered })
}

/// A level as the server answers it.
fn of_wire(level: Option<&v1::LevelAnswer>) -> Result<Level, CliError> {
    let bad = || wrong("a level is none that there is");
    match level.and_then(|level| level.answer).ok_or_else(bad)? {
        Answer::Range(range) => Ok(Level::Range {
            at_least: u8::try_from(range.at_least).map_err(|_| bad())?,
            at_most: u8::try_from(range.at_most).map_err(|_| bad())?,
            open: u16::try_from(range.open).map_err(|_| bad())?,
        }),
        Answer::None(none) => match v1::NoLevel::try_from(none) {
            Ok(v1::NoLevel::NotRated) => Ok(Level::NotRated),
            Ok(v1::NoLevel::NotApplicable) => Ok(Level::NotApplicable),
            Ok(v1::NoLevel::NotDeterminable) => Ok(Level::NotDeterminable),
            Ok(v1::NoLevel::Unspecified) | Err(_) => Err(bad()),
        },
    }
}

/// What was proved, and what was not.
fn in_words(proved: &Proved, answer: &v1::ProveLevelResponse) -> (String, String) {
    let Proved { own: Levels { rated, ongoing }, answered, .. } = proved;
    let size = proved.digest.said.size;
    let holds = format!(
        "as known with {size} records, the server told of the unit's own {} at that moment rated {rated} \
         and ongoing {ongoing}: the log says so itself, and cannot say otherwise later",
        proved.area.area
    );
    let mut not = vec![
        "that these levels follow from the records by the rules: gradus capsule create".to_owned(),
    ];
    let Levels { rated: of_answer, ongoing: still } = answered;
    if let Some(from) = &answer.inherited_from {
        not.push(format!(
            "what the server answers for the unit, {of_answer} and {still}, which is inherited from {}: \
             gradus prove level {} {}",
            from.name, from.name, proved.area.area
        ));
    } else if answered != &proved.own {
        not.push(format!(
            "what the server answers for the unit, {of_answer}: that is by its tailoring or model"
        ));
    }
    if answer.log_size > size {
        let later = answer.log_size - size;
        not.push(format!(
            "what the {later} records after those changed, up to {}",
            answer.log_size
        ));
    }
    (holds, not.join("; "))
}
