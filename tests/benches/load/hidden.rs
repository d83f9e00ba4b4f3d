//! Whether time tells what is hidden: a unit that is not there beside one that is out of sight.

use std::path::Path;
use std::time::Instant;

use gradus_wire::v1 as wire;
use tonic::Code;

use crate::items::unit;
use crate::ours::Clients;
use crate::process::Server;
use crate::settings::Settings;
use crate::table::{Figures, middle};

/// Questions of each sort in a round.
const QUESTIONS: u64 = 4_000;

/// Asks for levels of units that are not there and of units of others, in turns.
pub(crate) async fn measured(settings: &Settings, folder: &Path) -> Figures {
    let mut figures =
        Figures::titled("The answer NOT_FOUND: unknown units and hidden ones, in turns");
    let folder = folder.join("hidden");
    std::fs::create_dir_all(&folder).expect("a folder");
    let server = Server::start("gradus", &folder).expect("our server");
    let operator = Clients::connect(&server, &server.secret).await;
    operator.prepare().await;
    let token = operator.collector("outsider", &unit(0)).await;
    let mut levels = Clients::connect(&server, &token).await.levels();
    let (mut unknown, mut hidden) = (Vec::new(), Vec::new());
    let mut ratios = Vec::new();
    for round in 0..=settings.rounds {
        let mut times = [Vec::new(), Vec::new()];
        for number in 0..QUESTIONS * 2 {
            // Which of a pair comes first changes, so that neither is always asked after the other.
            let sort = usize::from((number + number / 2).is_multiple_of(2));
            let at = 1 + number % 63;
            let named = if sort == 0 { unit(at) } else { unit(at).replace("project", "nothing") };
            let asked = wire::QueryLevelsRequest { unit: named, ..Default::default() };
            let begun = Instant::now();
            let status = levels.query_levels(asked).await.expect_err("nothing is seen");
            times[sort].push(begun.elapsed().as_secs_f64());
            assert_eq!(status.code(), Code::NotFound);
        }
        if round > 0 {
            let [of_hidden, of_unknown] = times.map(middle);
            ratios.push(of_hidden / of_unknown);
            hidden.push(of_hidden);
            unknown.push(of_unknown);
        }
    }
    figures.add("median, unknown", middle(unknown) * 1e6, "us");
    figures.add("median, hidden", middle(hidden) * 1e6, "us");
    figures.add("hidden to unknown", middle(ratios), "x");
    figures
}
