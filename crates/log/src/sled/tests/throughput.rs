//! Rough figures of one process, for orientation:
//! `cargo test --release -p gradus-log throughput -- --ignored --nocapture`.

#![expect(clippy::cast_precision_loss, reason = "figures are rough")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::*;
use crate::contract::{record, stream};
use crate::{NewRecord, ReadLimit};

const ROUND: Duration = Duration::from_millis(1_500);

/// 341 bytes of leaf and payload.
fn event(request: u64) -> NewRecord {
    let mut record = record(1, &[0xa5; 85]);
    record.payload = vec![0x5a; 80];
    record.draft.request =
        RequestId(u128::from(request).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    record
}

/// Events per second with `tasks` appends in flight, each of `batch` events to its own stream.
async fn rate(log: &Arc<dyn Log>, first: u8, tasks: u8, batch: usize) -> f64 {
    static REQUESTS: AtomicU64 = AtomicU64::new(0);
    let start = Instant::now();
    let tasks: Vec<_> = (first..first + tasks)
        .map(|to| {
            let log = Arc::clone(log);
            tokio::spawn(async move {
                let mut version = 0;
                while start.elapsed() < ROUND {
                    let request = REQUESTS.fetch_add(1, Ordering::Relaxed);
                    let records = vec![event(request); batch];
                    let append = Append::to(stream(to), version, records);
                    appended(&log, append).await.unwrap();
                    version += batch as u64;
                }
                version
            })
        })
        .collect();
    let mut events = 0;
    for task in tasks {
        events += task.await.unwrap();
    }
    events as f64 / start.elapsed().as_secs_f64()
}

fn bytes(directory: &Path) -> u64 {
    let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            if entry.path().is_dir() {
                bytes(&entry.path())
            } else {
                entry.metadata().unwrap().len()
            }
        })
        .sum()
}

fn resident_kib() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    status.lines().find(|line| line.starts_with("VmRSS")).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints figures and takes seconds"]
async fn throughput() {
    let bench = Bench::new();
    let options = || Options { on_fatal: Options::default().on_fatal, ..Options::default() };
    let log = bench.open_with(options()).unwrap();
    for (name, first, tasks, batch) in
        [("S1", 1, 1, 1), ("S2", 10, 64, 1), ("S3", 100, 1, 100), ("S3c", 110, 8, 100)]
    {
        println!("{name:4} {:>9.0} events/s", rate(&log, first, tasks, batch).await);
    }
    let size = log.head().size;
    let start = Instant::now();
    log.close().await.unwrap();
    println!("close {:.3} s, {size} events, {}", start.elapsed().as_secs_f64(), resident_kib());
    drop(log);
    for part in ["log", "index"] {
        println!("{part:5} {:>5} bytes an event", bytes(&bench.path().join(part)) / size);
    }
    let start = Instant::now();
    let verifying = Arc::new(Mutex::new(None));
    let first = Arc::clone(&verifying);
    let on_progress: OnProgress = Arc::new(move |progress| {
        if let Progress::Verifying { .. } = progress {
            first.lock().unwrap().get_or_insert_with(|| start.elapsed());
        }
    });
    let log = bench.open_with(Options { on_progress, ..options() }).unwrap();
    let seconds = start.elapsed().as_secs_f64();
    let opened = verifying.lock().unwrap().unwrap().as_secs_f64();
    println!("start {seconds:.3} s (sled {opened:.3} s), {:.0} events/s", size as f64 / seconds);
    let start = Instant::now();
    let mut read = 0;
    while read < size {
        read += log.read(read, ReadLimit::records(1_000)).await.unwrap().len() as u64;
    }
    println!("read  {:.0} events/s", read as f64 / start.elapsed().as_secs_f64());
    let start = Instant::now();
    let stamps = 1_000;
    for at in 0..stamps {
        log.root_at(size * at / stamps).await.unwrap();
    }
    println!("root_at {:.0} µs", start.elapsed().as_secs_f64() * 1e6 / stamps as f64);
    let start = Instant::now();
    for request in 0..stamps {
        let id = RequestId(u128::from(request).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        assert!(!log.find_request(PrincipalId([1; 16]), id).await.unwrap().is_empty());
    }
    println!("find_request, known {:.1} µs", start.elapsed().as_secs_f64() * 1e6 / stamps as f64);
    let start = Instant::now();
    for request in 0..100_000_u128 {
        let id = RequestId((request << 64).to_be_bytes());
        log.find_request(PrincipalId([3; 16]), id).await.unwrap();
    }
    println!(
        "find_request, new {:.2} µs; {}",
        start.elapsed().as_secs_f64() * 10.0,
        resident_kib()
    );
}
