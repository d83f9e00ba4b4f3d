//! Change points as bytes: few of them in place, many in blocks that revisions share.
//!
//! Where a block ends follows from the instants in it, so a point that comes late changes one
//! block and leaves those after it as they are. A list of many blocks lies in blocks itself, so
//! that a revision of a course with ten thousand points names a handful.

use std::fmt;

use gradus_domain::steps::Steps;
use gradus_model::Timestamp;
use sha2::{Digest as _, Sha256};

use super::bytes::{Rest, put, put_gap};
use super::part::Value;
use super::{Fault, OrDamaged};

/// Blocks that a part names in place.
const MOST_NAMED: usize = 8;
/// Points, or names of blocks, in a block at most.
const MOST_IN_BLOCK: usize = 256;
/// One in so many points is the last of its block, and one in so many names.
const POINTS: u64 = 64;
const NAMES: u64 = 32;
/// A course with more levels than this is not one that was written.
const MOST_HEIGHT: u64 = 8;

/// The name of a block: the first half of the SHA-256 of its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BlockId(pub [u8; 16]);

impl fmt::Display for BlockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&gradus_model::ids::hex(&self.0))
    }
}

impl BlockId {
    fn of(bytes: &[u8]) -> Self {
        let hash: [u8; 32] = Sha256::digest(bytes).into();
        let mut id = [0; 16];
        id.copy_from_slice(hash.first_chunk::<16>().unwrap_or(&[0; 16]));
        Self(id)
    }
}

/// Whether bytes are those that a block's name says.
pub(crate) fn is_named(id: BlockId, bytes: &[u8]) -> bool {
    BlockId::of(bytes) == id
}

/// Where blocks are read from.
pub(crate) trait Blocks {
    /// The bytes of a block.
    fn block(&self, id: BlockId) -> Result<Vec<u8>, Fault>;
}

/// A block, by the first instant in it.
type Named = (Timestamp, BlockId);

/// Writes a function in place.
pub(super) fn put_in_place<V: Value>(bytes: &mut Vec<u8>, steps: &Steps<V>) {
    put(bytes, steps.first().beside());
    steps.first().put_rest(bytes);
    put_points(bytes, steps.changes());
}

/// Writes a function as the names of blocks, which `keep` takes.
pub(super) fn put_in_blocks<V: Value>(
    bytes: &mut Vec<u8>,
    steps: &Steps<V>,
    keep: &mut dyn FnMut(BlockId, Vec<u8>),
) {
    let mut block = |first: Timestamp, bytes: Vec<u8>| -> Named {
        let id = BlockId::of(&bytes);
        keep(id, bytes);
        (first, id)
    };
    let mut named: Vec<Named> = Vec::new();
    for points in chunks(steps.changes(), POINTS, |(instant, _)| *instant) {
        let Some((first, _)) = points.first() else { continue };
        let mut bytes = Vec::new();
        put_points(&mut bytes, points);
        named.push(block(*first, bytes));
    }
    let mut height = 1;
    while named.len() > MOST_NAMED && height < MOST_HEIGHT {
        let mut above = Vec::new();
        for names in chunks(&named, NAMES, |(instant, _)| instant.plus_micros(height.cast_signed()))
        {
            let Some((first, _)) = names.first() else { continue };
            let mut bytes = Vec::new();
            put_names(&mut bytes, names);
            above.push(block(*first, bytes));
        }
        named = above;
        height += 1;
    }
    put(bytes, steps.first().beside());
    steps.first().put_rest(bytes);
    put(bytes, height);
    put_names(bytes, &named);
}

fn put_points<V: Value>(bytes: &mut Vec<u8>, points: &[(Timestamp, V)]) {
    let mut before = Timestamp::MIN;
    for (instant, value) in points {
        put_gap(bytes, before, *instant, value.beside(), V::BITS);
        value.put_rest(bytes);
        before = *instant;
    }
}

fn put_names(bytes: &mut Vec<u8>, names: &[Named]) {
    let mut before = Timestamp::MIN;
    for (instant, id) in names {
        put_gap(bytes, before, *instant, 0, 0);
        bytes.extend_from_slice(&id.0);
        before = *instant;
    }
}

/// Cuts a list after one in `share` of its entries, by their instants.
fn chunks<T>(all: &[T], share: u64, instant: impl Fn(&T) -> Timestamp) -> Vec<&[T]> {
    let mut chunks = Vec::new();
    let (mut begin, mut end) = (0, 0);
    for one in all {
        end += 1;
        let mixed = mixed(instant(one).micros().cast_unsigned());
        if mixed.is_multiple_of(share) || end - begin == MOST_IN_BLOCK {
            chunks.extend(all.get(begin..end));
            begin = end;
        }
    }
    chunks.extend(all.get(begin..).filter(|rest| !rest.is_empty()));
    chunks
}

