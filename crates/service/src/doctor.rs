//! Examines a data directory that no server has open, and changes nothing.
//!
//! Everything is read: each record is hashed, linked and its payload opened; what the records name
//! (documents, keys) is read, too; what is derived is looked at for damage only.

mod named;
mod queries;

use std::fs;
use std::path::{Path, PathBuf};

use gradus_log::{Spot, Verified, damage_of};
use gradus_model::{Digest, UnitId};

use crate::directory::DirectoryError;
use crate::error::ServiceError;
use crate::keys;
use crate::offline::{Keys, Named, Offline, OnStep, Step, key_tree};

/// Findings of one kind past this many are counted, not told one by one.
const MOST_OF_A_KIND: usize = 20;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// What the log is true by cannot be read: a server does not start, or not all is served.
    Lost,
    /// A file is not as it was written, and nothing is lost by it.
    Damaged,
    /// Damaged, and made again from the log by the next start.
    Derived,
    /// No damage; worth knowing.
    Note,
}

impl Severity {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Damaged => "damaged",
            Self::Derived => "derived",
            Self::Note => "note",
        }
    }
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The file, below the directory.
    pub file: PathBuf,
    /// The first byte concerned, where that is known.
    pub byte: Option<u64>,
    /// The first record concerned, where that is known.
    pub position: Option<u64>,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub advice: &'static str,
}

/// What an examination came to.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    /// The records that verify from the beginning on.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
    /// What was durable at least, after the anchor.
    pub anchored: Option<u64>,
    /// The worst first.
    pub findings: Vec<Finding>,
}

impl Diagnosis {
    /// The worst that was found.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).min()
    }
}

const RESTORE: &str = "restore a backup, or recover what verifies with --rescue";
const RESCUE: &str = "every record is there; --rescue writes a directory without the damage";
const RESTORE_FILE: &str = "restore this file from a backup";
const RESTORE_KEYS: &str = "restore this file from the backup of the keys";
const REMOVED: &str = "nothing to do: the next start removes it";
const ELSEWHERE: &str = "nothing to do where they were never uploaded; restore the folder from a backup where they were";
const BEGUN_ANEW: &str = "nothing to do: it is begun anew";
const NOTHING: &str = "nothing to do: the next start makes it again";

/// Examines the directory `path`.
///
/// # Errors
///
/// When it cannot be read, is held by a server, or is of a newer format.
pub fn examine(path: &Path, on_step: OnStep<'_>) -> Result<Diagnosis, ServiceError> {
    let offline = Offline::open(path, on_step)?;
    let mut exam = Exam { path, findings: Vec::new() };
    exam.format();
    let anchored = offline.log.anchored();
    let expected = anchored.map_or(0, |(head, _)| head.size);

    let mut named = Named::default();
    let mut unread = Vec::new();
    let mut keys = Keys::new(|log, unit| key_tree(&offline.key_file(unit), log, unit).ok());
    let mut without_key = Vec::new();
    let mut unopened = Vec::new();
    let verified = offline.log.visit(|record| {
        let position = record.leaf.place.position;
        if position.is_multiple_of(1_024) {
            on_step(Step::Verifying, position, expected.max(position));
        }
        if let Err(what) = named.take(record.leaf) {
            unread.push((position, what));
        }
        if let Some(log) = named.log {
            let at = (record.leaf.place.stream, record.leaf.place.version);
            match keys.opens(log, &record) {
                Ok(true) => (),
                Ok(false) => without_key.push((position, at)),
                Err(what) => unopened.push((position, what)),
            }
        }
        Ok::<_, ServiceError>(true)
    })?;
    without_key.retain(|(_, at)| !named.erased.contains(at));
    exam.records(&offline, &verified);
    exam.contents(&unread, &unopened, &without_key);
    exam.named(&offline, &named);
    exam.attachments(&offline, &named);
    exam.checkpoints(&offline, &named);
    exam.queries(&named)?;
    exam.derived()?;
    exam.leftovers()?;
    exam.findings.sort();
    Ok(Diagnosis {
        size: verified.head.size,
        root: verified.head.root,
        anchored: anchored.map(|(head, _)| head.size),
        findings: exam.findings,
    })
}

struct Exam<'a> {
    path: &'a Path,
    findings: Vec<Finding>,
}

