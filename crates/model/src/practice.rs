//! Ids of the reference model: process areas, base practices, generic practices, common features.
//!
//! Ids repeat across editions with other meanings, so what is stored always names its model.

use std::fmt;
use std::str::FromStr;

use crate::Name;

/// A text that is no id of a reference model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{seen}` is no {what}: write it like {example}")]
pub struct BadPracticeId {
    /// What was asked for, cut to 80 characters.
    pub seen: String,
    /// What it should have been.
    pub what: &'static str,
    /// A right one.
    pub example: &'static str,
}

fn bad(seen: &str, what: &'static str, example: &'static str) -> BadPracticeId {
    BadPracticeId { seen: seen.chars().take(80).collect(), what, example }
}

/// The id of a reference model, such as `iso-21827-2008`.
pub type ModelId = Name;

/// A process area of a model, `PA01` to `PA99`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AreaId(u8);

impl AreaId {
    /// The area with this number, 1 to 99.
    #[must_use]
    pub fn new(number: u8) -> Option<Self> {
        (1..=99).contains(&number).then_some(Self(number))
    }

    /// Its number, 1 to 99.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Display for AreaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("PA{:02}", self.0))
    }
}

impl FromStr for AreaId {
    type Err = BadPracticeId;

    fn from_str(text: &str) -> Result<Self, BadPracticeId> {
        text.strip_prefix("PA")
            .and_then(two_digits)
            .and_then(Self::new)
            .ok_or_else(|| bad(text, "process area", "PA01"))
    }
}

fn two_digits(text: &str) -> Option<u8> {
    let digits = text.len() == 2 && text.bytes().all(|c| c.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// A base practice, `BP.01.02`: area and number, each 1 to 99.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BasePracticeId {
    /// The process area that lists it.
    pub area: AreaId,
    /// Its number in the area, 1 to 99.
    pub number: u8,
}

impl fmt::Display for BasePracticeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("BP.{:02}.{:02}", self.area.0, self.number))
    }
}

impl FromStr for BasePracticeId {
    type Err = BadPracticeId;

    fn from_str(text: &str) -> Result<Self, BadPracticeId> {
        let parse = || {
            let (area, number) = text.strip_prefix("BP.")?.split_once('.')?;
            let area = AreaId::new(two_digits(area)?)?;
            let number = two_digits(number)?;
            (number > 0).then_some(Self { area, number })
        };
        parse().ok_or_else(|| bad(text, "base practice", "BP.01.02"))
    }
}

/// A common feature of capability levels 1 to 5, `2.1`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FeatureId {
    /// The capability level it belongs to, 1 to 5.
    pub level: u8,
    /// Its number in the level, 1 to 9.
    pub number: u8,
}

impl fmt::Display for FeatureId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{}", self.level, self.number))
    }
}

impl FromStr for FeatureId {
    type Err = BadPracticeId;

    fn from_str(text: &str) -> Result<Self, BadPracticeId> {
        match text.as_bytes() {
            [level @ b'1'..=b'5', b'.', number @ b'1'..=b'9'] => {
                Ok(Self { level: level - b'0', number: number - b'0' })
            }
            _ => Err(bad(text, "common feature", "2.1")),
        }
    }
}

/// A generic practice, `GP 2.1.1`: common feature and number 1 to 9.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GenericPracticeId {
    /// The common feature that lists it.
    pub feature: FeatureId,
    /// Its number in the feature, 1 to 9.
    pub number: u8,
}

impl fmt::Display for GenericPracticeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("GP {}.{}", self.feature, self.number))
    }
}

impl FromStr for GenericPracticeId {
    type Err = BadPracticeId;

    /// Reads `GP 2.1.1`; `GP.2.1.1` is read too, so that it can be written without a space.
    fn from_str(text: &str) -> Result<Self, BadPracticeId> {
        let parse = || {
            let digits = text.strip_prefix("GP ").or_else(|| text.strip_prefix("GP."))?;
            let (feature, number) = digits.rsplit_once('.')?;
            let feature = feature.parse().ok()?;
            match number.as_bytes() {
                [number @ b'1'..=b'9'] => Some(Self { feature, number: number - b'0' }),
                _ => None,
            }
        };
        parse().ok_or_else(|| bad(text, "generic practice", "GP 2.1.1"))
    }
}

/// What evidence speaks for and ratings judge, always with the model that lists it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// The model whose edition the id means; for a borrowed practice, the model that lends it.
    pub model: ModelId,
    /// The practice or feature in it.
    pub practice: Practice,
}

/// A practice or feature within a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Practice {
    /// A base practice.
    Base(BasePracticeId),
    /// A generic practice of a process area.
    Generic(AreaId, GenericPracticeId),
    /// A common feature of a process area.
    Feature(AreaId, FeatureId),
}

impl Practice {
    /// The practice as a number, unique among all practices, which compares fast.
    #[must_use]
    pub const fn packed(self) -> u64 {
        let (sort, area, feature, number) = match self {
            Self::Base(base) => (1, base.area, None, base.number),
            Self::Generic(area, generic) => (2, area, Some(generic.feature), generic.number),
            Self::Feature(area, feature) => (3, area, Some(feature), 0),
        };
        let (level, of_level) = match feature {
            Some(feature) => (feature.level, feature.number),
            None => (0, 0),
        };
        u64::from_be_bytes([0, 0, 0, sort, area.number(), level, of_level, number])
    }

