//! Starts that serve before all of the log was verified again.

use super::*;
use crate::frame::{self, Frame};
use crate::sled::mark::Mark;

/// A bench whose logs are marked after a few records, and what its starts told.
struct Marked {
    bench: Bench,
    told: Arc<Mutex<Vec<Progress>>>,
}

impl Marked {
    /// A log of a hundred records that was closed.
    async fn closed() -> (Self, Head) {
        let marked = Self { bench: Bench::new(), told: Arc::default() };
        let log = marked.open().unwrap();
        let head = filled(&log).await;
        log.close().await.unwrap();
        drop(log);
        (marked, head)
    }

    fn open(&self) -> Result<Arc<dyn Log>, LogError> {
        let told = Arc::clone(&self.told);
        let on_progress: OnProgress = Arc::new(move |progress| told.lock().unwrap().push(progress));
        let options =
            Options { whole_below: 40, mark_every: 25, on_progress, ..self.bench.options() };
        self.bench.open_with(options)
    }

    /// Records that the last start verified before it served.
    fn verified_first(&self) -> usize {
        let told = self.told.lock().unwrap();
        told.iter().filter(|told| matches!(told, Progress::Verifying { .. })).count()
    }

    /// Waits until the records before the mark were verified, or that failed.
    fn wait(&self) -> Option<String> {
        for _ in 0..2_000 {
            if let Some(fatal) = self.bench.fatal.lock().unwrap().first() {
                return Some(fatal.clone());
            }
            let is_last = |told: &Progress| match told {
                Progress::VerifyingBehind { records, expected } => records == expected,
                _ => false,
            };
            if self.told.lock().unwrap().iter().any(is_last) {
                return None;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("it was never verified");
    }

    /// Changes the frames as whoever can write the files may do, with every checksum right.
    fn rewrite(&self, change: impl FnOnce(&::sled::Db)) {
        let frames = crate::sled::database::open(&self.bench.path().join("log"), 1 << 20).unwrap();
        change(&frames);
        frames.flush().unwrap();
    }
}

async fn found(log: &Arc<dyn Log>) -> u64 {
    let found = log.find_request(PrincipalId([1; 16]), RequestId([2; 16])).await.unwrap();
    found.iter().map(|run| run.end - run.start).sum()
}

#[tokio::test]
async fn what_was_verified_before_is_verified_again_while_the_log_serves() {
    let (marked, head) = Marked::closed().await;
    marked.told.lock().unwrap().clear();
    let log = marked.open().unwrap();
    assert_eq!(log.head(), head);
    assert_eq!(marked.verified_first(), 0);
    assert_eq!(found(&log).await, 40, "requests are found before they were read again");
    assert_eq!(marked.wait(), None);
    assert_eq!(found(&log).await, 40);
    // Roots and links go on from what was marked.
    appended(&log, append(1, 60, 3)).await.unwrap();
    let grown = log.head();
    assert_eq!(log.root_at(head.size).await.unwrap(), head.root);
    drop(log);
    fs::remove_dir_all(marked.bench.path().join("index")).unwrap();
    assert_eq!(marked.open().unwrap().head(), grown);
}

#[tokio::test]
async fn how_far_records_were_verified_again_is_told_until_it_is_done() {
    let (marked, head) = Marked::closed().await;
    let (told, come) = std::sync::mpsc::channel();
    let (go_on, may) = std::sync::mpsc::channel::<()>();
    let may = Mutex::new(may);
    let on_progress: OnProgress = Arc::new(move |progress| {
        if let Progress::VerifyingBehind { records, expected } = progress {
            told.send((records, expected)).unwrap();
            // It ends when the test lets go.
            let _ = may.lock().unwrap().recv();
        }
    });
    let options =
        Options { whole_below: 40, mark_every: 25, on_progress, ..marked.bench.options() };
    let log = marked.bench.open_with(options).unwrap();
    let (records, expected) = come.recv().unwrap();
    assert_eq!(expected, head.size);
    assert_eq!(log.verified_again(), VerifiedAgain::Running { records, expected });
    drop(go_on);
    while log.verified_again() != (VerifiedAgain::Done { records: expected }) {
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(log);
    // A start that verifies all first has nothing behind it.
    let whole = Options { whole_below: 1_000, ..marked.bench.options() };
    assert_eq!(marked.bench.open_with(whole).unwrap().verified_again(), VerifiedAgain::Off);
}

#[tokio::test]
async fn after_a_kill_only_what_follows_the_mark_is_verified_first() {
    let (marked, _) = Marked::closed().await;
    let log = marked.open().unwrap();
    for version in 60..80 {
        appended(&log, append(1, version, 1)).await.unwrap();
    }
    let head = log.head();
    log.anchored(head.size).await.unwrap();
    let killed = Marked { bench: marked.bench.killed(), told: Arc::default() };
    let (mark, _) = Mark::read(&killed.bench.path().join("index")).unwrap();
    let reopened = killed.open().unwrap();
    assert_eq!(reopened.head(), head);
    assert!(mark.head.size < head.size && killed.verified_first() > 0);
    assert_eq!(killed.wait(), None);
    appended(&reopened, append(1, 80, 1)).await.unwrap();
}

#[tokio::test]
async fn a_record_that_was_changed_with_all_checksums_ends_the_process_and_the_next_start() {
    let (marked, _) = Marked::closed().await;
    marked.rewrite(|frames| {
        let (key, bytes) = frames.iter().nth(3).unwrap().unwrap();
        let first = frame::first_of(&key).unwrap();
        let records = Frame::read(first, &bytes).unwrap().records();
        let mut records: Vec<(Vec<u8>, Vec<u8>)> = records
            .map(|record| record.unwrap())
            .map(|record| (record.leaf.to_vec(), record.payload.to_vec()))
            .collect();
        // The actor: no link, version or stamp is touched.
        let actor = records[0].0.windows(16).position(|bytes| bytes == [1; 16]).unwrap();
        records[0].0[actor] ^= 1;
        let contents = records.iter().map(|(leaf, payload)| (&**leaf, &**payload));
        frame::pack(first, contents, |key, value| {
            frames.insert(key, value).unwrap();
        })
        .unwrap();
    });
    let log = marked.open().unwrap();
    let fatal = marked.wait().unwrap();
    assert!(fatal.contains("position"), "{fatal}");
    assert!(matches!(log.append(append(1, 60, 1)), Err(LogError::Closed)));
    drop(log);
    // Nothing is marked any more, so that all of it is read first.
    let refused = marked.open().err().unwrap();
    assert!(matches!(refused, LogError::Damaged { .. }), "{refused}");
}

#[tokio::test]
async fn a_record_that_the_library_does_not_find_ends_the_process() {
    let (marked, head) = Marked::closed().await;
    marked.rewrite(|frames| {
        let (key, _) = frames.range(frame::key(10)..).next().unwrap().unwrap();
        frames.remove(key).unwrap();
    });
    match marked.open() {
        Ok(log) => {
            assert_eq!(log.head(), head);
            let fatal = marked.wait().unwrap();
            assert!(fatal.contains("position"), "{fatal}");
        }
        Err(error) => assert!(matches!(error, LogError::Damaged { .. }), "{error}"),
    }
}

#[tokio::test]
async fn a_mark_that_is_not_as_it_was_written_is_not_used() {
    let (marked, head) = Marked::closed().await;
    for (file, at) in [("verified", 20), ("verified", 90), ("verified", 200), ("subtrees", 33)] {
        let changed = Marked { bench: marked.bench.killed(), told: Arc::default() };
        let path = changed.bench.path().join("index").join(file);
        let mut bytes = fs::read(&path).unwrap();
        bytes[at] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert_eq!(changed.open().unwrap().head(), head, "{file} {at}");
        assert!(changed.verified_first() > 0, "{file} {at}");
    }
}

#[tokio::test]
async fn after_a_stop_of_the_machine_everything_is_verified_first() {
    let (marked, _) = Marked::closed().await;
    let log = marked.open().unwrap();
    appended(&log, append(1, 60, 1)).await.unwrap();
    let head = log.head();
    log.anchored(head.size).await.unwrap();
    let killed = Marked { bench: marked.bench.killed(), told: Arc::default() };
    let (told, boot) = (Arc::clone(&killed.told), "another boot".to_owned());
    let on_progress: OnProgress = Arc::new(move |progress| told.lock().unwrap().push(progress));
    let options = Options { whole_below: 40, boot, on_progress, ..killed.bench.options() };
    assert_eq!(killed.bench.open_with(options).unwrap().head(), head);
    assert!(killed.verified_first() > 0);
}
