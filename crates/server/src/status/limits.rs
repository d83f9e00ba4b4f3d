//! The statuses of calls that asked for too much, or took too long.

use std::time::Duration;

use gradus_service::ServiceError;
use tonic::{Code, Status};
use tonic_types::{QuotaViolation, StatusExt};

use super::{status, verdict};
use crate::limits::Over;

/// The longest part of a wrong value that is told.
const MOST_SHOWN: usize = 40;

/// The status of a call that is over a limit of its principal: nothing was done.
#[must_use]
pub(crate) fn over_limit(over: &Over) -> Status {
    let Over { limit, most, wait } = *over;
    let millis = wait.as_millis().max(1);
    let message = format!(
        "`{limit}` of one principal is {most}, and that many are used: come again in {millis} ms"
    );
    let limited = verdict(Code::ResourceExhausted, "RATE_LIMITED").with("limit", limit);
    let (code, mut details) = limited.with("most", most).details();
    details.set_retry_info(Some(wait));
    let description = format!("`{limit}` is {most} for each principal");
    details.set_quota_failure(vec![QuotaViolation::new(limit, description)]);
    Status::with_error_details(code, message, details)
}

/// The status of a call that took longer than it may: what it appends may be recorded all the same.
#[must_use]
pub(crate) fn too_long(most: Duration) -> Status {
    let seconds = most.as_secs_f64();
    let long = verdict(Code::DeadlineExceeded, "TOO_LONG").with("seconds", seconds);
    let (code, details) = long.details();
    let message = format!(
        "the call took longer than {seconds} s: an append may be recorded all the same, and is \
         found by its request id"
    );
    Status::with_error_details(code, message, details)
}

/// The status of a stream of evidence that said nothing for too long.
#[must_use]
pub(crate) fn silent(most: Duration) -> Status {
    let seconds = most.as_secs();
    let silent = verdict(Code::DeadlineExceeded, "SILENT").with("seconds", seconds);
    let (code, details) = silent.details();
    let message = format!("no message came for {seconds} s: open another stream when there is one");
    Status::with_error_details(code, message, details)
}

/// The status of a call whose `grpc-timeout` is none.
#[must_use]
pub(crate) fn bad_timeout(value: &[u8]) -> Status {
    let shown: String = String::from_utf8_lossy(value).chars().take(MOST_SHOWN).collect();
    let reason = format!(
        "`{}` is no time: send it once, as at most eight digits and one of H, M, S, m, u, n",
        shown.escape_debug()
    );
    status(&ServiceError::invalid("grpc-timeout", reason))
}
