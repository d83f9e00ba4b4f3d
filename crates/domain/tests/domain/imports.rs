//! Appraisals of before that are brought in.

use std::sync::Arc;

use expect_test::expect;
use gradus_domain::appraisal::{State, follows_from_import};
use gradus_domain::{Refusal, Rules, Verdict};
use gradus_model::appraisal::{Input, Member, Part, Subject};
use gradus_model::event::AppraisalImported;
use gradus_model::rating::Value;
use gradus_model::{AppraisalId, Event};

use crate::appraisals::{A1, answer, answer_by, appraisals, id, input, opened, sealed};
use crate::given::{Fact, ISO, STRICT, STRICT_TEXT, day, fact, in_words, rated, unit};

const A2: AppraisalId = AppraisalId(*b"A2\0\0\0\0\0\0\0\0\0\0\0\0\0\0");

fn imported_with(change: impl FnOnce(&mut AppraisalImported)) -> Fact {
    let mut of = AppraisalImported {
        appraisal: A2,
        input: input(),
        conducted_from: day("2024-03-01"),
        conducted_until: day("2024-03-16"),
        ratings: 3,
    };
    change(&mut of);
    fact(Event::AppraisalImported(of)).by("sue").on("2024-04-01")
}

pub(crate) fn imported() -> Fact {
    imported_with(|_| ())
}

/// What is wrong with each.
pub(crate) fn of_imports() -> Vec<(Vec<Fact>, Fact)> {
    let ahead = imported_with(|of| of.conducted_until = day("2026-07-01"));
    vec![
        (vec![], imported_with(|of| of.input.units.push(unit("other")))),
        (vec![], imported_with(|of| of.conducted_until = of.conducted_from)),
        (vec![], imported().on("2024-02-29")),
        (vec![], imported_with(|of| of.ratings = 0)),
        (vec![], imported_with(|of| of.ratings = 901)),
        (vec![], ahead.on("2026-05-01")),
        (vec![], imported().on("2026-07-01")),
        (vec![], imported().by("bot")),
        (vec![], imported_with(|of| of.input.team.clear())),
        (vec![imported()], sealed_in(A2)),
    ]
}

fn sealed_in(appraisal: AppraisalId) -> Fact {
    let mut rating = sealed("leo", "BP.01.01");
    if let Event::IndividualRatingSealed(of) = &mut rating.proposal.event {
        of.appraisal = appraisal;
    }
    rating
}

#[test]
fn an_appraisal_of_before_is_closed_as_it_is_recorded() {
    let was = |change: fn(&mut Input)| imported_with(|of| change(&mut of.input));
    // Who took part may be gone by now, and nobody kept the sponsor from rating.
    let gone = was(|input| input.team.push(Member { principal: id("gone"), part: Part::Member }));
    for fact in [imported(), gone, was(|input| input.sponsor = id("leo"))] {
        assert_eq!(answer(&[], &fact), Ok(Verdict::Record), "{fact:?}");
    }
    let known = appraisals(&[imported()]);
    let known = known.get(A2).unwrap();
    let conducted = known.imported.unwrap();
    assert_eq!((conducted.from, conducted.until), (day("2024-03-01"), day("2024-03-16")));
    assert_eq!(known.state(), State::Closed);
    let all = appraisals(&[imported(), opened()]);
    assert_eq!((all.imported(100).len(), all.imported(101).len()), (0, 1));
}

/// The strict rules, taking no appraisals of before.
fn refusing() -> Rules {
    let text = "\n[duties]\nimports_refused = \"nobody can show how they were rated\"\n";
    Rules::parse("made-up.toml", &(STRICT_TEXT.to_owned() + text)).unwrap()
}

/// What rules say that refuse it, in force from a day on until another.
pub(crate) fn refused_between(from: &str, until: &str) -> Result<Verdict, Refusal> {
    let (strict, refusing) = (Arc::new(STRICT.clone()), Arc::new(refusing()));
    let refuses = |at| day(from) <= at && at < day(until);
    let rules = |at| Arc::clone(if refuses(at) { &refusing } else { &strict });
    answer_by(&rules, &[], &imported())
}

#[test]
fn rules_take_no_appraisals_of_before_where_they_say_so() {
    // By the rules of now, whatever date it states, and by those of its date.
    for (from, until) in [("2026-01-01", "2027-01-01"), ("2024-01-01", "2025-01-01")] {
        let told = in_words(&refused_between(from, until));
        expect!["refused: the rules `strict` refuse appraisals of before (nobody can show how they were rated): conduct it here, or adopt rules without `imports_refused`"]
            .assert_eq(&told);
    }
    assert_eq!(refused_between("2025-01-01", "2026-01-01"), Ok(Verdict::Record));
    // Nothing else is refused by them, and no duty is relaxed.
    let rules = Arc::new(refusing());
    assert!(!rules.duties.relax_any());
    assert_eq!(answer_by(&|_| Arc::clone(&rules), &[], &opened()), Ok(Verdict::Record));
}

#[test]
fn ratings_follow_from_an_appraisal_of_before_within_its_scope_and_date() {
    let known = appraisals(&[imported()]);
    let known = known.get(A2).unwrap();
    let follows = |practice: &str, value: Value, on: &str, of: AppraisalId| {
        let fact = rated("R1", practice, value).rated_as(|rating| rating.appraisal = Some(of));
        let Event::PracticeRated(rating) = &fact.proposal.event else { panic!("{fact:?}") };
        let subject = Subject {
            unit: unit("app"),
            target: rating.target.clone(),
            instance: rating.instance.clone(),
        };
        follows_from_import(known, &subject, (&ISO, &STRICT), (rating, day(on)))
    };
    assert_eq!(follows("BP.01.01", Value::Satisfied, "2024-04-01", A2), Ok(true));
    assert_eq!(follows("BP.01.01", Value::Satisfied, "2024-04-02", A2), Ok(false));
    assert_eq!(follows("BP.01.01", Value::Satisfied, "2024-04-01", A1), Ok(false));
    let refused = [
        follows("BP.02.01", Value::Satisfied, "2024-04-01", A2),
        follows("PA01/GP 2.1.1", Value::Satisfied, "2024-04-01", A2),
        follows("BP.01.01", Value::Fully, "2024-04-01", A2),
    ];
    let told: Vec<String> = refused.map(|answer| answer.unwrap_err().to_string()).to_vec();
    expect![[r#"
        `iso-21827-2008/BP.02.01` is not in the scope of the appraisal
        `iso-21827-2008/PA01/GP 2.1.1` is not in the scope of the appraisal
        `F` is on a scale that the unit's rules do not read"#]]
    .assert_eq(&told.join("\n"));
}
