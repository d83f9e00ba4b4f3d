//! The handlers of `ProofService`.

mod state;
mod witness;

use gradus_model::Digest;
use gradus_proof::tiles::Kind;
use gradus_proof::{Handover, Tile, TlogProof};
use gradus_service::ServiceError;
use gradus_service::capsule::AskedCapsule;
use gradus_service::checkpoints::{Included, Signed};
use gradus_service::coordinate::Known;
use gradus_wire::v1 as wire;
use gradus_wire::v1::create_capsule_request::Known as AskedKnown;
use gradus_wire::v1::get_checkpoint_request::Point as Asked;
use gradus_wire::v1::proof_service_server::ProofService;
use tonic::{Request, Status};

use crate::api::{Api, Reply, reply};
use crate::auth::open;
use crate::convert::{self, instant, needed};
use crate::principals::MOST_REASON;
use witness::witness;

/// The most bytes of a piece of a capsule.
const PIECE: usize = 1 << 20;

type Pieces = tokio_stream::Iter<std::vec::IntoIter<Result<wire::CreateCapsuleResponse, Status>>>;

fn handover((position, of): &(u64, Handover)) -> wire::KeyHandover {
    wire::KeyHandover {
        position: *position,
        from: of.from().to_string(),
        to: of.to().to_string(),
        signature: of.signature().to_vec(),
    }
}

#[tonic::async_trait]
impl ProofService for Api {
    type CreateCapsuleStream = Pieces;

    async fn get_checkpoint(
        &self,
        request: Request<wire::GetCheckpointRequest>,
    ) -> Reply<wire::GetCheckpointResponse> {
        let (_, asked) = open(request)?;
        reply(async {
            let known = match &asked.point {
                None => Known::Head,
                Some(Asked::LogSize(size)) => Known::Size(*size),
                Some(Asked::KnownAt(at)) => {
                    Known::At(needed("known_at", instant("known_at", Some(at))?)?)
                }
            };
            let point = self.service.checkpoint_of(known, asked.witnessed).await?;
            Ok(wire::GetCheckpointResponse {
                checkpoint: Some(checkpoint(&point.checkpoint)),
                key: self.service.key_of(&point.checkpoint)?.to_string(),
                log_size: point.head.size,
                root: point.head.root.0.to_vec(),
                settled: point.settled,
                consistency: hashes(&point.consistency),
                witnesses: self.service.witnesses().iter().map(witness).collect(),
                witnessed_size: self.service.witnessed().map_or(0, |signed| signed.head.size),
                handovers: self.service.handovers().iter().map(handover).collect(),
            })
        })
        .await
    }

