//! Watching levels: every change as it happens, by what is recorded and by the passing of time.
//!
//! One walk follows the log for all watchers and tells each change once; who begins earlier walks
//! alone until both meet. Nothing is kept for a reader that does not keep up: it is cut off and told
//! where to resume.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gradus_model::{AreaId, Timestamp, UnitId};
use gradus_projection::walk::{Moved, Stand, Walk, Within};
use tokio::sync::{broadcast, mpsc};

use crate::access::Caller;
use crate::error::ServiceError;
use crate::records::ReadRecord;
use crate::service::Service;

#[cfg(test)]
mod tests;

/// Steps that wait for a watcher before it is cut off.
const WAITING: usize = 1_024;
/// Messages that wait for the reader of one watch.
const UNREAD: usize = 64;
/// How many records a walk takes between two looks at its watcher.
const CHUNK: usize = 256;
/// How often the clock is looked at.
const TICK: Duration = Duration::from_millis(250);
/// A sign of life comes after this long without a change.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What is to be watched, and from where.
#[derive(Clone, Debug, Default)]
pub struct AskedWatch {
    /// The units, by name or id; none for all.
    pub units: Vec<String>,
    /// The areas; none for all.
    pub areas: Vec<AreaId>,
    /// The log size from which on changes are told; none for now.
    pub from_size: Option<u64>,
    /// The moment from which on changes by time are told; none for the stamp of the last record
    /// before `from_size`.
    pub from_valid_at: Option<Timestamp>,
}

/// What a watcher is told.
#[derive(Clone, Debug)]
pub struct Told {
    /// Where to resume after it.
    pub resume: Stand,
    /// The change; none in a sign of life.
    pub moved: Option<Moved>,
}

/// A watch that has begun.
#[derive(Debug)]
pub struct Watched {
    /// The units that were named; none for all.
    pub units: Vec<UnitId>,
    /// What the watcher is told.
    pub told: mpsc::Receiver<Result<Told, ServiceError>>,
}

/// A step of the common walk.
#[derive(Debug)]
struct Step {
    stand: Stand,
    moved: Vec<Moved>,
}

/// The common walk: how to hear of its steps, and where it stood last.
#[derive(Debug, Default)]
pub(crate) struct Watchers(Mutex<Option<Common>>);

type Common = (broadcast::Sender<Arc<Step>>, Stand);

impl Watchers {
    fn lock(&self) -> MutexGuard<'_, Option<Common>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the common walk if nobody hears it; nobody can join in between.
    fn end_without(&self, steps: &broadcast::Sender<Arc<Step>>) -> bool {
        let mut common = self.lock();
        let alone = steps.receiver_count() == 0;
        if alone {
            common.take();
        }
        alone
    }
}

type Telling = mpsc::Sender<Result<Told, ServiceError>>;

impl Service {
    /// Tells every change of levels from a point on; the channel ends when the log is closed.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for an unknown unit, `Past` for a size that the log does not have,
    /// [`ServiceError::Behind`] while the index of levels has long to catch up after a start.
    pub async fn watch(
        self: &Arc<Self>,
        by: &Caller,
        asked: &AskedWatch,
    ) -> Result<Watched, ServiceError> {
        self.caught_up(asked.from_size).await?;
        // The walk asks for all units, again and again.
        self.index_reached(self.read_size()).await?;
        let units: BTreeSet<UnitId> =
            asked.units.iter().map(|unit| self.unit(by, unit)).collect::<Result<_, _>>()?;
        let named = units.iter().copied().collect();
        let within = Within { units, areas: asked.areas.iter().copied().collect() };
        let (steps, joined) = self.join().await?;
        let begin = match asked.from_size {
            None => Stand { valid_at: asked.from_valid_at.unwrap_or(joined.valid_at), ..joined },
            Some(size) => {
                let stamp = self.stamp_of(size).await?;
                Stand { size, valid_at: asked.from_valid_at.map_or(stamp, |at| at.max(stamp)) }
            }
        };
        let (telling, told) = mpsc::channel(UNREAD);
        let service = Arc::clone(self);
        tokio::spawn(async move {
            let mut watcher = Watcher { within, reached: begin, telling };
            let ended = async {
                watcher.catch_up(&service, joined).await?;
                // From here on the service may end; the watcher ends with it.
                drop(service);
                watcher.listen(steps).await
            };
            if let Err(error) = ended.await {
                // The reader may be gone; then nobody is told.
                let _ = watcher.telling.send(Err(error)).await;
            }
        });
        Ok(Watched { units: named, told })
    }

