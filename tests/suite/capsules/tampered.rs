//! The golden capsule: its bytes are the same for ever, and none of them can change unseen.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use expect_test::{Expect, expect};
use gradus_capsule::manifest::{LevelClaim, Manifest, MemberClaim};
use gradus_capsule::shown::Text;
use gradus_capsule::stream::bundle;
use gradus_capsule::ustar::{self, Reader};
use gradus_capsule::{Fault, Unread};
use gradus_model::Digest;
use gradus_proof::{VerifierKey, sha256};
use gradus_service::capsule::{Finding, Trust, verify};
use proptest::prelude::*;

use super::golden_capsule::{capsule, capsule_with_heads, signer};

/// The SHA-256 of the golden capsule.
const FROZEN: &str = "5bbbb58ee954018fbe0da7473152634e254f795d2678f57c3b1e119cab323e23";
/// That of the one with a state digest.
const WITH_HEADS: &str = "c3faf852de0a23ee9b69900168ca995f86c6392547f39d0a7e715d41d0446ccf";

pub(super) fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("formats").join("golden").join(name)
}

fn held() -> Vec<u8> {
    fs::read(file("tls.capsule")).unwrap_or_default()
}

fn with_heads() -> Vec<u8> {
    fs::read(file("heads.capsule")).unwrap_or_default()
}

