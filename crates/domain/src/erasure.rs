//! Which records are about a person: whose texts are to be erased when everything about them is.
//!
//! It is told from leaves alone, so that it is the same whoever asks: items that name the person,
//! what was said of those items, and what the organization said of the person. A text that names
//! somebody without their record saying so is found by its words, not here.

use std::collections::BTreeSet;

use gradus_model::suspect::Suspect;
use gradus_model::{Digest, Event, EvidenceId, PrincipalId, Recorded, TokenId};

/// Follows one stream, in its order, and tells which of its records are about a person.
#[derive(Clone, Debug)]
pub struct About {
    person: PrincipalId,
    items: BTreeSet<EvidenceId>,
    tokens: BTreeSet<TokenId>,
    keys: BTreeSet<Digest>,
    distrusts: BTreeSet<u64>,
}

impl About {
    /// Before the first record of a stream.
    #[must_use]
    pub const fn person(person: PrincipalId) -> Self {
        Self {
            person,
            items: BTreeSet::new(),
            tokens: BTreeSet::new(),
            keys: BTreeSet::new(),
            distrusts: BTreeSet::new(),
        }
    }

    /// Takes in the next record of the stream: whether it is about the person.
    pub fn takes(&mut self, recorded: &Recorded) -> bool {
        let event = &recorded.event;
        self.of_item(event)
            || self.of_principal(recorded.place.position, event)
            || match event {
                Event::ConsensusReached(of) => of.dissent.contains(&self.person),
                _ => false,
            }
    }

    fn of_item(&mut self, event: &Event) -> bool {
        let names = |id: &EvidenceId| self.items.contains(id);
        match event {
            Event::EvidenceSubmitted(item) if item.about == Some(self.person) => {
                self.items.insert(item.evidence);
                true
            }
            Event::EvidenceAccepted(of)
            | Event::EvidenceRejected(of)
            | Event::EvidenceWithdrawn(of)
            | Event::EvidenceEnded(of)
            | Event::EvidenceConfirmed(of) => names(&of.evidence),
            Event::EvidenceSuperseded(of) => names(&of.evidence) || names(&of.by),
            Event::EvidenceLinked(of) | Event::EvidenceUnlinked(of) => names(&of.evidence),
            Event::EvidenceInstanceLinked(of) | Event::EvidenceInstanceUnlinked(of) => {
                names(&of.evidence)
            }
            _ => false,
        }
    }

    fn of_principal(&mut self, position: u64, event: &Event) -> bool {
        let person = self.person;
        match event {
            Event::PrincipalAdded(of) => of.principal == person,
            Event::PrincipalDisabled(of) => of.principal == person,
            Event::RoleGranted(of) => of.principal == person,
            Event::RoleRevoked(of) => of.principal == person,
            Event::ConflictDeclared(of) => of.principal == person,
            Event::ConflictWithdrawn(of) => of.principal == person,
            Event::TokenIssued(of) if of.principal == person => {
                self.tokens.insert(of.token);
                true
            }
            Event::TokenRotated(of) if self.tokens.contains(&of.token) => {
                self.tokens.insert(of.by);
                true
            }
            Event::TokenRevoked(of) => self.tokens.contains(&of.token),
            Event::CertificateRegistered(of) if of.principal == person => {
                self.keys.insert(of.key);
                true
            }
            Event::CertificateRevoked(of) => self.keys.contains(&of.key),
            Event::SourceDistrusted(of) if of.suspect == Suspect::Principal(person) => {
                self.distrusts.insert(position);
                true
            }
            Event::SourceRestored(of) => self.distrusts.contains(&of.distrust),
            _ => false,
        }
    }
}
