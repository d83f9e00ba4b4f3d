//! Logins whose token is in the keyring, and tokens that a program prints.
//!
//! `secret-tool` is a stand-in of ours here: it keeps each secret in a file of the home.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use expect_test::expect;
use serde_json::Value;

use crate::program::{Home, Ran, Server};

/// It takes what the real one takes, and ends as that does.
const SECRET_TOOL: &str = r#"#!/bin/sh
for last; do :; done
kept="$HOME/keyring/$(printf %s "$last" | tr -c 'a-z0-9' _)"
echo "$*" >> "$HOME/asked"
[ -d "$HOME/keyring" ] || { echo "secret-tool: Cannot autolaunch D-Bus without X11" >&2; exit 1; }
case "$1" in
    store) cat > "$kept" ;;
    lookup) cat "$kept" 2> /dev/null || exit 1 ;;
    clear) rm -f "$kept" ;;
esac
"#;

/// A home with that keyring, and a server.
struct Desk {
    home: Home,
    server: Server,
    path: String,
}

impl Desk {
    fn new() -> Self {
        let home = Home::new();
        let programs = home.path().join("bin");
        fs::create_dir_all(&programs).unwrap();
        fs::create_dir_all(home.path().join("keyring")).unwrap();
        let tool = programs.join("secret-tool");
        fs::write(&tool, SECRET_TOOL).unwrap();
        fs::set_permissions(&tool, Permissions::from_mode(0o755)).unwrap();
        let server = Server::start(&home, "warn");
        let path = format!("{}:/usr/bin:/bin", programs.display());
        Self { home, server, path }
    }

    fn run(&self, args: &[&str]) -> Ran {
        self.home.run(args, &[("PATH", self.path.as_str())])
    }

    fn login(&self, more: &[&str]) -> Ran {
        let (address, admin) = (self.server.address.clone(), self.server.admin());
        let args = ["login", "--server", &address, "--token-file", &admin];
        self.run(&[&args[..], more].concat())
    }

    /// How many secrets the keyring has.
    fn kept(&self) -> usize {
        fs::read_dir(self.home.path().join("keyring")).unwrap().count()
    }

    fn whoami(&self) -> Value {
        serde_json::from_str(&self.run(&["whoami", "--output", "json"]).done()).unwrap()
    }

    /// What was said, without the paths and the port of this run.
    fn plain(&self, text: &str) -> String {
        let home = self.home.path().display().to_string();
        text.replace(&home, "HOME").replace(&self.server.address, "SERVER")
    }
}

