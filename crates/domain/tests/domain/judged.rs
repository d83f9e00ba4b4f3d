//! Areas with anything rated, and rules of the scheme `nplf-33020` with any parameters.

use std::sync::LazyLock;

use gradus_domain::Rules;
use gradus_domain::nplf::Nplf;
use gradus_domain::rules::Scheme;
use gradus_domain::scheme::{Levels, Outline, Reading, Role, levels};
use gradus_domain::sse_cmm::LevelAnswer;
use gradus_model::Practice;
use gradus_model::rating::{Scale, Value};
use proptest::prelude::*;

use crate::given::{ISO, NPLF_TEXT, target};

/// The shipped rules with other parameters, as in `R2 median higher fine`.
pub(crate) fn rules(parameters: &str) -> Rules {
    let mut text = NPLF_TEXT.to_owned();
    for word in parameters.split(' ') {
        let (from, to) = match word {
            "R1" | "R2" | "R3" => ("method = \"R1\"", format!("method = \"{word}\"")),
            "mean" | "median" => ("aggregate = \"mean\"", format!("aggregate = \"{word}\"")),
            "lower" | "higher" => ("ties = \"lower\"", format!("ties = \"{word}\"")),
            "plain" => ("fine = false", "fine = false".to_owned()),
            "fine" => ("fine = false", "fine = true".to_owned()),
            _ => panic!("{word} is no parameter"),
        };
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text = text.replace(from, &to);
    }
    Rules::parse("made-up.toml", &text).unwrap()
}

/// Every choice of parameters.
pub(crate) static EVERY: LazyLock<Vec<Rules>> = LazyLock::new(|| {
    let mut every = Vec::new();
    for method in ["R1", "R2", "R3"] {
        for aggregate in ["mean", "median"] {
            for ties in ["lower", "higher"] {
                for scale in ["plain", "fine"] {
                    every.push(rules(&format!("{method} {aggregate} {ties} {scale}")));
                }
            }
        }
    }
    every
});

pub(crate) fn parameters(rules: &Rules) -> Nplf {
    let Scheme::Nplf33020(nplf) = rules.scheme else { panic!("{} is another", rules.id) };
    nplf
}

/// An area: what can be rated, and what is read of it.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    pub(crate) outline: Outline,
    pub(crate) readings: Vec<Reading>,
}

impl Judged {
    /// PA01 of the 2008 edition, of which nothing is rated.
    pub(crate) fn pa01(rules: &Rules) -> Self {
        let area = ISO.area("PA01".parse().unwrap()).unwrap();
        let outline = Outline::of(&ISO, area, rules.scheme);
        let readings = vec![Reading::default(); outline.targets.len()];
        Self { outline, readings }
    }

    fn each(mut self, practices: &str, change: impl Fn(&mut Reading)) -> Self {
        let mut seen = 0;
        for ((target, _), reading) in self.outline.targets.iter().zip(&mut self.readings) {
            let text = target.practice.to_string();
            if text.trim_start_matches("PA01/").starts_with(practices) {
                change(reading);
                seen += 1;
            }
        }
        assert!(seen > 0, "{practices}");
        self
    }

    /// Rates everything whose id begins so, with evidence behind it: `F`, or `a:F b:N` for the
    /// process instances a and b.
    pub(crate) fn rated(self, practices: &str, values: &str) -> Self {
        let value = |text: &str| {
            let scales = [Scale::Nplf, Scale::Satisfaction];
            scales.iter().find_map(|scale| scale.value(text).ok()).unwrap()
        };
        let read = |text: &str| match text.split_once(':') {
            Some((instance, text)) => (Some(instance.parse().unwrap()), value(text)),
            None => (None, value(text)),
        };
        let values: Vec<_> = values.split_whitespace().map(read).collect();
        self.each(practices, |reading| {
            *reading = Reading { values: values.clone().into(), supported: true };
        })
    }

    /// Takes the evidence from everything whose id begins so.
    pub(crate) fn unsupported(self, practices: &str) -> Self {
        self.each(practices, |reading| reading.supported = false)
    }

    pub(crate) fn levels(&self, rules: &Rules) -> Levels {
        levels(rules, &self.outline, &self.seen())
    }

    pub(crate) fn seen(&self) -> Vec<&Reading> {
        self.readings.iter().collect()
    }
}

