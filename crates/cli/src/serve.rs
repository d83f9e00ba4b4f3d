//! `gradus serve`: runs the server until it is told to stop.

use std::io::Write as _;
use std::time::Duration;

use gradus_server::{Running, Settings, telemetry};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::args::serve::{ClientCertificates, LogFormat, ServeArgs};
use crate::error::CliError;

/// Runs the server until SIGTERM or SIGINT, then finishes the calls in flight. With TLS, SIGHUP lets
/// it look at its files.
pub async fn run(args: ServeArgs) -> Result<(), CliError> {
    let settings = settings(args)?;
    telemetry::init(&settings).map_err(CliError::Serve)?;
    let running = gradus_server::start(&settings, gradus_server::system_clock()).await;
    let running = running?;
    let mut signals = Signals::heard()?;
    if running.is_secure() {
        signals.hangup = Some(signal(SignalKind::hangup())?);
    }
    announce(&running, &settings)?;
    until_told(running, signals).await
}

/// The settings file, if one is named, with what the command line says instead.
fn settings(args: ServeArgs) -> Result<Settings, CliError> {
    let read = args.config.as_deref().map(Settings::read).transpose();
    let mut settings =
        read.map_err(|error| CliError::Serve(error.to_string()))?.unwrap_or_default();
    if let Some(data) = args.data {
        settings.data = data;
    }
    if let Some(listen) = args.listen {
        settings.listen = listen;
    }
    settings.tiles_address = args.tiles_address.or(settings.tiles_address);
    if let Some(organization) = args.organization {
        settings.organization = organization;
    }
    if let Some(level) = args.log_level {
        settings.log_level = level;
    }
    if let Some(format) = args.log_format {
        settings.log_format = match format {
            LogFormat::Text => gradus_server::settings::LogFormat::Text,
            LogFormat::Json => gradus_server::settings::LogFormat::Json,
        };
    }
    settings.state_digest_every = args.state_digest_every.unwrap_or(settings.state_digest_every);
    settings.verify_whole_below = args.verify_whole_below.unwrap_or(settings.verify_whole_below);
    settings.accept_missing_anchor |= args.accept_missing_anchor;
    settings.limits = args.limits.over(settings.limits);
    settings.tls_certificate = args.tls_certificate.or(settings.tls_certificate);
    settings.tls_key = args.tls_key.or(settings.tls_key);
    settings.tls_client_authorities =
        args.tls_client_authorities.or(settings.tls_client_authorities);
    if let Some(asked) = args.tls_client_certificates {
        use gradus_server::tls::ClientCertificates as Asked;
        settings.tls_client_certificates = Some(match asked {
            ClientCertificates::Off => Asked::Off,
            ClientCertificates::Optional => Asked::Optional,
            ClientCertificates::Required => Asked::Required,
        });
    }
    if let (Some(issuer), Some(audience), Some(jwks)) =
        (args.oidc_issuer, args.oidc_audience, args.oidc_jwks)
    {
        // An address without TLS is no file: the settings say what is wrong with it.
        let is_address = jwks.contains("://");
        settings.oidc.push(gradus_server::oidc::Issuer {
            issuer,
            audience,
            jwks_file: (!is_address).then(|| jwks.clone().into()),
            jwks_url: is_address.then_some(jwks),
            jwks_authorities: None,
        });
    }
    Ok(settings)
}

fn announce(running: &Running, settings: &Settings) -> Result<(), CliError> {
    let mut err = anstream::stderr().lock();
    let scheme = if running.is_secure() { "https" } else { "http" };
    writeln!(err, "Serving on {scheme}://{} from {}", running.address, settings.data.display())?;
    if let Some(tiles) = running.tiles_address {
        writeln!(err, "Tiles of the log are on {scheme}://{tiles}")?;
    }
    let token = running.admin_token();
    if running.created {
        writeln!(err, "The operator's token is in {}", token.display())?;
        if let Some(key) = running.checkpoint_key() {
            writeln!(err, "The log's key, for auditors, is {key}")?;
        }
    }
    if running.is_secure() {
        let port = running.address.port();
        writeln!(err, "For a client: export GRADUS_SERVER=https://NAME:{port}")?;
        writeln!(err, "              where NAME is one that the certificate has")?;
    } else {
        writeln!(err, "For a client: export GRADUS_SERVER=http://{}", running.address)?;
    }
    if token.exists() {
        writeln!(err, "              export GRADUS_TOKEN_FILE={}", token.display())?;
    }
    Ok(())
}

/// What tells the server to stop.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    /// Without TLS there is nothing to look at, and a hangup ends the process as usual.
    hangup: Option<Signal>,
}

impl Signals {
    /// From here on SIGTERM and SIGINT no longer kill the process: to be called before anybody is
    /// told that it serves.
    pub(crate) fn heard() -> Result<Self, CliError> {
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { terminate, interrupt: signal(SignalKind::interrupt())?, hangup: None })
    }

    /// Resolves at a hangup, if those are heard.
    async fn hung_up(hangup: &mut Option<Signal>) {
        match hangup {
            Some(hangup) => drop(hangup.recv().await),
            None => std::future::pending().await,
        }
    }
}

/// Serves until a signal comes, or serving ends by itself.
pub(crate) async fn until_told(mut running: Running, mut signals: Signals) -> Result<(), CliError> {
    loop {
        tokio::select! {
            _ = signals.terminate.recv() => break,
            _ = signals.interrupt.recv() => break,
            ended = running.ended() => return Ok(ended?),
            // What is wrong with the files was logged.
            () = Signals::hung_up(&mut signals.hangup) => {
                drop(running.look_at_tls().await);
                running.look_at_keys().await;
            }
        }
    }
    end_if_it_takes_too_long();
    Ok(running.stop().await?)
}

/// The longest a stop may take.
const LONGEST_STOP: Duration = Duration::from_mins(1);

/// Ends the process if the stop hangs, as it can when the disk refuses: everything acknowledged is
/// durable by then, and a supervisor should not have to wait.
fn end_if_it_takes_too_long() {
    std::thread::spawn(|| {
        std::thread::sleep(LONGEST_STOP);
        let late = "stopping took more than a minute: the process ends, and nothing is lost by it";
        // Where even this cannot be said, the exit code tells.
        let _ = writeln!(anstream::stderr(), "error: {late}");
        std::process::exit(1);
    });
}
