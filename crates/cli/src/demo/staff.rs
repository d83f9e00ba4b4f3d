//! Who acts in the demo: the operator, a tool, a reviewer, an assessor and the rule rater.

use std::time::Duration;

use gradus_wire::v1;

use crate::client::Client;
use crate::error::CliError;

const PERSON: v1::PrincipalKind = v1::PrincipalKind::Person;
const SERVICE: v1::PrincipalKind = v1::PrincipalKind::Service;

/// The name of the root unit, where the demo begins.
const ORGANIZATION: &str = "organization";

const TIMEOUT: Duration = Duration::from_mins(1);

/// Clients with a token each; every event tells which of them caused it.
pub(crate) struct Staff {
    /// Registers units and settles things.
    pub(crate) operator: Client,
    /// A service account that pushes evidence.
    pub(crate) tool: Client,
    /// A person who reviews what the tools push.
    pub(crate) reviewer: Client,
    /// A person who rates what was reviewed.
    pub(crate) assessor: Client,
    /// A service account on whose behalf the rule rater runs.
    pub(crate) rule: Client,
}

impl Staff {
    /// Adds the principals and gets a token for each.
    pub(crate) async fn hire(server: &str, token: &str) -> Result<Self, CliError> {
        let operator = Client::new(server, Some(token), TIMEOUT)?;
        let tool = hired(server, &operator, "git-facts", SERVICE, v1::Role::Collector).await?;
        let reviewer = hired(server, &operator, "reviewer", PERSON, v1::Role::Assessor).await?;
        let assessor = hired(server, &operator, "assessor", PERSON, v1::Role::Assessor).await?;
        let rule = hired(server, &operator, "rule-rater", SERVICE, v1::Role::Assessor).await?;
        Ok(Self { operator, tool, reviewer, assessor, rule })
    }
}

async fn hired(
    server: &str,
    operator: &Client,
    name: &str,
    kind: v1::PrincipalKind,
    role: v1::Role,
) -> Result<Client, CliError> {
    let added = v1::AddPrincipalRequest { append: None, name: name.to_owned(), kind: kind.into() };
    let principals = operator.principals();
    operator.call(added, async |request| principals.clone().add_principal(request).await).await?;
    let granted = v1::GrantRoleRequest {
        principal: name.to_owned(),
        role: role.into(),
        unit: ORGANIZATION.to_owned(),
        ..Default::default()
    };
    let roles = operator.roles();
    operator.call(granted, async |request| roles.clone().grant_role(request).await).await?;
    let asked = v1::IssueTokenRequest { principal: name.to_owned(), ..Default::default() };
    let issued =
        operator.call(asked, async |request| principals.clone().issue_token(request).await).await?;
    Client::new(server, Some(&issued.secret), TIMEOUT)
}
