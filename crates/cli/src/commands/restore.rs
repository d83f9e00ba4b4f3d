//! `gradus restore` and `gradus upgrade`.

use std::path::Path;

use gradus_server::operate::{self, Until};

use crate::args::operate::{DATA, RestoreArgs, UpgradeArgs};
use crate::commands::progress::Progress;
use crate::error::CliError;
use crate::output::json::object;
use crate::output::sheet::Sheet;
use crate::output::{Output, View};

/// Makes a directory of an archive.
pub async fn run(args: &RestoreArgs, output: Output) -> Result<(), CliError> {
    let until = match (args.to_size, args.to_time) {
        (Some(size), _) => Until::Size(size),
        (None, Some(at)) => Until::Time(at),
        (None, None) => Until::All,
    };
    let progress = Progress::new(output);
    let tell: operate::OnStep<'_> = &|step, done, total| progress.tell(step, done, total);
    let clock = gradus_server::system_clock();
    let keys = args.keys.as_deref();
    let restored = operate::restore(&args.archive, keys, &args.to, until, clock, tell).await;
    progress.end();
    let restored = restored?;
    let forked = restored.head > restored.size;
    let directory = args.to.display().to_string();
    let mut facts = vec![
        ("directory", directory.clone().into()),
        ("records", format!("{} of {}, all verified", restored.size, restored.of).into()),
        ("root", restored.root.to_string().into()),
    ];
    if forked {
        facts.push(("forked", format!("event {} says so", restored.size).into()));
    }
    output.show(&View {
        document: object([
            ("directory", directory.into()),
            ("size", restored.size.into()),
            ("of", restored.of.into()),
            ("root", restored.root.to_string().into()),
            ("forked", forked.into()),
        ]),
        entries: None,
        sheets: vec![Sheet::record(facts)],
    })
}

/// Shows the format of a directory, or takes the newest.
pub fn upgrade(args: &UpgradeArgs, output: Output) -> Result<(), CliError> {
    let data = args.data.as_deref().unwrap_or(Path::new(DATA));
    let (before, supported) = operate::upgrade(data, args.finalize)?;
    let written = if args.finalize { supported } else { before };
    let state = match (before == supported, args.finalize) {
        (true, _) => "the newest format is written already: nothing to finalize",
        (false, true) => "finalized: versions that do not know the new format refuse it",
        (false, false) => "the version before can be gone back to, until --finalize",
    };
    output.show(&View {
        document: object([
            ("directory", data.display().to_string().into()),
            ("written", written.into()),
            ("supported", supported.into()),
            ("finalized", (written == supported).into()),
        ]),
        entries: None,
        sheets: vec![Sheet::record(vec![
            ("directory", data.display().to_string().into()),
            ("format written", written.to_string().into()),
            ("format supported", supported.to_string().into()),
            ("state", state.into()),
        ])],
    })
}
