//! The rows that digests were made of, kept to prove single ones: derived, and made again if they are
//! gone or not what the digest says.
//!
//! A file for each size, named by it in 20 digits, holds the rows one after the other.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use gradus_projection::views::StateDigest;
use gradus_proof::Row;
use gradus_proof::state::rows_root;

use super::Rows;
use crate::directory::folder::{create_folder, replace};
use crate::error::ServiceError;
use crate::service::Service;

impl Service {
    fn rows_path(&self, size: u64) -> PathBuf {
        self.directory.states().join(format!("{size:020}"))
    }

    /// Keeps rows; where that cannot be, they are made again when they are asked for.
    pub(super) async fn keep_rows(&self, size: u64, rows: Vec<Row>) {
        let (folder, path) = (self.directory.states(), self.rows_path(size));
        let bytes = rows.iter().flat_map(Row::to_bytes).collect::<Vec<u8>>();
        self.remember((size, Arc::new(rows)));
        let write = move || create_folder(&folder).and_then(|()| replace(&path, &bytes));
        match tokio::task::spawn_blocking(write).await {
            Ok(Ok(())) => (),
            Ok(Err(error)) => tracing::warn!(%error, "the rows of a state digest are not kept"),
            Err(_) => tracing::warn!("the rows of a state digest are not kept"),
        }
    }

    fn remember(&self, rows: Rows) {
        let mut recent = self.states.recent.lock().unwrap_or_else(PoisonError::into_inner);
        *recent = Some(rows);
    }

    /// The rows of a digest that was recorded.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Fault`] where the log no longer says what the digest does.
    pub(crate) async fn rows_of(
        self: &Arc<Self>,
        digest: &StateDigest,
    ) -> Result<Arc<Vec<Row>>, ServiceError> {
        let size = digest.said.size;
        let recent = {
            let recent = self.states.recent.lock().unwrap_or_else(PoisonError::into_inner);
            recent.clone().filter(|(of, _)| *of == size)
        };
        if let Some((_, rows)) = recent.filter(|(_, rows)| rows_root(rows) == digest.said.root) {
            return Ok(rows);
        }
        let path = self.rows_path(size);
        let read = tokio::task::spawn_blocking(move || fs::read(path)).await;
        let read = read.ok().and_then(Result::ok).and_then(|bytes| all(&bytes));
        if let Some(rows) = read.filter(|rows| rows_root(rows) == digest.said.root) {
            let rows = Arc::new(rows);
            self.remember((size, Arc::clone(&rows)));
            return Ok(rows);
        }
        let rows = self.rows_again(size, digest.said.projector).await?;
        if rows_root(&rows) != digest.said.root {
            let (root, made) = (digest.said.root, rows_root(&rows));
            let projector = digest.said.projector;
            tracing::error!(size, %root, %made, projector, "a state digest is not what the log says");
            return Err(ServiceError::Fault("a state digest is not what the log says"));
        }
        self.keep_rows(size, rows.clone()).await;
        Ok(Arc::new(rows))
    }
}

fn all(mut bytes: &[u8]) -> Option<Vec<Row>> {
    let mut rows = Vec::new();
    while !bytes.is_empty() {
        let (row, rest) = Row::read_first(bytes).ok()?;
        rows.push(row);
        bytes = rest;
    }
    Some(rows)
}
