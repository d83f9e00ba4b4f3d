//! What else was agreed on in an appraisal that speaks against a rating: hints for the team, no
//! verdicts.

use std::fmt;

use gradus_model::appraisal::Subject;
use gradus_model::rating::Value;
use gradus_model::{Label, Practice, Target};

use super::Appraisal;

/// Something that was agreed on and speaks against a rating.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Against {
    /// The same practice in another process instance, or in the unit as a whole.
    Sibling {
        /// The instance; none for the unit as a whole.
        instance: Option<Label>,
        /// How it was rated.
        value: Value,
    },
    /// The practices of the common feature that is rated: all that were agreed on say otherwise.
    OfFeature {
        /// The first of them.
        practice: Target,
        /// How it was rated.
        value: Value,
    },
    /// The base practices of the area: nothing was found of any that was agreed on, and what is not
    /// performed cannot be managed.
    NotPerformed {
        /// The first of them.
        practice: Target,
        /// How it was rated.
        value: Value,
    },
}

impl fmt::Display for Against {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sibling { instance: Some(instance), value } => {
                write!(f, "{instance} was rated {value}")
            }
            Self::Sibling { instance: None, value } => {
                write!(f, "the unit as a whole was rated {value}")
            }
            Self::OfFeature { practice, value } => {
                let practice = practice.practice;
                write!(f, "its practices say otherwise: {practice} was rated {value}")
            }
            Self::NotPerformed { practice, value } => {
                let practice = practice.practice;
                write!(f, "no base practice of the area is performed: {practice} was rated {value}")
            }
        }
    }
}

/// What else was agreed on that speaks against a subject's value: sibling process instances, and the
/// practices of the same unit, instance and area.
///
/// Only the lowest value of a scale speaks against the others, and those against it.
#[must_use]
pub fn against(of: &Appraisal, subject: &Subject, value: Value) -> Vec<Against> {
    let mut found = siblings(of, subject, value);
    let is_lowest = value.is_lowest();
    if let Practice::Feature(area, feature) = subject.target.practice {
        let of_feature = |practice: Practice| {
            matches!(practice, Practice::Generic(in_area, id) if in_area == area
                && id.feature == feature)
        };
        let said = beside(of, subject, of_feature);
        found.extend(
            all(&said, |other| other.is_lowest() != is_lowest)
                .into_iter()
                .map(|(practice, value)| Against::OfFeature { practice: practice.clone(), value }),
        );
    }
    let area = match subject.target.practice {
        Practice::Generic(area, _) | Practice::Feature(area, _) if !is_lowest => Some(area),
        Practice::Base(_) | Practice::Generic(..) | Practice::Feature(..) => None,
    };
    if let Some(area) = area {
        let of_base =
            |practice: Practice| matches!(practice, Practice::Base(id) if id.area == area);
        let said = beside(of, subject, of_base);
        found.extend(
            all(&said, Value::is_lowest).into_iter().map(|(practice, value)| {
                Against::NotPerformed { practice: practice.clone(), value }
            }),
        );
    }
    found
}

fn siblings(of: &Appraisal, subject: &Subject, value: Value) -> Vec<Against> {
    let same = |other: &Subject| {
        *other != *subject && (other.unit, &other.target) == (subject.unit, &subject.target)
    };
    let differs =
        |with: &Value| with.scale() == value.scale() && with.is_lowest() != value.is_lowest();
    let others = of.consensus.iter().filter(|(other, _)| same(other));
    others
        .filter_map(|(other, agreed)| {
            let value = agreed.value.filter(differs)?;
            Some(Against::Sibling { instance: other.instance.clone(), value })
        })
        .collect()
}

/// What was agreed on of practices in the same unit, instance and model, in order.
fn beside<'a>(
    of: &'a Appraisal,
    subject: &Subject,
    is_meant: impl Fn(Practice) -> bool,
) -> Vec<(&'a Target, Value)> {
    let meant = |other: &Subject| {
        (other.unit, &other.instance) == (subject.unit, &subject.instance)
            && other.target.model == subject.target.model
            && is_meant(other.target.practice)
    };
    let others = of.consensus.iter().filter(|(other, _)| meant(other));
    others.filter_map(|(other, agreed)| Some((&other.target, agreed.value?))).collect()
}

/// The first, if it is so of all and there are any.
fn all<'a>(
    said: &[(&'a Target, Value)],
    is_so: impl Fn(Value) -> bool,
) -> Option<(&'a Target, Value)> {
    said.iter().all(|(_, value)| is_so(*value)).then(|| said.first().copied()).flatten()
}
