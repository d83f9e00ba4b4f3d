//! Successions, labels and baselines that cannot be.

use expect_test::expect;
use gradus_wire::v1 as wire;

use super::check;
use crate::running::System;

fn succeeded(unit: &str, by: &[&str]) -> wire::SucceedUnitRequest {
    let (unit, successors) = (unit.to_owned(), by.iter().map(ToString::to_string).collect());
    wire::SucceedUnitRequest { unit, successors, ..Default::default() }
}

fn labelled(labels: Vec<String>) -> wire::LabelUnitRequest {
    wire::LabelUnitRequest { unit: "alpha".to_owned(), labels, ..Default::default() }
}

fn raised(floors: &[(&str, u32)]) -> wire::RaiseBaselineRequest {
    let floor = |(area, level): &(&str, u32)| {
        let (area, level) = ((*area).to_owned(), *level);
        wire::FloorInput { area, level }
    };
    let floors = floors.iter().map(floor).collect();
    wire::RaiseBaselineRequest { unit: "alpha".to_owned(), floors, ..Default::default() }
}

#[tokio::test]
async fn successions_labels_and_baselines_name_what_is_there() {
    let system = System::new().await;
    system.project("alpha").await;
    let units = &system.operator.units;
    let many = |labels: usize| labelled((0..labels).map(|at| format!("{at:03}")).collect());
    let long = labelled((0..64).map(|at| format!("{at:0128}")).collect());
    let of_label = wire::ListUnitsRequest { label: "a\nb".to_owned(), ..Default::default() };
    let twice = [("PA01", 1), ("iso-21827-2008/PA01", 2)];
    let nobodys =
        wire::RaiseBaselineRequest { unit: "nobody".to_owned(), ..raised(&[("PA01", 1)]) };
    let rows = vec![
        row!("an unknown unit", units, succeed_unit, succeeded("nobody", &["team"])),
        row!("an unknown successor", units, succeed_unit, succeeded("alpha", &["nobody"])),
        row!("no successor", units, succeed_unit, succeeded("alpha", &[])),
        row!("by itself", units, succeed_unit, succeeded("alpha", &["team", "alpha"])),
        row!("the organization", units, succeed_unit, succeeded("organization", &["team"])),
        row!("by the organization", units, succeed_unit, succeeded("team", &["organization"])),
        row!("101 successors", units, succeed_unit, succeeded("alpha", &["team"; 101])),
        row!("an empty label", units, label_unit, labelled(vec!["a".to_owned(), String::new()])),
        row!("a label of 129 bytes", units, label_unit, labelled(vec!["x".repeat(129)])),
        row!("65 labels", units, label_unit, many(65)),
        row!("labels above 4 KiB", units, label_unit, long),
        row!("a list by no label", units, list_units, of_label),
        row!("no floor", units, raise_baseline, raised(&[])),
        row!("an unknown area", units, raise_baseline, raised(&[("PA01", 1), ("PA23", 1)])),
        row!("an area of no form", units, raise_baseline, raised(&[("11", 1)])),
        row!("level 0", units, raise_baseline, raised(&[("PA01", 1), ("PA02", 0)])),
        row!("level 6", units, raise_baseline, raised(&[("PA01", 6)])),
        row!("level 257", units, raise_baseline, raised(&[("PA01", 257)])),
        row!("an area twice", units, raise_baseline, raised(&twice)),
        row!("of an unknown unit", units, raise_baseline, nobodys),
    ];
    check(&system, rows, &expect![[r#"
        an unknown unit | NotFound UNIT_UNKNOWN: unit `nobody` is unknown
        an unknown successor | NotFound UNIT_UNKNOWN: unit `nobody` is unknown
        no successor | InvalidArgument SUCCESSOR_MISSING [successors]: no successor is named: name at least one unit in which the work goes on
        by itself | InvalidArgument SUCCEEDS_ITSELF [successors]: unit `ID` cannot succeed itself
        the organization | FailedPrecondition ORGANIZATION_STAYS: the organization cannot be moved or archived, succeed a unit or be succeeded
        by the organization | FailedPrecondition ORGANIZATION_STAYS: the organization cannot be moved or archived, succeed a unit or be succeeded
        101 successors | InvalidArgument TOO_MANY [successors]: `successors` has 101 entries, at most 100 are allowed
        an empty label | InvalidArgument INVALID_FIELD [labels[1]]: `labels[1]`: the text is empty
        a label of 129 bytes | InvalidArgument INVALID_FIELD [labels[0]]: `labels[0]`: the text has 129 bytes, at most 128 are allowed
        65 labels | InvalidArgument TOO_MANY [labels]: `labels` has 65 entries, at most 64 are allowed
        labels above 4 KiB | InvalidArgument RECORD_TOO_LARGE [request]: item 0: it takes 8500 bytes in the log, 8500 with its texts; at most 4096 and 6000 are allowed: put long text into an attachment and name its digest
        a list by no label | InvalidArgument INVALID_FIELD [label]: `label`: the text holds the control character U+000A
        no floor | InvalidArgument INVALID_FIELD [floors]: `floors`: it is empty, at least one entry must be given
        an unknown area | NotFound AREA_UNKNOWN: item 1: process area `PA23` is unknown in model `iso-21827-2008`
        an area of no form | InvalidArgument INVALID_FIELD [floors[0].area]: `floors[0].area`: `11` is no process area: write it like PA01
        level 0 | InvalidArgument INVALID_FIELD [floors[1].level]: `floors[1].level`: 0 cannot be a floor: use 1 to 5
        level 6 | InvalidArgument INVALID_FIELD [floors[0].level]: `floors[0].level`: 6 cannot be a floor: use 1 to 5
        level 257 | InvalidArgument INVALID_FIELD [floors[0].level]: `floors[0].level`: 257 cannot be a floor: use 1 to 5
        an area twice | InvalidArgument AREA_TWICE [floors[1].area]: item 1: process area `PA01` is named twice: name it once
        of an unknown unit | NotFound UNIT_UNKNOWN: unit `nobody` is unknown
    "#]]).await;
}
