//! Calls at the same time: what one of them is told, those after it see.

use gradus_wire::v1 as wire;
use tonic::Code;

use crate::running::{System, item, submit};

fn from_test(id: &str) -> wire::EvidenceRef {
    let source = wire::Source { name: "test".to_owned(), id: id.to_owned() };
    wire::EvidenceRef { r#ref: Some(wire::evidence_ref::Ref::Source(source)) }
}

async fn version(system: &System, coordinate: Option<wire::Coordinate>) -> u64 {
    let asked = wire::GetUnitRequest { unit: "alpha".to_owned(), coordinate, ..Default::default() };
    let answer = system.operator.units.clone().get_unit(asked).await.unwrap().into_inner();
    answer.unit.unwrap().version
}

#[tokio::test]
async fn what_is_so_already_is_durable_when_it_is_told() {
    let system = System::alone().await;
    system.project("alpha").await;
    let ids: Vec<String> = (0..30).map(|number| format!("i{number}")).collect();
    system.submitted("alpha", ids.iter().map(|id| item(id)).collect()).await;
    for id in &ids {
        let accepts = [(); 4].map(|()| {
            let mut evidence = system.operator.evidence.clone();
            let (unit, evidence_ref) = ("alpha".to_owned(), vec![from_test(id)]);
            tokio::spawn(async move {
                let asked = wire::AcceptEvidenceRequest {
                    unit,
                    append: None,
                    evidence: evidence_ref,
                    note: String::new(),
                };
                evidence.accept_evidence(asked).await.unwrap().into_inner().receipt.unwrap()
            })
        });
        let mut receipts = Vec::new();
        for accept in accepts {
            receipts.push(accept.await.unwrap());
        }
        let recorded: Vec<u64> =
            receipts.iter().flat_map(|receipt| &receipt.events).map(|at| at.position).collect();
        let [position] = recorded.as_slice() else { panic!("recorded at {recorded:?}") };
        for receipt in &receipts {
            let size = receipt.log_size;
            assert!(size > *position, "{id} was accepted at {position}, told at size {size}");
        }
    }
}

#[tokio::test]
async fn whoever_was_told_of_another_version_reads_that_version() {
    let system = System::new().await;
    system.project("alpha").await;
    for round in 0..20_u64 {
        let writers = ["a", "b", "c", "d"].map(|name| {
            let mut evidence = system.operator.evidence.clone();
            let mut units = system.operator.units.clone();
            let append =
                wire::AppendOptions { expected_version: Some(round), ..Default::default() };
            let items = vec![item(&format!("{name}{round}"))];
            let asked =
                wire::SubmitEvidenceRequest { append: Some(append), ..submit("alpha", items) };
            tokio::spawn(async move {
                let Err(status) = evidence.submit_evidence(asked).await else { return None };
                assert_eq!(status.code(), Code::Aborted, "{status:?}");
                let asked = wire::GetUnitRequest { unit: "alpha".to_owned(), ..Default::default() };
                let read = units.get_unit(asked).await.unwrap().into_inner();
                Some(read.unit.unwrap().version)
            })
        });
        let mut seen = Vec::new();
        for writer in writers {
            seen.extend(writer.await.unwrap());
        }
        assert_eq!(seen, [round + 1; 3], "three are refused, and then see who came first");
    }
}

#[tokio::test]
async fn the_version_of_a_unit_is_that_at_the_size_of_the_answer() {
    let system = System::new().await;
    system.project("alpha").await;
    let mut sizes = vec![system.size().await];
    for number in 0..9 {
        system.submitted("alpha", vec![item(&format!("i{number}"))]).await;
        sizes.push(system.size().await);
        // Records of other streams lie in between.
        system.project(&format!("beta{number}")).await;
    }
    for (number, size) in sizes.into_iter().enumerate() {
        let known = Some(wire::coordinate::Known::LogSize(size));
        let coordinate = Some(wire::Coordinate { known, ..Default::default() });
        assert_eq!(version(&system, coordinate.clone()).await, number as u64, "at size {size}");
        let asked = wire::ListUnitsRequest { coordinate, ..Default::default() };
        let page = system.operator.units.clone().list_units(asked).await.unwrap().into_inner();
        let listed = page.units.iter().find(|unit| unit.name == "alpha").unwrap();
        assert_eq!(listed.version, number as u64, "listed at size {size}");
    }
    assert_eq!(version(&system, None).await, 9);
}
