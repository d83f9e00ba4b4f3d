//! `gradus token` and `gradus principal`: who may ask.

use gradus_wire::v1;

use crate::args::access::{
    DisableArgs, IssueArgs, ListArgs, PersonCommand, PrincipalCommand, RevokeArgs, TokenCommand,
};
use gradus_model::unit::PrincipalKind;

use crate::args::append::AppendArgs;
use crate::commands::token as life;
use crate::error::CliError;
use crate::output::json::{Json, object};
use crate::output::message::{self, text, time};
use crate::output::sheet::Sheet;
use crate::output::{Format, View};
use crate::session::{Session, pages};

/// Does what the command says with tokens.
pub async fn token(session: &Session, command: TokenCommand) -> Result<(), CliError> {
    match command {
        TokenCommand::Issue(args) => issue(session, args).await,
        TokenCommand::Rotate(args) => life::rotate(session, args).await,
        TokenCommand::Revoke(args) => revoke(session, args).await,
        TokenCommand::List(args) => list_tokens(session, args).await,
        // Done without a server, before.
        TokenCommand::Recover(_) => Ok(()),
    }
}

/// Does what the command says with principals.
pub async fn principal(session: &Session, command: PrincipalCommand) -> Result<(), CliError> {
    match command {
        PrincipalCommand::List(args) => list_principals(session, args, None).await,
        PrincipalCommand::Add(args) => add(session, args.name, args.kind, args.append).await,
        PrincipalCommand::Disable(args) => disable(session, args).await,
    }
}

/// The same for people alone.
pub async fn person(session: &Session, command: PersonCommand) -> Result<(), CliError> {
    let kind = PrincipalKind::Person;
    match command {
        PersonCommand::List(args) => list_principals(session, args, Some(kind)).await,
        PersonCommand::Add(args) => add(session, args.name, kind, args.append).await,
        PersonCommand::Disable(args) => disable(session, args).await,
    }
}

async fn issue(session: &Session, args: IssueArgs) -> Result<(), CliError> {
    let response = match ask_token(session, &args).await {
        Err(error) if error.reason() == "PRINCIPAL_UNKNOWN" => {
            let Some(kind) = args.kind else { return Err(error) };
            let request = v1::AddPrincipalRequest {
                append: None,
                name: args.name.clone(),
                kind: kind.number().into(),
            };
            add_first(session, &args.append, request).await?;
            if args.append.dry_run.is_some() {
                // Who is not there yet has no token that could be checked.
                return session.output.note("the principal would be added, then the token issued");
            }
            ask_token(session, &args).await?
        }
        other => other?,
    };
    let Some(response) = response else { return Ok(()) };
    if session.output.format != Format::Table || response.secret.is_empty() {
        let id = response.token.as_ref().map(|token| token.id.clone()).unwrap_or_default();
        let parts = vec![("token", id.into()), ("secret", response.secret.clone().into())];
        return session.done(&response, parts);
    }
    let token = response.token.unwrap_or_default();
    let until = life::until(&token);
    session.output.note(&format!(
        "token {} of `{}`, good {until}; this is its secret, which is shown only now:",
        token.id, args.name
    ))?;
    session.output.text(&format!("{}\n", response.secret))
}

async fn ask_token(
    session: &Session,
    args: &IssueArgs,
) -> Result<Option<v1::IssueTokenResponse>, CliError> {
    let (expires_at, lifetime) = args.expiry.wire();
    let request = |append| v1::IssueTokenRequest {
        append,
        principal: args.name.clone(),
        expires_at,
        lifetime,
        no_expiry: args.expiry.no_expiry,
    };
    let send = async |request| session.client.principals().issue_token(request).await;
    session.append(&args.append, request, send).await
}

/// Adds the principal by a call of its own, with an id of its own.
async fn add_first(
    session: &Session,
    append: &AppendArgs,
    request: v1::AddPrincipalRequest,
) -> Result<(), CliError> {
    let own = AppendArgs { request_id: None, expected_version: None, ..append.clone() };
    let with = |append| v1::AddPrincipalRequest { append, ..request };
    let send = async |request| session.client.principals().add_principal(request).await;
    session.append(&own, with, send).await.map(|_| ())
}

