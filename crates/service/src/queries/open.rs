//! Opening: once an engagement is over, its rows are recorded as texts, piece by piece.

use gradus_domain::Proposal;
use gradus_domain::registry::Recorded;
use gradus_model::event::QueriesOpened;
use gradus_model::{Event, Payload};
use gradus_proof::queries::{Piece, QueryRow, cut, pieces_root, to_text};

use super::file::Whose;
use super::held;
use crate::call::Call;
use crate::error::ServiceError;
use crate::service::Service;

/// The field of the payload that tells the rows.
pub(super) const ROWS: &str = "queries";

/// Pieces that are recorded in one call.
const TOGETHER: usize = 50;

impl Service {
    /// Records what was asked in an engagement that ended, and forgets the file once all of it is
    /// recorded. What is not as it was committed to stays closed.
    pub(super) async fn tell_queries(&self, whose: Whose) -> Result<(), ServiceError> {
        let Some(engagement) = ({
            let views = self.views();
            views.registry.engagement(whose.auditor, whose.number).cloned()
        }) else {
            return Ok(());
        };
        if engagement.ended.is_none() {
            return Ok(());
        }
        let mut complete = true;
        for recorded in &engagement.recorded {
            let rows = self.kept_rows(whose, recorded.first, recorded.count).await?;
            let pieces = cut(&rows);
            if pieces_root(pieces.iter().map(|(piece, _)| piece)) != recorded.root {
                complete = false;
                continue;
            }
            let open = |piece: &Piece| !engagement.has_opened(piece.first);
            let left: Vec<_> = pieces.into_iter().filter(|(piece, _)| open(piece)).collect();
            for pieces in left.chunks(TOGETHER) {
                self.open_pieces(whose, recorded, pieces).await?;
            }
        }
        if complete {
            self.remove_queries(whose).await
        } else {
            let (auditor, number) = (whose.auditor, whose.number);
            tracing::error!(%auditor, number, "what was asked is not as it was committed to");
            Ok(())
        }
    }

    async fn open_pieces(
        &self,
        whose: Whose,
        recorded: &Recorded,
        pieces: &[(Piece, &[QueryRow])],
    ) -> Result<(), ServiceError> {
        let Some((first, _)) = pieces.first() else { return Ok(()) };
        let Whose { auditor, number: engagement } = whose;
        let now = self.now();
        let proposal = |(piece, rows): &(Piece, &[QueryRow])| {
            let Piece { first, count, root } = *piece;
            let recorded = recorded.position;
            let said = QueriesOpened { auditor, engagement, recorded, first, count, root };
            let texts = Payload::empty().with(ROWS, to_text(rows));
            Proposal::at(Event::QueriesOpened(said), None, now).with(texts)
        };
        let request = self.query_request("opened", whose, [recorded.position, first.first])?;
        let call = Call { request: Some(request), ..self.as_system()? };
        self.say_all(&call, pieces.iter().map(proposal).collect()).await
    }

    /// Removes the file of an engagement whose rows are all in the log.
    async fn remove_queries(&self, whose: Whose) -> Result<(), ServiceError> {
        let path = {
            let mut keeper = held(&self.queries.keeper);
            let Some(kept) = keeper.engagements.remove(&whose) else { return Ok(()) };
            let past = keeper.past.entry(whose.auditor).or_default();
            *past = whose.number.max(*past);
            kept.file.path().to_owned()
        };
        let remove = move || crate::directory::folder::discard(&path);
        let removed = tokio::task::spawn_blocking(remove).await;
        let removed = removed.map_err(|_| ServiceError::Fault("removing a file ended early"))?;
        Ok(removed.map_err(crate::directory::DirectoryError::from)?)
    }
}
