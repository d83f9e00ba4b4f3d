//! What can go wrong, with which exit code a run then ends, and what helps.

use std::error::Error as _;
use std::path::PathBuf;
use std::time::Duration;

use gradus_collect::{FactError, MappingError};
use gradus_server::operate::capsule::Fault;
use gradus_server::operate::{ServiceError, Trouble};
use gradus_server::{ServeError, code_name};
use gradus_wire::v1;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::exit::Exit;
use crate::tls::{self, trouble};
use meaning::{exit_of, exit_of_trouble, is_in_other_hands, reason_of, unwell};

mod hint;
mod meaning;

/// Why a run did not end well.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// A command line that makes no sense.
    #[error("{message}")]
    Usage {
        /// What was seen.
        message: String,
        /// What would be right.
        hint: String,
    },
    /// A question that was answered with no, or could not be asked.
    #[error("not confirmed: {question}")]
    Unconfirmed {
        /// What was asked.
        question: String,
    },
    /// A configuration file that cannot be used.
    #[error("{}: {problem}", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A file that cannot be read or written.
    #[error("{file}: {error}")]
    File {
        /// The file.
        file: String,
        /// Why not.
        error: std::io::Error,
    },
    /// A line of a file that is no item of evidence.
    #[error("{file}: line {line}: {problem}")]
    Item {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong, with the field.
        problem: String,
    },
    /// A line of a history that is no fact.
    #[error("{file}: {error}")]
    History {
        /// The file.
        file: String,
        /// The line, and what is wrong with it.
        error: FactError,
    },
    /// A file that is no mapping.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// The server refused a call.
    #[error("{}", .0.message())]
    Refused(Status),
    /// The server refused a message of a bulk load.
    #[error("{}", .0.message)]
    Rejected(Box<v1::PushError>),
    /// There was no answer.
    #[error("no answer from {server}: {cause}")]
    Unreachable {
        /// The server's address.
        server: String,
        /// What happened instead.
        cause: String,
        /// The id of the call, if it was an append.
        request_id: Option<String>,
    },
    /// Server and client do not come to a connection that both take for secure.
    #[error("no connection to {server}: {cause}")]
    Insecure {
        /// The server's address.
        server: String,
        /// What was seen.
        cause: String,
        /// What would be right.
        hint: String,
    },
    /// The token cannot be had, or kept, where it was said to be.
    #[error("{message}")]
    NoToken {
        /// What was seen.
        message: String,
        /// What would help.
        hint: String,
    },
    /// The server's answer makes no sense.
    #[error("the server's answer cannot be read: {0}")]
    Answer(String),
    /// The output cannot be written.
    #[error("the output cannot be written: {0}")]
    Output(#[from] std::io::Error),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
    /// A time that is none.
    #[error(transparent)]
    Time(#[from] gradus_model::time::TimeError),
    /// A gate is not met; what falls short was shown.
    #[error("{failed} of {of} conditions {} not hold", if *failed == 1 { "does" } else { "do" })]
    Gate {
        /// How many conditions do not hold.
        failed: usize,
        /// How many were asked for.
        of: usize,
    },
    /// A server is not in the state that was declared; what is to be done was shown.
    #[error("changes to be made: {0}")]
    Pending(usize),
    /// A proof does not hold, or a log is not the one that was seen before.
    #[error("the proof does not hold: {0}")]
    Proof(String),
    /// A capsule is not as it was made.
    #[error("the capsule does not hold: {0}")]
    Capsule(Fault),
    /// There is nothing that could hold or not.
    #[error("{0}")]
    Inconclusive(String),
    /// The user stopped it.
    #[error("interrupted")]
    Interrupted,
    /// A directory or an archive cannot be used as asked.
    #[error("{message}")]
    Directory {
        /// What was seen, and what to do.
        message: String,
        /// What stands in the way.
        trouble: Trouble,
    },
    /// What was examined is damaged; each finding was shown.
    #[error("{}", unwell(*lost, *damaged, *derived_only))]
    Unwell {
        /// Findings by which something is lost.
        lost: usize,
        /// Findings by which nothing is lost.
        damaged: usize,
        /// Whether the next start makes all of it again.
        derived_only: bool,
    },
    /// This server or demonstration could not run.
    #[error("{0}")]
    Serve(String),
}

impl CliError {
    /// A usage error with what would be right.
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: hint.into() }
    }

    /// A proof that does not hold.
    #[must_use]
    pub fn proof(why: &impl ToString) -> Self {
        Self::Proof(why.to_string())
    }

    /// What is wrong with the connection to `server`.
    #[must_use]
    pub fn insecure(server: &str, trouble: tls::Trouble) -> Self {
        let tls::Trouble { cause, hint } = trouble;
        Self::Insecure { server: server.to_owned(), cause, hint }
    }

    /// A call to `server` of somebody who does not say who they are.
    #[must_use]
    pub fn anonymous(server: &str) -> Self {
        Self::NoToken {
            message: format!("{server} asks who you are, and no token is given"),
            hint:
                "gradus login keeps one; for this command alone say --token-file FILE or --token \
                   TOKEN, or set GRADUS_TOKEN_FILE or GRADUS_TOKEN"
                    .to_owned(),
        }
    }

    /// What a status means for the call to `server`.
    #[must_use]
    pub fn from_status(status: Status, server: &str, timeout: Duration) -> Self {
        if let Some(trouble) = trouble(&status) {
            return Self::insecure(server, trouble);
        }
        let unreachable = |cause: String| Self::Unreachable {
            server: server.to_owned(),
            cause,
            request_id: None,
        };
        match status.code() {
            _ if is_unreachable(&status) => unreachable(cause_of(&status)),
            Code::DeadlineExceeded | Code::Cancelled => {
                unreachable(format!("none within {} s", timeout.as_secs_f64()))
            }
            _ => Self::Refused(status),
        }
    }

    /// The same error, with the id of the append that may have been done or not.
    #[must_use]
    pub fn about(self, id: &str) -> Self {
        match self {
            Self::Unreachable { server, cause, .. } => {
                Self::Unreachable { server, cause, request_id: Some(id.to_owned()) }
            }
            // An earlier try may have come through, before the server changed its certificate.
            Self::Insecure { server, cause, hint } => {
                let hint = format!("{hint}, then run it again with --request-id {id}");
                Self::Insecure { server, cause, hint }
            }
            other => other,
        }
    }

    /// The reason that programs read.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Usage { .. } => "USAGE".to_owned(),
            Self::Unconfirmed { .. } => "UNCONFIRMED".to_owned(),
            Self::Config { .. } => "CONFIG_REFUSED".to_owned(),
            Self::File { .. } => "FILE_UNREADABLE".to_owned(),
            Self::Item { .. } => "ITEM_REFUSED".to_owned(),
            Self::History { .. } => "FACT_REFUSED".to_owned(),
            Self::Mapping(_) => "MAPPING_REFUSED".to_owned(),
            Self::Time(_) => "TIME_REFUSED".to_owned(),
            Self::Refused(status) => {
                status.get_details_error_info().map_or_else(String::new, |info| info.reason)
            }
            Self::Rejected(error) => error.reason.clone(),
            Self::Unreachable { .. } => "UNREACHABLE".to_owned(),
            Self::Insecure { .. } => "TLS_FAILED".to_owned(),
            Self::NoToken { .. } => "TOKEN_UNAVAILABLE".to_owned(),
            Self::Answer(_) => "ANSWER_UNREADABLE".to_owned(),
            Self::Output(_) => "OUTPUT_FAILED".to_owned(),
            Self::Random(_) => "NO_RANDOMNESS".to_owned(),
            Self::Gate { .. } => "GATE_NOT_MET".to_owned(),
            Self::Pending(_) => "CHANGES_PENDING".to_owned(),
            Self::Proof(_) => "PROOF_FAILED".to_owned(),
            Self::Capsule(_) => "CAPSULE_FAILED".to_owned(),
            Self::Inconclusive(_) => "NOTHING_TO_VERIFY".to_owned(),
            Self::Interrupted => "INTERRUPTED".to_owned(),
            Self::Directory { trouble, .. } => reason_of(*trouble).to_owned(),
            Self::Unwell { lost: 0, .. } => "DAMAGED".to_owned(),
            Self::Unwell { .. } => "DATA_LOST".to_owned(),
            Self::Serve(_) => "SERVE_FAILED".to_owned(),
        }
    }

    /// The name of the gRPC code that fits.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Refused(status) => code_name(status.code()),
            Self::Rejected(error) => &error.code,
            Self::Unreachable { .. } | Self::Insecure { .. } => "UNAVAILABLE",
            Self::NoToken { .. } => "UNAUTHENTICATED",
            Self::Interrupted => "CANCELLED",
            Self::Directory { trouble: Trouble::Damaged, .. }
            | Self::Unwell { .. }
            | Self::Proof(_)
            | Self::Capsule(_) => "DATA_LOSS",
            Self::Directory { trouble: Trouble::NoRoom, .. } => "RESOURCE_EXHAUSTED",
            Self::Gate { .. }
            | Self::Pending(_)
            | Self::Inconclusive(_)
            | Self::Directory { .. } => "FAILED_PRECONDITION",
            Self::Usage { .. }
            | Self::Unconfirmed { .. }
            | Self::Config { .. }
            | Self::Item { .. }
            | Self::History { .. }
            | Self::Mapping(_)
            | Self::Time(_) => "INVALID_ARGUMENT",
            Self::File { .. }
            | Self::Answer(_)
            | Self::Output(_)
            | Self::Random(_)
            | Self::Serve(_) => "UNKNOWN",
        }
    }

    /// Whether the same call may do better in a while.
    #[must_use]
    pub fn retryable(&self) -> bool {
        let insecure = matches!(self, Self::Insecure { .. });
        !insecure && matches!(self.code(), "UNAVAILABLE" | "RESOURCE_EXHAUSTED")
    }

    /// How the run ends.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage { .. } | Self::Unconfirmed { .. } | Self::Config { .. } => Exit::Usage,
            Self::Gate { .. } | Self::Pending(_) => Exit::Gate,
            Self::Proof(_) | Self::Capsule(_) => Exit::Verification,
            Self::Inconclusive(_) => Exit::Inconclusive,
            Self::Interrupted => Exit::Interrupted,
            Self::Directory { trouble, .. } => exit_of_trouble(*trouble),
            Self::Unwell { lost: 0, .. } => Exit::Repairable,
            Self::Unwell { .. } => Exit::Damaged,
            Self::Refused(_) if self.reason() == "LOG_CONTRADICTED" => Exit::Verification,
            Self::Refused(_) | Self::Rejected(_) if is_in_other_hands(&self.reason()) => {
                Exit::Denied
            }
            Self::Refused(_)
            | Self::Rejected(_)
            | Self::Unreachable { .. }
            | Self::NoToken { .. }
            | Self::Insecure { .. } => exit_of(self.code()),
            Self::File { .. }
            | Self::Item { .. }
            | Self::History { .. }
            | Self::Mapping(_)
            | Self::Time(_)
            | Self::Answer(_)
            | Self::Output(_)
            | Self::Random(_)
            | Self::Serve(_) => Exit::Failed,
        }
    }

    /// What helps after the command at `path`, such as `gradus token issue`.
    #[must_use]
    pub fn hint_at(&self, path: &str) -> Option<String> {
        let hint = self.hint()?;
        Some(match hint::of_command(path, &self.reason()) {
            Some(more) => format!("{hint}; {more}"),
            None => hint,
        })
    }

    /// What helps, if something is known to, whatever the command is.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Usage { hint, .. } | Self::Insecure { hint, .. } | Self::NoToken { hint, .. } => {
                Some(hint.clone())
            }
            Self::Unconfirmed { .. } => {
                Some("answer `y`, or give --yes where nobody can be asked".to_owned())
            }
            Self::Unreachable { request_id: Some(id), .. } => Some(format!(
                "the outcome is unknown: run it again with --request-id {id}, which is harmless"
            )),
            Self::Unreachable { .. } => {
                Some("is the server running, and --server its address?".to_owned())
            }
            Self::Proof(_) => Some(
                "keep what you have, and ask the operator by other ways; if the log was replaced on \
                 purpose: gradus checkpoint forget"
                    .to_owned(),
            ),
            Self::Refused(_) | Self::Rejected(_) => {
                hint::of_refusal(&self.reason()).map(str::to_owned)
            }
            _ => None,
        }
    }
}

