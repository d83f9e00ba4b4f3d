//! Power cuts: every prefix of what a disk was told, and reorderings between two flushes.
//!
//! The server runs on ext4 on a loop device over a file that `qemu-storage-daemon` exports by FUSE,
//! so that every write and flush is on record, with the data. An acknowledgement is noted with the
//! length of the record when it came. All that it can rest on is then within that length, so every
//! state of the disk with a longer record must hold it: all of the entries, or those up to the last
//! flush and any part of those after.
//!
//! Each state is mounted (ext4 replays its journal) and opened by the real server, which is told
//! another boot id, as after a power cut. Everything happens in a mount namespace of its own.

mod image;
mod recording;
mod state;
mod write_log;

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use image::Survivors;
use recording::{Recording, record};
use state::{Kept, State, check};
use write_log::{Entry, What};

use crate::load::Load;
use crate::random::Random;
use crate::tool::run_tool;
use crate::{Common, Outcome, runtime};

/// How many broken promises are enough to stop.
const MOST_BROKEN: usize = 10;
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// How much is tried.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Extent {
    /// How many states are checked.
    #[arg(long, default_value_t = 200)]
    states: u64,
    /// How many states of one recording are checked; then a new one is made.
    #[arg(long, default_value_t = 4_000)]
    states_of_a_recording: u64,
    /// How many states are checked at once.
    #[arg(long, default_value_t = 2)]
    at_once: usize,
    /// Checks every prefix of a recording, not a random part of them.
    #[arg(long)]
    every_prefix: bool,
}

/// What came of the states so far.
#[derive(Debug, Default)]
struct Tally {
    checked: u64,
    acks: u64,
    most_records: u64,
    broken: Vec<String>,
}

/// Devices and tools that the harness needs.
pub(crate) const NEEDS: [&str; 9] = [
    "/dev/fuse",
    "/dev/loop-control",
    "qemu-storage-daemon",
    "mkfs.ext4",
    "mount",
    "umount",
    "unshare",
    "setpriv",
    "truncate",
];

