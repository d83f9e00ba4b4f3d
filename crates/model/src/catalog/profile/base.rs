//! The profile that another builds on, pinned by content.

use toml::Spanned;

use super::document::ProfileTable;
use super::{Base, Profile};
use crate::catalog::source::Source;
use crate::catalog::{CatalogError, Reason};
use crate::{Digest, Name};

/// A base as the file names it, with the places where it does.
pub(super) struct Pin<'d> {
    base: &'d Spanned<Name>,
    digest: &'d Spanned<String>,
    read: Digest,
}

impl Pin<'_> {
    /// The base by name and content.
    pub(super) fn pinned(&self) -> Base {
        Base { profile: self.base.get_ref().clone(), digest: self.read }
    }
}

/// The base that the file pins, if it has one.
pub(super) fn pin<'d>(
    source: Source<'_>,
    profile: &'d ProfileTable,
) -> Result<Option<Pin<'d>>, CatalogError> {
    let (base, digest) = match (&profile.base, &profile.base_digest) {
        (None, None) => return Ok(None),
        (Some(base), None) => return Err(source.at(base, Reason::BaseInPart)),
        (None, Some(digest)) => return Err(source.at(digest, Reason::BaseInPart)),
        (Some(base), Some(digest)) => (base, digest),
    };
    if base.get_ref() == profile.id.get_ref() {
        return Err(source.at(base, Reason::OwnBase(base.get_ref().clone())));
    }
    let read = digest.get_ref().parse::<Digest>();
    let read = read.map_err(|error| source.at(digest, Reason::Shape(error.to_string())))?;
    Ok(Some(Pin { base, digest, read }))
}

/// The profile to build on, once it is known to be the one that the file pins.
pub(super) fn check<'p>(
    source: Source<'_>,
    profile: &ProfileTable,
    given: Option<(&'p Profile, Digest)>,
) -> Result<Option<&'p Profile>, CatalogError> {
    let Some(pin) = pin(source, profile)? else { return Ok(None) };
    let wanted = pin.base.get_ref();
    let Some((base, seen)) = given else {
        return Err(source.at(pin.base, Reason::NoBase(wanted.clone())));
    };
    if base.id != *wanted {
        let (wanted, seen) = (wanted.clone(), base.id.clone());
        return Err(source.at(pin.base, Reason::WrongBase { wanted, seen }));
    }
    if seen != pin.read {
        return Err(source.at(pin.digest, Reason::WrongBaseDigest { seen }));
    }
    if base.model != *profile.model.get_ref() {
        let (base, seen) = (wanted.clone(), base.model.clone());
        return Err(source.at(pin.base, Reason::BaseOfOtherModel { base, seen }));
    }
    if let Some(tiers) = &profile.tier_order {
        return Err(source.at(tiers, Reason::TiersOfBase(wanted.clone())));
    }
    Ok(Some(base))
}
