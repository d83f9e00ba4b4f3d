//! `gradus unit` and `gradus project`.

use clap::{Args, Subcommand};
use gradus_model::unit::{Activity, AssuranceNeed, Inheritance, MarkerKind, Phase, UnitKind};

use super::append::{AppendArgs, ConfirmArgs};
use super::coordinate::CoordinateArgs;
use super::words::words;
use crate::select::{Moment, Selector};

/// What to do with units.
#[derive(Debug, Subcommand)]
pub enum UnitCommand {
    /// Register a unit; a team that is unknown is registered with its project
    #[command(
        after_help = "Example: gradus project register rustls --team crypto --since 2016-05-02"
    )]
    Register(RegisterArgs),
    /// Show a unit as it was at a date
    #[command(after_help = "Example: gradus unit show 'rustls@{2026-03-01}'")]
    Show(ShowArgs),
    /// List the units that you may see
    #[command(after_help = "Example: gradus unit list --parent crypto")]
    List(ListArgs),
    /// Give a unit another name
    #[command(after_help = "Example: gradus unit rename rustls rustls-core")]
    Rename(RenameArgs),
    /// Place a unit below another one
    #[command(after_help = "Example: gradus unit move rustls --parent network")]
    Move(MoveArgs),
    /// End a unit: it takes no more records, and its history stays
    #[command(after_help = "Example: gradus unit archive rustls --at 2026-03-01 --reason sold")]
    Archive(ArchiveArgs),
    /// Say in which units a unit's work goes on, after a split, merge or reorganization
    #[command(after_help = "Example: gradus unit succeed rustls --by rustls-core rustls-ffi")]
    Succeed(SucceedArgs),
    /// Measure a unit by a published model
    #[command(after_help = "Example: gradus unit adopt-model rustls iso-21827-2008")]
    AdoptModel(AdoptArgs),
    /// Compute a unit's levels by published rules
    #[command(after_help = "Example: gradus unit adopt-rules rustls strict --since 2026-01-01")]
    AdoptRules(AdoptArgs),
    /// Set a unit the targets of a published profile
    #[command(after_help = "Example: gradus unit adopt-profile rustls security-product-developer")]
    AdoptProfile(AdoptArgs),
    /// Say that a process area does not apply to a unit
    #[command(after_help = "Example: gradus unit tailor-out rustls PA02 --reason 'no operations'")]
    TailorOut(TailorArgs),
    /// Say that a process area applies to a unit again
    #[command(after_help = "Example: gradus unit tailor-in rustls PA02 --reason 'operates a CA'")]
    TailorIn(TailorArgs),
    /// Say from where a unit's level of a process area is answered
    #[command(after_help = "Example: gradus unit inherit rustls PA21 own")]
    Inherit(InheritArgs),
    /// Record a unit's circumstances, in place of those before
    #[command(after_help = "Example: gradus unit context rustls --assurance-need high")]
    Context(ContextArgs),
    /// Give a unit labels, in place of those before
    #[command(after_help = "Example: gradus unit label rustls memory-safe 'tier 1'")]
    Label(LabelArgs),
    /// Say that a life-cycle phase began
    #[command(after_help = "Example: gradus unit enter-phase rustls operation --at 2026-03-01")]
    EnterPhase(PhaseStartArgs),
    /// Say that a life-cycle phase ended
    #[command(after_help = "Example: gradus unit leave-phase rustls design --at 2026-03-01")]
    LeavePhase(PhaseEndArgs),
    /// Name an instant of a unit's life
    #[command(
        after_help = "Example: gradus unit mark rustls v0.23.0 --kind release --at 2024-02-13"
    )]
    Mark(MarkArgs),
}

/// A unit to register.
#[derive(Debug, Args)]
pub struct RegisterArgs {
    /// Its name: a-z, 0-9 and `-`
    pub name: String,
    /// Team or project [default: what the command is named after, or else a project]
    #[arg(long, value_parser = words(KINDS, UnitKind::name))]
    pub kind: Option<UnitKind>,
    /// Unit above it [default: the organization]
    #[arg(long, value_name = "UNIT", conflicts_with = "team")]
    pub parent: Option<String>,
    /// Team of a project, registered if it is unknown
    #[arg(long, value_name = "TEAM")]
    pub team: Option<String>,
    /// When it came to be [default: now]
    #[arg(long, value_name = "DATE", value_parser = Moment::start)]
    pub since: Option<Moment>,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

const KINDS: &[UnitKind] = &[UnitKind::Team, UnitKind::Project];

/// A unit to show.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The unit, UNIT@{DATE}, UNIT@known{DATE} or UNIT#SIZE
    pub unit: Selector,
    /// As of when.
    #[command(flatten)]
    pub coordinate: CoordinateArgs,
}

/// Units to list.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only units of this kind
    #[arg(long, value_parser = words(UnitKind::ALL, UnitKind::name))]
    pub kind: Option<UnitKind>,
    /// Only units right below this one
    #[arg(long, value_name = "UNIT")]
    pub parent: Option<String>,
    /// Only units with this label
    #[arg(long, value_name = "LABEL")]
    pub label: Option<String>,
    /// Units that had ended, too
    #[arg(long)]
    pub include_archived: bool,
    /// As of when.
    #[command(flatten)]
    pub coordinate: CoordinateArgs,
}

