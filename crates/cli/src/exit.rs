//! Exit codes: what a script may rely on.

use std::fmt::Write as _;
use std::process::ExitCode;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done, or done before.
    Done = 0,
    /// What no other code says.
    Failed = 1,
    /// The command line or a value in it makes no sense, or a confirmation is missing.
    Usage = 2,
    /// Unknown, or hidden.
    NotFound = 3,
    /// Who asks is not known, or may not: rules that want somebody else count here, too.
    Denied = 4,
    /// Another writer came first, or the id or name is taken.
    Conflict = 5,
    /// No answer.
    Unreachable = 6,
    /// A gate is not met, or a declared state.
    Gate = 10,
    /// A proof does not hold.
    Verification = 11,
    /// There was nothing to verify.
    Inconclusive = 12,
    /// What the log is true by is damaged, missing, or in doubt.
    Damaged = 20,
    /// Another process has the directory.
    InUse = 21,
    /// A newer version wrote it.
    TooNew = 22,
    /// No room on the disk.
    NoRoom = 23,
    /// Something is damaged, and nothing is lost by it.
    Repairable = 24,
    /// Stopped by the user.
    Interrupted = 130,
}

impl Exit {
    /// Every way to end, by code.
    pub const ALL: &'static [Self] = &[
        Self::Done,
        Self::Failed,
        Self::Usage,
        Self::NotFound,
        Self::Denied,
        Self::Conflict,
        Self::Unreachable,
        Self::Gate,
        Self::Verification,
        Self::Inconclusive,
        Self::Damaged,
        Self::InUse,
        Self::TooNew,
        Self::NoRoom,
        Self::Repairable,
        Self::Interrupted,
    ];

    /// The number that the shell sees.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// What it means, for people.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done, or done before by a call with the same request id",
            Self::Failed => "unexpected failure, or something else must change first",
            Self::Usage => "usage error, a refused value, or a confirmation is missing",
            Self::NotFound => "not found, or not visible to you",
            Self::Denied => "authentication or permission, or the rules want somebody else",
            Self::Conflict => "conflict: stale version, or the request id or name is taken",
            Self::Unreachable => {
                "server unreachable, outcome unknown: try again with the same request id"
            }
            Self::Gate => "gate not met, or gradus apply --plan found something to do",
            Self::Verification => "verification failed",
            Self::Inconclusive => "verification inconclusive: nothing to verify",
            Self::Damaged => {
                "the directory or archive is damaged or in doubt: see gradus doctor, or restore"
            }
            Self::InUse => "the directory is in use by another process",
            Self::TooNew => "a newer version wrote it: use that one",
            Self::NoRoom => "no room on the disk: make some, then start again",
            Self::Repairable => "damage was found by which nothing is lost",
            Self::Interrupted => "interrupted",
        }
    }

    /// The codes and their meanings as a text for the help.
    #[must_use]
    pub fn table() -> String {
        let mut text = String::from("Exit codes:\n");
        for exit in Self::ALL {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  {:>3}  {}", exit.code(), exit.meaning());
        }
        text
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn the_help_lists_every_code_once() {
        expect![[r#"
            Exit codes:
                0  done, or done before by a call with the same request id
                1  unexpected failure, or something else must change first
                2  usage error, a refused value, or a confirmation is missing
                3  not found, or not visible to you
                4  authentication or permission, or the rules want somebody else
                5  conflict: stale version, or the request id or name is taken
                6  server unreachable, outcome unknown: try again with the same request id
               10  gate not met, or gradus apply --plan found something to do
               11  verification failed
               12  verification inconclusive: nothing to verify
               20  the directory or archive is damaged or in doubt: see gradus doctor, or restore
               21  the directory is in use by another process
               22  a newer version wrote it: use that one
               23  no room on the disk: make some, then start again
               24  damage was found by which nothing is lost
              130  interrupted
        "#]]
        .assert_eq(&Exit::table());
    }
}
