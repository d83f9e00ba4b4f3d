//! Bad sources: distrusting them, taking that back, and what either would do.

use std::sync::Arc;

use gradus_domain::access::Right;
use gradus_domain::impact::{Impact, impact};
use gradus_domain::registry::Distrust;
use gradus_domain::{Proposal, UnitHistory};
use gradus_model::event::{SourceDistrusted, SourceRestored};
use gradus_model::suspect::{Suspect, Versioned};
use gradus_model::{Event, ForeignId, PrincipalId, Timestamp, UnitId};

use crate::access::Caller;
use crate::call::{Call, Receipt};
use crate::coordinate::{Coordinate, Resolved};
use crate::error::ServiceError;
use crate::service::Service;
use crate::units::reason_payload;

/// A source as a caller names it.
#[derive(Clone, Debug)]
pub enum AskedSuspect {
    /// A principal, by name or id.
    Principal(String),
    /// A tool.
    Tool(Versioned),
    /// A mapping, or one rule of it.
    Mapping(Versioned),
    /// The name of a system.
    Source(ForeignId),
}

/// What came of a fact on a source: what was recorded, or what would follow.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What was recorded.
    pub receipt: Receipt,
    /// What would follow, and how much was known then; only where nothing is to be recorded.
    pub impact: Option<(u64, Impact)>,
}

/// A record on a source: who said so, when and why.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Where it was recorded.
    pub position: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Who said so.
    pub by: PrincipalId,
    /// Why; none if that was erased.
    pub reason: Option<String>,
}

impl Service {
    /// Distrusts what a source wrote over an interval of stamps.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Refused`] without the right to administer the organization, without a reason,
    /// or for an unknown principal.
    pub async fn distrust_source(
        self: &Arc<Self>,
        call: &Call,
        asked: &AskedSuspect,
        (from, until): (Option<Timestamp>, Option<Timestamp>),
        reason: &str,
    ) -> Result<Judged, ServiceError> {
        // Permission before existence.
        self.whole(&Caller { right: Right::Administer, ..call.caller() })?;
        let suspect = self.suspect(asked)?;
        let event = Event::SourceDistrusted(SourceDistrusted { suspect, from, until });
        self.judge_source(call, event, reason).await
    }

    /// Takes back the distrust that was recorded at a position.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Refused`] without the right to administer the organization, without a reason,
    /// or where nothing was distrusted at that position.
    pub async fn restore_source(
        self: &Arc<Self>,
        call: &Call,
        distrust: u64,
        reason: &str,
    ) -> Result<Judged, ServiceError> {
        let event = Event::SourceRestored(SourceRestored { distrust });
        self.judge_source(call, event, reason).await
    }

    fn suspect(&self, asked: &AskedSuspect) -> Result<Suspect, ServiceError> {
        Ok(match asked {
            AskedSuspect::Principal(name) => Suspect::Principal(self.principal(name)?.id),
            AskedSuspect::Tool(of) => Suspect::Tool(of.clone()),
            AskedSuspect::Mapping(of) => Suspect::Mapping(of.clone()),
            AskedSuspect::Source(name) => Suspect::Source(name.clone()),
        })
    }

    /// What would be without a source's items that were recorded over an interval of stamps: the
    /// units in sight with such items, and their levels that would move. Nothing is recorded.
    ///
    /// By the rule that tells what a distrust would do, as known at the coordinate.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for an unknown unit or principal, and for one from whom nothing in
    /// sight comes where the caller may not ask about everybody; [`ServiceError::Invalid`] for an
    /// interval that ends before it begins, or other rules than those in force.
    pub async fn without_source(
        self: &Arc<Self>,
        by: &Caller,
        unit: Option<&str>,
        asked: &AskedSuspect,
        (from, until): (Option<Timestamp>, Option<Timestamp>),
        coordinate: &Coordinate,
    ) -> Result<(Resolved, Impact), ServiceError> {
        if coordinate.rules.is_some() {
            let reason = "levels are told by the rules in force: leave it out";
            return Err(ServiceError::invalid("coordinate.rules", reason));
        }
        if let Some((from, until)) = from.zip(until).filter(|(from, until)| until <= from) {
            let reason = format!("{until} is not after {from}, where the interval begins");
            return Err(ServiceError::invalid("until", reason));
        }
        let within = self.units_within(by, unit)?;
        // Whom the caller may not ask about is unknown, unless something in sight comes from them; who is
        // not there is looked into as thoroughly.
        let unseen = match asked {
            AskedSuspect::Principal(name) => self.principal_seen(by, name).err(),
            _ => None,
        };
        let suspect = match self.suspect(asked) {
            Err(_) if unseen.is_some() => Suspect::Principal(PrincipalId([0; 16])),
            found => found?,
        };
        let resolved = self.resolve(coordinate).await?;
        let (size, at) = (resolved.log_size, resolved.valid_at);
        let stated = SourceDistrusted { suspect, from, until };
        let SourceDistrusted { suspect, .. } = stated.clone();
        let items = Distrust { position: size, suspect, from, until, restored: None };
        let units = self.suspected(items).await?;
        self.may_be_asked(&units, size).await?;
        let event = Event::SourceDistrusted(stated);
        let mut found = self
            .apart(move |service| {
                Ok(service.grounded(None, |ground| {
                    impact(ground.world, size, at, &event, &units, ground.own)
                }))
            })
            .await?;
        found.reach.retain(|reach| within.contains(&reach.unit));
        found.moves.retain(|moved| within.contains(&moved.unit));
        match unseen.filter(|_| found.reach.is_empty()) {
            Some(unknown) => Err(unknown),
            None => Ok((resolved, found)),
        }
    }

