//! The steps of a collector as messages of the API.

use gradus_collect::{Step, Submission};
use gradus_model::evidence::Source;
use gradus_wire::v1;
use prost::Message as _;

use crate::select;

/// The most bytes of steps in a message, which may have 4 MiB with all else.
const MOST_BYTES: usize = 3 << 20;

/// A step in a message.
#[must_use]
pub fn wire(step: &Step) -> v1::EvidenceStep {
    let step = match step {
        Step::Submit(submission) => v1::evidence_step::Step::Submit(item(submission)),
        Step::End { source: of, at, reason } => {
            let evidence = v1::evidence_ref::Ref::Source(source(of));
            v1::evidence_step::Step::End(v1::EndStep {
                evidence: Some(v1::EvidenceRef { r#ref: Some(evidence) }),
                at: Some(select::wire(*at)),
                reason: reason.clone(),
            })
        }
    };
    v1::EvidenceStep { step: Some(step) }
}

fn item(submission: &Submission) -> v1::EvidenceItem {
    let Submission { measures, subjects, tool, work, .. } = submission;
    v1::EvidenceItem {
        kind: submission.kind.number().into(),
        outcome: submission.outcome.number().into(),
        strength: submission.strength.number().into(),
        practices: submission.practices.iter().map(ToString::to_string).collect(),
        work_from: work.from.map(select::wire),
        work_to: Some(select::wire(work.to)),
        source: Some(source(&submission.source)),
        measures: measures.iter().map(measure).collect(),
        subjects: subjects.iter().map(subject).collect(),
        tool: Some(v1::Tool {
            name: tool.name.to_string(),
            version: tool.version.as_ref().map(ToString::to_string).unwrap_or_default(),
            mapping: tool.mapping.as_ref().map(ToString::to_string).unwrap_or_default(),
        }),
        title: submission.title.clone(),
        uri: submission.uri.clone(),
        ..v1::EvidenceItem::default()
    }
}

fn source(source: &Source) -> v1::Source {
    v1::Source { name: source.name.to_string(), id: source.id.to_string() }
}

fn measure(measure: &gradus_model::evidence::Measure) -> v1::Measure {
    v1::Measure {
        name: measure.name.to_string(),
        value: measure.value,
        decimals: measure.decimals.into(),
        unit: measure.unit.to_string(),
    }
}

fn subject(subject: &gradus_model::evidence::Subject) -> v1::Subject {
    v1::Subject { kind: subject.kind.to_string(), id: subject.id.to_string() }
}

/// Steps in order, as batches of at most `most` that fit into a message.
pub struct Batches<'s> {
    left: std::iter::Peekable<std::slice::Iter<'s, Step>>,
    most: usize,
    /// A step that was too much for the batch before.
    over: Option<v1::EvidenceStep>,
}

impl<'s> Batches<'s> {
    /// The batches of `steps`.
    #[must_use]
    pub fn new(steps: &'s [Step], most: usize) -> Self {
        Self { left: steps.iter().peekable(), most: most.max(1), over: None }
    }
}

impl Iterator for Batches<'_> {
    type Item = Vec<v1::EvidenceStep>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut batch: Vec<_> = self.over.take().into_iter().collect();
        let mut bytes: usize = batch.iter().map(v1::EvidenceStep::encoded_len).sum();
        while batch.len() < self.most {
            let Some(step) = self.left.next().map(wire) else { break };
            bytes += step.encoded_len();
            if bytes > MOST_BYTES && !batch.is_empty() {
                self.over = Some(step);
                break;
            }
            batch.push(step);
        }
        (!batch.is_empty()).then_some(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::history::{History, mapping};
    use crate::output::message;
    use expect_test::expect;

    fn rustls() -> Vec<Step> {
        let bytes: &[u8] = include_bytes!("../../data/rustls.jsonl.gz");
        History::read("h", bytes).unwrap().map(&mapping(None).unwrap()).steps
    }

    #[test]
    fn a_submission_says_all_that_the_mapping_made_of_a_fact() {
        let request = |step: &Step| v1::PushEvidenceRequest {
            unit: "rustls".to_owned(),
            append: None,
            steps: vec![wire(step)],
        };
        let steps = rustls();
        let end = steps.iter().find(|step| matches!(step, Step::End { .. })).unwrap();
        let text = |step| message::json(&request(step)).unwrap().pretty();
        expect![[r#"
            {
              "unit": "rustls",
              "steps": [
                {
                  "submit": {
                    "kind": "sbom",
                    "outcome": "supports",
                    "strength": "indirect",
                    "practices": [
                      "iso-21827-2008/BP.13.02",
                      "iso-21827-2008/BP.13.03"
                    ],
                    "work_to": "2016-05-02T20:53:04Z",
                    "source": {
                      "name": "git:rustls",
                      "id": "file.added:b24ddffcb9e9e162dda0f8dcfba5f83517963cd3:Cargo.lock"
                    },
                    "measures": [],
                    "subjects": [
                      {
                        "kind": "commit",
                        "id": "b24ddffcb9e9e162dda0f8dcfba5f83517963cd3"
                      },
                      {
                        "kind": "sha1",
                        "id": "50fe2c7a17e0582029407b4534274c3939424fbd"
                      },
                      {
                        "kind": "path",
                        "id": "Cargo.lock"
                      }
                    ],
                    "tool": {
                      "name": "git-facts",
                      "version": "1",
                      "mapping": "git/dependency-lock"
                    },
                    "attachments": [],
                    "title": "Dependency lock added: Cargo.lock",
                    "uri": "https://github.com/rustls/rustls/commit/b24ddffcb9e9e162dda0f8dcfba5f83517963cd3",
                    "attributes": {}
                  }
                }
              ]
            }"#]].assert_eq(&text(&steps[0]));
        expect![[r#"
            {
              "unit": "rustls",
              "steps": [
                {
                  "end": {
                    "evidence": {
                      "source": {
                        "name": "git:rustls",
                        "id": "file.added:b24ddffcb9e9e162dda0f8dcfba5f83517963cd3:Cargo.lock"
                      }
                    },
                    "at": "2016-05-31T23:15:45Z",
                    "reason": "Dependency lock removed: Cargo.lock (commit 5f165fb5b113)"
                  }
                }
              ]
            }"#]]
        .assert_eq(&text(end));
    }

    #[test]
    fn batches_hold_every_step_in_order() {
        let steps = rustls();
        let all: Vec<_> = steps.iter().map(wire).collect();
        for most in [1, 250, 5_000] {
            let batches: Vec<_> = Batches::new(&steps, most).collect();
            assert!(batches.iter().all(|batch| (1..=most).contains(&batch.len())));
            assert_eq!(batches.concat(), all);
        }
    }
}
