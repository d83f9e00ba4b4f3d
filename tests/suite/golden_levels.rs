//! Two histories whose levels can never change: the digest of their index, and those of claims on
//! them.
//!
//! What is frozen here is what auditors hold in their hands. The digests of the index may change
//! only together with `gradus_projection::projector::VERSION`, which rebuilds it; those of claims
//! only together with the version of the claim, which is its first element. A fix of a rule is a
//! new evaluator, never another digest.

mod told;

use std::fmt::Write as _;
use std::sync::Arc;

use expect_test::{Expect, expect};
use gradus_capsule::claim::Claim;
use gradus_domain::At;
use gradus_domain::course::{OwnCourse, state_of};
use gradus_domain::registry::DocumentKind;
use gradus_model::event::{Document, Event, PayloadErased};
use gradus_model::unit::AreaRef;
use gradus_model::{Digest, LogId, Recorded, UnitId};
use gradus_projection::store::OfLog;
use gradus_projection::{Batch, IndexStore, Library, Projector, Views, projector};
use tempfile::TempDir;

use crate::running::at;
use told::Story;

const LOG: LogId = LogId([0x10; 16]);
const FIRST_LEAF: Digest = Digest([1; 32]);

const ISO: &str = include_str!("../../config/models/iso-21827-2008.toml");
const STRICT: &str = include_str!("../../config/rules/strict.toml");
const TRUSTED: &str = include_str!("../../config/rules/trusted-tools.toml");
const NPLF: &str = include_str!("../../config/rules/nplf-33020.toml");

/// A document that is named by its id alone, so that its comments may change.
fn document(id: &str) -> Document {
    let mut digest = [0; 32];
    digest[..id.len()].copy_from_slice(id.as_bytes());
    Document { id: id.parse().unwrap(), digest: Digest(digest) }
}

fn library() -> Library {
    let mut library = Library::default();
    let documents = [
        (DocumentKind::Model, "iso-21827-2008", ISO),
        (DocumentKind::Rules, "strict", STRICT),
        (DocumentKind::Rules, "trusted-tools", TRUSTED),
        (DocumentKind::Rules, "nplf-33020", NPLF),
    ];
    for (kind, id, text) in documents {
        let held = library.read(kind, id, text.as_bytes()).unwrap();
        library.keep(document(id).digest, held);
    }
    library
}

/// A history, folded and indexed.
struct Folded {
    views: Views,
    library: Library,
    store: IndexStore,
    _directory: TempDir,
}

fn folded(events: &[Recorded]) -> Folded {
    let directory = tempfile::tempdir().unwrap();
    let of_log = OfLog { first_leaf: FIRST_LEAF, size: 0 };
    let (store, _) = IndexStore::open(&directory.path().join("index"), of_log).unwrap();
    let (mut views, library) = (Views::default(), library());
    let (mut projector, mut batch) = (Projector::new(), Batch::default());
    for recorded in events {
        views.apply(recorded);
        let world = views.with(&library);
        let parked = projector.apply(&world, recorded, &mut |revision| batch.add(revision));
        assert_eq!(parked, []);
    }
    store.write(batch, views.cursor, FIRST_LEAF).unwrap();
    Folded { views, library, store, _directory: directory }
}

impl Folded {
    /// The digest of the claim on the levels of a unit, with every practice.
    fn levels(&self, unit: UnitId, at: At) -> Digest {
        let basis = self.views.basis(&self.library, unit, at, None).unwrap();
        let areas = self.views.levels(&basis, unit, at).unwrap();
        let mut claim = Claim::new(LOG, "levels", at);
        claim.unit(Some(unit));
        claim.documents(Some(basis.model.digest), Some(basis.rules.digest)).count(areas.len());
        for area in &areas {
            claim.answer(area);
        }
        claim.digest()
    }

