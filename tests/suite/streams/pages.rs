//! Lists, page by page: everything once, all pages of one size of the log.

use gradus_wire::v1 as wire;

use crate::running::{System, item, on, rating};

/// Reads a list page by page with `size` entries each, and lets `between` happen after each page.
macro_rules! paged {
    ($client:expr, $call:ident, $asked:expr, $size:expr, $entries:ident, $between:expr) => {{
        let mut client = $client.clone();
        let mut pages = Vec::new();
        let mut asked = $asked;
        asked.page_size = $size;
        loop {
            let page = client.$call(asked.clone()).await.unwrap().into_inner();
            assert!(page.$entries.len() <= $size as usize, "a page is never longer");
            asked.page_token.clone_from(&page.next_page_token);
            pages.push(page);
            if asked.page_token.is_empty() {
                break pages;
            }
            assert!(pages.len() < 1_000, "the pages have an end");
            $between(pages.len()).await;
        }
    }};
}

/// Ten projects with seven items of evidence and seven ratings in the first.
async fn given() -> System {
    let system = System::new().await;
    for number in 0..10 {
        system.project(&format!("p{number}")).await;
    }
    // One person alone does everything.
    system.adopt_rules("p0", "solo").await;
    for number in 0..7 {
        system.submitted("p0", vec![item(&format!("{number}"))]).await;
        let practice = format!("BP.10.0{}", number + 1);
        system.rated("p0", vec![rating(&practice, wire::Value::Satisfied, "2026-05-01")]).await;
    }
    system
}

/// Something new in every list, after the first page and the second.
async fn more(system: &System, round: usize) {
    if round % 1_000 > 2 {
        return;
    }
    system.project(&format!("new{round}")).await;
    system.submitted("p0", vec![item(&format!("new{round}"))]).await;
    system.rated("p0", vec![rating("BP.10.01", wire::Value::NotSatisfied, "2026-05-02")]).await;
}

#[tokio::test]
async fn events_come_once_and_all_pages_reach_to_one_size() {
    let system = given().await;
    for page_size in [1, 7, 100] {
        let asked = wire::ListEventsRequest::default();
        let events = &system.operator.events;
        let between = |round| more(&system, page_size as usize * 1_000 + round);
        let before = system.size().await;
        let pages = paged!(events, list_events, asked, page_size, events, between);
        let seen: Vec<u64> =
            pages.iter().flat_map(|page| &page.events).map(|event| event.position).collect();
        assert_eq!(seen, (0..before).collect::<Vec<_>>(), "pages of {page_size}");
        assert!(pages.iter().all(|page| page.log_size == before && page.root == pages[0].root));
        let exact = usize::try_from(before).unwrap().div_ceil(page_size as usize);
        assert_eq!(pages.len(), exact, "no empty page at the end");
    }
}

