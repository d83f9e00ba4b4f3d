//! A unit's history told in the order in which it was true, with every level that moved.
//!
//! The order is made of times and versions alone; records are read again a chunk at a time while the
//! story is told, so that a long one takes no more memory than its order.

use std::sync::Arc;

use gradus_capsule::claim::Claim;
use gradus_domain::difference::{Movement, Side, difference};
use gradus_domain::story::{self, Names};
use gradus_domain::trend::Span;
use gradus_model::event::Document;
use gradus_model::{Digest, Event, EvidenceId, PrincipalId, RatingId, Recorded, Timestamp, UnitId};

use crate::access::Caller;
use crate::append::organization;
use crate::coordinate::{Coordinate, Resolved};
use crate::error::ServiceError;
use crate::explain::state_causes;
use crate::in_span::{AreaInSpan, Courses, areas_in, bases_in, is_known};
use crate::records::ReadRecord;
use crate::service::Service;
use crate::units::AskedArea;

/// Records that are read at a time.
const CHUNK: usize = 512;

/// A story in order, whose facts are still to be read.
#[derive(Clone, Debug)]
pub struct Story {
    /// The unit.
    pub unit: UnitId,
    /// The clocks, resolved.
    pub coordinate: Resolved,
    /// The first moment, if one was named.
    pub from: Option<Timestamp>,
    /// The digest over question and facts.
    pub digest: Digest,
    /// How many facts were recorded late.
    pub late: u64,
    /// The facts, in the order in which they were true; of one instant in that of recording.
    pub facts: Vec<Place>,
    /// The movements, in order of time, then of the model.
    pub moves: Vec<Moved>,
}

/// Where a fact of a story stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// When it was true.
    pub effective_at: Timestamp,
    /// Its position in the log.
    pub position: u64,
    /// Its version in the unit's stream; none if it is in that of the organization.
    pub version: Option<u64>,
}

/// A level that moved.
#[derive(Clone, Debug)]
pub struct Moved {
    /// The area.
    pub of: AreaInSpan,
    /// What moved, when and why.
    pub movement: Movement,
}

/// What a story is asked about, resolved.
struct Question {
    unit: UnitId,
    coordinate: Resolved,
    from: Option<Timestamp>,
    areas: Vec<AskedArea>,
    rules: Option<Document>,
}

impl Question {
    fn holds(&self, effective_at: Timestamp) -> bool {
        effective_at <= self.coordinate.valid_at
            && self.from.is_none_or(|from| from <= effective_at)
    }
}

impl Service {
    /// The story of a unit up to a coordinate's moment, as known there: its order, and what moved.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for an unknown unit, area or rules, and [`ServiceError::Invalid`]
    /// for a `from` after the coordinate's moment. A unit that was not known has an empty story.
    pub async fn story(
        self: &Arc<Self>,
        by: &Caller,
        unit: &str,
        asked: &Coordinate,
        from: Option<Timestamp>,
        areas: Vec<AskedArea>,
    ) -> Result<Story, ServiceError> {
        let coordinate = self.resolve(asked).await?;
        let unit = self.unit(by, unit)?;
        let until = coordinate.valid_at;
        if let Some(from) = from.filter(|from| *from > until) {
            let reason =
                format!("{from} is after {until}, where the story ends: let it begin before");
            return Err(ServiceError::invalid("from", reason));
        }
        for area in &areas {
            self.check_area(unit, coordinate.at(), area)?;
        }
        self.recalled(unit).await?;
        let rules = self.rules_named(asked.rules.as_deref())?;
        let question = Arc::new(Question { unit, coordinate, from, areas, rules });
        let (facts, late) = self.places(&question).await?;
        let moves = {
            let question = Arc::clone(&question);
            self.apart(move |service| Ok(service.moved(&question))).await?
        };
        let digest = self.story_digest(&question, &facts, &moves);
        Ok(Story { unit, coordinate, from, digest, late, facts, moves })
    }

