//! Trends: how levels of many units went over a span of time, as known at one size of the log or as
//! they were reported at each moment.
//!
//! Each area is asked for itself, so that what is recorded meanwhile is read between two of them; the
//! size is the same for all, and so is what it says.

mod claim;
mod reported;

use std::num::NonZeroU32;
use std::sync::Arc;

use gradus_domain::At;
use gradus_domain::compare::{Comparable, Measured, comparability};
use gradus_domain::gate::Which;
use gradus_domain::trend::{
    Landmarks, Point, Span, TrendError, What, change_points, landmarks, samples,
};
use gradus_domain::world::{Basis, World};
use gradus_model::event::Document;
use gradus_model::unit::{AreaRef, UnitKind};
use gradus_model::{Digest, Period, Timestamp, UnitId};
use gradus_projection::walk::Ground;

use crate::access::Caller;
use crate::aims;
use crate::coordinate::{Coordinate, Resolved};
use crate::error::ServiceError;
use crate::in_span::{AreaInSpan, Courses, areas_in, bases_in, is_known};
use crate::service::Service;
use crate::units::AskedArea;

use reported::Revisions;

/// The most points that one answer tells.
pub const MOST_POINTS: usize = 20_000;

/// How long a span is whose begin was left out, in years.
const YEARS: i64 = 10;

/// What a trend is asked of.
#[derive(Clone, Debug, Default)]
pub struct AskedTrend {
    /// The units, by name or id.
    pub units: Vec<String>,
    /// Only these areas; none for all.
    pub areas: Vec<AskedArea>,
    /// The first moment; none for ten years before the end.
    pub from: Option<Timestamp>,
    /// The first moment after the span; none for the coordinate's moment.
    pub to: Option<Timestamp>,
    /// The calendar step of samples; none for change points.
    pub step: Option<Period>,
    /// Whether each moment is read as it was known then.
    pub as_reported: bool,
    /// Whether changes of coverage are change points, too.
    pub with_coverage: bool,
}

/// How levels of units went.
#[derive(Clone, Debug)]
pub struct TrendAnswer {
    /// The clocks, resolved.
    pub coordinate: Resolved,
    /// The rules that answered, if others were named than those in force at each moment.
    pub rules: Option<Document>,
    /// The span.
    pub span: Span,
    /// The digest over question and facts.
    pub digest: Digest,
    /// Each unit, in the order asked.
    pub units: Vec<UnitTrend>,
    /// Whether the units may be compared, and each with itself over the span.
    pub comparable: Comparable,
}

/// How levels of a unit went.
#[derive(Clone, Debug)]
pub struct UnitTrend {
    /// The unit.
    pub unit: UnitId,
    /// Every area of the models in force within the span; none where none was.
    pub areas: Vec<AreaTrend>,
    /// Phases and markers.
    pub landmarks: Landmarks,
}

/// How levels of an area went.
#[derive(Clone, Debug)]
pub struct AreaTrend {
    /// The area.
    pub of: AreaInSpan,
    /// The state at the beginning, then each change or sample.
    pub points: Vec<Point>,
}

/// A question with everything resolved that it names.
#[derive(Clone, Debug)]
struct Question {
    units: Vec<UnitId>,
    areas: Vec<AskedArea>,
    size: u64,
    span: Span,
    rules: Option<Document>,
    what: What,
}

/// A unit and what is in force for it within the span.
#[derive(Clone, Debug)]
struct Member {
    unit: UnitId,
    kind: UnitKind,
    bases: Vec<Basis>,
    profile: Option<Document>,
    areas: Vec<AreaInSpan>,
}

/// Which moments are told, and with what was known when.
#[derive(Clone, Debug)]
enum Moments {
    /// Every change, as known now.
    Changes,
    /// Samples, as known now.
    Samples(Vec<Timestamp>),
    /// Every change of what was reported.
    Reported(Revisions),
    /// Samples, each as it was reported.
    Diagonal(Vec<At>),
}

