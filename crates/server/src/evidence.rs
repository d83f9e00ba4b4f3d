//! The handlers of `EvidenceService`.

use gradus_domain::Actor;
use gradus_domain::history::EvidenceHistory;
use gradus_model::evidence::Kind;
use gradus_model::{Target, UnitId};
use gradus_service::ServiceError;
use gradus_service::coordinate::Resolved;
use gradus_service::evidence::{EvidenceRef, RecordRef, Review};
use gradus_wire::v1 as wire;
use gradus_wire::v1::evidence_service_server::EvidenceService;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use crate::api::{Api, Reply, reply, reply_of_items};
use crate::auth::open;
use crate::convert::{self, evidence as items, instant};
use crate::page::{self, Page};
use crate::push;

/// The longest reason or note, in bytes.
const MOST_REASON: usize = 4_096;

impl Api {
    async fn review(
        &self,
        actor: Actor,
        append: Option<&wire::AppendOptions>,
        unit: &str,
        (review, evidence): (Review, &[wire::EvidenceRef]),
        note: &str,
    ) -> Result<Option<wire::Receipt>, ServiceError> {
        let call = convert::call(actor, append)?;
        let items = convert::evidence_refs("evidence", evidence)?;
        let field =
            if matches!(review, Review::Accept | Review::Confirm) { "note" } else { "reason" };
        convert::bounded_text(field, note, MOST_REASON)?;
        let receipt = self.service.review_evidence(&call, unit, review, &items, note).await?;
        Ok(self.told(&receipt))
    }

    /// Reads the records of items and shows them as they stand at a resolved coordinate.
    async fn shown(
        &self,
        unit: UnitId,
        resolved: &Resolved,
        rules: Option<&str>,
        found: Vec<(EvidenceHistory, Vec<Target>)>,
    ) -> Result<Vec<wire::Evidence>, ServiceError> {
        // Without model or rules nothing is valid, which is no error in a list.
        let basis = self.service.basis(unit, resolved, rules).ok();
        let mut out = Vec::with_capacity(found.len());
        for (history, practices) in found {
            let record = self.service.record_at(history.position).await?;
            let shown = items::Shown {
                service: &self.service,
                unit,
                at: resolved.at(),
                basis: basis.as_ref(),
            };
            let valid = {
                let views = self.service.views();
                let targets: Vec<&Target> = practices.iter().collect();
                items::validity(&shown, &views, &history, &targets)
            };
            let practices = practices.iter().map(ToString::to_string).collect();
            let found = items::evidence(&shown, &record, &history, practices, valid)?;
            out.push(match history.decided_at(resolved.log_size) {
                Some(position) => {
                    let decision = self.service.record_at(position).await?;
                    items::with_review(&self.service, found, &decision)?
                }
                None => found,
            });
        }
        Ok(out)
    }
}

/// What a list's digest covers of an item.
fn entry(shown: &wire::Evidence, history: &EvidenceHistory) -> ([u8; 16], Vec<i64>) {
    let position = i64::try_from(history.position).unwrap_or(i64::MAX);
    (history.id.0, vec![position, i64::from(shown.standing), i64::from(shown.valid)])
}

#[tonic::async_trait]
impl EvidenceService for Api {
    type PushEvidenceStream = ReceiverStream<Result<wire::PushEvidenceResponse, Status>>;

    async fn submit_evidence(
        &self,
        request: Request<wire::SubmitEvidenceRequest>,
    ) -> Reply<wire::SubmitEvidenceResponse> {
        let (actor, asked) = open(request)?;
        reply_of_items("items", async {
            let call = convert::call(actor, asked.append.as_ref())?;
            let steps = items::submissions(&asked.items)?;
            let receipt = self.service.push_evidence(&call, &asked.unit, &steps).await?;
            let submitted = receipt.items.iter().map(|outcome| wire::SubmittedEvidence {
                evidence: outcome.evidence.map(|id| id.to_string()).unwrap_or_default(),
                duplicate: outcome.placed.is_none() && !receipt.validated_only,
            });
            Ok(wire::SubmitEvidenceResponse {
                items: submitted.collect(),
                receipt: self.told(&receipt),
            })
        })
        .await
    }

