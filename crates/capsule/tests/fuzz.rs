//! Every parser of a capsule on files that nobody wrote: nothing panics, and what was changed is refused.
//!
//! `GRADUS_FUZZ` says how many files are tried; the seeds of failures are printed.

#![cfg(test)]

use gradus_capsule::file::write;
use gradus_capsule::manifest::Manifest;
use gradus_capsule::stream::Stream;
use gradus_capsule::ustar::{self, Reader};
use gradus_capsule::{Capsule, Trust, check, summary};
use gradus_model::UnitId;
use proptest::prelude::*;
use proptest::sample::Index;

const TLS: &[u8] = include_bytes!("../../../tests/formats/golden/tls.capsule");
const HEADS: &[u8] = include_bytes!("../../../tests/formats/golden/heads.capsule");
const SUMMARY: &[u8] = include_bytes!("../../../tests/formats/golden/summary.capsule");

fn cases() -> ProptestConfig {
    let cases = std::env::var("GRADUS_FUZZ").map_or(256, |cases| cases.parse().unwrap());
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// A change of some bytes: where from and to, what, and bytes of its own.
type Edit = (Index, Index, u8, Vec<u8>);

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    // What members are made of beside bytes of any kind.
    let words = [
        "\n",
        "\"",
        "{}",
        ":[",
        "],",
        "null",
        "1",
        "-1",
        "18446744073709551616",
        "\\u0000",
        "0000",
    ];
    let words = prop::sample::select(words.map(|word| word.as_bytes().to_vec()).to_vec());
    let bytes = prop_oneof![words, prop::collection::vec(any::<u8>(), 0..40)];
    prop::collection::vec((any::<Index>(), any::<Index>(), 0_u8..5, bytes), 1..5)
}

fn edited(mut file: Vec<u8>, other: &[u8], edits: &[Edit]) -> Vec<u8> {
    for (at, to, what, with) in edits {
        let (at, to) = (at.index(file.len() + 1), to.index(file.len() + 1));
        let (from, to) = (at.min(to), at.max(to));
        // Most changes are small ones.
        let near = to.min(from + 8);
        match what {
            0 => drop(file.splice(from..near, with.iter().copied())),
            1 => drop(file.drain(from..to)),
            2 => {
                let again = file[from..near].to_vec();
                file.splice(from..from, again);
            }
            3 => {
                let of = other[from.min(other.len())..to.min(other.len())].to_vec();
                file.splice(from..to, of);
            }
            _ => drop(file.splice(from..from, with.iter().copied())),
        }
    }
    file
}

/// The members after the first, by name.
fn members(capsule: &Capsule<'_>) -> Vec<(String, Vec<u8>)> {
    let all = capsule.members().iter();
    all.map(|member| (member.name.clone(), member.bytes.to_vec())).collect()
}

/// What anyone finds of a file, with no key: that suffices, since it has to hold in itself.
fn holds(file: &[u8]) -> bool {
    Capsule::read(file).is_ok_and(|capsule| check(&capsule, &Trust::default()).is_ok())
}

/// The same of a summary.
fn sums(file: &[u8]) -> bool {
    summary::check(file, &Trust::default()).is_ok()
}

#[test]
fn the_golden_capsules_hold() {
    assert!(holds(TLS) && holds(HEADS) && sums(SUMMARY));
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn a_file_that_was_changed_anywhere_is_refused(
        described: bool, edits in edits(), noise in prop::collection::vec(any::<u8>(), 0..2_000),
    ) {
        let (file, other) = if described { (HEADS, TLS) } else { (TLS, HEADS) };
        let changed = edited(file.to_vec(), other, &edits);
        prop_assert_eq!(holds(&changed), changed == file || changed == other);
        prop_assert!(!holds(&noise));
    }

    #[test]
    fn a_member_with_other_bytes_and_the_right_hash_is_refused(
        described: bool, member in any::<Index>(), from in any::<Index>(), edits in edits(),
    ) {
        let capsule = Capsule::read(if described { HEADS } else { TLS }).unwrap();
        let mut all = members(&capsule);
        let other = from.get(&all).1.clone();
        let (name, content) = &mut all[member.index(capsule.members().len())];
        let before = content.clone();
        *content = edited(before.clone(), &other, &edits);
        let (name, same) = (name.clone(), *content == before);
        let held = holds(&write(capsule.manifest.clone(), &all));
        // A text may be left out, or rows of streams: then less is proved. A checkpoint may lack a
        // signature, which only a key tells.
        let less = ["texts/", "heads/rows", "checkpoint"].iter().any(|one| name.starts_with(one));
        prop_assert!(held == same || held && less, "{name}");
    }

    #[test]
    fn a_manifest_of_any_bytes_is_read_as_it_is_or_refused(
        edits in edits(), noise in prop::collection::vec(any::<u8>(), 0..500),
    ) {
        let first = Reader::new(TLS).entry().unwrap().unwrap().content.to_vec();
        let of_heads = Reader::new(HEADS).entry().unwrap().unwrap().content.to_vec();
        for bytes in [edited(first, &of_heads, &edits), noise] {
            if let Ok(manifest) = Manifest::read(&bytes) {
                prop_assert_eq!(manifest.written(), bytes);
            }
        }
    }

    #[test]
    fn a_tar_of_any_bytes_is_read_to_its_end_or_refused(
        edits in edits(), noise in prop::collection::vec(any::<u8>(), 0..2_000),
    ) {
        for bytes in [edited(TLS[..8_192].to_vec(), HEADS, &edits), noise] {
            let (mut reader, mut again) = (Reader::new(&bytes), Vec::new());
            while let Ok(Some(entry)) = reader.entry() {
                ustar::member(&mut again, entry.name, entry.content);
                prop_assert!(bytes.starts_with(&again));
            }
        }
    }

    #[test]
    fn leaves_of_any_bytes_are_read_or_refused(
        edits in edits(), noise in prop::collection::vec(any::<u8>(), 0..500),
    ) {
        let capsule = Capsule::read(HEADS).unwrap();
        let of = members(&capsule).into_iter().filter(|(name, _)| name.starts_with("streams/"));
        for (_, bytes) in of {
            let changed = edited(bytes, &noise, &edits);
            let _ = Stream::read("streams/x", UnitId([1; 16]), &changed);
        }
        let _ = Stream::read("streams/x", UnitId([1; 16]), &noise);
    }

    #[test]
    fn a_summary_that_was_changed_anywhere_is_refused(
        edits in edits(), noise in prop::collection::vec(any::<u8>(), 0..2_000),
    ) {
        let changed = edited(SUMMARY.to_vec(), HEADS, &edits);
        prop_assert_eq!(sums(&changed), changed == SUMMARY);
        prop_assert!(!sums(&noise));
    }

    #[test]
    fn a_member_of_a_summary_with_other_bytes_and_the_right_hash_is_refused(
        member in any::<Index>(), from in any::<Index>(), edits in edits(),
    ) {
        let (said, contents) = summary::read(SUMMARY).unwrap();
        let names = said.members.iter().map(|member| member.name.clone());
        let mut all: Vec<_> = names.zip(contents.iter().map(|content| content.to_vec())).collect();
        let other = from.get(&all).1.clone();
        let (name, content) = &mut all[member.index(contents.len())];
        let before = content.clone();
        *content = edited(before.clone(), &other, &edits);
        let (name, same) = (name.clone(), *content == before);
        let held = sums(&summary::write(said.clone(), &all));
        // A checkpoint may lack a signature, which only a key tells.
        prop_assert!(held == same || held && name == "checkpoint", "{name}");
    }
}
