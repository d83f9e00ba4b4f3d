//! Units that cannot be registered, changed or settled so.

use expect_test::expect;
use gradus_wire::v1 as wire;

use super::{NOBODY, check, expecting};
use crate::running::{System, item, on, rating, submit};

fn project(name: &str) -> wire::RegisterUnitRequest {
    wire::RegisterUnitRequest {
        kind: wire::UnitKind::Project.into(),
        name: name.to_owned(),
        ..Default::default()
    }
}

fn tailored(area: &str, reason: &str) -> wire::TailorAreaRequest {
    wire::TailorAreaRequest {
        unit: "alpha".to_owned(),
        area: area.to_owned(),
        applicable: Some(false),
        reason: reason.to_owned(),
        ..Default::default()
    }
}

fn entered(phase: i32) -> wire::EnterPhaseRequest {
    wire::EnterPhaseRequest { unit: "alpha".to_owned(), phase, ..Default::default() }
}

fn moved(unit: &str, parent: &str) -> wire::MoveUnitRequest {
    let (unit, parent) = (unit.to_owned(), parent.to_owned());
    wire::MoveUnitRequest { unit, parent, ..Default::default() }
}

fn archived(unit: &str) -> wire::ArchiveUnitRequest {
    wire::ArchiveUnitRequest { unit: unit.to_owned(), ..Default::default() }
}

fn renamed(unit: &str, name: &str) -> wire::RenameUnitRequest {
    let (unit, name) = (unit.to_owned(), name.to_owned());
    wire::RenameUnitRequest { unit, name, ..Default::default() }
}

