//! A token of an identity provider, checked: form, issuer, key, signature, audience, time.
//!
//! Nothing that a token says is believed before its signature was checked, except which issuer and
//! key to check it by. Invariant: no error and no log line holds a token or a part of it.

use std::collections::BTreeMap;
use std::fmt;

use gradus_model::Timestamp;
use jsonwebtoken::dangerous::insecure_decode_claims;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::keys::{Keys, Named};

/// The longest token, in bytes: 8 KiB.
pub(super) const MOST_BYTES: usize = 8 << 10;
/// Claims of one token.
const MOST_CLAIMS: usize = 128;
/// By how much clocks may differ: 60 s.
pub(super) const LEEWAY_SECONDS: i64 = 60;
/// The longest that a token may be good for: a day.
const MOST_LIFETIME_SECONDS: i64 = 86_400;

/// Why a token stands for nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// It is none, or says what no token says.
    Malformed,
    /// It is signed by an algorithm that is not taken, or not at all.
    Algorithm,
    /// Its issuer is not configured.
    Issuer,
    /// Its key is none of its issuer's.
    Key,
    /// Its signature is wrong.
    Signature,
    /// It is for somebody else.
    Audience,
    /// It has ended.
    Expired,
    /// It has not begun.
    NotYet,
    /// It lasts for longer than a day.
    TooLong,
}

impl Problem {
    /// A word for the log.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Malformed => "oidc: malformed",
            Self::Algorithm => "oidc: algorithm",
            Self::Issuer => "oidc: issuer unknown",
            Self::Key => "oidc: key unknown",
            Self::Signature => "oidc: signature",
            Self::Audience => "oidc: audience",
            Self::Expired => "oidc: ended",
            Self::NotYet => "oidc: not yet valid",
            Self::TooLong => "oidc: lasts too long",
        }
    }

    /// What its sender is told: who could sign it learns more than who could not.
    pub(crate) const fn told(self) -> &'static str {
        match self {
            Self::Malformed => "the token is refused: it is no token that could be read",
            Self::Issuer => "the token is refused: its issuer is unknown here",
            Self::Algorithm | Self::Key | Self::Signature => {
                "the token is refused: its signature is wrong"
            }
            Self::Audience => "the token is refused: it is not for this audience",
            Self::Expired => "the token is refused: it has ended",
            Self::NotYet => "the token is refused: it is not valid yet",
            Self::TooLong => "the token is refused: it lasts for longer than a day",
        }
    }
}

/// What is known of a token before its signature is checked: by whom and what to check it.
pub(super) struct Unchecked<'a> {
    token: &'a str,
    algorithm: Algorithm,
    key: Option<String>,
    issuer: String,
}

/// A token whose signature and times are right.
#[derive(Clone)]
pub(crate) struct Checked {
    /// Who issued it.
    pub(crate) issuer: String,
    /// When it ends, without any leeway.
    pub(crate) expires_at: Timestamp,
    /// What it says, as far as conditions can speak of it.
    pub(crate) claims: BTreeMap<String, String>,
}

impl<'a> Unchecked<'a> {
    pub(super) fn read(token: &'a str) -> Result<Self, Problem> {
        let parts = token.bytes().filter(|byte| *byte == b'.').count();
        if token.len() > MOST_BYTES || parts != 2 {
            return Err(Problem::Malformed);
        }
        // `none` is no algorithm to the library, and what it cannot read is no header.
        let header = decode_header(token).map_err(|_| Problem::Algorithm)?;
        if header.crit.is_some() || header.enc.is_some() || header.zip.is_some() {
            return Err(Problem::Malformed);
        }
        let algorithm = header.alg;
        let allowed = [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::EdDSA];
        if !allowed.contains(&algorithm) {
            return Err(Problem::Algorithm);
        }
        let claims: Claims = insecure_decode_claims(token).map_err(|_| Problem::Malformed)?;
        let issuer = claims.text("iss").ok_or(Problem::Malformed)?.to_owned();
        Ok(Self { token, algorithm, key: header.kid, issuer })
    }

    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The token, checked by the keys of its issuer.
    pub(super) fn check(
        &self,
        keys: &Keys,
        audience: &str,
        now: Timestamp,
    ) -> Result<Checked, Problem> {
        let key = match keys.named(self.key.as_deref(), self.algorithm) {
            Named::Key(key) => key,
            Named::OfAnotherType => return Err(Problem::Algorithm),
            Named::Unknown => return Err(Problem::Key),
        };
        // What it says is judged here: the library reads the machine's clock, and takes a claim of
        // another type for none.
        let mut validation = Validation::new(self.algorithm);
        validation.required_spec_claims.clear();
        (validation.validate_exp, validation.validate_nbf) = (false, false);
        validation.validate_aud = false;
        let signed = decode::<Claims>(self.token, &key.public, &validation);
        let claims = signed.map_err(|_| Problem::Signature)?.claims;
        if claims.text("iss") != Some(&self.issuer) {
            return Err(Problem::Malformed);
        }
        claims.is_for(audience)?;
        let expires_at = claims.in_time(now)?;
        Ok(Checked { issuer: self.issuer.clone(), expires_at, claims: claims.said() })
    }
}

