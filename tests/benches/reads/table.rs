//! How long answers took, and how that stands to something else.

use std::fmt;
use std::time::Duration;

/// A line of the table.
struct Line {
    what: &'static str,
    /// What it is held against: the line of that name.
    against: &'static str,
    /// The size of an answer in bytes.
    bytes: usize,
    /// What each round took, each in ascending order.
    rounds: Vec<Vec<Duration>>,
}

/// Every line, in the order of measuring.
#[derive(Default)]
pub(crate) struct Table(Vec<Line>);

impl Table {
    /// Takes in one round of a line.
    pub(crate) fn take(
        &mut self,
        what: &'static str,
        against: &'static str,
        bytes: usize,
        mut taken: Vec<Duration>,
    ) {
        taken.sort_unstable();
        match self.0.iter_mut().find(|line| line.what == what) {
            Some(line) => {
                line.bytes = line.bytes.max(bytes);
                line.rounds.push(taken);
            }
            None => self.0.push(Line { what, against, bytes, rounds: vec![taken] }),
        }
    }

    fn line(&self, what: &str) -> Option<&Line> {
        self.0.iter().find(|line| line.what == what)
    }
}

impl Line {
    /// The middle one of what the rounds say.
    fn middle(mut of_rounds: Vec<Duration>) -> Duration {
        of_rounds.sort_unstable();
        of_rounds[of_rounds.len() / 2]
    }

    fn p50(&self) -> Duration {
        Self::middle(self.rounds.iter().map(|round| round[round.len() / 2]).collect())
    }

    fn p99(&self) -> Duration {
        Self::middle(self.rounds.iter().map(|round| round[round.len() * 99 / 100]).collect())
    }

    /// The middle one of the ratios of the rounds, since others use the machine, too.
    fn times(&self, other: &Self) -> String {
        let halves = self.rounds.iter().zip(&other.rounds);
        let mut ratios: Vec<u128> = halves
            .map(|(one, other)| {
                let (one, other) = (one[one.len() / 2], other[other.len() / 2]);
                one.as_nanos() * 100 / other.as_nanos().max(1)
            })
            .collect();
        ratios.sort_unstable();
        let ratio = ratios[ratios.len() / 2];
        format!("{}.{:02} x", ratio / 100, ratio % 100)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  {:<44}{:>9}{:>11}{:>11}", "one client, warm", "bytes", "p50", "p99")?;
        for line in &self.0 {
            let (p50, p99) = (shown(line.p50()), shown(line.p99()));
            write!(f, "  {:<44}{:>9}{p50:>11}{p99:>11}", line.what, line.bytes)?;
            match self.line(line.against) {
                Some(other) => writeln!(f, "  {} {}", line.times(other), line.against)?,
                None => writeln!(f)?,
            }
        }
        Ok(())
    }
}

/// A duration in the unit that suits it.
pub(crate) fn shown(duration: Duration) -> String {
    format!("{duration:.1?}")
}

/// With one decimal.
pub(crate) fn per(amount: u64, of: u64) -> String {
    let tenths = amount * 10 / of.max(1);
    format!("{}.{}", tenths / 10, tenths % 10)
}
