//! Facts with contents by chance.

use gradus_model::event::{
    AreaInheritanceSet, MarkerPlaced, PhaseChange, PrincipalAdded, SourceDistrusted, Tailoring,
    UnitArchived,
};
use gradus_model::evidence::{Item, Kind, Outcome, Source, Strength, Tool};
use gradus_model::rating::{Basis, Rating, Scale, Value};
use gradus_model::suspect::{Suspect, Versioned};
use gradus_model::unit::{AreaRef, Inheritance, MarkerKind, Phase, PrincipalKind};
use gradus_model::{
    AppraisalId, AreaId, Digest, Event, EvidenceId, ModelId, PrincipalId, RatingId, Target,
    Timestamp, UnitId,
};

use crate::dice::Dice;
use crate::world::first_day;

pub(crate) fn added(principal: PrincipalId, kind: PrincipalKind) -> Event {
    Event::PrincipalAdded(PrincipalAdded { principal, kind, by: None })
}

pub(crate) fn archived(unit: UnitId) -> Event {
    Event::UnitArchived(UnitArchived { unit })
}

/// An item on some practices; its dates are told elsewhere.
pub(crate) fn item(dice: &mut Dice, evidence: EvidenceId, practices: Vec<Target>) -> Item {
    let kinds = [Kind::Document, Kind::ScanReport, Kind::Policy, Kind::TestResult];
    let (supports, contradicts, neither) =
        (Outcome::Supports, Outcome::Contradicts, Outcome::Inconclusive);
    let (direct, indirect, weak) = (Strength::Direct, Strength::Indirect, Strength::Weak);
    let id = evidence.to_string().parse().unwrap();
    Item {
        evidence,
        kind: dice.one_of(&kinds),
        outcome: dice.weighted(&[(80, supports), (15, contradicts), (5, neither)]),
        strength: dice.weighted(&[(60, direct), (25, indirect), (15, weak)]),
        practices,
        work_from: None,
        valid_until: None,
        source: Source { name: dice.one_of(&["made-up", "told"]).parse().unwrap(), id },
        producer_sequence: None,
        instance: None,
        about: None,
        measures: Vec::new(),
        subjects: Vec::new(),
        tool: dice.in_hundred(60).then(|| tool(dice)),
        attachments: Vec::new(),
    }
}

fn tool(dice: &mut Dice) -> Tool {
    let version = dice.one_of(&[None, Some("1"), Some("2")]);
    let mapping = dice.one_of(&[None, Some("git/tag"), Some("git/test"), Some("ci/test")]);
    Tool {
        name: dice.one_of(&["lint", "probe"]).parse().unwrap(),
        version: version.map(|version| version.parse().unwrap()),
        mapping: mapping.map(|mapping| mapping.parse().unwrap()),
    }
}

/// That a source is distrusted, for an interval between stamps.
pub(crate) fn distrusted(
    dice: &mut Dice,
    principal: PrincipalId,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Event {
    let version = dice.one_of(&[None, None, Some("1"), Some("2")]);
    let versioned = |name: &str| Versioned {
        name: name.parse().unwrap(),
        version: version.map(|version| version.parse().unwrap()),
    };
    let suspect = match dice.below(10) {
        0..=3 => Suspect::Principal(principal),
        4..=5 => Suspect::Tool(versioned(dice.one_of(&["lint", "probe"]))),
        6..=7 => Suspect::Mapping(versioned(dice.one_of(&["git", "git/tag", "ci"]))),
        _ => Suspect::Source(dice.one_of(&["made-up", "told"]).parse().unwrap()),
    };
    Event::SourceDistrusted(SourceDistrusted { suspect, from, until })
}

/// A rating of the unit as a whole, by people.
pub(crate) fn judged(rating: RatingId, target: Target, value: Value) -> Rating {
    let evidence = Vec::new();
    Rating { rating, target, value, instance: None, appraisal: None, basis: None, evidence }
}

/// A rating of any value, most often of this scale, of any instance, by people, a rule or an
/// appraisal.
pub(crate) fn rating(dice: &mut Dice, scale: Scale, rating: RatingId, target: Target) -> Rating {
    let whole = if scale == Scale::Nplf { 50 } else { 70 };
    let instances = [(whole, None), (15, Some("one")), (15, Some("two"))];
    let instance = dice.weighted(&instances).map(|name| name.parse().unwrap());
    let by_rule = dice.in_hundred(20);
    let in_appraisal = !by_rule && dice.in_hundred(25);
    let basis = Basis { valid_at: first_day(), log_size: 1, rules: Digest::ZERO };
    Rating {
        instance,
        appraisal: in_appraisal.then_some(AppraisalId([7; 16])),
        basis: by_rule.then_some(basis),
        ..judged(rating, target, value(dice, scale))
    }
}

fn value(dice: &mut Dice, scale: Scale) -> Value {
    let satisfaction = [(72, Value::Satisfied), (20, Value::NotSatisfied)];
    let (share, fully) = if scale == Scale::Nplf { (10, 40) } else { (1, 2) };
    let halves = [Value::PartiallyLow, Value::PartiallyHigh, Value::LargelyLow, Value::LargelyHigh];
    match dice.below(100) {
        0..90 if scale == Scale::Satisfaction => dice.weighted(&satisfaction),
        0..10 => dice.weighted(&satisfaction),
        _ => {
            let half = dice.one_of(&halves);
            dice.weighted(&[
                (fully, Value::Fully),
                (share, Value::Not),
                (share, Value::Partially),
                (2 * share, Value::Largely),
                (2 * share, half),
            ])
        }
    }
}

pub(crate) fn tailored(dice: &mut Dice, model: ModelId, area: AreaId) -> Event {
    let area = AreaRef { model, area };
    match dice.below(10) {
        0..=1 => Event::AreaTailoredOut(Tailoring { area }),
        2..=4 => Event::AreaTailoredIn(Tailoring { area }),
        _ => {
            let inheritance = dice.one_of(Inheritance::ALL);
            Event::AreaInheritanceSet(AreaInheritanceSet { area, inheritance })
        }
    }
}

pub(crate) fn phase_entered() -> Event {
    Event::PhaseEntered(PhaseChange { phase: Phase::Operation })
}

pub(crate) fn marked() -> Event {
    let (kind, label) = (MarkerKind::Release, "1.0".parse().unwrap());
    Event::MarkerPlaced(MarkerPlaced { kind, label })
}
