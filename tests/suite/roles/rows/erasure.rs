//! Rows for erasure, retention and legal holds.

use gradus_wire::v1 as wire;
use prost::Message as _;

use super::{Row, checked, from_source};

pub(super) fn of_erasure() -> Vec<Row> {
    vec![
        row!(
            "ErasureService/EraseTexts",
            EraseTextsRequest {
                texts: Some(wire::erase_texts_request::Texts::Naming("nobody".into())),
                reason: "asked for".into(),
                validate_only: true,
            }
        ),
        row!(
            "ErasureService/WithholdTexts",
            WithholdTextsRequest {
                append: checked(),
                unit: "organization".into(),
                evidence: Some(from_source("1")),
                fields: vec!["title".into()],
                reason: "asked for".into(),
            }
        ),
        row!("ErasureService/RunRetention", RunRetentionRequest { validate_only: true }),
        row!(
            "ErasureService/SetRetention",
            SetRetentionRequest {
                append: checked(),
                unit: "organization".into(),
                days: 7u32,
                reason: "our schedule".into(),
            }
        ),
        row!(
            "ErasureService/RemoveRetention",
            RemoveRetentionRequest {
                append: checked(),
                unit: "organization".into(),
                reason: "no more".into()
            }
        ),
        row!("ErasureService/ListRetention", ListRetentionRequest {}),
        row!(
            "ErasureService/PlaceHold",
            PlaceHoldRequest {
                append: checked(),
                hold: "case-7".into(),
                unit: "organization".into(),
                reason: "litigation".into(),
            }
        ),
        row!(
            "ErasureService/LiftHold",
            LiftHoldRequest { append: checked(), hold: "case-7".into(), reason: "settled".into() }
        ),
        row!("ErasureService/ListHolds", ListHoldsRequest {}),
    ]
}
