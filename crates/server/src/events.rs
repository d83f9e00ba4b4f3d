//! The handlers of `EventService`.

use std::time::Duration;

use gradus_domain::registry::Sight;
use gradus_model::recorded::UnreadableLeaf;
use gradus_model::{Event, Timestamp, UnitId};
use gradus_service::records::ReadRecord;
use gradus_service::{Caller, ServiceError, access};
use gradus_wire::v1 as wire;
use gradus_wire::v1::event_service_server::EventService;
use prost::Message as _;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::api::{Api, Reply, reply};
use crate::auth::open;
use crate::convert::event;
use crate::lasting;
use crate::page::{MOST_BYTES, Page};
use crate::status::status;

/// A heartbeat comes after this long without events.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// The most records that are read at a time.
const CHUNK: usize = 1_000;
/// Batches that wait for a subscriber to read them; then no more records are read for it.
const WAITING: usize = 4;

/// Which events are asked for, and how much of each.
#[derive(Clone)]
struct Filter {
    by: Caller,
    /// What the caller may read, as of the last look.
    sight: Sight,
    unit: Option<UnitId>,
    types: Vec<u16>,
    full: bool,
}

impl Filter {
    fn read(
        api: &Api,
        by: &Caller,
        unit: &str,
        types: &[String],
        view: i32,
    ) -> Result<Self, ServiceError> {
        let unit = Some(unit).filter(|unit| !unit.is_empty());
        let unit = unit.map(|unit| api.service.unit(by, unit)).transpose()?;
        let number = |name: &String| {
            let known = Event::TYPES.iter().find(|(_, known)| known == name);
            known.map(|(number, _)| *number).ok_or_else(|| no_type(name))
        };
        let types = types.iter().map(number).collect::<Result<_, _>>()?;
        let full = wire::EventView::try_from(view) != Ok(wire::EventView::Leaf);
        Ok(Self { by: *by, sight: api.service.sight(by), unit, types, full })
    }

    /// The filter with what the caller may read now.
    fn renewed(&self, api: &Api) -> Self {
        Self { sight: api.service.sight(&self.by), ..self.clone() }
    }

    fn fits(&self, api: &Api, record: &ReadRecord) -> bool {
        let recorded = &record.recorded;
        self.wants(api, recorded.place.stream, recorded.event.event_type())
    }

    fn wants(&self, api: &Api, stream: UnitId, event_type: u16) -> bool {
        self.unit.is_none_or(|unit| stream == unit)
            && (self.types.is_empty() || self.types.contains(&event_type))
            && (self.sight.is_everything() || {
                let (views, now) = (api.service.views(), api.service.now());
                access::sees(&views, &self.sight, stream, now)
            })
    }

    /// Whether nothing has to be read of a leaf to know that it is asked for.
    const fn wants_all(&self) -> bool {
        self.unit.is_none() && self.types.is_empty() && self.sight.is_everything()
    }
}

/// An event type that is none, with those that share a word with it, or else some that are common.
fn no_type(name: &str) -> ServiceError {
    let shares = |known: &str| known.split('-').any(|word| name.split('-').any(|one| one == word));
    let all = Event::TYPES.iter().map(|(_, name)| *name);
    let mut near: Vec<&str> = all.filter(|known| shares(known)).take(8).collect();
    if near.is_empty() {
        near.extend(["evidence-submitted", "evidence-accepted", "practice-rated"]);
    }
    let reason = format!("`{name}` is no event type: use one such as {}", near.join(", "));
    ServiceError::invalid("types", reason)
}

#[tonic::async_trait]
impl EventService for Api {
    type SubscribeEventsStream = ReceiverStream<Result<wire::SubscribeEventsResponse, Status>>;

