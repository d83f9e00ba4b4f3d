//! The law itself: two ways to read a log give one answer, whatever is asked.
//!
//! A history that breaks it is made as short as it goes before it is shown.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use gradus_domain::At;
use gradus_domain::rules::Scheme;
use gradus_domain::sse_cmm::LevelAnswer;
use gradus_model::event::Document;
use gradus_model::{AreaId, Digest, Recorded, Timestamp, UnitId};

use crate::dice::Dice;
use crate::made_up::{History, made_up};
use crate::oracle::Oracle;
use crate::world::{DAY_MICROS, PUBLISHED, UNITS, first_day, instants, name_of, unit};

/// Questions asked of each history.
const QUESTIONS: u64 = 20;
/// Histories of a run, unless the environment says otherwise.
const HISTORIES: u64 = 60;
/// Histories from which on chance has to have asked about everything.
const MANY: u64 = 300;

/// What is asked: the levels of some areas of a unit, at a point of both times.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) unit: UnitId,
    pub(crate) at: At,
    /// Other rules than those in force.
    pub(crate) rules: Option<Document>,
    pub(crate) areas: Vec<AreaId>,
}

/// The answer for one area; coverage counts base practices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AreaFacts {
    pub(crate) area: AreaId,
    pub(crate) rated: LevelAnswer,
    pub(crate) ongoing: LevelAnswer,
    pub(crate) covered: usize,
    pub(crate) contradicted: usize,
    pub(crate) lapsed: usize,
    pub(crate) inherited_from: Option<UnitId>,
}

/// A way to read a log.
pub(crate) trait Answers {
    /// The areas asked about that the model in force has, in the order of the question; nothing
    /// when the unit is unknown, or no model or no rules are in force.
    fn levels(&self, question: &Question) -> Option<Vec<AreaFacts>>;
}

/// Random histories, read by `read` and by the oracle: every random question has one answer.
///
/// `GRADUS_HISTORIES` says how many, `GRADUS_SEED` which seed comes first.
pub(crate) fn holds<A: Answers>(read: impl Fn(&[Recorded]) -> A) {
    holds_for(seeds(1), read);
}

/// The same for some seeds.
pub(crate) fn holds_for<A: Answers>(seeds: Range<u64>, read: impl Fn(&[Recorded]) -> A) {
    let (first, count) = (seeds.start, seeds.end - seeds.start);
    let mut seen = BTreeMap::new();
    let mut facts = 0;
    for seed in seeds {
        let history = made_up(seed);
        facts += history.events.len();
        if let Some(question) = first_broken(&read, &history, &mut seen) {
            panic!("{}", shortest(&read, history, question));
        }
    }
    println!("{count} histories of {facts} facts, from seed {first} on");
    println!("{QUESTIONS} questions each; areas answered: {seen:?}");
    if count >= MANY {
        let missing: Vec<&str> =
            KINDS.into_iter().filter(|kind| !seen.contains_key(kind)).collect();
        assert!(missing.is_empty(), "never asked about: {missing:?}");
    }
}

/// The seeds of a run; a law that costs more is tried on so many times fewer histories.
pub(crate) fn seeds(times_fewer: u64) -> Range<u64> {
    let first = from_environment("GRADUS_SEED").unwrap_or(0);
    let count = from_environment("GRADUS_HISTORIES").unwrap_or(HISTORIES);
    first..first + (count / times_fewer).max(1)
}

fn from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is `{text}`: give a number")))
}

/// The first question on which the two ways differ.
fn first_broken<A: Answers>(
    read: &impl Fn(&[Recorded]) -> A,
    history: &History,
    seen: &mut BTreeMap<&'static str, u64>,
) -> Option<Question> {
    let (answers, oracle) = (read(&history.events), Oracle::of(&history.events));
    let mut dice = Dice::of(!history.seed);
    for _ in 0..QUESTIONS {
        let question = asked(&mut dice, history);
        let right = oracle.levels(&question);
        if answers.levels(&question) != right {
            return Some(question);
        }
        count(seen, &question, right.as_deref());
    }
    None
}

