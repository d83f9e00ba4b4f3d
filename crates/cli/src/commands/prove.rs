//! `gradus checkpoint`, `gradus prove` and `gradus verify`: what the log's key has signed, and that
//! records are in it. What the server answers is checked here, and shown only if it holds.

mod digest;
mod level;
mod scope;
mod unit;

use std::fs;
use std::path::Path;

use gradus_model::{Leaf, Timestamp};
use gradus_proof::policy::Cosigned;
use gradus_proof::{
    Note, NoteError, Policy, TlogProof, VerifierKey, leaf_hash, verify_consistency,
};
use gradus_wire::v1;
use gradus_wire::v1::get_checkpoint_request::Point;

use digest::included;

use crate::args::prove::{
    CheckpointArgs, CheckpointCommand, GrowthArgs, KnownAtArgs, ProveCommand, RecordArgs,
    RotateKeyArgs, VerifyArgs,
};
use crate::error::CliError;
use crate::output::json::{Json, object};
use crate::output::message;
use crate::output::sheet::{Cell, Sheet};
use crate::output::{Output, View};
use crate::seen::{self, Seen, digest, digests, key_of};
use crate::select::Moment;
use crate::session::Session;

/// Shows a checkpoint, or what is kept of the last one.
pub async fn checkpoint(session: &Session, args: CheckpointArgs) -> Result<(), CliError> {
    match args.command {
        None => newest(session, args).await,
        Some(CheckpointCommand::Seen) => last_seen(session),
        Some(CheckpointCommand::Forget) => forget(session),
        Some(CheckpointCommand::RotateKey(args)) => rotate_key(session, args).await,
    }
}

async fn rotate_key(session: &Session, args: RotateKeyArgs) -> Result<(), CliError> {
    let question = "destroy the log's key and sign with a new one";
    session.confirm(question, args.confirm.yes, &args.append).await?;
    let reason = args.reason;
    let request = |append| v1::RotateLogKeyRequest { append, reason };
    let send = async |request| session.client.proofs().rotate_log_key(request).await;
    let parts = |of: &v1::RotateLogKeyResponse| vec![("key", Cell::from(of.key.clone()))];
    session.record_with(&args.append, request, send, parts).await
}

async fn newest(session: &Session, args: CheckpointArgs) -> Result<(), CliError> {
    let at = args.known_at.and_then(Moment::wire).map(Point::KnownAt);
    let point = args.log_size.map(Point::LogSize).or(at);
    let asked = point.is_some();
    let send = async |request| session.client.proofs().get_checkpoint(request).await;
    let request = v1::GetCheckpointRequest { point, witnessed: args.witnessed };
    let answer = session.client.call(request, send).await?;
    let now = signed(&answer)?;
    session.heed(&now.note).await?;
    let root = digest(&answer.root)?;
    let proof = digests(&answer.consistency)?;
    let (size, whole) = (now.checkpoint.size, &now.checkpoint.root);
    verify_consistency(answer.log_size, &root, size, whole, &proof)
        .map_err(|error| CliError::proof(&error))?;
    if let Some(path) = &args.save {
        write(path, now.note.as_bytes())?;
    }
    let mut parts = of_checkpoint(&now);
    if asked {
        let settled = if answer.settled { "" } else { "; more may come to lie within it" };
        let part = format!("{} records with root {root}{settled}", answer.log_size);
        parts.push(("begins with", part.into()));
    }
    let mut sheets = vec![];
    if !answer.witnesses.is_empty() {
        let size = answer.witnessed_size;
        let witnessed = if size == 0 { "no checkpoint yet".to_owned() } else { size.to_string() };
        parts.push(("witnessed up to", witnessed.into()));
        sheets.push(witnesses(&answer.witnesses, &now)?);
    }
    // The last one is what a program reads.
    sheets.push(Sheet::record(parts));
    session.output.show(&View { document: message::json(&answer)?, entries: None, sheets })
}

