//! What records name: documents, keys, attachments and checkpoints, each in a file of its own.

use std::collections::BTreeMap;
use std::fs;

use gradus_proof::{Checkpoint, KeyType, Note, Signer, VerifierKey, sha256};

use super::{ELSEWHERE, Exam, MOST_OF_A_KIND, REMOVED, RESTORE_FILE, RESTORE_KEYS, Severity};
use crate::attachments::{self, AttachmentError};
use crate::offline::{Named, Offline, key_tree, read_secret};

impl Exam<'_> {
    /// Documents and keys that records name.
    pub(super) fn named(&mut self, offline: &Offline, named: &Named) {
        for digest in &named.documents {
            let path = offline.document(*digest);
            match fs::read(&path).map(|bytes| sha256(&bytes)) {
                Ok(seen) if seen == *digest => (),
                Ok(seen) => {
                    let what = format!("its bytes hash to {seen}");
                    self.add(Severity::Lost, &path, what, RESTORE_FILE);
                }
                Err(error) => {
                    self.add(Severity::Lost, &path, missing(&error), RESTORE_FILE);
                }
            }
        }
        let Some(log) = named.log else { return };
        for unit in named.units.keys() {
            let path = offline.key_file(*unit);
            if let Err(what) = key_tree(&path, log, *unit) {
                self.add(Severity::Lost, &path, what, RESTORE_KEYS);
            }
        }
    }

    /// Attachments that records name: those that are held open, and hash to their names.
    pub(super) fn attachments(&mut self, offline: &Offline, named: &Named) {
        let Some(log) = named.log else { return };
        let mut trees = BTreeMap::new();
        let (mut elsewhere, mut damaged) = (0, 0);
        for (unit, digest) in &named.attachments {
            let path = offline.attachment(*unit, *digest);
            if named.erased_attachments.contains(&(*unit, *digest)) {
                if path.is_file() {
                    let what = "it was erased, and is still there";
                    self.add(Severity::Derived, &path, what, REMOVED);
                }
                continue;
            }
            let tree = trees.entry(*unit).or_insert_with(|| {
                // What is wrong with the file of keys was told before.
                key_tree(&offline.key_file(*unit), log, *unit).ok()
            });
            let Some(tree) = tree else { continue };
            match attachments::examine(&path, (log, *unit, *digest), |number| Ok(tree.key(number)))
            {
                Ok(_) => (),
                Err(AttachmentError::Missing(_)) => elsewhere += 1,
                Err(_) if damaged == MOST_OF_A_KIND => damaged += 1,
                Err(error) => {
                    damaged += 1;
                    let (what, advice) = match error {
                        AttachmentError::Damaged { what, .. } => (what.to_string(), RESTORE_FILE),
                        AttachmentError::NoKey(_) => {
                            ("its key is gone, and no event erased it".to_owned(), RESTORE_KEYS)
                        }
                        error => (error.to_string(), RESTORE_FILE),
                    };
                    self.add(Severity::Lost, &path, what, advice);
                }
            }
        }
        let folder = offline.attachments();
        if elsewhere > 0 {
            let what = format!("attachments that records name and that are not held: {elsewhere}");
            self.add(Severity::Note, &folder, what, ELSEWHERE);
        }
    }

    /// The key that signs checkpoints, and what was signed and kept.
    pub(super) fn checkpoints(&mut self, offline: &Offline, named: &Named) {
        let path = offline.checkpoint_key();
        let signer = match read_secret(&path) {
            Ok(Some(text)) => std::str::from_utf8(&text)
                .ok()
                .and_then(|text| Signer::parse_private(text.trim_end()).ok()),
            // The first start makes it, and a log from before had none.
            Ok(None) => return,
            Err(_) => None,
        };
        let Some(signer) = signer else {
            self.add(Severity::Lost, &path, "it holds no key of checkpoints", RESTORE_KEYS);
            return;
        };
        let key = signer.verifier();
        let of_this = key.name() == named.origin;
        let last = named.rotated.last().filter(|_| of_this);
        if let Some((position, last)) = last.filter(|(_, last)| last.to.0 != *key.public()) {
            let next = path.with_added_extension("next");
            if last.from.0 == *key.public() && next.exists() {
                let what = format!("the key that is named at position {position} is not in force");
                self.add(
                    Severity::Note,
                    &next,
                    what,
                    "nothing to do: the next start goes on with it",
                );
            } else {
                let what = format!("it is not the key that the log names at position {position}");
                self.add(Severity::Lost, &path, what, RESTORE_KEYS);
            }
        }
        let rotated = named.rotated.iter().flat_map(|(_, of)| [of.from.0, of.to.0]);
        let known = rotated.filter_map(|of| VerifierKey::new(key.name(), KeyType::Note, of).ok());
        let keys: Vec<VerifierKey> = std::iter::once(key.clone()).chain(known).collect();
        let Ok(entries) = fs::read_dir(self.path.join("checkpoints")) else { return };
        for path in entries.flatten().map(|entry| entry.path()).filter(|_| of_this) {
            let size = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let Ok(size) = size.parse::<u64>() else { continue };
            let note = fs::read(&path).ok().and_then(|bytes| Note::parse(&bytes).ok());
            let of_before = |note: &Note| {
                Checkpoint::parse(&note.text).is_ok_and(|of| of.origin != named.origin)
            };
            if note.as_ref().is_some_and(of_before) {
                continue;
            }
            let opened = note.map(|note| Checkpoint::open_by(&note, &keys));
            let what = match opened {
                Some(Ok(checkpoint)) if checkpoint.size == size => continue,
                Some(Ok(checkpoint)) => format!("it is of {} records", checkpoint.size),
                Some(Err(error)) => error.to_string(),
                None => "it is no signed note".to_owned(),
            };
            self.add(Severity::Lost, &path, what, RESTORE_FILE);
        }
    }
}

fn missing(error: &std::io::Error) -> String {
    let missing = error.kind() == std::io::ErrorKind::NotFound;
    if missing { "it is missing".to_owned() } else { error.to_string() }
}
