//! One run of the real server on a disk whose writes and flushes are recorded.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::image::Disk;
use super::write_log::{self, Entry};
use crate::client::Client;
use crate::load::{LARGE, Load, Mix, SMALL};
use crate::process::{Launch, Process, STARTS};
use crate::random::Random;
use crate::tool::run_tool;

/// The size of the disk: room for the log, and for the copy that a start after a power cut makes.
const DISK: &str = "192M";
/// What was written, and what was promised meanwhile.
pub(crate) struct Recording {
    /// The disk before anything was recorded.
    pub(crate) disk: Disk,
    pub(crate) entries: Vec<Entry>,
    pub(crate) load: Load,
}

/// The recorded disk, mounted; unmounted and let go when this is dropped.
struct Mounted {
    folder: PathBuf,
    exporter: Child,
}

/// Runs `program` through start, load, a kill, a second start and load, and an end.
pub(crate) async fn record(program: &Path, work: &Path, random: &mut Random) -> Recording {
    let base = work.join("base.img");
    make_disk(&base);
    // Kept beside the record of writes: together they give every state again.
    fs::copy(&base, work.join("pristine.img")).expect("a copy of the new disk");
    let disk = Disk::read(&base).expect("the new disk");
    let writes = work.join("writes.log");
    let mounted = Mounted::new(work, &base, &writes);

    let length = writes.clone();
    let gauge = Arc::new(move || fs::metadata(&length).map_or(0, |about| about.len()));
    let load = Load::new(gauge);
    let launch = Launch::new(program, &mounted.folder.join("data"));
    let mut server = launch.start();
    let client = connected(&server, &launch.data).await;
    run(&load, &client, random, SMALL, 4, 12).await;
    run(&load, &client, random, LARGE, 3, 1).await;
    tokio::time::sleep(Duration::from_millis(random.below(300))).await;
    end(&mut server, random).await;

    let mut server = launch.start();
    let client = connected(&server, &launch.data).await;
    run(&load, &client, random, SMALL, 6, 10).await;
    run(&load, &client, random, LARGE, 2, 1).await;
    run(&load, &client, random, SMALL, 2, 6).await;
    end(&mut server, random).await;
    drop(server);
    drop(mounted);
    let entries = write_log::read(&writes).expect("the record of writes");
    Recording { disk, entries, load }
}

async fn connected(server: &Process, data: &Path) -> Client {
    let address = server.address(STARTS).await;
    let address = address.unwrap_or_else(|| panic!("the server does not start: {}", server.said()));
    Client::connect(address, data).await.expect("a connection")
}

async fn run(
    load: &Load,
    client: &Client,
    random: &mut Random,
    mix: Mix,
    workers: u64,
    calls: u64,
) {
    let workers = (0..workers).map(|_| {
        let own = Random::new(random.next());
        tokio::spawn(load.clone().work(client.clone(), own, mix, calls))
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await.expect("a worker");
    }
}

/// A graceful stop, or a kill.
async fn end(server: &mut Process, random: &mut Random) {
    if random.percent(50) {
        server.terminate();
        let status = server.ended(STARTS).await;
        assert!(status.is_some_and(|status| status.success()), "no clean stop: {}", server.said());
    } else {
        server.kill();
    }
}

fn make_disk(path: &Path) {
    let options = "lazy_itable_init=0,lazy_journal_init=0,nodiscard";
    // What mkfs writes is under every state; it must be whole.
    let _ = fs::remove_file(path);
    run_tool(Command::new("truncate").args(["-s", DISK]).arg(path));
    let make = ["-q", "-F", "-b", "4096", "-J", "size=8", "-E", options];
    run_tool(Command::new("mkfs.ext4").args(make).arg(path));
}

impl Mounted {
    fn new(work: &Path, base: &Path, writes: &Path) -> Self {
        let (export, folder) = (work.join("export.img"), work.join("recorded"));
        File::create(writes).expect("a file for the record");
        File::create(&export).expect("a file to export over");
        fs::create_dir_all(&folder).expect("a mount point");
        let mut exporter = Command::new("setpriv");
        exporter.args(["--pdeathsig", "KILL", "qemu-storage-daemon"]);
        exporter.arg("--blockdev");
        exporter.arg(format!("driver=file,node-name=disk,filename={}", base.display()));
        exporter.arg("--blockdev");
        exporter.arg(format!("driver=file,node-name=writes,filename={}", writes.display()));
        exporter.arg("--blockdev").arg(
            "driver=blklogwrites,node-name=both,file=disk,log=writes,log-super-update-interval=1",
        );
        exporter.arg("--export");
        exporter.arg(format!(
            "type=fuse,id=e,node-name=both,writable=on,mountpoint={}",
            export.display()
        ));
        let exporter = exporter.stdin(Stdio::null()).spawn().expect("qemu-storage-daemon");
        let until = Instant::now() + Duration::from_secs(10);
        while fs::metadata(&export).map_or(0, |about| about.len()) == 0 {
            assert!(Instant::now() < until, "qemu-storage-daemon exports nothing");
            std::thread::sleep(Duration::from_millis(10));
        }
        run_tool(Command::new("mount").args(["-o", "loop"]).arg(&export).arg(&folder));
        Self { folder, exporter }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        run_tool(Command::new("umount").arg(&self.folder));
        // Asked to end, it writes the end of its record.
        run_tool(Command::new("kill").args(["-TERM", &self.exporter.id().to_string()]));
        self.exporter.wait().expect("the end of the exporter");
    }
}
