//! Errors of the file system, injected into each kind of call that the server makes.
//!
//! A small library of our own, compiled here from `io_errors/shim.c`, is loaded into the server
//! before libc and fails the n-th call of a kind below the data directory: once, or from there on,
//! with EIO or ENOSPC, after half of a write or none of it. Sled, our own files and Rust's standard
//! library are all hit, at the start, under load, and at the stop.
//!
//! After every error the server runs again without one: it must start, hold what was acknowledged,
//! and take the calls that had no answer. A server that ended must have named the error; a call
//! that was refused must have been told that it is not the caller's fault.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::client::Client;
use crate::full_disk::codes_are_right;
use crate::life::{Kept, Life};
use crate::load::{Mix, SMALL};
use crate::process::{Launch, STARTS};
use crate::random::Random;
use crate::tool::run_tool;
use crate::{Common, Outcome, runtime};

const SHIM: &str = include_str!("io_errors/shim.c");

/// The kinds of calls, as the shim numbers them, and the errors that each may meet.
const KINDS: [(&str, &[Errno]); 12] = [
    ("open", &[EIO, ENOSPC]),
    ("read", &[EIO]),
    ("pread", &[EIO]),
    ("write", &[EIO, ENOSPC]),
    ("pwrite", &[EIO, ENOSPC]),
    ("fsync", &[EIO, ENOSPC]),
    ("fdatasync", &[EIO, ENOSPC]),
    ("sync_file_range", &[EIO, ENOSPC]),
    ("ftruncate", &[EIO, ENOSPC]),
    ("rename", &[EIO, ENOSPC]),
    ("unlink", &[EIO]),
    ("mkdir", &[EIO, ENOSPC]),
];
const FAILED: usize = KINDS.len();

/// An error, and what the system says of it.
type Errno = (i32, &'static str);
const EIO: Errno = (5, "Input/output error");
const ENOSPC: Errno = (28, "No space left on device");

/// How many broken promises are enough to stop.
const MOST_BROKEN: usize = 20;
const WORKERS: u64 = 4;
const MIXED: Mix = Mix { batches: 8, most_items: 40, ..SMALL };

/// How much is tried.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Extent {
    /// How many errors are injected.
    #[arg(long, default_value_t = 60)]
    errors: u64,
    /// How many tries use one directory; then a new one is begun.
    #[arg(long, default_value_t = 20)]
    tries_of_a_directory: u64,
    /// Kinds of calls that are spared, such as `pread`.
    #[arg(long)]
    spare: Vec<String>,
}

/// An error to inject.
#[derive(Clone, Copy, Debug)]
struct Fault {
    kind: usize,
    nth: u64,
    /// How many calls fail from the n-th on.
    times: u64,
    errno: Errno,
    /// Whether half of the first write is written.
    short: bool,
}

/// How a server took an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Took {
    /// The call was never made.
    NotMet,
    RefusedToStart,
    Ended,
    WentOn,
}

/// How often the errors of each kind were taken how.
#[derive(Debug, Default)]
struct Tally {
    taken: [[u64; 3]; KINDS.len()],
    kept: Kept,
}

/// Injects errors.
pub(crate) fn run(common: &Common, extent: &Extent) -> Outcome {
    let kinds = KINDS
        .iter()
        .enumerate()
        .filter(|(_, (name, _))| !extent.spare.iter().any(|spared| spared == name));
    let kinds: Vec<usize> = kinds.map(|(kind, _)| kind).collect();
    let shim = compiled(&common.folder("shim"));
    let begun = Instant::now();
    let mut tally = Tally::default();
    let mut broken = Vec::new();
    let mut number = 0;
    while tally.injected() < extent.errors && broken.len() < MOST_BROKEN {
        let folder = common.folder(&format!("errors-{number}"));
        let mut faulty = Faulty::new(common, &shim, &folder, number);
        let (left, before) = (extent.errors - tally.injected(), broken.len());
        for attempt in 0..extent.tries_of_a_directory.min(left) {
            let fault = faulty.choose(&kinds);
            match runtime().block_on(faulty.attempt(fault)) {
                Ok(took) => tally.add(fault, took),
                Err(reason) => {
                    let (name, _) = KINDS[fault.kind];
                    let told =
                        format!("directory {number}, {attempt}, {name}, {fault:?}: {reason}");
                    println!("BROKEN {told}");
                    broken.push(told);
                    break;
                }
            }
        }
        if broken.len() == before {
            if let Err(reason) = runtime().block_on(faulty.life.last_check()) {
                broken.push(format!("directory {number}, at its end: {reason}"));
            }
            fs::remove_dir_all(&folder).expect("a directory that was checked goes");
        }
        tally.kept.add(faulty.life.kept);
        number += 1;
        if number.is_multiple_of(5) {
            println!("{} errors in {} s", tally.injected(), begun.elapsed().as_secs());
        }
    }
    tally.tell(begun);
    Outcome::of(broken)
}

fn compiled(folder: &Path) -> PathBuf {
    let (source, shim) = (folder.join("shim.c"), folder.join("shim.so"));
    fs::write(&source, SHIM).expect("the source of the shim");
    let mut compiler = Command::new("cc");
    compiler.args(["-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"]);
    run_tool(compiler.arg(&shim).arg(&source).arg("-ldl"));
    shim
}

impl Tally {
    fn injected(&self) -> u64 {
        self.taken.iter().flatten().sum()
    }

    fn add(&mut self, fault: Fault, took: Took) {
        let way = match took {
            Took::NotMet => return,
            Took::RefusedToStart => 0,
            Took::Ended => 1,
            Took::WentOn => 2,
        };
        self.taken[fault.kind][way] += 1;
    }

