//! A capsule's file: its members, in one order.

use gradus_model::{Digest, UnitId};
use gradus_proof::sha256;

use crate::fault::Fault;
use crate::heads;
use crate::manifest::{Manifest, MemberClaim};
use crate::shown::Text;
use crate::ustar::{self, Reader};

/// The first member.
pub const MANIFEST: &str = "capsule.json";
/// The signed checkpoint.
pub const CHECKPOINT: &str = "checkpoint";
/// That the log at the capsule's size is the beginning of the checkpoint's.
pub const CONSISTENCY: &str = "consistency";

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// [`CHECKPOINT`].
    Checkpoint,
    /// [`CONSISTENCY`].
    Consistency,
    /// A record that bounds what was known at a moment, or its proof.
    KnownAt,
    /// A state digest, its proof, or the rows of streams in it.
    Heads,
    /// Leaves of a stream that come after those of the capsule.
    Later(UnitId),
    /// The leaves of a stream.
    Stream(UnitId),
    /// That the last of them is in the log.
    Proof(UnitId),
    /// The texts of a stream.
    Texts(UnitId),
    /// A held document.
    Document(Digest),
}

impl Kind {
    /// What a member with this name is.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        let unit = |text: &str| text.parse().ok().filter(|id: &UnitId| id.to_string() == text);
        if let Some(rest) = name.strip_prefix("heads/later/") {
            return unit(rest).map(Self::Later);
        }
        if let Some(rest) = name.strip_prefix("streams/") {
            return unit(rest).map(Self::Stream);
        }
        if let Some(rest) = name.strip_prefix("proofs/") {
            return unit(rest.strip_suffix(".tlog-proof")?).map(Self::Proof);
        }
        if let Some(rest) = name.strip_prefix("texts/") {
            return unit(rest).map(Self::Texts);
        }
        if let Some(rest) = name.strip_prefix("documents/") {
            let digest = rest.parse().ok();
            return digest.filter(|id: &Digest| id.to_string() == rest).map(Self::Document);
        }
        match name {
            CHECKPOINT => Some(Self::Checkpoint),
            CONSISTENCY => Some(Self::Consistency),
            heads::LEAF | heads::PROOF | heads::ROWS => Some(Self::Heads),
            _ if crate::known_at::MEMBERS.contains(&name) => Some(Self::KnownAt),
            _ => None,
        }
    }

    const fn rank(self) -> u8 {
        match self {
            Self::Checkpoint => 0,
            Self::Consistency => 1,
            Self::KnownAt => 2,
            Self::Heads => 3,
            Self::Later(_) => 4,
            Self::Stream(_) => 5,
            Self::Proof(_) => 6,
            Self::Texts(_) => 7,
            Self::Document(_) => 8,
        }
    }
}

/// A member after the first.
#[derive(Clone, Debug)]
pub struct Member<'a> {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Its content.
    pub bytes: &'a [u8],
    /// Its hash, where it is not the one that `capsule.json` says.
    other: Option<Digest>,
}

impl Member<'_> {
    /// That the content is the one that `capsule.json` names.
    ///
    /// # Errors
    ///
    /// [`Fault`] where it has another hash.
    pub fn unchanged(&self) -> Result<(), Fault> {
        match self.other {
            None => Ok(()),
            Some(seen) => {
                let what = format!("its SHA-256 is {seen}, which is not what `{MANIFEST}` says");
                Err(Fault::new(&self.name, what))
            }
        }
    }
}

/// A file that is no capsule, or a damaged one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// There is nothing to verify.
    #[error("there is nothing to verify: {0}")]
    Nothing(&'static str),
    /// It is a capsule that is not as it was written.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// A capsule whose members are there; what they say is not checked.
#[derive(Clone, Debug)]
pub struct Capsule<'a> {
    /// What it says of itself.
    pub manifest: Manifest,
    members: Vec<Member<'a>>,
}

