//! Where settings come from: flag, variable, the file named, the login, the user's own file, default.
//!
//! A file of the working directory is never read: whoever clones a repository would obey it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ArgMatches;
use clap::parser::ValueSource;
use etcetera::BaseStrategy as _;
use serde::Deserialize;

use crate::args::GlobalArgs;
use crate::error::CliError;
use crate::helper::Helper;
use crate::login::{Held, Login};
use crate::output::Format;
use crate::tls::TlsFiles;
use crate::token::Token;

/// The server when nothing says another.
pub const SERVER: &str = "http://127.0.0.1:7350";
/// Seconds for a call when nothing says otherwise.
pub const TIMEOUT: u64 = 30;

/// What a configuration file may say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct File {
    /// The server's address.
    pub server: Option<String>,
    /// The file that holds the token.
    pub token_file: Option<PathBuf>,
    /// The program that prints the token, with its arguments.
    pub token_command: Option<Vec<String>>,
    /// The file of the authorities that the server's certificate must be of.
    pub ca: Option<PathBuf>,
    /// The file of a client certificate.
    pub certificate: Option<PathBuf>,
    /// The file of its private key.
    pub certificate_key: Option<PathBuf>,
    /// How to print.
    pub output: Option<Format>,
    /// Seconds for each call.
    pub timeout: Option<u64>,
}

/// What holds for this run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The server's address.
    pub server: String,
    /// Where the token comes from, if there is one.
    pub token: Option<Token>,
    /// The files of TLS.
    pub tls: TlsFiles,
    /// How to print.
    pub output: Format,
    /// How long a call may take.
    pub timeout: Duration,
}

impl File {
    /// Reads the file at `path`, which must be there.
    pub fn read(path: &Path) -> Result<Self, CliError> {
        let text = std::fs::read_to_string(path).map_err(|error| CliError::Config {
            path: path.to_owned(),
            problem: error.to_string(),
        })?;
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, CliError> {
        let refused = |problem: String| CliError::Config { path: path.to_owned(), problem };
        let file: Self = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let line = text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
            refused(format!("line {line}: {}", error.message()))
        })?;
        let problem = match (&file.token_file, &file.token_command) {
            (Some(_), Some(_)) => "`token-file` and `token-command` are both set: keep one of them",
            (None, Some(words)) if Helper::new(words).is_none() => {
                "`token-command` is empty: name a program and its arguments, such as \
                 [\"pass\", \"show\", \"gradus\"]"
            }
            _ => return Ok(file),
        };
        Err(refused(problem.to_owned()))
    }

    /// Where it says that the token is.
    fn token(&mut self) -> Option<Token> {
        let command = self.token_command.take().and_then(Helper::new);
        self.token_file.take().map(Token::In).or(command.map(Token::Of))
    }

    /// Reads `gradus/config.toml` of the user's configuration directory, if it is there.
    pub fn of_user() -> Result<Self, CliError> {
        match user_path().filter(|path| path.exists()) {
            Some(path) => Self::read(&path),
            None => Ok(Self::default()),
        }
    }
}

/// Where the user's own file is looked for.
#[must_use]
pub fn user_path() -> Option<PathBuf> {
    let strategy = etcetera::choose_base_strategy().ok()?;
    Some(strategy.config_dir().join("gradus").join("config.toml"))
}

impl Settings {
    /// Reads the files and settles what holds.
    pub fn read(globals: &GlobalArgs) -> Result<Self, CliError> {
        let named = globals.config_file.as_deref().map(File::read).transpose()?;
        let user = File::of_user()?;
        let named = named.unwrap_or_default();
        // A login that is broken must not keep anybody from `gradus logout`.
        let (login, broken) = match Login::of_user() {
            Ok(login) => (login, None),
            Err(CliError::Config { path, problem }) => {
                (None, Some(Token::Unreadable { path, problem }))
            }
            Err(error) => return Err(error),
        };
        let settings = Self::settle(globals, named, login, user);
        Ok(Self { token: settings.token.or(broken), ..settings })
    }

