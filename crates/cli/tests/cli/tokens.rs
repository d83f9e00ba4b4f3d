//! `gradus login`, `logout` and `whoami`, and the life of tokens, as a user runs them.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use crate::program::{Home, Server};

/// A server, and a home that is logged in to it as the operator.
fn logged_in() -> (Home, Server) {
    let home = Home::new();
    let server = Server::start(&home, "warn");
    let login = ["login", "--endpoint", &server.address, "--token-file", &server.admin()];
    home.run(&login, &[]).done();
    (home, server)
}

/// The value of a key in a document that was printed.
fn value(document: &str, key: &str) -> String {
    let line = document.lines().find(|line| line.trim_start().starts_with(&format!("\"{key}\":")));
    let line = line.unwrap_or_else(|| panic!("no {key} in {document}"));
    line.split_once(": ").unwrap().1.trim_end_matches(',').trim_matches('"').to_owned()
}

#[test]
fn a_login_is_its_owners_alone_and_serves_the_commands_that_follow_until_a_logout() {
    let (home, server) = logged_in();
    let mode = fs::metadata(home.login()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let me = home.run(&["whoami", "--output", "json"], &[]).done();
    assert_eq!(value(&me, "name"), "operator");
    assert_eq!((value(&me, "kind"), value(&me, "grade")), ("person".into(), "token".into()));
    assert_eq!(value(&me, "state"), "in-force");
    let logout = home.run(&["logout", "--output", "json"], &[]).done();
    assert_eq!(value(&logout, "removed"), "true");
    assert!(!home.login().exists());
    let again = home.run(&["logout"], &[]).done();
    assert!(again.contains("there was no login"), "{again}");
    let out = home.run(&["whoami", "--server", &server.address], &[]);
    assert_eq!(out.code, 4);
    assert!(out.err.contains("gradus login keeps one"), "{}", out.err);
}

#[test]
fn a_token_comes_from_stdin_and_what_the_server_refuses_is_not_kept() {
    let home = Home::new();
    let server = Server::start(&home, "warn");
    let login = ["login", "--server", &server.address, "--token-file", "-"];
    let refused = home.run_with("gradus_person_wrong", &login, &[]);
    assert_eq!(refused.code, 4, "{refused:?}");
    assert!(!home.login().exists());
    let none = home.run(&["login", "--server", &server.address], &[]);
    assert_eq!(none.code, 2);
    assert!(none.err.contains("no token is given"), "{}", none.err);
    let token = fs::read_to_string(server.admin()).unwrap();
    let kept = home.run_with(&token, &login, &[]).done();
    assert!(kept.contains("operator") && !kept.contains(token.trim()), "{kept}");
    assert!(home.login().exists());
}

#[test]
fn the_token_of_a_login_goes_to_its_server_alone_and_others_come_before_it() {
    let (home, server) = logged_in();
    let other = Home::new();
    let elsewhere = Server::start(&other, "warn");
    let out = home.run(&["whoami", "--server", &elsewhere.address], &[]);
    assert_eq!(out.code, 4);
    assert!(out.err.contains("asks who you are, and no token is given"), "{}", out.err);
    drop(server);
    let variables =
        [("GRADUS_SERVER", elsewhere.address.as_str()), ("GRADUS_TOKEN_FILE", &elsewhere.admin())];
    let me = home.run(&["whoami", "--output", "json"], &variables).done();
    assert_eq!(value(&me, "name"), "operator");
}

#[test]
fn a_login_that_is_broken_is_named_and_can_be_ended() {
    let home = Home::new();
    fs::create_dir_all(home.login().parent().unwrap()).unwrap();
    fs::write(home.login(), "{\"token\": \"gradus_person_x\"").unwrap();
    let out = home.run(&["whoami"], &[]);
    assert_eq!(out.code, 2, "{out:?}");
    assert!(out.err.contains("login.json: it is no login: run gradus logout"), "{}", out.err);
    assert!(!out.err.contains("gradus_person_x"), "{}", out.err);
    home.run(&["logout"], &[]).done();
}

#[test]
fn rotating_ones_own_token_gives_the_new_one_to_the_login() {
    let (home, server) = logged_in();
    let before = fs::read_to_string(home.login()).unwrap();
    let rotated = home.run(&["token", "rotate", "--grace", "0", "--expires", "10d"], &[]);
    assert!(rotated.err.contains("The login has it, too"), "{rotated:?}");
    let secret = rotated.done().trim().to_owned();
    let after = fs::read_to_string(home.login()).unwrap();
    assert!(!before.contains(&secret) && after.contains(&secret));
    let me = home.run(&["whoami"], &[]);
    assert!(me.out.contains("expires in 9 days"), "{me:?}");
    assert!(me.err.contains("warning: this token expires in 9 days"), "{me:?}");
    let old = ["whoami", "--server", &server.address, "--token-file", &server.admin()];
    assert_eq!(home.run(&old, &[]).code, 4, "the old one ended at once");
    let listed = home.run(&["token", "list"], &[]).done();
    assert!(listed.contains("\tended\t") && listed.contains("\texpires in 9 days\t"), "{listed}");
}

#[test]
fn a_token_ends_after_ninety_days_or_as_it_is_said() {
    let (home, server) = logged_in();
    let issue = |more: &[&str]| {
        let args =
            [&["token", "issue", "ci", "--kind", "service", "--output", "json"], more].concat();
        home.run(&args, &[])
    };
    issue(&[]).done();
    issue(&["--expires", "36h"]).done();
    let endless = issue(&["--no-expiry"]).done();
    assert!(!endless.contains("expires_at"), "{endless}");
    let long = issue(&["--expires", "P400D"]);
    assert_eq!(long.code, 2, "{long:?}");
    assert!(long.err.contains("TOO_LATE"), "{}", long.err);
    let both = issue(&["--expires", "1d", "--no-expiry"]);
    assert_eq!(both.code, 2);
    let neither = issue(&["--expires", "soon"]);
    assert!(neither.err.contains("`soon` is neither a date nor a span of time"), "{}", neither.err);
    let listed = home.run(&["token", "list"], &[]).done();
    for state in ["expires in 89 days", "expires in 1 day", "in force"] {
        assert!(listed.contains(state), "no {state} in {listed}");
    }
    drop(server);
}

#[test]
fn a_persons_token_in_a_job_is_warned_of_and_that_of_a_service_is_not() {
    let (home, server) = logged_in();
    let warned = home.run(&["unit", "list"], &[("GITHUB_ACTIONS", "true")]);
    assert!(
        warned.err.contains("warning: GITHUB_ACTIONS is set, and the token is a person's"),
        "{warned:?}"
    );
    assert_eq!(home.run(&["unit", "list"], &[("CI", "false")]).err, "");
    let secret = home.run(&["token", "issue", "ci", "--kind", "service"], &[]).done();
    let job = [
        ("CI", "true"),
        ("GRADUS_SERVER", server.address.as_str()),
        ("GRADUS_TOKEN", secret.trim()),
    ];
    let quiet = home.run(&["whoami"], &job);
    assert_eq!((quiet.code, quiet.err.as_str()), (0, ""), "{quiet:?}");
}

#[test]
fn a_token_file_that_others_can_read_is_warned_of() {
    let (home, server) = logged_in();
    let file = home.path().join("my.token");
    fs::copy(server.admin(), &file).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    let shown = file.display().to_string();
    let given = ["whoami", "--server", &server.address, "--token-file", &shown];
    let warned = home.run(&given, &[]);
    assert_eq!(warned.err, format!("warning: others can read {shown}: chmod 600 {shown}\n"));
    fs::set_permissions(home.login(), Permissions::from_mode(0o640)).unwrap();
    let warned = home.run(&["whoami"], &[]);
    assert!(warned.err.contains("login.json: chmod 600"), "{warned:?}");
}

#[test]
fn a_lost_token_is_recovered_on_the_machine_while_the_server_is_stopped() {
    let (home, server) = logged_in();
    let data = server.data.display().to_string();
    let admin = server.admin();
    let recover = ["token", "recover", "--data", &data, "--output", "json"];
    let held = home.run(&recover, &[]);
    assert_eq!(held.code, 21, "{held:?}");
    assert!(held.err.contains("DIRECTORY_IN_USE"), "{}", held.err);
    server.stop();
    let lost = fs::read_to_string(&admin).unwrap();
    let nobody = home.run(&["token", "recover", "nobody", "--data", &data], &[]);
    assert_eq!(nobody.code, 2);
    assert!(nobody.err.contains("name one who may act: operator"), "{}", nobody.err);
    let nowhere = home.run(&["token", "recover", "--data", "nowhere"], &[]);
    assert_eq!(nowhere.code, 2);
    assert!(nowhere.err.contains("`nowhere` holds no log of gradus"), "{}", nowhere.err);
    let recovered = home.run(&recover, &[]).done();
    assert_eq!(
        (value(&recovered, "principal"), value(&recovered, "file")),
        ("operator".into(), admin.clone())
    );
    let new = fs::read_to_string(&admin).unwrap();
    assert_ne!(new, lost);
    assert!(!recovered.contains(new.trim()), "the secret is in the file alone");
    let server = Server::start(&home, "warn");
    let who = ["whoami", "--server", &server.address, "--token-file", &admin, "--output", "json"];
    let me = home.run(&who, &[]).done();
    assert_eq!(value(&me, "name"), "operator");
    let token = value(&recovered, "token");
    assert!(me.contains(&token), "{me}");
    let told = |command: &[&str]| {
        home.run(&[command, &["--server", &server.address, "--token-file", &admin]].concat(), &[])
            .done()
    };
    let listed = told(&["token", "list", "--output", "csv"]);
    let offline: Vec<&str> = listed.lines().filter(|line| line.ends_with(",offline")).collect();
    assert!(matches!(offline[..], [line] if line.starts_with(&token)), "{listed}");
    let events = told(&["events", "--type", "token-issued", "--output", "csv"]);
    let types: Vec<&str> =
        events.lines().skip(1).filter_map(|line| line.split(',').nth(5)).collect();
    assert_eq!(types, ["token-issued", "token-issued (recovered offline)"], "{events}");
}