    async fn list_events(
        &self,
        request: Request<wire::ListEventsRequest>,
    ) -> Reply<wire::ListEventsResponse> {
        let (by, mut asked) = open(request)?;
        reply(async {
            let (size, token) = (asked.page_size, std::mem::take(&mut asked.page_token));
            asked.page_size = 0;
            let page = Page::read("events", size, &token, &asked)?;
            self.service.caught_up(None).await?;
            let filter = Filter::read(self, &by, &asked.unit, &asked.types, asked.view)?;
            let head = self.service.log().head().size;
            let log_size = page.log_size().unwrap_or(head);
            let mut from = if token.is_empty() { asked.from_size } else { page.from };
            // A token could be made up: a size that the log does not have is never waited for.
            let furthest = from.max(log_size);
            if furthest > head {
                return Err(gradus_log::LogError::Past { asked: furthest, size: head }.into());
            }
            let mut events: Vec<wire::Event> = Vec::new();
            let mut bytes = 0;
            'pages: while from < log_size {
                for record in self.service.records_from(from, CHUNK).await? {
                    let position = record.recorded.place.position;
                    if position >= log_size || events.len() == page.size {
                        break 'pages;
                    }
                    if filter.fits(self, &record) {
                        let event = event::event(&self.service, &by, &record, filter.full)?;
                        bytes += event.encoded_len();
                        if bytes > MOST_BYTES && !events.is_empty() {
                            break 'pages;
                        }
                        events.push(event);
                    }
                    from = position + 1;
                }
            }
            let more = from < log_size;
            let next =
                if more { page.token(from, log_size, Timestamp::MIN) } else { String::new() };
            let root = self.service.log().root_at(log_size).await?;
            Ok(wire::ListEventsResponse {
                events,
                next_page_token: next,
                log_size,
                root: root.0.to_vec(),
            })
        })
        .await
    }

    async fn subscribe_events(
        &self,
        request: Request<wire::SubscribeEventsRequest>,
    ) -> Reply<Self::SubscribeEventsStream> {
        let (by, asked) = open(request)?;
        self.service.caught_up(None).await.map_err(|error| status(&error))?;
        let filter = Filter::read(self, &by, &asked.unit, &asked.types, asked.view);
        let filter = filter.map_err(|error| status(&error))?;
        let size = self.service.log().head().size;
        if asked.from_size > size {
            let past = gradus_log::LogError::Past { asked: asked.from_size, size };
            return Err(status(&past.into()));
        }
        let (sender, receiver) = mpsc::channel(WAITING);
        let api = self.clone();
        tokio::spawn(async move {
            let units: Vec<UnitId> = filter.unit.into_iter().collect();
            let following = api.follow(asked.from_size, &filter, &sender);
            lasting::tell(&api, (&by, &units), &sender, following).await;
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn get_event(
        &self,
        request: Request<wire::GetEventRequest>,
    ) -> Reply<wire::GetEventResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let record = self.service.record_at(asked.position).await?;
            if !self.service.may(&by, record.recorded.place.stream) {
                return Err(ServiceError::not_found("position", asked.position));
            }
            let event = event::event(&self.service, &by, &record, true)?;
            Ok(wire::GetEventResponse { event: Some(event) })
        })
        .await
    }
}

/// Events, and the size up to which there are no others that were asked for.
type Found = (Vec<wire::Event>, u64);

type Updates = mpsc::Sender<Result<wire::SubscribeEventsResponse, Status>>;

impl Api {
    /// The events asked for among the next records, and the size up to which these go.
    async fn chunk(&self, from: u64, filter: &Filter) -> Result<Found, ServiceError> {
        if !filter.full {
            return self.leaves(from, filter).await;
        }
        let records = self.service.records_from(from, CHUNK).await?;
        // Names come from the views.
        self.service.caught_up(None).await?;
        let found = records.iter().filter(|record| filter.fits(self, record));
        let events = found.map(|record| event::event(&self.service, &filter.by, record, true));
        Ok((events.collect::<Result<_, _>>()?, from + records.len() as u64))
    }

    fn read_ahead(&self, from: u64, filter: &Filter) -> JoinHandle<Result<Found, ServiceError>> {
        let (api, filter) = (self.clone(), filter.renewed(self));
        tokio::spawn(async move { api.chunk(from, &filter).await })
    }

