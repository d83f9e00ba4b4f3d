//! Forecasts: what moves and when if nothing is renewed.

use std::sync::Arc;

use gradus_capsule::claim::Claim;
use gradus_domain::cause::{Asked, Cause};
use gradus_domain::course::AreaState;
use gradus_domain::forecast::{Change, forecast};
use gradus_domain::steps::Steps;
use gradus_domain::trend::{Span, What, change_points};
use gradus_model::event::Document;
use gradus_model::{Digest, Period, Timestamp, UnitId};
use gradus_projection::views::Basis;
use gradus_projection::walk::Ground;

use crate::access::Caller;
use crate::coordinate::{Coordinate, Resolved};
use crate::error::ServiceError;
use crate::in_span::{AreaInSpan, Courses, areas_in, bases_in};
use crate::service::Service;
use crate::units::AskedArea;

/// The most changes that one answer tells.
pub const MOST_CHANGES: usize = 10_000;

/// How far ahead is told if nothing is said.
const AHEAD: &str = "P2Y";

/// What a forecast is asked of.
#[derive(Clone, Debug, Default)]
pub struct AskedForecast {
    /// Only these areas; none for all.
    pub areas: Vec<AskedArea>,
    /// The first moment no longer told; none for two years on.
    pub until: Option<Timestamp>,
    /// Whether changes of coverage that leave the levels alone are told, too.
    pub with_coverage: bool,
}

/// What lies ahead of a unit.
#[derive(Clone, Debug)]
pub struct ForecastAnswer {
    /// The unit.
    pub unit: UnitId,
    /// The clocks, resolved.
    pub coordinate: Resolved,
    /// The model and rules in force where it begins; none where nothing was adopted or the unit was
    /// not known yet.
    pub basis: Option<Basis>,
    /// The first moment no longer told.
    pub until: Timestamp,
    /// The digest over question and facts.
    pub digest: Digest,
    /// Each change, by time, then in the model's order.
    pub changes: Vec<Ahead>,
}

/// A change of an area that lies ahead.
#[derive(Clone, Debug)]
pub struct Ahead {
    /// The area.
    pub of: AreaInSpan,
    /// The change.
    pub change: Change,
}

/// A question with everything resolved that it names.
struct Question {
    unit: UnitId,
    size: u64,
    span: Span,
    rules: Option<Document>,
    areas: Vec<AskedArea>,
    with_coverage: bool,
}

impl Service {
    /// What moves and when if nothing is renewed: every change after the coordinate's moment.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for an unknown unit, area or rules, [`ServiceError::Invalid`] for
    /// an end that is not after the begin, and [`ServiceError::TooMuch`] for more than
    /// [`MOST_CHANGES`]. A point at which nothing was known or adopted is no error.
    pub async fn forecast(
        self: &Arc<Self>,
        by: &Caller,
        unit: &str,
        asked: &Coordinate,
        wanted: AskedForecast,
    ) -> Result<ForecastAnswer, ServiceError> {
        let coordinate = self.resolve(asked).await?;
        let unit = self.unit(by, unit)?;
        let at = coordinate.at();
        let rules = self.rules_named(asked.rules.as_deref())?;
        for area in &wanted.areas {
            self.check_area(unit, at, area)?;
        }
        let until = wanted.until.unwrap_or_else(|| ahead_of(at.valid_at));
        let span = Span::new(at.valid_at, until);
        let question = Question {
            unit,
            size: at.size,
            span: span.map_err(|error| ServiceError::invalid("until", error))?,
            areas: wanted.areas,
            with_coverage: wanted.with_coverage,
            rules,
        };
        self.may_be_asked(&[unit], at.size).await?;
        self.apart(move |service| {
            let basis = service.basis_if_any(unit, at, question.rules.as_ref())?;
            let known = service.views().knows(unit, at.size);
            let changes = if known { service.ahead(&question) } else { Vec::new() };
            if changes.len() > MOST_CHANGES {
                let (seen, limit) = (changes.len(), MOST_CHANGES);
                return Err(ServiceError::TooMuch { field: "until", what: "changes", seen, limit });
            }
            let mut claim = Claim::new(service.log_id, "forecast", at);
            claim.unit(Some(unit)).moment(until);
            claim.documents(
                basis.as_ref().map(|basis| basis.model.digest),
                basis.as_ref().map(|basis| basis.rules.digest),
            );
            claim.number(i64::from(question.with_coverage)).count(changes.len());
            for ahead in &changes {
                ahead.claim(&mut claim);
            }
            let digest = claim.digest();
            Ok(ForecastAnswer { unit, coordinate, basis, until, digest, changes })
        })
        .await
    }

    fn ahead(&self, question: &Question) -> Vec<Ahead> {
        self.grounded(question.rules.as_ref(), |ground| {
            let courses = Courses::default();
            let (size, rules) = (question.size, question.rules.as_ref());
            let bases = bases_in(ground.world, question.unit, size, rules, question.span);
            let mut changes = Vec::new();
            for of in areas_in(&bases, &question.areas) {
                let ahead = question.of_area(ground, &courses, &of).into_iter();
                changes.extend(ahead.map(|change| Ahead { of: of.clone(), change }));
            }
            changes.sort_by_key(|ahead| ahead.change.instant);
            changes
        })
    }
}

impl Question {
    fn of_area(&self, ground: &Ground<'_>, courses: &Courses, of: &AreaInSpan) -> Vec<Change> {
        let Self { unit, size, span, with_coverage, .. } = *self;
        let rules = self.rules.as_ref();
        let course = courses.course(ground, unit, &of.area, size, rules);
        // What moves the coverage alone is left out before its causes are looked for.
        let course = if with_coverage { course } else { levels_only(&course, span) };
        let asked = Asked { world: ground.world, unit, area: &of.area, rules };
        let mut changes = forecast(&asked, size, &course, span.from(), span.to());
        changes.retain(|change| with_coverage || !change.is_of_coverage_only());
        changes
    }
}

impl Ahead {
    fn claim(&self, claim: &mut Claim) {
        let AreaInSpan { area, .. } = &self.of;
        claim.word(area.model.as_str()).area(area.area).moment(self.change.instant);
        claim.state(self.change.before.as_ref()).state(self.change.after.as_ref());
        claim.count(self.change.causes.len());
        for Cause { class, late, position, practice, unit, .. } in &self.change.causes {
            claim.word(class.name()).number(i64::from(*late)).position(*position);
            claim.count(usize::from(practice.is_some()));
            if let Some(practice) = practice {
                claim.practice(practice);
            }
            claim.unit(Some(*unit));
        }
    }
}

/// The same course without the changes of coverage that leave the levels alone.
fn levels_only(course: &Steps<Option<AreaState>>, span: Span) -> Steps<Option<AreaState>> {
    let mut levels = Steps::default();
    for (instant, state) in change_points(course, span, What::LevelsOnly) {
        levels.then(instant, state);
    }
    levels
}

fn ahead_of(moment: Timestamp) -> Timestamp {
    let ahead = AHEAD.parse::<Period>();
    ahead.map_or(Timestamp::MAX, |period| period.after(moment))
}
