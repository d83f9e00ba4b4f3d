//! Erasing the texts of many records: what is about a person, what somebody wrote, what names
//! something, and what retention rules no longer keep. With the texts of items go the attachments that
//! no other item of the unit names.
//!
//! Streams are read one by one, and what is found is erased by events of its own in each of them.
//! Nothing is erased before all was read. What is recorded meanwhile is not looked at; to do it again
//! is harmless, since what is erased is not found again.

mod found;
mod keeping;

use std::collections::BTreeSet;
use std::sync::Arc;

use gradus_domain::access::Right;
use gradus_domain::erasure::About;
use gradus_domain::registry::Hold;
use gradus_domain::{NeededOn, Proposal, Refusal, Registry};
use gradus_model::payload::Class;
use gradus_model::{Event, Name, Payload, PrincipalId, Timestamp, UnitId};
use tokio::sync::watch;

use crate::access::Caller;
use crate::call::{Batch, Call, Receipt};
use crate::error::ServiceError;
use crate::records::{ReadRecord, Texts};
use crate::service::Service;
use crate::units::reason_payload;
use found::{Found, all_events};

/// Records that are read at a time.
const CHUNK: usize = 1_000;
/// Events that are recorded with one call.
const EVENTS_A_CALL: usize = 16;
const MICROS_A_DAY: i64 = 86_400_000_000;

/// Which texts are to be erased.
#[derive(Clone, Debug)]
pub enum AskedTexts {
    /// Those about a principal, by name or id, or those that it wrote, or both.
    Person {
        /// Who.
        principal: String,
        /// What is about them.
        about: bool,
        /// What they wrote.
        written: bool,
    },
    /// Those that have these words in a field, in whatever case, as far as the caller may read them.
    Naming(String),
}

/// What came of one stream.
#[derive(Clone, Debug)]
pub struct ErasedTexts {
    /// The unit whose stream it is; none of an appraisal.
    pub unit: Option<UnitId>,
    /// The stream.
    pub stream: UnitId,
    /// Records that are, or would be, erased.
    pub records: u64,
    /// Attachments that are, or would be, erased.
    pub attachments: u64,
    /// Records that legal holds keep.
    pub held: u64,
    /// What was recorded.
    pub receipts: Vec<Receipt>,
}

/// What came of erasing many texts.
#[derive(Clone, Debug, Default)]
pub struct Erasure {
    /// Records that were looked at.
    pub looked_at: u64,
    /// Records whose texts the caller may not read, so that they were not searched for words.
    pub unread: u64,
    /// The legal holds that keep something.
    pub holds: BTreeSet<Name>,
    /// Each stream with something to erase, or held.
    pub streams: Vec<ErasedTexts>,
}

/// A stream that is looked through.
struct Stream {
    id: UnitId,
    /// The unit whose it is; none of an appraisal.
    unit: Option<UnitId>,
    /// The units that it is about.
    units: Vec<UnitId>,
    version: u64,
}

/// What is looked for.
enum Sought {
    Person {
        about: Option<PrincipalId>,
        by: Option<PrincipalId>,
    },
    Words(String),
    /// What is too old at this moment.
    Old(Timestamp),
}

/// Where a long task is: records that it is done with, of how many.
pub type Far = watch::Sender<(u64, u64)>;

impl Service {
    /// Erases texts of a unit and all below it, or of all units that the caller administers, with the
    /// appraisals whose whole scope these are. A `plan` tells what would be, and records nothing.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Refused`] without the right to administer, without a reason, and where a legal
    /// hold keeps anything of it: then nothing is erased at all.
    pub async fn erase_texts(
        self: Arc<Self>,
        by: Caller,
        (unit, asked): (Option<String>, AskedTexts),
        (reason, plan): (String, bool),
        far: Far,
    ) -> Result<Erasure, ServiceError> {
        let sought = match asked {
            AskedTexts::Naming(words) if words.trim().is_empty() => {
                return Err(ServiceError::invalid("naming", "it is empty: say the words"));
            }
            AskedTexts::Naming(words) => Sought::Words(words.to_lowercase()),
            AskedTexts::Person { about: false, written: false, .. } => {
                let reason = "neither `about` nor `written` is asked for: ask for one of them";
                return Err(ServiceError::invalid("person", reason));
            }
            AskedTexts::Person { principal, about, written } => {
                let person = self.principal_seen(&by, &principal)?;
                let if_asked = |asked: bool| asked.then_some(person);
                Sought::Person { about: if_asked(about), by: if_asked(written) }
            }
        };
        if reason.is_empty() {
            return Err(Refusal::ReasonMissing.into());
        }
        let found = self.seek(&by, unit.as_deref(), &sought, &far).await?;
        if let Some(refusal) = found.iter().find_map(Found::refusal).filter(|_| !plan) {
            return Err(refusal.into());
        }
        self.erase_found(&by, found, &|_| reason_payload(&reason), plan).await
    }

