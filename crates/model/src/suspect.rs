//! What can be distrusted: whoever or whatever evidence came from.

use minicbor::{Decode, Encode};

use crate::evidence::{Source, Tool};
use crate::{ForeignId, Label, PrincipalId};

/// A source of evidence that is distrusted, as a leaf tells it.
///
/// Stored as a map of one entry, whose key says which sort of source it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Suspect {
    /// Whatever this principal submitted.
    Principal(PrincipalId),
    /// Whatever this tool made.
    Tool(Versioned),
    /// Whatever this mapping, or one rule of it, said what it speaks for; its version is that of
    /// the tool, which collectors set to the mapping's.
    Mapping(Versioned),
    /// Whatever came from this system.
    Source(ForeignId),
}

/// A name and, unless all versions are meant, an exact version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(map)]
pub struct Versioned {
    /// The name.
    #[n(0)]
    pub name: Label,
    /// The exact version; every version, and none, without it.
    #[n(1)]
    pub version: Option<Label>,
}

impl Versioned {
    fn is_of(&self, tool: &Tool) -> bool {
        self.version.is_none() || self.version == tool.version
    }
}

impl Suspect {
    /// The sort of source in a word.
    #[must_use]
    pub const fn sort(&self) -> &'static str {
        match self {
            Self::Principal(_) => "principal",
            Self::Tool(_) => "tool",
            Self::Mapping(_) => "mapping",
            Self::Source(_) => "source",
        }
    }

    /// Whether an item comes from it.
    #[must_use]
    pub fn made(&self, provider: PrincipalId, source: &Source, tool: Option<&Tool>) -> bool {
        match self {
            Self::Principal(principal) => *principal == provider,
            Self::Tool(suspect) => {
                tool.is_some_and(|tool| tool.name == suspect.name && suspect.is_of(tool))
            }
            Self::Mapping(suspect) => {
                let named = |mapping: &Label| is_or_is_in(mapping.as_str(), suspect.name.as_str());
                let is_it = |tool: &Tool| tool.mapping.as_ref().is_some_and(named);
                tool.is_some_and(|tool| is_it(tool) && suspect.is_of(tool))
            }
            Self::Source(name) => *name == source.name,
        }
    }

    const fn key(&self) -> u8 {
        match self {
            Self::Principal(_) => 0,
            Self::Tool(_) => 1,
            Self::Mapping(_) => 2,
            Self::Source(_) => 3,
        }
    }
}

/// Whether `mapping/rule` is what is named, or a rule of it.
fn is_or_is_in(mapping: &str, named: &str) -> bool {
    mapping.strip_prefix(named).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl<C> Encode<C> for Suspect {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.map(1)?.u8(self.key())?;
        match self {
            Self::Principal(principal) => principal.encode(e, ctx),
            Self::Tool(of) | Self::Mapping(of) => of.encode(e, ctx),
            Self::Source(name) => name.encode(e, ctx),
        }
    }
}

impl<'b, C> Decode<'b, C> for Suspect {
    fn decode(d: &mut minicbor::Decoder<'b>, ctx: &mut C) -> Result<Self, minicbor::decode::Error> {
        if d.map()? != Some(1) {
            return Err(minicbor::decode::Error::message("a suspect is one thing, not several"));
        }
        match d.u8()? {
            0 => PrincipalId::decode(d, ctx).map(Self::Principal),
            1 => Versioned::decode(d, ctx).map(Self::Tool),
            2 => Versioned::decode(d, ctx).map(Self::Mapping),
            3 => ForeignId::decode(d, ctx).map(Self::Source),
            key => Err(minicbor::decode::Error::message(format!("{key} is no sort of suspect"))),
        }
    }
}
