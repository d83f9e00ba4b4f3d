//! Servers in processes of their own: this program again, or another one.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use gradus_server::settings::Limits;

/// The first argument of a process that serves.
pub(crate) const ROLE: &str = "--serve";

/// A server's process; killed when dropped.
pub(crate) struct Server {
    child: Child,
    stdin: Option<ChildStdin>,
    pub(crate) address: SocketAddr,
    /// What a client needs besides the address.
    pub(crate) secret: String,
}

impl Server {
    /// Starts this program as a server of a sort, on a folder.
    pub(crate) fn start(sort: &str, folder: &Path) -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command.arg(ROLE).arg(sort).arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().ok_or("no output")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).map_err(|error| error.to_string())?;
        let mut words = line.split_whitespace();
        let address = words.next().and_then(|word| word.parse().ok()).ok_or("it did not start")?;
        let secret = words.next().unwrap_or_default().to_owned();
        Ok(Self { child, stdin, address, secret })
    }

    /// Takes over a process of another program that listens at an address.
    pub(crate) fn other(child: Child, address: SocketAddr) -> Result<Self, String> {
        let server = Self { child, stdin: None, address, secret: String::new() };
        let until = Instant::now() + Duration::from_secs(15);
        while std::net::TcpStream::connect(address).is_err() {
            if Instant::now() > until {
                return Err("it does not listen after 15 s".to_owned());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(server)
    }

    /// The process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The processor time that it has taken so far, in the kernel too, where the system tells it.
    pub(crate) fn processor_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id()));
        let stat = stat.unwrap_or_default();
        // The name in parentheses may hold spaces; the 14th and 15th fields are ticks of 10 ms.
        let fields = stat.rsplit_once(')').map(|(_, fields)| fields).unwrap_or_default();
        let ticks = fields.split_whitespace().skip(11).take(2);
        Duration::from_millis(ticks.filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>() * 10)
    }

    /// Lets it end in order.
    pub(crate) fn stop(mut self) {
        if self.stdin.take().is_none() {
            // Another program ends by a signal.
            let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        }
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that nobody listens on.
pub(crate) fn free_address() -> SocketAddr {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.local_addr().expect("an address")
}

/// Serves until the input ends: `arguments` are the sort of server and its folder.
pub(crate) fn serve(arguments: &[String]) {
    let (sort, folder) = (arguments[0].as_str(), Path::new(&arguments[1]));
    let mut runtime = match sort {
        "echo" | "raw" => tokio::runtime::Builder::new_multi_thread(),
        _ => gradus_server::runtime(),
    };
    let runtime = runtime.enable_all().build().expect("a runtime");
    let _entered = runtime.enter();
    match sort {
        "echo" => ready(crate::echo::start(), ""),
        "raw" => ready(crate::raw::start(folder), ""),
        sort => {
            let limits = if sort == "limited" { Limits::default() } else { Limits::none() };
            let running = runtime.block_on(crate::ours::start(folder, limits));
            let token = std::fs::read_to_string(running.admin_token()).expect("the first token");
            ready(running.address, token.trim());
            runtime.block_on(running.stop()).expect("an end in order");
        }
    }
}

/// Tells where it listens, and waits for the end of the input.
fn ready(address: SocketAddr, secret: &str) {
    println!("{address} {secret}");
    let _ = std::io::stdout().flush();
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}