    /// Erases what retention rules no longer keep, of a unit and all below it, or of all units that the
    /// caller administers; what legal holds keep stays. A `plan` tells what would be.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotFound`] for an unknown unit.
    pub async fn run_retention(
        self: Arc<Self>,
        by: Caller,
        unit: Option<String>,
        plan: bool,
        far: Far,
    ) -> Result<Erasure, ServiceError> {
        let sought = Sought::Old(self.now());
        let found = self.seek(&by, unit.as_deref(), &sought, &far).await?;
        let reason = |rule: Option<u64>| {
            let rule = rule.map_or_else(String::new, |rule| format!(" at position {rule}"));
            reason_payload(&format!("kept as long as the retention rule{rule} says"))
        };
        self.erase_found(&by, found, &reason, plan).await
    }

    /// Looks through all streams in sight.
    async fn seek(
        self: &Arc<Self>,
        by: &Caller,
        unit: Option<&str>,
        sought: &Sought,
        far: &Far,
    ) -> Result<Vec<Found>, ServiceError> {
        let by = Caller { right: Right::Administer, ..*by };
        self.caught_up(None).await?;
        let streams = self.streams_within(&by, unit)?;
        let total = streams.iter().map(|stream| stream.version).sum();
        let (mut done, mut all) = (0, Vec::new());
        for stream in &streams {
            let found = self.seek_in(&by, stream, sought, (&mut done, total), far).await?;
            all.push(found);
        }
        Ok(all)
    }

    /// The streams of the units in sight, and of the appraisals that are of these alone.
    fn streams_within(&self, by: &Caller, unit: Option<&str>) -> Result<Vec<Stream>, ServiceError> {
        let units = self.units_within(by, unit)?;
        if units.is_empty() {
            let refusal = Refusal::RightMissing { right: by.right, on: NeededOn::Any };
            return Err(refusal.into());
        }
        let views = self.views();
        let version = |id: UnitId| views.history(id).map_or(0, |history| history.version);
        let of_unit = |id: &UnitId| Stream {
            id: *id,
            unit: Some(*id),
            units: vec![*id],
            version: version(*id),
        };
        let mut streams: Vec<Stream> = units.iter().map(of_unit).collect();
        let own = views
            .appraisals
            .all()
            .filter(|known| known.input.units.iter().all(|unit| units.contains(unit)));
        streams.extend(own.map(|known| {
            let id = UnitId(known.id.0);
            Stream { id, unit: None, units: known.input.units.clone(), version: version(id) }
        }));
        Ok(streams)
    }

    async fn seek_in(
        self: &Arc<Self>,
        by: &Caller,
        stream: &Stream,
        sought: &Sought,
        (done, total): (&mut u64, u64),
        far: &Far,
    ) -> Result<Found, ServiceError> {
        let mut about = match sought {
            Sought::Person { about: Some(person), .. } => Some(About::person(*person)),
            _ => None,
        };
        let keeping = match sought {
            Sought::Old(now) => self.keeping(stream, *now),
            _ => Keeping::default(),
        };
        let holds = self.holds_on(stream);
        let mut found = Found::new((stream.unit, stream.id), holds);
        let mut next = 1;
        while next <= stream.version {
            let records = self.stream_from(stream.id, next, CHUNK).await?;
            let Some(last) = records.last() else { break };
            next = last.recorded.place.version + 1;
            *done += records.len() as u64;
            for record in &records {
                let is_about = about.as_mut().is_some_and(|about| about.takes(&record.recorded));
                if !self.has_texts(record)? {
                    continue;
                }
                let chosen = match sought {
                    Sought::Person { by, .. } => {
                        (is_about || *by == Some(record.recorded.actor)).then_some(None)
                    }
                    Sought::Words(words) => match self.texts(by, record)? {
                        Texts::Readable(texts) => has(&texts, words).then_some(None),
                        Texts::Erased => None,
                        Texts::Withheld => {
                            found.unread += 1;
                            None
                        }
                    },
                    Sought::Old(_) => self.outlived(&keeping, record)?.map(Some),
                };
                if let Some(rule) = chosen {
                    found.take(record.recorded.place.version, rule);
                }
            }
            found.looked_at += records.len() as u64;
            // Nobody may look.
            far.send_replace((*done, total));
        }
        if found.records() > 0 && stream.unit.is_some() {
            self.recalled(stream.id).await?;
            if let Some(history) = self.views().history(stream.id) {
                found.take_attachments(history);
            }
        }
        Ok(found)
    }

    fn holds_on(&self, stream: &Stream) -> Vec<Hold> {
        let views = self.views();
        let holds = views.registry.holds_on(stream.id, &stream.units);
        holds.into_iter().cloned().collect()
    }

