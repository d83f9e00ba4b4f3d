//! Units: registering them in the tree, and what they settle for themselves.

mod asked;

use std::sync::Arc;

use gradus_domain::access::Right;
use gradus_domain::registry::{DocumentKind, MOST_SUCCESSORS};
use gradus_domain::{At, Proposal, Refusal, UnitHistory};
use gradus_model::event::{
    AreaInheritanceSet, Document, MarkerPlaced, PhaseChange, Tailoring, UnitArchived, UnitLabelled,
    UnitMoved, UnitRegistered, UnitRenamed, UnitSucceeded,
};
use gradus_model::unit::{Context, Inheritance, MarkerKind, Phase, UnitKind};
use gradus_model::{Event, Label, Name, Payload, Timestamp, UnitId};

use crate::access::named;
use crate::ahead::Texts;
use crate::append::{Queued, organization};
use crate::call::{Batch, Call, Naming, Numbered, Receipt};
use crate::error::ServiceError;
use crate::service::{Service, unit_in};
use crate::writer::Writer;

pub use asked::AskedArea;

/// A unit to be registered.
#[derive(Clone, Debug)]
pub struct Registration {
    /// Team or project.
    pub kind: UnitKind,
    /// Its name.
    pub name: Name,
    /// The unit above it; the organization if there is neither parent nor team.
    pub parent: Option<String>,
    /// For a project: the name of the team above it, registered with it if it is unknown.
    pub team: Option<Name>,
    /// When it came to be.
    pub effective_at: Option<Timestamp>,
}

/// A unit that was registered.
#[derive(Clone, Debug)]
pub struct Registered {
    /// What was recorded.
    pub receipt: Receipt,
    /// The unit.
    pub unit: UnitId,
    /// The team that was named, and whether this call registered it.
    pub team: Option<UnitId>,
}

const TEAM: u32 = 0;
const UNIT: u32 = 1;

impl Service {
    /// Records proposals in one unit's stream.
    pub(crate) async fn append_to_unit(
        &self,
        call: &Call,
        unit: &str,
        propose: impl Fn(&Writer, &Naming, UnitId) -> Result<Vec<Proposal>, ServiceError>,
    ) -> Result<Receipt, ServiceError> {
        let queued = self.queue_to_unit(call, unit, Texts::Unknown, |_| true, propose).await?;
        self.awaited(call.await_checkpoint, queued.durable().await?).await
    }

    /// As [`Self::append_to_unit`], up to the place of the records in the log's queue.
    ///
    /// `asks` says whether what is proposed rests on items and ratings of the unit's history.
    pub(crate) async fn queue_to_unit(
        &self,
        call: &Call,
        unit: &str,
        texts: Texts<'_>,
        asks: impl Fn(&UnitHistory) -> bool,
        propose: impl Fn(&Writer, &Naming, UnitId) -> Result<Vec<Proposal>, ServiceError>,
    ) -> Result<Queued, ServiceError> {
        let (who, now) = (call.actor.principal, self.views().moment(self.now()));
        let found = |writer: &Writer| named(&writer.registry, who, Right::See, unit, now);
        if let Ok(known) = self.seen(call, unit) {
            self.recalled_if(known, asks).await?;
        }
        self.queue(
            call,
            texts,
            |writer, _| found(writer),
            |writer, naming| {
                // Judged just now, under the same lock.
                let unit = unit_in(&writer.registry, unit)?;
                Ok(vec![Batch::new(unit, propose(writer, naming, unit)?)])
            },
        )
        .await
    }

    /// Records one proposal in the organization's stream; at the answer, the views have read it.
    pub(crate) async fn append_to_organization(
        &self,
        call: &Call,
        proposal: Proposal,
    ) -> Result<Receipt, ServiceError> {
        let receipt = self
            .append(
                call,
                |writer, _| organization(&writer.registry),
                |writer, _| {
                    let stream = organization(&writer.registry)?;
                    Ok(vec![Batch::new(stream, vec![proposal.clone()])])
                },
            )
            .await?;
        // A revoked token is refused from the answer on, and a new name is found.
        self.caught_up(None).await?;
        Ok(receipt)
    }

    /// Registers a unit, and the team it names if that is unknown, all or nothing.
    pub async fn register_unit(
        &self,
        call: &Call,
        new: &Registration,
    ) -> Result<Registered, ServiceError> {
        if new.team.is_some() && new.parent.is_some() {
            return Err(ServiceError::invalid("team", "a parent is given, too: give one of them"));
        }
        let now = self.now();
        let receipt = self
            .append(
                call,
                |writer, _| organization(&writer.registry),
                |writer, naming| registrations(writer, naming, (call, new), now),
            )
            .await?;
        let naming = self.naming(call, receipt.request);
        let team = new.team.as_ref().and_then(|team| self.seen(call, team.as_str()).ok());
        let unit = naming.unit(UNIT);
        self.caught_up(None).await?;
        Ok(Registered {
            unit,
            team: team.or_else(|| new.team.as_ref().map(|_| naming.unit(TEAM))),
            receipt,
        })
    }

