//! `gradus capsule`, as an auditor runs it: made with a server, verified without one.

use std::fs;

use crate::program::{Home, Server};

/// A home with two projects that have a rating each, logged in as the operator.
fn worked() -> (Home, Server) {
    let home = Home::new();
    let server = Server::start(&home, "warn");
    let login = ["login", "--server", &server.address, "--token-file", &server.admin()];
    home.run(&login, &[]).done();
    for line in [
        "project register tls --team crypto --since 2020-01-01",
        "project register dns --team crypto --since 2020-01-01",
        "rate --project tls BP.01.01 satisfied --effective-at 2026-01-01",
        "rate --project dns BP.01.01 satisfied --effective-at 2026-01-01",
    ] {
        home.run(&line.split(' ').collect::<Vec<_>>(), &[]).done();
    }
    (home, server)
}

#[test]
fn a_capsule_is_made_with_a_server_and_verified_and_shown_without_one() {
    let (home, server) = worked();
    let key = home.run(&["checkpoint", "--output", "json"], &[]).done();
    let key: serde_json::Value = serde_json::from_str(&key).unwrap();
    let key = key["key"].as_str().unwrap();
    let create = ["capsule", "create", "tls", "--until", "2026-03-01", "-o", "tls.capsule"];
    let made = home.run(&create, &[]).done();
    assert!(made.contains("no\tcompleteness"), "{made}");
    let again = [&create[..6], &["again.capsule"]].concat();
    let size = home.run(&["capsule", "show", "tls.capsule", "--output", "json"], &[]).done();
    let size: serde_json::Value = serde_json::from_str(&size).unwrap();
    let size = size["log_size"].to_string();
    home.run(&[&again[..], &["--log-size", &size]].concat(), &[]).done();
    let bytes = fs::read(home.path().join("tls.capsule")).unwrap();
    assert!(fs::read(home.path().join("again.capsule")).unwrap() == bytes);
    let all = ["capsule", "create", "--all", "-o", "all.capsule"];
    let all = home.run(&all, &[]).done();
    assert!(all.contains("yes\tcompleteness"), "{all}");
    server.stop();

    let verify = ["capsule", "verify", "tls.capsule", "--key", key, "--output", "json"];
    let verified = home.run(&verify, &[]).done();
    let verified: serde_json::Value = serde_json::from_str(&verified).unwrap();
    assert_eq!(verified["verified"], true);
    assert_eq!(verified["units"][0]["name"], "tls");
    assert_eq!(verified["units"][0]["areas"][0]["area"], "PA01");
    assert_eq!(verified["proved"][0]["about"], "signature");
    let unsigned = home.run(&["capsule", "verify", "tls.capsule"], &[]).done();
    assert!(unsigned.contains("no\tsignature"), "{unsigned}");
    fs::write(home.path().join("trust.policy"), format!("log {key}\nquorum none\n")).unwrap();
    let by_policy = ["capsule", "verify", "tls.capsule", "--policy", "trust.policy"];
    let by_policy = home.run(&by_policy, &[]).done();
    assert!(by_policy.contains("yes\tsignature"), "{by_policy}");
    let shown = home.run(&["capsule", "show", "tls.capsule"], &[]);
    assert!(shown.err.contains("not verified"), "{shown:?}");
    assert!(shown.done().contains("tls\tPA01"));
}

#[test]
fn a_changed_capsule_ends_with_11_and_says_where_and_nothing_to_verify_with_12() {
    let (home, server) = worked();
    let create = ["capsule", "create", "tls", "-o", "tls.capsule"];
    home.run(&create, &[]).done();
    server.stop();
    let path = home.path().join("tls.capsule");
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(8).position(|window| window == b"streams/" as &[u8]).unwrap();
    // The names in `capsule.json` come first; the member's header begins a block.
    let at = (at..bytes.len())
        .find(|at| at % 512 == 0 && bytes[*at..].starts_with(b"streams/"))
        .unwrap();
    bytes[at + 512 + 2 + 100] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let failed = home.run(&["capsule", "verify", "tls.capsule", "--output", "json"], &[]);
    assert_eq!(failed.code, 11, "{failed:?}");
    let error: serde_json::Value = serde_json::from_str(&failed.err).unwrap();
    assert_eq!(error["reason"], "CAPSULE_FAILED");
    assert!(error["metadata"]["member"].as_str().unwrap().starts_with("streams/"), "{error}");
    assert_eq!(error["metadata"]["version"], "1");
    fs::write(&path, b"").unwrap();
    let nothing = home.run(&["capsule", "verify", "tls.capsule"], &[]);
    assert_eq!(nothing.code, 12, "{nothing:?}");
    fs::write(&path, b"no capsule").unwrap();
    assert_eq!(home.run(&["capsule", "show", "tls.capsule"], &[]).code, 12);
}

#[test]
fn a_suppliers_capsule_is_evidence_here_once_it_is_verified() {
    let (supplier, server) = worked();
    let key = supplier.run(&["checkpoint", "--output", "json"], &[]).done();
    let key: serde_json::Value = serde_json::from_str(&key).unwrap();
    let key = key["key"].as_str().unwrap();
    let both = ["capsule", "create", "tls", "dns", "--until", "2026-03-01", "-o", "both.capsule"];
    supplier.run(&both, &[]).done();
    server.stop();
    let file = supplier.path().join("both.capsule");
    let file = file.to_str().unwrap();

    let (home, server) = worked();
    let submit = |rest: &str| {
        let said = "--project tls --practice BP.22.02 --output json";
        let rest = format!("{said} {rest}");
        home.run(
            &[&["capsule", "submit", file], &*rest.split(' ').collect::<Vec<_>>()].concat(),
            &[],
        )
    };
    let untrusted = submit("--of tls");
    assert_eq!(untrusted.code, 2, "{untrusted:?}");
    assert!(untrusted.err.contains("--key"), "{untrusted:?}");
    let which = submit(&format!("--key {key}"));
    assert_eq!(which.code, 2, "{which:?}");
    assert!(which.err.contains("say which one with --of: tls, dns"), "{which:?}");
    let own = home.run(&["checkpoint", "--output", "json"], &[]).done();
    let own: serde_json::Value = serde_json::from_str(&own).unwrap();
    let forged = submit(&format!("--of tls --key {}", own["key"].as_str().unwrap()));
    assert_eq!(forged.code, 11, "{forged:?}");

    let count = |counted: &str, ran: &crate::program::Ran| {
        let answer: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        let items = answer["items"].as_array().unwrap();
        items.iter().filter(|item| (item["duplicate"] == true) == (counted == "known")).count()
    };
    let first = submit(&format!("--of tls --key {key} --note asked-for"));
    assert_eq!((first.code, count("new", &first)), (0, 1), "{first:?}");
    let again = submit(&format!("--of tls --key {key} --note asked-for"));
    assert_eq!((again.code, count("known", &again)), (0, 1), "{again:?}");
    let listed = home.run(&["review", "list", "--project", "tls", "--output", "json"], &[]).done();
    for said in ["PA01 ongoing", "asked-for\\nProved: ", "Not proved: ", "audit-report"] {
        assert!(listed.contains(said), "{said} in {listed}");
    }
    server.stop();
}
