//! A pinned question (moment, log size, rules) has one answer for ever.

use gradus_wire::v1 as wire;
use wire::coordinate::Known;
use wire::erase_payload_request::Record;

use super::everything::{Digests, Subjects, asked, levels, records};
use super::{
    accepted, adopt_model, adopt_rules, alpha, days_later, known_at, label, move_to, now, on_day,
    rate, rated_alpha, register, rename, tailor_out, with_size,
};
use crate::running::{System, by_id, on};

/// A project with a past, a point in the log to come back to, and what was answered there.
struct Pinned {
    subjects: Subjects,
    here: wire::Coordinate,
    first: Digests,
}

async fn subjects(system: &System) -> Subjects {
    let unit = alpha(system, wire::Coordinate::default()).await;
    let evidence = super::evidence(system, wire::Coordinate::default()).await;
    Subjects {
        unit: unit.id,
        team: unit.parent.unwrap().id,
        evidence: evidence.first().unwrap().id.clone(),
    }
}

async fn pinned(system: &System) -> Pinned {
    let subjects = subjects(system).await;
    let here = with_size("2026-06-01", system.size().await);
    let first = asked(system, &subjects, &here).await;
    Pinned { subjects, here, first }
}

impl Pinned {
    /// Asserts that everything is answered as it was.
    async fn holds(&self, system: &System, after: &str) {
        let again = asked(system, &self.subjects, &self.here).await;
        for (first, again) in self.first.iter().zip(again) {
            assert_eq!(*first, again, "after {after}");
        }
    }
}

#[tokio::test]
async fn a_pinned_question_has_one_digest_whatever_is_recorded_later() {
    let system = rated_alpha().await;
    register(&system, wire::UnitKind::Team, "second", "").await;
    let pinned = pinned(&system).await;
    let sooner = with_size("2026-05-01", system.size().await - 1);
    let other = asked(&system, &pinned.subjects, &sooner).await;
    assert!(pinned.first.iter().zip(&other).all(|(one, other)| one.1 != other.1), "{other:?}");

    // Each is told of the time before the moment asked about.
    accepted(&system, "later", "2026-04-01").await;
    rate(&system, wire::Value::NotSatisfied, "2026-05-10").await;
    pinned.holds(&system, "late evidence and ratings").await;
    tailor_out(&system, "PA10", "2026-03-01").await;
    label(&system, &["critical"], "2026-03-01").await;
    move_to(&system, "alpha", "second", "2026-03-01").await;
    pinned.holds(&system, "what was settled late").await;
    adopt_rules(&system, "alpha", "trusted-tools", "1990-01-01").await;
    adopt_rules(&system, "team", "nplf-33020", "1990-01-01").await;
    adopt_model(&system, "alpha", "sse-cmm-1997", "1990-01-01").await;
    pinned.holds(&system, "other rules and another model").await;
    let withdraw = wire::WithdrawEvidenceRequest {
        unit: "alpha".to_owned(),
        evidence: vec![by_id(&pinned.subjects.evidence)],
        reason: "by mistake".to_owned(),
        ..Default::default()
    };
    system.operator.evidence.clone().withdraw_evidence(withdraw).await.unwrap();
    let archive = wire::ArchiveUnitRequest {
        unit: "alpha".to_owned(),
        effective_at: on("2026-05-05"),
        ..Default::default()
    };
    system.operator.units.clone().archive_unit(archive).await.unwrap();
    pinned.holds(&system, "the end of the unit").await;
}

#[tokio::test]
async fn a_pinned_question_has_one_digest_through_renames_and_restarts_and_years() {
    let system = rated_alpha().await;
    let pinned = pinned(&system).await;
    rename(&system, "alpha", "omega").await;
    rename(&system, "team", "crew").await;
    rename(&system, "organization", "company").await;
    pinned.holds(&system, "renames").await;
    let system = system.restarted().await;
    pinned.holds(&system, "a restart").await;
    let system = days_later(system, 800).await;
    pinned.holds(&system, "two years").await;
}

#[tokio::test]
async fn a_pinned_question_has_one_digest_through_erasures() {
    let system = rated_alpha().await;
    let pinned = pinned(&system).await;
    let erase = async |unit: &str, record: Record| {
        let asked = wire::ErasePayloadRequest {
            unit: unit.to_owned(),
            append: None,
            record: Some(record),
            reason: "asked for".to_owned(),
        };
        system.operator.evidence.clone().erase_payload(asked).await.unwrap();
    };
    let version = alpha(&system, wire::Coordinate::default()).await.version;
    for version in 1..=version {
        erase("alpha", Record::Version(version)).await;
    }
    let everything = super::evidence(&system, wire::Coordinate::default()).await;
    assert_eq!(everything[0].payload_state(), wire::PayloadState::Erased);
    pinned.holds(&system, "erasures").await;
    let system = system.restarted().await;
    pinned.holds(&system, "erasures and a restart").await;
}

#[tokio::test]
async fn a_pinned_question_has_one_digest_through_a_rebuild_of_the_index_and_its_loss() {
    let system = rated_alpha().await;
    let pinned = pinned(&system).await;
    rate(&system, wire::Value::NotSatisfied, "2026-05-10").await;
    let rebuild = wire::RebuildProjectionRequest { name: "levels".to_owned() };
    let told = system.operator.projections.clone().rebuild_projection(rebuild).await;
    let mut told = told.unwrap().into_inner();
    let mut last = None;
    while let Some(message) = told.message().await.unwrap() {
        last = Some(message);
    }
    assert!(last.unwrap().switched);
    pinned.holds(&system, "a rebuild").await;
    let now = system.now().to_string();
    let directory = system.stopped().await;
    std::fs::remove_dir_all(directory.path().join("data/projections")).unwrap();
    let system = System::in_directory(directory, &now).await;
    pinned.holds(&system, "the loss of the index").await;
}

