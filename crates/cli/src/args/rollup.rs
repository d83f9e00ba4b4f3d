//! `gradus rollup`.

use clap::Args;
use gradus_wire::v1;

use super::coordinate::CoordinateArgs;
use super::words::words;
use crate::select::Selector;

/// Levels to roll up.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  gradus rollup                                  all projects of the organization, the lowest level
  gradus rollup crypto --rule median             those of a team; of two middle ones the lower
  gradus rollup --label critical --rule on-target --profile service-bureau
  gradus rollup 'crypto@{2026-03-01}' --members  who belonged to it then, with the levels of each
What several projects inherit from the same unit counts once; `units` tells how many of those counted
have a level. In a distribution, 1:4 means that four are at level 1.")]
pub struct RollupArgs {
    /// The unit, UNIT@{DATE}, UNIT@known{DATE} or UNIT#SIZE [default: the organization]
    pub unit: Option<Selector>,
    /// Only projects with this label
    #[arg(long)]
    pub label: Option<String>,
    /// How several levels become one
    #[arg(long, value_parser = words(RULES, rule), default_value = "minimum")]
    pub rule: v1::RollUpRule,
    /// The levels of each project, too
    #[arg(long)]
    pub members: bool,
    /// Profile that is aimed at, an id or digest [default: the one in force for each]
    #[arg(long)]
    pub profile: Option<String>,
    /// Only this process area, such as PA01; may be repeated
    #[arg(long)]
    pub area: Vec<String>,
    /// As of when.
    #[command(flatten)]
    pub coordinate: CoordinateArgs,
}

const RULES: &[v1::RollUpRule] = &[
    v1::RollUpRule::Minimum,
    v1::RollUpRule::Median,
    v1::RollUpRule::Distribution,
    v1::RollUpRule::OnTarget,
];

/// The word of a rule.
#[must_use]
pub fn rule(rule: v1::RollUpRule) -> &'static str {
    match rule {
        v1::RollUpRule::Unspecified => "unspecified",
        v1::RollUpRule::Minimum => "minimum",
        v1::RollUpRule::Median => "median",
        v1::RollUpRule::Distribution => "distribution",
        v1::RollUpRule::OnTarget => "on-target",
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_roll_up_is_of_a_unit_or_of_the_organization() {
        for (args, right) in [
            ("gradus rollup", true),
            ("gradus rollup crypto --rule median --members", true),
            ("gradus rollup crypto@{2026-03-01} --label critical", true),
            ("gradus rollup --rule on-target --profile service-bureau", true),
            ("gradus rollup --rule mean", false),
        ] {
            let read = crate::args::command().try_get_matches_from(args.split(' '));
            assert_eq!(read.is_ok(), right, "{args}");
        }
    }
}
