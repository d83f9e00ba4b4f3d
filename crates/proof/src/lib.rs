//! RFC 6962 Merkle trees: leaf and node hashes, roots, and the right edge of a growing log.
