//! The handlers of `SourceService`.

use std::cmp::Reverse;

use gradus_domain::impact::{Impact, LevelMove, Reach};
use gradus_domain::registry::Distrust;
use gradus_domain::scheme::Levels;
use gradus_model::suspect::{Suspect, Versioned};
use gradus_service::sources::{AskedSuspect, Statement};
use gradus_service::{Coordinate, Service, ServiceError};
use gradus_wire::v1 as wire;
use gradus_wire::v1::source_service_server::SourceService;
use gradus_wire::v1::suspect::Suspect as Sort;
use tonic::Request;

use crate::api::{Api, Reply, reply};
use crate::auth::open;
use crate::convert::{self, instant, movement, principal_ref, timestamp, unit_ref};
use crate::page::Page;
use crate::principals::MOST_REASON;

/// The most units, and the most levels, that an answer tells one by one.
const MOST_TOLD: usize = 1_000;

pub(crate) fn suspect(given: Option<&wire::Suspect>) -> Result<AskedSuspect, ServiceError> {
    let versioned = |field: &str, given: &wire::VersionedName| {
        Ok::<_, ServiceError>(Versioned {
            name: convert::text(format_args!("{field}.name"), &given.name)?,
            version: convert::optional(format_args!("{field}.version"), &given.version)?,
        })
    };
    match convert::needed("suspect", given.and_then(|given| given.suspect.as_ref()))? {
        Sort::Principal(name) => Ok(AskedSuspect::Principal(name.clone())),
        Sort::Tool(of) => versioned("suspect.tool", of).map(AskedSuspect::Tool),
        Sort::Mapping(of) => versioned("suspect.mapping", of).map(AskedSuspect::Mapping),
        Sort::Source(name) => convert::text("suspect.source", name).map(AskedSuspect::Source),
    }
}

fn told_suspect(from: &Suspect) -> wire::Suspect {
    let versioned = |of: &Versioned| wire::VersionedName {
        name: of.name.to_string(),
        version: of.version.as_ref().map(ToString::to_string).unwrap_or_default(),
    };
    let suspect = match from {
        Suspect::Principal(id) => Sort::Principal(id.to_string()),
        Suspect::Tool(of) => Sort::Tool(versioned(of)),
        Suspect::Mapping(of) => Sort::Mapping(versioned(of)),
        Suspect::Source(name) => Sort::Source(name.to_string()),
    };
    wire::Suspect { suspect: Some(suspect) }
}

fn statement(service: &Service, from: Statement) -> wire::SourceStatement {
    wire::SourceStatement {
        position: from.position,
        recorded_at: Some(timestamp(from.recorded_at)),
        by: Some(principal_ref(service, from.by)),
        reason: from.reason.unwrap_or_default(),
    }
}

async fn distrust(service: &Service, from: &Distrust) -> Result<wire::Distrust, ServiceError> {
    let restored = match from.restored {
        Some(position) => Some(service.source_statement(position).await?),
        None => None,
    };
    let principal = match from.suspect {
        Suspect::Principal(id) => Some(principal_ref(service, id)),
        Suspect::Tool(_) | Suspect::Mapping(_) | Suspect::Source(_) => None,
    };
    let distrusted = service.source_statement(from.position).await?;
    Ok(wire::Distrust {
        position: from.position,
        suspect: Some(told_suspect(&from.suspect)),
        principal,
        from: from.from.map(timestamp),
        until: from.until.map(timestamp),
        distrusted: Some(statement(service, distrusted)),
        restored: restored.map(|restored| statement(service, restored)),
    })
}

