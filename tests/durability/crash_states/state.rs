//! Opens one crash state with the real server and holds it against what was promised by then.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::MutexGuard;

use crate::client::{Call, Client};
use crate::held::Held;
use crate::ledger::{Due, Ledger};
use crate::load::{Load, register, submit};
use crate::process::{Launch, STARTS};
use crate::random::Random;
use crate::tool::run_tool;

/// A state to be checked.
pub(crate) struct State {
    /// The disk.
    pub(crate) image: PathBuf,
    /// What was acknowledged before the record was so long must be there.
    pub(crate) promised_before: u64,
    /// Chooses what is appended.
    pub(crate) seed: u64,
    /// Says in words which state it is.
    pub(crate) name: String,
}

/// What a state was found to hold.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Kept {
    /// Acknowledged calls that had to be there, and were.
    pub(crate) acks: u64,
    pub(crate) records: u64,
}

/// Mounts the disk and checks it; the first promise that was broken, in words.
pub(crate) async fn check(
    state: &State,
    program: &Path,
    folder: &Path,
    load: &Load,
) -> Result<Kept, String> {
    let mounted = Command::new("mount")
        .args(["-o", "loop"])
        .arg(&state.image)
        .arg(folder)
        .stderr(Stdio::piped())
        .output()
        .expect("mount runs");
    if !mounted.status.success() {
        let said = String::from_utf8_lossy(&mounted.stderr);
        return Err(format!("the file system does not mount: {said}"));
    }
    let checked = opened(state, program, &folder.join("data"), load).await;
    run_tool(Command::new("umount").arg(folder));
    checked
}

async fn opened(state: &State, program: &Path, data: &Path, load: &Load) -> Result<Kept, String> {
    let mut server = Launch::new(program, data).start();
    let Some(address) = server.address(STARTS).await else {
        server.kill();
        return Err(format!("the server does not start: {}", server.said()));
    };
    let client = Client::connect(address, data).await?;
    let mut held = Held::new();
    held.read(&client).await?;
    let due = Due::Before(state.promised_before);
    let kept = {
        let ledger = load.ledger();
        ledger.check(&held, due)?;
        kept(&ledger, state.promised_before, &held)
    };
    appends(&client, held, state.seed).await?;
    server.kill();
    Ok(kept)
}

fn kept(ledger: &MutexGuard<'_, Ledger>, before: u64, held: &Held) -> Kept {
    let acks = ledger.acks.iter().filter(|ack| ack.seen_at < before).count();
    Kept { acks: acks as u64, records: held.size() }
}

/// The log takes a new unit and an item for it, behind all that is there.
async fn appends(client: &Client, mut held: Held, seed: u64) -> Result<(), String> {
    let mut random = Random::new(seed);
    let unit = register(&mut random);
    let Call::Register(asked) = &unit else { return Err("no registration".to_owned()) };
    let item = submit(&mut random, asked.name.clone(), 1, 10);
    for call in [unit, item] {
        let receipt = call.send(client).await;
        let receipt = receipt.map_err(|status| format!("no append is taken: {status:?}"))?;
        held.follows(&receipt)?;
    }
    Ok(())
}
