//! What reads cost over gRPC, against an echo of the same size.
//!
//! `cargo bench -p gradus-tests`; `GRADUS_EVENTS=10000,200000` gives the sizes. The real server and
//! the echo run in this process, each on a runtime of its own, and one client speaks to both over
//! real sockets, in turns. Nothing is asserted: the table says how both did in the same run.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "it is run by hand"
)]

use std::time::Instant;

#[path = "reads/echo.rs"]
mod echo;
#[path = "reads/load.rs"]
mod load;
#[path = "reads/machine.rs"]
mod machine;
#[path = "reads/questions.rs"]
mod questions;
#[path = "reads/system.rs"]
mod system;
#[path = "reads/table.rs"]
mod table;

use echo::Echo;
use machine::{bytes_below, resident_mib};
use questions::Questions;
use system::System;
use table::{Table, per, shown};

/// As in the server's own binary.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() {
    let sizes = std::env::var("GRADUS_EVENTS").unwrap_or_else(|_| "10000".to_owned());
    for size in sizes.split(',') {
        let facts = size.trim().parse().expect("GRADUS_EVENTS is a list of numbers");
        measured(facts);
    }
}

/// A runtime with as many threads as the machine has processors.
fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().build().expect("a runtime")
}

/// Loads a log of so many facts, then measures everything on it.
fn measured(facts: u64) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (servers, echoes) = (runtime(), runtime());
    let client = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let client = client.expect("a runtime");

    let before = resident_mib(std::process::id());
    let system = servers.block_on(System::start(directory.path()));
    let begun = Instant::now();
    let loaded = servers.block_on(load::load(&system, facts));
    let (events, took) = (loaded.events, begun.elapsed());
    println!(
        "{facts} facts on {} projects; {events} records, loaded in {took:.1?}",
        loaded.projects.len()
    );
    println!(
        "  memory once loaded: {} MiB resident, before {before} MiB",
        resident_mib(std::process::id())
    );

    let begun = Instant::now();
    servers.block_on(system.stop());
    println!("  stop: {}", shown(begun.elapsed()));
    for what in ["log", "projections"] {
        let bytes = bytes_below(&directory.path().join("data").join(what));
        println!("  data/{what}: {} bytes a record, {} MiB", per(bytes, events), bytes >> 20);
    }
    let begun = Instant::now();
    let system = servers.block_on(System::start(directory.path()));
    println!("  start on that directory: {}", shown(begun.elapsed()));

    let questions = Questions::new(loaded);
    let canned = client.block_on(async {
        let mut levels = system.client().await.levels;
        questions.canned(&mut levels).await
    });
    let echo = {
        let _entered = echoes.enter();
        Echo::start(canned)
    };
    let table = client.block_on(async {
        let (mut ours, mut floor) = (system.client().await.levels, echo.client().await);
        let mut table = Table::default();
        questions.asked_in_turns(&mut table, &mut ours, &mut floor).await;
        table
    });
    println!("{table}");
    client.block_on(async {
        let (ours, floor) = (system.client().await.levels, echo.client().await);
        questions.side_by_side(ours, floor).await;
    });
    println!(
        "  memory after reading, server, echo and client: {} MiB resident",
        resident_mib(std::process::id())
    );
    servers.block_on(system.stop());
}
