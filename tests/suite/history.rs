//! Two times: what was true when, and what was known when.

use expect_test::expect;
use gradus_wire::v1 as wire;
use wire::coordinate::Known;

use crate::running::{System, area, by_id, item, levels_of, on, rating, refusal, told};

/// A question for `alpha` at a moment, with what was known then.
fn asked(valid_at: &str, known: Known) -> wire::QueryLevelsRequest {
    let mut question = levels_of("alpha", valid_at);
    question.coordinate.as_mut().unwrap().known = Some(known);
    question
}

/// PA10 of `alpha` at a moment, with what was known then.
async fn pa10(system: &System, valid_at: &str, known: Known) -> String {
    area(&system.levels(asked(valid_at, known)).await, "PA10")
}

fn not_satisfied(from: &str) -> wire::RatingInput {
    rating("BP.10.01", wire::Value::NotSatisfied, from)
}

fn now(system: &System) -> prost_types::Timestamp {
    on(&system.now().to_string()).unwrap()
}

#[tokio::test]
async fn late_evidence_shows_from_its_record_on_and_not_before() {
    let system = System::new().await;
    system.project("alpha").await;
    system.trust_tools("alpha").await;
    let tool = system.principal("scanner", wire::PrincipalKind::Service).await;
    system.advance(10);
    let (before, then) = (system.size().await, now(&system));
    system.advance(10);
    let late = crate::running::submit("alpha", vec![item("late")]);
    tool.evidence.clone().submit_evidence(late).await.unwrap();
    let after = system.size().await;
    system.advance(10);

    let nothing = "rated not rated; ongoing not rated; 0/7 covered";
    let covered = expect!["rated not rated; ongoing not rated; 1/7 covered"];
    // The work was done on 1 May, and recorded on 1 June.
    for (known, is_known) in [
        (Known::LogSize(before), false),
        (Known::KnownAt(then), false),
        (Known::LogSize(after), true),
        (Known::KnownAt(now(&system)), true),
    ] {
        let told = pa10(&system, "2026-05-15", known).await;
        if is_known { covered.assert_eq(&told) } else { assert_eq!(told, nothing) }
    }
    assert_eq!(pa10(&system, "2026-04-30", Known::LogSize(after)).await, nothing);
    let list = |known: Known| wire::ListEvidenceRequest {
        unit: "alpha".to_owned(),
        coordinate: Some(wire::Coordinate { known: Some(known), ..Default::default() }),
        ..Default::default()
    };
    for (known, there) in [(Known::LogSize(before), 0), (Known::LogSize(after), 1)] {
        let listed = system.operator.evidence.clone().list_evidence(list(known)).await.unwrap();
        assert_eq!(listed.into_inner().evidence.len(), there);
    }
}

#[tokio::test]
async fn what_was_withdrawn_later_still_shows_as_it_was_known_then() {
    let system = System::alone().await;
    system.project("alpha").await;
    let ids = system.submitted("alpha", vec![item("a")]).await;
    let accept = wire::AcceptEvidenceRequest {
        unit: "alpha".to_owned(),
        evidence: vec![by_id(&ids[0])],
        ..Default::default()
    };
    system.operator.evidence.clone().accept_evidence(accept).await.unwrap();
    let ratings = system.rated("alpha", vec![not_satisfied("2026-05-02")]).await;
    let then = system.size().await;
    let withdraw = wire::WithdrawEvidenceRequest {
        unit: "alpha".to_owned(),
        append: None,
        evidence: vec![by_id(&ids[0])],
        reason: "by mistake".to_owned(),
    };
    system.operator.evidence.clone().withdraw_evidence(withdraw).await.unwrap();
    let withdraw = wire::WithdrawRatingRequest {
        unit: "alpha".to_owned(),
        append: None,
        ratings,
        reason: "by mistake".to_owned(),
    };
    system.operator.ratings.clone().withdraw_rating(withdraw).await.unwrap();

    let size = system.size().await;
    expect!["rated 0; ongoing 0; 1/7 covered"]
        .assert_eq(&pa10(&system, "2026-05-15", Known::LogSize(then)).await);
    expect!["rated not rated; ongoing not rated; 0/7 covered"]
        .assert_eq(&pa10(&system, "2026-05-15", Known::LogSize(size)).await);
    for (size, standing) in [(then, wire::Standing::Accepted), (size, wire::Standing::Withdrawn)] {
        let known = Some(Known::LogSize(size));
        let shown = wire::GetEvidenceRequest {
            unit: "alpha".to_owned(),
            evidence: Some(by_id(&ids[0])),
            coordinate: Some(wire::Coordinate { known, ..Default::default() }),
            min_size: 0,
        };
        let shown = system.operator.evidence.clone().get_evidence(shown).await.unwrap();
        assert_eq!(shown.into_inner().evidence.unwrap().standing(), standing, "at {size}");
    }
}