/// A question by chance.
pub(crate) fn asked(dice: &mut Dice, history: &History) -> Question {
    let (name, ..) = dice.one_of(&UNITS);
    let unit = if dice.in_hundred(85) { dice.one_of(&history.units) } else { unit(name) };
    let at = At { valid_at: moment(dice), size: size(dice, history) };
    let (rules, _) = dice.one_of(&PUBLISHED.rules);
    let rules = dice.in_hundred(40).then_some(rules);
    let mut areas = history.areas.clone();
    if dice.in_hundred(20) {
        let one_more = AreaId::new(u8::try_from(dice.below(22)).unwrap() + 1);
        areas.extend(one_more.filter(|area| !history.areas.contains(area)));
    }
    Question { unit, at, rules, areas }
}

/// Any day, or an instant of the facts, or the end of a window after one; and what is next to it.
fn moment(dice: &mut Dice) -> Timestamp {
    if dice.in_hundred(25) {
        let any = i64::try_from(dice.below(900)).unwrap() - 30;
        return first_day().plus_micros(any * DAY_MICROS);
    }
    let days = dice.one_of(&[0, 0, 0, 5, 10, 20, 40, 50, 90, 365]);
    let instant = dice.one_of(&instants()).plus_micros(days * DAY_MICROS);
    instant.plus_micros(dice.one_of(&[-1, 0, 0, 1]))
}

/// Everything, or what was known after any of the facts by chance, or any size.
fn size(dice: &mut Dice, history: &History) -> u64 {
    let head = history.events.len() as u64;
    match dice.below(100) {
        0..50 => head,
        50..95 => history.begins + dice.below(head - history.begins + 1),
        _ => dice.below(head + 1),
    }
}

const LEVELS_OF_NPLF: [&str; 6] = [
    "nplf: level 0",
    "nplf: level 1",
    "nplf: level 2",
    "nplf: level 3",
    "nplf: level 4",
    "nplf: level 5",
];

/// What has to be seen in the answers of a run, or the law was tried on nothing.
const KINDS: [&str; 26] = [
    "no model or rules, or unit unknown",
    "not rated",
    "not applicable",
    "not determinable",
    "partly known",
    "level 0",
    "level 1",
    "level 2",
    "level 3",
    "level 4",
    "level 5",
    "ongoing below rated",
    "ongoing level 1 or more",
    "inherited",
    "covered",
    "contradicted",
    "lapsed",
    "nplf: not rated",
    "nplf: partly known",
    "nplf: level 0",
    "nplf: level 1",
    "nplf: level 2",
    "nplf: level 3",
    "nplf: level 4",
    "nplf: level 5",
    "nplf: ongoing level 1 or more",
];

fn count(
    seen: &mut BTreeMap<&'static str, u64>,
    question: &Question,
    answers: Option<&[AreaFacts]>,
) {
    let asked = question.rules.as_ref().and_then(|rules| PUBLISHED.rules(rules.digest));
    let nplf = asked.is_some_and(|rules| matches!(rules.scheme, Scheme::Nplf33020(_)));
    let mut saw = |kind: &'static str| *seen.entry(kind).or_default() += 1;
    let Some(answers) = answers else { return saw(KINDS[0]) };
    for facts in answers {
        saw(match facts.rated {
            LevelAnswer::NotRated => "not rated",
            LevelAnswer::NotApplicable => "not applicable",
            LevelAnswer::NotDeterminable => "not determinable",
            LevelAnswer::Range { at_least, at_most, .. } if at_least < at_most => "partly known",
            LevelAnswer::Range { at_least, .. } => KINDS[5 + usize::from(at_least)],
        });
        let of_nplf = match facts.rated {
            LevelAnswer::NotRated => Some("nplf: not rated"),
            LevelAnswer::Range { at_least, at_most, .. } if at_least < at_most => {
                Some("nplf: partly known")
            }
            LevelAnswer::Range { at_least, .. } => Some(LEVELS_OF_NPLF[usize::from(at_least)]),
            LevelAnswer::NotApplicable | LevelAnswer::NotDeterminable => None,
        };
        of_nplf.filter(|_| nplf).into_iter().for_each(&mut saw);
        let others = [
            ("nplf: ongoing level 1 or more", nplf && is_reached(facts.ongoing)),
            ("ongoing below rated", facts.ongoing != facts.rated),
            ("ongoing level 1 or more", is_reached(facts.ongoing)),
            ("inherited", facts.inherited_from.is_some()),
            ("covered", facts.covered > 0),
            ("contradicted", facts.contradicted > 0),
            ("lapsed", facts.lapsed > 0),
        ];
        others.into_iter().filter(|(_, so)| *so).for_each(|(kind, _)| saw(kind));
    }
}

