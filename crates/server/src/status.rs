//! The only place that turns errors into gRPC statuses.
//!
//! Programs read the reason, people the message; our own faults are logged and not told.

use std::collections::HashMap;
use std::time::Duration;

use gradus_domain::Refusal;
use gradus_log::LogError;
use gradus_projection::library::DocumentError;
use gradus_projection::views::NoAnswer;
use gradus_service::ServiceError;
use gradus_service::documents::DocumentError as HoldError;
use gradus_service::index::Outcome;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

mod appraisal;
mod attachments;
pub(crate) mod limits;
mod refusal;

use refusal::{field_of, is_of_an_item, refused};

/// The domain of every reason.
const DOMAIN: &str = "gradus.v1";

/// When to try again after a full queue or a recovery.
const RETRY: Duration = Duration::from_millis(250);

/// A code, its reason, and the values that the message mentions.
struct Verdict {
    code: Code,
    reason: &'static str,
    metadata: Vec<(&'static str, String)>,
}

fn verdict(code: Code, reason: &'static str) -> Verdict {
    Verdict { code, reason, metadata: Vec::new() }
}

impl Verdict {
    fn with(mut self, key: &'static str, value: impl ToString) -> Self {
        self.metadata.push((key, value.to_string()));
        self
    }

    fn details(self) -> (Code, ErrorDetails) {
        let metadata: HashMap<String, String> =
            self.metadata.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        (self.code, ErrorDetails::with_error_info(self.reason, DOMAIN, metadata))
    }
}

/// The status of an error.
#[must_use]
pub(crate) fn status(error: &ServiceError) -> Status {
    status_at(error, None)
}

/// The status of an error of a call with a list of items; `place` is the field of one of them.
#[must_use]
pub(crate) fn status_of_items(error: &ServiceError, place: &dyn Fn(u32) -> String) -> Status {
    status_at(error, Some(place))
}

fn status_at(error: &ServiceError, place: Option<&dyn Fn(u32) -> String>) -> Status {
    if let Some(refused) = error.refused_file() {
        return of_disk(refused, refused.is_full());
    }
    if let ServiceError::Log(unread) = error
        && unread.is_of_system()
    {
        return of_disk(unread, false);
    }
    let (code, mut details) = match error {
        ServiceError::Refused { refusal, item } => of_refusal(refusal, *item, place),
        ServiceError::RecordTooLarge { item, leaf, all } => {
            let large = verdict(Code::InvalidArgument, "RECORD_TOO_LARGE").with("item", item);
            let (code, mut details) = large.with("leaf_bytes", leaf).with("bytes", all).details();
            let field = place.map_or_else(|| "request".to_owned(), |place| place(*item));
            details.add_bad_request_violation(field, error.to_string());
            (code, details)
        }
        ServiceError::PageTokenRefused => {
            let (code, mut details) =
                verdict(Code::InvalidArgument, "PAGE_TOKEN_REFUSED").details();
            details.add_bad_request_violation("page_token", error.to_string());
            (code, details)
        }
        ServiceError::Invalid { field, reason } => {
            let (code, mut details) =
                verdict(Code::InvalidArgument, "INVALID_FIELD").with("field", field).details();
            details.add_bad_request_violation(field.as_str(), reason.as_str());
            (code, details)
        }
        ServiceError::NothingToCheck { reason } => {
            verdict(Code::FailedPrecondition, "NOTHING_TO_CHECK").with("why", reason).details()
        }
        ServiceError::StaleVersion { unit, expected, actual } => {
            stale(unit, *expected, *actual).details()
        }
        ServiceError::RequestReused(request) => used("REQUEST_ID_REUSED", request),
        ServiceError::SecretShown(request) => used("SECRET_SHOWN", request),
        ServiceError::Content(DocumentError::Needs { needed }) => unknown_document(needed),
        ServiceError::Content(DocumentError::NeedsBase { needed }) => unknown_document(needed),
        ServiceError::Documents(HoldError::TooLong { seen }) => {
            let (code, mut details) =
                verdict(Code::InvalidArgument, "DOCUMENT_REFUSED").with("bytes", seen).details();
            details.add_bad_request_violation("content", error.to_string());
            (code, details)
        }
        ServiceError::Content(reason) => {
            let (code, mut details) = verdict(Code::InvalidArgument, "DOCUMENT_REFUSED").details();
            details.add_bad_request_violation("content", reason.to_string());
            (code, details)
        }
        ServiceError::Attachment(_) | ServiceError::AttachmentErased { .. } => {
            match attachments::of(error) {
                Some(details) => details,
                None => return fault(error),
            }
        }
        ServiceError::Log(error) => match log(error) {
            Some(verdict) => verdict.details(),
            None => return fault(error),
        },
        ServiceError::Crowded { .. } | ServiceError::Recovering | ServiceError::Behind { .. } => {
            of_haste(error)
        }
        ServiceError::Personal(_)
        | ServiceError::NotFound { .. }
        | ServiceError::NoAnswer(_)
        | ServiceError::TooSlow { .. }
        | ServiceError::Rebuilding
        | ServiceError::NoProfile
        | ServiceError::NotSettled { .. }
        | ServiceError::NotWitnessed { .. }
        | ServiceError::NotDescribed { .. }
        | ServiceError::QueriesSealed { .. }
        | ServiceError::NotRecorded(_)
        | ServiceError::Contradicted(_)
        | ServiceError::TooMuch { .. } => of_question(error),
        ServiceError::Index(_)
        | ServiceError::Seal(_)
        | ServiceError::Unreadable(_)
        | ServiceError::Key(_)
        | ServiceError::Documents(_)
        | ServiceError::Directory(_)
        | ServiceError::Archive(_)
        | ServiceError::Short(_)
        | ServiceError::Remake(_)
        | ServiceError::Recover(_)
        | ServiceError::Checkpoint(_)
        | ServiceError::Randomness(_)
        | ServiceError::Fault(_) => return fault(error),
    };
    if matches!(code, Code::ResourceExhausted | Code::Unavailable) {
        details.set_retry_info(Some(RETRY));
    }
    let message = attachments::message(error).unwrap_or_else(|| error.to_string());
    Status::with_error_details(code, message, details)
}

/// What the rules refuse a call with, `item` of it if it has several.
fn of_refusal(
    refusal: &Refusal,
    item: Option<u32>,
    place: Option<&dyn Fn(u32) -> String>,
) -> (Code, ErrorDetails) {
    let mut verdict = refused(refusal);
    if let Some(item) = item {
        verdict = verdict.with("item", item);
    }
    let field = field_of(refusal);
    let field = match place.filter(|_| is_of_an_item(refusal)) {
        Some(place) => format!("{}.{field}", place(item.unwrap_or_default())),
        None => field.to_owned(),
    };
    let (code, mut details) = verdict.details();
    if code == Code::InvalidArgument {
        details.add_bad_request_violation(field, refusal.to_string());
    }
    (code, details)
}

fn used(reason: &'static str, request: impl ToString) -> (Code, ErrorDetails) {
    verdict(Code::AlreadyExists, reason).with("request_id", request).details()
}

fn unknown_document(needed: impl ToString) -> (Code, ErrorDetails) {
    verdict(Code::NotFound, "DOCUMENT_UNKNOWN").with("document", needed).details()
}

/// What a call is refused with that may be made again in a moment.
fn of_haste(error: &ServiceError) -> (Code, ErrorDetails) {
    let verdict = match error {
        ServiceError::Crowded { waiting } => {
            verdict(Code::ResourceExhausted, "QUEUE_FULL").with("calls", waiting)
        }
        ServiceError::Behind { read, size } => {
            let behind = verdict(Code::Unavailable, "BEHIND").with("read", read);
            behind.with("log_size", size)
        }
        _ => verdict(Code::Unavailable, "RECOVERING"),
    };
    verdict.details()
}

/// What a question is refused with.
fn of_question(error: &ServiceError) -> (Code, ErrorDetails) {
    match error {
        ServiceError::Personal(what) => {
            verdict(Code::PermissionDenied, "NOT_A_PERSON").with("what", what).details()
        }
        ServiceError::Contradicted(seen) => {
            let contradicted = verdict(Code::FailedPrecondition, "LOG_CONTRADICTED");
            let contradicted = contradicted.with("witness", &seen.witness);
            let contradicted = contradicted.with("signed_size", seen.signed);
            contradicted.with("log_size", seen.here.size).with("root", seen.here.root).details()
        }
        ServiceError::NotWitnessed { size, reached } => {
            let not_witnessed = verdict(Code::FailedPrecondition, "NOT_WITNESSED");
            let reached = reached.unwrap_or(0);
            not_witnessed.with("log_size", size).with("witnessed_size", reached).details()
        }
        ServiceError::NotDescribed { size } => {
            verdict(Code::FailedPrecondition, "NOT_DESCRIBED").with("log_size", size).details()
        }
        ServiceError::NotRecorded(_) => verdict(Code::Unavailable, "QUERY_NOT_RECORDED").details(),
        ServiceError::QueriesSealed { until } => {
            let sealed = verdict(Code::FailedPrecondition, "QUERIES_SEALED");
            match until {
                Some(until) => sealed.with("until", until).details(),
                None => sealed.details(),
            }
        }
        ServiceError::NotSettled { at, size } => {
            let not_settled = verdict(Code::FailedPrecondition, "NOT_SETTLED");
            not_settled.with("known_at", at).with("log_size", size).details()
        }
        ServiceError::NotFound { what, name } => {
            let reason = match *what {
                "unit" => "UNIT_UNKNOWN",
                "principal" => "PRINCIPAL_UNKNOWN",
                "evidence" => "EVIDENCE_UNKNOWN",
                "rating" => "RATING_UNKNOWN",
                "position" => "POSITION_UNKNOWN",
                "area" => "AREA_UNKNOWN",
                "appraisal" => "APPRAISAL_UNKNOWN",
                "projection" => "PROJECTION_UNKNOWN",
                "tile" => "TILE_UNKNOWN",
                "engagement" => "ENGAGEMENT_UNKNOWN",
                "attachment" => "ATTACHMENT_UNKNOWN",
                _ => "DOCUMENT_UNKNOWN",
            };
            verdict(Code::NotFound, reason).with("name", name).details()
        }
        ServiceError::NoAnswer(reason) => {
            let code = match reason {
                NoAnswer::UnitUnknown => verdict(Code::NotFound, "UNIT_UNKNOWN"),
                NoAnswer::NoModel => verdict(Code::FailedPrecondition, "NO_MODEL"),
                NoAnswer::NoRules => verdict(Code::FailedPrecondition, "NO_RULES"),
            };
            code.details()
        }
        ServiceError::TooSlow { resume } => {
            let slow = verdict(Code::ResourceExhausted, "TOO_SLOW").with("size", resume.size);
            slow.with("valid_at", resume.valid_at).details()
        }
        ServiceError::Rebuilding => verdict(Code::Aborted, "REBUILD_RUNNING").details(),
        ServiceError::NoProfile => verdict(Code::FailedPrecondition, "NO_PROFILE").details(),
        ServiceError::TooMuch { field, what, seen, limit } => {
            let much = verdict(Code::InvalidArgument, "TOO_MANY").with("what", what);
            let (code, mut details) = much.with("seen", seen).with("limit", limit).details();
            details.add_bad_request_violation(*field, error.to_string());
            (code, details)
        }
        // The caller gives no other.
        _ => verdict(Code::Internal, "FAULT").details(),
    }
}

fn stale(unit: impl ToString, expected: u64, actual: u64) -> Verdict {
    let stale = verdict(Code::Aborted, "STALE_VERSION").with("unit", unit);
    stale.with("expected_version", expected).with("actual_version", actual)
}

fn log(error: &LogError) -> Option<Verdict> {
    Some(match error {
        LogError::Full { .. } => verdict(Code::ResourceExhausted, "QUEUE_FULL"),
        LogError::TooLarge { what, seen, most } => {
            let large = verdict(Code::InvalidArgument, "TOO_MANY").with("what", what);
            large.with("seen", seen).with("limit", most)
        }
        LogError::StaleVersion { stream, expected, actual } => stale(stream, *expected, *actual),
        LogError::ClockSuspect { wall, expected } => {
            let suspect = verdict(Code::FailedPrecondition, "CLOCK_SUSPECT");
            suspect.with("wall", wall).with("expected", expected)
        }
        LogError::ClockBelieved { wall, expected } => {
            let believed = verdict(Code::FailedPrecondition, "CLOCK_BELIEVED");
            believed.with("wall", wall).with("expected", expected)
        }
        LogError::Past { asked, size } => {
            verdict(Code::OutOfRange, "BEYOND_HEAD").with("asked", asked).with("log_size", size)
        }
        LogError::Closed => verdict(Code::Unavailable, "STOPPING"),
        _ => return None,
    })
}

/// A fault of ours: logged here, told as such, without what it was.
fn fault(error: &dyn std::fmt::Display) -> Status {
    tracing::error!(%error, "fault");
    let details = ErrorDetails::with_error_info("FAULT", DOMAIN, HashMap::new());
    let message = "a fault of the server; its log says more";
    Status::with_error_details(Code::Internal, message, details)
}

/// The status of a key file or document that the system refused, or of the log where it could not be
/// read: nothing was recorded, and sending the call again is right. The file is named in the server's
/// log alone.
fn of_disk(refused: &dyn std::fmt::Display, is_full: bool) -> Status {
    tracing::error!(error = %refused, "a call failed on the disk");
    let (verdict, message) = if is_full {
        let full = verdict(Code::ResourceExhausted, "NO_ROOM");
        (full, "the server's disk has no room for a file: its operator must make some")
    } else {
        let failed = verdict(Code::Unavailable, "DISK_FAILED");
        (failed, "the server's disk failed on a file: its operator must look at its log")
    };
    let (code, mut details) = verdict.details();
    details.set_retry_info(Some(RETRY));
    Status::with_error_details(code, message, details)
}

/// The status of a projection that does not say what the log says.
#[must_use]
pub(crate) fn digests_differ(outcome: &Outcome) -> Status {
    let live = match &outcome.live {
        Ok(digest) => digest.to_string(),
        Err(reason) => reason.clone(),
    };
    let message = format!(
        "at size {} the live one says {live}, and what was compared with it {}",
        outcome.size, outcome.other
    );
    tracing::error!(%message, "the digests of a projection differ");
    let differ = verdict(Code::DataLoss, "DIGESTS_DIFFER").with("live", live);
    let (code, details) = differ.with("other", outcome.other).details();
    Status::with_error_details(code, message, details)
}

/// The status of a call without a usable token.
#[must_use]
pub(crate) fn token_refused(reason: &str) -> Status {
    let details = ErrorDetails::with_error_info("TOKEN_REFUSED", DOMAIN, HashMap::new());
    Status::with_error_details(Code::Unauthenticated, reason, details)
}

/// The status of a call by a token that is real, but meets no claim rule, or one that opens nothing.
#[must_use]
pub(crate) fn no_claim_rule() -> Status {
    let details = ErrorDetails::with_error_info("NO_CLAIM_RULE", DOMAIN, HashMap::new());
    let message =
        "no claim rule lets this token in: ask an admin for one (gradus claim test shows why)";
    Status::with_error_details(Code::PermissionDenied, message, details)
}

/// The status of a call by a client certificate that stands for nobody, or no longer.
#[must_use]
pub(crate) fn certificate_refused() -> Status {
    let details = ErrorDetails::with_error_info("CERTIFICATE_REFUSED", DOMAIN, HashMap::new());
    let message = "the client certificate is refused";
    Status::with_error_details(Code::Unauthenticated, message, details)
}

/// The status of a call without a usable token, after too many of them.
#[must_use]
pub(crate) fn put_off(time: Duration) -> Status {
    let seconds = time.as_millis().div_ceil(1_000);
    let message = format!(
        "too many calls without a good token came from this address: such calls are answered again in {seconds} s"
    );
    let often = verdict(Code::ResourceExhausted, "TOO_MANY_FAILURES").with("seconds", seconds);
    let (code, mut details) = often.details();
    details.set_retry_info(Some(time));
    Status::with_error_details(code, message, details)
}

/// The name of a code as the gRPC documentation spells it.
#[must_use]
pub const fn code_name(code: tonic::Code) -> &'static str {
    use tonic::Code;
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests;
