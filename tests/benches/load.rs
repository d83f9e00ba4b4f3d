//! How fast evidence is taken in over gRPC, against floors and peers, in one command:
//!
//! ```text
//! cargo bench -p gradus-tests --bench load
//! cargo bench -p gradus-tests --bench load -- --rounds 5 --seconds 1.5 --output json
//! ```
//!
//! The client is this process, and every server is one of its own, on the same machine: an echo
//! that only answers, a raw server that appends the same number of bytes to one file and syncs a
//! group at a time (the best that a durable server could do), the real server on a real directory,
//! and, where they are installed, PostgreSQL (`postgres` and `initdb` on the path, or in
//! `GRADUS_POSTGRES`) and UmaDB (`umadb` on the path, or in `GRADUS_UMADB`). Cells are measured in
//! turns, so that each round is a comparison on the machine as it then was; medians of the rounds
//! are shown. Nothing is asserted: what counts are the ratios. `-- --help` tells the rest.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::doc_markdown,
    reason = "it is run by hand, and names products"
)]

#[path = "load/settings.rs"]
mod settings;

#[path = "load/items.rs"]
mod items;

#[path = "load/echo.rs"]
mod echo;
#[path = "reads/machine.rs"]
mod machine;
#[path = "load/ours.rs"]
mod ours;
#[path = "load/postgres.rs"]
mod postgres;
#[path = "load/process.rs"]
mod process;
#[path = "load/raw.rs"]
mod raw;
#[path = "load/umadb.rs"]
mod umadb;

#[path = "load/drive.rs"]
mod drive;
#[path = "load/shape.rs"]
mod shape;
#[path = "load/table.rs"]
mod table;

#[path = "load/after.rs"]
mod after;
#[path = "load/beside.rs"]
mod beside;
#[path = "load/hidden.rs"]
mod hidden;
#[path = "load/large.rs"]
mod large;
#[path = "load/noisy.rs"]
mod noisy;
#[path = "load/stages.rs"]
mod stages;

use drive::Lines;
use settings::{Part, Settings};
use shape::Shape;
use table::Table;

/// That of the program, for every server here.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    // What cargo adds for every bench.
    arguments.retain(|argument| argument != "--bench");
    if arguments.first().is_some_and(|first| first == process::ROLE) {
        process::serve(&arguments[1..]);
        return;
    }
    let settings = Settings::read(&arguments);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime").block_on(measured(&settings));
}

/// Measures every part that is asked for.
async fn measured(settings: &Settings) {
    if let Some(units) = settings.units {
        items::push_for(units.get());
    }
    let mut told = serde_json::Map::new();
    if settings.wants(Part::Stages) {
        let table = tokio::task::spawn_blocking(stages::measured).await.expect("the stages");
        settings.show(&table.text());
        told.insert("stages".to_owned(), table.json());
    }
    if settings.wants(Part::Append) {
        let folder = settings.folder();
        let table = appends(settings, folder.path()).await;
        settings.show(&table.text());
        told.insert("append".to_owned(), table.json());
    }
    if settings.wants(Part::After) {
        let folder = settings.folder();
        let table = after::measured(settings, folder.path()).await;
        settings.show(&table.text());
        told.insert("after".to_owned(), table.json());
    }
    if settings.wants(Part::Beside) {
        let folder = settings.folder();
        let table = beside::measured(settings, folder.path()).await;
        settings.show(&table.text());
        told.insert("beside".to_owned(), table.json());
    }
    if settings.wants(Part::Noisy) {
        let folder = settings.folder();
        let table = noisy::measured(settings, folder.path()).await;
        settings.show(&table.text());
        told.insert("noisy".to_owned(), table.json());
    }
    if settings.wants(Part::Hidden) {
        let folder = settings.folder();
        let table = hidden::measured(settings, folder.path()).await;
        settings.show(&table.text());
        told.insert("hidden".to_owned(), table.json());
    }
    if settings.wants(Part::Large) {
        let table = large::measured(settings).await;
        settings.show(&table.text());
        told.insert("large".to_owned(), table.json());
    }
    if settings.json {
        let text = serde_json::to_string_pretty(&told).expect("JSON");
        println!("{text}");
    }
}

/// Every shape on every server, in turns.
async fn appends(settings: &Settings, folder: &std::path::Path) -> Table {
    let mut all = Vec::new();
    for name in &settings.servers {
        match Lines::open(name, folder).await {
            Ok(lines) => all.push(lines),
            Err(reason) => eprintln!("{name} is left out: {reason}"),
        }
    }
    let mut table = Table::default();
    // The first round only warms up.
    for round in 0..=settings.rounds {
        for shape in Shape::ALL.into_iter().filter(|shape| settings.shapes.contains(shape)) {
            for lines in &mut all {
                let before = (lines.processor_time(), drive::acknowledged());
                let Some(cell) = lines.drive(shape, settings.seconds).await else { continue };
                let lag = lines.settle().await;
                let took = lines.processor_time().saturating_sub(before.0);
                let events = drive::acknowledged() - before.1;
                if round > 0 {
                    table.take(shape, lines.name(), (cell, lag), (took, events));
                }
            }
        }
    }
    for lines in &all {
        table.memory(lines.name(), lines.resident_mib());
    }
    table
}