    fn settle(globals: &GlobalArgs, mut named: File, login: Option<Login>, mut user: File) -> Self {
        let (of_named, of_user) = (named.token(), user.token());
        let server = globals.server.clone().or(named.server);
        let server = server.or_else(|| login.as_ref().map(|login| login.server.clone()));
        let server = server.or(user.server).unwrap_or_else(|| SERVER.to_owned());
        // A token goes to the server that it was given for.
        let login = login.filter(|login| login.is_for(&server));
        let login = login.map(|login| match login.token {
            Held::InFile(token) => Token::Login(token),
            Held::InKeyring => Token::Keyring(login.server),
        });
        let job = globals.oidc.clone().map(|provider| {
            Token::Job(provider, globals.audience.clone().unwrap_or_else(|| server.clone()))
        });
        let given = globals.token.clone().map(Token::Given);
        let given = given.or(globals.token_file.clone().map(Token::In)).or(job).or(of_named);
        let (flags, ca) = (globals.clone(), named.ca.or(user.ca));
        let certificate = named.certificate.or(user.certificate);
        let certificate_key = named.certificate_key.or(user.certificate_key);
        let tls = TlsFiles {
            ca: flags.ca.or(ca),
            certificate: flags.certificate.or(certificate),
            certificate_key: flags.certificate_key.or(certificate_key),
        };
        let seconds = globals.timeout.or(named.timeout).or(user.timeout);
        Self {
            server,
            token: given.or(login).or(of_user),
            tls,
            output: globals.output.or(named.output).or(user.output).unwrap_or(Format::Table),
            timeout: Duration::from_secs(seconds.unwrap_or(TIMEOUT).max(1)),
        }
    }
}

