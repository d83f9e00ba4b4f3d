//! The command line: what can be said, and the help that explains it.

pub mod append;
pub mod area_level;
pub mod conflict;
pub mod coordinate;
pub mod words;

pub mod access;
pub mod apply;
pub mod appraisal;
pub mod assert;
pub mod attachment;
pub mod audit;
pub mod baseline;
pub mod capsule;
pub mod certificate;
pub mod claim;
pub mod clock;
pub mod collect;
pub mod diff;
pub mod erase;
pub mod events;
pub mod explain;
pub mod forecast;
pub mod gap;
pub mod levels;
pub mod limits;
pub mod login;
pub mod models;
pub mod operate;
pub mod projections;
pub mod prove;
pub mod queries;
pub mod rate;
pub mod replay;
pub mod report;
pub mod review;
pub mod role;
pub mod rollup;
pub mod serve;
pub mod source;
pub mod submit;
pub mod token;
pub mod trend;
pub mod unit;
pub mod watch;

use std::path::PathBuf;

use clap::{Args, CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;

use crate::credentials::Secret;
use crate::exit::Exit;
use crate::oidc::Provider;
use crate::output::Format;
use crate::variables;

/// Follows the security engineering capability of projects and teams after SSE-CMM.
///
/// Every piece of evidence and every rating is a record in one append-only log; every level is
/// computed from it, for any date, as known at any date.
#[derive(Debug, Parser)]
#[command(name = "gradus", version, propagate_version = true)]
#[command(after_help = "Start with: gradus demo\nExit codes: gradus help exit-codes")]
#[command(after_long_help = help())]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub globals: GlobalArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

fn help() -> String {
    format!(
        "Every flag can be given by a variable, which `gradus env` lists. A flag comes before its \
         variable, then the file of --config-file, then the login, then gradus/config.toml in \
         your configuration directory, then the default.\n\n{}",
        Exit::table()
    )
}

/// What holds for every command.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// Address of the server
    #[arg(long, global = true, value_name = "URL", alias = "endpoint")]
    #[arg(help = format!("Address of the server [default: {}]", crate::config::SERVER))]
    pub server: Option<String>,
    /// Bearer token; a file is safer, since others see your command line
    #[arg(long, global = true)]
    pub token: Option<Secret>,
    /// File that holds the bearer token; `-` is stdin
    #[arg(long, global = true, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Token of this job, from its build system: `github`, `gitlab`, `gitlab:VARIABLE`, `file:PATH`
    #[arg(long, global = true, value_name = "PROVIDER")]
    pub oidc: Option<Provider>,
    /// What that token is asked to be for [default: the address of the server]
    #[arg(long, global = true, value_name = "TEXT")]
    pub audience: Option<String>,
    /// PEM file of the authority that signs the server's certificate [default: those of this machine]
    #[arg(long, global = true, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// PEM file of a client certificate, in place of a token
    #[arg(long, global = true, value_name = "FILE")]
    pub certificate: Option<PathBuf>,
    /// PEM file of its private key
    #[arg(long, global = true, value_name = "FILE")]
    pub certificate_key: Option<PathBuf>,
    /// How to print [default: a table, tab-separated when piped]
    #[arg(long, global = true, value_enum, value_name = "FORMAT")]
    pub output: Option<Format>,
    /// TOML file with server, token-file or token-command, ca, certificate, certificate-key, output, timeout
    #[arg(long, global = true, value_name = "FILE")]
    pub config_file: Option<PathBuf>,
    /// Longest time for a call [default: 30]
    #[arg(long, global = true, value_name = "SECONDS")]
    pub timeout: Option<u64>,
    /// Print no explanations, progress or warnings
    #[arg(long, global = true)]
    pub quiet: bool,
    /// Tell on stderr what is done
    #[arg(long, global = true)]
    pub debug: bool,
    /// Print without colours
    #[arg(long, global = true)]
    pub no_color: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Try it: a server with five real histories, gone when it stops
    Demo(serve::DemoArgs),
    /// Run the server
    Serve(serve::ServeArgs),
    /// Register projects, and record what surrounds their levels
    #[command(subcommand)]
    Project(unit::UnitCommand),
    /// Register teams, and record what surrounds the levels of what is below them
    #[command(subcommand)]
    Team(unit::UnitCommand),
    /// Register units of any kind, and record what surrounds their levels
    #[command(subcommand)]
    Unit(unit::UnitCommand),
    /// Show and raise the levels below which areas must not fall
    #[command(subcommand)]
    Baseline(baseline::BaselineCommand),
    /// Bring units, people, roles and adoptions to the state that a file declares
    Apply(apply::ApplyArgs),
    /// Check a directory or an archive for damage, and recover what verifies
    Doctor(operate::DoctorArgs),
    /// Back up the log, its documents, attachments and keys into an archive
    Backup(operate::BackupArgs),
    /// Make a directory of an archive, or of its beginning
    Restore(operate::RestoreArgs),
    /// Show the format of a directory, and take the newest for good
    Upgrade(operate::UpgradeArgs),
    /// Put evidence forward
    Submit(Box<submit::SubmitArgs>),
    /// Upload, get and list the files that evidence names
    #[command(subcommand)]
    Attachment(attachment::AttachmentCommand),
    /// List evidence, and accept, reject, end or withdraw it
    #[command(subcommand)]
    Review(review::ReviewCommand),
    /// Rate practices
    Rate(rate::RateArgs),
    /// Appraise as a team: rate sealed, reveal, agree, and let it take effect
    #[command(subcommand)]
    Appraisal(Box<appraisal::AppraisalCommand>),
    /// Show capability levels, at any date, as known at any date
    Levels(levels::LevelsArgs),
    /// Explain the levels of an area: every practice, rating and piece of evidence
    Explain(explain::ExplainArgs),
    /// Compare levels at two points or of two units, each movement with its cause
    Diff(diff::DiffArgs),
    /// Show how levels moved over a span of time
    Trend(trend::TrendArgs),
    /// Show which levels fall and when if nothing is renewed
    Forecast(forecast::ForecastArgs),
    /// Hold the targets of a profile against the levels
    Gap(gap::GapArgs),
    /// Roll up the levels of many projects
    Rollup(rollup::RollupArgs),
    /// Check levels and exit with 10 if one falls short, for pipelines
    Assert(assert::AssertArgs),
    /// Tell a unit's history as a story: each fact, and each level that moved and why
    Replay(replay::ReplayArgs),
    /// Write a report for a date: one page to read, print or send on
    Report(report::ReportArgs),
    /// Ask as an auditor: what seems to be missing
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Follow changes of levels as they happen
    Watch(watch::WatchArgs),
    /// Show, rebuild and verify what queries read
    #[command(subcommand)]
    Projections(projections::ProjectionsCommand),
    /// Show the server's clock, and accept one that is suspect
    Clock(clock::ClockArgs),
    /// Show the log
    Events(events::EventsArgs),
    /// Show what the log's key has signed, and that it is the log that was seen before
    Checkpoint(prove::CheckpointArgs),
    /// Prove what is in the log, and when it came there
    #[command(subcommand)]
    Prove(prove::ProveCommand),
    /// Check a proof without a server
    Verify(prove::VerifyArgs),
    /// Make, verify and show files that prove levels without a server
    #[command(subcommand)]
    Capsule(Box<capsule::CapsuleCommand>),
    /// Submit what tools found
    #[command(subcommand)]
    Collect(collect::CollectCommand),
    /// Show and publish models, rules and profiles
    #[command(subcommand)]
    Models(models::ModelsCommand),
    /// Issue, rotate, revoke, list and recover tokens
    #[command(subcommand)]
    Token(access::TokenCommand),
    /// Register, revoke and list client certificates
    #[command(subcommand)]
    Certificate(certificate::CertificateCommand),
    /// List, add and disable people
    #[command(subcommand)]
    Person(access::PersonCommand),
    /// List, add and disable people and service accounts
    #[command(subcommand)]
    Principal(access::PrincipalCommand),
    /// Grant, revoke and list roles: who may do what, where and for how long
    #[command(subcommand)]
    Role(role::RoleCommand),
    /// Set, remove, list and try out rules by which jobs call without a stored secret
    #[command(subcommand)]
    Claim(claim::ClaimCommand),
    /// Declare, withdraw and list conflicts of interest: who should not rate what
    #[command(subcommand)]
    Conflict(conflict::ConflictCommand),
    /// Distrust sources of evidence, take that back, and list them
    #[command(subcommand)]
    Source(source::SourceCommand),
    /// Erase texts: about a person, by their words, or one text of an item
    #[command(subcommand)]
    Erase(erase::EraseCommand),
    /// Set, remove and list for how long texts are kept, and erase what is older
    #[command(subcommand)]
    Retention(erase::RetentionCommand),
    /// Place, lift and list legal holds, under which nothing is erased
    #[command(subcommand)]
    Hold(erase::HoldCommand),
    /// Check a token, and keep it with its server for the commands that follow
    #[command(after_help = login::HELP)]
    Login(login::LoginArgs),
    /// Forget the token of the login, in the keyring, too; it stays good until it ends or is revoked
    #[command(after_help = "Example: gradus logout")]
    Logout,
    /// Show as whom you ask, where your token comes from, and how long it is good for
    #[command(after_help = "Example: gradus whoami --output json")]
    Whoami,
    /// List the variables that flags read
    Env,
    /// Print completions for a shell
    #[command(
        after_help = "Example: gradus completions bash > ~/.local/share/bash-completion/completions/gradus"
    )]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Explain the exit codes
    #[command(after_help = Exit::table())]
    ExitCodes,
}

