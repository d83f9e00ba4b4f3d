//! What auditors ask is listed, ended, opened and checked, at a server and without one.

use crate::program::{Home, Server};

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

/// The operator's home with a project, and the home of an auditor.
fn given() -> (Home, Server, Home) {
    let home = Home::new();
    let server = Server::start(&home, "warn");
    let login = ["login", "--server", &server.address, "--token-file", &server.admin()];
    home.run(&login, &[]).done();
    home.run(&["project", "register", "tls", "--team", "crypto"], &[]).done();
    let issue = ["token", "issue", "ada", "--kind", "person", "--output", "json"];
    let issued = json(&home.run(&issue, &[]).done());
    let grant = ["role", "grant", "ada", "auditor", "organization", "--until", "2099-01-01"];
    home.run(&grant, &[]).done();
    let auditor = Home::new();
    let token = auditor.path().join("token");
    std::fs::write(&token, issued["secret"].as_str().unwrap()).unwrap();
    let token = token.display().to_string();
    let login = ["login", "--server", &server.address, "--token-file", &token];
    auditor.run(&login, &[]).done();
    (home, server, auditor)
}

/// The command with JSON for its answer.
fn told(home: &Home, args: &[&str]) -> serde_json::Value {
    json(&home.run(&[args, &["--output", "json"]].concat(), &[]).done())
}

#[test]
fn what_an_auditor_asked_is_opened_at_the_end_and_checked_without_a_server() {
    let (home, server, auditor) = given();
    auditor.run(&["levels", "tls", "--valid-at", "2026-05-01"], &[]).done();
    let own = told(&auditor, &["audit", "queries", "show", "1"]);
    let first = &own["queries"][0];
    assert_eq!(first["method"], "LevelService/QueryLevels");
    assert_eq!(first["request"]["unit"], "tls");
    let sealed = home.run(&["audit", "queries", "show", "1", "--auditor", "ada"], &[]);
    assert_ne!(sealed.code, 0, "{sealed:?}");
    assert!(!sealed.out.contains("QueryLevels") && !sealed.err.contains("QueryLevels"));

    let unasked = auditor.run(&["audit", "queries", "end", "1"], &[]);
    assert_eq!(unasked.code, 2, "{unasked:?}");
    auditor.run(&["audit", "queries", "end", "1", "--yes"], &[]).done();
    // Opening goes on beside the calls.
    let waited = ["events", "--type", "queries-opened", "--follow", "--limit", "1"];
    home.run(&waited, &[]).done();
    let open = ["audit", "queries", "open", "1", "--auditor", "ada", "--save", "ada.json"];
    let opened = told(&home, &open);
    assert_eq!(opened["verified"], true);
    assert_eq!(opened["opened_rows"], opened["committed_rows"]);
    let shown = home.run(&["audit", "queries", "show", "1", "--auditor", "ada"], &[]).done();
    assert!(shown.contains("LevelService/QueryLevels"), "{shown}");
    let key = told(&home, &["checkpoint"])["key"].as_str().unwrap().to_owned();
    server.stop();

    let verify = ["audit", "queries", "verify", "ada.json", "--key", &key];
    let verified = told(&home, &verify);
    assert_eq!((&verified["verified"], &verified["withheld_rows"]), (&true.into(), &0.into()));
    let path = home.path().join("ada.json");
    let mut file = json(&std::fs::read_to_string(&path).unwrap());
    let records = file["records"].as_array_mut().unwrap();
    let recorded = records.remove(0);
    std::fs::write(&path, file.to_string()).unwrap();
    let fewer = home.run(&verify, &[]);
    assert_eq!(fewer.code, 11, "{fewer:?}");
    let records = file["records"].as_array_mut().unwrap();
    records.insert(0, recorded);
    let opened = records.iter_mut().find(|record| record["rows"].is_string()).unwrap();
    let rows = opened["rows"].as_str().unwrap().replacen('A', "B", 1);
    opened["rows"] = rows.into();
    std::fs::write(&path, file.to_string()).unwrap();
    let changed = home.run(&verify, &[]);
    assert_eq!(changed.code, 11, "{changed:?}");
}
