//! The commands, each of which converts, calls, and prints.

pub mod access;
pub mod apply;
pub mod appraisal;
pub mod assert;
pub mod attachment;
pub mod audit;
pub mod backup;
pub mod baseline;
pub mod capsule;
pub mod certificate;
pub mod claim;
pub mod clock;
pub mod collect;
pub mod conflict;
pub mod diff;
pub mod doctor;
pub mod environment;
pub mod erase;
pub mod events;
pub mod explain;
pub mod forecast;
pub mod gap;
pub mod levels;
pub mod login;
pub mod models;
pub mod progress;
pub mod projections;
pub mod prove;
pub mod rate;
pub mod replay;
pub mod report;
pub mod restore;
pub mod review;
pub mod role;
pub mod rollup;
pub mod source;
pub mod submit;
pub mod token;
pub mod trend;
pub mod unit;
pub mod watch;

use gradus_model::unit::UnitKind;

use crate::args::access::TokenCommand;
use crate::args::audit::AuditCommand;
use crate::args::capsule::CapsuleCommand;
use crate::args::queries::QueriesCommand;
use crate::args::{self, Command};
use crate::config::Settings;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output::Output;
use crate::session::Session;
use crate::{demo, serve};

/// Does what the command says.
pub async fn run(command: Command, settings: &Settings, output: Output) -> Result<(), CliError> {
    match command {
        // These stop in their own way.
        Command::Demo(args) => demo::run(args).await,
        Command::Serve(args) => serve::run(args).await,
        Command::Doctor(args) => doctor::run(&args, output).await,
        Command::Backup(args) if args.offline.is_some() => {
            let data = args.offline.clone().unwrap_or_default();
            backup::offline(&data, &args, output)
        }
        Command::Restore(args) => restore::run(&args, output).await,
        Command::Upgrade(args) => restore::upgrade(&args, output),
        Command::Token(TokenCommand::Recover(args)) => token::recover(&args, output).await,
        Command::Verify(args) => prove::verify(&args, &output),
        Command::Audit(AuditCommand::Verify(args)) => audit::verify(&args, &output),
        Command::Audit(AuditCommand::Queries(QueriesCommand::Verify(args))) => {
            audit::verify_queries(&args, &output)
        }
        Command::Capsule(command) => match *command {
            CapsuleCommand::Verify(args) => capsule::verify(&args, &output),
            CapsuleCommand::Compare(args) => capsule::compare(&args, &output),
            CapsuleCommand::Show(args) => capsule::show(&args.capsule, &output),
            CapsuleCommand::Create(args) => {
                let session = Session::open(settings, output).await?;
                until_interrupted(capsule::create(&session, args)).await
            }
            CapsuleCommand::Submit(args) => {
                let session = Session::open(settings, output).await?;
                until_interrupted(capsule::submit(&session, &args)).await
            }
        },
        Command::Logout => login::logout(&output),
        Command::Env => environment::show(&output),
        Command::ExitCodes => output.text(&Exit::table()),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut args::command(), "gradus", &mut script);
            output.bytes(&script)
        }
        command => {
            let session = Session::open(settings, output).await?;
            Box::pin(until_interrupted(called(command, &session))).await
        }
    }
}

/// Runs until the user stops it.
async fn until_interrupted(
    run: impl Future<Output = Result<(), CliError>>,
) -> Result<(), CliError> {
    // The command comes first: until it waits, an interrupt ends the process as usual.
    tokio::select! {
        biased;
        result = run => result,
        _ = tokio::signal::ctrl_c() => Err(CliError::Interrupted),
    }
}

/// Does what the command says, then holds the checkpoint that came with it against the last one.
async fn called(command: Command, session: &Session) -> Result<(), CliError> {
    call(command, session).await?;
    let told = session.told.take();
    match session.heed(&told).await {
        Ok(()) => Ok(()),
        Err(proof @ CliError::Proof(_)) => Err(proof),
        // The command itself was done: its own token may be gone by now.
        Err(error) => session.output.trace(&format!("the checkpoint was not compared: {error}")),
    }
}

async fn call(command: Command, session: &Session) -> Result<(), CliError> {
    match command {
        Command::Project(command) => unit::run(session, command, Some(UnitKind::Project)).await,
        Command::Team(command) => unit::run(session, command, Some(UnitKind::Team)).await,
        Command::Unit(command) => unit::run(session, command, None).await,
        Command::Apply(args) => apply::run(session, args).await,
        Command::Baseline(command) => baseline::run(session, command).await,
        Command::Submit(args) => submit::run(session, &args).await,
        Command::Attachment(command) => attachment::run(session, command).await,
        Command::Review(command) => review::run(session, command).await,
        Command::Rate(args) => rate::run(session, args).await,
        Command::Appraisal(command) => appraisal::run(session, *command).await,
        Command::Levels(args) => levels::run(session, args).await,
        Command::Explain(args) => explain::run(session, args).await,
        Command::Diff(args) => diff::run(session, args).await,
        Command::Trend(args) => trend::run(session, args).await,
        Command::Forecast(args) => forecast::run(session, args).await,
        Command::Gap(args) => gap::run(session, args).await,
        Command::Rollup(args) => rollup::run(session, args).await,
        Command::Assert(args) => assert::run(session, args).await,
        Command::Replay(args) => replay::run(session, args).await,
        Command::Report(args) => report::run(session, args).await,
        Command::Audit(command) => audit::run(session, command).await,
        Command::Watch(args) => watch::run(session, args).await,
        Command::Backup(args) => backup::online(session, &args).await,
        Command::Projections(command) => projections::run(session, command).await,
        Command::Clock(args) => clock::run(session, args).await,
        Command::Checkpoint(args) => prove::checkpoint(session, args).await,
        Command::Prove(command) => prove::prove(session, command).await,
        Command::Events(args) => events::run(session, args).await,
        Command::Collect(command) => collect::run(session, command).await,
        Command::Models(command) => models::run(session, command).await,
        Command::Token(command) => access::token(session, command).await,
        Command::Certificate(command) => certificate::run(session, command).await,
        Command::Person(command) => access::person(session, command).await,
        Command::Principal(command) => access::principal(session, command).await,
        Command::Role(command) => role::role(session, command).await,
        Command::Claim(command) => claim::run(session, command).await,
        Command::Conflict(command) => conflict::run(session, command).await,
        Command::Source(command) => source::run(session, command).await,
        Command::Erase(command) => erase::erase(session, command).await,
        Command::Retention(command) => erase::retention(session, command).await,
        Command::Hold(command) => erase::hold(session, command).await,
        Command::Whoami => login::whoami(session).await,
        Command::Login(args) => login::login(session, args.keyring).await,
        // Done without a server, before.
        Command::Demo(_)
        | Command::Serve(_)
        | Command::Doctor(_)
        | Command::Restore(_)
        | Command::Upgrade(_)
        | Command::Logout
        | Command::Verify(_)
        | Command::Capsule(_)
        | Command::Env
        | Command::ExitCodes
        | Command::Completions { .. } => Ok(()),
    }
}