    /// Whether a record has texts or attachments that can still be read by somebody.
    fn has_texts(&self, record: &ReadRecord) -> Result<bool, ServiceError> {
        let place = record.recorded.place;
        let attaches = matches!(
            &record.recorded.event, Event::EvidenceSubmitted(item) if !item.attachments.is_empty()
        );
        Ok((record.sealed_len() > 0 || attaches)
            && self.keys.key(place.stream, place.version)?.is_some())
    }

    /// For how long the texts of a stream are kept: of several units, as long as any one keeps them.
    fn keeping(&self, stream: &Stream, now: Timestamp) -> Keeping {
        let views = self.views();
        let of_class = |class| kept_until(&views.registry, &stream.units, class, now);
        let rules = Class::ALL.iter().map(|class| (*class, of_class(*class)));
        Keeping(rules.filter_map(|(class, rule)| Some((class, rule?))).collect())
    }

    /// The rule that no longer keeps a record's texts, if there is one.
    fn outlived(
        &self,
        keeping: &Keeping,
        record: &ReadRecord,
    ) -> Result<Option<u64>, ServiceError> {
        let (recorded, stamped) = (&record.recorded, record.recorded.place.recorded_at);
        // Names, roles and rules are in use as long as they stand, and an erasure says why it was.
        let number = recorded.event.event_type();
        let erases = matches!(recorded.event, Event::PayloadErased(_) | Event::PayloadsErased(_));
        let mut outlived = keeping.0.iter().filter(|(_, (before, _))| stamped <= *before);
        if number < 100 || erases || outlived.next().is_none() {
            return Ok(None);
        }
        let class = self.open_payload(record)?.and_then(|texts| texts.class());
        let rule = keeping.0.iter().find(|(of, _)| Some(*of) == class);
        Ok(rule.filter(|(_, (before, _))| stamped <= *before).map(|(_, (_, rule))| *rule))
    }

    async fn erase_found(
        self: &Arc<Self>,
        by: &Caller,
        found: Vec<Found>,
        reason: &(dyn Fn(Option<u64>) -> Payload + Send + Sync),
        plan: bool,
    ) -> Result<Erasure, ServiceError> {
        let mut erasure = Erasure::default();
        let call = Call::by(by.actor);
        for found in found {
            erasure.looked_at += found.looked_at;
            erasure.unread += found.unread;
            erasure.holds.extend(found.holding());
            let (records, held) = (found.records(), found.held);
            if records + held == 0 {
                continue;
            }
            let mut receipts = Vec::new();
            if !plan {
                for events in all_events(&found).chunks(EVENTS_A_CALL) {
                    receipts.push(self.erase_some(&call, found.stream, events, reason).await?);
                }
            }
            let (unit, stream, attachments) = (found.unit, found.stream, found.attachments());
            let erased = ErasedTexts { unit, stream, records, attachments, held, receipts };
            erasure.streams.push(erased);
        }
        // The views destroy the keys as they read the events.
        self.caught_up(None).await?;
        Ok(erasure)
    }

    async fn erase_some(
        self: &Arc<Self>,
        call: &Call,
        stream: UnitId,
        events: &[(Event, Option<u64>)],
        reason: &(dyn Fn(Option<u64>) -> Payload + Send + Sync),
    ) -> Result<Receipt, ServiceError> {
        let now = self.now();
        let proposal = |(event, rule): &(Event, Option<u64>)| {
            Proposal::at(event.clone(), None, now).with(reason(*rule))
        };
        let proposals: Vec<Proposal> = events.iter().map(proposal).collect();
        let batch = Batch::new(stream, proposals);
        self.append(call, |_, _| Ok(stream), |_, _| Ok(vec![batch.clone()])).await
    }
}

/// For each class that is not kept for ever: up to which stamp, and by which rule.
#[derive(Default)]
struct Keeping(Vec<(Class, (Timestamp, u64))>);

/// The last stamp that is not kept, and the rule that says so; none where a unit keeps all.
fn kept_until(
    registry: &Registry,
    units: &[UnitId],
    class: Class,
    now: Timestamp,
) -> Option<(Timestamp, u64)> {
    let rules: Option<Vec<_>> = units.iter().map(|unit| registry.retention(*unit, class)).collect();
    let longest = rules?.into_iter().max_by_key(|rule| rule.set.days)?;
    let micros = i64::from(longest.set.days).saturating_mul(MICROS_A_DAY);
    let before = Timestamp::from_micros(now.micros().saturating_sub(micros)).ok()?;
    Some((before, longest.position))
}

/// Whether a field has these words, which are in lower case.
fn has(texts: &Payload, words: &str) -> bool {
    let has = |text: &str| text.to_lowercase().contains(words);
    texts.0.iter().any(|field| has(&field.text) || has(&field.name))
}