impl<'a> Capsule<'a> {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`Unread`]: no capsule, or the member that is not where it must be.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Unread> {
        let mut reader = Reader::new(bytes);
        if bytes.is_empty() {
            return Err(Unread::Nothing("the file is empty"));
        }
        let of_first = |error: &dyn ToString| Fault::new(MANIFEST, error.to_string());
        let is_one = ustar::begins(bytes) || bytes.starts_with(MANIFEST.as_bytes());
        let first = match reader.entry() {
            Err(_) | Ok(None) if !is_one => {
                return Err(Unread::Nothing("the file is no capsule"));
            }
            Ok(None) => return Err(Unread::Nothing("the file is no capsule")),
            Err(error) => return Err(of_first(&error).into()),
            Ok(Some(first)) => first,
        };
        if first.name != MANIFEST {
            return Err(Unread::Nothing("the file does not begin with `capsule.json`"));
        }
        let manifest = Manifest::read(first.content).map_err(|what| of_first(&what))?;
        let kinds = kinds(&manifest)?;
        let mut members = Vec::with_capacity(kinds.len());
        for (claim, kind) in manifest.members.iter().zip(kinds) {
            members.push(member(&mut reader, claim, kind)?);
        }
        let after = members.last().map_or(MANIFEST, |member: &Member<'_>| &member.name);
        match reader.entry() {
            Ok(None) => (),
            Ok(Some(more)) => {
                let what = format!("`{}` follows it, which `{MANIFEST}` does not name", more.name);
                return Err(Fault::new(after, what).into());
            }
            Err(error) => return Err(Fault::new(after, error).into()),
        }
        let empty = !members.iter().any(|member| matches!(member.kind, Kind::Stream(_)));
        if empty {
            return Err(Unread::Nothing("the capsule holds no record"));
        }
        Ok(Self { manifest, members })
    }

    /// Every member after the first, in order.
    #[must_use]
    pub fn members(&self) -> &[Member<'a>] {
        &self.members
    }

    /// The member that is this.
    ///
    /// # Errors
    ///
    /// [`Fault`] where it is not there; `name` names it.
    pub fn member(&self, kind: Kind, name: &str) -> Result<&Member<'a>, Fault> {
        let found = self.members.iter().find(|member| member.kind == kind && member.name == name);
        found.ok_or_else(|| Fault::new(name, "the capsule does not have it"))
    }
}

/// What each member is; they stand in one order, and none is there twice.
fn kinds(manifest: &Manifest) -> Result<Vec<Kind>, Fault> {
    let mut kinds: Vec<Kind> = Vec::with_capacity(manifest.members.len());
    let mut seen = std::collections::BTreeSet::new();
    for claim in &manifest.members {
        let wrong = |what: &str| Fault::new(MANIFEST, format!("`{}` {what}", claim.name));
        let kind = Kind::of(&claim.name).ok_or_else(|| wrong("is no member of a capsule"))?;
        if manifest.format == 1 && matches!(kind, Kind::Heads | Kind::Later(_)) {
            return Err(wrong("is no member of a capsule of format 1"));
        }
        if kinds.last().is_some_and(|last| last.rank() > kind.rank()) {
            return Err(wrong("is not in its place"));
        }
        if !seen.insert(&claim.name) {
            return Err(wrong("is there twice"));
        }
        kinds.push(kind);
    }
    Ok(kinds)
}

fn member<'a>(
    reader: &mut Reader<'a>,
    claim: &MemberClaim,
    kind: Kind,
) -> Result<Member<'a>, Fault> {
    let entry = match reader.entry() {
        Ok(Some(entry)) if entry.name == claim.name => entry,
        Ok(Some(other)) => {
            let what = format!("`{}` stands in its place", other.name);
            return Err(Fault::new(&claim.name, what));
        }
        Ok(None) => return Err(Fault::new(&claim.name, "the file ends before it")),
        Err(error) => return Err(Fault::new(&claim.name, error)),
    };
    let bytes = entry.content;
    let seen = sha256(bytes);
    let same = seen == claim.sha256.0 && bytes.len() as u64 == claim.bytes;
    Ok(Member { name: claim.name.clone(), kind, bytes, other: (!same).then_some(seen) })
}

/// Writes a capsule: `manifest` without its members and digest, which are found here, and the
/// members in their order.
#[must_use]
pub fn write(mut manifest: Manifest, members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let claim = |(name, bytes): &(String, Vec<u8>)| MemberClaim {
        name: name.clone(),
        bytes: bytes.len() as u64,
        sha256: Text(sha256(bytes)),
    };
    manifest.members = members.iter().map(claim).collect();
    let mut out = Vec::new();
    ustar::member(&mut out, MANIFEST, &manifest.written());
    for (name, bytes) in members {
        ustar::member(&mut out, name, bytes);
    }
    ustar::end(&mut out);
    out
}