/// How it stands with the witnesses: what they signed of this checkpoint is checked here, all else is
/// what the server says.
fn witnesses(told: &[v1::Witness], now: &Seen) -> Result<Sheet, CliError> {
    let note = Note::parse(now.note.as_bytes()).map_err(|error| CliError::proof(&error))?;
    let columns = ["witness", "signed this one", "signed last", "at", "state", "problem"];
    let mut sheet = Sheet::new(&columns);
    for witness in told {
        let key: VerifierKey = witness.key.parse().map_err(|error| CliError::proof(&error))?;
        let signed = match key.cosigned_at(&note) {
            Ok(_) => "yes",
            Err(NoteError::Unsigned { .. }) => "no",
            Err(forged) => return Err(CliError::proof(&forged)),
        };
        let last = if witness.log_size == 0 { String::new() } else { witness.log_size.to_string() };
        let state = match witness.state() {
            v1::WitnessState::Unspecified | v1::WitnessState::NotAsked => "not asked yet",
            v1::WitnessState::Signed => "signs",
            v1::WitnessState::Failed => "does not sign",
            v1::WitnessState::Contradicts => "has seen another log",
        };
        let at = witness.signed_at.map(|at| instant(at.seconds)).unwrap_or_default();
        sheet.row(vec![
            witness.name.clone().into(),
            signed.into(),
            last.into(),
            at.into(),
            state.into(),
            witness.problem.clone().into(),
        ]);
    }
    Ok(sheet)
}

/// A time in whole seconds since 1970; as a number where it is none that is told.
fn instant(seconds: i64) -> String {
    let read = seconds.checked_mul(1_000_000).map(Timestamp::from_micros);
    match read {
        Some(Ok(at)) => at.to_string(),
        _ => seconds.to_string(),
    }
}

fn of_checkpoint(seen: &Seen) -> Vec<(&'static str, Cell)> {
    vec![
        ("origin", seen.checkpoint.origin.clone().into()),
        ("log_size", seen.checkpoint.size.to_string().into()),
        ("root", seen.checkpoint.root.to_string().into()),
        ("key", seen.key.to_string().into()),
    ]
}

/// The checkpoint of an answer, which its key must have signed.
fn signed(answer: &v1::GetCheckpointResponse) -> Result<Seen, CliError> {
    let note = answer.checkpoint.as_ref().map(|checkpoint| checkpoint.note.as_str());
    Seen::open(key_of(answer)?, note.unwrap_or_default())
}

fn last_seen(session: &Session) -> Result<(), CliError> {
    let server = session.client.server();
    let seen = seen::path(server).map(|path| Seen::read(&path)).transpose()?.flatten();
    let seen = seen.ok_or_else(|| none_seen(server))?;
    let document = object([
        ("origin", seen.checkpoint.origin.as_str().into()),
        ("log_size", seen.checkpoint.size.into()),
        ("root", seen.checkpoint.root.to_string().into()),
        ("key", seen.key.to_string().into()),
        ("note", seen.note.as_str().into()),
    ]);
    let sheets = vec![Sheet::record(of_checkpoint(&seen))];
    session.output.show(&View { document, entries: None, sheets })
}