    /// As [`Self::chunk`], of leaves alone: they are sent as they are stored, and not read.
    async fn leaves(&self, from: u64, filter: &Filter) -> Result<Found, ServiceError> {
        let records = self.service.stored_from(from, CHUNK).await?;
        let end = from + records.len() as u64;
        let (mut positions, mut leaves) = (Vec::new(), Vec::new());
        for (position, record) in (from..).zip(records) {
            let wanted = filter.wants_all() || {
                let leaf = gradus_model::Leaf::read(&record.leaf).map_err(UnreadableLeaf::from)?;
                filter.wants(self, leaf.place.stream, leaf.draft.event_type)
            };
            if wanted {
                positions.push(position);
                leaves.push(record.leaf);
            }
        }
        Ok((event::leaves(&positions, leaves), end))
    }

    /// The size up to which there is nothing from a size on of the unit that was asked for: nothing
    /// is read then, since many subscribers wait for units to which nothing happens.
    async fn quiet_until(&self, from: u64, filter: &Filter) -> Result<Option<u64>, ServiceError> {
        let Some(unit) = filter.unit else { return Ok(None) };
        self.service.caught_up(None).await?;
        let read = self.service.read_size();
        let since = self.service.views().history(unit).map_or(0, |history| history.since);
        Ok((since <= from && from < read).then_some(read))
    }

    /// Sends what is recorded from a size on, until the subscriber leaves.
    async fn follow(&self, from: u64, filter: &Filter, to: &Updates) -> Result<(), ServiceError> {
        use wire::subscribe_events_response::Update;
        let mut head = self.service.log().watch();
        let asked = from;
        let mut from = from;
        let mut due = Instant::now() + HEARTBEAT;
        let mut ahead: Option<JoinHandle<Result<Found, ServiceError>>> = None;
        let mut access = self.service.access_changes();
        loop {
            while from < head.borrow_and_update().size {
                if let Some(quiet) = self.quiet_until(from, filter).await? {
                    if from == asked {
                        // That there is nothing to catch up on is told at once.
                        due = Instant::now();
                    }
                    from = quiet;
                    continue;
                }
                // What was read ahead may be for other eyes now.
                let changed = access.has_changed().unwrap_or_default();
                access.mark_unchanged();
                let read = match ahead.take().filter(|_| !changed) {
                    Some(read) => read,
                    None => self.read_ahead(from, filter),
                };
                let (found, next) =
                    read.await.map_err(|_| ServiceError::Fault("a read was given up"))??;
                from = next;
                // The next ones are read while these are sent.
                if filter.unit.is_none() && from < head.borrow().size {
                    ahead = Some(self.read_ahead(from, filter));
                }
                let mut events: Vec<wire::Event> = Vec::with_capacity(found.len());
                let mut bytes = 0;
                for event in found {
                    bytes += event.encoded_len();
                    if bytes > MOST_BYTES && !events.is_empty() {
                        bytes = event.encoded_len();
                        let (events, log_size) = (std::mem::take(&mut events), event.position);
                        let full = Update::Events(wire::EventBatch { events, log_size });
                        if send(to, full).await.is_err() {
                            return Ok(());
                        }
                    }
                    events.push(event);
                }
                let update = if events.is_empty() {
                    Update::Heartbeat(wire::Heartbeat { log_size: from })
                } else {
                    Update::Events(wire::EventBatch { events, log_size: from })
                };
                if send(to, update).await.is_err() {
                    return Ok(());
                }
                due = Instant::now() + HEARTBEAT;
            }
            tokio::select! {
                changed = head.changed() => {
                    changed.map_err(|_| gradus_log::LogError::Closed)?;
                }
                () = tokio::time::sleep_until(due) => {
                    let beat = Update::Heartbeat(wire::Heartbeat { log_size: from });
                    if send(to, beat).await.is_err() {
                        return Ok(());
                    }
                    due = Instant::now() + HEARTBEAT;
                }
                () = to.closed() => return Ok(()),
            }
        }
    }
}

async fn send(
    to: &Updates,
    update: wire::subscribe_events_response::Update,
) -> Result<(), mpsc::error::SendError<Result<wire::SubscribeEventsResponse, Status>>> {
    to.send(Ok(wire::SubscribeEventsResponse { update: Some(update) })).await
}
