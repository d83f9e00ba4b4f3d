//! A log as static files (C2SP tlog-tiles): where its tiles lie, and what they hold.
//!
//! A tile of hashes at level L holds up to 256 hashes of complete subtrees of 256^L leaves; a
//! bundle of entries holds the leaves of a tile at level 0. A tile that is not full yet is partial.

mod edge;
mod verified;

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use gradus_model::Digest;

use crate::error::ProofError;
use crate::plan::{Hashes, Subtree};
use crate::text::decimal;

pub use edge::Edge;
pub use verified::{Tiles, VerifiedTiles};

/// The hashes or entries of a full tile.
pub const WIDTH: u16 = 256;

/// The bytes of an entry at most: its length is written in two.
pub const MOST_ENTRY: usize = 65_535;

/// The levels of the format; a tree of less than 2^64 leaves has 8.
const LEVELS: u8 = 64;

/// What a tile holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Hashes of subtrees of 256^level leaves; a level is at most 63.
    Hashes(u8),
    /// Leaves.
    Entries,
}

impl Kind {
    /// The level of its hashes; leaves lie as their hashes do.
    #[must_use]
    pub const fn level(self) -> u8 {
        match self {
            Self::Hashes(level) => level,
            Self::Entries => 0,
        }
    }
}

/// One file of a log: shown as its path, such as `tile/0/x001/234.p/5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    kind: Kind,
    number: u64,
    /// 1 to 256.
    width: u16,
}

/// What is wrong with a tile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// A path that is not that of a tile.
    #[error("`{0}` is no path of a tile: one such as `tile/0/x001/234.p/5` is needed")]
    Path(String),
    /// A tile that a tree of this size does not have.
    #[error("`{tile}` is no tile of a tree of {size} leaves")]
    Outside {
        /// The tile.
        tile: Tile,
        /// The size of the tree.
        size: u64,
    },
    /// A tile of hashes with another number of bytes than its width calls for.
    #[error("`{tile}` has {given} bytes, and {} are needed", 32 * u32::from(tile.width))]
    Bytes {
        /// The tile.
        tile: Tile,
        /// The bytes it has.
        given: usize,
    },
    /// A bundle that ends within an entry, or goes on after as many as its width calls for.
    #[error("`{tile}` ends or goes on after {given} entries, and {} are needed", tile.width)]
    Entries {
        /// The bundle.
        tile: Tile,
        /// The entries that are whole.
        given: usize,
    },
    /// An entry that a bundle cannot hold.
    #[error("an entry has {0} bytes, and a bundle takes at most 65,535")]
    Long(usize),
    /// A tile that is not the one that the leaves give, or that the tile above it names.
    #[error("`{tile}` is not what was hashed: it differs from leaf {leaf} on")]
    Differs {
        /// The tile.
        tile: Tile,
        /// The first leaf that the first wrong hash is over, or that the wrong entry is.
        leaf: u64,
    },
    /// Fewer leaves than a checkpoint or a proof is over, or more.
    #[error("there are {given} leaves, and {needed} are needed")]
    Leaves {
        /// The leaves there are.
        given: u64,
        /// The leaves it is over.
        needed: u64,
    },
    /// Tiles that lead to another root.
    #[error(transparent)]
    Root(#[from] ProofError),
}

impl Tile {
    /// A tile, full if `width` is 256; none for a width of 0 or above 256, or a level above 63.
    #[must_use]
    pub fn new(kind: Kind, number: u64, width: u16) -> Option<Self> {
        ((1..=WIDTH).contains(&width) && kind.level() < LEVELS).then_some(Self {
            kind,
            number,
            width,
        })
    }

    /// What it holds.
    #[must_use]
    pub const fn kind(self) -> Kind {
        self.kind
    }

