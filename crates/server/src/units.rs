//! The handlers of `UnitService`.

use gradus_domain::registry::{DocumentKind, Unit};
use gradus_model::unit::{Inheritance, MarkerKind, Phase, UnitKind};
use gradus_model::{Label, UnitId};
use gradus_service::ServiceError;
use gradus_service::access;
use gradus_service::units::Registration;
use gradus_wire::v1 as wire;
use gradus_wire::v1::unit_service_server::UnitService;
use tonic::Request;

use crate::api::{Api, Reply, reply, reply_of_items};
use crate::auth::open;
use crate::convert::{self, instant, unit};
use crate::page::Page;

/// The longest reason, in bytes.
const MOST_REASON: usize = 4_096;

#[tonic::async_trait]
impl UnitService for Api {
    async fn register_unit(
        &self,
        request: Request<wire::RegisterUnitRequest>,
    ) -> Reply<wire::RegisterUnitResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let kind = convert::word("kind", asked.kind, UnitKind::from_number)?;
            if kind == UnitKind::Organization {
                let reason =
                    "`organization` is the root, of which there is one: use team or project";
                return Err(ServiceError::invalid("kind", reason));
            }
            let new = Registration {
                kind,
                name: convert::text("name", &asked.name)?,
                parent: Some(asked.parent.clone()).filter(|parent| !parent.is_empty()),
                team: convert::optional("team", &asked.team)?,
                effective_at: instant("effective_at", asked.effective_at.as_ref())?,
            };
            let done = self.service.register_unit(&call, &new).await?;
            let reference = |id| convert::unit_ref(&self.service, id);
            Ok(wire::RegisterUnitResponse {
                receipt: self.told(&done.receipt),
                unit: Some(wire::UnitRef { name: asked.name.clone(), ..reference(done.unit) }),
                team: done
                    .team
                    .map(|team| wire::UnitRef { name: asked.team.clone(), ..reference(team) }),
            })
        })
        .await
    }

    async fn get_unit(
        &self,
        request: Request<wire::GetUnitRequest>,
    ) -> Reply<wire::GetUnitResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let coordinate = convert::coordinate(asked.coordinate.as_ref(), asked.min_size)?;
            let resolved = self.service.resolve(&coordinate).await?;
            let id = self.service.unit(&by, &asked.unit)?;
            let (mut unit, tailored) = {
                let views = self.service.views();
                let found = views.registry.unit(id);
                let found = found.filter(|unit| unit.position < resolved.log_size);
                let found = found.ok_or_else(|| ServiceError::not_found("unit", &asked.unit))?;
                let tailored = unit::tailored_at(&views, id, resolved.at());
                (unit::unit(&views, found, resolved.at()), tailored)
            };
            unit.version = self.service.version_at(id, resolved.log_size).await?;
            // Why an area was tailored out is text, and so in the record's payload.
            for (area, position) in unit.tailored_areas.iter_mut().zip(tailored) {
                let record = self.service.record_at(position).await?;
                let texts = self.service.texts(&by, &record)?.payload();
                texts.get("reason").unwrap_or_default().clone_into(&mut area.reason);
            }
            let entry = (id.0, vec![i64::from(unit.kind)]);
            let facts = self.service.list_digest("unit", Some(id), &resolved, &[entry]);
            Ok(wire::GetUnitResponse {
                unit: Some(unit),
                coordinate: Some(convert::resolved(&resolved)),
                digest: facts.0.to_vec(),
            })
        })
        .await
    }

    async fn list_units(
        &self,
        request: Request<wire::ListUnitsRequest>,
    ) -> Reply<wire::ListUnitsResponse> {
        let (by, mut asked) = open(request)?;
        reply(async {
            let (size, token) = (asked.page_size, std::mem::take(&mut asked.page_token));
            asked.page_size = 0;
            let page = Page::read("units", size, &token, &asked)?;
            let coordinate = convert::coordinate(asked.coordinate.as_ref(), asked.min_size)?;
            let resolved = self.service.resolve(&page.pin(coordinate)).await?;
            let at = resolved.at();
            let kind = convert::optional_word("kind", asked.kind, UnitKind::from_number)?;
            let parent = Some(asked.parent.as_str()).filter(|parent| !parent.is_empty());
            let parent = parent.map(|parent| self.service.unit(&by, parent)).transpose()?;
            let label = convert::optional::<Label>("label", &asked.label)?;
            let (sight, now) = (self.service.sight(&by), self.service.now());
            let (mut shown, entries, next) = {
                let views = self.service.views();
                let fits = |unit: &&Unit| {
                    unit.position < at.size
                        && access::sees(&views, &sight, unit.id, now)
                        && kind.is_none_or(|kind| unit.kind == kind)
                        && parent.is_none_or(|parent| unit.parent(at) == Some(parent))
                        && (asked.include_archived || unit.archived.at(at).is_none())
                        && label
                            .as_ref()
                            .is_none_or(|label| unit::has_label(&views, unit.id, label, at))
                };
                // In the order of registration, which no later event changes.
                let mut units: Vec<_> = views.registry.units().filter(fits).collect();
                units.sort_by_key(|unit| unit.position);
                let from = usize::try_from(page.from).unwrap_or(usize::MAX);
                let shown: Vec<_> = units.iter().skip(from).take(page.size).copied().collect();
                let end = from.saturating_add(shown.len());
                let next = (end < units.len()).then_some(end as u64);
                let entry = |unit: &&Unit| (unit.id.0, vec![i64::from(unit.kind.number())]);
                let entries: Vec<_> = shown.iter().map(entry).collect();
                let shown = shown.iter().map(|found| unit::unit(&views, found, at));
                (shown.collect::<Vec<_>>(), entries, next)
            };
            for (unit, (id, _)) in shown.iter_mut().zip(&entries) {
                unit.version = self.service.version_at(UnitId(*id), at.size).await?;
            }
            let digest = self.service.list_digest("units", parent, &resolved, &entries);
            Ok(wire::ListUnitsResponse {
                units: shown,
                next_page_token: page.next(next, &resolved),
                coordinate: Some(convert::resolved(&resolved)),
                digest: digest.0.to_vec(),
            })
        })
        .await
    }

    async fn rename_unit(
        &self,
        request: Request<wire::RenameUnitRequest>,
    ) -> Reply<wire::RenameUnitResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let name = convert::text("name", &asked.name)?;
            let at = instant("effective_at", asked.effective_at.as_ref())?;
            let receipt = self.service.rename_unit(&call, &asked.unit, &name, at).await?;
            Ok(wire::RenameUnitResponse { receipt: self.told(&receipt) })
        })
        .await
    }

    async fn move_unit(
        &self,
        request: Request<wire::MoveUnitRequest>,
    ) -> Reply<wire::MoveUnitResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let at = instant("effective_at", asked.effective_at.as_ref())?;
            let receipt = self.service.move_unit(&call, &asked.unit, &asked.parent, at).await?;
            Ok(wire::MoveUnitResponse { receipt: self.told(&receipt) })
        })
        .await
    }

    async fn archive_unit(
        &self,
        request: Request<wire::ArchiveUnitRequest>,
    ) -> Reply<wire::ArchiveUnitResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let at = instant("effective_at", asked.effective_at.as_ref())?;
            convert::bounded_text("reason", &asked.reason, MOST_REASON)?;
            let receipt = self.service.archive_unit(&call, &asked.unit, &asked.reason, at).await?;
            Ok(wire::ArchiveUnitResponse { receipt: self.told(&receipt) })
        })
        .await
    }

    async fn succeed_unit(
        &self,
        request: Request<wire::SucceedUnitRequest>,
    ) -> Reply<wire::SucceedUnitResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let at = instant("effective_at", asked.effective_at.as_ref())?;
            let (unit, successors) = (&asked.unit, &asked.successors);
            let receipt = self.service.succeed_unit(&call, unit, successors, at).await?;
            Ok(wire::SucceedUnitResponse { receipt: self.told(&receipt) })
        })
        .await
    }

    async fn adopt_model(
        &self,
        request: Request<wire::AdoptModelRequest>,
    ) -> Reply<wire::AdoptModelResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let at = asked.effective_at.as_ref();
            let append = asked.append.as_ref();
            let (receipt, adopted) = self
                .adopt(by, append, &asked.unit, DocumentKind::Model, &asked.document, at)
                .await?;
            Ok(wire::AdoptModelResponse { receipt, adopted })
        })
        .await
    }

    async fn adopt_rules(
        &self,
        request: Request<wire::AdoptRulesRequest>,
    ) -> Reply<wire::AdoptRulesResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let at = asked.effective_at.as_ref();
            let append = asked.append.as_ref();
            let (receipt, adopted) = self
                .adopt(by, append, &asked.unit, DocumentKind::Rules, &asked.document, at)
                .await?;
            Ok(wire::AdoptRulesResponse { receipt, adopted })
        })
        .await
    }

    async fn adopt_profile(
        &self,
        request: Request<wire::AdoptProfileRequest>,
    ) -> Reply<wire::AdoptProfileResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let at = asked.effective_at.as_ref();
            let append = asked.append.as_ref();
            let (receipt, adopted) = self
                .adopt(by, append, &asked.unit, DocumentKind::Profile, &asked.document, at)
                .await?;
            let digest = adopted.as_ref().and_then(|adopted| adopted.digest.parse().ok());
            let warnings = digest.map(|digest| self.service.profile_warnings(&digest));
            let warnings = warnings.unwrap_or_default();
            Ok(wire::AdoptProfileResponse { receipt, adopted, warnings })
        })
        .await
    }

    async fn tailor_area(
        &self,
        request: Request<wire::TailorAreaRequest>,
    ) -> Reply<wire::TailorAreaResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let area = convert::area("area", &asked.area)?;
            let applicable = convert::needed("applicable", asked.applicable)?;
            let at = instant("effective_at", asked.effective_at.as_ref())?;
            convert::bounded_text("reason", &asked.reason, MOST_REASON)?;
            let (unit, reason) = (&asked.unit, &asked.reason);
            let receipt =
                self.service.tailor_area(&call, unit, &area, applicable, reason, at).await?;
            let warnings = self.service.tailoring_warnings(&by, unit, area.area, at).await?;
            Ok(wire::TailorAreaResponse { receipt: self.told(&receipt), warnings })
        })
        .await
    }

    async fn set_area_inheritance(
        &self,
        request: Request<wire::SetAreaInheritanceRequest>,
    ) -> Reply<wire::SetAreaInheritanceResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let area = convert::area("area", &asked.area)?;
            let set = convert::word("inheritance", asked.inheritance, Inheritance::from_number)?;
            let at = instant("effective_at", asked.effective_at.as_ref())?;
            let receipt =
                self.service.set_area_inheritance(&call, &asked.unit, &area, set, at).await?;
            Ok(wire::SetAreaInheritanceResponse { receipt: self.told(&receipt) })
        })
        .await
    }

    async fn record_context(
        &self,
        request: Request<wire::RecordContextRequest>,
    ) -> Reply<wire::RecordContextResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let context = unit::context(convert::needed("context", asked.context.as_ref())?)?;
            let at = instant("effective_at", asked.effective_at.as_ref())?;
            let receipt = self.service.record_context(&call, &asked.unit, &context, at).await?;
            Ok(wire::RecordContextResponse { receipt: self.told(&receipt) })
        })
        .await
    }

    async fn label_unit(
        &self,
        request: Request<wire::LabelUnitRequest>,
    ) -> Reply<wire::LabelUnitResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let labels = unit::labels(&asked.labels)?;
            let at = instant("effective_at", asked.effective_at.as_ref())?;
            let receipt = self.service.label_unit(&call, &asked.unit, labels, at).await?;
            Ok(wire::LabelUnitResponse { receipt: self.told(&receipt) })
        })
        .await
    }

    async fn raise_baseline(
        &self,
        request: Request<wire::RaiseBaselineRequest>,
    ) -> Reply<wire::RaiseBaselineResponse> {
        let (by, asked) = open(request)?;
        reply_of_items("floors", async {
            let call = convert::call(by, asked.append.as_ref())?;
            let floors = unit::floors(&asked.floors)?;
            let at = instant("effective_at", asked.effective_at.as_ref())?;
            let receipt = self.service.raise_baseline(&call, &asked.unit, &floors, at).await?;
            Ok(wire::RaiseBaselineResponse { receipt: self.told(&receipt) })
        })
        .await
    }

    async fn enter_phase(
        &self,
        request: Request<wire::EnterPhaseRequest>,
    ) -> Reply<wire::EnterPhaseResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let phase = convert::word("phase", asked.phase, Phase::from_number)?;
            let at = instant("effective_at", asked.effective_at.as_ref())?;
            let receipt = self.service.change_phase(&call, &asked.unit, phase, true, at).await?;
            Ok(wire::EnterPhaseResponse { receipt: self.told(&receipt) })
        })
        .await
    }

    async fn leave_phase(
        &self,
        request: Request<wire::LeavePhaseRequest>,
    ) -> Reply<wire::LeavePhaseResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let phase = convert::word("phase", asked.phase, Phase::from_number)?;
            let at = instant("effective_at", asked.effective_at.as_ref())?;
            let receipt = self.service.change_phase(&call, &asked.unit, phase, false, at).await?;
            Ok(wire::LeavePhaseResponse { receipt: self.told(&receipt) })
        })
        .await
    }

    async fn place_marker(
        &self,
        request: Request<wire::PlaceMarkerRequest>,
    ) -> Reply<wire::PlaceMarkerResponse> {
        let (by, asked) = open(request)?;
        reply(async {
            let call = convert::call(by, asked.append.as_ref())?;
            let kind = convert::word("kind", asked.kind, MarkerKind::from_number)?;
            let label = convert::text("label", &asked.label)?;
            let at = instant("effective_at", asked.effective_at.as_ref())?;
            let receipt = self.service.place_marker(&call, &asked.unit, kind, &label, at).await?;
            Ok(wire::PlaceMarkerResponse { receipt: self.told(&receipt) })
        })
        .await
    }
}

impl Api {
    async fn adopt(
        &self,
        by: gradus_service::Caller,
        append: Option<&wire::AppendOptions>,
        unit: &str,
        kind: DocumentKind,
        document: &str,
        at: Option<&prost_types::Timestamp>,
    ) -> Result<(Option<wire::Receipt>, Option<wire::Adopted>), ServiceError> {
        let call = convert::call(by, append)?;
        let at = instant("effective_at", at)?;
        let (receipt, held) = self.service.adopt(&call, unit, kind, document, at).await?;
        let since = at.unwrap_or_else(|| self.service.now());
        Ok((self.told(&receipt), Some(unit::adopted_since(&held, since))))
    }
}