    /// The process area it belongs to.
    #[must_use]
    pub fn area(&self) -> AreaId {
        match self {
            Self::Base(id) => id.area,
            Self::Generic(area, _) | Self::Feature(area, _) => *area,
        }
    }
}

impl fmt::Display for Practice {
    /// `BP.01.02`, `PA01/GP 2.1.1` or `PA01/2.1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base(id) => f.pad(&id.to_string()),
            Self::Generic(area, id) => f.pad(&format!("{area}/{id}")),
            Self::Feature(area, id) => f.pad(&format!("{area}/{id}")),
        }
    }
}

impl FromStr for Practice {
    type Err = BadPracticeId;

    fn from_str(text: &str) -> Result<Self, BadPracticeId> {
        let example = "BP.01.02, PA01/GP 2.1.1 or PA01/2.1";
        let Some((area, rest)) = text.split_once('/') else {
            return text.parse().map(Self::Base).map_err(|_| bad(text, "practice", example));
        };
        let wrong = |_| bad(text, "practice", example);
        let area = area.parse().map_err(wrong)?;
        if rest.starts_with("GP") {
            return Ok(Self::Generic(area, rest.parse().map_err(wrong)?));
        }
        Ok(Self::Feature(area, rest.parse().map_err(wrong)?))
    }
}

impl fmt::Display for Target {
    /// `iso-21827-2008/BP.01.02`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}", self.model, self.practice))
    }
}

macro_rules! serde_text {
    ($($name:ident)+) => { $(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )+ };
}

serde_text!(AreaId BasePracticeId FeatureId GenericPracticeId);

impl<C> minicbor::Encode<C> for AreaId {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.u8(self.0)?.ok()
    }
}

impl<'b, C> minicbor::Decode<'b, C> for AreaId {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        Self::new(d.u8()?).ok_or_else(|| minicbor::decode::Error::message("no process area"))
    }
}

/// Stored as an array of the model and two to four numbers: a base practice is
/// `[model, area, number]`, a common feature `[model, area, level, number]`, a generic practice
/// `[model, area, level, feature, number]`.
impl<C> minicbor::Encode<C> for Target {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        let numbers: &[u8] = match self.practice {
            Practice::Base(id) => &[id.area.0, id.number],
            Practice::Feature(area, id) => &[area.0, id.level, id.number],
            Practice::Generic(area, id) => {
                &[area.0, id.feature.level, id.feature.number, id.number]
            }
        };
        e.array(numbers.len() as u64 + 1)?;
        self.model.encode(e, ctx)?;
        for number in numbers {
            e.u8(*number)?;
        }
        Ok(())
    }
}

impl<'b, C> minicbor::Decode<'b, C> for Target {
    fn decode(d: &mut minicbor::Decoder<'b>, ctx: &mut C) -> Result<Self, minicbor::decode::Error> {
        let wrong = || minicbor::decode::Error::message("no practice");
        let length = d.array()?.filter(|length| (3..=5).contains(length)).ok_or_else(wrong)?;
        let model = ModelId::decode(d, ctx)?;
        let mut numbers = [0_u8; 4];
        let used = numbers.get_mut(..usize::try_from(length - 1).map_err(|_| wrong())?);
        let used = used.ok_or_else(wrong)?;
        for number in used.iter_mut() {
            *number = d.u8()?;
        }
        let area = |number| AreaId::new(number).ok_or_else(wrong);
        let feature = |level, number| {
            let right = (1..=5).contains(&level) && (1..=9).contains(&number);
            right.then_some(FeatureId { level, number }).ok_or_else(wrong)
        };
        let practice = match *used {
            [pa, number @ 1..=99] => Practice::Base(BasePracticeId { area: area(pa)?, number }),
            [pa, level, number] => Practice::Feature(area(pa)?, feature(level, number)?),
            [pa, level, number, last @ 1..=9] => {
                let id = GenericPracticeId { feature: feature(level, number)?, number: last };
                Practice::Generic(area(pa)?, id)
            }
            _ => return Err(wrong()),
        };
        Ok(Self { model, practice })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_back_as_they_were_written() {
        for text in ["BP.01.02", "PA22/GP 5.2.3", "PA01/2.1"] {
            assert_eq!(text.parse::<Practice>().unwrap().to_string(), text);
        }
        assert_eq!("PA07".parse::<AreaId>().unwrap().to_string(), "PA07");
    }

    #[test]
    fn wrong_ids_are_refused_with_the_right_form() {
        for text in [
            "",
            "PA1",
            "PA00",
            "BP.1.2",
            "BP.01.00",
            "GP 6.1.1",
            "PA01/GP 2.1",
            "pa01",
            "BP.01.02.03",
        ] {
            let error = text.parse::<Practice>().unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "`{text}` is no practice: write it like BP.01.02, PA01/GP 2.1.1 or PA01/2.1"
                )
            );
        }
    }

    #[test]
    fn a_target_is_decoded_as_it_was_encoded() {
        for practice in ["BP.01.02", "PA22/GP 5.2.3", "PA01/2.1"] {
            let target = Target {
                model: "iso-21827-2008".parse().unwrap(),
                practice: practice.parse().unwrap(),
            };
            let bytes = minicbor::to_vec(&target).unwrap();
            assert_eq!(minicbor::decode::<Target>(&bytes).unwrap(), target);
        }
    }
}
