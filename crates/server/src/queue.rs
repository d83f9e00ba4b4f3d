//! `ListReviewQueue`.

use gradus_model::evidence::Kind;
use gradus_model::{Period, Timestamp};
use gradus_service::queue::{AskedQueue, Waits, WaitsInUnit};
use gradus_service::{Caller, ServiceError};
use gradus_wire::v1 as wire;

use crate::api::Api;
use crate::convert::{self, instant, timestamp, unit_ref};
use crate::page::{self, Page};

/// Whole seconds from one moment to another; 0 where that lies before.
fn seconds(from: Timestamp, to: Timestamp) -> u64 {
    let micros = to.micros().saturating_sub(from.micros());
    u64::try_from(micros / 1_000_000).unwrap_or_default()
}

fn wanted(asked: &wire::ListReviewQueueRequest, page: &Page) -> Result<AskedQueue, ServiceError> {
    let said = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let kind = |kind: &i32| convert::word("kinds", *kind, Kind::from_number);
    let practice = said(&asked.practice);
    let area = said(&asked.area);
    Ok(AskedQueue {
        unit: said(&asked.unit),
        below: asked.include_below,
        before: instant("recorded_before", asked.recorded_before.as_ref())?,
        longer_than: convert::optional::<Period>("longer_than", &asked.longer_than)?,
        practice: practice.map(|given| convert::practice("practice", &given)).transpose()?,
        area: area.map(|given| convert::area("area", &given)).transpose()?,
        kinds: asked.kinds.iter().map(kind).collect::<Result<_, _>>()?,
        source: said(&asked.source),
        from: page.from,
        most: page.size,
        counted: page.log_size().is_none(),
    })
}

/// A position or count among the facts of a digest.
fn number(of: u64) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}

impl Api {
    /// A page of what waits for a review.
    pub(crate) async fn page_of_queue(
        &self,
        by: &Caller,
        mut asked: wire::ListReviewQueueRequest,
    ) -> Result<wire::ListReviewQueueResponse, ServiceError> {
        let (size, token) = (asked.page_size, std::mem::take(&mut asked.page_token));
        asked.page_size = 0;
        let page = Page::read("review-queue", size, &token, &asked)?;
        let coordinate = convert::coordinate(asked.coordinate.as_ref(), asked.min_size)?;
        let rules = coordinate.rules.clone();
        let wanted = wanted(&asked, &page)?;
        let resolved = self.service.resolve(&page.pin(coordinate)).await?;
        let queue = self.service.review_queue(by, &resolved, rules.as_deref(), wanted).await?;
        let mut entries = Vec::with_capacity(queue.items.len());
        let mut items = Vec::with_capacity(queue.items.len());
        for Waits { unit, item, practices } in queue.items {
            let (id, position) = (item.id, item.position);
            let waits_seconds = seconds(item.recorded_at, resolved.valid_at);
            let own = item.provider == by.actor.principal;
            let found = vec![(item, practices)];
            let shown = self.shown(by, unit, &resolved, rules.as_deref(), found).await?;
            let evidence = shown.into_iter().next();
            items.push(wire::WaitingEvidence { evidence, waits_seconds, own });
            entries.push((id.0, vec![number(position)]));
        }
        let fitting = page::fitting(&items);
        let cut = entries.get(fitting).and_then(|(_, facts)| facts.first());
        let next = cut.and_then(|position| u64::try_from(*position).ok()).or(queue.next);
        items.truncate(fitting);
        entries.truncate(fitting);
        let counted = queue.units.iter();
        entries.extend(
            counted
                .map(|count| (count.unit.0, vec![number(count.waiting), number(count.position)])),
        );
        let digest = self.service.list_digest("review-queue", queue.unit, &resolved, &entries);
        let units = queue.units.iter().map(|count| self.waiting_in(count, resolved.valid_at));
        Ok(wire::ListReviewQueueResponse {
            items,
            next_page_token: page.next(next, &resolved),
            coordinate: Some(convert::resolved(&resolved)),
            digest: digest.0.to_vec(),
            units: units.collect(),
        })
    }

    fn waiting_in(&self, count: &WaitsInUnit, valid_at: Timestamp) -> wire::WaitingInUnit {
        wire::WaitingInUnit {
            unit: Some(unit_ref(&self.service, count.unit)),
            waiting: count.waiting,
            oldest_at: Some(timestamp(count.oldest)),
            oldest_waits_seconds: seconds(count.oldest, valid_at),
        }
    }
}
