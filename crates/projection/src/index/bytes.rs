//! Numbers and instants as few bytes, each in one way only.

use gradus_model::Timestamp;

const SECOND: u64 = 1_000_000;
const DAY: u64 = 86_400 * SECOND;

/// Writes a number, seven bits a byte, the lowest first.
pub(super) fn put(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            return bytes.push(low & 0x7f);
        }
        bytes.push(low | 0x80);
    }
}

/// Writes how far an instant lies after the one before, in whole days or seconds where it can be,
/// with a small number of `bits` bits beside it.
pub(super) fn put_gap(
    bytes: &mut Vec<u8>,
    before: Timestamp,
    instant: Timestamp,
    beside: u64,
    bits: u32,
) {
    let gap = instant.micros().abs_diff(before.micros());
    let (unit, count) = match gap {
        gap if gap % DAY == 0 => (0, gap / DAY),
        gap if gap % SECOND == 0 => (1, gap / SECOND),
        gap => (2, gap),
    };
    // 58 bits hold the longest gap there is.
    put(bytes, (((count << 2) | unit) << bits) | beside);
}

/// Bytes not yet read.
#[derive(Clone, Copy)]
pub(super) struct Rest<'a>(pub(super) &'a [u8]);

impl<'a> Rest<'a> {
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*bytes)
    }

    pub(super) fn take(&mut self, length: u64) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(bytes)
    }

    /// A number; none where it is longer than it needs to be.
    pub(super) fn number(&mut self) -> Option<u64> {
        // Most are short.
        if let Some((byte, rest)) = self.0.split_first()
            && byte & 0x80 == 0
        {
            self.0 = rest;
            return Some(u64::from(*byte));
        }
        let mut number = 0_u64;
        for place in 0..10_u32 {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            let shifted =
                bits.checked_shl(place * 7).filter(|shifted| shifted >> (place * 7) == bits);
            number |= shifted?;
            if byte & 0x80 == 0 {
                return (place == 0 || byte != 0).then_some(number);
            }
        }
        None
    }

    /// An instant after the one before, and the small number beside it.
    pub(super) fn gap(&mut self, before: Timestamp, bits: u32) -> Option<(Timestamp, u64)> {
        let number = self.number()?;
        let beside = number & ((1 << bits) - 1);
        let (unit, count) = ((number >> bits) & 3, number >> (bits + 2));
        let gap = match unit {
            0 => count.checked_mul(DAY)?,
            1 => count.checked_mul(SECOND).filter(|gap| gap % DAY != 0)?,
            2 => Some(count).filter(|gap| gap % SECOND != 0)?,
            _ => return None,
        };
        let micros = before.micros().checked_add(i64::try_from(gap).ok()?)?;
        let instant = Timestamp::from_micros(micros).ok()?;
        (instant > before).then_some((instant, beside))
    }
}