/// Whether the status says that no answer came, as opposed to a refusal.
///
/// A connection that breaks in the middle of a call has other codes than UNAVAILABLE, but unlike
/// what the server sends, it has a source. What is wrong with TLS stays wrong.
#[must_use]
pub fn is_unreachable(status: &Status) -> bool {
    if trouble(status).is_some() {
        return false;
    }
    let timed_out = matches!(status.code(), Code::Cancelled | Code::DeadlineExceeded);
    status.code() == Code::Unavailable || (status.source().is_some() && !timed_out)
}

fn cause_of(status: &Status) -> String {
    let mut cause = status.message().to_owned();
    let mut source = status.source();
    while let Some(deeper) = source {
        cause = deeper.to_string();
        source = deeper.source();
    }
    cause
}

impl From<ServiceError> for CliError {
    fn from(error: ServiceError) -> Self {
        Self::Directory { message: error.to_string(), trouble: Trouble::of(&error) }
    }
}

impl From<gradus_archive::ArchiveError> for CliError {
    fn from(error: gradus_archive::ArchiveError) -> Self {
        ServiceError::from(error).into()
    }
}

impl From<ServeError> for CliError {
    fn from(error: ServeError) -> Self {
        match Trouble::of_start(&error) {
            Trouble::Other => Self::Serve(error.to_string()),
            trouble => Self::Directory { message: error.to_string(), trouble },
        }
    }
}

#[cfg(test)]
mod tests;
