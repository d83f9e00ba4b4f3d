//! What a directory must be to be opened, and what is said of one that is not.

use std::os::unix::fs::PermissionsExt as _;

use expect_test::{Expect, expect};

use super::*;

/// What is in the directory before it is opened: names and contents.
type Given<'a> = &'a [(&'a str, &'a str)];

fn directory(given: Given<'_>) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in given {
        fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

fn names(path: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn said(path: &Path) -> String {
    let error = Directory::open(path).unwrap_err().to_string();
    error.replace(&path.display().to_string(), "DIR")
}

fn check(given: Given<'_>, then: &Expect) {
    let dir = directory(given);
    then.assert_eq(&said(dir.path()));
    let left: Vec<&str> = given.iter().map(|(name, _)| *name).collect();
    assert_eq!(names(dir.path()), left, "a refused directory is left as it was");
}

#[test]
fn an_absent_directory_is_made_for_its_owner_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("gradus");
    let held = Directory::open(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o700);
    let text = fs::read_to_string(path.join("FORMAT")).unwrap();
    assert_eq!(text, "gradus data directory\nformat 1\n");
    assert_eq!(names(&path), ["FORMAT", "LOCK"]);
    assert_eq!(held.path(), path);
}

#[test]
fn an_empty_directory_becomes_ours_and_stays_it() {
    let dir = directory(&[("LOCK", ""), ("FORMAT.new", "grad")]);
    fs::create_dir(dir.path().join("lost+found")).unwrap();
    for _ in 0..3 {
        let held = Directory::open(dir.path()).unwrap();
        fs::create_dir_all(held.log()).unwrap();
    }
    assert_eq!(names(dir.path()), ["FORMAT", "LOCK", "log", "lost+found"]);
}

#[test]
fn a_directory_of_others_is_refused_and_left_alone() {
    check(
        &[("notes.txt", "mine")],
        &expect![
            "`DIR` holds `notes.txt` and no `FORMAT`: it is no data directory of gradus; \
     name one, or an empty or a new directory"
        ],
    );
}

#[test]
fn a_newer_format_is_refused_with_both_numbers() {
    let newer = [("FORMAT", "gradus data directory\nformat 12\nand more\n")];
    check(
        &newer,
        &expect!["`DIR` has format 12, this version knows format 1: use a newer version of gradus"],
    );
}

#[test]
fn a_format_that_is_none_is_refused() {
    check(
        &[("FORMAT", "")],
        &expect![[
            r#"`DIR/FORMAT` begins with "" and names no format: restore it, its lines are `gradus data directory` and `format 1`"#
        ]],
    );
    check(
        &[("FORMAT", "gradus data directory\nformat 0\n")],
        &expect![[
            r#"`DIR/FORMAT` begins with "gradus data directory\nformat 0\n" and names no format: restore it, its lines are `gradus data directory` and `format 1`"#
        ]],
    );
    check(
        &[("FORMAT", "PNG\u{1b}[2J image")],
        &expect![[
            r#"`DIR/FORMAT` begins with "PNG\u{1b}[2J image" and names no format: restore it, its lines are `gradus data directory` and `format 1`"#
        ]],
    );
}

#[test]
fn a_second_process_learns_who_holds_the_directory() {
    let dir = directory(&[]);
    let held = Directory::open(dir.path()).unwrap();
    let own = format!("process {}", std::process::id());
    expect!["`DIR` is held by process PID: stop it, or name another directory"]
        .assert_eq(&said(dir.path()).replace(&own, "process PID"));
    fs::write(dir.path().join("LOCK"), "?").unwrap();
    expect!["`DIR` is held by another process: stop it, or name another directory"]
        .assert_eq(&said(dir.path()));
    drop(held);
    assert!(Directory::open(dir.path()).is_ok());
}

#[test]
fn a_file_in_its_place_or_no_parent_is_refused() {
    let dir = directory(&[("file", "")]);
    let path = dir.path().join("file");
    expect!["cannot create `DIR`: a file of that name is there"].assert_eq(&said(&path));
    expect!["cannot create `DIR`: the folder it would lie in is missing, make that first"]
        .assert_eq(&said(&dir.path().join("no").join("gradus")));
}

#[test]
fn what_may_not_be_written_is_read_only() {
    for (step, code, read_only) in [
        (Step::Create, 30, true),
        (Step::Write, 13, true),
        (Step::Remove, 1, true),
        (Step::Create, 28, false),
        (Step::Read, 13, false),
        (Step::Sync, 30, false),
    ] {
        let error = io::Error::from_raw_os_error(code);
        let error = FileError::new(step, Path::new("/d/LOCK"), error);
        assert_eq!(error.is_read_only(), read_only, "{error}");
    }
}

#[test]
fn a_directory_without_write_permission_is_refused() {
    let dir = directory(&[]);
    drop(Directory::open(dir.path()).unwrap());
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o500)).unwrap();
    if File::create(dir.path().join("LOCK.new")).is_ok() {
        // The superuser may write anywhere: nothing can be seen here.
        return;
    }
    let text = said(dir.path());
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
    assert!(text.starts_with("`DIR` is read-only for this user"), "{text}");
}

#[test]
fn a_secret_replaces_what_was_there_and_only_its_owner_reads_it() {
    let dir = directory(&[]);
    let held = Directory::open(dir.path()).unwrap();
    let path = held.admin_token();
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    held.write_secret(&path, "new").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    assert_eq!(names(dir.path()), ["FORMAT", "LOCK", "admin.token"]);
}
