//! Held documents, read: models and rules by the digest of their bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use gradus_domain::Rules;
use gradus_domain::registry::DocumentKind;
use gradus_model::{Catalog, Digest, Profile};

/// A held document that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Its text is wrong.
    #[error("{0}")]
    Content(String),
    /// It needs a document that was not published before it.
    #[error("it needs model {needed}, which was not published")]
    Needs {
        /// The digest or id of what is missing.
        needed: String,
    },
    /// It builds on a profile that was not published before it.
    #[error("it builds on profile {needed}, which was not published")]
    NeedsBase {
        /// The digest of the base.
        needed: Digest,
    },
    /// It is not UTF-8.
    #[error("it is not UTF-8 text")]
    NotText,
}

/// A held document, read and checked.
#[derive(Clone, Debug)]
pub enum Held {
    /// A reference model.
    Model(Arc<Catalog>),
    /// Rules.
    Rules(Arc<Rules>),
    /// A target profile.
    Profile(Arc<Profile>),
}

impl Held {
    /// The id that the document gives itself.
    #[must_use]
    pub fn id(&self) -> &gradus_model::Name {
        match self {
            Self::Model(model) => model.id(),
            Self::Rules(rules) => &rules.id,
            Self::Profile(profile) => &profile.id,
        }
    }
}

/// The documents that were published, by digest.
#[derive(Clone, Debug, Default)]
pub struct Library(BTreeMap<Digest, Held>);

impl Library {
    /// Reads and checks a document against those already here; `name` is shown in errors.
    pub fn read(
        &self,
        kind: DocumentKind,
        name: &str,
        bytes: &[u8],
    ) -> Result<Held, DocumentError> {
        let text = std::str::from_utf8(bytes).map_err(|_| DocumentError::NotText)?;
        let content = |error: &dyn std::fmt::Display| DocumentError::Content(error.to_string());
        match kind {
            DocumentKind::Model => {
                let borrows = Catalog::borrows(name, text).map_err(|error| content(&error))?;
                let lender = match borrows {
                    None => None,
                    Some(borrows) => {
                        let needed = || DocumentError::Needs { needed: borrows.digest.to_string() };
                        let lender = self.model(&borrows.digest).ok_or_else(needed)?;
                        Some((lender, borrows.digest))
                    }
                };
                let lender = lender.as_ref().map(|(model, digest)| (model.as_ref(), *digest));
                let model = Catalog::parse(name, text, lender).map_err(|error| content(&error))?;
                Ok(Held::Model(Arc::new(model)))
            }
            DocumentKind::Rules => {
                let rules = Rules::parse(name, text).map_err(|error| content(&error))?;
                Ok(Held::Rules(Arc::new(rules)))
            }
            DocumentKind::Profile => {
                let needs = Profile::needs(name, text).map_err(|error| content(&error))?;
                let needed = || DocumentError::Needs { needed: needs.model.to_string() };
                let model =
                    self.models().find(|model| *model.id() == needs.model).ok_or_else(needed)?;
                let base = match needs.base.map(|base| base.digest) {
                    None => None,
                    Some(needed) => {
                        let missing = DocumentError::NeedsBase { needed };
                        Some((self.profile(&needed).ok_or(missing)?, needed))
                    }
                };
                let base = base.as_ref().map(|(profile, digest)| (profile.as_ref(), *digest));
                let profile =
                    Profile::parse(name, text, model, base).map_err(|error| content(&error))?;
                Ok(Held::Profile(Arc::new(profile)))
            }
        }
    }

    /// Keeps a document that was read.
    pub fn keep(&mut self, digest: Digest, held: Held) {
        self.0.insert(digest, held);
    }

    /// Whether a document is here.
    #[must_use]
    pub fn holds(&self, digest: &Digest) -> bool {
        self.0.contains_key(digest)
    }

    /// A document by its digest.
    #[must_use]
    pub fn held(&self, digest: &Digest) -> Option<&Held> {
        self.0.get(digest)
    }

    /// A model by the digest of its document.
    #[must_use]
    pub fn model(&self, digest: &Digest) -> Option<Arc<Catalog>> {
        match self.0.get(digest) {
            Some(Held::Model(model)) => Some(Arc::clone(model)),
            Some(Held::Rules(_) | Held::Profile(_)) | None => None,
        }
    }

    /// Rules by the digest of their document.
    #[must_use]
    pub fn rules(&self, digest: &Digest) -> Option<Arc<Rules>> {
        match self.0.get(digest) {
            Some(Held::Rules(rules)) => Some(Arc::clone(rules)),
            Some(Held::Model(_) | Held::Profile(_)) | None => None,
        }
    }

    /// A profile by the digest of its document.
    #[must_use]
    pub fn profile(&self, digest: &Digest) -> Option<Arc<Profile>> {
        match self.0.get(digest) {
            Some(Held::Profile(profile)) => Some(Arc::clone(profile)),
            Some(Held::Model(_) | Held::Rules(_)) | None => None,
        }
    }

    fn models(&self) -> impl Iterator<Item = &Catalog> {
        self.0.values().filter_map(|held| match held {
            Held::Model(model) => Some(model.as_ref()),
            Held::Rules(_) | Held::Profile(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: &str = include_str!("../../../config/models/iso-21827-2008.toml");

    const HEAD: &str = "[profile]\ntitle = 'Ours'\nmodel = 'iso-21827-2008'\n";

    /// A profile of the 2008 edition that aims at level 2 everywhere.
    fn of_its_own(id: &str) -> String {
        let target =
            |area| format!("[[target]]\narea = 'PA{area:02}'\nlevel = 2\nrationale = 'So.'");
        let targets: Vec<String> = (1..=22).map(target).collect();
        format!("{HEAD}id = '{id}'\n{}", targets.join("\n"))
    }

    fn based_on(base: &str, digest: Digest) -> String {
        format!("{HEAD}id = 'own'\nbase = '{base}'\nbase_digest = '{digest}'\n")
    }

    #[test]
    fn a_profile_that_builds_on_another_needs_the_very_document_that_it_pins() {
        let mut library = Library::default();
        let (model, base, other) = (Digest([1; 32]), Digest([2; 32]), Digest([3; 32]));
        let read = |library: &Library, text: &str| {
            library.read(DocumentKind::Profile, "ours.toml", text.as_bytes())
        };
        let own = based_on("base", base);
        let needed = DocumentError::Needs { needed: "iso-21827-2008".to_owned() };
        assert_eq!(read(&library, &own).unwrap_err(), needed);

        let held = library.read(DocumentKind::Model, "iso.toml", MODEL.as_bytes()).unwrap();
        library.keep(model, held);
        let held = read(&library, &of_its_own("base")).unwrap();
        library.keep(other, held.clone());
        let needed = DocumentError::NeedsBase { needed: base };
        assert_eq!(read(&library, &own).unwrap_err(), needed);

        library.keep(base, held);
        assert_eq!(read(&library, &own).unwrap().id().as_str(), "own");
    }
}