fn fault(bytes: &[u8]) -> Fault {
    let key = signer().verifier().clone();
    match verify(bytes, &Trust { keys: std::slice::from_ref(&key), policy: None }) {
        Err(Unread::Fault(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

/// The members with their contents, by which byte each begins at.
fn members(bytes: &[u8]) -> Vec<(usize, String, Vec<u8>)> {
    let (mut reader, mut at, mut members) = (Reader::new(bytes), 0, Vec::new());
    while let Some(entry) = reader.entry().unwrap() {
        members.push((at, entry.name.to_owned(), entry.content.to_vec()));
        at += 512 + entry.content.len().next_multiple_of(512);
    }
    members
}

/// That the code still makes a golden file, of this SHA-256.
pub(super) fn is_made_as_ever(name: &str, made: &[u8], frozen: &str) {
    let file = file(name);
    if std::env::var_os("GRADUS_NEW_GOLDEN").is_some() && !file.exists() {
        fs::write(&file, made).unwrap();
    }
    let held = fs::read(&file).unwrap_or_default();
    assert!(held == made, "the code makes another {name} than was released");
    assert_eq!(sha256(made).to_string(), frozen);
}

#[test]
fn the_golden_capsule_is_the_same_for_ever() {
    is_made_as_ever("tls.capsule", &capsule(), FROZEN);
    is_made_as_ever("heads.capsule", &capsule_with_heads(), WITH_HEADS);
}

/// What a verifier with the golden key finds, as the page says it.
pub(super) fn findings(key: &VerifierKey, proved: &[Finding], not_proved: &[Finding]) -> String {
    let mut told = format!("key {key}\n");
    for (sign, findings) in [("+", proved), ("-", not_proved)] {
        for finding in findings {
            writeln!(told, "{sign} {finding}").unwrap();
        }
    }
    told
}

/// What a verifier finds of a capsule that the golden key signed.
fn told(bytes: &[u8]) -> String {
    let key = signer().verifier().clone();
    let trust = Trust { keys: std::slice::from_ref(&key), policy: None };
    let verified = verify(bytes, &trust).unwrap();
    let mut told = findings(&key, &verified.proved, &verified.not_proved);
    let claim = &verified.manifest.units[0];
    writeln!(told, "digest {}", claim.digest.0).unwrap();
    for area in &claim.areas {
        writeln!(told, "{}: {} and {}", area.area, area.rated, area.ongoing).unwrap();
    }
    told
}

/// That the page tells of a capsule what was found, and its members with their hashes.
pub(super) fn is_on_the_page(bytes: &[u8], told: &str) {
    let page = include_str!("../../formats/CAPSULE.md");
    for line in told.lines() {
        assert!(page.contains(line), "the page does not say: {line}");
    }
    for (_, name, content) in members(bytes) {
        assert!(page.contains(&format!("`{name}`")), "the page does not name {name}");
        let digest = sha256(&content).to_string();
        assert!(page.contains(&digest), "the page has not {digest} for {name}");
    }
}

#[test]
fn the_golden_capsule_proves_what_its_page_says() {
    let bytes = held();
    let told = told(&bytes);
    expect![[r#"
        key gradus/10101010-1010-1010-1010-101010101010+5be64834+ASFS+NGbeR0kRTJC4V8uq2y3z/p7al7TAJeWDgaYgdsS
        + the log of 19 records is the one that gradus/10101010-1010-1010-1010-101010101010+5be64834+ASFS+NGbeR0kRTJC4V8uq2y3z/p7al7TAJeWDgaYgdsS signed
        + 16 records in 2 streams are in the log of 17, unchanged and each in its place, and no stream misses one before the last that is here
        + what was known at 2026-03-01T12:00:00.000113Z: 17 records, no more and no less
        + what was recorded is what is shown: 6 texts
        + the levels of 1 unit follow from these records by the rules in them, which were run again
        - that others were shown the same log: no witness that you name signed the checkpoint
        - that no stream has a later record: some of the log are not here (1), and nothing says of which streams they are
        - what is withheld: 2 texts
        - what texts said that were erased, of 1 record
        digest f710b8f520adeb700eea1f05058dfe73bc3986ed296514e310453ba8efa0afbd
        PA01: 1 to 5, 4 open and 1 to 5, 4 open
        PA02: 1 to 5, 4 open and 0
    "#]].assert_eq(&told);
    is_on_the_page(&bytes, &told);
}

#[test]
fn the_golden_capsule_with_a_state_digest_proves_that_no_stream_ends_too_soon() {
    let bytes = with_heads();
    let told = told(&bytes);
    expect![[r#"
        key gradus/10101010-1010-1010-1010-101010101010+5be64834+ASFS+NGbeR0kRTJC4V8uq2y3z/p7al7TAJeWDgaYgdsS
        + the log of 20 records is the one that gradus/10101010-1010-1010-1010-101010101010+5be64834+ASFS+NGbeR0kRTJC4V8uq2y3z/p7al7TAJeWDgaYgdsS signed
        + 16 records in 2 streams are in the log of 17, unchanged and each in its place, and no stream misses one before the last that is here
        + what was known at 2026-03-01T12:00:00.000113Z: 17 records, no more and no less
        + none of 2 streams has a record among the first 17 that is not here: the log says so itself, in its state digest of 18 records at position 19
        + what was recorded is what is shown: 6 texts
        + the levels of 1 unit follow from these records by the rules in them, which were run again
        - that others were shown the same log: no witness that you name signed the checkpoint
        - what is withheld: 2 texts
        - what texts said that were erased, of 1 record
        digest f710b8f520adeb700eea1f05058dfe73bc3986ed296514e310453ba8efa0afbd
        PA01: 1 to 5, 4 open and 1 to 5, 4 open
        PA02: 1 to 5, 4 open and 0
    "#]].assert_eq(&told);
    is_on_the_page(&bytes, &told);
}

/// Every seventh byte, or with the variable `GRADUS_EVERY_BYTE` each of them, which takes a minute.
fn step() -> usize {
    if std::env::var_os("GRADUS_EVERY_BYTE").is_some() { 1 } else { 7 }
}

#[test]
fn no_byte_of_a_capsule_changes_without_its_member_and_record_being_named() {
    for bytes in [held(), with_heads()] {
        no_byte_changes(&bytes);
    }
}

fn no_byte_changes(bytes: &[u8]) {
    let members = members(bytes);
    let end =
        members.last().map_or(0, |(at, _, content)| at + 512 + content.len().next_multiple_of(512));
    for at in (0..bytes.len()).step_by(step()) {
        let mut changed = bytes.to_vec();
        changed[at] ^= 1 << (at % 8);
        let found = fault(&changed);
        if at >= end {
            continue;
        }
        let of = members.iter().rev().find(|(from, ..)| *from <= at).unwrap();
        assert_eq!(found.member, of.1, "byte {at}: {found}");
        let within = at.checked_sub(of.0 + 512).filter(|within| *within < of.2.len());
        if let Some(within) = within.filter(|_| of.1.starts_with("streams/")) {
            let (version, exactly) = record_at(&of.2, within);
            let seen = found.version.unwrap();
            let after = !exactly && seen == version + 1;
            assert!(seen == version || after, "byte {at} of version {version}: {found}");
        }
        if let Some(within) = within.filter(|_| of.1.starts_with("texts/")) {
            let before = &of.2[..within];
            let line = before.split(|byte| *byte == b'\n').count() - 1;
            let line = of.2.split(|byte| *byte == b'\n').nth(line).unwrap();
            let version: serde_json::Value = serde_json::from_slice(line).unwrap();
            assert_eq!(found.version, version["version"].as_u64(), "byte {at}: {found}");
        }
    }
}

/// The version whose leaf a byte of a stream belongs to, and whether it is in the leaf itself.
fn record_at(stream: &[u8], at: usize) -> (u64, bool) {
    let (mut from, mut version) = (0, 1);
    loop {
        let length = usize::from(u16::from_be_bytes([stream[from], stream[from + 1]]));
        if at < from + 2 + length {
            return (version, at >= from + 2);
        }
        from += 2 + length;
        version += 1;
    }
}

/// The capsule whose manifest is another one, with all its own digests right.
fn claiming(change: impl FnOnce(&mut Manifest)) -> Vec<u8> {
    let members = members(&held());
    let mut manifest = Manifest::read(&members[0].2).unwrap();
    change(&mut manifest);
    forged(manifest, &members)
}

/// The capsule with a state digest whose members are others, with all hashes of members right.
fn holding(change: impl FnOnce(&mut Vec<(usize, String, Vec<u8>)>)) -> Vec<u8> {
    let mut members = members(&with_heads());
    change(&mut members);
    let mut manifest = Manifest::read(&members[0].2).unwrap();
    let claim = |(_, name, content): &(usize, String, Vec<u8>)| MemberClaim {
        name: name.clone(),
        bytes: content.len() as u64,
        sha256: Text(sha256(content)),
    };
    manifest.members = members[1..].iter().map(claim).collect();
    forged(manifest, &members)
}

fn forged(manifest: Manifest, members: &[(usize, String, Vec<u8>)]) -> Vec<u8> {
    let mut forged = Vec::new();
    ustar::member(&mut forged, "capsule.json", &manifest.written());
    for (_, name, content) in &members[1..] {
        ustar::member(&mut forged, name, content);
    }
    ustar::end(&mut forged);
    forged
}

fn check(change: impl FnOnce(&mut Manifest), expected: &Expect) {
    expected.assert_eq(&fault(&claiming(change)).to_string());
}

#[test]
fn what_is_claimed_falsely_is_named() {
    check(
        |manifest| {
            let four = LevelClaim::Range { at_least: 4, at_most: 4, open: 0 };
            manifest.units[0].areas[0].rated = four;
        },
        &expect![
            "`capsule.json`: unit 51515151-5151-5151-5151-515151515151 is claimed at 4 and 1 to 5, 4 open in PA01, and the records give 1 to 5, 4 open and 1 to 5, 4 open"
        ],
    );
    check(
        |manifest| manifest.units[0].digest = Text(Digest([9; 32])),
        &expect![
            "`capsule.json`: unit 51515151-5151-5151-5151-515151515151 is claimed otherwise than the records say"
        ],
    );
    check(
        |manifest| manifest.root = Text(Digest([9; 32])),
        &expect![
            "`consistency`: the proof leads to root ff6ffb2b399a2bb68f430fe8e4aa56590b3ec7f953d97d89007cf40b375acb16 of 17 leaves, not to 0909090909090909090909090909090909090909090909090909090909090909"
        ],
    );
    check(
        |manifest| manifest.log_size = 18,
        &expect!["`consistency`: the proof has 4 hashes, and 3 are needed"],
    );
    check(
        |manifest| {
            let known_at = manifest.known_at.as_mut().unwrap();
            known_at.0 = known_at.0.plus_micros(7);
        },
        &expect![
            "`known-at/next.leaf`, position 17: it was recorded at 2026-03-01T12:00:00.00012Z, so that it was known at 2026-03-01T12:00:00.00012Z"
        ],
    );
    check(
        |manifest| {
            let known_at = manifest.known_at.as_mut().unwrap();
            known_at.0 = known_at.0.plus_micros(-1);
        },
        &expect![
            "`known-at/last.leaf`, position 16: it was recorded at 2026-03-01T12:00:00.000113Z, after 2026-03-01T12:00:00.000112Z"
        ],
    );
    check(
        |manifest| {
            manifest.members.pop();
        },
        &expect![
            "`documents/7cc6d4ee94be314e6161eca9a0c26d4fa9e746f9341e33160f95715b355c7be4`: `documents/af961325959eface8478eb4d93e0e8aecbdc98f1dc62c89c74b19127e19f6663` follows it, which `capsule.json` does not name"
        ],
    );
}

/// The members of a capsule, each with where it begins, its name and its bytes.
type Members = Vec<(usize, String, Vec<u8>)>;

#[test]
fn a_stream_that_ends_too_soon_is_refused_by_the_state_digest() {
    let project = "51515151-5151-5151-5151-515151515151";
    let check = |change: &dyn Fn(&mut Members), expected: &Expect| {
        expected.assert_eq(&fault(&holding(change)).to_string());
    };
    let at = |members: &[(usize, String, Vec<u8>)], name: &str| {
        members.iter().position(|(_, of, _)| of.starts_with(name)).unwrap()
    };
    let later = format!("heads/later/{project}");
    // The record that follows is kept back.
    check(
        &|members| drop(members.remove(at(members, &later))),
        &expect![
            "`heads/rows`: line 2: the row says that the stream had come to version 6 with 0c5fc82547d4531c1a3e1499c14b4ab98837b78b38e5a831a15b30a4f4af97c6 below 18: the leaves say version 5 with 545c00a45814c92ad9989eab1176661706d06e3deb671ea2558004e2fcaf2073"
        ],
    );
    // A row is of another stream's place.
    check(
        &|members| {
            let rows = at(members, "heads/rows");
            let text = String::from_utf8(members[rows].2.clone()).unwrap();
            members[rows].2 = text.replace("\"index\":1", "\"index\":2").into_bytes();
        },
        &expect![
            "`heads/rows`: line 2: the row is not in the state digest: the proof has 2 hashes, and 1 are needed"
        ],
    );
    // The stream's own last record is told as one that came later.
    check(
        &|members| {
            let stream = at(members, &format!("streams/{project}"));
            let mut records = Vec::new();
            let mut rest = members[stream].2.as_slice();
            while let Some((length, after)) = rest.split_first_chunk::<2>() {
                let (leaf, after) = after.split_at(usize::from(u16::from_be_bytes(*length)));
                records.push(leaf.to_vec());
                rest = after;
            }
            let last = records.pop().unwrap();
            members[stream].2 = bundle(records.iter().map(Vec::as_slice));
            let later = at(members, &later);
            members[later].2 = [bundle([last.as_slice()]), members[later].2.clone()].concat();
        },
        &expect![
            "`streams/51515151-5151-5151-5151-515151515151`, version 4, position 16: the record is not in the log: the proof leads to root 356d62c135ffa124239a94f4383c7e0207a96220b6f84d6fac38e70351c42398 of 20 leaves, not to 7f24b5f8f4581bddfd96d82484623236e31bf8d1646cfa941759e29fa5f7d241"
        ],
    );
    // The digest is left out.
    check(
        &|members| members.retain(|(_, name, _)| !name.starts_with("heads/")),
        &expect!["`capsule.json`: it has format 2, which has `heads/digest.leaf`"],
    );
    // Rows are left out: then nothing is proved of their streams.
    let without = holding(|members| {
        let rows = at(members, "heads/rows");
        let text = String::from_utf8(members[rows].2.clone()).unwrap();
        members[rows].2 = text.split_inclusive('\n').skip(1).collect::<String>().into_bytes();
    });
    let told = told(&without);
    assert!(told.contains("- that no stream has a later record"), "{told}");
}

#[test]
fn where_there_is_nothing_to_verify_that_is_said() {
    for bytes in [&b""[..], b"PK\x03\x04", &[0; 1_024], &[7; 4_096]] {
        match verify(bytes, &Trust::default()) {
            Err(Unread::Nothing(_)) => (),
            other => panic!("{other:?}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_are_verified_or_refused(bytes: Vec<u8>) {
        prop_assert!(verify(&bytes, &Trust::default()).is_err());
    }

    #[test]
    fn a_capsule_with_other_contents_and_right_hashes_is_refused_without_a_panic(
        member in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        with in prop::collection::vec(any::<u8>(), 0..40),
        taken in 0_usize..40,
        described: bool,
    ) {
        let bytes = if described { with_heads() } else { held() };
        let mut members = members(&bytes);
        let mut manifest = Manifest::read(&members[0].2).unwrap();
        let member = 1 + member.index(members.len() - 1);
        let content = &mut members[member].2;
        let at = at.index(content.len());
        let end = (at + taken).min(content.len());
        let same = content[at..end] == with[..];
        content.splice(at..end, with);
        manifest.members[member - 1].sha256 = Text(sha256(content));
        manifest.members[member - 1].bytes = content.len() as u64;
        let mut forged = Vec::new();
        ustar::member(&mut forged, "capsule.json", &manifest.written());
        for (_, name, content) in &members[1..] {
            ustar::member(&mut forged, name, content);
        }
        ustar::end(&mut forged);
        let signed = signer().verifier().clone();
        let trust = Trust { keys: std::slice::from_ref(&signed), policy: None };
        prop_assert_eq!(verify(&forged, &trust).is_ok(), same);
    }
}