/// A unit to rename.
#[derive(Debug, Args)]
pub struct RenameArgs {
    /// The unit
    pub unit: String,
    /// Its new name
    pub name: String,
    /// From when on [default: now]
    #[arg(long, value_name = "DATE", value_parser = Moment::start)]
    pub since: Option<Moment>,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// A unit to move.
#[derive(Debug, Args)]
pub struct MoveArgs {
    /// The unit
    pub unit: String,
    /// Unit to place it below
    #[arg(long, value_name = "UNIT")]
    pub parent: String,
    /// From when on [default: now]
    #[arg(long, value_name = "DATE", value_parser = Moment::start)]
    pub since: Option<Moment>,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// A unit to archive.
#[derive(Debug, Args)]
pub struct ArchiveArgs {
    /// The unit
    pub unit: String,
    /// First instant at which it is no more; a bare date is the end of that day [default: now]
    #[arg(long, value_name = "DATE", value_parser = Moment::end)]
    pub at: Option<Moment>,
    /// Why
    #[arg(long, default_value = "")]
    pub reason: String,
    /// Whether to ask.
    #[command(flatten)]
    pub confirm: ConfirmArgs,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// A unit whose work goes on in others.
#[derive(Debug, Args)]
pub struct SucceedArgs {
    /// The unit
    pub unit: String,
    /// Units in which its work goes on
    #[arg(long, value_name = "UNIT", required = true, num_args = 1..)]
    pub by: Vec<String>,
    /// From when on [default: now]
    #[arg(long, value_name = "DATE", value_parser = Moment::start)]
    pub since: Option<Moment>,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// A document to adopt.
#[derive(Debug, Args)]
pub struct AdoptArgs {
    /// The unit
    pub unit: String,
    /// Id of the document, which means the newest, or its digest
    pub document: String,
    /// From when on [default: now]
    #[arg(long, value_name = "DATE", value_parser = Moment::start)]
    pub since: Option<Moment>,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// An area to tailor.
#[derive(Debug, Args)]
pub struct TailorArgs {
    /// The unit
    pub unit: String,
    /// The process area, such as PA02
    pub area: String,
    /// Why
    #[arg(long)]
    pub reason: String,
    /// From when on [default: now]
    #[arg(long, value_name = "DATE", value_parser = Moment::start)]
    pub since: Option<Moment>,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// The inheritance of an area.
#[derive(Debug, Args)]
pub struct InheritArgs {
    /// The unit
    pub unit: String,
    /// The process area, such as PA21
    pub area: String,
    /// From where its level is answered
    #[arg(value_parser = words(Inheritance::ALL, Inheritance::name))]
    pub inheritance: Inheritance,
    /// From when on [default: now]
    #[arg(long, value_name = "DATE", value_parser = Moment::start)]
    pub since: Option<Moment>,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// A unit's circumstances.
#[derive(Debug, Args)]
pub struct ContextArgs {
    /// The unit
    pub unit: String,
    /// Whom it works for
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub customer_base: String,
    /// How much assurance they need
    #[arg(long, value_parser = words(AssuranceNeed::ALL, AssuranceNeed::name))]
    pub assurance_need: Option<AssuranceNeed>,
    /// What it mainly does with systems
    #[arg(long, value_parser = words(Activity::ALL, Activity::name))]
    pub activity: Option<Activity>,
    /// Engineering discipline involved; may be repeated
    #[arg(long, value_name = "TEXT")]
    pub discipline: Vec<String>,
    /// From when on [default: now]
    #[arg(long, value_name = "DATE", value_parser = Moment::start)]
    pub since: Option<Moment>,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// The labels of a unit.
#[derive(Debug, Args)]
pub struct LabelArgs {
    /// The unit
    pub unit: String,
    /// Its labels, all of them, never erased
    #[arg(value_name = "LABEL", required_unless_present = "none")]
    pub labels: Vec<String>,
    /// Take all labels away
    #[arg(long, conflicts_with = "labels")]
    pub none: bool,
    /// From when on [default: now]
    #[arg(long, value_name = "DATE", value_parser = Moment::start)]
    pub since: Option<Moment>,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// A phase that began.
#[derive(Debug, Args)]
pub struct PhaseStartArgs {
    /// The unit
    pub unit: String,
    /// The phase
    #[arg(value_parser = words(Phase::ALL, Phase::name))]
    pub phase: Phase,
    /// When it began [default: now]
    #[arg(long, value_name = "DATE", value_parser = Moment::start)]
    pub at: Option<Moment>,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// A phase that ended.
#[derive(Debug, Args)]
pub struct PhaseEndArgs {
    /// The unit
    pub unit: String,
    /// The phase
    #[arg(value_parser = words(Phase::ALL, Phase::name))]
    pub phase: Phase,
    /// First instant after it; a bare date is the end of that day [default: now]
    #[arg(long, value_name = "DATE", value_parser = Moment::end)]
    pub at: Option<Moment>,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// An instant to name.
#[derive(Debug, Args)]
pub struct MarkArgs {
    /// The unit
    pub unit: String,
    /// The instant's name, never erased
    pub label: String,
    /// What it stands for
    #[arg(long, default_value = "milestone", value_parser = words(MarkerKind::ALL, MarkerKind::name))]
    pub kind: MarkerKind,
    /// The instant [default: now]
    #[arg(long, value_name = "DATE", value_parser = Moment::start)]
    pub at: Option<Moment>,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}
