//! The review queue: what waits in the units on which somebody may review, oldest first.
//!
//! Cost: each unit in sight is asked for what waits in it, which does not depend on what else it
//! holds. A unit that was idle for long is recalled from its stream first.

use std::sync::Arc;

use gradus_domain::At;
use gradus_domain::history::{EvidenceHistory, UnitHistory};
use gradus_domain::queue::waiting;
use gradus_domain::rollup::members;
use gradus_model::event::Document;
use gradus_model::evidence::Kind;
use gradus_model::{Period, Target, Timestamp, UnitId};

use crate::access::{Caller, sees};
use crate::coordinate::Resolved;
use crate::error::ServiceError;
use crate::evidence::AskedPractice;
use crate::service::Service;
use crate::units::AskedArea;

/// Which of what waits is asked for.
#[derive(Clone, Debug)]
pub struct AskedQueue {
    /// The unit; none for all on which the caller may review.
    pub unit: Option<String>,
    /// Whether the units below it are meant, too.
    pub below: bool,
    /// Only what was recorded before this moment.
    pub before: Option<Timestamp>,
    /// Only what waits for longer than this.
    pub longer_than: Option<Period>,
    /// Only items that speak for this practice.
    pub practice: Option<AskedPractice>,
    /// Only items that speak for a practice of this area.
    pub area: Option<AskedArea>,
    /// Only items of these kinds; none for all.
    pub kinds: Vec<Kind>,
    /// Only items of the source with this name.
    pub source: Option<String>,
    /// The position of the first item that may be told.
    pub from: u64,
    /// The most items to tell.
    pub most: usize,
    /// Whether what waits in each unit is counted.
    pub counted: bool,
}

/// An item that waits.
#[derive(Clone, Debug)]
pub struct Waits {
    /// Where it waits.
    pub unit: UnitId,
    /// The item.
    pub item: EvidenceHistory,
    /// The practices it speaks for.
    pub practices: Vec<Target>,
}

/// What waits in a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitsInUnit {
    /// The unit.
    pub unit: UnitId,
    /// How many items.
    pub waiting: u64,
    /// When the oldest of them was recorded.
    pub oldest: Timestamp,
    /// Where.
    pub position: u64,
}

/// A part of the queue.
#[derive(Clone, Debug)]
pub struct Queue {
    /// The unit that was named.
    pub unit: Option<UnitId>,
    /// The items, oldest first.
    pub items: Vec<Waits>,
    /// The position of the next item, if there are more.
    pub next: Option<u64>,
    /// What waits in each unit, if that was asked for: those with the oldest items first.
    pub units: Vec<WaitsInUnit>,
}

impl Service {
    /// What waits for a review at a resolved point.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for an unknown unit, area or rules, and a refusal for a practice
    /// that is in no model that is meant.
    pub async fn review_queue(
        self: &Arc<Self>,
        by: &Caller,
        resolved: &Resolved,
        rules: Option<&str>,
        asked: AskedQueue,
    ) -> Result<Queue, ServiceError> {
        let at = resolved.at();
        let rules = self.rules_named(rules)?;
        let unit = asked.unit.as_deref().map(|unit| self.unit(by, unit)).transpose()?;
        let organization = self.views().registry.organization;
        if let Some(scope) = unit.or(organization) {
            if let Some(practice) = &asked.practice {
                self.check_practice(scope, at, practice)?;
            }
            if let Some(area) = &asked.area {
                self.check_area(scope, at, area)?;
            }
        }
        let units = self.to_review(by, unit, asked.below, at);
        for unit in &units {
            self.recalled(*unit).await?;
        }
        self.apart(move |service| Ok(service.queue_of(unit, &units, at, rules.as_ref(), &asked)))
            .await
    }

    /// The units that a queue is over: only those on which the caller may review.
    fn to_review(&self, by: &Caller, unit: Option<UnitId>, below: bool, at: At) -> Vec<UnitId> {
        let (sight, now) = (self.sight(by), self.now());
        let views = self.views();
        let Some(scope) = unit.or(views.registry.organization) else { return Vec::new() };
        if unit.is_some() && !below {
            return vec![scope];
        }
        members(&views.registry, scope, at, |unit| sees(&views, &sight, unit.id, now))
    }

    fn queue_of(
        &self,
        unit: Option<UnitId>,
        units: &[UnitId],
        at: At,
        rules: Option<&Document>,
        asked: &AskedQueue,
    ) -> Queue {
        let (views, library) = (self.views(), self.library());
        let mut found: Vec<(UnitId, &UnitHistory, &EvidenceHistory)> = Vec::new();
        let mut counts = Vec::new();
        for unit in units {
            let Some(history) = views.history(*unit) else { continue };
            // Without rules in force nothing is trusted, so that everything waits.
            let basis = views.basis(&library, *unit, at, rules.cloned()).ok();
            let read_rules = basis.as_ref().map(|basis| &*basis.read_rules);
            let waiting = waiting(history, at.size, asked.from, read_rules, &views.registry);
            let mut fitting = waiting.into_iter().filter(|item| asked.fits(history, item, at));
            // One more than fits on the page tells where the next one begins.
            let first: Vec<_> = fitting.by_ref().take(asked.most + 1).collect();
            if let Some(oldest) = first.first().filter(|_| asked.counted) {
                counts.push(WaitsInUnit {
                    unit: *unit,
                    waiting: (first.len() + fitting.count()) as u64,
                    oldest: oldest.recorded_at,
                    position: oldest.position,
                });
            }
            found.extend(first.into_iter().map(|item| (*unit, history, item)));
        }
        found.sort_unstable_by_key(|(_, _, item)| item.position);
        counts.sort_unstable_by_key(|count| count.position);
        let next = found.get(asked.most).map(|(_, _, item)| item.position);
        let told = found.into_iter().take(asked.most).map(|(unit, history, item)| Waits {
            unit,
            item: item.clone(),
            practices: history.practices_of(item.id, at.size).into_iter().cloned().collect(),
        });
        Queue { unit, items: told.collect(), next, units: counts }
    }
}

impl AskedQueue {
    fn fits(&self, history: &UnitHistory, item: &EvidenceHistory, at: At) -> bool {
        let waits = |period: &Period| period.after(item.recorded_at) < at.valid_at;
        self.before.is_none_or(|before| item.recorded_at < before)
            && self.longer_than.as_ref().is_none_or(waits)
            && (self.kinds.is_empty() || self.kinds.contains(&item.kind))
            && self.source.as_deref().is_none_or(|source| item.source.name.as_str() == source)
            && self.speaks(history, item, at)
    }

    fn speaks(&self, history: &UnitHistory, item: &EvidenceHistory, at: At) -> bool {
        if self.practice.is_none() && self.area.is_none() {
            return true;
        }
        let of_practice = |target: &Target| {
            self.practice.as_ref().is_none_or(|asked| {
                target.practice == asked.practice
                    && asked.model.as_ref().is_none_or(|model| *model == target.model)
            })
        };
        let of_area = |target: &Target| {
            self.area.as_ref().is_none_or(|asked| {
                target.practice.area() == asked.area
                    && asked.model.as_ref().is_none_or(|model| *model == target.model)
            })
        };
        let practices = history.practices_of(item.id, at.size);
        practices.into_iter().any(|target| of_practice(target) && of_area(target))
    }
}
