//! `gradus backup` of a running server that holds attachments, run again and again.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use crate::program::Desk;

const ITEM: &str = "submit --project theta --practice BP.10.01 --kind audit-report --outcome supports \
                    --strength direct --title Audit --source cli";

/// With three attachments, the longest of several pieces.
fn desk() -> Desk {
    let desk = Desk::after(&["project register theta"]);
    for (name, content) in
        [("a", "a".to_owned()), ("b", "b".repeat(100)), ("c", "c".repeat(3 << 20))]
    {
        attached(&desk, name, &content);
    }
    desk
}

fn attached(desk: &Desk, name: &str, content: &str) {
    fs::write(desk.home.path().join(name), content).unwrap();
    desk.run(&format!("{ITEM} --source-id {name} --attach {name}")).done();
}

/// What a backup says of attachments: how many there are, were written and were kept; and its notes.
fn backed_up(desk: &Desk, line: &str) -> ([u64; 3], Vec<String>) {
    let ran = desk.run(&format!("backup {line} --output json"));
    let notes = ran.err.lines().map(ToOwned::to_owned).collect();
    let told: serde_json::Value = serde_json::from_str(&ran.done()).unwrap();
    let of = |field: &str| told[field].as_u64().unwrap();
    ([of("attachments"), of("attachments_written"), of("attachments_kept")], notes)
}

/// The files of the archive's attachments by digest, each with its number on the disk.
fn held(desk: &Desk) -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    for unit in fs::read_dir(desk.home.path().join("archive/attachments")).unwrap() {
        for file in fs::read_dir(unit.unwrap().path()).unwrap() {
            let file = file.unwrap();
            let name = file.file_name().into_string().unwrap();
            all.insert(name, file.metadata().unwrap().ino());
        }
    }
    all
}

fn path(desk: &Desk, digest: &str) -> PathBuf {
    path_in(desk, "archive", digest)
}

fn path_in(desk: &Desk, folder: &str, digest: &str) -> PathBuf {
    let unit = fs::read_dir(desk.home.path().join(folder).join("attachments")).unwrap().next();
    unit.unwrap().unwrap().path().join(digest)
}

/// The attachment of so many bytes.
fn digest(desk: &Desk, size: u64) -> String {
    let told = desk.run("attachment list --project theta --output json").done();
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let of = told["attachments"].as_array().unwrap().iter().find(|of| of["size"] == size).unwrap();
    of["sha256"].as_str().unwrap().to_owned()
}

