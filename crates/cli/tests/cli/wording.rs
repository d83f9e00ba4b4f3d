//! What the command line says where something is missing or refused: once, in its own words, and with
//! what helps there.

use expect_test::{Expect, expect};

use crate::program::{Home, Server};

/// A server with a project of each of two teams, and who asks it.
struct Desk {
    home: Home,
    server: Server,
}

impl Desk {
    fn new() -> Self {
        let home = Home::new();
        let server = Server::start(&home, "warn");
        let desk = Self { home, server };
        for line in ["project register shop --team web", "project register vault --team infra"] {
            let (code, said) = desk.of("operator", line);
            assert_eq!(code, 0, "{said}");
        }
        desk
    }

    /// Somebody with a role on a unit.
    fn with(&self, name: &str, role: &str, unit: &str) {
        let issue = format!("token issue {name} --kind person");
        let (_, said) = self.of("operator", &issue);
        let secret = said.lines().find(|line| line.starts_with("gradus_person_")).unwrap();
        let file = self.home.path().join(format!("{name}.token"));
        std::fs::write(&file, secret).unwrap();
        let grant = format!("role grant {name} {role} {unit} --until 2109-12-31");
        let (code, said) = self.of("operator", &grant);
        assert_eq!(code, 0, "{said}");
    }

    /// What a command comes to: its exit code, and all that it said.
    fn of(&self, who: &str, line: &str) -> (i32, String) {
        let file = match who {
            "operator" => self.server.admin(),
            "nobody" => String::new(),
            _ => self.home.path().join(format!("{who}.token")).display().to_string(),
        };
        let variables =
            [("GRADUS_SERVER", self.server.address.as_str()), ("GRADUS_TOKEN_FILE", &file)];
        let mut args = Vec::new();
        for (number, part) in line.split('\'').enumerate() {
            if number % 2 == 1 {
                args.push(part);
            } else {
                args.extend(part.split_whitespace());
            }
        }
        let ran = self.home.run(&args, &variables);
        let said = format!("{}{}", ran.out, ran.err).replace(&self.server.address, "SERVER");
        (ran.code, said.replace(&self.home.path().display().to_string(), "HOME"))
    }

    fn check(&self, who: &str, lines: &[&str], expected: &Expect) {
        let told = lines.iter().map(|line| {
            let (code, said) = self.of(who, line);
            // Other people can read the files of tests.
            let said = said.lines().filter(|line| !line.starts_with("warning: others can read"));
            let said: Vec<String> = said.map(without_now).collect();
            format!("$ {line}\n{}\n[{code}]\n", said.join("\n"))
        });
        expected.assert_eq(&told.collect::<String>());
    }
}

/// The line without instants of today and ids.
fn without_now(line: &str) -> String {
    let of_this_run = |word: &str| {
        let bare = word.trim_end_matches([',', '.', ':']);
        let instant = bare.len() > 22 && bare.ends_with('Z') && bare.contains('T');
        let id = bare.len() >= 32 && bare.chars().all(|c| c == '-' || c.is_ascii_hexdigit());
        instant || id
    };
    let words = line.split_inclusive([' ', '\t']).map(|word| {
        let bare = word.trim_end();
        if of_this_run(bare) { word.replace(bare, "…") } else { word.to_owned() }
    });
    words.collect()
}

