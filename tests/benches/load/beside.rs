//! Reads beside writes: how much a full load of appends slows the question for current levels.

use std::path::Path;
use std::time::{Duration, Instant};

use gradus_wire::v1 as wire;
use wire::level_service_client::LevelServiceClient;

use crate::drive::Lines;
use crate::items::unit;
use crate::ours::{Clients, Line};
use crate::settings::Settings;
use crate::shape::Shape;
use crate::table::{Figures, middle};

/// Reads alone and beside the load, in turns; the same beside a load on the echo, which takes the
/// processors as well and touches none of our locks.
pub(crate) async fn measured(settings: &Settings, folder: &Path) -> Figures {
    let mut figures = Figures::titled("Current levels of one area, one client");
    let mut ours = Lines::open("gradus", folder).await.expect("our server");
    let echo = Lines::open("echo", folder).await.expect("the echo");
    let server = ours.server();
    let levels = Clients::connect(server, &server.secret).await.levels();
    let mut taken: [(Vec<f64>, Vec<f64>); 3] = Default::default();
    for round in 0..=settings.rounds {
        for (at, taken) in taken.iter_mut().enumerate() {
            let reading = tokio::spawn(read(levels.clone(), settings.seconds));
            match at {
                0 => (),
                1 => drop(ours.drive(Shape::Many, settings.seconds).await),
                _ => drop(echo.drive(Shape::Many, settings.seconds).await),
            }
            let (p50, p99) = reading.await.expect("reads");
            ours.settle().await;
            if round > 0 {
                taken.0.push(p50);
                taken.1.push(p99);
            }
        }
    }
    let [alone, beside, beside_echo] = taken.map(|(p50, p99)| (middle(p50), middle(p99)));
    for (name, (p50, p99)) in [
        ("alone", alone),
        ("beside 64 appends in flight", beside),
        ("beside 64 calls in flight to the echo", beside_echo),
    ] {
        figures.add(format!("p50 {name}"), p50 * 1e6, "us");
        figures.add(format!("p99 {name}"), p99 * 1e6, "us");
    }
    figures.add("p50 beside appends to alone", beside.0 / alone.0, "x");
    figures.add("p50 beside appends to beside the echo", beside.0 / beside_echo.0, "x");
    figures
}

/// Asks one question after the other; median and 99 of a hundred, in seconds.
async fn read(mut levels: LevelServiceClient<Line>, seconds: f64) -> (f64, f64) {
    let until = Instant::now() + Duration::from_secs_f64(seconds);
    let mut taken = Vec::new();
    for number in 0.. {
        let begun = Instant::now();
        if begun >= until {
            break;
        }
        let areas = vec!["PA11".to_owned()];
        let asked = wire::QueryLevelsRequest { unit: unit(number), areas, ..Default::default() };
        levels.query_levels(asked).await.expect("levels");
        taken.push(begun.elapsed().as_secs_f64());
    }
    taken.sort_by(f64::total_cmp);
    (taken[taken.len() / 2], taken[taken.len() * 99 / 100])
}