    /// The digest of the claim on the states of a unit's areas, read from the index.
    fn states(&self, unit: UnitId, at: At) -> Digest {
        let world = self.views.with(&self.library);
        let basis = self.views.basis(&self.library, unit, at, None).unwrap();
        let own = |unit: UnitId, area: &AreaRef| self.store.course(unit, area, at.size).unwrap();
        let own: OwnCourse<'_> = &own;
        let mut claim = Claim::new(LOG, "states", at);
        claim.unit(Some(unit));
        for area in basis.catalog.areas() {
            let state = state_of(&world, unit, &basis, area, at, None, own);
            claim.area(area.id).state(Some(&state));
        }
        claim.digest()
    }

    /// The levels of some areas in words, so that it can be seen what the digests are about.
    fn in_words(&self, unit: UnitId, at: At) -> String {
        let basis = self.views.basis(&self.library, unit, at, None).unwrap();
        let areas = self.views.levels(&basis, unit, at).unwrap();
        let shown = areas.iter().filter(|area| [3, 10, 17].contains(&area.area.number()));
        let words = shown.map(|area| {
            let (covered, all) = (area.coverage.supported, area.coverage.practices);
            format!("{} {:?} {:?} {covered}/{all}", area.area, area.rated, area.ongoing)
        });
        words.collect::<Vec<_>>().join("; ")
    }

    /// Every claim on the two projects at some moments, at a size.
    fn claims(&self, size: u64) -> String {
        let mut lines = String::new();
        for unit in [told::unit("app"), told::unit("lib")] {
            for day in told::MOMENTS {
                let at = At { valid_at: at(day), size };
                let (levels, states) = (self.levels(unit, at), self.states(unit, at));
                writeln!(lines, "{day} levels {levels} states {states}").unwrap();
            }
        }
        lines
    }

    /// What is told of `app` at the same moments, in words.
    fn told(&self, size: u64) -> String {
        let words = |day: &&str| self.in_words(told::unit("app"), At { valid_at: at(day), size });
        told::MOMENTS.iter().map(words).collect::<Vec<_>>().join("\n")
    }
}

/// The history with every payload erased: one more event for each record.
fn erased(events: &[Recorded]) -> Vec<Recorded> {
    let mut story = Story::going_on(events.to_vec());
    for recorded in events {
        let version = recorded.place.version;
        let event = Event::PayloadErased(PayloadErased { version });
        story.tell(recorded.place.stream, "alice", "2026-07-01", event);
    }
    story.events
}

fn check(events: &[Recorded], told: &Expect, index: &Expect, claims: &Expect) {
    let size = events.len() as u64;
    let folded = folded(events);
    told.assert_eq(&folded.told(size));
    index.assert_eq(&format!("{} {}", folded.store.digest(), projector::VERSION));
    let half = size - 12;
    claims.assert_eq(&format!("{}{}", folded.claims(size), folded.claims(half)));

    // Erasure takes words away, and no level: neither then nor from then on.
    let after = self::folded(&erased(events));
    assert_eq!(after.store.digest(), folded.store.digest());
    assert_eq!(after.claims(size), folded.claims(size));
    assert_eq!(after.claims(half), folded.claims(half));
    assert_eq!(after.told(2 * size), folded.told(size));
}

#[test]
fn a_history_under_all_or_nothing_rules_has_the_digests_that_were_released() {
    let index = expect![""];
    let claims = expect![""];
    check(&told::by_satisfaction(), &expect![""], &index, &claims);
}

#[test]
fn a_history_under_nplf_rules_has_the_digests_that_were_released() {
    let index = expect![""];
    let claims = expect![""];
    check(&told::by_nplf(), &expect![""], &index, &claims);
}

#[test]
fn the_documents_that_the_histories_name_are_all_there() {
    let library = library();
    for id in ["strict", "trusted-tools", "nplf-33020"] {
        assert!(library.rules(&document(id).digest).is_some());
    }
    let model: Option<Arc<_>> = library.model(&document("iso-21827-2008").digest);
    assert!(model.is_some());
}