    fn tell(&self, begun: Instant) {
        println!("{} errors in {} s, {:?}", self.injected(), begun.elapsed().as_secs(), self.kept);
        println!("| call | refused to start | ended | went on |\n|---|---|---|---|");
        for ((name, _), [refused, ended, went_on]) in KINDS.iter().zip(self.taken) {
            println!("| {name} | {refused} | {ended} | {went_on} |");
        }
    }
}

/// A directory whose server meets errors.
struct Faulty {
    life: Life,
    shim: PathBuf,
    counts: PathBuf,
    /// How many calls of each kind the last run without an error made.
    seen: Vec<u64>,
    random: Random,
}

impl Faulty {
    fn new(common: &Common, shim: &Path, folder: &Path, number: u64) -> Self {
        let life = Life::new(&common.gradus, folder);
        let counts = folder.join("counts");
        let random = Random::branch(common.seed, number);
        let seen = vec![40; KINDS.len()];
        Self { life, shim: shim.to_owned(), counts, seen, random }
    }

    /// Each kind as likely as the others, at any of the calls that a run makes.
    fn choose(&mut self, kinds: &[usize]) -> Fault {
        let random = &mut self.random;
        let kind = *random.of(kinds);
        let seen = self.seen[kind].max(1);
        // Starts make few calls, loads many: both ends of the range are tried.
        let seen = if random.percent(40) { seen.min(30) } else { seen };
        let (_, errors) = KINDS[kind];
        Fault {
            kind,
            nth: 1 + random.below(seen),
            times: *random.of(&[1, 1, 2, u64::MAX]),
            errno: *random.of(errors),
            short: random.percent(30),
        }
    }

    async fn attempt(&mut self, fault: Fault) -> Result<Took, String> {
        fs::write(&self.counts, [0; (FAILED + 1) * 8]).map_err(|error| error.to_string())?;
        let took = self.with(fault).await?;
        self.count();
        let refusals = std::mem::take(&mut self.life.load.ledger().refusals);
        codes_are_right(&refusals)?;
        let (mut server, _) = self.life.recovered().await?;
        if self.random.percent(50) {
            server.terminate();
            if server.ended(STARTS).await.is_none_or(|status| !status.success()) {
                return Err(format!("no clean stop without an error: {}", server.said()));
            }
        }
        Ok(took)
    }

    /// Start, load and stop, with the error.
    async fn with(&mut self, fault: Fault) -> Result<Took, String> {
        let launch = self.faulty_launch(fault);
        let mut server = launch.start();
        let met = |failed: u64, took: Took| if failed == 0 { Took::NotMet } else { took };
        let Some(address) = server.address(STARTS).await else {
            let ended = server.ended(STARTS).await;
            server.kill();
            return match ended {
                None => Err(format!("the start hangs: {}", server.said())),
                Some(_) => named(fault, &server.said()).map(|()| Took::RefusedToStart),
            };
        };
        let mut took = Took::WentOn;
        match Client::connect(address, &launch.data).await {
            Ok(client) => self.work(&client).await,
            // It may have ended at once.
            Err(_) => took = Took::Ended,
        }
        server.terminate();
        let Some(status) = server.ended(STARTS).await else {
            return Err(format!("the stop hangs: {}", server.said()));
        };
        server.kill();
        if !status.success() {
            took = Took::Ended;
            named(fault, &server.said())?;
        }
        Ok(met(self.failed(), took))
    }

    fn faulty_launch(&self, fault: Fault) -> Launch {
        let mut launch = self.life.launch.clone();
        let mut set = |name: &str, value: String| {
            launch.environment.push((name.to_owned(), value));
        };
        set("LD_PRELOAD", self.shim.display().to_string());
        set("GRADUS_FAULT_UNDER", self.life.launch.data.display().to_string());
        set("GRADUS_FAULT_COUNTS", self.counts.display().to_string());
        set("GRADUS_FAULT_KIND", fault.kind.to_string());
        set("GRADUS_FAULT_NTH", fault.nth.to_string());
        set("GRADUS_FAULT_TIMES", fault.times.to_string());
        set("GRADUS_FAULT_ERRNO", fault.errno.0.to_string());
        set("GRADUS_FAULT_SHORT", u8::from(fault.short && fault.times > 1).to_string());
        launch
    }

    async fn work(&mut self, client: &Client) {
        let workers = (0..WORKERS).map(|_| {
            let own = Random::new(self.random.next());
            tokio::spawn(self.life.load.clone().work(client.clone(), own, MIXED, 12))
        });
        for worker in workers.collect::<Vec<_>>() {
            worker.await.expect("a worker");
        }
    }

    /// How many calls were failed.
    fn failed(&self) -> u64 {
        self.numbers().get(FAILED).copied().unwrap_or_default()
    }

    /// Notes how many calls there were, to choose the next error by.
    fn count(&mut self) {
        let numbers = self.numbers();
        for (seen, now) in self.seen.iter_mut().zip(numbers) {
            *seen = (*seen).max(now);
        }
    }

    fn numbers(&self) -> Vec<u64> {
        let bytes = fs::read(&self.counts).expect("the shim's counts");
        let number = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_ne_bytes);
        bytes.chunks_exact(8).map(number).collect()
    }
}

/// A server that ended must have said which error it met, and advise nothing that does not help.
fn named(fault: Fault, said: &str) -> Result<(), String> {
    let (_, words) = fault.errno;
    // Half a write is told by the standard library in its own words; the file is named.
    let half = fault.short && said.contains("write");
    if !(said.contains(words) || half) {
        return Err(format!("it ended without naming the error: {said:?}"));
    }
    if said.contains("restore a backup") {
        return Err(format!("it advises a backup for an error of the file system: {said:?}"));
    }
    Ok(())
}
