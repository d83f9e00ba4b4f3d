//! Projects that rules register: one for each repository, for good, below its team.

use std::collections::BTreeSet;

use gradus_wire::v1 as wire;
use serde_json::json;

use super::issuer::but;
use super::{Trusting, for_all};
use crate::running::{Principal, item, submit};

/// The names of the projects below `blue`.
async fn projects(trusting: &Trusting) -> Vec<String> {
    let asked = wire::ListUnitsRequest {
        parent: "blue".to_owned(),
        page_size: 1_000,
        ..Default::default()
    };
    let mut units = trusting.system.operator.units.clone();
    let listed = units.list_units(asked).await.unwrap().into_inner().units;
    let mut names: Vec<String> = listed.into_iter().map(|unit| unit.name).collect();
    names.sort();
    names.retain(|name| name != "blue");
    names
}

impl Trusting {
    /// A token of a repository's main branch.
    fn of(&self, name: &str, id: &str) -> String {
        let says = json!({ "repository": name, "repository_id": id });
        self.issuer.token(&but(&self.job(), &says))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_repositories_at_once_become_fifty_projects_of_one_team() {
    let trusting = Trusting::without_rules().await;
    trusting.set(for_all("acme", "blue")).await.unwrap();
    let size = trusting.system.size().await;
    let mut jobs = tokio::task::JoinSet::new();
    for number in 0..100 {
        // Two jobs of each begin at the same time.
        let of = number / 2;
        let token = trusting.of(&format!("acme/service-{of}"), &format!("{}", 1_000 + of));
        let job = Principal::new(&trusting.system.channel, &token);
        jobs.spawn(async move {
            let who = job.principals.clone().who_am_i(wire::WhoAmIRequest {}).await.unwrap();
            let unit = format!("service-{of}");
            let items = vec![item(&format!("run-{number}"))];
            job.evidence.clone().submit_evidence(submit(&unit, items)).await.unwrap();
            who.into_inner().principal.unwrap().id
        });
    }
    let principals: BTreeSet<String> = jobs.join_all().await.into_iter().collect();
    assert_eq!(principals.len(), 50);
    let mut expected: Vec<String> = (0..50).map(|of| format!("service-{of}")).collect();
    expected.push("web".to_owned());
    expected.sort();
    assert_eq!(projects(&trusting).await, expected);
    assert_eq!(trusting.system.size().await, size + 50 + 50 + 100, "each once");
}

#[tokio::test]
async fn a_renamed_repository_keeps_its_project() {
    let trusting = Trusting::without_rules().await;
    trusting.set(for_all("acme", "blue")).await.unwrap();
    let before = Principal::new(&trusting.system.channel, &trusting.of("acme/old", "5"));
    before.evidence.clone().submit_evidence(submit("old", vec![item("a")])).await.unwrap();
    let size = trusting.system.size().await;
    let after = Principal::new(&trusting.system.channel, &trusting.of("acme/new", "5"));
    after.evidence.clone().submit_evidence(submit("old", vec![item("b")])).await.unwrap();
    assert_eq!(trusting.system.size().await, size + 1);
    assert_eq!(projects(&trusting).await, ["old", "web"]);
    // Who takes the old name is somebody else, and sees nothing of it.
    let squatter = Principal::new(&trusting.system.channel, &trusting.of("acme/old", "6"));
    let taken = squatter.evidence.clone().submit_evidence(submit("old", vec![item("c")])).await;
    assert_eq!(taken.unwrap_err().code(), tonic::Code::NotFound);
    assert_eq!(projects(&trusting).await, ["old", "old-6", "web"]);
}

#[tokio::test]
async fn a_hostile_name_becomes_a_clean_one_and_never_another_project() {
    let trusting = Trusting::without_rules().await;
    trusting.set(for_all("acme", "blue")).await.unwrap();
    let long = format!("acme/{}", "x".repeat(300));
    for (id, name) in [
        ("1", "acme/../../web"),
        ("2", "acme/WEB"),
        ("3", "acme/größe\u{202e}\u{0}"),
        ("4", long.as_str()),
        ("5", ""),
        ("6", "acme/organization"),
        ("7", "acme/<script>alert(1)</script>"),
    ] {
        let told = trusting.who(&trusting.of(name, id)).await;
        assert_eq!(told, format!("acme:{id} by acme"), "{name}");
        trusting.system.advance(1);
    }
    let long = "x".repeat(63);
    let expected = ["gr-e", "organization-6", "project", "script", "web", "web-1", "web-2", &long];
    assert_eq!(projects(&trusting).await, expected);
}

#[tokio::test]
async fn a_rule_below_a_team_that_is_gone_lets_nobody_new_in() {
    let trusting = Trusting::without_rules().await;
    trusting.set(for_all("acme", "blue")).await.unwrap();
    let known = trusting.of("acme/known", "1");
    assert_eq!(trusting.who(&known).await, "acme:1 by acme");
    for unit in ["web", "known", "blue"] {
        let unit = unit.to_owned();
        let asked = wire::ArchiveUnitRequest { unit, reason: "done".into(), ..Default::default() };
        trusting.system.operator.units.clone().archive_unit(asked).await.unwrap();
        trusting.system.advance(1);
    }
    assert_eq!(trusting.who(&trusting.of("acme/new", "2")).await, super::NO_RULE);
    assert_eq!(trusting.who(&known).await, "acme:1 by acme", "it still sees what it did");
}

#[tokio::test]
async fn a_project_is_the_same_by_another_rule_and_after_a_restart() {
    let trusting = Trusting::without_rules().await;
    trusting.set(for_all("acme", "blue")).await.unwrap();
    let token = trusting.of("acme/api", "9");
    assert_eq!(trusting.who(&token).await, "acme:9 by acme");
    trusting.remove("acme").await;
    trusting.set(for_all("acme-2", "blue")).await.unwrap();
    assert_eq!(trusting.who(&token).await, "acme-2:9 by acme-2");
    assert_eq!(projects(&trusting).await, ["api", "web"]);
    let size = trusting.system.size().await;
    let directory = trusting.system.stopped().await;
    let change = super::trust(&directory);
    let clocks = crate::machine::Clocks::at("2026-06-01T12:03:00Z");
    let system = crate::running::System::start_as(directory, clocks, change).await.unwrap();
    assert_eq!(super::who(&system, &token).await, "acme-2:9 by acme-2");
    assert_eq!(system.size().await, size);
}
