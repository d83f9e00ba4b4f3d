//! The handlers of `ErasureService`.

use std::sync::Arc;

use gradus_domain::registry::{Hold, Retention};
use gradus_model::event::Run;
use gradus_model::payload::Class;
use gradus_model::{Name, UnitId};
use gradus_service::erasure::{AskedTexts, ErasedTexts, Erasure};
use gradus_service::{Service, ServiceError};
use gradus_wire::v1 as wire;
use gradus_wire::v1::erase_texts_request::Texts;
use gradus_wire::v1::erasure_service_server::ErasureService;
use tokio::sync::watch;
use tonic::{Request, Response};

use crate::api::{Api, Reply, reply};
use crate::auth::open;
use crate::convert::{self, principal_ref, timestamp, unit_ref};
use crate::principals::MOST_REASON;
use crate::projections::{Progress, followed};
use crate::status::status;

/// The longest words that are looked for, in bytes.
const MOST_WORDS: usize = 256;
/// The most legal holds that an answer tells.
const MOST_HOLDS: usize = 10_000;

/// The unit that a request is only about; none for all.
fn within(unit: &str) -> Option<String> {
    Some(unit.to_owned()).filter(|unit| !unit.is_empty())
}

fn class(given: i32) -> Result<Option<Class>, ServiceError> {
    let said = given != wire::PayloadClass::Unspecified as i32;
    said.then(|| convert::class("class", given)).transpose()
}

fn texts(asked: &wire::EraseTextsRequest) -> Result<AskedTexts, ServiceError> {
    convert::bounded_text("reason", &asked.reason, MOST_REASON)?;
    match convert::needed("texts", asked.texts.as_ref())? {
        Texts::Naming(words) => {
            convert::bounded_text("naming", words, MOST_WORDS)?;
            Ok(AskedTexts::Naming(words.clone()))
        }
        Texts::Person(of) => Ok(AskedTexts::Person {
            principal: of.principal.clone(),
            about: of.about,
            written: of.written,
        }),
    }
}

fn records(first: u64, last: u64) -> Option<Run> {
    let last = if last == 0 { u64::MAX } else { last };
    let some = first != 0 || last != u64::MAX;
    some.then_some(Run { first: first.max(1), last })
}

fn erasure(service: &Service, from: &Erasure, validated_only: bool) -> wire::Erasure {
    wire::Erasure {
        validated_only,
        records: from.streams.iter().map(|of| of.records).sum(),
        held: from.streams.iter().map(|of| of.held).sum(),
        unread: from.unread,
        holds: from.holds.iter().map(ToString::to_string).collect(),
        streams: from.streams.iter().map(|of| stream(service, of)).collect(),
        attachments: from.streams.iter().map(|of| of.attachments).sum(),
    }
}

fn stream(service: &Service, from: &ErasedTexts) -> wire::ErasedStream {
    let unit = |unit: UnitId| unit_ref(service, unit);
    wire::ErasedStream {
        unit: from.unit.map(unit),
        appraisal: from.unit.map_or_else(|| from.stream.to_string(), |_| String::new()),
        records: from.records,
        attachments: from.attachments,
        held: from.held,
        receipts: from.receipts.iter().map(|receipt| convert::receipt(service, receipt)).collect(),
    }
}

fn rule(service: &Service, from: &Retention) -> wire::RetentionRule {
    let class = match from.set.class {
        None => wire::PayloadClass::Unspecified,
        Some(Class::Ordinary) => wire::PayloadClass::Ordinary,
        Some(Class::Confidential) => wire::PayloadClass::Confidential,
        Some(Class::Unattributed) => wire::PayloadClass::Unattributed,
    };
    wire::RetentionRule {
        position: from.position,
        unit: Some(unit_ref(service, from.set.unit)),
        class: class.into(),
        days: from.set.days,
    }
}

async fn hold(service: &Service, from: &Hold) -> Result<wire::LegalHold, ServiceError> {
    let lifted = match from.lifted {
        Some(position) => Some(statement(service, position).await?),
        None => None,
    };
    let records = from.placed.records;
    Ok(wire::LegalHold {
        position: from.position,
        hold: from.placed.hold.to_string(),
        unit: Some(unit_ref(service, from.placed.unit)),
        first: records.map_or(0, |run| run.first),
        last: records.map(|run| run.last).filter(|last| *last != u64::MAX).unwrap_or_default(),
        placed: Some(statement(service, from.position).await?),
        lifted,
    })
}

async fn statement(service: &Service, position: u64) -> Result<wire::HoldStatement, ServiceError> {
    let said = service.source_statement(position).await?;
    Ok(wire::HoldStatement {
        position,
        recorded_at: Some(timestamp(said.recorded_at)),
        by: Some(principal_ref(service, said.by)),
        reason: said.reason.unwrap_or_default(),
    })
}

#[tonic::async_trait]
impl ErasureService for Api {
    type EraseTextsStream = Progress<wire::EraseTextsResponse>;
    type RunRetentionStream = Progress<wire::RunRetentionResponse>;

