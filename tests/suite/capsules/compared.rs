//! Capsules of several logs side by side.

use std::fmt::Write as _;

use expect_test::expect;
use gradus_model::{Edge, Timestamp};
use gradus_proof::VerifierKey;
use gradus_service::capsule::{AskedComparison, Compared, NotCompared, Trust, compare};
use gradus_wire::v1 as wire;

use super::{asked, created, key, worked};
use crate::running::{System, on, rating};

fn at(text: &str) -> Option<Timestamp> {
    Some(Timestamp::parse(text, Edge::Question).unwrap())
}

fn against(profile: &str) -> AskedComparison {
    AskedComparison { profile: profile.to_owned(), valid_at: None, known_at: None }
}

/// What is said of PA10 and of two more areas that have a rating, and of comparing.
fn told(compared: &Compared) -> String {
    let names: Vec<String> =
        compared.units.iter().map(|unit| unit.name.clone().unwrap_or_default()).collect();
    let files = ["one".to_owned(), "two".to_owned()];
    let mut told = String::new();
    let wanted = ["PA01", "PA10", "PA13"];
    for area in &compared.areas {
        if !wanted.contains(&area.area.area.to_string().as_str()) {
            continue;
        }
        for (reached, name) in area.reached.iter().zip(&names) {
            let Some(reached) = reached else { continue };
            let (model, area) = (&area.area.model, area.area.area);
            let inherited = if reached.inherited_from.is_some() { ", inherited" } else { "" };
            writeln!(
                told,
                "{model}/{area} {name}: rated {}, ongoing {}, {:?} {:?}{inherited}",
                reached.rated, reached.ongoing, reached.goal, reached.distance.status
            )
            .unwrap();
        }
    }
    writeln!(told, "{}", compared.comparable).unwrap();
    for caution in &compared.cautions {
        writeln!(told, "{}: {}", caution.name(), caution.said(&files, &names)).unwrap();
    }
    told
}

/// Two suppliers, each with a log of their own: the capsules of one unit each, and the keys.
async fn suppliers() -> ([Vec<u8>; 2], [VerifierKey; 2]) {
    let (one, _) = worked().await;
    let two = System::new().await;
    two.project("gamma").await;
    two.trust_tools("gamma").await;
    for practice in ["BP.10.01", "BP.01.01"] {
        two.rated("gamma", vec![rating(practice, wire::Value::Satisfied, "2026-05-20")]).await;
    }
    let later = on("2026-05-25");
    let of_gamma = wire::CreateCapsuleRequest {
        valid_at: later,
        withhold: vec!["name".to_owned()],
        ..asked("gamma")
    };
    let capsules = [
        created(&one.operator, asked("alpha")).await.unwrap(),
        created(&two.operator, of_gamma).await.unwrap(),
    ];
    (capsules, [key(&one).await, key(&two).await])
}

#[tokio::test(flavor = "multi_thread")]
async fn suppliers_stand_side_by_side_and_what_may_not_be_compared_is_said() {
    let (capsules, keys) = suppliers().await;
    let trust = Trust { keys: &keys, policy: None };
    let compared = compare(&capsules, &trust, &against("service-bureau")).unwrap();
    expect![[r#"
        iso-21827-2008/PA01 alpha: rated not rated, ongoing not rated, Level(3) NotRated
        iso-21827-2008/PA01 gamma: rated 0 to 5, 31 open, ongoing 0, Level(3) Short
        iso-21827-2008/PA10 alpha: rated 0 to 5, 32 open, ongoing 0, Level(1) Short
        iso-21827-2008/PA10 gamma: rated 0 to 5, 34 open, ongoing 0, Level(1) Short
        iso-21827-2008/PA13 alpha: rated not rated, ongoing not rated, Level(3) NotRated
        iso-21827-2008/PA13 gamma: rated not rated, ongoing not rated, Level(3) NotRated
        may not be compared: different rules: solo, trusted-tools
        moments: the levels are of different moments, 2026-05-25T00:00:00Z and 2026-06-01T12:00:00Z: ask for one with --valid-at
        knowledge: what was known is of different moments, 2026-06-01T12:00:00.000023Z and 2026-06-01T12:00:00.000031Z: ask for one with --known-at
        completeness: later records may have been kept back from one
        texts: not every text of two can be read
        duties: of the ratings of alpha, 1 stand under relaxed duties and 0 are of people with a conflict of interest
    "#]].assert_eq(&told(&compared));
    // As of one moment, and as known at one: before anything was rated.
    let then = AskedComparison {
        valid_at: at("2026-05-10"),
        known_at: at("2026-05-31"),
        ..against("service-bureau")
    };
    expect![[r#"
        may not be compared: 2 of them have no model or rules in force
        completeness: later records may have been kept back from one
        texts: not every text of two can be read
    "#]]
    .assert_eq(&told(&compare(&capsules, &trust, &then).unwrap()));
    let later = AskedComparison { known_at: at("2026-06-30"), ..then };
    expect![[r#"
        iso-21827-2008/PA01 alpha: rated not rated, ongoing not rated, Level(3) NotRated
        iso-21827-2008/PA01 gamma: rated not rated, ongoing not rated, Level(3) NotRated
        iso-21827-2008/PA10 alpha: rated 0 to 5, 32 open, ongoing 0, Level(1) Short
        iso-21827-2008/PA10 gamma: rated not rated, ongoing not rated, Level(1) NotRated
        iso-21827-2008/PA13 alpha: rated not rated, ongoing not rated, Level(3) NotRated
        iso-21827-2008/PA13 gamma: rated not rated, ongoing not rated, Level(3) NotRated
        may not be compared: different rules: solo, trusted-tools
        knows-less: one knows what was recorded up to 2026-06-01T12:00:00.000031Z, and no more
        completeness: later records may have been kept back from one
        knows-less: two knows what was recorded up to 2026-06-01T12:00:00.000023Z, and no more
        texts: not every text of two can be read
        duties: of the ratings of alpha, 1 stand under relaxed duties and 0 are of people with a conflict of interest
    "#]].assert_eq(&told(&compare(&capsules, &trust, &later).unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capsule_that_fails_is_named_and_nothing_is_compared() {
    let (mut capsules, keys) = suppliers().await;
    let trust = Trust { keys: &keys, policy: None };
    let unknown = compare(&capsules, &trust, &against("nobodys")).unwrap_err();
    expect!["no capsule has the profile `nobodys`: name one that one of their logs published"]
        .assert_eq(&unknown.to_string());
    // The second log's key is not known.
    let one = Trust { keys: &keys[..1], policy: None };
    match compare(&capsules, &one, &against("service-bureau")) {
        Err(NotCompared::Unread(1, _)) => (),
        other => panic!("{other:?}"),
    }
    let middle = capsules[0].len() / 2;
    capsules[0][middle] ^= 1;
    match compare(&capsules, &trust, &against("service-bureau")) {
        Err(NotCompared::Unread(0, _)) => (),
        other => panic!("{other:?}"),
    }
    // Without keys nothing says who made them, which is told.
    capsules[0][middle] ^= 1;
    let anybodys = compare(&capsules, &Trust::default(), &against("service-bureau")).unwrap();
    let unsigned = anybodys.cautions.iter().filter(|of| of.name() == "signature").count();
    assert_eq!(unsigned, 2);
}
