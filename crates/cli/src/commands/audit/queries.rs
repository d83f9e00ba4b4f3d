//! `gradus audit queries`: what auditors asked.

use std::collections::BTreeMap;
use std::fs;

use gradus_model::Timestamp;
use gradus_proof::queries::QueryRow;
use gradus_proof::{Policy, TlogProof, VerifierKey};
use gradus_wire::v1;

use crate::args::queries::{CheckArgs, EndArgs, EngagementArgs, OpenArgs, QueriesCommand};
use crate::commands::prove::policy;
use crate::error::CliError;
use crate::output::json::{Json, object};
use crate::output::message::{self, time};
use crate::output::sheet::Sheet;
use crate::output::{Output, View};
use crate::queries::{Bundle, Checked, Proved};
use crate::session::Session;

/// Does what the command says.
pub(super) async fn run(session: &Session, command: QueriesCommand) -> Result<(), CliError> {
    match command {
        QueriesCommand::List => list(session).await,
        QueriesCommand::Show(args) => show(session, args).await,
        QueriesCommand::End(args) => end(session, args).await,
        QueriesCommand::Open(args) => open(session, args).await,
        QueriesCommand::Verify(args) => verify(&args, &session.output),
    }
}

async fn listed(session: &Session) -> Result<Vec<v1::Engagement>, CliError> {
    let send = async |request| session.client.audit().list_engagements(request).await;
    Ok(session.client.call(v1::ListEngagementsRequest {}, send).await?.engagements)
}

async fn list(session: &Session) -> Result<(), CliError> {
    let engagements = listed(session).await?;
    let mut sheet = Sheet::new(&["auditor", "number", "state", "rows", "opened", "until"]);
    for one in &engagements {
        let rows = one.asked_rows.unwrap_or(one.committed_rows);
        sheet.row(vec![
            named(one.auditor.as_ref()).into(),
            one.number.to_string().into(),
            state(one).into(),
            rows.to_string().into(),
            one.opened_rows.to_string().into(),
            time(one.until.as_ref()).into(),
        ]);
    }
    let entries = message::all(&engagements)?;
    session.output.show(&View {
        document: object([("engagements", Json::List(entries.clone()))]),
        entries: Some(entries),
        sheets: vec![sheet],
    })
}

fn named(principal: Option<&v1::PrincipalRef>) -> String {
    let principal = principal.cloned().unwrap_or_default();
    Some(principal.name).filter(|name| !name.is_empty()).unwrap_or(principal.id)
}

fn state(of: &v1::Engagement) -> &'static str {
    match of {
        v1::Engagement { ended: false, .. } => "goes on",
        of if of.opened_rows >= of.committed_rows => "opened",
        v1::Engagement { openable: true, .. } => "being opened",
        v1::Engagement { .. } => "cannot be opened",
    }
}

/// All rows of an engagement, and where some are withheld.
async fn asked(
    session: &Session,
    of: &EngagementArgs,
) -> Result<(Vec<v1::RecordedQuery>, Vec<u64>), CliError> {
    let (mut rows, mut withheld, mut first_row) = (Vec::new(), Vec::new(), 0);
    loop {
        let (auditor, engagement) = (of.auditor.clone(), of.engagement);
        let request = v1::ReadQueriesRequest { auditor, engagement, first_row, page_size: 0 };
        let send = async |request| session.client.audit().read_queries(request).await;
        let page = session.client.call(request, send).await?;
        rows.extend(page.rows);
        withheld.extend(page.withheld);
        match page.next_row {
            Some(next) if next > first_row => first_row = next,
            _ => return Ok((rows, withheld)),
        }
    }
}

async fn show(session: &Session, args: EngagementArgs) -> Result<(), CliError> {
    let (rows, withheld) = asked(session, &args).await?;
    let columns = ["number", "asked", "log_size", "method", "request", "opened at"];
    let mut sheet = Sheet::new(&columns);
    let mut entries = Vec::new();
    let mut request: Vec<u8> = Vec::new();
    for row in &rows {
        request.extend_from_slice(&row.request);
        if row.more {
            continue;
        }
        let whole = std::mem::take(&mut request);
        let read = message::of_method(&row.method, &whole);
        let read = read.unwrap_or_else(|| gradus_model::ids::hex(&whole).as_str().into());
        let opened = row.position.map(|position| position.to_string()).unwrap_or_default();
        sheet.row(vec![
            row.number.to_string().into(),
            time(row.asked_at.as_ref()).into(),
            row.log_size.to_string().into(),
            row.method.clone().into(),
            read.compact().into(),
            opened.into(),
        ]);
        entries.push(object([
            ("number", row.number.into()),
            ("asked_at", time(row.asked_at.as_ref()).into()),
            ("log_size", row.log_size.into()),
            ("method", row.method.as_str().into()),
            ("request", read),
        ]));
    }
    let document = object([
        ("queries", Json::List(entries.clone())),
        ("withheld", Json::List(withheld.iter().map(|position| (*position).into()).collect())),
    ]);
    session.output.show(&View { document, entries: Some(entries), sheets: vec![sheet] })
}

async fn end(session: &Session, args: EndArgs) -> Result<(), CliError> {
    let question = format!("end engagement {} and open what you asked in it", args.engagement);
    session.confirm(&question, args.confirm.yes, &args.append).await?;
    let engagement = args.engagement;
    let request = |append| v1::EndEngagementRequest { append, engagement };
    let send = async |request| session.client.audit().end_engagement(request).await;
    session.record(&args.append, request, send).await
}

