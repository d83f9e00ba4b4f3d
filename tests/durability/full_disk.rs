//! A disk that fills up in the middle of a load, and has room again later.
//!
//! The data directory lies on a `tmpfs` of a set size. A keeper starts the server again whenever it
//! ended, as a service manager would. Meanwhile no call is acknowledged whose records are not
//! there later, refusals say that it is not the caller's fault, and the end of a process names the
//! disk. Once there is room, the server starts by itself and takes appends.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::life::Life;
use crate::load::{LARGE, Load, Mix, SMALL};
use crate::process::{Process, STARTS};
use crate::random::Random;
use crate::tool::run_tool;
use crate::{Common, Outcome, runtime};

/// What the system says of a full disk.
const FULL: &str = "No space left on device";

/// How long the first end may take on a slow machine.
const FILLS_WITHIN: Duration = Duration::from_mins(2);
/// How long a keeper goes on starting the server beside a full disk.
const GOES_ON_FOR: Duration = Duration::from_secs(10);

/// What calls are refused with: the server is busy, or gone in the middle of a call.
const RIGHT: [&str; 5] = [
    "ResourceExhausted",
    "Unavailable",
    "Unknown: transport error",
    "Unknown: h2 protocol error",
    "Cancelled",
];

/// How much is tried.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Extent {
    /// How many disks are filled.
    #[arg(long, default_value_t = 3)]
    disks: u64,
}

/// Fills disks, after [`crate::apart::go_apart`].
pub(crate) fn run(common: &Common, extent: Extent) -> Outcome {
    let mut broken = Vec::new();
    for number in 0..extent.disks {
        let folder = common.folder(&format!("disk-{number}"));
        let mut random = Random::branch(common.seed, number);
        let size = format!("size={}k", 6_000 + random.below(12_000));
        run_tool(Command::new("mount").args(["-t", "tmpfs", "-o", &size, "none"]).arg(&folder));
        match runtime().block_on(fill(&common.gradus, &folder, &mut random)) {
            Ok(told) => println!("disk {number}, {size}: {told}"),
            Err(reason) => broken.push(format!("disk {number}, {size}: {reason}")),
        }
        run_tool(Command::new("umount").arg("--lazy").arg(&folder));
    }
    Outcome::of(broken)
}

/// Fills one disk, makes room, and checks.
async fn fill(program: &Path, folder: &Path, random: &mut Random) -> Result<String, String> {
    let mut life = Life::new(program, folder);
    let mut refused_starts = 0;
    let mut ends = 0;
    let mut told = String::new();
    let mut until = Instant::now() + FILLS_WITHIN;
    while Instant::now() < until && refused_starts < 3 {
        if ends + refused_starts > 0 {
            until = until.min(Instant::now() + GOES_ON_FOR);
        }
        let mut server = life.launch.start();
        let Some(address) = server.address(STARTS).await else {
            refused_starts += 1;
            reasoned(&mut server, &mut told).await?;
            continue;
        };
        let client = Client::connect(address, &life.launch.data).await?;
        let mix = *random.of(&[SMALL, Mix { batches: 50, ..SMALL }, LARGE]);
        work(&life.load, &client, random, mix).await;
        if server.ended(Duration::from_secs(2)).await.is_some() {
            ends += 1;
            reasoned(&mut server, &mut told).await?;
        }
    }
    if ends + refused_starts == 0 {
        return Err("the disk never filled up".to_owned());
    }
    run_tool(Command::new("mount").args(["-o", "remount,size=256m"]).arg(folder));

    codes_are_right(&life.load.ledger().refusals)?;
    let (server, _) = life.recovered().await?;
    drop(server);
    life.last_check().await?;
    let kept = life.kept;
    Ok(format!(
        "{ends} ends, {refused_starts} refused starts, {kept:?}; \
         the last words: {}",
        told.lines().last().unwrap_or_default()
    ))
}

async fn work(load: &Load, client: &Client, random: &mut Random, mix: Mix) {
    let workers = (0..4).map(|_| {
        let own = Random::new(random.next());
        tokio::spawn(load.clone().work(client.clone(), own, mix, 400))
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await.expect("a worker");
    }
}

/// A server that ended must have said that the disk is full.
async fn reasoned(server: &mut Process, told: &mut String) -> Result<(), String> {
    server.ended(STARTS).await;
    server.kill();
    let said = server.said();
    if !said.contains(FULL) && !said.contains("make room") {
        return Err(format!("it ended without naming the disk: {said}"));
    }
    *told = said;
    Ok(())
}

/// Callers are told that it is not their fault, and that it is none of the server's program either:
/// besides `RESOURCE_EXHAUSTED` and `UNAVAILABLE`, there are only the ways in which a connection
/// breaks.
pub(crate) fn codes_are_right(refusals: &HashMap<String, u64>) -> Result<(), String> {
    let wrong = refusals.keys().find(|told| !RIGHT.iter().any(|right| told.starts_with(right)));
    wrong.map_or(Ok(()), |told| Err(format!("a call was refused with {told}")))
}
