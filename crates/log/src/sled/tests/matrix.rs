//! Every file of a directory, damaged in every way: nothing wrong is ever served.

use super::*;
use crate::ReadLimit;

/// What is done to a file.
#[derive(Clone, Copy, Debug)]
enum Harm {
    Flip(usize),
    CutTail,
    ZeroTail,
    Remove,
    Empty,
}

/// A closed log of several segments, and its head.
async fn several_segments() -> (Bench, Head) {
    let bench = Bench::new();
    let log = bench.open().unwrap();
    for round in 0..30 {
        appended(&log, append(1, round * 100, 100)).await.unwrap();
    }
    let head = log.head();
    log.close().await.unwrap();
    drop(log);
    // A second start lets the library write its snapshot of all of them.
    let log = bench.open().unwrap();
    appended(&log, append(2, 0, 3)).await.unwrap();
    let head = Head { size: head.size + 3, ..log.head() };
    log.close().await.unwrap();
    (bench, head)
}

fn all_files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(all_files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn harm(path: &Path, harm: Harm) {
    let mut bytes = fs::read(path).unwrap();
    match harm {
        Harm::Flip(at) => bytes[at] ^= 0x20,
        Harm::CutTail => bytes.truncate(bytes.len() * 2 / 3),
        Harm::ZeroTail => {
            let from = bytes.len() * 2 / 3;
            bytes[from..].fill(0);
        }
        Harm::Remove => return fs::remove_file(path).unwrap(),
        Harm::Empty => bytes.clear(),
    }
    fs::write(path, bytes).unwrap();
}

/// The ways to harm a file of that length: `flips` bytes spread over it, those of its headers, and
/// its last.
fn harms(length: usize, flips: usize) -> Vec<Harm> {
    let mut all = vec![Harm::Remove, Harm::Empty];
    if length > 0 {
        all.extend([Harm::CutTail, Harm::ZeroTail]);
        let mut at: Vec<_> = (0..flips).map(|step| step * length / flips + step % 5).collect();
        at.extend([0, 5, 13, 30, length - 1]);
        at.sort_unstable();
        at.dedup();
        all.extend(at.into_iter().filter(|at| *at < length).map(Harm::Flip));
    }
    all
}

/// The bytes of everything that is truth.
fn truth(bench: &Bench) -> Vec<(PathBuf, Vec<u8>)> {
    let files = all_files(&bench.path().join("log")).into_iter();
    files.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

async fn leaves(log: &Arc<dyn Log>) -> Vec<Vec<u8>> {
    let mut leaves = Vec::new();
    while (leaves.len() as u64) < log.head().size {
        let from = leaves.len() as u64;
        let read = log.read(from, ReadLimit::records(1_000)).await.unwrap();
        leaves.extend(read.into_iter().map(|record| record.leaf));
    }
    leaves
}

/// A whole log, and what it holds.
struct Whole {
    bench: Bench,
    head: Head,
    leaves: Vec<Vec<u8>>,
}

impl Whole {
    async fn new() -> Self {
        let (bench, head) = several_segments().await;
        let leaves = leaves(&bench.killed().open().unwrap()).await;
        Self { bench, head, leaves }
    }

    fn files(&self, below: &str) -> Vec<PathBuf> {
        let files = all_files(&self.bench.path()).into_iter();
        let names = files.map(|file| file.strip_prefix(self.bench.path()).unwrap().to_owned());
        names.filter(|name| name.starts_with(below)).collect()
    }

    /// What a start says after a file was harmed; what it serves, it serves whole.
    async fn after(&self, name: &Path, way: Harm) -> Result<(), String> {
        let bench = self.bench.killed();
        harm(&bench.path().join(name), way);
        let before = truth(&bench);
        match bench.open() {
            Err(error) => {
                assert_eq!(bench.refused().to_string(), error.to_string(), "the same again");
                assert!(truth(&bench) == before, "a refused start changes nothing: {error}");
                assert!(!bench.path().join("log.trial").exists());
                Err(error.to_string().replace(&bench.path().display().to_string(), "DIR"))
            }
            Ok(log) => {
                assert_eq!(log.head(), self.head, "{name:?} {way:?}");
                assert!(leaves(&log).await == self.leaves, "{name:?} {way:?}");
                let most = ReadLimit { records: 9_000, bytes: usize::MAX };
                let stream = log.read_stream(crate::contract::stream(1), 1, most).await.unwrap();
                assert_eq!(stream.len(), 3_000, "{name:?} {way:?}");
                Ok(())
            }
        }
    }
}

#[tokio::test]
async fn what_is_derived_is_made_again_whatever_happens_to_it() {
    let whole = Whole::new().await;
    let mut files = whole.files("index");
    files.extend(whole.files("log").into_iter().filter(|name| !name.ends_with("db")));
    assert!(files.len() >= 5, "{files:?}");
    for name in files {
        let length = fs::read(whole.bench.path().join(&name)).unwrap().len();
        for way in harms(length, 4) {
            assert_eq!(whole.after(&name, way).await, Ok(()), "{name:?} {way:?}");
        }
    }
}

#[tokio::test]
async fn damage_to_the_records_is_named_by_file_and_place_or_lies_where_nothing_is_read() {
    let whole = Whole::new().await;
    let name = Path::new("log/db");
    let length = fs::read(whole.bench.path().join(name)).unwrap().len();
    let mut refused = 0;
    for way in harms(length, 24) {
        let told = whole.after(name, way).await;
        let Err(told) = told else {
            assert!(matches!(way, Harm::Flip(_)), "{way:?} must be found");
            continue;
        };
        refused += 1;
        if let Harm::Remove = way {
            assert!(told.starts_with("the anchor says size 3003"), "{told}");
            continue;
        }
        let place = told.strip_prefix("DIR/log/db is damaged at byte ").unwrap_or_else(|| {
            panic!("{way:?} is told as: {told}");
        });
        let place: usize = place.split(',').next().unwrap().parse().unwrap();
        assert!(told.ends_with("the directory is left as it is"), "{told}");
        if let Harm::Flip(at) = way {
            let segment = 512 << 10;
            assert_eq!(place / segment, at / segment, "{way:?} is told as: {told}");
            assert!(place <= at, "{way:?} is told as: {told}");
        }
    }
    assert!(refused >= 8, "{refused} were refused");
}

#[tokio::test]
async fn an_anchor_tells_of_its_damage_or_has_another_slot() {
    let whole = Whole::new().await;
    let name = Path::new("anchor");
    let length = fs::read(whole.bench.path().join(name)).unwrap().len();
    for way in harms(length, 24) {
        if let Err(told) = whole.after(name, way).await {
            assert!(matches!(way, Harm::Remove | Harm::Empty), "{way:?}");
            let expected = "DIR/anchor is missing or unreadable while the log holds 3003 records";
            assert!(told.starts_with(expected), "{told}");
        }
    }
}
