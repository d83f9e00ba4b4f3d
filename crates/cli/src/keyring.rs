//! The keyring of the user's session, by the program that each system has for it.
//!
//! `secret-tool` speaks to whatever keeps secrets by the Secret Service interface (GNOME Keyring,
//! `KWallet`, `KeePassXC`), `security` to the keychain of macOS. A client of the session bus in this
//! program would be a second runtime or a library in C, for what is asked once a run.

use std::io;

use crate::credentials::Secret;
use crate::error::CliError;
use crate::helper::{Helper, Told};

/// What each entry is filed under, with the address of its server.
const SERVICE: &str = "gradus";
/// How `security` says that there is no such entry.
const NO_SUCH_ITEM: i32 = 44;

/// A way to a keyring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyring {
    /// That of the Secret Service interface.
    SecretTool,
    /// That of macOS.
    Security,
}

impl Keyring {
    /// The one of this system.
    #[must_use]
    pub const fn of_system() -> Self {
        if cfg!(target_os = "macos") { Self::Security } else { Self::SecretTool }
    }

    /// The token that is kept for a server.
    pub fn read(self, server: &str) -> Result<Secret, CliError> {
        self.find(server)?.ok_or_else(|| CliError::NoToken {
            message: format!("the keyring has no token for {server}"),
            hint: "log in again: gradus login --keyring --token-file FILE".to_owned(),
        })
    }

    /// Keeps the token for a server, in the place of the one that is there.
    pub fn keep(self, server: &str, token: &Secret) -> Result<(), CliError> {
        if !token.expose().bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"') {
            let hint = "look at --token-file";
            return Err(CliError::usage("the token has characters that no token has", hint));
        }
        let (words, stdin) = self.keeping(server, token);
        let told = self.run(&words, &stdin)?;
        if told.code != Some(0) {
            return Err(self.failed(&told));
        }
        // `security` does not always say that it failed, and a login without its token is none.
        match self.find(server)? {
            Some(kept) if kept == *token => Ok(()),
            _ => Err(self.failed(&told)),
        }
    }

    /// Removes the token for a server; one that is not there is gone already.
    pub fn forget(self, server: &str) -> Result<(), CliError> {
        let words = match self {
            Self::SecretTool => ["secret-tool", "clear", "service", SERVICE, "server", server],
            Self::Security => ["security", "delete-generic-password", "-s", SERVICE, "-a", server],
        };
        let told = self.run(&words, "")?;
        if told.code == Some(0) || self.says_none(&told) { Ok(()) } else { Err(self.failed(&told)) }
    }

    fn find(self, server: &str) -> Result<Option<Secret>, CliError> {
        let told = match self {
            Self::SecretTool => {
                self.run(&["secret-tool", "lookup", "service", SERVICE, "server", server], "")
            }
            Self::Security => {
                let find = ["security", "find-generic-password", "-s", SERVICE, "-a", server, "-w"];
                self.run(&find, "")
            }
        }?;
        match told.code {
            Some(0) if !told.out.expose().is_empty() => Ok(Some(told.out)),
            _ if self.says_none(&told) => Ok(None),
            _ => Err(self.failed(&told)),
        }
    }

    /// How to keep a token: the words of the command line, and what goes to stdin.
    fn keeping(self, server: &str, token: &Secret) -> (Vec<String>, String) {
        let label = format!("--label=Gradus token for {server}");
        let (words, stdin) = match self {
            Self::SecretTool => {
                let words = ["secret-tool", "store", &label, "service", SERVICE, "server", server];
                (words.map(str::to_owned).to_vec(), token.expose().to_owned())
            }
            // A password among the arguments is for all to see; this way it is a line of its stdin.
            Self::Security => (
                vec!["security".to_owned(), "-i".to_owned()],
                format!(
                    "add-generic-password -U -s {SERVICE} -a {} -w \"{}\"\n",
                    quoted(server),
                    token.expose()
                ),
            ),
        };
        (words, stdin)
    }

    fn says_none(self, told: &Told) -> bool {
        match self {
            // It ends with 1 and says nothing; where something is wrong, it says what.
            Self::SecretTool => {
                matches!(told.code, Some(0 | 1))
                    && told.out.expose().is_empty()
                    && told.complaint.is_empty()
            }
            Self::Security => told.code == Some(NO_SUCH_ITEM),
        }
    }

    fn run<T: AsRef<str>>(self, words: &[T], stdin: &str) -> Result<Told, CliError> {
        let helper = Helper::new(words.iter().map(AsRef::as_ref));
        let told =
            helper.map_or_else(|| Err(io::ErrorKind::InvalidInput.into()), |it| it.tell(stdin));
        told.map_err(|error| {
            let what = if error.kind() == io::ErrorKind::NotFound {
                format!("there is no program {} here", self.program())
            } else {
                format!("{} cannot be run: {error}", self.program())
            };
            let message = format!("the keyring cannot be reached: {what}");
            CliError::NoToken { message, hint: self.hint() }
        })
    }

    fn failed(self, told: &Told) -> CliError {
        let said = match (told.complaint.as_str(), told.code) {
            ("", Some(code)) => format!("{} ended with {code}", self.program()),
            ("", None) => format!("{} was ended", self.program()),
            (complaint, _) => complaint.to_owned(),
        };
        let message = format!("the keyring cannot be used: {said}");
        CliError::NoToken { message, hint: self.hint() }
    }

    const fn program(self) -> &'static str {
        match self {
            Self::SecretTool => "secret-tool",
            Self::Security => "security",
        }
    }

    fn hint(self) -> String {
        let begin = match self {
            Self::SecretTool => {
                "install secret-tool (libsecret-tools) and unlock the keyring of your session"
            }
            Self::Security => "unlock the keychain",
        };
        format!(
            "{begin}, log in without --keyring, or name a program in the configuration file: \
             token-command = [\"pass\", \"show\", \"gradus\"]"
        )
    }
}

