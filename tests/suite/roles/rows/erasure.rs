//! Rows for attachments, erasure, retention and legal holds, of a unit.

use gradus_wire::v1 as wire;
use prost::Message as _;

use super::{Given, Row, checked};
use crate::running::by_id;

pub(super) fn of_erasure(given: &Given) -> Vec<Row> {
    let u = || given.unit.clone();
    let beginning = wire::AttachmentBeginning { unit: u(), ..Default::default() };
    vec![
        row!(
            "AttachmentService/PutAttachment",
            PutAttachmentRequest {
                part: Some(wire::put_attachment_request::Part::Beginning(beginning)),
            }
        ),
        row!(
            "AttachmentService/GetAttachment",
            GetAttachmentRequest { unit: u(), sha256: given.attachment.clone() }
        ),
        row!("AttachmentService/ListAttachments", ListAttachmentsRequest { unit: u() }),
        row!(
            "AttachmentService/EraseAttachments",
            EraseAttachmentsRequest {
                append: checked(),
                unit: u(),
                sha256: vec![given.attachment.clone()],
                reason: "asked for".into(),
            }
        ),
        row!(
            "ErasureService/WithholdTexts",
            WithholdTextsRequest {
                append: checked(),
                unit: u(),
                evidence: Some(by_id(&given.evidence)),
                fields: vec!["title".into()],
                reason: "asked for".into(),
            }
        ),
        row!(
            "ErasureService/SetRetention",
            SetRetentionRequest {
                append: checked(),
                unit: u(),
                days: 7u32,
                reason: "our schedule".into(),
            }
        ),
        row!(
            "ErasureService/RemoveRetention",
            RemoveRetentionRequest { append: checked(), unit: u(), reason: "no more".into() }
        ),
        row!(
            "ErasureService/PlaceHold",
            PlaceHoldRequest {
                append: checked(),
                hold: "case-7".into(),
                unit: u(),
                reason: "litigation".into(),
            }
        ),
    ]
}
