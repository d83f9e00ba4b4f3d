//! The first events of a new log.

use std::sync::Arc;

use gradus_domain::registry::DocumentKind;
use gradus_domain::{Actor, Proposal};
use gradus_model::event::{LogCreated, PrincipalAdded, RoleGranted, TokenIssued, UnitRegistered};
use gradus_model::unit::{Grade, PrincipalKind, Role, UnitKind};
use gradus_model::{Event, Name, Payload, PrincipalId, RequestId, Timestamp, TokenId, UnitId};

use super::Beginning;
use crate::ahead::Ahead;
use crate::call::{Call, Numbered, random_id};
use crate::error::ServiceError;
use crate::identity::{Secret, secret};
use crate::service::Service;
use crate::writer::PlannedPart;

impl Service {
    /// Writes the first events, in one atomic append, and the admin's token before them.
    pub(super) async fn begin(&self, beginning: &Beginning) -> Result<(), ServiceError> {
        let organization = UnitId(random_id()?);
        let (system, operator) = (PrincipalId(random_id()?), PrincipalId(random_id()?));
        let Secret { text, hash } = secret(PrincipalKind::Person)?;
        self.directory
            .write_secret(&self.directory.admin_token(), &format!("{}\n", text.as_str()))
            .map_err(crate::directory::DirectoryError::from)?;
        let now = self.now();
        let created = LogCreated {
            log: self.log_id,
            organization,
            origin: format!("gradus/{}", self.log_id)
                .parse()
                .map_err(|error| ServiceError::invalid("origin", error))?,
        };
        let mut proposals = vec![
            Proposal::new(Event::LogCreated(created), now),
            added(system, PrincipalKind::System, "system", now),
            added(operator, PrincipalKind::Person, "operator", now),
            Proposal::new(
                Event::TokenIssued(TokenIssued {
                    token: TokenId(random_id()?),
                    principal: operator,
                    hash,
                    expires_at: None,
                }),
                now,
            ),
        ];
        proposals.extend(self.publications(beginning, now)?);
        let registered = UnitRegistered {
            unit: organization,
            kind: UnitKind::Organization,
            parent: None,
            name: beginning.organization.clone(),
        };
        // Settled since ever, so that histories older than the log can be read.
        proposals.push(Proposal::new(Event::UnitRegistered(registered), Timestamp::MIN));
        let adopted = |kind: DocumentKind, id: &Name| {
            let published = proposals.iter().find_map(|proposal| {
                match &proposal.event {
                    Event::ModelPublished(held) if kind == DocumentKind::Model => Some(held),
                    Event::RulesPublished(held) if kind == DocumentKind::Rules => Some(held),
                    _ => None,
                }
                .filter(|held| held.id == *id)
            });
            published.cloned().ok_or_else(|| ServiceError::not_found(kind.name(), id))
        };
        let model = adopted(DocumentKind::Model, &beginning.model)?;
        let rules = adopted(DocumentKind::Rules, &beginning.rules)?;
        proposals.push(Proposal::new(Event::ModelAdopted(model), Timestamp::MIN));
        proposals.push(Proposal::new(Event::RulesAdopted(rules), Timestamp::MIN));
        let granted =
            RoleGranted { principal: operator, role: Role::Admin, unit: organization, until: None };
        // Since ever, so that no clock takes it away.
        proposals.push(Proposal::new(Event::RoleGranted(granted), Timestamp::MIN));
        let actor =
            Actor { principal: system, kind: PrincipalKind::System, grade: Grade::Internal };
        let number = |(item, proposal)| Numbered { item, proposal: Arc::new(proposal) };
        let records = (0..).zip(proposals).map(number).collect();
        let part = PlannedPart { stream: organization, version: 0, records };
        let (call, request) = (Call::by(actor), RequestId(random_id()?));
        let parts = self.sealed(&call, request, &[part], &mut Ahead::default())?;
        self.log.append(gradus_log::Append { parts })?.await?;
        Ok(())
    }

    fn publications(
        &self,
        beginning: &Beginning,
        now: Timestamp,
    ) -> Result<Vec<Proposal>, ServiceError> {
        let mut proposals = Vec::new();
        for shipped in &beginning.documents {
            let held = self.hold(shipped.kind, shipped.file, shipped.text.as_bytes())?;
            let event = match shipped.kind {
                DocumentKind::Model => Event::ModelPublished(held),
                DocumentKind::Rules => Event::RulesPublished(held),
                DocumentKind::Profile => Event::ProfilePublished(held),
            };
            proposals.push(Proposal::new(event, now));
        }
        Ok(proposals)
    }
}

fn added(principal: PrincipalId, kind: PrincipalKind, name: &str, now: Timestamp) -> Proposal {
    Proposal::new(Event::PrincipalAdded(PrincipalAdded { principal, kind, by: None }), now)
        .with(Payload::empty().with("name", name))
}
