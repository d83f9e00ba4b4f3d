//! Requests that name nothing which is one team's: each says why nothing of it can be hidden.

use gradus_wire::v1 as wire;
use prost::Message as _;

use super::{Row, checked};
use crate::running::on;

macro_rules! because {
    ($reason:literal: $($method:literal, $request:ident { $($field:ident: $value:expr),* $(,)? });+ $(;)?) => {
        vec![$( (row!($method, $request { $($field: $value,)* }), $reason) ),+]
    };
}

/// Each with the reason why own, other and unknown cannot be held against each other.
pub(in super::super) fn of_the_whole() -> Vec<(Row, &'static str)> {
    [
        because!("it is about the caller alone":
            "PrincipalService/WhoAmI", WhoAmIRequest {};
            "PrincipalService/RotateToken", RotateTokenRequest { append: checked() };
            "AuditService/ListEngagements", ListEngagementsRequest {};
            "AuditService/ReadQueries", ReadQueriesRequest { engagement: 1 };
            "AuditService/EndEngagement", EndEngagementRequest { append: checked(), engagement: 1 }),
        because!("documents are published to everybody who may call":
            "ModelService/ListDocuments", ListDocumentsRequest {};
            "ModelService/GetDocument", GetDocumentRequest { document: "strict".into() };
            "ModelService/GetModel", GetModelRequest { model: "iso-21827-2008".into() }),
        because!("it brings what it is about, for the whole organization":
        "ModelService/PublishModel", PublishModelRequest { content: b"x".to_vec() };
        "ModelService/PublishRules", PublishRulesRequest { content: b"x".to_vec() };
        "ModelService/PublishProfile", PublishProfileRequest { content: b"x".to_vec() };
        "PrincipalService/AddPrincipal", AddPrincipalRequest {
            append: checked(),
            name: "new".into(),
            kind: wire::PrincipalKind::Person.into(),
        }),
        because!("it lists, and leaves out what is not in sight":
            "PrincipalService/ListPrincipals", ListPrincipalsRequest {};
            "SourceService/ListDistrusted", ListDistrustedRequest {};
            "ClaimService/ListClaimRules", ListClaimRulesRequest {};
            "ErasureService/ListRetention", ListRetentionRequest {};
            "ErasureService/ListHolds", ListHoldsRequest {}),
        because!("it acts on what is in sight alone":
        "ErasureService/EraseTexts", EraseTextsRequest {
            texts: Some(wire::erase_texts_request::Texts::Naming("nobody".into())),
            reason: "asked for".into(),
            validate_only: true,
        };
        "ErasureService/RunRetention", RunRetentionRequest { validate_only: true }),
        because!("the names of holds are the organization's, whose right it needs":
        "ErasureService/LiftHold", LiftHoldRequest {
            append: checked(),
            hold: "case-7".into(),
            reason: "settled".into(),
        }),
        because!("it is about the server":
            "ProjectionService/ListProjections", ListProjectionsRequest {};
            "ProjectionService/VerifyProjection", VerifyProjectionRequest { name: "none".into() };
            "ProjectionService/RebuildProjection", RebuildProjectionRequest { name: "none".into() };
            "ClockService/GetClock", GetClockRequest {};
            "ClockService/AcceptClock", AcceptClockRequest { append: checked() }),
        because!("it is about the log as a whole, whose size and root are no secret":
            "BackupService/ExportLog", ExportLogRequest {};
            "BackupService/ExportAttachments", ExportAttachmentsRequest {
                attachments: vec![wire::AttachmentName {
                    unit: "00000000-0000-4000-8000-000000000001".into(),
                    sha256: "ab".repeat(32),
                    only_whole: true,
                }],
            };
            "ProofService/GetCheckpoint", GetCheckpointRequest {};
            "ProofService/ProveConsistency", ProveConsistencyRequest {};
            "ProofService/ProveScope", ProveScopeRequest {};
            "ProofService/RotateLogKey",
                RotateLogKeyRequest { append: checked(), reason: "the yearly change".into() };
            "ProofService/ProveKnownAt", ProveKnownAtRequest { known_at: on("2026-05-01") };
            "ProofService/ReadTile", ReadTileRequest { path: "tile/0/000.p/1".into() };
            "ProofService/ListStateDigests", ListStateDigestsRequest {};
            "ProofService/CreateCapsule", CreateCapsuleRequest { all: true }),
        because!("a token that no issuer signed names nothing; in `oidc::rules` one does":
            "ClaimService/TestClaims", TestClaimsRequest { token: "a.b.c".into() }),
    ]
    .concat()
}