#[tokio::test]
async fn before_the_first_data_nothing_is_known_which_is_no_error() {
    let system = System::new().await;
    system.project("alpha").await;
    system.rated("alpha", vec![not_satisfied("2026-05-02")]).await;
    for valid_at in ["1900-01-01", "1970-01-01", "2026-05-01"] {
        let answer = system.levels(levels_of("alpha", valid_at)).await;
        assert_eq!(answer.areas.len(), 22);
        let known: Vec<String> =
            answer.areas.iter().map(|area| told(area.rated.as_ref())).collect();
        assert!(known.iter().all(|rated| rated == "not rated"), "{valid_at}: {known:?}");
    }
    // Before the log held a model, there were no areas.
    for size in [0, 1, 4] {
        let answer = system.levels(asked("2026-06-01", Known::LogSize(size))).await;
        assert_eq!((answer.areas.len(), answer.coordinate.unwrap().log_size), (0, size));
    }
    let answer =
        system.levels(asked("2026-06-01", Known::KnownAt(on("1980-01-01").unwrap()))).await;
    let coordinate = answer.coordinate.unwrap();
    assert_eq!((answer.areas.len(), coordinate.log_size, coordinate.settled), (0, 0, true));
    // And far ahead, what will be if nothing is renewed.
    let answer = system.levels(levels_of("alpha", "9998-12-31")).await;
    assert_eq!(area(&answer, "PA10"), "rated 0; ongoing 0; 0/7 covered");
}

#[tokio::test]
async fn renamed_moved_and_archived_units_keep_their_history() {
    let system = System::new().await;
    let mut units = system.operator.units.clone();
    let registered = |kind: wire::UnitKind, name: &str, team: &str| wire::RegisterUnitRequest {
        append: None,
        kind: kind.into(),
        name: name.to_owned(),
        parent: String::new(),
        team: team.to_owned(),
        effective_at: on("2026-01-01"),
    };
    units.register_unit(registered(wire::UnitKind::Project, "alpha", "team")).await.unwrap();
    units.register_unit(registered(wire::UnitKind::Team, "second", "")).await.unwrap();
    system.rated("alpha", vec![not_satisfied("2026-05-02")]).await;
    let get = |unit: &str, valid_at: &str| wire::GetUnitRequest {
        unit: unit.to_owned(),
        coordinate: Some(wire::Coordinate { valid_at: on(valid_at), ..Default::default() }),
        min_size: 0,
    };
    let id =
        units.get_unit(get("alpha", "2026-06-01")).await.unwrap().into_inner().unit.unwrap().id;
    let before = system.size().await;
    let rename = wire::RenameUnitRequest {
        unit: "alpha".to_owned(),
        name: "omega".to_owned(),
        ..Default::default()
    };
    units.rename_unit(rename).await.unwrap();
    let moved = wire::MoveUnitRequest {
        unit: "omega".to_owned(),
        append: None,
        parent: "second".to_owned(),
        effective_at: on("2026-05-20"),
    };
    units.move_unit(moved).await.unwrap();
    let archive = wire::ArchiveUnitRequest { unit: "omega".to_owned(), ..Default::default() };
    units.archive_unit(archive).await.unwrap();

    let system = system.restarted().await;
    let mut units = system.operator.units.clone();
    let parent = |unit: wire::Unit| unit.parent.map(|parent| parent.name).unwrap_or_default();
    for (valid_at, above, archived) in [
        ("2026-05-19", "team", false),
        ("2026-05-20", "second", false),
        ("2026-06-02", "second", true),
    ] {
        let unit = units.get_unit(get("omega", valid_at)).await.unwrap().into_inner().unit.unwrap();
        assert_eq!(
            (unit.id.as_str(), unit.name.as_str()),
            (id.as_str(), "omega"),
            "names of today"
        );
        assert_eq!(unit.archived_at.is_some(), archived, "{valid_at}");
        assert_eq!(parent(unit), above, "{valid_at}");
    }
    let mut then = get(&id, "2026-05-20");
    then.coordinate.as_mut().unwrap().known = Some(Known::LogSize(before));
    let unit = units.get_unit(then).await.unwrap().into_inner().unit.unwrap();
    assert_eq!(parent(unit), "team", "the move was not known yet");

    let mut question = levels_of("omega", "2026-05-15");
    assert_eq!(
        area(&system.levels(question.clone()).await, "PA10"),
        "rated 0; ongoing 0; 0/7 covered"
    );
    question.unit = id;
    assert_eq!(area(&system.levels(question).await, "PA10"), "rated 0; ongoing 0; 0/7 covered");
    let status = units.get_unit(get("alpha", "2026-05-15")).await.unwrap_err();
    expect!["NotFound UNIT_UNKNOWN: unit `alpha` is unknown"].assert_eq(&refusal(&status));
    let listed = |include_archived| wire::ListUnitsRequest {
        kind: wire::UnitKind::Project.into(),
        include_archived,
        ..Default::default()
    };
    for (include, there) in [(false, 0), (true, 1)] {
        let listed = units.list_units(listed(include)).await.unwrap().into_inner();
        assert_eq!(listed.units.len(), there);
    }
}

