//! The OIDC token that a build system gives its job: nobody stores it, and it ends by itself.

use std::fmt::{self, Write as _};
use std::path::PathBuf;
use std::str::FromStr;

use gradus_server::oidc::Fetcher;
use serde::Deserialize;

use crate::credentials::Secret;
use crate::error::CliError;

/// The variable of a GitLab job where none is named.
const GITLAB: &str = "GRADUS_ID_TOKEN";
/// Where a GitHub job asks for its token.
const REQUEST_URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
/// What it asks with, which is a secret, too.
const REQUEST_TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";
/// The most bytes of an answer: a server takes tokens of 8 KiB.
const MOST_BYTES: usize = 64 * 1024;

/// Who gives a job its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Provider {
    /// GitHub Actions, which is asked for it.
    Github,
    /// GitLab, which puts it into this variable of the job.
    Gitlab(String),
    /// Whatever writes this file, such as Kubernetes.
    File(PathBuf),
}

impl FromStr for Provider {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_name = |name: &str| {
            !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        match text.split_once(':') {
            None if text == "github" => Ok(Self::Github),
            None if text == "gitlab" => Ok(Self::Gitlab(GITLAB.to_owned())),
            Some(("gitlab", name)) if is_name(name) => Ok(Self::Gitlab(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            _ => Err("it is one of github, gitlab, gitlab:VARIABLE and file:PATH".to_owned()),
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Github => f.write_str("github"),
            Self::Gitlab(variable) => write!(f, "gitlab:{variable}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

/// The answer of GitHub, of which only the token is read.
#[derive(Deserialize)]
struct Answer {
    value: String,
}

impl Provider {
    /// The token of this job, which says that it is for `audience` where the provider is asked for it.
    ///
    /// At most one call, of 10 s.
    pub async fn token(
        &self,
        audience: &str,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Secret, CliError> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let (token, place) = match self {
            Self::Github => {
                (ask_github(audience, variable).await?, "the answer of GitHub".to_owned())
            }
            Self::Gitlab(name) => {
                let token = variable(name).ok_or_else(|| {
                    let hint = format!(
                        "give the job id_tokens: with {name}: and aud: {audience}, or name another \
                         variable: --oidc gitlab:VARIABLE"
                    );
                    no_token(format!("{name} is not set: this job has no token of GitLab"), hint)
                })?;
                (token.into(), name.clone())
            }
            Self::File(path) => {
                let file = path.display().to_string();
                let token = std::fs::read_to_string(path).map_err(|error| {
                    let hint = "--oidc file:PATH names the file that holds the token of this job";
                    no_token(format!("{file}: {error}"), hint)
                })?;
                (token.into(), file)
            }
        };
        if is_token(&token) {
            return Ok(token);
        }
        let hint = "such a token has three parts with a dot between them (RFC 7519)";
        Err(no_token(format!("there is no token of an identity provider in {place}"), hint))
    }
}

async fn ask_github(
    audience: &str,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Secret, CliError> {
    let (Some(url), Some(token)) = (variable(REQUEST_URL), variable(REQUEST_TOKEN)) else {
        let message = format!(
            "{REQUEST_URL} and {REQUEST_TOKEN} are not set: this job cannot ask for a token"
        );
        return Err(no_token(
            message,
            "give the job in its workflow: permissions: id-token: write",
        ));
    };
    let failed = |cause: String| {
        let hint = "GitHub sets the address in its jobs; a proxy or firewall may be in between";
        no_token(format!("no token from the address in {REQUEST_URL}: {cause}"), hint)
    };
    let mark = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{mark}audience={}", escaped(audience));
    let fetcher = Fetcher::new(&url, None).and_then(|fetcher| fetcher.with_bearer(&token));
    let answer = fetcher.map_err(failed)?.get(MOST_BYTES).await.map_err(failed)?;
    // What the parser saw may be the token: its words are not told.
    let answer: Result<Answer, _> = serde_json::from_slice(&answer);
    answer.map(|answer| answer.value.into()).map_err(|_| failed("the answer holds none".to_owned()))
}

/// Whether it has the form of a signed token (RFC 7519); whether it is good, the server says.
fn is_token(token: &Secret) -> bool {
    let part = |part: &str| {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        !part.is_empty() && part.bytes().all(letter)
    };
    token.expose().split('.').count() == 3 && token.expose().split('.').all(part)
}

/// A text as a part of an address (RFC 3986, section 2.3).
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

fn no_token(message: impl Into<String>, hint: impl Into<String>) -> CliError {
    CliError::NoToken { message: message.into(), hint: hint.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_named_and_says_its_name() {
        for (text, shown) in [
            ("github", "github"),
            ("gitlab", "gitlab:GRADUS_ID_TOKEN"),
            ("gitlab:MY_TOKEN", "gitlab:MY_TOKEN"),
            ("file:/var/run/secrets/token", "file:/var/run/secrets/token"),
        ] {
            assert_eq!(text.parse::<Provider>().unwrap().to_string(), shown);
        }
        for wrong in ["", "GitHub", "gitlab:", "gitlab:A=B", "file:", "jenkins", "github:x"] {
            assert!(wrong.parse::<Provider>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_what_has_the_form_of_a_token_is_one() {
        for (text, right) in [
            ("a.b-_.c", true),
            ("a.b", false),
            ("a.b.", false),
            ("a.b.c.d", false),
            ("a.b.c=", false),
        ] {
            assert_eq!(is_token(&text.into()), right, "{text}");
        }
    }

    #[test]
    fn an_audience_is_escaped() {
        assert_eq!(
            escaped("https://a-b.example:1/?c&d=é"),
            "https%3A%2F%2Fa-b.example%3A1%2F%3Fc%26d%3D%C3%A9"
        );
    }

    #[tokio::test]
    async fn what_is_missing_is_named_and_no_secret_is() {
        let told = async |provider: &str, set: &[(&str, &str)]| {
            let variable = |name: &str| {
                set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            };
            let provider: Provider = provider.parse().unwrap();
            match provider.token("https://gradus.example", variable).await {
                Ok(token) => format!("token {}", token.expose()),
                Err(error) => error.to_string(),
            }
        };
        let none = told("github", &[(REQUEST_URL, "https://x")]).await;
        assert!(none.ends_with("are not set: this job cannot ask for a token"), "{none}");
        let plain =
            told("github", &[(REQUEST_URL, "http://ci.example/t"), (REQUEST_TOKEN, "s")]).await;
        assert!(plain.ends_with("the address has to begin with https://"), "{plain}");
        let split = [(REQUEST_URL, "http://127.0.0.1:1/t"), (REQUEST_TOKEN, "sec\nret")];
        let split = told("github", &split).await;
        assert!(split.ends_with("it has characters that no token has"), "{split}");
        let none = told("gitlab", &[(GITLAB, "")]).await;
        assert_eq!(none, "GRADUS_ID_TOKEN is not set: this job has no token of GitLab");
        let wrong = told("gitlab:MINE", &[("MINE", "secret")]).await;
        assert_eq!(wrong, "there is no token of an identity provider in MINE");
        assert_eq!(told("gitlab", &[(GITLAB, " a.b.c\n")]).await, "token a.b.c");
    }
}
