//! `gradus login`, `gradus logout` and `gradus whoami`: as whom to ask.

use gradus_wire::v1;

use crate::commands::access::kind;
use crate::commands::role::listed;
use crate::commands::token::{ends_soon, state};
use crate::credentials::{Secret, ci, of_a_person_in_ci};
use crate::error::CliError;
use crate::keyring::Keyring;
use crate::login::{self, Held, Login};
use crate::output::json::{Json, object};
use crate::output::message::{self, text, time};
use crate::output::sheet::{Cell, Sheet};
use crate::output::{Output, View};
use crate::session::Session;
use crate::token::Token;

const NOWHERE: &str = "no configuration directory is known";
/// What tells where the token of this run comes from.
const FROM: &str = "token_from";

/// Checks the token with its server, and keeps both.
pub async fn login(session: &Session, in_keyring: bool) -> Result<(), CliError> {
    let Some(token) = session.token.clone() else {
        let hint = "name its file with --token-file; `-` is stdin";
        return Err(CliError::usage("no token is given", hint));
    };
    if matches!(session.source, Some(Token::Job(..))) {
        let hint = "give --oidc with each command, or set GRADUS_OIDC: each then asks for its own";
        return Err(CliError::usage("the token of a job ends with it, and is not kept", hint));
    }
    let response = who_am_i(session).await?;
    let path = login::path().ok_or_else(|| {
        CliError::usage(NOWHERE, "set HOME, or use --token-file with each command")
    })?;
    let before = Login::read(&path).ok().flatten();
    let server = session.client.server().to_owned();
    let (token, place) = if in_keyring {
        Keyring::of_system().keep(&server, &token)?;
        (Held::InKeyring, "the keyring".to_owned())
    } else {
        (Held::InFile(token), path.display().to_string())
    };
    let login = Login { server, token };
    login.write(&path)?;
    forget_other(session, before, &login)?;
    let mut parts = parts(session, &response);
    parts.retain(|(name, _)| *name != FROM);
    parts.push(("kept_in", place.clone().into()));
    let document = object([
        ("server", session.client.server().into()),
        ("principal", message::json(&response.principal.clone().unwrap_or_default())?),
        ("token", message::json(&response.token.clone().unwrap_or_default())?),
        ("kept_in", place.into()),
    ]);
    session.output.show(&View { document, entries: None, sheets: vec![Sheet::record(parts)] })?;
    for variable in ["GRADUS_TOKEN", "GRADUS_TOKEN_FILE", "GRADUS_OIDC"] {
        if std::env::var_os(variable).is_some_and(|value| !value.is_empty()) {
            let note = format!("warning: {variable} is set, and comes before the login");
            session.output.note(&note)?;
        }
    }
    warn(session, &response)
}

/// Removes from the keyring what the login before had there, where this one has it elsewhere.
fn forget_other(session: &Session, before: Option<Login>, now: &Login) -> Result<(), CliError> {
    match before {
        Some(before) if before.token == Held::InKeyring && before != *now => {
            Keyring::of_system().forget(&before.server).or_else(|error| {
                let server = before.server;
                let note =
                    format!("warning: the token for {server} is still in the keyring: {error}");
                session.output.note(&note)
            })
        }
        _ => Ok(()),
    }
}

/// Forgets the login. One whose token cannot be removed from the keyring is none any more all the same.
pub fn logout(output: &Output) -> Result<(), CliError> {
    let path = login::path();
    let login = path.as_deref().and_then(|path| Login::read(path).ok().flatten());
    let in_keyring = login.filter(|login| login.token == Held::InKeyring);
    let removed = path.as_deref().map(login::remove).transpose()?.unwrap_or_default();
    let forgotten = in_keyring.as_ref().map(|login| Keyring::of_system().forget(&login.server));
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
    match (forgotten, in_keyring) {
        (Some(Err(error)), Some(login)) => Err(CliError::NoToken {
            message: format!("the token for {} is still in the keyring: {error}", login.server),
            hint: "remove its entry there, or revoke it: gradus token revoke".to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Shows as whom the caller asks.
pub async fn whoami(session: &Session) -> Result<(), CliError> {
    let response = who_am_i(session).await?;
    let held = held(session, &response).await?;
    let mut parts = parts(session, &response);
    parts.extend(held.iter().map(|grant| ("role", Cell::from(in_words(grant)))));
    if held.is_empty() {
        parts.push(("role", "none".into()));
    }
    let sheets = vec![Sheet::record(parts)];
    let mut document = message::json(&response)?;
    if let Json::Object(fields) = &mut document {
        if let Some(source) = &session.source {
            fields.push((FROM.to_owned(), source.source().into()));
        }
        fields.push(("roles".to_owned(), Json::List(message::all(&held)?)));
    }
    session.output.show(&View { document, entries: None, sheets })?;
    warn(session, &response)
}

/// The roles that the caller has, and is to have; none where they may see nothing at all.
async fn held(
    session: &Session,
    response: &v1::WhoAmIResponse,
) -> Result<Vec<v1::RoleGrant>, CliError> {
    let principal = response.principal.clone().unwrap_or_default().id;
    let asked = v1::ListRolesRequest { principal, with_later: true, ..Default::default() };
    match listed(session, &asked).await {
        Err(error) if error.reason() == "RIGHT_MISSING" => Ok(Vec::new()),
        held => held,
    }
}

/// `viewer on shop from 2026-01-01T00:00:00Z until 2027-01-01T00:00:00Z`.
fn in_words(grant: &v1::RoleGrant) -> String {
    let unit = grant.unit.clone().unwrap_or_default();
    let unit = if unit.name.is_empty() { unit.id } else { unit.name };
    let at = |word: &str, at: Option<&prost_types::Timestamp>| {
        at.map(|at| format!(" {word} {}", time(Some(at)))).unwrap_or_default()
    };
    let (from, until) = (at("from", grant.from.as_ref()), at("until", grant.until.as_ref()));
    format!("{} on {unit}{from}{until}", text::<v1::Role>(grant.role))
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
    if let Some(source) = &session.source {
        parts.push((FROM, source.source().into()));
    }
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