    async fn push_evidence(
        &self,
        request: Request<Streaming<wire::PushEvidenceRequest>>,
    ) -> Reply<Self::PushEvidenceStream> {
        let (actor, messages) = open(request)?;
        Ok(Response::new(push::answers(self.clone(), actor, messages)))
    }

    async fn get_evidence(
        &self,
        request: Request<wire::GetEvidenceRequest>,
    ) -> Reply<wire::GetEvidenceResponse> {
        let (_, asked) = open(request)?;
        reply(async {
            let coordinate = convert::coordinate(asked.coordinate.as_ref(), asked.min_size)?;
            let item = convert::evidence_ref("evidence", asked.evidence.as_ref())?;
            let resolved = self.service.resolve(&coordinate).await?;
            let unit = self.service.unit(&asked.unit)?;
            let found = {
                let views = self.service.views();
                let size = resolved.log_size;
                let history = views.history(unit);
                let found = history.and_then(|history| match &item {
                    EvidenceRef::Id(id) => history.item(*id),
                    EvidenceRef::Source(source) => {
                        history.evidence(size).find(|item| item.source == *source)
                    }
                });
                let found = found.filter(|found| found.position < size).cloned();
                let name = match &item {
                    EvidenceRef::Id(id) => id.to_string(),
                    EvidenceRef::Source(source) => format!("{} of {}", source.id, source.name),
                };
                let found = found.ok_or_else(|| ServiceError::not_found("evidence", name))?;
                let practices = history.map(|history| history.practices_of(found.id, size));
                let practices = practices.unwrap_or_default().into_iter().cloned().collect();
                (found, practices)
            };
            let history = found.0.clone();
            let rules = coordinate.rules.as_deref();
            let shown = self.shown(unit, &resolved, rules, vec![found]).await?;
            let entries: Vec<_> = shown.iter().map(|shown| entry(shown, &history)).collect();
            let digest = self.service.list_digest("evidence", Some(unit), &resolved, &entries);
            Ok(wire::GetEvidenceResponse {
                evidence: shown.into_iter().next(),
                coordinate: Some(convert::resolved(&resolved)),
                digest: digest.0.to_vec(),
            })
        })
        .await
    }

