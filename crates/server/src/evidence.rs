//! The handlers of `EvidenceService`.

use gradus_service::evidence::{RecordRef, Review};
use gradus_service::{Caller, ServiceError};
use gradus_wire::v1 as wire;
use gradus_wire::v1::evidence_service_server::EvidenceService;
use tonic::{Request, Response, Streaming};

use crate::api::{Api, Reply, reply, reply_of_items};
use crate::auth::{account, open};
use crate::convert::{self, evidence as items, instant};
use crate::push;
use crate::sufficiency;

/// The longest reason or note, in bytes.
const MOST_REASON: usize = 4_096;

impl Api {
    async fn review(
        &self,
        by: Caller,
        append: Option<&wire::AppendOptions>,
        unit: &str,
        (review, evidence): (Review, &[wire::EvidenceRef]),
        note: &str,
    ) -> Result<Option<wire::Receipt>, ServiceError> {
        let call = convert::call(by, append)?;
        let items = convert::evidence_refs("evidence", evidence)?;
        let field =
            if matches!(review, Review::Accept | Review::Confirm) { "note" } else { "reason" };
        convert::bounded_text(field, note, MOST_REASON)?;
        let receipt = self.service.review_evidence(&call, unit, review, &items, note).await?;
        Ok(self.told(&receipt))
    }
}

#[tonic::async_trait]
impl EvidenceService for Api {
    type PushEvidenceStream = push::Answers;

    async fn submit_evidence(
        &self,
        request: Request<wire::SubmitEvidenceRequest>,
    ) -> Reply<wire::SubmitEvidenceResponse> {
        let (by, asked) = open(request)?;
        reply_of_items("items", async {
            let call = convert::call(by, asked.append.as_ref())?;
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
        let account = account(&request)?;
        let (by, messages) = open(request)?;
        Ok(Response::new(push::answers(self.clone(), by, account, messages)))
    }

    async fn get_evidence(
        &self,
        request: Request<wire::GetEvidenceRequest>,
    ) -> Reply<wire::GetEvidenceResponse> {
        let (by, asked) = open(request)?;
        reply(self.one_item(&by, asked)).await
    }

    async fn list_evidence(
        &self,
        request: Request<wire::ListEvidenceRequest>,
    ) -> Reply<wire::ListEvidenceResponse> {
        let (by, asked) = open(request)?;
        reply(self.page_of_items(&by, asked)).await
    }

    async fn list_review_queue(
        &self,
        request: Request<wire::ListReviewQueueRequest>,
    ) -> Reply<wire::ListReviewQueueResponse> {
        let (by, asked) = open(request)?;
        reply(self.page_of_queue(&by, asked)).await
    }

    async fn get_sufficiency_matrix(
        &self,
        request: Request<wire::GetSufficiencyMatrixRequest>,
    ) -> Reply<wire::GetSufficiencyMatrixResponse> {
        let (by, asked) = open(request)?;
        reply(sufficiency::matrix(&by, &self.service, asked)).await
    }

    async fn accept_evidence(
        &self,
        request: Request<wire::AcceptEvidenceRequest>,
    ) -> Reply<wire::AcceptEvidenceResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let (append, items) = (asked.append.as_ref(), asked.evidence.as_slice());
            let said = (Review::Accept, items);
            let receipt = self.review(by, append, &asked.unit, said, &asked.note).await?;
            Ok(wire::AcceptEvidenceResponse { receipt })
        })
        .await
    }

    async fn reject_evidence(
        &self,
        request: Request<wire::RejectEvidenceRequest>,
    ) -> Reply<wire::RejectEvidenceResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let (append, items) = (asked.append.as_ref(), asked.evidence.as_slice());
            let said = (Review::Reject, items);
            let receipt = self.review(by, append, &asked.unit, said, &asked.reason).await?;
            Ok(wire::RejectEvidenceResponse { receipt })
        })
        .await
    }

    async fn withdraw_evidence(
        &self,
        request: Request<wire::WithdrawEvidenceRequest>,
    ) -> Reply<wire::WithdrawEvidenceResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let (append, items) = (asked.append.as_ref(), asked.evidence.as_slice());
            let said = (Review::Withdraw, items);
            let receipt = self.review(by, append, &asked.unit, said, &asked.reason).await?;
            Ok(wire::WithdrawEvidenceResponse { receipt })
        })
        .await
    }

    async fn confirm_evidence(
        &self,
        request: Request<wire::ConfirmEvidenceRequest>,
    ) -> Reply<wire::ConfirmEvidenceResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let (append, items) = (asked.append.as_ref(), asked.evidence.as_slice());
            let said = (Review::Confirm, items);
            let receipt = self.review(by, append, &asked.unit, said, &asked.note).await?;
            Ok(wire::ConfirmEvidenceResponse { receipt })
        })
        .await
    }

    async fn end_evidence(
        &self,
        request: Request<wire::EndEvidenceRequest>,
    ) -> Reply<wire::EndEvidenceResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
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
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
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
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let item = convert::evidence_ref("evidence", asked.evidence.as_ref())?;
            let links = items::links(&asked.practices, &asked.instances)?;
            convert::bounded_text("note", &asked.note, MOST_REASON)?;
            let (unit, note) = (&asked.unit, &asked.note);
            let receipt =
                self.service.link_evidence(&call, unit, &item, &links, true, note).await?;
            Ok(wire::LinkEvidenceResponse { receipt: self.told(&receipt) })
        })
        .await
    }

    async fn unlink_evidence(
        &self,
        request: Request<wire::UnlinkEvidenceRequest>,
    ) -> Reply<wire::UnlinkEvidenceResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let item = convert::evidence_ref("evidence", asked.evidence.as_ref())?;
            let links = items::links(&asked.practices, &asked.instances)?;
            convert::bounded_text("reason", &asked.reason, MOST_REASON)?;
            let (unit, reason) = (&asked.unit, &asked.reason);
            let receipt =
                self.service.link_evidence(&call, unit, &item, &links, false, reason).await?;
            Ok(wire::UnlinkEvidenceResponse { receipt: self.told(&receipt) })
        })
        .await
    }

    async fn erase_payload(
        &self,
        request: Request<wire::ErasePayloadRequest>,
    ) -> Reply<wire::ErasePayloadResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
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
