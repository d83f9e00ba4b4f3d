//! A client that remembers a log's key: it follows what that key handed over to, and nothing else.

use std::fs;
use std::path::PathBuf;

use crate::program::{Home, Ran, Server};

fn gradus(home: &Home, server: &Server, args: &[&str]) -> Ran {
    let admin = server.admin();
    home.run(args, &[("GRADUS_SERVER", &server.address), ("GRADUS_TOKEN_FILE", &admin)])
}

fn key(home: &Home, server: &Server) -> String {
    let seen = gradus(home, server, &["checkpoint", "seen", "--output", "json"]).done();
    let seen: serde_json::Value = serde_json::from_str(&seen).unwrap();
    seen["key"].as_str().unwrap().to_owned()
}

/// Where a client remembers the checkpoints of a server.
fn remembered(home: &Home, server: &Server) -> PathBuf {
    let name = server.address.replace([':', '/'], "_");
    home.path().join(".local/state/gradus/checkpoints").join(name)
}

fn register(home: &Home, server: &Server, name: &str) -> Ran {
    gradus(home, server, &["project", "register", name, "--await-checkpoint"])
}

#[test]
fn a_client_that_was_away_for_two_rotations_follows_them_and_says_so_once() {
    let home = Home::new();
    let server = Server::start(&home, "warn");
    register(&home, &server, "rustls").done();
    let away = Home::new();
    gradus(&away, &server, &["checkpoint"]).done();
    let first = key(&away, &server);
    assert_eq!(first, key(&home, &server));
    let kept = fs::read(remembered(&away, &server)).unwrap();
    for reason in ["the yearly change", "a disk was sold"] {
        let rotate = ["checkpoint", "rotate-key", "--reason", reason, "--yes"];
        gradus(&home, &server, &rotate).done();
    }
    let ran = register(&away, &server, "tokio");
    assert_eq!(ran.code, 0, "{ran:?}");
    let third = key(&away, &server);
    assert_ne!(third, first);
    let said = format!("the log's key was rotated, and is {third} now");
    assert!(ran.err.contains(&said), "{ran:?}");
    let next = register(&away, &server, "ring");
    assert!(next.code == 0 && !next.err.contains("rotated"), "{next:?}");
    assert_eq!(key(&away, &server), third);

    // Whoever remembers the first key is led to the third by a checkpoint that it finds by itself, too.
    fs::write(remembered(&away, &server), kept).unwrap();
    gradus(&away, &server, &["checkpoint"]).done();
    assert_eq!(key(&away, &server), third);
}

#[test]
fn a_key_that_the_remembered_one_never_handed_over_to_ends_with_11() {
    let home = Home::new();
    let server = Server::start(&home, "warn");
    register(&home, &server, "rustls").done();
    let seen = fs::read(remembered(&home, &server)).unwrap();
    let before = key(&home, &server);
    let data = server.data.clone();
    server.stop();
    // Somebody who has the disk and not the key signs with one of their own.
    fs::remove_file(data.join("checkpoint.key")).unwrap();
    fs::remove_dir_all(data.join("checkpoints")).unwrap();
    let server = Server::start(&home, "warn");
    fs::write(remembered(&home, &server), &seen).unwrap();
    let ran = gradus(&home, &server, &["checkpoint"]);
    assert_eq!(ran.code, 11, "{ran:?}");
    let ran = register(&home, &server, "tokio");
    assert_eq!(ran.code, 11, "{ran:?}");
    assert!(ran.err.contains("before"), "{ran:?}");
    assert_eq!(key(&home, &server), before, "what was seen stays");
    assert_eq!(fs::read(remembered(&home, &server)).unwrap(), seen);
}
