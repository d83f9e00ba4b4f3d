//! `gradus rate`.

use clap::{Args, Subcommand};
use gradus_model::rating::{Scale, Value};
use gradus_wire::v1;

use super::append::{AppendArgs, ConfirmArgs};
use super::coordinate::CoordinateArgs;
use super::words::words;
use crate::error::CliError;
use crate::select::{Moment, Selector};

/// Ratings to give, or what to do with those given.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_help = "Examples:
  gradus rate --project rustls BP.01.01 satisfied BP.01.02 not-satisfied
  gradus rate --project rustls 'PA01/GP 2.1.1' L+ --effective-at 2026-03-01 --rationale 'seen in use'
Values: satisfied, not-satisfied; on the scale nplf: N, P-, P, P+, L-, L, L+, F")]
pub struct RateArgs {
    /// Another thing to do.
    #[command(subcommand)]
    pub command: Option<RateCommand>,
    /// The ratings.
    #[command(flatten)]
    pub give: Option<GiveArgs>,
    /// How to append the ratings. It stands here since clap cannot tell whether arguments were
    /// given when they hold others.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// What to do with ratings.
#[derive(Debug, Subcommand)]
pub enum RateCommand {
    /// List a unit's ratings
    #[command(after_help = "Example: gradus rate list --project rustls --in-force-only")]
    List(ListArgs),
    /// Withdraw ratings: they never counted, and the ones before are in force again
    #[command(after_help = "Example: gradus rate withdraw --project rustls ID --reason mistaken")]
    Withdraw(WithdrawArgs),
    /// End ratings: they were in force until then
    #[command(after_help = "Example: gradus rate end --project rustls ID --at 2026-03-01")]
    End(EndArgs),
    /// Rate by published rules what valid evidence shows
    #[command(
        after_help = "Example: gradus rate rule --project rustls --valid-at 2025-12-31 --valid-at now"
    )]
    Rule(RuleArgs),
}

/// Ratings to give.
#[derive(Debug, Args)]
pub struct GiveArgs {
    /// The unit
    #[arg(long, value_name = "UNIT")]
    pub project: String,
    /// Practices, each followed by its value
    #[arg(value_name = "PRACTICE VALUE", required = true)]
    pub pairs: Vec<String>,
    /// From when on they are in force [default: now]
    #[arg(long, value_name = "DATE", value_parser = Moment::start)]
    pub effective_at: Option<Moment>,
    /// Why; erasable
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub rationale: String,
    /// Id of evidence that they cite; may be repeated
    #[arg(long, value_name = "ID")]
    pub evidence: Vec<String>,
    /// Scale that the values must be of
    #[arg(long, value_parser = words(Scale::ALL, Scale::name))]
    pub scale: Option<Scale>,
    /// Process instance that was looked at [default: the unit as a whole]
    #[arg(long, default_value = "")]
    pub instance: String,
}

/// Ratings to list.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The unit, UNIT@{DATE}, UNIT@known{DATE} or UNIT#SIZE
    #[arg(long, value_name = "UNIT")]
    pub project: Selector,
    /// Only ratings in this process area
    #[arg(long, default_value = "")]
    pub area: String,
    /// Only ratings of this practice
    #[arg(long, default_value = "")]
    pub practice: String,
    /// Only ratings that are in force then
    #[arg(long)]
    pub in_force_only: bool,
    /// Most entries to list
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// As of when.
    #[command(flatten)]
    pub coordinate: CoordinateArgs,
}

