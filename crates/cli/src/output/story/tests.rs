//! A story in each form, from messages of a server.

use expect_test::{Expect, expect};
use gradus_wire::v1;
use gradus_wire::v1::level_answer::Answer;
use gradus_wire::v1::replay_unit_response::Told;

use super::{markdown, view};
use crate::output::{Format, Output};
use crate::select::{start, wire};

fn on(day: &str) -> Option<prost_types::Timestamp> {
    Some(wire(start(day).unwrap()))
}

fn state(level: u32) -> Option<v1::AreaState> {
    let range = v1::LevelRange { at_least: level, at_most: level, open: 0, level: Some(level) };
    let answer = Some(v1::LevelAnswer { answer: Some(Answer::Range(range)) });
    Some(v1::AreaState { rated: answer, ongoing: answer, ..v1::AreaState::default() })
}

fn story() -> Vec<v1::ReplayUnitResponse> {
    let unit = Some(v1::UnitRef { id: "u1".into(), name: "alpha".into() });
    let actor = |name: &str| Some(v1::PrincipalRef { id: "p1".into(), name: name.into() });
    let coordinate = v1::ResolvedCoordinate {
        valid_at: on("2026-06-30"),
        log_size: 40,
        head_size: 40,
        ..v1::ResolvedCoordinate::default()
    };
    let submitted = v1::ReplayFact {
        position: 12,
        said: "policy 1 of wiki speaks for BP.10.01, direct".into(),
        actor: actor("scanner"),
        effective_at: on("2026-05-01"),
        recorded_at: on("2026-05-31"),
        late: true,
        delay_seconds: 30 * 86_400,
        payload: [("title".to_owned(), "<b>Security_policy</b>\n# 1".to_owned())].into(),
        ..v1::ReplayFact::default()
    };
    let rated = v1::ReplayFact {
        position: 14,
        said: "BP.10.01 was rated satisfied".into(),
        actor: actor("ada"),
        effective_at: on("2026-05-02"),
        recorded_at: on("2026-05-02"),
        payload: [("reason".to_owned(), "as seen".to_owned())].into(),
        ..v1::ReplayFact::default()
    };
    let moved = v1::ReplayMove {
        area: "iso-21827-2008/PA10".into(),
        title: "Specify Security Needs".into(),
        movement: Some(v1::Movement {
            valid_at: on("2026-05-02"),
            before: state(0),
            after: state(1),
            causes: vec![v1::Cause {
                class: "rated".into(),
                position: Some(14),
                practice: "iso-21827-2008/BP.10.01".into(),
                unit: unit.clone(),
                ..v1::Cause::default()
            }],
            ..v1::Movement::default()
        }),
    };
    let begin = v1::ReplayBegin {
        unit,
        coordinate: Some(coordinate),
        facts: 2,
        moves: 1,
        ..v1::ReplayBegin::default()
    };
    let end = v1::ReplayEnd { facts: 2, late: 1, moves: 1, digest: vec![0xab; 4], duties: None };
    let all = [
        Told::Begin(begin),
        Told::Fact(submitted),
        Told::Fact(rated),
        Told::Move(moved),
        Told::End(end),
    ];
    all.into_iter().map(|told| v1::ReplayUnitResponse { told: Some(told) }).collect()
}

fn check(format: Format, terminal: bool, seen: &Expect) {
    let output = Output { format, terminal, quiet: false, debug: false };
    let mut stripped = anstream::StripStream::new(Vec::new());
    output.write(&view(&story()).unwrap(), &mut stripped).unwrap();
    seen.assert_eq(&String::from_utf8(stripped.into_inner()).unwrap());
}

