//! `gradus checkpoint`, `prove` and `verify`: a client that remembers what was signed.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
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

#[test]
fn a_level_and_the_list_of_units_are_proved_by_the_next_state_digest() {
    let (home, server) = describing();
    gradus(&home, &server, &["project", "register", "rustls"]).done();
    let rated = ["BP.01.01", "satisfied", "--effective-at", "2026-03-01"];
    gradus(&home, &server, &[&["rate", "--project", "organization"][..], &rated].concat()).done();
    for number in 0..12 {
        gradus(&home, &server, &["project", "register", &format!("p{number}")]).done();
    }
    let waited = ["events", "--type", "state-digest-recorded", "--follow", "--limit", "2"];
    gradus(&home, &server, &waited).done();
    let proved = gradus(&home, &server, &["prove", "level", "organization", "PA01"]).done();
    assert!(part(&proved, "rated").ends_with(" open"), "{proved}");
    let words = part(&proved, "proved");
    assert!(words.contains("the log says so itself"), "{words}");
    let not = part(&proved, "not proved");
    assert!(not.starts_with("that these levels follow from the records by the rules"), "{not}");
    let none = gradus(&home, &server, &["prove", "level", "organization", "PA02"]).done();
    assert_eq!([part(&none, "rated"), part(&none, "ongoing")], ["not rated", "not rated"]);
    let before = gradus(&home, &server, &["prove", "level", "organization#5", "PA01"]);
    assert!(before.err.contains("no state digest of at most 5 records"), "{before:?}");

    let made = ["capsule", "create", "organization", "--summary", "-o", "it.summary"];
    gradus(&home, &server, &made).done();
    let key = part(&proved, "key");
    let checked =
        gradus(&home, &server, &["capsule", "verify", "it.summary", "--key", &key]).done();
    assert!(checked.contains("no\tlevels-computed\tthat the levels follow from"), "{checked}");
    assert!(checked.contains("yes\tlevels-told\tthe own levels of 1 unit are"), "{checked}");
    gradus(&home, &server, &["capsule", "show", "it.summary"]).done();

    let asked = ["prove", "scope", "--log-size", "10", "--output", "json"];
    let scope = gradus(&home, &server, &asked).done();
    assert!(scope.contains("were registered below 10, and no other: "), "{scope}");
    let scope = gradus(&home, &server, &["prove", "scope", "--output", "jsonl"]).done();
    assert!(scope.lines().any(|line| line.contains("\"unit\":\"rustls\"")), "{scope}");
}

#[test]
fn a_policy_says_which_witnesses_saw_what_a_proof_leads_to() {
    let (home, server) = given();
    let proved = gradus(&home, &server, &["prove", "record", "3", "--save", "third"]).done();
    let key = part(&proved, "key");
    server.stop();
    let witness = gradus_proof::Cosigner::from_seed("witness.example", &[9; 32]).unwrap();
    let file = home.path().join("third.tlog-proof");
    let text = fs::read_to_string(&file).unwrap();
    let (_, note) = text.split_once("\n\n").unwrap();
    let note = gradus_proof::Note::parse(note.as_bytes()).unwrap();
    let by = witness.cosign(&note.text, 1_780_315_200);
    let line = gradus_proof::signature_line(&by.name, by.key_id, &by.bytes);
    fs::write(home.path().join("seen.tlog-proof"), format!("{text}{line}")).unwrap();
    let policy = |quorum: &str| {
        let text = format!("log {key}\nwitness ours {}\nquorum {quorum}\n", witness.verifier());
        fs::write(home.path().join("trusted.policy"), text).unwrap();
    };
    let verify = |proof: &str| {
        let args = ["verify", proof, "--leaf", "third.leaf", "--policy", "trusted.policy"];
        home.run(&args, &[])
    };
    policy("ours");
    let checked = verify("seen.tlog-proof").done();
    assert_eq!(part(&checked, "witnessed by"), "ours at 2026-06-01T12:00:00Z");
    assert_eq!(part(&checked, "signed by"), key);
    let ran = verify("third.tlog-proof");
    assert_eq!(ran.code, 11, "{ran:?}");
    assert!(ran.err.contains("the quorum `ours` did not sign the checkpoint"), "{ran:?}");
    policy("none");
    let checked = verify("third.tlog-proof").done();
    assert_eq!(part(&checked, "witnessed by"), "");
    let ran = home.run(&["verify", "third.tlog-proof", "--leaf", "third.leaf"], &[]);
    assert_eq!(ran.code, 2, "nobody is named: {ran:?}");
}

/// A home, and a server that asks a witness at this address.
fn witnessed_at(address: &str) -> (Home, Server) {
    let home = Home::new();
    let witness = gradus_proof::Cosigner::from_seed("witness.example", &[9; 32]).unwrap();
    let key = witness.verifier();
    let settings = format!(
        "[[witnesses.witness]]\nname = \"ours\"\nkey = \"{key}\"\nurl = \"http://{address}\"\n"
    );
    let config = home.path().join("gradus.toml");
    fs::write(&config, settings).unwrap();
    let config = config.display().to_string();
    let variables = [("GRADUS_CONFIG", config.as_str()), ("GRADUS_TILES_ADDRESS", "127.0.0.1:0")];
    let server = Server::start_with(&home, "error", &variables);
    (home, server)
}

