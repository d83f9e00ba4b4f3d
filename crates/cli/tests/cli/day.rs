//! A day in the life: a tool, two assessors and an auditor, each with a credential of their own,
//! through the command line against a server that speaks TLS.

use std::fmt::Write as _;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use expect_test::{Expect, expect};

use crate::tls::{Folder, value};

/// A server, and those who ask it.
struct Day {
    folder: Folder,
    server: String,
}

impl Day {
    /// What a command of somebody comes to, without what differs from run to run.
    async fn of(&self, who: &str, commands: &[&str]) -> String {
        let mut told = String::new();
        for command in commands {
            let (code, said) = self.run(who, command).await;
            let _ = writeln!(told, "$ gradus {command}");
            told.push_str(&same(&said.replace(&self.server, "SERVER")));
            if code != 0 {
                let _ = writeln!(told, "[exit {code}]");
            }
        }
        told
    }

    async fn check(&self, who: &str, commands: &[&str], expected: Expect) {
        expected.assert_eq(&self.of(who, commands).await);
    }

    async fn run(&self, who: &str, command: &str) -> (i32, String) {
        let credential = match who {
            "olga" => "--certificate olga.pem --certificate-key olga.key".to_owned(),
            _ => format!("--token-file {who}.token"),
        };
        let all = format!("--server {} --ca ca.pem {credential} {command}", self.server);
        let mut command = self.folder.gradus(&all);
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(said).unwrap())
    }

    /// Keeps the token that a command issues.
    async fn issue(&self, command: &str, file: &str) {
        let (code, said) = self.run("operator", &format!("--output json {command}")).await;
        assert_eq!(code, 0, "{said}");
        let file = format!("{file}.token");
        self.folder.put(&file, &value(&said, "/secret"));
        let only_mine = Permissions::from_mode(0o600);
        std::fs::set_permissions(self.folder.path(&file), only_mine).unwrap();
    }
}

/// Lines of a receipt that say where in the log it was.
const RECEIPT: [&str; 5] = ["level_changes", "stream", "version", "log_size", "request_id"];

/// A text with ids, digests and instants of this run taken out.
fn same(said: &str) -> String {
    let mut told = String::new();
    for line in said.lines() {
        // Of a receipt, what the next reader does not need.
        if RECEIPT.iter().any(|key| line.split('\t').next() == Some(key)) {
            continue;
        }
        let words = line.split_inclusive([' ', '\t', '(', ')', ',', '"', '`']).map(|word| {
            let bare = word.trim_end_matches([' ', '\t', '(', ')', ',', '"', '`', '.']);
            let hex = bare.chars().filter(|c| *c != '-').all(|c| c.is_ascii_hexdigit());
            let of_today = bare.len() > 18 && bare.ends_with('Z') && bare.contains('T');
            if (hex && bare.len() >= 32) || of_today {
                word.replace(bare, "…")
            } else {
                word.to_owned()
            }
        });
        let line: String = words.collect();
        let mut cells: Vec<&str> = line.split('\t').collect();
        // How many seconds an item of the queue waits depends on the machine.
        if let [_, _, waits, "scanner", ..] = cells.as_mut_slice() {
            *waits = "…";
        }
        told.push_str(&cells.join("\t"));
        told.push('\n');
    }
    told
}