    /// Where the facts stand, in the order of the story, and how many of them are late.
    async fn places(&self, question: &Question) -> Result<(Vec<Place>, u64), ServiceError> {
        let (mut places, mut late) = (Vec::new(), 0);
        let mut keep = |recorded: &Recorded, version: Option<u64>| {
            let (position, effective_at) = (recorded.place.position, recorded.effective_at);
            if question.holds(effective_at) {
                late += u64::from(story::is_late(recorded));
                places.push(Place { effective_at, position, version });
            }
        };
        let (of_unit, size) = (question.unit, question.coordinate.log_size);
        for position in self.of_the_tree(of_unit, size)? {
            keep(&self.record_at(position).await?.recorded, None);
        }
        let mut version = 1;
        'stream: loop {
            let records = self.stream_from(of_unit, version, CHUNK).await?;
            if records.is_empty() {
                break;
            }
            for record in &records {
                let place = record.recorded.place;
                if place.position >= size {
                    break 'stream;
                }
                version = place.version + 1;
                keep(&record.recorded, Some(place.version));
            }
        }
        places.sort_unstable();
        Ok((places, late))
    }

    /// Where the organization's stream speaks of a unit's place in the tree, unless the unit is the
    /// organization, whose own stream that is.
    fn of_the_tree(&self, unit: UnitId, size: u64) -> Result<Vec<u64>, ServiceError> {
        let views = self.views();
        if organization(&views.registry)? == unit {
            return Ok(Vec::new());
        }
        let Some(known) = views.registry.unit(unit) else { return Ok(Vec::new()) };
        let mut positions: Vec<u64> = vec![known.position];
        positions.extend(known.names.iter().map(|stated| stated.position));
        positions.extend(known.parents.iter().map(|stated| stated.position));
        positions.extend(known.archived.iter().map(|stated| stated.position));
        positions.extend(known.successors.iter().map(|stated| stated.position));
        positions.retain(|position| *position < size);
        positions.sort_unstable();
        positions.dedup();
        Ok(positions)
    }

    /// Every movement of the story, in order of time.
    fn moved(&self, question: &Question) -> Vec<Moved> {
        let (unit, at) = (question.unit, question.coordinate.at());
        let begin = question.from.map_or(Timestamp::MIN, |from| from.plus_micros(-1));
        let Ok(span) = Span::new(begin, at.valid_at.plus_micros(1)) else { return Vec::new() };
        let rules = question.rules.as_ref();
        self.grounded(rules, |ground| {
            if !is_known(ground.world, unit, at.size) {
                return Vec::new();
            }
            let courses = Courses::default();
            let own = |unit: UnitId, area: &_, size| courses.own(ground, unit, area, size);
            let side = |valid_at| Side {
                unit,
                at: gradus_domain::At { valid_at, ..at },
                known_at: None,
                rules: question.rules.clone(),
            };
            let bases = bases_in(ground.world, unit, at.size, rules, span);
            let mut moves = Vec::new();
            for of in areas_in(&bases, &question.areas) {
                let (from, to) = (side(begin), side(at.valid_at));
                let told = difference(ground.world, &from, &to, &of.area, &own, false);
                let told = told.movements.into_iter().filter(story::is_told);
                moves.extend(told.map(|movement| Moved { of: of.clone(), movement }));
            }
            // Stable: areas of one instant stay in the order of the model.
            moves.sort_by_key(|moved| moved.movement.valid_at);
            moves
        })
    }

    fn story_digest(&self, question: &Question, facts: &[Place], moves: &[Moved]) -> Digest {
        let mut claim = Claim::new(self.log_id, "story", question.coordinate.at());
        claim.unit(Some(question.unit));
        claim.documents(None, question.rules.as_ref().map(|rules| rules.digest));
        claim.moment(question.from.unwrap_or(Timestamp::MIN));
        claim.count(question.areas.len());
        for area in &question.areas {
            claim.word(area.model.as_ref().map_or("", |model| model.as_str())).area(area.area);
        }
        claim.count(facts.len());
        for fact in facts {
            claim.moment(fact.effective_at).position(Some(fact.position));
        }
        claim.count(moves.len());
        for Moved { of, movement } in moves {
            claim.word(of.area.model.as_str()).area(of.area.area).moment(movement.valid_at);
            claim.state(movement.before.as_ref()).state(movement.after.as_ref());
            state_causes(&mut claim, &movement.causes);
        }
        claim.digest()
    }

    /// The records of some facts of a story, in their order: at most 512 of the first ones,
    /// each with whether it is of the unit's own stream.
    ///
    /// Neighbours in the stream are read together, since most facts are recorded in the order in
    /// which they were true.
    pub async fn next_of_story(
        &self,
        unit: UnitId,
        facts: &[Place],
    ) -> Result<Vec<(ReadRecord, bool)>, ServiceError> {
        let wanted = facts.get(..CHUNK.min(facts.len())).unwrap_or_default();
        let mut versions: Vec<u64> = wanted.iter().filter_map(|place| place.version).collect();
        versions.sort_unstable();
        let mut read = std::collections::BTreeMap::new();
        for run in versions.chunk_by(|one, next| one + 1 == *next) {
            let Some((mut next, last)) = run.first().copied().zip(run.last().copied()) else {
                continue;
            };
            while next <= last {
                let most = usize::try_from(last - next + 1).unwrap_or(CHUNK);
                let records = self.stream_from(unit, next, most).await?;
                if records.is_empty() {
                    return Err(ServiceError::Fault("a stream is shorter than it was"));
                }
                next += records.len() as u64;
                read.extend(records.into_iter().map(|one| (one.recorded.place.position, one)));
            }
        }
        let mut told = Vec::with_capacity(wanted.len());
        for place in wanted {
            let record = match read.remove(&place.position) {
                Some(record) => record,
                None => self.record_at(place.position).await?,
            };
            told.push((record, place.version.is_some()));
        }
        Ok(told)
    }

    /// What a fact of a story says, as names are now and as far as the caller sees them.
    #[must_use]
    pub fn said(&self, by: &Caller, unit: UnitId, event: &Event) -> String {
        story::said(event, &Known { service: self, by, unit })
    }
}

/// Names as a caller knows them.
struct Known<'a> {
    service: &'a Service,
    by: &'a Caller,
    unit: UnitId,
}

impl Names for Known<'_> {
    fn unit(&self, id: UnitId) -> String {
        if !self.service.may(self.by, id) {
            return "another unit".to_owned();
        }
        let views = self.service.views();
        let name = views.registry.unit(id).and_then(|unit| unit.name());
        name.map_or_else(|| id.to_string(), ToString::to_string)
    }

    fn principal(&self, id: PrincipalId) -> String {
        self.service.principal_name(id).unwrap_or_else(|| id.to_string())
    }

    fn item(&self, id: EvidenceId) -> String {
        let views = self.service.views();
        let item = views.history(self.unit).and_then(|history| history.item(id));
        item.map_or_else(
            || id.to_string(),
            |item| format!("{} {} of {}", item.kind, item.source.id, item.source.name),
        )
    }

    fn rated(&self, id: RatingId) -> String {
        let views = self.service.views();
        let rating = views.history(self.unit).and_then(|history| history.rating(id));
        rating.map_or_else(|| id.to_string(), |of| of.rating.target.practice.to_string())
    }
}