    async fn erase_texts(
        &self,
        request: Request<wire::EraseTextsRequest>,
    ) -> Reply<Self::EraseTextsStream> {
        let (by, asked) = open(request)?;
        let sought = texts(&asked).map_err(|error| status(&error))?;
        let (far, seen) = watch::channel((0, 0));
        let (service, told_by) = (Arc::clone(&self.service), Arc::clone(&self.service));
        let (unit, plan) = (within(&asked.unit), asked.validate_only);
        let task = service.erase_texts(by, (unit, sought), (asked.reason, plan), far);
        let on_the_way = |(done, total)| wire::EraseTextsResponse { done, total, erasure: None };
        let ended = move |found: Erasure| {
            let (done, total) = (found.looked_at, found.looked_at);
            let erasure = Some(erasure(&told_by, &found, plan));
            Ok(wire::EraseTextsResponse { done, total, erasure })
        };
        Ok(Response::new(followed(task, seen, on_the_way, ended)))
    }

    async fn withhold_texts(
        &self,
        request: Request<wire::WithholdTextsRequest>,
    ) -> Reply<wire::WithholdTextsResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let item = convert::evidence_ref("evidence", asked.evidence.as_ref())?;
            convert::bounded_text("reason", &asked.reason, MOST_REASON)?;
            let (of, fields) = ((asked.unit.as_str(), &item), &asked.fields);
            let (receipt, evidence) =
                self.service.withhold_texts(&call, of, fields, &asked.reason).await?;
            let evidence = evidence.to_string();
            Ok(wire::WithholdTextsResponse { receipt: self.told(&receipt), evidence })
        })
        .await
    }

    async fn run_retention(
        &self,
        request: Request<wire::RunRetentionRequest>,
    ) -> Reply<Self::RunRetentionStream> {
        let (by, asked) = open(request)?;
        let (far, seen) = watch::channel((0, 0));
        let (service, told_by) = (Arc::clone(&self.service), Arc::clone(&self.service));
        let plan = asked.validate_only;
        let task = service.run_retention(by, within(&asked.unit), plan, far);
        let on_the_way = |(done, total)| wire::RunRetentionResponse { done, total, erasure: None };
        let ended = move |found: Erasure| {
            let (done, total) = (found.looked_at, found.looked_at);
            let erasure = Some(erasure(&told_by, &found, plan));
            Ok(wire::RunRetentionResponse { done, total, erasure })
        };
        Ok(Response::new(followed(task, seen, on_the_way, ended)))
    }

    async fn set_retention(
        &self,
        request: Request<wire::SetRetentionRequest>,
    ) -> Reply<wire::SetRetentionResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            convert::bounded_text("reason", &asked.reason, MOST_REASON)?;
            let of = (asked.unit.as_str(), class(asked.class)?);
            let receipt = self.service.set_retention(&call, of, asked.days, &asked.reason).await?;
            Ok(wire::SetRetentionResponse { receipt: self.told(&receipt) })
        })
        .await
    }

    async fn remove_retention(
        &self,
        request: Request<wire::RemoveRetentionRequest>,
    ) -> Reply<wire::RemoveRetentionResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            convert::bounded_text("reason", &asked.reason, MOST_REASON)?;
            let of = (asked.unit.as_str(), class(asked.class)?);
            let receipt = self.service.remove_retention(&call, of, &asked.reason).await?;
            Ok(wire::RemoveRetentionResponse { receipt: self.told(&receipt) })
        })
        .await
    }

    async fn list_retention(
        &self,
        request: Request<wire::ListRetentionRequest>,
    ) -> Reply<wire::ListRetentionResponse> {
        let (by, _) = open(request)?;
        reply(async {
            let found = self.service.retentions(&by)?;
            let rules = found.iter().map(|of| rule(&self.service, of)).collect();
            Ok(wire::ListRetentionResponse { rules })
        })
        .await
    }

    async fn place_hold(
        &self,
        request: Request<wire::PlaceHoldRequest>,
    ) -> Reply<wire::PlaceHoldResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let hold: Name = convert::text("hold", &asked.hold)?;
            convert::bounded_text("reason", &asked.reason, MOST_REASON)?;
            let of = (asked.unit.as_str(), records(asked.first, asked.last));
            let receipt = self.service.place_hold(&call, &hold, of, &asked.reason).await?;
            Ok(wire::PlaceHoldResponse { receipt: self.told(&receipt) })
        })
        .await
    }

    async fn lift_hold(
        &self,
        request: Request<wire::LiftHoldRequest>,
    ) -> Reply<wire::LiftHoldResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let hold: Name = convert::text("hold", &asked.hold)?;
            convert::bounded_text("reason", &asked.reason, MOST_REASON)?;
            let receipt = self.service.lift_hold(&call, &hold, &asked.reason).await?;
            Ok(wire::LiftHoldResponse { receipt: self.told(&receipt) })
        })
        .await
    }

    async fn list_holds(
        &self,
        request: Request<wire::ListHoldsRequest>,
    ) -> Reply<wire::ListHoldsResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let mut holds = Vec::new();
            for known in self.service.holds(&by, asked.include_lifted)?.iter().take(MOST_HOLDS) {
                holds.push(hold(&self.service, known).await?);
            }
            Ok(wire::ListHoldsResponse { holds })
        })
        .await
    }
}
