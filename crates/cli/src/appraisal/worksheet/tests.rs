//! Tests of worksheets.

use super::*;
use expect_test::expect;
use proptest::prelude::*;

fn given(rater: &str, line: u64, practice: &str, value: i32, cited: &str) -> Given {
    let subject = v1::SubjectInput { practice: practice.to_owned(), ..Default::default() };
    let cited = v1::EvidenceRef { r#ref: Some(v1::evidence_ref::Ref::Evidence(cited.to_owned())) };
    Given {
        place: Place { file: format!("{rater}.csv"), line },
        rater: rater.to_owned(),
        rating: v1::AppraisalRatingInput {
            subject: Some(subject),
            value,
            evidence: vec![cited],
            ..Default::default()
        },
    }
}

fn written(given: &[Given]) -> String {
    let mut bytes = Vec::new();
    merge(given).unwrap().write(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn team() -> Vec<Given> {
    vec![
        given("leo", 2, "BP.01.01", 2, "E1"),
        given("mia", 2, "BP.01.01", 2, "E2"),
        given("leo", 3, "BP.01.02", 2, "E1"),
        given("mia", 3, "BP.01.02", 1, "E1"),
        given("leo", 4, "BP.01.03", 2, "E1"),
        given("leo", 5, "BP.01.04", 2, "E1"),
        given("mia", 5, "BP.01.04", 0, "E1"),
    ]
}

#[test]
fn sheets_stand_side_by_side_and_the_consensus_is_open_where_they_differ() {
    expect![[r#"
        unit,practice,instance,rating:leo,rating:mia,agree,consensus,rationale,evidence,dissent
        ,BP.01.01,,satisfied,satisfied,yes,satisfied,,E1 E2,
        ,BP.01.02,,satisfied,not-satisfied,no,,,E1,
        ,BP.01.03,,satisfied,,missing,,,E1,
        ,BP.01.04,,satisfied,abstained,missing,,,E1,
    "#]]
    .assert_eq(&written(&team()));
    assert_eq!(merge(&team()).unwrap().counts(), (4, 3));
    let nobody = Given { rater: String::new(), ..given("leo", 2, "BP.01.01", 2, "E1") };
    expect!["leo.csv: line 2: rater: it is empty: write whose rating it is"]
        .assert_eq(&merge(&[nobody]).unwrap_err().join("\n"));
}

#[test]
fn a_filled_worksheet_is_read_back_and_its_wrong_rows_are_told() {
    let (rows, problems) = parse("w.csv", written(&team()).as_bytes());
    assert!(problems.is_empty(), "{problems:?}");
    let [only] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!((only.consensus.value, only.consensus.evidence.len()), (2, 2));
    assert_eq!(only.ratings.len(), 2);
    let filled = "practice,rating:mia,consensus,rationale,dissent\n\
        BP.01.01,F,left-out,nobody could be asked,\n\
        BP.01.02,F,L,,mia=only at times; leo = never\n\
        BP.01.03,F,good,,\n,F,F,,\nBP.01.01,F,F,,\nBP.01.04,F,F,,mia\n";
    let (rows, problems) = parse("w.csv", filled.as_bytes());
    assert_eq!(rows.len(), 2);
    let [mia, leo] = &rows[1].consensus.dissent[..] else { panic!("{rows:?}") };
    assert_eq!((mia.text.as_str(), leo.principal.as_str()), ("only at times", "leo"));
    expect![[r#"
        w.csv: line 4: consensus: `good` is no rating value: use one of not-satisfied, satisfied, N, P-, P, P+, L-, L, L+, F, or `left-out`
        w.csv: line 5: practice: it is empty, and a consensus is of one: name it
        w.csv: line 6: it was said in w.csv: line 2: leave one out
        w.csv: line 7: dissent: `mia` is none: write mia=only at times; leo=never"#]]
    .assert_eq(&problems.join("\n"));
    let (_, problems) = parse("w.csv", "practice,agreed\n".as_bytes());
    expect!["w.csv: line 1: `agreed` is no column of a worksheet: use unit, practice, instance, rating:NAME, agree, consensus, rationale, evidence, dissent"]
        .assert_eq(&problems.join("\n"));
}

#[test]
fn what_a_worksheet_says_of_the_team_has_to_be_on_record() {
    let text = "practice,rating:leo,rating:mia,consensus\n\
        BP.01.01,satisfied,satisfied,satisfied\nBP.01.02,satisfied,,satisfied\n";
    let (rows, _) = parse("w.csv", text.as_bytes());
    let on_record = |name: &str, practice: &str, value, revealed| v1::IndividualRating {
        subject: Some(v1::RatedSubject { practice: practice.to_owned(), ..Default::default() }),
        rater: Some(v1::PrincipalRef { id: "1".to_owned(), name: name.to_owned() }),
        value,
        revealed,
        ..Default::default()
    };
    let ratings = vec![
        on_record("leo", "iso-21827-2008/BP.01.01", 2, true),
        on_record("mia", "iso-21827-2008/BP.01.01", 1, true),
    ];
    let told = v1::GetAppraisalResponse { ratings, ..Default::default() };
    expect![[r#"
        w.csv: line 2: rating:mia: the worksheet says `satisfied`, and `not-satisfied` is on record
        w.csv: line 3: rating:leo: the worksheet says `satisfied`, and leo has not imported it: do so first"#]]
    .assert_eq(&off_record(&rows, &told).join("\n"));
    let ratings = vec![on_record("leo", "iso-21827-2008/BP.01.02", 0, false)];
    let told = v1::GetAppraisalResponse { ratings, ..Default::default() };
    let problems = off_record(&rows[1..], &told);
    expect!["w.csv: line 3: rating:leo: the worksheet says `satisfied`, and it was not revealed: reveal it first"]
        .assert_eq(&problems.join("\n"));
}

proptest! {
    #[test]
    fn a_worksheet_of_any_text_is_read_or_told_with_its_file(
        noise: String, bytes: Vec<u8>, at in any::<prop::sample::Index>(), taken in 0_usize..40,
    ) {
        let good = "unit,practice,instance,rating:leo,rating:mia,consensus\n\
            app,BP.01.01,,satisfied,satisfied,satisfied\napp,BP.01.02,,,satisfied,\n";
        let (at, mut damaged) = (at.index(good.len()), good.as_bytes().to_vec());
        damaged.splice(at..(at + taken).min(good.len()), noise.bytes().take(40));
        for sheet in [damaged, noise.into_bytes(), bytes] {
            let (rows, problems) = parse("w.csv", sheet.as_slice());
            for problem in &problems {
                prop_assert!(problem.starts_with("w.csv: "), "{}", problem);
            }
            let told = v1::GetAppraisalResponse::default();
            prop_assert!(off_record(&rows, &told).len() <= rows.len() * 2);
        }
    }
}
