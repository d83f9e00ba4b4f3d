//! `gradus attachment`, and what `submit` and `erase` do with attachments, as a user sees them.

use std::fs;

use crate::program::Desk;

/// With a project and two files.
fn desk() -> Desk {
    let desk = Desk::after(&["project register theta"]);
    fs::write(desk.home.path().join("report.pdf"), "the report").unwrap();
    fs::write(desk.home.path().join("log.txt"), "x".repeat(700_000)).unwrap();
    desk
}

fn json(desk: &Desk, line: &str) -> serde_json::Value {
    serde_json::from_str(&desk.run(&format!("{line} --output json")).done()).unwrap()
}

const ITEM: &str = "submit --project theta --practice BP.10.01 --kind audit-report --outcome supports \
                    --strength direct --title Audit --source cli --source-id 1";

#[test]
fn files_are_attached_listed_had_and_erased() {
    let desk = desk();
    let attach = format!("{ITEM} --attach report.pdf --attach log.txt");
    let plan = desk.run(&format!("{attach} --dry-run server"));
    assert_eq!(plan.code, 0, "{plan:?}");
    let nothing = json(&desk, "attachment list --project theta");
    assert_eq!(nothing["attachments"].as_array().unwrap().len(), 0);
    desk.run(&attach).done();
    let all = json(&desk, "attachment list --project theta");
    let all = all["attachments"].as_array().unwrap().clone();
    let sizes = |size: u64| all.iter().find(|of| of["size"] == size).unwrap()["sha256"].clone();
    let (report, log) = (sizes(10), sizes(700_000));
    let (report, log) = (report.as_str().unwrap(), log.as_str().unwrap());
    assert_eq!(all[0]["state"], "held");

    desk.run(&format!("attachment get {log} --project theta --save got.txt")).done();
    let saved = |name: &str| fs::read_to_string(desk.home.path().join(name));
    assert_eq!(saved("got.txt").unwrap(), "x".repeat(700_000));
    let piped = desk.run(&format!("attachment get {report} --project theta --save -")).done();
    assert_eq!(piped, "the report");

    let erase = format!("erase attachment {report} --project theta --reason asked-for");
    let unasked = desk.run(&erase);
    assert!(unasked.err.contains("destroy the attachments"), "{}", unasked.err);
    let done = desk.run(&format!("{erase} --yes")).done();
    assert!(done.contains("recorded"), "{done}");
    let gone = desk.run(&format!("attachment get {report} --project theta --save gone.pdf"));
    assert!(gone.code != 0 && gone.err.contains("was erased at"), "{gone:?}");
    assert!(gone.err.contains("by operator"), "{gone:?}");
    assert!(saved("gone.pdf").is_err() && saved("gone.pdf.part").is_err(), "nothing is left");
    let listed = desk.run("attachment list --project theta --output csv").done();
    let rows: Vec<Vec<&str>> = listed.lines().map(|row| row.split(',').collect()).collect();
    assert_eq!(rows[0].join(" "), "attachment state bytes evidence erased_at by reason");
    let erased = rows.iter().find(|row| row[1] == "erased").unwrap();
    assert_eq!((erased[0], erased[5], erased[6]), (report, "operator", "asked-for"));
}

#[test]
fn an_upload_is_told_by_its_digest_and_refusals_say_what_to_do() {
    let desk = desk();
    let put = json(&desk, "attachment put report.pdf log.txt --project theta");
    let digest = put["attachments"][0]["sha256"].as_str().unwrap().to_owned();
    let unnamed = desk.run(&format!("attachment get {digest} --project theta --save got"));
    assert!(unnamed.code != 0 && unnamed.err.contains("is unknown"), "{unnamed:?}");
    for (line, says) in [
        ("attachment put missing.pdf --project theta", "missing.pdf"),
        ("attachment put . --project theta", "it is a folder"),
        ("attachment put report.pdf --project zeta", "unit `zeta` is unknown"),
        ("attachment get report.pdf --project theta --save x", "64 hexadecimal digits"),
        ("erase attachment abc --project theta --reason r --yes", "64 hexadecimal digits"),
    ] {
        let ran = desk.run(line);
        assert!(ran.code != 0 && ran.err.contains(says), "{line}: {ran:?}");
    }
    let many = (0..17).map(|_| "--attach report.pdf").collect::<Vec<_>>().join(" ");
    let many = desk.run(&format!("{ITEM} {many}"));
    assert!(many.err.contains("17 files, but an item has at most 16 attachments"), "{many:?}");
}

#[test]
fn a_backup_of_a_running_server_carries_attachments() {
    let desk = desk();
    desk.run(&format!("{ITEM} --attach report.pdf --attach log.txt")).done();
    let done = json(&desk, "backup archive");
    assert_eq!(done["attachments"], 2);
    let restored = desk.run("restore archive restored");
    assert_eq!(restored.code, 0, "{restored:?}");
    let examined = desk.run("doctor --data restored");
    assert_eq!(examined.code, 0, "{examined:?}");
    let files = |folder: &str| {
        let units = fs::read_dir(desk.home.path().join(folder).join("attachments")).unwrap();
        units.map(|unit| fs::read_dir(unit.unwrap().path()).unwrap().count()).sum::<usize>()
    };
    assert_eq!([files("archive"), files("restored")], [2, 2]);
}