#[tokio::test]
async fn of_two_facts_of_one_date_the_later_recorded_wins() {
    let system = System::new().await;
    system.project("alpha").await;
    let satisfied = rating("BP.10.01", wire::Value::Satisfied, "2026-05-02");
    system.rated("alpha", vec![not_satisfied("2026-05-02")]).await;
    let first = system.size().await;
    system.rated("alpha", vec![satisfied.clone()]).await;
    let second = system.size().await;
    // A fact of an earlier date, recorded later, does not outlive one that came after it.
    system.rated("alpha", vec![not_satisfied("2026-05-01")]).await;
    let third = system.size().await;
    let satisfied = expect!["rated 0 to 5, 34 open; ongoing 0; 0/7 covered"];
    let not = expect!["rated 0; ongoing 0; 0/7 covered"];
    not.assert_eq(&pa10(&system, "2026-05-03", Known::LogSize(first)).await);
    satisfied.assert_eq(&pa10(&system, "2026-05-03", Known::LogSize(second)).await);
    satisfied.assert_eq(&pa10(&system, "2026-05-03", Known::LogSize(third)).await);
    not.assert_eq(&pa10(&system, "2026-05-01", Known::LogSize(third)).await);
    // Both in one call: the order of the call.
    let both = vec![
        rating("BP.10.02", wire::Value::Satisfied, "2026-05-05"),
        wire::RatingInput { practice: "BP.10.02".to_owned(), ..not_satisfied("2026-05-05") },
    ];
    system.rated("alpha", both).await;
    let size = system.size().await;
    not.assert_eq(&pa10(&system, "2026-05-06", Known::LogSize(size)).await);
}

#[tokio::test]
async fn what_was_known_at_a_time_is_settled_once_that_time_has_passed() {
    let system = System::new().await;
    system.project("alpha").await;
    let mut seen = Vec::new();
    for number in 0..4 {
        system.advance(5);
        system.submitted("alpha", vec![item(&format!("{number}"))]).await;
        let size = system.size().await;
        system.advance(5);
        seen.push((now(&system), size));
    }
    let system = system.restarted().await;
    for (at, size) in &seen {
        let answer = system.levels(asked("2026-06-01", Known::KnownAt(*at))).await;
        let coordinate = answer.coordinate.unwrap();
        assert_eq!((coordinate.log_size, coordinate.settled), (*size, true), "{at:?}");
        assert_eq!(coordinate.known_at.as_ref(), Some(at));
    }
    let ahead = on("2026-06-01T13:00:00Z").unwrap();
    let answer = system.levels(asked("2026-06-01", Known::KnownAt(ahead))).await;
    let coordinate = answer.coordinate.unwrap();
    assert_eq!((coordinate.log_size, coordinate.settled), (system.size().await, false));
}

#[tokio::test]
async fn the_stamp_of_a_record_knows_it_and_the_microsecond_before_does_not() {
    let system = System::new().await;
    system.project("alpha").await;
    let mut evidence = system.operator.evidence.clone();
    let mut placed = Vec::new();
    for number in 0..6 {
        let asked = crate::running::submit("alpha", vec![item(&format!("{number}"))]);
        let answer = evidence.submit_evidence(asked).await.unwrap().into_inner();
        placed.extend(answer.receipt.unwrap().events);
    }
    system.advance(1);
    // The clock stood still meanwhile: the log stamps strictly increasing times all the same.
    let system = system.restarted().await;
    for placed in placed {
        let at = placed.recorded_at.unwrap();
        let before = prost_types::Timestamp { nanos: at.nanos - 1_000, ..at };
        for (at, size) in [(at, placed.position + 1), (before, placed.position)] {
            let answer = system.levels(asked("2026-06-01", Known::KnownAt(at))).await;
            let coordinate = answer.coordinate.unwrap();
            assert_eq!((coordinate.log_size, coordinate.settled), (size, true), "{at:?}");
        }
    }
}

#[tokio::test]
async fn a_model_of_today_does_not_show_at_a_past_date() {
    let system = System::new().await;
    system.project("alpha").await;
    let adopt = wire::AdoptModelRequest {
        unit: "alpha".to_owned(),
        document: "sse-cmm-1997".to_owned(),
        effective_at: on("2026-05-10"),
        ..Default::default()
    };
    let before = system.size().await;
    system.operator.units.clone().adopt_model(adopt).await.unwrap();
    let size = system.size().await;
    for (valid_at, known, model) in [
        ("2026-05-09T23:59:59Z", size, "iso-21827-2008"),
        ("2026-05-10", size, "sse-cmm-1997"),
        ("2026-05-10", before, "iso-21827-2008"),
    ] {
        let answer = system.levels(asked(valid_at, Known::LogSize(known))).await;
        assert_eq!(answer.coordinate.unwrap().model, model, "{valid_at} at {known}");
    }
}
