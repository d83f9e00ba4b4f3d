//! `gradus token` and `gradus principal`.

use clap::{Args, Subcommand};
use gradus_model::unit::PrincipalKind;

use super::append::{AppendArgs, FinalArgs};
use super::token::{ExpiryArgs, RecoverArgs, RotateArgs};
use super::words::words;

const KINDS: &[PrincipalKind] = &[PrincipalKind::Person, PrincipalKind::Service];

/// What to do with tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Issue a token, and print its secret, which is shown only once
    #[command(
        after_help = "Examples: (umask 077; gradus token issue ci-rustls --kind service > ci.token)
          gradus token issue ci-rustls --expires 30d > ci.token
Without --expires it ends after 90 days. A token without an end has to be asked for: --no-expiry."
    )]
    Issue(IssueArgs),
    /// Give a token's principal a new one in its place, and print its secret, which is shown only once
    #[command(after_help = "Examples: gradus token rotate > new.token
          gradus token rotate 5f8d1d6e-1c0b-4f57-8a53-7f0e6f2f9f11 --grace 7d > ci.token
The old one ends by itself after the grace period. Your own token needs no further right.
Without --expires the new one is good for as long as the old one was in all. A token of gradus login
is replaced there, too.")]
    Rotate(RotateArgs),
    /// Issue a token on the machine that holds the data, where every other one was lost
    #[command(after_help = "Example: gradus token recover --data /var/lib/gradus
The server must be stopped. The token is written to a file of the directory that only its owner can
read: admin.token for the operator, recovered-NAME.token for others. The log says that it was made
here. Without --expires it ends after 90 days.")]
    Recover(RecoverArgs),
    /// Revoke a token from now on
    #[command(after_help = "Example: gradus token revoke 5f8d1d6e-1c0b-4f57-8a53-7f0e6f2f9f11")]
    Revoke(RevokeArgs),
    /// List tokens, never their secrets
    #[command(after_help = "Example: gradus token list --include-disabled")]
    List(ListArgs),
}

/// A token to issue.
#[derive(Debug, Args)]
pub struct IssueArgs {
    /// Name or id of the principal that it stands for
    pub name: String,
    /// Add the principal if it is unknown, as a person or service account
    #[arg(long, value_parser = words(KINDS, PrincipalKind::name))]
    pub kind: Option<PrincipalKind>,
    /// How long it is good for.
    #[command(flatten)]
    pub expiry: ExpiryArgs,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// A token to revoke.
#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// Id of the token
    pub token_id: String,
    /// Why, and how.
    #[command(flatten)]
    pub how: FinalArgs,
}

/// What to list.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Disabled principals, too
    #[arg(long)]
    pub include_disabled: bool,
}

/// What to do with principals.
#[derive(Debug, Subcommand)]
pub enum PrincipalCommand {
    /// List people and service accounts
    #[command(after_help = "Example: gradus principal list --include-disabled")]
    List(ListArgs),
    /// Add a person or service account, which can do nothing until it has a token or certificate
    #[command(after_help = "Example: gradus principal add alice --kind person")]
    Add(AddArgs),
    /// End a principal and all its tokens and certificates; what it did stays
    #[command(after_help = "Example: gradus principal disable alice --reason left")]
    Disable(DisableArgs),
}

/// What to do with people.
#[derive(Debug, Subcommand)]
pub enum PersonCommand {
    /// List people
    #[command(after_help = "Example: gradus person list --include-disabled")]
    List(ListArgs),
    /// Add a person, who can do nothing until they have a token or certificate, and a role
    #[command(after_help = "Example: gradus person add alice")]
    Add(PersonArgs),
    /// End a person's access: all their tokens and certificates; what they did stays
    #[command(after_help = "Example: gradus person disable alice --reason left")]
    Disable(DisableArgs),
}

/// A person to add.
#[derive(Debug, Args)]
pub struct PersonArgs {
    /// Their name: a-z, 0-9 and `-`; erasable
    pub name: String,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// A principal to add.
#[derive(Debug, Args)]
pub struct AddArgs {
    /// Its name: a-z, 0-9 and `-`; erasable
    pub name: String,
    /// Person or service account
    #[arg(long, value_parser = words(KINDS, PrincipalKind::name))]
    pub kind: PrincipalKind,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// A principal to disable.
#[derive(Debug, Args)]
pub struct DisableArgs {
    /// Its name or id
    pub name: String,
    /// Why, and how.
    #[command(flatten)]
    pub how: FinalArgs,
}