#[test]
fn a_backup_that_is_run_again_fetches_the_attachments_that_are_new() {
    let desk = desk();
    let quiet = Vec::<String>::new();
    assert_eq!(backed_up(&desk, "archive"), ([3, 3, 0], quiet.clone()));
    let first = held(&desk);
    assert_eq!(backed_up(&desk, "archive"), ([3, 0, 3], quiet.clone()));
    assert_eq!(held(&desk), first, "no file was written again");
    attached(&desk, "d", "dddd");
    assert_eq!(backed_up(&desk, "archive"), ([4, 1, 3], quiet.clone()));
    let second = held(&desk);
    assert!(first.iter().all(|(digest, number)| second[digest] == *number));
    assert_eq!(second.len(), 4);
    let told = desk.run("backup archive --output csv").done();
    assert!(told.contains(r#""4, sealed: 0 written, 4 there already""#), "{told}");
    let restored = desk.run("restore archive restored");
    assert_eq!(restored.code, 0, "{restored:?}");
    assert_eq!(desk.run("doctor --data restored").code, 0);
    // The server's directory, once nobody has it open, comes to the same.
    let Desk { home, server } = desk;
    server.stop();
    let args = ["backup", "archive", "--offline", "data", "--output", "json"];
    let told: serde_json::Value = serde_json::from_str(&home.run(&args, &[]).done()).unwrap();
    assert_eq!(told["attachments_kept"], 4);
    assert_eq!(told["attachments_written"], 0);
}

#[test]
fn what_is_damaged_cut_or_lost_in_the_archive_is_fetched_again_and_told() {
    let desk = desk();
    backed_up(&desk, "archive");
    let [one, cut, lost] = [1, 100, 3 << 20].map(|size| digest(&desk, size));
    let mut bytes = fs::read(path(&desk, &one)).unwrap();
    bytes[50] ^= 1;
    fs::write(path(&desk, &one), bytes).unwrap();
    fs::write(path(&desk, &cut), b"gradus").unwrap();
    fs::remove_file(path(&desk, &lost)).unwrap();
    assert_eq!(desk.run("doctor --archive archive").code, 20);
    let (told, mut notes) = backed_up(&desk, "archive");
    assert_eq!(told, [3, 3, 0]);
    notes.sort_by_key(|note| !note.contains(&one));
    assert_eq!(notes.len(), 3);
    for (digest, what) in
        [(&one, "its bytes hash to"), (&cut, "it has 6 bytes, not 160"), (&lost, "it is missing")]
    {
        let of = notes.iter().find(|note| note.contains(&format!("attachment {digest} of unit ")));
        let of = of.unwrap();
        let ends = of.ends_with(": it is fetched again");
        assert!(ends && of.contains(&format!("is damaged in the archive, {what}")), "{of}");
    }
    assert_eq!(desk.run("doctor --archive archive").code, 0);
    assert_eq!(backed_up(&desk, "archive"), ([3, 0, 3], Vec::new()));
}

#[test]
fn what_was_erased_since_goes_from_the_archive_whatever_is_kept() {
    let desk = desk();
    backed_up(&desk, "archive");
    let erased = digest(&desk, 100);
    desk.run(&format!("erase attachment {erased} --project theta --reason asked-for --yes")).done();
    attached(&desk, "d", "dddd");
    assert_eq!(backed_up(&desk, "archive"), ([3, 1, 2], Vec::new()));
    let held = held(&desk);
    assert!(held.len() == 3 && !held.contains_key(&erased));
    let manifest = fs::read_to_string(desk.home.path().join("archive/manifest.json")).unwrap();
    assert!(!manifest.contains(&erased));
}

#[test]
fn what_the_server_lost_without_an_erasure_stays_in_the_archive() {
    let desk = desk();
    backed_up(&desk, "archive");
    let before = held(&desk);
    let [damaged, lost] = [1, 100].map(|size| digest(&desk, size));
    let at_server = path_in(&desk, "data", &damaged);
    let mut bytes = fs::read(&at_server).unwrap();
    let whole = bytes.clone();
    bytes[44] ^= 1;
    fs::write(&at_server, bytes).unwrap();
    fs::remove_file(path_in(&desk, "data", &lost)).unwrap();
    let (told, notes) = backed_up(&desk, "archive");
    assert_eq!(told, [3, 0, 3]);
    assert_eq!(notes.len(), 2);
    for digest in [&damaged, &lost] {
        let of = notes.iter().find(|note| note.contains(&format!("attachment {digest} of unit ")));
        let ends = "is missing or damaged at the server: the archive keeps the one that it has";
        assert!(of.unwrap().ends_with(ends), "{notes:?}");
    }
    assert_eq!(held(&desk), before, "no file was written again");
    let told = desk.run("backup archive --output csv").done();
    let says = r#""3, sealed: 0 written, 3 there already, of which 2 are lost at their source""#;
    assert!(told.contains(says), "{told}");
    // Nor does a backup of the directory itself take what is damaged there for newer.
    let Desk { home, server } = desk;
    server.stop();
    let args = ["backup", "archive", "--offline", "data", "--output", "json"];
    let told: serde_json::Value = serde_json::from_str(&home.run(&args, &[]).done()).unwrap();
    let of = ["attachments", "attachments_written", "attachments_kept", "attachments_lost"];
    assert_eq!(of.map(|field| told[field].as_u64().unwrap()), [3, 0, 3, 2]);
    let restored = home.run(&["restore", "archive", "restored"], &[]);
    assert_eq!(restored.code, 0, "{restored:?}");
    assert_eq!(home.run(&["doctor", "--data", "restored"], &[]).code, 0);
    let units = fs::read_dir(home.path().join("restored/attachments")).unwrap();
    let files = units.map(|unit| unit.unwrap().path().join(&damaged));
    assert!(files.map(|path| fs::read(path).unwrap()).any(|bytes| bytes == whole));
}

#[test]
fn what_was_uploaded_again_in_the_place_of_a_damaged_file_takes_the_archives_place() {
    let desk = desk();
    backed_up(&desk, "archive");
    let digest = digest(&desk, 100);
    fs::write(path_in(&desk, "data", &digest), "damaged").unwrap();
    desk.run("attachment put b --project theta").done();
    let (told, notes) = backed_up(&desk, "archive");
    assert_eq!(told, [3, 1, 2]);
    let ends = ": it was fetched again";
    assert!(
        notes.len() == 1 && notes[0].contains(&digest) && notes[0].ends_with(ends),
        "{notes:?}"
    );
    let restored = desk.run("restore archive restored");
    assert_eq!(restored.code, 0, "{restored:?}");
    assert_eq!(desk.run("doctor --data restored").code, 0);
}
