//! How it stands with a witness, as it is told.

use gradus_model::Timestamp;
use gradus_service::witnesses::{Outcome, Standing};
use gradus_wire::v1 as wire;
use gradus_wire::v1::WitnessState;

use crate::convert::timestamp;

pub(super) fn witness(from: &Standing) -> wire::Witness {
    let (state, problem) = match &from.outcome {
        Outcome::NotAsked => (WitnessState::NotAsked, String::new()),
        Outcome::Signed => (WitnessState::Signed, String::new()),
        Outcome::Failed(why) => (WitnessState::Failed, why.clone()),
        Outcome::Contradicts(seen) => (WitnessState::Contradicts, seen.to_string()),
    };
    wire::Witness {
        name: from.name.clone(),
        key: from.key.to_string(),
        log_size: from.size,
        signed_at: from.signed_at.and_then(at).map(timestamp),
        asked_at: from.asked_at.map(timestamp),
        state: state.into(),
        problem,
    }
}

/// A time of a witness, if it is one that is told.
fn at(seconds: u64) -> Option<Timestamp> {
    let micros = i64::try_from(seconds).ok()?.checked_mul(1_000_000)?;
    Timestamp::from_micros(micros).ok()
}