fn is_reached(level: LevelAnswer) -> bool {
    matches!(level, LevelAnswer::Range { at_least: 1.., .. })
}

/// The history without all facts that the difference does not need, and both answers.
fn shortest<A: Answers>(
    read: &impl Fn(&[Recorded]) -> A,
    mut history: History,
    mut question: Question,
) -> String {
    let answers = |history: &History, question: &Question| {
        let theirs = read(&history.events).levels(question);
        (theirs, Oracle::of(&history.events).levels(question))
    };
    for area in question.areas.clone() {
        let alone = Question { areas: vec![area], ..question.clone() };
        let (theirs, right) = answers(&history, &alone);
        if theirs != right {
            question = alone;
            break;
        }
    }
    let mut at = history.events.len();
    while at > 0 {
        at -= 1;
        let (shorter, asked) = without(&history, &question, at);
        let (theirs, right) = answers(&shorter, &asked);
        if theirs != right {
            (history, question) = (shorter, asked);
            // What this fact needed may now be needless, too.
            at = history.events.len();
        }
    }
    let (theirs, right) = answers(&history, &question);
    let areas = |answer: Option<Vec<AreaFacts>>| answer.map(|areas| by_area(&areas));
    let (theirs, right) = (areas(theirs), areas(right));
    format!("{}{}answered {theirs:#?}\nexpected {right:#?}", told(&history), in_words(&question))
}

fn without(history: &History, question: &Question, at: usize) -> (History, Question) {
    let mut question = question.clone();
    if (at as u64) < question.at.size {
        question.at.size -= 1;
    }
    (history.without(at), question)
}

fn by_area(areas: &[AreaFacts]) -> Vec<String> {
    let from = |facts: &AreaFacts| facts.inherited_from.map(|unit| name_of(unit.0));
    let line = |facts: &AreaFacts| {
        let AreaFacts { area, rated, ongoing, covered, contradicted, lapsed, .. } = facts;
        let coverage = format!("{covered} covered, {contradicted} contradicted, {lapsed} lapsed");
        format!("{area}: {rated:?}, ongoing {ongoing:?}, {coverage}, from {:?}", from(facts))
    };
    areas.iter().map(line).collect()
}

pub(crate) fn told(history: &History) -> String {
    let mut text = format!("seed {}, made short:\n", history.seed);
    for Recorded { place, effective_at, actor, event, .. } in &history.events {
        let (stream, actor) = (name_of(place.stream.0), name_of(actor.0));
        let event = with_names(&format!("{event:?}"));
        writeln!(text, "{} {stream} {effective_at} {actor}: {event}", place.position).unwrap();
    }
    text
}

/// The text with every id and digest in it replaced by the name that it was made of.
fn with_names(text: &str) -> String {
    let named = |part: &str| match (part.parse::<UnitId>(), part.parse::<Digest>()) {
        (Ok(id), _) => name_of(id.0),
        (_, Ok(digest)) => name_of(digest.0),
        _ => part.to_owned(),
    };
    text.split('(')
        .map(|part| part.split(')').map(named).collect::<Vec<_>>().join(")"))
        .collect::<Vec<_>>()
        .join("(")
}

fn in_words(question: &Question) -> String {
    let Question { unit, at, rules, .. } = question;
    let rules = rules.as_ref().map(|rules| rules.id.to_string());
    let unit = name_of(unit.0);
    format!("asked: {unit} at {}, size {}, rules {rules:?}\n", at.valid_at, at.size)
}
