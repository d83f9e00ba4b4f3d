//! A whole appraisal by three people, as they run it: a file, sheets, and the approval.

use std::fs;

use crate::program::{Home, Ran, Server};

const INPUT: &str = r#"
title = "Review"
purpose = "to see where we stand"
units = ["app"]
[areas]
PA01 = 1
[[team]]
principal = "leo"
part = "lead"
[[team]]
principal = "mia"
part = "member"
[method]
process = "SSAM 2.0"
class = "class-3"
body = "C"
lead = "B"
team = "C"
"#;

const PRACTICES: [&str; 4] = ["BP.01.01", "BP.01.02", "BP.01.03", "BP.01.04"];

/// A server with a project, and the tokens of its sponsor and of two assessors.
struct Played {
    home: Home,
    server: Server,
    tokens: Vec<(&'static str, String)>,
}

impl Played {
    fn new() -> Self {
        let home = Home::new();
        let server = Server::start(&home, "warn");
        let mut played = Self { home, server, tokens: Vec::new() };
        let admin = fs::read_to_string(played.server.admin()).unwrap();
        played.tokens.push(("operator", admin.trim().to_owned()));
        let register = ["project", "register", "app", "--since", "2026-01-01"];
        played.by("operator", &register).done();
        for (name, role) in [("sue", "sponsor"), ("leo", "assessor"), ("mia", "assessor")] {
            let issue = ["token", "issue", name, "--kind", "person", "--output", "json"];
            let issued = played.by("operator", &issue).done();
            let at = issued.find("gradus_person_").unwrap();
            let token = issued[at..].split('"').next().unwrap().to_owned();
            played.tokens.push((name, token));
            played.by("operator", &["role", "grant", name, role, "app"]).done();
        }
        played
    }

    fn by(&self, name: &str, args: &[&str]) -> Ran {
        let (_, token) = self.tokens.iter().find(|(known, _)| *known == name).unwrap();
        let address = self.server.address.as_str();
        self.home.run(args, &[("GRADUS_SERVER", address), ("GRADUS_TOKEN", token)])
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.home.path().join(file), text).unwrap();
    }
}

/// The value of a key in a document that was printed.
fn value(document: &str, key: &str) -> String {
    let line = document.lines().find(|line| line.trim_start().starts_with(&format!("\"{key}\":")));
    let line = line.unwrap_or_else(|| panic!("no {key} in {document}"));
    line.split_once(": ").unwrap().1.trim_end_matches(',').trim_matches('"').to_owned()
}

/// A sheet with a row for each practice.
fn sheet(rows: &[(&str, &str)]) -> String {
    let rows: Vec<String> =
        rows.iter().map(|(practice, rating)| format!("app,{practice},{rating}\n")).collect();
    format!("unit,practice,rating\n{}", rows.concat())
}

#[test]
fn three_people_play_an_appraisal_with_a_file_and_sheets() {
    let played = Played::new();
    played.write("appraisal.toml", INPUT);
    let open = ["appraisal", "open", "appraisal.toml", "--output", "json"];
    let id = value(&played.by("sue", &open).done(), "appraisal");

    played.by("leo", &["appraisal", "sheet", "export", &id, "--to", "leo.csv"]).done();
    let exported = fs::read_to_string(played.home.path().join("leo.csv")).unwrap();
    assert_eq!(exported.lines().count(), 5, "{exported}");
    for practice in PRACTICES {
        assert!(exported.contains(&format!("app,iso-21827-2008/{practice},")), "{exported}");
    }

    // What is wrong is told row by row, and nothing is recorded.
    let wrong = [("BP.01.01", "good"), ("BP.01.02", "satisfied"), ("BP.01.03", "bad")];
    played.write("wrong.csv", &sheet(&wrong));
    let refused = played.by("leo", &["appraisal", "sheet", "import", &id, "wrong.csv"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    for line in ["wrong.csv: line 2: rating: `good`", "wrong.csv: line 4: rating: `bad`"] {
        assert!(refused.err.contains(line), "{refused:?}");
    }
    let outside = [("BP.02.01", "satisfied"), ("BP.01.02", "satisfied"), ("BP.01.03", "F")];
    played.write("outside.csv", &sheet(&outside));
    let refused = played.by("leo", &["appraisal", "sheet", "import", &id, "outside.csv"]);
    for line in ["outside.csv: line 2: ", "outside.csv: line 4: "] {
        assert!(refused.err.contains(line), "{refused:?}");
    }

    played.write("right.csv", &sheet(&PRACTICES.map(|practice| (practice, "satisfied"))));
    for name in ["leo", "mia"] {
        played.by(name, &["appraisal", "sheet", "import", &id, "right.csv"]).done();
    }
    let hidden = played.by("sue", &["appraisal", "show", &id, "--output", "json"]).done();
    assert!(hidden.contains("withheld") && !hidden.contains("\"satisfied\""), "{hidden}");
    played.by("mia", &["appraisal", "reveal", &id]).done();
    let mut agree = vec!["appraisal", "consensus", &id, "--dissent", "mia=only at times"];
    agree.extend(PRACTICES.iter().flat_map(|practice| [*practice, "satisfied"]));
    played.by("leo", &agree).done();
    played.by("leo", &["appraisal", "sign-off", &id]).done();
    let close = ["appraisal", "close", &id, "--unit", "app", "--yes", "--output", "json"];
    assert_eq!(value(&played.by("sue", &close).done(), "ratings"), "4");
    let shown = played.by("mia", &["appraisal", "show", &id, "--output", "json"]).done();
    assert_eq!(value(&shown, "state"), "closed");
    assert!(shown.contains("only at times"), "{shown}");
    let listed = played.by("mia", &["appraisal", "list", "--state", "closed"]).done();
    assert!(listed.contains(&id) && listed.contains("app (closed)"), "{listed}");
}
