//! Questions that have no answer.

use expect_test::expect;
use gradus_wire::v1 as wire;
use wire::coordinate::Known;

use super::{NOBODY, check};
use crate::running::{System, by_id, item, levels_of, rating};

fn known(known: Known) -> Option<wire::Coordinate> {
    Some(wire::Coordinate { known: Some(known), ..Default::default() })
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one table, read from top to bottom")]
async fn questions_name_what_is_there_and_stay_within_the_log() {
    let system = System::new().await;
    system.project("alpha").await;
    let of = |unit: &str| wire::QueryLevelsRequest { unit: unit.to_owned(), ..Default::default() };
    let at = |at: Known| wire::QueryLevelsRequest { coordinate: known(at), ..of("alpha") };
    let area =
        |area: &str| wire::QueryLevelsRequest { areas: vec![area.to_owned()], ..of("alpha") };
    let too_fine = prost_types::Timestamp { seconds: 0, nanos: 1 };
    let too_early = prost_types::Timestamp { seconds: i64::MIN, nanos: 0 };
    let of_rules = |rules: &str| {
        let coordinate = wire::Coordinate { rules: rules.to_owned(), ..Default::default() };
        wire::QueryLevelsRequest { coordinate: Some(coordinate), ..of("alpha") }
    };
    let levels = &system.operator.levels;
    let events = &system.operator.events;
    let evidence = &system.operator.evidence;
    let units = &system.operator.units;
    let types = |name: &str| vec![name.to_owned()];
    let rows = vec![
        row!("unknown unit", levels, query_levels, of("nobody")),
        row!("no unit", levels, query_levels, of("")),
        row!("unit of 1 MiB", levels, query_levels, of(&"x".repeat(1 << 20))),
        row!("size beyond the head", levels, query_levels, at(Known::LogSize(1_000))),
        row!("the last size", levels, query_levels, at(Known::LogSize(u64::MAX))),
        row!("known at a time too fine", levels, query_levels, at(Known::KnownAt(too_fine))),
        row!(
            "valid at a time too early",
            levels,
            query_levels,
            wire::QueryLevelsRequest {
                coordinate: Some(wire::Coordinate {
                    valid_at: Some(too_early),
                    ..Default::default()
                }),
                ..of("alpha")
            }
        ),
        row!(
            "read beyond the head",
            levels,
            query_levels,
            wire::QueryLevelsRequest { min_size: 1_000, ..levels_of("alpha", "2026-06-01") }
        ),
        row!("unknown rules", levels, query_levels, of_rules("nobody")),
        row!("unknown area", levels, query_levels, area("PA23")),
        row!("area of no form", levels, query_levels, area("x")),
        row!("area of the other edition", levels, query_levels, area("sse-cmm-1997/PA01")),
        row!(
            "unit beyond the head",
            units,
            get_unit,
            wire::GetUnitRequest {
                unit: "alpha".to_owned(),
                coordinate: known(Known::LogSize(1_000)),
                ..Default::default()
            }
        ),
        row!(
            "unit that was not yet",
            units,
            get_unit,
            wire::GetUnitRequest {
                unit: "alpha".to_owned(),
                coordinate: known(Known::LogSize(3)),
                ..Default::default()
            }
        ),
        row!(
            "units of an unknown kind",
            units,
            list_units,
            wire::ListUnitsRequest { kind: 9, ..Default::default() }
        ),
        row!(
            "units below nobody",
            units,
            list_units,
            wire::ListUnitsRequest { parent: "nobody".to_owned(), ..Default::default() }
        ),
        row!(
            "unknown evidence",
            evidence,
            get_evidence,
            wire::GetEvidenceRequest {
                unit: "alpha".to_owned(),
                evidence: Some(by_id(NOBODY)),
                ..Default::default()
            }
        ),
        row!(
            "no evidence",
            evidence,
            get_evidence,
            wire::GetEvidenceRequest { unit: "alpha".to_owned(), ..Default::default() }
        ),
        row!(
            "list from beyond the head",
            events,
            list_events,
            wire::ListEventsRequest { from_size: 1_000, ..Default::default() }
        ),
        row!(
            "subscribe from beyond the head",
            events,
            subscribe_events,
            wire::SubscribeEventsRequest { from_size: 1_000, ..Default::default() }
        ),
        row!(
            "events of an unknown unit",
            events,
            list_events,
            wire::ListEventsRequest { unit: "nobody".to_owned(), ..Default::default() }
        ),
        row!(
            "events of an unknown type",
            events,
            list_events,
            wire::ListEventsRequest { types: types("level-reached"), ..Default::default() }
        ),
        row!(
            "subscribe to an unknown type",
            events,
            subscribe_events,
            wire::SubscribeEventsRequest { types: types("level-reached"), ..Default::default() }
        ),
        row!("unknown position", events, get_event, wire::GetEventRequest { position: 1_000 }),
        row!("the last position", events, get_event, wire::GetEventRequest { position: u64::MAX }),
    ];
    check(&system, rows, &expect![[r#"
        unknown unit | NotFound UNIT_UNKNOWN: unit `nobody` is unknown
        no unit | NotFound UNIT_UNKNOWN: unit `` is unknown
        unit of 1 MiB | NotFound UNIT_UNKNOWN: unit `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx` is unknown
        size beyond the head | OutOfRange BEYOND_HEAD: size 1000 is past the log's 21
        the last size | OutOfRange BEYOND_HEAD: size 18446744073709551615 is past the log's 21
        known at a time too fine | InvalidArgument INVALID_FIELD [coordinate.known_at]: `coordinate.known_at`: 0 s and 1 ns since 1970: finer than a microsecond, which is the finest that is kept
        valid at a time too early | InvalidArgument INVALID_FIELD [coordinate.valid_at]: `coordinate.valid_at`: -9223372036854775808 s and 0 ns since 1970: outside the years 1900 to 9998
        read beyond the head | OutOfRange BEYOND_HEAD: size 1000 is past the log's 21
        unknown rules | NotFound DOCUMENT_UNKNOWN: rules `nobody` is unknown
        unknown area | NotFound AREA_UNKNOWN: area `PA23` is unknown
        area of no form | InvalidArgument INVALID_FIELD [areas[0]]: `areas[0]`: `x` is no process area: write it like PA01
        area of the other edition | NotFound AREA_UNKNOWN: area `sse-cmm-1997/PA01` is unknown
        unit beyond the head | OutOfRange BEYOND_HEAD: size 1000 is past the log's 21
        unit that was not yet | NotFound UNIT_UNKNOWN: unit `alpha` is unknown
        units of an unknown kind | InvalidArgument INVALID_FIELD [kind]: `kind`: 9 is no value of this enumeration
        units below nobody | NotFound UNIT_UNKNOWN: unit `nobody` is unknown
        unknown evidence | NotFound EVIDENCE_UNKNOWN: evidence `00000000-0000-4000-8000-000000000000` is unknown
        no evidence | InvalidArgument INVALID_FIELD [evidence]: `evidence`: it is missing and must be given
        list from beyond the head | OutOfRange BEYOND_HEAD: size 1000 is past the log's 21
        subscribe from beyond the head | OutOfRange BEYOND_HEAD: size 1000 is past the log's 21
        events of an unknown unit | NotFound UNIT_UNKNOWN: unit `nobody` is unknown
        events of an unknown type | InvalidArgument INVALID_FIELD [types]: `types`: `level-reached` is no event type: use one such as consensus-reached
        subscribe to an unknown type | InvalidArgument INVALID_FIELD [types]: `types`: `level-reached` is no event type: use one such as consensus-reached
        unknown position | NotFound POSITION_UNKNOWN: position `1000` is unknown
        the last position | NotFound POSITION_UNKNOWN: position `18446744073709551615` is unknown
    "#]]).await;
}

#[tokio::test]
async fn filters_of_a_list_name_what_is_there() {
    let system = System::new().await;
    system.project("alpha").await;
    system.submitted("alpha", vec![item("a")]).await;
    let evidence = &system.operator.evidence;
    let ratings = &system.operator.ratings;
    let items = || wire::ListEvidenceRequest { unit: "alpha".to_owned(), ..Default::default() };
    let rated = || wire::ListRatingsRequest { unit: "alpha".to_owned(), ..Default::default() };
    let practice =
        |practice: &str| wire::ListEvidenceRequest { practice: practice.to_owned(), ..items() };
    let rows = vec![
        row!("items of an unknown practice", evidence, list_evidence, practice("BP.10.99")),
        row!("items of a practice of no form", evidence, list_evidence, practice("x")),
        row!(
            "items of an unknown kind",
            evidence,
            list_evidence,
            wire::ListEvidenceRequest { kinds: vec![99], ..items() }
        ),
        row!(
            "items of an unknown standing",
            evidence,
            list_evidence,
            wire::ListEvidenceRequest { standings: vec![99], ..items() }
        ),
        row!(
            "ratings of an unknown practice",
            ratings,
            list_ratings,
            wire::ListRatingsRequest { practice: "BP.10.99".to_owned(), ..rated() }
        ),
        row!(
            "ratings of an unknown area",
            ratings,
            list_ratings,
            wire::ListRatingsRequest { area: "PA23".to_owned(), ..rated() }
        ),
    ];
    check(&system, rows, &expect![[r#"
        items of an unknown practice | NotFound PRACTICE_UNKNOWN: practice `iso-21827-2008/BP.10.99` is unknown in model `iso-21827-2008`, which the unit has adopted
        items of a practice of no form | InvalidArgument INVALID_FIELD [practice]: `practice`: `x` is no practice: write it like BP.01.02, PA01/GP 2.1.1 or PA01/2.1
        items of an unknown kind | InvalidArgument INVALID_FIELD [kinds]: `kinds`: 99 is no value of this enumeration
        items of an unknown standing | InvalidArgument INVALID_FIELD [standings]: `standings`: 99 is no value of this enumeration
        ratings of an unknown practice | NotFound PRACTICE_UNKNOWN: practice `iso-21827-2008/BP.10.99` is unknown in model `iso-21827-2008`, which the unit has adopted
        ratings of an unknown area | NotFound AREA_UNKNOWN: area `PA23` is unknown
    "#]]).await;
}

#[tokio::test]
async fn a_page_token_belongs_to_one_list_and_its_arguments() {
    let system = System::new().await;
    system.project("alpha").await;
    system.submitted("alpha", vec![item("a"), item("b")]).await;
    system
        .rated(
            "alpha",
            vec![
                rating("BP.10.02", wire::Value::Satisfied, "2026-05-01"),
                rating("BP.10.03", wire::Value::Satisfied, "2026-05-01"),
            ],
        )
        .await;
    let mut units = system.operator.units.clone();
    let mut events = system.operator.events.clone();
    let mut evidence = system.operator.evidence.clone();
    let one = wire::ListUnitsRequest { page_size: 1, ..Default::default() };
    let of_units = units.list_units(one).await.unwrap().into_inner().next_page_token;
    let one = wire::ListEventsRequest { page_size: 1, ..Default::default() };
    let of_events = events.list_events(one).await.unwrap().into_inner().next_page_token;
    let one =
        wire::ListEvidenceRequest { unit: "alpha".to_owned(), page_size: 1, ..Default::default() };
    let of_evidence = evidence.list_evidence(one).await.unwrap().into_inner().next_page_token;

    let events_by = |token: &str| wire::ListEventsRequest {
        page_token: token.to_owned(),
        ..Default::default()
    };
    let forged = |from: &str, to: &str, token: &str| {
        assert!(token.contains(from), "{token} holds {from}");
        token.replacen(from, to, 1)
    };
    let past_the_head = format!("{}{}", "0".repeat(12), "ffff");
    let beyond = forged(&of_events[..16], &past_the_head, &of_events);
    let documents =
        wire::ListDocumentsRequest { page_token: of_units.clone(), ..Default::default() };
    let principals =
        wire::ListPrincipalsRequest { page_token: of_units.clone(), ..Default::default() };
    let ratings = wire::ListRatingsRequest {
        unit: "alpha".to_owned(),
        page_token: of_evidence.clone(),
        ..Default::default()
    };
    let other_unit = wire::ListEvidenceRequest {
        unit: "team".to_owned(),
        page_token: of_evidence,
        ..Default::default()
    };
    let operator = &system.operator;
    let rows = vec![
        row!("no token", events, list_events, events_by("x")),
        row!("1 MiB", events, list_events, events_by(&"0".repeat(1 << 20))),
        row!("letters", events, list_events, events_by(&"ä".repeat(32))),
        row!("a truncated one", events, list_events, events_by(&of_events[1..])),
        row!("units' for events", events, list_events, events_by(&of_units)),
        row!("units' for documents", operator.models, list_documents, documents),
        row!("units' for principals", operator.principals, list_principals, principals),
        row!("evidence's for ratings", operator.ratings, list_ratings, ratings),
        row!("of another unit", evidence, list_evidence, other_unit),
        row!(
            "events with another filter",
            events,
            list_events,
            wire::ListEventsRequest { unit: "alpha".to_owned(), ..events_by(&of_events) }
        ),
        row!("a size beyond the head", events, list_events, events_by(&beyond)),
    ];
    check(&system, rows, &expect![[r#"
        no token | InvalidArgument PAGE_TOKEN_REFUSED [page_token]: `page_token`: it is no token of this list with these arguments: ask for the first page again
        1 MiB | InvalidArgument PAGE_TOKEN_REFUSED [page_token]: `page_token`: it is no token of this list with these arguments: ask for the first page again
        letters | InvalidArgument PAGE_TOKEN_REFUSED [page_token]: `page_token`: it is no token of this list with these arguments: ask for the first page again
        a truncated one | InvalidArgument PAGE_TOKEN_REFUSED [page_token]: `page_token`: it is no token of this list with these arguments: ask for the first page again
        units' for events | InvalidArgument PAGE_TOKEN_REFUSED [page_token]: `page_token`: it is no token of this list with these arguments: ask for the first page again
        units' for documents | InvalidArgument PAGE_TOKEN_REFUSED [page_token]: `page_token`: it is no token of this list with these arguments: ask for the first page again
        units' for principals | InvalidArgument PAGE_TOKEN_REFUSED [page_token]: `page_token`: it is no token of this list with these arguments: ask for the first page again
        evidence's for ratings | InvalidArgument PAGE_TOKEN_REFUSED [page_token]: `page_token`: it is no token of this list with these arguments: ask for the first page again
        of another unit | InvalidArgument PAGE_TOKEN_REFUSED [page_token]: `page_token`: it is no token of this list with these arguments: ask for the first page again
        events with another filter | InvalidArgument PAGE_TOKEN_REFUSED [page_token]: `page_token`: it is no token of this list with these arguments: ask for the first page again
        a size beyond the head | OutOfRange BEYOND_HEAD: size 65535 is past the log's 25
    "#]]).await;
}
