//! Capsules side by side: suppliers, or certification authorities, held against one profile.
//!
//! After the paper of 1997 on organization profiles, which compares suppliers area by area: there is
//! no total, and what may not be compared is said. Every capsule is verified first.

mod caution;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use gradus_capsule::{Fault, Trust, Unread};
use gradus_domain::At;
use gradus_domain::compare::{Comparable, Measured, comparability};
use gradus_domain::gap::{AreaGap, Distance, GapQuestion, Goal, gap};
use gradus_domain::gate::Which;
use gradus_domain::registry::DocumentKind;
use gradus_domain::world::Basis;
use gradus_model::event::Document;
use gradus_model::unit::{AreaRef, UnitKind};
use gradus_model::{Catalog, Digest, Profile, Timestamp, UnitId};

use super::fold::Folded;
use super::verify::{Opened as OpenedCapsule, Verified, opened};
use super::{LevelClaim, Manifest};
use crate::aims::{in_force, open_phases};

pub use caution::Caution;
use caution::cautions;

/// What to compare by.
#[derive(Clone, Debug)]
pub struct AskedComparison {
    /// The profile that all are held against: an id, or a digest in hexadecimal.
    pub profile: String,
    /// The moment of the units' life; that of each capsule if none is given.
    pub valid_at: Option<Timestamp>,
    /// Only what was recorded up to then; all that each capsule knows if none is given.
    pub known_at: Option<Timestamp>,
}

/// Why nothing is compared.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NotCompared {
    /// A capsule that does not hold, by its number.
    #[error("{1}")]
    Unread(usize, Unread),
    /// None of them has the profile.
    #[error("no capsule has the profile `{0}`: name one that one of their logs published")]
    ProfileUnknown(String),
    /// They have several profiles of that name.
    #[error(
        "`{id}` names different profiles in these capsules: name one by its digest, {}",
        list(digests)
    )]
    Profiles {
        /// What was asked for.
        id: String,
        /// The digests of what it names.
        digests: Vec<Digest>,
    },
}

fn list<T: fmt::Display>(all: &[T]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
}

/// Units of capsules, side by side.
#[derive(Clone, Debug)]
pub struct Compared {
    /// What all are held against.
    pub profile: Document,
    /// The capsules, as they were given.
    pub capsules: Vec<Verified>,
    /// The units that they claim levels of, in that order.
    pub units: Vec<ComparedUnit>,
    /// The areas of all models that measure them, each once.
    pub areas: Vec<ComparedArea>,
    /// Whether the results came about alike.
    pub comparable: Comparable,
    /// What else speaks against comparing them.
    pub cautions: Vec<Caution>,
}

/// A unit of a capsule.
#[derive(Clone, Debug)]
pub struct ComparedUnit {
    /// The capsule, by its number from 0.
    pub capsule: usize,
    /// The unit.
    pub unit: UnitId,
    /// Its name, as the capsule tells it.
    pub name: Option<String>,
    /// The model that measures it; none where none is in force.
    pub model: Option<Document>,
    /// The rules that measure it.
    pub rules: Option<Document>,
    /// The moment of its life.
    pub valid_at: Timestamp,
    /// The stamp up to which the capsule knows what was recorded, for sure.
    pub known_until: Timestamp,
}

/// An area, with what each unit reaches in it.
#[derive(Clone, Debug)]
pub struct ComparedArea {
    /// The area.
    pub area: AreaRef,
    /// Its title.
    pub title: String,
    /// For each unit what it reaches; none where its model does not have the area.
    pub reached: Vec<Option<Attained>>,
}

/// What a unit reaches in an area.
#[derive(Clone, Copy, Debug)]
pub struct Attained {
    /// The level that was judged.
    pub rated: LevelClaim,
    /// The level that valid evidence still supports.
    pub ongoing: LevelClaim,
    /// What the profile aims at, in the unit's open phases.
    pub goal: Goal,
    /// How far the ongoing level is from it.
    pub distance: Distance,
    /// The unit above that answered, if the unit did not itself.
    pub inherited_from: Option<UnitId>,
}

/// A capsule that holds, folded.
struct Opened {
    verified: Verified,
    folded: Folded,
    known_until: Timestamp,
    at: At,
}

/// Verifies capsules and lays their units side by side, as they were at a moment and known at one.
///
/// # Errors
///
/// [`NotCompared`]: the first capsule that does not hold, or a profile that cannot be told.
pub fn compare<B: AsRef<[u8]>>(
    capsules: &[B],
    trust: &Trust<'_>,
    asked: &AskedComparison,
) -> Result<Compared, NotCompared> {
    let mut all = Vec::with_capacity(capsules.len());
    for (number, bytes) in capsules.iter().enumerate() {
        let found = opened(bytes.as_ref(), trust);
        let found = found.map_err(|error| NotCompared::Unread(number, error))?;
        all.push(Opened::of(found, asked));
    }
    let (profile, read, model) = profile(&all, &asked.profile)?;
    let mut found = Found::default();
    for (number, one) in all.iter().enumerate() {
        for claim in &one.verified.manifest.units {
            let aims = (read.as_ref(), model.as_ref());
            let added = found.add(number, one, claim.unit.0, aims);
            added.map_err(|fault| NotCompared::Unread(number, fault.into()))?;
        }
    }
    let comparable = comparability(found.measured.iter().map(Taken::measured));
    let mut cautions = cautions(&all, asked);
    cautions.append(&mut found.cautions);
    let width = found.units.len();
    let mut areas: Vec<ComparedArea> = found.areas.into_values().collect();
    for area in &mut areas {
        area.reached.resize(width, None);
    }
    Ok(Compared {
        profile,
        capsules: all.into_iter().map(|one| one.verified).collect(),
        units: found.units,
        areas,
        comparable,
        cautions,
    })
}

