//! `gradus collect`: what tools found, as evidence.

use gradus_collect::Summary;
use indicatif::{ProgressBar, ProgressStyle};

use crate::args::append::DryRun;
use crate::args::collect::{CollectCommand, FactsArgs};
use crate::collect::history::mapping;
use crate::collect::push::request;
use crate::collect::steps::Batches;
use crate::collect::{History, Mapped, Pushed, push};
use crate::error::CliError;
use crate::output::View;
use crate::output::json::{Json, object};
use crate::output::message;
use crate::output::sheet::Sheet;
use crate::session::Session;

/// Does what the command says.
pub async fn run(session: &Session, command: CollectCommand) -> Result<(), CliError> {
    let CollectCommand::Facts(args) = command;
    facts(session, args).await
}

async fn facts(session: &Session, args: FactsArgs) -> Result<(), CliError> {
    let mapping = mapping(args.mapping.as_deref())?;
    let history = History::open(&args.file)?;
    let mapped = history.map(&mapping);
    match args.dry_run {
        Some(DryRun::Client) => print(session, &args, &mapped)?,
        Some(DryRun::Server) => {
            return Err(CliError::usage(
                "a bulk load cannot be checked by the server: later items end earlier ones",
                "use --dry-run client, which prints the messages",
            ));
        }
        None => {
            let pushed = send(session, &args, &mapped).await?;
            show(session, &mapped.summary, &pushed)?;
        }
    }
    // What stood before the bad line is recorded by now.
    history.failure(mapped).map_or(Ok(()), Err)
}

fn print(session: &Session, args: &FactsArgs, mapped: &Mapped) -> Result<(), CliError> {
    for steps in Batches::new(&mapped.steps, args.batch.into()) {
        let message = request(&args.project, String::new(), steps);
        session.output.text(&format!("{}\n", message::json(&message)?.compact()))?;
    }
    Ok(())
}

async fn send(session: &Session, args: &FactsArgs, mapped: &Mapped) -> Result<Pushed, CliError> {
    let bar = bar(session, mapped.steps.len() as u64);
    let progress = |pushed: &Pushed| bar.set_position(pushed.steps);
    let (unit, most) = (&args.project, usize::from(args.batch));
    let pushed = push(&session.client, unit, &mapped.steps, most, progress).await;
    bar.finish_and_clear();
    let pushed = pushed?;
    session.told.borrow_mut().clone_from(&pushed.checkpoint);
    Ok(pushed)
}

fn bar(session: &Session, steps: u64) -> ProgressBar {
    if !session.output.watched() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} items, {per_sec}, {eta} left");
    ProgressBar::new(steps).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn show(session: &Session, summary: &Summary, pushed: &Pushed) -> Result<(), CliError> {
    let unmapped: u64 = summary.unmapped.values().sum();
    let kinds: Vec<_> =
        summary.unmapped.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let by_kind = summary.unmapped.iter().map(|(kind, count)| (kind.to_string(), (*count).into()));
    let Pushed { submitted, known, ended, ended_before, log_size, .. } = *pushed;
    let document = object([
        ("facts", summary.read.into()),
        ("mapped", summary.mapped.into()),
        ("unmapped", unmapped.into()),
        ("unmapped_by_kind", Json::Object(by_kind.collect())),
        ("new", submitted.into()),
        ("known", known.into()),
        ("ended", ended.into()),
        ("ended_before", ended_before.into()),
        ("log_size", log_size.into()),
    ]);
    let sheet = Sheet::record(vec![
        ("facts", summary.read.to_string().into()),
        ("mapped", summary.mapped.to_string().into()),
        ("unmapped", unmapped.to_string().into()),
        ("unmapped_by_kind", kinds.join(", ").into()),
        ("new", submitted.to_string().into()),
        ("known", known.to_string().into()),
        ("ended", ended.to_string().into()),
        ("ended_before", ended_before.to_string().into()),
        ("log_size", log_size.to_string().into()),
    ]);
    let told =
        format!("{submitted} new, {known} known, {ended} ended, {ended_before} ended before");
    session.output.note(&told)?;
    session.output.show(&View { document, entries: None, sheets: vec![sheet] })
}
