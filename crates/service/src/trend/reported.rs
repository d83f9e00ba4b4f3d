//! What was reported at the time: what each record let be known of an area, and from when on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gradus_domain::At;
use gradus_domain::course::{AreaState, state_at};
use gradus_domain::difference::bearing_on;
use gradus_domain::steps::Steps;
use gradus_domain::trend::{Point, diagonal, reported};
use gradus_model::event::Document;
use gradus_model::unit::AreaRef;
use gradus_model::{Timestamp, UnitId};
use gradus_projection::walk::Ground;

use super::{Member, Question};
use crate::error::ServiceError;
use crate::in_span::{Courses, is_known};
use crate::service::Service;

/// The most records whose effect one answer looks at, each for each area that it can bear on.
const MOST_REVISIONS: usize = 10_000;

/// What was known from when on, within a span.
#[derive(Clone, Debug)]
pub(super) struct Revisions {
    /// The first moment of the span, and how much was known there.
    begin: At,
    /// How much was known at the end of the span.
    end: u64,
    /// When each record was stamped that can bear on what is asked, by position.
    stamps: BTreeMap<u64, Timestamp>,
}

impl Service {
    /// When each record of the span was stamped that can bear on what is asked.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Invalid`] for more than 10,000 for all areas together: samples are cheaper, as they look
    /// at a few of them only.
    pub(super) async fn revisions(
        self: &Arc<Self>,
        question: &Arc<Question>,
        members: &Arc<Vec<Member>>,
    ) -> Result<Revisions, ServiceError> {
        let span = question.span;
        let begin =
            At { valid_at: span.from(), size: self.reported_size(question, span.from()).await? };
        let end = self.reported_size(question, span.to().plus_micros(-1)).await?;
        let (question, members) = (Arc::clone(question), Arc::clone(members));
        let looked = self.apart(move |service| {
            Ok(service.grounded(question.rules.as_ref(), |ground| {
                let (mut all, mut seen) = (BTreeSet::new(), 0);
                for member in members.iter() {
                    for of in &member.areas {
                        let positions =
                            bearing_on(ground.world, member.unit, &of.area, begin.size, end);
                        seen += positions.len();
                        all.extend(positions);
                    }
                }
                (all, seen)
            }))
        });
        let (positions, seen) = looked.await?;
        if seen > MOST_REVISIONS {
            let reason = format!(
                "{seen} changes of what was known lie in the span, at most {MOST_REVISIONS} are \
                 looked at: give a step such as P1M, or ask for fewer units, areas or years"
            );
            return Err(ServiceError::invalid("step", reason));
        }
        let mut stamps = BTreeMap::new();
        for position in positions {
            let record = self.record_at(position).await?;
            stamps.insert(position, record.recorded.place.recorded_at);
        }
        Ok(Revisions { begin, end, stamps })
    }
}

impl Revisions {
    /// What was reported of an area at every moment of the span.
    pub(super) fn reported(
        &self,
        courses: &Courses,
        ground: &Ground<'_>,
        (unit, area): (UnitId, &AreaRef),
        rules: Option<&Document>,
    ) -> Steps<Option<AreaState>> {
        let positions = bearing_on(ground.world, unit, area, self.begin.size, self.end);
        let stamped = positions.into_iter().filter_map(|position| {
            Some(At { valid_at: *self.stamps.get(&position)?, size: position + 1 })
        });
        let known = [self.begin].into_iter().chain(stamped);
        let revisions: Vec<(Timestamp, Steps<Option<AreaState>>)> = known
            .map(|at| {
                let course = courses.course(ground, unit, area, at.size, rules);
                courses.forget();
                (at.valid_at, course)
            })
            .collect();
        reported(revisions.iter().map(|(stamp, course)| (*stamp, course)))
    }
}

impl Courses {
    /// The state of an area at each of these points; none where the unit was not known.
    pub(super) fn diagonal(
        &self,
        ground: &Ground<'_>,
        unit: UnitId,
        area: &AreaRef,
        points: &[At],
        rules: Option<&Document>,
    ) -> Vec<Point> {
        let instants: Vec<Timestamp> = points.iter().map(|at| at.valid_at).collect();
        let sizes: BTreeMap<Timestamp, u64> =
            points.iter().map(|at| (at.valid_at, at.size)).collect();
        let size_at = |instant| sizes.get(&instant).copied().unwrap_or_default();
        let state = |at: At| {
            let own = |unit: UnitId, area: &AreaRef| self.own(ground, unit, area, at.size);
            let known = is_known(ground.world, unit, at.size);
            known.then(|| state_at(ground.world, unit, area, at, rules, &own)).flatten()
        };
        let told = diagonal(&instants, size_at, state);
        self.forget();
        told.into_iter().map(|(at, state)| (at.valid_at, state)).collect()
    }
}