#[test]
fn a_refusal_says_once_what_is_wrong_and_usage_leaves_out_what_variables_say() {
    let desk = Desk::new();
    desk.check(
        "operator",
        &[
            "role grant operator viewer shop --until 2020-01-01",
            "token rotate --expires 2020-01-01",
            "role grant",
            "role grant operator --output json",
            "conflict withdraw shop",
        ],
        &expect![[r#"
            $ role grant operator viewer shop --until 2020-01-01
            gradus role grant: `until` is 2020-01-02T00:00:00Z, which is not after …
            [2]
            $ token rotate --expires 2020-01-01
            gradus token rotate: `expires_at` is 2020-01-02T00:00:00Z, which is past: give a later time
            [2]
            $ role grant
            error: the following required arguments were not provided:
              <PRINCIPAL>
              <ROLE>
              <UNIT>

            Usage: gradus role grant [OPTIONS] <PRINCIPAL> <ROLE> <UNIT>

            For more information, try '--help'.
            [2]
            $ role grant operator --output json
            {"code":"INVALID_ARGUMENT","reason":"USAGE","message":"the following required arguments were not provided: <ROLE> <UNIT>","hint":"see --help","retryable":false,"exit_code":2,"metadata":{},"field_violations":[]}
            [2]
            $ conflict withdraw shop
            error: the following required arguments were not provided:
              <PRINCIPAL>

            Usage: gradus conflict withdraw [OPTIONS] <UNIT> <PRINCIPAL>

            For more information, try '--help'.
            [2]
        "#]],
    );
}

#[test]
fn who_is_unknown_is_told_with_what_helps_there() {
    let desk = Desk::new();
    desk.check(
        "operator",
        &[
            "token issue kim",
            "role grant kim viewer shop",
            "person disable kim --yes",
            "audit without --principal kim",
        ],
        &expect![[r#"
            $ token issue kim
            gradus token issue: principal `kim` is unknown
            hint: `gradus principal list` shows who there is; to add somebody new with a token, say --kind person or --kind service
            [3]
            $ role grant kim viewer shop
            gradus role grant: principal `kim` is unknown
            hint: `gradus principal list` shows who there is; gradus principal add adds somebody new
            [3]
            $ person disable kim --yes
            gradus person disable: principal `kim` is unknown
            hint: `gradus principal list` shows who there is
            [3]
            $ audit without --principal kim
            gradus audit without: principal `kim` is unknown
            hint: `gradus principal list` shows who there is
            [3]
        "#]],
    );
}

#[test]
fn who_says_nothing_of_themselves_is_told_how_to() {
    let desk = Desk::new();
    desk.check("nobody", &["levels shop", "events --follow", "whoami --output json"], &expect![[r#"
        $ levels shop
        gradus levels: SERVER asks who you are, and no token is given
        hint: gradus login keeps one; for this command alone say --token-file FILE or --token TOKEN, or set GRADUS_TOKEN_FILE or GRADUS_TOKEN
        [4]
        $ events --follow
        gradus events: SERVER asks who you are, and no token is given
        hint: gradus login keeps one; for this command alone say --token-file FILE or --token TOKEN, or set GRADUS_TOKEN_FILE or GRADUS_TOKEN
        [4]
        $ whoami --output json
        {"code":"UNAUTHENTICATED","reason":"TOKEN_UNAVAILABLE","message":"SERVER asks who you are, and no token is given","hint":"gradus login keeps one; for this command alone say --token-file FILE or --token TOKEN, or set GRADUS_TOKEN_FILE or GRADUS_TOKEN","retryable":false,"exit_code":4,"metadata":{},"field_violations":[]}
        [4]
    "#]]);
    desk.check("missing", &["levels shop"], &expect![[r#"
        $ levels shop
        gradus levels: no token from HOME/missing.token: No such file or directory (os error 2)
        hint: --token-file or GRADUS_TOKEN_FILE names the file that holds your token; an admin issues one with gradus token issue
        [4]
    "#]]);
}

#[test]
fn conflicts_are_listed_of_one_unit_or_of_all_that_are_in_sight() {
    let desk = Desk::new();
    desk.with("vic", "viewer", "web");
    for unit in ["shop", "vault"] {
        let declare = format!("conflict declare {unit} --reason 'my own work'");
        assert_eq!(desk.of("operator", &declare).0, 0);
    }
    desk.check(
        "operator",
        &["conflict list", "conflict list vault"],
        &expect![[r#"
            $ conflict list
            principal	unit	since	until	position
            operator	shop	…		26
            operator	vault	…		27
            [0]
            $ conflict list vault
            principal	unit	since	until	position
            operator	vault	…		27
            [0]
        "#]],
    );
    desk.check(
        "vic",
        &["conflict list", "conflict list vault"],
        &expect![[r#"
        $ conflict list
        principal	unit	since	until	position
        operator	shop	…		26
        [0]
        $ conflict list vault
        gradus conflict list: unit `vault` is unknown
        hint: `gradus unit list` shows the units that you may see
        [3]
    "#]],
    );
}

#[test]
fn a_source_that_nothing_comes_from_is_distrusted_in_advance_alone() {
    let desk = Desk::new();
    desk.check(
        "operator",
        &[
            "source distrust --tool lintt --reason wrong --preview",
            "source distrust --tool lintt --reason wrong --yes",
            "source distrust --tool lintt --reason wrong --yes --dry-run client",
            "source list",
            "audit without --tool lintt",
            "source distrust --tool lint --reason wrong --yes --in-advance",
        ],
        &expect![[r#"
            $ source distrust --tool lintt --reason wrong --preview
            items	0
            units	0
            levels	0
            result	would be accepted; nothing was recorded
            level_changes	
            stream	organization
            version	23
            positions	
            log_size	23
            request_id	…
            Nothing comes from it: nothing would change. Look how the name is spelt.
            [0]
            $ source distrust --tool lintt --reason wrong --yes
            gradus source distrust: nothing comes from tool lintt
            hint: look how the name is spelt (gradus review list shows whom items come from), or say --in-advance to distrust what will come from it
            [2]
            $ source distrust --tool lintt --reason wrong --yes --dry-run client
            {
              "append": {
                "validate_only": false,
                "await_checkpoint": false
              },
              "suspect": {
                "tool": {
                  "name": "lintt"
                }
              },
              "reason": "wrong"
            }
            [0]
            $ source list
            id	suspect	from	until	distrusted_at	by	reason	restored_at
            [0]
            $ audit without --tool lintt
            unit	area	rated	would be	ongoing	would become	now	since
            Nothing comes from it: nothing would change. Look how the name is spelt.
            [0]
            $ source distrust --tool lint --reason wrong --yes --in-advance
            id	23
            result	recorded
            level_changes	
            stream	organization
            version	24
            positions	23
            log_size	24
            request_id	…
            [0]
        "#]],
    );
}

#[test]
fn whoami_tells_the_roles_that_one_has_and_will_have() {
    let desk = Desk::new();
    desk.with("vic", "viewer", "shop");
    let grant = "role grant vic auditor web --from 2100-01-01 --until 2100-12-31";
    assert_eq!(desk.of("operator", grant).0, 0);
    let (_, said) = desk.of("vic", "whoami");
    let roles: Vec<String> =
        said.lines().filter(|line| line.starts_with("role")).map(without_now).collect();
    expect![[r#"
        role	viewer on shop from … until 2110-01-01T00:00:00Z
        role	auditor on web from 2100-01-01T00:00:00Z until 2101-01-01T00:00:00Z"#]]
    .assert_eq(&roles.join("\n"));
    let (_, json) = desk.of("vic", "whoami --output json --quiet");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["roles"][0]["unit"]["name"], "shop");
    assert_eq!(json["roles"][1]["until"], "2101-01-01T00:00:00Z");
    assert_eq!(desk.of("operator", "person add kim").0, 0);
    let (_, said) = desk.of("operator", "whoami");
    assert!(said.contains("role\tadmin on organization"), "{said}");
}

#[test]
fn what_needs_a_right_on_the_whole_organization_says_so() {
    let desk = Desk::new();
    desk.with("olga", "auditor", "shop");
    desk.check(
        "olga",
        &[
            "capsule create shop --save shop.capsule",
            "audit export log",
            "prove known-at 2026-01-01",
            "source list",
        ],
        &expect![[r#"
            $ capsule create shop --save shop.capsule
            gradus capsule create: this needs the right to prove on the whole organization, which the role auditor or admin gives there: ask an admin for it
            [4]
            $ audit export log
            gradus audit export: this needs the right to prove on the whole organization, which the role auditor or admin gives there: ask an admin for it
            [4]
            $ prove known-at 2026-01-01
            gradus prove known-at: this needs the right to prove on the whole organization, which the role auditor or admin gives there: ask an admin for it
            [4]
            $ source list
            gradus source list: this needs the right to administer, which the role admin gives: ask an admin for it
            [4]
        "#]],
    );
}

#[test]
fn a_value_that_is_none_is_told_with_every_word_that_may_stand_there() {
    let desk = Desk::new();
    let id = "00000000-0000-4000-8000-000000000000";
    desk.check(
        "operator",
        &[
            &format!("appraisal rate {id} BP.01.01 abstain"),
            &format!("appraisal consensus {id} BP.01.01 abstained"),
        ],
        &expect![[r#"
            $ appraisal rate 00000000-0000-4000-8000-000000000000 BP.01.01 abstain
            gradus appraisal rate: `abstain` is no rating value: use one of not-satisfied, satisfied, N, P-, P, P+, L-, L, L+, F
            hint: say how `BP.01.01` is rated, or `abstained` or `confirmed`
            [2]
            $ appraisal consensus 00000000-0000-4000-8000-000000000000 BP.01.01 abstained
            gradus appraisal consensus: `abstained` is no rating value: use one of not-satisfied, satisfied, N, P-, P, P+, L-, L, L+, F
            hint: say how `BP.01.01` is rated, or `left-out`
            [2]
        "#]],
    );
}
