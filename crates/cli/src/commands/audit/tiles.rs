//! `gradus audit export` and `gradus audit verify`: the log as static files that any tool for
//! transparency logs reads.

use gradus_proof::policy::Cosigned;
use gradus_proof::state::links::Links;
use gradus_proof::{Checkpoint, Note, VerifierKey};
use gradus_server::operate::Step;
use gradus_wire::v1;

use crate::args::audit::{ExportArgs, VerifyArgs};
use crate::commands::progress::Progress;
use crate::commands::prove::policy;
use crate::error::CliError;
use crate::output::json::{Json, object};
use crate::output::sheet::Sheet;
use crate::output::{Output, View};
use crate::seen::{Seen, key_of};
use crate::session::Session;
use crate::tree::{Folder, Tree};

/// Writes the log into a folder, or adds what came since the last time.
pub(super) async fn export(session: &Session, args: ExportArgs) -> Result<(), CliError> {
    let send = async |request| session.client.proofs().get_checkpoint(request).await;
    let asked = v1::GetCheckpointRequest { point: None, witnessed: args.witnessed };
    let told = session.client.call(asked, send).await?;
    let note = told.checkpoint.as_ref().map(|checkpoint| checkpoint.note.as_str());
    let now = Seen::open(key_of(&told)?, note.unwrap_or_default())?;
    session.heed(&now.note).await?;
    let folder = Folder::new(&args.directory);
    let before = match folder.note()? {
        Some(note) => Some(Checkpoint::open(&note, &now.key).map_err(|e| CliError::proof(&e))?),
        None => None,
    };
    let had = before.as_ref().map_or(0, |before| before.size);
    if let Some(before) = before.as_ref().filter(|before| now.checkpoint.size < before.size) {
        session.grown(before, &now.checkpoint).await?;
        return shown(session.output, before, had, args.hashes);
    }
    let tree = Tree::open(folder, before.as_ref(), !args.hashes)?;
    let progress = Progress::new(session.output);
    let written = fetched(session, tree, &now, &progress).await;
    progress.end();
    written?;
    shown(session.output, &now.checkpoint, had, args.hashes)
}

async fn fetched(
    session: &Session,
    mut tree: Tree,
    now: &Seen,
    progress: &Progress,
) -> Result<(), CliError> {
    let (size, from) = (now.checkpoint.size, tree.size());
    while let Some(tile) = tree.next(size) {
        let asked = v1::ReadTileRequest { path: tile.to_string() };
        let send = async |request| session.client.proofs().read_tile(request).await;
        let answer = session.client.call(asked, send).await?;
        tree.add(tile, &answer.content)?;
        progress.tell(Step::Writing, tree.size() - from, size - from);
    }
    let tell = |checked: u64| progress.tell(Step::Verifying, checked - from, size - from);
    tree.finish(&now.checkpoint, &now.note, tell)
}

fn shown(output: Output, now: &Checkpoint, had: u64, hashes: bool) -> Result<(), CliError> {
    let added = now.size - had;
    let document = object([
        ("verified", Json::Bool(true)),
        ("origin", now.origin.as_str().into()),
        ("log_size", now.size.into()),
        ("root", now.root.to_string().into()),
        ("added", added.into()),
        ("entries", Json::Bool(!hashes)),
    ]);
    let what = if hashes { "hashes of records" } else { "records" };
    let sheet = Sheet::record(vec![
        ("origin", now.origin.clone().into()),
        ("log_size", now.size.to_string().into()),
        ("root", now.root.to_string().into()),
        ("added", format!("{added} {what}").into()),
        ("proof", "holds: what was written was read again and leads to this root".into()),
    ]);
    output.show(&View { document, entries: None, sheets: vec![sheet] })
}

/// Verifies an export, without a server.
pub fn verify(args: &VerifyArgs, output: &Output) -> Result<(), CliError> {
    let folder = Folder::new(&args.directory);
    let nothing =
        || CliError::Inconclusive(format!("{} holds no checkpoint", args.directory.display()));
    let note = folder.note()?.ok_or_else(nothing)?;
    let (checkpoint, witnesses) = signed(args, &note)?;
    let progress = Progress::new(*output);
    let tell = |checked: u64| progress.tell(Step::Verifying, checked, checkpoint.size);
    let mut links = Links::new();
    let verified = folder.verify(0, &checkpoint, tell, |leaf, hash| {
        let position = links.size();
        let follows = links.push(leaf, hash);
        follows.map_err(|error| CliError::Proof(format!("record {position}: {error}")))
    });
    progress.end();
    verified?;
    let entries = folder.has_entries();
    let names: Vec<String> = witnesses.iter().map(|seen| seen.name.clone()).collect();
    let document = object([
        ("verified", Json::Bool(true)),
        ("origin", checkpoint.origin.as_str().into()),
        ("log_size", checkpoint.size.into()),
        ("root", checkpoint.root.to_string().into()),
        ("entries", Json::Bool(entries)),
        ("witnesses", Json::List(names.iter().map(|name| name.as_str().into()).collect())),
    ]);
    let proved = if entries {
        "each tile and each record is the one that was hashed, and follows the one before it"
    } else {
        "each tile is the one that was hashed; records are not here"
    };
    let mut parts = vec![
        ("proved", proved.into()),
        ("origin", checkpoint.origin.clone().into()),
        ("log_size", checkpoint.size.to_string().into()),
        ("root", checkpoint.root.to_string().into()),
    ];
    if args.policy.is_some() {
        parts.push(("witnessed by", names.join(", ").into()));
    }
    output.show(&View { document, entries: None, sheets: vec![Sheet::record(parts)] })
}

fn signed(args: &VerifyArgs, note: &Note) -> Result<(Checkpoint, Vec<Cosigned>), CliError> {
    let mut found = None;
    if let Some(path) = &args.policy {
        let verdict = policy(path)?.require(note).map_err(|error| CliError::proof(&error))?;
        found = Some((verdict.checkpoint, verdict.witnesses));
    }
    if let Some(text) = &args.key {
        let key: VerifierKey = text.parse().map_err(|error: gradus_proof::NoteError| {
            CliError::usage(error.to_string(), "gradus checkpoint shows the log's key")
        })?;
        let checkpoint = Checkpoint::open(note, &key).map_err(|error| CliError::proof(&error))?;
        found = Some((checkpoint, found.map(|(_, witnesses)| witnesses).unwrap_or_default()));
    }
    found.ok_or_else(|| CliError::usage("nobody is named who has signed", "give --key or --policy"))
}
