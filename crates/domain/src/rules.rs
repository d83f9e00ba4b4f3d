//! A rules document: how ratings and coverage become levels, as published data.
//!
//! The evaluator version names the code that reads it. Released evaluators are frozen: a fix of
//! what they compute is a new evaluator.

use std::collections::BTreeMap;

use gradus_model::catalog::Category;
use gradus_model::evidence::{Kind, Strength};
use gradus_model::unit::PrincipalKind;
use gradus_model::{Name, Period, PrincipalId, Target};
use serde::Deserialize;

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

#[derive(Clone, Debug, PartialEq, Eq)]
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
    practices: BTreeMap<String, Period>,
    trusted: Vec<Trust>,
}

impl Rules {
    /// Reads and checks a document.
    pub fn parse(file: &str, text: &str) -> Result<Self, RulesError> {
        let error = |at: usize, reason: String| {
            let before = text.get(..at).unwrap_or(text);
            RulesError { file: file.to_owned(), line: before.lines().count().max(1), reason }
        };
        let shape: Shape = toml::from_str(text).map_err(|toml| {
            let at = toml.span().map_or(0, |span| span.start + 1);
            error(at, toml.message().to_owned())
        })?;
        let at = |needle: &str| text.find(needle).map_or(0, |at| at + 1);
        if shape.evaluator != EVALUATOR {
            let reason = format!(
                "evaluator {} is unknown: this version has evaluator {EVALUATOR}",
                shape.evaluator
            );
            return Err(error(at("evaluator"), reason));
        }
        if !shape.reads.satisfaction {
            let reason = "the scheme sse-cmm must read the scale `satisfaction`".to_owned();
            return Err(error(at("satisfaction"), reason));
        }
        for target in shape.coverage.practices.keys() {
            let right = target.split_once('/').is_some_and(|(model, practice)| {
                model.parse::<Name>().is_ok() && practice.parse::<gradus_model::Practice>().is_ok()
            });
            if !right {
                let reason =
                    format!("`{target}` is no practice: write it like iso-21827-2008/BP.01.02");
                return Err(error(at(target), reason));
            }
        }
        let mut trusted = Vec::new();
        for trust in shape.trusted {
            let principals = match trust.principals {
                OneOrMany::One(word) if word == "services" => TrustedPrincipals::Services,
                OneOrMany::One(word) => {
                    let reason = format!("`{word}` is no set of principals: write \"services\", or a list of principal ids");
                    return Err(error(at(&word), reason));
                }
                OneOrMany::Many(ids) => {
                    let ids: Result<Vec<PrincipalId>, RulesError> = ids
                        .iter()
                        .map(|id| id.parse().map_err(|bad: gradus_model::ids::BadId| error(at(id), bad.to_string())))
                        .collect();
                    TrustedPrincipals::Listed(ids?)
                }
            };
            trusted.push(Trust { principals, kinds: trust.kinds });
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
            practices: shape.coverage.practices,
            trusted,
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
        let of_practice = if self.practices.is_empty() {
            None
        } else {
            self.practices.get(&target.to_string())
        };
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    id: Name,
    title: String,
    evaluator: u32,
    scheme: Scheme,
    reads: Reads,
    coverage: Coverage,
    #[serde(default)]
    trusted: Vec<TrustShape>,
    #[serde(default)]
    inheritance: InheritanceShape,
    rater: Option<Rater>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reads {
    satisfaction: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Coverage {
    window: Period,
    minimum_strength: Strength,
    #[serde(default)]
    kinds: BTreeMap<Kind, Period>,
    #[serde(default)]
    practices: BTreeMap<String, Period>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TrustShape {
    principals: OneOrMany,
    kinds: Option<Vec<Kind>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct InheritanceShape {
    categories: Vec<Category>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rater {
    minimum_strength: Strength,
}
