//! The five real projects: their git histories as evidence, rated by a published rule.

use std::io::IsTerminal as _;

use gradus_model::Timestamp;
use gradus_wire::v1;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::staff::Staff;
use crate::client::Client;
use crate::collect::history::mapping;
use crate::collect::{History, push};
use crate::error::CliError;
use crate::select::{start, wire};

/// The team that the real projects stand below.
const TEAM: &str = "open-source";
/// The rules that let a tool's evidence count and a rule rate.
const RULES: &str = "trusted-tools";
/// Steps of one message.
const BATCH: usize = 250;

const HISTORIES: [(&str, &[u8]); 5] = [
    ("rustls", include_bytes!("../../data/rustls.jsonl.gz")),
    ("curl", include_bytes!("../../data/curl.jsonl.gz")),
    ("cosign", include_bytes!("../../data/cosign.jsonl.gz")),
    ("redis", include_bytes!("../../data/redis.jsonl.gz")),
    ("serde", include_bytes!("../../data/serde.jsonl.gz")),
];

/// A project and the years its history spans.
pub(crate) struct Loaded {
    pub(crate) name: &'static str,
    pub(crate) facts: u64,
    pub(crate) first_year: i16,
    pub(crate) last_year: i16,
}

/// Registers the projects, pushes their histories and lets the rule rate each year's end.
pub(crate) async fn load(staff: &Staff) -> Result<Vec<Loaded>, CliError> {
    register_team(&staff.operator).await?;
    let bars = MultiProgress::new();
    let mut loaded = Vec::new();
    for (name, packed) in HISTORIES {
        let history = History::read(name, packed)?;
        let mapped = history.map(&mapping(None)?);
        let (first, last) = span(&history.bytes)?;
        register(&staff.operator, name, first).await?;
        let bar = bar(&bars, name, mapped.steps.len() as u64);
        push(&staff.tool, name, &mapped.steps, BATCH, |pushed| bar.set_position(pushed.steps))
            .await?;
        bar.set_message("rated at each year's end");
        let (first_year, last_year) = (first.date().0, last.date().0);
        rate(&staff.rule, name, first_year, last_year).await?;
        bar.finish();
        loaded.push(Loaded { name, facts: mapped.summary.read, first_year, last_year });
    }
    Ok(loaded)
}

fn bar(bars: &MultiProgress, name: &'static str, steps: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{prefix:8} {bar:30} {pos:>6}/{len} steps {msg}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    bars.add(ProgressBar::new(steps).with_style(style).with_prefix(name))
}

/// When the first and the last fact of a history happened.
fn span(bytes: &[u8]) -> Result<(Timestamp, Timestamp), CliError> {
    let mut times =
        gradus_collect::facts::read(bytes).map(|fact| fact.map(|fact| fact.occurred_at));
    let wrong = |error| CliError::History { file: "bundled history".to_owned(), error };
    let first = times.next().transpose().map_err(wrong)?.unwrap_or(Timestamp::MIN);
    let last = times.last().transpose().map_err(wrong)?.unwrap_or(first);
    Ok((first, last))
}

async fn register_team(operator: &Client) -> Result<(), CliError> {
    let team = v1::RegisterUnitRequest {
        kind: v1::UnitKind::Team.into(),
        name: TEAM.to_owned(),
        effective_at: Some(wire(start("1999-01-01").unwrap_or(Timestamp::MIN))),
        ..Default::default()
    };
    let units = operator.units();
    operator.call(team, async |request| units.clone().register_unit(request).await).await?;
    let adopt = v1::AdoptRulesRequest {
        unit: TEAM.to_owned(),
        document: RULES.to_owned(),
        effective_at: Some(wire(Timestamp::MIN)),
        ..Default::default()
    };
    operator.call(adopt, async |request| units.clone().adopt_rules(request).await).await?;
    Ok(())
}

async fn register(operator: &Client, name: &str, since: Timestamp) -> Result<(), CliError> {
    let project = v1::RegisterUnitRequest {
        kind: v1::UnitKind::Project.into(),
        name: name.to_owned(),
        team: TEAM.to_owned(),
        effective_at: Some(wire(since)),
        ..Default::default()
    };
    let units = operator.units();
    operator.call(project, async |request| units.clone().register_unit(request).await).await?;
    Ok(())
}

/// The last instant of each year that is over, and of the history's last one.
async fn rate(rule: &Client, name: &str, first: i16, last: i16) -> Result<(), CliError> {
    let now = crate::select::clock().seconds;
    let mut moments = Vec::new();
    for year in first..=last {
        let end = Timestamp::parse(&format!("{year}-12-31"), gradus_model::Edge::Question)?;
        if end.micros() / 1_000_000 < now {
            moments.push(wire(end));
        }
    }
    let run =
        v1::RunRuleRaterRequest { unit: name.to_owned(), valid_at: moments, ..Default::default() };
    let ratings = rule.ratings();
    rule.call(run, async |request| ratings.clone().run_rule_rater(request).await).await?;
    Ok(())
}