/// Checks crash states, after [`crate::tool::go_apart`].
pub(crate) fn run(common: &Common, extent: Extent) -> Outcome {
    let tally = Arc::new(Mutex::new(Tally::default()));
    let begun = Instant::now();
    let mut recordings = 0;
    loop {
        let left = extent.states - locked(&tally).checked.min(extent.states);
        if left == 0 || locked(&tally).broken.len() >= MOST_BROKEN {
            break;
        }
        recordings += 1;
        let seed = Random::branch(common.seed, recordings).next();
        let work = common.folder(&format!("recording-{recordings}"));
        check_recording(common, extent, left, seed, &work, &tally);
        if locked(&tally).broken.is_empty() {
            fs::remove_dir_all(&work).expect("an old recording goes");
        }
    }
    let tally = std::mem::take(&mut *locked(&tally));
    let took = begun.elapsed().as_secs_f64();
    println!(
        "{} crash states of {recordings} recordings in {took:.0} s, {} promises checked, \
         logs of up to {} records, {} broken",
        tally.checked,
        tally.acks,
        tally.most_records,
        tally.broken.len()
    );
    Outcome::of(tally.broken)
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn check_recording(
    common: &Common,
    extent: Extent,
    left: u64,
    seed: u64,
    work: &Path,
    tally: &Arc<Mutex<Tally>>,
) {
    let mut random = Random::new(seed);
    let begun = Instant::now();
    let recording = runtime().block_on(record(&common.gradus, work, &mut random));
    tell(&recording, seed, begun);
    let other_boot = work.join("boot_id");
    fs::write(&other_boot, format!("{}\n", random.uuid())).expect("another boot id");
    run_tool(Command::new("mount").arg("--bind").arg(&other_boot).arg(BOOT_ID));

    let (hand_out, states) = sync_channel(extent.at_once);
    let states = Arc::new(Mutex::new(states));
    let load = recording.load.clone();
    std::thread::scope(|scope| {
        for number in 0..extent.at_once {
            let (states, load) = (Arc::clone(&states), load.clone());
            let folder = work.join(format!("state-{number}"));
            fs::create_dir_all(&folder).expect("a mount point");
            scope.spawn(move || check_all(&states, &common.gradus, &folder, &load, tally));
        }
        let most = left.min(extent.states_of_a_recording);
        let every = extent.every_prefix;
        enumerate(recording, most, every, &mut random, work, &hand_out);
        drop(hand_out);
    });
    run_tool(Command::new("umount").arg(BOOT_ID));
}

fn tell(recording: &Recording, seed: u64, begun: Instant) {
    let is_flush = |entry: &&Entry| matches!(entry.what, What::Flush);
    let ledger = recording.load.ledger();
    println!(
        "recording with seed {seed}: {} entries, {} flushes, {} calls acknowledged with {} \
         records, {:.1} s",
        recording.entries.len(),
        recording.entries.iter().filter(is_flush).count(),
        ledger.acks.len(),
        ledger.records(),
        begun.elapsed().as_secs_f64()
    );
    assert!(ledger.open.is_empty(), "calls were refused: {:?}", ledger.refusals);
}

/// Checks states until there are no more, or one breaks a promise.
fn check_all(
    states: &Mutex<Receiver<State>>,
    program: &Path,
    folder: &Path,
    load: &Load,
    tally: &Mutex<Tally>,
) {
    let runtime = runtime();
    loop {
        let Ok(state) = locked(states).recv() else { return };
        if locked(tally).broken.len() >= MOST_BROKEN {
            continue;
        }
        let checked = runtime.block_on(check(&state, program, folder, load));
        let mut tally = locked(tally);
        tally.checked += 1;
        match checked {
            Ok(Kept { acks, records }) => {
                tally.acks += acks;
                tally.most_records = tally.most_records.max(records);
                fs::remove_file(&state.image).expect("a checked image goes");
            }
            Err(reason) => {
                let told = format!("{}: {reason}; see {}", state.name, folder.display());
                println!("BROKEN {told}");
                tally.broken.push(told);
            }
        }
        if tally.checked.is_multiple_of(500) {
            println!("{} states checked", tally.checked);
        }
    }
}

/// Hands out about `most` states, in order of the record.
fn enumerate(
    recording: Recording,
    most: u64,
    every_prefix: bool,
    random: &mut Random,
    work: &Path,
    hand_out: &SyncSender<State>,
) {
    let Recording { mut disk, entries, load } = recording;
    let writes = entries.iter().filter(|entry| !matches!(entry.what, What::Flush)).count() as u64;
    // Prefixes first: what is left of the number is spread over reorderings.
    let prefixes = if every_prefix { writes } else { writes.min(most / 4) };
    let reorderings = most.saturating_sub(prefixes);
    let mut seen = HashSet::new();
    let mut flushed = 0;
    let mut handed = 0;
    for (at, entry) in entries.iter().enumerate() {
        if matches!(entry.what, What::Flush) {
            disk.flush(&entries[flushed..=at]);
            flushed = at + 1;
        }
        let epoch = &entries[flushed..=at];
        let promised_before = entries.get(at + 1).map_or(u64::MAX, |next| next.ends_at);
        let mut states = Vec::new();
        if every_prefix || random.below(writes) < prefixes {
            states.push((format!("prefix of {} entries", at + 1), Survivors::all(epoch.len())));
        }
        if !epoch.is_empty() {
            // As many as each place is due on average, the fraction by chance.
            let more = random.below(writes) < reorderings % writes;
            for _ in 0..reorderings / writes + u64::from(more) {
                let name = format!("reordering of {flushed}..={at}");
                states.push((name, Survivors::some(epoch.len(), random)));
            }
        }
        for (name, survivors) in states {
            let due = load.due(promised_before);
            if !seen.insert((flushed, due, survivors.digest())) {
                continue;
            }
            handed += 1;
            let image = work.join(format!("state-{handed}.img"));
            disk.write_with(epoch, &survivors, &image).expect("an image is written");
            let state = State { image, promised_before, seed: random.next(), name };
            if hand_out.send(state).is_err() {
                return;
            }
        }
    }
}
