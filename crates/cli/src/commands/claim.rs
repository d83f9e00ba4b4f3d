//! `gradus claim`: who calls with tokens of identity providers.

use std::io::Read as _;

use gradus_wire::v1;

use crate::args::claim::{Asked, ClaimCommand, ListArgs, RemoveArgs, SetArgs, TestArgs};
use crate::error::CliError;
use crate::output::View;
use crate::output::json::{Json, object};
use crate::output::message::{self, text, time};
use crate::output::sheet::{Cell, Sheet};
use crate::select::Moment;
use crate::session::{Session, pages};

/// Tokens are read up to this length; the server takes none that is longer.
const MOST_TOKEN: u64 = 64 << 10;

/// Does what the command says with claim rules.
pub async fn run(session: &Session, command: ClaimCommand) -> Result<(), CliError> {
    match command {
        ClaimCommand::Set(args) => set(session, args).await,
        ClaimCommand::Remove(args) => remove(session, args).await,
        ClaimCommand::List(args) => list(session, args).await,
        ClaimCommand::Test(args) => test(session, &args).await,
    }
}

async fn set(session: &Session, args: SetArgs) -> Result<(), CliError> {
    let condition = |Asked { claim, value }| v1::ClaimCondition { claim, value };
    let request = |append| v1::SetClaimRuleRequest {
        append,
        name: args.rule,
        issuer: args.issuer,
        conditions: args.conditions.into_iter().map(condition).collect(),
        subject: args.subject,
        role: args.role.number().into(),
        unit: args.unit,
        named_after: args.project_from.unwrap_or_default(),
        from: args.from.and_then(Moment::wire),
        until: args.until.and_then(Moment::wire),
        reason: args.reason,
    };
    let send = async |request| session.client.claims().set_claim_rule(request).await;
    session.record(&args.append, request, send).await
}

async fn remove(session: &Session, args: RemoveArgs) -> Result<(), CliError> {
    let ending = args.ending;
    let question = format!("remove the claim rule `{}`", args.rule);
    session.confirm_final(&question, &ending.how).await?;
    let request = |append| v1::RemoveClaimRuleRequest {
        append,
        name: args.rule,
        effective_at: ending.at.and_then(Moment::wire),
        reason: ending.how.reason,
    };
    let send = async |request| session.client.claims().remove_claim_rule(request).await;
    session.record(&ending.how.append, request, send).await
}

async fn list(session: &Session, args: ListArgs) -> Result<(), CliError> {
    let coordinate = args.holds.wire();
    let rules = pages(None, async |page_token, page_size| {
        let request = v1::ListClaimRulesRequest {
            page_size,
            page_token,
            coordinate: Some(coordinate.clone()),
            min_size: 0,
        };
        let send = async |request| session.client.claims().list_claim_rules(request).await;
        let response = session.client.call(request, send).await?;
        Ok((response.rules, response.next_page_token))
    })
    .await?;
    let columns = ["rule", "role", "unit", "conditions", "subject", "issuer", "from", "until"];
    let mut sheet = Sheet::new(&columns);
    for rule in &rules {
        sheet.row(vec![
            rule.name.clone().into(),
            text::<v1::Role>(rule.role).into(),
            opens(rule).into(),
            conditions(rule).into(),
            rule.subject.clone().into(),
            rule.issuer.clone().into(),
            time(rule.from.as_ref()).into(),
            time(rule.until.as_ref()).into(),
        ]);
    }
    let entries = message::all(&rules)?;
    session.output.show(&View {
        document: object([("rules", Json::List(entries.clone()))]),
        entries: Some(entries),
        sheets: vec![sheet],
    })
}

/// The unit that a rule opens, or where it registers projects.
fn opens(rule: &v1::ClaimRule) -> String {
    let unit = rule.unit.clone().unwrap_or_default().name;
    match rule.named_after.as_str() {
        "" => unit,
        claim => format!("{unit}/{{{claim}}}"),
    }
}

fn conditions(rule: &v1::ClaimRule) -> String {
    let says = |one: &v1::ClaimCondition| format!("{}={}", one.claim, one.value);
    rule.conditions.iter().map(says).collect::<Vec<_>>().join(" ")
}

async fn test(session: &Session, args: &TestArgs) -> Result<(), CliError> {
    let mut token = String::new();
    let unreadable = |error| {
        CliError::usage(
            format!("cannot read {}: {error}", args.file.display()),
            "name a file that holds a token, or `-` for stdin",
        )
    };
    if args.file.as_os_str() == "-" {
        std::io::stdin().take(MOST_TOKEN).read_to_string(&mut token).map_err(unreadable)?;
    } else {
        let file = std::fs::File::open(&args.file).map_err(unreadable)?;
        file.take(MOST_TOKEN).read_to_string(&mut token).map_err(unreadable)?;
    }
    let token = token.trim().to_owned();
    let send = async |request| session.client.claims().test_claims(request).await;
    let tested = session.client.call(v1::TestClaimsRequest { token }, send).await?;
    let mut said = Sheet::new(&["claim", "value"]);
    for (claim, value) in &tested.claims {
        said.row(vec![claim.clone().into(), value.clone().into()]);
    }
    session.output.show(&View {
        document: message::json(&tested)?,
        entries: None,
        sheets: vec![said, Sheet::record(opened(&tested))],
    })
}

fn opened(tested: &v1::TestClaimsResponse) -> Vec<(&'static str, Cell)> {
    let mut parts: Vec<(&'static str, Cell)> = vec![
        ("issuer", tested.issuer.clone().into()),
        ("expires_at", time(tested.expires_at.as_ref()).into()),
    ];
    let Some(rule) = &tested.rule else {
        parts.push(("rule", "none is met: it opens nothing".into()));
        return parts;
    };
    let first = |known: bool| if known { "" } else { " (at the first call)" };
    let principal = tested.principal.clone().unwrap_or_default().name;
    let unit = tested.unit.clone().unwrap_or_default().name;
    parts.extend([
        ("rule", Cell::from(rule.name.clone())),
        ("subject", tested.subject.clone().into()),
        ("principal", format!("{principal}{}", first(tested.principal_added)).into()),
        ("role", text::<v1::Role>(rule.role).into()),
        ("unit", format!("{unit}{}", first(tested.unit_registered)).into()),
    ]);
    parts
}