#[tokio::test]
async fn names_outside_the_pattern_are_refused() {
    let system = System::new().await;
    system.project("alpha").await;
    let units = &system.operator.units;
    let long = "a".repeat(64);
    let huge = "a".repeat(1 << 20);
    let name = |name: &str| project(name);
    let rows = vec![
        row!("empty", units, register_unit, name("")),
        row!("hyphen first", units, register_unit, name("-a")),
        row!("upper case", units, register_unit, name("Alpha")),
        row!("blank", units, register_unit, name("a b")),
        row!("umlaut", units, register_unit, name("ä")),
        row!("path", units, register_unit, name("../etc")),
        row!("64 letters", units, register_unit, name(&long)),
        row!("1 MiB", units, register_unit, name(&huge)),
        row!(
            "of the team",
            units,
            register_unit,
            wire::RegisterUnitRequest { team: "Team".to_owned(), ..name("beta") }
        ),
        row!("new name", units, rename_unit, renamed("alpha", "A")),
    ];
    check(&system, rows, &expect![[r#"
        empty | InvalidArgument INVALID_FIELD [name]: `name`: `` is no name: use 1 to 63 of a-z, 0-9 and `-`, beginning with a letter or digit
        hyphen first | InvalidArgument INVALID_FIELD [name]: `name`: `-a` is no name: use 1 to 63 of a-z, 0-9 and `-`, beginning with a letter or digit
        upper case | InvalidArgument INVALID_FIELD [name]: `name`: `Alpha` is no name: use 1 to 63 of a-z, 0-9 and `-`, beginning with a letter or digit
        blank | InvalidArgument INVALID_FIELD [name]: `name`: `a b` is no name: use 1 to 63 of a-z, 0-9 and `-`, beginning with a letter or digit
        umlaut | InvalidArgument INVALID_FIELD [name]: `name`: `ä` is no name: use 1 to 63 of a-z, 0-9 and `-`, beginning with a letter or digit
        path | InvalidArgument INVALID_FIELD [name]: `name`: `../etc` is no name: use 1 to 63 of a-z, 0-9 and `-`, beginning with a letter or digit
        64 letters | InvalidArgument INVALID_FIELD [name]: `name`: `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` is no name: use 1 to 63 of a-z, 0-9 and `-`, beginning with a letter or digit
        1 MiB | InvalidArgument INVALID_FIELD [name]: `name`: `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` is no name: use 1 to 63 of a-z, 0-9 and `-`, beginning with a letter or digit
        of the team | InvalidArgument INVALID_FIELD [team]: `team`: `Team` is no name: use 1 to 63 of a-z, 0-9 and `-`, beginning with a letter or digit
        new name | InvalidArgument INVALID_FIELD [name]: `name`: `A` is no name: use 1 to 63 of a-z, 0-9 and `-`, beginning with a letter or digit
    "#]]).await;
}

#[tokio::test]
async fn a_unit_has_its_place_in_the_tree() {
    let system = System::new().await;
    system.project("alpha").await;
    let units = &system.operator.units;
    let of_kind = |kind: i32| wire::RegisterUnitRequest { kind, ..project("beta") };
    let below =
        |parent: &str| wire::RegisterUnitRequest { parent: parent.to_owned(), ..project("beta") };
    let of_team =
        |team: &str| wire::RegisterUnitRequest { team: team.to_owned(), ..project("beta") };
    let both = wire::RegisterUnitRequest { team: "team".to_owned(), ..below("organization") };
    let rows = vec![
        row!("no kind", units, register_unit, of_kind(0)),
        row!("a second organization", units, register_unit, of_kind(1)),
        row!("unknown kind", units, register_unit, of_kind(9)),
        row!("negative kind", units, register_unit, of_kind(-1)),
        row!("unknown parent", units, register_unit, below("nobody")),
        row!("below a project", units, register_unit, below("alpha")),
        row!("the team is a project", units, register_unit, of_team("alpha")),
        row!("team and parent", units, register_unit, both),
        row!("same name", units, register_unit, project("alpha")),
        row!("name of the team", units, register_unit, project("team")),
        row!(
            "its team's name is its own",
            units,
            register_unit,
            wire::RegisterUnitRequest { team: "gamma".to_owned(), ..project("gamma") }
        ),
        row!("rename to a taken name", units, rename_unit, renamed("alpha", "team")),
        row!("rename an unknown unit", units, rename_unit, renamed("nobody", "beta")),
        row!("move an unknown unit", units, move_unit, moved("nobody", "team")),
        row!("move below an unknown unit", units, move_unit, moved("alpha", "nobody")),
        row!("move below a project", units, move_unit, moved("team", "alpha")),
        row!("move below itself", units, move_unit, moved("team", "team")),
        row!("move the organization", units, move_unit, moved("organization", "team")),
        row!("archive the organization", units, archive_unit, archived("organization")),
        row!(
            "archive for 5,000 reasons",
            units,
            archive_unit,
            wire::ArchiveUnitRequest { reason: "x".repeat(5_000), ..archived("alpha") }
        ),
        row!("archive an unknown unit", units, archive_unit, archived(NOBODY)),
        row!(
            "archive in the future",
            units,
            archive_unit,
            wire::ArchiveUnitRequest { effective_at: on("2026-06-02"), ..archived("alpha") }
        ),
        row!(
            "request id is no UUID",
            units,
            register_unit,
            wire::RegisterUnitRequest {
                append: Some(wire::AppendOptions {
                    request_id: "1".to_owned(),
                    ..Default::default()
                }),
                ..project("beta")
            }
        ),
        row!(
            "stale version",
            units,
            register_unit,
            wire::RegisterUnitRequest { append: expecting(1), ..project("beta") }
        ),
    ];
    check(&system, rows, &expect![[r#"
        no kind | InvalidArgument INVALID_FIELD [kind]: `kind`: it is missing and must be given
        a second organization | InvalidArgument INVALID_FIELD [kind]: `kind`: `organization` is the root, of which there is one: use team or project
        unknown kind | InvalidArgument INVALID_FIELD [kind]: `kind`: 9 is no value of this enumeration
        negative kind | InvalidArgument INVALID_FIELD [kind]: `kind`: -1 is no value of this enumeration
        unknown parent | NotFound UNIT_UNKNOWN: unit `nobody` is unknown
        below a project | FailedPrecondition WRONG_PARENT: a unit of kind `project` cannot stand below one of kind `project`
        the team is a project | FailedPrecondition WRONG_PARENT: a unit of kind `project` cannot stand below one of kind `project`
        team and parent | InvalidArgument INVALID_FIELD [team]: `team`: a parent is given, too: give one of them
        same name | AlreadyExists NAME_TAKEN: the name `alpha` belongs to another unit: choose another one
        name of the team | AlreadyExists NAME_TAKEN: the name `team` belongs to another unit: choose another one
        its team's name is its own | AlreadyExists NAME_TAKEN: item 1: the name `gamma` belongs to another unit: choose another one
        rename to a taken name | AlreadyExists NAME_TAKEN: the name `team` belongs to another unit: choose another one
        rename an unknown unit | NotFound UNIT_UNKNOWN: unit `nobody` is unknown
        move an unknown unit | NotFound UNIT_UNKNOWN: unit `nobody` is unknown
        move below an unknown unit | NotFound UNIT_UNKNOWN: unit `nobody` is unknown
        move below a project | FailedPrecondition WRONG_PARENT: a unit of kind `team` cannot stand below one of kind `project`
        move below itself | FailedPrecondition CYCLE: unit `ID` cannot stand below itself
        move the organization | FailedPrecondition ORGANIZATION_STAYS: the organization cannot be moved or archived, succeed a unit or be succeeded
        archive the organization | FailedPrecondition ORGANIZATION_STAYS: the organization cannot be moved or archived, succeed a unit or be succeeded
        archive for 5,000 reasons | InvalidArgument INVALID_FIELD [reason]: `reason`: it has 5000 bytes, at most 4096 are allowed
        archive an unknown unit | NotFound UNIT_UNKNOWN: unit `00000000-0000-4000-8000-000000000000` is unknown
        archive in the future | InvalidArgument IN_THE_FUTURE [effective_at]: `effective_at` is 2026-06-02T00:00:00Z, more than 5 minutes after the server's clock, 2026-06-01T12:00:00Z
        request id is no UUID | InvalidArgument INVALID_FIELD [append.request_id]: `append.request_id`: `1` is no request id: 32 hexadecimal digits, as in a UUID, are needed
        stale version | Aborted STALE_VERSION: unit organization is at version 21, not at 1
    "#]]).await;
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one table, read from top to bottom")]
async fn what_a_unit_settles_names_what_is_there() {
    let system = System::new().await;
    system.project("alpha").await;
    let units = &system.operator.units;
    let unit = || "alpha".to_owned();
    let model = |unit: &str, document: &str| wire::AdoptModelRequest {
        unit: unit.to_owned(),
        document: document.to_owned(),
        ..Default::default()
    };
    let rules = wire::AdoptRulesRequest {
        unit: unit(),
        document: "sse-cmm-1997".to_owned(),
        ..Default::default()
    };
    let profile = wire::AdoptProfileRequest {
        unit: unit(),
        document: "nobody".to_owned(),
        ..Default::default()
    };
    let inherit = |area: &str, inheritance: i32| wire::SetAreaInheritanceRequest {
        unit: unit(),
        area: area.to_owned(),
        inheritance,
        ..Default::default()
    };
    let label = |label: &str| wire::PlaceMarkerRequest {
        unit: unit(),
        kind: wire::MarkerKind::Release.into(),
        label: label.to_owned(),
        ..Default::default()
    };
    let context = |context: Option<wire::Context>| wire::RecordContextRequest {
        unit: unit(),
        context,
        ..Default::default()
    };
    let disciplines = vec!["security".to_owned(); 33];
    let no_kind = wire::PlaceMarkerRequest { kind: 0, ..label("1.0") };
    let not_said = wire::TailorAreaRequest { applicable: None, ..tailored("PA04", "x") };
    let rows = vec![
        row!("unknown unit", units, adopt_model, model("nobody", "iso-21827-2008")),
        row!("unknown model", units, adopt_model, model("alpha", "iso-21827-2099")),
        row!("no model", units, adopt_model, model("alpha", "")),
        row!("rules that are a model", units, adopt_rules, rules),
        row!("unknown profile", units, adopt_profile, profile),
        row!("unknown area", units, tailor_area, tailored("PA23", "x")),
        row!("area of the other edition", units, tailor_area, tailored("sse-cmm-1997/PA01", "x")),
        row!("area of no form", units, tailor_area, tailored("4", "x")),
        row!("no area", units, tailor_area, tailored("", "x")),
        row!("tailored out without a reason", units, tailor_area, tailored("PA04", "")),
        row!("tailored out for 1 MiB", units, tailor_area, tailored("PA04", &"x".repeat(1 << 20))),
        row!("tailored neither out nor in", units, tailor_area, not_said),
        row!("inheritance of an unknown area", units, set_area_inheritance, inherit("PA23", 2)),
        row!("no inheritance", units, set_area_inheritance, inherit("PA04", 0)),
        row!("unknown inheritance", units, set_area_inheritance, inherit("PA04", 4)),
        row!("no phase", units, enter_phase, entered(0)),
        row!("unknown phase", units, enter_phase, entered(10)),
        row!(
            "phase never entered",
            units,
            leave_phase,
            wire::LeavePhaseRequest {
                unit: unit(),
                phase: wire::Phase::Design.into(),
                ..Default::default()
            }
        ),
        row!("marker without a label", units, place_marker, label("")),
        row!("label too long", units, place_marker, label(&"x".repeat(129))),
        row!("label of two lines", units, place_marker, label("a\nb")),
        row!("marker without a kind", units, place_marker, no_kind),
        row!("no context", units, record_context, context(None)),
        row!(
            "33 disciplines",
            units,
            record_context,
            context(Some(wire::Context { disciplines, ..Default::default() }))
        ),
        row!(
            "disciplines above 4 KiB",
            units,
            record_context,
            context(Some(wire::Context {
                disciplines: (0..32).map(|number| format!("{number:0128}")).collect(),
                ..Default::default()
            }))
        ),
        row!(
            "unknown need",
            units,
            record_context,
            context(Some(wire::Context { assurance_need: 4, ..Default::default() }))
        ),
    ];
    check(&system, rows, &expect![[r#"
        unknown unit | NotFound UNIT_UNKNOWN: unit `nobody` is unknown
        unknown model | NotFound DOCUMENT_UNKNOWN: model `iso-21827-2099` is unknown
        no model | NotFound DOCUMENT_UNKNOWN: model `` is unknown
        rules that are a model | NotFound DOCUMENT_UNKNOWN: rules `sse-cmm-1997` is unknown
        unknown profile | NotFound DOCUMENT_UNKNOWN: profile `nobody` is unknown
        unknown area | NotFound AREA_UNKNOWN: process area `PA23` is unknown in model `iso-21827-2008`
        area of the other edition | NotFound AREA_UNKNOWN: process area `PA01` is unknown in model `iso-21827-2008`
        area of no form | InvalidArgument INVALID_FIELD [area]: `area`: `4` is no process area: write it like PA01
        no area | InvalidArgument INVALID_FIELD [area]: `area`: `` is no process area: write it like PA01
        tailored out without a reason | InvalidArgument REASON_MISSING [reason]: a reason is needed
        tailored out for 1 MiB | InvalidArgument INVALID_FIELD [reason]: `reason`: it has 1048576 bytes, at most 4096 are allowed
        tailored neither out nor in | InvalidArgument INVALID_FIELD [applicable]: `applicable`: it is missing and must be given
        inheritance of an unknown area | NotFound AREA_UNKNOWN: process area `PA23` is unknown in model `iso-21827-2008`
        no inheritance | InvalidArgument INVALID_FIELD [inheritance]: `inheritance`: it is missing and must be given
        unknown inheritance | InvalidArgument INVALID_FIELD [inheritance]: `inheritance`: 4 is no value of this enumeration
        no phase | InvalidArgument INVALID_FIELD [phase]: `phase`: it is missing and must be given
        unknown phase | InvalidArgument INVALID_FIELD [phase]: `phase`: 10 is no value of this enumeration
        phase never entered | FailedPrecondition PHASE_NOT_OPEN: phase `design` was not entered
        marker without a label | InvalidArgument INVALID_FIELD [label]: `label`: the text is empty
        label too long | InvalidArgument INVALID_FIELD [label]: `label`: the text has 129 bytes, at most 128 are allowed
        label of two lines | InvalidArgument INVALID_FIELD [label]: `label`: the text holds the control character U+000A
        marker without a kind | InvalidArgument INVALID_FIELD [kind]: `kind`: it is missing and must be given
        no context | InvalidArgument INVALID_FIELD [context]: `context`: it is missing and must be given
        33 disciplines | InvalidArgument INVALID_FIELD [context.disciplines]: `context.disciplines`: 33 are given, at most 32 are allowed
        disciplines above 4 KiB | InvalidArgument RECORD_TOO_LARGE [request]: item 0: it takes 4340 bytes in the log, 4340 with its texts; at most 4096 and 6000 are allowed: put long text into an attachment and name its digest
        unknown need | InvalidArgument INVALID_FIELD [context.assurance_need]: `context.assurance_need`: 4 is no value of this enumeration
    "#]]).await;
}

#[tokio::test]
async fn an_archived_unit_takes_nothing() {
    let system = System::new().await;
    system.project("alpha").await;
    let other = wire::RegisterUnitRequest {
        kind: wire::UnitKind::Project.into(),
        name: "beta".to_owned(),
        team: "other".to_owned(),
        ..Default::default()
    };
    system.operator.units.clone().register_unit(other).await.unwrap();
    system.trust_tools("alpha").await;
    let tool = system.principal("scanner", wire::PrincipalKind::Service).await;
    tool.evidence.clone().submit_evidence(submit("alpha", vec![item("before")])).await.unwrap();
    let mut units = system.operator.units.clone();
    units.archive_unit(archived("alpha")).await.unwrap();
    let again = units.archive_unit(archived("alpha")).await.unwrap().into_inner();
    assert!(again.receipt.unwrap().events.is_empty(), "it is so already");
    units.archive_unit(archived("team")).await.unwrap();

    let rates = wire::RatePracticesRequest {
        unit: "alpha".to_owned(),
        append: None,
        ratings: vec![rating("BP.10.01", wire::Value::Satisfied, "2026-05-01")],
    };
    let adopts = wire::AdoptModelRequest {
        unit: "alpha".to_owned(),
        document: "iso-21827-2008".to_owned(),
        ..Default::default()
    };
    let below = wire::RegisterUnitRequest { team: "team".to_owned(), ..project("gamma") };
    // There is evidence that the rule would rate by.
    let runs = wire::RunRuleRaterRequest { unit: "alpha".to_owned(), ..Default::default() };
    let (evidence, ratings) = (&system.operator.evidence, &system.operator.ratings);
    let rows = vec![
        row!("submit", evidence, submit_evidence, submit("alpha", vec![item("a")])),
        row!("submit, by a tool", tool.evidence, submit_evidence, submit("alpha", vec![item("a")])),
        row!("rate", ratings, rate_practices, rates),
        row!("rate by rule", ratings, run_rule_rater, runs),
        row!("adopt", units, adopt_model, adopts),
        row!("tailor", units, tailor_area, tailored("PA04", "x")),
        row!("enter a phase", units, enter_phase, entered(1)),
        row!("rename", units, rename_unit, renamed("alpha", "omega")),
        row!("move", units, move_unit, moved("alpha", "organization")),
        row!("move below it", units, move_unit, moved("beta", "team")),
        row!("register below it", units, register_unit, below),
        row!("take its name", units, register_unit, project("alpha")),
    ];
    check(&system, rows, &expect![[r#"
        submit | FailedPrecondition UNIT_ARCHIVED: unit `alpha` was archived: it takes no more events
        submit, by a tool | FailedPrecondition UNIT_ARCHIVED: unit `alpha` was archived: it takes no more events
        rate | FailedPrecondition UNIT_ARCHIVED: unit `alpha` was archived: it takes no more events
        rate by rule | FailedPrecondition UNIT_ARCHIVED: unit `alpha` was archived: it takes no more events
        adopt | FailedPrecondition UNIT_ARCHIVED: unit `alpha` was archived: it takes no more events
        tailor | FailedPrecondition UNIT_ARCHIVED: unit `alpha` was archived: it takes no more events
        enter a phase | FailedPrecondition UNIT_ARCHIVED: unit `alpha` was archived: it takes no more events
        rename | FailedPrecondition UNIT_ARCHIVED: unit `alpha` was archived: it takes no more events
        move | FailedPrecondition UNIT_ARCHIVED: unit `alpha` was archived: it takes no more events
        move below it | FailedPrecondition UNIT_ARCHIVED: unit `team` was archived: it takes no more events
        register below it | FailedPrecondition UNIT_ARCHIVED: unit `team` was archived: it takes no more events
        take its name | AlreadyExists NAME_TAKEN: the name `alpha` belongs to another unit: choose another one
    "#]]).await;
}
