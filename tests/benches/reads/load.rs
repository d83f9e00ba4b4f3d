//! Loads a made-up organization through the API.

use std::sync::Arc;

use gradus_wire::v1 as wire;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::system::{Client, System, now};

/// Projects; the first of them are large.
const PROJECTS: u64 = 1_000;
const LARGE: u64 = 10;
/// How many times the facts of another project a large one has.
const TIMES: u64 = 10;
const TEAMS: u64 = 20;
/// Of every hundred facts.
const RATINGS: u64 = 15;
const WITHDRAWN: u64 = 5;
const BACKDATED: u64 = 10;
/// Areas that work is about, with their number of base practices in ISO/IEC 21827:2008.
const AREAS: [(u64, u64); 4] = [(11, 5), (10, 7), (6, 5), (12, 7)];
const KINDS: [wire::Kind; 4] =
    [wire::Kind::TestResult, wire::Kind::ReviewRecord, wire::Kind::Policy, wire::Kind::Analysis];
const DAY: i64 = 86_400_000_000;
const YEAR: i64 = 365 * DAY;
const YEARS: i64 = 10;
const A_CALL: usize = 1_000;
const AT_ONCE: usize = 16;

/// The generator `SplitMix64`.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    pub(crate) fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[usize::try_from(self.below(all.len() as u64)).unwrap_or(0)]
    }

    fn within(&mut self, micros: i64) -> i64 {
        i64::try_from(self.below(micros.max(1).unsigned_abs())).unwrap_or(0)
    }
}

/// What was loaded.
pub(crate) struct Loaded {
    /// The names of all projects.
    pub(crate) projects: Vec<String>,
    /// The names of those with many facts.
    pub(crate) large: Vec<String>,
    /// The size of the log before the first fact.
    pub(crate) first: u64,
    /// The size of the log.
    pub(crate) events: u64,
    /// When the work began, in microseconds.
    pub(crate) from: i64,
    /// When it ended.
    pub(crate) to: i64,
}

/// A time on the wire.
pub(crate) fn on(micros: i64) -> Option<prost_types::Timestamp> {
    let nanos = i32::try_from(micros.rem_euclid(1_000_000) * 1_000).unwrap_or(0);
    Some(prost_types::Timestamp { seconds: micros.div_euclid(1_000_000), nanos })
}

/// Loads `facts` on projects of some teams: items of evidence, their withdrawals, and ratings.
pub(crate) async fn load(system: &System, facts: u64) -> Loaded {
    let operator = system.client().await;
    let to = now();
    let from = to - YEARS * YEAR;
    let tool = tool(&operator).await;
    let tool = system.client_with(&tool).await;
    trusted(&operator, from - YEAR).await;
    let projects: Vec<String> = (0..PROJECTS).map(|number| format!("project-{number}")).collect();
    let mut first = 0;
    for (number, name) in (0..).zip(&projects) {
        first = registered(&operator, name, number % TEAMS, from - YEAR).await;
    }
    let shares = LARGE * TIMES + PROJECTS - LARGE;
    let at_once = Arc::new(Semaphore::new(AT_ONCE));
    let mut loading = JoinSet::new();
    for (number, name) in (0..).zip(&projects) {
        let share = if number < LARGE { TIMES } else { 1 };
        let work = Work {
            unit: name.clone(),
            facts: facts * share / shares,
            dice: Dice(number),
            from,
            to,
            operator: operator.clone(),
            tool: tool.clone(),
        };
        let at_once = Arc::clone(&at_once);
        loading.spawn(async move {
            let _turn = at_once.acquire().await;
            work.load().await
        });
    }
    let events = loading.join_all().await.into_iter().max().unwrap_or(first);
    let large = projects.iter().take(usize::try_from(LARGE).unwrap_or(0)).cloned().collect();
    Loaded { projects, large, first, events, from, to }
}

/// The token of a service whose evidence counts on arrival.
async fn tool(operator: &Client) -> String {
    let mut principals = operator.principals.clone();
    let kind = wire::PrincipalKind::Service.into();
    let added = wire::AddPrincipalRequest { append: None, name: "scanner".to_owned(), kind };
    principals.add_principal(added).await.expect("a principal");
    let granted = wire::GrantRoleRequest {
        principal: "scanner".to_owned(),
        role: wire::Role::Collector.into(),
        unit: "organization".to_owned(),
        ..Default::default()
    };
    operator.roles.clone().grant_role(granted).await.expect("a role");
    let asked = wire::IssueTokenRequest { principal: "scanner".to_owned(), ..Default::default() };
    principals.issue_token(asked).await.expect("a token").into_inner().secret
}

async fn trusted(operator: &Client, since: i64) {
    let asked = wire::AdoptRulesRequest {
        unit: "organization".to_owned(),
        document: "trusted-tools".to_owned(),
        effective_at: on(since),
        ..Default::default()
    };
    operator.units.clone().adopt_rules(asked).await.expect("rules");
}