/// A number that depends on every bit of another one (the mixer of `SplitMix64`).
const fn mixed(number: u64) -> u64 {
    let mixed = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn first<V: Value>(rest: &mut Rest<'_>) -> Option<V> {
    let beside = rest.number()?;
    if beside >> V::BITS != 0 {
        return None;
    }
    V::read(beside, rest)
}

fn point<V: Value>(rest: &mut Rest<'_>, before: Timestamp) -> Option<(Timestamp, V)> {
    let (instant, beside) = rest.gap(before, V::BITS)?;
    Some((instant, V::read(beside, rest)?))
}

fn name(rest: &mut Rest<'_>, before: Timestamp) -> Option<Named> {
    let (instant, _) = rest.gap(before, 0)?;
    Some((instant, BlockId(rest.array()?)))
}

/// The value that a function written in place has at an instant.
pub(super) fn at_in_place<V: Value>(bytes: &[u8], at: Timestamp) -> Result<V, Fault> {
    let mut rest = Rest(bytes);
    let first = first(&mut rest).or_damaged("a first value cannot be read")?;
    Ok(last_point(rest, at)?.unwrap_or(first))
}

/// The last of some points up to an instant.
fn last_point<V: Value>(mut rest: Rest<'_>, at: Timestamp) -> Result<Option<V>, Fault> {
    let (mut before, mut last) = (Timestamp::MIN, None);
    while !rest.is_empty() {
        let (instant, value) = point(&mut rest, before).or_damaged("a change cannot be read")?;
        if instant > at {
            break;
        }
        (before, last) = (instant, Some(value));
    }
    Ok(last)
}

/// The value that a function written in blocks has at an instant.
pub(super) fn at_in_blocks<V: Value>(
    bytes: &[u8],
    at: Timestamp,
    blocks: &dyn Blocks,
) -> Result<V, Fault> {
    let mut rest = Rest(bytes);
    let first = first(&mut rest).or_damaged("a first value cannot be read")?;
    let height = height(&mut rest)?;
    let mut names = rest.0.to_vec();
    for _ in 0..height {
        let Some(id) = last_name(Rest(&names), at)? else { return Ok(first) };
        names = blocks.block(id)?;
    }
    Ok(last_point(Rest(&names), at)?.unwrap_or(first))
}

fn last_name(mut rest: Rest<'_>, at: Timestamp) -> Result<Option<BlockId>, Fault> {
    let (mut before, mut last) = (Timestamp::MIN, None);
    while !rest.is_empty() {
        let (instant, id) = name(&mut rest, before).or_damaged("a block's name cannot be read")?;
        if instant > at {
            break;
        }
        (before, last) = (instant, Some(id));
    }
    Ok(last)
}

fn height(rest: &mut Rest<'_>) -> Result<u64, Fault> {
    let height = rest.number().filter(|height| (1..=MOST_HEIGHT).contains(height));
    height.or_damaged("the height of a list of blocks is wrong")
}

/// The whole function that was written in place.
pub(super) fn in_place<V: Value>(bytes: &[u8]) -> Result<Steps<V>, Fault> {
    let mut rest = Rest(bytes);
    let first = first(&mut rest).or_damaged("a first value cannot be read")?;
    let mut steps = Steps::always(first);
    add_points(&mut steps, Timestamp::MIN, rest)?;
    Ok(steps)
}

/// The whole function that was written in blocks.
pub(super) fn in_blocks<V: Value>(bytes: &[u8], blocks: &dyn Blocks) -> Result<Steps<V>, Fault> {
    let mut rest = Rest(bytes);
    let first = first(&mut rest).or_damaged("a first value cannot be read")?;
    let height = height(&mut rest)?;
    let mut named = Vec::new();
    add_names(&mut named, rest)?;
    for _ in 1..height {
        let mut below = Vec::new();
        for (first, id) in named {
            let from = below.len();
            add_names(&mut below, Rest(&blocks.block(id)?))?;
            begins(below.get(from).map(|(instant, _)| *instant), first)?;
        }
        named = below;
    }
    let mut steps = Steps::always(first);
    for (first, id) in named {
        let from = steps.changes().len();
        let last = steps.changes().last().map_or(Timestamp::MIN, |(instant, _)| *instant);
        add_points(&mut steps, last, Rest(&blocks.block(id)?))?;
        begins(steps.changes().get(from).map(|(instant, _)| *instant), first)?;
    }
    Ok(steps)
}

fn begins(seen: Option<Timestamp>, named: Timestamp) -> Result<(), Fault> {
    (seen == Some(named)).then_some(()).or_damaged("a block begins elsewhere than its name says")
}

fn add_names(named: &mut Vec<Named>, mut rest: Rest<'_>) -> Result<(), Fault> {
    let mut before = Timestamp::MIN;
    while !rest.is_empty() {
        let next = name(&mut rest, before).or_damaged("a block's name cannot be read")?;
        before = next.0;
        named.push(next);
    }
    Ok(())
}

/// Adds points that lie after `last`; each is told from the one before it among them.
fn add_points<V: Value>(
    steps: &mut Steps<V>,
    last: Timestamp,
    mut rest: Rest<'_>,
) -> Result<(), Fault> {
    let mut before = Timestamp::MIN;
    while !rest.is_empty() {
        let (instant, value) = point(&mut rest, before).or_damaged("a change cannot be read")?;
        let changes = instant > last && *steps.last() != value;
        changes.then_some(()).or_damaged("a change changes nothing")?;
        steps.then(instant, value);
        before = instant;
    }
    Ok(())
}