fn in_words(answer: LevelAnswer) -> String {
    match answer {
        LevelAnswer::Range { at_least, at_most, open } if at_least == at_most && open == 0 => {
            at_least.to_string()
        }
        LevelAnswer::Range { at_least, at_most, open } => {
            format!("{at_least} to {at_most}, {open} open")
        }
        LevelAnswer::NotRated => "not rated".to_owned(),
        LevelAnswer::NotApplicable => "not applicable".to_owned(),
        LevelAnswer::NotDeterminable => "not determinable".to_owned(),
    }
}

pub(crate) fn told(levels: Levels) -> String {
    format!("{}; ongoing {}", in_words(levels.rated), in_words(levels.ongoing))
}

/// Three base practices, five features with one to three practices each.
pub(crate) const SMALL: [&str; 16] = [
    "BP.01.01",
    "BP.01.02",
    "BP.01.03",
    "PA01/GP 2.1.1",
    "PA01/GP 2.1.2",
    "PA01/GP 2.1.3",
    "PA01/GP 2.2.1",
    "PA01/GP 3.1.1",
    "PA01/GP 3.1.2",
    "PA01/GP 4.1.1",
    "PA01/GP 5.1.1",
    "PA01/2.1",
    "PA01/2.2",
    "PA01/3.1",
    "PA01/4.1",
    "PA01/5.1",
];

pub(crate) fn small() -> Outline {
    let targets = SMALL.iter().map(|text| {
        let target = target(text);
        let role = match target.practice {
            Practice::Base(_) => Role::Base,
            Practice::Generic(_, id) => Role::Generic(id.feature),
            Practice::Feature(_, id) => Role::Feature(id),
        };
        (target, role)
    });
    Outline::new(true, targets.collect())
}

pub(crate) fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => Just(Value::Fully),
        2 => Just(Value::Largely),
        2 => prop::sample::select(&Value::ALL[2..]),
    ]
}

fn reading(rated: prop::bool::Weighted) -> impl Strategy<Value = Reading> {
    let whole = prop::option::weighted(0.7, value()).prop_map(|value| {
        vec![(None, value)]
            .into_iter()
            .filter_map(|(instance, value)| Some((instance, value?)))
            .collect::<Vec<_>>()
    });
    let instance = || prop::option::weighted(0.5, value());
    let split = (instance(), instance(), instance()).prop_map(|(whole, a, b)| {
        let instances = [(None, whole), (Some("a"), a), (Some("b"), b)];
        let rated = instances.into_iter().filter_map(|(instance, value)| {
            Some((instance.map(|name| name.parse().unwrap()), value?))
        });
        rated.collect::<Vec<_>>()
    });
    let values = prop_oneof![6 => whole, 1 => split];
    (rated, values, prop::bool::weighted(0.8)).prop_map(|(is_rated, values, supported)| {
        let values = if is_rated { values } else { Vec::new() };
        Reading { supported: supported && !values.is_empty(), values: values.into() }
    })
}

/// An area with anything rated, and the parameters it is read by.
pub(crate) fn judged() -> impl Strategy<Value = (&'static Rules, Judged)> {
    let practices = prop::collection::vec(reading(prop::bool::weighted(0.9)), 11);
    let features = prop::collection::vec(reading(prop::bool::weighted(0.2)), 5);
    let rules = prop::sample::select((0..EVERY.len()).collect::<Vec<_>>());
    (rules, practices, features).prop_map(|(rules, practices, features)| {
        let rules = &EVERY[rules];
        let mut readings: Vec<Reading> = practices.into_iter().chain(features).collect();
        for (_, value) in readings.iter_mut().flat_map(|reading| &mut reading.values) {
            *value = rules.read(*value).unwrap();
        }
        (rules, Judged { outline: small(), readings })
    })
}

/// The lowest and the highest level, and how many targets are open between them.
pub(crate) fn bounds(answer: LevelAnswer) -> (u8, u8, u16) {
    match answer {
        LevelAnswer::Range { at_least, at_most, open } => (at_least, at_most, open),
        LevelAnswer::NotRated => (0, 5, u16::MAX),
        LevelAnswer::NotApplicable | LevelAnswer::NotDeterminable => panic!("{answer:?}"),
    }
}
