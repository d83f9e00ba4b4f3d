//! The binary `gradus`.

use std::process::ExitCode;

fn main() -> ExitCode {
    gradus_cli::run(&std::env::args_os().collect::<Vec<_>>())
}
