//! A mapping: which fact speaks for which base practices, and why.
//!
//! A mapping that was read is complete and well formed: every kind of fact has an effect, every
//! rule says what it takes and why, and every glob compiles. A fact has at most one rule, the
//! first in the file that fits.

use std::collections::BTreeMap;

use globset::Glob;
use gradus_model::evidence::{Item, Kind, Strength};
use gradus_model::{BasePracticeId, Label, ModelId, Name, Practice, Target};
use serde::Deserialize;
use toml::Spanned;

use crate::facts::{Fact, FactKind};
use crate::globs::{self, Globs};

/// What a fact does with the evidence on its subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Puts an item there, which stands until it is withdrawn.
    Establishes,
    /// Adds another that stands with those before.
    Maintains,
    /// Ends all that stands there, and sends nothing.
    Withdraws,
    /// Was done once: nothing ends it.
    Performs,
}

/// Rules from facts to practices.
#[derive(Clone, Debug)]
pub struct Mapping {
    id: Name,
    model: ModelId,
    version: Label,
    effects: BTreeMap<FactKind, Effect>,
    rules: Vec<Rule>,
    globs: BTreeMap<FactKind, Globs>,
}

/// One judgement: these facts on these subjects speak for these practices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name in the mapping.
    pub id: Name,
    /// The line its name stands on, from 1.
    pub line: usize,
    /// The kinds of fact it takes.
    pub facts: Vec<FactKind>,
    /// Globs on the subject, any of which may fit.
    pub subjects: Vec<String>,
    /// What sort of evidence it makes.
    pub kind: Kind,
    /// Another sort for some of its facts.
    pub kind_for: BTreeMap<FactKind, Kind>,
    /// The practices it speaks for, each once, in order.
    pub practices: Vec<Target>,
    /// How closely the evidence is tied to them.
    pub strength: Strength,
    /// Why.
    pub rationale: String,
    /// Whether what is there speaks against the practices.
    pub inverts: bool,
}

impl Rule {
    /// What sort of evidence it makes of this kind of fact.
    #[must_use]
    pub fn kind_of(&self, fact: FactKind) -> Kind {
        self.kind_for.get(&fact).copied().unwrap_or(self.kind)
    }
}

/// A file that is no mapping.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {problem}")]
pub struct MappingError {
    /// The file's name, as it was given.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub problem: MappingProblem,
}

/// What is wrong with a mapping.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingProblem {
    /// Not TOML, a key that is unknown or missing, or a value that does not fit its key.
    #[error("{0}")]
    Toml(String),
    /// A form of the file that this version does not read.
    #[error("schema {0} is unknown: this version reads schema 1")]
    Schema(u32),
    /// A kind of fact without an effect.
    #[error("[effects] lacks \"{0}\": say establishes, maintains, withdraws or performs")]
    NoEffect(FactKind),
    /// No rule at all.
    #[error("there is no [[rule]]")]
    NoRule,
    /// Two rules of one name.
    #[error("the rule `{id}` is there already, on line {first}")]
    DuplicateRule {
        /// The name.
        id: Name,
        /// Where it was first.
        first: usize,
    },
    /// A part of a rule that says nothing.
    #[error("`{0}` of a rule must not be empty")]
    Empty(&'static str),
    /// Something said more than once in a rule.
    #[error("`{0}` is given twice")]
    Twice(String),
    /// More practices than one item may have.
    #[error("a rule has {0} practices, at most {most} are allowed", most = Item::MOST.0)]
    TooManyPractices(usize),
    /// An evidence kind for a fact that the rule does not take.
    #[error("`kind_for` names \"{0}\", which is not among the rule's facts")]
    ForeignFact(FactKind),
    /// A glob that does not compile.
    #[error("`{glob}` is no glob: {reason}")]
    BadGlob {
        /// The glob.
        glob: String,
        /// Why not.
        reason: String,
    },
    /// Globs that are too much together.
    #[error("the globs on \"{fact}\" cannot be searched: {reason}")]
    BadGlobs {
        /// The kind of fact.
        fact: FactKind,
        /// Why not.
        reason: String,
    },
}