async fn revoke(session: &Session, args: RevokeArgs) -> Result<(), CliError> {
    let question = format!("revoke the token {}", args.token_id);
    session.confirm_final(&question, &args.how).await?;
    let request =
        |append| v1::RevokeTokenRequest { append, token: args.token_id, reason: args.how.reason };
    let send = async |request| session.client.principals().revoke_token(request).await;
    session.record(&args.how.append, request, send).await
}

async fn add(
    session: &Session,
    name: String,
    kind: PrincipalKind,
    append: AppendArgs,
) -> Result<(), CliError> {
    let kind = kind.number().into();
    let request = |append| v1::AddPrincipalRequest { append, name, kind };
    let send = async |request| session.client.principals().add_principal(request).await;
    let Some(response) = session.append(&append, request, send).await? else { return Ok(()) };
    let principal = response.principal.clone().unwrap_or_default();
    let parts = vec![("principal", principal.name.into()), ("id", principal.id.into())];
    session.done(&response, parts)
}

async fn disable(session: &Session, args: DisableArgs) -> Result<(), CliError> {
    let question = format!("disable `{}` and all its tokens and certificates", args.name);
    session.confirm_final(&question, &args.how).await?;
    let request = |append| v1::DisablePrincipalRequest {
        append,
        principal: args.name,
        reason: args.how.reason,
    };
    let send = async |request| session.client.principals().disable_principal(request).await;
    session.record(&args.how.append, request, send).await
}

/// The principals, with their tokens and certificates.
pub(super) async fn principals(
    session: &Session,
    args: &ListArgs,
) -> Result<Vec<v1::Principal>, CliError> {
    pages(None, async |page_token, page_size| {
        let include_disabled = args.include_disabled;
        let request = v1::ListPrincipalsRequest { page_size, page_token, include_disabled };
        let send = async |request| session.client.principals().list_principals(request).await;
        let response = session.client.call(request, send).await?;
        Ok((response.principals, response.next_page_token))
    })
    .await
}

async fn list_principals(
    session: &Session,
    args: ListArgs,
    only: Option<PrincipalKind>,
) -> Result<(), CliError> {
    let mut principals = principals(session, &args).await?;
    principals
        .retain(|principal| only.is_none_or(|only| principal.kind == i32::from(only.number())));
    let columns = ["name", "kind", "added_at", "disabled_at", "tokens", "certificates", "id"];
    let mut sheet = Sheet::new(&columns);
    for principal in &principals {
        sheet.row(vec![
            principal.name.clone().into(),
            kind(principal).into(),
            time(principal.added_at.as_ref()).into(),
            time(principal.disabled_at.as_ref()).into(),
            principal.tokens.len().to_string().into(),
            principal.certificates.len().to_string().into(),
            principal.id.clone().into(),
        ]);
    }
    let entries = message::all(&principals)?;
    session.output.show(&View {
        document: object([("principals", Json::List(entries.clone()))]),
        entries: Some(entries),
        sheets: vec![sheet],
    })
}

async fn list_tokens(session: &Session, args: ListArgs) -> Result<(), CliError> {
    let principals = principals(session, &args).await?;
    let mut entries = Vec::new();
    let mut sheet = Sheet::new(&[
        "token",
        "principal",
        "state",
        "issued_at",
        "expires_at",
        "revoked_at",
        "last_used_at",
        "grade",
        "recovered",
    ]);
    for principal in &principals {
        for token in &principal.tokens {
            entries.push(object([
                ("principal", principal.name.as_str().into()),
                ("principal_id", principal.id.as_str().into()),
                ("token", message::json(token)?),
            ]));
            sheet.row(vec![
                token.id.clone().into(),
                principal.name.clone().into(),
                life::state(token),
                time(token.issued_at.as_ref()).into(),
                time(token.expires_at.as_ref()).into(),
                time(token.revoked_at.as_ref()).into(),
                time(token.last_used_at.as_ref()).into(),
                text::<v1::Grade>(token.last_used_grade).into(),
                if token.recovered { "offline" } else { "" }.into(),
            ]);
        }
    }
    session.output.show(&View {
        document: object([("tokens", Json::List(entries.clone()))]),
        entries: Some(entries),
        sheets: vec![sheet],
    })
}

/// The word for the kind of a principal.
pub(super) fn kind(principal: &v1::Principal) -> String {
    text::<v1::PrincipalKind>(principal.kind)
}