    /// The stamp of the last record of a log of this size.
    async fn stamp_of(&self, size: u64) -> Result<Timestamp, ServiceError> {
        match size.checked_sub(1) {
            None => Ok(Timestamp::MIN),
            Some(last) => Ok(self.record_at(last).await?.recorded.place.recorded_at),
        }
    }

    /// Joins the common walk, which begins with the first watcher and ends after the last.
    async fn join(
        self: &Arc<Self>,
    ) -> Result<(broadcast::Receiver<Arc<Step>>, Stand), ServiceError> {
        let running = || {
            let watchers = self.watchers.lock();
            watchers.as_ref().map(|(steps, stand)| (steps.subscribe(), *stand))
        };
        if let Some(joined) = running() {
            return Ok(joined);
        }
        let size = self.told_size();
        let stand = Stand { size, valid_at: self.stamp_of(size).await? };
        let walk = self.apart(move |service| {
            Ok(service.grounded(None, |ground| Walk::begin(ground, Within::default(), stand)))
        });
        let walk = walk.await?;
        // Another watcher may have begun it meanwhile.
        if let Some(joined) = running() {
            return Ok(joined);
        }
        let (sender, receiver) = broadcast::channel(WAITING);
        *self.watchers.lock() = Some((sender.clone(), stand));
        let service = Arc::downgrade(self);
        tokio::spawn(async move {
            let mut walk = walk;
            let mut tick = tokio::time::interval(TICK);
            loop {
                tick.tick().await;
                // Held only while walking, so that the service can end.
                let Some(service) = service.upgrade() else { return };
                if service.watchers.end_without(&sender) {
                    return;
                }
                let walked = service.walk_on(walk, &sender).await;
                match walked {
                    Ok(on) => walk = on,
                    Err(error) => {
                        tracing::error!(%error, "the walk of the watchers ended");
                        service.watchers.lock().take();
                        return;
                    }
                }
            }
        });
        Ok((receiver, stand))
    }

    /// Walks to what is known and settled now, and tells every step.
    async fn walk_on(
        self: &Arc<Self>,
        mut walk: Walk,
        to: &broadcast::Sender<Arc<Step>>,
    ) -> Result<Walk, ServiceError> {
        loop {
            let from = walk.stand().size;
            if from < self.told_size() {
                let records = self.records_from(from, CHUNK).await?;
                let (on, steps) = self.taken(walk, records).await?;
                walk = on;
                self.tell(to, steps);
                continue;
            }
            let Some(next) = walk.next().filter(|next| *next <= self.now()) else {
                return Ok(walk);
            };
            let known = self.log.known_at(next).await?;
            if !known.settled || known.size > from {
                return Ok(walk);
            }
            let (on, step) = self.passed(walk, next).await?;
            walk = on;
            self.tell(to, vec![step]);
        }
    }

    /// How far changes can be told: of what the index has yet to read, each would be folded anew.
    fn told_size(&self) -> u64 {
        self.read_size().min(self.index.cursor())
    }

    fn tell(&self, to: &broadcast::Sender<Arc<Step>>, steps: Vec<Step>) {
        let mut watchers = self.watchers.lock();
        for step in steps {
            if let Some((_, stand)) = watchers.as_mut() {
                *stand = step.stand;
            }
            // Without a receiver nobody is there to be told.
            let _ = to.send(Arc::new(step));
        }
    }

    /// Walks over records on a thread that may block.
    async fn taken(
        self: &Arc<Self>,
        mut walk: Walk,
        records: Vec<ReadRecord>,
    ) -> Result<(Walk, Vec<Step>), ServiceError> {
        self.apart(move |service| {
            Ok(service.grounded(None, |ground| {
                let mut steps = Vec::with_capacity(records.len());
                for record in &records {
                    if record.recorded.place.position >= service.told_size() {
                        break;
                    }
                    let moved = walk.take(ground, &record.recorded);
                    steps.extend(by_stand(moved, walk.stand()));
                }
                (walk, steps)
            }))
        })
        .await
    }

