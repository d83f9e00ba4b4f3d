//! `gradus erase`, `retention` and `hold`, as a user sees them.

use expect_test::expect;

use crate::program::Desk;

fn desk() -> Desk {
    Desk::after(&[
        "project register theta",
        "principal add ann --kind person",
        "submit --project theta --practice BP.10.01 --kind interview --outcome supports \
         --strength direct --title Ann-spoke --note at-length --about ann --source cli \
         --source-id 1",
        "submit --project theta --practice BP.10.02 --kind policy --outcome supports \
         --strength direct --title Policy --source cli --source-id 2",
    ])
}

#[test]
fn a_person_is_planned_held_asked_for_and_erased() {
    let desk = desk();
    let person = "erase person ann --reason asked-for";
    let plan = |line: &str| desk.run(&format!("{line} --plan --output json")).done();
    let planned: serde_json::Value = serde_json::from_str(&plan(person)).unwrap();
    assert_eq!((&planned["records"], &planned["validated_only"]), (&2.into(), &true.into()));

    desk.run("hold place case-7 theta --reason litigation").done();
    let refused = desk.run(&format!("{person} --yes"));
    assert!(refused.err.contains("under the legal hold `case-7`"), "{}", refused.err);
    let listed = desk.run("hold list --output csv").done();
    assert!(listed.contains("case-7,theta,\"all, and below it\""), "{listed}");
    desk.run("hold lift case-7 --reason settled --yes").done();

    let unasked = desk.run(person);
    assert!(unasked.err.contains("destroy the texts about ann for ever"), "{}", unasked.err);
    let done = desk.run(&format!("{person} --yes --output json")).done();
    let done: serde_json::Value = serde_json::from_str(&done).unwrap();
    assert_eq!((&done["records"], &done["held"]), (&2.into(), &0.into()));
    let people = desk.run("person list --output csv").done();
    assert!(!people.contains("ann"), "{people}");
}

#[test]
fn rules_of_retention_are_set_listed_and_swept_by() {
    let desk = desk();
    desk.run("retention set theta --days 30 --class confidential --reason as-agreed").done();
    desk.run("retention set organization --days 365 --reason our-schedule").done();
    let listed = desk.run("retention list --output csv").done();
    let rows: Vec<String> =
        listed.lines().map(|row| row.split(',').skip(1).collect::<Vec<_>>().join(" ")).collect();
    let mut rows = rows[1..].to_vec();
    rows.sort();
    expect!["organization all 365 | theta confidential 30"].assert_eq(&rows.join(" | "));
    let swept = desk.run("retention run --plan").done();
    assert!(swept.contains("would be erased; nothing was recorded"), "{swept}");
    desk.run("retention remove theta --class confidential --reason over").done();
    assert_eq!(desk.run("retention list --output csv").done().lines().count(), 2);
}

#[test]
fn one_text_of_an_item_is_withheld_by_its_name() {
    let desk = desk();
    let field = "erase field source=cli id=1 --project theta --reason names-somebody --yes";
    let wrong = desk.run(&format!("{field} --field notes"));
    assert!(wrong.err.contains("has no text `notes`: it has title, note"), "{}", wrong.err);
    desk.run(&format!("{field} --field note")).done();
    let found = desk.run("erase words at-length --reason asked-for --plan --output json").done();
    let found: serde_json::Value = serde_json::from_str(&found).unwrap();
    assert_eq!(found["records"], 0);
}
