//! State digests, and what they prove of a unit.

use gradus_projection::views::StateDigest;
use gradus_proof::Row;
use gradus_service::coordinate::Known;
use gradus_service::states::{Audited, MOST_ROWS, Whole};
use gradus_service::{Caller, ServiceError};
use gradus_wire::v1 as wire;
use gradus_wire::v1::prove_scope_request::Point as ScopePoint;
use gradus_wire::v1::prove_unit_request::Point;

use super::{checkpoint, hashes, included};
use crate::api::Api;
use crate::convert::{area, coordinate, instant, level_answer, needed, timestamp, unit_ref};

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

    pub(super) async fn proved_level(
        &self,
        by: &Caller,
        asked: &wire::ProveLevelRequest,
    ) -> Result<wire::ProveLevelResponse, ServiceError> {
        let area = area("area", &asked.area)?;
        let coordinate = coordinate(asked.coordinate.as_ref(), 0)?;
        let found = self.service.prove_level(by, &asked.unit, &area, &coordinate).await?;
        let named = |unit| unit_ref(&self.service, unit);
        Ok(wire::ProveLevelResponse {
            unit: Some(named(found.unit)),
            model: found.area.model.to_string(),
            area: found.area.area.to_string(),
            valid_at: Some(timestamp(found.valid_at)),
            log_size: found.size,
            rated: Some(level_answer(found.answer.rated)),
            ongoing: Some(level_answer(found.answer.ongoing)),
            inherited_from: found.answer.inherited_from.map(named),
            row: Some(row(&found.whole)?),
            entries: found.entries,
            course: found.course.unwrap_or_default(),
            checkpoint: Some(checkpoint(&found.checkpoint)),
            key: self.service.checkpoint_key()?.to_string(),
        })
    }

    pub(super) async fn proved_scope(
        &self,
        by: &Caller,
        asked: &wire::ProveScopeRequest,
    ) -> Result<wire::ProveScopeResponse, ServiceError> {
        let known = match &asked.point {
            None => Known::Head,
            Some(ScopePoint::LogSize(size)) => Known::Size(*size),
            Some(ScopePoint::KnownAt(at)) => {
                Known::At(needed("known_at", instant("known_at", Some(at))?)?)
            }
        };
        let found = self.service.prove_scope(by, known).await?;
        let first = usize::try_from(asked.first_row).unwrap_or(usize::MAX);
        Ok(wire::ProveScopeResponse {
            log_size: found.size,
            settled: found.settled,
            digest: Some(digest(&found.digest)),
            record: Some(included(&found.record)?),
            rows: found.rows.iter().skip(first).take(MOST_ROWS).map(Row::to_bytes).collect(),
            checkpoint: Some(checkpoint(&found.checkpoint)),
            key: self.service.checkpoint_key()?.to_string(),
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
        beginning: Some(included(&from.beginning)?),
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