#[test]
fn a_login_in_the_keyring_serves_the_commands_that_follow_until_a_logout() {
    let desk = Desk::new();
    let kept = desk.login(&["--keyring"]).done();
    assert!(kept.contains("kept_in") && kept.contains("the keyring"), "{kept}");
    let secret = fs::read_to_string(desk.server.admin()).unwrap().trim().to_owned();
    let login = fs::read_to_string(desk.home.login()).unwrap();
    expect![[r#"
        {
          "server": "SERVER",
          "keyring": true
        }"#]]
    .assert_eq(&desk.plain(&login));
    assert_eq!(desk.kept(), 1);
    let asked = fs::read_to_string(desk.home.path().join("asked")).unwrap();
    assert!(!asked.contains(&secret), "others see the arguments of a program");
    expect![[r#"
        store --label=Gradus token for SERVER service gradus server SERVER
        lookup service gradus server SERVER
    "#]]
    .assert_eq(&desk.plain(&asked));

    let me = desk.whoami();
    assert_eq!(me["principal"]["name"], "operator");
    assert_eq!(me["token_from"], "login, in the keyring");
    desk.run(&["logout"]).done();
    assert_eq!((desk.kept(), desk.home.login().exists()), (0, false));
}

#[test]
fn rotating_ones_token_gives_the_new_one_to_the_keyring() {
    let desk = Desk::new();
    desk.login(&["--keyring"]).done();
    let rotated = desk.run(&["token", "rotate", "--grace", "0"]);
    assert!(rotated.err.contains("The login has it, too, in the keyring"), "{rotated:?}");
    assert!(!fs::read_to_string(desk.home.login()).unwrap().contains(rotated.out.trim()));
    assert_eq!(desk.whoami()["principal"]["name"], "operator");
}

#[test]
fn a_login_that_leaves_the_keyring_leaves_nothing_there() {
    let desk = Desk::new();
    desk.login(&["--keyring"]).done();
    let again = desk.run(&["login"]).done();
    assert!(again.contains("login.json"), "{again}");
    assert_eq!(desk.kept(), 0);
    assert_eq!(desk.whoami()["token_from"], "login");
    desk.run(&["login", "--keyring"]).done();
    assert_eq!(desk.kept(), 1);
    assert_eq!(desk.whoami()["token_from"], "login, in the keyring");
}

#[test]
fn a_keyring_that_cannot_be_had_is_named_with_what_to_do() {
    let desk = Desk::new();
    desk.login(&["--keyring"]).done();
    let keyring = desk.home.path().join("keyring");
    fs::remove_dir_all(&keyring).unwrap();
    let away = desk.run(&["whoami"]);
    assert_eq!(away.code, 4);
    let none = desk.home.run(&["whoami"], &[("PATH", "/nowhere")]);
    assert_eq!(none.code, 4);
    fs::create_dir(&keyring).unwrap();
    let empty = desk.run(&["whoami"]);
    assert_eq!(empty.code, 4);
    fs::remove_dir_all(&keyring).unwrap();
    let refused = desk.login(&["--keyring"]);
    assert_eq!(refused.code, 4);
    let logout = desk.run(&["logout"]);
    assert_eq!((logout.code, desk.home.login().exists()), (4, false));
    let told = [away, none, empty, refused, logout].map(|ran| desk.plain(&ran.err)).concat();
    expect![[r#"
        gradus whoami: the keyring cannot be used: secret-tool: Cannot autolaunch D-Bus without X11
        hint: install secret-tool (libsecret-tools) and unlock the keyring of your session, log in without --keyring, or name a program in the configuration file: token-command = ["pass", "show", "gradus"]
        gradus whoami: the keyring cannot be reached: there is no program secret-tool here
        hint: install secret-tool (libsecret-tools) and unlock the keyring of your session, log in without --keyring, or name a program in the configuration file: token-command = ["pass", "show", "gradus"]
        gradus whoami: the keyring has no token for SERVER
        hint: log in again: gradus login --keyring --token-file FILE
        gradus login: the keyring cannot be used: secret-tool: Cannot autolaunch D-Bus without X11
        hint: install secret-tool (libsecret-tools) and unlock the keyring of your session, log in without --keyring, or name a program in the configuration file: token-command = ["pass", "show", "gradus"]
        The token is good until it ends: gradus token revoke ends it at once.
        gradus logout: the token for SERVER is still in the keyring: the keyring cannot be used: secret-tool: Cannot autolaunch D-Bus without X11
        hint: remove its entry there, or revoke it: gradus token revoke
    "#]].assert_eq(&told);
}

#[test]
fn a_token_comes_from_the_program_that_the_configuration_names() {
    let desk = Desk::new();
    let config = desk.home.login().with_file_name("config.toml");
    fs::create_dir_all(config.parent().unwrap()).unwrap();
    let (address, admin) = (desk.server.address.clone(), desk.server.admin());
    let text = format!("server = \"{address}\"\ntoken-command = [\"cat\", \"{admin}\"]\n");
    fs::write(&config, &text).unwrap();
    let me = desk.whoami();
    assert_eq!(me["principal"]["name"], "operator");
    assert_eq!(me["token_from"], format!("token-command cat {admin}"));
    fs::write(&config, text.replace("\"cat\"", "\"false\"")).unwrap();
    let failed = desk.run(&["whoami"]);
    assert_eq!(failed.code, 4);
    assert!(failed.err.contains("it ended with 1"), "{}", failed.err);
    let given = ["whoami", "--token-file", &admin, "--output", "json"];
    let given: Value = serde_json::from_str(&desk.run(&given).done()).unwrap();
    assert_eq!(given["token_from"], admin, "what is given comes before the program");
}
