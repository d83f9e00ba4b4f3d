//! Programs of this machine that hold secrets: run without a shell, and never with a secret among
//! their arguments, which others can see.

use std::fmt;
use std::io::{self, Write as _};
use std::process::{Command, Stdio};

use crate::credentials::Secret;

/// A program with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Helper(Vec<String>);

/// What a program came to.
#[derive(Clone, PartialEq, Eq)]
pub struct Told {
    /// Its exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// What it printed, which may be a secret.
    pub out: Secret,
    /// The last line that it wrote to stderr, if that was caught.
    pub complaint: String,
}

impl Helper {
    /// The program and its arguments; `None` where no program is named.
    #[must_use]
    pub fn new<T: Into<String>>(words: impl IntoIterator<Item = T>) -> Option<Self> {
        let words: Vec<String> = words.into_iter().map(Into::into).collect();
        words.first().is_some_and(|program| !program.is_empty()).then_some(Self(words))
    }

    /// Runs it with nothing on its stdin; what it asks or complains of goes to the terminal.
    pub fn run(&self) -> io::Result<Told> {
        self.command(Stdio::null(), Stdio::inherit())?.wait_with_output().map(told)
    }

    /// Runs it with a text on its stdin; what it complains of is caught.
    pub fn tell(&self, stdin: &str) -> io::Result<Told> {
        let mut child = self.command(Stdio::piped(), Stdio::piped())?;
        if let Some(mut to) = child.stdin.take() {
            match to.write_all(stdin.as_bytes()) {
                // It ended without reading; why is in its exit code.
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error),
                _ => (),
            }
        }
        child.wait_with_output().map(told)
    }

    fn command(&self, stdin: Stdio, stderr: Stdio) -> io::Result<std::process::Child> {
        let mut words = self.0.iter();
        let mut command = Command::new(words.next().map(String::as_str).unwrap_or_default());
        command.args(words).stdin(stdin).stdout(Stdio::piped()).stderr(stderr).spawn()
    }
}

impl fmt::Display for Helper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

fn told(output: std::process::Output) -> Told {
    let complaint = String::from_utf8_lossy(&output.stderr);
    let complaint = complaint.trim().lines().last().unwrap_or_default().trim().to_owned();
    let out = String::from_utf8_lossy(&output.stdout).into_owned().into();
    Told { code: output.status.code(), out, complaint }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Helper {
        Helper::new(["sh", "-c", script]).unwrap()
    }

    #[test]
    fn a_program_is_told_on_its_stdin_and_tells_on_its_stdout() {
        let told = sh("tr a-z A-Z").tell("secret").unwrap();
        assert_eq!(
            (told.code, told.out.expose(), told.complaint.as_str()),
            (Some(0), "SECRET", "")
        );
        let told = sh("exec 0<&-; echo one >&2; echo two >&2; exit 3").tell(&"x".repeat(1 << 20));
        let told = told.unwrap();
        assert_eq!((told.code, told.complaint.as_str()), (Some(3), "two"));
        let told = sh("cat; kill -9 $$").run().unwrap();
        assert_eq!((told.code, told.out.expose()), (None, ""));
    }

    #[test]
    fn a_program_has_a_name() {
        assert_eq!(Helper::new([] as [&str; 0]), None);
        assert_eq!(Helper::new(["", "show"]), None);
        assert_eq!(
            Helper::new(["pass", "show", "gradus"]).unwrap().to_string(),
            "pass show gradus"
        );
        let missing = Helper::new(["no-such-program-of-gradus"]).unwrap().run();
        assert_eq!(missing.err().unwrap().kind(), io::ErrorKind::NotFound);
    }
}
