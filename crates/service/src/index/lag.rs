//! While the index lags: it has yet to read records that the views have read.
//!
//! A start that finds it behind serves at once where to catch up would take long. Nor do the views wait
//! for it where units that were pushed to would take long to be read anew, as after a start. The index
//! then reads on by itself, from the log; meanwhile whatever it does not tell is folded from histories,
//! and the answers are the same. Invariant: each record is taken in once and in order, by whoever
//! catches up while it lags, and by whoever follows the log's head from then on.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use gradus_domain::UnitHistory;
use gradus_log::LogError;
use gradus_model::{Recorded, UnitId};
use gradus_projection::projector::{Parked, Tell, unit_by_unit};
use gradus_projection::rebuild::{FEWER_AT_ONCE, Within, discard};
use gradus_projection::{Batch, Projector};
use tokio::sync::watch;

use super::{Index, projector_of, tell_parked};
use crate::error::ServiceError;
use crate::recall;
use crate::service::{CATCH_UP, Service};

/// How many records are taken in at a time: so often is a unit read again of which items are decided on.
/// Those who read the index wait while what they change is written.
const AT_ONCE: usize = 16_384;
/// How many of one unit are, while the views are held still.
const AT_A_TIME: usize = 1_024;
/// What questions recall while the index lags may take so much more room than there is for histories.
const MORE_ROOM: usize = 4;

impl Index {
    /// Whether it has yet to read what the views have read.
    pub(crate) fn lags(&self) -> bool {
        *self.lags.borrow()
    }

    /// Lets those who wait for it look how far it is.
    pub(crate) fn look(&self) {
        self.lags.send_modify(|_| ());
    }

    pub(super) fn end_lag(&self) {
        self.lags.send_replace(false);
    }
}

impl Service {
    /// Lets the index catch up with the views: before anybody is served if that takes no longer than
    /// what one question may take, and otherwise on a task of its own.
    pub(crate) async fn catch_up(self: &Arc<Self>) -> Result<(), ServiceError> {
        let Some((from, to)) = self.lag() else { return Ok(()) };
        let records = self.read_again_from(from) + (to - from);
        if records <= self.memory.most_read {
            return self.catch_up_first().await;
        }
        self.read_on(from, to);
        Ok(())
    }

    /// Lets the index fall behind the views, and catch up by itself; called by whoever follows the log's
    /// head.
    pub(super) fn fall_behind(self: &Arc<Self>) {
        self.index.lags.send_replace(true);
        self.read_on(self.index.cursor(), self.views().cursor);
    }

    /// Whether units would take long to be read anew for these of their events.
    pub(super) fn reads_long_for(&self, records: &[Recorded]) -> bool {
        // One that was given up reads nothing.
        self.index.store().is_some() && self.read_anew_for(records) > self.memory.most_read
    }

    /// How many records the units have in all that are read anew for these of their events.
    fn read_anew_for(&self, records: &[Recorded]) -> u64 {
        let lacking = self.index.projector().lacking(records);
        let views = self.views();
        let histories = lacking.into_iter().filter_map(|unit| views.history(unit));
        let forgotten = histories.filter(|history| history.forgotten().is_some());
        forgotten.map(|history| history.version).sum()
    }

    /// Lets the index, which lags, catch up on a task of its own.
    fn read_on(self: &Arc<Self>, from: u64, to: u64) {
        tracing::info!(
            from,
            to,
            "the index of levels has not read all of the log: it reads on while levels are folded"
        );
        let (service, begun) = (Arc::downgrade(self), Instant::now());
        tokio::spawn(async move {
            loop {
                // Nothing of the service is held in between, so that it can end.
                let Some(service) = service.upgrade() else { return };
                match service.catch_up_once().await {
                    Ok(true) => (),
                    Ok(false) => {
                        let (to, took) = (service.index.cursor(), begun.elapsed());
                        tracing::info!(from, to, ?took, "the index of levels has caught up");
                        return;
                    }
                    Err(ServiceError::Log(LogError::Closed)) => return,
                    Err(error) => {
                        service.index.give_up(&error);
                        return;
                    }
                }
            }
        });
    }

    async fn catch_up_first(self: &Arc<Self>) -> Result<(), ServiceError> {
        loop {
            match self.catch_up_once().await {
                Ok(true) => (),
                Ok(false) => return Ok(()),
                Err(ServiceError::Index(error)) => self.index.give_up(&error),
                Err(error) => return Err(error),
            }
        }
    }