impl Mapping {
    /// Reads a mapping from `text`; `file` is only used to say where an error is.
    pub fn parse(file: &str, text: &str) -> Result<Self, MappingError> {
        let fail = |at: usize, problem| {
            let line = line_of(text, at);
            MappingError { file: file.to_owned(), line, problem }
        };
        let written: Written = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            fail(at, MappingProblem::Toml(error.message().to_owned()))
        })?;
        written.check(text).map_err(|(at, problem)| fail(at, problem))
    }

    /// Its name, the first part of what evidence calls `mapping/rule`.
    #[must_use]
    pub fn id(&self) -> &Name {
        &self.id
    }

    /// The model whose practices it names.
    #[must_use]
    pub fn model(&self) -> &ModelId {
        &self.model
    }

    /// Its version, another one after each change.
    #[must_use]
    pub fn version(&self) -> &Label {
        &self.version
    }

    /// Its rules, in the order they are tried.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// What a kind of fact does with the evidence on its subject.
    #[must_use]
    pub fn effect(&self, fact: FactKind) -> Effect {
        // Every kind has its effect since `check`, so the fallback is never used.
        self.effects.get(&fact).copied().unwrap_or(Effect::Performs)
    }

    /// The first rule that fits.
    #[must_use]
    pub fn rule_for(&self, fact: &Fact) -> Option<&Rule> {
        self.rules.get(self.globs.get(&fact.kind)?.first(&fact.subject)?)
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// The file as TOML has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    schema: Spanned<u32>,
    id: Name,
    model: ModelId,
    version: Label,
    effects: Spanned<BTreeMap<FactKind, Effect>>,
    #[serde(default)]
    rule: Vec<WrittenRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRule {
    id: Spanned<Name>,
    kind: Kind,
    #[serde(default)]
    kind_for: BTreeMap<FactKind, Kind>,
    facts: Spanned<Vec<FactKind>>,
    subjects: Spanned<Vec<Spanned<String>>>,
    practices: Spanned<Vec<Spanned<BasePracticeId>>>,
    strength: Strength,
    rationale: Spanned<String>,
    #[serde(default)]
    inverts: bool,
}

/// A problem and the byte of the file it is at.
type Found = (usize, MappingProblem);

impl Written {
    fn check(self, text: &str) -> Result<Mapping, Found> {
        if *self.schema.get_ref() != 1 {
            return Err((start(&self.schema), MappingProblem::Schema(*self.schema.get_ref())));
        }
        let effects_at = start(&self.effects);
        let effects = self.effects.into_inner();
        if let Some(kind) = FactKind::ALL.iter().find(|kind| !effects.contains_key(kind)) {
            return Err((effects_at, MappingProblem::NoEffect(*kind)));
        }
        if self.rule.is_empty() {
            return Err((text.len(), MappingProblem::NoRule));
        }
        let mut parsed = BTreeMap::<FactKind, Vec<(Glob, usize)>>::new();
        let mut rules = Vec::<Rule>::new();
        for written in self.rule {
            if let Some(same) = rules.iter().find(|rule| rule.id == *written.id.get_ref()) {
                let problem =
                    MappingProblem::DuplicateRule { id: same.id.clone(), first: same.line };
                return Err((start(&written.id), problem));
            }
            written.check()?;
            written.parse_globs(rules.len(), &mut parsed)?;
            rules.push(written.into_rule(text, &self.model));
        }
        let search = |(fact, globs): (FactKind, Vec<_>)| match Globs::new(&globs) {
            Ok(globs) => Ok((fact, globs)),
            Err(reason) => Err((effects_at, MappingProblem::BadGlobs { fact, reason })),
        };
        let globs = parsed.into_iter().map(search).collect::<Result<_, _>>()?;
        let Self { id, model, version, .. } = self;
        Ok(Mapping { id, model, version, effects, rules, globs })
    }
}

impl WrittenRule {
    fn check(&self) -> Result<(), Found> {
        let empty = [
            ("facts", self.facts.get_ref().is_empty(), start(&self.facts)),
            ("subjects", self.subjects.get_ref().is_empty(), start(&self.subjects)),
            ("practices", self.practices.get_ref().is_empty(), start(&self.practices)),
            ("rationale", self.rationale.get_ref().trim().is_empty(), start(&self.rationale)),
        ];
        if let Some((what, _, at)) = empty.into_iter().find(|(_, empty, _)| *empty) {
            return Err((at, MappingProblem::Empty(what)));
        }
        let practices = self.practices.get_ref();
        if practices.len() > Item::MOST.0 {
            let problem = MappingProblem::TooManyPractices(practices.len());
            return Err((start(&self.practices), problem));
        }
        if let Some(twice) = repeated(practices.iter().map(Spanned::get_ref)) {
            return Err((start(&self.practices), MappingProblem::Twice(twice.to_string())));
        }
        let facts = self.facts.get_ref();
        if let Some(twice) = repeated(facts.iter()) {
            return Err((start(&self.facts), MappingProblem::Twice(twice.to_string())));
        }
        match self.kind_for.keys().find(|fact| !facts.contains(fact)) {
            Some(fact) => Err((start(&self.id), MappingProblem::ForeignFact(*fact))),
            None => Ok(()),
        }
    }

    fn parse_globs(
        &self,
        number: usize,
        to: &mut BTreeMap<FactKind, Vec<(Glob, usize)>>,
    ) -> Result<(), Found> {
        for written in self.subjects.get_ref() {
            let glob = written.get_ref();
            let parsed = globs::parse(glob).map_err(|reason| {
                (start(written), MappingProblem::BadGlob { glob: glob.clone(), reason })
            })?;
            for fact in self.facts.get_ref() {
                to.entry(*fact).or_default().push((parsed.clone(), number));
            }
        }
        Ok(())
    }

    fn into_rule(self, text: &str, model: &ModelId) -> Rule {
        let target = |id: Spanned<BasePracticeId>| Target {
            model: model.clone(),
            practice: Practice::Base(id.into_inner()),
        };
        let mut practices: Vec<Target> =
            self.practices.into_inner().into_iter().map(target).collect();
        practices.sort();
        Rule {
            line: line_of(text, start(&self.id)),
            id: self.id.into_inner(),
            facts: self.facts.into_inner(),
            subjects: self.subjects.into_inner().into_iter().map(Spanned::into_inner).collect(),
            kind: self.kind,
            kind_for: self.kind_for,
            practices,
            strength: self.strength,
            rationale: self.rationale.into_inner(),
            inverts: self.inverts,
        }
    }
}

fn start<T>(of: &Spanned<T>) -> usize {
    of.span().start
}

/// The first value that was there before.
fn repeated<T: PartialEq>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut seen = Vec::new();
    for value in values {
        if seen.contains(&value) {
            return Some(value);
        }
        seen.push(value);
    }
    None
}