    /// Gives a unit another name.
    pub async fn rename_unit(
        &self,
        call: &Call,
        unit: &str,
        name: &Name,
        at: Option<Timestamp>,
    ) -> Result<Receipt, ServiceError> {
        let (who, now) = (call.actor.principal, self.now());
        // A rename sent again no longer finds the old name: it means the unit that had it.
        let known = self.seen(call, unit).or_else(|unknown| {
            let former = unit.parse::<Name>().ok();
            let views = self.views();
            let found = former.and_then(|former| views.registry.unit_once_named(&former));
            let Some(found) = found.filter(|found| found.name() == Some(name)) else {
                return Err(unknown);
            };
            let judged = views.moment(now);
            let found = named(&views.registry, who, Right::See, &found.id.to_string(), judged);
            // One that is hidden is spoken of by the name that was asked for, too.
            found.map_err(|_| unknown)
        });
        let renamed = UnitRenamed { unit: known?, name: name.clone() };
        let proposal = Proposal::at(Event::UnitRenamed(renamed), at, now);
        self.append_to_organization(call, proposal).await
    }

    /// Places a unit below another one.
    pub async fn move_unit(
        &self,
        call: &Call,
        unit: &str,
        parent: &str,
        at: Option<Timestamp>,
    ) -> Result<Receipt, ServiceError> {
        let moved = UnitMoved { unit: self.seen(call, unit)?, parent: self.seen(call, parent)? };
        let proposal = Proposal::at(Event::UnitMoved(moved), at, self.now());
        self.append_to_organization(call, proposal).await
    }

    /// Ends a unit; its history stays.
    pub async fn archive_unit(
        &self,
        call: &Call,
        unit: &str,
        reason: &str,
        at: Option<Timestamp>,
    ) -> Result<Receipt, ServiceError> {
        let archived = UnitArchived { unit: self.seen(call, unit)? };
        let proposal = Proposal::at(Event::UnitArchived(archived), at, self.now());
        self.append_to_organization(call, proposal.with(reason_payload(reason))).await
    }

    /// Says in which units a unit's work goes on: several after a split, one after a merge.
    pub async fn succeed_unit(
        &self,
        call: &Call,
        unit: &str,
        successors: &[String],
        at: Option<Timestamp>,
    ) -> Result<Receipt, ServiceError> {
        if successors.len() > MOST_SUCCESSORS {
            let (field, seen, limit) = ("successors", successors.len(), MOST_SUCCESSORS);
            return Err(Refusal::TooMany { field, seen, limit }.into());
        }
        let unit = self.seen(call, unit)?;
        let mut successors =
            successors.iter().map(|name| self.seen(call, name)).collect::<Result<Vec<_>, _>>()?;
        successors.sort();
        successors.dedup();
        let event = Event::UnitSucceeded(UnitSucceeded { unit, successors });
        self.append_to_organization(call, Proposal::at(event, at, self.now())).await
    }

    /// Adopts a published document: the newest with an id, or the one with a digest.
    pub async fn adopt(
        &self,
        call: &Call,
        unit: &str,
        kind: DocumentKind,
        document: &str,
        at: Option<Timestamp>,
    ) -> Result<(Receipt, Document), ServiceError> {
        let found = {
            let views = self.views();
            let found = views.registry.document(kind, document, u64::MAX);
            let found = found.ok_or_else(|| ServiceError::not_found(kind.name(), document))?;
            Document { id: found.id.clone(), digest: found.digest }
        };
        let event = match kind {
            DocumentKind::Model => Event::ModelAdopted(found.clone()),
            DocumentKind::Rules => Event::RulesAdopted(found.clone()),
            DocumentKind::Profile => Event::ProfileAdopted(found.clone()),
        };
        let proposal = Proposal::at(event, at, self.now());
        let receipt = self.append_to_unit(call, unit, |_, _, _| Ok(vec![proposal.clone()])).await?;
        Ok((receipt, found))
    }

    /// Says that an area applies to a unit, or does not, and why.
    pub async fn tailor_area(
        &self,
        call: &Call,
        unit: &str,
        area: &AskedArea,
        applicable: bool,
        reason: &str,
        at: Option<Timestamp>,
    ) -> Result<Receipt, ServiceError> {
        let now = self.now();
        self.append_to_unit(call, unit, |writer, _, id| {
            let tailoring = Tailoring { area: self.area_in(writer, id, area, at.unwrap_or(now))? };
            let event = if applicable {
                Event::AreaTailoredIn(tailoring)
            } else {
                Event::AreaTailoredOut(tailoring)
            };
            Ok(vec![Proposal::at(event, at, now).with(reason_payload(reason))])
        })
        .await
    }

