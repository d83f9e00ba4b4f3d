//! Requests that name something other than a unit: an event, a principal, a credential, a rule.

use gradus_wire::v1 as wire;
use prost::Message as _;

use super::{Given, Row, checked};

pub(in super::super) fn suspect(principal: &str) -> Option<wire::Suspect> {
    Some(wire::Suspect { suspect: Some(wire::suspect::Suspect::Principal(principal.to_owned())) })
}

pub(super) fn of_others(given: &Given) -> Vec<Row> {
    let principal = || given.principal.clone();
    let append = checked;
    vec![
        row!("EventService/GetEvent", GetEventRequest { position: given.position }),
        row!("ProofService/ProveInclusion", ProveInclusionRequest { position: given.position }),
        row!("ProofService/ProveUnit", ProveUnitRequest { unit: given.unit.clone() }),
        row!(
            "ProofService/ProveLevel",
            ProveLevelRequest { unit: given.unit.clone(), area: "PA01".into() }
        ),
        row!(
            "ProofService/CreateCapsule",
            CreateCapsuleRequest { units: vec![given.unit.clone()] }
        ),
        row!(
            "PrincipalService/DisablePrincipal",
            DisablePrincipalRequest { append: append(), principal: principal() }
        ),
        row!(
            "PrincipalService/IssueToken",
            IssueTokenRequest { append: append(), principal: principal() }
        ),
        row!(
            "PrincipalService/RevokeToken",
            RevokeTokenRequest { append: append(), token: given.token.clone() }
        ),
        row!(
            "PrincipalService/RotateToken",
            RotateTokenRequest { append: append(), token: given.token.clone() }
        ),
        row!(
            "PrincipalService/RegisterCertificate",
            RegisterCertificateRequest {
                append: append(),
                principal: principal(),
                certificate: given.certificate.clone(),
            }
        ),
        row!(
            "PrincipalService/RevokeCertificate",
            RevokeCertificateRequest { append: append(), key: given.key.clone() }
        ),
        row!(
            "SourceService/DistrustSource",
            DistrustSourceRequest {
                append: append(),
                suspect: suspect(&given.principal),
                reason: "its token leaked".into(),
            }
        ),
        row!(
            "SourceService/RestoreSource",
            RestoreSourceRequest {
                append: append(),
                distrust: given.distrust,
                reason: "it did not".into(),
            }
        ),
        row!(
            "ClaimService/RemoveClaimRule",
            RemoveClaimRuleRequest { append: append(), name: given.rule.clone() }
        ),
    ]
}
