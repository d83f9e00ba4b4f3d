//! Made-up evidence, in form and size like that of real histories.
//!
//! The sizes are those of five public git histories (rustls, curl, cosign, redis, serde; 27,836
//! facts): titles of 35 bytes in the middle, addresses of 85, an object id, one to three practices.

use std::sync::atomic::{AtomicU64, Ordering};

use gradus_wire::v1 as wire;
use wire::evidence_step::Step;

/// Units that evidence is pushed for.
static UNITS: AtomicU64 = AtomicU64::new(64);
const PRACTICES: [&str; 6] =
    ["BP.10.01", "BP.10.03", "BP.11.01", "BP.11.02", "BP.12.03", "BP.06.01"];
const DAY: i64 = 86_400;
/// 1 January 2016, in seconds.
const BEGUN: i64 = 1_451_606_400;

/// The generator `SplitMix64` at one point of its course.
pub(crate) const fn mixed(number: u64) -> u64 {
    let state = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

/// The numbers of as many items, from the one returned on: whatever the shape of load, no two items
/// have the same, or the second would be compared with the first.
fn numbers(many: u64) -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(many, Ordering::Relaxed)
}

/// Has evidence pushed for so many units from here on.
pub(crate) fn push_for(units: u64) {
    UNITS.store(units, Ordering::Relaxed);
}

/// How many units evidence is pushed for.
pub(crate) fn units() -> u64 {
    UNITS.load(Ordering::Relaxed)
}

/// The unit of the `number`th call.
pub(crate) fn unit(number: u64) -> String {
    format!("project-{}", number % units())
}

/// The name of a call, for ever.
pub(crate) fn append(number: u64) -> Option<wire::AppendOptions> {
    let (high, low) = (mixed(number), mixed(!number));
    let request_id = format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        low >> 52,
        low & 0xffff_ffff_ffff
    );
    Some(wire::AppendOptions { request_id, ..Default::default() })
}

/// A change that a pipeline tells of: what most evidence is.
pub(crate) fn item(number: u64) -> wire::EvidenceItem {
    let object = format!("{:016x}{:016x}{:08x}", mixed(number), number, mixed(!number) >> 32);
    let practice = |at: u64| PRACTICES[usize::try_from(at % 6).unwrap_or(0)].to_owned();
    // Work goes on day by day, some 2,000 facts a day.
    let seconds = BEGUN + i64::try_from(number / 2_000 % 3_600).unwrap_or(0) * DAY;
    let subject = |kind: &str, id: String| wire::Subject { kind: kind.to_owned(), id };
    wire::EvidenceItem {
        kind: wire::Kind::ChangeRecord.into(),
        outcome: wire::Outcome::Supports.into(),
        strength: wire::Strength::Direct.into(),
        practices: vec![practice(number), practice(number / 6 + 1)],
        work_to: Some(prost_types::Timestamp {
            seconds: seconds + i64::try_from(number % 2_000 * 43).unwrap_or(0),
            nanos: 0,
        }),
        source: Some(wire::Source { name: "git".to_owned(), id: object.clone() }),
        subjects: vec![subject("commit", object.clone())],
        tool: Some(wire::Tool {
            name: "gradus-collect".to_owned(),
            version: "0.1.0".to_owned(),
            mapping: "git/changes".to_owned(),
        }),
        title: format!("Changelog changed: docs/CHANGES-{}", number % 1_000),
        uri: format!("https://git.example.com/organization/project/commit/{object}"),
        ..Default::default()
    }
}

/// A call of `events` items.
pub(crate) fn submission(number: u64, events: u64) -> wire::SubmitEvidenceRequest {
    let first = numbers(events);
    let items = (first..first + events).map(item).collect();
    wire::SubmitEvidenceRequest { unit: unit(number), append: append(number), items }
}

/// A message of one item.
pub(crate) fn message(number: u64) -> wire::PushEvidenceRequest {
    let steps = vec![wire::EvidenceStep { step: Some(Step::Submit(item(numbers(1)))) }];
    wire::PushEvidenceRequest { unit: unit(number), append: append(number), steps }
}

/// A message as a collector sends it: one to forty steps, of which one in ten ends an item of the
/// same message, titles and notes of many lengths, tests with measures.
pub(crate) fn mixed_message(number: u64) -> wire::PushEvidenceRequest {
    let dice = mixed(number);
    let many = if dice.is_multiple_of(4) { 1 + dice / 4 % 40 } else { 1 + dice / 4 % 6 };
    let mut steps: Vec<wire::EvidenceStep> = Vec::new();
    let first = numbers(many);
    for number in first..first + many {
        let dice = mixed(number);
        let step = match steps.last().and_then(|step| step.step.as_ref()) {
            Some(Step::Submit(before)) if dice.is_multiple_of(10) => Step::End(wire::EndStep {
                evidence: before.source.clone().map(|source| wire::EvidenceRef {
                    r#ref: Some(wire::evidence_ref::Ref::Source(source)),
                }),
                at: before
                    .work_to
                    .map(|at| prost_types::Timestamp { seconds: at.seconds + DAY, ..at }),
                reason: "the file was removed".to_owned(),
            }),
            _ => Step::Submit(varied(number, dice)),
        };
        steps.push(wire::EvidenceStep { step: Some(step) });
    }
    wire::PushEvidenceRequest { unit: unit(number), append: append(number), steps }
}

/// An item of mixed evidence: titles and notes of many lengths, tests with measures.
pub(crate) fn varied(number: u64, dice: u64) -> wire::EvidenceItem {
    let mut item = item(number);
    item.practices.truncate(1 + usize::from(dice.is_multiple_of(3)));
    let words = |many: u64| "and what it was about ".repeat(usize::try_from(many).unwrap_or(0));
    match dice >> 8 & 15 {
        0 => item.note = words(40),
        1 => item.note = words(8),
        2..=4 => {
            item.kind = wire::Kind::TestResult.into();
            let measure = |name: &str| wire::Measure {
                name: name.to_owned(),
                value: i64::try_from(dice >> 40).unwrap_or(0),
                decimals: 0,
                unit: "1".to_owned(),
            };
            item.measures = vec![measure("passed"), measure("failed")];
            item.uri.clear();
        }
        5..=7 => item.title.push_str(&words(2)),
        _ => (),
    }
    item
}
