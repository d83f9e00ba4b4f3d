//! `gradus apply` against a server.

use std::fs;

use expect_test::{Expect, expect};

use crate::program::{Home, Ran, Server};

const EXAMPLE: &str = include_str!("../../../../config/organization.toml");

/// A home, a server, and the example in a file.
fn given() -> (Home, Server) {
    let home = Home::new();
    let server = Server::start(&home, "warn");
    declare(&home, EXAMPLE);
    (home, server)
}

fn declare(home: &Home, text: &str) {
    fs::write(home.path().join("acme.toml"), text).unwrap();
}

fn gradus(home: &Home, server: &Server, args: &[&str]) -> Ran {
    let admin = server.admin();
    home.run(args, &[("GRADUS_SERVER", &server.address), ("GRADUS_TOKEN_FILE", &admin)])
}

fn apply(home: &Home, server: &Server, more: &[&str]) -> Ran {
    gradus(home, server, &[&["apply", "acme.toml"], more].concat())
}

fn told(ran: &Ran, code: i32, expected: Expect) {
    assert_eq!(ran.code, code, "{ran:?}");
    expected.assert_eq(&ran.out);
}

fn size(home: &Home, server: &Server) -> usize {
    gradus(home, server, &["events", "--output", "jsonl"]).done().lines().count()
}