fn forget(session: &Session) -> Result<(), CliError> {
    let server = session.client.server();
    let path = seen::path(server).ok_or_else(|| none_seen(server))?;
    match fs::remove_file(&path) {
        Ok(()) => session.output.note(&format!("the log of {server} is taken for new")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(none_seen(server)),
        Err(error) => Err(CliError::File { file: path.display().to_string(), error }),
    }
}

fn none_seen(server: &str) -> CliError {
    CliError::usage(
        format!("no checkpoint of {server} was seen yet"),
        "ask for one with gradus checkpoint",
    )
}

/// Proves, and checks the proof.
pub async fn prove(session: &Session, command: ProveCommand) -> Result<(), CliError> {
    match command {
        ProveCommand::Record(args) => record(session, args).await,
        ProveCommand::Growth(args) => growth(session, args).await,
        ProveCommand::KnownAt(args) => known_at(session, args).await,
        ProveCommand::Unit(args) => unit::unit(session, args).await,
        ProveCommand::Level(args) => level::level(session, args).await,
        ProveCommand::Scope(args) => scope::scope(session, args).await,
        ProveCommand::Digests(args) => unit::digests(session, args).await,
    }
}

async fn record(session: &Session, args: RecordArgs) -> Result<(), CliError> {
    let asked = v1::ProveInclusionRequest { position: args.position };
    let send = async |request| session.client.proofs().prove_inclusion(request).await;
    let answer = session.client.call(asked, send).await?;
    let key = session.log_key().await?;
    let checked = included(&answer, args.position, &key)?;
    session.heed(&checked.note).await?;
    if let Some(name) = &args.save {
        write(&name.with_added_extension("leaf"), &answer.leaf)?;
        write(&name.with_added_extension("tlog-proof"), answer.tlog_proof.as_bytes())?;
    }
    let mut parts = vec![
        ("position", args.position.to_string().into()),
        ("leaf_hash", leaf_hash(&answer.leaf).to_string().into()),
        ("recorded_at", recorded_at(&answer.leaf)?.into()),
        ("proof", "holds".into()),
    ];
    parts.extend(of_checkpoint(&checked));
    session.output.show(&View {
        document: message::json(&answer)?,
        entries: None,
        sheets: vec![Sheet::record(parts)],
    })
}

fn wrong(what: &str) -> CliError {
    CliError::Proof(what.to_owned())
}

fn read(leaf: &[u8]) -> Result<Leaf, CliError> {
    Leaf::read(leaf).map_err(|error| CliError::Answer(error.to_string()))
}

fn recorded_at(leaf: &[u8]) -> Result<String, CliError> {
    Ok(read(leaf)?.place.recorded_at.to_string())
}

async fn growth(session: &Session, args: GrowthArgs) -> Result<(), CliError> {
    let asked = v1::ProveConsistencyRequest { old_size: args.old_size, new_size: args.new_size };
    let send = async |request| session.client.proofs().prove_consistency(request).await;
    let answer = session.client.call(asked, send).await?;
    let (old, new) = (digest(&answer.old_root)?, digest(&answer.new_root)?);
    let proof = digests(&answer.hashes)?;
    verify_consistency(answer.old_size, &old, answer.new_size, &new, &proof)
        .map_err(|error| CliError::proof(&error))?;
    let note = answer.checkpoint.as_ref().map(|checkpoint| checkpoint.note.clone());
    session.heed(&note.unwrap_or_default()).await?;
    let sheet = Sheet::record(vec![
        ("old_size", answer.old_size.to_string().into()),
        ("old_root", old.to_string().into()),
        ("new_size", answer.new_size.to_string().into()),
        ("new_root", new.to_string().into()),
        ("proof", "holds: the one is the beginning of the other".into()),
    ]);
    session.output.show(&View {
        document: message::json(&answer)?,
        entries: None,
        sheets: vec![sheet],
    })
}

async fn known_at(session: &Session, args: KnownAtArgs) -> Result<(), CliError> {
    let instant = args.known_at.instant();
    let micros = instant.seconds.saturating_mul(1_000_000) + i64::from(instant.nanos / 1_000);
    let at = Timestamp::from_micros(micros).map_err(CliError::Time)?;
    let asked = v1::ProveKnownAtRequest { known_at: Some(instant) };
    let send = async |request| session.client.proofs().prove_known_at(request).await;
    let answer = session.client.call(asked, send).await?;
    let key = session.log_key().await?;
    let next = answer.next.as_ref().ok_or_else(|| unbounded("after"))?;
    let checked = included(next, answer.log_size, &key)?;
    if read(&next.leaf)?.place.recorded_at <= at {
        return Err(unbounded("after"));
    }
    if let Some(position) = answer.log_size.checked_sub(1) {
        let last = answer.last.as_ref().ok_or_else(|| unbounded("up to"))?;
        included(last, position, &key)?;
        if read(&last.leaf)?.place.recorded_at > at {
            return Err(unbounded("up to"));
        }
    }
    let (root, proof) = (digest(&answer.root)?, digests(&answer.consistency)?);
    let (size, whole) = (checked.checkpoint.size, &checked.checkpoint.root);
    verify_consistency(answer.log_size, &root, size, whole, &proof)
        .map_err(|error| CliError::proof(&error))?;
    session.heed(&checked.note).await?;
    let last = answer.last.as_ref().map(|last| recorded_at(&last.leaf)).transpose()?;
    let sheet = Sheet::record(vec![
        ("known_at", at.to_string().into()),
        ("log_size", answer.log_size.to_string().into()),
        ("root", root.to_string().into()),
        ("last record", last.unwrap_or_default().into()),
        ("next record", recorded_at(&next.leaf)?.into()),
        ("proof", "holds".into()),
    ]);
    session.output.show(&View {
        document: message::json(&answer)?,
        entries: None,
        sheets: vec![sheet],
    })
}

fn unbounded(side: &str) -> CliError {
    CliError::Proof(format!("the record that was stamped {side} the instant is missing or wrong"))
}

/// Checks a proof file, without a server.
pub fn verify(args: &VerifyArgs, output: &Output) -> Result<(), CliError> {
    let key = args.key.as_ref().map(|text| {
        text.parse::<VerifierKey>().map_err(|error| {
            CliError::usage(error.to_string(), "gradus checkpoint shows the log's key")
        })
    });
    let key = key.transpose()?;
    let policy = args.policy.as_deref().map(policy).transpose()?;
    let (proof, leaf) = (open(&args.proof)?, open(&args.leaf)?);
    let proof = TlogProof::parse(&proof).map_err(|error| CliError::proof(&error))?;
    let verdict = policy.map(|policy| proof.verify_by(&leaf, &policy)).transpose();
    let verdict = verdict.map_err(|error| CliError::proof(&error))?;
    let by_key = key.as_ref().map(|key| proof.verify(&leaf, std::slice::from_ref(key)));
    let by_key = by_key.transpose().map_err(|error| CliError::proof(&error))?;
    let Some(checkpoint) = by_key.or_else(|| Some(verdict.as_ref()?.checkpoint.clone())) else {
        return Err(CliError::usage("nobody is named who has signed", "give --key or --policy"));
    };
    let signer = key.or_else(|| verdict.as_ref()?.log.clone());
    let seen: Vec<Cosigned> = verdict.into_iter().flat_map(|verdict| verdict.witnesses).collect();
    let size = checkpoint.size;
    let mut fields = vec![
        ("verified".to_owned(), Json::Bool(true)),
        ("position".to_owned(), proof.index.into()),
        ("leaf_hash".to_owned(), leaf_hash(&leaf).to_string().into()),
        ("origin".to_owned(), checkpoint.origin.as_str().into()),
        ("log_size".to_owned(), size.into()),
        ("root".to_owned(), checkpoint.root.to_string().into()),
    ];
    let signer =
        signer.map_or_else(|| "no log that the policy names".to_owned(), |key| key.to_string());
    let mut parts: Vec<(&'static str, Cell)> = vec![
        ("proved", format!("the leaf is record {} of {size}", proof.index).into()),
        ("origin", checkpoint.origin.into()),
        ("root", checkpoint.root.to_string().into()),
        ("signed by", signer.into()),
    ];
    if args.policy.is_some() {
        let at = |seen: &Cosigned| i64::try_from(seen.time).map(instant).unwrap_or_default();
        let words: Vec<String> =
            seen.iter().map(|seen| format!("{} at {}", seen.name, at(seen))).collect();
        parts.push(("witnessed by", words.join(", ").into()));
        let listed = seen.iter().map(|seen| {
            object([("name", seen.name.as_str().into()), ("signed_at", at(seen).into())])
        });
        fields.push(("witnesses".to_owned(), Json::List(listed.collect())));
    }
    let (document, sheets) = (Json::Object(fields), vec![Sheet::record(parts)]);
    output.show(&View { document, entries: None, sheets })
}

/// A policy file.
pub(super) fn policy(path: &Path) -> Result<Policy, CliError> {
    let wrong = |problem: String| CliError::Config { path: path.to_owned(), problem };
    Policy::parse(&open(path)?).map_err(|error| wrong(error.to_string()))
}

fn open(path: &Path) -> Result<Vec<u8>, CliError> {
    fs::read(path).map_err(|error| CliError::File { file: path.display().to_string(), error })
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    fs::write(path, bytes)
        .map_err(|error| CliError::File { file: path.display().to_string(), error })
}

impl Session {
    /// The log's key: the one that was seen before, or else what the server tells.
    pub async fn log_key(&self) -> Result<VerifierKey, CliError> {
        let path = seen::path(self.client.server());
        match path.map(|path| Seen::read(&path)).transpose()?.flatten() {
            Some(seen) => Ok(seen.key),
            None => key_of(&self.checkpoint(None).await?),
        }
    }
}
