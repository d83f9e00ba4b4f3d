//! Items of evidence as they stand: one of them, or a page.

use gradus_domain::history::EvidenceHistory;
use gradus_model::evidence::Kind;
use gradus_model::{Target, UnitId};
use gradus_service::Caller;
use gradus_service::ServiceError;
use gradus_service::coordinate::Resolved;
use gradus_service::evidence::EvidenceRef;
use gradus_wire::v1 as wire;

use crate::api::Api;
use crate::convert::{self, evidence as items};
use crate::page::{self, Page};

/// What a list's digest covers of an item.
fn entry(shown: &wire::Evidence, history: &EvidenceHistory) -> ([u8; 16], Vec<i64>) {
    let position = i64::try_from(history.position).unwrap_or(i64::MAX);
    (history.id.0, vec![position, i64::from(shown.standing), i64::from(shown.valid)])
}

impl Api {
    /// Reads the records of items and shows them as they stand at a resolved coordinate.
    pub(crate) async fn shown(
        &self,
        by: &Caller,
        unit: UnitId,
        resolved: &Resolved,
        rules: Option<&str>,
        found: Vec<(EvidenceHistory, Vec<Target>)>,
    ) -> Result<Vec<wire::Evidence>, ServiceError> {
        // Without model or rules nothing is valid, which is no error in a list.
        let basis = self.service.basis(unit, resolved, rules).ok();
        let mut out = Vec::with_capacity(found.len());
        for (history, practices) in found {
            let record = self.service.record_at(history.position).await?;
            let shown = items::Shown {
                service: &self.service,
                by,
                unit,
                at: resolved.at(),
                basis: basis.as_ref(),
            };
            let valid = {
                let views = self.service.views();
                let targets: Vec<&Target> = practices.iter().collect();
                items::validity(&shown, &views, &history, &targets)
            };
            let practices = practices.iter().map(ToString::to_string).collect();
            let found = items::evidence(&shown, &record, &history, practices, valid)?;
            out.push(match history.decided_at(resolved.log_size) {
                Some(position) => {
                    let decision = self.service.record_at(position).await?;
                    items::with_review(&self.service, by, found, &decision)?
                }
                None => found,
            });
        }
        Ok(out)
    }

    /// One item.
    pub(crate) async fn one_item(
        &self,
        by: &Caller,
        asked: wire::GetEvidenceRequest,
    ) -> Result<wire::GetEvidenceResponse, ServiceError> {
        let coordinate = convert::coordinate(asked.coordinate.as_ref(), asked.min_size)?;
        let item = convert::evidence_ref("evidence", asked.evidence.as_ref())?;
        let resolved = self.service.resolve(&coordinate).await?;
        let unit = self.service.unit(by, &asked.unit)?;
        self.service.recalled(unit).await?;
        let found = {
            let views = self.service.views();
            let size = resolved.log_size;
            let history = views.history(unit);
            let found = history.and_then(|history| match &item {
                EvidenceRef::Id(id) => history.item(*id),
                EvidenceRef::Source(source) => {
                    history.evidence(size).find(|item| item.source == *source)
                }
            });
            let found = found.filter(|found| found.position < size).cloned();
            let name = match &item {
                EvidenceRef::Id(id) => id.to_string(),
                EvidenceRef::Source(source) => format!("{} of {}", source.id, source.name),
            };
            let found = found.ok_or_else(|| ServiceError::not_found("evidence", name))?;
            let practices = history.map(|history| history.practices_of(found.id, size));
            let practices = practices.unwrap_or_default().into_iter().cloned().collect();
            (found, practices)
        };
        let history = found.0.clone();
        let rules = coordinate.rules.as_deref();
        let shown = self.shown(by, unit, &resolved, rules, vec![found]).await?;
        let entries: Vec<_> = shown.iter().map(|shown| entry(shown, &history)).collect();
        let digest = self.service.list_digest("evidence", Some(unit), &resolved, &entries);
        Ok(wire::GetEvidenceResponse {
            evidence: shown.into_iter().next(),
            coordinate: Some(convert::resolved(&resolved)),
            digest: digest.0.to_vec(),
        })
    }