#[test]
fn a_log_that_a_witness_contradicts_ends_with_11_and_says_both_sizes() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut asked = [0; 4_096];
            let _ = stream.read(&mut asked).unwrap();
            let head = "HTTP/1.1 409 Conflict\r\nContent-Length: 8\r\nConnection: close\r\n\r\n";
            let _ = stream.write_all(format!("{head}1000000\n").as_bytes());
        }
    });
    let (home, server) = witnessed_at(&address);
    let asked = (0..100).map(|_| gradus(&home, &server, &["checkpoint"]));
    let refused = asked.into_iter().find(|ran| ran.code != 0).expect("the witness is heard");
    assert_eq!(refused.code, 11, "{refused:?}");
    let words =
        "witness `ours` has signed a checkpoint of 1000000 records of this log, and it has ";
    assert!(refused.err.contains(words), "{refused:?}");
    assert!(refused.err.contains("gradus checkpoint seen"), "{refused:?}");
    let recorded = gradus(&home, &server, &["project", "register", "rustls"]).done();
    assert!(!recorded.is_empty(), "what is recorded is acknowledged all the same");
    let said = server.stop();
    assert!(said.contains("a witness has seen another log"), "{said}");
}

#[test]
fn a_checkpoint_is_shown_with_the_witnesses_that_the_server_asks() {
    let (home, server) = witnessed_at("127.0.0.1:1");
    let shown = gradus(&home, &server, &["checkpoint"]).done();
    assert_eq!(part(&shown, "witnessed up to"), "no checkpoint yet");
    let shown = gradus(&home, &server, &["checkpoint", "--output", "json"]).done();
    assert!(shown.contains("\"name\": \"ours\""), "{shown}");
    let ran = gradus(&home, &server, &["checkpoint", "--witnessed"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("no checkpoint that enough witnesses signed covers"), "{ran:?}");
    let said = server.stop();
    assert!(said.contains("Tiles of the log are on http://127.0.0.1:"), "{said}");
}

/// A file of an export.
fn exported(home: &Home, name: &str) -> PathBuf {
    home.path().join("log").join(name)
}

#[test]
fn the_log_is_exported_into_files_that_are_added_to_and_verified_without_a_server() {
    let (home, server) = given();
    let first = gradus(&home, &server, &["audit", "export", "log"]).done();
    let key = part(&gradus(&home, &server, &["checkpoint"]).done(), "key");
    let size = part(&first, "log_size");
    assert_eq!(part(&first, "added"), format!("{size} records"));
    gradus(&home, &server, &["project", "register", "tokio", "--await-checkpoint"]).done();
    let next = gradus(&home, &server, &["audit", "export", "log"]).done();
    assert_ne!(part(&next, "log_size"), size);
    let again = gradus(&home, &server, &["audit", "export", "log"]).done();
    assert_eq!(part(&again, "added"), "0 records");
    gradus(&home, &server, &["audit", "export", "hashes", "--hashes"]).done();
    let size = part(&next, "log_size");
    let partial = format!("tile/0/000.p/{size}");
    let hashes = fs::read(home.path().join("hashes").join(&partial)).unwrap();
    assert_eq!(hashes, fs::read(exported(&home, &partial)).unwrap());
    assert!(!home.path().join("hashes/tile/entries").exists());
    server.stop();
    let verify = || home.run(&["audit", "verify", "log", "--key", &key], &[]);
    let checked = verify().done();
    let proved =
        "each tile and each record is the one that was hashed, and follows the one before it";
    assert_eq!(part(&checked, "proved"), proved);
    assert_eq!(part(&checked, "log_size"), size);
    let bundle = exported(&home, &format!("tile/entries/000.p/{size}"));
    let mut bytes = fs::read(&bundle).unwrap();
    bytes[500] ^= 1;
    fs::write(&bundle, bytes).unwrap();
    let ran = verify();
    assert_eq!(ran.code, 11, "{ran:?}");
    assert!(ran.err.contains("is not what was hashed: it differs from leaf "), "{ran:?}");
    let ran = home.run(&["audit", "verify", "nothing", "--key", &key], &[]);
    assert_eq!(ran.code, 12, "{ran:?}");
}

#[test]
fn a_log_that_was_rewritten_is_not_added_to_an_export() {
    let (home, server) = given();
    let data = server.data.clone();
    server.stop();
    let before = home.path().join("before");
    copy(&data, &before);
    let server = Server::start(&home, "warn");
    gradus(&home, &server, &["project", "register", "tokio", "--await-checkpoint"]).done();
    gradus(&home, &server, &["audit", "export", "log"]).done();
    server.stop();
    fs::remove_dir_all(&data).unwrap();
    copy(&before, &data);
    let server = Server::start(&home, "warn");
    for name in ["other", "and-another", "and-one-more"] {
        gradus(&home, &server, &["project", "register", name, "--await-checkpoint"]).done();
    }
    let kept = fs::read(exported(&home, "checkpoint")).unwrap();
    let ran = gradus(&home, &server, &["audit", "export", "log"]);
    assert_eq!(ran.code, 11, "{ran:?}");
    assert_eq!(fs::read(exported(&home, "checkpoint")).unwrap(), kept);
}
