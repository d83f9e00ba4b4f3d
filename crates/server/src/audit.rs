//! The handlers of `AuditService`.

mod engagements;
mod gaps;
mod late;

use std::collections::BTreeSet;

use gradus_domain::duties::behind::Told as RatingsBeside;
use gradus_domain::story;
use gradus_model::{Timestamp, UnitId};
use gradus_service::records::ReadRecord;
use gradus_service::story::{Moved, Place, Story};
use gradus_service::{Caller, ServiceError};
use gradus_wire::v1 as wire;
use gradus_wire::v1::audit_service_server::AuditService;
use gradus_wire::v1::replay_unit_response::Told;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::api::{Api, Reply, reply};
use crate::auth::open;
use crate::convert::{self, level, movement, principal_ref, resolved, texts, timestamp, unit_ref};
use crate::lasting;
use crate::levels::few_areas;
use crate::sources;
use crate::status::status;

/// Messages that wait for whoever hears a story; then no more records are read for it.
const WAITING: usize = 256;

#[tonic::async_trait]
impl AuditService for Api {
    type ReplayUnitStream = ReceiverStream<Result<wire::ReplayUnitResponse, Status>>;

    async fn replay_unit(
        &self,
        request: Request<wire::ReplayUnitRequest>,
    ) -> Reply<Self::ReplayUnitStream> {
        let (by, asked) = open(request)?;
        let (story, beside) = self.story(&by, &asked).await.map_err(|error| status(&error))?;
        let (sender, receiver) = mpsc::channel(WAITING);
        let api = self.clone();
        tokio::spawn(async move {
            let telling = api.tell(&by, (&story, beside), &sender);
            lasting::tell(&api, (&by, &[story.unit]), &sender, telling).await;
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn find_gaps(
        &self,
        request: Request<wire::FindGapsRequest>,
    ) -> Reply<wire::FindGapsResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let coordinate = convert::coordinate(asked.coordinate.as_ref(), asked.min_size)?;
            let unit = Some(asked.unit.as_str()).filter(|unit| !unit.is_empty());
            Ok(gaps::told(&self.service, self.service.gaps(&by, unit, &coordinate).await?))
        })
        .await
    }

    async fn find_late(
        &self,
        request: Request<wire::FindLateRequest>,
    ) -> Reply<wire::FindLateResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let coordinate = convert::coordinate(asked.coordinate.as_ref(), asked.min_size)?;
            let unit = Some(asked.unit.as_str()).filter(|unit| !unit.is_empty());
            let measure = late::measure(&asked)?;
            let found = self.service.lateness(&by, unit, measure, &coordinate).await?;
            Ok(late::told(&self.service, measure, found))
        })
        .await
    }

    async fn list_engagements(
        &self,
        request: Request<wire::ListEngagementsRequest>,
    ) -> Reply<wire::ListEngagementsResponse> {
        let (by, _) = open(request)?;
        reply(async {
            self.service.caught_up(None).await?;
            Ok(self.engagements(&by))
        })
        .await
    }

    async fn read_queries(
        &self,
        request: Request<wire::ReadQueriesRequest>,
    ) -> Reply<wire::ReadQueriesResponse> {
        let (by, asked) = open(request)?;
        reply(self.queries_asked(&by, &asked)).await
    }

    async fn end_engagement(
        &self,
        request: Request<wire::EndEngagementRequest>,
    ) -> Reply<wire::EndEngagementResponse> {
        let (by, asked) = open(request)?;
        reply(self.engagement_ended(by, &asked)).await
    }

    async fn suppose_without(
        &self,
        request: Request<wire::SupposeWithoutRequest>,
    ) -> Reply<wire::SupposeWithoutResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let coordinate = convert::coordinate(asked.coordinate.as_ref(), asked.min_size)?;
            let unit = Some(asked.unit.as_str()).filter(|unit| !unit.is_empty());
            let suspect = sources::suspect(asked.suspect.as_ref())?;
            let from = convert::instant("from", asked.from.as_ref())?;
            let until = convert::instant("until", asked.until.as_ref())?;
            let (coordinate, found) = self
                .service
                .without_source(&by, unit, &suspect, (from, until), &coordinate)
                .await?;
            let impact = sources::impact(&self.service, (coordinate.log_size, found));
            Ok(wire::SupposeWithoutResponse {
                coordinate: Some(resolved(&coordinate)),
                impact: Some(impact),
            })
        })
        .await
    }
}

type Telling = mpsc::Sender<Result<wire::ReplayUnitResponse, Status>>;

