//! What speaks against comparing units of capsules, besides how they are measured.

use gradus_model::Timestamp;

use super::{AskedComparison, Opened};
use crate::capsule::verify::Finding;

/// Something that speaks against comparing the units, besides how they are measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caution {
    /// The levels are of different moments.
    Moments(Vec<Timestamp>),
    /// The capsules know what was recorded up to different moments, and none was asked for.
    Knowledge(Vec<Timestamp>),
    /// A capsule does not know all that was recorded up to the moment asked for.
    KnowsLess {
        /// The capsule, by its number from 0.
        capsule: usize,
        /// The stamp up to which it knows for sure.
        until: Timestamp,
    },
    /// A capsule that anybody could have made.
    Unsigned(usize),
    /// A capsule of which later records may have been kept back.
    MayEndTooSoon(usize),
    /// A capsule with texts that are withheld, erased or left out: its evidence cannot be read.
    Withheld(usize),
    /// Ratings of a unit that stand under relaxed duties or a conflict of interest.
    Duties {
        /// The unit, by its number from 0.
        unit: usize,
        /// How many stand under relaxed duties.
        relaxed: u32,
        /// How many are of people with a conflict of interest.
        conflicted: u32,
    },
}

/// What was not proved, and the caution that it gives of a capsule.
type ByFinding = (fn(&Finding) -> bool, fn(usize) -> Caution);

/// What speaks against comparing, from what the capsules are and do not prove.
pub(super) fn cautions(all: &[Opened], asked: &AskedComparison) -> Vec<Caution> {
    let differ =
        |times: Vec<Timestamp>| times.iter().any(|at| Some(at) != times.first()).then_some(times);
    let moments = differ(all.iter().map(|one| one.at.valid_at).collect()).map(Caution::Moments);
    let known = differ(all.iter().map(|one| one.known_until).collect());
    let known = known.filter(|_| asked.known_at.is_none()).map(Caution::Knowledge);
    let mut cautions: Vec<Caution> = moments.into_iter().chain(known).collect();
    for (capsule, one) in all.iter().enumerate() {
        if asked.known_at.is_some_and(|at| one.known_until < at) {
            cautions.push(Caution::KnowsLess { capsule, until: one.known_until });
        }
        let open = &one.verified.not_proved;
        let found = |is: fn(&Finding) -> bool| open.iter().any(is);
        let by_finding: [ByFinding; 3] = [
            (|finding| matches!(finding, Finding::Unsigned), Caution::Unsigned),
            (|finding| matches!(finding, Finding::LaterRecords { .. }), Caution::MayEndTooSoon),
            (
                |finding| {
                    matches!(
                        finding,
                        Finding::Withheld { .. } | Finding::Erased { .. } | Finding::WithoutTexts
                    )
                },
                Caution::Withheld,
            ),
        ];
        let told = by_finding.iter().filter(|(is, _)| found(*is));
        cautions.extend(told.map(|(_, caution)| caution(capsule)));
    }
    cautions
}

impl Caution {
    /// Its name, for programs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Moments(_) => "moments",
            Self::Knowledge(_) => "knowledge",
            Self::KnowsLess { .. } => "knows-less",
            Self::Unsigned(_) => "signature",
            Self::MayEndTooSoon(_) => "completeness",
            Self::Withheld(_) => "texts",
            Self::Duties { .. } => "duties",
        }
    }

    /// In plain words, with the names of the capsules and of the units in the order of columns.
    #[must_use]
    pub fn said(&self, capsules: &[String], units: &[String]) -> String {
        let capsule = |number: &usize| capsules.get(*number).map_or("?", String::as_str);
        match self {
            Self::Moments(seen) => format!(
                "the levels are of different moments, {}: ask for one with --valid-at",
                times(seen)
            ),
            Self::Knowledge(seen) => format!(
                "what was known is of different moments, {}: ask for one with --known-at",
                times(seen)
            ),
            Self::KnowsLess { capsule: of, until } => {
                format!("{} knows what was recorded up to {until}, and no more", capsule(of))
            }
            Self::Unsigned(of) => {
                format!("nothing says who made {}: no key of its log was given", capsule(of))
            }
            Self::MayEndTooSoon(of) => {
                format!("later records may have been kept back from {}", capsule(of))
            }
            Self::Withheld(of) => format!("not every text of {} can be read", capsule(of)),
            Self::Duties { unit, relaxed, conflicted } => format!(
                "of the ratings of {}, {relaxed} stand under relaxed duties and {conflicted} are of \
                 people with a conflict of interest",
                units.get(*unit).map_or("?", String::as_str)
            ),
        }
    }
}

fn times(seen: &[Timestamp]) -> String {
    let mut seen = seen.to_vec();
    seen.sort_unstable();
    seen.dedup();
    seen.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
}
