//! Summaries: levels that the log says itself, without a record.

use std::fmt::Write as _;
use std::fs;

use expect_test::expect;
use gradus_capsule::manifest::LevelClaim;
use gradus_capsule::summary::{self, Summary};
use gradus_proof::VerifierKey;
use gradus_service::capsule::{Finding, Trust, Unread, VerifiedSummary, verify_summary};
use gradus_wire::v1 as wire;
use wire::create_capsule_request::Known;

use super::golden_capsule::signer;
use super::golden_summary;
use super::tampered::{file, findings, is_made_as_ever, is_on_the_page};
use super::{asked, by_key, created, key};
use crate::running::{System, item, levels_of, rating, refusal};
use crate::state_digests::{describing, waited};

/// The SHA-256 of the golden summary.
const FROZEN: &str = "481612714ada68b588ae11e9865ef579ed9123db106d778fe2830fb6cb5591ab";

/// The members of a summary, by name.
type Members = Vec<(String, Vec<u8>)>;

/// A rated project on a server that describes itself at each 32 records; the size that was described.
async fn given() -> (System, u64) {
    let system = describing(32).await;
    system.project("alpha").await;
    system.project("beta").await;
    for practice in ["BP.10.01", "BP.10.02", "BP.10.03"] {
        system.rated("alpha", vec![rating(practice, wire::Value::Satisfied, "2026-05-02")]).await;
    }
    for number in 0..24 {
        system.submitted("alpha", vec![item(&number.to_string())]).await;
    }
    let (size, _) = waited(&system, 32).await;
    (system, size)
}

fn of(units: &[&str]) -> wire::CreateCapsuleRequest {
    let units = units.iter().map(|unit| (*unit).to_owned()).collect();
    wire::CreateCapsuleRequest { units, summary: true, ..asked("") }
}

fn trusted(bytes: &[u8], key: &VerifierKey) -> Result<VerifiedSummary, Unread> {
    verify_summary(bytes, &Trust { keys: std::slice::from_ref(key), policy: None })
}

