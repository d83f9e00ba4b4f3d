//! `gradus role`.

use clap::{Args, Subcommand};
use gradus_model::unit::Role;

use super::append::{AppendArgs, EndingArgs};
use super::coordinate::HoldsArgs;
use super::words::words;
use crate::select::Moment;

/// What to do with roles.
#[derive(Debug, Subcommand)]
pub enum RoleCommand {
    /// Grant a role on a unit and on all below it
    #[command(after_help = "Examples:
  gradus role grant ci-theta collector theta
  gradus role grant eve auditor acme --from 2027-01-01 --until 2027-03-31

A role holds on the unit and on all units below it. An end that is a bare date is the last day.

  viewer     sees units and levels, reads records
  collector  submits evidence; sees levels, reads no records
  assessor   submits and reviews evidence, rates practices
  lead       settles models, rules, phases and markers; registers units below
  sponsor    opens and approves appraisals
  auditor    reads records, asks for proofs; for a time, so say --until
  admin      everything")]
    Grant(GrantArgs),
    /// End a role
    #[command(after_help = "Example: gradus role revoke ci-theta collector theta")]
    Revoke(RevokeArgs),
    /// List who has which role, now or at a date
    #[command(after_help = "Examples:
  gradus role list --unit theta
  gradus role list --principal eve --valid-at 2027-02-01
  gradus role list --later

Lists your own roles, and all on the units that you administer or audit.")]
    List(ListArgs),
}

/// A role of somebody on a unit.
#[derive(Debug, Args)]
pub struct Holder {
    /// Name or id of the principal
    pub principal: String,
    /// The role
    #[arg(value_parser = words(Role::ALL, Role::name))]
    pub role: Role,
    /// Name or id of the unit
    pub unit: String,
}

/// A role to grant.
#[derive(Debug, Args)]
pub struct GrantArgs {
    /// Who, what and where.
    #[command(flatten)]
    pub holder: Holder,
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

/// A role to revoke.
#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// Who, what and where.
    #[command(flatten)]
    pub holder: Holder,
    /// From when on, why, and how.
    #[command(flatten)]
    pub ending: EndingArgs,
}

/// Which roles to list.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only those that hold on this unit, granted there or above
    #[arg(long, value_name = "UNIT")]
    pub unit: Option<String>,
    /// Only those of this principal
    #[arg(long, value_name = "NAME")]
    pub principal: Option<String>,
    /// Those that begin later, too
    #[arg(long)]
    pub later: bool,
    /// As of when.
    #[command(flatten)]
    pub holds: HoldsArgs,
}
