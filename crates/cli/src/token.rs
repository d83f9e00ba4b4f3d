//! Where the token of a run comes from.

use std::path::PathBuf;

use crate::credentials::Secret;
use crate::error::CliError;
use crate::helper::Helper;
use crate::keyring::Keyring;
use crate::login;
use crate::oidc::Provider;

/// Where the token comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// Given as it is.
    Given(Secret),
    /// In this file; `-` is stdin.
    In(PathBuf),
    /// Of this job of a build system, for an audience.
    Job(Provider, String),
    /// Of the login.
    Login(Secret),
    /// Of the login at this server, which keeps it in the keyring.
    Keyring(String),
    /// What a program of the configuration file prints.
    Of(Helper),
    /// Of a login that cannot be used.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        problem: String,
    },
}

impl Token {
    /// The token itself; a job's is asked for, which may be a call.
    pub async fn secret(&self) -> Result<Secret, CliError> {
        match self {
            Self::Given(secret) | Self::Login(secret) => Ok(secret.clone()),
            Self::In(path) => {
                let text = if path.as_os_str() == "-" {
                    std::io::read_to_string(std::io::stdin())
                } else {
                    std::fs::read_to_string(path)
                };
                let secret = Secret::from(text.map_err(|error| self.missing(&error))?);
                if secret.expose().is_empty() {
                    return Err(self.missing(&"it is empty"));
                }
                Ok(secret)
            }
            Self::Job(provider, audience) => {
                provider.token(audience, |name| std::env::var(name).ok()).await
            }
            Self::Keyring(server) => Keyring::of_system().read(server),
            Self::Of(helper) => printed(helper),
            Self::Unreadable { path, problem } => {
                Err(CliError::Config { path: path.clone(), problem: problem.clone() })
            }
        }
    }

    fn missing(&self, why: &impl ToString) -> CliError {
        CliError::NoToken {
            message: format!("no token from {}: {}", self.source(), why.to_string()),
            hint:
                "--token-file or GRADUS_TOKEN_FILE names the file that holds your token; an admin \
                   issues one with gradus token issue"
                    .to_owned(),
        }
    }

    /// The file that holds it, if one does.
    #[must_use]
    pub fn file(&self) -> Option<PathBuf> {
        match self {
            Self::In(path) => Some(path.clone()).filter(|path| path.as_os_str() != "-"),
            Self::Login(_) => login::path(),
            // A job's file has the mode that whoever writes it gave it.
            Self::Given(_)
            | Self::Job(..)
            | Self::Keyring(_)
            | Self::Of(_)
            | Self::Unreadable { .. } => None,
        }
    }

    /// Where it comes from, for people; never the token.
    #[must_use]
    pub fn source(&self) -> String {
        match self {
            Self::Given(secret) => {
                let variable = std::env::var("GRADUS_TOKEN").map(Secret::from);
                let name = if variable.as_ref() == Ok(secret) { "GRADUS_TOKEN" } else { "--token" };
                name.to_owned()
            }
            Self::In(path) if path.as_os_str() == "-" => "stdin".to_owned(),
            Self::In(path) => path.display().to_string(),
            Self::Job(provider, _) => format!("oidc {provider}"),
            Self::Login(_) | Self::Unreadable { .. } => "login".to_owned(),
            Self::Keyring(_) => "login, in the keyring".to_owned(),
            Self::Of(helper) => format!("token-command {helper}"),
        }
    }
}

/// What a program prints for a token.
fn printed(helper: &Helper) -> Result<Secret, CliError> {
    let failed = |what: String| CliError::NoToken {
        message: format!("token-command: {helper}: {what}"),
        hint: "the program has to print the token, and nothing else, and end with 0".to_owned(),
    };
    let told = helper.run().map_err(|error| failed(error.to_string()))?;
    match told.code {
        Some(0) if told.out.expose().is_empty() => Err(failed("it printed nothing".to_owned())),
        Some(0) if told.out.expose().contains(char::is_whitespace) => {
            Err(failed("it printed more than one word".to_owned()))
        }
        Some(0) => Ok(told.out),
        Some(code) => Err(failed(format!("it ended with {code}"))),
        None => Err(failed("a signal ended it".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_without_a_token_is_named_with_what_to_do() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("my.token");
        for (text, why) in
            [(None, "No such file or directory (os error 2)"), (Some(" \n"), "it is empty")]
        {
            if let Some(text) = text {
                std::fs::write(&path, text).unwrap();
            }
            let error = Token::In(path.clone()).secret().await.unwrap_err();
            assert_eq!(error.to_string(), format!("no token from {}: {why}", path.display()));
            assert_eq!(error.exit().code(), 4);
        }
    }

    #[test]
    fn a_program_prints_the_token_or_is_named_with_what_it_did_instead() {
        for (script, told) in [
            ("echo gradus_person_x", Ok("gradus_person_x")),
            ("exit 1", Err("it ended with 1")),
            ("true", Err("it printed nothing")),
            ("echo my secret", Err("it printed more than one word")),
            ("kill -9 $$", Err("a signal ended it")),
        ] {
            let seen = printed(&Helper::new(["sh", "-c", script]).unwrap());
            match (seen, told) {
                (Ok(secret), Ok(told)) => assert_eq!(secret.expose(), told, "{script}"),
                (Err(error), Err(told)) => {
                    assert_eq!(error.to_string(), format!("token-command: sh -c {script}: {told}"));
                    assert_eq!(error.exit().code(), 4);
                }
                (seen, _) => panic!("{script}: {seen:?}"),
            }
        }
    }
}
