//! `gradus capsule`: files that prove levels without a server.

mod foreign;

use std::fs;
use std::path::Path;

use gradus_proof::VerifierKey;
use gradus_server::operate::capsule::{
    self, AskedComparison, Capsule, Fault, Manifest, NotCompared, Summary, Trust, Unread,
};
use gradus_wire::v1;
use gradus_wire::v1::create_capsule_request::Known;
use tonic::{Request, Status};

use crate::args::capsule::{CompareArgs, CreateArgs, SubmitArgs, VerifyArgs};
use crate::commands::prove::policy;
use crate::commands::submit::submitted;
use crate::error::CliError;
use crate::output::capsule::summary::{claimed_in_summary, summed};
use crate::output::capsule::{Pieces, claimed, verified};
use crate::output::side_by_side::side_by_side;
use crate::output::{Output, View};
use crate::select::Moment;
use crate::session::Session;

/// Makes a capsule, verifies it and writes it.
pub async fn create(session: &Session, args: CreateArgs) -> Result<(), CliError> {
    let at = args.known_at.and_then(Moment::wire).map(Known::KnownAt);
    let asked = v1::CreateCapsuleRequest {
        units: args.units,
        all: args.all,
        valid_at: args.until.and_then(Moment::wire),
        known: at.or(args.log_size.map(Known::LogSize)),
        withhold: args.withhold,
        without_texts: args.without_texts,
        summary: args.summary,
    };
    let error = |status| session.client.error(status);
    let sent = session.client.proofs().create_capsule(Request::new(asked)).await;
    let mut sent = sent.map_err(error)?.into_inner();
    let mut pieces = Pieces::default();
    while let Some(piece) = sent.message().await.map_err(error)? {
        pieces.take(&piece);
    }
    let broken = || error(Status::unavailable("the server ended the stream"));
    let bytes = pieces.whole().ok_or_else(broken)?;
    let key = session.log_key().await?;
    let trust = Trust { keys: std::slice::from_ref(&key), policy: None };
    let shown = proved(&bytes, &trust)?;
    let failed = |error| CliError::File { file: args.save.display().to_string(), error };
    fs::write(&args.save, &bytes).map_err(failed)?;
    session.output.show(&shown)
}

/// What a capsule or a summary proves.
fn proved(bytes: &[u8], trust: &Trust<'_>) -> Result<View, CliError> {
    if Summary::is_one(bytes) {
        return Ok(summed(&capsule::verify_summary(bytes, trust).map_err(unread)?));
    }
    Ok(verified(&capsule::verify(bytes, trust).map_err(unread)?))
}

/// Verifies a capsule without a server.
pub fn verify(args: &VerifyArgs, output: &Output) -> Result<(), CliError> {
    let key = args.key.as_deref().map(key).transpose()?;
    let policy = args.policy.as_deref().map(policy).transpose()?;
    let bytes = read(&args.capsule)?;
    output.show(&proved(&bytes, &Trust { keys: key.as_slice(), policy: policy.as_ref() })?)
}

/// Verifies a capsule of another log, and puts it forward as evidence.
pub async fn submit(session: &Session, args: &SubmitArgs) -> Result<(), CliError> {
    let key = args.key.as_deref().map(key).transpose()?;
    let policy = args.policy.as_deref().map(policy).transpose()?;
    let bytes = read(&args.capsule)?;
    if Summary::is_one(&bytes) {
        let file = args.capsule.display();
        return Err(CliError::usage(
            format!("{file} is a summary, which shows no records that its levels follow from"),
            "ask for a whole capsule: gradus capsule create UNIT, without --summary",
        ));
    }
    let trust = Trust { keys: key.as_slice(), policy: policy.as_ref() };
    let verified = capsule::verify(&bytes, &trust).map_err(unread)?;
    let item = foreign::item(&verified, args)?;
    let (unit, items) = (args.project.clone(), vec![item]);
    let request = |append| v1::SubmitEvidenceRequest { unit, append, items };
    let send = async |request| session.client.evidence().submit_evidence(request).await;
    session.record_with(&args.append, request, send, submitted).await
}

/// Verifies capsules without a server, and lays their levels side by side.
pub fn compare(args: &CompareArgs, output: &Output) -> Result<(), CliError> {
    let keys = args.key.iter().map(|text| key(text)).collect::<Result<Vec<_>, _>>()?;
    let policy = args.policy.as_deref().map(policy).transpose()?;
    let trust = Trust { keys: &keys, policy: policy.as_ref() };
    let read = args.capsules.iter().map(|path| read(path));
    let bytes: Vec<Vec<u8>> = read.collect::<Result<_, _>>()?;
    let asked = AskedComparison {
        profile: args.profile.clone(),
        valid_at: args.valid_at.and_then(Moment::timestamp),
        known_at: args.known_at.and_then(Moment::timestamp),
    };
    let named: Vec<String> = args.capsules.iter().map(|path| path.display().to_string()).collect();
    let compared = capsule::compare(&bytes, &trust, &asked).map_err(|error| match error {
        NotCompared::Unread(number, error) => {
            let file = named.get(number).map_or("", String::as_str);
            match error {
                Unread::Nothing(_) => CliError::Inconclusive(format!("{file}: {error}")),
                Unread::Fault(fault) => {
                    let what = format!("{} (in {file})", fault.what);
                    CliError::Capsule(Fault { what, ..fault })
                }
            }
        }
        error => CliError::usage(error.to_string(), "gradus capsule show lists its documents"),
    })?;
    output.show(&side_by_side(&compared, &named))
}

fn key(text: &str) -> Result<VerifierKey, CliError> {
    text.parse().map_err(|error: gradus_proof::NoteError| {
        CliError::usage(error.to_string(), "gradus checkpoint shows the log's key")
    })
}

/// Shows what a capsule says of itself.
pub fn show(path: &Path, output: &Output) -> Result<(), CliError> {
    let bytes = read(path)?;
    let view: View = if Summary::is_one(&bytes) {
        claimed_in_summary(&capsule::read_summary(&bytes).map_err(unread)?.0)
    } else {
        claimed(&manifest(&bytes)?)
    };
    output.note("not verified: see gradus capsule verify")?;
    output.show(&view)
}

fn manifest(bytes: &[u8]) -> Result<Manifest, CliError> {
    Ok(Capsule::read(bytes).map_err(unread)?.manifest)
}

fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    fs::read(path).map_err(|error| CliError::File { file: path.display().to_string(), error })
}

fn unread(error: Unread) -> CliError {
    match error {
        Unread::Nothing(_) => CliError::Inconclusive(error.to_string()),
        Unread::Fault(fault) => CliError::Capsule(fault),
    }
}