    /// Its number among the tiles of its kind, from 0.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.number
    }

    /// The hashes or entries that it holds, 1 to 256.
    #[must_use]
    pub const fn width(self) -> u16 {
        self.width
    }

    /// The tile of that number as a tree of `size` leaves has it, full or partial.
    #[must_use]
    pub fn at(kind: Kind, number: u64, size: u64) -> Option<Self> {
        let before = number.checked_mul(u64::from(WIDTH))?;
        let width = hashes_at(kind.level(), size).checked_sub(before)?.min(u64::from(WIDTH));
        Self::new(kind, number, u16::try_from(width).ok()?)
    }

    /// The tiles of hashes of a tree of `new` leaves that one of `old` leaves does not have, from
    /// the lowest level on; all of them if `old` is 0.
    pub fn grown(old: u64, new: u64) -> impl Iterator<Item = Self> {
        (0..8).flat_map(move |level| Self::grown_at(Kind::Hashes(level), old, new))
    }

    /// The tiles of one kind of a tree of `new` leaves that one of `old` leaves does not have.
    pub fn grown_at(kind: Kind, old: u64, new: u64) -> impl Iterator<Item = Self> {
        let width = u64::from(WIDTH);
        let (before, now) = (hashes_at(kind.level(), old), hashes_at(kind.level(), new));
        let numbers = if before < now { before / width..now.div_ceil(width) } else { 0..0 };
        numbers.filter_map(move |number| Self::at(kind, number, new))
    }

    /// The leaves that its hashes are over; none where they could not be counted.
    #[must_use]
    pub fn leaves(self) -> Range<u64> {
        let (first, last) = (self.subtree(0).leaves(), self.subtree(self.width - 1).leaves());
        if first.is_empty() || last.is_empty() { 0..0 } else { first.start..last.end }
    }

    /// The subtree whose hash is at `place` in this tile; of numbers that no tree reaches, one that
    /// no tree has.
    pub(crate) fn subtree(self, place: u16) -> Subtree {
        let index = self.number.saturating_mul(u64::from(WIDTH)).saturating_add(u64::from(place));
        Subtree { level: 8 * u32::from(self.kind.level()), index }
    }

    /// The hashes of this tile, for a bundle those of its leaves; a [`Tree`](crate::Tree) takes
    /// the leaf hashes of [`Tile::leaves`] for a tile at level 0, and none above.
    ///
    /// # Errors
    ///
    /// What the reader returns.
    pub fn hashes<H: Hashes>(self, reader: &H) -> Result<Vec<Digest>, H::Error> {
        let subtrees = (0..self.width).map(|place| self.subtree(place));
        subtrees.map(|Subtree { level, index }| reader.subtree(level, index)).collect()
    }

    /// The hashes in a tile's bytes; whether they are right is for [`VerifiedTiles`] and
    /// [`Tile::compare`].
    ///
    /// # Errors
    ///
    /// [`TileError::Bytes`] where there are not as many as its width says.
    pub fn read_hashes(self, bytes: &[u8]) -> Result<Vec<Digest>, TileError> {
        let (hashes, rest) = bytes.as_chunks::<32>();
        if hashes.len() == usize::from(self.width) && rest.is_empty() {
            return Ok(hashes.iter().copied().map(Digest).collect());
        }
        Err(TileError::Bytes { tile: self, given: bytes.len() })
    }

    /// The entries in a bundle's bytes.
    ///
    /// # Errors
    ///
    /// [`TileError::Entries`] where there are not as many as its width says, or something besides.
    pub fn read_entries(self, bytes: &[u8]) -> Result<Vec<&[u8]>, TileError> {
        let mut rest = bytes;
        let mut entries = Vec::with_capacity(usize::from(self.width));
        while entries.len() < usize::from(self.width) {
            let Some((entry, after)) = first_entry(rest) else { break };
            entries.push(entry);
            rest = after;
        }
        if entries.len() == usize::from(self.width) && rest.is_empty() {
            return Ok(entries);
        }
        Err(TileError::Entries { tile: self, given: entries.len() })
    }

    /// Checks that hashes that were read are those that were computed.
    ///
    /// # Errors
    ///
    /// [`TileError::Differs`] with the first leaf from which on they are not.
    pub fn compare(self, read: &[Digest], computed: &[Digest]) -> Result<(), TileError> {
        if read == computed {
            return Ok(());
        }
        let same = read.iter().zip(computed).take_while(|(one, other)| one == other).count();
        Err(self.differs(u16::try_from(same).unwrap_or(self.width)))
    }

    /// That this tile is wrong from a place on.
    fn differs(self, place: u16) -> TileError {
        TileError::Differs { tile: self, leaf: self.subtree(place).leaves().start }
    }
}

/// The hashes of all tiles of a level, in a tree of `size` leaves.
fn hashes_at(level: u8, size: u64) -> u64 {
    size.checked_shr(8 * u32::from(level)).unwrap_or(0)
}

/// The entry that bytes begin with, and what follows it.
fn first_entry(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(u16::from_be_bytes(*length).into())
}

/// The bytes of a tile of hashes.
#[must_use]
pub fn hash_bytes(hashes: &[Digest]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// Adds an entry to the bytes of a bundle.
///
/// # Errors
///
/// [`TileError::Long`] for an entry of more than 65,535 bytes.
pub fn add_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> Result<(), TileError> {
    let length = u16::try_from(entry.len()).map_err(|_| TileError::Long(entry.len()))?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

/// The part of a path after the level: groups of three digits, and the width of a partial tile.
#[must_use]
pub fn name(number: u64, width: u16) -> String {
    let mut name = format!("{:03}", number % 1_000);
    let mut rest = number / 1_000;
    while rest > 0 {
        name = format!("x{:03}/{name}", rest % 1_000);
        rest /= 1_000;
    }
    if width < WIDTH { format!("{name}.p/{width}") } else { name }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = name(self.number, self.width);
        match self.kind {
            Kind::Hashes(level) => write!(f, "tile/{level}/{name}"),
            Kind::Entries => write!(f, "tile/entries/{name}"),
        }
    }
}

impl FromStr for Tile {
    type Err = TileError;

    /// Reads a path such as `tile/0/x001/234.p/5`, without anything before or after it.
    fn from_str(text: &str) -> Result<Self, TileError> {
        let wrong = || TileError::Path(text.chars().take(200).collect());
        let read = || {
            let (kind, name) = text.strip_prefix("tile/")?.split_once('/')?;
            let kind = match kind {
                "entries" => Kind::Entries,
                level => Kind::Hashes(u8::try_from(decimal(level)?).ok()?),
            };
            let (number, width) = match name.split_once(".p/") {
                Some((number, width)) => (number, u16::try_from(decimal(width)?).ok()?),
                None => (name, WIDTH),
            };
            let mut read: u64 = 0;
            for group in number.split('/') {
                let digits = group.strip_prefix('x').unwrap_or(group);
                if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                    return None;
                }
                read = read.checked_mul(1_000)?.checked_add(digits.parse().ok()?)?;
            }
            Self::new(kind, read, width)
        };
        // There is one path for a tile, and it is the one that is written.
        read().filter(|tile| tile.to_string() == text).ok_or_else(wrong)
    }
}
