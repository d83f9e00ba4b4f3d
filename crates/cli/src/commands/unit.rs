//! `gradus unit` and `gradus project`: registering, moving and ending units.

pub mod show;
pub mod surroundings;

use gradus_model::unit::UnitKind;
use gradus_wire::v1;

use crate::args::unit::{
    ArchiveArgs, MoveArgs, RegisterArgs, RenameArgs, SucceedArgs, UnitCommand,
};
use crate::error::CliError;
use crate::select::Moment;
use crate::session::{Parts, Session};

/// Does what the command says; with `only`, for units of that kind.
pub async fn run(
    session: &Session,
    command: UnitCommand,
    only: Option<UnitKind>,
) -> Result<(), CliError> {
    match command {
        UnitCommand::Register(args) => register(session, args, only).await,
        UnitCommand::Show(args) => show::one(session, args).await,
        UnitCommand::List(args) => show::list(session, args, only).await,
        UnitCommand::Rename(args) => rename(session, args).await,
        UnitCommand::Move(args) => place(session, args).await,
        UnitCommand::Archive(args) => archive(session, args).await,
        UnitCommand::Succeed(args) => succeed(session, args).await,
        UnitCommand::AdoptModel(args) => surroundings::adopt_model(session, args).await,
        UnitCommand::AdoptRules(args) => surroundings::adopt_rules(session, args).await,
        UnitCommand::AdoptProfile(args) => surroundings::adopt_profile(session, args).await,
        UnitCommand::TailorOut(args) => surroundings::tailor(session, args, false).await,
        UnitCommand::TailorIn(args) => surroundings::tailor(session, args, true).await,
        UnitCommand::Inherit(args) => surroundings::inherit(session, args).await,
        UnitCommand::Context(args) => surroundings::context(session, args).await,
        UnitCommand::Label(args) => surroundings::label(session, args).await,
        UnitCommand::EnterPhase(args) => surroundings::enter_phase(session, args).await,
        UnitCommand::LeavePhase(args) => surroundings::leave_phase(session, args).await,
        UnitCommand::Mark(args) => surroundings::mark(session, args).await,
    }
}

async fn register(
    session: &Session,
    args: RegisterArgs,
    only: Option<UnitKind>,
) -> Result<(), CliError> {
    let kind = args.kind.or(only).unwrap_or(UnitKind::Project);
    if let Some(only) = only.filter(|only| *only != kind) {
        let hint = format!("gradus unit register {} --kind {kind}", args.name);
        return Err(CliError::usage(format!("a {kind} is no {only}"), hint));
    }
    let request = |append| v1::RegisterUnitRequest {
        append,
        kind: kind.number().into(),
        name: args.name,
        parent: args.parent.unwrap_or_default(),
        team: args.team.unwrap_or_default(),
        effective_at: args.since.and_then(Moment::wire),
    };
    let send = async |request| session.client.units().register_unit(request).await;
    session.record_with(&args.append, request, send, registered).await
}

fn registered(response: &v1::RegisterUnitResponse) -> Parts {
    let unit = response.unit.clone().unwrap_or_default();
    let team = response.team.clone().unwrap_or_default();
    vec![("unit", unit.name.into()), ("id", unit.id.into()), ("new_team", team.name.into())]
}

async fn rename(session: &Session, args: RenameArgs) -> Result<(), CliError> {
    let request = |append| v1::RenameUnitRequest {
        unit: args.unit,
        append,
        name: args.name,
        effective_at: args.since.and_then(Moment::wire),
    };
    let send = async |request| session.client.units().rename_unit(request).await;
    session.record(&args.append, request, send).await
}

async fn place(session: &Session, args: MoveArgs) -> Result<(), CliError> {
    let request = |append| v1::MoveUnitRequest {
        unit: args.unit,
        append,
        parent: args.parent,
        effective_at: args.since.and_then(Moment::wire),
    };
    let send = async |request| session.client.units().move_unit(request).await;
    session.record(&args.append, request, send).await
}

async fn archive(session: &Session, args: ArchiveArgs) -> Result<(), CliError> {
    let question = format!("archive `{}`, which then takes no more records", args.unit);
    session.confirm(&question, args.confirm.yes, &args.append).await?;
    let request = |append| v1::ArchiveUnitRequest {
        unit: args.unit,
        append,
        reason: args.reason,
        effective_at: args.at.and_then(Moment::wire),
    };
    let send = async |request| session.client.units().archive_unit(request).await;
    session.record(&args.append, request, send).await
}

async fn succeed(session: &Session, args: SucceedArgs) -> Result<(), CliError> {
    let request = |append| v1::SucceedUnitRequest {
        unit: args.unit,
        append,
        successors: args.by,
        effective_at: args.since.and_then(Moment::wire),
    };
    let send = async |request| session.client.units().succeed_unit(request).await;
    session.record(&args.append, request, send).await
}
