//! A bad source, over gRPC: looked at first, distrusted, and restored.

mod figures;
mod without;

use std::fmt::Write as _;

use expect_test::expect;
use gradus_wire::v1 as wire;
use wire::coordinate::Known;
use wire::suspect::Suspect;

use crate::running::{Principal, System, area, item, on, rating, refusal, submit, told};

/// Base practices of PA11 in the 2008 model.
const BASE: [&str; 5] = ["BP.11.01", "BP.11.02", "BP.11.03", "BP.11.04", "BP.11.05"];

/// Items of one tool for all of PA11, `times` for each practice.
fn items(tool: &str, times: usize) -> Vec<wire::EvidenceItem> {
    let of_practice = |practice: &'static str| {
        (0..times).map(move |number| wire::EvidenceItem {
            kind: wire::Kind::ReviewRecord.into(),
            practices: vec![practice.to_owned()],
            title: String::new(),
            source: Some(wire::Source {
                name: tool.to_owned(),
                id: format!("{practice} {number}"),
            }),
            tool: Some(wire::Tool {
                name: tool.to_owned(),
                version: "1".to_owned(),
                mapping: "rules/reviews".to_owned(),
            }),
            ..item("")
        })
    };
    BASE.into_iter().flat_map(of_practice).collect()
}

/// A project that trusts tools, whose PA11 a person rated.
async fn rated(system: &System, unit: &str) {
    system.project_since(unit, on("2026-01-01")).await;
    system.trust_tools(unit).await;
    let satisfied = BASE.map(|practice| rating(practice, wire::Value::Satisfied, "2026-05-20"));
    system.rated(unit, satisfied.to_vec()).await;
}

/// A collector of one unit that pushed `times` items for each practice.
async fn collector(system: &System, name: &str, unit: &str, times: usize) -> Principal {
    let service = wire::PrincipalKind::Service;
    let tool = system.with_role(name, service, (wire::Role::Collector, unit)).await;
    tool.evidence.clone().submit_evidence(submit(unit, items(name, times))).await.unwrap();
    tool
}

fn principal(name: &str) -> Option<wire::Suspect> {
    Some(wire::Suspect { suspect: Some(Suspect::Principal(name.to_owned())) })
}

fn checked() -> Option<wire::AppendOptions> {
    Some(wire::AppendOptions { validate_only: true, ..Default::default() })
}

fn leaked(name: &str) -> wire::DistrustSourceRequest {
    let reason = "its token leaked".to_owned();
    wire::DistrustSourceRequest { suspect: principal(name), reason, ..Default::default() }
}

async fn distrusted(
    system: &System,
    asked: wire::DistrustSourceRequest,
) -> wire::DistrustSourceResponse {
    system.operator.sources.clone().distrust_source(asked).await.unwrap().into_inner()
}

async fn restored(
    system: &System,
    distrust: u64,
    append: Option<wire::AppendOptions>,
) -> wire::RestoreSourceResponse {
    let reason = "it was another token".to_owned();
    let asked = wire::RestoreSourceRequest { append, distrust, reason };
    system.operator.sources.clone().restore_source(asked).await.unwrap().into_inner()
}

fn position(receipt: Option<&wire::Receipt>) -> u64 {
    receipt.unwrap().events[0].position
}

/// Levels on 25 May 2026, as known with `size` records, or all.
fn asked(unit: &str, size: Option<u64>) -> wire::QueryLevelsRequest {
    let coordinate = wire::Coordinate {
        valid_at: on("2026-05-25"),
        known: size.map(Known::LogSize),
        ..Default::default()
    };
    wire::QueryLevelsRequest {
        unit: unit.to_owned(),
        coordinate: Some(coordinate),
        ..Default::default()
    }
}

async fn level(system: &System, unit: &str) -> String {
    area(&system.levels(asked(unit, None)).await, "PA11")
}

