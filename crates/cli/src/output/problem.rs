//! Errors, for people as `gradus levels: unit `x` is unknown` and a hint, for programs as JSON.

use std::collections::BTreeMap;
use std::io::{self, Write};

use tonic_types::StatusExt as _;

use super::Format;
use super::json::{Json, object};
use crate::error::CliError;

/// Writes an error of the command at `path`, such as `gradus levels`.
pub fn write(path: &str, error: &CliError, format: Format, out: &mut impl Write) -> io::Result<()> {
    if matches!(format, Format::Json | Format::Jsonl) {
        return writeln!(out, "{}", document(path, error).compact());
    }
    let message = error.to_string();
    writeln!(out, "{path}: {message}")?;
    // Of one field alone the message says it already.
    for (field, problem) in violations(error).iter().filter(|(_, said)| !message.contains(said)) {
        writeln!(out, "  {field}: {problem}")?;
    }
    if let Some(hint) = error.hint_at(path) {
        writeln!(out, "hint: {hint}")?;
    }
    Ok(())
}

fn document(path: &str, error: &CliError) -> Json {
    let text = |(key, value)| (key, Json::Text(value));
    let violation = |(field, problem): (String, String)| {
        object([("field", field.into()), ("description", problem.into())])
    };
    object([
        ("code", error.code().into()),
        ("reason", error.reason().into()),
        ("message", error.to_string().into()),
        ("hint", error.hint_at(path).into()),
        ("retryable", error.retryable().into()),
        ("exit_code", u32::from(error.exit().code()).into()),
        ("metadata", Json::Object(metadata(error).into_iter().map(text).collect())),
        ("field_violations", Json::List(violations(error).into_iter().map(violation).collect())),
    ])
    .without_nulls()
}

fn metadata(error: &CliError) -> BTreeMap<String, String> {
    match error {
        CliError::Refused(status) => {
            let info = status.get_details_error_info();
            info.map(|info| info.metadata.into_iter().collect()).unwrap_or_default()
        }
        CliError::Rejected(error) => error.metadata.clone(),
        CliError::Capsule(fault) => {
            let number = |name: &str, number: Option<u64>| {
                number.map(|number| (name.to_owned(), number.to_string()))
            };
            let member = ("member".to_owned(), fault.member.clone());
            let version = number("version", fault.version);
            let position = number("position", fault.position);
            [member].into_iter().chain(version).chain(position).collect()
        }
        CliError::Insecure { server, .. } => [("server".to_owned(), server.clone())].into(),
        CliError::Unreachable { server, request_id, .. } => {
            let id = request_id.clone().map(|id| ("request_id".to_owned(), id));
            [("server".to_owned(), server.clone())].into_iter().chain(id).collect()
        }
        _ => BTreeMap::new(),
    }
}

fn violations(error: &CliError) -> Vec<(String, String)> {
    let CliError::Refused(status) = error else { return Vec::new() };
    let refused = status.get_details_bad_request();
    let refused = refused.into_iter().flat_map(|refused| refused.field_violations);
    refused.map(|violation| (violation.field, violation.description)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use tonic::{Code, Status};
    use tonic_types::ErrorDetails;

    fn check(error: &CliError, format: Format, expected: &Expect) {
        let mut out = Vec::new();
        write("gradus levels", error, format, &mut out).unwrap();
        expected.assert_eq(&String::from_utf8(out).unwrap());
    }

    fn unknown() -> CliError {
        let metadata = [("unit".to_owned(), "x".to_owned())];
        let details = ErrorDetails::with_error_info("UNIT_UNKNOWN", "gradus.v1", metadata);
        let message = "unit `x` is unknown";
        CliError::Refused(Status::with_error_details(Code::NotFound, message, details))
    }

    fn invalid() -> CliError {
        let metadata = [("field".to_owned(), "name".to_owned())];
        let mut details = ErrorDetails::with_error_info("INVALID_FIELD", "gradus.v1", metadata);
        details.add_bad_request_violation("name", "`A` is no name");
        let message = "the request is not valid";
        CliError::Refused(Status::with_error_details(Code::InvalidArgument, message, details))
    }

    #[test]
    fn people_read_the_command_the_message_and_a_hint() {
        check(
            &unknown(),
            Format::Table,
            &expect![[r#"
            gradus levels: unit `x` is unknown
            hint: `gradus unit list` shows the units that you may see
        "#]],
        );
        check(
            &invalid(),
            Format::Csv,
            &expect![[r#"
            gradus levels: the request is not valid
              name: `A` is no name
        "#]],
        );
    }

    #[test]
    fn programs_read_code_reason_and_metadata() {
        check(
            &unknown(),
            Format::Json,
            &expect![[r#"
            {"code":"NOT_FOUND","reason":"UNIT_UNKNOWN","message":"unit `x` is unknown","hint":"`gradus unit list` shows the units that you may see","retryable":false,"exit_code":3,"metadata":{"unit":"x"},"field_violations":[]}
        "#]],
        );
        check(
            &invalid(),
            Format::Jsonl,
            &expect![[r#"
            {"code":"INVALID_ARGUMENT","reason":"INVALID_FIELD","message":"the request is not valid","retryable":false,"exit_code":2,"metadata":{"field":"name"},"field_violations":[{"field":"name","description":"`A` is no name"}]}
        "#]],
        );
    }
}
