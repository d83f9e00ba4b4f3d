//! Erasing many texts: what may be said of it, what holds keep, and which records are about a person.

use expect_test::{Expect, expect};
use gradus_domain::erasure::About;
use gradus_model::event::{
    AttachmentsErased, LegalHoldLifted, LegalHoldPlaced, PayloadErased, PayloadsErased,
    RetentionRemoved, RetentionSet, Run,
};
use gradus_model::payload::Class;
use gradus_model::unit::Role;
use gradus_model::{Event, Payload};

use crate::distrusts::{distrusted, of_principal, restored};
use crate::given::{
    Fact, accepted, check, conflicted, decide, decide_in_organization, digest, erased, fact,
    history, in_words, linked, organization, recorded, submitted, superseded, unit, who,
};
use crate::registry::{added, and, archived, disabled, granted, issued, moved, revoked, tree};

pub(crate) fn run(first: u64, last: u64) -> Run {
    Run { first, last }
}

pub(crate) fn all_erased(runs: &[Run], rule: Option<u64>) -> Fact {
    let erased = PayloadsErased { runs: runs.to_vec(), rule };
    fact(Event::PayloadsErased(erased)).because("asked for")
}

pub(crate) fn detached(attachments: &[&str]) -> Fact {
    let digests = attachments.iter().map(|name| digest(name)).collect();
    fact(Event::AttachmentsErased(AttachmentsErased { digests, rule: None })).because("asked for")
}

fn attaching(item: &str, attachments: &[&str]) -> Fact {
    let digests = attachments.iter().map(|name| digest(name)).collect::<Vec<_>>();
    submitted(item).with(|item| item.attachments = digests.clone())
}

pub(crate) fn held(hold: &str, on: &str, records: Option<Run>) -> Fact {
    let hold = hold.parse().unwrap();
    let placed = LegalHoldPlaced { hold, unit: unit(on), records };
    fact(Event::LegalHoldPlaced(placed)).because("litigation")
}

pub(crate) fn lifted(hold: &str) -> Fact {
    let lifted = LegalHoldLifted { hold: hold.parse().unwrap() };
    fact(Event::LegalHoldLifted(lifted)).because("settled")
}

pub(crate) fn kept(of: &str, class: Option<Class>, days: u32) -> Fact {
    let set = RetentionSet { unit: unit(of), class, days };
    fact(Event::RetentionSet(set)).because("our schedule")
}

pub(crate) fn unkept(of: &str, class: Option<Class>) -> Fact {
    let removed = RetentionRemoved { unit: unit(of), class };
    fact(Event::RetentionRemoved(removed)).because("the contract ended")
}

fn silent(mut fact: Fact) -> Fact {
    fact.proposal.payload = Payload::empty();
    fact
}

fn check_here(history: &[Fact], proposed: Fact, expected: Expect) {
    expected.assert_eq(&in_words(&decide_in_organization(history, &proposed)));
}

#[test]
fn many_records_are_erased_at_once_for_a_reason() {
    let three = || vec![submitted("E1"), submitted("E2"), submitted("E3")];
    check(&three(), all_erased(&[run(1, 3)], None), expect!["recorded"]);
    check(&three(), silent(all_erased(&[run(1, 3)], None)), expect!["refused: a reason is needed"]);
    let some = and(three(), [all_erased(&[run(1, 2)], None)]);
    check(&some, all_erased(&[run(1, 1), run(2, 2)], None), expect!["already so"]);
    check(&some, all_erased(&[run(2, 3)], Some(7)), expect!["recorded"]);
    let one = fact(Event::PayloadErased(PayloadErased { version: 2 })).because("asked for");
    check(&some, one, expect!["already so"]);
}

#[test]
fn runs_are_in_order_apart_and_of_records_that_are_there() {
    let two = || vec![submitted("E1"), submitted("E2")];
    let unordered = |runs: &[Run]| in_words(&decide(&two(), &all_erased(runs, None)));
    for runs in [[run(2, 2), run(1, 1)], [run(1, 1), run(1, 2)], [run(1, 1), run(2, 1)]] {
        let first = runs[1].first;
        let refused = "is not after the one before, or ends before it begins";
        let refused = format!("refused: the run of records from {first} {refused}");
        assert_eq!(unordered(&runs), refused);
    }
    check(
        &two(),
        all_erased(&[run(1, 3)], None),
        expect!["refused: the unit's stream has no version 3"],
    );
    check(&two(), all_erased(&[], None), expect!["refused: the unit's stream has no version 0"]);
    let ends = u64::MAX;
    let far = format!("refused: the unit's stream has no version {ends}");
    let told = in_words(&decide(&two(), &all_erased(&[run(1, ends)], None)));
    assert_eq!(told, far);
}

