//! What is kept of auditors' questions, held against what the log says of them.

use super::{Exam, RESTORE_FILE, Severity};
use crate::directory::QUERIES;
use crate::error::ServiceError;
use crate::offline::Named;
use crate::queries::{Whose, examined, files};

const NEVER: &str = "nothing to do, unless another copy of this file is kept: then put it here";

impl Exam<'_> {
    /// The files of engagements that are not opened.
    pub(super) fn queries(&mut self, named: &Named) -> Result<(), ServiceError> {
        let folder = self.path.join(QUERIES);
        let Some(log) = named.log else { return Ok(()) };
        let found = files(&folder)?;
        for (whose, path) in &found {
            let said = named.asked.get(&(whose.auditor, whose.number)).copied().unwrap_or_default();
            match examined(path, log, *whose) {
                Ok(rows) if rows >= said.committed => (),
                Ok(rows) => {
                    let what =
                        format!("it has {rows} of {} rows that an auditor asked", said.committed);
                    self.add(Severity::Lost, path, what, RESTORE_FILE);
                }
                Err(what) => {
                    self.add(Severity::Lost, path, what, RESTORE_FILE);
                }
            }
        }
        for ((auditor, number), said) in &named.asked {
            let whose = Whose { auditor: *auditor, number: *number };
            let there = found.iter().any(|(of, _)| *of == whose);
            if !there && said.opened < said.committed {
                let left = said.committed - said.opened;
                let what =
                    format!("it is missing: {left} rows that an auditor asked cannot be opened");
                let path = folder.join(whose.file_name());
                if said.ended {
                    self.add(Severity::Note, &path, what, NEVER);
                } else {
                    self.add(Severity::Lost, &path, what, RESTORE_FILE);
                }
            }
        }
        Ok(())
    }
}