async fn open(session: &Session, args: OpenArgs) -> Result<(), CliError> {
    let whose = |one: &&v1::Engagement| {
        let auditor = one.auditor.clone().unwrap_or_default();
        one.number == args.of.engagement && [&auditor.name, &auditor.id].contains(&&args.of.auditor)
    };
    let own = if args.of.auditor.is_empty() {
        let send = async |request| session.client.principals().who_am_i(request).await;
        let me = session.client.call(v1::WhoAmIRequest {}, send).await?;
        me.principal.map(|me| me.id)
    } else {
        None
    };
    let engagements = listed(session).await?;
    let is_own = |one: &&v1::Engagement| {
        one.number == args.of.engagement && one.auditor.as_ref().map(|of| &of.id) == own.as_ref()
    };
    let found = engagements.iter().find(|one| if own.is_some() { is_own(one) } else { whose(one) });
    let found = found.ok_or_else(|| {
        let none = format!("there is no engagement {} of this auditor", args.of.engagement);
        CliError::usage(none, "gradus audit queries list shows those there are")
    })?;
    let key = session.log_key().await?;
    let mut proved = Vec::new();
    for position in &found.positions {
        let asked = v1::ProveInclusionRequest { position: *position };
        let send = async |request| session.client.proofs().prove_inclusion(request).await;
        let answer = session.client.call(asked, send).await?;
        let note = answer.checkpoint.as_ref().map(|checkpoint| checkpoint.note.clone());
        session.heed(&note.unwrap_or_default()).await?;
        proved.push(Proved { leaf: answer.leaf, proof: answer.tlog_proof });
    }
    let mut rows: BTreeMap<u64, Vec<QueryRow>> = BTreeMap::new();
    if found.opened_rows > 0 {
        for row in asked(session, &args.of).await?.0 {
            let Some(position) = row.position else { continue };
            rows.entry(position).or_default().push(read(row)?);
        }
    }
    let bundle = Bundle { key: key.to_string(), proved, rows };
    let checked = bundle.check(|proof, leaf| by_key(proof, leaf, &key))?;
    if let Some(path) = &args.save {
        fs::write(path, bundle.to_text())
            .map_err(|error| CliError::File { file: path.display().to_string(), error })?;
    }
    told(&checked, session.output)
}

fn read(row: v1::RecordedQuery) -> Result<QueryRow, CliError> {
    let wrong = |what: &str| CliError::Answer(format!("row {} has no {what}", row.number));
    let at = row.asked_at.ok_or_else(|| wrong("moment"))?;
    let micros = at.seconds.saturating_mul(1_000_000) + i64::from(at.nanos / 1_000);
    let salt = row.salt.as_slice().try_into().map_err(|_| wrong("salt of 16 bytes"))?;
    Ok(QueryRow {
        number: row.number,
        asked_at: Timestamp::from_micros(micros).map_err(CliError::Time)?,
        log_size: row.log_size,
        method: row.method,
        request: row.request,
        more: row.more,
        salt,
    })
}

fn by_key(proof: &TlogProof, leaf: &[u8], key: &VerifierKey) -> Result<(), CliError> {
    let verified = proof.verify(leaf, std::slice::from_ref(key));
    verified.map(|_| ()).map_err(|error| CliError::proof(&error))
}

fn by_policy(proof: &TlogProof, leaf: &[u8], policy: &Policy) -> Result<(), CliError> {
    proof.verify_by(leaf, policy).map(|_| ()).map_err(|error| CliError::proof(&error))
}

/// Checks a file, without a server.
pub fn verify(args: &CheckArgs, output: &Output) -> Result<(), CliError> {
    let key = args.key.as_ref().map(|text| {
        text.parse::<VerifierKey>().map_err(|error| {
            CliError::usage(error.to_string(), "gradus checkpoint shows the log's key")
        })
    });
    let key = key.transpose()?;
    let policy = args.policy.as_deref().map(policy).transpose()?;
    let text = fs::read_to_string(&args.file)
        .map_err(|error| CliError::File { file: args.file.display().to_string(), error })?;
    let bundle = Bundle::parse(&text)?;
    let checked = bundle.check(|proof, leaf| {
        if let Some(policy) = &policy {
            by_policy(proof, leaf, policy)?;
        }
        key.as_ref().map_or(Ok(()), |key| by_key(proof, leaf, key))
    })?;
    told(&checked, *output)
}

fn told(checked: &Checked, output: Output) -> Result<(), CliError> {
    let verified = &checked.verified;
    let ended = verified.ended.is_some();
    let proved = match (ended, verified.withheld) {
        (false, _) => "the engagement goes on: rows are committed to, and none is opened",
        (true, 0) => "what was opened is exactly what was asked: none more, none fewer",
        (true, _) => "what was opened is what was asked; some rows are withheld or erased",
    };
    let opened = verified.rows.len() as u64;
    let document = object([
        ("verified", Json::Bool(true)),
        ("auditor", checked.auditor.as_str().into()),
        ("engagement", checked.engagement.into()),
        ("ended", Json::Bool(ended)),
        ("committed_rows", verified.committed.into()),
        ("opened_rows", opened.into()),
        ("withheld_rows", verified.withheld.into()),
    ]);
    let parts = vec![
        ("proved", proved.into()),
        ("auditor", checked.auditor.clone().into()),
        ("engagement", checked.engagement.to_string().into()),
        ("rows committed to", verified.committed.to_string().into()),
        ("rows opened", opened.to_string().into()),
        ("rows withheld", verified.withheld.to_string().into()),
    ];
    output.show(&View { document, entries: None, sheets: vec![Sheet::record(parts)] })
}