pub(crate) fn impact(service: &Service, (log_size, mut from): (u64, Impact)) -> wire::SourceImpact {
    from.reach.sort_by_key(|reach| (Reverse(reach.items), reach.unit));
    // Stable: by unit and area within those that move now, and within the others.
    from.moves.sort_by_key(|moved| moved.before == moved.after);
    wire::SourceImpact {
        log_size,
        items: from.reach.iter().map(|reach| reach.items).sum(),
        units_total: from.reach.len() as u64,
        units: from.reach.iter().take(MOST_TOLD).map(|reach| reached(service, reach)).collect(),
        levels_total: from.moves.len() as u64,
        levels: from.moves.iter().take(MOST_TOLD).map(|moved| level(service, moved)).collect(),
    }
}

fn reached(service: &Service, from: &Reach) -> wire::ReachedUnit {
    wire::ReachedUnit {
        unit: Some(unit_ref(service, from.unit)),
        items: from.items,
        first: Some(timestamp(from.first)),
        last: Some(timestamp(from.last)),
    }
}

fn level(service: &Service, from: &LevelMove) -> wire::MovedLevel {
    let rated = |levels: Option<Levels>| levels.map(|of| convert::level_answer(of.rated));
    let ongoing = |levels: Option<Levels>| levels.map(|of| convert::level_answer(of.ongoing));
    wire::MovedLevel {
        unit: Some(unit_ref(service, from.unit)),
        area: movement::area(&from.area),
        rated_before: rated(from.before),
        rated_after: rated(from.after),
        ongoing_before: ongoing(from.before),
        ongoing_after: ongoing(from.after),
        since: Some(timestamp(from.since)),
        now: from.before != from.after,
    }
}

#[tonic::async_trait]
impl SourceService for Api {
    async fn distrust_source(
        &self,
        request: Request<wire::DistrustSourceRequest>,
    ) -> Reply<wire::DistrustSourceResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let suspect = suspect(asked.suspect.as_ref())?;
            let from = instant("from", asked.from.as_ref())?;
            let until = instant("until", asked.until.as_ref())?;
            convert::bounded_text("reason", &asked.reason, MOST_REASON)?;
            let (service, reason) = (&self.service, &asked.reason);
            let judged = service.distrust_source(&call, &suspect, (from, until), reason).await?;
            Ok(wire::DistrustSourceResponse {
                receipt: self.told(&judged.receipt),
                impact: judged.impact.map(|found| impact(service, found)),
            })
        })
        .await
    }

    async fn restore_source(
        &self,
        request: Request<wire::RestoreSourceRequest>,
    ) -> Reply<wire::RestoreSourceResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            convert::bounded_text("reason", &asked.reason, MOST_REASON)?;
            let service = &self.service;
            let judged = service.restore_source(&call, asked.distrust, &asked.reason).await?;
            Ok(wire::RestoreSourceResponse {
                receipt: self.told(&judged.receipt),
                impact: judged.impact.map(|found| impact(service, found)),
            })
        })
        .await
    }

    async fn list_distrusted(
        &self,
        request: Request<wire::ListDistrustedRequest>,
    ) -> Reply<wire::ListDistrustedResponse> {
        let (by, mut asked) = open(request)?;
        reply(async {
            let (size, token) = (asked.page_size, std::mem::take(&mut asked.page_token));
            asked.page_size = 0;
            let page = Page::read("distrusts", size, &token, &asked)?;
            let mut found = self.service.distrusts(&by, asked.include_restored)?;
            let resolved = self.service.resolve(&page.pin(Coordinate::default())).await?;
            // Newer ones come first, and would move the others to the next page.
            found.retain(|known| known.position < resolved.log_size);
            let from = usize::try_from(page.from).unwrap_or(usize::MAX);
            let end = from.saturating_add(page.size).min(found.len());
            let next = (end < found.len()).then_some(end as u64);
            let mut distrusts = Vec::new();
            for known in found.iter().skip(from).take(page.size) {
                distrusts.push(distrust(&self.service, known).await?);
            }
            let next_page_token = page.next(next, &resolved);
            Ok(wire::ListDistrustedResponse { distrusts, next_page_token })
        })
        .await
    }
}