    /// Says where a unit's level of an area is answered from.
    pub async fn set_area_inheritance(
        &self,
        call: &Call,
        unit: &str,
        area: &AskedArea,
        inheritance: Inheritance,
        at: Option<Timestamp>,
    ) -> Result<Receipt, ServiceError> {
        let now = self.now();
        self.append_to_unit(call, unit, |writer, _, id| {
            let area = self.area_in(writer, id, area, at.unwrap_or(now))?;
            let event = Event::AreaInheritanceSet(AreaInheritanceSet { area, inheritance });
            Ok(vec![Proposal::at(event, at, now)])
        })
        .await
    }

    /// Records a unit's circumstances.
    pub async fn record_context(
        &self,
        call: &Call,
        unit: &str,
        context: &Context,
        at: Option<Timestamp>,
    ) -> Result<Receipt, ServiceError> {
        self.settle(call, unit, Event::ContextRecorded(context.clone()), at).await
    }

    /// Gives a unit a set of labels in place of those it had; an empty one takes them away.
    pub async fn label_unit(
        &self,
        call: &Call,
        unit: &str,
        mut labels: Vec<Label>,
        at: Option<Timestamp>,
    ) -> Result<Receipt, ServiceError> {
        labels.sort();
        labels.dedup();
        self.settle(call, unit, Event::UnitLabelled(UnitLabelled { labels }), at).await
    }

    /// Records that a life-cycle phase began or ended.
    pub async fn change_phase(
        &self,
        call: &Call,
        unit: &str,
        phase: Phase,
        entered: bool,
        at: Option<Timestamp>,
    ) -> Result<Receipt, ServiceError> {
        let change = PhaseChange { phase };
        let event = if entered { Event::PhaseEntered(change) } else { Event::PhaseLeft(change) };
        self.settle(call, unit, event, at).await
    }

    /// Names an instant of a unit's life.
    pub async fn place_marker(
        &self,
        call: &Call,
        unit: &str,
        kind: MarkerKind,
        label: &Label,
        at: Option<Timestamp>,
    ) -> Result<Receipt, ServiceError> {
        let placed = MarkerPlaced { kind, label: label.clone() };
        self.settle(call, unit, Event::MarkerPlaced(placed), at).await
    }

    async fn settle(
        &self,
        call: &Call,
        unit: &str,
        event: Event,
        at: Option<Timestamp>,
    ) -> Result<Receipt, ServiceError> {
        let proposal = Proposal::at(event, at, self.now());
        self.append_to_unit(call, unit, |_, _, _| Ok(vec![proposal.clone()])).await
    }
}

fn registrations(
    writer: &Writer,
    naming: &Naming,
    (call, new): (&Call, &Registration),
    now: Timestamp,
) -> Result<Vec<Batch>, ServiceError> {
    let organization = organization(&writer.registry)?;
    let (registry, who) = (&writer.registry, call.actor.principal);
    let judged = writer.moment(now);
    let sees = |unit| registry.rights(who, unit, At::with_everything(judged)).have(Right::See);
    let register = |item: u32, kind, parent, name: &Name| {
        let registered = UnitRegistered {
            unit: naming.unit(item),
            kind,
            parent: Some(parent),
            name: name.clone(),
        };
        let proposal = Proposal::at(Event::UnitRegistered(registered), new.effective_at, now);
        Numbered { item, proposal: Arc::new(proposal) }
    };
    let mut proposals = Vec::new();
    let parent = match (&new.team, &new.parent) {
        (Some(team), _) => match writer.registry.unit_named(team) {
            // The team that this very call registered is proposed again when it is replayed.
            Some(known) if known.id != naming.unit(TEAM) => {
                // A hidden team looks like one that would have to be registered.
                if !sees(known.id) {
                    let missing = registry.need(who, Right::Settle, organization, judged);
                    missing
                        .map_err(|refusal| ServiceError::Refused { item: Some(TEAM), refusal })?;
                }
                known.id
            }
            _ => {
                proposals.push(register(TEAM, UnitKind::Team, organization, team));
                naming.unit(TEAM)
            }
        },
        (None, Some(parent)) => named(registry, who, Right::See, parent, judged)?,
        (None, None) => organization,
    };
    proposals.push(register(UNIT, new.kind, parent, &new.name));
    Ok(vec![Batch { stream: organization, proposals }])
}

pub(crate) fn reason_payload(reason: &str) -> Payload {
    Payload::empty().with("reason", reason)
}
