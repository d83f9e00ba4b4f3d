//! The binary `gradus`.

use std::process::ExitCode;

/// Taking in evidence is many small texts; the system's allocator took a quarter of the time.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    gradus_cli::run(&std::env::args_os().collect::<Vec<_>>())
}
