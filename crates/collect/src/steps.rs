//! From the facts of a git history to what is sent.
//!
//! The state, what stands on which subject, is built anew from the history on each run. So the
//! same history gives the same steps, each item bears the same source, and a second run adds
//! nothing to what the first one sent.

use std::collections::{BTreeMap, HashMap};

use gradus_model::evidence::{Measure, Outcome, Source, Subject, Tool};
use gradus_model::name::BadText;
use gradus_model::{Digest, ForeignId, Label, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::facts::{self, Fact, FactError, FactKind, FactProblem};
use crate::mapping::{Effect, Mapping, Rule};
use crate::submission::{Step, Submission, Work};

/// The most bytes of a [`ForeignId`].
const LONGEST_ID: usize = 512;

/// A whole history as steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collected {
    /// What to send, in order.
    pub steps: Vec<Step>,
    /// What was read and made of it.
    pub summary: Summary,
}

/// What a run read and made of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Facts that were read: those mapped and those not.
    pub read: u64,
    /// Facts that a rule fits.
    pub mapped: u64,
    /// Facts that no rule fits, by kind. They submit nothing.
    pub unmapped: BTreeMap<FactKind, u64>,
    /// Items to submit.
    pub submitted: u64,
    /// Items to end.
    pub ended: u64,
}

/// Reads a whole history and turns it into steps.
pub fn collect(history: &[u8], mapping: &Mapping) -> Result<Collected, FactError> {
    let mut collector = Collector::new(mapping);
    let mut steps = Vec::new();
    for fact in facts::read(history) {
        steps.extend(collector.take(&fact?)?);
    }
    Ok(Collected { steps, summary: collector.summary })
}

/// Takes the facts of one project, oldest first, and says what to send for each.
#[derive(Clone, Debug)]
pub struct Collector<'m> {
    mapping: &'m Mapping,
    last: Option<(Label, Timestamp)>,
    /// Items not ended yet, by family and subject, in the order they were put there.
    standing: HashMap<(&'static str, String), Vec<Source>>,
    /// How often each kind, commit and subject came.
    seen: HashMap<String, u64>,
    summary: Summary,
}

impl<'m> Collector<'m> {
    /// A collector at the beginning of a history.
    #[must_use]
    pub fn new(mapping: &'m Mapping) -> Self {
        Self {
            mapping,
            last: None,
            standing: HashMap::new(),
            seen: HashMap::new(),
            summary: Summary::default(),
        }
    }

    /// What was taken so far, and made of it.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The steps for the next fact.
    ///
    /// What withdraws ends all that stands on its subject, whether or not a rule fits it. Items
    /// on a file and on a check of the same name are not mixed up.
    ///
    /// # Errors
    ///
    /// [`FactProblem::OutOfOrder`] when the fact is older than the one before, and
    /// [`FactProblem::OtherProject`] when it is of another project.
    pub fn take(&mut self, fact: &Fact) -> Result<Vec<Step>, FactError> {
        let fail = |problem| FactError { line: fact.line, problem };
        self.follow(fact).map_err(fail)?;
        let rule = self.mapping.rule_for(fact);
        let steps = match (self.mapping.effect(fact.kind), rule) {
            (Effect::Withdraws, _) => self.withdraw(fact),
            (Effect::Establishes | Effect::Maintains, Some(rule)) => {
                let submission = self.submission(fact, rule).map_err(fail)?;
                let on = self.standing.entry((fact.kind.family(), fact.subject.clone()));
                on.or_default().push(submission.source.clone());
                vec![Step::Submit(submission)]
            }
            (Effect::Performs, Some(rule)) => {
                vec![Step::Submit(self.submission(fact, rule).map_err(fail)?)]
            }
            (Effect::Establishes | Effect::Maintains | Effect::Performs, None) => Vec::new(),
        };
        self.count(fact, rule, &steps);
        Ok(steps)
    }

    fn follow(&mut self, fact: &Fact) -> Result<(), FactProblem> {
        if let Some((first, before)) = &self.last {
            if fact.project != *first {
                let seen = fact.project.clone();
                return Err(FactProblem::OtherProject { seen, first: first.clone() });
            }
            if fact.occurred_at < *before {
                let seen = fact.occurred_at;
                return Err(FactProblem::OutOfOrder { seen, before: *before });
            }
        }
        self.last = Some((fact.project.clone(), fact.occurred_at));
        Ok(())
    }

    fn withdraw(&mut self, fact: &Fact) -> Vec<Step> {
        let on = (fact.kind.family(), fact.subject.clone());
        let commit: String = fact.commit.hex().chars().take(12).collect();
        let reason = format!("{} (commit {commit})", fact.title);
        let ended = self.standing.remove(&on).unwrap_or_default().into_iter();
        let at = fact.occurred_at;
        ended.map(|source| Step::End { source, at, reason: reason.clone() }).collect()
    }

