//! What surrounds a unit's levels: documents, tailoring, circumstances, labels, phases, markers.

use gradus_wire::v1;

use crate::args::unit::{
    AdoptArgs, ContextArgs, InheritArgs, LabelArgs, MarkArgs, PhaseEndArgs, PhaseStartArgs,
    TailorArgs,
};
use crate::error::CliError;
use crate::output::message::time;
use crate::select::Moment;
use crate::session::{Parts, Session, warned};

/// Measures a unit by a model.
pub async fn adopt_model(session: &Session, args: AdoptArgs) -> Result<(), CliError> {
    let request = |append| v1::AdoptModelRequest {
        unit: args.unit,
        append,
        document: args.document,
        effective_at: args.since.and_then(Moment::wire),
    };
    let send = async |request| session.client.units().adopt_model(request).await;
    let parts = |done: &v1::AdoptModelResponse| adopted(done.adopted.as_ref());
    session.record_with(&args.append, request, send, parts).await
}

/// Computes a unit's levels by rules.
pub async fn adopt_rules(session: &Session, args: AdoptArgs) -> Result<(), CliError> {
    let request = |append| v1::AdoptRulesRequest {
        unit: args.unit,
        append,
        document: args.document,
        effective_at: args.since.and_then(Moment::wire),
    };
    let send = async |request| session.client.units().adopt_rules(request).await;
    let parts = |done: &v1::AdoptRulesResponse| adopted(done.adopted.as_ref());
    session.record_with(&args.append, request, send, parts).await
}

/// Sets a unit the targets of a profile.
pub async fn adopt_profile(session: &Session, args: AdoptArgs) -> Result<(), CliError> {
    let request = |append| v1::AdoptProfileRequest {
        unit: args.unit,
        append,
        document: args.document,
        effective_at: args.since.and_then(Moment::wire),
    };
    let send = async |request| session.client.units().adopt_profile(request).await;
    let parts = |done: &v1::AdoptProfileResponse| {
        let mut parts = adopted(done.adopted.as_ref());
        parts.extend(warned(&done.warnings));
        parts
    };
    session.record_with(&args.append, request, send, parts).await
}

fn adopted(adopted: Option<&v1::Adopted>) -> Parts {
    let adopted = adopted.cloned().unwrap_or_default();
    vec![
        ("adopted", adopted.id.into()),
        ("digest", adopted.digest.into()),
        ("since", time(adopted.since.as_ref()).into()),
    ]
}

/// Says whether an area applies to a unit.
pub async fn tailor(session: &Session, args: TailorArgs, applicable: bool) -> Result<(), CliError> {
    let request = |append| v1::TailorAreaRequest {
        unit: args.unit,
        append,
        area: args.area,
        applicable: Some(applicable),
        reason: args.reason,
        effective_at: args.since.and_then(Moment::wire),
    };
    let send = async |request| session.client.units().tailor_area(request).await;
    let parts = |done: &v1::TailorAreaResponse| warned(&done.warnings);
    session.record_with(&args.append, request, send, parts).await
}

/// Says from where a unit's level of an area is answered.
pub async fn inherit(session: &Session, args: InheritArgs) -> Result<(), CliError> {
    let request = |append| v1::SetAreaInheritanceRequest {
        unit: args.unit,
        append,
        area: args.area,
        inheritance: args.inheritance.number().into(),
        effective_at: args.since.and_then(Moment::wire),
    };
    let send = async |request| session.client.units().set_area_inheritance(request).await;
    session.record(&args.append, request, send).await
}

/// Records a unit's circumstances.
pub async fn context(session: &Session, args: ContextArgs) -> Result<(), CliError> {
    let context = v1::Context {
        customer_base: args.customer_base,
        assurance_need: args.assurance_need.map_or(0, |need| need.number().into()),
        activity: args.activity.map_or(0, |activity| activity.number().into()),
        disciplines: args.discipline,
    };
    let request = |append| v1::RecordContextRequest {
        unit: args.unit,
        append,
        context: Some(context),
        effective_at: args.since.and_then(Moment::wire),
    };
    let send = async |request| session.client.units().record_context(request).await;
    session.record(&args.append, request, send).await
}

/// Gives a unit labels in place of those before.
pub async fn label(session: &Session, args: LabelArgs) -> Result<(), CliError> {
    let request = |append| v1::LabelUnitRequest {
        unit: args.unit,
        append,
        labels: args.labels,
        effective_at: args.since.and_then(Moment::wire),
    };
    let send = async |request| session.client.units().label_unit(request).await;
    session.record(&args.append, request, send).await
}

/// Says that a phase began.
pub async fn enter_phase(session: &Session, args: PhaseStartArgs) -> Result<(), CliError> {
    let request = |append| v1::EnterPhaseRequest {
        unit: args.unit,
        append,
        phase: args.phase.number().into(),
        effective_at: args.at.and_then(Moment::wire),
    };
    let send = async |request| session.client.units().enter_phase(request).await;
    session.record(&args.append, request, send).await
}

/// Says that a phase ended.
pub async fn leave_phase(session: &Session, args: PhaseEndArgs) -> Result<(), CliError> {
    let request = |append| v1::LeavePhaseRequest {
        unit: args.unit,
        append,
        phase: args.phase.number().into(),
        effective_at: args.at.and_then(Moment::wire),
    };
    let send = async |request| session.client.units().leave_phase(request).await;
    session.record(&args.append, request, send).await
}

/// Names an instant of a unit's life.
pub async fn mark(session: &Session, args: MarkArgs) -> Result<(), CliError> {
    let request = |append| v1::PlaceMarkerRequest {
        unit: args.unit,
        append,
        kind: args.kind.number().into(),
        label: args.label,
        effective_at: args.at.and_then(Moment::wire),
    };
    let send = async |request| session.client.units().place_marker(request).await;
    session.record(&args.append, request, send).await
}
