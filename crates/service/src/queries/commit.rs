//! Commitments: that something was asked, recorded by `system` while nobody may know what.
//!
//! New rows are committed to when a span of the wall clock (an hour) is over in which one of them was
//! asked, when there are many, and when the engagement ends. So the log tells in which hour an auditor
//! asked something, and how many rows that made: no more.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use gradus_domain::registry::Engagement;
use gradus_domain::{Actor, Proposal};
use gradus_log::LogError;
use gradus_model::event::{EngagementEnded, QueriesRecorded};
use gradus_model::payload::Class;
use gradus_model::unit::{Grade, PrincipalKind};
use gradus_model::{Digest, Event, RequestId};
use gradus_proof::digest::sha256_of;
use gradus_proof::queries::{QueryRow, cut, pieces_root};

use super::file::{RowsAt, Whose};
use super::{MANY, held};
use crate::append::organization;
use crate::call::{Batch, Call, Receipt};
use crate::error::ServiceError;
use crate::service::Service;

/// How often it is looked whether something is due, at least.
const LOOK: Duration = Duration::from_mins(1);

/// What is to be done about an engagement.
struct Due {
    whose: Whose,
    /// How many rows are kept; what the log tells, where no file is there.
    rows: u64,
    /// Whether it takes in no more.
    over: bool,
    now: bool,
}

impl Service {
    /// Records commitments and opens what may be known from now on, as long as the service lives.
    ///
    /// `every` is the span of the wall clock by which commitments are recorded, at least 1 s.
    pub fn record_queries(self: &Arc<Self>, every: Duration) {
        let seconds = every.as_secs().max(1);
        self.queries.every.store(seconds, Ordering::Relaxed);
        let look = LOOK.min(Duration::from_secs(seconds));
        let (service, gone) = (Arc::downgrade(self), self.gone());
        let due = Arc::clone(&self.queries.due);
        tokio::spawn(async move {
            tokio::pin!(gone);
            loop {
                // Nothing of the service is held while waiting, so that it can end.
                {
                    let Some(service) = service.upgrade() else { return };
                    if let Err(ServiceError::Log(LogError::Closed)) = service.tend_queries().await {
                        return;
                    }
                }
                tokio::select! {
                    () = &mut gone => return,
                    () = due.notified() => (),
                    () = tokio::time::sleep(look) => (),
                }
            }
        });
    }

    /// Does what is due about every engagement.
    async fn tend_queries(&self) -> Result<(), ServiceError> {
        let none = held(&self.queries.keeper).engagements.is_empty();
        if none && self.views().registry.engagements().next().is_none() {
            return Ok(());
        }
        let _alone = self.queries.tending.lock().await;
        self.caught_up(None).await?;
        for due in self.due_queries() {
            let whose = due.whose;
            match self.tend(due).await {
                Ok(()) => (),
                Err(error @ ServiceError::Log(LogError::Closed)) => return Err(error),
                Err(error) => {
                    let (auditor, number) = (whose.auditor, whose.number);
                    tracing::warn!(%error, %auditor, number, "what was asked is not recorded yet");
                }
            }
        }
        Ok(())
    }

    async fn tend(&self, Due { whose, rows, over, now }: Due) -> Result<(), ServiceError> {
        if over {
            self.end_queries(whose, &self.as_system()?).await?;
            self.tell_queries(whose).await
        } else if now {
            self.commit_queries(whose, rows).await
        } else {
            Ok(())
        }
    }