    /// From where to where the index has yet to read; once that is nothing, it lags no more, and reads
    /// what the views read next when they tell it.
    fn lag(&self) -> Option<(u64, u64)> {
        // Whoever follows the head changes the views first, and then asks whether the index lags: what
        // they were told that it does was in the views by now.
        let views = self.views();
        let (from, to) = (self.index.cursor(), views.cursor);
        if from >= to {
            self.index.end_lag();
        }
        (from < to).then_some((from, to))
    }

    /// How many records the units have in all that the index may have to read whole.
    fn read_again_from(&self, from: u64) -> u64 {
        let views = self.views();
        let read = views.histories().filter(|(unit, _)| views.at_rest_since(*unit) > from);
        read.map(|(_, history)| history.version).sum()
    }

    /// Lets the index read on by a step; whether it was behind.
    async fn catch_up_once(self: &Arc<Self>) -> Result<bool, ServiceError> {
        let _alone = self.index.rebuilding.lock().await;
        let Some((from, to)) = self.lag() else { return Ok(false) };
        if to - from > from && to - from > self.memory.most_read {
            tracing::info!(from, to, "the index of levels is built beside what there is of it");
            self.apart(move |service| service.build_to(to)).await?;
            // It tells of no single size that it has read it.
            self.states.look();
        } else {
            let mut records: Vec<Recorded> = Vec::new();
            let most = usize::try_from(to - from).map_or(AT_ONCE, |left| left.min(AT_ONCE));
            while records.len() < most {
                let next = from + records.len() as u64;
                let read = self.records_from(next, most - records.len()).await?;
                if read.is_empty() {
                    return Err(ServiceError::Fault("the log is shorter than the views say"));
                }
                records.extend(read.into_iter().map(|record| record.recorded));
            }
            self.apart(move |service| service.index_apart(&records)).await?;
        }
        self.index.look();
        Ok(true)
    }

    /// Builds the index anew up to a size, as a rebuild does, in the room that there is beside calls.
    fn build_to(&self, size: u64) -> Result<(), ServiceError> {
        let within = Within {
            recall: Some(self.streams()),
            history_bytes: self.memory.history_bytes,
            fold_bytes: self.memory.fold_bytes,
            at_once: FEWER_AT_ONCE,
        };
        match self.beside(size, within, &watch::Sender::default()) {
            Ok(_) => self.exchange(size),
            Err(error) => {
                discard(&self.index.beside)?;
                Err(error)
            }
        }
    }

    /// Tells the index of records from its cursor on, which the views have read long ago: unit by unit,
    /// each with its history where that is asked for, which is let go then.
    fn index_apart(&self, records: &[Recorded]) -> Result<(), ServiceError> {
        let index = &self.index;
        let mut projector = index.projector();
        let store = index.store();
        let Some(store) = store.as_ref() else { return Ok(()) };
        let from = store.cursor();
        let known = records.partition_point(|recorded| recorded.place.position < from);
        let new = records.get(known..).unwrap_or_default();
        let Some(cursor) = new.last().map(|last| last.place.position + 1) else { return Ok(()) };
        let boundary = self.states.boundary(new, from);
        let (mut batch, mut parked) = (Batch::default(), Vec::new());
        let mut told = Ok(());
        for of_unit in unit_by_unit(new) {
            let of_this =
                self.project_apart(&mut projector, &of_unit, &mut |revision| batch.add(revision));
            told = of_this.map(|of_this| parked.extend(of_this));
            // Of a log that is being closed, nothing can be told any more that stays so.
            if told.is_err() || self.states.stopped() {
                told = told.and(Err(LogError::Closed.into()));
                break;
            }
        }
        if let Err(error) = told {
            // It has taken in what is not written.
            *projector = projector_of(store, index.most_bytes);
            return Err(error);
        }
        parked.iter().for_each(tell_parked);
        batch.park(parked);
        store.write(batch, cursor, index.log().first_leaf)?;
        if let Some(size) = boundary {
            self.states.cut(size);
        }
        Ok(())
    }

