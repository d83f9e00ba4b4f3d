//! `gradus role`: who may do what, where and for how long.

use gradus_wire::v1;

use crate::args::role::{GrantArgs, ListArgs, RevokeArgs, RoleCommand};
use crate::error::CliError;
use crate::output::View;
use crate::output::json::{Json, object};
use crate::output::message::{self, text, time};
use crate::output::sheet::Sheet;
use crate::select::Moment;
use crate::session::{Session, pages};

/// Does what the command says with roles.
pub async fn role(session: &Session, command: RoleCommand) -> Result<(), CliError> {
    match command {
        RoleCommand::Grant(args) => grant(session, args).await,
        RoleCommand::Revoke(args) => revoke(session, args).await,
        RoleCommand::List(args) => list(session, args).await,
    }
}

async fn grant(session: &Session, args: GrantArgs) -> Result<(), CliError> {
    let request = |append| v1::GrantRoleRequest {
        append,
        principal: args.holder.principal,
        role: args.holder.role.number().into(),
        unit: args.holder.unit,
        from: args.from.and_then(Moment::wire),
        until: args.until.and_then(Moment::wire),
        reason: args.reason,
    };
    let send = async |request| session.client.roles().grant_role(request).await;
    session.record(&args.append, request, send).await
}

async fn revoke(session: &Session, args: RevokeArgs) -> Result<(), CliError> {
    let ending = args.ending;
    let holder = args.holder;
    let question = format!("end the role {} of `{}`", holder.role, holder.principal);
    session.confirm_final(&question, &ending.how).await?;
    let request = |append| v1::RevokeRoleRequest {
        append,
        principal: holder.principal,
        role: holder.role.number().into(),
        unit: holder.unit,
        effective_at: ending.at.and_then(Moment::wire),
        reason: ending.how.reason,
    };
    let send = async |request| session.client.roles().revoke_role(request).await;
    session.record(&ending.how.append, request, send).await
}

/// The roles that a request asks for, all pages of them: by unit, then principal, then role.
pub(super) async fn listed(
    session: &Session,
    asked: &v1::ListRolesRequest,
) -> Result<Vec<v1::RoleGrant>, CliError> {
    let mut roles = pages(None, async |page_token, page_size| {
        let request = v1::ListRolesRequest { page_size, page_token, ..asked.clone() };
        let send = async |request| session.client.roles().list_roles(request).await;
        let response = session.client.call(request, send).await?;
        Ok((response.roles, response.next_page_token))
    })
    .await?;
    // The server's order is that of ids, which say nothing to people.
    roles.sort_by_cached_key(|grant| {
        let unit = grant.unit.clone().unwrap_or_default();
        let principal = grant.principal.clone().unwrap_or_default();
        (unit.name, unit.id, principal.name, principal.id, grant.role)
    });
    Ok(roles)
}

async fn list(session: &Session, args: ListArgs) -> Result<(), CliError> {
    let asked = v1::ListRolesRequest {
        coordinate: Some(args.holds.wire()),
        unit: args.unit.unwrap_or_default(),
        principal: args.principal.unwrap_or_default(),
        with_later: args.later,
        ..Default::default()
    };
    let roles = listed(session, &asked).await?;
    let mut sheet = Sheet::new(&["principal", "role", "unit", "from", "until"]);
    for grant in &roles {
        let principal = grant.principal.clone().unwrap_or_default();
        let unit = grant.unit.clone().unwrap_or_default();
        sheet.row(vec![
            Some(principal.name).filter(|name| !name.is_empty()).unwrap_or(principal.id).into(),
            text::<v1::Role>(grant.role).into(),
            unit.name.into(),
            time(grant.from.as_ref()).into(),
            time(grant.until.as_ref()).into(),
        ]);
    }
    let entries = message::all(&roles)?;
    session.output.show(&View {
        document: object([("roles", Json::List(entries.clone()))]),
        entries: Some(entries),
        sheets: vec![sheet],
    })
}
