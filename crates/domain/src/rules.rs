//! A rules document: how ratings and coverage become levels, as published data.
//!
//! The evaluator version names the code that reads it. Released evaluators are frozen: a fix of
//! what they compute is a new evaluator.

mod duties;
mod reads;

use std::collections::BTreeMap;
use std::fmt;

use gradus_model::catalog::Category;
use gradus_model::evidence::{Kind, Strength};
use gradus_model::rating::Value;
use gradus_model::unit::PrincipalKind;
use gradus_model::{Name, Period, PrincipalId, Target};
use serde::de::{DeserializeOwned, Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use crate::duties::Duties;
use crate::nplf::Nplf;
use reads::Reads;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// All or nothing: a level is reached when every practice up to it is satisfied.
    SseCmm,
    /// After ISO/IEC 33020: a level is reached when its features are largely achieved and those
    /// of all lower levels fully.
    Nplf33020(Nplf),
}

impl Scheme {
    /// The scheme's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SseCmm => "sse-cmm",
            Self::Nplf33020(_) => "nplf-33020",
        }
    }

    /// Whether common features can be rated as a whole.
    #[must_use]
    pub const fn rates_features(self) -> bool {
        match self {
            Self::SseCmm => false,
            Self::Nplf33020(_) => true,
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
    /// Which duties they keep apart; asked when facts are recorded, never by levels.
    pub duties: Duties,
    reads: Reads,
    window: Period,
    appraisals: Option<Period>,
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
        let scheme = scheme(source, &shape)?;
        let reads = Reads::of(source, scheme, &shape.reads)?;
        if let Some(rater) = &shape.rater
            && reads.read(Value::Satisfied).is_none()
        {
            let reason = "the rule rater says `satisfied`, which [reads] does not read".to_owned();
            return Err(source.at(rater, reason));
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
            scheme,
            minimum_strength: shape.coverage.minimum_strength,
            rater_strength: shape.rater.map(|rater| rater.into_inner().minimum_strength),
            inherited: shape.inheritance.categories,
            duties: duties::read(source, shape.duties)?,
            reads,
            window: shape.coverage.window,
            appraisals: shape.coverage.appraisals,
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

    /// A rating's value on the scheme's own scale; none if these rules do not read its scale.
    ///
    /// Nothing is converted silently: what is not read counts as not rated.
    #[must_use]
    pub fn read(&self, value: Value) -> Option<Value> {
        self.reads.read(value)
    }

    /// How long the ratings of a closed appraisal speak for their practices, if at all.
    #[must_use]
    pub const fn appraisal_window(&self) -> Option<&Period> {
        self.appraisals.as_ref()
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

/// The scheme, with the parameters that it needs and no others.
fn scheme(source: Source<'_>, shape: &Shape) -> Result<Scheme, RulesError> {
    match (shape.scheme.get_ref(), &shape.nplf) {
        (SchemeName::SseCmm, None) => Ok(Scheme::SseCmm),
        (SchemeName::Nplf33020, Some(nplf)) => Ok(Scheme::Nplf33020(*nplf.get_ref())),
        (SchemeName::SseCmm, Some(nplf)) => {
            let reason = "the scheme sse-cmm has no table [nplf]".to_owned();
            Err(source.at(nplf, reason))
        }
        (SchemeName::Nplf33020, None) => {
            let reason = "the scheme nplf-33020 needs a table [nplf] with `method` and `aggregate`";
            Err(source.at(&shape.scheme, reason.to_owned()))
        }
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
    scheme: Spanned<SchemeName>,
    nplf: Option<Spanned<Nplf>>,
    reads: Spanned<reads::Table>,
    coverage: Coverage,
    #[serde(default)]
    trusted: Vec<Trust>,
    #[serde(default)]
    inheritance: Inheritance,
    rater: Option<Spanned<Rater>>,
    #[serde(default)]
    duties: duties::Table,
}

#[derive(Deserialize)]
enum SchemeName {
    #[serde(rename = "sse-cmm")]
    SseCmm,
    #[serde(rename = "nplf-33020")]
    Nplf33020,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Coverage {
    window: Period,
    minimum_strength: Strength,
    appraisals: Option<Period>,
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
