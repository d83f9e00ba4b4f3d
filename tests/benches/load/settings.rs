//! What is asked on the command line.

use std::num::NonZeroU64;
use std::path::PathBuf;

use crate::shape::Shape;

const HELP: &str = "\
cargo bench -p gradus-tests --bench load -- [options]
  --rounds N        rounds, of which medians are shown (5)
  --seconds S       seconds that a cell is measured for (1.5)
  --servers A,B,…   of echo, raw, gradus, postgres, umadb (all)
  --shapes A,B,…    of s1, s2, s3, s3c, stream, mixed (all)
  --parts A,B,…     of stages, append, after, beside, noisy, hidden (all these), and large
  --events N        events that replay, disk and start are measured at (200000)
  --units N         units that evidence is pushed for (64; 1000 by large)
  --folder PATH     where the servers keep their data, on the disk to be measured (a new folder); large
                    keeps its data there, and a next run goes on with it
  --output json     all figures as JSON in place of tables";

/// A part of the measurement.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// What each step of an event's way costs.
    Stages,
    /// Appends over gRPC.
    Append,
    /// Replay, disk, start and memory of a loaded log.
    After,
    /// Reads beside writes at full load.
    Beside,
    /// One team beside another that is noisy, with limits and without.
    Noisy,
    /// How long it takes to be told that there is no unit, or none to see.
    Hidden,
    /// A log of a size that takes long to write: starts after a kill, memory and proofs.
    Large,
}

/// What is asked.
pub(crate) struct Settings {
    pub(crate) rounds: usize,
    pub(crate) seconds: f64,
    pub(crate) servers: Vec<String>,
    pub(crate) shapes: Vec<Shape>,
    pub(crate) parts: Vec<Part>,
    pub(crate) events: u64,
    pub(crate) units: Option<NonZeroU64>,
    pub(crate) folder: Option<PathBuf>,
    pub(crate) json: bool,
}

impl Settings {
    /// Reads the arguments; ends the process with the help where they are wrong.
    pub(crate) fn read(arguments: &[String]) -> Self {
        let mut settings = Self {
            rounds: 5,
            seconds: 1.5,
            servers: ["echo", "raw", "gradus", "postgres", "umadb"].map(str::to_owned).to_vec(),
            shapes: Shape::ALL.to_vec(),
            parts: [Part::Stages, Part::Append, Part::After, Part::Beside]
                .into_iter()
                .chain([Part::Noisy, Part::Hidden])
                .collect(),
            events: 200_000,
            units: None,
            folder: None,
            json: false,
        };
        let mut rest = arguments.iter();
        while let Some(option) = rest.next() {
            let value = rest.next().map(String::as_str).unwrap_or_default();
            if settings.take(option, value).is_none() {
                println!("{HELP}");
                std::process::exit(if option == "--help" { 0 } else { 2 });
            }
        }
        settings
    }

    fn take(&mut self, option: &str, value: &str) -> Option<()> {
        match option {
            "--rounds" => self.rounds = value.parse().ok()?,
            "--seconds" => self.seconds = value.parse().ok()?,
            "--servers" => self.servers = value.split(',').map(str::to_owned).collect(),
            "--shapes" => {
                self.shapes = value.split(',').map(Shape::named).collect::<Option<_>>()?;
            }
            "--parts" => self.parts = value.split(',').map(part).collect::<Option<_>>()?,
            "--events" => self.events = value.parse().ok()?,
            "--units" => self.units = Some(value.parse().ok()?),
            "--folder" => self.folder = Some(value.into()),
            "--output" => self.json = value == "json",
            _ => return None,
        }
        Some(())
    }

    pub(crate) fn wants(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }

    /// A new folder that is removed at the end.
    pub(crate) fn folder(&self) -> tempfile::TempDir {
        let made = match &self.folder {
            Some(folder) => {
                std::fs::create_dir_all(folder).expect("the folder");
                tempfile::tempdir_in(folder)
            }
            None => tempfile::tempdir(),
        };
        made.expect("a folder")
    }

    /// Shows a table, unless JSON is asked for.
    pub(crate) fn show(&self, text: &str) {
        if !self.json {
            println!("{text}");
        }
    }
}

fn part(name: &str) -> Option<Part> {
    match name {
        "stages" => Some(Part::Stages),
        "append" => Some(Part::Append),
        "after" => Some(Part::After),
        "beside" => Some(Part::Beside),
        "noisy" => Some(Part::Noisy),
        "hidden" => Some(Part::Hidden),
        "large" => Some(Part::Large),
        _ => None,
    }
}
