//! The handlers of `AppraisalService`.

use gradus_model::Payload;
use gradus_service::appraisals::{Summary, Told};
use gradus_service::{Receipt, ServiceError};
use gradus_wire::v1 as wire;
use gradus_wire::v1::appraisal_service_server::AppraisalService;
use tonic::Request;

use crate::api::{Api, Reply, reply, reply_of_items};
use crate::auth::open;
use crate::convert::appraisal::{self, MOST_TEXT};
use crate::convert::{self, instant};
use crate::page::Page;

/// The ratings that a closing recorded: everything in the call but the fact itself.
fn ratings_of(receipt: &Receipt) -> u32 {
    let ratings = receipt.items.iter().filter(|outcome| outcome.rating.is_some());
    u32::try_from(ratings.count()).unwrap_or(u32::MAX)
}

/// What the digest of an appraisal covers: every fact of its stream that was told.
fn facts(from: &Told) -> Vec<([u8; 16], Vec<i64>)> {
    let position = |position: u64| position.cast_signed();
    let known = &from.appraisal;
    let value = |value: Option<gradus_model::rating::Value>| {
        value.map_or(0, |value| i64::from(value.number()))
    };
    let state = known.state() as i64;
    let mut facts = vec![(known.id.0, vec![position(known.stated.position), state])];
    let closed = known.closed.iter();
    facts.extend(closed.map(|(unit, (said, ratings))| {
        (unit.0, vec![position(said.position), said.effective_at.micros(), position(*ratings)])
    }));
    let rated = from.individual.iter();
    facts.extend(rated.map(|one| {
        (one.rater.0, vec![position(one.sealed.said.position), i64::from(one.revealed)])
    }));
    let agreed = from.consensus.iter();
    facts.extend(agreed.map(|one| {
        (one.subject.unit.0, vec![position(one.agreed.said.position), value(one.agreed.value)])
    }));
    let carried = from.carried.iter();
    facts.extend(carried.map(|one| {
        let value = i64::from(one.value.number());
        (one.subject.unit.0, vec![position(one.position), value])
    }));
    let found = from.findings.iter();
    facts.extend(found.map(|one| (one.said.actor.0, vec![position(one.said.position)])));
    facts
}