    async fn list_evidence(
        &self,
        request: Request<wire::ListEvidenceRequest>,
    ) -> Reply<wire::ListEvidenceResponse> {
        let (_, mut asked) = open(request)?;
        reply(async {
            let (size, token) = (asked.page_size, std::mem::take(&mut asked.page_token));
            asked.page_size = 0;
            let page = Page::read("evidence", size, &token, &asked)?;
            let coordinate = convert::coordinate(asked.coordinate.as_ref(), asked.min_size)?;
            let rules = coordinate.rules.clone();
            let resolved = self.service.resolve(&page.pin(coordinate)).await?;
            let unit = self.service.unit(&asked.unit)?;
            let kinds: Vec<Kind> = asked
                .kinds
                .iter()
                .map(|kind| convert::word("kinds", *kind, Kind::from_number))
                .collect::<Result<_, _>>()?;
            let practice = Some(asked.practice.as_str()).filter(|practice| !practice.is_empty());
            let practice =
                practice.map(|practice| convert::practice("practice", practice)).transpose()?;
            if let Some(practice) = &practice {
                self.service.check_practice(unit, resolved.at(), practice)?;
            }
            for standing in &asked.standings {
                let known = |number: u8| wire::Standing::try_from(i32::from(number)).ok();
                convert::word("standings", *standing, known)?;
            }
            let basis = self.service.basis(unit, &resolved, rules.as_deref()).ok();
            let mut next = None;
            let mut numbers = Vec::new();
            let found = {
                let views = self.service.views();
                let at = resolved.at();
                let shown =
                    items::Shown { service: &self.service, unit, at, basis: basis.as_ref() };
                let mut found = Vec::new();
                let history = views.history(unit);
                let every = history.into_iter().flat_map(|history| history.evidence(at.size));
                for (number, item) in (0_u64..).zip(every) {
                    let standing = i32::from(items::standing(item.standing(at.size)));
                    let fits = number >= page.from
                        && (asked.standings.is_empty() || asked.standings.contains(&standing))
                        && (kinds.is_empty() || kinds.contains(&item.kind))
                        && (asked.source.is_empty() || item.source.name.as_str() == asked.source);
                    if !fits {
                        continue;
                    }
                    let practices = history.map(|history| history.practices_of(item.id, at.size));
                    let practices = practices.unwrap_or_default();
                    let of_practice = practice.as_ref().is_none_or(|asked| {
                        let same_model = |model: &gradus_model::ModelId| {
                            asked.model.as_ref().is_none_or(|named| named == model)
                        };
                        practices.iter().any(|target| {
                            target.practice == asked.practice && same_model(&target.model)
                        })
                    });
                    let valid = || {
                        let valid = items::validity(&shown, &views, item, &practices);
                        valid.is_some_and(|(valid, _)| valid)
                    };
                    if !of_practice || (asked.valid_only && !valid()) {
                        continue;
                    }
                    if found.len() == page.size {
                        next = Some(number);
                        break;
                    }
                    let practices: Vec<Target> = practices.into_iter().cloned().collect();
                    found.push((item.clone(), practices));
                    numbers.push(number);
                }
                found
            };
            let histories: Vec<EvidenceHistory> =
                found.iter().map(|(history, _)| history.clone()).collect();
            let mut shown = self.shown(unit, &resolved, rules.as_deref(), found).await?;
            let fitting = page::fitting(&shown);
            next = numbers.get(fitting).copied().or(next);
            shown.truncate(fitting);
            let entries: Vec<_> = shown
                .iter()
                .zip(&histories)
                .map(|(shown, history)| entry(shown, history))
                .collect();
            let digest = self.service.list_digest("evidence", Some(unit), &resolved, &entries);
            Ok(wire::ListEvidenceResponse {
                evidence: shown,
                next_page_token: page.next(next, &resolved),
                coordinate: Some(convert::resolved(&resolved)),
                digest: digest.0.to_vec(),
            })
        })
        .await
    }

    async fn accept_evidence(
        &self,
        request: Request<wire::AcceptEvidenceRequest>,
    ) -> Reply<wire::AcceptEvidenceResponse> {
        let (actor, asked) = open(request)?;
        reply(async {
            let (append, items) = (asked.append.as_ref(), asked.evidence.as_slice());
            let said = (Review::Accept, items);
            let receipt = self.review(actor, append, &asked.unit, said, &asked.note).await?;
            Ok(wire::AcceptEvidenceResponse { receipt })
        })
        .await
    }

    async fn reject_evidence(
        &self,
        request: Request<wire::RejectEvidenceRequest>,
    ) -> Reply<wire::RejectEvidenceResponse> {
        let (actor, asked) = open(request)?;
        reply(async {
            let (append, items) = (asked.append.as_ref(), asked.evidence.as_slice());
            let said = (Review::Reject, items);
            let receipt = self.review(actor, append, &asked.unit, said, &asked.reason).await?;
            Ok(wire::RejectEvidenceResponse { receipt })
        })
        .await
    }

    async fn withdraw_evidence(
        &self,
        request: Request<wire::WithdrawEvidenceRequest>,
    ) -> Reply<wire::WithdrawEvidenceResponse> {
        let (actor, asked) = open(request)?;
        reply(async {
            let (append, items) = (asked.append.as_ref(), asked.evidence.as_slice());
            let said = (Review::Withdraw, items);
            let receipt = self.review(actor, append, &asked.unit, said, &asked.reason).await?;
            Ok(wire::WithdrawEvidenceResponse { receipt })
        })
        .await
    }

    async fn confirm_evidence(
        &self,
        request: Request<wire::ConfirmEvidenceRequest>,
    ) -> Reply<wire::ConfirmEvidenceResponse> {
        let (actor, asked) = open(request)?;
        reply(async {
            let (append, items) = (asked.append.as_ref(), asked.evidence.as_slice());
            let said = (Review::Confirm, items);
            let receipt = self.review(actor, append, &asked.unit, said, &asked.note).await?;
            Ok(wire::ConfirmEvidenceResponse { receipt })
        })
        .await
    }

