//! The real server as a process: started, killed, told to stop, and what it says.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// What follows the address on the line that says that calls are answered.
const SERVING: &str = "Serving on http://";

/// More records than any log here has.
const NEVER: &str = "1000000000000";

/// How long a server may take to start or stop before it is taken for hung; a machine with much
/// else to do is slow.
pub(crate) const STARTS: Duration = Duration::from_mins(2);

/// A server to start.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    pub(crate) program: PathBuf,
    pub(crate) data: PathBuf,
    /// Environment variables for the server alone.
    pub(crate) environment: Vec<(String, String)>,
}

/// What is known of where a server listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Listens {
    NotYet,
    At(SocketAddr),
    Ended,
}

/// A server that was started; it is killed when this is dropped, and when the harness dies.
pub(crate) struct Process {
    child: Child,
    said: Arc<Mutex<String>>,
    listens: watch::Receiver<Listens>,
    reader: Option<JoinHandle<()>>,
}

impl Launch {
    pub(crate) fn new(program: &Path, data: &Path) -> Self {
        // One operator is all of the load here: what the log and its queue do with it is asked. All
        // records are those of its calls.
        let environment = [("GRADUS_NO_LIMITS", "true"), ("GRADUS_STATE_DIGEST_EVERY", NEVER)];
        let environment =
            environment.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Self { program: program.to_owned(), data: data.to_owned(), environment }
    }

    /// Starts the server on a free port of the loopback.
    pub(crate) fn start(&self) -> Process {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "env"]);
        command.args(self.environment.iter().map(|(name, value)| format!("{name}={value}")));
        command.arg(&self.program).arg("serve").arg("--data").arg(&self.data);
        command.args(["--listen", "127.0.0.1:0", "--log-level", "warn"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("setpriv and env start the server");
        let lines = BufReader::new(child.stderr.take().expect("its standard error"));
        let said = Arc::new(Mutex::new(String::new()));
        let (tell, listens) = watch::channel(Listens::NotYet);
        let hears = Arc::clone(&said);
        let reader = std::thread::spawn(move || {
            for line in lines.split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line);
                if let Some(address) = address_in(&line) {
                    tell.send_replace(Listens::At(address));
                }
                let mut said = hears.lock().unwrap_or_else(PoisonError::into_inner);
                said.push_str(&line);
                said.push('\n');
            }
            tell.send_replace(Listens::Ended);
        });
        Process { child, said, listens, reader: Some(reader) }
    }
}

fn address_in(line: &str) -> Option<SocketAddr> {
    line.strip_prefix(SERVING)?.split(' ').next()?.parse().ok()
}

impl Process {
    /// Where it listens, once it does; `None` when it ended or is not up within the time.
    pub(crate) async fn address(&self, within: Duration) -> Option<SocketAddr> {
        let mut listens = self.listens.clone();
        let told = listens.wait_for(|listens| *listens != Listens::NotYet);
        match tokio::time::timeout(within, told).await {
            Ok(Ok(listens)) => match *listens {
                Listens::At(address) => Some(address),
                Listens::Ended | Listens::NotYet => None,
            },
            _ => None,
        }
    }

    /// The memory that it occupies, in bytes; 0 once it ended.
    pub(crate) fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        kilobytes.unwrap_or_default() * 1_024
    }

    /// Sends SIGTERM.
    pub(crate) fn terminate(&self) {
        let id = self.child.id().to_string();
        // A process that ended just now needs no signal.
        let _ = Command::new("kill").args(["-TERM", &id]).stderr(Stdio::null()).status();
    }

    /// How it ended, if it does within the time.
    pub(crate) async fn ended(&mut self, within: Duration) -> Option<ExitStatus> {
        let until = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait().expect("the state of a child") {
                return Some(status);
            }
            if Instant::now() > until {
                return None;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Sends SIGKILL and waits for the end.
    pub(crate) fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        self.child.wait().expect("the end of a child");
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader of its words");
        }
    }

    /// What it said on standard error so far.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