#[test]
fn a_state_is_planned_and_applied_once() {
    let (home, server) = given();
    let before = size(&home, &server);
    let planned = apply(&home, &server, &["--plan"]);
    assert!(planned.err.contains("changes to be made: 10"), "{planned:?}");
    told(
        &planned,
        10,
        expect![[r#"
        change	kind	name	detail
        add	unit	crypto	team below organization
        add	unit	rustls	project below crypto
        add	labels	rustls	critical
        add	rules	rustls	trusted-tools
        add	profile	rustls	security-product-developer
        add	area	rustls	PA22 tailored out
        add	principal	ann	person
        add	principal	ci-rustls	service
        add	role	ann	assessor on crypto
        add	role	ci-rustls	collector on rustls until 2036-01-01T00:00:00Z
        beyond	principal	operator	person
        beyond	role	operator	admin on organization
    "#]],
    );
    assert_eq!(size(&home, &server), before, "a plan records nothing");

    let applied = apply(&home, &server, &[]);
    assert_eq!(applied.err.lines().count(), 10, "{applied:?}");
    told(
        &applied,
        0,
        expect![[r#"
        change	kind	name	detail
        add	unit	crypto	team below organization
        add	unit	rustls	project below crypto
        add	labels	rustls	critical
        add	rules	rustls	trusted-tools
        add	profile	rustls	security-product-developer
        add	area	rustls	PA22 tailored out
        add	principal	ann	person
        add	principal	ci-rustls	service
        add	role	ann	assessor on crypto
        add	role	ci-rustls	collector on rustls until 2036-01-01T00:00:00Z
        beyond	principal	operator	person
        beyond	role	operator	admin on organization
    "#]],
    );
    let after = size(&home, &server);
    assert_eq!(after, before + 10);

    told(
        &apply(&home, &server, &["--plan"]),
        0,
        expect![[r#"
        change	kind	name	detail
        same	unit	crypto	team below organization
        same	unit	rustls	project below crypto
        same	labels	rustls	critical
        same	rules	rustls	trusted-tools
        same	profile	rustls	security-product-developer
        same	area	rustls	PA22 tailored out
        same	principal	ann	person
        same	principal	ci-rustls	service
        same	role	ann	assessor on crypto
        same	role	ci-rustls	collector on rustls until 2036-01-01T00:00:00Z
        beyond	principal	operator	person
        beyond	role	operator	admin on organization
    "#]],
    );
    let again = apply(&home, &server, &["--output", "json"]);
    assert!(again.out.contains("\"open\": 0,\n  \"made\": 0"), "{again:?}");
    assert_eq!(size(&home, &server), after, "nothing is left to be done");
}

#[test]
fn what_somebody_undid_is_done_again() {
    let (home, server) = given();
    apply(&home, &server, &[]).done();
    for round in 0..2 {
        let revoke = ["role", "revoke", "ann", "assessor", "crypto", "--yes"];
        gradus(&home, &server, &revoke).done();
        gradus(&home, &server, &["unit", "label", "rustls", "internal"]).done();
        let planned = apply(&home, &server, &["--plan"]);
        let open: Vec<&str> =
            planned.out.lines().filter(|line| !line.starts_with("same")).collect();
        assert_eq!(
            open[1..3],
            [
                "change\tlabels\trustls\tcritical, not internal",
                "add\trole\tann\tassessor on crypto"
            ],
            "round {round}: {planned:?}"
        );
        apply(&home, &server, &[]).done();
        assert_eq!(apply(&home, &server, &["--plan"]).code, 0, "round {round}");
    }
}

#[test]
fn a_run_that_stopped_half_way_is_completed_by_the_next() {
    let (home, server) = given();
    // A person who may do all but what comes last: the roles.
    let lead = "[[unit]]\nname = \"crypto\"\nkind = \"team\"\n\
                [[principal]]\nname = \"lea\"\nkind = \"person\"\n\
                [[role]]\nprincipal = \"lea\"\nrole = \"lead\"\nunit = \"organization\"\n";
    fs::write(home.path().join("lea.toml"), lead).unwrap();
    gradus(&home, &server, &["apply", "lea.toml"]).done();
    let token = gradus(&home, &server, &["token", "issue", "lea"]).done();
    let as_lea = [("GRADUS_SERVER", server.address.as_str()), ("GRADUS_TOKEN", token.trim())];

    // To declare principals and roles one has to administer them, which is told before anything is done.
    let before = size(&home, &server);
    let denied = home.run(&["apply", "acme.toml"], &as_lea);
    assert_eq!(denied.code, 4, "{denied:?}");
    assert_eq!(size(&home, &server), before);

    // The units alone are a lead's to settle; moving one is not, and what came before stays.
    let units = "[[unit]]\nname = \"rustls\"\nkind = \"project\"\nlabels = [\"critical\"]\n\
                 [[unit]]\nname = \"crypto\"\nkind = \"team\"\nparent = \"tribe\"\n\
                 [[unit]]\nname = \"tribe\"\nkind = \"team\"\n\
                 [[unit]]\nname = \"tokio\"\nkind = \"project\"\nparent = \"crypto\"\n";
    declare(&home, units);
    let stopped = home.run(&["apply", "acme.toml"], &as_lea);
    assert_eq!(stopped.code, 4, "{stopped:?}");
    expect![[r#"
        + unit rustls: project below organization
        + labels rustls: critical
        + unit tribe: team below organization
        stopped at: ~ unit crypto: team below tribe, not below organization
        3 of 5 changes were made; run it again to go on
        gradus apply: this needs the right to administer, which the role admin gives: ask an admin for it
    "#]].assert_eq(&stopped.err);
    assert_eq!(stopped.out, "");

    let planned = apply(&home, &server, &["--plan"]);
    told(
        &planned,
        10,
        expect![[r#"
        change	kind	name	detail
        same	unit	rustls	project below organization
        same	labels	rustls	critical
        same	unit	tribe	team below organization
        change	unit	crypto	team below tribe, not below organization
        add	unit	tokio	project below crypto
    "#]],
    );
    apply(&home, &server, &[]).done();
    assert_eq!(apply(&home, &server, &["--plan"]).code, 0);
}

#[test]
fn a_role_that_is_missing_midway_is_granted_by_the_next_run() {
    let (home, server) = given();
    // Everything of the example but its last role, as a run leaves it that was killed before that.
    let (but_last, _) = EXAMPLE.rsplit_once("[[role]]").unwrap();
    declare(&home, but_last);
    apply(&home, &server, &[]).done();
    declare(&home, EXAMPLE);
    let next = apply(&home, &server, &[]);
    assert_eq!(
        next.err, "+ role ci-rustls: collector on rustls until 2036-01-01T00:00:00Z\n",
        "{next:?}"
    );
    assert_eq!(apply(&home, &server, &["--plan"]).code, 0);
}

#[test]
fn what_is_beyond_the_file_stays_and_roles_go_if_that_is_asked_for() {
    let (home, server) = given();
    apply(&home, &server, &[]).done();
    gradus(&home, &server, &["principal", "add", "eve", "--kind", "person"]).done();
    gradus(&home, &server, &["role", "grant", "eve", "viewer", "crypto"]).done();
    gradus(&home, &server, &["project", "register", "other", "--parent", "crypto"]).done();
    let planned = apply(&home, &server, &["--plan"]);
    assert_eq!(planned.code, 0, "{planned:?}");
    let beyond: Vec<&str> = planned.out.lines().filter(|line| line.starts_with("beyond")).collect();
    expect![[r#"
        beyond	unit	other	project below crypto
        beyond	principal	operator	person
        beyond	principal	eve	person
        beyond	role	eve	viewer on crypto
        beyond	role	operator	admin on organization"#]]
    .assert_eq(&beyond.join("\n"));

    let planned = apply(&home, &server, &["--plan", "--prune"]);
    assert_eq!(planned.code, 10, "{planned:?}");
    let removed: Vec<&str> =
        planned.out.lines().filter(|line| line.starts_with("remove")).collect();
    assert_eq!(removed, ["remove\trole\teve\tviewer on crypto"]);
    let unasked = apply(&home, &server, &["--prune"]);
    assert_eq!(unasked.code, 2, "{unasked:?}");
    assert!(unasked.err.contains("not confirmed: revoke 1 role"), "{}", unasked.err);
    apply(&home, &server, &["--prune", "--yes"]).done();
    let roles = gradus(&home, &server, &["role", "list"]).done();
    assert!(!roles.contains("eve") && roles.contains("operator\tadmin"), "{roles}");
    assert_eq!(apply(&home, &server, &["--plan", "--prune"]).code, 0);
}

#[test]
fn a_broken_file_says_line_and_reason_and_nothing_is_done() {
    let (home, server) = given();
    let before = size(&home, &server);
    let mut seen = String::new();
    for text in [
        "[[unit]]\nname = \"red\"\nkind = \"tribe\"\n",
        "[[unit]]\nname = \"red\"\nkind = \"team\"\nowner = \"ann\"\n",
        "\n\n[[unit]]\nname = \"app\"\nkind = \"project\"\nparent = \"nowhere\"\n",
        "[[unit]]\nname = \"app\"\nkind = \"project\"\nrules = \"lax\"\n",
        "[[role]]\nprincipal = \"nobody\"\nrole = \"lead\"\nunit = \"organization\"\n",
    ] {
        declare(&home, text);
        let ran = apply(&home, &server, &[]);
        assert_eq!(ran.code, 2, "{ran:?}");
        seen.push_str(&ran.err);
    }
    expect![[r#"
        gradus apply: acme.toml: line 3: `tribe` is no kind of unit: use one of organization, team, project
        gradus apply: acme.toml: line 4: unknown field `owner`, expected one of `name`, `kind`, `parent`, `since`, `labels`, `model`, `rules`, `profile`, `tailored-out`
        gradus apply: acme.toml: line 3: unit `app`: its parent `nowhere` is neither declared nor known to you
        gradus apply: acme.toml: line 1: unit `app`: rules `lax` was never published
        gradus apply: acme.toml: line 1: principal `nobody` is neither declared nor known to you
    "#]].assert_eq(&seen);
    assert_eq!(size(&home, &server), before);
    let missing = gradus(&home, &server, &["apply", "nothing.toml"]);
    assert_eq!(missing.code, 2, "{missing:?}");
    assert!(missing.err.contains("nothing.toml: "), "{}", missing.err);
}