/// What a token says, each claim once.
struct Claims(BTreeMap<String, Value>);

/// A claim's value.
enum Value {
    Text(String),
    Whole(i64),
    Truth(bool),
    /// A list of texts alone.
    Texts(Vec<String>),
    /// What no condition speaks of.
    Other,
}

impl Claims {
    fn text(&self, claim: &str) -> Option<&str> {
        match self.0.get(claim) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A moment in seconds since 1970, if the claim is there.
    fn seconds(&self, claim: &str) -> Result<Option<i64>, Problem> {
        match self.0.get(claim) {
            None => Ok(None),
            Some(Value::Whole(seconds)) if *seconds >= 0 => Ok(Some(*seconds)),
            Some(_) => Err(Problem::Malformed),
        }
    }

    /// One audience and no other: what others could take, too, they could also pass on.
    fn is_for(&self, audience: &str) -> Result<(), Problem> {
        let fits = match self.0.get("aud") {
            Some(Value::Text(text)) => text == audience,
            Some(Value::Texts(texts)) => matches!(texts.as_slice(), [only] if only == audience),
            _ => false,
        };
        if fits { Ok(()) } else { Err(Problem::Audience) }
    }

    /// When it ends, if it is good now.
    fn in_time(&self, now: Timestamp) -> Result<Timestamp, Problem> {
        let now = now.micros().div_euclid(1_000_000);
        let ends = self.seconds("exp")?.ok_or(Problem::Malformed)?;
        let (begins, issued) = (self.seconds("nbf")?, self.seconds("iat")?);
        if now >= ends.saturating_add(LEEWAY_SECONDS) {
            return Err(Problem::Expired);
        }
        let latest = now + LEEWAY_SECONDS;
        if begins.max(issued).is_some_and(|first| first > latest) {
            return Err(Problem::NotYet);
        }
        if ends.saturating_sub(issued.unwrap_or(now)) > MOST_LIFETIME_SECONDS {
            return Err(Problem::TooLong);
        }
        Timestamp::from_micros(ends.saturating_mul(1_000_000)).map_err(|_| Problem::Malformed)
    }

    fn said(self) -> BTreeMap<String, String> {
        let said = self.0.into_iter().filter_map(|(claim, value)| {
            let text = match value {
                Value::Text(text) => text,
                Value::Whole(number) => number.to_string(),
                Value::Truth(truth) => truth.to_string(),
                Value::Texts(_) | Value::Other => return None,
            };
            Some((claim, text))
        });
        said.collect()
    }
}

impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(ClaimsVisitor)
    }
}

struct ClaimsVisitor;

impl<'de> Visitor<'de> for ClaimsVisitor {
    type Value = Claims;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of claims")
    }

    /// A claim that is there twice is another one to another reader.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Claims, A::Error> {
        let mut claims = BTreeMap::new();
        while let Some((claim, value)) = map.next_entry::<String, Value>()? {
            if claims.len() >= MOST_CLAIMS || claims.insert(claim, value).is_some() {
                return Err(de::Error::custom("too many claims, or one of them twice"));
            }
        }
        Ok(Claims(claims))
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Whole(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(i64::try_from(number).map_or(Value::Other, Value::Whole))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Truth(truth))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let (mut texts, mut others) = (Vec::new(), false);
        while let Some(entry) = list.next_element::<Entry>()? {
            match entry {
                Entry::Text(text) => texts.push(text),
                Entry::Other(_) => others = true,
            }
        }
        Ok(if others { Value::Other } else { Value::Texts(texts) })
    }

    /// What is nested is read over, to a depth of 128.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Other)
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Text(String),
    Other(IgnoredAny),
}
