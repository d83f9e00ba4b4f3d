//! Witnesses that contradict this log, kept over a restart: a start must not take back what one said.
//!
//! The file `contradicted` is there while one does. Its first line is `gradus/v1/contradicted`; then
//! each witness has a line of five words: its key, the size that it signed, the root that this log has
//! at that size (`-` where it has none), and the size and root of this log when it said so.

use std::io::ErrorKind;
use std::path::Path;

use gradus_log::Head;
use gradus_proof::VerifierKey;

use super::{Contradiction, Outcome, Standing};
use crate::directory::folder::{FileError, Step, replace};
use crate::error::ServiceError;
use crate::service::Service;

const HEADER: &str = "gradus/v1/contradicted";

/// A witness by its key, and what it has seen.
type Known = (VerifierKey, Contradiction);

fn text(standings: &[Standing]) -> Option<String> {
    let line = |standing: &Standing| {
        let Outcome::Contradicts(of) = &standing.outcome else { return None };
        let root = of.root.map_or_else(|| "-".to_owned(), |root| root.to_string());
        let Head { size, root: here } = of.here;
        Some(format!("{} {} {root} {size} {here}\n", standing.key, of.signed))
    };
    let lines: Vec<String> = standings.iter().filter_map(line).collect();
    (!lines.is_empty()).then(|| format!("{HEADER}\n{}", lines.concat()))
}

fn parse(text: &str) -> Option<Vec<Known>> {
    let mut lines = text.lines();
    if lines.next() != Some(HEADER) {
        return None;
    }
    let read = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let [key, signed, root, size, here] = words.as_slice() else { return None };
        let key: VerifierKey = key.parse().ok()?;
        let root = if *root == "-" { None } else { Some(root.parse().ok()?) };
        let here = Head { size: size.parse().ok()?, root: here.parse().ok()? };
        let (witness, signed) = (key.name().to_owned(), signed.parse().ok()?);
        Some((key, Contradiction { witness, signed, root, here }))
    };
    lines.map(read).collect()
}

fn known(path: &Path) -> Result<Vec<Known>, ServiceError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => {
            let error = FileError::new(Step::Read, path, source);
            return Err(crate::directory::DirectoryError::from(error).into());
        }
    };
    parse(&text).ok_or_else(|| {
        let reason = format!(
            "`{}` does not say any more which of them has seen another log: remove it, and they are asked \
             anew",
            path.display()
        );
        ServiceError::invalid("witnesses", reason)
    })
}

impl Service {
    /// What witnesses said before this start that have not signed since.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Invalid`] for a file that cannot be read as that.
    pub(super) fn recall_contradictions(
        &self,
        standings: &mut [Standing],
    ) -> Result<(), ServiceError> {
        for (key, mut contradiction) in known(&self.directory.contradicted())? {
            // One that was taken out of the settings has no say any more.
            let Some(standing) = standings.iter_mut().find(|one| one.key == key) else { continue };
            contradiction.witness.clone_from(&standing.name);
            tracing::error!(%contradiction, "a witness had seen another log before this start");
            standing.outcome = Outcome::Contradicts(contradiction);
        }
        Ok(())
    }

    /// Keeps which witnesses contradict; where that cannot be, it holds until the next start alone.
    pub(super) fn keep_contradictions(&self) {
        let path = self.directory.contradicted();
        let kept = match text(&self.witnesses()) {
            Some(text) => replace(&path, text.as_bytes()),
            None => match std::fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    Err(FileError::new(Step::Remove, &path, error))
                }
                _ => Ok(()),
            },
        };
        if let Err(error) = kept {
            tracing::error!(%error, "which witnesses have seen another log is not kept");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradus_model::Digest;
    use gradus_proof::KeyType;

    fn standing(name: &str, outcome: Outcome) -> Standing {
        let key = VerifierKey::new(name, KeyType::Cosignature, [7; 32]).unwrap();
        let name = "one".to_owned();
        Standing { name, key, size: 0, signed_at: None, asked_at: None, outcome }
    }

    #[test]
    fn what_contradicts_is_read_as_it_was_written_and_nothing_else_is_kept() {
        let here = Head { size: 9, root: Digest([1; 32]) };
        for root in [None, Some(Digest([2; 32]))] {
            let witness = "w.example/one".to_owned();
            let of = Contradiction { witness, signed: 12, root, here };
            let signed = standing("w.example/two", Outcome::Signed);
            let denies = standing("w.example/one", Outcome::Contradicts(of.clone()));
            let written = text(&[signed.clone(), denies.clone()]).unwrap();
            assert_eq!(parse(&written), Some(vec![(denies.key, of)]));
            assert_eq!(text(&[signed]), None);
            assert_eq!(parse(&written[1..]), None);
            assert_eq!(parse(written.replace(" 12 ", " ").as_str()), None);
        }
    }
}
