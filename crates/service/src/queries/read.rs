//! Reading engagements and what was asked in them.

use gradus_domain::access::Right;
use gradus_domain::registry::Engagement;
use gradus_model::{PrincipalId, Timestamp};
use gradus_proof::queries::{QueryRow, from_text};

use super::file::Whose;
use super::held;
use super::open::ROWS;
use crate::access::Caller;
use crate::error::ServiceError;
use crate::records::Texts;
use crate::service::Service;

/// The most bytes of requests that are told at once.
const MOST_BYTES: usize = 1 << 20;

/// An engagement, as far as the caller may know.
#[derive(Clone, Debug)]
pub struct EngagementTold {
    /// Whose it is.
    pub auditor: PrincipalId,
    /// Its number.
    pub number: u32,
    /// What the log tells of it.
    pub engagement: Engagement,
    /// When it is over at the latest, as far as that is known.
    pub until: Option<Timestamp>,
    /// How many rows are kept; told to the auditor alone.
    pub kept: Option<u64>,
    /// Whether what is not opened yet is kept here, so that it can be.
    pub openable: bool,
}

/// A row, and where it was opened.
#[derive(Clone, Debug)]
pub struct QueryTold {
    /// The row.
    pub row: QueryRow,
    /// Where it was opened, if it was.
    pub position: Option<u64>,
}

/// Rows of an engagement.
#[derive(Clone, Debug, Default)]
pub struct ToldQueries {
    /// The rows, in order.
    pub rows: Vec<QueryTold>,
    /// Where pieces lie whose rows are erased, or not the caller's to read.
    pub withheld: Vec<u64>,
    /// The row to go on with, if there are more.
    pub next: Option<u64>,
}

impl Service {
    /// The engagements that the caller may know of: their own, and all of them with the right to prove
    /// on the organization.
    #[must_use]
    pub fn engagements(&self, by: &Caller) -> Vec<EngagementTold> {
        let own = by.actor.principal;
        let all = self.proves_all(by);
        let (views, _) = self.judged();
        let registry = &views.registry;
        let keeper = held(&self.queries.keeper);
        let kept = |auditor, number| keeper.engagements.get(&Whose { auditor, number });
        let told = |auditor, number, engagement: &Engagement| EngagementTold {
            auditor,
            number,
            engagement: engagement.clone(),
            until: registry.audit_until(auditor),
            kept: kept(auditor, number).map(|kept| kept.file.rows).filter(|_| auditor == own),
            openable: kept(auditor, number).is_some(),
        };
        let known = registry.engagements().filter(|(auditor, ..)| all || *auditor == own);
        let mut found: Vec<_> =
            known.map(|(auditor, number, of)| told(auditor, number, of)).collect();
        // Of those of which nothing is recorded yet, their auditor alone knows.
        let new = keeper.engagements.keys().filter(|whose| {
            whose.auditor == own && registry.engagement(own, whose.number).is_none()
        });
        found.extend(new.map(|whose| told(own, whose.number, &Engagement::default())));
        found
    }

    fn proves_all(&self, by: &Caller) -> bool {
        self.sight(&Caller { right: Right::Prove, ..*by }).is_everything()
    }

    /// Rows of an engagement from a number on, at most `most` and about 1 MiB of them: to the auditor
    /// at any time, to others who may read and prove all once they are opened.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for an engagement that the caller may not know of,
    /// [`ServiceError::QueriesSealed`] while it goes on.
    pub async fn queries(
        &self,
        by: &Caller,
        (auditor, number): (PrincipalId, u32),
        first: u64,
        most: usize,
    ) -> Result<ToldQueries, ServiceError> {
        self.caught_up(None).await?;
        let whose = Whose { auditor, number };
        let own = by.actor.principal == auditor;
        let (engagement, until) = {
            let views = self.views();
            let known = views.registry.engagement(auditor, number).cloned();
            (known, views.registry.audit_until(auditor))
        };
        let kept = held(&self.queries.keeper).engagements.contains_key(&whose);
        let unknown = || ServiceError::not_found("engagement", number);
        if own && kept {
            let rows = self.kept_rows(whose, first, most as u64 + 1).await?;
            return Ok(page(rows.into_iter().map(|row| (row, None)), most));
        }
        let engagement = engagement.filter(|_| own || self.proves_all(by)).ok_or_else(unknown)?;
        if engagement.ended.is_none() {
            return Err(ServiceError::QueriesSealed { until });
        }
        let mut told = ToldQueries::default();
        let mut bytes = 0;
        let mut pieces: Vec<_> =
            engagement.opened.iter().filter(|piece| piece.first + piece.count > first).collect();
        pieces.sort_by_key(|piece| piece.first);
        for piece in pieces {
            if told.rows.len() >= most || bytes >= MOST_BYTES {
                told.next = Some(piece.first);
                break;
            }
            let record = self.record_at(piece.position).await?;
            let texts = if own {
                self.open_payload(&record)?.map_or(Texts::Erased, Texts::Readable)
            } else {
                self.texts(by, &record)?
            };
            let Some(text) = texts.get(ROWS) else {
                told.withheld.push(piece.position);
                continue;
            };
            let rows = from_text(text);
            let rows = rows.map_err(|_| ServiceError::Fault("what was asked cannot be read"))?;
            for row in rows.into_iter().filter(|row| row.number >= first) {
                bytes += row.request.len();
                told.rows.push(QueryTold { row, position: Some(piece.position) });
            }
        }
        Ok(told)
    }
}

/// The first rows, and which one is the next.
fn page(rows: impl Iterator<Item = (QueryRow, Option<u64>)>, most: usize) -> ToldQueries {
    let (mut told, mut bytes) = (ToldQueries::default(), 0);
    for (row, position) in rows {
        if told.rows.len() >= most || bytes >= MOST_BYTES {
            told.next = Some(row.number);
            break;
        }
        bytes += row.request.len();
        told.rows.push(QueryTold { row, position });
    }
    told
}
