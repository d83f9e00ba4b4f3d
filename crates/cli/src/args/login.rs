//! `gradus login`.

use clap::Args;

/// What helps to log in.
pub const HELP: &str =
    "Examples: gradus login --server http://127.0.0.1:7350 --token-file my.token
          gradus login --token-file - < my.token
          gradus login --keyring --token-file my.token && rm my.token
Without --keyring the file gradus/login.json of your configuration directory, which only you can read,
holds the token. With it the keyring of your session does (secret-tool, or security on macOS), and the
file says so. Without --server or another setting, commands then go to that server, and the token
goes to that server alone.
The first of these that says where a token is counts:
  1. --token, --token-file or --oidc
  2. GRADUS_TOKEN, GRADUS_TOKEN_FILE, GRADUS_OIDC, in this order
  3. token-file or token-command of the file of --config-file
  4. the login: its file, or the keyring
  5. token-file or token-command of gradus/config.toml in your configuration directory
token-command = [\"pass\", \"show\", \"gradus\"] names a program that prints the token.";

/// Where to keep the token.
#[derive(Debug, Args)]
pub struct LoginArgs {
    /// Keep the token in the keyring of your session, in place of a file
    #[arg(long)]
    pub keyring: bool,
}
