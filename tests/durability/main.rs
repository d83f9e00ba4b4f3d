//! Harnesses that show what is promised at OK: whatever dies, nothing acknowledged is lost.
//!
//! `cargo run -p gradus-tests --example durability -- crash-states` (or `kill`, `io-errors`,
//! `full-disk`, `linearize`, `overload`). Each runs the real server as a process, speaks gRPC to it with a client of its
//! own, and ends with 0 when every promise was kept, 1 when one was broken, which it names. The
//! seed is printed; what needs FUSE, loop devices or mounts is skipped loudly where they are
//! missing. tests/durability/README.md tells what each one does and what it has found.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "it is run by hand and by the checks, and ends when its own tools fail"
)]

mod random;

mod client;
mod held;
mod ledger;
mod load;
mod process;

mod life;
mod tool;

mod crash_states;
mod full_disk;
mod io_errors;
mod kill;
mod linearize;
mod overload;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Parser, Subcommand};

/// Shows that nothing acknowledged is lost.
#[derive(Parser)]
#[command(name = "durability")]
struct Arguments {
    /// Where random choices start; by default from the clock, and printed.
    #[arg(long, global = true)]
    seed: Option<u64>,
    /// The server's program; by default it is built, in the same profile as this harness.
    #[arg(long, global = true)]
    gradus: Option<PathBuf>,
    /// Where disks and directories are made; by default a temporary folder.
    #[arg(long, global = true)]
    work: Option<PathBuf>,
    #[command(subcommand)]
    harness: Harness,
}

#[derive(Subcommand)]
enum Harness {
    /// Power cuts: opens what a disk may hold after each write that it was told.
    CrashStates(crash_states::Extent),
    /// Kills the server at any moment.
    Kill(kill::Extent),
    /// Fails file calls of the server.
    IoErrors(io_errors::Extent),
    /// Fills the disk in the middle of a load.
    FullDisk(full_disk::Extent),
    /// Records what many clients at once are told, and looks for an order that explains it.
    Linearize(linearize::Extent),
    /// Offers many times the load that the server sustains, beside clients that misbehave.
    Overload(overload::Extent),
}

/// What every harness needs.
struct Common {
    seed: u64,
    /// A copy of the server's program, so that a build meanwhile changes nothing.
    gradus: PathBuf,
    work: tempfile::TempDir,
}

/// How a harness ended.
enum Outcome {
    Kept,
    Broken(Vec<String>),
    Skipped(String),
}

impl Outcome {
    /// Kept, unless there are broken promises.
    fn of(broken: Vec<String>) -> Self {
        if broken.is_empty() { Self::Kept } else { Self::Broken(broken) }
    }
}

impl Common {
    fn new(arguments: &Arguments) -> Self {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |now| now.as_secs());
        let seed = arguments.seed.unwrap_or_else(now);
        let parent = arguments.work.clone().unwrap_or_else(std::env::temp_dir);
        std::fs::create_dir_all(&parent).expect("the folder to work in");
        let work = tempfile::Builder::new().prefix("gradus-durability-").tempdir_in(parent);
        let work = work.expect("a temporary folder");
        let gradus = work.path().join("gradus");
        let built = arguments.gradus.clone().unwrap_or_else(build);
        std::fs::copy(&built, &gradus).expect("a copy of the server's program");
        println!("seed {seed}, server {}, work in {}", built.display(), work.path().display());
        Self { seed, gradus, work }
    }

    /// A new folder of this name.
    fn folder(&self, name: &str) -> PathBuf {
        let folder = self.work.path().join(name);
        std::fs::create_dir_all(&folder).expect("a folder to work in");
        folder
    }
}

/// A runtime for one thread's client.
fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().expect("a runtime")
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let apart = match arguments.harness {
        Harness::CrashStates(_) => tool::go_apart(&crash_states::NEEDS),
        Harness::FullDisk(_) => tool::go_apart(&["unshare", "mount", "umount", "setpriv"]),
        Harness::Kill(_) | Harness::Linearize(_) | Harness::Overload(_) => {
            tool::missing(&["setpriv"]).map(Outcome::Skipped)
        }
        Harness::IoErrors(_) => tool::missing(&["setpriv", "cc"]).map(Outcome::Skipped),
    };
    if let Some(outcome) = apart {
        return told(outcome);
    }
    let mut common = Common::new(&arguments);
    let outcome = match arguments.harness {
        Harness::CrashStates(extent) => crash_states::run(&common, extent),
        Harness::Kill(extent) => kill::run(&common, extent),
        Harness::IoErrors(ref extent) => io_errors::run(&common, extent),
        Harness::FullDisk(extent) => full_disk::run(&common, extent),
        Harness::Linearize(extent) => linearize::run(&common, extent),
        Harness::Overload(extent) => overload::run(&common, extent),
    };
    common.work.disable_cleanup(matches!(outcome, Outcome::Broken(_)));
    told(outcome)
}

/// Tells how it ended.
fn told(outcome: Outcome) -> ExitCode {
    match outcome {
        Outcome::Kept => {
            println!("every promise was kept");
            ExitCode::SUCCESS
        }
        Outcome::Skipped(reason) => {
            println!("SKIPPED, NOTHING WAS CHECKED: {reason}");
            ExitCode::SUCCESS
        }
        Outcome::Broken(broken) => {
            println!("{} promises were broken:", broken.len());
            for promise in broken {
                println!("- {promise}");
            }
            ExitCode::FAILURE
        }
    }
}

/// Builds the server beside this program.
fn build() -> PathBuf {
    let this = std::env::current_exe().expect("the path of this program");
    let folder = this.parent().and_then(Path::parent).expect("the folder of the build");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "--package", "gradus-cli"]);
    if folder.ends_with("release") {
        build.arg("--release");
    }
    let done = build.status().expect("cargo runs");
    assert!(done.success(), "the server does not build");
    folder.join("gradus")
}