impl Api {
    async fn story(
        &self,
        by: &Caller,
        asked: &wire::ReplayUnitRequest,
    ) -> Result<(Story, RatingsBeside), ServiceError> {
        let coordinate = convert::coordinate(asked.coordinate.as_ref(), asked.min_size)?;
        let from = convert::instant("from", asked.from.as_ref())?;
        let areas = few_areas(&asked.areas)?;
        let story = self.service.story(by, &asked.unit, &coordinate, from, areas).await?;
        let areas: BTreeSet<_> = story.moves.iter().map(|moved| &moved.of.area).collect();
        let areas: Vec<_> = areas.into_iter().cloned().collect();
        let span = (Some(from.unwrap_or(Timestamp::MIN)), story.coordinate.at());
        let beside = self.service.told_beside(story.unit, span, &coordinate, &areas).await?;
        Ok((story, beside))
    }

    /// Tells a story until its end, or until nobody hears it any more.
    async fn tell(
        &self,
        by: &Caller,
        (story, beside): (&Story, RatingsBeside),
        to: &Telling,
    ) -> Result<(), ServiceError> {
        let begin = wire::ReplayBegin {
            unit: Some(unit_ref(&self.service, story.unit)),
            coordinate: Some(resolved(&story.coordinate)),
            from: story.from.map(timestamp),
            facts: story.facts.len() as u64,
            moves: story.moves.len() as u64,
        };
        if !send(to, Told::Begin(begin)).await {
            return Ok(());
        }
        let (mut facts, mut moves) = (story.facts.as_slice(), story.moves.iter().peekable());
        while !facts.is_empty() {
            let read = self.service.next_of_story(story.unit, facts).await?;
            for (record, is_own) in &read {
                let at = record.recorded.effective_at;
                // What moved at an instant follows the facts of that instant.
                while let Some(moved) = moves.next_if(|moved| moved.movement.valid_at < at) {
                    if !send(to, Told::Move(self.moved(moved))).await {
                        return Ok(());
                    }
                }
                let fact = self.fact(by, story.unit, record, *is_own)?;
                if !send(to, Told::Fact(fact)).await {
                    return Ok(());
                }
            }
            facts = rest(facts, read.len());
        }
        for moved in moves {
            if !send(to, Told::Move(self.moved(moved))).await {
                return Ok(());
            }
        }
        let end = wire::ReplayEnd {
            facts: story.facts.len() as u64,
            late: story.late,
            moves: story.moves.len() as u64,
            digest: story.digest.0.to_vec(),
            duties: level::beside(beside),
        };
        send(to, Told::End(end)).await;
        Ok(())
    }

    /// A fact as the caller may see it: of the organization's stream, who said so and in which words
    /// is for those who may read that stream.
    fn fact(
        &self,
        by: &Caller,
        unit: UnitId,
        record: &ReadRecord,
        is_own: bool,
    ) -> Result<wire::ReplayFact, ServiceError> {
        let (service, recorded) = (&self.service, &record.recorded);
        let is_readable = is_own || service.may(by, recorded.place.stream);
        let (payload, state) = if is_readable {
            texts(service, by, record)?
        } else {
            (gradus_model::Payload::empty(), wire::PayloadState::Withheld)
        };
        Ok(wire::ReplayFact {
            position: recorded.place.position,
            version: recorded.place.version,
            r#type: recorded.event.name().to_owned(),
            said: service.said(by, unit, &recorded.event),
            actor: is_readable.then(|| principal_ref(service, recorded.actor)),
            effective_at: Some(timestamp(recorded.effective_at)),
            recorded_at: Some(timestamp(recorded.place.recorded_at)),
            late: story::is_late(recorded),
            delay_seconds: u64::try_from(story::delay(recorded) / 1_000_000).unwrap_or_default(),
            payload_state: state.into(),
            payload: payload.0.into_iter().map(|field| (field.name, field.text)).collect(),
        })
    }

    fn moved(&self, from: &Moved) -> wire::ReplayMove {
        wire::ReplayMove {
            area: movement::area(&from.of.area),
            title: from.of.title.clone(),
            movement: Some(movement::movement(&self.service, &from.movement)),
        }
    }
}

/// The facts after the first `told`; none if nothing could be read, so that every story ends.
fn rest(facts: &[Place], told: usize) -> &[Place] {
    facts.get(told.max(1)..).unwrap_or_default()
}

/// Whether somebody still hears it.
async fn send(to: &Telling, told: Told) -> bool {
    to.send(Ok(wire::ReplayUnitResponse { told: Some(told) })).await.is_ok()
}