/// What would follow, in words.
fn impact(of: Option<&wire::SourceImpact>) -> String {
    let of = of.unwrap();
    let mut words = format!("{} items in {} units\n", of.items, of.units_total);
    for reached in &of.units {
        writeln!(words, "{}: {}", reached.unit.as_ref().unwrap().name, reached.items).unwrap();
    }
    writeln!(words, "{} levels", of.levels_total).unwrap();
    for moved in &of.levels {
        let unit = &moved.unit.as_ref().unwrap().name;
        let ends =
            [&moved.rated_before, &moved.rated_after, &moved.ongoing_before, &moved.ongoing_after];
        let [rated, rated_then, ongoing, ongoing_then] = ends.map(|end| told(end.as_ref()));
        let area = &moved.area;
        let since = moved.since.unwrap();
        let since = gradus_model::Timestamp::from_micros(since.seconds * 1_000_000).unwrap();
        write!(words, "{unit} {area}: rated {rated} -> {rated_then}, ").unwrap();
        writeln!(words, "ongoing {ongoing} -> {ongoing_then}, now {}, since {since}", moved.now)
            .unwrap();
    }
    words
}

fn way(from: u64, to: u64) -> wire::CompareLevelsRequest {
    let side = |known| {
        let wire::QueryLevelsRequest { unit, coordinate, .. } = asked("alpha", Some(known));
        Some(wire::Side { unit, coordinate })
    };
    wire::CompareLevelsRequest { from: side(from), to: side(to), ..Default::default() }
}

/// What moved between two sizes: levels, classes and the records behind them.
async fn moved(system: &System, from: u64, to: u64) -> String {
    let asked = way(from, to);
    let answer = system.operator.levels.clone().compare_levels(asked).await.unwrap().into_inner();
    let state = |state: Option<&wire::AreaState>| told(state.unwrap().ongoing.as_ref());
    let mut words = String::new();
    for movement in answer.areas.iter().flat_map(|area| &area.movements) {
        let causes: Vec<String> = movement
            .causes
            .iter()
            .map(|one| format!("{} #{}", one.class, one.position()))
            .collect();
        let (before, after) = (state(movement.before.as_ref()), state(movement.after.as_ref()));
        writeln!(words, "ongoing {before} -> {after} by {}", causes.join(", ")).unwrap();
    }
    words
}

/// Why the first item behind BP.11.01 does not count, and what is told of the distrust.
async fn explained(reader: &Principal) -> (String, Vec<wire::ExplainedDistrust>) {
    let wire::QueryLevelsRequest { unit, coordinate, .. } = asked("alpha", None);
    let asked =
        wire::ExplainLevelRequest { unit, coordinate, area: "PA11".into(), ..Default::default() };
    let answer = reader.levels.clone().explain_level(asked).await.unwrap().into_inner();
    let item = &answer.practices[0].evidence[0];
    (format!("{} by {:?}", item.why_not, item.distrusted_by), answer.distrusts)
}