/// Ratings to withdraw.
#[derive(Debug, Args)]
pub struct WithdrawArgs {
    /// The unit
    #[arg(long, value_name = "UNIT")]
    pub project: String,
    /// Ids of ratings
    #[arg(value_name = "RATING", required = true)]
    pub ratings: Vec<String>,
    /// Why; erasable
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Whether to ask.
    #[command(flatten)]
    pub confirm: ConfirmArgs,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// Ratings to end.
#[derive(Debug, Args)]
pub struct EndArgs {
    /// The unit
    #[arg(long, value_name = "UNIT")]
    pub project: String,
    /// Ids of ratings
    #[arg(value_name = "RATING", required = true)]
    pub ratings: Vec<String>,
    /// First instant at which they are no longer in force; a bare date is the end of that day
    /// [default: now]
    #[arg(long, value_name = "DATE", value_parser = Moment::end)]
    pub at: Option<Moment>,
    /// Why; erasable
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub reason: String,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

/// What the rule rater is to rate.
#[derive(Debug, Args)]
pub struct RuleArgs {
    /// The unit
    #[arg(long, value_name = "UNIT")]
    pub project: String,
    /// Moment to rate at; may be repeated [default: now]
    #[arg(long, value_name = "DATE", value_parser = Moment::question)]
    pub valid_at: Vec<Moment>,
    /// Rules to follow, an id or digest [default: those in force]
    #[arg(long, default_value = "", value_name = "RULES")]
    pub rules: String,
    /// How to append.
    #[command(flatten)]
    pub append: AppendArgs,
}

impl GiveArgs {
    /// The ratings in a request.
    pub fn ratings(&self) -> Result<Vec<v1::RatingInput>, CliError> {
        let (pairs, rest) = self.pairs.as_chunks::<2>();
        if let [practice] = rest {
            return Err(CliError::usage(
                format!("`{practice}` has no value"),
                "write each practice with its value: BP.01.01 satisfied BP.01.02 not-satisfied",
            ));
        }
        let rating = |[practice, value]: &[String; 2]| self.rating(practice, value);
        pairs.iter().map(rating).collect()
    }

    fn rating(&self, practice: &str, value: &str) -> Result<v1::RatingInput, CliError> {
        let read: Result<Value, _> = match self.scale {
            Some(scale) => scale.value(value),
            None => value.parse(),
        };
        let value = read.map_err(|error| {
            CliError::usage(error.to_string(), format!("say how `{practice}` is rated"))
        })?;
        let cited = self.evidence.iter().cloned().map(v1::evidence_ref::Ref::Evidence);
        Ok(v1::RatingInput {
            practice: practice.to_owned(),
            scale: i32::from(value.scale().number()),
            value: i32::from(value.number()),
            effective_at: self.effective_at.and_then(Moment::wire),
            instance: self.instance.clone(),
            rationale: self.rationale.clone(),
            evidence: cited.map(|id| v1::EvidenceRef { r#ref: Some(id) }).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::FromArgMatches as _;

    fn give(text: &str) -> Result<String, String> {
        let line = format!("gradus rate --project p {text}");
        let matches = crate::args::command()
            .try_get_matches_from(line.split(' '))
            .map_err(|error| error.to_string())?;
        let cli = crate::args::Cli::from_arg_matches(&matches).map_err(|e| e.to_string())?;
        let crate::args::Command::Rate(RateArgs { give: Some(give), command: None, .. }) =
            cli.command
        else {
            return Err("not a rating".to_owned());
        };
        let ratings = give.ratings().map_err(|error| error.to_string())?;
        let text = |rating: v1::RatingInput| {
            format!("{}: {} on {}", rating.practice, rating.value, rating.scale)
        };
        Ok(ratings.into_iter().map(text).collect::<Vec<_>>().join(", "))
    }

    #[test]
    fn each_practice_is_followed_by_its_value() {
        assert_eq!(give("BP.01.01 satisfied PA02 L+").unwrap(), "BP.01.01: 2 on 1, PA02: 16 on 2");
        assert_eq!(give("BP.01.01 P- BP.01.02 N").unwrap(), "BP.01.01: 11 on 2, BP.01.02: 10 on 2");
        assert_eq!(give("BP.01.01").unwrap_err(), "`BP.01.01` has no value");
        assert_eq!(
            give("--scale nplf BP.01.01 satisfied").unwrap_err(),
            "`satisfied` is no value of the scale `nplf`: use one of N, P-, P, P+, L-, L, L+, F"
        );
    }

    #[test]
    fn listing_ratings_asks_for_no_practices() {
        let line = "gradus rate list --project p";
        assert!(crate::args::command().try_get_matches_from(line.split(' ')).is_ok());
    }
}
