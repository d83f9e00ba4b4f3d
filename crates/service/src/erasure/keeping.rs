//! What is kept: retention rules and legal holds, and one text of an item that is not.

use std::sync::Arc;

use gradus_domain::access::Right;
use gradus_domain::registry::{Hold, Retention};
use gradus_domain::{NeededOn, Proposal, Refusal, UnitHistory};
use gradus_model::event::{
    EvidenceSuperseded, LegalHoldLifted, LegalHoldPlaced, PayloadErased, RetentionRemoved,
    RetentionSet, Run,
};
use gradus_model::evidence::{Item, Source};
use gradus_model::payload::Class;
use gradus_model::{Event, EvidenceId, Name, Payload, Target};

use crate::access::Caller;
use crate::call::{Call, OWN_SOURCES, Receipt};
use crate::error::ServiceError;
use crate::evidence::EvidenceRef;
use crate::records::{ReadRecord, Texts};
use crate::service::Service;
use crate::units::reason_payload;

/// The field that says who may read the others.
const CLASS: &str = "class";

impl Service {
    /// Says for how many days the texts of a unit and of all below it are kept.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Refused`] without the right to administer the organization, without a reason,
    /// or for a time that is out of bounds.
    pub async fn set_retention(
        &self,
        call: &Call,
        (unit, class): (&str, Option<Class>),
        days: u32,
        reason: &str,
    ) -> Result<Receipt, ServiceError> {
        let unit = self.seen(call, unit)?;
        self.keep(call, Event::RetentionSet(RetentionSet { unit, class, days }), reason).await
    }

    /// Removes a retention rule.
    ///
    /// # Errors
    ///
    /// As of [`Self::set_retention`].
    pub async fn remove_retention(
        &self,
        call: &Call,
        (unit, class): (&str, Option<Class>),
        reason: &str,
    ) -> Result<Receipt, ServiceError> {
        let unit = self.seen(call, unit)?;
        self.keep(call, Event::RetentionRemoved(RetentionRemoved { unit, class }), reason).await
    }

    /// Keeps texts of a unit and all below it, or some records of its own stream, from erasure.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Refused`] without the right to administer the organization, without a reason,
    /// or where another hold in force has the name.
    pub async fn place_hold(
        &self,
        call: &Call,
        hold: &Name,
        (unit, records): (&str, Option<Run>),
        reason: &str,
    ) -> Result<Receipt, ServiceError> {
        let unit = self.seen(call, unit)?;
        let placed = LegalHoldPlaced { hold: hold.clone(), unit, records };
        self.keep(call, Event::LegalHoldPlaced(placed), reason).await
    }

    /// Lifts a legal hold.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Refused`] without the right to administer the organization, without a reason,
    /// or for a hold that is unknown.
    pub async fn lift_hold(
        &self,
        call: &Call,
        hold: &Name,
        reason: &str,
    ) -> Result<Receipt, ServiceError> {
        let lifted = LegalHoldLifted { hold: hold.clone() };
        self.keep(call, Event::LegalHoldLifted(lifted), reason).await
    }

    async fn keep(&self, call: &Call, event: Event, reason: &str) -> Result<Receipt, ServiceError> {
        let proposal = Proposal::at(event, None, self.now()).with(reason_payload(reason));
        self.append_to_organization(call, proposal).await
    }

    /// The legal holds, the newest first; with `lifted` those that were lifted, too.
    ///
    /// # Errors
    ///
    /// A refusal without the right on the organization.
    pub fn holds(&self, by: &Caller, lifted: bool) -> Result<Vec<Hold>, ServiceError> {
        self.whole(by)?;
        let views = self.views();
        let all = views.registry.holds().rev();
        Ok(all.filter(|hold| lifted || hold.lifted.is_none()).cloned().collect())
    }

    /// The retention rules in force.
    ///
    /// # Errors
    ///
    /// A refusal without the right on the organization.
    pub fn retentions(&self, by: &Caller) -> Result<Vec<Retention>, ServiceError> {
        self.whole(by)?;
        Ok(self.views().registry.retentions().cloned().collect())
    }

