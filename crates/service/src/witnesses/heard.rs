//! What a witness answers, and what follows from it (C2SP tlog-witness, `add-checkpoint`).

use gradus_log::Head;
use gradus_proof::{Note, Policy, Signature};

use super::{Asked, Contradiction, Outcome, note_of, signed_as};
use crate::checkpoints::Signed;
use crate::error::ServiceError;
use crate::service::Service;

/// What came back from a witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// An answer of HTTP.
    Answered {
        /// Its status.
        status: u16,
        /// Its body.
        body: Vec<u8>,
    },
    /// No answer; why, in words.
    Nothing(String),
}

/// What to do next with a witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing in this round: it has signed.
    Rest,
    /// Ask again at once: it said from where it goes on.
    AskAgain,
    /// Ask again later.
    Wait,
}

impl Service {
    /// Takes the answer of a witness.
    ///
    /// # Errors
    ///
    /// Where a signature cannot be kept.
    pub fn heard(&self, asked: &Asked, told: Told) -> Result<Next, ServiceError> {
        let seen = || {
            let known = self.witnesses().into_iter().find(|one| one.name == asked.witness);
            known.map(|known| known.outcome).filter(|said| matches!(said, Outcome::Contradicts(_)))
        };
        let before = seen();
        let next = self.take_in(asked, told);
        if seen() != before {
            self.keep_contradictions();
        }
        next
    }

    fn take_in(&self, asked: &Asked, told: Told) -> Result<Next, ServiceError> {
        match told {
            Told::Nothing(why) => Ok(self.failed(asked, why)),
            Told::Answered { status: 200, body } => self.signed(asked, &body),
            Told::Answered { status: 409, body } => self.behind(asked, &body),
            Told::Answered { status: 422, .. } if asked.request.old > 0 => {
                Ok(self.contradicts(asked, asked.request.old, true))
            }
            Told::Answered { status, body } => Ok(self.failed(asked, refusal(status, &body))),
        }
    }

    /// Its signature, if there is one, and it is on what was asked for.
    fn signed(&self, asked: &Asked, body: &[u8]) -> Result<Next, ServiceError> {
        let lines = str::from_utf8(body).ok().map(Signature::parse_lines);
        let Some(Ok(signatures)) = lines else {
            return Ok(self.failed(asked, "it answered with no signature of a note".to_owned()));
        };
        let (next, kept) = {
            let mut round = self.witnesses.round();
            let Some(standing) = round.standing(&asked.witness) else { return Ok(Next::Rest) };
            let key = standing.key.clone();
            let mut seen = Note { text: asked.request.checkpoint.text.clone(), signatures };
            // Signatures of other keys are passed over, as the protocol has it.
            seen.signatures.retain(|by| by.name == key.name() && by.key_id == key.key_id());
            seen.signatures.truncate(1);
            let time = match key.cosigned_at(&seen) {
                Ok(time) => time,
                Err(error) => {
                    drop(round);
                    return Ok(self.failed(asked, format!("its signature is none: {error}")));
                }
            };
            if standing.outcome != Outcome::Signed {
                tracing::info!(witness = asked.witness, size = asked.head.size, "cosigned");
            }
            standing.outcome = Outcome::Signed;
            (standing.size, standing.signed_at) = (asked.head.size, Some(time));
            let Some(target) = round.target.as_mut().filter(|target| target.head == asked.head)
            else {
                return Ok(Next::AskAgain);
            };
            let mut note = note_of(target)?;
            note.signatures.retain(|by| by.name != key.name() || by.key_id != key.key_id());
            note.signatures.extend(seen.signatures);
            *target = signed_as(asked.head, &note)?;
            let signed = target.clone();
            let taken = self.witnesses.policy().is_some_and(|policy| takes(policy, &note));
            if taken {
                round.witnessed = Some(signed.clone());
            }
            (Next::Rest, (signed, taken))
        };
        let (signed, taken) = kept;
        self.checkpoints.kept().cosigned(&signed, taken)?;
        Ok(next)
    }

    /// It signed another size last than the request goes on from.
    fn behind(&self, asked: &Asked, body: &[u8]) -> Result<Next, ServiceError> {
        let size = str::from_utf8(body).ok().and_then(|text| text.trim_end().parse::<u64>().ok());
        let Some(size) = size else {
            let why = "it answered 409 without the size that it signed last".to_owned();
            return Ok(self.failed(asked, why));
        };
        if size > self.checkpoint().head.size {
            return Ok(self.contradicts(asked, size, false));
        }
        if size == asked.request.old {
            // At the same size, another root is told by 409, too.
            if size == asked.head.size {
                return Ok(self.contradicts(asked, size, true));
            }
            let why = format!("it answered 409 with the size {size}, from which it was asked");
            return Ok(self.failed(asked, why));
        }
        if let Some(standing) = self.witnesses.round().standing(&asked.witness) {
            standing.size = size;
        }
        if size > asked.head.size {
            self.raise_target();
        }
        Ok(Next::AskAgain)
    }

    fn contradicts(&self, asked: &Asked, signed: u64, reached: bool) -> Next {
        let here = self.checkpoint().head;
        let root = reached.then_some(asked.old_root);
        let witness = asked.witness.clone();
        let contradiction = Contradiction { witness, signed, root, here };
        tracing::error!(%contradiction, "a witness has seen another log");
        // What it signed last is asked for anew each time.
        self.note(asked, Outcome::Contradicts(contradiction), Some(0))
    }

    fn failed(&self, asked: &Asked, why: String) -> Next {
        let known = self.witnesses().into_iter().find(|one| one.name == asked.witness);
        match known.map(|known| known.outcome) {
            // That it cannot be asked now takes nothing back.
            Some(Outcome::Contradicts(_)) => return Next::Wait,
            Some(Outcome::Failed(before)) if before == why => (),
            _ => tracing::warn!(witness = asked.witness, why, "a witness did not sign"),
        }
        self.note(asked, Outcome::Failed(why), None)
    }

    fn note(&self, asked: &Asked, outcome: Outcome, size: Option<u64>) -> Next {
        if let Some(standing) = self.witnesses.round().standing(&asked.witness) {
            standing.outcome = outcome;
            standing.size = size.unwrap_or(standing.size);
        }
        Next::Wait
    }
}

/// Whether enough witnesses of a policy signed a checkpoint.
pub(crate) fn takes(policy: &Policy, note: &Note) -> bool {
    policy.require(note).is_ok_and(|verdict| !verdict.witnesses.is_empty())
}

/// A checkpoint with all signatures of two notes of it, those of the first one first.
pub(crate) fn united(head: Head, mut one: Note, other: &Note) -> Result<Signed, ServiceError> {
    for signature in &other.signatures {
        let known = |by: &Signature| by.name == signature.name && by.key_id == signature.key_id;
        if !one.signatures.iter().any(known) {
            one.signatures.push(signature.clone());
        }
    }
    signed_as(head, &one)
}

/// Why a witness refused, in words for whoever runs this server.
fn refusal(status: u16, body: &[u8]) -> String {
    let words: String = String::from_utf8_lossy(body).chars().take(200).collect();
    let words = words.trim();
    let meant = match status {
        400 => "it cannot read the request",
        403 => "it knows this log by another key: tell its operator the key of gradus checkpoint",
        404 => "it does not know this log: tell its operator the key of gradus checkpoint",
        422 => "the proof from size 0 does not hold for it",
        _ => "it cannot answer now",
    };
    match words {
        "" => format!("{meant} (status {status})"),
        _ => format!("{meant} (status {status}: {})", words.escape_debug()),
    }
}