    fn count(&mut self, fact: &Fact, rule: Option<&Rule>, steps: &[Step]) {
        self.summary.read += 1;
        match rule {
            Some(_) => self.summary.mapped += 1,
            None => *self.summary.unmapped.entry(fact.kind).or_default() += 1,
        }
        for step in steps {
            match step {
                Step::Submit(_) => self.summary.submitted += 1,
                Step::End { .. } => self.summary.ended += 1,
            }
        }
    }

    fn submission(&mut self, fact: &Fact, rule: &Rule) -> Result<Submission, FactProblem> {
        Ok(Submission {
            kind: rule.kind_of(fact.kind),
            outcome: if rule.inverts { Outcome::Contradicts } else { Outcome::Supports },
            strength: rule.strength,
            practices: rule.practices.clone(),
            work: Work { from: None, to: fact.occurred_at },
            source: self.source(fact)?,
            subjects: subjects(fact)?,
            measures: measures(fact)?,
            tool: Tool {
                name: label("git-facts")?,
                version: Some(self.mapping.version().clone()),
                mapping: Some(label(&format!("{}/{}", self.mapping.id(), rule.id))?),
            },
            title: fact.title.clone(),
            uri: fact.uri.clone(),
            line: fact.line,
        })
    }

    /// Where the item came from: `<kind>:<commit>:<subject>` in `git:<project>`.
    ///
    /// A second fact of the same kind, commit and subject becomes `<kind>+2:…`, and so on in the
    /// order of the history; no kind has a `+`, so nothing else can look like it.
    fn source(&mut self, fact: &Fact) -> Result<Source, FactProblem> {
        let rest = format!(":{}:{}", fact.commit.hex(), fact.subject);
        let times = self.seen.entry(format!("{}{rest}", fact.kind)).or_default();
        *times += 1;
        let id = match *times {
            1 => format!("{}{rest}", fact.kind),
            more => format!("{}+{more}{rest}", fact.kind),
        };
        let name = foreign("project", &format!("git:{}", fact.project))?;
        Ok(Source { name, id: foreign("subject", &id)? })
    }
}

/// The commit, the git object where that is another one, and what the fact is about.
fn subjects(fact: &Fact) -> Result<Vec<Subject>, FactProblem> {
    let mut subjects = Vec::new();
    let mut add = |kind: &str, id: &str| -> Result<(), FactProblem> {
        let subject = Subject { kind: label(kind)?, id: foreign("subject", id)? };
        if !subjects.contains(&subject) {
            subjects.push(subject);
        }
        Ok(())
    };
    add("commit", fact.commit.hex())?;
    if fact.digest != fact.commit {
        add(fact.digest.algorithm(), fact.digest.hex())?;
    }
    match fact.kind {
        FactKind::FileAdded | FactKind::FileChanged | FactKind::FileRemoved => {
            add("path", &fact.subject)?;
        }
        FactKind::SubmoduleChanged | FactKind::VendoredChanged => add("path", &fact.subject)?,
        FactKind::CheckEnabled | FactKind::CheckDisabled => add("check", &fact.subject)?,
        FactKind::TagSigned | FactKind::TagAnnotated | FactKind::TagLightweight => {
            add("tag", &fact.subject)?;
        }
        FactKind::FixAdvisory | FactKind::AdvisoryMentioned => add("advisory", &fact.subject)?,
        FactKind::DependencyBumped => add("dependency", &fact.subject)?,
        FactKind::ChangeReverted => add("commit", &fact.subject)?,
        // The subject is a number, which is measured and names nothing.
        FactKind::TestsCount => (),
    }
    Ok(subjects)
}

fn measures(fact: &Fact) -> Result<Vec<Measure>, FactProblem> {
    match (fact.kind, fact.subject.parse()) {
        (FactKind::TestsCount, Ok(value)) => {
            Ok(vec![Measure { name: label("test-files")?, value, decimals: 0, unit: label("1")? }])
        }
        _ => Ok(Vec::new()),
    }
}

fn label(text: &str) -> Result<Label, FactProblem> {
    text.parse().map_err(|error| FactProblem::Text { field: "subject", error })
}

/// The text as an id, shortened if it cannot be one as it is.
///
/// Text that is too long or holds control characters becomes as much of its beginning as fits,
/// with U+FFFD for control characters, then `…sha256:` and the SHA-256 of the whole text.
fn foreign(field: &'static str, text: &str) -> Result<ForeignId, FactProblem> {
    let fail = |error| FactProblem::Text { field, error };
    match text.parse() {
        Err(BadText::TooLong { .. } | BadText::Control(_)) => shortened(text).parse().map_err(fail),
        other => other.map_err(fail),
    }
}

fn shortened(text: &str) -> String {
    let tail = format!("…sha256:{}", Digest(Sha256::digest(text).into()));
    let mut id = String::new();
    for c in text.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }) {
        if id.len() + c.len_utf8() + tail.len() > LONGEST_ID {
            break;
        }
        id.push(c);
    }
    id + &tail
}