    async fn judge_source(
        self: &Arc<Self>,
        call: &Call,
        event: Event,
        reason: &str,
    ) -> Result<Judged, ServiceError> {
        let payload = reason_payload(reason);
        let proposal = Proposal::at(event.clone(), None, self.now()).with(payload);
        let receipt = self.append_to_organization(call, proposal).await?;
        if !receipt.validated_only {
            return Ok(Judged { receipt, impact: None });
        }
        let supposed = self.impact_of(event).await?;
        Ok(Judged { receipt, impact: Some(supposed) })
    }

    /// What a fact on a source would do, were it recorded now; with how much is known.
    async fn impact_of(self: &Arc<Self>, event: Event) -> Result<(u64, Impact), ServiceError> {
        let now = self.now();
        let Some(distrust) = self.would_change(&event) else {
            return Ok((self.read_size(), Impact::default()));
        };
        // Read before everything is held still, since all units may have to be.
        let units = self.suspected(distrust).await?;
        self.caught_up(None).await?;
        let size = self.read_size();
        self.may_be_asked(&units, size).await?;
        self.apart(move |service| {
            Ok(service.grounded(None, |ground| {
                (size, impact(ground.world, size, now, &event, &units, ground.own))
            }))
        })
        .await
    }

    /// The distrust that a fact states or takes back, unless it is so already.
    fn would_change(&self, event: &Event) -> Option<Distrust> {
        let views = self.views();
        let in_force = |known: &&Distrust| known.holds(u64::MAX);
        match event {
            Event::SourceDistrusted(SourceDistrusted { suspect, from, until }) => {
                let (suspect, from, until) = (suspect.clone(), *from, *until);
                let position = views.cursor;
                let new = Distrust { position, suspect, from, until, restored: None };
                let same = |known: &Distrust| {
                    *known == Distrust { position: known.position, ..new.clone() }
                };
                let is_so = views.registry.distrusts().filter(in_force).any(same);
                (!is_so).then_some(new)
            }
            Event::SourceRestored(of) => {
                views.registry.distrust_at(of.distrust).filter(in_force).cloned()
            }
            _ => None,
        }
    }

    /// The units with items that a distrust is about. What is forgotten is recalled unit by unit,
    /// and kept only where there are such items.
    pub(crate) async fn suspected(
        self: &Arc<Self>,
        distrust: Distrust,
    ) -> Result<Vec<UnitId>, ServiceError> {
        self.apart(move |service| {
            let all: Vec<UnitId> = service.views().registry.units().map(|unit| unit.id).collect();
            let is_suspected = |unit: &UnitId| {
                let forgotten = service.views().history(*unit).and_then(UnitHistory::forgotten);
                // Nobody waits for the views meanwhile.
                let recalled = forgotten.map(gradus_domain::history::Forgotten::recall);
                let views = service.views();
                match (recalled, views.history(*unit)) {
                    (Some(recalled), Some(history)) => {
                        let suspected = recalled.is_suspected(&distrust);
                        if suspected {
                            // If the stream went on since, whoever asks recalls it.
                            let _ = history.remember(recalled);
                        }
                        suspected
                    }
                    (None, Some(history)) => !history.suspected(&distrust).is_empty(),
                    (_, None) => false,
                }
            };
            Ok(all.into_iter().filter(is_suspected).collect())
        })
        .await
    }

    /// The distrusts, the newest first; with `restored` those that were taken back, too.
    ///
    /// # Errors
    ///
    /// A refusal without the right to administer the organization.
    pub fn distrusts(&self, by: &Caller, restored: bool) -> Result<Vec<Distrust>, ServiceError> {
        self.whole(by)?;
        let views = self.views();
        let all = views.registry.distrusts().rev();
        Ok(all.filter(|known| restored || known.restored.is_none()).cloned().collect())
    }

    /// The record on a source at a position.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for a position that the log does not have.
    pub async fn source_statement(&self, position: u64) -> Result<Statement, ServiceError> {
        let record = self.record_at(position).await?;
        let payload = self.open_payload(&record)?;
        let reason = payload.as_ref().and_then(|texts| texts.get("reason"));
        Ok(Statement {
            position,
            recorded_at: record.recorded.place.recorded_at,
            by: record.recorded.actor,
            reason: reason.map(str::to_owned),
        })
    }
}
