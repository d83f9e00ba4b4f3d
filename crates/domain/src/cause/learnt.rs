//! The cause of a movement where the log grows: the one record that is new.

use gradus_model::evidence::Outcome;

use super::happened::renews;
use super::matter::Turned;
use super::{Between, Cause, Class};
use crate::evidence::Standing;
use crate::history::{EvidenceHistory, Happening, RatingHistory, Told};

impl Between<'_, '_> {
    pub(super) fn learnt(&self, turned: &Turned<'_>, told: &Told<'_>) -> Cause {
        // The size before is the position of the record that the later point knows besides.
        let position = self.before.at.size;
        let missed = |effective_at| self.earlier.missed(position, effective_at);
        let item = |class, item: &EvidenceHistory| {
            Cause::of_item(class, turned.unit, &turned.after.target, item).recorded_at(position)
        };
        let rating = |class, rating: &RatingHistory| {
            Cause::of_rating(class, turned.unit, &turned.after.target, rating).recorded_at(position)
        };
        match told {
            Told::Submitted(of) => item(self.class_of(turned, of), of).late_if(missed(of.work_to)),
            Told::Happened(of, Happening::Stands(standing, ..)) => item(class_of(*standing), of),
            Told::Happened(of, Happening::Ended(at)) => item(Class::Ended, of).late_if(missed(*at)),
            Told::Happened(of, Happening::Superseded(_, at)) => {
                item(Class::Superseded, of).late_if(missed(*at))
            }
            // Neither this nor links to process instances move a level; they are said all the same should
            // rules ever count them.
            Told::Happened(of, Happening::Confirmed(_)) => item(Class::Accepted, of),
            Told::Linked(of) | Told::Happened(of, Happening::InstanceLinked(_)) => {
                item(Class::Linked, of)
            }
            Told::Happened(of, Happening::InstanceUnlinked(_)) | Told::Unlinked(of) => {
                item(Class::Unlinked, of)
            }
            Told::Rated(of) => rating(rated(turned, of), of).late_if(missed(of.effective_at)),
            Told::RatingWithdrawn(of) => rating(Class::RatingWithdrawn, of),
            Told::RatingEnded(of, at) => rating(Class::RatingEnded, of).late_if(missed(*at)),
        }
    }

    /// What comes from a distrusted source does not count any more, or counts again.
    pub(super) fn distrusted(&self, turned: &Turned<'_>) -> Cause {
        let position = self.before.at.size;
        let distrust = self.asked.world.registry().distrust_at(position);
        let class = if distrust.is_some() { Class::Distrusted } else { Class::Restored };
        let practice = Some(turned.after.target.clone());
        Cause { practice, ..Cause::new(class, turned.unit, Some(position)) }
    }

    fn class_of(&self, turned: &Turned<'_>, item: &EvidenceHistory) -> Class {
        match item.outcome {
            Outcome::Contradicts => Class::Contradicted,
            Outcome::Supports if self.renewed(turned, item) => Class::Renewed,
            Outcome::Supports | Outcome::Inconclusive => Class::NewEvidence,
        }
    }

    fn renewed(&self, turned: &Turned<'_>, item: &EvidenceHistory) -> bool {
        let heard = self.heard(turned);
        let own = heard.iter().find(|testimony| testimony.position == item.position);
        own.is_some_and(|own| renews(own, &heard))
    }
}

const fn class_of(standing: Standing) -> Class {
    match standing {
        Standing::Submitted => Class::NewEvidence,
        Standing::Accepted => Class::Accepted,
        Standing::Rejected => Class::Rejected,
        Standing::Withdrawn => Class::Withdrawn,
    }
}

/// Whether a rating is the first in force of its process instance, or takes another's place.
pub(super) fn rated(turned: &Turned<'_>, rating: &RatingHistory) -> Class {
    let same = |other: &&RatingHistory| other.rating.instance == rating.rating.instance;
    if turned.before.in_force.iter().any(same) { Class::ReRated } else { Class::Rated }
}
