//! The questions that are asked, and how they are measured.

use std::future::Future;
use std::time::{Duration, Instant};

use gradus_wire::v1 as wire;
use prost::Message;
use tonic::transport::Channel;
use tonic::{Response, Status};
use wire::level_service_client::LevelServiceClient;

use crate::echo::Canned;
use crate::load::{Dice, Loaded, on};
use crate::system::Levels;
use crate::table::Table;

/// Every round asks each question in turn.
const ROUNDS: u64 = 9;
/// Calls of a round, of questions that are answered at once, and of those that take longer.
const MANY: usize = 500;
const FEW: usize = 30;
const IN_FLIGHT: usize = 16;
const SIDE_BY_SIDE: usize = 4_000;
const YEAR: i64 = 365 * 86_400_000_000;

const AREA: &str = "PA11";
const ECHO: &str = "echo, one area";
const ECHO_ALL: &str = "echo, 22 areas";
const CURRENT: &str = "current, one area";
const AS_OF: &str = "as of any date and log size, one area";
const ALL: &str = "current, 22 areas";
const LARGE: &str = "current, one area of a large project";

/// What can be asked of a loaded log.
pub(crate) struct Questions(Loaded);

type Floor = LevelServiceClient<Channel>;

impl Questions {
    pub(crate) const fn new(loaded: Loaded) -> Self {
        Self(loaded)
    }

    /// Answers of the real server for the echo to give.
    pub(crate) async fn canned(&self, ours: &mut Levels) -> Canned {
        let unit = self.0.large[0].clone();
        let one = ours.query_levels(current(&unit, &[AREA])).await.expect("levels").into_inner();
        let all = ours.query_levels(current(&unit, &[])).await.expect("levels").into_inner();
        Canned { one, all }
    }

    /// Asks every question in each round, ours beside the echo's.
    pub(crate) async fn asked_in_turns(
        &self,
        table: &mut Table,
        ours: &mut Levels,
        floor: &mut Floor,
    ) {
        for round in 0..=ROUNDS {
            let mut unused = Table::default();
            // The first round warms up.
            let table = if round == 0 { &mut unused } else { &mut *table };
            self.levels(table, &mut Dice(round), ours, floor).await;
            self.over_time(table, &mut Dice(round), ours).await;
        }
    }

    async fn levels(
        &self,
        table: &mut Table,
        dice: &mut Dice,
        ours: &mut Levels,
        floor: &mut Floor,
    ) {
        macro_rules! measured {
            ($client:ident, $what:expr, $against:expr, $many:expr, $asked:expr) => {{
                let call = |asked| {
                    let mut client = $client.clone();
                    async move { client.query_levels(asked).await }
                };
                let asked = (0..$many).map(|_| $asked).collect();
                let (bytes, taken) = timed(asked, call).await;
                table.take($what, $against, bytes, taken);
            }};
        }
        measured!(floor, ECHO, "", MANY, current(self.any(dice), &[AREA]));
        measured!(ours, CURRENT, ECHO, MANY, current(self.any(dice), &[AREA]));
        measured!(ours, AS_OF, CURRENT, MANY, self.as_of(dice));
        measured!(ours, "as of any date, one area", CURRENT, MANY, {
            let asked = self.as_of(dice);
            let coordinate = asked.coordinate.map(|at| wire::Coordinate { known: None, ..at });
            wire::QueryLevelsRequest { coordinate, ..asked }
        });
        measured!(ours, LARGE, ECHO, MANY, current(Self::one_of(dice, &self.0.large), &[AREA]));
        measured!(floor, ECHO_ALL, "", MANY, current(self.any(dice), &[]));
        measured!(ours, ALL, ECHO_ALL, MANY, current(self.any(dice), &[]));
    }

    async fn over_time(&self, table: &mut Table, dice: &mut Dice, ours: &mut Levels) {
        macro_rules! measured {
            ($what:expr, $against:expr, $many:expr, $call:ident, $asked:expr) => {{
                let call = |asked| {
                    let mut client = ours.clone();
                    async move { client.$call(asked).await }
                };
                let asked = (0..$many).map(|_| $asked).collect();
                let (bytes, taken) = timed(asked, call).await;
                table.take($what, $against, bytes, taken);
            }};
        }
        let (from, to) = (on(self.0.from), on(self.0.to));
        measured!(
            "trend, 22 areas, 10 years",
            AS_OF,
            FEW,
            query_trend,
            wire::QueryTrendRequest {
                units: vec![self.any(dice).to_owned()],
                from,
                to,
                ..Default::default()
            }
        );
        measured!(
            "trend of a large project",
            AS_OF,
            FEW,
            query_trend,
            wire::QueryTrendRequest {
                units: vec![dice.one_of(&self.0.large).clone()],
                from,
                to,
                ..Default::default()
            }
        );
        measured!(
            "explain, one area",
            CURRENT,
            FEW,
            explain_level,
            wire::ExplainLevelRequest {
                unit: self.any(dice).to_owned(),
                area: AREA.to_owned(),
                ..Default::default()
            }
        );
        measured!("forecast, 22 areas, 2 years", CURRENT, FEW, forecast_levels, {
            let unit = self.any(dice).to_owned();
            wire::ForecastLevelsRequest { unit, ..Default::default() }
        });
        measured!("compare over a year, 22 areas", CURRENT, FEW, compare_levels, {
            let unit = self.any(dice).to_owned();
            let before = wire::Coordinate { valid_at: on(self.0.to - YEAR), ..Default::default() };
            let side = |coordinate| wire::Side { unit: unit.clone(), coordinate };
            wire::CompareLevelsRequest {
                from: Some(side(Some(before))),
                to: Some(side(None)),
                ..Default::default()
            }
        });
        let one =
            || wire::RollUpLevelsRequest { areas: vec![AREA.to_owned()], ..Default::default() };
        measured!("roll-up of all projects, one area", CURRENT, 5, roll_up_levels, one());
        let all = wire::RollUpLevelsRequest::default;
        measured!("roll-up of all projects, 22 areas", CURRENT, 5, roll_up_levels, all());
    }

