//! Verifies, while the log serves, what an earlier start or run verified: see [`mark`](super::mark).
//!
//! Every record up to the mark is read through the storage library, checked like those of a start,
//! and has to come to the marked root and ends of streams. Where it does not, the mark is removed and
//! the process ends: the next start reads everything before it serves, and says what is wrong.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use gradus_proof::Tree;

use super::mark::Mark;
use super::scan::{check, follow, next_chunk};
use super::shared::{Shared, locked};
use super::{OnProgress, Progress, VerifiedAgain, database};
use crate::sequence::Sequencer;
use crate::{LogError, frame};

/// How often the log of the server tells how far it has come.
const TELLS_EVERY: Duration = Duration::from_secs(10);

impl Shared {
    /// Reads and verifies the records up to a mark; ends early when the log is closed.
    pub(super) fn verify_behind(
        &self,
        mark: &Mark,
        on_progress: &OnProgress,
    ) -> Result<(), LogError> {
        give_way();
        let begun = Instant::now();
        let log = self.directory.join("log");
        // The library panics on some damage: that, too, is told, and removes the mark.
        let verified = database::caught(&log, || self.read_up_to(mark, on_progress));
        match verified {
            Ok(true) => {
                self.index.noted();
                *locked(&self.again) = VerifiedAgain::Done { records: mark.head.size };
                let (size, seconds) = (mark.head.size, begun.elapsed().as_secs_f64());
                tracing::info!(size, seconds, "verified what earlier starts verified");
                Ok(())
            }
            Ok(false) => Ok(()),
            Err(error) => {
                self.doubted.store(true, Ordering::SeqCst);
                Mark::remove(&self.directory.join("index"))?;
                tracing::error!(
                    %error,
                    "a record that was verified before is not as it was: the process ends, \
                     and the next start reads all of the log before it serves"
                );
                Err(error)
            }
        }
    }

    /// Whether it came to the end.
    fn read_up_to(&self, mark: &Mark, on_progress: &OnProgress) -> Result<bool, LogError> {
        let expected = mark.head.size;
        let (mut sequencer, mut tree) = (Sequencer::default(), Tree::new());
        let mut stored = self.frames.range(..frame::key(expected));
        let mut told = Instant::now();
        while sequencer.size() < expected {
            if self.stopping.load(Ordering::SeqCst) {
                return Ok(false);
            }
            let chunk = next_chunk(&self.frames, &mut stored)?;
            if chunk.is_empty() {
                let what = "no frame holds this position";
                return Err(LogError::damaged(sequencer.size(), what));
            }
            let checked = check(&chunk)?;
            follow(&mut sequencer, &checked)?;
            tree.extend(checked.iter().map(|checked| checked.hash).collect());
            self.index.note(checked.iter().map(super::scan::Checked::origin));
            let records = sequencer.size();
            *locked(&self.again) = VerifiedAgain::Running { records, expected };
            on_progress(Progress::VerifyingBehind { records, expected });
            if told.elapsed() >= TELLS_EVERY {
                told = Instant::now();
                tracing::info!(records, expected, "verifying what earlier starts verified");
            }
        }
        if tree.root() != mark.head.root || sequencer != mark.sequencer {
            let (found, marked) = (tree.root(), mark.head.root);
            let what = format!("the root at size {expected} is {found}, and was {marked}");
            return Err(LogError::damaged(expected - 1, what));
        }
        Ok(true)
    }
}

/// Nobody is to wait for this thread.
fn give_way() {
    // Where that is not allowed, it is as the others. On Linux a thread has its own.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, 19);
}
