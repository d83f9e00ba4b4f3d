//! `gradus checkpoint`, `prove` and `verify`: a client that remembers what was signed.

use std::fs;
use std::path::{Path, PathBuf};

use crate::program::{Home, Ran, Server};

fn gradus(home: &Home, server: &Server, args: &[&str]) -> Ran {
    let admin = server.admin();
    home.run(args, &[("GRADUS_SERVER", &server.address), ("GRADUS_TOKEN_FILE", &admin)])
}

/// A home, and a server with a project.
fn given() -> (Home, Server) {
    let home = Home::new();
    let server = Server::start(&home, "warn");
    gradus(&home, &server, &["project", "register", "rustls"]).done();
    (home, server)
}

/// The value of a part in a record that was printed.
fn part(printed: &str, name: &str) -> String {
    let line = printed.lines().find_map(|line| line.strip_prefix(&format!("{name}\t")));
    line.unwrap_or_else(|| panic!("no {name} in {printed}")).to_owned()
}

#[test]
fn each_command_that_records_remembers_the_checkpoint_that_came_with_it() {
    let (home, server) = given();
    let seen = gradus(&home, &server, &["checkpoint", "seen"]).done();
    let args = ["project", "register", "tokio", "--await-checkpoint"];
    gradus(&home, &server, &args).done();
    let later = gradus(&home, &server, &["checkpoint", "seen"]).done();
    assert_ne!(part(&seen, "root"), part(&later, "root"));
    let newest = gradus(&home, &server, &["checkpoint"]).done();
    for name in ["origin", "log_size", "root", "key"] {
        assert_eq!(part(&newest, name), part(&later, name), "{name}");
    }
    let size = part(&seen, "log_size");
    let grown = gradus(&home, &server, &["checkpoint", "--log-size", &size]).done();
    assert!(part(&grown, "begins with").starts_with(&format!("{size} records with root ")));
    let growth = gradus(&home, &server, &["prove", "growth", &size]).done();
    assert_eq!(part(&growth, "old_root"), part(&seen, "root"));
}

#[test]
fn a_record_is_proved_into_files_that_are_checked_without_a_server() {
    let (home, server) = given();
    let proved = gradus(&home, &server, &["prove", "record", "3", "--save", "third"]).done();
    let key = part(&proved, "key");
    server.stop();
    let verify = |leaf: &str, key: &str| {
        home.run(&["verify", "third.tlog-proof", "--leaf", leaf, "--key", key], &[])
    };
    let checked = verify("third.leaf", &key).done();
    assert!(part(&checked, "proved").starts_with("the leaf is record 3 of "), "{checked}");
    let leaf = home.path().join("third.leaf");
    let mut bytes = fs::read(&leaf).unwrap();
    bytes[80] ^= 1;
    fs::write(home.path().join("other.leaf"), bytes).unwrap();
    let ran = verify("other.leaf", &key);
    assert_eq!(ran.code, 11, "{ran:?}");
    assert!(ran.err.contains("the proof leads to root"), "{ran:?}");
    let other = "gradus/other+98ae5daa+Abvu0+gYVIbgCRYkZTtcZ63DYJOc2Vi6vhZVM6hkMbYp";
    let ran = verify("third.leaf", other);
    assert_eq!(ran.code, 2, "a key whose id is not its own is none: {ran:?}");
    let ran = verify("missing.leaf", &key);
    assert_eq!(ran.code, 1, "{ran:?}");
}

#[test]
fn an_instant_is_proved_by_the_records_around_it() {
    let (home, server) = given();
    let proved = gradus(&home, &server, &["prove", "known-at", "2020-01-01"]).done();
    assert_eq!(part(&proved, "log_size"), "0");
    let ran = gradus(&home, &server, &["prove", "known-at", "now"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("ask again after the next one"), "{ran:?}");
}

/// Where the checkpoints of a server are remembered.
fn remembered(home: &Home, server: &Server) -> PathBuf {
    let name = server.address.replace([':', '/'], "_");
    home.path().join(".local/state/gradus/checkpoints").join(name)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[test]
fn a_log_that_was_rewritten_is_noticed_by_a_client_that_saw_it_before() {
    let (home, server) = given();
    let data = server.data.clone();
    server.stop();
    let before = home.path().join("before");
    copy(&data, &before);
    let server = Server::start(&home, "warn");
    gradus(&home, &server, &["project", "register", "tokio", "--await-checkpoint"]).done();
    let seen = fs::read(remembered(&home, &server)).unwrap();
    server.stop();
    // Whoever runs the server puts the log back, and all that it remembers of what was signed.
    fs::remove_dir_all(&data).unwrap();
    copy(&before, &data);
    let server = Server::start(&home, "warn");
    // It listens on another port, and at the same address it would be the same file.
    fs::write(remembered(&home, &server), &seen).unwrap();
    let ran = gradus(&home, &server, &["checkpoint"]);
    assert_eq!(ran.code, 11, "{ran:?}");
    assert!(ran.err.contains("were signed before"), "{ran:?}");
    let args = ["project", "register", "another", "--await-checkpoint"];
    let ran = gradus(&home, &server, &args);
    assert_eq!(ran.code, 11, "{ran:?}");
    assert!(ran.out.contains("recorded"), "what was done is shown all the same: {ran:?}");
    assert!(ran.err.contains("the proof does not hold"), "{ran:?}");
    gradus(&home, &server, &["checkpoint", "forget"]).done();
    gradus(&home, &server, &["checkpoint"]).done();
}

/// A home, and a server with a project that says after every ten records what was known.
fn describing() -> (Home, Server) {
    let home = Home::new();
    let config = home.path().join("gradus.toml");
    fs::write(&config, "state-digest-every = 10\n").unwrap();
    let config = config.display().to_string();
    let server = Server::start_with(&home, "warn", &[("GRADUS_CONFIG", &config)]);
    (home, server)
}

#[test]
fn a_unit_is_proved_to_miss_no_record_by_the_next_state_digest() {
    let (home, server) = describing();
    gradus(&home, &server, &["project", "register", "rustls"]).done();
    let waited = ["events", "--type", "state-digest-recorded", "--follow", "--limit", "1"];
    gradus(&home, &server, &waited).done();
    let proved =
        gradus(&home, &server, &["prove", "unit", "organization", "--log-size", "10"]).done();
    assert_eq!(part(&proved, "size"), "10");
    let words = part(&proved, "proved");
    assert!(words.starts_with("no record of the unit below 10 is missing: "), "{words}");
    let rests = part(&proved, "rests on");
    assert!(rests.starts_with("the state digest of 10 records"), "{rests}");
    let none = gradus(&home, &server, &["prove", "unit", "rustls"]).done();
    let rests = part(&none, "rests on");
    assert!(rests.contains("rests on the server"), "{rests}");
    let listed = gradus(&home, &server, &["prove", "digests"]).done();
    assert!(listed.starts_with("size\troot\trows\tposition\trecorded_at\n"), "{listed}");
    assert!(listed.lines().count() >= 2, "{listed}");
}