impl Exam<'_> {
    fn add(
        &mut self,
        severity: Severity,
        file: &Path,
        what: impl Into<String>,
        advice: &'static str,
    ) -> &mut Finding {
        let file = file.strip_prefix(self.path).unwrap_or(file).to_owned();
        let what = what.into();
        self.findings.push(Finding { severity, file, byte: None, position: None, what, advice });
        let last = self.findings.len() - 1;
        // It was pushed right before.
        #[expect(clippy::indexing_slicing, reason = "the last one is there")]
        &mut self.findings[last]
    }

    fn format(&mut self) {
        let file = self.path.join("FORMAT");
        match crate::directory::format_of(self.path) {
            Ok(Some(_)) => (),
            Ok(None) => {
                self.add(Severity::Lost, &file, "the file is missing", RESTORE_FILE);
            }
            Err(DirectoryError::BadFormat { seen, .. }) => {
                let what = format!("it begins with {seen:?} and names no format");
                self.add(Severity::Lost, &file, what, RESTORE_FILE);
            }
            Err(error) => {
                self.add(Severity::Lost, &file, error.to_string(), RESTORE_FILE);
            }
        }
    }

    /// The log's files, its records and the anchor.
    fn records(&mut self, offline: &Offline, verified: &Verified) {
        let log = &offline.log;
        let anchor = self.path.join("anchor");
        let size = verified.head.size;
        for at in log.damaged_slots() {
            let what = "a slot does not match its checksum, the other one holds";
            self.add(Severity::Damaged, &anchor, what, NOTHING).byte = Some(at);
        }
        let anchored = log.anchored();
        let mut lost = false;
        match anchored {
            None if !log.is_empty() => {
                let what = format!("it says nothing, while the log holds {size} records");
                let advice = "restore it, or start once with --accept-missing-anchor";
                self.add(Severity::Lost, &anchor, what, advice);
            }
            Some((head, _)) if size < head.size => {
                lost = true;
                let what = format!(
                    "{size} of {} acknowledged records can be read in order{}",
                    head.size,
                    beyond(verified)
                );
                let db = self.path.join("log").join("db");
                self.add(Severity::Lost, &db, what, RESTORE).position = Some(size);
            }
            Some((head, first)) => {
                let other = verified.first_leaf.is_some_and(|seen| head.size > 0 && seen != first);
                if other || verified.at_anchor.is_some_and(|seen| seen != head) {
                    lost = true;
                    let what = "it is of another log, or records were changed: the roots differ";
                    self.add(Severity::Lost, &anchor, what, RESTORE).position = Some(head.size);
                }
            }
            None => (),
        }
        if let Some(what) = &verified.broken {
            let db = self.path.join("log").join("db");
            let severity = if lost { Severity::Lost } else { Severity::Damaged };
            self.add(severity, &db, what.clone(), RESTORE).position = Some(size);
        }
        for spot in log.spots() {
            self.spot(spot, lost);
        }
        // Where the newest part ends is a place to look at only if nothing else is.
        if let Some(tail) = log.tail().filter(|_| lost && log.spots().iter().all(|s| s.derived)) {
            self.spot(tail, true);
        }
    }

    fn spot(&mut self, spot: &Spot, lost: bool) {
        let (severity, advice) = match (spot.derived, lost) {
            (true, _) => (Severity::Derived, NOTHING),
            (false, true) => (Severity::Lost, RESTORE),
            (false, false) => (Severity::Damaged, RESCUE),
        };
        self.add(severity, &spot.path, spot.what.clone(), advice).byte = Some(spot.at);
    }

    /// What single records say.
    fn contents(
        &mut self,
        unread: &[(u64, String)],
        unopened: &[(u64, String)],
        without_key: &[(u64, (UnitId, u64))],
    ) {
        let db = self.path.join("log").join("db");
        let advice = "use the version of gradus that wrote it";
        for (position, what) in unread.iter().take(MOST_OF_A_KIND) {
            self.add(Severity::Lost, &db, what.clone(), advice).position = Some(*position);
        }
        for (position, what) in unopened.iter().take(MOST_OF_A_KIND) {
            self.add(Severity::Lost, &db, what.clone(), RESTORE).position = Some(*position);
        }
        for (position, (unit, version)) in without_key.iter().take(MOST_OF_A_KIND) {
            let file = self.path.join("keys").join(keys::file_name(*unit));
            let what = format!("the key of version {version} is gone, and no event erased it");
            self.add(Severity::Lost, &file, what, RESTORE_KEYS).position = Some(*position);
        }
        for (kind, all) in [
            ("events that cannot be read", unread.len()),
            ("payloads that do not open", unopened.len()),
            ("records without a key", without_key.len()),
        ] {
            if let Some(more) = all.checked_sub(MOST_OF_A_KIND).filter(|more| *more > 0) {
                self.add(Severity::Lost, &db, format!("{more} more {kind}"), RESTORE);
            }
        }
    }

    /// The databases that are made again from the log.
    fn derived(&mut self) -> Result<(), ServiceError> {
        let mut folders = vec![self.path.join("index")];
        if let Ok(entries) = fs::read_dir(self.path.join("projections")) {
            folders.extend(entries.flatten().map(|entry| entry.path()));
        }
        for folder in folders {
            for mut spot in damage_of(&folder)? {
                spot.derived = true;
                self.spot(&spot, false);
            }
        }
        let uses = self.path.join(crate::directory::LAST_USED);
        if !crate::uses::is_whole(&uses) {
            let what = "it is not as it was written: when tokens were last used is not known";
            self.add(Severity::Derived, &uses, what, BEGUN_ANEW);
        }
        Ok(())
    }

    /// What stops and starts left behind.
    fn leftovers(&mut self) -> Result<(), ServiceError> {
        let failed = |source| {
            let step = crate::directory::Step::Read;
            DirectoryError::from(crate::directory::FileError::new(step, self.path, source))
        };
        let mut copies = Vec::new();
        for entry in fs::read_dir(self.path).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with("log.before-") {
                copies.push(path);
            }
        }
        for copy in copies {
            let what = "a copy of the log from before a recovery";
            let advice = "keep it until you know that nothing is lost; then it can be removed";
            self.add(Severity::Note, &copy, what, advice);
        }
        Ok(())
    }
}

/// What lies past the gap.
fn beyond(verified: &Verified) -> String {
    let records: u64 = verified.beyond.iter().map(|range| range.end - range.start).sum();
    match (verified.beyond.first(), verified.beyond.last()) {
        (Some(first), Some(last)) => {
            format!("; {records} more between {} and {} do not follow them", first.start, last.end)
        }
        _ => String::new(),
    }
}