    /// Lets time pass on a thread that may block.
    async fn passed(
        self: &Arc<Self>,
        mut walk: Walk,
        until: Timestamp,
    ) -> Result<(Walk, Step), ServiceError> {
        self.apart(move |service| {
            Ok(service.grounded(None, |ground| {
                let moved = walk.pass(ground, until);
                let step = Step { stand: walk.stand(), moved };
                (walk, step)
            }))
        })
        .await
    }
}

/// The changes of one record as steps: those that time brought before it, moment by moment, then
/// its own.
fn by_stand(moved: Vec<Moved>, last: Stand) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for change in moved {
        match steps.last_mut().filter(|step| step.stand == change.stand) {
            Some(step) => step.moved.push(change),
            None => steps.push(Step { stand: change.stand, moved: vec![change] }),
        }
    }
    if steps.last().is_none_or(|step| step.stand < last) {
        steps.push(Step { stand: last, moved: Vec::new() });
    }
    steps
}

/// One watcher.
struct Watcher {
    within: Within,
    reached: Stand,
    telling: Telling,
}

/// The reader has left.
struct Left;

impl Watcher {
    /// Walks alone from where it begins to where it joined the others.
    async fn catch_up(
        &mut self,
        service: &Arc<Service>,
        joined: Stand,
    ) -> Result<(), ServiceError> {
        if self.reached >= joined {
            return Ok(());
        }
        let (within, begin) = (self.within.clone(), self.reached);
        let mut walk = service
            .apart(move |service| {
                Ok(service.grounded(None, |ground| Walk::begin(ground, within, begin)))
            })
            .await?;
        while walk.stand().size < joined.size {
            let chunk = usize::try_from(joined.size - walk.stand().size).unwrap_or(CHUNK);
            let records = service.records_from(walk.stand().size, chunk.min(CHUNK)).await?;
            let (on, steps) = service.taken(walk, records).await?;
            walk = on;
            for step in &steps {
                if self.tell(step).await.is_err() {
                    return Ok(());
                }
            }
        }
        while let Some(next) = walk.next().filter(|next| *next <= joined.valid_at) {
            let (on, step) = service.passed(walk, next).await?;
            walk = on;
            if self.tell(&step).await.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Hears the common walk until the reader leaves, does not keep up, or the log is closed.
    async fn listen(
        &mut self,
        mut steps: broadcast::Receiver<Arc<Step>>,
    ) -> Result<(), ServiceError> {
        let mut heart = tokio::time::interval(HEARTBEAT);
        loop {
            tokio::select! {
                step = steps.recv() => match step {
                    Ok(step) if step.stand <= self.reached => (),
                    Ok(step) => {
                        if self.tell(&step).await.is_err() {
                            return Ok(());
                        }
                    }
                    Err(broadcast::error::RecvError::Lagged(_)) => {
                        return Err(ServiceError::TooSlow { resume: self.reached });
                    }
                    Err(broadcast::error::RecvError::Closed) => {
                        return Err(gradus_log::LogError::Closed.into());
                    }
                },
                _ = heart.tick() => {
                    let sign = Told { resume: self.reached, moved: None };
                    if self.telling.send(Ok(sign)).await.is_err() {
                        return Ok(());
                    }
                }
                () = self.telling.closed() => return Ok(()),
            }
        }
    }

    /// Tells the changes of a step that are watched; only the last one moves the point to resume
    /// from, so that nothing is missed.
    async fn tell(&mut self, step: &Step) -> Result<(), Left> {
        let watched: Vec<&Moved> = step
            .moved
            .iter()
            .filter(|moved| self.within.holds(moved.unit, moved.area.area))
            .collect();
        for (number, moved) in (1..).zip(&watched) {
            let resume = if number == watched.len() { step.stand } else { self.reached };
            let told = Told { resume, moved: Some((*moved).clone()) };
            self.telling.send(Ok(told)).await.map_err(|_| Left)?;
        }
        self.reached = step.stand;
        Ok(())
    }
}
