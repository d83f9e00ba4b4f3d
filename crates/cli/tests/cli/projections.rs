//! `gradus projections list`, as an operator sees it.

use crate::program::{Desk, Home, Server};

fn told(desk: &Desk) -> serde_json::Value {
    let told = desk.run("projections list --output json").done();
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["projections"][0]["name"], "levels");
    told["log"].clone()
}

#[test]
fn a_start_by_a_mark_is_told_until_all_was_verified_again() {
    let variables = [("GRADUS_VERIFY_WHOLE_BELOW", "10")];
    let home = Home::new();
    let server = Server::start_with(&home, "warn", &variables);
    let desk = Desk { home, server };
    assert_eq!(told(&desk)["state"], "off");
    for name in ["theta", "iota", "kappa"] {
        desk.run(&format!("project register {name}")).done();
    }
    let Desk { home, server } = desk;
    server.stop();
    let server = Server::start_with(&home, "warn", &variables);
    let desk = Desk { home, server };
    let mut log = told(&desk);
    while log["state"] == "running" {
        log = told(&desk);
    }
    assert_eq!(log["state"], "done");
    assert!(log["expected"].as_u64().unwrap() > 10);
    assert_eq!(log["verified"], log["expected"]);
    assert!(desk.run("projections list").done().starts_with("name\t"));
}
