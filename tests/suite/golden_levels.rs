//! Two histories whose levels can never change: the digest of their index, and those of claims on
//! them.
//!
//! What is frozen here is what auditors hold in their hands. The digests of the index may change
//! only together with `gradus_projection::projector::VERSION`, which rebuilds it; those of claims
//! only together with the version of the claim, which is its first element. A fix of a rule is a
//! new evaluator, never another digest.

mod told;

use std::fmt::Write as _;

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
    let index = expect!["f6a5dfbed69d6a64a33a650a3d2748b50a69eca36eddae52116f4e4e0078dd9b 1"];
    let claims = expect![[r#"
        1990-01-01 levels 90751a5c32c59d7d471e4a05db1a6177f7941c5b1ca368edb424bc0c59d94142 states e33fe568dfb230aeda04c2df1aee7720ae355bc342a2c676dad56a5982c0dc80
        2026-01-20 levels 5be45395e1772ceb2b2d6fbb1798c42c1193d1f98edb7d4752722aa57217d7bd states 3b154fceb4bd939a7619aa0dc70e02dede769a39bcd60ffd4f5e3fb871d79808
        2026-03-01 levels a34c470da6e6d400f24e59c13bd1391d5839f4141e6be5dfac357886b10bca44 states 5253aa30c3dc14d9d3993ac93ec9805f3f8cc450eef857b1bb77239f89b4790f
        2026-04-15 levels 011faf2b37857626aa664b824c8da6c7be95b3aeeb65b8c46d839c3018ca6815 states f74c223dece973590a14f29ff5e3b857c9245a44ec167da4494115a20cddd8e3
        2026-06-15 levels 5e354b9b66b3dee3d8edc1637efebdfccbc6c37d053acc011930bc7e88cc3609 states 0d55d2eab7699aabc5d991ba7e800adb8d8bc5e5d7239b9bba0e10d05cd15339
        2029-01-01 levels c6bef2c1d8896568fffd7d314299e1b2fc6a27cb06a45665d172c66092726aac states 45cf91069268fc4ef100d506bbe27a816d841631af33da8233d4ae8168a2ef4a
        1990-01-01 levels efae48b8a3d7982222881248c92ce85ee783d44eebb7b5ac215c823aab66d1d9 states 5cdf55bcda4a8184fde656747afced3dd47b5ecc0d87142ab7cfe84cb8f5becc
        2026-01-20 levels 70a02bfd2a0654101c42784d0d63e140d943706ef9d8492e47bdda229316c567 states 55d1d400a2b4290de7c83339ed4ca6439f00e992780872681335f0f2ada1a3db
        2026-03-01 levels 9c83f77bcec96755a112dfd176593855fdde3d02822202370ee7d33e3f31a7ac states be40e81e58c61ae2b8c99ccc9e650844cb0ac2d00dee89d53d7060dee74cad31
        2026-04-15 levels 99daa830f898a3aa15bf6623c252d65e469d9258daa88ad971aaf56eacc12952 states 48549885c76552ff2cdb14acb6412ef1cdcf1f84a34546e4b6da97cfe7e4e3d0
        2026-06-15 levels be524d007e87a4e1d54495121cd732d3cac31c4ef11d901e8f00b43d02a9a4fc states e038a3c268075cff15b4f5c1423c6f55609bb8a6001695851c7c04c22b61ae1f
        2029-01-01 levels eb344741d5020c73ceeae9c05d7330a679acbfb62bf40f5e11fd0dd023da86d6 states 85e60cd0d87216a33a9ae81ccf5e2be2a53b0ff54225a90342cfbe5df1b39664
        1990-01-01 levels fd1a22c5269c14933b12d1489ccebc31744868653056563d3994dd80eebb97e3 states c079390187b84b1a7539baf48ba6bdfafcaf35d3ab6cf3853cb534b342c5f379
        2026-01-20 levels 70f01d730452b12a6b4abf576b45e41a3a44b735ed1a668ab724215ad5ee3279 states fa1b96ca1319f5de185505808156900fdfba64af5d42ad8432a494429c65e925
        2026-03-01 levels 176fcb12e748c363b70ee81ab0fb659094c7a301a1410b3f753413523394609a states c983d1b0daac201ba1e7f8ad57e0d0b61632c8427453467cfa517d40284cd325
        2026-04-15 levels 34dd5dee3674c3624ee2f75365aed7db0fa47144a2b4489fc9e495f1a511b228 states 3dc82cfe5ffddeb5a20bd1a411a6ad86a64d8770e5c6532924897ec9e15c60db
        2026-06-15 levels d625d09e542d36a2185121dd91550573689512852f46bd201bc21edd9e3b5f8f states 1f22d5f2faaaeb6042f3c022ea37e6d12651c9133db47d8668d098a698a442f5
        2029-01-01 levels 2c795364d3cc7065b4e39d12e8e3311bbc6dfbbb77755fcc4fd422e61bdc5de3 states 5cbc89bfbb54038623949efacb7e691bd8f595ae6cf96d82913f02910c0b2a42
        1990-01-01 levels 47999f285c105df69507b5d81786f3782234d0f0317717aa2a95b3c96349dca0 states 9627bd80c385f7964184c2815b696c5319e80e3799c176d3010f930d8214d2e9
        2026-01-20 levels 44cb848446bedeed8400ce7a26714692844e605dc0abddad4d25e21d5c69f088 states a3c0379355597d1d154fba01f7823d741fde0a0234a4a9cdf25a2e763050ac3d
        2026-03-01 levels f6cfb504a8294c357cab57ee2c57c4a49510af094c8958d49f4749942680ca6d states b7d533aefc2421e1d95aaacd6a4920369fc404225143a36aab0e294f21e16a3b
        2026-04-15 levels 6336f8ba55490f76f8cdb09384adc0af2d5f3bc5134c08f051b06441362f1b8e states 63f592b8a73db72b246aecd3266d018e943ef4866cb4b010a7f5b7b49f4fad24
        2026-06-15 levels c30022c734eaf7c6bbbddccfbff8c267870d37283e4174cbeadf9f5d61d58ec9 states 51f42c1593c9c5c607120cbc121beaf73e3d27e2441fd59cba8bf113c4534d94
        2029-01-01 levels aa48469da9af5f153faa2c7c03cc5725d6684f95b84409c17e4c0739bae2d09c states cce646675fd58c4908b77707cb2947f2a4c160f722199fa9fedf5aaaed6415e1
    "#]];
    check(
        &told::by_satisfaction(),
        &expect![[r#"
        PA03 NotRated NotRated 0/6; PA10 NotRated NotRated 0/7; PA17 NotRated NotRated 0/4
        PA03 NotRated NotRated 0/6; PA10 Range { at_least: 2, at_most: 5, open: 16 } Range { at_least: 1, at_most: 1, open: 0 } 7/7; PA17 NotRated NotRated 0/4
        PA03 NotRated NotRated 0/6; PA10 Range { at_least: 2, at_most: 2, open: 0 } Range { at_least: 1, at_most: 1, open: 0 } 7/7; PA17 Range { at_least: 0, at_most: 0, open: 0 } Range { at_least: 0, at_most: 0, open: 0 } 0/4
        PA03 NotApplicable NotApplicable 1/6; PA10 Range { at_least: 2, at_most: 2, open: 0 } Range { at_least: 0, at_most: 0, open: 0 } 6/7; PA17 Range { at_least: 0, at_most: 0, open: 0 } Range { at_least: 0, at_most: 0, open: 0 } 0/4
        PA03 NotApplicable NotApplicable 0/6; PA10 Range { at_least: 2, at_most: 2, open: 0 } Range { at_least: 1, at_most: 1, open: 0 } 7/7; PA17 Range { at_least: 0, at_most: 0, open: 0 } Range { at_least: 0, at_most: 0, open: 0 } 0/4
        PA03 NotApplicable NotApplicable 0/6; PA10 Range { at_least: 2, at_most: 2, open: 0 } Range { at_least: 0, at_most: 0, open: 0 } 0/7; PA17 Range { at_least: 0, at_most: 0, open: 0 } Range { at_least: 0, at_most: 0, open: 0 } 0/4"#]],
        &index,
        &claims,
    );
}

#[test]
fn a_history_under_nplf_rules_has_the_digests_that_were_released() {
    let index = expect!["1cfd82f16382597644a60874a023d5d224460f185e43e80efb0cc8927468e7c9 1"];
    let claims = expect![[r#"
        1990-01-01 levels 596c8efed90c513a9ba2de36fcf65b2fb4b024d57c3eb57fda62ff0dd57293e8 states e9162d5213f445c4a690dbe0929c4c9a24a8bb997c900b75a4cb1439772725e8
        2026-01-20 levels 44b6f9a58bb1491c738656aac22b68a7cdd38c417004abdd0f75382d587703e4 states 0d62d47a57c3fefe107fd1d815977f1640d684150e514a874cfde85ad347f6f3
        2026-03-01 levels 458aa674ed5b0d240588ce793ecaac015717d4efc3b0fca3973d40e3dff1af50 states 1b47c3c4ea06e7d8a4372acba47f969b6dafd1c32228cd86a1f5c69f3b39facb
        2026-04-15 levels ee2b659a29fdc4a6c2733f6f5788f8280a2dea998a5e0fe9e8dba607510e3544 states e788647dcc76a2c20e4ee745a7db7f4b3a934b8264a2f952706e1946b35cfd59
        2026-06-15 levels 737a8730f37eb910f628f8fb7c13e7250c3a584ced4eccd48e70fbf617a55147 states 6c234a5d03d8cfcdcfe3d02fe039471a3a27169fac844597ec4b2e41cb3071c8
        2029-01-01 levels d235b7cc7af8a4dbf542cb036a608417b8846a5e862d265953ac5d4bdf32d478 states c1f466938a90a7b02ac8d06826996a4157bdac3014200d863239397a600d5b4b
        1990-01-01 levels 26e3a92240c8faf7f4d45e698cf350a771fb5dace99d635f7bb362dea9283459 states f1f05108c24530676a505e56e694ceb269e58812b462127111f4b148110fd3c4
        2026-01-20 levels f89401e57a68eade6d65fc6b560527c5fa4a6327dc1e72334c7b89ea770066c1 states dad521512cf43d5091c0719500dd5d846d144ea6a32db47c729a499e7647b316
        2026-03-01 levels 05847ce51a9eaba04b0566637a2d54cebcf428a91669dc3beab39581b3fef4b7 states 963c4824981da7d53c4c86bd4c673d32df9fd18664287acf6bfb3fe9afa73e65
        2026-04-15 levels d3142d56332cb26d5e3b462095a3c1e649b60281e2c0752d875117442c075b36 states d8242c270c2d4a6de97f06238d90a8d5610571b98339d556ee99d6661c7432ea
        2026-06-15 levels 1e031bc1bd1e46cb7a8733d21eb9888a3378003e8e0fb7cfbecc1a472668ffae states 473bccc1efeb907b40a0ad2042e5ae15cb3ff2da24c1373de3cd5d68702f8d48
        2029-01-01 levels ef9efaa30b9fe2e1c226aa220b8411f5720028a8e9011611ff5dad48fc13ddd1 states 26308e37ebf9bc363c0f71ea7b70f3e21832a85068ad10cb7c5f772ef9d6ea98
        1990-01-01 levels bc9e237e2557bce54043b663a8351c7a5f9f5df4eeb8eb1d016c06fc1abc4dd8 states 894be37544c0f32eb9978caf833937da831fefcefa65e7bd9d8a3b1a024c4f98
        2026-01-20 levels 458159c9ada21f2b9583481d3fc9d935aafe874bd1f2f3c667288682998ec73d states 5d94ded8ed75b208c1897f5c3478fefa169034866a7ef2cf9c86a287b1986c52
        2026-03-01 levels 15ef279f2bcf9eac7d487e76a90fa378a7783fac3320b6321d7ff541a4976fd0 states 8c96c2d87f9bd034613d2acacc8ffd7b96c4d414e02808891bfdbe2981098cd3
        2026-04-15 levels 418ce3d887dc3ccac254212541978f56a42b9a4df72998615d19d67abdc70e09 states c7964ced2c7ee30a8ab05d322df65f50bdbec72dc9f6079a6294ee1b4077a2af
        2026-06-15 levels b4544a686f9d63b6e5eb8ff9bb3ba4bcc06018de460cc8dfb14f34402c165203 states 51dbacf8e3e366edf63d0402d3b10b9c68710043dd96d96e9fec73944e4fef16
        2029-01-01 levels fd21597174e653717970c5e3577fbe4bcbfadcd1fc590d03c7af05c3eb38003f states 3d56f3ad177c0079e301c5a493ffba50002853f9eb0a1c3401a5a6c593b9c053
        1990-01-01 levels 38673768b52a05df9cbc2ee8e08af8a65b83a82f23a23d0a9099ce8eec9b6f62 states 9a75eee86d2d3c85d278e0eadf043320ad32eaff3dc73bbc9d6dee9876414a96
        2026-01-20 levels 8ae21a782ec13101025080ab6ca066a1088a6c5d15ba6578b44d1548def110a7 states 54bbacb9f9d6fcd65da37512fa277a0923cf55f6c9d036b36907195a2634bf80
        2026-03-01 levels 3f01dd10d22cb34170ba13edf33a0f6265bd34f504c02c9a324cadcff725b72f states 4c3376f7ef209c568b792873e265e50d12b48007036536c651f841fc0da90a42
        2026-04-15 levels e66e2b83bfc6d5a885bf16879d3d3c398f553e153731e923b2bba0b07947dcda states 1949b7c89c6836a332a6aa3a0d81ac0fdbf392626a72d170045fad5ba9c5db51
        2026-06-15 levels cf7581b2781648424b48246fd34ac74480817932a0fbf210a69a8cdaa52361ea states 1f87a79571c8588514a7c4b4b47b7134624be5291dd4ed0ebbc8b24680e898c8
        2029-01-01 levels f26b771a4fa21b975ead3826e355a102302f4ff38ce94f61a2ccaadccf8da337 states 0aea4f323b5fcd08a5e1fe27a84a9101af98dad00b7d65afc516512686b0ee59
    "#]];
    check(
        &told::by_nplf(),
        &expect![[r#"
        PA03 NotRated NotRated 0/6; PA10 NotRated NotRated 0/7; PA17 NotRated NotRated 0/4
        PA03 NotRated NotRated 0/6; PA10 Range { at_least: 2, at_most: 2, open: 0 } Range { at_least: 1, at_most: 1, open: 0 } 7/7; PA17 NotRated NotRated 0/4
        PA03 NotRated NotRated 0/6; PA10 Range { at_least: 2, at_most: 2, open: 0 } Range { at_least: 1, at_most: 1, open: 0 } 7/7; PA17 Range { at_least: 0, at_most: 1, open: 3 } Range { at_least: 0, at_most: 1, open: 3 } 0/4
        PA03 NotApplicable NotApplicable 1/6; PA10 Range { at_least: 2, at_most: 2, open: 0 } Range { at_least: 1, at_most: 1, open: 0 } 6/7; PA17 Range { at_least: 0, at_most: 1, open: 3 } Range { at_least: 0, at_most: 1, open: 3 } 0/4
        PA03 NotApplicable NotApplicable 0/6; PA10 Range { at_least: 2, at_most: 2, open: 0 } Range { at_least: 1, at_most: 1, open: 0 } 7/7; PA17 Range { at_least: 0, at_most: 1, open: 3 } Range { at_least: 0, at_most: 1, open: 3 } 0/4
        PA03 NotApplicable NotApplicable 0/6; PA10 Range { at_least: 2, at_most: 2, open: 0 } Range { at_least: 0, at_most: 0, open: 0 } 0/7; PA17 Range { at_least: 0, at_most: 1, open: 3 } Range { at_least: 0, at_most: 1, open: 3 } 0/4"#]],
        &index,
        &claims,
    );
}

#[test]
fn the_documents_that_the_histories_name_are_all_there() {
    let library = library();
    for id in ["strict", "trusted-tools", "nplf-33020"] {
        assert!(library.rules(&document(id).digest).is_some());
    }
    assert!(library.model(&document("iso-21827-2008").digest).is_some());
}
