//! The five bundled histories, under the shipped mapping.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::Read;
use std::sync::LazyLock;

use expect_test::expect;
use gradus_collect::{Collected, Step, collect};
use gradus_model::evidence::Outcome;
use gradus_model::{Digest, Practice};
use sha2::{Digest as _, Sha256};

use crate::made_up::{git, lines};

const SOURCES: &str = include_str!("../../../cli/data/SOURCES.md");

const HISTORIES: [(&str, &[u8]); 5] = [
    ("rustls", include_bytes!("../../../cli/data/rustls.jsonl.gz")),
    ("curl", include_bytes!("../../../cli/data/curl.jsonl.gz")),
    ("cosign", include_bytes!("../../../cli/data/cosign.jsonl.gz")),
    ("redis", include_bytes!("../../../cli/data/redis.jsonl.gz")),
    ("serde", include_bytes!("../../../cli/data/serde.jsonl.gz")),
];

fn unzipped(bytes: &[u8]) -> Vec<u8> {
    let mut history = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut history).unwrap();
    history
}

/// All five, collected once for all tests.
static COLLECTED: LazyLock<Vec<(&'static str, Collected)>> = LazyLock::new(collected);

fn collected() -> Vec<(&'static str, Collected)> {
    let mapping = git();
    let collected = |bytes| collect(&unzipped(bytes), &mapping).unwrap();
    HISTORIES.map(|(project, bytes)| (project, collected(bytes))).into()
}

#[test]
fn each_history_is_the_one_that_its_sources_tell() {
    for (project, bytes) in HISTORIES {
        let hash = Digest(Sha256::digest(unzipped(bytes)).into());
        let row = SOURCES.lines().find(|line| line.contains(&format!("`{project}.jsonl.gz`")));
        assert!(row.unwrap().contains(&hash.to_string()), "{project}: {hash}");
    }
}

#[test]
fn the_bundled_histories_give_these_counts() {
    let mut told = Vec::new();
    let (mut read, mut mapped, mut steps) = (0, 0, 0);
    for (project, collected) in COLLECTED.iter() {
        let summary = &collected.summary;
        let against = |step: &&Step| matches!(step, Step::Submit(item) if item.outcome == Outcome::Contradicts);
        told.push(format!(
            "{project}: read {}, mapped {}, unmapped {:?}, submitted {} ({} against), ended {}",
            summary.read,
            summary.mapped,
            summary.unmapped,
            summary.submitted,
            collected.steps.iter().filter(against).count(),
            summary.ended
        ));
        read += summary.read;
        mapped += summary.mapped;
        steps += collected.steps.len();
    }
    let unmapped = read - mapped;
    told.push(format!("all: read {read}, mapped {mapped}, unmapped {unmapped}, steps {steps}"));
    expect![[r#"
        rustls: read 1967, mapped 1952, unmapped {FileAdded: 12, FileRemoved: 3}, submitted 1757 (0 against), ended 318
        curl: read 17306, mapped 17203, unmapped {FileAdded: 18, FileChanged: 82, FileRemoved: 3}, submitted 16266 (1 against), ended 6444
        cosign: read 5250, mapped 5248, unmapped {FileAdded: 2}, submitted 4993 (0 against), ended 681
        redis: read 1823, mapped 1822, unmapped {FileAdded: 1}, submitted 1746 (0 against), ended 329
        serde: read 1490, mapped 1451, unmapped {FileAdded: 22, FileRemoved: 17}, submitted 1125 (39 against), ended 408
        all: read 27836, mapped 27676, unmapped 160, steps 34067
    "#]].assert_eq(&lines(told));
}

#[test]
fn every_source_of_a_history_is_its_own_and_each_end_names_one_that_stands() {
    for (project, collected) in COLLECTED.iter() {
        let (mut sources, mut standing) = (HashSet::new(), BTreeMap::new());
        for step in &collected.steps {
            match step {
                Step::Submit(item) => {
                    assert_eq!(item.source.name.as_str(), format!("git:{project}"));
                    assert!(sources.insert(item.source.clone()), "{:?}", item.source);
                    standing.insert(item.source.clone(), item.work.to);
                    // No id of these histories had to be shortened or numbered.
                    assert!(!item.source.id.as_str().contains("…sha256:"));
                    assert!(!item.source.id.as_str().split(':').next().unwrap().contains('+'));
                }
                Step::End { source, at, .. } => {
                    assert!(standing.remove(source).is_some_and(|from| from <= *at), "{source:?}");
                }
            }
        }
    }
}

#[test]
fn every_item_speaks_for_base_practices_of_the_model_within_the_bounds() {
    let mut areas = BTreeMap::<String, BTreeSet<&str>>::new();
    for (project, collected) in COLLECTED.iter() {
        for step in &collected.steps {
            let Step::Submit(item) = step else { continue };
            assert!(!item.practices.is_empty() && item.subjects.len() <= 3);
            for target in &item.practices {
                assert_eq!(target.model.as_str(), "iso-21827-2008");
                assert!(matches!(target.practice, Practice::Base(_)), "{target}");
                areas.entry(target.practice.area().to_string()).or_default().insert(project);
            }
        }
    }
    let told = areas.iter().map(|(area, by)| format!("{area} {by:?}"));
    expect![[r#"
        PA01 {"cosign", "curl", "redis", "rustls", "serde"}
        PA02 {"curl"}
        PA03 {"curl"}
        PA05 {"cosign", "curl", "redis", "rustls", "serde"}
        PA06 {"cosign", "curl", "rustls", "serde"}
        PA07 {"cosign", "curl", "redis", "rustls", "serde"}
        PA08 {"cosign", "curl", "redis", "rustls"}
        PA09 {"cosign", "curl", "redis", "rustls"}
        PA10 {"cosign", "curl", "redis", "rustls", "serde"}
        PA11 {"cosign", "curl", "redis", "rustls", "serde"}
        PA12 {"cosign", "curl", "redis", "rustls", "serde"}
        PA13 {"cosign", "curl", "redis", "rustls", "serde"}
        PA14 {"curl"}
        PA15 {"cosign", "curl", "redis", "rustls", "serde"}
        PA16 {"curl", "redis", "rustls", "serde"}
        PA17 {"cosign", "curl", "redis", "rustls", "serde"}
        PA19 {"cosign", "curl", "redis", "rustls"}
        PA20 {"cosign", "curl", "redis", "rustls", "serde"}
        PA21 {"cosign", "curl", "redis", "rustls", "serde"}
        PA22 {"cosign", "curl", "redis", "rustls"}
    "#]]
    .assert_eq(&lines(told));
}

#[test]
fn a_second_run_gives_the_same_steps() {
    assert_eq!(collected(), *COLLECTED);
}
