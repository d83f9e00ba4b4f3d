//! `gradus claim`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use gradus_model::unit::Role;

use super::append::{AppendArgs, EndingArgs};
use super::coordinate::HoldsArgs;
use super::words::words;
use crate::select::Moment;

/// What to do with claim rules.
#[derive(Debug, Subcommand)]
pub enum ClaimCommand {
    /// Let jobs with tokens of an identity provider call, without any stored secret
    #[command(after_help = "Examples:
  gradus claim set theta-ci --issuer https://token.actions.githubusercontent.com \\
    --if repository_id=4711 --if ref=refs/heads/main --if event_name=push \\
    --subject repository_id --role collector --unit theta
  gradus claim set all-of-acme --issuer https://token.actions.githubusercontent.com \\
    --if repository_owner_id=815 --if ref=refs/heads/main --if event_name=push \\
    --subject repository_id --role collector --unit acme --project-from repository

All conditions have to be met; `*` stands for any text. One has to say whose work it is. Jobs of a
pull request run what a stranger wrote: ask for `ref` and `event_name`, or for `ref_protected`.
With --project-from, the first call of each subject registers a project of its own below the unit,
which it keeps when its name changes. The server's settings say which issuers there are.")]
    Set(SetArgs),
    /// Remove a claim rule: what called by it can do nothing any more
    #[command(after_help = "Example: gradus claim remove theta-ci")]
    Remove(RemoveArgs),
    /// List the claim rules, now or at a date
    #[command(after_help = "Example: gradus claim list --valid-at 2027-02-01")]
    List(ListArgs),
    /// Show what a token of an identity provider would open; records nothing
    #[command(after_help = "Example: gradus claim test job.jwt")]
    Test(TestArgs),
}

/// A condition: a claim and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The claim.
    pub claim: String,
    /// Its value, where `*` stands for any text.
    pub value: String,
}

impl Asked {
    fn read(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((claim, value)) if !claim.is_empty() && !value.is_empty() => {
                Ok(Self { claim: claim.to_owned(), value: value.to_owned() })
            }
            _ => Err("write it as CLAIM=VALUE, such as ref=refs/heads/main".to_owned()),
        }
    }
}

/// A rule to set.
#[derive(Debug, Args)]
pub struct SetArgs {
    /// Name of the rule
    pub rule: String,
    /// Who issues the tokens: their `iss`, as it is there
    #[arg(long, value_name = "URL")]
    pub issuer: String,
    /// What a token has to say; `*` stands for any text, and all of them have to be met
    #[arg(long = "if", value_name = "CLAIM=VALUE", required = true, value_parser = Asked::read)]
    pub conditions: Vec<Asked>,
    /// Claim that tells jobs apart and never changes, such as `repository_id`
    #[arg(long, value_name = "CLAIM")]
    pub subject: String,
    /// What they may do: collector or viewer
    #[arg(long, value_parser = words(Role::ALL, Role::name))]
    pub role: Role,
    /// Name or id of the unit on which they may do it
    #[arg(long, value_name = "UNIT")]
    pub unit: String,
    /// Give each a project of its own below the unit, named after this claim
    #[arg(long, value_name = "CLAIM")]
    pub project_from: Option<String>,
    /// From when on; may lie ahead [default: now]
    #[arg(long, value_name = "DATE", value_parser = Moment::start)]
    pub from: Option<Moment>,
    /// First instant at which it no longer holds; a bare date is the end of that day
    #[arg(long, value_name = "DATE", value_parser = Moment::end)]
    pub until: Option<Moment>,
    /// Why; erasable
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub reason: String,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// A rule to remove.
#[derive(Debug, Args)]
pub struct RemoveArgs {
    /// Name of the rule
    pub rule: String,
    /// From when on, why, and how.
    #[command(flatten)]
    pub ending: EndingArgs,
}

/// Which rules to list.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// As of when.
    #[command(flatten)]
    pub holds: HoldsArgs,
}

/// A token to look at.
#[derive(Debug, Args)]
pub struct TestArgs {
    /// File that holds the token to look at; `-` is stdin
    pub file: PathBuf,
}
