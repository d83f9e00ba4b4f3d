//! `gradus certificate`: client certificates that stand for principals.

use gradus_wire::v1;

use super::access::principals;
use crate::args::access::ListArgs;
use crate::args::certificate::{CertificateCommand, RegisterArgs, RevokeArgs};
use crate::error::CliError;
use crate::output::View;
use crate::output::json::{Json, object};
use crate::output::message::{self, time};
use crate::output::sheet::Sheet;
use crate::select;
use crate::session::Session;
use crate::tls;

/// Does what the command says.
pub async fn run(session: &Session, command: CertificateCommand) -> Result<(), CliError> {
    match command {
        CertificateCommand::Register(args) => register(session, args).await,
        CertificateCommand::Revoke(args) => revoke(session, args).await,
        CertificateCommand::List(args) => list(session, &args).await,
    }
}

async fn register(session: &Session, args: RegisterArgs) -> Result<(), CliError> {
    let certificate = tls::first_certificate(&args.file)?;
    let request = |append| v1::RegisterCertificateRequest {
        append,
        principal: args.name.clone(),
        certificate,
        expires_at: args.expires.map(select::wire),
    };
    let send = async |request| session.client.principals().register_certificate(request).await;
    let parts = |response: &v1::RegisterCertificateResponse| {
        let key = response.certificate.as_ref().map(|known| known.key.clone());
        vec![("principal", args.name.clone().into()), ("key", key.unwrap_or_default().into())]
    };
    session.record_with(&args.append, request, send, parts).await
}

async fn revoke(session: &Session, args: RevokeArgs) -> Result<(), CliError> {
    let question = format!("revoke the certificates with key {} for good", args.key);
    session.confirm_final(&question, &args.how).await?;
    let request =
        |append| v1::RevokeCertificateRequest { append, key: args.key, reason: args.how.reason };
    let send = async |request| session.client.principals().revoke_certificate(request).await;
    session.record(&args.how.append, request, send).await
}

async fn list(session: &Session, args: &ListArgs) -> Result<(), CliError> {
    let principals = principals(session, args).await?;
    let mut entries = Vec::new();
    let mut sheet = Sheet::new(&["key", "principal", "registered_at", "expires_at", "revoked_at"]);
    for principal in &principals {
        for known in &principal.certificates {
            entries.push(object([
                ("principal", principal.name.as_str().into()),
                ("principal_id", principal.id.as_str().into()),
                ("certificate", message::json(known)?),
            ]));
            sheet.row(vec![
                known.key.clone().into(),
                principal.name.clone().into(),
                time(known.registered_at.as_ref()).into(),
                time(known.expires_at.as_ref()).into(),
                time(known.revoked_at.as_ref()).into(),
            ]);
        }
    }
    session.output.show(&View {
        document: object([("certificates", Json::List(entries.clone()))]),
        entries: Some(entries),
        sheets: vec![sheet],
    })
}
