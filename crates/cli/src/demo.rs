//! `gradus demo`: a server on loopback with five real histories and one made-up life cycle.
//!
//! Everything goes through the public API, as tools and assessors would do it; the server keeps
//! its log in a temporary directory, gone when the demo stops.

mod histories;
mod sample;
mod staff;
mod story;
mod table;

use std::io::Write as _;
use std::path::PathBuf;

use gradus_server::{Running, Settings};

use crate::args::serve::DemoArgs;
use crate::error::CliError;
use crate::serve::{Signals, until_told};
use staff::Staff;

/// Runs the demonstration.
pub async fn run(args: DemoArgs) -> Result<(), CliError> {
    let (data, temporary) = match &args.keep {
        Some(directory) => (directory.clone(), None),
        None => {
            let directory = Temporary::new()?;
            (directory.0.join("data"), Some(directory))
        }
    };
    let settings = Settings {
        data: data.clone(),
        listen: args.listen,
        log_level: "warn".to_owned(),
        ..Settings::default()
    };
    gradus_server::telemetry::init(&settings).map_err(CliError::Serve)?;
    let running = gradus_server::start(&settings, gradus_server::system_clock()).await;
    let running = running?;
    if running.created {
        tokio::select! {
            shown = show(&running) => shown?,
            _ = tokio::signal::ctrl_c() => return Err(CliError::Interrupted),
        }
    } else {
        let kept = data.display();
        writeln!(anstream::stderr().lock(), "{kept} holds a log already: nothing is loaded again")?;
    }
    if args.exit {
        running.stop().await?;
    } else {
        let signals = Signals::heard()?;
        suggest(&running)?;
        until_told(running, signals).await?;
    }
    drop(temporary);
    Ok(())
}

/// Loads everything and prints what came of it.
async fn show(running: &Running) -> Result<(), CliError> {
    let server = format!("http://{}", running.address);
    let token = std::fs::read_to_string(running.admin_token())?;
    let staff = Staff::hire(&server, token.trim()).await?;
    let units = histories::load(&staff).await?;
    sample::play(&staff).await?;
    let mut names: Vec<&str> = units.iter().map(|unit| unit.name).collect();
    names.push(sample::NAME);
    let text = format!(
        "{}\n{}",
        table::areas_by_project(&staff.operator, &names).await?,
        story::lines(&staff.operator, &units).await?,
    );
    anstream::stdout().lock().write_all(text.as_bytes())?;
    Ok(())
}

fn suggest(running: &Running) -> Result<(), CliError> {
    let (address, token) = (running.address, running.admin_token());
    let mut err = anstream::stderr().lock();
    writeln!(
        err,
        "
The server stays up on http://{address}; stop it with Ctrl-C. In another terminal:

  export GRADUS_SERVER=http://{address}
  export GRADUS_TOKEN_FILE={}
  gradus levels curl --valid-at 2016-12-31        # what stood behind curl ten years ago
  gradus levels sample --practices --area PA13    # why that level, practice by practice
  gradus levels 'sample@{{2025-05-31}}'             # after a year without renewal
  gradus review list --project sample             # evidence, as it stands today
  gradus rate list --project sample --area PA13   # a withdrawn rating among them
  gradus events --unit sample --limit 5           # what the log holds",
        token.display()
    )?;
    Ok(())
}

/// A directory that goes when it is dropped.
struct Temporary(PathBuf);

impl Temporary {
    fn new() -> Result<Self, CliError> {
        let name = format!("gradus-demo-{:016x}", getrandom::u64()?);
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // What cannot be removed is in a directory for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