impl Service {
    /// How levels of units went over a span of time.
    ///
    /// As reported, a sample tells what was known at its moment, and a change is one of what was
    /// known or one that time brought to it; nothing after the coordinate's size is known.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for an unknown unit, area or rules, [`ServiceError::Invalid`] for
    /// an empty span, or for too short a step or none where one is needed, with what would do, and
    /// [`ServiceError::TooMuch`] for more than [`MOST_POINTS`]. A unit that was not known is no
    /// error: it has no areas.
    pub async fn trend(
        self: &Arc<Self>,
        by: &Caller,
        asked: &Coordinate,
        wanted: AskedTrend,
    ) -> Result<TrendAnswer, ServiceError> {
        let end = Coordinate { valid_at: asked.valid_at.or(wanted.to), ..asked.clone() };
        let coordinate = self.resolve(&end).await?;
        let to = wanted.to.unwrap_or(coordinate.valid_at);
        // A span of which nobody said where it begins or ends is never empty.
        let to = if wanted.to.is_none() { to.max(Timestamp::MIN.plus_micros(1)) } else { to };
        let from = wanted.from.unwrap_or_else(|| years_before(to));
        let empty = |error: TrendError| {
            let field = if wanted.from.is_some() { "from" } else { "to" };
            ServiceError::invalid(field, error)
        };
        let question = Question {
            units: wanted.units.iter().map(|unit| self.unit(by, unit)).collect::<Result<_, _>>()?,
            areas: wanted.areas,
            size: coordinate.log_size,
            span: Span::new(from, to).map_err(empty)?,
            rules: self.rules_named(asked.rules.as_deref())?,
            what: if wanted.with_coverage { What::WithCoverage } else { What::LevelsOnly },
        };
        if wanted.as_reported {
            self.may_be_asked_on_the_way(&question.units, question.size).await?;
        } else {
            self.may_be_asked(&question.units, question.size).await?;
        }
        let question = Arc::new(question);
        let members = {
            let question = Arc::clone(&question);
            Arc::new(self.apart(move |service| service.members(&question)).await?)
        };
        let step = wanted.step.as_ref();
        let moments = self.moments(&question, &members, step, wanted.as_reported).await?;
        let units = {
            let (question, members) = (Arc::clone(&question), Arc::clone(&members));
            self.apart(move |service| service.told(&question, &members, &moments)).await?
        };
        let digest = self.digest(&question, &members, step, wanted.as_reported, &units);
        let comparable = comparability(members.iter().flat_map(Member::measured));
        let (rules, span) = (question.rules.clone(), question.span);
        Ok(TrendAnswer { coordinate, rules, span, digest, units, comparable })
    }

    /// The units with what is in force for each; refuses an area that none of them has.
    fn members(&self, question: &Question) -> Result<Vec<Member>, ServiceError> {
        let last = question.last();
        for area in &question.areas {
            let mut checked = question.units.iter().map(|unit| self.check_area(*unit, last, area));
            if let Some(Err(unknown)) = checked.next()
                && !checked.any(|known| known.is_ok())
            {
                return Err(unknown);
            }
        }
        let rules = question.rules.as_ref();
        Ok(self.grounded(rules, |ground| {
            let member = |unit: &UnitId| Member::of(ground.world, *unit, question);
            question.units.iter().map(member).collect()
        }))
    }

    async fn moments(
        self: &Arc<Self>,
        question: &Arc<Question>,
        members: &Arc<Vec<Member>>,
        step: Option<&Period>,
        as_reported: bool,
    ) -> Result<Moments, ServiceError> {
        let series = members.iter().map(|member| member.areas.len()).sum::<usize>();
        if series > MOST_POINTS {
            return Err(too_many(series));
        }
        match step {
            None if as_reported => self.revisions(question, members).await.map(Moments::Reported),
            None => Ok(Moments::Changes),
            Some(step) => {
                let most = u32::try_from(MOST_POINTS / series.max(1)).ok();
                let most = most.and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
                let too_short = |error: TrendError| ServiceError::invalid("step", error);
                let instants = question.span.every(step, most).map_err(too_short)?;
                if !as_reported {
                    return Ok(Moments::Samples(instants));
                }
                let mut points = Vec::with_capacity(instants.len());
                for valid_at in instants {
                    points
                        .push(At { valid_at, size: self.reported_size(question, valid_at).await? });
                }
                Ok(Moments::Diagonal(points))
            }
        }
    }

    /// How many records were known at a moment, of those that the question knows.
    async fn reported_size(
        &self,
        question: &Question,
        moment: Timestamp,
    ) -> Result<u64, ServiceError> {
        Ok(self.log.known_at(moment).await?.size.min(question.size))
    }

