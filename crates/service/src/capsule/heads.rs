//! The state digest of a capsule: where its streams had come to, as the log says itself.

use std::collections::BTreeSet;
use std::sync::Arc;

use gradus_capsule::heads::{LEAF, Line, PROOF, ROWS, later_member, write};
use gradus_capsule::stream::bundle;
use gradus_model::UnitId;
use gradus_projection::views::StateDigest;
use gradus_proof::Row;
use gradus_proof::state::prove_row;

use super::MOST_BYTES;
use super::create::{aside, proof_file};
use crate::checkpoints::{Included, Signed};
use crate::error::ServiceError;
use crate::records::ReadRecord;
use crate::service::Service;

/// Records that are read at a time.
const AT_ONCE: usize = 4_096;

/// A state digest with its rows.
pub(super) struct Described {
    digest: StateDigest,
    rows: Arc<Vec<Row>>,
}

impl Described {
    /// The size that a checkpoint has to have to cover its record.
    pub(super) const fn covered(&self) -> u64 {
        self.digest.position + 1
    }
}

fn lines(rows: &[Row], asked: &[(u64, Row)]) -> Result<Vec<Line>, ServiceError> {
    let line = |(index, row): &(u64, Row)| {
        let proof = prove_row(rows, *index);
        let proof = proof.map_err(|_| ServiceError::Fault("a row is not among its rows"))?;
        Ok(Line::of(*index, &row.to_bytes(), &proof))
    };
    asked.iter().map(line).collect()
}

impl Service {
    /// The digest for a capsule of a size: the first one of as much or more; while there is none, the
    /// last one that was recorded below. Neither changes once it is there.
    ///
    /// None where there is none, or its rows cannot be made again.
    pub(super) async fn described_for(self: &Arc<Self>, size: u64) -> Option<Described> {
        let digest = {
            let digests = &self.views().state_digests;
            let before = || digests.values().rev().find(|digest| digest.position < size);
            digests.range(size..).next().map(|(_, digest)| digest).or_else(before).cloned()
        }?;
        // What is wrong with them was logged.
        let rows = self.rows_of(&digest).await.ok()?;
        Some(Described { digest, rows })
    }

    /// The members that say where streams had come to, those without a record, too.
    pub(super) async fn heads_of_capsule(
        self: &Arc<Self>,
        of: &Described,
        streams: &BTreeSet<UnitId>,
        size: u64,
        checkpoint: &Signed,
    ) -> Result<Vec<(String, Vec<u8>)>, ServiceError> {
        let Described { digest, rows } = of;
        let Included { leaf, proof, .. } = self.leaf_at(digest.position, checkpoint).await?;
        let proof = proof_file(digest.position, proof, checkpoint)?;
        let (mut later, mut bytes) = (Vec::new(), 0);
        let numbered = (0..).zip(rows.iter().copied());
        let asked: Vec<(u64, Row)> =
            numbered.filter(|(_, row)| streams.contains(&row.stream)).collect();
        for (_, row) in asked.iter().filter(|_| digest.said.size >= size) {
            let leaves = self.leaves_between(row, size).await?;
            bytes += leaves.iter().map(Vec::len).sum::<usize>();
            if bytes > MOST_BYTES {
                let (field, what, limit) = ("units", "bytes of records", MOST_BYTES);
                return Err(ServiceError::TooMuch { field, what, seen: bytes, limit });
            }
            if !leaves.is_empty() {
                let member = bundle(leaves.iter().map(Vec::as_slice));
                later.push((later_member(row.stream), member));
            }
        }
        let rows = Arc::clone(rows);
        let lines = aside(move || lines(&rows, &asked)).await??;
        let mut members = vec![
            (LEAF.to_owned(), leaf),
            (PROOF.to_owned(), proof),
            (ROWS.to_owned(), write(&lines)),
        ];
        members.extend(later);
        Ok(members)
    }

    /// The leaves of a stream from a size of the log on, up to the version of a row.
    async fn leaves_between(
        self: &Arc<Self>,
        row: &Row,
        size: u64,
    ) -> Result<Vec<Vec<u8>>, ServiceError> {
        let mut version = self.version_at(row.stream, size).await?;
        let mut leaves = Vec::new();
        while version < row.version {
            let records = self.stream_from(row.stream, version + 1, AT_ONCE).await?;
            if records.is_empty() {
                return Err(ServiceError::Fault("a stream ends before its row in a state digest"));
            }
            for record in records {
                let ReadRecord { recorded, leaf, .. } = record;
                if recorded.place.version > row.version {
                    break;
                }
                version = recorded.place.version;
                leaves.push(leaf);
            }
        }
        Ok(leaves)
    }
}