/// Drops the token of a variable where the command line says another: flags come first.
pub fn prefer_flags(globals: &mut GlobalArgs, matches: &ArgMatches) -> Result<(), CliError> {
    let said = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
    match (said("token"), said("token_file"), said("oidc")) {
        (false, false, false) => (),
        (true, false, false) => (globals.token_file, globals.oidc) = (None, None),
        (false, true, false) => (globals.token, globals.oidc) = (None, None),
        (false, false, true) => (globals.token, globals.token_file) = (None, None),
        (token, file, _) => {
            let both = match (token, file) {
                (true, true) => "both --token and --token-file are given",
                (true, false) => "both --token and --oidc are given",
                (false, _) => "both --token-file and --oidc are given",
            };
            return Err(CliError::usage(both, "say once where the token is"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oidc::Provider;

    fn file(text: &str) -> Result<File, String> {
        File::parse(Path::new("my.toml"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_flag_comes_before_the_named_file_and_that_before_the_users() {
        let user = || file("server = \"http://user\"\noutput = \"csv\"\ntimeout = 7").unwrap();
        let named = || file("server = \"http://named\"\noutput = \"json\"").unwrap();
        let flags = GlobalArgs { server: Some("http://flag".to_owned()), ..GlobalArgs::default() };
        let settings = Settings::settle(&flags, named(), None, user());
        assert_eq!(settings.server, "http://flag");
        assert_eq!(settings.output, Format::Json);
        assert_eq!(settings.timeout, Duration::from_secs(7));

        let settings = Settings::settle(&GlobalArgs::default(), named(), None, user());
        assert_eq!(settings.server, "http://named");
        let settings = Settings::settle(&GlobalArgs::default(), File::default(), None, user());
        assert_eq!(settings.server, "http://user");
        let settings =
            Settings::settle(&GlobalArgs::default(), File::default(), None, File::default());
        assert_eq!(settings.server, SERVER);
        assert_eq!(settings.output, Format::Table);
        assert_eq!(settings.timeout, Duration::from_secs(TIMEOUT));
    }

    #[test]
    fn a_token_that_is_given_comes_before_one_in_a_file() {
        let named = || file("token-file = \"/named\"").unwrap();
        let settings = Settings::settle(&GlobalArgs::default(), named(), None, File::default());
        assert_eq!(settings.token, Some(Token::In(PathBuf::from("/named"))));
        let flags = GlobalArgs { token: Some("secret".into()), ..GlobalArgs::default() };
        let settings = Settings::settle(&flags, named(), None, File::default());
        assert_eq!(settings.token, Some(Token::Given("secret".into())));
    }

    #[test]
    fn a_login_comes_after_what_is_given_and_its_token_goes_to_its_server_alone() {
        let login = || {
            let (server, token) = ("http://mine".to_owned(), Held::InFile("kept".into()));
            Some(Login { server, token })
        };
        let user = || file("server = \"http://user\"\ntoken-file = \"/user\"").unwrap();
        let of = |globals: &GlobalArgs, named: File| {
            let settings = Settings::settle(globals, named, login(), user());
            (settings.server, settings.token.unwrap())
        };
        let kept = Token::Login("kept".into());
        let none = GlobalArgs::default;
        assert_eq!(of(&none(), File::default()), ("http://mine".to_owned(), kept.clone()));
        let server = |server: &str| GlobalArgs { server: Some(server.to_owned()), ..none() };
        assert_eq!(of(&server("http://mine/"), File::default()).1, kept);
        let other = of(&server("http://other"), File::default()).1;
        assert_eq!(other, Token::In(PathBuf::from("/user")));
        let given = GlobalArgs { token: Some("given".into()), ..none() };
        assert_eq!(of(&given, File::default()).1, Token::Given("given".into()));
        let named = of(&none(), file("token-file = \"/named\"").unwrap()).1;
        assert_eq!(named, Token::In(PathBuf::from("/named")));
    }

    #[test]
    fn an_unknown_key_or_a_wrong_value_is_named_with_its_file_and_line() {
        for (text, expected) in [
            (
                "timeout = 3\nserfer = \"x\"",
                "my.toml: line 2: unknown field `serfer`, \
                 expected one of `server`, `token-file`, `token-command`, `ca`, `certificate`, \
                 `certificate-key`, `output`, `timeout`",
            ),
            (
                "output = \"yaml\"",
                "my.toml: line 1: unknown variant `yaml`, \
                 expected one of `table`, `json`, `jsonl`, `csv`",
            ),
        ] {
            assert_eq!(file(text), Err(expected.to_owned()));
        }
    }

    #[test]
    fn a_job_comes_after_what_is_given_and_a_program_where_a_file_would() {
        let named = || file("token-command = [\"pass\", \"show\", \"gradus\"]").unwrap();
        let of = |globals: &GlobalArgs, named: File| {
            let login = Login { server: SERVER.to_owned(), token: Held::InKeyring };
            Settings::settle(globals, named, Some(login), File::default()).token.unwrap()
        };
        let none = GlobalArgs::default;
        assert_eq!(of(&none(), File::default()), Token::Keyring(SERVER.to_owned()));
        let command = Token::Of(Helper::new(["pass", "show", "gradus"]).unwrap());
        assert_eq!(of(&none(), named()), command);
        let job = GlobalArgs { oidc: Some(Provider::Github), ..none() };
        assert_eq!(of(&job, named()), Token::Job(Provider::Github, SERVER.to_owned()));
        let job = GlobalArgs { audience: Some("mine".to_owned()), ..job };
        assert_eq!(of(&job, named()), Token::Job(Provider::Github, "mine".to_owned()));
        let in_file = GlobalArgs { token_file: Some(PathBuf::from("/given")), ..job };
        assert_eq!(of(&in_file, named()), Token::In(PathBuf::from("/given")));
    }

    #[test]
    fn the_token_is_said_once_in_a_file() {
        for (text, problem) in [
            (
                "token-file = \"a\"\ntoken-command = [\"b\"]",
                "my.toml: `token-file` and `token-command` are both set: keep one of them",
            ),
            (
                "token-command = []",
                "my.toml: `token-command` is empty: name a program and its arguments, such as \
                 [\"pass\", \"show\", \"gradus\"]",
            ),
        ] {
            assert_eq!(file(text), Err(problem.to_owned()));
        }
    }

    #[test]
    fn each_file_of_tls_comes_from_where_it_is_named_first() {
        let named = file("ca = \"/named\"\ncertificate = \"/named.pem\"").unwrap();
        let user = file("ca = \"/user\"\ncertificate-key = \"/user.key\"").unwrap();
        let certificate = Some(PathBuf::from("/flag.pem"));
        let flags = GlobalArgs { certificate, ..GlobalArgs::default() };
        let tls = Settings::settle(&flags, named, None, user).tls;
        let path = |path: &str| Some(PathBuf::from(path));
        assert_eq!(tls.ca, path("/named"));
        assert_eq!(tls.certificate, path("/flag.pem"));
        assert_eq!(tls.certificate_key, path("/user.key"));
    }

    #[test]
    fn a_token_in_a_configuration_file_is_refused() {
        assert!(file("token = \"secret\"").is_err());
    }
}