#[test]
fn a_hold_has_a_name_of_its_own_while_it_is_in_force() {
    check_here(&tree(), held("case-7", "red", None), expect!["recorded"]);
    check_here(
        &tree(),
        silent(held("case-7", "red", None)),
        expect!["refused: a reason is needed"],
    );
    check_here(&tree(), held("case-7", "green", None), expect!["refused: unit `green` is unknown"]);
    let one = and(tree(), [held("case-7", "red", None)]);
    check_here(&one, held("case-7", "red", None), expect!["already so"]);
    check_here(
        &one,
        held("case-7", "blue", None),
        expect!["refused: the name `case-7` belongs to another legal hold: choose another one"],
    );
    check_here(&one, lifted("case-7"), expect!["recorded"]);
    check_here(
        &one,
        lifted("case-8"),
        expect!["refused: no legal hold is called `case-8`: name one that is listed"],
    );
    let over = and(one, [lifted("case-7")]);
    check_here(&over, lifted("case-7"), expect!["already so"]);
    check_here(&over, held("case-7", "blue", None), expect!["recorded"]);
}

/// What the holds of a history say to an erasure in the stream of a unit.
fn frees(history: &[Fact], of: &str, erased: &[Run]) -> String {
    let event = Event::PayloadsErased(PayloadsErased { runs: erased.to_vec(), rule: None });
    let registry = organization(history);
    match registry.frees((unit(of), &[unit(of)]), &event, &[]) {
        Ok(()) => "free".to_owned(),
        Err(refusal) => refusal.to_string(),
    }
}

#[test]
fn nothing_below_a_hold_is_erased_until_it_is_lifted() {
    let placed = and(tree(), [held("case-7", "red", None)]);
    let refused = format!(
        "record 2 is under the legal hold `case-7`, which was placed at position {}: nothing that it \
         is about is erased until it is lifted",
        tree().len()
    );
    assert_eq!(frees(&placed, "red", &[run(2, 3)]), refused);
    assert_eq!(frees(&placed, "app", &[run(2, 3)]), refused, "it is below red");
    assert_eq!(frees(&placed, "blue", &[run(2, 3)]), "free");
    assert_eq!(frees(&placed, "org", &[run(2, 3)]), "free");
    let moved = and(placed.clone(), [moved("app", "blue")]);
    assert_eq!(frees(&moved, "app", &[run(2, 3)]), "free");
    assert_eq!(frees(&and(placed, [lifted("case-7")]), "app", &[run(2, 3)]), "free");
}

#[test]
fn a_hold_on_some_records_leaves_the_others_and_the_units_below() {
    let placed = and(tree(), [held("case-7", "red", Some(run(3, 5)))]);
    assert_eq!(frees(&placed, "red", &[run(1, 2), run(6, 9)]), "free");
    assert!(frees(&placed, "red", &[run(1, 2), run(5, 9)]).starts_with("record 5 is under"));
    assert_eq!(frees(&placed, "app", &[run(3, 5)]), "free");
    let registry = organization(&placed);
    let one = Event::PayloadErased(PayloadErased { version: 4 });
    assert!(registry.frees((unit("red"), &[unit("red")]), &one, &[]).is_err());
    // An appraisal is held where any unit of its scope is, but not by records of one.
    let appraised = [unit("blue"), unit("red")];
    assert!(registry.frees((unit("appraisal"), &appraised), &one, &[]).is_ok());
    let whole = organization(&and(tree(), [held("case-7", "red", None)]));
    assert!(whole.frees((unit("appraisal"), &appraised), &one, &[]).is_err());
}