/// A text in the quotes of `security -i`.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn a_token_is_never_among_the_arguments() {
        let told: Vec<_> = [Keyring::SecretTool, Keyring::Security]
            .map(|keyring| {
                let (words, stdin) = keyring.keeping("https://a \"b\"", &"gradus_person_x".into());
                assert!(!words.concat().contains("gradus_person_x"));
                format!("{} <<< {}", words.join(" | "), stdin.trim_end())
            })
            .into();
        expect![[r#"
            secret-tool | store | --label=Gradus token for https://a "b" | service | gradus | server | https://a "b" <<< gradus_person_x
            security | -i <<< add-generic-password -U -s gradus -a "https://a \"b\"" -w "gradus_person_x""#]]
        .assert_eq(&told.join("\n"));
    }

    #[test]
    fn what_is_no_token_is_not_kept() {
        for token in ["two words", "a\"b", "a\nb"] {
            let refused = Keyring::Security.keep("https://a", &token.into()).unwrap_err();
            assert_eq!(refused.to_string(), "the token has characters that no token has");
        }
    }

    #[test]
    fn nothing_found_is_told_from_nothing_reached() {
        let told = |code, complaint: &str| Told {
            code: Some(code),
            out: "".into(),
            complaint: complaint.to_owned(),
        };
        for (keyring, code, complaint, none) in [
            (Keyring::SecretTool, 1, "", true),
            (Keyring::SecretTool, 0, "", true),
            (Keyring::SecretTool, 1, "secret-tool: Cannot autolaunch D-Bus", false),
            (Keyring::SecretTool, 2, "", false),
            (Keyring::Security, 44, "The specified item could not be found", true),
            (Keyring::Security, 36, "User interaction is not allowed.", false),
        ] {
            let says = keyring.says_none(&told(code, complaint));
            assert_eq!(says, none, "{keyring:?} {code} {complaint}");
        }
    }
}
