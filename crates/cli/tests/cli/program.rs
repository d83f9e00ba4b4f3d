//! The program `gradus`, a server of it, and a home that nobody else has.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use tempfile::TempDir;

const GRADUS: &str = env!("CARGO_BIN_EXE_gradus");

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// What it printed, if it was done.
    pub(crate) fn done(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }
}

/// A home with an empty configuration, in which the program runs.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Where a login is kept.
    pub(crate) fn login(&self) -> PathBuf {
        self.path().join("config").join("gradus").join("login.json")
    }

    /// The program with nothing of this machine but what is said.
    pub(crate) fn command(&self, args: &[&str], variables: &[(&str, &str)]) -> Command {
        let mut command = Command::new(GRADUS);
        command.args(args).env_clear().env("HOME", self.path()).current_dir(self.path());
        command.env("XDG_CONFIG_HOME", self.path().join("config"));
        command.envs(variables.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, args: &[&str], variables: &[(&str, &str)]) -> Ran {
        self.run_with("", args, variables)
    }

    /// Runs it with a text on its stdin.
    pub(crate) fn run_with(&self, stdin: &str, args: &[&str], variables: &[(&str, &str)]) -> Ran {
        let mut child = self.command(args, variables).spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let code = output.status.code().unwrap();
        Ran { code, out: text(output.stdout), err: text(output.stderr) }
    }
}

/// `gradus serve` on a free port; killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    said: Option<JoinHandle<String>>,
    pub(crate) address: String,
    pub(crate) data: PathBuf,
}

impl Server {
    pub(crate) fn start(home: &Home, log_level: &str) -> Self {
        Self::start_with(home, log_level, &[])
    }

    /// A server whose flags these variables say, too.
    pub(crate) fn start_with(home: &Home, log_level: &str, variables: &[(&str, &str)]) -> Self {
        let data = home.path().join("data");
        let shown = data.display().to_string();
        let listen = ["--listen", "127.0.0.1:0"];
        let args = ["serve", "--data", &shown, listen[0], listen[1], "--log-level", log_level];
        let mut child = home.command(&args, variables).spawn().unwrap();
        let mut err = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let address = loop {
            let mut line = String::new();
            assert_ne!(err.read_line(&mut line).unwrap(), 0, "it ended: {said}");
            said.push_str(&line);
            if let Some(rest) = line.strip_prefix("Serving on ") {
                break rest.split(' ').next().unwrap().to_owned();
            }
        };
        let said = std::thread::spawn(move || {
            let mut rest = Vec::new();
            err.read_to_end(&mut rest).unwrap();
            said + &String::from_utf8_lossy(&rest)
        });
        Self { child, said: Some(said), address, data }
    }

    /// The file of the operator's token.
    pub(crate) fn admin(&self) -> String {
        self.data.join("admin.token").display().to_string()
    }

    /// Stops it in order; all that it said.
    pub(crate) fn stop(mut self) -> String {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
        let mut printed = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
        printed + &self.said.take().unwrap().join().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that was stopped is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server, and its operator at the command line.
pub(crate) struct Desk {
    pub(crate) home: Home,
    pub(crate) server: Server,
}

impl Desk {
    /// Where these lines were run.
    pub(crate) fn after(lines: &[&str]) -> Self {
        let home = Home::new();
        let server = Server::start(&home, "warn");
        let desk = Self { home, server };
        for line in lines {
            desk.run(line).done();
        }
        desk
    }

    pub(crate) fn run(&self, line: &str) -> Ran {
        let args: Vec<&str> = line.split_whitespace().collect();
        let admin = self.server.admin();
        let variables =
            [("GRADUS_SERVER", self.server.address.as_str()), ("GRADUS_TOKEN_FILE", &admin)];
        self.home.run(&args, &variables)
    }
}
