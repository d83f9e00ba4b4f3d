//! `kill -9` at any moment, over and over in one directory: while serving under mixed load, while
//! starting, while derived data is built anew, and while stopping in good order.
//!
//! After every kill the server is started again. All that was acknowledged since the last check
//! must be there, with the root that the client keeps; what was seen by a reader stays; and every
//! call without an answer is sent again with its request id: it is answered as replayed if, and
//! only if, its records are there already.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::life::{Kept, Life};
use crate::load::{Mix, SMALL};
use crate::random::Random;
use crate::{Common, Outcome, runtime};

/// Workers that send calls at the same time.
const WORKERS: u64 = 4;
/// Now and then a call of more than one segment.
const MIXED: Mix = Mix { batches: 4, most_items: 40, ..SMALL };

/// How much is tried.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Extent {
    /// How often the server is killed.
    #[arg(long, default_value_t = 50)]
    rounds: u64,
    /// How often one directory is used; then a new one is begun.
    #[arg(long, default_value_t = 100)]
    rounds_of_a_directory: u64,
}

/// The moment of a kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    Serving,
    Starting,
    Rebuilding,
    Stopping,
}

const MOMENTS: [Moment; 10] = [
    Moment::Serving,
    Moment::Serving,
    Moment::Serving,
    Moment::Serving,
    Moment::Serving,
    Moment::Starting,
    Moment::Starting,
    Moment::Rebuilding,
    Moment::Stopping,
    Moment::Stopping,
];

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    kills: [u64; 4],
    kept: Kept,
}

/// Kills servers.
pub(crate) fn run(common: &Common, extent: Extent) -> Outcome {
    let begun = Instant::now();
    let mut all = Tally::default();
    let mut broken = Vec::new();
    let mut rounds = 0;
    while rounds < extent.rounds && broken.is_empty() {
        let number = rounds / extent.rounds_of_a_directory;
        let folder = common.folder(&format!("kill-{number}"));
        let random = Random::branch(common.seed, number);
        let life = Life::new(&common.gradus, &folder);
        let mut killed = Killed { life, random, kills: [0; 4] };
        let most = (extent.rounds - rounds).min(extent.rounds_of_a_directory);
        if let Err((round, reason)) = runtime().block_on(killed.live(most)) {
            let told = format!("directory {number}, round {round}: {reason}; {}", folder.display());
            broken.push(told);
        } else {
            fs::remove_dir_all(&folder).expect("a directory that was checked goes");
        }
        all.add(Tally { kills: killed.kills, kept: killed.life.kept });
        rounds += most;
        let took = begun.elapsed().as_secs();
        println!("{rounds} kills in {took} s: {all:?}");
    }
    Outcome::of(broken)
}

impl Tally {
    fn add(&mut self, other: Self) {
        for (all, more) in self.kills.iter_mut().zip(other.kills) {
            *all += more;
        }
        self.kept.add(other.kept);
    }
}

/// A directory whose server is killed.
struct Killed {
    life: Life,
    random: Random,
    kills: [u64; 4],
}

impl Killed {
    /// So many kills, and a last check of everything from the first record on.
    async fn live(&mut self, rounds: u64) -> Result<(), (u64, String)> {
        for round in 0..rounds {
            let moment = *self.random.of(&MOMENTS);
            let done = self.round(moment).await;
            done.map_err(|reason| (round, format!("{moment:?}: {reason}")))?;
            self.kills[moment as usize] += 1;
        }
        self.life.last_check().await.map_err(|reason| (rounds, reason))
    }

    async fn round(&mut self, moment: Moment) -> Result<(), String> {
        if matches!(moment, Moment::Starting | Moment::Rebuilding) {
            if moment == Moment::Rebuilding {
                self.forget_what_is_derived();
            }
            let mut server = self.life.launch.start();
            tokio::time::sleep(Duration::from_micros(self.random.below(120_000))).await;
            server.kill();
        }
        let (mut server, client) = self.life.recovered().await?;
        let workers: Vec<_> = (0..WORKERS)
            .map(|_| {
                let own = Random::new(self.random.next());
                tokio::spawn(self.life.load.clone().work(client.clone(), own, MIXED, u64::MAX))
            })
            .collect();
        tokio::time::sleep(Duration::from_micros(self.random.below(60_000))).await;
        if moment == Moment::Stopping {
            server.terminate();
            tokio::time::sleep(Duration::from_micros(self.random.below(20_000))).await;
        }
        server.kill();
        for worker in workers {
            worker.await.map_err(|error| format!("a worker failed: {error}"))?;
        }
        Ok(())
    }

    /// Removes what the log can be folded into again.
    fn forget_what_is_derived(&mut self) {
        for name in ["index", "projections"] {
            let folder: PathBuf = self.life.launch.data.join(name);
            if self.random.percent(70) && folder.exists() {
                fs::remove_dir_all(folder).expect("derived data goes");
            }
        }
    }
}