    fn due_queries(&self) -> Vec<Due> {
        let span = i64::try_from(self.queries.every.load(Ordering::Relaxed)).unwrap_or(i64::MAX);
        let span_of = |micros: i64| micros.div_euclid(span.saturating_mul(1_000_000));
        let (views, at) = self.judged();
        let registry = &views.registry;
        let mut keeper = held(&self.queries.keeper);
        let mut due = Vec::new();
        for (whose, kept) in &mut keeper.engagements {
            let known = registry.engagement(whose.auditor, whose.number);
            let committed = known.map_or(0, Engagement::committed);
            let waiting = kept.file.rows.saturating_sub(committed);
            if waiting == 0 {
                kept.oldest = None;
            }
            let ended = known.is_some_and(|of| of.ended.is_some());
            let over = ended
                || kept.closed
                || kept.file.damaged.is_some()
                || registry.audit_is_over(whose.auditor, at);
            let begun = kept.oldest.map(|oldest| span_of(oldest.micros()));
            // A clock that was set back is another span, too.
            let passed = begun.is_some_and(|begun| begun != span_of(at.valid_at.micros()));
            let now = waiting > 0 && (passed || waiting >= MANY);
            due.push(Due { whose: *whose, rows: kept.file.rows, over, now });
        }
        // A directory that was restored has no file of those that went on.
        let lost = registry.engagements().filter(|(auditor, number, of)| {
            let whose = Whose { auditor: *auditor, number: *number };
            of.ended.is_none() && !keeper.engagements.contains_key(&whose)
        });
        due.extend(lost.map(|(auditor, number, of)| Due {
            whose: Whose { auditor, number },
            rows: of.committed(),
            over: true,
            now: false,
        }));
        due
    }

    /// Gradus itself.
    pub(super) fn as_system(&self) -> Result<Call, ServiceError> {
        let views = self.views();
        let mut all = views.registry.principals();
        let system = all.find(|one| one.kind == PrincipalKind::System).map(|one| one.id);
        let principal = system.ok_or(ServiceError::Fault("the log has no principal `system`"))?;
        let actor = Actor { principal, kind: PrincipalKind::System, grade: Grade::Internal };
        Ok(Call { class: Class::Confidential, ..Call::by(actor) })
    }

    /// A call by Gradus itself, named by what it is about, so that it is made once however often it is
    /// tried.
    pub(super) fn query_request(
        &self,
        sort: &str,
        whose: Whose,
        numbers: [u64; 2],
    ) -> Result<RequestId, ServiceError> {
        let parts: [&[u8]; 7] = [
            b"gradus/v1/queries/",
            sort.as_bytes(),
            &self.log_id.0,
            &whose.auditor.0,
            &whose.number.to_be_bytes(),
            &numbers[0].to_be_bytes(),
            &numbers[1].to_be_bytes(),
        ];
        let Digest(named) = sha256_of(&parts);
        let (request, _) = named.split_first_chunk().ok_or(ServiceError::Fault("a short hash"))?;
        Ok(RequestId(*request))
    }

    /// Rows of an engagement that is kept here.
    pub(super) async fn kept_rows(
        &self,
        whose: Whose,
        first: u64,
        most: u64,
    ) -> Result<Vec<QueryRow>, ServiceError> {
        let at: Option<RowsAt> = {
            let keeper = held(&self.queries.keeper);
            keeper.engagements.get(&whose).map(|kept| kept.file.reader(first))
        };
        let Some(at) = at else { return Ok(Vec::new()) };
        let read = tokio::task::spawn_blocking(move || at.read(most)).await;
        let read = read.map_err(|_| ServiceError::Fault("reading what was asked ended early"))?;
        Ok(read.map_err(crate::directory::DirectoryError::from)?)
    }

    /// Commits to all rows of an engagement up to a number.
    async fn commit_queries(&self, whose: Whose, upto: u64) -> Result<(), ServiceError> {
        loop {
            self.caught_up(None).await?;
            let (first, ended) = {
                let views = self.views();
                let known = views.registry.engagement(whose.auditor, whose.number);
                known.map_or((0, false), |of| (of.committed(), of.ended.is_some()))
            };
            let upto = if ended { first } else { upto };
            let most = upto.saturating_sub(first).min(MANY);
            let rows = self.kept_rows(whose, first, most).await?;
            if most == 0 || rows.is_empty() {
                return Ok(());
            }
            let root = pieces_root(cut(&rows).iter().map(|(piece, _)| piece));
            let (Whose { auditor, number: engagement }, count) = (whose, rows.len() as u64);
            let said = QueriesRecorded { auditor, engagement, first, count, root };
            let request = self.query_request("recorded", whose, [first, count])?;
            let call = Call { request: Some(request), ..self.as_system()? };
            self.say(&call, Event::QueriesRecorded(said)).await?;
            let mut keeper = held(&self.queries.keeper);
            if let Some(kept) = keeper.engagements.get_mut(&whose) {
                // As old as the rest may be.
                kept.oldest = kept.file.newest;
            }
        }
    }