    /// Tells a projector of events of one unit, which follow each other for all that bears on it.
    fn project_apart(
        &self,
        projector: &mut Projector,
        of_unit: &[&Recorded],
        tell: Tell<'_>,
    ) -> Result<Vec<Parked>, ServiceError> {
        let Some(unit) = of_unit.first().map(|first| first.place.stream) else {
            return Ok(Vec::new());
        };
        let asks = projector.asks_history(of_unit);
        let forgotten =
            self.views().history(unit).filter(|_| asks).and_then(UnitHistory::forgotten);
        // Nobody else waits meanwhile.
        let remembered = forgotten.map(|forgotten| {
            forgotten.recall_by(|unit, versions, take| {
                recall::read(self.log.as_ref(), unit, &versions, take)
            })
        });
        let mut remembered = match remembered.transpose() {
            Err(error @ ServiceError::Log(LogError::Closed)) => return Err(error),
            // Whoever asks for it says so, and the unit is parked.
            Err(_) => None,
            Ok(remembered) => remembered,
        };
        let (mut apart, mut parked) = (None, Vec::new());
        for some in of_unit.chunks(AT_A_TIME) {
            let (views, library) = (self.views(), self.library());
            let Some(history) = views.history(unit) else { break };
            let world = views.with(&library);
            let recalled = remembered.take().map(|remembered| history.with(remembered));
            apart = apart.or(recalled);
            parked.extend(match &apart {
                Some(apart) => projector.apply_apart(&world, apart, some, &mut *tell),
                None => history
                    .looked_at(|history| projector.apply_apart(&world, history, some, &mut *tell)),
            });
        }
        if asks && apart.is_none() {
            self.forget_by(|views, most| views.forget_unasked(&[unit], most));
        }
        Ok(parked)
    }

    /// Waits until the index tells of a size, no longer than a read waits for the views.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Behind`] when that takes longer than 10 s.
    pub(crate) async fn index_reached(&self, size: u64) -> Result<(), ServiceError> {
        match tokio::time::timeout(CATCH_UP, self.index_at(size)).await {
            Ok(reached) => reached,
            Err(_) => Err(ServiceError::Behind { read: self.index.cursor(), size }),
        }
    }

    /// Waits until the index has caught up, however long that takes.
    pub(crate) async fn index_caught_up(&self) -> Result<(), ServiceError> {
        self.index_at(u64::MAX).await
    }

    async fn index_at(&self, size: u64) -> Result<(), ServiceError> {
        let mut lags = self.index.lags.subscribe();
        let stopped = || self.states.stopped();
        let is_there = |lags: &bool| !lags || self.index.cursor() >= size || stopped();
        let _ = lags.wait_for(is_there).await;
        if self.index.lags() && stopped() { Err(LogError::Closed.into()) } else { Ok(()) }
    }

    /// Makes sure that what is known of these units with `size` records can be told without a wait
    /// while everything is held still: what the index does not tell while it lags is recalled, or,
    /// where that is too much or there is no room, the index is waited for.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Behind`] when that takes longer than 10 s.
    pub(crate) async fn may_be_asked(
        &self,
        units: &[UnitId],
        size: u64,
    ) -> Result<(), ServiceError> {
        if !self.index.lags() {
            return Ok(());
        }
        let (mut untold, mut records) = (BTreeSet::new(), 0);
        let is_full = {
            let views = self.views();
            let above = |unit: &UnitId| views.registry.ever_above(*unit, size);
            for unit in units.iter().flat_map(above) {
                let history = views.history(unit).filter(|history| history.forgotten().is_some());
                let history = history.filter(|_| !self.index.tells(&views, unit, size));
                if let Some(history) = history.filter(|_| untold.insert(unit)) {
                    records += history.version;
                }
            }
            let room = self.memory.history_bytes.saturating_mul(MORE_ROOM);
            !untold.is_empty() && views.held_bytes() > room
        };
        if is_full || records > self.memory.most_read {
            return self.index_reached(size).await;
        }
        for unit in untold {
            self.recalled(unit).await?;
        }
        Ok(())
    }

    /// As [`Self::may_be_asked`], of each size up to this one: what the index does not tell there would
    /// be folded again and again.
    pub(crate) async fn may_be_asked_on_the_way(
        &self,
        units: &[UnitId],
        size: u64,
    ) -> Result<(), ServiceError> {
        let is_told = {
            let views = self.views();
            units.iter().all(|unit| self.index.tells(&views, *unit, size))
        };
        if is_told { Ok(()) } else { self.index_reached(size).await }
    }
}

#[cfg(test)]
mod tests;