/// The members after the first, by name.
fn members(summary: &Summary, contents: &[&[u8]]) -> Vec<(String, Vec<u8>)> {
    let names = summary.members.iter().map(|member| member.name.clone());
    names.zip(contents.iter().map(|content| content.to_vec())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_summary_proves_what_the_log_says_of_levels_and_says_what_it_does_not_prove() {
    let (system, described) = given().await;
    let key = key(&system).await;
    let bytes = created(&system.operator, of(&["alpha", "beta"])).await.unwrap();
    assert_eq!(created(&system.operator, of(&["alpha", "beta"])).await.unwrap(), bytes);
    assert!(Summary::is_one(&bytes));
    let VerifiedSummary { summary, proved, not_proved } = trusted(&bytes, &key).unwrap();
    assert_eq!(summary.log_size, described);
    let mut question = levels_of("alpha", "2026-06-01T12:00:00Z");
    question.coordinate.as_mut().unwrap().known = Some(wire::coordinate::Known::LogSize(described));
    let told = system.levels(question).await;
    for claim in &summary.units[0].areas {
        let answer = told.areas.iter().find(|one| one.area.ends_with(&claim.area)).unwrap();
        let wire::level_answer::Answer::Range(range) = answer.rated.unwrap().answer.unwrap() else {
            continue;
        };
        let LevelClaim::Range { at_least, at_most, open } = claim.rated else {
            panic!("{claim:?}");
        };
        let seen = (u32::from(at_least), u32::from(at_most), u32::from(open));
        assert_eq!(seen, (range.at_least, range.at_most, range.open), "{}", claim.area);
    }
    assert!(summary.units[0].areas.iter().any(|claim| claim.area == "PA10"));
    assert!(summary.units[1].areas.is_empty(), "nothing is told of beta");
    let of_digest = proved.last().unwrap().to_string();
    assert!(of_digest.contains(&format!("told with its first {described} records")), "{of_digest}");
    let open: Vec<String> = not_proved.iter().map(ToString::to_string).collect();
    assert!(
        open[1].starts_with("that the levels follow from what was recorded: no record is here")
    );
    let names = |found: &[Finding]| found.iter().map(Finding::name).collect::<Vec<_>>().join(" ");
    expect!["signature levels-told; not witnesses levels-computed inheritance names later-records"]
        .assert_eq(&format!("{}; not {}", names(&proved), names(&not_proved)));
    // What reads capsules does not take it for one.
    let refused = by_key(&bytes, &key).unwrap_err().to_string();
    assert!(refused.contains("it is a summary (format 3)"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_byte_of_a_summary_changes_unseen_and_no_claim_is_taken_on_its_word() {
    let (system, _) = given().await;
    let key = key(&system).await;
    let bytes = created(&system.operator, of(&["alpha", "beta"])).await.unwrap();
    for at in (0..bytes.len()).step_by(3) {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(trusted(&changed, &key).is_err(), "byte {at}");
    }
    let (summary, contents) = summary::read(&bytes).unwrap();
    let whole = members(&summary, &contents);
    assert!(trusted(&summary::write(summary.clone(), &whole), &key).is_ok());
    let forged = |change: &dyn Fn(&mut Summary, &mut Members)| {
        let (mut summary, mut members) = (summary.clone(), whole.clone());
        change(&mut summary, &mut members);
        trusted(&summary::write(summary, &members), &key).unwrap_err().to_string()
    };
    let (alpha, beta) = (summary.units[0].unit.0, summary.units[1].unit.0);
    let told = [
        forged(&|summary, _| {
            summary.units[0].areas[0].rated =
                LevelClaim::Range { at_least: 5, at_most: 5, open: 0 };
        }),
        forged(&|summary, _| drop(summary.units[0].areas.remove(0))),
        forged(&|summary, _| summary.log_size += 1),
        forged(&|_, members| members[6].1.clear()),
        forged(&|_, members| members[7].1 = members[6].1.clone()),
        forged(&|summary, members| {
            summary.units.swap(0, 1);
            members.swap(6, 7);
        }),
    ]
    .map(|told| told.replace(&alpha.to_string(), "ALPHA").replace(&beta.to_string(), "BETA"));
    let told = told.iter().map(|told| told.split(", position").next().unwrap());
    expect![[r#"
        `capsule.json`: unit ALPHA is claimed otherwise than `levels/ALPHA` says
        `capsule.json`: unit ALPHA is claimed otherwise than `levels/ALPHA` says
        `heads/digest.leaf`
        `levels/ALPHA`: the row says more of the unit
        `levels/BETA`: the areas of the row are not opened: the entries are not all those that the row says
        `heads/rows`: BETA: the row is of stream ALPHA, not of BETA"#]]
    .assert_eq(&told.collect::<Vec<_>>().join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_summary_is_made_for_those_who_may_prove_its_units() {
    let (system, described) = given().await;
    let person = wire::PrincipalKind::Person;
    let auditor = system.with_role("olga", person, (wire::Role::Auditor, "alpha")).await;
    created(&auditor, of(&["alpha"])).await.unwrap();
    let hidden = created(&auditor, of(&["alpha", "beta"])).await.unwrap_err();
    assert!(refusal(&hidden).starts_with("NotFound UNIT_UNKNOWN"), "{}", refusal(&hidden));
    let all = wire::CreateCapsuleRequest { all: true, ..of(&[]) };
    let denied = created(&auditor, all).await.unwrap_err();
    assert!(refusal(&denied).starts_with("PermissionDenied"), "{}", refusal(&denied));
    let known = Some(Known::LogSize(described - 1));
    let early = wire::CreateCapsuleRequest { known, ..of(&["alpha"]) };
    let early = created(&auditor, early).await.unwrap_err();
    assert!(refusal(&early).starts_with("FailedPrecondition NOT_DESCRIBED"), "{early:?}");
}

#[test]
fn the_golden_summary_is_the_same_for_ever() {
    is_made_as_ever("summary.capsule", &golden_summary::summary(), FROZEN);
}

#[test]
fn the_golden_summary_proves_what_its_page_says() {
    let (bytes, key) = (fs::read(file("summary.capsule")).unwrap(), signer().verifier().clone());
    let VerifiedSummary { summary, proved, not_proved } = trusted(&bytes, &key).unwrap();
    let mut told = findings(&key, &proved, &not_proved);
    for claim in &summary.units {
        writeln!(told, "{}:", claim.name).unwrap();
        for area in &claim.areas {
            writeln!(told, "{}: {} and {}", area.area, area.rated, area.ongoing).unwrap();
        }
    }
    expect![[r#"
        key gradus/10101010-1010-1010-1010-101010101010+5be64834+ASFS+NGbeR0kRTJC4V8uq2y3z/p7al7TAJeWDgaYgdsS
        + the log of 20 records is the one that gradus/10101010-1010-1010-1010-101010101010+5be64834+ASFS+NGbeR0kRTJC4V8uq2y3z/p7al7TAJeWDgaYgdsS signed
        + the own levels of 2 units are those that the log itself says were told with its first 18 records, in its state digest at position 19
        - that others were shown the same log: no witness that you name signed the checkpoint
        - that the levels follow from what was recorded: no record is here, and no rule was run; whoever ran the log could have told others than its records give
        - what units inherit from those above them, and which areas do not apply to them
        - what the units are called, and that there are no others
        - what changed after the first 18 records: the log of the checkpoint has 20
        tls:
        PA01: 3 and 1 to 5, 4 open
        PA02: not applicable and not applicable
        dns:
    "#]].assert_eq(&told);
    is_on_the_page(&bytes, &told);
}

#[test]
fn a_digest_that_is_not_in_the_organizations_stream_is_none_of_the_logs() {
    let (bytes, key) = (golden_summary::summary_by_a_project(), signer().verifier().clone());
    let refused = trusted(&bytes, &key).unwrap_err().to_string();
    expect!["`heads/digest.leaf`, position 19: the state digest is of stream 51515151-5151-5151-5151-515151515151, and the organization's is 20202020-2020-2020-2020-202020202020"].assert_eq(&refused);
}

#[test]
fn no_byte_of_the_golden_summary_changes_unseen() {
    let (bytes, key) = (fs::read(file("summary.capsule")).unwrap(), signer().verifier().clone());
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(trusted(&changed, &key).is_err(), "byte {at}");
    }
}
