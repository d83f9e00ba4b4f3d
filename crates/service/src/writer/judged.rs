//! What a proposal is judged by besides the state: found once for many of one moment.

use std::sync::Arc;

use gradus_domain::duties::Conflict;
use gradus_domain::settings::Settings;
use gradus_domain::{At, Draft, Occasion, Proposal, Refusal, Registry, Rules, Under, Verdict};
use gradus_model::unit::PrincipalKind;
use gradus_model::{Catalog, Event, Timestamp, UnitId};
use gradus_projection::Library;

use super::Writer;

/// Decides on the proposals for one unit by what is in force for it.
pub(super) struct Judge<'a> {
    writer: &'a Writer,
    library: &'a Library,
    unit: UnitId,
    models: LastAt<Option<Arc<Catalog>>>,
    duties: LastAt<JudgedBy>,
}

impl<'a> Judge<'a> {
    pub(super) fn of(writer: &'a Writer, library: &'a Library, unit: UnitId) -> Self {
        Self { writer, library, unit, models: LastAt::default(), duties: LastAt::default() }
    }

    /// Decides on a proposal and, if it is to be recorded, lets later ones see its effect.
    ///
    /// # Errors
    ///
    /// A [`Refusal`]; the whole draft is to be dropped then.
    pub(super) fn propose(
        &mut self,
        draft: &mut Draft<'_>,
        registry: &Registry,
        on: &Occasion,
        proposal: &Proposal,
    ) -> Result<Verdict, Refusal> {
        let Self { writer, library, unit, .. } = *self;
        let at = model_moment(&proposal.event, proposal.effective_at, on.now);
        let model = self.models.get(at, || writer.model(library, unit, at));
        let judged_by = if keeps_duties_apart(&proposal.event, on.actor.kind) {
            self.duties.get(at, || writer.duties(library, unit, at, on))
        } else {
            JudgedBy::default()
        };
        let under = Under {
            model: model.as_deref(),
            rules: judged_by.rules.as_deref(),
            providers: registry,
            conflict_above: judged_by.conflict_above,
        };
        draft.propose(on, &under, proposal)
    }
}

impl Writer {
    /// What duties are judged by for a unit at a moment: the rules in force, and a conflict of
    /// interest of the actor that was declared on a unit above it, as it stood then or stands now,
    /// and was in force at any moment between.
    pub(super) fn duties(
        &self,
        library: &Library,
        unit: UnitId,
        valid_at: Timestamp,
        on: &Occasion,
    ) -> JudgedBy {
        let at = At::with_everything(valid_at);
        let given = on.now.max(valid_at);
        let adopted = self.nearest(unit, at, |_, settings| settings.rules.at(at));
        let declared = |id: UnitId, settings: &Settings| {
            let above = id != unit;
            above.then(|| settings.conflict_between(on.actor.principal, valid_at, given)).flatten()
        };
        let conflict_above = self
            .nearest(unit, at, declared)
            .or_else(|| self.nearest(unit, At::with_everything(given), declared));
        let rules = adopted.and_then(|adopted| library.rules(&adopted.digest));
        JudgedBy { rules, conflict_above }
    }
}

/// What duties are judged by at a moment.
#[derive(Clone, Default)]
pub(super) struct JudgedBy {
    pub(super) rules: Option<Arc<Rules>>,
    pub(super) conflict_above: Option<Conflict>,
}

/// Whether duties are judged before an event of somebody of this kind is recorded.
const fn keeps_duties_apart(event: &Event, kind: PrincipalKind) -> bool {
    match event {
        Event::EvidenceAccepted(_)
        | Event::EvidenceConfirmed(_)
        | Event::EvidenceLinked(_)
        | Event::PracticeRated(_)
        | Event::RatingEnded(_)
        | Event::RatingWithdrawn(_) => true,
        // Only people rate, and most of this comes from tools.
        Event::EvidenceSubmitted(_) | Event::EvidenceEnded(_) | Event::EvidenceSuperseded(_) => {
            matches!(kind, PrincipalKind::Person)
        }
        _ => false,
    }
}

/// Remembers what was found for the last moment asked for: a batch mostly speaks of one.
struct LastAt<T>(Option<(Timestamp, T)>);

impl<T> Default for LastAt<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Clone> LastAt<T> {
    fn get(&mut self, at: Timestamp, find: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some((known, found)) if *known == at => found.clone(),
            _ => {
                let found = find();
                self.0 = Some((at, found.clone()));
                found
            }
        }
    }
}

/// The moment whose model a proposal's practices are read by: links speak of now.
fn model_moment(event: &Event, effective_at: Timestamp, now: Timestamp) -> Timestamp {
    match event {
        Event::EvidenceLinked(_) | Event::EvidenceUnlinked(_) => now,
        _ => effective_at,
    }
}