#[test]
fn a_story_is_a_table_with_facts_and_the_levels_that_moved() {
    check(
        Format::Table,
        true,
        &expect![[r#"
        alpha at 2026-06-30T00:00:00Z · log size 40 of 40 · 2 facts, 1 late, one movement
        when                  recorded_at           late     who      position  what                                                                      because              
        2026-05-01T00:00:00Z  2026-05-31T00:00:00Z  30 days  scanner  12        policy 1 of wiki speaks for BP.10.01, direct: <b>Security_policy</b> # 1
        2026-05-02T00:00:00Z  2026-05-02T00:00:00Z           ada      14        BP.10.01 was rated satisfied                                              as seen
        2026-05-02T00:00:00Z                                                    PA10 rated 0 → 1, ongoing 0 → 1                                           rated: BP.10.01 #14
    "#]],
    );
    check(
        Format::Table,
        false,
        &expect![[r#"
        when	recorded_at	late	who	position	what	because
        2026-05-01T00:00:00Z	2026-05-31T00:00:00Z	30 days	scanner	12	policy 1 of wiki speaks for BP.10.01, direct: <b>Security_policy</b> # 1	
        2026-05-02T00:00:00Z	2026-05-02T00:00:00Z		ada	14	BP.10.01 was rated satisfied	as seen
        2026-05-02T00:00:00Z					PA10 rated 0 → 1, ongoing 0 → 1	rated: BP.10.01 #14
    "#]],
    );
}

#[test]
fn a_story_is_a_line_for_each_message_in_jsonl() {
    check(
        Format::Jsonl,
        false,
        &expect![[r#"
        {"begin":{"unit":{"id":"u1","name":"alpha"},"coordinate":{"valid_at":"2026-06-30T00:00:00Z","log_size":40,"settled":false,"head_size":40,"lag":0},"facts":2,"moves":1}}
        {"fact":{"position":12,"version":0,"said":"policy 1 of wiki speaks for BP.10.01, direct","actor":{"id":"p1","name":"scanner"},"effective_at":"2026-05-01T00:00:00Z","recorded_at":"2026-05-31T00:00:00Z","late":true,"delay_seconds":2592000,"payload":{"title":"<b>Security_policy</b>\n# 1"}}}
        {"fact":{"position":14,"version":0,"said":"BP.10.01 was rated satisfied","actor":{"id":"p1","name":"ada"},"effective_at":"2026-05-02T00:00:00Z","recorded_at":"2026-05-02T00:00:00Z","late":false,"delay_seconds":0,"payload":{"reason":"as seen"}}}
        {"move":{"area":"iso-21827-2008/PA10","title":"Specify Security Needs","movement":{"valid_at":"2026-05-02T00:00:00Z","log_size":0,"before":{"rated":{"at_least":0,"at_most":0,"open":0,"level":0},"ongoing":{"at_least":0,"at_most":0,"open":0,"level":0}},"after":{"rated":{"at_least":1,"at_most":1,"open":0,"level":1},"ongoing":{"at_least":1,"at_most":1,"open":0,"level":1}},"causes":[{"class":"rated","late":false,"position":14,"practice":"iso-21827-2008/BP.10.01","unit":{"id":"u1","name":"alpha"}}],"backwards":false}}}
        {"end":{"facts":2,"late":1,"moves":1,"digest":"abababab"}}
    "#]],
    );
}

#[test]
fn a_story_in_markdown_takes_nothing_that_people_wrote_for_marks() {
    expect![[r#"
        # The story of alpha

        alpha at 2026-06-30T00:00:00Z · log size 40 of 40 · 2 facts, 1 late, one movement

        ## 2026-05-01

        - 00:00:00Z policy 1 of wiki speaks for BP.10.01, direct: &lt;b&gt;Security\_policy&lt;/b&gt; \# 1, said by scanner, **recorded 30 days late**, 2026-05-31T00:00:00Z (12)

        ## 2026-05-02

        - 00:00:00Z BP.10.01 was rated satisfied, because as seen, said by ada (14)
        - 00:00:00Z **PA10 Specify Security Needs**: rated 0 → 1, ongoing 0 → 1, by rated: BP.10.01 \#14

        Digest over question and facts: `abababab`
    "#]].assert_eq(&markdown(&story()));
}
