//! What a server has of what can be declared.

use gradus_wire::v1;

use super::declared::Declared;
use crate::error::CliError;
use crate::session::{Session, pages};

/// The state of a server, as far as a declaration and what is to be pruned ask for it.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The units that live.
    pub units: Vec<v1::Unit>,
    /// People, services, and Gradus itself, disabled ones, too; none where none are declared.
    pub principals: Vec<v1::Principal>,
    /// The roles that hold now, and those that begin later; none where none are declared or pruned.
    pub roles: Vec<v1::RoleGrant>,
    /// The moment of which that was told.
    pub now: Option<prost_types::Timestamp>,
    /// Every published document, in the order of publication.
    pub documents: Vec<v1::Document>,
    /// The id of the principal that asks.
    pub me: String,
}

/// Reads the state. Who declares principals or roles has to administer them.
pub async fn read(session: &Session, declared: &Declared, prune: bool) -> Result<State, CliError> {
    let roles = prune || !declared.roles.is_empty();
    let mut state = State { units: units(session).await?, ..State::default() };
    state.documents = documents(session).await?;
    if roles || !declared.principals.is_empty() {
        state.principals = principals(session).await?;
    }
    if roles {
        (state.roles, state.now) = self::roles(session).await?;
    }
    let send = async |request| session.client.principals().who_am_i(request).await;
    let me = session.client.call(v1::WhoAmIRequest {}, send).await?;
    state.me = me.principal.map(|principal| principal.id).unwrap_or_default();
    Ok(state)
}

async fn units(session: &Session) -> Result<Vec<v1::Unit>, CliError> {
    pages(None, async |page_token, page_size| {
        let request =
            v1::ListUnitsRequest { page_size, page_token, ..v1::ListUnitsRequest::default() };
        let send = async |request| session.client.units().list_units(request).await;
        let response = session.client.call(request, send).await?;
        Ok((response.units, response.next_page_token))
    })
    .await
}

async fn documents(session: &Session) -> Result<Vec<v1::Document>, CliError> {
    pages(None, async |page_token, page_size| {
        let request = v1::ListDocumentsRequest { page_size, page_token, kind: 0 };
        let send = async |request| session.client.models().list_documents(request).await;
        let response = session.client.call(request, send).await?;
        Ok((response.documents, response.next_page_token))
    })
    .await
}

async fn principals(session: &Session) -> Result<Vec<v1::Principal>, CliError> {
    pages(None, async |page_token, page_size| {
        let request = v1::ListPrincipalsRequest { page_size, page_token, include_disabled: true };
        let send = async |request| session.client.principals().list_principals(request).await;
        let response = session.client.call(request, send).await?;
        Ok((response.principals, response.next_page_token))
    })
    .await
}

async fn roles(
    session: &Session,
) -> Result<(Vec<v1::RoleGrant>, Option<prost_types::Timestamp>), CliError> {
    let mut now = None;
    let roles = pages(None, async |page_token, page_size| {
        let request = v1::ListRolesRequest {
            page_size,
            page_token,
            with_later: true,
            ..v1::ListRolesRequest::default()
        };
        let send = async |request| session.client.roles().list_roles(request).await;
        let response = session.client.call(request, send).await?;
        now = response.coordinate.and_then(|coordinate| coordinate.valid_at);
        Ok((response.roles, response.next_page_token))
    })
    .await?;
    Ok((roles, now))
}

impl State {
    /// The unit with a name.
    #[must_use]
    pub fn unit(&self, name: &str) -> Option<&v1::Unit> {
        self.units.iter().find(|unit| unit.name == name)
    }

    /// The organization, if the caller may see it.
    #[must_use]
    pub fn organization(&self) -> Option<&v1::Unit> {
        self.units.iter().find(|unit| unit.kind() == v1::UnitKind::Organization)
    }

    /// The newest document of a kind with this id, or the one with this digest.
    #[must_use]
    pub fn document(&self, kind: v1::DocumentKind, named: &str) -> Option<&v1::Document> {
        let is_it = |document: &&v1::Document| document.id == named || document.digest == named;
        let of_kind = self.documents.iter().filter(|document| document.kind() == kind);
        of_kind.filter(is_it).max_by_key(|document| document.position)
    }
}
