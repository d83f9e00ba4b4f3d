//! Texts of an appraisal that need a right of their own.

use gradus_wire::v1 as wire;

use super::{Cast, cast};
use crate::running::Principal;

const SAID: &str = "the plan is kept from the team";

async fn found(cast: &Cast, by: &Principal) -> String {
    let told = cast.told(by).await.unwrap();
    let [only] = &told.findings[..] else { panic!("{:?}", told.findings) };
    only.text.clone()
}

#[tokio::test]
async fn a_confidential_finding_is_told_to_those_who_may_read_such_texts() {
    let cast = Box::pin(cast()).await;
    let payload_class = wire::PayloadClass::Confidential.into();
    let asked = wire::RecordFindingRequest {
        append: Some(wire::AppendOptions { payload_class, ..Default::default() }),
        appraisal: cast.appraisal.clone(),
        finding: Some(wire::FindingInput {
            kind: wire::FindingKind::Weakness.into(),
            text: SAID.to_owned(),
            ..Default::default()
        }),
    };
    cast.leo.appraisals.clone().record_finding(asked).await.unwrap();
    for by in [&cast.leo, &cast.mia] {
        assert_eq!(found(&cast, by).await, SAID);
    }
    assert_eq!(found(&cast, &cast.sue).await, "");
}
