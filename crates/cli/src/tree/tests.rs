//! Folders of made-up leaves: added to, interrupted, changed.

use gradus_proof::tiles::add_entry;
use gradus_proof::{Signer, leaf_hash, root};
use tempfile::TempDir;

use super::*;

fn leaf(position: u64) -> Vec<u8> {
    format!("leaf {position}").into_bytes()
}

/// The checkpoint of a log of so many leaves, and its note.
fn checkpoint(size: u64) -> (Checkpoint, String) {
    let hashes: Vec<Digest> = (0..size).map(|position| leaf_hash(&leaf(position))).collect();
    let signer = Signer::from_seed("log", &[7; 32]).unwrap();
    let checkpoint = Checkpoint { origin: "log".to_owned(), size, root: root(&hashes) };
    let note = checkpoint.sign(&signer).unwrap().to_bytes();
    (checkpoint, String::from_utf8(note).unwrap())
}

/// What a server answers for a tile.
fn answer(tile: Tile) -> Vec<u8> {
    let leaves = tile.leaves();
    match tile.kind() {
        Kind::Hashes(_) => {
            let hashes: Vec<_> = leaves.map(|position| leaf_hash(&leaf(position))).collect();
            hash_bytes(&hashes)
        }
        Kind::Entries => {
            let mut bundle = Vec::new();
            leaves.for_each(|position| add_entry(&mut bundle, &leaf(position)).unwrap());
            bundle
        }
    }
}

fn open(at: &Path, before: u64, entries: bool) -> Result<Tree, CliError> {
    let before = (before > 0).then(|| checkpoint(before).0);
    Tree::open(Folder::new(at), before.as_ref(), entries)
}

/// Adds leaves up to a size.
fn grown(at: &Path, before: u64, size: u64, entries: bool) {
    let mut tree = open(at, before, entries).unwrap();
    while let Some(tile) = tree.next(size) {
        tree.add(tile, &answer(tile)).unwrap();
    }
    let (checkpoint, note) = checkpoint(size);
    tree.finish(&checkpoint, &note, |_| ()).unwrap();
}

fn files(at: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(at).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn names(at: &Path) -> String {
    let found = files(at);
    let names: Vec<_> =
        found.iter().map(|path| path.strip_prefix(at).unwrap().display().to_string()).collect();
    names.join(" ")
}

#[test]
fn a_folder_that_is_added_to_is_the_one_that_is_written_at_once() {
    for entries in [true, false] {
        let (slowly, at_once) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let mut before = 0;
        for size in [1, 2, 255, 256, 257, 257, 512, 600] {
            grown(slowly.path(), before, size, entries);
            before = size;
        }
        grown(at_once.path(), 0, 600, entries);
        assert_eq!(names(slowly.path()), names(at_once.path()));
        for path in files(at_once.path()) {
            let other = slowly.path().join(path.strip_prefix(at_once.path()).unwrap());
            assert_eq!(fs::read(&path).unwrap(), fs::read(other).unwrap(), "{}", path.display());
        }
    }
    let at = TempDir::new().unwrap();
    grown(at.path(), 0, 300, true);
    assert_eq!(
        names(at.path()),
        "checkpoint tile/0/000 tile/0/001.p/44 tile/1/000.p/1 tile/entries/000 \
         tile/entries/001.p/44"
    );
}

#[test]
fn each_byte_that_is_changed_in_a_tile_is_found() {
    for entries in [true, false] {
        let at = TempDir::new().unwrap();
        grown(at.path(), 0, 270, entries);
        let (checkpoint, _) = checkpoint(270);
        let folder = Folder::new(at.path());
        folder.verify(0, &checkpoint, |_| (), |_, _| Ok(())).unwrap();
        for path in files(&at.path().join("tile")) {
            let whole = fs::read(&path).unwrap();
            for at in (0..whole.len()).step_by(if entries { 5 } else { 3 }) {
                let mut changed = whole.clone();
                changed[at] ^= 1;
                fs::write(&path, changed).unwrap();
                let found = folder.verify(0, &checkpoint, |_| (), |_, _| Ok(()));
                assert!(matches!(found, Err(CliError::Proof(_))), "{}:{at}", path.display());
            }
            fs::write(&path, &whole[1..]).unwrap();
            folder.verify(0, &checkpoint, |_| (), |_, _| Ok(())).unwrap_err();
            fs::remove_file(&path).unwrap();
            let gone =
                folder.verify(0, &checkpoint, |_| (), |_, _| Ok(())).unwrap_err().to_string();
            assert!(gone.contains("is missing"), "{gone}");
            fs::write(&path, &whole).unwrap();
        }
    }
}

#[test]
fn leaves_that_lead_elsewhere_are_not_taken_and_what_was_there_stays() {
    let at = TempDir::new().unwrap();
    grown(at.path(), 0, 300, true);
    let before = fs::read(at.path().join("checkpoint")).unwrap();
    let mut tree = open(at.path(), 300, true).unwrap();
    while let Some(tile) = tree.next(600) {
        let mut bytes = answer(tile);
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        tree.add(tile, &bytes).unwrap();
    }
    let (checkpoint, note) = checkpoint(600);
    let refused = tree.finish(&checkpoint, &note, |_| ()).unwrap_err();
    assert!(matches!(refused, CliError::Proof(_)), "{refused}");
    assert_eq!(fs::read(at.path().join("checkpoint")).unwrap(), before);
    Folder::new(at.path()).verify(0, &self::checkpoint(300).0, |_| (), |_, _| Ok(())).unwrap();
    // The next run writes over what was not finished.
    grown(at.path(), 300, 600, true);
}

#[test]
fn a_folder_of_something_else_is_refused() {
    let at = TempDir::new().unwrap();
    fs::write(at.path().join("letter.txt"), "dear").unwrap();
    let refused = open(at.path(), 0, true).err().unwrap().to_string();
    assert!(refused.ends_with("holds `letter.txt`: it is no export"), "{refused}");
    let at = TempDir::new().unwrap();
    grown(at.path(), 0, 10, false);
    let refused = open(at.path(), 10, true).err().unwrap().to_string();
    assert!(refused.ends_with("holds hashes alone"), "{refused}");
    let at = TempDir::new().unwrap();
    grown(at.path(), 0, 10, true);
    let refused = open(at.path(), 10, false).err().unwrap().to_string();
    assert!(refused.contains("would miss those that come"), "{refused}");
    let other = open(at.path(), 9, true).err().unwrap();
    assert!(matches!(other, CliError::Proof(_)), "a checkpoint that is not its own: {other}");
}