impl Opened {
    fn of((verified, folded, stamps): OpenedCapsule, asked: &AskedComparison) -> Self {
        let Manifest { valid_at, log_size, known_at, .. } = &verified.manifest;
        let last = stamps.last().map_or(Timestamp::MIN, |(_, stamp)| *stamp);
        let known_until = known_at.map_or(last, |at| at.0);
        let size_at = |at: Timestamp| {
            let known = stamps.partition_point(|(_, stamp)| *stamp <= at);
            let last = known.checked_sub(1).and_then(|last| stamps.get(last));
            last.map_or(0, |(position, _)| position + 1)
        };
        // All that it knows, unless less was known then.
        let asked_for = asked.known_at.filter(|at| *at < known_until);
        let size = asked_for.map_or(*log_size, size_at);
        let at = At { valid_at: asked.valid_at.unwrap_or(valid_at.0), size };
        Self { verified, folded, known_until, at }
    }
}

type ProfileOf = (Document, Arc<Profile>, Arc<Catalog>);

/// The profile that is meant, with the model that it is about, from a capsule that has both.
fn profile(all: &[Opened], named: &str) -> Result<ProfileOf, NotCompared> {
    let mut found: BTreeMap<Digest, ProfileOf> = BTreeMap::new();
    for one in all {
        let (registry, library) = (&one.folded.views.registry, &one.folded.library);
        let Some(held) = registry.document(DocumentKind::Profile, named, u64::MAX) else {
            continue;
        };
        let Some(profile) = library.profile(&held.digest) else { continue };
        let models = registry.documents(DocumentKind::Model, u64::MAX);
        let model = models.filter(|model| model.id == profile.model).last();
        let Some(model) = model.and_then(|model| library.model(&model.digest)) else { continue };
        let document = Document { id: held.id.clone(), digest: held.digest };
        found.insert(held.digest, (document, profile, model));
    }
    if found.len() > 1 {
        let digests = found.into_keys().collect();
        return Err(NotCompared::Profiles { id: named.to_owned(), digests });
    }
    found.into_values().next().ok_or_else(|| NotCompared::ProfileUnknown(named.to_owned()))
}

/// How a unit was measured.
struct Taken {
    basis: Option<Basis>,
    kind: UnitKind,
    profile: Option<Document>,
}

impl Taken {
    fn measured(&self) -> Measured<'_> {
        let (basis, profile) = (self.basis.as_ref(), self.profile.as_ref());
        Measured { basis, kind: self.kind, which: Which::Ongoing, profile }
    }
}

/// What was found so far.
#[derive(Default)]
struct Found {
    units: Vec<ComparedUnit>,
    measured: Vec<Taken>,
    areas: BTreeMap<AreaRef, ComparedArea>,
    cautions: Vec<Caution>,
}

impl Found {
    fn add(
        &mut self,
        capsule: usize,
        of: &Opened,
        unit: UnitId,
        (profile, profile_model): (&Profile, &Catalog),
    ) -> Result<(), Fault> {
        let Opened { verified, folded, at, known_until } = of;
        let number = self.units.len();
        let claim = folded.claim(verified.manifest.log.0, unit, *at)?;
        let world = folded.views.with(&folded.library);
        let basis = folded.views.basis(&folded.library, unit, *at, None).ok();
        let basis = basis.filter(|_| folded.views.knows(unit, at.size));
        if let Some(basis) = &basis {
            let levels = folded.views.levels(basis, unit, *at);
            let levels = levels
                .map_err(|error| Fault::new(&gradus_capsule::fault::stream_member(unit), error))?;
            let open = open_phases(&world, unit, *at);
            let model = &basis.catalog;
            let question = GapQuestion { profile, profile_model, model, open: &open };
            let states: Vec<_> =
                levels.iter().map(|level| (level.area, level.rated, level.ongoing)).collect();
            for (AreaGap { area, goal, ongoing, .. }, level) in
                gap(&question, &states).into_iter().zip(&levels)
            {
                let of = AreaRef { model: model.id().clone(), area };
                let title = model.area(area).map(|area| String::from(&*area.title));
                let row = self.areas.entry(of.clone()).or_insert_with(|| ComparedArea {
                    area: of,
                    title: title.unwrap_or_default(),
                    reached: Vec::new(),
                });
                row.reached.resize(number, None);
                row.reached.push(Some(Attained {
                    rated: level.rated.into(),
                    ongoing: level.ongoing.into(),
                    goal,
                    distance: ongoing,
                    inherited_from: level.inherited_from,
                }));
            }
        }
        let (relaxed, conflicted) = (claim.ratings_relaxed, claim.ratings_conflicted);
        if relaxed + conflicted > 0 {
            self.cautions.push(Caution::Duties { unit: number, relaxed, conflicted });
        }
        self.units.push(ComparedUnit {
            capsule,
            unit,
            name: claim.name,
            model: basis.as_ref().map(|basis| basis.model.clone()),
            rules: basis.as_ref().map(|basis| basis.rules.clone()),
            valid_at: at.valid_at,
            known_until: *known_until,
        });
        let kind = folded.views.registry.unit(unit).map_or(UnitKind::Project, |unit| unit.kind);
        let profile = in_force(&world, unit, *at).map(|(_, document)| document.clone());
        self.measured.push(Taken { basis, kind, profile });
        Ok(())
    }
}
