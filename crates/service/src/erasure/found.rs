//! What was found in one stream, and the events that erase it.

use std::collections::BTreeMap;

use gradus_domain::registry::Hold;
use gradus_domain::{Refusal, UnitHistory};
use gradus_model::event::{AttachmentsErased, PayloadsErased, Run};
use gradus_model::{Digest, Event, Name, UnitId};

/// The records of a stream whose texts are to be erased.
pub(super) struct Found {
    pub(super) unit: Option<UnitId>,
    pub(super) stream: UnitId,
    pub(super) looked_at: u64,
    pub(super) unread: u64,
    /// Records that legal holds keep, and that were left.
    pub(super) held: u64,
    /// By the rule that no longer keeps them, if it is by one.
    versions: BTreeMap<Option<u64>, Vec<u64>>,
    /// The attachments that go with them, by the same.
    attachments: BTreeMap<Option<u64>, Vec<Digest>>,
    holds: Vec<Hold>,
    /// The first record that a legal hold keeps, and which.
    first_held: Option<(Name, u64, u64)>,
    holding: Vec<Name>,
}

impl Found {
    pub(super) fn new((unit, stream): (Option<UnitId>, UnitId), holds: Vec<Hold>) -> Self {
        Self {
            unit,
            stream,
            looked_at: 0,
            unread: 0,
            held: 0,
            versions: BTreeMap::new(),
            attachments: BTreeMap::new(),
            holds,
            first_held: None,
            holding: Vec::new(),
        }
    }

    /// Takes in a version, which comes after all before.
    pub(super) fn take(&mut self, version: u64, rule: Option<u64>) {
        let held = self.holds.iter().find(|hold| hold.has(version));
        if let Some(hold) = held {
            let (name, position) = (hold.placed.hold.clone(), hold.position);
            self.held += 1;
            if !self.holding.contains(&name) {
                self.holding.push(name.clone());
            }
            self.first_held.get_or_insert((name, position, version));
            return;
        }
        self.versions.entry(rule).or_default().push(version);
    }

    /// Takes in the attachments that go with what was found, once all was.
    pub(super) fn take_attachments(&mut self, history: &UnitHistory) {
        let all = self.versions.values().flatten().copied().collect();
        for digest in history.attachments_with(&all) {
            if history.attachment_erased(&digest).is_some() {
                continue;
            }
            let names = |versions: &Vec<u64>| {
                history.naming(&digest).any(|item| versions.binary_search(&item.version).is_ok())
            };
            let rule = self.versions.iter().find(|(_, versions)| names(versions));
            let rule = rule.and_then(|(rule, _)| *rule);
            self.attachments.entry(rule).or_default().push(digest);
        }
    }

    /// How many attachments are to be erased.
    pub(super) fn attachments(&self) -> u64 {
        self.attachments.values().map(|digests| digests.len() as u64).sum()
    }

    /// How many records are to be erased.
    pub(super) fn records(&self) -> u64 {
        self.versions.values().map(|versions| versions.len() as u64).sum()
    }

    /// The legal holds that keep something.
    pub(super) fn holding(&self) -> impl Iterator<Item = Name> {
        self.holding.iter().cloned()
    }

    /// Why not all of it can be erased, if it cannot.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        let (hold, position, version) = self.first_held.clone()?;
        Some(Refusal::UnderLegalHold { hold, position, version })
    }
}

/// The events that erase what was found, each with its rule; attachments after the texts.
pub(super) fn all_events(found: &Found) -> Vec<(Event, Option<u64>)> {
    let texts = in_events(found).into_iter().map(|of| (of.rule, Event::PayloadsErased(of)));
    let attachments = found.attachments.iter().flat_map(|(rule, digests)| {
        digests.chunks(AttachmentsErased::MOST).map(|digests| {
            let erased = AttachmentsErased { digests: digests.to_vec(), rule: *rule };
            (*rule, Event::AttachmentsErased(erased))
        })
    });
    texts.chain(attachments).map(|(rule, event)| (event, rule)).collect()
}

/// The events that erase texts.
fn in_events(found: &Found) -> Vec<PayloadsErased> {
    let mut events: Vec<PayloadsErased> = Vec::new();
    for (rule, versions) in &found.versions {
        let mut event = PayloadsErased { runs: Vec::new(), rule: *rule };
        let mut records = 0;
        for version in versions {
            let full = records == PayloadsErased::MOST_RECORDS;
            match event.runs.last_mut() {
                Some(run) if run.last + 1 == *version && !full => run.last = *version,
                _ => {
                    if full || event.runs.len() == PayloadsErased::MOST_RUNS {
                        let next = PayloadsErased { runs: Vec::new(), rule: *rule };
                        events.push(std::mem::replace(&mut event, next));
                        records = 0;
                    }
                    event.runs.push(Run { first: *version, last: *version });
                }
            }
            records += 1;
        }
        if !event.runs.is_empty() {
            events.push(event);
        }
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(versions: impl IntoIterator<Item = u64>) -> Found {
        let mut found = Found::new((None, UnitId([1; 16])), Vec::new());
        versions.into_iter().for_each(|version| found.take(version, None));
        found
    }

    fn told(found: &Found) -> Vec<Vec<(u64, u64)>> {
        let run = |run: &Run| (run.first, run.last);
        in_events(found).iter().map(|event| event.runs.iter().map(run).collect()).collect()
    }

    #[test]
    fn versions_that_follow_each_other_are_one_run() {
        assert_eq!(told(&found([])), [[]; 0]);
        assert_eq!(told(&found([2, 3, 4, 7, 9, 10])), [[(2, 4), (7, 7), (9, 10)]]);
    }

    #[test]
    fn an_event_names_no_more_runs_and_records_than_a_leaf_and_its_readers_take() {
        let runs = PayloadsErased::MOST_RUNS as u64;
        let apart = told(&found((1..=runs + 1).map(|number| 2 * number)));
        assert_eq!(apart.iter().map(Vec::len).collect::<Vec<_>>(), [PayloadsErased::MOST_RUNS, 1]);
        let most = PayloadsErased::MOST_RECORDS;
        assert_eq!(told(&found(1..=most + 1)), [[(1, most)], [(most + 1, most + 1)]]);
    }

    #[test]
    fn each_rule_has_an_event_of_its_own() {
        let mut both = found([1]);
        both.take(2, Some(7));
        both.take(3, None);
        assert_eq!(told(&both), [vec![(1, 1), (3, 3)], vec![(2, 2)]]);
    }
}