    /// Ends an engagement: no more rows are taken in, all are committed to, and the end is recorded.
    pub(super) async fn end_queries(
        &self,
        whose: Whose,
        call: &Call,
    ) -> Result<Receipt, ServiceError> {
        let count = {
            let mut keeper = held(&self.queries.keeper);
            let kept = keeper.engagements.get_mut(&whose);
            kept.map(|kept| {
                kept.closed = true;
                kept.file.rows
            })
        };
        self.commit_queries(whose, count.unwrap_or(0)).await?;
        self.caught_up(None).await?;
        let Whose { auditor, number: engagement } = whose;
        let committed = {
            let views = self.views();
            views.registry.engagement(auditor, engagement).map(Engagement::committed)
        };
        let said = EngagementEnded { auditor, engagement, count: committed.unwrap_or(0) };
        self.say(call, Event::EngagementEnded(said)).await
    }

    async fn say(&self, call: &Call, event: Event) -> Result<Receipt, ServiceError> {
        self.append_to_organization(call, Proposal::at(event, None, self.now())).await
    }

    /// Ends the caller's own engagement, so that what was asked in it may be known.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for an engagement in which nothing was asked.
    pub async fn end_engagement(&self, call: &Call, number: u32) -> Result<Receipt, ServiceError> {
        let whose = Whose { auditor: call.actor.principal, number };
        let _alone = self.queries.tending.lock().await;
        self.caught_up(None).await?;
        let known = self.views().registry.engagement(whose.auditor, number).is_some();
        let kept = held(&self.queries.keeper).engagements.get(&whose).map(|kept| kept.file.rows);
        if !known && kept.is_none_or(|rows| rows == 0) {
            return Err(ServiceError::not_found("engagement", number));
        }
        if call.validate_only {
            let (auditor, engagement) = (whose.auditor, number);
            let said = EngagementEnded { auditor, engagement, count: kept.unwrap_or(0) };
            return self.say(call, Event::EngagementEnded(said)).await;
        }
        if kept.is_some() {
            self.expected(call)?;
        }
        // Commitments come before the end in the same stream.
        let call = Call { expected_version: None, ..*call };
        let receipt = self.end_queries(whose, &call).await?;
        self.queries.due.notify_one();
        Ok(receipt)
    }

    /// Refuses a call that expects another version of the organization's stream, before anything of it
    /// is done.
    fn expected(&self, call: &Call) -> Result<(), ServiceError> {
        let Some(expected) = call.expected_version else { return Ok(()) };
        let views = self.views();
        let stream = organization(&views.registry)?;
        let actual = views.history(stream).map_or(0, |history| history.version);
        if actual == expected {
            return Ok(());
        }
        let unit = views.registry.unit(stream).and_then(|unit| unit.name());
        let unit = unit.map_or_else(|| stream.to_string(), ToString::to_string);
        Err(ServiceError::StaleVersion { unit, expected, actual })
    }

    /// Records several facts of the organization in one call.
    pub(super) async fn say_all(
        &self,
        call: &Call,
        proposals: Vec<Proposal>,
    ) -> Result<(), ServiceError> {
        self.append(
            call,
            |writer, _| organization(&writer.registry),
            |writer, _| Ok(vec![Batch::new(organization(&writer.registry)?, proposals.clone())]),
        )
        .await?;
        self.caught_up(None).await
    }
}
