//! `gradus role list`, and roles that begin later, as a user sees them.

use expect_test::{Expect, expect};

use crate::program::{Home, Server};

/// A server with two projects and two people, whose roles were granted in no order.
struct Desk {
    home: Home,
    server: Server,
}

impl Desk {
    fn new() -> Self {
        let home = Home::new();
        let server = Server::start(&home, "warn");
        let desk = Self { home, server };
        for done in [
            "project register beta",
            "project register alpha",
            "principal add zoe --kind person",
            "principal add amy --kind person",
            "role grant zoe viewer alpha",
            "role grant amy viewer beta",
            "role grant zoe lead alpha",
            "role grant amy lead alpha",
            "role grant zoe auditor alpha --from 2100-01-01 --until 2109-12-31",
        ] {
            desk.run(done);
        }
        desk
    }

    fn run(&self, line: &str) -> String {
        let args: Vec<&str> = line.split(' ').collect();
        let admin = self.server.admin();
        let variables =
            [("GRADUS_SERVER", self.server.address.as_str()), ("GRADUS_TOKEN_FILE", &admin)];
        self.home.run(&args, &variables).done()
    }

    /// Who has which role where, without the times.
    fn listed(&self, more: &str, expected: &Expect) {
        let out = self.run(&format!("role list{more} --output csv"));
        let rows: Vec<String> =
            out.lines().map(|row| row.split(',').take(3).collect::<Vec<_>>().join(" ")).collect();
        expected.assert_eq(&rows.join("\n"));
    }

    /// What a declaration of one role of zoe's on alpha would do.
    fn planned(&self, more: &str) -> String {
        let text = format!(
            "[[principal]]\nname = \"zoe\"\nkind = \"person\"\n\
             [[role]]\nprincipal = \"zoe\"\nrole = \"auditor\"\nunit = \"alpha\"\n\
             until = \"2109-12-31\"\n{more}"
        );
        std::fs::write(self.home.path().join("zoe.toml"), text).unwrap();
        let admin = self.server.admin();
        let variables =
            [("GRADUS_SERVER", self.server.address.as_str()), ("GRADUS_TOKEN_FILE", &admin)];
        let ran = self.home.run(&["apply", "zoe.toml", "--plan"], &variables);
        let roles: Vec<&str> = ran.out.lines().filter(|line| line.contains("auditor")).collect();
        format!("{}: {}", ran.code, roles.join(" | "))
    }
}

#[test]
fn teams_and_people_have_commands_of_their_own() {
    let desk = Desk::new();
    desk.run("team register red");
    desk.run("team register blue --kind team");
    desk.run("person add kim");
    let names = |line: &str| {
        let out = desk.run(&format!("{line} --output csv"));
        let rows = out.lines().skip(1).filter_map(|row| row.split(',').next());
        let mut names: Vec<_> = rows.map(str::to_owned).collect();
        names.sort();
        names.join(" ")
    };
    assert_eq!(names("team list"), "blue red");
    assert_eq!(names("project list"), "alpha beta");
    assert_eq!(names("person list"), "amy kim operator zoe");
    desk.run("person disable kim --reason left --yes");
    assert_eq!(names("person list"), "amy operator zoe");
}

#[test]
fn roles_are_listed_by_unit_then_principal_then_role() {
    let desk = Desk::new();
    desk.listed(
        "",
        &expect![[r#"
        principal role unit
        amy lead alpha
        zoe viewer alpha
        zoe lead alpha
        amy viewer beta
        operator admin organization"#]],
    );
    desk.listed(
        " --later --unit alpha",
        &expect![[r#"
        principal role unit
        amy lead alpha
        zoe viewer alpha
        zoe lead alpha
        zoe auditor alpha
        operator admin organization"#]],
    );
}

#[test]
fn a_role_that_begins_later_is_not_missing_to_a_declaration() {
    let desk = Desk::new();
    let told =
        ["", "from = \"2100-01-01\"\n", "from = \"2101-01-01\"\n", "from = \"2026-01-01\"\n"]
            .map(|more| desk.planned(more));
    expect![[r#"
        0: same	role	zoe	auditor on alpha from 2100-01-01T00:00:00Z until 2110-01-01T00:00:00Z
        0: same	role	zoe	auditor on alpha from 2100-01-01T00:00:00Z until 2110-01-01T00:00:00Z
        10: remove	role	zoe	auditor on alpha from 2100-01-01T00:00:00Z until 2110-01-01T00:00:00Z | add	role	zoe	auditor on alpha from 2101-01-01T00:00:00Z until 2110-01-01T00:00:00Z
        10: remove	role	zoe	auditor on alpha from 2100-01-01T00:00:00Z until 2110-01-01T00:00:00Z | add	role	zoe	auditor on alpha until 2110-01-01T00:00:00Z"#]].assert_eq(&told.join("\n"));
    // What was planned last is done, and is all that there is to do.
    desk.run("apply zoe.toml --yes");
    assert_eq!(
        desk.planned("from = \"2026-01-01\"\n"),
        "0: same\trole\tzoe\tauditor on alpha until 2110-01-01T00:00:00Z"
    );
    assert!(desk.planned("from = \"2102-01-01\"\n").starts_with("10: remove"));
    desk.run("apply zoe.toml --yes");
    let again = desk.planned("from = \"2102-01-01\"\n");
    assert_eq!(
        again,
        "0: same\trole\tzoe\tauditor on alpha from 2102-01-01T00:00:00Z until 2110-01-01T00:00:00Z"
    );
}

#[test]
fn an_auditor_is_one_for_a_time() {
    let desk = Desk::new();
    let admin = desk.server.admin();
    let variables =
        [("GRADUS_SERVER", desk.server.address.as_str()), ("GRADUS_TOKEN_FILE", &admin)];
    let told = desk.home.run(&["role", "grant", "amy", "auditor", "beta"], &variables);
    assert_eq!(told.code, 2, "{}", told.err);
    expect![[r#"
        gradus role grant: `until` is missing: the role auditor is granted for a time, so say when it ends
    "#]].assert_eq(&told.err);
    let text = "[[principal]]\nname = \"amy\"\nkind = \"person\"\n\
                [[role]]\nprincipal = \"amy\"\nrole = \"auditor\"\nunit = \"beta\"\n";
    std::fs::write(desk.home.path().join("amy.toml"), text).unwrap();
    let told = desk.home.run(&["apply", "amy.toml", "--plan"], &variables);
    expect![[r#"
        gradus apply: amy.toml: line 4: the role auditor of `amy` on `beta` is granted for a time: say `until`
    "#]].assert_eq(&told.err);
    std::fs::write(desk.home.path().join("amy.toml"), format!("{text}until = \"2030-12-31\"\n"))
        .unwrap();
    desk.run("apply amy.toml --yes");
    desk.listed(
        " --unit beta --principal amy",
        &expect![[r#"
        principal role unit
        amy viewer beta
        amy auditor beta"#]],
    );
}
