//! The table `[reads]`: how a scheme reads each scale of ratings.
//!
//! A scale that is not mentioned is not read. A higher rating never reads as less than a lower one.

use gradus_model::rating::{Scale, Value};
use serde::Deserialize;
use toml::Spanned;

use super::{RulesError, Scheme, Source};
use crate::nplf::Nplf;

/// The table as it is written: what may stand there depends on the scheme.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    satisfaction: Option<Spanned<toml::Value>>,
    nplf: Option<Spanned<toml::Value>>,
}

/// How each scale is read, if it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reads {
    satisfaction: Option<Pair>,
    nplf: Option<OfNplf>,
}

/// What satisfied and not satisfied are read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pair {
    satisfied: Value,
    not_satisfied: Value,
}

/// What N, P, L and F are read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OfNplf {
    /// Themselves, with or without halves.
    Own(Nplf),
    /// Satisfied from this value on.
    SatisfiedFrom(Value),
}

impl Reads {
    pub(super) fn of(
        source: Source<'_>,
        scheme: Scheme,
        table: &Spanned<Table>,
    ) -> Result<Self, RulesError> {
        let Table { satisfaction, nplf } = table.get_ref();
        let satisfaction = read(source, satisfaction.as_ref(), |value| match scheme {
            Scheme::SseCmm => own(value, "satisfaction").map(|read| {
                let (satisfied, not_satisfied) = (Value::Satisfied, Value::NotSatisfied);
                read.then_some(Pair { satisfied, not_satisfied })
            }),
            Scheme::Nplf33020(nplf) => pair(value, nplf).map(Some),
        })?;
        let nplf = read(source, nplf.as_ref(), |value| match scheme {
            Scheme::SseCmm => satisfied_from(value).map(|from| Some(OfNplf::SatisfiedFrom(from))),
            Scheme::Nplf33020(nplf) => {
                own(value, "nplf").map(|read| read.then_some(OfNplf::Own(nplf)))
            }
        })?;
        if satisfaction.is_none() && nplf.is_none() {
            let reason = "no scale is read, so that nothing would ever count as rated".to_owned();
            return Err(source.at(table, reason));
        }
        Ok(Self { satisfaction, nplf })
    }

    /// A value on the scheme's own scale, if it is read.
    pub(super) fn read(self, value: Value) -> Option<Value> {
        match value {
            Value::Satisfied => self.satisfaction.map(|pair| pair.satisfied),
            Value::NotSatisfied => self.satisfaction.map(|pair| pair.not_satisfied),
            value => self.nplf.map(|how| match how {
                OfNplf::Own(nplf) => nplf.on_scale(value),
                OfNplf::SatisfiedFrom(lowest) if value >= lowest => Value::Satisfied,
                OfNplf::SatisfiedFrom(_) => Value::NotSatisfied,
            }),
        }
    }
}

fn read<T>(
    source: Source<'_>,
    written: Option<&Spanned<toml::Value>>,
    how: impl Fn(&toml::Value) -> Result<Option<T>, String>,
) -> Result<Option<T>, RulesError> {
    let Some(written) = written else { return Ok(None) };
    how(written.get_ref()).map_err(|reason| source.at(written, reason))
}

/// Whether a scheme's own scale is read.
fn own(value: &toml::Value, scale: &str) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| {
        format!("`{scale}` is the scheme's own scale: write true, or false if it is not read")
    })
}

/// What satisfied and not satisfied are as N, P, L or F.
fn pair(value: &toml::Value, nplf: Nplf) -> Result<Pair, String> {
    let shape = "say what both values are read as: { satisfied = \"F\", not-satisfied = \"N\" }";
    let table = value.as_table().filter(|table| table.len() == 2).ok_or(shape)?;
    let of = |key: &str| {
        let word = table.get(key).and_then(toml::Value::as_str).ok_or(shape)?;
        let value = Scale::Nplf.value(word).map_err(|unknown| unknown.to_string())?;
        Ok::<_, String>(nplf.on_scale(value))
    };
    let (satisfied, not_satisfied) = (of("satisfied")?, of("not-satisfied")?);
    if satisfied <= not_satisfied {
        return Err(format!(
            "`satisfied` is read as {satisfied}, which is not above {not_satisfied}"
        ));
    }
    Ok(Pair { satisfied, not_satisfied })
}

/// The lowest of the values of N, P, L and F that count as satisfied.
fn satisfied_from(value: &toml::Value) -> Result<Value, String> {
    let shape = "name the values that count as satisfied: \"F\", or [\"F\", \"L\"]";
    let words = match value {
        toml::Value::Array(words) => words.as_slice(),
        word => std::slice::from_ref(word),
    };
    let mut satisfied = Vec::new();
    for word in words {
        let word = word.as_str().ok_or(shape)?;
        let value = Scale::Nplf.value(word).map_err(|unknown| unknown.to_string())?;
        satisfied.extend(with_its_halves(value));
    }
    let lowest = *satisfied.iter().min().ok_or(shape)?;
    let higher = Value::ALL.iter().find(|value| **value > lowest && !satisfied.contains(value));
    match higher {
        None => Ok(lowest),
        Some(higher) => Err(format!("`{lowest}` counts as satisfied, so that `{higher}` must too")),
    }
}

/// A value, and if it has halves these.
fn with_its_halves(value: Value) -> &'static [Value] {
    match value {
        Value::Partially => &[Value::PartiallyLow, Value::Partially, Value::PartiallyHigh],
        Value::Largely => &[Value::LargelyLow, Value::Largely, Value::LargelyHigh],
        value => Value::ALL.iter().find(|other| **other == value).map_or(&[], std::slice::from_ref),
    }
}