    async fn end_evidence(
        &self,
        request: Request<wire::EndEvidenceRequest>,
    ) -> Reply<wire::EndEvidenceResponse> {
        let (actor, asked) = open(request)?;
        reply(async {
            let call = convert::call(actor, asked.append.as_ref())?;
            let items = convert::evidence_refs("evidence", &asked.evidence)?;
            let at = instant("at", asked.at.as_ref())?;
            convert::bounded_text("reason", &asked.reason, MOST_REASON)?;
            let receipt =
                self.service.end_evidence(&call, &asked.unit, &items, at, &asked.reason).await?;
            Ok(wire::EndEvidenceResponse { receipt: self.told(&receipt) })
        })
        .await
    }

    async fn supersede_evidence(
        &self,
        request: Request<wire::SupersedeEvidenceRequest>,
    ) -> Reply<wire::SupersedeEvidenceResponse> {
        let (actor, asked) = open(request)?;
        reply(async {
            let call = convert::call(actor, asked.append.as_ref())?;
            let old = convert::evidence_ref("evidence", asked.evidence.as_ref())?;
            let new = convert::evidence_ref("by", asked.by.as_ref())?;
            let at = instant("effective_at", asked.effective_at.as_ref())?;
            convert::bounded_text("reason", &asked.reason, MOST_REASON)?;
            let (unit, reason) = (&asked.unit, &asked.reason);
            let receipt =
                self.service.supersede_evidence(&call, unit, (&old, &new), at, reason).await?;
            Ok(wire::SupersedeEvidenceResponse { receipt: self.told(&receipt) })
        })
        .await
    }

    async fn link_evidence(
        &self,
        request: Request<wire::LinkEvidenceRequest>,
    ) -> Reply<wire::LinkEvidenceResponse> {
        let (actor, asked) = open(request)?;
        reply(async {
            let call = convert::call(actor, asked.append.as_ref())?;
            let item = convert::evidence_ref("evidence", asked.evidence.as_ref())?;
            let practices = convert::bounded("practices", &asked.practices)?;
            let practices = convert::practices("practices", practices)?;
            convert::bounded_text("note", &asked.note, MOST_REASON)?;
            let (unit, note) = (&asked.unit, &asked.note);
            let receipt =
                self.service.link_evidence(&call, unit, &item, &practices, true, note).await?;
            Ok(wire::LinkEvidenceResponse { receipt: self.told(&receipt) })
        })
        .await
    }

    async fn unlink_evidence(
        &self,
        request: Request<wire::UnlinkEvidenceRequest>,
    ) -> Reply<wire::UnlinkEvidenceResponse> {
        let (actor, asked) = open(request)?;
        reply(async {
            let call = convert::call(actor, asked.append.as_ref())?;
            let item = convert::evidence_ref("evidence", asked.evidence.as_ref())?;
            let practices = convert::bounded("practices", &asked.practices)?;
            let practices = convert::practices("practices", practices)?;
            convert::bounded_text("reason", &asked.reason, MOST_REASON)?;
            let (unit, reason) = (&asked.unit, &asked.reason);
            let receipt =
                self.service.link_evidence(&call, unit, &item, &practices, false, reason).await?;
            Ok(wire::UnlinkEvidenceResponse { receipt: self.told(&receipt) })
        })
        .await
    }

    async fn erase_payload(
        &self,
        request: Request<wire::ErasePayloadRequest>,
    ) -> Reply<wire::ErasePayloadResponse> {
        let (actor, asked) = open(request)?;
        reply(async {
            let call = convert::call(actor, asked.append.as_ref())?;
            let record = match convert::needed("record", asked.record.as_ref())? {
                wire::erase_payload_request::Record::Version(version) => {
                    RecordRef::Version(*version)
                }
                wire::erase_payload_request::Record::Evidence(item) => {
                    RecordRef::Evidence(convert::evidence_ref("evidence", Some(item))?)
                }
            };
            convert::bounded_text("reason", &asked.reason, MOST_REASON)?;
            let receipt =
                self.service.erase_payload(&call, &asked.unit, &record, &asked.reason).await?;
            Ok(wire::ErasePayloadResponse { receipt: self.told(&receipt) })
        })
        .await
    }
}
