//! A rules document: how ratings and coverage become levels, as published data.
//!
//! The evaluator version names the code that reads it. Released evaluators are frozen: a fix of
//! what they compute is a new evaluator.

use std::collections::BTreeMap;
use std::fmt;

use gradus_model::catalog::Category;
use gradus_model::evidence::{Kind, Strength};
use gradus_model::unit::PrincipalKind;
use gradus_model::{Name, Period, PrincipalId, Target};
use serde::de::{DeserializeOwned, Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

/// The evaluator that is written into new rules.
pub const EVALUATOR: u32 = 1;

/// A document that cannot be used as rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {reason}")]
pub struct RulesError {
    /// The document's name.
    pub file: String,
    /// The line that is wrong, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

/// How levels are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// All or nothing: a level is reached when every practice up to it is satisfied.
    SseCmm,
}

impl Scheme {
    /// The scheme's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SseCmm => "sse-cmm",
        }
    }
}

/// Whom the rules trust to have evidence accepted on arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
enum TrustedPrincipals {
    Services,
    Listed(Vec<PrincipalId>),
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Trust {
    principals: TrustedPrincipals,
    kinds: Option<Vec<Kind>>,
}

/// Checked rules.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The id the document gives itself.
    pub id: Name,
    /// What they are, in a line.
    pub title: String,
    /// The scheme.
    pub scheme: Scheme,
    /// The weakest evidence that counts for or against a practice.
    pub minimum_strength: Strength,
    /// The rule rater's own bound; none if these rules do not rate.
    pub rater_strength: Option<Strength>,
    /// Categories whose areas are answered from the nearest rated ancestor.
    pub inherited: Vec<Category>,
    window: Period,
    kinds: BTreeMap<Kind, Period>,
    practices: BTreeMap<Target, Period>,
    trusted: Vec<Trust>,
}

impl Rules {
    /// Reads and checks a document; `file` is its name in errors.
    pub fn parse(file: &str, text: &str) -> Result<Self, RulesError> {
        let source = Source { file, text };
        // First of all, so that rules for a newer version are not refused for what is new in them.
        let Version { evaluator } = source.read()?;
        if *evaluator.get_ref() != EVALUATOR {
            let evaluator_seen = evaluator.get_ref();
            let reason = format!(
                "evaluator {evaluator_seen} is unknown: this version has evaluator {EVALUATOR}"
            );
            return Err(source.at(&evaluator, reason));
        }
        let shape: Shape = source.read()?;
        if !shape.reads.satisfaction.get_ref() {
            let reason = "the scheme sse-cmm must read the scale `satisfaction`".to_owned();
            return Err(source.at(&shape.reads.satisfaction, reason));
        }
        let mut practices = BTreeMap::new();
        for (key, window) in shape.coverage.practices {
            let target = target(key.get_ref()).map_err(|reason| source.at(&key, reason))?;
            if practices.insert(target, window).is_some() {
                let reason = format!("`{}` has a window already", key.get_ref());
                return Err(source.at(&key, reason));
            }
        }
        Ok(Self {
            id: shape.id,
            title: shape.title,
            scheme: shape.scheme,
            minimum_strength: shape.coverage.minimum_strength,
            rater_strength: shape.rater.map(|rater| rater.minimum_strength),
            inherited: shape.inheritance.categories,
            window: shape.coverage.window,
            kinds: shape.coverage.kinds,
            practices,
            trusted: shape.trusted,
        })
    }

    /// These rules, counting no evidence weaker than `strength`.
    #[must_use]
    pub fn requiring(&self, strength: Strength) -> Self {
        Self { minimum_strength: strength.max(self.minimum_strength), ..self.clone() }
    }

    /// How long evidence of this kind speaks for a practice after its work ended.
    #[must_use]
    pub fn window(&self, kind: Kind, target: &Target) -> &Period {
        let of_practice = self.practices.get(target);
        of_practice.or_else(|| self.kinds.get(&kind)).unwrap_or(&self.window)
    }

    /// Whether evidence of this kind from this principal counts without a review.
    #[must_use]
    pub fn trusts(&self, principal: PrincipalId, sort: PrincipalKind, kind: Kind) -> bool {
        self.trusted.iter().any(|trust| {
            let who = match &trust.principals {
                TrustedPrincipals::Services => sort == PrincipalKind::Service,
                TrustedPrincipals::Listed(ids) => ids.contains(&principal),
            };
            who && trust.kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind))
        })
    }
}

/// A document's name and text, so that every fault can say its line.
#[derive(Clone, Copy)]
struct Source<'a> {
    file: &'a str,
    text: &'a str,
}

impl Source<'_> {
    fn read<T: DeserializeOwned>(self) -> Result<T, RulesError> {
        toml::from_str(self.text).map_err(|error| {
            let start = error.span().unwrap_or_default().start;
            self.error(start, error.message().to_owned())
        })
    }

    fn at<T>(self, place: &Spanned<T>, reason: String) -> RulesError {
        self.error(place.span().start, reason)
    }

    fn error(self, start: usize, reason: String) -> RulesError {
        let line = 1 + self.text.bytes().take(start).filter(|byte| *byte == b'\n').count();
        RulesError { file: self.file.to_owned(), line, reason }
    }
}

/// The practice in a key such as `iso-21827-2008/BP.01.02`, or what is wrong with it.
fn target(key: &str) -> Result<Target, String> {
    let read = || {
        let (model, practice) = key.split_once('/')?;
        Some(Target { model: model.parse().ok()?, practice: practice.parse().ok()? })
    };
    read().ok_or_else(|| format!("`{key}` is no practice: write it like iso-21827-2008/BP.01.02"))
}

#[derive(Deserialize)]
struct Version {
    evaluator: Spanned<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    id: Name,
    title: String,
    #[serde(rename = "evaluator")]
    _evaluator: u32,
    scheme: Scheme,
    reads: Reads,
    coverage: Coverage,
    #[serde(default)]
    trusted: Vec<Trust>,
    #[serde(default)]
    inheritance: Inheritance,
    rater: Option<Rater>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reads {
    satisfaction: Spanned<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Coverage {
    window: Period,
    minimum_strength: Strength,
    #[serde(default)]
    kinds: BTreeMap<Kind, Period>,
    #[serde(default)]
    practices: BTreeMap<Spanned<String>, Period>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inheritance {
    categories: Vec<Category>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rater {
    minimum_strength: Strength,
}

impl<'de> Deserialize<'de> for TrustedPrincipals {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(WordOrIds)
    }
}

/// Reads `"services"`, or a list of principal ids.
struct WordOrIds;

impl<'de> Visitor<'de> for WordOrIds {
    type Value = TrustedPrincipals;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"services\" or a list of principal ids")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<TrustedPrincipals, E> {
        match word {
            "services" => Ok(TrustedPrincipals::Services),
            _ => Err(E::custom(format!(
                "`{word}` is no set of principals: write \"services\", or a list of principal ids"
            ))),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut ids: A) -> Result<TrustedPrincipals, A::Error> {
        let mut listed = Vec::new();
        while let Some(id) = ids.next_element::<String>()? {
            listed.push(id.parse().map_err(A::Error::custom)?);
        }
        Ok(TrustedPrincipals::Listed(listed))
    }
}
