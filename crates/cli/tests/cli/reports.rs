//! `gradus report`, as somebody runs it who has to hand a page on.

use std::fs;

use crate::program::{Home, Server};

/// A home with a project whose notes hold markup, logged in as the operator.
fn worked() -> (Home, Server) {
    let home = Home::new();
    let server = Server::start(&home, "warn");
    let login = ["login", "--server", &server.address, "--token-file", &server.admin()];
    home.run(&login, &[]).done();
    for line in [
        "project register tls --team crypto --since 2020-01-01",
        "project adopt-profile tls security-product-developer --since 2020-01-01",
        "rate --project tls BP.01.01 satisfied --effective-at 2026-01-01 \
         --rationale <script>alert(1)</script>&more",
        "rate --project tls BP.01.02 not-satisfied --effective-at 2026-02-01",
    ] {
        home.run(&line.split_whitespace().collect::<Vec<_>>(), &[]).done();
    }
    (home, server)
}

fn report(home: &Home, name: &str, unit: &str) -> String {
    home.run(&["report", name, unit, "-o", "-"], &[]).done()
}

#[test]
fn a_report_of_a_date_is_one_page_with_the_same_bytes_whenever_it_is_written() {
    let (home, _server) = worked();
    let size = home.run(&["levels", "tls", "--output", "json"], &[]).done();
    let size: serde_json::Value = serde_json::from_str(&size).unwrap();
    let pinned = format!("tls#{}", size["log_size"]);
    let later = ["satisfied", "not-satisfied", "satisfied", "not-satisfied"];
    for (name, rating) in ["levels", "gap", "history", "audit"].into_iter().zip(later) {
        let write = |file: &str| {
            let dated = ["--valid-at", "2026-03-01", "-o", file];
            home.run(&[&["report", name, &pinned][..], &dated].concat(), &[]).done();
            fs::read_to_string(home.path().join(file)).unwrap()
        };
        let first = write("first.html");
        home.run(&["rate", "--project", "tls", "BP.01.03", rating], &[]).done();
        assert!(write("again.html") == first, "{name}");
        assert!(first.starts_with("<!doctype html>") && first.ends_with("</html>"), "{name}");
        for outside in ["http://", "https://", "src=", "href=", "<script", "@import", "url("] {
            assert!(!first.contains(outside), "{name} has {outside}");
        }
        assert!(first.contains("2026-03-01T23:59:59.999999Z"), "{name}");
        assert!(first.contains(size["coordinate"]["root"].as_str().unwrap()), "{name}");
    }
}

#[test]
fn what_others_wrote_is_text_on_a_page_and_never_markup() {
    let (home, _server) = worked();
    let history = report(&home, "history", "tls");
    assert!(history.contains("&#60;script&#62;alert(1)&#60;/script&#62;&#38;more"), "{history}");
}

#[test]
fn a_page_tells_what_the_commands_tell() {
    let (home, _server) = worked();
    let levels = report(&home, "levels", "tls@{2026-03-01}");
    assert!(levels.contains("Against the profile security-product-developer"), "{levels}");
    let table = home.run(&["levels", "tls@{2026-03-01}"], &[]).done();
    for row in table.lines().skip(1) {
        let title = row.split('\t').nth(1).unwrap().replace('\'', "&#39;");
        assert!(levels.contains(&format!(">{title}<")), "{title}");
    }
    let before = report(&home, "levels", "tls@{2019-01-01}");
    assert!(before.contains("not rated") && !before.contains("How the levels moved"), "{before}");
}

#[test]
fn a_report_that_cannot_be_written_says_why() {
    let (home, _server) = worked();
    let elsewhere = home.run(&["report", "levels", "tls", "-o", "no/such/folder.html"], &[]);
    assert_eq!(elsewhere.code, 1, "{elsewhere:?}");
    assert!(elsewhere.err.contains("no/such/folder.html"), "{elsewhere:?}");
    home.run(&["project", "register", "aimless", "--team", "crypto"], &[]).done();
    let aimless = home.run(&["report", "gap", "aimless", "-o", "gap.html"], &[]);
    assert_eq!(aimless.code, 2, "{aimless:?}");
    assert!(aimless.err.contains("--profile"), "{aimless:?}");
    assert!(!home.path().join("gap.html").exists());
}
