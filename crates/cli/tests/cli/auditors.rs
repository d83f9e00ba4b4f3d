//! What an auditor asks: what came late, what rests on one source, and suppliers side by side.

use crate::program::{Home, Server};

/// A home with a project that has an item and a rating, logged in as the operator.
fn worked(project: &str) -> (Home, Server) {
    let home = Home::new();
    let server = Server::start(&home, "warn");
    let login = ["login", "--server", &server.address, "--token-file", &server.admin()];
    home.run(&login, &[]).done();
    for line in [
        format!("project register {project} --team crypto --since 2020-01-01"),
        format!("rate --project {project} BP.01.01 satisfied --effective-at 2026-01-01"),
        format!(
            "submit --project {project} --kind policy --outcome supports --strength direct \
             --practice BP.01.01 --work-to 2026-01-01 --source scanner --source-id one"
        ),
    ] {
        home.run(&line.split_whitespace().collect::<Vec<_>>(), &[]).done();
    }
    (home, server)
}

#[test]
fn an_auditor_sees_what_came_late_and_what_rests_on_a_source() {
    let (home, server) = worked("tls");
    let late = home.run(&["audit", "late", "--unit", "tls", "--output", "json"], &[]).done();
    let late: serde_json::Value = serde_json::from_str(&late).unwrap();
    assert_eq!(late["late_total"], 2);
    assert_eq!(late["units"][0]["unit"]["name"], "tls");
    let types: Vec<&str> =
        late["facts"].as_array().unwrap().iter().map(|of| of["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["evidence-submitted", "practice-rated"]);
    let far = home.run(&["audit", "late", "--by", "36000"], &[]).done();
    assert!(!far.contains("practice-rated"), "{far}");
    let without = ["audit", "without", "--source", "scanner", "--from", "2026-01-01"];
    let told = home.run(&[&without[..], &["--output", "json"]].concat(), &[]).done();
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["impact"]["items"], 1);
    let nothing = home.run(&["audit", "without", "--unit", "tls"], &[]);
    assert_eq!(nothing.code, 2, "{nothing:?}");
    server.stop();
}

#[test]
fn capsules_of_two_suppliers_are_compared_without_a_server() {
    let homes = ["tls", "dns"].map(|project| {
        let (home, server) = worked(project);
        let key = home.run(&["checkpoint", "--output", "json"], &[]).done();
        let key: serde_json::Value = serde_json::from_str(&key).unwrap();
        let create = ["capsule", "create", project, "--until", "2026-03-01", "-o", "own.capsule"];
        home.run(&create, &[]).done();
        server.stop();
        (home, key["key"].as_str().unwrap().to_owned())
    });
    let [(one, key_one), (two, key_two)] = &homes;
    std::fs::copy(two.path().join("own.capsule"), one.path().join("two.capsule")).unwrap();
    let compare = ["capsule", "compare", "own.capsule", "two.capsule", "--profile"];
    let keys = ["--key", key_one, "--key", key_two];
    let table = one.run(&[&compare[..], &["service-bureau"], &keys].concat(), &[]).done();
    let rows: Vec<&str> = table.lines().filter(|row| row.contains("PA01")).collect();
    assert_eq!(rows.len(), 2, "{table}");
    assert!(!table.contains("total"), "{table}");
    let json = [&compare[..], &["service-bureau", "--output", "json"], &keys].concat();
    let json: serde_json::Value = serde_json::from_str(&one.run(&json, &[]).done()).unwrap();
    assert_eq!(json["comparable"], true);
    assert_eq!(json["areas"][0]["reached"].as_array().unwrap().len(), 2);
    // Another log's key alone: the first capsule fails, and is named.
    let other = [&compare[..], &["service-bureau", "--key", key_two]].concat();
    let failed = one.run(&other, &[]);
    assert_eq!(failed.code, 11, "{failed:?}");
    assert!(failed.err.contains("own.capsule"), "{failed:?}");
    let unknown = one.run(&[&compare[..], &["nobodys"], &keys].concat(), &[]);
    assert_eq!(unknown.code, 2, "{unknown:?}");
}
