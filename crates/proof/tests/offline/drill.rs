//! The tamper drill over a log of 10,000 records: one byte changed in each record, tile, note and row,
//! one at a time, each found and named with its position.
//!
//! `GRADUS_DRILL` says how many records; the whole takes a minute or two in a debug build.

use std::collections::BTreeMap;

use gradus_model::event::StateDigestRecorded;
use gradus_model::{Digest, UnitId};
use gradus_proof::state::{rows_root, verify_row};
use gradus_proof::tiles::{Edge, Kind, Tile, TileError, add_entry, hash_bytes};
use gradus_proof::{Checkpoint, LeafHashes, Note, Plan, Row, Tree};

use crate::made_up::{cosigned, leaf, leaf_hashes, policy, root_at, signer, tree};

fn count() -> u64 {
    std::env::var("GRADUS_DRILL").map_or(1_300, |count| count.parse().unwrap())
}

/// The bundles and tiles of a log.
struct Files {
    size: u64,
    entries: BTreeMap<Tile, Vec<u8>>,
    hashes: BTreeMap<Tile, Vec<u8>>,
}

impl Files {
    fn of(size: u64) -> Self {
        let (mut hashes, mut edge) = (BTreeMap::new(), Edge::new());
        for hash in leaf_hashes(size) {
            let keep = |tile, of: &[Digest]| {
                hashes.insert(tile, hash_bytes(of));
                Ok::<_, TileError>(())
            };
            edge.push(hash, keep).unwrap();
        }
        hashes.extend(edge.partial().map(|(tile, of)| (tile, hash_bytes(of))));
        let bundle = |bundle: Tile| {
            let mut bytes = Vec::new();
            for position in bundle.leaves() {
                add_entry(&mut bytes, &leaf(position)).unwrap();
            }
            (bundle, bytes)
        };
        let entries = Tile::grown_at(Kind::Entries, 0, size).map(bundle).collect();
        Self { size, entries, hashes }
    }

    /// Replays the records, and compares every tile and the root: the first thing that is wrong.
    fn audit(&self, root: &Digest) -> Result<(), TileError> {
        let mut edge = Edge::new();
        let compare = |tile: Tile, computed: &[Digest]| {
            let bytes = self.hashes.get(&tile).map_or(&[][..], Vec::as_slice);
            tile.compare(&tile.read_hashes(bytes)?, computed)
        };
        for (bundle, bytes) in &self.entries {
            edge.push_entries(*bundle, bytes, compare)?;
        }
        for (tile, hashes) in edge.partial() {
            compare(tile, hashes)?;
        }
        edge.check(self.size, root)
    }
}

/// The leaf that a refusal names.
fn named(found: Result<(), TileError>) -> u64 {
    match found {
        Err(TileError::Differs { leaf, .. }) => leaf,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_byte_changed_in_any_record_is_found_and_its_position_is_named() {
    let size = count();
    let mut files = Files::of(size);
    let root = root_at(&tree(size), size);
    files.audit(&root).unwrap();
    let bundles: Vec<Tile> = files.entries.keys().copied().collect();
    for bundle in bundles {
        let mut from = 0;
        for position in bundle.leaves() {
            let length = leaf(position).len();
            let at = from + 2 + usize::try_from(position).unwrap() * 31 % length;
            files.entries.get_mut(&bundle).unwrap()[at] ^= 1 << (position % 8);
            // All bundles of a long log are replayed for some records, else the bundle of the record.
            let found = if position.is_multiple_of(size / 40 + 1) {
                files.audit(&root)
            } else {
                alone(&files, bundle)
            };
            assert_eq!(named(found), position);
            files.entries.get_mut(&bundle).unwrap()[at] ^= 1 << (position % 8);
            from += 2 + length;
        }
    }
    files.audit(&root).unwrap();
}

/// The records of one bundle against the tile of their hashes.
fn alone(files: &Files, bundle: Tile) -> Result<(), TileError> {
    let tile: Tile = bundle.to_string().replace("tile/entries/", "tile/0/").parse().unwrap();
    let entries = bundle.read_entries(&files.entries[&bundle])?;
    let computed: Vec<Digest> =
        entries.iter().map(|entry| gradus_proof::leaf_hash(entry)).collect();
    tile.compare(&tile.read_hashes(&files.hashes[&tile])?, &computed)
}

#[test]
fn a_byte_changed_in_any_tile_is_found_and_what_it_is_over_is_named() {
    let size = count();
    let mut files = Files::of(size);
    let root = root_at(&tree(size), size);
    let tiles: Vec<Tile> = files.hashes.keys().copied().collect();
    for tile in tiles {
        let width = files.hashes[&tile].len() / 32;
        for place in [0, width / 2, width - 1] {
            let at = place * 32 + place % 32;
            files.hashes.get_mut(&tile).unwrap()[at] ^= 1;
            let first = tile.leaves().start;
            let over = (tile.leaves().end - first).div_ceil(width as u64);
            let wrong = named(files.audit(&root));
            assert_eq!(wrong, first + place as u64 * over.next_power_of_two(), "{tile} {place}");
            files.hashes.get_mut(&tile).unwrap()[at] ^= 1;
        }
    }
}

#[test]
fn a_byte_changed_in_any_note_is_refused() {
    for size in (1..=count()).step_by(usize::try_from(count() / 20).unwrap()) {
        let good = cosigned(size, &[1, 2]).to_bytes();
        let key = signer().verifier().clone();
        for at in 0..good.len() {
            let mut changed = good.clone();
            changed[at] ^= 1 << (at % 8);
            let note = Note::parse(&changed);
            let is_taken = |note: &Note| {
                Checkpoint::open(note, &key).is_ok() && policy().require(note).is_ok()
            };
            assert!(!note.as_ref().is_ok_and(is_taken), "byte {at} of the note of {size}");
        }
    }
}

#[test]
fn a_byte_changed_in_any_row_is_refused() {
    let row = |number: u64| {
        let mut stream = [7; 16];
        stream[..8].copy_from_slice(&number.to_be_bytes());
        let (head, projection) = (gradus_proof::leaf_hash(&stream), Digest([2; 32]));
        Row { stream: UnitId(stream), version: number * 37, head, projection }
    };
    let rows: Vec<Row> = (0..count()).map(row).collect();
    let hashes: Vec<Digest> = rows.iter().map(Row::hash).collect();
    let mut tree = Tree::new();
    tree.extend(hashes.clone());
    let said =
        StateDigestRecorded { size: 1 << 40, root: rows_root(&rows), rows: count(), projector: 2 };
    for (index, row) in (0..).zip(&rows) {
        let plan = Plan::inclusion(index, count()).unwrap();
        let mut leaves = LeafHashes::new();
        for range in plan.leaves() {
            let of = range.clone().map(|at| hashes[usize::try_from(at).unwrap()]);
            leaves.add(range.start, of);
        }
        let proof = tree.prove(&plan, &leaves).unwrap();
        let good = row.to_bytes();
        verify_row(&said, row.stream, &good, index, &proof).unwrap();
        let mut changed = good.clone();
        let at = usize::try_from(index).unwrap() * 31 % good.len();
        changed[at] ^= 1 << (index % 8);
        assert!(verify_row(&said, row.stream, &changed, index, &proof).is_err(), "row {index}");
        // Nor is it the row of another place.
        assert!(verify_row(&said, row.stream, &good, index ^ 1, &proof).is_err(), "row {index}");
    }
}
