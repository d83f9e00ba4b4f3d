//! The public keys of an issuer, as it publishes them: a JWK set (RFC 7517).
//!
//! Invariant: each key is bound to the algorithms of its own type, so that a token cannot choose
//! what its key is used as. Keys that are shared secrets are passed over.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// The longest set, in bytes: 256 KiB.
pub(super) const MOST_BYTES: usize = 256 << 10;
/// Keys of one issuer.
const MOST_KEYS: usize = 64;

/// A key, and the algorithms that tokens may name for it.
#[derive(Clone)]
pub(super) struct Key {
    id: Option<String>,
    algorithms: &'static [Algorithm],
    pub(super) public: DecodingKey,
}

/// The keys of an issuer.
#[derive(Clone, Default)]
pub(super) struct Keys(Vec<Key>);

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

impl Keys {
    /// Reads a set; entries of other sorts, which issuers add as they like, are passed over.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words, if it has no key that could be used.
    pub(super) fn read(text: &[u8]) -> Result<Self, String> {
        if text.len() > MOST_BYTES {
            return Err(format!("it has {} bytes, at most {MOST_BYTES} are read", text.len()));
        }
        let set: Set =
            serde_json::from_slice(text).map_err(|error| format!("it is no JWK set: {error}"))?;
        let keys: Vec<Key> = set.keys.into_iter().filter_map(key).collect();
        match keys.len() {
            0 => Err("it has no key for signatures by RS256, PS256, ES256 or EdDSA".to_owned()),
            some if some > MOST_KEYS => {
                Err(format!("it has {some} keys, at most {MOST_KEYS} are taken"))
            }
            _ => Ok(Self(keys)),
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// The key that a token names; one that names none means the only one for its algorithm.
    pub(super) fn named(&self, id: Option<&str>, algorithm: Algorithm) -> Named<'_> {
        let mut fitting = self.0.iter().filter(|key| key.algorithms.contains(&algorithm));
        match id {
            Some(id) => {
                let is_named = |key: &&Key| key.id.as_deref() == Some(id);
                match fitting.find(is_named) {
                    Some(key) => Named::Key(key),
                    None if self.0.iter().any(|key| is_named(&key)) => Named::OfAnotherType,
                    None => Named::Unknown,
                }
            }
            None => match (fitting.next(), fitting.next()) {
                (Some(only), None) => Named::Key(only),
                _ => Named::Unknown,
            },
        }
    }
}

/// What a token's choice of a key comes to.
pub(super) enum Named<'a> {
    /// This key.
    Key(&'a Key),
    /// A key of that name is not for that algorithm.
    OfAnotherType,
    /// There is none of that name.
    Unknown,
}

fn key(entry: Value) -> Option<Key> {
    let jwk: Jwk = serde_json::from_value(entry).ok()?;
    let common = &jwk.common;
    let signs = matches!(common.public_key_use, None | Some(PublicKeyUse::Signature));
    let by_type: &'static [Algorithm] = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => &[Algorithm::RS256, Algorithm::PS256],
        AlgorithmParameters::EllipticCurve(of) if of.curve == EllipticCurve::P256 => {
            &[Algorithm::ES256]
        }
        AlgorithmParameters::OctetKeyPair(of) if of.curve == EllipticCurve::Ed25519 => {
            &[Algorithm::EdDSA]
        }
        _ => return None,
    };
    let algorithms = match common.key_algorithm {
        None => by_type,
        Some(KeyAlgorithm::RS256) => &[Algorithm::RS256],
        Some(KeyAlgorithm::PS256) => &[Algorithm::PS256],
        Some(KeyAlgorithm::ES256) => &[Algorithm::ES256],
        Some(KeyAlgorithm::EdDSA) => &[Algorithm::EdDSA],
        Some(_) => return None,
    };
    let fits = algorithms.iter().all(|algorithm| by_type.contains(algorithm));
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    (signs && fits).then(|| Key { id: common.key_id.clone(), algorithms, public: key })
}
