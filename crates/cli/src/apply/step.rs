//! Steps towards a declared state: calls that record something.
//!
//! The id of a step's call is made of what the call says and of the version of the stream that was
//! seen when it was planned. A step that is sent again before anything happened is the same call;
//! one that is needed again later, because somebody undid it, is another.

use gradus_model::RequestId;
use gradus_proof::digest::sha256;
use gradus_wire::v1;
use prost::Message;

use crate::args::append::AppendArgs;
use crate::error::CliError;
use crate::session::Session;

/// A call that brings a server nearer to a declared state.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Registers a unit.
    Register(v1::RegisterUnitRequest),
    /// Places it below another one.
    Move(v1::MoveUnitRequest),
    /// Gives it labels.
    Label(v1::LabelUnitRequest),
    /// Adopts a model.
    Model(v1::AdoptModelRequest),
    /// Adopts rules.
    Rules(v1::AdoptRulesRequest),
    /// Adopts a profile.
    Profile(v1::AdoptProfileRequest),
    /// Tailors an area out.
    Tailor(v1::TailorAreaRequest),
    /// Adds a person or a service.
    Principal(v1::AddPrincipalRequest),
    /// Grants a role.
    Grant(v1::GrantRoleRequest),
    /// Revokes a role.
    Revoke(v1::RevokeRoleRequest),
}

/// Sends a request with its id.
macro_rules! send {
    ($session:expr, $version:expr, $request:expr, $name:literal, $type:ident, $client:ident, $call:ident) => {{
        let request = $request;
        let request_id = id($name, &request.encode_to_vec(), $version);
        let args = AppendArgs { request_id: Some(request_id), ..AppendArgs::default() };
        let with = |append| v1::$type { append, ..request };
        let send = async |request| $session.client.$client().$call(request).await;
        $session.append(&args, with, send).await.map(|_| ())
    }};
}

impl Step {
    /// Does it; `version` is that of the stream it appends to, as it was when it was planned.
    pub async fn perform(self, session: &Session, version: u64) -> Result<(), CliError> {
        match self {
            Self::Register(request) => {
                send!(
                    session,
                    version,
                    request,
                    "register",
                    RegisterUnitRequest,
                    units,
                    register_unit
                )
            }
            Self::Move(request) => {
                send!(session, version, request, "move", MoveUnitRequest, units, move_unit)
            }
            Self::Label(request) => {
                send!(session, version, request, "label", LabelUnitRequest, units, label_unit)
            }
            Self::Model(request) => {
                send!(session, version, request, "model", AdoptModelRequest, units, adopt_model)
            }
            Self::Rules(request) => {
                send!(session, version, request, "rules", AdoptRulesRequest, units, adopt_rules)
            }
            Self::Profile(request) => {
                send!(
                    session,
                    version,
                    request,
                    "profile",
                    AdoptProfileRequest,
                    units,
                    adopt_profile
                )
            }
            Self::Tailor(request) => {
                send!(session, version, request, "tailor", TailorAreaRequest, units, tailor_area)
            }
            Self::Principal(request) => send!(
                session,
                version,
                request,
                "principal",
                AddPrincipalRequest,
                principals,
                add_principal
            ),
            Self::Grant(request) => {
                send!(session, version, request, "grant", GrantRoleRequest, roles, grant_role)
            }
            Self::Revoke(request) => {
                send!(session, version, request, "revoke", RevokeRoleRequest, roles, revoke_role)
            }
        }
    }
}

/// The request id of a step, a UUID of version 8 (RFC 9562, made of a hash).
fn id(step: &str, request: &[u8], version: u64) -> String {
    let mut said = format!("gradus apply/{step}/{version}/").into_bytes();
    said.extend(request);
    let mut bytes = [0_u8; 16];
    for (byte, of_digest) in bytes.iter_mut().zip(sha256(&said).0) {
        *byte = of_digest;
    }
    let [_, _, _, _, _, _, version, _, variant, ..] = &mut bytes;
    *version = *version & 0x0f | 0x80;
    *variant = *variant & 0x3f | 0x80;
    RequestId(bytes).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_step_at_the_same_version_is_the_same_call() {
        let one = id("grant", b"ann", 7);
        assert_eq!(id("grant", b"ann", 7), one);
        for other in [id("grant", b"ann", 8), id("grant", b"bob", 7), id("revoke", b"ann", 7)] {
            assert_ne!(other, one);
        }
        assert_eq!(one.parse::<RequestId>().unwrap().to_string(), one);
    }
}