#[tokio::test]
async fn the_clocks_that_an_answer_names_lead_to_the_same_answer() {
    let system = rated_alpha().await;
    let subjects = subjects(&system).await;
    let question = super::levels_at("alpha", on_day("2026-06-01"));
    let told = system.levels(question).await.coordinate.unwrap();
    let size = Some(Known::LogSize(told.log_size));
    let pin = wire::Coordinate { valid_at: told.valid_at, known: size, rules: told.rules };
    let without_rules = wire::Coordinate { rules: String::new(), ..pin.clone() };
    let first = levels(&system, &subjects, &without_rules).await;
    rate(&system, wire::Value::NotSatisfied, "2026-05-10").await;
    adopt_rules(&system, "alpha", "nplf-33020", "1990-01-01").await;
    for (first, again) in first.iter().zip(levels(&system, &subjects, &pin).await) {
        assert_eq!(*first, again);
    }
}

/// Rules that count what a tool pushed are in force for `alpha` on 1 June, others before that, ahead
/// and above. The calls that answer otherwise once those rules are asked for by their digest.
async fn answered_otherwise_by_the_rules_named() -> Vec<&'static str> {
    let system = super::with_alpha().await;
    super::pushed(&system, "scanner", vec![super::policy("tool", "2026-04-01")]).await;
    rate(&system, wire::Value::Satisfied, "2026-05-02").await;
    let judged = crate::running::rating("BP.17.01", wire::Value::Satisfied, "2026-05-02");
    system.rated("organization", vec![judged]).await;
    adopt_rules(&system, "alpha", "trusted-tools", "2026-05-20").await;
    adopt_rules(&system, "alpha", "nplf-33020", "2026-07-01").await;
    let subjects = subjects(&system).await;
    let here = with_size("2026-06-01", system.size().await);
    let told = system.levels(super::levels_at("alpha", here.clone())).await.coordinate.unwrap();
    assert_eq!(told.rules_name, "trusted-tools");
    let pin = wire::Coordinate { rules: told.rules, ..here.clone() };
    let first = levels(&system, &subjects, &here).await;
    let again = levels(&system, &subjects, &pin).await;
    let differ = first.iter().zip(&again).filter(|(first, again)| first != again);
    differ.map(|((call, _), _)| *call).collect()
}

#[tokio::test]
async fn the_rules_that_an_answer_names_lead_to_it_where_others_held_before_after_and_above() {
    let differ = answered_otherwise_by_the_rules_named().await;
    // Over a span of time the rules in force are those of each moment: another question.
    let of_a_moment = ["levels", "gap", "roll-up of the team", "roll-up", "check"];
    assert!(of_a_moment.iter().all(|call| !differ.contains(call)), "{differ:?}");
}

#[tokio::test]
async fn the_rules_that_an_explanation_names_lead_to_it_where_others_are_planned() {
    let differ = answered_otherwise_by_the_rules_named().await;
    assert!(!differ.contains(&"explain"), "{differ:?}");
}

#[tokio::test]
async fn an_instant_of_knowing_and_the_size_it_resolves_to_have_one_answer() {
    let system = rated_alpha().await;
    let subjects = subjects(&system).await;
    system.advance(10);
    let (then, size) = (now(&system), system.size().await);
    system.advance(10);
    rate(&system, wire::Value::NotSatisfied, "2026-05-10").await;
    let by_instant = asked(&system, &subjects, &known_at("2026-06-01", then)).await;
    let by_size = asked(&system, &subjects, &with_size("2026-06-01", size)).await;
    for (instant, size) in by_instant.iter().zip(by_size) {
        assert_eq!(*instant, size);
    }
}

#[tokio::test]
async fn rules_that_are_published_under_the_same_id_do_not_change_what_a_digest_pins() {
    let system = rated_alpha().await;
    let subjects = subjects(&system).await;
    let mut models = system.operator.models.clone();
    let kind = wire::DocumentKind::Rules.into();
    let asked = wire::GetDocumentRequest { document: "strict".to_owned(), kind };
    let strict = models.get_document(asked).await.unwrap().into_inner();
    let digest = strict.document.unwrap().digest;
    let pin =
        wire::Coordinate { rules: digest.clone(), ..with_size("2026-06-01", system.size().await) };
    let first = levels(&system, &subjects, &pin).await;
    let recorded = records(&system, &subjects, &pin).await;

    let text = String::from_utf8(strict.content).unwrap();
    let shorter = text.replace("policy = \"P2Y\"", "policy = \"P1D\"");
    let publish = wire::PublishRulesRequest { append: None, content: shorter.into_bytes() };
    let newer = models.publish_rules(publish).await.unwrap().into_inner().document.unwrap();
    assert_ne!(newer.digest, digest);
    assert_eq!(levels(&system, &subjects, &pin).await, first);
    assert_eq!(records(&system, &subjects, &pin).await, recorded);
    // The id means the newest that has it, and the answer says which that is.
    let by_id = wire::Coordinate { rules: "strict".to_owned(), ..pin };
    let answer = system.levels(super::levels_at("alpha", by_id)).await;
    assert_eq!(answer.coordinate.unwrap().rules, newer.digest);
    assert_eq!(answer.areas[9].coverage.unwrap().lapsed, 7);
}
