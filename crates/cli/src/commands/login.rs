//! `gradus login`, `gradus logout` and `gradus whoami`: as whom to ask.

use gradus_wire::v1;

use crate::commands::access::kind;
use crate::commands::token::{ends_soon, state};
use crate::credentials::{Secret, ci, of_a_person_in_ci};
use crate::error::CliError;
use crate::login::{self, Login};
use crate::output::json::object;
use crate::output::message::{self, text, time};
use crate::output::sheet::{Cell, Sheet};
use crate::output::{Output, View};
use crate::session::Session;

const NOWHERE: &str = "no configuration directory is known";

/// Checks the token with its server, and keeps both.
pub async fn login(session: &Session) -> Result<(), CliError> {
    let Some(token) = session.token.clone() else {
        let hint = "name its file with --token-file; `-` is stdin";
        return Err(CliError::usage("no token is given", hint));
    };
    let response = who_am_i(session).await?;
    let path = login::path().ok_or_else(|| {
        CliError::usage(NOWHERE, "set HOME, or use --token-file with each command")
    })?;
    Login { server: session.client.server().to_owned(), token }.write(&path)?;
    let file = path.display().to_string();
    let mut parts = parts(session, &response);
    parts.push(("kept_in", file.clone().into()));
    let document = object([
        ("server", session.client.server().into()),
        ("principal", message::json(&response.principal.clone().unwrap_or_default())?),
        ("token", message::json(&response.token.clone().unwrap_or_default())?),
        ("kept_in", file.into()),
    ]);
    session.output.show(&View { document, entries: None, sheets: vec![Sheet::record(parts)] })?;
    for variable in ["GRADUS_TOKEN", "GRADUS_TOKEN_FILE"] {
        if std::env::var_os(variable).is_some_and(|value| !value.is_empty()) {
            let note = format!("warning: {variable} is set, and comes before the login");
            session.output.note(&note)?;
        }
    }
    warn(session, &response)
}

/// Forgets the login.
pub fn logout(output: &Output) -> Result<(), CliError> {
    let path = login::path();
    let removed = path.as_deref().map(login::remove).transpose()?.unwrap_or_default();
    let file = path.map(|path| path.display().to_string()).unwrap_or_default();
    let state = if removed { "the login was removed" } else { "there was no login" };
    output.show(&View {
        document: object([("removed", removed.into()), ("file", file.as_str().into())]),
        entries: None,
        sheets: vec![Sheet::record(vec![("result", state.into()), ("file", file.into())])],
    })?;
    if removed {
        output.note("The token is good until it ends: gradus token revoke ends it at once.")?;
    }
    Ok(())
}

/// Shows as whom the caller asks.
pub async fn whoami(session: &Session) -> Result<(), CliError> {
    let response = who_am_i(session).await?;
    let sheet = Sheet::record(parts(session, &response));
    let document = message::json(&response)?;
    session.output.show(&View { document, entries: None, sheets: vec![sheet] })?;
    warn(session, &response)
}

async fn who_am_i(session: &Session) -> Result<v1::WhoAmIResponse, CliError> {
    let send = async |request| session.client.principals().who_am_i(request).await;
    session.client.call(v1::WhoAmIRequest {}, send).await
}

fn parts(session: &Session, response: &v1::WhoAmIResponse) -> Vec<(&'static str, Cell)> {
    let principal = response.principal.clone().unwrap_or_default();
    let token = response.token.clone().unwrap_or_default();
    let mut parts: Vec<(&'static str, Cell)> = vec![
        ("name", principal.name.clone().into()),
        ("kind", kind(&principal).into()),
        ("id", principal.id.clone().into()),
        ("grade", text::<v1::Grade>(response.grade).into()),
        ("token", token.id.clone().into()),
        ("state", state(&token)),
        ("expires_at", time(token.expires_at.as_ref()).into()),
        ("server", session.client.server().into()),
    ];
    if let Some(claims) = &response.claims {
        parts.retain(|(name, _)| !matches!(*name, "token" | "state" | "expires_at"));
        parts.extend([
            ("issuer", Cell::from(claims.issuer.clone())),
            ("rule", claims.rule.clone().into()),
            ("expires_at", time(claims.expires_at.as_ref()).into()),
        ]);
    }
    parts
}

/// Warns of a token that ends soon, and of a person's in a job that does not say so of itself.
fn warn(session: &Session, response: &v1::WhoAmIResponse) -> Result<(), CliError> {
    if let Some(warning) = response.token.as_ref().and_then(ends_soon) {
        session.output.note(&warning)?;
    }
    let person = response
        .principal
        .as_ref()
        .is_some_and(|principal| principal.kind() == v1::PrincipalKind::Person);
    let warned = session.token.as_ref().is_some_and(Secret::is_of_a_person);
    match ci().filter(|_| person && !warned) {
        Some(variable) => session.output.note(&of_a_person_in_ci(variable)),
        None => Ok(()),
    }
}
