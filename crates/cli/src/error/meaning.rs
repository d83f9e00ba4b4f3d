//! What troubles and codes mean: their reasons, their words, and how a run then ends.

use gradus_server::operate::Trouble;

use crate::exit::Exit;

/// Refusals that the rules have for this caller alone: somebody else may do it.
pub(super) fn is_in_other_hands(reason: &str) -> bool {
    let reasons =
        ["DUTIES_NOT_SEPARATE", "CONFLICT_OF_INTEREST", "OWN_EVIDENCE", "NOT_A_SECOND_PERSON"];
    reasons.contains(&reason)
}

pub(super) fn unwell(lost: usize, damaged: usize, derived_only: bool) -> String {
    match (lost, damaged) {
        (0, _) if derived_only => "damaged is only what the next start makes again".to_owned(),
        (0, damaged) => format!("{damaged} damaged, and nothing is lost by it"),
        (lost, 0) => format!("{lost} lost"),
        (lost, damaged) => format!("{lost} lost, and {damaged} damaged"),
    }
}

pub(super) fn reason_of(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Damaged => "DATA_DAMAGED",
        Trouble::Held => "DIRECTORY_IN_USE",
        Trouble::Newer => "FORMAT_TOO_NEW",
        Trouble::NoRoom => "NO_ROOM",
        Trouble::Refused => "DIRECTORY_REFUSED",
        Trouble::Other => "OPERATION_FAILED",
    }
}

pub(super) fn exit_of_trouble(trouble: Trouble) -> Exit {
    match trouble {
        Trouble::Damaged => Exit::Damaged,
        Trouble::Held => Exit::InUse,
        Trouble::Newer => Exit::TooNew,
        Trouble::NoRoom => Exit::NoRoom,
        Trouble::Refused => Exit::Usage,
        Trouble::Other => Exit::Failed,
    }
}

pub(super) fn exit_of(code: &str) -> Exit {
    match code {
        "NOT_FOUND" => Exit::NotFound,
        "UNAUTHENTICATED" | "PERMISSION_DENIED" => Exit::Denied,
        "ABORTED" | "ALREADY_EXISTS" => Exit::Conflict,
        "UNAVAILABLE" => Exit::Unreachable,
        "INVALID_ARGUMENT" | "OUT_OF_RANGE" => Exit::Usage,
        _ => Exit::Failed,
    }
}
