//! The bytes of a held attachment, sealed.
//!
//! All numbers are big-endian:
//!
//! | at | bytes | content |
//! |---|---|---|
//! | 0 | 18 | `gradus-attachment` and a line feed, in ASCII |
//! | 18 | 2 | format, 1 |
//! | 20 | 8 | number of its key in the unit's key tree, from 2^39 ([`FIRST`]) |
//! | 28 | 16 | random |
//! | 44 | | the pieces |
//!
//! The attachment is cut into pieces of 65,536 bytes, of which the last one may be shorter, and is empty
//! only if the attachment is. Each is encrypted with XChaCha20-Poly1305 under the key of that number
//! ([`crate::keys`]) and followed by its tag of 16 bytes. Its nonce is the 16 random bytes and the
//! piece's number from 0 in 8 bytes, of which the last piece sets the first bit, so that none can be
//! left out, added or put elsewhere. The associated data are `gradus/v1/attachment` in ASCII, log id,
//! unit id and number: the bytes belong to one log, unit and key.

use std::fs::File;
use std::io::{self, Read as _, Write as _};

use gradus_model::{Digest, LogId, UnitId};
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize as _, Zeroizing};

use crate::cipher::{KEY, NONCE, TAG, decrypt, encrypt};
use crate::keys::RecordKey;

/// The first number in a unit's key tree that is of an attachment: no stream gets that far.
pub const FIRST: u64 = 1 << 39;
/// The bytes of a piece.
pub(super) const PIECE: usize = 1 << 16;
/// The random bytes.
pub(super) const RANDOM: usize = 16;

const MAGIC: &[u8; 18] = b"gradus-attachment\n";
const FORMAT: u16 = 1;
const HEADER: usize = 18 + 2 + 8 + RANDOM;
const LABEL: &[u8] = b"gradus/v1/attachment";
const LAST: u64 = 1 << 63;

/// Bytes that are no attachment of the unit, or a file that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The system refused.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Not what this format writes.
    #[error("{0}")]
    Content(&'static str),
    /// Written by a newer version.
    #[error("it has format {seen}, this version reads format {FORMAT}: use a newer one")]
    Format {
        /// The format it says.
        seen: u16,
    },
    /// Other bytes than its name says.
    #[error("its content hashes to {seen}")]
    Digest {
        /// What its content hashes to.
        seen: Digest,
    },
}

/// Whose attachment it is: the log, the unit and the number of its key.
pub(super) type Place = (LogId, UnitId, u64);

/// What a file begins with.
pub(super) struct Header {
    pub(super) number: u64,
    random: [u8; RANDOM],
}

impl Header {
    /// Reads the beginning of a file.
    pub(super) fn read(file: &mut File) -> Result<Self, Broken> {
        let mut bytes = [0; HEADER];
        file.read_exact(&mut bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Broken::Content("it is cut short"),
            _ => Broken::Io(error),
        })?;
        let none = Broken::Content("it does not begin with `gradus-attachment`");
        let rest = bytes.strip_prefix(MAGIC).ok_or(none)?;
        let cut = || Broken::Content("it is cut short");
        let (format, rest) = rest.split_first_chunk().ok_or_else(cut)?;
        let (number, rest) = rest.split_first_chunk().ok_or_else(cut)?;
        let (random, _) = rest.split_first_chunk().ok_or_else(cut)?;
        let (seen, number) = (u16::from_be_bytes(*format), u64::from_be_bytes(*number));
        if seen != FORMAT {
            return Err(Broken::Format { seen });
        }
        if number < FIRST {
            return Err(Broken::Content("its key is none of an attachment"));
        }
        Ok(Self { number, random: *random })
    }
}

struct Cipher {
    key: Zeroizing<[u8; KEY]>,
    associated: Vec<u8>,
    random: [u8; RANDOM],
    pieces: u64,
}

impl Cipher {
    fn new(key: &RecordKey, (log, unit, number): Place, random: [u8; RANDOM]) -> Self {
        let associated = [LABEL, &log.0, &unit.0, &number.to_be_bytes()].concat();
        Self { key: Zeroizing::new(*key.bytes()), associated, random, pieces: 0 }
    }

    /// The nonce of the next piece.
    fn nonce(&mut self, last: bool) -> [u8; NONCE] {
        let number = self.pieces | if last { LAST } else { 0 };
        self.pieces += 1;
        let mut nonce = [0; NONCE];
        let (random, rest) = nonce.split_at_mut(RANDOM);
        random.copy_from_slice(&self.random);
        rest.copy_from_slice(&number.to_be_bytes());
        nonce
    }
}

/// Seals an attachment as it comes in.
pub(super) struct Sealer {
    file: File,
    cipher: Cipher,
    /// What did not fill a piece yet.
    piece: Zeroizing<Vec<u8>>,
    hash: Sha256,
    bytes: u64,
}

