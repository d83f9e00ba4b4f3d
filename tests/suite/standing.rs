//! A start that reads what stands in place of the whole log: it answers and decides as before.

use std::fs;

use gradus_wire::v1 as wire;

use crate::running::{System, by_id, item, levels_of, on, rating, submit};

const LATER: &str = "2026-06-01T12:00:30Z";

/// A unit with settings, reviewed evidence and ratings, and a second one that was archived.
async fn lived(system: &System) {
    system.project_since("alpha", on("2026-01-01")).await;
    system.project("gone").await;
    // The operator alone rates and accepts.
    system.adopt_rules("alpha", "solo").await;
    let tool = system.principal("scanner", wire::PrincipalKind::Service).await;
    let items = (0..5).map(|number| item(&format!("p{number}"))).collect();
    tool.evidence.clone().submit_evidence(submit("alpha", items)).await.unwrap();
    system.rated("alpha", vec![rating("BP.10.01", wire::Value::Satisfied, "2026-05-02")]).await;
    let tailor = wire::TailorAreaRequest {
        unit: "alpha".to_owned(),
        area: "PA04".to_owned(),
        applicable: Some(false),
        reason: "no threats are assessed here".to_owned(),
        effective_at: on("2026-05-10"),
        ..Default::default()
    };
    let mut units = system.operator.units.clone();
    units.tailor_area(tailor).await.unwrap();
    let gone = wire::ArchiveUnitRequest { unit: "gone".to_owned(), ..Default::default() };
    units.archive_unit(gone).await.unwrap();
    let review = wire::AcceptEvidenceRequest {
        unit: "alpha".to_owned(),
        evidence: vec![by_id(&first_item(system).await)],
        ..Default::default()
    };
    system.operator.evidence.clone().accept_evidence(review).await.unwrap();
}

async fn listed(system: &System) -> Vec<wire::Evidence> {
    let asked = wire::ListEvidenceRequest { unit: "alpha".to_owned(), ..Default::default() };
    let list = system.operator.evidence.clone().list_evidence(asked).await.unwrap();
    list.into_inner().evidence
}

async fn first_item(system: &System) -> String {
    listed(system).await[0].id.clone()
}

/// What is answered: levels of a date, every item with who brought it, and the unit as it is.
async fn answers(system: &System) -> String {
    let question = levels_of("alpha", "2026-06-01");
    let levels = system.operator.levels.clone().query_levels(question).await.unwrap().into_inner();
    let unit = wire::GetUnitRequest { unit: "alpha".to_owned(), ..Default::default() };
    let unit = system.operator.units.clone().get_unit(unit).await.unwrap().into_inner().unit;
    let principals = wire::ListPrincipalsRequest::default();
    let principals = system.operator.principals.clone().list_principals(principals).await.unwrap();
    let principals: Vec<_> =
        principals.into_inner().principals.into_iter().map(|one| one.name).collect();
    format!("{:?} {:?} {unit:?} {principals:?}", levels.digest, listed(system).await)
}

/// What is decided goes on from what was: nothing is recorded twice, and versions go on.
async fn goes_on(system: &System) {
    let size = system.size().await;
    let again = submit("alpha", vec![item("p1")]);
    let again = system.operator.evidence.clone().submit_evidence(again).await.unwrap();
    assert_eq!(again.into_inner().items[0].evidence, listed(system).await[1].id, "known by source");
    let review = wire::AcceptEvidenceRequest {
        unit: "alpha".to_owned(),
        evidence: vec![by_id(&first_item(system).await)],
        ..Default::default()
    };
    system.operator.evidence.clone().accept_evidence(review).await.unwrap();
    assert_eq!(system.size().await, size, "it is so already");
    let to_gone = submit("gone", vec![item("late")]);
    let refused = system.operator.evidence.clone().submit_evidence(to_gone).await.unwrap_err();
    assert!(refused.message().contains("archived"), "{refused}");
    let id = system.submitted("alpha", vec![item(&format!("new-{size}"))]).await;
    assert_eq!((id.len(), system.size().await), (1, size + 1));
}

#[tokio::test]
async fn a_start_answers_and_decides_as_before_whatever_stands() {
    let system = System::new().await;
    lived(&system).await;
    let before = answers(&system).await;
    let directory = system.stopped().await;
    let file = directory.path().join("data/projections/standing");
    let whole = fs::read(&file).unwrap();

    let system = System::in_directory(directory, LATER).await;
    assert_eq!(answers(&system).await, before);
    goes_on(&system).await;
    let (before, directory) = (answers(&system).await, system.stopped().await);

    // As after a kill: what stands is of an earlier size.
    fs::write(&file, &whole).unwrap();
    let system = System::in_directory(directory, LATER).await;
    assert_eq!(answers(&system).await, before);
    goes_on(&system).await;
    let (mut before, mut directory) = (answers(&system).await, system.stopped().await);

    // Damaged, it is as good as none.
    let mut damaged = fs::read(&file).unwrap();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    for content in [Some(damaged), Some(Vec::new()), None] {
        match content {
            Some(content) => fs::write(&file, content).unwrap(),
            None => fs::remove_file(&file).unwrap(),
        }
        let system = System::in_directory(directory, LATER).await;
        assert_eq!(answers(&system).await, before);
        goes_on(&system).await;
        (before, directory) = (answers(&system).await, system.stopped().await);
    }
}

#[tokio::test]
async fn what_stands_in_another_log_is_not_taken() {
    let (one, other) = (System::new().await, System::new().await);
    lived(&one).await;
    lived(&other).await;
    let before = answers(&one).await;
    let (one, other) = (one.stopped().await, other.stopped().await);
    let file = "data/projections/standing";
    fs::copy(other.path().join(file), one.path().join(file)).unwrap();
    let one = System::in_directory(one, LATER).await;
    assert_eq!(answers(&one).await, before);
    goes_on(&one).await;
}
