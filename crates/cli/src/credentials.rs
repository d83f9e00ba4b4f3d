//! Secrets of the command line: never printed by accident, and warned of where others may see them.

use std::fmt;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// What a token begins with that stands for a person.
const OF_A_PERSON: &str = "gradus_person_";

/// Variables by which systems that build and test tell their jobs where they run.
const CI: &[&str] = &[
    "CI",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "JENKINS_URL",
    "TF_BUILD",
    "TEAMCITY_VERSION",
    "BUILDKITE",
    "CIRCLECI",
    "TRAVIS",
    "BITBUCKET_BUILD_NUMBER",
    "CODEBUILD_BUILD_ID",
    "DRONE",
];

/// A bearer token, which nothing but [`Secret::expose`] shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The token itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it says of itself that it stands for a person; tokens of before say nothing.
    #[must_use]
    pub fn is_of_a_person(&self) -> bool {
        self.0.starts_with(OF_A_PERSON)
    }
}

impl<T: Into<String>> From<T> for Secret {
    fn from(text: T) -> Self {
        Self(text.into().trim().to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The variable that says that this is a job of a build system, if one does.
#[must_use]
pub fn ci() -> Option<&'static str> {
    ci_by(|name| std::env::var(name).ok())
}

fn ci_by(variable: impl Fn(&str) -> Option<String>) -> Option<&'static str> {
    let says_no = |value: &str| matches!(value, "" | "0" | "false" | "no" | "off");
    let set = |name: &&&str| {
        variable(name).is_some_and(|value| !says_no(value.to_ascii_lowercase().as_str()))
    };
    CI.iter().find(set).copied()
}

/// What to warn of where a job uses a person's token.
#[must_use]
pub fn of_a_person_in_ci(variable: &str) -> String {
    format!(
        "warning: {variable} is set, and the token is a person's: give jobs one of a service \
         account (gradus token issue NAME --kind service)"
    )
}

/// Whether others than its owner may read a file.
#[must_use]
pub fn is_exposed(path: &Path) -> bool {
    let mode = std::fs::metadata(path).map(|file| (file.is_file(), file.permissions().mode()));
    mode.is_ok_and(|(is_file, mode)| is_file && mode & 0o077 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown_by_debug() {
        let secret = Secret::from(" gradus_person_0123\n");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(secret.expose(), "gradus_person_0123");
    }

    #[test]
    fn a_token_says_whether_it_is_a_persons() {
        for (text, person) in
            [("gradus_person_0123", true), ("gradus_service_0123", false), ("gradus_0123", false)]
        {
            assert_eq!(Secret::from(text).is_of_a_person(), person, "{text}");
        }
    }

    #[test]
    fn a_job_is_known_by_its_variables() {
        let with = |set: &'static str, to: &'static str| {
            ci_by(move |name| (name == set).then(|| to.to_owned()))
        };
        assert_eq!(with("CI", "true"), Some("CI"));
        assert_eq!(with("JENKINS_URL", "https://ci.example"), Some("JENKINS_URL"));
        for no in ["", "0", "False", "off"] {
            assert_eq!(with("CI", no), None, "{no}");
        }
        assert_eq!(with("HOME", "/root"), None);
    }

    #[test]
    fn a_file_that_others_may_read_is_exposed() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("token");
        assert!(!is_exposed(&file), "one that is not there");
        std::fs::write(&file, "x").unwrap();
        for (mode, exposed) in [(0o600, false), (0o400, false), (0o640, true), (0o604, true)] {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(is_exposed(&file), exposed, "{mode:o}");
        }
        assert!(!is_exposed(directory.path()), "a folder holds no token");
    }
}