    fn told(
        &self,
        question: &Question,
        members: &[Member],
        moments: &Moments,
    ) -> Result<Vec<UnitTrend>, ServiceError> {
        let rules = question.rules.as_ref();
        // Units above are asked again and again.
        let courses = Courses::default();
        let (mut units, mut points) = (Vec::with_capacity(members.len()), 0);
        for member in members {
            let mut areas = Vec::with_capacity(member.areas.len());
            for of in &member.areas {
                let told = self.grounded(rules, |ground| {
                    moments.points(question, &courses, ground, member.unit, &of.area)
                });
                areas.push(AreaTrend { of: of.clone(), points: told });
            }
            let landmarks = self.grounded(rules, |ground| member.landmarks(ground.world, question));
            let unit = UnitTrend { unit: member.unit, areas, landmarks };
            courses.forget_of(member.unit);
            points += unit.areas.iter().map(|area| area.points.len()).sum::<usize>();
            // Past the limit they are counted only.
            if points <= MOST_POINTS {
                units.push(unit);
            }
        }
        if points > MOST_POINTS { Err(too_many(points)) } else { Ok(units) }
    }
}

impl Question {
    /// The last point that the span holds.
    fn last(&self) -> At {
        At { valid_at: self.span.to().plus_micros(-1), size: self.size }
    }
}

impl Member {
    fn of(world: &dyn World, unit: UnitId, question: &Question) -> Self {
        let last = question.last();
        let bases = if is_known(world, unit, question.size) {
            bases_in(world, unit, question.size, question.rules.as_ref(), question.span)
        } else {
            Vec::new()
        };
        Self {
            unit,
            kind: world.registry().unit(unit).map_or(UnitKind::Project, |unit| unit.kind),
            areas: areas_in(&bases, &question.areas),
            bases,
            profile: aims::in_force(world, unit, last).map(|(_, document)| document.clone()),
        }
    }

    /// What each of its results came about with: one for each model with its rules.
    fn measured(&self) -> Vec<Measured<'_>> {
        let (kind, which, profile) = (self.kind, Which::Ongoing, self.profile.as_ref());
        let measured = |basis| Measured { basis, kind, which, profile };
        if self.bases.is_empty() {
            return vec![measured(None)];
        }
        self.bases.iter().map(|basis| measured(Some(basis))).collect()
    }

    fn landmarks(&self, world: &dyn World, question: &Question) -> Landmarks {
        let settings = world.history(self.unit).map(|history| &history.settings);
        let told = settings.map(|settings| landmarks(settings, question.size, question.span));
        told.unwrap_or_default()
    }
}

impl Moments {
    fn points(
        &self,
        question: &Question,
        courses: &Courses,
        ground: &Ground<'_>,
        unit: UnitId,
        area: &AreaRef,
    ) -> Vec<Point> {
        let (size, rules) = (question.size, question.rules.as_ref());
        match self {
            Self::Changes => {
                let course = courses.course(ground, unit, area, size, rules);
                change_points(&course, question.span, question.what)
            }
            Self::Samples(instants) => {
                samples(&courses.course(ground, unit, area, size, rules), instants)
            }
            Self::Diagonal(points) => courses.diagonal(ground, unit, area, points, rules),
            Self::Reported(revisions) => {
                let reported = revisions.reported(courses, ground, (unit, area), rules);
                change_points(&reported, question.span, question.what)
            }
        }
    }
}

fn too_many(points: usize) -> ServiceError {
    ServiceError::TooMuch { field: "units", what: "points", seen: points, limit: MOST_POINTS }
}

/// The same moment some calendar years before; where that is no day, some hours beside it.
fn years_before(moment: Timestamp) -> Timestamp {
    let days_before = |days: i64| moment.plus_micros(-days * 86_400_000_000);
    let (year, month, day) = moment.date();
    let is_meant = |candidate: &Timestamp| {
        candidate.date() == (year - i16::try_from(YEARS).unwrap_or_default(), month, day)
    };
    let least = YEARS * 365;
    let mut candidates = (least..=least + 3).map(days_before);
    candidates.find(is_meant).unwrap_or_else(|| days_before(least + 3))
}
