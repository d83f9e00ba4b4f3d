//! What pins a trend: its question and its facts.

use gradus_capsule::claim::Claim;
use gradus_domain::At;
use gradus_domain::trend::What;
use gradus_model::{Digest, Period, Timestamp};

use super::{Member, Question, UnitTrend};
use crate::in_span::AreaInSpan;
use crate::service::Service;

impl Service {
    /// The digest over question and facts.
    pub(super) fn digest(
        &self,
        question: &Question,
        members: &[Member],
        step: Option<&Period>,
        as_reported: bool,
        units: &[UnitTrend],
    ) -> Digest {
        let end = At { valid_at: question.span.to(), size: question.size };
        let mut claim = Claim::new(self.log_id, "trend", end);
        claim.moment(question.span.from());
        claim.word(&step.map(Period::to_string).unwrap_or_default());
        claim.number(i64::from(as_reported));
        claim.number(i64::from(question.what == What::WithCoverage)).count(units.len());
        for (member, unit) in members.iter().zip(units) {
            member.claim(&mut claim);
            unit.claim(&mut claim);
        }
        claim.digest()
    }
}

impl Member {
    fn claim(&self, claim: &mut Claim) {
        claim.unit(Some(self.unit)).count(self.bases.len());
        for basis in &self.bases {
            claim.documents(Some(basis.model.digest), Some(basis.rules.digest));
        }
    }
}

impl UnitTrend {
    fn claim(&self, claim: &mut Claim) {
        claim.count(self.areas.len());
        for area in &self.areas {
            let AreaInSpan { area: of, .. } = &area.of;
            claim.word(of.model.as_str()).area(of.area).count(area.points.len());
            for (instant, state) in &area.points {
                claim.moment(*instant).state(state.as_ref());
            }
        }
        claim.count(self.landmarks.phases.len());
        for (phase, interval) in &self.landmarks.phases {
            claim.word(phase.name()).moment(interval.from);
            claim.moment(interval.to.unwrap_or(Timestamp::MAX));
        }
        claim.count(self.landmarks.markers.len());
        for marker in &self.landmarks.markers {
            let position = Some(marker.position);
            claim.word(marker.value.kind.name()).moment(marker.effective_at).position(position);
        }
    }
}