    async fn prove_inclusion(
        &self,
        request: Request<wire::ProveInclusionRequest>,
    ) -> Reply<wire::ProveInclusionResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let found = self.service.prove_inclusion(&by, asked.position).await?;
            included(&found)
        })
        .await
    }

    async fn prove_consistency(
        &self,
        request: Request<wire::ProveConsistencyRequest>,
    ) -> Reply<wire::ProveConsistencyResponse> {
        let (_, asked) = open(request)?;
        reply(async {
            let service = &self.service;
            service.uncontradicted()?;
            let newest = service.checkpoint();
            let (old_size, new_size) = (asked.old_size, asked.new_size.unwrap_or(newest.head.size));
            let proof = service.prove_consistency(old_size, new_size).await?;
            let old_root = service.log().root_at(old_size).await?;
            let new_root = service.log().root_at(new_size).await?;
            Ok(wire::ProveConsistencyResponse {
                old_size,
                old_root: old_root.0.to_vec(),
                new_size,
                new_root: new_root.0.to_vec(),
                hashes: hashes(&proof),
                checkpoint: Some(checkpoint(&newest)),
            })
        })
        .await
    }

    async fn prove_known_at(
        &self,
        request: Request<wire::ProveKnownAtRequest>,
    ) -> Reply<wire::ProveKnownAtResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            self.service.whole(&by)?;
            let at = needed("known_at", instant("known_at", asked.known_at.as_ref())?)?;
            let bound = self.service.prove_known_at(at).await?;
            Ok(wire::ProveKnownAtResponse {
                log_size: bound.point.head.size,
                root: bound.point.head.root.0.to_vec(),
                last: bound.last.as_ref().map(included).transpose()?,
                next: Some(included(&bound.next)?),
                consistency: hashes(&bound.point.consistency),
                checkpoint: Some(checkpoint(&bound.point.checkpoint)),
                key: self.service.key_of(&bound.point.checkpoint)?.to_string(),
            })
        })
        .await
    }

    async fn rotate_log_key(
        &self,
        request: Request<wire::RotateLogKeyRequest>,
    ) -> Reply<wire::RotateLogKeyResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            convert::bounded_text("reason", &asked.reason, MOST_REASON)?;
            let (receipt, key) = self.service.rotate_log_key(call, asked.reason.clone()).await?;
            let key = if receipt.validated_only { String::new() } else { key.to_string() };
            Ok(wire::RotateLogKeyResponse { receipt: self.told(&receipt), key })
        })
        .await
    }

    async fn prove_unit(
        &self,
        request: Request<wire::ProveUnitRequest>,
    ) -> Reply<wire::ProveUnitResponse> {
        let (by, asked) = open(request)?;
        reply(self.proved_unit(&by, &asked)).await
    }

    async fn prove_level(
        &self,
        request: Request<wire::ProveLevelRequest>,
    ) -> Reply<wire::ProveLevelResponse> {
        let (by, asked) = open(request)?;
        reply(self.proved_level(&by, &asked)).await
    }

    async fn prove_scope(
        &self,
        request: Request<wire::ProveScopeRequest>,
    ) -> Reply<wire::ProveScopeResponse> {
        let (by, asked) = open(request)?;
        reply(self.proved_scope(&by, &asked)).await
    }

    async fn list_state_digests(
        &self,
        request: Request<wire::ListStateDigestsRequest>,
    ) -> Reply<wire::ListStateDigestsResponse> {
        let (_, asked) = open(request)?;
        reply(self.state_digests(&asked)).await
    }

    async fn read_tile(
        &self,
        request: Request<wire::ReadTileRequest>,
    ) -> Reply<wire::ReadTileResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let tile: Tile =
                asked.path.parse().map_err(|error| ServiceError::invalid("path", error))?;
            if tile.kind() == Kind::Entries {
                self.service.whole(&by)?;
            }
            Ok(wire::ReadTileResponse { content: self.service.tile(tile).await? })
        })
        .await
    }

    async fn create_capsule(
        &self,
        request: Request<wire::CreateCapsuleRequest>,
    ) -> Reply<Self::CreateCapsuleStream> {
        let (by, asked) = open(request)?;
        reply(async {
            let asked = capsule_asked(asked)?;
            let capsule = self.service.create_capsule(&by, &asked).await?;
            let total = capsule.len() as u64;
            let piece = |content: &[u8]| {
                Ok(wire::CreateCapsuleResponse { content: content.to_vec(), total })
            };
            let pieces: Vec<_> = capsule.chunks(PIECE).map(piece).collect();
            Ok(tokio_stream::iter(pieces))
        })
        .await
    }
}

fn capsule_asked(asked: wire::CreateCapsuleRequest) -> Result<AskedCapsule, ServiceError> {
    let known = match &asked.known {
        None => Known::Head,
        Some(AskedKnown::LogSize(size)) => Known::Size(*size),
        Some(AskedKnown::KnownAt(at)) => {
            Known::At(needed("known_at", instant("known_at", Some(at))?)?)
        }
    };
    Ok(AskedCapsule {
        units: asked.units,
        all: asked.all,
        valid_at: instant("valid_at", asked.valid_at.as_ref())?,
        known,
        withhold: asked.withhold,
        without_texts: asked.without_texts,
        summary: asked.summary,
    })
}

fn checkpoint(from: &Signed) -> wire::Checkpoint {
    wire::Checkpoint {
        note: from.note.to_string(),
        log_size: from.head.size,
        root: from.head.root.0.to_vec(),
    }
}

fn included(from: &Included) -> Result<wire::ProveInclusionResponse, ServiceError> {
    let unreadable = |_| ServiceError::Fault("our own checkpoint cannot be read");
    let note = gradus_proof::Note::parse(from.checkpoint.note.as_bytes()).map_err(unreadable)?;
    let (index, hashes_up) = (from.position, from.proof.clone());
    let file = TlogProof { extra: None, index, hashes: hashes_up, checkpoint: note };
    let file = String::from_utf8(file.to_bytes());
    Ok(wire::ProveInclusionResponse {
        position: from.position,
        leaf: from.leaf.clone(),
        leaf_hash: from.leaf_hash.0.to_vec(),
        proof: Some(wire::InclusionProof {
            log_size: from.checkpoint.head.size,
            hashes: hashes(&from.proof),
        }),
        checkpoint: Some(checkpoint(&from.checkpoint)),
        tlog_proof: file.map_err(|_| ServiceError::Fault("a proof is no text"))?,
    })
}

fn hashes(proof: &[Digest]) -> Vec<Vec<u8>> {
    proof.iter().map(|hash| hash.0.to_vec()).collect()
}
