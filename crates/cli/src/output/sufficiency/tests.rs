//! The matrix as people and programs read it.

use super::*;
use crate::output::{Format, Output};
use expect_test::{Expect, expect};

fn cell(instance: &str, direct: (u32, u32), spoken: u32, rest: (u32, u32)) -> v1::SufficiencyCell {
    let count = |fresh, stale| Some(v1::FreshCount { fresh, stale });
    v1::SufficiencyCell {
        instance: instance.to_owned(),
        direct: count(direct.0, direct.1),
        spoken: count(spoken, 0),
        contradicting: rest.0,
        waiting: rest.1,
        ..v1::SufficiencyCell::default()
    }
}

fn practice(
    id: &str,
    support: v1::Support,
    missing: &[v1::Missing],
    cells: Vec<v1::SufficiencyCell>,
) -> v1::PracticeSufficiency {
    let until = prost_types::Timestamp { seconds: 1_800_000_000, nanos: 0 };
    v1::PracticeSufficiency {
        practice: format!("iso-21827-2008/{id}"),
        title: format!("Title of {id}"),
        support: support.into(),
        valid_until: (support == v1::Support::Supported).then_some(until),
        missing: missing.iter().map(|missing| i32::from(*missing)).collect(),
        cells,
        ..v1::PracticeSufficiency::default()
    }
}

fn answer_of_a_server(instances: &[&str]) -> v1::GetSufficiencyMatrixResponse {
    let last = instances.last().copied().unwrap_or_default();
    let silent = v1::SufficiencyCell { silent: 1, ..cell("", (0, 0), 0, (0, 0)) };
    let practices = vec![
        practice(
            "BP.05.01",
            v1::Support::Supported,
            &[],
            vec![cell("", (2, 1), 1, (0, 0)), cell(last, (1, 0), 0, (0, 3))],
        ),
        practice(
            "BP.05.02",
            v1::Support::Contradicted,
            &[v1::Missing::Resolution, v1::Missing::Review],
            vec![cell("", (0, 2), 0, (1, 1))],
        ),
        practice("BP.05.03", v1::Support::Unsupported, &[v1::Missing::Evidence], vec![silent]),
        practice("PA05/GP 2.1.1", v1::Support::Unsupported, &[v1::Missing::Evidence], vec![]),
    ];
    let area = v1::AreaSufficiency {
        area: "iso-21827-2008/PA05".to_owned(),
        title: "Assess Vulnerability".to_owned(),
        practices,
        ..v1::AreaSufficiency::default()
    };
    v1::GetSufficiencyMatrixResponse {
        unit: Some(v1::UnitRef { id: "u1".to_owned(), name: "rustls".to_owned() }),
        instances: instances.iter().map(|name| (*name).to_owned()).collect(),
        areas: vec![area],
        ..v1::GetSufficiencyMatrixResponse::default()
    }
}

fn check(instances: &[&str], terminal: bool, seen: &Expect) {
    let output = Output { format: Format::Table, terminal, quiet: false, debug: false };
    let mut stripped = anstream::StripStream::new(Vec::new());
    let view = view(&answer_of_a_server(instances), terminal).unwrap();
    output.write(&view, &mut stripped).unwrap();
    seen.assert_eq(&String::from_utf8(stripped.into_inner()).unwrap());
}

#[test]
fn a_terminal_shows_instances_beside_each_other() {
    check(
        &["", "web"],
        true,
        &expect![[r#"
        rustls · D direct, I indirect, W weak, S spoken, (D) no longer valid, ! against, ? waiting
        practice  title              suffices                no instance  web    
        BP.05.01  Title of BP.05.01  until 2027-01-15        D2 S1 (D1)   D1 ?3
        BP.05.02  Title of BP.05.02  no: resolution, review  (D2) !1 ?1   
        BP.05.03  Title of BP.05.03  no: evidence            ·
    "#]],
    );
}

#[test]
fn many_instances_have_a_line_each() {
    check(
        &["", "a", "b", "c", "d", "e", "web"],
        true,
        &expect![[r#"
        rustls · D direct, I indirect, W weak, S spoken, (D) no longer valid, ! against, ? waiting
        practice  title              suffices                instance     evidence    
        BP.05.01  Title of BP.05.01  until 2027-01-15        no instance  D2 S1 (D1)
                                                             web          D1 ?3
        BP.05.02  Title of BP.05.02  no: resolution, review  no instance  (D2) !1 ?1  
        BP.05.03  Title of BP.05.03  no: evidence            no instance  ·
    "#]],
    );
}

#[test]
fn a_pipe_gets_every_number_and_every_practice() {
    check(
        &["", "web"],
        false,
        &expect![[r#"
        area	practice	title	support	until	since	missing	appraised	instance	direct	direct_stale	indirect	indirect_stale	weak	weak_stale	spoken	spoken_stale	contradicting	waiting	silent
        PA05	iso-21827-2008/BP.05.01	Title of BP.05.01	supported	2027-01-15T08:00:00Z			0		2	1	0	0	0	0	1	0	0	0	0
        PA05	iso-21827-2008/BP.05.01	Title of BP.05.01	supported	2027-01-15T08:00:00Z			0	web	1	0	0	0	0	0	0	0	0	3	0
        PA05	iso-21827-2008/BP.05.02	Title of BP.05.02	contradicted			resolution review	0		0	2	0	0	0	0	0	0	1	1	0
        PA05	iso-21827-2008/BP.05.03	Title of BP.05.03	unsupported			evidence	0		0	0	0	0	0	0	0	0	0	0	1
        PA05	iso-21827-2008/PA05/GP 2.1.1	Title of PA05/GP 2.1.1	unsupported			evidence	0		0	0	0	0	0	0	0	0	0	0	0
    "#]],
    );
}
