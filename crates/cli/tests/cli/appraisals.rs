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
        assert!(exported.contains(&format!("leo,app,iso-21827-2008/{practice},")), "{exported}");
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

/// A row of an exported sheet with its rating, which is the last column but one.
fn filled(row: &str, rating: &str) -> String {
    format!("{}{rating},", row.strip_suffix(',').unwrap())
}

#[test]
#[expect(clippy::too_many_lines, reason = "one way from sheets to an agreement")]
fn a_team_without_a_network_merges_its_sheets_and_records_what_it_agreed_on() {
    let played = Played::new();
    played.write("appraisal.toml", INPUT);
    let open = ["appraisal", "open", "appraisal.toml", "--output", "json"];
    let id = value(&played.by("sue", &open).done(), "appraisal");
    for (name, last) in [("leo", "satisfied"), ("mia", "not-satisfied")] {
        let file = format!("{name}.csv");
        played.by(name, &["appraisal", "sheet", "export", &id, "--to", &file]).done();
        let sheet = fs::read_to_string(played.home.path().join(&file)).unwrap();
        assert!(sheet.contains(&format!("\n{name},app,iso-21827-2008/BP.01.01,")), "{sheet}");
        let rated = |line: &str| match line {
            line if line.starts_with("rater,") => line.to_owned(),
            line if line.contains("BP.01.04") => filled(line, last),
            line => filled(line, "satisfied"),
        };
        let lines: Vec<String> = sheet.lines().map(rated).collect();
        played.write(&file, &(lines.join("\n") + "\n"));
    }
    let merge = ["appraisal", "sheet", "merge", "leo.csv", "mia.csv", "--to", "worksheet.csv"];
    let told = played.by("leo", &merge);
    assert!(told.err.contains("4 practices side by side; 1 wait for a talk"), "{told:?}");
    let sheet = fs::read_to_string(played.home.path().join("worksheet.csv")).unwrap();
    assert!(sheet.contains("BP.01.01,,satisfied,satisfied,yes,satisfied,,,"), "{sheet}");
    assert!(sheet.contains("BP.01.04,,satisfied,not-satisfied,no,,,,"), "{sheet}");

    // Nobody imports for somebody else, and nothing is agreed on that is not on record.
    let other = played.by("leo", &["appraisal", "sheet", "import", &id, "leo.csv", "mia.csv"]);
    assert_eq!(other.code, 2, "{other:?}");
    assert!(other.err.contains("mia.csv: line 2: rater: it is the sheet of `mia`"), "{other:?}");
    let agree = ["appraisal", "sheet", "agree", &id, "worksheet.csv"];
    let early = played.by("leo", &agree);
    assert!(
        early.err.contains("worksheet.csv: line 2: rating:leo: the worksheet says"),
        "{early:?}"
    );
    // What is wrong with a row is told together, whoever finds it.
    let own = fs::read_to_string(played.home.path().join("leo.csv")).unwrap();
    let broken = |line: &str| match line {
        line if line.contains("BP.01.02") => {
            line.replace("BP.01.02", "BP.01.99").replace("satisfied", "good")
        }
        line if line.contains("BP.01.03") => line.replace("BP.01.03", "BP.02.01"),
        line => line.to_owned(),
    };
    let lines: Vec<String> = own.lines().map(broken).collect();
    played.write("broken.csv", &(lines.join("\n") + "\n"));
    let broken = played.by("leo", &["appraisal", "sheet", "import", &id, "broken.csv"]);
    assert_eq!(broken.code, 2, "{broken:?}");
    for part in [
        "2 rows are wrong",
        "broken.csv: line 3: rating: `good` is no rating value",
        "; practice `iso-21827-2008/BP.01.99` is unknown",
        "broken.csv: line 4: `iso-21827-2008/BP.02.01` is not in the scope",
    ] {
        assert!(broken.err.contains(part), "{part}: {broken:?}");
    }
    for name in ["leo", "mia"] {
        let file = format!("{name}.csv");
        played.by(name, &["appraisal", "sheet", "import", &id, &file]).done();
        let reveal = played.by("mia", &["appraisal", "reveal", &id, "--dry-run", "server"]);
        // Who is missing is said, and that is no success.
        if name == "leo" {
            assert_eq!(reveal.code, 1, "{reveal:?}");
            assert!(reveal.err.contains("of 4 rated by some, 4 wait for mia"), "{reveal:?}");
        } else {
            assert_eq!(reveal.code, 0, "{reveal:?}");
        }
    }
    played.by("mia", &["appraisal", "reveal", &id]).done();
    let talked = sheet.replace(
        "BP.01.04,,satisfied,not-satisfied,no,,,,",
        "BP.01.04,,satisfied,not-satisfied,no,satisfied,after a talk,,mia=only at times",
    );
    played.write(
        "tampered.csv",
        &talked.replace("satisfied,not-satisfied,no", "satisfied,satisfied,no"),
    );
    let tampered = played.by("leo", &["appraisal", "sheet", "agree", &id, "tampered.csv"]);
    let expected = "rating:mia: the worksheet says `satisfied`, and `not-satisfied` is on record";
    assert!(tampered.err.contains(expected), "{tampered:?}");
    played.write("worksheet.csv", &talked);
    let other = played.by("mia", &agree);
    assert!(other.err.contains("worksheet.csv: line 2: only the lead may"), "{other:?}");
    let done = played.by("leo", &[&agree[..], &["--output", "json"]].concat()).done();
    assert!(done.contains("\"receipt\""), "{done}");
    played.by("leo", &["appraisal", "sign-off", &id, "--effective-at", "2026-05-01"]).done();
    played.by("sue", &["appraisal", "close", &id, "--unit", "app", "--yes"]).done();

    // The next one carries it forward; a sheet or a call confirms it.
    let next = value(&played.by("sue", &open).done(), "appraisal");
    let shown = played.by("mia", &["appraisal", "show", &next, "--output", "json"]).done();
    assert_eq!(shown.matches(&format!("\"appraisal\": \"{id}\"")).count(), 4, "{shown}");
    played.by("mia", &["appraisal", "sheet", "export", &next, "--to", "next.csv"]).done();
    let sheet = fs::read_to_string(played.home.path().join("next.csv")).unwrap();
    assert!(sheet.contains(&format!("{id} in force from 2026-05-01T00:00:00Z")), "{sheet}");
    let confirmed: Vec<String> = sheet
        .lines()
        .map(|line| match line {
            line if line.contains("BP.01.01") => filled(line, "confirmed"),
            line => line.to_owned(),
        })
        .collect();
    played.write("next.csv", &(confirmed.join("\n") + "\n"));
    let import = ["appraisal", "sheet", "import", &next, "next.csv", "--output", "table"];
    let told = played.by("mia", &import).done();
    assert!(told.contains("rows") && told.contains('1'), "{told}");
    played.by("leo", &["appraisal", "rate", &next, "BP.01.01", "confirmed"]).done();
    let nothing = played.by("leo", &["appraisal", "rate", &next, "BP.02.01", "confirmed"]);
    assert!(nothing.err.contains("there is nothing to confirm for `BP.02.01`"), "{nothing:?}");
    played.by("leo", &["appraisal", "reveal", &next]).done();
    let shown = played.by("sue", &["appraisal", "show", &next, "--output", "json"]).done();
    assert_eq!(shown.matches(&format!("\"appraisal\": \"{id}\"")).count(), 4 + 2, "{shown}");
}