#[tokio::test]
async fn events_of_a_filter_come_once() {
    let system = given().await;
    let asked = wire::ListEventsRequest {
        unit: "p0".to_owned(),
        types: vec!["practice-rated".to_owned()],
        ..Default::default()
    };
    let events = &system.operator.events;
    let pages = paged!(events, list_events, asked, 2, events, |round| more(&system, round));
    let seen: Vec<&wire::Event> = pages.iter().flat_map(|page| &page.events).collect();
    assert_eq!(seen.len(), 7);
    assert!(seen.iter().all(|event| event.r#type == "practice-rated"));
    assert!(seen.is_sorted_by_key(|event| event.position));
}

#[tokio::test]
async fn evidence_comes_once_as_the_first_page_saw_it() {
    let system = given().await;
    let asked = wire::ListEvidenceRequest { unit: "p0".to_owned(), ..Default::default() };
    let client = &system.operator.evidence;
    let pages = paged!(client, list_evidence, asked, 2, evidence, |round| more(&system, round));
    let seen: Vec<String> = pages
        .iter()
        .flat_map(|page| &page.evidence)
        .map(|shown| shown.item.as_ref().unwrap().source.as_ref().unwrap().id.clone())
        .collect();
    assert_eq!(seen, ["0", "1", "2", "3", "4", "5", "6"]);
    let first = pages[0].coordinate.as_ref().unwrap();
    for page in &pages {
        let at = page.coordinate.as_ref().unwrap();
        assert_eq!(
            (at.log_size, &at.root, at.valid_at),
            (first.log_size, &first.root, first.valid_at)
        );
    }
}

#[tokio::test]
async fn ratings_come_once_as_the_first_page_saw_them() {
    let system = given().await;
    let asked = wire::ListRatingsRequest { unit: "p0".to_owned(), ..Default::default() };
    let client = &system.operator.ratings;
    let pages = paged!(client, list_ratings, asked, 3, ratings, |round| more(&system, round));
    let seen: Vec<&wire::Rating> = pages.iter().flat_map(|page| &page.ratings).collect();
    assert_eq!(seen.len(), 7);
    assert!(seen.iter().all(|rating| rating.in_force), "what came later ends nothing here");
    assert!(seen.is_sorted_by_key(|rating| rating.placed.as_ref().unwrap().position));
}

#[tokio::test]
async fn units_come_once_in_the_order_of_registration() {
    let system = given().await;
    let client = &system.operator.units;
    let asked =
        wire::ListUnitsRequest { kind: wire::UnitKind::Project.into(), ..Default::default() };
    let pages = paged!(client, list_units, asked, 4, units, |round| more(&system, round));
    let seen: Vec<&str> =
        pages.iter().flat_map(|page| &page.units).map(|unit| unit.name.as_str()).collect();
    assert_eq!(seen, ["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9"]);
}

#[tokio::test]
async fn documents_come_once_in_the_order_of_publication() {
    let system = System::new().await;
    let client = &system.operator.models;
    let rules = include_str!("../../../config/rules/strict.toml");
    let publish = |round: usize| {
        let content = rules.replace("\"strict\"", &format!("\"strict-{round}\"")).into_bytes();
        let asked = wire::PublishRulesRequest { append: None, content };
        let mut client = client.clone();
        async move { client.publish_rules(asked).await.map(drop).unwrap() }
    };
    let asked = wire::ListDocumentsRequest::default();
    let pages = paged!(client, list_documents, asked, 4, documents, publish);
    let seen: Vec<&wire::Document> = pages.iter().flat_map(|page| &page.documents).collect();
    assert_eq!(seen.len(), 11, "what ships, and nothing that came later");
    assert!(seen.is_sorted_by_key(|document| document.position));
    let listed = client.clone().list_documents(wire::ListDocumentsRequest::default()).await;
    assert_eq!(listed.unwrap().into_inner().documents.len(), 13);
}

#[tokio::test]
async fn principals_come_once_in_the_order_in_which_they_were_added() {
    let system = System::new().await;
    for number in 0..7 {
        system.advance(1);
        system.token(&format!("tool-{number}"), wire::PrincipalKind::Service).await;
    }
    let client = &system.operator.principals;
    let asked = wire::ListPrincipalsRequest::default();
    let between = |round: usize| {
        system.advance(1);
        let (mut client, name) = (client.clone(), format!("late-{round}"));
        async move {
            let kind = wire::PrincipalKind::Service.into();
            let asked = wire::AddPrincipalRequest { append: None, name, kind };
            client.add_principal(asked).await.map(drop).unwrap();
        }
    };
    let pages = paged!(client, list_principals, asked, 4, principals, between);
    let seen: Vec<&str> =
        pages.iter().flat_map(|page| &page.principals).map(|one| one.name.as_str()).collect();
    let added = ["tool-0", "tool-1", "tool-2", "tool-3", "tool-4", "tool-5", "tool-6"];
    assert_eq!(seen[2..9], added);
}

#[tokio::test]
async fn a_page_has_100_entries_unless_said_and_at_most_1_000() {
    let system = System::new().await;
    system.project("alpha").await;
    let items: Vec<_> = (0..1_000).map(|number| item(&number.to_string())).collect();
    system.submitted("alpha", items).await;
    system.submitted("alpha", vec![item("last")]).await;
    for (asked, got) in [(0, 100), (7, 7), (1_000, 1_000), (5_000, 1_000)] {
        let asked = wire::ListEventsRequest {
            page_size: asked,
            view: wire::EventView::Leaf.into(),
            ..Default::default()
        };
        let page = system.operator.events.clone().list_events(asked).await.unwrap().into_inner();
        assert_eq!(page.events.len(), got);
        assert!(!page.next_page_token.is_empty());
    }
}

#[tokio::test]
async fn pages_of_long_records_are_shorter_to_fit_into_a_message() {
    let system = System::new().await;
    system.project("alpha").await;
    system.adopt_rules("alpha", "solo").await;
    let long = |number: usize| wire::EvidenceItem {
        note: "n".repeat(4_096),
        uri: "u".repeat(1_400),
        ..item(&format!("{number}"))
    };
    let given = |number: usize| wire::RatingInput {
        rationale: "r".repeat(4_096),
        effective_at: on(&format!("2026-04-{:02}", number % 28 + 1)),
        ..rating(&format!("BP.10.0{}", number % 7 + 1), wire::Value::Satisfied, "2026-05-01")
    };
    for from in [0, 500] {
        system.submitted("alpha", (from..from + 400).map(long).collect()).await;
        system.rated("alpha", (from..from + 500).map(given).collect()).await;
    }
    let unit = || "alpha".to_owned();
    let nothing = async |_: usize| ();
    let asked = wire::ListEvidenceRequest { unit: unit(), ..Default::default() };
    let evidence = &system.operator.evidence;
    let pages = paged!(evidence, list_evidence, asked, 1_000, evidence, nothing);
    let seen: usize = pages.iter().map(|page| page.evidence.len()).sum();
    assert_eq!((seen, pages.len()), (800, 2));
    let asked = wire::ListRatingsRequest { unit: unit(), ..Default::default() };
    let ratings = &system.operator.ratings;
    let pages = paged!(ratings, list_ratings, asked, 1_000, ratings, nothing);
    let seen: usize = pages.iter().map(|page| page.ratings.len()).sum();
    assert_eq!((seen, pages.len()), (1_000, 2));
    let types = vec!["evidence-submitted".to_owned()];
    let asked = wire::ListEventsRequest { unit: unit(), types, ..Default::default() };
    let events = &system.operator.events;
    let pages = paged!(events, list_events, asked, 1_000, events, nothing);
    let seen: Vec<u64> =
        pages.iter().flat_map(|page| &page.events).map(|event| event.position).collect();
    assert_eq!((seen.len(), pages.len()), (800, 2));
    assert!(seen.is_sorted_by(|one, next| one < next), "each once, in order");
}
