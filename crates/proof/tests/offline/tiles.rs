//! A log as static files: where they lie, what they prove, and that none can be another one.

use std::collections::{BTreeMap, BTreeSet};

use expect_test::{Expect, expect};
use gradus_model::Digest;
use gradus_proof::tiles::{Edge, Kind, MOST_ENTRY, Tile, TileError, Tiles, VerifiedTiles, WIDTH};
use gradus_proof::tiles::{add_entry, hash_bytes};
use gradus_proof::{Plan, RightEdge, empty_root, inclusion, leaf_hash};
use proptest::prelude::*;

use crate::made_up::{leaf, leaf_hashes, prove, root_at, tree};

/// The files of a log.
#[derive(Clone, Debug)]
struct Files(BTreeMap<Tile, Vec<u8>>);

impl Tiles for &Files {
    type Error = TileError;

    fn read(&self, tile: Tile) -> Result<Vec<u8>, TileError> {
        Ok(self.0.get(&tile).cloned().unwrap_or_default())
    }
}

impl Files {
    /// The whole export of a log of `size` leaves, from a replay.
    fn of(size: u64) -> Self {
        let (mut files, mut edge) = (BTreeMap::new(), Edge::new());
        for hash in leaf_hashes(size) {
            let keep = |tile, hashes: &[Digest]| {
                files.insert(tile, hash_bytes(hashes));
                Ok::<_, TileError>(())
            };
            edge.push(hash, keep).unwrap();
        }
        files.extend(edge.partial().map(|(tile, hashes)| (tile, hash_bytes(hashes))));
        for bundle in Tile::grown_at(Kind::Entries, 0, size) {
            let mut bytes = Vec::new();
            for position in bundle.leaves() {
                add_entry(&mut bytes, &leaf(position)).unwrap();
            }
            files.insert(bundle, bytes);
        }
        Self(files)
    }

    /// Replays the bundles, and compares every tile and the root.
    fn audit(&self, size: u64, root: &Digest) -> Result<(), TileError> {
        let mut edge = Edge::new();
        let compare = |tile: Tile, hashes: &[Digest]| {
            tile.compare(&tile.read_hashes(&self.read(tile)?)?, hashes)
        };
        for bundle in Tile::grown_at(Kind::Entries, 0, size) {
            edge.push_entries(bundle, &self.read(bundle)?, compare)?;
        }
        for (tile, hashes) in edge.partial() {
            compare(tile, hashes)?;
        }
        edge.check(size, root)
    }

    fn read(&self, tile: Tile) -> Result<Vec<u8>, TileError> {
        Tiles::read(&self, tile)
    }
}

fn tile(path: &str) -> Tile {
    path.parse().unwrap()
}

#[test]
fn tiles_lie_where_the_specification_says() {
    let path = |kind, number, width| Tile::new(kind, number, width).unwrap().to_string();
    assert_eq!(path(Kind::Hashes(0), 0, 256), "tile/0/000");
    assert_eq!(path(Kind::Hashes(1), 1_234_067, 256), "tile/1/x001/x234/067");
    assert_eq!(path(Kind::Entries, 273, 112), "tile/entries/273.p/112");
    assert_eq!(Tile::new(Kind::Entries, 0, 0), None);
    assert_eq!(Tile::new(Kind::Entries, 0, 257), None);
    assert_eq!(Tile::new(Kind::Hashes(64), 0, 1), None);
    for wrong in [
        "",
        "tile/0",
        "tile/0/",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/0/x001",
        "tile/0/001/002",
        "tile/0/+01",
        "tile/00/001",
        "tile/64/001",
        "tile/entry/001",
        "tile/0/001.p/0",
        "tile/0/001.p/256",
        "tile/0/001.p/07",
        "tile/0/001.p",
        "tile/0/001/",
        "/tile/0/001",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/0/xx01/000",
        "tile/entries/٠٠١",
    ] {
        assert_eq!(wrong.parse::<Tile>(), Err(TileError::Path(wrong.to_owned())));
    }
}

