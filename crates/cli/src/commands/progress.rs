//! How far a command that works on a directory is, for people who watch.

use gradus_server::operate::Step;
use indicatif::{ProgressBar, ProgressStyle};

use crate::error::CliError;
use crate::output::Output;

/// A bar on stderr, hidden where nobody looks.
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar that shows nothing yet.
    #[must_use]
    pub fn new(output: Output) -> Self {
        if !output.watched() {
            return Self(ProgressBar::hidden());
        }
        let style = ProgressStyle::with_template("{msg} {bar:40} {percent} %, {eta} left");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        Self(ProgressBar::new(0).with_style(style))
    }

    /// Shows how far a step is.
    pub fn tell(&self, step: Step, done: u64, total: u64) {
        self.0.set_message(match step {
            Step::Reading => "Reading files   ",
            Step::Verifying => "Verifying       ",
            Step::Writing => "Writing records ",
            Step::Attaching => "Attachments     ",
        });
        self.0.set_length(total);
        self.0.set_position(done);
    }

    /// Tells a line beside the bar.
    pub fn note(&self, output: Output, text: &str) -> Result<(), CliError> {
        self.0.suspend(|| output.note(text))
    }

    /// Takes the bar away.
    pub fn end(&self) {
        self.0.finish_and_clear();
    }
}