#[test]
fn attachments_are_erased_by_their_digests_for_a_reason_and_once() {
    let named = || vec![attaching("E1", &["a", "b"])];
    check(&named(), detached(&["a"]), expect!["recorded"]);
    check(&named(), silent(detached(&["a"])), expect!["refused: a reason is needed"]);
    let gone = and(named(), [detached(&["a"])]);
    check(&gone, detached(&["a"]), expect!["already so"]);
    check(&gone, detached(&["a", "b"]), expect!["recorded"]);
    let many: Vec<String> = (0..65).map(|number| format!("{number:02}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    check(
        &gone,
        detached(&many),
        expect!["refused: `digests` has 65 entries, at most 64 are allowed"],
    );
}

#[test]
fn an_attachment_goes_with_the_last_item_that_names_it() {
    let goes = |facts: &[Fact], versions: &[u64]| {
        let found = history(facts).attachments_with(&versions.iter().copied().collect());
        let all = ["a", "b", "c"].into_iter().filter(|name| found.contains(&digest(name)));
        all.collect::<String>()
    };
    let two = || vec![attaching("E1", &["a", "b"]), attaching("E2", &["b", "c"])];
    assert_eq!(goes(&two(), &[1]), "a");
    assert_eq!(goes(&two(), &[2]), "c");
    assert_eq!(goes(&two(), &[1, 2]), "abc");
    assert_eq!(goes(&two(), &[]), "");
    let one_left = and(two(), [erased(1)]);
    assert_eq!(goes(&one_left, &[2]), "bc");
    assert_eq!(goes(&and(one_left, [attaching("E3", &["b"])]), &[2]), "c", "another names it");
    let told = history(&and(two(), [detached(&["a"]), detached(&["a", "b"])]));
    let at = |name| told.attachment_erased(&digest(name));
    assert_eq!([at("a"), at("b"), at("c")], [Some(2), Some(3), None], "the first one counts");
    let naming = |name| told.naming(&digest(name)).map(|item| item.version).collect::<Vec<_>>();
    assert_eq!([naming("a"), naming("b"), naming("z")], [vec![1], vec![1, 2], vec![]]);
}

#[test]
fn a_hold_keeps_the_attachments_that_its_records_name() {
    let event = detached(&["a"]).proposal.event;
    let frees = |history: &[Fact], of: &str, naming: &[u64]| {
        organization(history).frees((unit(of), &[unit(of)]), &event, naming).is_ok()
    };
    let whole = and(tree(), [held("case-7", "red", None)]);
    assert!(!frees(&whole, "app", &[9]) && frees(&whole, "blue", &[9]));
    let some = and(tree(), [held("case-7", "red", Some(run(3, 5)))]);
    assert!(!frees(&some, "red", &[1, 4]) && frees(&some, "red", &[1, 6]));
}

#[test]
fn the_rule_of_the_nearest_unit_holds_and_there_the_one_for_the_class() {
    let days = |history: &[Fact], of: &str, class| {
        organization(history).retention(unit(of), class).map(|rule| rule.set.days)
    };
    let confidential = Some(Class::Confidential);
    let rules = and(
        tree(),
        [kept("org", None, 3_650), kept("org", confidential, 365), kept("red", None, 30)],
    );
    assert_eq!(days(&rules, "blue", Class::Ordinary), Some(3_650));
    assert_eq!(days(&rules, "blue", Class::Confidential), Some(365));
    assert_eq!(days(&rules, "app", Class::Confidential), Some(30), "red is nearer");
    let removed = and(rules.clone(), [unkept("red", None), kept("org", confidential, 366)]);
    assert_eq!(days(&removed, "app", Class::Confidential), Some(366));
    assert_eq!(days(&tree(), "app", Class::Ordinary), None);
    check_here(&rules, kept("red", None, 30), expect!["already so"]);
    check_here(&rules, unkept("blue", None), expect!["already so"]);
    check_here(
        &rules,
        kept("red", None, 0),
        expect!["refused: texts cannot be kept for 0 days: give 1 to 36525"],
    );
    check_here(
        &rules,
        kept("red", None, 36_526),
        expect!["refused: texts cannot be kept for 36526 days: give 1 to 36525"],
    );
    let gone = and(tree(), [archived("blue")]);
    check_here(&gone, kept("blue", None, 30), expect!["recorded"]);
}

#[test]
fn about_a_person_is_what_names_them_and_what_was_said_of_that() {
    let of_amy = submitted("E1").with(|item| item.about = Some(who("amy").principal));
    let story = [
        of_amy,
        submitted("E2"),
        accepted("E1"),
        accepted("E2"),
        linked("E1", &["BP.01.02"]),
        superseded("E2", "E1"),
        conflicted("amy", None),
        conflicted("bob", None),
        added("amy"),
        added("bob"),
        granted("amy", Role::Lead, "red", None),
        issued("T1", "amy", None),
        issued("T2", "bob", None),
        revoked("T1"),
        revoked("T2"),
        distrusted(of_principal("amy"), None, None),
        distrusted(of_principal("bob"), None, None),
        restored(15),
        restored(16),
        disabled("amy"),
    ];
    let mut about = About::person(who("amy").principal);
    let told =
        story.iter().zip(0..).filter(|(fact, position)| about.takes(&recorded(*position, fact)));
    let told: Vec<u64> = told.map(|(_, position)| position).collect();
    assert_eq!(told, [0, 2, 4, 5, 6, 8, 10, 11, 13, 15, 17, 19]);
}