/// Registers a project; returns the size of the log.
async fn registered(operator: &Client, name: &str, team: u64, since: i64) -> u64 {
    let asked = wire::RegisterUnitRequest {
        kind: wire::UnitKind::Project.into(),
        name: name.to_owned(),
        team: format!("team-{team}"),
        effective_at: on(since),
        ..Default::default()
    };
    let answer = operator.units.clone().register_unit(asked).await.expect("a project");
    answer.into_inner().receipt.map_or(0, |receipt| receipt.log_size)
}

/// The facts of one project.
struct Work {
    unit: String,
    facts: u64,
    dice: Dice,
    from: i64,
    to: i64,
    operator: Client,
    tool: Client,
}

impl Work {
    /// Submits, withdraws and rates; returns the size of the log.
    async fn load(mut self) -> u64 {
        let withdrawn = self.facts * WITHDRAWN / 100;
        let rated = (self.facts * RATINGS).div_ceil(100);
        let submitted = self.facts.saturating_sub(withdrawn + rated);
        let items: Vec<_> = (0..submitted).map(|number| self.item(number, submitted)).collect();
        let mut size = 0;
        let mut ids = Vec::new();
        for items in items.chunks(A_CALL) {
            let (unit, items) = (self.unit.clone(), items.to_vec());
            let asked = wire::SubmitEvidenceRequest { unit, append: None, items };
            let answer = self.tool.evidence.clone().submit_evidence(asked).await.expect("items");
            let answer = answer.into_inner();
            ids.extend(answer.items.into_iter().map(|item| item.evidence));
            size = answer.receipt.map_or(size, |receipt| receipt.log_size);
        }
        let ratings: Vec<_> = (0..rated).map(|number| self.rating(number, rated)).collect();
        for ratings in ratings.chunks(A_CALL) {
            let (unit, ratings) = (self.unit.clone(), ratings.to_vec());
            let asked = wire::RatePracticesRequest { unit, append: None, ratings };
            let answer = self.operator.ratings.clone().rate_practices(asked).await;
            let receipt = answer.expect("ratings").into_inner().receipt;
            size = receipt.map_or(size, |receipt| receipt.log_size);
        }
        let step = ids.len() / usize::try_from(withdrawn).unwrap_or(0).max(1);
        let chosen = ids.into_iter().step_by(step.max(1));
        let chosen: Vec<_> = chosen.take(usize::try_from(withdrawn).unwrap_or(0)).collect();
        for ids in chosen.chunks(A_CALL) {
            let by_id = |id: &String| wire::EvidenceRef {
                r#ref: Some(wire::evidence_ref::Ref::Evidence(id.clone())),
            };
            let asked = wire::WithdrawEvidenceRequest {
                unit: self.unit.clone(),
                append: None,
                evidence: ids.iter().map(by_id).collect(),
                reason: "put forward by mistake".to_owned(),
            };
            let answer = self.operator.evidence.clone().withdraw_evidence(asked).await;
            let receipt = answer.expect("a withdrawal").into_inner().receipt;
            size = receipt.map_or(size, |receipt| receipt.log_size);
        }
        size
    }

    /// The instant of the `number`th of `all` facts: they go on through the years, but some are
    /// dated back by up to a year.
    fn instant(&mut self, number: u64, all: u64) -> i64 {
        let step = (self.to - self.from) / i64::try_from(all.max(1)).unwrap_or(1);
        let at = self.from + step * i64::try_from(number).unwrap_or(0) + self.dice.within(step);
        let back = if self.dice.below(100) < BACKDATED { self.dice.within(YEAR) } else { 0 };
        at - back
    }

    fn practice(&mut self) -> String {
        let (area, practices) = *self.dice.one_of(&AREAS);
        format!("BP.{area:02}.{:02}", self.dice.below(practices) + 1)
    }

    fn item(&mut self, number: u64, all: u64) -> wire::EvidenceItem {
        let work_to = self.instant(number, all);
        let supports = self.dice.below(50) > 0;
        let outcome = if supports { wire::Outcome::Supports } else { wire::Outcome::Contradicts };
        wire::EvidenceItem {
            kind: (*self.dice.one_of(&KINDS)).into(),
            outcome: outcome.into(),
            strength: wire::Strength::Direct.into(),
            practices: vec![self.practice()],
            work_to: on(work_to),
            source: Some(wire::Source { name: "pipeline".to_owned(), id: number.to_string() }),
            title: format!("Run {number} of {}", self.unit),
            uri: format!("https://builds.example.com/{}/{number}", self.unit),
            ..Default::default()
        }
    }

    /// A rating by a person: the base practices of each area one after the other, again and again.
    fn rating(&mut self, number: u64, all: u64) -> wire::RatingInput {
        let base = AREAS.iter().flat_map(|(area, practices)| {
            (1..=*practices).map(move |practice| format!("BP.{area:02}.{practice:02}"))
        });
        let base: Vec<String> = base.collect();
        let at = usize::try_from(number).unwrap_or(0) % base.len();
        let satisfied = self.dice.below(20) > 0;
        let value = if satisfied { wire::Value::Satisfied } else { wire::Value::NotSatisfied };
        wire::RatingInput {
            practice: base[at].clone(),
            value: value.into(),
            effective_at: on(self.instant(number, all)),
            rationale: "seen in the review".to_owned(),
            ..Default::default()
        }
    }
}
