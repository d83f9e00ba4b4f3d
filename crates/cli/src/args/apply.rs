//! `gradus apply`.

use std::path::PathBuf;

use clap::Args;

use super::append::ConfirmArgs;

/// A state to bring a server to.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  gradus apply organization.toml --plan    show what is to be done; ends with 10 if there is anything
  gradus apply organization.toml           do it, step by step; again it goes on where it stopped
  gradus apply organization.toml --prune   and revoke the roles that the file does not declare

The file declares, all of it optional:

  [[unit]]
  name = \"crypto\"
  kind = \"team\"                     # or project; the organization may be named to settle it
  parent = \"acme\"                   # left out: the organization
  since = \"2025-01-01\"              # when it came to be, if it is to be registered
  labels = [\"critical\"]             # in place of all that it has
  model = \"iso-21827-2008\"          # an id, of which the newest is meant, or a digest
  rules = \"trusted-tools\"
  profile = \"service-bureau\"
  tailored-out = { PA22 = \"no suppliers\" }

  [[principal]]
  name = \"ci-crypto\"
  kind = \"service\"                  # or person

  [[role]]
  principal = \"ci-crypto\"
  role = \"collector\"
  unit = \"crypto\"
  from = \"2027-01-01\"               # left out, or past: now
  until = \"2027-06-30\"              # the last day; left out: without an end

What is changed holds from now on. What a unit does not say of itself stays as it is. What the server
has beyond the file is listed and stays; with --prune roles are revoked, but never your own. Tokens are
issued with gradus token.")]
pub struct ApplyArgs {
    /// TOML file that declares the state
    pub file: PathBuf,
    /// Change nothing: show what is to be done
    #[arg(long)]
    pub plan: bool,
    /// Revoke roles that the file does not declare, but never your own
    #[arg(long)]
    pub prune: bool,
    /// Whether to ask.
    #[command(flatten)]
    pub confirm: ConfirmArgs,
}
