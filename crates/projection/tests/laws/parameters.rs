//! Every parameter of the scheme N/P/L/F is tried: were it another one, some answer would differ.

use crate::dice::Dice;
use crate::law::{Answers, Question, asked};
use crate::made_up::made_up;
use crate::oracle::Oracle;
use crate::world::{PUBLISHED, published};

/// Rules, a line of theirs, and what it is instead.
const OTHERWISE: [(&str, &str, &str); 13] = [
    ("nplf-33020", "method = \"R1\"", "method = \"R2\""),
    ("nplf-33020", "aggregate = \"mean\"", "aggregate = \"median\""),
    ("nplf-33020", "ties = \"lower\"", "ties = \"higher\""),
    ("nplf-33020", "fine = false", "fine = true"),
    ("by-feature", "method = \"R2\"", "method = \"R1\""),
    ("by-feature", "method = \"R2\"", "method = \"R3\""),
    ("by-feature", "aggregate = \"median\"", "aggregate = \"mean\""),
    ("by-feature", "ties = \"higher\"", "ties = \"lower\""),
    ("overall", "method = \"R3\"", "method = \"R2\""),
    ("overall", "ties = \"higher\"", "ties = \"lower\""),
    ("overall", "fine = true", "fine = false"),
    ("middle", "aggregate = \"median\"", "aggregate = \"mean\""),
    ("middle", "aggregate = \"median\"", "aggregate = \"median\"\nties = \"higher\""),
];

/// Histories until which a difference has to be seen.
const PATIENCE: u64 = 400;

#[test]
fn each_parameter_changes_some_level() {
    for (id, line, instead) in OTHERWISE {
        let own = format!("\nid = \"{id}\"\n");
        let edited = |text: &str| {
            let is_it = text.contains(&own);
            assert!(!is_it || text.contains(line), "{id} has no line {line}");
            if is_it { text.replace(line, instead) } else { text.to_owned() }
        };
        let other = published(edited);
        let (rules, _) = PUBLISHED.rules.iter().find(|(rules, _)| rules.id.as_str() == id).unwrap();
        let differs = |seed: &u64| {
            let history = made_up(*seed);
            let (as_is, otherwise) =
                (Oracle::of(&history.events), Oracle::with(&history.events, &other));
            let mut dice = Dice::of(!seed);
            let asked = (0..3).map(|_| asked(&mut dice, &history));
            let mut asked = asked.map(|asked| Question { rules: Some(rules.clone()), ..asked });
            asked.any(|question| as_is.levels(&question) != otherwise.levels(&question))
        };
        let seed = (0..PATIENCE).find(differs);
        println!("{id}, {instead}: {seed:?}");
        assert!(seed.is_some(), "{id} with {instead} answers the same");
    }
}
