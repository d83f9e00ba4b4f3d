//! An issuer of tokens in a test's hands: its keys, and whatever it or an attacker signs.

use std::fmt::Write as _;

use gradus_model::Timestamp;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaKeyPair,
};
use serde_json::{Value, json};

/// A key that is drawn nowhere, since drawing one takes its time: it signs for tests alone.
const RSA: &[u8] = include_bytes!("rsa.der");

/// Who issues tokens.
pub(crate) const ISSUER: &str = "https://ci.example";
/// What they are for.
pub(crate) const AUDIENCE: &str = "https://gradus.example";

/// Text in base64url (RFC 4648, section 5) without padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            let letter = bits >> (18 - 6 * place) & 63;
            text.push(char::from(LETTERS[letter as usize]));
        }
    }
    text
}

/// Who signs tokens, with one key of each sort.
pub(crate) struct Issuer {
    rsa: RsaKeyPair,
    ec: EcdsaKeyPair,
    ed: Ed25519KeyPair,
}

/// How a token is signed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum By {
    Rs256,
    Ps256,
    Es256,
    EdDsa,
    /// HMAC with the modulus of the RSA key as the secret: what a confused reader would check.
    Hs256,
    Nobody,
}

impl By {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::Hs256 => "HS256",
            Self::Nobody => "none",
        }
    }

    /// The name of the key in the set.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Rs256 | Self::Ps256 | Self::Hs256 | Self::Nobody => "rsa",
            Self::Es256 => "ec",
            Self::EdDsa => "ed",
        }
    }
}

impl Issuer {
    pub(crate) fn new() -> Self {
        let random = SystemRandom::new();
        let ec = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let curve_key = EcdsaKeyPair::generate_pkcs8(ec, &random).unwrap();
        let edwards = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        Self {
            rsa: RsaKeyPair::from_der(RSA).unwrap(),
            ec: EcdsaKeyPair::from_pkcs8(ec, curve_key.as_ref(), &random).unwrap(),
            ed: Ed25519KeyPair::from_pkcs8(edwards.as_ref()).unwrap(),
        }
    }

    fn components(&self) -> PublicKeyComponents<Vec<u8>> {
        PublicKeyComponents::from(self.rsa.public())
    }

    /// Its public keys, with one that nobody should take for a key of signatures.
    pub(crate) fn jwks(&self) -> String {
        let PublicKeyComponents { n, e } = self.components();
        let point = self.ec.public_key().as_ref();
        json!({ "keys": [
            { "kty": "RSA", "kid": "rsa", "use": "sig",
              "n": base64(&n), "e": base64(&e) },
            { "kty": "EC", "crv": "P-256", "kid": "ec", "alg": "ES256",
              "x": base64(&point[1..33]), "y": base64(&point[33..]) },
            { "kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": base64(self.ed.public_key().as_ref()) },
            { "kty": "oct", "kid": "shared", "k": base64(b"a secret that everybody knows") },
            { "kty": "RSA", "kid": "enc", "use": "enc",
              "n": base64(&n), "e": base64(&e) },
            { "kty": "EC", "crv": "P-521", "kid": "large", "x": "AA", "y": "AA" },
        ] })
        .to_string()
    }

    /// A token of these claims.
    pub(crate) fn token(&self, claims: &Value) -> String {
        self.signed(By::Es256, claims)
    }

    pub(crate) fn signed(&self, by: By, claims: &Value) -> String {
        let header = json!({ "typ": "JWT", "alg": by.name(), "kid": by.key() });
        self.raw(by, &header.to_string(), &claims.to_string())
    }

    /// A token of these very texts.
    pub(crate) fn raw(&self, by: By, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", base64(header.as_bytes()), base64(claims.as_bytes()));
        let bytes = message.as_bytes();
        let random = SystemRandom::new();
        let rsa = |padding| {
            let mut signature = vec![0; self.rsa.public().modulus_len()];
            self.rsa.sign(padding, &random, bytes, &mut signature).unwrap();
            signature
        };
        let signature = match by {
            By::Rs256 => rsa(&RSA_PKCS1_SHA256),
            By::Ps256 => rsa(&RSA_PSS_SHA256),
            By::Es256 => self.ec.sign(&random, bytes).unwrap().as_ref().to_vec(),
            By::EdDsa => self.ed.sign(bytes).as_ref().to_vec(),
            By::Hs256 => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, &self.components().n);
                hmac::sign(&key, bytes).as_ref().to_vec()
            }
            By::Nobody => Vec::new(),
        };
        let mut token = message;
        write!(token, ".{}", base64(&signature)).unwrap();
        token
    }
}

/// What a job of `acme/web` on its main branch says, issued now and good for five minutes.
pub(crate) fn job(now: Timestamp) -> Value {
    let now = now.micros() / 1_000_000;
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "iat": now, "nbf": now, "exp": now + 300,
        "sub": "repo:acme/web:ref:refs/heads/main",
        "repository": "acme/web", "repository_id": "4711", "repository_owner_id": "815",
        "ref": "refs/heads/main", "event_name": "push", "run_id": "99", "run_attempt": 1,
        "sha": "0123456789abcdef0123456789abcdef01234567",
    })
}

/// The claims with some of them changed.
pub(crate) fn but(claims: &Value, changes: &Value) -> Value {
    let mut other = claims.clone();
    for (claim, value) in changes.as_object().unwrap() {
        other[claim] = value.clone();
    }
    other
}