#[tokio::test]
async fn what_a_leaked_token_wrote_is_looked_at_distrusted_and_restored() {
    let system = System::new().await;
    rated(&system, "alpha").await;
    rated(&system, "beta").await;
    collector(&system, "leak", "alpha", 200).await;
    collector(&system, "good", "beta", 1).await;
    system.advance(60);
    let (covered, fallen) = (
        "rated 1 to 5, 28 open; ongoing 1 to 5, 28 open; 5/5 covered",
        "rated 1 to 5, 28 open; ongoing 0; 0/5 covered",
    );
    assert_eq!(level(&system, "alpha").await, covered);
    let before = system.size().await;
    let pinned = system.levels(asked("alpha", Some(before))).await;

    let look = wire::DistrustSourceRequest { append: checked(), ..leaked("leak") };
    let looked = distrusted(&system, look).await;
    assert!(looked.receipt.unwrap().validated_only);
    let would_fall = expect![[r"
        1000 items in 1 units
        alpha: 1000
        1 levels
        alpha iso-21827-2008/PA11: rated 1 to 5, 28 open -> 1 to 5, 28 open, ongoing 1 to 5, 28 open -> 0, now true, since 2026-05-20T00:00:00Z
    "]];
    would_fall.assert_eq(&impact(looked.impact.as_ref()));
    assert_eq!(system.size().await, before);
    assert_eq!(level(&system, "alpha").await, covered);

    let done = distrusted(&system, leaked("leak")).await;
    assert_eq!(done.impact, None);
    let distrust = position(done.receipt.as_ref());
    assert_eq!(level(&system, "alpha").await, fallen);
    assert_eq!(level(&system, "beta").await, covered);
    let now = system.size().await;
    let causes = vec![format!("distrusted #{distrust}"); 5].join(", ");
    assert_eq!(
        moved(&system, before, now).await,
        format!("ongoing 1 to 5, 28 open -> 0 by {causes}\n")
    );
    let (why, told) = explained(&system.operator).await;
    assert_eq!(why, format!("distrusted by Some({distrust})"));
    let named = wire::ExplainedDistrust {
        position: distrust,
        sort: "principal".to_owned(),
        reason: "its token leaked".to_owned(),
    };
    assert_eq!(told, [named]);

    // What was known before stays as it was.
    let again = system.levels(asked("alpha", Some(before))).await;
    assert_eq!(again.digest, pinned.digest);
    assert_eq!(area(&again, "PA11"), covered);

    let looked = restored(&system, distrust, checked()).await;
    assert_eq!(looked.impact.unwrap().levels_total, 1);
    assert_eq!(level(&system, "alpha").await, fallen);
    let back = position(restored(&system, distrust, None).await.receipt.as_ref());
    assert_eq!(level(&system, "alpha").await, covered);
    let again = restored(&system, distrust, None).await;
    assert!(again.receipt.unwrap().events.is_empty());
    let causes = vec![format!("restored #{back}"); 5].join(", ");
    assert_eq!(
        moved(&system, now, system.size().await).await,
        format!("ongoing 0 -> 1 to 5, 28 open by {causes}\n")
    );
    let there = system.levels(asked("alpha", Some(now))).await;
    assert_eq!(area(&there, "PA11"), fallen);

    // The same from the log alone, in another process.
    let system = Box::pin(system.restarted()).await;
    assert_eq!(level(&system, "alpha").await, covered);
    let there = system.levels(asked("alpha", Some(now))).await;
    assert_eq!(area(&there, "PA11"), fallen);
}

#[tokio::test]
async fn a_mapping_over_an_interval_is_distrusted_in_every_unit() {
    let system = System::new().await;
    rated(&system, "alpha").await;
    rated(&system, "beta").await;
    collector(&system, "one", "alpha", 1).await;
    system.advance(3_600);
    let middle = system.now();
    system.advance(3_600);
    collector(&system, "two", "beta", 1).await;
    let mapping = wire::VersionedName { name: "rules".into(), version: "1".into() };
    let suspect = Some(wire::Suspect { suspect: Some(Suspect::Mapping(mapping)) });
    let of = |from, until| wire::DistrustSourceRequest {
        append: checked(),
        suspect: suspect.clone(),
        from,
        until,
        reason: "a rule names another practice".into(),
    };
    let middle = on(&middle.to_string());
    for (from, until, expected) in [
        (None, None, vec!["alpha", "beta"]),
        (middle, None, vec!["beta"]),
        (None, middle, vec!["alpha"]),
    ] {
        let looked = distrusted(&system, of(from, until)).await.impact.unwrap();
        let mut names: Vec<String> =
            looked.units.iter().map(|of| of.unit.clone().unwrap().name).collect();
        names.sort();
        assert_eq!(names, expected);
        assert_eq!(looked.levels_total, expected.len() as u64);
    }
    let asked = wire::DistrustSourceRequest { append: None, ..of(None, middle) };
    distrusted(&system, asked).await;
    assert!(level(&system, "alpha").await.ends_with("ongoing 0; 0/5 covered"));
    assert!(level(&system, "beta").await.ends_with("5/5 covered"));
}

#[tokio::test]
async fn distrusts_are_listed_newest_first_with_who_said_so_and_why() {
    let system = System::new().await;
    let service = wire::PrincipalKind::Service;
    system.with_role("leak", service, (wire::Role::Collector, "organization")).await;
    let first = position(distrusted(&system, leaked("leak")).await.receipt.as_ref());
    let tool = wire::VersionedName { name: "lint".into(), version: String::new() };
    let suspect = Some(wire::Suspect { suspect: Some(Suspect::Tool(tool)) });
    let asked = wire::DistrustSourceRequest { suspect, ..leaked("leak") };
    let second = position(distrusted(&system, asked).await.receipt.as_ref());
    restored(&system, first, None).await;
    let list = async |include_restored, page_size, page_token: String| {
        let asked = wire::ListDistrustedRequest { page_size, page_token, include_restored };
        system.operator.sources.clone().list_distrusted(asked).await.unwrap().into_inner()
    };
    let positions = |page: &wire::ListDistrustedResponse| -> Vec<u64> {
        page.distrusts.iter().map(|known| known.position).collect()
    };
    assert_eq!(positions(&list(false, 0, String::new()).await), [second]);
    let page = list(true, 1, String::new()).await;
    assert_eq!(positions(&page), [second]);
    let rest = list(true, 1, page.next_page_token).await;
    assert_eq!((positions(&rest), rest.next_page_token.as_str()), (vec![first], ""));
    let known = &rest.distrusts[0];
    assert_eq!(known.principal.as_ref().unwrap().name, "leak");
    let said = |of: &Option<wire::SourceStatement>| {
        let of = of.clone().unwrap();
        format!("{}: {}", of.by.unwrap().name, of.reason)
    };
    assert_eq!(said(&known.distrusted), "operator: its token leaked");
    assert_eq!(said(&known.restored), "operator: it was another token");
}

#[tokio::test]
async fn what_cannot_be_distrusted_or_restored_is_refused() {
    let system = System::new().await;
    let mut sources = system.operator.sources.clone();
    let none = wire::DistrustSourceRequest { suspect: None, ..leaked("") };
    let empty = wire::Suspect { suspect: Some(Suspect::Tool(wire::VersionedName::default())) };
    let nameless = wire::DistrustSourceRequest { suspect: Some(empty), ..leaked("") };
    let silent = wire::DistrustSourceRequest { reason: String::new(), ..leaked("operator") };
    let backwards = wire::DistrustSourceRequest {
        from: on("2026-05-02"),
        until: on("2026-05-01"),
        ..leaked("operator")
    };
    let mut words = String::new();
    for asked in [none, nameless, leaked("nobody"), silent, backwards] {
        let refused = sources.distrust_source(asked).await.unwrap_err();
        writeln!(words, "{}", refusal(&refused)).unwrap();
    }
    let unknown = wire::RestoreSourceRequest {
        append: None,
        distrust: 1,
        reason: "it was another token".into(),
    };
    words += &refusal(&sources.restore_source(unknown).await.unwrap_err());
    expect![[r#"
        InvalidArgument INVALID_FIELD [suspect]: `suspect`: it is missing and must be given
        InvalidArgument INVALID_FIELD [suspect.tool.name]: `suspect.tool.name`: the text is empty
        NotFound PRINCIPAL_UNKNOWN: principal `nobody` is unknown
        InvalidArgument REASON_MISSING [reason]: a reason is needed
        InvalidArgument END_BEFORE_START [until]: `until` is 2026-05-01T00:00:00Z, which is not after 2026-05-02T00:00:00Z
        NotFound DISTRUST_UNKNOWN: no source was distrusted at position 1: name one that is listed"#]].assert_eq(&words);
}

#[tokio::test]
async fn who_may_not_read_records_learns_of_a_distrust_but_not_why() {
    let system = System::new().await;
    rated(&system, "alpha").await;
    let leak = collector(&system, "leak", "alpha", 1).await;
    let distrust = position(distrusted(&system, leaked("leak")).await.receipt.as_ref());
    let (why, told) = explained(&leak).await;
    assert_eq!(why, format!("distrusted by Some({distrust})"));
    assert_eq!(told[0].reason, "");
    // Its items do not count while the interval is open, also those that it submits now.
    let more = items("again", 1);
    leak.evidence.clone().submit_evidence(submit("alpha", more)).await.unwrap();
    assert!(level(&system, "alpha").await.ends_with("ongoing 0; 0/5 covered"));
}

#[tokio::test]
async fn the_rule_rater_ends_its_own_ratings_at_its_next_run() {
    let system = System::new().await;
    system.project_since("alpha", on("2026-01-01")).await;
    system.trust_tools("alpha").await;
    collector(&system, "leak", "alpha", 1).await;
    let run = async || {
        let asked = wire::RunRuleRaterRequest {
            unit: "alpha".to_owned(),
            valid_at: on("2026-05-25").into_iter().collect(),
            ..Default::default()
        };
        system.operator.ratings.clone().run_rule_rater(asked).await.unwrap()
    };
    run().await;
    assert!(level(&system, "alpha").await.starts_with("rated 1 to 5"));
    distrusted(&system, leaked("leak")).await;
    assert!(level(&system, "alpha").await.starts_with("rated 1 to 5"));
    run().await;
    expect!["rated not rated; ongoing not rated; 0/5 covered"]
        .assert_eq(&level(&system, "alpha").await);
}