    /// Current levels and echo with many calls in flight on one connection.
    pub(crate) async fn side_by_side(&self, ours: Levels, floor: Floor) {
        let mut shares = Vec::new();
        let mut rates = Vec::new();
        for round in 0..=ROUNDS {
            let mut dice = Dice(round);
            let mut asked = || -> Vec<_> {
                (0..SIDE_BY_SIDE).map(|_| current(self.any(&mut dice), &[AREA])).collect()
            };
            let echo = in_flight(asked(), |asked| {
                let mut client = floor.clone();
                async move { client.query_levels(asked).await }
            });
            let echo = echo.await;
            let real = in_flight(asked(), |asked| {
                let mut client = ours.clone();
                async move { client.query_levels(asked).await }
            });
            let real = real.await;
            if round > 0 {
                shares.push(echo.as_micros() * 100 / real.as_micros().max(1));
                rates.push((a_second(real), a_second(echo)));
            }
        }
        shares.sort_unstable();
        rates.sort_unstable();
        let (share, (real, echo)) = (shares[shares.len() / 2], rates[rates.len() / 2]);
        println!(
            "  {IN_FLIGHT} in flight, current, one area: {real} calls/s, echo {echo}: {}.{:02} x echo",
            share / 100,
            share % 100
        );
    }

    fn any(&self, dice: &mut Dice) -> &str {
        Self::one_of(dice, &self.0.projects)
    }

    fn one_of<'a>(dice: &mut Dice, names: &'a [String]) -> &'a str {
        dice.one_of::<String>(names)
    }

    /// One area at any date, as known at any size of the log that has facts.
    fn as_of(&self, dice: &mut Dice) -> wire::QueryLevelsRequest {
        let Loaded { first, events, from, to, .. } = &self.0;
        let span = u64::try_from(to - from).unwrap_or(1);
        let valid_at = on(from + i64::try_from(dice.below(span)).unwrap_or(0));
        let size = first + dice.below(events - first) + 1;
        let known = Some(wire::coordinate::Known::LogSize(size));
        let coordinate = Some(wire::Coordinate { valid_at, known, ..Default::default() });
        wire::QueryLevelsRequest { coordinate, ..current(self.any(dice), &[AREA]) }
    }
}

fn current(unit: &str, areas: &[&str]) -> wire::QueryLevelsRequest {
    wire::QueryLevelsRequest {
        unit: unit.to_owned(),
        areas: areas.iter().map(|area| (*area).to_owned()).collect(),
        ..Default::default()
    }
}

/// Asks one after the other; tells the size of the last answer and how long each took.
async fn timed<Q, A: Message, F: Future<Output = Result<Response<A>, Status>>>(
    asked: Vec<Q>,
    call: impl Fn(Q) -> F,
) -> (usize, Vec<Duration>) {
    let mut taken = Vec::with_capacity(asked.len());
    let mut bytes = 0;
    for asked in asked {
        let begun = Instant::now();
        let answer = call(asked).await;
        taken.push(begun.elapsed());
        bytes = answer.expect("an answer").get_ref().encoded_len();
    }
    (bytes, taken)
}

/// Asks with some calls in flight; tells how long all took.
async fn in_flight<Q, A, F>(asked: Vec<Q>, call: impl Fn(Q) -> F) -> Duration
where
    A: Send + 'static,
    F: Future<Output = Result<Response<A>, Status>> + Send + 'static,
{
    let begun = Instant::now();
    let mut calls = tokio::task::JoinSet::new();
    let mut asked = asked.into_iter();
    loop {
        let room = IN_FLIGHT - calls.len();
        for asked in asked.by_ref().take(room) {
            calls.spawn(call(asked));
        }
        let Some(answer) = calls.join_next().await else { break };
        let answer: Result<Response<A>, Status> = answer.expect("a call that ends");
        answer.expect("an answer");
    }
    begun.elapsed()
}

fn a_second(taken: Duration) -> u128 {
    SIDE_BY_SIDE as u128 * 1_000_000 / taken.as_micros().max(1)
}
