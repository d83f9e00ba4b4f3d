//! Lists and answers of servers, and what an archive makes of them.

use std::path::Path;

use gradus_archive::Archive;
use gradus_archive::write::About;
use gradus_proof::sha256;

use super::*;

const UNIT: &str = "00000000-0000-4000-8000-000000000001";

fn piece(name: &[u8], content: &[u8], last: bool) -> v1::ExportedAttachment {
    let (unit, sha256) = (UNIT.to_owned(), sha256(name).to_string());
    v1::ExportedAttachment { unit, sha256, content: content.to_vec(), last }
}

fn finished(writer: Writer) {
    let word = || "test".to_owned();
    writer.finish(About { log: word(), origin: word(), made_by: word() }).unwrap();
}

/// What is held, verified, by its sealed bytes.
fn held(folder: &Path) -> Vec<Vec<u8>> {
    let archive = Archive::open(folder).unwrap();
    let all = archive.manifest().attachments.iter();
    let mut all: Vec<_> =
        all.map(|of| std::fs::read(archive.attachment(of).unwrap()).unwrap()).collect();
    all.sort();
    all
}

#[test]
fn a_server_that_knows_no_lists_sends_all_and_what_it_leaves_off_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path()).unwrap();
    let mut attaching = Attaching::default();
    for sent in [
        piece(b"one", b"sealed", false),
        piece(b"one", b" one", true),
        // It was erased while it was sent.
        piece(b"erased", b"sealed", false),
        piece(b"two", b"sealed two", true),
        piece(b"erased too", b"sealed", false),
    ] {
        attaching.take(&mut writer, &sent).unwrap();
    }
    assert_eq!(attaching.done(), Attached { written: 2, ..Default::default() });
    finished(writer);
    assert_eq!(held(folder.path()), [b"sealed one".to_vec(), b"sealed two".to_vec()]);
}

fn listed(name: &[u8], sealed: &[u8]) -> v1::SealedAttachment {
    v1::SealedAttachment {
        unit: UNIT.to_owned(),
        sha256: sha256(name).to_string(),
        sealed_sha256: sha256(sealed).0.to_vec(),
        sealed_size: sealed.len() as u64,
    }
}

#[test]
fn what_an_interrupted_backup_left_is_kept_if_it_is_whole_and_what_was_sealed_anew_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path()).unwrap();
    let mut attaching = Attaching::default();
    for (name, sealed) in [("one", "sealed one"), ("two", "sealed two")] {
        let sent = piece(name.as_bytes(), sealed.as_bytes(), true);
        attaching.take(&mut writer, &sent).unwrap();
    }
    // Interrupted: no manifest was written.
    drop(writer);
    let mut writer = Writer::open(folder.path()).unwrap();
    let mut attaching = Attaching::default();
    let attachments = vec![
        listed(b"one", b"sealed one"),
        listed(b"two", b"anew two"),
        listed(b"three", b"sealed three"),
    ];
    attaching.compare(&mut writer, &v1::ListedAttachments { attachments }).unwrap();
    assert_eq!(attaching.done(), Attached { kept: 1, ..Default::default() });
    assert_eq!(attaching.notes, [""; 0], "nothing of it was in an archive yet");
    let missing: Vec<_> = attaching.missing.iter().map(|of| of.sealed.unwrap().0).collect();
    assert_eq!(missing, [sha256(b"anew two"), sha256(b"sealed three")]);
    let end = v1::ExportEnd { listed_attachments: 4, ..Default::default() };
    let few = attaching.listed_whole(&writer, &end).unwrap_err().to_string();
    assert!(few.contains("3 attachments were listed, and 4 announced"), "{few}");
    finished(writer);
    assert_eq!(held(folder.path()), [b"sealed one".to_vec()]);
}

#[test]
fn what_the_server_lost_is_kept_and_what_it_sealed_anew_or_erased_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path()).unwrap();
    let names = ["anew", "broken", "erased", "lost"];
    for name in names {
        let sent = piece(name.as_bytes(), name.as_bytes(), true);
        Attaching::default().take(&mut writer, &sent).unwrap();
    }
    finished(writer);
    let mut writer = Writer::open(folder.path()).unwrap();
    let mut attaching = Attaching::default();
    let attachments = vec![listed(b"anew", b"sealed anew"), listed(b"broken", b"brok")];
    attaching.compare(&mut writer, &v1::ListedAttachments { attachments }).unwrap();
    let end = v1::ExportEnd { listed_attachments: 2, ..Default::default() };
    attaching.listed_whole(&writer, &end).unwrap();
    assert_eq!(attaching.notes, [""; 0]);
    let asked = std::mem::take(&mut attaching.missing);
    assert!(asked.len() == 4 && asked.iter().all(|of| of.had));
    for name in names {
        let of = asked.iter().find(|of| of.digest == sha256(name.as_bytes())).unwrap();
        let sha256 = of.digest.to_string();
        let told = v1::AttachmentName { unit: UNIT.into(), sha256, only_whole: true };
        let part = match name {
            "anew" => Part::Attachment(piece(b"anew", b"sealed anew", true)),
            "erased" => Part::Gone(told),
            _ => Part::Lost(told),
        };
        assert!(attaching.answered(&mut writer, part, of).unwrap());
    }
    assert_eq!(attaching.done(), Attached { written: 1, kept: 2, lost: 2 });
    let notes: Vec<&str> =
        attaching.notes.iter().filter_map(|note| note.split(UNIT).nth(1)).collect();
    let kept = " is missing or damaged at the server: the archive keeps the one that it has";
    let anew = " was sealed anew at the server: it was fetched again";
    assert_eq!(notes, [anew, kept, kept]);
    finished(writer);
    let whole = ["broken", "lost", "sealed anew"].map(|of| of.as_bytes().to_vec());
    assert_eq!(held(folder.path()), whole);
}

#[test]
fn what_was_asked_for_comes_in_its_turn_as_it_was_announced_or_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::open(folder.path()).unwrap();
    let mut attaching = Attaching::default();
    let attachments = vec![listed(b"one", b"sealed one"), listed(b"two", b"sealed two")];
    attaching.compare(&mut writer, &v1::ListedAttachments { attachments }).unwrap();
    let [one, two] = attaching.missing[..] else { panic!("two are missing") };
    let mut answer = |part, of| {
        let answered = attaching.answered(&mut writer, part, of);
        answered.map_err(|error| error.to_string())
    };
    let begun = Part::Attachment(piece(b"one", b"sealed", false));
    assert_eq!(answer(begun, &one), Ok(false));
    let other = answer(Part::Attachment(piece(b"two", b"sealed two", true)), &one);
    assert!(other.unwrap_err().contains("came in the place of"));
    let gone = v1::AttachmentName {
        unit: UNIT.into(),
        sha256: one.digest.to_string(),
        ..Default::default()
    };
    assert_eq!(answer(Part::Gone(gone), &one), Ok(true));
    let cut = answer(Part::Attachment(piece(b"two", b"sealed", true)), &two).unwrap_err();
    assert!(cut.contains("was announced"), "{cut}");
    assert_eq!(answer(Part::Attachment(piece(b"two", b"sealed two", true)), &two), Ok(true));
    assert_eq!(attaching.done(), Attached { written: 1, ..Default::default() });
    finished(writer);
    assert_eq!(held(folder.path()), [b"sealed two".to_vec()]);
}