    /// A page of items.
    pub(crate) async fn page_of_items(
        &self,
        by: &Caller,
        mut asked: wire::ListEvidenceRequest,
    ) -> Result<wire::ListEvidenceResponse, ServiceError> {
        let (size, token) = (asked.page_size, std::mem::take(&mut asked.page_token));
        asked.page_size = 0;
        let page = Page::read("evidence", size, &token, &asked)?;
        let coordinate = convert::coordinate(asked.coordinate.as_ref(), asked.min_size)?;
        let rules = coordinate.rules.clone();
        let resolved = self.service.resolve(&page.pin(coordinate)).await?;
        let unit = self.service.unit(by, &asked.unit)?;
        self.service.recalled(unit).await?;
        let kinds: Vec<Kind> = asked
            .kinds
            .iter()
            .map(|kind| convert::word("kinds", *kind, Kind::from_number))
            .collect::<Result<_, _>>()?;
        let practice = Some(asked.practice.as_str()).filter(|practice| !practice.is_empty());
        let practice =
            practice.map(|practice| convert::practice("practice", practice)).transpose()?;
        if let Some(practice) = &practice {
            self.service.check_practice(unit, resolved.at(), practice)?;
        }
        for standing in &asked.standings {
            let known = |number: u8| wire::Standing::try_from(i32::from(number)).ok();
            convert::word("standings", *standing, known)?;
        }
        let basis = self.service.basis(unit, &resolved, rules.as_deref()).ok();
        let mut next = None;
        let mut numbers = Vec::new();
        let found = {
            let views = self.service.views();
            let at = resolved.at();
            let shown =
                items::Shown { service: &self.service, by, unit, at, basis: basis.as_ref() };
            let mut found = Vec::new();
            let history = views.history(unit);
            let every = history.into_iter().flat_map(|history| history.evidence(at.size));
            for (number, item) in (0_u64..).zip(every) {
                let standing = i32::from(items::standing(item.standing(at.size)));
                let fits = number >= page.from
                    && (asked.standings.is_empty() || asked.standings.contains(&standing))
                    && (kinds.is_empty() || kinds.contains(&item.kind))
                    && (asked.source.is_empty() || item.source.name.as_str() == asked.source);
                if !fits {
                    continue;
                }
                let practices = history.map(|history| history.practices_of(item.id, at.size));
                let practices = practices.unwrap_or_default();
                let of_practice = practice.as_ref().is_none_or(|asked| {
                    let same_model = |model: &gradus_model::ModelId| {
                        asked.model.as_ref().is_none_or(|named| named == model)
                    };
                    practices.iter().any(|target| {
                        target.practice == asked.practice && same_model(&target.model)
                    })
                });
                let valid = || {
                    let valid = items::validity(&shown, &views, item, &practices);
                    valid.is_some_and(|(valid, _)| valid)
                };
                if !of_practice || (asked.valid_only && !valid()) {
                    continue;
                }
                if found.len() == page.size {
                    next = Some(number);
                    break;
                }
                let practices: Vec<Target> = practices.into_iter().cloned().collect();
                found.push((item.clone(), practices));
                numbers.push(number);
            }
            found
        };
        let histories: Vec<EvidenceHistory> =
            found.iter().map(|(history, _)| history.clone()).collect();
        let mut shown = self.shown(by, unit, &resolved, rules.as_deref(), found).await?;
        let fitting = page::fitting(&shown);
        next = numbers.get(fitting).copied().or(next);
        shown.truncate(fitting);
        let entries: Vec<_> =
            shown.iter().zip(&histories).map(|(shown, history)| entry(shown, history)).collect();
        let digest = self.service.list_digest("evidence", Some(unit), &resolved, &entries);
        Ok(wire::ListEvidenceResponse {
            evidence: shown,
            next_page_token: page.next(next, &resolved),
            coordinate: Some(convert::resolved(&resolved)),
            digest: digest.0.to_vec(),
        })
    }
}
