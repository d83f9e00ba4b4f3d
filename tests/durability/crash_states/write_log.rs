//! The record of every write and flush that a block device saw, as `blklogwrites` of QEMU keeps it.
//!
//! Little-endian: a sector with magic, version and number of entries (8 bytes each) and the size of
//! a sector (4). An entry is a sector with its first sector, sectors, flags and length of data
//! (8 each), then its data. Flag 1 is a flush, 2 forced unit access, 4 a discard without data.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::Path;

const MAGIC: u64 = 0x006a_7366_7773_6872;
const FLUSH: u64 = 1;
const DISCARD: u64 = 4;
/// Sectors of entries are 512 bytes, whatever the device says of itself.
const SECTOR: u64 = 512;

/// Something a block device was told to do.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) what: What,
    /// The length of the record when this was in it.
    pub(crate) ends_at: u64,
}

#[derive(Clone, Debug)]
pub(crate) enum What {
    /// Bytes from an offset on.
    Write { at: u64, bytes: Vec<u8> },
    /// Zeros from an offset on.
    Discard { at: u64, length: u64 },
    /// Whatever was written before must be kept from now on.
    Flush,
}

/// Reads the whole record.
pub(crate) fn read(path: &Path) -> io::Result<Vec<Entry>> {
    let mut file = BufReader::new(File::open(path)?);
    let [magic, _version, count] = numbers(&mut file)?;
    if magic != MAGIC {
        return Err(io::Error::other("the record of writes has another magic number"));
    }
    let mut sector = [0; 4];
    file.read_exact(&mut sector)?;
    let header = u64::from(u32::from_le_bytes(sector));
    let mut ends_at = header;
    let mut entries = Vec::new();
    for _ in 0..count {
        file.seek(SeekFrom::Start(ends_at))?;
        let [first, sectors, flags, _] = numbers(&mut file)?;
        file.seek(SeekFrom::Start(ends_at + header))?;
        ends_at += header;
        let (at, length) = (first * SECTOR, sectors * SECTOR);
        if flags & DISCARD != 0 {
            entries.push(Entry { what: What::Discard { at, length }, ends_at });
        } else if sectors > 0 {
            let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
            file.read_exact(&mut bytes)?;
            ends_at += length;
            entries.push(Entry { what: What::Write { at, bytes }, ends_at });
        }
        if flags & FLUSH != 0 {
            entries.push(Entry { what: What::Flush, ends_at });
        }
    }
    Ok(entries)
}

fn numbers<const N: usize>(file: &mut impl Read) -> io::Result<[u64; N]> {
    let mut all = [0; N];
    for number in &mut all {
        let mut bytes = [0; 8];
        file.read_exact(&mut bytes)?;
        *number = u64::from_le_bytes(bytes);
    }
    Ok(all)
}