#[tonic::async_trait]
impl AppraisalService for Api {
    async fn open_appraisal(
        &self,
        request: Request<wire::OpenAppraisalRequest>,
    ) -> Reply<wire::OpenAppraisalResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let input = appraisal::input(asked.input.as_ref())?;
            let (receipt, id) = self.service.open_appraisal(&call, &input).await?;
            let (appraisal, receipt) = (id.to_string(), self.told(&receipt));
            Ok(wire::OpenAppraisalResponse { appraisal, receipt })
        })
        .await
    }

    async fn change_appraisal(
        &self,
        request: Request<wire::ChangeAppraisalRequest>,
    ) -> Reply<wire::ChangeAppraisalResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let input = appraisal::input(asked.input.as_ref())?;
            let receipt = self.service.change_appraisal(&call, &asked.appraisal, &input).await?;
            Ok(wire::ChangeAppraisalResponse { receipt: self.told(&receipt) })
        })
        .await
    }

    async fn get_appraisal(
        &self,
        request: Request<wire::GetAppraisalRequest>,
    ) -> Reply<wire::GetAppraisalResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let coordinate = convert::coordinate(asked.coordinate.as_ref(), asked.min_size)?;
            let resolved = self.service.resolve(&coordinate).await?;
            let from = Some(asked.carry_from.as_str()).filter(|from| !from.is_empty());
            let told = self.service.told_appraisal(&by, &asked.appraisal, from, &resolved).await?;
            let digest = self.service.list_digest("appraisal", None, &resolved, &facts(&told));
            Ok(wire::GetAppraisalResponse {
                coordinate: Some(convert::resolved(&resolved)),
                digest: digest.0.to_vec(),
                ..appraisal::told(&self.service, &told)
            })
        })
        .await
    }

    async fn list_appraisals(
        &self,
        request: Request<wire::ListAppraisalsRequest>,
    ) -> Reply<wire::ListAppraisalsResponse> {
        let (by, mut asked) = open(request)?;
        reply(async {
            let (size, token) = (asked.page_size, std::mem::take(&mut asked.page_token));
            asked.page_size = 0;
            let page = Page::read("appraisals", size, &token, &asked)?;
            let coordinate = convert::coordinate(asked.coordinate.as_ref(), asked.min_size)?;
            let resolved = self.service.resolve(&page.pin(coordinate)).await?;
            let unit = Some(asked.unit.as_str()).filter(|unit| !unit.is_empty());
            let unit = unit.map(|unit| self.service.unit(&by, unit)).transpose()?;
            let state = appraisal::state_asked(asked.state)?;
            let found = self.service.appraisals(&by, unit, state, resolved.log_size).await?;
            let from = usize::try_from(page.from).unwrap_or(usize::MAX);
            let shown = found.iter().skip(from).take(page.size);
            let end = from.saturating_add(shown.len());
            let next = (end < found.len()).then_some(end as u64);
            let entry = |one: &Summary| {
                let stated = one.appraisal.stated.position.cast_signed();
                (one.appraisal.id.0, vec![stated, one.appraisal.state() as i64])
            };
            let entries: Vec<_> = shown.clone().map(entry).collect();
            let digest = self.service.list_digest("appraisals", unit, &resolved, &entries);
            let told = |one: &Summary| {
                let title = Payload::empty().with("title", one.title.clone().unwrap_or_default());
                appraisal::summary(&self.service, &one.appraisal, Some(&title))
            };
            Ok(wire::ListAppraisalsResponse {
                appraisals: shown.map(told).collect(),
                next_page_token: page.next(next, &resolved),
                coordinate: Some(convert::resolved(&resolved)),
                digest: digest.0.to_vec(),
            })
        })
        .await
    }

    async fn rate_in_appraisal(
        &self,
        request: Request<wire::RateInAppraisalRequest>,
    ) -> Reply<wire::RateInAppraisalResponse> {
        let (by, asked) = open(request)?;
        reply_of_items("ratings", async {
            let call = convert::call(by, asked.append.as_ref())?;
            let ratings = appraisal::ratings(&asked.ratings)?;
            let receipt = self.service.rate_in_appraisal(&call, &asked.appraisal, &ratings).await?;
            Ok(wire::RateInAppraisalResponse { receipt: self.told(&receipt) })
        })
        .await
    }

    async fn reveal_ratings(
        &self,
        request: Request<wire::RevealRatingsRequest>,
    ) -> Reply<wire::RevealRatingsResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let subjects = appraisal::subjects(&asked.subjects)?;
            let (receipt, revealed) =
                self.service.reveal_ratings(&call, &asked.appraisal, &subjects).await?;
            let revealed = u32::try_from(revealed).unwrap_or(u32::MAX);
            Ok(wire::RevealRatingsResponse { receipt: self.told(&receipt), revealed })
        })
        .await
    }

    async fn reach_consensus(
        &self,
        request: Request<wire::ReachConsensusRequest>,
    ) -> Reply<wire::ReachConsensusResponse> {
        let (by, asked) = open(request)?;
        reply_of_items("consensus", async {
            let call = convert::call(by, asked.append.as_ref())?;
            let agreed = appraisal::consensus(&asked.consensus)?;
            let receipt = self.service.reach_consensus(&call, &asked.appraisal, &agreed).await?;
            Ok(wire::ReachConsensusResponse { receipt: self.told(&receipt) })
        })
        .await
    }

    async fn record_finding(
        &self,
        request: Request<wire::RecordFindingRequest>,
    ) -> Reply<wire::RecordFindingResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let finding = appraisal::finding(asked.finding.as_ref())?;
            let receipt = self.service.record_finding(&call, &asked.appraisal, &finding).await?;
            Ok(wire::RecordFindingResponse { receipt: self.told(&receipt) })
        })
        .await
    }

    async fn sign_off_appraisal(
        &self,
        request: Request<wire::SignOffAppraisalRequest>,
    ) -> Reply<wire::SignOffAppraisalResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let at = instant("effective_at", asked.effective_at.as_ref())?;
            convert::bounded_text("statement", &asked.statement, MOST_TEXT)?;
            let (id, statement) = (&asked.appraisal, &asked.statement);
            let receipt = self.service.sign_off_appraisal(&call, id, at, statement).await?;
            Ok(wire::SignOffAppraisalResponse { receipt: self.told(&receipt) })
        })
        .await
    }

    async fn close_appraisal(
        &self,
        request: Request<wire::CloseAppraisalRequest>,
    ) -> Reply<wire::CloseAppraisalResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            convert::bounded_text("statement", &asked.statement, MOST_TEXT)?;
            let (id, unit, statement) = (&asked.appraisal, &asked.unit, &asked.statement);
            let receipt = self.service.close_appraisal(&call, id, unit, statement).await?;
            let ratings = ratings_of(&receipt);
            Ok(wire::CloseAppraisalResponse { receipt: self.told(&receipt), ratings })
        })
        .await
    }

    async fn import_appraisal(
        &self,
        request: Request<wire::ImportAppraisalRequest>,
    ) -> Reply<wire::ImportAppraisalResponse> {
        let (by, asked) = open(request)?;
        let answer = async {
            let call = convert::call(by, asked.append.as_ref())?;
            let import = appraisal::import::import(&asked)?;
            let (receipt, id) = self.service.import_appraisal(&call, &import).await?;
            let (appraisal, ratings) = (id.to_string(), ratings_of(&receipt));
            Ok(wire::ImportAppraisalResponse { appraisal, receipt: self.told(&receipt), ratings })
        };
        match answer.await {
            // What is wrong with the whole is in none of its ratings.
            Err(whole @ ServiceError::Refused { item: None, .. }) => {
                reply(async { Err(whole) }).await
            }
            answer => reply_of_items("ratings", async { answer }).await,
        }
    }

    async fn cancel_appraisal(
        &self,
        request: Request<wire::CancelAppraisalRequest>,
    ) -> Reply<wire::CancelAppraisalResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            convert::bounded_text("reason", &asked.reason, MOST_TEXT)?;
            let (id, reason) = (&asked.appraisal, &asked.reason);
            let receipt = self.service.cancel_appraisal(&call, id, reason).await?;
            Ok(wire::CancelAppraisalResponse { receipt: self.told(&receipt) })
        })
        .await
    }
}
