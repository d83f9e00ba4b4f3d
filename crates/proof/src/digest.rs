//! SHA-256, the one hash of this product.

use gradus_model::Digest;
use ring::digest::{Context, SHA256};

/// The SHA-256 of `bytes`.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Digest {
    sha256_of(&[bytes])
}

/// The SHA-256 of `parts`, one after the other.
#[must_use]
pub fn sha256_of(parts: &[&[u8]]) -> Digest {
    let mut hash = Context::new(&SHA256);
    for part in parts {
        hash.update(part);
    }
    let mut digest = Digest::ZERO;
    for (to, from) in digest.0.iter_mut().zip(hash.finish().as_ref()) {
        *to = *from;
    }
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_abc_is_that_of_fips_180() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(b"abc").to_string(), expected);
        assert_eq!(sha256_of(&[b"a", b"", b"bc"]), sha256(b"abc"));
    }
}
