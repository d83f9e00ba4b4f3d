//! Exit codes, and what is told of an append without answer.

use super::*;

fn exit(code: Code) -> u8 {
    let status = Status::new(code, "no");
    CliError::from_status(status, "http://here", Duration::from_secs(30)).exit().code()
}

#[test]
fn each_code_of_the_server_has_its_exit_code() {
    for (code, expected) in [
        (Code::NotFound, 3),
        (Code::Unauthenticated, 4),
        (Code::PermissionDenied, 4),
        (Code::Aborted, 5),
        (Code::AlreadyExists, 5),
        (Code::Unavailable, 6),
        (Code::DeadlineExceeded, 6),
        (Code::Cancelled, 6),
        (Code::InvalidArgument, 2),
        (Code::OutOfRange, 2),
        (Code::FailedPrecondition, 1),
        (Code::ResourceExhausted, 1),
        (Code::Internal, 1),
        (Code::Unimplemented, 1),
    ] {
        assert_eq!(exit(code), expected, "{code:?}");
    }
}

#[test]
fn an_append_without_answer_tells_the_id_to_try_again_with() {
    let status = Status::unavailable("stopping");
    let error = CliError::from_status(status, "http://here", Duration::from_secs(30));
    let error = error.about("0b7e");
    assert_eq!(error.to_string(), "no answer from http://here: stopping");
    let hint = "the outcome is unknown: run it again with --request-id 0b7e, which is harmless";
    assert_eq!(error.hint().as_deref(), Some(hint));
}

#[test]
fn what_is_wrong_with_tls_is_said_with_what_helps_and_the_id_to_go_on_with() {
    let (cause, hint) = ("it speaks TLS there".to_owned(), "write https://here".to_owned());
    let error = CliError::insecure("http://here", tls::Trouble { cause, hint });
    assert_eq!(error.to_string(), "no connection to http://here: it speaks TLS there");
    assert_eq!((error.exit().code(), error.retryable()), (6, false));
    let hint = "write https://here, then run it again with --request-id 0b7e";
    assert_eq!(error.about("0b7e").hint().as_deref(), Some(hint));
}

#[test]
fn a_bulk_load_ends_as_a_single_call_would() {
    let refusal = |code: &str| {
        let error = v1::PushError { code: code.to_owned(), ..v1::PushError::default() };
        CliError::Rejected(Box::new(error)).exit()
    };
    assert_eq!(refusal("ALREADY_EXISTS"), Exit::Conflict);
    assert_eq!(refusal("FAILED_PRECONDITION"), Exit::Failed);
}

#[test]
fn what_somebody_else_has_to_do_ends_like_what_one_may_not() {
    let refusal = |reason: &str| {
        let (code, reason) = ("FAILED_PRECONDITION".to_owned(), reason.to_owned());
        let error = v1::PushError { code, reason, ..v1::PushError::default() };
        CliError::Rejected(Box::new(error))
    };
    for reason in
        ["DUTIES_NOT_SEPARATE", "CONFLICT_OF_INTEREST", "OWN_EVIDENCE", "NOT_A_SECOND_PERSON"]
    {
        assert_eq!(refusal(reason).exit(), Exit::Denied, "{reason}");
    }
    assert_eq!(refusal("UNIT_ARCHIVED").exit(), Exit::Failed);
}