/// The command with a variable for each flag.
#[must_use]
pub fn command() -> clap::Command {
    variables::attach(Cli::command())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn a_project_is_registered_with_its_team() {
        let args = "gradus project register rustls --team crypto --since 2016-05-02";
        assert!(command().try_get_matches_from(args.split(' ')).is_ok());
    }

    #[test]
    fn a_unit_gets_labels_successors_and_floors() {
        for (args, right) in [
            ("gradus unit label rustls critical internal --since 2026-01-01", true),
            ("gradus unit label rustls --none", true),
            ("gradus unit label rustls", false),
            ("gradus unit label rustls critical --none", false),
            ("gradus unit succeed rustls --by rustls-core rustls-ffi --since 2026-01-01", true),
            ("gradus unit succeed rustls --by rustls-core --by rustls-ffi", true),
            ("gradus unit succeed rustls --by", false),
            ("gradus unit succeed rustls", false),
            ("gradus baseline raise rustls PA11=2 PA05=1", true),
            ("gradus baseline raise rustls PA11", false),
            ("gradus baseline raise rustls", false),
            ("gradus baseline show rustls@{2026-03-01}", true),
        ] {
            assert_eq!(command().try_get_matches_from(args.split(' ')).is_ok(), right, "{args}");
        }
    }
}