/// The files of a tree: for each level the last full tile and the partial one.
fn shape(size: u64, then: &Expect) {
    let mut last: BTreeMap<(Kind, bool), (usize, Tile)> = BTreeMap::new();
    for tile in Tile::grown(0, size) {
        let of = last.entry((tile.kind(), tile.width() < WIDTH)).or_insert((0, tile));
        *of = (of.0 + 1, tile);
    }
    let lines: Vec<String> =
        last.values().map(|(many, last)| format!("{many}, the last {last}")).collect();
    then.assert_eq(&lines.join("\n"));
}

#[test]
fn trees_have_the_tiles_of_the_specifications_examples() {
    shape(0, &expect![""]);
    shape(
        256,
        &expect![[r#"
            1, the last tile/0/000
            1, the last tile/1/000.p/1"#]],
    );
    shape(
        70_000,
        &expect![[r#"
            273, the last tile/0/272
            1, the last tile/0/273.p/112
            1, the last tile/1/000
            1, the last tile/1/001.p/17
            1, the last tile/2/000.p/1"#]],
    );
    assert_eq!(Tile::grown(u64::MAX - 1, u64::MAX).count(), 1);
    let top = Tile::at(Kind::Hashes(7), 0, u64::MAX).unwrap();
    assert_eq!((top.to_string().as_str(), top.leaves()), ("tile/7/000.p/255", 0..255 << 56));
    assert!(tile("tile/63/001").leaves().is_empty());
    assert_eq!(Tile::at(Kind::Hashes(63), 0, u64::MAX), None);
}

#[test]
fn a_replay_gives_the_root_and_the_tiles_of_every_size() {
    let (mut edge, mut plain) = (Edge::new(), RightEdge::new());
    assert_eq!(edge.root(), empty_root());
    for (size, hash) in (1..).zip(leaf_hashes(1_000)) {
        edge.push(hash, |_, _| Ok::<_, TileError>(())).unwrap();
        plain.push(hash);
        assert_eq!((edge.size(), edge.root()), (size, plain.root()));
        assert_eq!(Edge::of(size, edge.levels().to_vec()), Some(edge.clone()));
        assert_eq!(Edge::of(size + 1, edge.levels().to_vec()), None);
    }
    let tree = tree(1_000);
    for tile in Tile::grown(0, 1_000) {
        let mut leaves = gradus_proof::LeafHashes::new();
        if tile.kind() == Kind::Hashes(0) {
            leaves.add(tile.leaves().start, tile.leaves().map(|at| leaf_hash(&leaf(at))));
        }
        let hashes = tile.hashes(&tree.with(&leaves)).unwrap();
        assert_eq!(tile.read_hashes(&Files::of(1_000).0[&tile]), Ok(hashes));
    }
}

#[test]
fn an_export_is_audited_from_its_entries_and_read_from_its_hashes() {
    for size in [0, 1, 255, 256, 257, 700, 65_536, 66_000] {
        let (files, tree) = (Files::of(size), tree(size));
        let root = tree.root();
        files.audit(size, &root).unwrap();
        let verified = VerifiedTiles::open(size, &root, &files).unwrap();
        assert_eq!(verified.size(), size);
        for bundle in Tile::grown_at(Kind::Entries, 0, size).step_by(7) {
            let leaves: Vec<Vec<u8>> = bundle.leaves().map(leaf).collect();
            assert_eq!(verified.entries(bundle), Ok(leaves));
        }
        for index in [0, 1, 254, 255, 256, 300, 65_535, 65_999] {
            if index < size {
                let proof = prove(&tree, &Plan::inclusion(index, size).unwrap());
                assert_eq!(inclusion(index, size, &verified).ok(), proof.ok(), "{index} of {size}");
            }
        }
    }
}

#[test]
fn a_byte_changed_in_any_tile_is_found_where_it_is() {
    let (size, good) = (700, Files::of(700));
    let root = root_at(&tree(size), size);
    for (changed, bytes) in &good.0 {
        for at in (0..bytes.len()).step_by(61) {
            let mut files = good.clone();
            files.0.get_mut(changed).unwrap()[at] ^= 0x10;
            let audited = files.audit(size, &root).unwrap_err();
            // What a byte of a tile is over; lengths in a bundle may hide where they are wrong.
            let place = at / 32;
            let covers = 256_u64.pow(changed.kind().level().into());
            let first = changed.leaves().start + covers * place as u64;
            match audited {
                TileError::Differs { tile, leaf } if changed.kind() != Kind::Entries => {
                    assert_eq!((tile, leaf), (*changed, first));
                }
                TileError::Differs { tile, leaf } => {
                    assert_eq!(tile.kind(), Kind::Hashes(0));
                    assert!(changed.leaves().contains(&leaf), "{changed} at {at}: leaf {leaf}");
                }
                TileError::Entries { tile, .. } => assert_eq!(tile, *changed),
                other => panic!("{changed} at {at}: {other}"),
            }
            let read = VerifiedTiles::open(size, &root, &files)
                .and_then(|verified| match changed.kind() {
                    Kind::Entries => verified.entries(*changed).map(|_| ()),
                    Kind::Hashes(_) => verified.hashes(*changed).map(|_| ()),
                })
                .unwrap_err();
            match read {
                TileError::Differs { tile, leaf } => {
                    assert_eq!(tile, *changed);
                    assert!(changed.leaves().contains(&leaf));
                }
                TileError::Root(_) => assert!(changed.width() < WIDTH, "{changed}"),
                TileError::Entries { tile, .. } => assert_eq!(tile, *changed),
                other => panic!("{changed} at {at}: {other}"),
            }
        }
    }
}

#[test]
fn no_flipped_byte_passes_in_a_tree_of_seventy_thousand() {
    // What the reader of tiles in Go and its kin let through (CVE-2026-56865).
    let (size, good) = (70_000, Files::of(70_000));
    let root = tree(size).root();
    let mut files = good.clone();
    for (number, changed) in good.0.keys().filter(|tile| tile.kind() != Kind::Entries).enumerate() {
        let at = (number * 97) % (32 * usize::from(changed.width()));
        files.0.get_mut(changed).unwrap()[at] ^= 1;
        let leaf =
            changed.leaves().start + 256_u64.pow(changed.kind().level().into()) * (at as u64 / 32);
        let proved = VerifiedTiles::open(size, &root, &files)
            .and_then(|verified| inclusion(leaf, size, &verified).map(|_| ()));
        let direct =
            VerifiedTiles::open(size, &root, &files).and_then(|verified| verified.hashes(*changed));
        assert!(direct.is_err(), "{changed}");
        if changed.kind() == Kind::Hashes(0) {
            // The proof takes hashes of this tile, whichever leaf of it is asked for.
            assert!(proved.is_err(), "{changed}");
        }
        files.0.get_mut(changed).unwrap()[at] ^= 1;
    }
}

#[test]
fn tiles_of_another_size_or_form_are_refused() {
    let files = Files::of(300);
    let root = tree(300).root();
    let refused = |error: TileError, then: Expect| then.assert_eq(&error.to_string());
    let open = |size, root| VerifiedTiles::open(size, root, &files).unwrap_err();
    refused(open(299, &root), expect!["`tile/0/001.p/43` has 0 bytes, and 1376 are needed"]);
    assert!(matches!(open(300, &empty_root()), TileError::Root(_)));
    let verified = VerifiedTiles::open(300, &root, &files).unwrap();
    for wrong in [
        "tile/0/001",
        "tile/0/002.p/1",
        "tile/1/000.p/2",
        "tile/2/000.p/1",
        "tile/entries/001.p/43",
    ] {
        let outside = TileError::Outside { tile: tile(wrong), size: 300 };
        assert_eq!(verified.hashes(tile(wrong)), Err(outside));
    }
    refused(
        inclusion(0, 301, &verified).unwrap_err(),
        expect!["there are 300 leaves, and 301 are needed"],
    );
    let mut edge = Edge::new();
    let mut push = |bundle: &str, bytes: &[u8]| {
        edge.push_entries(tile(bundle), bytes, |_, _| Ok::<_, TileError>(())).unwrap_err()
    };
    refused(
        push("tile/entries/001.p/2", &[0, 0, 0, 0]),
        expect!["`tile/entries/001.p/2` is no tile of a tree of 0 leaves"],
    );
    refused(
        push("tile/0/000.p/2", &[0, 0, 0, 0]),
        expect!["`tile/0/000.p/2` is no tile of a tree of 0 leaves"],
    );
    for bytes in [&[][..], &[0, 0], &[0, 0, 0], &[0, 0, 0, 1], &[0, 0, 0, 0, 0]] {
        let error = push("tile/entries/000.p/2", bytes);
        assert!(matches!(error, TileError::Entries { .. }), "{error}");
    }
    refused(
        push("tile/entries/000.p/2", &[0, 1, 7]),
        expect!["`tile/entries/000.p/2` ends or goes on after 1 entries, and 2 are needed"],
    );
    refused(
        Edge::new().check(1, &empty_root()).unwrap_err(),
        expect!["there are 0 leaves, and 1 are needed"],
    );
    let long = add_entry(&mut Vec::new(), &vec![0; MOST_ENTRY + 1]).unwrap_err();
    refused(long, expect!["an entry has 65536 bytes, and a bundle takes at most 65,535"]);
    let mut bundle = Vec::new();
    add_entry(&mut bundle, &vec![7; MOST_ENTRY]).unwrap();
    assert_eq!(tile("tile/entries/000.p/1").read_entries(&bundle).unwrap(), [&bundle[2..]]);
}

proptest! {
    #[test]
    fn a_path_is_read_back_as_it_was_written(level in 0_u8..65, number: u64, width in 1_u16..257) {
        let kind = if level == 64 { Kind::Entries } else { Kind::Hashes(level) };
        let tile = Tile::new(kind, number, width).unwrap();
        prop_assert_eq!(tile.to_string().parse::<Tile>(), Ok(tile));
        let _ = tile.leaves();
        prop_assert_eq!(Tile::at(kind, number, tile.leaves().end).is_some(), !tile.leaves().is_empty());
    }

    #[test]
    fn a_text_is_the_path_of_one_tile_or_of_none(text in "tile/(entries|[0-9]{1,3})(/x?[0-9]{0,4}){0,4}(\\.p/[0-9]{0,4})?") {
        if let Ok(tile) = text.parse::<Tile>() {
            prop_assert_eq!(tile.to_string(), text);
        }
    }

    #[test]
    fn a_log_that_grows_writes_each_tile_once(old in 0_u64..70_000, more in 0_u64..70_000) {
        let new = old + more;
        let all = |from, to| Tile::grown(from, to).collect::<BTreeSet<Tile>>();
        let (before, grown, now) = (all(0, old), all(old, new), all(0, new));
        prop_assert!(grown.is_subset(&now) && grown.is_disjoint(&before));
        prop_assert!(now.difference(&before).all(|tile| grown.contains(tile)));
    }

    #[test]
    fn bytes_are_a_bundle_or_are_refused(
        width in 1_u16..257, bytes in prop::collection::vec(prop_oneof![3 => Just(0), 1 => 0_u8..9], 0..600),
    ) {
        let bundle = Tile::new(Kind::Entries, 0, width).unwrap();
        if let Ok(entries) = bundle.read_entries(&bytes) {
            let mut again = Vec::new();
            for entry in &entries {
                add_entry(&mut again, entry).unwrap();
            }
            prop_assert_eq!((entries.len(), again), (usize::from(width), bytes.clone()));
        }
        prop_assert_eq!(bundle.read_hashes(&bytes).is_ok(), bytes.len() == 32 * usize::from(width));
    }
}

#[test]
fn a_tile_is_planned_like_a_proof_and_has_the_hashes_of_the_replay() {
    for size in [1, 31, 255, 256, 257, 600, 70_000] {
        let tree = tree(size);
        let mut edge = Edge::new();
        let mut replayed = BTreeMap::new();
        for hash in leaf_hashes(size) {
            let kept = |tile: Tile, hashes: &[Digest]| -> Result<(), TileError> {
                replayed.insert(tile, hashes.to_vec());
                Ok(())
            };
            edge.push(hash, kept).unwrap();
        }
        replayed.extend(edge.partial().map(|(tile, hashes)| (tile, hashes.to_vec())));
        assert_eq!(replayed.len(), Tile::grown(0, size).count());
        for (tile, hashes) in replayed {
            assert_eq!(prove(&tree, &Plan::tile(tile)).unwrap(), hashes, "{tile} of {size}");
        }
    }
}