/// What the operator does in the morning.
async fn lets_everybody_in(day: &Day) {
    day.check(
        "operator",
        &[
            "project register shop --team web",
            "project register vault --team infra",
            "role grant scanner collector shop",
            "role grant ann assessor shop",
            "role grant bob assessor shop",
            "principal add olga --kind person",
            "certificate register olga olga.pem",
            "role grant olga auditor web --until 2099-12-31 --reason 'the yearly audit'",
        ],
        expect![[r#"
            $ gradus project register shop --team web
            unit	shop
            id	…
            new_team	web
            result	recorded
            positions	25-26
            $ gradus project register vault --team infra
            unit	vault
            id	…
            new_team	infra
            result	recorded
            positions	27-28
            $ gradus role grant scanner collector shop
            result	recorded
            positions	29
            $ gradus role grant ann assessor shop
            result	recorded
            positions	30
            $ gradus role grant bob assessor shop
            result	recorded
            positions	31
            $ gradus principal add olga --kind person
            principal	olga
            id	…
            result	recorded
            positions	32
            $ gradus certificate register olga olga.pem
            principal	olga
            key	…
            result	recorded
            positions	33
            $ gradus role grant olga auditor web --until 2099-12-31 --reason 'the yearly audit'
            result	recorded
            positions	34
        "#]],
    )
    .await;
}

/// What a scan and a build of the night came to, as the tool hands it in.
const REPORT: &str = r#"{"kind":"scan-report","outcome":"supports","strength":"direct","practices":["BP.05.02"],"work_to":"2026-10-01","source":{"name":"semgrep","id":"run-1"},"title":"SARIF of the night"}
{"kind":"test-result","outcome":"supports","strength":"direct","practices":["BP.11.03"],"work_to":"2026-10-01","source":{"name":"junit","id":"run-1"},"title":"JUnit of the night"}
"#;

/// What the tool does, and what it may not.
async fn the_tool(day: &Day) {
    day.check(
        "scanner",
        &[
            "submit --project shop --kind policy --outcome supports --strength direct --practice BP.01.01 --practice BP.01.02 --practice BP.01.03 --practice BP.01.04 --work-to 2026-10-01 --source handbook --source-id controls --title 'Controls of the shop'",
            "submit --project shop --kind policy --outcome supports --strength direct --practice BP.02.01 --work-to 2026-10-01 --source handbook --source-id impact",
            "submit --project shop --file report.jsonl",
            "submit --project shop --file report.jsonl",
            "rate --project shop BP.01.01 satisfied --effective-at 2026-10-02",
            "review accept --project shop source=handbook id=controls",
            "events --unit shop",
            "levels vault",
            "levels nothing",
        ],
        expect![[r#"
            $ gradus submit --project shop --kind policy --outcome supports --strength direct --practice BP.01.01 --practice BP.01.02 --practice BP.01.03 --practice BP.01.04 --work-to 2026-10-01 --source handbook --source-id controls --title 'Controls of the shop'
            evidence	…
            new	1
            known	0
            result	recorded
            positions	35
            $ gradus submit --project shop --kind policy --outcome supports --strength direct --practice BP.02.01 --work-to 2026-10-01 --source handbook --source-id impact
            evidence	…
            new	1
            known	0
            result	recorded
            positions	36
            $ gradus submit --project shop --file report.jsonl
            evidence	… …
            new	2
            known	0
            result	recorded
            positions	37-38
            $ gradus submit --project shop --file report.jsonl
            evidence	… …
            new	0
            known	2
            result	already so; nothing was recorded
            positions	
            $ gradus rate --project shop BP.01.01 satisfied --effective-at 2026-10-02
            gradus rate: this needs the right to rate, which the role assessor or admin gives: ask an admin for it
            [exit 4]
            $ gradus review accept --project shop source=handbook id=controls
            gradus review accept: this needs the right to review, which the role assessor or admin gives: ask an admin for it
            [exit 4]
            $ gradus events --unit shop
            gradus events: this needs the right to read, which the role viewer, assessor, lead, sponsor, auditor or admin gives: ask an admin for it
            [exit 4]
            $ gradus levels vault
            gradus levels: unit `vault` is unknown
            hint: `gradus unit list` shows the units that you may see
            [exit 3]
            $ gradus levels nothing
            gradus levels: unit `nothing` is unknown
            hint: `gradus unit list` shows the units that you may see
            [exit 3]
        "#]],
    )
    .await;
}

/// What the assessor does, and what she may not.
async fn the_assessor(day: &Day) {
    day.check(
        "ann",
        &[
            "review queue",
            "review accept --project shop source=handbook id=controls --note 'read, dated, signed'",
            "review reject --project shop source=handbook id=impact --reason 'of another product'",
            "rate --project shop BP.01.01 satisfied --effective-at 2026-10-02 --rationale 'complete'",
            "submit --project shop --kind interview --outcome supports --strength direct --practice BP.01.02 --work-to 2026-10-01 --source interviews --source-id 1",
            "review accept --project shop source=interviews id=1",
            "role grant ann lead shop",
            "project register mine --team web",
        ],
        expect![[r#"
            $ gradus review queue
            evidence	unit	age	by	practices	title	kind	outcome	strength	recorded_at	own	source	id
            …	shop	…	scanner	iso-21827-2008/BP.01.01 iso-21827-2008/BP.01.02 iso-21827-2008/BP.01.03 iso-21827-2008/BP.01.04	Controls of the shop	policy	supports	direct	…	no	handbook	controls
            …	shop	…	scanner	iso-21827-2008/BP.02.01		policy	supports	direct	…	no	handbook	impact
            …	shop	…	scanner	iso-21827-2008/BP.05.02	SARIF of the night	scan-report	supports	direct	…	no	semgrep	run-1
            …	shop	…	scanner	iso-21827-2008/BP.11.03	JUnit of the night	test-result	supports	direct	…	no	junit	run-1
            $ gradus review accept --project shop source=handbook id=controls --note 'read, dated, signed'
            result	recorded
            positions	39
            $ gradus review reject --project shop source=handbook id=impact --reason 'of another product'
            result	recorded
            positions	40
            $ gradus rate --project shop BP.01.01 satisfied --effective-at 2026-10-02 --rationale 'complete'
            gradus rate: evidence `…` was accepted by the same principal, who cannot rate what rests on it under the rules `strict`: ask another person, or adopt rules that relax `reviewer-rates`
            [exit 4]
            $ gradus submit --project shop --kind interview --outcome supports --strength direct --practice BP.01.02 --work-to 2026-10-01 --source interviews --source-id 1
            evidence	…
            new	1
            known	0
            result	recorded
            positions	41
            $ gradus review accept --project shop source=interviews id=1
            gradus review accept: evidence `…` was provided by the same principal, who cannot accept it under the rules `strict`: ask another person, or adopt rules that relax `provider-reviews`
            [exit 4]
            $ gradus role grant ann lead shop
            gradus role grant: this needs the right to administer, which the role admin gives: ask an admin for it
            [exit 4]
            $ gradus project register mine --team web
            gradus project register: this needs the right to settle, which the role lead or admin gives: ask an admin for it
            [exit 4]
        "#]],
    )
    .await;
}

/// What a second assessor does: who accepted the evidence does not rate by it.
async fn the_rater(day: &Day) {
    day.check(
        "bob",
        &[
            "rate --project shop BP.01.01 satisfied BP.01.02 satisfied BP.01.03 satisfied BP.01.04 satisfied --effective-at 2026-10-02 --rationale 'complete'",
            "levels shop --area PA01",
        ],
        expect![[r#"
            $ gradus rate --project shop BP.01.01 satisfied BP.01.02 satisfied BP.01.03 satisfied BP.01.04 satisfied --effective-at 2026-10-02 --rationale 'complete'
            ratings	… … … …
            result	recorded
            positions	42-45
            $ gradus levels shop --area PA01
            area	title	rated	ongoing	coverage	inherited
            PA01	Administer Security Controls	1–5 (28 open)	1–5 (28 open)	4/4	
        "#]],
    )
    .await;
}

/// What the auditor looks at.
async fn the_auditor(day: &Day) {
    day.check(
        "olga",
        &[
            "whoami",
            "levels shop@{2026-10-01} --area PA01",
            "levels shop --area PA01",
            "levels shop@known{2026-10-03} --area PA01",
            "levels shop@{2028-12-01} --area PA01",
            "diff shop@{2026-09-30}..@{2026-10-03} --area PA01",
            "events --unit shop",
            "rate --project shop BP.01.01 not-satisfied --effective-at 2026-10-02 --rationale 'no'",
            "levels vault",
        ],
        expect![[r#"
            $ gradus whoami
            name	olga
            kind	person
            id	…
            grade	mtls
            token	
            state	
            expires_at	
            server	SERVER
            role	auditor on web from … until …
            $ gradus levels shop@{2026-10-01} --area PA01
            area	title	rated	ongoing	coverage	inherited
            PA01	Administer Security Controls	not rated	not rated	4/4	
            $ gradus levels shop --area PA01
            area	title	rated	ongoing	coverage	inherited
            PA01	Administer Security Controls	1–5 (28 open)	1–5 (28 open)	4/4	
            $ gradus levels shop@known{2026-10-03} --area PA01
            area	title	rated	ongoing	coverage	inherited
            $ gradus levels shop@{2028-12-01} --area PA01
            area	title	rated	ongoing	coverage	inherited
            PA01	Administer Security Controls	1–5 (28 open)	0	0/4	
            $ gradus diff shop@{2026-09-30}..@{2026-10-03} --area PA01
            area	when	stage	rated	ongoing	coverage	because
            PA01	…	happened	not rated → 1–5 (28 open)	not rated → 1–5 (28 open)	4/4	rated: BP.01.01 #42, BP.01.02 #43, BP.01.03 #44, BP.01.04 #45
            $ gradus events --unit shop
            position	recorded_at	effective_at	unit	version	type	actor
            35	…	…	shop	1	evidence-submitted	scanner
            36	…	…	shop	2	evidence-submitted	scanner
            37	…	…	shop	3	evidence-submitted	scanner
            38	…	…	shop	4	evidence-submitted	scanner
            39	…	…	shop	5	evidence-accepted	ann
            40	…	…	shop	6	evidence-rejected	ann
            41	…	…	shop	7	evidence-submitted	ann
            42	…	…	shop	8	practice-rated	bob
            43	…	…	shop	9	practice-rated	bob
            44	…	…	shop	10	practice-rated	bob
            45	…	…	shop	11	practice-rated	bob
            $ gradus rate --project shop BP.01.01 not-satisfied --effective-at 2026-10-02 --rationale 'no'
            gradus rate: this needs the right to rate, which the role assessor or admin gives: ask an admin for it
            [exit 4]
            $ gradus levels vault
            gradus levels: unit `vault` is unknown
            hint: `gradus unit list` shows the units that you may see
            [exit 3]
        "#]],
    )
    .await;
}

/// What the auditor takes along, once the operator lets her prove the whole log.
async fn the_capsule(day: &Day) {
    let (code, told) = day.run("olga", "explain shop PA01").await;
    assert!(code == 0 && told.contains("BP.01.04") && told.contains("\tbob\t"), "{told}");
    let create = "capsule create shop --save shop.capsule";
    day.check("olga", &[create], expect![[r#"
        $ gradus capsule create shop --save shop.capsule
        gradus capsule create: this needs the right to prove on the whole organization, which the role auditor or admin gives there: ask an admin for it
        [exit 4]
    "#]]).await;
    let (code, told) =
        day.run("operator", "role grant olga auditor organization --until 2099-12-31").await;
    assert_eq!(code, 0, "{told}");
    let (code, told) = day.run("olga", create).await;
    assert_eq!(code, 0, "{told}");
    // Without the server, and without anything but the log's key.
    let (_, key) = day.run("olga", "checkpoint --output json").await;
    let verify = format!("capsule verify shop.capsule --output json --key {}", value(&key, "/key"));
    let verify = day.folder.gradus(&verify).output().unwrap();
    let verified = String::from_utf8(verify.stdout).unwrap();
    assert_eq!((verify.status.code(), value(&verified, "/units/0/name")), (Some(0), "shop".into()));
    assert!(verified.contains("PA01"), "{verified}");
}

/// How everybody's access ends, each in its way.
async fn all_leave(day: &Day) {
    let (_, scanner) = day.run("scanner", "whoami --output json").await;
    let revoke = format!("token revoke {} --yes", value(&scanner, "/token/id"));
    for ending in [
        "role revoke olga auditor organization --yes",
        "role revoke olga auditor web --yes",
        &revoke,
        "person disable ann --yes",
    ] {
        let (code, told) = day.run("operator", ending).await;
        assert_eq!(code, 0, "{ending}: {told}");
    }
    day.check("olga", &["levels shop --area PA01", "whoami"], expect![[r#"
        $ gradus levels shop --area PA01
        gradus levels: this needs the right to see, which the role viewer, collector, assessor, lead, sponsor, auditor or admin gives: ask an admin for it
        [exit 4]
        $ gradus whoami
        name	olga
        kind	person
        id	…
        grade	mtls
        token	
        state	
        expires_at	
        server	SERVER
        role	none
    "#]]).await;
    for who in ["scanner", "ann"] {
        day.check(
            who,
            &["levels shop"],
            expect![[r#"
        $ gradus levels shop
        gradus levels: the bearer token is refused
        hint: log in with gradus login, or name the file that holds your token with --token-file
        [exit 4]
    "#]],
        )
        .await;
    }
    let (_, known) = day.run("operator", "certificate list --output csv").await;
    let key = known.lines().nth(1).unwrap().split(',').next().unwrap();
    let (code, told) = day.run("operator", &format!("certificate revoke {key} --yes")).await;
    assert_eq!(code, 0, "{told}");
    day.check(
        "olga",
        &["whoami"],
        expect![[r#"
        $ gradus whoami
        gradus whoami: the client certificate is refused
        hint: have it registered for you: gradus certificate register PRINCIPAL FILE
        [exit 4]
    "#]],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_two_assessors_and_an_auditor_each_do_their_part_and_no_other() {
    let folder = Folder::new();
    let running = folder.secure().await;
    let server = format!("https://localhost:{}", running.address.port());
    std::fs::copy(folder.path("data/admin.token"), folder.path("operator.token")).unwrap();
    folder.sign("olga", "olga", 2050);
    folder.put("report.jsonl", REPORT);
    let day = Day { folder, server };

    // In the morning the operator lets everybody in.
    day.issue("token issue scanner --kind service", "scanner").await;
    day.issue("token issue ann --kind person", "ann").await;
    day.issue("token issue bob --kind person", "bob").await;
    lets_everybody_in(&day).await;
    the_tool(&day).await;
    the_assessor(&day).await;
    the_rater(&day).await;
    the_auditor(&day).await;

    the_capsule(&day).await;
    all_leave(&day).await;
    running.stop().await.unwrap();
}
