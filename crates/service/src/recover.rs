//! A new token for a principal, made on the machine: for who lost the last one that could make one.
//!
//! Whoever may write the data directory could do worse, so nothing else is asked for; but it is an
//! event, whose actor is Gradus itself and whose reason says how it came about.

use std::path::{Path, PathBuf};

use gradus_domain::{Actor, Proposal};
use gradus_log::Options;
use gradus_model::event::TokenIssued;
use gradus_model::unit::{Grade, PrincipalKind};
use gradus_model::{Event, Payload, Timestamp, TokenId};

use crate::call::Call;
use crate::directory::{Directory, DirectoryError};
use crate::error::ServiceError;
use crate::identity::{PrincipalView, Secret, secret};
use crate::service::{Clock, Service};
use crate::start::{Beginning, Memory, Started};
use crate::tokens::Lifetime;

/// Whose token the first start writes.
pub const OPERATOR: &str = "operator";

const REASON: &str = "recovered on the machine that holds the data directory";

/// No token can be recovered for whom it was asked.
#[derive(Debug, thiserror::Error)]
pub enum RecoverError {
    /// Nothing is there that could be recovered.
    #[error("`{}` holds no log of gradus: name the directory of the server with --data", .0.display())]
    NoLog(PathBuf),
    /// Nobody has this name or id.
    #[error("principal `{name}` is unknown: name {}", one_of(.others))]
    Unknown {
        /// What was asked for.
        name: String,
        /// Who may act.
        others: Vec<String>,
    },
    /// Who was disabled stays so.
    #[error("principal `{name}` was disabled, which is for good: name {}", one_of(.others))]
    Disabled {
        /// What was asked for.
        name: String,
        /// Who may act.
        others: Vec<String>,
    },
    /// Gradus itself needs no token.
    #[error("`system` is Gradus itself, which needs no token: name {}", one_of(.others))]
    System {
        /// Who may act.
        others: Vec<String>,
    },
}

/// Who can be named: all of few.
fn one_of(others: &[String]) -> String {
    let shown: Vec<&str> = others.iter().take(10).map(String::as_str).collect();
    match (shown.is_empty(), others.len() - shown.len()) {
        (true, _) => "nobody, since nobody may act: restore an earlier backup".to_owned(),
        (false, 0) => format!("one who may act: {}", shown.join(", ")),
        (false, more) => format!("one who may act: {} and {more} more", shown.join(", ")),
    }
}

/// A token that was recovered.
#[derive(Clone, Debug)]
pub struct Recovered {
    /// The name of its principal, or the id where that was erased.
    pub principal: String,
    /// The token.
    pub token: TokenId,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
    /// The file that holds its secret, which only its owner can read.
    pub file: PathBuf,
    /// The position of the event.
    pub position: Option<u64>,
}

/// Issues a token for a principal in the directory `path`, which no server has open.
///
/// # Errors
///
/// [`RecoverError`] when there is no log or nobody to issue it for; what a start would be refused
/// for, such as a directory in use.
pub async fn recover(
    path: &Path,
    principal: &str,
    lifetime: Lifetime,
    beginning: &Beginning,
    clock: Clock,
    options: Options,
) -> Result<Recovered, ServiceError> {
    // A start would begin a new log where there is none.
    if !path.join("FORMAT").exists() || !path.join("log").exists() {
        return Err(RecoverError::NoLog(path.to_owned()).into());
    }
    let Started { service, .. } =
        Service::start(path, beginning, clock, Memory::default(), options).await?;
    let recovered = service.recover_token(principal, lifetime).await;
    service.close().await?;
    let gone = service.gone();
    drop(service);
    gone.await;
    recovered
}

impl Service {
    async fn recover_token(
        &self,
        name: &str,
        lifetime: Lifetime,
    ) -> Result<Recovered, ServiceError> {
        let everybody = self.principals();
        let system = everybody.iter().find(|one| one.kind == PrincipalKind::System);
        let system = system.ok_or(ServiceError::Fault("the log has no system principal"))?.id;
        let others = || {
            let may_act = |one: &&PrincipalView| {
                one.kind != PrincipalKind::System && one.disabled_at.is_none()
            };
            everybody.iter().filter(may_act).map(called).collect()
        };
        let view = match self.principal(name) {
            Ok(view) if view.kind == PrincipalKind::System => {
                return Err(RecoverError::System { others: others() }.into());
            }
            Ok(view) if view.disabled_at.is_some() => {
                let (name, others) = (called(&view), others());
                return Err(RecoverError::Disabled { name, others }.into());
            }
            Ok(view) => view,
            Err(_) => {
                let name = name.chars().take(80).collect();
                return Err(RecoverError::Unknown { name, others: others() }.into());
            }
        };
        let Secret { text, hash } = secret(view.kind)?;
        let (now, principal) = (self.now(), view.id);
        let expires_at = lifetime.end(now);
        let (kind, grade) = (PrincipalKind::System, Grade::Internal);
        let call = Call::by(Actor { principal: system, kind, grade });
        let issued = |token| {
            let issued = TokenIssued { token, principal, hash, expires_at };
            let reason = Payload::empty().with("reason", REASON);
            Proposal::at(Event::TokenIssued(issued), None, now).with(reason)
        };
        let (receipt, token) = self.record_token(&call, issued).await?;
        // After the event: a crash between the two leaves a token that nobody knows, and the file of
        // one that may still be good.
        let file = file_of(&self.directory, &called(&view));
        let text = zeroize::Zeroizing::new(format!("{}\n", text.as_str()));
        self.directory.write_secret(&file, &text).map_err(DirectoryError::from)?;
        Ok(Recovered {
            principal: called(&view),
            token,
            expires_at,
            file,
            position: receipt.items.iter().find_map(|item| item.placed).map(|at| at.position),
        })
    }
}

fn called(principal: &PrincipalView) -> String {
    principal.name.clone().unwrap_or_else(|| principal.id.to_string())
}

/// The operator's is where the first start writes it; another one's does not take its place.
fn file_of(directory: &Directory, name: &str) -> PathBuf {
    match name {
        OPERATOR => directory.admin_token(),
        _ => directory.path().join(format!("recovered-{name}.token")),
    }
}