    /// Puts an item forward again without some of its texts, in the place of the one before, whose
    /// texts are erased: all of it or nothing.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Invalid`] for a text that the item does not have, or has no more; and what
    /// submitting, superseding and erasing are refused with.
    pub async fn withhold_texts(
        self: &Arc<Self>,
        call: &Call,
        (unit, item): (&str, &EvidenceRef),
        fields: &[String],
        reason: &str,
    ) -> Result<(Receipt, EvidenceId), ServiceError> {
        let by = Caller { right: Right::Administer, ..call.caller() };
        let stream = self.unit(&by, unit)?;
        self.caught_up(None).await?;
        self.recalled(stream).await?;
        let (old, version, practices) = {
            let views = self.views();
            views.history(stream).and_then(|history| known(history, item)).ok_or_else(|| {
                let name = match item {
                    EvidenceRef::Id(id) => id.to_string(),
                    EvidenceRef::Source(source) => format!("{} of {}", source.id, source.name),
                };
                ServiceError::not_found("evidence", name)
            })?
        };
        let record = self.record_of(stream, version).await?;
        let payload = without(self.may_have(&by, &record)?, fields)?;
        let Event::EvidenceSubmitted(before) = &record.recorded.event else {
            return Err(ServiceError::Fault("an item is where none was submitted"));
        };
        let source = withheld(old)?;
        let (now, work_to) = (self.now(), record.recorded.effective_at);
        let receipt = self
            .append_to_unit(call, unit, |_, naming, _| {
                let by = naming.evidence(0);
                let (practices, source) = (practices.clone(), source.clone());
                let again = Item { evidence: by, practices, source, ..before.clone() };
                let superseded = EvidenceSuperseded { evidence: old, by };
                let because = |event| Proposal::at(event, None, now).with(reason_payload(reason));
                Ok(vec![
                    Proposal::new(Event::EvidenceSubmitted(again), work_to).with(payload.clone()),
                    because(Event::EvidenceSuperseded(superseded)),
                    because(Event::PayloadErased(PayloadErased { version })),
                ])
            })
            .await?;
        // The views destroy the key as they read the event.
        self.caught_up(None).await?;
        let evidence = self.naming(call, receipt.request).evidence(0);
        Ok((receipt, evidence))
    }

    /// The texts of a record, which will be the caller's own.
    fn may_have(&self, by: &Caller, record: &ReadRecord) -> Result<Payload, ServiceError> {
        match self.texts(by, record)? {
            Texts::Readable(texts) => Ok(texts),
            Texts::Erased => {
                let reason = "its texts were erased: there is nothing left to withhold";
                Err(ServiceError::invalid("evidence", reason))
            }
            Texts::Withheld => {
                let class = self.open_payload(record)?.and_then(|texts| texts.class());
                let right = class.map_or(Right::ReadInterviews, Right::to_texts);
                Err(Refusal::RightMissing { right, on: NeededOn::Any }.into())
            }
        }
    }
}

/// An item, the version that put it forward, and the practices that it speaks for.
fn known(history: &UnitHistory, item: &EvidenceRef) -> Option<(EvidenceId, u64, Vec<Target>)> {
    let id = match item {
        EvidenceRef::Id(id) => *id,
        EvidenceRef::Source(source) => history.item_from(source)?,
    };
    let version = history.item(id)?.version;
    let practices = history.practices_of(id, u64::MAX).into_iter().cloned().collect();
    Some((id, version, practices))
}

/// The texts without some of them.
fn without(texts: Payload, fields: &[String]) -> Result<Payload, ServiceError> {
    if fields.is_empty() {
        return Err(ServiceError::invalid("fields", "it is empty: name the texts to withhold"));
    }
    let has = || texts.0.iter().map(|field| field.name.as_str()).filter(|name| *name != CLASS);
    for (number, field) in fields.iter().enumerate() {
        if !has().any(|name| name == field) {
            let all = has().collect::<Vec<_>>().join(", ");
            let reason = format!("the item has no text `{field}`: it has {all}");
            return Err(ServiceError::invalid(format!("fields[{number}]"), reason));
        }
    }
    Ok(Payload(texts.0.into_iter().filter(|field| !fields.contains(&field.name)).collect()))
}

/// Where an item comes from that was put forward again: from the one before.
fn withheld(before: EvidenceId) -> Result<Source, ServiceError> {
    let wrong = |error| ServiceError::invalid("source", error);
    let name = format!("{OWN_SOURCES}withheld").parse().map_err(wrong)?;
    let id = before.to_string().parse().map_err(wrong)?;
    Ok(Source { name, id })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts() -> Payload {
        let texts = Payload::empty().with("title", "T").with("note", "N").with("uri", "U");
        texts.of_class(Class::Confidential)
    }

    fn named(fields: &[&str]) -> Vec<String> {
        fields.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_withheld_is_left_out_and_the_class_stays() {
        let left = without(texts(), &named(&["note", "title"])).unwrap();
        let names: Vec<&str> = left.0.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["class", "uri"]);
    }

    #[test]
    fn a_text_that_is_not_there_is_named_with_those_that_are() {
        let said = |fields: &[&str]| without(texts(), &named(fields)).unwrap_err().to_string();
        assert_eq!(
            said(&["note", "notes"]),
            "`fields[1]`: the item has no text `notes`: it has title, note, uri"
        );
        assert_eq!(
            said(&["class"]),
            "`fields[0]`: the item has no text `class`: it has title, note, uri"
        );
        assert_eq!(said(&[]), "`fields`: it is empty: name the texts to withhold");
    }
}
