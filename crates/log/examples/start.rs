//! Opens a log and tells what each step of the start took, wall clock and processors.
//!
//! ```text
//! cargo run --release -p gradus-log --example start -- DIRECTORY [behind]
//! ```
//!
//! With `behind` it waits until what was verified before was verified again. The directory is that of
//! a server that does not run; nothing is added to it.

#![expect(clippy::print_stdout, clippy::expect_used, reason = "it is run by hand")]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gradus_log::{Log as _, Options, Progress, SledLog};

/// That of the program.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() {
    tracing_subscriber::fmt().with_max_level(tracing::Level::INFO).init();
    let mut arguments = std::env::args().skip(1);
    let directory: PathBuf = arguments.next().expect("a directory").into();
    let waits = arguments.next().is_some();
    let done = Arc::new(AtomicBool::new(!waits));
    let told = Arc::clone(&done);
    let on_progress = Arc::new(move |progress| match progress {
        Progress::VerifyingBehind { records, expected } if records == expected => {
            told.store(true, Ordering::SeqCst);
        }
        _ => (),
    });
    let begun = Instant::now();
    let log = SledLog::open(&directory, Options { on_progress, ..Options::default() });
    let log = log.expect("an open log");
    println!("open after {:?}; {}", begun.elapsed(), process());
    println!("{} records", log.head().size);
    while !done.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(100));
    }
    println!("ended after {:?}; {}", begun.elapsed(), process());
}

/// Memory and time of the processors of this process, as the system tells them.
fn process() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let lines =
        status.lines().filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM"));
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    let memory: Vec<&str> = lines.collect();
    format!("{} ms of the processors, {}", ticks * 10, memory.join(", "))
}
