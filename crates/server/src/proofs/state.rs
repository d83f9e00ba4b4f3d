//! State digests, and what they prove of a unit.

use gradus_projection::views::StateDigest;
use gradus_service::coordinate::Known;
use gradus_service::states::{Audited, Whole};
use gradus_service::{Caller, ServiceError};
use gradus_wire::v1 as wire;
use gradus_wire::v1::prove_unit_request::Point;

use super::{checkpoint, hashes, included};
use crate::api::Api;
use crate::convert::{instant, needed, timestamp, unit_ref};

/// Digests on a page, unless the caller says how many.
const USUAL: usize = 100;
/// Digests on a page at most.
const MOST: usize = 1_000;

impl Api {
    pub(super) async fn proved_unit(
        &self,
        by: &Caller,
        asked: &wire::ProveUnitRequest,
    ) -> Result<wire::ProveUnitResponse, ServiceError> {
        let known = match &asked.point {
            None => Known::Head,
            Some(Point::LogSize(size)) => Known::Size(*size),
            Some(Point::KnownAt(at)) => {
                Known::At(needed("known_at", instant("known_at", Some(at))?)?)
            }
        };
        let found = self.service.prove_unit(by, &asked.unit, known).await?;
        Ok(wire::ProveUnitResponse {
            unit: Some(unit_ref(&self.service, found.unit)),
            log_size: found.size,
            settled: found.settled,
            version: found.version,
            last: found.last.as_ref().map(included).transpose()?,
            whole: found.whole.as_ref().map(row).transpose()?,
            checkpoint: Some(checkpoint(&found.checkpoint)),
            key: self.service.key_of(&found.checkpoint)?.to_string(),
        })
    }

    pub(super) async fn state_digests(
        &self,
        asked: &wire::ListStateDigestsRequest,
    ) -> Result<wire::ListStateDigestsResponse, ServiceError> {
        let most = match asked.page_size {
            0 => USUAL,
            size => usize::try_from(size).unwrap_or(MOST).min(MOST),
        };
        let before = asked.before_size.unwrap_or(u64::MAX);
        let digests = self.service.state_digests(before, most).await?;
        let audit = self.service.audited();
        Ok(wire::ListStateDigestsResponse {
            digests: digests.iter().map(digest).collect(),
            audit: audit.as_ref().map(audited),
        })
    }
}

fn row(from: &Whole) -> Result<wire::ProvedRow, ServiceError> {
    Ok(wire::ProvedRow {
        digest: Some(digest(&from.digest)),
        record: Some(included(&from.record)?),
        row: from.row.clone(),
        index: from.index,
        hashes: hashes(&from.proof),
        version: from.version,
    })
}

fn digest(from: &StateDigest) -> wire::StateDigest {
    wire::StateDigest {
        log_size: from.said.size,
        root: from.said.root.0.to_vec(),
        rows: from.said.rows,
        projector: from.said.projector,
        position: from.position,
        recorded_at: Some(timestamp(from.recorded_at)),
    }
}

fn audited(from: &Audited) -> wire::StateAudit {
    wire::StateAudit {
        at: Some(timestamp(from.at)),
        log_size: from.size,
        recorded: from.recorded.0.to_vec(),
        computed: from.computed.0.to_vec(),
        agrees: from.agrees(),
    }
}
