//! The verifiers: each says whether it accepts a proof.

use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use gradus_model::Digest;
use gradus_proof::{leaf_hash, verify_consistency, verify_inclusion};
use sha2::digest::Output;
use sha2::{Digest as _, Sha256};
use sigstore_crypto::{CryptoProvider, HashContext, SigningScheme};
use sigstore_types::{HashAlgorithm, Sha256Hash};
use tlog_tiles::tlog::{self, Hash};

/// That a leaf is in a tree.
pub(crate) struct Inclusion<'a> {
    pub(crate) leaf: &'a [u8],
    pub(crate) index: u64,
    pub(crate) size: u64,
    pub(crate) root: Digest,
    pub(crate) proof: &'a [Digest],
}

/// That a tree grew from another one.
pub(crate) struct Consistency<'a> {
    pub(crate) old: u64,
    pub(crate) old_root: Digest,
    pub(crate) new: u64,
    pub(crate) new_root: Digest,
    pub(crate) proof: &'a [Digest],
}

pub(crate) trait Judge {
    fn name(&self) -> &'static str;
    fn includes(&self, claim: &Inclusion<'_>) -> bool;
    fn grew(&self, claim: &Consistency<'_>) -> bool;
}

/// Ours, and those of others.
pub(crate) fn all() -> [Box<dyn Judge>; 4] {
    // Whoever comes second finds it there.
    let _ = sigstore_crypto::install_default_provider(&Hasher);
    [Box::new(Gradus), Box::new(TlogTiles), Box::new(CtMerkle), Box::new(Sigstore)]
}

struct Gradus;

impl Judge for Gradus {
    fn name(&self) -> &'static str {
        "gradus-proof"
    }

    fn includes(&self, claim: &Inclusion<'_>) -> bool {
        let leaf = leaf_hash(claim.leaf);
        verify_inclusion(&leaf, claim.index, claim.size, claim.proof, &claim.root).is_ok()
    }

    fn grew(&self, claim: &Consistency<'_>) -> bool {
        let Consistency { old, old_root, new, new_root, proof } = claim;
        verify_consistency(*old, old_root, *new, new_root, proof).is_ok()
    }
}

struct TlogTiles;

pub(crate) fn theirs(hashes: &[Digest]) -> Vec<Hash> {
    hashes.iter().map(|hash| Hash(hash.0)).collect()
}

impl Judge for TlogTiles {
    fn name(&self) -> &'static str {
        "tlog_tiles"
    }

    fn includes(&self, claim: &Inclusion<'_>) -> bool {
        let (leaf, root) = (tlog::record_hash(claim.leaf), Hash(claim.root.0));
        tlog::check_record(&theirs(claim.proof), claim.size, root, claim.index, leaf).is_ok()
    }

    fn grew(&self, claim: &Consistency<'_>) -> bool {
        let (old, new) = (Hash(claim.old_root.0), Hash(claim.new_root.0));
        tlog::check_tree(&theirs(claim.proof), claim.new, new, claim.old, old).is_ok()
    }
}

struct CtMerkle;

fn outputs(hashes: &[Digest]) -> Vec<Output<Sha256>> {
    hashes.iter().map(|hash| hash.0.into()).collect()
}

impl Judge for CtMerkle {
    fn name(&self) -> &'static str {
        "ct-merkle"
    }

    fn includes(&self, claim: &Inclusion<'_>) -> bool {
        let root = RootHash::<Sha256>::new(claim.root.0.into(), claim.size);
        let proof = InclusionProof::from_digests(&outputs(claim.proof));
        root.verify_inclusion(&claim.leaf, claim.index, &proof).is_ok()
    }

    fn grew(&self, claim: &Consistency<'_>) -> bool {
        let old = RootHash::<Sha256>::new(claim.old_root.0.into(), claim.old);
        let new = RootHash::<Sha256>::new(claim.new_root.0.into(), claim.new);
        let proof = ConsistencyProof::from_digests(&outputs(claim.proof));
        new.verify_consistency(&old, &proof).is_ok()
    }
}

struct Sigstore;

/// What `sigstore-merkle` hashes with.
#[derive(Debug)]
struct Hasher;

impl Hasher {
    fn none<T>() -> sigstore_crypto::Result<T> {
        Err(sigstore_crypto::Error::UnsupportedAlgorithm("all but SHA-256".to_owned()))
    }
}

struct Hash256(Sha256);

impl HashContext for Hash256 {
    fn update(&mut self, data: &[u8]) {
        sha2::Digest::update(&mut self.0, data);
    }

    fn finalize(self: Box<Self>) -> Vec<u8> {
        self.0.finalize().to_vec()
    }
}

impl CryptoProvider for Hasher {
    fn hash(&self, algorithm: HashAlgorithm) -> sigstore_crypto::Result<Box<dyn HashContext>> {
        match algorithm {
            HashAlgorithm::Sha2256 => Ok(Box::new(Hash256(Sha256::new()))),
            _ => Self::none(),
        }
    }

    fn verify_raw(
        &self,
        _: SigningScheme,
        _: &[u8],
        _: &[u8],
        _: &[u8],
    ) -> sigstore_crypto::Result<()> {
        Self::none()
    }

    fn verify_prehashed(
        &self,
        _: SigningScheme,
        _: &[u8],
        _: &[u8],
        _: &[u8],
    ) -> sigstore_crypto::Result<()> {
        Self::none()
    }
}

fn hash(digest: &Digest) -> Sha256Hash {
    Sha256Hash::new(digest.0)
}

impl Judge for Sigstore {
    fn name(&self) -> &'static str {
        "sigstore-merkle"
    }

    fn includes(&self, claim: &Inclusion<'_>) -> bool {
        let leaf = sigstore_merkle::hash_leaf(claim.leaf);
        let proof: Vec<Sha256Hash> = claim.proof.iter().map(hash).collect();
        let (index, size, root) = (claim.index, claim.size, hash(&claim.root));
        sigstore_merkle::verify_inclusion_proof(&leaf, index, size, &proof, &root).is_ok()
    }

    fn grew(&self, claim: &Consistency<'_>) -> bool {
        let proof: Vec<Sha256Hash> = claim.proof.iter().map(hash).collect();
        let (old, new) = (hash(&claim.old_root), hash(&claim.new_root));
        sigstore_merkle::verify_consistency_proof(claim.old, claim.new, &proof, &old, &new).is_ok()
    }
}