impl Sealer {
    pub(super) fn begin(
        mut file: File,
        key: &RecordKey,
        place: Place,
        random: [u8; RANDOM],
    ) -> io::Result<Self> {
        let (_, _, number) = place;
        let number = number.to_be_bytes();
        file.write_all(&[MAGIC.as_slice(), &FORMAT.to_be_bytes(), &number, &random].concat())?;
        let piece = Zeroizing::new(Vec::with_capacity(PIECE));
        let cipher = Cipher::new(key, place, random);
        Ok(Self { file, cipher, piece, hash: Sha256::new(), bytes: 0 })
    }

    /// The bytes so far.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn push(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        while !bytes.is_empty() {
            // A full piece is written when more comes: the last one is marked.
            if self.piece.len() == PIECE {
                self.write(false)?;
            }
            let room = bytes.len().min(PIECE - self.piece.len());
            let (now, later) = bytes.split_at(room);
            self.piece.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    fn write(&mut self, last: bool) -> io::Result<()> {
        let nonce = self.cipher.nonce(last);
        let Cipher { key, associated, .. } = &self.cipher;
        let tag = encrypt(key, &nonce, associated, &mut self.piece);
        let tag = tag.map_err(|_| io::Error::other("a piece cannot be encrypted"))?;
        self.file.write_all(&self.piece)?;
        self.file.write_all(&tag)?;
        self.piece.clear();
        Ok(())
    }

    /// Writes the last piece; the file is not synced yet.
    pub(super) fn finish(mut self) -> io::Result<(File, Digest, u64)> {
        self.write(true)?;
        let digest = Digest(self.hash.clone().finalize().into());
        Ok((self.file, digest, self.bytes))
    }
}

/// Opens an attachment piece by piece.
#[derive(Debug)]
pub(super) struct Opener {
    file: File,
    cipher: CipherBox,
    /// Sealed bytes that were not read yet.
    left: u64,
    over: bool,
    hash: Sha256,
    bytes: u64,
}

/// A cipher, of which nothing is told.
struct CipherBox(Cipher);

impl std::fmt::Debug for CipherBox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cipher(..)")
    }
}

impl Opener {
    /// A file whose header was read, and the key that it names.
    pub(super) fn new(
        file: File,
        header: &Header,
        key: &RecordKey,
        (log, unit): (LogId, UnitId),
    ) -> Result<Self, Broken> {
        let length = file.metadata()?.len();
        let bytes = content(length).ok_or(Broken::Content("it is cut short"))?;
        let cipher = Cipher::new(key, (log, unit, header.number), header.random);
        let left = length.saturating_sub(HEADER as u64);
        let hash = Sha256::new();
        Ok(Self { file, cipher: CipherBox(cipher), left, over: false, hash, bytes })
    }

    /// The bytes of the attachment.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next piece; none after the last one.
    pub(super) fn next(&mut self) -> Result<Option<Vec<u8>>, Broken> {
        if self.over {
            return Ok(None);
        }
        let length = usize::try_from(self.left).unwrap_or(usize::MAX).min(PIECE + TAG);
        self.left = self.left.saturating_sub(length as u64);
        self.over = self.left == 0;
        let mut piece = vec![0; length];
        self.file.read_exact(&mut piece)?;
        let nonce = self.cipher.0.nonce(self.over);
        let wrong = || Broken::Content("a piece does not open: its bytes or the key are others");
        let (text, tag) = piece.split_last_chunk_mut::<TAG>().ok_or_else(wrong)?;
        let Cipher { key, associated, .. } = &self.cipher.0;
        let opened = decrypt(key, &nonce, associated, text, *tag);
        if opened.is_err() {
            piece.zeroize();
            return Err(wrong());
        }
        piece.truncate(length - TAG);
        self.hash.update(&piece);
        Ok(Some(piece))
    }

    /// Refuses content that is not what its name says, once all of it was read.
    pub(super) fn check(&self, digest: Digest) -> Result<(), Broken> {
        let seen = Digest(self.hash.clone().finalize().into());
        if seen == digest { Ok(()) } else { Err(Broken::Digest { seen }) }
    }
}

/// The bytes of the attachment in a file of so many; none if it is cut short.
pub(super) fn content(length: u64) -> Option<u64> {
    let (piece, tag) = ((PIECE + TAG) as u64, TAG as u64);
    let sealed = length.checked_sub(HEADER as u64)?;
    let pieces = sealed.div_ceil(piece);
    let last = sealed.checked_sub(piece * pieces.checked_sub(1)?)?;
    let shortest = if pieces == 1 { tag } else { tag + 1 };
    (last >= shortest).then(|| sealed - tag * pieces)
}
