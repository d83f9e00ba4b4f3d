//! One run: read the command line, do it, print what went wrong, and end with the right code.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgMatches, FromArgMatches as _};

use crate::args::{self, Cli, Command};
use crate::commands;
use crate::config::{self, Settings};
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::{Format, Output, problem};
use crate::variables;

/// Runs the command line `args`, the first of which is the program.
#[must_use]
pub fn run(args: &[OsString]) -> ExitCode {
    let matches = match args::command().try_get_matches_from(args) {
        Ok(matches) => matches,
        Err(error) => return usage(with_usage(error, args), args).into(),
    };
    let mut cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => return usage(with_usage(error, args), args).into(),
    };
    if cli.globals.no_color {
        anstream::ColorChoice::Never.write_global();
    }
    let path = path(&matches);
    let format = cli.globals.output;
    let settled = config::prefer_flags(&mut cli.globals, deepest(&matches))
        .and_then(|()| Settings::read(&cli.globals));
    let settings = match settled {
        Ok(settings) => settings,
        Err(error) => return report(&path, &error, format.unwrap_or(Format::Table)).into(),
    };
    let output = Output::new(settings.output, cli.globals.quiet, cli.globals.debug);
    let runtime = match cli.command {
        Command::Serve(_) | Command::Demo(_) => gradus_server::runtime(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    match block_on(runtime, commands::run(cli.command, &settings, output)) {
        Ok(()) => Exit::Done.into(),
        Err(error) => report(&path, &error, settings.output).into(),
    }
}

fn block_on(
    mut runtime: tokio::runtime::Builder,
    run: impl Future<Output = Result<(), CliError>>,
) -> Result<(), CliError> {
    let runtime = runtime.enable_all().build()?;
    let result = runtime.block_on(run);
    // A thread that waits for an answer on the terminal would wait for ever.
    runtime.shutdown_background();
    result
}

/// The command with those above it: `gradus unit register`.
fn path(matches: &ArgMatches) -> String {
    let mut path = String::from("gradus");
    let mut matches = matches;
    while let Some((name, below)) = matches.subcommand() {
        path = format!("{path} {name}");
        matches = below;
    }
    path
}

/// The matches of the last subcommand, which has the global flags, too.
fn deepest(matches: &ArgMatches) -> &ArgMatches {
    matches.subcommand().map_or(matches, |(_, below)| deepest(below))
}

fn report(path: &str, error: &CliError, format: Format) -> Exit {
    // Whoever reads stdout has seen enough, as with `| head`.
    if let CliError::Output(cause) = error
        && cause.kind() == io::ErrorKind::BrokenPipe
    {
        return Exit::Done;
    }
    // Where stderr is gone, too, the exit code has to say it.
    let _ = problem::write(path, error, format, &mut anstream::stderr().lock());
    error.exit()
}

/// The error with the usage of the command that was meant: clap writes flags that were set by variables
/// as if they were required.
fn with_usage(mut error: clap::Error, args: &[OsString]) -> clap::Error {
    if error.get(ContextKind::Usage).is_some() {
        let mut all = args::command();
        all.build();
        let below = |meant, name: &OsString| -> &clap::Command {
            clap::Command::find_subcommand(meant, name).unwrap_or(meant)
        };
        let usage = args.iter().skip(1).fold(&all, below).clone().render_usage();
        error.insert(ContextKind::Usage, ContextValue::StyledStr(usage));
    }
    error
}

fn usage(error: clap::Error, args: &[OsString]) -> Exit {
    if !error.use_stderr() {
        let _ = error.print();
        return Exit::Done;
    }
    let source = culprit(&error, args).map(|name| format!("The value comes from {name}."));
    if wants_json(args) {
        let text = error.to_string();
        let message = message(&text);
        let hint = source.unwrap_or_else(|| "see --help".to_owned());
        return report("gradus", &CliError::usage(message, hint), Format::Json);
    }
    let _ = error.print();
    if let Some(source) = source {
        let _ = writeln!(anstream::stderr().lock(), "{source}");
    }
    Exit::Usage
}

/// What was wrong, on one line: the first paragraph of what people read.
fn message(text: &str) -> String {
    let lines = text.lines().take_while(|line| !line.is_empty());
    let message = lines.map(str::trim).collect::<Vec<_>>().join(" ");
    message.strip_prefix("error: ").unwrap_or(&message).to_owned()
}

/// Whether a command line that could not be read asks for JSON.
fn wants_json(args: &[OsString]) -> bool {
    let mut said = args.iter().skip_while(|arg| *arg != "--output").skip(1);
    let joined = args.iter().find_map(|arg| arg.to_str()?.strip_prefix("--output="));
    let flag = joined.or_else(|| said.next().and_then(|arg| arg.to_str()));
    let variable = std::env::var(variables::name_of("output")).unwrap_or_default();
    matches!(flag.unwrap_or(&variable), "json" | "jsonl")
}

/// The variable that a refused value came from, if it was not on the command line.
fn culprit(error: &clap::Error, args: &[OsString]) -> Option<String> {
    if !matches!(error.kind(), ErrorKind::InvalidValue | ErrorKind::ValueValidation) {
        return None;
    }
    let Some(ContextValue::String(arg)) = error.get(ContextKind::InvalidArg) else { return None };
    let flag = arg.split(' ').next()?;
    let name = variables::name_of(flag.strip_prefix("--")?);
    let written = |arg: &OsString| {
        let arg = arg.to_string_lossy();
        arg == flag || arg.starts_with(&format!("{flag}="))
    };
    let set = std::env::var_os(&name).is_some_and(|value| !value.is_empty());
    (set && !args.iter().any(written)).then_some(name)
}
