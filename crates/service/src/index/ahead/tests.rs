//! What is recalled before the projector asks for it, and what is not.

use gradus_domain::UnitHistory;
use gradus_model::Event;
use gradus_model::unit::PrincipalKind;
use gradus_projection::Projector;

use super::*;
use crate::call::Call;
use crate::evidence::{EvidenceRef, Step};
use crate::recall::tests::{UNIT, actor, item, source, started_again};

/// Whether the items of the one unit were recalled for these of its events, and before anything was
/// projected.
async fn recalled_for(wanted: impl Fn(&Event) -> bool) -> bool {
    let directory = tempfile::tempdir().unwrap();
    let service = started_again(&directory.path().join("data")).await;
    let end = Step::End {
        evidence: EvidenceRef::Source(source(2)),
        at: None,
        reason: "the file was removed".to_owned(),
    };
    let call = Call::by(actor(&service, PrincipalKind::Service));
    let receipt = service.push_evidence(&call, UNIT, &[item(2), end]).await.unwrap();
    service.caught_up(None).await.unwrap();
    let size = service.views().cursor;
    let read = service.records_from(0, usize::try_from(size).unwrap()).await.unwrap();
    let read = read.into_iter().map(|record| record.recorded);
    let records: Vec<_> = read
        .filter(|recorded| recorded.place.stream == receipt.unit && wanted(&recorded.event))
        .collect();
    assert!(!records.is_empty());
    service.make_room();
    service.make_room();
    let forgotten =
        |service: &Service| service.views().history(receipt.unit).and_then(UnitHistory::forgotten);
    assert!(forgotten(&service).is_some(), "it was forgotten");
    hold(&service, &mut Projector::new(), &records, size);
    forgotten(&service).is_none()
}

#[tokio::test]
async fn what_happened_to_items_recalls_them_before_anybody_waits() {
    assert!(recalled_for(|event| matches!(event, Event::EvidenceEnded(_))).await);
}

#[tokio::test]
async fn new_items_recall_the_others_for_as_long_as_they_are_folded() {
    assert!(!recalled_for(|event| matches!(event, Event::EvidenceSubmitted(_))).await);
}