#[test]
fn an_appraisal_of_before_comes_in_by_its_file_and_sheets() {
    let played = Played::new();
    played.write("appraisal.toml", INPUT);
    let past = |more: &[&'static str]| {
        let past = ["appraisal", "sheet", "import-past", "appraisal.toml", "past.csv"];
        let dates = ["--conducted-from", "2026-02-01", "--conducted-until", "2026-02-15"];
        [&past[..], &dates, &["--effective-at", "2026-03-01"], more].concat()
    };
    played.write("past.csv", &sheet(&[("BP.01.01", "abstained"), ("BP.01.02", "satisfied")]));
    let wrong = played.by("sue", &past(&[]));
    assert!(wrong.err.contains("past.csv: line 2: rating: only what was agreed on"), "{wrong:?}");
    played.write("past.csv", &sheet(&[("BP.02.01", "satisfied"), ("BP.01.02", "satisfied")]));
    let wrong = played.by("sue", &past(&[]));
    assert!(wrong.err.contains("past.csv: line 2: "), "{wrong:?}");
    assert!(!wrong.err.contains("past.csv: line 3: "), "{wrong:?}");
    played.write("past.csv", &sheet(&PRACTICES.map(|practice| (practice, "satisfied"))));
    let checked = played.by("sue", &past(&["--dry-run", "server"])).done();
    assert!(checked.contains("PA01"), "{checked}");
    let done = played.by("sue", &past(&["--output", "json"])).done();
    assert_eq!(value(&done, "ratings"), "4");
    let id = value(&done, "appraisal");
    let listed = played.by("mia", &["appraisal", "list"]).done();
    assert!(listed.contains("closed, imported by sue"), "{listed}");
    let shown = played.by("mia", &["appraisal", "show", &id, "--output", "json"]).done();
    for part in ["2026-02-01T00:00:00Z", "2026-02-16T00:00:00Z", "separated-duties"] {
        assert!(shown.contains(part), "{shown}");
    }
    let levels = played.by("mia", &["levels", "app", "--valid-at", "2026-05-20"]);
    assert!(levels.err.contains("4 ratings in force stand as imported"), "{levels:?}");
    let explained = played.by("mia", &["explain", "app", "PA01", "--valid-at", "2026-05-20"]);
    assert!(explained.out.contains("imported: neither sealed ratings"), "{explained:?}");
    let ratings = played.by("mia", &["rate", "list", "--project", "app"]);
    assert!(ratings.out.contains("imported by sue"), "{ratings:?}");
}
